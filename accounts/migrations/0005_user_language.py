from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_access")]

    operations = [
        migrations.AddField(
            "user",
            "language",
            models.CharField(
                blank=True, choices=[("en", "English"), ("de", "Deutsch")], default="",
                max_length=7, verbose_name="language",
            ),
        ),
        migrations.AlterField(
            "user", "email", models.EmailField(max_length=254, unique=True, verbose_name="email address")
        ),
    ]
