"""The operations served: one line each. A new one is a line here and a function."""

from collections.abc import Callable
from dataclasses import dataclass

from slotbridge.sandbox.api import (
    bookings,
    calendar,
    directory,
    insurances,
    notifications,
    presence,
    services,
    slots,
)
from slotbridge.sandbox.api.answers import Answer

FACILITY = "/facilities/<str:facility_id>"
DOCTOR = f"{FACILITY}/doctors/<str:doctor_id>"
ADDRESS = f"{DOCTOR}/addresses/<str:address_id>"
SERVICE = f"{ADDRESS}/services/<str:address_service_id>"
INSURERS = f"{ADDRESS}/insurance-providers"
BREAK = f"{ADDRESS}/breaks/<str:break_id>"
BOOKING = f"{ADDRESS}/bookings/<str:booking_id>"


@dataclass(frozen=True, slots=True)
class Operation:
    """`id` is the contract's operationId; `path` is in Django's spelling."""

    id: str
    method: str
    path: str
    run: Callable[..., Answer]


OPERATIONS = (
    Operation("getFacilities", "GET", "/facilities", directory.get_facilities),
    Operation("getFacility", "GET", FACILITY, directory.get_facility),
    Operation("getDoctors", "GET", f"{FACILITY}/doctors", directory.get_doctors),
    Operation("getDoctor", "GET", DOCTOR, directory.get_doctor),
    Operation("getAddresses", "GET", f"{DOCTOR}/addresses", directory.get_addresses),
    Operation("getAddress", "GET", ADDRESS, directory.get_address),
    Operation("updateAddress", "PATCH", ADDRESS, directory.update_address),
    Operation(
        "removeAddressIntegration",
        "DELETE",
        f"{ADDRESS}/integration",
        directory.remove_address_integration,
    ),
    Operation("getServices", "GET", "/services", directory.get_services),
    Operation("getAddressServices", "GET", f"{ADDRESS}/services", services.get_address_services),
    Operation("addAddressService", "POST", f"{ADDRESS}/services", services.add_address_service),
    Operation("getAddressService", "GET", SERVICE, services.get_address_service),
    Operation("updateAddressService", "PATCH", SERVICE, services.update_address_service),
    Operation("deleteAddressService", "DELETE", SERVICE, services.delete_address_service),
    Operation(
        "getInsuranceProviders", "GET", "/insurance-providers", insurances.get_insurance_providers
    ),
    Operation(
        "getInsurancePlans",
        "GET",
        "/insurance-providers/<str:insurance_provider_id>/plans",
        insurances.get_insurance_plans,
    ),
    Operation(
        "getAddressInsuranceProviders", "GET", INSURERS, insurances.get_address_insurance_providers
    ),
    Operation(
        "addAddressInsuranceProvider", "POST", INSURERS, insurances.add_address_insurance_provider
    ),
    Operation(
        "updateOrCreateAddressInsuranceProvider",
        "PUT",
        INSURERS,
        insurances.update_or_create_address_insurance_provider,
    ),
    Operation(
        "deleteAddressInsuranceProvider",
        "DELETE",
        f"{INSURERS}/<str:insurance_provider_id>",
        insurances.delete_address_insurance_provider,
    ),
    Operation("getCalendar", "GET", f"{ADDRESS}/calendar", calendar.get_calendar),
    Operation("enableCalendar", "POST", f"{ADDRESS}/calendar/enable", calendar.enable_calendar),
    Operation("disableCalendar", "POST", f"{ADDRESS}/calendar/disable", calendar.disable_calendar),
    Operation("getCalendarBreaks", "GET", f"{ADDRESS}/breaks", calendar.get_calendar_breaks),
    Operation("addCalendarBreak", "POST", f"{ADDRESS}/breaks", calendar.add_calendar_break),
    Operation("getCalendarBreak", "GET", BREAK, calendar.get_calendar_break),
    Operation("moveCalendarBreak", "PATCH", BREAK, calendar.move_calendar_break),
    Operation("deleteCalendarBreak", "DELETE", BREAK, calendar.delete_calendar_break),
    Operation("getSlots", "GET", f"{ADDRESS}/slots", slots.get_slots),
    Operation("replaceSlots", "PUT", f"{ADDRESS}/slots", slots.replace_slots),
    Operation("deleteSlots", "DELETE", f"{ADDRESS}/slots/<str:day>", slots.delete_slots),
    Operation("bookSlot", "POST", f"{ADDRESS}/slots/<str:start>/book", slots.book_slot),
    Operation("getBookings", "GET", f"{ADDRESS}/bookings", bookings.get_bookings),
    Operation("getBooking", "GET", BOOKING, bookings.get_booking),
    Operation("cancelBooking", "DELETE", BOOKING, bookings.cancel_booking),
    Operation("moveBooking", "POST", f"{BOOKING}/move", bookings.move_booking),
    Operation("confirmBooking", "PUT", f"{BOOKING}/confirm", presence.confirm_booking),
    Operation("requestOpinion", "PUT", f"{DOCTOR}/opinion-request", presence.request_opinion),
    Operation(
        "markPatientPresence", "POST", f"{BOOKING}/presence/patient", presence.mark_patient_presence
    ),
    Operation(
        "markPatientAbsence", "DELETE", f"{BOOKING}/presence/patient", presence.mark_patient_absence
    ),
    Operation("Pull Notification", "GET", "/notifications", notifications.pull_notification),
    Operation(
        "Pull Multiple Notification",
        "GET",
        "/notifications/multiple",
        notifications.pull_multiple_notification,
    ),
    Operation(
        "Release Notifications",
        "POST",
        "/notifications/release",
        notifications.release_notifications,
    ),
)
