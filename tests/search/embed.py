#!/usr/bin/env python3
"""embed: networks inside models of a user's. Models in dialects of MPS and LP are read as their own writer meant them; solvers find
the optimum that a search over a grid knows, with outputs that are the network's; what cannot be kept is refused by name."""
import itertools, json, math, os, random, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, m, p, parts, put, run, skip, text_of
import solverkit
from tiny import dense, network, relus

SOLVERS = [s for s in solverkit.present() if s in ("cbc", "glpsol", "highs")]
rng = random.Random(5)


class File:
    """a model's file, as solverkit wants it"""
    def __init__(self, path):
        self.path, self.stem = path, path.rsplit(".", 1)[0]

    def file_for(self, solver):
        return self.path

    def answer(self, solver):
        return "%s.%s.sol" % (self.stem, solver)


def solve(*paths):
    """what each solver says of each model, by decode: [{solver: JSON}]; one process of HiGHS for all of them"""
    said, files = [{} for _ in paths], [File(f) for f in paths]
    if "highs" in SOLVERS:
        solverkit.solve_highs(files, 60)
    for f, to in zip(files, said):
        for solver in SOLVERS:
            if solver != "highs":
                solverkit.solve(f, solver, 60)
            what = "%s by %s" % (os.path.basename(f.path), solver)
            code, out, err = run("decode", f.stem + ".map.json", f.answer(solver), "--json", "--quiet")
            if check(what + " decodes", code == 0, (code, err, out)):
                to[solver] = json.loads(out)["embedding"]
                check(what + ": optimal, and outputs are the network's", to[solver]["status"] == "optimal" and to[solver]["off"] < 1e-5, out)
    return said


def embed(net, into, inputs, outputs, out, *more):
    return run("embed", net, "--into", into, "--inputs", inputs, "--outputs", outputs, "-o", p(out), *more)


def random_net(sizes):
    layer = lambda a, b: ([[round(rng.uniform(-1, 1), 3) for _ in range(a)] for _ in range(b)], [round(rng.uniform(-0.5, 0.5), 3) for _ in range(b)])
    pairs = [layer(a, b) for a, b in zip(sizes, sizes[1:])]
    return pairs, network([sizes[0]], relus(*pairs))


def value(pairs, x):
    for k, (w, b) in enumerate(pairs):
        x = [sum(c * v for c, v in zip(row, x)) + bias for row, bias in zip(w, b)]
        if k + 1 < len(pairs):
            x = [max(v, 0) for v in x]
    return x


