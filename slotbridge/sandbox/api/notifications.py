"""Pulling notifications, and releasing those that could not be pushed."""

from math import ceil

from slotbridge.sandbox import delivery, notifications
from slotbridge.sandbox.api.answers import Answer, ApiError, Call, not_found, whole

EMPTY = "No notifications found"
MOST = 100


def pull_notification(call: Call) -> Answer:
    """The earliest one; reading consumes it."""
    try:
        found, _left = notifications.pull(call.client, 1)
    except notifications.QueueEmpty:
        raise not_found(EMPTY) from None
    return Answer(body=found[0])


def pull_multiple_notification(call: Call) -> Answer:
    """Up to `limit` (1 to 100, default 1); a limit outside is brought to the nearest."""
    asked = whole(call.query.get("limit") or "1", not_found(EMPTY), least=0)
    try:
        found, left = notifications.pull(call.client, min(max(asked, 1), MOST))
    except notifications.QueueEmpty:
        raise not_found(EMPTY) from None
    return Answer(body={"notifications": found, "remaining": left})


def release_notifications(call: Call) -> Answer:
    try:
        delivery.release(call.client)
    except delivery.NotPushed:
        raise ApiError(403, "You are not allowed to use this method") from None
    except delivery.TooSoon as error:
        seconds = str(ceil(error.wait.total_seconds()))
        return Answer(429, headers={"Retry-After": seconds})
    return Answer(204)
