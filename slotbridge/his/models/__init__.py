"""The tables of the scheduling core: columns and constraints only."""

from slotbridge.his.models.audit import AuditEntry
from slotbridge.his.models.catalogue import (
    OfferedPrice,
    Price,
    PriceList,
    PriceListUse,
    Service,
)
from slotbridge.his.models.organisation import Channel, Clinic, Organisation, Unit
from slotbridge.his.models.outbox import OutboxEntry
from slotbridge.his.models.patient import Consent, Patient, PatientCandidate, PatientMerge
from slotbridge.his.models.schedule import (
    Absence,
    Funding,
    Schedule,
    Slot,
    TemplatePeriod,
    TemplateVersion,
    WeeklyTemplate,
)
from slotbridge.his.models.staff import Device, Practitioner, Room, User
from slotbridge.his.models.visit import Visit, VisitEvent

__all__ = [
    "Absence",
    "AuditEntry",
    "Channel",
    "Clinic",
    "Consent",
    "Device",
    "Funding",
    "OfferedPrice",
    "Organisation",
    "OutboxEntry",
    "Patient",
    "PatientCandidate",
    "PatientMerge",
    "Practitioner",
    "Price",
    "PriceList",
    "PriceListUse",
    "Room",
    "Schedule",
    "Service",
    "Slot",
    "TemplatePeriod",
    "TemplateVersion",
    "Unit",
    "User",
    "Visit",
    "VisitEvent",
    "WeeklyTemplate",
]
