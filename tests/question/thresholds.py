#!/usr/bin/env python3
"""Questions about what a Sigmoid, a Tanh or a Softmax of two makes, and about ArgMax's number. Every pulled threshold against
the exact one in 80 digits: the outer end loses no counterexample, the inner one lets no false witness pass, and they are
close; verdicts against the exact extremes of tiny networks, thresholds at them included; flags against the same question
written out; refusals by name."""
import itertools, json, random, sys
from decimal import Decimal as D, getcontext
from fractions import Fraction as F

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import TMP, check, needs, p, parts, put

needs("numpy", "onnx")
import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh

getcontext().prec = 80
rng = random.Random(8)
N = h.make_node


def run(*args):
    return kit.run(*args, cwd=TMP)


def net(name, weights, tail, outputs=("y",), shape=(1, 2), opset=13):
    """x [1,2] -> Gemm, Relu, Gemm -> z, then the nodes of `tail`, which may read c1 = [[1]]"""
    w1, b1, w2, b2 = [np.array(w, np.float32) for w in weights]
    consts = {"w1": w1.T, "b1": b1, "w2": w2.T, "b2": b2, "c1": np.ones((1, 1), np.float32), "s22": np.array([1, 2, -1], np.int64)}
    nodes = [N("Gemm", ["x", "w1", "b1"], ["h"]), N("Relu", ["h"], ["r"]), N("Gemm", ["r", "w2", "b2"], ["z"]), *tail]
    used = {i for n in nodes for i in n.input}
    g = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", T.FLOAT, list(shape))], [h.make_empty_tensor_value_info(o) for o in outputs],
                     [nh.from_array(v, k) for k, v in consts.items() if k in used])
    onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", opset)]), p(name))
    return p(name)


def random_weights(outs, k=3):
    def num():
        return rng.randint(-12, 12) / 4
    return [[num(), num()] for _ in range(k)], [num() for _ in range(k)], [[num() for _ in range(k)] for _ in range(outs)], [num() for _ in range(outs)]


def value(weights, x):
    w1, b1, w2, b2 = weights
    hid = [max(F(0), F(b) + sum(F(a) * v for a, v in zip(r, x))) for r, b in zip(w1, b1)]
    return [F(b) + sum(F(a) * v for a, v in zip(r, hid)) for r, b in zip(w2, b2)]


def vertices(weights):
    """of the arrangement of kinks in [-1,1]^2: where piecewise linear functions take their extremes"""
    w1, b1 = weights[:2]
    lines = [(F(1), F(0), F(1)), (F(1), F(0), F(-1)), (F(0), F(1), F(1)), (F(0), F(1), F(-1))] + [(F(r[0]), F(r[1]), F(b)) for r, b in zip(w1, b1)]
    for (a, b, c), (d, e, f) in itertools.combinations(lines, 2):
        det = a * e - b * d
        if det:
            x = ((b * f - c * e) / det, (c * d - a * f) / det)
            if all(-1 <= v <= 1 for v in x):
                yield list(x)


def text(n_in, n_out, what, lo=-1, hi=1):
    return "".join("(declare-const X_%d Real)(assert (<= %s X_%d))(assert (<= X_%d %s))\n" % (i, lo, i, i, hi) for i in range(n_in)) + \
        "".join("(declare-const Y_%d Real)" % i for i in range(n_out)) + "\n(assert %s)\n" % what


def dec(x):
    x = F(x)
    return D(x.numerator) / D(x.denominator)


def logit(t):
    return (dec(t) / (1 - dec(t))).ln()


# ---- the inverse ----

def rows_of(network, n_out, list):
    """what each of the formulas becomes: (terms, outer, inner)"""
    code, out, err = run("solve", network, put("q.vnnlib", text(2, n_out, "(or %s)" % " ".join(list))), "--dump", "query", "--json", "--quiet")
    check("is read", code == 0, err)
    return [(dict(zip(k["rows"][0]["var"], k["rows"][0]["coef"])), k["rows"][0]["rhs"], k["inner"][0]) for k in json.loads(out)["cases"][0]["clauses"]] if code == 0 else []


