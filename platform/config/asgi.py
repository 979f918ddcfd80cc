"""The application for ASGI servers. It refuses to start where the decoder has no working
sandbox."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_asgi_application()

from audit.fingerprints import refuse_to_serve_with_other_keys  # noqa: E402 - needs the settings
from sandbox.checks import refuse_to_serve_without_wall  # noqa: E402 - needs the settings

refuse_to_serve_with_other_keys()
refuse_to_serve_without_wall()
