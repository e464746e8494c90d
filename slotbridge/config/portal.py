"""Settings of the portal: a program of its own, with its own process, database and pages."""

from pathlib import Path

from slotbridge.config import home
from slotbridge.config.settings import (  # noqa: F401 - the same ground, named one by one
    DATA,
    DEFAULT_AUTO_FIELD,
    LOGGING,
    PACKAGE,
    SEALING_SECRETS,
    SECRET_KEY,
    TIME_ZONE,
    USE_I18N,
    USE_TZ,
)
from slotbridge.kit import catalogues, env

DEBUG = False
ALLOWED_HOSTS = env.words("SLOTBRIDGE_PORTAL_HOSTS", "localhost,127.0.0.1,[::1]")
# Where patients and clinics reach the portal: links in letters start with it.
PORTAL_URL = env.text("SLOTBRIDGE_PORTAL_URL", "http://localhost:8200").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PORTAL_URL] if PORTAL_URL.startswith("https://") else []
PORTAL_NAME = env.text("SLOTBRIDGE_PORTAL_NAME", "Medihost")
# Proxies in front of the portal whose X-Forwarded-For and X-Forwarded-Proto are believed.
PORTAL_PROXIES = env.words("SLOTBRIDGE_PORTAL_PROXIES", "")
# What `slotbridge portal …` and `medihost explain` do: they may not import the portal.
PORTAL_COMMANDS = "slotbridge.portal.commands"
INSTALLED_APPS = ["django.contrib.postgres", "slotbridge.portal"]
MIDDLEWARE: list[str] = []  # slotbridge.portal.wsgi takes none: pages bring what they need
ROOT_URLCONF = "slotbridge.portal.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
# All of the portal's models live in the database named "portal" (slotbridge.portal.router).
_address = env.text("PORTAL_DATABASE_URL", "")
EMBEDDED_POSTGRES = None if _address else home.embedded()
DATABASES = {
    "default": {},
    "portal": env.database("PORTAL_DATABASE_URL", _address or home.embedded().url("portal")),
}
DATABASE_ROUTERS = ["slotbridge.portal.router.PortalRouter"]
LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", "русский"), ("en", "English")]
LOCALE_PATHS = [
    catalogues.compiled(PACKAGE / "portal" / "locale", DATA / "portal-locale"),
    catalogues.compiled(PACKAGE / "cli" / "locale", DATA / "cli-locale"),  # medihost explain
]
SESSION_COOKIE_NAME = "portal_session"
CSRF_COOKIE_NAME = "portal_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PORTAL_URL.startswith("https://")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # of pages; import.php reads its body as a stream
# Letters go by Django's mail settings; without a server they are written to a file each.
EMAIL_HOST = env.text("SLOTBRIDGE_MAIL_HOST", "")
EMAIL_PORT = env.number("SLOTBRIDGE_MAIL_PORT", 587, least=1, most=65535)
EMAIL_HOST_USER = env.text("SLOTBRIDGE_MAIL_USER", "")
EMAIL_HOST_PASSWORD = env.text("SLOTBRIDGE_MAIL_PASSWORD", "")
EMAIL_USE_TLS = env.flag("SLOTBRIDGE_MAIL_TLS", default=True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("SLOTBRIDGE_MAIL_FROM", "portal@localhost")
EMAIL_FILE_PATH = Path(env.text("SLOTBRIDGE_MAIL_FOLDER", str(DATA / "mail")))
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.filebased.EmailBackend"
)
