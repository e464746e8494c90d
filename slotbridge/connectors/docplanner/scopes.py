"""The parameter `with`, which adds related data to an answer, and its three spellings.

Sources disagree on how several values are written (behaviour.md section 2), and a portal that does
not understand a spelling says nothing: the data are simply not there. So a reading names the parts
that its scopes bring (`shows`), and an answer with records of which none has such a part was asked
for in the wrong spelling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Query = list[tuple[str, str]]
Records = Sequence[Mapping[str, object]]


def _commas(scopes: Sequence[str]) -> Query:
    return [("with", ",".join(scopes))]


def _ampersands(scopes: Sequence[str]) -> Query:
    first, *others = scopes
    return [("with", first), *((other, "") for other in others)]


def _brackets(scopes: Sequence[str]) -> Query:
    return [("with[]", scope) for scope in scopes]


SPELLINGS: tuple[Callable[[Sequence[str]], Query], ...] = (_commas, _ampersands, _brackets)


class Spelling:
    """Which of the three one connection's portal understands, as far as its answers have shown.

    The comma list is tried first: the contract's. Each other one is tried at most once, and what
    was learnt stays; where none helps, it is the comma list for good.
    """

    def __init__(self) -> None:
        self._left = SPELLINGS

    def ways(self, scopes: Sequence[str]) -> list[Query]:
        """The queries worth trying for these scopes, the likeliest first."""
        found: list[Query] = []
        for way in self._left:
            query = way(scopes)
            if query not in found:  # one value alone is written alike in two of them
                found.append(query)
        return found

    def learn(self, scopes: Sequence[str], query: Query, *, understood: bool) -> None:
        left = tuple(way for way in self._left if (way(scopes) == query) is understood)
        self._left = left or SPELLINGS[:1]


def understood(records: Records, shows: Sequence[str]) -> bool:
    """Whether every part that the scopes bring is in at least one of the records."""
    return all(any(part in record for record in records) for part in shows)
