"""What `slotbridge check` finds, with a portal that answers, refuses or is silent."""

import pytest

from slotbridge.cli import checks
from slotbridge.cli.checks import Grade
from slotbridge.kit.secretbox import SecretBox
from slotbridge.sync import accounts

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def found(subject):
    """(grade, sentence) of every finding about it."""
    return [(each.grade, each.sentence) for each in checks.all_of_it() if subject in each.subject]


@pytest.fixture
def public(settings, tmp_path):
    settings.DATA = tmp_path
    settings.PUBLIC_URL = "https://terminy.example.org"
    settings.ALLOWED_HOSTS = ["terminy.example.org"]


def test_an_installation_in_order_has_nothing_to_be_done(world, public):
    findings = list(checks.all_of_it())

    assert [(each.grade, each.line) for each in findings if each.grade != Grade.OK] == []
    assert [each.subject for each in findings][-1] == "znanylekarz (Lecznica Pod Lipą)"


def test_an_address_that_the_hub_would_refuse_is_a_fault(db, public, settings):
    settings.ALLOWED_HOSTS = ["localhost"]

    assert found("public") == [
        (Grade.FAILED, "requests to terminy.example.org are refused: add it to SLOTBRIDGE_HOSTS.")
    ]


@pytest.mark.parametrize(
    ("url", "grade"),
    [
        ("http://localhost:8000", Grade.ADVICE),  # no portal reaches it
        ("http://terminy.example.org", Grade.ADVICE),  # readable on the way
        ("terminy.example.org", Grade.FAILED),
    ],
)
def test_the_public_address_must_be_one_that_portals_reach_safely(db, settings, url, grade):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = url, ["*"]

    assert [each for each, _sentence in found("public")] == [grade]


def test_a_secret_that_others_can_read_is_a_fault(db, settings, tmp_path, monkeypatch):
    monkeypatch.delenv("SLOTBRIDGE_SECRET_KEY", raising=False)
    settings.DATA = tmp_path
    secret = tmp_path / "secret_key.secret"
    secret.touch(mode=0o600)
    assert Grade.FAILED not in [grade for grade, _sentence in found("secrets")]

    secret.chmod(0o640)
    assert (Grade.FAILED, f"others can read {secret}: chmod 600 it.") in found("secrets")


def test_what_another_secret_sealed_is_found_before_a_portal_is_asked(world, public):
    world.account.sealed_password = SecretBox(["another secret"]).seal("x")
    world.account.save(update_fields=["sealed_password"])

    assert Grade.FAILED in [grade for grade, _sentence in found("secrets")]
    assert found("znanylekarz") == [(Grade.FAILED, "its password cannot be opened; see above.")]


def test_a_portal_that_refuses_the_password_is_a_fault(world, public):
    accounts.configure(
        account=world.account,
        login=world.portal.credentials.client_id,
        password="wrong",
        settings=world.account.settings,
        by="tests",
    )

    assert found("znanylekarz") == [
        (Grade.FAILED, "the portal refuses login or password: enter them anew.")
    ]


def test_a_portal_that_is_down_is_a_fault(world, public):
    world.fault("*", "status", status=503)

    [(grade, sentence)] = found("znanylekarz")

    assert grade == Grade.FAILED
    assert sentence.startswith("the portal does not answer as it should: ")


def test_without_a_portal_there_is_advice_and_no_fault(db, public):
    assert [grade for grade, _sentence in found("portals")] == [Grade.ADVICE]
