"""What the portal's templates need of text."""

import re

from django import template

from slotbridge.portal.pages.words import SECTIONS
from slotbridge.wire.medihost.model import Section

register = template.Library()


@register.filter
def tel(phone: str) -> str:
    """A phone number as a link dials it: the first one of several, without its spaces."""
    first = re.split(r"[,;/]", phone)[0]
    return "tel:" + re.sub(r"[^+0-9]", "", first)


@register.filter
def section(name: str) -> str:
    """A section for whoever reads the document and for whoever does not: "Schedules (графики)"."""
    return f"{name} ({str(SECTIONS[Section(name)]).lower()})"
