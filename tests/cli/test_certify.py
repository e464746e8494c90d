"""`slotbridge certify`: run, shown, reported, and its exit codes."""

import json
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from typer.testing import CliRunner

from slotbridge.cli.certification import interrupting, visitors
from slotbridge.cli.main import app
from slotbridge.kit import clock
from slotbridge.sandbox import delivery
from slotbridge.sync import accounts
from slotbridge.sync.certification.visitor import CannotAct, Invented, Wish
from slotbridge.sync.contract import Heard
from slotbridge.sync.models import Account
from tests.world import World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


@pytest.fixture
def house(world, monkeypatch):
    """A clinic that works; while the command waits, the frozen clock goes on."""

    def sleep(seconds):
        world.clock.shift(timedelta(seconds=seconds))
        delivery.deliver_due()

    monkeypatch.setattr(interrupting, "sleep", sleep)
    world.open(days=1, count=2)
    world.settle()
    return world


def certify(*words, account="znanylekarz"):
    token = {"SLOTBRIDGE_SANDBOX_CONTROL_TOKEN": django_settings.SANDBOX_CONTROL_TOKEN}
    env = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "en", **token}
    answer = CliRunner(env=env).invoke(app, ["certify", "--account", account, *map(str, words)])
    return answer.exit_code, answer.stdout, answer.stderr


def test_at_the_sandbox_all_flows_pass_and_both_reports_are_written(house, tmp_path):
    told, for_programs = tmp_path / "report.md", tmp_path / "report.json"

    code, shown, _ = certify("--report", told, "--json", for_programs)

    assert (code, "All flows passed." in shown) == (0, True)
    assert f"Report: {told}" in shown
    text = told.read_text()
    assert text.startswith("# Certification of Slotbridge")
    assert "ZnanyLekarz, a sandbox at localhost:8100" in text
    assert "the sandbox's control API" in text
    document = json.loads(for_programs.read_text())
    assert (document["result"], document["exit_code"]) == ("passed", 0)
    assert {flow["result"] for flow in document["flows"]} == {"passed"}
    assert house.portal_shows() == [house.at(1, "09:00"), house.at(1, "09:30")]


def test_a_flow_that_failed_ends_with_one(house, tmp_path):
    house.fault("getFacilities", "status", status=503)

    code, shown, _ = certify("--report", tmp_path / "report.md", "--doctor", "Nikt")

    assert (code, "A flow failed: mend it, and run this again." in shown) == (1, True)
    text = (tmp_path / "report.md").read_text()
    assert "**Credentials are accepted** – ✗ FAILED" in text
    assert "Not run: No calendar of the portal is filled for a doctor “Nikt”." in text


def test_what_could_not_be_run_ends_with_two(house, tmp_path):
    code, shown, _ = certify("--report", tmp_path / "report.md", "--doctor", "Nikt")

    assert (code, "Not all flows could be run." in shown) == (2, True)
    assert (tmp_path / "report.md").read_text().splitlines()[0].endswith(": NOT COMPLETE")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sandbox", "http://localhost:8000"], "No sandbox answers at http://localhost:8000"),
        (["--report", "/nowhere/report.md"], "/nowhere/report.md cannot be written"),
    ],
)
def test_what_cannot_be_run_says_what_to_do(house, words, said):
    writes = len(house.wires.writes())

    code, _, error = certify(*words)

    assert (code, said in error) == (2, True)
    assert len(house.wires.writes()) == writes


def test_an_account_is_named_with_its_organisation_where_there_are_several(house):
    other = Account.objects.get(pk=house.account.pk)
    assert certify(account="medihost")[0] == 2
    assert (
        "There is no such account. There are: Lecznica Pod Lipą/znanylekarz."
        in (certify(account="elsewhere/znanylekarz")[2])
    )
    accounts.configure(account=other, login="", password=None, remove_password=True, by="tests")
    assert "The account is not connected" in certify(account="lipa/znanylekarz")[2]


def test_away_from_a_sandbox_nothing_is_written_before_somebody_said_yes(house, monkeypatch):
    monkeypatch.setattr(visitors, "is_sandbox", lambda _url: False)
    writes = len(house.wires.writes())

    code, shown, error = certify()

    assert code == 2
    assert "This account is not at a sandbox but at localhost:8100." in shown
    assert "Nobody can be asked here: add --yes if it is meant." in error
    assert len(house.wires.writes()) == writes


def test_a_person_is_told_in_their_language_exactly_what_to_do(house):
    said = []
    person = visitors.PersonVisitor(timedelta(minutes=15), said.append, lambda _left: None)
    wish = Wish(house.account.listings.get().ref, "5", "Konsultacja", house.at(70, "20:00"))
    doctor, address = wish.listing.doctor, wish.listing.address

    person.books(wish, Invented.of_run("1"))
    person.moves("600", house.at(70, "20:00"), wish)
    person.cancels("600", wish)
    person.adds_break(wish.listing, house.at(70, "20:30"), house.at(70, "21:00"))

    day = f"{house.at(70, '20:00'):%Y-%m-%d}"
    assert said[0] == (
        f"As a patient, open the page of doctor {doctor} at address {address}, choose"
        f" “Konsultacja” on {day} 20:00, and book it for Testowa Certyfikacja. Use your own phone"
        " number, and an e-mail address that no patient's record here has."
    )
    assert f"change the date of booking 600 from {day} 20:00 to {day} 20:00" in said[2]
    assert f"cancel booking 600 on {day} 20:00" in said[4]
    assert f"add a break from {day} 20:30 to {day} 21:00" in said[6]
    with pytest.raises(CannotAct, match="cannot be asked to lose"):
        person.loses_next(Heard.BOOKED)


def test_a_wrong_control_token_and_a_refusal_are_said(house):
    wish = Wish(house.account.listings.get().ref, "5", "x", clock.now())
    for token, said in (
        ("wrong" * 8, "refuses the control token"),
        (django_settings.SANDBOX_CONTROL_TOKEN, "The sandbox refused it: 4"),
    ):
        visitor = visitors.SandboxVisitor("http://localhost:8100", token, "x", lambda _left: None)
        with pytest.raises(CannotAct, match=said):
            visitor.books(wish, Invented.of_run("1"))
        visitor.close()


def test_ctrl_c_is_noticed_while_waiting_and_raises_once(monkeypatch):
    heard, slept = interrupting.Interrupting(), []
    monkeypatch.setattr(interrupting, "sleep", slept.append)

    heard.pause(0.5)
    heard._hear(2, None)
    with pytest.raises(KeyboardInterrupt):
        heard.pause(60)
    heard.pause(0.1)

    assert sum(slept) == pytest.approx(0.6)


def test_the_world_is_a_sandbox_and_the_hub_is_not(frozen):
    world = World(frozen)
    assert visitors.is_sandbox("http://localhost:8100")
    assert not visitors.is_sandbox("http://localhost:8000")
    world.close()
