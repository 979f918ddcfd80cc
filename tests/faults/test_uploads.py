from __future__ import annotations

import pytest

from tests.faults.house import House
from tests.faults.uploads import Uploads

pytestmark = pytest.mark.faults


@pytest.mark.timeout(580)
def test_every_2xx_has_its_row_and_its_blob(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 uploads while web, worker and database are killed in turn: nothing acknowledged is lost,
    nothing is done twice, and every sender is answered in the end."""
    monkeypatch.setattr(house, "env", dict(house.env))
    report = Uploads(house, 60, seed=20, strikes=4).run()
    print("\n" + report.table())
    assert report.kept(), report.table() + "\n" + house.log()
    assert set(report.faults) == {"one web process", "one worker", "database", "web"}
