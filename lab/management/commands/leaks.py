"""`manage.py leaks [DETECTOR]`: do the figures rest on manipulation, or on something else?"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = (
        "Without a detector: what file size, blur or background alone tell of the prepared faces, "
        "and with --frozen what plain ImageNet features tell. With the name of a face detector: "
        "what it says when the face is covered, the box is off, or a genuine picture was only "
        "changed in harmless ways."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("detector", nargs="?")
        parser.add_argument("--pictures", type=int, default=150, help="of each class")
        parser.add_argument("--sources", default="dfdc", help="collections, separated by commas")
        parser.add_argument(
            "--frozen", action="store_true", help="also ImageNet features (minutes)"
        )
        parser.add_argument("--train", type=int, default=6000, help="pictures those are fitted on")
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--write", type=Path, metavar="FILE", help="put the baselines between a text's marks"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from lab.face import faces
        from lab.leaks import baselines, face_leaks
        from ml.engine.detectors.face_network import FaceNetworkDetector
        from ml.evaluation import pages, running

        try:
            found: Mapping[str, Any]
            if options["detector"]:
                (detector,) = running.chosen([options["detector"]])
                if not isinstance(detector, FaceNetworkDetector):
                    raise CommandError(f"{detector.name} is not a face network.")
                store, _ = faces.opened()
                sources = options["sources"].split(",")
                found = face_leaks.looked_at(store, detector, sources, options["pictures"])
            else:
                store, folder = faces.opened()
                found = baselines.all_baselines(
                    store, folder, with_frozen=options["frozen"], most_frozen=options["train"]
                )
        except (running.UnknownDetector, FileNotFoundError) as error:
            raise CommandError(str(error)) from error
        if options["write"] and not options["detector"]:
            try:
                pages.written(options["write"], "leaks", baselines.markdown(found))
            except pages.NoMarks as error:
                raise CommandError(str(error)) from error
        if options["json"]:
            sys.stdout.write(json.dumps(found, indent=1) + "\n")
        elif options["detector"]:
            self._detector(found)
        else:
            self._baselines(found)

    def _detector(self, found: Mapping[str, Any]) -> None:
        for name, value in found.items():
            if isinstance(value, dict):
                for what, share in value.items():
                    self.stdout.write(f"false alarms, {what:<26} {share:.3f}")
            else:
                text = f"{value:.3f}" if isinstance(value, float) else str(value)
                self.stdout.write(f"{name.replace('_', ' '):<39} {text}")

    def _baselines(self, found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        for name, rows in found.items():
            for title, row in rows.items():
                low, high = row["auc_low"], row["auc_high"]
                interval = f"[{low:.3f}, {high:.3f}]" if low is not None else ""
                self.stdout.write(
                    f"{name:<18} {title:<24} AUC {row['auc']:.3f} {interval}  hits at 5 % false "
                    f"alarms {row['tpr_at_5_fpr']:.3f}  ({row['reals']} real, {row['fakes']} fake)"
                )
