from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that locks nothing is built outside a transaction

    dependencies = [("review", "0013_named_queues")]

    operations = [
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('state', 'decided'), _negated=True), fields=['team', 'due_at', 'opened_at', 'id'], name='case_waiting_due_first'),
        ),
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(('state', 'decided'), _negated=True), fields=['queue', 'opened_at'], name='case_waiting_in_queue'),
        ),
    ]
