"""Writes a trained checkpoint, and then its calibration and figures, into the check's folder.

    python -m lab.synthetic_image.release export RUN/final.pt          (with PyTorch)
    python -m ml.engine.image_encoders
    python -m lab.synthetic_image.score --split val --out val.csv
    python -m lab.synthetic_image.score --split test --out test.csv
    python -m lab.synthetic_image.release card val.csv test.csv
    python -m lab.synthetic_image.films --split val --most 60 --out films-val.csv
    python -m lab.synthetic_image.films --split test --most 30 --out films-test.csv
    python -m lab.synthetic_image.release films films-val.csv films-test.csv

`export` writes LayerNorms and head, `card` and `films` the calibration and the measured rows of
pictures and of videos.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lab.common import cards
from lab.image_encoders import tuned_layers
from lab.synthetic_image import report, rows

FOLDER = Path("ml/engine/detectors/synthetic_image")
CLEAR_ALPHA = 0.05


def export(checkpoint: Path, settings: dict[str, Any]) -> None:
    import torch

    learnt = {k: v.numpy() for k, v in torch.load(checkpoint, weights_only=True).items()}
    card = read_card()
    card["made"] = f"{datetime.now(UTC):%Y-%m-%d}"
    card |= tuned_layers.write(learnt, settings, FOLDER)
    card["recipe"] = {"steps": settings["steps"], "pairs": settings["pairs"], **settings["recipe"]}
    card.pop("calibration", None)
    card.pop("rows", None)
    write_card(card)


def card(val: Path, test: Path, alpha: float) -> None:
    written = read_card()
    written["calibration"] = {
        **written.get("calibration", {}),
        "fitted_on": "genuine pictures of the validation split, as they are and in every hard row, "
        f"against generated ones of {', '.join(rows.MET)} that did not train",
        "used": calibrated(val, alpha),
    }
    written["rows"] = report.figures(report.read(val), report.read(test), alpha)
    write_card(written)


def films(val: Path, test: Path, alpha: float) -> None:
    written = read_card()
    written["calibration"] |= {
        "films_fitted_on": "videos of the validation split, each through H.264: filmed speakers, "
        "and pans over the genuine pictures of every row, against pans over generated ones that "
        "did not train",
        "films": calibrated(val, alpha),
    }
    written["films"] = report.figures(report.read(val), report.read(test), alpha)
    write_card(written)


def calibrated(val: Path, alpha: float) -> dict[str, Any]:
    from lab.face.calibrate import for_card

    scored = report.judged(report.read(val))
    genuine = [item for item in scored if not item.fake]
    met = [item for item in scored if item.fake]
    fake = np.array([False] * len(genuine) + [True] * len(met))
    scores = np.array([item.score for item in [*genuine, *met]], np.float64)
    groups = np.array([f"{item.source} {item.name.split('#')[0]}" for item in [*genuine, *met]])
    used = for_card(
        fake, scores, groups,
        found_at=report.bound(genuine, alpha), found_alpha=alpha, clear_alpha=CLEAR_ALPHA,
        reals=len({item.name.split("#")[0] for item in genuine}), fakes=len(met), asks=True,
    )  # fmt: skip
    print(json.dumps({k: v for k, v in used.items() if k != "lines"}))
    return used


def read_card() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "card.json").read_text())
    return found


def write_card(content: dict[str, Any]) -> None:
    cards.write(FOLDER, content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    exporting = commands.add_parser("export")
    exporting.add_argument("checkpoint", type=Path)
    for name in ("card", "films"):
        filling = commands.add_parser(name)
        filling.add_argument("val", type=Path)
        filling.add_argument("test", type=Path)
        filling.add_argument("--alpha", type=float, default=report.ALPHA)
    options = parser.parse_args()
    if options.command == "export":
        settings = json.loads((options.checkpoint.parent / "settings.json").read_text())
        export(options.checkpoint, settings)
    else:
        {"card": card, "films": films}[options.command](options.val, options.test, options.alpha)


if __name__ == "__main__":
    main()
