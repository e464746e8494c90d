"""Flow 4, synchronizing all bookings: what the clinic plans, moves and cancels is booked there."""

from __future__ import annotations

from slotbridge.his import patients, visits
from slotbridge.his.models import Visit
from slotbridge.sync.certification import schedule
from slotbridge.sync.certification.bench import BY, Bench, seconds
from slotbridge.sync.certification.steps import Failed, Flow, Task
from slotbridge.sync.contract import By, PortalBooking


def planned_visit_is_booked(bench: Bench) -> None:
    place = bench.at
    start = place.times[0]
    who = bench.patient
    patient = patients.register(
        organisation=bench.account.organisation,
        data=patients.PatientData(given_name=who.given_name, family_name=who.family_name),
        by=BY,
    )
    bench.patient_ids.add(patient.pk)
    visit = visits.book_visit(
        schedule=place.schedule,
        start=start,
        end=start + place.step,
        patient=patient,
        service=place.service,
        by=BY,
    )
    bench.visit_ids.append(visit.pk)
    found, taken = bench.until(lambda: _ours(bench, 0), "The portal has no booking of the visit.")
    bench.note(f"Booking {found.id} at {place.wall(found.start)}, in {seconds(taken)}.")
    _check_length(bench, found)
    bench.await_starts(frozenset(place.times[1:]), "The portal goes on offering its time.")
    bench.note("Its time is not offered any more; the others are.")


def moved_visit_moves(bench: Bench) -> None:
    place = bench.at
    visits.move_visit(
        visit=_visit(bench), start=place.times[1], end=place.times[1] + place.step, by=BY
    )
    found, taken = bench.until(lambda: _ours(bench, 1), "The portal's booking was not moved.")
    bench.note(f"Booking {found.id} at {place.wall(found.start)}, in {seconds(taken)}.")
    _check_length(bench, found)
    free = frozenset(place.times) - {place.times[1]}
    bench.await_starts(free, "The portal does not offer the old time again, or goes on with both.")
    bench.note("The old time is offered again, the new one is not.")


def cancelled_visit_is_cancelled(bench: Bench) -> None:
    place = bench.at
    visits.cancel_visit(visit=_visit(bench), by=BY)
    _, taken = bench.until(lambda: not bench.bookings(), "The portal's booking was not cancelled.")
    bench.note(f"No booking stands there, after {seconds(taken)}.")
    bench.await_starts(frozenset(place.times), "The portal does not offer the time again.")
    bench.note("Its time is offered again.")


def _ours(bench: Bench, number: int) -> PortalBooking | None:
    """The one booking of the stretch, made by us, once it is at this time."""
    found = bench.bookings()
    if len(found) != 1 or found[0].booked_by != By.US:
        return None
    return found[0] if found[0].start == bench.at.times[number] else None


def _check_length(bench: Bench, found: PortalBooking) -> None:
    if found.end - found.start != bench.at.step:
        raise Failed(f"The booking ends at {bench.at.wall(found.end)}, not when the visit does.")


def _visit(bench: Bench) -> Visit:
    return Visit.objects.get(pk=bench.visit_ids[-1])


FLOW = Flow(
    "Synchronizing bookings: clinic to portal",
    (
        Task("Times are offered", schedule.times_are_offered),
        Task("A planned visit is booked there", planned_visit_is_booked),
        Task("A moved visit moves there", moved_visit_moves),
        Task("A cancelled visit is cancelled there", cancelled_visit_is_cancelled),
    ),
    is_required=True,
)
