"""Which of our records a portal's booking means, and the visit that is made of it (R24-R26).

By the slot (A13), the service by its counterpart, the patient by e-mail address. Where nothing of
ours is meant, a person decides (A48).
"""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import transaction
from django.utils.translation import gettext_noop as _noop

from slotbridge.his import patients, visits
from slotbridge.his.models import Schedule, Service, Slot, Visit
from slotbridge.kit import clock
from slotbridge.sync import details, fanout
from slotbridge.sync.booking_rows import as_found, listing_at, remember
from slotbridge.sync.contract import ItemKind, PortalBooking, PortalPatient
from slotbridge.sync.models import Account, Booking, CatalogueItem, Link
from slotbridge.sync.registry import calendar_class

log = structlog.stdlib.get_logger(__name__)

NO_SERVICE = _noop("The service it was booked for is not linked to one of ours.")


class CannotAssign(Exception):
    """No record of ours for it (A48): kept with its data for a person; the text says which."""


class BookingSettled(Exception):
    """It has a visit, has ended, or is being cancelled: show the list anew."""


@transaction.atomic
def assign(*, booking: Booking, schedule: Schedule, by: str) -> Visit:
    """A person takes over by hand what could not be assigned (A48): a visit with the person, room
    or device of `schedule`, beside whatever is there already. Raises BookingSettled.
    """
    account = Account.objects.get(pk=booking.account_id)
    row = Booking.objects.select_for_update().get(pk=booking.pk)
    is_open = row.status == Booking.Status.BOOKED and row.visit_id is None
    if not is_open or row.cancel_due_at is not None or row.end is None or row.end <= clock.now():
        raise BookingSettled(f"booking {row.pk}")
    found = as_found(row)
    visit = take_in(account, found, schedule, service_of(account, schedule, found))
    fanout.ask_visits([visit.pk], account)
    log.info("booking assigned", booking=row.external_id, visit=visit.pk, by=by)
    return visit


def take_in(
    account: Account, found: PortalBooking, schedule: Schedule, service: Service | None
) -> Visit:
    """A new visit for a booking, with its patient and all that was said of it."""
    patient = found.patient or PortalPatient()
    match = patients.match_or_register(
        organisation=account.organisation,
        data=patients.PatientData(
            given_name=patient.given_name,
            family_name=patient.family_name,
            email=patient.email,
            phone=patient.phone,
            birth_date=patient.birth_date,
            national_id=patient.national_id,
            sex=patient.sex,
            consents=patient.consents,
        ),
        channel=account.channel,
        by=account.channel,
    )
    visit = visits.book_visit(
        schedule=schedule,
        start=found.start,
        end=found.end,
        patient=match.patient,
        service=service,
        channel=account.channel,
        price_minor=found.price_minor,
        currency="" if found.price_minor is None else _currency(account),
        comment=found.comment,
        verify=match.verify,
        as_booked=match.as_booked,
        keep_clash=True,
        by=account.channel,
    )
    log.info("visit booked", visit=visit.pk, account=account.pk, booking=found.id)
    row = remember(account, found, visit=visit, problem="" if service else NO_SERVICE)
    details.note(account, found, row)
    return visit


def adopt(account: Account, found: PortalBooking) -> Booking:
    """A booking that we made ourselves and did not hear the answer of; never a new visit."""
    visit = _visit_of_marker(account, found.comment)
    taken = (
        visit is not None
        and Booking.objects.filter(
            account=account, visit=visit, status=Booking.Status.BOOKED
        ).exists()
    )
    if visit is None or taken:
        return remember(
            account,
            found,
            visit=None,
            problem=_noop("Made by this integration, but for no visit here."),
        )
    fanout.ask_visits([visit.pk], account)
    return remember(account, found, visit=visit)


def _visit_of_marker(account: Account, comment: str) -> Visit | None:
    for word in comment.replace("[", " ").replace("]", " ").split():
        try:
            marker = UUID(word)
        except ValueError:
            continue
        return Visit.objects.filter(
            organisation_id=account.organisation_id, public_id=marker
        ).first()
    return None


def schedule_of(account: Account, found: PortalBooking) -> Schedule:
    """The schedule that has the slot (A13), else the first of the calendar's. Raises
    CannotAssign.
    """
    listing = listing_at(account, found.address)
    if listing is None:
        raise CannotAssign(_noop("No practitioner of ours is linked to this doctor and address."))
    schedules = list(
        Schedule.objects.filter(listings__listing=listing).select_related("clinic").order_by("pk")
    )
    if not schedules:
        raise CannotAssign(_noop("The links of this doctor and address were removed."))
    slot = (
        Slot.objects.filter(schedule__in=schedules, start__lt=found.end, end__gt=found.start)
        .order_by("start")
        .first()
    )
    return next((s for s in schedules if slot and s.pk == slot.schedule_id), schedules[0])


def service_of(account: Account, schedule: Schedule, found: PortalBooking) -> Service | None:
    """The service that the booked one is linked to; where several are, one that the clinic has
    a price for.
    """
    dictionary = found.dictionary_service or _dictionary_service(account, found.service)
    if not dictionary:
        return None
    linked = [
        link.service
        for link in Link.objects.filter(
            account=account,
            service__isnull=False,
            ended_at__isnull=True,
            item__kind=ItemKind.SERVICE,
            item__external_id=dictionary,
        )
        .select_related("service")
        .order_by("pk")
        if link.service is not None
    ]
    priced = [
        service
        for service in linked
        if service.prices.filter(
            price_list__clinic=schedule.clinic_id, price_list__uses__channel=account.channel
        ).exists()
    ]
    return next(iter(priced or linked), None)


def _dictionary_service(account: Account, address_service: str) -> str:
    """By what was last read of the address: for a portal that names only the address service."""
    item = CatalogueItem.objects.filter(
        account=account, kind=ItemKind.ADDRESS_SERVICE, external_id=address_service
    ).first()
    return item.service if item else ""


def _currency(account: Account) -> str:
    return calendar_class(account.kind).currency_of(account.settings)
