#!/bin/sh
# run_instance.sh v1 CATEGORY NET.onnx PROPERTY.vnnlib RESULTS TIMEOUT: VNN-COMP's third script.
#
# RESULTS gets sat, unsat, unknown, timeout or error, and after sat the witness: for VNN-LIB 1 as the competition's
# checker reads it, ((X_0 0.5) .. (Y_0 1.5)); for VNN-LIB 2 as the standard writes assignments. unsat is written only if
# it is certified (verify says so only then). A network or a property that netmip refuses by name is unknown.
set -eu
[ $# -eq 6 ] && [ "$1" = v1 ] || { echo "run_instance.sh: v1 CATEGORY NET PROPERTY RESULTS TIMEOUT was expected" >&2; exit 2; }
net=$3 property=$4 results=$5 limit=$6
netmip=${NETMIP:-$(dirname "$0")/../../build/netmip}
[ -r "$net" ] || net=$net.gz
[ -r "$property" ] || property=$property.gz
answer=$(mktemp "$results.XXXXXX")
trap 'rm -f "$answer"' EXIT
# verify takes whole seconds; what it needs to start and to write comes off, so that the organisers' clock is kept
own=$(awk -v t="$limit" 'BEGIN { own = int(0.98 * t - 0.5); print own < 1 ? 1 : own }')
code=0
"$netmip" verify "$property" --network "$net" --timeout "$own" --threads "$(nproc)" >"$answer" || code=$?
awk -v code="$code" '
    NR == 1 && $0 == "timed-out" { print "timeout"; said = 1; next }
    NR == 1 { print; said = 1; next }
    NF == 3 && $2 == "Real" { if (!old) printf "("; else printf "\n "; old = 1; printf "(%s ", $1; next } # VNN-LIB 1
    old { printf "%s)", $1; next }
    { print }
    END { if (old) print ")"; if (!said) print code == 4 ? "unknown" : "error" }' "$answer" >"$answer.done"
mv "$answer.done" "$results"
