#!/usr/bin/env python3
"""Propositional formulas as networks of one hidden layer: unsatisfiable ones hold, certified, and satisfiable ones are violated.

A clause of literals gives relu(1 - sum of their values), a variable x and relu(2x - 1): the first output is 1 less the broken
clauses, the second the sum of x - relu(2x - 1), which is 0 exactly where all x are 0 or 1. The question is whether the first
can be 1 or more with the second at 0 or less. Truth comes from a backtracking search of this script, or from how a formula is made.
On such models CBC's embedded solver crashes or is taken at its word; the tree over binaries has to prove them, and so has branching
with propagation (unit_signs.c)."""
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


def tree_clauses(n, m, seed):
    """a formula without solution: clauses that a decision tree refutes, short ones split first"""
    r = random.Random(seed)
    clauses = [[(0, False)], [(0, True)]]
    while len(clauses) < m:
        i = r.choices(range(len(clauses)), weights=[1 / len(c) for c in clauses])[0]
        v = r.choice([v for v in range(n) if v not in [l[0] for l in clauses[i]]])
        clauses.append(clauses[i] + [(v, True)])
        clauses[i] = clauses[i] + [(v, False)]
    r.shuffle(clauses)
    return clauses


def pigeons(n, holes):
    """n pigeons in fewer holes, at most one in each"""
    return [[(holes * i + j, False) for j in range(holes)] for i in range(n)] + \
        [[(holes * i + j, True), (holes * k + j, True)] for j in range(holes) for i in range(n) for k in range(i)]


def ask(n, clauses, name, slack=0):
    """slack: inputs may be off 0 and 1 by a little"""
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
    return put(name + ".json", net), put(name + ".vnnlib", box([0] * n, [1] * n, 2, "(>= Y_0 %r)" % (1 - slack), "(<= Y_1 %r)" % slack))


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

PROPAGATE = ["--no-attack", "--no-split", "--no-solve"]  # branching on signs, with propagation and without
asked = {0: 0, 10: 0}
for seed in range(40):
    n = 4 + seed % 7
    clauses = formula(n, n * (4 + seed % 5), seed)
    code, j = solve(*ask(n, clauses, "r%d" % seed, 0 if seed % 4 else 1 / 64), *PROPAGATE)
    want = 10 if satisfiable(clauses) else 0
    asked[want] += 1
    check("random formula %d, %d variables, by propagation" % (seed, n), code == want, (code, want, j))
check("the formulas are of both kinds", min(asked.values()) > 8, asked)
for what, n, clauses in [("a tree refutes %d variables, %d clauses" % (n, m), n, tree_clauses(n, m, n)) for n, m in ((20, 90), (40, 130), (70, 300))] + \
        [("a random formula of 50 variables", 50, formula(50, 300, 1)), ("five pigeons and four holes", 20, pigeons(5, 4))]:
    code, j = solve(*ask(n, clauses, "big%d" % n), *PROPAGATE)
    check(what + ": holds, certified", code == 0 and j["certified"] is True, (code, j))
done()
