#!/bin/sh
# fuzz-coverage.sh [COUNT]: builds with gcov, runs the fuzzers of tests/fuzz for COUNT inputs each (40000), and prints how many
# lines of each reader they reach, fewest first, then of all readers. Lines that only other tests reach do not count.
# Child processes end by exit, which writes their counts, instead of _exit. MISSED=1 lists lines, too.
set -e
cd "$(dirname "$0")/.."
count=${1:-40000} build=build-cov
: "${PYTHON:=/usr/bin/python3}" # Debian's, which has numpy and onnx
readers="src/data/*.c src/network/file/*.c src/question/file/*.c src/solver/format/*.c src/model/file/read_*.c src/proof/check.c
         src/solver/solution.c src/solver/solution_lines.c src/bounds/bounds_file.c src/encoding/map.c src/search/embed_map.c
         src/base/inflate.c src/base/json.c src/base/lines.c src/base/xml.c"
writers="write_|draw_picture|describe_|writable_network|plain_nodes|peek"
make -s -j2 BUILD=$build OPT="-O0 --coverage -D_exit=exit" all $build/tests/fuzz/fuzz_readers $build/tests/fuzz/fuzz_solutions \
    $build/tests/fuzz/fuzz_verdicts >/dev/null
find $build -name '*.gcda' -delete
$build/tests/fuzz/fuzz_readers -n "$count" | tail -1
NETMIP=$PWD/$build/netmip NETMIP_FUZZ_COUNT="$count" "$PYTHON" tests/fuzz/damaged_files.py | tail -1
$build/tests/fuzz/fuzz_solutions -n "$((count / 10))" | tail -1
$build/tests/fuzz/fuzz_verdicts -n "$((count / 10))" | tail -1
for f in $(ls $readers | grep -Ev "$writers"); do
    gcov -t -o "$build/$(dirname "${f#src/}")" "$f" 2>/dev/null | awk -v file="$f" -v missed="$MISSED" '
        /0:Source:/ { mine = index($0, file) }
        mine && /^ *[0-9]+[*]?:/ { reached++ }
        mine && /^ *[#=]+:/ { not_reached++; if (missed) printf "0 missed %s %s\n", file, $0 }
        END { all = reached + not_reached; printf "%6.1f %% of %4d  %s\n", 100 * reached / all, all, file }'
done | sort -n | awk '{ print } $2 == "%" { reached += $1 * $4 / 100; all += $4 }
                      END { printf "%6.1f %% of %4d  all readers\n", 100 * reached / all, all }'
