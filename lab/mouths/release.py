"""Puts trained weights, and then calibration and figures, into the folder of `mouth_forgery`.

    python -m lab.mouths.release export RUN/weights.npz ROWS
    python -m lab.mouths.release score ROWS
    python -m lab.mouths.release card RUN ROWS

`export` writes the served network and proves that it says what the trained one says, on faces of
ROWS (`lab.mouths.rows`). `score` asks it about all of them. `card` calibrates on the validation
split and measures the test split. Runs in the product's own environment.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.common import cards
from lab.common.speaking import say
from lab.face.export import exported
from lab.mouths import measure
from lab.mouths.batches import SIDE
from ml.engine.detectors.mouth_forgery.detector import FOLDER
from ml.engine.media.face_scores import normalised
from ml.engine.serving import Served, read_card

PROBES = 48
TOLERANCE = 0.05


def network(arrays: Mapping[str, NDArray[np.float32]]) -> Any:
    """The Keras network, its normalisation set to nothing: the weights hold it."""
    from lab.face.face_net import HEADS, face_net

    net = face_net(SIDE)
    for name in sorted({key.split("/")[0] for key in arrays}):
        kernel, bias = arrays[f"{name}/kernel"], arrays[f"{name}/bias"]
        layer = net.get_layer(name)
        if name in HEADS:
            layer.set_weights([kernel, bias])
            continue
        layer.set_weights([kernel])
        after = net.get_layer(f"{name}_bn")
        ones, nothing = np.ones_like(bias), np.zeros_like(bias)
        after.set_weights([ones, bias, nothing, ones - after.epsilon])
    return net


def export(weights: Path, rows: Path) -> None:
    with np.load(weights) as stored:
        net = network(dict(stored))
    with np.load(rows / "altered-val.npz") as altered:
        probes = normalised(altered["lower"][:: max(1, len(altered["lower"]) // PROBES)][:PROBES])
    card = read_card(FOLDER)
    card["weights"] = exported(
        net, FOLDER / "mouth_forgery.tflite", probes, tolerance=TOLERANCE, half=True
    )
    card["input"]["side"] = SIDE
    card["made"] = f"{datetime.now(UTC):%Y-%m-%d}"
    cards.write(FOLDER, card)
    say(json.dumps(card["weights"]))


def score(rows: Path) -> None:
    """Each face and its mirror image, as in service."""
    served = Served(FOLDER)
    for split in ("val", "test"):
        with np.load(rows / f"altered-{split}.npz") as altered:
            squares = altered["lower"]
        logits = [
            np.mean([served.logit(normalised(view)) for view in (square, square[:, ::-1])])
            for square in squares
        ]
        np.save(rows / f"mouths-{split}.npy", np.array(logits, np.float32))
        say(f"{split}: {len(logits)} faces")


def card(run: Path, rows: Path) -> None:
    val, test = (measure.read(rows, split, "mouths") for split in ("val", "test"))
    written = read_card(FOLDER)
    written["recipe"] = json.loads((run / "settings.json").read_text())
    written["calibration"] = {
        "fitted_on": "validation split; stills as they are, degraded, and after harmless changes; "
        "films as they are and after harmless changes. Each source and each change is bounded by "
        "itself. The bound of films is never below that of stills",
        **measure.calibrated(val),
    }
    written["measured"] = measure.figures(val, test)
    cards.write(FOLDER, written)
    say(json.dumps(written["measured"], indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    exporting = commands.add_parser("export")
    exporting.add_argument("weights", type=Path)
    exporting.add_argument("rows", type=Path)
    commands.add_parser("score").add_argument("rows", type=Path)
    filling = commands.add_parser("card")
    filling.add_argument("run", type=Path)
    filling.add_argument("rows", type=Path)
    options = parser.parse_args()
    if options.command == "export":
        export(options.weights, options.rows)
    elif options.command == "score":
        score(options.rows)
    else:
        card(options.run, options.rows)


if __name__ == "__main__":
    main()
