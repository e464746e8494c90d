"""Every operation of the contract, and what its refusals mean.

Names, methods and paths are those of docs/reference/docplanner/openapi.yaml, to the letter; a test
holds this list against that document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

FACILITY = "/facilities/{facility_id}"
DOCTOR = f"{FACILITY}/doctors/{{doctor_id}}"
ADDRESS = f"{DOCTOR}/addresses/{{address_id}}"
SERVICES = f"{ADDRESS}/services"
SERVICE = f"{SERVICES}/{{address_service_id}}"
INSURERS = f"{ADDRESS}/insurance-providers"
CALENDAR = f"{ADDRESS}/calendar"
BREAKS = f"{ADDRESS}/breaks"
BREAK = f"{BREAKS}/{{break_id}}"
SLOTS = f"{ADDRESS}/slots"
BOOKINGS = f"{ADDRESS}/bookings"
BOOKING = f"{BOOKINGS}/{{booking_id}}"


class Ending(Enum):
    """What a refusal means where it does not mean what its status says."""

    EMPTY = auto()  # there are none of what was asked for
    DONE = auto()  # it is already as it was to be made
    GONE = auto()  # what was named is not there any more
    REFUSED = auto()  # it names something that will stay wrong


# A status with the portal's words for it, or a status whatever it says.
Endings = Mapping[int | tuple[int, str], Ending]


@dataclass(frozen=True, slots=True)
class Operation:
    """`endings` name the answers that do not mean what their status says: without one, 404 and 410
    are gone, and every other refusal is a refusal. The texts are those of answers.py.
    """

    name: str
    method: str
    path: str
    endings: Endings = field(default_factory=dict)

    @property
    def is_read(self) -> bool:
        return self.method == "GET"

    @property
    def repeatable(self) -> bool:
        """Whether it may be repeated blindly: an unknown outcome is then merely "try later". Of the
        writes this holds for one, which says the whole of what is to be.
        """
        return self.is_read or self.name == "replaceSlots"

    def ending(self, status: int, text: str) -> Ending | None:
        return self.endings.get((status, text)) or self.endings.get(status)


# --- facilities, doctors, addresses -----------------------------------------------------------

GET_FACILITIES = Operation("getFacilities", "GET", "/facilities")
GET_FACILITY = Operation("getFacility", "GET", FACILITY)
GET_DOCTORS = Operation("getDoctors", "GET", f"{FACILITY}/doctors")
GET_DOCTOR = Operation("getDoctor", "GET", DOCTOR)
GET_ADDRESSES = Operation("getAddresses", "GET", f"{DOCTOR}/addresses")
GET_ADDRESS = Operation("getAddress", "GET", ADDRESS)
UPDATE_ADDRESS = Operation("updateAddress", "PATCH", ADDRESS)
REMOVE_INTEGRATION = Operation("removeAddressIntegration", "DELETE", f"{ADDRESS}/integration")

# --- services and insurances ------------------------------------------------------------------

# An id of another address: as good as gone, for ids change when a service is made anew.
_NOT_OF_THIS_ADDRESS: Endings = {(403, "This service does not belong to this address"): Ending.GONE}
_NO_SUCH_INSURER: Endings = {
    (404, "Provided insurance provider ID not found in dictionary"): Ending.REFUSED
}

GET_SERVICES = Operation("getServices", "GET", "/services")
GET_ADDRESS_SERVICES = Operation("getAddressServices", "GET", SERVICES)
ADD_ADDRESS_SERVICE = Operation("addAddressService", "POST", SERVICES)
GET_ADDRESS_SERVICE = Operation("getAddressService", "GET", SERVICE, _NOT_OF_THIS_ADDRESS)
UPDATE_ADDRESS_SERVICE = Operation("updateAddressService", "PATCH", SERVICE, _NOT_OF_THIS_ADDRESS)
DELETE_ADDRESS_SERVICE = Operation("deleteAddressService", "DELETE", SERVICE, _NOT_OF_THIS_ADDRESS)

GET_INSURERS = Operation("getInsuranceProviders", "GET", "/insurance-providers")
GET_PLANS = Operation(
    "getInsurancePlans", "GET", "/insurance-providers/{insurance_provider_id}/plans"
)
GET_ADDRESS_INSURERS = Operation("getAddressInsuranceProviders", "GET", INSURERS)
ADD_ADDRESS_INSURER = Operation(
    "addAddressInsuranceProvider",
    "POST",
    INSURERS,
    {**_NO_SUCH_INSURER, (400, "The insurer is assigned to the address already"): Ending.DONE},
)
PUT_ADDRESS_INSURER = Operation(
    "updateOrCreateAddressInsuranceProvider", "PUT", INSURERS, _NO_SUCH_INSURER
)
DELETE_ADDRESS_INSURER = Operation(
    "deleteAddressInsuranceProvider",
    "DELETE",
    f"{INSURERS}/{{insurance_provider_id}}",
    {**_NO_SUCH_INSURER, (400, "The insurer is not assigned to the address"): Ending.DONE},
)

# --- calendars, breaks, slots -----------------------------------------------------------------

GET_CALENDAR = Operation(
    "getCalendar", "GET", CALENDAR, {(404, "Calendar does not exist"): Ending.EMPTY}
)
ENABLE_CALENDAR = Operation("enableCalendar", "POST", f"{CALENDAR}/enable", {409: Ending.DONE})
DISABLE_CALENDAR = Operation("disableCalendar", "POST", f"{CALENDAR}/disable", {409: Ending.DONE})

GET_BREAKS = Operation(
    "getCalendarBreaks",
    "GET",
    BREAKS,
    {
        (404, "Calendar not found for this address"): Ending.EMPTY,
        (404, "Invalid date given."): Ending.REFUSED,
    },
)
ADD_BREAK = Operation("addCalendarBreak", "POST", BREAKS)
GET_BREAK = Operation("getCalendarBreak", "GET", BREAK)
MOVE_BREAK = Operation("moveCalendarBreak", "PATCH", BREAK, {(422, "Same Date Range"): Ending.DONE})
DELETE_BREAK = Operation("deleteCalendarBreak", "DELETE", BREAK)

GET_SLOTS = Operation(
    "getSlots", "GET", SLOTS, {(404, "No slots found on given address"): Ending.EMPTY}
)
REPLACE_SLOTS = Operation("replaceSlots", "PUT", SLOTS)
DELETE_SLOTS = Operation("deleteSlots", "DELETE", f"{SLOTS}/{{date}}")

# --- bookings ---------------------------------------------------------------------------------

_MOVED_AWAY: Endings = {(403, "This booking does not belong to this address"): Ending.GONE}

BOOK_SLOT = Operation(
    "bookSlot",
    "POST",
    f"{SLOTS}/{{start}}/book",
    {
        (404, "Unable to book a visit for this address"): Ending.REFUSED,
        (404, "Service does not exist"): Ending.REFUSED,
    },
)
GET_BOOKINGS = Operation("getBookings", "GET", BOOKINGS)
GET_BOOKING = Operation("getBooking", "GET", BOOKING)
CANCEL_BOOKING = Operation("cancelBooking", "DELETE", BOOKING)
MOVE_BOOKING = Operation(
    "moveBooking", "POST", f"{BOOKING}/move", {**_MOVED_AWAY, 409: Ending.GONE}
)
CONFIRM_BOOKING = Operation(
    "confirmBooking",
    "PUT",
    f"{BOOKING}/confirm",
    {
        **_MOVED_AWAY,
        (409, "Visit has already been confirmed"): Ending.DONE,
        (409, "Visit has been canceled"): Ending.GONE,
        (409, "Visit has been deleted"): Ending.GONE,
    },
)
REQUEST_OPINION = Operation(
    "requestOpinion", "PUT", f"{DOCTOR}/opinion-request", {(403, "Visit not found"): Ending.GONE}
)
MARK_PRESENCE = Operation(
    "markPatientPresence", "POST", f"{BOOKING}/presence/patient", {409: Ending.GONE}
)
MARK_ABSENCE = Operation(
    "markPatientAbsence", "DELETE", f"{BOOKING}/presence/patient", {409: Ending.GONE}
)

# --- notifications ----------------------------------------------------------------------------

# Reading takes notifications off the queue, yet asking again after a time-out is right: what the
# lost answer held is found by comparing bookings (A38). 404 is how an empty queue looks.
PULL_ONE = Operation("Pull Notification", "GET", "/notifications", {404: Ending.EMPTY})
PULL = Operation(
    "Pull Multiple Notification", "GET", "/notifications/multiple", {404: Ending.EMPTY}
)
RELEASE = Operation("Release Notifications", "POST", "/notifications/release")

# The one that the portal calls and we answer: messages.py reads what it brings.
PUSHED = Operation("Push Notifications", "POST", "/{client-endpoint-url}")

EVERY = tuple(each for each in tuple(globals().values()) if isinstance(each, Operation))
