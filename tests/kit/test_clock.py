from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.kit import clock

START = datetime(2024, 1, 1, tzinfo=UTC)

# Zones of the portals' countries and of Russia, and two that change at midnight or by half hours.
ZONES = [
    "Europe/Warsaw",
    "Europe/Prague",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Berlin",
    "Europe/Lisbon",
    "Europe/Istanbul",
    "Europe/Moscow",
    "Asia/Vladivostok",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Mexico_City",
    "America/Bogota",
    "America/Lima",
    "America/Argentina/Buenos_Aires",
    "Australia/Lord_Howe",
]


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 2), 24)],
)
def test_a_day_in_warsaw_has_23_24_or_25_hours(day, hours):
    start, end = clock.day_bounds(day, ZoneInfo("Europe/Warsaw"))
    assert end - start == timedelta(hours=hours)


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
