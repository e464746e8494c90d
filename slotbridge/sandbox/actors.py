"""What patients and doctors do on the portal: the pages, the control API and tests all act here.

Each function raises Refused, with a reason, when the portal would say no to the person.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum

from slotbridge.sandbox import bookings, calendars, desk, questions, rules
from slotbridge.sandbox.bookings import Wanted
from slotbridge.sandbox.models import Address, AddressService, Booking, Break
from slotbridge.sandbox.patients import PatientData


class Reason(StrEnum):
    TAKEN = "taken"  # nothing free starts then, or somebody was first
    NOT_OFFERED = "not-offered"  # free, but not for this service
    DENIED = "denied"  # an integration said no
    CLOSED = "closed"  # the calendar is missing, disabled or not paid for
    ENDED = "ended"  # the booking is canceled or moved already
    BAD_RANGE = "bad-range"
    SAME = "same"  # such a break is there already


class Refused(Exception):
    """The portal does not do it: show the person the reason."""

    def __init__(self, reason: Reason, error_code: int | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.error_code = error_code  # sent by the integration that denied


REASONS: dict[type[Exception], Reason] = {
    bookings.SlotNotFound: Reason.TAKEN,
    bookings.ServiceNotOffered: Reason.NOT_OFFERED,
    bookings.BookingImpossible: Reason.CLOSED,
    bookings.NotBooked: Reason.ENDED,
    calendars.NotCommercial: Reason.CLOSED,
    calendars.BadRange: Reason.BAD_RANGE,
    calendars.SameRange: Reason.SAME,
    calendars.BreakExists: Reason.SAME,
}


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except questions.Denied as denied:
        raise Refused(Reason.DENIED, denied.error_code) from None
    except tuple(REASONS) as error:
        raise Refused(REASONS[type(error)]) from None


def offered(address: Address, start: datetime, end: datetime) -> set[tuple[datetime, int]]:
    """(start, address service id) of everything a patient could book in [start, end)."""
    address.refresh_from_db()
    return {(offer.start, offer.service) for offer in calendars.offers(address, start, end)}


def patient_books(
    address: Address,
    start: datetime,
    service: AddressService,
    patient: PatientData,
    *,
    minutes: int | None = None,
    comment: str = "",
) -> Booking:
    """A patient books on the page; clients that ask first are asked. Raises Refused."""
    address.refresh_from_db()
    wanted = Wanted(address, service, start, minutes)
    with _refusing():
        questions.may_book(wanted, patient)
        return desk.book(wanted, patient, by=Booking.Actor.USER, comment=comment)


def patient_moves(
    booking: Booking,
    start: datetime,
    *,
    address: Address | None = None,
    service: AddressService | None = None,
) -> Booking:
    """The new booking, with a new id. Raises Refused."""
    wanted = _target(booking, start, address, service)
    with _refusing():
        if booking.is_active:
            questions.may_move(booking, wanted)
        return desk.move(booking, wanted, by=Booking.Actor.USER)


def patient_cancels(booking: Booking, reason: str = "") -> None:
    with _refusing():
        desk.cancel(booking, by=Booking.Actor.USER, reason=reason)


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
    wanted = Wanted(address, service, start, minutes)
    with _refusing():
        return desk.book(wanted, patient, by=Booking.Actor.DOCTOR, comment=comment)


def doctor_moves(
    booking: Booking,
    start: datetime,
    *,
    address: Address | None = None,
    service: AddressService | None = None,
) -> Booking:
    wanted = _target(booking, start, address, service)
    with _refusing():
        return desk.move(booking, wanted, by=Booking.Actor.DOCTOR)


def doctor_cancels(booking: Booking, reason: str = "") -> None:
    with _refusing():
        desk.cancel(booking, by=Booking.Actor.DOCTOR, reason=reason)


def doctor_adds_break(
    address: Address, since: datetime, till: datetime, description: str = ""
) -> Break:
    address.refresh_from_db()
    with _refusing():
        return desk.add_break(address, since, till, description)


def doctor_moves_break(break_: Break, since: datetime, till: datetime) -> None:
    with _refusing():
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


def _target(
    booking: Booking, start: datetime, address: Address | None, service: AddressService | None
) -> Wanted:
    """Where a booking goes; what is not named stays, the duration with the service."""
    to = address or booking.address
    to.refresh_from_db()
    kept = service or booking.service
    if kept is None or kept.address_id != to.pk:
        raise Refused(Reason.NOT_OFFERED)
    return Wanted(to, kept, start, None if service else booking.minutes)
