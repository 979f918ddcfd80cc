"""The index by which a row's turn in its flow is found; made beside the work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("webhooks", "0002_fair_turns")]

    operations = [
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'queued'), models.Q(('flow', ''), _negated=True)), fields=['flow', 'priority', 'turn_at'], name='delivery_flow_idx'),
        ),
    ]
