"""Every sample by HTTP: the answer its README names, and exactly the state it names."""

import gzip
import socket
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import time_machine

from slotbridge.kit import clock
from slotbridge.portal.models import Order, ReceivedDocument, Resource
from slotbridge.wire.medihost import document, writer
from slotbridge.wire.medihost.model import Document, Section
from slotbridge.wire.medihost.result import read_result
from tests.portal.conftest import KEY, SAMPLES
from tests.portal.imports import state, tables

pytestmark = pytest.mark.django_db(databases=["portal"])

SAMPLE = (SAMPLES / "mis-export.xml").read_bytes()
ORDERS = (SAMPLES / "orders-export.xml").read_bytes()
NOON_AND_ONE = datetime(2010, 7, 1, 9, tzinfo=UTC)  # 13:00 in Moscow
MORNING = 1_277_971_200  # 12:00 there
JULY_5, JULY_6, JULY_7 = (date(2010, 7, day) for day in (5, 6, 7))
# What a request leaves behind whatever becomes of it.
TRACES = ("portal_receiveddocument", "portal_documentpart", "portal_clientkey", "portal_failedtry")
REPEATED_VISIT = "Печеркина М.И. - повторный прием"


@pytest.fixture
def sample_clinic(clinic, post_xml):
    """The state of bad/README.md: groups, resources and the two orders; 01.07.2010 13:00."""
    whole, _ = document.read_document(SAMPLE)
    with time_machine.travel(NOON_AND_ONE, tick=False):
        booked = [
            Resource.objects.create(clinic=clinic, number=number, mis_id=mis_id, name="?")
            for number, mis_id in enumerate((369, -90), start=1)
        ]
        clinic.last_resource = 2
        clinic.save()
        people = Document(KEY, groups=whole.groups, resources=whole.resources)
        assert post_xml(writer.write(people)).status_code == 200
        exported, _ = document.read_document(ORDERS, export=True)
        for resource, row in zip(booked, exported.orders, strict=True):
            put_in(clinic, resource, row)
        ReceivedDocument.objects.all().delete()
        yield clinic


def put_in(clinic, resource, row):
    start = clock.at(row.start.date(), row.start.time(), clinic.tz)
    changed = clock.at(row.changed_on.date(), row.changed_on.time(), clinic.tz)
    fields = ("status", "user_id", "user_name", "order_date", "duration", "name1", "name2")
    fields += ("name3", "aim", "phone", "city", "address", "email")
    Order.objects.create(
        clinic=clinic,
        number=row.id,
        resource=resource,
        day=row.start.date(),
        time=row.start.time(),
        start=start,
        end=start + timedelta(minutes=row.duration),
        filed_at=changed,
        changed_at=changed,
        **{name: getattr(row, name) for name in fields},
    )


def statuses(clinic):
    return dict(Order.objects.filter(clinic=clinic).values_list("number", "status"))


def read(path):
    found = path.read_bytes()
    return gzip.decompress(found) if path.suffix == ".gz" else found


def counted(result):
    """By section, the numbers that are not 0."""
    return {
        one.name: {name: number for name, number in asdict(one).items() if number}
        | {"name": one.name}
        for one in result.sections
    }


def numbers(name, **given):
    return {name: {"name": name, **given}}


def test_the_documents_sample_is_taken_as_a_whole(sample_clinic, post_xml):
    answer = post_xml(SAMPLE)

    result = read_result(answer.content)
    assert (answer.status_code, result.outcome) == (200, "ok")
    assert counted(result) == {
        **numbers("ResourceGroups", received=11, unchanged=11),
        **numbers("Resources", received=70, unchanged=70),
        **numbers("Schedules", received=27, added=27),
        **numbers("Appointments", mode="full", received=1, added=1),
        **numbers("Orders", received=2, unchanged=2),
    }
    left = state(sample_clinic)
    assert [len(left[kind]) for kind in ("groups", "resources", "days", "appointments")] == [
        11, 70, 27, 1,
    ]  # fmt: skip


def test_a_fresh_clinic_gets_all_of_the_sample(clinic, post_xml):
    result = read_result(post_xml(SAMPLE.split(b"<Orders>")[0] + b"</MediExchange>").content)

    assert result.outcome == "ok"
    assert [(one.name, one.received, one.added) for one in result.sections] == [
        ("ResourceGroups", 11, 11),
        ("Resources", 70, 70),
        ("Schedules", 27, 27),
        ("Appointments", 1, 1),
    ]


def test_its_orders_export_again_as_they_are(sample_clinic, post_xml, export):
    post_xml(SAMPLE)

    answer = export(start=str(MORNING))

    def lines(text):
        return [line.strip() for line in text.decode().splitlines() if line.strip()]

    assert lines(answer.content) == lines(ORDERS)


def test_the_sample_again_changes_nothing(sample_clinic, post_xml):
    post_xml(SAMPLE)
    before = tables(*TRACES)

    result = read_result(post_xml(SAMPLE).content)

    assert [one.received - one.unchanged for one in result.sections] == [0] * 5
    assert tables(*TRACES) == before


