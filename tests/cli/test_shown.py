"""`slotbridge why-not-shown`: the slot is found as people name it, and the reasons are said."""

import pytest
from typer.testing import CliRunner

from slotbridge.cli import finding
from slotbridge.cli.main import app
from slotbridge.his import slots

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def ask(*words):
    answer = CliRunner(env={"LC_ALL": "", "LC_MESSAGES": "", "LANG": "en"}).invoke(
        app, ["why-not-shown", *map(str, words)]
    )
    return answer.exit_code, answer.stdout.splitlines(), answer.stderr


def test_a_slot_on_the_portal_is_shown(world):
    slot = world.open(days=1, count=1)[0]
    world.settle()

    code, lines, _ = ask(slot.public_id)

    assert (code, lines[1:]) == (0, ["  It is shown."])


def test_a_name_and_a_time_find_the_slot_diacritics_aside(world):
    slot = world.open(days=1, wall="09:00", count=2)[0]
    world.settle()
    slots.withdraw_slots(
        schedule=world.schedule, slot_ids=[slot.pk], channel="znanylekarz", by="tests"
    )
    world.settle()

    code, lines, _ = ask("--practitioner", "zrebiec", "--at", "2026-03-03T09:15")

    assert code == 1
    assert lines == [
        f"Gniewko Źrebiec, Poradnia kardiologiczna, 2026-03-03 09:00, {slot.public_id}",
        "  The visibility box is not ticked.",
    ]


def test_a_day_gives_all_its_slots_and_one_hidden_decides(world):
    shown = world.open(days=1, wall="09:00", count=2)
    world.open(days=1, wall="12:00", count=1, visible=False)
    world.settle()

    code, lines, _ = ask("--clinic", "KARDIO", "--at", "2026-03-03")

    assert (code, lines.count("  It is shown.")) == (1, len(shown))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name a slot by its id, or by --at with --practitioner or --clinic."),
        (["--at", "2026-03-03"], "Name a slot by its id"),
        (["12"], "This is not a slot's id."),
        (["6f9619ff-8b86-d011-b42d-00c04fc964ff"], "There is no such slot."),
        (["--at", "tomorrow", "--clinic", "x"], "Write the time of the clinic's clock"),
        (["--at", "2026-03-03T09:00Z", "--clinic", "x"], "Write the time of the clinic's clock"),
        (["--at", "2026-03-03", "--clinic", "x"], "There is no such slot."),
    ],
)
def test_what_names_no_slot_is_answered_by_how_to_name_one(db, words, said):
    code, lines, error = ask(*words)

    assert (code, lines) == (2, [])
    assert said in error


def test_too_many_slots_ask_for_more(world, monkeypatch):
    monkeypatch.setattr(finding, "MOST", 2)
    world.open(days=1, count=3)

    assert ask("--clinic", "kardio", "--at", "2026-03-03")[0] == 2


def test_a_slot_over_midnight_is_found_on_its_second_day(world):
    slot = world.open(days=1, wall="23:45", count=1)[0]

    found = finding.by_description(practitioner="", clinic="kardio", at="2026-03-04T00:05")

    assert found == [slot]
