"""Writes files/dashboard.json, the Grafana dashboard: `python docker/chart/make_dashboard.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SOURCE = {"type": "prometheus", "uid": "${source}"}
PANELS: tuple[tuple[str, str, str, tuple[tuple[str, str], ...]], ...] = (
    ("Parts that work", "stat", "none", (("min by (part) (touchstone_part_ready)", "{{part}}"),)),
    ("Due", "timeseries", "none",
     (("max by (kind, media, priority) (touchstone_jobs_due)",
       "{{kind}} {{media}} {{priority}}"),)),
    ("Oldest due row", "timeseries", "s",
     (("max by (kind, media) (touchstone_jobs_oldest_due_seconds)", "{{kind}} {{media}}"),)),
    ("Running", "timeseries", "none",
     (("max by (kind, media) (touchstone_jobs_running)", "{{kind}} {{media}}"),
      ("max(touchstone_workers)", "worker processes"))),
    ("Parked, by code", "timeseries", "none",
     (("max by (kind, code) (touchstone_jobs_parked)", "{{kind}} {{code}}"),)),
    ("Analyses ended within the hour", "timeseries", "none",
     (("max by (how, code) (touchstone_analyses_ended_1h)", "{{how}} {{code}}"),)),
    ("From order to end", "timeseries", "s",
     (("max by (quantile) (touchstone_analysis_seconds_1h)", "{{quantile}}"),)),
    ("Waiting and examining", "timeseries", "s",
     (("max by (stage, quantile) (touchstone_analysis_stage_seconds_1h)",
       "{{stage}} {{quantile}}"),)),
    ("Due, by team", "timeseries", "none",
     (("topk(10, max by (team) (touchstone_team_due))", "{{team}}"),)),
    ("Requests a second", "timeseries", "reqps",
     (("sum by (status) (rate(touchstone_http_request_seconds_count[5m]))", "{{status}}"),)),
    ("Request time, 95th percentile", "timeseries", "s",
     (("histogram_quantile(0.95, sum by (le, route) "
       "(rate(touchstone_http_request_seconds_bucket[5m])))", "{{route}}"),)),
    ("Seal lag", "timeseries", "s", (("max(touchstone_seal_lag_seconds)", "lag"),)),
    ("Claiming paused", "timeseries", "s",
     (("max(touchstone_claiming_paused_seconds)", "paused"),)),
    ("Probes", "timeseries", "s",
     (("max by (part) (touchstone_part_seconds)", "{{part}}"),)),
    ("Late writes refused", "timeseries", "none",
     (("max(touchstone_refused_late_writes_total)", "refused"),)),
    ("Damaged files", "stat", "none", (("max(touchstone_damaged_blobs)", "damaged"),)),
    ("Drift alarms by team", "stat", "none", (("touchstone_drift_alarms", "{{team}}"),)),
    ("Worker last seen", "stat", "s", (("max(touchstone_worker_last_seen_seconds)", "ago"),)),
)  # fmt: skip


def panel(number: int, title: str, kind: str, unit: str, queries: Any) -> dict[str, Any]:
    return {
        "id": number + 1, "title": title, "type": kind, "datasource": SOURCE,
        "gridPos": {"h": 7, "w": 8, "x": 8 * (number % 3), "y": 7 * (number // 3)},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(65 + n), "expr": expression, "legendFormat": legend,
             "datasource": SOURCE}
            for n, (expression, legend) in enumerate(queries)
        ],
    }  # fmt: skip


def dashboard() -> dict[str, Any]:
    return {
        "title": "Touchstone", "uid": "touchstone", "schemaVersion": 39, "version": 1,
        "refresh": "30s", "time": {"from": "now-6h", "to": "now"}, "tags": ["touchstone"],
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": [panel(n, *one) for n, one in enumerate(PANELS)],
    }  # fmt: skip


if __name__ == "__main__":
    target = Path(__file__).with_name("files") / "dashboard.json"
    target.write_text(json.dumps(dashboard(), indent=1) + "\n")
