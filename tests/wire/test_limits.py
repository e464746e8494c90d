"""What a hostile or broken document cannot do."""

import io
import subprocess
import sys

import pytest

from slotbridge.wire.medihost.reader import Batch, Limits, Opened, read
from tests.wire.documents import KEY, appointment, appointments, document, found, refusal

ROW = appointment()


def _padded(filler):
    return appointments(ROW).replace("<a ", f"{filler}<a ")


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE MediExchange><MediExchange/>",
        f"{' ' * 65530}<!DOCTYPE MediExchange><MediExchange/>",
        f"<!--{'x' * 65526}--><!DOCTYPE MediExchange><MediExchange/>",
        "<!DOC\x01TYPE MediExchange><MediExchange/>",
        document("<!-- <!DOCTYPE x> -->"),
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-be", "utf-8-sig"])
def test_a_doctype_anywhere_is_refused(body, codec):
    assert refusal(body.encode(codec)).code == "E_DTD"


def test_a_doctype_is_refused_with_its_line():
    assert refusal("\n\n<?xml version='1.0'?>\n<!DOCTYPE x>\n<x/>").line == 4


def test_an_escaped_doctype_is_text():
    assert found(appointments(appointment(Title="&lt;!DOCTYPE x&gt;")))


@pytest.mark.parametrize("entity", ["&leak;", "&nbsp;"])
def test_entities_that_nobody_declared_are_not_well_formed(entity):
    assert refusal(appointments(appointment(Title=entity))).code == "E_NOT_WELL_FORMED"


def test_a_document_over_the_size_is_refused_and_one_of_the_size_is_not():
    body = appointments(ROW).encode()

    assert found(body, Limits(size=len(body)))
    problem = refusal(body, Limits(size=len(body) - 1))
    assert (problem.code, problem.params["limit"]) == ("E_TOO_LARGE", len(body) - 1)


@pytest.mark.parametrize("filler", ["", "<!-- x -->"])
def test_more_elements_than_the_limit_are_refused(filler):
    body = _padded(filler).replace("</App", f"<a {appointment(id='2')}/></App")

    assert found(body, Limits(elements=4))
    assert refusal(body, Limits(elements=3)).code == "E_TOO_LARGE"


def test_a_long_run_of_rows_is_counted_too():
    body = appointments(*(appointment(id=str(number)) for number in range(3000)))

    assert refusal(body, Limits(elements=2500)).code == "E_TOO_LARGE"


@pytest.mark.parametrize("depth", [9, 300, 20_000])
def test_elements_nested_too_deep_are_refused(depth):
    body = f"<MediExchange>{'<x>' * (depth - 1)}{'</x>' * (depth - 1)}</MediExchange>"

    assert refusal(body).code == "E_TOO_LARGE"


def test_eight_levels_are_not_too_deep():
    assert found(f'<MediExchange ClientKey="{KEY}">{"<x>" * 7}{"</x>" * 7}</MediExchange>')


@pytest.mark.parametrize("filler", ["", "<!-- x -->", "<?x y?>"])
@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "utf-16"])
def test_a_value_over_the_limit_refuses_the_document(filler, codec):
    limit = Limits().attribute
    body = _padded(filler)

    assert found(body.replace("занято", "ы" * limit).encode(codec))
    problem = refusal(body.replace("занято", "ы" * (limit + 1)).encode(codec))
    assert (problem.code, problem.line) == ("E_VALUE_LONG", 3)


@pytest.mark.parametrize("filler", ["", "<!-- x -->"])
@pytest.mark.parametrize("limit", [20, 50])
def test_a_lower_limit_of_a_value(filler, limit):
    body = _padded(filler)

    assert found(body.replace("занято", "z" * 20), Limits(attribute=37))
    assert refusal(body.replace("занято", "z" * 51), Limits(attribute=limit)).code == "E_VALUE_LONG"


@pytest.mark.parametrize("filler", ["x", ">", "=' ", "&gt;"])
@pytest.mark.parametrize("before", ["", "<!-- x -->"])
def test_a_tag_that_does_not_end_is_not_waited_for(filler, before):
    body = _padded(before).replace("занято", filler * 2_000_000)

    assert refusal(body, Limits(size=10**8)).code == "E_VALUE_LONG"


