"""What `slotbridge portal` serves: the application, with the chores beside it."""

import atexit

from slotbridge.portal.wsgi import application  # first: it makes Django ready

from slotbridge.portal.chores import Keeper  # isort: skip

__all__ = ["application"]

_keeper = Keeper()
_keeper.start()
atexit.register(_keeper.stop)
