"""Reads the manifest: one row per picture, with the person, the source and the split.

Splits are valid only if they share no person and no original video. The reader therefore refuses a
manifest whose splits share an identity cluster or a pair.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.common.archives import ManifestRefused as ManifestRefused

REAL = "real"
FAKE = "fake"
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of one face."""

    archive: str
    member: str
    label: str
    split: str
    source: str
    method: str
    identity: str
    pair: str
    """The original video that a fake was made from; a real picture names its own video."""
    checked_pair: bool
    """A fake that was compared with its original and visibly differs from it."""
    sha256: str

    @property
    def is_fake(self) -> bool:
        return self.label == FAKE


def read_manifest(path: Path) -> list[Item]:
    """All rows of a manifest, in its order. Raises ManifestRefused with the row's number."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        items = [_item(row, number) for number, row in enumerate(rows, start=2)]
    if not items:
        raise ManifestRefused(f"{path} has no rows.")
    check_splits(items)
    return items


def _item(row: dict[str, str], number: int) -> Item:
    try:
        item = Item(
            archive=row.get("archive", ""),
            member=row["member"],
            label=row["label"],
            split=row["split"],
            source=row["source"],
            method=row.get("method", ""),
            identity=row.get("identity", ""),
            pair=row.get("pair", ""),
            checked_pair=row.get("checked_pair") == "1",
            sha256=row["sha256"],
        )
    except KeyError as error:
        raise ManifestRefused(f"The manifest has no column {error}.") from error
    if item.label not in (REAL, FAKE):
        raise ManifestRefused(f"Row {number}: the label is {item.label!r}, not real or fake.")
    if item.split not in SPLITS:
        raise ManifestRefused(f"Row {number}: the split is {item.split!r}, not one of {SPLITS}.")
    return item


def check_splits(items: Iterable[Item]) -> None:
    """Refuse if an identity cluster, a pair or the same picture is in two splits."""
    splits_of: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for item in items:
        if item.identity:
            splits_of["identity", item.source, item.identity].add(item.split)
        if item.pair:
            splits_of["pair", item.source, item.pair].add(item.split)
        splits_of["picture", "", item.sha256].add(item.split)
    crossing = sorted(key for key, splits in splits_of.items() if len(splits) > 1)
    if crossing:
        kind, source, name = crossing[0]
        where = f" of {source}" if source else ""
        raise ManifestRefused(
            f"{len(crossing)} groups cross the splits; the first is the {kind} {name!r}{where}."
        )


def select(
    items: Sequence[Item],
    *,
    split: str | None = None,
    label: str | None = None,
    sources: Iterable[str] | None = None,
) -> list[int]:
    """Positions of the items that match; order is kept."""
    wanted = None if sources is None else set(sources)
    return [
        number
        for number, item in enumerate(items)
        if (split is None or item.split == split)
        and (label is None or item.label == label)
        and (wanted is None or item.source in wanted)
    ]
