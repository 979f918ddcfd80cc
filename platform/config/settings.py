"""Settings: typed, from the environment, with an error where something is missing.

Every name that an operator may set is described in docs/settings.md. Settings of accounts and of
REST are in files of their own next to this one.
"""

from __future__ import annotations

import secrets
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import environ

from config import logs
from config.environment import BadSetting
from config.s3 import s3_deadlines
from config.settings_base import DEBUG as DEBUG
from config.settings_base import HOME as HOME
from config.settings_base import ROOT, env, is_https, public_url
from config.settings_people import *  # noqa: F403
from config.settings_people import OIDC_SERVER_URL
from config.settings_rest import *  # noqa: F403
from config.static import is_collected

TESTING = "pytest" in sys.modules

# --- secrets -------------------------------------------------------------------------------------
_secret_file = HOME / "secret_key"
SECRET_KEY = env.str("SECRET_KEY", "") or (
    _secret_file.read_text().strip() if _secret_file.exists() else ""
)
# Commands that sign nothing and open no database run on a machine that was never set up.
_SIGN_NOTHING = {
    "verify", "evaluate", "prepare", "leaks", "train", "release", "sandbox_selftest",
    "collectstatic",
}  # fmt: skip
_needs_no_secret = len(sys.argv) > 1 and sys.argv[1] in _SIGN_NOTHING
if not SECRET_KEY and _needs_no_secret:
    SECRET_KEY = secrets.token_urlsafe(60)
if not SECRET_KEY:
    if not (TESTING or DEBUG):
        raise environ.ImproperlyConfigured(
            "SECRET_KEY is not set and there is no secret_key file: run `make up`, or set it."
        )
    SECRET_KEY = "tests-and-debug-only-" + "x" * 50

# --- who may talk to us --------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL: str = public_url

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = is_https
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", is_https)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000 if is_https else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = is_https
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", False) else None
)
BEHIND_PROXY = (
    bool(SECURE_PROXY_SSL_HEADER)
    or env.int("TRUSTED_PROXY_COUNT", 0) > 0
    or bool(env.str("TRUSTED_CLIENT_IP_HEADER", ""))
)
CSRF_FAILURE_VIEW = "media_analysis.partners.bodies.csrf_failure"
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
if OIDC_SERVER_URL:  # the login form is sent on to the provider: the browser must be allowed to
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append(
        "{0.scheme}://{0.netloc}".format(urlsplit(OIDC_SERVER_URL))
    )

# --- applications --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
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
    "rest_framework",
    "pgtrigger",
    "csp",
    "audit",
    "blobs",
    "jobs",
    "sandbox",
    "accounts",
    "ml",
    "media_analysis.previews",
    "media_analysis.care",
    "media_analysis.submissions",
    "media_analysis.review",
    "media_analysis.batches",
    "media_analysis.uploads",
    "media_analysis.test_mode",
    "media_analysis.webhooks",
    "media_analysis.partners",
    "media_analysis.reports",
    "media_analysis.dashboard",
    "media_analysis.backfill",
    "media_analysis.teams",
    "operations",
    "drf_spectacular",
]
if find_spec("lab"):  # a server image leaves the laboratory out
    INSTALLED_APPS.append("lab")

MIDDLEWARE = [
    "operations.middleware.Probes",
    "operations.middleware.LogIds",
    "media_analysis.partners.heads.HonestHeads",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "media_analysis.partners.bodies.HonestBodies",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.middleware.SessionOrigin",
    "accounts.middleware.OwnLanguage",
    "allauth.account.middleware.AccountMiddleware",
    "media_analysis.partners.second_factor.SecondFactorRule",
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
            # On every page there are sentences and times.
            "builtins": ["django.templatetags.i18n", "accounts.templatetags.moments"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "accounts.navigation.navigation",
                "media_analysis.care.context.of_person",
            ],
        },
    }
]
FORM_RENDERER = "config.forms.FormRenderer"

