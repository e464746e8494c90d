"""A section's rows: read, put together, and judged at the section's end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from slotbridge.wire.medihost import elements, problems, spelling
from slotbridge.wire.medihost.elements import MOST_TITLE, Element, Note, Reading
from slotbridge.wire.medihost.found import Batch, Ended, Found
from slotbridge.wire.medihost.hours import checked_rule, working_periods
from slotbridge.wire.medihost.model import (
    Appointment,
    Group,
    Key,
    Order,
    Resource,
    Rule,
    Section,
    Value,
    Working,
)
from slotbridge.wire.medihost.parsing import Start
from slotbridge.wire.medihost.quick import QuickAppointments
from slotbridge.wire.medihost.repeats import (
    RepeatedAppointments,
    RepeatedDays,
    RepeatedIds,
    Repeats,
)
from slotbridge.wire.medihost.telling import Teller
from slotbridge.wire.medihost.values import Unreadable
from slotbridge.wire.medihost.writer import shown

RowT = TypeVar("RowT", bound=Value)
# Where the fault of a rule shows.
_PLACE = {"E_HOURS": "w_endTime", "E_BREAK": "b_startTime"}


class Rows(Generic[RowT]):
    """The rows of a section whose elements hold nothing but attributes.

    What was found goes into `found`, good rows at every `flush`.
    """

    def __init__(
        self,
        section: Section,
        element: Element,
        found: list[Found],
        *,
        make: Callable[..., RowT],
        repeats: Repeats[RowT],
    ) -> None:
        self.section = section
        self.row_name = element.name
        self.teller = Teller(found, section)
        self._found = found
        self._element = element
        self._make = make
        self._repeats = repeats
        self._received = 0
        self._rows: list[RowT] = []
        self._lines: list[int] = []
        self._reading = Reading({}, [])
        self._line = 0

    def start(self, attributes: Mapping[str, str], line: int) -> None:
        """A row begins."""
        self._received += 1
        self._line = line
        self._reading = elements.read_element(self._element, attributes)

    def start_child(self, name: str, attributes: Mapping[str, str]) -> bool:  # noqa: ARG002 - rows hold nothing, but for those of schedules
        """An element within the row begins; False: it is not known."""
        return False

    def end(self) -> None:
        """The row is over."""
        reading = self._reading
        key = self._key()
        row = self._row(reading) if reading.is_good else None
        if reading.notes:
            self.teller.tell(reading.notes, self._line, label(key))
        if row is not None:
            self._rows.append(row)
            self._lines.append(self._line)
        elif key:
            self._repeats.add_bad(key, self._line)

    def take(self, starts: Sequence[Start], lines: Sequence[int]) -> None:
        """Many rows, each with nothing in it."""
        for (_, attributes), line in zip(starts, lines, strict=True):
            self.start(attributes, line)
            self.end()

    def flush(self) -> None:
        """Gives out the good rows so far."""
        if self._rows:
            self._repeats.add(self._rows, self._lines)
            self._found.append(Batch(self.section, self._lines, list(self._rows)))
            self._rows, self._lines = [], []

    def finish(self) -> None:
        """The section is over."""
        self.flush()
        verdict = self._repeats.verdict()
        for kind, key, lines in verdict.found:
            for line in lines:
                self.teller.tell([Note(kind, "", {})], line, label(key))
        self.teller.finish()
        self._found.append(
            Ended(self.section, self._received, tuple(verdict.refused), tuple(verdict.repeated))
        )

    def _key(self) -> Key:
        """Empty if it cannot be read."""
        fields = self._reading.fields
        key = tuple([fields.get(field) for field in self._element.key])
        return () if None in key else key

    def _row(self, reading: Reading) -> RowT:
        """The row of a good reading, to whose notes it may add warnings."""
        return self._make(**reading.fields)


class Appointments(Rows[Appointment]):
    """With a short cut for rows that are spelled as in the sample."""

    def __init__(self, section: Section, element: Element, found: list[Found]) -> None:
        super().__init__(section, element, found, make=Appointment, repeats=RepeatedAppointments())
        self._quick = QuickAppointments()

    def take(self, starts: Sequence[Start], lines: Sequence[int]) -> None:
        rows = self._quick(starts)
        good = [row for row in rows if row is not None]
        if len(good) == len(rows):
            self._received += len(rows)
            self._rows += good
            self._lines += lines
            return
        for row, start, line in zip(rows, starts, lines, strict=True):
            if row is None:
                super().take([start], [line])
            else:
                self._received += 1
                self._rows.append(row)
                self._lines.append(line)

    def _row(self, reading: Reading) -> Appointment:
        title = str(reading.fields["title"])
        if len(title) > MOST_TITLE:
            reading.fields["title"] = title[:MOST_TITLE].rstrip()
            reading.notes.append(Note(problems.TITLE_CUT, "Title", {"limit": MOST_TITLE}))
        return super()._row(reading)


class Schedules(Rows[Working]):
    """Rows that hold rules."""

    def __init__(self, section: Section, element: Element, found: list[Found]) -> None:
        self._days = RepeatedDays()
        super().__init__(section, element, found, make=Working, repeats=self._days)
        self._rules: list[Rule] = []

    def start(self, attributes: Mapping[str, str], line: int) -> None:
        super().start(attributes, line)
        self._rules = []

    def start_child(self, name: str, attributes: Mapping[str, str]) -> bool:
        if name.lower() != spelling.RULE:
            return False
        reading = elements.read_element(elements.RULE, attributes)
        if reading.is_good:
            self._add_rule(reading)
        self._reading.notes += reading.notes
        return True

    def finish(self) -> None:
        self.flush()
        if lines := self._days.repeated_numbers():
            note = Note(problems.IDS_REPEATED, "id", {"count": len(lines)})
            self.teller.tell([note], lines[0])
        super().finish()

    def _add_rule(self, reading: Reading) -> None:
        try:
            rule, is_break_empty = checked_rule(**reading.fields)  # type: ignore[arg-type]  # minutes, by the columns
        except Unreadable as error:
            reading.notes.append(Note(error.kind, _PLACE[error.kind.code], error.params))
            return
        if is_break_empty:
            reading.notes.append(Note(problems.EMPTY_BREAK, "b_startTime", {}))
        if rule is not None:
            self._rules.append(rule)

    def _row(self, reading: Reading) -> Working:
        if not working_periods(self._rules):
            reading.notes.append(Note(problems.NO_HOURS, "", {}))
        reading.fields["rules"] = tuple(self._rules)
        return super()._row(reading)


AnyRows = Rows[Group] | Rows[Resource] | Schedules | Appointments | Rows[Order]


def rows_of(section: Section, element: Element, found: list[Found]) -> AnyRows:
    match section:
        case Section.GROUPS:
            return Rows[Group](section, element, found, make=Group, repeats=RepeatedIds())
        case Section.RESOURCES:
            return Rows[Resource](section, element, found, make=Resource, repeats=RepeatedIds())
        case Section.SCHEDULES:
            return Schedules(section, element, found)
        case Section.APPOINTMENTS:
            return Appointments(section, element, found)
        case _:
            return Rows[Order](section, element, found, make=Order, repeats=RepeatedIds())


def label(key: Key) -> str:
    """A key as people write it."""
    return "/".join(shown(part) for part in key)
