#!/usr/bin/env python3
"""Badly scaled and nearly tied questions through files: compile, a solver's own program (CBC, GLPK, HiGHS, lp_solve, SYMPHONY),
decode; the truth is Python's fractions. The networks are those of tests/kit/sound_kinds.h, in smaller number.

  sound_files.py [--cases N] [--seed S] [--limit SECONDS of each run]      or SOUND_FILES=N in the environment; NETMIP_KEEP=DIR keeps all files

No false `holds`, no false `violated`, no bound of a worst margin above an attained one, no crash of netmip. A solver may say
what it likes; `unknown` is honest, and its share is printed. With one input, and without kinks, the truth is complete; else a
search by exact segments refutes what it can."""
import argparse, collections, json, os, random, sys
from fractions import Fraction as F

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, done, p, put, skip
from tiny import dense, network

import solverkit as solving

ENCODINGS = ("bigm", "hull", "partition:2", "bigm", "aggregate:3", "relax")
RELAXED = ("aggregate:3", "relax")


# ---- networks: layers ("dense", W, b), ("relu",), ("leaky", a), ("clip", lo, hi); one output ----
def number(r):
    k = r.randrange(4)
    return float(r.randrange(-3, 4)) if k == 0 else r.randrange(-32, 33) / 16 if k == 1 else r.uniform(-2, 2)


def power(r, most):
    return 2.0 ** r.randint(-most, most)


def dense_layer(r, m, n):
    return ["dense", [[number(r) for _ in range(m)] for _ in range(n)], [number(r) if r.random() < 0.6 else 0.0 for _ in range(n)]]


def plain(r, widths=None):
    sizes = widths or [r.randint(1, 3)] + [r.randint(1, 5) for _ in range(r.randint(1, 2))] + [1]
    layers = []
    for k, (m, n) in enumerate(zip(sizes, sizes[1:])):
        layers.append(dense_layer(r, m, n))
        if k + 2 < len(sizes):
            layers.append(r.choice([["relu"], ["relu"], ["relu"], ["leaky", 0.125], ["clip", -0.5, 1.0]]))
    return sizes[0], layers


def scaled(r):
    n_in, layers = plain(r)
    layers = [["relu"] if l[0] != "dense" else l for l in layers]
    for k in range(0, len(layers) - 2, 2):
        _, w, b = layers[k]
        for i in range(len(w)):
            by = power(r, r.choice((14, 40, 60)))
            w[i], b[i] = [x * by for x in w[i]], b[i] * by
            for row in layers[k + 2][1]:
                row[i] /= by if r.random() < 0.9 else 1
    return n_in, layers


