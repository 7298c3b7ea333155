#!/bin/sh
# checker.sh BUILD: what is in BUILD/netmip-check, from its symbols and the objects that they come from. Fails if one comes
# from a room other than those that are trusted for a certificate, from the vector loops, or from a solver's library.
TRUSTED="base data program network question judge proof"
cd "$1" || exit 1
nm -P netmip-check | awk '$2 ~ /[TtDdBbRr]/ && $1 ~ /^nm_/ { print $1 }' | sort -u >gen/checker.symbols
find . -name '*.o' ! -path './tests/*' ! -path './main.o' | sort | xargs nm -A -P | awk -v trusted="$TRUSTED" '
BEGIN { n = split(trusted, name, " "); for (i = 1; i <= n; i++) good[name[i]] = 1
  while ((getline s < "gen/checker.symbols") > 0) { has[s] = 1; all++ } }
{ path = $1; sub(/:$/, "", path); sub(/^\.\//, "", path); room = path; sub(/\/.*/, "", room)
  if (!($3 ~ /[TDBR]/) || !($2 in has)) next
  count[room]++
  if (!(room in good) || path ~ /kernel\./) { print "NOT TRUSTED " path " by " $2; bad = 1 } }
END {
  for (r in good) { if (!count[r]) { print "no symbol of " r " is in netmip-check"; bad = 1 } }
  if (!bad) print "checker: the " all " names of netmip-check are of " trusted
  exit bad }' || exit 1
if ldd netmip-check | grep -E 'libCbc|libClp|libCgl|libOsi|libCoin|blas|lapack'; then
    echo "netmip-check is linked to a solver"
    exit 1
fi
