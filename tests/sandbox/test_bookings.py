"""Bookings and breaks by the API and by people (behaviour.md sections 8 and 9)."""

from datetime import timedelta

import pytest

from slotbridge.sandbox import actors, seed
from slotbridge.sandbox.models import Address, Booking
from tests.sandbox.conftest import PATIENT, Clinic, hour, iso

pytestmark = pytest.mark.django_db(databases=["sandbox"])


def add_doctor(clinic, **more):
    """Another doctor's address in the same facility."""
    doctor = clinic.doctor.__class__.objects.create(name="Marek", surname="Przykładny")
    doctor.facilities.add(clinic.facility)
    services = [seed.ServiceSeed("konsultacja", 20_000, 30)]
    return seed.add_address(clinic.facility, doctor, seed.AddressSeed(services=services, **more))


def offer(address, day, first=9, last=12):
    from slotbridge.sandbox import rules

    service = address.services.first()
    period = rules.Period(hour(day, first), hour(day, last), ((service.pk, 30),))
    actors.doctor_changes_slots(address, day.date(), [period])
    return service


def test_a_booking_has_who_when_and_for_what(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    nine = hour(tomorrow, 9)
    made = clinic.book(nine, comment="Pierwsza wizyta", is_returning=True)

    assert (made.status_code, "location" in made.headers) == (200, False)
    booking = made.json()
    assert booking["start_at"] == iso(nine)
    assert booking["end_at"] == iso(nine + timedelta(minutes=30))
    assert (booking["status"], booking["booked_by"], booking["canceled_by"]) == (
        "booked",
        "integration",
        "",
    )
    assert booking["patient"]["is_returning"] is True
    read = clinic.api("GET", f"{clinic.path}/bookings/{booking['id']}").json()
    assert read == booking


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"address_service_id": "1"}, 404),
        ({"address_service_id": None}, 400),
        ({"duration": None}, 400),
        ({"duration": 24 * 60 + 1}, 400),
        ({"duration": 181}, 404),
        ({"patient": {"name": "Abelard"}}, 400),
        ({"patient": {"name": "", "phone": None}}, 400),
        ({"patient": {"name": "Abelard", "phone": None, "birth_date": "wczoraj"}}, 400),
        ({"patient": {"name": "Abelard", "phone": None, "gender": "x"}}, 400),
        ({"patient": {"name": 7, "phone": None}}, 400),
        ({"patient": {"name": "Abelard", "phone": None, "marketing_consent": 1}}, 400),
        ({"comment": 5}, 400),
    ],
)
def test_a_wrong_booking_is_refused_and_its_values_are_not_repeated(clinic, tomorrow, body, status):
    clinic.tell_day(tomorrow)
    answer = clinic.book(hour(tomorrow, 9), **body)

    assert answer.status_code == status
    assert "Abelard" not in answer.text
    assert not Booking.objects.exists()


