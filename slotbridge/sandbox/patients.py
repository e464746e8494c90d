"""What the portal knows of a patient, as one value."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PatientData:
    """Fields of the contract's Patient; None where not given, dates as ISO text."""

    name: str
    surname: str = ""
    phone: str | None = None
    email: str | None = None
    birth_date: str | None = None
    nin: str | None = None
    gender: str | None = None
    insurance_number: str | None = None
    is_returning: bool = False
    data_privacy_consent: bool | None = None
    marketing_consent: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def full_name(self) -> str:
        return f"{self.name} {self.surname}".strip()
