"""What the portal's templates need of text."""

import re

from django import template

register = template.Library()


@register.filter
def tel(phone: str) -> str:
    """A phone number as a link dials it: the first one of several, without its spaces."""
    first = re.split(r"[,;/]", phone)[0]
    return "tel:" + re.sub(r"[^+0-9]", "", first)
