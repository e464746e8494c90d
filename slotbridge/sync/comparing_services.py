"""Services of an address: what stands there, and what the clinic's price lists want (A31).

Putting them right is the business of `telling_services`, which reads the address once more and
says for each service what was done; here is only found out that there is something to do.
"""

from __future__ import annotations

from slotbridge.sync import services, telling_services
from slotbridge.sync.models import Difference
from slotbridge.sync.reports import Round

Kind, Done = Difference.Kind, Difference.Done


def compare(made: Round) -> None:
    """Has the address told anew if somebody changed a service there."""
    steps = _steps(made)
    changed = [service for service, step in steps.items() if step.again]
    if changed:
        made.count(Kind.SERVICE, len(changed))
        telling_services.look_at(made.listing.account, made.listing.address)


def only_compare(made: Round) -> None:
    """Puts down what would be added, changed or removed."""
    for service, step in _steps(made).items():
        made.note(Kind.SERVICE, Done.COMPARED, None, service=service, step=str(step.kind.value))


def _steps(made: Round) -> dict[str, services.ServiceStep]:
    listing = made.listing
    if not services.are_ours(listing.account):
        return {}
    there = {
        found.service: found for found in made.connector.services_at(listing.ref) if found.service
    }
    wanted = services.wanted_services(listing)
    made.look_at(len(wanted.keys() | there.keys()))
    rows = {row.service: row for row in listing.services.all()}
    return services.steps(wanted, there, rows)
