"""Certificates: those that solve writes are accepted by the checker and by check_proof.py, in floats and in fractions; damaged ones are
accepted only if they are still valid, which the fractions decide. MUTATIONS=100000 is the long run; SEED=.. another one."""
import hashlib, json, os, random, subprocess, sys
from fractions import Fraction

sys.path.insert(1, sys.path[0] + "/../kit")

from kit import NETMIP, check, fork_runs, m, needs, p, parts, put, run
from tiny import box, network, relus

needs("numpy")
fork_runs()
import numpy as np
from check_proof import Checker, Rejected

SEED = int(os.environ.get("SEED", "1"))
MUTATIONS = int(os.environ.get("MUTATIONS", "150"))
rng = random.Random(SEED)


def small(sizes):
    """a random network, as bytes of a file"""
    pairs = []
    for n, k in zip(sizes, sizes[1:]):
        pairs.append(([[rng.choice((-1, 1)) * rng.randint(1, 64) / 32 for _ in range(n)] for _ in range(k)],
                      [rng.randint(-32, 32) / 32 for _ in range(k)]))
    return json.dumps(network([sizes[0]], relus(*pairs))).encode()


def said(net, query, proof, exact):
    """what the second checker says: its claim, or why it rejects"""
    c = Checker(net, query, exact)
    try:
        return c.check(proof)
    except (Rejected, ValueError, IndexError, OverflowError) as e:
        return "line %d: %s" % (c.line, e)


def solved(net, query, *more):
    """solves a question; returns its certificate, or None"""
    put("n.json", net), put("q.json", query)
    if os.path.exists(p("c.proof")):
        os.remove(p("c.proof"))
    code, out, err = run("solve", p("n.json"), p("q.json"), "--proof", p("c.proof"), "--quiet", *more)
    return code, open(p("c.proof"), "rb").read() if os.path.exists(p("c.proof")) else None


def checked(net, query, proof, *more):
    put("n.json", net), put("q.json", query), put("c.proof", proof)
    return run("check", p("n.json"), p("q.json"), p("c.proof"), *more)


def question(net, lo, hi, outputs, claims):
    put("n.json", net)
    code, out, err = run("solve", p("n.json"), put("q.vnnlib", box(lo, hi, outputs, *claims)), "--dump", "query", "--json")
    assert code == 0, err
    return out.encode()


STEPS = ("slopes", "cut", "branch", "betas", "split", "point", "tree", "least", "most", "cover", "witness")


def near_bound(net, lo, hi, outputs):
    """a question whose threshold lies a little below the least output that some points have"""
    c = Checker(net, question(net, lo, hi, outputs, ["(<= Y_0 0)"]))
    w = [[a + (b - a) * rng.random() for a, b in zip(lo, hi)] for _ in range(60)]
    least = min(float(c.value(c.array(x))[0]) for x in w)
    return question(net, lo, hi, outputs, ["(<= Y_0 %r)" % (least - rng.choice((0.02, 0.1, 0.5, 2)))])


def random_tree(depth, units):
    """the words of a tree over signs of these (block, unit), with multipliers that are drawn"""
    if rng.random() < 0.35 or len(depth) == 4:
        return "=" + ",".join(rng.choice(("", "0.25", "1", "0.003", "7.5e-2")) for _ in range(rng.randint(0, len(depth)))).rstrip(",")
    unit = rng.choice([u for u in units if u not in depth])
    return "%d:%d %s %s" % (*unit, random_tree(depth + [unit], units), random_tree(depth + [unit], units))


def with_ball(query, norm, centre, radius, pixels=None):
    """the question, asked in a ball"""
    q = json.loads(query)
    q["cases"][0]["balls"] = [{"norm": norm, "radius": radius, "centre": centre, **({"pixels": pixels} if pixels else {})}]
    code, out, err = run("solve", p("n.json"), put("q.json", q), "--dump", "query", "--json")
    assert code == 0, err
    return out.encode()


