"""Tables of the portal. A clinic is a tenant: its column comes first in every key of its rows."""

from slotbridge.portal.models.clinics import (
    ClientKey,
    Clinic,
    Deed,
    FailedTry,
    LoginTry,
    StaffMember,
)
from slotbridge.portal.models.imports import (
    DocumentPart,
    ReceivedDocument,
    SectionImport,
    WithheldDeletion,
)
from slotbridge.portal.models.orders import Hold, Letter, Order, RecentOrder
from slotbridge.portal.models.schedule import Appointment, Resource, ResourceGroup, WorkingDay

__all__ = [
    "Appointment",
    "ClientKey",
    "Clinic",
    "Deed",
    "DocumentPart",
    "FailedTry",
    "Hold",
    "Letter",
    "LoginTry",
    "Order",
    "ReceivedDocument",
    "RecentOrder",
    "Resource",
    "ResourceGroup",
    "SectionImport",
    "StaffMember",
    "WithheldDeletion",
    "WorkingDay",
]
