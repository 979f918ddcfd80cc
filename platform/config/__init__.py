"""The one place that knows every part. Celery's app is made here so that tasks find it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
