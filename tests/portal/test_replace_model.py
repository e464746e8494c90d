"""Whatever is imported in whatever order, the clinic's world is what a few lines of plain Python
say it is, and the counters add up.
"""

from dataclasses import dataclass, field
from datetime import time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotbridge.kit import clock
from slotbridge.portal.models import Clinic
from slotbridge.wire.medihost.model import Group
from slotbridge.wire.medihost.result import Outcome
from tests.portal.imports import (
    DAY,
    DIFF,
    FULL,
    appointments,
    doctor,
    groups,
    import_,
    resources,
    schedules,
    state,
    visit,
    works,
)

pytestmark = [pytest.mark.django_db(databases=["portal"]), pytest.mark.usefixtures("frozen")]

# Few values, so that rows meet: never more than the brake lets go at once.
few = st.integers(1, 4)
days = st.integers(-1, 1).map(lambda n: DAY + timedelta(days=n))
hours = st.sampled_from([(), ((480, 720),), ((480, 720), (780, 1020)), ((0, 1440),)])


def by_key(rows, key):
    return st.lists(rows, max_size=8, unique_by=key)


a_groups = by_key(st.builds(Group, few, st.sampled_from("АБ"), st.integers(0, 1)), lambda r: r.id)
a_resources = by_key(
    st.builds(doctor, few, st.sampled_from("ВГ"), st.sampled_from([15, 30]), st.none() | few),
    lambda r: r.id,
)
a_schedules = by_key(
    st.builds(lambda who, day, hours: works(who, day, *hours), few, days, hours),
    lambda r: (r.resource_id, r.day),
)
an_appointments = by_key(
    st.builds(
        visit, few, st.sampled_from([time(9), time(10, 30)]), days, few,
        minutes=st.none() | st.just(30), title=st.sampled_from(["", "занято"]),
        table=st.sampled_from(["", "Visit"]),
    ),
    lambda r: (r.tablename, r.id),
)  # fmt: skip


@dataclass
class World:
    """What a clinic's rows should be; resources that went are remembered by `state` alone."""

    rows: dict = field(
        default_factory=lambda: {"groups": {}, "resources": {}, "days": {}, "appointments": {}}
    )

    def replace(self, name, wanted, *, deletes):
        """The numbers that the import must count, parked rows aside."""
        now = self.rows[name]
        kept = {} if deletes else dict(now)
        self.rows[name] = kept | wanted
        return {
            "added": {key for key in wanted if key not in now},
            "updated": {key for key, row in wanted.items() if key in now and now[key] != row},
            "unchanged": {key for key, row in wanted.items() if now.get(key) == row},
            "removed": {key for key in now if key not in self.rows[name]},
        }

    @property
    def state(self):
        return {
            "groups": set(self.rows["groups"].values()),
            "resources": set(self.rows["resources"].values()),
            "days": self.rows["days"],
            "appointments": self.rows["appointments"],
        }


def expected(world, document):
    """Applies the document to the world in the protocol's order; yields counts by section."""
    found = {}
    if document["groups"] is not None:
        rows = {(row.id,): tuple(row) for row in document["groups"]}
        found["ResourceGroups"] = world.replace("groups", rows, deletes=True)
    if document["resources"] is not None:
        rows = {(row.id,): tuple(row) for row in document["resources"]}
        found["Resources"] = world.replace("resources", rows, deletes=True)
    known = {key for (key,) in world.rows["resources"]}
    if document["days"] is not None:
        rows = {
            (row.resource_id, row.day): [each for rule in row.rules for each in rule[:2]]
            for row in document["days"]
        }
        changes = world.replace("days", rows, deletes=True)
        parked = {key for key in rows if key[0] not in known}
        found["Schedules"] = without(changes, parked)
    if document["appointments"] is not None:
        rows = {
            (row.tablename, row.id): (
                row.resource_id, row.start.date(), row.start.time(), row.duration, row.title,
            )
            for row in document["appointments"]
        }  # fmt: skip
        changes = world.replace("appointments", rows, deletes=document["mode"] is FULL)
        parked = {key for key, row in rows.items() if row[0] not in known}
        found["Appointments"] = without(changes, parked)
    return found


def without(changes, parked):
    removed = changes.pop("removed")
    return {
        **{name: keys - parked for name, keys in changes.items()},
        "removed": removed,
        "parked": parked,
    }


documents = st.fixed_dictionaries(
    {
        "groups": st.none() | a_groups,
        "resources": st.none() | a_resources,
        "days": st.none() | a_schedules,
        "appointments": st.none() | an_appointments,
        "mode": st.sampled_from([FULL, DIFF]),
        "order": st.permutations(range(4)),
    }
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(documents, min_size=1, max_size=4))
def test_the_world_is_what_the_documents_say(several):
    clinic = Clinic.objects.create(name="Клиника «Ива»", created_at=clock.now())
    world = World()
    for document in several:
        sections = [
            document["groups"] is not None and groups(*document["groups"]),
            document["resources"] is not None and resources(*document["resources"]),
            document["days"] is not None and schedules(*document["days"]),
            document["appointments"] is not None
            and appointments(*document["appointments"], mode=document["mode"]),
        ]
        done, applied = import_(clinic, *(sections[n] for n in document["order"] if sections[n]))

        wanted = expected(world, document)
        assert state(clinic) == world.state
        assert {
            name: {each: getattr(one, each) for each in wanted[name]} for name, one in done.items()
        } == {
            name: {each: len(keys) for each, keys in numbers.items()}
            for name, numbers in wanted.items()
        }
        assert applied.outcome is Outcome.OK
        for one in done.values():
            assert one.received == one.added + one.updated + one.unchanged + one.parked
