"""`manage.py verify PATH... [--json]`: examine files without a database, a server or a secret."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ml.engine.manifest import manifest_of
from ml.engine.naming import detector_name

INTERRUPTED = 130
HEADLINES = {
    "manipulation_found": ("MANIPULATION FOUND", "bold red"),
    "declared_generated": ("the file says that it was generated", "bold blue"),
    "no_manipulation_found": ("no manipulation found", "bold green"),
    "inconclusive": ("inconclusive", "bold yellow"),
    "rejected": ("not examined", "bold magenta"),
}
SOUNDS = {
    "speech": "speech",
    "sound": "sound but no certain speech",
    "silence": "nothing heard",
    "nothing": "no sound",
}
MOST_SCENES = 12
"""Lines that a person reads; all are in the list that --json prints."""
Report = Callable[[float, str], None]


class Command(BaseCommand):
    help = (
        "Examine pictures, videos and sound files. Folders are walked. The exit status is 0 "
        "whatever the verdict, also when a file is refused; its entry says why."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
        parser.add_argument("--json", action="store_true", help="print a list, an item a file")

    def handle(self, *args: Any, **options: Any) -> None:
        from ml.engine import (
            shell,  # models are loaded by commands that use them, not by every command
        )

        files = list(shell.files(options["paths"]))
        show: Listing | Sheet = Listing() if options["json"] else Sheet()
        try:
            with progress(len(files)) as begin:
                for number, path in enumerate(files, 1):
                    report = begin(number, path.name)
                    show.item(shell.examine(path, report))
        except KeyboardInterrupt:
            show.end()
            self.stderr.write("Stopped. The results above are complete; the rest was not examined.")
            sys.exit(INTERRUPTED)
        show.end()


class Listing:
    """A JSON list, written item by item, so that a long run shows something and stays small."""

    def __init__(self) -> None:
        self._opened = False

    def item(self, item: dict[str, Any]) -> None:
        sys.stdout.write(",\n" if self._opened else "[\n")
        self._opened = True
        sys.stdout.write(json.dumps(item, ensure_ascii=True, allow_nan=False))
        sys.stdout.flush()

    def end(self) -> None:
        sys.stdout.write("\n]\n" if self._opened else "[]\n")
        sys.stdout.flush()


class Sheet:
    """For a person: the verdict, why, and what is worth looking at."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(soft_wrap=True, highlight=False)

    def item(self, item: dict[str, Any]) -> None:
        from rich.text import Text

        say = self._console.print
        headline, style = HEADLINES[item["verdict"]]
        say(Text.assemble((printable(item["path"]), "bold"), ": ", (headline, style)))
        say(Text(f"  {item['reason']}"))
        if item["sha256"]:
            say(Text(f"  SHA-256 {item['sha256']}", style="dim"))
        for fact in item["media"]["stated"]:
            say(Text(f"  {fact['text']}", style="dim"))
        for line in scene_lines(item["scenes"], {f["detector"] for f in item["findings"]}):
            say(Text(f"  {line}", style="dim"))
        for finding in item["findings"]:
            name = detector_name(finding["detector"])
            say(Text(f"  {name} {finding['version']}: {_status(finding)}"))
            for evidence in finding["evidence"]:
                if evidence["strength"] != "context":
                    say(Text(f"    {evidence['strength']}: {evidence['text']}"))
        say("")

    def end(self) -> None:
        """Nothing is left to be said."""


def scene_lines(scenes: dict[str, Any] | None, detectors: Set[str]) -> Iterator[str]:
    """What may be examined where by the checks that are there, a line a stretch, and why not."""
    offered = {manifest_of(name).looks_at for name in detectors}
    stretches = scenes["stretches"] if scenes else []
    for stretch in stretches[:MOST_SCENES]:
        sound, shot = SOUNDS[stretch["heard"]], stretch["shot"]
        faces = stretch["faces"]
        seen = "faces not known" if faces is None else f"{len(faces) or 'no'} {_faces(len(faces))}"
        where = "no picture" if shot is None else f"shot {shot}, {seen}"
        why_not = [why for name, why in stretch["why_not"].items() if name in offered]
        sentences = dict.fromkeys([*why_not, stretch["note"]])
        why = " ".join(sentence for sentence in sentences if sentence)
        applies = ", ".join(n for n in stretch["applies"] if n in offered) or "none"
        time = f"{stretch['start']:.1f} to {stretch['end']:.1f} s"
        yield f"{time}: {where}, {sound}; applies: {applies}. {why}".rstrip()
    if len(stretches) > MOST_SCENES:
        yield f"{len(stretches) - MOST_SCENES} more stretches are listed by --json."


def _faces(count: int) -> str:
    return "face" if count <= 1 else "faces"


def _status(finding: dict[str, Any]) -> str:
    if finding["status"] == "ran":
        return str(finding["reason"])
    return f"{finding['status'].replace('_', ' ')}: {finding['reason']}"


def printable(text: str) -> str:
    """A file may be named with line ends and escapes; a terminal must not obey them."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


@contextmanager
def progress(count: int) -> Iterator[Callable[[int, str], Report]]:
    """A bar on a terminal, a plain line a file elsewhere; both on standard error."""
    if not sys.stderr.isatty():
        yield _plainly(count)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}% {task.fields[stage]}"),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    ) as bar:
        task = bar.add_task("", total=1.0, stage="")

        def begin(number: int, name: str) -> Report:
            bar.reset(
                task, total=1.0, description=f"{number}/{count} {escape(printable(name)[:60])}"
            )

            def report(share: float, stage: str) -> None:
                bar.update(task, completed=share, stage=stage)

            return report

        yield begin


def _plainly(count: int) -> Callable[[int, str], Report]:
    def begin(number: int, name: str) -> Report:
        sys.stderr.write(f"{number}/{count} {printable(name)}\n")
        sys.stderr.flush()
        return lambda share, stage: None

    return begin
