"""Verifies ranges of the record independently and joins the results. Uses no Django and no
database.

A range begins at a checkpoint. Its tree grows from the frontier in that checkpoint, which the
previous range reaches and compares, so that ranges do not depend on each other. Links of a chain
across ranges are compared when they are joined. A range with a finding is not described further:
the caller then verifies everything in one run and reports that run's findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .comparing import Comparer
from .hashing import GENESIS
from .merkle import Tree
from .outside import Outside
from .verifier import ChainEnd, Line, Verifier

Roots = dict[int, list[tuple[bytes, str]]]


@dataclass(frozen=True, slots=True)
class Range:
    """The leaves from `start` to before `stop`; None: to the end, and what has no leaf yet."""

    start: int
    stop: int | None
    frontier: str
    roots: Roots = field(default_factory=dict)
    frontiers: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """What a range without findings says."""

    start: int
    tree: tuple[int, bytes]
    compared: frozenset[int]
    firsts: dict[str, ChainEnd]
    """The first event of each chain in this range. The hash is that of the event before it."""
    chains: dict[str, ChainEnd]
    events: int
    adopted: int
    oldest_unsealed: Line | None


def cut(verifier: Verifier, parts: int) -> list[Range]:
    """About as many ranges as wanted, of about the same size, between checkpoints whose signatures
    this verifier has read."""
    sizes = sorted(size for size in verifier.checkpointed if size and size in verifier.roots)
    last = sizes[-1] if sizes else 0
    edges = [0]
    for size in sizes[:-1]:
        if size >= edges[-1] + last / parts:
            edges.append(size)
    ranges = []
    for start, stop in zip(edges, [*edges[1:], None], strict=True):
        ours = [s for s in verifier.roots if start < s and (stop is None or s <= stop)]
        ranges.append(
            Range(
                start,
                stop,
                verifier.frontiers[start] if start else "",
                {size: verifier.roots[size] for size in ours},
                {s: verifier.frontiers[s] for s in ours if s in verifier.frontiers},
            )
        )
    return ranges


class RangeVerifier(Verifier):
    def __init__(self, wanted: Range, file: str = "") -> None:
        tree = Tree.unpacked(wanted.start, bytes.fromhex(wanted.frontier))
        super().__init__([], Outside(), tree, Comparer(file))
        self.wanted = wanted
        self.roots, self.frontiers = dict(wanted.roots), dict(wanted.frontiers)
        self.firsts: dict[str, ChainEnd] = {}

    def part(self, events: Iterable[Line]) -> Part | None:
        """None: something is wrong here."""
        try:
            for line in events:
                self._event(line)
        except (KeyError, ValueError, TypeError, OverflowError):
            return None
        self.comparer.keep()
        size, stop = self.tree.size, self.wanted.stop
        if self.report.problem_count or (stop is not None and size != stop):
            return None
        return Part(
            self.wanted.start,
            (size, self.tree.packed()),
            frozenset(self.wanted.roots.keys() - self.roots.keys()),
            self.firsts,
            self.chains,
            self.report.events,
            self.report.adopted,
            self.oldest_unsealed,
        )

    def _link(self, id_: int, chain: str, seq: int, at: int, prev: bytes, hash_: bytes) -> None:
        if chain in self.chains:
            super()._link(id_, chain, seq, at, prev, hash_)
            return
        self.firsts[chain] = ChainEnd(seq, prev, at, id_)
        self.chains[chain] = ChainEnd(seq, hash_, at, id_)


def join(whole: Verifier, part: Part, file: str) -> bool:
    """Add the next range to what was joined so far. False: it does not follow."""
    if part.start != whole.tree.size:
        return False
    for chain, first in part.firsts.items():
        end = whole.chains.get(chain) or ChainEnd(0, GENESIS, 0, 0)
        if (first.seq, first.hash) != (end.seq + 1, end.hash) or first.at < end.at:
            return False
    whole.chains |= part.chains
    size, packed = part.tree
    whole.tree = Tree.unpacked(size, packed)
    whole.expected_leaf = whole.report.sealed = size
    for compared in part.compared:
        whole.roots.pop(compared, None)
        whole.frontiers.pop(compared, None)
    whole.report.events += part.events
    whole.report.adopted += part.adopted
    late = part.oldest_unsealed
    if late and (whole.oldest_unsealed is None or late["at"] < whole.oldest_unsealed["at"]):
        whole.oldest_unsealed = late
    whole.comparer.add_from(file)
    return True
