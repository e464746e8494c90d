"""What the portal does by itself: U-28, U-40, U-43, and the thread that does it."""

import logging
import threading
import time
from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import connections

from slotbridge.kit import clock
from slotbridge.portal import chores, freshness, holds, letters, limits, reminders
from slotbridge.portal.models import (
    Appointment,
    FailedTry,
    Hold,
    Letter,
    LoginTry,
    Order,
    ReceivedDocument,
    RecentOrder,
    SectionImport,
    WorkingDay,
)
from tests.portal.booking import (
    THURSDAY,
    at,
    file_at,
    hear_of_occupancy,
    make_clinic,
    make_resource,
    member_of,
    occupy,
    take,
    work,
)

pytestmark = pytest.mark.django_db(databases=["portal"])


@pytest.fixture
def moment(frozen):
    """Thursday 1 July 2010, 6:00 in Moscow."""
    frozen.move_to("2010-07-01T02:00:00+00:00")
    return frozen


def reminded():
    reminders.remind()
    return Letter.objects.filter(kind="unanswered").count()


def test_staff_are_reminded_after_two_hours_of_the_resources_work(moment):
    doctor = make_resource(make_clinic())
    work(doctor, THURSDAY, "8:00-9:00", "16:00-18:00")
    work(doctor, THURSDAY + timedelta(days=1), "9:00-12:00")
    moment.move_to(at(doctor, THURSDAY, "08:30"))
    file_at(doctor, THURSDAY + timedelta(days=1), "11:30")

    moment.move_to(at(doctor, THURSDAY, "17:29"))  # half an hour and 89 minutes of work
    assert reminded() == 0
    moment.move_to(at(doctor, THURSDAY, "17:30"))
    assert (reminded(), reminded()) == (1, 1)
    assert Order.objects.get().status == 0


def test_an_answered_order_and_one_whose_time_has_passed_are_not_reminded_of(moment):
    doctor = make_resource(make_clinic())
    work(doctor, THURSDAY, "8:00-20:00")
    take(file_at(doctor, THURSDAY, "19:00"), 1)
    file_at(doctor, THURSDAY, "10:00")
    moment.move_to(at(doctor, THURSDAY, "10:00"))
    assert reminded() == 0
    assert Order.objects.get(number=2).status == 0


def test_where_nobody_knows_the_hours_every_hour_counts(moment):
    doctor = make_resource(make_clinic())
    hours = work(doctor, THURSDAY, "8:00-20:00")
    file_at(doctor, THURSDAY, "19:00")
    hours.delete()
    moment.shift(timedelta(hours=2) - timedelta(seconds=1))
    assert reminded() == 0
    moment.shift(timedelta(seconds=1))
    assert reminded() == 1


def test_the_light_turns_with_the_age_of_occupancy(moment):
    clinic = make_clinic(fresh=False)
    assert freshness.of(clinic).colour == "never"
    assert freshness.of(clinic).since is None
    SectionImport.objects.create(clinic=clinic, section="Resources", at=clock.now())
    assert freshness.of(clinic).colour == "never"

    heard = clock.now()
    hear_of_occupancy(clinic)
    seen = []
    for age in (0, 119, 120, 24 * 60 - 1, 24 * 60):
        moment.move_to(heard + timedelta(minutes=age))
        seen.append(freshness.of(clinic).colour)
    assert seen == ["fresh", "fresh", "late", "late", "stale"]
    assert freshness.of(clinic).sections == {"Resources": heard, "Appointments": heard}


def test_past_rows_go_after_90_days_and_orders_stay(moment):
    clinic = make_clinic()
    doctor = make_resource(clinic)
    work(doctor, THURSDAY, "8:00-20:00")
    order = file_at(doctor, THURSDAY, "10:00")
    occupy(doctor, THURSDAY, "11:00")
    long = occupy(doctor, THURSDAY, "12:00", 44_640)
    moment.shift(timedelta(days=90))
    occupy(doctor, date(2010, 9, 1), "11:00")
    work(doctor, date(2010, 9, 1), "8:00-20:00")

    chores.tidy()
    assert (WorkingDay.objects.count(), Appointment.objects.count()) == (2, 3)
    moment.shift(timedelta(days=2))
    chores.tidy()
    assert [each.day for each in WorkingDay.objects.all()] == [date(2010, 9, 1)]
    assert Appointment.objects.filter(pk=long.pk).exists()  # it lasted into August
    assert Appointment.objects.count() == 2
    moment.shift(timedelta(days=32))
    chores.tidy()
    assert Appointment.objects.count() == 1
    assert Order.objects.get() == order


