#!/bin/sh
# deps.sh [run|check|these PACKAGE..]: installs the Debian packages that netmip needs and this machine lacks, and says what it does.
#   run     what building and running needs (the default)
#   check   also what the tests need: clang, sanitizer runtime, foreign solvers, mandoc, zsh, fish, python3 with numpy and onnx; where
#           node, npm and a network are, HiGHS as npm's WebAssembly package, in a cache outside the tree
#   these   the packages that follow
# As root, or through sudo; without either, or offline, it says what to install and ends with an error.
set -eu
RUN="gcc g++ make pkg-config libcjson-dev libdragonbox-dev libfast-float-dev libgmp-dev zlib1g-dev libdeflate-dev coinor-libcbc-dev coinor-libclp-dev libprotobuf-c-dev protobuf-c-compiler libpng-dev libjpeg-dev libzip-dev libhdf5-dev nettle-dev libexpat1-dev"
CHECK="clang libclang-rt-14-dev python3 python3-jsonschema python3-numpy python3-onnx python3-scipy python3-h5py python3-pip python3-setuptools python3-wheel man-db coinor-cbc glpk-utils lp-solve coinor-symphony libglpk40 mandoc libxml2-utils zsh fish chromium"

# without it the tests that need it say that they skip
highs() {
    cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netmip version=1.15.3
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || return 0
    grep -q "\"version\": \"$version\"" "$cache/node_modules/highs/package.json" 2>/dev/null && return 0
    echo "deps.sh: installing highs $version of npm in $cache"
    mkdir -p "$cache" && timeout 90 npm install --prefix "$cache" --no-audit --no-fund --no-save --ignore-scripts --fetch-retries 1 \
        --fetch-timeout 20000 --silent "highs@$version" >/dev/null 2>&1 || echo "deps.sh: that failed (offline?): tests go without HiGHS"
}
[ "${1:-run}" = check ] && highs

want=$RUN
[ "${1:-run}" = check ] && want="$RUN $CHECK"
[ "${1:-run}" = these ] && shift && want=$*
if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "deps.sh: this is not Debian; install what corresponds to: $want" >&2
    for tool in cc pkg-config protoc-c; do
        command -v $tool >/dev/null 2>&1 || { echo "deps.sh: $tool is missing" >&2; exit 1; }
    done
    exit 0
fi

missing=
for p in $want; do
    [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null | cut -c1-2)" = ii ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "deps.sh: as root, run: apt-get install$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "deps.sh: installing$missing"
export DEBIAN_FRONTEND=noninteractive
install() { $as_root apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install || { $as_root apt-get update -q >"$log" 2>&1 && install; } || {
    tail -n 5 "$log" >&2
    echo "deps.sh: that failed (offline?); run: apt-get install$missing" >&2
    exit 1
}
