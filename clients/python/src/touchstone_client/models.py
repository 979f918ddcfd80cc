"""The server's answers as values. `raw` holds everything, including fields of a newer server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Json = Mapping[str, Any]


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True)
class Declared:
    """The file's own statement that it was generated; it is no detection."""

    by: str | None
    signed: bool
    trusted: bool

    @classmethod
    def of(cls, values: Json | None) -> Declared | None:
        return cls(values["by"], values["signed"], values["trusted"]) if values else None


@dataclass(frozen=True)
class Decision:
    """What a person decided."""

    id: str
    outcome: str
    policy: str | None
    reason: str
    decided_at: datetime
    reviewer: str | None
    supersedes: str | None
    in_force: bool = True
    reason_codes: Sequence[str] = ()
    """The reasons that were chosen from the team's list."""

    @classmethod
    def of(cls, values: Json) -> Decision:
        return cls(
            values["id"], values["outcome"], values["policy"], values["reason"],
            _moment(values["decided_at"]), values["reviewer"], values["supersedes"],
            values.get("in_force", True), tuple(values.get("reason_codes", ())),
        )  # fmt: skip


@dataclass(frozen=True)
class Appeal:
    """An objection to a decision. No answer of the server holds its text."""

    id: str
    state: str
    """`open`, `answered` or `withdrawn`."""
    at: datetime
    withdrawn_at: datetime | None
    answered_at: datetime | None
    outcome: str | None
    """`upheld` or `changed`, once a further decision has answered it."""
    decision: str
    """The id of the decision that it objects to."""
    answer: str | None
    """The id of the further decision, whose `reason` is the answer."""
    replayed: bool = False

    @classmethod
    def of(cls, values: Json, *, replayed: bool = False) -> Appeal:
        return cls(
            values["id"], values["state"], _moment(values["at"]), moment(values["withdrawn_at"]),
            moment(values["answered_at"]), values["outcome"], values["decision"], values["answer"],
            replayed,
        )  # fmt: skip


@dataclass(frozen=True)
class Report:
    """A signed report of one decision in one language. Its files are fetched with `report`."""

    id: str
    version: int
    decision: str
    issued_at: datetime
    supersedes: str | None
    """The id of the earlier report, which it replaces."""
    files: Sequence[str]
    """Their names, such as `report.pdf`."""
    language: str = "en"
    """Of report.pdf and statement.json. Older sites issue reports in English only."""

    @classmethod
    def of(cls, values: Json) -> Report:
        return cls(
            values["id"], values["version"], values["decision"], _moment(values["issued_at"]),
            values["supersedes"], [one["name"] for one in values["files"]],
            values.get("language", "en"),
        )  # fmt: skip


@dataclass(frozen=True)
class Similar:
    id: str
    same_bytes: bool
    difference: int
    outcome: str | None
    decision: str | None

    @classmethod
    def of(cls, values: Json) -> Similar:
        names = ("id", "same_bytes", "difference", "outcome", "decision")
        return cls(*(values[name] for name in names))


