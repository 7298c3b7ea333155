#!/usr/bin/env python3
"""The solver interface of the VNN-LIB 2.0 standard: output word by word, assignments against the query's own formulas in exact
rationals, strictly read, unsat against samples; one network and several, equal, isomorphic or neither, with inputs shared or
related; ties that a strict comparison excludes; refusals; `supports` as a caller parses it."""
import itertools, random, re, sys, time
from fractions import Fraction as F

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import ROOT, check, m, p, parts, put, run
import tiny

rng = random.Random(21)
WORDS = {"sat", "unsat", "unknown", "timed-out"}


# ---- queries: text and truth of the same random formula ----

def random_net(name):
    def num():
        return rng.randint(-8, 8) / 4
    w = [[num(), num()] for _ in range(3)], [num() for _ in range(3)], [[num() for _ in range(3)] for _ in range(2)], [num(), num()]
    put(name, tiny.network([2], tiny.relus((w[0], w[1]), (w[2], w[3]))))
    return w


def value(w, x):
    hid = [max(F(0), F(b) + sum(F(a) * v for a, v in zip(r, x))) for r, b in zip(w[0], w[1])]
    return [F(b) + sum(F(a) * v for a, v in zip(r, hid)) for r, b in zip(w[2], w[3])]


def term(names, depth=1):
    kind = rng.randrange(5) if depth else rng.randrange(3)
    if kind == 0:
        k = F(rng.randint(-8, 8), 4)
        return str(float(k)), lambda v, k=k: k
    if kind < 3:
        n = rng.choice(names)
        return n, lambda v, n=n: v[n]
    (a, fa), (b, fb) = term(names, depth - 1), term(names, depth - 1)
    op = rng.choice("+-*")
    if op == "*":
        k = F(rng.randint(-6, 6), 2)
        return "(* %s %s)" % (float(k), a), lambda v: k * fa(v)
    return "(%s %s %s)" % (op, a, b), lambda v: fa(v) + fb(v) if op == "+" else fa(v) - fb(v)


RELATION = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b}


def formula(names, depth):
    if depth == 0 or rng.random() < 0.3:
        (a, fa), (b, fb) = term(names), term(names)
        op = rng.choice(["<", "<=", ">", ">=", "<=", ">=", "!=", "=="])
        return "(%s %s %s)" % (op, a, b), lambda v: RELATION[op](fa(v), fb(v))
    subs = [formula(names, depth - 1) for _ in range(rng.randint(1, 3))]
    op, all_or_any = rng.choice((("and", all), ("or", any)))
    return "(%s %s)" % (op, " ".join(s[0] for s in subs)), lambda v: all_or_any(f(v) for _, f in subs)


def box(names):
    return "".join("(assert (and (<= -1.0 %s) (<= %s 1.0)))\n" % (n, n) for n in names)


def assignment(lines):
    """{element: value} of the lines after sat, the names in order, and whether they are as the standard has them"""
    out, order, at = {}, [], 0
    while at < len(lines):
        head = re.fullmatch(r"([A-Za-z]\w*) (\w+) \[((?:\d+(?:,\d+)*)?)\]", lines[at])
        if not head:
            return None, order
        order.append(head.groups())
        dims = [int(d) for d in head.group(3).split(",")] if head.group(3) else []
        for index in itertools.product(*map(range, dims)):
            at += 1
            out[head.group(1) + ("[%s]" % ",".join(map(str, index)) if dims else "")] = F(float(lines[at]))
        at += 1
    return out, order


def elements(*names):
    return ["%s[%d]" % (n, i) for n in names for i in range(2)]


