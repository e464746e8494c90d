"""Work periods, the grid, and the traps of PUT slots (behaviour.md section 7)."""

import json
from datetime import UTC, datetime, timedelta
from functools import reduce
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.kit import clock
from slotbridge.sandbox import actors, calendars, rules
from slotbridge.sandbox.models import CalendarDay, SlotRequest
from tests.sandbox.conftest import PATIENT, hour, iso

pytestmark = pytest.mark.django_db(databases=["sandbox"])


def test_the_grid_step_is_the_gcd_of_the_durations_and_long_services_must_fit(clinic, tomorrow):
    nine = hour(tomorrow, 9)
    clinic.put(
        clinic.period(nine, nine + timedelta(hours=2), (clinic.visit, 60), (clinic.check, 20))
    )
    slots = clinic.slots(hour(tomorrow, 0), hour(tomorrow, 24), **{"with": "slot.services"})

    offered = {
        slot["start"][11:16]: {
            service["id"]: service["duration"] for service in slot["address_services"]["_items"]
        }
        for slot in slots
    }
    both = {str(clinic.visit.pk): 60, str(clinic.check.pk): 20}
    short = {str(clinic.check.pk): 20}
    assert offered == {
        "09:00": both,
        "09:20": both,
        "09:40": both,
        "10:00": both,
        "10:20": short,
        "10:40": short,
    }


def test_booking_the_long_service_hides_every_start_it_covers(clinic, tomorrow):
    nine = hour(tomorrow, 9)
    clinic.put(
        clinic.period(nine, nine + timedelta(hours=2), (clinic.visit, 60), (clinic.check, 20))
    )
    assert clinic.book(nine + timedelta(minutes=20), minutes=60).status_code == 200

    assert clinic.starts(tomorrow) == ["09:00", "10:20", "10:40"]
    offered = actors.offered(clinic.address, nine, nine + timedelta(hours=2))
    assert {service for _start, service in offered} == {clinic.check.pk}


def test_a_put_replaces_the_whole_date_it_names_and_no_other(clinic, tomorrow):
    later = tomorrow + timedelta(days=1)
    clinic.put(
        clinic.period(hour(tomorrow, 8), hour(tomorrow, 8.5), (clinic.visit, 30)),
        clinic.period(hour(tomorrow, 10), hour(tomorrow, 10.5), (clinic.visit, 30)),
        clinic.period(hour(later, 8), hour(later, 8.5), (clinic.visit, 30)),
    )
    clinic.put(clinic.period(hour(tomorrow, 8), hour(tomorrow, 8.5)))

    assert clinic.starts(tomorrow) == []
    assert clinic.starts(later) == ["08:00"]
    assert CalendarDay.objects.filter(address=clinic.address).count() == 1


