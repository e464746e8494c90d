"""Forms of schedules: slots by hand, the weekly template, generating from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from slotbridge.his.models import Channel, Clinic, Funding, Practitioner, Room, Service, Slot
from slotbridge.kit import clock
from slotbridge.web.forms.base import Choice, DayField, Form, WallTimeField, picked, records

WEEKDAYS = [
    (0, gettext_lazy("Monday")),
    (1, gettext_lazy("Tuesday")),
    (2, gettext_lazy("Wednesday")),
    (3, gettext_lazy("Thursday")),
    (4, gettext_lazy("Friday")),
    (5, gettext_lazy("Saturday")),
    (6, gettext_lazy("Sunday")),
]
MOST_DAYS_AT_ONCE = 366
EMPTY_ROWS = 3


def visibility_label(channel: Channel) -> str:
    return _("Visibility in %(portal)s") % {"portal": channel.name}


class ScheduleForm(Form):
    """A new schedule: somebody in a clinic."""

    practitioner = Choice(label=gettext_lazy("Person"))
    clinic = Choice(label=gettext_lazy("Clinic"))

    def __init__(
        self,
        *args: Any,
        practitioners: Sequence[Practitioner],
        clinics: Sequence[Clinic],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._people, self._clinics = records(practitioners), records(clinics)
        _choice(self, "practitioner").offer([(p.public_id, p.full_name) for p in practitioners])
        _choice(self, "clinic").offer([(c.public_id, f"{c.name}, {c.unit.name}") for c in clinics])

    @property
    def chosen_practitioner(self) -> Practitioner:
        found: Practitioner = self._people[self.cleaned_data["practitioner"]]
        return found

    @property
    def chosen_clinic(self) -> Clinic:
        found: Clinic = self._clinics[self.cleaned_data["clinic"]]
        return found


class SlotForm(Form):
    """Times of one slot, and what it is limited to."""

    start = WallTimeField(label=gettext_lazy("From"))
    end = WallTimeField(label=gettext_lazy("To"))
    services = forms.MultipleChoiceField(
        label=gettext_lazy("Only these services"),
        help_text=gettext_lazy("None chosen: all services of the clinic that fit."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    funding = forms.ChoiceField(
        label=gettext_lazy("Paid by"), choices=Funding, initial=Funding.PRIVATE
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def __init__(
        self, *args: Any, day: date, tz: ZoneInfo, services: Sequence[Service], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._day, self._tz = day, tz
        self._services = records(services)
        field = self.fields["services"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(str(service.public_id), service.name) for service in services]
        field.columns = True  # type: ignore[attr-defined]  # the field's template reads it
        if not services:
            del self.fields["services"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("start") and data.get("end") and self.span[0] >= self.span[1]:
            self.add_error(
                "end", ValidationError(_("The end must be after the start."), code="empty-time")
            )
        return data

    @property
    def span(self) -> tuple[datetime, datetime]:
        """[start, end); an end of 00:00 is midnight at the end of the day."""
        start, end = self.cleaned_data["start"], self.cleaned_data["end"]
        last = self._day + timedelta(days=1) if end == time() else self._day
        return clock.at(self._day, start, self._tz), clock.at(last, end, self._tz)

    @property
    def chosen_services(self) -> list[Service]:
        return picked(self.cleaned_data.get("services", []), self._services)


class NewSlotsForm(SlotForm):
    """A stretch of a day, cut into slots of equal length."""

    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes a slot"), min_value=1, max_value=1440, initial=30
    )
    room = Choice(label=gettext_lazy("Room"), required=False, empty=gettext_lazy("— none —"))
    field_order = ("start", "end", "minutes", "room", "services", "funding", "note")

    def __init__(
        self, *args: Any, rooms: Sequence[Room], channels: Sequence[Channel], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._rooms, self._channels = records(rooms), channels
        _choice(self, "room").offer([(room.public_id, room.name) for room in rooms])
        for channel in channels:
            self.fields[f"visible_{channel.code}"] = forms.BooleanField(
                label=visibility_label(channel), required=False
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not self.ranges:
            self.add_error(
                "minutes",
                ValidationError(_("Not one slot of this length fits."), code="too-long"),
            )
        return data

    @property
    def ranges(self) -> list[tuple[datetime, datetime]]:
        """Whole slots only; what remains at the end is left out."""
        start, end = self.span
        step = timedelta(minutes=self.cleaned_data["minutes"])
        count = (end - start) // step
        return [(start + n * step, start + (n + 1) * step) for n in range(count)]

    @property
    def chosen_room(self) -> Room | None:
        return self._rooms.get(self.cleaned_data["room"])

    @property
    def channels(self) -> list[str]:
        return [c.code for c in self._channels if self.cleaned_data[f"visible_{c.code}"]]


class PickedSlotsForm(forms.Form):
    """Slots ticked in the day's table."""

    slots = forms.MultipleChoiceField()

    def __init__(self, *args: Any, among: Sequence[Slot], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._slots = records(among)
        field = self.fields["slots"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(key, key) for key in self._slots]

    @property
    def slot_ids(self) -> list[int]:
        return [slot.pk for slot in picked(self.cleaned_data["slots"], self._slots)]


class PeriodForm(Form):
    """One line of the weekly template; a line without times is no line."""

    weekday = forms.TypedChoiceField(
        label=gettext_lazy("Day"), choices=WEEKDAYS, coerce=int, required=False
    )
    start = WallTimeField(label=gettext_lazy("From"), required=False)
    end = WallTimeField(label=gettext_lazy("To"), required=False)
    slot_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes a slot"),
        min_value=1,
        max_value=1440,
        initial=30,
        required=False,
    )
    room = Choice(label=gettext_lazy("Room"), required=False, empty=gettext_lazy("— none —"))
    services = forms.MultipleChoiceField(
        label=gettext_lazy("Only these services"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    funding = forms.TypedChoiceField(
        label=gettext_lazy("Paid by"),
        choices=Funding,
        initial=Funding.PRIVATE,
        empty_value=Funding.PRIVATE,
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        rooms: Sequence[Room],
        channels: Sequence[Channel],
        services: Sequence[Service],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._rooms, self._services, self._channels = records(rooms), records(services), channels
        _choice(self, "room").offer([(room.public_id, room.name) for room in rooms])
        field = self.fields["services"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(str(service.public_id), service.name) for service in services]
        for channel in channels:
            self.fields[f"visible_{channel.code}"] = forms.BooleanField(
                label=visibility_label(channel), required=False
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("start"), data.get("end")
        if (start is None) != (end is None):
            self.add_error(
                "start" if start is None else "end",
                ValidationError(_("Give both times, or neither."), code="half-period"),
            )
        elif start is not None and end is not None:
            if start >= end:
                self.add_error(
                    "end",
                    ValidationError(_("The end must be after the start."), code="empty-time"),
                )
            elif not data.get("slot_minutes"):
                self.add_error(
                    "slot_minutes", ValidationError(_("Give the length of a slot."), code="length")
                )
        return data

    @property
    def is_filled(self) -> bool:
        return self.cleaned_data.get("start") is not None

    @property
    def chosen_room(self) -> Room | None:
        return self._rooms.get(self.cleaned_data["room"])

    @property
    def chosen_services(self) -> list[Service]:
        return picked(self.cleaned_data["services"], self._services)

    @property
    def channels(self) -> list[str]:
        return [c.code for c in self._channels if self.cleaned_data[f"visible_{c.code}"]]


class GenerateForm(Form):
    first = DayField(label=gettext_lazy("From day"))
    last = DayField(label=gettext_lazy("To day, included"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last:
            if last < first:
                self.add_error(
                    "last",
                    ValidationError(_("The last day is before the first."), code="backwards"),
                )
            elif (last - first).days >= MOST_DAYS_AT_ONCE:
                self.add_error(
                    "last", ValidationError(_("A year at most at one time."), code="too-long")
                )
        return data


def _choice(form: forms.Form, name: str) -> Choice:
    field = form.fields[name]
    assert isinstance(field, Choice)
    return field
