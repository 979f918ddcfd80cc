"""`manage.py verify`: the engine from a shell, without database, server or secret."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ml.engine import shell

ROOT = Path(__file__).resolve().parents[2]
UNMANIPULATED = {"inconclusive", "no_manipulation_found"}
"""What may be said of a genuine portrait."""
FIELDS = {
    "path", "sha256", "media", "verdict", "probability_manipulated", "reason", "findings",
    "engine_version", "seconds", "scenes",
}  # fmt: skip
MEDIA = {"kind", "width", "height", "duration", "fps", "frames_expected", "frames_decoded",
         "incomplete"}  # fmt: skip
FINDING = {"detector", "version", "status", "score", "probability_manipulated", "reason"}


def environment(tmp_path: Path) -> dict[str, str]:
    """Nothing is configured: no secret, no database that could answer."""
    return {
        "PATH": os.environ["PATH"],
        "TOUCHSTONE_HOME": str(tmp_path / "nobody-home"),
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    }


def verify(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "verify", *map(str, arguments)],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_a_folder_becomes_a_list(clip: Path, portrait: Path, tmp_path: Path) -> None:
    """Every file is an item with all that was promised, also what is refused or unreadable, and
    the exit status is 0."""
    folder = tmp_path / "inbox"
    (folder / "deeper").mkdir(parents=True)
    shutil.copy(clip, folder / "a.mp4")
    shutil.copy(portrait, folder / "deeper" / "b.jpg")
    (folder / "deeper" / "c.jpg").write_bytes(b"")
    (folder / "d.png").symlink_to("nowhere")
    (folder / ".hidden").write_text("x")
    (folder / "e\n\x1b[31m.txt").write_text("hello")
    done = verify(tmp_path, "--json", folder, tmp_path / "missing.mp4")
    assert done.returncode == 0, done.stderr
    items = json.loads(done.stdout)
    assert [Path(item["path"]).name for item in items] == [
        "a.mp4", "d.png", "b.jpg", "c.jpg", "e\n\x1b[31m.txt", "missing.mp4",
    ]  # fmt: skip
    for item in items:
        assert item.keys() >= FIELDS
        assert item["media"].keys() >= MEDIA
        assert all(f.keys() >= FINDING for f in item["findings"])
        assert item["reason"].endswith(".")
    video, link, picture, *refused = items
    refused = [link, *refused]
    assert (video["media"]["kind"], video["media"]["frames_decoded"]) == ("video", 50)
    assert (video["media"]["width"], video["media"]["height"]) == (640, 360)
    assert picture["verdict"] in UNMANIPULATED
    assert video["scenes"]["stretches"][-1]["end"] >= 1.9 and picture["scenes"] is None
    assert [item["verdict"] for item in refused] == ["rejected"] * 4
    assert [item["rejection"] for item in refused] == [
        "unreadable", "empty", "type_not_allowed", "unreadable",
    ]  # fmt: skip
    assert len({item["engine_version"] for item in items}) == 1


def test_a_person_reads_sentences(portrait: Path, tmp_path: Path) -> None:
    """Verdict, reason and checks in words; a name cannot command the terminal."""
    odd = tmp_path / "p\x1b[2J.jpg"
    shutil.copy(portrait, odd)
    done = verify(tmp_path, odd)
    assert done.returncode == 0, done.stderr
    assert "manipulation found:" not in done.stdout.replace("no manipulation found:", "")
    assert "Provenance 3:" in done.stdout
    assert "\x1b" not in done.stdout and "\x1b" not in done.stderr
    assert "1/1" in done.stderr


def test_scenes_are_told_in_lines() -> None:
    """What is in view, what is heard, what applies; a long list is cut and says so."""
    from ml.management.commands.verify import MOST_SCENES, scene_lines

    one = {"start": 0.0, "end": 2.5, "shot": 1, "faces": [], "heard": "speech",
           "applies": ["voice"], "why_not": {"face": "No face.", "lips": "No lips."},
           "note": ""}  # fmt: skip
    (line,) = scene_lines({"stretches": [one]}, {"lip_sync", "provenance"})
    assert line == "0.0 to 2.5 s: shot 1, no face, speech; applies: none. No lips."
    many = list(scene_lines({"stretches": [one] * 40}, {"voice_spoof"}))
    assert len(many) == MOST_SCENES + 1 and many[-1].startswith("28 more")
    assert "applies: voice." in many[0]
    assert list(scene_lines(None, set())) == []


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--nonsense", "x"]])
def test_wrong_usage_is_status_two(arguments: list[str], tmp_path: Path) -> None:
    """Only that."""
    assert verify(tmp_path, *arguments).returncode == 2


def test_a_terminal_gets_a_bar(portrait: Path, tmp_path: Path) -> None:
    """On a terminal standard error shows progress, and standard output stays pure JSON."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "manage.py", "verify", "--json", str(portrait)],
        cwd=ROOT,
        env=environment(tmp_path) | {"TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        output = b""
        try:
            while part := os.read(ours, 4096):
                output += part
        except OSError:
            pass  # the terminal's other side has gone
        assert process.stdout is not None
        items = json.loads(process.stdout.read())
    os.close(ours)
    assert process.returncode == 0
    assert items[0]["verdict"] in UNMANIPULATED
    assert b"1/1" in output and b"%" in output and b"\x1b[" in output


def test_ctrl_c_is_clean(clip: Path, tmp_path: Path) -> None:
    """What was done is still valid JSON, there is no traceback, and no process stays behind."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        shutil.copy(clip, folder / f"{number:02}.mp4")
    with subprocess.Popen(
        [sys.executable, "manage.py", "verify", "--json", str(folder)],
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A suite that was started in the background hands down that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.readline()  # the first item is there
        os.killpg(process.pid, signal.SIGINT)
        rest, complaint = process.stdout.read(), process.stderr.read()
    assert process.returncode == 130
    assert rest.rstrip().endswith("]")
    assert "KeyboardInterrupt" not in complaint and "Stopped." in complaint
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _session_lives(process.pid):
        time.sleep(0.1)
    assert not _session_lives(process.pid)


def _session_lives(session: int) -> bool:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            return True
    return False


def test_a_file_without_permission_is_an_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unreadable is said, not raised; a superuser may read everything, so the refusal is made."""
    path = tmp_path / "locked.jpg"
    path.write_bytes(b"x")
    open_any = Path.open

    def refused(self: Path, *args: Any, **options: Any) -> Any:
        """This file alone: the cards of the detectors are opened the same way."""
        if self == path:
            raise PermissionError(13, "Permission denied")
        return open_any(self, *args, **options)

    monkeypatch.setattr(Path, "open", refused)
    item = shell.examine(path)
    assert item["verdict"] == "rejected"
    assert "Permission denied" in item["reason"]


def test_links_are_not_followed_in_circles(tmp_path: Path) -> None:
    """A folder that links to itself is walked once."""
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "self").symlink_to(tmp_path)
    assert [p.name for p in shell.files([tmp_path])] == ["a.txt"]
