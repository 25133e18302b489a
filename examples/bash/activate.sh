#!/usr/bin/env bash
# Activates this device; where all activations are in use, puts it in the place of the one named in SWAP.
#   LICENSE_KEY=LL-… FINGERPRINT=laptop-2 bash examples/bash/activate.sh
# Exit codes: 0 activated, 1 nobody answered, 3 refused, 5 all activations are in use.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/ledger.sh"

fingerprint=${FINGERPRINT:-$(hostname)}
platform=$(uname -s | tr '[:upper:]' '[:lower:]')
device="\"licenseKey\":$(json_text "${LICENSE_KEY:-}"),\"product\":$(json_text "${PRODUCT:-local_cli}"),\
\"fingerprint\":$(json_text "$fingerprint"),\"name\":$(json_text "$(hostname)"),\"platform\":$(json_text "$platform")"
if [ -n "${SWAP:-}" ]; then
  ledger POST /v1/licenses/swap "{$device,\"release\":{\"activationId\":$(json_text "$SWAP")}}"
else
  ledger POST /v1/licenses/activate "{$device}"
fi

case $status in
  201) echo "Activated: $(text id), $(value used) of $(value max) in use." ;;
  200) echo "Was activated already: $(text id), $(value used) of $(value max) in use." ;;
  *)
    echo "$(text code): $(text detail)" >&2
    if [ "$(text code)" != ACTIVATION_LIMIT_EXCEEDED ]; then exit 3; fi
    echo "Release one of these, or set SWAP to its id: $body" >&2
    exit 5
    ;;
esac
