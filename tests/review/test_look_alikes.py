"""Waiting cases of media that looks alike come to one preview, and a person decides what of them
belongs together."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse

from media_analysis.review.models import Case
from media_analysis.review.services import look_alikes
from media_analysis.submissions.search import similar
from ml.models import Look
from tests.people import Person, Send
from tests.review.test_known import decided, page
from tests.review.test_services import opened

BITS = 0x0F0F_0F0F_0F0F_0F0F


def looking(person: Person, send: Send, shade: int, bits: int) -> Case:
    case = opened(person, send, shade)
    Look.of(case.submission.blob, 0.0, bits).save()
    return case


def previewed(person: Person, case: Case) -> list[UUID]:
    answer = person.client().post(reverse("review:bulk"), {"alike": str(case.pk)})
    return [one.pk for one in answer.context["chosen"]]


def test_look_alikes_are_counted_in_the_queue_and_come_to_one_preview(
    alice: Person, charlie: Person, send: Send
) -> None:
    """Near ones; not what is far, decided, or of another team. What is taken out there stays."""
    first = looking(alice, send, 1, BITS)
    near, other = looking(alice, send, 2, BITS ^ 1), looking(alice, send, 3, BITS ^ 0b11)
    looking(alice, send, 4, ~BITS % 2**64)
    done = looking(alice, send, 5, BITS ^ 0b1000)
    decided(alice, done)
    foreign = looking(charlie, send, 6, BITS)
    rows = alice.client().get(reverse("review:queue")).content.decode()
    assert rows.count("+2 similar") == 3 and "+1 similar" not in rows
    assert "Decide this case and 2 similar ones together" in page(alice, first)
    assert previewed(alice, first) == [first.pk, near.pk, other.pk]
    assert previewed(alice, near) == [first.pk, near.pk, other.pk]
    ids = {"case": [str(first.pk), str(near.pk)], "outcome": "manipulated", "reason": "seam"}
    alice.client().post(reverse("review:bulk"), {**ids, "fence": 0, "confirmed": "1"})
    assert not Case.objects.filter(pk__in=[first.pk, near.pk], state="open").exists()
    assert Case.objects.get(pk=other.pk).state == Case.objects.get(pk=foreign.pk).state == "open"
    refused = alice.client().post(reverse("review:bulk"), {"alike": str(foreign.pk)}, follow=True)
    assert "chosen" not in refused.context


def test_a_preview_with_nothing_left_in_it_decides_nothing(alice: Person, send: Send) -> None:
    """It says so."""
    case = opened(alice, send)
    form = {"outcome": "manipulated", "reason": "seam", "fence": 0, "confirmed": "1"}
    answer = alice.client().post(reverse("review:bulk"), form, follow=True)
    assert b"Choose at least one case." in answer.content
    assert Case.objects.get(pk=case.pk).state == "open"


def test_a_viewer_is_offered_nothing(alice: Person, viewer: Person, send: Send) -> None:
    """Neither on the case nor in the row."""
    first = looking(alice, send, 1, BITS)
    looking(alice, send, 2, BITS ^ 1)
    rows = viewer.client().get(reverse("review:queue")).content.decode()
    assert " similar" not in rows and "similar one together" not in page(viewer, first)


def test_a_list_compares_a_few_scenes_of_each_video(alice: Person, send: Send) -> None:
    """Spread over its length; two that share one of them are alike, and the plain file is not."""
    one, other = opened(alice, send, 1), opened(alice, send, 2)
    for second in range(64):
        Look.of(one.submission.blob, float(second), second * 0x9E37_79B9_7F4A_7C15 % 2**64).save()
    Look.of(other.submission.blob, 0.0, 0).save()
    blobs = {case.submission.blob_id for case in (one, other, opened(alice, send, 3))}
    alike = similar.among(blobs)
    assert alike == {
        one.submission.blob_id: {other.submission.blob_id},
        other.submission.blob_id: {one.submission.blob_id},
    }
    assert look_alikes.counts([one, other]) == {one.pk: 1, other.pk: 1}
