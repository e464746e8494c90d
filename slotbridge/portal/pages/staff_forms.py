"""Input of the staff's pages; everything typed passes one of these."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from slotbridge.portal import own
from slotbridge.portal.models import Clinic, Resource, ResourceGroup

WEEKDAYS = (
    (0, _("Mon")),
    (1, _("Tue")),
    (2, _("Wed")),
    (3, _("Thu")),
    (4, _("Fri")),
    (5, _("Sat")),
    (6, _("Sun")),
)


# Dates beyond have no place in a timetable, and some no neighbour or no instant.
_NEAR = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2199, 12, 31))]


class LogInForm(forms.Form):
    login = forms.CharField(
        label=_("Login"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    """A new password, by whoever knows the old one. The functions below judge it."""

    old = forms.CharField(
        label=_("Your present password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        help_text=_("At least 10 characters. Three or four random words do well."),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password once more"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("The two new passwords differ."))
        return data


class AnswerForm(forms.Form):
    """The clinic's word on an order; the patient reads the comment."""

    comment = forms.CharField(
        label=_("Comment for the patient"),
        help_text=_("Goes into the letter to the patient and to your own program."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SearchForm(forms.Form):
    """A person's name or phone number: sent by POST, as addresses end up in logs."""

    words = forms.CharField(
        label=_("Name or phone"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )


class DayForm(forms.Form):
    day = forms.DateField(
        label=_("Day"),
        required=False,
        validators=_NEAR,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def chosen(self) -> date | None:
        """None for no day and for what is none."""
        return self.cleaned_data.get("day") if self.is_valid() else None


class ResourceForm(forms.Form):
    """One of the portal's own resources."""

    name = forms.CharField(label=_("Name"), max_length=250)
    time_step = forms.IntegerField(
        label=_("Length of an appointment, minutes"), min_value=5, max_value=1440, initial=30
    )
    group = forms.TypedChoiceField(
        label=_("Group"), required=False, coerce=int, empty_value=None, choices=()
    )
    pos = forms.IntegerField(
        label=_("Position in the list"),
        help_text=_("Smaller numbers come first; within one position, by name."),
        min_value=-1000,
        max_value=1000,
        initial=0,
    )

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = ResourceGroup.objects.filter(clinic=clinic).order_by("pos", "name")
        choices = [("", _("without group")), *((each.mis_id, each.name) for each in groups)]
        self.fields["group"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField's

    @staticmethod
    def initial_of(resource: Resource) -> dict[str, Any]:
        return {
            "name": resource.name,
            "time_step": resource.time_step,
            "group": resource.group_mis_id,
            "pos": resource.pos,
        }


class HoursForm(forms.Form):
    """Working hours for a range of dates."""

    first = forms.DateField(
        label=_("From"),
        validators=_NEAR,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    last = forms.DateField(
        label=_("To, inclusive"),
        validators=_NEAR,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On"),
        coerce=int,
        choices=WEEKDAYS,
        initial=[0, 1, 2, 3, 4],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Tick at least one day of the week.")},
    )
    works = forms.ChoiceField(
        label=_("These days"),
        choices=[("yes", _("works")), ("no", _("does not work"))],
        initial="yes",
        widget=forms.RadioSelect,
    )
    start = forms.TimeField(
        label=_("Work begins"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    end = forms.TimeField(
        label=_("Work ends"),
        help_text=_("0:00 is midnight, the day's end."),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
    )
    break_start = forms.TimeField(
        label=_("Break begins"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    break_end = forms.TimeField(
        label=_("Break ends"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last:
            self._judge_dates(first, last)
        data["periods"] = []
        if data.get("works") == "yes" and not self.errors:
            data["periods"] = self._periods(data)
        return data

    def _judge_dates(self, first: date, last: date) -> None:
        if last < first:
            self.add_error("last", _("The last day is before the first one."))
        elif last - first > own.LONGEST_RANGE:
            self.add_error("last", _("At most a year at a time."))

    def _periods(self, data: dict[str, Any]) -> list[own.Period]:
        start, end = _minutes(data["start"]), _end_minutes(data["end"])
        pause, on = _minutes(data["break_start"]), _minutes(data["break_end"])
        if start is None or end is None:
            self.add_error("start", _("Write when work begins and ends."))
        elif start >= end:
            self.add_error("end", _("Work ends before it begins."))
        elif pause is None and on is None:
            return [own.Period(start, end)]
        elif pause is None or on is None:
            self.add_error("break_start", _("Write both ends of the break, or neither."))
        elif not start < pause < on < end:
            self.add_error("break_start", _("The break must lie within the working hours."))
        else:
            return [own.Period(start, pause), own.Period(on, end)]
        return []


def _minutes(wall: time | None) -> int | None:
    return None if wall is None else wall.hour * 60 + wall.minute


def _end_minutes(wall: time | None) -> int | None:
    return own.MIDNIGHT if wall == time() else _minutes(wall)


def month_ahead(today: date) -> dict[str, date]:
    """What the form of hours begins with."""
    return {"first": today, "last": today + timedelta(days=27)}
