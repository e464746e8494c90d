"""Input of the pages; everything typed passes one of these."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from slotbridge.sandbox import quirks, rules
from slotbridge.sandbox.models import Client
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.seed import AddressSeed, DoctorSeed, ServiceSeed

LONGEST_DURATION = 24 * 60
EVENTS = (
    "slot-booked",
    "booking-moved",
    "booking-canceled",
    "break-created",
    "break-moved",
    "break-removed",
)


class PatientForm(forms.Form):
    """A patient who books on the page."""

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
    consent = forms.BooleanField(
        label=_("I agree that my data is given to the clinic to carry out the visit.")
    )

    def patient(self) -> PatientData:
        data = self.cleaned_data
        return PatientData(
            name=data["name"],
            surname=data["surname"],
            email=data["email"],
            phone=_plain(data["phone"]),
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


class BreakForm(forms.Form):
    """A range on the locale's clock."""

    day = forms.DateField(
        label=_("Date"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    since = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}))
    till = forms.TimeField(label=_("To"), widget=forms.TimeInput(attrs={"type": "time"}))
    description = forms.CharField(label=_("Description"), max_length=200, required=False)


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


if TYPE_CHECKING:
    _ClientModelForm = forms.ModelForm[Client]
else:
    _ClientModelForm = forms.ModelForm  # generic in the type stubs only


class ClientForm(_ClientModelForm):
    """How one integration is told of events, and what it may."""

    muted_events = forms.MultipleChoiceField(
        label=_("Events not sent"),
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
            "muted_events",
            "is_limited",
            "writes_per_minute",
            "reads_per_hour",
        )
        labels = {  # noqa: RUF012 - read by Django once
            "name": _("Name"),
            "push_header": _("Header with the API key"),
            "push_header_value": _("Value of that header"),
            "asks_slot_booking": _("Ask before a patient books (slot-booking)"),
            "asks_booking_moving": _("Ask before a patient moves a visit (booking-moving)"),
            "question_timeout_ms": _("Wait for the answer (milliseconds)"),
            "is_limited": _("Rate limits are on"),
            "writes_per_minute": _("Writes a minute"),
            "reads_per_hour": _("Reads an hour"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
