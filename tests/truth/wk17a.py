#!/usr/bin/env python3
"""Solves WK17a samples at L-inf 0.1 and compares with the truth pack's consensus where that is certified or
adversarial. Usage: wk17a.py [FIRST LAST] (1-based, default 1 250)."""
import csv, json, os, subprocess, sys, time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(HERE, "..", "..", "shared", "truth"))
NETMIP = os.environ.get("NETMIP", os.path.join(HERE, "..", "build", "netmip"))


def solve(index, *more):
    m = os.path.join(TRUTH, "mnist")
    cmd = [NETMIP, "solve", m + "/wk17a.onnx", "--image", "%s/t10k-images-idx3-ubyte.gz:%d" % (m, index), "--labels",
           m + "/t10k-labels-idx1-ubyte.gz", "--perturb", "linf:0.1", "--json", "--time-limit", "120", *more]
    r = subprocess.run(cmd, capture_output=True, text=True)
    return json.loads(r.stdout) if r.returncode in (0, 10, 11) else {"verdict": "error", "why": r.stderr}


def main():
    path = os.path.join(TRUTH, "mipverify_wk17a_001_250.csv")
    if not os.path.exists(path):
        print("truth_wk17a: the truth pack is not here\n0 passed, 0 failed, 1 skipped")
        return 0
    first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1, 250)
    want = {"certified": "holds", "adversarial": "violated", "already_misclassified": "violated"}
    count, start = {"passed": 0, "failed": 0, "skipped": 0}, time.time()
    for row in csv.DictReader(open(path)):
        i = int(row["sample_index"])
        if not first <= i <= last:
            continue
        d = solve(i - 1)
        expected = want.get(row["consensus"])
        if expected is None:
            count["skipped"] += d["verdict"] != "error"
            count["failed"] += d["verdict"] == "error"
        elif d["verdict"] == expected:
            count["passed"] += 1
        else:
            count["failed"] += 1
        if d["verdict"] != expected or d.get("proved_by") == "solver":
            print("%s sample %d: %s (%s)" % ("note" if d["verdict"] == expected or expected is None else "FAIL", i, d["verdict"],
                                             d.get("proved_by", d.get("why"))))
    print("wk17a: %.1f s" % (time.time() - start))
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
    return count["failed"] > 0


sys.exit(main())
