"""Celery, which only rings the doorbell. What is to be done is a row in PostgreSQL."""

from celery import Celery

app = Celery("touchstone")
app.config_from_object("config.doorbell")  # read when first needed, not now
app.autodiscover_tasks()
