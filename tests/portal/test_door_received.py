"""Documents are kept as they came, sealed, for 30 days (U-28)."""

import io
import os
import tracemalloc
from datetime import timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.kit.secretbox import WrongKey
from slotbridge.portal import keys, received
from slotbridge.portal.models import DocumentPart, ReceivedDocument
from tests.portal.conftest import SAMPLES

pytestmark = pytest.mark.django_db(databases=["portal"])

WINDOWS_1251 = (SAMPLES / "tolerated" / "windows-1251.xml").read_bytes()


@pytest.fixture
def keep(clinic, key):
    def kept(document):
        return received.keep_document(
            key=keys.find(key),
            stream=io.BytesIO(document),
            size=len(document),
            encoding="windows-1251",
        )

    return kept


def shown(document):
    return b"".join(received.reopen(document))


@pytest.mark.parametrize("size", [1, received.PIECE - 1, received.PIECE, received.PIECE + 1])
def test_a_document_is_shown_again_byte_for_byte(keep, size):
    document = os.urandom(size)

    assert shown(keep(document)) == document


def test_the_stream_stays_where_its_reader_left_it(clinic, key):
    stream = io.BytesIO(WINDOWS_1251)
    stream.seek(17)

    kept = received.keep_document(
        key=keys.find(key), stream=stream, size=len(WINDOWS_1251), encoding="windows-1251"
    )

    assert stream.tell() == 17
    assert shown(kept) == WINDOWS_1251


def test_nothing_of_a_document_can_be_read_in_the_database(keep):
    keep(WINDOWS_1251)

    stored = b"".join(bytes(part.sealed) for part in DocumentPart.objects.all())
    for word in ("MediExchange", "SchedEvent", "Печеркина"):
        for encoding in ("utf-8", "windows-1251"):
            assert word.encode(encoding) not in stored


def test_without_the_secret_a_document_does_not_open(keep, settings):
    document = keep(WINDOWS_1251)
    settings.SEALING_SECRETS = ["another secret"]

    with pytest.raises(WrongKey):
        shown(document)


def test_the_secret_can_be_replaced_while_old_documents_are_kept(keep, settings):
    document = keep(WINDOWS_1251)
    settings.SEALING_SECRETS = ["a new secret", *settings.SEALING_SECRETS]

    assert shown(document) == WINDOWS_1251


def test_a_repetitive_document_takes_little_room(keep):
    row = b'<a tablename="SchedEvent" id="1" resource_id="422" Duration="30"/>\n'
    keep(row * 30_000)

    assert sum(len(part.sealed) for part in DocumentPart.objects.all()) < 100_000


class Repeating(io.RawIOBase):
    """Ever the same MiB, as often as told, without holding them."""

    def __init__(self, times):
        self.piece, self.times, self.left = os.urandom(received.PIECE), times, times

    def read(self, _size=-1):
        self.left -= 1
        return self.piece if self.left >= 0 else b""

    def tell(self):
        return 0

    def seek(self, _place, _whence=0):
        self.left = self.times
        return 0


def test_keeping_and_showing_take_the_memory_of_a_piece(clinic, key):
    def measured(times):
        tracemalloc.start()
        try:
            document = received.keep_document(
                key=keys.find(key), stream=Repeating(times), size=0, encoding="UTF-8"
            )
            for _piece in received.reopen(document):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert measured(8) < measured(2) * 1.3


def test_documents_are_kept_for_thirty_days(keep, frozen):
    old = keep(WINDOWS_1251)
    frozen.shift(timedelta(days=1))
    new = keep(WINDOWS_1251)
    frozen.shift(timedelta(days=29))

    assert received.purge(clock.now()) == 0
    frozen.shift(1)
    assert received.purge(clock.now()) == 1

    assert list(ReceivedDocument.objects.all()) == [new]
    assert not DocumentPart.objects.filter(document_id=old.pk).exists()
    assert shown(new) == WINDOWS_1251
