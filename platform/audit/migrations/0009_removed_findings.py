"""A retention rule removes the findings of a submission that stays, too."""

from importlib import import_module

from django.db import migrations

before = import_module("audit.migrations.0007_removed_parts")

# An analysis stays as well: what was found is emptied in its result.
WITH_FINDINGS = before.WHOLE_OR_PART.replace(
    r"""
            WHERE p.key NOT LIKE 'ml\_thumbnail:%'
                AND p.key <> 'submissions_submission:' || in_chain::text
""",
    r"""
            WHERE p.key NOT LIKE 'ml\_thumbnail:%'
                AND p.key NOT LIKE 'ml\_findingrow:%'
                AND p.key <> 'submissions_submission:' || in_chain::text
                AND NOT EXISTS (
                    SELECT FROM ml_analysis a
                    WHERE a.chain = in_chain AND 'ml_analysis:' || a.id::text = p.key
                )
""",
).replace(
    "Of a submission that stays, small pictures go and its own words",
    "Of a submission that stays, small pictures and findings go, its own words and results",
).replace(
    "a rule removes small pictures and words, and no other row",
    "a rule removes small pictures, findings and words, and no other row",
)
assert WITH_FINDINGS.count("findingrow") == 1


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_names_in_words")]
    operations = [
        migrations.RunSQL(
            before.HEAD + WITH_FINDINGS + before.TAIL,
            before.HEAD + before.WHOLE_OR_PART + before.TAIL,
        )
    ]