# One problem in several dialects: least (or most) y + a n + b z over x0, x1 in [-1, 1], -1 <= x0 - x1 <= 0.5, y = f(x),
# n integer in [-2, 3] with n >= y - 0.25, z free with z >= x0 and -z <= 1 + x1. z's best value follows from x.
LP = r"""\* a model
 of two lines of comment *\
Minimize
 cost: y + 0.5 n + 0.25 z[1,2] + 3
Subject To
 between: -1 <= x(0) - x(1) <= 0.5   \ both sides
 c1: n - y >= -0.25
 z[1,2] - x(0)
   >= 0
 - z[1,2] - x(1) <= 1
Bounds
 -1 <= x(0) <= 1
 x(1) >= -1
 x(1) <= 1
 y free
 z[1,2] >= -infinity
 -2 <= n <= 3
Generals
 n
End
"""
PYOMO = r"""\* Source Pyomo model name=unknown *\

max
objective:
-0.25 z[1,2]
-0.5 n
-1 y
-3 ONE_VAR_CONSTANT

s.t.

c_l_between_:
+1 x(0)
-1 x(1)
>= -1

c_u_between_:
+1 x(0)
-1 x(1)
<= 0.5

c_l_c1_:
+1 n
-1 y
>= -0.25

c_l_a_:
-1 x(0)
+1 z[1,2]
>= 0

c_l_b_:
+1 x(1)
+1 z[1,2]
>= -1

c_e_ONE_VAR_CONSTANT:
ONE_VAR_CONSTANT = 1.0

bounds
   -1 <= x(0) <= 1
   -1 <= x(1) <= 1
   -inf <= y <= +inf
   -inf <= z[1,2] <= +inf
   -2 <= n <= 3
general
  n
end
"""
MPS = """* free names
NAME  userModel
OBJSENSE
    MAX
ROWS
 N  cost
 L  between
 G  c1
 E  a
 G  b
 N  other
COLUMNS
 x(0)  between  1  other  5
 x(0)  a  -1
 x(1)  between  -1  b  1
 y  cost  -1  c1  -1
 MARKER  'MARKER'  'INTORG'
 n  cost  -0.5  c1  1
 MARKER  'MARKER'  'INTEND'
 z[1,2]  cost  -0.25  a  1
 z[1,2]  b  1
 slack  a  -1
RHS
 RHS  cost  3  between  0.5
 RHS  c1  -0.25
 RHS  b  -1
RANGES
 RNG  between  1.5
BOUNDS
 LO  BND  x(0)  -1
 UP  BND  x(0)  1
 MI  BND  x(1)
 UP  BND  x(1)  1
 LO  BND  x(1)  -1
 FR  BND  y
 LI  BND  n  -2
 UI  BND  n  3
 FR  BND  z[1,2]
 PL  BND  slack
ENDATA
"""
DIALECTS = {"lp.lp": LP, "pyomo.lp": PYOMO, "free.mps": MPS}


def grid_optimum(pairs):
    best, n = math.inf, 100
    for i, k in itertools.product(range(n + 1), repeat=2):
        x = -1 + 2 * i / n, -1 + 2 * k / n
        if not -1 - 1e-12 <= x[0] - x[1] <= 0.5 + 1e-12:
            continue
        y = value(pairs, x)[0]
        whole = max(-2, math.ceil(y - 0.25 - 1e-9))
        if whole <= 3:
            best = min(best, y + 0.5 * whole + 0.25 * max(x[0], -1 - x[1]) + 3)
    return best


def dialects():
    """the optimum is the grid's, whoever wrote the model, whichever encoding and file says it"""
    cases = []
    for trial in range(4):
        pairs, net = random_net([2, 4, 3, 1] if trial % 2 else [2, 5, 1])
        path, want = put("net%d.json" % trial, net), grid_optimum(pairs)
        for k, (name, text) in enumerate(DIALECTS.items()):
            lp = (trial + k) % 2 > 0
            into = put(name, text.replace("[1,2]", "(1,2)") if lp else text)  # brackets are products to some readers of LP
            out = "%d-%s" % (trial, name.replace(".", "-")) + (".lp" if lp else ".mps")
            code, said, err = embed(path, into, "x(0),x(1)", "y", out, "--encoding", ["bigm", "partition:2"][trial % 2], "--bounds", ["alpha", "lp", "crown", "mip"][trial])
            if check("%s is embedded" % out, code == 0, (code, err)):
                cases.append((trial, pairs, want, name, p(out)))
    seen = {}
    for (trial, pairs, want, name, path), said in zip(cases, solve(*(c[-1] for c in cases))):
        for solver, j in said.items():
            objective = j["objective"] if name == "lp.lp" else -j["objective"]
            # no point of the grid is better, and one is nearly as good: f changes by less than 4 along an edge of length 1
            check("%s by %s: the optimum" % (path, solver), want - 0.1 <= objective <= want + 1e-6, (objective, want))
            x, y = j["inputs"], j["outputs"][0]["solution"]
            check("%s by %s: y = f(x)" % (path, solver), abs(value(pairs, x)[0] - y) < 1e-5, (x, y))
            seen.setdefault(trial, []).append(objective)
    for trial, all_of in seen.items():
        check("trial %d: one optimum" % trial, max(all_of) - min(all_of) < 1e-5, all_of)


