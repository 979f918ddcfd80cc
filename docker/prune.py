"""Takes out of an installed environment what no process of Touchstone can use. For the image alone.

    python3 docker/prune.py /opt/venv

Each line names why. One that matches nothing any more ends the build: the list stays true. The
image's own test (docker/test_image.py) runs pages, checks and jobs with what is left.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NOT_NEEDED = {
    "**/tests": "tests of packages",
    "**/*.pyi": "for type checkers",
    "**/*.po": "sources of translations, of which the .mo files are read",
    "**/*.pxd": "for compilers",
    "**/*.pyx": "for compilers",
    "**/*.c": "for compilers",
    "numpy/_core/include": "for compilers",
    "c2pa/libs/*.rlib": "for linkers; the .so beside it is what is loaded",
    "ai_edge_litert/libLiteRtWebGpuAccelerator.so": "networks run on the processor",
    "ai_edge_litert/vendors": "compilers for other chips",
    "ai_edge_litert/aot": "calls these compilers",
    "ai_edge_litert/tools": "programs of developers",
    "lxml": "of pyHanko, for lists of trusted certificates, which are not read",
    "oscrypto": "of pyHanko, for the operating system's certificates, which are not asked",
    "click_repl": "of Celery, for a shell of its own",
    "prompt_toolkit": "of that shell",
    "wcwidth": "of that shell",
    "pygments": "colours of source text in tracebacks; without it they come without colours",
    "cv2/data/*.xml": "cascades; faces are found by MediaPipe",
}
LANGUAGES = {"en", "de", "de_AT", "de_CH", "__pycache__"}
LOCALES = ("django/conf/locale", "**/locale")
USED_CODECS = {"_brotli", "_jpegxl", "_shared", "_shared_cython"}
"""Of imagecodecs: JPEG XL, and the boxes in it that are compressed."""


class NothingMatches(SystemExit):
    pass


def prune(packages: Path) -> int:
    """Returns how many bytes are gone."""
    before = _size(packages)
    for pattern in NOT_NEEDED:
        _take_out(pattern, list(packages.glob(pattern)))
    _take_out("languages", list(_languages(packages)))
    codecs = [file for file in (packages / "imagecodecs").glob("_*.so")
              if file.name.split(".")[0] not in USED_CODECS]  # fmt: skip
    _take_out("codecs", codecs)
    kept = list((packages / "imagecodecs").glob("_*.so"))
    libraries = list((packages / "imagecodecs.libs").iterdir())
    _take_out(
        "libraries of codecs", [one for one in libraries if one not in linked(kept, libraries)]
    )
    without_symbols(packages)
    return before - _size(packages)


def without_symbols(packages: Path) -> None:
    """Debuggers read them. Bundled libraries stay as they are: their tables were edited."""
    modules = [one for one in packages.rglob("*.so") if not one.parent.name.endswith(".libs")]
    subprocess.run(["strip", "--strip-debug", *map(str, modules)], check=True)


def linked(files: list[Path], libraries: list[Path]) -> set[Path]:
    """The libraries that the files name, and those that these name."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        content = waiting.pop().read_bytes()
        for library in libraries:
            if library not in found and library.name.encode() in content:
                found.add(library)
                waiting.append(library)
    return found


def _languages(packages: Path) -> Iterator[Path]:
    for pattern in LOCALES:
        for folder in packages.glob(pattern):
            for language in folder.iterdir():
                if language.is_dir() and language.name not in LANGUAGES:
                    yield language


def _take_out(what: str, found: list[Path]) -> None:
    if not found:
        raise NothingMatches(f"Nothing matches {what!r} any more: correct docker/prune.py.")
    for path in found:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # it went with a folder


def _size(folder: Path) -> int:
    return sum(one.lstat().st_size for one in folder.rglob("*") if not one.is_dir())


if __name__ == "__main__":
    for packages in Path(sys.argv[1]).glob("lib/python3*/site-packages"):
        print(f"{prune(packages) / 1e6:.0f} MB that nothing uses are left out of {packages}.")
