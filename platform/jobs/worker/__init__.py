"""The processes of `manage.py worker`: a supervisor, its slots, the beat and the couriers."""
