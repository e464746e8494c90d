"""What `slotbridge sandbox` serves: the application, with what time does beside it."""

import atexit

from slotbridge.sandbox.wsgi import application  # first: it makes Django ready

from slotbridge.sandbox.chores import Sender  # isort: skip

__all__ = ["application"]

_sender = Sender()
_sender.start()
atexit.register(_sender.stop)
