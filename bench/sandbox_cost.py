"""What the sandbox costs a file: the same decode in the sandbox and in this process, alternating.

    python bench/sandbox_cost.py [--files 60] [--json] [--against-ffmpeg] [--memory]

`--against-ffmpeg` decodes a 30 s 720p clip with PyAV in the sandbox and with an ffmpeg child, which
docs/decisions/0002-decoding-with-pyav-in-a-forked-child.md is based on. `--memory` compares the
child's peak memory for a 30 s and a 10 min clip.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, BinaryIO, cast

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import numpy as np  # noqa: E402

from sandbox import sniff  # noqa: E402
from sandbox.decoders import images, recordings  # noqa: E402
from sandbox.services import Warden  # noqa: E402
from sandbox.source import Source  # noqa: E402
from sandbox.types import Limits, Want  # noqa: E402
from tests.sandbox import media  # noqa: E402


class Nowhere:
    """Takes what the decoders send, copies pixels as a reader would, and keeps nothing."""

    def json(self, kind: bytes, value: Any) -> None:
        json.dumps(value)

    def picture(self, index: int, seconds: float, pixels: np.ndarray) -> None:
        pixels.copy()

    def footer(self, value: Any) -> None:
        json.dumps(value)

    def still(self, image: Any) -> None:
        image.tobytes()

    def sound(self, samples: np.ndarray) -> None:
        samples.copy()


def in_process(file: BinaryIO, want: Want) -> float:
    started = time.perf_counter()
    limits = Limits()
    source = Source(file.fileno(), os.fstat(file.fileno()).st_size)
    kind = sniff.sniff(source.head())
    decoder: Any = images if kind.family == "image" else recordings
    decoder.decode(source, kind, want, limits, Nowhere())
    return time.perf_counter() - started


def behind_the_wall(warden: Warden, file: BinaryIO, want: Want) -> tuple[float, int]:
    started = time.perf_counter()
    with warden.decode(file, want=want) as decoding:
        for _ in decoding.frames():
            pass
        took = time.perf_counter() - started
        return took, decoding.ended().peak


def cpu_seconds(warden: Warden) -> float:
    """Ours, the warden's and its children's: what a busy machine really pays."""
    fields = Path(f"/proc/{warden.pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = sum(int(fields[i]) for i in (11, 12, 13, 14))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def cost(warden: Warden, data: bytes, files: int) -> dict[str, float]:
    want = Want()
    inside, outside, peaks = [], [], []
    cpu_plain = cpu_walled = 0.0
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        for turn in range(files + 3):
            started = cpu_seconds(warden)
            plain = in_process(file, want)
            between = cpu_seconds(warden)
            walled, peak = behind_the_wall(warden, file, want)
            after = cpu_seconds(warden)
            if turn >= 3:
                outside.append(plain)
                inside.append(walled)
                peaks.append(peak)
                cpu_plain += between - started
                cpu_walled += after - between
    extra = sorted(w - p for w, p in zip(inside, outside, strict=True))
    return {
        "files": files,
        "bytes": len(data),
        "in_process_ms": round(statistics.median(outside) * 1000, 2),
        "sandbox_ms": round(statistics.median(inside) * 1000, 2),
        "cost_ms_median": round(statistics.median(extra) * 1000, 2),
        "cost_ms_p95": round(extra[int(len(extra) * 0.95)] * 1000, 2),
        "cost_cpu_ms_mean": round((cpu_walled - cpu_plain) / files * 1000, 2),
        "child_peak_mb": round(max(peaks) / 1e6, 1),
    }


def clip(seconds: int, size: tuple[int, int] = (1280, 720), rate: str = "4M") -> bytes:
    """Made by ffmpeg's own test source: moving and textured."""
    import imageio_ffmpeg

    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        subprocess.run(
            [
                imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y",
                "-f", "lavfi", "-i", f"testsrc2=size={size[0]}x{size[1]}:rate=30",
                "-f", "lavfi", "-i", "sine=440", "-t", str(seconds), "-c:v", "libx264",
                "-preset", "ultrafast", "-b:v", rate, "-pix_fmt", "yuv420p", "-c:a", "aac",
                file.name,
            ],
            check=True,
        )  # fmt: skip
        return Path(file.name).read_bytes()


def ffmpeg_child(path: str, fps: float) -> float:
    """Decode everything, pass on raw frames at the sampled rate, with allow-lists."""
    import imageio_ffmpeg

    started = time.perf_counter()
    with subprocess.Popen(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin",
            "-protocol_whitelist", "file", "-format_whitelist", "mov", "-i", path,
            "-vf", f"fps={fps}", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
        ],
        stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        while child.stdout.read(1280 * 720 * 3):
            pass
    return time.perf_counter() - started


def against_ffmpeg(warden: Warden, turns: int = 5) -> dict[str, float]:
    want = Want(sample_fps=5, audio_rate=None)
    mine, theirs = [], []
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(clip(30))
        file.flush()
        for _ in range(turns):
            mine.append(behind_the_wall(warden, cast("BinaryIO", file), want)[0])
            theirs.append(ffmpeg_child(file.name, 5))
    return {
        "pyav_in_sandbox_s": round(statistics.median(mine), 2),
        "ffmpeg_child_s": round(statistics.median(theirs), 2),
        "ratio": round(statistics.median(m / t for m, t in zip(mine, theirs, strict=True)), 2),
    }


def memory(warden: Warden) -> dict[str, float]:
    peaks = {}
    for seconds in (30, 600):
        with tempfile.TemporaryFile() as file:
            file.write(clip(seconds, (640, 360), "400k"))
            file.flush()
            peaks[seconds] = behind_the_wall(warden, file, Want())[1]
    return {
        "child_30_s_mb": round(peaks[30] / 1e6, 1),
        "child_10_min_mb": round(peaks[600] / 1e6, 1),
        "ratio": round(peaks[600] / peaks[30], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--against-ffmpeg", action="store_true")
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    images.warm_up()
    recordings.warm_up()
    found: dict[str, Any] = {}
    with Warden() as warden:
        found["load_average"] = os.getloadavg()[0]
        found["wall"] = " + ".join(warden.layers)
        photo = media.picture("JPEG", 1600, 1200, quality=90)
        found["photo"] = cost(warden, photo, options.files)
        film = media.video(frames=125, size=(640, 360), options={"preset": "veryfast"})
        found["clip"] = cost(warden, film, max(options.files // 3, 5))
        if options.against_ffmpeg:
            found["against_ffmpeg"] = against_ffmpeg(warden)
        if options.memory:
            found["memory"] = memory(warden)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, values in found.items():
        print(name, values)


if __name__ == "__main__":
    main()
