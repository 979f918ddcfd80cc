"""The verifier: reads the lines of an export and reports every inconsistency. Uses no Django.

It hashes every event again, follows every chain, and rebuilds the tree leaf by leaf to compare it
with every signed checkpoint in the record and in the anchor files. It compares the events after the
last checkpoint with the heads of the chains, and the working rows with what the events state about
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from . import notes
from .comparing import Comparer, Difference
from .hashing import GENESIS, event_hash, microseconds, moment
from .merkle import EMPTY_ROOT, Tree
from .outside import Outside
from .reading import BadExport, content_of, first_differing_column
from .reporting import Problem, Report

VERSIONS = (1, 2)
SEAL_WITHIN = 15 * 60 * 1_000_000
"""Microseconds after which an event that is not sealed is a finding."""
Line = Mapping[str, Any]


@dataclass(slots=True)
class ChainEnd:
    seq: int
    hash: bytes
    at: int
    event: int


class Verifier:
    """Takes the lines of an export in order; memory grows with chains, not with events."""

    def __init__(
        self,
        trusted: list[notes.PublicKey],
        outside: Outside,
        verified: Tree | None = None,
        comparer: Comparer | None = None,
    ) -> None:
        """`verified`: the tree of all that was verified before; only what came since is taken."""
        self.trusted = trusted
        self.outside = outside
        self.tree = verified or Tree()
        self.report = Report(
            key_trusted=bool(trusted), verified_before=self.tree.size, sealed=self.tree.size
        )
        self.chains: dict[str, ChainEnd] = {}
        self.roots: dict[int, list[tuple[bytes, str]]] = {}
        self.frontiers: dict[int, str] = {}
        self.checkpointed: set[int] = set()
        self.noted: set[int] = set()
        self.heads: dict[str, tuple[int, bytes]] = {}
        self.first_since_good: int | None = None
        self.root_is_lost = False
        self.expected_leaf = self.tree.size
        self.exported_at = 0
        self.oldest_unsealed: Line | None = None
        self.ended = False
        self.comparer = comparer or Comparer()
        self.version = 0
        self.last_checkpoint_at = 0

    def run(self, lines: Iterable[Line]) -> Report:
        self.take(lines)
        return self.finish()

    def take(self, lines: Iterable[Line]) -> None:
        takers = {
            "header": self._header,
            "checkpoint": self._checkpoint,
            "before": self._before,
            "event": self._event,
            "head": self._head,
            "row": self._row,
            "end": self._end,
        }
        try:
            for line in lines:
                if (self.version == 0) != (line["t"] == "header"):
                    raise BadExport("an export begins with its header, and has only one")
                takers[line["t"]](line)
        except (BadExport, KeyError, ValueError, TypeError, OverflowError) as problem:
            self._found(f"the export cannot be read on from here: {problem!r}")

    def _found(
        self,
        what: str,
        event: int | None = None,
        chain: str | None = None,
        seq: int | None = None,
        **row: str,
    ) -> None:
        self.report.add(Problem(what, event, chain, seq, **row))

    def _header(self, line: Line) -> None:
        self.version = line["version"]
        if self.version not in VERSIONS:
            raise BadExport(f"this is an export of version {self.version}; this program knows 1, 2")
        self.exported_at = line["at"]
        for name in line.get("guards_off", ()):
            self._found(f"the trigger {name} that keeps the record append-only is missing or off")
        for sentence in line.get("guards", ()):
            self._found(sentence)
        if not self.trusted:
            self.trusted = [notes.PublicKey.parse(key) for key in line["keys"]]
            self.report.warnings.append(
                "no public key was given, so the keys named in the export itself were used: this "
                "shows that it is whole, not who signed it."
            )
        self.report.warnings += self.outside.unreachable
        for note, where in self.outside.anchored.items():
            self.report.anchored += self._noted(note, "the anchor", f"a checkpoint {where}")
        for name, note in self.outside.marks.items():
            self._noted(note, name, name)

    def _noted(self, note: str, name: str, place: str) -> bool:
        try:
            statement = notes.read(note, self.trusted)
        except notes.BadNote as problem:
            self._found(f"{place} cannot be trusted: {problem}")
            return False
        self.noted.add(statement.size)
        self.roots.setdefault(statement.size, []).append((statement.root, name))
        return True

    def _checkpoint(self, line: Line) -> None:
        size, root = line["size"], bytes.fromhex(line["root"])
        self.report.checkpoints += 1
        try:
            statement = notes.read(line["note"], self.trusted)
        except notes.BadNote as problem:
            self._found(f"the checkpoint of {size} events cannot be trusted: {problem}")
            return
        if (statement.size, statement.root) != (size, root):
            self._found(f"the checkpoint of {size} events does not say what was signed")
            return
        self.report.last_checkpoint = statement.time.isoformat()
        self.last_checkpoint_at = max(self.last_checkpoint_at, microseconds(statement.time))
        self.roots.setdefault(size, []).append((root, "its checkpoint"))
        self.frontiers[size] = line["frontier"]
        self.checkpointed.add(size)
        if size and size == self.report.verified_before:
            self._compare_roots(size)

    def _before(self, line: Line) -> None:
        """The last verified event of a chain, from which it continues."""
        end = ChainEnd(line["seq"], bytes.fromhex(line["hash"]), line["at"], line["id"])
        self.chains[line["chain"]] = end

    def _event(self, line: Line) -> None:
        id_, leaf = line["id"], line["leaf"]
        if self.first_since_good is None:
            self.first_since_good = id_
        if leaf is not None:
            self._leaf(line)
        if line.get("gone"):
            self._found("it was sealed and is not there any more", id_)
            return
        chain, seq, at = line["chain"], line["seq"], line["at"]
        prev, hash_ = bytes.fromhex(line["prev"]), bytes.fromhex(line["hash"])
        self.report.events += 1
        if leaf is None and (self.oldest_unsealed is None or at < self.oldest_unsealed["at"]):
            self.oldest_unsealed = line

        def found(what: str) -> None:
            self._found(what, id_, chain, seq)

        payload = line.get("payload")
        raw = bytes.fromhex(line["payload_hex"]) if payload is None else payload.encode()
        if leaf is not None and line["leaf_hash"] != line["hash"]:
            found("it is not the event that was sealed in its place")
        if event_hash(UUID(chain), seq, prev, at, raw) != hash_:
            found("its content does not fit its hash: it was altered")
        else:
            content = content_of(raw)
            if difference := first_differing_column(line, content):
                found(f"the column {difference} says something else than what was hashed")
            if content is not None:
                self.comparer.add(id_, content)
                self._adopted(content)
        self._link(id_, chain, seq, at, prev, hash_)

    def _adopted(self, content: Line) -> None:
        if content.get("verb") == "audit.rows_adopted":
            self.report.adopted += len(content.get("rows") or ())

    def _leaf(self, line: Line) -> None:
        if line["leaf"] != self.expected_leaf:
            self._found(
                f"it has leaf {line['leaf']} where leaf {self.expected_leaf} is due", line["id"]
            )
        self.expected_leaf = line["leaf"] + 1
        self.report.sealed += 1
        self.tree.append(bytes.fromhex(line["leaf_hash"]))
        size = self.tree.size
        if size in self.roots or size in self.frontiers:
            self._compare_roots(size)

    def _compare_roots(self, size: int) -> None:
        root = self.tree.root()
        wrong = [by for signed, by in self.roots.pop(size, ()) if signed != root]
        if wrong and not self.root_is_lost:
            # From here on no root can fit; saying so once is enough.
            self.root_is_lost = True
            self._found(
                f"the first {size} events are not those that {wrong[0]} has signed: the first one "
                "that differs is this one or one of those after it",
                self.first_since_good,
            )
        frontier = self.frontiers.pop(size, None)
        if frontier not in (None, self.tree.packed().hex()) and not wrong:
            self._found(f"the stored frontier of {size} events is not theirs")
        if not wrong:
            self.first_since_good = None

    def _link(self, id_: int, chain: str, seq: int, at: int, prev: bytes, hash_: bytes) -> None:
        end = self.chains.get(chain) or ChainEnd(0, GENESIS, 0, 0)
        if seq > end.seq + 1:
            self._found(
                f"numbers {end.seq + 1} to {seq - 1} before it are missing", id_, chain, seq
            )
        elif seq <= end.seq:
            self._found(
                f"its number was already taken (the chain is at {end.seq})", id_, chain, seq
            )
        elif prev != end.hash:
            self._found("it does not follow the event before it in its chain", id_, chain, seq)
        elif at < end.at:
            self._found("it claims to be older than the event before it", id_, chain, seq)
        self.chains[chain] = ChainEnd(max(seq, end.seq), hash_, max(at, end.at), id_)

    def _head(self, line: Line) -> None:
        self.heads[line["chain"]] = (line["seq"], bytes.fromhex(line["hash"]))

    def _row(self, line: Line) -> None:
        self.report.rows += 1
        if difference := self.comparer.compare(line):
            self._differs(difference)

    def _differs(self, found: Difference) -> None:
        self._found(found.what, found.event, table=found.table, row=found.row)

    def _end(self, line: Line) -> None:
        self.ended = True
        if self.version >= 2:
            for gone in self.comparer.missing():
                self._differs(gone)
        else:
            self.report.warnings.append(
                "this is an export of version 1, without the rows that its events speak of."
            )
        for what in ("events", "checkpoints", *(["rows"] if self.version >= 2 else [])):
            came = getattr(self.report, what)
            if line[what] != came:
                self._found(f"the export promises {line[what]} {what}, and {came} came")

    def finish(self) -> Report:
        report = self.report
        report.chains = len(self.chains)
        if report.adopted:
            report.warnings.append(
                f"{report.adopted} rows were adopted: what they said before, no event knows."
            )
        if not self.ended:
            self._found("the export is cut: its last line is missing")
        self._compare_heads()
        self._compare_sizes()
        self._find_unsealed()
        return report

    def _compare_heads(self) -> None:
        """The end of each chain with its head."""
        for chain, (seq, hash_) in self.heads.items():
            end = self.chains.pop(chain, ChainEnd(0, GENESIS, 0, 0))
            if end.seq < seq:
                self._found(
                    f"the last {seq - end.seq} events of this chain are gone",
                    end.event or None,
                    chain,
                    seq,
                )
            elif end.seq > seq or end.hash != hash_:
                self._found("it was added behind the head of its chain", end.event, chain, end.seq)
        for chain, end in self.chains.items():
            self._found("its chain has no head", end.event, chain, end.seq)

    def _compare_sizes(self) -> None:
        """The number of sealed events with all that was signed or asked for."""
        report = self.report
        for size, signed in sorted(self.roots.items()):
            if size == 0 and all(root == EMPTY_ROOT for root, _ in signed):
                continue
            self._found(
                f"{signed[0][1]} speaks of {size} sealed events, and there are only "
                f"{report.sealed}: the record was cut or rolled back"
            )
        for size in sorted(self.noted - self.checkpointed):
            if size <= report.sealed:
                self._found(f"the checkpoint of {size} events is outside the database alone")
        if report.sealed < self.outside.least:
            self._found(
                f"{self.outside.least} sealed events are asked for, and there are only "
                f"{report.sealed}: the record was cut or rolled back"
            )
        if report.sealed > max(self.checkpointed, default=0):
            self._found(f"no checkpoint covers all {report.sealed} events that have a leaf")

    def _find_unsealed(self) -> None:
        late = self.oldest_unsealed
        if late and self.exported_at - late["at"] > SEAL_WITHIN:
            passed_over = self.last_checkpoint_at - late["at"] > SEAL_WITHIN
            self._found(
                f"it waits to be sealed since {moment(late['at']).isoformat()}: "
                + (
                    "later events were sealed, and it was passed over"
                    if passed_over
                    else "is the worker running? `manage.py audit seal` seals it now"
                ),
                late["id"], late["chain"], late["seq"],
            )  # fmt: skip
