"""From the outbox's names to the rows that are due: who must hear of a change.

Asking is cheap and may be too much: an unchanged day or visit costs no write at the portal.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from slotbridge.his import outbox
from slotbridge.kit import clock
from slotbridge.sync.exchange import plan
from slotbridge.sync.models import Account, VisitTarget
from slotbridge.sync.registry import calendar_class, keeps_calendars

# Changes of one moment are gathered into one request: at once while writes are ample, longer as
# they run out, never over a minute (A33).
SHORTEST_GATHERING = timedelta(milliseconds=250)
LONGEST_GATHERING = timedelta(seconds=60)

_ASK_DAYS = """
INSERT INTO sync_listingday
    (organisation_id, listing_id, day, asked, answered, asked_at, due_at, drifts, problem)
SELECT DISTINCT l.organisation_id, l.id, c.day, 1, 0, %(now)s::timestamptz,
       %(now)s::timestamptz + c.gathering, 0, ''
FROM {changed}
WHERE c.day BETWEEN c.first AND c.last
ORDER BY 2, 3 -- two workers lock rows in one order
ON CONFLICT (organisation_id, listing_id, day) DO UPDATE SET
    asked = sync_listingday.asked + 1,
    asked_at = CASE WHEN sync_listingday.asked = sync_listingday.answered
               THEN excluded.asked_at ELSE sync_listingday.asked_at END,
    due_at = CASE WHEN sync_listingday.asked = sync_listingday.answered
             THEN excluded.due_at
             ELSE least(sync_listingday.due_at, excluded.due_at) END,
    problem = ''
"""

# All listings of the practitioner, not only those of the schedule: who is busy in one clinic is
# not free in another (A35). A unit in another zone than the portal's dates touches two of them.
_CHANGED_DAYS = """
    unnest(%(schedules)s::bigint[], %(days)s::date[]) AS x(schedule_id, day)
    JOIN his_schedule s ON s.id = x.schedule_id
    JOIN his_clinic cl ON cl.id = s.clinic_id
    JOIN his_unit u ON u.id = cl.unit_id
    JOIN sync_listing l ON l.practitioner_id = s.practitioner_id
    JOIN unnest(%(accounts)s::bigint[], %(firsts)s::date[], %(lasts)s::date[],
                %(gatherings)s::interval[]) AS a(account_id, first, last, gathering)
         ON a.account_id = l.account_id
    CROSS JOIN LATERAL (
        SELECT x.day + n AS day FROM generate_series(-1, 1) n
        WHERE x.day IS NOT NULL AND (n = 0 OR u.time_zone <> l.time_zone)
        UNION ALL
        SELECT d::date FROM generate_series(a.first, a.last, interval '1 day') d
        WHERE x.day IS NULL
    ) e
    CROSS JOIN LATERAL (SELECT e.day, a.first, a.last, a.gathering) c
"""

_EVERY_DAY = """
    sync_listing l
    JOIN unnest(%(accounts)s::bigint[], %(firsts)s::date[], %(lasts)s::date[],
                %(gatherings)s::interval[]) AS a(account_id, first, last, gathering)
         ON a.account_id = l.account_id AND (%(listings)s::bigint[] IS NULL
                                             OR l.id = ANY(%(listings)s::bigint[]))
    CROSS JOIN LATERAL (
        SELECT d::date AS day, a.first, a.last, a.gathering
        FROM generate_series(a.first, a.last, interval '1 day') d
    ) c
"""

# Whatever a clinic shown there prices within the portal's reach, what was told before, and what
# the portal has: which of these are to be told is decided when it is told.
_ASK_SERVICES = """
INSERT INTO sync_listingservice
    (organisation_id, listing_id, service, external_id, is_ours, given_by, asked, answered,
     asked_at, due_at, attempts, drifts, problem)
SELECT l.organisation_id, l.id, c.service, '', false, '', 1, 0, %(now)s, %(due_at)s, 0, 0, ''
FROM sync_listing l
JOIN unnest(%(accounts)s::bigint[], %(firsts)s::date[], %(lasts)s::date[]) AS a(id, first, last)
     ON a.id = l.account_id