def exact():
    """optima that are known: |x0 - x1| over a polygon, by enumeration of its corners; integers as inputs"""
    net = m("tiny-abs.json")
    into = put("abs.lp", "Maximize\n obj: d - 0.5 x0\nSubject To\n r: x0 + x1 <= 1.5\nBounds\n x0 <= 1\n x1 <= 1\n d free\nEnd\n")
    check("abs: embedded", embed(net, into, "x0,x1", "d", "abs-out.mps")[0] == 0)
    for solver, j in solve(p("abs-out.mps"))[0].items():
        check("abs by %s" % solver, abs(j["objective"] - 1) < 1e-7 and max(map(abs, (j["inputs"][0], j["inputs"][1] - 1))) < 1e-6, j)
    into = put("whole.lp", "Minimize\n obj: y\nSubject To\n r: a + b >= 3\n s: a - b = 1\nBounds\n a <= 7\n y free\nGenerals\n a\n b\nEnd\n")
    code, out, err = embed(net, into, "a,b", "y", "whole-out.lp")
    check("integers: boxes from rows, b has none of its own", code == 0 and "column b: in [1, 6]" in out and "column a: in [2, 7]" in out, (code, out, err))
    for solver, j in solve(p("whole-out.lp"))[0].items():
        check("integers by %s" % solver, abs(j["objective"] - 1) < 1e-7, j)
    pairs, net = random_net([3, 6, 2])
    path = put("two.json", net)
    into = put("two.lp", "Minimize\n obj: a\nSubject To\n r: x + y + z = 1\n s: z = 0.25\nBounds\n x <= 1\n y <= 1\n a free\n b <= 100\n b >= -100\nEnd\n")
    code, out, err = embed(path, into, "x,y,z", "a,-", "two-out.mps")
    check("an output is left out, a fixed input", code == 0 and "column z: in [0.25, 0.25]" in out and "output 1" not in out, (code, out, err))
    want = min(value(pairs, (i * 0.75 / 3000, 0.75 - i * 0.75 / 3000, 0.25))[0] for i in range(3001))
    for solver, j in solve(p("two-out.mps"))[0].items():
        check("fixed input by %s" % solver, want - 2e-3 < j["objective"] < want + 1e-6, (j, want))


def twice():
    """two networks in one model, one call after the other: prefixes and columns do not clash"""
    a, net_a = random_net([1, 4, 1])
    b, net_b = random_net([1, 4, 1])
    pa, pb = put("a.json", net_a), put("b.json", net_b)
    into = put("twice.lp", "Minimize\n obj: u - w\nSubject To\n nn_mine: x - u <= 100\nBounds\n -1 <= x <= 1\n u free\n w free\nEnd\n")
    for out, suffix in (("once.mps", "then.mps"), ("once.lp", "then.lp")):
        c1 = embed(pa, into, "x", "u", out)
        c2 = embed(pb, p(out), "x", "w", suffix)
        check("twice: %s" % suffix, c1[0] == c2[0] == 0 and "begin with nn2_" in c1[1] and "begin with nn_" in c2[1] or "begin with nn3_" in c2[1], (c1, c2))
        want = min(value(a, [i / 2000])[0] - value(b, [i / 2000])[0] for i in range(-2000, 2001))
        for solver, j in solve(p(suffix))[0].items():
            check("twice by %s" % solver, want - 2e-3 < j["objective"] < want + 1e-6, (j["objective"], want))


