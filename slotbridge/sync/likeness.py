"""How alike two names are, and who gets which counterpart. Plain Python over words.

Names are compared by their words: lower case, no diacritics, no punctuation. A score runs from 0
to 100; what is merely similar stays under `SURE`, since a letter more or less is often another
person ("Anna", "Hanna") or another service.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from rapidfuzz import fuzz, process

from slotbridge.his.names import search_key

LEAST = 60  # what is less alike is not worth a look
SURE = 90
SIMILAR_AT_MOST = SURE - 1
_NEAREST = 5  # candidates of one record: the best may go to another one

Words = tuple[str, ...]

_PUNCTUATION = re.compile(r"[\W_]+")
_NO_DIGITS = re.compile(r"[^0-9]")
# Titles before and behind names at the portal's sites, as words without diacritics; "n. med.",
# "n. o zdr." and the like are titles in pieces. None of them is a name of its own.
_TITLES = frozenset(
    """
    dr hab lek med dent stom wet n i o k f nauk zdr prof doc mgr inz lic dypl spec lekarz doktor
    profesor magister specjalista pielegniarka polozna fizjoterapeuta phd ph d mba mudr mddr mvdr
    phdr bc ing csc drsc dott dottssa dottore dottoressa ssa dra uzm op yrd univ priv doz dipl
    psych др врач проф доц к м н д р
    """.split()  # noqa: SIM905 - some seventy words read better as text
)
_STREETS = {"ulica": "", "ul": "", "aleja": "al", "aleje": "al", "plac": "pl", "osiedle": "os"}


class How(StrEnum):
    """What speaks for a counterpart."""

    RECREATED = "recreated"  # came after the broken link's record went, with its name or licence
    LICENCE = "licence"
    LICENCE_ONLY = "licence-only"  # the same number, quite another name
    NAME = "name"
    ORDER = "order"  # the same words in another order
    SIMILAR = "similar"
    OTHER_LICENCE = "other-licence"  # the same name, another number: a namesake, or a slip
    STREET = "street"  # the same street and city
    CITY = "city"  # the same city, and a similar name
    PLACE = "place"  # a facility with a place at this street
    ORGANISATION = "organisation"  # a facility named as the organisation
    ONLY = "only"  # there is no other


# A licence number goes before names, and what was made anew for this record before all.
_RANKS = {How.RECREATED: 2, How.LICENCE: 1}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A counterpart that one record of ours might have; both by their keys."""

    record: int
    item: int
    score: int
    how: How

    @property
    def weight(self) -> tuple[int, int]:
        """What goes first; equal for what nobody but a person can decide."""
        return (_RANKS.get(self.how, 0), self.score)


# --- words ------------------------------------------------------------------------------------


def words(text: str) -> Words:
    """The words of a name in their order; () where there are none."""
    return tuple(_PUNCTUATION.sub(" ", search_key(text)).split())


def person_words(text: str) -> Words:
    """The words of a person's name without titles; all of them if fewer than two were left."""
    every = words(text)
    kept = tuple(word for word in every if word not in _TITLES)
    return kept if len(kept) > 1 else every


def licence(number: str) -> str:
    """A licence number as it is compared: its digits without leading zeros."""
    return _NO_DIGITS.sub("", number).lstrip("0")


def street_of(street: str) -> Words:
    """A street and its house number, without what comes behind that and without "ul."."""
    kept: list[str] = []
    for word in _street_words(street):
        kept.append(word)
        if word[0].isdigit() and len(kept) > 1:
            break
    return tuple(kept)


def names_street(text: str, street: Words) -> bool:
    """Whether a place's text has this street and number, as whole words in this order."""
    return bool(street) and f" {' '.join(street)} " in f" {' '.join(_street_words(text))} "


def _street_words(text: str) -> list[str]:
    return [kept for word in words(text) if (kept := _STREETS.get(word, word))]


# --- names beside each other --------------------------------------------------------------------


def same(ours: Words, theirs: Words) -> How | None:
    """NAME, ORDER, or None for other words; nothing is the same as an empty name."""
    if not ours or sorted(ours) != sorted(theirs):
        return None
    return How.NAME if ours == theirs else How.ORDER


