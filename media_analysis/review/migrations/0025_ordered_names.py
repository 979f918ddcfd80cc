from django.db import migrations, models

import jobs.ids


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0024_second_opinions_of_a_queue"),
    ]

    operations = [
        migrations.AlterField(
            model_name="case",
            name="id",
            field=models.UUIDField(
                default=jobs.ids.ordered_uuid, editable=False, primary_key=True, serialize=False
            ),
        ),
    ]