def numbers():
    """every number of the user's comes out as it went in"""
    x = [0.1, 1 / 3, 2.2250738585072014e-3, 123456.789, 0.35, 7e-7, 1.1]
    terms = " ".join("+ %r q%d" % (v, k) for k, v in enumerate(x))
    into = put("numbers.lp", "Minimize\n obj: %s + y\nSubject To\n r: %s >= %r\n t: -%r <= q0 + x <= %r\nBounds\n x <= 1\n y free\n%s\nEnd\n"
               % (terms, terms, 0.7, 0.3, 0.9, "\n".join(" %r <= q%d <= %r" % (-v, k, v * 3) for k, v in enumerate(x))))
    net = put("id.json", network([1], [dense([[1]], [0]), {"op": "relu"}]))
    for out in ("numbers.mps", "numbers-out.lp"):
        code, said, err = embed(net, into, "x", "y", out)
        check("numbers: " + out, code == 0, err)
        words = {float(w) for w in text_of(p(out)).split() if w.replace(".", "").replace("-", "").replace("e", "").replace("+", "").isdigit()}
        want = set(x) | {0.7, 0.3, 0.9 if -0.3 + (0.9 + 0.3) != 0.9 or out.endswith("lp") else 0.9 + 0.3} | {v * 3 for v in x} | {-v for v in x}
        check("numbers: all there in " + out, want <= words | {-w for w in words}, sorted(want - words - {-w for w in words}))


BOX = "Bounds\n x <= 1\n y free\n"
ROW = "Minimize\n obj: y\nSubject To\n r: x + z <= 3\n"
HEAD = "NAME t\nROWS\n N cost\n L r\nCOLUMNS\n"
REFUSED = [  # suffix, text, exit code, what the message says
    ("lp", ROW + BOX + "Semi-continuous\n z\nEnd\n", 4, "section Semi cannot be kept"),
    ("lp", ROW + BOX + "SOS\n s1: S1:: x:1 z:2\nEnd\n", 4, "a set (SOS) cannot be kept"),
    ("lp", "Minimize\n obj: y + [ x ^2 ] / 2\nSubject To\n r: x + z <= 3\n" + BOX + "End\n", 4, ":2:1: a product or a square"),
    ("lp", ROW + " i: b = 1 -> x <= 0\n" + BOX + "End\n", 4, "an indicator constraint"),
    ("lp", ROW + "Lazy Constraints\n l: x <= 2\n" + BOX + "End\n", 4, "section Lazy"),
    ("lp", ROW + "User Cuts\n l: x <= 2\n" + BOX + "End\n", 4, "section User"),
    ("lp", ROW + BOX + " z <= -3\nEnd\n", 4, "column z has an upper bound below 0"),
    ("lp", ROW + BOX + " z = 0\nBinaries\n z\nEnd\n", 4, "binary column z has bounds of its own"),
    ("lp", ROW + BOX, 3, "End in the last line was expected"),
    ("lp", ROW + " s: x >= 2 z\n" + BOX + "End\n", 3, ":5:1: the end of the row"),
    ("lp", ROW + " r: x >= 2\n" + BOX + "End\n", 3, ":5:1: a row that was not defined before"),
    ("lp", ROW + " s: x + 3 >= 2\n" + BOX + "End\n", 3, "no constant among the terms"),
    ("lp", ROW + BOX + " x >= 2\nEnd\n", 3, "column x: its lower bound is above"),
    ("lp", ROW + " s: x >= 0.75\n t: x + z <= 0.5\n" + BOX + "End\n", 3, "the model has no point"),
    ("lp", ROW + "Bounds\n x >= 1\n z free\n y free\nEnd\n", 4, "column x, input 0 of the network, has no finite upper bound"),
    ("mps", HEAD + " x r 1\n y cost 1\nRHS\nBOUNDS\n UP b x 1\nSOS\n S1 s\nENDATA\n", 4, "section SOS cannot be kept"),
    ("mps", HEAD + " x r 1\n y cost 1\nRHS\nBOUNDS\n UP b x 1\n SC b y 1\nENDATA\n", 4, "a semi-continuous column"),
    ("mps", HEAD + " x r 1\n y cost 1\nBOUNDS\n UP b x 1\nQUADOBJ\n x x 1\nENDATA\n", 4, "section QUADOBJ"),
    ("mps", HEAD + " x r 1\n y cost 1\nBOUNDS\n UP b x 1\nINDICATORS\n IF r x 1\nENDATA\n", 4, "section INDICATORS"),
    ("mps", HEAD + " x r 1\n y cost 1\n M 'MARKER' 'INTORG'\n n r 1\n M 'MARKER' 'INTEND'\nBOUNDS\n UP b x 1\nENDATA\n", 4, "integer column n has no bounds"),
    ("mps", HEAD + " x r 1\n y cost 1\nBOUNDS\n UP b x 1\n UP c y 1\nENDATA\n", 4, "a second set of BOUNDS"),
    ("mps", HEAD + " my x r 1\n y cost 1\nENDATA\n", 3, "names without blanks"),
    ("mps", HEAD + " x r 1 r 2\n y cost 1\nBOUNDS\n UP b x 1\nENDATA\n", 3, "column x is given twice in row r"),
    ("mps", HEAD + " x r 1\n y cost 1\nBOUNDS\n UP b x 1\n", 3, "ends before ENDATA"),
    ("mps", HEAD + " x q 1\nENDATA\n", 3, ":6:1: the name of a known row"),
]


