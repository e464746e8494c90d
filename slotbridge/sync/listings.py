"""Which calendars of a portal we fill, and with which schedules: what follows from the links.

The portal's addresses belong to a doctor while a clinic is linked to a place (A14): a schedule is
shown at the address that its practitioner's counterpart has at the place of its clinic, in the
facility of its unit. Schedules that meet at one address share its listing (ADR 7).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from slotbridge.his.models import Schedule
from slotbridge.kit import clock
from slotbridge.sync import fanout, wakeups
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.models import Account, CatalogueItem, Link, Listing, ListingSchedule
from slotbridge.sync.registry import calendar_class


@dataclass(frozen=True, slots=True)
class Links:
    """The active links of an account, by our record; broken ones have `item.gone_at`."""

    units: dict[int, CatalogueItem]
    clinics: dict[int, CatalogueItem]
    practitioners: dict[int, CatalogueItem]
    services: dict[int, CatalogueItem]

    @classmethod
    def of(cls, account: Account) -> Links:
        found = cls({}, {}, {}, {})
        for link in Link.objects.filter(account=account, ended_at__isnull=True).select_related(
            "item"
        ):
            for records, key in (
                (found.units, link.unit_id),
                (found.clinics, link.clinic_id),
                (found.practitioners, link.practitioner_id),
                (found.services, link.service_id),
            ):
                if key is not None:
                    records[key] = link.item
        return found

    def address_of(
        self, schedule: Schedule, addresses: dict[tuple[str, str, str], CatalogueItem]
    ) -> CatalogueItem | None:
        """Where a schedule is shown, or None; `addresses` by (doctor, facility, place)."""
        doctor = self.practitioners.get(schedule.practitioner_id or 0)
        place = self.clinics.get(schedule.clinic_id)
        facility = self.units.get(schedule.clinic.unit_id)
        if doctor is None or place is None or facility is None:
            return None
        if doctor.gone_at or place.gone_at or facility.gone_at:
            return None  # broken: not published, not guessed anew by name (A22)
        return addresses.get((doctor.external_id, facility.external_id, place.external_id))


def addresses_of(account: Account) -> dict[tuple[str, str, str], CatalogueItem]:
    """The portal's addresses that are still there, by (doctor, facility, place)."""
    return {
        (item.doctor, item.facility, item.place): item
        for item in CatalogueItem.objects.filter(
            account=account, kind=ItemKind.ADDRESS, gone_at__isnull=True
        )
    }


@transaction.atomic
def refresh(account: Account) -> None:
    """Makes the listings follow the links and the catalogue, and asks every day of them.

    A listing without schedules is emptied at the portal and kept: its bookings go on being
    exchanged until they are over (A20, A21).
    """
    links = Links.of(account)
    addresses = addresses_of(account)
    wanted: dict[int, CatalogueItem] = {}
    for schedule in Schedule.objects.filter(
        organisation_id=account.organisation_id,
        practitioner__isnull=False,
        is_active=True,
        practitioner__is_active=True,
        clinic__is_active=True,
        clinic__unit__is_active=True,
    ).select_related("clinic"):
        address = links.address_of(schedule, addresses)
        if address is not None:
            wanted[schedule.pk] = address
    listings = {listing.address: listing for listing in account.listings.select_for_update()}
    for schedule_id, address in wanted.items():
        if address.external_id not in listings:
            listings[address.external_id] = _new_listing(account, schedule_id, address)
    _show(account, {s: listings[a.external_id] for s, a in wanted.items()})
    _activate(list(listings.values()), {address.external_id for address in wanted.values()})
    fanout.ask_services(account)
    fanout.ask_all_days(account)
    fanout.ask_breaks(account)
    wakeups.wake()


def _new_listing(account: Account, schedule_id: int, address: CatalogueItem) -> Listing:
    return Listing.objects.create(
        organisation_id=account.organisation_id,
        account=account,
        practitioner_id=Schedule.objects.values_list("practitioner_id", flat=True).get(
            pk=schedule_id
        ),
        facility=address.facility,
        doctor=address.doctor,
        address=address.external_id,
        time_zone=calendar_class(account.kind).zone_of(account.settings).key,
        patrol_due_at=clock.now(),
    )


def _show(account: Account, wanted: dict[int, Listing]) -> None:
    shown = {row.schedule_id: row for row in ListingSchedule.objects.filter(account=account)}
    for schedule_id, row in shown.items():
        listing = wanted.get(schedule_id)
        if listing is None:
            row.delete()
        elif row.listing_id != listing.pk:
            row.listing = listing
            row.save(update_fields=["listing"])
    ListingSchedule.objects.bulk_create(
        ListingSchedule(
            organisation_id=account.organisation_id,
            account=account,
            listing=listing,
            schedule_id=schedule_id,
        )
        for schedule_id, listing in wanted.items()
        if schedule_id not in shown
    )
    practitioners = dict(
        Schedule.objects.filter(pk__in=wanted).values_list("pk", "practitioner_id")
    )
    for schedule_id, listing in wanted.items():
        if listing.practitioner_id != practitioners[schedule_id]:  # the person was linked anew
            listing.practitioner_id = practitioners[schedule_id]
            listing.save(update_fields=["practitioner"])


def _activate(listings: list[Listing], used: set[str]) -> None:
    for listing in listings:
        active = listing.address in used
        if listing.is_active != active:
            listing.is_active, listing.held_since = active, None
            listing.patrol_due_at = clock.now()
            listing.save(update_fields=["is_active", "held_since", "patrol_due_at"])
