"""The walls stand, each is worth something, and nothing is served without one."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from sandbox import floors, launching, selftest, services
from sandbox.probes import PROBES
from sandbox.services import Warden
from sandbox.types import Probe, SandboxFailed, WallReport
from tests.sandbox import media
from tests.sandbox.conftest import decode_bytes

ALL_WALLS = ("bubblewrap", "landlock", "seccomp", "limits")


def test_every_escape_is_denied() -> None:
    """All probes from inside a child; at least twelve of them, in fact three times as many."""
    report = services.self_test()
    assert len(report.probes) >= 36
    assert [p for p in report.probes if not p.denied] == []
    assert report.stands
    assert "seccomp" in report.wall


def test_probes_pass_where_there_is_no_wall() -> None:
    """Without any wall the same probes get out: they are able to fail."""
    with Warden(require_walls=False, without=ALL_WALLS) as open_door:
        report = selftest.examine(open_door)
    passed = {p.name for p in report.probes if not p.denied}
    assert {"read_passwd", "socket_inet", "socket_unix", "fork", "exec", "memfd"} <= passed
    assert report.wall == "none"
    assert not report.stands


def test_landlock_alone_keeps_files_and_seccomp_alone_keeps_everything() -> None:
    """Two walls that do not lean on each other."""
    with Warden(require_walls=False, without=("bubblewrap", "seccomp", "limits")) as one:
        if "landlock" not in one.layers:
            pytest.skip("this kernel has no Landlock")
        report = selftest.examine(one)
        denied = {p.name for p in report.probes if p.denied}
        assert {"read_passwd", "read_another_upload", "list_root", "write_tmp"} <= denied
        assert not report.stands
    with Warden(without=("bubblewrap", "landlock", "limits")) as other:
        report = selftest.examine(other)
        let_through = {p.name for p in report.probes if not p.denied}
        assert let_through <= {"allocate_too_much", "raise_cpu_limit"}  # what limits are for
        assert report.wall == "seccomp"


def test_a_child_without_its_wall_refuses_to_work() -> None:
    """Where a wall is required and cannot be put up, no byte of the file is read."""
    with (
        Warden(require_walls=True, without=("seccomp",)) as warden,
        pytest.raises(SandboxFailed) as caught,
    ):
        decode_bytes(warden, media.picture())
    assert caught.value.code == "no_wall"


def test_bubblewrap_holds_where_it_is_installed() -> None:
    """Inside bubblewrap everything still decodes and every probe is denied."""
    if launching.bubblewrap_program() is None:
        pytest.skip("bubblewrap is not installed")
    with Warden() as warden:
        if "bubblewrap" not in warden.layers:
            pytest.skip("bubblewrap does not work here")
        assert selftest.examine(warden).stands
        assert decode_bytes(warden, media.video()).footer.frames_decoded == 50


def test_a_broken_bubblewrap_is_said_and_does_not_stop_the_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A bubblewrap that cannot start falls back to the other walls, with a note."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("TOUCHSTONE_BUBBLEWRAP", str(fake))
    with Warden() as warden:
        assert "bubblewrap" not in warden.layers
        assert any("bubblewrap" in note for note in warden.notes)
        assert decode_bytes(warden, media.picture()).footer.frames_decoded == 1


def _none_stands() -> WallReport:
    return WallReport("none", False, (Probe("fork", False, "forked"),), ("no Landlock",))


def test_serving_is_refused_without_a_wall(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """REQUIRE_SANDBOX and no wall: web and worker do not start, and say why and what to do."""
    from django.core.exceptions import ImproperlyConfigured

    from sandbox import checks

    monkeypatch.setattr(checks, "self_test", _none_stands)
    settings.REQUIRE_SANDBOX = True
    with pytest.raises(ImproperlyConfigured, match=r"fork.*no Landlock.*REQUIRE_SANDBOX"):
        checks.refuse_to_serve_without_wall()
    (error,) = checks.check_the_wall(None)
    assert error.is_serious()
    settings.REQUIRE_SANDBOX = False
    checks.refuse_to_serve_without_wall()
    (warning,) = checks.check_the_wall(None)
    assert not warning.is_serious()


def test_serving_is_allowed_where_the_wall_stands(settings: Any) -> None:
    """The real walls of this machine satisfy the real check."""
    from sandbox import checks

    settings.REQUIRE_SANDBOX = True
    checks.refuse_to_serve_without_wall()
    assert checks.check_the_wall(None) == []


def test_the_self_test_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    """`manage.py sandbox_selftest --json`: one object, exit status 0 where the wall stands."""
    from django.core.management import call_command

    with pytest.raises(SystemExit) as ended:
        call_command("sandbox_selftest", "--json")
    output = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert output["stands"]
    assert {p["name"] for p in output["probes"]} == set(PROBES)


def test_the_decoders_here_are_not_too_old() -> None:
    """Pillow, OpenCV, PyAV, its FFmpeg and the others are at or above their floors, one cv2."""
    assert floors.problems() == []
    assert floors.libav_problems() == []


def test_an_old_decoder_and_a_second_cv2_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floors can be missed: an older Pillow and two OpenCVs are both named."""

    class Package:
        def __init__(self, name: str) -> None:
            self.metadata = {"Name": name}

    versions = {"pillow": "12.9.1", "opencv-python-headless": "4.14.0.94"}
    monkeypatch.setattr(metadata, "version", lambda name: versions.get(name, "9999.0"))
    monkeypatch.setattr(
        metadata, "distributions",
        lambda: [Package("opencv-python-headless"), Package("opencv-contrib-python")],
    )  # fmt: skip
    found = floors.problems()
    assert any("pillow 12.9.1" in text for text in found)
    assert any("opencv-contrib-python" in text for text in found)
    assert len(found) == 2


