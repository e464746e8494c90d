"""The control API, as another process uses it (docs/sandbox.md)."""

from datetime import timedelta

import httpx
import pytest
from django.conf import settings

from slotbridge.kit import clock, http
from slotbridge.sandbox.models import Facility
from slotbridge.sandbox.wsgi import sandbox_app
from tests.sandbox.conftest import hour, iso

pytestmark = pytest.mark.django_db(databases=["sandbox"])

SEED = {
    "name": "Przychodnia Jaworowa",
    "doctors": [
        {
            "name": "Ewa",
            "surname": "Przykładna",
            "specialization": "okulista",
            "addresses": [
                {
                    "city_name": "Kraków",
                    "services": [{"name": "badanie wzroku", "price_minor": 15000, "minutes": 20}],
                }
            ],
        }
    ],
    "client": {"delivery": "push", "notification_url": "https://hub.example/hook"},
}


class Control:
    def __init__(self):
        self.http = httpx.Client(
            transport=httpx.WSGITransport(app=sandbox_app),
            base_url="http://localhost/_sandbox/",
            headers={"Authorization": f"Bearer {settings.SANDBOX_CONTROL_TOKEN}"},
        )

    def __call__(self, path, body=None, status=200, method=None):
        method = method or ("GET" if body is None else "POST")
        answer = self.http.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def control(db_of_sandbox):
    yield Control()
    clock.set_offset(timedelta())


@pytest.fixture
def seeded(control, tomorrow):
    """A facility with a morning on offer: ids as the seed answered them."""
    found = control("seed", SEED)
    address = found["doctors"][0]["addresses"][0]
    found |= {
        "address_id": address["address_id"],
        "address_service_id": address["services"][0]["address_service_id"],
    }
    period = {
        "start": iso(hour(tomorrow, 9)),
        "end": iso(hour(tomorrow, 10)),
        "services": [{"address_service_id": found["address_service_id"], "duration": 20}],
    }
    change = {
        "who": "doctor",
        "what": "change-slots",
        "address_id": found["address_id"],
        "day": tomorrow.date().isoformat(),
        "periods": [period],
    }
    control("act", change)
    return found


def book(seeded, start, **more):
    return {
        "who": "patient",
        "what": "book",
        "address_id": seeded["address_id"],
        "address_service_id": seeded["address_service_id"],
        "start": iso(start),
        "patient": {"name": "Abelard", "surname": "Giza", "phone": "+48123123123"},
    } | more


def test_everything_needs_the_control_token_but_health(control):
    bare = httpx.Client(
        transport=httpx.WSGITransport(app=sandbox_app), base_url="http://localhost/_sandbox/"
    )
    assert bare.get("health").json()["status"] == "up"
    for path in ("seed", "act", "deliver"):
        assert bare.post(path, json={}).status_code == 401
    assert bare.post("seed", json=SEED, headers={"Authorization": "Bearer x"}).status_code == 401
    assert not Facility.objects.exists()
    control("act", status=405, method="GET")


def test_people_act_and_what_they_did_can_be_listed(control, seeded, tomorrow):
    address = seeded["address_id"]
    offers = control(f"addresses/{address}/offers")["offers"]
    assert [offer["start"][11:16] for offer in offers] == ["09:00", "09:20", "09:40"]

    made = control("act", book(seeded, hour(tomorrow, 9)))["booking"]
    refused = control("act", book(seeded, hour(tomorrow, 9)), status=409)
    moved = {"booking_id": made["booking_id"], "start": offers[2]["start"]}
    moved = control("act", {"who": "patient", "what": "move"} | moved)["booking"]
    gone = {"booking_id": moved["booking_id"], "reason": "urlop"}
    gone = control("act", {"who": "doctor", "what": "cancel"} | gone)["booking"]
    listed = control(f"addresses/{address}/bookings")["bookings"]

    assert refused == {"refused": "taken", "error_code": None}
    assert [each["status"] for each in listed] == ["canceled", "canceled"]
    assert (gone["canceled_by"], gone["start"]) == ("doctor", offers[2]["start"])
    assert made["booking_id"] != moved["booking_id"]


