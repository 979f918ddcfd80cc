"""What kind of media a submission is, also where the database had not yet kept it."""

from __future__ import annotations

from typing import Any

import pgtrigger
import pytest

from media_analysis.submissions.models import Submission
from ml import media_kinds
from tests.people import Person, Send

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "ended before it was kept"])
def test_a_submission_has_the_kind_of_its_media(alice: Person, send: Send, kept: bool) -> None:
    if not kept:
        ((model, trigger),) = pgtrigger.registered("ml.Analysis:analysis_has_its_kind")
        trigger.disable(model)  # until the test's transaction ends
    sent = send(alice, 40)
    found: Any = Submission.objects.annotate(told=media_kinds.at("analysis")).get(pk=sent.pk)
    assert bool(found.analysis.kind) is kept
    assert found.kind == found.told == "image"


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [("image/png", "image"), ("audio/ogg", "audio"), ("video/mp4", "video"),
     ("application/mxf", "video")],
)  # fmt: skip
def test_a_media_type_names_the_kind_as_the_database_does(media_type: str, kind: str) -> None:
    assert media_kinds.named(media_type) == kind
