"""A portal that takes documents, on the pages: its key, what it was told, orders for a person."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from slotbridge.his import visits
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.portal.models import Order
from slotbridge.sync import lights
from slotbridge.sync.contract import PortalPatient
from slotbridge.sync.exchange import orders
from slotbridge.sync.exchange.contract import OrderState, PortalOrder
from slotbridge.sync.models import Account, Booking, Exchange, ExchangeEntry, VisitTarget
from tests.exchange_world import CHANNEL, PORTAL, ExchangeWorld
from tests.factories import PASSWORD, PatientFactory, UserFactory
from tests.web.reading import content, errors, labels, read

pytestmark = pytest.mark.django_db(databases=["default", "portal"])

CONFIGURATION = reverse("configuration-of", args=[CHANNEL])
PAGE = reverse("portal", args=[CHANNEL])
ANSWER = reverse("portal-answer", args=[CHANNEL])
RETRY = reverse("portal-retry", args=[CHANNEL])
KEY = "Klucz klienta"


@pytest.fixture
def world(db, frozen):
    """A clinic with free times tomorrow, not connected yet."""
    made = ExchangeWorld(frozen, connected=False, zone="Europe/Warsaw")
    made.open()
    yield made
    made.close()


@pytest.fixture
def connected(world):
    world.connect()
    return world


def logged_in(world, role):
    user = UserFactory(organisation=world.organisation, role=role)
    client = Client(headers={"accept-language": "pl"})
    assert client.login(username=user.username, password=PASSWORD)
    return client


@pytest.fixture
def admin(world):
    return logged_in(world, "administrator")


@pytest.fixture
def desk(world):
    return logged_in(world, "receptionist")


def settings_of(page):
    """The form's fields as a browser would send them again."""
    found = {}
    for form in read(page).all("form"):
        for tag in ("input", "select"):
            for one in form.all(tag):
                name = one.attributes.get("name", "")
                if name.startswith("setting_"):
                    chosen = [o for o in one.all("option") if "selected" in o.attributes]
                    source = chosen[0] if chosen else one
                    found[name] = source.attributes.get("value", "")
    return found


def save(client, **fields):
    given = {**settings_of(client.get(CONFIGURATION)), "password": "", **fields}
    return client.post(CONFIGURATION, given, follow=True)


# --- Configuration ----------------------------------------------------------------------------


def test_only_a_key_and_settings_are_asked_for(world, admin):
    page = admin.get(CONFIGURATION)

    asked = labels(page)
    assert asked[KEY].attributes["type"] == "password"
    assert {"Adres portalu", "Strefa czasowa"} <= asked.keys()
    text = content(page)
    assert "Login" not in text
    assert "powiadomienia" not in text
    assert "Odśwież listy" not in text
    assert "Poproś administratora serwisu Medihost o klucz" in text


def test_the_saved_key_begins_the_exchange(world, admin):
    page = save(admin, password=world.key, setting_base_url=PORTAL)
    assert "Klucz jest sprawdzany od" in content(page)

    world.settle()

    assert world.state().state == Account.State.READY
    text = content(admin.get(CONFIGURATION))
    assert "Godziny pracy wysłano ostatnio" in text
    assert world.key not in admin.get(CONFIGURATION).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("setting_base_url", "medihost"),
        ("setting_base_url", "http://portal.example.org"),
        ("setting_time_zone", "Mars/Olympus"),
        ("setting_offer_at", "25:00"),
        ("setting_orders_seconds", "0"),
    ],
)
def test_what_the_connector_cannot_use_is_said_beside_the_field(world, admin, field, value):
    page = save(admin, password=world.key, **{field: value})

    assert f"id_{field}_error" in errors(page)
    assert world.state().state == Account.State.UNCONFIGURED


def test_removing_the_key_asks_before_it_switches_off(connected, admin):
    page = save(admin, remove_password="on")

    assert "Klucz zostałby usunięty." in content(page)
    assert connected.state().state == Account.State.READY


