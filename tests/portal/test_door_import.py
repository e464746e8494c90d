"""import.php: every way of posting, every status, the order of checks, what is kept (11, U-28)."""

from urllib.parse import quote_plus

import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import translation
from django.utils.translation import gettext

from slotbridge.kit import clock
from slotbridge.portal import keys, received, replace
from slotbridge.portal.models import (
    Appointment,
    Clinic,
    DocumentPart,
    FailedTry,
    ReceivedDocument,
    Resource,
)
from slotbridge.portal.router import DATABASE
from slotbridge.wire.medihost import problems
from slotbridge.wire.medihost.result import Outcome, read_result
from tests.portal.conftest import KEY, SAMPLES

pytestmark = pytest.mark.django_db(databases=["portal"])

SAMPLE = (SAMPLES / "mis-export.xml").read_bytes()
WINDOWS_1251 = (SAMPLES / "tolerated" / "windows-1251.xml").read_bytes()
FORM = "application/x-www-form-urlencoded"
STRANGE = "00000000-0000-0000-0000-000000000000"
EMPTY = f'<MediExchange ClientKey="{KEY}"/>'.encode()


def form(document, more=""):
    return {
        "content": b"xml=" + quote_plus(document).encode() + more.encode(),
        "headers": {"Content-Type": FORM},
    }


WAYS = {
    "form": form(WINDOWS_1251),
    "form with its own key": form(WINDOWS_1251, f"&client_key={KEY.lower()}"),
    "multipart value": {"files": {"xml": (None, WINDOWS_1251)}},
    "multipart file": {"files": {"xml": ("mis.xml", WINDOWS_1251, "text/xml")}},
    "raw XML": {"content": WINDOWS_1251, "headers": {"Content-Type": "application/xml"}},
    "raw without a type": {"content": WINDOWS_1251},
}


def code(answer):
    return [each.code for each in read_result(answer.content).messages if each.is_error]


@pytest.mark.parametrize("path", ["/services/import.php", "/services/import"])
@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_a_windows_1251_document_arrives_whichever_way_it_is_posted(post_xml, clinic, how, path):
    answer = post_xml(WINDOWS_1251, path, **how)

    assert answer.status_code == 200, answer.text
    assert Appointment.objects.get().title == "Печеркина М.И. - повторный прием"
    document = ReceivedDocument.objects.get()
    assert b"".join(received.reopen(document)) == WINDOWS_1251
    assert document.size == len(WINDOWS_1251)
    assert document.encoding.lower() == "windows-1251"


def test_the_documents_sample_is_taken_and_its_counts_are_told(post_xml, clinic, frozen):
    answer = post_xml(SAMPLE)

    document = ReceivedDocument.objects.get()
    result = read_result(answer.content)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Date"] == "Mon, 02 Mar 2026 07:00:00 GMT"
    assert result.import_id == document.pk
    assert f"{result.received_on}" == "2026-03-02 10:00:00"  # in Moscow
    counts = {each.name: each.received for each in result.sections}
    assert counts == {
        "ResourceGroups": 11,
        "Resources": 70,
        "Schedules": 27,
        "Appointments": 1,
        "Orders": 2,
    }
    assert Resource.objects.filter(clinic=clinic, hidden_at=None).count() == 70


def test_what_was_answered_is_kept_with_the_document(post_xml, clinic, key):
    answer = post_xml(SAMPLE)

    document = ReceivedDocument.objects.get()
    result = read_result(answer.content)
    assert document.result.encode() == answer.content
    assert document.status == answer.status_code
    assert document.outcome == result.outcome
    assert document.key == keys.find(key)
    assert document.sections[0]["name"] == "ResourceGroups"
    assert document.sections[0]["added"] == 11
    assert document.took_ms is not None


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_import_is_posted_only(portal, clinic, method):
    answer = portal.request(method, "/services/import.php")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    if method != "HEAD":
        assert code(answer) == ["E_METHOD"]


@pytest.mark.parametrize(
    "how",
    [
        {"content": b""},
        {"content": b"xml=", "headers": {"Content-Type": FORM}},
        {"content": b"cells=1", "headers": {"Content-Type": FORM}},
        {"content": EMPTY, "headers": {"Content-Type": "text/plain"}},
        {"files": {"xml": (None, b"")}},
        form(EMPTY, "&xml=again"),
    ],
)
def test_without_a_document_there_is_nothing_to_do(post_xml, clinic, how):
    answer = post_xml(b"", **how)

    assert answer.status_code == 400
    assert code(answer) == ["E_NO_XML"]


