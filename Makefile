# Two commands for a newcomer: `make up` and `make test`. Everything else is for daily work.
# Two suites (docs/decisions/0016-two-suites.md): `make test` before each push, `make test-long` too
# before a change lands.
SHELL := /bin/bash
PY := .venv/bin/python
UV := .venv/bin/uv
export PYTHONPATH := platform
# Containers often set this. Then each process compiles every module that it imports, anew.
unexport PYTHONDONTWRITEBYTECODE
# Starts the embedded PostgreSQL (or finds it running) and exports its addresses.
PG = eval "$$($(PY) -m local.postgres start)"
TESTS_PG = eval "$$($(PY) -m local.postgres start tests)"

.PHONY: image image-test image-sbom chart sbom walk-production
.PHONY: help setup browser lock up migrations migrated messages lint types check quick test test-long test-all test-fast test-postgres test-upgrade test-slow test-browser test-faults test-checkout costs collected faults bench docs docs-pictures screenshots clean

help:
	@echo "make up           set everything up and serve it on localhost; Ctrl-C stops it"
	@echo "make test         before each push: style, types, settings, fast tests, the main path in a browser, a storm"
	@echo "make test-long    the rest: slow tests, all of the browser, all faults; make test-all is both"
	@echo "make quick        style, import contracts and the quickest tests, for the inner loop"
	@echo "make test-fast    the fast tests only; test-slow, test-browser and test-faults are the other parts"
	@echo "make test-postgres PROGRAMS=...  tests of jobs, record, submissions and review on another PostgreSQL"
	@echo "make test-upgrade BASE=...  the code of an earlier release on the tables of this one"
	@echo "make costs        processor seconds of the last make test, and who is dear and not marked slow"
	@echo "make faults       the long runs: everything killed repeatedly, and the schema put to the test"
	@echo "make bench        speed and memory, as ratios measured in one run"
	@echo "make screenshots  pictures of the main pages into .touchstone/screenshots"
	@echo "make docs-pictures  the pictures of the documentation, into docs/pictures"
	@echo "make image        the container image, with buildah (root); make image-test tries it"
	@echo "make walk-production  a new operator walks docs/install/systemd.md, in a copy of this machine (root)"
	@echo "make chart        Helm is fetched, and docker/ is checked against every schema"
	@echo "make sbom         the pinned packages as CycloneDX into .touchstone/sbom.json"
	@echo "make docs         the documentation as a site into .touchstone/site"
	@echo "make messages     gather the sentences for translation, and compile locale/"
	@echo "make lock         pin the requirements anew, with hashes"

# --- set-up: pinned, with hashes --------------------------------------------------------------------
# PYTHON=... chooses the Python; else the newest of 3.13, 3.12 and 3.11 that is there.
setup: .venv/.installed
.venv/.installed: requirements.txt requirements/dev.txt requirements/installer.txt requirements/models.txt $(wildcard ml/engine/detectors/*/norms.npz ml/engine/detectors/*/head.npz)
	@sh platform/local/setup.sh

# The browser tests drive Debian's Chromium; elsewhere set CHROMIUM to a Chromium or Chrome.
browser:
	@command -v "$${CHROMIUM:-chromium}" >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing chromium for the browser tests"; \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	  else echo "No chromium here: the browser tests will be skipped (install it, or set CHROMIUM=...)."; fi; }

# One lock for Python 3.11 to 3.13. The parts take their versions from the whole.
UV_COMPILE = $(UV) pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --override requirements/overrides.txt
lock:
	$(UV_COMPILE) -o requirements.txt requirements/whole.in
	$(UV_COMPILE) -o requirements/serve.txt -c requirements.txt requirements/serve.in
	$(UV_COMPILE) -o requirements/lab.txt requirements/lab.in
	$(UV_COMPILE) -o requirements/dev.txt requirements/dev.in
	$(UV_COMPILE) -o requirements/cloud.txt requirements/cloud.in
	$(UV_COMPILE) -o requirements/openvino.txt requirements/openvino.in
	$(UV_COMPILE) -o requirements/backup.txt requirements/backup.in
	$(UV_COMPILE) -o requirements/telemetry.txt requirements/telemetry.in

