from __future__ import annotations

import pytest

from tests.faults.house import House
from tests.faults.storm import Storm

pytestmark = pytest.mark.faults


@pytest.mark.main_path
@pytest.mark.timeout(240)
def test_nothing_is_lost_and_nothing_done_twice_in_a_storm(house: House) -> None:
    """60 jobs under SIGKILL, SIGSTOP, a database crash and a lost broker: 0 lost, 0 double."""
    storm = Storm(house, 60, workers=1, seconds=25, seed=20, strike_every=(0.4, 0.8))
    report = storm.run()
    print("\n" + report.table())
    text = report.table() + "\n" + house.log()
    assert report.kept(), text
    # A storm in which nothing fell proves nothing.
    for fault in ("slot SIGKILL", "worker tree SIGKILL", "database crashed", "bells purged"):
        assert report.faults[fault] > 0, f"no {fault}\n{text}"
    assert report.late_writes_refused > 0, text
