"""What `manage.py verify` does, without Django: finds files, analyses them and makes one item for
each."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ml.engine import analysis
from ml.engine.contract import Declaration, Finding, MediaInfo, Outcome, Result, Scenes
from ml.engine.media.media_file import fingerprint
from ml.engine.results import media_json, plain, scenes_json
from sandbox.types import SandboxFailed

NO_MEDIA: dict[str, Any] = {
    "kind": None,
    "format": None,
    "size": None,
    "width": None,
    "height": None,
    "duration": None,
    "fps": None,
    "frames_expected": None,
    "frames_decoded": None,
    "incomplete": False,
    "has_audio": False,
    "pages": None,
    "flags": [],
    "quantiser": None,
    "stated": [],
}


def files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files that are meant: folders are walked in order, links to folders are not followed,
    hidden files are left out unless they are named."""
    for path in paths:
        if path.is_dir():
            yield from _within(path)
        else:
            yield path


def _within(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        yield folder
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _within(entry)
        elif entry.is_file() or entry.is_symlink():
            yield entry


def examine(path: Path, progress: Callable[[float, str], None] | None = None) -> dict[str, Any]:
    """The item of one file. Errors of the file are part of it and never raised."""
    if not path.is_file():
        missing = "There is no such file." if not path.exists() else "This is not a plain file."
        return _item(path, None, Outcome.REJECTED, missing, rejection="unreadable")
    sha256 = None
    try:
        with path.open("rb") as file:
            sha256, size = fingerprint(file)
            result = analysis.analyse(file, sha256=sha256, size=size, progress=progress)
    except OSError as error:
        reason = f"The file could not be read: {error.strerror or type(error).__name__}."
        return _item(path, sha256, Outcome.REJECTED, reason, rejection="unreadable")
    except SandboxFailed as error:
        reason = (
            f"The file could not be examined ({error}). Nothing was concluded; trying again may "
            "help."
        )
        return _item(path, sha256, Outcome.INCONCLUSIVE, reason)
    return _of(path, sha256, result)


def _of(path: Path, sha256: str, result: Result) -> dict[str, Any]:
    return _item(
        path,
        sha256,
        result.verdict.outcome,
        result.verdict.reason,
        media=result.media,
        findings=result.findings,
        scenes=result.scenes,
        declared=result.verdict.declared,
        probability=result.verdict.probability_manipulated,
        rejection=result.rejection,
        seconds=result.seconds,
    )


def _item(
    path: Path,
    sha256: str | None,
    outcome: Outcome,
    reason: str,
    *,
    media: MediaInfo | None = None,
    findings: Sequence[Finding] = (),
    scenes: Scenes | None = None,
    declared: Declaration | None = None,
    probability: float | None = None,
    rejection: str | None = None,
    seconds: float = 0.0,
) -> dict[str, Any]:
    details = media_json(media) if media else NO_MEDIA
    return {
        "path": _text(path),
        "sha256": sha256,
        "media": {k: details[k] for k in NO_MEDIA},
        "verdict": str(outcome),
        "declared": plain(declared),
        "probability_manipulated": plain(probability),
        "reason": reason,
        "rejection": rejection,
        "findings": [plain(finding) for finding in findings],
        "scenes": scenes_json(scenes),
        "engine_version": analysis.engine_version(),
        "seconds": round(seconds, 3),
    }


def _text(path: Path) -> str:
    """A name of odd bytes is still a name that can be printed."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def also(parser: ArgumentParser) -> None:
    """The option that joins sets made by `prepare` to the research set."""
    parser.add_argument(
        "--also",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="a set of your own, made by `prepare`, beside the research set (may be said again)",
    )
