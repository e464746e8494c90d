"""The calendar's state and its breaks."""

from slotbridge.sandbox import calendars, desk, payloads
from slotbridge.sandbox.api import resolve
from slotbridge.sandbox.api.answers import (
    INVALID_DATE,
    NOT_COMMERCIAL,
    Answer,
    ApiError,
    Call,
    instant,
    invalid,
    not_found,
    text,
)
from slotbridge.sandbox.models import Address, Break

LONGEST_DESCRIPTION = 500


def not_commercial(address: Address) -> ApiError:
    return ApiError(422, NOT_COMMERCIAL.format(address.pk))


def get_calendar(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    at = resolve.address(call, facility_id, doctor_id, address_id)
    if at.calendar == Address.Calendar.NONE:
        raise not_found("Calendar does not exist")
    return Answer(body={"status": at.calendar})


def enable_calendar(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    at = _without_404(call, facility_id, doctor_id, address_id)
    try:
        calendars.enable(at)
    except calendars.AddressDisabled:
        raise invalid("Could not enable calendar on disabled address") from None
    except calendars.NotCommercial:
        raise not_commercial(at) from None
    except calendars.AlreadyThere:
        raise ApiError(409, "Calendar already enabled") from None
    return Answer()


def disable_calendar(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    at = _without_404(call, facility_id, doctor_id, address_id)
    try:
        calendars.disable(at)
    except calendars.AlreadyThere:
        raise ApiError(409, "Calendar already disabled") from None
    return Answer()


def _without_404(call: Call, *ids: str) -> Address:
    """These two operations document no 404 (behaviour.md section 2): what is missing is 403."""
    try:
        return resolve.editable(call, *ids)
    except ApiError as error:
        if error.status == 404:
            raise resolve.NO_ADDRESS from None
        raise


def get_calendar_breaks(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    """Breaks that touch the range. A bad date is 404 here, not 400."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    if at.calendar == Address.Calendar.NONE:
        raise not_found("Calendar not found for this address")
    since = call.moment("since", not_found(INVALID_DATE))
    till = call.moment("till", not_found(INVALID_DATE))
    rows = at.breaks.filter(since__lt=till, till__gt=since)
    return Answer(body=payloads.items(payloads.calendar_break(row) for row in rows))


def add_calendar_break(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    at = resolve.editable(call, facility_id, doctor_id, address_id)
    body = call.json()
    _require_range(body)
    wrong = ApiError(422, "Invalid date range")
    coupled = body.get("apply_on_coupled_addresses", False)
    if not isinstance(coupled, bool):
        raise invalid()
    try:
        made = desk.add_break(
            at,
            instant(body["since"], wrong),
            instant(body["till"], wrong),
            _description(body.get("description")),
            on_coupled=coupled,
            client=call.client,
        )
    except calendars.NotCommercial:
        raise not_commercial(at) from None
    except calendars.BadRange:
        raise wrong from None
    except calendars.BreakExists:
        raise ApiError(409, "Break for given address, date range and description exists") from None
    location = f"{call.base_url}{payloads.address_path(at)}/breaks/{made.pk}"
    return Answer(201, payloads.calendar_break(made), {"Location": location})


def _description(raw: object) -> str:
    """No longer than an index keeps: equal breaks are found by it."""
    found = text(raw, invalid())
    if len(found) > LONGEST_DESCRIPTION:
        raise invalid()
    return found


def get_calendar_break(
    call: Call, facility_id: str, doctor_id: str, address_id: str, break_id: str
) -> Answer:
    at = resolve.address(call, facility_id, doctor_id, address_id)
    return Answer(body=payloads.calendar_break(resolve.calendar_break(at, break_id)))


def move_calendar_break(
    call: Call, facility_id: str, doctor_id: str, address_id: str, break_id: str
) -> Answer:
    at = resolve.editable(call, facility_id, doctor_id, address_id)
    found = resolve.calendar_break(at, break_id)
    body = call.json()
    _require_range(body)
    since = instant(body["since"], ApiError(422, "Invalid date range"))
    till = instant(body["till"], ApiError(422, "Invalid date range"))
    try:
        desk.move_break(found, since, till, client=call.client)
    except calendars.BadRange:
        told = f"Till ({payloads.moment(till)}) cannot be set before since"
        raise ApiError(422, f"{told} ({payloads.moment(since)})") from None
    except (calendars.SameRange, calendars.BreakExists):
        raise ApiError(422, "Same Date Range") from None
    return Answer(204)


def delete_calendar_break(
    call: Call, facility_id: str, doctor_id: str, address_id: str, break_id: str
) -> Answer:
    at = resolve.editable(call, facility_id, doctor_id, address_id)
    found: Break = resolve.calendar_break(at, break_id)
    desk.remove_break(found, client=call.client)
    return Answer(204)


def _require_range(body: dict[str, object]) -> None:
    for name in ("since", "till"):
        if body.get(name) in (None, ""):
            raise invalid(f'Param "{name}" is required!')
