"""A heartbeat is a HOT update where no index holds what it writes."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("backfill", "0001_initial"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="backfillitem",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["started_at"],
                name="backfillitem_running_idx",
            ),
        ),
        RemoveIndexConcurrently(model_name="backfillitem", name="backfillitem_lease_idx"),
    ]
