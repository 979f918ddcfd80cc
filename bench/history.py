"""Pages of the history and of the queue with a million submissions and cases, compared with a
thousand.

    PYTHONPATH=platform:. python bench/history.py [--rows 1000000] [--json] [--write]

Both are asked in turn for the same page, by three people, each time as a whole page over Django's
test client: what somebody waits for, but for the network; the best of five counts, for on a shared
machine the others measure the neighbours. Where the thousand hold fewer rows than
the page shows, the measure is a full page of theirs. `--processor` measures the processor time of
page and database instead of the clock's, because a loaded machine doubles that. `--keep PLACE`
keeps the databases there and uses what was kept; `--explain` prints the plans of one person's
filters. `--write` puts the table into docs/history.md; with `--review`, beside the figures of
other commands.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench import million  # noqa: E402
from bench.report import Row, table, write  # noqa: E402
from local import postgres  # noqa: E402

COMMAND = "python bench/history.py"
TARGET = 1.3
FEW = 1000
PEOPLE = {
    "big": "in the team with half of all",
    "all": "in all 20 teams",
    "quiet": "in the team that sent nothing lately",
}
SORTS = ("newest", "name", "largest")
QUEUE, NEXT, CASE = "queue", "take the next case", "case page"
NAMED, LATE = "one named queue", "what is overdue"
REVIEW = {QUEUE: "", NAMED: "?queue={queue}", LATE: "?late=1"}
"""Pages of the queue, by what they ask."""
OF_REVIEW = (*REVIEW, NEXT, CASE)
FILTERS: dict[str, dict[str, str]] = {
    "everything": {},
    "found": {"outcome": "manipulation_found"},
    "inconclusive": {"outcome": "inconclusive"},
    "waiting": {"state": "queued"},
    "sound": {"kind": "audio"},
    "one day": {"received_from": "2026-01-05", "received_to": "2026-01-05"},
    "found sound": {"kind": "audio", "outcome": "manipulation_found"},
    "check noticed": {"detector": "compression", "check": "noticed"},
    "check ran": {"detector": "compression", "check": "ran"},
    "check absent": {"detector": "provenance"},
    "rare word": {"q": "kingfisher"},
    "part of a word": {"q": "ingfish"},
    "common word": {"q": "jpg"},
    "two words": {"q": "reader 4"},
    "no such word": {"q": "zebrafinch"},
    "sender": {"q": "p17@example"},
    "hash": {"q": "0123456789ab"},
    "common word, found": {"q": "jpg", "outcome": "manipulation_found"},
}
FULL = "everything"
Question = tuple[str, str, str]


def questions(review_alone: bool = False) -> list[Question]:
    """Sizes are ordered as names are: only the whole list is asked for in their order as well."""
    review = [(who, page_name, "") for who in PEOPLE for page_name in OF_REVIEW]
    if review_alone:
        return review
    pages = [
        (who, page_name, sort)
        for who in PEOPLE
        for page_name in FILTERS
        for sort in SORTS
        if sort != "largest" or page_name == FULL
    ]
    return pages + review


class Answer(NamedTuple):
    rows: int
    ms: float
    worked: float
    """Milliseconds of a processor."""
    queries: int


class Desk:
    """One database, asked by a process of its own as the application's role."""

    def __init__(self, pg: postgres.Server, name: str) -> None:
        env = {
            **os.environ,
            "DATABASE_URL": pg.url(postgres.APP, name),
            "DEBUG": "0",
            "SECRET_KEY": "x" * 60,
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "tests.partners.served_settings",
            "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.history", "--answer"],
            cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, question: Question) -> Answer:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return Answer(*json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def answer() -> None:
    """The other end of a `Desk`."""
    import django

    django.setup()
    from django.db import connection
    from django.test import Client

    from accounts.models import User

    query_count = 0

    def counted(execute: Any, *query: Any) -> Any:
        nonlocal query_count
        query_count += 1
        return execute(*query)

    connection.execute_wrappers.append(counted)
    clients = {}
    for who in PEOPLE:
        clients[who] = Client(SERVER_NAME="localhost")
        user = User.objects.get(pk=ident(who))
        clients[who].force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    for line in sys.stdin:
        who, page_name, sort = json.loads(line)
        began, worked, query_count = time.perf_counter(), _processor_seconds(), 0
        if page_name == NEXT:
            rows = took_next(who)
        elif page_name == CASE:
            rows = case_page(clients[who], who)
        else:
            rows = page(clients[who], address(who, page_name, sort))
        took, worked = time.perf_counter() - began, _processor_seconds() - worked
        print(json.dumps([rows, took * 1000, worked * 1000, query_count]), flush=True)


def _processor_seconds() -> float:
    """Of this process, and of the one that answers it in the database."""
    from django.db import connection

    connection.ensure_connection()
    of_database = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return time.process_time() + int(of_database.split()[0]) / 1e9


def ident(name: str) -> UUID:
    return UUID(md5(name.encode()).hexdigest())


def address(who: str, page_name: str, sort: str) -> str:
    from media_analysis.review.models import Queue

    if page_name not in REVIEW:
        return f"/?{urlencode({**FILTERS[page_name], 'sort': sort})}"
    mine = Queue.objects.filter(name="Queue 2", team__memberships__user=ident(who))
    return "/review/" + REVIEW[page_name].format(queue=mine.order_by("pk").values_list("pk")[0][0])


def case_page(client: Any, who: str) -> int:
    """Of the case that comes first."""
    from accounts.actors import actor_for_user
    from accounts.models import User
    from media_analysis.review.search import queue

    first = queue.first(actor_for_user(User.objects.get(pk=ident(who)), via="password"), 1)
    got = client.get(f"/review/{first[0]}/")
    if got.status_code != 200:
        raise SystemExit(f"/review/{first[0]}/ answered {got.status_code}")
    return 1


def page(client: Any, url: str) -> int:
    got = client.get(url)
    if got.status_code != 200:
        raise SystemExit(f"{url} answered {got.status_code}")
    return int(got.content.count(b"<tr data-row="))


def took_next(who: str) -> int:
    """Taken, and given back as if nothing had been."""
    from django.db import transaction

    from accounts.actors import actor_for_user
    from accounts.models import User
    from media_analysis.review.services import cases

    with transaction.atomic():
        case = cases.claim_next(actor_for_user(User.objects.get(pk=ident(who)), via="password"))
        transaction.set_rollback(True)
    return int(case is not None)


def measure(
    rows: int, rounds: int, kept: Path | None, review_alone: bool = False, worked: bool = False
) -> dict[str, Any]:
    with million.a_server(kept) as pg:
        desks = {}
        for number in (FEW, rows):
            began = time.monotonic()
            desks[number] = Desk(pg, million.database(pg, number))
            print(
                f"{number} rows are there after {time.monotonic() - began:.0f} s", file=sys.stderr
            )
        lines = []
        for question in tqdm(questions(review_alone), disable=None, desc="pages"):
            times: dict[int, list[float]] = {FEW: [], rows: []}
            row_counts = {number: desk.ask(question).rows for number, desk in desks.items()}  # warm
            queries: dict[int, int] = {}
            for _ in range(rounds):
                for number, desk in desks.items():
                    result = desk.ask(question)
                    times[number].append(result.worked if worked else result.ms)
                    # A session notes once a minute when it was last seen.
                    queries[number] = min(result.queries, queries.get(number, result.queries))
            best = {number: round(min(t), 1) for number, t in times.items()}
            lines.append(
                {"question": question, "few": [row_counts[FEW], best[FEW]],
                 "many": [row_counts[rows], best[rows]], "queries": [queries[FEW], queries[rows]]}
            )  # fmt: skip
        for desk in desks.values():
            desk.close()
    lines = compared(lines)
    for line in lines:
        line["command"] = COMMAND + " --review" * review_alone + " --processor" * worked
    return {"rows": rows, "lines": lines, "load_after": round(os.getloadavg()[0], 2)}


def compared(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each against the same page of the thousand where that shows as many rows."""
    few = {tuple(line["question"]): line["few"] for line in lines}
    for line in lines:
        same = [few[one] for one in _alike(*line["question"])]
        full = (ms for row_count, ms in same if row_count == line["many"][0])
        line["against"] = next(full, same[-1][1])
        line["ratio"] = round(line["many"][1] / line["against"], 2)
    return lines


def _alike(who: str, page_name: str, sort: str) -> list[Question]:
    """The page, and what stands for it where the thousand fill less of it; the last is full."""
    if page_name in OF_REVIEW:
        return [(who, page_name, ""), ("big", page_name, ""), ("big", QUEUE, "")]
    return [(who, page_name, sort), ("all", FULL, sort)]


def rows(found: dict[str, Any]) -> Iterator[Row]:
    """The plain pages by name; of all others the slowest, and how many keep to the target."""
    number, lines = f"{found['rows']:,}", found["lines"]
    plain = [line for line in lines if line["question"][1] in (FULL, *OF_REVIEW)]
    named = {FULL: "history, unfiltered", QUEUE: "review queue", **{n: n for n in OF_REVIEW[1:]}}
    for page_name, what in named.items():
        if not any(p["question"][1] == page_name for p in plain):
            continue
        worst = max((p for p in plain if p["question"][1] == page_name), key=lambda p: p["ratio"])
        yield row(f"{what}, with {number} against {FEW:,}, worst of its orders and people", worst)
    yield queries_of(lines, number)
    others = [line for line in lines if line not in plain]
    if not others:
        return
    within = sum(line["ratio"] <= TARGET for line in others)
    slowest = max(others, key=lambda line: line["ratio"])
    who, page_name, sort = slowest["question"]
    yield row(
        f"history by {len(others)} filters, orders and people: {within} within the target; "
        f"the worst ({page_name}, {sort}, {PEOPLE[who]})",
        slowest,
    )


def queries_of(lines: list[dict[str, Any]], number: str) -> Row:
    """Of each page of review, by whoever is asked most for it."""
    of_review = [line for line in lines if line["question"][1] in OF_REVIEW]
    parts = []
    for page_name in OF_REVIEW:
        mine = [line["queries"] for line in of_review if line["question"][1] == page_name]
        few, many = max(mine, key=lambda pair: (pair[1] - pair[0], pair[1]))
        parts.append(f"{page_name} {many} and {few}")
    # The first case of each is another one: of a video, or with a queue, it asks once more.
    no_more = all(many <= few for few, many in (line["queries"] for line in of_review))
    what = f"questions to the database, with {number} against {FEW:,}, most of its people"
    return Row(what, "; ".join(parts), "no more", no_more, of_review[0]["command"])


def row(what: str, line: dict[str, Any]) -> Row:
    value = f"{line['ratio']} x ({line['many'][1]:.0f} ms and {line['against']:.0f} ms)"
    return Row(what, value, f"<= {TARGET} x", line["ratio"] <= TARGET, line["command"])


def explain(pg: postgres.Server, name: str) -> None:
    """The plans of the first person's filters, in a database that was kept."""
    os.environ |= {"DATABASE_URL": pg.url(postgres.APP, name), "DEBUG": "1"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from accounts.actors import actor_for_user
    from accounts.models import User
    from media_analysis.submissions.forms import HistoryFilter
    from media_analysis.submissions.search import history

    for who, page_name, sort in questions():
        if page_name not in FILTERS:
            continue
        actor = actor_for_user(User.objects.get(pk=ident(who)), via="password")
        form = HistoryFilter(actor, {**FILTERS[page_name], "sort": sort})
        with CaptureQueriesContext(connection) as captured:
            history.page(actor, form.wanted)
        for query in captured.captured_queries:
            if float(query["time"]) > 0.02:
                print(f"--- {who} {page_name} {sort} {query['time']} s\n{query['sql'][:3000]}")
                with connection.cursor() as cursor:
                    cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + query["sql"])
                    print("\n".join(line for (line,) in cursor.fetchall())[:6000])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--review", action="store_true", help="only the pages of review")
    parser.add_argument(
        "--processor", action="store_true",
        help="measure processor time instead of the clock, for machines with other load",
    )  # fmt: skip
    parser.add_argument("--keep", type=Path, help="where the databases stay")
    parser.add_argument(
        "--explain", action="store_true", help="print the slow query plans of kept databases"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/history.md")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer()
        return
    if options.explain:
        with million.a_server(options.keep) as pg:
            explain(pg, million.database(pg, options.rows))
        return
    found = measure(options.rows, options.rounds, options.keep, options.review, options.processor)
    if options.write:
        write(list(rows(found)), ROOT / "docs" / "history.md", among_others=options.review)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
