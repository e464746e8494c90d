"""Where portals send notifications: kept, then answered; thought about later (A61, A62)."""

from __future__ import annotations

import hmac

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from slotbridge.kit import callers
from slotbridge.sync import accounts, inbox, questions
from slotbridge.sync.contract import MessageUnreadable
from slotbridge.sync.models import Account
from slotbridge.sync.registry import calendar_class, keeps_calendars
from slotbridge.sync.seals import box

log = structlog.stdlib.get_logger(__name__)


@csrf_exempt
@transaction.non_atomic_requests
def receive(request: HttpRequest, token: str) -> HttpResponse:
    """One notification, or a ping. Anything below 500 tells the portal's monitor we are alive.

    200 as soon as it is stored. A question that the portal waits with is answered from a hold:
    200 is yes, 409 with `error_code` is no.
    """
    account = accounts.account_of_hook(token)
    if account is None or not keeps_calendars(account.kind):
        return HttpResponse(status=404)
    if not (_has_key(request, account) and _is_expected(request, account)):
        log.warning("notification refused", account=account.pk)
        return HttpResponse(status=404)
    if request.method != "POST" or not request.body:
        return HttpResponse(status=200)  # the five-minute ping: verb and body are not documented
    try:
        question = calendar_class(account.kind).read_question(request.body)
    except MessageUnreadable:
        question = None  # kept below, and parked with its reason
    if question is not None:
        if questions.may_be_taken(account, question):
            return HttpResponse(status=200)
        log.info("question denied", account=account.pk)
        return JsonResponse({"error_code": 1}, status=409)
    inbox.keep(account, [request.body], way="push")
    return HttpResponse(status=200)


def _is_expected(request: HttpRequest, account: Account) -> bool:
    """Not in plain sight on its way (where this hub has HTTPS), and, if staff want it so, from an
    address that the portal publishes.
    """
    caller = callers.caller_of(
        peer=request.META.get("REMOTE_ADDR", ""),
        scheme=request.environ["wsgi.url_scheme"],  # type: ignore[attr-defined]  # WSGIRequest's
        headers=request.headers,
        proxies=settings.PROXIES,
    )
    # A private address without HTTPS is a proxy of ours that was not named: it had the HTTPS.
    has_https = settings.PUBLIC_URL.startswith("https://")
    if has_https and not caller.is_secure and caller.address.is_global:
        return False
    if not account.only_published or not account.published_addresses:
        return True
    return callers.is_within(caller.address, account.published_addresses)


def _has_key(request: HttpRequest, account: Account) -> bool:
    if account.sealed_header_key is None:
        return True
    agreed = box().open_text(account.sealed_header_key)
    return hmac.compare_digest(request.headers.get(accounts.KEY_HEADER, ""), agreed)
