#!/usr/bin/env bash
# Signs in and stores the tokens in a file. The next run uses them, and renews an expired access token.
#   EMAIL=owner@demo.example PASSWORD=… bash examples/bash/refresh-tokens.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/ledger.sh"

file=${TOKEN_FILE:-.ledger-tokens.json}

# stored NAME: the value of this name in the file. Fails without a file or value.
stored() { [ -s "$file" ] && body=$(cat "$file") text "$1"; }

# Stores the tokens of the answer. A renewal returns no device token: the file keeps that of the last login.
# A refresh token works once, so the file must have the next one before anything else happens. The file is written
# under another name and then renamed. So it is always complete, and only this user may read it.
keep() {
  local access refresh device fresh
  access=$(text accessToken)
  refresh=$(text refreshToken)
  device=$(text deviceToken || stored deviceToken || true)
  fresh=$(mktemp "$file.XXXXXX")
  printf '{"accessToken":%s,"refreshToken":%s,"deviceToken":%s}' \
    "$(json_text "$access")" "$(json_text "$refresh")" "$(json_text "$device")" >"$fresh"
  mv -f "$fresh" "$file"
}

# The device token of the last login goes with the next one. So this device can sign in while others guess passwords.
sign_in() {
  local login device
  login="\"email\":$(json_text "$EMAIL"),\"password\":$(json_text "$PASSWORD")"
  device=$(stored deviceToken || true)
  if [ -n "$device" ]; then login+=",\"deviceToken\":$(json_text "$device")"; fi
  ledger POST /v1/auth/login "{$login}"
  if [ "$status" != 200 ]; then
    echo "$(text code): $(text detail)" >&2
    exit 3
  fi
  keep
}

who_am_i() { AUTHORIZATION="Bearer $(stored accessToken)" ledger GET /v1/auth/me; }

if [ ! -s "$file" ]; then sign_in; fi
who_am_i
if [ "$status" = 401 ] && [ "$(text code)" = TOKEN_EXPIRED ]; then
  # A renewal can be repeated for 10 seconds. Later the used token ends the session, so all attempts must come before.
  LEDGER_TIMEOUT=2 ledger POST /v1/auth/refresh "{\"refreshToken\":$(json_text "$(stored refreshToken)")}"
  if [ "$status" = 200 ]; then
    keep
    who_am_i
  fi
fi
# The session has ended: only the password opens another one.
if [ "$status" = 401 ]; then
  sign_in
  who_am_i
fi
if [ "$status" != 200 ]; then
  echo "$(text code): $(text detail)" >&2
  exit 3
fi
echo "Signed in as $(text email)."
