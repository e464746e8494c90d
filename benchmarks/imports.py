"""import.php with a clinic's whole occupancy: for the first time, unchanged, and changed a little.

From the request to the answer behind the commit, with the real program in a process of its own.
The floor is the least that could be done: lxml reading every attribute of the document, and COPY
of the same rows; the first time, which must fill the indexes, into a table that has them too, else
into a bare one.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
import psutil
from django.db import connections
from lxml import etree

from benchmarks.memory import MEGABYTE
from benchmarks.programs import free_port, running, until
from benchmarks.results import Result
from benchmarks.sizes import Size
from slotbridge.kit import clock
from slotbridge.portal import keys
from slotbridge.portal.models import Appointment, Clinic, Resource
from slotbridge.portal.router import DATABASE
from slotbridge.wire.medihost.result import SectionCounts, read_result

RESOURCES = 70  # of the sample
RUNS = 3  # each in a clinic of its own
PIECE = 256 * 1024
FIRST, AGAIN, MOST_MEMORY = 2.0, 1.3, 120  # the aims: ratios, and megabytes
MOST_BYTES = 512 * 1024 * 1024
_TITLES = ("занято", "Иванов И.И. – первичный прием", "Совещание", "Повторный прием")
_DIARY = ("first time", "unchanged", "1 % changed")


def measure(size: Size) -> list[Result]:
    rows = size.appointments
    with tempfile.TemporaryDirectory(prefix="slotbridge-imports-") as folder, _portal() as mis:
        taken: dict[str, list[float]] = {name: [] for name in _DIARY}
        floors: dict[str, list[float]] = {name: [] for name in _DIARY}
        for n in range(RUNS):
            clinic, key = _clinic(n, rows)
            first, changed = (
                _write(Path(folder) / f"{name}.xml", key, rows, every=every)
                for name, every in (("first", 0), ("changed", 100))
            )
            parsed = _parsed(first)
            bare = parsed + _copied(first, indexed=False)
            indexed = parsed + _copied(first, indexed=True)
            for name, floor in zip(_DIARY, (indexed, bare, bare), strict=True):
                floors[name].append(floor)
            for name, document in zip(_DIARY, (first, first, changed), strict=True):
                seconds, counts = mis.post(document)
                _check(name, counts, rows)
                taken[name].append(seconds)
            assert Appointment.objects.filter(clinic=clinic).count() == rows
    aims = dict(zip(_DIARY, (FIRST, AGAIN, AGAIN), strict=True))
    results = []
    for name in _DIARY:
        seconds, floor = median(taken[name]), median(floors[name])
        results += [
            Result(
                f"import of {rows:,} appointments, {name}", seconds * 1000, floor * 1000, "ms",
                aim=f"≤ {aims[name]} of the floor", met=seconds <= aims[name] * floor,
            ),
            Result(f"  rows a second, {name}", rows / seconds, rows / floor, "rows"),
        ]  # fmt: skip
    peak = mis.peak / MEGABYTE
    results.append(
        Result(
            f"peak memory of the portal, imports of {rows:,} appointments", peak,
            mis.before / MEGABYTE, "MB", aim=f"≤ {MOST_MEMORY} MB", met=peak <= MOST_MEMORY,
        )
    )  # fmt: skip
    return results


class _Mis:
    """What posts documents to the portal, and looks how much memory that takes it."""

    def __init__(self, url: str, process: psutil.Process) -> None:
        self.url = url
        self._process = process
        self.before = self.peak = 0

    def post(self, document: Path) -> tuple[float, SectionCounts]:
        """Seconds until the answer, and the counts in it."""
        self.before = self.before or self._most()
        length = {"Content-Length": str(document.stat().st_size), "Content-Type": "text/xml"}
        begun = perf_counter()
        answer = httpx.post(
            f"{self.url}/services/import.php",
            content=_pieces(document),
            headers=length,
            timeout=600,
        )
        taken = perf_counter() - begun
        assert answer.status_code == httpx.codes.OK, answer.text
        self.peak = max(self.peak, self._most())
        [counts] = read_result(answer.content).sections
        return taken, counts

    def _most(self) -> int:
        """The most that any process of the portal ever had resident, in bytes."""
        return max(
            int(line.split()[1]) * 1024
            for one in (self._process, *self._process.children(recursive=True))
            for line in Path(f"/proc/{one.pid}/status").read_text().splitlines()
            if line.startswith("VmHWM:")
        )


@contextmanager
def _portal() -> Iterator[_Mis]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running("portal", "--port", str(port)) as process:
        until(lambda: _is_up(url), "the portal")
        yield _Mis(url, psutil.Process(process.pid))


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/services/export.php").status_code == httpx.codes.BAD_REQUEST
    except httpx.TransportError:
        return False


def _clinic(number: int, rows: int) -> tuple[Clinic, str]:
    clinic = Clinic.objects.create(
        name=f"Клиника {number}",
        most_bytes=MOST_BYTES,
        most_elements=2 * rows + 100,
        created_at=clock.now(),
    )
    Resource.objects.bulk_create(
        Resource(clinic=clinic, number=n + 1, mis_id=n + 300, name=f"Врач {n}")
        for n in range(RESOURCES)
    )
    return clinic, keys.issue_key(clinic=clinic, by="bench")


def _write(place: Path, key: str, rows: int, *, every: int) -> Path:
    """A document of as many rows; of `every` so many one is half an hour later."""
    today = datetime.combine(date(2010, 7, 1), datetime.min.time()).replace(hour=8)
    with place.open("w", encoding="utf-8") as file:
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<MediExchange ClientKey="{key}">\n')
        file.write('  <Appointments SyncMode="full">\n')
        for n in range(rows):
            day, turn = divmod(n // RESOURCES, 24)
            moved = every and n % every == 0
            start = today + timedelta(days=day % 60, minutes=30 * (turn + bool(moved)))
            file.write(
                f'    <a tablename="SchedEvent" id="{n + 1}" resource_id="{n % RESOURCES + 300}"'
                f' ReceptionDateTime="{start:%d.%m.%Y} {start.hour}:{start:%M:%S}"'
                f' Duration="30" Title="{_TITLES[n % len(_TITLES)]}"/>\n'
            )
        file.write("  </Appointments>\n</MediExchange>\n")
    return place


def _pieces(document: Path) -> Iterator[bytes]:
    with document.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _check(name: str, counts: SectionCounts, rows: int) -> None:
    moved = -(-rows // 100)
    expected = {
        "first time": (rows, 0, 0),
        "unchanged": (0, 0, rows),
        "1 % changed": (0, moved, rows - moved),
    }
    assert (counts.added, counts.updated, counts.unchanged) == expected[name], counts


def _parsed(document: Path) -> float:
    """Seconds to read every attribute."""
    begun = perf_counter()
    for _event, element in etree.iterparse(str(document), events=("end",), tag="a"):
        dict(element.attrib)
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return perf_counter() - begun


def _copied(document: Path, *, indexed: bool) -> float:
    """Seconds to copy the rows into a table like that of appointments, with its indexes or bare."""
    lines = _lines(document)
    with connections[DATABASE].cursor() as cursor:
        including = " INCLUDING ALL" if indexed else " INCLUDING IDENTITY"
        cursor.execute(f"CREATE TABLE floor (LIKE portal_appointment{including})")
        begun = time.perf_counter()
        with cursor.copy(
            "COPY floor (clinic_id, tablename, mis_id, resource_mis_id, day, time, duration, title)"
            " FROM STDIN"
        ) as copy:
            for piece in lines:
                copy.write(piece)
        taken = time.perf_counter() - begun
        cursor.execute("DROP TABLE floor")
    return taken


def _lines(document: Path) -> list[str]:
    """The rows as COPY wants them, made before its clock runs."""
    found, pieces = [], []
    for _event, element in etree.iterparse(str(document), events=("end",), tag="a"):
        row = element.attrib
        at = datetime.strptime(row["ReceptionDateTime"], "%d.%m.%Y %H:%M:%S")  # noqa: DTZ007 - a wall's
        found.append(
            f"1\t{row['tablename']}\t{row['id']}\t{row['resource_id']}\t{at.date()}\t{at.time()}"
            f"\t{row['Duration']}\t{row['Title']}\n"
        )
        element.clear()
        if len(found) == 1000:
            pieces.append("".join(found))
            found.clear()
    return [*pieces, "".join(found)]
