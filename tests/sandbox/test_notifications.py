"""Push, pull, questions, scripted faults and limits (behaviour.md sections 3 and 4)."""

import json
import threading
from datetime import datetime, timedelta

import httpx
import pytest

from slotbridge.kit import clock, http
from slotbridge.sandbox import actors, chores, delivery, faults
from slotbridge.sandbox.models import ApiCall, Booking, Client, Notification
from tests.sandbox.conftest import PATIENT, Clinic, hour, iso

pytestmark = pytest.mark.django_db(databases=["sandbox"])
HOOK = "https://hub.example/hooks/f00d"


class Hub:
    """A client's endpoint in this process: keeps what it gets, answers what it is told."""

    def __init__(self):
        self.answers: list = []
        self.bodies: list[bytes] = []
        self.headers: list = []

    def __call__(self, request):
        self.bodies.append(request.content)
        self.headers.append(request.headers)
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(answer)

    @property
    def names(self):
        return [json.loads(body)["name"] for body in self.bodies]


@pytest.fixture
def hub(clinic):
    found = Hub()
    clinic.api.set(delivery=Client.Delivery.PUSH, notification_url=HOOK)
    with http.through(httpx.MockTransport(found)):
        yield found


@pytest.fixture
def books(clinic, tomorrow):
    """Books the next half hour of tomorrow, as a patient."""
    clinic.tell_day(tomorrow)
    starts = iter([hour(tomorrow, 9 + n / 2) for n in range(6)])
    return lambda: actors.patient_books(clinic.address, next(starts), clinic.visit, PATIENT)


def test_a_push_is_repeated_after_5_and_10_minutes_and_then_buried(frozen, clinic, hub, books):
    hub.answers = [500, httpx.ConnectError("down"), 302, 204]
    books()
    assert [delivery.deliver_due(), delivery.deliver_due()] == [0, 0]
    frozen.shift(timedelta(minutes=5) - timedelta(seconds=1))
    delivery.deliver_due()
    assert len(hub.bodies) == 1
    frozen.shift(timedelta(seconds=1))
    delivery.deliver_due()
    frozen.shift(timedelta(minutes=10))
    delivery.deliver_due()
    frozen.shift(timedelta(minutes=30))
    assert delivery.deliver_due() == 0

    assert len(hub.bodies) == 3
    assert Notification.objects.get().push == Notification.Push.BURIED
    assert clinic.api("POST", "/notifications/release").status_code == 204
    assert delivery.deliver_due() == 1
    assert len(set(hub.bodies)) == 1
    assert Notification.objects.get().push == Notification.Push.DELIVERED


def test_released_at_most_once_an_hour(frozen, clinic, hub):
    release = ("POST", "/notifications/release")
    assert clinic.api(*release).status_code == 204
    frozen.shift(timedelta(minutes=59))
    answer = clinic.api(*release)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    frozen.shift(timedelta(minutes=1) - timedelta(seconds=1))
    clinic.api.renew()
    frozen.shift(timedelta(seconds=1))
    assert clinic.api(*release).status_code == 204


def test_a_push_carries_the_arranged_key_and_nothing_to_tell_repeats_apart(
    clinic, contract, hub, books
):
    clinic.api.set(push_header="X-Api-Key", push_header_value="s3cret")
    booking = books()
    delivery.deliver_due()

    assert hub.headers[0]["x-api-key"] == "s3cret"
    assert hub.headers[0]["content-type"] == "application/json"
    told = json.loads(hub.bodies[0])
    contract.check_notification(told)
    assert told["data"]["visit_booking"]["id"] == str(booking.pk)
    assert told["data"]["address"]["id"] == str(clinic.address.pk)


def test_pulled_ones_come_once_in_order_and_expire_after_72_hours(frozen, clinic, books):
    assert clinic.api("GET", "/notifications").json()["message"] == "No notifications found"
    bookings = [books() for _each in range(3)]
    first = clinic.api("GET", "/notifications").json()
    rest = clinic.api("GET", "/notifications/multiple?limit=1").json()
    pulled = [first, *rest["notifications"]]

    assert rest["remaining"] == 1
    assert [told["data"]["visit_booking"]["id"] for told in pulled] == [
        str(booking.pk) for booking in bookings[:2]
    ]
    frozen.shift(timedelta(hours=72))
    clinic.api.renew()
    assert clinic.api("GET", "/notifications").status_code == 404
    frozen.shift(timedelta(days=15))
    delivery.forget_old()
    assert not Notification.objects.exists()
    assert not ApiCall.objects.filter(at__lt=clock.now() - timedelta(days=2)).exists()