def test_a_doctors_break_is_made_moved_and_removed(control, seeded, tomorrow):
    span = {"since": iso(hour(tomorrow, 9)), "till": iso(hour(tomorrow, 9.5))}
    doctor = {"who": "doctor", "address_id": seeded["address_id"]}
    made = control("act", doctor | {"what": "add-break"} | span)["break"]
    offers = f"addresses/{seeded['address_id']}/offers"
    assert len(control(offers)["offers"]) == 1
    later = {"since": iso(hour(tomorrow, 12)), "till": iso(hour(tomorrow, 13))}
    one = {"who": "doctor", "break_id": made["id"]}
    assert control("act", one | {"what": "move-break"} | later)["break"]["since"] == later["since"]
    assert len(control(offers)["offers"]) == 3
    control("act", one | {"what": "remove-break"})
    control("act", one | {"what": "remove-break"}, status=400)
    off = control("act", doctor | {"what": "switch-calendar", "on": False})
    assert off == {"calendar": "disabled"}


def test_a_client_is_changed_and_told_and_its_calls_are_shown(control, seeded, tomorrow):
    client = f"clients/{seeded['client_id']}"
    changed = control(client, {"asks_slot_booking": True, "quirks": {"echo_own_calls": True}})
    assert changed["quirks"]["echo_own_calls"] is True
    assert control(client)["asks_slot_booking"] is True
    control(client, {"asks_slot_booking": False})
    control("act", book(seeded, hour(tomorrow, 9)))
    with http.through(httpx.MockTransport(lambda _request: httpx.Response(204))):
        assert control("deliver", {}) == {"delivered": 1}
    told = control(f"{client}/notifications")["notifications"]
    assert [(each["name"], each["push"], each["push_status"]) for each in told] == [
        ("slot-booked", "delivered", 204)
    ]
    assert control(f"{client}/calls") == {"calls": []}
    assert control(f"{client}/revoke", {}) == {"revoked": 0}


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("seed", {}, "name"),
        ("seed", {"name": "X", "doctors": [{"name": "A"}]}, "addresses"),
        ("act", {"who": "nurse", "what": "book"}, "must be one of"),
        ("act", {"what": "book", "address_id": "1"}, "no such address_id"),
        ("act", {"what": "cancel", "booking_id": "x"}, "must be an id"),
        ("faults", {"target": "bookSlot"}, "has target, effect"),
        ("faults", {"target": "bookSlot", "effect": "explode"}, "use one of"),
        ("faults", {"target": "bookSlot", "effect": "slow", "every": "x"}, "wrong type"),
        ("clock", {"offset_seconds": "x"}, "whole number"),
        ("clients/nobody", {}, "no such client"),
    ],
)
def test_a_wrong_request_is_told_what_to_change(control, path, body, told):
    assert told in control(path, body, status=400)["error"]


@pytest.mark.parametrize(
    "body",
    [
        {"delivery": "pigeon"},
        {"quirks": {"unheard": True}},
        {"quirks": {"no_slots_404": "often"}},
        {"quirks": {"put_delay_seconds": True}},
        {"is_limited": "yes"},
        {"secret_hash": "x"},
    ],
)
def test_a_client_takes_only_its_own_fields(control, seeded, body):
    assert control(f"clients/{seeded['client_id']}", body, status=400)["error"]


def test_faults_are_listed_and_removed(control, seeded):
    rule = {"target": "bookSlot", "effect": "status", "status": 503, "times": 2, "every": 3}
    shown = control("faults", rule | {"client_id": seeded["client_id"]})["faults"]
    assert shown == [
        {
            "client_id": seeded["client_id"],
            "target": "bookSlot",
            "effect": "status",
            "remaining": 2,
            "every": 3,
            "seen": 0,
        }
    ]
    assert control("faults")["faults"] == shown
    assert control("faults", method="DELETE") == {"removed": 1}


def test_the_clock_moves(control):
    before = clock.now()
    control("clock", {"offset_seconds": 3600})
    assert clock.now() - before >= timedelta(hours=1)
    assert control("clock")["now"] == iso(clock.now().replace(microsecond=0))


@pytest.fixture
def act(control):
    def act(who, what, expected=200, **body):
        return control("act", {"who": who, "what": what, **body}, status=expected)

    return act