def test_a_killed_warden_is_replaced() -> None:
    """kill -9 of the warden between two files costs nothing but its start."""
    with Warden() as warden:
        assert decode_bytes(warden, media.picture()).footer.frames_decoded == 1
        before = warden.pid
        assert before is not None
        os.kill(before, signal.SIGKILL)
        time.sleep(0.1)
        assert decode_bytes(warden, media.picture()).footer.frames_decoded == 1
        assert warden.pid != before


def test_a_warden_killed_at_work_is_a_failure_that_can_be_tried_again() -> None:
    """Its child dies with it; the reader gets an exception in time, and the next file works."""
    with Warden() as warden, tempfile.TemporaryFile() as file:
        file.write(media.video(frames=200, size=(320, 240)))
        file.flush()
        with warden.decode(file) as decoding:
            frames = decoding.frames()
            next(frames)
            assert warden.pid is not None
            os.kill(warden.pid, signal.SIGKILL)
            with pytest.raises(SandboxFailed):
                for _ in range(1000):
                    next(frames)
        assert decode_bytes(warden, media.picture()).footer.frames_decoded == 1


def test_a_fork_gets_its_own_warden() -> None:
    """A forked worker neither talks through nor keeps alive its parent's warden."""
    parent = services.warden()
    parent.start()
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            mine = services.warden()
            got = decode_bytes(mine, media.picture())
            os.write(into, f"{mine.pid} {got.footer.frames_decoded}".encode())
            mine.close()
        finally:
            os._exit(0)
    os.close(into)
    os.waitpid(pid, 0)
    lines = os.read(out, 100).decode().split()
    os.close(out)
    assert lines[1] == "1"
    assert int(lines[0]) != parent.pid
    assert decode_bytes(parent, media.picture()).footer.frames_decoded == 1


def test_the_warden_goes_when_its_parent_is_killed() -> None:
    """kill -9 of the parent: neither the warden nor a child stays."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        mine = services.warden()
        mine.start()
        os.write(into, str(mine.pid).encode())
        time.sleep(60)
        os._exit(0)
    warden_pid = int(os.read(out, 100))
    os.close(out)
    os.close(into)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{warden_pid}/status").exists() and time.monotonic() < deadline:
        state = Path(f"/proc/{warden_pid}/stat").read_text().rsplit(")")[-1].split()[0]
        if state == "Z":
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{warden_pid}").exists()


def test_several_threads_share_one_warden(warden: Warden) -> None:
    """Eight files at the same time through one warden, each answered right."""
    files = [media.picture("PNG", 40 + i, 30) for i in range(8)]
    got: dict[int, int | None] = {}

    def one(i: int) -> None:
        got[i] = decode_bytes(warden, files[i]).header.width

    threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {i: 40 + i for i in range(8)}


def test_no_descriptor_is_left_open(warden: Warden) -> None:
    """A hundred files, half of them refused: the parent holds no more descriptors than before."""
    from sandbox.types import Rejected

    decode_bytes(warden, media.picture())
    before = len(list(Path("/proc/self/fd").iterdir()))
    for i in range(100):
        try:
            decode_bytes(warden, media.picture() if i % 2 else b"GIF89a")
        except Rejected:
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
