"""Measures how far the classes can be distinguished without looking for traces of manipulation.

If a line through file sizes, blur or the background already tells fakes from genuine pictures, a
network learns that, and its figures mean nothing. These baselines say how much of it there is in a
set of faces, and what plain ImageNet features reach: the mark that a trained network must beat.
Printed by `manage.py leaks [--frozen]`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lab.face import crops, data
from lab.face.crops import to_side
from lab.face.data import Item
from lab.face.store import Store
from ml.evaluation import metrics, spectral

Numbers = NDArray[np.float64]
SIDE = 128
MOST_TRAIN = 6000
MOST_PLAIN = 2000
COLLECTIONS = {"dfdc": ("dfdc",), "ffhq and stylegan": ("ffhq", "stylegan")}
"""Classes are only compared within what was collected in one way."""
PHOTOGRAPHS = ("dfdc", "ffhq", "lfw", "utkface")
MOST_ELSEWHERE = 400


# === What is looked at ===


def file_size(items: Sequence[Item], numbers: Sequence[int], folder: Path, store: Store) -> Numbers:
    """Bytes, sides, bytes a pixel: what a file says before it is decoded."""
    sizes = _sizes([items[n] for n in numbers], folder)
    sides = store.shapes[numbers].astype(float)
    area = sides.prod(axis=1)
    return np.stack(
        [np.log(sizes), np.log(area), np.log(sizes / area), sides[:, 1] / sides[:, 0]], axis=1
    )


def _sizes(items: Sequence[Item], folder: Path) -> Numbers:
    listed: dict[str, dict[str, int]] = {}
    for archive in {item.archive for item in items if item.archive}:
        with zipfile.ZipFile(folder / archive) as file:
            listed[archive] = {info.filename: info.file_size for info in file.infolist()}
    return np.array(
        [
            listed[i.archive][i.member] if i.archive else (folder / i.member).stat().st_size
            for i in items
        ],
        float,
    )


def face_size(store: Store, number: int) -> Numbers:
    """The face's box: how large, which shape, where."""
    points, (height, width) = store.points(number), store.shapes[number]
    low, high = points.min(axis=0), points.max(axis=0)
    sides = high - low
    return np.array(
        [*np.log(sides), sides[0] / sides[1], *(low / (width, height)), *(high / (width, height))]
    )


def sharpness(store: Store, number: int) -> Numbers:
    """Blur, noise, light and contrast of the face, at its own size."""
    face = crops.face(store.picture(number), store.points(number))
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = cv2.Laplacian(grey, cv2.CV_32F)
    grain = grey - cv2.medianBlur(grey, 3)
    halves = cv2.resize(cv2.resize(grey, None, fx=0.5, fy=0.5), grey.shape[::-1])
    values = [edges.var(), np.abs(grain).mean(), np.abs(grey - halves).mean(), grey.std()]
    means = face.reshape(-1, 3).mean(axis=0)
    return np.array([*np.log1p(values), *means, face.std()], float)


def spectra(store: Store, number: int) -> Numbers:
    """Fourier, DCT and wavelet statistics of the picture at its own size."""
    return spectral.statistics(np.ascontiguousarray(store.picture(number)))


def background(store: Store, number: int) -> Numbers:
    """Colour and edges of what lies outside the face, in four by four cells of the picture."""
    whole, points = store.picture(number), store.points(number)
    picture = to_side(np.ascontiguousarray(whole), SMALL)
    scale = np.array([SMALL / whole.shape[1], SMALL / whole.shape[0]], np.float32)
    outside = ~inside_face(picture.shape, points * scale)
    edges = np.abs(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F))
    cells, count = CELLS[outside], np.bincount(CELLS[outside], minlength=16)
    layers = [picture[..., 0], picture[..., 1], picture[..., 2], edges]
    means = [
        np.bincount(cells, layer[outside].astype(float), minlength=16) / np.maximum(count, 1)
        for layer in layers
    ]
    return np.concatenate([*means, count / SMALL**2])


