"""Advisory locks that end with the transaction, for what no row stands for.

Everybody in `his` takes locks in this order, so that nobody waits in a circle: patients, e-mail
address, the visit one was asked to change, practitioners, rooms, devices, slots, holds in the
way. A transaction that calls for a second visit starts the order anew; it may in theory be chosen
as the victim of a deadlock, and must be one that is repeated (a worker's turn).
"""

import hashlib

from django.db import connection


def _take(function: str, *name: object) -> None:
    # Hashed here: an e-mail address must not stand in the server's log of slow statements.
    digest = hashlib.blake2b("\x1f".join(map(str, name)).encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [int.from_bytes(digest, "big", signed=True)])


def keep_patients_apart(organisation_id: int) -> None:
    """Until the transaction ends nobody merges patients of the organisation. Shared: any number
    of bookings hold it at once.
    """
    _take("pg_advisory_xact_lock_shared", "patients", organisation_id)


def merge_patients(organisation_id: int) -> None:
    """Waits for bookings under way, and keeps new ones waiting until the transaction ends."""
    _take("pg_advisory_xact_lock", "patients", organisation_id)


def one_email(organisation_id: int, email_key: str) -> None:
    """One at a time for this address: two bookings of an unknown one make one patient."""
    _take("pg_advisory_xact_lock", "email", organisation_id, email_key)
