#!/usr/bin/env python3
"""The competition's three scripts: result words, and witnesses that evaluate to what they state, of shipped networks and of the
truth pack's families; what is refused, what is missing, and a time limit."""
import csv, json, os, re, subprocess, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, ROOT, check, m, p, parts, put, run, skip, text_of

SCRIPTS = os.path.join(ROOT, "scripts", "vnncomp")
TRUTH = os.path.join(ROOT, "..", "shared", "truth")


def script(name, *args):
    return subprocess.run(["sh", os.path.join(SCRIPTS, name), *args], capture_output=True, text=True, timeout=200, env={**os.environ, "NETMIP": NETMIP})


def instance(net, prop, limit=60):
    """the lines of the result file"""
    result = p("result.txt")
    if os.path.exists(result):
        os.unlink(result)
    r = script("prepare_instance.sh", "v1", "test", net, prop)
    check("prepare " + prop, r.returncode == 0, r)
    r = script("run_instance.sh", "v1", "test", net, prop, result, str(limit))
    check("run " + prop, r.returncode == 0 and os.path.exists(result), r)
    check("nothing else is left of " + prop, not [f for f in os.listdir(p("")) if f.startswith("result.txt.")])
    return text_of(result).splitlines()


def replays(what, net, lines):
    """the checker's pattern, and outputs that are those of the inputs"""
    text = "\n".join(lines[1:])
    pairs = re.findall(r"\(([XY]_\d+) ([^\s)]+)\)", text)
    check(what + ": the witness is one list of pairs", re.fullmatch(r"\((\([XY]_\d+ [-+.0-9e]+\)\s*)+\)", text), text[:200])
    x = [v for k, v in pairs if k[0] == "X"]
    check(what + ": inputs, then outputs, in order", [k for k, _ in pairs] == ["X_%d" % i for i in range(len(x))] + ["Y_%d" % i for i in range(len(pairs) - len(x))])
    code, out, err = run("eval", net, "--image", put("x.csv", ",".join(x) + "\n"), "--json", "--quiet")
    y = json.loads(out)["outputs"]["float64"] if code == 0 else []
    said = [float(v) for k, v in pairs if k[0] == "Y"]
    check(what + ": the outputs are the network's", len(y) == len(said) and all(abs(a - b) <= 1e-9 * (1 + abs(b)) for a, b in zip(y, said)), (y, said, err, out[:200]))


def shipped():
    lines = instance(m("tiny-xor.onnx"), m("tiny-xor.vnnlib"))
    check("tiny-xor is sat", lines[0] == "sat", lines)
    replays("tiny-xor", m("tiny-xor.onnx"), lines)
    never = text_of(m("tiny-xor.vnnlib")).replace("(assert (>= Y_0 Y_1))", "(assert (>= Y_0 100))")
    check("unsat is a line alone", instance(m("tiny-xor.onnx"), put("never.vnnlib", never)) == ["unsat"])
    v2 = "(vnnlib-version <2.0>)\n(declare-network f (declare-input X real [1,2]) (declare-output Y real [1,2]))\n"
    box = "(assert (and (>= X[0,0] 0.15) (<= X[0,0] 0.35) (>= X[0,1] 0.65) (<= X[0,1] 0.85)))\n(assert (>= Y[0,0] Y[0,1]))\n"
    lines = instance(m("tiny-xor.onnx"), put("two.vnnlib", v2 + box))
    check("VNN-LIB 2 has the standard's assignment", lines[:2] == ["sat", "X real [1,2]"] and lines[4] == "Y real [1,2]" and len(lines) == 7, lines)


def refusals():
    bad = put("bad.vnnlib", "(declare-const X_0 Real)\n(assert (<= X_0 0)\n")
    check("a torn property is an error", instance(m("tiny-xor.onnx"), bad) == ["error"])
    r = script("prepare_instance.sh", "v1", "test", p("none.onnx"), bad)
    check("a file that is not there is not prepared", r.returncode == 5 and "none.onnx" in r.stderr, r)
    for name, args in (("prepare_instance.sh", ["v2", "a", "b", "c"]), ("run_instance.sh", ["v1"]), ("install_tool.sh", ["v9"])):
        r = script(name, *args)
        check(name + " %s" % args, r.returncode == 2 and "was expected" in r.stderr, r)


def truth():
    path = os.path.join(TRUTH, "manifest.csv")
    if not os.path.exists(path):
        return skip("the truth pack is not here")
    seen = {}
    for r in csv.DictReader(open(path)):
        kind = r["network"].split("/")[0], r["expected"]
        if kind in seen or kind[0] in ("oval21", "cifar10_resnet", "eran"):  # those that take more than a few seconds
            continue
        seen[kind] = 1
        net, prop = os.path.join(TRUTH, r["network"]), os.path.join(TRUTH, r["property"])
        start = time.time()
        lines = instance(net, prop, 60)
        check("%s %s is %s" % (r["network"], r["property"], r["expected"]), lines[0] == r["expected"], (lines[:1], time.time() - start))
        if lines[0] == "sat":
            replays(r["property"], net if os.path.exists(net) else net + ".gz", lines)


parts(shipped, refusals, truth)
