"""Keys may have the scope `holds:manage`."""

import django.contrib.postgres.fields
from django.db import migrations, models

SCOPES = ["submissions:write", "submissions:read", "media:read", "webhooks:manage", "holds:manage"]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_sign_in_rules")]

    operations = [
        migrations.RemoveConstraint(model_name="apikey", name="api_key_scopes_are_known"),
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("submissions:write", "Send media"),
                        ("submissions:read", "Read submissions and verdicts"),
                        ("media:read", "Fetch media and thumbnails"),
                        ("webhooks:manage", "Manage its own webhooks"),
                        ("holds:manage", "Place, lift and list legal holds"),
                    ],
                    max_length=32,
                ),
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(scopes__contained_by=SCOPES)
                & (models.Q(scopes__len__gt=0) | models.Q(revoked_at__isnull=False)),
                name="api_key_scopes_are_known",
            ),
        ),
    ]
