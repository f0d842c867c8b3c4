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

# Python packages of the comparison, in an environment of their own, made anew when others are wanted.
prepare_python() {
    local environment=.run/bench/environment requirements=bench/compare/requirements.txt
    ! cmp -s "$requirements" "$environment/requirements.txt" || return 0
    say "Installing the Python packages of $requirements into $environment:"
    sed 's/^/  /' "$requirements"
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" ||
        fail "the packages could not be installed; why stands above"
    cp "$requirements" "$environment/requirements.txt"
}

case $kind in
    load | soak) deploy/demo/prepare.sh run load ;;
    *)
        deploy/demo/prepare.sh run bench
        prepare_python
        ;;
esac
build_release
# Both hold thousands of connections, and the gateway takes over this limit. Who is root may raise it.
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
exec "${program[@]}" --gateway "$release_folder/release/portcullis" "$@"
