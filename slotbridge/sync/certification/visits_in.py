"""Flow 5, synchronizing all bookings: what a patient books, moves and cancels there comes here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from slotbridge.his.models import Patient, Visit
from slotbridge.sync.certification import schedule
from slotbridge.sync.certification.bench import Bench, seconds
from slotbridge.sync.certification.steps import Failed, Flow, Task
from slotbridge.sync.certification.visitor import CannotAct, Wish
from slotbridge.sync.contract import Event, MessageUnreadable
from slotbridge.sync.models import Booking, InboxMessage
from slotbridge.sync.seals import box

Status = Booking.Status


def booking_arrives(bench: Bench) -> None:
    row, taken = book(bench, 0)
    bench.note(f"Booking {row.external_id} at {_when(bench, row)}, here in {seconds(taken)}.")
    visit = visit_of(row)
    _check_visit(bench, row, visit)
    _note_message(bench, row.external_id)
    _check_patient(bench, visit)
    left = frozenset(bench.at.times) - {visit.start}
    bench.await_starts(left, "The portal does not offer just the times that are left.")
    bench.note("Its time is offered nowhere any more; the others are.")


def move_is_followed(bench: Bench) -> None:
    old = _booked(bench)
    visit = visit_of(old)
    target = next(start for start in reversed(bench.at.times) if start != visit.start)
    assert old.start is not None
    wish, start = wish_at(bench, bench.at.times.index(target)), old.start
    act(lambda: bench.actor.moves(old.external_id, start, wish))
    row, taken = bench.by_visitor(lambda: _moved(old), "The move did not arrive.")
    bench.bookings_there.append(row.external_id)
    bench.note(f"Booking {old.external_id} became {row.external_id}, here in {seconds(taken)}.")
    after = visit_of(row)
    if after.pk != visit.pk:
        raise Failed("The move made another visit of it.")
    _check_visit(bench, row, after)
    _note_message(bench, row.external_id)
    bench.note(f"The same visit, now at {_when(bench, row)}.")
    left = frozenset(bench.at.times) - {after.start}
    bench.await_starts(left, "The portal does not offer the old time again.")


def cancellation_arrives(bench: Bench) -> None:
    taken = cancel(bench, _booked(bench))
    bench.note(f"The visit is cancelled, {seconds(taken)} after it was asked for.")
    bench.await_starts(frozenset(bench.at.times), "The portal does not offer the time again.")
    bench.note("Its time is offered again.")


# --- for other flows, too -----------------------------------------------------------------------


def book(
    bench: Bench, number: int, soon: Callable[[], None] = lambda: None
) -> tuple[Booking, float]:
    """Has the invented patient book at the portal; the booking with its visit, and after how many
    seconds. `soon` is called once it was asked for. Raises Failed, CannotRun.
    """
    visitor, wish = bench.actor, wish_at(bench, number)
    known = set(bench.bookings_there)
    act(lambda: visitor.books(wish, bench.patient))
    soon()
    row, taken = bench.by_visitor(
        lambda: _arrived(bench, known), "No booking at these times became a visit."
    )
    bench.bookings_there.append(row.external_id)
    return row, taken


def cancel(bench: Bench, row: Booking) -> float:
    """Has it cancelled at the portal; seconds until the visit is. Raises Failed."""
    assert row.start is not None
    wish = wish_at(bench, bench.at.times.index(row.start))
    act(lambda: bench.actor.cancels(row.external_id, wish))
    cancelled = Visit.objects.filter(pk=visit_of(row).pk, status=Visit.Status.CANCELLED)
    return bench.by_visitor(cancelled.exists, "The cancellation did not arrive.")[1]


def act(deed: Callable[[], None]) -> None:
    """Raises Failed."""
    try:
        deed()
    except CannotAct as why:
        raise Failed(str(why)) from None


def wish_at(bench: Bench, number: int) -> Wish:
    place = bench.at
    return Wish(
        place.listing.ref,
        place.address_service,
        place.service.public_name or place.service.name,
        place.times[number],
    )


def visit_of(row: Booking) -> Visit:
    assert row.visit_id is not None
    return Visit.objects.select_related("patient").get(pk=row.visit_id)


def messages_of(bench: Bench, booking: str) -> Iterator[tuple[InboxMessage, Event]]:
    """What was heard of a booking during this run, in order."""
    rows = InboxMessage.objects.filter(account=bench.account, received_at__gte=bench.begun)
    for message in rows.order_by("received_at", "pk"):
        try:
            event = bench.connector.read_message(box().open(message.sealed_body))
        except MessageUnreadable:
            continue
        if event.booking == booking:
            yield message, event


def _arrived(bench: Bench, known: set[str]) -> Booking | None:
    place = bench.at
    rows = Booking.objects.filter(
        account=bench.account,
        listing=place.listing,
        status=Status.BOOKED,
        visit__origin_channel=bench.account.channel,
        start__gte=place.start,
        start__lt=place.end,
    )
    return rows.exclude(external_id__in=known).first()


def _booked(bench: Bench) -> Booking:
    return Booking.objects.get(account=bench.account, external_id=bench.bookings_there[-1])


def _moved(old: Booking) -> Booking | None:
    rows = Booking.objects.filter(account_id=old.account_id, replaces=old, status=Status.BOOKED)
    return rows.first()


def _check_visit(bench: Bench, row: Booking, visit: Visit) -> None:
    """Raises Failed where it is not at the time, with the person and for the service booked."""
    place = bench.at
    if visit.clash:
        raise Failed(f"The visit clashes here: {visit.clash}.")
    there = bench.connector.booking(place.listing.ref, row.external_id)
    if (visit.start, visit.end) != (there.start, there.end):
        raise Failed("The visit is at another time than the portal's booking.")
    if (visit.schedule_id, visit.service_id) != (place.schedule.pk, place.service.pk):
        raise Failed("The visit is with somebody else, or for another service, than was booked.")


def _check_patient(bench: Bench, visit: Visit) -> None:
    """Raises Failed where the patient is not the invented one, registered with both marks (R26)."""
    patient = visit.patient
    assert patient is not None
    if not bench.patient.is_named(patient.given_name, patient.family_name):
        raise Failed("It is booked for somebody else than the invented patient.")
    if patient.origin_channel != bench.account.channel or patient.created_at < bench.begun:
        raise Failed(
            "The booking was taken for a patient who is known here already: use an e-mail address"
            " that no record has."
        )
    bench.patient_ids.add(patient.pk)
    if Patient.Verify.NEW_FROM_PORTAL not in patient.verify:
        raise Failed("The new patient is not marked for verification.")
    bench.note("The patient was registered, marked as the portal's and for verification.")


def _note_message(bench: Bench, booking: str) -> None:
    """How the news came, and how long it took from there."""
    for message, event in messages_of(bench, booking):
        if message.done_at is None:
            continue
        taken = (message.done_at - message.received_at).total_seconds()
        bench.note(
            f"Notification {event.name} came by {message.way} at"
            f" {message.received_at:%Y-%m-%dT%H:%M:%SZ}, and was applied in {seconds(taken)}."
        )
        return
    bench.note("No notification came: a comparison found it.")


def _when(bench: Bench, row: Booking) -> str:
    assert row.start is not None
    return bench.at.wall(row.start)


FLOW = Flow(
    "Synchronizing bookings: portal to clinic",
    (
        Task("Times are offered", schedule.times_are_offered),
        Task("A booking becomes a visit with its patient", booking_arrives),
        Task("A move is followed to its new id", move_is_followed),
        Task("A cancellation cancels the visit", cancellation_arrives),
    ),
    is_required=True,
)