def inverses():
    edge = [5e-324, 2.2e-308, 1e-300, 1e-20, 2.0 ** -53, 0.25, 0.4149999, 0.4150001, 0.415, 0.585, 0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1), 0.75, 0.9999999, 1 - 2.0 ** -53, 1 - 2.0 ** -52]
    ts = [float(t) for t in edge] + [rng.random() for _ in range(300)] + [rng.random() * 10.0 ** -rng.randint(1, 300) for _ in range(80)] + [1 - rng.random() * 2.0 ** -rng.randint(1, 50) for _ in range(80)] + \
        [0.5 + (rng.random() - 0.5) * 2.0 ** -rng.randint(1, 50) for _ in range(80)]
    ts = [t for t in ts if 0 < t < 1]
    one = net("s.onnx", random_weights(1), [N("Sigmoid", ["z"], ["y"])])
    for sign, op in ((1, "<="), (-1, ">=")):
        for t, (terms, outer, inner) in zip(ts, rows_of(one, 1, ["(%s Y_0 %r)" % (op, t) for t in ts])):
            z = sign * logit(t)
            check("Sigmoid %s %r" % (op, t), terms == {0: sign} and D(inner) <= z <= D(outer) and D(outer) - D(inner) <= abs(z) * D("3e-14"), (terms, outer, inner, z))
            mid = (D(outer) + D(inner)) / 2
            check("with room for the rounding", t == 0.5 or abs(mid - z) * 8 <= D(outer) - D(inner), (t, outer, inner, z))
    one = net("t.onnx", random_weights(1), [N("Tanh", ["z"], ["y"])])
    ts = [2 * t - 1 for t in ts] + [1e-300, -5e-324, 0.17, 0.1700001, -0.16999]
    for t, (terms, outer, inner) in zip([t for t in ts if t != -1], rows_of(one, 1, ["(<= Y_0 %r)" % t for t in ts if t != -1])):
        z = ((1 + dec(t)) / (1 - dec(t))).ln() / 2 if abs(t) > 1e-20 else dec(t)  # t^3 / 3 is out of sight
        check("Tanh <= %r" % t, terms == {0: 1} and D(inner) <= z <= D(outer) and D(outer) - D(inner) <= abs(z) * D("3e-14") + D("1e-323"), (terms, outer, inner, z))


def sums():
    """c p <= r, and a p_0 + b p_1 <= r: quotients that round, shares that nearly are 0 or 1, what is always or never so"""
    one = net("s.onnx", random_weights(1), [N("Sigmoid", ["z"], ["y"])])
    kinds = []
    for _ in range(300):
        c, r = rng.choice((rng.uniform(-3, 3), rng.randint(-3, 3), 10.0 ** rng.randint(-300, 300))), rng.choice((rng.uniform(-3, 3), rng.randint(-3, 3), 10.0 ** rng.randint(-300, 300)))
        if c:
            kinds.append((float(c), float(r)))
    for (c, r), (terms, outer, inner) in zip(kinds, rows_of(one, 1, ["(<= (* %r Y_0) %r)" % k for k in kinds])):
        if r >= max(c, 0) or r <= min(c, 0):
            check("%r p <= %r is decided" % (c, r), terms == {} and outer == inner == (0 if r >= max(c, 0) else -1), (terms, outer))
            continue
        z = logit(F(r) / F(c)) * (1 if c > 0 else -1)
        check("%r p <= %r" % (c, r), terms == {0: 1 if c > 0 else -1} and D(inner) <= z <= D(outer) and (D(outer) - D(inner) <= abs(z) * D("3e-14") + D("1e-15") or abs(z) > 660), (terms, outer, inner, z))
    two = net("m.onnx", random_weights(2), [N("Softmax", ["z"], ["y"], axis=1)])
    kinds = [(1, -1, 0.3), (-1, 1, -0.3), (1, 1, 1), (1, 1, 0.999), (2, 2, 3), (1e-20, -1, -0.5), (1, 1e-30, 1e-25), (-1, 1e-30, -1), (3, 1, 1), (3, 1, 3), (1e300, -1e300, 5)]
    for _ in range(300):
        kinds.append(tuple(rng.choice((rng.uniform(-3, 3), rng.randint(-3, 3), rng.uniform(-1, 1) * 10.0 ** -rng.randint(0, 40))) for _ in range(3)))
    kinds = [tuple(map(float, k)) for k in kinds if k[0] or k[1]]
    for (a, b, r), (terms, outer, inner) in zip(kinds, rows_of(two, 2, ["(<= (+ (* %r Y_0) (* %r Y_1)) %r)" % k for k in kinds])):
        if max(a, b) <= r or min(a, b) >= r:
            check("%r p0 + %r p1 <= %r is decided" % (a, b, r), terms == {} and outer == (0 if max(a, b) <= r else -1), (terms, outer))
            continue
        p1 = (F(r) - F(a)) / (F(b) - F(a))
        z = logit(p1) * (1 if b > a else -1)
        sign = 1.0 if b > a else -1.0
        wide = D("1e-13") * abs(z) + D("1e-14") + D(4) / D(2) ** 53 / (dec(p1) * (1 - dec(p1)))
        check("%r p0 + %r p1 <= %r" % (a, b, r), terms == {1: sign, 0: -sign} and D(inner) <= z <= D(outer) and (D(outer) - D(inner) <= wide or abs(z) > 35), (terms, outer, inner, z))


