#!/bin/bash
# One database and one user for each service, at the first start of an empty server; nobody else may connect to it.
set -euo pipefail
for service in identity contacts documents notifications; do
  psql --username postgres -v ON_ERROR_STOP=1 -v name="$service" -v password="$(cat "/run/secrets/postgres/$service")" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
