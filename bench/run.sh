#!/usr/bin/env bash
# Builds for release and runs the attacks and loads (load) or the endurance test (soak); further arguments go to it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

kind=${1:?use: run.sh load|soak [ARGUMENT …]}
shift
case $kind in
    load | soak) ;;
    *) fail "unknown kind $kind; use load or soak" ;;
esac
deploy/demo/prepare.sh run load
build_release
# Both hold thousands of connections, and the gateway takes over this limit. Who is root may raise it.
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
exec python3 "bench/$kind/$kind.py" --gateway "$release_folder/release/portcullis" "$@"
