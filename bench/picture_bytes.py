"""Bytes of one submission in the database, with its thumbnails in it and in the store.

    PYTHONPATH=platform:. python bench/picture_bytes.py [--submissions 30] [--json] [--write]

A photograph and a 10 s clip are examined once. Then each is sent in and concluded many times by the
product's own verbs, on a PostgreSQL of its own: once with the pictures as PNG in their rows, as up
to version 0.1, and once as they are kept now. Every submission has other bytes and other pictures.
What all tables and indexes have grown by, and what the write-ahead log has, is divided by the
submissions. `--write` puts the lines into docs/storage.md.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench import clips, million  # noqa: E402
from bench.report import Row, table, write  # noqa: E402
from local import postgres  # noqa: E402

COMMAND = "python bench/picture_bytes.py"
PAGE = ROOT / "docs" / "storage.md"
GROWN = """
    SELECT sum(pg_total_relation_size(oid))::bigint,
        (SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'))::bigint
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
MEDIA = ("photograph", "clip")


def examined(folder: Path) -> dict[str, tuple[bytes, Any]]:
    from ml.engine import analyse
    from sandbox.services import warden

    photo, clip = folder / "photo.jpg", folder / "clip.mp4"
    clips.portrait().resize((1200, 1400)).save(photo, quality=92)
    clips.write(clip, 10.0)
    found = {}
    for name, path in zip(MEDIA, (photo, clip), strict=True):
        with path.open("rb") as file:
            found[name] = (path.read_bytes(), analyse(file))
    warden().close()
    return found


def in_rows(sheet: Any, analysis: Any) -> None:
    """As version 0.1 kept them."""
    from ml.models import Thumbnail

    Thumbnail.objects.bulk_create(
        Thumbnail(analysis_id=analysis, name=name, png=png) for name, png in sheet.items()
    )


def others(pictures: dict[str, bytes], number: int) -> dict[str, bytes]:
    """The same pictures but for one pixel, so that no two submissions share any."""
    from PIL import Image

    made = {}
    for name, png in pictures.items():
        with Image.open(io.BytesIO(png)) as picture:
            picture.putpixel((0, 0), (number % 256, number // 256, 77))
            out = io.BytesIO()
            picture.save(out, "PNG")
            made[name] = out.getvalue() if number else png
    return made


def grown() -> tuple[int, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(GROWN)
        size, wal = cursor.fetchone()
    return size, wal


def send_in(content: bytes, result: Any, count: int, start: int) -> dict[str, float]:
    from accounts.actors import actor_for_user
    from accounts.models import Team, User
    from jobs.services import claim_one
    from media_analysis.submissions.services.intake import submit
    from ml import services
    from ml.models import Analysis

    user = User.objects.get(email="all@example.org")
    actor, team = actor_for_user(user, via="bench"), Team.objects.get(name="Team 2")
    pictures = dict(result.thumbnails)
    before = grown()
    for number in range(start, start + count):
        body = io.BytesIO(content + number.to_bytes(8, "big"))
        sent = submit(actor, team, body, f"{number}.bin").submission
        claim = claim_one(Analysis, sent.analysis_id, worker="bench")
        assert claim is not None
        answer = replace(result, thumbnails=others(pictures, number))
        services.run(claim, lambda *_, answer=answer, **__: answer)
    after = grown()
    return {"bytes": (after[0] - before[0]) / count, "wal": (after[1] - before[1]) / count}


def measure(count: int) -> dict[str, Any]:
    import django

    with million.a_server(None) as pg, tempfile.TemporaryDirectory() as home:
        name = million.database(pg, 0)
        os.environ |= {
            "DATABASE_URL": pg.url(postgres.SUPERUSER, name), "TOUCHSTONE_HOME": home, "DEBUG": "1",
        }  # fmt: skip
        subprocess.run(
            [sys.executable, "manage.py", "keys", "init"], cwd=ROOT, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        from ml import pictures

        store, register = pictures.store, pictures.register
        found: dict[str, Any] = {}
        start = 1
        for kind, (content, result) in examined(Path(home)).items():
            figures: dict[str, Any] = {"pictures": len(result.thumbnails)}
            for when in ("before", "after"):
                pictures.store = dict if when == "before" else store  # type: ignore[assignment]
                pictures.register = in_rows if when == "before" else register
                figures[when] = send_in(content, result, count, start)
                start += count
            sheet = pictures.store(result.thumbnails)
            assert sheet is not None
            figures["in_store"] = sheet.stored.size
            found[kind] = figures
    return found


def rows(found: dict[str, Any]) -> list[Row]:
    made = []
    for kind in MEDIA:
        figures = found[kind]
        count = figures["pictures"]
        for what, label in (("bytes", "database"), ("wal", "write-ahead log")):
            before, after = figures["before"][what] / 1000, figures["after"][what] / 1000
            made.append(
                Row(
                    f"{label} for a {kind} with {count} small pictures, before and now",
                    f"{before:.0f} kB, {after:.0f} kB ({before / after:.1f} x)",
                    command=COMMAND,
                )
            )
        made.append(
            Row(f"media store for the pictures of a {kind}", f"{figures['in_store'] / 1000:.0f} kB",
                command=COMMAND)
        )  # fmt: skip
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = measure(options.submissions)
    if options.json:
        print(json.dumps(found))
        return
    print(table(rows(found)))
    if options.write:
        write(rows(found), PAGE)


if __name__ == "__main__":
    main()