REFUSED = {
    "bad/wrong-root.xml": "E_ROOT",
    "bad/xxe.xml": "E_DTD",
    "bad/billion-laughs.xml": "E_DTD",
    "bad/truncated.xml": "E_NOT_WELL_FORMED",
    "bad/unescaped-ampersand.xml": "E_NOT_WELL_FORMED",
    "bad/duplicate-sections.xml": "E_SECTION_TWICE",
    "bad/unknown-syncmode.xml": "E_SYNC_MODE",
    "bad/missing-client-key.xml": "E_KEY_MISSING",
}


@pytest.mark.parametrize(("name", "expected"), REFUSED.items())
def test_an_unusable_document_is_refused_and_changes_nothing(post_xml, clinic, name, expected):
    answer = post_xml((SAMPLES / name).read_bytes())

    assert answer.status_code == 400
    assert code(answer) == [expected]
    assert read_result(answer.content).outcome is Outcome.ERROR
    assert not Resource.objects.exists()


def test_a_wrong_key_is_refused_and_counted(post_xml, clinic):
    answer = post_xml((SAMPLES / "bad" / "wrong-client-key.xml").read_bytes())

    assert answer.status_code == 403
    assert code(answer) == ["E_KEY"]
    assert FailedTry.objects.get().address == "127.0.0.1"


def test_a_second_key_beside_the_document_must_be_the_same(post_xml, clinic):
    in_query = f"/services/import.php?client_key={STRANGE}"

    assert post_xml(EMPTY, **form(EMPTY, f"&client_key={STRANGE}")).status_code == 403
    assert post_xml(EMPTY, in_query).status_code == 403
    assert post_xml(EMPTY, in_query.replace(STRANGE, KEY)).status_code == 200
    assert post_xml(EMPTY, **form(EMPTY, "&client_key=")).status_code == 200


def test_a_key_from_the_wrong_place_is_refused(calling, clinic):
    Clinic.objects.update(allowed_addresses=["192.0.2.0/24"])
    how = form(EMPTY)

    def status(address, base="https://portal.test"):
        return calling(address, base).post("/services/import.php", **how).status_code

    assert status("192.0.2.7") == 200
    assert status("198.51.100.1") == 403
    assert status("192.0.2.7", "http://portal.test") == 403


def test_an_address_with_ten_failures_is_told_when_to_come_back(post_xml, clinic, frozen):
    wrong = EMPTY.replace(KEY.encode(), STRANGE.encode())
    for _try in range(10):
        assert post_xml(wrong).status_code == 403
        frozen.shift(10)

    answer = post_xml(EMPTY)

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "500"
    assert code(answer) == ["E_KEY"]


def test_what_no_clinic_may_send_is_not_even_read(post_xml, clinic):
    Clinic.objects.update(most_bytes=len(EMPTY))

    assert post_xml(EMPTY).status_code == 200
    answer = post_xml(EMPTY + b" ")

    assert answer.status_code == 413
    assert code(answer) == ["E_TOO_LARGE"]
    assert ReceivedDocument.objects.count() == 1


def test_every_clinic_has_limits_of_its_own(post_xml, clinic):
    large = Clinic.objects.create(name="Большая клиника", created_at=clock.now())
    its_key = keys.issue_key(clinic=large, by="operator").encode()
    Clinic.objects.filter(pk=clinic.pk).update(most_bytes=len(SAMPLE) - 1)

    refused = post_xml(SAMPLE)
    assert (refused.status_code, code(refused)) == (413, ["E_TOO_LARGE"])
    assert not ReceivedDocument.objects.exists()
    assert post_xml(SAMPLE.replace(KEY.encode(), its_key)).status_code == 200

    Clinic.objects.filter(pk=clinic.pk).update(most_bytes=len(SAMPLE), most_elements=50)
    assert code(post_xml(SAMPLE)) == ["E_TOO_LARGE"]
    Clinic.objects.filter(pk=clinic.pk).update(most_elements=500)
    assert post_xml(SAMPLE).status_code == 200


def test_checks_come_in_the_order_of_the_protocol(portal, post_xml, clinic):
    """Each request has its fault and all those that are looked for later."""
    Clinic.objects.update(most_bytes=2_000)
    rows = b"<Schedules/><Schedules/>" * 10
    tail = b' ClientKey="' + STRANGE.encode() + b'">' + rows + b"<unclosed"
    root = b"<!DOCTYPE Other []><Other" + tail
    undecodable = root + b"\x98"  # neither UTF-8 nor windows-1251 has it

    too_large = b" " * 3_000 + undecodable
    assert portal.put("/services/import.php", content=too_large).status_code == 405
    assert code(post_xml(too_large)) == ["E_TOO_LARGE"]
    assert code(post_xml(undecodable)) == ["E_ENCODING"]
    assert code(post_xml(root)) == ["E_DTD"]
    assert code(post_xml(b"<Other" + tail)) == ["E_ROOT"]
    assert code(post_xml(b"<MediExchange" + tail)) == ["E_KEY"]
    right = b"<MediExchange" + tail.replace(STRANGE.encode(), KEY.encode())
    assert code(post_xml(b"<MediExchange></oops>")) == ["E_KEY_MISSING"]
    assert code(post_xml(right.replace(rows, b"<Schedules/>"))) == ["E_NOT_WELL_FORMED"]
    assert code(post_xml(right.replace(b"<unclosed", b"</MediExchange>"))) == ["E_SECTION_TWICE"]


