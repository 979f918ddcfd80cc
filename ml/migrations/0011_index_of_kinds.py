"""The index by which the first row of a kind is found; made beside the work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ml", "0010_kinds")]

    operations = [
        AddIndexConcurrently(
            model_name='analysis',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['kind', 'turn_at'], name='analysis_kind_idx'),
        ),
    ]
