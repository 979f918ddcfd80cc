from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

FOLLOW = Path(__file__).with_suffix('.sql').read_text()
UNDO = """
    DROP FUNCTION submissions_card_changed, submissions_after_deletion_request CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('submissions', '0009_final_rows'),
    ]

    operations = [
        migrations.AddField(
            model_name='indexcard',
            name='updated_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When state, verdict, decision or wish for deletion last changed.'),
        ),
        migrations.AddIndex(
            model_name='indexcard',
            index=models.Index(fields=['team', 'updated_at', 'submission'], name='card_updated'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('external_id', ''), _negated=True), fields=['external_id'], name='submission_external_id'),
        ),
        migrations.RunSQL(FOLLOW, UNDO),
    ]
