"""Measures what lips and sound reveal about each other, per clip and for about five seconds.

The very same questions are put to the network and to the baselines, which answer with a `Likeness`
as it does: is the sound of this clip shifted, is it another clip's, and by how much is it off?
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.lip_sync.data import Talk
from ml.engine.detectors.lip_sync.matching import Similarity, pooled
from ml.evaluation import metrics

SHIFTS = (5, 10)
APART = 3
"""Places from which on two places of a clip are another sound."""
POOL = 5
"""Clips of one speaker that are pooled: about five seconds of mouths."""
DRAWS = 8
"""How often each speaker's clips are dealt into new pools."""
FEWEST = 4
SEED = 11

Pairing = Callable[[int, int], Similarity]
"""Mouths of one talk against the sound of another (or its own)."""


@dataclass(frozen=True)
class Item:
    """One question: what was asked of which speaker, and the answer."""

    speaker: str
    wrong: bool
    score: float


def matched(pairs: NDArray[np.floating], shift: int, *, wrapped: bool = True) -> float:
    """How much more alike the places are that stand `shift` apart than those that do not. Wrapped,
    the sound's end goes on at its beginning, so that every mouth has one; else only as many mouths
    count as the shift leaves."""
    if wrapped:
        block = np.roll(np.asarray(pairs, np.float64), -shift, axis=1)
        count = len(block)
    else:
        count = min(pairs.shape) - shift
        block = np.asarray(pairs[:count, shift : shift + count], np.float64)
    away = np.abs(np.subtract.outer(np.arange(count), np.arange(count))) >= APART
    return float(np.diagonal(block).mean() - block[away].mean())


def aligned(similarity: Similarity) -> NDArray[np.floating]:
    """Rows and columns of the same places, as far as both are there."""
    first = max(similarity.lips_first, similarity.sound_first)
    rows = similarity.pairs[first - similarity.lips_first :, first - similarity.sound_first :]
    count = min(rows.shape)
    return rows[:count, :count]


def shift_items(
    talks: Sequence[Talk],
    pairing: Pairing,
    shift: int,
    pools: Sequence[Sequence[int]],
    *,
    wrapped: bool = True,
) -> list[Item]:
    """In step against shifted, on equally many mouths. Higher scores mean shifted."""
    blocks = {n: aligned(pairing(n, n)) for pool in pools for n in pool}
    items = []
    for pool in pools:
        own = [blocks[n] for n in pool]
        # In step, the last mouths are left out that a shift would leave without a sound.
        whole = own if wrapped else [b[: len(b) - shift, : len(b) - shift] for b in own]
        right = np.mean([matched(b, 0) for b in whole])
        later = np.mean([matched(b, shift, wrapped=wrapped) for b in own])
        earlier = np.mean([matched(b.T, shift, wrapped=wrapped) for b in own])
        speaker = talks[pool[0]].clip.speaker
        items.append(Item(speaker, False, -float(right)))
        items += [Item(speaker, True, -float(value)) for value in (later, earlier)]
    return items


def foreign_items(
    talks: Sequence[Talk],
    pairing: Pairing,
    pools: Sequence[Sequence[int]],
    *,
    seed: int = SEED,
    in_place: bool = False,
) -> list[Item]:
    """Own sound against that of other people's clips. At the best offset, as in service, which
    forgives a foreign sound much; or (`in_place`) where the file puts it. Higher scores mean that
    it fits less."""
    rng = np.random.default_rng(seed)
    items = []
    for pool in pools:
        speaker = talks[pool[0]].clip.speaker
        strangers = [n for n, talk in enumerate(talks) if talk.clip.speaker != speaker]
        taken = rng.choice(strangers, len(pool), replace=len(strangers) < len(pool))
        own = [pairing(n, n) for n in pool]
        other = [pairing(n, int(m)) for n, m in zip(pool, taken, strict=True)]
        score = unfitting_in_place if in_place else unfitting
        items.append(Item(speaker, False, score(own)))
        items.append(Item(speaker, True, score(other)))
    return items


def unfitting(similarities: Sequence[Similarity]) -> float:
    """The detector's raw score."""
    return -pooled([similarity.curve() for similarity in similarities]).prominence()


def unfitting_in_place(similarities: Sequence[Similarity]) -> float:
    return -float(np.mean([matched(aligned(similarity), 0) for similarity in similarities]))


def singles(talks: Sequence[Talk]) -> list[list[int]]:
    return [[n] for n in range(len(talks))]