JOIN sync_account acc ON acc.id = l.account_id
CROSS JOIN LATERAL (
    SELECT i.external_id AS service
    FROM sync_listingschedule ls
    JOIN his_schedule s ON s.id = ls.schedule_id
    JOIN his_pricelistuse u ON u.clinic_id = s.clinic_id AND u.channel = acc.channel
    JOIN his_offeredprice p ON p.use_id = u.id AND p.valid && daterange(a.first, a.last, '[]')
    JOIN sync_link k ON k.account_id = l.account_id AND k.service_id = p.service_id
                    AND k.ended_at IS NULL
    JOIN sync_catalogueitem i ON i.id = k.item_id AND i.gone_at IS NULL
    WHERE ls.listing_id = l.id
    UNION
    SELECT r.service FROM sync_listingservice r WHERE r.listing_id = l.id
    UNION
    SELECT i.service FROM sync_catalogueitem i
    WHERE i.account_id = l.account_id AND i.kind = 'address_service' AND i.address = l.address
      AND i.gone_at IS NULL AND i.service <> ''
) c
WHERE (%(listings)s::bigint[] IS NULL OR l.id = ANY(%(listings)s::bigint[]))
  AND (%(schedules)s::bigint[] IS NULL OR EXISTS (
       SELECT 1 FROM sync_listingschedule x
       WHERE x.listing_id = l.id AND x.schedule_id = ANY(%(schedules)s::bigint[])))
ORDER BY 2, 3 -- two workers lock rows in one order
ON CONFLICT (organisation_id, listing_id, service) DO UPDATE SET
    asked = sync_listingservice.asked + 1,
    asked_at = CASE WHEN sync_listingservice.asked = sync_listingservice.answered
               THEN excluded.asked_at ELSE sync_listingservice.asked_at END,
    due_at = CASE WHEN sync_listingservice.asked = sync_listingservice.answered
             THEN excluded.due_at
             ELSE least(sync_listingservice.due_at, excluded.due_at) END,
    attempts = 0,
    problem = CASE WHEN %(anew)s THEN '' ELSE sync_listingservice.problem END
"""

_ASK_VISITS = """
INSERT INTO sync_visittarget
    (organisation_id, account_id, visit_id, asked, answered, asked_at, due_at, told, break_id,
     doubt, attempts, problem, call_patient, told_presence, told_confirmed)
SELECT a.organisation_id, a.id, v.id, 1, 0, %(now)s, %(now)s, '', '', '', 0, '', false, '', false
FROM his_visit v
JOIN sync_account a ON a.organisation_id = v.organisation_id
WHERE v.id = ANY(%(visits)s::bigint[]) AND a.id = ANY(%(accounts)s::bigint[])
  AND (a.channel = ANY(v.channels)
       OR a.id = ANY(%(documents)s::bigint[]) -- these hear of all occupied time (H-4)
       OR EXISTS (SELECT 1 FROM sync_booking b WHERE b.visit_id = v.id AND b.account_id = a.id)
       OR EXISTS (SELECT 1 FROM sync_visittarget t
                  WHERE t.visit_id = v.id AND t.account_id = a.id))
ORDER BY 2, 3
ON CONFLICT (organisation_id, account_id, visit_id) DO UPDATE SET
    asked = sync_visittarget.asked + 1,
    asked_at = CASE WHEN sync_visittarget.asked = sync_visittarget.answered
               THEN excluded.asked_at ELSE sync_visittarget.asked_at END,
    due_at = CASE WHEN sync_visittarget.doubt = '' THEN excluded.due_at
             ELSE sync_visittarget.due_at END,
    problem = ''
"""

# A new account learns of what is planned already (A63 the other way round); one that comes back,
# of what was moved or cancelled meanwhile.
_VISITS_AHEAD = """
SELECT v.id FROM his_visit v
WHERE v.organisation_id = %(organisation)s AND %(channel)s = ANY(v.channels)
  AND v."end" > %(now)s AND v.status IN ('booked', 'arrived')
UNION
SELECT b.visit_id FROM sync_booking b
WHERE b.account_id = %(account)s AND b.status = 'booked' AND b."end" > %(now)s
  AND b.visit_id IS NOT NULL
UNION
SELECT t.visit_id FROM sync_visittarget t
WHERE t.account_id = %(account)s AND t.break_id <> '' AND t.told_end > %(now)s
"""

# Nothing waits for an account that nobody has connected; all others find what happened when
# they are ready again.
ASLEEP = (Account.State.UNCONFIGURED, Account.State.OFF)


@transaction.atomic
def fan_out(limit: int = 2000) -> int:
    """Drains the outbox into due rows; how many names it drained. Any worker may do it."""
    drained = outbox.drain(limit=limit)
    if drained.days:
        calendars, documents = _families()
        _ask_changed_days(calendars, drained.days)
        # A schedule named whole: its prices may have changed, not only its days.
        _ask_services(calendars, schedules=[key for key, day in drained.days if day is None])
        if documents:
            plan.ask_offers(documents, sorted({schedule for schedule, _ in drained.days}))
    if drained.visits:
        ask_visits(drained.visits)
    return len(drained.days) + len(drained.visits)


def ask_visits(visits: list[int], account: Account | None = None) -> None:
    """Makes the accounts that exchange these visits look at each of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ASK_VISITS,
            {
                "now": clock.now(),
                "visits": visits,
                "accounts": [account.pk] if account else [a.pk for a in _live_accounts()],
                "documents": _families()[1],
            },
        )