def test_a_document_is_kept_once_its_key_was_accepted_whatever_becomes_of_it(post_xml, clinic):
    truncated = (SAMPLES / "bad" / "truncated.xml").read_bytes()

    answer = post_xml(truncated)

    document = ReceivedDocument.objects.get()
    assert b"".join(received.reopen(document)) == truncated
    assert (document.outcome, document.status) == ("error", 400)
    assert document.result.encode() == answer.content
    assert read_result(answer.content).import_id == document.pk


def test_nothing_of_a_stranger_is_kept(post_xml, clinic):
    for name in ("wrong-client-key", "missing-client-key", "wrong-root", "xxe"):
        post_xml((SAMPLES / "bad" / f"{name}.xml").read_bytes())

    assert not ReceivedDocument.objects.exists()
    assert not DocumentPart.objects.exists()


def test_our_own_end_in_the_middle_leaves_the_document_without_an_outcome(
    post_xml, clinic, monkeypatch
):
    def killed(**_how):
        raise KeyboardInterrupt

    monkeypatch.setattr(replace, "apply_document", killed)
    with pytest.raises(KeyboardInterrupt):
        post_xml(SAMPLE)

    document = ReceivedDocument.objects.get()
    assert (document.outcome, document.status) == ("", None)
    assert b"".join(received.reopen(document)) == SAMPLE


def test_a_defect_of_ours_is_answered_and_noted_and_nothing_is_applied(post_xml, clinic, caplog):
    with transaction.atomic(using=DATABASE), connections[DATABASE].cursor() as cursor:
        cursor.execute("ALTER TABLE portal_appointment RENAME TO out_of_the_way")

    answer = post_xml(SAMPLE)

    assert answer.status_code == 500
    assert code(answer) == ["E_INTERNAL"]
    assert ReceivedDocument.objects.get().status == 500
    assert not Resource.objects.exists()
    record = next(each for each in caplog.records if each.getMessage() == "exchange failed")
    assert record.document == ReceivedDocument.objects.get().pk
    assert record.error == "ProgrammingError"


@pytest.mark.django_db(databases=["portal"], transaction=True)
def test_while_another_import_runs_a_second_one_is_sent_away_for_a_minute(
    post_xml, clinic, monkeypatch
):
    monkeypatch.setattr(replace, "PATIENCE", 1)
    other = connections[DATABASE].copy()
    try:
        with other.cursor() as cursor:
            other.set_autocommit(False)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [replace._LOCKS | clinic.pk])
            answer = post_xml(SAMPLE)
    finally:
        other.close()

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert code(answer) == ["E_BUSY"]
    assert post_xml(SAMPLE).status_code == 200


def test_messages_are_in_the_clinics_language_and_russian_for_strangers(post_xml, clinic):
    wrong_root = (SAMPLES / "bad" / "wrong-root.xml").read_bytes()
    twice = (SAMPLES / "bad" / "duplicate-sections.xml").read_bytes()

    def told(document):
        (message,) = read_result(post_xml(document).content).messages
        return message.text

    def said(kind, language):
        with translation.override(language):
            return gettext(kind.text) % {"name": "Appointments"}

    for language in ("ru", "en"):
        Clinic.objects.update(language=language)
        assert told(wrong_root) == said(problems.WRONG_ROOT, "ru")  # the key was not looked at
        assert told(twice) == said(problems.SECTION_TWICE, language)


def test_what_was_applied_is_told_even_if_the_answer_cannot_be_noted(
    post_xml, clinic, monkeypatch, caplog
):
    def fail(**_how):
        raise DatabaseError(KEY)

    monkeypatch.setattr(received, "note_answer", fail)

    assert post_xml(EMPTY).status_code == 200
    assert [each.error for each in caplog.records if hasattr(each, "document")] == ["DatabaseError"]


def test_a_query_of_a_thousand_parameters_is_not_looked_at(post_xml, clinic):
    answer = post_xml(EMPTY, "/services/import.php?" + "a=1&" * 1_000)

    assert answer.status_code == 400
    assert code(answer) == ["E_PARAM"]
