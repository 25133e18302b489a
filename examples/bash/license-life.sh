#!/usr/bin/env bash
# One license through its life, as a vendor's back office and a customer's application see it.
#   API_KEY=lgr_live_… bash examples/bash/license-life.sh     (.ledger/demo.json has a key)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/ledger.sh"

# Only the vendor's requests carry the key.
vendor() { AUTHORIZATION="Bearer $API_KEY" ledger "$@"; }

expect() {
  if [ "$2" != "$3" ]; then
    echo "$1: $2 instead of $3" >&2
    exit 1
  fi
  echo "$1: $2"
}

vendor POST /v1/licenses '{"tier":"PRO","products":["local_cli"],"limits":{"activations":1},"reason":{"code":"PURCHASE"}}'
license=/v1/licenses/$(text id)
key=$(text licenseKey)
expect issued "$(text status)" ACTIVE

device() { printf '"licenseKey":%s,"product":"local_cli","fingerprint":%s' "$(json_text "$key")" "$(json_text "$1")"; }
code_for() {
  ledger POST /v1/licenses/validate "{$(device "$1")}"
  text code
}

expect 'validated before activation' "$(code_for laptop)" NOT_ACTIVATED
ledger POST /v1/licenses/activate "{$(device laptop),\"name\":\"My laptop\"}"
expect activated "$(value changed)" true
laptop=$(text id)
expect validated "$(code_for laptop)" VALID

ledger POST /v1/licenses/activate "{$(device desktop)}"
expect 'a second device' "$(text code)" ACTIVATION_LIMIT_EXCEEDED
ledger POST /v1/licenses/swap "{$(device desktop),\"release\":{\"activationId\":\"$laptop\"}}"
expect swapped "$(value changed)" true
expect 'the first device now' "$(code_for laptop)" NOT_ACTIVATED
expect 'the second device now' "$(code_for desktop)" VALID

vendor POST "$license/suspend" '{"reason":{"code":"PAYMENT"}}'
expect suspended "$(code_for desktop)" SUSPENDED
vendor POST "$license/reinstate" '{"reason":{"code":"PAYMENT"}}'
expect reinstated "$(code_for desktop)" VALID
vendor POST "$license/renew" '{"duration":"P1Y","reason":{"code":"PAYMENT"}}'
expect 'renewed, term' "$(value number)" 2
vendor POST "$license/revoke" '{"reason":{"code":"CHARGEBACK"}}'
expect revoked "$(code_for desktop)" REVOKED
