"""People and groups that an identity provider manages by SCIM, and the scope of its keys."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_scope_of_holds'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProvisionedGroup',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('external_id', models.CharField(blank=True, default='', max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='ProvisionedPerson',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('user_name', models.CharField(max_length=254)),
                ('external_id', models.CharField(blank=True, default='', max_length=254)),
                ('words', models.JSONField(default=dict)),
                ('is_active', models.BooleanField(default=True)),
                ('made_account', models.BooleanField(default=False)),
                ('closed_account', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('removed_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='apikey',
            name='api_key_scopes_are_known',
        ),
        migrations.AddField(
            model_name='serviceaccount',
            name='provisions',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text="It is the team's identity provider. Its keys provision members, no more."),
        ),
        migrations.AlterField(
            model_name='apikey',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('submissions:write', 'Send media'), ('submissions:read', 'Read submissions and verdicts'), ('media:read', 'Fetch media and thumbnails'), ('webhooks:manage', 'Manage its own webhooks'), ('holds:manage', 'Place, lift and list legal holds'), ('members:provision', 'Provision members by SCIM')], max_length=32), size=None),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('scopes__contained_by', ('submissions:write', 'submissions:read', 'media:read', 'webhooks:manage', 'holds:manage', 'members:provision')), models.Q(('scopes__len__gt', 0), ('revoked_at__isnull', False), _connector='OR')), name='api_key_scopes_are_known'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('scopes__contains', ['members:provision']), _negated=True), models.Q(('is_test', False), ('scopes__len', 1)), _connector='OR'), name='provisioning_is_a_keys_only_scope'),
        ),
        migrations.AddConstraint(
            model_name='serviceaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('provisions', True)), fields=('team',), name='one_identity_provider_per_team'),
        ),
        migrations.AddField(
            model_name='provisionedgroup',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='provisioned_groups', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='provisionedperson',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='provisioned_people', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='provisionedperson',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='provisioned_as', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='provisionedgroup',
            name='members',
            field=models.ManyToManyField(related_name='groups', to='accounts.provisionedperson'),
        ),
        migrations.AddIndex(
            model_name='provisionedperson',
            index=models.Index(fields=['team', 'external_id'], name='provisioned_external_id'),
        ),
        migrations.AddConstraint(
            model_name='provisionedperson',
            constraint=models.UniqueConstraint(models.F('team'), django.db.models.functions.text.Lower('user_name'), condition=models.Q(('removed_at', None)), name='one_user_name'),
        ),
        migrations.AddConstraint(
            model_name='provisionedperson',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('team', 'user'), name='provisioned_once'),
        ),
        migrations.AddConstraint(
            model_name='provisionedperson',
            constraint=models.CheckConstraint(condition=models.Q(('removed_at', None), ('is_active', False), _connector='OR'), name='removed_is_inactive'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='provisionedperson',
            trigger=pgtrigger.compiler.Trigger(name='nobody_is_provisioned_in_a_test_team', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF EXISTS (SELECT FROM accounts_team\n                    WHERE id = NEW.team_id AND live_team_id IS NOT NULL) THEN\n                RAISE EXCEPTION 'nobody belongs to a test team' USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NEW;\n        ", hash='2112cc3db1b1f837c016df4c62a75e641dcb2d96', operation='INSERT OR UPDATE', pgid='pgtrigger_nobody_is_provisioned_in_a_test_team_08382', table='accounts_provisionedperson', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='provisionedgroup',
            constraint=models.UniqueConstraint(fields=('team', 'name'), name='one_group_of_a_name'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='provisionedgroup',
            trigger=pgtrigger.compiler.Trigger(name='no_group_is_provisioned_in_a_test_team', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF EXISTS (SELECT FROM accounts_team\n                    WHERE id = NEW.team_id AND live_team_id IS NOT NULL) THEN\n                RAISE EXCEPTION 'nobody belongs to a test team' USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NEW;\n        ", hash='6f8d7c9b5ac165aa7e69da08db045ff7fbff1af6', operation='INSERT OR UPDATE', pgid='pgtrigger_no_group_is_provisioned_in_a_test_team_2951f', table='accounts_provisionedgroup', when='BEFORE')),
        ),
    ]
