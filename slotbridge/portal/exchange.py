"""The two services that a clinic's MIS calls: import.php and export.php (sections 2 and 11).

The order of checks is that of 11.3. Nothing here logs an address, a parameter or a value: the
client key stands among them.
"""

from __future__ import annotations

import logging
import re
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import ClassVar, cast
from urllib.parse import parse_qs

from django.db import DatabaseError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import http_date
from django.utils.translation import gettext_noop as _
from django.views.decorators.csrf import csrf_exempt

from slotbridge.kit import clock
from slotbridge.portal import answers, bodies, export, keys, received, replace
from slotbridge.portal.answers import Answer
from slotbridge.portal.callers import caller_of
from slotbridge.portal.models import Clinic, ReceivedDocument
from slotbridge.wire.medihost import model
from slotbridge.wire.medihost.problems import (
    BUSY,
    NO_DOCUMENT,
    WRONG_METHOD,
    WRONG_ORDER_OF_TIMES,
    WRONG_PARAMETER,
    DocumentRefused,
    Kind,
    Problem,
)
from slotbridge.wire.medihost.reader import Found, Limits, Opened, read
from slotbridge.wire.medihost.writer import write_orders

log = logging.getLogger(__name__)

BUSY_SECONDS = 60
# Milliseconds by mistake (section 6); as seconds it is the year 3000.
TOO_LATE = 32_503_680_000
LONGEST_PARAMETER = 200
MOST_PARAMETERS = 50

_TIMESTAMP = re.compile(r"-?[0-9]{1,11}")


_INTERNAL = Kind(
    "E_INTERNAL", _("The portal failed; nothing was applied. Send a newly built document later.")
)


class _Exchange(ABC):
    """One request to one of the services, from its method to its answer."""

    service: ClassVar[str]
    methods: ClassVar[tuple[str, ...]]

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        # A client asks next from the Date of this answer: what is committed from now on, while
        # the answer is being made, is not to be missed.
        self.begun = clock.now()
        self.started = time.monotonic()
        self.clinic: Clinic | None = None
        self.document: ReceivedDocument | None = None

    @abstractmethod
    def act(self) -> HttpResponseBase:
        """Raises DocumentRefused, replace.Busy."""

    def respond(self) -> HttpResponseBase:
        try:
            if self.request.method not in self.methods:
                raise DocumentRefused(WRONG_METHOD(method=self.request.method))  # noqa: TRY301 - answered like every other refusal
            response = self.act()
        except Exception as error:  # noqa: BLE001 - whatever it is, the sender gets an answer of 11
            response = self._turned_away(error)
        response["Cache-Control"] = "no-store"
        response["Date"] = http_date(self.begun.timestamp())
        return response

    def sent(self, answer: Answer) -> HttpResponse:
        if self.document is not None:
            self._note(self.document, answer)
        return HttpResponse(answer.body, status=answer.status, content_type=answers.CONTENT_TYPE)

    def refuse(self, problem: Problem, status: int | None = None) -> HttpResponse:
        return self.sent(
            answers.refused(problem, clinic=self.clinic, document=self.document, status=status)
        )

    def _turned_away(self, error: Exception) -> HttpResponse:
        if isinstance(error, keys.SlowDown):
            response = self.refuse(error.problem, status=429)
            response["Retry-After"] = str(error.seconds)
        elif isinstance(error, DocumentRefused):
            response = self.refuse(error.problem)
            if response.status_code == 405:
                response["Allow"] = ", ".join(self.methods)
        elif isinstance(error, replace.Busy):
            response = self.refuse(BUSY())
            response["Retry-After"] = str(BUSY_SECONDS)
        else:
            self._log(error)
            response = self.refuse(_INTERNAL())
        return response

    def _note(self, document: ReceivedDocument, answer: Answer) -> None:
        took = timedelta(seconds=time.monotonic() - self.started)
        try:
            received.note_answer(document=document, answer=answer, took=took)
        except DatabaseError as error:
            self._log(error)  # what was applied stays applied, and the sender is to hear of it

    def _log(self, error: Exception) -> None:
        # Without the error's text and without exc_info: either may quote the document.
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        extra = {
            "service": self.service,
            "document": self.document and self.document.pk,
            "error": type(error).__name__,
            "at": [f"{frame.filename}:{frame.lineno}" for frame in frames],
        }
        log.error("exchange failed", extra=extra)


