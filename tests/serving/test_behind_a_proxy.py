"""The real web server behind a front server: clients are told apart, and nobody waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from media_analysis.submissions.models import Submission
from tests.factories import ServiceAccountFactory
from tests.partners.served import served
from tests.people import member
from tests.serving.clients import Answer, head, link, p95, upload
from tests.serving.test_slow_clients import idle, noise, pages

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PER_CLIENT, PROCESSES = 5, 2
NGINX = """
daemon off; master_process off; pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 2000; }}
http {{
  access_log off; client_max_body_size 10m;
  client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c;
  uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
  server {{
    listen 127.0.0.1:{front};
    location / {{
      proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1;
      proxy_request_buffering off; proxy_set_header Host localhost;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[int]:
    home = tmp_path_factory.mktemp("served")
    bounds = {"TRUSTED_PROXY_COUNT": "1", "CONNECTIONS_PER_ADDRESS": str(PER_CLIENT)}
    with served(home, None, **bounds) as port:
        yield port
    assert "Traceback" not in (home / "web.log").read_text(errors="replace")


@pytest.fixture
def key(transactional_db: None, team: Team) -> str:
    admin = member(team, Role.ADMIN)
    service = ServiceAccountFactory(team=team)
    return issue_key(admin.actor, service, "test", [Scope.SUBMISSIONS_WRITE]).secret


@pytest.fixture
def front(port: int, tmp_path: Path) -> Iterator[int]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(home=tmp_path, front=free, port=port))
    server = subprocess.Popen([nginx, "-c", str(config), "-e", str(tmp_path / "error.log")])
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", free)):
                break
            server.poll()
            asyncio.run(asyncio.sleep(0.1))
        yield free
    finally:
        server.terminate()
        server.wait(20)


async def answer_to(port: int, client: str) -> Answer:
    async with link(port) as one:
        await one.send(head("GET", "/accounts/login/", X_Forwarded_For=client))
        return await one.answer(20)


def test_requests_of_one_client_are_bounded_and_others_are_served(port: int, key: str) -> None:
    """30 uploads that stop half-way come from one client through the proxy: 429 over the bound."""
    first, body = upload(noise(), key)
    mine = first[:-2] + b"X-Forwarded-For: 203.0.113.9\r\n\r\n"

    async def half(n: int) -> Answer:
        async with link(port) as one:
            await one.send(mine + body[:100])
            return await one.answer(4)

    async def scene() -> tuple[list[Answer], Answer]:
        halves = [asyncio.create_task(half(n)) for n in range(30)]
        await asyncio.sleep(2)
        other = await answer_to(port, "203.0.113.77")
        return await asyncio.gather(*halves), other

    halves, other = asyncio.run(scene())
    assert other.status == 200
    refused = [answer for answer in halves if answer.status == 429]
    assert len(refused) >= 30 - PER_CLIENT * PROCESSES


def test_a_lie_about_the_client_is_not_believed(port: int) -> None:
    """Only what the proxy itself added counts: the last address."""

    async def scene() -> list[Answer]:
        return [await answer_to(port, f"198.51.100.{n}, 203.0.113.50") for n in range(3)]

    assert {answer.status for answer in asyncio.run(scene())} == {200}


def test_nginx_passes_slow_uploads_on_while_pages_answer(front: int, key: str) -> None:
    """200 idle connections and 20 slow uploads through nginx, which does not buffer them."""

    async def sent(n: int) -> Answer:
        request, body = upload(noise(), key)
        async with link(front, f"127.0.7.{1 + n}") as one:
            await one.send(request)
            await one.trickle(body, 20, 0.4)
            return await one.answer()

    async def scene() -> tuple[list[Answer], list[Answer]]:
        async with idle(front, 200, addresses=10):
            sending = [asyncio.create_task(sent(n)) for n in range(20)]
            page_answers = await pages(front, 6)
            return page_answers, await asyncio.gather(*sending)

    page_answers, uploads = asyncio.run(scene())
    assert {answer.status for answer in page_answers} == {200}
    assert p95([answer.seconds for answer in page_answers]) < 1.0
    assert [answer.status for answer in uploads] == [202] * 20
    assert Submission.objects.count() == 20
