"""The door for WSGI servers. It stays shut where no wall stands round the decoder."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from sandbox.checks import refuse_to_serve_without_wall  # noqa: E402 - needs the settings

refuse_to_serve_without_wall()
