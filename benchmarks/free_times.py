"""Free times of one resource for 30 days, while the portal takes on clinics like the sample's."""

import json
from datetime import date, timedelta
from time import perf_counter

from django.db import connections
from django.test.utils import CaptureQueriesContext

from benchmarks import growing
from benchmarks.results import Result
from benchmarks.sizes import Size
from slotbridge.kit import clock
from slotbridge.portal import availability
from slotbridge.portal.models import Appointment, Clinic, Resource, SectionImport, WorkingDay
from slotbridge.portal.router import DATABASE

DAYS = 30
RESOURCES = 70  # of the sample
WORKING = 4  # of them with hours for a month, so that a clinic has some 550 rows
BUSY = 3  # appointments a working day, of those
RUNS = 25  # a turn
AIM = 1.2

_CLINICS = """
INSERT INTO portal_clinic (public_id, name, address, phone, time_zone, language, lead_minutes,
    is_open, allows_plain_http, allowed_addresses, most_bytes, most_elements, last_order,
    last_resource, created_at)
SELECT gen_random_uuid(), 'Клиника ' || n, '', '', 'Europe/Moscow', 'ru', 60, true, false, '{}',
    33554432, 300000, 0, %(resources)s, %(now)s
FROM generate_series(%(first)s, %(last)s) AS n
"""
_HEARD = """
INSERT INTO portal_sectionimport (clinic_id, section, mode, at)
SELECT id, 'Appointments', 'full', %(now)s FROM portal_clinic WHERE id > %(known)s
"""
_RESOURCES = """
INSERT INTO portal_resource (public_id, clinic_id, number, mis_id, name, time_step, pos)
SELECT gen_random_uuid(), clinic.id, n, n, 'Врач ' || n, 30, 0
FROM portal_clinic AS clinic, generate_series(1, %(resources)s) AS n WHERE clinic.id > %(known)s
"""
# A clinic's rows lie together, as an import writes them.
_HOURS = """
INSERT INTO portal_workingday (clinic_id, resource_mis_id, day, periods)
SELECT clinic.id, n, %(today)s + day, '{480,780,840,1080}'
FROM portal_clinic AS clinic, generate_series(1, %(working)s) AS n,
    generate_series(0, %(days)s - 1) AS day
WHERE clinic.id > %(known)s ORDER BY clinic.id, n, day
"""
_APPOINTMENTS = """
INSERT INTO portal_appointment (clinic_id, tablename, mis_id, resource_mis_id, day, time, duration,
    title)
SELECT clinic.id, 'Visit', (n * %(days)s + day) * %(busy)s + turn, n, %(today)s + day,
    time '08:00' + turn * interval '1 hour', 30, 'занято'
FROM portal_clinic AS clinic, generate_series(1, %(working)s) AS n,
    generate_series(0, %(days)s - 1) AS day, generate_series(0, %(busy)s - 1) AS turn
WHERE clinic.id > %(known)s ORDER BY clinic.id, n, day
"""


def measure(size: Size) -> list[Result]:
    smallest, *larger = size.clinics
    _grow(0, smallest)
    small, held, results = growing.copy_of_now(), smallest, []
    for clinics in larger:
        _grow(held, clinics)
        held = clinics
        rows = WorkingDay.objects.count() + Appointment.objects.count()
        before, after = growing.side_by_side(small, _ask)
        results.append(
            Result(
                f"free times of 30 days, of {clinics:,} clinics with {rows:,} rows",
                after * 1000,
                before * 1000,
                "ms",
                aim=f"≤ {AIM} of {smallest:,}",
                met=after <= AIM * before,
            )
        )
        before, after = growing.side_by_side(small, _blocks)
        results.append(
            Result(f"blocks they are found in, of {clinics:,} clinics", after, before, "blocks")
        )
    return results


def _grow(held: int, clinics: int) -> None:
    newest = Clinic.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    facts = {
        "first": held + 1,
        "last": clinics,
        "known": newest,
        "now": clock.now(),
        "today": clock.now().date() + timedelta(days=1),
        "days": DAYS,
        "resources": RESOURCES,
        "working": WORKING,
        "busy": BUSY,
    }
    with connections[DATABASE].cursor() as cursor:
        for statement in (_CLINICS, _HEARD, _RESOURCES):
            cursor.execute(statement, facts)
        with growing.bare(cursor, "portal_workingday"):
            cursor.execute(_HOURS, facts)
        with growing.bare(cursor, "portal_appointment"):
            cursor.execute(_APPOINTMENTS, facts)
        cursor.execute("VACUUM ANALYZE")
    assert SectionImport.objects.count() == clinics


def _asked() -> tuple[list[Resource], date, date]:
    middle = Clinic.objects.order_by("pk")[Clinic.objects.count() // 2]
    doctors = Resource.objects.filter(clinic=middle, mis_id__lte=WORKING).select_related("clinic")
    first = clock.today(middle.tz) + timedelta(days=1)
    return list(doctors.order_by("mis_id")), first, first + timedelta(days=DAYS - 1)


def _blocks() -> float:
    """Blocks of tables and indexes that the queries of one resource touch: what else the machine
    does cannot change that.
    """
    [doctor, *_others], first, last = _asked()
    with CaptureQueriesContext(connections[DATABASE]) as asked:
        availability.free_times(resource=doctor, first=first, last=last)
    touched = 0
    with connections[DATABASE].cursor() as cursor:
        for query in asked.captured_queries:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query['sql']}")
            [[found]] = cursor.fetchall()
            [plan] = found if isinstance(found, list) else json.loads(found)
            touched += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    return touched


def _ask() -> float:
    """Seconds, the quickest of some, of the doctors of a clinic somewhere in the middle."""
    asked, first, last = _asked()
    taken = []
    for n in range(RUNS):
        begun = perf_counter()
        found = availability.free_times(resource=asked[n % len(asked)], first=first, last=last)
        taken.append(perf_counter() - begun)
        assert len(found) >= (DAYS - 1) * (18 - BUSY)
    return min(taken)