# --- run ---------------------------------------------------------------------------------------------
up: setup
	@exec $(PY) -m local.up

migrations: setup
	@$(PG) && DATABASE_URL=$$OWNER_DATABASE_URL DEBUG=1 $(PY) manage.py makemigrations

# Says which sentences have no German yet; write them into locale/de/LC_MESSAGES/*.po, run it again.
messages: setup
	@DEBUG=1 DJANGO_SETTINGS_MODULE=config.settings $(PY) -m config.messages

# --- checks ------------------------------------------------------------------------------------------
lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@PYTHONPATH=.:platform .venv/bin/lint-imports --no-cache >.venv/imports.log || { cat .venv/imports.log; exit 1; }

types: setup
	@DEBUG=1 $(PY) -m mypy

check: setup
	@$(PG) && export DATABASE_URL=$$OWNER_DATABASE_URL SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))') PUBLIC_URL=https://touchstone.example && \
	  $(PY) manage.py check --deploy --fail-level WARNING && \
	  $(PY) manage.py makemigrations --check --dry-run && \
	  LOG_LEVEL=WARNING PYTHONPATH=platform:. DJANGO_SETTINGS_MODULE=tests.migration_rules $(PY) manage.py lintmigrations

# The inner loop: style, import contracts and the quickest tests (tests/choose_quick.py).
quick: setup lint
	@$(TESTS_PG) && $(PY) -m pytest -q -n 2 --dist loadfile -m "$(FAST)" $$(cat tests/quick.txt)

# mypy keeps one core busy. Beside it run what else reads the code, the migrations, and the tests of
# the checkout itself.
test: setup browser
	@rm -rf .touchstone/costs
	@$(MAKE) --no-print-directory -j2 --output-sync=target types lint migrated check collected test-checkout
	@$(TESTS_PG) && $(PY) -m pytest $(BY_FILE) $(CHECKOUT:%=--ignore=%) -m "$(FAST)" -p tests.costs
	@$(TESTS_PG) && $(PY) -m pytest -q tests/browser -n 2 -m "not slow" -p tests.costs
	@$(TESTS_PG) && $(PY) -m pytest -q tests/faults -m "not slow" -p tests.costs
	@$(PY) -m tests.costs --rows 0 --keep

test-long: setup browser
	@$(MAKE) --no-print-directory test-slow
	@$(MAKE) --no-print-directory test-browser test-faults ONLY='-m slow'

test-all: test test-long

# What the last `make test` cost, by room, file and test.
costs: setup
	@$(PY) -m tests.costs --keep

# The database that each test process copies (tests/database.py).
migrated: setup
	@$(TESTS_PG) && DATABASE_URL=$$TEST_DATABASE_URL DEBUG=1 PYTHONPATH=.:platform DJANGO_SETTINGS_MODULE=config.settings \
	  $(PY) -m tests.database

# All tests and what they import are compiled, which the two workers would both do in a fresh clone.
collected: setup
	@$(PY) -m pytest --collect-only -qq >.venv/collected.log || { cat .venv/collected.log; exit 1; }

# Documentation, set-up and images: files and programs, nearly no database.
CHECKOUT = tests/house tests/docker tests/local
test-checkout: setup
	@$(TESTS_PG) && $(PY) -m pytest -q $(CHECKOUT) -m "$(FAST)" -p tests.costs

# A worker takes file by file, in the order of tests/conftest.py.
BY_FILE = -n 2 --dist loadfile --no-loadscope-reorder
FAST = not slow and not faults and not browser

test-fast: setup
	@$(TESTS_PG) && $(PY) -m pytest $(BY_FILE) -m "$(FAST)" $(if $(JUNIT),--junit-xml $(JUNIT))

