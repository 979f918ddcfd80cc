from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0023_language'),
    ]

    operations = [
        migrations.AddField(
            model_name='queue',
            name='second_share',
            field=models.FloatField(blank=True, help_text='Of its decisions that two people make. Empty: as in the whole team.', null=True),
        ),
        migrations.AddConstraint(
            model_name='queue',
            constraint=models.CheckConstraint(condition=models.Q(('second_share', None), ('second_share__range', (0, 1)), _connector='OR'), name='queue_share_is_a_share'),
        ),
    ]
