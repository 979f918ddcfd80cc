"""Reports the result of a verification to people and to programs. Uses no Django."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Problem:
    what: str
    event: int | None = None
    chain: str | None = None
    seq: int | None = None
    table: str | None = None
    row: str | None = None

    def __str__(self) -> str:
        if self.table:
            return f"row {self.row} of {self.table}: {self.what}"
        where = f"event {self.event}" if self.event is not None else ""
        if self.chain:
            where += f" (chain {self.chain}, number {self.seq})"
        return f"{where}: {self.what}" if where else self.what


@dataclass(slots=True)
class Report:
    events: int = 0
    sealed: int = 0
    verified_before: int = 0
    """How many of the sealed events an earlier run verified; this one took those after them."""
    chains: int = 0
    checkpoints: int = 0
    anchored: int = 0
    rows: int = 0
    """Working rows that were compared with the events."""
    adopted: int = 0
    """Rows that were there before the record spoke of rows, and were put on it later."""
    key_trusted: bool = False
    last_checkpoint: str | None = None
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.problem_count == 0

    def add(self, problem: Problem) -> None:
        """All are counted, the first ones kept, and the first row that differs in any case."""
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS or (problem.table and not self.first_bad_row):
            self.problems.append(problem)

    @property
    def first_bad_event(self) -> Problem | None:
        events = (p for p in self.problems if p.event is not None and p.table is None)
        return next(events, None)

    @property
    def first_bad_row(self) -> Problem | None:
        return next((problem for problem in self.problems if problem.table), None)

    def as_dict(self) -> dict[str, Any]:
        event, row = self.first_bad_event, self.first_bad_row
        return {
            **asdict(self),
            "ok": self.ok,
            "first_bad_event": asdict(event) if event else None,
            "first_bad_row": asdict(row) if row else None,
        }

    def as_text(self) -> str:
        lines = [
            f"{self.events} events in {self.chains} chains, {self.sealed} of them sealed by "
            f"{self.checkpoints} checkpoints, {self.anchored} checkpoints in the anchor."
        ]
        if self.verified_before:
            lines[0] = (
                f"{self.events} events in {self.chains} chains came after the first "
                f"{self.verified_before}, which were verified before; {self.sealed} are sealed."
            )
        if self.last_checkpoint:
            lines.append(f"Last sealed at {self.last_checkpoint}.")
        lines += [f"Note: {warning}" for warning in self.warnings]
        if self.ok:
            whole = "What came since" if self.verified_before else "The record"
            lines.append(f"{whole} is whole: nothing was altered, added between, or taken away.")
            if self.rows:
                lines.append(f"All {self.rows} rows beside it say what it says.")
        else:
            lines.append(f"THE RECORD DOES NOT VERIFY: {self.problem_count} findings.")
            lines += [f"  {problem}" for problem in self.problems]
            if self.problem_count > len(self.problems):
                lines.append(f"  ... and {self.problem_count - len(self.problems)} more")
        return "\n".join(lines)