@dataclass(frozen=True)
class Submission:
    """Fields that the key has no scope to read are None."""

    id: str
    url: str
    team: str
    filename: str
    external_id: str
    sha256: str
    media_type: str
    created_at: datetime
    state: str
    progress: float | None
    stage: str | None
    outcome: str | None
    probability_manipulated: float | None
    reason: str | None
    decision: Decision | None
    declared: Declared | None
    deletion_requested_at: datetime | None
    updated_at: datetime | None
    result: Json | None = None
    reused_from: datetime | None = None
    """When the same bytes were analysed, where the results were taken over."""
    decisions: Sequence[Decision] = ()
    appeal: Appeal | None = None
    """The newest one. Only where the submission was read by itself."""
    reports: Sequence[Report] = ()
    """The first one first. Only with `reports:read`, where the submission was read by itself."""
    similar: Sequence[Similar] = ()
    thumbnails: Sequence[Json] = ()
    etag: str | None = None
    replayed: bool = False
    """The same request was sent before with this key; nothing was done again."""
    livemode: bool = True
    """False: it was sent with a test key, and the result is canned."""
    language: str = ""
    """Of the media, as its sender said it."""
    raw: Json = field(default_factory=dict, repr=False)

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")

    @classmethod
    def of(cls, values: Json, *, etag: str | None = None, replayed: bool = False) -> Submission:
        decision, appeal = values.get("decision"), values.get("appeal")
        return cls(
            id=values["id"],
            url=values["url"],
            team=values["team"],
            filename=values["filename"],
            external_id=values["external_id"],
            language=values.get("language", ""),
            sha256=values["sha256"],
            media_type=values["media_type"],
            created_at=_moment(values["created_at"]),
            state=values["state"],
            progress=values.get("progress"),
            stage=values.get("stage"),
            outcome=values.get("outcome"),
            probability_manipulated=values.get("probability_manipulated"),
            reason=values.get("reason"),
            decision=Decision.of(decision) if decision else None,
            declared=Declared.of(values.get("declared")),
            deletion_requested_at=moment(values.get("deletion_requested_at")),
            updated_at=moment(values.get("updated_at")),
            result=values.get("result"),
            reused_from=moment((values.get("reused_from") or {}).get("analysed_at")),
            decisions=[Decision.of(one) for one in values.get("decisions", ())],
            appeal=Appeal.of(appeal) if appeal else None,
            reports=[Report.of(one) for one in values.get("reports", ())],
            similar=[Similar.of(one) for one in values.get("similar", ())],
            thumbnails=values.get("thumbnails", ()),
            etag=etag,
            replayed=replayed,
            livemode=values.get("livemode", True),
            raw=values,
        )


@dataclass(frozen=True)
class Usage:
    """What a key and its partner have sent in a calendar month (UTC)."""

    month: date
    """Its first day."""
    starts: date
    """The next month's first day: the counts begin at 0 again."""
    used: int
    """By the partner, with all its keys."""
    quota: int | None
    """None: no limit."""
    remaining: int | None
    team_quota: int | None
    """What all senders of the team share. None: no limit."""
    team_remaining: int | None
    rates: Json
    """Under `read` and `write`: whose requests are counted together, `requests` in `seconds`."""
    key_used: int
    """By this key, and by those that it replaced."""
    key_quota: int | None
    key_remaining: int | None
    raw: Json = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, values: Json) -> Usage:
        partner, key, team = values["partner"], values["key"], values["team"] or {}
        return cls(
            date.fromisoformat(values["month"]), date.fromisoformat(values["starts"]),
            partner["used"], partner["quota"], partner["remaining"],
            team.get("quota"), team.get("remaining"), values["rates"],
            key["used"], key["quota"], key["remaining"], values,
        )  # fmt: skip


@dataclass(frozen=True)
class Webhook:
    id: str
    url: str
    events: Sequence[str]
    is_active: bool
    disabled_because: str
    secret: str | None = None
    """Only where it was just made."""
    raw: Json = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, values: Json) -> Webhook:
        return cls(
            values["id"], values["url"], values["events"], values["is_active"],
            values["disabled_because"], values.get("secret"), values,
        )  # fmt: skip


@dataclass(frozen=True)
class BatchItem:
    position: int
    external_id: str
    state: str
    """`waiting`, `received` or `refused`."""
    submission: str | None
    """Its id, once it was received."""
    reason_code: str
    reason: str

    @classmethod
    def of(cls, values: Json) -> BatchItem:
        address = values["submission"]
        return cls(
            values["position"], values["external_id"], values["state"],
            address.rstrip("/").rsplit("/", 1)[-1] if address else None,
            values["reason_code"], values["reason"],
        )  # fmt: skip


@dataclass(frozen=True)
class Batch:
    id: str
    external_id: str
    completed_at: datetime | None
    counts: Mapping[str, int]
    items: Sequence[BatchItem] = ()
    """Only where the batch was read by itself."""
    replayed: bool = False
    raw: Json = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, values: Json, *, replayed: bool = False) -> Batch:
        items = tuple(map(BatchItem.of, values.get("items", ())))
        return cls(
            values["id"], values["external_id"], moment(values["completed_at"]), values["counts"],
            items, replayed, values,
        )  # fmt: skip
