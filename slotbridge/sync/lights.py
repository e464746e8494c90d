"""How an account and its listings are doing, in a colour, a time and a sentence (promise 10)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, F, Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from slotbridge.kit import clock
from slotbridge.sync import bookings
from slotbridge.sync.exchange import standing
from slotbridge.sync.models import (
    Account,
    InboxMessage,
    Listing,
    ListingDay,
    ListingService,
    VisitTarget,
)
from slotbridge.sync.registry import connector_class, keeps_calendars

# A33: within a minute of the change; a banner after fifteen (A11).
FRESH_WITHIN = timedelta(minutes=1)
BANNER_AFTER = timedelta(minutes=15)


class Colour(StrEnum):
    FRESH = "fresh"
    LATE = "late"
    FAILING = "failing"
    PAUSED = "paused"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Light:
    """A colour, since when, and one sentence that says why and what to do."""

    colour: Colour
    since: datetime | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is due at an account and what is left for a person."""

    days: int
    visits: int
    messages: int
    oldest_since: datetime | None
    requests: int  # writes these need: one a listing, one a visit
    minutes_to_go: int  # at the account's budget
    parked_days: int
    parked_visits: int
    parked_messages: int
    unassigned: int
    doubtful: int
    held: int
    # Of portals that take documents: what can be booked, answers to orders, and parts of which
    # the portal keeps rows that are gone here (U-19).
    offers: int = 0
    answers: int = 0
    withheld: int = 0
    broken_links: int = 0  # A22: somebody has to link anew
    parked_services: int = 0  # of addresses

    @property
    def total(self) -> int:
        return self.days + self.visits + self.messages + self.offers

    @property
    def untold(self) -> int:
        """What the portal was not told, and will not be until a person does something."""
        return self.parked_days + self.parked_visits + self.parked_services + self.held

    @property
    def for_a_person(self) -> int:
        return (
            self.parked_days
            + self.parked_visits
            + self.parked_messages
            + self.unassigned
            + self.held
            + self.withheld
            + self.broken_links
            + self.parked_services
        )


_FIXED = {
    Account.State.UNCONFIGURED: (
        Colour.OFF,
        gettext_noop("Not connected: enter login and password."),
    ),
    Account.State.SYNCHRONISING: (
        Colour.LATE,
        gettext_noop("The first synchronisation is running."),
    ),
    Account.State.PAUSED: (Colour.PAUSED, gettext_noop("Paused: changes wait until you resume.")),
    Account.State.SWITCHING_OFF: (Colour.LATE, gettext_noop("Slots are being withdrawn.")),
    Account.State.OFF: (Colour.OFF, gettext_noop("Switched off.")),
}  # fmt: skip
_FIXED_BY_KEY = {
    Account.State.UNCONFIGURED: (Colour.OFF, gettext_noop("Not connected: enter the client key.")),
    Account.State.SYNCHRONISING: (Colour.LATE, gettext_noop("The key is being tried.")),
}


def in_words(problem: str) -> str:
    """A stored reason in the reader's language. Reasons are stored as English source strings; what
    stands in brackets behind one (an operation and a status) is for whoever is asked for help.
    """
    text, bracket, code = problem.partition(" [")
    return _(text) + bracket + code if text else ""


def waiting(account: Account) -> Waiting:
    """Counts of what waits, in a handful of queries whatever there is."""
    if keeps_calendars(account.kind):
        return _waiting_at_calendars(account)
    found = standing.standing_of(account)
    return Waiting(
        days=0,
        visits=found.visits,
        messages=0,
        oldest_since=found.since,
        requests=1 if found.since else 0,
        minutes_to_go=1 if found.since else 0,
        parked_days=0,
        parked_visits=found.parked_visits,
        parked_messages=0,
        unassigned=found.for_a_person,
        doubtful=0,
        held=0,
        offers=int(found.is_offer_due),
        answers=found.answers,
        withheld=found.withheld,
    )


