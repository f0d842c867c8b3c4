#!/usr/bin/env bash
# Runs the tests under the thread sanitizer and under the address sanitizer, each in a build of its own. Arguments are
# passed to swift test (such as --filter ProxyTests); SANITIZERS chooses (thread address).
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

deploy/demo/prepare.sh test
# A test that kills a process on purpose must not wait for a backtrace.
export SWIFT_BACKTRACE=enable=no
# The tests go on after a report, so that one run tells all; the exit status tells that there was one.
export TSAN_OPTIONS="suppressions=$PWD/deploy/demo/tsan.suppressions exitcode=66 halt_on_error=0 ${TSAN_OPTIONS:-}"
export ASAN_OPTIONS="detect_leaks=0:suppressions=$PWD/deploy/demo/asan.suppressions:${ASAN_OPTIONS:-}"
read -ra sanitizers <<<"${SANITIZERS:-thread address}"
status=0
for sanitizer in "${sanitizers[@]}"; do
    folder=.build-${sanitizer:0:1}san
    log=$folder/test.log
    say "Building for the $sanitizer sanitizer (the first time takes many minutes) …"
    swift build --build-tests --sanitize="$sanitizer" --scratch-path "$folder" ||
        fail "the build failed; what is wrong stands above"
    code=0
    # For limits that cannot hold where the sanitizer keeps memory of its own.
    export PORTCULLIS_SANITIZER=$sanitizer
    timeout 3600 swift test --skip-build --disable-xctest --sanitize="$sanitizer" --scratch-path "$folder" "$@" 2>&1 |
        tee "$log" |
        { grep -aE '^(✘|↳|✔ Test run|SKIPPED|error:|.*Fatal error|SUMMARY: |.*ERROR: AddressSanitizer)' || true; } ||
        code=$?
    reports=$(grep -acE '^(WARNING: ThreadSanitizer|==[0-9]+==ERROR: AddressSanitizer)' "$log" || true)
    say "$sanitizer sanitizer: $reports reports, tests ended with $code; the whole output is in $log"
    ((code == 0 && reports == 0)) || status=1
done
exit "$status"