def test_a_lost_race_is_the_same_404_as_a_slot_that_never_was(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    nine = hour(tomorrow, 9)
    assert clinic.book(nine).status_code == 200
    lost, never = clinic.book(nine), clinic.book(hour(tomorrow, 15))

    assert (lost.status_code, never.status_code) == (404, 404)
    assert lost.json()["message"] == (
        f"Unable to perform booking. Requested target slot ({iso(nine)}) not found"
    )
    other = clinic.book(hour(tomorrow, 10), service=clinic.check, minutes=20)
    assert other.json()["message"] == (
        f"Unable to perform booking. Slot ({iso(hour(tomorrow, 10))}) "
        f"does not support service {clinic.check.pk}"
    )


def test_a_longer_duration_is_booked_while_it_fits_the_free_run(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    assert clinic.book(hour(tomorrow, 10), minutes=60).status_code == 200
    assert clinic.book(hour(tomorrow, 9.5), minutes=45).status_code == 404
    assert clinic.book(hour(tomorrow, 11.5), minutes=45).status_code == 404
    assert clinic.book(hour(tomorrow, 9.5), minutes=15).status_code == 200


def test_neighbours_may_touch_because_times_are_half_open(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    assert [clinic.book(hour(tomorrow, 9 + n / 2)).status_code for n in range(6)] == [200] * 6


def test_a_move_gives_a_new_id_and_the_chain_can_be_followed(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    first = clinic.book(hour(tomorrow, 9)).json()["id"]

    def move(booking, wall):
        body = {"address_service_id": str(clinic.visit.pk), "start": iso(hour(tomorrow, wall))}
        return clinic.api("POST", f"{clinic.path}/bookings/{booking}/move", json=body)

    moved = move(first, 10)
    second = moved.json()["id"]
    third = move(second, 11).json()["id"]

    assert len({first, second, third}) == 3
    assert moved.headers["location"].endswith(f"{clinic.path}/bookings/{second}")
    for each in (first, second, third):
        read = clinic.api("GET", f"{clinic.path}/bookings/{each}?with=booking.moving").json()
        assert read["moving"] == {"origin_booking_id": first, "newest_booking_id": third}
        assert read["status"] == ("booked" if each == third else "canceled")
    again = move(first, 11.5)
    assert (again.status_code, again.json()["message"]) == (
        409,
        "The visit has already been canceled or moved",
    )
    assert clinic.starts(tomorrow) == ["09:00", "09:30", "10:00", "10:30", "11:30"]


def test_a_move_may_overlap_its_own_old_time(clinic, tomorrow):
    nine = hour(tomorrow, 9)
    clinic.put(
        clinic.period(nine, nine + timedelta(hours=2), (clinic.visit, 60), (clinic.check, 20))
    )
    booking = clinic.book(nine, minutes=60).json()["id"]
    body = {
        "address_service_id": str(clinic.visit.pk),
        "start": iso(nine + timedelta(minutes=20)),
        "duration": 60,
    }
    answer = clinic.api("POST", f"{clinic.path}/bookings/{booking}/move", json=body)
    assert answer.status_code == 201


def test_a_refused_move_leaves_the_booking_where_it_is(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    booking = clinic.book(hour(tomorrow, 9)).json()["id"]
    clinic.book(hour(tomorrow, 10))
    body = {"address_service_id": str(clinic.visit.pk), "start": iso(hour(tomorrow, 10))}
    answer = clinic.api("POST", f"{clinic.path}/bookings/{booking}/move", json=body)

    assert answer.status_code == 404
    read = clinic.api("GET", f"{clinic.path}/bookings/{booking}").json()
    assert (read["status"], read["canceled_by"]) == ("booked", "")


def test_a_booking_passes_to_another_doctor_of_the_facility_but_not_outside(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    colleague, outside = add_doctor(clinic), Clinic("Inna przychodnia")
    service = offer(colleague, tomorrow)
    booking = clinic.book(hour(tomorrow, 9)).json()["id"]

    def move(address, service):
        body = {
            "address_id": str(address.pk),
            "address_service_id": str(service.pk),
            "start": iso(hour(tomorrow, 10)),
        }
        return clinic.api("POST", f"{clinic.path}/bookings/{booking}/move", json=body)

    assert move(outside.address, outside.visit).status_code == 403
    wrong = move(colleague, clinic.visit)
    assert (wrong.status_code, wrong.json()["message"]) == (
        400,
        "Service does not belong to the address",
    )
    moved = move(colleague, service)
    assert moved.status_code == 201
    assert f"/doctors/{colleague.doctor_id}/addresses/{colleague.pk}/" in moved.headers["location"]
    assert (
        clinic.api("GET", f"{clinic.path}/bookings/{moved.json()['id']}", check=False).status_code
        == 403
    )


def test_a_booking_is_cancelled_once_with_its_reason(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    booking = clinic.book(hour(tomorrow, 9)).json()["id"]
    where = f"{clinic.path}/bookings/{booking}"
    first = clinic.api("DELETE", where, json={"reason": "choroba lekarza"})
    second = clinic.api("DELETE", where)

    assert (first.status_code, second.status_code) == (204, 400)
    assert second.json()["message"] == (
        f"Visit {booking} cannot be canceled because it is not booked"
    )
    assert Booking.objects.get(pk=booking).cancel_reason == "choroba lekarza"
    assert clinic.api("GET", where).json()["canceled_by"] == "integration"
    assert "09:00" in clinic.starts(tomorrow)


def test_bookings_are_paged_only_when_a_page_is_asked_for(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    ids = [clinic.book(hour(tomorrow, 9 + n / 2)).json()["id"] for n in range(3)]
    clinic.api("DELETE", f"{clinic.path}/bookings/{ids[1]}")
    between = {"start": iso(hour(tomorrow, 0)), "end": iso(hour(tomorrow, 10))}

    def read(**more):
        return clinic.api("GET", f"{clinic.path}/bookings", params=between | more).json()

    whole = read()
    assert [row["id"] for row in whole["_items"]] == ids[:2]  # the end is not in the range
    assert whole.keys() == {"_items"}
    assert "patient" not in whole["_items"][0]
    paged = read(page=2, limit=1)
    assert [row["id"] for row in paged["_items"]] == [ids[1]]
    assert [paged[name] for name in ("page", "limit", "pages", "total")] == [2, 1, 2, 2]
    assert paged["_links"].keys() == {"self", "first", "last", "previous"}
    clinic.api.quirk(canceled_listed=False)
    assert [row["id"] for row in read()["_items"]] == ids[:1]


def test_breaks_hide_slots_and_an_equal_one_is_refused(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    span = {"since": iso(hour(tomorrow, 9.5)), "till": iso(hour(tomorrow, 10.25))}
    made = clinic.api("POST", f"{clinic.path}/breaks", json=span | {"description": "zebranie"})

    assert made.headers["location"].endswith(f"{clinic.path}/breaks/{made.json()['id']}")
    assert clinic.starts(tomorrow) == ["09:00", "10:30", "11:00", "11:30"]
    again = clinic.api("POST", f"{clinic.path}/breaks", json=span | {"description": "zebranie"})
    other = clinic.api("POST", f"{clinic.path}/breaks", json=span)
    assert (again.status_code, other.status_code) == (409, 201)


def test_a_break_on_coupled_addresses_follows_the_first(clinic, tomorrow):
    online = seed.add_address(
        clinic.facility, clinic.doctor, seed.AddressSeed(name="Online", is_online_only=True)
    )
    span = {"since": iso(hour(tomorrow, 9)), "till": iso(hour(tomorrow, 10))}
    body = span | {"apply_on_coupled_addresses": True}
    made = clinic.api("POST", f"{clinic.path}/breaks", json=body).json()
    copy = online.breaks.get()
    assert (copy.since, copy.till) == (hour(tomorrow, 9), hour(tomorrow, 10))

    later = span | {"till": iso(hour(tomorrow, 11))}
    clinic.api("PATCH", f"{clinic.path}/breaks/{made['id']}", json=later)
    copy.refresh_from_db()
    assert copy.till == hour(tomorrow, 11)
    clinic.api("DELETE", f"{clinic.path}/breaks/{made['id']}")
    assert not online.breaks.exists()


def test_people_book_move_and_cancel_and_are_told_why_not(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    nine, ten = hour(tomorrow, 9), hour(tomorrow, 10)
    booking = actors.doctor_books(clinic.address, nine, clinic.visit, PATIENT)
    moved = actors.patient_moves(booking, ten)
    actors.patient_cancels(moved, "nie mogę")

    assert (booking.booked_by, moved.booked_by) == ("doctor", "user")
    with pytest.raises(actors.Refused) as ended:
        actors.doctor_moves(moved, nine)
    assert ended.value.reason == actors.Reason.ENDED
    with pytest.raises(actors.Refused) as not_offered:
        actors.doctor_books(clinic.address, nine, clinic.check, PATIENT)
    assert not_offered.value.reason == actors.Reason.NOT_OFFERED
    Address.objects.filter(pk=clinic.address.pk).update(commercial_type="basic")
    with pytest.raises(actors.Refused) as closed:
        actors.patient_books(clinic.address, nine, clinic.visit, PATIENT)
    assert closed.value.reason == actors.Reason.CLOSED
    assert actors.offered(clinic.address, nine, ten) == set()
