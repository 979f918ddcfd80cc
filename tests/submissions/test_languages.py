"""The language of media is what its sender says. It is kept, shown and found, and never guessed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role, Team
from accounts.refusals import Refusal
from media_analysis.submissions import languages
from media_analysis.submissions.models import Submission
from media_analysis.submissions.search import history
from tests.people import Person, Send, member
from tests.review.test_services import opened


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""), ("de", "de"), ("DE-at", "de-AT"), ("ZH-hant-tw", "zh-Hant-TW"), ("yue", "yue"),
        ("zh-yue", "zh-yue"), ("es-419", "es-419"), ("sl-ROZAJ", "sl-rozaj"),
        ("de-1996", "de-1996"), ("sr-latn", "sr-Latn"), ("und", "und"),
    ],
)  # fmt: skip
def test_a_tag_is_kept_in_the_usual_letters(text: str, kept: str) -> None:
    assert languages.tag(text) == kept == languages.tag(kept)


@pytest.mark.parametrize(
    "text",
    ["german", "d", "de_AT", "de-", "-de", "x-mine", "de-x-mine", "de-u-co-phonebk", "de\n", " de",
     "de,en", "déu", "de-" + "variants-" * 4 + "variants", "i-klingon", "de-AT-AT"],
)  # fmt: skip
def test_what_is_no_tag_is_refused_with_one_code(text: str) -> None:
    """Extensions and private parts as well: they could hold any words."""
    with pytest.raises(Refusal) as refused:
        languages.tag(text)
    assert refused.value.code == "language_malformed" and refused.value.status == 400


@given(st.from_regex(languages.PATTERN, fullmatch=True).filter(lambda text: len(text) <= 35))
def test_every_tag_is_kept_as_one_that_the_database_takes(text: str) -> None:
    kept = languages.tag(text)
    assert kept.lower() == text.lower() and languages.tag(kept) == kept
    assert kept.partition("-")[0].islower()


def test_a_name_is_in_the_readers_language() -> None:
    """The tag stands beside it; where nobody named it, alone."""
    assert languages.name_of("de-AT") == "German (de-AT)"
    assert languages.name_of("pt-BR") == "Brazilian Portuguese (pt-BR)"
    assert languages.name_of("yue") == "yue"
    with translation.override("de"):
        assert languages.name_of("de") == "Deutsch (de)"
        assert languages.choices() == sorted(languages.choices(), key=lambda one: one[1].casefold())


def test_the_form_takes_a_language_and_the_pages_show_it(alice: Person, send: Send) -> None:
    """On the submission and on its case; without one there is no such line."""
    sent = {"upload": _upload(), "team": alice.team.pk, "language": "de-AT"}
    answer = alice.client().post(reverse("submissions:submit"), sent)
    assert answer.status_code == 302
    kept = Submission.objects.get()
    assert kept.language == "de-AT"
    line = "German (de-AT), stated by the sender"
    assert line in alice.client().get(answer["Location"]).content.decode()
    case = opened(alice, send)
    without = alice.client().get(reverse("review:case", args=[case.pk])).content.decode()
    assert "stated by the sender" not in without
    of_case = alice.client().get(reverse("submissions:detail", args=[kept.pk])).content.decode()
    assert line in of_case


def test_a_bad_language_in_the_form_is_told_and_nothing_is_kept(alice: Person) -> None:
    sent = {"upload": _upload(), "team": alice.team.pk, "language": "german"}
    answer = alice.client().post(reverse("submissions:submit"), sent)
    assert answer.status_code == 400
    assert "“german” is not a language tag" in answer.content.decode()
    assert not Submission.objects.exists()


def _upload() -> object:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from tests.people import picture

    return SimpleUploadedFile("photo.png", picture(), "image/png")


@pytest.mark.parametrize("few", [10_000, 0], ids=["few", "many"])
def test_history_finds_a_language_with_its_regions(
    alice: Person, charlie: Person, send: Send, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """However many there are; with other filters too; never another team's."""
    monkeypatch.setattr(history, "FEW_SAID", few)
    german, austrian, english = (
        send(alice, shade, language=language)
        for shade, language in enumerate(("de", "de-AT", "en"))
    )
    send(alice, 4), send(charlie, 5, language="de")
    found = {
        language: {row.pk for row in history.page(alice.actor, {"language": language}).rows}
        for language in ("de", "de-AT", "en", "fr")
    }
    assert found == {
        "de": {german.pk, austrian.pk}, "de-AT": {austrian.pk}, "en": {english.pk}, "fr": set(),
    }  # fmt: skip
    both = history.page(alice.actor, {"language": "de", "kind": "video"})
    assert list(both.rows) == []
    page = alice.client().get(reverse("submissions:history"), {"language": "de-at"})
    language = page.content.decode()
    assert str(austrian.pk) in language and str(german.pk) not in language


def test_what_no_list_offers_can_be_asked_for_and_nonsense_is_told(alice: Person) -> None:
    client, url = alice.client(), reverse("submissions:history")
    assert '<option value="yue" selected>' in client.get(url, {"language": "yue"}).content.decode()
    assert "is not a language tag" in client.get(url, {"language": "<b>"}).content.decode()


def test_the_database_takes_tags_alone_and_what_was_said_is_final(
    alice: Person, send: Send
) -> None:
    sent = send(alice, language="de")
    for text in ("DE", "german words", "de-"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Submission.objects.filter(pk=sent.pk).update(language=text)
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.filter(pk=sent.pk).update(language="en")


def test_the_index_of_languages_serves_the_search(alice: Person, send: Send) -> None:
    """A language and its regions are looked up, not read through."""
    send(alice, language="de-AT")
    mine = Submission.objects.filter(team=alice.team).exclude(language="").order_by()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "submission_language" in mine.filter(languages.fits(["de"])).explain()


def test_a_viewer_may_read_it(team: Team, alice: Person, send: Send) -> None:
    sent = send(alice, language="fr")
    page = member(team, Role.VIEWER).client().get(reverse("submissions:detail", args=[sent.pk]))
    assert "French (fr)" in page.content.decode()
