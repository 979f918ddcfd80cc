"""Leased, fenced rows in PostgreSQL. The row is the truth; Celery only rings the bell.

Read `docs/jobs.md` first, then `services.py` for the verbs.
"""
