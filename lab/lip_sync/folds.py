"""Networks trained without some speakers, and their scores on those speakers, which calibration
uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lab.common import short
from lab.common.speakers import without_fold
from lab.lip_sync import batches, loop
from lab.lip_sync.batches import aligned
from lab.lip_sync.data import Talk
from lab.lip_sync.measure import Pairing
from ml.engine.detectors.lip_sync.network import Embedded, Network
from ml.engine.media.lips import Stretch

HELD_OUT = (0, 1)
"""Two thirds of the speakers are held out in turn: enough for the line and the bounds. The last
third is only learnt from, which saves a training."""

Watch = Callable[[str], short.Watch]


def degraded(talks: Sequence[Talk]) -> list[Talk]:
    return [batches.degraded(talk, seed) for seed, talk in enumerate(talks)]


def network_of(
    folder: Path, talks: Sequence[Talk], recipe: loop.Recipe, watch: short.Watch
) -> Network:
    lips, sound = loop.train(talks, folder, recipe, watch=watch)
    return Network(loop.embedder(lips), loop.embedder(sound))


def embedded(network: Network, talks: Sequence[Talk]) -> list[Embedded]:
    found = []
    for talk in talks:
        one = network.embedded(Stretch(0, talk.start, talk.mouths), talk.sound)
        if one is None:
            raise ValueError(f"{talk.clip.member} is too short to be compared.")
        found.append(one)
    return found


def pairing(known: Sequence[Embedded]) -> Pairing:
    return lambda one, other: known[one].similarity(known[other])


def out_of_fold(
    talks: Sequence[Talk],
    runs: Path,
    recipe: loop.Recipe,
    watch: Watch,
    offsets: Mapping[str, float],
) -> list[tuple[list[Talk], Pairing]]:
    """For each fold its talks, and how a network that never met their speakers sees them: as they
    are, then degraded once."""
    found = []
    for number in HELD_OUT:
        own, others = without_fold(talks, number)
        network = network_of(
            runs / f"fold{number}",
            aligned(others, offsets),
            recipe,
            watch(f"without fold {number}"),
        )
        for talks_of in (own, degraded(own)):
            found.append((talks_of, pairing(embedded(network, talks_of))))
    return found
