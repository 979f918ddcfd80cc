"""A mistake in a setting is reported in one sentence that names the setting."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import BadSetting, Environment

env = Environment()


@pytest.mark.parametrize(
    ("text", "size"),
    [("536870912", 536_870_912), ("512MB", 512_000_000), ("512 MiB", 536_870_912),
     ("1.5GB", 1_500_000_000), ("10k", 10_000)],
)  # fmt: skip
def test_sizes_have_units(monkeypatch: pytest.MonkeyPatch, text: str, size: int) -> None:
    monkeypatch.setenv("X_BYTES", text)
    assert env.size("X_BYTES", 1) == size


@pytest.mark.parametrize("text", ["512XB", "lots", "-1", "0", "1,5GB"])
def test_what_is_no_size_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("X_BYTES", text)
    with pytest.raises(BadSetting, match="X_BYTES"):
        env.size("X_BYTES", 1)


def test_a_value_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("X_SECRET_FILE", str(tmp_path / "secret"))
    assert env.str("X_SECRET", "") == "from the file"
    monkeypatch.setenv("X_SECRET_FILE", str(tmp_path / "none"))
    with pytest.raises(BadSetting, match="X_SECRET_FILE"):
        env.str("X_SECRET", "")


def test_mistakes_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text, ask in (
        ("X_RATE", "often", lambda: env.rate("X_RATE", "1/s")),
        ("X_LEASE", "-5", lambda: env.above(0, "X_LEASE", 60.0)),
        ("X_LEASE2", "long", lambda: env.above(0, "X_LEASE2", 60.0)),
        ("X_GRACE", "-8", lambda: env.at_least(0, "X_GRACE", 8.0)),
        ("X_OPTIONS", "[1]", lambda: env.options("X_OPTIONS", {})),
        ("X_NUMBER", "many", lambda: env.int("X_NUMBER", 1)),
        ("X_BROKER", "http://localhost", lambda: env.broker("X_BROKER")),
    ):
        monkeypatch.setenv(name, text)
        with pytest.raises(BadSetting, match=name):
            ask()
    monkeypatch.setenv("X_BROKER", "amqp://rabbit//")
    assert env.broker("X_BROKER") == "amqp://rabbit//"


def test_a_pooler_without_a_broker_is_refused_in_a_sentence() -> None:
    """The queue in PostgreSQL keeps prepared statements, which a pooler by transaction loses."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"], cwd=root, text=True, capture_output=True,
        env={**os.environ, "SECRET_KEY": "x" * 60, "DATABASE_POOLED": "1", "BROKER_URL": ""},
    )  # fmt: skip
    assert done.returncode == 1
    assert "DATABASE_POOLED needs BROKER_URL" in done.stdout


def test_every_command_says_what_is_wrong_with_the_settings_in_a_sentence() -> None:
    """The reader of a traceback would have to find it; `--traceback` shows one."""
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "SECRET_KEY": "x" * 60, "JOBS_LEASE_SECONDS": "-5"}
    for command in ("worker", "migrate", "doctor"):
        done = subprocess.run(
            [sys.executable, "manage.py", command], cwd=root, text=True, capture_output=True,
            env=env, check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
        assert done.returncode == 1 and "Traceback" not in output, output
        assert "JOBS_LEASE_SECONDS is -5" in output and "docs/settings.md" in output
