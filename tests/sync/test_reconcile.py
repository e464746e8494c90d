import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.kit.clock import day_bounds
from slotbridge.sync.contract import Offer, OfferedStart, OpenPeriod
from slotbridge.sync.periods import from_json, to_json
from slotbridge.sync.reconcile import (
    CalendarVanished,
    Day,
    check_vanished,
    cut_slot,
    days_to_tell,
    merged,
    offered_starts,
)

DAY = date(2026, 3, 2)
NINE = datetime(2026, 3, 2, 8, tzinfo=UTC)
WARSAW = ZoneInfo("Europe/Warsaw")
WHOLE_DAY = [day_bounds(DAY, WARSAW)]


def minutes(count):
    return timedelta(minutes=count)


def period(start, end, *offers):
    return OpenPeriod(
        NINE + minutes(start), NINE + minutes(end), tuple(Offer(s, m) for s, m in offers)
    )


def starts(*pairs):
    return frozenset(OfferedStart(NINE + minutes(start), service) for start, service in pairs)


def test_the_grid_is_the_greatest_common_divisor_and_a_service_must_fit():
    # behaviour.md section 7: 20 and 60 give 20-minute starts, the hour only where it fits
    assert offered_starts([period(0, 80, ("short", 20), ("long", 60))]) == starts(
        (0, "short"), (20, "short"), (40, "short"), (60, "short"), (0, "long"), (20, "long")
    )


def test_a_booking_hides_every_start_it_overlaps():
    booked = [(NINE + minutes(20), NINE + minutes(40))]
    shown = offered_starts([period(0, 60, ("a", 20), ("b", 40))], booked)
    assert shown == starts((0, "a"), (40, "a"))


def test_a_booking_made_at_the_portal_needs_no_write():
    offers = [Offer("a", 20)]
    booked = (NINE, NINE + minutes(20))
    wanted = cut_slot(NINE, [(booked[1], NINE + minutes(60))], offers, WHOLE_DAY)
    told = cut_slot(NINE, [(NINE, NINE + minutes(60))], offers, WHOLE_DAY)
    day = Day(wanted=tuple(wanted), told=tuple(told), taken=(booked,))
    assert days_to_tell({DAY: day}, NINE) == []


def test_what_the_portal_shows_is_not_known_so_the_day_is_told():
    assert days_to_tell({DAY: Day(wanted=(), told=None)}, NINE) == [DAY]


def test_starts_that_are_over_are_no_difference():
    told = (period(0, 20, ("a", 20)),)
    assert days_to_tell({DAY: Day(wanted=(), told=told)}, NINE + minutes(1)) == []
    assert days_to_tell({DAY: Day(wanted=(), told=told)}, NINE) == [DAY]


def test_a_slot_over_midnight_is_cut_and_nothing_crosses():
    midnight = day_bounds(DAY, WARSAW)[1]
    slot = (midnight - minutes(30), midnight + minutes(60))
    days = [day_bounds(DAY, WARSAW), day_bounds(DAY + timedelta(days=1), WARSAW)]
    cut = cut_slot(slot[0], [slot], [Offer("a", 30), Offer("b", 45)], days)
    assert [(p.start, p.end) for p in cut] == [(slot[0], midnight), (midnight, slot[1])]
    assert offered_starts(cut) == frozenset(
        OfferedStart(at, service)
        for at, service in [
            (slot[0], "a"),
            (midnight, "a"),
            (midnight + minutes(15), "a"),
            (midnight + minutes(30), "a"),
            (midnight - minutes(30), "b"),
            (midnight, "b"),
            (midnight + minutes(15), "b"),
        ]
        if at + minutes({"a": 30, "b": 45}[service]) <= (midnight if at < midnight else slot[1])
        and (at - slot[0]) % minutes(15) == timedelta()
    )


def test_full_is_told_and_empty_is_held():
    told = tuple(period(n * 60, n * 60 + 60, ("a", 20)) for n in range(10))
    taken = ((NINE, NINE + minutes(600)),)
    full = {DAY: Day(wanted=(), told=told, taken=taken)}
    empty = {DAY: Day(wanted=(), told=told)}
    check_vanished(full, others_open=lambda: False, now=NINE)
    check_vanished(empty, others_open=lambda: True, now=NINE)
    with pytest.raises(CalendarVanished):
        check_vanished(empty, others_open=lambda: False, now=NINE)


def test_a_few_slots_withdrawn_are_a_decision_and_told_at_once():
    few = {DAY: Day(wanted=(), told=(period(0, 100, ("a", 20)),))}
    check_vanished(few, others_open=lambda: False, now=NINE)


@st.composite
def slots(draw):
    """A slot, offers that fit into it, and ranges of it that are busy."""
    length = draw(st.integers(10, 180))
    offers = draw(
        st.dictionaries(
            st.sampled_from("abc"), st.sampled_from([5, 10, 15, 20, 30, 45, 60]), min_size=1
        )
    )
    fitting = [Offer(s, m) for s, m in offers.items() if m <= length]
    busy = draw(st.lists(st.tuples(st.integers(0, length), st.integers(1, 60)), max_size=4))
    return length, fitting, [(NINE + minutes(a), NINE + minutes(a + b)) for a, b in busy]


@given(slots())
def test_telling_what_is_left_offers_what_the_portal_would_have_left(slot):
    """The promise behind "no write": cutting here and hiding there end in the same starts."""
    length, offers, busy = slot
    end = NINE + minutes(length)
    free, at = [], NINE
    for start, stop in merged(busy):
        if at < min(start, end):
            free.append((at, min(start, end)))
        at = max(at, stop)
    if at < end:
        free.append((at, end))
    told_whole = cut_slot(NINE, [(NINE, end)], offers, WHOLE_DAY)
    told_cut = cut_slot(NINE, free, offers, WHOLE_DAY)
    assert offered_starts(told_cut) == offered_starts(told_whole, busy)


@given(slots())
def test_telling_twice_equals_telling_once(slot):
    length, offers, _busy = slot
    told = tuple(cut_slot(NINE, [(NINE, NINE + minutes(length))], offers, WHOLE_DAY))
    assert days_to_tell({DAY: Day(wanted=told, told=from_json(to_json(told)))}, NINE) == []


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(-5, 90)), max_size=20))
def test_merging_keeps_every_minute_and_joins_what_touches(raw):
    ranges = [(NINE + minutes(a), NINE + minutes(a + b)) for a, b in raw]
    joined = merged(ranges)
    inside = lambda where, at: any(s <= at < e for s, e in where)  # noqa: E731
    for minute in range(600):
        at = NINE + minutes(minute)
        assert inside(joined, at) == inside(ranges, at)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(joined))
