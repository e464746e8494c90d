"""Whatever is done in whatever order: no two visits take one person or room at one time, and each
visit's story ends where the visit is.
"""

from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import combinations

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotbridge.his import free, visits
from slotbridge.his.models import Schedule, Slot, Visit
from slotbridge.kit import clock
from tests.factories import (
    CHANNEL,
    PatientFactory,
    PractitionerFactory,
    RoomFactory,
    ScheduleFactory,
    SlotFactory,
)

pytestmark = pytest.mark.django_db

PIECE = timedelta(minutes=10)
LASTING = timedelta(minutes=3)
REFUSED = (visits.SlotTaken, visits.NoSlot, visits.VisitOver, visits.TooEarly)

# Three schedules of two practitioners, who share a room; each has one slot of six pieces.
schedules = st.integers(0, 2)
pieces = st.tuples(st.integers(0, 5), st.integers(1, 3))
sides = st.sampled_from(["", CHANNEL])
which = st.integers(0, 30)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("book"), schedules, pieces, sides, st.booleans()),
        st.tuples(st.just("hold"), schedules, pieces, sides),
        st.tuples(st.just("move"), which, schedules, pieces, sides, st.booleans()),
        st.tuples(st.just("cancel"), which, sides),
        st.tuples(st.just("release"), which),
        st.tuples(st.just("settle"), which),
        st.tuples(st.just("mark"), which, st.sampled_from(["arrived", "fulfilled", "noshow"])),
        st.tuples(st.just("wait"), st.sampled_from([1, 5, 24 * 60])),
        st.tuples(st.just("tidy")),
    ),
    max_size=25,
)


class Clinic:
    """The steps, by name."""

    def __init__(self, travel):
        self.travel = travel
        self.patient = PatientFactory()
        practitioner, other, room = PractitionerFactory(), PractitionerFactory(), RoomFactory()
        self.schedules = [
            ScheduleFactory(practitioner=practitioner),
            ScheduleFactory(practitioner=practitioner),
            ScheduleFactory(practitioner=other),
        ]
        # Half an hour from now, so that waiting a day makes them past.
        begin = clock.now() + timedelta(minutes=30)
        self.begins = [begin, begin + 6 * PIECE, begin + 12 * PIECE]
        for schedule, start in zip(self.schedules, self.begins, strict=True):
            SlotFactory(
                schedule=schedule, start=start, end=start + 6 * PIECE, channels=[CHANNEL], room=room
            )

    def time(self, schedule, piece):
        start = self.begins[schedule] + piece[0] * PIECE
        return {
            "schedule": self.schedules[schedule],
            "start": start,
            "end": start + piece[1] * PIECE,
        }

    def visit(self, n):
        planned = list(Visit.objects.order_by("pk"))
        if not planned:
            raise visits.NoSlot(0)
        return planned[n % len(planned)]

    def book(self, schedule, piece, side, keep_clash):
        visits.book_visit(
            **self.time(schedule, piece),
            patient=self.patient,
            channel=side,
            by=side or "anna",
            keep_clash=keep_clash,
        )

    def hold(self, schedule, piece, side):
        visits.hold(**self.time(schedule, piece), lasting=LASTING, channel=side, by=side or "anna")

    def move(self, n, schedule, piece, side, keep_clash):
        visits.move_visit(
            visit=self.visit(n),
            **self.time(schedule, piece),
            by=side or "anna",
            keep_clash=keep_clash,
        )

    def cancel(self, n, side):
        visits.cancel_visit(visit=self.visit(n), by=side or "anna")

    def release(self, n):
        visits.release(self.visit(n))

    def settle(self, n):
        visits.settle_clash(visit=self.visit(n), by="anna")

    def mark(self, n, status):
        getattr(visits, f"mark_{status}")(visit=self.visit(n), by="anna")

    def wait(self, minutes):
        self.travel.shift(timedelta(minutes=minutes))

    def tidy(self):
        visits.remove_expired_holds()


@contextmanager
def undone():
    """A savepoint that is rolled back: each example starts with an empty clinic."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


def told(visit):
    """Status, place, clash as the story tells them."""
    status, place, clash = "", None, ""
    ends = {"released": "cancelled", "expired": "cancelled", "held-longer": "held"}
    for event in visit.events.order_by("pk"):
        kind = ends.get(event.kind, event.kind)
        if kind in {"held", "booked"}:
            place = {name: event.data[name] for name in ("schedule", "slot", "start", "end")}
            status = {"held": "proposed"}.get(kind, kind)
        elif kind == "moved":
            assert event.data["from"] == place
            place = event.data["to"]
        elif kind == "clash":
            clash = event.data["clash"]
        elif kind == "clash-settled":
            clash = ""
        else:
            status = kind
    return status, place, clash


def lies(visit):
    return {
        "schedule": visit.schedule_id,
        "slot": visit.slot_id,
        "start": visit.start.isoformat(),
        "end": visit.end.isoformat(),
    }


def check():
    planned = list(Visit.objects.all())
    for visit in planned:
        assert told(visit) == (visit.status, lies(visit), visit.clash)
        assert (visit.expires_at is None) == (visit.status != "proposed")
    holding = [one for one in planned if one.status in Visit.ACTIVE and not one.clash]
    for a, b in combinations(holding, 2):
        shared = a.practitioner_id == b.practitioner_id or a.room_id == b.room_id
        assert not (shared and a.start < b.end and b.start < a.end)
    begin = Slot.objects.order_by("start").first().start
    offered = free.free_slots(
        schedules=Schedule.objects.values_list("pk", flat=True),
        start=begin,
        end=begin + timedelta(days=1),
    )
    for slot in offered:
        for start, end in slot.free:
            assert not [
                one for one in holding if one.expires_at is None and _in(one, slot, start, end)
            ]


def _in(visit, slot, start, end):
    return visit.schedule_id == slot.schedule_id and visit.start < end and start < visit.end


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps)
def test_no_order_of_steps_books_twice_or_tells_a_false_story(steps):
    with (
        undone(),
        time_machine.travel("2026-03-02T07:00:00+00:00", tick=False) as travel,
    ):
        clinic = Clinic(travel)
        for name, *arguments in steps:
            with suppress(*REFUSED), transaction.atomic():
                getattr(clinic, name)(*arguments)
        check()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
