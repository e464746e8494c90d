"""A problem's line is where its element begins, however the document is laid out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.wire.medihost.reader import Batch, Limits
from tests.wire.documents import KEY, appointment, found, refusal

ROOT = f'<MediExchange ClientKey="{KEY}">'
blanks = st.sampled_from(["", "\n", "\n\n", " ", "\r\n", "\t\n \n", "text\n"])
others = st.sampled_from(
    ["", "<!-- <a/>\n -->", "<?x\n<a?>", "<![CDATA[<a\n/>]]>", "<!---->\n<?y?>"]
)


def _lines(body):
    return [line for each in found(body) if isinstance(each, Batch) for line in each.lines]


@st.composite
def layouts(draw, between):
    """A document and the lines at which its rows begin."""
    body = draw(st.sampled_from(["", "\n", '<?xml version="1.0"?>', '\n<?xml version="1.0"?>\n']))
    body += ROOT + draw(blanks) + '<Appointments SyncMode="diff">'
    lines = []
    for number in range(draw(st.integers(1, 6))):
        body += draw(blanks) + draw(between) + draw(blanks)
        lines.append(body.count("\n") + 1)
        row = appointment(id=str(number)).replace(" ", draw(st.sampled_from([" ", "\n", " \n\n"])))
        body += f"<a {row}".replace("05.07.2010\n", "05.07.2010 ").replace("\n12:", "12:")
        body += draw(st.sampled_from(["/>", "></a>", ">\n</a\n>", "\n/>"]))
    return body + draw(blanks) + "</Appointments></MediExchange>\n", lines


@given(layouts(st.just("")))
def test_in_a_document_of_tags_alone(layout):
    body, lines = layout

    assert _lines(body) == lines


@given(layouts(others))
def test_in_a_document_with_comments_and_the_like(layout):
    body, lines = layout

    assert _lines(body) == lines


@pytest.mark.parametrize("before", ["", "<!-- x -->"])
@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0"?>\n', "\n\n"])
def test_beyond_65535_lines(before, declaration):
    body = f'{declaration}{ROOT}{before}\n<Appointments SyncMode="diff">\n'
    body += "\n" * 70_000
    body += f"<a {appointment()}/>\n</Appointments></MediExchange>"

    assert _lines(body) == [70_003 + declaration.count("\n")]


@pytest.mark.parametrize("size", range(1, 60))
def test_wherever_the_document_is_cut_into_pieces(size):
    """Pieces are as long as the longest value; here they cut every tag somewhere."""
    rows = "\n".join(f'<rg id="{n}" name="Ё" pos="0"/>' for n in range(9))
    body = f"<?xml version='1.0'?>\n<MediExchange>\n<ResourceGroups>\n{rows}\n</ResourceGroups>\n"

    lines = [
        line
        for each in found(f"{body}</MediExchange>", Limits(attribute=size + 20))
        if isinstance(each, Batch)
        for line in each.lines
    ]

    assert lines == list(range(4, 13))


@pytest.mark.parametrize("text", ["<o/>", "<o/>\x06", "<a>\n</a>", "<!----><o/>"])
def test_a_document_of_a_few_bytes_is_told_of_when_it_ends(text):
    """The parser waits for more than four bytes before it tells of anything."""
    problem = refusal(text.encode())

    assert (problem.code, problem.line) == ("E_ROOT", 1)
