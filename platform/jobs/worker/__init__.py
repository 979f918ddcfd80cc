"""The processes of `manage.py worker`: a supervisor, its hands, and the one that keeps time."""
