"""The requirements by closure: each list is enough for its purpose and agrees with the whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from bench import clips
from bench.sync import speaking

ROOT = Path(__file__).resolve().parents[2]
LISTS = ROOT / "requirements"
CUSTOMERS = {
    "django", "djangorestframework", "celery", "psycopg2-binary", "tensorflow", "keras",
    "mediapipe", "opencv-python-headless", "moviepy", "pillow",
}  # fmt: skip
"""The packages that must be in requirements.txt by name."""
TRAINING = {"tensorflow", "keras", "scikit-learn", "matplotlib"}
ELSEWHERE = {"async-timeout", "colorama", "tzdata"}
"""Pinned for other systems or for older patch releases of Python."""


def pinned(path: Path) -> dict[str, str]:
    found = re.findall(r"^([a-z0-9.\-]+)==(\S+)", path.read_text(), re.MULTILINE)
    assert len(found) == len(dict(found)), f"{path.name} pins a package twice"
    return dict(found)


def test_the_lists_agree_with_the_whole() -> None:
    """A package has one version in all lists, and each line has hashes."""
    whole = pinned(ROOT / "requirements.txt")
    assert set(whole) >= CUSTOMERS
    serve = pinned(LISTS / "serve.txt")
    assert set(serve) < set(whole)
    assert not set(serve) & TRAINING
    for name in ("serve", "lab", "dev", "cloud", "openvino", "backup", "telemetry"):
        other = pinned(LISTS / f"{name}.txt")
        differing = {n: (v, whole[n]) for n, v in other.items() if whole.get(n, v) != v}
        assert differing == {}
        text = (LISTS / f"{name}.txt").read_text()
        assert text.count("--hash=sha256:") >= len(other)


def test_model_files_of_others_are_not_installed() -> None:
    """Their wheels, and the one with trust lists, are in no list and not in the environment."""
    carriers = pinned(LISTS / "models.txt") | pinned(LISTS / "trust.txt")
    for path in [ROOT / "requirements.txt", *LISTS.glob("*.txt")]:
        if path.name not in ("models.txt", "trust.txt"):
            assert not set(pinned(path)) & set(carriers)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"],
        text=True, capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    installed = {line.partition("==")[0].lower() for line in done.stdout.splitlines()}
    assert "django" in installed
    assert not installed & set(carriers)


KNOWN = {
    "moviepy 2.2.1 has requirement pillow<12.0,>=9.2.0",
    "mediapipe 0.10.31 is not supported on this platform",
}
"""The first is overruled (requirements/overrides.txt). The second comes from newer pips alone:
MediaPipe's wheel fits every Python 3 by its name and says CPython 3.9 inside."""


def test_pip_check_finds_nothing_but_what_is_written_down() -> None:
    """Of the versions that were chosen."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"],
        text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    conflicts = [line for line in done.stdout.splitlines() if "No broken" not in line]
    assert [line for line in conflicts if not line.startswith(tuple(KNOWN))] == []


def environment_of(names: set[str], folder: Path) -> Path:
    """Only these packages' files, as they are installed here."""
    site = Path(str(metadata.distribution("django").locate_file("")))
    folder.mkdir()
    for name in names:
        try:
            files = metadata.distribution(name).files or []
        except metadata.PackageNotFoundError:
            assert name in ELSEWHERE, f"{name} is not installed"
            continue
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(site / top)
    return folder


@pytest.mark.slow
def test_web_and_worker_run_with_serve_txt_alone(tmp_path: Path) -> None:
    """In an environment that has nothing else, all modules load, `manage.py check` passes, a
    portrait goes through the face checks and a talking clip through the voice check."""
    site = environment_of(set(pinned(LISTS / "serve.txt")), tmp_path / "site")
    photo = tmp_path / "portrait.jpg"
    clips.portrait().save(photo, "JPEG", quality=90)
    clip = speaking(tmp_path, 6)
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-S", str(Path(__file__).with_name("serve_alone.py")), photo, clip],
        cwd=ROOT, text=True, capture_output=True, timeout=280,
        env=env | {
            "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": "x" * 60,
            "PYTHONPATH": str(site),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "face_forgery ran" in done.stdout
    assert "voice_spoof ran" in done.stdout
    assert not re.search(r"^\w+ failed", done.stdout, re.MULTILINE), done.stdout


def test_nothing_connects_with_psycopg2() -> None:
    """One driver connects everything (docs/decisions/0009); Django takes it too."""
    importing = re.compile(r"^\s*(import|from) psycopg2\b", re.MULTILINE)
    rooms = ("platform", "accounts", "ml", "media_analysis", "bench", "tests")
    files = [file for room in rooms for file in (ROOT / room).rglob("*.py")]
    assert [str(file) for file in files if importing.search(file.read_text())] == []
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    assert is_psycopg3
