-- What a check did, in the order of names and of sizes as well.

CREATE OR REPLACE FUNCTION submissions_file_checks(wanted uuid) RETURNS void LANGUAGE sql AS $$
    WITH said AS (
        SELECT c.submission_id, c.team_id, c.received_at, c.name, c.size, did.tag
        FROM submissions_indexcard c
        JOIN submissions_submission s ON s.id = c.submission_id
        CROSS JOIN LATERAL (
            SELECT left(f.detector || ':' || f.status, 100) AS tag
            FROM ml_findingrow f WHERE f.analysis_id = s.analysis_id
            UNION
            SELECT left(f.detector || ':noticed', 100)
            FROM ml_findingrow f
            WHERE f.analysis_id = s.analysis_id
              AND jsonb_path_exists(f.evidence, '$[*] ? (@.strength != "context")')
        ) AS did
        WHERE c.submission_id = wanted
    ), gone AS (
        DELETE FROM submissions_checkcard c
        WHERE c.submission_id = wanted AND c.tag NOT IN (SELECT tag FROM said)
    )
    INSERT INTO submissions_checkcard AS mine (submission_id, team_id, tag, received_at, name, size)
    SELECT submission_id, team_id, tag, received_at, name, size FROM said
    ON CONFLICT (submission_id, tag) DO UPDATE
        SET team_id = excluded.team_id, name = excluded.name, size = excluded.size
    WHERE (mine.team_id, mine.name, mine.size)
        IS DISTINCT FROM (excluded.team_id, excluded.name, excluded.size);
$$;

UPDATE submissions_checkcard c SET name = i.name, size = i.size
FROM submissions_indexcard i WHERE i.submission_id = c.submission_id;
