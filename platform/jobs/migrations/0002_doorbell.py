"""The doorbell's queue in PostgreSQL: the plain SQL that the pgmq wheel brings, and one queue.

The owner's role makes it; the application's own role (which may create nothing) gets the rights
to ring and to answer. With `BROKER_URL` set it stands unused.
"""

from django.db import migrations
from pgmq.install import get_embedded_install_sql

QUEUE = "touchstone"
APP_ROLE = "touchstone_app"


def install(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pgmq.meta') IS NOT NULL")
        if not cursor.fetchone()[0]:
            cursor.execute(get_embedded_install_sql())
        cursor.execute("SELECT pgmq.create(%s)", [QUEUE])
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if cursor.fetchone():
            cursor.execute(
                f"""
                GRANT USAGE ON SCHEMA pgmq TO {APP_ROLE};
                GRANT SELECT ON ALL TABLES IN SCHEMA pgmq TO {APP_ROLE};
                GRANT SELECT, INSERT, UPDATE, DELETE
                    ON pgmq.q_{QUEUE}, pgmq.a_{QUEUE}, pgmq.notify_insert_throttle TO {APP_ROLE};
                GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA pgmq TO {APP_ROLE};
                GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgmq TO {APP_ROLE};
                """
            )


def remove(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS pgmq CASCADE")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
