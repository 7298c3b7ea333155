"""solverkit.py: models to every solver that is here, answers back through netmip: what tests/cross/matrix.py and scripts/sweep.py share.

A solver is a row: how its command line asks for a zero gap and a limit, and where its answer stands. HiGHS is npm's WebAssembly
build (scripts/highs.js), many models to a process. Nothing of an answer is parsed here: `netmip decode` gives the verdict,
`netmip inspect` the status and the objective that the file says. Standard input is closed: SYMPHONY would wait for commands."""
import concurrent.futures, json, os, re, shutil, subprocess, sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
HIGHS = os.path.join(ROOT, "scripts", "highs.js")
VERDICT = {0: "holds", 10: "violated", 11: "unknown"}
GRACE = 20

# name: command (M the model, O the answer, S seconds), suffix of the answer, None or where stdout goes, takes .lp
ROWS = {
    "cbc": (["cbc", "M", "-preprocess", "off", "-ratioGap", "0", "-allowableGap", "0", "-increment", "1e-12", "-seconds", "S", "-solve", "-printingOptions", "all",
             "-solution", "O"], False, True),
    "glpsol": (["glpsol", "F", "M", "--nopresol", "--tmlim", "S", "-w", "O"], False, True),
    "symphony": (["symphony", "F", "M", "-t", "S"], True, True),
    "lp_solve": (["lp_solve", "-fmps", "M", "-e", "1e-9", "-S4", "-timeout", "S"], True, False),
}
FORMAT = {"glpsol": ("--freemps", "--lp"), "symphony": ("-F", "-L")}


def have_highs():
    return bool(shutil.which("node")) and subprocess.run(["node", HIGHS, "--version"], capture_output=True).returncode == 0


def present():
    return [s for s in ROWS if shutil.which(s)] + (["highs"] if have_highs() else [])


def netmip(*args):
    r = subprocess.run([NETMIP, *args], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return r.returncode, r.stdout, r.stderr


class Model:
    """a compiled model: its file, an .mps twin for readers that take nothing else, its map, what it is about"""

    def __init__(self, stem, suffix, args, about):
        self.stem, self.about, self.args = stem, about, args
        self.path, self.twin = stem + suffix, None
        self.code, out, self.err = netmip("compile", *args, "-o", self.path, "--json")
        self.info = json.loads(out) if self.code == 0 else {}
        if self.code == 0 and suffix != ".mps" and os.path.exists(self.path):
            self.twin = stem + "-twin.mps"
            netmip("compile", *args, "-o", self.twin, "--quiet")

    def ready(self):
        return self.code == 0 and os.path.exists(self.path)

    def file_for(self, solver):
        return self.twin if self.twin and solver == "lp_solve" else self.path

    def map_for(self, solver):
        return re.sub(r"\.(mps|lp)$", ".map.json", self.file_for(solver))

    def answer(self, solver):
        return "%s.%s.sol" % (self.stem, solver)


def solve(model, solver, seconds):
    command, redirect, _ = ROWS[solver]
    path, out = model.file_for(solver), model.answer(solver)
    fill = {"M": path, "O": out, "S": str(seconds), "F": FORMAT.get(solver, ("", ""))[path.endswith(".lp")]}
    with open(out if redirect else os.devnull, "w") as f:
        try:
            subprocess.run([fill.get(w, w) for w in command], stdout=f, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=seconds + GRACE)
        except subprocess.TimeoutExpired:
            pass


def solve_highs(models, seconds):
    if not models:
        return
    listed = models[0].stem + ".list"
    with open(listed, "w") as f:
        f.writelines("%s\t%s\t%d\n" % (m.file_for("highs"), m.answer("highs"), seconds) for m in models)
    subprocess.run(["node", HIGHS, "--batch", listed], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def answer(model, solver):
    """what the solver's file says, through netmip: {code, verdict, status, objective with the constant, value of the point}"""
    path = model.answer(solver)
    if not os.path.exists(path):
        return {"code": None, "verdict": "unknown", "status": "no file", "said": "", "objective": None, "value": None, "margin": None,
                "why": ""}
    code, out, err = netmip("decode", model.map_for(solver), path, "--json")
    d = json.loads(out) if code in VERDICT else {}
    _, said, _ = netmip("inspect", path)
    status, words, objective = (re.search(p, said, re.M) for p in (r"^solution of .*: (.*)$", r"^said: (.*)$", r"^objective (\S+)$"))
    with open(model.map_for(solver)) as f:
        m = json.load(f)
    unit = 2.0 ** m.get("scale", {}).get("objective", 0)
    return {"code": code, "verdict": d.get("verdict", "refused"), "status": status.group(1) if status else "unreadable", "said": words.group(1) if words else "",
            "objective": float(objective.group(1)) * unit + m["constant"] if objective else None, "value": d.get("objective", {}).get("value"),
            "margin": d.get("witness", {}).get("margin64"), "why": (d.get("why", "") + err).strip()}


def takes(solver, model):
    """lp_solve is left out of models that it spends minutes on"""
    return solver != "lp_solve" or model.info["model"]["nonzeros"] < 40000


def everywhere(models, solvers, seconds, workers=None):
    """{(index of the model, solver): answer}: each model to each solver that takes it, over the machine's processors"""
    workers = workers or os.cpu_count() or 1
    out = {}
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        waits = [pool.submit(solve_highs, models[k::workers], seconds) for k in range(workers) if "highs" in solvers]
        waits += [pool.submit(solve, m, s, seconds) for m in models for s in solvers if s != "highs" and takes(s, m)]
        for w in waits:
            w.result()
        answers = {(k, s): pool.submit(answer, m, s) for k, m in enumerate(models) for s in solvers if takes(s, m)}
        for key, w in answers.items():
            out[key] = w.result()
    return out


def compile_all(jobs, workers=None):
    """jobs: (stem, suffix, args, about)"""
    with concurrent.futures.ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        return list(pool.map(lambda j: Model(*j), jobs))
