#!/usr/bin/env bash
# Builds for release and runs the attacks and loads (load), the endurance test (soak), the comparison with other gateways
# (bench) or the check of the model for many machines (scaling); further arguments go to it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

kind=${1:?use: run.sh load|soak|bench|scaling [ARGUMENT …]}
shift
case $kind in
    load | soak) program=(python3 "bench/$kind/$kind.py") ;;
    bench) program=(.run/bench/environment/bin/python bench/compare/compare.py) ;;
    scaling) program=(.run/bench/environment/bin/python bench/scaling.py) ;;
    *) fail "unknown kind $kind; use load, soak, bench or scaling" ;;
esac

case $kind in
    load | soak) deploy/demo/prepare.sh run load ;;
    *)
        deploy/demo/prepare.sh run bench
        python_environment .run/bench/environment bench/compare/requirements.txt
        ;;
esac
build_release
# Both hold thousands of connections, and the gateway takes over this limit. Who is root may raise it.
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
exec "${program[@]}" --gateway "$release_folder/release/portcullis" "$@"
