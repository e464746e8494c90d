"""Why the portal does not do what a person wants, in one word for each reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from slotbridge.sandbox import (
    bookings,
    calendars,
    insurances,
    payments,
    presence,
    questions,
    services,
)


class Reason(StrEnum):
    TAKEN = "taken"  # nothing free starts then, or somebody was first
    NOT_OFFERED = "not-offered"  # free, but not for this service
    DENIED = "denied"  # an integration said no
    CLOSED = "closed"  # the calendar is missing, disabled or not paid for
    ENDED = "ended"  # the booking is canceled or moved already
    BAD_RANGE = "bad-range"
    SAME = "same"  # such a break is there already
    ALREADY = "already"  # the service is there, the visit is confirmed
    DATA_MISSING = "data-missing"  # the address demands more of a patient
    PAYER = "payer"  # the address does not take this insurer or plan
    UNFIT = "unfit"  # a price, duration or age that cannot be
    TOO_EARLY = "too-early"  # the visit has not begun
    TOO_LATE = "too-late"  # the visit has begun
    NOTHING_TO_PAY = "nothing-to-pay"  # nothing is paid online, or the payment is over
    MONEY_HELD = "money-held"  # paid for, and the target bills through another account


class Refused(Exception):
    """The portal does not do it: show the person the reason."""

    def __init__(
        self, reason: Reason, error_code: int | None = None, *, is_silent: bool = False
    ) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.error_code = error_code  # sent by the integration that denied
        self.is_silent = is_silent  # it denied by not answering in time


REASONS: dict[type[Exception], Reason] = {
    bookings.SlotNotFound: Reason.TAKEN,
    bookings.ServiceNotOffered: Reason.NOT_OFFERED,
    bookings.BookingImpossible: Reason.CLOSED,
    bookings.NotBooked: Reason.ENDED,
    calendars.NotCommercial: Reason.CLOSED,
    calendars.BadRange: Reason.BAD_RANGE,
    calendars.SameRange: Reason.SAME,
    calendars.BreakExists: Reason.SAME,
    bookings.OtherPaymentAccount: Reason.MONEY_HELD,
    insurances.NotAssigned: Reason.PAYER,
    insurances.UnknownPlan: Reason.PAYER,
    payments.NothingToPay: Reason.NOTHING_TO_PAY,
    payments.NoSuchStep: Reason.NOTHING_TO_PAY,
    presence.VisitCanceled: Reason.ENDED,
    presence.VisitInFuture: Reason.TOO_EARLY,
    presence.VisitInPast: Reason.TOO_LATE,
    presence.AlreadyConfirmed: Reason.ALREADY,
    services.ServiceExists: Reason.ALREADY,
    services.UnfitTerms: Reason.UNFIT,
}


@contextmanager
def refusing() -> Iterator[None]:
    """Turns what stops a person here into Refused."""
    try:
        yield
    except questions.Denied as denied:
        raise Refused(Reason.DENIED, denied.error_code, is_silent=denied.is_silent) from None
    except tuple(REASONS) as error:
        raise Refused(REASONS[type(error)]) from None
