"""Documents changed at random: each ends in a refusal or in a complete reading, and soon.

A short run in the suite (test_fuzz.py); `python -m tests.wire.fuzz` with SLOTBRIDGE_FUZZ documents
for longer, which tells the slowest. The same number gives the same documents.
"""

import io
import os
import random
import re
import sys
import time

from slotbridge.wire.medihost.problems import DocumentRefused
from slotbridge.wire.medihost.reader import read
from tests.wire.documents import sample, samples

COUNT = int(os.environ.get("SLOTBRIDGE_FUZZ", "300"))
TOO_SLOW = 1.0  # seconds
ENCODINGS = ("utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "koi8-r")
PIECES = [
    *(b"<", b">", b'"', b"'", b"&", b"/", b"=", b"\x00", b"\x0b", b"\xff", b"\xd0", b"\n", b"\r"),
    *(b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x ", b"?>", b"<!DOCTYPE x [", b"&amp;", b"&#0;"),
    *(b"&#x10FFFF;", b"&lol;", b"</", b"/>", b"<a>" * 20, b'xmlns="u"', b' xmlns:p="u" p:id="1" '),
    *(b"<Orders>", b"</Orders>", b"<Appointments>", b"<time_rules/>", b"<s/>", b"<a/>", b"<o/>"),
    *(
        b"24:00",
        b"31.02.2010",
        b"0001-01-01T00:00:00",
        b"9" * 400,
        b"-",
        b"\xc2\xa0",
        b"\xef\xbb\xbf",
    ),
    *(b'id="1"', b'ID="-2"', b'Title="', b"x" * 70_000, b" " * 5000, b"\xed\xa0\x80"),
]
VALUES = [
    *(
        b"",
        b" ",
        b"0",
        b"-1",
        b"-2",
        b"7",
        b"1441",
        b"44641",
        b"9" * 19,
        b"9" * 20,
        b"30,0",
        b"3 0",
    ),
    *(b"01.07.2010", b"1.7.10", b"31.02.2010", b"2010-07-01", b"01.01.0001 0:00:00", b"9:5"),
    *(b"0:00", b"24:00", b"25:00", b"05.07.2010 9:00", b"2010-07-05T10:00:00Z", b"full", b"DIFF"),
    *(b"{9ddde578}", b"x" * 251, b"x" * 1001, b"x" * 70_000, b"&#9;", b"&amp;#38;", b"&#10;" * 300),
]
NAMES = [b"id", b"ID", b"pos", b"w_start", b"w_startTime", b"Title", b"title", b"extra", b"p:id"]
VALUE = re.compile(rb'"[^"]*"')
NAME = re.compile(rb"(?<= )[A-Za-z_0-9:]+(?==)")
ROW = re.compile(rb"<(rg|r|a|o|time_rules) [^>]*/>|<s .*?</s>", re.DOTALL)


def mutated(number):
    """The document of this number: a sample with up to eight faults.

    Half of them stay well-formed, so that the faults are met in rows.
    """
    chance = random.Random(number)
    body = chance.choice(_sources())
    if chance.random() < 0.2:
        body = body.decode("utf-8", "ignore").encode(chance.choice(ENCODINGS), "ignore")
    change = _changed if chance.random() < 0.5 else _changed_within
    for _ in range(chance.randint(1, 8)):
        body = change(body, chance)
    return body


def outcome(body, *, export=False):
    """The code of the refusal, or "read"; raises what a reader must not raise."""
    try:
        for _ in read(io.BytesIO(body), export=export):
            pass
    except DocumentRefused as refused:
        str(refused.problem)  # the text has all its parameters
        return refused.problem.code
    return "read"


def _changed(body, chance):
    start = chance.randrange(len(body) + 1)
    end = min(len(body), start + chance.choice([0, 1, 1, 3, 10, 80, 400]))
    match chance.randrange(5):
        case 0:
            return body[:start] + body[end:]
        case 1:
            return body[:start] + bytes([chance.randrange(256)]) + body[end:]
        case 2:
            return body[:start] + chance.choice(PIECES) + body[start:]
        case 3:
            other = chance.randrange(len(body) + 1)
            return body[:other] + body[start:end] + body[other:]
        case _:
            return body[:start] if chance.random() < 0.2 else body[start:] + body[:start]


def _changed_within(body, chance):
    """Another value, another name, or a row once more or not at all."""
    pattern, others = chance.choice([(VALUE, VALUES), (VALUE, VALUES), (NAME, NAMES), (ROW, None)])
    places = list(pattern.finditer(body))
    if not places:
        return body
    place = chance.choice(places)
    if others is None:
        new = place[0] * chance.choice([0, 2])
    else:
        quote = b'"' if pattern is VALUE else b""
        new = quote + chance.choice(others) + quote
    return body[: place.start()] + new + body[place.end() :]


def _sources():
    if not _SOURCES:
        names = ["mis-export.xml", "orders-export.xml", *samples("bad"), *samples("tolerated")]
        _SOURCES.extend(sample(name) for name in names if not name.endswith(".gz"))
    return _SOURCES


_SOURCES = []


def main():
    counts, slowest = {}, (0.0, 0)
    for number in range(COUNT):
        body = mutated(number)
        begin = time.perf_counter()
        code = outcome(body, export=number % 4 == 0)
        slowest = max(slowest, (time.perf_counter() - begin, number))
        counts[code] = counts.get(code, 0) + 1
    took = f"the slowest, number {slowest[1]}, took {slowest[0] * 1000:.0f} ms"
    sys.stdout.write(f"{COUNT} documents; {took}\n")
    for code in sorted(counts, key=counts.get, reverse=True):
        sys.stdout.write(f"{counts[code]:7}  {code}\n")
    return 1 if slowest[0] > TOO_SLOW else 0


if __name__ == "__main__":
    sys.exit(main())
