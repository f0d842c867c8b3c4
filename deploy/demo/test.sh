#!/usr/bin/env bash
# Builds and runs every test; the last line says how it went.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/demo/prepare.sh test
# A test that kills a process on purpose must not wait for a backtrace.
export SWIFT_BACKTRACE=enable=no
swift build --build-tests --scratch-path .build
[[ -n ${PORTCULLIS_REDIS_SERVER:-} ]] || printf 'SKIPPED against Valkey: make valkey does that\n'
# On screen comes what matters: failures, what was skipped, seeds, and the closing line. A hang must not last for ever.
code=0
timeout 2400 swift test --skip-build --disable-xctest --scratch-path .build 2>&1 | tee .build/test.log |
    { grep -aE '^(✘|↳|✔ Test run|SKIPPED|error:|Fatal|.*Fatal error|.*seed[ =:])' || true; } || code=$?
((code == 0)) || printf 'test: not all is well; the whole output is in .build/test.log\n' >&2
exit "$code"
