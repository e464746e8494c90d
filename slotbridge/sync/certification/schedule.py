"""Flow 3, real-time schedule updates: what is opened, changed and withdrawn here is seen there."""

from __future__ import annotations

from datetime import datetime, timedelta

from slotbridge.his import slots
from slotbridge.his.models import Slot
from slotbridge.sync.certification import place as places
from slotbridge.sync.certification.bench import BY, Bench, seconds
from slotbridge.sync.certification.steps import Failed, Flow, Skipped, Task


def place_is_found(bench: Bench) -> None:
    place = bench.place = places.find(bench.account, bench.connector, bench.doctor)
    ref = place.listing.ref
    bench.note(f"Facility {ref.facility}, doctor {ref.doctor}, address {ref.address}.")
    bench.note(
        f"Times from {place.wall(place.start)} to {place.wall(place.end)} ({ref.tz.key}), free on"
        " both sides."
    )
    minutes = place.step // timedelta(minutes=1)
    bench.note(f"Address service {place.address_service}, {minutes} min.")
    rest = place.before
    bench.note(
        f"The rest of that day at the portal: {len(rest.starts)} times offered,"
        f" {len(rest.bookings)} bookings, {len(rest.breaks)} breaks."
    )


def opened_times_appear(bench: Bench) -> None:
    place = bench.at
    _open(bench)
    taken = bench.await_starts(frozenset(place.times), "The portal does not show the new times.")
    bench.note(f"{len(place.times)} times were shown in {seconds(taken)}: {_listed(bench)}.")


def shortened_time_changes(bench: Bench) -> None:
    """Too short for the service now, so that it cannot be booked at that time."""
    place = bench.at
    last = _slots(bench)[-1]
    half = timedelta(minutes=place.step // timedelta(minutes=1) // 2)
    slots.change_slot(slot=last, end=last.start + half, by=BY)
    taken = bench.await_starts(
        frozenset(place.times[:-1]), "The portal goes on showing a time as it was."
    )
    bench.note(f"{place.wall(last.start)} was too short for the service in {seconds(taken)}.")


def limited_time_changes(bench: Bench) -> None:
    """Limited to another service, so that the first cannot be booked at that time."""
    place = bench.at
    if not place.others:
        raise Skipped("The clinic offers one service only, so a time cannot be limited to another.")
    slot = _slots(bench)[1]
    slots.change_slot(slot=slot, services=[place.others[0]], by=BY)
    shown = frozenset({*place.times[:-1]} - {slot.start})
    taken = bench.await_starts(shown, "The portal offers a service to which a time is not open.")
    bench.note(f"{place.wall(slot.start)} was limited to another service in {seconds(taken)}.")


def withdrawn_times_vanish(bench: Bench) -> None:
    withdraw(bench)
    taken = await_nothing(bench)
    bench.note(f"All were gone in {seconds(taken)}.")


def times_come_back(bench: Bench) -> None:
    """A, B, A within minutes: the portal ignores a request that it took a moment ago."""
    taken = offer_all(bench)
    bench.note(f"All {len(bench.at.times)} were shown again in {seconds(taken)}.")


def rest_is_unchanged(bench: Bench) -> None:
    place = bench.at
    differences = place.before.differences(places.rest_of_day(bench.connector, place))
    for line in differences:
        bench.note(line)
    if differences:
        raise Failed("The rest of that day was changed.")
    rest = place.before
    kept = f"{len(rest.starts)} times, {len(rest.bookings)} bookings, {len(rest.breaks)} breaks"
    bench.note(f"The rest of {place.day} is as it was: {kept}.")


# --- for other flows, too -----------------------------------------------------------------------


def times_are_offered(bench: Bench) -> None:
    taken = offer_all(bench)
    bench.note(
        f"{len(bench.at.times)} times are offered, after {seconds(taken)}: {_listed(bench)}."
    )


def offer_all(bench: Bench) -> float:
    """Offers all times of the stretch, whole and for every service; seconds until the portal shows
    it. Raises Failed.
    """
    place = bench.at
    _open(bench)
    for slot in _slots(bench):
        if slot.end - slot.start != place.step or slot.services.exists():
            slots.change_slot(slot=slot, end=slot.start + place.step, services=[], by=BY)
    slots.publish_slots(
        schedule=place.schedule,
        slot_ids=[slot.pk for slot in _slots(bench)],
        channel=bench.account.channel,
        by=BY,
    )
    return bench.await_starts(frozenset(place.times), "The portal does not show all times.")


def withdraw(bench: Bench) -> None:
    """Takes the tick off: the free times vanish there, those with a visit stay as they are."""
    slots.withdraw_slots(
        schedule=bench.at.schedule,
        slot_ids=[slot.pk for slot in _slots(bench)],
        channel=bench.account.channel,
        by=BY,
    )


def await_nothing(bench: Bench) -> float:
    """Seconds until nothing at all can be chosen in the stretch. Raises Failed."""
    place = bench.at

    def is_gone() -> bool:
        bench.let_go()
        return not bench.connector.offered(place.listing.ref, place.start, place.end)

    return bench.until(is_gone, "The portal goes on showing times that were withdrawn.")[1]


def remove(bench: Bench) -> int:
    """Deletes the slots of this run; how many are left, because somebody has a visit on them."""
    place = bench.at
    left = 0
    for slot in _slots(bench):
        try:
            slots.delete_slots(schedule=place.schedule, slot_ids=[slot.pk], by=BY)
        except slots.SlotHasVisit:
            left += 1
    return left


def _open(bench: Bench) -> None:
    place = bench.at
    if not _slots(bench):
        slots.open_slots(
            schedule=place.schedule,
            ranges=[(start, start + place.step) for start in place.times],
            channels=[bench.account.channel],
            note=bench.mark,
            by=BY,
        )


def _slots(bench: Bench) -> list[Slot]:
    """Those of this run, by their note: no other slot is ever touched."""
    rows = Slot.objects.filter(schedule=bench.at.schedule, note=bench.mark)
    return list(rows.select_related("schedule__clinic__unit").order_by("start"))


def _listed(bench: Bench) -> str:
    def wall(moment: datetime) -> str:
        return moment.astimezone(bench.at.listing.tz).strftime("%H:%M")

    return ", ".join(wall(start) for start in bench.at.times)


FLOW = Flow(
    "Real-time schedule updates",
    (
        Task("A free stretch is found", place_is_found),
        Task("Opened times appear", opened_times_appear),
        Task("A shortened time is changed", shortened_time_changes),
        Task("A time limited to a service is changed", limited_time_changes),
        Task("Withdrawn times vanish", withdrawn_times_vanish),
        Task("The same times come back at once", times_come_back),
        Task("The rest of the day is unchanged", rest_is_unchanged),
    ),
    is_required=True,
)
