"""Pictures lie in the media store. Rows of earlier versions keep theirs until they are moved."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('blobs', '0002_final_rows'),
        ('ml', '0006_index_of_flows'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='thumbnail',
            name='picture_is_final',
        ),
        migrations.AddField(
            model_name='thumbnail',
            name='offset',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='thumbnail',
            name='sha256',
            field=models.CharField(max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='thumbnail',
            name='sheet',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='blobs.blob'),
        ),
        migrations.AddField(
            model_name='thumbnail',
            name='size',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='thumbnail',
            name='png',
            field=models.BinaryField(null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='thumbnail',
            trigger=pgtrigger.compiler.Trigger(name='picture_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN RETURN NEW; END IF;IF NOT (NOT (\n    TG_OP = 'UPDATE' AND OLD.png IS NOT NULL AND NEW.png IS NULL AND NEW.sheet_id IS NOT NULL\n    AND NEW.sha256 = encode(sha256(OLD.png), 'hex') AND NEW.size = length(OLD.png)\n    AND ROW(NEW.id, NEW.analysis_id, NEW.name) = ROW(OLD.id, OLD.analysis_id, OLD.name)\n)) THEN RETURN coalesce(NEW, OLD); END IF;\n    IF audit_may_erase(TG_TABLE_NAME::text, OLD.id::text) THEN\n        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n        RETURN NEW;\n    END IF;\n    RAISE EXCEPTION 'a picture of a finding is final: % of % is refused', TG_OP, TG_TABLE_NAME\n        USING ERRCODE = 'check_violation';\n", hash='4eb3ca54714fc27f8d795bfc0eb24bb1a8f9b88e', operation='UPDATE OR DELETE', pgid='pgtrigger_picture_is_final_2cd53', table='ml_thumbnail', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='thumbnail',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('offset__isnull', True), ('png__isnull', False), ('sha256__isnull', True), ('sheet__isnull', True), ('size__isnull', True)), models.Q(('offset__isnull', False), ('png__isnull', True), ('sha256__regex', '^[0-9a-f]{64}$'), ('sheet__isnull', False), ('size__gt', 0)), _connector='OR'), name='picture_lies_in_one_place'),
        ),
    ]
