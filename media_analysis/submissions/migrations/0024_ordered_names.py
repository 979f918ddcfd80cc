from django.db import migrations, models

import jobs.ids


class Migration(migrations.Migration):
    dependencies = [
        ("submissions", "0023_quotas_told"),
    ]

    operations = [
        migrations.AlterField(
            model_name="submission",
            name="id",
            field=models.UUIDField(
                default=jobs.ids.ordered_uuid, editable=False, primary_key=True, serialize=False
            ),
        ),
    ]
