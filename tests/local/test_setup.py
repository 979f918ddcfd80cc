"""`make setup` finds a suitable Python, reports what is missing, and shows progress without a list
of packages."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local import progress

ROOT = Path(__file__).resolve().parents[2]
UV = str(Path(sys.executable).parent / "uv")


class Machine:
    """A PATH with the Pythons of somebody's machine, and little else."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in ("sh", "tr", "cat"):
            (self.bin / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")

    def has(self, name: str, says: str = "", venv: bool = True) -> None:
        """A real Python under this name; `says` is the version that it gives for its own."""
        script = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
        if says or not venv:
            site = self.bin.parent / f"site-{name}"
            site.mkdir()
            if says:
                (site / "sitecustomize.py").write_text(
                    "import sys, collections\n"
                    "V = collections.namedtuple('V', 'major minor micro releaselevel serial')\n"
                    f"sys.version_info = V({says.replace('.', ', ')}, 0, 'final', 0)\n"
                )
            if not venv:  # as Debian leaves it out of the package python3
                (site / "ensurepip.py").write_text("raise ModuleNotFoundError('ensurepip')\n")
            script = script.replace("exec", f'PYTHONPATH="{site}" exec')
        self._write(name, script)

    def has_a_name_that_does_not_run(self, name: str) -> None:
        self._write(name, f'#!/bin/sh\necho "pyenv: {name}: command not found" >&2\nexit 127\n')

    def _write(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def found(self, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(ROOT / "platform/local/find_python.sh")],
            text=True, capture_output=True, timeout=60, env={"PATH": str(self.bin)} | env,
        )  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_python3_alone_is_enough(machine: Machine, version: str) -> None:
    """Ubuntu 24.04 has 3.12 and Debian 13 has 3.13; the name python3 is all that is needed."""
    machine.has("python3", says=version)
    assert machine.found().stdout == "python3\n"


def test_the_newest_that_fits_is_taken(machine: Machine) -> None:
    """By its version, not by its name; one too new or too old is passed over."""
    machine.has("python3.11", says="3.11")
    machine.has("python3", says="3.13")
    machine.has("python", says="3.14")
    assert machine.found().stdout == "python3\n"
    machine.has_a_name_that_does_not_run("python3.13")
    assert machine.found().stdout == "python3\n"
    assert machine.found(PYTHON="python3.11").stdout == "python3.11\n"


@pytest.mark.parametrize("version", ["3.10", "3.14", "2.7"])
def test_without_a_python_that_fits_one_sentence_says_so(machine: Machine, version: str) -> None:
    """It names what is needed and what is there."""
    machine.has("python3", says=version)
    found = machine.found()
    assert found.returncode == 1 and found.stdout == ""
    assert found.stderr.startswith("Touchstone needs Python 3.11, 3.12 or 3.13")
    assert f"python3 is {version}." in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_a_missing_venv_module_is_named_with_its_package(machine: Machine) -> None:
    """Debian keeps it apart. An older Python that has it is taken instead."""
    machine.has("python3", says="3.13", venv=False)
    found = machine.found()
    assert found.returncode == 1 and found.stdout == ""
    assert "its venv module is missing" in found.stderr
    assert "apt install python3.13-venv" in found.stderr
    assert len(found.stderr.splitlines()) == 1
    machine.has("python3.12", says="3.12")
    assert machine.found().stdout == "python3.12\n"


# === Progress ===


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Forty packages to install."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for number in range(40):
        name = f"touchstone_toy{number}"
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", "")
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            wheel.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{info}/RECORD", "")
    return folder


def installed(wheels: Path, *names: str, terminal: bool) -> tuple[int, str]:
    output: list[bytes] = []
    command = [
        UV, "pip", "install", "--no-cache", "--no-index", "--find-links", str(wheels),
        "--python", sys.executable, "--target", str(wheels.parent / "target"), *names,
    ]  # fmt: skip
    code = progress.run(command, cwd=ROOT, write=output.append, terminal=terminal)
    return code, b"".join(output).decode()


@pytest.mark.parametrize("terminal", [True, False])
def test_installing_shows_progress_and_no_list_of_packages(wheels: Path, terminal: bool) -> None:
    """uv itself installs; on a terminal its progress bar is drawn."""
    names = [f"touchstone-toy{n}" for n in range(40)]
    code, output = installed(wheels, *names, terminal=terminal)
    assert code == 0
    assert "Installed" in output and "40 packages" in output
    assert not re.search(r"toy\d+\S*==1\.0", output.partition("Installed")[2])
    assert ("\x1b[" in output) is terminal
    assert len(list((wheels.parent / "target").glob("touchstone_toy*.py"))) == 40


@pytest.mark.parametrize("terminal", [True, False])
def test_a_failed_installation_shows_the_error(wheels: Path, terminal: bool) -> None:
    """uv's own words, and its exit status."""
    code, output = installed(wheels, "touchstone-toy1", "no-such-package", terminal=terminal)
    assert code != 0
    assert "no-such-package" in output


def test_what_follows_the_list_is_shown() -> None:
    """A warning after the packages, also when the output comes byte by byte."""
    input = (
        b"Resolved 2 packages in 1ms\n\x1b[2mInstalled \x1b[1m2 packages\x1b[0m \x1b[2min 3ms\n"
        b" \x1b[32m+\x1b[39m \x1b[1ma\x1b[0m\x1b[2m==1.0\x1b[0m\n - b==2.0\nwarning: odd\nlast"
    )
    output: list[bytes] = []
    passing = progress.WithoutTheList(output.append)
    for byte in input:
        passing.feed(bytes([byte]))
    passing.close()
    words = b"".join(output)
    assert b"a\x1b" not in words.split(b"3ms\n")[1] and b"b==2.0" not in words
    assert words.endswith(b"warning: odd\nlast")


# === The lock ===


def test_the_declared_pythons_are_the_ones_that_set_up_takes() -> None:
    """pyproject.toml, the lock's lower end, and the script agree."""
    assert 'requires-python = ">=3.11,<3.14"' in (ROOT / "pyproject.toml").read_text()
    assert "'3 11' | '3 12' | '3 13'" in (ROOT / "platform/local/find_python.sh").read_text()


def test_without_progress_bars_a_download_is_one_line() -> None:
    """uv says "Downloading" and "Downloaded" of each; the first one is enough."""
    output: list[bytes] = []
    passing = progress.WithoutTheList(output.append, bars=False)
    passing.feed(b"Resolved 2 packages in 1ms\nDownloading a (2MiB)\n Downloaded a\n")
    passing.feed(b"Installed 1 package in 1ms\n + a==1.0\n")
    passing.close()
    assert b"".join(output).splitlines() == [
        b"Resolved 2 packages in 1ms",
        b"Downloading a (2MiB)",
        b"Installed 1 package in 1ms",
    ]
