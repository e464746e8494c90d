"""Rate limits: GET per hour, everything else per minute, per client.

Source: behaviour.md section 3. All four headers absent means the limiter is off.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.sandbox import payloads
from slotbridge.sandbox.models import Client, RateWindow
from slotbridge.sandbox.router import DATABASE

READ = ("read", timedelta(hours=1))
WRITE = ("write", timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Usage:
    limit: int
    used: int
    resets_at: datetime
    exceeded: bool

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Used": str(self.used),
            "X-RateLimit-Remaining": str(max(self.limit - self.used, 0)),
            "X-RateLimit-Reset": payloads.moment(self.resets_at),
        }


def count(client: Client, method: str) -> Usage | None:
    """Counts one call; None if the client is not limited. A refused call is not counted."""
    if not client.is_limited:
        return None
    reads = method in {"GET", "HEAD"}
    kind, span = READ if reads else WRITE
    limit = client.reads_per_hour if reads else client.writes_per_minute
    now = clock.now()
    with transaction.atomic(using=DATABASE):
        RateWindow.objects.bulk_create(
            [RateWindow(client=client, kind=kind, ends_at=now + span)], ignore_conflicts=True
        )
        window = RateWindow.objects.select_for_update().get(client=client, kind=kind)
        if window.ends_at <= now:
            window.used, window.ends_at = 0, now + span
        exceeded = window.used >= limit
        window.used += 0 if exceeded else 1
        window.save(update_fields=["used", "ends_at"])
    return Usage(limit, window.used, window.ends_at, exceeded)
