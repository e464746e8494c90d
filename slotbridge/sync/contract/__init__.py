"""What a connector is: our words in, a portal's words out, and the ways in which that fails.

Plain values only. A connector keeps no state of its own but its HTTP connection and token; it
never reads our database. Times are aware and half-open; ids are the portal's, as text.
"""

from slotbridge.sync.contract.connector import (
    Access,
    Budget,
    CalendarConnector,
    Connector,
    SettingField,
    Token,
    TokenStore,
    VisitToTell,
)
from slotbridge.sync.contract.failures import (
    AccountRejected,
    Gone,
    OutcomeUnknown,
    PortalError,
    Refused,
    TryLater,
)
from slotbridge.sync.contract.told import (
    Event,
    Heard,
    MessageUnreadable,
    Question,
)
from slotbridge.sync.contract.values import (
    By,
    CatalogueRecord,
    ItemKind,
    ListingRef,
    Offer,
    OfferedStart,
    OpenPeriod,
    Payer,
    Payment,
    PortalBooking,
    PortalBreak,
    PortalPatient,
    ServiceAtAddress,
)

__all__ = [
    "Access",
    "AccountRejected",
    "Budget",
    "By",
    "CalendarConnector",
    "CatalogueRecord",
    "Connector",
    "Event",
    "Gone",
    "Heard",
    "ItemKind",
    "ListingRef",
    "MessageUnreadable",
    "Offer",
    "OfferedStart",
    "OpenPeriod",
    "OutcomeUnknown",
    "Payer",
    "Payment",
    "PortalBooking",
    "PortalBreak",
    "PortalError",
    "PortalPatient",
    "Question",
    "Refused",
    "ServiceAtAddress",
    "SettingField",
    "Token",
    "TokenStore",
    "TryLater",
    "VisitToTell",
]
