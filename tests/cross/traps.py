#!/usr/bin/env python3
"""Networks on which others' arithmetic fell (tests/kit/trap_networks.py), through every verb and every solver that is here: each
verdict is the true one or `unknown`, every proven value holds, every attained one is attained. The truth is exact.

  traps.py [PART..]                  the test: each way of solving, `verify` and each solver get a part of the traps; TRAPS=all: all of them
  traps.py --table [SEED]            what each solver alone says wrongly: the table of netmip-decode(1)
  traps.py --find NETWORK INDEX TO   narrows the radius at which an image of models/ starts to be read otherwise"""
import collections, json, math, os, random, re, sys
from fractions import Fraction as F

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import ROOT, check, m, needs, p, parts, put, run, skip
from tiny import box, npy

needs("numpy", "onnx")
import numpy, onnx, onnx.numpy_helper

import solverkit as solving
import trap_networks as traps

WORD = {0: "holds", 10: "violated", 11: "unknown"}
WAYS = {  # of solve, each of another first stage
    "all stages": [],
    "no attack": ["--no-attack", "--no-branch", "--no-split"],
    "intervals": ["--bounds", "interval", "--no-attack", "--no-branch", "--no-split", "--encoding", "bigm"],
    "bounds alone": ["--no-attack", "--no-solve", "--no-branch", "--no-split"],
    "branching": ["--bounds", "interval", "--no-attack", "--no-split", "--no-solve", "--no-evaluate"],
}
OPEN = collections.Counter()
ALL = traps.traps()
WHOLE = os.environ.get("TRAPS") == "all"


def part(k, of, of_all=None):
    """every of-th trap, from the k-th"""
    return (of_all or ALL) if WHOLE else (of_all or ALL)[k % of::of]



def question(t, objective, with_rows=True):
    case = {"lo": t.lo, "hi": t.hi}
    if with_rows:
        case["clauses"] = [[{"var": [0, 1], "coef": [1, -1], "rhs": 0}]]
    return {"netmip": "query", "version": 1, "n_in": len(t.lo), "n_out": 2, "objective": objective, "cases": [case]}


for t in ALL:
    t.net = put(t.name + ".onnx", traps.onnx_bytes(t, numpy, onnx))
    t.query = put(t.name + ".json", question(t, "feasible"))
    t.vnnlib = put(t.name + ".vnnlib", box(t.lo, t.hi, 2, "(<= Y_0 Y_1)"))


def right(what, t, verdict):
    """an answer about whether a trap is violated"""
    OPEN[what.split(",")[0], verdict == "unknown"] += 1
    lo, hi = t.truth()
    check("%s of %s" % (what, t.name), verdict == "unknown" or verdict == ("violated" if lo <= 0 else "holds"),
          "%s, but the least margin is %g" % (verdict, float(lo) or (lo > 0) - (lo < 0)))


def proven(what, value, truth, side):
    """value is a proven lower (side 1) or upper (-1) end of what is truly `truth`"""
    check(what, value is None or side * (truth - F(value)) >= 0, "%r is proven, %r is true" % (value, float(truth)))


def attained(what, value, error, truth, side):
    """value, with its error, is attained: not beyond the true end"""
    check(what, value is None or side * (F(value) + side * F(error) - truth) >= 0, "%r +- %r is attained, the end is %r" % (value, error, float(truth)))


def point(t, folder):
    """the exact margin at the witness in a folder"""
    x = numpy.load(os.path.join(folder, "witness.npy")).astype(float).ravel()
    inside = all(a <= v <= b for a, v, b in zip(t.lo, x, t.hi))
    y = traps.evaluate(t.layers, x)
    return inside, y[0] - y[1]


def solved():
    for k, (way, flags) in enumerate(WAYS.items()):
        for t in ALL if k == 0 else part(k, 4):
            keep = ["-o", p("w-" + t.name)] if way == "all stages" else []
            code, out, err = run("solve", t.net, t.query, "--json", *flags, *keep)
            if not check("solve, %s: %s ends" % (way, t.name), code in WORD, (code, err)):
                continue
            answer = json.loads(out)
            right("solve (%s)" % way, t, answer["verdict"])
            if answer["verdict"] == "holds":
                proven("solve (%s) of %s: margin" % (way, t.name), answer["targets"][0].get("margin_lo"), t.truth()[0], 1)
            if keep and code == 10:
                inside, margin = point(t, keep[1])
                check("witness of " + t.name, inside and margin <= 0, (inside, float(margin)))


