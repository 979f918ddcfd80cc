from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('partners', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Allowance',
            fields=[
                ('caller', models.CharField(max_length=120, primary_key=True, serialize=False)),
                ('since', models.DateTimeField()),
                ('used', models.IntegerField()),
            ],
        ),
        migrations.RunSQL('ALTER TABLE partners_allowance SET UNLOGGED', migrations.RunSQL.noop),
    ]
