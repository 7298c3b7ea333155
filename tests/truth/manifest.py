#!/usr/bin/env python3
"""Solves the instances of the truth pack's manifest with a CPU limit each, a line each: no wrong answer is allowed, an
unknown is counted. Usage: manifest.py [--limit SECONDS] [--only SUBSTRING] [--hard KIND]... [--out FILE.csv]; --hard adds
the pack's hard instances of a kind, such as "few inputs"."""
import argparse, csv, json, os, resource, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, done, run, skip, truth

ANSWER = {"unsat": "holds", "sat": "violated"}


def cpu():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def solve(row, limit):
    start = cpu()
    code, out, err = run("solve", os.path.join(truth(), row["network"]), os.path.join(truth(), row["property"]), "--json", "--quiet", "--time-limit", str(limit),
                         timeout=2 * limit + 60)
    d = {"verdict": "unknown", "why": "killed by the test"} if code == "hang" else json.loads(out) if out else {"verdict": "error", "why": err.strip()}
    return d, cpu() - start


def asked(only, hard):
    with open(truth("manifest.csv")) as f:
        rows = list(csv.DictReader(f))
    if hard and os.path.exists(truth("hard/manifest.csv")):
        with open(truth("hard/manifest.csv")) as f:
            rows += [{**row, "network": "hard/" + row["network"], "property": "hard/" + row["property"]} for row in csv.DictReader(f) if row["kind"] in hard]
    return [row for row in rows if only in row["network"] + row["property"]]


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--limit", type=float, default=60)
    a.add_argument("--only", default="")
    a.add_argument("--hard", action="append", default=[])
    a.add_argument("--out")
    a = a.parse_args()
    rows, begin = [], time.time()
    for row in asked(a.only, a.hard):
        d, seconds = solve(row, a.limit)
        want, name = ANSWER[row["expected"]], (row["network"].split("/")[-1], row["property"].split("/")[-1])
        what = "%-36s %-48s %-9s %-9s %7.2f s" % (*name, d["verdict"], d.get("proved_by", ""), seconds)
        if d["verdict"] == "unknown":
            skip("%s %s" % (what, d.get("why", "")))
        elif check(what, d["verdict"] == want, d.get("why", "")):
            print("ok   " + what, flush=True)
        rows.append([*name, want, d["verdict"], d.get("proved_by", ""), "%.2f" % seconds])
    if a.out:
        with open(a.out, "w", newline="") as f:
            csv.writer(f).writerows([["network", "property", "expected", "verdict", "proved_by", "cpu_seconds"], *rows])
    print("manifest: %.0f s" % (time.time() - begin))
    done()


main()
