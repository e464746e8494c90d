"""Telling a portal what a listing shows: all due days of a listing in one request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _noop
from psycopg.types.json import Jsonb

from slotbridge.his.models import OutboxEntry, Visit
from slotbridge.kit import clock
from slotbridge.sync import budget, fanout, periods, reconcile, wakeups
from slotbridge.sync.contract import CalendarConnector, OpenPeriod, Payer, Refused
from slotbridge.sync.models import Account, Listing, ListingDay, VisitTarget
from slotbridge.sync.queue import Lease
from slotbridge.sync.wanted import taken, wanted_days

log = structlog.stdlib.get_logger(__name__)

# A refused request is halved to find the day that is to blame; a listing that is refused
# whatever we send (not paid for, say) must not burn the budget of the others.
MOST_REFUSALS = 8

# A repeated request is ignored for a while after the first was *finished*, and the portal answers
# before that: read-backs had to be polled for seconds (behaviour.md section 7).
WORKED_OFF_WITHIN = timedelta(minutes=2)

# The portal takes such times only where the insurer is linked to the address. Linking it is a
# contract between the clinic, the insurer and the portal, so it is left to people.
INSURER = _noop(
    "The portal refused times that are paid by public insurance. See that the insurer is linked to"
    " this address there, then try again."
)


def next_listing(account: Account) -> Listing | None:
    """The listing with the nearest day that is due."""
    row = (
        ListingDay.objects.filter(
            listing__account=account,
            listing__held_since__isnull=True,
            asked__gt=F("answered"),
            problem="",
            due_at__lte=clock.now(),
        )
        .order_by("day", "listing_id")
        .select_related("listing__account")
        .first()
    )
    return row.listing if row else None


def tell_listing(lease: Lease, connector: CalendarConnector, listing: Listing) -> None:
    """Tells the listing's due days if a patient would see a difference.

    Raises TryLater or AccountRejected after the days were put back; Refused days are parked.
    """
    plan = _plan(lease, listing)
    if not plan:
        return
    refusals = 0
    parts = [plan]
    while parts:
        part = parts.pop(0)
        try:
            tell_part(lease, connector, listing, part)
        except Refused as refusal:
            refusals += 1
            if len(part) == 1 or refusals >= MOST_REFUSALS:
                park_part(lease, connector, listing, part, str(refusal))
            else:
                days = sorted(part)
                half = len(days) // 2
                parts[:0] = [{d: part[d] for d in days[:half]}, {d: part[d] for d in days[half:]}]


Part = dict[date, tuple[int, tuple[OpenPeriod, ...]]]  # day -> (asked, wanted)


@transaction.atomic
def _plan(lease: Lease, listing: Listing) -> Part:
    """Settles the days that need no write, and marks the others as unknown before they are
    told: whoever takes over from a killed worker tells them again.
    """
    account = lease.confirm()
    now = clock.now()
    first, last = fanout.horizon(account, now)
    rows = {
        row.day: row
        for row in listing.days.select_for_update()
        .filter(asked__gt=F("answered"), problem="")
        .order_by("day")  # as who asks does: two that lock days never wait for each other
    }
    outside = [day for day in rows if not first <= day <= last]
    _settle_untold(listing, outside)
    awaited = _rooms_awaited(account, listing, rows, now)
    for day, until in awaited.items():
        listing.days.filter(day=day).update(due_at=until)
    for day in {*outside, *awaited}:
        del rows[day]
    if not rows:
        return {}
    states = _states(listing, rows)
    if _visits_come_first(account, listing, now):
        return {}
    telling = set(reconcile.days_to_tell(states, now))
    try:
        if _may_be_held(account, listing, now):
            reconcile.check_vanished(
                {day: states[day] for day in telling},
                others_open=lambda: _something_elsewhere(listing, set(rows)),
                now=now,
            )
    except reconcile.CalendarVanished:
        listing.held_since = now
        listing.save(update_fields=["held_since"])
        log.warning("listing held", listing=listing.pk, account=account.pk, days=len(telling))
        return {}
    _settle_untold(listing, rows.keys() - telling)
    if telling:
        listing.days.filter(day__in=telling).update(told=None)
    return {day: (rows[day].asked, states[day].wanted) for day in sorted(telling)}


def _visits_come_first(account: Account, listing: Listing, now: datetime) -> bool:
    """Whether a visit was changed that the portal has not heard of: asked after the days were
    computed, so that none they reckon with is missed.

    Told before it, a day would hide the time that a booking is about to move to, and the portal
    would refuse the move. An account that is being switched off tells of no visits (A9).
    """
    if account.state != Account.State.READY:
        return False
    changed = OutboxEntry.objects.filter(
        organisation_id=account.organisation_id, visit__practitioner=listing.practitioner_id
    )
    untold = VisitTarget.objects.filter(
        account=account,
        visit__practitioner=listing.practitioner_id,
        asked__gt=F("answered"),
        problem="",
        due_at__lte=now,
    )
    return changed.exists() or untold.exists()


def _rooms_awaited(
    account: Account, listing: Listing, rows: Mapping[date, ListingDay], now: datetime
) -> dict[date, datetime]:
    """Days in which room was made for a visit that is yet to be told (telling_room), and until
    when they wait for it: told as they are they would take the room away again.
    """
    untold = VisitTarget.objects.filter(
        account=account,
        visit__practitioner=listing.practitioner_id,
        visit__status__in=Visit.ACTIVE,
        asked__gt=F("answered"),
        problem="",
        due_at__gt=now,
    ).select_related("visit")
    found: dict[date, datetime] = {}
    for target in untold:
        day = clock.day_of(target.visit.start, listing.tz)
        row = rows.get(day)
        if row is None or row.told_at is None or row.told_at < target.asked_at:
            continue
        until = min(target.due_at, row.told_at + WORKED_OFF_WITHIN)
        shown = reconcile.offered_starts(periods.from_json(row.told) or ())
        if until > now and any(offer.start == target.visit.start for offer in shown):
            found[day] = max(until, found.get(day, until))
    return found


def _settle_untold(listing: Listing, days: Collection[date]) -> None:
    """These days need no write; the caller has them locked."""
    if days:
        listing.days.filter(day__in=days).update(answered=F("asked"))


def _states(listing: Listing, rows: Mapping[date, ListingDay]) -> dict[date, reconcile.Day]:
    wanted = wanted_days(listing, rows)
    start = clock.day_bounds(min(rows), listing.tz)[0]
    end = clock.day_bounds(max(rows), listing.tz)[1]
    busy = taken(listing, start, end)
    states = {}
    for day, row in rows.items():
        day_start, day_end = clock.day_bounds(day, listing.tz)
        states[day] = reconcile.Day(
            wanted=wanted[day],
            told=periods.from_json(row.told),
            taken=tuple((s, e) for s, e in busy if s < day_end and day_start < e),
        )
    return states


def _may_be_held(account: Account, listing: Listing, now: datetime) -> bool:
    """Emptying is a person's own decision when the mapping was removed or the account switched
    off, and after a release.
    """
    return (
        listing.is_active
        and account.state == Account.State.READY
        and (listing.release_until is None or listing.release_until <= now)
    )


def _something_elsewhere(listing: Listing, days: set[date]) -> bool:
    """Whether the listing shows something on other days: then it does not vanish as a whole."""
    others = listing.days.filter(day__gte=clock.today(listing.tz), told__isnull=False)
    return others.exclude(day__in=days).exclude(told=[]).exists()


def tell_part(lease: Lease, connector: CalendarConnector, listing: Listing, part: Part) -> None:
    """Tells these days in one request. Raises Refused, TryLater or AccountRejected."""
    days: dict[date, Sequence[OpenPeriod]] = {day: wanted for day, (_, wanted) in part.items()}
    _forget_old(listing, connector)
    digest = connector.tell_days(
        listing.ref,
        days,
        avoid=listing.recent.keys(),
        sending=lambda digest: _remember(lease, listing, digest),
    )
    with transaction.atomic():
        account = lease.confirm()
        now = clock.now()
        budget.spend(account, connector)
        account.last_write_at = now
        account.save(update_fields=["last_write_at"])
        _settle_told(listing, part, now)
        listing.recent[digest] = now.isoformat()
        listing.last_told_at, listing.problem = now, ""
        listing.failing_since, listing.attempts = None, 0
        listing.save(
            update_fields=["recent", "last_told_at", "problem", "failing_since", "attempts"]
        )
    log.info("days told", listing=listing.pk, account=lease.account_id, days=len(part))


def _forget_old(listing: Listing, connector: CalendarConnector) -> None:
    ignored_for = connector.repeat_window + WORKED_OFF_WITHIN
    listing.recent = {
        digest: at
        for digest, at in listing.recent.items()
        if datetime.fromisoformat(at) + ignored_for > clock.now()
    }


@transaction.atomic
def _remember(lease: Lease, listing: Listing, digest: str) -> None:
    """Before the request leaves: a worker that is killed, or hears no answer, may have told it all
    the same, and the same words would then be ignored although something else was told since.
    """
    lease.confirm()
    listing.recent[digest] = clock.now().isoformat()
    listing.save(update_fields=["recent"])


# What was asked meanwhile stays due: answered is what this request had seen. One statement with
# arrays, since Django's bulk_update makes a CASE of every row: a third of a first load's time.
_TOLD = """
UPDATE sync_listingday d
SET answered = greatest(d.answered, x.asked), told = x.told, told_at = %(now)s
FROM unnest(%(days)s::date[], %(asked)s::bigint[], %(told)s::jsonb[]) AS x(day, asked, told)
WHERE d.listing_id = %(listing)s AND d.day = x.day
"""


def _settle_told(listing: Listing, part: Part, now: datetime) -> None:
    days = sorted(part)
    # Locked first, in the order of who asks.
    list(
        listing.days.select_for_update()
        .filter(day__in=days)
        .order_by("day")
        .values_list("pk", flat=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _TOLD,
            {
                "now": now,
                "listing": listing.pk,
                "days": days,
                "asked": [part[day][0] for day in days],
                "told": [Jsonb(periods.to_json(part[day][1])) for day in days],
            },
        )


@transaction.atomic
def park_part(
    lease: Lease, connector: CalendarConnector, listing: Listing, part: Part, reason: str
) -> None:
    """The portal refused these days: they wait for a person."""
    account = lease.confirm()
    budget.spend(account, connector)
    if any(period.payer is not Payer.PATIENT for _, told in part.values() for period in told):
        _sentence, bracket, code = reason.partition(" [")
        reason = INSURER + bracket + code
    listing.days.filter(day__in=part).update(problem=reason[:300])
    # A service or address that vanished there is the commonest cause: look at the lists again.
    Account.objects.filter(pk=account.pk).update(catalogue_due_at=clock.now())
    if listing.failing_since is None:
        listing.failing_since = clock.now()
        log.warning("listing refused", listing=listing.pk, account=account.pk, days=len(part))
    listing.problem = reason[:300]
    listing.save(update_fields=["failing_since", "problem"])


@transaction.atomic
def retry_day(*, listing_day: ListingDay, by: str) -> None:
    """Takes a parked day up again; "try again" on the page."""
    ListingDay.objects.filter(pk=listing_day.pk).update(
        problem="", asked=F("asked") + 1, asked_at=clock.now(), due_at=clock.now(), told=None
    )
    log.info("day taken up again", listing_day=listing_day.pk, by=by)
    wakeups.wake()


@transaction.atomic
def release_held(*, listing: Listing, by: str) -> None:
    """A person confirms that a calendar is to be emptied (promise 7)."""
    Listing.objects.filter(pk=listing.pk).update(
        held_since=None, release_until=clock.now() + timedelta(hours=1)
    )
    fanout.ask_all_days(listing.account, [listing.pk])
    log.info("listing released", listing=listing.pk, by=by)
    wakeups.wake()
