"""Why a slot cannot be ordered at a portal that takes documents (promise 10)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from slotbridge.his import absences
from slotbridge.his.models import Schedule, Slot
from slotbridge.kit import clock
from slotbridge.sync import accounts, leaving
from slotbridge.sync.exchange import plan
from slotbridge.sync.models import Account, ExchangeEntry
from slotbridge.sync.shown import why_not_shown, why_not_shown_for
from tests.exchange_world import CHANNEL
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db(databases=["default", "portal"])


def codes(slot):
    return [reason.code for reason in why_not_shown(Slot.objects.get(pk=slot.pk), CHANNEL)]


@pytest.fixture
def slot(world):
    return Slot.objects.order_by("start")[0]


def test_what_a_patient_can_order_lacks_nothing(world, slot):
    assert slot.start in world.portal_shows()
    assert codes(slot) == []


def test_the_box_is_missing(world):
    (hidden,) = world.open(wall="15:00", count=1, visible=False)
    world.settle()

    assert codes(hidden) == ["not-visible"]
    assert hidden.start not in world.portal_shows()


def test_a_slot_opened_just_now_is_about_to_be_told(world):
    (new,) = world.open(days=3, count=1)

    assert codes(new) == ["waiting"]
    world.settle()
    assert codes(new) == []


def test_what_was_not_told_for_long_says_since_when(world):
    world.wires.cut = "before"
    (new,) = world.open(days=3, count=1)
    world.engine.run_once()
    world.clock.shift(timedelta(minutes=5))
    world.wires.cut = "before"
    world.engine.run_once()

    assert codes(new) == ["failing", "late"]
    world.after(minutes=20)
    assert codes(new) == []


def test_a_visit_or_an_absence_takes_it(world, slot):
    world.plan(slot, PatientFactory(organisation=world.organisation))
    other = Slot.objects.exclude(pk=slot.pk).order_by("start")[0]
    absences.add_absence(
        practitioner=world.schedule.practitioner, start=other.start, end=other.end, by="tests"
    )

    assert [codes(slot), codes(other)] == [["taken"], ["taken"]]
    world.settle()
    assert {slot.start, other.start} & set(world.portal_shows()) == set()


def test_a_slot_of_the_next_hour_is_too_soon_and_then_over(world, slot):
    world.clock.move_to(slot.end - timedelta(minutes=30))
    assert codes(slot) == ["too-soon"]
    world.clock.move_to(slot.end)
    assert codes(slot) == ["past"]


def test_a_slot_beyond_the_month_will_follow(world):
    (near,) = world.open(days=30, count=1)
    (far,) = world.open(days=31, count=1)
    world.settle()

    assert [codes(near), codes(far)] == [[], ["too-far"]]
    world.after(days=1)
    assert codes(far) == []


@pytest.mark.parametrize(
    ("act", "state"), [(accounts.pause, "paused"), (leaving.switch_off, "off")]
)
def test_an_account_that_does_not_run_says_so(world, slot, act, state):
    act(account=world.account, by="tests")
    world.settle()

    (reason,) = why_not_shown(slot, CHANNEL)

    assert reason.code == "account"
    assert str(Account.State(world.state().state).label) in reason.sentence
    assert world.state().state == state


def test_a_refused_key_is_named_as_such(world, slot):
    Account.objects.update(state=Account.State.REJECTED)

    (reason,) = why_not_shown(slot, CHANNEL)

    assert reason.code == "account"
    assert "login" not in reason.sentence


def test_an_account_without_its_first_exchange_is_not_running(worlds):
    world = worlds(connected=False)
    (slot,) = world.open(count=1)

    assert codes(slot) == ["account"]


def test_a_refused_document_is_quoted(world, slot):
    ExchangeEntry.objects.create(
        organisation=world.organisation,
        account=world.account,
        at=clock.now(),
        parts=["offer"],
        outcome=ExchangeEntry.Outcome.REFUSED,
        problems=[{"part": "", "key": "", "text": "import.php: 413, E_TOO_LARGE"}],
    )

    (reason,) = why_not_shown(slot, CHANNEL)

    assert reason.code == "parked"
    assert "E_TOO_LARGE" in reason.sentence


def test_a_schedule_out_of_use_offers_nothing(world, slot):
    Schedule.objects.update(is_active=False)

    assert "no-schedule" in codes(slot)


def test_settings_that_cannot_be_used_keep_everything_back(world, slot):
    account = world.state()
    account.settings = {**account.settings, "time_zone": "Mars/Olympus"}
    account.save()

    assert codes(slot) == ["settings"]


def test_many_slots_take_as_many_queries_as_one(world):
    def asked(found):
        with CaptureQueriesContext(connection) as queries:
            why_not_shown_for(found, CHANNEL)
        return len(queries)

    assert asked(list(Slot.objects.all())) == asked(list(Slot.objects.all()[:1]))


def test_everything_sent_anew_hides_nothing(world, slot):
    plan.send_all(account=world.account, by="tests")

    assert codes(slot) == []
