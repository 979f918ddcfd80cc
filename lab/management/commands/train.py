"""`manage.py train face|synthetic`: train a face network, in pieces if need be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import track

from ml.engine import shell

if TYPE_CHECKING:
    from lab.face.config import FaceConfig

INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Train a detector. Everything goes into a folder outside the repository: settings, "
        "checkpoints, losses, and at the end the averaged weights. A run that was stopped goes on "
        "with --resume as if it had not been."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["face", "synthetic"])
        parser.add_argument("--config", type=Path, help="settings (JSON); default: as in config.py")
        parser.add_argument("--steps", type=int, help="instead of the settings' number of steps")
        parser.add_argument("--stop-at", type=int, help="save and stop before this step")
        parser.add_argument(
            "--name", help="the run's folder below --runs; default: what is trained"
        )
        parser.add_argument("--runs", type=Path, help="default: TOUCHSTONE_CACHE/runs")
        parser.add_argument(
            "--start",
            help="begin from another finished run below --runs, or from nothing, not from ImageNet",
        )
        shell.also(parser)
        parser.add_argument("--resume", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        # Late, because importing Keras takes seconds that other commands need not wait for.
        import dataclasses

        from lab.face import batches, data, drawers, faces, loop, redraw
        from lab.face.config import PRESETS, ConfigRefused, FaceConfig
        from ml.evaluation import data_folders

        run: Path = (options["runs"] or data_folders.cache() / "runs") / (
            options["name"] or options["what"]
        )
        try:
            known = options["config"] or (run / loop.CONFIG if options["resume"] else None)
            config = FaceConfig.read(known) if known else PRESETS[options["what"]]
            if options["steps"]:
                config = dataclasses.replace(config, steps=options["steps"])
            if options["start"]:
                config = dataclasses.replace(config, start=options["start"])
            store = faces.prepared(options["also"], looked_through)
            self.stdout.write(
                f"{int(store.faces.sum())} of {len(store.items)} pictures have a face."
            )
            pool = batches.Pool(store, config)
            if config.blends and config.redrawn:
                pool.redrawn = redraw.prepared(store, pool.genuine, data_folders.cache() / "faces")
            if pool.redrawn and config.by_network:
                drawings = drawers.prepared(
                    store, pool.genuine, data_folders.cache() / "faces", learning_to_draw
                )
                pool.redrawn = dataclasses.replace(
                    pool.redrawn, drawings=drawings, by_network=config.by_network
                )
            training = loop.train(
                pool,
                run,
                imagenet=beginning(config, run.parent),
                resume=options["resume"],
                stop_at=options["stop_at"],
                watch=watched,
            )
        except (ConfigRefused, data.ManifestRefused, loop.CannotResume, OSError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stderr.write(f"Stopped. Continue with --resume. The last checkpoint is in {run}.")
            raise SystemExit(INTERRUPTED) from None
        done = training.step == config.steps
        self.stdout.write(
            f"The averaged weights are in {run / loop.WEIGHTS}."
            if done
            else f"Saved at step {training.step} of {config.steps} in {run}; go on with --resume."
        )


def beginning(config: FaceConfig, runs: Path) -> dict[str, Any] | None:
    """The weights that a run begins with."""
    from lab.face import convert_lite0, loop

    if config.start == "nothing":
        return None
    if config.start == "imagenet":
        return convert_lite0.imagenet_weights()
    return loop.finished(runs / config.start / loop.WEIGHTS, heads=config.keep_heads)


def looked_through(pictures: Iterable[Any], count: int) -> Iterable[Any]:
    return track(pictures, "Finding faces", total=count, update_period=1.0)


def learning_to_draw(steps: Sequence[int]) -> Iterator[int]:
    yield from track(steps, "Learning to draw faces", update_period=1.0)


def watched(steps: Iterable[int]) -> Iterator[int]:
    yield from track(list(steps), "Training", update_period=1.0)
