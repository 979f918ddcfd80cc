"""Fits the head of `diffusion_face` on features of the published encoder, and writes its card.

    python -m lab.image_encoders.face_head FOLDER --taps 3,6,9 [--release]

Without `--release` it prints what each choice reaches on the validation split. With it the head,
the calibration (validation split) and the figures (test split) go into the check's folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lab.common import heads
from lab.common.speaking import say
from lab.face.calibrate import for_card
from ml.engine.image_encoders.weights import WIDTH
from ml.evaluation import metrics

CHECK = Path("ml/engine/detectors/diffusion_face")
FAKES = ("sd21",)
FOUND_ALPHA, CLEAR_ALPHA = 0.03, 0.05
CALIBRATES = "gpt_images"
"""A gallery of other generators: it sets the line from logit to ratio, and is not reported."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One split: features and what is known of each face."""

    features: NDArray[np.float32]
    fake: NDArray[np.bool_]
    source: NDArray[np.str_]
    group: NDArray[np.str_]
    degraded: NDArray[np.bool_]

    def where(self, chosen: NDArray[np.bool_]) -> Part:
        return Part(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def read(folder: Path, split: str, columns: NDArray[np.int64]) -> Part:
    stored = np.load(folder / f"crops-{split}.npz")
    features = np.load(folder / f"features-{split}.npy", mmap_mode="r")[:, columns]
    names = ("fake", "source", "group", "degraded")
    part = Part(np.asarray(features, np.float32), *(stored[name] for name in names))
    return part.where(~part.fake | ~np.isin(part.source, ("dfdc",)))


def joined(first: Part, second: Part) -> Part:
    names = Part.__dataclass_fields__
    return Part(*(np.concatenate([getattr(p, name) for p in (first, second)]) for name in names))


def columns_of(had: tuple[int, ...], wanted: tuple[int, ...]) -> NDArray[np.int64]:
    """Class token and mean of the patches of each wanted block."""
    at = [2 * WIDTH * had.index(block) for block in wanted]
    return np.concatenate([np.arange(start, start + 2 * WIDTH) for start in at])


def fitted(train: Part, strength: float) -> LogisticRegression:
    """Each source has equal weight within its class, and both classes have equal weight."""
    chosen = train.where(~train.fake | np.isin(train.source, FAKES))
    weights = heads.sample_weights(chosen.source, chosen.fake)
    model = LogisticRegression(C=strength, max_iter=300)
    model.fit(chosen.features, chosen.fake, sample_weight=weights)
    return model


def scores(model: LogisticRegression, part: Part) -> Floats:
    found: Floats = part.features @ model.coef_[0] + model.intercept_[0]
    return found


def bound(part: Part, scores: Floats, alpha: float) -> float:
    real = ~part.fake
    return heads.bound(part.source[real], scores[real], alpha)


def figures(part: Part, scores: Floats, found_at: float) -> dict[str, Any]:
    real = ~part.fake & ~np.char.startswith(part.source, "hard")
    table: dict[str, Any] = {"genuine": {}, "generated": {}}
    for source in np.unique(part.source):
        for fake in (False, True):
            for degraded in (False, True):
                rows = (part.source == source) & (part.fake == fake) & (part.degraded == degraded)
                if not rows.any():
                    continue
                name = f"{source}, degraded" if degraded else str(source)
                row: dict[str, Any] = {
                    "faces": int(rows.sum()),
                    "found": round(float((scores[rows] >= found_at).mean()), 3),
                    "median_logit": round(float(np.median(scores[rows])), 2),
                }
                if fake:
                    against = real & (part.degraded == degraded)
                    against = against if against.any() else real
                    labels = [False] * int(against.sum()) + [True] * int(rows.sum())
                    ranked = np.concatenate([scores[against], scores[rows]])
                    row["auc"] = round(metrics.auc(labels, ranked) or 0.0, 3)
                    row["tpr_at_5_fpr"] = round(metrics.tpr_at_fpr(labels, ranked, 0.05) or 0.0, 3)
                table["generated" if fake else "genuine"][name] = row
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--had", default="3,6,9", help="blocks that `face_features` tapped")
    parser.add_argument("--taps", default="6,9")
    parser.add_argument("--strength", type=float, default=0.003)
    parser.add_argument("--release", action="store_true")
    options = parser.parse_args()
    had, taps = (tuple(map(int, text.split(","))) for text in (options.had, options.taps))
    columns = columns_of(had, taps)
    train = read(options.folder, "train", columns)
    val = read(options.folder, "val", columns)
    model = fitted(train, options.strength)
    on_val = scores(model, val)
    found_at = bound(val, on_val, FOUND_ALPHA)
    say(json.dumps(figures(val, on_val, found_at), indent=1))
    if options.release:
        test = read(options.folder, "test", columns)
        release(model, taps, options.strength, train, val, test)


def release(
    model: LogisticRegression, taps: tuple[int, ...], strength: float,
    train: Part, val: Part, test: Part,
) -> None:  # fmt: skip
    np.savez(
        CHECK / "head.npz",
        weight=model.coef_[0].astype(np.float32),
        bias=np.float32(model.intercept_[0]),
    )
    content = (CHECK / "head.npz").read_bytes()
    card = json.loads((CHECK / "card.json").read_text())
    found_at = bound(val, scores(model, val), FOUND_ALPHA)
    kept = joined(val, test.where(test.source == CALIBRATES))
    test = test.where(test.source != CALIBRATES)
    on_kept = scores(model, kept)
    card["made"] = f"{datetime.now(UTC):%Y-%m-%d}"
    card["encoder"] = {"base": "clip_vit_b16", "taps": list(taps), "side": 128}
    card["head"] = {
        "file": "head.npz", "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
    }  # fmt: skip
    card["recipe"] = {
        "strength": strength,
        "faces": {
            f"{source} {'fake' if fake else 'real'}": int(
                ((train.source == source) & (train.fake == fake)).sum()
            )
            for source in np.unique(train.source)
            for fake in (False, True)
            if ((train.source == source) & (train.fake == fake)).any()
            and (not fake or source in FAKES)
        },
    }
    card["calibration"] = {
        "fitted_on": "validation split, each face as it is and degraded once; genuine faces in "
        "every hard row too, each source and row counting alike in the bound, and at most 5 in 100 "
        f"of any above it; the line to the ratio also on faces of {CALIBRATES}, which no figure is "
        "measured on",
        "used": for_card(
            kept.fake, on_kept, kept.group, found_at=found_at, found_alpha=FOUND_ALPHA,
            clear_alpha=CLEAR_ALPHA, reals=len(np.unique(kept.group[~kept.fake])),
            fakes=len(np.unique(kept.group[kept.fake])), asks=True,
        ),
    }  # fmt: skip
    card["measured"] = {
        "split": "test; face finder and crop as in service, float32 encoder",
        **figures(test, scores(model, test), found_at),
    }
    (CHECK / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    say(json.dumps(card["measured"], indent=1))


if __name__ == "__main__":
    main()