def pools(talks: Sequence[Talk], *, draws: int = DRAWS, seed: int = SEED) -> list[list[int]]:
    """Clips of one speaker dealt into pools, several times. Of a speaker with fewer clips than a
    pool, one pool of all, unless they are too few."""
    rng = np.random.default_rng(seed)
    by_speaker: dict[str, list[int]] = defaultdict(list)
    for number, talk in enumerate(talks):
        by_speaker[talk.clip.speaker].append(number)
    found = []
    for _, numbers in sorted(by_speaker.items()):
        if len(numbers) < FEWEST:
            continue
        if len(numbers) < POOL:
            found.append(numbers)
            continue
        for _ in range(draws):
            order = [int(n) for n in rng.permutation(numbers)]
            found += [order[k : k + POOL] for k in range(0, len(order) - POOL + 1, POOL)]
    return found


def offsets(pairing: Pairing, pools: Sequence[Sequence[int]], late: int = 0) -> list[int]:
    """By how many places the best offset of each pool is beside the right one, when the sound
    comes `late` places late and what leaves the clip is lost."""
    return [
        pooled([moved(pairing(n, n), late).curve() for n in pool]).best() - late for pool in pools
    ]


def moved(similarity: Similarity, late: int) -> Similarity:
    """As if the file had the sound so many places later (or, below nothing, earlier)."""
    count = similarity.pairs.shape[1]
    kept = similarity.pairs[:, max(-late, 0) : count - max(late, 0)]
    return replace(similarity, pairs=kept, sound_first=similarity.sound_first + max(late, 0))


def beside_the_others(
    talks: Sequence[Talk], pairing: Pairing, pools: Sequence[Sequence[int]]
) -> list[int]:
    """By how many places each pool's best offset is beside that of all other clips of its speaker
    together: what is left when the recordings' own offset is taken out."""
    curves = [pairing(n, n).curve() for n in range(len(talks))]
    found = []
    for pool in pools:
        speaker = talks[pool[0]].clip.speaker
        others = [
            curve
            for n, (talk, curve) in enumerate(zip(talks, curves, strict=True))
            if talk.clip.speaker == speaker and n not in pool
        ]
        if len(others) >= FEWEST:
            found.append(pooled([curves[n] for n in pool]).best() - pooled(others).best())
    return found


# === Figures ===


def auc(items: Sequence[Item]) -> dict[str, Any]:
    wrong, scores = [i.wrong for i in items], [i.score for i in items]
    interval = metrics.auc_interval(wrong, scores, [i.speaker for i in items], draws=500)
    return {
        "auc": _round(metrics.auc(wrong, scores)),
        "low": _round(interval[0]) if interval else None,
        "high": _round(interval[1]) if interval else None,
        "questions": len(items),
        "by_speaker": {
            name: _round(metrics.auc([i.wrong for i in own], [i.score for i in own]))
            for name in sorted({i.speaker for i in items})
            if (own := [i for i in items if i.speaker == name])
        },
    }


def table(talks: Sequence[Talk], pairing: Pairing) -> dict[str, Any]:
    """All questions, for one clip and for a pool."""
    found: dict[str, Any] = {}
    for name, groups in (("one clip", singles(talks)), ("five clips", pools(talks))):
        found[name] = {
            **{
                f"shifted by {shift} frames": auc(shift_items(talks, pairing, shift, groups))
                for shift in SHIFTS
            },
            **{
                f"shifted by {shift} frames, the rest cut off": auc(
                    shift_items(talks, pairing, shift, groups, wrapped=False)
                )
                for shift in SHIFTS
            },
            "another person's sound, in its place": auc(
                foreign_items(talks, pairing, groups, in_place=True)
            ),
            "another person's sound, at the best offset": auc(
                foreign_items(talks, pairing, groups)
            ),
            "offset within a frame": within(offsets(pairing, groups)),
            "offset within two frames": within(offsets(pairing, groups), 2),
            **{
                f"offset within a frame, {shift} frames late, the rest cut off": within(
                    offsets(pairing, groups, shift)
                )
                for shift in SHIFTS
            },
            "offset within a frame of the speaker's other clips": within(
                beside_the_others(talks, pairing, groups)
            ),
            "groups": len(groups),
            "seconds": _round(
                float(np.mean([sum(len(talks[n].mouths) for n in g) / 25 for g in groups]))
            ),
        }
    return found


def within(places: Sequence[int], most: int = 1) -> float | None:
    return _round(float(np.mean(np.abs(places) <= most))) if places else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