def in_some_order(t, x, rng):
    """Y_0 - Y_1 in float32, each sum in an order of its own; None: it leaves float32's range"""
    f = numpy.float32
    v = [f(a) for a in x]
    with numpy.errstate(all="ignore"):
        for l in t.layers:
            if l[0] == "dense":
                rows = []
                for r, c in zip(l[1], l[2]):
                    terms = [f(a) * b for a, b in zip(r, v)] + [f(c)]
                    rng.shuffle(terms)
                    while len(terms) > 1:
                        terms.append(terms.pop(rng.randrange(len(terms))) + terms.pop(rng.randrange(len(terms))))
                    rows.append(terms[0])
                v = rows
            elif l[0] == "mean":
                v = [sum(v[1:], v[0]) / f(len(v))]
            else:
                v = [max(a, f(0)) for a in v] if l[0] == "relu" else [max(v)]
    y = [float(a) for a in v]
    return y[0] - y[1] if all(math.isfinite(a) for a in y) else None


def deployed():
    """--arithmetic float32: `holds` of no order that violates, `violated` in every order only where all that are drawn do"""
    rng, seen = random.Random(5), collections.Counter()
    for t in ALL:
        points = [[float(numpy.float32(v)) for v in x] for x in (t.lo, t.hi, [(a + b) / 2 for a, b in zip(t.lo, t.hi)])]
        points = [x for x in points if all(a <= v <= b for a, v, b in zip(t.lo, x, t.hi))]
        code, out, err = run("solve", t.net, t.query, "--json", "--arithmetic", "float32", "-o", p("f-" + t.name))
        if code == 4:
            check("float32 refuses %s by name" % t.name, "float32" in err and out == "", err)
            seen["refused"] += 1
            continue
        if not check("float32: %s ends" % t.name, code in WORD, (code, err)):
            continue
        answer = json.loads(out)
        seen[answer["verdict"]] += 1
        check("float32: %s is said" % t.name, answer["arithmetic"] == "float32", out)
        if code == 10:
            points = [numpy.load(p("f-" + t.name + "/witness.npy")).astype(float).ravel()]
            check("float32: witness of %s" % t.name, all(float(numpy.float32(v)) == v and a <= v <= b for a, v, b in zip(t.lo, points[0], t.hi)))
        margins = [m for x in points for _ in range(30) for m in [in_some_order(t, x, rng)] if m is not None]
        if code == 0:
            check("float32: %s holds" % t.name, all(m > 0 for m in margins), min(margins, default=0))
        if code == 10 and answer["witness"]["orders"] == "every":
            check("float32: %s is violated in every order" % t.name, all(m <= 0 for m in margins), max(margins, default=0))
        if code != 0 and not t.violated():
            seen["real holds, float32 does not"] += 1
    check("float32 differs from the reals on some traps", seen["real holds, float32 does not"] >= 3 and seen["holds"] >= 1, seen)


def by_the_standard():
    for t in part(2, 5):
        code, out, err = run("verify", t.vnnlib, "--network", t.net)
        if check("verify: %s ends" % t.name, code == 0, (code, err)):
            right("verify", t, {"sat": "violated", "unsat": "holds"}.get(out.split("\n")[0], "unknown"))


def worst_and_range():
    for t in part(1, 2):
        lo, hi = t.truth()
        code, out, err = run("solve", t.net, put("worst.json", question(t, "worst")), "--json")
        if check("worst: %s ends" % t.name, code in WORD, (code, err)):
            answer = json.loads(out)
            right("worst", t, answer["verdict"])
            proven("worst of " + t.name, answer.get("objective", {}).get("bound"), lo, 1)
            attained("worst of " + t.name, answer.get("objective", {}).get("value"), answer.get("witness", {}).get("error64", 0), lo, 1)
        code, out, err = run("solve", t.net, put("range.json", question(t, {"range": "Y_0 - Y_1"}, False)), "--json")
        if check("range: %s ends" % t.name, code in (0, 11), (code, err)):
            r = json.loads(out)["range"]
            proven("range of %s, below" % t.name, r.get("lo"), lo, 1)
            proven("range of %s, above" % t.name, r.get("hi"), hi, -1)
            attained("range of %s, below" % t.name, r.get("min"), r.get("min_error", 0), lo, 1)
            attained("range of %s, above" % t.name, r.get("max"), r.get("max_error", 0), hi, -1)


