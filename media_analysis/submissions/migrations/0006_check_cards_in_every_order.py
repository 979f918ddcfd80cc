from pathlib import Path

from django.db import migrations, models

FOLLOW = Path(__file__).with_suffix('.sql').read_text()


class Migration(migrations.Migration):

    dependencies = [
        ('submissions', '0005_check_cards'),
    ]

    operations = [
        migrations.AddField('checkcard', 'name', models.CharField(max_length=100, default=''), preserve_default=False),
        migrations.AddField('checkcard', 'size', models.BigIntegerField(default=0), preserve_default=False),
        migrations.RunSQL(FOLLOW),
        migrations.AddIndex('checkcard', models.Index(fields=['team', 'tag', 'name', 'card'], name='check_card_name')),
        migrations.AddIndex('checkcard', models.Index(fields=['team', 'tag', 'size', 'card'], name='check_card_size')),
    ]