def test_a_refused_key_is_not_called_a_password(connected, admin):
    Account.objects.update(state=Account.State.REJECTED)

    text = content(admin.get(CONFIGURATION))

    assert "Portal odrzucił klucz klienta" in text
    assert "hasł" not in text


def test_everything_is_sent_anew_at_the_press_of_a_button(connected, admin):
    before = len(connected.wires.documents())

    admin.post(reverse("configuration-act", args=[CHANNEL, "send-all"]))
    connected.settle()

    assert connected.wires.documents()[before:] == [
        ["ResourceGroups", "Resources", "Schedules", "Appointments full"]
    ]


@pytest.mark.parametrize(
    "name", ["services", "units", "clinics", "staff", "price-lists", "service-new", "staff-new"]
)
def test_records_get_no_counterpart_at_such_a_portal(world, admin, name):
    assert "Medihost" not in content(admin.get(reverse(name)))


def test_the_box_of_a_slot_stays(connected, desk):
    page = desk.get(
        reverse("schedule", args=[connected.schedule.public_id]),
        {"day": connected.at(1).date().isoformat()},
    )

    assert "Widoczność w serwisie Medihost" in content(page)


def exchanged(world, **columns):
    ExchangeEntry.objects.create(
        **{
            "organisation": world.organisation,
            "account": world.state(),
            "at": clock.now(),
            "outcome": "ok",
        }
        | columns
    )


# --- The page of the portal -------------------------------------------------------------------


def test_the_page_says_what_was_exchanged_and_when_next(connected, desk):
    text = content(desk.get(PAGE))

    assert "aktualne Wszystko zostało przekazane." in text
    assert "poradnie, osoby i godziny pracy, cały zajęty czas przyjęto" in text
    assert "osoby i gabinety: dodano 1" in text
    assert "cały zajęty czas 2 marca 2026, 08:00 2 marca 2026, 09:00" in text


def test_a_section_that_brought_nothing_leaves_no_trace_in_its_line(connected, desk):
    counts = {"Schedules": {"received": 3, "added": 3}, "Appointments": {"received": 0}}
    exchanged(connected, parts=["offer", "busy-all"], counts=counts)

    text = content(desk.get(PAGE))
    assert "dni pracy: dodano 3" in text
    assert "dni pracy: dodano 3 ·" not in text


def test_reads_that_follow_each_other_do_not_push_the_rest_off_the_page(connected, desk, frozen):
    """Each asks for the last minutes once more, so one order is read many times."""
    for _read in range(60):
        frozen.shift(timedelta(seconds=5))
        exchanged(connected, parts=["orders"], counts={"orders": {"received": 1}})

    text = content(desk.get(PAGE))
    assert text.count("zgłoszenia: odebrano 1") == 1
    assert "odczyt zgłoszeń i wcześniej 59 razy, od 2 marca 2026, 08:00" in text
    assert "poradnie, osoby i godziny pracy, cały zajęty czas przyjęto" in text


def test_a_read_that_failed_keeps_a_line_of_its_own(connected, desk):
    exchanged(connected, parts=["orders"], counts={"orders": {"received": 1}})
    exchanged(connected, parts=["orders"], outcome="failed")
    exchanged(connected, parts=["orders"], counts={"orders": {"received": 1}})

    text = content(desk.get(PAGE))
    assert text.count("zgłoszenia: odebrano 1") == 2
    assert "wcześniej" not in text


def test_before_the_key_nothing_is_said_to_be_exchanged(world, desk):
    text = content(desk.get(PAGE))

    assert "Brak połączenia: wpisz klucz klienta." in text
    assert "Nic jeszcze nie wymieniono." in text


def test_a_change_waits_and_then_it_is_late(connected, desk, frozen):
    connected.wires.cut = "before"
    patient = PatientFactory(organisation=connected.organisation)
    (slot,) = connected.open(wall="16:00", count=1)
    connected.settle()
    connected.plan(slot, patient)
    connected.wires.cut = "before"
    connected.engine.run_once()

    text = content(desk.get(PAGE))

    assert "1 wizyty do przekazania" in text
    assert "Serwis nie odpowiada." in text


