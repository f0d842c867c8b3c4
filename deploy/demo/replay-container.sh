#!/usr/bin/env bash
# Replays what deploy/Dockerfile does in its second stage, without a container engine: Debian by debootstrap in the place of
# the base image, its RUN lines by chroot, then the program as its user with a root that cannot be written to.
# PORTCULLIS names a program that is built already. Wants root and debootstrap; says so and ends well without.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

if ((EUID != 0)) || ! command -v debootstrap >/dev/null; then
    say "  it wants root and debootstrap; SKIPPED"
    exit 0
fi
: "${PORTCULLIS:?names the program}"
folder=$(mktemp -d /tmp/portcullis-container.XXXXXX)
root=$folder/root
trap 'rm -rf --one-file-system "$folder"' EXIT

suite=$(sed -nE 's/^FROM debian:([a-z]+)-slim$/\1/p' deploy/Dockerfile)
[[ -n $suite ]] || fail "the Dockerfile's base is no debian:…-slim"
say "  Debian $suite"
debootstrap --variant=minbase "$suite" "$root" >"$folder/log" 2>&1 || { tail -n 20 "$folder/log" >&2; fail "debootstrap failed"; }
# Its own command, word for word: what follows RUN in the last stage.
sed -n '/^FROM debian/,$p' deploy/Dockerfile | sed -n '/^RUN /,/[^\\]$/p' | sed '1s/^RUN //' >"$root/tmp/run.sh"
say "  its RUN lines"
unshare --mount --pid --fork chroot "$root" sh -eu /tmp/run.sh >"$folder/log" 2>&1 ||
    { tail -n 20 "$folder/log" >&2; fail "the RUN lines failed"; }
rm "$root/tmp/run.sh"
install -m 0755 "$PORTCULLIS" "$root/usr/bin/portcullis"
# A program that is not linked statically brings Swift's libraries along.
mapfile -t libraries < <(ldd "$PORTCULLIS" | awk '$3 ~ /\/swift\/linux\// {print $3}')
((${#libraries[@]} == 0)) || install -D -m 0644 -t "$root/opt/swift" "${libraries[@]}"
cat >"$root/etc/portcullis/portcullis.yaml" <<'YAML'
version: 1
listeners: {public: {address: "127.0.0.1:8080"}, admin: {address: "127.0.0.1:9090"}}
tokens: {issuer: "http://localhost:8080", key_directory: keys}
upstreams: {demo: {targets: ["http://127.0.0.1:9000"]}}
routes: [{path: /public, upstream: demo, auth: none}]
YAML
sed -i 's|key_directory: keys|key_directory: /var/lib/portcullis/keys|' "$root/etc/portcullis/portcullis.yaml"
sed -nE 's/^ *CMD (\[.*\])$/\1/p' deploy/Dockerfile | head -n 1 >"$folder/health.json"

cat >"$folder/inside.sh" <<'INSIDE'
set -euo pipefail
root=$1 health=$2 user=$3
ip link set lo up
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$root/var/lib/portcullis" "$root/var/lib/portcullis"
mount -o remount,bind,ro "$root"
enter=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LD_LIBRARY_PATH=/opt/swift chroot --userspec="$user" "$root")
inside() { "${enter[@]}" "$@"; }
! inside sh -c 'echo >/etc/portcullis/x' 2>/dev/null
! inside sh -c 'echo >/usr/x' 2>/dev/null
[[ $(inside id -u) == 10001 ]]
configuration=(--config /etc/portcullis/portcullis.yaml)
inside /usr/bin/portcullis keys generate "${configuration[@]}" >/dev/null
inside /usr/bin/portcullis check "${configuration[@]}"
mapfile -d '' -t command < <(python3 -c 'import json, sys; sys.stdout.write("\0".join(json.load(open(sys.argv[1]))) + "\0")' "$health")
! inside "${command[@]}" 2>/dev/null
"${enter[@]}" /usr/bin/portcullis serve "${configuration[@]}" >"${root%/root}/log" 2>&1 &
process=$!
for ((tries = 0; tries < 100; tries++)); do
    ! inside "${command[@]}" 2>/dev/null || break
    sleep 0.1
done
inside "${command[@]}" || { cat "${root%/root}/log" >&2; exit 1; }
kill -TERM "$process"
wait "$process"
INSIDE
say "  the program, its user, a root that cannot be written to, and the health check"
unshare --mount --net --pid --fork --kill-child bash "$folder/inside.sh" "$root" "$folder/health.json" 10001:10001 ||
    fail "the program does not run there; why stands above"
say "  container: well"
