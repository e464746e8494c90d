"""What is told, in the clinic's own clock values and the sample's spelling."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from slotbridge.connectors.medihost.documents import document
from slotbridge.connectors.medihost.tests.conftest import KEY
from slotbridge.kit import clock
from slotbridge.sync.exchange.contract import (
    Answer,
    Busy,
    BusyTime,
    Group,
    Hours,
    Offer,
    OrderState,
    Resource,
    Telling,
)
from slotbridge.wire.medihost import model
from slotbridge.wire.medihost.model import Rule, SyncMode
from slotbridge.wire.medihost.writer import write

GOLDEN = Path(__file__).parent / "golden"
MOSCOW, WARSAW = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Warsaw")
DAY = date(2026, 3, 3)
PUT_BACK = date(2026, 10, 25)  # Warsaw shows 02:00 to 03:00 twice
PUT_FORWARD = date(2026, 3, 29)  # Warsaw goes from 02:00 to 03:00
MINUTE = timedelta(minutes=1)


def at(wall, day=DAY, zone=MOSCOW):
    return clock.at(day, time.fromisoformat(wall), zone)


def wall(shown):
    """What the clinic's clocks show, without a zone."""
    return datetime.fromisoformat(shown)


def hours(*spans, day=DAY, resource=7):
    return tuple(Hours(resource, at(start, day), at(end, day)) for start, end in spans)


def offered(*found, closed=(), zone=MOSCOW, step=30):
    """Day, resource and rules of each `s`, in order."""
    offer = Offer((), (Resource(7, "Wzorcowa", None, step),), found, closed)
    made = document(Telling(offer=offer), key=KEY, zone=zone)
    assert [row.id for row in made.schedules] == list(range(1, len(made.schedules) + 1))
    return [(row.day, row.resource_id, row.rules) for row in made.schedules]


def rules(*found, **more):
    return [rule for _, _, (rule,) in offered(*found, **more)]


def taken(start, end, *, kind="visit", title=""):
    return BusyTime(kind, 5, 7, start, end, title)


def told(*times, zone=MOSCOW, is_all=True):
    made = document(Telling(busy=Busy(is_all, times)), key=KEY, zone=zone)
    return made.appointments.rows


# --- working hours ------------------------------------------------------------------------------


def test_one_period_is_a_day_without_a_break():
    assert rules(*hours(("07:00", "21:00"))) == [Rule(420, 1260)]


def test_two_periods_with_a_gap_are_one_row_with_a_break():
    assert rules(*hours(("14:00", "21:00"), ("07:00", "13:00"))) == [Rule(420, 1260, 780, 840)]


def test_more_periods_become_rows_of_their_own():
    found = rules(*hours(("08:00", "09:00"), ("10:00", "11:00"), ("12:00", "13:00")))
    assert found == [Rule(480, 540), Rule(600, 660), Rule(720, 780)]


def test_periods_that_touch_keep_a_grid_each():
    assert rules(*hours(("08:00", "09:10"), ("09:10", "11:00"))) == [
        Rule(480, 550),
        Rule(550, 660),
    ]


def test_a_day_that_is_not_worked_any_more_is_said_as_such():
    tomorrow = DAY + timedelta(days=1)
    assert offered(*hours(("08:00", "12:00")), closed=[(7, tomorrow), (7, DAY)]) == [
        (DAY, 7, (Rule(480, 720),)),
        (tomorrow, 7, (Rule(0, 0),)),
    ]


def test_work_until_midnight_ends_at_24_00():
    whole = Hours(7, *clock.day_bounds(DAY, MOSCOW))
    assert offered(whole) == [(DAY, 7, (Rule(0, 1440),))]


def test_a_broken_minute_is_left_out_at_both_ends():
    start, end = at("08:00") + timedelta(seconds=30), at("12:00") + timedelta(seconds=30)
    assert rules(Hours(7, start, end)) == [Rule(481, 720)]


def test_less_than_a_minute_is_no_working_time():
    start = at("08:00") + timedelta(seconds=10)
    assert rules(Hours(7, start, start + timedelta(seconds=30))) == []


@pytest.mark.parametrize("zone", [MOSCOW, ZoneInfo("Asia/Kamchatka"), ZoneInfo("Asia/Kolkata")])
def test_clock_values_are_those_of_the_clinic(zone):
    start = clock.at(DAY, time(7), zone)
    assert rules(Hours(7, start, start + timedelta(hours=1)), zone=zone) == [Rule(420, 480)]


# --- clocks that are put forward or back -------------------------------------------------------


def test_hours_in_the_hour_that_comes_twice_are_told_only_the_first_time():
    """The portal reads the first of the two (U-15), so the second one cannot be offered."""
    second = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)  # 02:00, winter time
    assert rules(Hours(7, second, second + 60 * MINUTE), zone=WARSAW) == []
    assert rules(Hours(7, second, second + 120 * MINUTE), zone=WARSAW) == [Rule(180, 240)]
    first = second - 60 * MINUTE
    assert rules(Hours(7, first, second), zone=WARSAW) == [Rule(120, 180)]


