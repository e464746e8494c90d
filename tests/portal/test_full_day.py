"""Section 12 of the protocol: a full day, exchange by exchange, at the clock times it names.

Clinic in Moscow, Thursday 01.07.2010 (UTC+4 that summer). Resource 422 works 7:00 to 21:00 with a
break from 13:00 to 14:00, in steps of 30 minutes.
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from lxml import etree

from slotbridge.portal import availability, orders
from slotbridge.portal.models import Appointment, Order, Resource, WithheldDeletion, WorkingDay
from slotbridge.portal.orders import Person
from slotbridge.wire.medihost import model, result, writer
from slotbridge.wire.medihost.document import read_document
from slotbridge.wire.medihost.model import Document, Occupancy, Rule, SyncMode, Working
from tests.portal.conftest import KEY, SAMPLES

pytestmark = pytest.mark.django_db(databases=["portal"])

MOSCOW_2010 = timezone(timedelta(hours=4))
MIDNIGHT = 1_277_928_000  # 00:00 at the clinic
DAY = datetime(2010, 7, 1, tzinfo=MOSCOW_2010)
FULL, DIFF = SyncMode.FULL, SyncMode.DIFF
"""Visits of the clinic before the day begins: (id, resource, start)."""
PLANNED = [(n, 422, f"{hour}:{minute:02}") for n, (hour, minute) in enumerate(
    [(8, 30), (9, 0), (9, 30), (11, 0), (16, 0), (16, 30), (17, 0), (17, 30), (18, 0), (18, 30),
     (19, 0), (20, 0)], start=101)]  # fmt: skip


@pytest.fixture
def day(clinic, post_xml, export):
    with time_machine.travel(DAY.astimezone(UTC), tick=False) as frozen:
        yield Day(clinic, post_xml, export, frozen)


class Day:
    def __init__(self, clinic, post_xml, export, frozen):
        self.clinic, self._post, self._export, self._clock = clinic, post_xml, export, frozen
        self.busy = {key: (resource, start) for key, resource, start in PLANNED}

    def at(self, wall):
        hours, minutes, *seconds = map(int, wall.split(":"))
        self._clock.move_to(
            DAY + timedelta(hours=hours, minutes=minutes, seconds=sum(seconds)), tick=False
        )

    def imports(self, raw=None, **sections):
        """Posts a document of these sections; (HTTP status, outcome, codes)."""
        answer = self._post(raw or writer.write(Document(KEY, **sections)))
        said = result.read_result(answer.content)
        return answer.status_code, said.outcome.value, sorted({one.code for one in said.messages})

    def full(self):
        return Occupancy(FULL, tuple(self.row(key) for key in self.busy))

    def diff(self, *keys):
        return Occupancy(DIFF, tuple(self.row(key) for key in keys))

    def row(self, key):
        resource, start = self.busy[key]
        return model.Appointment("SchedEvent", key, resource, wall(start), 30, "занято")

    def exports(self, start):
        """(ID, Status) of what export.php gives, and its Date in Moscow."""
        answer = self._export(start=start)
        tree = etree.fromstring(answer.content)
        said = [(int(o.get("ID")), int(o.get("Status"))) for o in tree.iter("o")]
        return said, answer.headers["Date"]

    def shows(self):
        """Start times of 422 that a patient can choose today."""
        resource = Resource.objects.get(clinic=self.clinic, mis_id=422)
        found = availability.free_times(resource=resource, first=DAY.date(), last=DAY.date())
        return [f"{free.time:%H:%M}" for free in found]

    def order(self):
        return Order.objects.get(number=3)


def wall(text):
    hours, minutes = map(int, text.split(":"))
    return datetime(2010, 7, 1, hours, minutes)  # noqa: DTZ001 - a clock value of the clinic


def structure():
    """The groups and resources of the document's sample, and a month of 422's days."""
    with (SAMPLES / "mis-export.xml").open("rb") as sample:
        document, _problems = read_document(sample)
    working = (Rule(7 * 60, 21 * 60, 13 * 60, 14 * 60),)
    days = [DAY.date() + timedelta(days=n) for n in range(31)]
    return {
        "groups": document.groups,
        "resources": document.resources,
        "schedules": tuple(Working(n, day, 422, working) for n, day in enumerate(days, start=1)),
    }


def test_a_full_day(day):
    clinic = day.clinic
    clinic.last_order = 2  # the sample's two orders were long ago
    clinic.save()

    the_timetable_comes_in_the_night(day)
    a_patient_orders_and_reception_accepts(day)
    the_visit_moves_and_a_document_is_cut_off(day)
    the_patient_cancels_and_reception_does_not_know(day)
    lists_that_look_like_faults_delete_nothing(day)


def the_timetable_comes_in_the_night(day):
    """03:00 to 07:30: groups, resources, a month of hours; then what is occupied."""
    day.at("3:00:00")
    assert day.imports(**structure()) == (200, "ok", [])
    assert WorkingDay.objects.count() == 31
    assert day.shows() == [], "not known what is occupied: nothing is offered"

    day.at("7:00:00")
    assert day.imports(appointments=day.full()) == (200, "ok", [])
    assert day.shows()[0] == "08:00", "an hour ahead"
    assert "08:30" not in day.shows()

    day.at("7:30:00")
    day.busy[113] = (422, "10:30")
    assert day.imports(appointments=day.diff(113)) == (200, "ok", [])
    assert "10:30" not in day.shows()


def a_patient_orders_and_reception_accepts(day):
    """10:00 to 11:00."""
    day.at("10:00:00")
    said, date = day.exports(1_277_963_100)
    assert (said, date) == ([], "Thu, 01 Jul 2010 06:00:00 GMT")

    day.at("10:02:17")
    resource = Resource.objects.get(clinic=day.clinic, mis_id=422)
    orders.file_order(
        resource=resource,
        start=DAY + timedelta(hours=15),
        person=Person(
            name1="Иванова",
            name2="Анна",
            name3="Петровна",
            phone="+7 900 000-00-00",
            aim="консультация",
        ),
        language="ru",
    )
    assert "15:00" not in day.shows(), "held"

    day.at("10:05:00")
    assert day.exports(1_277_963_400) == ([(3, 0)], "Thu, 01 Jul 2010 06:05:00 GMT")

    day.at("10:07:40")
    day.busy[9] = (422, "15:00")
    accepted = (model.Order(3, 1, changed_on=datetime(2010, 7, 1, 10, 7, 40)),)  # noqa: DTZ001
    assert day.imports(appointments=day.diff(9), orders=accepted) == (200, "ok", [])
    assert day.order().status == 1

    day.at("10:10:00")
    assert day.exports(1_277_963_700)[0] == [(3, 1)]

    day.at("11:00:00")
    assert day.imports(appointments=day.full()) == (200, "ok", [])
    assert "15:00" not in day.shows(), "busy by both: a union"


def the_visit_moves_and_a_document_is_cut_off(day):
    """12:20 to 13:01."""
    day.at("12:20:00")
    day.busy[9] = (422, "15:30")
    moved = (model.Order(3, 1, start=wall("15:30")),)
    assert day.imports(appointments=day.diff(9), orders=moved) == (200, "ok", [])
    assert "15:00" in day.shows()
    assert "15:30" not in day.shows()
    assert (day.order().status, f"{day.order().time:%H:%M}") == (1, "15:30")

    day.at("13:00:00")
    before = list(Appointment.objects.order_by("pk").values())
    cut = writer.write(Document(KEY, appointments=day.full()))[:-60]
    assert day.imports(raw=cut) == (400, "error", ["E_NOT_WELL_FORMED"])
    assert list(Appointment.objects.order_by("pk").values()) == before
    day.at("13:01:00")
    assert day.imports(appointments=day.full()) == (200, "ok", [])


def the_patient_cancels_and_reception_does_not_know(day):
    """14:05 to 15:00."""
    day.at("14:05:00")
    orders.withdraw_order(order=day.order(), by="patient")
    assert day.order().status == 3
    assert "15:30" not in day.shows(), "visit 9 is still busy"

    day.at("14:06:10")
    assert day.imports(orders=(model.Order(3, 1),)) == (200, "partial", ["E_ORDER_FINAL"])
    assert day.order().status == 3

    day.at("14:10:00")
    assert day.exports(MIDNIGHT + 14 * 3600)[0] == [(3, 3)]
    del day.busy[9]

    day.at("14:30:00")
    assert day.imports(appointments=day.diff()) == (200, "ok", [])
    assert "15:30" not in day.shows(), "a diff cannot say that something is gone"
    assert Appointment.objects.filter(mis_id=9).exists()

    day.at("15:00:00")
    assert day.imports(appointments=day.full()) == (200, "ok", [])
    assert not Appointment.objects.filter(mis_id=9).exists()
    assert day.shows()[0] == "19:30", "15:30 is free now, too late to sell"


def lists_that_look_like_faults_delete_nothing(day):
    """16:00 to 23:00."""
    day.at("16:00:00")
    held = Appointment.objects.count()
    empty = Occupancy(FULL)
    assert day.imports(appointments=empty) == (200, "partial", ["W_WITHHELD"])
    assert Appointment.objects.count() == held
    assert WithheldDeletion.objects.get(ended_at=None).count == held

    day.at("17:00:00")
    raw = (
        writer.write(Document(KEY, appointments=day.full()))
        .replace(
            b'id="111" resource_id="422" ReceptionDateTime="01.07.2010 19:00:00" Duration="30"',
            b'id="111" resource_id="422" ReceptionDateTime="01.07.2010 19:00:00" Duration="-30"',
        )
        .replace(b'<a tablename="SchedEvent" id="112"', b'<a tablename="SchedEvent" id="212"')
    )
    assert day.imports(raw=raw) == (200, "partial", ["E_RANGE"])
    assert Appointment.objects.get(mis_id=111).duration == 30, "its last good version"
    assert Appointment.objects.filter(mis_id__in=[112, 212]).count() == 2, "no deletions"

    day.at("23:00:00")
    assert day.imports(appointments=day.full()) == (200, "ok", [])
    assert set(Appointment.objects.values_list("mis_id", flat=True)) == set(day.busy)
