#!/bin/sh
# exports.sh LIBRARY [HEADER]: the functions that a shared library gives out are those that netmip.h declares, each of them and no
# other. Names what is missing or too much, and fails.
out=$(nm -D --defined-only "$1" | awk -v header="${2:-include/netmip.h}" '
BEGIN { while ((getline line < header) > 0) {
    sub(/\/\*.*/, "", line)
    if (line ~ /^[a-z]/ && match(line, /nm_[a-z0-9_]*\(/)) declared[substr(line, RSTART, RLENGTH - 1)] = 1 } }
$2 == "A" { next }
{ sub(/@.*/, "", $3); given[$3] = 1; if (!($3 in declared)) { print "NOT IN THE HEADER " $3; bad = 1 } else n++ }
END { for (d in declared) if (!(d in given)) { print "NOT IN THE LIBRARY " d; bad = 1 }
  if (!bad && n) print "exports: " n " functions, those of the header"
  exit bad || !n }')
code=$?
echo "$out"
exit $code
