"""Input of the operators' pages."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from slotbridge.portal import clinics
from slotbridge.portal.models import Clinic
from slotbridge.portal.pages import words

MIB = 1024 * 1024
# West to east, as people of the country list them.
RUSSIAN_ZONES = (
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Simferopol",
    "Europe/Kirov",
    "Europe/Volgograd",
    "Europe/Astrakhan",
    "Europe/Saratov",
    "Europe/Ulyanovsk",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Barnaul",
    "Asia/Tomsk",
    "Asia/Novokuznetsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Chita",
    "Asia/Yakutsk",
    "Asia/Khandyga",
    "Asia/Vladivostok",
    "Asia/Ust-Nera",
    "Asia/Magadan",
    "Asia/Sakhalin",
    "Asia/Srednekolymsk",
    "Asia/Kamchatka",
    "Asia/Anadyr",
)


class ClinicForm(forms.Form):
    """Everything about a clinic that an operator writes; named as in `clinics.Facts`."""

    name = forms.CharField(label=_("Name of the clinic"), max_length=250)
    address = forms.CharField(label=_("Address"), max_length=300, required=False)
    phone = forms.CharField(label=_("Phone for patients"), max_length=50, required=False)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("All times that the clinic sends are on this clock."),
        initial="Europe/Moscow",
    )
    language = forms.ChoiceField(
        label=_("Language"),
        help_text=_("Of the messages in the answers to imports, and of letters to staff."),
        choices=Clinic.Language.choices,
    )
    lead_minutes = forms.IntegerField(
        label=_("Lead time, minutes"),
        help_text=_("Patients are offered times from so long ahead on."),
        min_value=0,
        max_value=14 * 24 * 60,
        initial=60,
    )
    is_open = forms.BooleanField(
        label=_("Open: patients see the clinic and its free times"), required=False, initial=True
    )
    allows_plain_http = forms.BooleanField(
        label=_("Allow plain HTTP: key and patients' data travel unprotected"), required=False
    )
    allowed_addresses = forms.CharField(
        label=_("Addresses the exchange is allowed from"),
        help_text=_("One address or network a line, such as 192.0.2.0/24. Empty: from anywhere."),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "code"}),
    )
    most_mib = forms.IntegerField(
        label=_("Largest document, MiB"), min_value=1, max_value=512, initial=32
    )
    most_elements = forms.IntegerField(
        label=_("Most elements in a document"),
        min_value=1000,
        max_value=10_000_000,
        initial=300_000,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = _zones(self.initial.get("time_zone"))  # type: ignore[attr-defined]  # a ChoiceField's

    def clean_allowed_addresses(self) -> tuple[str, ...]:
        try:
            return clinics.read_networks(self.cleaned_data["allowed_addresses"])
        except clinics.NotANetwork as error:
            raise forms.ValidationError(
                _("“%(text)s” is neither an address nor a network."), params={"text": error.text}
            ) from None

    def facts(self, clinic: Clinic | None = None) -> clinics.Facts:
        """`clinic`: as it is now; a limit that is no round number stays if it was not changed."""
        data = dict(self.cleaned_data)
        mib = data.pop("most_mib")
        size = mib * MIB
        if clinic is not None and mib == _mib(clinic.most_bytes):
            size = clinic.most_bytes
        return clinics.Facts(most_bytes=size, **data)

    @staticmethod
    def initial_of(clinic: Clinic) -> dict[str, Any]:
        return {
            **asdict(clinics.facts_of(clinic)),
            "allowed_addresses": "\n".join(clinic.allowed_addresses),
            "most_mib": _mib(clinic.most_bytes),
        }


class MemberForm(forms.Form):
    """What may change of somebody who logs in."""

    name = forms.CharField(label=_("Full name"), max_length=200)
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("Gets letters about new and unanswered orders and withheld deletions."),
        max_length=254,
        required=False,
    )
    language = forms.ChoiceField(label=_("Language"), choices=Clinic.Language.choices)


class NewMemberForm(MemberForm):
    login = forms.RegexField(
        r"^[A-Za-z0-9._@+-]+$",
        label=_("Login"),
        help_text=_("Letters, digits and . _ @ + -; capital or small does not matter."),
        min_length=3,
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        error_messages={"invalid": _("Use Latin letters, digits and . _ @ + - only.")},
    )

    field_order = ("login", "name", "email", "language")


def _mib(size: int) -> int:
    return max(1, size // MIB)


def _zones(present: str | None) -> list[Any]:
    """Russia's zones with their present offset, then all others by name. `present`: one that the
    clinic has, offered even under a name that is out of use.
    """
    here = [(name, f"{name} ({words.offset(ZoneInfo(name))})") for name in RUSSIAN_ZONES]
    others = _towns() | ({present} if present else set())
    elsewhere = [(name, name) for name in sorted(others - set(RUSSIAN_ZONES))]
    return [(_("Russia"), here), (_("Elsewhere"), elsewhere)]


@cache
def _towns() -> frozenset[str]:
    """Zones named for a town that people live by; without old spellings and ones such as
    Etc/GMT-3 or Australia/West.
    """
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return frozenset(row[2] for row in rows) & available_timezones()
