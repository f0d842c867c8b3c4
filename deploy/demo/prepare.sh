#!/usr/bin/env bash
# Installs what is missing to build and run Portcullis, with apt-get; does nothing when nothing is missing.
# Usage: prepare.sh run|test|interop|deploy|load|bench|guard|lint|fuzz …
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

# Each: Debian package | file below an include folder, command: or python: and a module | what for
requirements=(
    "libhiredis-dev|hiredis/hiredis.h|reads and writes what Redis speaks"
    "libssl-dev|openssl/opensslv.h|signatures and digests (OpenSSL 3)"
    "libsqlite3-dev|sqlite3.h|the account database"
    "libpq-dev|postgresql/libpq-fe.h|accounts that several nodes share, in PostgreSQL"
    "libcrypt-dev|crypt.h|checks imported bcrypt password hashes"
    "git|command:git|Swift fetches packages with it"
)
for purpose in "$@"; do
    case $purpose in
        run)
            requirements+=(
                "redis-server|command:redis-server|keeps sessions and revocations"
                "curl|command:curl|asks the gateway"
            )
            ;;
        test)
            requirements+=(
                "redis-server|command:redis-server|tests run against a real one"
                "postgresql|glob:/usr/lib/postgresql/*/bin/initdb|tests run against a real one"
                "openssl|command:openssl|certificates for tests, and another implementation of TLS"
                "curl|command:curl|another HTTP client, over TLS and Unix sockets"
                "util-linux|command:prlimit|takes a running process its descriptors"
                "python3-jwt|python:jwt|another implementation, to exchange tokens with"
                "python3-cryptography|python:cryptography|the same one's signatures"
            )
            ;;
        fuzz)
            # libFuzzer, the sanitizers and llvm-symbolizer come with Swift.
            requirements+=("python3|command:python3|makes inputs of the test vectors")
            ;;
        interop)
            requirements+=(
                "python3-venv|python:ensurepip|packages of other people, apart from the system's"
                "redis-server|command:redis-server|clients are served with a real one"
                "nginx-light|command:nginx|asks the gateway, and is a backend behind it"
                "haproxy|command:haproxy|asks the gateway"
                "nodejs|command:node|a backend behind the gateway"
                "postgresql|glob:/usr/lib/postgresql/*/bin/initdb|sessions in it are moved away from"
                "openssl|command:openssl|certificates of the recipes"
            )
            ;;
        load)
            requirements+=(
                "python3|command:python3|the load tests are written in it"
                "wrk|command:wrk|many requests"
                "slowhttptest|command:slowhttptest|slow clients"
                "nginx-light|command:nginx|a backend that costs little"
                "iproute2|command:ss|counts sockets"
                "util-linux|command:prlimit|takes descriptors and memory away"
            )
            ;;
        bench)
            requirements+=(
                "python3-venv|python:ensurepip|packages of other people, apart from the system's"
                "wrk|command:wrk|makes load, to hold the benchmark's own against"
                "nghttp2-client|command:h2load|makes load over HTTP/2 and TLS"
                "nginx-light|command:nginx|is compared with, and is the backend"
                "libnginx-mod-http-lua|glob:/usr/lib/nginx/modules/ngx_http_lua_module.so|is compared with"
                "lua-cjson|glob:/usr/lib/*/lua/5.1/cjson.so|what Lua in nginx needs"
                "lua-resty-core|glob:/usr/share/lua/5.1/resty/core.lua|what Lua in nginx needs"
                "lua-nginx-redis|glob:/usr/share/lua/5.1/nginx/redis.lua|what Lua in nginx needs"
                "haproxy|command:haproxy|is compared with"
                "postgresql|glob:/usr/lib/postgresql/*/bin/initdb|keeps the sessions that are compared with"
                "openssl|command:openssl|certificates"
                "util-linux|command:taskset|gives each its processor"
            )
            ;;
        deploy)
            requirements+=(
                "prometheus|command:promtool|checks alert rules and metrics"
                "systemd|command:systemd-analyze|checks the unit"
                "binutils|command:strip|makes the package smaller"
                "debootstrap|command:debootstrap|a Debian to replay the container's steps in"
            )
            ;;
        guard)
            requirements+=(
                "valgrind|command:valgrind|counts instructions"
                "binutils|command:objcopy|makes a program that valgrind can read"
            )
            ;;
        lint) requirements+=("shellcheck|command:shellcheck|checks the shell scripts") ;;
        *) fail "unknown purpose $purpose; use run, test, interop, deploy, load, bench, guard, lint or fuzz" ;;
    esac
done

check_swift() {
    local needed found
    needed=$(sed -nE '1s/.*swift-tools-version: *([0-9]+\.[0-9]+).*/\1/p' Package.swift)
    command -v swift >/dev/null ||
        fail "Swift is missing; install $needed or later from https://www.swift.org/install/linux/ and put it on the PATH"
    found=$(swift --version 2>&1 | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
    [[ -n $found ]] || fail "swift --version does not say which version it is; is it a Swift toolchain?"
    [[ $(printf '%s\n' "$needed" "$found" | sort -V | head -n 1) == "$needed" ]] ||
        fail "Swift $found is too old; install $needed or later from https://www.swift.org/install/linux/"
}

is_there() {
    local folder
    if [[ $1 == command:* ]]; then
        command -v "${1#command:}" >/dev/null
        return
    fi
    if [[ $1 == python:* ]]; then
        # The system's own Python, for which the packages are.
        [[ -x /usr/bin/python3 ]] && /usr/bin/python3 -c "import ${1#python:}" 2>/dev/null
        return
    fi
    if [[ $1 == glob:* ]]; then
        compgen -G "${1#glob:}" >/dev/null
        return
    fi
    for folder in /usr/include /usr/local/include; do
        [[ ! -e $folder/$1 ]] || return 0
    done
    return 1
}

# Sets missing (packages) and missing_lines (for people).
find_missing() {
    missing=()
    missing_lines=()
    local requirement package file purpose
    for requirement in "${requirements[@]}"; do
        IFS='|' read -r package file purpose <<<"$requirement"
        is_there "$file" || [[ " ${missing[*]} " == *" $package "* ]] || {
            missing+=("$package")
            missing_lines+=("$(printf '  %-20s %s' "$package" "$purpose")")
        }
    done
}

check_swift
find_missing
((${#missing[@]} > 0)) || exit 0

if ! command -v apt-get >/dev/null; then
    say "These are missing (names of the Debian packages):" >&2
    printf '%s\n' "${missing_lines[@]}" >&2
    fail "there is no apt-get here; install them, with their headers, by your system's own means and try again"
fi
as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null ||
        fail "not root and no sudo; as root run: apt-get update && apt-get install -y ${missing[*]}"
    as_root=(sudo)
fi
say "These are missing and will be installed with ${as_root[*]:+sudo }apt-get:"
printf '%s\n' "${missing_lines[@]}"
"${as_root[@]}" apt-get update -qq ||
    fail "apt-get update failed; is there a network? Why stands above"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" ||
    fail "apt-get could not install ${missing[*]}; why stands above"
find_missing
((${#missing[@]} == 0)) || fail "still missing after the installation: ${missing[*]}"