def nearest():
    """the way to the nearest point of a box around one input, by bisection in exact arithmetic"""
    for t in ALL:
        if len(t.lo) > 1 or t.lo == t.hi:
            continue
        image = put("image.npy", npy(t.lo, shape=(1, 1)))
        put("lo.npy", npy(t.lo, shape=(1, 1))), put("hi.npy", npy(t.hi, shape=(1, 1)))
        code, out, err = run("solve", t.net, "--image", image, "--label", "0", "--perturb", "box:%s,%s" % (p("lo.npy"), p("hi.npy")),
                             "--domain", "-1e300,1e300", "--objective", "closest:linf", "--json")
        if not check("closest: %s ends" % t.name, code in WORD, (code, err)):
            continue
        answer = json.loads(out)
        right("closest", t, answer["verdict"])
        far, objective = distance(t), answer.get("objective", {})
        if far is not None:
            proven("closest of %s: bound" % t.name, objective.get("bound"), far, 1)
            if "tolerance" not in objective:
                attained("closest of %s" % t.name, objective.get("value"), 0, far, 1)


def distance(t, steps=80):
    """an upper end of the distance from lo to a counterexample, narrow to 2^-80 of the box; None: there is none"""
    a, b = F(t.lo[0]), F(t.hi[0])
    if not t.violated():
        return None
    y = traps.evaluate(t.layers, [a])
    if y[0] <= y[1]:
        return F(0)
    for _ in range(steps):
        c = (a + b) / 2
        region = traps.Trap(t.kind, t.layers, t.lo, t.hi)
        region.lo, region.hi = [F(t.lo[0])], [c]
        a, b = (a, c) if traps.least(region)[0][0] <= 0 else (c, b)
    return b - F(t.lo[0])


def every_unit():
    """bounds of all units, at the box's corners, its middle and points between"""
    for t in ALL:
        code, out, err = run("bounds", t.net, t.query, "-o", p("bounds.json"))
        if not check("bounds: %s ends" % t.name, code == 0, (code, err)):
            continue
        with open(p("bounds.json")) as f:
            blocks = json.load(f)["cases"][0]["blocks"]
        for share in (0, 1, F(1, 2), F(1, 3), F(7, 8)):
            x = [F(a) + share * (F(b) - F(a)) for a, b in zip(t.lo, t.hi)]
            y = traps.evaluate(t.layers, x)
            b = next(b for b in reversed(blocks) if len(b["lo"]) == 2 or b is blocks[0])
            if b is not blocks[0]:
                check("bounds of %s" % t.name, all(F(lo) <= v <= F(hi) for lo, v, hi in zip(b["lo"], y, b["hi"])), (b, [float(v) for v in y]))
        lo = blocks[-1]["lo"]
        if len(lo) == 1:  # the question's own row
            proven("bounds of %s, the question's row" % t.name, lo[0], t.truth()[0], 1)


def in_a_batch():
    rows = ["%s,%s,60" % (os.path.basename(t.net), os.path.basename(t.vnnlib)) for t in ALL]
    put("all.csv", "\n".join(rows) + "\n")
    code, out, err = run("batch", "--instances", p("all.csv"), "--dir", p("batch"), timeout=300)
    if not check("batch ends", code == 0, (code, err)):
        return
    with open(p("batch", "results.csv")) as f:
        head, *lines = [line.rstrip("\n").split(",") for line in f]
    check("batch: a row for each", len(lines) == len(ALL), len(lines))
    for t, line in zip(ALL, lines):
        right("batch", t, {"sat": "violated", "unsat": "holds"}.get(line[head.index("result")], line[head.index("result")]))


def jobs_of(some, guard):
    more = ["--bounds", "interval", "--encoding", "bigm", "--fold", "off"] if guard == "0" else []
    return [(p("%s-%s" % (t.name, guard)), ".mps", [t.net, t.vnnlib, "--guard", guard, "--always-write", *more], t)
            for t in some]


