"""The `Orders` section of an import: kept aside while the document is read, applied at its end."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from enum import Enum, auto
from tempfile import SpooledTemporaryFile

from slotbridge.portal import orders
from slotbridge.portal.models import Clinic, Order, Resource
from slotbridge.wire.medihost import model, problems, spelling
from slotbridge.wire.medihost.model import Key, Section
from slotbridge.wire.medihost.problems import Problem
from slotbridge.wire.medihost.reader import Batch, Ended
from slotbridge.wire.medihost.result import SectionCounts

_IN_MEMORY = 1024 * 1024  # bytes; what is more waits on the disk


class _Became(Enum):
    UPDATED = auto()
    UNCHANGED = auto()
    SKIPPED = auto()


Changes = list[tuple[int, model.Order]]  # with their lines


class ChangedOrders:
    """The section's rows in a file without a name, as nothing is applied before the end."""

    def __init__(self, clinic: Clinic, tell: Callable[[Problem], None]) -> None:
        self._clinic = clinic
        self._tell = tell
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - see close()
        self._given = 0
        self._ended = Ended(Section.ORDERS, received=0)

    def close(self) -> None:
        self._file.close()

    def read(self, inside: Iterable[Batch | Ended]) -> None:
        for each in inside:
            if isinstance(each, Ended):
                self._ended = each
            else:
                self._given += len(each.rows)
                pairs = [
                    (line, tuple(row)) for line, row in zip(each.lines, each.rows, strict=True)
                ]
                pickle.dump(pairs, self._file, pickle.HIGHEST_PROTOCOL)

    def apply(self) -> SectionCounts:
        """Takes each change by the state machine (8.2) and the ownership of fields (8.3)."""
        became = Counter[_Became]()
        once = dict.fromkeys(self._ended.repeated, False)  # key -> whether it was taken
        refused = frozenset(self._ended.refused)
        orders.lock(self._clinic.pk)
        for changes in self._batches():
            found = _locked(self._clinic, changes)
            resources = _resources(self._clinic, changes)
            for line, change in changes:
                key: Key = (change.id,)
                if key in refused:
                    became[_Became.SKIPPED] += 1
                elif not once.get(key):
                    became[self._take(found.get(change.id), line, change, resources)] += 1
                    if key in once:
                        once[key] = True
        return SectionCounts(
            name=Section.ORDERS,
            received=self._ended.received,
            updated=became[_Became.UPDATED],
            unchanged=became[_Became.UNCHANGED],
            skipped=self._ended.received - self._given + became[_Became.SKIPPED],
        )

    def _batches(self) -> Iterator[Changes]:
        ends = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < ends:
            pairs = pickle.load(self._file)  # noqa: S301 - what read() wrote, a file of our own
            yield [(line, model.Order(*fields)) for line, fields in pairs]

    def _take(
        self,
        order: Order | None,
        line: int,
        change: model.Order,
        resources: dict[int, Resource],
    ) -> _Became:
        told, has_changed = _answer(order, change, resources)
        for one in told:
            self._tell(replace(one, section=Section.ORDERS, line=line, key=str(change.id)))
        if any(one.is_error for one in told):
            return _Became.SKIPPED
        return _Became.UPDATED if has_changed else _Became.UNCHANGED


def _answer(
    order: Order | None, change: model.Order, resources: dict[int, Resource]
) -> tuple[list[Problem], bool]:
    if order is None:
        return [problems.ORDER_UNKNOWN(attribute=spelling.ORDER["id"])], False
    return orders.take_change(order, change, resources)


def _locked(clinic: Clinic, changes: Changes) -> dict[int, Order]:
    """The orders by number, each locked until the import ends."""
    numbers = {change.id for _line, change in changes if 0 <= change.id < 2**31}
    found = (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("resource", "clinic")
        .filter(clinic=clinic, number__in=numbers)
        .order_by("number")
    )
    return {order.number: order for order in found}


def _resources(clinic: Clinic, changes: Changes) -> dict[int, Resource]:
    """Those that the changes name, by their ids in the MIS; hidden ones are not there (U-17)."""
    ids = {change.mis_resource_id for _line, change in changes} - {None}
    found = Resource.objects.filter(clinic=clinic, mis_id__in=ids, hidden_at=None)
    return {one.mis_id: one for one in found if one.mis_id is not None}
