"""Input of the pages; everything typed passes one of these, or one of patient_forms and
integration_forms.
"""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from slotbridge.sandbox.models import AddressService
from slotbridge.sandbox.seed import AddressSeed, DoctorSeed, ServiceSeed

LONGEST_DURATION = 24 * 60


class BreakForm(forms.Form):
    """A range on the locale's clock."""

    day = forms.DateField(
        label=_("Date"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    since = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}))
    till = forms.TimeField(label=_("To"), widget=forms.TimeInput(attrs={"type": "time"}))
    description = forms.CharField(label=_("Description"), max_length=200, required=False)
    on_coupled = forms.BooleanField(
        label=_("Also at the doctor’s coupled address (online or with a door)"), required=False
    )

    def __init__(self, *args: Any, has_coupled: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_coupled:
            del self.fields["on_coupled"]


class MoveForm(forms.Form):
    """A time that need not be on offer (quirk moves_anywhere)."""

    day = forms.DateField(label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}))


class ServiceForm(forms.Form):
    """What a doctor may say of a service at one address."""

    price = forms.DecimalField(
        label=_("Price in złoty"), min_value=0, max_digits=9, decimal_places=2, required=False
    )
    is_price_from = forms.BooleanField(label=_("That is the lowest price"), required=False)
    minutes = forms.IntegerField(
        label=_("Minutes"), min_value=1, max_value=LONGEST_DURATION, initial=30
    )
    custom_name = forms.CharField(label=_("Own name"), max_length=200, required=False)
    is_visible = forms.BooleanField(label=_("Patients see it"), required=False, initial=True)

    @classmethod
    def of(cls, row: AddressService) -> "ServiceForm":
        minor = row.price_minor
        return cls(
            initial={
                "price": None if minor is None else Decimal(minor) / 100,
                "is_price_from": row.is_price_from,
                "minutes": row.default_duration,
                "custom_name": row.custom_name,
                "is_visible": row.is_visible,
            },
            auto_id=f"id_{row.pk}_%s",
        )

    def terms(self) -> dict[str, Any]:
        """As services.Terms has them."""
        data = self.cleaned_data
        price = data["price"]
        return {
            "price_minor": None if price is None else int(price * 100),
            "is_price_from": data["is_price_from"],
            "default_duration": data["minutes"],
            "custom_name": data["custom_name"],
            "is_visible": data["is_visible"],
        }


class NewServiceForm(ServiceForm):
    name = forms.CharField(
        label=_("Service"), max_length=200, widget=forms.TextInput(attrs={"list": "dictionary"})
    )
    field_order = ("name", "price", "minutes")


class FacilityForm(forms.Form):
    """A facility at one place; every doctor gets an address there with every service."""

    name = forms.CharField(label=_("Name of the facility"), max_length=200)
    street = forms.CharField(label=_("Street and number"), max_length=200)
    post_code = forms.CharField(label=_("Post code"), max_length=20)
    city_name = forms.CharField(label=_("City"), max_length=100)
    doctors = forms.CharField(
        label=_("Doctors"),
        help_text=_("One a line: name surname; specialization"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    services = forms.CharField(
        label=_("Services"),
        help_text=_("One a line: name; price in złoty; minutes"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    online = forms.BooleanField(
        label=_("Every doctor also has an online-only address"), required=False
    )

    def clean_doctors(self) -> list[tuple[str, str, str]]:
        rows = []
        for line in self.cleaned_data["doctors"].splitlines():
            who, _sep, specialization = (part.strip() for part in line.partition(";"))
            name, _space, surname = who.partition(" ")
            if who and not surname:
                raise forms.ValidationError(_("Each doctor needs a name and a surname."))
            if who:
                rows.append((name[:100], surname.strip()[:100], specialization[:100]))
        return rows

    def clean_services(self) -> list[ServiceSeed]:
        lines = self.cleaned_data["services"].splitlines()
        return [_service(line) for line in lines if line.strip()]

    def doctor_seeds(self) -> list[DoctorSeed]:
        data = self.cleaned_data
        place = AddressSeed(
            street=data["street"],
            post_code=data["post_code"],
            city_name=data["city_name"],
            services=data["services"],
        )
        online = AddressSeed(
            name=f"{data['name']} online"[:200], is_online_only=True, services=data["services"]
        )
        addresses = [place, online] if data["online"] else [place]
        return [
            DoctorSeed(name, surname, specialization, addresses=addresses)
            for name, surname, specialization in data["doctors"]
        ]


def _service(line: str) -> ServiceSeed:
    wrong = forms.ValidationError(_("Write each service as: name; price; minutes."))
    parts = [part.strip() for part in line.split(";")]
    if len(parts) != 3 or not parts[0]:
        raise wrong
    name, price, minutes = parts
    if not (price.isdecimal() and minutes.isdecimal() and 0 < int(minutes) <= LONGEST_DURATION):
        raise wrong
    return ServiceSeed(name[:200], int(price[:9]) * 100, int(minutes))
