"""The time from the first byte of an upload to the verdict: a photograph over REST, with a real
worker.

    PYTHONPATH=platform:. python bench/verdict.py [--photos 20] [--known] [--json]

One photograph at a time, each with other bytes, 1600 x 1200 pixels. The sender polls ten times a
second, as a partner's program would, only more often. With `--known` each is sent once more, after
the team has chosen to reuse results of known files.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import requests  # noqa: E402
from PIL import Image, ImageEnhance  # noqa: E402

from bench.installation import installation  # noqa: E402
from bench.report import Row, table  # noqa: E402
from media_analysis.submissions.services.samples import portrait  # noqa: E402

COMMAND = "python bench/verdict.py"
REUSE_ON = "INSERT INTO submissions_reuserule (team_id, is_on) SELECT id, true FROM accounts_team"
PATIENCE_SECONDS = 120


def photographs(number: int) -> list[bytes]:
    with Image.open(io.BytesIO(portrait())) as original:
        big = original.convert("RGB").resize((1600, 1200))
    made = []
    for n in range(number):
        out = io.BytesIO()
        ImageEnhance.Brightness(big).enhance(0.8 + 0.4 * n / number).save(out, "JPEG", quality=90)
        made.append(out.getvalue())
    return made


def measure(number: int, *, known: bool) -> list[dict[str, Any]]:
    """With `known`, the second is of the same photographs again."""
    photos = photographs(number + 1)
    with installation(workers=2, concurrency=1) as (door, key), requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        found = [_sent(session, door.url, photos)]
        if known:
            door.house.sql(REUSE_ON)
            found.append(_sent(session, door.url, photos))
    return found


def _sent(session: requests.Session, url: str, photos: list[bytes]) -> dict[str, Any]:
    accepted, whole, outcomes, reused = [], [], [], 0
    for n, photo in enumerate(photos):
        began = time.perf_counter()
        answer = session.post(
            f"{url}/api/v1/submissions/",
            files={"file": (f"{n}.jpg", photo, "image/jpeg")},
            timeout=60,
        )
        answer.raise_for_status()
        answered = time.perf_counter()
        done = wait_for(session, answer.json()["url"])
        if n:  # the first loads the models, as in any worker that has just been started
            accepted.append(answered - began)
            whole.append(time.perf_counter() - began)
            outcomes.append(done["outcome"])
            reused += done["reused_from"] is not None
    return {
        "seconds_median": round(statistics.median(whole), 2),
        "seconds_worst": round(max(whole), 2),
        "answer_median": round(statistics.median(accepted), 3),
        "photos": len(whole),
        "reused": reused,
        "outcomes": sorted(set(outcomes)),
        "load_before": round(os.getloadavg()[0], 2),
    }


def wait_for(session: requests.Session, url: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        data: dict[str, Any] = session.get(url, timeout=60).json()
        if data["state"] not in ("queued", "running"):
            if data["state"] != "done":
                raise SystemExit(f"The analysis ended as {data['state']}: {data['reason']}")
            return data
        time.sleep(0.1)
    raise SystemExit(f"No verdict in {PATIENCE_SECONDS} s.")


def rows(runs: list[dict[str, Any]]) -> list[Row]:
    return [
        Row(
            f"upload to verdict of a 1600 x 1200 photograph over REST, median of "
            f"{found['photos']} (load {found['load_before']})"
            + (f", {found['reused']} taken over" if found["reused"] else ""),
            f"{found['seconds_median']} s (worst {found['seconds_worst']}; answered 202 after "
            f"{found['answer_median']} s)",
            command=COMMAND + (" --known" if len(runs) > 1 else ""),
        )
        for found in runs
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--known", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.photos, known=options.known)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
