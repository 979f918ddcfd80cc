"""The report as a PDF/A-3 that carries the JSON it was made from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import AssociatedFileRelationship

FONTS = Path(__file__).parent / "fonts"
logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports each table that it subsets
Json = dict[str, Any]


class Paper(FPDF):
    """A4, embedded fonts, the report's id on each page."""

    def __init__(self, head: Json) -> None:
        super().__init__(format="A4", enforce_compliance="PDF/A-3B")
        self.head = head
        self.add_font("DejaVu", "", FONTS / "DejaVuSans.ttf")
        self.add_font("DejaVu", "B", FONTS / "DejaVuSans-Bold.ttf")
        self.set_title(f"Forensic report {head['id']}")
        self.set_creator("Touchstone")
        self.set_lang("en")
        self.set_creation_date(datetime.fromisoformat(head["issued_at"]))
        self.set_auto_page_break(True, margin=18)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("DejaVu", "", 7)
        self.cell(0, 4, f"Report {self.head['id']}, version {self.head['version']}")
        self.cell(0, 4, f"page {self.page_no()}", align="R")

    def heading(self, text: str, size: int = 12) -> None:
        self.ln(3)
        self.set_font("DejaVu", "B", size)
        self.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT")
        self.ln(1)

    def say(self, text: str, *, bold: bool = False, size: int = 9) -> None:
        self.set_font("DejaVu", "B" if bold else "", size)
        self.multi_cell(0, size * 0.52, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def pairs(self, rows: Sequence[tuple[str, Any]]) -> None:
        for name, value in rows:
            if value not in (None, "", []):
                self.say(f"{name}: {value}")


MEDIA = {"sha256": "SHA-256", "size": "Size in bytes"}


def moment(when: str) -> str:
    """To the second; the JSON has all of it."""
    return f"{datetime.fromisoformat(when).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _of_media(name: str, value: Any) -> tuple[str, Any]:
    label = MEDIA.get(name) or name.replace("_", " ").capitalize()
    return label, moment(value) if name.endswith("_at") and value else value


def draw(body: Json, frames: Sequence[tuple[Json, bytes]], source: bytes) -> bytes:
    paper = Paper(body["report"])
    _front(paper, body)
    _findings(paper, body["findings"])
    _frames(paper, frames)
    _film(paper, body["evidence_film"])
    _decisions(paper, body)
    _custody(paper, body["custody"])
    paper.embed_file(
        bytes=source,
        basename="report.json",
        mime_type="application/json",
        desc="The report as canonical JSON",
        associated_file_relationship=AssociatedFileRelationship.SOURCE.value,
    )
    return bytes(paper.output())


def _front(paper: Paper, body: Json) -> None:
    head, media, verdict = body["report"], body["media"], body["verdict"]
    paper.heading("Forensic report", 18)
    paper.pairs(
        [
            ("Report", head["id"]),
            ("Version", head["version"]),
            ("Replaces the report", head["replaces"]),
            ("Issued", moment(head["issued_at"])),
        ]
    )
    paper.heading("The media")
    paper.pairs([_of_media(name, value) for name, value in media.items()])
    paper.heading("Decision of a person")
    decision = body["decision"]
    paper.say(decision["outcome_text"], bold=True, size=11)
    paper.pairs(
        [
            ("Reason", decision["reason"]),
            ("Reason codes", ", ".join(decision["reason_codes"])),
            ("Confidence", decision["confidence"]),
            ("Policy", decision["policy"]),
            ("Policy as it stood", decision["policy_text"]),
            ("Decided by", decision["decided_by"]),
            ("Decided", moment(decision["decided_at"])),
        ]
    )
    paper.heading("Verdict of the checks")
    paper.say(str(verdict.get("outcome") or "no verdict").replace("_", " ").capitalize(), bold=True)
    paper.pairs(
        [
            ("Reason", verdict.get("reason")),
            ("Probability of manipulation", verdict.get("probability_manipulated")),
            ("95 % interval", verdict.get("interval")),
        ]
    )
    paper.heading("Propositions and limits")
    for text in body["propositions"].values():
        paper.say(f"• {text}")
    for text in body["limits"]:
        paper.say(text)


def _findings(paper: Paper, findings: Sequence[Json]) -> None:
    paper.heading("Findings and coverage")
    ran = sum(one["status"] == "ran" for one in findings)
    paper.say(f"{ran} of {len(findings)} checks ran.")
    for one in findings:
        paper.ln(1.5)
        paper.say(f"{one['check']}: {one['status'].replace('_', ' ')}", bold=True)
        paper.say(one["says"])
        paper.pairs(
            [
                ("Probability of manipulation", one["probability_manipulated"]),
                ("log10 likelihood ratio", one["log10_likelihood_ratio"]),
                ("Raw score", one["score"]),
                ("Bounds", ", ".join(f"{k} {v}" for k, v in one["bounds"].items())),
                ("Version", one["version"]),
                ("Weights, SHA-256", one["weights_sha256"]),
            ]
        )
        for evidence in one["evidence"]:
            paper.say(f"• {evidence['strength']}: {evidence['text']}", size=8)
        for limit in one["limits"]:
            paper.say(f"Limit: {limit}", size=8)
        rates = {k: v for k, v in one["error_rates"].items() if v}
        if rates:
            paper.say(f"Measured: {_figures(rates)}", size=8)


def _figures(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_figures(one)}" for name, one in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


MAP_FILLS = 0.6
"""Of a cell's side, at most."""
MAP_SAYS = (
    "Red squares: where in the face a check saw traces. A larger square resembles an altered part "
    "more. The map is coarse: it says where to look, not what is there."
)


def _frames(paper: Paper, frames: Sequence[tuple[Json, bytes]]) -> None:
    if not frames:
        return
    paper.heading("Key frames")
    for frame, png in frames:
        high = 70 * min(frame["height"] / frame["width"], 1.2)
        wide = high * frame["width"] / frame["height"]
        if paper.will_page_break(high + 12):
            paper.add_page()
        left, top = paper.get_x() + paper.c_margin, paper.get_y()
        paper.image(BytesIO(png), x=left, y=top, w=wide, h=high, alt_text=frame["caption"])
        scale = wide / frame["width"]
        for drawn in frame["maps"]:
            _map(paper, drawn, left, top, scale)
        paper.set_draw_color(200, 60, 50)
        paper.set_line_width(0.5)
        for face in frame["faces"]:
            paper.rect(
                left + face["left"] * scale, top + face["top"] * scale,
                face["width"] * scale, face["height"] * scale,
            )  # fmt: skip
        paper.set_y(top + high + 1)
        paper.say(f"{frame['caption']}. SHA-256 {frame['sha256']}", size=7)
        if frame["maps"]:
            paper.say(MAP_SAYS, size=7)
        paper.ln(2)


def _map(paper: Paper, drawn: Json, left: float, top: float, scale: float) -> None:
    """A square in the middle of each cell, as large as the cell speaks; without transparency, so
    that what lies between stays as it is."""
    wide, high = (drawn[one] * scale / drawn["side"] for one in ("width", "height"))
    paper.set_fill_color(200, 60, 50)
    for cell in drawn["cells"]:
        share = float(cell["much"]) ** 0.5 * MAP_FILLS
        x = left + drawn["left"] * scale + (cell["x"] + (1 - share) / 2) * wide
        y = top + drawn["top"] * scale + (cell["y"] + (1 - share) / 2) * high
        paper.rect(x, y, wide * share, high * share, style="F")


def _film(paper: Paper, film: Json | None) -> None:
    if film is None:
        return
    paper.heading("Evidence video")
    paper.say(
        f"{film['name']}, {film['seconds']:.1f} s, {film['size']} bytes, made from the playback "
        "copy: boxes of faces, maps and scores are drawn into its picture."
    )
    paper.say(f"SHA-256 {film['sha256']}", size=7)


def _decisions(paper: Paper, body: Json) -> None:
    paper.heading("History of the decision")
    for step in body["history"]:
        said = step.get("outcome_text") or step["what"].replace("_", " ").capitalize()
        answers = step.get("answers_appeal")
        said += f" (answers an appeal: {answers})" if answers else ""
        paper.say(f"{moment(step['when'])}: {said}. {step['reason']}".rstrip(), size=8)


def _custody(paper: Paper, custody: Json) -> None:
    paper.heading("Custody")
    paper.say(custody["summary"])
    for event in custody["events"]:
        paper.say(
            f"{event['number']}. {moment(event['when'])} {event['what']} ({event['who']})", size=7
        )
        paper.say(f"    {event['hash']}", size=6)
