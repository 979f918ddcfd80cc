"""The Python client sends in pieces to the product's own web server, though connections are cut."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from touchstone_client import AsyncTouchstone, Problem, Touchstone, Unreachable, calls, cli

from media_analysis.submissions.models import Submission
from tests.clients.conftest import Site
from tests.people import picture

PIECE = 1000
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Cutting(httpx.HTTPTransport):
    """Loses the pieces whose turn is told, before or after the server has them."""

    def __init__(self, before: set[int], after: set[int]) -> None:
        super().__init__()
        self.before, self.after, self.pieces = before, after, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "PATCH":
            return super().handle_request(request)
        self.pieces += 1
        if self.pieces in self.before:
            raise httpx.ConnectError("cut")
        answer = super().handle_request(request)
        if self.pieces in self.after:
            answer.close()
            raise httpx.ReadError("cut")
        return answer


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


def test_an_upload_goes_on_after_each_cut(site: Site, film: Path) -> None:
    """Cut before and after the server had the piece; progress grows, and the file is whole."""
    told: list[int] = []
    cutting = Cutting(before={2, 4}, after={3, 6})
    with Touchstone(site.url, key=site.key, timeout=60, transport=cutting) as client:
        sent = client.upload(film, external_id="f-1", progress=told.append)
        assert stored(sent) == ("film.png", film.stat().st_size, "f-1")
        assert client.media(sent) == film.read_bytes()
    assert told == sorted(told) and told[0] == 0 and told[-1] == film.stat().st_size


def test_it_goes_on_after_a_restart_of_the_program(site: Site, film: Path) -> None:
    """With the address that was told; what had arrived is not sent again."""
    addresses: list[str] = []
    broken = Cutting(before=set(range(3, 100)), after=set())
    client = Touchstone(site.url, key=site.key, retries=1, timeout=60, transport=broken)
    with client, pytest.raises(Unreachable):
        client.upload(film, started=addresses.append)
    whole = Cutting(before=set(), after=set())
    with Touchstone(site.url, key=site.key, timeout=60, transport=whole) as client:
        sent = client.upload(film, upload_url=addresses[0])
        assert client.media(sent) == film.read_bytes()
        assert client.upload(film, upload_url=addresses[0]) == sent, "it is done already"
    assert whole.pieces == -(-film.stat().st_size // PIECE) - 2


def test_what_is_refused_is_told(site: Site, film: Path) -> None:
    film.write_bytes(b"%!PS" * PIECE)
    client = Touchstone(site.url, key=site.key, timeout=60)
    with client, pytest.raises(Problem) as caught:
        client.upload(film)
    assert caught.value.code == "type_not_allowed"


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
    asked = ["submit", str(film), "--external-id", "f-2", "--pieces-above", "0.001", "--json"]
    assert cli.main(asked) == 0
    assert stored(json.loads(capsys.readouterr().out)["id"])[2] == "f-2"
