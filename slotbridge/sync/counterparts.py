"""Which of the portal's records each of ours might stand for: candidates of the four kinds.

What is compared, by kind: people by licence number and name; services by name, and by the name
that patients see; clinics with places by street and city, then by name; units with facilities by
name, by the streets of the facility's places, and by the organisation's name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from slotbridge.his.models import Clinic, Practitioner, Price, Service, Unit
from slotbridge.sync import likeness
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.likeness import LEAST, SIMILAR_AT_MOST, Candidate, How, Words
from slotbridge.sync.models import CatalogueItem

ONLY_ONE = 75  # nothing else is there; whether it is meant, a person says
OTHER_LICENCE = 60
LICENCE_ONLY = 85


@dataclass(slots=True)
class Theirs:
    """The portal's records that are still there, by kind, and their words."""

    items: Mapping[str, Sequence[CatalogueItem]]
    facility_of_unit: Mapping[int, str] = field(default_factory=dict)  # links that are not broken

    def of(self, kind: ItemKind) -> Sequence[CatalogueItem]:
        return self.items.get(kind, ())


def persons(rows: Sequence[Practitioner], theirs: Theirs) -> Iterator[Candidate]:
    """By licence number where both have one, else by name without titles."""
    items = theirs.of(ItemKind.DOCTOR)
    names = {row.pk: likeness.person_words(f"{row.given_name} {row.family_name}") for row in rows}
    their_names = {item.pk: likeness.person_words(item.name) for item in items}
    numbers = {row.pk: likeness.licence(row.licence_number) for row in rows}
    their_numbers = {item.pk: licences_of(item) for item in items}
    for one in likeness.by_name({pk: [name] for pk, name in names.items()}, their_names):
        ours, others = numbers[one.record], their_numbers[one.item]
        if not ours or not others:
            yield one
        elif ours not in others and one.how != How.SIMILAR:
            yield replace(one, score=OTHER_LICENCE, how=How.OTHER_LICENCE)
    for record, item in _same_number(numbers, their_numbers):
        if likeness.ratio(names[record], their_names[item]) >= LEAST:
            yield Candidate(record, item, 100, How.LICENCE)
        else:
            yield Candidate(record, item, LICENCE_ONLY, How.LICENCE_ONLY)


def _same_number(
    ours: Mapping[int, str], theirs: Mapping[int, frozenset[str]]
) -> Iterator[tuple[int, int]]:
    holders: dict[str, list[int]] = defaultdict(list)
    for item, numbers in theirs.items():
        for number in numbers:
            holders[number].append(item)
    for record, number in ours.items():
        for item in holders.get(number, ()):
            yield record, item


def licences_of(item: CatalogueItem) -> frozenset[str]:
    """The licence numbers that the portal has of a person, as they are compared."""
    said = item.data.get("licence_numbers")
    found = {likeness.licence(str(one)) for one in said} if isinstance(said, list) else set()
    return frozenset(found - {""})


def services(rows: Sequence[Service], theirs: Theirs) -> Iterator[Candidate]:
    ours = {
        row.pk: {likeness.words(name) for name in (row.name, row.public_name) if name}
        for row in rows
    }
    names = {item.pk: likeness.words(item.name) for item in theirs.of(ItemKind.SERVICE)}
    return likeness.by_name(ours, names)


def clinics(rows: Sequence[Clinic], theirs: Theirs) -> Iterator[Candidate]:
    """Places in the facility of the clinic's unit; in any, while the unit has none."""
    places = [_Place(item) for item in theirs.of(ItemKind.PLACE)]
    for row in rows:
        facility = theirs.facility_of_unit.get(row.unit_id)
        near = [one for one in places if facility is None or one.item.facility == facility]
        names = [likeness.words(row.name), likeness.words(row.unit.name)]
        for place in near:
            one = _at_place(row.pk, place, row.unit, names)
            if one.score < ONLY_ONE and len(near) == 1:
                one = replace(one, score=ONLY_ONE, how=How.ONLY)
            if one.score >= LEAST:
                yield one


