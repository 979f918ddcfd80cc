"""The application for WSGI servers. It refuses to start where the decoder has no working
sandbox."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from audit.fingerprints import refuse_to_serve_with_other_keys  # noqa: E402 - needs the settings
from config.handler import Handler  # noqa: E402 - needs the settings
from sandbox.checks import refuse_to_serve_without_wall  # noqa: E402 - needs the settings

application = Handler()
refuse_to_serve_with_other_keys()
refuse_to_serve_without_wall()
