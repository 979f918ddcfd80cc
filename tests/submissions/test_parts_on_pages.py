"""Retention by part on pages and over REST: what they show of removed parts, and how rules are
saved."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

import blobs.services
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from blobs import vault
from blobs.models import Blob
from jobs.services import claim_one
from media_analysis.backfill.models import Backfill
from media_analysis.backfill.selection import with_reasons
from media_analysis.previews.models import Preview
from media_analysis.previews.services import copies
from media_analysis.previews.services.rendering import Made
from media_analysis.review.services import golden
from media_analysis.submissions.models import IndexCard, PartRule, RetentionRule, Submission
from media_analysis.submissions.services import films, intake, parts, retention
from ml.engine.contract import Outcome
from ml.models import Analysis
from tests.audit.house import analysed
from tests.people import Person, Send
from tests.submissions.test_parts import aged, old, received, rule, send

__all__ = ["send"]


def test_rest_and_pages_tell_the_verdict_without_its_findings(
    alice: Person, charlie: Person, send: Send
) -> None:
    """An answer that was kept is new once, and the report that was issued stays as it was."""
    sent = analysed(send(alice), Outcome.NO_MANIPULATION_FOUND, word="canary")
    aged(sent, 40)
    address, client = reverse("api:submission-detail", args=[sent.pk]), alice.client()
    first = client.get(address)
    assert first.json()["result"]["findings"] and "canary" in first.content.decode()
    rule(alice.team, "findings")
    assert parts.run_due() == 1
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200 and "canary" not in again.content.decode()
    result = again.json()["result"]
    assert (result["findings"], result["tracks"], result["timeline"]) == ([], [], [])
    assert result["verdict"]["outcome"] == "no_manipulation_found"
    assert result["verdict"]["probability_manipulated"] == 0.9
    received(sent, sent.created_at)  # no event has spoken of its being older
    page = client.get(reverse("submissions:detail", args=[sent.pk])).content.decode()
    assert "The findings of the checks were removed on" in page and "canary" not in page
    assert "Analyse again" not in page and "form an unbroken chain" in page
    assert charlie.client().get(address).status_code == 404
    with pytest.raises(Refusal) as refused:
        intake.analyse_again(alice.actor, Submission.objects.get(pk=sent.pk))
    assert refused.value.code == "media_removed"


def test_pages_say_what_was_removed_and_offer_no_further_analysis(
    alice: Person, charlie: Person, lead: Person, send: Send
) -> None:
    submission = old(send(alice, name="canary.png", note="a canary"))
    for part in ("original", "pictures", "text"):
        rule(alice.team, part)
    assert parts.run_due() == 3
    url = reverse("submissions:detail", args=[submission.pk])
    page = alice.client().get(url).content.decode()
    assert "The original was removed on" in page and "retention rule" in page
    assert "The small pictures were removed on" in page and "canary" not in page
    assert "Analyse again" not in page and "Download the original" not in page
    assert charlie.client().get(url).status_code == 404
    submission = Submission.objects.get(pk=submission.pk)
    with pytest.raises(Refusal) as refused:
        intake.analyse_again(alice.actor, submission)
    assert refused.value.code == "media_removed"
    with pytest.raises(Refusal) as refused:
        golden.mark(lead.actor, submission, "manipulated", "")
    assert refused.value.code == "golden_not_possible"
    reasons = with_reasons(Submission.objects.filter(pk=submission.pk), Backfill())
    assert reasons.values_list("why_not", flat=True).get() == "removed"
    picture_url = reverse("submissions:picture", args=[submission.pk, "frame"])
    assert alice.client().get(picture_url).status_code == 410
    assert IndexCard.objects.get(pk=submission.pk).name == ""


def test_a_removed_copy_is_not_shown_though_another_team_has_it(
    alice: Person, charlie: Person, send: Send
) -> None:
    mine, theirs = send(alice), send(charlie)
    for one in (mine, theirs):
        Analysis.objects.filter(pk=one.analysis_id).update(media={"kind": "video", "duration": 1.0})
        old(one)
        aged(one, 40, "video")
    stored = blobs.services.store(io.BytesIO(b"a film"))
    with transaction.atomic():
        copies.order(mine.blob)
    claim = claim_one(Preview, Preview.objects.get().pk, worker="w1")
    assert claim is not None
    made = Made(media_type="video/webm", seconds=1.0, fps=25.0, took=0.1)
    copies._conclude(claim, mine.blob, stored, made)
    film = Blob.objects.get(pk=stored.sha256)
    rule(alice.team, "copies", kind="video")
    assert parts.run_due() == 1 and vault.exists(film.pk)
    mine, theirs = (Submission.objects.get(pk=one.pk) for one in (mine, theirs))
    assert films.player_data(mine, alice.actor) is None
    assert films.player_data(theirs, charlie.actor)
    address = reverse("submissions:film", args=[mine.pk])
    assert alice.client().get(address).status_code == 410
    rule(charlie.team, "copies", kind="video")
    assert parts.run_due() == 1 and not vault.exists(film.pk)


def test_the_page_counts_before_it_saves_and_refuses_what_makes_no_sense(
    admin: Person, lead: Person, alice: Person, send: Send
) -> None:
    submission = old(send(alice))
    url = reverse("teams:retention", args=[alice.team.pk])
    assert lead.client().get(url).status_code == 403
    client = admin.client()
    form: dict[str, Any] = {"image_original": "30", "image_text": "35", "step": "preview"}
    page = client.post(url, form).content.decode()
    assert "Parts that would be removed" in page and "Original" in page
    assert f"{submission.blob.size}" in page
    assert not PartRule.objects.exists()
    assert 'class="more" open' not in client.get(url).content.decode()
    late = client.post(url, {"image": "30", "image_original": "30", "step": "save"})
    assert late.status_code == 422 and "fewer than 30 days" in late.content.decode()
    assert not PartRule.objects.exists() and not RetentionRule.objects.exists()
    client.post(url, {**form, "step": "save"})
    assert dict(PartRule.objects.values_list("part", "days")) == {"original": 30, "text": 35}
    assert 'class="more" open' in client.get(url).content.decode(), "saved rules are in view"
    changed = Event.objects.filter(verb=Verb.RETENTION_CHANGED)
    assert changed.get().content["data"]["after"]["image:original"] == 30
    client.post(url, {**form, "step": "save"})
    assert changed.count() == 1
    client.post(url, {"step": "save"})
    assert not PartRule.objects.exists()
    with pytest.raises(Refusal):
        retention.set_rules(admin.actor, alice.team, {}, {("image", "copies"): 3})
