"""Each comparison leaves a report that explains what differed, and the next one finds nothing."""

import random
from contextlib import suppress

import pytest

from slotbridge.his import visits
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.models import Break
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.rules import Period
from slotbridge.sync.models import Booking, Difference, Listing, PatrolReport, VisitTarget
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def found():
    return sorted(Difference.objects.values_list("kind", "done"))


def last_report():
    return PatrolReport.objects.order_by("-at", "-pk").first()


@pytest.fixture
def quiet(world):
    """Slots shown, told long enough ago to be compared, and nothing to do on either side."""
    world.slots = world.open(count=8)
    world.settle()
    world.after(seconds=40)
    return world


def test_a33_every_quarter_of_an_hour_everything_is_compared(quiet):
    """A33."""
    [listing] = Listing.objects.all()
    before = listing.patrolled_at
    quiet.after(minutes=14)
    listing.refresh_from_db()
    assert listing.patrolled_at == before
    quiet.after(minutes=1)
    listing.refresh_from_db()
    assert listing.patrolled_at > before
    assert last_report().compared >= 8


def test_comparisons_that_find_nothing_are_one_row_however_many(quiet):
    for _ in range(4):
        quiet.after(minutes=16)
    [report] = PatrolReport.objects.all()
    assert (report.rounds, report.found, report.left) == (5, {}, 0)
    assert report.since < report.at


def test_a_report_counts_the_requests_that_were_really_sent(quiet):
    sent = len(quiet.wires.requests)
    Listing.objects.update(patrol_due_at=quiet.at(0, "00:00"))
    pulls = sum("/notifications" in path for _, path in quiet.wires.requests)
    quiet.engine.run_once()
    pulls = sum("/notifications" in path for _, path in quiet.wires.requests) - pulls
    assert last_report().reads == len(quiet.wires.requests) - sent - pulls > 0


def test_a37_slots_changed_on_the_portal_are_overwritten_and_the_report_says_so(quiet):
    """A37, R28."""
    day = quiet.at(1).date()
    actors.doctor_changes_slots(quiet.address, day, [])
    assert quiet.portal_shows() == []
    quiet.after(minutes=16)
    assert quiet.portal_shows() == [slot.start for slot in quiet.slots]
    [difference] = Difference.objects.all()
    assert (difference.kind, difference.done, difference.day) == ("slots", "told-again", day)
    assert difference.report.found == {"slots": 1}
    quiet.after(minutes=16)
    assert last_report().found == {}, "read back: it is as told"


def test_a38_a_booking_that_nobody_told_is_taken_over_and_the_report_says_so(quiet):
    """A38."""
    quiet.fault("slot-booked", "lost")
    quiet.patient_books(quiet.slots[0].start)
    quiet.after(minutes=16)
    assert quiet.visits() == [(quiet.slots[0].start, "booked", "")]
    [difference] = Difference.objects.all()
    assert (difference.kind, difference.done) == ("booking-here", "taken-over")
    assert difference.report.found == {"booking-here": 1}


@pytest.fixture
def broken(world):
    """A visit told as a break: its service is not linked at the portal."""
    slot = world.open(count=3)[1]
    world.settle()
    world.fault("bookSlot", "status", status=403)
    world.visit = world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    assert VisitTarget.objects.get().told == "break"
    world.after(seconds=40)
    return world


def test_a_break_of_ours_that_is_removed_there_is_told_again(broken):
    actors.doctor_removes_break(Break.objects.get())
    broken.after(minutes=16)
    assert found() == [("break-gone", "told-again")]
    target = VisitTarget.objects.get()
    assert target.told, "as a break or, now that it is taken, a booking"
    assert target.told_start == broken.visit.start
    assert broken.visit.start not in broken.portal_shows()
    broken.after(minutes=16)
    broken.after(minutes=16)
    assert found() == [("break-gone", "told-again")]


def test_a_break_of_ours_that_is_moved_there_is_put_back(broken):
    held = Break.objects.get()
    later = broken.visit.end
    actors.doctor_moves_break(held, later, later + (held.till - held.since))
    broken.after(minutes=16)
    assert found() == [("break-gone", "told-again")]
    shown = broken.portal_shows()
    assert broken.visit.start not in shown
    assert later in shown, "the time it was moved to is free again"


