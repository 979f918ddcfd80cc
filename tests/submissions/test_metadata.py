"""What the file says about itself: who sees it, that it is harmless there, and that it goes."""

from __future__ import annotations

import hashlib
import html
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

import ml.metadata
from audit import sealer
from audit.checking import verify_database
from audit.who import SHELL
from blobs import vault
from jobs.services import claim_one
from media_analysis.submissions.models import IndexCard, Part, PartRule, Submission
from media_analysis.submissions.services import erasing, intake, parts
from media_analysis.submissions.services.intake import submit
from ml import services
from ml.engine.contract import Kind, MediaInfo, Outcome, Result, Verdict
from ml.engine.media.file_metadata import gathered
from ml.models import Analysis, FileMetadata
from sandbox.trust import Of, Trusted, TrustList
from tests.audit.house import at_work, sent
from tests.bad_inputs import credentials
from tests.engine.test_file_metadata import photograph
from tests.people import Person, Send, checked_at_once

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def send(send: Send) -> Send:
    return checked_at_once(send)


def analysed(submission: Submission, facts: dict[str, Any]) -> Submission:
    info = MediaInfo(submission.blob_id, submission.blob.size, Kind.IMAGE, "png", width=64)
    result = Result(
        media=info, verdict=Verdict(Outcome.NO_MANIPULATION_FOUND, "as a test says"), findings=(),
        engine_version="1.0+test", seconds=0.1, metadata=gathered(facts),
    )  # fmt: skip
    claim = claim_one(Analysis, submission.analysis_id, worker="w1")
    assert claim is not None
    services.run(claim, lambda file, **_: result)
    return Submission.objects.get(pk=submission.pk)


def facts(word: str = "a canary", more: int = 0) -> dict[str, Any]:
    claimed = {"Artist": word, "GPSLatitude": [52.0, 31.0, 12.5], "Make": "Camera maker"}
    return {"exif": {"claimed": claimed}, "comments": [_noise(n) for n in range(more)]}


