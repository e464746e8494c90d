"""Every operation that is called, as (the call, its success as status and body, what the caller
gets, the path that is asked, the body that is sent).
"""

from slotbridge.connectors.docplanner.tests.calls.calendar import CALENDAR
from slotbridge.connectors.docplanner.tests.calls.directory import DIRECTORY
from slotbridge.connectors.docplanner.tests.calls.samples import HERE

CALLS = DIRECTORY | CALENDAR
HEADERS = {
    "addAddressService": {"Location": f"{HERE}/services/55"},
    "addCalendarBreak": {"Location": f"{HERE}/breaks/9"},
    "moveBooking": {"Location": f"{HERE}/bookings/77"},
}
