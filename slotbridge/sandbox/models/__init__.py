"""Tables of the sandbox. Ids are what the portal's API shows; pages use `key`, a random uuid."""

from slotbridge.sandbox.models.access import (
    OPTIONAL_EVENTS,
    AccessToken,
    ApiCall,
    Client,
    FaultRule,
    Notification,
    RateWindow,
)
from slotbridge.sandbox.models.calendar import (
    Booking,
    Break,
    CalendarDay,
    OpinionRequest,
    SlotRequest,
)
from slotbridge.sandbox.models.directory import Address, AddressService, Doctor, Facility, Service
from slotbridge.sandbox.models.insurance import (
    AddressInsurance,
    InsurancePlan,
    InsuranceProvider,
)

__all__ = [
    "OPTIONAL_EVENTS",
    "AccessToken",
    "Address",
    "AddressInsurance",
    "AddressService",
    "ApiCall",
    "Booking",
    "Break",
    "CalendarDay",
    "Client",
    "Doctor",
    "Facility",
    "FaultRule",
    "InsurancePlan",
    "InsuranceProvider",
    "Notification",
    "OpinionRequest",
    "RateWindow",
    "Service",
    "SlotRequest",
]
