"""Forms of visits: which ones to show, planning, moving, cancelling."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from slotbridge.his.free import Span
from slotbridge.his.models import Clinic, Practitioner, Schedule, Service, Unit
from slotbridge.web.forms.base import Choice, DayField, Form, records

# Receptionists plan at fives; what is free may begin elsewhere, and that start is offered too.
GRID = timedelta(minutes=5)


class WhoForm(Form):
    """What a list is narrowed to. An unknown choice narrows nothing: addresses are kept long."""

    day = DayField(label=gettext_lazy("Day"), required=False)
    unit = Choice(label=gettext_lazy("Unit"), required=False, empty=gettext_lazy("all"))
    clinic = Choice(label=gettext_lazy("Clinic"), required=False, empty=gettext_lazy("all"))
    person = Choice(label=gettext_lazy("Person"), required=False, empty=gettext_lazy("all"))

    def __init__(
        self,
        *args: Any,
        units: Sequence[Unit],
        clinics: Sequence[Clinic],
        people: Sequence[Practitioner],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._among = {
            "unit": records(units),
            "clinic": records(clinics),
            "person": records(people),
        }
        _offer(self, "unit", [(unit.public_id, unit.name) for unit in units])
        _offer(self, "clinic", [(clinic.public_id, clinic.name) for clinic in clinics])
        _offer(self, "person", [(person.public_id, person.full_name) for person in people])

    def chosen(self, name: str) -> Any:
        """The unit, clinic or person chosen; None for all."""
        self.is_valid()
        return self._among[name].get(self.cleaned_data.get(name, ""))


class PlanForm(Form):
    """Service, start and length of a visit in the free time of one slot."""

    service = Choice(label=gettext_lazy("Service"), required=False, empty=gettext_lazy("— none —"))
    start = forms.ChoiceField(label=gettext_lazy("Start"))
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        min_value=1,
        max_value=1440,
        required=False,
        help_text=gettext_lazy("Empty: as long as the service usually takes."),
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self,
        *args: Any,
        free: Sequence[Span],
        tz: ZoneInfo,
        services: Sequence[Service],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._services, self._free = records(services), free
        _offer(
            self,
            "service",
            [
                (
                    service.public_id,
                    _("%(name)s (%(n)s min)")
                    % {"name": service.name, "n": service.duration_minutes},
                )
                for service in services
            ],
        )
        start = self.fields["start"]
        assert isinstance(start, forms.ChoiceField)
        start.choices = [(at.isoformat(), f"{at.astimezone(tz):%H:%M}") for at in starts(free, tz)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not any(
            first <= self.chosen_start and self.end <= last for first, last in self._free
        ):
            self.add_error(
                "minutes", ValidationError(_("So long a time is not free here."), code="too-long")
            )
        return data

    @property
    def chosen_service(self) -> Service | None:
        return self._services.get(self.cleaned_data["service"])

    @property
    def chosen_start(self) -> datetime:
        return datetime.fromisoformat(self.cleaned_data["start"])

    @property
    def end(self) -> datetime:
        """By the minutes given, else the service's, else the end of the free time."""
        minutes = self.cleaned_data["minutes"]
        if minutes is None and self.chosen_service is not None:
            minutes = self.chosen_service.duration_minutes
        if minutes is not None:
            return self.chosen_start + timedelta(minutes=minutes)
        return next(last for first, last in self._free if first <= self.chosen_start < last)


class MoveForm(forms.Form):
    """Where a visit is to go: a time of a slot's schedule."""

    slot = forms.UUIDField()
    start = forms.CharField()

    def clean_start(self) -> datetime:
        try:
            start = datetime.fromisoformat(self.cleaned_data["start"])
        except ValueError:
            start = datetime.min  # noqa: DTZ901 - naive, and so refused below
        if start.tzinfo is None:
            raise ValidationError(_("Choose a time from the list."), code="no-time")
        return start


class CancelForm(Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("A portal passes it on to the patient."),
    )

    def __init__(self, *args: Any, is_passed_on: bool = True, **kwargs: Any) -> None:
        """`is_passed_on`: whether a portal knows the patient, and tells them the reason."""
        super().__init__(*args, **kwargs)
        if not is_passed_on:
            self.fields["reason"].help_text = ""


class AssignForm(Form):
    """Whose visit a portal's booking becomes that means nobody of ours."""

    schedule = Choice(label=gettext_lazy("Person and clinic"), empty=gettext_lazy("— choose —"))

    def __init__(self, *args: Any, schedules: Sequence[Schedule], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._schedules = records(schedules)
        _offer(
            self,
            "schedule",
            [(one.public_id, f"{_owner(one)}, {one.clinic.name}") for one in schedules],
        )

    @property
    def chosen(self) -> Schedule:
        found: Schedule = self._schedules[self.cleaned_data["schedule"]]
        return found


class RejectForm(Form):
    """Why an order is not taken: for its patient, and for colleagues who ask later."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("A portal passes it on to the patient."),
    )


class AcceptForm(forms.Form):
    """`overbook`: the person was shown who has the time, and wants both."""

    overbook = forms.BooleanField(required=False)


class MarkForm(forms.Form):
    """What became of a visit, or of its clash."""

    mark = forms.ChoiceField(
        choices=[(one, one) for one in ("confirm", "arrived", "fulfilled", "noshow", "settle")]
    )
    next = forms.CharField(required=False)


def starts(free: Sequence[Span], tz: ZoneInfo) -> list[datetime]:
    """Starts on the grid of the wall clock within free time, and each free time's own start."""
    found: list[datetime] = []
    for first, last in free:
        found.append(first)
        wall = first.astimezone(tz)
        at = first + (GRID - timedelta(minutes=wall.minute % 5, seconds=wall.second))
        while at < last:
            found.append(at)
            at += GRID
    return found


def _owner(schedule: Schedule) -> str:
    if schedule.practitioner is not None:
        return schedule.practitioner.full_name
    place = schedule.room or schedule.device
    return place.name if place is not None else ""


def _offer(form: forms.Form, name: str, pairs: list[tuple[Any, Any]]) -> None:
    field = form.fields[name]
    assert isinstance(field, Choice)
    field.offer(pairs)
