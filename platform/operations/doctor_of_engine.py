"""The doctor's checks of the engine: whether each check loads, trust lists, an inference server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from ml.engine import model_repository, registry
from ml.engine.inference_server import AtServer, Connection, ServerUnusable
from operations.findings import ERROR, WARNING, Finding
from sandbox import trust, trust_laying

OLDEST_LIST = timedelta(days=366)


def checks() -> Iterator[Finding]:
    """Each is loaded as a worker loads it. A missing model file is `models`' to report."""
    for name in registry.names():
        detector = registry.made(name)
        if isinstance(detector, registry.Missing) and not detector.lacks_model:
            yield Finding("checks", ERROR, f"The check {name} cannot be loaded: in each analysis "
                          "it fails.", "Its error is in the log of `manage.py verify FILE`. Where "
                          "a library is missing, install the pinned packages again.")  # fmt: skip


def trust_lists() -> Iterator[Finding]:
    mend = "Lay a newer list in place with `manage.py trust_list FILE`."
    for whose, setting in trust.SETTINGS.items():
        if (path := trust.path_of(whose)) is None:
            continue
        try:
            one = trust.read(path)
            expired = trust_laying.expired(trust_laying.certificates_of(one))
        except OSError as error:
            yield Finding("trust lists", ERROR, f"{setting} is {path}: {error.strerror}. The "
                          "sandbox does not start.", "Name a file that can be read.")  # fmt: skip
            continue
        except trust_laying.ListRefused as refused:
            yield Finding("trust lists", ERROR, f"{setting}: {refused}", mend)
            continue
        if not one.certificates:
            yield Finding("trust lists", ERROR, f"{setting} is {path}, which holds no certificate.",
                          mend)  # fmt: skip
        if expired:
            yield Finding("trust lists", WARNING, f"{expired} of {one.certificates} certificates "
                          f"of {setting} have expired.", mend)  # fmt: skip
        if not one.date:
            yield Finding("trust lists", WARNING, f"Of which day the list of {setting} is, is not "
                          "known.", mend)  # fmt: skip
        elif timezone.now().date() - date.fromisoformat(one.date) > OLDEST_LIST:
            yield Finding("trust lists", WARNING, f"The list of {setting} is of {one.date}.", mend)


def inference() -> Iterator[Finding]:
    if not settings.TOUCHSTONE_INFERENCE_URL:
        return
    try:
        with closing(Connection(settings.TOUCHSTONE_INFERENCE_URL)) as link:
            link.ask("/v2")
    except ServerUnusable as error:
        yield Finding("inference server", WARNING, f"It does not answer ({error}). Workers "
                      "compute by themselves.",
                      "Start it, or correct TOUCHSTONE_INFERENCE_URL.")  # fmt: skip
        return
    for name, file in model_repository.networks().items():
        try:
            AtServer(settings.TOUCHSTONE_INFERENCE_URL, file).close()
        except ServerUnusable as error:
            yield Finding("inference server", WARNING, f"It does not serve {name} ({error}). "
                          "Workers compute this network by themselves.",
                          "`python -m ml.engine.model_repository FOLDER` writes what it should "
                          "serve.")  # fmt: skip
