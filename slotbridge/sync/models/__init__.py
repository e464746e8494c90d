"""What portals should show, what they were told, and what they told us."""

from slotbridge.sync.models.accounts import Account, CatalogueItem, Link
from slotbridge.sync.models.calendars import (
    Listing,
    ListingDay,
    ListingSchedule,
    ListingService,
)
from slotbridge.sync.models.exchange import Exchange, ExchangeEntry
from slotbridge.sync.models.visits import (
    Booking,
    Difference,
    InboxMessage,
    PatrolReport,
    VisitTarget,
)

__all__ = [
    "Account",
    "Booking",
    "CatalogueItem",
    "Difference",
    "Exchange",
    "ExchangeEntry",
    "InboxMessage",
    "Link",
    "Listing",
    "ListingDay",
    "ListingSchedule",
    "ListingService",
    "PatrolReport",
    "VisitTarget",
]