def test_documents_tries_holds_and_letters_have_their_time(moment):
    clinic = make_clinic()
    doctor = make_resource(clinic)
    work(doctor, THURSDAY, "8:00-20:00")
    now = clock.now()
    ReceivedDocument.objects.create(clinic=clinic, received_at=now, size=1)
    FailedTry.objects.create(address="192.0.2.1", at=now)
    LoginTry.objects.create(login_digest="0" * 64, address="192.0.2.1", at=now)
    holds.hold_time(resource=doctor, start=at(doctor, THURSDAY, "10:00"))
    Letter.objects.create(clinic=clinic, kind="withheld", created_at=now, due_at=now, sent_at=now)
    due = Letter.objects.create(
        clinic=clinic, kind="withheld", created_at=now, due_at=now + timedelta(days=90)
    )
    tables = [ReceivedDocument, FailedTry, LoginTry, Hold, Letter]

    def left():
        chores.tidy()
        return [table.objects.count() for table in tables]

    assert left() == [1, 1, 1, 1, 2]
    moment.shift(timedelta(days=1, seconds=1))
    assert left() == [1, 0, 0, 0, 2]
    moment.shift(timedelta(days=29))
    assert left() == [0, 0, 0, 0, 1]
    assert Letter.objects.get() == due


def test_where_orders_came_from_is_forgotten_within_the_hour(moment):
    clinic = make_clinic()
    limits.count_order(clinic=clinic, caller="0" * 64)

    moment.shift(limits.WINDOW - timedelta(seconds=1))
    chores.tidy()
    assert RecentOrder.objects.count() == 1
    moment.shift(timedelta(seconds=1))
    chores.tidy()
    assert not RecentOrder.objects.exists()


def test_one_round_does_all_that_is_due(moment):
    doctor = make_resource(make_clinic())
    member_of(doctor.clinic)
    work(doctor, THURSDAY, "8:00-20:00")
    file_at(doctor, THURSDAY, "19:00")
    moment.move_to(at(doctor, THURSDAY, "10:00"))
    holds.hold_time(resource=doctor, start=at(doctor, THURSDAY, "12:00"))
    moment.shift(timedelta(minutes=10))

    chores.run_once()

    assert len(mail.outbox) == 3  # filed, new order, unanswered
    assert not Hold.objects.exists()


@pytest.mark.django_db(databases=["portal"], transaction=True)
def test_the_keeper_works_beside_the_server_and_a_defect_stops_only_its_own_chore(
    monkeypatch, caplog
):
    caplog.set_level(logging.WARNING)
    tried = []

    def remind():
        tried.append(1)
        raise ZeroDivisionError("Воробьёва")

    monkeypatch.setattr(reminders, "remind", remind)
    monkeypatch.setattr(chores, "REMIND_EVERY", timedelta())
    monkeypatch.setattr(chores, "IDLE_SECONDS", 0.01)
    clinic = make_clinic()
    member_of(clinic)
    now = clock.now()
    Letter.objects.create(clinic=clinic, kind="withheld", created_at=now, due_at=now)

    keeper = chores.Keeper()
    keeper.start()
    ends = time.monotonic() + 30
    while (Letter.objects.filter(sent_at=None).exists() or len(tried) < 2) and (
        time.monotonic() < ends
    ):
        time.sleep(0.01)
    keeper.stop()

    assert len(mail.outbox) == 1
    assert "portal-keeper" not in {thread.name for thread in threading.enumerate()}
    told = [each for each in caplog.records if each.message == "chore failed"]
    assert [(each.chore, each.error) for each in told] == [("remind", "ZeroDivisionError")]
    assert "Воробьёва" not in caplog.text
    connections.close_all()
    assert letters.send_due() == 0