def ask_all_days(account: Account, listings: list[int] | None = None) -> None:
    """Every day of the horizon, of all listings of the account or of these."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ASK_DAYS.format(changed=_EVERY_DAY),
            {"listings": listings, **_windows([account])},
        )


def ask_services(
    account: Account,
    listings: list[int] | None = None,
    *,
    anew: bool = True,
    due_at: datetime | None = None,
) -> None:
    """Every service at the addresses of all listings of the account, or of these; parked ones
    only if asked `anew`. At once, or at a time ahead.
    """
    _ask_services([account], listings=listings, anew=anew, due_at=due_at)


def ask_all_visits(account: Account) -> None:
    """Every coming visit that is exchanged on the account's channel."""
    with connection.cursor() as cursor:
        cursor.execute(
            _VISITS_AHEAD,
            {
                "organisation": account.organisation_id,
                "account": account.pk,
                "channel": account.channel,
                "now": clock.now(),
            },
        )
        visits = [row[0] for row in cursor.fetchall()]
    if visits:
        ask_visits(visits, account)


def ask_breaks(account: Account, listings: list[int] | None = None) -> None:
    """Coming visits that stand there as breaks for want of a service: it may have come."""
    ahead = VisitTarget.objects.filter(
        account=account,
        told=VisitTarget.Told.BREAK,
        lacks_service=True,
        visit__start__gt=clock.now(),
    )
    if listings is not None:
        ahead = ahead.filter(told_listing__in=listings)
    visits = list(ahead.values_list("visit_id", flat=True))
    if visits:
        ask_visits(visits, account)


def horizon(account: Account, now: datetime) -> tuple[date, date]:
    """First and last date that the portal takes, both included, in its zone."""
    connector = calendar_class(account.kind)
    zone = connector.zone_of(account.settings)
    first = clock.day_of(now, zone)
    # The last date whose end is still within the portal's reach.
    last = clock.day_of(now + connector.horizon, zone) - timedelta(days=1)
    return first, last


def gathering(account: Account, now: datetime) -> timedelta:
    """How long a changed day waits for others, by what is left of the write budget."""
    limit = account.writes_limit
    if not limit or account.writes_reset_at is None or account.writes_reset_at <= now:
        return SHORTEST_GATHERING
    used = 1 - max(account.writes_left, 0) / limit
    until_reset = min(account.writes_reset_at - now, LONGEST_GATHERING)
    return max(SHORTEST_GATHERING, until_reset * max(0.0, used - 0.5) * 2)


def _ask_changed_days(accounts: list[Account], days: list[tuple[int, date | None]]) -> None:
    if not accounts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _ASK_DAYS.format(changed=_CHANGED_DAYS),
            {
                "schedules": [schedule for schedule, _ in days],
                "days": [day for _, day in days],
                **_windows(accounts),
            },
        )


def _ask_services(
    accounts: list[Account],
    *,
    listings: list[int] | None = None,
    schedules: list[int] | None = None,
    anew: bool = True,
    due_at: datetime | None = None,
) -> None:
    kept = [each for each in accounts if calendar_class(each.kind).keeps_services(each.settings)]
    if not kept or schedules == []:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _ASK_SERVICES,
            {
                "listings": listings,
                "schedules": schedules,
                "anew": anew,
                "due_at": due_at or clock.now(),
                **_windows(kept),
            },
        )


def _windows(accounts: list[Account]) -> dict[str, Any]:
    now = clock.now()
    windows = [horizon(account, now) for account in accounts]
    return {
        "now": now,
        "accounts": [account.pk for account in accounts],
        "firsts": [first for first, _ in windows],
        "lasts": [last for _, last in windows],
        "gatherings": [gathering(account, now) for account in accounts],
    }


def _families() -> tuple[list[Account], list[int]]:
    """Live accounts told by calendars, and the ids of those that exchange documents."""
    calendars, documents = [], []
    for account in _live_accounts():
        if keeps_calendars(account.kind):
            calendars.append(account)
        else:
            documents.append(account.pk)
    return calendars, documents


def _live_accounts() -> list[Account]:
    return list(Account.objects.exclude(state__in=ASLEEP))