def one_network():
    seen = []
    for _ in range(60):
        w = random_net("n.json")
        names = elements("X", "Y")
        text, f = formula(names, 2)
        q = put("q.vnnlib", "(vnnlib-version <2.0>)\n(declare-network n (declare-input X real [2]) (declare-output Y real [2]))\n" + box(elements("X")) + "(assert %s)\n" % text)
        code, out, err = run("verify", q, "--network", "n=" + p("n.json"), "--timeout", "60")
        judge(seen, text, f, out, code, err, [("X", "real", "2"), ("Y", "real", "2")], lambda v: dict(zip(elements("Y"), value(w, [v["X[0]"], v["X[1]"]]))),
              [dict(zip(elements("X"), map(F, x))) for x in itertools.product([F(i, 4) for i in range(-4, 5)], repeat=2)])
    check("both answers, and few that are none", seen.count("sat") > 10 and seen.count("unsat") > 5 and seen.count("unknown") < 6, {w: seen.count(w) for w in WORDS})


def judge(seen, text, f, out, code, err, order, outputs, points):
    lines = out.splitlines()
    word = lines[0] if lines else ""
    seen.append(word)
    check("an answer", code == 0 and word in WORDS and (word == "sat") == (len(lines) > 1), (code, out, err))
    if word == "sat":
        v, got = assignment(lines[1:])
        check("variables as they are declared", got == order, (got, order))
        exact = {**{n: v[n] for n in v if not n.startswith(("Y", "V", "W"))}}
        exact.update(outputs(exact))
        check("outputs are the networks'", all(abs(v[n] - exact[n]) <= F(1, 10 ** 12) for n in exact), (v, exact))
        check("the formulas are true at it, strictly", all(-1 <= exact[n] <= 1 for n in exact if n[0] in "XU") and f(exact), (text, out))
    if word == "unsat":
        hit = [x for x in points if f({**x, **outputs(x)})]
        check("no sample is one", not hit, (text, hit[:1]))


def several():
    seen = []
    for k in range(60):
        w = random_net("n.json")
        kind = ("equal-to", "isomorphic-to", "", "equal-to")[k % 4]
        w2 = w if kind == "equal-to" else random_net("m.json")
        shared = [i for i in range(2) if rng.random() < 0.6]
        text, f = formula(elements("X", "U", "Y", "V"), 1)
        near, relation = F(rng.randint(1, 4), 4), rng.randrange(3)
        rows = "".join("(assert (== U[%d] X[%d]))\n" % (i, i) for i in shared)
        rows += "".join("(assert (and (<= (- X[%d] U[%d]) %s) (<= (- U[%d] X[%d]) %s)))\n" % (i, i, float(near), i, i, float(near)) for i in range(2) if i not in shared and relation)
        full = lambda v, f=f, shared=shared: f(v) and all(v["U[%d]" % i] == v["X[%d]" % i] if i in shared else not relation or abs(v["U[%d]" % i] - v["X[%d]" % i]) <= near for i in range(2))
        q = put("q.vnnlib", "(vnnlib-version <2.0>)\n(declare-network f (declare-input X real [1,2]) (declare-output Y real [2]))\n(declare-network g %s (declare-input U real [1,2]) (declare-output V real [2]))\n" %
                ("(%s f)" % kind if kind else "") + (box(elements("X", "U")) + rows + "(assert %s)\n" % text).replace("X[", "X[0,").replace("U[", "U[0,"))
        nets = ["--network", "f=" + p("n.json")] + (["--network=g=" + p("m.json")] if kind != "equal-to" else [])
        code, out, err = run("verify", *nets[:2], q, *nets[2:])
        out = re.sub(r"^([XU]) real \[1,2\]$", r"\1 real [2]", out, flags=re.M)
        outputs = lambda v: {**dict(zip(elements("Y"), value(w, [v["X[0]"], v["X[1]"]]))), **dict(zip(elements("V"), value(w2, [v["U[0]"], v["U[1]"]])))}
        points = []
        for _ in range(150):
            x = {n: F(rng.randint(-4, 4), 4) for n in elements("X", "U")}
            x.update({"U[%d]" % i: x["X[%d]" % i] for i in shared})
            points.append(x)
        judge(seen, text, full, out, code, err, [(n, "real", "2") for n in "XYUV"], outputs, points)
    check("of several: both answers", seen.count("sat") > 10 and seen.count("unsat") > 4 and seen.count("unknown") < 10, {w: seen.count(w) for w in WORDS})


