#!/usr/bin/env python3
"""Formulas as networks: a clause is a ReLU that is 1 where all its literals are false, and min(x, 1 - x) <= 0 keeps inputs at 0 or 1.
Verdicts are compared with the truth that enumeration finds, or that the construction guarantees; without attack and models, so that
branching with propagation (unit_signs.c) has to settle them."""
import itertools, json, random, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, done, p, put, run
from tiny import network, relus

rng = random.Random(16)


def formula(name, clauses, n, exact=True):
    """writes a formula's network and question; not exact: inputs may be off 0 and 1 by a little, as thresholds are 1 / 64"""
    weight, bias = [], []
    for c in clauses:
        weight.append([(-(v + 1 in c) + (-v - 1 in c)) for v in range(n)])
        bias.append(1 - sum(v < 0 for v in c))
    one = [[int(i == j) for j in range(n)] for i in range(n)]
    weight += one + [[2 * x for x in row] for row in one]
    bias += [0] * n + [-1] * n
    m = len(clauses)
    last = [[-1] * m + [0] * 2 * n, [0] * m + [1] * n + [-1] * n]
    put(name + ".json", json.dumps(network([n], relus((weight, bias), (last, [1, 0])))))
    lines = ["(declare-const X_%d Real)(assert (>= X_%d 0))(assert (<= X_%d 1))" % (i, i, i) for i in range(n)]
    lines += ["(declare-const Y_0 Real)(declare-const Y_1 Real)"]
    lines += ["(assert (>= Y_0 %s))(assert (<= Y_1 %s))" % (("1", "0") if exact else ("0.984375", "0.015625"))]
    put(name + ".vnnlib", "\n".join(lines))


def truth(clauses, n):
    return any(all(any((x[abs(v) - 1] == 1) == (v > 0) for v in c) for c in clauses) for x in itertools.product((0, 1), repeat=n))


def ask(name, *flags):
    code, out, err = run("solve", p(name + ".json"), p(name + ".vnnlib"), "--no-attack", "--no-split", "--no-solve", "--quiet", *flags)
    return out.split("\n")[0].split()[0].rstrip(":") if out else err


def random_clauses(n, m, size):
    return [[v * rng.choice((1, -1)) for v in rng.sample(range(1, n + 1), size)] for _ in range(m)]


def tree_clauses(n, m):
    """a formula without solution: clauses that a decision tree refutes, short ones split first"""
    clauses = [[1], [-1]]
    while len(clauses) < m:
        i = rng.choices(range(len(clauses)), weights=[1 / len(c) for c in clauses])[0]
        v = rng.choice([v for v in range(1, n + 1) if v not in map(abs, clauses[i])])
        clauses.append(clauses[i] + [-v])
        clauses[i] = clauses[i] + [v]
    rng.shuffle(clauses)
    return clauses


count = {"holds": 0, "violated": 0}
for k in range(40):
    n = rng.randint(4, 10)
    clauses = random_clauses(n, rng.randint(4 * n, 8 * n), 3)
    exact = k % 4 != 0
    formula("f%d" % k, clauses, n, exact)
    want = "violated" if truth(clauses, n) else "holds"
    said = ask("f%d" % k)
    count[want] += 1
    check("random formula %d, %d variables, %d clauses: %s" % (k, n, len(clauses), want), said == want, said)
check("the formulas are of both kinds", min(count.values()) > 8, count)
for n, m in ((20, 90), (40, 130), (70, 300)):
    formula("t%d" % n, tree_clauses(n, m), n)
    said = ask("t%d" % n)
    check("a formula of %d variables and %d clauses that a tree refutes holds" % (n, m), said == "holds", said)
formula("r", random_clauses(50, 300, 3), 50)
check("a random formula of 50 variables and 300 clauses holds", ask("r") == "holds")
pigeons = [[4 * i + j + 1 for j in range(4)] for i in range(5)] + \
    [[-(4 * i + j + 1), -(4 * k + j + 1)] for j in range(4) for i in range(5) for k in range(i)]
formula("p", pigeons, 20)
check("five pigeons do not fit into four holes", ask("p") == "holds", ask("p"))
done()
