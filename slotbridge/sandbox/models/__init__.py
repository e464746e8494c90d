"""Tables of the sandbox. Ids are what the portal's API shows; pages use `key`, a random uuid."""

from slotbridge.sandbox.models.access import (
    AccessToken,
    ApiCall,
    Client,
    FaultRule,
    Notification,
    RateWindow,
)
from slotbridge.sandbox.models.calendar import Booking, Break, CalendarDay, SlotRequest
from slotbridge.sandbox.models.directory import Address, AddressService, Doctor, Facility, Service

__all__ = [
    "AccessToken",
    "Address",
    "AddressService",
    "ApiCall",
    "Booking",
    "Break",
    "CalendarDay",
    "Client",
    "Doctor",
    "Facility",
    "FaultRule",
    "Notification",
    "RateWindow",
    "Service",
    "SlotRequest",
]
