"""The operations of the contract that this connector uses, and what their refusals mean.

Names and paths: docs/reference/docplanner/openapi.yaml.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

ADDRESS = "/facilities/{facility}/doctors/{doctor}/addresses/{address}"


@dataclass(frozen=True, slots=True)
class Operation:
    """`repeatable`: doing it twice does no harm, so an unknown outcome is merely "try later".

    A 404 whose text is in `empty` means "none of these"; one in `refused` names something that
    will stay wrong; any other means that what was named is gone. `gone` lists further statuses
    that mean the same. "" stands for a text that the contract does not have.
    """

    name: str
    method: str
    path: str
    repeatable: bool = True
    empty: Set[str] = frozenset()
    refused: Set[str] = frozenset()
    gone: Set[int] = frozenset({404, 410})


GET_FACILITIES = Operation("getFacilities", "GET", "/facilities")
GET_DOCTORS = Operation("getDoctors", "GET", "/facilities/{facility}/doctors")
GET_ADDRESSES = Operation(
    "getAddresses", "GET", "/facilities/{facility}/doctors/{doctor}/addresses"
)
GET_SERVICES = Operation("getServices", "GET", "/services")
GET_ADDRESS_SERVICES = Operation("getAddressServices", "GET", f"{ADDRESS}/services")

ADDRESS_SERVICE = f"{ADDRESS}/services/{{address_service}}"
ADD_ADDRESS_SERVICE = Operation(
    "addAddressService", "POST", f"{ADDRESS}/services", repeatable=False
)
UPDATE_ADDRESS_SERVICE = Operation(
    "updateAddressService", "PATCH", ADDRESS_SERVICE, repeatable=False
)
DELETE_ADDRESS_SERVICE = Operation(
    "deleteAddressService", "DELETE", ADDRESS_SERVICE, repeatable=False
)
ENABLE_CALENDAR = Operation(
    "enableCalendar", "POST", f"{ADDRESS}/calendar/enable", repeatable=False
)

GET_SLOTS = Operation(
    "getSlots", "GET", f"{ADDRESS}/slots", empty={"No slots found on given address"}
)
REPLACE_SLOTS = Operation("replaceSlots", "PUT", f"{ADDRESS}/slots")
DELETE_SLOTS = Operation("deleteSlots", "DELETE", f"{ADDRESS}/slots/{{date}}")
BOOK_SLOT = Operation(
    "bookSlot",
    "POST",
    f"{ADDRESS}/slots/{{start}}/book",
    repeatable=False,
    refused={"Unable to book a visit for this address", "Service does not exist"},
)

GET_BOOKINGS = Operation("getBookings", "GET", f"{ADDRESS}/bookings")
GET_BOOKING = Operation("getBooking", "GET", f"{ADDRESS}/bookings/{{booking}}")
MOVE_BOOKING = Operation(
    "moveBooking",
    "POST",
    f"{ADDRESS}/bookings/{{booking}}/move",
    repeatable=False,
    gone={404, 409, 410},
)
CANCEL_BOOKING = Operation(
    "cancelBooking", "DELETE", f"{ADDRESS}/bookings/{{booking}}", repeatable=False
)

CONFIRM_BOOKING = Operation(
    "confirmBooking", "PUT", f"{ADDRESS}/bookings/{{booking}}/confirm", repeatable=False
)
MARK_PRESENCE = Operation(
    "markPatientPresence",
    "POST",
    f"{ADDRESS}/bookings/{{booking}}/presence/patient",
    repeatable=False,
)
MARK_ABSENCE = Operation(
    "markPatientAbsence",
    "DELETE",
    f"{ADDRESS}/bookings/{{booking}}/presence/patient",
    repeatable=False,
)

GET_BREAKS = Operation(
    "getCalendarBreaks",
    "GET",
    f"{ADDRESS}/breaks",
    empty={"Calendar not found for this address"},
    refused={"Invalid date given."},
)
ADD_BREAK = Operation("addCalendarBreak", "POST", f"{ADDRESS}/breaks", repeatable=False)
DELETE_BREAK = Operation("deleteCalendarBreak", "DELETE", f"{ADDRESS}/breaks/{{break_id}}")

# Reading takes notifications off the queue, yet asking again after a time-out is right: what the
# lost answer held is found by comparing bookings (A38). 404 is how an empty queue looks.
PULL = Operation(
    "Pull Multiple Notification",
    "GET",
    "/notifications/multiple",
    empty={"No notifications found", ""},
)
RELEASE = Operation("Release Notifications", "POST", "/notifications/release", repeatable=False)
