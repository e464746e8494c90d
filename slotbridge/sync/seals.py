"""The one secret box of this installation."""

from functools import cache

from django.conf import settings

from slotbridge.kit.secretbox import SecretBox


@cache
def box() -> SecretBox:
    return SecretBox(settings.SEALING_SECRETS)
