"""One document: what goes into it, made from the present state, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import F, Q

from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync.exchange import orders, plan, present
from slotbridge.sync.exchange.contract import (
    Answer,
    Busy,
    ExchangeConnector,
    Offer,
    OrderState,
    Part,
    Refusal,
    RowRefusal,
    Telling,
    Told,
)
from slotbridge.sync.models import Account, Booking, Exchange, VisitTarget

ALL_BUSY = "busy-all"
MOST_VISITS = 2000  # named in one document; the rest follows in the next


@dataclass(slots=True)
class Due:
    """What goes into the next document, with the counters as they were when it was made."""

    telling: Telling
    everything: bool = False  # all occupied times
    offer_asked: int | None = None
    fingerprint: str = ""
    visits: dict[int, int] = field(default_factory=dict)  # VisitTarget -> asked
    answers: dict[str, Booking] = field(default_factory=dict)  # order -> its row

    @property
    def parts(self) -> list[str]:
        """The parts in it, by name, as the list of exchanges has them."""
        found = [part.value for part in (Part.OFFER, Part.BUSY, Part.ANSWERS) if self.has(part)]
        return [ALL_BUSY if self.everything and name == Part.BUSY else name for name in found]

    def has(self, part: Part) -> bool:
        telling = self.telling
        held = {Part.OFFER: telling.offer, Part.BUSY: telling.busy, Part.ANSWERS: telling.answers}
        return held[part] is not None and held[part] != ()


def gather(account: Account, exchange: Exchange, connector: ExchangeConnector) -> Due | None:
    """What is due now, from the present state; None if nothing is."""
    now = clock.now()
    targets = dict(
        VisitTarget.objects.filter(
            account=account, asked__gt=F("answered"), problem="", due_at__lte=now
        )
        .order_by("asked_at", "pk")
        .values_list("visit_id", "asked")[:MOST_VISITS]
    )
    waiting = _waiting_orders(account, targets)
    looks_at_offer = exchange.offer_due_at <= now
    everything = exchange.busy_all_due_at <= now
    changes = exchange.busy_changes_due_at <= now
    if not (targets or waiting or looks_at_offer or everything or changes):
        return None
    due = Due(Telling(), everything=everything, visits=targets)
    offer = None
    if looks_at_offer:
        due.offer_asked = exchange.offer_asked
        due.fingerprint = present.fingerprint(account, connector)
        if _offer_is_news(exchange, connector, due.fingerprint):
            offer = with_closed_days(exchange, connector, present.offer(account, connector))
    due.answers = {row.external_id: row for row in waiting}
    answers = (orders.answer_of(row) for row in waiting)
    due.telling = Telling(
        offer=offer,
        busy=_busy(account, exchange, connector, due, is_news=offer is not None or changes),
        answers=tuple(one for one in answers if one is not None),
    )
    return due


def _waiting_orders(account: Account, targets: Iterable[int]) -> list[Booking]:
    """Orders of which the portal may have to hear something."""
    answered_here = Q(visit__isnull=True) & ~Q(answer="") & ~Q(answer=F("order_state"))
    return list(
        Booking.objects.filter(
            Q(visit__in=list(targets)) | answered_here,
            account=account,
            status=Booking.Status.BOOKED,
        )
        .select_related("visit__schedule", "account")
        .order_by("pk")
    )


def _offer_is_news(exchange: Exchange, connector: ExchangeConnector, fingerprint: str) -> bool:
    overdue = plan.was_due_since(exchange.offer_told_at, connector.cadence, connector.zone)
    return overdue or fingerprint != exchange.offer_digest


def _busy(
    account: Account, exchange: Exchange, connector: ExchangeConnector, due: Due, *, is_news: bool
) -> Busy | None:
    """All occupied times; or those of changed visits, and with news of absences, or by the
    clock, of all that changed since the portal was last told all.
    """
    if due.everything:
        return Busy(is_all=True, times=tuple(present.busy_times(account, connector)))
    visits = set(due.visits)
    if is_news:
        visits |= _changed_since(account, exchange)
    elif not visits:
        return None
    times = present.busy_times(account, connector, visits)
    # An order's own answer needs no occupied time beside it when there is none to tell.
    return Busy(is_all=False, times=tuple(times)) if times or is_news else None


def _changed_since(account: Account, exchange: Exchange) -> set[int]:
    since = (exchange.busy_all_told_at or clock.now()) - timedelta(minutes=10)
    changed = Visit.objects.filter(organisation_id=account.organisation_id, changed_at__gte=since)
    return set(changed.values_list("pk", flat=True))


def with_closed_days(exchange: Exchange, connector: ExchangeConnector, offer: Offer) -> Offer:
    """Names the days that were told with hours and have none now, one by one."""
    today = clock.today(connector.zone)
    with_hours = {(row.resource, clock.day_of(row.start, connector.zone)) for row in offer.hours}
    there = {resource.id for resource in offer.resources}
    told = {
        (int(resource), date.fromisoformat(day))
        for resource, days in exchange.told_days.items()
        for day in days
    }
    closed = sorted(
        (resource, day) for resource, day in told - with_hours if resource in there and day >= today
    )
    return Offer(offer.groups, offer.resources, offer.hours, tuple(closed))


def settle(account: Account, connector: ExchangeConnector, due: Due, told: Told) -> None:
    """Stores what the portal took; the caller has confirmed the lease in its transaction."""
    now = clock.now()
    exchange = Exchange.objects.select_for_update().get(account=account)
    refused = {(refusal.part, refusal.key): refusal for refusal in told.refused}
    _settle_visits(account, due, refused, now)
    _settle_answers(account, exchange, due, refused, now)
    if due.offer_asked is not None:
        exchange.offer_answered = due.offer_asked
        exchange.offer_digest = due.fingerprint
        again = exchange.offer_asked > due.offer_asked
        if due.telling.offer is not None:
            exchange.offer_told_at = now
            exchange.told_days = _told_days(due.telling.offer, connector)
        plan.after_telling(exchange, connector, offer=True, busy=False, everything=False)
        if again:  # it changed while it was told
            exchange.offer_due_at = now + plan.GATHERING
    if due.telling.busy is not None:
        exchange.busy_told_at = now
        exchange.busy_all_told_at = now if due.everything else exchange.busy_all_told_at
        plan.after_telling(exchange, connector, offer=False, busy=True, everything=due.everything)
    for part in (Part.OFFER, Part.BUSY):
        if due.has(part):
            exchange.withheld.pop(part.value, None)
    exchange.withheld |= {part.value: count for part, count in told.withheld.items()}
    exchange.save()
    if due.parts:
        account.last_write_at = now
        account.save(update_fields=["last_write_at"])


def _settle_visits(
    account: Account, due: Due, refused: dict[tuple[Part, str], Refusal], now: datetime
) -> None:
    shown = {time.id for time in due.telling.busy.times} if due.telling.busy else set()
    problems = {
        int(key.partition("/")[2]): refusal.text
        for (part, key), refusal in refused.items()
        if part == Part.BUSY and key.startswith("visit") and key.partition("/")[2].isdecimal()
    }
    targets = VisitTarget.objects.select_for_update().filter(
        account=account, visit__in=list(due.visits)
    )
    for target in targets.select_related("visit"):
        target.answered = max(target.answered, due.visits[target.visit_id])
        target.problem = problems.get(target.visit_id, "")[:300]
        if target.visit_id in shown and not target.problem:
            target.told = VisitTarget.Told.BUSY
            target.told_start, target.told_end = target.visit.start, target.visit.end
            target.told_at = now
        target.save()


def _settle_answers(
    account: Account,
    exchange: Exchange,
    due: Due,
    refused: dict[tuple[Part, str], Refusal],
    now: datetime,
) -> None:
    for answer in due.telling.answers:
        booking = (
            Booking.objects.select_for_update(of=("self",))
            .select_related("visit", "account")
            .get(account=account, external_id=answer.order)
        )
        refusal = refused.get((Part.ANSWERS, answer.order))
        if refusal is None:
            orders.settle_answer(booking, answer)
        elif refusal.why == RowRefusal.ENDED:
            exchange.orders_due_at = now  # it ended there: read it, and the visit follows
            if booking.visit_id is None:  # else the answer would be due for ever
                booking.answer = ""
                booking.save(update_fields=["answer"])
        else:
            _park_answer(booking, answer, refusal)


def _park_answer(booking: Booking, answer: Answer, refusal: Refusal) -> None:
    """A person has to look. An order that the portal does not know (any more) is over."""
    booking.problem = refusal.text[:300]
    if refusal.why == RowRefusal.UNKNOWN and answer.state == OrderState.ENDED:
        booking.status = Booking.Status.CANCELED
    if booking.visit_id is None:
        booking.answer = ""
    booking.save(update_fields=["problem", "status", "answer"])


def _told_days(offer: Offer, connector: ExchangeConnector) -> dict[str, list[str]]:
    """Days that the portal has a row for: they are named until they are past."""
    found = {(row.resource, clock.day_of(row.start, connector.zone)) for row in offer.hours}
    days: dict[str, list[str]] = {}
    for resource, day in sorted(found | set(offer.closed)):
        days.setdefault(str(resource), []).append(day.isoformat())
    return days
