"""The order of names on a page: PostgreSQL may have no rules of language, so we bring ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from slotbridge.his.names import sort_key

R = TypeVar("R")


def by_name(rows: Iterable[R]) -> list[R]:
    """Records by name, those that are out of use last."""
    return sorted(rows, key=_key)


def _key(row: Any) -> tuple[bool, str]:
    return not getattr(row, "is_active", True), sort_key(row.name, "")
