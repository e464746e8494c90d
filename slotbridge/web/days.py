"""Which day a page shows."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest

from slotbridge.kit import clock
from slotbridge.web.forms.base import DayField


class DayForm(forms.Form):
    day = DayField(required=False)


def asked_day(request: HttpRequest, tz: ZoneInfo) -> date:
    """The day in the address; today without one, or with one that is none."""
    form = DayForm(request.POST if request.method == "POST" else request.GET)
    form.is_valid()
    found: date | None = form.cleaned_data.get("day")
    return found or clock.today(tz)


def week_of(day: date) -> list[date]:
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=n) for n in range(7)]