def test_an_order_is_seen_on_the_first_page_and_its_answer_reaches_the_patient(connected, desk):
    connected.patient_orders(connected.portal_shows()[0])
    connected.after(minutes=5)

    home = desk.get(reverse("home"))
    assert "Zgłoszenia czekające na odpowiedź 1 zgłoszenie" in content(home)
    visit = Visit.objects.get()
    desk.post(reverse("visit-accept", args=[visit.public_id]))
    connected.settle()

    assert Order.objects.get().status == Order.Status.ACCEPTED
    story = content(desk.get(reverse("visit", args=[visit.public_id])))
    assert "Zgłoszenie pacjenta: czeka na odpowiedź placówki." in story
    assert "Przekazano do serwisu Medihost: zgłoszenie przyjęte." in story


def test_an_answer_that_is_not_sent_yet_is_counted(connected, desk):
    connected.patient_orders(connected.portal_shows()[0])
    connected.after(minutes=5)
    visits.accept_visit(visit=Visit.objects.get(), by="tests")

    assert "1 odpowiedzi do przekazania" in content(desk.get(PAGE))
    connected.settle()
    assert "0 odpowiedzi do przekazania" in content(desk.get(PAGE))


def test_what_the_portal_keeps_is_said_with_what_to_do(connected, desk):
    Exchange.objects.update(withheld={"busy": 42})

    page = desk.get(PAGE)

    text = content(page)
    assert "Medihost zachował to, czego u nas już nie ma zajęty czas: 42" in text
    assert "1 do decyzji personelu" in text
    before = len(connected.wires.documents())
    desk.post(RETRY, {"what": "send-all"})
    connected.settle()
    assert len(connected.wires.documents()) == before + 1
    assert "zachował" not in content(desk.get(PAGE))


def test_a_refused_row_is_shown_by_its_sentence_and_taken_up_again(connected, desk):
    patient = PatientFactory(organisation=connected.organisation)
    visit = connected.plan(connected.open(wall="16:00", count=1)[0], patient)
    connected.settle()
    VisitTarget.objects.update(problem="31.02.2010 is not a date. [E_DATE]")
    ExchangeEntry.objects.update(
        outcome="partial",
        problems=[{"part": "busy", "key": "visit/7", "text": "31.02.2010 is not a date. [E_DATE]"}],
    )

    text = content(desk.get(PAGE))
    assert "odłożone 31.02.2010 is not a date. [E_DATE]" in text
    assert "visit/7: 31.02.2010 is not a date. [E_DATE]" in text
    assert "przyjęto częściowo" in text

    desk.post(RETRY, {"what": "visit", "key": visit.public_id})
    connected.settle()
    assert VisitTarget.objects.get().problem == ""


# --- Orders without a visit here (U-38) -------------------------------------------------------


@pytest.fixture
def own_order(connected):
    """An order for a resource that the portal has and we have not."""
    order = PortalOrder(
        id="77",
        state=OrderState.WAITING,
        resource=None,
        resource_name="Лаборатория",
        start=connected.at(2, "10:00"),
        end=connected.at(2, "10:30"),
        patient=PortalPatient(
            given_name="Анна", family_name="Зимородкова", phone="+7 900 000-00-00"
        ),
        comment="кровь",
    )
    orders.apply(connected.state(), order)
    return Booking.objects.get(external_id="77")


def test_such_an_order_is_shown_with_whom_it_is_for(own_order, desk):
    text = content(desk.get(PAGE))

    assert "Зимородкова" in text
    assert "Лаборатория" in text
    assert "Dotyczy własnego zasobu portalu" in text
    assert "1 do decyzji personelu" in text
    home = desk.get(reverse("home"))
    assert "1 rezerwacje bez przypisania" in content(home)
    assert read(home).find("a", href=f"{PAGE}#unassigned") != []


