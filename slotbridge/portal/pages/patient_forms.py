"""What a patient types when ordering an appointment."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import fields
from typing import Any

import phonenumbers
from django import forms
from django.utils.translation import gettext_lazy as _

from slotbridge.portal.orders import Person

# A number typed without a country's code belongs to this one.
HOME = "RU"


class Line(forms.CharField):
    """One line of text as people mean it: no control characters, no doubled spaces."""

    def to_python(self, value: Any) -> str:
        text = unicodedata.normalize("NFC", str(super().to_python(value)))
        seen = "".join(each for each in text if each.isspace() or each.isprintable())
        return re.sub(r"\s+", " ", seen).strip()


class NameField(Line):
    default_error_messages = {  # noqa: RUF012 - Django's own convention
        "letters": _("Please write it in letters."),
    }

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not any(each.isalpha() for each in value):
            raise forms.ValidationError(self.error_messages["letters"], code="letters")


class OrderForm(forms.Form):
    """A person for an appointment.

    A phone number that no country's plan knows is asked about once: sent again as it is, it is
    taken, as numbering plans change faster than our copy of them.
    """

    name1 = NameField(
        label=_("Surname"),
        max_length=250,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    name2 = NameField(
        label=_("First name"),
        max_length=250,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    name3 = NameField(
        label=_("Patronymic"),
        max_length=250,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "additional-name"}),
    )
    phone = Line(
        label=_("Phone"),
        max_length=100,
        help_text=_("The clinic calls this number if anything changes."),
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "placeholder": "+7 900 000-00-00"}
        ),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        help_text=_("For the clinic’s answer. Without it we cannot write to you: keep the link."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    aim = Line(
        label=_("Purpose of the visit"),
        max_length=1000,
        required=False,
        help_text=_("In a few words: consultation, follow-up, certificate."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    city = Line(
        label=_("Town"),
        max_length=250,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )
    address = Line(
        label=_("Address"),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    consent = forms.BooleanField(
        label="",  # names portal and clinic: the template writes it
        error_messages={"required": _("Without your consent the order cannot be passed on.")},
    )

    asked = ""  # the number asked about: comes back as `phone_asked` with the form

    def clean_phone(self) -> str:
        typed: str = self.cleaned_data["phone"]
        try:
            number = phonenumbers.parse(typed, HOME)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise forms.ValidationError(
                _("This is not a complete phone number. Write it with its code: +7 900 000-00-00.")
            )
        text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        if not phonenumbers.is_valid_number(number) and self.data.get("phone_asked") != text:
            self.asked = text
            raise forms.ValidationError(
                _("No such number is known: %(number)s. If it is right, send the form once more."),
                params={"number": text},
            )
        return text

    def person(self) -> Person:
        data = self.cleaned_data
        return Person(
            **{field.name: data[field.name] for field in fields(Person) if field.name in data}
        )
