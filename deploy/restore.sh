#!/usr/bin/env bash
# Fills four empty databases from a backup of deploy/backup.sh, and holds all mail. No process of Recapito may run: see deploy/README.md.
#   deploy/restore.sh FOLDER
# CONTACTS_DATABASE and the others: as in deploy/backup.sh, of the new databases.
set -euo pipefail
folder=${1:?"usage: deploy/restore.sh FOLDER"}
services=(contacts documents notifications identity)

for service in "${services[@]}"; do
  place="${service^^}_DATABASE"
  [ -r "$folder/$service.dump" ] || { echo "$folder/$service.dump is not there" >&2; exit 2; }
  tables=$(psql --no-psqlrc --tuples-only --no-align --dbname="${!place}" \
    --command="SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
  [ "$tables" = 0 ] || { echo "the database of $service is not empty: a restore never mixes with what is there" >&2; exit 2; }
done

for service in "${services[@]}"; do
  place="${service^^}_DATABASE"
  pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname="${!place}" "$folder/$service.dump"
  echo "$service: restored"
done

# Before any process starts: what was to be sent may have been sent since the backup.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$NOTIFICATIONS_DATABASE" \
  --command="UPDATE holding SET hold_time = coalesce(hold_time, now()), restore_time = now()"
echo "mail is held: recapito sender release, when all is well"
