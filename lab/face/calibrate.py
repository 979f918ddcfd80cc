"""Fits the calibration of a detector's raw scores on the validation split alone.

Every validation picture counts twice, unchanged and after a random degradation, because incoming
media has been saved and scaled by others. The deciding bounds are conformal: for genuine faces the
highest bound of all sources is used, so that the bound holds for each source.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.face.store import Store
from ml.engine.contract import Crop, FaceTrack, Frame, Pixels
from ml.engine.media import crops
from ml.engine.media.face_scores import FaceNetwork, FaceScore
from ml.engine.media.faces import FaceFinder
from ml.evaluation import degrade
from ml.evaluation.calibration import fit_platt, lr_cap

LINES = 60
FEWEST_OF_A_SOURCE = 60
"""Sources with fewer genuine scores are only bounded together with the others."""


@dataclass(frozen=True)
class Scored:
    """One picture as the detector would score it in service."""

    number: int
    degraded: bool
    score: float | None
    """None where no face was found or none was large enough."""
    face_side: float


def served_scores(
    store: Store,
    numbers: Sequence[int],
    network: FaceNetwork,
    *,
    degraded: bool,
    seed: int = 7,
    watch: Callable[[Sequence[int]], Sequence[int] | Iterator[int]] = lambda numbers: numbers,
) -> list[Scored]:
    """Through face finder, crop and network as in service; only the sandbox is left out."""
    found = []
    with FaceFinder(most=1) as finder:
        for number in watch(numbers):
            pixels = np.ascontiguousarray(store.picture(number))
            if degraded:
                pixels = degrade.draw(np.random.default_rng([seed, number]), untouched=0.0)(pixels)
            found.append(score_one(number, degraded, pixels, finder, network))
    return found


def score_one(
    number: int, degraded: bool, pixels: Pixels, finder: FaceFinder, network: FaceNetwork
) -> Scored:
    found, side = face_score(pixels, finder, network)
    return Scored(number, degraded, found.logit if found else None, side)


def face_score(
    pixels: Pixels, finder: FaceFinder, network: FaceNetwork
) -> tuple[FaceScore | None, float]:
    """Of the picture's face, and the face's shorter side."""
    faces = finder.in_still(pixels)
    crop: Crop | None = crops.cut(Frame(0, 0.0, pixels), faces[0]) if faces else None
    if crop is None:
        return None, 0.0
    side = min(faces[0].box.width, faces[0].box.height)
    track = FaceTrack(id=1, first=0.0, last=0.0, seen=1, crops=(crop,))
    usable = network.usable(track)
    return network.score(track, usable) if usable else None, side


def fitted(
    store: Store, scored: Sequence[Scored], *, found_alpha: float, clear_alpha: float, seed: int = 1
) -> dict[str, Any]:
    """The numbers that `ml.engine.fusion.calibration.Calibration` reads from the card."""
    known = [s for s in scored if s.score is not None]
    fake = np.array([store.items[s.number].is_fake for s in known])
    scores = np.array([s.score for s in known], np.float64)
    groups = np.array([_group(store, s.number) for s in known])
    genuine = {
        source: scores[[not f and store.items[s.number].source == source
                        for s, f in zip(known, fake, strict=True)]]
        for source in sorted({store.items[s.number].source for s in known})
    }  # fmt: skip
    used = for_card(
        fake,
        scores,
        groups,
        found_at=max(
            upper_bound(values, found_alpha)
            for values in (scores[~fake], *genuine.values())
            if len(values) >= FEWEST_OF_A_SOURCE or len(values) == (~fake).sum()
        ),
        found_alpha=found_alpha,
        clear_alpha=clear_alpha,
        # A picture and its degraded copy are not two witnesses: sizes are told in pictures.
        reals=len({s.number for s, f in zip(known, fake, strict=True) if not f}),
        fakes=len({s.number for s, f in zip(known, fake, strict=True) if f}),
        seed=seed,
    )
    if not math.isfinite(used["found_at"] - used["clear_at"]):
        raise ValueError("The validation split is too small for the bounds that were asked for.")
    return used


def for_card(
    fake: NDArray[np.bool_],
    scores: NDArray[np.float64],
    groups: NDArray[np.str_],
    *,
    found_at: float,
    found_alpha: float,
    clear_alpha: float,
    reals: int,
    fakes: int,
    cap: float = math.inf,
    asks: bool = False,
    seed: int = 1,
) -> dict[str, Any]:
    """What `ml.engine.fusion.calibration.Calibration` reads from a card: the line, its spread over
    `groups`, its cap and both bounds. A check that only asks passes nothing while the odds are for
    the contrary."""
    line = fit_platt(fake, scores)
    clear_at = -upper_bound(-scores[fake], clear_alpha)
    return {
        "slope": line.slope,
        "offset": line.offset,
        "cap": min(lr_cap(reals), lr_cap(fakes), cap),
        "found_at": found_at,
        "clear_at": min(clear_at, -line.offset / line.slope) if asks else clear_at,
        "found_alpha": found_alpha,
        "clear_alpha": clear_alpha,
        "reals": reals,
        "fakes": fakes,
        "lines": resampled(fake, scores, groups, np.random.default_rng(seed)),
    }


def _group(store: Store, number: int) -> str:
    item = store.items[number]
    return f"{item.source} {item.identity or item.pair or number}"


def upper_bound(values: NDArray[np.float64], alpha: float) -> float:
    """The split-conformal bound: a further value of this kind lies above it with a chance of at
    most `alpha`. With too few values there is none."""
    place = math.ceil((len(values) + 1) * (1 - alpha))
    return float(np.sort(values)[place - 1]) if place <= len(values) else math.inf


def resampled(
    fake: NDArray[np.bool_],
    scores: NDArray[np.float64],
    groups: NDArray[np.str_],
    random: np.random.Generator,
) -> list[list[float]]:
    """The line again on groups drawn with replacement: people, not pictures, are independent."""
    _, place = np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(place == n) for n in range(place.max() + 1)]
    lines: list[list[float]] = []
    while len(lines) < LINES:
        rows = np.concatenate(
            [members[n] for n in random.integers(len(members), size=len(members))]
        )
        line = fit_platt(fake[rows], scores[rows])
        lines.append([round(line.slope, 6), round(line.offset, 6)])
    return lines
