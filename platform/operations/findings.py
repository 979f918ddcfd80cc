"""What the doctor reports: one finding, its level and the advice."""

from __future__ import annotations

from dataclasses import asdict, dataclass

OK, WARNING, ERROR = "ok", "warning", "error"


@dataclass(frozen=True)
class Finding:
    part: str
    level: str
    said: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)
