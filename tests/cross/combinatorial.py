#!/usr/bin/env python3
"""Propositional formulas as networks of one hidden layer: unsatisfiable ones hold, certified, and satisfiable ones are violated.

A clause of literals gives relu(1 - sum of their values), a variable x and relu(2x - 1): the first output is 1 less the broken
clauses, the second the sum of x - relu(2x - 1), which is 0 exactly where all x are 0 or 1. The question is whether the first
can be 1 or more with the second at 0 or less. Truth comes from a backtracking search of this script. On such models CBC's
embedded solver crashes or is taken at its word; the tree over binaries has to prove them."""
import json, random, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, done, put, run
from tiny import box, network, relus


def formula(n, m, seed):
    r = random.Random(seed)
    return [[(v, r.random() < 0.5) for v in r.sample(range(n), 3)] for _ in range(m)]


def satisfiable(clauses):
    if any(not c for c in clauses):
        return False
    if not clauses:
        return True
    v, negated = min(clauses, key=len)[0]
    for value in (not negated, negated):
        left = [[l for l in c if l[0] != v] for c in clauses if (v, not value) not in c]
        if satisfiable(left):
            return True
    return False


def ask(n, clauses, name):
    rows, bias, first, second = [], [], [], []
    for c in clauses:
        row = [0] * n
        for v, negated in c:
            row[v] += 1 if negated else -1
        rows.append(row)
        bias.append(1 - sum(negated for _, negated in c))
        first.append(-1)
        second.append(0)
    for scale, shift, weight in ((1, 0, 1), (2, -1, -1)):
        for v in range(n):
            rows.append([scale * (v == k) for k in range(n)])
            bias.append(shift)
            first.append(0)
            second.append(weight)
    net = network([n], relus((rows, bias), ([first, second], [1, 0])))
    return put(name + ".json", net), put(name + ".vnnlib", box([0] * n, [1] * n, 2, "(>= Y_0 1)", "(<= Y_1 0)"))


def solve(net, prop, *flags):
    code, out, err = run("solve", net, prop, "--json", "--quiet", *flags, timeout=600)
    return code, json.loads(out) if out else err


TREE = ["--no-attack", "--no-branch", "--no-split", "--bounds", "crown"]  # nothing but the tree
for n, per in ((10, 5), (14, 6), (20, 5.5), (25, 6.5), (30, 6), (12, 3), (20, 3.5)):
    clauses = formula(n, int(n * per), 100 + n)
    truth = satisfiable(clauses)
    net, prop = ask(n, clauses, "f%d" % n)
    for flags in ([], TREE) if n < 30 else ([],):
        code, j = solve(net, prop, *flags)
        what = "%d variables, %g clauses each, %s" % (n, per, " ".join(flags) or "all stages")
        check(what, code == (10 if truth else 0), (code, truth, j))
        check(what + ": certified", truth or code != 0 or j["certified"] is True, j)
done()
