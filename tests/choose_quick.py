"""Chooses what `make quick` runs: the files of the fast part that cover most in least time.

`make test-fast JUNIT=fast.xml` measures; `python -m tests.choose_quick fast.xml` writes
`tests/quick.txt`, the files whose tests take least each, up to the seconds given.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests" / "quick.txt"
LOADS_TENSORFLOW = "tests/lab/face/"
"""To import these takes each process longer than they run."""


def file_of(name: str) -> str | None:
    """The test file that a JUnit class name stands for; a class inside it is cut off."""
    parts = name.split(".")
    while parts:
        path = Path(*parts).with_suffix(".py")
        if (ROOT / path).is_file():
            return path.as_posix()
        parts.pop()
    return None


def choose(report: Path, seconds: float) -> list[str]:
    spent: defaultdict[str, float] = defaultdict(float)
    tests: Counter[str] = Counter()
    for case in ElementTree.parse(report).iter("testcase"):
        path = file_of(case.get("classname", ""))
        if path and not path.startswith(LOADS_TENSORFLOW):
            spent[path] += float(case.get("time", 0))
            tests[path] += 1
    chosen, total = [], 0.0
    for path in sorted(spent, key=lambda name: spent[name] / tests[name]):
        total += spent[path]
        if total > seconds:
            break
        chosen.append(path)
    print(f"{len(chosen)} of {len(spent)} files, {sum(tests[p] for p in chosen)} tests")
    return sorted(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--seconds", type=float, default=40, help="of two cores together")
    options = parser.parse_args()
    LIST.write_text("\n".join(choose(options.report, options.seconds)) + "\n")


if __name__ == "__main__":
    main()
