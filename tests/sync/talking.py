"""A real talking video of a few seconds, joined from clips of one speaker of the research data."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from collections import defaultdict
from pathlib import Path

import imageio_ffmpeg

from lab.lip_sync import data
from ml.evaluation import data_folders

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def speakers(split: str = "test") -> dict[str, list[data.Clip]]:
    """By speaker; empty where the data is not there."""
    folder = data_folders.research("talking")
    found: dict[str, list[data.Clip]] = defaultdict(list)
    for clip in data.read_manifest(folder / "manifest.csv") if folder else []:
        if clip.split == split:
            found[clip.speaker].append(clip)
    return dict(found)


def joined(clips: list[data.Clip], target: Path, *, size: int = 256, sound_of: Path | None = None,
           late: float = 0.0, options: tuple[str, ...] = ()) -> Path:  # fmt: skip
    """One video of all clips; its sound `late` seconds later, or another video's sound."""
    folder = data_folders.research("talking")
    assert folder is not None
    parts = []
    with zipfile.ZipFile(folder / clips[0].archive) as archive:
        for clip in clips:
            content = archive.read(clip.member)
            assert hashlib.sha256(content).hexdigest() == clip.sha256
            part = target.with_name(f"{target.stem}-{clip.member}")
            part.write_bytes(content)
            parts.append(part)
    inputs = [word for part in parts for word in ("-i", str(part))]
    shape = f"fps=25,scale={size}:{size},setsar=1"
    chains = [f"[{n}:v]{shape}[v{n}];[{n}:a]aresample=48000[a{n}]" for n in range(len(parts))]
    joints = "".join(f"[v{n}][a{n}]" for n in range(len(parts)))
    graph = ";".join(chains) + f";{joints}concat=n={len(parts)}:v=1:a=1[v][s]"
    sound = "[s]"
    if sound_of is not None:
        inputs += ["-i", str(sound_of)]
        graph += f";[s]anullsink;[{len(parts)}:a]aresample=48000[f]"
        sound = "[f]"
    moved = f"adelay={round(1000 * late)}:all=1" if late >= 0 else f"atrim=start={-late}"
    graph += f";{sound}{moved},asetpts=N/SR/TB[a]"
    subprocess.run(
        [FFMPEG, "-y", "-loglevel", "error", *inputs, "-filter_complex", graph, "-map", "[v]",
         "-map", "[a]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt",
         "yuv420p", "-c:a", "aac", "-shortest", *options, str(target)],
        check=True,
    )  # fmt: skip
    for part in parts:
        part.unlink()
    return target