def three():
    """three networks, one equal, one isomorphic; all read the same inputs: (f + g)/2 and h, where h is f"""
    w, w2 = random_net("a.json"), random_net("b.json")
    text = "(vnnlib-version <2.0>)\n(declare-network f (declare-input X real [2]) (declare-output Y real [2]))\n" \
        "(declare-network g (isomorphic-to f) (declare-input U real [2]) (declare-output V real [2]))\n(declare-network h (equal-to f) (declare-input S real [2]) (declare-output W real [2]))\n" + \
        box(elements("X")) + "(assert (and (== X[0] U[0] S[0]) (== X[1] U[1]) (== U[1] S[1])))\n"
    nets = ["--network", "g=" + p("b.json"), "--network", "f=" + p("a.json")]
    code, out, err = run("verify", put("q.vnnlib", text + "(assert (!= Y[0] W[0]))"), *nets)
    check("a copy never differs: unsat or unknown, never sat", code == 0 and out in ("unsat\n", "unknown\n"), (out, err))
    code, out, err = run("verify", put("q.vnnlib", text + "(assert (or (<= (+ Y[0] 0.001) W[0]) (>= Y[1] (+ W[1] 0.001))))"), *nets)
    check("a copy differs by nothing", (code, out) == (0, "unsat\n"), (out, err))
    code, out, err = run("verify", put("q.vnnlib", text + "(assert (== (- Y[0] V[0]) (- W[0] V[0])))"), *nets)
    v, order = assignment(out.splitlines()[1:]) if out.startswith("sat\n") else (None, None)
    check("six tensors in order", v and [n for n, _, _ in order] == ["X", "Y", "U", "V", "S", "W"] and all(v["X[%d]" % i] == v["U[%d]" % i] == v["S[%d]" % i] for i in range(2)), (out, err))
    code, out, err = run("inspect", p("q.vnnlib"))
    check("inspect counts joined inputs once", code == 0 and out.startswith("inputs 2 outputs 6 cases 1"), (out, err))


def ties():
    """what is true at a tie alone, or everywhere but at ties"""
    put("id.json", tiny.network([2], [tiny.dense([[1, 0], [0, 1]], [0, 0])]))
    head = "(vnnlib-version <2.0>)\n(declare-network n (declare-input X real [2]) (declare-output Y real [2]))\n" + box(elements("X"))
    for text, want in (("(< Y[0] -1.0)", {"unknown", "unsat"}), ("(<= Y[0] -1.0)", {"sat"}), ("(> X[0] 1.0)", {"unknown", "unsat"}), ("(and (< X[0] 1.0) (> X[0] 0.999999) (< X[1] X[0]))", {"sat"}),
                       ("(!= Y[0] Y[1])", {"sat"}), ("(and (!= Y[0] 0.5) (>= Y[0] 0.5))", {"sat"}), ("(and (>= Y[0] 0.5) (<= Y[0] 0.5) (!= X[0] 0.5))", {"unknown"}), ("(and (< Y[0] Y[1]) (> Y[0] Y[1]))", {"unknown", "unsat"}),
                       ("(and (< Y[0] 0.25) (> Y[0] 0.5))", {"unsat"}), ("(== Y[0] 0.1)", {"sat", "unknown"})):
        code, out, err = run("verify", put("q.vnnlib", head + "(assert %s)" % text), "--network", "n=" + p("id.json"))
        check(text, code == 0 and out.split("\n")[0] in want, (out, err))
    code, out, err = run("verify", put("q.vnnlib", head + "(assert (< Y[0] -1.0))"), "--network", "n=" + p("id.json"))
    check("says why", out != "unknown\n" or "tie that the query excludes" in err, err)
    one = "".join("(declare-const %s Real)\n" % v for v in ("X_0", "X_1", "Y_0", "Y_1")) + "(assert (and (<= -1 X_0) (<= X_0 1) (<= -1 X_1) (<= X_1 1)))"
    for text, want in (("(not (= Y_0 Y_1))", {"sat"}), ("(let ((f (< Y_0 -1))) (or f (and f true)))", {"unknown", "unsat"}), ("(=> (<= Y_0 1) (< Y_1 (- 0.5)))", {"sat"}), ("false", {"unsat"}), ("true", {"sat"})):
        code, out, err = run("verify", put("q1.vnnlib", one + "(assert %s)" % text), "--network", p("id.json"))
        check("VNN-LIB 1: " + text, code == 0 and out.split("\n")[0] in want, (out, err))
        if out.startswith("sat"):
            v, order = assignment(out.splitlines()[1:])
            check("its assignment", v is not None and [o[0] for o in order] == ["X_0", "X_1", "Y_0", "Y_1"], out)


