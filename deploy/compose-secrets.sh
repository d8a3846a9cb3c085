#!/usr/bin/env bash
# Makes the secrets of an installation with Compose, once: deploy/secrets/<who>/, one file each. What is there already stays as it is.
# Each container sees its own folder only. The files can be read by any user of a container, because its user is none of this host's;
# on the host nobody but you enters the folder above them. What is in shared/ is mounted nowhere.
set -euo pipefail
cd "$(dirname "$0")"
folder=${RECAPITO_SECRETS_FOLDER:-secrets}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

keep() { # keep FILE : writes what comes in, unless the file is there
  mkdir -p "$(dirname "$1")"
  [ -e "$1" ] || { cat >"$1.new" && chmod 444 "$1.new" && mv "$1.new" "$1"; }
}
random() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }

# The broker keeps a hash: base64 of four bytes of salt and the SHA-256 of salt and password.
broker_hash() { # broker_hash PASSWORD
  local salt digest
  salt=$(head -c 2 /dev/urandom | od -An -tx1 | tr -d ' \n')
  digest=$(printf '%s%s' "$salt" "$1" | sha256sum | cut -d' ' -f1)
  # shellcheck disable=SC2059 # the escapes are what is wanted
  { printf '%s' "$salt"; printf "$(sed 's/../\\x&/g' <<<"$digest")"; } | base64 | tr -d '\n'
}

# One user for each service, held to what begins with its name; see libs/messaging/README.md.
definitions() {
  local service users='' permissions='' topics='' mine
  for service in identity contacts documents notifications; do
    mine="^(recapito\\\\\\\\.events|$service(\\\\\\\\..+)?)\$"
    users+="{\"name\":\"$service\",\"password_hash\":\"$(broker_hash "$(cat "shared/broker-$service")")\",\"hashing_algorithm\":\"rabbit_password_hashing_sha256\",\"tags\":\"\"},"
    permissions+="{\"user\":\"$service\",\"vhost\":\"/\",\"configure\":\"$mine\",\"write\":\"$mine\",\"read\":\"$mine\"},"
    topics+="{\"user\":\"$service\",\"vhost\":\"/\",\"exchange\":\"recapito.events\",\"write\":\"^recapito\\\\\\\\.($service|platform)\\\\\\\\.\",\"read\":\".*\"},"
  done
  printf '{"vhosts":[{"name":"/"}],"users":[%b],"permissions":[%b],"topic_permissions":[%b]}\n' "${users%,}" "${permissions%,}" "${topics%,}"
}

random | keep shared/internal
for who in identity contacts documents notifications portal gateway; do
  keep "$who/recapito_internal_secret" <shared/internal
done
random | keep identity/recapito_identity_secret
random | keep portal/recapito_web_secret

random | keep postgres/superuser
for service in identity contacts documents notifications; do
  random | keep "postgres/$service"
  random | keep "shared/broker-$service"
  keep "$service/recapito_database_url" <<<"postgresql+psycopg://$service:$(cat "postgres/$service")@postgres/$service"
  keep "$service/recapito_bus_url" <<<"amqp://$service:$(cat "shared/broker-$service")@broker:5672/%2F"
done
definitions | keep broker/definitions.json

random | keep storage/access-key
random | keep storage/secret-key
keep documents/recapito_storage_access_key_id <storage/access-key
keep documents/recapito_storage_secret_access_key <storage/secret-key

random | keep grafana/admin-password
