"""`python -m ml.engine.model_files`: fetch the model files that are missing, and check the others.

`--remove-sources` deletes those that networks were built from, for an image.
"""

from __future__ import annotations

import sys

from ml.engine.model_files import FILES, folder
from ml.engine.model_files.fetching import fetch


def main(argv: list[str]) -> int:
    if argv == ["--remove-sources"]:
        for one in FILES.values():
            if one.only_builds:
                (folder() / one.name).unlink(missing_ok=True)
        return 0
    failures = fetch()
    for sentence in failures:
        print(sentence, file=sys.stderr)
    if failures:
        print(
            f"{len(failures)} of {len(FILES)} model files are missing. Touchstone runs without "
            "them; the checks that need them say that they are not available.",
            file=sys.stderr,
        )
        return 1
    print(f"All {len(FILES)} model files are in {folder()}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
