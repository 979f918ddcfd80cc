"""An analyser for fault tests: the file states what happens: {"do": ..., "seconds": ...}. All other
files are analysed for real."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from ml.engine.contract import Finding, Kind, MediaInfo, Outcome, Result, Status, Verdict
from sandbox.types import SandboxFailed

FINDINGS = ("provenance", "compression")


def home() -> Path:
    return Path(os.environ["TOUCHSTONE_HOME"])


def once(name: str) -> bool:
    """True for the first process that asks."""
    try:
        (home() / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def analyse(
    file: BinaryIO,
    *,
    sha256: str,
    size: int,
    progress: Callable[[float, str], None],
    should_stop: Callable[[], bool],
) -> Result:
    if os.environ.get("FAULTS_GLANCE"):  # thousands of real pictures, and no time to look at them
        return _pretended(sha256, size, 0)
    if os.environ.get("FAULTS_FILM"):  # a film whose copy is what is tested
        return _pretended(sha256, size, 0, Kind.VIDEO)
    head = file.read(1)
    file.seek(0)
    if head != b"{" and (slow := os.environ.get("FAULTS_SLOW")):  # a picture of a backfill
        _politely(float(slow), should_stop)
        return _pretended(sha256, size, 0)
    if head != b"{":
        return _real(file, sha256=sha256, size=size, progress=progress, should_stop=should_stop)
    order = json.load(file)
    end = time.monotonic() + order["seconds"]
    while (left := end - time.monotonic()) > 0:
        progress(1 - left / max(order["seconds"], 0.01), "pretending")
        time.sleep(min(left, 0.02))
        if order["do"] == "polite" and should_stop():
            raise RuntimeError("stopped")
    match order["do"]:
        case "kill_worker":
            os.kill(os.getpid(), signal.SIGKILL)
        case "kill_child":
            raise SandboxFailed("killed", "SIGSEGV")
        case "freeze" if once(f"frozen-{order['n']}"):
            os.kill(os.getpid(), signal.SIGSTOP)  # somebody wakes us when the lease is long gone
        case "flaky" if once(f"flaky-{order['n']}"):
            raise OSError("not this time")
    return _pretended(sha256, size, order["n"])


def _politely(seconds: float, should_stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if should_stop():
            raise RuntimeError("stopped")
        time.sleep(0.02)


def _pretended(sha256: str, size: int, number: int, kind: Kind = Kind.IMAGE) -> Result:
    return Result(
        media=MediaInfo(sha256, size, kind, "pretended"),
        verdict=Verdict(Outcome.INCONCLUSIVE, f"order {number} was carried out"),
        findings=tuple(Finding(name, "1", Status.RAN, "pretended") for name in FINDINGS),
        engine_version=os.environ.get("FAULTS_ENGINE", "pretended-1"),
        seconds=0.0,
        thumbnails={"frame": _frame(sha256)} if os.environ.get("FAULTS_PICTURES") else {},
    )


def _frame(sha256: str) -> bytes:
    """Of a colour of its own."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48), f"#{sha256[:6]}").save(out, "PNG")
    return out.getvalue()


def _real(file: BinaryIO, **how: Any) -> Result:
    from ml.engine.analysis import analyse as engine

    result = engine(file, **how)
    loaded = sorted(name for name in sys.modules if "." not in name)
    (home() / "modules.json").write_text(json.dumps(loaded))
    return result
