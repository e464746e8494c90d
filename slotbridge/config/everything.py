"""Hub and sandbox in one process: for the test suite and the type checker, never to serve.

The two still share no table and no import; each keeps its own database.
"""

from slotbridge.config import sandbox
from slotbridge.config.settings import *  # noqa: F403 - every setting of the hub, on purpose
from slotbridge.config.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "slotbridge.sandbox"]
DATABASES = {**DATABASES, "sandbox": sandbox.DATABASES["sandbox"]}
DATABASE_ROUTERS = sandbox.DATABASE_ROUTERS
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PRIVATE_PORTALS = True
