"""The order of names on a page: PostgreSQL may have no rules of language, so we bring ours."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from django.db.models import QuerySet

from slotbridge.portal.models import Clinic, Resource, ResourceGroup

Key = tuple[str, str, str]
_KEPT = 20_000  # keys: names of clinics hardly change, and each takes longer than a comparison


@lru_cache(maxsize=_KEPT)
def russian(text: str) -> Key:
    """A key for sorting as Russian does it (CLDR, root and ru): spaces, signs, digits, Cyrillic,
    then other letters; case and ё/е decide only between names that are otherwise the same.
    """
    plain = unicodedata.normalize("NFC", text).strip()
    lower = plain.casefold()
    letters = "".join(f"{_rank(each)}{each}" for each in lower.replace("ё", "е"))
    return letters, lower, plain.swapcase()


def _rank(letter: str) -> int:
    if letter.isspace():
        return 0
    if letter.isdigit():
        return 2
    if not letter.isalpha():
        return 1
    return 3 if "а" <= letter <= "џ" else 4


def clinics_as_shown(clinics: QuerySet[Clinic], most: int) -> tuple[list[Clinic], int]:
    """The first `most` by name, and how many there are in all."""
    names = sorted(clinics.values_list("pk", "name"), key=lambda row: (russian(row[1]), row[0]))
    keys = [pk for pk, _name in names[:most]]
    rows = Clinic.objects.in_bulk(keys)
    return [rows[pk] for pk in keys if pk in rows], len(names)


def groups_as_shown(groups: Iterable[ResourceGroup]) -> list[ResourceGroup]:
    return sorted(groups, key=lambda each: (each.pos, russian(each.name), each.mis_id))


def resources_as_shown(resources: Iterable[Resource]) -> list[Resource]:
    """By `pos`, then name, then the id in the MIS (7.1); the portal's own, without, come last."""
    return sorted(
        resources,
        key=lambda each: (
            each.pos,
            russian(each.name),
            each.mis_id is None,
            each.mis_id or each.number,
        ),
    )
