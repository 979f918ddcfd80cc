"""`make setup`, inside the virtual environment: the pinned packages, then the model files.

Run by `setup.sh`. Only the standard library is there at the start.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local.progress import run

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements/dev.txt")
STAMP = ROOT / ".venv" / ".installed"
BIN = Path(sys.executable).parent
UV = str(BIN / "uv")


def main() -> int:
    if code := _install_uv():
        return code
    _uninstall_carriers()
    print("Installing the pinned packages (about 1 GB to fetch the first time)", flush=True)
    locks = [part for lock in LOCKS for part in ("-r", lock)]
    code = run(
        [UV, "pip", "install", "--python", sys.executable, "--no-deps", "--require-hashes", *locks],
        cwd=ROOT,
    )
    if code:
        print("Setting up stopped: a package could not be installed. The reason stands above.")
        return code
    # Without a model file Touchstone runs; the next `make` tries again.
    for step in ("ml.engine.model_files", "ml.engine.image_encoders"):
        if subprocess.run([sys.executable, "-m", step], cwd=ROOT, check=False).returncode:
            return 0
    STAMP.touch()
    return 0


def _install_uv() -> int:
    """uv, by hash, with the pip that came with the environment."""
    return subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--require-hashes", "-r", "requirements/installer.txt",
        ],
        cwd=ROOT, check=False,
    ).returncode  # fmt: skip


def _uninstall_carriers() -> None:
    """The wheels that carry model files are data; earlier set-ups installed them."""
    lines = (ROOT / "requirements" / "models.txt").read_text().splitlines()
    carriers = [line.partition("==")[0] for line in lines if "==" in line]
    command = [UV, "pip", "uninstall", "--quiet", "--python", sys.executable, *carriers]
    subprocess.run(command, cwd=ROOT, check=False, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
