from pathlib import Path
from urllib.parse import quote_plus

import httpx
import pytest

from slotbridge.config import portal as portal_settings
from slotbridge.kit import clock
from slotbridge.portal import keys
from slotbridge.portal.models import Clinic
from slotbridge.portal.wsgi import portal_app

SAMPLES = Path(__file__).parents[1] / "samples" / "medihost"
KEY = "9DDDE578-5179-4CC4-A2A0-F681618ED9EA"  # of every sample
BASE = "http://portal.test"


@pytest.fixture(autouse=True)
def own_words(settings):
    """The portal's catalogue alone, as the portal runs: the hub says some words otherwise."""
    settings.LOCALE_PATHS = portal_settings.LOCALE_PATHS


@pytest.fixture
def clinic(db_of_portal):
    """A clinic in Moscow that imported nothing yet; the key of the samples is its own."""
    made = Clinic.objects.create(name="Клиника «Берёза»", created_at=clock.now())
    keys.issue_key(clinic=made, by="operator", key=KEY)
    return made


@pytest.fixture
def key(clinic):
    return KEY


@pytest.fixture
def db_of_portal(request):
    """The test names its database by mark; this fixture only comes after it."""
    mark = request.node.get_closest_marker("django_db")
    is_transactional = bool(mark and mark.kwargs.get("transaction"))
    request.getfixturevalue("transactional_db" if is_transactional else "db")


@pytest.fixture
def calling():
    """A client of the portal at an address: `calling("192.0.2.7").get("/")`; plain loopback if
    none is given.
    """

    def client(address="127.0.0.1", base=BASE):
        transport = httpx.WSGITransport(app=portal_app, remote_addr=address)
        return httpx.Client(transport=transport, base_url=base)

    return client


@pytest.fixture
def portal(calling):
    """A client on this machine, which needs no HTTPS."""
    return calling()


@pytest.fixture
def post_xml(portal):
    """Posts a document (bytes) to import.php as the strict sender does, or as httpx is told."""

    def post(document, path="/services/import.php", **how):
        if not how.keys() & {"content", "files"}:
            how["content"] = b"xml=" + quote_plus(document).encode()
            how.setdefault("headers", {})["Content-Type"] = "application/x-www-form-urlencoded"
        return portal.post(path, **how)

    return post


@pytest.fixture
def export(portal):
    """Asks export.php, with the samples' key unless another one (or None) is given."""

    def get(path="/services/export.php", **params):
        given = {"client_key": KEY} | params
        return portal.get(path, params={k: v for k, v in given.items() if v is not None})

    return get
