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
passes "scripts" shellcheck -x deploy/package.sh deploy/debian/p* deploy/compose/*.sh deploy/demo/check-deploy.sh
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
passes "tarball and Debian package" env PACKAGE_FOLDER="$folder/package" deploy/package.sh
tarball=$(echo "$folder"/package/*.tar.gz)
mkdir "$INTEROP_FOLDER/package"
tar -C "$INTEROP_FOLDER/package" -xzf "$tarball"
passes "its program" "$INTEROP_FOLDER/package/usr/bin/portcullis" --version
passes "its completions are bash" bash -n "$INTEROP_FOLDER/package/usr/share/bash-completion/completions/portcullis"
if command -v dpkg-deb >/dev/null; then
    package=$(echo "$folder"/package/*.deb)
    passes "Debian package" dpkg-deb --info "$package"
    dpkg-deb --contents "$package" >"$INTEROP_FOLDER/contents"
    for file in ./usr/bin/portcullis ./lib/systemd/system/portcullis.service ./etc/portcullis/portcullis.yaml \
        ./usr/share/bash-completion/completions/portcullis ./usr/share/zsh/vendor-completions/_portcullis \
        ./usr/share/fish/vendor_completions.d/portcullis.fish; do
        passes "$file in it" grep -q " $file\$" "$INTEROP_FOLDER/contents"
    done
    dpkg-deb --extract "$package" "$INTEROP_FOLDER/debian"
    dpkg-deb --control "$package" "$INTEROP_FOLDER/debian-control"
    passes "its scripts" shellcheck "$INTEROP_FOLDER"/debian-control/{postinst,prerm,postrm}
    passes "its program" "$INTEROP_FOLDER/debian/usr/bin/portcullis" --version
    printf 'version: 1\nupstreams: {a: {targets: ["http://127.0.0.1:9000"]}}\nroutes: [{path: /, upstream: a, auth: none}]\n' \
        >"$INTEROP_FOLDER/least.yaml"
    passes "it checks a configuration" "$INTEROP_FOLDER/debian/usr/bin/portcullis" check --config "$INTEROP_FOLDER/least.yaml"
    # Unpacked and configured in a root of its own, where systemd and user management are missing.
    mkdir -p "$INTEROP_FOLDER/root/var/lib/dpkg/"{updates,info} && touch "$INTEROP_FOLDER/root/var/lib/dpkg/status"
    passes "dpkg unpacks it" dpkg --root="$INTEROP_FOLDER/root" --force-all --unpack "$package"
    passes "dpkg knows its configuration" grep -q "/etc/portcullis/portcullis.yaml" \
        "$INTEROP_FOLDER/root/var/lib/dpkg/info/portcullis.conffiles"
fi
say "container"
PATH=$PATH:/usr/sbin:/sbin deploy/demo/replay-container.sh

say "deploy: all is well"
