"""Hub, sandbox and portal in one process: for tests and the type checker, never to serve.

The three still share no table and no import; each keeps its own database.
"""

from slotbridge.config import portal, sandbox
from slotbridge.config.settings import *  # noqa: F403 - every setting of the hub, on purpose
from slotbridge.config.settings import DATABASES, INSTALLED_APPS, LOCALE_PATHS

INSTALLED_APPS = [*INSTALLED_APPS, "slotbridge.sandbox", "slotbridge.portal"]
# A test of one of them may run without the others' databases.
DATABASES = {
    **DATABASES,
    "sandbox": {**sandbox.DATABASES["sandbox"], "TEST": {"DEPENDENCIES": []}},
    "portal": {**portal.DATABASES["portal"], "TEST": {"DEPENDENCIES": []}},
}
DATABASE_ROUTERS = [*sandbox.DATABASE_ROUTERS, *portal.DATABASE_ROUTERS]
LOCALE_PATHS = [*LOCALE_PATHS, *sandbox.LOCALE_PATHS, *portal.LOCALE_PATHS]
PORTAL_URL, PORTAL_NAME = portal.PORTAL_URL, portal.PORTAL_NAME
PORTAL_PROXIES, PORTAL_COMMANDS = portal.PORTAL_PROXIES, portal.PORTAL_COMMANDS
DEFAULT_FROM_EMAIL = portal.DEFAULT_FROM_EMAIL
SANDBOX_CONTROL_TOKEN = sandbox.SANDBOX_CONTROL_TOKEN
SANDBOX_ADDRESSES = sandbox.SANDBOX_ADDRESSES
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PRIVATE_PORTALS = True
