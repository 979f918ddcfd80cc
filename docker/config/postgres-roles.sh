#!/bin/bash
# Run once by the PostgreSQL image, when its data folder is new: the owner that migrates and the
# application's role, which can neither alter a table nor switch a trigger off (docs/audit.md).
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username postgres \
  -v owner_password="$(cat /run/secrets/database_owner_password)" \
  -v app_password="$(cat /run/secrets/database_app_password)" <<'SQL'
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
