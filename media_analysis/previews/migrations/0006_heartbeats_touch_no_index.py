"""A heartbeat is a HOT update where no index holds what it writes."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("viewing", "0005_names_in_words"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="preview",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["started_at"],
                name="preview_running_idx",
            ),
        ),
        RemoveIndexConcurrently(model_name="preview", name="preview_lease_idx"),
    ]
