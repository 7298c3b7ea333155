#!/usr/bin/env python3
"""Every solver that is here, and HiGHS, times every shipped fact (models/facts.csv) that a model can ask, times every common
encoding: the same optimum to 1e-6, the same verdict, read back by netmip's own readers.

  extremes   least and largest outputs over boxes, exact fractions: the worst value itself; a target a little inside it
             (violated) and a little outside (holds)
  points     outputs of single images, as the worst value over a box of one point
  certified  proofs by interval bounds: models of the target that is nearest, infeasible in every encoding
  attacked   images that an attack broke: the models of that target have a point, where they are small enough

Exact encodings (bigm, hull, partition) give the value itself; relaxations (aggregate, relax) a bound from below, never a false
`holds` and never a false `violated`. Folding and file format change in turn. Facts of predictions, accuracies and counts are
no question of a solver: tests/search/facts.py has them.

  matrix.py [--part whole|half|sixth, or MATRIX=PART in the environment] [--limit SECONDS of each run, default 3]

A sixth, which is the default: each question meets one encoding, in turn, and every sixth image is taken. Half: every other
encoding and every other image. Whole: all of them, but of the images of digits-conv two encodings, and of large boxes a
relaxation, in turn. NETMIP_KEEP=DIR keeps all files."""
import argparse, collections, csv, json, os, subprocess, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, done, m, p, put, skip
from tiny import box

import solverkit as solving

IMAGES = m("digits-test-images.idx3.gz")
ENCODINGS = ("bigm", "hull", "partition:2", "aggregate:3", "relax")
EXACT = ENCODINGS[:3]
TOL, OFF = 1e-6, 1e-3
count = collections.Counter()  # what is worth a line at the end


def net(row):
    return m(row["network"] + ".onnx")


def around(name, x, e, outputs, claim):
    return put(name + ".vnnlib", box([c - e for c in x], [c + e for c in x], outputs, claim))


def outputs_of(row):
    image = put("image.csv", row["image"].replace(";", ",") + "\n")
    return len(json.loads(solving.netmip("eval", net(row), "--image", image, "--json")[1])["outputs"]["float64"])


