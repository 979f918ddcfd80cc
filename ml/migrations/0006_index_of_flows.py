"""The index by which a row's turn in its flow is found; made beside the work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ml", "0005_fair_turns")]

    operations = [
        AddIndexConcurrently(
            model_name='analysis',
            index=models.Index(condition=models.Q(('state', 'queued'), models.Q(('flow', ''), _negated=True)), fields=['flow', 'priority', 'turn_at'], name='analysis_flow_idx'),
        ),
    ]
