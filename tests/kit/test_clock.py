from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.connectors.docplanner import site
from slotbridge.kit import clock
from slotbridge.portal.pages.operator_forms import RUSSIAN_ZONES

START = datetime(2024, 1, 1, tzinfo=UTC)

# Every zone that a portal's dates are told by, and one that changes by half an hour.
ZONES = sorted({
    *(zone.key for zone in site.ZONES.values()), *RUSSIAN_ZONES, "Australia/Lord_Howe",
})  # fmt: skip

# Those whose clocks change in the years ahead, as the zone database has it now.
CHANGING = {
    "America/Santiago",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Lisbon",
    "Europe/Madrid",
    "Europe/Prague",
    "Europe/Rome",
    "Europe/Warsaw",
}


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 2), 24)],
)
def test_a_day_in_warsaw_has_23_24_or_25_hours(day, hours):
    start, end = clock.day_bounds(day, ZoneInfo("Europe/Warsaw"))
    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize("zone", ZONES)
def test_a39_every_date_of_every_zone_has_the_half_hours_that_its_clocks_show(zone):
    """Days of 23 and 25 hours among them; a year, counted instant by instant."""
    tz = ZoneInfo(zone)
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    begin, end = clock.day_bounds(first, tz)[0], clock.day_bounds(last, tz)[1]
    half = timedelta(minutes=30)
    shown = Counter(
        (begin + n * half).astimezone(tz).date() for n in range(int((end - begin) / half))
    )
    lengths = {}
    for n in range(365):
        begun, ended = clock.day_bounds(first + timedelta(days=n), tz)
        lengths[first + timedelta(days=n)] = (ended - begun) / half
    assert lengths == shown
    jump = 1 if zone == "Australia/Lord_Howe" else 2
    odd = sorted(length for length in lengths.values() if length != 48)
    assert odd == ([48 - jump, 48 + jump] if zone in CHANGING else [])


def test_a_skipped_wall_time_comes_just_as_far_after_the_jump():
    at = clock.at(date(2026, 3, 29), time(2, 30), ZoneInfo("Europe/Warsaw"))
    assert at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_wall_time_that_occurs_twice_is_the_first():
    at = clock.at(date(2026, 10, 25), time(2, 30), ZoneInfo("Europe/Warsaw"))
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(st.sampled_from(ZONES), st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_days_tile_time_without_gap_or_overlap(zone, day):
    tz = ZoneInfo(zone)
    start, end = clock.day_bounds(day, tz)
    assert clock.day_bounds(day + timedelta(days=1), tz)[0] == end
    assert clock.day_of(start, tz) == day
    assert clock.day_of(end - timedelta(microseconds=1), tz) == day
    assert clock.days_between(start, end, tz) == [day]


@given(
    st.sampled_from(ZONES),
    st.integers(0, 50_000).map(lambda hours: START + timedelta(hours=hours)),
    st.integers(0, 400),
)
def test_days_between_are_all_days_that_are_touched(zone, start, hours):
    tz = ZoneInfo(zone)
    end = start + timedelta(hours=hours)
    days = clock.days_between(start, end, tz)
    touched = {clock.day_of(start + timedelta(minutes=30 * n), tz) for n in range(hours * 2)}
    assert set(days) >= touched
    assert days == sorted(set(days))
    for day in days:
        first, last = clock.day_bounds(day, tz)
        assert first < end
        assert start < last


def test_the_clock_can_be_moved_for_a_process():
    before = clock.now()
    clock.set_offset(timedelta(days=1))
    try:
        assert clock.now() - before >= timedelta(days=1)
    finally:
        clock.set_offset(timedelta())