# The rooms that stand closest to PostgreSQL, on another version of it: PROGRAMS is the folder of its
# postgres, initdb and psql, such as /usr/lib/postgresql/15/bin.
test-postgres: setup
	@test -x "$(PROGRAMS)/initdb" || { echo "Set PROGRAMS=/usr/lib/postgresql/15/bin or the like."; exit 1; }
	@export TEST_POSTGRES_PROGRAMS=$(PROGRAMS) && $(TESTS_PG) && trap '$(PY) -m local.postgres stop tests' EXIT && \
	  $(PY) -m pytest $(BY_FILE) tests/jobs tests/audit tests/blobs tests/submissions tests/review -m "$(FAST)"

# The code of an earlier release on the tables of this one.
test-upgrade: setup
	@test -n "$(BASE)" || { echo "Set BASE to a tag or commit of the last release."; exit 1; }
	@PYTHONPATH=platform:. $(PY) -m tests.faults.upgrade --base $(BASE)

test-slow: setup
	@$(TESTS_PG) && $(PY) -m pytest $(BY_FILE) -m "slow and not browser and not faults" --durations 6

# These two have processes of their own: Playwright leaves its event loop running, and what kills
# servers waits by the clock. ONLY chooses: `make test-long` asks for what `make test` leaves out.
test-browser: setup browser
	@$(TESTS_PG) && $(PY) -m pytest tests/browser -n 2 --dist worksteal $(ONLY) --durations 6

test-faults: setup
	@$(TESTS_PG) && $(PY) -m pytest tests/faults $(BY_FILE) $(ONLY) --durations 6

# The long forms: 600 jobs in a storm of kills, freezes, restarts and a lost broker; 2,000 uploads
# while web, worker and database are killed in turn; 1,000 webhooks under ten kills; 5,000 cases
# against the schema with every kind of key, 2,000 cases that 50 threads claim at once, and 200
# idempotency keys with ten requests at once each. Tables, printed.
faults: setup
	@$(PY) -m tests.faults.storm --jobs 600
	@$(PY) -m tests.faults.uploads --uploads 2000
	@$(TESTS_PG) && WEBHOOKS=1000 $(PY) -m pytest tests/faults/test_webhooks.py -q -s
	@$(TESTS_PG) && SCHEMA_EXAMPLES=60 RACE_CASES=2000 IDEMPOTENCY_KEYS=200 $(PY) -m pytest tests/schema tests/review/test_race.py tests/partners/test_idempotency_at_once.py -q -s

# The documentation as a site, into .touchstone/site; a broken link is an error.
docs: setup
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict && echo "Open .touchstone/site/index.html"

screenshots: setup browser
	@$(TESTS_PG) && $(PY) -m pytest tests/browser/screenshots.py -q && echo "Pictures are in .touchstone/screenshots"

docs-pictures: setup browser
	@$(TESTS_PG) && $(PY) -m pytest tests/browser/docs_pictures.py -q && echo "Pictures are in docs/pictures"

clean:
	@-$(PY) -m local.postgres stop
	rm -rf .touchstone .pytest_cache .mypy_cache .ruff_cache .hypothesis

# --- the image and its surroundings (docs/install/) ---------------------------------------------------
image: setup
	@docker/image.sh build

image-test: setup
	@docker/image.sh test

image-sbom: setup
	@mkdir -p .touchstone
	@PYTHONPATH=platform:. docker/image.sh sbom >.touchstone/image-sbom.json && echo "Written to .touchstone/image-sbom.json"

sbom: setup
	@mkdir -p .touchstone
	@.venv/bin/cyclonedx-py requirements --spec-version 1.6 --output-reproducible -o .touchstone/sbom.json requirements/serve.txt && echo "Written to .touchstone/sbom.json"

chart: setup
	@sh docker/helm.sh
	@$(TESTS_PG) && $(PY) -m pytest tests/docker -q

# Every command of docs/install/systemd.md, from a fresh clone to two machines with workers; needs root.
walk-production: setup
	@PYTHONPATH=platform:. $(PY) -m tests.production.walk

# --- measure -----------------------------------------------------------------------------------------
bench: setup
	@$(PY) -m bench

bench-write: setup
	@$(PY) -m bench --write