def test_null_services_clear_a_date_like_an_empty_list(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    period = clinic.period(hour(tomorrow, 9), hour(tomorrow, 10)) | {"address_services": None}
    assert clinic.put(period).status_code == 201
    assert clinic.starts(tomorrow) == []


def test_delete_slots_clears_one_date(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    clinic.tell_day(tomorrow + timedelta(days=1))
    assert clinic.api("DELETE", f"{clinic.path}/slots/{tomorrow.date()}").status_code == 204
    assert clinic.api("DELETE", f"{clinic.path}/slots/yesterday").status_code == 404

    assert clinic.starts(tomorrow) == []
    assert len(clinic.starts(tomorrow + timedelta(days=1))) == 6


def test_bookings_survive_a_put_and_hide_the_new_slots(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    clinic.book(hour(tomorrow, 9.5))
    clinic.tell_day(tomorrow, 9, 11)

    assert clinic.starts(tomorrow) == ["09:00", "10:00", "10:30"]


def _service(name, minutes):
    return {"address_services": [{"address_service_id": name, "duration": minutes}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"end": 9 + 59 / 3600}, "Invalid arguments"),
        ({"end": 33}, "exceeds a single day boundary"),
        ({"end": 24}, "exceeds a single day boundary"),
        ({"end": None}, "Invalid arguments"),
        ({"start": "2026-12-01T09:00:00"}, "Invalid arguments"),
        ({"address_services": "all"}, "Invalid arguments"),
        (_service("1", 30), "Address service does not exist"),
        (_service("visit", 0), "Invalid arguments"),
        ({"insurance_accepted": "with-insurance-only"}, "providers are missing"),
        (
            {"insurance_accepted": "without-insurance-only", "insurance_providers": [13]},
            "without-insurance-only",
        ),
        ({"insurance_providers": [13]}, "with id (13) not found for address id"),
    ],
)
def test_a_period_out_of_bounds_is_400_and_changes_nothing(clinic, tomorrow, change, message):
    clinic.tell_day(tomorrow)
    period = clinic.period(hour(tomorrow, 9), hour(tomorrow, 10), (clinic.visit, 30))
    text = json.dumps(period | change).replace('"visit"', f'"{clinic.visit.pk}"')
    changed = json.loads(text)
    if isinstance(changed["end"], int | float):
        changed["end"] = iso(hour(tomorrow, changed["end"]))
    answer = clinic.put(changed)

    assert (answer.status_code, message in answer.json()["message"]) == (400, True)
    assert len(clinic.starts(tomorrow)) == 6


def test_the_end_is_at_most_12_weeks_ahead_and_the_error_names_its_period(frozen, clinic):
    furthest = clock.now() + timedelta(weeks=12)
    good = clinic.period(furthest - timedelta(hours=1), furthest, (clinic.visit, 30))
    bad = good | {"end": iso(furthest + timedelta(minutes=1))}

    assert clinic.put(good).status_code == 201
    answer = clinic.put(good, bad)
    assert answer.status_code == 400
    # 08:00 in winter; twelve weeks later Warsaw is in summer time
    told = "End date should be less than or equal to 25.05.2026, 09:00."
    assert answer.json() == {"errors": {"slots[1].end": [told]}, "message": "Invalid arguments"}
    clinic.api.quirk(errors_as_object=False)
    assert clinic.put(good, bad).json()["errors"] == [told]


def test_midnight_ends_a_day_only_by_a_switch(clinic, tomorrow):
    late = clinic.period(hour(tomorrow, 23), hour(tomorrow, 24), (clinic.visit, 30))
    assert clinic.put(late).status_code == 400
    clinic.api.quirk(midnight_ends_day=True)
    assert clinic.put(late).status_code == 201
    assert clinic.starts(tomorrow) == ["23:00", "23:30"]


def test_a_b_a_within_three_minutes_leaves_b(frozen, clinic, tomorrow):
    a = clinic.period(hour(tomorrow, 9), hour(tomorrow, 10), (clinic.visit, 30))
    b = clinic.period(hour(tomorrow, 14), hour(tomorrow, 15), (clinic.visit, 30))
    answers = [clinic.put(each).status_code for each in (a, b, a)]

    assert answers == [201, 201, 201]
    assert clinic.starts(tomorrow) == ["14:00", "14:30"]
    frozen.shift(timedelta(minutes=3))
    assert clinic.put(a).status_code == 201
    assert clinic.starts(tomorrow) == ["09:00", "09:30"]


def test_the_same_meaning_in_other_periods_is_another_request(clinic, tomorrow):
    nine, eleven = hour(tomorrow, 9), hour(tomorrow, 11)
    whole = clinic.period(nine, eleven, (clinic.visit, 30))
    halves = [
        clinic.period(nine, hour(tomorrow, 10), (clinic.visit, 30)),
        clinic.period(hour(tomorrow, 10), eleven, (clinic.visit, 30)),
    ]
    clinic.put(whole)
    clinic.put(clinic.period(nine, hour(tomorrow, 9.5), (clinic.visit, 30)))
    clinic.put(*halves)

    assert clinic.starts(tomorrow) == ["09:00", "09:30", "10:00", "10:30"]


def test_the_same_request_in_progress_is_429_and_shows_only_when_processed(
    frozen, clinic, tomorrow
):
    clinic.api.quirk(put_delay_seconds=10)
    period = clinic.period(hour(tomorrow, 9), hour(tomorrow, 10), (clinic.visit, 30))
    first, second = clinic.put(period), clinic.put(period)

    assert (first.status_code, second.status_code) == (201, 429)
    assert clinic.starts(tomorrow) == []
    frozen.shift(timedelta(seconds=10))
    assert clinic.starts(tomorrow) == ["09:00", "09:30"]
    assert clinic.put(period).status_code == 201
    frozen.shift(timedelta(minutes=8))
    clinic.tell_day(tomorrow, 14, 15)
    frozen.shift(timedelta(seconds=10))
    assert clinic.starts(tomorrow) == ["14:00", "14:30"]
    assert SlotRequest.objects.filter(address=clinic.address).count() == 1  # old ones forgotten


def test_ignoring_repeats_can_be_switched_off(clinic, tomorrow):
    clinic.api.quirk(repeated_put_ignored=False)
    clinic.tell_day(tomorrow, 9, 10)
    clinic.api("DELETE", f"{clinic.path}/slots/{tomorrow.date()}")
    clinic.tell_day(tomorrow, 9, 10)
    assert clinic.starts(tomorrow) == ["09:00", "09:30"]


def test_slots_are_read_for_180_days_at_most(clinic, tomorrow):
    def read(days):
        end = iso(tomorrow + timedelta(days=days))
        return clinic.api(
            "GET", f"{clinic.path}/slots", params={"start": iso(tomorrow), "end": end}
        )

    clinic.tell_day(tomorrow)
    assert read(180).status_code == 200
    answer = read(181)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Date range must not exceed 180 days"


def test_no_slots_is_404_or_an_empty_list_by_the_switch(clinic, tomorrow):
    def read(day):
        params = {"start": iso(hour(day, 0)), "end": iso(hour(day, 24))}
        return clinic.api("GET", f"{clinic.path}/slots", params=params).status_code

    never_fed = read(tomorrow)
    clinic.tell_day(tomorrow)
    empty_day = tomorrow + timedelta(days=5)
    mixed = read(empty_day)
    clinic.api.quirk(no_slots_404="always")
    always = read(empty_day)
    clinic.api.quirk(no_slots_404="never")
    assert (never_fed, mixed, always, read(empty_day)) == (404, 200, 404, 200)


def test_starts_that_have_passed_are_not_offered(frozen, clinic):
    today = clock.now()  # 08:00 in Warsaw
    clinic.tell_day(today, 7, 9)
    assert clinic.starts(today) == ["08:00", "08:30"]
    frozen.shift(timedelta(seconds=1))
    assert clinic.starts(today) == ["08:30"]
    assert clinic.book(hour(today, 7)).status_code == 404


def test_a_disabled_calendar_offers_nothing_and_put_leaves_it_disabled(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    clinic.api("POST", f"{clinic.path}/calendar/disable")
    assert clinic.starts(tomorrow) == []
    refused = clinic.book(hour(tomorrow, 9))
    assert refused.json()["message"] == "Unable to book a visit for this address"
    clinic.tell_day(tomorrow, 9, 11)
    assert clinic.starts(tomorrow) == []

    clinic.api.quirk(put_enables_calendar=True)
    clinic.tell_day(tomorrow, 9, 10)
    assert clinic.starts(tomorrow) == ["09:00", "09:30"]


def test_the_doctor_redraws_a_day_and_nobody_is_told(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    period = rules.Period(hour(tomorrow, 15), hour(tomorrow, 16), ((clinic.visit.pk, 30),))
    actors.doctor_changes_slots(clinic.address, tomorrow.date(), [period])

    assert clinic.starts(tomorrow) == ["15:00", "15:30"]
    assert clinic.api("GET", "/notifications").status_code == 404


def test_services_on_offer_at_a_start_come_with_their_duration(clinic, tomorrow):
    clinic.tell_day(tomorrow, 9, 10, ((clinic.visit, 30), (clinic.check, 20)))
    answer = clinic.api(
        "GET",
        f"{clinic.path}/services",
        params={"start": iso(hour(tomorrow, 9) + timedelta(minutes=40))},
    )
    assert [(row["id"], row["duration"], row["price"]) for row in answer.json()["_items"]] == [
        (str(clinic.check.pk), 20, 120)  # 120.50 złoty, decimals cut off
    ]


def test_a_day_of_23_hours_keeps_its_wall_clock(frozen, clinic):
    frozen.move_to("2026-03-20T07:00:00+00:00")
    clinic.api.renew()
    jump = datetime(2026, 3, 29, 12, tzinfo=rules.LOCALE_ZONE)
    start = datetime(2026, 3, 29, 1, tzinfo=rules.LOCALE_ZONE)
    period = clinic.period(start, jump.replace(hour=4), (clinic.visit, 30))
    assert clinic.put(period).status_code == 201
    assert clinic.starts(jump) == ["01:00", "01:30", "03:00", "03:30"]


def test_twelve_weeks_cost_the_same_few_statements_as_one_day(
    clinic, tomorrow, django_assert_max_num_queries
):
    periods = [
        clinic.period(start, start + timedelta(minutes=30), (clinic.visit, 30), (clinic.check, 15))
        for n in range(83)
        for start in (hour(tomorrow + timedelta(days=n), 8 + k / 2) for k in range(20))
    ]
    for part in (periods[:20], periods):
        with django_assert_max_num_queries(40, using="sandbox"):
            assert clinic.put(*part).status_code == 201
    assert len(actors.offered(clinic.address, tomorrow, tomorrow + timedelta(weeks=12))) > 4000


MINUTE = timedelta(minutes=1)
BASE_TIME = datetime(2026, 3, 2, 8, tzinfo=UTC)


@given(
    length=st.integers(1, 300),
    durations=st.lists(st.integers(1, 90), min_size=1, max_size=3),
    taken=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=4),
)
def test_an_offer_lies_on_the_grid_fits_its_period_and_overlaps_nothing_taken(
    length, durations, taken
):
    services = tuple(enumerate(durations))
    period = rules.Period(BASE_TIME, BASE_TIME + length * MINUTE, services)
    ranges = [(BASE_TIME + a * MINUTE, BASE_TIME + (a + b) * MINUTE) for a, b in taken]
    found = {
        (offer.start, offer.service)
        for offer in rules.free([period], rules.Busy(ranges), (BASE_TIME, period.end), BASE_TIME)
    }
    step = reduce(gcd, durations)
    expected = {
        (start, service)
        for n in range(0, length, step)
        for service, minutes in services
        for start in [BASE_TIME + n * MINUTE]
        if n + minutes <= length
        and all(b <= start or start + minutes * MINUTE <= a for a, b in ranges)
    }
    assert found == expected


def test_packing_a_period_loses_nothing():
    period = rules.Period(BASE_TIME, BASE_TIME + 90 * MINUTE, ((1, 30), (2, 45)))
    assert list(rules.unpack([rules.pack(period)])) == [period]


def test_the_calendar_comes_into_being_with_slots_or_a_break(clinic, tomorrow):
    state = f"{clinic.path}/calendar"
    assert clinic.api("GET", state).json()["message"] == "Calendar does not exist"
    clinic.tell_day(tomorrow)
    assert clinic.api("GET", state).json() == {"status": "enabled"}
    calendars.disable(clinic.address)
    assert clinic.api("GET", state).json() == {"status": "disabled"}


def test_a_patient_may_book_what_is_offered_and_nothing_else(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    for start in (hour(tomorrow, 9.25), hour(tomorrow, 12), hour(tomorrow, 8.5)):
        with pytest.raises(actors.Refused) as refused:
            actors.patient_books(clinic.address, start, clinic.visit, PATIENT)
        assert refused.value.reason == actors.Reason.TAKEN
