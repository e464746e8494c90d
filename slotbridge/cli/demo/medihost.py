"""The second portal of the demo: Medihost, ours. Its patients are visitors of its pages.

Nothing is told that was not read there: the portal on the pages that a patient sees, the HIS in
its database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
from django.utils.translation import gettext as _

from slotbridge.cli import clinic
from slotbridge.cli.demo.browser import Browser, Page
from slotbridge.cli.demo.children import Children, TooLate
from slotbridge.cli.demo.screen import Screen
from slotbridge.his.models import Organisation, Slot
from slotbridge.kit import clock, http
from slotbridge.sync import accounts
from slotbridge.sync.models import Account, Exchange

BY = "administrator"
CHANNEL = "medihost"
ZONE = ZoneInfo("Europe/Warsaw")
OPERATOR = "operator"
FIRST_DOCUMENT = 60.0  # seconds
# An eager clinic: its patients' orders are fetched every few seconds, not every five minutes.
ORDERS_SECONDS = "5"
_MOST_WEEKS = 3
_TIMES = "//button[@name='start']"
_STATE = "//article//header"


@dataclass(frozen=True)
class Patient:
    given: str
    family: str
    email: str


class Medihost:
    """The portal: its operator by commands, its patients by its pages."""

    def __init__(self, base_url: str, children: Children) -> None:
        self._base_url = base_url
        self._children = children
        self._browser = Browser(base_url)

    def close(self) -> None:
        self._browser.close()

    def is_up(self) -> bool:
        with http.client(self._base_url) as client:
            try:
                return client.get("/").is_success
            except httpx.TransportError:
                return False

    def add_clinic(self) -> str:
        """The operator registers the clinic; the key that is shown once."""
        said = self._children.run(
            "portal", "add-clinic", clinic.ORGANISATION, "--zone", ZONE.key, "--language", "en"
        )
        return said.split()[-1]

    def add_operator(self) -> str:
        """Somebody who may log in; the password."""
        return self._children.run("portal", "add-operator", OPERATOR, "--random").split()[-1]

    def starts(self, person: clinic.Person) -> list[datetime]:
        """When a patient could come, in order: the times on the person's pages."""
        return [start for page in self._weeks(person) for start in _times(page)]

    def order(self, person: clinic.Person, start: datetime, who: Patient) -> str:
        """A patient chooses a time and sends the form; the link to the order."""
        for page in self._weeks(person):
            if start in _times(page):
                break
        else:
            raise TooLate(_("The portal does not offer the time."))
        wall = start.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
        form = self._browser.send(page, f"//form[.{_TIMES}]", {"start": wall})
        done = self._browser.send(
            form,
            "//form[@id='order']",
            {
                "name1": who.family,
                "name2": who.given,
                "phone": "+48 600 100 198",
                "email": who.email,
                "consent": "on",
            },
        )
        if not done.text(_STATE):
            raise TooLate(_("The portal did not take the order."))
        return done.url

    def state(self, order: str) -> str:
        """What the order's page says first: "waits", "good", "bad gone" … (its style)."""
        page = self._browser.open(order)
        ticket = page.tree.xpath("//article[contains(@class, 'ticket')]")
        return ticket[0].get("class").removeprefix("panel ticket ").split()[0] if ticket else ""

    def withdraw(self, order: str) -> None:
        """The patient follows the link and withdraws the order."""
        asked = self._browser.open(f"{order}withdraw/")
        self._browser.send(asked, "//form[.//button[@class='danger']]", {})

    def _weeks(self, person: clinic.Person) -> Iterator[Page]:
        found = self._browser.open("/").link(f"//a[contains(., '{clinic.ORGANISATION}')]")
        url = self._browser.open(found).link(f"//a[contains(., '{person.family}')]")
        for _n in range(_MOST_WEEKS):
            if not url:
                return
            page = self._browser.open(url)
            yield page
            url = page.link("//a[@rel='next']")


def connect(
    screen: Screen, portal: Medihost, children: Children, organisation: Organisation, url: str
) -> Account:
    """The operator gives the clinic its key, the administrator enters it, times appear."""
    with screen.step(_("Medihost: the operator adds the clinic and issues its key")):
        key = portal.add_clinic()
    account = accounts.account_for(organisation=organisation, channel=CHANNEL)
    with screen.step(_("HIS: key entered, everything sent in one document")) as step:
        accounts.configure(
            account=account,
            login="",
            password=key,
            settings={
                "base_url": url,
                "time_zone": ZONE.key,
                "orders_seconds": ORDERS_SECONDS,
            },
            by=BY,
        )
        children.until(
            lambda: (
                Exchange.objects.filter(account=account, busy_all_told_at__isnull=False)
                .exclude(offer_told_at=None)
                .exists()
            ),
            within=FIRST_DOCUMENT,
            what=_("The portal did not take the clinic's document."),
        )
        days = Exchange.objects.get(account=account).told_days
        step.result = _("%(people)d people, %(days)d working days") % {
            "people": len(days),
            "days": sum(len(each) for each in days.values()),
        }
    with screen.step(_("Medihost: slots appear")) as step:
        person = clinic.PEOPLE[0]
        shown = children.until(
            lambda: portal.starts(person),
            within=FIRST_DOCUMENT,
            what=_("Medihost shows no times."),
        )
        _insist_all_shown(organisation, person, shown)
        step.result = _("%(times)d times of %(person)s on the first pages") % {
            "times": len(shown),
            "person": f"{person.title} {person.name}",
        }
    return account


def _insist_all_shown(
    organisation: Organisation, person: clinic.Person, shown: list[datetime]
) -> None:
    """Every slot ahead, as far as the pages were read, is a time to choose."""
    slots = Slot.objects.filter(
        organisation=organisation,
        practitioner__licence_number=person.licence,
        start__range=(shown[0], shown[-1]),
    )
    missing = set(slots.values_list("start", flat=True)) - set(shown)
    if missing or shown[0] < clock.now():
        raise TooLate(
            _("Medihost does not show %(number)d slots of %(person)s.")
            % {"number": len(missing), "person": person.name}
        )


def _times(page: Page) -> list[datetime]:
    return [
        datetime.fromisoformat(value).replace(tzinfo=ZONE).astimezone(UTC)
        for value in page.values(_TIMES)
    ]
