"""A heartbeat is a HOT update where no index holds what it writes."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("batches", "0004_language"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="batchitem",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["started_at"],
                name="batchitem_running_idx",
            ),
        ),
        RemoveIndexConcurrently(model_name="batchitem", name="batchitem_lease_idx"),
    ]