# ---- verdicts ----

def sigma(z):
    return 1 / (1 + (-dec(z)).exp())


def verdicts():
    seen = {}
    for k in range(40):
        w = random_weights(1)
        one = net("v.onnx", w, [N("Sigmoid", ["z"], ["y"])])
        values = [value(w, x)[0] for x in vertices(w)]
        z = max(values) if k % 2 else min(values)
        kind = rng.choice(("at it", "below", "above", "anywhere"))
        t = float(sigma(z)) if kind == "at it" else float(sigma(z)) * (1 - 1e-9) if kind == "below" else float(sigma(z)) * (1 + 1e-9) if kind == "above" else rng.random()
        code, out, err = run("solve", one, put("v.vnnlib", text(2, 1, "(%s Y_0 %r)" % (">=" if k % 2 else "<=", t))), "-o", p("w"), "--json", "--quiet")
        true = sigma(z) >= D(t) if k % 2 else sigma(z) <= D(t)
        check("%s: never the wrong verdict" % kind, code == (10 if true else 0) or (code == 11 and kind == "at it"), (w, t, code, true, err))
        seen[kind, code] = 1
        if code == 10:
            x = [F(float(v)) for v in np.load(p("w/witness.npy")).ravel()]
            s = sigma(value(w, x)[0])
            check("the witness meets the file's threshold", s >= D(t) if k % 2 else s <= D(t), (x, s, t))
    check("all kinds were met", {("anywhere", 0), ("anywhere", 10)} <= set(seen) and any(c == 10 for _, c in seen), seen)


# ---- flags ----

def ask(network, *more, label=None):
    return run("solve", network, "--image", p("x.npy"), "--perturb", "linf:0.5", "--domain=-1,1", *more, *([] if label is None else ["--label", str(label)]))