@pytest.mark.parametrize("day", [PUT_BACK, PUT_FORWARD])
def test_every_start_that_the_portal_offers_is_one_of_ours(day):
    """The night of the change, in steps that no hour is a multiple of."""
    start, end = at("00:10", day, WARSAW), at("06:10", day, WARSAW)
    step = 35
    ours = {start + n * step * MINUTE for n in range((end - start) // (step * MINUTE))}
    offers = []
    for rule in rules(Hours(7, start, end), zone=WARSAW, step=step):
        for begin, stop in [(rule.start, rule.break_start or rule.end), (rule.break_end, rule.end)]:
            if begin is not None and begin < stop:
                offers += range(begin, stop - step + 1, step)
    assert len(offers) >= len(ours) - 3
    assert {clock.at(day, time(*divmod(each, 60)), WARSAW) for each in offers} <= ours


def test_a_visit_in_the_second_of_two_equal_hours_blocks_both():
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30, winter time
    [row] = told(taken(second, second + 30 * MINUTE), zone=WARSAW)
    assert (row.start, row.duration) == (wall("2026-10-25 02:30"), 90)


def test_a_duration_counts_the_minutes_that_pass():
    [row] = told(taken(at("23:00", DAY, WARSAW), at("23:00", PUT_BACK, WARSAW)), zone=WARSAW)
    assert row.duration == 44_640  # and no longer than the portal takes
    start, end = at("00:00", PUT_BACK, WARSAW), at("06:00", PUT_BACK, WARSAW)
    [row] = told(taken(start, end), zone=WARSAW)
    assert row.duration == 7 * 60


def test_a_zone_of_ones_own_in_the_times_changes_nothing():
    start, end = at("00:00", PUT_BACK, WARSAW), at("06:00", PUT_BACK, WARSAW)
    local = taken(start.astimezone(WARSAW), end.astimezone(WARSAW))
    assert told(local, zone=WARSAW) == told(taken(start, end), zone=WARSAW)


# --- occupied times ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("visit", "Visit"),
        ("visit-room", "VisitRoom"),
        ("visit-device", "VisitDevice"),
        ("absence", "Absence"),
    ],
)
def test_each_kind_of_occupied_time_has_a_table_of_its_own(kind, table):
    [row] = told(taken(at("10:00"), at("10:20"), kind=kind))
    assert row == model.Appointment(table, 5, 7, wall("2026-03-03 10:00"), 20, "занято")


def test_a_begun_minute_is_taken():
    [row] = told(taken(at("10:00"), at("10:20") + timedelta(seconds=1)))
    assert row.duration == 21


def test_a_title_is_told_if_there_is_one():
    [row] = told(taken(at("10:00"), at("10:20"), title="Wzorcowa Z."))
    assert row.title == "Wzorcowa Z."


def test_all_and_changes_differ_in_mode_only():
    times = (taken(at("10:00"), at("10:20")),)
    for is_all, mode in ((True, SyncMode.FULL), (False, SyncMode.DIFF)):
        made = document(Telling(busy=Busy(is_all, times)), key=KEY, zone=MOSCOW)
        assert made.appointments.mode == mode
        assert (made.groups, made.resources, made.schedules, made.orders) == (None,) * 4


@pytest.mark.parametrize("begun_days_ago", [-20, 0, 20, 200])
def test_a_long_absence_covers_every_date_that_hours_are_told_for(begun_days_ago):
    today, _ = clock.day_bounds(clock.today(MOSCOW), MOSCOW)
    start = today - timedelta(days=begun_days_ago)
    [row] = told(taken(start, today + timedelta(days=300), kind="absence"))
    assert row.duration == 44_640
    told_from = row.start.replace(tzinfo=MOSCOW)
    assert told_from <= max(start, today)
    assert told_from + row.duration * MINUTE >= today + timedelta(days=31)


def test_an_absence_that_ends_soon_keeps_its_end():
    end = at("12:00")
    [row] = told(taken(end - timedelta(days=100), end, kind="absence"))
    assert row.start.replace(tzinfo=MOSCOW) + row.duration * MINUTE == end


def test_a_long_absence_that_is_over_is_still_told_as_time():
    today, _ = clock.day_bounds(clock.today(MOSCOW), MOSCOW)
    [row] = told(taken(today - timedelta(days=100), today - timedelta(days=1), kind="absence"))
    assert row.duration == 44_640


# --- orders ------------------------------------------------------------------------------------


def answered(answer):
    [row] = document(Telling(answers=(answer,)), key=KEY, zone=MOSCOW).orders
    return row


@pytest.mark.parametrize(
    ("state", "status"),
    [(OrderState.ACCEPTED, 1), (OrderState.ENDED, 3), (OrderState.WAITING, 0)],
)
def test_an_answer_is_a_status_and_nothing_else(state, status):
    changed_on = wall("2026-03-02 10:00")
    assert answered(Answer("3", state)) == model.Order(3, status, changed_on=changed_on)


def test_a_moved_order_says_when_how_long_and_with_whom():
    answer = Answer("3", OrderState.WAITING, at("15:30"), at("15:55"), -90)
    row = answered(answer)
    assert (row.status, row.start, row.duration) == (0, wall("2026-03-03 15:30"), 25)
    assert row.mis_resource_id == -90


# --- the whole document ------------------------------------------------------------------------


def test_a_document_is_spelled_like_the_sample():
    """Golden: reviewed by eye against section 4 of the protocol and the sample."""
    offer = Offer(
        (Group(4, "Кардиология"),),
        (Resource(7, "Wzorcowa Z.", 4, 20), Resource(-90, "Кабинет «A & B»", None, 30)),
        hours(("07:00", "13:00"), ("14:00", "21:00")),
        ((-90, DAY),),
    )
    busy = Busy(
        is_all=True,
        times=(
            BusyTime("visit", 12, 7, at("10:00"), at("10:20")),
            BusyTime("absence", 12, -90, at("00:00"), at("12:30"), "Совещание <1>"),
        ),
    )
    answers = (
        Answer("3", OrderState.ACCEPTED),
        Answer("4", OrderState.WAITING, at("15:30"), at("16:00"), -90),
    )
    made = write(document(Telling(offer, busy, answers), key=KEY, zone=MOSCOW))
    assert made.decode() == (GOLDEN / "telling.2026-11-22.xml").read_text()
