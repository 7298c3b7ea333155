#!/bin/sh
# style.sh: the house rules that a machine can see. Prints each breach; ends with an error if there is one.
cd "$(dirname "$0")/.." || exit 1
bad=0
say() { echo "style: $1"; bad=1; }
files=$(git ls-files --cached --others --exclude-standard 'src/*.c' 'src/*.h' 'src/**/*.c' 'include/*.h' 'tests/*.c' 'tests/*.h' 2>/dev/null)
[ -n "$files" ] || files=$(find src include tests -name '*.[ch]')
for f in $files; do
    n=$(wc -l <"$f")
    case $f in src/*.h) limit=250 ;; *) limit=500 ;; esac
    [ "$n" -le $limit ] || say "$f has $n lines; $limit at most"
    grep -nP '\t' "$f" >/dev/null && say "$f has a tab"
    awk -v f="$f" 'length($0) > 120 { print "style: " f ":" NR ": a line of " length($0); b = 1 } END { exit b }' "$f" || bad=1
    head -n 1 "$f" | grep -q '^/\*' || say "$f has no head comment"
    case $f in *.h) continue ;; esac
    case $f in src/*) most=60 ;; *) most=80 ;; esac
    awk -v f="$f" -v most=$most '/^[a-z_].*\)$/ || /^[a-z].*[,(]$/ { start = NR }
        /^}/ { if (start && NR - start > most) { print "style: " f ":" start ": a function of " NR - start " lines"; b = 1 } start = 0 }
        END { exit b }' "$f" || bad=1
done
for f in $(printf '%s\n' $files | grep '^src/' | grep -v '^src/base/job\.c'); do
    grep -nE '\b(malloc|calloc|realloc|free|strdup) ?\(' "$f" && say "$f allocates; base/job.c alone does"
done
for f in $(printf '%s\n' $files | grep '^src/' | grep -vE '^src/base/text\.c'); do
    grep -nE '\b(strtod|atof|sscanf) ?\(' "$f" && say "$f parses numbers; base/text.c alone does"
done
for f in $(printf '%s\n' $files | grep '^src/' | grep -vE '^src/(check_)?main\.c'); do
    grep -nE '\b(printf|puts|putchar|perror) ?\(' "$f" && say "$f prints; main.c and check_main.c alone do"
done
[ $bad -eq 0 ] && echo "style: $(echo $files | wc -w) files keep the rules"
exit $bad
