"""A worker killed while it makes a playback copy: nothing is lost, and no partial copy is shown."""

from __future__ import annotations

import io
import os
import signal
from functools import partial
from typing import Any

import pytest

from tests.faults.house import House
from tests.previews import claps

pytestmark = [pytest.mark.faults, pytest.mark.timeout(280)]
STEPS = ("preview_stored", "preview_before_commit")


def a_film(house: House, clap: float, seconds: float = 1.2) -> str:
    content = claps.film([n / 25 for n in range(int(seconds * 25))], clap).getvalue()
    done = house.python("-m", "tests.faults.intake", "--file", "video/webm", stdin=content.hex())
    return done.stdout.strip()


def preview_of(house: House, analysis: str) -> dict[str, Any] | None:
    found = house.sql(
        "SELECT to_jsonb(p) FROM viewing_preview p JOIN ml_analysis a ON a.blob_id = p.source_id "
        "WHERE a.id = %s",
        analysis,
    )
    return dict(found[0][0]) if found else None


def is_in(house: House, analysis: str, state: str) -> bool:
    return (preview_of(house, analysis) or {}).get("state") == state


def stored_films(house: House) -> int:
    return int(house.one("SELECT count(*) FROM blobs_blob WHERE media_type = 'video/webm' "
                         "AND sha256 IN (SELECT film_id FROM viewing_preview)"))  # fmt: skip


def test_a_copy_survives_a_kill_at_every_step(house: House) -> None:
    """SIGKILL in the middle of the film, with the bytes stored, and a moment before the commit:
    each time one copy, made whole, one event, and no word of it before."""
    house.env["FAULTS_FILM"] = "1"
    try:
        house.start_worker("--concurrency", "1", "--no-broker")
        for number, point in enumerate(STEPS):
            armed = house.failpoints / point
            armed.touch()
            key = a_film(house, 0.2 + number / 5)
            house.wait_for(lambda p=armed: not p.exists(), 60, f"{point} is passed")  # type: ignore[misc]
            house.wait_for(partial(is_in, house, key, "done"), 60, f"done after {point}")
            _whole(house, key, attempts=2)
        key = a_film(house, 1.0, seconds=150)  # long enough to be caught at it on a fast machine
        house.wait_for(lambda: is_in(house, key, "running"), 60, "it is being made")
        house.wait_for(lambda: preview_of(house, key)["progress"] > 0.05, 60, "half way")  # type: ignore[index]
        [hand] = _hands_at_films(house)
        os.kill(hand, signal.SIGKILL)
        seen = preview_of(house, key)
        assert seen is not None and seen["film_id"] is None
        house.wait_for(lambda: is_in(house, key, "done"), 120, "made after all")
        _whole(house, key, attempts=2)
        assert stored_films(house) == 3
    finally:
        del house.env["FAULTS_FILM"]


def _hands_at_films(house: House) -> list[int]:
    busy = house.sql("SELECT worker FROM viewing_preview WHERE state = 'running'")
    return [pid for (name,) in busy if (pid := house.pid_of(name))]


def _whole(house: House, key: str, attempts: int) -> None:
    preview = preview_of(house, key)
    assert preview is not None
    assert (preview["attempt"], preview["fence"]) == (attempts, attempts)
    made = house.one(
        "SELECT count(*) FROM audit_event WHERE verb = 'preview.made' AND object_id = %s",
        preview["source_id"],
    )
    assert made == 1
    film = preview["film_id"]
    path = house.home / "blobs" / "sha256" / film[:2] / film[2:4] / film
    found = claps.seen(io.BytesIO(path.read_bytes()))
    assert found.flash is not None and found.click is not None
    assert abs(found.flash - found.click) <= 1 / 25
