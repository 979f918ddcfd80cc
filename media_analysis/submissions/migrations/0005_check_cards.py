from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

FOLLOW = Path(__file__).with_suffix('.sql').read_text()


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_shared_cache'),
        ('submissions', '0004_deletion_requests'),
    ]

    operations = [
        migrations.CreateModel(
            name='CheckCard',
            fields=[
                ('pk', models.CompositePrimaryKey('card_id', 'tag', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tag', models.CharField(help_text='`detector:ran`, `detector:failed`, ...; `detector:noticed` for evidence.', max_length=100)),
                ('received_at', models.DateTimeField()),
                ('card', models.ForeignKey(db_column='submission_id', db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='check_cards', to='submissions.indexcard')),
                ('team', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team')),
            ],
            options={
                'indexes': [models.Index(fields=['team', 'tag', 'received_at', 'card'], name='check_card_time')],
            },
        ),
        migrations.RunSQL(FOLLOW),
        migrations.RemoveIndex(model_name='indexcard', name='card_checks'),
        migrations.RemoveField(model_name='indexcard', name='checks'),
    ]
