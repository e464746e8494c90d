"""The portal's operations as typed calls, one method each, named as the contract names them.

JSON comes in and goes out here and nowhere above. A method raises what `Client.call` raises:
TryLater, Refused, Gone, AccountRejected, and for a write also OutcomeUnknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from slotbridge.connectors.docplanner.api.bookings import Bookings
from slotbridge.connectors.docplanner.api.calendar import Calendar
from slotbridge.connectors.docplanner.api.directory import Directory
from slotbridge.connectors.docplanner.api.insurances import Insurances
from slotbridge.connectors.docplanner.api.notifications import Notifications
from slotbridge.connectors.docplanner.api.services import Services
from slotbridge.connectors.docplanner.client import Client
from slotbridge.connectors.docplanner.site import Site


@dataclass(frozen=True, slots=True)
class Api:
    """Every operation, by the chapters of the contract."""

    directory: Directory
    services: Services
    insurances: Insurances
    calendar: Calendar
    bookings: Bookings
    notifications: Notifications

    @classmethod
    def of(cls, client: Client, site: Site) -> Api:
        return cls(
            directory=Directory(client),
            services=Services(client, site),
            insurances=Insurances(client),
            calendar=Calendar(client),
            bookings=Bookings(client, site),
            notifications=Notifications(client),
        )