def _noise(n: int) -> str:
    """Text that cannot be packed."""
    return hashlib.sha512(bytes([n % 256, n // 256])).hexdigest()


def page(person: Person, submission: Submission, **asked: str) -> str:
    answer = person.client().get(reverse("submissions:detail", args=[submission.pk]), asked)
    return answer.content.decode()


def test_a_real_photograph_goes_from_the_sandbox_to_the_page(alice: Person) -> None:
    """Read by the real engine; the position and the names are marked."""
    sent = submit(
        alice.actor, alice.team, io.BytesIO(photograph("at the fair")), "a.jpg"
    ).submission
    claim = claim_one(Analysis, sent.analysis_id, worker="w1")
    assert claim is not None
    from ml.engine.analysis import analyse

    services.run(claim, lambda file, **more: analyse(file, detectors=(), **more))
    html = page(alice, Submission.objects.get(pk=sent.pk))
    assert "Alice Example" in html and "Zürich" in html and "at the fair" in html
    assert "Position, personal" in html and "The file has no Content Credentials" in html


def test_the_tree_stands_on_the_page(alice: Person, send: Send) -> None:
    sent = analysed(send(alice), {"c2pa": _c2pa()})
    html = page(alice, sent)
    assert "Touchstone tests" in html and "c2pa.created" in html
    assert (
        "signingCredential.untrusted" in html
        and "signer not on the trust list" in html
        and "Made from: before" in html
    )
    assert html.count("Its manifest: made by a test") == 7 and "too deep" in html


def test_who_claims_the_file_and_what_that_was_checked_against(alice: Person, send: Send) -> None:
    """The identity with its state; the lists with their day and digest, or that there is none."""
    declared = read_credentials(credentials.identified(), LISTED)
    page_text = html.unescape(page(alice, analysed(send(alice), {"c2pa": declared})))
    assert "identity assertion by Example Press, Signer of the tests" in page_text
    assert "not on this site's list of identities" not in page_text
    assert "is on this site's list of identities" in page_text
    assert "the list of identities Our list of 2026-09-24 (SHA-256 " in page_text
    assert "This site had no list of signers" in page_text


def test_the_credentials_are_a_file_of_their_own(
    alice: Person, bob: Person, charlie: Person, send: Send
) -> None:
    """crJSON as it was when the file was analysed, for whoever may see the media; it goes with the
    personal text."""
    sent = analysed(send(alice), {"c2pa": read_credentials(credentials.identified(), {})})
    address = reverse("submissions:credentials", args=[sent.pk])
    assert address in page(alice, sent)
    for person in (alice, bob):
        answer = person.client().get(address)
        assert answer.status_code == 200 and answer["Content-Type"] == "application/json"
        assert "attachment" in answer["Content-Disposition"]
        assert "cawg.identity" in answer.json()["manifests"][0]["assertions"]
    assert charlie.client().get(address).status_code == 404
    without = analysed(send(alice), facts())
    nothing = reverse("submissions:credentials", args=[without.pk])
    assert nothing not in page(alice, without)
    assert alice.client().get(nothing).status_code == 404


LISTED = {
    Of.IDENTITIES: TrustList(
        credentials.authority("identities")[2].decode(), "5" * 64, 1, "Our list", "2026-09-24"
    )
}


def read_credentials(data: bytes, trusted: Trusted) -> dict[str, Any]:
    from sandbox.facts import credentials as reading

    return reading._read("image/jpeg", io.BytesIO(data), trusted)


def _c2pa() -> dict[str, Any]:
    return read_credentials(credentials.recursive(), {})


def test_what_the_file_says_is_never_html(alice: Person, send: Send) -> None:
    hostile = facts(SCRIPT + "\u202e\x07" + "w" * 1_000_000)
    hostile["c2pa"] = {
        "state": "valid",
        "signer": SCRIPT,
        "tree": {
            "manifest": {
                "title": SCRIPT,
                "generator": SCRIPT,
                "assertions": [{"label": SCRIPT, "data": SCRIPT}],
            }
        },
    }
    html = page(alice, analysed(send(alice), hostile))
    assert SCRIPT not in html and "&lt;script&gt;alert(1)" in html
    assert "\u202e" not in html and "\x07" not in html and len(html) < 400_000
    assert "1 long value is cut" in html


def test_only_who_may_see_the_media_sees_it(
    alice: Person, bob: Person, charlie: Person, send: Send
) -> None:
    """Team-mates do. Others do not find the page, and REST and the export do not have it."""
    sent = analysed(send(alice), facts())
    assert "a canary" in page(bob, sent)
    assert "a canary" not in page(charlie, sent)
    for address in ("api:submission-detail", "submissions:download"):
        answer = alice.client().get(reverse(address, args=[sent.pk]))
        assert answer.status_code == 200 and b"a canary" not in answer.content, address


def test_the_search_works_without_a_script(alice: Person, send: Send) -> None:
    sent = analysed(send(alice), facts())
    html = page(alice, sent, metadata="CAMERA")
    assert "Camera maker" in html and "a canary" not in html
    assert 'id="metadata-table" open' in html
    assert "No value contains" in page(alice, sent, metadata="nowhere")


def test_the_case_page_has_it_too(alice: Person, send: Send) -> None:
    from tests.pages.test_query_counts import _waiting

    sent = send(alice)
    case = _waiting(sent)
    analysed(sent, facts())
    page = alice.client().get(reverse("review:case", args=[case.pk])).content.decode()
    assert "a canary" in page


def test_it_goes_with_the_personal_text_and_does_not_come_back(alice: Person, send: Send) -> None:
    sent = analysed(send(alice), facts(more=500))
    old = timezone.now() - timedelta(days=40)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        IndexCard.objects.filter(pk=sent.pk).update(received_at=old, kind="image")
        cursor.execute("SET session_replication_role = origin")
    sheet = ml.metadata.sheets_of(sent.pk).pop()
    assert vault.exists(sheet)
    PartRule.objects.create(team=alice.team, kind="image", part=Part.TEXT, days=10)
    assert parts.run_due() == 1
    assert not FileMetadata.objects.exists() and not vault.exists(sheet)
    html = page(alice, sent)
    assert "a canary" not in html and "the file&#x27;s metadata and other personal text" in html
    again = intake.analyse_again(alice.actor, Submission.objects.get(pk=sent.pk))
    analysed(Submission.objects.get(pk=again.pk), facts(more=500))
    assert not FileMetadata.objects.exists()


@pytest.mark.parametrize("more", [0, 500])
def test_it_is_erased_with_the_submission(
    alice: Person, send: Send, own_home: Any, more: int
) -> None:
    """Small it lies in its row, large in the store; both go, and the record verifies."""
    sent = analysed(send(alice), facts(more=more))
    sheets = ml.metadata.sheets_of(sent.pk)
    assert bool(sheets) == bool(more)
    assert ml.metadata.read(sent.analysis_id) == gathered(facts(more=more))
    made = erasing.order(sent, SHELL, "operator")
    assert erasing.carry_out(made.pk)
    assert not FileMetadata.objects.exists() and not any(vault.exists(one) for one in sheets)


@pytest.mark.parametrize("deleted", [False, True])
def test_the_record_notices_a_change(transactional_db: None, own_home: Any, deleted: bool) -> None:
    """The database refuses a change, and verification finds one that was made all the same."""
    house = at_work()
    analysed(sent(house.alice, house.team, 9, "more.png"), facts())
    sealer.seal(everything=True)
    assert verify_database([], None).ok
    with pytest.raises(DatabaseError), transaction.atomic():
        FileMetadata.objects.update(packed=b"x")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "DELETE FROM ml_filemetadata" if deleted else "UPDATE ml_filemetadata SET packed = 'x'"
        )
        cursor.execute("SET session_replication_role = origin")
    assert not verify_database([], None).ok


def test_the_pages_of_earlier_analyses_say_that_nothing_was_kept(alice: Person, send: Send) -> None:
    sent = analysed(send(alice), facts())
    FileMetadata.objects.all().delete()
    assert "was not kept" in page(alice, sent)
