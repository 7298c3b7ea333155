#!/bin/sh
# arm64.sh deps|build|check: netmip for aarch64, built by a cross compiler and run by qemu-user on this machine.
#   deps    installs the cross compiler and qemu-user as scripts/deps.sh does, and unpacks Debian's arm64 libraries in a cache
#           outside the tree (NETMIP_ARM64, by default $XDG_CACHE_HOME/netmip/arm64): this machine's own packages stay as they are
#   build   makes build-arm64/netmip (BUILD=DIR: elsewhere); OPT and MAKEFLAGS are handed on
#   check   asks the same of it and of build/netmip (NETMIP) about the shipped networks, and compares bytes: bounds, models as MPS
#           and LP with their maps, answers of solve with all their numbers but seconds. "skipped" where something is missing.
# Not compared: nearest counterexamples, and models by `hull` with maxima. Their points and cuts come from Clp's linear programs, and
# Debian's Clp for arm64 was compiled with fused multiplications, which round otherwise than x86's: verdicts agree, last digits may not.
# Cost: the build about a minute and a half of CPU time at -O1, without a cache of objects; the questions half a minute.
# Left out: solvers' programs, and the tests in tests/, whose scripts start x86 programs.
set -u
cd "$(dirname "$0")/.." || exit 1
root=${NETMIP_ARM64:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netmip/arm64}
triple=aarch64-linux-gnu
libraries=$root/usr/lib/$triple
build=${BUILD:-build-arm64}
CROSS="gcc-$triple g++-$triple qemu-user"

