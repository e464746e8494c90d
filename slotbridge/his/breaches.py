"""The database decides; here a refusal of it is told by the name of the constraint."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import IntegrityError, transaction


class NameTaken(Exception):
    """Something of this name, number or kind is there already: choose another, or use that one.

    `constraint` is the database's name of the rule.
    """

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


def breach_of(error: IntegrityError) -> str:
    """Name of the constraint that refused a row; "" if the database named none.

    After an IntegrityError the transaction is unusable: run the statement in a savepoint (an
    inner `transaction.atomic()`), catch outside it, and look up what stands in the way then.

        try:
            with transaction.atomic():
                visit.save()
        except IntegrityError as error:
            if breach_of(error).startswith("visit_no_double_booking_"):
                raise SlotTaken(...) from None
            raise

    `from None`, since the text of an IntegrityError may quote the row, a person's data included.
    """
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, psycopg.Error) else ""


@contextmanager
def unique(*constraints: str) -> Iterator[None]:
    """Runs the block in a savepoint; a breach of one of these constraints becomes NameTaken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = breach_of(error)
        if name in constraints:
            raise NameTaken(name) from None
        raise