def flags():
    x = [0.25, -0.25]
    np.save(p("x.npy"), np.array([x]))
    lo, hi = [max(-1, v - 0.5) for v in x], [min(1, v + 0.5) for v in x]
    box = "".join("(declare-const X_%d Real)(assert (and (<= %r X_%d) (<= X_%d %r)))" % (i, lo[i], i, i, hi[i]) for i in range(2))
    seen = set()
    for _ in range(12):
        w = random_weights(1)
        zx = value(w, [F(v) for v in x])[0]
        one = net("one.onnx", w, [N("Sigmoid", ["z"], ["y"])])
        two = net("two.onnx", w, [N("Sigmoid", ["z"], ["p"]), N("Sub", ["c1", "p"], ["q"]), N("Concat", ["q", "p"], ["y"], axis=1)])
        code, out, err = run("eval", one, "--image", p("x.npy"), "--json")
        check("eval: the label is whether p > 1/2", json.loads(out)["predicted"] == (zx > 0), (out, zx))
        code, out, err = run("eval", two, "--image", p("x.npy"), "--json")
        y = json.loads(out)["outputs"]["float64"]
        check("[1 - p, p]", code == 0 and abs(y[1] - float(sigma(zx))) < 1e-15 and abs(y[0] + y[1] - 1) < 1e-15, (out, err))
        for label, margin in ((None, None), (0, None), (1, None), (1, 0.25), (0, -0.25), (1, 1), (0, -1)):
            l = label if label is not None else int(zx > 0)
            m = margin or 0
            written = "(%s Y_0 %r)" % (("<=", (1 - m) / 2) if l else (">=", (1 + m) / 2))
            want = run("solve", one, put("f.vnnlib", box + "(declare-const Y_0 Real)(assert %s)" % written), "--json")
            got = ask(one, *([] if margin is None else ["--margin", repr(margin)]), "--json", label=label)
            j = json.loads(got[1])
            check("flags and file: label %s, margin %s" % (label, margin), got[0] in (0, 10) and got[0] == want[0] and j["label"] == l and j["predicted"] == (zx > 0) and
                  [t["label"] for t in j["targets"]] == [1 - l], (got, want))
            seen.add(got[0])
            check("as a JSON question", run("solve", one, put("f.json", {"netmip": "query", "version": 1, "image": x, "perturb": {"linf": 0.5}, "domain": [-1, 1], **({} if label is None else {"label": label}),
                                                                         **({} if margin is None else {"margin": margin})}))[0] == got[0])
            if margin is None:
                check("[1 - p, p] is asked the same", ask(two, label=label)[0] == got[0])
                pair = run("solve", two, put("f2.vnnlib", box + "(declare-const Y_0 Real)(declare-const Y_1 Real)(assert (%s Y_1 0.5))" % ("<=" if l else ">=")))
                check("and by a threshold on one of the two", pair[0] == got[0], pair)
        check("a target", ask(one, "--target", str(int(zx <= 0)))[0] == ask(one)[0])
    check("both verdicts", seen == {0, 10}, seen)
    one, bare, tanh = net("one.onnx", w, [N("Sigmoid", ["z"], ["y"])]), net("bare.onnx", w, [N("Identity", ["z"], ["y"])]), net("tanh.onnx", w, [N("Tanh", ["z"], ["y"])])
    for network in (bare, tanh):
        r = ask(network)
        check("one output without a Sigmoid", r[0] == 2 and "is not a Sigmoid" in r[2], r)
        r = run("solve", network, put("f.json", {"netmip": "query", "version": 1, "image": x, "perturb": {"linf": 0.5}, "domain": [-1, 1], "label": 0}))
        check("nor in JSON", r[0] == 3 and "is not a Sigmoid" in r[2], r)
    for more, code, needle in ((["--label", "2"], 3, "label 2; the network has labels 0 to 1"), (["--label", "0", "--target", "0"], 2, "0 is the image's label"), (["--objective", "worst"], 4, "a worst margin"),
                               (["--target", "top:2"], 2, "top:2")):
        r = ask(one, *more)
        check("refused: %s" % more, r[0] == code and needle in r[2] and r[1] == "", r)
    r = ask(one, "--objective", "closest:linf", "--json")
    check("the nearest point of the other label", r[0] in (0, 10, 11), r)
    # a margin of a Softmax of two is one of its shares
    for _ in range(12):
        w2 = random_weights(2)
        soft = net("soft.onnx", w2, [N("Softmax", ["z"], ["y"], axis=1)])
        for margin in ("0.3", "-0.3", "1"):
            a = ask(soft, "--margin", margin, "--json")
            l = json.loads(a[1])["label"]
            b = run("solve", soft, put("g.vnnlib", box + "(declare-const Y_0 Real)(declare-const Y_1 Real)(assert (>= (- Y_%d Y_%d) %s))" % (1 - l, l, margin)))
            z = [value(w2, v) for v in vertices((w2[0] , w2[1]))]
            check("a Softmax of two, margin " + margin, a[0] == b[0] and a[0] in (0, 10), (a, b))


