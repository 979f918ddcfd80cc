"""What one read over REST costs: milliseconds of processor time, of the web process and of the
database.

    PYTHONPATH=platform:. python bench/read.py [--reads 200] [--profile NAME] [--json]

The submission is a picture that was analysed and decided; the list has a page of 50. Requests go
through the server's own WSGI application, in one process and one after another. Processor time is
measured, so other load on the machine changes little.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench.noise import noise  # noqa: E402
from bench.report import Row, table  # noqa: E402

COMMAND = "python bench/read.py"
PAGE = 50
WARM = 20
LIST = "/api/v1/submissions/"
READS = {
    "one": "one submission, examined and decided",
    "same": "the same with If-None-Match: 304",
    "waited": "the same with ?wait=30, which has ended",
    "list": f"the list, {PAGE} on a page",
    "same list": "the same list with If-None-Match: 304",
}


def measure(reads: int, profiled: str) -> dict[str, Any]:
    from bench.installation import product_house

    house = product_house()
    house.env |= {"REQUIRE_SANDBOX": "0", "LOG_LEVEL": "ERROR"}
    try:
        house.build()
        key = house.python("-m", "tests.faults.partner").stdout.strip()
        one = house.python("-m", "bench.read", "--prepare", key).stdout.split()[-1]
        arguments = ["--answer", key, one, "--reads", str(reads), "--profile", profiled]
        done = house.python("-m", "bench.read", *arguments)
        sys.stderr.write(done.stderr)
        found: dict[str, Any] = json.loads(done.stdout)
        return found
    finally:
        house.tear_down()


def prepare(key: str) -> None:
    """Sends a page of pictures in; the last one is examined and decided. Prints its id."""
    import django

    django.setup()
    from accounts.actors import actor_for_user
    from accounts.models import Membership
    from jobs.services import claim_one
    from media_analysis.review.models import Case, DecisionText
    from media_analysis.review.services import cases
    from media_analysis.submissions.models import Submission
    from ml import services as ml
    from ml.models import Analysis

    for _ in range(PAGE + 1):
        one = send(key)
    submission = Submission.objects.get(pk=one)
    claim = claim_one(Analysis, submission.analysis_id, worker="bench")
    assert claim is not None
    ml.run(claim)
    person = Membership.objects.get(team=submission.team_id).user
    actor = actor_for_user(person, via="password")
    case = Case.objects.get(submission=submission)
    held = cases.claim(actor, case.pk)
    cases.decide(
        actor, held.pk, held.fence, DecisionText("manipulated", "The shadow is missing.", "")
    )
    print(one)


def send(key: str) -> str:
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.test import Client

    file = SimpleUploadedFile("noise.png", noise(), "image/png")
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {key}"})
    answer = client.post(LIST, {"file": file, "policy_context": "ads"})
    assert answer.status_code == 202, answer.content
    return str(answer.json()["id"])


def answer(key: str, one: str, reads: int, profiled: str) -> dict[str, dict[str, float]]:
    import django

    django.setup()
    get = getter(key)
    tags = {address: get(address)[1]["ETag"] for address in (f"{LIST}{one}/", LIST)}
    kinds: dict[str, Callable[[], Any]] = {
        "one": lambda: get(f"{LIST}{one}/"),
        "same": lambda: get(f"{LIST}{one}/", tags[f"{LIST}{one}/"]),
        "waited": lambda: get(f"{LIST}{one}/?wait=30"),
        "list": lambda: get(LIST),
        "same list": lambda: get(LIST, tags[LIST]),
    }
    found = {}
    for name, read in kinds.items():
        status = [read()[0] for _ in range(WARM)][-1]
        if status != (304 if name.startswith("same") else 200):
            raise SystemExit(f"{name} answered {status}")
        found[name] = {**timed(read, reads), "queries": queries(read)}
        if name == profiled:
            profile(read, reads)
    return found


def getter(key: str) -> Callable[..., tuple[int, dict[str, str], bytes]]:
    """A GET as a web server passes it on: status, headers and body."""
    from django.test import RequestFactory

    from config.handler import Handler

    application = Handler()
    factory = RequestFactory(SERVER_NAME="localhost", HTTP_AUTHORIZATION=f"Bearer {key}")

    def get(address: str, known: str = "") -> tuple[int, dict[str, str], bytes]:
        environ = factory.get(address).environ
        if known:
            environ["HTTP_IF_NONE_MATCH"] = known
        head: list[Any] = []

        def begun(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            head.extend((status, headers))

        chunks: Any = application(environ, begun)
        body = b"".join(chunks)
        chunks.close()
        return int(head[0][:3]), dict(head[1]), body

    return get


def timed(read: Callable[[], Any], reads: int) -> dict[str, float]:
    """Of one read, the median; the database's part is a mean, for its clock is coarse."""
    took, before = [], database_seconds()
    for _ in range(reads):
        began = time.process_time()
        read()
        took.append(time.process_time() - began)
    of_database = (database_seconds() - before) / reads
    return {"web_ms": round(median(took) * 1000, 2), "database_ms": round(of_database * 1000, 2)}


def database_seconds() -> float:
    from django.db import connection

    connection.ensure_connection()
    statistics = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return int(statistics.split()[0]) / 1e9


def queries(read: Callable[[], Any]) -> int:
    """The database's answers for one read, the check of the connection included."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        read()
    return len(captured)


def profile(read: Callable[[], Any], reads: int) -> None:
    recorder = cProfile.Profile(time.process_time)
    recorder.runcall(lambda: [read() for _ in range(reads)])
    for order in ("cumulative", "tottime"):
        pstats.Stats(recorder, stream=sys.stderr).sort_stats(order).print_stats(70)


def rows(found: dict[str, Any]) -> Iterator[Row]:
    for name, what in READS.items():
        took = found[name]
        yield Row(
            f"a read over REST: {what}",
            f"{took['web_ms']:.1f} ms of processor in the web process, "
            f"{took['database_ms']:.1f} ms in the database, {took['queries']} queries",
            command=COMMAND,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--reads", type=int, default=200)
    parser.add_argument("--profile", default="", choices=["", *READS], help="profile one of them")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--prepare", metavar="KEY", help=argparse.SUPPRESS)
    parser.add_argument("--answer", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare:
        prepare(options.prepare)
        return
    if options.answer:
        key, pk = options.answer
        print(json.dumps(answer(key, pk, options.reads, options.profile)))
        return
    found = measure(options.reads, options.profile)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
