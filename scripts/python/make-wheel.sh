#!/bin/sh
# make-wheel.sh [BUILD [FOLDER]]: makes FOLDER/netmip-VERSION-py3-none-PLATFORM.whl (FOLDER: BUILD/wheel) with the shared library in it and, beside
# it, what that links to except the C and C++ run-time libraries, so that the wheel works where those are as new as here. The library is linked
# anew from BUILD/libnetmip.a, to look for the others beside itself. What it loads only for some files (libzip: .npz; HDF5: .mat 7.3) is left to
# the system. Works offline: Debian's python3-setuptools, python3-wheel and python3-pip. Licences of the libraries go in as Debian states them.
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
$python -c '
import sys
missing = []
try:
    import setuptools.build_meta
except ImportError as e:
    missing.append("setuptools (%s)" % e)
try: # setuptools 70.1 and later have it themselves
    import setuptools.command.bdist_wheel
except ImportError:
    try:
        import wheel.bdist_wheel
    except ImportError as e:
        missing.append("wheel (%s)" % e)
if missing:
    sys.exit("make wheel: %s lacks %s; install Debian\047s python3-setuptools and python3-wheel, or run: %s -m pip install setuptools wheel"
             % (sys.executable, " and ".join(missing), sys.executable))
' || exit 1
build=$(cd "${1:-build}" && pwd)
mkdir -p "${2:-$build/wheel}"
to=$(cd "${2:-$build/wheel}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r scripts/python/netmip scripts/python/pyproject.toml scripts/python/README.md "$work"
package=$work/netmip
${CC:-gcc} -shared -o "$package/libnetmip.so.0" -Wl,-soname,libnetmip.so.0 -Wl,--version-script="$build/gen/exports" -Wl,-z,defs \
    -Wl,--disable-new-dtags -Wl,-rpath,'$ORIGIN' -Wl,--whole-archive "$build/libnetmip.a" -Wl,--no-whole-archive \
    $(sed -n 's/^Libs.private: //p' "$build/netmip.pc")
strip --strip-unneeded "$package/libnetmip.so.0"
ldd "$package/libnetmip.so.0" | sed -n 's/^\t\(\S*\) => \(\S*\) .*/\1 \2/p' | while read -r name path; do
    case $name in libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | libstdc++.so.* | libgcc_s.so.*) continue ;; esac
    cp -L "$path" "$package/$name"
    owner=$(dpkg-query -S "*/$(basename "$(readlink -f "$path")")" 2>/dev/null | sed "s/:.*//; q") || owner=
    if [ -n "$owner" ]; then
        mkdir -p "$package/licences"
        cp -L "/usr/share/doc/$owner/copyright" "$package/licences/$owner" 2>/dev/null || true
    fi
done
cp LICENSE "$work"
sed -i 's/"\*\.so\.\*"/"*.so.*", "licences\/*"/' "$work/pyproject.toml"
platform=$($python -c 'import sysconfig; print(sysconfig.get_platform().replace("-", "_").replace(".", "_"))')
(cd "$work" && $python -c '
import sys
from setuptools import build_meta
print(build_meta.build_wheel(sys.argv[1], {"--global-option": [], "--build-option": ["--plat-name", sys.argv[2]]}))' "$to" "$platform") >"$work/log" 2>&1 || {
    tail -n 5 "$work/log" >&2
    exit 1
}
echo "$to/$(tail -n 1 "$work/log")"
