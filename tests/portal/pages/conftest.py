"""A clinic that patients can look at, and a browser that sends forms as they stand on the page."""

from datetime import date, timedelta

import httpx
import lxml.html
import pytest

from slotbridge.portal.wsgi import portal_app
from tests.portal.booking import make_clinic, make_resource, work

BASE = "http://localhost"
TODAY = date(2026, 3, 2)  # a Monday; the frozen clock shows 10:00 in Moscow


class Document:
    """An answer of the portal, and its forms."""

    def __init__(self, browser, response):
        self.browser, self.response = browser, response
        self.status, self.text = response.status_code, response.text
        self.path = response.url.raw_path.decode()
        self.tree = lxml.html.fromstring(response.text, base_url=str(response.url))
        self.tree.make_links_absolute()

    @property
    def main(self):
        """What is read on the page, white space joined."""
        return " ".join(self.tree.get_element_by_id("main").text_content().split())

    @property
    def title(self):
        return self.tree.findtext(".//title")

    def all(self, name):
        """The texts of the elements of a class or a tag."""
        found = self.tree.xpath(
            f"//*[local-name()='{name}' or contains(concat(' ', @class, ' '), ' {name} ')]"
        )
        return [" ".join(each.text_content().split()) for each in found]

    def link(self, text):
        """The page behind the first link that says so."""
        named = [each for each in self.tree.iter("a") if text in each.text_content()]
        assert named, f"no link says {text!r}"
        return self.browser.get(named[0].get("href"))

    def press(self, text, **typed):
        """Sends the button's form, with what is typed into it."""
        buttons = [each for each in self.tree.iter("button") if text in each.text_content()]
        assert buttons, f"no button says {text!r}"
        button = buttons[0]
        form = (
            self.tree.get_element_by_id(button.get("form"))
            if button.get("form")
            else next(button.iterancestors("form"))
        )
        values = dict(form.form_values()) | typed
        if button.get("name"):
            values[button.get("name")] = button.get("value")
        address = form.action or str(self.response.url)
        if form.method == "GET":
            return self.browser.get(str(httpx.URL(address, params=values)))
        return self.browser.post(address, values)


class Browser:
    """Keeps cookies and follows redirects, like a person's."""

    def __init__(self, language="ru", address="127.0.0.1"):
        self.http = httpx.Client(
            transport=httpx.WSGITransport(app=portal_app, remote_addr=address),
            base_url=BASE,
            headers={"Accept-Language": language},
            follow_redirects=True,
        )

    def get(self, path, status=200):
        response = self.http.get(path)
        assert response.status_code == status, response.text
        return Document(self, response)

    def post(self, path, values):
        return Document(self, self.http.post(path, data=values))


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture
def english():
    return Browser("en")


@pytest.fixture
def other():
    """Another patient."""
    return Browser()


@pytest.fixture
def practice(db_of_portal, frozen):
    """Open, fresh, and without anybody yet; its clocks show 10:00."""
    return make_clinic(address="Москва, ул. Лесная, 5", phone="+7 495 000-00-00")


@pytest.fixture
def doctor(practice):
    """Works today and tomorrow, with a break at 13:00."""
    found = make_resource(practice, 422, name="Пихтова А. С.")
    for day in (TODAY, TODAY + timedelta(days=1)):
        work(found, day, "9:00-13:00", "14:00-18:00")
    return found


@pytest.fixture
def person():
    """What a patient types."""
    return {
        "name1": "Сорокина",
        "name2": "Вера",
        "name3": "Ильинична",
        "phone": "8 (900) 000-00-00",
        "email": "vera@example.com",
        "aim": "консультация",
        "consent": "on",
    }
