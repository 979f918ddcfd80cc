"""A heartbeat is a HOT update where no index holds what it writes."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

import jobs.ids


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("ml", "0014_reuse"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="analysis",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["started_at"],
                name="analysis_running_idx",
            ),
        ),
        RemoveIndexConcurrently(model_name="analysis", name="analysis_lease_idx"),
        # Room on the page for the next version of a row, so that a heartbeat stays on it.
        migrations.RunSQL(
            "ALTER TABLE ml_analysis SET (fillfactor = 85)",
            "ALTER TABLE ml_analysis RESET (fillfactor)",
        ),
        migrations.AlterField(
            model_name="analysis",
            name="id",
            field=models.UUIDField(
                default=jobs.ids.ordered_uuid, editable=False, primary_key=True, serialize=False
            ),
        ),
    ]
