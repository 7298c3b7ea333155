#!/usr/bin/env python3
"""One question shared among threads: wall and CPU seconds of `netmip solve --threads N` on hard questions of the truth pack, as a table.

Usage: bench-threads.py [--threads 1,2] [--limit S] [--only TEXT] [--repeat K]. Verdicts and margins must be the same for all
numbers of threads, else it ends with exit code 1; seconds are the least of K runs. Leave processors to it: other programs
beside it show in every number."""
import argparse, csv, json, os, resource, subprocess, sys, time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
HARD = os.path.join(os.environ.get("NETMIP_TRUTH", os.path.join(ROOT, "..", "shared", "truth")), "hard")


def ask(row, threads, limit):
    """(verdict with its margins, wall seconds, CPU seconds)"""
    files = [os.path.join(HARD, row["network"]), os.path.join(HARD, row["property"])]
    wall, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    r = subprocess.run([NETMIP, "solve", *files, "--json", "--quiet", "--time-limit", str(limit), "--threads", str(threads)],
                       capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if not r.stdout:
        sys.exit("bench-threads: " + r.stderr)
    said = json.loads(r.stdout)
    return (said["verdict"], [t.get("margin_lo") for t in said["targets"]]), time.monotonic() - wall, cpu


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--threads", default="1,2")
    a.add_argument("--limit", type=float, default=60)
    a.add_argument("--only", default="")
    a.add_argument("--repeat", type=int, default=1)
    a = a.parse_args()
    if not os.path.isdir(HARD):
        sys.exit("bench-threads: the truth pack is not here")
    numbers, other = [int(n) for n in a.threads.split(",")], 0
    print("| question | verdict | %s | speed-up |" % " | ".join("%d: wall, CPU s" % n for n in numbers))
    print("|---" * (len(numbers) + 3) + "|")
    total = [0] * len(numbers)
    for row in csv.DictReader(open(os.path.join(HARD, "manifest.csv"))):
        name = row["network"].split(".")[0][:28] + ", " + row["property"].split(".vnnlib")[0][-30:]
        if a.only not in name:
            continue
        runs = [min((ask(row, n, a.limit) for _ in range(a.repeat)), key=lambda r: r[1]) for n in numbers]
        open_ = any(r[0][0] == "unknown" for r in runs)
        other += not open_ and any(r[0] != runs[0][0] for r in runs)
        if not open_:
            total = [t + r[1] for t, r in zip(total, runs)]
        print("| %s | %s | %s | %.2f |" % (name, "/".join(sorted({r[0][0] for r in runs})),
                                          " | ".join("%.2f, %.2f" % r[1:] for r in runs), runs[0][1] / runs[-1][1]), flush=True)
    print("| all that were answered | | %s | %.2f |" % (" | ".join("%.1f" % t for t in total), total[0] / total[-1] if total[-1] else 0))
    sys.exit(1 if other else 0)


main()
