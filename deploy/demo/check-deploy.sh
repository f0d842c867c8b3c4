#!/usr/bin/env bash
# Checks what deploy/ has: each file by a program that knows its form, where that program is there.
# PORTCULLIS names a program that is built already.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

deploy/demo/prepare.sh run interop lint deploy
if [[ -z ${PORTCULLIS:-} ]]; then
    say "Building …"
    swift build --quiet --product portcullis --scratch-path .build
    PORTCULLIS=$PWD/.build/debug/portcullis
fi
export PORTCULLIS SWIFT_BACKTRACE=enable=no PYTHONDONTWRITEBYTECODE=1

folder=$PWD/.run/deploy-check
mkdir -p "$folder"
chmod 700 .run "$folder"
environment=$folder/environment
python_environment "$environment" deploy/demo/deploy-requirements.txt
export PATH=$environment/bin:$PATH:/usr/sbin
export INTEROP_FOLDER=$folder/files
rm -rf "$INTEROP_FOLDER"
mkdir -m 700 "$INTEROP_FOLDER"

# passes WHAT COMMAND…: prints what it says only when it fails.
passes() {
    local what=$1
    shift
    "$@" >"$folder/output" 2>&1 || {
        cat "$folder/output" >&2
        fail "$what is not well; why stands above"
    }
    say "  $what"
}

say "forms"
passes "scripts" shellcheck -x deploy/package.sh deploy/compose/*.sh deploy/demo/check-deploy.sh
passes "docker-compose.yml, Kubernetes, configurations, metrics in dashboard and alerts" \
    python deploy/demo/check_deploy.py
passes "alert rules" promtool check rules deploy/prometheus/alerts.yaml
passes "tests of the alert rules" promtool test rules deploy/prometheus/alerts.test.yaml
passes "prometheus.yml" promtool check config deploy/prometheus/prometheus.yml

say "examples"
passes "nginx" nginx -t -q -e stderr -p "$INTEROP_FOLDER" -c "$PWD/deploy/examples/nginx/nginx.conf" \
    -g "pid $INTEROP_FOLDER/nginx.pid;"
passes "HAProxy" haproxy -c -C deploy/examples/haproxy -f haproxy.cfg
passes "Caddy" caddy validate --adapter caddyfile --config deploy/examples/caddy/Caddyfile
passes "Envoy" envoy --mode validate -c deploy/examples/envoy/envoy.yaml

say "unit"
# The program is not installed here, so the unit is looked at with another one in its place.
sed "s|/usr/bin/portcullis|$PORTCULLIS|" deploy/systemd/portcullis.service >"$INTEROP_FOLDER/portcullis.service"
passes "portcullis.service" systemd-analyze verify --man=no "$INTEROP_FOLDER/portcullis.service"
[[ ! -s $folder/output ]] || {
    cat "$folder/output" >&2
    fail "systemd has something to say of portcullis.service; it stands above"
}
passes "what it shuts off" systemd-analyze security --offline=yes --threshold=25 "$INTEROP_FOLDER/portcullis.service"

say "package"
passes "tarball" env PACKAGE_FOLDER="$folder/package" deploy/package.sh
tarball=$(echo "$folder"/package/*.tar.gz)
mkdir "$INTEROP_FOLDER/package"
tar -C "$INTEROP_FOLDER/package" -xzf "$tarball"
passes "its program" "$INTEROP_FOLDER/package/usr/bin/portcullis" --version
say "deploy: all is well"
