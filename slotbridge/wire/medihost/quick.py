"""A short cut through appointments that are spelled exactly as in the sample.

Nearly all of a document is such rows, and their days, times and resources repeat.
"""

from __future__ import annotations

from collections.abc import Iterable

from slotbridge.wire.medihost import values
from slotbridge.wire.medihost.elements import MOST_TITLE
from slotbridge.wire.medihost.model import Appointment
from slotbridge.wire.medihost.parsing import Start
from slotbridge.wire.medihost.values import Reader, Unreadable

_MOST_REMEMBERED = 10_000


class _Memory(dict[str, object]):
    """Texts in their usual form and what they mean; for all others a KeyError."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> object:
        try:
            value, is_odd = self._read(text.strip())
        except Unreadable:
            raise KeyError from None  # without the value: it may reach a log
        if is_odd or value is None or value == "":
            raise KeyError
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[text] = value
        return value


class QuickAppointments:
    """Reads many rows at once; None in place of one that needs a closer look."""

    def __init__(self) -> None:
        self._tables = _Memory(values.text_up_to(128))
        self._numbers = _Memory(values.integer)
        self._moments = _Memory(values.moment)
        self._durations = _Memory(values.duration)

    def __call__(self, starts: Iterable[Start]) -> list[Appointment | None]:
        tables, numbers = self._tables, self._numbers
        moments, durations = self._moments, self._durations
        make = tuple.__new__
        rows: list[Appointment | None] = []
        for _, attributes in starts:
            row = None
            try:
                number = attributes["id"]
                title = attributes["Title"].strip()
                if len(attributes) == 6 and len(title) <= MOST_TITLE:
                    fields = (
                        tables[attributes["tablename"]],
                        # A row's number does not repeat, so it is not worth remembering.
                        int(number)
                        if number.isdecimal() and number.isascii() and len(number) <= 18
                        else numbers[number],
                        numbers[attributes["resource_id"]],
                        moments[attributes["ReceptionDateTime"]],
                        durations[attributes["Duration"]],
                        title,
                    )
                    row = make(Appointment, fields)
            except KeyError:
                pass
            rows.append(row)
        return rows
