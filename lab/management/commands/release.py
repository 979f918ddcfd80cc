"""`manage.py release face|synthetic`: a finished run becomes the detector that is served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import track

from ml.engine import shell


class Command(BaseCommand):
    help = (
        "Export a finished training run for service: weights as LiteRT, checked against the "
        "network; calibration on the validation split; figures of the test split; all of it in "
        "the detector's card. Commit what it wrote."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["face", "synthetic"])
        parser.add_argument("--name", help="the run's folder below --runs; default: what")
        parser.add_argument("--runs", type=Path, help="default: TOUCHSTONE_CACHE/runs")
        parser.add_argument("--out", type=Path, help="default: the detector's own folder")
        shell.also(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        # Late, because importing Keras takes seconds that other commands need not wait for.
        import ml.engine.detectors
        from lab.face import data, export, faces, release
        from ml.evaluation import data_folders

        what = release.RELEASES[options["what"]]
        run: Path = (options["runs"] or data_folders.cache() / "runs") / (
            options["name"] or options["what"]
        )
        out: Path = options["out"] or Path(ml.engine.detectors.__path__[0]) / what.name
        try:
            own = faces.own(options["also"])
            store, _ = faces.opened(own)
            card = release.release(what, store, run, out, own=own, watch=watched)
        except FileNotFoundError as error:
            raise CommandError(
                f"{error.filename} is missing: the run is not finished. `manage.py train "
                f"{options['what']} --resume` goes on with it."
                if error.filename
                else str(error)
            ) from error
        except (data.ManifestRefused, export.ParityBroken, ValueError) as error:
            raise CommandError(str(error)) from error
        clean = card["measured"]["clean"]
        self.stdout.write(f"{what.name}: AUC {clean['auc']} on the test split; card in {out}.")


def watched(numbers: Sequence[int]) -> Iterator[int]:
    yield from track(numbers, "Scoring", update_period=1.0)
