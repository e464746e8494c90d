"""Forms of patients: found, registered, changed, verified."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from slotbridge.his import patients
from slotbridge.his.models import Organisation, Patient
from slotbridge.his.patients import PatientData
from slotbridge.web.forms.base import DayField, Form


class SearchForm(Form):
    q = forms.CharField(
        label=_("Name, phone, e-mail or PESEL"),
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )

    def found(self, organisation: Organisation) -> list[Patient]:
        if not (self.is_bound and self.is_valid()):
            return []
        return patients.search(organisation=organisation, text=self.cleaned_data["q"])


class PatientForm(Form):
    given_name = forms.CharField(label=_("First name"), max_length=100)
    family_name = forms.CharField(label=_("Surname"), max_length=100)
    birth_date = DayField(label=_("Birth date"), required=False)
    national_id = forms.CharField(label=_("PESEL or other number"), max_length=40, required=False)
    sex = forms.ChoiceField(label=_("Sex"), choices=Patient.Sex.choices, required=False)
    phone = forms.CharField(
        label=_("Phone"), max_length=20, required=False, widget=forms.TextInput({"type": "tel"})
    )
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    street = forms.CharField(label=_("Street and number"), max_length=200, required=False)
    post_code = forms.CharField(label=_("Post code"), max_length=20, required=False)
    city = forms.CharField(label=_("City"), max_length=100, required=False)


class OtherForm(forms.Form):
    """The other of two records."""

    other = forms.UUIDField()


def initial_of(patient: Patient) -> dict[str, Any]:
    return {name: getattr(patient, name) for name in PatientForm.base_fields}


def data_of(form: PatientForm) -> PatientData:
    return PatientData(**form.cleaned_data)
