"""The Python client sends in pieces to the product's own web server. The contract cuts them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from touchstone_client import AsyncTouchstone, Touchstone, calls, cli

from media_analysis.submissions.models import Submission
from tests.clients.conftest import Site
from tests.people import picture

PIECE = 1000
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(calls, "PIECE", PIECE)
    monkeypatch.setattr(calls, "pause", lambda attempt, answer: 0.0)
    path = tmp_path / "film.png"
    path.write_bytes(picture(7) + bytes(6 * PIECE))
    return path


def stored(pk: str) -> tuple[str, int, str]:
    found = Submission.objects.select_related("blob").get(pk=pk)
    return found.filename, found.blob.size, found.external_id


def test_progress_grows_to_the_size_of_the_file(site: Site, film: Path) -> None:
    progress: list[int] = []
    with Touchstone(site.url, key=site.key, timeout=60) as client:
        client.upload(film, progress=progress.append)
    assert progress == sorted(progress) and (progress[0], progress[-1]) == (0, film.stat().st_size)


def test_uploads_without_blocking(site: Site, film: Path) -> None:
    """Two at once."""

    async def both() -> tuple[str, str]:
        async with AsyncTouchstone(site.url, key=site.key, timeout=60) as client:
            return await asyncio.gather(
                client.upload(film), client.upload(picture(8) + bytes(2 * PIECE), filename="b.png")
            )

    sent = asyncio.run(both())
    assert [stored(one)[0] for one in sent] == ["film.png", "b.png"]


def test_the_shell_sends_a_large_file_in_pieces(
    site: Site,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    monkeypatch.setenv("TOUCHSTONE_URL", site.url)
    monkeypatch.setenv("TOUCHSTONE_KEY", site.key)
    monkeypatch.setattr(Touchstone, "submit", None)
    arguments = ["submit", str(film), "--external-id", "f-2", "--pieces-above", "0.001", "--json"]
    assert cli.main(arguments) == 0
    assert stored(json.loads(capsys.readouterr().out)["id"])[2] == "f-2"
