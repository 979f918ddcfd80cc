"""Which objects of a bucket were submitted, so that none is twice."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_scope_of_holds'),
        ('batches', '0002_weights'),
    ]

    operations = [
        migrations.CreateModel(
            name='BucketObject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('submission', models.UUIDField(null=True)),
                ('refused', models.CharField(blank=True, default='', max_length=64)),
                ('ended_at', models.DateTimeField(null=True)),
                ('tagged', models.BooleanField(default=False)),
                ('busy_until', models.DateTimeField(null=True)),
                ('holder', models.UUIDField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.serviceaccount')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('service', 'digest'), name='one_row_an_object'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('refused', ''), ('submission', None)), models.Q(('busy_until', None), ('ended_at__isnull', False)), _connector='OR'), name='bucket_object_is_open_or_ended')],
            },
        ),
    ]
