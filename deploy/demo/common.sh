# shellcheck shell=bash disable=SC2034,SC2154
# What the scripts of this folder share. To be sourced, from the root of the repository. Whoever calls set_up sets
# key_prefix before, and finds gateway, the ports and redis_origin afterwards.

# With a password of the caller's own redis-cli would get in where the gateway does not.
unset REDISCLI_AUTH

# The account that run and demo make. It exists on this machine's loopback only, so its password is no secret.
demo_user=alice
demo_password=open-sesame-42
demo_scope=orders:read

# Where run and demo build, apart from the debug build that tests use.
release_folder=.build-release

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2
    exit 1
}

# Runs a command so that a signal to this script is acted on at once and not when the command ends.
attended() {
    local code=0
    "$@" </dev/null 9>&- &
    attended_pid=$!
    wait "$attended_pid" || code=$?
    attended_pid=
    return "$code"
}

build_release() {
    say "Building for release (the first time takes some minutes) …"
    # What a dependency's manifest does not declare is nothing that anybody here can act on.
    # Exclusive access is checked while the tests run, which are debug builds; here that would cost some 2 % in SwiftNIO.
    attended swift build -c release --scratch-path "$release_folder" -Xswiftc -enforce-exclusivity=unchecked \
        2> >(grep -vE 'which are unhandled; explicitly declare|/checkouts/.*/CMakeLists\.txt$' >&2) ||
        fail "the build failed; what is wrong stands above"
}

portcullis() { "$release_folder/release/portcullis" "$@"; }

# --- Ports ----------------------------------------------------------------------------------------------------------

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets free_port to the first port from $1 on that nobody listens on and that was not chosen before.
chosen_ports=" "
choose_port() {
    free_port=$1
    while [[ $chosen_ports == *" $free_port "* ]] || answers "$free_port"; do
        free_port=$((free_port + 1))
        ((free_port <= 65535)) || fail "no free port from $1 on; stop something that listens there"
    done
    chosen_ports+="$free_port "
}

# --- Processes ------------------------------------------------------------------------------------------------------

# What was started, newest last. Only these are ever stopped, by their ids.
started_pids=()
started_names=()
started_logs=()

# start WHAT LOG COMMAND…: starts a process; its id is in started_pid.
start() {
    local what=$1 log=$2
    shift 2
    "$@" </dev/null >>"$log" 2>&1 9>&- &
    started_pid=$!
    started_pids+=("$started_pid")
    started_names+=("$what")
    started_logs+=("$log")
}

# Waits until one of those that were started ends, which none should, and fails with its last words.
watch_started() {
    local index
    wait -n "${started_pids[@]}" || true
    for index in "${!started_pids[@]}"; do
        kill -0 "${started_pids[index]}" 2>/dev/null && continue
        tail -n 5 "${started_logs[index]}" >&2
        fail "${started_names[index]} has ended by itself; its last words stand above (all of them: ${started_logs[index]})"
    done
}

