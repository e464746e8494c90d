"""Whole dates, and the same meaning said in other words."""

import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.connectors.docplanner import periods
from slotbridge.kit import clock
from slotbridge.sync.contract import Offer, OpenPeriod, Refused
from slotbridge.sync.reconcile import offered_starts
from tests.contract_checker import Contract

WARSAW = ZoneInfo("Europe/Warsaw")
CONTRACT = Contract()
MONDAY = date(2026, 3, 2)
FAR = datetime(2030, 1, 1, tzinfo=UTC)
# Ordinary days and both days of the year on which clocks are changed.
DAYS = [MONDAY, date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25), date(2026, 12, 31)]
# At the last minute of a day the portal takes nothing: README, "midnight".
SAID_UNTIL = timedelta(minutes=1)


def at(wall: str, day: date = MONDAY) -> datetime:
    return clock.at(day, time.fromisoformat(wall), WARSAW)


def period(start: str, end: str, *offers: tuple[str, int], day: date = MONDAY) -> OpenPeriod:
    return OpenPeriod(at(start, day), at(end, day), tuple(Offer(*offer) for offer in offers))


def say(days, avoid=frozenset(), latest=FAR):
    return periods.request(days, WARSAW, latest=latest, avoid=avoid)


def understood(body):
    """What a portal makes of a body: {date: periods with services}, by the reference's words."""
    days: dict[date, list[OpenPeriod]] = {}
    for slot in json.loads(json.dumps(body))["slots"]:
        start, end = (datetime.fromisoformat(slot[edge]) for edge in ("start", "end"))
        assert start.date() == end.date(), "within one day"
        assert end - start >= timedelta(minutes=1)
        offers = [
            Offer(each["address_service_id"], each["duration"]) for each in slot["address_services"]
        ]
        days.setdefault(start.astimezone(WARSAW).date(), []).append(
            OpenPeriod(start.astimezone(UTC), end.astimezone(UTC), tuple(offers))
        )
    for told in days.values():
        for one, other in pairwise(sorted(told)):
            assert one.end <= other.start, "overlapping periods are undefined"
    return days


def starts(told):
    return {day: offered_starts(some) for day, some in told.items()}


@st.composite
def whole_days(draw):
    """{date: open periods of that date in order, none overlapping}."""
    chosen = draw(st.lists(st.sampled_from(DAYS), unique=True, min_size=1, max_size=3))
    return {day: draw(open_periods(day)) for day in chosen}


@st.composite
def open_periods(draw, day):
    start, end = clock.day_bounds(day, WARSAW)
    minutes = (end - start - SAID_UNTIL) // timedelta(minutes=1)
    cuts = draw(st.lists(st.integers(0, minutes), unique=True, max_size=6).map(sorted))
    lengths = st.sampled_from([5, 15, 20, 30, 45, 60])
    offers = st.dictionaries(st.sampled_from(["11", "12", "13"]), lengths, min_size=1, max_size=3)
    return [
        OpenPeriod(
            start + timedelta(minutes=first),
            start + timedelta(minutes=last),
            tuple(sorted(Offer(*each) for each in draw(offers).items())),
        )
        for first, last in zip(cuts[::2], cuts[1::2], strict=False)
    ]


@given(whole_days())
def test_what_is_said_is_what_is_meant(days):
    request = say(days)
    CONTRACT.check_schema(
        "replaceSlots", request.body, {"$ref": "#/components/schemas/ReplaceSlotsRequest"}
    )
    told = understood(request.body)
    assert told.keys() == days.keys()  # every date by name, and no other
    for day, wanted in days.items():
        assert [each for each in told[day] if each.offers] == sorted(wanted)


@given(whole_days(), st.integers(1, 5))
def test_a_body_that_would_be_ignored_is_said_differently_but_means_the_same(days, repeats):
    avoid: set[str] = set()
    bodies = []
    for _ in range(repeats + 1):
        request = say(days, avoid)
        assert request.digest not in avoid
        avoid.add(request.digest)
        bodies.append(request.body)
        assert starts(understood(request.body)) == starts(days)
    assert all(one != other for number, one in enumerate(bodies) for other in bodies[:number])


