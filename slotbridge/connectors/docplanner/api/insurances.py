"""Insurance providers and their plans: the dictionaries, and what an address accepts."""

from __future__ import annotations

from collections.abc import Sequence

from slotbridge.connectors.docplanner import fields, operations
from slotbridge.connectors.docplanner.api.common import each, nested, path_of
from slotbridge.connectors.docplanner.client import Client
from slotbridge.connectors.docplanner.records import Json
from slotbridge.connectors.docplanner.values import InsurancePlan, InsuranceProvider
from slotbridge.sync.contract import ListingRef


class Insurances:
    """An unknown provider is Refused, not Gone: it will not come by itself."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get_insurance_providers(self) -> list[InsuranceProvider]:
        found = self._client.collection(operations.GET_INSURERS)
        return each(operations.GET_INSURERS, found, _provider)

    def get_insurance_plans(self, provider: str) -> list[InsurancePlan]:
        found = self._client.collection(operations.GET_PLANS, {"insurance_provider_id": provider})
        return each(operations.GET_PLANS, found, _plan)

    def get_address_insurance_providers(self, at: ListingRef) -> list[InsuranceProvider]:
        """With the plans that the address accepts of each."""
        found = self._client.collection(operations.GET_ADDRESS_INSURERS, path_of(at))
        return each(operations.GET_ADDRESS_INSURERS, found, _provider)

    def add_address_insurance_provider(
        self, at: ListingRef, provider: str, plans: Sequence[str] = ()
    ) -> None:
        """One that is assigned already counts as added; its plans stay as they are."""
        self._client.call(
            operations.ADD_ADDRESS_INSURER, path_of(at), body=_accepted(provider, plans)
        )

    def update_or_create_address_insurance_provider(
        self, at: ListingRef, provider: str, plans: Sequence[str] = ()
    ) -> None:
        """Whether the plans replace those before or are added to them is silent: name them all."""
        self._client.call(
            operations.PUT_ADDRESS_INSURER, path_of(at), body=_accepted(provider, plans)
        )

    def delete_address_insurance_provider(self, at: ListingRef, provider: str) -> None:
        """One that is not assigned counts as removed."""
        self._client.call(
            operations.DELETE_ADDRESS_INSURER, path_of(at, insurance_provider_id=provider)
        )


def _accepted(provider: str, plans: Sequence[str]) -> dict[str, object]:
    """Without plans none are named: the public insurer has none (behaviour.md section 5)."""
    named: dict[str, object] = {"insurance_provider_id": provider}
    if plans:
        named["insurance_plans"] = [{"insurance_plan_id": plan} for plan in plans]
    return named


def _provider(found: Json) -> InsuranceProvider | None:
    id_ = fields.identifier(found.get("insurance_provider_id"))
    plans = nested(found.get("insurance_plans"), _plan)
    return InsuranceProvider(id_, fields.text(found.get("name")), plans) if id_ else None


def _plan(found: Json) -> InsurancePlan | None:
    id_ = fields.identifier(found.get("insurance_plan_id"))
    return InsurancePlan(id_, fields.text(found.get("name"))) if id_ else None
