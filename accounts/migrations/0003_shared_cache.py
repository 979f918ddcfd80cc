"""The table behind Django's DatabaseCache.

Rate limits and spent one-time codes must be the same in every process, and the database is the one
thing that every process shares. A migration, so that nobody has to remember `createcachetable`.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_teams_and_keys")]
    operations = [
        migrations.RunSQL(
            """
            CREATE TABLE shared_cache (
                cache_key varchar(255) NOT NULL PRIMARY KEY,
                value text NOT NULL,
                expires timestamp with time zone NOT NULL
            );
            CREATE INDEX shared_cache_expires ON shared_cache (expires);
            """,
            "DROP TABLE shared_cache",
        )
    ]
