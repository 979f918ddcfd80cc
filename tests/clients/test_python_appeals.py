"""The Python client appeals decisions, against the product's own web server."""

from __future__ import annotations

import asyncio

import pytest
from touchstone_client import AsyncTouchstone, Problem, Touchstone

from tests.clients.conftest import Site
from tests.people import picture

TEXT = "open: the seam is glue"
"""With a test key, the first word chooses what becomes of the appeal."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_decision_is_appealed_and_the_appeal_withdrawn_or_answered(site: Site) -> None:
    """Sent once however often it is repeated; while it is open no decision is in force."""
    with Touchstone(site.url, key=site.test_key, timeout=60) as client:
        sent = client.submit(picture(9), filename="decided_manipulated.jpg")
        first = client.get(sent.id).decision
        assert first and client.get(sent.id).appeal is None
        made = client.appeal(sent.id, TEXT, idempotency_key="one")
        assert (made.state, made.decision, made.answer) == ("open", first.id, None)
        again = client.appeal(sent.id, TEXT, idempotency_key="one")
        assert (again.id, again.replayed, made.replayed) == (made.id, True, False)
        waiting = client.get(sent.id)
        assert waiting.decision is None and waiting.appeal == made
        with pytest.raises(Problem) as caught:
            client.appeal(sent.id, "open: once more")
        assert caught.value.status == 409
        withdrawn = client.withdraw_appeal(sent.id)
        assert withdrawn.state == "withdrawn" and withdrawn.withdrawn_at
        assert client.get(sent.id).decision == first
        with pytest.raises(Problem) as caught:
            client.withdraw_appeal(sent.id)
        assert caught.value.code == "appeal_not_open"
    asyncio.run(answered(site, sent.id, first.id))


async def answered(site: Site, submission: str, first: str) -> None:
    """The same without blocking; and the answer is the decision in force."""
    async with AsyncTouchstone(site.url, key=site.test_key, timeout=60) as client:
        await client.appeal(submission, TEXT)
        assert (await client.withdraw_appeal(submission)).state == "withdrawn"
        made = await client.appeal(submission, "changed")
        decided = await client.wait_for_decision(submission, timeout=60)
        assert decided.appeal and decided.appeal.id == made.id
        assert (decided.appeal.state, decided.appeal.outcome) == ("answered", "changed")
        assert decided.decision and decided.decision.id == decided.appeal.answer
        assert decided.decision.supersedes == first
