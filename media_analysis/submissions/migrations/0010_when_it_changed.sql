-- The card says when it last changed, by the clock at that moment. Of those that are there already
-- it is told from what stands beside them.

UPDATE submissions_indexcard card SET updated_at = greatest(
    card.received_at,
    (SELECT a.finished_at FROM ml_analysis a WHERE a.id = s.analysis_id),
    (SELECT max(d.created_at) FROM review_decision d JOIN review_case c ON c.id = d.case_id
     WHERE c.submission_id = s.id),
    (SELECT max(greatest(q.asked_at, q.withdrawn_at, q.answered_at))
     FROM submissions_deletionrequest q WHERE q.submission_id = s.id)
)
FROM submissions_submission s WHERE s.id = card.submission_id;

CREATE FUNCTION submissions_card_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;

CREATE TRIGGER submissions_changed BEFORE UPDATE ON submissions_indexcard
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION submissions_card_changed();

-- A wish for deletion stands beside the card, and is told with it.
CREATE FUNCTION submissions_after_deletion_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE submissions_indexcard SET updated_at = clock_timestamp()
    WHERE submission_id = NEW.submission_id;
    RETURN NULL;
END $$;

CREATE TRIGGER submissions_index AFTER INSERT OR UPDATE ON submissions_deletionrequest
FOR EACH ROW EXECUTE FUNCTION submissions_after_deletion_request();
