from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

FOLLOW = Path(__file__).with_suffix('.sql').read_text()
UNDO = """
    DROP FUNCTION submissions_after_submission, submissions_after_analysis,
        submissions_after_findings CASCADE;
    DROP FUNCTION submissions_file_card, submissions_file_words, submissions_checks;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_shared_cache'),
        ('blobs', '0001_initial'),
        ('ml', '0001_initial'),
        ('submissions', '0001_initial'),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name='SearchText',
            fields=[
                ('submission', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='search_text', serialize=False, to='submissions.submission')),
                ('sha256', models.CharField(max_length=64)),
                ('sender', models.UUIDField(null=True)),
                ('haystack', models.TextField(help_text='All words in small letters, for parts of words.')),
                ('words', django.contrib.postgres.search.SearchVectorField(help_text='The same as whole words, for their beginnings.')),
            ],
            options={
                'indexes': [models.Index(django.contrib.postgres.indexes.OpClass('sha256', 'varchar_pattern_ops'), name='search_sha256'), models.Index(fields=['sender'], name='search_sender'), django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass('haystack', 'gin_trgm_ops'), name='search_parts_of_words'), django.contrib.postgres.indexes.GinIndex(fields=['words'], name='search_words')],
            },
        ),
        migrations.CreateModel(
            name='IndexCard',
            fields=[
                ('submission', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='card', serialize=False, to='submissions.submission')),
                ('received_at', models.DateTimeField()),
                ('name', models.CharField(help_text='The beginning of the name, in small letters.', max_length=100)),
                ('size', models.BigIntegerField()),
                ('kind', models.CharField(max_length=20)),
                ('state', models.CharField(max_length=12)),
                ('outcome', models.CharField(help_text='As shown: set aside is inconclusive.', max_length=24)),
                ('checks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), help_text='`detector:ran`, `detector:failed`, ...; `detector:noticed` for evidence.', size=None)),
                ('team', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team')),
            ],
            options={
                'indexes': [models.Index(fields=['team', 'received_at', 'submission'], name='card_time'), models.Index(fields=['team', 'name', 'submission'], name='card_name'), models.Index(fields=['team', 'size', 'submission'], name='card_size'), models.Index(fields=['team', 'kind', 'received_at', 'submission'], name='card_kind'), models.Index(fields=['team', 'state', 'received_at', 'submission'], name='card_state'), models.Index(fields=['team', 'outcome', 'received_at', 'submission'], name='card_outcome'), django.contrib.postgres.indexes.GinIndex(fields=['checks'], name='card_checks')],
            },
        ),
        migrations.RunSQL(FOLLOW, UNDO),
    ]
