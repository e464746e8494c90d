"""For a week both sides are compared and nothing is changed on either."""

from datetime import timedelta

import pytest

from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.rules import Period
from slotbridge.sync import agreement, lights, questions, writing
from slotbridge.sync.contract import Question
from slotbridge.sync.models import Account, Difference, InboxMessage, PatrolReport
from tests.factories import PatientFactory
from tests.world import World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


@pytest.fixture
def shadowed(frozen, db):
    """The portal shows the same four slots as the HIS, entered there by hand."""
    world = World(frozen, linked=False)
    writing.start_shadow(account=world.account, by="anna")
    world.connect()
    world.link_all()
    world.slots = world.open(count=4)
    show(world, world.slots[0].start, world.slots[-1].end)
    world.settle()
    yield world
    world.close()


def show(world, start, end):
    service = world.portal_service.pk
    actors.doctor_changes_slots(world.address, start.date(), [Period(start, end, ((service, 30),))])


def compared():
    return sorted(
        (row.kind, row.done, row.data.get("missing", 0), row.data.get("extra", 0))
        for row in Difference.objects.all()
    )


def again(world):
    Difference.objects.all().delete()
    PatrolReport.objects.all().delete()
    world.after(minutes=16)


def written(world):
    """Writes at the portal. Asking it for our own messages again changes nothing there."""
    return [path for _, path in world.wires.writes() if not path.endswith("/release")]


def fresh(world):
    world.account.refresh_from_db()
    return world.account


def test_two_sides_that_are_alike_agree_wholly(shadowed):
    again(shadowed)
    assert compared() == []
    [report] = PatrolReport.objects.all()
    assert (report.is_shadow, report.compared, report.differing) == (True, 5, 0)
    [row] = agreement.of(fresh(shadowed))
    assert row.percent == 100
    assert written(shadowed) == []


def test_other_slots_are_counted_and_left_as_they_are(shadowed):
    show(shadowed, shadowed.slots[1].start, shadowed.slots[-1].end + timedelta(minutes=30))
    before = shadowed.portal_shows()
    again(shadowed)
    assert compared() == [("slots", "compared", 1, 1)]
    assert shadowed.portal_shows() == before
    assert written(shadowed) == []
    [row] = agreement.of(fresh(shadowed))
    assert row.percent == 66  # three of five starts are on both sides, and the service
    assert row.most == "slots"


def test_bookings_there_are_counted_and_no_visit_is_made(shadowed):
    shadowed.patient_books(shadowed.slots[0].start)
    again(shadowed)
    assert shadowed.visits() == []
    assert compared() == [("booking-here", "compared", 0, 0)], "its time is not said twice"
    assert InboxMessage.objects.filter(state="new").count() == 1, "messages wait"


def test_a_booking_that_lies_on_a_visit_here_says_so(shadowed):
    """Taken over it would be a clash, for a person to settle (A46)."""
    shadowed.plan(shadowed.slots[0], PatientFactory(organisation=shadowed.organisation))
    shadowed.patient_books(shadowed.slots[0].start)
    again(shadowed)
    [difference] = Difference.objects.all()
    assert (difference.kind, difference.data["clashes"]) == ("booking-here", True)


def test_visits_here_that_the_portal_does_not_know_are_counted(shadowed):
    shadowed.plan(shadowed.slots[0], PatientFactory(organisation=shadowed.organisation))
    again(shadowed)
    assert compared() == [("booking-there", "compared", 0, 0)]
    assert shadowed.portal_bookings() == []


def test_a_break_there_that_hides_what_is_offered_here_is_counted_and_stays(shadowed):
    slot = shadowed.slots[1]
    actors.doctor_adds_break(shadowed.address, slot.start, slot.end)
    again(shadowed)
    assert compared() == [("break", "compared", 0, 0)]
    assert slot.start not in shadowed.portal_shows()


def test_one_difference_is_one_row_however_often_it_is_seen(shadowed):
    show(shadowed, shadowed.slots[1].start, shadowed.slots[-1].end)
    again(shadowed)
    for _ in range(3):
        shadowed.after(minutes=16)
    [difference] = Difference.objects.all()
    assert difference.data["seen"] == 4
    [report] = PatrolReport.objects.all()
    assert report.rounds == 4


def test_what_was_live_before_is_only_compared_now(world):
    slots = world.open(count=3)
    world.settle()
    booking = world.patient_books(slots[0].start)
    world.settle()
    writing.start_shadow(account=world.account, by="anna")
    actors.patient_cancels(booking)
    actors.doctor_changes_slots(world.address, world.at(1).date(), [])
    world.after(minutes=16)
    assert world.visits() == [(slots[0].start, "booked", "")], "nothing is applied"
    assert ("booking-there", "compared", 0, 0) in compared()
    assert ("slots", "compared", 2, 0) in compared()
    assert world.portal_shows() == []


def test_at_its_end_it_goes_on_comparing_and_says_so(shadowed, english):
    shadowed.after(days=7)
    account = fresh(shadowed)
    assert account.writing == Account.Writing.SHADOW
    assert writing.has_ended(account)
    assert "is over" in lights.light_of(account).sentence
    reports = PatrolReport.objects.count()
    shadowed.after(minutes=16)
    assert PatrolReport.objects.count() >= reports
    assert written(shadowed) == []
    writing.start_shadow(account=account, days=2, by="anna")
    assert not writing.has_ended(fresh(shadowed))


def test_a63_going_live_afterwards_takes_over_all_bookings_that_are_ahead(shadowed):
    """A63."""
    for slot in shadowed.slots[:2]:
        shadowed.patient_books(slot.start)
    shadowed.after(minutes=16)
    writing.go_live(account=shadowed.account, by="anna")
    shadowed.settle()
    assert shadowed.visits() == [(slot.start, "booked", "") for slot in shadowed.slots[:2]]
    assert shadowed.portal_shows() == [slot.start for slot in shadowed.slots[2:]]
    assert AtPortal.objects.filter(status="booked").count() == 2


def question(world, slot, **more):
    [listing] = world.account.listings.all()
    return Question(
        listing.facility, listing.doctor, more.pop("address", listing.address),
        slot.start, slot.end, **more,
    )  # fmt: skip


def test_a46_while_nothing_is_written_only_a_time_that_is_taken_here_is_denied(shadowed):
    """A46: no patient is stopped needlessly, and nobody is booked twice."""
    account, [taken, open_, *_] = fresh(shadowed), shadowed.slots
    shadowed.plan(taken, PatientFactory(organisation=shadowed.organisation))
    visits = len(shadowed.visits())
    assert not questions.may_be_taken(account, question(shadowed, taken))
    assert questions.may_be_taken(account, question(shadowed, open_))
    assert questions.may_be_taken(account, question(shadowed, taken, address="of somebody else"))
    by_hand = shadowed.open(days=9, count=1, visible=False)[0]
    assert questions.may_be_taken(account, question(shadowed, by_hand)), "the portal's own time"
    assert len(shadowed.visits()) == visits
    assert not Visit.objects.filter(expires_at__gt=clock.now()).exists(), "nothing is held"