def endings():
    """a Sigmoid and an ArgMax at the end: the file's own outputs are printed, and strict ones judged"""
    try:
        import numpy as np
        import onnx
        from onnx import TensorProto as T, helper as h, numpy_helper as nh
    except ImportError:
        return
    for op, attrs, shape in (("Sigmoid", {}, "[1,2]"), ("Softmax", {"axis": 1}, "[1,2]"), ("Tanh", {}, "[1,2]"), ("ArgMax", {"axis": 1, "keepdims": 0}, "[1]")):
        g = h.make_graph([h.make_node("MatMul", ["x", "w"], ["z"]), h.make_node(op, ["z"], ["y"], **attrs)], "g", [h.make_tensor_value_info("x", T.FLOAT, [1, 2])],
                         [h.make_empty_tensor_value_info("y")], [nh.from_array(np.array([[1, -1], [2, 1]], np.float32), "w")])
        onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 13)]), p(op + ".onnx"))
        head = "(vnnlib-version <2.0>)\n(declare-network n (declare-input X real [1,2]) (declare-output Y real %s))\n" % shape + box(elements("X")).replace("X[", "X[0,")
        cases = {"ArgMax": (("(== Y[0] 1)", "sat"), ("(> Y[0] 1)", "unsat"), ("(< Y[0] 1)", "sat"), ("(!= Y[0] 0)", "sat")),
                 "Sigmoid": (("(> Y[0,0] 0.9)", "sat"), ("(< Y[0,0] 0.01)", "unsat"), ("(and (< Y[0,0] 0.5) (< Y[0,1] 0.5))", "sat")),
                 "Softmax": (("(> Y[0,0] 0.9)", "sat"), ("(> Y[0,0] 0.999)", "unsat"), ("(and (< Y[0,0] 0.6) (> Y[0,0] Y[0,1]))", "sat")),
                 "Tanh": (("(> Y[0,0] 0.99)", "sat"), ("(> Y[0,0] 0.996)", "unsat"), ("(>= Y[0,0] 1.0)", "unsat"))}[op]
        for text, want in cases:
            code, out, err = run("verify", put("q.vnnlib", head + "(assert %s)" % text), "--network", "n=" + p(op + ".onnx"))
            check("%s: %s" % (op, text), code == 0 and out.split("\n")[0] == want, (out, err))
            if want == "sat" and out.startswith("sat"):
                v, _ = assignment(out.splitlines()[1:])
                z = [float(v["X[0,0]"] + 2 * v["X[0,1]"]), float(v["X[0,1]"] - v["X[0,0]"])]
                y = {"ArgMax": [float(z[1] > z[0])], "Sigmoid": [1 / (1 + np.exp(-a)) for a in z], "Tanh": [np.tanh(a) for a in z], "Softmax": [1 / (1 + np.exp(z[1] - z[0])), 1 / (1 + np.exp(z[0] - z[1]))]}[op]
                check("%s prints its own outputs" % op, np.allclose([float(v[n]) for n in v if n[0] == "Y"], y, rtol=1e-12, atol=0), (out, y))


