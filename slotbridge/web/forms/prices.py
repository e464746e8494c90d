"""„Cenniki”: price lists and their prices (R16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from slotbridge.his.models import Clinic, PriceList, Service
from slotbridge.web.forms.base import Choice, DayField, Form, MoneyField, records
from slotbridge.web.mapping import Portal


class PriceListForm(Form):
    clinic = Choice(label=gettext_lazy("Clinic"))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    valid_from = DayField(label=gettext_lazy("Valid from"), required=False)
    last_day = DayField(
        label=gettext_lazy("Valid to, last day"),
        required=False,
        help_text=gettext_lazy("Empty: until further notice."),
    )

    def __init__(
        self,
        *args: Any,
        clinics: Sequence[Clinic],
        portals: Sequence[Portal],
        price_list: PriceList | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._clinics, self._portals = records(clinics), portals
        field = self.fields["clinic"]
        assert isinstance(field, Choice)
        field.offer(
            [(clinic.public_id, f"{clinic.name}, {clinic.unit.name}") for clinic in clinics]
        )
        used = set(price_list.uses.values_list("channel", flat=True)) if price_list else set[str]()
        for portal in portals:
            self.fields[portal.field] = forms.BooleanField(
                label=_("Price list used in %(portal)s") % {"portal": portal.name},
                required=False,
                initial=portal.channel.code in used,
                disabled=bool(portal.obstacle) or self.is_disabled,
                help_text=str(portal.obstacle),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("valid_from"), data.get("last_day")
        if first and last and last < first:
            self.add_error(
                "last_day",
                ValidationError(_("The last day is before the first."), code="backwards"),
            )
        return data

    @property
    def chosen_clinic(self) -> Clinic:
        found: Clinic = self._clinics[self.cleaned_data["clinic"]]
        return found

    @property
    def valid_to(self) -> date | None:
        """The first day on which the list is not valid any more."""
        last: date | None = self.cleaned_data["last_day"]
        return last + timedelta(days=1) if last else None

    @property
    def used_on(self) -> dict[str, bool]:
        return {
            portal.channel.code: self.cleaned_data[portal.field]
            for portal in self._portals
            if not portal.obstacle
        }

    @property
    def unticked(self) -> list[Portal]:
        """Portals whose box was ticked until now (A29)."""
        return [
            portal
            for portal in self._portals
            if self.fields[portal.field].initial and not self.cleaned_data[portal.field]
        ]


class PriceForm(Form):
    """A service's price in a list."""

    service = Choice(label=gettext_lazy("Service"))
    amount = MoneyField(label=gettext_lazy("Price in złoty"), required=False)
    is_from = forms.BooleanField(label=gettext_lazy("“from”: the least it costs"), required=False)

    def __init__(self, *args: Any, services: Sequence[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._services = records(services)
        field = self.fields["service"]
        assert isinstance(field, Choice)
        field.offer([(service.public_id, service.name) for service in services])

    @property
    def chosen_service(self) -> Service:
        found: Service = self._services[self.cleaned_data["service"]]
        return found
