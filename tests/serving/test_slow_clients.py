"""Slow clients of the real web server hold up nobody, and what is honest among them is served."""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from blobs.models import Blob
from media_analysis.submissions.models import Submission
from tests.factories import ServiceAccountFactory
from tests.partners.served import served
from tests.people import member
from tests.serving.clients import API, Answer, Link, head, link, p95, page, upload, upload_head

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
HEAD_SECONDS, BODY_SECONDS = 6.0, 3.0


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[int]:
    home = tmp_path_factory.mktemp("served")
    with served(
        home,
        REQUEST_HEAD_SECONDS=str(HEAD_SECONDS),
        REQUEST_BODY_SECONDS=str(BODY_SECONDS),
        REQUEST_BODY_MIN_RATE="1000",
    ) as port:
        yield port
    log = (home / "web.log").read_text(errors="replace")
    assert "Traceback" not in log, log[-3000:]


@pytest.fixture
def key(transactional_db: None, team: Team) -> str:
    admin = member(team, Role.ADMIN)
    scopes = (Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE)
    return issue_key(admin.actor, ServiceAccountFactory(team=team), "test", scopes).secret


@contextlib.asynccontextmanager
async def idle(port: int, count: int, addresses: int) -> AsyncIterator[list[Link]]:
    async with contextlib.AsyncExitStack() as stack:
        sources = [f"127.0.1.{1 + n % addresses}" for n in range(count)]
        yield [await stack.enter_async_context(link(port, source)) for source in sources]


def noise() -> bytes:
    """A picture that does not get smaller: about 75 kB."""
    made = io.BytesIO()
    Image.frombytes("RGB", (160, 160), random.randbytes(160 * 160 * 3)).save(made, "PNG")
    return made.getvalue()


async def slow_upload(port: int, n: int, key: str | None, seconds: float) -> Answer:
    request, body = upload(noise(), key)
    async with link(port, f"127.0.2.{1 + n % 10}") as one:
        await one.send(request)
        await one.trickle(body, 20, seconds / 20)
        return await one.answer()


async def pages(port: int, seconds: float, at_once: int = 2) -> list[Answer]:
    """Pages asked for one after another, by so many readers."""
    until = asyncio.get_running_loop().time() + seconds

    async def reader() -> list[Answer]:
        found = []
        while asyncio.get_running_loop().time() < until:
            found.append(await page(port))
            await asyncio.sleep(0.05)
        return found

    return [one for found in await asyncio.gather(*(reader() for _ in range(at_once)))
            for one in found]  # fmt: skip


def test_pages_answer_while_500_connections_idle_and_50_uploads_are_slow(
    port: int, key: str
) -> None:
    """95 of 100 pages within a second meanwhile; each of the 50 files arrives whole."""

    async def scene() -> tuple[list[Answer], list[Answer]]:
        async with idle(port, 500, addresses=10):
            sent = [asyncio.create_task(slow_upload(port, n, key, 12)) for n in range(50)]
            page_answers = await pages(port, 10)
            return page_answers, await asyncio.gather(*sent)

    page_answers, sent = asyncio.run(scene())
    assert {answer.status for answer in page_answers} == {200}
    assert p95([answer.seconds for answer in page_answers]) < 1.0
    assert [answer.status for answer in sent] == [202] * 50
    assert Submission.objects.count() == 50 == Blob.objects.count()


def test_slow_heads_are_cut_at_the_deadline(port: int) -> None:
    """32 heads that come byte by byte: each is cut in time, and pages answer meanwhile."""

    async def slow(n: int) -> Answer:
        async with link(port, f"127.0.3.{1 + n % 4}") as one:
            text = head("GET", "/accounts/login/", X_Long="x" * 400)
            sending = asyncio.create_task(one.trickle(text, len(text), 0.2))
            answer = await one.answer(20)
            sending.cancel()
            return answer

    async def scene() -> tuple[list[Answer], list[Answer]]:
        cut = [asyncio.create_task(slow(n)) for n in range(32)]
        await asyncio.sleep(1)
        page_answers = await pages(port, 3)
        return page_answers, await asyncio.gather(*cut)

    page_answers, cut = asyncio.run(scene())
    assert p95([answer.seconds for answer in page_answers]) < 1.0
    assert {answer.status for answer in cut} == {408}
    assert max(answer.seconds for answer in cut) < HEAD_SECONDS + 3


def test_a_connection_that_says_nothing_is_closed_at_the_deadline(port: int) -> None:
    async def scene() -> bool:
        async with link(port) as one:
            return await one.closed(HEAD_SECONDS + 3)

    assert asyncio.run(scene())


