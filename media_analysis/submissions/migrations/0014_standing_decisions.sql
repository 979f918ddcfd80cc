-- A decision stands again when its appeal is withdrawn: the case then names its fence.

CREATE OR REPLACE FUNCTION submissions_file_decision(wanted uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE submissions_indexcard card SET decision = now_in_force.outcome
    FROM (
        SELECT coalesce((
            SELECT d.outcome FROM review_case c
            JOIN review_decision d
                ON d.case_id = c.id AND d.fence = coalesce(c.standing_fence, c.fence)
            WHERE c.submission_id = wanted AND c.state = 'decided'
        ), 'none') AS outcome
    ) AS now_in_force
    WHERE card.submission_id = wanted AND card.decision <> now_in_force.outcome;
$$;
