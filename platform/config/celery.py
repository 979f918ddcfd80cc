"""The Celery app, which only wakes workers. The work itself is a row in PostgreSQL."""

import os

from celery import Celery

# Before the app is made: a server may read its own settings from this package first, and Celery
# binds itself to Django, for every thread, only if it knows of it by then.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("touchstone")
app.config_from_object("config.doorbell")  # read when first needed, not now
app.autodiscover_tasks()
