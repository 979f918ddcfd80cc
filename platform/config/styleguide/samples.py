"""Made-up content for the styleguide, in the form that the includes in `templates/result/` expect.
It is never shown as a real result."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from django.templatetags.static import static

_FIRST = datetime(2026, 11, 20, 16, 41, 7, tzinfo=UTC)
_SHA = hashlib.sha256(b"a sample").hexdigest()
_WEIGHTS = hashlib.sha256(b"sample weights").hexdigest()


def everything() -> dict[str, Any]:
    return {
        "crumbs": [
            {"label": "History", "url": "#"},
            {"label": "mayor-statement-final(2).mp4", "url": ""},
        ],
        "actions": [
            {"label": "JSON", "url": "#", "icon": "download"},
            {"label": "Open the case", "url": "#", "kind": "primary"},
        ],
        "outcomes": [
            "manipulation_found",
            "declared_generated",
            "no_manipulation_found",
            "inconclusive",
            "rejected",
        ],
        "states": ["queued", "running", "done", "rejected", "parked", "cancelled"],
        "statuses": ["ran", "not_applicable", "failed"],
        "strengths": ["strong", "moderate", "weak", "context"],
        "alerts": [
            {"kind": "info", "text": "These bytes were analysed before, on 18 November."},
            {"kind": "success", "text": "The invitation was sent to bo@example.org."},
            {
                "kind": "warning",
                "title": "Your claim ends in two minutes",
                "text": "Decide or renew it; what you wrote stays on this page.",
            },
            {
                "kind": "error",
                "title": "Two files were not accepted",
                "points": [
                    "holiday.exe: this is not a picture, a video or a sound file.",
                    "long.mp4: at 702 MB it is larger than the 512 MB that one file may have.",
                ],
            },
        ],
        "table": table(),
        "facts": facts(),
        "verdicts": verdicts(),
        "coverage": coverage(),
        "findings": findings(),
        "timeline": timeline(),
        "frames": frames(),
        "veil": {"on": True, "hides": True, "css": "veil veil--blur veil--grey"},
        "custody": custody(),
        "work": work(),
    }


def table() -> dict[str, Any]:
    names = (
        ("mayor-statement-final(2).mp4", "manipulation_found", "done", "0:31"),
        ("IMG_20261119_171204_a_very_long_name_from_a_phone.jpg", "inconclusive", "done", "–"),
        ("voice message 3.ogg", "no_manipulation_found", "done", "0:48"),
        ("clip.mov", "", "running", "4:10"),
    )
    return {
        "columns": [
            {"label": "Name"},
            {"label": "State"},
            {"label": "Verdict"},
            {"label": "Length", "number": True},
        ],
        "rows": [
            [{"text": name, "url": "#"}, {"state": state}, {"outcome": outcome or "none"}, length]
            for name, outcome, state, length in names
        ],
    }


def facts() -> list[dict[str, Any]]:
    return [
        {"label": "Kind", "value": "Video, MP4 (H.264, AAC)"},
        {"label": "Size", "value": "1280 × 720, 30.5 s, 25 frames a second"},
        {"label": "Frames read", "value": "763 of 763"},
        {
            "label": "Claimed date",
            "value": "19 November 2026, 08:12",
            "help": "From the file’s own metadata, which anybody can write.",
        },
        {"label": "SHA-256", "value": _SHA, "code": True},
    ]


def verdicts() -> list[dict[str, Any]]:
    return [
        {
            "outcome": "manipulation_found",
            "reason": "The face of person 1 does not fit the picture round it between 0:12 and "
            "0:17, and the lips do not follow the voice in the same stretch.",
            "probability": {
                "percent": 93,
                "text": "0.93",
                "low_percent": 86,
                "width_percent": 11,
                "interval": "with 90 % certainty between 0.86 and 0.97",
                "basis": "Calibrated on 2,140 held-out clips of this kind; at equal odds before "
                "looking.",
            },
            "coverage_line": "6 of 8 checks ran, 1 did not apply, 1 failed.",
        },
        {
            "outcome": "declared_generated",
            "reason": "The file says that it was generated. Nobody signed that, and anyone can "
            "write it into any file. The file names a generator as the program that made it: "
            "Example Diffusion (in a PNG text chunk, field software). No check found anything that "
            "decides.",
            "declared": "Signed by nobody.",
        },
        {
            "outcome": "inconclusive",
            "reason": "The two checks that speak for manipulation disagree after the picture is "
            "saved again as JPEG. A result that a mere save can turn round is none.",
            "incomplete": "412 of 763 frames: the file ends in the middle of a frame.",
            "coverage_line": "3 of 8 checks ran, 5 did not apply.",
        },
        {
            "outcome": "no_manipulation_found",
            "reason": "Six checks ran on the whole file and none of them stands out from what "
            "genuine media of this kind shows.",
            "probability": {
                "percent": 6,
                "text": "0.06",
                "low_percent": 2,
                "width_percent": 11,
                "interval": "with 90 % certainty between 0.02 and 0.13",
                "basis": "Calibrated on 2,140 held-out clips of this kind; at equal odds before "
                "looking.",
            },
        },
        {
            "outcome": "rejected",
            "reason": "The picture claims 65,535 × 65,535 pixels; more than 50 million are not "
            "opened. Send a smaller copy.",
        },
    ]


def coverage() -> dict[str, Any]:
    return {
        "summary": "6 ran, 1 did not apply, 1 failed",
        "checks": [
            {"name": "Faces", "status": "ran", "anchor": "finding-faces"},
            {"name": "Compression history", "status": "ran", "anchor": "finding-compression"},
            {"name": "Voice", "status": "not_applicable", "reason": "nobody speaks in this clip"},
            {
                "name": "Lip movement",
                "status": "failed",
                "reason": "it ran out of its time of 60 s; the verdict was made without it",
            },
        ],
    }


def findings() -> list[dict[str, Any]]:
    return [
        {
            "anchor": "finding-faces",
            "name": "Faces",
            "status": "ran",
            "measures": "Whether the inside of a face was made by another camera, or by a "
            "machine, than the picture round it.",
            "reason": "2 faces were followed through 153 sampled frames. One of them stands out.",
            "probability_text": "0.91",
            "evidence": [
                {
                    "text": "Person 1: the seam between face and hair is smoother than in "
                    "genuine faces of this size, from 0:12.4 to 0:17.0.",
                    "strength": "strong",
                    "details": [
                        {"label": "Frames", "value": "310 to 425"},
                        {"label": "Face width", "value": "142 pixels"},
                    ],
                },
                {
                    "text": "Person 2 shows nothing of the kind.",
                    "strength": "context",
                },
            ],
            "limits": [
                "Faces narrower than 64 pixels are not looked at.",
                "Strong beauty filters look like manipulation to this check.",
            ],
            "version": "1.2.0",
            "weights_sha256": _WEIGHTS,
            "facts": [{"label": "Frames looked at", "value": "153"}],
        },
        {
            "anchor": "finding-compression",
            "name": "Compression history",
            "status": "ran",
            "measures": "How often, and by what kind of program, the file was saved.",
            "reason": "The file was encoded at least twice. That is normal for anything that "
            "went through a messenger.",
            "score_text": "0.37",
            "score_meaning": "share of blocks with traces of an earlier grid",
            "evidence": [
                {"text": "The encoder names itself Lavf 60.3.", "strength": "weak"},
            ],
            "limits": ["It says nothing about what is shown."],
            "version": "0.9.1",
        },
    ]


def timeline() -> dict[str, Any]:
    scores = [0.2, 0.24, 0.18, 0.22, 0.31, 0.28, 0.84, 0.9, 0.72, 0.3, 0.2, 0.22, 0.19, 0.24, 0.2]
    step = 2.0
    return {
        "duration": 30.5,
        "ticks": ["0:00", "0:06", "0:12", "0:18", "0:24", "0:30"],
        "scored": True,
        "summary": "30.5 seconds, 2 stretches stand out",
        "scenes": scenes(),
        "lanes": [
            {
                "name": "Scenes",
                "kind": "scenes",
                "cuts": [4.0, 19.0],
                "faces": [{"start": 4.0, "length": 26.5}],
                "speech": [{"start": 0.0, "length": 19.0}],
                "sound": [{"start": 19.0, "length": 8.0}],
            },
            {
                "name": "Face 1",
                "kind": "bars",
                "threshold": 0.5,
                "segments": [
                    {"start": i * step, "length": step, "score": s, "flagged": s > 0.5}
                    for i, s in enumerate(scores)
                ],
            },
            {
                "name": "Lips and voice",
                "kind": "bars",
                "threshold": 0.6,
                "segments": [{"start": 13.0, "length": 3.5, "score": 0.81, "flagged": True}],
            },
            {
                "name": "Face 2 seen",
                "kind": "presence",
                "segments": [{"start": 4.0, "length": 9.5}, {"start": 19.0, "length": 11.0}],
            },
        ],
        "rows": [
            {
                "start_text": "0:12.0",
                "end_text": "0:18.0",
                "seconds": 12.0,
                "lane": "Face 1",
                "score_text": "0.90",
                "label": "Face and surroundings do not fit",
            },
            {
                "start_text": "0:13.0",
                "end_text": "0:16.5",
                "seconds": 13.0,
                "lane": "Lips and voice",
                "score_text": "0.81",
                "label": "Lips are late by 180 ms",
            },
        ],
    }


def scenes() -> dict[str, Any]:
    rows = (
        ("0:00.0", "0:04.0", 0.0, "1", "No face", "Speech", "None of these checks",
         "No face is in view. Speech without a face in view: lip sync does not apply."),
        ("0:04.0", "0:19.0", 4.0, "2", "Face 1", "Speech", "Face checks, lip sync", ""),
        ("0:19.0", "0:30.5", 19.0, "3", "Face 1, Face 2", "Sound, speech not certain",
         "Face checks", "Sound, speech not certain: for seconds on end it is nearer to music or "
         "noise than to a voice."),
    )  # fmt: skip
    names = ("start_text", "end_text", "seconds", "shot", "in_view", "heard", "applies", "because")
    return {
        "summary": "3 shots, 17.4 s of speech",
        "rows": [dict(zip(names, row, strict=True)) for row in rows],
    }


def frames() -> list[dict[str, Any]]:
    first = {"left": 138, "top": 70, "width": 140, "height": 186, "track": 1, "style": 1}
    second = {"left": 368, "top": 130, "width": 106, "height": 146, "track": 2, "style": 2}
    return [
        {
            "url": static("styleguide/frame.svg"),
            "alt": f"Frame at {moment}: two people outdoors",
            "caption": f"{moment}, frame {number}",
            "width": 640,
            "height": 360,
            "label_size": 22,
            "faces": faces,
        }
        for moment, number, faces in (
            ("0:12.4", 310, [first, second]),
            ("0:14.8", 370, [first]),
            ("0:21.0", 525, [second]),
        )
    ]


def custody() -> dict[str, Any]:
    def event(seconds: float, text: str, who: str = "", **more: Any) -> dict[str, Any]:
        return {"when": _FIRST + timedelta(seconds=seconds), "text": text, "who": who, **more}

    return {
        "intact": True,
        "summary": "5 events in an unbroken chain, sealed today at 16:45 UTC.",
        "events": [
            event(
                0,
                "Received 8,412,554 bytes and stored them under their hash.",
                "Ada, by passkey",
                code=_SHA,
                code_name="SHA-256 of the file",
            ),
            event(0.4, "The analysis was put in the queue.", "Ada, by passkey"),
            event(3.1, "The analysis began.", "Worker a1, engine 0.1.0"),
            event(21.7, "The analysis ended: manipulation found.", "Worker a1", decisive=True),
            event(1912, "The media was looked at.", "Bo, by password and code"),
        ],
    }


def work() -> dict[str, Any]:
    return {
        "state": "running",
        "percent": 42,
        "stage": "following faces",
        "steps": [
            {"label": "Received", "state": "done"},
            {"label": "Decoding and looking", "state": "current"},
            {"label": "Verdict", "state": "waiting"},
        ],
        "ahead": "You may leave this page; the work goes on.",
    }