class _Import(_Exchange):
    service = "import"
    methods = ("POST",)

    def act(self) -> HttpResponse:
        widest = _widest_limits()
        wanted = {"xml": widest.size, "client_key": LONGEST_PARAMETER}
        with bodies.receive(self.request, wanted, raw="xml") as form:
            if "xml" not in form or not form["xml"].size:
                raise DocumentRefused(NO_DOCUMENT())
            return self.sent(self._apply(form, widest))

    def _apply(self, form: bodies.Form, widest: Limits) -> Answer:
        xml = form["xml"]
        early, opened, found = _open(xml, widest)
        key = keys.admit(
            caller=caller_of(self.request),
            key=opened.client_key,
            others=_given(self.request, form, "client_key"),
        )
        self.clinic = key.clinic
        limits = _limits_of(key.clinic)
        if xml.size > limits.size:
            raise bodies.TooLarge(limits.size)
        if limits != widest:
            early, opened, found = _open(xml, limits)
        document = self.document = received.keep_document(
            key=key, stream=xml.file, size=xml.size, encoding=opened.encoding
        )
        applied = replace.apply_document(
            clinic=key.clinic, found=chain(early, found), document=document
        )
        return answers.processed(
            clinic=key.clinic,
            document=document,
            outcome=applied.outcome,
            sections=applied.sections,
            problems=applied.problems,
        )


class _Export(_Exchange):
    service = "export"
    methods = ("GET", "POST")

    def act(self) -> HttpResponseBase:
        wanted = dict.fromkeys(("client_key", "start", "end"), LONGEST_PARAMETER)
        with bodies.receive(self.request, wanted) as form:
            given = {name: _given(self.request, form, name) for name in wanted}
        text, *others = given["client_key"] or [""]
        key = keys.admit(caller=caller_of(self.request), key=text, others=others)
        self.clinic = key.clinic
        start = _moment(given, "start")
        end = _moment(given, "end") if given["end"] else None
        if end is not None and end < start:
            raise DocumentRefused(WRONG_ORDER_OF_TIMES())
        orders = export.orders_between(clinic=key.clinic, start=start, end=end)
        first = next(orders, None)  # what fails, fails before the answer has begun
        pieces = _written(keys.normal(text), first, orders)
        return StreamingHttpResponse(pieces, content_type=answers.CONTENT_TYPE)


@csrf_exempt
def import_php(request: HttpRequest) -> HttpResponseBase:
    return _Import(request).respond()


@csrf_exempt
def export_php(request: HttpRequest) -> HttpResponseBase:
    return _Export(request).respond()


def _widest_limits() -> Limits:
    """What any clinic may send: whose document it is shows only once it was received."""
    most = Clinic.objects.aggregate(size=Max("most_bytes"), elements=Max("most_elements"))
    if most["size"] is None:
        return Limits()
    return Limits(size=most["size"], elements=most["elements"])


def _limits_of(clinic: Clinic) -> Limits:
    return Limits(size=clinic.most_bytes, elements=clinic.most_elements)


def _open(xml: bodies.Value, limits: Limits) -> tuple[list[Found], Opened, Iterator[Found]]:
    """What the reader says up to the root's start tag, and the rest, still unread."""
    xml.file.seek(0)
    early: list[Found] = []
    found = read(xml.file, limits)
    for each in found:
        if isinstance(each, Opened):
            return early, each, found
        early.append(each)
    raise AssertionError("the reader gives out Opened, or raises")


def _given(request: HttpRequest, form: bodies.Form, name: str) -> list[str]:
    """A parameter's different values, from the query string and the form; empty ones are none."""
    try:
        query = parse_qs(request.META.get("QUERY_STRING", ""), max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise DocumentRefused(WRONG_PARAMETER(name=name)) from None
    values = query.get(name, []) + ([form[name].text()] if name in form else [])
    return list(dict.fromkeys(text for each in values if (text := each.strip())))


def _moment(given: Mapping[str, list[str]], name: str) -> datetime:
    """Whole seconds since 1970 (section 6); before that there were no orders."""
    values = given[name]
    if len(values) != 1 or not _TIMESTAMP.fullmatch(values[0]) or int(values[0]) >= TOO_LATE:
        raise DocumentRefused(WRONG_PARAMETER(name=name))
    return datetime.fromtimestamp(max(int(values[0]), 0), UTC)


def _written(key: str, first: model.Order | None, others: Iterator[model.Order]) -> Iterator[bytes]:
    """Ends the reading of orders as soon as nobody takes more of them."""
    with closing(cast("Generator[model.Order]", others)):
        yield from write_orders(key, chain([first] if first else [], others))
