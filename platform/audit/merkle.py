"""The Merkle tree of RFC 6962, stored as its frontier: the roots of the full subtrees, largest
first.

Appending costs a few hashes however large the tree is, and a tree of a billion leaves is stored in
less than a kilobyte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows at its right edge only. The bits of `size` say how large each full subtree is."""

    def __init__(self, size: int = 0, frontier: Iterable[bytes] = ()) -> None:
        self.size = size
        self.frontier = list(frontier)
        if size < 0 or len(self.frontier) != size.bit_count():
            raise ValueError(f"A tree of {size} leaves does not have {len(self.frontier)} peaks.")

    def append(self, data: bytes) -> None:
        peak, carry = leaf_hash(data), self.size
        while carry & 1:  # two subtrees of the same size become one
            peak = node_hash(self.frontier.pop(), peak)
            carry >>= 1
        self.frontier.append(peak)
        self.size += 1

    def root(self) -> bytes:
        if not self.frontier:
            return EMPTY_ROOT
        root = self.frontier[-1]
        for peak in reversed(self.frontier[:-1]):
            root = node_hash(peak, root)
        return root

    def packed(self) -> bytes:
        return b"".join(self.frontier)

    @classmethod
    def unpacked(cls, size: int, packed: bytes) -> Tree:
        return cls(size, (packed[i : i + 32] for i in range(0, len(packed), 32)))
