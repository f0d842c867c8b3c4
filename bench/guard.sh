#!/usr/bin/env bash
# Guards what heads, tokens and the deny-list cost: allocations and memory exactly, instructions as valgrind counts them, each
# against its limit in bench/TokenBenchmark/limits.txt. Fails where one is exceeded, or has no limit. No clock is asked, so a
# busy machine does no harm.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

deploy/demo/prepare.sh guard
# The build that run and load use: with other flags everything would be built twice.
build_release
benchmark=$release_folder/release/token-benchmark
limits=bench/TokenBenchmark/limits.txt
status=0
"$benchmark" guard "$limits" || status=1

# The count depends on the instruction set, and within it on the code that OpenSSL has for each processor: these limits are
# for plain x86-64.
if [[ $(uname -m) != x86_64 ]]; then
    say "instructions are not counted on $(uname -m): the limits are for x86_64"
    exit "$status"
fi
export OPENSSL_ia32cap=0:0 SWIFT_BACKTRACE=enable=no SWIFT_DETERMINISTIC_HASHING=1
# Valgrind reads debugging information when it starts, and gives up over some of what Swift's compiler writes.
stripped=$release_folder/token-benchmark-stripped
objcopy --strip-debug "$benchmark" "$stripped"
repetitions=64

# Sets each to the instructions of one operation of a case.
count_instructions() {
    local output counted
    output=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=repeat_counted \
        "$stripped" run "$1" "$repetitions" 2>&1) ||
        fail "valgrind could not run $1: $(tail -n 5 <<<"$output")"
    counted=$(sed -nE 's/^==[0-9]+== Collected : ([0-9]+)$/\1/p' <<<"$output")
    ((counted > 0)) || fail "valgrind counted nothing for $1: $(tail -n 5 <<<"$output")"
    each=$((counted / repetitions))
}

# Its own line, for a failure within `for` would not be seen.
names=$("$benchmark" cases)
for name in $names; do
    count_instructions "$name"
    limit=$(sed -nE "s/^instructions $name ([0-9]+)$/\1/p" "$limits")
    if [[ -z $limit ]]; then
        say "NO LIMIT  instructions $name: $each"
        status=1
    elif ((each <= limit)); then
        say "ok        instructions $name: $each, limit $limit"
    else
        say "EXCEEDED  instructions $name: $each, limit $limit"
        status=1
    fi
done
exit "$status"