@pytest.mark.parametrize(
    ("answer", "said"), [("accept", "przyjęte u nas"), ("reject", "odrzucone u nas")]
)
def test_such_an_order_is_answered_here(own_order, desk, answer, said):
    page = desk.post(ANSWER, {"order": "77", "answer": answer}, follow=True)

    text = content(page)
    assert f"czeka na przekazanie {said}" in text
    assert "0 do decyzji personelu" in text
    assert own_order.external_id not in [
        field.attributes["value"] for field in read(page).find("input", name="order")
    ]


def test_an_accepted_one_stays_in_sight_until_it_is_over_and_can_be_cancelled(
    own_order, desk, connected
):
    Booking.objects.update(answer="accepted", order_state="accepted")

    page = desk.get(PAGE)
    assert "przyjęte Dotyczy własnego zasobu" in content(page)
    assert "0 do decyzji personelu" in content(page)
    assert "Odwołaj zgłoszenie" in [button.text for button in read(page).all("button")]

    desk.post(ANSWER, {"order": "77", "answer": "reject"})
    own_order.refresh_from_db()
    assert own_order.answer == "ended"

    connected.clock.shift(3 * 24 * 3600)
    Booking.objects.update(answer="accepted")
    assert "Зимородкова" not in content(desk.get(PAGE))


def test_two_people_answer_one_order_the_second_is_told(own_order, desk):
    desk.post(ANSWER, {"order": "77", "answer": "reject"})

    page = desk.post(ANSWER, {"order": "77", "answer": "accept"}, follow=True)

    assert "Ktoś już odpowiedział na to zgłoszenie." in content(page)
    own_order.refresh_from_db()
    assert own_order.answer == "ended"


def test_one_that_nobody_answered_in_time_is_put_away_when_read(own_order, desk, connected):
    connected.clock.shift(3 * 24 * 3600)
    page = desk.get(PAGE)
    assert "bez odpowiedzi" in content(page)
    assert list(read(page).find("button", value="accept")) == []

    desk.post(RETRY, {"what": "seen", "booking": "77"})

    assert "Зимородкова" not in content(desk.get(PAGE))


@pytest.mark.parametrize("fields", [{}, {"order": "77"}, {"order": "78", "answer": "accept"}])
def test_an_answer_to_nothing_is_no_page(own_order, desk, fields):
    assert desk.post(ANSWER, fields).status_code == 404


@pytest.mark.parametrize("role", ["auditor", "practitioner"])
def test_only_the_desk_answers_such_orders(own_order, world, role):
    client = logged_in(world, role)

    assert client.post(ANSWER, {"order": "77", "answer": "accept"}).status_code == 403


def test_three_orders_and_exchanges_take_as_many_queries_as_one(connected, desk):
    def asked():
        desk.get(PAGE)
        with CaptureQueriesContext(connection) as queries:
            desk.get(PAGE)
        return len(queries)

    def more(n):
        row = Booking(account=connected.state(), organisation=connected.organisation)
        row.external_id, row.order_state, row.problem = str(n), "waiting", "It has no schedule."
        row.start, row.end, row.seen_at = connected.at(n), connected.at(n, "10:00"), clock.now()
        row.save()
        exchanged(connected, parts=["busy"])

    more(1)
    one = asked()
    more(2)
    more(3)

    assert asked() == one < 60


# --- The light --------------------------------------------------------------------------------


def light(world):
    return lights.light_of(world.state()).colour


def test_the_light_follows_the_account(world, frozen):
    assert light(world) == "off"
    world.connect()
    assert light(world) == "fresh"
    frozen.shift(3600)  # by the clock, all of it is due, and nothing works
    assert light(world) == "late"
    world.settle()
    assert light(world) == "fresh"
    Account.objects.update(failing_since=clock.now())
    assert light(world) == "failing"
