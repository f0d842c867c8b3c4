#!/usr/bin/env bash
# Runs real clients and servers of other people against the gateway: every script Tests/Interop/*.py and *.sh.
# Usage: interop.sh [NAME…], for instance: interop.sh oauth
# A script finds the program in PORTCULLIS and a folder for its files in INTEROP_FOLDER; it ends with 0 when all is well.
# Python scripts run in a virtual environment with the packages of Tests/Interop/requirements.txt.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

deploy/demo/prepare.sh run interop
say "Building …"
swift build --quiet --product portcullis --scratch-path .build

mkdir -p .run/interop
chmod 700 .run .run/interop
environment=.run/interop/environment
python_environment "$environment" Tests/Interop/requirements.txt

export PORTCULLIS=$PWD/.build/debug/portcullis
export SWIFT_BACKTRACE=enable=no PYTHONDONTWRITEBYTECODE=1
passed=0
failed=()
for script in Tests/Interop/*.py Tests/Interop/*.sh; do
    name=$(basename "${script%.*}")
    [[ -e $script ]] || continue
    (($# == 0)) || [[ " $* " == *" $name "* ]] || continue
    say "$name"
    INTEROP_FOLDER=$PWD/.run/interop/$name
    export INTEROP_FOLDER
    rm -rf "$INTEROP_FOLDER"
    mkdir -m 700 "$INTEROP_FOLDER"
    command=("$script")
    [[ $script != *.py ]] || command=("$environment/bin/python" "$script")
    if timeout 300 "${command[@]}"; then passed=$((passed + 1)); else failed+=("$name"); fi
done
((${#failed[@]} == 0)) || fail "$passed passed, failed: ${failed[*]} (their files are in .run/interop)"
((passed > 0)) || fail "there is no such script in Tests/Interop"
say "interop: $passed passed"
