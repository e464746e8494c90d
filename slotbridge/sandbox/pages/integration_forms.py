"""Input of the adviser's pages about an integration and an address."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from slotbridge.sandbox import quirks, rules
from slotbridge.sandbox.models import (
    OPTIONAL_EVENTS,
    Address,
    AddressInsurance,
    Client,
    InsuranceProvider,
)

# Told to everybody, unless switched off; the rest is asked for (OPTIONAL_EVENTS).
EVENTS = ("slot-booked", "booking-moved", "booking-canceled", "presence-marked")


if TYPE_CHECKING:
    _ClientModelForm = forms.ModelForm[Client]
else:
    _ClientModelForm = forms.ModelForm  # generic in the type stubs only


class ClientForm(_ClientModelForm):
    """How one integration is told of events, and what it may."""

    opted_in = forms.MultipleChoiceField(
        label=_("Events it has asked for"),
        choices=[(event, event) for event in OPTIONAL_EVENTS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    muted_events = forms.MultipleChoiceField(
        label=_("Events not sent although everybody gets them"),
        choices=[(event, event) for event in EVENTS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    delivery = forms.ChoiceField(
        label=_("How it hears of events"),
        choices=[
            (Client.Delivery.PULL, _("It asks for them (PULL)")),
            (Client.Delivery.PUSH, _("They are sent to its address (PUSH)")),
            (Client.Delivery.BOTH, _("Both")),
        ],
    )
    retry_minutes = forms.CharField(label=_("Repeat a failed push after (minutes)"), required=False)

    class Meta:
        model = Client
        fields = (
            "name",
            "delivery",
            "notification_url",
            "push_header",
            "push_header_value",
            "retry_minutes",
            "asks_slot_booking",
            "asks_booking_moving",
            "question_timeout_ms",
            "is_pms",
            "opted_in",
            "muted_events",
            "is_limited",
            "writes_per_minute",
            "reads_per_hour",
        )
        labels = {  # noqa: RUF012 - read by Django once
            "name": _("Name"),
            "notification_url": _("Notification address"),
            "push_header": _("Header with the API key"),
            "push_header_value": _("Value of that header"),
            "asks_slot_booking": _("Ask before a patient books (slot-booking)"),
            "asks_booking_moving": _("Ask before a patient moves a visit (booking-moving)"),
            "question_timeout_ms": _("Wait for the answer (milliseconds)"),
            "is_pms": _("It is the portal’s own practice software (PMS)"),
            "is_limited": _("Rate limits are on"),
            "writes_per_minute": _("Writes a minute"),
            "reads_per_hour": _("Reads an hour"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # One that was muted by the control API may be unmuted here.
        also = [event for event in self.instance.muted_events if event not in EVENTS]
        muted = self.fields["muted_events"]
        if isinstance(muted, forms.MultipleChoiceField):
            muted.choices = [(event, event) for event in (*EVENTS, *also)]
        self.initial["retry_minutes"] = ", ".join(map(str, self.instance.retry_minutes))

    def clean_retry_minutes(self) -> list[int]:
        parts = [part.strip() for part in self.cleaned_data["retry_minutes"].split(",")]
        if not all(part.isdecimal() and len(part) < 5 for part in parts if part):
            raise forms.ValidationError(_("Write whole minutes, for example 5, 10."))
        return [int(part) for part in parts if part]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("delivery") != Client.Delivery.PULL and not data.get("notification_url"):
            self.add_error(
                "notification_url", _("Without an address nothing can be pushed: give one.")
            )
        return data


QUIRK_LABELS = {
    "echo_own_calls": _("An integration's own calls come back to it as notifications"),
    "repeated_put_ignored": _("The same PUT slots within 3 minutes is ignored"),
    "put_delay_seconds": _("PUT slots takes effect after (seconds)"),
    "put_enables_calendar": _("PUT slots enables a disabled calendar"),
    "no_slots_404": _("getSlots without free times answers 404"),
    "midnight_ends_day": _("A period may end at midnight"),
    "canceled_listed": _("getBookings lists cancelled bookings too"),
    "moves_anywhere": _("Visits may be moved to times that nobody offers"),
    "insurance_plans_merged": _("PUT of an insurer adds to its plans"),
    "errors_as_object": _("Errors in periods are an object, not a list"),
}


class QuirksForm(forms.Form):
    """One field for each switch; its name in the code and the documentation is the help text."""

    def __init__(self, values: quirks.Quirks, data: Any = None) -> None:
        super().__init__(data)
        for name, value in values.as_dict().items():
            self.fields[name] = _switch(name, value)
            self.fields[name].help_text = name

    def as_quirks(self) -> dict[str, Any]:
        return quirks.read(self.cleaned_data).as_dict()


def _switch(name: str, value: Any) -> forms.Field:
    label = QUIRK_LABELS[name]
    if isinstance(value, bool):
        return forms.BooleanField(label=label, required=False, initial=value)
    if isinstance(value, int):
        most = int(rules.SAME_REQUEST_IGNORED.total_seconds())
        return forms.IntegerField(label=label, min_value=0, max_value=most, initial=value)
    choices = [(each, each) for each in ("mixed", "always", "never")]
    return forms.ChoiceField(label=label, choices=choices, initial=value)


class AddressForm(forms.Form):
    """How patients book at one address."""

    commercial_type = forms.ChoiceField(
        label=_("Profile"),
        choices=[
            (Address.Commercial.PREMIUM, _("premium: with a calendar")),
            (Address.Commercial.SAAS_ONLY, _("saas-only: software without the profile")),
            (Address.Commercial.BASIC, _("basic: not paid for")),
        ],
    )
    takes_payment = forms.BooleanField(
        label=_("Patients pay online, within 90 minutes of booking"), required=False
    )
    payment_account = forms.CharField(
        label=_("Account the money goes to"),
        max_length=40,
        required=False,
        help_text=_("A visit that is paid for cannot move to an address with another account."),
    )
    demanded = forms.MultipleChoiceField(
        label=_("Data demanded of a patient besides name, e-mail and phone"),
        choices=[("gender", _("sex")), ("nin", _("PESEL")), ("birth_date", _("birth date"))],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    insurance_support = forms.ChoiceField(
        label=_("Who may come"),
        choices=[
            ("private", _("patients who pay alone")),
            ("insurance", _("insured patients")),
            ("private_and_insurance", _("both")),
        ],
    )
    insurers = forms.ModelMultipleChoiceField(
        label=_("Insurers taken here"),
        queryset=InsuranceProvider.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    @classmethod
    def of(cls, address: Address, data: Any = None) -> "AddressForm":
        rows = AddressInsurance.objects.filter(address=address)
        return cls(
            data,
            initial={
                "commercial_type": address.commercial_type,
                "takes_payment": address.takes_payment,
                "payment_account": address.payment_account,
                "demanded": [name for name, is_so in address.extra_fields.items() if is_so],
                "insurance_support": address.insurance_support,
                "insurers": list(rows.values_list("provider", flat=True)),
            },
        )

    def settings(self) -> dict[str, Any]:
        """As actors.adviser_sets_address takes them."""
        data = self.cleaned_data
        return {
            "takes_payment": data["takes_payment"],
            "payment_account": data["payment_account"],
            "extra_fields": {
                name: name in data["demanded"] for name in ("gender", "nin", "birth_date")
            },
            "insurance_support": data["insurance_support"],
        }
