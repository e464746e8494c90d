from django import forms

from slotbridge.web.forms.base import DayField


class RetryForm(forms.Form):
    """What to take up again: a calendar's day, a visit, a message, or a held calendar; or what
    a person has done by phone or has read.
    """

    what = forms.ChoiceField(
        choices=[(one, one) for one in ("day", "visit", "message", "held", "called", "seen")]
    )
    address = forms.CharField(required=False, max_length=100)
    day = DayField(required=False)
    booking = forms.CharField(required=False, max_length=100)
    key = forms.UUIDField(required=False)
