"""A retention rule removes a part of a submission that stays: its small pictures, or its words."""

from django.db import migrations

HEAD = r"""
CREATE OR REPLACE FUNCTION audit_erase(
    in_chain uuid, in_payload bytea,
    OUT id bigint, OUT seq bigint, OUT prev_hash bytea, OUT hash bytea,
    OUT xid xid8, OUT recorded_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    content jsonb := convert_from(in_payload, 'UTF8')::jsonb;
BEGIN
"""

ONLY_WHOLE = r"""
    IF content->>'verb' <> 'submission.deleted'
        OR content->'object'->>'id' IS DISTINCT FROM in_chain::text THEN
        RAISE EXCEPTION 'only the erasure of a submission lets final rows go'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
"""

WHOLE_OR_PART = r"""
    IF coalesce(content->>'verb', '') NOT IN ('submission.deleted', 'submission.part_deleted')
        OR content->'object'->>'id' IS DISTINCT FROM in_chain::text THEN
        RAISE EXCEPTION 'only the erasure of a submission lets final rows go'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Of a submission that stays, small pictures go and its own words; nothing that is on record.
    IF content->>'verb' = 'submission.part_deleted' AND (
        EXISTS (SELECT FROM jsonb_each(content->'rows') r WHERE r.value = 'null'::jsonb)
        OR EXISTS (
            SELECT FROM jsonb_array_elements_text(content->'data'->'parts') AS p(key)
            WHERE p.key NOT LIKE 'ml\_thumbnail:%'
                AND p.key <> 'submissions_submission:' || in_chain::text
        )
    ) THEN
        RAISE EXCEPTION 'a rule removes small pictures and words, and no other row'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
"""

TAIL = r"""
    -- Permits of transactions that have ended are worth nothing.
    DELETE FROM audit_erasurepermit p WHERE p.id IN (
        SELECT o.id FROM audit_erasurepermit o WHERE o.xid <> pg_current_xact_id()
        FOR UPDATE SKIP LOCKED
    );
    INSERT INTO audit_erasurepermit (xid, row)
        SELECT pg_current_xact_id(), r.key FROM jsonb_each(content->'rows') r
            WHERE r.value = 'null'::jsonb
        UNION
        SELECT pg_current_xact_id(), p.key
            FROM jsonb_array_elements_text(content->'data'->'parts') AS p(key);
    SELECT a.id, a.seq, a.prev_hash, a.hash, a.xid, a.recorded_at
        INTO id, seq, prev_hash, hash, xid, recorded_at
        FROM audit_append(in_chain, in_payload) a;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_verified_checkpoints")]
    operations = [migrations.RunSQL(HEAD + WHOLE_OR_PART + TAIL, HEAD + ONLY_WHOLE + TAIL)]
