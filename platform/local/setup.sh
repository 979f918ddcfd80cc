#!/bin/sh
# Makes .venv where there is none that fits, then installs what is pinned (local/setup.py).
set -eu
cd "$(dirname "$0")/../.."

fits='import pip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
if ! .venv/bin/python -c "$fits" 2>/dev/null; then
  python=$(sh platform/local/find_python.sh)
  echo "Making a virtual environment in .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
fi
PYTHONPATH=platform:. exec .venv/bin/python -m local.setup
