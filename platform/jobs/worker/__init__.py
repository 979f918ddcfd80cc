"""The processes of `manage.py worker`: a supervisor, its slots, and the one that keeps time."""