def through_files():
    """compile, every solver, decode; and bench on the same models"""
    solvers = solving.present()
    for s in (*solving.ROWS, "highs"):
        if s not in solvers:
            skip("%s is not here" % s)
    models = solving.compile_all(jobs_of(part(0, 7), "auto") + jobs_of(part(2, 9), "0"))
    for x in models:
        check("compile: %s ends" % x.about.name, x.code in (0, 4), (x.code, x.err))
    ready = [x for x in models if x.ready()]
    check("most can be written", len(ready) > 0.8 * len(models), len(ready))
    for (k, s), a in solving.everywhere(ready, solvers, 5).items():
        t = ready[k].about
        check("decode of %s, %s: the exit code" % (t.name, s), a["code"] in (None, 0, 3, 6, 10, 11), a)
        if a["verdict"] != "refused":
            right("%s, decode" % s, t, a["verdict"])
    maps = [x.map_for("cbc") for x in ready[::3]]
    code, out, err = run("bench", *maps, "--solvers", "embedded", "--dir", p("bench"), "--time-limit", "10", timeout=300)
    check("bench ends", code == 0, (code, err, out[-300:]))
    with open(p("bench", "results.csv")) as f:
        head, *lines = [line.rstrip("\n").split(",") for line in f]
    for line in lines:
        name, verdict = line[head.index("instance")], line[head.index("verdict")]
        t = next(t for t in ALL if os.path.basename(name).startswith(t.name + "-"))
        right("bench", t, verdict)


# ---- images that are nearly read otherwise: radii on both sides of where it begins, found by --find ----
BOUNDARY = (("digits-mlp3.onnx", 2, 0.09882084790915738, 0.09882084790994186), ("digits-mlp.onnx", 3, 0.09946986593424009, 0.09946986593433878))


def digit(net, index, radius, *more):
    return [m(net), "--image", m("digits-test-images.idx3.gz:%d" % index), "--labels", m("digits-test-labels.idx1.gz"), "--perturb",
            "linf:%r" % radius, *more]


def find(net, index, to):
    """bisection between the bound and the value of the nearest counterexample, until the radii are `to` apart or it is unknown"""
    ends = json.loads(run("solve", *digit(net, index, 0.5, "--objective", "closest:linf", "--json"), timeout=600)[1])["objective"]
    a, b = ends["bound"], ends["value"]
    while b - a > to:
        c = (a + b) / 2
        code = run("solve", *digit(net, index, c), timeout=600)[0]
        print("%r %s" % (c, WORD.get(code, code)), flush=True)
        if code not in (0, 10):
            break
        a, b = (c, b) if code == 0 else (a, c)
    print('("%s", %d, %r, %r)' % (net, index, a, b))


def layers_of(path):
    """Gemm and Relu of a shipped network, as a trap's layers"""
    g = onnx.load(path).graph
    data = {t.name: onnx.numpy_helper.to_array(t).astype(float) for t in g.initializer}
    out = []
    for node in g.node:
        if node.op_type == "Gemm":
            w = data[node.input[1]]
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            out.append(("dense", (w if transposed else w.T).tolist(), data[node.input[2]].tolist()))
        elif node.op_type == "Relu":
            out.append(("relu",))
        elif node.op_type not in ("Flatten", "Reshape"):
            raise ValueError(node.op_type)
    return out


def at_the_boundary():
    for net, index, robust, fragile in BOUNDARY:
        label = json.loads(run("solve", *digit(net, index, robust, "--json"))[1])["label"]
        check("%s is robust within %r" % (net, robust), run("solve", *digit(net, index, robust))[0] == 0)
        code = run("solve", *digit(net, index, fragile, "-o", p("edge")))[0]
        if check("%s is not within %r" % (net, fragile), code == 10, code):
            x = [F(float(v)) for v in numpy.load(p("edge", "witness.npy")).ravel()]
            y = traps.evaluate(layers_of(m(net)), x)
            margin = y[label] - max(v for k, v in enumerate(y) if k != label)
            check("its exact margin is 0 or less, and nearly 0", -1e-10 < margin <= 0, float(margin))
        for radius, truth in ((robust, "holds"), (fragile, "violated"))[:1 + WHOLE]:
            stem = p("edge-" + truth)
            code, out, err = run("compile", *digit(net, index, radius, "-o", stem + ".mps", "--json"))
            check("it compiles", code == 0, err)
            model = solving.Model.__new__(solving.Model)
            model.stem, model.path, model.twin = stem, stem + ".mps", None
            for s in ("cbc", "glpsol"):
                if s in solving.present():
                    solving.solve(model, s, 10)
                    verdict = solving.answer(model, s)["verdict"]
                    OPEN["%s at the boundary" % s, verdict == "unknown"] += 1
                    check("%s, %s within %r: %s" % (s, net, radius, truth), verdict in (truth, "unknown"), verdict)


