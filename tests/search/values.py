#!/usr/bin/env python3
"""Worst margins and ranges under a time limit: what is proven when models are cut short, and decisions go on, is true, and so is the value;
both are compared with the same question without a limit."""
import json, random, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, fork_runs, m, p, parts, put, run
from tiny import network, relus
fork_runs()

rng = random.Random(11)


def ask(k, objective, *more):
    label = ("--label", "0") if objective == "worst" else ()
    code, out, err = run("solve", p("n%d.json" % k), "--image", p("x.csv"), "--perturb", "linf:0.4", "--domain", "-1,1", "--objective", objective,
                         *label, "--json", "--quiet", *more)
    check("exit code", code in (0, 10, 11), (code, err))
    d = json.loads(out)
    check("by says how a counterexample was found", all(t["status"] != "violated" or t.get("by") != "bounds" for t in d["targets"]), d["targets"])
    return d.get("objective") or {**d["range"], "verdict": d["verdict"]}


def random_network(k, sizes):
    pairs = [([[rng.gauss(0, 1) for _ in range(a)] for _ in range(b)], [rng.gauss(0, 0.3) for _ in range(b)]) for a, b in zip(sizes, sizes[1:])]
    put("n%d.json" % k, network([sizes[0]], relus(*pairs)))


def worst():
    decided = 0
    for k in range(6):
        sizes = rng.choice(([4, 10, 10, 8, 3], [5, 12, 12, 4], [4, 16, 3]))
        random_network(k, sizes)
        put("x.csv", ",".join(repr(rng.uniform(-0.5, 0.5)) for _ in range(sizes[0])) + "\n")
        true = ask(k, "worst")
        check("nothing stopped it", "why" not in true, true)
        check("value and bound meet", true["bound"] <= true["value"] <= true["bound"] + 1e-5 * (1 + abs(true["value"])), true)
        for more in (("--time-limit", "0.02"), ("--time-limit", "0.1", "--no-attack"), ("--time-limit", "0.5"), ("--time-limit", "0.5", "--threads", "2")):
            cut = ask(k, "worst", *more)
            decided += cut["bound"] > true["bound"] - 1e-4
            check("a bound is true", cut["bound"] <= true["value"] + 1e-9, (more, cut, true))
            apart = cut.get("value") is not None and cut["bound"] < cut["value"] - 1e-5 * (1 + abs(cut["value"]))
            check("it is said that they do not meet", not apart or "value and bound" in cut.get("why", ""), (more, cut))
            check("so is a value", cut.get("value") is None or cut["value"] >= true["bound"] - 1e-9, (more, cut, true))
    check("some are decided", decided > 4, decided)


def ranges():
    for k in range(6, 12):
        sizes = rng.choice(([4, 10, 10, 8, 3], [5, 12, 12, 4], [4, 16, 3]))
        random_network(k, sizes)
        put("x.csv", ",".join(repr(rng.uniform(-0.5, 0.5)) for _ in range(sizes[0])) + "\n")
        true = ask(k, "range:Y_0-Y_1")
        for more in (("--time-limit", "0.02"), ("--time-limit", "0.1"), ("--time-limit", "0.5")):
            cut = ask(k, "range:Y_0-Y_1", *more)
            check("ends are true", cut["lo"] <= true["min"] + 1e-9 and cut["hi"] >= true["max"] - 1e-9, (more, cut, true))
            check("so are values", cut["min"] >= true["lo"] - 1e-9 and cut["max"] <= true["hi"] + 1e-9, (more, cut, true))
            near = max(cut["min"] - cut["lo"], cut["hi"] - cut["max"]) <= 1e-6 * (1 + max(abs(cut["lo"]), abs(cut["hi"])))
            check("done says that they meet", cut["verdict"] != "done" or near, (more, cut))


def spheres():
    """over an L2 ball the attack's point is hardly ever the very least one: bisection closes what that leaves, without a limit, too"""
    met = 0
    for k in range(12, 24):
        sizes = rng.choice(([3, 6, 3], [2, 5, 4, 3], [4, 6, 3]))
        random_network(k, sizes)
        put("x.csv", ",".join(repr(rng.uniform(-0.5, 0.5)) for _ in range(sizes[0])) + "\n")
        ask_ball = [run("solve", p("n%d.json" % k), "--image", p("x.csv"), "--perturb", "l2:0.35", "--domain", "-1,1", "--label", "0", "--objective", "worst", "--json",
                        "--quiet", *more) for more in ([], ["--time-limit", "20"])]
        free, limited = (json.loads(out)["objective"] for code, out, err in ask_ball)
        check("bounds are below values", max(free["bound"], limited["bound"]) <= min(free["value"], limited["value"]) + 1e-9, (k, free, limited))
        met += free["bound"] >= free["value"] - 1e-5 * (1 + abs(free["value"]))
    check("value and bound meet, mostly", met >= 10, met)


def said():
    """a counterexample is one, whether or not its distance is proven; of many targets, those that hold are counted"""
    ask = [m("digits-mlp.onnx"), "--image", m("digits-test-images.idx3.gz:3"), "--perturb", "linf:0.11", "--objective", "closest:linf", "--quiet", "--json"]
    for limit in ("0.2", "60"):
        code, out, err = run("solve", *ask, "--time-limit", limit)
        d = json.loads(out)
        o = d["objective"]
        check("violated within %s s" % limit, code == 10 and d["verdict"] == "violated" and o["bound"] <= o["value"], (code, d))
        check("a reason where it is not proven, %s s" % limit, ("why" in o) == (o["bound"] < o["value"] * (1 - 1e-6)), o)
    code, out, err = run("solve", m("digits-conv.onnx"), "--image", m("digits-test-images.idx3.gz:1"), "--perturb", "patch:4x4", "--quiet")
    check("targets that hold are counted", code == 10 and "  of 5625 targets, " in out and out.count("  target ") < 50, out[:2000])


parts(worst, ranges, spheres, said)
