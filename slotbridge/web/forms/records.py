"""Forms of the records that an administrator keeps."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models import Clinic, Unit
from slotbridge.web.forms.base import Choice, Form

OLDEST = 150  # years


class RecordForm(Form):
    """A record with a history is never deleted: it is taken out of use."""

    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_new:
            del self.fields["is_active"]
        else:
            self.fields["is_active"] = self.fields.pop("is_active")  # last

    @property
    def columns(self) -> dict[str, Any]:
        """What to write into the record's own columns: all but the portals' fields."""
        return {name: self.cleaned_data[name] for name in self.base_fields if name in self.fields}


class UnitForm(RecordForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    street = forms.CharField(label=_("Street and number"), max_length=200, required=False)
    post_code = forms.CharField(label=_("Post code"), max_length=20, required=False)
    city = forms.CharField(label=_("City"), max_length=100, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=20, required=False)
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        initial="Europe/Warsaw",
        help_text=_("All times of this unit are shown in this zone."),
    )

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise ValidationError(_("Use a name like Europe/Warsaw."), code="unknown-time-zone")
        return name


class ClinicForm(RecordForm):
    unit = Choice(label=_("Unit"))
    name = forms.CharField(label=_("Name"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=Clinic.Kind.choices)
    specialty = forms.CharField(label=_("Specialty"), max_length=100, required=False)

    def __init__(self, *args: Any, units: list[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        assert isinstance(field, Choice)
        field.offer([(unit.public_id, unit.name) for unit in units])


class PractitionerForm(RecordForm):
    title = forms.CharField(label=_("Title"), max_length=60, required=False)
    given_name = forms.CharField(label=_("First name"), max_length=100)
    family_name = forms.CharField(label=_("Surname"), max_length=100)
    licence_number = forms.CharField(label=_("Licence number"), max_length=20, required=False)


class ServiceForm(RecordForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    duration_minutes = forms.IntegerField(
        label=_("Usual duration in minutes"), min_value=1, max_value=1440, initial=30
    )
    public_name = forms.CharField(
        label=_("Name on portals"),
        max_length=200,
        required=False,
        help_text=_("Empty: as the portal calls it."),
    )
    min_age = forms.IntegerField(
        label=_("Youngest patients, in years"),
        min_value=0,
        max_value=OLDEST,
        required=False,
        help_text=_("Empty: no limit. Portals then offer it to these patients only."),
    )
    max_age = forms.IntegerField(
        label=_("Oldest patients, in years"), min_value=0, max_value=OLDEST, required=False
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        youngest, oldest = data.get("min_age"), data.get("max_age")
        if youngest is not None and oldest is not None and oldest < youngest:
            self.add_error(
                "max_age",
                ValidationError(_("The oldest are younger than the youngest."), code="backwards"),
            )
        return data


class RoomForm(Form):
    name = forms.CharField(label=_("Name of the room"), max_length=100)
