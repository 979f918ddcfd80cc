"""`make up` for a newcomer: everything starts, works, and stops again."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
import requests
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
UP_SECONDS = 240
AT_ONCE = 10.0
"""Seconds to a verdict on a busy machine. Without the bell a file waits for fifteen and more."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def in_the_background() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Up:
    """One run of `python -m local.up` in a home of its own."""

    def __init__(self, home: Path) -> None:
        # Nor is our settings' name handed down, which pytest knows and a newcomer's shell does not.
        env = {
            k: v
            for k, v in os.environ.items()
            if not k.endswith("DATABASE_URL") and k != "DJANGO_SETTINGS_MODULE"
        }
        env |= {"TOUCHSTONE_HOME": str(home), "PORT": "8750", "PYTHONPATH": "platform"}
        self.home = home
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.up"],
            cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
            # As `make up &` in a script starts it: the shell hands down that Ctrl-C is ignored.
            preexec_fn=in_the_background,
        )  # fmt: skip

    def until(self, words: str) -> str:
        assert self.process.stdout
        deadline = time.monotonic() + UP_SECONDS
        for line in self.process.stdout:
            self.output += line
            if words in line:
                return self.output
            assert time.monotonic() < deadline, self.output
        raise AssertionError(f"it ended before saying {words!r}:\n{self.output}")

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        assert self.process.stdout
        self.output += self.process.stdout.read()
        return self.process.wait(60)

    def left_behind(self) -> list[str]:
        """What is still there after five seconds: PostgreSQL removes its pid file, then exits."""
        deadline = time.monotonic() + 5
        while (found := self._processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def _processes(self) -> list[str]:
        """Every process that bears this run's home in its environment or command."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                mine = process.environ().get("TOUCHSTONE_HOME") == str(self.home)
                if mine or str(self.home) in " ".join(process.cmdline()):
                    found.append(f"{process.pid} {' '.join(process.cmdline())[:120]}")
            except psutil.Error:
                continue
        return found


def sent_in(url: str, password: str) -> str:
    """A file sent in as a person does it; the address of its result."""
    person = requests.Session()

    def form(page: str) -> dict[str, str]:
        text = person.get(f"{url}{page}", timeout=10).text
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)[0]
        teams = re.findall(r'<option value="([0-9a-f-]{36})"', text)
        return {"csrfmiddlewaretoken": token} | ({"team": teams[0]} if teams else {})

    sign_in = form("/accounts/login/") | {"login": "admin@localhost", "password": password}
    person.post(f"{url}/accounts/login/", data=sign_in, timeout=10).raise_for_status()
    picture = io.BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(picture, "PNG")
    files = {"upload": ("new.png", picture.getvalue(), "image/png")}
    began = time.monotonic()
    person.post(f"{url}/submit/", data=form("/submit/"), files=files, timeout=30).raise_for_status()
    history = person.get(f"{url}/?q=new.png", timeout=10).text
    (result,) = set(re.findall(r'href="(/s/[0-9a-f-]{36}/)"', history))
    while "Cancel analysis" in person.get(f"{url}{result}", timeout=10).text:
        assert time.monotonic() - began < AT_ONCE, "the file waits, as if nobody had rung"
        time.sleep(0.2)
    return str(result)


def mails_open_no_door_to_readers_of_logs(home: Path, url: str, log: str) -> None:
    """The mail file is told at the start and its owner's alone; no log has a link, nor is open."""
    mails = home / "mail.txt"
    assert f"mail      {mails}" in log
    person = requests.Session()
    page = person.get(f"{url}/accounts/password/reset/", timeout=10).text
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    form = {"csrfmiddlewaretoken": token, "email": "admin@localhost"}
    person.post(f"{url}/accounts/password/reset/", data=form, timeout=10).raise_for_status()
    link = re.search(r"/accounts/password/reset/key/(\S+)/", mails.read_text())
    assert link and person.get(url + link[0], timeout=10).ok
    for file in (home / "logs").iterdir():
        assert link[1] not in file.read_text(errors="replace"), file
        assert file.stat().st_mode & 0o137 == 0, "0640 or tighter"
    assert mails.stat().st_mode & 0o177 == 0


@pytest.fixture
def home() -> Iterator[Path]:
    """Not under pytest's own folder: PostgreSQL run by root works as `nobody`, who must be able to
    walk here, and any other pytest that starts meanwhile closes that folder again."""
    folder = Path(tempfile.mkdtemp(prefix="touchstone-up-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


def test_up_serves_analyses_and_stops_without_a_trace(home: Path) -> None:
    """First run: password once, samples analysed, what is sent in is examined at once; Ctrl-C: no
    process left; again: nothing twice."""
    first = Up(home)
    try:
        log = first.until("Ctrl-C stops everything")
        assert re.search(r"password  \S{12,}", log)
        assert "5 analysed" in log
        url = re.search(r"Touchstone is at (\S+)", log)
        assert url
        with urlopen(f"{url[1]}/accounts/login/", timeout=10) as page:
            assert page.status == 200 and b"<form" in page.read()
        password = re.search(r"password  (\S{12,})", log)
        assert password and sent_in(url[1], password[1])
        assert "did not ring" not in (home / "logs" / "web.log").read_text()
        mails_open_no_door_to_readers_of_logs(home, url[1], log)
    finally:
        assert first.stop(signal.SIGINT) == 0, first.output
    assert first.left_behind() == []

    second = Up(home)
    try:
        log = second.until("Ctrl-C stops everything")
        assert "as printed on the first run" in log
        assert "Sample analyses ... kept" in log
    finally:
        assert second.stop(signal.SIGHUP) == 0, second.output
    assert second.left_behind() == []
