"""A visit's story in sentences."""

import ast

from django.conf import settings
from django.urls import reverse

from slotbridge.his import story
from slotbridge.web import stories
from tests.web.house import CHANNEL
from tests.web.reading import content

# What writes an event, and at which place of the call its kind stands.
WRITERS = {"tell": 1, "_tell": 1, "_settled": 2, "end_hold": 1}


def kinds_in_code():
    """Kinds of events that his and sync write, as far as they stand there literally."""
    for floor in ("his", "sync"):
        for path in (settings.PACKAGE / floor).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    place = WRITERS.get(name, len(node.args))
                    for part in ast.walk(node.args[place]) if place < len(node.args) else ():
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            yield part.value


def test_every_event_has_a_sentence():
    assert {"moved", "released", "outcome-found", "told-break", "match-kept"} <= set(
        kinds_in_code()
    )
    assert set(kinds_in_code()) - set(stories._SENTENCES) == set()


def test_both_systems_stand_in_one_story_in_order(house, desk, frozen):
    visit = house.book(house.open(count=1)[0], by="rejestracja")
    frozen.shift(60)
    story.tell(visit, "told-booked", CHANNEL, booking="b1")

    text = content(desk.get(reverse("visit", args=[visit.public_id])))

    planned = text.index("Zaplanowana. 2 marca 2026, 09:00–09:30 2 marca 2026, 08:00 · rejestracja")
    told = text.index("Przekazano do serwisu ZnanyLekarz: zaplanowana. 2 marca 2026, 08:01")
    assert planned < told


def test_an_event_of_a_later_version_is_shown_by_its_code(house, desk):
    visit = house.book(house.open(count=1)[0])
    story.tell(visit, "teleported", CHANNEL)

    assert "teleported" in content(desk.get(reverse("visit", args=[visit.public_id])))
