"""Flow 7: whatever was made is cancelled, withdrawn and removed on both sides, after a failure too.

What is not this run's is left alone: a real patient who took one of the invented times keeps it,
and the report says so.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet

from slotbridge.his import patients, visits
from slotbridge.his.models import Patient, Visit
from slotbridge.sync.certification import place as places
from slotbridge.sync.certification import schedule
from slotbridge.sync.certification.bench import BY, Bench, seconds
from slotbridge.sync.certification.steps import Failed, Flow, Skipped, Task
from slotbridge.sync.contract import Gone, PortalBooking, PortalError
from slotbridge.sync.models import Booking

_REASON = "certification"
_WITHIN = timedelta(seconds=60)


def visits_are_cancelled(bench: Bench) -> None:
    _insist_on_place(bench)
    cancelled = clear(bench)
    bench.note(f"Visits of invented patients that still stood here: {cancelled}; all cancelled.")
    left = _others_there(bench)
    if left:
        ids = ", ".join(each.id for each in left)
        raise Failed(f"Bookings that are not this run's are left at the portal: {ids}.")
    bench.note("No booking stands at the portal in the stretch.")


def times_are_removed(bench: Bench) -> None:
    _insist_on_place(bench)
    schedule.withdraw(bench)
    left = schedule.remove(bench)
    taken = schedule.await_nothing(bench)
    bench.note(f"The portal offers nothing there, after {seconds(taken)}.")
    if left:
        raise Failed(f"{left} slots are left here, hidden: somebody else has a visit on them.")
    bench.note("No slot of this run is left here.")


def breaks_are_removed(bench: Bench) -> None:
    _insist_on_place(bench)
    place = bench.at
    found = _breaks(bench)
    for break_id in found:
        bench.connector.delete_break(place.listing.ref, break_id)
    if left := _breaks(bench):
        raise Failed(f"Breaks are left at the portal: {', '.join(left)}.")
    bench.note(f"Breaks that were still there: {len(found)}; none is left.")


def patients_are_set_aside(bench: Bench) -> None:
    _insist_on_place(bench)
    rows = _patients(bench)
    for patient in rows:
        patients.change(patient=patient, is_active=False, by=BY)
    bench.note(
        f"{len(rows)} records of invented patients are not in use any more; they and their"
        " cancelled visits stay in the clinic's history, of which nothing is erased."
    )


def day_is_as_before(bench: Bench) -> None:
    _insist_on_place(bench)
    schedule.rest_is_unchanged(bench)


def clear(bench: Bench) -> int:
    """Cancels all visits and bookings of this run's invented patient; how many visits there were.
    Raises Failed for what stays at the portal.
    """
    if bench.place is None:
        return 0
    count = 0
    for visit in _visits(bench):
        visits.cancel_visit(visit=visit, reason=_REASON, by=BY)
        count += 1
    for found in _unheard_of(bench):
        _cancel_there(bench, found)
    ours = [str(pk) for pk in _visits(bench, standing=False).values_list("pk", flat=True)]
    standing = Booking.objects.filter(
        account=bench.account, visit__in=ours, status=Booking.Status.BOOKED
    )

    def is_clear() -> bool:
        return not standing.exists() and not any(_is_ours(bench, each) for each in bench.bookings())

    bench.until(is_clear, "Bookings of this run are left at the portal.", within=_WITHIN)
    return count


def _insist_on_place(bench: Bench) -> None:
    if bench.place is None:
        raise Skipped("Nothing was made.")


def _visits(bench: Bench, *, standing: bool = True) -> QuerySet[Visit]:
    rows = Visit.objects.filter(
        Q(pk__in=bench.visit_ids) | Q(patient__in=_patients(bench)),
        organisation=bench.account.organisation_id,
    )
    return rows.filter(status__in=Visit.ACTIVE) if standing else rows


def _patients(bench: Bench) -> list[Patient]:
    """Invented ones that were registered during this run."""
    who = bench.patient
    rows = Patient.objects.filter(
        organisation=bench.account.organisation_id, created_at__gte=bench.begun
    ).filter(Q(pk__in=bench.patient_ids) | Q(email_key=who.email))
    return list(rows)


def _unheard_of(bench: Bench) -> list[PortalBooking]:
    """Bookings of the invented patient that never came here."""
    there = [each for each in bench.bookings() if _is_invented(bench, each)]
    known = Booking.objects.filter(
        account=bench.account, external_id__in=[each.id for each in there], visit__isnull=False
    ).values_list("external_id", flat=True)
    return [each for each in there if each.id not in known]


def _cancel_there(bench: Bench, found: PortalBooking) -> None:
    try:
        bench.connector.cancel(bench.at.listing.ref, found.id, _REASON)
    except Gone:
        return
    except PortalError as error:
        raise Failed(f"Booking {found.id} could not be cancelled: {error}") from None


def _is_invented(bench: Bench, found: PortalBooking) -> bool:
    who = found.patient
    return who is not None and bench.patient.is_named(who.given_name, who.family_name)


def _is_ours(bench: Bench, found: PortalBooking) -> bool:
    known = Booking.objects.filter(
        account=bench.account, external_id=found.id, visit__in=bench.visit_ids
    )
    return _is_invented(bench, found) or known.exists()


def _others_there(bench: Bench) -> list[PortalBooking]:
    return [each for each in bench.bookings() if not _is_ours(bench, each)]


def _breaks(bench: Bench) -> list[str]:
    """Those that touch the stretch: when it was chosen, there was none."""
    place = bench.at
    start, end = places.day_of(place)
    return [
        each.id
        for each in bench.connector.breaks(place.listing.ref, start, end)
        if each.start < place.end and place.start < each.end
    ]


FLOW = Flow(
    "Clean-up",
    (
        Task("Invented visits are cancelled on both sides", visits_are_cancelled),
        Task("Breaks are removed", breaks_are_removed),
        Task("Invented times are withdrawn and removed", times_are_removed),
        Task("Invented patients are set aside", patients_are_set_aside),
        Task("The rest of the day is as before", day_is_as_before),
    ),
    goes_on=True,
)
