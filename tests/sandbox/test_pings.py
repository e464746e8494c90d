"""The five-minute ping of push endpoints, and what happens when nobody calls (section 4)."""

from datetime import timedelta

import httpx
import pytest

from slotbridge.kit import http
from slotbridge.sandbox import actors, chores, delivery
from slotbridge.sandbox.models import Client, Notification
from tests.sandbox.conftest import PATIENT, hour
from tests.sandbox.test_pages import Browser

pytestmark = pytest.mark.django_db(databases=["sandbox"])
FIVE = timedelta(minutes=5)


class Endpoint:
    def __init__(self):
        self.answer = 200
        self.seen = []

    def __call__(self, request):
        self.seen.append((request.method, request.content, request.headers.get("x-key")))
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx.Response(self.answer)


@pytest.fixture
def endpoint(clinic, frozen):
    clinic.api.set(
        delivery=Client.Delivery.PUSH,
        notification_url="https://hub.example/hook",
        push_header="X-Key",
        push_header_value="k",
    )
    found = Endpoint()
    with http.through(httpx.MockTransport(found)):
        yield found


def ping(frozen, times=1):
    for _each in range(times):
        frozen.shift(FIVE)
        assert chores.run().pinged == 1


def test_a_push_endpoint_is_pinged_every_five_minutes_and_others_never(clinic, endpoint, frozen):
    assert chores.run().pinged == 0  # seen for the first time
    frozen.shift(FIVE - timedelta(seconds=1))
    assert chores.run().pinged == 0
    frozen.shift(timedelta(seconds=1))
    assert [chores.run().pinged, chores.run().pinged] == [1, 0]
    assert endpoint.seen == [("GET", b"", "k")]
    clinic.api.set(delivery=Client.Delivery.PULL)
    frozen.shift(FIVE)
    assert chores.run().pinged == 0


@pytest.mark.parametrize("answer", [500, 503, httpx.ConnectError("down")])
def test_three_failures_in_a_row_alert_the_adviser_once_until_it_answers(
    clinic, endpoint, frozen, caplog, answer
):
    adviser, page = Browser("en"), f"/adviser/clients/{clinic.api.client.key}"
    chores.run()
    endpoint.answer = answer
    ping(frozen, 2)
    assert "does not answer" not in adviser.get(page).text
    ping(frozen, 2)
    assert "does not answer" in adviser.get(page).text
    assert "does not answer" in adviser.get("/adviser").text
    assert caplog.text.count("push endpoint is dead") == 1
    endpoint.answer = 405  # anything below 500 is alive
    ping(frozen)
    assert "does not answer" not in adviser.get(page).text
    assert Client.objects.get().ping_failures == 0


def test_failures_that_are_not_in_a_row_alert_nobody(clinic, endpoint, frozen):
    chores.run()
    for answer in (500, 500, 404, 500, 500):
        endpoint.answer = answer
        ping(frozen)
    assert Client.objects.get().alerted_at is None


def test_a_clock_moved_back_does_not_stop_the_pings(endpoint, frozen):
    frozen.shift(timedelta(days=30))
    chores.run()
    frozen.shift(timedelta(days=-30))
    assert chores.run().pinged == 1


def test_what_failed_is_forgotten_after_14_days_and_what_nobody_pulled_after_72_hours(
    clinic, endpoint, frozen, tomorrow
):
    """Buried ones can be released until then; after it there is nothing to release."""
    clinic.tell_day(tomorrow)
    endpoint.answer = 500
    clinic.api.set(retry_minutes=[])
    actors.patient_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
    delivery.deliver_due()
    frozen.shift(timedelta(days=14))
    chores.run()
    assert Notification.objects.get().push == Notification.Push.BURIED
    frozen.shift(timedelta(seconds=1))
    assert chores.run().forgotten >= 1
    assert not Notification.objects.exists()

    clinic.api.set(delivery=Client.Delivery.PULL)
    later = tomorrow + timedelta(days=15)
    clinic.api.renew()
    clinic.tell_day(later)
    actors.patient_books(clinic.address, hour(later, 9), clinic.visit, PATIENT)
    frozen.shift(timedelta(hours=72))
    chores.run()
    assert Notification.objects.exists()
    frozen.shift(timedelta(seconds=1))
    chores.run()
    assert not Notification.objects.exists()


def test_a_client_that_pulls_may_release_nothing(clinic):
    assert clinic.api("POST", "/notifications/release").status_code == 403
