#!/usr/bin/env python3
"""Solves the instances of the truth pack's manifest with a CPU limit each, a line each: no wrong answer is allowed, an
unknown is counted. Usage: manifest.py [--limit SECONDS] [--only SUBSTRING] [--out FILE.csv]"""
import argparse, csv, json, os, resource, subprocess, sys, time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(HERE, "..", "..", "shared", "truth"))
NETMIP = os.environ.get("NETMIP", os.path.join(HERE, "..", "build", "netmip"))
ANSWER = {"unsat": "holds", "sat": "violated"}


def cpu():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def solve(row, limit):
    start = cpu()
    cmd = [NETMIP, "solve", os.path.join(TRUTH, row["network"]), os.path.join(TRUTH, row["property"]), "--json",
           "--quiet", "--time-limit", str(limit)]
    try:
        r = subprocess.run(cmd, capture_output=True, text=True, timeout=2 * limit + 60)
        d = json.loads(r.stdout) if r.stdout else {"verdict": "error", "why": r.stderr.strip()}
    except subprocess.TimeoutExpired:
        d = {"verdict": "unknown", "why": "killed by the test"}
    return d, cpu() - start


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--limit", type=float, default=60)
    a.add_argument("--only", default="")
    a.add_argument("--out")
    a = a.parse_args()
    path = os.path.join(TRUTH, "manifest.csv")
    if not os.path.exists(path):
        print("truth_manifest: the truth pack is not here\n0 passed, 0 failed, 1 skipped")
        return 0
    count = {"passed": 0, "failed": 0, "skipped": 0}
    rows, begin = [], time.time()
    for row in csv.DictReader(open(path)):
        if a.only not in row["network"] + row["property"]:
            continue
        d, seconds = solve(row, a.limit)
        want = ANSWER[row["expected"]]
        kind = "passed" if d["verdict"] == want else "skipped" if d["verdict"] == "unknown" else "failed"
        count[kind] += 1
        name = row["network"].split("/")[-1], row["property"].split("/")[-1]
        rows.append([*name, want, d["verdict"], d.get("proved_by", ""), "%.2f" % seconds])
        print("%-8s %-36s %-48s %-9s %-9s %7.2f s %s" % (kind, *name, d["verdict"], d.get("proved_by", ""), seconds,
                                                        d.get("why", "") if kind != "passed" else ""), flush=True)
    if a.out:
        with open(a.out, "w", newline="") as f:
            csv.writer(f).writerows([["network", "property", "expected", "verdict", "proved_by", "cpu_seconds"], *rows])
    print("manifest: %.0f s" % (time.time() - begin))
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
    return count["failed"] > 0


sys.exit(main())
