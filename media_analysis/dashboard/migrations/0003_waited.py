from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0002_plainer_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="ending",
            name="waited",
            field=models.FloatField(
                help_text="Of these, until a worker took it the last time; none if none did.",
                null=True,
            ),
        ),
    ]
