from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0002_allowance")]

    operations = [
        migrations.AddField(
            model_name="idempotentrequest",
            name="holder",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="idempotentrequest",
            index=models.Index(fields=["created_at"], name="idempotent_request_age"),
        ),
    ]
