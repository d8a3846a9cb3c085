#!/usr/bin/env bash
# Backs up the four databases of an installation on PostgreSQL, also while everything runs: see deploy/README.md.
#   deploy/backup.sh FOLDER
# CONTACTS_DATABASE, DOCUMENTS_DATABASE, NOTIFICATIONS_DATABASE, IDENTITY_DATABASE: where they are, as libpq writes it ("service=contacts",
# "postgresql://user@host/name"); passwords belong into ~/.pgpass, not into these.
set -euo pipefail
folder=${1:?"usage: deploy/backup.sh FOLDER"}
umask 077
mkdir -p "$folder"

# Who listens comes after those it listens to, and identity last, because all tell it of the audit: what was published and handled between
# two copies is then in the later one, and the inbox there knows it when it comes again.
for service in contacts documents notifications identity; do
  place="${service^^}_DATABASE"
  [ ! -e "$folder/$service.dump" ] || { echo "$folder/$service.dump exists: a backup never overwrites another" >&2; exit 2; }
  pg_dump --format=custom --no-owner --no-privileges --file="$folder/$service.dump.part" --dbname="${!place}"
  mv "$folder/$service.dump.part" "$folder/$service.dump"
  echo "$service: $(stat -c %s "$folder/$service.dump") bytes"
done
