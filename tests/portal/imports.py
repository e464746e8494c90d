"""What a reader finds in a document, made by hand, and what an import left behind."""

from datetime import date, datetime, time

from django.apps import apps
from django.db import connections

from slotbridge.portal.models import Appointment, Resource, ResourceGroup, WorkingDay
from slotbridge.portal.replace import apply_document
from slotbridge.wire.medihost import model
from slotbridge.wire.medihost.model import Section, SyncMode
from slotbridge.wire.medihost.problems import Problem
from slotbridge.wire.medihost.reader import Batch, Began, Ended

FULL, DIFF = SyncMode.FULL, SyncMode.DIFF
DAY = date(2026, 3, 2)  # of the fixture `frozen`


def groups(*rows, **how):
    return found(Section.GROUPS, rows, **how)


def resources(*rows, **how):
    return found(Section.RESOURCES, rows, **how)


def schedules(*rows, **how):
    return found(Section.SCHEDULES, rows, **how)


def appointments(*rows, mode=FULL, **how):
    return found(Section.APPOINTMENTS, rows, mode=mode, **how)


def orders(*rows, **how):
    return found(Section.ORDERS, rows, **how)


def found(section, rows, *, mode=None, refused=(), repeated=(), errors=(), by=2, first_line=1):
    """As the reader gives it out, `by` rows at a time; `errors` are keys of rows it left out."""
    yield Began(section, mode)
    for key in errors:
        yield Problem("E_RANGE", "out of range", section=section, line=1, key=key)
    for start in range(0, len(rows), by):
        part = list(rows[start : start + by])
        first = first_line + start
        yield Batch(section, list(range(first, first + len(part))), part)
    yield Ended(section, len(rows) + len(errors), tuple(refused), tuple(repeated))


def import_(clinic, *sections, **how):
    """Applies the sections; returns their counts by name, and all that was told."""
    clinic.refresh_from_db()
    applied = apply_document(clinic=clinic, found=(one for each in sections for one in each), **how)
    return {one.name: one for one in applied.sections}, applied


def doctor(mis_id, name="Белова", step=30, group=None, pos=0):
    return model.Resource(mis_id, name, step, group, pos)


def visit(mis_id, at=time(9), day=DAY, resource=1, *, minutes=30, title="занято", table="Visit"):
    return model.Appointment(table, mis_id, resource, datetime.combine(day, at), minutes, title)


def works(resource=1, day=DAY, *hours, breaks=None):
    """`works(1, DAY, (480, 720), (960, 1200))`: one row with a rule for each pair of minutes."""
    rules = tuple(model.Rule(start, end, *(breaks or ())) for start, end in hours)
    return model.Working(None, day, resource, rules)


def codes(applied):
    return [each.code for each in applied.problems]


def state(clinic):
    """What the clinic's world looks like, in plain values."""
    return {
        "groups": set(
            ResourceGroup.objects.filter(clinic=clinic).values_list("mis_id", "name", "pos")
        ),
        "resources": set(
            Resource.objects.filter(clinic=clinic, hidden_at=None).values_list(
                "mis_id", "name", "time_step", "group_mis_id", "pos"
            )
        ),
        "days": {
            (one.resource_mis_id, one.day): one.periods
            for one in WorkingDay.objects.filter(clinic=clinic)
        },
        "appointments": {
            (one.tablename, one.mis_id): (
                one.resource_mis_id, one.day, one.time, one.duration, one.title,
            )
            for one in Appointment.objects.filter(clinic=clinic)
        },
    }  # fmt: skip


def tables(*but):
    """Every row of every table of the portal, as it lies there; `but`: without these tables."""
    rows = {}
    with connections["portal"].cursor() as cursor:
        for each in apps.get_app_config("portal").get_models():
            table = each._meta.db_table
            if table not in but:
                cursor.execute(f"SELECT one::text FROM {table} AS one ORDER BY id")
                rows[table] = [row for (row,) in cursor.fetchall()]
    return rows


def versions(kind, clinic):
    """Of each row, by key, the transaction that wrote it last."""
    with connections["portal"].cursor() as cursor:
        cursor.execute(
            f"SELECT id, ctid::text, xmin::text FROM {kind._meta.db_table} WHERE clinic_id = %s",
            [clinic.pk],
        )
        return {pk: where for pk, *where in cursor.fetchall()}
