"""Log lines: ids, no secret, and one line for an outage."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from django.db import OperationalError
from structlog.contextvars import bound_contextvars

from config import logs
from config.masking import MaskSecrets


@pytest.fixture(params=["json", "text"])
def written(request: pytest.FixtureRequest) -> Iterator[tuple[str, logging.Logger, io.StringIO]]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(logs.OncePerOutage())
    handler.addFilter(MaskSecrets())
    handler.setFormatter(logs.formatter(request.param))
    log = logging.getLogger(f"test.{request.param}")
    log.propagate, log.handlers = False, [handler]
    yield request.param, log, out


def test_a_line_bears_the_ids_of_its_request(
    written: tuple[str, logging.Logger, io.StringIO],
) -> None:
    kind, log, out = written
    with bound_contextvars(request="r1", client="key:tsk_ab", submission="s1", worker=""):
        log.warning("something %s", "happened")
    if kind == "json":
        line = json.loads(out.getvalue())
        assert line["message"] == "something happened" and line["level"] == "warning"
        assert (line["request"], line["submission"]) == ("r1", "s1") and "worker" not in line
    else:
        assert "something happened [client=key:tsk_ab request=r1 submission=s1]" in out.getvalue()


def test_no_secret_stands_in_a_line_or_its_traceback(
    written: tuple[str, logging.Logger, io.StringIO],
) -> None:
    _, log, out = written
    try:
        raise ValueError("postgres://app:hunter2hunter2@db/x and tsk_abcdefSECRETSECRETSECRET")
    except ValueError:
        log.exception("with Bearer abcdefghijklmnop")
    text = out.getvalue()
    assert "ValueError" in text
    for secret in ("hunter2", "SECRETSECRET", "abcdefghijklmnop"):
        assert secret not in text


def test_an_outage_gives_one_line_without_traceback(
    written: tuple[str, logging.Logger, io.StringIO],
) -> None:
    _, log, out = written
    for _ in range(92):
        try:
            raise OperationalError("connection refused")
        except OperationalError as error:
            log.exception("the database did not answer")
            log.warning("the database is away: %s", error)
    lines = out.getvalue().splitlines()
    assert len(lines) == 1 and "Traceback" not in lines[0] and "connection refused" in lines[0]
    log.warning("another matter")
    assert len(out.getvalue().splitlines()) == 2
