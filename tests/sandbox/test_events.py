"""Every event of the contract, told to those who are to hear of it (behaviour.md section 4)."""

import json
from datetime import timedelta

import httpx
import pytest
import yaml

from slotbridge.kit import clock, http
from slotbridge.sandbox import actors, seed
from slotbridge.sandbox.models import OPTIONAL_EVENTS, AddressService, Notification, Service
from tests.contract_checker import CONTRACT
from tests.sandbox.conftest import PATIENT, Api, hour

pytestmark = pytest.mark.django_db(databases=["sandbox"])
QUESTIONS = {"slot-booking", "booking-moving"}


def all_events():
    return set(yaml.safe_load(CONTRACT.read_text())["x-notification-schemas"])


class Day:
    """A day on which everything happens that a portal tells of."""

    def __init__(self, clinic, frozen, tomorrow):
        self.clinic, self.frozen, self.tomorrow = clinic, frozen, tomorrow
        clinic.api.set(
            asks_slot_booking=True,
            asks_booking_moving=True,
            notification_url="https://hub.example/hook",
            is_pms=True,
        )

    def live(self):
        clinic, tomorrow = self.clinic, self.tomorrow
        actors.adviser_sets_address(clinic.address, takes_payment=True)
        clinic.tell_day(tomorrow)
        booking = actors.patient_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
        actors.patient_pays(booking)
        booking = actors.patient_moves(booking, hour(tomorrow, 10))
        actors.patient_confirms(booking)
        lost = actors.doctor_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
        actors.doctor_cancels(lost)
        break_ = actors.doctor_adds_break(
            clinic.address, hour(tomorrow, 11), hour(tomorrow, 12), "zebranie"
        )
        actors.doctor_moves_break(break_, hour(tomorrow, 13), hour(tomorrow, 14))
        actors.doctor_removes_break(break_)
        service = Service.objects.create(name="szczepienie")
        added = actors.doctor_adds_service(clinic.address, service, 9_900)
        actors.doctor_changes_service(added, price_minor=10_150)
        actors.doctor_removes_service(added)
        self.frozen.move_to(hour(tomorrow, 10.5))
        actors.doctor_marks_presence(booking, True)
        actors.adviser_changes_commercial_type(clinic.address, "saas-only")
        actors.adviser_unassigns_address(clinic.address)
        actors.adviser_assigns_address(clinic.address)
        clinic.api.renew()


def pulled(api):
    answer = api("GET", "/notifications/multiple?limit=100")
    return answer.json()["notifications"] if answer.status_code == 200 else []


def test_a_day_tells_every_event_of_the_contract_in_its_shape(clinic, contract, frozen, tomorrow):
    asked = []

    def hub(request):
        asked.append(json.loads(request.content))
        return httpx.Response(204)

    with http.through(httpx.MockTransport(hub)):
        Day(clinic, frozen, tomorrow).live()
    told = pulled(clinic.api)

    for each in [*asked, *told]:
        contract.check_notification(each)
    assert {each["name"] for each in asked} == QUESTIONS
    assert {each["name"] for each in told} == all_events() - QUESTIONS
    by_name = {each["name"]: each["data"] for each in told}
    money = by_name["booking-payment-status-changed"]["visit_payment_status"]
    assert (money["status_from"], money["status_to"]) == ("not-paid", "paid")
    assert by_name["presence-marked"]["presence"] == "PRESENT"
    assert by_name["address-service-changed"]["address_service"]["price"] == 101
    changed = by_name["address-commercial-type-changed"]["address"]
    assert changed["commercial_type"] == "saas-only"


def test_optional_events_go_only_to_those_who_asked_and_muted_ones_to_nobody(
    clinic, frozen, tomorrow
):
    other = Api(seed.hand_out_credentials([clinic.facility], "Druga integracja"))
    clinic.api.set(opted_in=["break-created"], muted_events=["slot-booked"])
    other.set(opted_in=[])
    with http.through(httpx.MockTransport(lambda _request: httpx.Response(204))):
        Day(clinic, frozen, tomorrow).live()
    other.renew()

    always = all_events() - QUESTIONS - set(OPTIONAL_EVENTS)
    assert {each["name"] for each in pulled(other)} == always
    heard = {each["name"] for each in pulled(clinic.api)}
    assert heard == always - {"slot-booked"} | {"break-created"}


