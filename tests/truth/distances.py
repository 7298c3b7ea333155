#!/usr/bin/env python3
"""Nearest counterexamples of WK17a in L-inf within 0.1, over all targets, against every distance of the truth pack, to
1e-5 (their solver's relative gap is 1e-4 and its tolerance 1e-6). Usage: distances.py [FIRST LAST] (1-based)."""
import csv, json, os, subprocess, sys, time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(HERE, "..", "..", "shared", "truth"))
NETMIP = os.environ.get("NETMIP", os.path.join(HERE, "..", "build", "netmip"))


def solve(index):
    m = os.path.join(TRUTH, "mnist")
    cmd = [NETMIP, "solve", m + "/wk17a.onnx", "--image", "%s/t10k-images-idx3-ubyte.gz:%d" % (m, index), "--labels",
           m + "/t10k-labels-idx1-ubyte.gz", "--perturb", "linf:0.1", "--objective", "closest:linf", "--json",
           "--time-limit", "600"]
    r = subprocess.run(cmd, capture_output=True, text=True)
    return json.loads(r.stdout) if r.returncode in (0, 10, 11) else {"verdict": "error", "why": r.stderr}


def main():
    path = os.path.join(TRUTH, "mipverify_wk17a_001_250.csv")
    if not os.path.exists(path):
        print("truth_distances: the truth pack is not here\n0 passed, 0 failed, 1 skipped")
        return 0
    first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1, 250)
    passed = failed = 0
    for row in csv.DictReader(open(path)):
        i, want = int(row["sample_index"]), row["min_distortion"]
        if not first <= i <= last or not want:
            continue
        start, d = time.time(), solve(i - 1)
        o = d.get("objective", {})
        ok = (d["verdict"] == "violated" and abs(o["value"] - float(want)) <= 1e-5 and
              o["value"] * (1 - 1e-6) <= o["bound"] <= o["value"])
        passed, failed = passed + ok, failed + (not ok)
        print("%s sample %d: %s, value %s bound %s, theirs %s, %.1f s" %
              ("ok" if ok else "FAIL", i, d["verdict"], o.get("value"), o.get("bound"), want, time.time() - start),
              d.get("why", ""), flush=True)
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return failed > 0


sys.exit(main())
