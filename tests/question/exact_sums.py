#!/usr/bin/env python3
"""Sums of constants and of like terms in questions are exact: random linear conditions whose large numbers cancel, in VNN-LIB, VNN-LIB with
lets, JSON and rows of inputs, against rational arithmetic."""
import json, random, sys
from fractions import Fraction

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, p, parts, put, run
from tiny import dense, network

rng = random.Random(5)
NET = put("id.json", network([1], [dense([[1]], [0])]))
BIG = [1e16, 2.0**60, 3e15, 0.1, 0.2, 0.3, 1.0, 0.5, 2.0**-40, 1e-17]


def cancelling():
    """numbers in random order whose exact sum is small"""
    some = [rng.choice(BIG) * rng.choice([1, -1]) for _ in range(rng.randint(1, 3))]
    rest = [rng.choice([1.0, 0.5, -0.25, 2.0**-30, 0.75]) for _ in range(rng.randint(1, 2))]
    all = some + [-x for x in some] + rest
    rng.shuffle(all)
    return all


def truth(coefs, constants, rhs, least):
    """whether some Y in [0,1] has sum(coefs) Y + sum(constants) <= rhs (least) or >= rhs; None: equality at an end decides"""
    a, c = sum(map(Fraction, coefs)), sum(map(Fraction, constants)) - Fraction(rhs)
    ends = [c, a + c]
    best = min(ends) if least else -max(ends)
    return None if abs(best) < Fraction(1, 10**12) else best < 0


def plain(coefs, constants):
    terms = ["(* %r Y_0)" % c for c in coefs] + ["%r" % c for c in constants]
    rng.shuffle(terms)
    return "(+ %s)" % " ".join(terms)


def nested(coefs, constants):
    """the same, with part of the sum bound by a let, and a difference"""
    k, m = rng.randint(0, len(coefs)), rng.randint(0, len(constants))
    less = "(- %s %s)" % (plain(coefs[k:], constants[m:] + [0.0]), plain([], [0.0]))
    return "(let ((part %s)) (+ part %s))" % (plain(coefs[:k], constants[:m] + [0.0]), less)


def sign(x):
    return ("+ %r" % x if x >= 0 else "- %r" % -x)


def settles(what, out, wanted, more):
    said = json.loads(out)["verdict"] if out else None
    check(what, said == ("violated" if wanted else "holds"), (said, wanted, more))


def vnnlib():
    for k in range(60):
        coefs, constants, rhs, least = cancelling(), cancelling(), rng.choice([0.1, 1.5, -2.0, 0.0]), rng.random() < 0.5
        wanted = truth(coefs, constants, rhs, least)
        if wanted is None:
            continue
        for form in (plain, nested):
            text = form(coefs, constants)
            f = put("q.vnnlib", "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (>= X_0 0.0))(assert (<= X_0 1.0))\n(assert (%s %s %r))\n"
                    % ("<=" if least else ">=", text, rhs))
            code, out, err = run("solve", NET, f, "--json", "--quiet")
            settles("VNN-LIB %d, %s" % (k, form.__name__), out, wanted, (text, rhs, least, err))


def as_json():
    for k in range(60):
        coefs, constants, rhs, least = cancelling(), cancelling(), rng.choice([0.1, 1.5, -2.0, 0.0]), rng.random() < 0.5
        wanted = truth(coefs, constants, rhs, least)
        if wanted is None:
            continue
        terms = [sign(c) + "*Y_0" for c in coefs] + [sign(c) for c in constants]
        rng.shuffle(terms)
        text = "%s %s %r" % (" ".join(terms), "<=" if least else ">=", rhs)
        f = put("q.json", json.dumps({"netmip": "query", "version": 1, "lo": 0, "hi": 1, "clauses": [[text]]}))
        code, out, err = run("solve", NET, f, "--json", "--quiet")
        settles("JSON %d" % k, out, wanted, (text, err))


def rows():
    put("x.csv", "0.5\n")
    for k in range(40):
        constants, rhs = cancelling(), rng.choice([0.1, 0.4, 0.7])
        c = sum(map(Fraction, constants))
        top = Fraction(rhs) - c  # x0 <= top
        if abs(top - Fraction(6, 10)) < Fraction(1, 10**9) or abs(top) < Fraction(1, 10**9):
            continue
        put("rows.txt", "x0 %s <= %r\n" % (" ".join(sign(x) for x in constants), rhs))
        f = put("y.json", json.dumps({"netmip": "query", "version": 1, "image": "x.csv", "perturb": "free+rows:" + p("rows.txt"), "clauses": [["Y_0 >= 0.6"]]}))
        code, out, err = run("solve", NET, f, "--json", "--quiet")
        settles("rows %d" % k, out, top > Fraction(6, 10), (constants, rhs, err))


parts(vnnlib, as_json, rows)
