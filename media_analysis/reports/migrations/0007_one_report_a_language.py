"""One report per decision and language. The indexes are built while reports are in use."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

TABLE = "reports_report"


def unique(name: str, *fields: str) -> migrations.SeparateDatabaseAndState:
    columns = ", ".join(one if one in ("number", "language") else f"{one}_id" for one in fields)
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {TABLE} ({columns})",
                f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
            ),
            migrations.RunSQL(
                f"ALTER TABLE {TABLE} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}",
                f"ALTER TABLE {TABLE} DROP CONSTRAINT {name}",
            ),
        ],
        state_operations=[
            migrations.AddConstraint(
                model_name="report",
                constraint=models.UniqueConstraint(fields=fields, name=name),
            )
        ],
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("reports", "0006_language"),
        ("review", "0026_words_of_a_condition"),
    ]

    operations = [
        unique("report_once_a_decision_and_language", "decision", "language"),
        unique("report_number_once_a_language", "case", "number", "language"),
        AddIndexConcurrently(
            model_name="report",
            index=models.Index(fields=["earlier"], name="report_earlier_idx"),
        ),
        migrations.AlterField(
            model_name="report",
            name="decision",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reports",
                to="review.decision",
            ),
        ),
        migrations.AlterField(
            model_name="report",
            name="earlier",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The report that this one replaces.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reports.report",
            ),
        ),
        migrations.AlterField(
            model_name="report",
            name="number",
            field=models.PositiveSmallIntegerField(
                help_text="Of the case: 1, 2 and so on. The languages of one decision have the "
                "same."
            ),
        ),
        migrations.RemoveConstraint(
            model_name="report",
            name="report_number_once_a_case",
        ),
    ]
