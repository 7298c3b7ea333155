#!/usr/bin/env python3
"""The error of two MNIST networks under attack, as in table 1 of Tjeng, Xiao, Tedrake 2019: every image of the test set,
L-inf 0.1, by netmip batch.

Usage: paper-table1.py TRUTH [--nets wk17a,rsl18a] [--range A:B] [--limit SECONDS] [--workers N] [--dir DIR] [--write FILE.csv.gz]
       paper-table1.py TRUTH --check FILE.csv.gz [--sample N] [--seed N] [--limit SECONDS]

The campaigns can be resumed: the same command goes on where it was stopped, and with --again asks the open images once more, at
another limit. A table is printed, with the paper's bounds beside ours. --write keeps the verdicts: network, sample, label, verdict
(of an image that the network gets wrong: misclassified), margin (holds: proven, rounded down; violated: attained by the witness;
unknown: proven), CPU seconds. --check asks N of these rows again, drawn by the seed: a verdict that contradicts is an error, and
one that a limit left open is counted. TRUTH/mnist holds the networks and the test set."""
import argparse, csv, decimal, gzip, json, os, random, subprocess, sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
COLUMNS = ["network", "sample", "label", "verdict", "margin", "cpu_seconds"]
PAPER = {"wk17a": "4.38 to 4.38 %", "rsl18a": "14.36 to 30.81 %"}  # its columns "Certified bounds on adversarial error"


def ask(a, net):
    mnist = os.path.join(a.truth, "mnist")
    return [os.path.join(mnist, net + ".onnx"), "--images", os.path.join(mnist, "t10k-images-idx3-ubyte.gz"), "--labels",
            os.path.join(mnist, "t10k-labels-idx1-ubyte.gz"), "--perturb", "linf:0.1", "--time-limit", str(a.limit), "--workers", str(a.workers)]


def batch(a, net, folder, first, last):
    r = subprocess.run([NETMIP, "batch", *ask(a, net), "--range", "%d:%d" % (first, last), "--dir", folder, "--quiet"], stdout=subprocess.DEVNULL)
    if r.returncode not in (0, 10, 11):
        sys.exit("%s: batch ended with %d" % (net, r.returncode))


def row(net, r):
    wrong = r["label"] != r["predicted"]
    margin = r["margin"] if r["verdict"] == "violated" else r["margin_lo"]
    how = decimal.ROUND_CEILING if r["verdict"] == "violated" else decimal.ROUND_FLOOR
    short = "" if wrong or margin == "" else decimal.Context(prec=5, rounding=how).create_decimal(margin)
    return [net, r["sample"], r["label"], "misclassified" if wrong else r["verdict"], short, "%.3f" % float(r["cpu_seconds"] or 0)]


def campaign(a, net):
    folder = os.path.join(a.dir, net)
    first, last = (int(x) for x in a.range.split(":"))
    results = os.path.join(folder, "results.csv")
    if a.again and os.path.exists(results):
        with open(results) as f:
            for r in csv.DictReader(f):
                if r["verdict"] == "unknown":
                    os.unlink(os.path.join(folder, "records", "%06d.json" % int(r["sample"])))
    batch(a, net, folder, first, last)
    with open(results) as f:
        return [row(net, r) for r in csv.DictReader(f)]


def table(rows):
    print("| network | images | clean error | error, proven bounds | the paper's | open | CPU s, mean |\n|---|---|---|---|---|---|---|")
    for net in dict.fromkeys(r[0] for r in rows):
        mine = [r for r in rows if r[0] == net]
        n = {v: sum(r[3] == v for r in mine) for v in ("misclassified", "violated", "unknown")}
        bad = n["misclassified"] + n["violated"]
        print("| %s | %d | %.2f %% | %.2f to %.2f %% | %s | %d | %.3f |" % (
            net, len(mine), 100 * n["misclassified"] / len(mine), 100 * bad / len(mine), 100 * (bad + n["unknown"]) / len(mine), PAPER[net], n["unknown"],
            sum(float(r[5]) for r in mine) / len(mine)))


def check(a):
    with gzip.open(a.check, "rt") as f:
        rows = list(csv.DictReader(f))
    drawn, wrong, left = random.Random(a.seed).sample(rows, min(a.sample, len(rows))), 0, 0
    for r in drawn:
        q = ask(a, r["network"])
        q = [q[0], "--image", "%s:%s" % (q[2], r["sample"]), *q[3:7], "--time-limit", str(a.limit), "--json", "--quiet"]
        said = subprocess.run([NETMIP, "solve", *q], capture_output=True, text=True)
        d = json.loads(said.stdout) if said.stdout else sys.exit(said.stderr)
        got = "misclassified" if d["label"] != d["predicted"] else d["verdict"]
        left += got == "unknown" != r["verdict"]
        if "unknown" not in (got, r["verdict"]) and got != r["verdict"]:
            wrong += 1
            print("%s, sample %s: %s, but %s was kept" % (r["network"], r["sample"], got, r["verdict"]))
    print("%d of %d rows asked again: %d contradict, %d were left open by the limit" % (len(drawn), len(rows), wrong, left))
    return 1 if wrong else 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("truth")
    p.add_argument("--nets", default="wk17a,rsl18a")
    p.add_argument("--range", default="0:10000")
    p.add_argument("--limit", type=float, default=20)
    p.add_argument("--workers", default="auto")
    p.add_argument("--dir", default=os.path.join(ROOT, "build", "paper-table1"))
    p.add_argument("--again", action="store_true")
    p.add_argument("--write")
    p.add_argument("--check")
    p.add_argument("--sample", type=int, default=50)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    if a.check:
        return check(a)
    rows = [r for net in a.nets.split(",") for r in campaign(a, net)]
    table(rows)
    if a.write:
        with open(a.write, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0) as z:
            z.write("".join(",".join(map(str, r)) + "\n" for r in [COLUMNS, *rows]).encode())
    return 0


sys.exit(main())
