#!/usr/bin/env bash
# Validates the license when a script starts, and lets it run offline for as long as the last answer allows.
#   LEDGER_URL=http://127.0.0.1:8080 LICENSE_KEY=LL-… bash examples/bash/validate-at-startup.sh
# Exit codes: 0 it may run, 1 nobody answered, 3 it may not, 4 expired.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/ledger.sh"
. "$here/codes.sh"

cache=${LICENSE_CACHE:-.license-cache.json}
key=${LICENSE_KEY:-}
product=${PRODUCT:-local_cli}
# Something that stays the same on this machine and differs from others. Only an HMAC of it is stored by the server.
fingerprint=${FINGERPRINT:-$(hostname)}

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1; }
# An answer is good for what was asked only.
asked=$(printf '%s\n' "$key" "$product" "$fingerprint" | sha256)

validate() {
  nonce=$(new_id)
  ledger POST /v1/licenses/validate "{\"licenseKey\":$(json_text "$key"),\"product\":$(json_text "$product"),\
\"fingerprint\":$(json_text "$fingerprint"),\"nonce\":\"$nonce\"}" || return 1
  # A license that is not valid any more must not become so by pulling the plug.
  if [ "$(text nonce || true)" = "$nonce" ] && [ "$(value valid)" != true ]; then rm -f "$cache"; fi
}

# A server in trouble, or somebody else's page in its place, says nothing about the license.
is_answered() { [[ $status -lt 500 && $status != 429 && -n $(text code || true) ]]; }

LEDGER_TIMEOUT=5
# A license that was not validated for too long is told so once; the next validation is in time.
if validate && [ "$(text code || true)" = CHECK_IN_OVERDUE ]; then validate || true; fi
if [ -n "$status" ] && is_answered; then
  if [ "$status" != 200 ]; then
    echo "$(text code): $(text detail)" >&2
    exit 3
  fi
  # A proxy that plays back an older answer does not know this request's nonce.
  if [ "$(text nonce)" != "$nonce" ]; then
    echo 'The answer is not to this request.' >&2
    exit 1
  fi
  if [ "$(value valid)" = true ]; then printf '{"asked":"%s","answer":%s}' "$asked" "$body" >"$cache"; fi
else
  # The last good answer. It is not signed: whoever can edit the file can extend it.
  body=$(cat "$cache" 2>/dev/null || true)
  until=$(text offlineGraceUntil || true)
  # Instants of one form are in order as text.
  if [[ $(text asked || true) != "$asked" || -z $until || ! $(date -u +%Y-%m-%dT%H:%M:%S.000Z) < $until ]]; then
    echo "Nobody answers${status:+ but with status $status}, and there is no earlier answer to go by." >&2
    exit 1
  fi
  echo "Nobody answers; the last answer is good until $until."
fi

code=$(text code)
reaction_to "$code" "$(value valid)"
echo "$code${say:+: $say}"
if [ "$runs" = run ]; then exit 0; fi
if [ "$code" = EXPIRED ]; then exit 4; fi
exit 3
