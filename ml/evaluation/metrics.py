"""How good scores are, in plain NumPy. Higher always means more likely manipulated; 1 is fake.

Nothing here invents a number: a figure that cannot be computed (one class only, no data) is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


def _both(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], Numbers]:
    fake, values = np.asarray(labels).astype(bool), np.asarray(scores, np.float64)
    if fake.shape != values.shape or fake.ndim != 1:
        raise ValueError("labels and scores must be two lists of one length")
    if not np.isfinite(values).all():
        raise ValueError("a score is not finite; failures are counted, never scored")
    return fake, values


# === How well the classes are distinguished ===


def auc(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """Chance that a fake scores above a genuine one; ties count half."""
    fake, values = _both(labels, scores)
    positives, negatives = int(fake.sum()), int((~fake).sum())
    if not positives or not negatives:
        return None
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2.0)[place]
    total = ranks[fake].sum() - positives * (positives + 1) / 2.0
    return float(total / (positives * negatives))


def auc_interval(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    *,
    draws: int = 2000,
    share: float = 0.95,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Bootstrap interval that draws whole groups (people, videos): pictures of one group are not
    independent. None with fewer than two groups."""
    fake, values = _both(labels, scores)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    count = int(group.max(initial=-1)) + 1
    if count < 2 or draws < 1:
        return None
    _, place = np.unique(values, return_inverse=True)
    found: list[float] = []
    for groups_drawn in _draws(count, draws, seed):
        # How often each group was drawn is how much each of its items weighs: no need to copy.
        drawn = np.bincount(groups_drawn, minlength=count)[group]
        hits = np.bincount(place, drawn * fake)
        alarms = np.bincount(place, drawn * ~fake)
        pairs = hits.sum() * alarms.sum()
        if pairs:
            below = np.cumsum(alarms) - alarms / 2.0
            found.append(float(hits @ below / pairs))
    if len(found) < draws / 2:
        return None
    return _middle(found, share)


def roc(labels: ArrayLike, scores: ArrayLike) -> tuple[Numbers, Numbers, Numbers]:
    """False and true positive rates with the threshold of each; a score >= threshold is a hit."""
    fake, values = _both(labels, scores)
    order = np.argsort(-values, kind="stable")
    fake, values = fake[order], values[order]
    ends = [len(values) - 1] if len(values) else []
    last = np.append(np.flatnonzero(np.diff(values)), ends).astype(int)
    hits, alarms = np.cumsum(fake)[last], np.cumsum(~fake)[last]
    return (
        np.append(0.0, alarms / max(int((~fake).sum()), 1)),
        np.append(0.0, hits / max(int(fake.sum()), 1)),
        np.append(np.inf, values[last]),
    )


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float | None:
    fake, values = _both(labels, scores)
    if not fake.any() or fake.all():
        return None
    alarms, hits, _ = roc(fake, values)
    true, false = hits * fake.sum(), alarms * (~fake).sum()
    precision = true[1:] / (true[1:] + false[1:])
    return float(np.sum(np.diff(hits) * precision))


