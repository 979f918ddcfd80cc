"""What the voice check costs: the analysis of a 30 s 720p clip with a speaking person, with the
check and without, alternating; that whole analysis, with every check, relative to a plain decode;
and how fast speech is processed.

    python bench/voice.py [--rounds 5] [--seconds 30] [--json]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]


from bench import clip, one_check  # noqa: E402
from bench.report import Row  # noqa: E402
from bench.sync import MOST_GROWTH, speaking  # noqa: E402
from ml.engine import registry  # noqa: E402
from ml.engine.detectors.voice_spoof import windows  # noqa: E402
from ml.engine.detectors.voice_spoof.detector import VoiceSpoof  # noqa: E402
from tests.lab.voice.voices import speech_like  # noqa: E402

COMMAND = "python bench/voice.py"


def listening(detector: VoiceSpoof, rounds: int) -> float:
    """Seconds of speech listened to in a second, in one process."""
    sound = speech_like(4 * windows.SECONDS)
    took = []
    for _ in range(2 * rounds):
        started = time.perf_counter()
        cut = windows.windows(sound, ((0.0, 4 * windows.SECONDS),))
        detector.network.logits([window.sound for window in cut])
        took.append(time.perf_counter() - started)
    return round(4 * windows.SECONDS / statistics.median(took), 1)


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    detector, megabytes = one_check.held(VoiceSpoof)
    with tempfile.TemporaryDirectory() as folder:
        film = speaking(Path(folder), seconds)
        turns, finding = one_check.by_turns(film, detector, rounds)
        whole = clip.measure(film, rounds, registry.detectors())
    return {
        **one_check.summarise(turns, finding, one_check.WALL),
        "check_seconds": round(finding.seconds, 3),
        "megabytes": megabytes,
        "speech_seconds_a_second": listening(detector, rounds),
        "whole": whole,
    }


def rows(found: dict[str, Any]) -> list[Row]:
    whole = found["whole"]["ratio"]
    return [
        one_check.row(
            "analysis of a speaking 30 s 720p clip with 3 faces with the voice check compared "
            "with an analysis without it",
            found,
            MOST_GROWTH,
            COMMAND,
        ),
        Row(
            "complete analysis of that clip with every check compared with a plain ffmpeg decode",
            f"{whole:.2f} x",
            f"<= {clip.TARGET} x",
            whole <= clip.TARGET,
            COMMAND,
        ),
        Row(
            "voice: seconds of speech processed per second, one process",
            f"{found['speech_seconds_a_second']:.0f} ({found['megabytes']:.0f} MB)",
            command=COMMAND,
        ),
    ]


if __name__ == "__main__":
    one_check.main(__doc__, measure, rows)
