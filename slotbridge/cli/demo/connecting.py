"""Connects the clinic to the portal as docs/reference/jhis-znanylekarz.md 4.2 says, step by step.

Each step is what a person would do: the adviser at the portal, the administrator in the HIS.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from slotbridge.cli import clinic
from slotbridge.cli.demo.children import Children, TooLate
from slotbridge.cli.demo.portal import Address, Facility, Portal
from slotbridge.cli.demo.screen import Screen, counted
from slotbridge.his.models import (
    Clinic,
    Organisation,
    Practitioner,
    PriceListUse,
    Schedule,
    Service,
    Slot,
    Unit,
)
from slotbridge.kit import clock
from slotbridge.sync import accounts, lights, links
from slotbridge.sync.models import Account

BY = "administrator"
SYNCHRONISATION = 60.0  # seconds
FIRST_SLOTS = 90.0
WORKING = {Account.State.SYNCHRONISING, Account.State.UNCONFIGURED}


@dataclass
class Connected:
    """Both sides, joined; `facility` as the portal knows it."""

    portal: Portal
    children: Children
    organisation: Organisation
    account: Account
    facility: Facility
    address_by_id: Mapping[str, Address] = field(init=False)

    def __post_init__(self) -> None:
        self.address_by_id = {each.id: each for each in self.facility.addresses}


def connect(screen: Screen, portal: Portal, children: Children, organisation: Organisation,
            portal_url: str) -> Connected:  # fmt: skip
    """Steps 1 to 12. Raises TooLate or ChildDied."""
    with screen.step(_("Portal: the adviser registers the clinic and hands out credentials")) as s:
        facility = portal.register()
        s.result = counted(doctors=len(clinic.PEOPLE), places=len(clinic.SITES))
    with screen.step(_("Portal: notifications go to the address copied from Konfiguracja")):
        account = accounts.account_for(organisation=organisation, channel=clinic.CHANNEL)
        portal.send_notifications_to(facility, accounts.notification_address(account))
    both = Connected(portal, children, organisation, account, facility)
    with screen.step(_("HIS: login and password entered, first synchronisation")) as step:
        accounts.configure(
            account=account,
            login=facility.client_id,
            password=facility.client_secret,
            settings={"base_url": portal_url, "delivery": "push"},
            by=BY,
        )
        step.now(_("its lists are being read"))
        children.until(
            lambda: _is_synchronised(account),
            within=SYNCHRONISATION,
            what=_("The first synchronisation did not end."),
        )
        counts = account.catalogue_counts
        step.result = counted(
            doctors=counts.get("doctor", 0),
            places=counts.get("place", 0),
            services=counts.get("service", 0),
        )
    _map(screen, both)
    _await_slots(screen, both)
    return both


def _is_synchronised(account: Account) -> bool:
    """Raises TooLate at once where waiting would be in vain."""
    account.refresh_from_db()
    if account.state not in WORKING and account.state != Account.State.READY:
        raise TooLate(
            _("The first synchronisation failed: %(why)s")
            % {"why": lights.light_of(account).sentence}
        )
    return account.state == Account.State.READY


# --- The five mappings -----------------------------------------------------------------------

Record = Unit | Clinic | Practitioner | Service


def _map(screen: Screen, both: Connected) -> None:
    """Steps 7 to 11, in the order of the document: what is complete is published by itself."""
    mapped = 0
    with screen.step(_("HIS: the five mappings")) as step:
        for record, name in _pairs(both.organisation):
            choice = next(
                each
                for each in links.choices(account=both.account, kind=type(record).__name__.lower())
                if name in each.name
            )
            links.link(account=both.account, record=record, item_id=choice.item_id, by=BY)
            mapped += 1
            step.now(name)
        lists = PriceListUse.objects.filter(
            organisation=both.organisation, channel=clinic.CHANNEL
        ).count()
        step.result = _("%(records)d records linked, %(lists)d price lists in use") % {
            "records": mapped,
            "lists": lists,
        }


def _pairs(organisation: Organisation) -> Iterator[tuple[Record, str]]:
    """Each record and what the name of its counterpart holds."""
    for service in Service.objects.filter(organisation=organisation):
        yield service, service.name
    for unit in Unit.objects.filter(organisation=organisation):
        yield unit, clinic.ORGANISATION
    for section in Clinic.objects.filter(organisation=organisation).select_related("unit"):
        yield section, section.unit.street
    for person in Practitioner.objects.filter(organisation=organisation):
        yield person, f"{person.given_name} {person.family_name}"


# --- The first slots -------------------------------------------------------------------------


def _await_slots(screen: Screen, both: Connected) -> None:
    """Until everything is told; then asks the portal whether it really shows it."""
    with screen.step(_("Portal: slots appear")) as step:

        def all_told() -> bool:
            left = lights.waiting(both.account).days
            step.now(_("days to tell: %(days)d") % {"days": left})
            return not left and both.account.listings.count() == len(both.facility.addresses)

        both.children.until(
            all_told, within=FIRST_SLOTS, what=_("The portal was not told all slots."), every=0.1
        )
        shown = sum(_shown(both, address) for address in both.facility.addresses)
        step.result = _("%(times)d times of %(slots)d slots, in %(calendars)d calendars") % {
            "times": shown,
            "slots": Slot.objects.filter(
                organisation=both.organisation, start__gt=clock.now()
            ).count(),
            "calendars": len(both.facility.addresses),
        }


def _shown(both: Connected, address: Address) -> int:
    """How many times the portal offers there. Raises TooLate if a slot's start is not one."""
    shown = set(both.portal.starts(address, days=7 * clinic.WEEKS))
    listing = both.account.listings.get(address=address.id)
    slots = Slot.objects.filter(
        schedule__in=Schedule.objects.filter(listings__listing=listing), start__gt=clock.now()
    )
    missing = set(slots.values_list("start", flat=True)) - shown
    if missing:
        raise TooLate(
            _("The portal does not show %(number)d slots of %(person)s.")
            % {"number": len(missing), "person": address.doctor}
        )
    return len(shown)