def refusals():
    net, xor = "--network", m("tiny-xor.onnx")
    v2 = "(vnnlib-version <2.0>)\n(declare-network f (declare-input X real [2]) (declare-output Y real [2]))\n"
    g = "(declare-network g %s(declare-input U real [2]) (declare-output V real [2]))\n"
    good = box(elements("X"))
    both = box(elements("X", "U"))
    for name, text, args, code, needle in (
            ("no network", v2 + good, [], 2, "--network NAME=FILE was expected"), ("a network too few", v2 + g % "" + both, [net, "f=" + xor], 2, "declares network g, but no file is given"),
            ("one without a name", v2 + g % "" + both, [net, xor, net, "g=" + xor], 2, "with a name that"), ("one that is not declared", v2 + good, [net, "h=" + xor], 2, "which network is"),
            ("one for an equal one", v2 + g % "(equal-to f) " + both, [net, "f=" + xor, net, "g=" + xor], 2, "it takes no file"), ("one twice", v2 + good, [net, "f=" + xor, net, "f=" + xor], 2, "a second file for network f"),
            ("float16", v2.replace("X real", "X float16") + good, [net, "f=" + xor], 4, ":2:37: float16: this element type"), ("float16's way out", v2.replace("X real", "X float16") + good, [net, "f=" + xor], 4, "real asks about the exact function"),
            ("hidden", v2.replace("(declare-output", '(declare-hidden H real [3] "h") (declare-output') + good, [net, "f=" + xor], 4, "declare-hidden: values inside"),
            ("a chain of likeness", v2 + g % "(equal-to f) " + (g % "(equal-to g) ").replace("network g", "network h").replace("U real", "S real").replace("V real", "W real") + both, [net, "f=" + xor], 3, "a network that is not itself equal"),
            ("two relations", v2 + g % "(equal-to f) (isomorphic-to f) " + both, [net, "f=" + xor], 3, "one relation"), ("other shapes", v2 + (g % "(equal-to f) ").replace("U real [2]", "U real [1,2]") + both, [net, "f=" + xor], 3, "that it is like"),
            ("another order", v2 + g.replace("(declare-input U real [2]) (declare-output V real [2])", "(declare-output V real [2]) (declare-input U real [2])") % "(isomorphic-to f) " + both, [net, "f=" + xor, net, "g=" + xor], 3, "that it is like"),
            ("a missing output", v2 + g.replace(" (declare-output V real [2])", "") % "(equal-to f) " + both, [net, "f=" + xor], 3, "that it is like"), ("an unbounded second input", v2 + g % "(equal-to f) " + good, [net, "f=" + xor], 3, "U[0] has no lower bound"),
            ("a wrong shape", v2.replace("X real [2]", "X real [3]") + good, [net, "f=" + xor], 3, "X has shape [3]; in the network [1,2]"), ("no seconds", v2 + good, [net, xor, "--timeout", "0"], 2, "a whole number from 1"), ("half a second", v2 + good, [net, xor, "--timeout", "0.5"], 2, "a whole number"),
            ("two queries", v2 + good, [net, xor, "--query", m("tiny-xor.vnnlib")], 2, "one query"), ("a name twice over networks", v2 + (g % "").replace("U real", "X real") + good, [net, "f=" + xor], 3, "declared twice"),
            ("a product", v2 + good + "(assert (<= (* X[0] Y[0]) 1.0))", [net, xor], 3, "a product of variables")):
        r = run("verify", put("q.vnnlib", text), *args)
        check("refused: " + name, r[0] == code and needle in r[2] and r[1] == "", r)
    r = run("solve", xor, put("q.vnnlib", v2 + g % "(equal-to f) " + both + "(assert (<= Y[0] V[0]))"))
    check("solve names verify", r[0] == 4 and "netmip verify asks about several" in r[2], r)
    r = run("solve", xor, put("q.vnnlib", v2 + g % "" + both + "(assert (<= Y[0] V[0]))"))
    check("solve of two files, too", r[0] == 4 and "netmip verify" in r[2], r)
    r = run("verify", m("tiny-xor.vnnlib"), net, xor, net, xor)
    check("VNN-LIB 1 is about one", r[0] == 2 and "about one network" in r[2], r)


