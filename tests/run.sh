#!/bin/sh
# run.sh TEST...: runs test programs and scripts, one after another, shows what fails, and sums up their closing lines
# `N passed, N failed, N skipped`. A test that ends without such a line, or with an exit code of its own, has failed.
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for t in "$@"; do
    start=$(date +%s)
    case $t in *.py) python3 "$t" >"$log" 2>&1 ;; *) "$t" >"$log" 2>&1 ;; esac
    code=$?
    line=$(grep -E '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
    numbers=${line##*: }
    p=$(echo "$numbers" | sed -n 's/^\([0-9]*\) passed.*/\1/p') p=${p:-0}
    f=$(echo "$numbers" | sed -n 's/.* \([0-9]*\) failed.*/\1/p') f=${f:-0}
    s=$(echo "$numbers" | sed -n 's/.* \([0-9]*\) skipped.*/\1/p') s=${s:-0}
    if [ -z "$line" ] || { [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; }; then
        f=$((f + 1))
        echo "$t ended with code $code"
    fi
    [ "$f" -gt 0 ] && sed 's/^/    /' "$log"
    printf '%-24s %s passed, %s failed, %s skipped  %d s\n' "$(basename "$t")" "$p" "$f" "$s" $(($(date +%s) - start))
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