def test_both_ways_are_told_each_on_its_own(clinic, hub, books):
    clinic.api.set(delivery=Client.Delivery.BOTH)
    books()
    assert delivery.deliver_due() == 1
    assert clinic.api("GET", "/notifications").json()["name"] == "slot-booked"


def test_own_calls_come_back_only_by_the_switch_and_others_hear_of_them(clinic, tomorrow):
    from slotbridge.sandbox import seed
    from tests.sandbox.conftest import Api

    other = Api(seed.hand_out_credentials([clinic.facility], "Druga integracja"))
    stranger = Clinic("Inna przychodnia")
    clinic.tell_day(tomorrow)
    clinic.book(hour(tomorrow, 9))
    assert clinic.api("GET", "/notifications").status_code == 404
    told = other("GET", "/notifications").json()
    assert told["data"]["visit_booking"]["booked_by"] == "integration"
    assert stranger.api("GET", "/notifications").status_code == 404
    clinic.api.quirk(echo_own_calls=True)
    clinic.book(hour(tomorrow, 10))
    assert clinic.api("GET", "/notifications").json()["name"] == "slot-booked"


def test_muted_events_are_not_told(clinic, books):
    clinic.api.set(muted_events=["slot-booked"])
    books()
    assert clinic.api("GET", "/notifications").status_code == 404


@pytest.mark.parametrize("answer", [400, 500, 302, httpx.ReadTimeout("late")])
def test_anything_but_2xx_stops_the_patient(clinic, contract, hub, books, answer):
    clinic.api.set(asks_slot_booking=True)
    hub.answers = [answer]
    with pytest.raises(actors.Refused) as refused:
        books()

    assert refused.value.reason == actors.Reason.DENIED
    assert not Booking.objects.exists()
    assert not Notification.objects.exists()
    asked = json.loads(hub.bodies[0])
    contract.check_notification(asked)
    assert "id" not in asked["data"]["visit_booking_request"]


def test_a_2xx_lets_the_patient_through_and_the_booking_follows(clinic, hub, books):
    clinic.api.set(asks_slot_booking=True)
    books()
    delivery.deliver_due()
    assert hub.names == ["slot-booking", "slot-booked"]


def test_the_denials_code_reaches_the_person_and_doctors_are_not_asked(
    clinic, contract, hub, books, tomorrow
):
    booking = books()
    clinic.api.set(asks_slot_booking=True, asks_booking_moving=True)
    hub.answers = [httpx.Response(409, json={"error_code": 1})]
    with pytest.raises(actors.Refused) as refused:
        actors.patient_moves(booking, hour(tomorrow, 11))
    assert refused.value.error_code == 1
    asked = json.loads(hub.bodies[0])
    contract.check_notification(asked)
    assert asked["data"]["canceling_booking"].keys().isdisjoint({"status", "patient"})
    actors.doctor_moves(booking, hour(tomorrow, 11))
    assert hub.names == ["booking-moving"]


def test_scripted_notification_faults_do_what_they_say(frozen, clinic, hub, books):
    def deliver(effect, **more):
        faults.script("slot-booked", effect, client=clinic.api.client, **more)
        booking = books()
        delivery.deliver_due()
        return str(booking.pk)

    deliver("lost")
    assert hub.bodies == []
    deliver("twice")
    assert len(hub.bodies) == 2
    assert hub.bodies[0] == hub.bodies[1]
    deliver("malformed")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid"):
        json.loads(hub.bodies.pop())
    deliver("unknown", text="slot-vanished")
    assert hub.names[-1] == "slot-vanished"
    late = deliver("delayed", seconds=90)
    assert len(hub.bodies) == 3
    frozen.shift(timedelta(seconds=90))
    delivery.deliver_due()
    assert json.loads(hub.bodies[-1])["data"]["visit_booking"]["id"] == late