def test_the_digest_is_of_what_is_said_not_of_how_it_was_given():
    morning, evening = period("08:00", "12:00", ("11", 30)), period("16:00", "18:00", ("11", 30))
    tuesday = MONDAY + timedelta(days=1)
    one = say({MONDAY: [morning, evening], tuesday: []})
    other = say({tuesday: [], MONDAY: [evening, morning]})
    assert one == other
    assert one.digest != say({MONDAY: [morning], tuesday: []}).digest


def test_a_date_without_periods_is_named_by_one_without_services():
    assert say({MONDAY: []}).body == {
        "slots": [
            {
                "start": "2026-03-02T00:00:00+01:00",
                "end": "2026-03-02T23:59:00+01:00",
                "address_services": [],
            }
        ]
    }


def test_a_period_without_offers_opens_nothing():
    assert say({MONDAY: [period("08:00", "12:00")]}) == say({MONDAY: []})


def test_the_quiet_minute_of_a_repeated_body_lies_where_nothing_is_offered():
    day = {MONDAY: [period("08:00", "23:50", ("11", 30), ("12", 45))]}
    again = say(day, {say(day).digest})
    extra = understood(again.body)[MONDAY][-1]
    assert extra == OpenPeriod(at("23:58"), at("23:59"), ())


def test_a_day_that_is_full_of_one_service_is_cut_at_its_own_grid():
    day = {MONDAY: [period("00:00", "23:59", ("11", 30), ("12", 30))]}
    again = say(day, {say(day).digest})
    first, second = understood(again.body)[MONDAY]
    assert (first.end, second.start) == (at("00:30"), at("00:30"))
    assert starts(understood(again.body)) == starts(day)


def test_where_every_cut_would_lose_a_start_nothing_is_said():
    full = {MONDAY: [period("00:00", "23:59", ("11", 30), ("12", 45))]}
    assert say(full, {say(full).digest}) is None


def test_the_doubled_hour_of_autumn_is_told_by_its_offsets():
    day = date(2026, 10, 25)
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    told = say({day: [OpenPeriod(start, start + timedelta(hours=1), (Offer("11", 30),))]}).body
    assert told["slots"][0]["start"] == "2026-10-25T02:30:00+02:00"
    assert told["slots"][0]["end"] == "2026-10-25T02:30:00+01:00"


def test_a_period_up_to_midnight_loses_its_last_minute():
    midnight = OpenPeriod(at("22:00"), at("00:00", date(2026, 3, 3)), (Offer("11", 30),))
    [told] = understood(say({MONDAY: [midnight]}).body)[MONDAY]
    assert (told.start, told.end) == (at("22:00"), at("23:59"))


@pytest.mark.parametrize(
    "wrong",
    [
        [OpenPeriod(at("23:00"), at("01:00", date(2026, 3, 3)), (Offer("11", 30),))],
        [period("08:00", "09:00", ("11", 30), day=date(2026, 3, 3))],
        [period("09:00", "08:00", ("11", 30))],
        [period("08:00", "10:00", ("11", 30)), period("09:00", "11:00", ("12", 30))],
    ],
    ids=["over midnight", "another date", "backwards", "overlapping"],
)
def test_what_the_portal_would_refuse_or_leaves_undefined_is_not_sent(wrong):
    with pytest.raises(Refused):
        say({MONDAY: wrong})


def test_nothing_ends_later_than_the_portal_takes():
    latest = at("10:00")
    in_time = period("08:00", "10:00", ("11", 30))
    assert understood(say({MONDAY: [in_time]}, latest=latest).body) == {MONDAY: [in_time]}
    with pytest.raises(Refused):
        say({MONDAY: [period("08:00", "10:01", ("11", 30))]}, latest=latest)
    with pytest.raises(Refused):
        say({MONDAY + timedelta(days=1): []}, latest=latest)
    [naming] = understood(say({MONDAY: []}, latest=latest).body)[MONDAY]
    assert naming.end == latest
