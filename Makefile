# Two commands for a newcomer: `make up` and `make test`. Everything else is for daily work.
SHELL := /bin/bash
PYTHON ?= python3.11
PY := .venv/bin/python
UV := .venv/bin/uv
export PYTHONPATH := platform
PG = eval "$$($(PY) -m local.postgres start)"

.PHONY: setup lock lint types test up

# --- set-up: pinned, with hashes --------------------------------------------------------------------
setup: .venv/.installed
.venv/.installed: requirements.txt requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "Touchstone needs Python 3.11 ($(PYTHON) was not found; set PYTHON=)."; exit 1; }
	@test -x $(PY) || { echo "Making a virtual environment in .venv"; $(PYTHON) -m venv .venv; }
	@.venv/bin/pip install --quiet --require-hashes -r requirements/installer.txt
	@echo "Installing pinned packages"
	@$(UV) pip install --python $(PY) --no-deps --require-hashes -r requirements.txt -r requirements-dev.txt
	@touch $@

UV_COMPILE = $(UV) pip compile --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --generate-hashes --override requirements/overrides.txt
lock:
	$(UV_COMPILE) -o requirements.txt requirements/runtime.in
	$(UV_COMPILE) -o requirements-dev.txt requirements/dev.in

# --- checks -----------------------------------------------------------------------------------------
lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

test: setup lint
	@$(PG) && $(PY) -m pytest