SMALL = 64
CELLS = np.add.outer(np.arange(SMALL) // (SMALL // 4) * 4, np.arange(SMALL) // (SMALL // 4))


def inside_face(shape: tuple[int, ...], points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The hull of the landmarks, a tenth larger: what is left shows nothing of the face."""
    hull = points[ConvexHull(points).vertices]
    middle = points.mean(axis=0)
    wide = np.round(middle + (hull - middle) * 1.1).astype(np.int32)
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, wide, 1)
    return mask.astype(bool)


def frozen(store: Store, numbers: Sequence[int], *, batch: int = 64) -> Numbers:
    """EfficientNet-Lite0 as ImageNet left it, averaged over the picture."""
    from lab.face import convert_lite0, lite0

    network = lite0.lite0(SIDE)
    lite0.load_imagenet(network, convert_lite0.imagenet_weights())
    found = []
    for start in _tracked(range(0, len(numbers), batch)):
        squares = [store.square(n, SIDE) for n in numbers[start : start + batch]]
        maps = network(lite0.normalised(np.stack(squares)), training=False)
        found.append(np.asarray(maps[-1]).mean(axis=(1, 2)))
    return np.concatenate(found).astype(float)


def _tracked(steps: range) -> Iterable[int]:
    from rich.console import Console
    from rich.progress import track

    return track(steps, "ImageNet features", console=Console(stderr=True), update_period=1.0)


# === What it gives away ===


def separability(
    store: Store,
    train: Sequence[int],
    test: Sequence[int],
    features: Numbers,
    elsewhere: Mapping[str, Numbers] | None = None,
) -> dict[str, Any]:
    """A logistic regression on the train split's features (first in `features`), and its AUC on
    the test split's. `elsewhere`: features of photographs that were collected in another way, for
    how many of them it takes for fakes where it takes one in twenty at home."""
    fake = np.array([store.items[n].is_fake for n in (*train, *test)])
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
    )
    model.fit(features[: len(train)], fake[: len(train)])
    scores = model.decision_function(features[len(train) :])
    labels = fake[len(train) :]
    groups = [store.items[n].identity or store.items[n].sha256 for n in test]
    interval = metrics.auc_interval(labels, scores, groups, draws=1000)
    bound = np.quantile(scores[~labels], 0.95)
    return {
        "auc": metrics.auc(labels, scores),
        "auc_low": interval[0] if interval else None,
        "auc_high": interval[1] if interval else None,
        "tpr_at_5_fpr": metrics.tpr_at_fpr(labels, scores, 0.05),
        "train": len(train),
        "reals": int((~labels).sum()),
        "fakes": int(labels.sum()),
        "false_alarms_elsewhere": {
            source: float((model.decision_function(table) > bound).mean())
            for source, table in (elsewhere or {}).items()
        },
    }


def chosen(
    store: Store, sources: Sequence[str], split: str, most: int, *, seed: int = 0
) -> list[int]:
    """Pictures of a split with a face, at most so many, drawn once and for all."""
    numbers = [
        n for n in data.select(store.items, split=split, sources=sources) if store.has_face(n)
    ]
    if len(numbers) > most:
        drawn = np.random.default_rng(seed).choice(len(numbers), most, replace=False)
        numbers = [numbers[n] for n in sorted(drawn)]
    return numbers


def genuine(store: Store, source: str) -> list[int]:
    """Photographs of a source's test split with a face."""
    numbers = chosen(store, (source,), "test", len(store.items))
    return [n for n in numbers if not store.items[n].is_fake][:MOST_ELSEWHERE]


PLAIN: dict[str, Callable[[Store, int], Numbers]] = {
    "face size and place": face_size,
    "blur, noise, light": sharpness,
    "background only": background,
    "spectrum, DCT, wavelets": spectra,
}


def all_baselines(
    store: Store,
    folder: Path,
    *,
    with_frozen: bool = False,
    most: int = MOST_PLAIN,
    most_frozen: int = MOST_TRAIN,
) -> dict[str, dict[str, Any]]:
    """By collection, then by baseline. Plain features are cheap to fit and need few pictures."""
    found: dict[str, dict[str, Any]] = {}
    for name, sources in COLLECTIONS.items():
        train, test = (chosen(store, sources, split, most) for split in ("train", "test"))
        if not train or not test:
            continue
        both = [*train, *test]
        others = {
            source: numbers
            for source in PHOTOGRAPHS
            if source not in sources and (numbers := genuine(store, source))
        }
        sizes = file_size(store.items, both, folder, store)
        found[name] = {"file size and bitrate": separability(store, train, test, sizes)}
        for title, feature in PLAIN.items():
            found[name][title] = separability(
                store,
                train,
                test,
                np.stack([feature(store, n) for n in both]),
                {
                    source: np.stack([feature(store, n) for n in numbers])
                    for source, numbers in others.items()
                },
            )
        if with_frozen:
            train = chosen(store, sources, "train", most_frozen)
            test = chosen(store, sources, "test", len(store.items))
            features = frozen(store, [*train, *test])
            found[name]["frozen ImageNet features"] = separability(store, train, test, features)
    return found


def markdown(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The same as a table for a page."""
    lines = [
        "| faces | feature | AUC (95 %) | hits at 5 % false alarms | real | fake | "
        "false alarms elsewhere, at that bound |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rows in found.items():
        for title, row in rows.items():
            low, high = row["auc_low"], row["auc_high"]
            spread = f" ({low:.3f}–{high:.3f})" if low is not None else ""
            lines.append(
                f"| {name} | {title} | {row['auc']:.3f}{spread} | {row['tpr_at_5_fpr']:.3f} | "
                f"{row['reals']} | {row['fakes']} | {_elsewhere(row)} |"
            )
    return "\n".join(lines)


def _elsewhere(row: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{source} {share:.3f}" for source, share in row["false_alarms_elsewhere"].items()
    )
