#!/usr/bin/env bash
# Makes a tarball and a Debian package with the program, the unit, example configurations and the licences of what is linked into it.
# PORTCULLIS names a program that is built already, PACKAGE_FOLDER where they go (.run/package).
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/demo/common.sh
source deploy/demo/common.sh

folder=${PACKAGE_FOLDER:-.run/package}
program=${PORTCULLIS:-}
checkouts=.build/checkouts
if [[ -z $program ]]; then
    deploy/demo/prepare.sh run
    say "Building for release, Swift's own libraries linked in (some minutes) …"
    # A folder of its own: with other flags everything is built anew.
    swift build --quiet -c release --static-swift-stdlib --product portcullis --scratch-path .build-package \
        -Xswiftc -enforce-exclusivity=unchecked || fail "the build failed; what is wrong stands above"
    program=.build-package/release/portcullis
    checkouts=.build-package/checkouts
fi
version=$("$program" --version)
version=${version#portcullis }
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] || fail "the program says that its version is $version"
name=portcullis-$version-linux-$(uname -m)
rm -rf "${folder:?}/$name"
root=$folder/$name
mkdir -p "$root"
install -D -m 0755 "$program" "$root/usr/bin/portcullis"
strip "$root/usr/bin/portcullis"
install -D -m 0644 deploy/systemd/portcullis.service "$root/lib/systemd/system/portcullis.service"
install -D -m 0644 -t "$root/usr/share/doc/portcullis" deploy/portcullis.example.yaml CHANGELOG.md README.md docs/*.md
install -D -m 0644 -t "$root/usr/share/portcullis" deploy/portcullis.schema.json
cp -r deploy/examples deploy/redis deploy/prometheus "$root/usr/share/doc/portcullis/"
# The program writes its own completions.
for shell in bash-completion/completions/portcullis:bash zsh/vendor-completions/_portcullis:zsh \
    fish/vendor_completions.d/portcullis.fish:fish; do
    mkdir -p "$(dirname "$root/usr/share/${shell%:*}")"
    "$program" --generate-completion-script "${shell#*:}" >"$root/usr/share/${shell%:*}"
done
mkdir -p "$root/usr/share/portcullis/grafana"
install -m 0644 deploy/grafana/portcullis.json "$root/usr/share/portcullis/grafana/"

# What is linked in asks to be named.
notices=$root/usr/share/doc/portcullis/licences
mkdir -p "$notices"
for checkout in "$checkouts"/*/; do
    found=
    for file in "$checkout"LICENSE* "$checkout"NOTICE*; do
        [[ -f $file ]] || continue
        cp "$file" "$notices/$(basename "$checkout")-$(basename "$file")"
        found=yes
    done
    [[ $found ]] || fail "$(basename "$checkout") has no licence to be passed on"
done
chmod -R u=rwX,go=rX "$root"
# The same content makes the same bytes.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" \
    -C "$root" -czf "$folder/$name.tar.gz" .
say "$folder/$name.tar.gz"

# The same as a Debian package; the user is made and the unit is enabled by hand of whoever installs it.
if command -v dpkg-deb >/dev/null; then
    architecture=$(dpkg --print-architecture)
    install -D -m 0640 deploy/portcullis.example.yaml "$root/etc/portcullis/portcullis.yaml"
    install -D -m 0644 deploy/debian/sysusers.conf "$root/usr/lib/sysusers.d/portcullis.conf"
    install -D -m 0644 deploy/debian/copyright "$root/usr/share/doc/portcullis/copyright"
    gzip -9n "$root/usr/share/doc/portcullis/CHANGELOG.md"
    mkdir "$root/DEBIAN"
    sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" \
        -e "s/@SIZE@/$(du -sk --exclude=DEBIAN "$root" | cut -f 1)/" deploy/debian/control >"$root/DEBIAN/control"
    echo /etc/portcullis/portcullis.yaml >"$root/DEBIAN/conffiles"
    install -m 0755 deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm "$root/DEBIAN/"
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} dpkg-deb --root-owner-group --build "$root" \
        "$folder/portcullis_${version}_$architecture.deb" >/dev/null
    say "$folder/portcullis_${version}_$architecture.deb"
fi
rm -rf "$root"
say "It needs these libraries of the system (Debian 12: libhiredis0.14 libssl3 libsqlite3-0 libpq5 libcrypt1 libstdc++6)."