def refusals():
    net = put("id.json", network([1], [dense([[1]], [0]), {"op": "relu"}, dense([[1]], [0.5])]))
    for k, (suffix, text, code, says) in enumerate(REFUSED):
        got, out, err = embed(net, put("bad%d.%s" % (k, suffix), text), "x", "y", "bad-out.mps")
        check("refused: %s" % says, got == code and says in err and not os.path.exists(p("bad-out.mps")), (got, err))
    good = put("good.lp", ROW + BOX + "End\n")
    for inputs, outputs, more, code, says in (
            ("x,z", "y", (), 2, "2 columns are named, but the network has 1 inputs"), ("w", "y", (), 2, "has no column w"), ("x", "x", (), 2, "an input and an output"),
            ("x", "-", (), 2, "all outputs are left out"), ("-", "y", (), 2, "is allowed for outputs only"), ("", "y", (), 2, "is empty"),
            ("x", "y", ("--encoding", "relax"), 4, "would not equal"), ("x", "y", ("--encoding", "aggregate:2"), 4, "would not equal"), ("x", "y", ("--encoding", "hull"), 4, "a question's row"),
            ("x", "y", ("--encoding", "sos1"), 4, "dialect generic has no special ordered sets"), ("x", "y", ("--bounds", "9:lp"), 2, "is not a ReLU block")):
        got, out, err = embed(net, good, inputs, outputs, "bad-out.mps", *more)
        check("refused: %s" % says, got == code and says in err, (got, err))
    text = open(good).read()
    os.symlink(good, p("link.lp"))
    for out in ("good.lp", "link.lp"):
        got, _, err = embed(net, good, "x", "y", out)
        check("refused: written over the model that it goes into", got == 2 and "another" in err and open(good).read() == text, (got, err))
    two = put("pair.json", network([2], [dense([[1, 1]], [0])]))
    got, out, err = embed(two, good, "x,x", "y", "bad-out.mps")
    check("refused: a column twice", got == 2 and "is given twice" in err, (got, err))
    soft = put("soft.json", network([1], [dense([[1], [2]], [0, 0]), {"op": "softmax"}]))
    got, out, err = embed(soft, put("two-y.lp", "Minimize\n obj: y\nSubject To\n r: x + y + w <= 3\nBounds\n x <= 1\nEnd\n"), "x", "y,w", "bad-out.mps")
    check("refused: Softmax, by name", got == 4 and "oftmax" in err and "network without it was expected" in err, (got, err))
    for name, text in (("names.mps", HEAD.replace(" L r", " L 3r") + " 3x 3r 1\n y cost 1\nBOUNDS\n UP b 3x 1\n FR b y\nENDATA\n"),):
        into = put(name, text)
        check("names: MPS to MPS", embed(net, into, "3x", "y", "names-out.mps")[0] == 0)
        got, out, err = embed(net, into, "3x", "y", "names-out.lp")
        check("names: what LP cannot say is refused", got == 4 and 'name "3x" cannot be written in LP' in err, (got, err))
    got, out, err = embed(net, put("good.lp", (ROW + BOX + "End\n").replace(" z", " z[1]")), "x", "y", "names-out.lp")
    check("names: brackets in LP are refused", got == 4 and 'name "z[1]" cannot be written in LP; a .mps file was expected' in err, (got, err))


