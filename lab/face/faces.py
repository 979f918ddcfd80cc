"""The prepared faces of the research set and of your own sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.face import data
from lab.face.store import Store, face_finder, joined, open_store, prepare
from ml.engine.contract import Pixels
from ml.evaluation import data_folders

TERMS = "terms.txt"
"""Beside a set's manifest: one line on where it comes from and what it may be used for."""
NO_TERMS = "terms not told"

Watch = Callable[[Iterable[Pixels], int], Iterable[Pixels]]


@dataclass(frozen=True)
class Set:
    """Pictures that somebody prepared, and what is known of their terms."""

    folder: Path
    store: Store
    terms: str

    @property
    def sources(self) -> list[str]:
        return sorted({item.source for item in self.store.items})


def opened(own: Sequence[Set] = ()) -> tuple[Store, Path]:
    """The research set, and one's own after it in their order, as one store. Raises
    FileNotFoundError with what to do."""
    main = _research()
    return joined([_open(main).store, *(one.store for one in own)]), main


def own(also: Sequence[Path]) -> list[Set]:
    return [_open(folder) for folder in also]


def prepared(also: Sequence[Path], watch: Watch) -> Store:
    """As `opened`; what is not prepared yet is decoded and looked for faces in first."""
    stores = []
    for folder in (_research(), *also):
        items = data.read_manifest(folder / data_folders.MANIFEST)
        try:
            stores.append(open_store(items, _cache()))
        except FileNotFoundError:
            with face_finder() as find:
                count = len(items)
                stores.append(
                    prepare(items, folder, _cache(), find, watch=lambda p, n=count: watch(p, n))  # type: ignore[misc]  # mypy infers no lambda with a default
                )
    return joined(stores)


def _research() -> Path:
    folder = data_folders.research("faces")
    if folder is None:
        raise FileNotFoundError(
            "There is no faces/manifest.csv; set TOUCHSTONE_DATA to its folder."
        )
    return folder


def _open(folder: Path) -> Set:
    items = data.read_manifest(folder / data_folders.MANIFEST)
    terms = folder / TERMS
    text = terms.read_text(encoding="utf-8").strip() if terms.exists() else NO_TERMS
    try:
        return Set(folder, open_store(items, _cache()), text)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"The faces of {folder} have not been prepared; `manage.py train face` does it when it "
            "begins."
        ) from error


def _cache() -> Path:
    return data_folders.cache() / "faces"
