#!/usr/bin/env bash
# Checks formatting, shell scripts, and the boundaries between the parts.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

if [[ ${CI:-} == true ]]; then deploy/demo/prepare.sh test lint; fi

say "swift format"
swift format lint --strict --recursive Sources Tests Fuzz bench Package.swift ||
    fail "formatting; much of it is repaired by: swift format format -i -r Sources Tests Fuzz bench Package.swift"

if command -v shellcheck >/dev/null; then
    say "shellcheck"
    shellcheck -x .ci/run deploy/*.sh deploy/*/*.sh bench/*.sh
else
    say "shellcheck is not installed; skipped"
fi

say "architecture"
export SWIFT_BACKTRACE=enable=no
swift build --quiet --build-tests --scratch-path .build
swift test --skip-build --disable-xctest --scratch-path .build --filter ArchitectureTests