# ---- what solvers say alone ----
SAYS = {"infeasible": "holds", "optimal": "violated", "feasible": "violated"}


class Alone:
    """a textbook model, as solverkit.solve wants it, and the true verdict"""

    def __init__(self, kind, stem, true, text=None):
        self.kind, self.stem, self.true, self.twin, self.path = kind, stem, true, None, stem + ".mps"
        if text:
            put(self.path, text)

    def file_for(self, solver):
        return self.path

    def answer(self, solver):
        return "%s.%s.sol" % (self.stem, solver)

    def says(self, solver):
        said = run("inspect", self.answer(solver))[1]
        status = re.search(r"^solution of .*: (.*)$", said, re.M)
        return status.group(1) if status else "unreadable"


def table(seed):
    """a row for each kind: how many traps are answered wrongly, holds for violated + violated for holds"""
    every, wrong, unsure = traps.traps(seed), collections.Counter(), collections.Counter()
    solvers = solving.present()
    models = [Alone(t.kind, p(t.name + "-alone"), "violated" if t.violated() else "holds", traps.textbook_mps(t)) for t in every]
    for net, index, *radii in BOUNDARY:
        for radius, true in zip(radii, ("holds", "violated")):
            models.append(Alone("boundary", p("edge-%s-%d-%s" % (net, index, true)), true))
            run("compile", *digit(net, index, radius, "--guard", "0", "-o", models[-1].path))
            wrong_says(wrong, unsure, "boundary", "netmip", WORD.get(run("solve", *digit(net, index, radius))[0]), true)
    for x in models:
        for s in solvers:
            if s != "highs":
                solving.solve(x, s, 5)
    if "highs" in solvers:
        solving.solve_highs(models, 5)
    for x in models:
        for s in solvers:
            wrong_says(wrong, unsure, x.kind, s, SAYS.get(x.says(s)), x.true)
    for t in every:
        true = "violated" if t.violated() else "holds"
        for kind in (numpy.float64, numpy.float32):
            margin = traps.float_margin(t, [float(v) for v in t.at], numpy, kind)
            wrong_says(wrong, unsure, t.kind, kind.__name__, "violated" if margin <= 0 else "holds", true)
        net, query = put("t.onnx", traps.onnx_bytes(t, numpy, onnx)), put("t.json", question(t, "feasible"))
        wrong_says(wrong, unsure, t.kind, "netmip", WORD.get(run("solve", net, query)[0]), true)
    heads = ["float64", "float32", *solvers, "netmip"]
    print("| trap | of them | " + " | ".join(heads) + " |\n|" + "---|" * (2 + len(heads)))
    for kind in (*traps.KINDS, "boundary"):
        cells = ["%d, %d%s" % (wrong[kind, h, "violated"], wrong[kind, h, "holds"], " (%d)" % unsure[kind, h] if unsure[kind, h] else "")
                 if kind != "boundary" or "float" not in h else "" for h in heads]
        print("| `%s` | %d | %s |" % (kind, sum(x.kind == kind for x in models), " | ".join(cells)))


def wrong_says(wrong, unsure, kind, who, says, true):
    if says in ("holds", "violated"):
        wrong[kind, who, true] += says != true
    else:
        unsure[kind, who] += 1


def told():
    """the manual has a row for each kind, in which netmip is never wrong"""
    rows = {r[0]: r for r in re.findall(r"^\| `(\w+)` \| (\d+) \|.*\| (\d+, \d+)[^|]*\|$", "".join(open(os.path.join(ROOT, "src/command/man/decode.md"))), re.M)}
    for kind in traps.KINDS:
        n = sum(t.kind == kind for t in ALL)
        check("the table's row of %s" % kind, rows.get(kind) == (kind, str(n), "0, 0"), (rows.get(kind), n))


if sys.argv[1:2] == ["--find"]:
    find(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    sys.exit(0)
if sys.argv[1:2] == ["--table"]:
    table(int((sys.argv[2:] or ["1"])[0]))
    sys.exit(0)
parts(solved, deployed, by_the_standard, worst_and_range, nearest, every_unit, in_a_batch, through_files, at_the_boundary, told)