def files():
    """maps and questions carry both ends; a one-output network through compile, decode, batch"""
    w = [[[1.0, 0.5], [-0.75, 1.0], [0.5, 0.5]], [0.0, 0.25, -0.5], [[1.0, -1.0, 0.5]], [0.125]]
    one = net("one.onnx", w, [N("Sigmoid", ["z"], ["y"])])
    q = put("k.vnnlib", text(2, 1, "(or (>= Y_0 0.8) (<= Y_0 0.05))"))
    dumped = put("k.json", run("solve", one, q, "--dump", "query", "--json", "--quiet")[1])
    a, b = json.loads(run("solve", one, q, "--json", "--quiet")[1]), json.loads(run("solve", one, dumped, "--json", "--quiet")[1])
    check("the question reads back", a["verdict"] == b["verdict"] and [t["margin_lo"] for t in a["targets"]] == [t["margin_lo"] for t in b["targets"]], (a, b))
    bad = json.load(open(dumped))
    bad["cases"][0]["clauses"][0]["inner"][0] += 1
    r = run("solve", one, put("bad.json", bad))
    check("an inner end outside the row", r[0] == 3 and '"inner" is larger than' in r[2], r)
    r = run("solve", one, dumped, "--objective", "worst")
    check("no worst margin of thresholds", r[0] in (2, 4), r)
    r = run("solve", one, put("k1.vnnlib", text(2, 1, "(<= Y_0 0.5)")), "--objective", "worst")
    check("nor of a file's", r[0] == 4 and "worst margin" in r[2], r)
    r = run("compile", one, put("k2.vnnlib", text(2, 1, "(>= Y_0 0.8)")), "--always-write", "-o", p("k.mps"))
    check("compile", r[0] == 0 and "inner" in open(p("k.map.json")).read(), r)
    r = run("inspect", dumped)
    check("inspect says both ends", r[0] == 0 and "of a witness: <= " in r[1], r)
    images, labels = np.array([[[0.25, -0.25]], [[-0.5, 0.5]], [[1.0, 1.0]]], np.float32), np.array([1, 0, 1])
    np.save(p("images.npy"), images), np.save(p("labels.npy"), labels)
    r = run("batch", one, "--images", p("images.npy"), "--labels", p("labels.npy"), "--perturb", "linf:0.1", "--domain=-1,1", "--dir", p("batch"))
    rows = [line.split(",") for line in open(p("batch/results.csv")).read().splitlines()[1:]] if r[0] == 0 else []
    check("batch", r[0] == 0 and [(int(x[1]), int(x[2])) for x in rows] == [(l, int(value(w, [F(float(v)) for v in im.ravel()])[0] > 0)) for l, im in zip(labels, images)], (r, rows))
    r = run("batch", one, "--images", p("images.npy"), "--labels", p("labels.npy"), "--perturb", "linf:0.1", "--domain=-1,1", "--dir", p("batch2"), "--range", "0:1", "--quiet")
    np.save(p("labels.npy"), np.array([1, 2, 1]))
    r = run("batch", one, "--images", p("images.npy"), "--labels", p("labels.npy"), "--perturb", "linf:0.1", "--domain=-1,1", "--dir", p("batch3"))
    check("a label that is none", r[0] == 3 and "label of sample 1 is 2" in r[2], r)


# ---- ArgMax ----

