"""What the image omits from installed packages: only what is listed, and every entry still
matches."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml._yaml

PRUNE: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[2] / "docker" / "prune.py"))


def test_a_library_that_a_kept_one_names_is_kept(tmp_path: Path) -> None:
    """Found through the other, as the loader finds it."""
    files = {"_jpegxl.abi3.so": b"..libjxl-1.so..", "libjxl-1.so": b"..libbrotli-2.so..",
             "libbrotli-2.so": b"", "libaom-3.so": b""}  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    libraries = [path for path in tmp_path.iterdir() if path.name.startswith("lib")]
    kept = PRUNE["linked"]([tmp_path / "_jpegxl.abi3.so"], libraries)
    assert {path.name for path in kept} == {"libjxl-1.so", "libbrotli-2.so"}


def test_a_line_that_matches_nothing_ends_the_build(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="matches"):
        PRUNE["prune"](tmp_path)


@pytest.mark.skipif(not shutil.which("strip"), reason="needs binutils")
def test_a_module_without_its_symbols_is_smaller_and_loads(tmp_path: Path) -> None:
    whole = Path(yaml._yaml.__file__)
    shutil.copytree(whole.parent, tmp_path / "yaml")
    PRUNE["without_symbols"](tmp_path)
    module = tmp_path / "yaml" / whole.name
    assert module.stat().st_size < whole.stat().st_size / 2
    loads = "import sys, yaml._yaml; assert yaml._yaml.__file__ == sys.argv[1]"
    subprocess.run([sys.executable, "-c", loads, str(module)], env={"PYTHONPATH": str(tmp_path)},
                   check=True)  # fmt: skip
