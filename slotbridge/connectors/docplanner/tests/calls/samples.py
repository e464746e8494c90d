"""What the portal is asked about and answers, and what the caller gets of it."""

from datetime import UTC, datetime, timedelta

from slotbridge.connectors.docplanner.tests.conftest import WARSAW
from slotbridge.connectors.docplanner.values import (
    Address,
    AddressService,
    BookingToMake,
    BookingToMove,
    Doctor,
    Person,
)
from slotbridge.sync.contract import ListingRef, PortalBreak, ServiceAtAddress

AT = ListingRef("1", "123", "111", WARSAW)
EIGHT = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
NINE = EIGHT + timedelta(hours=1)
WIRE_EIGHT, WIRE_NINE = "2026-03-03T08:00:00+01:00", "2026-03-03T09:00:00+01:00"
HERE = "/facilities/1/doctors/123/addresses/111"

PLAN = {"insurance_plan_id": "7", "name": "podstawowy"}
PROVIDER = {"insurance_provider_id": "13", "name": "NFZ"}
ADDRESS = {
    "id": "111",
    "street": "ul. Wymyślona 7",
    "is_online_only": False,
    "visit_payment": True,
    "commercial_type": "premium",
    "insurance_support": "private",
    "booking_extra_fields": {"gender": False, "nin": True, "birth_date": False},
}
READ_ADDRESS = Address(
    "111",
    street="ul. Wymyślona 7",
    is_online_only=False,
    visit_payment=True,
    extra_fields=frozenset({"nin"}),
    commercial_type="premium",
    insurance_support="private",
)
DOCTOR = {
    "id": "123",
    "name": "Gniewko",
    "surname": "Źrebiec",
    "specializations": {"_items": [{"id": "1", "name": "kardiolog"}]},
    "license_numbers": {"_items": [{"id": "1", "license_number": "1234567"}]},
    "profile_url": "/gniewko-zrebiec",
}
READ_DOCTOR = Doctor("123", "Gniewko", "Źrebiec", ("kardiolog",), ("1234567",), "/gniewko-zrebiec")
SERVICE = {
    "id": "55",
    "name": "EKG",
    "service_id": "5",
    "price": 149,
    "is_price_from": True,
    "is_default": False,
    "is_visible": True,
    "description": "z opisem",
    "custom_name": "EKG spoczynkowe",
    "duration": 20,
    "allowed_patients": {"minimum_age": 18, "maximum_age": None},
    "is_public_insurance_flow": False,
}
READ_SERVICE = AddressService(
    "55", "EKG", "5", 14900, True, False, True, "z opisem", "EKG spoczynkowe", 20, 18, None, False
)
WANTED = ServiceAtAddress("5", "55", "EKG spoczynkowe", 19999, True, 20, True, 18, None)
TERMS = {
    "price": 199.99,
    "is_price_from": True,
    "is_visible": True,
    "custom_name": "EKG spoczynkowe",
    "allowed_patients": {"minimum_age": 18, "maximum_age": None},
    "default_duration": 20,
}
BREAK = {"id": "9", "since": WIRE_EIGHT, "till": WIRE_NINE, "description": "m4rk"}
READ_BREAK = PortalBreak("9", EIGHT, NINE, "m4rk")
BOOKING = {
    "id": "77",
    "status": "booked",
    "start_at": WIRE_EIGHT,
    "end_at": WIRE_NINE,
    "duration": 60,
    "booked_by": "integration",
    "canceled_by": "",
    "patient": {"name": "Abelard", "phone": None},
    "address_service": SERVICE,
}
TOLD = {"name": "slot-booked", "data": {}, "created_at": WIRE_EIGHT}
BOOK = BookingToMake(EIGHT, NINE, "55", Person("Abelard", "Giza", "+48500500500"), "m4rk")
MOVE = BookingToMove(EIGHT, NINE, "55")


def items(*records):
    return {"_items": list(records)}


def id_of(booking):
    return booking.id
