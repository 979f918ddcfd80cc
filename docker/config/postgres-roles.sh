#!/bin/bash
# Run once, as PostgreSQL's superuser: by the PostgreSQL image when its data folder is new, by hand on
# a machine without containers. It makes the owner that migrates, and the application's role, which
# can neither alter a table nor switch a trigger off (docs/audit.md).
set -euo pipefail
# From the environment, or from the secrets of a container. psql reads them there: a command line is
# visible to everybody on the machine.
export OWNER_PASSWORD=${OWNER_PASSWORD:-$(cat /run/secrets/database_owner_password)}
export APP_PASSWORD=${APP_PASSWORD:-$(cat /run/secrets/database_app_password)}
psql -v ON_ERROR_STOP=1 --username postgres <<'SQL'
\set owner_password `printf %s "$OWNER_PASSWORD"`
\set app_password `printf %s "$APP_PASSWORD"`
CREATE ROLE touchstone LOGIN PASSWORD :'owner_password';
CREATE ROLE touchstone_app LOGIN PASSWORD :'app_password';
CREATE DATABASE touchstone OWNER touchstone;
\connect touchstone
CREATE EXTENSION IF NOT EXISTS pg_trgm;
GRANT USAGE ON SCHEMA public TO touchstone_app;
ALTER DEFAULT PRIVILEGES FOR ROLE touchstone IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO touchstone_app;
ALTER DEFAULT PRIVILEGES FOR ROLE touchstone IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO touchstone_app;
SQL
