"""Keeps the sandbox's tables in the sandbox's database, and nobody else's there."""

from typing import Any

DATABASE = "sandbox"


class SandboxRouter:
    """Django's database router; `transaction.atomic(using=DATABASE)` goes with it."""

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        return DATABASE if model._meta.app_label == "sandbox" else None  # noqa: SLF001 - how Django says it

    def db_for_write(self, model: Any, **_hints: Any) -> str | None:
        return DATABASE if model._meta.app_label == "sandbox" else None  # noqa: SLF001 - how Django says it

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool | None:
        if db == DATABASE or app_label == "sandbox":
            return db == DATABASE and app_label == "sandbox"
        return None
