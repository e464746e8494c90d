"""The dictionary of services, and the services of each address."""

from __future__ import annotations

from datetime import datetime

from slotbridge.connectors.docplanner import fields, operations, records
from slotbridge.connectors.docplanner.api.common import each, one, path_of
from slotbridge.connectors.docplanner.client import Client
from slotbridge.connectors.docplanner.periods import wire_time
from slotbridge.connectors.docplanner.records import Json
from slotbridge.connectors.docplanner.site import Site
from slotbridge.connectors.docplanner.values import AddressService, DictionaryService
from slotbridge.sync.contract import ListingRef, ServiceAtAddress

SCOPES = (
    "address_service.allowed_patients",
    "address_service.custom_name",
    "address_service.public_insurance_flow",
)


class Services:
    def __init__(self, client: Client, site: Site) -> None:
        self._client = client
        self._site = site

    def get_services(
        self, *, specialization: str = "", only_diagnostics: bool = False
    ) -> list[DictionaryService]:
        """The whole dictionary, or the part of one specialisation or of the diagnostics market."""
        asked = [("specialization_id", specialization)] if specialization else []
        scopes = ["services.only_diagnostics"] if only_diagnostics else []
        found = self._client.collection(operations.GET_SERVICES, query=asked, scopes=scopes)
        return each(operations.GET_SERVICES, found, _dictionary_service)

    def get_address_services(
        self, at: ListingRef, *, start: datetime | None = None
    ) -> list[AddressService]:
        """All of them, or those that the free slot at `start` can be booked for."""
        asked = [("start", wire_time(start, at.tz))] if start else []
        found = self._client.collection(
            operations.GET_ADDRESS_SERVICES, path_of(at), query=asked, scopes=SCOPES
        )
        return each(operations.GET_ADDRESS_SERVICES, found, self._service)

    def add_address_service(self, at: ListingRef, wanted: ServiceAtAddress) -> str:
        """The id of what was made, from the body or the Location; "" where neither names it.

        Raises answers.Conflict where the address has the service already.
        """
        body = {"service_id": wanted.service} | self._terms(wanted)
        answer = self._client.call(operations.ADD_ADDRESS_SERVICE, path_of(at), body=body)
        place = records.place_of(answer.location)
        made = fields.identifier(fields.mapping(answer.data).get("id"))
        return made or (place.id if place else "")

    def get_address_service(self, at: ListingRef, service: str) -> AddressService:
        answer = self._client.scoped(
            operations.GET_ADDRESS_SERVICE,
            path_of(at, address_service_id=service),
            scopes=SCOPES,
        )
        return one(operations.GET_ADDRESS_SERVICE, answer, self._service)

    def update_address_service(self, at: ListingRef, wanted: ServiceAtAddress) -> None:
        """What it became is read anew where that matters: the answer cuts the price's decimals."""
        self._client.call(
            operations.UPDATE_ADDRESS_SERVICE,
            path_of(at, address_service_id=wanted.id),
            body=self._terms(wanted),
        )

    def delete_address_service(self, at: ListingRef, service: str) -> None:
        self._client.call(
            operations.DELETE_ADDRESS_SERVICE, path_of(at, address_service_id=service)
        )

    def _terms(self, wanted: ServiceAtAddress) -> dict[str, object]:
        """What can be said of an address service apart from the dictionary's id.

        The description is left as it is: it is the doctor's text. `default_duration` may not be
        null in a change, so it is sent only where there is one.
        """
        ages = {"minimum_age": wanted.min_age, "maximum_age": wanted.max_age}
        has_ages = any(age is not None for age in ages.values())
        terms: dict[str, object] = {
            "price": fields.price(wanted.price_minor, self._site.decimals),
            "is_price_from": wanted.is_price_from,
            "is_visible": wanted.is_visible,
            "custom_name": wanted.custom_name or None,
            "allowed_patients": ages if has_ages else None,
        }
        return terms | ({"default_duration": wanted.minutes} if wanted.minutes else {})

    def _service(self, found: Json) -> AddressService | None:
        id_ = fields.identifier(found.get("id"))
        if not id_:
            return None
        ages = fields.mapping(found.get("allowed_patients"))
        lasting = fields.duration(found.get("duration"))
        return AddressService(
            id=id_,
            name=fields.text(found.get("name")),
            service=fields.identifier(found.get("service_id")),
            price_minor=fields.price_minor(found.get("price"), self._site.decimals),
            is_price_from=found.get("is_price_from") is True,
            is_default=found.get("is_default") is True,
            is_visible=found.get("is_visible") is not False,
            description=fields.text(found.get("description")),
            custom_name=fields.text(found.get("custom_name")),
            minutes=int(lasting.total_seconds()) // 60 if lasting else None,
            min_age=fields.whole(ages.get("minimum_age")),
            max_age=fields.whole(ages.get("maximum_age")),
            is_public_insurance=fields.flag(found.get("is_public_insurance_flow")),
        )


def _dictionary_service(found: Json) -> DictionaryService | None:
    id_ = fields.identifier(found.get("id"))
    return DictionaryService(id_, fields.text(found.get("name"))) if id_ else None
