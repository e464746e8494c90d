import io
from urllib.parse import quote_plus, unquote_to_bytes

import pytest
from django.core.handlers.wsgi import WSGIRequest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.portal import bodies

FORM = "application/x-www-form-urlencoded"
LIMITS = {"xml": 5000, "client_key": 50}
CYRILLIC = "<a Title='Совещание, 50 % + чай'/>".encode("windows-1251")
HALF_ESCAPES = st.lists(
    st.sampled_from([b"%", b"+", b"=", b"4", b"f", b"G", b"\r", b"\n", b"\xff"])
)


def request(body, content_type="", **environ):
    given = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body))} | environ
    return WSGIRequest(
        {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "wsgi.input": io.BytesIO(body)} | given
    )


def taken(asked, limits=LIMITS):
    """The fields that were taken, as bytes."""
    with bodies.receive(asked, limits, raw="xml") as form:
        return {name: value.file.read() for name, value in form.items()}


def multipart(*parts):
    """Parts are (headers, bytes)."""
    lines = [b"--edge\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts]
    return b"".join(lines) + b"--edge--\r\n"


def part(name, more=""):
    return f'Content-Disposition: form-data; name="{name}"{more}'


MULTIPART = "multipart/form-data; boundary=edge"


@given(st.one_of(st.binary(), HALF_ESCAPES.map(b"".join)))
def test_percent_encoding_is_undone_as_the_standard_library_does_it(data):
    assert bodies.percent_decoded(data) == unquote_to_bytes(data.replace(b"+", b" "))


@given(st.binary(max_size=400), st.integers(1, 7))
def test_bytes_arrive_as_they_were_sent_wherever_a_read_cuts_them(document, cut):
    sent = b"other=1&xml=" + quote_plus(document).encode() + b"&client_key=K"
    asked = request(sent, FORM)
    asked._stream = Cut(asked._stream, cut)

    assert taken(asked) == {"xml": document, "client_key": b"K"}


class Cut:
    """Reads a few bytes at a time, as a slow line gives them."""

    def __init__(self, stream, most):
        self.stream, self.most = stream, most

    def read(self, size):
        return self.stream.read(min(size, self.most))


def test_windows_1251_reaches_the_reader_undecoded_in_every_form():
    as_value = multipart((part("xml"), CYRILLIC))
    as_file = multipart(
        (part("xml", '; filename="d.xml"') + "\r\nContent-Type: text/xml", CYRILLIC)
    )

    for asked in (
        request(b"xml=" + quote_plus(CYRILLIC).encode(), FORM),
        request(b"xml=" + quote_plus(CYRILLIC).encode(), FORM + "; charset=windows-1251"),
        request(as_value, MULTIPART),
        request(as_file, MULTIPART),
        request(CYRILLIC, "text/xml; charset=utf-8"),
        request(CYRILLIC, "application/xml"),
        request(CYRILLIC, "application/vnd.medihost+xml"),
        request(CYRILLIC),
    ):
        assert taken(asked) == {"xml": CYRILLIC}


def test_transfer_encodings_of_old_clients_are_undone():
    import base64
    import binascii

    document = CYRILLIC * 20
    lines = base64.encodebytes(document).replace(b"\n", b"\r\n")
    quoted = binascii.b2a_qp(document, istext=False)
    for encoding, data in (("base64", lines), ("Quoted-Printable", quoted), ("8bit", document)):
        head = part("xml") + f"\r\nContent-Transfer-Encoding: {encoding}"
        assert taken(request(multipart((head, data)), MULTIPART)) == {"xml": document}


def test_a_body_sent_in_chunks_without_its_length_is_read_to_its_end():
    environ = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}

    assert taken(request(CYRILLIC, **environ)) == {"xml": CYRILLIC}


def test_other_content_types_hold_no_field():
    assert taken(request(CYRILLIC, "text/plain")) == {}
    assert taken(request(CYRILLIC, "application/json")) == {}


def test_a_field_beside_the_wanted_ones_is_passed_over():
    assert taken(request(b"login=a&cells=%7B%7D&xml=%3Ca/%3E&&", FORM)) == {"xml": b"<a/>"}
    parts = multipart((part("login"), b"a"), (part("xml"), b"<a/>"), ("X-Other: 1", b"b"))
    assert taken(request(parts, MULTIPART)) == {"xml": b"<a/>"}


def test_an_empty_field_is_there_and_empty():
    assert taken(request(b"xml=", FORM)) == {"xml": b""}
    assert taken(request(b"xml", FORM)) == {"xml": b""}
    assert taken(request(multipart((part("xml"), b"")), MULTIPART)) == {"xml": b""}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"xml=%3Ca/%3E&xml=%3Cb/%3E", FORM),
        (multipart((part("xml"), b"<a/>"), (part("xml"), b"<b/>")), MULTIPART),
        (b"no form at all", MULTIPART),
        (multipart((part("xml"), b"<a/>")), "multipart/form-data"),
        (multipart((part("xml"), b"<a/>")), "multipart/form-data; boundary=" + "x" * 300),
        (multipart((part("xml") + "\r\nContent-Transfer-Encoding: base64", b"A")), MULTIPART),
    ],
)
def test_a_form_that_leaves_open_what_is_meant_is_refused(body, content_type):
    with pytest.raises(bodies.NotAForm) as refused:
        taken(request(body, content_type))

    assert refused.value.problem.code == "E_NO_XML"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<" * 5001, "text/xml"),
        (b"xml=" + b"%3C" * 5001, FORM),
        (b"xml=" + b"x" * 5001, FORM),
        (b"client_key=" + b"x" * 51, FORM),
        (multipart((part("xml"), b"<" * 5001)), MULTIPART),
    ],
)
def test_more_than_allowed_is_refused_and_exactly_that_much_is_not(body, content_type):
    with pytest.raises(bodies.TooLarge) as refused:
        taken(request(body, content_type))

    assert refused.value.problem.code == "E_TOO_LARGE"
    one_less = body.replace(b"%3C", b"", 1) if b"%3C" in body else body.replace(b"<", b"", 1)
    taken(request(one_less.replace(b"xx", b"x", 1), content_type))


class Endless(io.RawIOBase):
    """Counts what is taken from it."""

    def __init__(self, length):
        self.left, self.taken = length, 0

    def read(self, size=-1):
        size = min(size, self.left)
        self.left -= size
        self.taken += size
        return b"x" * size


def test_too_much_is_known_by_its_length_and_the_rest_is_read_only_for_the_answers_sake():
    half_more, hundredfold = Endless(7_500), Endless(500_000)
    for body in (half_more, hundredfold):
        with pytest.raises(bodies.TooLarge):
            taken(request(b"", CONTENT_LENGTH=str(body.left), **{"wsgi.input": body}))

    assert half_more.left == 0
    assert hundredfold.left > 0


def test_a_client_that_asked_before_sending_need_not_send():
    body = Endless(7_500)
    with pytest.raises(bodies.TooLarge):
        taken(
            request(
                b"",
                CONTENT_LENGTH="7500",
                HTTP_EXPECT="100-continue",
                **{"wsgi.input": body},
            )
        )

    assert body.taken == 0


def test_junk_around_the_values_is_limited_as_well():
    body = Endless(10_000_000)
    with pytest.raises(bodies.TooLarge):
        taken(
            request(
                b"",
                FORM,
                CONTENT_LENGTH="",
                **{"wsgi.input": body, "wsgi.input_terminated": True},
            )
        )

    assert body.taken < 400_000
