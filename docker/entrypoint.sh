#!/bin/sh
# touchstone COMMAND: web, worker, migrate, prepare, doctor, healthcheck; anything else goes to manage.py.
set -eu
cd /app
command=${1:-web}
[ $# -gt 0 ] && shift

case "$command" in
  web)
    export SERVICE_NAME=web
    exec gunicorn config.wsgi --config platform/config/serving.py --bind "${BIND:-0.0.0.0:8000}" "$@"
    ;;
  worker)
    export SERVICE_NAME=worker
    exec python manage.py worker --nice 0 "$@"
    ;;
  migrate)
    # The owner's role migrates where one is named; web and worker use the application's role.
    if [ -n "${OWNER_DATABASE_URL:-}${OWNER_DATABASE_URL_FILE:-}" ]; then
      DATABASE_URL=${OWNER_DATABASE_URL:-$(cat "$OWNER_DATABASE_URL_FILE")}
      unset DATABASE_URL_FILE
      export DATABASE_URL
    fi
    exec python manage.py migrate --noinput "$@"
    ;;
  prepare)
    # What a new site needs once, and what is safe to run again: its keys, and the bucket.
    python manage.py keys init
    exec python manage.py store create
    ;;
  healthcheck)
    # Process 1 says which of the two this container is.
    if tr '\0' ' ' </proc/1/cmdline | grep -q "manage.py worker"; then
      exec python manage.py worker_health
    fi
    exec python - <<'PY'
import os
import sys
from urllib.request import Request, urlopen

port = os.environ.get("BIND", ":8000").rpartition(":")[2]
try:
    with urlopen(Request(f"http://127.0.0.1:{port}/live"), timeout=5) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except OSError as error:
    sys.exit(f"the web server does not answer: {error}")
PY
    ;;
  *)
    exec python manage.py "$command" "$@"
    ;;
esac