def ratio(ours: Words, theirs: Words) -> int:
    """0 to 100; the order of words may differ."""
    if not ours or not theirs:
        return 0
    in_order = fuzz.ratio(" ".join(ours), " ".join(theirs))
    return round(max(in_order, fuzz.ratio(" ".join(sorted(ours)), " ".join(sorted(theirs)))))


def share(ours: Words, theirs: Words) -> int:
    """As `ratio`, but what the other name has besides does not count: a place's address."""
    return round(fuzz.token_set_ratio(" ".join(ours), " ".join(theirs))) if ours and theirs else 0


def by_name(
    ours: Mapping[int, Collection[Words]], theirs: Mapping[int, Words]
) -> Iterator[Candidate]:
    """Candidates for records that go by any of several names. A record whose name is there word
    for word gets no merely similar ones.
    """
    index: dict[Words, list[int]] = defaultdict(list)
    for item, item_words in theirs.items():
        index[tuple(sorted(item_words))].append(item)
    plain = {item: " ".join(item_words) for item, item_words in theirs.items()}
    ordered = {item: " ".join(sorted(item_words)) for item, item_words in theirs.items()}
    for record, names in ours.items():
        found = [
            candidate
            for name in names
            for item in index.get(tuple(sorted(name)), ())
            if (candidate := _exact(record, item, name, theirs[item]))
        ]
        if not found:
            found = [
                Candidate(record, item, min(round(score), SIMILAR_AT_MOST), How.SIMILAR)
                for name in names
                if name
                for spelt, choices in ((name, plain), (sorted(name), ordered))
                for _, score, item in process.extract(
                    " ".join(spelt),
                    choices,
                    scorer=fuzz.ratio,
                    processor=None,
                    limit=_NEAREST,
                    score_cutoff=LEAST,
                )
            ]
        yield from best(found)


def _exact(record: int, item: int, name: Words, theirs: Words) -> Candidate | None:
    how = same(name, theirs)
    return Candidate(record, item, 100 if how == How.NAME else 97, how) if how else None


def best(found: Iterable[Candidate]) -> Iterator[Candidate]:
    """The weightiest candidate of each pair."""
    kept: dict[tuple[int, int], Candidate] = {}
    for one in found:
        pair = (one.record, one.item)
        if pair not in kept or kept[pair].weight < one.weight:
            kept[pair] = one
    yield from kept.values()


# --- who gets which -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tie:
    """Candidates that fit one record as well as each other, or as well as another record."""

    score: int
    items: tuple[int, ...]
    records: tuple[int, ...]  # others that the only item fits as well


def assign(
    found: Iterable[Candidate],
    holders: Mapping[int, Collection[int]],
    clash: Callable[[int, int], bool],
) -> tuple[dict[int, Candidate], dict[int, Tie]]:
    """The best counterpart of each record, best pairs first, and the ties between equals.

    `holders` are records that have an item already; `clash` says whether two records may not
    share one. An item in a tie is kept from whoever would clash with those it might belong to.
    """
    held: dict[int, list[int]] = {item: list(records) for item, records in holders.items()}
    chosen: dict[int, Candidate] = {}
    ties: dict[int, Tie] = {}
    ordered = sorted(found, key=lambda one: (one.weight, -one.record, -one.item), reverse=True)
    for _, group in groupby(ordered, key=lambda one: one.weight):
        free = [
            one
            for one in group
            if one.record not in chosen
            and one.record not in ties
            and not any(clash(one.record, holder) for holder in held.get(one.item, ()))
        ]
        items, records = _both_ways(free)
        for one in free:
            rivals = tuple(r for r in records[one.item] if r != one.record and clash(r, one.record))
            if len(items[one.record]) > 1 or rivals:
                ties.setdefault(one.record, Tie(one.score, tuple(items[one.record]), rivals))
            else:
                chosen[one.record] = one
        for one in free:
            held.setdefault(one.item, []).append(one.record)
    return chosen, ties


def _both_ways(
    found: Collection[Candidate],
) -> tuple[Mapping[int, list[int]], Mapping[int, list[int]]]:
    items: dict[int, list[int]] = defaultdict(list)
    records: dict[int, list[int]] = defaultdict(list)
    for one in found:
        items[one.record].append(one.item)
        records[one.item].append(one.record)
    return items, records