def beside():
    """the map, inspect, decode of what is wrong, preprocessing, other dialects"""
    net = put("id.json", network([1], [dense([[1], [-1]], [0, 0]), {"op": "relu"}, dense([[2, 3]], [0.5])]))
    into = put("good.lp", ROW + "Bounds\n -2 <= x <= 1\n y free\nEnd\n")
    check("beside: embedded", embed(net, into, "x", "y", "beside.mps")[0] == 0)
    j = json.loads(text_of(p("beside.map.json")))
    check("map: what it is", j["netmip"] == "embedding" and j["prefix"] == "nn_" and not j["maximised"] and j["inputs"] == [{"column": "x", "lo": -2, "hi": 1}], j)
    names = [w for u in j["units"] for w in (u["column"], u["binary"])]
    text = text_of(p("beside.mps"))
    check("map: units' columns stand in the model", len(names) == 4 and all(" %s " % w in text for w in names), names)
    check("map: all columns, in order", j["columns"][:3] == ["y", "x", "z"] and len(j["columns"]) == 7, j["columns"])
    out = j["outputs"][0]
    check("map: ends hold the output's values", out["lo"] <= 0.5 + 1e-9 and out["hi"] >= 6.5 - 1e-9, out)
    code, said, err = run("inspect", p("beside.map.json"))
    check("inspect: a map", code == 0 and "input 0, column x: in [-2, 1]" in said, (code, said, err))
    code, said, err = run("inspect", p("beside.mps"), "--row", "nn_out0_lo")
    check("inspect: a model", code == 0 and "nn_out0_lo" in said, (code, said, err))
    put("beside.wrong.sol", "=obj= 1\nx 1\ny 2.75\nnn_v2_0 1\nnn_z2_0 1\n")
    code, said, err = run("decode", p("beside.map.json"), p("beside.wrong.sol"))
    check("decode: an output that is none of the network's", code == 6 and "2.75, network 2.5" in said and "column y is off" in err, (code, said, err))
    put("beside.none.sol", "=infeas=\n")
    code, said, err = run("decode", p("beside.map.json"), p("beside.none.sol"), "--quiet")
    check("decode: no point", code == 11 and "infeasible" in said, (code, said, err))
    check("mean and std: embedded", embed(net, into, "x", "y", "front.mps", "--mean", "0.5", "--std", "0.25")[0] == 0)
    for solver, j in solve(p("front.mps"))[0].items():
        check("mean and std by %s" % solver, abs(j["objective"] - 0.5) < 1e-6 and abs(j["inputs"][0] - 0.5) < 1e-6, j)
    for encoding, word in (("sos1", "S1"), ("indicator", "->")):
        code, said, err = embed(net, into, "x", "y", encoding + ".lp", "--encoding", encoding, "--dialect", "gurobi")
        check("%s for gurobi" % encoding, code == 0 and word in text_of(p(encoding + ".lp")), (code, err))
    listed = put("names.txt", "x\n")
    check("names from a file", embed(net, into, "@" + listed, "y", "listed.mps.gz")[0] == 0 and text_of(p("listed.mps.gz")).startswith("NAME"))


