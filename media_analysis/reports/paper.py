"""The report as a PDF/A-3 that carries the JSON it was made from, in the active language."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, gettext, gettext_noop
from fpdf import FPDF
from fpdf.enums import AssociatedFileRelationship

from media_analysis.reports import wording
from ml.language import number

FONTS = Path(__file__).parent / "fonts"
logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports each table that it subsets
Json = dict[str, Any]


HEADED = 16
"""Millimetres."""


class Paper(FPDF):
    """A4, embedded fonts, the report's id on each page."""

    def __init__(self, head: Json) -> None:
        super().__init__(format="A4", enforce_compliance="PDF/A-3B")
        self.head = head
        self.add_font("DejaVu", "", FONTS / "DejaVuSans.ttf")
        self.add_font("DejaVu", "B", FONTS / "DejaVuSans-Bold.ttf")
        self.set_title(gettext("Forensic report {id}").format(id=head["id"]))
        self.set_creator("Touchstone")
        self.set_lang(get_language() or "en")
        self.set_creation_date(datetime.fromisoformat(head["issued_at"]))
        self.set_auto_page_break(True, margin=18)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("DejaVu", "", 7)
        of = gettext("Report {id}, version {version}")
        self.cell(0, 4, of.format(id=self.head["id"], version=self.head["version"]))
        self.cell(0, 4, gettext("page {number}").format(number=self.page_no()), align="R")

    def keep(self, high: float) -> None:
        """What follows starts on a new page, unless so many millimetres are left on this one."""
        if self.will_page_break(high):
            self.add_page()

    def heading(self, text: str, size: int = 12, *, before: float = HEADED) -> None:
        """`before` is the least height of what it heads, which it is not parted from."""
        self.keep(size * 0.5 + before)
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
                self.say(f"{name}: {wording.value(value)}")


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
        desc=gettext("The report as canonical JSON"),
        associated_file_relationship=AssociatedFileRelationship.SOURCE.value,
    )
    return bytes(paper.output())


def _front(paper: Paper, body: Json) -> None:
    head, verdict, decision = body["report"], body["verdict"], body["decision"]
    paper.heading(gettext("Forensic report"), 18)
    paper.pairs(
        [
            (gettext("Report"), head["id"]),
            (gettext("Version"), head["version"]),
            (gettext("Replaces the report"), head["replaces"]),
            (gettext("Issued"), wording.moment(head["issued_at"])),
        ]
    )
    paper.heading(gettext("The media"))
    paper.pairs([wording.of_media(name, value) for name, value in body["media"].items()])
    paper.heading(gettext("Decision of a person"))
    paper.say(decision["outcome_text"], bold=True, size=11)
    paper.pairs(
        [
            (gettext("Reason"), decision["reason"]),
            (gettext("Reason codes"), ", ".join(decision["reason_codes"])),
            (gettext("Confidence"), wording.confidence(decision["confidence"])),
            (gettext("Policy"), decision["policy"]),
            (gettext("Policy as it stood"), decision["policy_text"]),
            (gettext("Decided by"), decision["decided_by"]),
            (gettext("Decided"), wording.moment(decision["decided_at"])),
        ]
    )
    paper.heading(gettext("Verdict of the checks"))
    paper.say(wording.outcome(verdict.get("outcome")), bold=True)
    paper.pairs(
        [
            (gettext("Reason"), verdict.get("reason")),
            (gettext("Probability of manipulation"), verdict.get("probability_manipulated")),
            (gettext("95 % interval"), wording.interval(verdict.get("interval"))),
        ]
    )
    paper.heading(gettext("Propositions and limits"))
    for text in body["propositions"].values():
        paper.say(f"• {text}")
    for text in body["limits"]:
        paper.say(text)


def _findings(paper: Paper, findings: Sequence[Json]) -> None:
    paper.heading(gettext("Findings and coverage"))
    ran = sum(one["status"] == "ran" for one in findings)
    paper.say(gettext("{ran} of {all} checks ran").format(ran=ran, all=len(findings)) + ".")
    for one in findings:
        paper.keep(HEADED)
        paper.ln(1.5)
        paper.say(f"{one['check']}: {wording.status(one['status'])}", bold=True)
        paper.say(one["says"])
        paper.pairs(
            [
                (gettext("Probability of manipulation"), one["probability_manipulated"]),
                (gettext("Likelihood ratio, log10"), one["log10_likelihood_ratio"]),
                (gettext("Raw score"), one["score"]),
                *((wording.label(name), bound) for name, bound in one["bounds"].items()),
                (gettext("Version"), one["version"]),
                (gettext("Weights, SHA-256"), one["weights_sha256"]),
            ]
        )
        for evidence in one["evidence"]:
            paper.say(f"• {wording.strength(evidence['strength'])}: {evidence['text']}", size=8)
        for limit in one["limits"]:
            paper.say(gettext("Limit: {limit}").format(limit=limit), size=8)
        if measured := wording.measured(one["error_rates"]):
            paper.say(gettext("Measured: {figures}").format(figures=measured), size=8)


MAP_FILLS = 0.6
"""Of a cell's side, at most."""
MAP_SAYS = gettext_noop(
    "Red squares: where in the face a check saw traces. A larger square resembles an altered part "
    "more. The map is coarse: it says where to look, not what is there."
)


def _frames(paper: Paper, frames: Sequence[tuple[Json, bytes]]) -> None:
    if not frames:
        return
    paper.heading(gettext("Key frames"), before=_height(frames[0][0]) + 16)
    for frame, png in frames:
        high = _height(frame)
        wide = high * frame["width"] / frame["height"]
        paper.keep(high + 12)
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
            paper.say(gettext(MAP_SAYS), size=7)
        paper.ln(2)


def _height(frame: Json) -> float:
    return float(70 * min(frame["height"] / frame["width"], 1.2))


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
    paper.heading(gettext("Evidence video"))
    sentence = gettext(
        "{name}, {seconds} s, {size} bytes, made from the playback copy: boxes of faces, maps and "
        "scores are drawn into its picture."
    )
    seconds = number(film["seconds"], 1)
    size = wording.value(film["size"])
    paper.say(sentence.format(name=film["name"], seconds=seconds, size=size))
    paper.say(f"SHA-256 {film['sha256']}", size=7)


def _decisions(paper: Paper, body: Json) -> None:
    paper.heading(gettext("History of the decision"))
    for step in body["history"]:
        paper.say(f"{wording.moment(step['when'])}: {wording.step(step)}", size=8)


def _custody(paper: Paper, custody: Json) -> None:
    paper.heading(gettext("Chain of custody"))
    paper.say(custody["summary"])
    for event in custody["events"]:
        text = f"{wording.event(event['what'])} ({wording.who(event['who'])})"
        paper.say(f"{event['number']}. {wording.moment(event['when'])} {text}", size=7)
        paper.say(f"    {event['what']} {event['hash']}", size=6)