def _waiting_at_calendars(account: Account) -> Waiting:
    due = ListingDay.objects.filter(listing__account=account, asked__gt=F("answered"))
    days = due.filter(problem="", listing__held_since__isnull=True).aggregate(
        days=Count("pk"), listings=Count("listing", distinct=True), since=Min("asked_at")
    )
    targets = VisitTarget.objects.filter(account=account).aggregate(
        waiting=Count("pk", filter=Q(asked__gt=F("answered"), problem="")),
        since=Min("asked_at", filter=Q(asked__gt=F("answered"), problem="")),
        parked=Count("pk", filter=~Q(problem="") | Q(call_patient=True)),
        doubtful=Count("pk", filter=~Q(doubt="")),
    )
    messages = InboxMessage.objects.filter(account=account).aggregate(
        waiting=Count("pk", filter=Q(state="new")),
        since=Min("received_at", filter=Q(state="new")),
        parked=Count("pk", filter=Q(state="parked")),
    )
    since = [at for at in (days["since"], targets["since"], messages["since"]) if at]
    requests = days["listings"] + targets["waiting"]
    return Waiting(
        days=days["days"],
        visits=targets["waiting"],
        messages=messages["waiting"],
        oldest_since=min(since, default=None),
        requests=requests,
        minutes_to_go=-(-requests // (account.writes_limit or 40)),
        parked_days=due.exclude(problem="").count(),
        parked_visits=targets["parked"],
        parked_messages=messages["parked"],
        unassigned=bookings.for_a_person(account).count(),
        doubtful=targets["doubtful"],
        held=account.listings.filter(held_since__isnull=False).count(),
        broken_links=account.links.filter(
            ended_at__isnull=True, item__gone_at__isnull=False
        ).count(),
        parked_services=ListingService.objects.filter(listing__account=account)
        .exclude(problem="")
        .count(),
    )  # fmt: skip


def light_of(account: Account) -> Light:
    """The account's light."""
    fixed = _FIXED if connector_class(account.kind).has_login else _FIXED | _FIXED_BY_KEY
    if account.state in fixed:
        colour, sentence = fixed[Account.State(account.state)]
        return Light(colour, account.state_since, _(sentence))
    if account.state in {Account.State.FAILED, Account.State.REJECTED}:
        return Light(Colour.FAILING, account.state_since, in_words(account.reason))
    if account.failing_since is not None:
        return Light(Colour.FAILING, account.failing_since, _silent())
    if account.writing != Account.Writing.LIVE:
        return _light_of_writing(account)
    found = waiting(account)
    since = found.oldest_since
    is_late = since is not None and since + FRESH_WITHIN < clock.now()
    if since is not None or found.untold:
        colour = Colour.LATE if is_late or found.untold else Colour.FRESH
        return Light(colour, since, _("Changes are waiting to be sent or taken over."))
    return Light(Colour.FRESH, account.last_write_at, _("Everything has been told."))


def _silent() -> str:
    return _("The portal does not answer. Changes wait and are sent by themselves afterwards.")


def _light_of_writing(account: Account) -> Light:
    if account.writing == Account.Writing.REHEARSAL:
        sentence = _("Rehearsal: nothing is written. Look at what would be, then go live.")
    elif account.shadow_until is not None and account.shadow_until <= clock.now():
        sentence = _(
            "The comparison is over, and still nothing is written. Look at what differed, then go"
            " live."
        )
    else:
        sentence = _("Comparison: both sides are compared, and nothing is changed on either.")
    return Light(Colour.PAUSED, account.writing_since, sentence)


def lights_of_listings(listings: Collection[Listing]) -> list[Light]:
    """The light of each of these calendars, in their order; in one query however many."""
    waiting = dict(
        ListingDay.objects.filter(listing__in=listings, asked__gt=F("answered"))
        .values_list("listing")
        .annotate(since=Min("asked_at"))
    )
    return [_light_of_listing(listing, waiting.get(listing.pk)) for listing in listings]


def _light_of_listing(listing: Listing, oldest: datetime | None) -> Light:
    if listing.held_since is not None:
        return Light(
            Colour.PAUSED,
            listing.held_since,
            _("All its free times would vanish: confirm that this is meant, or put them back."),
        )
    if listing.failing_since is not None:
        sentence = in_words(listing.problem) or _silent()
        return Light(Colour.FAILING, listing.failing_since, sentence)
    if listing.account.writing != Account.Writing.LIVE:
        return Light(Colour.PAUSED, listing.patrolled_at, _("Only compared: nothing is written."))
    if oldest is not None:
        colour = Colour.LATE if oldest + FRESH_WITHIN < clock.now() else Colour.FRESH
        return Light(colour, oldest, _("Changes are waiting to be sent."))
    return Light(Colour.FRESH, listing.last_told_at, _("Everything has been told."))


def needs_banner(account: Account) -> bool:
    """A11: the portal has not been reached for a quarter of an hour and may oversell."""
    return account.failing_since is not None and account.failing_since + BANNER_AFTER <= clock.now()
