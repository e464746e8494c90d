"""What patients and doctors do on the portal: the pages, the control API and tests all act here.

Each function raises Refused, with a reason, when the portal would say no to the person.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from slotbridge.sandbox import (
    addresses,
    calendars,
    desk,
    insurances,
    payments,
    presence,
    questions,
    quirks,
    rules,
    services,
)
from slotbridge.sandbox.bookings import Wanted
from slotbridge.sandbox.models import (
    Address,
    AddressService,
    Booking,
    Break,
    InsurancePlan,
    InsuranceProvider,
    Service,
)
from slotbridge.sandbox.models.directory import no_extra_fields
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.refusals import Reason, Refused, refusing
from slotbridge.sandbox.services import Terms

# What an adviser sets of an address by a plain word; see models.Address.
ADVISERS_FIELDS: dict[str, type] = {
    "takes_payment": bool,
    "payment_account": str,
    "extra_fields": dict,
    "insurance_support": str,
}


def offered(
    address: Address, start: datetime, end: datetime, *, payer: int | None = None
) -> set[tuple[datetime, int]]:
    """(start, address service id) of everything a patient could book in [start, end).

    `payer` is the id of the patient's insurer; None: who pays alone.
    """
    address.refresh_from_db()
    found = calendars.offers_for(address, payer, start, end)
    return {(offer.start, offer.service) for offer in found}


# --- a patient -------------------------------------------------------------------------------


def patient_books(
    address: Address,
    start: datetime,
    service: AddressService,
    patient: PatientData,
    *,
    minutes: int | None = None,
    comment: str = "",
    payer: int | None = None,
    plan: int | None = None,
) -> Booking:
    """A patient books on the page; clients that ask first are asked. Raises Refused.

    `payer` and `plan` are ids of an insurer that the address takes; None: the patient pays.
    """
    address.refresh_from_db()
    if address.is_disabled:
        raise Refused(Reason.CLOSED)
    _require_data(address, patient)
    with refusing():
        wanted = Wanted(address, service, start, minutes, *_insured(address, payer, plan))
        questions.may_book(wanted, patient)
        return desk.book(wanted, patient, by=Booking.Actor.USER, comment=comment)


def _require_data(address: Address, patient: PatientData) -> None:
    demanded = [name for name, is_so in address.extra_fields.items() if is_so]
    if not all(getattr(patient, name) for name in demanded):
        raise Refused(Reason.DATA_MISSING)


def _insured(
    address: Address, payer: int | None, plan: int | None
) -> tuple[InsuranceProvider | None, InsurancePlan | None]:
    is_taken = address.takes_private if payer is None else address.insurance_support != "private"
    if not is_taken:
        raise Refused(Reason.PAYER)
    return (None, None) if payer is None else insurances.find_payer(address, payer, plan)


def patient_confirms(booking: Booking) -> None:
    """Says that they will come. Raises Refused."""
    with refusing():
        presence.confirm(booking, by="user")


def patient_pays(booking: Booking, status: str = payments.PAID) -> None:
    """The money moves: paid, waiting_for_confirmation, not-paid, refunded or charged_back.

    What was not paid for in time is cancelled first. Raises Refused.
    """
    desk.cancel_unpaid()
    with refusing():
        desk.set_payment(booking, status)


def patient_moves(
    booking: Booking,
    start: datetime,
    *,
    address: Address | None = None,
    service: AddressService | None = None,
) -> Booking:
    """The new booking, with a new id. Raises Refused."""
    wanted = _target(booking, start, address, service)
    with refusing():
        if booking.is_active:
            questions.may_move(booking, wanted)
        return desk.move(booking, wanted, by=Booking.Actor.USER)


def patient_cancels(booking: Booking, reason: str = "") -> None:
    with refusing():
        desk.cancel(booking, by=Booking.Actor.USER, reason=reason)


# --- a doctor --------------------------------------------------------------------------------


def doctor_books(
    address: Address,
    start: datetime,
    service: AddressService,
    patient: PatientData,
    *,
    minutes: int | None = None,
    comment: str = "",
) -> Booking:
    """The doctor books in the portal's calendar; nobody is asked first. Raises Refused."""
    address.refresh_from_db()
    with refusing():
        wanted = Wanted(address, service, start, minutes)
        return desk.book(wanted, patient, by=Booking.Actor.DOCTOR, comment=comment)


def doctor_moves(
    booking: Booking,
    start: datetime,
    *,
    address: Address | None = None,
    service: AddressService | None = None,
) -> Booking:
    """The new booking, with a new id. Raises Refused.

    Where an integration has quirk moves_anywhere, free time is enough: no period need offer it.
    """
    wanted = _target(booking, start, address, service)
    if moves_anywhere(wanted.address):
        wanted = replace(wanted, anywhere=True)
    with refusing():
        return desk.move(booking, wanted, by=Booking.Actor.DOCTOR)


def moves_anywhere(address: Address) -> bool:
    """Whether visits may be moved here to times that nobody offers."""
    switches = address.facility.clients.values_list("quirks", flat=True)
    return any(quirks.read(each).moves_anywhere for each in switches)


def doctor_cancels(booking: Booking, reason: str = "") -> None:
    with refusing():
        desk.cancel(booking, by=Booking.Actor.DOCTOR, reason=reason)