def choices():
    seen = set()
    for k in range(40):
        w = random_weights(4)
        net("a.onnx", w, [N("ArgMax", ["z"], ["y"], axis=1, keepdims=k % 2)])
        formula, holds = rng.choice([("(= Y_0 1)", lambda a: a == 1), ("(<= Y_0 1)", lambda a: a <= 1), ("(>= Y_0 2.5)", lambda a: a >= 3), ("(or (<= Y_0 0) (>= Y_0 3))", lambda a: a in (0, 3)),
                                     ("(and (>= Y_0 1) (<= Y_0 2) (<= X_0 0))", None), ("(<= (* 2 Y_0) 3)", lambda a: a <= 1), ("(> 3 Y_0)", lambda a: a <= 2), ("(not (= Y_0 1))", lambda a: a != 1), ("(not (<= Y_0 1))", lambda a: a > 1), ("(< (* 2 Y_0) 2.5)", lambda a: a <= 1), ("(= Y_0 1.5)", lambda a: False),
                                     ("(>= Y_0 4)", lambda a: False), ("(<= Y_0 3)", lambda a: True)])
        code, out, err = run("solve", p("a.onnx"), put("a.vnnlib", text(2, 1, formula)), "-o", p("w"), "--json")
        points = [[F(i, 8), F(j, 8)] for i in range(-8, 9) for j in range(-8, 9)]

        def good(x):
            z = value(w, x)
            top = [j for j in range(4) if z[j] == max(z)]
            return any(holds(a) for a in top) if holds else x[0] <= 0 and any(a in (1, 2) for a in top)
        hit = [x for x in points if good(x)]
        check("ArgMax: %s" % formula, code in (0, 10) and (code == 10 or not hit), (code, err, hit[:1]))
        if code == 10:
            check("ArgMax: the witness of %s" % formula, good([F(float(v)) for v in np.load(p("w/witness.npy")).ravel()]), formula)
        seen.add((formula, code))
    check("verdicts", len({c for _, c in seen}) == 2, seen)
    w = random_weights(4)
    a = net("a.onnx", w, [N("Reshape", ["z", "s22"], ["g"]), N("ArgMax", ["g"], ["y"], axis=2, keepdims=0)])
    for i, j in itertools.product(range(2), repeat=2):
        code, out, err = run("solve", a, put("a.vnnlib", text(2, 2, "(and (= Y_0 %d) (= Y_1 %d))" % (i, j))))
        good = lambda x: value(w, x)[i] >= value(w, x)[1 - i] and value(w, x)[2 + j] >= value(w, x)[3 - j]
        hit = [x for x in ([F(i, 8), F(j, 8)] for i in range(-8, 9) for j in range(-8, 9)) if good(x)]
        check("two groups of two", code in (0, 10) and (code == 10 or not hit), (code, err))
    flag = net("a.onnx", w, [N("ArgMax", ["z"], ["y"], axis=1, keepdims=0)])
    np.save(p("x.npy"), np.array([[0.0, 0.0]]))
    label = json.loads(run("eval", flag, "--image", p("x.npy"), "--json")[1])["predicted"]
    others = "(or (<= Y_0 %d) (>= Y_0 %d))" % (label - 1, label + 1)
    check("flags ask the same", run("solve", flag, put("a.vnnlib", text(2, 1, others)))[0] == run("solve", flag, "--image", p("x.npy"), "--perturb", "free", "--domain=-1,1")[0])
    v2 = "(vnnlib-version <2.0>)(declare-network n (declare-input X Real [1,2]) (declare-output Y Real [1]))(assert (and (<= -1 X[0,0] 1) (<= -1 X[0,1] 1) (>= Y[0] 2)))"
    check("in VNN-LIB 2", run("solve", flag, put("a2.vnnlib", v2))[0] == run("solve", flag, put("a.vnnlib", text(2, 1, "(>= Y_0 2)")))[0])
    beside = net("b.onnx", w, [N("ArgMax", ["z"], ["y"], axis=1, keepdims=0)], outputs=("z", "y"))
    for j in range(4):
        a, b = run("solve", beside, put("b.vnnlib", text(2, 5, "(and (= Y_4 %d) (>= Y_0 0.5) (<= (+ Y_1 X_0) 2))" % j))), \
            run("solve", net("c.onnx", w, [N("Identity", ["z"], ["y"])]), put("c.vnnlib", text(2, 4, "(and %s (>= Y_0 0.5) (<= (+ Y_1 X_0) 2))" % " ".join("(>= Y_%d Y_%d)" % (j, i) for i in range(4) if i != j))))
        check("beside its scores", a[0] == b[0] and a[0] in (0, 10), (a, b))
    for formula, needle in (("(<= Y_0 X_0)", "relates Y_0 to something else"), ("(<= (+ Y_0 X_1) 1)", "relates Y_0"), ("(<= Y_1 1)", "a variable that is not declared")):
        r = run("solve", flag, put("a.vnnlib", text(2, 1, formula)))
        check("refused: " + formula, r[0] in (3, 4) and needle in r[2] and r[1] == "", r)
    r = run("solve", flag, put("a.json", {"netmip": "query", "version": 1, "lo": -1, "hi": 1, "clauses": [["Y_0 >= 1"]]}))
    check("JSON clauses ask for no number", r[0] == 4 and "only targets can ask about the class" in r[2], r)


