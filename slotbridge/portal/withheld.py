"""The brake on mass deletions (U-19): what looks like a fault waits for a person."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.portal import deeds
from slotbridge.portal.models import Clinic, Letter, ReceivedDocument, WithheldDeletion
from slotbridge.portal.router import DATABASE
from slotbridge.wire.medihost.model import Section

# An import may always delete so many rows; more only if that is not most of them.
_ALWAYS = 10


class NumberChanged(Exception):
    """Since this was shown, an import changed the number, or somebody released it, or it is no
    longer needed: show it again.
    """


def open_for(clinic: Clinic) -> list[WithheldDeletion]:
    """What waits for a person or, once released, for the next import; the oldest first."""
    return list(WithheldDeletion.objects.filter(clinic=clinic, ended_at=None).order_by("at", "pk"))


@transaction.atomic(using=DATABASE)
def release(*, withheld: WithheldDeletion, by: str) -> None:
    """Lets the next import of the section delete up to `withheld.count` rows.

    The number is the one that the person saw: raises NumberChanged if it no longer stands.
    """
    shown = WithheldDeletion.objects.filter(
        pk=withheld.pk, count=withheld.count, ended_at=None, released_at=None
    )
    if not shown.update(released_at=clock.now(), released_by=by):
        raise NumberChanged(f"{withheld.pk}")
    deeds.record(
        by=by,
        action="deletions-released",
        clinic=withheld.clinic,
        section=withheld.section,
        count=withheld.count,
    )


def may_delete(
    *,
    clinic: Clinic,
    section: Section,
    count: int,
    covered: Callable[[], int],
    document: ReceivedDocument | None,
) -> bool:
    """Whether an import may delete `count` of the rows it covers, all of them or none.

    Within the import's transaction. Which of them would be a fault and which a wish cannot be
    told, so more than was released is withheld again as a whole.
    """
    waiting = (
        WithheldDeletion.objects.select_for_update()
        .filter(clinic=clinic, section=section, ended_at=None)
        .first()
    )
    released = waiting.count if waiting and waiting.released_at else 0
    if count <= max(_ALWAYS, released) or 2 * count <= covered():
        _end(waiting)
        return True
    if waiting is None or waiting.released_at:
        _end(waiting)
        _open(clinic, section, count, document)
    elif waiting.count != count:
        waiting.count = count
        waiting.document = document
        waiting.save(update_fields=["count", "document"])
        _record(clinic, section, count)
    return False


def _open(clinic: Clinic, section: Section, count: int, document: ReceivedDocument | None) -> None:
    now = clock.now()
    WithheldDeletion.objects.create(
        clinic=clinic, section=section, count=count, document=document, at=now
    )
    Letter.objects.create(clinic=clinic, kind=Letter.Kind.WITHHELD, created_at=now, due_at=now)
    _record(clinic, section, count)


def _end(waiting: WithheldDeletion | None) -> None:
    if waiting is not None:
        waiting.ended_at = clock.now()
        waiting.save(update_fields=["ended_at"])


def _record(clinic: Clinic, section: Section, count: int) -> None:
    deeds.record(
        by="mis", action="deletions-withheld", clinic=clinic, section=section.value, count=count
    )