def in_ball(norm):
    """a question in a ball whose threshold lies a little below what plain bounds prove, its certificate, and their bound"""
    sizes = rng.choice(([4, 6, 1], [6, 5, 4, 1], [4, 1]))
    n, net = sizes[0], small(sizes)
    lo, hi = [-0.5 - rng.random()] * n, [0.25 + rng.random()] * n
    centre = [rng.choice((0.0, 0.125, rng.uniform(-0.25, 0.25))) for _ in lo]
    if rng.random() < 0.2:
        centre[0] = hi[0] + 0.125  # outside of the box
    radius = rng.randint(1, n // 2) if norm == "l0" else rng.uniform(0.2, 1.2)
    ball = norm, centre, radius, [i // 2 for i in range(n)] if norm == "l0" and rng.random() < 0.5 else None
    c = Checker(net, with_ball(question(net, lo, hi, 1, ["(<= Y_0 -1000)"]), *ball), True)
    c.case = c.q["cases"][0]
    r = c.whole(c.case)
    c.step(r, "crown", [])
    y, cst, e, rhs, plain = c.row(r, 0, 0)
    least = float(c.least(r, y, cst, e)[0])
    query = with_ball(question(net, lo, hi, 1, ["(<= Y_0 %r)" % (least - 1e-6 * (1 + abs(least)))]), *ball)
    head = ["netmip proof 1", "network " + hashlib.sha256(net).hexdigest(), "question " + hashlib.sha256(query).hexdigest(), "claim holds"]
    return net, query, "\n".join([*head, "case 0", "crown", "close 0 0", "end", ""]).encode(), least, c


def covered():
    """a question in an L0 ball whose threshold lies a little below what some points of it have, its certificate or None, the answer's exit
    code, and a checker"""
    n = rng.choice((5, 6, 8))
    net, lo, hi = small(rng.choice(([n, 12, 1], [n, 8, 6, 1]))), [-0.5 - rng.random()] * n, [0.25 + rng.random()] * n
    centre, radius = [rng.choice((0.0, rng.uniform(-0.25, 0.25))) for _ in lo], rng.randint(1, 3)
    if rng.random() < 0.3:
        centre[0] = hi[0] + 0.125  # outside of the box
    pixels = [i // 2 for i in range(n)] if rng.random() < 0.3 else None
    query = with_ball(question(net, lo, hi, 1, ["(<= Y_0 0)"]), "l0", centre, radius, pixels)
    c = Checker(net, query, False)
    ball = json.loads(query)["cases"][0]["balls"][0]
    if pixels and radius == 3:
        return net, query, None, None, c
    points = [x for x in (point_in(ball, lo, hi, centre, [rng.choice((-1, 1)) for _ in lo]) for _ in range(400)) if x]
    least = min((float(c.value(c.array(x))[0]) for x in points), default=0.0)
    query = with_ball(question(net, lo, hi, 1, ["(<= Y_0 %r)" % (least - rng.choice((0.02, 0.1, 0.5)))]), "l0", centre, radius, pixels)
    code, proof = solved(net, query, "--no-branch", "--no-solve")
    return net, query, proof, code, Checker(net, query, True)


def point_in(ball, lo, hi, centre, steer):
    """a point of ball and box, far in the direction steer; None if rounding may have left the ball"""
    move = [s * rng.random() for s in steer]
    if ball["norm"] == "l0":
        group = ball.get("pixels", list(range(len(lo))))
        some = rng.sample(sorted(set(group)), int(ball["radius"]))
        x = [(l if s < 0 else h) if g in some else c for l, h, c, s, g in zip(lo, hi, centre, steer, group)]
    else:
        size = sum(abs(v) for v in move) if ball["norm"] == "l1" else sum(v * v for v in move) ** 0.5
        x = [min(max(c + v * ball["radius"] / (size or 1) * (1 - 1e-9), l), h) for l, h, c, v in zip(lo, hi, centre, move)]
    moved = [Fraction(v) - Fraction(c) for v, c in zip(x, centre)]
    far = {"l0": lambda: 0, "l1": lambda: sum(map(abs, moved)) - Fraction(ball["radius"]),
           "l2": lambda: sum(v * v for v in moved) - Fraction(ball["radius"]) ** 2}[ball["norm"]]()
    return x if far <= 0 and all(l <= v <= h for l, v, h in zip(lo, x, hi)) else None


def least_in(ball, w, lo, hi, centre):
    """the least w x over box and ball, the centre within: what moves gains most first"""
    ends = [(l - c, h - c) for l, h, c in zip(lo, hi, centre)]
    gains = [max(-v * l, -v * h) for v, (l, h) in zip(w, ends)]
    base = sum(v * c for v, c in zip(w, centre))
    if ball["norm"] == "l0":
        group = ball.get("pixels", list(range(len(w))))
        each = [sum(g for g, k in zip(gains, group) if k == j) for j in set(group)]
        return base - sum(sorted(each, reverse=True)[:int(ball["radius"])])
    left = ball["radius"]
    for v, (l, h) in sorted(zip(w, ends), key=lambda t: -abs(t[0])):
        step = min(left, -l if v > 0 else h)
        base, left = base - abs(v) * step, left - step
    return base


def balls():
    """balls: both checkers find the same bounds, which no point of the set is below, and those of linear rows are the best"""
    best = tried = 0
    for k in range(60):
        norm = ("l1", "l2", "l0")[k % 3]
        net, query, proof, least, c = in_ball(norm)
        case, ball = c.case, c.case["balls"][0]
        lo, hi, centre = case["lo"], case["hi"], ball["centre"]
        for mode in ((), ("--exact",)):
            code, out, err = checked(net, query, proof, *mode)
            check("a bound in a ball is the same", code == 0, (out, err, mode, net, query, proof))
        check("and in floats", said(net, query, proof, False) == "holds", (net, query, proof))
        for _ in range(60):
            steer = [rng.choice((-1, 1)) for _ in lo]
            x = point_in(ball, lo, hi, centre, steer)
            check("no point is below a bound", x is None or float(c.value(c.array(x))[0]) >= least, (net, query, x, least))
        inside = all(l <= v <= h for l, v, h in zip(lo, centre, hi))
        q = json.loads(query)
        q["cases"][0]["clauses"][0]["rows"][0]["rhs"] = 1000
        away = run("solve", p("n.json"), put("q.json", q), "--dump", "query", "--json")[1].encode()
        corner = "\n".join(["netmip proof 1", proof.decode().split("\n")[1], "question " + hashlib.sha256(away).hexdigest(), "claim violated",
                            "witness 0 0 " + " ".join(map(repr, lo)), ""]).encode()
        far = not c.has(ball, list(map(Fraction, lo)))
        check("a witness leaves its ball", (checked(net, away, corner)[0] == 6) == far and ("ball" in said(net, away, corner, True)) == far, (net, away, corner))
        if len(c.blocks) == 1 and norm != "l2" and inside:
            tried += 1
            w, b = ([float(v) for v in np.ravel(a)] for a in c.blocks[0])
            true = least_in(ball, w, lo, hi, centre) + b[0]
            best += abs(true - least) <= 1e-6 * (1 + abs(true))
        code, written = solved(net, query)
        proven = written is not None and checked(net, query, written)[0] == 0
        check("solve writes one", code == 0 and proven, (code, written, norm, net, query))
        check("which is not that of another radius", written is None or checked(net, with_ball(query, norm, centre, 2 * ball["radius"]), written)[0] == 6, query)
    check("bounds of linear rows are the best", tried >= 1 and best == tried, (best, tried))


def empty_balls():
    """the box has no point of an L0 ball, or one of an L2 ball: what solve closes, the checkers do, too"""
    for k in range(12):
        n, pixels = 8, rng.choice((None, [0, 1, 2, 3, 0, 1, 2, 3]))
        net, lo, hi = small([n, 16, 1]), [-1.0] * n, [0.5] * n
        centre = [rng.uniform(-0.25, 0.25) for _ in lo]
        for i in (2, 4, 7):
            centre[i] = hi[i] + 0.1
        norm, radius = ("l0", 2) if k % 2 else ("l2", 0)
        query = with_ball(question(net, lo, hi, 1, ["(<= Y_0 %r)" % rng.uniform(-1, 1)]), norm, centre if k % 2 else [0.125] * n, radius, pixels if k % 2 else None)
        if k % 4 == 0:  # it misses the box by 0.025 or more
            query = with_ball(question(net, lo, hi, 1, ["(<= Y_0 %r)" % rng.uniform(-1, 1)]), rng.choice(("l1", "l2")), [0.1] * 7 + [hi[7] + 0.125], rng.choice((0.02, 0.1)))
        code, proof = solved(net, query, "--no-attack")
        check("an empty ball holds", code == 0 or k % 4 == 2, (code, net, query))
        check("and has a certificate", code != 0 or proof is not None, (net, query))
        if proof is not None:
            for mode in ((), ("--exact",)):
                check("accepted", checked(net, query, proof, *mode)[0] == code, (mode, net, query, proof))
            claim = {0: "holds", 10: "violated"}[code]
            check("and by the second", said(net, query, proof, False) == said(net, query, proof, True) == claim,
                  (said(net, query, proof, False), said(net, query, proof, True), net, query, proof))


def with_generators(query, n_in):
    """the question, over generators: some have a sum, some inputs read one of them alone and are cut at the box, some are constant"""
    n = rng.randint(2, 5)
    lo, hi = [rng.choice((0.0, -rng.random(), -0.5)) for _ in range(n)], [rng.choice((1.0, rng.random())) for _ in range(n)]
    sums = [[0, rng.randint(2, n), rng.choice((1.0, 0.5, 0.625))]] if rng.random() < 0.7 else []
    for first, k, total in sums:  # some point of the box has this sum
        lo[first:first + k], hi[first:first + k] = [0.0] * k, [1.0] * k
    at = [rng.choice((l, 0.5 * l + 0.5 * h)) for l, h in zip(lo, hi)]
    for first, k, total in sums:
        at[first:first + k] = [total] + [0.0] * (k - 1)
    terms = [[(g, rng.choice((-1, 1)) * rng.randint(1, 32) / 16) for g in sorted(rng.sample(range(n), rng.choice((0, 1, 1, n))))] for _ in range(n_in)]
    x0 = [rng.randint(-16, 16) / 16 for _ in range(n_in)]
    inputs = [x + sum(w * at[g] for g, w in row) for x, row in zip(x0, terms)]
    ptr = [sum(len(row) for row in terms[:i]) for i in range(n_in + 1)]
    idx, w = [g for row in terms for g, _ in row], [w for row in terms for _, w in row]
    q = json.loads(query)
    case = q["cases"][0]
    case["lo"] = [x - rng.choice((0.25, 8)) for x in inputs]  # some boxes cut the set
    case["hi"] = [x + rng.choice((0.25, 8)) for x in inputs]
    rows = [{"var": [n - 1], "coef": [2.0], "rhs": 2 * at[-1] + 0.25}] if rng.random() < 0.3 else []
    case["gens"] = {"lo": lo, "hi": hi, "at": at, "is_image": False, "x0": x0, "ptr": ptr, "idx": idx, "w": w, "sums": sums, "rows": rows,
                    "kernel": [0, 0, 0, 0]}
    code, out, err = run("solve", p("n.json"), put("q.json", q), "--dump", "query", "--json")
    assert code == 0, (err, q)
    return out.encode()


def over_generators():
    """a question over generators whose threshold lies a little below what plain bounds prove, its certificate, and their bound"""
    sizes = rng.choice(([4, 6, 1], [6, 5, 4, 1], [4, 1]))
    net = small(sizes)
    asked = with_generators(question(net, [-8] * sizes[0], [8] * sizes[0], 1, ["(<= Y_0 -1000)"]), sizes[0])
    c = Checker(net, asked, True)
    c.case = c.q["cases"][0]
    r = c.whole(c.case)
    c.step(r, "crown", [])
    y, cst, e, rhs, plain = c.row(r, 0, 0)
    least = float(c.least(r, y, cst, e)[0])
    q = json.loads(asked)
    q["cases"][0]["clauses"][0]["rows"][0]["rhs"] = least - 1e-6 * (1 + abs(least))
    query = run("solve", p("n.json"), put("q.json", q), "--dump", "query", "--json")[1].encode()
    head = ["netmip proof 1", "network " + hashlib.sha256(net).hexdigest(), "question " + hashlib.sha256(query).hexdigest(), "claim holds"]
    return net, query, "\n".join([*head, "case 0", "crown", "close 0 0", "end", ""]).encode(), least, c


def some_generators(gens, case):
    """generators in their box, with their sums, whose inputs are in the case's box; None if the ones drawn are not"""
    g = [rng.choice((l, h, rng.uniform(l, h))) for l, h in zip(gens["lo"], gens["hi"])]
    for first, n, total in gens["sums"]:
        left = Fraction(total)
        for i in sorted(range(first, first + n), key=lambda _: rng.random()):
            g[i] = float(min(left, 1)) if rng.random() < 0.5 else min(float(left), rng.randint(0, 8) / 8)
            left -= Fraction(g[i])
        if left != 0:
            return None
    x = [Fraction(v) + sum(Fraction(gens["w"][k]) * Fraction(g[gens["idx"][k]]) for k in range(*gens["ptr"][i:i + 2])) for i, v in enumerate(gens["x0"])]
    inside = all(l <= v <= h for l, v, h in zip(case["lo"], x, case["hi"]))
    return g if inside and all(sum(c * g[v] for v, c in zip(r["var"], r["coef"])) <= r["rhs"] for r in gens["rows"]) else None


def generators():
    """sets with generators: all checkers find the same bounds, which no point of the set is below, and solve's certificates are accepted"""
    points = written = 0
    for _ in range(50):
        net, query, proof, least, c = over_generators()
        for mode in ((), ("--exact",)):
            code, out, err = checked(net, query, proof, *mode)
            check("a bound over generators is the same", code == 0, (out, err, mode, net, query, proof))
        check("and in floats", said(net, query, proof, False) == "holds", (said(net, query, proof, False), net, query, proof))
        for _ in range(40):
            g = some_generators(c.case["gens"], c.case)
            points += g is not None
            check("no point is below a bound", g is None or float(c.value(c.array(g))[0]) >= least, (net, query, g, least))
        code, own = solved(net, query)
        check("solve writes one", code == 0 and own is not None and checked(net, query, own)[0] == 0, (code, own, net, query))
        q = json.loads(query)
        q["cases"][0]["clauses"][0]["rows"][0]["rhs"] += rng.choice((0.3, 1, 3))
        query = run("solve", p("n.json"), put("q.json", q), "--dump", "query", "--json")[1].encode()
        code, own = solved(net, query)
        said_all = own and [checked(net, query, own)[0], checked(net, query, own, "--exact")[0]]
        check("so do steps that need more", own is None or said_all == [code, code], (code, said_all, net, query, own))
        ours = own and [said(net, query, own, exact) for exact in (False, True)]
        check("and for the second checker", own is None or ours == [{0: "holds", 10: "violated"}[code]] * 2, (code, ours, net, query, own))
        check("an earlier question's is not this one's", checked(net, query, proof)[0] == 6, query)
        written += own is not None
    check("points were tried, and certificates were written", points > 200 and written > 25, (points, written))


def touching(net, lo, hi):
    """the network, some units of whose first layer have 0 as an end of their intervals, and are open by rounding alone: then their slopes,
    signs and multipliers count in floats, and what these prove the fractions must, too"""
    net = json.loads(net)
    weight, bias = net["layers"][0]["weight"], net["layers"][0]["bias"]
    for i, row in enumerate(weight):
        if rng.random() < 0.4:
            bias[i] = -sum(max(w * lo, w * hi) if i % 2 else min(w * lo, w * hi) for w in row)
    return json.dumps(net).encode()


def handmade():
    """a certificate with bounds of units, and of the row, by trees that are drawn; its threshold is a little below what they prove"""
    sizes = [3, 6, 5, 4, 1]
    exact, ends = rng.random() < 0.5, ([-0.5] * 3, [0.75] * 3)
    net = small(sizes) if exact else touching(small(sizes), -0.5, 0.75)
    c = Checker(net, question(net, *ends, 1, ["(<= Y_0 -1000)"]), exact)
    c.case = c.q["cases"][0]
    r, lines = c.whole(c.case), ["crown"]
    for block in (2, 4, 4, 6, 6):
        before = [(b, i) for b in range(2, block + 1, 2) for i in range(sizes[b // 2])]
        tree = random_tree([], before) if rng.random() < 0.9 else "="
        lines.append("%s %d %d %s" % (rng.choice(("least", "most")), block, rng.randrange(sizes[block // 2]), tree))
    lines += ["crown", "slopes 2:0Q 4:1g1I"]
    for line in lines:
        c.step(r, line.split(" ")[0], line.split(" ")[1:])
    last = random_tree([], [(b, i) for b in (2, 4, 6) for i in range(sizes[b // 2])])
    y, cst, e, rhs, plain = c.row(r, 0, 0, c.leaves(r, last.split(" ")))
    least = float(min(c.least(r, y, cst, e)))
    query = question(net, *ends, 1, ["(<= Y_0 %r)" % (least - 1e-7 * (1 + abs(least)))])
    head = ["netmip proof 1", "network " + hashlib.sha256(net).hexdigest(), "question " + hashlib.sha256(query).hexdigest(), "claim holds"]
    return net, query, "\n".join([*head, "case 0", *lines, "tree 0 0 " + last, "end", ""]).encode()


def pool(n):
    """valid certificates of small networks, an eighth of them with points, an eighth with trees and so on: (network, question, certificate)"""
    found, kinds, have = [], set(), {"point": 0, "tree": 0, "ball": 0, "gens": 0, "cover": 0}
    while len(found) < n:
        wanted = ([w for w in have if have[w] < n // 8] or [None])[0]
        sizes = [3, 8, 2] if wanted else rng.choice(([2, 5, 2], [3, 6, 5, 2], [2, 5, 4, 3, 2], [3, 8, 6, 2]))
        net, r = small(sizes), 1 if wanted else rng.choice((0.25, 0.5, 1))
        query = near_bound(net, [-r] * sizes[0], [r] * sizes[0], 2)
        code, proof = solved(net, query, *(("--no-split",) if wanted else rng.choice(((), ("--no-split",), ("--no-split",)))))
        if wanted == "tree":
            net, query, proof = handmade()
        elif wanted == "ball":
            net, query, proof = in_ball(rng.choice(("l1", "l2", "l0")))[:3]
        elif wanted == "cover":
            net, query, proof = covered()[:3]
        elif wanted == "gens":
            net, query, proof = over_generators()[:3]
        if proof is None or proof.count(b"\n") > 200 or (wanted and wanted.encode() not in proof + query):
            continue
        for w in have:
            have[w] += w.encode() in proof + query
        kinds |= {w for w in STEPS if w in proof.decode()}
        found.append((net, query, proof))
    return found, kinds


def agreement():
    found, kinds = pool(30)
    check("the certificates use all kinds of steps", kinds >= {"slopes", "cut", "branch", "betas", "point", "tree", "least", "most", "cover"}, kinds)
    for net, query, proof in found:
        code, out, err = checked(net, query, proof)
        ours, rounded = said(net, query, proof, True), said(net, query, proof, False)
        exactly = checked(net, query, proof, "--exact")
        check("so does --exact", exactly[0] == code and exactly[1].split(" step")[0] == out.split(" step")[0], (exactly, code, out, proof))
        check("all accept", code in (0, 10) and out.startswith("accepted: " + ours) and ours == rounded, (code, out, err, ours, rounded, proof))


def number(word):
    """a word with another number in it"""
    if "." in word or "e-" in word:
        return rng.choice(("0", "-" + word, word + "9", "1e300", "nan", str(float(word.split(":")[-1]) * 2) if ":" not in word else word))
    return rng.choice((str(int(word) + 1), str(max(0, int(word) - 1)), "0", "-1", "99999999999999999999"))


KINDS = ("line dropped", "lines swapped", "line repeated", "word changed", "lines dropped", "step renamed", "hash changed",
         "larger radius", "right side raised", "number moved by an ulp", "case left out", "assumption turned")


def of_question(net, query, change):
    """a question that is changed, as the program prints it, and its hash"""
    q = json.loads(query)
    change(q["cases"][0])
    put("n.json", net), put("q.json", json.dumps(q).encode())
    query = run("solve", p("n.json"), p("q.json"), "--dump", "query", "--json")[1].encode()
    return query, "question " + hashlib.sha256(query).hexdigest()


def larger(case):
    grow = rng.choice((1 + 2 ** -50, 1.001, 1.05, 2))
    if "balls" in case and rng.random() < 0.5:
        for ball in case["balls"]:
            ball["radius"] = ball["radius"] + 1 if ball["norm"] == "l0" else ball["radius"] * grow
    else:
        case["lo"], case["hi"] = [v * grow for v in case["lo"]], [v * grow for v in case["hi"]]


def raised(case):
    row = case["clauses"][0]["rows"][0]
    row["rhs"] = rng.choice((ulp(row["rhs"], 1), row["rhs"] + rng.choice((2 ** -45, 0.001, 0.05, 1))))


def changed_word(words):
    k = rng.randrange(1, len(words))
    if words[k].replace(".", "").replace("e-", "").isdigit():
        words[k] = number(words[k])
    elif words[k]:
        i = rng.randrange(len(words[k]))
        words[k] = words[k][:i] + rng.choice("0123456789ABPYZafghz:-.") + words[k][i + 1:]


def changed_tree(words):
    """a tree with other multipliers, a node turned into another one, or a part left out or exchanged"""
    k, other = rng.randrange(3, len(words)), rng.randrange(3, len(words))
    if words[k][0] == "=":
        words[k] = rng.choice(("=", "=1", "=0,4", "=-1", words[k] + ",1", words[k].replace("0.25", "0.5")))
    else:
        words[k] = rng.choice((words[k][:-1] + rng.choice("0123459"), "2:0", "6:1", "=", "1:0", "2:"))
    if rng.random() < 0.3:
        words[k], words[other] = words[other], words[k]
    if rng.random() < 0.1:
        del words[k]


def without_case(lines, at):
    """leaves out the steps of one side of the next branching: from `else` to its `end`, or from it to its `else`"""
    starts = [k for k, t in enumerate(lines) if t.split(" ")[0] in ("branch", "split", "cover")]
    if not starts:
        return
    depth, k, els = 0, rng.choice(starts), None
    first = k
    while k < len(lines):
        word = lines[k].split(" ")[0]
        depth += word in ("branch", "split", "cover", "target")
        if word == "else" and depth == 1:
            els = k
        depth -= word == "end"
        if depth == 0:
            break
        k += 1
    side = rng.randrange(3)
    if els is None:  # a cover with one choice
        del lines[first + 1:k]
    elif side == 0:
        del lines[els + 1:k]
    elif side == 1:
        del lines[first + 1:els]
    else:
        del lines[first:els + 1], lines[k - (els + 1 - first)]


def damage(net, query, proof):
    """one change of a certificate, or of the question together with its hash; and its kind"""
    lines = proof.decode().split("\n")
    kind = rng.randrange(len(KINDS))
    at = rng.choice([k for k in range(4, len(lines)) if kind != 3 or " " in lines[k]])
    words, other = lines[at].split(" "), rng.randrange(4, len(lines))
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 2:
        lines.insert(at, lines[other])
    elif kind == 3:
        changed_word(words)
        lines[at] = " ".join(words)
    elif kind == 4:
        del lines[at:rng.randrange(at, len(lines))]
    elif kind == 5:
        words[0] = rng.choice(("crown", "slopes", "point", "betas", "close", "target", "cut", "branch", "split", "cover", "tree", "least", "most", "else", "end", "case", ""))
        lines[at] = " ".join(words)
    elif kind == 6:
        k = rng.randrange(1, 4)
        i = rng.randrange(len(lines[k]))
        lines[k] = lines[k][:i] + rng.choice("0123456789abcdef") + lines[k][i + 1:]
    elif kind in (7, 8):
        query, lines[2] = of_question(net, query, larger if kind == 7 else raised)
    elif kind == 9:
        places = [(a, b) for a, t in enumerate(lines) if t.split(" ")[0] in ("betas", "split", "witness")
                  for b, w in enumerate(t.split(" ")) if "." in w]
        if places:
            a, b = rng.choice(places)
            words = lines[a].split(" ")
            words[b] = repr(ulp(float(words[b]), rng.choice((-1, 1))))
            lines[a] = " ".join(words)
    elif kind == 10:
        without_case(lines, at)
    elif kind == 11:
        turned = [k for k, t in enumerate(lines) if t.split(" ")[0] in ("branch", "target", "close", "slopes", "point", "tree", "least", "most", "cover")]
        if turned:
            k = rng.choice(turned)
            words = lines[k].split(" ")
            if words[0] == "cover" and len(words) > 3:
                i = rng.choice((2, 3, 3))
                to = rng.randrange(len(words[i]))
                words[i] = words[i][:to] + rng.choice(("", "1", "2", "A", "B", "C", "D")) + words[i][to + rng.randrange(2):]
            elif words[0] in ("slopes", "point") and len(words) > 1:
                words[1:] = [w.translate(str.maketrans("AabZ", "aAZb")) for w in words[1:]]
            elif words[0] in ("tree", "least", "most") and rng.random() < 0.7:
                changed_tree(words)
            elif len(words) > 2:
                words[2] = str(int(words[2]) ^ 1)
            lines[k] = " ".join(words)
    return query, "\n".join(lines).encode(), KINDS[kind]


def verdicts(net, query, proofs, *more):
    """what netmip-check, which one process asks about many, says of each: its claim, or None"""
    put("n.json", net), put("q.json", query)
    names = [put("c%d.proof" % i, proof) for i, proof in enumerate(proofs)]
    r = subprocess.run([NETMIP + "-check", p("n.json"), p("q.json"), *names, *more], capture_output=True, text=True, timeout=300)
    lines = r.stdout.splitlines()
    check("no crash", r.returncode in (0, 6, 10) and len(lines) == len(proofs), (r.returncode, r.stderr, proofs))
    return [line.split(" ")[1] if line.startswith("accepted: ") else None for line in lines]


def mutations():
    certificates, table, exact = pool(15 if MUTATIONS < 1000 else 200)[0], {k: [0, 0, 0, 0] for k in KINDS}, {}
    branched, done = [c for c in certificates if b"else" in c[2]], 0
    while done < MUTATIONS:
        net, query, proof = rng.choice(branched if branched and rng.random() < 0.7 else certificates)
        damaged = [damage(net, query, proof) for _ in range(min(MUTATIONS - done, 5 if MUTATIONS < 1000 else 100))]
        done += len(damaged)
        for asked in sorted({q for q, changed, kind in damaged}):
            these = [(changed, kind) for q, changed, kind in damaged if q == asked]
            proofs = [c for c, kind in these]
            for (changed, kind), rounded, claim in zip(these, verdicts(net, asked, proofs), verdicts(net, asked, proofs, "--exact")):
                check("--exact accepts what doubles accept", not rounded or claim == rounded, (rounded, claim, net, asked, changed))
                key, same = (net, asked, changed), changed == proof
                table[kind][0] += 1
                table[kind][3 if same else 2 if claim else 1] += 1
                if claim and not same and key not in exact:
                    exact[key] = said(net, asked, changed, True)
                check("what is accepted is valid", not claim or same or exact[key] == claim, (exact.get(key), claim, net, asked, changed))
    check("mutations are mostly rejected", sum(c[2] for c in table.values()) < 0.6 * MUTATIONS, table)
    for k, (tried, rejected, valid, same) in table.items() if MUTATIONS >= 1000 else ():
        print("note %-24s tried %6d, rejected %6d, accepted and valid %6d, unchanged %6d" % (k, tried, rejected, valid, same))
    print("note %d accepted ones differ from each other" % len(exact))


def ulp(x, way):
    import numpy
    return float(numpy.nextafter(x, way * float("inf")))


def ties():
    """a threshold at the exact bound, rounded up, must be rejected; a little below it is accepted"""
    for _ in range(8):
        net = small([2, 5, 4, 1])
        query = question(net, [-0.3, -0.7], [0.9, 0.1], 1, ["(<= Y_0 -1000)"])
        c = Checker(net, query, True)
        c.case = c.q["cases"][0]
        r = c.whole(c.case)
        c.crown(r)
        y, cst, e, rhs, plain = c.row(r, 0, 0)
        least = max(plain, c.least(r, y, cst, e)[0])
        at = float(least) if float(least) >= least else ulp(float(least), 1)
        for rhs, good, exactly in ((at, False, False), (at - 1e-9, True, True), (at - 2 ** -44, None, True)):
            q = question(net, [-0.3, -0.7], [0.9, 0.1], 1, ["(<= Y_0 %r)" % rhs])
            proof = ("netmip proof 1\nnetwork %s\nquestion %s\nclaim holds\ncase 0\ncrown\nclose 0 0\nend\n" %
                     (hashlib.sha256(net).hexdigest(), hashlib.sha256(q).hexdigest())).encode()
            code, out, err = checked(net, q, proof)
            check("a tie is no proof, a margin of 1e-9 is one", good is None or (code == 0) == good, (rhs, float(least), out))
            code, out, err = checked(net, q, proof, "--exact")
            check("one of some last digits is, exactly", (code == 0) == exactly, (rhs, float(least), out))


def cuts():
    """a corner of a small box is a counterexample by nothing: no cut may lose it; a threshold 1e-9 lower, and cuts empty the box"""
    emptied = 0
    for _ in range(10):
        net, centre = small([2, 5, 4, 1]), [rng.uniform(-1, 1), rng.uniform(-1, 1)]
        lo, hi = [v - 2 ** -7 for v in centre], [v + 2 ** -7 for v in centre]
        c = Checker(net, question(net, lo, hi, 1, ["(<= Y_0 -1000)"]), True)
        least = min(c.value(c.array([x, y]))[0] for x in (lo[0], hi[0]) for y in (lo[1], hi[1]))
        at = float(least) if float(least) >= least else ulp(float(least), 1)
        for rhs in (at, at - 1e-9):
            q = question(net, lo, hi, 1, ["(<= Y_0 %r)" % rhs])
            proof = ("netmip proof 1\nnetwork %s\nquestion %s\nclaim holds\ncase 0\ntarget 0 0\n%sclose 0 0\nend\nend\n" %
                     (hashlib.sha256(net).hexdigest(), hashlib.sha256(q).hexdigest(), "cut\ncrown\n" * 3)).encode()
            codes = [checked(net, q, proof, *more)[0] for more in ((), ("--exact",))]
            check("a corner that is a counterexample stays", rhs < at or codes == [6, 6], (codes, net, q))
            check("what doubles prove is proven exactly", codes[0] == 6 or codes[1] == 0, (codes, net, q))
            emptied += codes == [0, 0]
    check("without it, cuts prove what they should", emptied >= 5, emptied)


def symmetric():
    """units as far below 0 as above, up to rounding: search and checker settle such ties of default slopes in the same way"""
    written = 0
    for _ in range(12):
        pairs = [([[rng.uniform(-1, 1) for _ in range(n)] for _ in range(k)], [0.0] * k) for n, k in ((3, 7), (7, 6), (6, 5), (5, 1))]
        net = json.dumps(network([3], relus(*pairs))).encode()
        query = question(net, [-0.7] * 3, [0.7] * 3, 1, ["(<= Y_0 %r)" % rng.uniform(-3, -0.3)])
        code, proof = solved(net, query)
        written += proof is not None
        check("a tie is settled alike", proof is None or checked(net, query, proof)[0] == code, (code, net, query, proof))
    check("some have certificates", written >= 4, written)


def halves():
    """one layer of many units over few inputs: the tree of a target halves inputs and branches on signs"""
    tried = mixed = 0
    for _ in range(40):
        if tried == 6:  # about half of the questions are violated
            break
        pairs = [([[rng.uniform(-1, 1) for _ in range(n)] for _ in range(k)], [rng.uniform(-0.3, 0.3)] * k) for n, k in ((3, 48), (48, 1))]
        net = json.dumps(network([3], relus(*pairs))).encode()
        lo, hi = [-1.0] * 3, [1.0] * 3
        c = Checker(net, question(net, lo, hi, 1, ["(<= Y_0 0)"]))
        least = min(float(c.value(c.array([rng.uniform(-1, 1) for _ in lo]))[0]) for _ in range(2000))
        query = question(net, lo, hi, 1, ["(<= Y_0 %r)" % (least - 0.05 * abs(least) - 0.05)])
        code, proof = solved(net, query, "--no-split", "--no-attack")
        if proof is None or code == 10:
            continue
        tried += 1
        inside = proof[proof.index(b"target"):]
        mixed += b"\nsplit " in inside and b"\nbranch " in inside
        check("accepted", checked(net, query, proof)[0] == code == 0 and said(net, query, proof, False) == "holds", (code, net, query))
        cut = proof.replace(b"\nelse\n", b"\nend\n", 1)
        check("not without a half", checked(net, query, cut)[0] == 6, (net, query))
    check("halves and signs are mixed", tried > 2 and mixed > 0, (tried, mixed))


def covers():
    """an L0 ball around a centre outside of the box: what the attack finds may lie outside of the ball, which must not end a cover; a radius
    that is not whole counts as the whole number below it; covers that are recorded are accepted"""
    asked = held = 0
    for _ in range(12):
        net, lo, hi = small([8, 24, 1]), [-0.7] * 8, [0.4] * 8
        centre = [0.45] + [rng.uniform(-0.3, 0.3) for _ in lo[1:]]
        c = Checker(net, question(net, lo, hi, 1, ["(<= Y_0 0)"]))
        points = [[rng.choice((lo[i], hi[i], rng.uniform(lo[i], hi[i]))) if i in (0, k) else centre[i] for i in range(8)]
                  for k in [rng.randint(1, 7) for _ in range(600)]]
        least = min(float(c.value(c.array(x))[0]) for x in points)
        query = with_ball(question(net, lo, hi, 1, ["(<= Y_0 %r)" % (least - 0.3 - 0.1 * abs(least))]), "l0", centre, 2.5)
        check("the radius is whole", json.loads(query)["cases"][0]["balls"][0]["radius"] == 2, query)
        codes = [solved(net, query, "--no-branch", "--no-solve", *more) for more in ((), ("--no-attack",))]
        asked, held = asked + 1, held + (codes[0][0] == 0)
        check("the attack takes nothing away", codes[0][0] == codes[1][0] or codes[0][0] == 10, (codes, net, query))
        for code, proof in codes:
            check("accepted, if there is one", proof is None or checked(net, query, proof)[0] == code, (net, query))
    check("some hold", 2 * held >= asked, (held, asked))
    tried = nested = 0
    for _ in range(25):
        net, query, proof, code, c = covered()
        if proof is None or code != 0:
            continue
        tried, nested = tried + (b"\ncover " in proof), nested + (proof.count(b"\ncover ") > 1)
        for mode in ((), ("--exact",)):
            check("a cover is accepted", checked(net, query, proof, *mode)[0] == 0, (mode, net, query, proof))
        check("and by the second checker", said(net, query, proof, False) == said(net, query, proof, True) == "holds", (net, query, proof))
    check("balls are covered", tried > 5 and nested > 2, (tried, nested))


def shipped():
    net, images = m("digits-mlp.onnx"), m("digits-test-images.idx3.gz")
    put("mlp.json", "")
    code, out, err = run("convert", net, "-o", p("mlp.json"))
    data, net_hash = open(p("mlp.json"), "rb").read(), hashlib.sha256(open(net, "rb").read()).hexdigest()
    for i in (3, 7, 11):
        flags = ("--image", "%s:%d" % (images, i), "--perturb", "linf:0.05")
        code, out, err = run("solve", net, *flags, "--proof", p("m.proof.gz"), "--quiet")
        again, text, err = run("check", net, *flags, p("m.proof.gz"), "--quiet")
        query = run("solve", net, *flags, "--dump", "query", "--json", "--quiet")[1].encode()
        import gzip
        with gzip.open(p("m.proof.gz")) as f:
            claim = Checker(data, query, False, net_hash).check(f.read())
        check("a shipped network", again == code and text.startswith("accepted: " + claim), (i, code, again, text, err))
        other = run("check", net, "--image", "%s:%d" % (images, i), "--perturb", "linf:0.051", p("m.proof.gz"), "--quiet")
        check("another radius", other[0] == 6 and "question" in other[1], other)
        other = run("check", m("digits-mlp3.onnx"), *flags, p("m.proof.gz"), "--quiet")
        check("another network", other[0] == 6 and "network" in other[1], other)


def refused():
    net, images = m("digits-mlp.onnx"), m("digits-test-images.idx3.gz")
    code, out, err = run("solve", net, "--image", images + ":3", "--perturb", "linf:0.01", "--arithmetic", "float32", "--proof", p("no.proof"))
    check("float32 is said to have none", code == 0 and "float32" in err and not os.path.exists(p("no.proof")), (code, err))
    put("kept.txt", "mine")
    code, out, err = run("solve", net, "--image", images + ":3", "--perturb", "linf:0.01", "--proof", p("kept.txt"))
    check("a file that is no certificate is kept", code == 2 and "no certificate" in err and open(p("kept.txt")).read() == "mine", (code, err))
    put("old.proof", "netmip proof 1\n")
    code, out, err = run("solve", net, "--image", images + ":3", "--perturb", "linf:0.01", "--arithmetic", "float32", "--proof", p("old.proof"))
    check("an older certificate does not stay", code == 0 and not os.path.exists(p("old.proof")), (code, err))
    code, out, err = run("solve", net, "--image", images + ":3", "--perturb", "linf:0.01", "--proof", p("no.proof"), "--objective", "worst")
    check("values have none", code == 4 and "certificates are for decisions" in err, (code, err))


parts(agreement, mutations, ties, cuts, symmetric, balls, empty_balls, generators, halves, covers, shipped, refused)
