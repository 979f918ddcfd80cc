"""A heartbeat is a HOT update where no index holds what it writes."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("uploads", "0002_direct_uploads"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="directupload",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["started_at"],
                name="directupload_running_idx",
            ),
        ),
        RemoveIndexConcurrently(model_name="directupload", name="directupload_lease_idx"),
    ]
