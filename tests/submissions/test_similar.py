"""Copies that look alike: all within seven bits are found, by an index, for those who may look."""

from __future__ import annotations

import random
from io import BytesIO

import pytest
from django.db import connection
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from blobs.models import Blob
from jobs.runner import execute
from jobs.services import claim_one
from media_analysis.submissions.models import Submission
from media_analysis.submissions.search import similar
from media_analysis.submissions.services.intake import submit
from ml.engine.media.similarity import NEAR, distance, neighbours, quarters
from ml.models import Analysis, Look, near_quarters, nearest, signed
from tests.detectors.natural import pictures
from tests.people import Person, Send

BITS = st.integers(0, 2**64 - 1)


def flipped(bits: int, count: int, seed: int = 0) -> int:
    for bit in random.Random(seed).sample(range(64), count):
        bits ^= 1 << bit
    return bits


def with_look(submission: Submission, *bits: int) -> Submission:
    Look.objects.bulk_create(Look.of(submission.blob, float(n), b) for n, b in enumerate(bits))
    return submission


@given(BITS)
def test_a_row_keeps_all_64_bits(bits: int) -> None:
    """Through the database's signed number and back; the quarters hold every bit."""
    assert Look(bits=signed(bits)).unsigned == bits and -(2**63) <= signed(bits) < 2**63
    assert sum(q << 16 * place for place, q in enumerate(quarters(bits))) == bits


@given(BITS, st.sets(st.integers(0, 63), max_size=NEAR))
def test_whatever_differs_in_seven_bits_shares_a_quarter_but_for_one(
    bits: int, flips: set[int]
) -> None:
    """The argument of `similarity.neighbours`, tried: some quarter differs in at most one bit."""
    other = bits
    for bit in flips:
        other ^= 1 << bit
    assert any(quarters(other)[place] in neighbours(bits, place) for place in range(4))


@pytest.mark.django_db
def test_the_query_finds_exactly_those_within_seven_bits() -> None:
    """Against a plain walk through 600 looks, at every distance from 0 to 12."""
    blob = Blob.objects.create(sha256="a" * 64, size=1, media_type="image/png")
    wanted = random.Random(1).getrandbits(64)
    others = [flipped(wanted, n % 13, n) for n in range(600)]
    Look.objects.bulk_create(Look.of(blob, float(n), bits) for n, bits in enumerate(others))
    candidates = Look.objects.with_quarters(**near_quarters([wanted]))
    found = {row.seconds: difference for difference, row in nearest([wanted], candidates)}
    expected = {
        float(n): d for n, bits in enumerate(others) if (d := distance(wanted, bits)) <= NEAR
    }
    assert found == expected


@pytest.mark.django_db
def test_the_index_is_used() -> None:
    """With 20,000 looks the plan joins the four indexes and walks no table."""
    with connection.cursor() as cursor:
        # No trigger looks at each of these rows: the plan is asked for, not the guards.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "INSERT INTO blobs_blob (sha256, size, media_type, damage) SELECT"
            " md5(n::text) || md5('x' || n), 1, 'image/png', '' FROM generate_series(1, 20000) n"
        )
        cursor.execute(
            "INSERT INTO ml_look (blob_id, method, seconds, bits, quarter_0, quarter_1, quarter_2,"
            " quarter_3) SELECT sha256, 1, 0, h.bits, h.bits & 65535, h.bits >> 16 & 65535,"
            " h.bits >> 32 & 65535, h.bits >> 48 & 65535 FROM blobs_blob,"
            " LATERAL (SELECT ('x' || left(sha256, 16))::bit(64)::bigint AS bits) h"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE ml_look")
    plan = Look.objects.with_quarters(**near_quarters([12345])).explain()
    assert "BitmapOr" in plan and plan.count("quarter_") >= 8 and "Seq Scan" not in plan, plan


def test_only_those_who_may_look_are_told(
    alice: Person, bob: Person, charlie: Person, send: Send
) -> None:
    """Alice's page links Bob's copy and is silent about Charlie's."""
    mine = with_look(send(alice, 1, "mine.png"), 99)
    copy = with_look(send(bob, 2, "copy.png"), flipped(99, 2))
    with_look(send(charlie, 3, "canary.png"), 99)
    with_look(send(alice, 4, "far.png"), flipped(99, 20))
    found = similar.others(alice.actor, mine)
    assert [(a.submission, a.difference) for a in found] == [(copy, 2)]
    page = alice.client().get(reverse("submissions:detail", args=[mine.pk])).content.decode()
    assert "copy.png" in page and "canary.png" not in page and "far.png" not in page
    assert "almost identical" in page


def test_a_scene_is_enough(alice: Person, send: Send) -> None:
    """A film that holds the picture as its ninth scene is found from the picture, and back."""
    scenes = [random.Random(n).getrandbits(64) for n in range(16)]
    film = with_look(send(alice, 1, "film.mp4"), *scenes)
    still = with_look(send(alice, 2, "still.png"), flipped(scenes[8], 4))
    assert [(a.submission, a.seconds) for a in similar.others(alice.actor, still)] == [(film, 8.0)]
    assert [a.submission for a in similar.others(alice.actor, film)] == [still]


def test_many_copies_stay_a_short_list(alice: Person, send: Send) -> None:
    """Ten links, the nearest first, in a fixed number of queries."""
    mine = with_look(send(alice, 0), 5)
    for n in range(1, 15):
        with_look(send(alice, n), flipped(5, n % 8, n))
    found = similar.others(alice.actor, mine)
    differences = [a.difference for a in found]
    assert len(found) == similar.MOST and differences == sorted(differences)


@pytest.mark.django_db(transaction=True)
def test_the_engine_sees_that_a_copy_is_a_copy(alice: Person) -> None:
    """Two analyses in the sandbox: a photograph and the same, smaller and saved badly."""
    photo = pictures()[0]
    sent = []
    for name, size, quality in (("photo.jpg", 1, 95), ("small.jpg", 2, 40)):
        data = BytesIO()
        photo.resize((photo.width // size, photo.height // size)).save(
            data, "JPEG", quality=quality
        )
        data.seek(0)
        one = submit(alice.actor, alice.team, data, name).submission
        claim = claim_one(Analysis, one.analysis_id, worker="t")
        assert claim is not None
        execute(claim)
        sent.append(one)
    assert [a.submission for a in similar.others(alice.actor, sent[0])] == [sent[1]]
    assert Look.objects.count() == 2
