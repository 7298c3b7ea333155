#!/usr/bin/env python3
"""What VNN-LIB 1 takes from SMT-LIB: not, =>, let, true, false, empty and, or, quotients, a byte order mark. Random formulas
against their truth at points, ties included, in exact rationals; verdicts on tiny networks against samples and replayed
witnesses; refusals with line and column."""
import json, random, sys
from fractions import Fraction as F

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, needs, p, parts, put, run
from tiny import network, relus

needs("numpy")
import numpy

rng = random.Random(11)
HEAD = "".join("(declare-const %s Real)\n" % v for v in ("X_0", "X_1", "Y_0", "Y_1"))
BOX = "(assert (and (<= -2 X_0) (<= X_0 2) (<= -2 X_1) (<= X_1 2)))\n"


def spelled(text):
    code, out, err = run("inspect", put("q.vnnlib", text), "--json")
    check("is read", code == 0, (text[-300:], err))
    return json.loads(out) if code == 0 else None


# ---- random formulas, as text and as truth ----

def term(depth, names):
    """(text, function of a point)"""
    kind = rng.randrange(7 if depth else 3)
    if kind == 0:
        k = F(rng.randint(-8, 8), 4)
        return ("%s" % float(k) if k >= 0 else "(- %s)" % float(-k)), lambda v, k=k: k
    if kind < 3 or not depth:
        own = [n for n in names if names[n][0] == "term"]
        if own and rng.random() < 0.5:
            n = rng.choice(own)
            return n, names[n][1]
        i = rng.randrange(4)
        return ("X_0", "X_1", "Y_0", "Y_1")[i], lambda v, i=i: v[i]
    a, fa = term(depth - 1, names)
    b, fb = term(depth - 1, names)
    if kind == 3:
        return "(+ %s %s)" % (a, b), lambda v: fa(v) + fb(v)
    if kind == 4:
        return "(- %s %s)" % (a, b), lambda v: fa(v) - fb(v)
    if kind == 5:
        return "(/ %s (- 8) 0.5)" % a, lambda v: fa(v) / -4
    return "(* 3 %s)" % a, lambda v: 3 * fa(v)


def formula(depth, names):
    """(text, function of a point and of a sign: true where it, or its negation, holds with all comparisons closed)"""
    kind = rng.randrange(9 if depth else 2)
    if kind == 0 and depth < 2:
        own = [n for n in names if names[n][0] == "formula"]
        if own and rng.random() < 0.7:
            n = rng.choice(own)
            return n, names[n][1]
        t = rng.random() < 0.5
        return ("true" if t else "false"), lambda v, neg, t=t: t != neg
    if kind < 3:
        (a, fa), (b, fb) = term(2, names), term(2, names)
        op = rng.choice(("<", "<=", ">", ">=")) if depth < 3 else "<="
        up = op[0] == "<"
        return "(%s %s %s)" % (op, a, b), lambda v, neg: fa(v) == fb(v) or (fa(v) < fb(v)) == (up != neg)
    if kind == 3:
        a, fa = formula(depth - 1, names)
        return "(not %s)" % a, lambda v, neg: fa(v, not neg)
    if kind == 4:
        n, sort = "n%d" % len(names), rng.choice(("term", "formula"))
        value, fv = (term if sort == "term" else formula)(depth - 1, names)
        a, fa = formula(depth - 1, {**names, n: (sort, fv)})
        return "(let ((%s %s)) %s)" % (n, value, a), fa
    parts = [formula(depth - 1, names) for _ in range(rng.choice((0, 1, 2, 2, 3)) if kind < 7 else rng.choice((2, 2, 3)))]
    texts, fs = [p[0] for p in parts], [p[1] for p in parts]
    if kind == 5:
        return "(and %s)" % " ".join(texts), lambda v, neg: any(f(v, neg) for f in fs) if neg else all(f(v, neg) for f in fs)
    if kind == 6:
        return "(or %s)" % " ".join(texts), lambda v, neg: all(f(v, neg) for f in fs) if neg else any(f(v, neg) for f in fs)
    return "(=> %s)" % " ".join(texts), lambda v, neg: (all if neg else any)(f(v, neg != (i + 1 < len(fs))) for i, f in enumerate(fs))


def says(q, v):
    """the question's own cases at a point v = X_0, X_1, Y_0, Y_1"""
    of = {0: v[2], 1: v[3], 2: v[0], 3: v[1]}

    def rows(list):
        return all(sum(F(c) * of[k] for c, k in zip(r["coef"], r["var"])) <= F(r["rhs"]) for r in list)
    return any(all(F(lo) <= x <= F(hi) for lo, hi, x in zip(c["lo"], c["hi"], v)) and rows(c["in_rows"]) and any(rows(k["rows"]) for k in c["clauses"])
               for c in q["cases"])


