"""What the web server's front needs, for a server without Django's applications."""

import tempfile

REQUEST_HEAD_SECONDS = 5.0
REQUEST_BODY_SECONDS = 5.0
REQUEST_BODY_MIN_RATE = 4096
ANONYMOUS_BODY_BYTES = 64 * 1024
OPEN_BODY_BYTES: dict[str, int] = {}
CONNECTIONS_PER_ADDRESS = 100
REQUEST_IS_KNOWN = "tests.serving.bare_application.is_known"
REQUEST_CLIENT = "tests.serving.bare_application.client_of"
REQUEST_VERSIONS = "tests.serving.bare_application.versions"
BEHIND_PROXY = False
MAX_UPLOAD_BYTES = 10_000_000
FORM_BYTES = 2 * 1024 * 1024
UPLOAD_SPOOL_DIR = tempfile.gettempdir()
SECRET_KEY = "x"
API_STREAM_ROUND_SECONDS = 20.0
