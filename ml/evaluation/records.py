"""What the engine reported on one file, as little of it as figures need, and where that is kept.

Results are kept outside the repository by the file's SHA-256, one folder of the cache a version of
the engine, so that a stopped run goes on where it was and a figure can be printed again in seconds.
A result with a broken check is not kept: next time it may work.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ml.engine import analysis
from ml.engine.contract import Detector, Finding, Result, Status
from ml.engine.fusion import rule
from ml.engine.registry import Missing
from ml.engine.results import plain

ROOT = Path(analysis.__file__).parent
DECIDING = (
    "contract.py", "analysis.py", "session.py", "checking.py", "naming.py", "manifest.py",
    "serving.py", "media/**/*", "audio_encoders/**/*", "image_encoders/**/*", "fusion/**/*",
    "detectors/*.py", "../../platform/sandbox/**/*",
)  # fmt: skip
"""What every result rests on, beside the folders of its detectors."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One detector on one file."""

    status: str
    reason: str
    score: float | None = None
    probability: float | None = None
    log10_lr: float | None = None
    threshold: float | None = None
    """On the scale of `score`, where the detector froze one."""
    alone: str | None = None
    """The outcome that the fusion would give if this detector stood alone."""


@dataclass(frozen=True, slots=True)
class Record:
    """The engine on one file. `error` says why there is nothing else."""

    sha256: str = ""
    outcome: str | None = None
    reason: str = ""
    probability: float | None = None
    rejection: str | None = None
    kind: str | None = None
    quantiser: float | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None

    @property
    def whole(self) -> bool:
        """Worth keeping: asking again would give the same."""
        broken = any(answer.status == Status.FAILED for answer in self.answers.values())
        return self.error is None and not broken

    @property
    def has_result(self) -> bool:
        return not (self.error or self.rejection)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        answers = {name: Answer(**answer) for name, answer in data["answers"].items()}
        return cls(**{**data, "answers": answers})


def of(result: Result, sha256: str) -> Record:
    return Record(
        sha256=sha256,
        outcome=str(result.verdict.outcome),
        reason=result.verdict.reason,
        probability=plain(result.verdict.probability_manipulated),
        rejection=result.rejection,
        kind=str(result.media.kind) if result.media else None,
        quantiser=result.media.quantiser if result.media else None,
        answers={f.detector: _answer(result, f) for f in result.findings},
        seconds=round(result.seconds, 4),
    )


def _answer(result: Result, finding: Finding) -> Answer:
    threshold = finding.parameters.get("threshold", finding.parameters.get("found_at"))
    alone = None
    if finding.status is Status.RAN and result.media is not None:
        alone = str(rule.alone(result.media, finding))
    return Answer(
        status=str(finding.status),
        reason=finding.reason,
        score=plain(finding.score),
        probability=plain(finding.probability_manipulated),
        log10_lr=plain(finding.log10_lr),
        threshold=float(threshold) if isinstance(threshold, int | float) else None,
        alone=alone,
    )


# === Keeping ===


def without_result(names: Iterable[str], records: Iterable[Record]) -> list[dict[str, str]]:
    """Each of the files of these names that has no result, with the reason."""
    return [
        {"path": name, "reason": record.error or record.reason}
        for name, record in zip(names, records, strict=True)
        if not record.has_result
    ]


def version(detectors: Sequence[Detector | Missing]) -> str:
    """The engine's version and a digest of the code, weights and cards that it rests on: while
    something is being worked on, its version stands still and its answers do not."""
    digest = hashlib.sha256()
    for part in (*DECIDING, *(f"detectors/{detector.name}/**/*" for detector in detectors)):
        for file in sorted(ROOT.glob(part)):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.name.encode() + b"\0" + _content(file))
    return f"{analysis.engine_version(detectors)}-{digest.hexdigest()[:10]}"


def _content(file: Path) -> bytes:
    """Of a card, all but the figures that an evaluation writes into it."""
    content = file.read_bytes()
    if file.name == "card.json":
        card = json.loads(content)
        card.pop("metrics", None)
        content = json.dumps(card, sort_keys=True).encode()
    return hashlib.sha256(content).digest()


class Kept:
    """The results of one version, a line each; only ever added to."""

    def __init__(self, folder: Path, version: str) -> None:
        self.file = folder / f"{version}.jsonl"
        self.folder = folder
        self._known: dict[str, Record] = {}
        if self.file.is_file():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                    self._known[entry["key"]] = Record.from_json(entry["record"])
                except (ValueError, KeyError, TypeError):
                    continue  # a line that a killed run left half written

    def get(self, key: str) -> Record | None:
        return self._known.get(key)

    def add(self, key: str, record: Record) -> None:
        if not record.whole:
            return
        self._known[key] = record
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"key": key, "record": record.as_json()}, allow_nan=False)
        with self.file.open("a", encoding="utf-8") as file:
            # The line end comes first: what a killed run left half written spoils no other line.
            file.write(f"\n{line}\n" if file.tell() else f"{line}\n")
