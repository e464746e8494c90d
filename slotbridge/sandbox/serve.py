"""What `slotbridge sandbox` serves: the application, with the push sender beside it."""

import atexit

from slotbridge.sandbox.wsgi import application  # first: it makes Django ready

from slotbridge.sandbox.delivery import Sender  # isort: skip

__all__ = ["application"]

_sender = Sender()
_sender.start()
atexit.register(_sender.stop)
