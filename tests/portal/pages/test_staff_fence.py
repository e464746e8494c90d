"""No clinic's staff sees anything of another clinic, and nobody but operators what is theirs."""

from datetime import UTC, date, datetime, time
from uuid import uuid4

import pytest
from django.urls import reverse

from slotbridge.kit import clock
from slotbridge.portal import own
from slotbridge.portal.models import Order, ReceivedDocument, Resource, WithheldDeletion
from slotbridge.portal.pages import staff_urls
from tests.portal.booking import make_clinic
from tests.portal.pages.conftest import Browser
from tests.portal.staffing import logged_in, make_member, make_operator

pytestmark = pytest.mark.django_db(databases=["portal"])
DAY = date(2026, 3, 5)


class World:
    """A clinic with one of everything that has an address."""

    def __init__(self, name):
        self.clinic = make_clinic()
        self.member = make_member(self.clinic, name)
        self.resource = own.add_own_resource(
            clinic=self.clinic, name="Психолог", time_step=30, by=name
        )
        self.order = Order.objects.create(
            clinic=self.clinic,
            number=1,
            resource=self.resource,
            user_name="Гость",
            order_date=DAY,
            day=DAY,
            time=time(9),
            duration=30,
            start=datetime(2026, 3, 5, 6, tzinfo=UTC),
            end=datetime(2026, 3, 5, 6, 30, tzinfo=UTC),
            name1="Незабудкина",
            name2="Анна",
            filed_at=clock.now(),
            changed_at=clock.now(),
        )
        self.document = ReceivedDocument.objects.create(
            clinic=self.clinic, received_at=clock.now(), size=0, outcome="ok"
        )
        self.withheld = WithheldDeletion.objects.create(
            clinic=self.clinic, section="Resources", count=40, at=clock.now()
        )

    def ids(self, names):
        known = {
            "clinic": self.clinic.public_id,
            "token": self.order.token,
            "document": self.document.public_id,
            "resource": self.resource.public_id,
            "deletion": self.withheld.public_id,
            "person": self.member.public_id,
            "place": 1,
        }
        return {name: known[name] for name in names}


@pytest.fixture
def ours(db_of_portal, frozen):
    return World("anna")


@pytest.fixture
def theirs(ours):
    return World("boris")


def routes():
    return [each for each in staff_urls.urlpatterns if each.name != "portal-staff-style"]


OF_A_CLINIC = [
    each
    for each in routes()
    if each.name.startswith(("portal-staff", "portal-dashboard", "portal-my-order"))
    and each.pattern.converters
]
OF_OPERATORS = [each for each in routes() if "operator" in each.name]


def address(route, world, **other):
    ids = world.ids(route.pattern.converters) | other
    return reverse(route.name, urlconf="slotbridge.portal.urls", kwargs=ids)


def test_the_two_lists_and_the_door_are_all_there_is():
    door = {"portal-staff", "portal-log-in", "portal-log-out", "portal-password"}
    listed = {each.name for each in (*OF_A_CLINIC, *OF_OPERATORS)} | {"portal-my-orders"}

    assert listed | door == {each.name for each in routes()}


@pytest.mark.parametrize("route", OF_A_CLINIC, ids=lambda each: each.name)
def test_for_another_clinics_staff_it_does_not_exist(route, ours, theirs):
    browser = logged_in(ours.member)
    token = csrf_of(browser)

    for method in ("get", "post"):
        answer = browser.http.request(
            method, address(route, theirs), data={"csrfmiddlewaretoken": token}
        )
        assert answer.status_code == 404
        assert str(theirs.clinic) not in answer.text
        assert "Незабудкина" not in answer.text


@pytest.mark.parametrize(
    "route",
    [each for each in OF_A_CLINIC if len(each.pattern.converters) > 1],
    ids=lambda each: each.name,
)
def test_under_the_own_clinics_address_it_does_not_exist_either(route, ours, theirs):
    browser = logged_in(ours.member)

    answer = browser.http.get(address(route, theirs, clinic=ours.clinic.public_id))

    assert answer.status_code == 404


@pytest.mark.parametrize("route", OF_A_CLINIC, ids=lambda each: each.name)
def test_operators_and_the_clinics_own_staff_get_it(route, ours):
    for browser in (logged_in(ours.member), logged_in(make_operator())):
        assert browser.http.get(address(route, ours)).status_code == 200


@pytest.mark.parametrize("route", OF_OPERATORS, ids=lambda each: each.name)
def test_what_is_operators_does_not_exist_for_staff(route, ours):
    browser = logged_in(ours.member)
    token = csrf_of(browser)

    for method in ("get", "post"):
        answer = browser.http.request(
            method, address(route, ours), data={"csrfmiddlewaretoken": token}
        )
        assert answer.status_code == 404


@pytest.mark.parametrize("route", [*OF_A_CLINIC, *OF_OPERATORS], ids=lambda each: each.name)
def test_whoever_is_not_logged_in_is_asked_to_log_in(route, ours):
    browser = Browser("en")
    browser.http.follow_redirects = False

    answer = browser.http.get(address(route, ours))

    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/staff/login/?next=")


@pytest.mark.parametrize("route", [*OF_A_CLINIC, *OF_OPERATORS], ids=lambda each: each.name)
def test_a_form_from_elsewhere_changes_nothing(route, ours):
    browser = logged_in(make_operator())

    answer = browser.http.post(address(route, ours), data={"do": "accept", "count": "40"})

    assert answer.status_code == 403
    assert Order.objects.get().status == Order.Status.RECEIVED
    assert WithheldDeletion.objects.get().released_at is None
    assert Resource.objects.get().hidden_at is None


@pytest.mark.parametrize("route", OF_A_CLINIC, ids=lambda each: each.name)
def test_a_guessed_address_is_nothing(route, ours):
    browser = logged_in(ours.member)
    guessed = {name: uuid4() for name in route.pattern.converters}

    assert browser.http.get(address(route, ours, **guessed)).status_code == 404


def test_operators_look_at_orders_but_do_not_answer_them(ours):
    """Only the clinic decides (8.2)."""
    browser = logged_in(make_operator())
    path = f"/staff/{ours.clinic.public_id}/orders/{ours.order.token}/"
    page = browser.get(path)
    assert "Only the clinic answers" in page.main

    for act in ("accept", "reject"):
        token = csrf_of(browser)
        answer = browser.http.post(path, data={"csrfmiddlewaretoken": token, "do": act})
        assert answer.status_code == 403

    assert Order.objects.get().status == Order.Status.RECEIVED


def csrf_of(browser):
    page = browser.get("/staff/password/")
    return page.tree.xpath("//input[@name='csrfmiddlewaretoken']/@value")[0]
