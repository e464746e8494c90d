"""An address as its clinic may change it."""

from datetime import timedelta

from slotbridge.kit import clock
from slotbridge.sandbox.models import Address

INSURANCE_SUPPORT = frozenset({"private", "insurance", "private_and_insurance"})
# Asynchronous: the answer is 202, and this much later the API knows the address no more.
INTEGRATION_ENDS_AFTER = timedelta(minutes=1)


def change_insurance_support(address: Address, support: str) -> None:
    """`support` is one of INSURANCE_SUPPORT. Source: operation updateAddress."""
    Address.objects.filter(pk=address.pk).update(insurance_support=support)
    address.insurance_support = support


def end_integration(address: Address) -> None:
    """Asked for again, it ends no later. Source: operation removeAddressIntegration."""
    ends_at = clock.now() + INTEGRATION_ENDS_AFTER
    Address.objects.filter(pk=address.pk, integration_ends_at=None).update(
        integration_ends_at=ends_at
    )
    address.refresh_from_db(fields=["integration_ends_at"])
