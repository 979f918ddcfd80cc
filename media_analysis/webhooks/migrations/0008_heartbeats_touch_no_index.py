"""A heartbeat is a HOT update where no index holds what it writes."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

import jobs.ids


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("webhooks", "0007_events_of_quotas"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["started_at"],
                name="delivery_running_idx",
            ),
        ),
        RemoveIndexConcurrently(model_name="delivery", name="delivery_lease_idx"),
        migrations.AlterField(
            model_name="delivery",
            name="id",
            field=models.UUIDField(
                default=jobs.ids.ordered_uuid, editable=False, primary_key=True, serialize=False
            ),
        ),
    ]
