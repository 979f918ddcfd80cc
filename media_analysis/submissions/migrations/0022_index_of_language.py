from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that locks nothing is built outside a transaction

    dependencies = [("submissions", "0021_language")]

    operations = [
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('language', ''), _negated=True), fields=['team', 'language'], name='submission_language', opclasses=['uuid_ops', 'varchar_pattern_ops']),
        ),
        ValidateConstraint(model_name='submission', name='submission_language_is_a_tag'),
    ]
