"""Alerts and dashboard ask for figures that the site gives, and for no others."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest
import yaml
from django.test import Client, override_settings
from prometheus_client.parser import text_string_to_metric_families

from operations import health, metrics

FILES = Path(__file__).resolve().parents[2] / "docker" / "chart" / "files"
NAME = re.compile(r"touchstone_[a-z0-9_]+")


@pytest.fixture
def given(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setattr(health, "readiness", lambda names=(): [*map(health.ask, health.PARTS)])
    monkeypatch.setattr(metrics.Site, "_kept", (-1e9, []))
    client.get("/accounts/login/")  # so that one request is counted
    with override_settings(METRICS_TOKEN="t" * 20):
        text = client.get("/metrics", headers={"authorization": "Bearer " + "t" * 20})
    assert text.status_code == 200
    families = list(text_string_to_metric_families(text.content.decode()))
    return {sample.name for family in families for sample in family.samples} | {
        family.name for family in families
    }


def test_every_alert_asks_for_a_figure_that_is_given(given: set[str]) -> None:
    rules = yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"][0]["rules"]
    assert len(rules) >= 9
    for rule in rules:
        figures = NAME.findall(rule["expr"])
        assert figures and set(figures) <= given, rule["alert"]
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]


def test_every_panel_asks_for_a_figure_that_is_given(given: set[str]) -> None:
    panels = json.loads((FILES / "dashboard.json").read_text())["panels"]
    for panel in panels:
        for target in panel["targets"]:
            figures = NAME.findall(target["expr"])
            assert figures and set(figures) <= given, panel["title"]


def test_every_figure_of_the_site_has_a_panel(given: set[str]) -> None:
    drawn = set(NAME.findall((FILES / "dashboard.json").read_text()))
    ours = {name for name in given if name.startswith("touchstone_")}
    missing = {n for n in ours if not any(s.startswith(n) or n.startswith(s) for s in drawn)}
    assert {n for n in missing if not n.startswith("touchstone_http_request_seconds")} == set()


def test_the_dashboard_is_what_its_script_writes() -> None:
    made = runpy.run_path(str(FILES.parent / "make_dashboard.py"))["dashboard"]()
    assert json.loads((FILES / "dashboard.json").read_text()) == made


def test_figures_want_the_token(client: Client, db: None) -> None:
    assert client.get("/metrics").status_code == 404
    with override_settings(METRICS_TOKEN="t" * 20):
        assert client.get("/metrics").status_code == 401
        wrong = client.get("/metrics", headers={"authorization": "Bearer no"})
        assert wrong.status_code == 401