def test_a_patient_pays_and_confirms_and_time_cancels_the_unpaid(control, act, seeded, tomorrow):
    at = {"address_id": seeded["address_id"]}
    paid = {"takes_payment": True, "payment_account": "A", "extra_fields": {"nin": True}}
    shown = act("adviser", "set-address", **at, **paid)["address"]
    assert (shown["visit_payment"], shown["booking_extra_fields"]["nin"]) == (True, True)
    wish = book(seeded, hour(tomorrow, 9))
    assert control("act", wish, status=409)["refused"] == "data-missing"
    wish["patient"] = wish["patient"] | {"nin": "44051401359"}
    booked = control("act", wish)["booking"]
    assert booked["payment_status"] == "not-paid"
    which = {"booking_id": booked["booking_id"]}
    assert "status must be" in act("patient", "pay", 400, **which, status="gold")["error"]
    assert act("patient", "pay", **which)["booking"]["payment_status"] == "paid"
    assert act("doctor", "confirm", **which)["booking"]["confirmed_by"] == "admin"
    assert act("patient", "confirm", 409, **which)["refused"] == "already"
    assert act("doctor", "mark-presence", 409, **which, present=True)["refused"] == "too-early"
    act("doctor", "mark-presence", 400, **which, present="yes")

    unpaid = control("act", wish | {"start": iso(hour(tomorrow, 9) + timedelta(minutes=20))})
    control("clock", {"offset_seconds": 91 * 60})
    assert control("chores", {})["canceled"] == 1
    rows = control(f"addresses/{seeded['address_id']}/bookings")["bookings"]
    status = {row["booking_id"]: row["status"] for row in rows}
    assert status[unpaid["booking"]["booking_id"]] == "canceled"
    control("clock", {"offset_seconds": 2 * 24 * 3600})
    came = act("doctor", "mark-presence", **which, present=False)
    assert came["booking"]["presence"] == "absent"


def test_insurance_services_and_addresses_are_changed_by_acts(control, act, seeded, tomorrow):
    at = {"address_id": seeded["address_id"]}
    act("adviser", "set-address", **at, insurance_support="private_and_insurance")
    taken = act("adviser", "take-insurance", **at, insurance_provider_id="13")["address"]
    assert taken["insurances"][0]["insurance_provider_id"] == "13"
    wish = book(seeded, hour(tomorrow, 9))
    insured = control("act", wish | {"insurance_provider_id": "13"})["booking"]
    assert insured["insurance_provider_id"] == "13"
    offers = control(f"addresses/{seeded['address_id']}/offers")["offers"]
    assert len(offers) == 2
    gone = act("adviser", "take-insurance", **at, insurance_provider_id="13", on=False)
    assert gone["address"]["insurances"] == []

    made = act("doctor", "add-service", **at, service="dno oka", price_minor=9_000)
    service = {"address_service_id": made["address_service"]["id"]}
    changed = act("doctor", "change-service", **service, price_minor=9_900, custom_name="Dno")
    assert (changed["address_service"]["price"], changed["address_service"]["name"]) == (99, "Dno")
    act("doctor", "change-service", 400, **service, price_minor="99")
    act("doctor", "change-service", 409, **service, price_minor=-1)
    act("doctor", "remove-service", **service)
    act("doctor", "remove-service", 400, **service)

    changed = act("adviser", "change-commercial-type", **at, commercial_type="basic")
    assert changed["address"]["commercial_type"] == "basic"
    assert act("adviser", "unassign-address", **at)["address"]["is_assigned"] is False
    assert act("adviser", "assign-address", **at)["address"]["is_assigned"] is True
    assert act("adviser", "open-online-address", **at)["address"]["is_online_only"] is True
    act("adviser", "set-address", 400, **at, insurance_support="nobody")
    act("adviser", "set-address", 400, **at, extra_fields={"shoe": True})
    act("adviser", "set-address", 400, **at, takes_payment="yes")


def test_opt_ins_are_known_events_and_pings_are_shown(control, seeded):
    client = f"clients/{seeded['client_id']}"
    changed = control(client, {"opted_in": ["break-created"], "is_pms": True})
    assert (changed["opted_in"], changed["is_pms"]) == (["break-created"], True)
    assert changed["pings"] == {"failures": 0, "is_alerted": False}
    assert "slot-booked" in control(client, {"opted_in": ["slot-booked"]}, status=400)["error"]
