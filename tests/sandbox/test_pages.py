"""The pages of a patient, a doctor and an adviser, as a browser without scripts uses them."""

import re
from datetime import timedelta

import httpx
import pytest

from slotbridge.kit import http
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Booking, Client, Facility
from slotbridge.sandbox.wsgi import sandbox_app
from tests.sandbox.conftest import PATIENT, hour, iso

pytestmark = pytest.mark.django_db(databases=["sandbox"])


class Browser:
    """Follows redirects, keeps cookies, and sends forms with what was hidden in them."""

    def __init__(self, language="pl"):
        self.http = httpx.Client(
            transport=httpx.WSGITransport(app=sandbox_app),
            base_url="http://localhost",
            follow_redirects=True,
            headers={"Accept-Language": language},
        )

    def get(self, path, status=200, **params):
        answer = self.http.get(path, params=params or None)
        assert answer.status_code == status, answer.text
        return answer

    def send(self, path, status=200, to=None, **fields):
        """Opens a page and sends its form with the page's own token."""
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', self.http.get(path).text)[1]
        data = {"csrfmiddlewaretoken": token} | fields
        answer = self.http.post(to or path, data=data)
        assert answer.status_code == status, answer.text
        return answer


@pytest.fixture
def browser(db_of_sandbox):
    return Browser()


PERSON = {
    "name": "Abelard",
    "surname": "Giza",
    "email": "abelard@example.com",
    "phone": "+48 123 123 123",
    "consent": "on",
}


def book_path(clinic, start):
    when = iso(start).replace("+", "%2B")
    return f"/book/{clinic.address.key}?service={clinic.visit.pk}&start={when}"


def test_a_patient_finds_a_doctor_books_moves_and_cancels(clinic, browser, tomorrow):
    clinic.tell_day(tomorrow)
    assert "Zofia Wzorcowa" in browser.get("/doctors", q="kardio").text
    page = browser.get(f"/doctors/{clinic.doctor.key}").text
    link = re.search(r'href="(/book/[^"]+)"', page)[1].replace("&amp;", "&")
    done = browser.send(link, **PERSON)

    booking = Booking.objects.get()
    assert booking.start == hour(tomorrow, 9)
    assert booking.patient["phone"] == "+48123123123"
    assert str(done.url.path) == f"/visits/{booking.key}"
    assert str(booking.pk) not in done.text
    move = f"/visits/{booking.key}/move"
    moved = browser.send(move, start=iso(hour(tomorrow, 11)))
    newest = Booking.objects.get(status="booked")
    assert moved.url.path == f"/visits/{newest.key}"
    assert browser.get(f"/visits/{booking.key}").url.path == f"/visits/{newest.key}"
    browser.send(f"/visits/{newest.key}", to=f"/visits/{newest.key}/cancel", reason="wyjazd")
    newest.refresh_from_db()
    assert (newest.status, newest.cancel_reason) == ("canceled", "wyjazd")
    browser.http.get(f"/visits/{newest.key}/move")


def test_a_form_names_what_is_missing_and_keeps_what_was_typed(clinic, browser, tomorrow):
    clinic.tell_day(tomorrow)
    answer = browser.send(book_path(clinic, hour(tomorrow, 9)), **PERSON | {"phone": "12"})
    assert "Proszę podać numer telefonu" in answer.text
    assert 'value="Giza"' in answer.text
    assert not Booking.objects.exists()


def test_a_time_taken_meanwhile_is_explained_with_a_way_on(clinic, browser, tomorrow):
    clinic.tell_day(tomorrow)
    path = book_path(clinic, hour(tomorrow, 9))
    actors.doctor_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
    answer = browser.send(path, status=409, **PERSON)
    assert "Ten termin właśnie został zajęty" in answer.text
    assert f"/doctors/{clinic.doctor.key}?" in answer.text


def test_a_denial_by_the_clinics_software_is_told_kindly(clinic, browser, tomorrow):
    clinic.tell_day(tomorrow)
    clinic.api.set(asks_slot_booking=True, notification_url="https://hub.example/hook")
    with http.through(httpx.MockTransport(lambda _request: httpx.Response(400))):
        answer = browser.send(book_path(clinic, hour(tomorrow, 9)), status=409, **PERSON)
    assert "Przychodnia nie mogła teraz przyjąć tego terminu" in answer.text


def test_a_doctor_books_takes_a_break_moves_and_cancels(clinic, browser, tomorrow):
    clinic.tell_day(tomorrow)
    day = tomorrow.date().isoformat()
    week = f"/desk/{clinic.address.key}?from={day}"
    assert "Zofia" in browser.get("/desk").text
    when = iso(hour(tomorrow, 9)).replace("+", "%2B")
    browser.send(
        f"/desk/{clinic.address.key}/book?start={when}",
        name="Barbara",
        surname="Niby",
        service=str(clinic.visit.pk),
    )
    booking = Booking.objects.get()
    page = browser.get(week).text
    assert "Barbara Niby" in page
    add = f"/desk/{clinic.address.key}/break"
    break_ = {"day": day, "since": "10:00", "till": "11:00", "description": "zebranie"}
    assert "zebranie" in browser.send(week, to=add, **break_).text
    assert "już jest" in browser.send(week, to=add, status=409, **break_).text
    browser.send(week, to=add, status=409, **break_ | {"till": "9:00"})
    browser.send(week, to=add, status=409, **break_ | {"day": "jutro"})
    browser.send(week, to=f"{add}s/{clinic.address.breaks.get().pk}")
    assert not clinic.address.breaks.exists()

    visit = f"/desk/visits/{booking.key}"
    browser.send(visit, do="move", start=iso(hour(tomorrow, 11)))
    newest = Booking.objects.get(status="booked")
    assert newest.start == hour(tomorrow, 11)
    browser.send(f"/desk/visits/{newest.key}", do="cancel", reason="choroba")
    gone = browser.get(f"/desk/visits/{newest.key}")
    assert "odwołana" in gone.text
    browser.send(week, to=f"/desk/{clinic.address.key}/calendar", on="no")
    assert "wyłączone" in browser.get(week).text


