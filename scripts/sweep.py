#!/usr/bin/env python3
"""Random small ReLU questions to every solver that is here, and HiGHS: 0 disagreements but the solvers' own documented faults.

  sweep.py [--count N, default 1000] [--seed N, default 1] [--limit SECONDS of each run, default 10] [--keep DIR] [--faults]

A question is a random network (2 to 6 inputs, 1 to 3 hidden layers of 2 to 6 units, relu and now and then leakyrelu, abs or a
residual sum; coefficients that are quarters, reals or of mixed size), a random box, a row of outputs; worst values and
decisions, .mps and .lp, the encodings, folding and one-sided binaries each in turn. The truth is `netmip solve`'s bracket of the
worst value, whose point is replayed and whose bound is proven, and, where two inputs are free, the least value over a grid,
computed here. Expected of each solver: the worst value of an exact encoding, to 1e-6; no more than it of a relaxation, and there
the same as the other solvers'; the true answer to a decision, infeasible or a point that replays.

--faults runs CBC with its own defaults, too, whose preprocessing is known to be wrong now and then: counted apart, never a failure.
A disagreement keeps its network, question, model and answers in DIR (default build/sweep); its last line is what tests/kit/run.sh reads."""
import argparse, collections, json, os, random, shutil, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import solverkit as kit

ENCODINGS = ("bigm", "hull", "partition:2", "aggregate:3", "relax")
EXACT = ENCODINGS[:3]
TOL = 1e-6
CBC_DEFAULTS = "cbc with its own defaults"
# what a solver does wrong by itself; the smallest cases are run by tests/cross/matrix.py
FAULTS = {
    "slack": "glpsol's MIP preprocessor keeps a row that is broken by less than 1e-3: the point is refused",
    "early": "symphony calls what its preprocessing solves both optimal and infeasible",
    "vague": "lp_solve says that its accuracy is unacceptable",
}


def number(r, kind):
    if kind == 0:
        return r.randint(-8, 8) / 4
    return r.gauss(0, 1) * (10 ** r.uniform(-2, 1) if kind == 2 and r.random() < 0.3 else 1)


def network(r):
    kind, n = r.randrange(3), r.randint(2, 6)
    inputs, layers, last = n, [], "x"

    def dense(width):
        nonlocal n
        layers.append({"op": "dense", "weight": [[number(r, kind) for _ in range(n)] for _ in range(width)], "bias": [number(r, kind) for _ in range(width)]})
        n = width
    for k in range(r.randint(1, 3)):
        dense(r.randint(2, 6))
        if r.random() < 0.15:
            layers[-1]["name"] = "d%d" % k
            layers.append({"op": "relu", "name": "r%d" % k})
            layers.append({"op": "add", "inputs": ["d%d" % k, "r%d" % k]})
        else:
            layers.append({"op": r.choice(["relu"] * 8 + ["abs", "leakyrelu"])})
            if layers[-1]["op"] == "leakyrelu":
                layers[-1]["alpha"] = 0.125
    dense(r.randint(1, 3))
    return {"netmip": "network", "version": 1, "input": {"name": last, "shape": [inputs]}, "layers": layers}


def value(net, x):
    """the outputs, in floating point: for samples and thresholds alone"""
    named, a = {}, list(x)
    for layer in net["layers"]:
        op = layer["op"]
        if op == "dense":
            a = [sum(w * v for w, v in zip(row, a)) + b for row, b in zip(layer["weight"], layer["bias"])]
        elif op == "add":
            a = [p + q for p, q in zip(*(named[i] for i in layer["inputs"]))]
        else:
            low = {"relu": 0.0, "leakyrelu": layer.get("alpha", 0.01), "abs": -1.0}[op]
            a = [v if v > 0 else low * v for v in a]
        named[layer.get("name")] = a
    return a


