#!/usr/bin/env bash
# Fuzzes each parser of strangers' bytes for a while, and says what ran. FUZZ_SECONDS is how long each runs (10),
# FUZZ_TARGETS which ones (all).
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

seconds=${FUZZ_SECONDS:-10}
[[ $seconds =~ ^[1-9][0-9]{0,5}$ ]] || fail "FUZZ_SECONDS is $seconds; give a whole number of seconds"
folder=.build-fuzz
all=(Fuzz/Corpus/*)
all=("${all[@]#Fuzz/Corpus/}")
read -ra targets <<<"${FUZZ_TARGETS:-${all[*]}}"
for target in "${targets[@]}"; do
    [[ -d Fuzz/Corpus/$target ]] || fail "FUZZ_TARGETS has $target; there are: ${all[*]}"
done

deploy/demo/prepare.sh fuzz
say "Building the fuzzer (the first time takes some minutes) …"
# The release build is what serves: its parsers have no checks of their own, so that the sanitizer is all that sees.
swift build -c release --package-path Fuzz --scratch-path "$folder" \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld ||
    fail "the build failed; what is wrong stands above"
fuzzer=$folder/release/Fuzz

# The shared test vectors, where there are any, are seeds too; they stay out of the repository.
vectors=${PORTCULLIS_VECTORS:-../shared/vectors}
rm -rf "$folder/seeds"
for target in "${targets[@]}"; do mkdir -p "$folder/seeds/$target" "$folder/corpus/$target"; done
if [[ -d $vectors ]]; then
    python3 deploy/demo/fuzz_seeds.py "$vectors" "$folder/seeds" || say "the test vectors could not be read as seeds"
fi

# A trap must not wait for a backtrace: libFuzzer prints one.
export SWIFT_BACKTRACE=enable=no
status=0
for target in "${targets[@]}"; do
    findings=Fuzz/Findings/$target
    log=$folder/$target.log
    mkdir -p "$findings"
    dictionary=Fuzz/http1.dict
    [[ ! $target =~ ^(JSON|Token|Claims|JWK)$ ]] || dictionary=Fuzz/json.dict
    # New inputs go to the first folder and are kept for the next time; the others are only read.
    if ! FUZZ_TARGET=$target "$fuzzer" -max_total_time="$seconds" -max_len=2048 -timeout=60 -rss_limit_mb=2048 \
        -print_final_stats=1 -dict="$dictionary" -artifact_prefix="$findings/" \
        "$folder/corpus/$target" "$folder/seeds/$target" "Fuzz/Corpus/$target" "$findings" </dev/null >"$log" 2>&1; then
        status=1
        grep -aE 'Fatal error|^==.*ERROR|SUMMARY|Test unit written' "$log" | cut -c 1-2000 >&2 || true
        say "$target: a finding. It is in $findings (make test replays it too), the whole output in $log;" >&2
        say "  alone: SWIFT_BACKTRACE=enable=no FUZZ_TARGET=$target $fuzzer $findings/FILE" >&2
    fi
    runs=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")
    speed=$(sed -nE 's/^stat::average_exec_per_sec: *//p' "$log")
    covered=$(sed -nE 's/.* cov: ([0-9]+) ft: ([0-9]+) .*/\1 edges, \2 features/p' "$log" | tail -n 1)
    say "$(printf '%-14s %10s runs, %7s a second; covered %s' "$target" "${runs:-?}" "${speed:-?}" "${covered:-nothing}")"
    rmdir "$findings" 2>/dev/null || true
done
((status == 0)) && say "fuzz: nothing was found"
exit "$status"
