"""Pictures decoded once and landmarks found once, stored outside the repository as plain arrays.

Decoding WebP and finding 478 landmarks takes longer than a training step, so both are done only
once: all pixels in one memory-mapped file, landmarks in one array. A picture without a detected
face keeps its pixels and has NaN as landmarks.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lab.common.archives import Archives
from lab.face import crops
from lab.face.data import Item, check_splits
from ml.engine.contract import Pixels

LANDMARKS = 478
PADDING = 0.5
"""Tight crops are padded by this share of their longer side before landmarks are looked for:
the face finder was made for faces with room around them."""

Finder = Callable[[Pixels], "NDArray[np.float32] | None"]


@dataclass(frozen=True)
class Store:
    """Read-only pictures and their landmarks, by the item's position in the manifest."""

    items: Sequence[Item]
    pixels: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    shapes: NDArray[np.int32]
    landmarks: NDArray[np.float32]

    def picture(self, number: int) -> Pixels:
        """The whole decoded picture; a view, not to be written to."""
        height, width = (int(n) for n in self.shapes[number])
        start = int(self.offsets[number])
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)

    def points(self, number: int) -> NDArray[np.float32]:
        """478 x 2 landmarks in pixels of the picture."""
        points: NDArray[np.float32] = self.landmarks[number]
        return points

    def square(self, number: int, side: int, margin: float = 0.0) -> Pixels:
        """The face as it is judged, at the network's size."""
        return crops.to_side(crops.face(self.picture(number), self.points(number), margin), side)

    def has_face(self, number: int) -> bool:
        return bool(np.isfinite(self.landmarks[number, 0, 0]))

    @property
    def faces(self) -> NDArray[np.bool_]:
        return np.isfinite(self.landmarks[:, 0, 0])


@dataclass(frozen=True)
class Joined(Store):
    """Several stores, one after another; their pixels stay in the files where they lie."""

    parts: Sequence[Store] = ()

    def picture(self, number: int) -> Pixels:
        for part in self.parts:
            if number < len(part.items):
                return part.picture(number)
            number -= len(part.items)
        raise IndexError(number)


def joined(stores: Sequence[Store]) -> Store:
    """One store of all. Raises ManifestRefused where their splits share somebody."""
    if len(stores) == 1:
        return stores[0]
    items = [item for store in stores for item in store.items]
    check_splits(items)
    return Joined(
        items=items,
        pixels=np.empty(0, np.uint8),
        offsets=np.empty(0, np.int64),
        shapes=np.concatenate([store.shapes for store in stores]),
        landmarks=np.concatenate([store.landmarks for store in stores]),
        parts=tuple(stores),
    )


def read_pictures(items: Sequence[Item], folder: Path) -> Iterator[Pixels]:
    """The pictures of a manifest, decoded in order. Archives are zip files next to the manifest."""
    with Archives(folder) as archives:
        for item in items:
            content = archives.read(item)
            with Image.open(io.BytesIO(content), formats=["JPEG", "PNG", "WEBP"]) as picture:
                yield np.asarray(picture.convert("RGB"))


def padded(picture: Pixels, share: float = PADDING) -> tuple[Pixels, int]:
    """The picture with a dark margin on each side, and the margin's width in pixels."""
    margin = round(max(picture.shape[:2]) * share)
    return np.pad(picture, ((margin, margin), (margin, margin), (0, 0))), margin


@contextmanager
def face_finder() -> Iterator[Finder]:
    """Finds the most prominent face of a picture; MediaPipe is closed at the end."""
    from ml.engine.media import face_model

    with face_model.landmarker(num_faces=1) as model:

        def find(picture: Pixels) -> NDArray[np.float32] | None:
            wide, margin = padded(picture)
            faces = model.detect(face_model.as_image(wide)).face_landmarks
            if not faces:
                return None
            points = np.array([(point.x, point.y) for point in faces[0]], np.float32)
            return points * (wide.shape[1], wide.shape[0]) - margin

        yield find


def prepare(
    items: Sequence[Item],
    folder: Path,
    target: Path,
    find: Finder,
    *,
    watch: Callable[[Iterable[Pixels]], Iterable[Pixels]] = lambda pictures: pictures,
) -> Store:
    """Decode everything and find every face; a store that is already whole is only opened."""
    name = manifest_digest(items)
    done = target / f"{name}.json"
    if not done.exists():
        target.mkdir(parents=True, exist_ok=True)
        shapes = np.zeros((len(items), 2), np.int32)
        landmarks = np.full((len(items), LANDMARKS, 2), np.nan, np.float32)
        with (target / f"{name}.part").open("wb") as file:
            for number, picture in enumerate(watch(read_pictures(items, folder))):
                file.write(np.ascontiguousarray(picture).tobytes())
                shapes[number] = picture.shape[:2]
                points = find(picture)
                if points is not None:
                    landmarks[number] = points
        np.save(target / f"{name}-shapes.npy", shapes)
        np.save(target / f"{name}-landmarks.npy", landmarks)
        (target / f"{name}.part").replace(target / f"{name}.pixels")
        found = int(np.isfinite(landmarks[:, 0, 0]).sum())
        done.write_text(json.dumps({"items": len(items), "faces_found": found}))
    return open_store(items, target)


def open_store(items: Sequence[Item], target: Path) -> Store:
    """Open what `prepare` made; FileNotFoundError when it was not made for these items."""
    name = manifest_digest(items)
    shapes = np.load(target / f"{name}-shapes.npy")
    sizes = shapes.prod(axis=1, dtype=np.int64) * 3
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    file = target / f"{name}.pixels"
    if file.stat().st_size != int(sizes.sum()):
        raise ValueError(f"{file} is not whole; delete it and prepare the data anew")
    return Store(
        items=items,
        pixels=np.memmap(file, np.uint8, "r"),
        offsets=offsets,
        shapes=shapes,
        landmarks=np.load(target / f"{name}-landmarks.npy"),
    )


def manifest_digest(items: Sequence[Item]) -> str:
    """Names the store: other pictures, or another order, are another store."""
    digest = hashlib.sha256(f"padding {PADDING}".encode())
    for item in items:
        digest.update(bytes.fromhex(item.sha256))
    return digest.hexdigest()[:16]
