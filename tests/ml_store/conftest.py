from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import transaction

from audit.who import Who
from blobs.models import Blob
from blobs.services import register, store
from jobs import registry
from jobs.claims import Claim
from jobs.models import LeasedJob
from jobs.services import claim_one
from ml import services
from ml.engine.contract import (
    Evidence,
    Finding,
    Kind,
    MediaInfo,
    Outcome,
    Result,
    Status,
    Strength,
    Verdict,
)
from ml.engine.media import webp
from ml.models import Analysis

ALICE = Who(kind="user", id="alice", via="password")


@pytest.fixture
def blob(db: None) -> Blob:
    stored = store(io.BytesIO(b"some bytes"))
    with transaction.atomic():
        return register(stored, "image/png")


@pytest.fixture
def analysis(blob: Blob) -> Analysis:
    with transaction.atomic():
        return services.queue(blob, uuid.uuid4(), ALICE)


@pytest.fixture
def claimed(analysis: Analysis) -> Claim:
    got = claim_one(Analysis, analysis.pk, worker="w1")
    assert got is not None
    return got


@pytest.fixture
def running_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let workers run the analysis with this analyser (and the real hooks and moves)."""

    def use(analyse: Any) -> None:
        entry = registry.entry(Analysis)
        entries: dict[type[LeasedJob], registry.Entry] = registry._entries
        job: type[LeasedJob] = Analysis
        monkeypatch.setitem(
            entries,
            job,
            registry.Entry(
                Analysis, lambda got: services.run(got, analyse), entry.wake, entry.moved
            ),
        )

    return use


def a_result(blob_sha256: str = "0" * 64, **changes: Any) -> Result:
    fields: dict[str, Any] = {
        "media": MediaInfo(blob_sha256, 10, Kind.IMAGE, "png", width=4, height=2),
        "verdict": Verdict(
            Outcome.MANIPULATION_FOUND, "the file says that it was generated", 0.97, (0.9, 0.99)
        ),
        "findings": (
            Finding(
                "provenance", "1.2", Status.RAN, "an embedded prompt", score=4.0,
                evidence=(Evidence("prompt", "holds a\x00 prompt", Strength.STRONG, {"n": 1e22}),),
                parameters={"zero": -0.0, "small": 1e-7},
            ),
            Finding("faces", "1.0", Status.NOT_APPLICABLE, "no face in the picture"),
        ),
        "engine_version": "0.1.0+abc",
        "seconds": 1.5,
        "thumbnails": {"frame": webp.photograph(np.full((48, 64, 3), 120, np.uint8))},
    }  # fmt: skip
    return Result(**{**fields, **changes})
