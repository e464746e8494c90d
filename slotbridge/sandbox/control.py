"""The control API: only this look-alike has it. A token, JSON in, JSON out.

Shapes and examples: docs/sandbox.md. Ids are those of the portal's API, as text.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import wraps
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from slotbridge.kit import clock
from slotbridge.sandbox import (
    calendars,
    chores,
    control_acts,
    control_reading,
    delivery,
    faults,
    payloads,
    quirks,
    tokens,
)
from slotbridge.sandbox.control_reading import Wrong
from slotbridge.sandbox.models import (
    OPTIONAL_EVENTS,
    ApiCall,
    Booking,
    Client,
    FaultRule,
    Notification,
)
from slotbridge.sandbox.refusals import Refused

RECENT = 100
FURTHEST_OFFSET = 2 * 366 * 24 * 3600  # seconds
CLIENT_FIELDS = {
    "name": str,
    "delivery": str,
    "notification_url": str,
    "push_header": str,
    "push_header_value": str,
    "retry_minutes": list,
    "is_pms": bool,
    "opted_in": list,
    "muted_events": list,
    "asks_slot_booking": bool,
    "asks_booking_moving": bool,
    "question_timeout_ms": int,
    "is_limited": bool,
    "writes_per_minute": int,
    "reads_per_hour": int,
    "quirks": dict,
}
FAULT_FIELDS = {"target", "effect", "client_id", "times", "every", "status", "seconds", "text"}


@dataclass(frozen=True, slots=True)
class Asked:
    body: dict[str, Any]
    query: dict[str, str]
    method: str


def control(*methods: str) -> Callable[[Callable[..., Any]], Callable[..., HttpResponse]]:
    """A JSON view behind the control token; Wrong becomes 400, Refused 409."""

    def wrap(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
        @csrf_exempt  # callers show a token, not a cookie
        @wraps(view)
        def guarded(request: HttpRequest, **ids: Any) -> HttpResponse:
            if request.method not in methods:
                return JsonResponse({"error": "method not allowed"}, status=405)
            if not _is_trusted(request):
                return JsonResponse({"error": "control token missing or wrong"}, status=401)
            try:
                asked = Asked(_body(request), request.GET.dict(), request.method or "GET")
                return JsonResponse(view(asked, **ids))
            except Wrong as error:
                return JsonResponse({"error": str(error)}, status=400)
            except Refused as error:
                refusal = {"refused": error.reason, "error_code": error.error_code}
                return JsonResponse(refusal, status=409)

        return guarded

    return wrap


def _is_trusted(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known: str = settings.SANDBOX_CONTROL_TOKEN
    return scheme == "Bearer" and compare_digest(token.encode(), known.encode())


def _body(request: HttpRequest) -> dict[str, Any]:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except ValueError:
        raise Wrong("the body is not JSON") from None
    if not isinstance(body, dict):
        raise Wrong("the body must be a JSON object")
    return body


def health(_request: HttpRequest) -> HttpResponse:
    """200 without a token: for whoever waits until the sandbox is up."""
    return JsonResponse({"status": "up", "now": payloads.moment(clock.now())})


@control("POST")
def seed_facility(asked: Asked) -> dict[str, Any]:
    """One facility with doctors, addresses, services and a client with its secret."""
    made = control_acts.seed_from(asked.body)
    if asked.body.get("client"):
        _change_client(made.credentials.client, asked.body["client"])
    return {
        "facility_id": str(made.facility.pk),
        "client_id": made.credentials.client_id,
        "client_secret": made.credentials.client_secret,
        "doctors": [control_acts.show_doctor(doctor, made.facility) for doctor in made.doctors],
    }


@control("GET", "POST")
def change_client(asked: Asked, client_id: str) -> dict[str, Any]:
    """Reads or changes one client's delivery, switches and limits; what is left out stays."""
    client = _client(client_id)
    if asked.method == "POST":
        _change_client(client, asked.body)
    shown: dict[str, Any] = {name: getattr(client, name) for name in CLIENT_FIELDS}
    shown["quirks"] = quirks.read(client.quirks).as_dict()
    pings = {"failures": client.ping_failures, "is_alerted": client.alerted_at is not None}
    return shown | {"client_id": client.client_id, "pings": pings}


def _client(client_id: str) -> Client:
    found = Client.objects.filter(client_id=client_id).first()
    if found is None:
        raise Wrong("no such client")
    return found


def _change_client(client: Client, body: Any) -> None:
    if not isinstance(body, dict):
        raise Wrong("client must be an object")
    for name, value in body.items():
        if type(value) is not CLIENT_FIELDS.get(name):
            raise Wrong(f"{name} is not a field of a client, or of another type")
        setattr(client, name, value)
    if client.delivery not in Client.Delivery.values:
        raise Wrong("delivery must be push, pull or both")
    if unknown := set(map(str, client.opted_in)) - set(OPTIONAL_EVENTS):
        raise Wrong(f"not events one opts in to: {', '.join(sorted(unknown))}")
    try:
        quirks.read(client.quirks)
    except quirks.UnknownQuirk as error:
        raise Wrong(str(error)) from None
    client.save()


