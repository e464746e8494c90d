"""Telling a portal which services its addresses offer, and at what prices (A16-A31).

Nothing is written before the address was read: an addition whose answer was lost is found there
(promise 5), and what somebody changed there is seen before it is overwritten. A service goes only
when no day names it any more: the portal refuses days that name one which is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _noop

from slotbridge.kit import backoff, clock
from slotbridge.sync import accounts, address_items, budget, fanout, periods, services, wakeups
from slotbridge.sync.contract import (
    CalendarConnector,
    Gone,
    OutcomeUnknown,
    Refused,
    ServiceAtAddress,
    TryLater,
)
from slotbridge.sync.models import Account, Difference, Listing, ListingService
from slotbridge.sync.queue import Lease
from slotbridge.sync.services import ServiceStep, StepKind

log = structlog.stdlib.get_logger(__name__)

# An address with many services must not keep visits and answers waiting.
MOST_WRITES = 3
MOST_DRIFTS = 2
MOST_ATTEMPTS = 8
# Only after a day as told is a change there a new one, not the next of a quarrel.
CALM = timedelta(days=1)
# How soon to read again after a lost answer, and when it is taken that nothing was done.
FIRST_LOOK = timedelta(seconds=5)
LOOKS_FOR = timedelta(seconds=20)
# How often to see whether the days still name a service that is to go.
WAITS_FOR_DAYS = timedelta(seconds=30)


def next_listing(account: Account) -> Listing | None:
    """The listing whose address has waited longest."""
    row = (
        ListingService.objects.filter(
            listing__account=account,
            asked__gt=F("answered"),
            problem="",
            due_at__lte=clock.now(),
        )
        .order_by("due_at", "listing_id")
        .select_related("listing__account")
        .first()
    )
    return row.listing if row else None


def tell_listing(lease: Lease, connector: CalendarConnector, listing: Listing) -> None:
    """Makes the listing's address as wanted, a few writes at a time.

    Raises TryLater or AccountRejected with the services still due; Refused ones are parked.
    """
    if not _is_to_be_read(lease, listing):
        return
    try:
        there = connector.services_at(listing.ref)
        for step in _plan(lease, listing, there):
            account = Account.objects.get(pk=lease.account_id)
            if not account.is_live or not budget.may_write(account, urgent=False):
                return  # still due
            _do(lease, connector, listing, step)
    except TryLater:
        _put_back(listing)
        raise
    except Refused as refusal:  # the address itself
        _park_all(lease, listing, str(refusal))


@transaction.atomic
def look_at(account: Account, address: str) -> bool:
    """Has an address read soon: somebody changed its services there. False if we tell it of
    none, so that only a reading of the whole catalogue shows them.
    """
    listing = account.listings.filter(address=address).first()
    if listing is None or not services.are_ours(account):
        return False
    fanout.ask_services(account, [listing.pk], anew=False)
    return bool(listing.services.filter(problem="").update(doubt_since=clock.now()))


# --- Deciding -------------------------------------------------------------------------------


@transaction.atomic
def _is_to_be_read(lease: Lease, listing: Listing) -> bool:
    """Settles what needs no write by what was last seen; whether anything is left."""
    account = lease.confirm()
    rows = _rows(listing)
    if not services.are_ours(account):
        listing.services.filter(asked__gt=F("answered")).update(answered=F("asked"))
        return False
    wanted = services.wanted_services(listing)
    there = services.known_there(listing, rows)
    steps = services.steps(wanted, there, rows)
    _postpone(listing, steps, rows)
    doubtful = [row for row in rows.values() if row.doubt_since and not row.problem]
    _settle(rows, wanted, there, but=steps.keys() | {row.service for row in doubtful})
    now = clock.now()
    return any(rows[key].due_at <= now for key in steps if key in rows) or any(
        row.due_at <= now for row in doubtful
    )


@transaction.atomic
def _plan(lease: Lease, listing: Listing, seen: Sequence[ServiceAtAddress]) -> list[ServiceStep]:
    """What to write now, of what the address was seen to have a moment ago."""
    account = lease.confirm()
    rows = _rows(listing)
    address_items.note_seen(account, listing, seen, rows)
    wanted = services.wanted_services(listing)
    there = services.known_there(listing, rows)
    steps = services.steps(wanted, there, rows)
    for service, step in steps.items():
        if step.again and service in rows:
            _note_drift(listing, rows[service], step, there.get(service))
    _postpone(listing, steps, rows)
    _settle(rows, wanted, there, but=steps)
    now = clock.now()
    due = [
        step
        for service, step in steps.items()
        if service not in rows or (rows[service].due_at <= now and not rows[service].problem)
    ]
    return due[:MOST_WRITES]


def _rows(listing: Listing) -> dict[str, ListingService]:
    """All rows of the listing, locked in the order of who asks."""
    return {row.service: row for row in listing.services.select_for_update().order_by("service")}


def _postpone(
    listing: Listing, steps: dict[str, ServiceStep], rows: dict[str, ListingService]
) -> None:
    """What cannot be done yet: removals of what days still name, and additions that may have
    been made.
    """
    now = clock.now()
    named = _named_by_days(listing) if _removals(steps) else frozenset()
    for service, step in steps.items():
        row = rows.get(service)
        if row is None:
            continue
        if step.kind == StepKind.REMOVE and (named is None or step.service.id in named):
            row.due_at = now + WAITS_FOR_DAYS
        elif _may_be_made(row) and (row.doubt_since or now) + LOOKS_FOR > now >= row.due_at:
            row.due_at = now + FIRST_LOOK
        else:
            continue
        row.save(update_fields=["due_at"])


def _may_be_made(row: ListingService) -> bool:
    """Whether it is an addition of ours whose answer was lost."""
    return row.is_ours and row.external_id == "" and row.doubt_since is not None


def _removals(steps: dict[str, ServiceStep]) -> bool:
    return any(step.kind == StepKind.REMOVE for step in steps.values())


def _named_by_days(listing: Listing) -> frozenset[str] | None:
    """Address services that the portal was told of on days ahead; None if a day is yet to be
    told, and nobody knows what it shows.
    """
    named: set[str] = set()
    for day in listing.days.filter(day__gte=clock.today(listing.tz)):
        told = periods.from_json(day.told)
        if told is None and day.asked > day.answered:
            return None
        named.update(offer.service for period in told or () for offer in period.offers)
    return frozenset(named)


def _note_drift(
    listing: Listing, row: ListingService, step: ServiceStep, found: ServiceAtAddress | None
) -> None:
    """Somebody changed there what we told: told again, but not for ever (as with days)."""
    row.drifts += 1
    if step.kind == StepKind.ADD:
        row.external_id, row.doubt_since = "", None
    else:
        row.told = None
    if row.drifts > MOST_DRIFTS:
        row.problem = _noop(
            "Changed on the portal again and again: find out who does it, then try again."
        )
    row.save()
    done = Difference.Done.LEFT if row.problem else Difference.Done.TOLD_AGAIN
    Difference.objects.create(
        organisation_id=listing.organisation_id,
        account_id=listing.account_id,
        listing=listing,
        kind=Difference.Kind.SERVICE,
        done=done,
        found_at=clock.now(),
        data={
            "service": row.service,
            "wanted": services.to_json(step.service),
            "found": services.to_json(found) if found else None,
        },
    )
    log.info("service differs", listing=listing.pk, service=row.service, done=str(done))


def _settle(
    rows: dict[str, ListingService],
    wanted: dict[str, ServiceAtAddress],
    there: dict[str, ServiceAtAddress],
    *,
    but: Collection[str],
) -> None:
    """Rows that need no write: answered, with what stands there; or forgotten with it."""
    now = clock.now()
    for service, row in rows.items():
        if service in but or row.problem:
            continue
        found, want = there.get(service), wanted.get(service)
        if found is None and want is None:
            row.delete()
            continue
        if found is not None:
            goal = services.goal_of(row, want, found) if want else found
            if services.is_fresh(row, now) and not services.alike(row, goal, found):
                row.due_at = (row.told_at or now) + services.SETTLES_IN
                row.save(update_fields=["due_at"])
                continue
            if row.told_at is None:
                # Only read; but an addition whose answer was lost is there as it was sent.
                row.told = row.told if _may_be_made(row) else services.to_json(found)
            row.external_id, row.doubt_since = found.id, None
        if row.told_at and row.told_at + CALM <= now:
            row.drifts = 0
        row.answered, row.attempts = row.asked, 0
        row.save()


# --- Doing ----------------------------------------------------------------------------------


def _do(lease: Lease, connector: CalendarConnector, listing: Listing, step: ServiceStep) -> None:
    row = _mark(lease, listing, step)
    made = step.service.id
    try:
        if step.kind == StepKind.ADD:
            made = connector.add_service(listing.ref, step.service)
        elif step.kind == StepKind.CHANGE:
            connector.change_service(listing.ref, step.service)
        else:
            connector.remove_service(listing.ref, step.service.id)
    except Gone as gone:
        _look_again(lease, connector, row, str(gone))
    except Refused as refusal:
        _park(lease, connector, row, step, str(refusal))
    except OutcomeUnknown as unknown:
        _look_again(lease, connector, row, str(unknown))
    else:
        _done(lease, connector, row, step, made)


@transaction.atomic
def _mark(lease: Lease, listing: Listing, step: ServiceStep) -> ListingService:
    """Stores the doubt before the write: whoever takes over from a killed worker reads first."""
    lease.confirm()
    now = clock.now()
    row, _new = listing.services.select_for_update().get_or_create(
        service=step.service.service,
        defaults={"organisation_id": listing.organisation_id, "asked_at": now, "due_at": now},
    )
    row.doubt_since = now
    if step.kind == StepKind.ADD:
        # What is found there after a lost answer is ours, and as sent.
        row.is_ours, row.told, row.told_at = True, services.to_json(step.service), None
        row.external_id = ""
    elif step.kind == StepKind.CHANGE:
        row.told, row.told_at = None, now
    row.save()
    return row


@transaction.atomic
def _done(
    lease: Lease,
    connector: CalendarConnector,
    row: ListingService,
    step: ServiceStep,
    made: str,
) -> None:
    account, listing = lease.confirm(), row.listing
    _spend(account, connector)
    now = clock.now()
    fresh = ListingService.objects.select_for_update().get(pk=row.pk)
    if step.kind == StepKind.REMOVE:
        address_items.note_gone(account, made)
        fresh.is_ours, fresh.given_by, fresh.told, fresh.told_at = False, "", None, None
        fresh.external_id = ""
    else:
        address_items.note_told(account, listing, made, step.service)
        fresh.told, fresh.told_at, fresh.external_id = services.to_json(step.service), now, made
    fresh.doubt_since, fresh.attempts = None, 0
    fresh.answered = max(fresh.answered, row.asked)
    if step.kind == StepKind.REMOVE and fresh.answered == fresh.asked:
        fresh.delete()  # unless somebody asked for it meanwhile
    else:
        fresh.save()
    if step.kind == StepKind.ADD:
        fanout.ask_all_days(account, [listing.pk])
        fanout.ask_breaks(account, [listing.pk])
    log.info("service told", listing=listing.pk, service=fresh.service, step=str(step.kind))


@transaction.atomic
def _look_again(
    lease: Lease, connector: CalendarConnector, row: ListingService, reason: str
) -> None:
    """The answer was lost, or what we named is not there: the address is read anew."""
    _spend(lease.confirm(), connector)
    problem = reason[:300] if row.attempts + 1 >= MOST_ATTEMPTS else ""
    ListingService.objects.filter(pk=row.pk).update(
        attempts=F("attempts") + 1, due_at=clock.now() + FIRST_LOOK, problem=problem
    )


@transaction.atomic
def _park(
    lease: Lease,
    connector: CalendarConnector,
    row: ListingService,
    step: ServiceStep,
    reason: str,
) -> None:
    account = lease.confirm()
    _spend(account, connector)
    fresh = ListingService.objects.select_for_update().get(pk=row.pk)
    fresh.problem, fresh.doubt_since = reason[:300], None
    if step.kind == StepKind.ADD:
        fresh.is_ours, fresh.told = False, None
    fresh.save()
    log.warning("service refused", listing=row.listing_id, account=account.pk, row=row.pk)


@transaction.atomic
def _park_all(lease: Lease, listing: Listing, reason: str) -> None:
    lease.confirm()
    due = listing.services.filter(asked__gt=F("answered"), problem="")
    due.update(problem=reason[:300])
    log.warning("address refused", listing=listing.pk, account=lease.account_id)


def _put_back(listing: Listing) -> None:
    due = listing.services.filter(asked__gt=F("answered"), problem="")
    attempts = max(due.values_list("attempts", flat=True), default=0) + 1
    due.update(attempts=attempts, due_at=clock.now() + backoff.wait(attempts))


def _spend(account: Account, connector: CalendarConnector) -> None:
    budget.spend(account, connector)
    account.last_write_at = clock.now()
    account.save(update_fields=["last_write_at"])


# --- What staff decide ----------------------------------------------------------------------


@transaction.atomic
def give_to_us(*, listing_service: ListingService, by: str) -> None:
    """A service that the portal's side made is kept by our price lists from now on: name, ages
    and price follow them, and it goes when they do not have it.
    """
    _decide(listing_service, by, "service.give", is_ours=True, given_by=by)


@transaction.atomic
def leave(*, listing_service: ListingService, by: str) -> None:
    """A service is the portal side's again: it is never removed by us; where a price list has
    it, only its price follows (A31).
    """
    _decide(listing_service, by, "service.leave", is_ours=False, given_by="")


@transaction.atomic
def retry(*, listing_service: ListingService, by: str) -> None:
    """Takes a parked service up again; "try again" on the page."""
    _decide(listing_service, by, "service.retry")


def _decide(row: ListingService, by: str, action: str, **columns: object) -> None:
    listing = Listing.objects.select_related("account").get(pk=row.listing_id)
    now = clock.now()
    ListingService.objects.filter(pk=row.pk).update(
        asked=F("asked") + 1,
        asked_at=now,
        due_at=now,
        problem="",
        drifts=0,
        attempts=0,
        **columns,
    )
    accounts.record(listing.account, by, action, listing=listing.pk, service=row.service)
    wakeups.wake()
