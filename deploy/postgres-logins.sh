#!/usr/bin/env bash
# Creates the database `ledger` and its logins, with the passwords in the files of their URLs. Postgres runs this once, when its
# data directory is empty. The login `ledger` migrates. Each of the others may do only what its role may do.
set -euo pipefail

secrets=${LEDGER_SECRETS:-/run/secrets}

# The password between the second colon and the @ of a URL. Passwords without characters that a URL must escape.
password_of() {
  local url
  url=$(cat "$secrets/$1")
  url=${url#*://*:}
  printf '%s' "${url%%@*}"
}

run() {
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" "$@"
}

# The values are variables of psql, so that no list of processes shows them as arguments.
run --dbname postgres <<SQL
\set password '$(password_of database-url)'
create role ledger login createrole password :'password';
create database ledger owner ledger;
SQL

# The role that creates the others may administer them. The migration needs that.
run --dbname ledger <<SQL
\set api '$(password_of database-api-url)'
\set projector '$(password_of database-projector-url)'
\set worker '$(password_of database-worker-url)'
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
