"""How media is shown at first: by the person's choice, then the team's, then the default."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Team
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from media_analysis.care.models import Veil
from media_analysis.care.services import breaks, veils
from media_analysis.care.services.breaks import Limits
from media_analysis.care.services.veils import OF_KIND, USUAL
from media_analysis.review.models import Case
from ml.engine.contract import Kind
from ml.models import Thumbnail
from tests.people import Person, Send, picture
from tests.previews.conftest import analysed

ALL_OFF = {kind: dict.fromkeys(parts, False) for kind, parts in OF_KIND.items()}


def test_the_usual_holds_until_somebody_chooses(alice: Person) -> None:
    """Pictures and videos blurred and grey, videos mute, sound as it is."""
    usual = veils.each(alice.actor, [alice.team.pk])[alice.team.pk]
    assert usual == USUAL
    assert usual["image"].css == "veil veil--blur veil--grey" and usual["video"].mute
    assert not usual["audio"].on


def test_a_persons_choice_comes_before_the_teams_part_by_part(
    alice: Person, bob: Person, lead: Person
) -> None:
    """The team switches all off; Alice wants pictures small and grey, and says nothing of blur."""
    assert veils.choose_for_team(lead.actor, lead.team, ALL_OFF, Limits(60, 50))
    own = {"image": {"blur": None, "grey": True, "small": True}}
    veils.choose_own(alice.user, own)
    hers = veils.of(alice.actor, alice.team.pk, "image")
    assert (hers.blur, hers.grey, hers.small) == (False, True, True)
    assert not veils.of(bob.actor, bob.team.pk, "image").on


def test_a_teams_choice_is_an_event_and_says_nothing_twice(lead: Person, alice: Person) -> None:
    """Before and after stand in the team's chain; a moderator may not choose for the team."""
    assert veils.choose_for_team(lead.actor, lead.team, ALL_OFF, Limits(45, 50))
    assert not veils.choose_for_team(lead.actor, lead.team, ALL_OFF, Limits(45, 50))
    event = Event.objects.get(verb=Verb.SETTING_CHANGED)
    data = event.content["data"]
    assert data["before"]["image"]["blur"] is True and data["after"]["image"]["blur"] is False
    assert (data["before"]["break_minutes"], data["after"]["break_minutes"]) == (60, 45)
    with pytest.raises(Refusal):
        veils.choose_for_team(alice.actor, alice.team, ALL_OFF, Limits(45, 50))
    with pytest.raises(Refusal):
        veils.choose_for_team(lead.actor, lead.team, ALL_OFF, Limits(100_000, 50))


def test_what_a_person_chose_is_no_matter_of_record(alice: Person) -> None:
    before = Event.objects.count()
    veils.choose_own(alice.user, ALL_OFF)
    assert Event.objects.count() == before


def test_a_veil_belongs_to_a_team_or_to_a_person(alice: Person, team: Team) -> None:
    """The database refuses both, and neither."""
    for owners in ({}, {"team": team, "person": alice.user}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Veil.objects.create(kind="image", **owners)


def test_pages_show_media_as_chosen(alice: Person, lead: Person, send: Send) -> None:
    """On the case, on the result and in the queue: veiled as usual, and bare when Alice says so."""
    sent = analysed(send(alice), Kind.IMAGE, width=64, height=48)
    Thumbnail.objects.create(analysis=sent.analysis, name="frame", png=picture())
    case = Case.objects.get(submission=sent)
    client = alice.client()
    pages = [
        reverse("review:case", args=[case.pk]),
        reverse("submissions:detail", args=[case.submission_id]),
    ]
    queue = reverse("review:queue")
    for page in pages:
        assert 'panel player veil veil--blur veil--grey"' in client.get(page).content.decode()
    assert "glimpse--blur" in client.get(queue).content.decode()
    bare = {f"{kind}_{part}": "off" for kind, parts in OF_KIND.items() for part in parts}
    assert client.post(reverse("care:own"), bare).status_code == 302
    for page in (*pages, queue):
        html = client.get(page).content.decode()
        assert "veil--" not in html and "glimpse--blur" not in html
    assert "glimpse--blur" in lead.client().get(queue).content.decode()


def test_a_lead_chooses_on_the_teams_page(lead: Person) -> None:
    """An unchecked box is off. A time out of range shows an error and changes nothing."""
    client, url = lead.client(), reverse("teams:care", args=[lead.team.pk])
    refused = client.post(url, {"image_small": "on", "break_minutes": "481", "break_items": "50"})
    assert refused.status_code == 422 and "480" in refused.content.decode()
    assert breaks.of_team(lead.team) == breaks.USUAL
    form = {"image_small": "on", "break_minutes": "30", "break_items": "20"}
    answer = client.post(url, form, follow=True)
    assert "This applies to everybody" in answer.content.decode()
    image = veils.of_team(lead.team)["image"]
    assert image == {"blur": False, "grey": False, "small": True}
    assert breaks.of_team(lead.team) == Limits(30, 20)


def test_the_original_arrives_as_an_attachment_and_on_record(
    alice: Person, charlie: Person, send: Send
) -> None:
    """Offered below the facts; never shown by the browser; the same bytes; an event."""
    sent = send(alice)
    page = alice.client().get(reverse("submissions:detail", args=[sent.pk])).content.decode()
    url = reverse("api:submission-media", args=[sent.pk])
    assert f'href="{url}"' in page and "Download the original" in page
    answer = alice.client().get(url)
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert b"".join(answer) == picture(120)
    assert Event.objects.filter(chain=sent.pk, verb=Verb.MEDIA_DOWNLOADED).count() == 1
    assert charlie.client().get(url).status_code == 404
