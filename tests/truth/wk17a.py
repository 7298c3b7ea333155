#!/usr/bin/env python3
"""Solves WK17a samples at L-inf 0.1 and compares with the truth pack's consensus where that is certified or
adversarial. Usage: wk17a.py [FIRST LAST] (1-based, default 1 250)."""
import csv, json, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, done, run, skip, truth

WANT = {"certified": "holds", "adversarial": "violated", "already_misclassified": "violated"}


def solve(index):
    m = truth("mnist")
    code, out, err = run("solve", m + "/wk17a.onnx", "--image", "%s/t10k-images-idx3-ubyte.gz:%d" % (m, index), "--labels",
                         m + "/t10k-labels-idx1-ubyte.gz", "--perturb", "linf:0.1", "--json", "--time-limit", "120", timeout=None)
    return json.loads(out) if code in (0, 10, 11) else {"verdict": "error", "why": err}


first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1, 250)
start = time.time()
with open(truth("mipverify_wk17a_001_250.csv")) as f:
    rows = [r for r in csv.DictReader(f) if first <= int(r["sample_index"]) <= last]
for row in rows:
    d, expected = solve(int(row["sample_index"]) - 1), WANT.get(row["consensus"])
    what, how = "sample %s: %s" % (row["sample_index"], d["verdict"]), d.get("proved_by", d.get("why"))
    if expected or d["verdict"] == "error":
        check(what, d["verdict"] == expected, how)
    else:
        skip("%s (%s); there is no consensus" % (what, how))
    if d.get("proved_by") == "solver":
        print("note %s (solver)" % what)
print("wk17a: %.1f s" % (time.time() - start))
done()
