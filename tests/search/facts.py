#!/usr/bin/env python3
"""Holds the program against every line of models/facts.csv, which was established without it (numpy, torch, fractions):
outputs, predictions, accuracy, attacks found, proofs by interval bounds, exact extremes over boxes."""
import csv, json, os, subprocess, sys, tempfile

ROOT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
IMAGES, LABELS = "models/digits-test-images.idx3.gz", "models/digits-test-labels.idx1.gz"
count = {"passed": 0, "failed": 0}
TMP = tempfile.mkdtemp()


def say(ok, what):
    count["passed" if ok else "failed"] += 1
    if not ok:
        print("FAIL", what)


def run(*args):
    r = subprocess.run([NETMIP, *args, "--quiet"], cwd=ROOT, capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def net_of(row):
    return "models/%s.onnx" % row["network"]


def image_of(row):
    if ";" not in row["image"]:
        return "%s:%s" % (IMAGES, row["image"])
    path = os.path.join(TMP, "x.csv")
    with open(path, "w") as f:
        f.write(row["image"].replace(";", ",") + "\n")
    return path


def evaluate(row):
    code, out, err = run("eval", net_of(row), "--image", image_of(row), "--json")
    if code:
        return say(False, (row, err))
    d = json.loads(out)
    if row["fact"] == "predicted":
        return say(d["predicted"] == int(row["value"]), row)
    want = [float(v) for v in row["value"].split()]
    got = d["outputs"]["float64"]
    say(len(got) == len(want) and all(abs(a - b) <= 1e-9 * (1 + abs(b)) for a, b in zip(got, want)), (row, got))


def accuracy(row):
    code, out, err = run("batch", net_of(row), "--images", IMAGES, "--labels", LABELS, "--perturb", "linf:0", "--no-solve", "--no-attack",
                         "--dir", os.path.join(TMP, "accuracy-" + row["network"]))
    d = json.loads(out) if code == 0 else {"misclassified": -1}
    say(abs(1 - d["misclassified"] / 200 - float(row["value"])) < 1e-9, (row, d, err))


def certified_count(row):
    """interval bounds with the last layer taken as differences prove so many: ours must prove as many at least"""
    code, out, err = run("batch", net_of(row), "--images", IMAGES, "--labels", LABELS, "--perturb", "linf:" + row["epsilon"],
                         "--no-solve", "--no-attack", "--no-branch", "--dir",
                         os.path.join(TMP, "%s-%s" % (row["network"], row["epsilon"])))
    d = json.loads(out) if code == 0 else {}
    say(d.get("holds", -1) >= int(row["value"]), (row, d, err))


def solve(row):
    code, out, err = run("solve", net_of(row), "--image", image_of(row), "--label", row["label"], "--perturb",
                         "linf:" + row["epsilon"], "--json", "--time-limit", "600")
    want = {"violated": 10, "certified_ibp": 0}[row["value"]]
    say(code == want, (row, code, err))


def extreme(row):
    """the least (largest) value of an output over a box, from both sides"""
    x, e, k, v = [float(t) for t in row["image"].split(";")], float(row["epsilon"]), row["label"], float(row["value"])
    outputs = len(json.loads(run("eval", net_of(row), "--image", image_of(row), "--json")[1])["outputs"]["float64"])
    sign = 1 if row["fact"] == "min_output" else -1
    for off, want in ((1e-6, 10), (-1e-6, 0)):
        text = "".join("(declare-const X_%d Real)\n(assert (and (>= X_%d %r) (<= X_%d %r)))\n" % (i, i, c - e, i, c + e)
                       for i, c in enumerate(x))
        text += "".join("(declare-const Y_%d Real)\n" % j for j in range(outputs))
        text += "(assert (%s Y_%s %r))\n" % ("<=" if sign > 0 else ">=", k, v + sign * off)
        path = os.path.join(TMP, "q.vnnlib")
        with open(path, "w") as f:
            f.write(text)
        code, out, err = run("solve", net_of(row), path)
        say(code == want, (row, off, code, out, err))


KINDS = {"outputs": evaluate, "predicted": evaluate, "accuracy": accuracy, "certified_ibp_count": certified_count, "pgd": solve,
         "min_output": extreme, "max_output": extreme}
for fact in csv.DictReader(open(os.path.join(ROOT, "models", "facts.csv"))):
    KINDS[fact["fact"]](fact)
print("facts: %(passed)d passed, %(failed)d failed, 0 skipped" % count)
sys.exit(count["failed"] > 0)
