-- What each check did leaves the card for rows of its own, kept in the same moments.

CREATE FUNCTION submissions_file_checks(wanted uuid) RETURNS void LANGUAGE sql AS $$
    WITH said AS (
        SELECT s.id, s.team_id, s.created_at, did.tag
        FROM submissions_submission s
        CROSS JOIN LATERAL (
            SELECT left(f.detector || ':' || f.status, 100) AS tag
            FROM ml_findingrow f WHERE f.analysis_id = s.analysis_id
            UNION
            SELECT left(f.detector || ':noticed', 100)
            FROM ml_findingrow f
            WHERE f.analysis_id = s.analysis_id
              AND jsonb_path_exists(f.evidence, '$[*] ? (@.strength != "context")')
        ) AS did
        WHERE s.id = wanted
    ), gone AS (
        DELETE FROM submissions_checkcard c
        WHERE c.submission_id = wanted AND c.tag NOT IN (SELECT tag FROM said)
    )
    INSERT INTO submissions_checkcard (submission_id, team_id, tag, received_at)
    SELECT id, team_id, tag, created_at FROM said
    ON CONFLICT (submission_id, tag) DO UPDATE SET team_id = excluded.team_id
    WHERE submissions_checkcard.team_id <> excluded.team_id;
$$;

CREATE OR REPLACE FUNCTION submissions_file_card(wanted uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO submissions_indexcard
        (submission_id, team_id, received_at, name, size, kind, state, outcome)
    SELECT s.id, s.team_id, s.created_at, left(lower(s.filename), 100), b.size,
        left(coalesce(a.media ->> 'kind', split_part(b.media_type, '/', 1)), 20), a.state,
        CASE WHEN a.state = 'parked' THEN 'inconclusive' ELSE coalesce(a.outcome, '') END
    FROM submissions_submission s
    JOIN blobs_blob b ON b.sha256 = s.blob_id
    JOIN ml_analysis a ON a.id = s.analysis_id
    WHERE s.id = wanted
    ON CONFLICT (submission_id) DO UPDATE SET
        team_id = excluded.team_id, name = excluded.name, size = excluded.size,
        kind = excluded.kind, state = excluded.state, outcome = excluded.outcome;
$$;

-- The card first: its row is the lock under which its checks are filed.
CREATE OR REPLACE FUNCTION submissions_after_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM submissions_file_card(NEW.id);
    PERFORM submissions_file_checks(NEW.id);
    PERFORM submissions_file_words(NEW.id);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION submissions_after_findings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found_id uuid;
BEGIN
    FOR found_id IN
        SELECT s.id FROM submissions_submission s
        WHERE s.analysis_id IN (SELECT analysis_id FROM added)
    LOOP
        PERFORM submissions_file_card(found_id);
        PERFORM submissions_file_checks(found_id);
    END LOOP;
    RETURN NULL;
END $$;

DROP FUNCTION submissions_checks;

SELECT submissions_file_checks(submission_id) FROM submissions_indexcard;
