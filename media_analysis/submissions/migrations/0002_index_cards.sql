-- The card index follows its sources by itself: submissions, their analysis, and its findings.

CREATE FUNCTION submissions_checks(wanted uuid) RETURNS varchar[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(tag ORDER BY tag), '{}')
    FROM (
        SELECT f.detector || ':' || f.status AS tag FROM ml_findingrow f
        WHERE f.analysis_id = wanted
        UNION
        SELECT f.detector || ':noticed' FROM ml_findingrow f
        WHERE f.analysis_id = wanted
          AND jsonb_path_exists(f.evidence, '$[*] ? (@.strength != "context")')
    ) said
$$;

CREATE FUNCTION submissions_file_card(wanted uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO submissions_indexcard
        (submission_id, team_id, received_at, name, size, kind, state, outcome, checks)
    SELECT s.id, s.team_id, s.created_at, left(lower(s.filename), 100), b.size,
        left(coalesce(a.media ->> 'kind', split_part(b.media_type, '/', 1)), 20), a.state,
        CASE WHEN a.state = 'parked' THEN 'inconclusive' ELSE coalesce(a.outcome, '') END,
        submissions_checks(a.id)
    FROM submissions_submission s
    JOIN blobs_blob b ON b.sha256 = s.blob_id
    JOIN ml_analysis a ON a.id = s.analysis_id
    WHERE s.id = wanted
    ON CONFLICT (submission_id) DO UPDATE SET
        team_id = excluded.team_id, name = excluded.name, size = excluded.size,
        kind = excluded.kind, state = excluded.state, outcome = excluded.outcome,
        checks = excluded.checks;
$$;

CREATE FUNCTION submissions_file_words(wanted uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO submissions_searchtext (submission_id, sha256, sender, haystack, words)
    SELECT s.id, s.blob_id, coalesce(s.submitted_by_id, s.submitted_by_service_id), said,
        to_tsvector('simple', regexp_replace(said, '[^[:alnum:]]+', ' ', 'g'))
    FROM submissions_submission s
    CROSS JOIN LATERAL lower(
        concat_ws(E'\n', s.filename, s.external_id, s.policy_context, s.note)
    ) AS said
    WHERE s.id = wanted
    ON CONFLICT (submission_id) DO UPDATE SET
        sha256 = excluded.sha256, sender = excluded.sender,
        haystack = excluded.haystack, words = excluded.words;
$$;

CREATE FUNCTION submissions_after_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM submissions_file_card(NEW.id);
    PERFORM submissions_file_words(NEW.id);
    RETURN NULL;
END $$;

CREATE TRIGGER submissions_index AFTER INSERT OR UPDATE OF team_id, blob_id, analysis_id,
    submitted_by_id, submitted_by_service_id, filename, note, policy_context, external_id
ON submissions_submission FOR EACH ROW EXECUTE FUNCTION submissions_after_submission();

-- The submission is locked before its card, as by everybody else who locks both.
CREATE FUNCTION submissions_after_analysis() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found_id uuid;
BEGIN
    SELECT id INTO found_id FROM submissions_submission WHERE analysis_id = NEW.id FOR KEY SHARE;
    IF FOUND THEN
        PERFORM submissions_file_card(found_id);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER submissions_index AFTER UPDATE OF state, outcome ON ml_analysis
FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.outcome IS DISTINCT FROM NEW.outcome)
EXECUTE FUNCTION submissions_after_analysis();

CREATE FUNCTION submissions_after_findings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM submissions_file_card(s.id)
    FROM submissions_submission s
    WHERE s.analysis_id IN (SELECT analysis_id FROM added);
    RETURN NULL;
END $$;

CREATE TRIGGER submissions_index AFTER INSERT ON ml_findingrow
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION submissions_after_findings();

SELECT submissions_file_card(id), submissions_file_words(id) FROM submissions_submission;
