"""How long nine partners wait while a tenth sends a hundred times as much.

    PYTHONPATH=platform:. python bench/fairness.py [--seconds 90] [--period 15] [--json]

Each of the nine sends a picture every `period` seconds and waits for its verdict. After `seconds`
the tenth starts a flood, a hundred pictures for each of theirs, and all continue for as long again.
One worker with one slot analyses everything.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench.installation import installation  # noqa: E402
from bench.report import Row, table  # noqa: E402

COMMAND = "python bench/fairness.py"
LIST = "/api/v1/submissions/"
OTHERS, TIMES = 9, 100


def noise() -> dict[str, Any]:
    """A picture of its own, large enough that a flood of them is more than one slot can examine."""
    small = Image.frombytes("RGB", (32, 24), random.randbytes(32 * 24 * 3))
    out = io.BytesIO()
    small.resize((1600, 1200)).save(out, "JPEG", quality=90)
    return {"file": ("noise.jpg", out.getvalue(), "image/jpeg")}


def client(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=90)


def light(url: str, key: str, period: float, until: float, waits: list[float]) -> None:
    time.sleep(random.uniform(0, period))
    with client(url, key) as http:
        while time.monotonic() < until:
            began = time.monotonic()
            one = http.post(LIST, files=noise()).raise_for_status().json()["id"]
            while http.get(f"{LIST}{one}/?wait=60").json()["state"] in ("queued", "running"):
                pass
            waits.append(time.monotonic() - began)
            time.sleep(max(0.0, period - (time.monotonic() - began)))


def flood(url: str, key: str, seconds: float, period: float, sent: list[str]) -> None:
    pause, until = period / TIMES, time.monotonic() + seconds
    with client(url, key) as http:
        while time.monotonic() < until:
            began = time.monotonic()
            sent.append(http.post(LIST, files=noise()).raise_for_status().json()["id"])
            time.sleep(max(0.0, pause - (time.monotonic() - began)))


def round_of(
    url: str, keys: list[str], seconds: float, period: float, noisy: str | None
) -> tuple[list[float], int]:
    waits: list[float] = []
    sent: list[str] = []
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=light, args=(url, key, period, until, waits)) for key in keys
    ]
    if noisy:
        threads.append(threading.Thread(target=flood, args=(url, noisy, seconds, period, sent)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits, len(sent)


def measure(seconds: float, period: float) -> dict[str, Any]:
    with installation(workers=2, concurrency=1, partners=OTHERS + 1) as (door, output):
        keys = output.split()
        round_of(door.url, keys[1:], period, period, None)  # models are loaded once
        quiet, _ = round_of(door.url, keys[1:], seconds, period, None)
        noisy, sent = round_of(door.url, keys[1:], seconds, period, keys[0])
        waiting = door.house.states().get("queued", 0)
    return {
        "seconds": seconds,
        "period": period,
        "quiet": {"sent": len(quiet), "median": median(quiet), "worst": max(quiet)},
        "flood": {"sent": len(noisy), "median": median(noisy), "worst": max(noisy)},
        "flooded_with": sent,
        "still_waiting": waiting,
        "ratio": median(noisy) / median(quiet),
    }


def rows(found: dict[str, Any]) -> list[Row]:
    quiet, noisy = found["quiet"], found["flood"]
    return [
        Row(
            f"time to verdict of nine partners while a tenth sends a flood of "
            f"{found['flooded_with']} pictures ({found['still_waiting']} still waiting at the "
            f"end), compared with no flood; median",
            f"{found['ratio']:.2f} ({noisy['median']:.2f} s against {quiet['median']:.2f} s)",
            "<= 1.3",
            found["ratio"] <= 1.3,
            COMMAND,
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--period", type=float, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.seconds, options.period)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
