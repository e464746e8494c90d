"""Hub and sandbox in one process: for the test suite and the type checker, never to serve.

The two still share no table and no import; each keeps its own database.
"""

from slotbridge.config import sandbox
from slotbridge.config.settings import *  # noqa: F403 - every setting of the hub, on purpose
from slotbridge.config.settings import DATABASES, INSTALLED_APPS, LOCALE_PATHS

INSTALLED_APPS = [*INSTALLED_APPS, "slotbridge.sandbox"]
# A test of one of the two may run without the other's database.
DATABASES = {**DATABASES, "sandbox": {**sandbox.DATABASES["sandbox"], "TEST": {"DEPENDENCIES": []}}}
DATABASE_ROUTERS = sandbox.DATABASE_ROUTERS
LOCALE_PATHS = [*LOCALE_PATHS, *sandbox.LOCALE_PATHS]
SANDBOX_CONTROL_TOKEN = sandbox.SANDBOX_CONTROL_TOKEN
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PRIVATE_PORTALS = True
