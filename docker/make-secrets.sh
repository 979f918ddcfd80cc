#!/bin/sh
# Makes the secrets that docker/compose.yaml reads, each once, into docker/secrets/ (or the folder
# named). A secret that is there is kept: run it again after an upgrade.
set -eu
folder=${1:-$(dirname "$0")/secrets}
# The containers' own users read these files: the folder is private, the files in it are not.
mkdir -p "$folder"
chmod 700 "$folder"
umask 022

random() { od -An -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }
once() {
  [ -s "$folder/$1" ] && return 0
  cat >"$folder/.part"
  mv "$folder/.part" "$folder/$1"
  echo "made $folder/$1"
}

for name in database_superuser_password database_owner_password database_app_password metrics_token; do
  random 24 | once "$name"
done
random 40 | once secret_key
if [ ! -s "$folder/broker_url" ]; then
  password=$(random 24)
  printf 'default_user = touchstone\ndefault_pass = %s\n' "$password" | once rabbitmq_credentials
  printf 'amqp://touchstone:%s@rabbitmq:5672//' "$password" | once broker_url
fi
if [ ! -s "$folder/s3_credentials" ]; then
  secret=$(random 24)
  printf '[default]\naws_access_key_id = touchstone\naws_secret_access_key = %s\n' "$secret" | once s3_credentials
  printf '{"identities": [{"name": "touchstone", "credentials": [{"accessKey": "touchstone", "secretKey": "%s"}], "actions": ["Admin", "Read", "Write", "List"]}]}\n' "$secret" | once s3_server.json
fi
