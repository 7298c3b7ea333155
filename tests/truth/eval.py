#!/usr/bin/env python3
"""Evaluates the networks of the truth pack (30 networks, 3 inputs each, and the op zoo) and compares with its
reference outputs, within the tolerance written there. Skips, and says so, when the pack is absent."""
import json, os, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, parts, put, run, truth
from tiny import npy

TRUTH = truth()


def evaluate(net, x):
    code, out, err = run("eval", net, "--image", put("x.npy", npy(x)), "--json", timeout=600)
    return code, json.loads(out) if code == 0 else None, err


def far(y, want, tol):
    return len(y) != len(want) or any(abs(a - b) > tol for a, b in zip(y, want))


def networks():
    ref = os.path.join(TRUTH, "reference_outputs")
    for name in sorted(os.listdir(ref)):
        d = json.load(open(os.path.join(ref, name)))
        for i, c in enumerate(d["cases"]):
            code, out, err = evaluate(os.path.join(TRUTH, d["network"]), c["x"])
            y = c.get("y", c.get("y_float64", c.get("outputs")))
            if out is None:
                check("%s input %d: %s" % (d["network"], i, err.strip()), False)
                continue
            bad64 = far(out["outputs"]["float64"], y, d["tolerance"]["float64_abs"])
            bad32 = far(out["outputs"]["float32"], y, d["tolerance"]["float32_abs"])
            check("%s input %d%s" % (d["network"], i, " float64" * bad64 + " float32" * bad32), not (bad64 or bad32))


def zoo():
    ref = json.load(open(os.path.join(TRUTH, "op_zoo", "reference_outputs.json")))
    for name, d in sorted(ref.items()):
        if not isinstance(d, dict) or "inputs" not in d:
            continue
        x = [v for t in d["inputs"].values() for v in t["data"]]
        code, out, err = evaluate(os.path.join(TRUTH, "op_zoo", name), x)
        if "training_mode_true" in name:  # its output would be random
            check("%s is refused by name" % name, code == 4 and any(o in err for o in d["ops"]))
            continue
        if out is None:
            check("%s: %s" % (name, err.strip()), False)
            continue
        want = [v for t in d["outputs"].values() for v in t["data"]]
        check(name, not far(out["outputs"]["float64"], want, 1e-9))


parts(networks, zoo)
