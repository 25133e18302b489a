# Functions for License Ledger: bash, curl, grep and sed. Source this file.
# jq reads JSON better than what is here; it is left out because it is not everywhere.

LEDGER_URL=${LEDGER_URL:-http://127.0.0.1:8080}

# ledger METHOD PATH [JSON]: sends a request and leaves its answer in $status and $body; fails when nobody answers.
# curl tries again by itself while nobody answers or the server says that later will do, under the same Idempotency-Key.
# AUTHORIZATION, where set, goes along, by a file that other users of this machine cannot see in the list of processes.
ledger() {
  local method=$1 path=$2 json=${3:-} answer
  local arguments=(--silent --show-error --max-time 10 --retry 3 --retry-connrefused --request "$method"
    --write-out '\n%{http_code}' --header 'Accept: application/json')
  if [ -n "$json" ]; then
    arguments+=(--header 'Content-Type: application/json' --header "Idempotency-Key: $(new_id)" --data-binary @-)
  fi
  answer=$(printf '%s' "$json" | curl "${arguments[@]}" --config <(authorization) "$LEDGER_URL$path") || return 1
  status=${answer##*$'\n'}
  body=${answer%$'\n'*}
}

authorization() {
  if [ -n "${AUTHORIZATION:-}" ]; then printf 'header = "Authorization: %s"\n' "$AUTHORIZATION"; fi
}

# text NAME: the first member of the answer with this name, when its value is a text without quotes in it.
text() { grep -o "\"$1\":\"[^\"]*\"" <<<"$body" | head -n 1 | cut -d '"' -f 4; }

# value NAME: likewise for a number, true, false or null.
value() { grep -o "\"$1\":[^,}\"]*" <<<"$body" | head -n 1 | cut -d ':' -f 2; }

new_id() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen; }
