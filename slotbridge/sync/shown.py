"""Why is this slot not shown? Every missing piece by name (A15-A19, promise 10)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import F
from django.utils.translation import gettext as _

from slotbridge.his import free
from slotbridge.his.models import Funding, PriceListUse, Service, Slot
from slotbridge.kit import clock
from slotbridge.sync import fanout, listings, missing
from slotbridge.sync.exchange import shown as exchange
from slotbridge.sync.lights import in_words
from slotbridge.sync.missing import Reason
from slotbridge.sync.models import (
    Account,
    CatalogueItem,
    Listing,
    ListingDay,
    ListingSchedule,
    ListingService,
)
from slotbridge.sync.registry import calendar_class, keeps_calendars
from slotbridge.sync.services import are_ours
from slotbridge.sync.wanted import Offering

__all__ = ["Reason", "why_not_shown", "why_not_shown_for"]


@dataclass(slots=True)
class _Known:
    """What is read once for many slots."""

    account: Account
    links: listings.Links
    addresses: dict[tuple[str, str, str], CatalogueItem]
    listings: dict[int, Listing]  # by schedule
    offerings: dict[int, Offering]  # by listing
    days: dict[tuple[int, date], ListingDay]
    free: dict[int, bool]  # slot -> whether any of it is free
    listed: set[tuple[int, date | None, date | None]]  # clinic and days of a used price list
    services: dict[tuple[int, str], ListingService]  # parked, by listing and counterpart
    keeps_services: bool  # whether those of each address follow our price lists
    window: tuple[date, date]


def why_not_shown(slot: Slot, channel: str) -> list[Reason]:
    """Everything that keeps one slot off the portal; [] if it is shown."""
    return why_not_shown_for([slot], channel)[slot.pk]


def why_not_shown_for(slots: Collection[Slot], channel: str) -> dict[int, list[Reason]]:
    """As `why_not_shown`, for slots of one organisation, in a number of queries that does not
    grow with them.
    """
    if not slots:
        return {}
    organisation = next(iter(slots)).organisation_id
    account = Account.objects.filter(organisation_id=organisation, channel=channel).first()
    if account is None:
        reason = Reason("no-account", _("The portal is not connected."))
        return {slot.pk: [reason] for slot in slots}
    full = {
        slot.pk: slot
        for slot in Slot.objects.filter(pk__in=[slot.pk for slot in slots])
        .select_related("schedule__clinic__unit", "schedule__practitioner")
        .prefetch_related("services")
    }
    if not keeps_calendars(account.kind):
        return exchange.why_not_shown_for(account, list(full.values()))
    known = _read(account, list(full.values()))
    return {slot.pk: list(_reasons(full[slot.pk], known)) for slot in slots}


def _reasons(slot: Slot, known: _Known) -> Iterator[Reason]:
    yield from missing.of_any_portal(slot, known.account)
    yield from _unlinked(slot, known)
    yield from _without_service(slot, known)
    yield from _without_payer(slot, known)
    yield from _out_of_time(slot, known)
    yield from _on_its_way(slot, known)


def _unlinked(slot: Slot, known: _Known) -> Iterator[Reason]:
    schedule = slot.schedule
    if schedule.practitioner is None:
        yield Reason("no-person", _("Portals show slots of persons only, not of rooms or devices."))
        return
    pieces: list[tuple[str, CatalogueItem | None, str, str]] = [
        (
            "person",
            known.links.practitioners.get(schedule.practitioner.pk),
            _("%(name)s is not linked to a person on the portal."),
            schedule.practitioner.full_name,
        ),
        (
            "clinic",
            known.links.clinics.get(schedule.clinic_id),
            _("The clinic %(name)s is not linked to an address on the portal."),
            schedule.clinic.name,
        ),
        (
            "unit",
            known.links.units.get(schedule.clinic.unit_id),
            _("The unit %(name)s is not linked to a facility on the portal."),
            schedule.clinic.unit.name,
        ),
    ]
    complete = True
    for code, item, sentence, name in pieces:
        if item is None:
            complete = False
            yield Reason(f"no-{code}-link", sentence % {"name": name})
        elif item.gone_at is not None:
            complete = False
            yield Reason(
                f"broken-{code}-link",
                _("The portal's record that %(name)s is linked to is gone: link it anew.")
                % {"name": name},
            )
    if complete and known.links.address_of(schedule, known.addresses) is None:
        yield Reason(
            "no-address",
            _("%(name)s has no address at this place on the portal.")
            % {"name": schedule.practitioner.full_name},
        )


def _without_service(slot: Slot, known: _Known) -> Iterator[Reason]:
    clinic = slot.schedule.clinic
    if not any(
        listed == clinic.pk and (first is None or first <= slot.day) and (
            last is None or slot.day < last
        )
        for listed, first, last in known.listed
    ):  # fmt: skip
        yield Reason(
            "no-price-list",
            _("No price list of %(name)s is used on the portal on that day.")
            % {"name": clinic.name},
        )
        return
    listing = known.listings.get(slot.schedule_id)
    if listing is None:
        return
    offering = known.offerings[listing.pk]
    only = {service.pk for service in slot.services.all()}
    if offering.offers(clinic.pk, slot.day, only, slot.end - slot.start):
        return
    if slot.funding == Funding.PUBLIC:
        text = _(
            "It is paid by public insurance, and shown only where the clinic has a commercial"
            " service on the portal that fits. None does:"
        )
    else:
        text = _("No service can be booked on it:")
    yield Reason("no-service", text)
    yield from _services_missing(slot, known, offering, only)


def _without_payer(slot: Slot, known: _Known) -> Iterator[Reason]:
    """A66: nobody can be told of it."""
    listing = known.listings.get(slot.schedule_id)
    if listing is not None and known.offerings[listing.pk].payer(slot.funding) is None:
        yield Reason(
            "no-insurance",
            _(
                "It is paid by public insurance, which the address of %(name)s on the portal does"
                " not take. Switch insurance on at that address and refresh the lists, or say on"
                " the slot who else pays."
            )
            % {"name": listing.practitioner.full_name},
        )


def _services_missing(
    slot: Slot, known: _Known, offering: Offering, only: set[int]
) -> Iterator[Reason]:
    listed = {
        row.service_id
        for row in offering.prices.get(slot.schedule.clinic_id, ())
        if slot.day in row.valid
    }
    looked_at = only or listed | offering.foreign
    rivals = {key for keys in offering.contested.values() for key in keys}
    found = Service.objects.filter(pk__in=looked_at | rivals).order_by("name").in_bulk()
    offered = offering.services(slot.schedule.clinic_id, slot.day)
    currency = calendar_class(known.account.kind).currency_of(known.account.settings)
    for service in found.values():
        if service.pk not in looked_at:
            continue
        item = offering.counterparts.get(service.pk, "")
        others = offering.contested.get(item, set()) - {service.pk}
        row = known.services.get((known.listings[slot.schedule_id].pk, item))
        yield (
            _unpriced(offering, service, listed, currency)
            or _unlinked_service(offering, service)
            or _not_at_address(offering, service, known, row)
            or _confused(service, [found[key].name for key in others], offered)
        )


def _unpriced(
    offering: Offering, service: Service, listed: set[int], currency: str
) -> Reason | None:
    if service.pk in listed:
        return None
    if service.pk in offering.foreign:
        text = _("%(name)s is not priced in %(currency)s, the portal’s currency.")
        known = {"name": service.name, "currency": currency}
        return Reason("service-other-currency", text % known)
    text = _("%(name)s is not in the price list used on the portal.")
    return Reason("service-not-listed", text % {"name": service.name})


def _unlinked_service(offering: Offering, service: Service) -> Reason | None:
    if service.pk in offering.counterparts:
        return None
    text = _("%(name)s is not linked to a service on the portal.")
    return Reason("service-not-linked", text % {"name": service.name})


def _not_at_address(
    offering: Offering, service: Service, known: _Known, row: ListingService | None
) -> Reason | None:
    item = offering.counterparts[service.pk]
    if item in offering.at_address or item in offering.contested:
        return None
    if not known.keeps_services:
        text = _("%(name)s is not among the services of this address on the portal.")
        return Reason("service-not-at-address", text % {"name": service.name})
    if row is not None and row.problem:
        text = _("%(name)s is missing among the services of this address on the portal: %(why)s")
        why = in_words(row.problem)
        return Reason("service-parked", text % {"name": service.name, "why": why})
    text = _("%(name)s is about to be added to the services of this address on the portal.")
    return Reason("service-waiting", text % {"name": service.name})


def _confused(service: Service, others: list[str], offered: dict[int, str]) -> Reason:
    """Two services of ours with one counterpart; else it is only too long."""
    if others:
        text = _(
            "%(name)s has one counterpart on the portal with %(others)s, which is offered at the"
            " same address but differs in price, name there or ages: make them equal, or link one"
            " of them to another service."
        )
        told = text % {"name": service.name, "others": ", ".join(sorted(others))}
        return Reason("service-contested", told)
    if service.pk not in offered:
        text = _(
            "%(name)s shares its counterpart on the portal with another service of the clinic."
        )
        return Reason("service-twice", text % {"name": service.name})
    text = _("%(name)s takes longer than the slot.")
    return Reason("service-too-long", text % {"name": service.name})


def _out_of_time(slot: Slot, known: _Known) -> Iterator[Reason]:
    now = clock.now()
    first, last = known.window
    if slot.end <= now:
        yield missing.is_over()
    elif slot.day > last:
        yield Reason("too-far", _("The portal takes slots twelve weeks ahead: it will follow."))
    elif slot.day >= first and not known.free.get(slot.pk, False):
        yield missing.is_taken()


def _on_its_way(slot: Slot, known: _Known) -> Iterator[Reason]:
    listing = known.listings.get(slot.schedule_id)
    if listing is None:
        return
    if listing.held_since is not None:
        yield Reason(
            "held", _("All free times of this calendar would vanish: it waits for a person.")
        )
    row = known.days.get((listing.pk, slot.day))
    if row is not None and row.problem:
        yield Reason(
            "parked", _("The portal refused the day: %(why)s") % {"why": in_words(row.problem)}
        )
    elif row is not None and row.asked > row.answered:
        yield missing.is_on_its_way()


def _read(account: Account, slots: list[Slot]) -> _Known:
    days = sorted({slot.day for slot in slots})
    shown = {
        row.schedule_id: row.listing
        for row in ListingSchedule.objects.filter(
            account=account, schedule__in=[slot.schedule_id for slot in slots]
        ).select_related("listing__account", "listing__practitioner")
    }
    unique = {listing.pk: listing for listing in shown.values()}
    uses = PriceListUse.objects.filter(
        organisation_id=account.organisation_id,
        channel=account.channel,
        clinic__in={slot.schedule.clinic_id for slot in slots},
    )
    return _Known(
        account=account,
        links=listings.Links.of(account),
        addresses=listings.addresses_of(account),
        listings=shown,
        offerings={key: Offering.of(listing, days[0], days[-1]) for key, listing in unique.items()},
        days={
            (row.listing_id, row.day): row
            for row in ListingDay.objects.filter(listing__in=unique, day__in=days).filter(
                asked__gt=F("answered")
            )
        },
        free={
            part.slot_id: bool(part.free)
            for part in free.free_slots(
                schedules={slot.schedule_id for slot in slots},
                start=min(slot.start for slot in slots),
                end=max(slot.end for slot in slots),
            )
        },
        listed={(use.clinic_id, use.valid.lower, use.valid.upper) for use in uses},
        services={
            (row.listing_id, row.service): row
            for row in ListingService.objects.filter(listing__in=unique).exclude(problem="")
        },
        keeps_services=are_ours(account),
        window=fanout.horizon(account, clock.now()),
    )
