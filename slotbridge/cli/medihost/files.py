"""Documents in files, or on standard input, and answers into files."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

STDIN = "-"


class Unusable(Exception):
    """The file cannot be read or written; the text says which, and why."""


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """The file, or standard input for "-", as a stream that can be read twice. Raises Unusable."""
    if file == STDIN:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.seek(0)
            yield cast("BinaryIO", copy)
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - only opening it may fail in this way
    except OSError as error:
        raise Unusable(_named(file, error)) from None
    with stream:
        yield stream


def save(file: Path, content: bytes, *, overwrite: bool) -> None:
    """For this account only: it may hold patients. Raises Unusable."""
    how = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
    try:
        with os.fdopen(os.open(file, how, 0o600), "wb") as stream:
            stream.write(content)
    except FileExistsError:
        sentence = _("%(file)s is there already: choose another file, or add --force.")
        raise Unusable(sentence % {"file": file}) from None
    except OSError as error:
        raise Unusable(_named(file, error)) from None


def _named(file: str | Path, error: OSError) -> str:
    return f"{file}: {error.strerror or type(error).__name__}"
