"""What goes wrong for one record, or at one moment, neither stops the others nor goes round for
ever (promise 8); and what a person asked for while something ran is done.
"""

import pytest

from slotbridge.his import slots, visits
from slotbridge.sandbox import actors, faults, tokens
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.models import Break
from slotbridge.sandbox.rules import Period
from slotbridge.sync import cancelling, leaving, links, telling_visits, writing
from slotbridge.sync.models import Account, Booking, Difference, Listing, VisitTarget
from tests.factories import PatientFactory
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


class Meanwhile:
    """The wire to the portal; `then` is done once, as soon as a path with `part` was answered."""

    def __init__(self, wire, part, then):
        self._wire, self._part, self._then = wire, part, then

    def __getattr__(self, name):
        return getattr(self._wire, name)

    def handle_request(self, request):
        answer = self._wire.handle_request(request)
        if self._then is not None and self._part in request.url.path:
            then, self._then = self._then, None
            then()
        return answer


def plan(world, slot):
    return world.plan(slot, PatientFactory(organisation=world.organisation))


def fresh(world):
    world.account.refresh_from_db()
    return world.account


def test_a63_going_live_while_both_sides_are_compared_reads_the_bookings_once_more(frozen):
    """A63: what a comparison read before it changed nothing here."""
    world = World(frozen, linked=False)
    writing.start_shadow(account=world.account, by="anna")
    world.connect()
    world.link_all()
    first, *_, last = world.open(count=4)
    period = Period(first.start, last.end, ((world.portal_service.pk, 30),))
    actors.doctor_changes_slots(world.address, world.at(1).date(), [period])
    world.fault("slot-booked", "lost")
    world.patient_books(first.start)
    sent = []

    def go_live():
        writing.go_live(account=world.account, by="anna")
        sent.extend(world.wires.requests)

    world.wires.portal = Meanwhile(world.wires.portal, "/slots", go_live)
    world.after(minutes=16)
    assert sent, "it went live while a comparison ran"
    after = world.wires.requests[len(sent) :]
    kinds = ["read" if method == "GET" else "write" for method, path in after
             if "/bookings" in path or (method != "GET" and "/release" not in path)]  # fmt: skip
    assert kinds[0] == "read", "before anything is written"
    assert world.visits() == [(first.start, "booked", "")]
    world.close()


def test_a45_who_came_to_a_booking_that_is_not_there_any_more_is_said_once(world):
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    AtPortal.objects.all().delete()
    world.clock.move_to(slot.start)
    world.clock.shift(60)
    visits.mark_arrived(visit=Booking.objects.get().visit, by="reception")
    world.settle()
    assert sum("presence" in path for _, path in world.wires.writes()) == 1
    target = VisitTarget.objects.get()
    assert (target.asked, target.problem) == (target.answered, "")


@pytest.fixture
def unassigned(world):
    """A booking for a practitioner of nobody's, whose cancellation's answer was lost."""
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    links.link(account=world.account, record=world.schedule.practitioner, item_id=None, by="a")
    world.settle()
    world.fault("cancelBooking", "timeout-before")
    booking = Booking.objects.get()
    cancelling.cancel_unassigned(booking=booking, reason="Lekarz zachorował", by="anna")
    return booking


def test_a48_a_cancellation_that_cannot_be_looked_into_stops_no_other_work(world, unassigned):
    world.fault("getBooking", "status", status=403, times=None)
    world.settle()
    world.after(seconds=6)
    unassigned.refresh_from_db()
    assert (unassigned.status, unassigned.cancel_due_at) == ("booked", None)
    assert "403" in unassigned.problem, "left to a person again"
    assert fresh(world).not_before is None


def test_a48_a_cancellation_whose_look_fails_waits_and_days_are_told(world, unassigned):
    world.fault("getBooking", "status", status=503, times=None)
    world.settle()
    for _ in range(4):
        world.after(seconds=20)
    unassigned.refresh_from_db()
    assert unassigned.cancel_attempts > 1
    assert fresh(world).failures < 3, "one record is no outage of the portal"


def test_a_doubt_that_the_portal_does_not_let_us_look_into_waits_for_a_person(world):
    """Promise 5: nor is the booking made again blindly."""
    first, second = world.open(count=2)
    world.settle()
    world.fault("bookSlot", "timeout-before")
    world.fault("getBookings", "status", status=403, times=None)
    doubtful = plan(world, first)
    world.settle()
    world.after(seconds=6)
    target = VisitTarget.objects.get(visit=doubtful)
    assert (target.doubt, "403" in target.problem) == ("book", True)
    plan(world, second)
    world.settle()
    assert world.portal_bookings() == [(second.start, "booked")]
    faults.clear()
    telling_visits.retry_visit(target=target, by="anna")
    for _ in range(6):
        world.after(seconds=6)
    assert [start for start, _ in world.portal_bookings()] == [first.start, second.start]


def test_a_break_that_the_portal_will_not_remove_keeps_nothing_else_from_being_compared(world):
    """R28: the rest is put right, and the break is left for a person, once."""
    first = world.open(days=1, count=2)[0]
    world.open(days=2, count=2)
    world.settle()
    world.after(seconds=40)
    world.fault("deleteCalendarBreak", "status", status=403, times=None)
    actors.doctor_adds_break(world.address, first.start, first.end)
    actors.doctor_changes_slots(world.address, world.at(2).date(), [])
    for _ in range(3):
        world.after(minutes=16)
    assert sorted(Difference.objects.values_list("kind", "done")) == [
        ("break", "left"),
        ("slots", "told-again"),
    ]
    assert len(world.portal_shows()) == 3
    faults.clear()
    world.after(minutes=16)
    assert not Break.objects.exists()
    assert len(world.portal_shows()) == 4


def test_a9_switching_off_empties_a_calendar_that_was_held_for_a_person(world):
    """A9: its free times would else stay for good, and the account would never be off."""
    made = world.open(count=25, wall="06:00")
    world.settle()
    hidden = [slot.pk for slot in made]
    slots.withdraw_slots(schedule=world.schedule, slot_ids=hidden, channel=CHANNEL, by="a")
    world.settle()
    assert Listing.objects.get().held_since is not None
    leaving.switch_off(account=world.account, by="a")
    world.settle()
    assert (fresh(world).state, world.portal_shows()) == (Account.State.OFF, [])


def test_a9_a_login_refused_while_switching_off_does_not_switch_on_again(world):
    """A9, A4: else the portal would be filled by the account that was to leave it."""
    world.open(count=2)
    world.settle()
    tokens.revoke(world.client)
    faults.script("token", "status", status=401, times=None)
    leaving.switch_off(account=world.account, by="a")
    world.after(minutes=1)
    assert fresh(world).state == Account.State.SWITCHING_OFF
    assert "refused" in world.account.problem
    faults.clear()
    world.after(minutes=16)
    assert (fresh(world).state, world.portal_shows()) == (Account.State.OFF, [])


def test_a9_what_is_still_shown_is_counted_in_days_of_the_portals_zone(world):
    world.open(count=1)
    world.settle()
    world.clock.move_to(world.at(2, "00:30"))  # 23:30 of the day before in UTC
    assert leaving.still_shown(world.account) == []
