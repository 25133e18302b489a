#!/usr/bin/env bash
# Signs in, keeps the tokens in a file, and goes on with them the next time; an expired access token is renewed on the way.
#   EMAIL=owner@demo.example PASSWORD=… bash examples/bash/refresh-tokens.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/ledger.sh"

file=${TOKEN_FILE:-.ledger-tokens.json}

# A refresh token works once: the new one must be on disk before anything else is done with it.
# Written beside it and renamed: whenever this is interrupted, the file is the old one or the new one, and nobody else's to read.
keep() {
  local fresh
  fresh=$(mktemp "$file.XXXXXX")
  printf '%s' "$body" >"$fresh"
  mv -f "$fresh" "$file"
}

sign_in() {
  ledger POST /v1/auth/login "{\"email\":$(json_text "$EMAIL"),\"password\":$(json_text "$PASSWORD")}"
  if [ "$status" != 200 ]; then
    echo "$(text code): $(text detail)" >&2
    exit 3
  fi
  keep
}

who_am_i() {
  body=$(cat "$file")
  AUTHORIZATION="Bearer $(text accessToken)" ledger GET /v1/auth/me
}

if [ ! -s "$file" ]; then sign_in; fi
who_am_i
if [ "$status" = 401 ] && [ "$(text code)" = TOKEN_EXPIRED ]; then
  body=$(cat "$file")
  # Sent twice within 10 seconds it is the same renewal, later it ends the session: all tries must come before.
  LEDGER_TIMEOUT=2 ledger POST /v1/auth/refresh "{\"refreshToken\":$(json_text "$(text refreshToken)")}"
  if [ "$status" = 200 ]; then
    keep
    who_am_i
  fi
fi
# The session has ended, by time or by somebody: only the password helps.
if [ "$status" = 401 ]; then
  sign_in
  who_am_i
fi
if [ "$status" != 200 ]; then
  echo "$(text code): $(text detail)" >&2
  exit 3
fi
echo "Signed in as $(text email)."
