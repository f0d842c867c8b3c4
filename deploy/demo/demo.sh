#!/usr/bin/env bash
# Runs everything on free ports and walks through the life of a token; ends with 0 when each step came out right.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

clean_up() {
    if [[ -n ${redis_port:-} && ${redis_origin:-} == was* ]]; then
        # The Redis is somebody's own: take the demo's keys out of it again.
        redis --scan --pattern "$key_prefix*" | xargs -r redis-cli -h 127.0.0.1 -p "$redis_port" DEL >/dev/null || true
    fi
    stop_all
    [[ -z ${folder:-} ]] || rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Tokens are long and secret; the beginning and the end are enough to tell them apart.
shorten() { sed -E 's/(eyJ|rt_)([A-Za-z0-9_-]{5})[A-Za-z0-9_.-]{20,}([A-Za-z0-9_-]{6})/\1\2…\3/g'; }

heading() {
    step=$((${step:-0} + 1))
    printf '\n%s. %s\n' "$step" "$*"
}

# request ARGUMENTS…: shows and runs a curl command; its answer is in status and body.
request() {
    local shown="" argument
    for argument in "$@"; do
        if [[ $argument == *[\ \"]* ]]; then shown+=" '$argument'"; else shown+=" $argument"; fi
    done
    printf '   $ curl%s\n' "$shown" | shorten
    status=$(curl --silent --show-error --max-time 10 --noproxy '*' --output "$folder/body" \
        --write-out '%{http_code}' "$@") || fail "curl got no answer; why stands above"
    body=$(<"$folder/body")
    printf '   → %s\n' "$status"
}

show_body() {
    [[ -z $body ]] || printf '%s\n' "$body" | shorten | cut -c 1-400 | sed 's/^/     /'
}

expect() {
    [[ $status == "$1" ]] || wrong "status $1"
    [[ -z ${2:-} || $body == *"$2"* ]] || wrong "a body with: $2"
}

wrong() {
    show_body
    tail -n 5 "$folder/gateway.log" >&2
    fail "step $step went wrong: expected $1, got status $status; the end of the gateway's log stands above"
}

# The value of a member of a flat JSON document.
member() { sed -nE "s/.*\"$1\" ?: ?\"([^\"]*)\".*/\1/p" <<<"$body" | head -n 1; }

deploy/demo/prepare.sh run
build_release

mkdir -p .run
chmod 700 .run
umask 077
folder=$(mktemp -d .run/demo.XXXXXX)
key_prefix="portcullis-${folder##*/}:"
first=$((20000 + RANDOM % 8000))
set_up "$folder" "$first" "$first" "$first" "$first"
say "Gateway on $gateway, backend on port $backend_port, Redis on port $redis_port ($redis_origin)."

heading "Log in"
request "$gateway/auth/login" -d "username=$demo_user" -d "password=$demo_password"
show_body
expect 200 '"token_type":"Bearer"'
first_token=$(member access_token)
refresh_token=$(member refresh_token)

heading "Call the backend through the gateway; it sees who calls, and no token"
request "$gateway/orders/17" -H "Authorization: Bearer $first_token"
grep -E '"(method|path|x-auth-[a-z-]+|x-request-id)"' <<<"$body" | sed 's/^ */     /'
expect 200 "\"x-auth-subject\" : \"$demo_user\""
[[ $body != *'"authorization"'* ]] || wrong "no Authorization at the backend"
first_token_id=$(member x-auth-token-id)

heading "Exchange the refresh token for a new pair"
request "$gateway/auth/refresh" -d "refresh_token=$refresh_token"
show_body
expect 200 '"token_type":"Bearer"'
access_token=$(member access_token)
request "$gateway/orders/17" -H "Authorization: Bearer $access_token"
grep -E '"x-auth-(session|token)-id"' <<<"$body" | sed 's/^ */     /'
expect 200 "\"x-auth-subject\" : \"$demo_user\""
token_id=$(member x-auth-token-id)
session_id=$(member x-auth-session-id)
[[ -n $token_id && $token_id != "$first_token_id" ]] || wrong "a token with another id"

heading "Log out"
request -X POST "$gateway/auth/logout" -H "Authorization: Bearer $access_token"
expect 204

heading "The very next call with that token, which has not expired, is refused"
request "$gateway/orders/17" -H "Authorization: Bearer $access_token"
show_body
expect 401 "token revoked"

heading "So is the token from before the refresh: the whole session has ended"
request "$gateway/orders/17" -H "Authorization: Bearer $first_token"
show_body
expect 401 "token revoked"

heading "What Redis remembers, and for how long (15 minutes and 30 seconds of leeway at most)"
for key in "${key_prefix}revoked:jti:$token_id" "${key_prefix}revoked:sid:$session_id"; do
    value=$(redis GET "$key")
    seconds=$(redis TTL "$key")
    printf '   $ redis-cli -p %s TTL %s\n   → %s s\n' "$redis_port" "$key" "$seconds"
    [[ $value == 1 && $seconds -gt 0 && $seconds -le 931 ]] ||
        fail "step $step went wrong: expected $key to be 1 with a life of at most 931 s, got '$value', $seconds s"
done

say
say "All $step steps came out as they should."
