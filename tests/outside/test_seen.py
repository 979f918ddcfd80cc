"""A detector from outside is seen wherever one that ships is seen, with no other change."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, Scope
from accounts.services.keys import issue_key
from jobs.services import claim_one
from media_analysis.submissions.services.intake import submit
from ml import services as ml
from ml.engine import plugins, registry
from ml.engine.analysis import analyse
from ml.engine.contract import Result
from ml.engine.detectors.provenance import detector as provenance
from ml.engine.manifest import manifest_of
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.outside.conftest import EXAMPLE, Toy
from tests.people import Person, member, picture


def with_those_from_outside(file: object, **more: object) -> Result:
    """As a worker analyses, with one of the checks that ship: the others take time."""
    chosen = (provenance.make(), *map(registry.made, plugins.installed()))
    return analyse(file, detectors=chosen, **more)  # type: ignore[arg-type]


def test_it_is_in_the_verdict_on_the_page_in_rest_and_in_the_filter(
    alice: Person, example: Path
) -> None:
    """The example of the documentation: its title in the reason and on the page with what it
    measures and its limits, its finding in REST, its name among the checks of the history page."""
    assert "flat" in registry.names()
    submission = submit(alice.actor, alice.team, BytesIO(picture()), "even.png").submission
    claim = claim_one(Analysis, submission.analysis_id, worker="t")
    assert claim is not None
    ml.run(claim, with_those_from_outside)
    manifest = manifest_of("flat")

    page = alice.client().get(reverse("submissions:detail", args=[submission.pk])).content.decode()
    assert "(Even areas and Provenance)" in page
    assert "100 % of the picture is perfectly even." in page
    assert manifest.measures in page and manifest.limits[0] in page
    assert manifest.score_meaning in page

    admin = member(alice.team, Role.ADMIN)
    issued = issue_key(
        admin.actor, ServiceAccountFactory(team=alice.team), "test", (Scope.SUBMISSIONS_READ,)
    )
    rest = Client(headers={"Authorization": f"Bearer {issued.secret}"})
    result = rest.get(f"/api/v1/submissions/{submission.pk}/").json()["result"]
    (finding,) = (f for f in result["findings"] if f["detector"] == "flat")
    assert (finding["status"], finding["score"], finding["version"]) == ("ran", 1.0, "1")
    assert result["verdict"]["coverage"]["ran"] == ["flat", "provenance"]

    history = alice.client().get(reverse("submissions:history"), {"detector": "flat"})
    assert history.status_code == 200
    assert "Even areas" in history.content.decode() and "even.png" in history.content.decode()


def test_a_calibrated_one_is_a_scenario_of_its_own(toy: Toy) -> None:
    """It may find; it may not clear, because its manifest does not say so."""
    toy(
        "from ml.engine.contract import Outcome\n"
        "e = Evidence('found', 'It plays.', Strength.MODERATE, {}, Outcome.MANIPULATION_FOUND)\n"
        "return Finding('toy', '1', Status.RAN, 'It plays.', evidence=(e,), log10_lr=1.5,\n"
        "    probability_manipulated=0.97, parameters={'log10_lr_low': 1.2, 'log10_lr_high': 1.8})"
    )
    with tempfile.TemporaryFile() as stored:
        stored.write(picture())
        stored.flush()
        verdict = with_those_from_outside(stored).verdict
    assert str(verdict.outcome) == "manipulation_found" and "It plays." in verdict.reason
    assert set(verdict.scenarios) == {"none_of_these", "toy"}


@pytest.mark.slow
def test_the_example_is_installed_as_its_documentation_says(tmp_path: Path) -> None:
    """`pip install docs/detectors/example`, here into a folder of its own."""
    root = Path(__file__).resolve().parents[2]
    source, site = tmp_path / "source", tmp_path / "site"
    shutil.copytree(EXAMPLE, source)  # building leaves files beside it
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [str(uv), "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(source)],
        check=True,
        timeout=240,
    )
    code = (
        "from ml.engine import plugins, registry\n"
        "assert 'flat' in registry.names()\n"
        "print(plugins.installed()['flat'].folder)"
    )
    path = f"{root}:{root / 'platform'}:{site}"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, cwd=tmp_path,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(site / "touchstone_flat")