@control("GET")
def list_notifications(asked: Asked, client_id: str) -> dict[str, Any]:  # noqa: ARG001 - one shape for all views
    """The last 100, newest first, with how each was told."""
    rows = Notification.objects.filter(client=_client(client_id)).order_by("-position")[:RECENT]
    shown = [
        {
            "name": row.name,
            "created_at": payloads.moment(row.created_at),
            "push": row.push,
            "push_attempts": row.push_attempts,
            "push_status": row.push_status,
            "pulled": row.pulled_at is not None,
            "lost": row.is_lost,
        }
        for row in rows
    ]
    return {"notifications": shown}


@control("GET")
def list_calls(asked: Asked, client_id: str) -> dict[str, Any]:  # noqa: ARG001 - one shape for all views
    """The last 100 API calls, newest first: no query and no body is kept."""
    rows = ApiCall.objects.filter(client=_client(client_id))[:RECENT]
    shown = [
        {
            "at": payloads.moment(row.at),
            "operation": row.operation,
            "method": row.method,
            "path": row.path,
            "status": row.status,
            "milliseconds": row.milliseconds,
            "fault": row.fault,
        }
        for row in rows
    ]
    return {"calls": shown}


@control("POST")
def revoke_tokens(asked: Asked, client_id: str) -> dict[str, Any]:  # noqa: ARG001 - one shape for all views
    return {"revoked": tokens.revoke(_client(client_id))}


def _between(asked: Asked) -> tuple[datetime, datetime]:
    now = clock.now()
    start = asked.query.get("start")
    end = asked.query.get("end")
    return (
        control_reading.instant(start, "start") if start else now,
        control_reading.instant(end, "end") if end else now + timedelta(weeks=12),
    )


@control("GET")
def list_offers(asked: Asked, address_id: int) -> dict[str, Any]:
    """What a patient could book between start and end (default: the next 12 weeks).

    `?insurance_provider_id=…`: one of that insurer; without it, one who pays alone.
    """
    payer = control_reading.optional_id(
        asked.query.get("insurance_provider_id"), "insurance_provider_id"
    )
    at = control_reading.address(address_id)
    offers = calendars.offers_for(at, payer, *_between(asked))
    shown = [
        {
            "start": payloads.moment(offer.start),
            "end": payloads.moment(offer.end),
            "address_service_id": str(offer.service),
        }
        for offer in offers
    ]
    return {"offers": shown}


@control("GET")
def list_bookings(asked: Asked, address_id: int) -> dict[str, Any]:
    """Bookings that start between start and end (default: the next 12 weeks)."""
    start, end = _between(asked)
    rows = Booking.objects.filter(
        address=control_reading.address(address_id), start__gte=start, start__lt=end
    )
    return {"bookings": [control_acts.show_booking(row) for row in rows]}


@control("POST")
def act(asked: Asked) -> dict[str, Any]:
    """Somebody does something on the portal: {"who", "what", …}."""
    return control_acts.act(asked.body)


@control("GET", "POST", "DELETE")
def change_faults(asked: Asked) -> dict[str, Any]:
    """Lists, adds, or removes all rules (of one client: {"client_id": …})."""
    client = _client(asked.body["client_id"]) if asked.body.get("client_id") else None
    if asked.method == "DELETE":
        return {"removed": faults.clear(client)}
    if asked.method == "POST":
        _add_fault(client, asked.body)
    rows = FaultRule.objects.select_related("client")
    return {"faults": [_show_fault(row) for row in rows]}


def _add_fault(client: Client | None, body: dict[str, Any]) -> None:
    if not body.keys() <= FAULT_FIELDS or not {"target", "effect"} <= body.keys():
        raise Wrong(f"a fault has target, effect and any of {', '.join(sorted(FAULT_FIELDS))}")
    settings_of_rule = {name: body[name] for name in body.keys() - {"client_id"}}
    try:
        faults.script(**settings_of_rule, client=client)
    except faults.UnknownEffect as error:
        raise Wrong(str(error)) from None
    except (TypeError, ValueError):
        raise Wrong("a field of the fault has the wrong type") from None


def _show_fault(row: FaultRule) -> dict[str, Any]:
    return {
        "client_id": row.client.client_id if row.client else None,
        "target": row.target,
        "effect": row.effect,
        "remaining": row.remaining,
        "every": row.every,
        "seen": row.seen,
    }


@control("GET", "POST")
def change_clock(asked: Asked) -> dict[str, Any]:
    """Moves this process's clock; the offset is from real time and lasts until a restart."""
    if asked.method == "POST":
        seconds = asked.body.get("offset_seconds")
        if not isinstance(seconds, int) or abs(seconds) > FURTHEST_OFFSET:
            raise Wrong("offset_seconds must be a whole number within two years")
        clock.set_offset(timedelta(seconds=seconds))
    return {"now": payloads.moment(clock.now())}


@control("POST")
def deliver(asked: Asked) -> dict[str, Any]:  # noqa: ARG001 - one shape for all views
    """Pushes what is due now, without waiting for the sender."""
    return {"delivered": delivery.deliver_due()}


@control("POST")
def do_chores(asked: Asked) -> dict[str, Any]:  # noqa: ARG001 - one shape for all views
    """What time has made due, without waiting for it to be noticed: how many of each."""
    return asdict(chores.run())
