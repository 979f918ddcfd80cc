"""Scopes and rights that opened nothing leave, and each invitation gets a second token for the mail.

A key that had nothing but such scopes opened nothing before either. It is revoked here, because a
key in force must have a scope.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

KEPT = ["submissions:write", "submissions:read"]
DROP_SCOPES = """
UPDATE accounts_apikey SET
    scopes = kept.scopes,
    revoked_at = CASE WHEN cardinality(kept.scopes) = 0
        THEN coalesce(revoked_at, clock_timestamp()) ELSE revoked_at END
FROM (
    SELECT id AS key, ARRAY(
        SELECT scope FROM unnest(scopes) AS scope
        WHERE scope IN ('submissions:write', 'submissions:read')
    )::varchar(32)[] AS scopes
    FROM accounts_apikey
) AS kept
WHERE kept.key = accounts_apikey.id AND kept.scopes <> accounts_apikey.scopes
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_shared_cache")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="mailed_sha256",
            field=models.CharField(editable=False, max_length=64, null=True, unique=True),
        ),
        migrations.RemoveConstraint(model_name="apikey", name="api_key_scopes_are_known"),
        migrations.RunSQL(DROP_SCOPES, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("submissions:write", "Send media"),
                        ("submissions:read", "Read submissions and verdicts"),
                    ],
                    max_length=32,
                ),
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(scopes__contained_by=KEPT)
                & (models.Q(scopes__len__gt=0) | models.Q(revoked_at__isnull=False)),
                name="api_key_scopes_are_known",
            ),
        ),
    ]
