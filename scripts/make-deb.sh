#!/bin/sh
# make-deb.sh [FOLDER]: builds Debian packages of the last commit into FOLDER (build/deb): netmip, libnetmip0, libnetmip-dev. It unpacks the
# archive of `make dist`, puts scripts/debian beside it, and has dpkg-buildpackage do the rest, hardened; lintian, where it is installed, then
# looks at them, and its errors are ours. The maintainer is DEBFULLNAME <DEBEMAIL>, or else the author of the last commit.
# NETMIP_CC="ccache gcc" NETMIP_CXX="ccache g++" are used as the compilers. Needs the packages debhelper and dpkg-dev, and what deps.sh installs.
set -eu
cd "$(dirname "$0")/.."
for tool in dh dpkg-buildpackage git; do
    command -v $tool >/dev/null 2>&1 || { echo "make-deb.sh: $tool is missing (apt-get install debhelper dpkg-dev git)" >&2; exit 1; }
done
mkdir -p "${1:-build/deb}"
to=$(cd "${1:-build/deb}" && pwd)
archive=$(make -s dist | tail -n 1)
name=$(basename "$archive" .tar.gz)
version=${name#netmip-}
work=$to/work
rm -rf "$work"
mkdir "$work"
trap 'rm -rf "$work"' EXIT
tar -xzf "$archive" -C "$work"
tree=$work/$name
mv "$tree/scripts/debian" "$tree/debian"
maintainer="${DEBFULLNAME:-$(git log -1 --format=%an)} <${DEBEMAIL:-$(git log -1 --format=%ae)}>"
needs=$(sed -n 's/^RUN="\(.*\)"/\1/p' scripts/deps.sh | tr ' ' '\n' | grep -vxE 'gcc|g\+\+|make' | sed ':a; N; $!ba; s/\n/, /g')
libraries=$(echo "$needs" | tr -d ' ' | tr ',' '\n' | grep -e '-dev$' | sed ':a; N; $!ba; s/\n/, /g')
sed -i -e "s/@MAINTAINER@/$maintainer/" -e "s/@BUILD_DEPENDS@/$needs/" -e "s/@LIBRARIES@/$libraries/" "$tree/debian/control"
{
    echo "netmip ($version-0upstream1) unstable; urgency=medium"
    printf '\n  * Packaged from its own tree; what changed is in CHANGELOG.md.\n\n'
    echo " -- $maintainer  $(git log -1 --format=%cD)"
} >"$tree/debian/changelog"
{
    printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: netmip\n\n'
    printf 'Files: *\nCopyright: %s\nLicense: Expat\n' "$(sed -n 's/^Copyright (c) //p' LICENSE)"
    sed -n '/^Permission/,$p' LICENSE | sed -e 's/^$/./' -e 's/^/ /'
} >"$tree/debian/copyright"
echo CHANGELOG.md >"$tree/debian/docs"
if ! (cd "$tree" && dpkg-buildpackage -us -uc -b) >"$to/build.log" 2>&1; then
    tail -n 20 "$to/build.log" >&2
    echo "make-deb.sh: that failed; $to/build.log says all of it" >&2
    exit 1
fi
rm -f "$to"/*.deb "$to"/*.changes "$to"/*.buildinfo
mv "$work"/*.deb "$work"/*.changes "$work"/*.buildinfo "$to"
ls "$to"/*.deb | grep -v dbgsym
if command -v lintian >/dev/null 2>&1; then lintian --allow-root --fail-on error "$to"/*.changes; fi
