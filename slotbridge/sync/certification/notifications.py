"""Flow 6: a notification that comes twice, one that never comes, and a break that hides times."""

from __future__ import annotations

from datetime import datetime, timedelta

from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync import inbox
from slotbridge.sync.certification import schedule, visits_in
from slotbridge.sync.certification.bench import BY, Bench, seconds
from slotbridge.sync.certification.steps import Failed, Flow, Skipped, Task
from slotbridge.sync.certification.visitor import CannotAct
from slotbridge.sync.contract import Heard
from slotbridge.sync.models import Difference, InboxMessage
from slotbridge.sync.seals import box

# A break is told of, or found by the comparison in its turn; nobody waits for that here.
_NUDGE_EVERY = timedelta(seconds=10)


def repeat_changes_nothing(bench: Bench) -> None:
    """The first booking's own notification again, after it was moved and cancelled (A57)."""
    if not bench.bookings_there:
        raise Skipped("No booking came from the portal, so there is no notification to repeat.")
    found = next(visits_in.messages_of(bench, bench.bookings_there[0]), None)
    if found is None:
        raise Failed(
            "The booking was found by comparison: no notification of it came. See that the portal"
            " has the account's notification address, or that the queue is pulled."
        )
    message, event = found
    body = box().open(message.sealed_body)
    if inbox.keep(bench.account, [body], way=message.way):
        raise Failed("The same notification was kept as another one.")
    inbox.retry(message=message, by=BY)
    done = InboxMessage.objects.filter(pk=message.pk).exclude(state=InboxMessage.State.NEW)
    bench.until(done.exists, "The repeated notification was not processed.")
    if InboxMessage.objects.get(pk=message.pk).state == InboxMessage.State.PARKED:
        raise Failed("The repeated notification could not be applied.")
    if _standing(bench):
        raise Failed("A late, repeated notification revived a booking that is over.")
    bench.note(f"{event.name} came again, late: kept once, applied again, nothing changed.")


def lost_one_is_made_up_for(bench: Bench) -> None:
    """A38: what was never told is found by comparing."""
    try:
        bench.actor.loses_next(Heard.BOOKED)
    except CannotAct as why:
        raise Skipped(str(why)) from None
    row, taken = visits_in.book(bench, 0, soon=bench.compare_soon)
    if next(visits_in.messages_of(bench, row.external_id), None) is not None:
        raise Failed("The notification came all the same, so nothing was shown.")
    patient = visits_in.visit_of(row).patient
    if patient is not None and patient.created_at >= bench.begun:
        bench.patient_ids.add(patient.pk)
    bench.note(
        f"Booking {row.external_id}, never told of, was taken over by a comparison in"
        f" {seconds(taken)}."
    )
    visits_in.cancel(bench, row)
    bench.await_starts(frozenset(bench.at.times), "The portal does not offer the time again.")
    bench.note("Cancelled again; its time is offered.")


def break_is_overwritten(bench: Bench) -> None:
    """R28: times are the clinic's alone; a break that hides them there is taken away."""
    place = bench.at
    start, begun = place.times[1], clock.now()
    visits_in.act(lambda: bench.actor.adds_break(place.listing.ref, start, start + place.step))
    nudged = clock.now()

    def removed() -> Difference | None:
        nonlocal nudged
        if clock.now() >= nudged + _NUDGE_EVERY:
            bench.compare_soon()
            nudged = clock.now()
        return _removal(bench, begun)

    found, taken = bench.by_visitor(removed, "No break was found and taken away.")
    bench.note(f"Break {found.data.get('break_id')} was taken away, {seconds(taken)} after.")
    bench.await_starts(frozenset(place.times), "The portal does not offer the hidden time again.")
    bench.note(f"{place.wall(start)} is offered again.")


def _removal(bench: Bench, since: datetime) -> Difference | None:
    rows = Difference.objects.filter(
        listing=bench.at.listing,
        kind=Difference.Kind.BREAK,
        done=Difference.Done.REMOVED,
        day=bench.at.day,
        found_at__gte=since,
    )
    return rows.first()


def _standing(bench: Bench) -> bool:
    """Whether a visit or a booking of the invented patient stands in the stretch."""
    place = bench.at
    return bool(bench.bookings()) or Visit.objects.filter(
        patient__in=bench.patient_ids,
        status__in=Visit.ACTIVE,
        start__gte=place.start,
        start__lt=place.end,
    ).exists()  # fmt: skip


FLOW = Flow(
    "Notifications",
    (
        Task("A repeated notification changes nothing", repeat_changes_nothing),
        Task("Times are offered", schedule.times_are_offered),
        Task("A lost notification is made up for", lost_one_is_made_up_for),
        Task("A break there does not hide what is offered", break_is_overwritten),
    ),
)