deps() {
    command -v dpkg-deb >/dev/null 2>&1 || { echo "arm64.sh: this is not Debian" >&2; exit 1; }
    sh scripts/deps.sh run && sh scripts/deps.sh these $CROSS || exit 1
    [ -e "$root/complete" ] && return 0
    echo "arm64.sh: unpacking arm64 libraries in $root"
    rm -rf "$root" && mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial" && : >"$root/apt/status" || exit 1
    cat >"$root/apt/conf" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
Dir::State "$root/apt";
Dir::State::status "$root/apt/status";
Dir::Cache "$root/apt/cache";
END
    # nothing counts as installed: apt fetches what these need down to the C library
    want=$(sed -n 's/^RUN="\(.*\)"$/\1/p' scripts/deps.sh | tr ' ' '\n' | grep -e '-dev$')
    { APT_CONFIG=$root/apt/conf apt-get update -q &&
        APT_CONFIG=$root/apt/conf apt-get install -y -q --download-only libc6-dev $want; } >"$root/apt/log" 2>&1 || {
        tail -n 5 "$root/apt/log" >&2
        echo "arm64.sh: that failed (offline?)" >&2
        exit 1
    }
    for deb in "$root"/apt/cache/archives/*.deb; do dpkg-deb -x "$deb" "$root" || exit 1; done
    rm -rf "$root/apt"
    # what installing would have done: links of alternatives, and absolute links stay below the root
    ln -sf hdf5-serial.pc "$libraries/pkgconfig/hdf5.pc"
    for l in blas lapack; do ln -sf $l/lib$l.so "$libraries/lib$l.so" && ln -sf $l/lib$l.so.3 "$libraries/lib$l.so.3" || exit 1; done
    find "$root" -type l -lname '/*' | while read -r l; do ln -sfn "$root$(readlink "$l")" "$l"; done
    : >"$root/complete"
}

missing() { # says what is missing, if anything is
    command -v $triple-gcc >/dev/null 2>&1 || { echo "the cross compiler"; return; }
    command -v $triple-g++ >/dev/null 2>&1 || { echo "the cross compiler of C++"; return; }
    command -v qemu-aarch64 >/dev/null 2>&1 || { echo "qemu-user"; return; }
    [ -e "$root/complete" ] || echo "the arm64 libraries"
}

build() {
    PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$libraries/pkgconfig:$root/usr/share/pkgconfig \
        make --no-print-directory CC="${CCACHE:-} $triple-gcc --sysroot=$root" CXX="${CCACHE:-} $triple-g++ --sysroot=$root" \
        AR=$triple-ar SYSROOT="$root" BUILD="$build" OPT="${OPT:--O1}" "${@:-$build/netmip}"
}

say() { # NAME ARGUMENTS..: asks $program in the current folder; what it printed, without seconds, and its exit code
    name=$1
    shift
    $program "$@" >"$name.out" 2>"$name.err"
    code=$?
    case $code in 0 | 10 | 11) ;; *) tail -n 1 "$name.err" >>../refused ;; esac
    echo "exit code $code" >>"$name.out"
    sed -i -e 's/, "cpu_seconds": {[^}]*}//' -e '/^  cpu seconds: /d' "$name.out"
}

ask() { # everything, in the current folder
    for f in tiny-abs:0.5,0.5 tiny-dead:0.5,0.5 tiny-max:0.5,0.5,0.5,0.5 tiny-res:0.5,0.5 tiny-stable:0.5,0.5 tiny-xor:0.5,0.5; do
        net=${f%:*}
        echo "${f#*:}" >"$net.csv"
        on="--image $net.csv --perturb linf:0.25 --objective range:Y_0"
        say "$net" solve models/"$net.json" $on --json
        say "$net-bounds" bounds models/"$net.onnx" $on -o "$net-bounds.json"
        say "$net-mps" compile models/"$net.onnx" $on --bounds interval -o "$net.mps"
        say "$net-lp" compile models/"$net.onnx" $on --bounds interval -o "$net.lp"
    done
    say xor-vnnlib solve models/tiny-xor.nnet models/tiny-xor.vnnlib --json
    images=models/digits-test-images.idx3.gz labels=models/digits-test-labels.idx1.gz
    say embed embed models/surrogate.onnx --into models/surrogate-plan.lp --inputs temp,flow,acid --outputs yield -o plan.mps
    say mat eval models/digits-pool-mat.json --image $images:3 --json
    say npz eval models/digits-res-npz.json --image $images:3 --json
    while read -r net image radius target; do
        on="models/$net.onnx --image $images:$image --labels $labels --perturb linf:$radius" is=$net-$image-$radius
        say "$is" solve $on --json
        say "$is-bounds" bounds $on -o "$is-bounds.json"
        say "$is-mps" compile $on --bounds crown --target "$target" -o "$is.mps"
        say "$is-lp" compile $on --bounds crown --target "$target" --encoding indicator --dialect scip -o "$is.lp"
    done <<END
digits-mlp 1 0.02 any
digits-mlp 3 0.11 any
digits-mlp3 0 0.02 any
digits-mlp3 2 0.05 any
digits-conv 0 0.1 2
digits-pool 1 0.05 any
digits-res 1 0.02 any
digits-res 2 0.05 any
END
    set -- solve models/digits-mlp.onnx --image $images:3 --labels $labels --json
    say worst "$@" --perturb linf:0.02 --objective worst --target 3
    say blur "$@" --perturb blur:3x3
    say l2 "$@" --perturb l2:0.3
    say brightness "$@" --perturb brightness:0.2
    say proof "$@" --perturb linf:0.05 --proof p.json
    say float32 "$@" --perturb linf:0.02 --arithmetic float32
}

check() {
    why=$(missing)
    kernels=$build/tests/program/prop_kernels
    if [ -z "$why" ] && ! build -j2 "$build/netmip" "$kernels" >/dev/null 2>&1; then why="a build that succeeds" fail=1; fi
    if [ -n "$why" ]; then
        echo "arm64: not here: $why (make arm64-deps)"
        echo "arm64: 0 passed, ${fail:-0} failed, $((1 - ${fail:-0})) skipped"
        return "${fail:-0}"
    fi
    here=$(pwd) passed=0 failed=0
    folder=$build/same
    rm -rf "$folder"
    for side in here arm64; do
        mkdir -p "$folder/$side" && ln -s "$here/models" "$folder/$side/models" || return 1
    done
    program=$(realpath "${NETMIP:-build/netmip}")
    (cd "$folder/here" && ask) &
    program="qemu-aarch64 -L $root $here/$build/netmip"
    (cd "$folder/arm64" && ask)
    wait
    for side in here arm64; do (cd "$folder/$side" && find . -type f | sort >../$side.list); done
    cmp "$folder/here.list" "$folder/arm64.list" || failed=1
    while read -r f; do
        if cmp "$folder/here/$f" "$folder/arm64/$f"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done <"$folder/here.list"
    if qemu-aarch64 -L "$root" "$kernels" >"$folder/kernels" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)) && cat "$folder/kernels"; fi
    [ ! -s "$folder/refused" ] || { sort -u "$folder/refused" && failed=$((failed + 1)); }
    [ "$passed" -ge 100 ] || failed=$((failed + 1))
    echo "arm64: $passed passed, $failed failed, 0 skipped"
    [ "$failed" -eq 0 ]
}

case ${1:-} in
deps) deps ;;
build) shift && build "$@" ;;
check) check ;;
*) echo "usage: scripts/arm64.sh deps|build|check" >&2 && exit 2 ;;
esac
