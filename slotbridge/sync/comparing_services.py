"""Services of an address: what stands there, and what the clinic's price lists want (A31).

Putting them right is the business of `telling_services`, which reads the address once more and
says for each service what was done; here is only found out that there is something to do.
"""

from __future__ import annotations

from slotbridge.kit import clock
from slotbridge.sync import services, telling_services
from slotbridge.sync.contract import ServiceAtAddress
from slotbridge.sync.models import Difference
from slotbridge.sync.reports import Round

Kind, Done = Difference.Kind, Difference.Done


def compare(made: Round) -> None:
    """Has the address told anew if somebody changed a service there."""
    changed = _changed(made)
    if changed:
        made.count(Kind.SERVICE, len(changed))
        telling_services.look_at(made.listing.account, made.listing.address)


def only_compare(made: Round) -> None:
    """Puts down what would be added, changed or removed."""
    for service, step in _steps(made).items():
        made.note(Kind.SERVICE, Done.COMPARED, None, service=service, step=str(step.kind.value))


def _changed(made: Round) -> set[str]:
    """Dictionary services that are not as they were told or last read: to be changed, and of which
    nothing is due yet; or to be had at this address under another id.
    """
    listing = made.listing
    if not services.are_ours(listing.account):
        return set()
    there = _there(made)
    rows = {row.service: row for row in listing.services.all()}
    due = {row.service for row in rows.values() if row.asked > row.answered}
    known = services.address_services(listing)
    wanted = services.wanted_services(listing)
    made.look_at(len(wanted.keys() | there.keys()))
    to_do = {key for key, step in services.steps(wanted, there, rows).items() if key not in due}
    now = clock.now()
    other = {
        key
        for key in wanted.keys() & there.keys() & known.keys()
        if known[key] != there[key].id
        and not (key in rows and (rows[key].problem or services.is_fresh(rows[key], now)))
    }
    return to_do | other


def _steps(made: Round) -> dict[str, services.ServiceStep]:
    listing = made.listing
    if not services.are_ours(listing.account):
        return {}
    there = _there(made)
    wanted = services.wanted_services(listing)
    made.look_at(len(wanted.keys() | there.keys()))
    rows = {row.service: row for row in listing.services.all()}
    return services.steps(wanted, there, rows)


def _there(made: Round) -> dict[str, ServiceAtAddress]:
    at_address = made.connector.services_at(made.listing.ref)
    return {found.service: found for found in at_address if found.service}