def point():
    return [F(rng.randint(-4, 4), 2) if rng.random() < 0.5 else F(rng.randint(-64, 64), 32) for _ in range(4)]


def meanings():
    strict = 0
    for _ in range(150):
        text, f = formula(4, {})
        q = spelled(HEAD + BOX + "(assert %s)" % text)
        if q:
            wrong = [v for v in (point() for _ in range(60)) if says(q, v) != f(v, False)]
            check("the form means the formula", not wrong, (text, wrong[:1]))
            strict += not f([F(0)] * 4, False)
    check("not all are true", strict > 20, strict)


# ---- verdicts ----

def value(net, x):
    w1, b1, w2, b2 = net
    h = [max(F(0), F(b) + sum(F(a) * v for a, v in zip(r, x))) for r, b in zip(w1, b1)]
    return [F(b) + sum(F(a) * v for a, v in zip(r, h)) for r, b in zip(w2, b2)]


def verdicts():
    seen = set()
    for _ in range(60):
        net = [[rng.randint(-8, 8) / 4 for _ in range(2)] for _ in range(3)], [rng.randint(-8, 8) / 4 for _ in range(3)], \
            [[rng.randint(-8, 8) / 4 for _ in range(3)] for _ in range(2)], [rng.randint(-8, 8) / 4 for _ in range(2)]
        n = put("n.json", network([2], relus(net[:2], net[2:])))
        text, f = formula(3, {})
        code, out, err = run("solve", n, put("q.vnnlib", HEAD + BOX + "(assert %s)" % text), "--quiet", "-o", p("w"))
        grid = [[F(i, 4), F(j, 4)] for i in range(-8, 9) for j in range(-8, 9)]
        hit = [x for x in grid if f(x + value(net, x), False)]
        check("an answer", code in (0, 10), (text, err))
        check("holds only where no sample says otherwise", code != 0 or not hit, (text, hit[:1]))
        if code == 10:
            x = [F(float(v)) for v in numpy.load(p("w", "witness.npy")).ravel()]
            check("the witness is one", f(x + value(net, x), False), (text, x))
        seen.add(code)
    check("both verdicts were met", seen >= {0, 10}, seen)


# ---- by hand ----

def one(text, want):
    q = spelled(HEAD + BOX + text)
    got = q and [[(dict(zip(r["var"], r["coef"])), r["rhs"]) for r in k["rows"]] for c in q["cases"] for k in c["clauses"]]
    check(text, got == want, got)


def cases():
    y = {0: 1}
    one("(assert true)", [[({}, 0)]])
    one("(assert (and))", [[({}, 0)]])
    one("(assert (not (or)))", [[({}, 0)]])
    for text in ("false", "(or)", "(not true)", "(and (<= Y_0 1) (or))", "(or (or) false)"):
        one("(assert %s)" % text, [[({}, -1)]])
    one("(assert (or (<= Y_0 1)))", [[(y, 1)]])
    one("(assert (or false (<= Y_0 1) (and false (<= Y_0 9))))", [[(y, 1)]])
    one("(assert (not (> Y_0 1)))", [[(y, 1)]])
    one("(assert (=> (> Y_0 1) (> Y_1 7) (<= Y_0 3)))", [[(y, 1)], [({1: 1}, 7)], [(y, 3)]])
    one("(assert (not (=> (<= Y_0 1) (> Y_1 7))))", [[(y, 1), ({1: 1}, 7)]])
    one("(assert (<= Y_0 (/ 8 255)))", [[(y, 8 / 255)]])
    one("(assert (<= (/ (- Y_0 Y_1) 4 2) (/ 1 8)))", [[({0: 0.125, 1: -0.125}, 0.125)]])
    one("(assert (let ((a Y_0) (b (+ 1 1))) (let ((a b) (b a)) (<= b a))))", [[(y, 2)]])
    one("(assert (let ((Y_0 Y_1)) (<= Y_0 1)))", [[({1: 1}, 1)]])
    one("(assert (<= (let ((a (* 2 Y_0))) (+ a a)) 8))", [[({0: 4}, 8)]])
    one("(assert (let ((f (<= Y_0 1))) (or f (not f))))", [[(y, 1)], [({0: -1}, -1)]])
    tower = "(<= t60 1)"
    for i in range(60, 0, -1):
        tower = "(let ((t%d (+ t%d t%d))) %s)" % (i, i - 1, i - 1, tower)
    one("(assert (let ((t0 Y_0)) %s))" % tower, [[({0: 2.0 ** 60}, 1)]])
    plain = HEAD + BOX + "(assert (<= Y_0 1))"
    check("a byte order mark", spelled("\ufeff" + plain)["cases"] == spelled(plain)["cases"])
    code, out, err = run("solve", put("n.json", network([2], [{"op": "dense", "weight": [[1, 0], [0, 1]]}])),
            put("q.json", "\ufeff" + json.dumps({"netmip": "query", "version": 1, "lo": -2, "hi": 2, "clauses": [["Y_0 >= 3"]]})))
    check("before JSON, too", code == 0, err)
    for text, strict in (("(not (<= Y_0 1))", True), ("(not (< Y_0 1))", False), ("(< Y_0 1)", True), ("(=> (< Y_0 1) (<= Y_1 1))", False), ("(=> (<= Y_0 1) (<= Y_1 1))", True)):
        code, out, err = run("inspect", put("q.vnnlib", HEAD + BOX + "(assert %s)" % text))
        check("the note of strict ones: " + text, ("strict comparisons are read as closed" in err) == strict, err)