def boxes():
    """boxes of inputs hold every point of the model, and linear programs find what single rows cannot"""
    pairs, net = random_net([3, 4, 1])
    path = put("three.json", net)
    for trial in range(30):
        points = [[rng.uniform(-3, 3) for _ in range(5)] for _ in range(4)]
        rows = []
        for k in range(7):
            c = [rng.choice([0, 0, 1, -1, round(rng.uniform(-2, 2), 2)]) for _ in range(5)]
            at = [sum(a * x for a, x in zip(c, q)) for q in points]
            lo, hi = min(at) - rng.choice([0.001, 0.5]), max(at) + rng.choice([0.001, 0.5])
            terms = " ".join("%+r x%d" % (a, i) for i, a in enumerate(c) if a) or "0 x0"
            rows.append(" r%d: " % k + rng.choice(["%r <= %s <= %r" % (lo, terms, hi), "%s <= %r" % (terms, hi), "%s >= %r" % (terms, lo)]))
        wide = ["-5 <= x%d <= 5" % i if i < 3 else rng.choice(["x%d free", "x%d >= -4", "-inf <= x%d <= 4"]) % i for i in range(5)]
        into = put("box%d.lp" % trial, "Minimize\n obj: y\nSubject To\n%s\nBounds\n %s\n y free\nEnd\n" % ("\n".join(rows), "\n ".join(wide)))
        code, out, err = embed(path, into, "x0,x1,x2", "y", "box-out.mps", "--bounds", "interval")
        if check("box %d: embedded" % trial, code == 0, err):
            j = json.loads(text_of(p("box-out.map.json")))
            for q in points:
                check("box %d holds a point" % trial, all(e["lo"] <= v <= e["hi"] for e, v in zip(j["inputs"], q)), (q, j["inputs"]))
                check("box %d: the output's ends, too" % trial, j["outputs"][0]["lo"] - 1e-9 <= value(pairs, q[:3])[0] <= j["outputs"][0]["hi"] + 1e-9)
    into = put("diamond.lp", "Minimize\n obj: d\nSubject To\n a: x + y <= 1\n b: x - y <= 1\n c: y - x <= 1\n e: x + y + s >= -1\n"
               "Bounds\n -10 <= x <= 10\n -10 <= y <= 10\n s <= 0\n s >= -inf\n d free\nEnd\n")
    check("diamond: embedded", embed(m("tiny-abs.json"), into, "x,y", "d", "diamond.mps")[0] == 0)
    ends = [v for e in json.loads(text_of(p("diamond.map.json")))["inputs"] for v in (-e["lo"], e["hi"])]
    check("diamond: each end is 1, whatever s, which has no lower end, is", all(1 <= v < 1 + 1e-6 for v in ends), ends)


def surrogate():
    """the shipped example: no point of a grid is cheaper, and a cheap one is near"""
    code, out, err = embed(m("surrogate.onnx"), m("surrogate-plan.lp"), "temp,flow,acid", "yield", "plan.mps")
    check("surrogate: embedded", code == 0, err)
    check("surrogate: as JSON", run("convert", m("surrogate.onnx"), "-o", p("surrogate.json"))[0] == 0)
    net = json.loads(text_of(p("surrogate.json")))
    pairs = [(list(zip(*l["weight"])), l["bias"]) for l in net["layers"] if l["op"] == "Gemm"]
    best = math.inf
    for i, k, l in itertools.product(range(36), range(41), range(41)):
        x = 20 + 2 * i, 1 + k / 10, l / 40
        if x[1] + 2 * x[2] <= 5:
            cost = 0.05 * x[0] + 1.5 * x[1] + 4 * x[2] + 2 * (x[0] > 60) + 6
            if cost < best and value(pairs, x)[0] >= 0.6:
                best = cost
    for solver, j in solve(p("plan.mps"))[0].items():
        check("surrogate by %s" % solver, best - 0.2 < j["objective"] <= best + 1e-6, (j["objective"], best))


if len(SOLVERS) < 3:
    skip("not all of cbc, glpsol, highs are here: %s" % SOLVERS)
parts(dialects, exact, twice, numbers, refusals, beside, boxes, surrogate)
