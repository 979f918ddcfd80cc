"""Reports what is wrong with this site and how to fix it. It changes nothing."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from audit import fingerprints, guards, rights
from blobs import place, quarantine
from blobs.errors import BlobError
from config.static import is_collected
from media_analysis.uploads.services import announcing
from ml import pictures
from ml.engine.image_encoders import building as encoders
from ml.engine.model_files import FILES, ModelFileUnusable, located
from operations import health
from operations.doctor_of_engine import checks as checks
from operations.doctor_of_engine import inference as inference
from operations.doctor_of_engine import trust_lists as trust_lists
from operations.doctor_of_record import anchor_store as anchor_store
from operations.findings import ERROR as ERROR
from operations.findings import OK as OK
from operations.findings import WARNING as WARNING
from operations.findings import Finding as Finding
from sandbox import launching
from sandbox.checks import why_not

LEAST_FREE_BYTES = 2_000_000_000
SKEW_SECONDS = 30.0
LEFTOVER_AGE = timedelta(days=1)
LONG_SECRET = 40


Check = Callable[[], Iterator[Finding]]


def addresses() -> Iterator[Finding]:
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    allowed = settings.ALLOWED_HOSTS
    if "*" not in allowed and not any(
        host == one or (one.startswith(".") and f".{host}".endswith(one)) for one in allowed
    ):
        yield Finding(
            "addresses", ERROR, f"PUBLIC_URL names {host}, which ALLOWED_HOSTS does not allow.",
            f"Set ALLOWED_HOSTS={','.join([*allowed, host])}.",
        )  # fmt: skip
    if settings.PUBLIC_URL.startswith("https://") and not settings.SECURE_PROXY_SSL_HEADER:
        yield Finding(
            "addresses", WARNING, "PUBLIC_URL is https and BEHIND_TLS_PROXY is off: behind a front "
            "server every page would be sent on to itself.", "Set BEHIND_TLS_PROXY=1.",
        )  # fmt: skip
    if settings.DEBUG:
        yield Finding("addresses", ERROR, "DEBUG is on: errors reveal internals of the site.",
                      "Leave DEBUG out.")  # fmt: skip
    if len(settings.SECRET_KEY) < LONG_SECRET:
        yield Finding("addresses", ERROR, f"SECRET_KEY has only {len(settings.SECRET_KEY)} "
                      "characters.", "Use 50 random characters or more.")  # fmt: skip


def names() -> Iterator[Finding]:
    """Environment variables that look like a misspelt setting of ours."""
    known: set[str] = import_string("config.environment.KNOWN_NAMES")
    ours = {*known, *(f"{name}_FILE" for name in known)}
    for name in sorted(os.environ.keys() - ours):
        close = difflib.get_close_matches(name, ours, n=1, cutoff=0.88)
        if close:
            yield Finding("settings", WARNING, f"The environment has {name}, which is no setting.",
                          f"Did you mean {close[0]}?")  # fmt: skip


def database() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int, "
                           "abs(extract(epoch FROM clock_timestamp()) - %s)",
                           [time.time()])  # fmt: skip
            version, skew = cursor.fetchone()
    except DatabaseError as error:
        connection.close()
        text, mend = _why_no_database(str(error))
        yield Finding("database", ERROR, text, mend)
        return
    if version < 140_000:
        yield Finding("database", ERROR, f"PostgreSQL is version {version // 10_000}.",
                      "Use PostgreSQL 14 or newer.")  # fmt: skip
    if skew > SKEW_SECONDS:
        yield Finding("database", WARNING, f"The clocks of this machine and of the database differ "
                      f"by {skew:.0f} s.", "Run a time service on both.")  # fmt: skip
    try:
        health.migrations()
    except health.NotReady as no:
        yield Finding("database", ERROR, str(no), "Run `manage.py migrate` as the owner's role.")
        return
    for text in rights.problems():
        level = WARNING if " owns the tables" in text else ERROR
        yield Finding("database rights", level, text, "See docs/operating.md, Two database roles.")
    for text in guards.faults():
        yield Finding("audit guards", ERROR, text[0].upper() + text[1:] + ".",
                      "See docs/audit.md; run `manage.py audit verify`.")  # fmt: skip


def _why_no_database(error: str) -> tuple[str, str]:
    line = error.splitlines()[0] if error else ""
    role = settings.DATABASES["default"].get("USER") or "the role"
    known = (
        ("password authentication failed", f"The database refuses the password of {role}.",
         "Set the right password in DATABASE_URL or DATABASE_PASSWORD(_FILE)."),
        ("no password supplied", f"The database wants a password for {role}.",
         "Set DATABASE_PASSWORD(_FILE)."),
        ("role", f"The database knows no role {role}.",
         "Make the role, or name the right one in DATABASE_URL."),
        ("does not exist", "The server has no such database.",
         "Make the database, or name the right one in DATABASE_URL."),
        ("resolve", "The database's host name is not known here.",
         "Correct the host in DATABASE_URL."),
        ("refused", "Nothing listens where DATABASE_URL points.",
         "Start PostgreSQL, or correct host and port in DATABASE_URL."),
    )  # fmt: skip
    for words, text, mend in known:
        if words in line and not (words == "role" and "does not exist" not in line):
            return text, mend
    return f"The database does not answer: {line}", "Check DATABASE_URL."


def keys() -> Iterator[Finding]:
    try:
        for text in fingerprints.problems():
            yield Finding("keys", ERROR, text, "See docs/audit.md, Keys.")
        for kind in sorted({*fingerprints.KEYS} - fingerprints.known().keys()):
            yield Finding("keys", WARNING, f"The {kind} key is not noted in the database yet.",
                          "Run `manage.py keys init`.")  # fmt: skip
    except DatabaseError:
        connection.close()


def store() -> Iterator[Finding]:
    try:
        where = place.opened()
        if isinstance(where, FileSystemStorage):
            folder = Path(where.location)
            if not folder.is_dir():
                yield Finding("media store", ERROR, f"The folder {folder} is not there.",
                              "Mount it, or run `manage.py store create`.")  # fmt: skip
                return
            yield from _room("media store", folder)
        place.probe()
    except place.StoreUnusable as problem:
        yield Finding("media store", ERROR, str(problem),
                      "Correct BLOB_STORAGE, BLOB_STORAGE_OPTIONS or the credentials "
                      "(docs/storage.md); try `manage.py store check`.")  # fmt: skip


def direct_uploads() -> Iterator[Finding]:
    if not settings.DIRECT_UPLOADS:
        return
    if not quarantine.is_possible():
        yield Finding("direct uploads", ERROR, "DIRECT_UPLOADS is on, and media do not lie on S3.",
                      "Leave DIRECT_UPLOADS out, or set BLOB_STORAGE.")  # fmt: skip
        return
    try:
        quarantine.probe()
        before = timezone.now() - LEFTOVER_AGE
        old = sum(
            one.since < before and not announcing.is_needed(one.name) for one in quarantine.left()
        )
    except BlobError as error:
        yield Finding("direct uploads", ERROR, f"The bucket takes no direct uploads: "
                      f"{place.as_line(error.__cause__ or error)}",
                      "Allow what docs/storage.md lists under Direct uploads.")  # fmt: skip
        return
    except DatabaseError:
        connection.close()
        return
    if old:
        yield Finding("direct uploads", WARNING, f"{old} leftovers lie in quarantine, older than a "
                      "day. Workers delete them.", "Start a worker; see its log.")  # fmt: skip


def folders() -> Iterator[Finding]:
    spool = Path(settings.UPLOAD_SPOOL_DIR)
    anchor_files = [settings.AUDIT_ANCHOR_FILE, *settings.AUDIT_ANCHOR_COPIES]
    for title, folder in (
        ("uploads under way", spool),
        ("temporary files", Path(tempfile.gettempdir())),
        *(("audit anchor", file.parent) for file in anchor_files),
    ):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            yield Finding(title, ERROR, f"{folder} cannot be written: {error.strerror}.",
                          "Correct its owner, or name another folder.")  # fmt: skip
    if spool.is_dir():
        yield from _room("uploads under way", spool)


def _room(title: str, folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    if free < max(LEAST_FREE_BYTES, 2 * settings.MAX_UPLOAD_BYTES):
        yield Finding(title, WARNING, f"{folder} has only {free / 1e9:.1f} GB left.",
                      "Make room: plan for twice the largest upload at least.")  # fmt: skip


def static_files() -> Iterator[Finding]:
    if not is_collected(Path(settings.STATIC_ROOT), settings.ROOT / "static"):
        yield Finding(
            "static files", WARNING, "`collectstatic` was not run for these files: pages work, but "
            "browsers fetch styles and scripts anew each time.",
            "Run `manage.py collectstatic --noinput` and restart the web server.",
        )  # fmt: skip


def sandbox() -> Iterator[Finding]:
    for text in why_not():
        yield Finding("sandbox", ERROR, text, "See docs/sandbox.md.")
    wanted = os.environ.get("TOUCHSTONE_BUBBLEWRAP", "")
    if wanted not in ("", "off") and launching.bubblewrap_program() is None:
        yield Finding("sandbox", WARNING, f"TOUCHSTONE_BUBBLEWRAP names {wanted}, which is not "
                      "there: the decoder has one wall less.",
                      "Install bubblewrap, or correct TOUCHSTONE_BUBBLEWRAP.")  # fmt: skip
    if not settings.REQUIRE_SANDBOX:
        yield Finding("sandbox", WARNING, "REQUIRE_SANDBOX is off: without a wall media would be "
                      "decoded all the same.", "Leave REQUIRE_SANDBOX out.")  # fmt: skip


def broker() -> Iterator[Finding]:
    if not settings.BROKER_URL:
        return
    from kombu.connection import Connection

    try:
        with Connection(settings.BROKER_URL, connect_timeout=4) as link:  # type: ignore[no-untyped-call]
            link.ensure_connection(max_retries=1, timeout=4)
    except Exception as error:
        yield Finding("broker", ERROR, f"The broker does not answer: {type(error).__name__}.",
                      "Correct BROKER_URL, or start the broker. Until then each job waits some "
                      "seconds longer; nothing is lost.")  # fmt: skip


def models() -> Iterator[Finding]:
    for name, wanted in FILES.items():
        if wanted.only_builds:
            continue  # what is built from it is asked for below
        try:
            located(name)
        except ModelFileUnusable as error:
            yield Finding("model files", WARNING, str(error),
                          "Run `python -m ml.engine.model_files`; the checks that need the file "
                          "say that they are not available.")  # fmt: skip
    for file, served in encoders.missing().items():
        yield Finding("model files", WARNING, f"The network {file} of {', '.join(served)} was not "
                      "built: these checks say that they are not available.",
                      "Run `python -m ml.engine.image_encoders` where TensorFlow is, or copy the "
                      "models folder from another machine (docs/operating.md).")  # fmt: skip


def reports() -> Iterator[Finding]:
    if not settings.REPORT_PDF_SIGNER_FILE:
        return
    # Here, for pyHanko takes a second to import, and few sites name a certificate.
    from media_analysis.reports import pdf_signing

    try:
        pdf_signing.certificate()
    except pdf_signing.SignerUnusable as error:
        yield Finding("reports", ERROR, str(error), "Correct REPORT_PDF_SIGNER_FILE and "
                      "REPORT_PDF_SIGNER_PASSPHRASE, or leave both empty.")  # fmt: skip


def site() -> Iterator[Finding]:
    for name, ask in (("workers", health.workers), ("sealing", health.sealing)):
        try:
            ask()
        except health.NotReady as no:
            yield Finding(name, WARNING, str(no), "Start `manage.py worker`; see its log.")
        except DatabaseError:
            connection.close()


def small_pictures() -> Iterator[Finding]:
    try:
        left = pictures.in_database()
    except DatabaseError:
        connection.close()
        return
    if left:
        yield Finding("small pictures", WARNING, f"{left} lie in the database, as in versions "
                      "before 0.2.", "Run `manage.py pictures move`.")  # fmt: skip


CHECKS: tuple[Check, ...] = (
    addresses, names, database, keys, store, direct_uploads, folders, anchor_store, static_files,
    sandbox, trust_lists, broker, models, checks, inference, reports, site, small_pictures,
)  # fmt: skip


def examine() -> list[Finding]:
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found += check()
        except Exception as error:  # one check that falls over hides no other
            found.append(
                Finding(check.__name__, ERROR, f"This check fell over: {place.as_line(error)}.",
                        "Run it again with `--traceback`, and report it.")
            )  # fmt: skip
            connection.close()
    return found


def as_text(found: list[Finding]) -> str:
    lines = []
    for one in found:
        lines.append(f"{one.level.upper():8} {one.part}: {one.said}")
        if one.mend:
            lines.append(f"         -> {one.mend}")
    errors = sum(one.level == ERROR for one in found)
    warnings = len(found) - errors
    lines.append("Nothing is wrong." if not found else f"{errors} errors, {warnings} warnings.")
    return "\n".join(lines)


def report(found: list[Finding], as_json: bool) -> tuple[str, int]:
    """The text, and the exit status: 1 where there is an error."""
    wrong = any(one.level == ERROR for one in found)
    if not as_json:
        return as_text(found), int(wrong)
    import json

    body: dict[str, Any] = {"ok": not wrong, "findings": [one.as_dict() for one in found]}
    return json.dumps(body, indent=2), int(wrong)
