#!/usr/bin/env bash
# Has clients revoke and check tokens at two gateways for some minutes while their Redis fails in every way, and checks
# what the clients saw. The seed is printed; CHAOS_SEED repeats its choices.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/demo/prepare.sh test
export SWIFT_BACKTRACE=enable=no CHAOS_SECONDS=$((${1:-10} * 60))
swift build --build-tests --scratch-path .build
swift test --skip-build --disable-xctest --scratch-path .build --filter HistoryTests 2>&1 |
    grep -aE '^(✘|↳|✔|history:|error:|Fatal)'
