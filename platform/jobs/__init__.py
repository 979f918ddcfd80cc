"""Jobs as leased, fenced rows in PostgreSQL. The row is authoritative; Celery only wakes workers.

Read `docs/jobs.md` first, then `services.py` for the operations.
"""
