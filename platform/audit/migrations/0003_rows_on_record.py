"""What the events say of rows is found by an index; what is final may be erased by nobody yet; and
each comparison of the rows with the record is kept."""

import django.db.models.functions
from django.db import migrations, models

# Only an event that speaks of rows (`rows` in its payload) is in the index.
FIND = r"""
CREATE FUNCTION audit_rows(in_payload bytea) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY(SELECT jsonb_object_keys(convert_from(in_payload, 'UTF8')::jsonb -> 'rows'))
$$;

CREATE INDEX audit_event_rows ON audit_event USING gin (audit_rows(payload))
    WHERE position('"rows":'::bytea in payload) > 0;
"""

ERASE = """
-- Asked by the trigger of every row that is final (audit/final.py). Erasure will replace this.
CREATE FUNCTION audit_may_erase(in_table text, in_row text) RETURNS boolean
LANGUAGE sql STABLE AS $$ SELECT false $$;
"""

KEEP = """
CREATE TRIGGER audit_comparison_keeps_rows BEFORE UPDATE OR DELETE ON audit_comparison
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_comparison_keeps_all BEFORE TRUNCATE ON audit_comparison
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""

RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'touchstone_app')
        AND current_user <> 'touchstone_app' THEN
        REVOKE ALL ON audit_comparison FROM touchstone_app;
        GRANT SELECT, INSERT ON audit_comparison TO touchstone_app;
    END IF;
END $$;
"""

UNDO = """
DROP INDEX audit_event_rows;
DROP FUNCTION audit_rows(bytea);
DROP FUNCTION audit_may_erase(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [
        migrations.CreateModel(
            name="Comparison",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.Now())),
                ("whole", models.BooleanField()),
                ("rows", models.BigIntegerField()),
                ("ok", models.BooleanField()),
                ("said", models.TextField()),
            ],
            options={"ordering": ("-id",)},
        ),
        migrations.RunSQL(FIND + ERASE + KEEP + RIGHTS, UNDO),
    ]