def test_a_swapped_one_is_told_after_the_next_or_after_a_minute(frozen, clinic, hub, books):
    faults.script("slot-booked", "swapped")
    first = books()
    delivery.deliver_due()
    assert hub.bodies == []
    second = books()
    delivery.deliver_due()
    told = [json.loads(body)["data"]["visit_booking"]["id"] for body in hub.bodies]
    assert told == [str(second.pk), str(first.pk)]

    faults.script("slot-booked", "swapped")
    books()
    frozen.shift(timedelta(minutes=1))
    assert delivery.deliver_due() == 1


def test_every_kth_call_fails_and_only_as_often_as_scripted(clinic):
    faults.script("getFacilities", "status", status=503, every=2, times=2)
    statuses = [clinic.api("GET", "/facilities").status_code for _each in range(6)]
    assert statuses == [200, 503, 200, 503, 200, 200]
    assert faults.clear() == 1


@pytest.mark.parametrize(("effect", "booked"), [("timeout-after", 1), ("timeout-before", 0)])
def test_a_time_out_does_not_tell_whether_the_work_was_done(clinic, tomorrow, effect, booked):
    clinic.tell_day(tomorrow)
    faults.script("bookSlot", effect)
    with pytest.raises(httpx.ReadTimeout):
        clinic.book(hour(tomorrow, 9))
    assert Booking.objects.count() == booked
    assert ApiCall.objects.first().status == 0


def test_an_effect_nobody_knows_is_refused():
    with pytest.raises(faults.UnknownEffect):
        faults.script("bookSlot", "explode")


def test_the_token_endpoint_fails_on_demand_too(clinic):
    faults.script("token", "status", status=503)
    form = {"grant_type": "client_credentials"}
    failed = clinic.api.http.post("/oauth/v2/token", auth=clinic.api.credentials, data=form)
    assert failed.status_code == 503
    assert clinic.api.token()


def test_forty_writes_a_minute_then_429_until_the_reset(frozen, clinic, tomorrow):
    clear = ("DELETE", f"{clinic.path}/slots/{tomorrow.date()}")
    answers = [clinic.api(*clear) for _each in range(41)]

    assert [answer.status_code for answer in answers] == [204] * 40 + [429]
    remaining = [int(answer.headers["x-ratelimit-remaining"]) for answer in answers]
    assert remaining == [*range(39, -1, -1), 0]
    last = answers[-1].headers
    assert (last["x-ratelimit-limit"], last["x-ratelimit-used"]) == ("40", "40")
    reset = datetime.fromisoformat(last["x-ratelimit-reset"])
    assert reset == clock.now() + timedelta(minutes=1)
    assert clinic.api("GET", "/facilities").headers["x-ratelimit-limit"] == "8000"
    frozen.shift(timedelta(minutes=1))
    assert clinic.api(*clear).headers["x-ratelimit-used"] == "1"


def test_a_client_without_limits_sees_no_headers(clinic):
    clinic.api.set(is_limited=False)
    headers = clinic.api("GET", "/facilities").headers
    assert not [name for name in headers if name.startswith("x-ratelimit")]


def test_the_call_log_names_no_person(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    clinic.book(hour(tomorrow, 9))
    clinic.api("GET", f"{clinic.path}/bookings", params={"start": iso(tomorrow), "end": "x"})
    kept = " ".join(f"{call.path} {call.operation} {call.fault}" for call in ApiCall.objects.all())
    assert "bookSlot" in kept
    assert "Abelard" not in kept
    assert "?" not in kept


@pytest.mark.django_db(databases=["sandbox"], transaction=True)
def test_the_sender_thread_pushes_at_once_and_stops(clinic, hub, books):
    arrived = threading.Event()

    def keep(request):
        arrived.set()
        return hub(request)

    sender = chores.Sender()
    with http.through(httpx.MockTransport(keep)):
        sender.start()
        books()
        assert arrived.wait(10)
        sender.stop()
    assert hub.names == ["slot-booked"]
    assert "sandbox-push" not in [thread.name for thread in threading.enumerate()]
