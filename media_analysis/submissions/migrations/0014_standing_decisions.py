"""A decision stands again when its appeal is withdrawn: the card follows."""

from pathlib import Path

from django.db import migrations

FOLLOW = Path(__file__).with_suffix(".sql").read_text()
BEFORE = """
CREATE OR REPLACE FUNCTION submissions_file_decision(wanted uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE submissions_indexcard card SET decision = now_in_force.outcome
    FROM (
        SELECT coalesce((
            SELECT d.outcome FROM review_case c
            JOIN review_decision d ON d.case_id = c.id AND d.fence = c.fence
            WHERE c.submission_id = wanted AND c.state = 'decided'
        ), 'none') AS outcome
    ) AS now_in_force
    WHERE card.submission_id = wanted AND card.decision <> now_in_force.outcome;
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("review", "0016_appeals"), ("submissions", "0013_planted_copies")]

    operations = [migrations.RunSQL(FOLLOW, BEFORE)]
