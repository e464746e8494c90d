from django import forms

from slotbridge.sync import writing
from slotbridge.sync.models import Account
from slotbridge.web.forms.base import DayField


class RetryForm(forms.Form):
    """What to take up again: a calendar's day, a visit, a message, or a held calendar; or what
    a person has done by phone or has read.
    """

    what = forms.ChoiceField(
        choices=[
            (one, one) for one in ("day", "visit", "message", "held", "called", "seen", "send-all")
        ]
    )
    address = forms.CharField(required=False, max_length=100)
    day = DayField(required=False)
    booking = forms.CharField(required=False, max_length=100)
    key = forms.UUIDField(required=False)


class ServiceForm(forms.Form):
    """What staff decide of one service at an address: try again, ours from now on, or theirs."""

    what = forms.ChoiceField(choices=[(one, one) for one in ("retry", "give", "leave")])
    address = forms.CharField(max_length=100)
    service = forms.CharField(max_length=100)


class WritingForm(forms.Form):
    """How an account writes at its portal from now on; `days` of a comparison."""

    what = forms.ChoiceField(choices=Account.Writing.choices)
    days = forms.IntegerField(required=False, min_value=1, max_value=writing.MOST_SHADOW_DAYS)


class AnswerForm(forms.Form):
    """The answer to an order that has no visit here, by the portal's id."""

    order = forms.CharField(max_length=100)
    answer = forms.ChoiceField(choices=[(one, one) for one in ("accept", "reject")])