def test_slow_bodies_are_cut_whoever_sends_them(port: int, key: str) -> None:
    """A small form of nobody has one deadline; a file must keep to a rate. Pages answer."""

    async def form(n: int) -> Answer:
        async with link(port, f"127.0.4.{1 + n}") as one:
            await one.send(upload_head(4000, None, "/accounts/login/"))
            sending = asyncio.create_task(one.trickle(b"x" * 4000, 4000, 0.1))
            answer = await one.answer(20)
            sending.cancel()
            return answer

    async def file(n: int) -> Answer:
        async with link(port, f"127.0.5.{1 + n}") as one:
            await one.send(upload_head(900_000, key))
            sending = asyncio.create_task(one.trickle(b"x" * 900_000, 9000, 0.5))
            answer = await one.answer(20)
            sending.cancel()
            return answer

    async def scene() -> tuple[list[Answer], list[Answer]]:
        cut = [asyncio.create_task(form(n)) for n in range(16)]
        cut += [asyncio.create_task(file(n)) for n in range(16)]
        await asyncio.sleep(0.5)
        page_answers = await pages(port, 2)
        return page_answers, await asyncio.gather(*cut)

    page_answers, cut = asyncio.run(scene())
    assert p95([answer.seconds for answer in page_answers]) < 1.0
    assert {answer.status for answer in cut} == {408}
    assert all(b"too_slow" in answer.body for answer in cut)
    assert max(answer.seconds for answer in cut) < BODY_SECONDS + 3
    assert not Blob.objects.exists()


def test_a_large_body_of_nobody_is_refused_before_it_is_read(port: int, key: str) -> None:
    """Not a byte of it was sent: without a key, with an unknown one, with a made-up session."""
    unknown = key[:-8] + "AAAAAAAA"
    expected = {
        (API, ""): 401,
        (API, f"Authorization: Bearer {unknown}"): 401,
        (API, "Cookie: sessionid=" + "a" * 32): 401,
        ("/submit/", ""): 401,
        ("/submit/", "Cookie: sessionid=" + "a" * 32): 401,
        ("/accounts/login/", ""): 401,
    }

    async def refused(path: str, header: str) -> Answer:
        async with link(port) as one:
            text = upload_head(2_000_000, None, path)
            if header:
                text = text[:-2] + header.encode() + b"\r\n\r\n"
            await one.send(text)
            return await one.answer(10)

    async def scene() -> list[Answer]:
        return [await refused(*one) for one in expected]

    answers = asyncio.run(scene())
    assert [answer.status for answer in answers] == list(expected.values())
    assert b"sign_in_first" in answers[3].body
    assert not Blob.objects.exists()


def test_a_stranger_may_send_a_report_to_be_checked(port: int) -> None:
    """Larger than a form, without signing in."""
    address = f"http://127.0.0.1:{port}/reports/verify/"
    with httpx.Client(headers={"Referer": address}) as stranger:
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', stranger.get(address).text)
        assert token
        form, file = {"csrfmiddlewaretoken": token[1]}, ("report.pdf", b"x" * 2_000_000)
        checked = stranger.post(address, data=form, files={"files": file})
    assert checked.status_code == 422 and "sign_in_first" not in checked.text


def test_one_address_loses_its_own_idle_connections_first(port: int) -> None:
    """Far over its bound it still gets a page, and so does everybody else."""

    async def scene() -> tuple[int, Answer, Answer]:
        async with idle(port, 400, addresses=1) as links:
            await asyncio.sleep(0.5)
            own = await page(port, source="127.0.1.1")
            other = await page(port, source="127.0.9.9")
            return sum(one.reader.at_eof() for one in links), own, other

    closed, own, other = asyncio.run(scene())
    assert closed >= 100
    assert own.status == other.status == 200


def test_a_client_that_never_reads_its_answer_holds_up_nobody(port: int) -> None:
    """40 answers that nobody takes, on connections that ask again and again."""

    async def scene() -> list[Answer]:
        async with contextlib.AsyncExitStack() as stack:
            for n in range(40):
                one = await stack.enter_async_context(link(port, f"127.0.6.{1 + n}"))
                one.writer.get_extra_info("socket").setsockopt(1, 8, 2048)  # SO_RCVBUF
                one.reader._transport.pause_reading()  # type: ignore[attr-defined]
                asking = head("GET", "/api/v1/schema/", Connection="keep-alive")
                one.writer.write(asking * 40)
            await asyncio.sleep(1)
            return await pages(port, 3)

    page_answers = asyncio.run(scene())
    assert {answer.status for answer in page_answers} == {200}


def test_a_stop_closes_idle_connections_and_lets_an_upload_finish(tmp_path: Path, key: str) -> None:
    async def scene(port: int, stop: asyncio.Event) -> tuple[bool, Answer]:
        async with link(port) as quiet, link(port) as one:
            request, body = upload(noise(), key)
            await one.send(request + body[:100])
            await asyncio.sleep(1)
            stop.set()
            closed = await quiet.closed(8)
            await one.send(body[100:])
            return closed, await one.answer(20)

    async def both(port: int, end: Callable[[], None]) -> tuple[bool, Answer]:
        stop = asyncio.Event()
        doing = asyncio.create_task(scene(port, stop))
        await stop.wait()
        await asyncio.to_thread(end)
        return await doing

    server: list[subprocess.Popen[bytes]] = []
    with served(tmp_path, server) as port:
        closed, answers = asyncio.run(both(port, server[0].terminate))
    assert closed
    assert answers.status == 202