def test_only_practice_software_hears_whose_an_address_is(clinic):
    clinic.api.set(is_pms=False)
    actors.adviser_unassigns_address(clinic.address)
    assert pulled(clinic.api) == []
    clinic.api.set(is_pms=True)
    actors.adviser_assigns_address(clinic.address)
    actors.adviser_assigns_address(clinic.address)  # it is assigned: nothing happens
    assert [each["name"] for each in pulled(clinic.api)] == ["address-assigned"]


def test_an_address_that_was_taken_away_is_unknown_to_the_api_and_closed_to_patients(
    clinic, tomorrow
):
    clinic.tell_day(tomorrow)
    kept = actors.doctor_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
    actors.adviser_unassigns_address(clinic.address)
    assert clinic.api("GET", clinic.path).status_code in {403, 404}
    with pytest.raises(actors.Refused):
        actors.patient_books(clinic.address, hour(tomorrow, 10), clinic.visit, PATIENT)
    actors.adviser_assigns_address(clinic.address)
    kept.refresh_from_db()
    assert kept.is_active
    assert clinic.api("GET", clinic.path).status_code == 200


def test_a_service_removed_and_added_again_has_another_id_and_is_offered_no_more(
    clinic, frozen, tomorrow
):
    clinic.tell_day(tomorrow)
    service, former = clinic.visit.service, clinic.visit.pk
    actors.doctor_removes_service(clinic.visit)
    offered = actors.offered(clinic.address, clock.now(), tomorrow + timedelta(days=1))
    again = actors.doctor_adds_service(clinic.address, service, 25_000)
    assert offered == set()
    assert again.pk != former
    with pytest.raises(actors.Refused) as refused:
        actors.doctor_adds_service(clinic.address, service)
    assert refused.value.reason == actors.Reason.ALREADY


def test_what_changes_nothing_is_not_told(clinic):
    actors.doctor_changes_service(clinic.visit, price_minor=25_000)
    actors.adviser_changes_commercial_type(clinic.address, "premium")
    assert not Notification.objects.exists()
    with pytest.raises(actors.Refused) as refused:
        actors.adviser_changes_commercial_type(clinic.address, "gold")
    assert refused.value.reason == actors.Reason.UNFIT


def test_an_online_address_has_services_of_its_own_and_takes_breaks_with_its_twin(
    clinic, frozen, tomorrow
):
    online = actors.adviser_opens_online_address(clinic.address)
    assert {row.name for row in online.services.all()} == {"konsultacja", "badanie"}
    mine = set(AddressService.objects.filter(address=clinic.address).values_list("pk", flat=True))
    assert mine.isdisjoint(online.services.values_list("pk", flat=True))
    with pytest.raises(actors.Refused):
        actors.adviser_opens_online_address(clinic.address)

    break_ = actors.doctor_adds_break(
        clinic.address, hour(tomorrow, 9), hour(tomorrow, 10), on_coupled=True
    )
    assert online.breaks.get().since == hour(tomorrow, 9)
    actors.doctor_moves_break(break_, hour(tomorrow, 12), hour(tomorrow, 13))
    assert online.breaks.get().since == hour(tomorrow, 12)
    actors.doctor_removes_break(break_)
    assert not online.breaks.exists()


def test_a_doctor_moves_to_times_nobody_offers_only_by_the_switch(clinic, frozen, tomorrow):
    clinic.tell_day(tomorrow)
    booking = actors.doctor_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
    taken = actors.doctor_books(clinic.address, hour(tomorrow, 10), clinic.visit, PATIENT)
    evening = hour(tomorrow, 20)
    with pytest.raises(actors.Refused) as refused:
        actors.doctor_moves(booking, evening)
    assert refused.value.reason == actors.Reason.TAKEN
    clinic.api.quirk(moves_anywhere=True)
    moved = actors.doctor_moves(booking, evening)
    assert moved.start == evening
    assert moved.minutes == 30
    with pytest.raises(actors.Refused):  # what is taken stays taken
        actors.doctor_moves(taken, evening)
