"""Days and free times as pages show them."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from slotbridge.kit import clock
from slotbridge.sandbox import calendars, rules
from slotbridge.sandbox.models import Address, AddressService, Booking, Break

DAYS_SHOWN = 7


@dataclass(slots=True)
class Day:
    """One column: `times` are starts; the rest only on the doctor's page."""

    day: date
    is_today: bool = False
    times: list[datetime] = field(default_factory=list)
    work: list[rules.Range] = field(default_factory=list)  # periods joined where they touch
    entries: list[Booking | Break] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Week:
    days: list[Day]
    end: date  # the last day
    start: date
    before: date | None  # None: nothing earlier to show
    after: date


def first_day(raw: str | None) -> date:
    """The date named in a link; today if there is none."""
    today = clock.today(rules.LOCALE_ZONE)
    try:
        return date.fromisoformat(raw or "")
    except ValueError:
        return today


def empty_week(start: date, *, past: bool = False) -> Week:
    today = clock.today(rules.LOCALE_ZONE)
    dates = [start + timedelta(days=n) for n in range(DAYS_SHOWN)]
    before = start - timedelta(days=DAYS_SHOWN)
    if not past:
        before = max(before, today)
    shown_before = before if before < start else None
    days = [Day(each, each == today) for each in dates]
    return Week(days, dates[-1], start, shown_before, start + timedelta(days=DAYS_SHOWN))


def bounds(week: Week) -> tuple[datetime, datetime]:
    start, _end = clock.day_bounds(week.days[0].day, rules.LOCALE_ZONE)
    _start, end = clock.day_bounds(week.days[-1].day, rules.LOCALE_ZONE)
    return start, end


def free_week(
    address: Address,
    service: AddressService,
    start: date,
    *,
    without: Booking | None = None,
    payer: int | None = None,
    for_doctor: bool = False,
) -> Week:
    """Starts of one service at one address, by day.

    A patient of insurer `payer` (None: who pays alone) sees the periods for such patients; a
    doctor sees all of them.
    """
    week = empty_week(start)
    by_day = {day.day: day for day in week.days}
    if for_doctor:
        offers = calendars.offers(address, *bounds(week), without=without)
    else:
        offers = calendars.offers_for(address, payer, *bounds(week), without=without)
    for offer in offers:
        if offer.service == service.pk:
            times = by_day[rules.day_of(offer.start)].times
            if offer.start not in times:  # two periods may offer the same
                times.append(offer.start)
    return week


def next_free(
    address: Address, service: AddressService, start: date, payer: int | None = None
) -> date | None:
    """The first date from `start` with a free time; the portal shows 12 weeks."""
    since, _end = clock.day_bounds(start, rules.LOCALE_ZONE)
    offers = calendars.offers_for(address, payer, since, clock.now() + rules.FURTHEST_END)
    found = next((offer for offer in offers if offer.service == service.pk), None)
    return rules.day_of(found.start) if found else None


def desk_week(address: Address, start: date) -> Week:
    """Everything in the calendar: work, free starts, bookings and breaks, by day."""
    week = empty_week(start, past=True)
    since, till = bounds(week)
    by_day = {day.day: day for day in week.days}
    for offer in calendars.offers(address, since, till):
        times = by_day[rules.day_of(offer.start)].times
        if not times or times[-1] != offer.start:
            times.append(offer.start)
    bookings = Booking.objects.filter(address=address, start__gte=since, start__lt=till)
    for booking in bookings.select_related("service__service"):
        by_day[rules.day_of(booking.start)].entries.append(booking)
    for break_ in Break.objects.filter(address=address, since__lt=till, till__gt=since):
        by_day[max(rules.day_of(break_.since), week.start)].entries.append(break_)
    for day in week.days:
        day.work = _joined(calendars.periods_on(address, day.day))
        day.entries.sort(key=lambda each: each.since if isinstance(each, Break) else each.start)
    return week


def _joined(periods: list[rules.Period]) -> list[rules.Range]:
    busy = rules.Busy((period.start, period.end) for period in periods if period.services)
    return busy.ranges()
