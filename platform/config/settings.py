"""Settings: typed, from the environment, loud when something is missing.

Every name that an operator may set is described in docs/settings.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import dj_database_url
import environ

ROOT = Path(__file__).resolve().parents[2]
env = environ.Env()

HOME = Path(env.str("TOUCHSTONE_HOME", str(ROOT / ".touchstone")))
DEBUG = env.bool("DEBUG", False)
TESTING = "pytest" in sys.modules

# --- secrets -------------------------------------------------------------------------------------
_secret_file = HOME / "secret_key"
SECRET_KEY = env.str("SECRET_KEY", "") or (
    _secret_file.read_text().strip() if _secret_file.exists() else ""
)
if not SECRET_KEY:
    if not (TESTING or DEBUG):
        raise environ.ImproperlyConfigured(
            "SECRET_KEY is not set and there is no secret_key file: run `make up`, or set it."
        )
    SECRET_KEY = "tests-and-debug-only-" + "x" * 50

# --- who may talk to us --------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000")
_https = PUBLIC_URL.startswith("https://")

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", _https)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000 if _https else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", False) else None
)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- applications --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "rest_framework",
    "pgtrigger",
    "csp",
    "audit",
    "blobs",
    "jobs",
    "sandbox",
    "accounts",
    "ml",
    "media_analysis.submissions",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.navigation.navigation",
            ],
        },
    }
]
FORM_RENDERER = "config.forms.FormRenderer"

# --- people: who they are and how they log in ----------------------------------------------------
AUTH_USER_MODEL = "accounts.User"

# --- PostgreSQL: the only database ---------------------------------------------------------------
DATABASE_URL = env.str("TEST_DATABASE_URL" if TESTING else "DATABASE_URL", "")
DATABASES = {
    "default": dj_database_url.parse(
        DATABASE_URL or "postgres://localhost/touchstone",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
DATABASES["default"]["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", "test_touchstone")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Celery: only a doorbell; the row in PostgreSQL is the truth ----------------------------------
BROKER_URL = env.str("BROKER_URL", "")

# --- the audit record: its keys, and its anchor outside the database ----------------------------
AUDIT_SIGNING_KEY_FILE = Path(
    env.str("AUDIT_SIGNING_KEY_FILE", str(HOME / "keys" / "audit_signing.key"))
)
AUDIT_SUBJECT_KEY_FILE = Path(
    env.str("AUDIT_SUBJECT_KEY_FILE", str(HOME / "keys" / "audit_subjects.key"))
)
AUDIT_ANCHOR_FILE = Path(env.str("AUDIT_ANCHOR_FILE", str(HOME / "audit.anchor")))

# --- storage -------------------------------------------------------------------------------------
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "blobs": {
        "BACKEND": env.str("BLOB_STORAGE", "django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.json("BLOB_STORAGE_OPTIONS", {"location": str(HOME / "blobs")}),
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = HOME / "media"
STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [ROOT / "static"]
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", 512 * 1024 * 1024)

# --- the wall round the decoder ------------------------------------------------------------------
REQUIRE_SANDBOX = env.bool("REQUIRE_SANDBOX", not DEBUG)

# --- language and time ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- mail ----------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Touchstone <touchstone@localhost>")
