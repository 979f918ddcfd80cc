"""A heartbeat is a HOT update where no index holds what it writes."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("reports", "0004_for_partners"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="evidencefilm",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["started_at"],
                name="evidencefilm_running_idx",
            ),
        ),
        RemoveIndexConcurrently(model_name="evidencefilm", name="evidencefilm_lease_idx"),
    ]
