"""Settings of the hub: web, worker and commands. Environment only, read once, typed."""

from pathlib import Path

from slotbridge.config import home
from slotbridge.kit import catalogues, env

PACKAGE = Path(__file__).resolve().parent.parent
DATA = home.data_directory()

SECRET_KEY = home.secret("SLOTBRIDGE_SECRET_KEY")
# Newest first: add a new secret in front to replace one while the system runs.
SEALING_SECRETS = env.words("SLOTBRIDGE_SEALING_SECRETS", "") or [
    home.secret("SLOTBRIDGE_SEALING_SECRET")
]
DEBUG = env.flag("SLOTBRIDGE_DEBUG", default=False)
ALLOWED_HOSTS = env.words("SLOTBRIDGE_HOSTS", "localhost,127.0.0.1,[::1]")
# Where portals and people reach this hub; the notification address (R8) starts with it.
PUBLIC_URL = env.text("SLOTBRIDGE_PUBLIC_URL", "http://localhost:8000").rstrip("/")
# Proxies in front of the hub whose X-Forwarded-For and X-Forwarded-Proto are believed (A61).
PROXIES = env.words("SLOTBRIDGE_PROXIES", "")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL.startswith("https://") else []
# Portals on private addresses are refused, save where a sandbox runs beside the hub.
PRIVATE_PORTALS = env.flag("SLOTBRIDGE_PRIVATE_PORTALS", default=False)

# One line a portal: the kind stored in Account.kind, and the class that speaks its language.
CONNECTORS = {
    "docplanner": "slotbridge.connectors.docplanner.connector.DocplannerConnector",
    "medihost": "slotbridge.connectors.medihost.connector.MedihostConnector",
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "slotbridge.his",
    "slotbridge.sync",
    "slotbridge.web",
]
AUTH_USER_MODEL = "his.User"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "slotbridge.web.middleware.SecurityHeaders",
]
ROOT_URLCONF = "slotbridge.config.urls"
WSGI_APPLICATION = "slotbridge.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ]
        },
    }
]
DATABASES = {"default": env.database("DATABASE_URL", home.database_url("slotbridge"))}
# None where DATABASE_URL names a database that somebody else runs.
EMBEDDED_POSTGRES = None if env.text("DATABASE_URL", "") else home.embedded()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

USE_TZ = True
TIME_ZONE = "UTC"  # pages show a unit's own zone; nothing relies on this one
USE_I18N = True
LANGUAGE_CODE = "pl"
# Each has a complete catalogue: where a sentence is missing, Django would say it in Polish.
LANGUAGES = [("pl", "polski"), ("en", "English"), ("ru", "русский")]
LOCALE_PATHS = [
    catalogues.compiled(PACKAGE / "locale", DATA / "locale"),
    catalogues.compiled(PACKAGE / "cli" / "locale", DATA / "cli-locale"),
]

STATIC_URL = "static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_NAME = "slotbridge_session"
CSRF_FAILURE_VIEW = "slotbridge.web.views.session.stale_form"
CSRF_COOKIE_NAME = "slotbridge_csrf"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # a notification address must not leave in a Referer
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"events": {"()": "slotbridge.config.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "events"}},
    "root": {"handlers": ["stderr"], "level": env.text("SLOTBRIDGE_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        # Tracebacks of a 500 may quote a form: the location is logged, the values are not.
        "django.request": {"level": "ERROR"},
        "django.db.backends": {"level": "WARNING"},
    },
}
