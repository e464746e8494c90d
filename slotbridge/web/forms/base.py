"""What the forms of all pages share: how they look, money, and the fields of portals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import DjangoTemplates
from django.utils import formats
from django.utils.translation import gettext_lazy as _

_MONEY = re.compile(r"(?P<whole>[0-9]{1,7})(?:[.,](?P<part>[0-9]{1,2}))?")
_SPACES = re.compile(r"\s+")


class Renderer(DjangoTemplates):
    form_template_name = "web/forms/form.html"
    field_template_name = "web/forms/field.html"


class Form(forms.Form):
    """A form with labels bound to inputs, errors beside fields and once more in a summary."""

    default_renderer = Renderer
    required_css_class = "required"

    def __init__(self, *args: Any, disabled: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.is_disabled = disabled
        if disabled:  # somebody who may look but not change
            for field in self.fields.values():
                field.disabled = True


class MoneyField(forms.CharField):
    """An amount as people type it, "150", "150,5", "1 250.00": minor units, exactly."""

    default_error_messages = {  # noqa: RUF012 - Django's own shape
        "not-money": _("Give an amount like 150 or 149,50."),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "decimal", "class": "short"})
        )
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        text = _SPACES.sub("", str(value or ""))
        if not text:
            return None
        found = _MONEY.fullmatch(text)
        if found is None:
            raise ValidationError(self.error_messages["not-money"], code="not-money")
        return int(found["whole"]) * 100 + int((found["part"] or "0").ljust(2, "0"))

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            return formats.number_format(Decimal(value) / 100, 2, use_l10n=True)
        return value


class DayField(forms.DateField):
    """A date by the browser's own calendar, which speaks ISO whatever the page's language."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        kwargs.setdefault("input_formats", ["%Y-%m-%d"])
        super().__init__(**kwargs)


class WallTimeField(forms.TimeField):
    """A time of day as people type it: "8:00", "08.00", "800", "8". Text, since a browser's own
    time input follows the browser's language and may insist on a.m. and p.m.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget",
            forms.TimeInput(
                format="%H:%M",
                attrs={"inputmode": "numeric", "class": "wall", "placeholder": "00:00"},
            ),
        )
        kwargs.setdefault("input_formats", ["%H:%M", "%H.%M", "%H", "%H%M"])
        super().__init__(**kwargs)


class Choice(forms.ChoiceField):
    """A choice among records, by public id; an empty first line says what leaving it means."""

    def __init__(self, *, empty: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.empty = empty

    def offer(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        first = [("", self.empty)] if self.empty is not None else []
        self.choices = [*first, *((str(key), label) for key, label in pairs)]


def add_error(form: forms.Form, field: str | None, message: object, code: str) -> None:
    """A refusal from below, shown where the person can mend it."""
    target = field if field in form.fields else None
    form.add_error(target, ValidationError(str(message), code=code))


def records(items: Sequence[Any]) -> dict[str, Any]:
    """Records by their public ids, as a form's choices name them."""
    return {str(item.public_id): item for item in items}


def picked(values: Sequence[str], among: Mapping[str, Any]) -> list[Any]:
    return [among[value] for value in values if value in among]
