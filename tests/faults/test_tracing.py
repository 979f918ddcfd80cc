"""One trace covers the request and the worker's slot, across forked processes."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.faults.house import House
from tests.faults.test_worker import order
from tests.operations.test_tracing import Receiver, attributes

pytestmark = pytest.mark.faults


def test_a_slot_continues_the_trace_of_the_process_that_queued(house: House) -> None:
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True).start()
    house.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.address
    house.dismiss_the_clerk()
    try:
        house.start_worker("--concurrency", "1")
        [key] = house.take_in([order(0)]).values()
        house.wait_for(lambda: len(named(receiver)) == 2, 90, "both spans arrive")
    finally:
        house.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = ""
        house.dismiss_the_clerk()
        receiver.shutdown()
        receiver.server_close()
    queued, job = named(receiver)["queued"], named(receiver)["ml.analysis"]
    assert (job.trace_id, job.parent_span_id) == (queued.trace_id, queued.span_id)
    assert attributes(job)["touchstone.job"] == attributes(queued)["touchstone.job"] == key


def named(receiver: Receiver) -> dict[str, Any]:
    return {one.name: one for one in receiver.spans() if one.name in ("queued", "ml.analysis")}
