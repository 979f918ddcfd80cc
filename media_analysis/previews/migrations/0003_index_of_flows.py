"""The index by which a row's turn in its flow is found; made beside the work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("viewing", "0002_fair_turns")]

    operations = [
        AddIndexConcurrently(
            model_name='preview',
            index=models.Index(condition=models.Q(('state', 'queued'), models.Q(('flow', ''), _negated=True)), fields=['flow', 'priority', 'turn_at'], name='preview_flow_idx'),
        ),
    ]