@dataclass(frozen=True)
class Taken:
    """An answer of 200, and what is different afterwards."""

    outcome: str
    codes: list[tuple[str, str]]  # code, key
    sections: dict[str, Any]
    appointments: dict[Any, Any] = field(default_factory=dict)
    days: dict[Any, Any] = field(default_factory=dict)
    resources: frozenset[Any] = frozenset()
    groups: frozenset[Any] = frozenset()
    orders: dict[int, int] = field(default_factory=dict)


def busy(mis_id, at=time(12), resource=383, minutes=30, title="занято"):
    return {("SchedEvent", mis_id): (resource, JULY_5, at, minutes, title)}


def one_diff(*, skipped=0, parked=0):
    received = {"received": 1 + skipped + parked, "added": 1}
    more = {"skipped": skipped} if skipped else {"parked": parked} if parked else {}
    return numbers("Appointments", mode="diff", **received, **more)


NINE_TO_THREE = {(383, JULY_5): [540, 900]}
ONE_DAY_OF_TWO = numbers("Schedules", received=2, added=1, skipped=1)
TAKEN = {
    "bad/unknown-resource.xml": Taken(
        "ok", [("W_RESOURCE", "SchedEvent/102")], one_diff(parked=1),
        appointments=busy(101) | busy(102, resource=777777),
    ),
    "bad/bad-date.xml": Taken(
        "partial", [("E_DATE", "SchedEvent/104")], one_diff(skipped=1), appointments=busy(103),
    ),
    "bad/bad-schedule-date.xml": Taken(
        "partial", [("E_DATE", "")], ONE_DAY_OF_TWO, days=NINE_TO_THREE,
    ),
    "bad/end-before-start.xml": Taken(
        "partial", [("E_HOURS", "383/06.07.2010")], ONE_DAY_OF_TWO, days=NINE_TO_THREE,
    ),
    "bad/break-outside-hours.xml": Taken(
        "partial", [("E_BREAK", "383/06.07.2010")], ONE_DAY_OF_TWO, days=NINE_TO_THREE,
    ),
    "bad/half-break.xml": Taken(
        "partial", [("E_BREAK", "383/06.07.2010")], ONE_DAY_OF_TWO, days=NINE_TO_THREE,
    ),
    "bad/duplicate-ids.xml": Taken(
        "partial", [("E_DUPLICATE", "391")] * 2 + [("E_DUPLICATE", "SchedEvent/106")] * 2,
        numbers("Resources", received=3, unchanged=1, skipped=2) | one_diff(skipped=2),
        appointments=busy(105),
    ),
    "bad/declared-1251-bytes-utf8.xml": Taken(
        "ok", [("W_ENCODING", "")], one_diff(), appointments=busy(111, title=REPEATED_VISIT),
    ),
    "bad/undeclared-bytes-1251.xml": Taken(
        "ok", [("W_ENCODING", "")], one_diff(), appointments=busy(112, title=REPEATED_VISIT),
    ),
    "bad/status-7.xml": Taken(
        "partial", [("E_STATUS", "1")], numbers("Orders", received=2, updated=1, skipped=1),
        orders={2: 3},
    ),
    "bad/status-backwards.xml": Taken(
        "ok", [("W_STATUS_STALE", "2")], numbers("Orders", received=1, unchanged=1),
    ),
    "bad/unknown-order.xml": Taken(
        "partial", [("E_ORDER_UNKNOWN", "999999")], numbers("Orders", received=1, skipped=1),
    ),
    "bad/negative-duration.xml": Taken(
        "partial", [("E_RANGE", "SchedEvent/116")], one_diff(skipped=1), appointments=busy(115),
    ),
    "bad/conflicting-spellings.xml": Taken(
        "partial", [("E_CONFLICT", "383/05.07.2010")],
        numbers("Schedules", received=1, skipped=1),
    ),
    "bad/control-character.xml": Taken(
        "ok", [("W_CONTROL", "")], one_diff(), appointments=busy(120, title="Совещаниев 12:00"),
    ),
    "bad/mass-deletion.xml": Taken(
        "partial", [("W_WITHHELD", "")],
        numbers("Resources", received=1, unchanged=1, withheld=69),
    ),
    "tolerated/table-spelling.xml": Taken(
        "ok", [],
        numbers("Schedules", received=1, added=1) | numbers("Orders", received=1, updated=1),
        days={(383, JULY_5): [420, 780, 840, 1080]}, orders={1: 1},
    ),
    "tolerated/windows-1251.xml": Taken(
        "ok", [], one_diff(), appointments=busy(201, title=REPEATED_VISIT),
    ),
    "tolerated/utf8-bom.xml": Taken(
        "ok", [], one_diff(), appointments=busy(202, time(12, 30)),
    ),
    "tolerated/odd-formats.xml": Taken(
        "ok",
        [("W_UNKNOWN", "SchedEvent/1203")] + [("W_FORMAT", "SchedEvent/1203")] * 2
        + [("W_FORMAT", "SchedEvent/1204"), ("W_DEFAULT", "SchedEvent/1204")],
        numbers("Appointments", mode="diff", received=2, added=2),
        appointments=busy(1203, time(9), -90, title="")
        | busy(1204, time(10), -90, None, "без длительности"),
    ),
    "tolerated/sections-reversed.xml": Taken(
        "partial", [("W_WITHHELD", "")] * 2 + [("W_DEFAULT", "500"), ("W_DEFAULT", "11")],
        numbers("ResourceGroups", received=1, added=1, withheld=11)
        | numbers("Resources", received=1, added=1, withheld=70)
        | numbers("Schedules", received=1, added=1)
        | one_diff(),
        appointments=busy(205, time(9), 500), days={(500, JULY_5): [540, 900]},
        resources=frozenset({(500, "Новиков Н. Н.", 30, 11, 0)}),
        groups=frozenset({(11, "Врач-невролог", 0)}),
    ),
    "tolerated/split-and-night-shifts.xml": Taken(
        "ok", [("W_NO_HOURS", "-97/07.07.2010")], numbers("Schedules", received=5, added=4),
        days={
            (383, JULY_5): [480, 720, 960, 1200],
            (-97, JULY_5): [1200, 1440],
            (-97, JULY_6): [0, 480],
            (-97, JULY_7): [],
        },
    ),
    "tolerated/orders-unchanged.xml": Taken("ok", [], numbers("Orders", received=2, unchanged=2)),
}  # fmt: skip
REFUSED = {
    "bad/wrong-client-key.xml": (403, "E_KEY", None),
    "bad/missing-client-key.xml": (400, "E_KEY_MISSING", None),
    "bad/unknown-syncmode.xml": (400, "E_SYNC_MODE", 2),
    "bad/xxe.xml": (400, "E_DTD", 2),
    "bad/billion-laughs.xml": (400, "E_DTD", 2),
    "bad/truncated.xml": (400, "E_NOT_WELL_FORMED", 110),
    "bad/title-10mb.xml.gz": (400, "E_VALUE_LONG", 4),
    "bad/duplicate-sections.xml": (400, "E_SECTION_TWICE", 5),
    "bad/unescaped-ampersand.xml": (400, "E_NOT_WELL_FORMED", 3),
    "bad/wrong-root.xml": (400, "E_ROOT", 1),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_changes_what_it_names_and_no_more(sample_clinic, post_xml, name):
    expected = TAKEN[name]
    before, had = state(sample_clinic), statuses(sample_clinic)

    answer = post_xml(read(SAMPLES / name))

    result = read_result(answer.content)
    assert (answer.status_code, result.outcome) == (200, expected.outcome)
    told = [(one.code, one.key) for one in result.messages]
    assert sorted(told) == sorted(expected.codes)
    assert counted(result) == expected.sections
    assert state(sample_clinic) == {
        "groups": before["groups"] | expected.groups,
        "resources": before["resources"] | expected.resources,
        "days": expected.days,
        "appointments": expected.appointments,
    }
    assert statuses(sample_clinic) == had | expected.orders


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_changes_nothing(sample_clinic, post_xml, name):
    before = tables(*TRACES)

    answer = post_xml(read(SAMPLES / name))

    result = read_result(answer.content)
    [message] = result.messages
    assert (answer.status_code, message.code, message.line) == REFUSED[name]
    assert (result.outcome, result.sections) == ("error", ())
    assert tables(*TRACES) == before


def test_every_sample_is_proved_here():
    there = {
        str(Path(folder) / each.name)
        for folder in ("bad", "tolerated")
        for each in (SAMPLES / folder).iterdir()
        if each.name != "README.md"
    }

    assert there == TAKEN.keys() | REFUSED.keys()


def test_orders_sent_back_as_they_are_are_not_even_written(sample_clinic, post_xml):
    before = tables(*TRACES, "portal_sectionimport")

    post_xml(read(SAMPLES / "tolerated" / "orders-unchanged.xml"))

    assert tables(*TRACES, "portal_sectionimport") == before


def test_nothing_that_a_document_points_to_is_fetched(sample_clinic, post_xml):
    xxe = read(SAMPLES / "bad" / "xxe.xml")
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        address = f"http://127.0.0.1:{elsewhere.getsockname()[1]}".encode()
        pointing = xxe.replace(b"http://xxe.invalid", address)

        answer = post_xml(pointing)

        assert pointing != xxe
        assert answer.status_code == 400
        with pytest.raises(BlockingIOError):  # nobody has knocked
            elsewhere.accept()


def test_a_huge_title_is_refused_with_little_memory(sample_clinic, post_xml):
    huge = read(SAMPLES / "bad" / "title-10mb.xml.gz")
    headers = {"Content-Type": "application/xml"}
    post_xml(None, content=SAMPLE, headers=headers)  # what is loaded once
    before = psutil.Process().memory_info().rss

    answer = post_xml(None, content=huge, headers=headers)

    assert answer.status_code == 400
    assert psutil.Process().memory_info().rss - before < 20 * 2**20


def test_every_section_has_a_line_in_the_answer(sample_clinic, post_xml):
    result = read_result(post_xml(SAMPLE).content)

    assert [one.name for one in result.sections] == [each.value for each in Section]
