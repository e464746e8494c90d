"""„Konfiguracja”: the access to a portal (R8-R11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from slotbridge.sync.contract import SettingField
from slotbridge.sync.models import Account
from slotbridge.sync.registry import connector_class
from slotbridge.web.forms.base import Form
from slotbridge.web.zones import house_zone


class AccountForm(Form):
    """Login and password, or a key alone, and the settings that the portal's connector asks for.

    The saved password is never in the page: an empty field leaves it, and removing it is a box of
    its own (A6).
    """

    login = forms.CharField(max_length=200, required=False)
    password = forms.CharField(
        max_length=500,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    remove_password = forms.BooleanField(required=False)

    def __init__(self, *args: Any, account: Account, portal: str, **kwargs: Any) -> None:
        super().__init__(*args, initial={"login": account.login}, **kwargs)
        self._account = account
        self._connector = connector_class(account.kind)
        self._settings = self._connector.settings_fields
        if self._connector.has_login:
            self._ask_for_login(portal)
        else:
            self._ask_for_key(portal)
        if account.sealed_password is None:
            del self.fields["remove_password"]
        else:
            self.fields["password"].help_text = self._kept(account)
        for setting in self._settings:
            self.fields[f"setting_{setting.name}"] = _field(setting, account)
        for field in self.fields.values():
            field.disabled = self.is_disabled
            field.is_exact = True  # type: ignore[attr-defined]  # the field's template reads it

    def _kept(self, account: Account) -> str:
        when = account.password_set_at
        local = when.astimezone(house_zone(account.organisation)) if when else None
        sentence = (
            _("Set on %(date)s and not shown. Leave the field empty to keep it.")
            if self._connector.has_login
            else _(
                "The key was set on %(date)s and is not shown. Leave the field empty to keep it."
            )
        )
        return sentence % {"date": formats.date_format(local, "j E Y, H:i") if local else "—"}

    def _ask_for_login(self, portal: str) -> None:
        named = {"portal": portal}
        login, password = self.fields["login"], self.fields["password"]
        login.label = _("Login of the integration for authorisation in %(portal)s") % named
        login.widget.attrs["autocomplete"] = "off"
        password.label = _("Password of the integration for authorisation in %(portal)s") % named
        self.fields["remove_password"].label = _("Remove the saved password")

    def _ask_for_key(self, portal: str) -> None:
        del self.fields["login"]
        key = self.fields["password"]
        key.label = _("Client key")
        key.help_text = _(
            "The administrator of %(portal)s issues one for each clinic. It is login and password "
            "in one: pass it to nobody."
        ) % {"portal": portal}
        self.fields["remove_password"].label = _("Remove the saved key")

    @property
    def of_the_portal(self) -> list[forms.BoundField]:
        """Settings beside login and password, or key."""
        return [field for field in self if field.name.startswith("setting_")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") and data.get("remove_password"):
            self.add_error(
                "remove_password",
                forms.ValidationError(
                    _("Either give a new password or remove the saved one.")
                    if self._connector.has_login
                    else _("Either give a new key or remove the saved one."),
                    code="both",
                ),
            )
        for name, sentence in self._connector.wrong_settings(self._given(data)).items():
            self.add_error(f"setting_{name}", forms.ValidationError(_(sentence), code="wrong"))
        return data

    @property
    def new_password(self) -> str | None:
        """None leaves the saved one."""
        return self.cleaned_data["password"] or None

    @property
    def removes_password(self) -> bool:
        return bool(self.cleaned_data.get("remove_password"))

    @property
    def empties_all(self) -> bool:
        """Login and password are both taken away: that is how one switches it off (A9)."""
        return not self.new_login and self.removes_password

    @property
    def new_login(self) -> str:
        """Empty where one key is login and password."""
        login: str = self.cleaned_data.get("login", "")
        return login

    @property
    def settings(self) -> dict[str, str]:
        """What the connector asked for; other things that the account holds stay as they are."""
        return {**self._account.settings, **self._given(self.cleaned_data)}

    def _given(self, data: Mapping[str, Any]) -> dict[str, str]:
        return {setting.name: data.get(f"setting_{setting.name}", "") for setting in self._settings}


class GuardForm(Form):
    """What proves a notification genuine beside its secret address (A61)."""

    key = forms.CharField(
        label=gettext_lazy("Key in the request header"),
        max_length=200,
        min_length=16,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    remove_key = forms.BooleanField(label=gettext_lazy("Remove the agreed key"), required=False)
    only_published = forms.BooleanField(
        label=gettext_lazy("Take notifications only from addresses that the portal publishes"),
        required=False,
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, initial={"only_published": account.only_published}, **kwargs)
        key = self.fields["key"]
        if account.sealed_header_key is None:
            del self.fields["remove_key"]
            key.help_text = _("At least 16 characters, agreed with the portal’s adviser.")
        else:
            key.help_text = _("One is agreed and not shown. Leave the field empty to keep it.")
        if not account.published_addresses:
            self.fields["only_published"].help_text = _(
                "The portal’s list could not be read yet: until then every address is taken."
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("key") and data.get("remove_key"):
            both = _("Either give a new key or remove the agreed one.")
            self.add_error("remove_key", forms.ValidationError(both, code="both"))
        return data

    @property
    def new_key(self) -> str | None:
        """None leaves the agreed one, "" ends it."""
        return "" if self.cleaned_data.get("remove_key") else self.cleaned_data["key"] or None


def _field(setting: SettingField, account: Account) -> forms.Field:
    common: dict[str, Any] = {
        "label": _(setting.label),
        "help_text": _(setting.help) if setting.help else "",
        "initial": account.settings.get(setting.name, setting.default),
        "required": False,
    }
    if setting.choices:
        return forms.ChoiceField(
            choices=[(value, _(label)) for value, label in setting.choices], **common
        )
    return forms.CharField(max_length=500, **common)
