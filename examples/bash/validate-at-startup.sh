#!/usr/bin/env bash
# Validates the license when a script starts, and lets it run offline for as long as the last answer allows.
#   LEDGER_URL=http://127.0.0.1:8080 LICENSE_KEY=LL-… bash examples/bash/validate-at-startup.sh
# Exit codes: 0 it may run, 1 nobody answered, 3 it may not, 4 expired.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/ledger.sh"
. "$here/codes.sh"

cache=${LICENSE_CACHE:-.license-cache.json}
# Something that stays the same on this machine and differs from others. Only an HMAC of it is stored by the server.
fingerprint=${FINGERPRINT:-$(hostname)}
nonce=$(new_id)

if ledger POST /v1/licenses/validate \
  "{\"licenseKey\":\"$LICENSE_KEY\",\"product\":\"${PRODUCT:-local_cli}\",\"fingerprint\":\"$fingerprint\",\"nonce\":\"$nonce\"}"; then
  if [ "$status" != 200 ]; then
    echo "$(text code): $(text detail)" >&2
    exit 3
  fi
  # A proxy that plays back an older answer does not know this request's nonce.
  if [ "$(text nonce)" != "$nonce" ]; then
    echo 'The answer is not to this request.' >&2
    exit 1
  fi
  if [ "$(value valid)" = true ]; then printf '%s' "$body" >"$cache"; fi
else
  # The last good answer. It is not signed: whoever can edit the file can extend it.
  body=$(cat "$cache" 2>/dev/null || true)
  until=$(text offlineGraceUntil || true)
  # Instants of one form are in order as text.
  if [[ -z $until || ! $(date -u +%Y-%m-%dT%H:%M:%S.000Z) < $until ]]; then exit 1; fi
  echo "Nobody answers; the last answer is good until $until."
fi

code=$(text code)
reaction_to "$code" "$(value valid)"
echo "$code${say:+: $say}"
if [ "$runs" = run ]; then exit 0; fi
if [ "$code" = EXPIRED ]; then exit 4; fi
exit 3
