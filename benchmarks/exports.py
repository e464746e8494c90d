"""`export.php` with a hundred changed orders, while the portal's table of orders grows."""

from datetime import timedelta
from time import perf_counter

import httpx
from django.db import connections

from benchmarks import growing
from benchmarks.results import Result
from benchmarks.sizes import Size
from slotbridge.kit import clock
from slotbridge.portal import keys
from slotbridge.portal.models import Clinic, Order, Resource
from slotbridge.portal.router import DATABASE
from slotbridge.portal.wsgi import portal_app

CHANGED = 100
CLINICS = 100
RUNS = 12  # a turn; an answer takes some milliseconds
AIM = 1.2

# Every second order is of the clinic that asks, the others of all the rest. Nineteen of twenty
# are over; live ones of a resource follow one another.
_ORDERS = """
INSERT INTO portal_order (token, clinic_id, number, resource_id, status, user_id, user_name,
    order_date, day, time, duration, start, "end", is_overbooked, name1, name2, name3, aim, phone,
    city, address, email, comment, language, filed_at, changed_at, closed_by)
SELECT gen_random_uuid(), r.clinic_id, n, r.id, CASE WHEN n %% 20 < 2 THEN 1 ELSE 3 END, 0,
    'Воробьёва Анна', at::date, at::date, at::time, 30, at, at + interval '30 minutes', false,
    'Воробьёва', 'Анна', 'Петровна', 'консультация', '+7 900 000-00-00', '', '',
    'anna@example.com', '', 'ru', at, at, ''
FROM generate_series(%(first)s, %(last)s) AS n
JOIN unnest(%(resources)s::bigint[]) WITH ORDINALITY AS known (id, place)
    ON place = CASE WHEN n %% 2 = 0 THEN 1 ELSE 2 + n / 2 %% %(others)s END
JOIN portal_resource AS r ON r.id = known.id,
LATERAL (SELECT timestamptz '2010-01-01 00:00+00' + n * interval '3 minutes' AS at) AS moment
"""
# The 100 that are told: the last ones, changed within the last minutes.
_CHANGE = """
UPDATE portal_order SET changed_at = %(now)s - number %% 60 * interval '1 second'
WHERE id IN (SELECT id FROM portal_order WHERE clinic_id = %(clinic)s AND number <= 2 * %(many)s)
"""


def measure(size: Size) -> list[Result]:
    resources = [_resource(n) for n in range(CLINICS)]
    clinic = resources[0].clinic
    key = keys.issue_key(clinic=clinic, by="bench")
    smallest, *larger = size.orders
    _grow(resources, 0, smallest)
    small, held, results = growing.copy_of_now(), smallest, []
    for rows in larger:
        _grow(resources, held, rows)
        held = rows
        before, after = growing.side_by_side(small, lambda: _ask(key))
        results.append(
            Result(
                f"export of {CHANGED} changed orders among {rows:,}",
                after * 1000,
                before * 1000,
                "ms",
                aim=f"≤ {AIM} of {smallest:,}",
                met=after <= AIM * before,
            )
        )
    return results


def _resource(number: int) -> Resource:
    clinic = Clinic.objects.create(name=f"Клиника {number}", created_at=clock.now())
    return Resource.objects.create(clinic=clinic, number=1, mis_id=422, name="Бурдин В. С.")


def _grow(resources: list[Resource], held: int, rows: int) -> None:
    """Adds orders until there are so many; a hundred of them have just changed."""
    facts = {
        "first": held + 1,
        "last": rows,
        "resources": [each.pk for each in resources],
        "others": len(resources) - 1,
        "clinic": resources[0].clinic_id,
        "many": CHANGED,
        "now": clock.now(),
    }
    with connections[DATABASE].cursor() as cursor:
        with growing.bare(cursor, "portal_order"):
            cursor.execute(_ORDERS, facts)
        cursor.execute(_CHANGE, facts)
        cursor.execute("VACUUM ANALYZE portal_order")
    assert Order.objects.count() == rows


def _ask(key: str) -> float:
    """Seconds from the request to the whole answer: the quickest of some."""
    start = int((clock.now() - timedelta(minutes=10)).timestamp())
    transport = httpx.WSGITransport(app=portal_app, remote_addr="127.0.0.1")
    taken = []
    with httpx.Client(transport=transport, base_url="http://localhost") as mis:
        for _n in range(RUNS):
            begun = perf_counter()
            answer = mis.get(
                "/services/export.php", params={"client_key": key, "start": str(start)}
            )
            taken.append(perf_counter() - begun)
            assert answer.status_code == httpx.codes.OK
            assert answer.content.count(b"<o ") == CHANGED
    return min(taken)
