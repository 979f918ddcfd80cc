"""What the lip sync check costs: the analysis of a 30 s 720p clip with a speaking person, with the
check and without, alternating; and how fast its networks compare lips with sound.

    python bench/sync.py [--rounds 5] [--seconds 30] [--json]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import imageio_ffmpeg  # noqa: E402
import soundfile  # noqa: E402

from bench import clips, one_check  # noqa: E402
from bench.report import Row  # noqa: E402
from ml.engine.detectors.lip_sync import judging  # noqa: E402
from ml.engine.detectors.lip_sync.detector import LipSync  # noqa: E402
from ml.engine.media.lips import Stretch  # noqa: E402
from tests.sync.made import mouths_for, speech_like  # noqa: E402

COMMAND = "python bench/sync.py"
MOST_GROWTH = 1.25
STRETCH = 2.5


def speaking(folder: Path, seconds: float) -> Path:
    """The drawn clip with a made-up voice instead of its tone."""
    print("Drawing the clip", file=sys.stderr)
    path = clips.write(folder / "drawn.mp4", seconds, people=3)
    target = folder / "speaking.mp4"
    voice = target.with_suffix(".wav")
    soundfile.write(voice, speech_like(seconds), 16_000)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-i", str(path),
        "-i", str(voice), "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac",
        "-ar", "48000", str(target),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return target


def networks(detector: LipSync, rounds: int) -> dict[str, float]:
    """Seconds of talking face compared in a second, in one process, and what they hold."""
    sound = speech_like(STRETCH)
    mouths = mouths_for(sound, int(STRETCH * 25))
    took = []
    for _ in range(4 * rounds):
        started = time.perf_counter()
        judging.match_stretches(
            detector.network, [Stretch(1, 0.0, mouths)], sound, [(0.0, STRETCH)]
        )
        took.append(time.perf_counter() - started)
    return {"talking_seconds_a_second": round(STRETCH / statistics.median(took), 1)}


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    detector, megabytes = one_check.held(LipSync)
    with tempfile.TemporaryDirectory() as folder:
        film = speaking(Path(folder), seconds)
        turns, finding = one_check.by_turns(film, detector, rounds)
    return {
        **one_check.summarise(turns, finding, one_check.WALL),
        "check_seconds": round(finding.seconds, 3),
        "megabytes": megabytes,
        **networks(detector, rounds),
    }


def rows(found: dict[str, Any]) -> list[Row]:
    return [
        one_check.row(
            "analysis of a speaking 30 s 720p clip with 3 faces with the lip sync check compared "
            "with an analysis without it",
            found,
            MOST_GROWTH,
            COMMAND,
        ),
        Row(
            "lip sync: seconds of talking face processed per second, one process",
            f"{found['talking_seconds_a_second']:.0f} ({found['megabytes']:.0f} MB)",
            command=COMMAND,
        ),
    ]


if __name__ == "__main__":
    one_check.main(__doc__, measure, rows)
