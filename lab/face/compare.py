"""Compares runs on the same pictures: what a recipe, a source or a kind of blend is worth.

Each run's averaged weights score every face of a split as in service (with two margins, each
unchanged and mirrored), and blends of its genuine faces (the tight crop and its mirror image), one
kind after another. The validation split is for choosing, the test split for reporting. A run that
was trained without a source or a kind of blend shows how well the others generalise to it. Nothing
here is calibrated or served; the figures of the served detector are in its card.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.face import blend, crops, foreign, loop
from lab.face.config import FaceConfig
from lab.face.face_net import as_input
from lab.face.lite0 import normalised
from lab.face.store import Store
from ml.engine.contract import Pixels
from ml.engine.media.face_scores import MARGINS
from ml.evaluation import metrics

Scores = NDArray[np.float64]
Watch = Callable[[Sequence[int]], Iterator[int]]
Judge = Callable[[Sequence[Pixels]], Scores]
BATCH = 32
BLENDED = 240
"""The number of genuine faces, equally from all sources, that are blended in each way."""
ANOTHER = "another person"
"""Beside the kinds of mask: what is put in is the face of somebody else (`foreign.py`)."""
KINDS = (*blend.FAMILIES, ANOTHER)
SHARES = (
    ("donors", "of another person"),
    ("redrawn", "redrawn"),
    ("by_network", "of these by networks"),
)


def compared(
    store: Store, run: Path, numbers: Sequence[int], watch: Watch, split: str = "test"
) -> dict[str, Any]:
    """One run's figures. They are stored next to its weights and measured again when those
    change."""
    config = FaceConfig.read(run / loop.CONFIG)
    weights = hashlib.sha256((run / loop.WEIGHTS).read_bytes()).hexdigest()
    kept = run / ("compared.json" if split == "test" else f"compared-{split}.json")
    figures: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    same = {"weights": weights, "pictures": len(numbers)}
    if any(figures.get(name) != value for name, value in same.items()):
        figures = {}
    seen_so = figures.get("margins") == list(MARGINS)
    missing = [kind for kind in KINDS if kind not in figures.get("blends", {})]
    if seen_so and not missing:
        return figures
    judge = _judge(config, run)
    if not seen_so:
        scores = np.concatenate(
            [
                _as_served(store, numbers[at : at + BATCH], config.side, judge)
                for at in watch(range(0, len(numbers), BATCH))
            ]
        )
        figures = {
            "run": run.name,
            **same,
            "margins": list(MARGINS),
            "recipe": json.loads(config.to_json()),
            "swaps": _figures(store, numbers, scores),
            "blends": figures.get("blends", {}),
        }
    if missing:
        figures["blends"] |= _on_blends(store, numbers, config.side, judge, missing)
    kept.write_text(json.dumps(figures, indent=1) + "\n")
    return figures


def _judge(config: FaceConfig, run: Path) -> Judge:
    network = loop.load_average(config, run / loop.WEIGHTS)

    def judge(squares: Sequence[Pixels]) -> Scores:
        plain = normalised(np.stack(squares))
        views = (plain, np.ascontiguousarray(plain[:, :, ::-1]))
        logits = [network.predict_on_batch(as_input(view))["logit"] for view in views]
        columns = [np.asarray(each)[:, 0] for each in logits]
        scores: Scores = np.mean(columns, axis=0, dtype=np.float64)
        return scores

    return judge


def _as_served(store: Store, numbers: Sequence[int], side: int, judge: Judge) -> Scores:
    views = [
        judge([store.square(number, side, margin) for number in numbers]) for margin in MARGINS
    ]
    return np.asarray(np.mean(views, axis=0), np.float64)


def _figures(store: Store, numbers: Sequence[int], scores: Scores) -> dict[str, Any]:
    fakes = [store.items[n].is_fake for n in numbers]
    groups = [store.items[n].pair or store.items[n].sha256 for n in numbers]
    interval = metrics.auc_interval(fakes, scores, groups, draws=500)
    sources = sorted({store.items[n].source for n in numbers if not store.items[n].is_fake})
    by_source = {}
    for source in sources:
        chosen = [
            k for k, n in enumerate(numbers) if fakes[k] or store.items[n].source == source
        ]  # fmt: skip
        by_source[source] = metrics.auc([fakes[k] for k in chosen], scores[chosen])
    return {
        "reals": fakes.count(False),
        "fakes": fakes.count(True),
        "auc": metrics.auc(fakes, scores),
        "auc_low": interval[0] if interval else None,
        "auc_high": interval[1] if interval else None,
        "tpr_at_5_fpr": metrics.tpr_at_fpr(fakes, scores, 0.05),
        "auc_against_reals_of": by_source,
    }


def _on_blends(
    store: Store,
    numbers: Sequence[int],
    side: int,
    judge: Judge,
    kinds: Sequence[str],
) -> dict[str, float | None]:
    """AUC of each kind of blend against the very faces that were blended."""
    chosen = even(store, numbers)

    def judged(squares: Sequence[Pixels]) -> Scores:
        return np.concatenate(
            [judge(squares[k : k + BATCH]) for k in range(0, len(squares), BATCH)]
        )

    genuine = judged([store.square(number, side) for number in chosen])
    found = {}
    for name in kinds:
        squares = []
        for number in chosen:
            picture, points = np.ascontiguousarray(store.picture(number)), store.points(number)
            random = np.random.default_rng([11, number])
            if name == ANOTHER:
                givers = [int(n) for n in random.choice(chosen, 40) if n != number]
                giver = givers[foreign.nearest(points, [store.points(n) for n in givers])]
                over = foreign.fitted(
                    store.picture(giver), store.points(giver), points, picture.shape
                )
                made, _ = foreign.put_in(over, picture, points, random)
            else:
                made, _ = blend.self_blend(picture, points, random, family=name)
            squares.append(crops.to_side(crops.face(made, points), side))
        fake = judged(squares)
        labels = [False] * len(genuine) + [True] * len(fake)
        found[name] = metrics.auc(labels, np.concatenate([genuine, fake]))
    return found


def even(store: Store, numbers: Sequence[int], most: int = BLENDED) -> list[int]:
    """Genuine faces, about equally many of each source, always the same ones."""
    by_source: dict[str, list[int]] = {}
    for number in numbers:
        if not store.items[number].is_fake:
            by_source.setdefault(store.items[number].source, []).append(number)
    each = max(most // max(len(by_source), 1), 1)
    random = np.random.default_rng(4)
    return [
        int(number)
        for _, numbers in sorted(by_source.items())
        for number in sorted(random.choice(numbers, min(each, len(numbers)), replace=False))
    ]


# === Tables ===


def tables(runs: Sequence[dict[str, Any]]) -> str:
    """Two Markdown tables: the test split, and the kinds of blend."""
    lines = [
        "| run | trained on | steps | AUC (95 %) | AUC against the genuine of each source | "
        "hits at 5 % false alarms |",
        "|---|---|---|---|---|---|",
    ]
    for figures in runs:
        test, recipe = figures["swaps"], figures["recipe"]
        spread = f" ({test['auc_low']:.3f}–{test['auc_high']:.3f})" if test["auc_low"] else ""
        each = ", ".join(f"{name} {auc:.3f}" for name, auc in test["auc_against_reals_of"].items())
        lines.append(
            f"| {figures['run']} | {learnt_from(recipe)} | {recipe['steps']} | "
            f"{test['auc']:.3f}{spread} | {each} | {test['tpr_at_5_fpr']:.3f} |"
        )
    lines += [
        "",
        "| run | " + " | ".join(name.replace("_", " ") for name in KINDS) + " |",
        "|---" * (len(KINDS) + 1) + "|",
    ]
    for figures in runs:
        unseen = never_seen(figures["recipe"])
        cells = [
            f"{figures['blends'][name]:.3f}" + (" (not in training)" if name in unseen else "")
            for name in KINDS
        ]
        lines.append(f"| {figures['run']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def never_seen(recipe: dict[str, Any]) -> tuple[str, ...]:
    """Kinds of blend that this very run did without; what it began from is in its own line."""
    masks = tuple(recipe.get("without_families", ()))
    return masks if recipe.get("donors") or not recipe["blends"] else (*masks, ANOTHER)


def learnt_from(recipe: dict[str, Any]) -> str:
    """The recipe in a few words."""
    if recipe.get("mean_of"):
        return f"{recipe.get('network', 'lite0')}; the mean of {' and '.join(recipe['mean_of'])}"
    begun = f"from {recipe.get('start', 'imagenet')}"
    parts = [
        recipe.get("network", "lite0"),
        f"{begun}, heads too" if recipe.get("keep_heads") else begun,
    ]
    if recipe["pairs"]:
        parts.append(f"{recipe['pairs']} swaps a batch ({', '.join(recipe['fake_sources'])})")
    if recipe["blends"]:
        shares = [f"{recipe[key]:.0%} {words}" for key, words in SHARES if recipe.get(key)]
        parts.append(
            f"{recipe['blends']} blends a batch" + (f" ({', '.join(shares)})" if shares else "")
        )
    if left_out := recipe.get("without_families"):
        parts.append("without blends of " + ", ".join(n.replace("_", " ") for n in left_out))
    if recipe.get("uphill"):
        parts.append(f"gradients from {recipe['uphill']:g} uphill")
    parts.append("genuine: " + ", ".join(recipe["sources"]))
    return "; ".join(parts)
