"""A record of ours and its counterparts at portals, saved as the one change a person makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from django.db import transaction

from slotbridge.sync import links
from slotbridge.sync.models import Account

R = TypeVar("R", bound=links.Record)


@transaction.atomic
def save_linked(*, save: Callable[[], R], items: Mapping[Account, int | None], by: str) -> R:
    """Calls `save`, a function of `his`, and links what it returns; all of it or nothing.

    `items` names a catalogue item an account, None for none. Raises what `save` raises, and
    LinkTaken, ServiceClash or NotOfThisAccount.
    """
    record = save()
    for account, item_id in items.items():
        links.link(account=account, record=record, item_id=item_id, by=by)
    return record