def doctor_confirms(booking: Booking) -> None:
    """The patient said so on the phone. Raises Refused."""
    with refusing():
        presence.confirm(booking, by="admin")


def doctor_marks_presence(booking: Booking, present: bool) -> None:
    """Raises Refused; the same mark again changes nothing."""
    with refusing():
        presence.mark(booking, present=present)


def doctor_adds_break(
    address: Address,
    since: datetime,
    till: datetime,
    description: str = "",
    *,
    on_coupled: bool = False,
) -> Break:
    """`on_coupled`: also online for an address with a door, and the reverse. Raises Refused."""
    address.refresh_from_db()
    with refusing():
        return desk.add_break(address, since, till, description, on_coupled=on_coupled)


def doctor_moves_break(break_: Break, since: datetime, till: datetime) -> None:
    with refusing():
        desk.move_break(break_, since, till)


def doctor_removes_break(break_: Break) -> None:
    desk.remove_break(break_)


def doctor_changes_slots(address: Address, day: date, periods: Iterable[rules.Period]) -> None:
    """The doctor redraws a day on the portal. No client is told: slot-changed is long gone."""
    calendars.set_day(address, day, periods)
    address.refresh_from_db()
    if address.calendar == Address.Calendar.NONE:
        calendars.enable(address)


def doctor_switches_calendar(address: Address, *, on: bool) -> None:
    """Enables or disables online booking; what is so already stays so."""
    change: Callable[[Address], None] = calendars.enable if on else calendars.disable
    try:
        change(address)
    except calendars.AlreadyThere:
        return
    except (calendars.NotCommercial, calendars.AddressDisabled):
        raise Refused(Reason.CLOSED) from None


def doctor_adds_service(
    address: Address, service: Service, price_minor: int | None = None, **terms: Any
) -> AddressService:
    """`terms` are further fields of services.Terms. Raises Refused."""
    with refusing():
        return services.add(address, service, Terms(price_minor=price_minor, **terms))


def doctor_changes_service(address_service: AddressService, **changes: Any) -> None:
    """`changes` are fields of services.Terms; no change tells nobody. Raises Refused."""
    with refusing():
        services.change(address_service, **changes)


def doctor_removes_service(address_service: AddressService) -> None:
    """Adding it again gives it a new id."""
    services.remove(address_service)


# --- the portal's adviser --------------------------------------------------------------------


def adviser_changes_commercial_type(address: Address, commercial_type: str) -> None:
    """What the doctor pays the portal for: premium, saas-only or basic. Raises Refused."""
    if commercial_type not in Address.Commercial.values:
        raise Refused(Reason.UNFIT)
    desk.set_commercial_type(address, commercial_type)


def adviser_assigns_address(address: Address) -> None:
    """Gives an address that was taken away back to its doctor."""
    desk.assign(address)


def adviser_unassigns_address(address: Address) -> None:
    """Takes the address from its doctor; its bookings stay."""
    desk.unassign(address)


def adviser_opens_online_address(address: Address) -> Address:
    """The doctor sees patients on a screen too, at an address coupled to this one.

    It has the same services and an empty calendar of its own. Raises Refused.
    """
    if address.is_online_only or calendars.coupled(address):
        raise Refused(Reason.ALREADY)
    return desk.open_online_address(address)


def adviser_sets_address(address: Address, **settings: Any) -> None:
    """How patients book here: any of ADVISERS_FIELDS. Clients are told nothing of it.

    Raises TypeError for another field or type.
    """
    for name, value in settings.items():
        if type(value) is not ADVISERS_FIELDS.get(name):
            raise TypeError(f"{name} is not a setting of an address, or of another type")
    demanded = settings.get("extra_fields", {})
    if unknown := demanded.keys() - no_extra_fields().keys():
        raise TypeError(f"{', '.join(sorted(unknown))} cannot be demanded of a patient")
    if settings.get("insurance_support", "private") not in addresses.INSURANCE_SUPPORT:
        raise TypeError(f"insurance_support: {', '.join(sorted(addresses.INSURANCE_SUPPORT))}")
    if demanded:
        settings["extra_fields"] = {**address.extra_fields, **demanded}
    Address.objects.filter(pk=address.pk).update(**settings)
    address.refresh_from_db()


def adviser_sets_insurance(
    address: Address, provider: InsuranceProvider, plans: Iterable[int] = (), *, on: bool = True
) -> None:
    """Takes an insurer at an address (no plans: all of its plans), or no more. Raises Refused."""
    with refusing():
        if on:
            insurances.assign_or_change(address, provider, plans, merged=False)
        else:
            insurances.unassign(address, provider)


# ---------------------------------------------------------------------------------------------


def _target(
    booking: Booking, start: datetime, address: Address | None, service: AddressService | None
) -> Wanted:
    """Where a booking goes; what is not named stays, the duration with the service, who pays."""
    to = address or booking.address
    to.refresh_from_db()
    kept = service or booking.service
    if kept is None or kept.address_id != to.pk:
        raise Refused(Reason.NOT_OFFERED)
    return Wanted(
        to,
        kept,
        start,
        None if service else booking.minutes,
        booking.insurance_provider,
        booking.insurance_plan,
    )
