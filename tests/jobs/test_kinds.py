"""Short jobs never wait for long ones: claims by kind, and slots without videos."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError

from blobs.models import Blob
from jobs import bell, reconciling, registry
from jobs.management.commands.worker import _kinds, _reserved
from jobs.models import State
from jobs.queues import queue
from jobs.services import claim, others_wait, release
from media_analysis.previews.models import Preview
from ml.models import Analysis
from operations import metrics

SHORT = frozenset({"image", "audio"})
TYPES = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/wav"}


def queued(media_type: str, flow: str = "") -> Analysis:
    blob = Blob.objects.create(sha256=uuid.uuid4().hex * 2, size=1, media_type=media_type)
    made = Analysis.objects.create(blob=blob, chain=uuid.uuid4(), flow=flow)
    made.refresh_from_db()
    return made


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [*((type_, kind) for kind, type_ in TYPES.items()), ("application/mxf", "video")],
)
def test_the_database_itself_knows_the_kind(db: None, media_type: str, kind: str) -> None:
    analysis = queued(media_type)
    assert analysis.kind == kind
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        Analysis.objects.filter(pk=analysis.pk).update(kind="image" if kind != "image" else "audio")


def test_forty_films_hold_up_no_photograph(db: None) -> None:
    for _ in range(40):
        queued("video/mp4", flow="films")
    photograph = queued("image/jpeg", flow="photographs")
    got = claim(Analysis, worker="w", kinds=SHORT)
    assert got is not None and got.pk == photograph.pk and got.kinds == SHORT
    assert claim(Analysis, worker="w", kinds=SHORT) is None
    assert claim(Analysis, worker="w", kinds=frozenset({"video"})) is not None


def test_of_several_kinds_the_earliest_turn_goes_first(db: None) -> None:
    rows = [queued(TYPES[kind]) for kind in ("audio", "image", "video", "audio", "image")]
    served = [claim(Analysis, worker="w", kinds=SHORT) for _ in range(4)]
    assert [got.pk for got in served if got] == [rows[n].pk for n in (0, 1, 3, 4)]


def test_floods_of_one_kind_take_turns_in_a_reserved_slot_too(db: None) -> None:
    for _ in range(10):
        queued("image/jpeg", flow="flood")
    light = queued("audio/wav", flow="light")
    served = [claim(Analysis, worker="w", kinds=SHORT) for _ in range(2)]
    assert light.pk in [got.pk for got in served if got]


def test_a_copy_in_a_reserved_slot_gives_way_to_a_photograph_and_to_no_film(db: None) -> None:
    queued("video/mp4")
    Analysis.objects.update(available_at="2020-01-01T00:00Z")
    assert others_wait(Preview) and not others_wait(Preview, kinds=SHORT)
    queued("image/jpeg")
    Analysis.objects.update(available_at="2020-01-01T00:00Z")
    assert others_wait(Preview, kinds=SHORT)


def test_the_first_of_a_kind_is_found_by_its_index(db: None) -> None:
    blob = Blob.objects.create(sha256="ab" * 32, size=1, media_type="video/mp4")
    Analysis.objects.bulk_create(
        Analysis(blob=blob, chain=uuid.uuid4(), flow="f") for _ in range(300)
    )
    queued("image/jpeg")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ml_analysis")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM ml_analysis WHERE state = 'queued' AND kind = 'image' "
            "AND available_at <= clock_timestamp() ORDER BY turn_at LIMIT 1"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "analysis_kind_idx" in plan and "Sort" not in plan


def test_each_kind_has_a_bell_and_a_reserved_slot_hears_no_films() -> None:
    assert bell.queues() == [queue(), *(queue(k) for k in ("audio", "image", "video"))]
    assert queue("video") not in bell.queues(SHORT)


def test_bells_ring_by_kind_and_none_asks_the_database(
    db: None, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    """What was just queued is known by its row; what is rung again, by the one query for all."""
    rung: list[str] = []
    monkeypatch.setattr("jobs.tasks.answer.apply_async", lambda _, queue, **__: rung.append(queue))
    rows = [queued(TYPES[kind]) for kind in ("audio", "image", "video")]
    for row in rows:
        bell.ring_on_commit(row)
    hooks = [entry[1] for entry in connection.run_on_commit][-3:]
    with django_assert_num_queries(0):
        for hook in hooks:
            hook()
    expected = [queue(kind) for kind in ("audio", "image", "video")]
    assert rung == expected
    Analysis.objects.update(available_at="2020-01-01T00:00Z", rung_at="2020-01-01T00:00Z")
    with django_assert_num_queries(4):  # a savepoint, the rows, their time of ringing, its release
        assert reconciling._ring_again(Analysis) == 3
    assert sorted(rung[3:]) == sorted(expected)


def test_one_slot_of_two_is_reserved_and_none_where_there_is_no_choice() -> None:
    assert [_reserved(None, n, None) for n in (1, 2, 4)] == [0, 1, 1]
    assert _reserved(3, 4, None) == 3
    assert _reserved(None, 4, frozenset({"video"})) == _reserved(None, 4, SHORT) == 0
    assert _kinds(" image , audio ") == SHORT and _kinds("") is None


def test_the_figures_are_by_kind(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for media_type in ("video/mp4", "video/mp4", "image/jpeg"):
        queued(media_type)
    Analysis.objects.update(available_at="2020-01-01T00:00Z")
    got = claim(Analysis, worker="w", kinds=frozenset({"image"}))
    assert got is not None
    monkeypatch.setattr(metrics.Site, "_kept", (-metrics.KEPT_SECONDS, []))
    text = metrics.exposition()[0].decode()
    assert 'touchstone_jobs_due{kind="ml.analysis",media="video",priority="0"} 2.0' in text
    assert 'touchstone_jobs_running{kind="ml.analysis",media="image"} 1.0' in text
    assert 'touchstone_jobs_oldest_due_seconds{kind="ml.analysis",media="audio"} 0.0' in text
    release(got)
    assert Analysis.objects.filter(state=State.QUEUED).count() == 3


def test_all_that_the_analyses_know_is_known_to_the_scaler() -> None:
    """The chart's workers together take every kind, or something would wait for ever."""
    import yaml

    values = yaml.safe_load((settings.ROOT / "docker/chart/values.yaml").read_text())
    pools = values["worker"]["pools"]
    assert {kind for pool in pools for kind in pool["kinds"]} == registry.kinds()
