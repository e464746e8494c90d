"""Neither a key nor a patient reaches a log (U-1, U-12)."""

import io
import logging
from urllib.parse import quote_plus

import pytest

from slotbridge.config.logs import formatter
from slotbridge.portal import keys, replace
from slotbridge.portal.wsgi import PortalRequest
from tests.portal.conftest import KEY, SAMPLES

pytestmark = pytest.mark.django_db(databases=["portal"])

CANARY = "Канарейкина"
STRANGE = "CAFE0000-0000-4000-8000-00000000CAFE"


class Written(logging.Handler):
    """Every line as the program writes it."""

    def __init__(self):
        super().__init__()
        self.setFormatter(formatter())
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")  # the client's own lines
    written = Written()
    logging.getLogger().addHandler(written)
    yield written.lines
    logging.getLogger().removeHandler(written)


def secret(lines):
    return [line for line in lines for word in (KEY, STRANGE, CANARY) if word in line]


def test_no_key_and_no_patient_is_logged_whatever_goes_wrong(
    portal, post_xml, export, logged, monkeypatch
):
    sample = (SAMPLES / "mis-export.xml").read_text().replace("Бурдин В. С.", CANARY).encode()
    wrong = sample.replace(KEY.encode(), STRANGE.encode())

    def fail(**_how):
        raise ValueError(CANARY, KEY)

    post_xml(sample, f"/services/import.php?client_key={KEY}")
    post_xml(wrong)
    post_xml(sample, content=b"xml=%" + quote_plus(sample).encode() + b"&xml=" + KEY.encode())
    post_xml(sample, files={KEY: (CANARY, sample)})
    for path in ("/services/export.php", "/services/imports.php", "/nowhere"):
        for key in (KEY, STRANGE):
            export(path, client_key=key, start=0)
            export(path, client_key=key, start=key)
            portal.put(f"{path}?client_key={key}")
    monkeypatch.setattr(replace, "apply_document", fail)
    monkeypatch.setattr(keys, "find", fail)
    assert export(start=0).status_code == 500
    assert post_xml(sample).status_code == 500

    assert any("exchange failed" in line for line in logged)
    assert secret(logged) == []


def test_a_request_does_not_tell_its_address():
    asked = PortalRequest(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/services/export.php",
            "QUERY_STRING": f"client_key={KEY}",
            "wsgi.input": io.BytesIO(),
        }
    )

    assert KEY in asked.get_full_path()
    assert repr(asked) == "<PortalRequest: GET>"