FACILITY = {
    "name": "Przychodnia Jaworowa",
    "street": "ul. Jaworowa 2",
    "post_code": "30-002",
    "city_name": "Kraków",
    "doctors": "Marek Przykładny; dermatolog\nEwa Przykładna",
    "services": "konsultacja; 200; 20",
    "online": "on",
}


def test_an_adviser_registers_a_facility_and_hands_out_credentials_once(browser):
    """R4, R5, R6, R6a, R6b: the portal's side of the procedure, as the sandbox plays it."""
    assert "Nie ma jeszcze żadnej placówki" in browser.get("/adviser").text
    answer = browser.send("/adviser/new", status=201, **FACILITY)
    facility, client = Facility.objects.get(), Client.objects.get()
    secret = re.search(r'secret</dt><dd class="code">([^<]+)', answer.text)[1]
    page = f"/adviser/facilities/{facility.key}"

    assert (facility.doctors.count(), facility.addresses.count()) == (2, 4)
    assert secret not in browser.get(page).text
    form = {"grant_type": "client_credentials"}
    token = browser.http.post("/oauth/v2/token", auth=(client.client_id, secret), data=form)
    assert token.status_code == 200
    assert "Client secret" in browser.send(page, name="Druga integracja").text


@pytest.mark.parametrize(
    ("field", "value"),
    [("doctors", "Marek"), ("services", "konsultacja"), ("services", "konsultacja; x; 20")],
)
def test_a_line_that_cannot_be_read_is_refused_in_words(browser, field, value):
    answer = browser.send("/adviser/new", **FACILITY | {field: value})
    assert 'class="errorlist"' in answer.text
    assert not Facility.objects.exists()


def test_an_adviser_sets_delivery_switches_and_a_new_secret(clinic, browser, tomorrow):
    """R6c: where notifications go."""
    path = f"/adviser/clients/{clinic.api.client.key}"
    settings = {
        "do": "settings",
        "name": "Integracja",
        "delivery": "push",
        "notification_url": "",
        "retry_minutes": "1, 2",
        "question_timeout_ms": "500",
        "writes_per_minute": "5",
        "reads_per_hour": "50",
        "is_limited": "on",
    }
    assert "Bez adresu" in browser.send(path, status=400, **settings).text
    browser.send(path, **settings | {"notification_url": "https://hub.example/hook"})
    browser.send(path, do="quirks", put_delay_seconds="3", no_slots_404="always")
    client = Client.objects.get()
    assert (client.delivery, client.retry_minutes, client.writes_per_minute) == ("push", [1, 2], 5)
    assert client.quirks["put_delay_seconds"] == 3
    assert client.quirks["repeated_put_ignored"] is False

    clinic.api("GET", "/facilities")
    clinic.address.refresh_from_db()
    page = browser.send(path, do="secret").text
    assert "getFacilities" in page
    assert clinic.api("GET", "/facilities").status_code == 401


def test_pages_are_polish_unless_english_is_asked_for(browser):
    assert "Znajdź lekarza" in Browser("de").get("/").text
    assert "Find a doctor" in Browser("en-GB,pl;q=0.5").get("/").text
    assert "Find a doctor" in browser.get("/?lang=en").text
    assert "Find a doctor" in browser.get("/").text  # remembered


def test_empty_states_say_what_to_do(browser, clinic, tomorrow):
    assert "Nikt nie pasuje" in browser.get("/doctors", q="okulista").text
    page = browser.get(f"/doctors/{clinic.doctor.key}").text
    assert "Umawianie online pod tym adresem jest wyłączone" in page
    later = tomorrow + timedelta(days=20)
    clinic.tell_day(later)
    page = browser.get(f"/doctors/{clinic.doctor.key}").text
    assert f"from={later.date()}" in page


def test_pages_are_fenced(clinic, browser, tomorrow):
    clinic.tell_day(tomorrow)
    headers = browser.get("/").headers
    assert "script-src" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    without_token = browser.http.post(book_path(clinic, hour(tomorrow, 9)), data=PERSON)
    assert without_token.status_code == 403
    other_host = browser.http.get("/", headers={"Host": "evil.example"})
    assert other_host.status_code == 400
    assert browser.get(f"/visits/{clinic.address.key}", status=404)
    assert "Nic tu nie ma" in browser.get("/nowhere", status=404).text
    browser.get(f"/book/{clinic.address.key}?service=x&start=y", status=404)


def test_the_stylesheet_is_our_own(browser):
    assert browser.get("/style.css").headers["content-type"].startswith("text/css")
