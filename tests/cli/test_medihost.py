"""`slotbridge medihost …`: documents checked, sent, fetched and explained from a terminal."""

import json
from datetime import timedelta

import httpx
import pytest
from typer.testing import CliRunner

from slotbridge.cli.main import app
from slotbridge.kit import clock, http
from slotbridge.portal import keys, orders
from slotbridge.portal.models import (
    Appointment,
    Clinic,
    ReceivedDocument,
    Resource,
    ResourceGroup,
    WorkingDay,
)
from slotbridge.portal.wsgi import portal_app
from tests.cli.programs import REPOSITORY

SAMPLES = REPOSITORY / "tests" / "samples" / "medihost"
SAMPLE = SAMPLES / "mis-export.xml"
KEY = "9DDDE578-5179-4CC4-A2A0-F681618ED9EA"
PORTAL = "http://localhost:8200"
EXPORT = "<MediExchange><Orders>{}</Orders></MediExchange>"

of_a_portal = pytest.mark.django_db(databases=["portal"], transaction=True)


def run(*words, stdin=b"", **environment):
    env = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "en", "SLOTBRIDGE_CLIENT_KEY": KEY}
    return CliRunner(env=env | environment).invoke(app, ["medihost", *map(str, words)], input=stdin)


def sections(answer):
    """Of a table: name -> the numbers of its row."""
    rows = [line.split() for line in answer.stdout.splitlines()]
    return {
        " ".join(word for word in row if not word.isdecimal()): [
            int(word) for word in row if word.isdecimal()
        ]
        for row in rows
        if row and row[-1].isdecimal() and row[0][0].isupper() and row[0] != "HTTP"
    }


