"""What a clinic's program sent, what became of it, and the documents themselves shown again.

The documents hold patients' names: each reading is a deed in the log (U-28).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404

from slotbridge.kit.secretbox import WrongKey
from slotbridge.portal import deeds, received
from slotbridge.portal.models import ReceivedDocument
from slotbridge.portal.pages import document_text
from slotbridge.portal.pages.access import Here, staff_page
from slotbridge.portal.pages.staff_look import paged, show_clinic
from slotbridge.wire.medihost.result import NotAResult, Result, read_result

OUTCOMES = ReceivedDocument.Outcome.values


@staff_page
def imports(request: HttpRequest, here: Here) -> HttpResponse:
    kind = request.GET.get("outcome", "")
    found = ReceivedDocument.objects.filter(clinic=here.clinic).defer("result")
    if kind in OUTCOMES:
        found = found.filter(outcome=kind)
    shown = {
        "section": "imports",
        "rows": paged(request, found.order_by("-received_at", "-pk")),
        "kind": kind,
    }
    return show_clinic(request, here, "staff_imports.html", shown)


@staff_page
def document(request: HttpRequest, here: Here, document: UUID) -> HttpResponse:
    """The result: counts and messages, which hold no personal value."""
    found = _document(here, document)
    shown = {
        "section": "imports",
        "document": found,
        "result": _result(found),
        "is_skipping": any(each.get("skipped") for each in found.sections),
        "is_withholding": any(each.get("withheld") for each in found.sections),
    }
    return show_clinic(request, here, "staff_import.html", shown)


@staff_page
def text(request: HttpRequest, here: Here, document: UUID) -> HttpResponse:
    """The document with numbered lines, a window of it around `?line=`."""
    found = _document(here, document)
    shown: dict[str, Any] = {"section": "imports", "document": found}
    try:
        shown["window"] = document_text.window(
            received.reopen(found), found.encoding, _line(request.GET.get("line", ""))
        )
    except WrongKey:
        shown["is_sealed"] = True
    else:
        _record(here, found, "document.read")
    result = _result(found)
    shown["told"] = {each.line for each in result.messages} if result else set()
    return show_clinic(request, here, "staff_document.html", shown)


@staff_page  # type: ignore[arg-type]  # of an answer the decorator touches headers only
def download(
    request: HttpRequest,  # noqa: ARG001 - every view is given the request
    here: Here,
    document: UUID,
) -> StreamingHttpResponse:
    """All of it, byte for byte as it came."""
    found = _document(here, document)
    pieces = _opened(found)
    _record(here, found, "document.download")
    return StreamingHttpResponse(
        pieces,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="import-{found.pk}.xml"'},
    )


def _document(here: Here, public_id: UUID) -> ReceivedDocument:
    return get_object_or_404(ReceivedDocument, clinic=here.clinic, public_id=public_id)


def _record(here: Here, found: ReceivedDocument, action: str) -> None:
    deeds.record(by=here.by, action=action, clinic=here.clinic, document=found.pk)


def _opened(found: ReceivedDocument) -> Iterator[bytes]:
    """Its first piece is opened at once, so that a lost key is told before the answer begins."""
    pieces = received.reopen(found)
    first = next(pieces, b"")

    def all_of_it() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_of_it()


def _result(found: ReceivedDocument) -> Result | None:
    """None while the import is under way, or where it was cut short by our own end."""
    try:
        return read_result(found.result.encode()) if found.result else None
    except NotAResult:
        return None


def _line(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 1
