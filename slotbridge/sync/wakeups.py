"""Waking idle workers."""

from django.db import connection


def wake() -> None:
    """Wakes idle workers when this transaction commits; a lost wake-up costs a poll interval."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('slotbridge_work', '')")
