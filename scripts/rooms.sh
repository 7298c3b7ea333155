#!/bin/sh
# rooms.sh BUILD [SRC]: what rooms use of each other, from the objects in BUILD and from the include lines in SRC (src).
# A room is a folder of SRC. Rooms stand in the order below, from the ground up, and use only rooms before them, through
# their doors: SRC/ROOM/ROOM.h (that of library is include/netmip.h, for others). Prints the table of rooms; names each call and each include that breaks this, and fails.
ROOMS="base data program network question judge proof bounds model solver encoding search answer study command library"
NEVER="judge:program" # stands before it, and must not be used: the judge shares no arithmetic with what it judges
src=${2:-src}
calls=$(cd "$1" && find . -name '*.o' ! -path './tests/*' | sort | xargs nm -A -P | awk -v rooms="$ROOMS" -v never="$NEVER" '
BEGIN { n = split(rooms, name, " "); for (i = 1; i <= n; i++) floor[name[i]] = i; name[n + 1] = "(main.c)" }
{ path = $1; sub(/:$/, "", path); sub(/^\.\//, "", path); room = path; if (!sub(/\/.*/, "", room)) room = ""
  at[path] = (room in floor) ? floor[room] : n + 1
  if ($3 ~ /[TDBRC]/) home[$2] = path; else if ($3 == "U") { k++; who[k] = path; what[k] = $2 } }
END {
  for (o in at) objects[at[o]]++
  for (s in home) if (s ~ /^nm_/) all[at[home[s]]]++
  for (i = 1; i <= k; i++) {
    t = home[what[i]]
    if (t == "" || at[t] == at[who[i]]) continue
    uses[at[who[i]], at[t]] = 1
    if (what[i] ~ /^nm_/ && !(what[i] in shown)) { shown[what[i]] = 1; public[at[t]]++ }
    if (at[t] > at[who[i]]) up[who[i] " -> " t " by " what[i]] = 1
    if (name[at[who[i]]] ":" name[at[t]] == never) up[who[i] " -> " t " by " what[i] " (the judge shares no arithmetic)"] = 1
  }
  for (a = 1; a <= n + 1; a++) {
    list = ""
    for (b = 1; b <= n + 1; b++) if ((a, b) in uses) list = list " " name[b]
    printf "%-13s %3d objects, %3d of %3d names used by other rooms; uses%s\n", name[a], objects[a], public[a], all[a],
           list == "" ? " nothing" : list
  }
  for (u in up) { print "UPWARD CALL " u; bad = 1 }
  exit bad
}')
code=$?
echo "$calls"
includes=$(cd "$src" && find . -name '*.[ch]' | sort | xargs grep -n '^#include ".*\.h"' /dev/null | awk -F: -v rooms="$ROOMS" -v never="$NEVER" '
BEGIN { n = split(rooms, name, " "); for (i = 1; i <= n; i++) floor[name[i]] = i }
{ path = $1; sub(/^\.\//, "", path); room = path; if (!sub(/\/.*/, "", room)) room = ""
  mine = (room in floor) ? floor[room] : n + 1
  split($3, part, "\""); to = part[2]; other = to; sub(/\/.*/, "", other)
  if (!(other in floor) || other == room) next
  if (room ":" other == never) { print "FORBIDDEN INCLUDE " path ":" $2 ": " to; bad = 1 }
  if (floor[other] > mine) { print "UPWARD INCLUDE " path ":" $2 ": " to; bad = 1 }
  else if (to != other "/" other ".h") { print "PRIVATE HEADER " path ":" $2 ": " to; bad = 1 } }
END { exit bad }') || { echo "$includes"; code=1; }
[ $code -eq 0 ] && echo "rooms: every call and every include goes down, through a door"
exit $code
