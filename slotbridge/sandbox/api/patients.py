"""A patient as a request names one."""

from datetime import date
from typing import Any

from slotbridge.sandbox.api.answers import ApiError, invalid, storable
from slotbridge.sandbox.patients import PatientData

WRONG = "Validation error message"  # the contract's own words; the value is not repeated


def read_patient(raw: Any, *, returning: Any) -> PatientData:
    """Schema Patient: name and phone are required, phone may be null. Raises 400."""
    if not isinstance(raw, dict) or not raw.get("name") or "phone" not in raw:
        raise _wrong()
    if not isinstance(returning, bool) or raw.get("gender") not in {None, "m", "f"}:
        raise _wrong()
    return PatientData(
        name=_required(raw["name"]),
        surname=_optional(raw, "surname") or "",
        phone=_optional(raw, "phone"),
        email=_optional(raw, "email"),
        birth_date=_date(_optional(raw, "birth_date")),
        nin=_optional(raw, "nin"),
        gender=raw.get("gender"),
        insurance_number=_optional(raw, "insurance_number"),
        is_returning=returning,
        data_privacy_consent=_consent(raw, "data_privacy_consent"),
        marketing_consent=_consent(raw, "marketing_consent"),
    )


def _wrong() -> ApiError:
    return invalid(WRONG)


def _required(value: Any) -> str:
    return storable(value, _wrong())


def _optional(raw: dict[str, Any], name: str) -> str | None:
    value = raw.get(name)
    return None if value is None else _required(value)


def _date(value: str | None) -> str | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise _wrong() from None


def _consent(raw: dict[str, Any], name: str) -> bool | None:
    value = raw.get(name)
    if value is not None and not isinstance(value, bool):
        raise _wrong()
    return value
