"""Where the portal's behaviour is silent, disputed or odd: one switch each, per client.

Sections are those of docs/reference/docplanner/behaviour.md.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal


class UnknownQuirk(Exception):
    """No switch of that name, or a value of the wrong type: correct the request."""


@dataclass(frozen=True, slots=True)
class Quirks:
    # Section 4, silent: the client's own API calls come back to it as notifications.
    echo_own_calls: bool = False
    # Section 7, documented: an equal PUT slots within 3 minutes is ignored with 201.
    repeated_put_ignored: bool = True
    # Section 7, field: PUT slots answers 201 first and is processed this much later.
    put_delay_seconds: int = 0
    # Section 6, silent: PUT slots enables a disabled calendar.
    put_enables_calendar: bool = False
    # Section 7, conflict: getSlots answers 404 for an address without any slots and 200 with an
    # empty list for an empty range ("mixed"), 404 for both ("always"), or 200 for both ("never").
    no_slots_404: Literal["mixed", "always", "never"] = "mixed"
    # Section 7, silent: a period may end at midnight, the first instant of the next day.
    midnight_ends_day: bool = False
    # Section 9, silent: getBookings lists canceled bookings too.
    canceled_listed: bool = True
    # Section 9, silent: moveBooking takes times that no work period offers.
    moves_anywhere: bool = False
    # Section 5, silent: PUT of an address's insurer adds to its plans instead of replacing them.
    insurance_plans_merged: bool = False
    # Section 2, conflict: `errors` of wrong periods is an object (path -> messages), not a list.
    errors_as_object: bool = True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read(values: dict[str, Any]) -> Quirks:
    """The switches in `values`, defaults for the rest. Raises UnknownQuirk."""
    defaults = Quirks().as_dict()
    for name, value in values.items():
        if name not in defaults:
            raise UnknownQuirk(f"{name} is not one of {', '.join(sorted(defaults))}")
        if type(value) is not type(defaults[name]):
            raise UnknownQuirk(f"{name} must be {type(defaults[name]).__name__}")
    if values.get("no_slots_404", "mixed") not in {"mixed", "always", "never"}:
        raise UnknownQuirk("no_slots_404 must be mixed, always or never")
    known = {field.name for field in fields(Quirks)}
    return Quirks(**{name: value for name, value in values.items() if name in known})
