"""Groups videos by person, so that no split separates a person, or an original and its fakes.

File names often contain it: `000_003.mp4` shows 000 with the face of 003. Videos that share a
person or an original, directly or through others, form one cluster, and clusters are never divided
between splits.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterable, Mapping
from itertools import pairwise

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}


def named(pattern: str | None, stem: str) -> tuple[str, ...]:
    """What the groups of the pattern find in a file's name; the whole match if it has none."""
    if pattern is None:
        return ()
    found = re.search(pattern, stem)
    if found is None:
        return ()
    return tuple(part for part in found.groups() or (found.group(),) if part)


def clusters(members: Mapping[str, Iterable[Hashable]]) -> dict[str, str]:
    """For each video, the first name of its cluster: videos that share anything are together."""
    above: dict[Hashable, Hashable] = {}

    def top(node: Hashable) -> Hashable:
        while above.setdefault(node, node) != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for video, shared in members.items():
        for one, other in pairwise([("video", video), *(("shared", s) for s in shared)]):
            above[top(one)] = top(other)
    together: dict[Hashable, list[str]] = {}
    for video in members:
        together.setdefault(top(("video", video)), []).append(video)
    return {video: min(group) for group in together.values() for video in group}


def split_of(source: str, cluster: str) -> str:
    """By a hash of the name: the same on every machine, and whatever is added later."""
    digest = hashlib.sha256(f"{source}/{cluster}".encode()).digest()
    place = int.from_bytes(digest[:8]) / 2**64
    for split, share in SHARES.items():
        if place < share:
            return split
        place -= share
    return "test"