class Plan:
    """jobs for the compiler, each with what its answer must be"""

    def __init__(self, part):
        self.part, self.jobs, self.turn = part, [], 0

    def add(self, kind, truth, args, encodings=ENCODINGS):
        """truth: {"worst": value} or {"verdict": word}; of a part some encodings of those, in turn"""
        self.turn += 1
        some = {"whole": encodings, "half": encodings[self.turn % min(2, len(encodings))::2], "sixth": [encodings[self.turn % len(encodings)]]}
        for e in some[self.part]:
            n = len(self.jobs)
            extra = ["--encoding", e, "--always-write"] + (["--fold", "off"] if kind in ("extreme", "point") and n % 3 == 0 else [])
            self.jobs.append((p("m%d" % n), (".mps", ".lp")[n // 2 % 2], [*args, *extra],
                              {"kind": kind, "truth": truth, "encoding": e, "exact": e in EXACT}))


def extremes(plan, facts):
    for k, row in enumerate(f for f in facts if f["fact"] in ("min_output", "max_output")):
        x, e, v = [float(t) for t in row["image"].split(";")], float(row["epsilon"]), float(row["value"])
        sign, word = (1, "<=") if row["fact"] == "min_output" else (-1, ">=")
        n, y = outputs_of(row), "Y_" + row["label"]
        claim = "(%s %s %%r)" % (word, y)
        plan.add("extreme", {"worst": sign * v}, [net(row), around("w%d" % k, x, e, n, claim % 0.0), "--objective", "worst"])
        for side, verdict in ((1, "violated"), (-1, "holds")):
            if plan.part != "sixth" or (k + side) // 2 % 2:
                plan.add("extreme", {"verdict": verdict}, [net(row), around("%s%d" % (verdict, k), x, e, n, claim % (v + side * sign * OFF))])


def points(plan, facts):
    for k, row in enumerate(f for f in facts if f["fact"] == "outputs" and ";" in f["image"]):
        values = [float(v) for v in row["value"].split()]
        j = k % len(values)
        q = around("p%d" % k, [float(t) for t in row["image"].split(";")], 0.0, len(values), "(<= Y_%d 0.0)" % j)
        plan.add("point", {"worst": values[j]}, [net(row), q, "--objective", "worst"])


def digits(plan, facts):
    rows = [f for f in facts if f["fact"] == "pgd"]
    for k, row in enumerate(rows[:: {"whole": 1, "half": 2, "sixth": 6}[plan.part]]):
        q = [net(row), "--image", IMAGES + ":" + row["image"], "--label", row["label"], "--perturb", "linf:" + row["epsilon"], "--bounds", "crown"]
        d = json.loads(solving.netmip("solve", *q, "--no-split", "--no-branch", "--no-solve", "--json")[1])
        broken = [t["label"] for t in d["targets"] if t["status"] == "violated"]
        conv = row["network"] == "digits-conv"
        if row["value"] == "violated":  # exact models of large boxes are not for a test: seconds in some solvers, hours in others
            some = ENCODINGS if row["epsilon"] == "0.05" and not conv else [ENCODINGS[3 + k % 2]] if not conv else ENCODINGS[3:4]
            check("the attack breaks", broken, row)
            if broken:
                plan.add("attacked", {"verdict": "violated"}, [*q, "--target", str(broken[0])], some)
        else:
            near = min((t for t in d["targets"] if "margin_lo" in t), key=lambda t: t["margin_lo"])["label"]
            some = [ENCODINGS[k % 5], ENCODINGS[(k + 2) % 5]] if conv else ENCODINGS
            plan.add("certified", {"verdict": "holds"}, [*q, "--target", str(near)], some)


# solvers' own faults, each with a case that shows it (reduced() below runs them): what is said then proves nothing
EARLY = "symphony calls what its preprocessing solves both optimal and infeasible: read as a point, no optimum"

SLACK = "glpsol's MIP preprocessor keeps a row that is broken by less than 1e-3: the point does not replay, and proves nothing"
NO_GAP = ("highs", "lp_solve")  # their files call optimal what they prove within a gap that is not said: a value, and no proof


def known(solver, a):
    if solver == "glpsol" and a["status"] == "optimal" and a["code"] in (6, 11) and (0 < a["objective"] <= 1.1e-3 or "outside its bounds" in a["why"]):
        return SLACK
    return EARLY if solver == "symphony" and a["said"] == "Optimal Solution Found in Preprocessing" else None


def near(a, b, tol=TOL):
    return a is not None and abs(a - b) <= tol * (1 + abs(b))


def guard(model, solver):
    """by how much the target row is relaxed: a model whose least margin is smaller has points, and they prove nothing"""
    with open(model.map_for(solver)) as f:
        return json.load(f)["guard"]


def judge(model, solver, a):
    about = model.about
    truth, exact = about["truth"], about["exact"]
    what = "%s, %s, %s, %s" % (solver, about["kind"], about["encoding"], " ".join(os.path.basename(x) for x in model.args if not x.startswith("--")))
    settled, open_too = a["status"] in ("optimal", "infeasible"), not exact
    if known(solver, a):
        count["times " + known(solver, a)] += 1
        settled, open_too = True, True
        if known(solver, a) == SLACK:
            return check(what, a["verdict"] in ("refused", "unknown"), a)
    if not settled and "digits" in model.args[0]:
        count["digits that were not settled within the limit: " + solver] += 1
        return check(what, a["verdict"] in (truth["verdict"], "unknown"), a)
    if "worst" in truth:
        v = truth["worst"]
        bound = a["objective"] is not None and a["objective"] <= v + TOL * (1 + abs(v))
        check(what + ", optimum %.9g" % v, settled and bound and (not exact or near(a["objective"], v)), a)
        if exact:  # the point's own value; solvers print as few as six digits of it
            check(what + ", value of the point", near(a["value"], v, 1e-5), a)
        true, open_too = "holds" if v > 0 else "violated", open_too or abs(v) < 1e-3
        if solver in NO_GAP and v > 0:
            return check(what + ", no gap is said", settled and a["verdict"] == "unknown" and a["code"] in ((11,) if exact else (6, 11)), a)
    else:
        true, open_too = truth["verdict"], open_too and about["kind"] != "certified"
    in_band = true == "holds" and a["code"] == 11 and a["margin"] is not None and 0 < a["margin"] <= guard(model, solver)
    check(what + ", " + true, settled and (a["verdict"] == true or in_band or open_too and a["code"] in (6, 11)), a)
    if a["verdict"] == "violated":
        check(what + ", margin of the witness", a["margin"] <= 0, a)


MPS = "NAME  m\nROWS\n N  OBJROW\n%sCOLUMNS\n%sRHS\n%sBOUNDS\n%sENDATA\n"
TWO = MPS % (" G  r0\n", " x0  OBJROW  1\n x0  r0  1\n", " RHSSET  r0  2\n", " LO  BNDSET  x0  0\n UP  BNDSET  x0  1\n")
NEARLY = MPS % (" L  r0\n", " x0  OBJROW  -1\n x0  r0  -1\n x1  OBJROW  1\n x1  r0  1\n", " RHSSET  r0  -0.626\n",
                " LO  BNDSET  x0  0.5\n UP  BNDSET  x0  0.75\n LO  BNDSET  x1  0.125\n UP  BNDSET  x1  0.375\n")
MIXED = NEARLY.replace(" L  r0\n", " L  r0\n L  r1\n").replace(" x1  OBJROW", " x0  r1  1\n x1  OBJROW").replace(
    "RHS\n", " MARKER  'MARKER'  'INTORG'\n z0  r1  1\n MARKER  'MARKER'  'INTEND'\nRHS\n RHSSET  r1  1.2\n").replace("ENDATA", " BV  BNDSET  z0\nENDATA")
FIXED = MPS % (" L  r0\n", " x0  r0  1\n x1  OBJROW  0\n", "", " FX  BNDSET  x0  0\n FX  BNDSET  x1  1\n")


def reduced(solvers):
    """documented faults, smallest cases: whether they are here still, and that what netmip asks for avoids them"""
    def status(solver, text, *more):
        path, out = put("fault.mps", text), p("fault.sol")
        command, redirect, _ = solving.ROWS[solver]
        fill = {"M": path, "O": out, "S": "10", "F": solving.FORMAT.get(solver, ("",))[0]}
        with open(out if redirect else os.devnull, "w") as f:
            subprocess.run([fill.get(w, w) for w in command if w not in more], stdout=f, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=60)
        said = solving.netmip("inspect", out)[1]
        return said.split("\n")[0].split(": ")[-1]
    if "glpsol" in solvers:
        for what, text, wrong in (("an infeasible LP is undefined", TWO, "no answer"), ("a row broken by 1e-3 is kept", NEARLY, "optimal")):
            print("glpsol's LP presolver: %s: %s" % (what, "still so" if status("glpsol", text, "--nopresol") == wrong else "no longer"))
            check("glpsol without it: " + what, status("glpsol", text) == "infeasible")
        print("glpsol's MIP preprocessor: a row broken by 1e-3 is kept: %s" % ("still so" if status("glpsol", MIXED) == "optimal" else "no longer"))
    if "symphony" in solvers:
        said = status("symphony", FIXED)
        print("symphony's preprocessing, optimal and infeasible at once: %s" % ("still so" if said == "feasible" else "no longer"))
        check("symphony's preprocessing is read", said in ("feasible", "optimal"), said)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--part", choices=("whole", "half", "sixth"), default=os.environ.get("MATRIX") or "sixth")
    options.add_argument("--limit", type=int, default=3)
    o = options.parse_args()
    began = time.time()
    with open(m("facts.csv")) as f:
        facts = list(csv.DictReader(f))
    solvers, plan = solving.present(), Plan(o.part)
    for s in (*solving.ROWS, "highs"):
        if s not in solvers:
            skip("%s is not here%s" % (s, ": scripts/deps.sh check installs it where npm and a network are" if s == "highs" else ""))
    for part in (extremes, points, digits):
        part(plan, facts)
    models = [m for m in solving.compile_all(plan.jobs) if m.ready() or empty(m)]
    models = [m for m in models if m.ready()]
    compiled = time.time()
    answers = solving.everywhere(models, solvers, o.limit)
    for (k, s), a in answers.items():
        judge(models[k], s, a)
    reduced(solvers)
    count["digits that lp_solve was not given: too large"] = sum(not solving.takes("lp_solve", m) for m in models)
    kinds = collections.Counter(m.about["kind"] for m in models)
    print("matrix: %d models (%s) to %s; %.0f s of compiling, %.0f s of solving and reading" % (
        len(models), ", ".join("%d %s" % (n, k) for k, n in kinds.items()), ", ".join(solvers), compiled - began, time.time() - compiled))
    for what, n in sorted(count.items()):
        print("matrix: %d %s" % (n, what))
    done()


def empty(model):
    """a question whose whole network folds away has no file, and says so"""
    check("compile " + " ".join(model.args), model.code == 4 and "without rows" in model.err and model.about["kind"] in ("extreme", "point"), model.err)
    count["questions that fold away"] += 1
    return False


main()