# --- PostgreSQL: the only database ---------------------------------------------------------------
DATABASE_URL = env.str("TEST_DATABASE_URL" if TESTING else "DATABASE_URL", "")
DATABASES = {
    "default": dj_database_url.parse(
        DATABASE_URL or "postgres://localhost/touchstone",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
if _password := env.str("DATABASE_PASSWORD", ""):  # so that a secret's file may hold it alone
    DATABASES["default"]["PASSWORD"] = _password
DATABASE_POOLED = env.bool("DATABASE_POOLED", False)  # by pgbouncer, a connection a transaction
# A cursor that outlives its transaction would be looked for on another connection.
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = DATABASE_POOLED
DATABASES["default"]["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", "test_touchstone")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Celery: only a doorbell; the row in PostgreSQL is the truth ----------------------------------
BROKER_URL = env.broker("BROKER_URL")
if DATABASE_POOLED and not BROKER_URL:
    raise BadSetting(
        "DATABASE_POOLED needs BROKER_URL: the queue in PostgreSQL keeps prepared statements, "
        "which a pooler by transaction loses. Name a broker, or leave out the pooler."
    )
JOBS_LEASE_SECONDS = env.above(0, "JOBS_LEASE_SECONDS", 60.0)
JOBS_RECONCILE_SECONDS = env.above(0, "JOBS_RECONCILE_SECONDS", 10.0)
JOBS_OVERDUE_SECONDS = env.above(0, "JOBS_OVERDUE_SECONDS", 30.0)
JOBS_MOST_SECONDS = env.above(0, "JOBS_MOST_SECONDS", 21_600.0)
JOBS_BACKOFF_SECONDS = env.at_least(0, "JOBS_BACKOFF_SECONDS", 2.0)
JOBS_GRACE_SECONDS = env.at_least(0, "JOBS_GRACE_SECONDS", 8.0)
JOBS_COURIERS = int(env.at_least(1, "JOBS_COURIERS", 4))
WORKER_KINDS = env.str("WORKER_KINDS", "")
WORKER_RESERVED_SLOTS = env.int("WORKER_RESERVED_SLOTS", None)
WORKER_NEVER_IMPORTS = ["tensorflow"]  # models are served with LiteRT; see docs/jobs.md
DECISION_GRACE_SECONDS = env.int("DECISION_GRACE_SECONDS", 30)
"""How long a decision can be undone, where a team has not chosen otherwise. 0: final at once."""
PERIODIC_DUTIES = {
    "settle_decisions": (5.0, "media_analysis.review.services.grace.settle_due"),
    "seal": (10.0, "audit.sealer.seal"),
    "compare_new_rows": (3600.0, "audit.checking.compare_new_rows"),
    "compare_all_rows": (3600.0, "audit.checking.compare_all_rows"),  # does it once a day
    "erase": (20.0, "media_analysis.submissions.services.erasing.run_due"),
    "order_erasures": (3600.0, "media_analysis.submissions.services.retention.order_due"),
    "remove_parts": (600.0, "media_analysis.submissions.services.parts.run_due"),
    "mail_mentions": (60.0, "media_analysis.review.services.mention_mail.run_due"),
    "look_for_drift": (3600.0, "media_analysis.review.services.drift.run_due"),  # once a month
    "feed_backfills": (5.0, "media_analysis.backfill.services.feeding.feed"),
    "tidy_accounts": (86_400.0, "accounts.services.housekeeping.tidy"),
    "tidy_care": (86_400.0, "media_analysis.care.services.exposure.forget_old"),
    "tidy_dashboard": (86_400.0, "media_analysis.dashboard.services.retrying.forget_old"),
    "tidy_partners": (86_400.0, "media_analysis.partners.services.idempotency.forget_old"),
    "tidy_uploads": (86_400.0, "media_analysis.uploads.services.uploading.forget_old"),
    "tidy_direct_uploads": (3_600.0, "media_analysis.uploads.services.announcing.forget_old"),
    "tidy_webhooks": (86_400.0, "media_analysis.webhooks.services.delivering.forget_old"),
    "tidy_spool": (3_600.0, "media_analysis.submissions.services.spool.forget_old"),
}
TEST_KEEP_DAYS = env.above(0, "TEST_KEEP_DAYS", 7.0)
ERASURE_DELAY_SECONDS = env.int("ERASURE_DELAY_SECONDS", 600)
CELERY_APP = "config.celery.app"
ML_ANALYSE = "ml.engine.analyse"

# --- the audit record: its keys, and its anchor outside the database ----------------------------
REPORT_SIGNING_KEY_FILE = Path(
    env.str("REPORT_SIGNING_KEY_FILE", str(HOME / "keys" / "report_signing.key"))
)
REPORT_PDF_SIGNER_FILE = env.str("REPORT_PDF_SIGNER_FILE", "")
REPORT_PDF_SIGNER_PASSPHRASE = env.str("REPORT_PDF_SIGNER_PASSPHRASE", "")
AUDIT_SIGNING_KEY_FILE = Path(
    env.str("AUDIT_SIGNING_KEY_FILE", str(HOME / "keys" / "audit_signing.key"))
)
AUDIT_SUBJECT_KEY_FILE = Path(
    env.str("AUDIT_SUBJECT_KEY_FILE", str(HOME / "keys" / "audit_subjects.key"))
)
_mark = env.str("AUDIT_MARK_FILE", "")
AUDIT_MARK_FILE = Path(_mark) if _mark else None
# Elsewhere `manage.py keys init` makes them, once.
AUDIT_MAKE_KEYS = env.bool("AUDIT_MAKE_KEYS", TESTING or DEBUG)
AUDIT_ANCHOR_FILE = Path(env.str("AUDIT_ANCHOR_FILE", str(HOME / "audit.anchor")))
# Further copies, best on other machines: each is written and each is compared.
AUDIT_ANCHOR_COPIES = [Path(name) for name in env.list("AUDIT_ANCHOR_COPIES", default=[])]
AUDIT_ANCHOR_STORAGE_SECONDS = env.above(0, "AUDIT_ANCHOR_STORAGE_SECONDS", 60.0)

# --- storage -------------------------------------------------------------------------------------
# Pages work without `collectstatic` too: files are then served as they lie in the checkout, without
# compression and without a year in the browser's cache. `manage.py doctor` says so.
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(ROOT / "staticfiles")))
_collecting = len(sys.argv) > 1 and sys.argv[1] == "collectstatic"
_collected = _collecting or is_collected(STATIC_ROOT, ROOT / "static")
WHITENOISE_USE_FINDERS = not _collected
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "blobs": {
        "BACKEND": env.str("BLOB_STORAGE", "django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.options("BLOB_STORAGE_OPTIONS", {"location": str(HOME / "blobs")}),
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING or not _collected
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
if _backup := env.str("BACKUP_STORAGE", ""):
    STORAGES["backup"] = {"BACKEND": _backup, "OPTIONS": env.options("BACKUP_STORAGE_OPTIONS", {})}
if _anchor := env.str("AUDIT_ANCHOR_STORAGE", ""):
    STORAGES["anchor"] = {
        "BACKEND": _anchor, "OPTIONS": env.options("AUDIT_ANCHOR_STORAGE_OPTIONS", {})
    }  # fmt: skip
for _one in ("blobs", "anchor"):
    if STORAGES.get(_one, {}).get("BACKEND") == "storages.backends.s3.S3Storage":
        STORAGES[_one]["OPTIONS"].setdefault(
            "client_config", s3_deadlines(STORAGES[_one]["OPTIONS"])
        )
BACKUP_RECIPIENT = env.str("BACKUP_RECIPIENT", "")
MEDIA_ROOT = HOME / "media"
STATIC_URL = "static/"
STATICFILES_DIRS = [ROOT / "static"]
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "media_analysis.submissions.services.spool.SpooledUploads",
]
UPLOAD_SPOOL_DIR = env.str("UPLOAD_SPOOL_DIR", str(HOME / "spool"))
UPLOAD_SPOOL_HOURS = env.float("UPLOAD_SPOOL_HOURS", 24.0)
MAX_UPLOAD_BYTES = env.size("MAX_UPLOAD_BYTES", 512 * 1024 * 1024)
DIRECT_UPLOADS = env.bool("DIRECT_UPLOADS", False)
DIRECT_UPLOADS_ENDPOINT_URL = env.str("DIRECT_UPLOADS_ENDPOINT_URL", "")
FORM_BYTES = 2 * 1024 * 1024  # what a form may weigh beside its file
PREVIEW_MAX_SECONDS = env.int("PREVIEW_MAX_SECONDS", 3600)
EVIDENCE_FILM_SECONDS = env.int("EVIDENCE_FILM_SECONDS", 120)

# --- slow and many clients (config.front) ---------------------------------------------------------
REQUEST_HEAD_SECONDS = env.float("REQUEST_HEAD_SECONDS", 15.0)
REQUEST_BODY_SECONDS = env.float("REQUEST_BODY_SECONDS", 30.0)
REQUEST_BODY_MIN_RATE = env.int("REQUEST_BODY_MIN_RATE", 4096)
ANONYMOUS_BODY_BYTES = 64 * 1024
OPEN_BODY_BYTES = {"/reports/verify/": 16 * 1024 * 1024}  # what strangers send to be checked
CONNECTIONS_PER_ADDRESS = env.int("CONNECTIONS_PER_ADDRESS", 100)
REQUEST_IS_KNOWN = "accounts.admission.is_known"
REQUEST_CLIENT = "accounts.admission.client_of"
REQUEST_VERSIONS = "media_analysis.partners.waiting.versions"

# --- requests to addresses that others name (webhooks, batches) -----------------------------------
OUTBOUND_ALLOWED_NETWORKS = env.list("OUTBOUND_ALLOWED_NETWORKS", default=[])
WEBHOOK_SECONDS = env.float("WEBHOOK_SECONDS", 15.0)
WEBHOOK_RETRY_HOURS = env.float("WEBHOOK_RETRY_HOURS", 24.0)
WEBHOOK_BACKOFF_SECONDS = env.float("WEBHOOK_BACKOFF_SECONDS", 5.0)
WEBHOOK_DISABLE_HOURS = env.float("WEBHOOK_DISABLE_HOURS", 72.0)
FETCH_SECONDS = env.float("FETCH_SECONDS", 120.0)
FETCH_BACKOFF_SECONDS = env.float("FETCH_BACKOFF_SECONDS", 5.0)
WEBHOOK_KEEP_DAYS = env.float("WEBHOOK_KEEP_DAYS", 30.0)

# --- who may read figures (docs/operating.md) ----------------------------------------------------
METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # empty: /metrics is not there

# --- the wall round the decoder ------------------------------------------------------------------
REQUIRE_SANDBOX = env.bool("REQUIRE_SANDBOX", not DEBUG)
TOUCHSTONE_INFERENCE_URL = env.str("TOUCHSTONE_INFERENCE_URL", "")  # read by the engine

# --- logs: no key and no mailed token ever stands in them -----------------------------------------
LOGGING = logs.configuration(
    env.str("LOG_FORMAT", "text"), env.str("LOG_LEVEL", "INFO"), env.str("LOG_FILE", "")
)

# --- errors to a Sentry server (docs/operating.md); without an address nothing is imported -------
if SENTRY_DSN := env.str("SENTRY_DSN", ""):
    from config import telemetry

    try:
        telemetry.start(SENTRY_DSN, env.str("CODE_VERSION", ""))
    except ImportError as missing:
        raise environ.ImproperlyConfigured(
            "SENTRY_DSN is set, and the package sentry-sdk is missing. Install "
            "requirements/telemetry.txt, or leave SENTRY_DSN out."
        ) from missing
    LOGGING["handlers"]["telemetry"] = {"class": "config.telemetry.Handler"}
    LOGGING["root"]["handlers"].insert(0, "telemetry")

# --- traces to a receiver of OpenTelemetry (operations.tracing); as above ------------------------
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")

# --- language and time ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [ROOT / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]

# --- mail ----------------------------------------------------------------------------------------
MAIL_FILE = HOME / "mail.txt"
EMAIL_BACKEND = "config.mail.ToFile"
if env.str("EMAIL_URL", ""):
    vars().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = env.above(0, "EMAIL_TIMEOUT", 20.0)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Touchstone <touchstone@localhost>")
