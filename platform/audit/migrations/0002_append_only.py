"""What makes the record append-only: the one function that writes, and the triggers that refuse.

`audit_append` runs with its owner's rights, so that the application's own role needs no right to
write events or heads at all. It is one round trip: lock the head, number, time, hash, insert, move
the head.
"""

from django.db import migrations

APPEND = r"""
CREATE FUNCTION audit_append(
    in_chain uuid, in_payload bytea,
    OUT id bigint, OUT seq bigint, OUT prev_hash bytea, OUT hash bytea,
    OUT xid xid8, OUT recorded_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
-- A plan made while the tables were empty would read them whole for as long as its session lives.
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    head audit_chainhead;
    content jsonb := convert_from(in_payload, 'UTF8')::jsonb;
BEGIN
    SELECT * INTO head FROM audit_chainhead h WHERE h.chain = in_chain FOR UPDATE;
    IF NOT FOUND THEN
        -- Two writers may open a chain at once: one inserts, the other waits, and then both line up.
        INSERT INTO audit_chainhead (chain, seq, hash, recorded_at)
            VALUES (in_chain, 0, decode(repeat('00', 32), 'hex'), to_timestamp(0))
            ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT head FROM audit_chainhead h WHERE h.chain = in_chain FOR UPDATE;
    END IF;
    seq := head.seq + 1;
    prev_hash := head.hash;
    xid := pg_current_xact_id();
    -- A clock that is set back must not make a chain run backwards.
    recorded_at := greatest(clock_timestamp(), head.recorded_at);
    hash := sha256(
        E'touchstone-event-v1\n'::bytea || uuid_send(in_chain) || int8send(seq) || prev_hash
        || int8send((extract(epoch FROM recorded_at) * 1000000)::bigint) || in_payload
    );
    INSERT INTO audit_event (
        chain, seq, prev_hash, hash, payload, xid, recorded_at,
        verb, who, object_type, object_id
    ) VALUES (
        in_chain, seq, prev_hash, hash, in_payload, xid, recorded_at,
        content->>'verb', (content->'who'->>'kind') || ':' || (content->'who'->>'id'),
        content->'object'->>'type', content->'object'->>'id'
    ) RETURNING audit_event.id INTO id;
    UPDATE audit_chainhead h SET seq = audit_append.seq, hash = audit_append.hash,
        recorded_at = audit_append.recorded_at WHERE h.chain = in_chain;
END $$;
REVOKE ALL ON FUNCTION audit_append(uuid, bytea) FROM PUBLIC;
"""

REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit record is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

-- Takes its settings from audit_append, which is the one caller that matters: setting them again
-- would cost more than the check.
CREATE FUNCTION audit_head_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq <> 0 OR NEW.hash <> decode(repeat('00', 32), 'hex') THEN
            RAISE EXCEPTION 'the audit record is append-only: a chain begins at 0'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF NEW.chain <> OLD.chain OR NEW.seq <> OLD.seq + 1 OR NOT EXISTS (
        SELECT FROM public.audit_event e
        WHERE e.chain = NEW.chain AND e.seq = NEW.seq AND e.hash = NEW.hash AND e.prev_hash = OLD.hash
    ) THEN
        RAISE EXCEPTION 'the audit record is append-only: a head moves only to the next event'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_head_moves_forward BEFORE INSERT OR UPDATE ON audit_chainhead
    FOR EACH ROW EXECUTE FUNCTION audit_head_moves_forward();
ALTER TABLE audit_chainhead SET (fillfactor = 70);
"""

REFUSALS = "".join(
    f"""
CREATE TRIGGER {table}_keeps_rows BEFORE {operations} ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""
    for table, operations in (
        ("audit_event", "UPDATE OR DELETE"),
        ("audit_leaf", "UPDATE OR DELETE"),
        ("audit_checkpoint", "UPDATE OR DELETE"),
        ("audit_chainhead", "DELETE"),
    )
)

# The role is made by whoever sets the server up (platform/local/postgres.py, docs/audit.md).
RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'touchstone_app')
        AND current_user <> 'touchstone_app' THEN
        REVOKE ALL ON audit_event, audit_chainhead, audit_leaf, audit_checkpoint
            FROM touchstone_app;
        REVOKE ALL ON SEQUENCE audit_event_id_seq FROM touchstone_app;
        GRANT SELECT ON audit_event, audit_chainhead TO touchstone_app;
        GRANT SELECT, INSERT ON audit_leaf, audit_checkpoint TO touchstone_app;
        GRANT EXECUTE ON FUNCTION audit_append(uuid, bytea) TO touchstone_app;
    END IF;
END $$;
"""

UNDO = """
DROP FUNCTION audit_append(uuid, bytea);
DROP FUNCTION audit_refuse() CASCADE;
DROP FUNCTION audit_head_moves_forward() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(APPEND + REFUSE + REFUSALS + RIGHTS, UNDO),
    ]
