from pathlib import Path

from django.db import migrations, models

FOLLOW = Path(__file__).with_suffix('.sql').read_text()
UNDO = """
    DROP FUNCTION submissions_after_case, submissions_after_decision CASCADE;
    DROP FUNCTION submissions_file_decision;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0004_declared_generated'),
        ('submissions', '0006_check_cards_in_every_order'),
    ]

    operations = [
        migrations.AddField(
            model_name='indexcard',
            name='decision',
            field=models.CharField(db_default='none', help_text="The person's decision that is in force.", max_length=16),
        ),
        migrations.AddIndex(
            model_name='indexcard',
            index=models.Index(fields=['team', 'decision', 'received_at', 'submission'], name='card_decision'),
        ),
        migrations.RunSQL(FOLLOW, UNDO),
    ]
