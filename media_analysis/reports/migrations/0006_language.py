"""A report keeps its language. Earlier ones, and those that old code issues, are in English."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0005_heartbeats_touch_no_index"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="report",
            name="report_is_final",
        ),
        migrations.AddField(
            model_name="report",
            name="language",
            field=models.CharField(
                choices=[("en", "English"), ("de", "Deutsch")],
                db_default="en",
                default="en",
                help_text="Of the PDF and the statement of reasons.",
                max_length=7,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="report",
            trigger=pgtrigger.compiler.Trigger(
                name="report_is_final",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF TG_OP = 'UPDATE' AND ROW(OLD.id, OLD.team_id, OLD.case_id, OLD.decision_id, OLD.number, OLD.earlier_id, OLD.body, OLD.pdf, OLD.statement, OLD.public, OLD.signature, OLD.body_sha256, OLD.created_at, OLD.language, OLD.holds_team_words) IS NOT DISTINCT FROM ROW(NEW.id, NEW.team_id, NEW.case_id, NEW.decision_id, NEW.number, NEW.earlier_id, NEW.body, NEW.pdf, NEW.statement, NEW.public, NEW.signature, NEW.body_sha256, NEW.created_at, NEW.language, NEW.holds_team_words) THEN RETURN NEW; END IF;\n    IF audit_may_erase(TG_TABLE_NAME::text, OLD.id::text) THEN\n        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n        RETURN NEW;\n    END IF;\n    RAISE EXCEPTION 'a report is final: % of % is refused', TG_OP, TG_TABLE_NAME\n        USING ERRCODE = 'check_violation';\n",
                    hash="c98d4e5ae021da7e9b69f4fe944f16d05fecc163",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_report_is_final_85332",
                    table="reports_report",
                    when="BEFORE",
                ),
            ),
        ),
    ]
