"""A bell for each kind of media, beside the one that stands."""

from django.db import migrations

QUEUES = ("touchstone_image", "touchstone_video", "touchstone_audio")


def make(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for queue in QUEUES:
            cursor.execute("SELECT pgmq.create(%s)", [queue])


def drop(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for queue in QUEUES:
            cursor.execute("SELECT pgmq.drop_queue(%s)", [queue])


class Migration(migrations.Migration):
    dependencies = [("jobs", "0003_claiming_pauses")]
    operations = [migrations.RunPython(make, drop)]