def chain(r):
    layers, most = [], r.randint(4, 24)
    for _ in range(r.randint(2, 4)):
        layers += [["dense", [[power(r, most) * r.choice((-1, 1))]], [r.randint(0, 2) * power(r, most // 2)]], ["relu"]]
    return 1, layers + [["dense", [[1.0]], [0.0]]]


def affine(r):
    n = r.choice((1, 2, 8))
    by = r.choice((1.0, power(r, 40)))
    return n, [["dense", [[number(r) * r.choice((1.0, by)) for _ in range(n)]], [number(r)]]]


def cancel(r):
    n = r.randint(1, 2)
    first = dense_layer(r, n, 2)
    first[2] = [r.choice((1e16, 2.0 ** r.randint(40, 55))) + r.randint(-32, 32)] * 2
    return n, [first, ["relu"], ["dense", [[1.0, -1.0]], [float(r.randint(-4, 4))]]]


def twins(r):
    n = r.randint(1, 2)
    first = dense_layer(r, n, 2)
    first[1][1], first[2][1] = list(first[1][0]), first[2][0] + 2.0 ** -r.randint(0, 45)
    by = 2.0 ** r.randint(0, 40)
    return n, [first, ["relu"], ["dense", [[by, -by]], [0.0]]]


KINDS = {"plain": plain, "scaled": scaled, "chain": chain, "affine": affine, "cancel": cancel, "twins": twins, "narrow": plain}


# ---- the truth ----
def evaluate(layers, x):
    """value, and the kinks on the way"""
    v, kinks = list(x), []
    for l in layers:
        if l[0] == "dense":
            v = [sum((F(a) * t for a, t in zip(row, v)), F(b)) for row, b in zip(l[1], l[2])]
        else:
            for at in ([0] if l[0] != "clip" else l[1:]):
                kinks += [t - F(at) for t in v]
            v = [max(t, F(0)) if l[0] == "relu" else (t if t > 0 else F(l[1]) * t) if l[0] == "leaky" else min(max(t, F(l[1])), F(l[2])) for t in v]
    return v[0], kinks


def segment(layers, a, b, pieces=300):
    """the least value between a and b, where it is, whether all of it was seen"""
    at = lambda t: [p + t * (q - p) for p, q in zip(a, b)]
    left, (v, k) = F(0), evaluate(layers, at(F(0)))
    best, where, stack = v, F(0), [F(1)]
    while stack and pieces:
        pieces -= 1
        value, kinks = evaluate(layers, at(stack[-1]))
        cut = next((i for i in range(len(k)) if k[i] * kinks[i] < 0), None)
        if value < best:
            best, where = value, stack[-1]
        if cut is not None:
            stack.append(left + (stack[-1] - left) * k[cut] / (k[cut] - kinks[cut]))
            continue
        left, k = stack.pop(), kinks
    return best, at(where), not stack


def least(r, layers, lo, hi):
    """(least value that is known, whether it is the least)"""
    lo, hi = [F(t) for t in lo], [F(t) for t in hi]
    if len(lo) == 1:
        v, _, all_seen = segment(layers, lo, hi)
        return v, all_seen
    if len(layers) == 1:
        return evaluate(layers, [p if w > 0 else q for w, p, q in zip(layers[0][1][0], lo, hi)])[0], True
    best, at = min(((evaluate(layers, p)[0], p) for p in ([r.choice(e) for e in zip(lo, hi)] for _ in range(8))), key=lambda t: t[0])
    for _ in range(3):
        for i in range(len(lo)):
            v, p, _ = segment(layers, at[:i] + [lo[i]] + at[i + 1:], at[:i] + [hi[i]] + at[i + 1:])
            if v < best:
                best, at = v, [F(float(t)) for t in p]
    return best, False


# ---- cases ----
def spec(layers):
    out = []
    for l in layers:
        out.append(dense(l[1], l[2]) if l[0] == "dense" else {"op": "relu"} if l[0] == "relu" else
                   {"op": "leakyrelu", "alpha": l[1]} if l[0] == "leaky" else {"op": "clip", "min": l[1], "max": l[2]})
    return out


def job(seed):
    r = random.Random(seed)
    kind = sorted(KINDS)[seed % len(KINDS)]
    n_in, layers = KINDS[kind](r)
    lo = [r.choice((0.0, -1.0, r.uniform(-2, 1))) for _ in range(n_in)]
    hi = [a + (r.choice((1.0, 2.0)) if kind != "narrow" else 1e-14 * r.randint(1, 4)) for a in lo]
    value, complete = least(r, layers, lo, hi)
    near = float(value)
    rhs = near + r.choice((0, 2.0 ** -60, 2.0 ** -52, 1e-9, 1e-6, 1e-3, 0.3)) * r.choice((-1, 1)) * r.choice((abs(near), 1))
    worst, encoding = r.random() < 0.3, ENCODINGS[seed // len(KINDS) % len(ENCODINGS)]
    stem = p("%s-%d" % (kind, seed))
    net = put(stem + "-net.json", network([n_in], spec(layers)))
    query = put(stem + "-query.json", {"netmip": "query", "version": 1, "n_in": n_in, "n_out": 1, "objective": "worst" if worst else "feasible",
                                       "cases": [{"lo": lo, "hi": hi, "clauses": [[{"var": [0], "coef": [1], "rhs": rhs}]]}]})
    more = ["--bounds", r.choice(("interval", "crown", "alpha")), "--fold", r.choice(("on", "on", "off")), "--dialect", r.choice(("generic", "cbc", "highs"))]
    suffix = r.choice((".mps", ".lp"))
    if suffix == ".mps" and r.random() < 0.3:
        more += ["--mps", "fixed"]
    about = {"kind": kind, "margin": value - F(rhs), "complete": complete, "worst": worst, "relaxed": encoding in RELAXED,
             "size": max(abs(near), abs(rhs)), "name": "%s, seed %d, %s" % (kind, seed, encoding)}
    return stem, suffix, [net, query, "--encoding", encoding, "--always-write", *more], about


def judge(model, solver, a, tally):
    about, what = model.about, "%s, %s" % (solver, model.about["name"])
    margin, code = about["margin"], a["code"]
    check(what + ": netmip ended with %s" % code, code in (None, 0, 3, 6, 10, 11), a["why"])
    check(what + ": false holds, margin %g of %g" % (margin, about["size"]), a["verdict"] != "holds" or margin > 0, a)
    check(what + ": false violated, margin %g" % margin, a["verdict"] != "violated" or margin <= 0 or not about["complete"], a)
    if about["worst"] and code in (0, 10, 11):
        bound = json.loads(solving.netmip("decode", model.map_for(solver), model.answer(solver), "--json")[1]).get("objective", {}).get("bound")
        check(what + ": %r is proven, %r is attained" % (bound, float(margin)), bound is None or F(bound) <= margin, a)
    tally[a["verdict"]] += 1
    if (about["complete"] or margin < 0) and abs(margin) > 1e-6 * about["size"] and not about["relaxed"]:
        tally["clear"] += 1
        tally["open"] += a["verdict"] not in ("holds", "violated")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", type=int, default=int(os.environ.get("SOUND_FILES", 70)))
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--limit", type=int, default=5)
    o = options.parse_args()
    solvers = solving.present()
    for s in (*solving.ROWS, "highs"):
        if s not in solvers:
            skip("%s is not here" % s)
    models = solving.compile_all([job(seed) for seed in range(o.seed, o.seed + o.cases)])
    for m in models:
        check("compile " + m.about["name"], m.code in (0, 4), m.err)
    ready = [m for m in models if m.ready()]
    tallies = collections.defaultdict(collections.Counter)
    for (k, s), a in solving.everywhere(ready, solvers, o.limit).items():
        judge(ready[k], s, a, tallies[s])
    for s in solvers:
        t = tallies[s]
        print("%-9s %3d hold, %3d violated, %3d unknown, %3d refused; open of %d clear ones: %.1f %%" % (
            s, t["holds"], t["violated"], t["unknown"], t["refused"], t["clear"], 100 * t["open"] / max(1, t["clear"])))
    done()


main()
