#!/usr/bin/env python3
"""Holds the program against every line of models/facts.csv, which was established without it (numpy, torch, fractions):
outputs, predictions, accuracy, attacks found, proofs by interval bounds, exact extremes over boxes."""
import csv, json, sys

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import ROOT, check, done, m, p, put
from tiny import box

IMAGES, LABELS = "models/digits-test-images.idx3.gz", "models/digits-test-labels.idx1.gz"


def run(*args):
    return kit.run(*args, "--quiet", timeout=1200, cwd=ROOT)


def net_of(row):
    return "models/%s.onnx" % row["network"]


def image_of(row):
    if ";" not in row["image"]:
        return "%s:%s" % (IMAGES, row["image"])
    return put("x.csv", row["image"].replace(";", ",") + "\n")


def evaluate(row):
    code, out, err = run("eval", net_of(row), "--image", image_of(row), "--json")
    if code:
        return check(row, False, err)
    d = json.loads(out)
    if row["fact"] == "predicted":
        return check(row, d["predicted"] == int(row["value"]))
    want = [float(v) for v in row["value"].split()]
    got = d["outputs"]["float64"]
    check(row, len(got) == len(want) and all(abs(a - b) <= 1e-9 * (1 + abs(b)) for a, b in zip(got, want)), got)


def accuracy(row):
    code, out, err = run("batch", "--json", net_of(row), "--images", IMAGES, "--labels", LABELS, "--perturb", "linf:0", "--no-solve", "--no-attack",
                         "--dir", p("accuracy-" + row["network"]))
    d = json.loads(out) if code == 0 else {"misclassified": -1}
    check(row, abs(1 - d["misclassified"] / 200 - float(row["value"])) < 1e-9, (d, err))


def certified_count(row):
    """interval bounds with the last layer taken as differences prove so many: ours must prove as many at least"""
    code, out, err = run("batch", "--json", net_of(row), "--images", IMAGES, "--labels", LABELS, "--perturb", "linf:" + row["epsilon"],
                         "--no-solve", "--no-attack", "--no-branch", "--dir",
                         p("%s-%s" % (row["network"], row["epsilon"])))
    d = json.loads(out) if code == 0 else {}
    check(row, d.get("holds", -1) >= int(row["value"]), (d, err))


def solve(row):
    code, out, err = run("solve", net_of(row), "--image", image_of(row), "--label", row["label"], "--perturb",
                         "linf:" + row["epsilon"], "--json", "--time-limit", "600")
    want = {"violated": 10, "certified_ibp": 0}[row["value"]]
    check(row, code == want, (code, err))


def extreme(row):
    """the least (largest) value of an output over a box, from both sides"""
    x, e, k, v = [float(t) for t in row["image"].split(";")], float(row["epsilon"]), row["label"], float(row["value"])
    outputs = len(json.loads(run("eval", net_of(row), "--image", image_of(row), "--json")[1])["outputs"]["float64"])
    sign = 1 if row["fact"] == "min_output" else -1
    for off, want in ((1e-6, 10), (-1e-6, 0)):
        claim = "(%s Y_%s %r)" % ("<=" if sign > 0 else ">=", k, v + sign * off)
        code, out, err = run("solve", net_of(row), put("q.vnnlib", box([c - e for c in x], [c + e for c in x], outputs, claim)))
        check(row, code == want, (off, code, out, err))


KINDS = {"outputs": evaluate, "predicted": evaluate, "accuracy": accuracy, "certified_ibp_count": certified_count, "pgd": solve,
         "min_output": extreme, "max_output": extreme}
for fact in csv.DictReader(open(m("facts.csv"))):
    KINDS[fact["fact"]](fact)
done()
