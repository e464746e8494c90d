"""Notes become problems with a place; of many alike the first are told and the rest counted."""

from __future__ import annotations

from collections.abc import Iterable

from slotbridge.wire.medihost import problems
from slotbridge.wire.medihost.elements import Note
from slotbridge.wire.medihost.found import Found
from slotbridge.wire.medihost.model import Section
from slotbridge.wire.medihost.problems import Problem

# Otherwise 300 000 rows with dates in another form would crowd out every error. Errors of rows are
# told as they are met, all of them; those that come to light at the section's end would come all
# at once.
_MOST_ALIKE = {
    "W_FORMAT": 20,
    "W_DEFAULT": 20,
    "W_UNKNOWN": 1,
    "W_NAMESPACE": 1,
    "E_DUPLICATE": 1000,
    "E_OVERLAP": 1000,
    "W_REPEAT": 1000,
}
_MOST_SORTS = 100


class Teller:
    """Tells what is noted within a section, or without one outside of all, into `found`."""

    def __init__(self, found: list[Found], section: Section | None = None) -> None:
        self._found = found
        self._section = section
        self._counts: dict[tuple[str, str, str], int] = {}

    def tell(self, notes: Iterable[Note], line: int, key: str = "") -> None:
        for note in notes:
            if self._is_told(note):
                code, text = note.kind.code, note.kind.text
                self._found.append(
                    Problem(
                        code,
                        text,
                        note.params,
                        section=self._section,
                        line=line,
                        key=key,
                        attribute=note.attribute,
                    )
                )

    def finish(self) -> None:
        """Tells how many more there were."""
        for (code, attribute, _), count in self._counts.items():
            if count > _MOST_ALIKE[code]:
                more = {"count": count - _MOST_ALIKE[code]}
                self._found.append(
                    Problem(
                        code, problems.MORE_ALIKE, more, section=self._section, attribute=attribute
                    )
                )
        self._counts.clear()

    def _is_told(self, note: Note) -> bool:
        code = note.kind.code
        if code not in _MOST_ALIKE:
            return True
        sort = code, note.attribute, note.kind.text
        if sort not in self._counts and len(self._counts) >= _MOST_SORTS:
            sort = code, "", ""
        self._counts[sort] = self._counts.get(sort, 0) + 1
        return self._counts[sort] <= _MOST_ALIKE[code]