def test_long_text_between_elements_is_no_value():
    body = _padded("text " * 500_000)
    assert found(body)
    assert found(body.replace("text", "<!-- x -->", 1))


@pytest.mark.parametrize("body", ["<", "<x", "x", "<MediExchange", "</MediExchange>"])
def test_what_is_no_document_is_not_well_formed(body):
    problem = refusal(body)

    assert problem.code == "E_NOT_WELL_FORMED"
    assert (problem.line, problem.column) >= (1, 1)


def test_a_document_cut_off_anywhere_is_refused():
    body = appointments(ROW).encode().rstrip()

    for length in range(len(body)):
        assert refusal(body[:length]).code in {"E_NO_XML", "E_NOT_WELL_FORMED"}


def test_a_key_is_known_before_the_rest_is_read():
    body = appointments(*(appointment(id=str(number)) for number in range(20_000))).encode()
    stream = io.BytesIO(body)

    assert next(read(stream)) == Opened(KEY, "utf-8")
    assert stream.tell() < 200_000 < len(body)


def test_rows_come_out_a_few_hundred_at_a_time():
    body = appointments(*(appointment(id=str(number)) for number in range(20_000)))

    batches = [each for each in found(body) if isinstance(each, Batch)]

    assert sum(len(each.rows) for each in batches) == 20_000
    assert max(len(each.rows) for each in batches) < 1000


MEASURE = """
import io, resource, sys
from slotbridge.wire.medihost.reader import Limits, read
from slotbridge.wire.medihost.problems import DocumentRefused
class Endless(io.RawIOBase):
    # A document of any size that is never in memory as a whole.
    head, row, tail = {head!r}, {row!r}, {tail!r}
    def __init__(self, count):
        self.count, self.at = count, 0
        self.size = len(self.head) + count * len(self.row % 0) + len(self.tail)
    def seekable(self): return True
    def readable(self): return True
    def seek(self, offset, whence=0):
        self.at = self.size + offset if whence == 2 else offset
        return self.at
    def read(self, size=-1):
        body = b""
        while len(body) < size and self.at + len(body) < self.size:
            body += self.part(self.at + len(body))
        body = body[:size]
        self.at += len(body)
        return body
    def part(self, at):
        if at < len(self.head): return self.head[at:]
        row, within = divmod(at - len(self.head), len(self.row % 0))
        if row < self.count: return (self.row % row)[within:]
        return self.tail[at - self.size:]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    for _ in read(Endless(int(sys.argv[1])), Limits(size=10**10, elements=10**7)): pass
except DocumentRefused as refused:
    print(refused.problem.code, end=" ")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def _measured(count, *, head, row, tail):
    code = MEASURE.format(head=head, row=row, tail=tail)
    run = subprocess.run(
        [sys.executable, "-c", code, str(count)], capture_output=True, text=True, check=True
    )
    *codes, kibibytes = run.stdout.split()
    return codes, int(kibibytes) / 1024


def test_memory_grows_by_some_bytes_a_row_only():
    """60 000 rows are 8 MB of XML; a tree of them would be 70 MB."""
    head = f'<MediExchange ClientKey="{KEY}">\n<Appointments SyncMode="full">\n'.encode()
    row = appointment(id="%06d", Title="x").encode().join([b"<a ", b"/>\n"])

    codes, few = _measured(6_000, head=head, row=row, tail=b"</Appointments></MediExchange>")
    _, many = _measured(60_000, head=head, row=row, tail=b"</Appointments></MediExchange>")

    assert codes == []
    assert many - few < 12


def test_a_value_of_ten_megabytes_takes_little_memory():
    head = b'<MediExchange>\n<Appointments>\n<a Title="'

    codes, megabytes = _measured(10_000, head=head, row=b"x%09d" + b"x" * 990, tail=b'"/></x>')

    assert codes == ["E_VALUE_LONG"]
    assert megabytes < 20