def units(rows: Sequence[Unit], theirs: Theirs, organisation: str) -> Iterator[Candidate]:
    facilities = theirs.of(ItemKind.FACILITY)
    names = {item.pk: likeness.words(item.name) for item in facilities}
    found = list(likeness.by_name({row.pk: [likeness.words(row.name)] for row in rows}, names))
    places: dict[str, list[_Place]] = defaultdict(list)
    for item in theirs.of(ItemKind.PLACE):
        places[item.facility].append(_Place(item))
    for row in rows:
        for facility in facilities:
            if any(one.is_at(row) for one in places[facility.external_id]):
                found.append(Candidate(row.pk, facility.pk, likeness.SURE + 5, How.PLACE))
            if likeness.share(names[facility.pk], likeness.words(organisation)) == 100:
                found.append(Candidate(row.pk, facility.pk, SIMILAR_AT_MOST, How.ORGANISATION))
            if len(facilities) == 1:
                found.append(Candidate(row.pk, facility.pk, ONLY_ONE, How.ONLY))
    return likeness.best(found)


@dataclass(slots=True)
class _Place:
    """A place and all that the portal says of where it is."""

    item: CatalogueItem
    text: str = ""
    words: Words = ()

    def __post_init__(self) -> None:
        said = [str(value) for value in self.item.data.values() if isinstance(value, str)]
        self.text = ", ".join([self.item.name, *said])
        self.words = likeness.words(self.text)

    def is_in(self, unit: Unit) -> bool:
        return likeness.names_street(self.text, likeness.words(unit.city))

    def is_at(self, unit: Unit) -> bool:
        street = likeness.street_of(unit.street)
        return self.is_in(unit) and likeness.names_street(self.text, street)


def _at_place(record: int, place: _Place, unit: Unit, names: Sequence[Words]) -> Candidate:
    name = max(likeness.share(one, place.words) for one in names)
    if place.is_at(unit):
        return Candidate(record, place.item.pk, likeness.SURE + name // 10, How.STREET)
    if place.is_in(unit):
        return Candidate(record, place.item.pk, name * SIMILAR_AT_MOST // 100, How.CITY)
    return Candidate(record, place.item.pk, name * ONLY_ONE // 100, How.SIMILAR)


def recreated(
    broken: Mapping[int, CatalogueItem], items: Sequence[CatalogueItem]
) -> Iterator[Candidate]:
    """What came after a broken link's record had come, with its licence number or its name.

    `broken` by our record's key. Only what was first seen when that had gone, or later, counts: a
    namesake who was there all along is not the one who went.
    """
    names: dict[Words, list[CatalogueItem]] = defaultdict(list)
    holders: dict[str, list[CatalogueItem]] = defaultdict(list)
    for item in items:
        names[_words_of(item)].append(item)
        for number in licences_of(item):
            holders[number].append(item)
    for record, gone in broken.items():
        numbers = licences_of(gone)
        same = [item for number in numbers for item in holders.get(number, ())]
        same += [
            item
            for item in names.get(_words_of(gone), ())
            if not (numbers and licences_of(item)) or numbers & licences_of(item)
        ]
        for item in same:
            if item.first_seen_at and gone.gone_at and item.first_seen_at >= gone.gone_at:
                yield Candidate(record, item.pk, 100, How.RECREATED)


def _words_of(item: CatalogueItem) -> Words:
    compared = likeness.person_words if item.kind == ItemKind.DOCTOR else likeness.words
    return compared(item.name)


def shared_clinics(organisation: int) -> Callable[[int, int], bool]:
    """Whether two services are priced in one clinic, in whatever list: there, a booking must lead
    to one of them (A12). What is priced nowhere yet may come to stand beside any other.
    """
    clinics: dict[int, set[int]] = defaultdict(set)
    for service, clinic in (
        Price.objects.filter(organisation=organisation)
        .values_list("service_id", "price_list__clinic_id")
        .distinct()
    ):
        clinics[service].add(clinic)

    def clash(one: int, other: int) -> bool:
        here, there = clinics.get(one), clinics.get(other)
        return here is None or there is None or bool(here & there)

    return clash