# Stops what was started, newest first, so that each can still use what it depends on.
stop_all() {
    trap '' INT TERM HUP
    local index pid tries
    [[ -z ${attended_pid:-} ]] || kill -TERM "$attended_pid" 2>/dev/null || true
    for ((index = ${#started_pids[@]} - 1; index >= 0; index--)); do
        pid=${started_pids[index]}
        kill -TERM "$pid" 2>/dev/null || continue
        for ((tries = 0; tries < 200; tries++)); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.05
        done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    started_pids=()
}

# until_ready COMMAND…: waits until the command succeeds, which tells that what was started last is ready.
until_ready() {
    local deadline=$((SECONDS + 20))
    until "$@" >/dev/null 2>&1; do
        if ! kill -0 "$started_pid" 2>/dev/null; then
            tail -n 5 "${started_logs[-1]}" >&2
            fail "${started_names[-1]} ended at once; why stands above (all of it: ${started_logs[-1]})"
        fi
        if ((SECONDS >= deadline)); then
            tail -n 5 "${started_logs[-1]}" >&2
            fail "${started_names[-1]} is not ready after 20 s (its log: ${started_logs[-1]})"
        fi
        sleep 0.1
    done
}

# --- Redis ----------------------------------------------------------------------------------------------------------

redis() { redis-cli -h 127.0.0.1 -p "$redis_port" "$@"; }

# Whether the Redis on port $1 can be used: open, able to write, and 6.2 or later.
redis_is_usable() {
    local information major minor
    redis_port=$1
    answers "$1" || return 1
    information=$(timeout 3 redis-cli -h 127.0.0.1 -p "$1" INFO 2>/dev/null | tr -d '\r') || return 1
    [[ $information == *role:master* && $information == *redis_mode:standalone* ]] || return 1
    IFS=. read -r major minor _ < <(sed -n 's/^redis_version://p' <<<"$information")
    ((major > 6 || (major == 6 && minor >= 2)))
}

# use_redis FOLDER FIRST_PORT: takes the Redis of this machine, or starts one that keeps its data in the folder.
use_redis() {
    if redis_is_usable 6379; then
        redis_origin="was running already; keys begin with $key_prefix"
        return
    fi
    if answers 6379; then
        say "What listens on 127.0.0.1:6379 is no Redis 6.2 or later that can be written to without a password;"
        say "starting another one."
    fi
    choose_port "$2"
    redis_port=$free_port
    redis_origin="started here, data in $1/redis"
    mkdir -p "$1/redis"
    start Redis "$1/redis.log" redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$PWD/$1/redis" \
        --appendonly yes --save "" --loglevel warning
    until_ready redis_answers
}

redis_answers() { [[ $(redis PING) == PONG ]]; }

# --- The whole set-up -----------------------------------------------------------------------------------------------

# write_configuration FILE
write_configuration() {
    cat >"$1" <<YAML
# Written anew by each start; docs/CONFIGURATION.md explains every key.
version: 1
listeners:
  public: {address: "127.0.0.1:$public_port"}
  admin: {address: "127.0.0.1:$admin_port"}
limits: {shutdown_grace: 2s}
redis: {url: "redis://127.0.0.1:$redis_port/0", key_prefix: "$key_prefix"}
tokens:
  issuer: "http://127.0.0.1:$public_port"
  key_directory: ./keys
  access_ttl: 15m
credentials: {database: ./portcullis.sqlite}
upstreams:
  demo: {targets: ["http://127.0.0.1:$backend_port"]}
routes:
  - {path: /orders, upstream: demo, auth: {any_of: [jwt], scopes: ["$demo_scope"]}}
  - {path: /public, upstream: demo, auth: none}
YAML
}

# Makes a signing key and the demo account, unless they are there; the account's password is set again, so that the
# lines printed work whatever was done to it.
prepare_accounts() {
    local configuration=$1
    if [[ ! -e $(dirname "$configuration")/keys/manifest.json ]]; then
        portcullis keys generate --config "$configuration" >/dev/null
    fi
    local command=(user add "$demo_user" --scope "$demo_scope")
    if portcullis user list --config "$configuration" 2>/dev/null | grep -q "^$demo_user "; then
        command=(user passwd "$demo_user")
    fi
    portcullis "${command[@]}" --config "$configuration" <<<"$demo_password" >/dev/null
}

gateway_is_ready() {
    curl --silent --fail --max-time 2 --noproxy '*' --output /dev/null "http://127.0.0.1:$admin_port/readyz"
}

# set_up FOLDER PUBLIC ADMIN BACKEND REDIS: everything, on the first free ports from those given.
set_up() {
    local folder=$1 configuration=$1/portcullis.yaml
    use_redis "$folder" "$5"
    choose_port "$2"
    public_port=$free_port
    choose_port "$3"
    admin_port=$free_port
    choose_port "$4"
    backend_port=$free_port
    gateway=http://127.0.0.1:$public_port
    write_configuration "$configuration"
    prepare_accounts "$configuration" || fail "the key or the account could not be made; why stands above"
    start "the demo backend" "$folder/backend.log" "$release_folder/release/demo-backend" "$backend_port"
    until_ready answers "$backend_port"
    start "the gateway" "$folder/gateway.log" "$release_folder/release/portcullis" serve --config "$configuration"
    until_ready gateway_is_ready
}

# python_environment FOLDER REQUIREMENTS: a virtual environment with those packages, made anew when others are wanted.
python_environment() {
    local environment=$1 requirements=$2
    ! cmp -s "$requirements" "$environment/requirements.txt" || return 0
    say "Installing the Python packages of $requirements into $environment …"
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" ||
        fail "the packages could not be installed; why stands above"
    cp "$requirements" "$environment/requirements.txt"
}
