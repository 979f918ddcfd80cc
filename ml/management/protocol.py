"""The part of `manage.py evaluate` that runs a protocol."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml.evaluation.evaluating import Watch

MARKS = "protocol"


def add_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("protocols (docs/evaluation.md)")
    group.add_argument("--protocol", metavar="NAME", help="of ml/evaluation/protocols, or a .toml")
    group.add_argument(
        "--data", type=Path, action="append", default=[], metavar="FOLDER",
        help="folder of the protocol's data sets; can be repeated",
    )  # fmt: skip
    group.add_argument("--sample", type=int, default=0, metavar="N", help="N files a set; 0: all")
    group.add_argument(
        "--hard", type=int, default=20, metavar="N", help="genuine files of each hard row (20)"
    )
    group.add_argument(
        "--laundered", type=int, default=12, metavar="N",
        help="files of each generator and genuine source that are laundered (12)",
    )  # fmt: skip
    group.add_argument(
        "--beside", action="append", default=[], metavar="PACKAGE.MODULE:PREDICT",
        help="another detector, predict(path) -> float, on the same files",
    )  # fmt: skip
    group.add_argument("--no-opponents", action="store_true", help="leave out the opponents")
    group.add_argument(
        "--pin",
        action="store_true",
        help="print the list digest of each set here, and examine none",
    )


def run(options: Mapping[str, Any], names: Sequence[str] | None, watch: Watch) -> None:
    """Prints what the options ask for. Raises CommandError."""
    from django.core.management.base import CommandError

    from ml.evaluation import pages, running
    from ml.evaluation.protocols import besides, evaluating, report
    from ml.evaluation.protocols.reading import ProtocolRefused

    if not options["data"]:
        raise CommandError("--protocol needs --data: the folder of its data sets.")
    if min(options["sample"], options["hard"], options["laundered"]) < 0:
        raise CommandError("--sample, --hard and --laundered count files: 0 or more.")
    if options["split"] or options["robustness"] or options["fill_cards"]:
        raise CommandError(
            "--split, --robustness and --fill-cards belong to a manifest: a protocol says itself "
            "which splits are reported and what happens to the files."
        )
    try:
        if options["pin"]:
            pinned(options["protocol"], options["data"])
            return
        plan = evaluating.Plan(
            protocol=options["protocol"],
            roots=options["data"],
            sample=options["sample"],
            hard=options["hard"],
            laundered=options["laundered"],
            besides=options["beside"],
            with_opponents=not options["no_opponents"],
            names=names,
            jobs=options["jobs"],
            by=options["by"],
            cache=options["cache"],
            out=options["out"],
        )
        results = evaluating.evaluate(plan, watch)
        if options["write"]:
            pages.written(options["write"], MARKS, report.markdown(results))
    except (ProtocolRefused, besides.BesideRefused, running.UnknownDetector) as refused:
        raise CommandError(str(refused)) from refused
    except pages.NoMarks as error:
        raise CommandError(str(error)) from error
    if options["json"]:
        sys.stdout.write(json.dumps(results, ensure_ascii=True, allow_nan=False) + "\n")
    else:
        sys.stdout.write(report.markdown(results))


def pinned(name: str, roots: Sequence[Path]) -> None:
    """A line a set that is here: what a protocol file says as `listing`."""
    from ml.evaluation.protocols import adapters, reading

    for one in reading.read(name).sets:
        here = adapters.found_in(one, roots)
        found = here.files if here else ()
        digest = adapters.listing(found) if found else "not here"
        sys.stdout.write(f"{one.name}\t{len(found)}\t{digest}\n")
