#!/bin/sh
# Makes the signing key and the first account, once.
set -eu
configuration=/etc/portcullis/portcullis.yaml
data=${PORTCULLIS_DATA:-/var/lib/portcullis}
portcullis=${PORTCULLIS:-/usr/bin/portcullis}
[ -e "$data/keys/manifest.json" ] ||
    "$portcullis" keys generate --config "${PORTCULLIS_CONFIGURATION:-$configuration}" >/dev/null
[ -e "$data/portcullis.sqlite" ] ||
    printf '%s\n' "$DEMO_PASSWORD" |
    "$portcullis" user add "$DEMO_USER" --scope orders:read --config "${PORTCULLIS_CONFIGURATION:-$configuration}"
