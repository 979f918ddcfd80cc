"""The map of where in a face: drawn from evidence, whatever the evidence holds."""

from __future__ import annotations

from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from media_analysis.submissions.presenters.face_map import FAINTEST, face_map
from media_analysis.submissions.presenters.result import finding

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=20,
)


@given(ANYTHING)
def test_nothing_but_a_square_table_is_drawn(where: object) -> None:
    """Old results, other detectors and broken rows give no map and no error."""
    drawn = face_map({"where": where})
    assert drawn is None or drawn["side"] == len(where)  # type: ignore[arg-type]


def test_strong_cells_are_drawn_where_they_are() -> None:
    """Row by row from the forehead down; faint ones are left out."""
    drawn = face_map({"where": [[0.0, FAINTEST], [1.0, 0.0]]})
    assert drawn is not None
    assert drawn["cells"] == [{"x": 1, "y": 0, "much": "0.10"}, {"x": 0, "y": 1, "much": "1.00"}]


def test_the_panel_shows_the_map_and_says_what_it_is() -> None:
    """As a picture with a name, without inline style."""
    evidence = {"text": "T.", "strength": "moderate", "data": {"where": [[0.0, 0.5], [1.0, 0.0]]}}
    result = {"detector": "face_forgery", "status": "ran", "reason": "R.", "evidence": [evidence]}
    page = render_to_string("result/finding.html", {"finding": finding(result)})
    assert page.count("<rect") == 2 and 'aria-label="Where in the face' in page
    assert "style=" not in page