def interface():
    xor = m("tiny-xor.onnx")
    a = run("verify", m("tiny-xor.vnnlib"), "--network", "any=" + xor, "--quiet")
    for args in (["--query", m("tiny-xor.vnnlib"), "--network", xor], ["--network=n=" + xor, m("tiny-xor.vnnlib"), "--timeout", "30"], [m("tiny-xor.vnnlib"), "--network", xor, "--threads", "2"]):
        check("options in any order", run("verify", *args, "--quiet") == a and a[0] == 0 and a[1].startswith("sat\n") and a[2] == "", (args, a))
    r = run("verify", m("tiny-xor.vnnlib"), "--network", xor, "--serialise-assignments", p("out"))
    check("an assignment is printed where it cannot be serialised", r[0] == 0 and r[1] == a[1] and "not supported" in r[2], r)
    check("two copies", run("verify", m("tiny-xor-twice.vnnlib"), "--network", "f=" + xor)[:2] == (0, "unsat\n"))
    began = time.time()
    q = put("wide.vnnlib", tiny.box([0.0] * 784, [1.0] * 784, 10, "(and %s)" % " ".join("(>= Y_%d (+ Y_%d 0.5))" % (j, j + 1) for j in range(9))))
    r = run("verify", q, "--network", m("digits-mlp3.onnx"), "--timeout", "2")
    check("a timeout", r[0] == 0 and r[1].split("\n")[0] in WORDS and time.time() - began < 40, (r, time.time() - began))


PERMITTED = {"--hidden-node-theories": {"NH", "H"}, "--multiple-input-output-theories": {"SIO", "MIO"}, "--multiple-network-theories": {"SNET", "MENET", "MINET", "MNET"},
             "--multiple-node-comparison-theories": {"SNC", "MNC"}, "--arithmetic-complexity-theories": {"BND", "OUTC", "LIN", "POLY"}, "--optimised-disjunctive-reasoning": {"true", "false"},
             "--serialise-assignments": {"true", "false"}, "--unsat-proofs": {"true", "false"}, "--onnx-element-types": {"real"}, "--vnnlib-versions": {"1.0", "2.0"}}


def supports():
    for flag, words in PERMITTED.items():
        code, out, err = run("supports", flag)
        check("supports " + flag, code == 0 and err == "" and out.endswith("\n") and out.splitlines() and set(out.splitlines()) <= words, (code, out, err))
    code, out, err = run("supports", "--onnx-opset-versions")
    check("two opsets", code == 0 and len(out.splitlines()) == 2 and 7 == int(out.splitlines()[0]) < int(out.splitlines()[1]), out)
    code, out, err = run("supports", "--onnx-operators")
    ops, table = out.splitlines(), run("inspect", "--ops")[1].split("| refused |")[0]
    check("operators, one a line, once", code == 0 and {"Conv", "Relu", "MatMul", "Gemm", "Add", "Flatten"} <= set(ops) and len(ops) == len(set(ops)) and all(re.fullmatch(r"\w+", o) for o in ops), out)
    check("all of the table, and none that ends a network alone", all(re.search(r"\b%s\b" % o, table) for o in ops) and not {"Softmax", "Sigmoid", "ArgMax", "Tanh", "LogSoftmax"} & set(ops), ops)
    for args in ([], ["--hidden-node-theories", "--unsat-proofs"], ["--nothing"], ["x"]):
        r = run("supports", *args)
        check("supports %s: refused" % args, r[0] == 2 and r[1] == "", r)
    check("name and version", run("--name")[:2] == (0, "netmip\n") and re.fullmatch(r"\d+\.\d+\.\d+\n", run("--version")[1]))


parts(one_network, several, three, ties, endings, refusals, interface, supports)