def refusals():
    for text, code, needle in (
            ("(not (= Y_0 1))", 4, ":6:14: not of =: closed comparisons cannot express it"), ("(=> (= Y_0 1) (<= Y_1 1))", 4, ":6:13: not of ="),
            ("(not (<= Y_0 1) (<= Y_0 2))", 3, ":6:9: not of one formula was expected"), ("(not)", 3, ":6:9: not of one"), ("(=> (<= Y_0 1))", 3, ":6:9: an operator without operands"),
            ("(<= (/ Y_0 0) 1)", 3, ":6:20: a quotient by 0"), ("(<= (/ 1 Y_0) 1)", 3, ":6:18: a quotient by variables"), ("(<= (/ Y_0) 1)", 3, ":6:13: a quotient of two"),
            ("(<= (/ 1e300 1e-300) Y_0)", 3, ":6:22: a quotient overflows"), ("(<= (/ 1 (* 1e300 1e300)) Y_0)", 3, ":6:18: a quotient overflows"),
            ("((<= Y_0 1))", 3, ":6:10: two parentheses in a row: and, or, not"), ("(or (<= Y_0 1) ())", 3, ":6:24: a formula was expected"), ("Y_0", 3, ":6:9: a formula was expected"),
            ("(<= (and) 1)", 3, ":6:13: and: a linear term"), ("(<= true Y_0)", 3, ":6:13: a finite number or a variable"), ("(let ((a 1) (a 2)) (<= Y_0 a))", 3, ":6:22: bound twice"),
            ("(let ((5 1)) (<= Y_0 1))", 3, ":6:16: a name to bind"), ("(let () (<= Y_0 1))", 3, ":6:9: (let ((name value) ..) body)"), ("(let ((a)) (<= Y_0 1))", 3, ":6:15: a name and its value"),
            ("(let ((a (<= Y_0 1))) (<= a 1))", 3, ":6:18: <=: a linear term"), ("(let ((a Y_0)) a)", 3, ":6:18: a formula was expected"), ("(let ((a b) (b 1)) (<= Y_0 a))", 3, ":6:18: a finite number"),
            ("(xor true false)", 3, ":6:10: xor: and, or, not, =>, let, or a comparison")):
        got, out, err = run("inspect", put("q.vnnlib", HEAD + BOX + "(assert %s)" % text))
        check("refused: " + text, got == code and "q.vnnlib" + needle in err and out == "", (got, err))
    deep = "(<= (+ a0 1) 1)"
    for i in range(190):
        deep = "(let ((a%d %s)) %s)" % (i, "(+ 1 " * 9 + ("a%d" % (i + 1) if i < 189 else "Y_0") + ")" * 9, deep)
    code, out, err = run("inspect", put("q.vnnlib", HEAD + BOX + "(assert %s)" % deep))
    check("lets that lead too deep", code == 3 and "nested too deeply" in err, err)
    v2 = "(vnnlib-version <2.0>)\n(declare-network n (declare-input X Real [2]) (declare-output Y Real [2]))\n(assert (and (<= 0 X[0] 1) (<= 0 X[1] 1)))\n"
    for text in ("(not (<= Y[0] 1))", "(=> (<= Y[0] 1) (<= Y[1] 1))", "true", "(let ((a 1)) (<= Y[0] a))", "(<= (/ 1 2) Y[0])", "(and)", "[0]", "()"):
        code, out, err = run("inspect", put("q.vnnlib", v2 + "(assert %s)" % text))
        check("VNN-LIB 2 has no " + text, code == 3 and "q.vnnlib:4:" in err, err)


parts(meanings, verdicts, cases, refusals)
