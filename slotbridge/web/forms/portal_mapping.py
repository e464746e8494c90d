from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from slotbridge.sync import proposals
from slotbridge.sync.likeness import SURE

PRICE_LISTS = "price-list"
TABS = (*proposals.KINDS, PRICE_LISTS)
SCORES = (100, SURE, 80, 70)

_PAIR = re.compile(
    rf"(?P<kind>{'|'.join(proposals.KINDS)})/(?P<record>[0-9a-f-]{{36}})/(?P<item>[0-9]{{1,18}})"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A record of ours and the counterpart that was accepted for it."""

    kind: str
    record: uuid.UUID
    item: int


class PairField(forms.Field):
    """What one button says: the record's kind and public id, and the key of the portal's item."""

    def to_python(self, value: Any) -> Any:
        if not value:
            return None
        found = _PAIR.fullmatch(str(value))
        try:
            return Pair(found["kind"], uuid.UUID(found["record"]), int(found["item"]))  # type: ignore[index]  # None: caught
        except (TypeError, ValueError):
            raise ValidationError("not a pair", code="not-a-pair") from None


class ShownForm(forms.Form):
    """Which rows are shown, and from which score all are accepted. Says nothing wrong: what
    cannot be read is the default.
    """

    kind = forms.ChoiceField(choices=[(one, one) for one in TABS], required=False)
    only = forms.ChoiceField(
        choices=[("", _("all")), ("open", _("not linked only"))], required=False, label=_("Show")
    )
    above = forms.TypedChoiceField(
        choices=[(score, f"{score} %") for score in SCORES],
        coerce=int,
        required=False,
        label=_("Accept all from"),
    )

    def chosen(self) -> dict[str, Any]:
        """Every field, with its default where nothing usable was sent."""
        self.full_clean()
        found = getattr(self, "cleaned_data", {})
        return {
            "kind": found.get("kind") or TABS[0],
            "only": found.get("only") or "",
            "above": found.get("above") or SURE,
        }


class AcceptForm(forms.Form):
    """One pair, all of a kind from a score, or all that were re-created: whichever was pressed."""

    accept = PairField(required=False)
    all = forms.TypedChoiceField(
        choices=[(score, score) for score in SCORES], coerce=int, required=False, empty_value=None
    )
    relink = forms.BooleanField(required=False)
