#!/usr/bin/env python3
"""Nearest counterexamples of WK17a in L-inf within 0.1, over all targets, against every distance of the truth pack, to
1e-5 (their solver's relative gap is 1e-4 and its tolerance 1e-6). Usage: distances.py [FIRST LAST] (1-based)."""
import csv, json, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, done, run, truth


def solve(index):
    m = truth("mnist")
    code, out, err = run("solve", m + "/wk17a.onnx", "--image", "%s/t10k-images-idx3-ubyte.gz:%d" % (m, index), "--labels",
                         m + "/t10k-labels-idx1-ubyte.gz", "--perturb", "linf:0.1", "--objective", "closest:linf", "--json",
                         "--time-limit", "600", timeout=None)
    return json.loads(out) if code in (0, 10, 11) else {"verdict": "error", "why": err}


first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1, 250)
with open(truth("mipverify_wk17a_001_250.csv")) as f:
    rows = list(csv.DictReader(f))
for row in rows:
    i, want = int(row["sample_index"]), row["min_distortion"]
    if not first <= i <= last or not want:
        continue
    start, d = time.time(), solve(i - 1)
    o = d.get("objective", {})
    what = "sample %d: %s, value %s bound %s, theirs %s, %.1f s" % (i, d["verdict"], o.get("value"), o.get("bound"), want, time.time() - start)
    if check(what, d["verdict"] == "violated" and abs(o["value"] - float(want)) <= 1e-5 and
             o["value"] * (1 - 1e-6) <= o["bound"] <= o["value"], d.get("why", "")):
        print("ok " + what, flush=True)
done()
