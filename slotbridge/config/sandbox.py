"""Settings of the sandbox: a program of its own, with its own process, database and pages."""

from slotbridge.config import home
from slotbridge.config.settings import (  # noqa: F401 - the same ground, named one by one
    DATA,
    DEFAULT_AUTO_FIELD,
    LOGGING,
    PACKAGE,
    SECRET_KEY,
    TIME_ZONE,
    USE_I18N,
    USE_TZ,
)
from slotbridge.kit import catalogues, env

DEBUG = False
ALLOWED_HOSTS = env.words("SLOTBRIDGE_SANDBOX_HOSTS", "localhost,127.0.0.1,[::1]")
INSTALLED_APPS = ["django.contrib.postgres", "slotbridge.sandbox"]
MIDDLEWARE: list[str] = []  # slotbridge.sandbox.wsgi takes none: pages bring what they need
ROOT_URLCONF = "slotbridge.sandbox.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
# All of the sandbox's models live in the database named "sandbox" (slotbridge.sandbox.router).
_address = env.text("SANDBOX_DATABASE_URL", "")
EMBEDDED_POSTGRES = None if _address else home.embedded()
DATABASES = {
    "default": {},
    "sandbox": env.database("SANDBOX_DATABASE_URL", _address or home.embedded().url("sandbox")),
}
DATABASE_ROUTERS = ["slotbridge.sandbox.router.SandboxRouter"]
LANGUAGE_CODE = "pl"
LANGUAGES = [("pl", "polski"), ("en", "English")]
LOCALE_PATHS = [
    catalogues.compiled(PACKAGE / "sandbox" / "locale", home.data_directory() / "sandbox-locale")
]
# Where this look-alike says it sends notifications from.
SANDBOX_ADDRESSES = env.words("SLOTBRIDGE_SANDBOX_ADDRESSES", "127.0.0.1,::1")
CSRF_COOKIE_NAME = "sandbox_csrf"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # a first load of 12 weeks in one request
# Opens the control API (docs/sandbox.md): seed, act, script faults, move the clock.
SANDBOX_CONTROL_TOKEN = home.secret("SLOTBRIDGE_SANDBOX_CONTROL_TOKEN")