def refusals():
    soft3, log2 = net("r.onnx", random_weights(3), [N("Softmax", ["z"], ["y"], axis=1)]), net("l.onnx", random_weights(2), [N("LogSoftmax", ["z"], ["y"], axis=1)])
    for network, n, formula, code in ((soft3, 3, "(>= Y_0 0.5)", 4), (soft3, 3, "(>= Y_0 1)", 0), (soft3, 3, "(<= Y_0 0)", 0), (soft3, 3, "(<= Y_0 1)", 10), (soft3, 3, "(>= Y_2 -0.5)", 10), (soft3, 3, "(>= (+ Y_0 Y_1) 0.5)", 4),
                                      (log2, 2, "(>= Y_0 -0.5)", 4)):
        r = run("solve", network, put("r.vnnlib", text(2, n, formula)))
        check("%s" % formula, r[0] == code and (code != 4 or "or a threshold on a Sigmoid, a Tanh or a Softmax of two" in r[2]), r)
    three = net("s3.onnx", random_weights(3), [N("Sigmoid", ["z"], ["y"])])
    for formula, code in (("(<= (+ Y_0 Y_1) 0.5)", 4), ("(<= Y_0 (+ X_0 0.5))", 4), ("(and (<= Y_0 0.5) (<= (+ Y_0 Y_1) 0.5))", 4), ("(and (<= Y_0 1) (<= Y_1 Y_2) (<= 0 Y_2))", 10)):
        r = run("solve", three, put("r.vnnlib", text(2, 3, formula)))
        check("three Sigmoids: %s" % formula, r[0] in ((code,) if code == 4 else (0, 10)) and (code == 10 or "Sigmoid" in r[2]), r)
    # what looks like [1 - p, p] and is not
    for name, tail in (("another constant", [N("Sigmoid", ["z"], ["p"]), N("Sub", ["b2", "p"], ["q"]), N("Concat", ["q", "p"], ["y"], axis=1)]),
                       ("p - 1", [N("Sigmoid", ["z"], ["p"]), N("Sub", ["p", "c1"], ["q"]), N("Concat", ["q", "p"], ["y"], axis=1)]),
                       ("a third", [N("Sigmoid", ["z"], ["p"]), N("Sub", ["c1", "p"], ["q"]), N("Concat", ["q", "p", "p"], ["y"], axis=1)]),
                       ("of another", [N("Sigmoid", ["z"], ["p"]), N("Sub", ["c1", "z"], ["q"]), N("Concat", ["q", "p"], ["y"], axis=1)])):
        w = random_weights(1)
        w[3][0] = 0.5
        r = run("eval", net("f.onnx", w, tail), "--image", p("x.npy"))
        check("not the two shares: " + name, r[0] == 4 and "Sigmoid" in r[2], r)
    w = random_weights(1)
    r = run("eval", net("f.onnx", w, [N("Sigmoid", ["z"], ["p"]), N("Sub", ["c1", "p"], ["q"]), N("Concat", ["p", "q"], ["t"], axis=1), N("Identity", ["t"], ["y"])]), "--image", p("x.npy"), "--json")
    y = json.loads(r[1])["outputs"]["float64"] if r[0] == 0 else [0, 0]
    check("[p, 1 - p], and a no-op behind", r[0] == 0 and abs(y[0] - float(sigma(value(w, [F(0), F(0)])[0]))) < 1e-15, r)


parts(inverses, sums, verdicts, flags, files, choices, refusals)
