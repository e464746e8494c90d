"""Documents as they came, sealed, with what was answered: kept for 30 days (U-28)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import BinaryIO

from django.conf import settings
from django.db import connections, transaction

from slotbridge.kit import clock
from slotbridge.kit.secretbox import SecretBox
from slotbridge.portal.answers import Answer
from slotbridge.portal.models import ClientKey, ReceivedDocument
from slotbridge.portal.router import DATABASE

KEPT = timedelta(days=30)
PIECE = 1024 * 1024  # plain bytes of a part: what is in memory at once
QUICK = 1  # zlib's level: a tenth of the size already, at no price worth naming

# An INSERT would spell every byte in two letters, in a statement of its own.
_COPY = "COPY portal_documentpart (document_id, number, sealed) FROM STDIN (FORMAT BINARY)"
_PURGED_AT_ONCE = 500


@transaction.atomic(using=DATABASE)
def keep_document(
    *, key: ClientKey, stream: BinaryIO, size: int, encoding: str
) -> ReceivedDocument:
    """Keeps all of `stream` before anything of it is applied; the stream stays where it was.

    Each part is sealed by itself, so neither keeping nor showing it takes the memory of a whole
    document. A document without an outcome is one whose import was cut short by our own end.
    """
    box = SecretBox(settings.SEALING_SECRETS)
    document = ReceivedDocument.objects.create(
        clinic=key.clinic, key=key, received_at=clock.now(), size=size, encoding=encoding
    )
    here = stream.tell()
    stream.seek(0)
    with connections[DATABASE].cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(["int8", "int4", "bytea"])
        number = 0
        while piece := stream.read(PIECE):
            number += 1
            copy.write_row((document.pk, number, box.seal(zlib.compress(piece, QUICK))))
    stream.seek(here)
    return document


def note_answer(*, document: ReceivedDocument, answer: Answer, took: timedelta) -> None:
    """What became of the document, and what its sender was told."""
    document.outcome = answer.result.outcome.value
    document.status = answer.status
    document.sections = [asdict(each) for each in answer.result.sections]
    document.result = answer.body.decode()
    document.took_ms = max(0, round(took.total_seconds() * 1000))
    document.save(update_fields=["outcome", "status", "sections", "result", "took_ms"])


def reopen(document: ReceivedDocument) -> Iterator[bytes]:
    """The document's bytes as they came, in pieces. Raises kit.secretbox.WrongKey."""
    box = SecretBox(settings.SEALING_SECRETS)
    parts = document.parts.order_by("number").values_list("sealed", flat=True)
    for sealed in parts.iterator(chunk_size=1):
        yield zlib.decompress(box.open(sealed))


def purge(now: datetime) -> int:
    """Removes documents older than 30 days with their results; returns how many."""
    old = ReceivedDocument.objects.filter(received_at__lt=now - KEPT).order_by("pk")
    purged = 0
    while found := list(old.values_list("pk", flat=True)[:_PURGED_AT_ONCE]):
        ReceivedDocument.objects.filter(pk__in=found).delete()
        purged += len(found)
    return purged
