#!/usr/bin/env bash
# Creates the database `ledger` and its logins, with the passwords in the files of their URLs. Postgres runs this once, when its
# data directory is empty. The login `ledger` migrates. Each of the others may do only what its role may do.
set -euo pipefail

secrets=${LEDGER_SECRETS:-/run/secrets}

# The password in a URL. Passwords have no characters that a URL must escape.
password_of() {
  local file=$secrets/$1 url
  if ! url=$(cat "$file"); then
    echo "postgres-logins.sh: let user $(id -u) read $file. docs/guides/containers.md says how." >&2
    return 1
  fi
  if ! [[ $url =~ ^[a-z]+://[^:/@]+:([A-Za-z0-9_.~-]+)@ ]]; then
    echo "postgres-logins.sh: the URL in $file has no password of letters and digits." >&2
    return 1
  fi
  printf '%s' "${BASH_REMATCH[1]}"
}

# Bash ignores a failure within a here-document, so all are read before it.
owner=$(password_of database-url)
api=$(password_of database-api-url)
projector=$(password_of database-projector-url)
worker=$(password_of database-worker-url)

run() {
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" "$@"
}

# The values are variables of psql, so that no list of processes shows them as arguments.
run --dbname postgres <<SQL
\set password '$owner'
create role ledger login createrole password :'password';
create database ledger owner ledger;
SQL

# The role that creates the others may administer them. The migration needs that.
run --dbname ledger <<SQL
\set api '$api'
\set projector '$projector'
\set worker '$worker'
set role ledger;
create role ledger_api nologin;
create role ledger_projector nologin;
create role ledger_worker nologin;
create role ledger_auth nologin;
create role api login password :'api';
create role projector login password :'projector';
create role worker login password :'worker';
grant ledger_api, ledger_auth to api with inherit false, set true;
grant ledger_projector to projector with inherit false, set true;
grant ledger_worker to worker with inherit false, set true;
SQL