class Scripted(httpx.BaseTransport):
    """A portal that gives one answer, or none."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []

    def handle_request(self, request):
        request.read()
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def scripted():
    """`scripted(status, text)` is the way to a portal that answers so."""

    def portal(status=200, text="", **more):
        return Scripted(httpx.Response(status, text=text, **more))

    return portal


@pytest.fixture
def clinic(frozen):
    made = Clinic.objects.create(name="Клиника «Берёза»", language="en", created_at=clock.now())
    keys.issue_key(clinic=made, by="operator", key=KEY)
    with http.through(httpx.WSGITransport(app=portal_app)):
        yield made


# --- validate -----------------------------------------------------------------------------------


def test_a_good_document_is_counted_and_passes():
    answer = run("validate", SAMPLE)

    assert answer.exit_code == 0
    assert sections(answer) == {
        "ResourceGroups": [11],
        "Resources": [70],
        "Schedules": [27],
        "Appointments full": [1],
        "Orders": [2],
    }
    assert "A portal can apply all of this document." in answer.stdout


def test_a_row_in_error_is_named_by_line_code_key_and_attribute():
    answer = run("validate", SAMPLES / "bad" / "bad-date.xml")

    assert answer.exit_code == 1
    assert "4 E_DATE SchedEvent/104 ReceptionDateTime: 31.02.2010 is not a date" in answer.stdout


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("truncated.xml", "E_NOT_WELL_FORMED"),
        ("wrong-root.xml", "E_ROOT"),
        ("xxe.xml", "E_DTD"),
        ("missing-client-key.xml", "E_KEY_MISSING"),
        ("unknown-syncmode.xml", "E_SYNC_MODE"),
    ],
)
def test_what_no_portal_could_use_is_unreadable(file, code):
    answer = run("validate", SAMPLES / "bad" / file)

    assert answer.exit_code == 2
    assert code in answer.stdout
    assert "A portal would apply nothing of this document." in answer.stdout


def test_every_document_that_must_be_accepted_passes():
    files = sorted((SAMPLES / "tolerated").glob("*.xml"))
    assert files
    assert {file.name: run("validate", file).exit_code for file in files} == {
        file.name: 0 for file in files
    }


def test_another_program_reads_the_same_as_json():
    answer = run("validate", SAMPLES / "bad" / "bad-date.xml", "--json")

    said = json.loads(answer.stdout)
    assert (answer.exit_code, said["outcome"]) == (1, "partial")
    assert said["sections"] == [{"name": "Appointments", "received": 2, "mode": "diff"}]
    [problem] = said["problems"]
    assert (problem["code"], problem["line"], problem["error"]) == ("E_DATE", 4, True)


def test_a_document_can_come_through_a_pipe():
    answer = run("validate", "-", stdin=SAMPLE.read_bytes())
    assert (answer.exit_code, sections(answer)["Resources"]) == (0, [70])


def test_an_answer_of_export_php_is_checked_as_one():
    bare = b"<Orders/>"
    assert run("validate", "-", stdin=bare).exit_code == 2
    assert run("validate", "-", "--export", stdin=bare).exit_code == 0


def test_a_file_that_is_not_there_is_named():
    answer = run("validate", "/nowhere/document.xml")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr == "/nowhere/document.xml: No such file or directory\n"


def test_it_speaks_polish_where_the_terminal_does():
    answer = run("validate", SAMPLES / "bad" / "bad-date.xml", LANG="pl_PL.UTF-8")
    assert "31.02.2010 nie jest datą" in answer.stdout


def test_no_report_shows_a_patient():
    document = SAMPLE.read_text().replace('Duration="20"', 'Duration="x"')
    answer = run("validate", "-", stdin=document.encode())
    assert answer.exit_code == 1
    for personal in ("иванов", "Иванов", "телефон", "mlab@medwork.ru"):
        assert personal not in answer.stdout


# --- send ---------------------------------------------------------------------------------------


@of_a_portal
def test_a_document_is_sent_and_its_result_shown(clinic):
    answer = run("send", SAMPLES / "tolerated" / "split-and-night-shifts.xml", "--to", PORTAL)

    assert answer.exit_code == 0
    assert answer.stdout.startswith("HTTP 200\nok, ImportID ")
    assert sections(answer)["Schedules"][0] == 5
    assert WorkingDay.objects.exists()


@of_a_portal
def test_the_sample_counts_as_the_protocol_says(clinic):
    document = SAMPLE.read_text().partition("<Orders>")[0] + "</MediExchange>"

    answer = run("send", "-", "--to", f"{PORTAL}/services/import.php", stdin=document.encode())

    assert answer.exit_code == 0
    found = sections(answer)
    assert {name: numbers[:2] for name, numbers in found.items()} == {
        "ResourceGroups": [11, 11],
        "Resources": [70, 70],
        "Schedules": [27, 27],
        "Appointments full": [1, 1],
    }


@of_a_portal
def test_the_bytes_are_sent_as_they_are(clinic):
    """A document in windows-1251 must not be turned into another one on its way."""
    answer = run("send", SAMPLES / "tolerated" / "windows-1251.xml", "--to", PORTAL)
    assert answer.exit_code == 0
    assert ReceivedDocument.objects.get().encoding.lower() == "windows-1251"


@of_a_portal
@pytest.mark.parametrize(
    ("file", "code", "exit_code"),
    [
        ("bad-date.xml", "E_DATE", 1),
        ("truncated.xml", "E_NOT_WELL_FORMED", 2),
        ("wrong-client-key.xml", "E_KEY", 3),
        ("missing-client-key.xml", "E_KEY_MISSING", 3),
    ],
)
def test_the_exit_code_says_what_to_do(clinic, file, code, exit_code):
    answer = run("send", SAMPLES / "bad" / file, "--to", PORTAL)
    assert answer.exit_code == exit_code
    assert f"{code} " in answer.stdout or f"{code}:" in answer.stdout


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(200, 0), (302, 2), (400, 2), (401, 3), (403, 3), (404, 2), (413, 2), (429, 4), (503, 4)],
)
def test_the_status_alone_is_enough(scripted, status, exit_code):
    with http.through(scripted(status, "готово")):
        answer = run("send", SAMPLE, "--to", PORTAL)
    assert answer.exit_code == exit_code
    assert "The answer is no MediExchangeResult; its status alone counts." in answer.stdout


def test_how_long_to_wait_is_shown(scripted):
    with http.through(scripted(503, headers={"Retry-After": "60"})):
        assert "Retry-After: 60" in run("send", SAMPLE, "--to", PORTAL).stdout


def test_a_portal_that_does_not_answer_is_for_later():
    lost = Scripted(httpx.ConnectError(f"https://portal.example/?client_key={KEY}"))
    with http.through(lost):
        answer = run("send", SAMPLE, "--to", "https://portal.example")
    assert (answer.exit_code, answer.stdout) == (4, "")
    assert answer.stderr == "The portal does not answer (ConnectError).\n"


def test_nothing_travels_readable_to_another_machine_unless_wanted(scripted):
    with http.through(wires := scripted()):
        refused = run("send", SAMPLE, "--to", "http://portal.example")
        assert (refused.exit_code, wires.requests) == (2, [])
        assert "--plain-http" in refused.stderr
        assert run("send", SAMPLE, "--to", "http://portal.example", "--plain-http").exit_code == 0
    assert len(wires.requests) == 1


@pytest.mark.parametrize(
    "address", ["portal.example", "ftp://portal.example", "https://", "https://x/?client_key=1"]
)
def test_what_is_no_address_is_not_called(address):
    answer = run("send", SAMPLE, "--to", address)
    assert answer.exit_code == 2
    assert "This is not a portal's address" in answer.stderr


# --- fetch --------------------------------------------------------------------------------------


@pytest.fixture
def order(clinic):
    """One order that waits, of an invented patient."""
    day = "03.03.2026"
    run("send", "-", "--to", PORTAL, stdin=f"""<MediExchange ClientKey="{KEY}">
      <Resources><r id="7" name="Чайкина А." time_step="30"/></Resources>
      <Schedules><s id="1" date="{day}" resource_id="7">
        <time_rules w_startTime="9:00" w_endTime="18:00"/></s></Schedules>
      <Appointments SyncMode="full"/></MediExchange>""".encode())  # fmt: skip
    return orders.file_order(
        resource=Resource.objects.get(),
        start=clock.now() + timedelta(hours=24),
        person=orders.Person(name1="Вымышленная", name2="Анна", phone="+7 900 000-00-00"),
        language="ru",
    )


@of_a_portal
def test_orders_are_counted_and_nobody_is_named(order):
    answer = run("fetch", "--from", PORTAL, "--since", "2026-03-02T00:00+03:00")

    assert answer.exit_code == 0
    assert answer.stdout.splitlines() == [
        "Orders: 1 (1 waiting, 0 accepted, 0 rejected).",
        "Last change: 2026-03-02 10:00:00, by the clinic's clock.",
        f"Next time: --since {int(clock.now().timestamp()) - 600}",
    ]


@of_a_portal
def test_who_wants_to_see_patients_says_so(order):
    answer = run("fetch", "--from", PORTAL, "--since", "0", "--show")
    assert "Вымышленная Анна  +7 900 000-00-00" in answer.stdout


@of_a_portal
def test_an_answer_is_kept_for_its_owner_only(order, tmp_path):
    file = tmp_path / "orders.xml"
    words = ("fetch", "--from", PORTAL, "--since", "0", "--out", file)

    assert run(*words).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert 'Name1="Вымышленная"' in file.read_text()
    assert run("validate", file, "--export").exit_code == 0

    again = run(*words)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert run(*words, "--force").exit_code == 0


@of_a_portal
def test_orders_of_another_time_are_not_there(order):
    answer = run(
        "fetch", "--from", PORTAL, "--since", "2026-03-01T00:00Z", "--until", "2026-03-02T00:00Z"
    )
    assert "Orders: 0 " in answer.stdout


@of_a_portal
def test_a_wrong_key_is_said(clinic):
    wrong = KEY.replace("9", "8")
    answer = run("fetch", "--from", PORTAL, "--since", "0", SLOTBRIDGE_CLIENT_KEY=wrong)
    assert answer.exit_code == 3
    assert "E_KEY" in answer.stdout
    assert wrong not in answer.stdout + answer.stderr


@of_a_portal
def test_the_key_is_asked_for_where_the_environment_has_none(clinic):
    answer = run(
        "fetch", "--from", PORTAL, "--since", "0", stdin=f"{KEY}\n", SLOTBRIDGE_CLIENT_KEY=""
    )
    assert answer.exit_code == 0
    assert KEY not in answer.stdout


def test_one_order_that_cannot_be_read_is_told_beside_the_others(scripted):
    with http.through(scripted(200, EXPORT.format('<o ID="3" Status="0"/>'))):
        answer = run("fetch", "--from", PORTAL, "--since", "0")
    assert answer.exit_code == 1
    assert "E_MISSING 3 " in answer.stdout
    assert "Orders: 0 " in answer.stdout


def test_a_web_page_is_no_list_of_orders(scripted, tmp_path):
    with http.through(scripted(200, "<html>Вход</html>")):
        answer = run("fetch", "--from", PORTAL, "--since", "0")
    assert answer.exit_code == 2
    assert "E_" in answer.stdout


@pytest.mark.parametrize("since", ["yesterday", "1e9", "2026-13-01", "999999999999", "-5"])
def test_a_moment_that_cannot_be_read_is_not_asked_for(since):
    answer = run("fetch", "--from", PORTAL, f"--since={since}")
    assert answer.exit_code == 2
    assert "--since: write UNIX seconds" in answer.stderr


# --- explain ------------------------------------------------------------------------------------


@of_a_portal
def test_an_import_is_explained_without_being_done(clinic):
    document = SAMPLE.read_text().partition("<Orders>")[0] + "</MediExchange>"

    answer = run("explain", "-", stdin=document.encode())

    assert answer.exit_code == 0
    assert sections(answer)["Resources"][:2] == [70, 70]
    assert answer.stdout.splitlines()[-1] == "Nothing was changed."
    for model in (ResourceGroup, Resource, WorkingDay, Appointment, ReceivedDocument):
        assert not model.objects.exists()


@of_a_portal
def test_deletions_that_would_be_withheld_are_explained(clinic):
    rows = "".join(
        f'<a tablename="Visit" id="{n}" resource_id="7"'
        f' ReceptionDateTime="04.03.2026 09:00:00" Duration="30"/>'
        for n in range(20)
    )
    document = (
        '<MediExchange ClientKey="{}">'
        '<Appointments SyncMode="full">{}</Appointments></MediExchange>'
    )
    run("send", "-", "--to", PORTAL, stdin=document.format(KEY, rows).encode())

    answer = run("explain", "-", stdin=document.format(KEY, "").encode())

    assert answer.exit_code == 1
    assert "W_WITHHELD" in answer.stdout
    assert Appointment.objects.count() == 20


@of_a_portal
@pytest.mark.parametrize(
    ("file", "exit_code"),
    [("wrong-client-key.xml", 3), ("missing-client-key.xml", 3), ("truncated.xml", 2)],
)
def test_what_would_be_refused_is_explained(clinic, file, exit_code):
    answer = run("explain", SAMPLES / "bad" / file)
    assert answer.exit_code == exit_code
    assert "E_" in answer.stdout
