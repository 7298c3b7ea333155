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
no question of a solver: tests/facts.py has them.

  matrix.py [--whole] [--limit SECONDS]     without --whole each question meets one encoding, in turn, and a part of the images"""
import argparse, atexit, collections, csv, json, os, shutil, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "scripts"))
import solverkit as kit

MODELS = os.path.join(HERE, "..", "models")
IMAGES = os.path.join(MODELS, "digits-test-images.idx3.gz")
ENCODINGS = ("bigm", "hull", "partition:2", "aggregate:3", "relax")
EXACT = ENCODINGS[:3]
KEEP = os.environ.get("NETMIP_KEEP")  # a folder where every model and answer stays
TMP = KEEP or tempfile.mkdtemp(prefix="netmip-matrix-")
if not KEEP:
    atexit.register(shutil.rmtree, TMP, True)
TOL, OFF = 1e-6, 1e-3
count = collections.Counter()
shown = collections.Counter()


def say(ok, what, detail=""):
    count["passed" if ok else "failed"] += 1
    if not ok:
        shown["FAIL"] += 1
        if shown["FAIL"] <= 40:
            print("FAIL %s: %s" % (what, str(detail)[:400]))


def put(name, text):
    path = os.path.join(TMP, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def net(row):
    return os.path.join(MODELS, row["network"] + ".onnx")


def box(name, x, e, outputs, claim):
    text = "".join("(declare-const X_%d Real)\n(assert (and (>= X_%d %r) (<= X_%d %r)))\n" % (i, i, c - e, i, c + e) for i, c in enumerate(x))
    text += "".join("(declare-const Y_%d Real)\n" % j for j in range(outputs))
    return put(name + ".vnnlib", text + "(assert %s)\n" % claim)


def outputs_of(row):
    image = put("image.csv", row["image"].replace(";", ",") + "\n")
    return len(json.loads(kit.netmip("eval", net(row), "--image", image, "--json")[1])["outputs"]["float64"])


class Plan:
    """jobs for the compiler, each with what its answer must be"""

    def __init__(self, whole):
        self.whole, self.jobs, self.turn = whole, [], 0

    def add(self, kind, truth, args, encodings=ENCODINGS):
        """truth: {"worst": value} or {"verdict": word}; in the quick run one encoding of those, in turn"""
        self.turn += 1
        for e in encodings if self.whole else [encodings[self.turn % len(encodings)]]:
            n = len(self.jobs)
            extra = ["--encoding", e, "--always-write"] + (["--fold", "off"] if kind in ("extreme", "point") and n % 3 == 0 else [])
            self.jobs.append((os.path.join(TMP, "m%d" % n), (".mps", ".lp")[n // 2 % 2], [*args, *extra],
                              {"kind": kind, "truth": truth, "encoding": e, "exact": e in EXACT}))


def extremes(plan, facts):
    for k, row in enumerate(f for f in facts if f["fact"] in ("min_output", "max_output")):
        x, e, v = [float(t) for t in row["image"].split(";")], float(row["epsilon"]), float(row["value"])
        sign, word = (1, "<=") if row["fact"] == "min_output" else (-1, ">=")
        n, y = outputs_of(row), "Y_" + row["label"]
        claim = "(%s %s %%r)" % (word, y)
        plan.add("extreme", {"worst": sign * v}, [net(row), box("w%d" % k, x, e, n, claim % 0.0), "--objective", "worst"])
        plan.add("extreme", {"verdict": "violated"}, [net(row), box("v%d" % k, x, e, n, claim % (v + sign * OFF))])
        plan.add("extreme", {"verdict": "holds"}, [net(row), box("h%d" % k, x, e, n, claim % (v - sign * OFF))])


def points(plan, facts):
    for k, row in enumerate(f for f in facts if f["fact"] == "outputs" and ";" in f["image"]):
        values = [float(v) for v in row["value"].split()]
        j = k % len(values)
        q = box("p%d" % k, [float(t) for t in row["image"].split(";")], 0.0, len(values), "(<= Y_%d 0.0)" % j)
        plan.add("point", {"worst": values[j]}, [net(row), q, "--objective", "worst"])


def digits(plan, facts):
    rows = [f for f in facts if f["fact"] == "pgd"]
    for k, row in enumerate(rows if plan.whole else rows[::4]):
        q = [net(row), "--image", IMAGES + ":" + row["image"], "--label", row["label"], "--perturb", "linf:" + row["epsilon"], "--bounds", "crown"]
        d = json.loads(kit.netmip("solve", *q, "--no-split", "--no-branch", "--no-solve", "--json")[1])
        broken = [t["label"] for t in d["targets"] if t["status"] == "violated"]
        if row["value"] == "violated":
            small = row["network"] == "digits-mlp" and row["epsilon"] == "0.05"
            if broken:
                plan.add("attacked", {"verdict": "violated"}, [*q, "--target", str(broken[0])],
                         ENCODINGS if small else ENCODINGS[3:] if row["network"] == "digits-mlp" else ENCODINGS[3:4])
            say(broken, "the attack breaks", row)
        else:
            near = min((t for t in d["targets"] if "margin_lo" in t), key=lambda t: t["margin_lo"])["label"]
            heavy = row["network"] == "digits-conv" and k % 5
            plan.add("certified", {"verdict": "holds"}, [*q, "--target", str(near)], ENCODINGS[:3] + ENCODINGS[4:] if heavy else ENCODINGS)


# solvers' own faults, each with the case that shows it; such an answer says nothing, and must be read as nothing
def known(model, solver, a):
    if solver == "glpsol" and model.info["model"]["binaries"] == 0 and a["status"] == "no answer":
        return "glpsol: the LP presolver finds an infeasible LP and writes status UNDEFINED (min x; x >= 2; x <= 1)"
    return None


def near(a, b, tol=TOL):
    return a is not None and abs(a - b) <= tol * (1 + abs(b))


def judge(model, solver, a, limited):
    about = model.about
    truth, exact = about["truth"], about["exact"]
    what = "%s, %s, %s, %s" % (solver, about["kind"], about["encoding"], " ".join(os.path.basename(x) for x in model.args if not x.startswith("--")))
    fault = known(model, solver, a)
    if fault and a["verdict"] == "unknown":
        count["known: " + fault] += 1
        return
    settled = a["status"] in ("optimal", "infeasible")
    if not settled and limited and about["kind"] == "attacked" and a["code"] is not None:
        count["stopped at the limit: " + solver] += 1
        return say(a["verdict"] in ("violated", "unknown"), what, a)
    if solver == "lp_solve" and a["status"] == "feasible":
        settled = False
    if "worst" in truth:
        v = truth["worst"]
        ok = a["status"] == "optimal" and (near(a["objective"], v) if exact else a["objective"] is not None and a["objective"] <= v + TOL * (1 + abs(v)))
        say(ok, what + ", optimum %.9g" % v, a)
        if exact:  # the point's own value; solvers print as few as six digits of it
            say(near(a["value"], v, 1e-5), what + ", value of the point", a)
        true = "holds" if v > 0 else "violated"
        say(a["verdict"] == true or abs(v) < 1e-3 and a["code"] in (6, 11) or not exact and a["verdict"] == "unknown", what + ", verdict " + true, a)
    elif exact or (truth["verdict"] == "holds" and about["kind"] == "certified"):
        say(settled and a["verdict"] == truth["verdict"], what + ", " + truth["verdict"], a)
    else:  # a relaxation may leave it open; a point of it that replays is none the less a counterexample
        say(settled and a["verdict"] in (truth["verdict"], "unknown"), what + ", " + truth["verdict"], a)
    if a["margin"] is not None and a["verdict"] == "violated":
        say(a["margin"] <= 0, what + ", margin of the witness", a)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--whole", action="store_true")
    options.add_argument("--limit", type=int, default=10)
    o = options.parse_args()
    began = time.time()
    with open(os.path.join(MODELS, "facts.csv")) as f:
        facts = list(csv.DictReader(f))
    solvers, plan = kit.present(), Plan(o.whole)
    for s in (*kit.ROWS, "highs"):
        if s not in solvers:
            print("SKIP %s is not here%s" % (s, ": scripts/deps.sh check installs it where npm and a network are" if s == "highs" else ""))
            count["skipped"] += 1
    for part in (extremes, points, digits):
        part(plan, facts)
    models = [m for m in kit.compile_all(plan.jobs) if m.ready() or empty(m)]
    models = [m for m in models if m.ready()]
    compiled = time.time()
    answers = kit.everywhere(models, solvers, o.limit)
    for (k, s), a in answers.items():
        judge(models[k], s, a, True)
    kinds = collections.Counter(m.about["kind"] for m in models)
    print("matrix: %d models (%s) to %s; %.0f s of compiling, %.0f s of solving and reading" % (
        len(models), ", ".join("%d %s" % (n, k) for k, n in kinds.items()), ", ".join(solvers), compiled - began, time.time() - compiled))
    for what, n in sorted(count.items()):
        if what not in ("passed", "failed", "skipped"):
            print("matrix: %d %s" % (n, what))
    print("matrix: %d passed, %d failed, %d skipped" % (count["passed"], count["failed"], count["skipped"]))
    sys.exit(count["failed"] > 0)


def empty(model):
    """a question whose whole network folds away has no file, and says so"""
    say(model.code == 4 and "without rows" in model.err and model.about["kind"] in ("extreme", "point"), "compile " + " ".join(model.args), model.err)
    count["questions that fold away"] += 1
    return False


main()
