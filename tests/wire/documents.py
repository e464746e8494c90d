"""Documents as a clinic's program may send them, and what the reader makes of them."""

import gzip
import io
from datetime import datetime
from pathlib import Path

from slotbridge.wire.medihost.document import read_document
from slotbridge.wire.medihost.problems import DocumentRefused
from slotbridge.wire.medihost.reader import Batch, read

SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "medihost"
KEY = "9DDDE578-5179-4CC4-A2A0-F681618ED9EA"


def local(text):
    """A date and time as the clinic's clocks show it, without a zone."""
    return datetime.fromisoformat(text)


def sample(name):
    body = (SAMPLES / name).read_bytes()
    return gzip.decompress(body) if name.endswith(".gz") else body


def samples(folder):
    return sorted(
        path.relative_to(SAMPLES).as_posix()
        for path in (SAMPLES / folder).iterdir()
        if path.suffix != ".md"
    )


def document(*sections):
    body = "\n".join(sections)
    return f'<MediExchange ClientKey="{KEY}">\n{body}\n</MediExchange>\n'


def section(name, *rows, attributes=""):
    body = "\n".join(rows)
    return f"<{name} {attributes}>\n{body}\n</{name}>"


def appointments(*rows):
    """An `Appointments` section; each row as its attributes."""
    return document(
        section("Appointments", *(f"<a {row}/>" for row in rows), attributes='SyncMode="diff"')
    )


def appointment(**changes):
    """One appointment's attributes, some changed; None leaves one out."""
    given = {
        "tablename": "T",
        "id": "1",
        "resource_id": "383",
        "ReceptionDateTime": "05.07.2010 12:00:00",
        "Duration": "30",
        "Title": "занято",
    }
    given.update(changes)
    return " ".join(f'{name}="{text}"' for name, text in given.items() if text is not None)


def day(*rules, date="05.07.2010", resource_id="383", number="1"):
    """An `s`; each rule as its attributes."""
    body = "".join(f"<time_rules {rule}/>" for rule in rules)
    return f'<s id="{number}" date="{date}" resource_id="{resource_id}">{body}</s>'


def schedules(*days):
    return document(section("Schedules", *days))


def found(body, limits=None, **options):
    """All that reading gives out; raises DocumentRefused."""
    body = body.encode() if isinstance(body, str) else body
    return list(read(io.BytesIO(body), limits, **options))


def read_text(body, **options):
    """(document, problems)"""
    return read_document(body.encode() if isinstance(body, str) else body, **options)


def told(body, **options):
    """(code, line, key, attribute) of every problem."""
    _, problems = read_text(body, **options)
    return [(each.code, each.line, each.key, each.attribute) for each in problems]


def refusal(body, limits=None, **options):
    """The problem for which the document is refused."""
    try:
        found(body, limits, **options)
    except DocumentRefused as refused:
        return refused.problem
    raise AssertionError("the document was not refused")


def rows(body):
    return [row for each in found(body) if isinstance(each, Batch) for row in each.rows]
