"""What of a clinic's slots is free, against fetching the same rows with plain SQL."""

from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

import psycopg
from django.db import connection

from benchmarks import houses
from benchmarks.results import Result
from benchmarks.sizes import Size
from slotbridge.his import free
from slotbridge.kit import clock

# Every tenth slot has a visit on it.
_VISITS = """
INSERT INTO his_visit (organisation_id, public_id, schedule_id, clinic_id, slot_id,
    practitioner_id, service_id, patient_id, start, "end", status, clash, origin_channel,
    channels, currency, price_differs, comment, verify, as_booked, cancel_reason, cancelled_by,
    payment, funding, video_url, is_confirmed, created_at, changed_at)
SELECT s.organisation_id, gen_random_uuid(), s.schedule_id, c.clinic_id, s.id,
    s.practitioner_id, NULL, %(patient)s, s.start, s."end", 'booked', '', '',
    s.channels, '', false, '', '{}', '{}', '', '', '', '', '', false, now(), now()
FROM his_slot s JOIN his_schedule c ON c.id = s.schedule_id WHERE s.id %% 10 = 0
"""


def measure(size: Size) -> list[Result]:
    house = houses.build("Lecznica Pod Lipą", size.practitioners)
    number = houses.open_slots(house, days=houses.days_of(size.weeks), a_day=size.a_day)
    [patient] = houses.register_patients(house, 1)
    with connection.cursor() as cursor:
        cursor.execute(_VISITS, {"patient": patient.pk})
    houses.analyse()
    start = clock.now()
    when = {
        "schedules": [each.pk for each in house.schedules],
        "start": start,
        "end": start + timedelta(weeks=size.weeks + 1),
    }
    ours, floor = [], []
    with houses.plain_connection() as session:
        for _ in range(size.repeats):
            ours.append(_ours(when, number))
            floor.append(_floor(session, when, number))
    return [
        Result(
            f"free_slots of {number:,} slots", median(ours) * 1000, median(floor) * 1000, "ms"
        )
    ]  # fmt: skip


def _ours(when: dict[str, Any], number: int) -> float:
    begun = perf_counter()
    found = free.free_slots(**when, channel=houses.CHANNEL)
    taken = perf_counter() - begun
    assert len(found) == number
    assert sum(not each.free for each in found) == number // 10
    return taken


_ROWS = (
    """
    SELECT s.id, schedule_id, start, "end", s.practitioner_id, s.room_id, s.device_id,
           s.organisation_id, c.clinic_id
    FROM his_slot s JOIN his_schedule c ON c.id = s.schedule_id
    WHERE schedule_id = ANY(%(schedules)s) AND start < %(end)s AND "end" > %(start)s
      AND channels @> ARRAY['znanylekarz']::varchar[]
    ORDER BY start, s.id
    """,
    """
    SELECT start, "end", practitioner_id, room_id, device_id FROM his_visit
    WHERE schedule_id = ANY(%(schedules)s) AND start < %(end)s AND "end" > %(start)s
    """,
)


def _floor(session: psycopg.Connection[Any], when: dict[str, Any], number: int) -> float:
    begun = perf_counter()
    found = [session.execute(query, when).fetchall() for query in _ROWS]
    taken = perf_counter() - begun
    assert len(found[0]) == number
    assert len(found[1]) == number // 10
    return taken