def eer(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """The error rate where misses and false alarms are equally frequent."""
    fake, values = _both(labels, scores)
    if not fake.any() or fake.all():
        return None
    alarms, hits, _ = roc(fake, values)
    apart = alarms - (1.0 - hits)
    after = int(np.argmax(apart >= 0))
    if after == 0 or apart[after] == 0:
        return float(alarms[after])
    share = -apart[after - 1] / (apart[after] - apart[after - 1])
    return float(alarms[after - 1] + share * (alarms[after] - alarms[after - 1]))


def tpr_at_fpr(labels: ArrayLike, scores: ArrayLike, limit: float) -> float | None:
    """Most hits at a threshold with at most so many false alarms; nothing is interpolated."""
    fake, values = _both(labels, scores)
    if not fake.any() or fake.all():
        return None
    alarms, hits, _ = roc(fake, values)
    return float(hits[alarms <= limit].max())


def threshold_at_fpr(labels: ArrayLike, scores: ArrayLike, limit: float) -> float | None:
    """The operating point to freeze: found on some data, used on all other. Infinite where no
    finite one keeps to the limit."""
    fake, values = _both(labels, scores)
    if fake.all() or not len(fake):
        return None
    alarms, _, thresholds = roc(fake, values)
    return float(thresholds[alarms <= limit].min())


def balanced_accuracy(labels: ArrayLike, scores: ArrayLike, threshold: float) -> float | None:
    fake, values = _both(labels, scores)
    if not fake.any() or fake.all():
        return None
    flagged = values >= threshold
    return float((flagged[fake].mean() + (~flagged)[~fake].mean()) / 2.0)


def balanced_threshold(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """Where the balanced accuracy is best; of several such points the highest."""
    fake, values = _both(labels, scores)
    if not fake.any() or fake.all():
        return None
    alarms, hits, thresholds = roc(fake, values)
    # In whole numbers: rounding must not decide between points that are equally good.
    fakes, reals = int(fake.sum()), int((~fake).sum())
    gain = np.rint(hits * fakes) * reals - np.rint(alarms * reals) * fakes
    return float(thresholds[int(np.argmax(gain))])


def auc_with_unscored(area: float | None, of_fakes: float, of_reals: float) -> float | None:
    """The AUC when files without a score are not left out: a pair with one is ranked by luck.
    `of_fakes` and `of_reals` are the shares that have a score."""
    pairs = of_fakes * of_reals
    return 0.5 if area is None or not pairs else float(pairs * area + (1.0 - pairs) * 0.5)


def mean_interval(
    values: ArrayLike,
    groups: ArrayLike,
    *,
    draws: int = 2000,
    share: float = 0.95,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Bootstrap interval of a mean that draws whole groups. None with fewer than two groups.

    Where all values are 0, or all are 1, a bootstrap says nothing. The bound is then the exact one
    (Clopper and Pearson) for so many groups.
    """
    numbers = np.asarray(values, np.float64)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    count = int(group.max(initial=-1)) + 1
    if count < 2 or draws < 1:
        return None
    if (numbers == numbers[0]).all() and numbers[0] in (0.0, 1.0):
        far = float(((1.0 - share) / 2.0) ** (1.0 / count))
        return (0.0, 1.0 - far) if numbers[0] == 0.0 else (far, 1.0)
    total = np.bincount(group, numbers, minlength=count)
    size = np.bincount(group, minlength=count).astype(float)
    found = [total[drawn].sum() / size[drawn].sum() for drawn in _draws(count, draws, seed)]
    return _middle(found, share)


def _draws(count: int, draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Groups drawn with replacement, as many as there are; the same ones for the same seed."""
    random = np.random.default_rng(seed)
    for _ in range(draws):
        yield random.integers(count, size=count)


def _middle(found: Sequence[float], share: float) -> tuple[float, float]:
    low, high = np.quantile(found, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


# === Whether the numbers mean what they say ===


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float | None:
    fake, values = _both(labels, probabilities)
    return float(np.mean((values - fake) ** 2)) if len(fake) else None


def ece(labels: ArrayLike, probabilities: ArrayLike, *, bins: int = 15) -> float | None:
    """Mean distance of predicted and observed frequency, over bins of equal width."""
    fake, values = _both(labels, probabilities)
    if not len(fake):
        return None
    place = np.clip((values * bins).astype(int), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    predicted = np.bincount(place, values, minlength=bins)
    true = np.bincount(place, fake.astype(float), minlength=bins)
    return float(np.abs(predicted - true).sum() / count.sum())


def cllr(labels: ArrayLike, log10_lr: ArrayLike) -> float | None:
    """Cost of log-likelihood ratios in bits: 0 is perfect, 1 is what knowing nothing costs."""
    fake, values = _both(labels, log10_lr)
    if not fake.any() or fake.all():
        return None
    natural = values * np.log(10.0)
    of_fakes = np.logaddexp(0.0, -natural[fake]).mean()
    of_reals = np.logaddexp(0.0, natural[~fake]).mean()
    return float((of_fakes + of_reals) / (2.0 * np.log(2.0)))


def isotonic(labels: ArrayLike, scores: ArrayLike) -> Numbers:
    """Pool-adjacent-violators: the best rising frequencies, in the order of the input. Equal
    scores get one frequency."""
    fake, values = _both(labels, scores)
    _, place = np.unique(values, return_inverse=True)
    weight = np.bincount(place).astype(float)
    mean = np.bincount(place, fake.astype(float)) / weight
    blocks: list[list[float]] = []  # mean, weight, how many distinct scores
    for m, w in zip(mean, weight, strict=True):
        blocks.append([float(m), float(w), 1.0])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            m2, w2, n2 = blocks.pop()
            m1, w1, n1 = blocks.pop()
            blocks.append([(m1 * w1 + m2 * w2) / (w1 + w2), w1 + w2, n1 + n2])
    steps = np.concatenate([np.full(int(n), m) for m, _, n in blocks]) if blocks else np.empty(0)
    return np.asarray(steps[place] if len(steps) else steps, np.float64)


def min_cllr(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """What Cllr would be if the same ranking were calibrated as well as can be."""
    fake, values = _both(labels, scores)
    if not fake.any() or fake.all():
        return None
    frequency = isotonic(fake, values)
    prior = np.log(fake.sum() / (~fake).sum())
    with np.errstate(divide="ignore"):
        natural = np.log(frequency) - np.log1p(-frequency) - prior
    of_fakes = np.logaddexp(0.0, -natural[fake]).mean()
    of_reals = np.logaddexp(0.0, natural[~fake]).mean()
    return float((of_fakes + of_reals) / (2.0 * np.log(2.0)))
