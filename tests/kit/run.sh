#!/bin/sh
# run.sh TEST...: runs test programs and scripts, JOBS at once (default: a processor each), shows what fails, and sums up
# their closing lines `N passed, N failed, N skipped`. A test that ends without such a line, or with an exit code of its
# own, has failed. Answers are printed in the order of the arguments, each when those before it are done.
# Python is the one that has numpy and onnx: Debian's, where another stands before it on the PATH.
if [ -z "$PYTHON" ]; then
    PYTHON=python3
    if ! "$PYTHON" -c 'import numpy, onnx' 2>/dev/null && /usr/bin/python3 -c 'import numpy, onnx' 2>/dev/null; then
        PYTHON=/usr/bin/python3
    fi
    export PYTHON
fi

export PYTHONDONTWRITEBYTECODE=1 # no __pycache__ in the tree

one() { # LOG TEST: runs it; LOG.sum: passed failed skipped seconds
    start=$(date +%s)
    case $2 in *.py) "$PYTHON" "$2" >"$1" 2>&1 ;; *) "$2" >"$1" 2>&1 ;; esac
    code=$?
    line=$(grep -E '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$1" | tail -n 1)
    numbers=${line##*: }
    p=$(echo "$numbers" | sed -n 's/^\([0-9]*\) passed.*/\1/p') p=${p:-0}
    f=$(echo "$numbers" | sed -n 's/.* \([0-9]*\) failed.*/\1/p') f=${f:-0}
    s=$(echo "$numbers" | sed -n 's/.* \([0-9]*\) skipped.*/\1/p') s=${s:-0}
    if [ -z "$line" ] || { [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; }; then
        f=$((f + 1))
        echo "$2 ended with code $code" >>"$1"
    fi
    echo "$p $f $s $(($(date +%s) - start))" >"$1.sum"
}

if [ "$1" = --one ]; then
    one "$2" "$3"
    exit 0
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
n=0
for t in "$@"; do
    n=$((n + 1))
    printf '%s\n%s\n' "$folder/$n" "$t"
done | xargs -n 2 -P "${JOBS:-$(nproc 2>/dev/null || echo 1)}" sh "$0" --one &
passed=0 failed=0 skipped=0 n=0
for t in "$@"; do
    n=$((n + 1))
    while [ ! -s "$folder/$n.sum" ] && kill -0 $! 2>/dev/null; do sleep 0.2; done
    read -r p f s seconds <"$folder/$n.sum" || p=0 f=1 s=0 seconds=0
    [ "$f" -gt 0 ] && sed 's/^/    /' "$folder/$n"
    printf '%-36s %s passed, %s failed, %s skipped  %d s\n' "${t##*tests/}" "$p" "$f" "$s" "$seconds"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
wait
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
