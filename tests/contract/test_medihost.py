"""The connector to Medihost against our own portal: what one tells, the other does."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from slotbridge.connectors.medihost.connector import MedihostConnector
from slotbridge.kit import clock
from slotbridge.portal import keys, orders
from slotbridge.portal.models import (
    Appointment,
    ClientKey,
    Clinic,
    Order,
    ReceivedDocument,
    ResourceGroup,
    WorkingDay,
)
from slotbridge.portal.models import Resource as PortalResource
from slotbridge.portal.wsgi import portal_app
from slotbridge.sync.contract import Access, AccountRejected, Refused, TryLater
from slotbridge.sync.exchange.contract import (
    Answer,
    Busy,
    BusyTime,
    Group,
    Hours,
    Offer,
    OrderState,
    Part,
    Resource,
    RowRefusal,
    Telling,
)

pytestmark = pytest.mark.django_db(databases=["portal"], transaction=True)

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = date(2026, 3, 4)
DOCTOR, ROOM = 7, -90


def at(wall, day=DAY):
    return clock.at(day, time.fromisoformat(wall), MOSCOW)


def taken(start="10:00", end="10:30", *, id_=1, kind="visit", resource=DOCTOR):
    return BusyTime(kind, id_, resource, at(start), at(end))


def all_of(*times):
    return Telling(busy=Busy(is_all=True, times=times))


OFFER = Offer(
    (Group(4, "Кардиология"),),
    (Resource(DOCTOR, "Чайкина А.", 4, 30), Resource(ROOM, "Кабинет УЗИ", None, 20)),
    (
        Hours(DOCTOR, at("09:00"), at("13:00")),
        Hours(DOCTOR, at("14:00"), at("18:00")),
        Hours(ROOM, at("09:00"), at("12:00")),
    ),
)


@pytest.fixture
def clinic(frozen):
    return Clinic.objects.create(name="Клиника «Берёза»", created_at=clock.now())


@pytest.fixture
def connect(clinic):
    made = []
    given = keys.issue_key(clinic=clinic, by="operator")

    def connector(key=given, **settings):
        settings = {"base_url": "http://localhost:8200"} | settings
        transport = httpx.WSGITransport(app=portal_app)
        made.append(MedihostConnector(Access("", key, settings, None), transport=transport))
        return made[-1]

    yield connector
    for each in made:
        each.close()


@pytest.fixture
def connector(connect):
    return connect()


@pytest.fixture
def order(clinic, connector):
    """An order of a patient for Wednesday at 10:00."""
    connector.tell(Telling(OFFER, Busy(is_all=True, times=())))
    return orders.file_order(
        resource=PortalResource.objects.get(mis_id=DOCTOR),
        start=at("10:00"),
        person=orders.Person(
            name1="Иванова", name2="Анна", name3="Петровна", phone="+7 900 000-00-00", city="Тверь"
        ),
        language="ru",
    )


def test_what_can_be_booked_is_there_as_it_was_told(connector):
    told = connector.tell(Telling(offer=OFFER))

    assert (told.refused, told.withheld) == ((), {})
    assert {name: counts["added"] for name, counts in told.counts.items()} == {
        "ResourceGroups": 1,
        "Resources": 2,
        "Schedules": 2,
    }
    assert ResourceGroup.objects.get().name == "Кардиология"
    steps = PortalResource.objects.values_list("mis_id", "name", "time_step", "group_mis_id")
    assert set(steps) == {(DOCTOR, "Чайкина А.", 30, 4), (ROOM, "Кабинет УЗИ", 20, None)}
    assert set(WorkingDay.objects.values_list("resource_mis_id", "day")) == {
        (DOCTOR, DAY),
        (ROOM, DAY),
    }


def test_told_again_nothing_changes(connector):
    telling = Telling(OFFER, Busy(is_all=True, times=(taken(),)))
    connector.tell(telling)

    told = connector.tell(telling)

    changed = {
        name: [counts[what] for what in ("added", "updated", "removed")]
        for name, counts in told.counts.items()
    }
    assert set(changed) == {"ResourceGroups", "Resources", "Schedules", "Appointments"}
    assert all(numbers == [0, 0, 0] for numbers in changed.values())


def test_a_change_adds_and_moves_and_only_a_complete_list_removes(connector):
    connector.tell(all_of(taken(id_=1), taken("11:00", "11:30", id_=2)))

    connector.tell(Telling(busy=Busy(is_all=False, times=(taken("12:00", "12:40", id_=1),))))
    assert set(Appointment.objects.values_list("mis_id", "duration")) == {(1, 40), (2, 30)}

    connector.tell(all_of(taken("12:00", "12:40", id_=1)))
    assert Appointment.objects.get().mis_id == 1


def test_one_visit_takes_the_doctor_and_the_room(connector):
    room = taken(kind="visit-room", resource=ROOM)
    assert connector.tell(all_of(taken(), room)).refused == ()
    assert set(Appointment.objects.values_list("tablename", "resource_mis_id")) == {
        ("Visit", DOCTOR),
        ("VisitRoom", ROOM),
    }


def test_nobody_is_named_to_the_portal_unless_the_clinic_says_so(connector):
    connector.tell(all_of(taken()))
    assert Appointment.objects.get().title == "занято"


def test_deletions_that_look_like_a_fault_are_told_as_withheld(connector):
    many = [taken("10:00", "10:30", id_=n) for n in range(1, 21)]
    connector.tell(all_of(*many))

    told = connector.tell(all_of())

    assert told.withheld == {Part.BUSY: 20}
    assert Appointment.objects.count() == 20


def test_one_row_that_the_portal_cannot_take_is_named_by_our_key(connector):
    wrong = (taken(id_=5, kind="absence"), taken("11:00", "12:00", id_=5, kind="absence"))

    told = connector.tell(all_of(taken(), *wrong))

    assert {(each.part, each.key, each.why) for each in told.refused} == {
        (Part.BUSY, "absence/5", RowRefusal.WRONG)
    }
    assert all("[E_DUPLICATE]" in each.text for each in told.refused)
    assert Appointment.objects.get().tablename == "Visit"


# --- orders ------------------------------------------------------------------------------------


def test_an_order_is_read_as_the_patient_filed_it(connector, order):
    [found] = connector.orders(clock.now() - timedelta(minutes=10)).orders

    assert (found.id, found.state, found.resource) == ("1", OrderState.WAITING, DOCTOR)
    assert (found.start, found.end) == (at("10:00"), at("10:30"))
    assert (found.patient.family_name, found.patient.given_name) == ("Иванова", "Анна Петровна")
    assert (found.patient.phone, found.comment) == ("+7 900 000-00-00", "City: Тверь")
    assert found.changed_at == order.changed_at


def test_orders_are_read_from_the_moment_asked_for(connector, order, frozen):
    frozen.shift(timedelta(minutes=20))
    assert connector.orders(clock.now() - connector.overlap).orders == []
    assert connector.orders(order.changed_at).orders


def test_the_next_fetch_starts_by_the_portals_clock(connector, frozen):
    assert connector.orders(clock.now()).answered_at == clock.now()


@pytest.mark.parametrize("state", [OrderState.ACCEPTED, OrderState.ENDED])
def test_an_answer_reaches_the_order(connector, order, state):
    assert connector.tell(Telling(answers=(Answer("1", state),))).refused == ()

    [found] = connector.orders(clock.now() - timedelta(minutes=10)).orders
    assert found.state == state


def test_an_order_that_is_moved_and_still_waits_is_moved(connector, order):
    answer = Answer("1", OrderState.WAITING, at("14:00"), at("14:20"), ROOM)
    assert connector.tell(Telling(answers=(answer,))).refused == ()

    [found] = connector.orders(clock.now() - timedelta(minutes=10)).orders
    assert (found.state, found.resource) == (OrderState.WAITING, ROOM)
    assert (found.start, found.end) == (at("14:00"), at("14:20"))


def test_accepting_what_the_patient_withdrew_is_refused_as_ended(connector, order):
    orders.withdraw_order(order=order, by="patient")

    [refusal] = connector.tell(Telling(answers=(Answer("1", OrderState.ACCEPTED),))).refused

    assert (refusal.part, refusal.key, refusal.why) == (Part.ANSWERS, "1", RowRefusal.ENDED)
    assert Order.objects.get().status == Order.Status.REJECTED


def test_an_order_that_the_portal_does_not_know_is_said_so(connector):
    [refusal] = connector.tell(Telling(answers=(Answer("77", OrderState.ENDED),))).refused
    assert (refusal.key, refusal.why) == ("77", RowRefusal.UNKNOWN)


def test_a_bad_answer_keeps_no_good_one_back(connector, order):
    answers = (Answer("77", OrderState.ENDED), Answer("1", OrderState.ACCEPTED))
    [refusal] = connector.tell(Telling(answers=answers)).refused
    assert refusal.key == "77"
    assert Order.objects.get().status == Order.Status.ACCEPTED


# --- the key and the way -----------------------------------------------------------------------


def test_a_check_is_passed_with_the_right_key_only(connect):
    connect().check()
    with pytest.raises(AccountRejected, match=r"export\.php: 403, E_KEY"):
        connect(key="9DDDE578-5179-4CC4-A2A0-F681618ED9EA").check()


def test_a_revoked_key_rejects_the_account(connector):
    keys.revoke_key(key=ClientKey.objects.get(), by="operator")
    for call in (lambda: connector.tell(all_of()), lambda: connector.orders(clock.now())):
        with pytest.raises(AccountRejected, match="403, E_KEY"):
            call()


def test_whoever_asks_with_a_wrong_key_again_and_again_is_told_to_wait(connect):
    stranger = connect(key="9DDDE578-5179-4CC4-A2A0-F681618ED9EA")
    for _ in range(10):
        with pytest.raises(AccountRejected):
            stranger.check()
    with pytest.raises(TryLater, match="429") as later:
        stranger.check()
    assert timedelta() < later.value.retry_after <= timedelta(minutes=10)


def test_a_document_too_large_for_the_clinic_is_refused_as_a_whole(connector, clinic):
    clinic.most_bytes = 1000
    clinic.save()
    with pytest.raises(Refused, match=r"import\.php: 413, E_TOO_LARGE"):
        connector.tell(all_of(*[taken(id_=n) for n in range(1, 21)]))
    assert not Appointment.objects.exists()


def test_the_portal_keeps_what_we_sent(connector):
    connector.tell(all_of(taken()))
    kept = ReceivedDocument.objects.get()
    assert (kept.outcome, kept.status) == ("ok", 200)


def test_a_portal_whose_clinic_is_in_another_zone_is_told_its_clock_values(connect, clinic):
    clinic.time_zone = "Asia/Yekaterinburg"
    clinic.save()
    connect(time_zone="Asia/Yekaterinburg").tell(all_of(taken("10:00", "10:30")))
    row = Appointment.objects.get()
    assert datetime.combine(row.day, row.time) == datetime.fromisoformat("2026-03-04T12:00")
