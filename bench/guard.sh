#!/usr/bin/env bash
# Guards what a token costs: allocations and memory exactly, instructions as valgrind counts them, each against its limit in
# bench/TokenBenchmark/limits.txt, where there is one. Fails when one is exceeded. No clock is asked, so a busy machine does no harm.
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

# The count depends on the processor: OpenSSL has other code for each. These limits are for its plain x86-64 code.
if [[ $(uname -m) != x86_64 ]]; then
    say "instructions are not counted on $(uname -m): the limits are for x86_64"
    exit "$status"
fi
export OPENSSL_ia32cap=0:0 SWIFT_BACKTRACE=enable=no
instructions() {
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$benchmark" run "$1" "$2" 2>&1 |
        sed -nE 's/.*I +refs: +([0-9,]+).*/\1/p' | tr -d ,
}
for name in hit verify-HS256; do
    # Two counts, so that the start of the program falls out.
    few=$(instructions "$name" 100)
    many=$(instructions "$name" 1100)
    [[ -n $few && -n $many ]] || fail "valgrind counted nothing for $name"
    each=$(((many - few) / 1000))
    limit=$(sed -nE "s/^instructions $name ([0-9]+)$/\1/p" "$limits")
    if [[ -z $limit ]]; then
        say "no limit  instructions $name: $each"
    elif ((each > 0 && each <= limit)); then
        say "ok        instructions $name: $each, limit $limit"
    else
        say "EXCEEDED  instructions $name: $each, limit $limit"
        status=1
    fi
done
exit "$status"