def test_a_break_of_ours_that_is_removed_again_and_again_is_left_for_a_person(broken):
    broken.fault("bookSlot", "status", status=403, times=None)
    for _ in range(3):
        actors.doctor_removes_break(Break.objects.get())
        broken.after(minutes=16)
        broken.after(minutes=1)
    assert found().count(("break-gone", "told-again")) == 2
    assert found().count(("break-gone", "left")) == 1
    assert "again and again" in VisitTarget.objects.get().problem


def test_a_booking_that_we_hold_for_cancelled_and_the_portal_does_not_is_cancelled_again(quiet):
    booking = quiet.patient_books(quiet.slots[0].start)
    quiet.settle()
    visit = Booking.objects.get().visit
    visits.cancel_visit(visit=visit, reason="", by="reception")
    quiet.settle()
    AtPortal.objects.filter(pk=booking.pk).update(status="booked")  # it lied about it
    quiet.after(minutes=16)
    assert quiet.portal_bookings() == []
    assert found() == [("booking-changed", "told-again")]


def test_reports_older_than_a_month_go_and_take_their_differences_along(quiet):
    actors.doctor_changes_slots(quiet.address, quiet.at(1).date(), [])
    quiet.after(minutes=16)
    quiet.after(minutes=16)
    quiet.after(days=31)
    assert not Difference.objects.exists()
    assert PatrolReport.objects.count() == 1


def test_a_refusal_is_on_the_report(quiet):
    quiet.fault("getSlots", "status", status=403)
    quiet.after(minutes=16)
    assert "403" in last_report().problem or last_report().problem
    quiet.after(minutes=16)
    assert last_report().problem == ""


# --- Zero unexplained differences ---------------------------------------------------------------


class Tampering:
    """Somebody at the portal does anything, and no notification arrives."""

    def __init__(self, world, seed):
        self.world, self.random = world, random.Random(seed)
        for event in ("slot-booked", "booking-moved", "booking-canceled", "break-created",
                      "break-moved", "break-removed"):  # fmt: skip
            world.fault(event, "lost", times=None)

    def do(self):
        deed = self.random.choice([
            self.redraw, self.hide, self.unhide, self.book, self.move, self.cancel,
        ])  # fmt: skip
        with suppress(actors.Refused):
            deed()

    def redraw(self):
        world = self.world
        first = world.at(1, f"{self.random.randint(8, 12):02d}:00")
        service = world.portal_service
        period = Period(first, world.at(1, "13:00"), ((service.pk, 30),))
        days = [] if self.random.random() < 0.5 else [period]
        actors.doctor_changes_slots(world.address, world.at(1).date(), days)

    def hide(self):
        start = self.random.choice(self.world.slots).start
        actors.doctor_adds_break(self.world.address, start, start + self.span())

    def unhide(self):
        held = self.random.choice([None, *Break.objects.order_by("pk")])
        if held is not None:
            actors.doctor_removes_break(held)

    def book(self):
        shown = self.world.portal_shows()
        if shown:
            actors.patient_books(
                self.world.address,
                self.random.choice(shown),
                self.world.portal_service,
                PatientData(name="Żywia", surname="Ćma", phone="+48600700801", email=""),
            )

    def move(self):
        booking, shown = self.any_booking(), self.world.portal_shows()
        if booking is not None and shown:
            actors.patient_moves(booking, self.random.choice(shown))

    def cancel(self):
        booking = self.any_booking()
        if booking is not None:
            actors.doctor_cancels(booking)

    def any_booking(self):
        return self.random.choice([None, *AtPortal.objects.filter(status="booked").order_by("pk")])

    def span(self):
        return self.world.slots[0].end - self.world.slots[0].start


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_done_at_the_portal_is_explained_and_the_next_comparison_finds_nothing(
    quiet, seed
):
    """A33, A37, A38: with every notification lost."""
    tampering = Tampering(quiet, seed)
    for _ in range(5):
        tampering.do()
    before = Difference.objects.count()
    quiet.after(minutes=16)
    quiet.after(minutes=16)
    told = Difference.objects.count() - before
    assert told == sum(sum(row.found.values()) for row in PatrolReport.objects.all())
    assert not Difference.objects.filter(report=None).exists()
    quiet.after(minutes=16)
    quiet.after(minutes=16)
    assert last_report().found == {}
    assert _of_both_sides_agree(quiet)


def _of_both_sides_agree(world):
    ours = sorted(
        (start, "booked") for start, status, clash in world.visits() if status == "booked"
    )
    free = {slot.start for slot in world.slots} - {start for start, _ in ours}
    return world.portal_bookings() == ours and set(world.portal_shows()) == free
