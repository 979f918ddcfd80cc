"""Final rows give way to an erasure that is on record, and to nothing else."""

from django.db import migrations, models

import audit.models

ERASE = r"""
CREATE FUNCTION audit_erase(
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
    IF content->>'verb' <> 'submission.deleted'
        OR content->'object'->>'id' IS DISTINCT FROM in_chain::text THEN
        RAISE EXCEPTION 'only the erasure of a submission lets final rows go'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
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
REVOKE ALL ON FUNCTION audit_erase(uuid, bytea) FROM PUBLIC;

-- Asked by the trigger of every row that is final (audit/final.py).
CREATE OR REPLACE FUNCTION audit_may_erase(in_table text, in_row text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM public.audit_erasurepermit p
        WHERE p.xid = pg_current_xact_id_if_assigned() AND p.row = in_table || ':' || in_row
    )
$$;
"""

RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'touchstone_app')
        AND current_user <> 'touchstone_app' THEN
        REVOKE ALL ON audit_erasurepermit FROM touchstone_app;
        GRANT SELECT ON audit_erasurepermit TO touchstone_app;
        GRANT EXECUTE ON FUNCTION audit_erase(uuid, bytea) TO touchstone_app;
    END IF;
END $$;
"""

UNDO = """
CREATE OR REPLACE FUNCTION audit_may_erase(in_table text, in_row text) RETURNS boolean
LANGUAGE sql STABLE AS $$ SELECT false $$;
DROP FUNCTION audit_erase(uuid, bytea);
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_key_fingerprints")]
    operations = [
        migrations.CreateModel(
            name="ErasurePermit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("xid", audit.models.Xid8Field()),
                ("row", models.CharField(max_length=200)),
            ],
            options={
                "indexes": [models.Index(fields=["xid", "row"], name="audit_permit_of_row")],
            },
        ),
        migrations.RunSQL(ERASE + RIGHTS, UNDO),
    ]