class Question:
    """number k of a seed: files, flags, and the truth about it"""

    def __init__(self, folder, seed, k):
        r = random.Random("%d %d" % (seed, k))
        self.k, self.net = k, network(r)
        self.stem = os.path.join(folder, "q%d" % k)
        n, outputs = self.net["input"]["shape"][0], len(self.net["layers"][-1]["bias"])
        self.lo = [r.choice([-1.0, 0.0, r.uniform(-2, 1)]) for _ in range(n)]
        self.hi = [lo + r.choice([0.5, 1.0, r.uniform(0.1, 2)]) for lo in self.lo]
        self.out = r.sample(range(outputs), min(outputs, r.randint(1, 2)))
        self.samples = [self.margin(x) for x in self.points(r)]
        self.rhs = 0.0
        self.worst = k % 2 == 0
        if not self.worst:  # near what samples reach, so that both answers are frequent
            s = sorted(self.samples)
            self.rhs = s[0] + r.choice([-1, -0.2, 0.02, 0.3]) * (s[-1] - s[0] + 0.01)
        with open(self.stem + ".json", "w") as f:
            json.dump(self.net, f)
        with open(self.stem + ".vnnlib", "w") as f:
            f.write("".join("(declare-const X_%d Real)\n" % i for i in range(n)) + "".join("(declare-const Y_%d Real)\n" % j for j in range(outputs)))
            f.write("".join("(assert (and (>= X_%d %r) (<= X_%d %r)))\n" % (i, lo, i, hi) for i, (lo, hi) in enumerate(zip(self.lo, self.hi))))
            y = "Y_%d" % self.out[0] if len(self.out) == 1 else "(- Y_%d Y_%d)" % tuple(self.out)
            f.write("(assert (<= %s %r))\n" % (y, self.rhs))
        self.args = [self.stem + ".json", self.stem + ".vnnlib"]
        self.encoding = ENCODINGS[k % len(ENCODINGS)]
        self.exact = self.encoding in EXACT

    def margin(self, x):
        y = value(self.net, x)
        return y[self.out[0]] - (y[self.out[1]] if len(self.out) > 1 else 0.0)

    def points(self, r):
        if len(self.lo) == 2:
            return [[lo + (hi - lo) * t / 20 for lo, hi, t in zip(self.lo, self.hi, (a, b))] for a in range(21) for b in range(21)]
        return [[r.choice([lo, hi, r.uniform(lo, hi)]) for lo, hi in zip(self.lo, self.hi)] for _ in range(200)]

    def ask(self):
        """the bracket of the worst value, by netmip itself"""
        code, out, err = kit.netmip("solve", *self.args, "--objective", "worst", "--json", "--no-attack")
        o = json.loads(out).get("objective", {}) if code in kit.VERDICT else {}
        self.truth, self.bound = o.get("value"), o.get("bound")
        return self

    def job(self):
        flags = ["--encoding", self.encoding, "--fold", ("on", "off")[self.k // 5 % 2], "--one-sided", ("on", "off")[self.k // 7 % 2], "--always-write",
                 "--bounds", ("alpha", "crown", "interval")[self.k % 3]]
        return self.stem, (".mps", ".lp")[self.k // 2 % 2], [*self.args, *flags, *(["--objective", "worst"] if self.worst else [])], self


def fault(solver, a):
    if solver == "glpsol" and a["status"] == "optimal" and a["code"] == 6 and (0 < a["objective"] <= 1.1e-3 or "outside its bounds" in a["why"]):
        return "slack"
    if solver == "symphony" and a["said"] == "Optimal Solution Found in Preprocessing":
        return "early"
    return "vague" if solver == "lp_solve" and a["status"] in ("feasible", "no answer") and a["code"] is not None else None


def wrong(q, a, peers):
    """what of an answer is not the truth, or None"""
    scale = 1 + abs(q.truth)
    if q.worst:
        if a["status"] != "optimal":
            return "not optimal"
        if q.exact and abs(a["objective"] - q.truth) > TOL * scale:
            return "optimum %.12g, not %.12g" % (a["objective"], q.truth)
        if not q.exact and a["objective"] > q.truth + TOL * scale:
            return "a relaxation above the truth, %.12g" % q.truth
        if not q.exact and peers and abs(a["objective"] - peers[len(peers) // 2]) > TOL * (1 + abs(a["objective"])):
            return "not the others' optimum, %.12g" % peers[len(peers) // 2]
        if a["verdict"] == "violated" and q.truth > 0 or a["verdict"] == "holds" and q.truth <= 0:
            return "verdict " + a["verdict"]
        return None
    true = "violated" if q.truth <= 0 else "holds"
    if a["status"] not in ("optimal", "feasible", "infeasible"):
        return "no answer"
    if a["verdict"] == true or not q.exact and a["status"] != "infeasible" and a["verdict"] == "unknown":
        return None
    return "verdict %s, not %s" % (a["verdict"], true)


def judge(model, answers, table, say):
    q = model.about
    peers = sorted(a["objective"] for s, a in answers.items() if s != CBC_DEFAULTS and a["status"] == "optimal")
    for s, a in answers.items():
        bad = wrong(q, a, peers)
        name = bad and fault(s, a)
        if not bad:
            table[s]["agree"] += 1
        elif name:
            table[s][FAULTS[name]] += 1
        else:
            table[s]["disagree"] += 1
            say(s == CBC_DEFAULTS, "%s, question %d, %s %s: %s" % (s, q.k, q.encoding, "worst" if q.worst else "decision", bad), a, model)


def sweep(count, seed, limit, keep, faults):
    began, folder = time.time(), tempfile.mkdtemp(prefix="netmip-sweep-")
    solvers, table, bad = kit.present(), collections.defaultdict(collections.Counter), []
    if faults and "cbc" in solvers:
        command, redirect, lp = kit.ROWS["cbc"]
        kit.ROWS[CBC_DEFAULTS] = ([w for w in command if w not in ("-preprocess", "off")], redirect, lp)
        solvers.append(CBC_DEFAULTS)
    result = collections.Counter(skipped=sum(s not in solvers for s in (*kit.ROWS, "highs")))

    def say(ok, what, a, model):
        print("%s %s: %s" % ("fault" if ok else "FAIL", what, {k: v for k, v in a.items() if v is not None}))
        bad.append(model.stem)
    with kit.concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        questions = list(pool.map(lambda k: Question(folder, seed, k).ask(), range(count)))
    usable = []
    for q in questions:
        least = min(q.samples) - q.rhs
        if q.truth is None or q.truth > least + 1e-9 * (1 + abs(least)) or not q.bound <= q.truth <= q.bound + 1e-3 * (1 + abs(q.truth)):
            result["failed"] += 1
            print("FAIL netmip solve, question %d: [%s, %s], a sample has %.12g" % (q.k, q.bound, q.truth, least))
        elif not q.worst and abs(q.truth) < 1e-4:
            result["too near to call"] += 1
        else:
            usable.append(q)
    models = [m for m in kit.compile_all([q.job() for q in usable])]
    for m in models:
        if not m.ready():
            result["failed"] += 1
            print("FAIL compile %s: %s" % (" ".join(m.args), m.err))
    models = [m for m in models if m.ready()]
    answers = kit.everywhere(models, solvers, limit)
    for k, m in enumerate(models):
        judge(m, {s: answers[k, s] for s in solvers if (k, s) in answers}, table, say)
    report(models, solvers, table, result, time.time() - began)
    if bad:
        keep = keep or os.path.join(kit.ROOT, "build", "sweep")
        os.makedirs(keep, exist_ok=True)
        for stem in set(bad):
            for f in os.listdir(folder):
                if f.startswith(os.path.basename(stem) + ".") or f.startswith(os.path.basename(stem) + "-"):
                    shutil.copy(os.path.join(folder, f), keep)
        print("files are kept in " + keep)
    shutil.rmtree(folder)
    result["passed"] = sum(table[s]["agree"] for s in solvers if s != CBC_DEFAULTS)
    result["failed"] += sum(table[s]["disagree"] for s in solvers if s != CBC_DEFAULTS)
    return result


def report(models, solvers, table, result, seconds):
    holds = sum(not m.about.worst and m.about.truth > 0 for m in models)
    print("sweep: %d models: %d worst values, %d decisions (%d hold), %d in .lp, %.0f s; %d questions too near to call" % (
        len(models), sum(m.about.worst for m in models), sum(not m.about.worst for m in models), holds, sum(m.path.endswith(".lp") for m in models), seconds,
        result["too near to call"]))
    print("| solver | agree | disagree | documented faults |\n|---|---|---|---|")
    for s in solvers:
        said = "; ".join("%d x %s" % (n, f) for f, n in table[s].items() if f not in ("agree", "disagree"))
        print("| %s | %d | %d | %s |" % (s, table[s]["agree"], table[s]["disagree"], said))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--count", type=int, default=1000)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--limit", type=int, default=10)
    a.add_argument("--keep")
    a.add_argument("--faults", action="store_true")
    a = a.parse_args()
    result = sweep(a.count, a.seed, a.limit, a.keep, a.faults)
    print("sweep: %d passed, %d failed, %d skipped" % (result["passed"], result["failed"], result["skipped"]))
    sys.exit(result["failed"] > 0)


if __name__ == "__main__":
    main()
