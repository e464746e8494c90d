"""What pages need to say things: the menu, times in a unit's zone, money."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.forms import BoundField, ChoiceField
from django.template.context import RequestContext
from django.utils import formats

from slotbridge.his.models import Visit
from slotbridge.sync.lights import in_words
from slotbridge.web import navigation
from slotbridge.web.clashes import needs_settling

register = template.Library()

_SYMBOL = {"PLN": "zł", "EUR": "€"}
_TAGS = {
    Visit.Status.PROPOSED: "warn",
    Visit.Status.BOOKED: "brand",
    Visit.Status.ARRIVED: "info",
    Visit.Status.FULFILLED: "ok",
    Visit.Status.NOSHOW: "warn",
}


@register.inclusion_tag("web/_menu.html", takes_context=True)
def menu(context: RequestContext) -> dict[str, Any]:
    request = context["request"]
    return {"lines": navigation.menu_for(request)}


@register.inclusion_tag("web/_languages.html", takes_context=True)
def languages(context: RequestContext) -> dict[str, Any]:
    request = context["request"]
    return {
        "languages": settings.LANGUAGES,
        "here": request.get_full_path() if request.method == "GET" else request.path,
        "LANGUAGE_CODE": context.get("LANGUAGE_CODE"),
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def wall(instant: datetime | None, tz: ZoneInfo) -> str:
    """The time on the wall in `tz`: "08:15"."""
    return f"{instant.astimezone(tz):%H:%M}" if instant else ""


@register.filter
def day(value: datetime | date | None, tz: ZoneInfo | None = None) -> str:
    """A date in words; of an instant, the date in `tz`."""
    return formats.date_format(_local(value, tz), "j E Y") if value else ""


@register.filter
def weekday(value: datetime | date | None, tz: ZoneInfo | None = None) -> str:
    """As `day`, with the day of the week before it."""
    return formats.date_format(_local(value, tz), "l, j E Y") if value else ""


@register.filter
def moment(instant: datetime | None, tz: ZoneInfo) -> str:
    """Date and time in `tz`."""
    return formats.date_format(_local(instant, tz), "j E Y, H:i") if instant else ""


@register.filter
def money(minor: int | None, currency: str = "PLN") -> str:
    """Minor units as an amount with two decimals: "149,50 zł"; "" without an amount."""
    if minor is None:
        return ""
    amount = formats.number_format(Decimal(minor) / 100, 2, use_l10n=True, force_grouping=True)
    return f"{amount} {_SYMBOL.get(currency, currency)}"


@register.filter
def plain_amount(minor: int | None) -> str:
    """An amount for an input: "149,50", no currency and no grouping."""
    if minor is None:
        return ""
    return formats.number_format(Decimal(minor) / 100, 2, use_l10n=True)


@register.filter
def day_before(value: date | None) -> date | None:
    """The last day of a range that ends before this one."""
    return value - timedelta(days=1) if value else None


@register.filter
def status_tag(status: str) -> str:
    """The colour of a visit's status."""
    return _TAGS.get(Visit.Status(status), "")


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """What a mapping holds under a key that the template has in a variable."""
    return mapping.get(key) if mapping else None


@register.filter
def iso_day(instant: datetime, tz: ZoneInfo) -> str:
    """The date in `tz`, for an address."""
    return instant.astimezone(tz).date().isoformat()


@register.filter
def with_nothing(rows: Iterable[Visit]) -> list[tuple[Visit, list[Any]]]:
    """Visits as the shared table wants them: each with the times to offer instead, here none."""
    return [(row, []) for row in rows]


@register.filter
def says_optional(field: BoundField) -> bool:
    """Whether a label says so: not where the label is a portal's printed one, or where the choice
    itself has a line for none.
    """
    return not (
        field.field.required
        or field.field.disabled
        or getattr(field.field, "is_exact", False)
        or isinstance(field.field, ChoiceField)
    )


register.filter("ours", in_words)
register.filter("needs_settling", needs_settling)


def _local(value: datetime | date | None, tz: ZoneInfo | None) -> date:
    if isinstance(value, datetime) and tz is not None:
        return value.astimezone(tz)
    assert value is not None
    return value
