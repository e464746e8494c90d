"""Settings of the sandbox: a program of its own, with its own process, database and pages."""

from slotbridge.config import home
from slotbridge.config.settings import (  # noqa: F401 - the same ground, named one by one
    AUTH_PASSWORD_VALIDATORS,
    DATA,
    DEFAULT_AUTO_FIELD,
    LOGGING,
    SECRET_KEY,
    STORAGES,
    TIME_ZONE,
    USE_I18N,
    USE_TZ,
    WHITENOISE_USE_FINDERS,
    X_FRAME_OPTIONS,
)
from slotbridge.kit import env

DEBUG = False
ALLOWED_HOSTS = env.words("SLOTBRIDGE_SANDBOX_HOSTS", "localhost,127.0.0.1,[::1]")
INSTALLED_APPS = ["django.contrib.staticfiles", "django.contrib.postgres", "slotbridge.sandbox"]
MIDDLEWARE: list[str] = []  # slotbridge.sandbox.wsgi: the handler takes none
ROOT_URLCONF = "slotbridge.sandbox.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
# All of the sandbox's models live in the database named "sandbox" (slotbridge.sandbox.router).
DATABASES = {
    "default": {},
    "sandbox": env.database(
        "SANDBOX_DATABASE_URL",
        env.text("SANDBOX_DATABASE_URL", "") or home.embedded().url("sandbox"),
    ),
}
DATABASE_ROUTERS = ["slotbridge.sandbox.router.SandboxRouter"]
STATIC_URL = "static/"
STATIC_ROOT = DATA / "sandbox-static"
LANGUAGE_CODE = "pl"
LANGUAGES = [("pl", "polski"), ("en", "English")]
CSRF_COOKIE_NAME = "sandbox_csrf"
# Opens the control API (docs/sandbox.md): seed, act, script faults, move the clock.
SANDBOX_CONTROL_TOKEN = home.secret("SLOTBRIDGE_SANDBOX_CONTROL_TOKEN")
