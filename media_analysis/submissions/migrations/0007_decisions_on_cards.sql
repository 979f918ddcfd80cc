-- The card follows the person's decision: it stands from the decision until the case is opened again.

CREATE FUNCTION submissions_file_decision(wanted uuid) RETURNS void LANGUAGE sql AS $$
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

CREATE FUNCTION submissions_after_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM submissions_file_decision(NEW.submission_id);
    RETURN NULL;
END $$;

CREATE TRIGGER submissions_index AFTER UPDATE OF state ON review_case
FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
EXECUTE FUNCTION submissions_after_case();

CREATE FUNCTION submissions_after_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM submissions_file_decision(c.submission_id) FROM review_case c WHERE c.id = NEW.case_id;
    RETURN NULL;
END $$;

CREATE TRIGGER submissions_index AFTER INSERT ON review_decision
FOR EACH ROW EXECUTE FUNCTION submissions_after_decision();

SELECT submissions_file_decision(submission_id) FROM review_case WHERE state = 'decided';
