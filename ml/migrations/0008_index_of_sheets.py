"""The index by which a sheet's pictures are found when it is erased; made beside the work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ml", "0007_pictures_in_the_store")]

    operations = [
        AddIndexConcurrently(
            model_name='thumbnail',
            index=models.Index(fields=['sheet'], name='pictures_of_a_sheet'),
        ),
    ]
