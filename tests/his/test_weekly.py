from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotbridge.his import weekly

WARSAW = ZoneInfo("Europe/Warsaw")
SPRING = date(2026, 3, 29)  # 02:00 becomes 03:00
AUTUMN = date(2026, 10, 25)  # 03:00 becomes 02:00


def period(weekday, start, end, minutes, **columns):
    return weekly.Period(
        weekday, time.fromisoformat(start), time.fromisoformat(end), minutes, **columns
    )


def walls(day, *periods, tz=WARSAW):
    """What clocks show at the starts of a date's slots."""
    planned = weekly.plan(periods, day, day, tz)
    return [f"{start.astimezone(tz):%H:%M}" for start, _ in planned]


def test_a_period_is_cut_into_whole_slots():
    assert walls(date(2026, 3, 2), period(0, "09:00", "10:10", 20)) == ["09:00", "09:20", "09:40"]


def test_a_pattern_repeats_on_its_weekday():
    planned = weekly.plan(
        [period(2, "09:00", "10:00", 60)], date(2026, 3, 1), date(2026, 3, 31), WARSAW
    )

    assert [slot.day.day for slot in planned.values()] == [4, 11, 18, 25]
    # Nine on the wall, before and after clocks jump.
    assert {start.astimezone(WARSAW).time() for start, _ in planned} == {time(9)}


def test_both_ends_of_the_range_are_in_it_and_an_empty_range_has_no_slot():
    monday = date(2026, 3, 2)
    every_day = [period(n, "09:00", "10:00", 60) for n in range(7)]

    assert len(weekly.plan(every_day, monday, monday, WARSAW)) == 1
    assert len(weekly.plan(every_day, monday, monday + timedelta(days=1), WARSAW)) == 2
    assert weekly.plan(every_day, monday, monday - timedelta(days=1), WARSAW) == {}


def test_a_skipped_hour_has_no_slot():
    night = period(6, "01:00", "04:00", 30)

    assert walls(SPRING, night) == ["01:00", "01:30", "03:00", "03:30"]


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        ("02:00", "02:45", []),
        ("02:15", "03:30", ["03:00", "03:15"]),
        ("01:30", "02:30", ["01:30", "01:45"]),
    ],
)
def test_a_period_that_begins_or_ends_in_the_skipped_hour_is_cut_at_the_jump(start, end, shown):
    assert walls(SPRING, period(6, start, end, 15)) == shown


def test_a_period_through_the_doubled_hour_works_through_both():
    night = period(6, "01:30", "03:30", 30)

    assert walls(AUTUMN, night) == ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]


def test_a_period_that_ends_in_the_doubled_hour_ends_at_the_first():
    assert walls(AUTUMN, period(6, "01:30", "02:30", 30)) == ["01:30", "02:00"]


def test_a_midnight_that_does_not_exist_is_the_first_instant_of_its_day():
    sao_paulo = ZoneInfo("America/Sao_Paulo")
    sunday = date(2018, 11, 4)  # 00:00 became 01:00

    assert walls(sunday, period(6, "00:00", "02:00", 30), tz=sao_paulo) == ["01:00", "01:30"]


def test_a_day_that_does_not_exist_has_no_slot():
    apia = ZoneInfo("Pacific/Apia")

    assert walls(date(2011, 12, 30), period(4, "09:00", "10:00", 30), tz=apia) == []


def test_a_jump_of_half_an_hour_is_found_to_the_minute():
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    sunday = date(2026, 10, 4)  # 02:00 became 02:30

    assert walls(sunday, period(6, "01:45", "03:00", 15), tz=lord_howe) == [
        "01:45",
        "02:30",
        "02:45",
    ]


@pytest.mark.parametrize(
    "periods",
    [
        [period(0, "09:00", "10:00", 30), period(0, "09:59", "11:00", 30)],
        [period(0, "10:00", "09:00", 30)],
        [period(0, "10:00", "10:00", 30)],
    ],
)
def test_periods_that_overlap_are_refused(periods):
    with pytest.raises(weekly.PeriodsOverlap):
        weekly.check(periods)


def test_periods_that_touch_or_are_of_other_days_are_accepted():
    weekly.check(
        [
            period(0, "10:00", "11:00", 30),
            period(0, "09:00", "10:00", 30),
            period(1, "09:30", "10:30", 30),
        ]
    )


ZONES = [
    "Europe/Warsaw",
    "Europe/Moscow",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Gaza",
]
wall_minutes = st.lists(st.integers(0, 1439), min_size=2, max_size=8, unique=True)


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    first=st.dates(date(2009, 1, 1), date(2035, 1, 1)),
    minutes=wall_minutes,
    length=st.integers(1, 200),
)
def test_slots_never_overlap_are_equally_long_and_lie_on_their_day(zone, first, minutes, length):
    tz = ZoneInfo(zone)
    edges = [time(minute // 60, minute % 60) for minute in sorted(minutes)]
    periods = [
        weekly.Period(weekday, start, end, length)
        for weekday in range(7)
        for start, end in pairwise(edges)
    ]
    planned = list(weekly.plan(periods, first, first + timedelta(days=6), tz).values())

    for earlier, later in pairwise(planned):
        assert earlier.end <= later.start
    for slot in planned:
        assert slot.end - slot.start == timedelta(minutes=length)
        assert slot.start.astimezone(tz).date() == slot.day
        assert slot.start.astimezone(tz).time() >= edges[0]


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2009, 1, 1), date(2035, 1, 1)),
    wall=st.times().map(lambda wall: wall.replace(second=0, microsecond=0)),
)
def test_an_instant_is_the_first_that_shows_the_wall_time_or_a_later_one(zone, day, wall):
    tz = ZoneInfo(zone)
    instant = weekly.instant(day, wall, tz)
    shown = instant.astimezone(tz).replace(tzinfo=None)
    minute_before = (instant - timedelta(minutes=1)).astimezone(tz).replace(tzinfo=None)

    assert shown >= datetime.combine(day, wall)
    assert minute_before < datetime.combine(day, wall)
