# Functions for License Ledger: bash, curl and sed. Source this file.
# jq reads JSON better than what is here; it is left out because it is not everywhere.

LEDGER_URL=${LEDGER_URL:-http://127.0.0.1:8080}

# ledger METHOD PATH [JSON]: sends a request and leaves its answer in $status and $body; fails when nobody answers.
# It is sent again, under the same Idempotency-Key, while nobody answers or the answer says that later will do.
ledger() {
  local key pause seconds headers
  key=$(new_id)
  headers=$(mktemp)
  for pause in 0.2 0.4 0.8 last; do
    status='' body=''
    if send_once "$key" "$headers" "$@" && ! is_for_later; then break; fi
    seconds=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,9\}\)[^0-9]*$/\1/p' "$headers" | tail -n 1)
    # Who is told to come back in more than half a minute takes that as a refusal.
    if [ "$pause" = last ] || [ "${seconds:-0}" -gt 30 ]; then break; fi
    sleep "${seconds:-$pause}"
  done
  rm -f "$headers"
  # What reads the answer next finds nothing in it, and ends without a word.
  if [ -n "$status" ] && is_for_later; then echo "$1 $2: $status $(text detail)" >&2; fi
  [ -n "$status" ]
}

# One try of one curl: an answer that broke off leaves nothing behind that the next one would be added to.
# AUTHORIZATION, where set, goes along by a file that other users of this machine cannot see in the list of processes.
send_once() {
  local key=$1 headers=$2 method=$3 path=$4 json=${5:-} answer
  local arguments=(--silent --show-error --max-time "${LEDGER_TIMEOUT:-10}" --request "$method" --dump-header "$headers"
    --write-out '\n%{http_code}' --header 'Accept: application/json')
  if [ "$method" != GET ]; then arguments+=(--header "Idempotency-Key: $key"); fi
  if [ -n "$json" ]; then arguments+=(--header 'Content-Type: application/json' --data-binary @-); fi
  : >"$headers"
  answer=$(printf '%s' "$json" | curl "${arguments[@]}" --config <(authorization) "$LEDGER_URL$path") || return 1
  status=${answer##*$'\n'}
  body=${answer%$'\n'*}
}

is_for_later() {
  case $status in
    429 | 502 | 503 | 504) return 0 ;;
    409) [[ $(text code) =~ ^(IDEMPOTENCY_IN_FLIGHT|CONCURRENT_MODIFICATION)$ ]] ;;
    *) return 1 ;;
  esac
}

authorization() {
  if [ -n "${AUTHORIZATION:-}" ]; then printf 'header = "Authorization: %s"\n' "$AUTHORIZATION"; fi
}

# json_text TEXT: the text as JSON has it, in its quotes.
json_text() {
  local text=$1 code escape character
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  for code in {1..31}; do
    printf -v escape '\\u%04x' "$code"
    printf -v character '%b' "\\x${escape: -2}"
    text=${text//"$character"/$escape}
  done
  printf '"%s"' "$text"
}

# text NAME: the first member of the answer with this name, when its value is a text without quotes in it.
text() { [[ $body =~ \"$1\":\"([^\"]*)\" ]] && printf '%s\n' "${BASH_REMATCH[1]}"; }

# value NAME: likewise for a number, true, false or null.
value() { [[ $body =~ \"$1\":([^,}\"]*) ]] && printf '%s\n' "${BASH_REMATCH[1]}"; }

new_id() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen; }
