"""Measures the voice detector: on unseen sources, then on the test split, degraded.

Scores on unseen sources come from classifiers trained without the clip's source. They fit the
calibration and set the bound; the test split is then only measured.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import binom

from lab.face.calibrate import for_card, upper_bound
from lab.voice.store import CLIP, Row, Store
from ml.engine.contract import Samples
from ml.engine.detectors.voice_spoof import windows
from ml.engine.detectors.voice_spoof.calibration import CAP
from ml.engine.media.voice_activity import find_speech, loud_stretches
from ml.evaluation import metrics
from ml.evaluation.cards import rounded
from ml.evaluation.degrade_sound import NAMED

Scores = Mapping[int, float]
"""Logit by row of the store."""
FOUND_ALPHA, CLEAR_ALPHA = 0.03, 0.1
"""Shares of genuine clips above, and of fakes below, the two frozen bounds, out of source."""
DECIDE_ALPHA = 0.01
"""Share of genuine sounds above the bound that decides."""
UNLIKELY = 0.05
FEWEST_OF_A_SOURCE = 20


def calibrated(scores: Scores, rows: Sequence[Row]) -> dict[str, Any]:
    """What `voice_spoof.calibration` reads from the card, from clips outside the test split."""
    used = [n for n in scores if rows[n].split != "test"]
    values = np.array([scores[n] for n in used])
    fake = np.array([rows[n].is_fake for n in used])
    groups = np.array([rows[n].group for n in used])
    return for_card(
        fake,
        values,
        groups,
        # With too few clips for the bound, their highest score.
        found_at=min(upper_bound(values[~fake], FOUND_ALPHA), float(values[~fake].max())),
        found_alpha=FOUND_ALPHA,
        clear_alpha=CLEAR_ALPHA,
        reals=int((~fake).sum()),
        fakes=int(fake.sum()),
        cap=CAP,
        asks=True,
    )


def summary(scores: Scores, rows: Sequence[Row]) -> dict[str, Any]:
    """AUC and equal error rate of clips, with how many there are."""
    numbers = sorted(scores)
    fake = [rows[n].is_fake for n in numbers]
    values = [scores[n] for n in numbers]
    return {
        "auc": rounded(metrics.auc(fake, values)),
        "eer": rounded(metrics.eer(fake, values)),
        "reals": fake.count(False),
        "fakes": fake.count(True),
    }


def cllr(scores: Scores, rows: Sequence[Row], used: Mapping[str, Any]) -> float | None:
    """Cost of the line's ratios, before they are bounded."""
    ratios = [used["slope"] * value + used["offset"] for value in scores.values()]
    cost: float | None = rounded(metrics.cllr([rows[n].is_fake for n in scores], ratios))
    return cost


def decides(genuine: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The bound from which on the check decides: of the genuine sounds at most one in a hundred
    lies above it, and of no source so many that one in a hundred would be unlikely."""
    everything = np.sort([value for values in genuine.values() for value in values])
    at = min(upper_bound(everything, DECIDE_ALPHA), float(everything[-1]))
    for values in genuine.values():
        if len(values) >= FEWEST_OF_A_SOURCE:
            allowed = allowed_above(len(values))
            at = max(at, float(np.sort(values)[len(values) - 1 - allowed]))
    at = float(np.nextafter(at, np.inf))
    return {
        "at": at,
        "alpha": DECIDE_ALPHA,
        "genuine": len(everything),
        "above": {
            source: {"share": round(float(np.mean(np.array(values) >= at)), 4), "of": len(values)}
            for source, values in sorted(genuine.items())
        },
    }


def allowed_above(count: int) -> int:
    """How many of so many sounds may lie above a bound that one in a hundred passes: more would
    happen by chance in fewer than one of twenty such sources."""
    return int(binom.ppf(1 - UNLIKELY, count, DECIDE_ALPHA))


def by_source(
    scores: Scores, rows: Sequence[Row], asks_at: float, decides_at: float
) -> dict[str, Any]:
    """Shares asked about and decided at the frozen bounds, real and fake, a source each."""
    found: dict[str, Any] = {}
    for number, value in scores.items():
        row = rows[number]
        entry = found.setdefault(f"{row.label} {row.source}", [0, 0, 0])
        entry[0] += int(value >= asks_at)
        entry[1] += int(value >= decides_at)
        entry[2] += 1
    return {
        name: {
            "asked": round(flagged / count, 4),
            "decided": round(sure / count, 4),
            "clips": count,
        }
        for name, (flagged, sure, count) in sorted(found.items())
    }


def served_scores(
    store: Store,
    logits_of: Callable[[list[Samples]], list[float]],
    name: str,
    step: int = 1,
) -> dict[int, float]:
    """Every so manieth clip of the test split after one named degradation, as serving hears it."""
    scores = {}
    for number in store.where(lambda row: row.origin == CLIP and row.split == "test")[::step]:
        rng = np.random.default_rng([11, number, zlib.crc32(name.encode())])
        sound = NAMED[name](store.sound(number), rng)
        found = windows.windows(sound, loud_stretches(sound))
        if found:
            scores[number] = float(np.mean(logits_of([window.sound for window in found])))
    return scores


def not_applicable_share(store: Store, share: int = 8) -> dict[str, Any]:
    """How often real and fake speech of the test split is taken for no speech."""
    rows = store.where(lambda row: row.origin == CLIP and row.split == "test")[::share]
    refused = [n for n in rows if find_speech(store.sound(n)).reason is not None]
    return {"clips": len(rows), "taken_for_no_speech": len(refused)}
