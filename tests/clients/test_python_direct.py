"""The Python client sends straight into the bucket of the product's own server, through cuts."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from touchstone_client import AsyncTouchstone, Problem, Touchstone, Unreachable, calls, cli

from blobs import quarantine
from media_analysis.submissions.models import Submission
from media_analysis.uploads.models import DirectUpload
from tests.clients.conftest import Site
from tests.clients.test_python_client import examples
from tests.people import picture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LARGE = picture(7) + bytes(quarantine.LEAST_PART)
"""Of two parts."""


class Watching(httpx.HTTPTransport):
    """Loses the parts whose turn is told, before or after the bucket has them; keeps what every
    request to the bucket says."""

    def __init__(self, before: set[int] = frozenset(), after: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        super().__init__()
        self.before, self.after, self.puts = before, after, list[httpx.Request]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "PUT":
            return super().handle_request(request)
        self.puts.append(request)
        if len(self.puts) in self.before:
            raise httpx.ConnectError("cut")
        answer = super().handle_request(request)
        if len(self.puts) in self.after:
            answer.close()
            raise httpx.ReadError("cut")
        return answer


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(calls, "pause", lambda attempt, answer: 0.0)
    path = tmp_path / "film.png"
    path.write_bytes(LARGE)
    return path


def test_a_direct_upload_survives_cuts_and_keeps_the_key_to_itself(
    site_on_s3: Site, film: Path
) -> None:
    """Whole, with growing progress; a restart goes on; the bucket never sees the API key."""
    progress: list[int] = []
    watching = Watching(before={1}, after={2})
    with Touchstone(site_on_s3.url, key=site_on_s3.key, timeout=60, transport=watching) as client:
        sent = client.upload_direct(film, external_id="f-1", progress=progress.append)
        found = client.get(sent)
        assert (found.filename, found.external_id) == ("film.png", "f-1")
        assert client.media(sent) == LARGE
    assert progress == sorted(progress) and (progress[0], progress[-1]) == (0, len(LARGE))
    assert len(watching.puts) == 4
    assert not any("Authorization" in request.headers for request in watching.puts)

    addresses: list[str] = []
    broken = Watching(before=set(range(2, 100)))
    client = Touchstone(site_on_s3.url, key=site_on_s3.key, retries=1, transport=broken)
    with client, pytest.raises(Unreachable):
        client.upload_direct(film, started=addresses.append)
    whole = Watching()
    with Touchstone(site_on_s3.url, key=site_on_s3.key, timeout=60, transport=whole) as client:
        sent = client.upload_direct(film, upload_url=addresses[0])
        assert len(whole.puts) == 1 and client.media(sent) == LARGE
        assert client.upload_direct(film, upload_url=addresses[0]) == sent, "it is done already"
        with pytest.raises(Problem) as caught:
            client.upload_direct(b"%!PS", filename="a.png")
    assert (caught.value.code, caught.value.status) == ("type_not_allowed", 422)


def test_the_shell_and_curl_send_directly(
    site_on_s3: Site, film: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A large file by itself, a small one as asked; the example of the documentation as it
    stands; two at once without blocking."""
    monkeypatch.setenv("TOUCHSTONE_URL", site_on_s3.url)
    monkeypatch.setenv("TOUCHSTONE_KEY", site_on_s3.key)
    monkeypatch.setattr(Touchstone, "upload", None)
    small = film.with_name("photo.jpg")
    small.write_bytes(picture(9))
    for options in ([str(film), "--pieces-above", "1"], [str(small), "--direct"]):
        assert cli.main(["submit", *options, "--json"]) == 0
        output = json.loads(capsys.readouterr().out)
        assert DirectUpload.objects.filter(submission=output["id"]).exists()
    assert cli.main(["submit", str(small), "--no-direct"]) == 0

    (example,) = [one for one in examples() if "uploads/direct" in one]
    ran = subprocess.run(
        ["bash", "-c", example], cwd=small.parent, capture_output=True, text=True
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["state"] in ("receiving", "received")

    async def both() -> tuple[str, str]:
        async with AsyncTouchstone(site_on_s3.url, key=site_on_s3.key, timeout=60) as client:
            return await asyncio.gather(
                client.upload_direct(film), client.upload_direct(picture(8), filename="b.png")
            )

    sent = asyncio.run(both())
    names = [Submission.objects.get(pk=one).filename for one in sent]
    assert names == ["film.png", "b.png"]


def test_a_site_without_a_bucket_takes_the_file_in_pieces(
    site: Site, film: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """By itself; who insists is told."""
    monkeypatch.setenv("TOUCHSTONE_URL", site.url)
    monkeypatch.setenv("TOUCHSTONE_KEY", site.key)
    film.write_bytes(picture(4) + bytes(1_500_000))
    assert cli.main(["submit", str(film), "--pieces-above", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == film.stat().st_size
    assert cli.main(["submit", str(film), "--direct"]) == cli.FAILED
    assert "direct_uploads_off" in capsys.readouterr().err
