"""Which insurers an address takes, with which plans. Clients are told nothing of it."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from slotbridge.sandbox.models import (
    Address,
    AddressInsurance,
    InsurancePlan,
    InsuranceProvider,
)
from slotbridge.sandbox.router import DATABASE


class AlreadyAssigned(Exception):
    """The address takes this insurer already: change its plans instead."""


class NotAssigned(Exception):
    """The address does not take this insurer."""


class UnknownPlan(Exception):
    """The plan is not one of this insurer's, or not one that the address takes."""


def assign(
    address: Address, provider: InsuranceProvider, plans: Iterable[int] = ()
) -> AddressInsurance:
    """`plans` are ids; none: any plan of the insurer. Raises AlreadyAssigned or UnknownPlan.

    Source: operation addAddressInsuranceProvider.
    """
    known = _plans(provider, plans)
    try:
        with transaction.atomic(using=DATABASE):
            made = AddressInsurance.objects.create(address=address, provider=provider)
            made.plans.set(known)
    except IntegrityError as error:
        if "sandbox_insurance_once" in str(error):
            raise AlreadyAssigned from None
        raise
    return made


def assign_or_change(
    address: Address, provider: InsuranceProvider, plans: Iterable[int] = (), *, merged: bool
) -> None:
    """Replaces the plans, or adds to them if `merged`, which is silent. Raises UnknownPlan.

    Source: operation updateOrCreateAddressInsuranceProvider, behaviour.md section 5.
    """
    known = _plans(provider, plans)
    with transaction.atomic(using=DATABASE):
        row, _made = AddressInsurance.objects.get_or_create(address=address, provider=provider)
        if merged:
            row.plans.add(*known)
        else:
            row.plans.set(known)


def unassign(address: Address, provider: InsuranceProvider) -> None:
    """Periods and bookings that name the insurer stay as they are. Raises NotAssigned."""
    deleted, _of_what = AddressInsurance.objects.filter(address=address, provider=provider).delete()
    if not deleted:
        raise NotAssigned


def _plans(provider: InsuranceProvider, ids: Iterable[int]) -> list[InsurancePlan]:
    wanted = set(ids)
    found = list(provider.plans.filter(pk__in=wanted))
    if len(found) < len(wanted):
        raise UnknownPlan
    return found


def find_payer(
    address: Address, provider_id: int, plan_id: int | None = None
) -> tuple[InsuranceProvider, InsurancePlan | None]:
    """Who pays for a visit at the address. Raises NotAssigned or UnknownPlan."""
    taken = address.insurances.filter(provider=provider_id).select_related("provider").first()
    if taken is None:
        raise NotAssigned
    if plan_id is None:
        return taken.provider, None
    plan = next((each for each in plans_of(address, taken.provider) if each.pk == plan_id), None)
    if plan is None:
        raise UnknownPlan
    return taken.provider, plan


def plans_of(address: Address, provider: InsuranceProvider) -> list[InsurancePlan]:
    """What a patient of this insurer may name there; none where the insurer is not taken."""
    taken = address.insurances.filter(provider=provider).first()
    if taken is None:
        return []
    return list(taken.plans.all()) or list(provider.plans.all())
