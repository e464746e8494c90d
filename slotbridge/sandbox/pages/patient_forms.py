"""Input of a patient's pages, and of a doctor who books for one."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from stdnum.pl import pesel

from slotbridge.kit import clock
from slotbridge.sandbox import insurances, rules
from slotbridge.sandbox.models import Address, InsuranceProvider
from slotbridge.sandbox.patients import PatientData

EARLIEST_BIRTH = date(1900, 1, 1)


class PatientForm(forms.Form):
    """A patient who books on the page: what the address demands, and the plan of who pays."""

    name = forms.CharField(label=_("First name"), max_length=100)
    surname = forms.CharField(label=_("Surname"), max_length=100)
    email = forms.EmailField(label=_("E-mail"), max_length=200)
    phone = forms.RegexField(
        r"^\+?[0-9 ()-]{9,20}$",
        label=_("Phone"),
        error_messages={"invalid": _("Write a phone number, for example +48 600 100 200.")},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    comment = forms.CharField(
        label=_("Note for the doctor"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    gender = forms.ChoiceField(
        label=_("Sex"), choices=[("", "–"), ("f", _("female")), ("m", _("male"))]
    )
    nin = forms.CharField(
        label=_("PESEL"),
        max_length=11,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    birth_date = forms.DateField(
        label=_("Birth date"), widget=forms.DateInput(attrs={"type": "date"})
    )
    insurance_plan = forms.ChoiceField(label=_("Plan of the insurance"), required=False)
    insurance_number = forms.CharField(
        label=_("Number of the insurance"), max_length=40, required=False
    )
    consent = forms.BooleanField(
        label=_("I agree that my data is given to the clinic to carry out the visit.")
    )

    def __init__(self, address: Address, payer: InsuranceProvider | None, data: Any = None) -> None:
        super().__init__(data)
        for name, is_demanded in address.extra_fields.items():
            if not is_demanded:
                del self.fields[name]
        plans = insurances.plans_of(address, payer) if payer else []
        choice = self.fields["insurance_plan"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = [("", "–"), *((str(each.pk), each.name) for each in plans)]
        if not plans:
            del self.fields["insurance_plan"]
        if payer is None or payer.pk == InsuranceProvider.NFZ:
            del self.fields["insurance_number"]

    def clean_nin(self) -> str:
        typed = "".join(self.cleaned_data["nin"].split())
        if not pesel.is_valid(typed):
            raise forms.ValidationError(_("This is not a PESEL: it has 11 digits."))
        return typed

    def clean_birth_date(self) -> date:
        born: date = self.cleaned_data["birth_date"]
        if not EARLIEST_BIRTH <= born <= clock.today(rules.LOCALE_ZONE):
            raise forms.ValidationError(_("Nobody alive was born then."))
        return born

    def plan(self) -> int | None:
        chosen = self.cleaned_data.get("insurance_plan")
        return int(chosen) if chosen else None

    def patient(self) -> PatientData:
        data = self.cleaned_data
        return PatientData(
            name=data["name"],
            surname=data["surname"],
            email=data["email"],
            phone=_plain(data["phone"]),
            gender=data.get("gender"),
            nin=data.get("nin"),
            birth_date=data["birth_date"].isoformat() if "birth_date" in data else None,
            insurance_number=data.get("insurance_number") or None,
            data_privacy_consent=True,
        )


class DeskPatientForm(forms.Form):
    """A patient whom the doctor books: a phone call, so less is known."""

    name = forms.CharField(label=_("First name"), max_length=100)
    surname = forms.CharField(label=_("Surname"), max_length=100)
    phone = forms.CharField(label=_("Phone"), max_length=20, required=False)

    def patient(self) -> PatientData:
        data = self.cleaned_data
        phone = _plain(data["phone"]) or None
        return PatientData(name=data["name"], surname=data["surname"], phone=phone)


def _plain(phone: str) -> str:
    return "".join(each for each in phone if each.isdigit() or each == "+")


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
