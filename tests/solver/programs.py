#!/usr/bin/env python3
"""netmip solve --solver: every solver that is installed gives the embedded one's verdict on the project's own digits, alone and
confirmed by another; and solvers that misbehave are never believed: one that hangs, dies, writes nothing, writes
garbage, an old file or another model's answer, or contradicts its peer. Skips, loudly, what is not installed."""
import json, os, re, shutil, stat, subprocess, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import TMP, check, m, p, parts, put, skip
from tiny import dense, network, npy

SLOW = 4  # sanitizers
NET, IMAGES = m("digits-mlp.onnx"), m("digits-test-images.idx3.gz")
STAGES = ["--bounds", "interval", "--no-attack", "--no-branch", "--no-evaluate"]


def solve(image, eps, *more, timeout=120):
    code, out, err = kit.run("solve", NET, "--image", "%s:%d" % (IMAGES, image), "--perturb", "linf:%g" % eps, "--json", *STAGES, *more,
                             timeout=timeout * SLOW, env={**os.environ, "TMPDIR": TMP})
    try:
        return code, json.loads(out), err
    except ValueError:
        return code, {}, err


def fake(name, text):
    path = put(name, "#!/bin/sh\n" + text + "\n")
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path + " {model} {solution} {seconds}"


def agreement():
    present = [s for s in ("cbc", "glpsol", "symphony", "lp_solve", "highs", "scip") if shutil.which(s)]
    for s in ("cbc", "glpsol", "symphony", "lp_solve"):
        if s not in present:
            skip(s + " is not here")
    cases = []
    for image in range(12):
        for eps in (0.02, 0.03):
            code, d, _ = solve(image, eps)
            if any(t.get("by") in ("tree", "solver") for t in d.get("targets", [])):
                cases.append((image, eps, code, d["verdict"]))
    check("some questions reach the solver, of both kinds", len({c[3] for c in cases}) == 2, cases)
    for s in present:
        for image, eps, code, verdict in cases[:6]:
            got, d, err = solve(image, eps, "--solver", s)
            check("%s: image %d, %g" % (s, image, eps), (got, d.get("verdict")) == (code, verdict), (got, d.get("why"), err, verdict))
            check("%s: image %d, %g: found by it, or certified" % (s, image, eps), "no answer" not in err and
                  (d.get("proved_by") == "solver" if got == 10 else d.get("proved_by") == "tree" and d.get("certified") is True), (d, err))
    if "glpsol" in present:
        for image, eps, code, verdict in cases[:6]:
            got, d, err = solve(image, eps, "--confirm", "glpsol")
            check("confirmed: image %d, %g" % (image, eps), (got, d.get("verdict")) == (code, verdict), (got, d.get("why"), err))
    return cases


def misbehaviour(cases):
    image, eps = next((c[0], c[1]) for c in cases if c[3] == "holds")
    other = next((c[0], c[1]) for c in cases if c[3] == "violated")

    def shrugged(name, text, why):
        """what such a solver does is said, and changes no verdict: the tree gives it"""
        command = fake(name.replace(" ", "-"), text)
        for at, code in (((image, eps), 0), (other, 10)):
            got, d, err = solve(*at, "--solver-command", command)
            check(name, got == code and d["proved_by"] == "tree" and d.get("certified", True) is True and why in err, (got, d, err))

    shrugged("writes nothing", "exit 0", "no solution file")
    shrugged("dies", "kill -9 $$", "exit status 137")
    shrugged("writes garbage", "echo hello > $2", "not a solution file")
    shrugged("writes an empty file", ": > $2", "is empty")
    shrugged("dies in the middle of its file", 'printf "Optimal - objective value 1.00000000\\n      0 x0 0.5" > $2; kill -SEGV $$', "the last line is cut short")
    shrugged("writes half a file", 'printf "Infeasible - objective value 0.000" > $2', "the last line is cut short")
    shrugged("prints without end", "yes | head -c 20000000; exit 1", "(exit status 1)")
    shrugged("says a limit", 'printf "Stopped on time - objective value 0.00000000\\n" > $2', "")
    shrugged("says unbounded", 'printf "Unbounded - objective value 0.00000000\\n" > $2', "")
    shrugged("says infeasible", 'printf "solution status: infeasible\\nno solution available\\n" > $2', "")
    shrugged("a foreign answer", 'printf "Optimal - objective value 1.00000000\\n      0 x0 0.5 0\\n      1 nobody 1 0\\n" > $2', "nobody")
    got, d, err = solve(image, eps, "--solver-command", fake("is-not-there", "exit 127"))
    check("ends as if not there", got == 2 and "could not be run" in err, (got, d, err))
    shrugged("says why", "echo; echo no licence; exit 3", "(exit status 3); its log ends: no licence")
    at = time.time()
    got, d, err = solve(image, eps, "--solver-command", fake("hangs", "sleep 1000"), "--time-limit", "2")
    check("hangs", got == 11 and "time limit" in d.get("why", "") and "it was killed" in err, (got, d, err))
    check("a solver that hangs is ended", time.time() - at < 60 * SLOW, time.time() - at)
    lie = fake("lies", 'glpsol --freemps $1 -o $2.x >/dev/null; cbc $1 -preprocess off -solve -printingOptions all -solution $2 > /dev/null; '
                       'sed -i "1s/.*/Infeasible - objective value 0.00000000/" $2')
    if shutil.which("cbc") and shutil.which("glpsol"):
        keep = p("keep")
        got, d, err = solve(*other, "--solver-command", lie, "--confirm", "glpsol", "--keep", keep)
        check("a contradiction ends in an error", got == 6 and "infeasible" in err, (got, d.get("why"), err))
        check("both files are kept", len([f for f in os.listdir(keep) if f.endswith((".sol", ".txt"))]) >= 2, os.listdir(keep))


def cubes():
    """the cubes of --split go to the solver that was asked for, each in files of its own, from several workers as well"""
    ask = ["--labels", m("digits-test-labels.idx1.gz"), "--split", "1"]
    for name in ("cbc", "glpsol"):
        if not shutil.which(name):
            skip(name + " is not here: cubes")
            continue
        for threads in ("1", "2"):
            keep = p("cubes-%s-%s" % (name, threads))
            os.mkdir(keep)
            code, d, err = solve(1, 0.065, *ask, "--solver", name, "--threads", threads, "--keep", keep)
            files = os.listdir(keep)
            check("cubes by %s, %s at once" % (name, threads), code == 10 and d["proved_by"] == "solver" and any("-c1" in f for f in files), (code, d, err, files))
    code, d, err = solve(1, 0.065, *ask, "--solver-command", fake("mute", "exit 3"), "--threads", "2")
    check("cubes by a solver that fails", code == 10 and d["proved_by"] == "tree" and "exit status 3" in err, (code, d, err))


def usage():
    for flags, why in ((["--solver", "nobody"], "unknown"), (["--solver-command", "true"], "{model}"),
                       (["--solver", "cbc", "--solver-command", "x {model}"], "one of them")):
        got, _, err = solve(0, 0.03, *flags)
        check("usage %s" % flags, got == 2 and why in err, (got, err))
    absent = next(s for s in ("gurobi_cl", "cplex", "scip", "highs") if not shutil.which(s))
    for flags, why in ((["--solver", absent], "the program %s is not on the PATH; without --solver the embedded CBC" % absent),
                       (["--confirm", absent], "--confirm %s: the program %s is not on the PATH" % (absent, absent)),
                       (["--solver-command", "no-such-solver {model}"], "the program no-such-solver is not there"),
                       (["--solver-command", "./no/such/solver {model}"], "the program ./no/such/solver is not there")):
        got, _, err = solve(0, 0.03, *flags)
        check("not there, said before any work: %s" % flags, got == 2 and why in err and "netmip: " not in err[8:], (got, err))
    for command in ("cd / && cat {model} > /dev/null", "if true; then cat {model}; fi > /dev/null", "X=1 cat {model} > /dev/null", "'cat' {model} > /dev/null"):
        got, d, err = solve(0, 0.03, "--solver-command", command)
        check("a command of the shell: " + command, got in (0, 10, 11) and "is not there" not in err, (got, d, err))
    for how in ([], ["--solver", "cbc"] if shutil.which("cbc") else []):
        got, out, err = kit.run("solve", NET, "--image", IMAGES + ":1", "--labels", m("digits-test-labels.idx1.gz"), "--perturb", "linf:0.065", *STAGES, *how)
        check("who found it %s" % how, got == 10 and re.match("violated by %s\n" % ("cbc" if how else "(tree|the embedded solver)"), out), (got, out[:200], err))
    check("no folder is left behind", not [f for f in os.listdir(TMP) if f.startswith("netmip-")], os.listdir(TMP))


def netmip(*args):
    return kit.run(*args, timeout=120 * SLOW, cwd=TMP)


def answers():
    """what a solver's file proves: a worst margin and a nearest counterexample have bounds; a fixed MPS file that GLPK
    calls infeasible is the map's; two constant ends of a range are told apart"""
    tiny = m("tiny-xor.json")
    put("x.csv", "0.3,0.6\n")
    ask = [tiny, "--image", "x.csv", "--perturb", "linf:0.3", "--quiet"]
    for s in ("cbc", "glpsol"):
        for how in ("worst", "closest:linf") if shutil.which(s) else ():
            more = ["--objective", how, "--no-attack", "--no-branch", "--no-split", "--json"]
            want, got = (json.loads(netmip("solve", *ask, *more, *by)[1])["objective"] for by in ([], ["--solver", s]))
            check("%s %s: value and bound" % (s, how), abs(got["value"] - want["value"]) < 1e-5 and abs(got["bound"] - want["value"]) < 1e-5, (got, want))
    if shutil.which("glpsol"):
        label = str(json.loads(netmip("solve", *ask, "--json")[1])["label"])
        netmip("compile", *ask[:3], "--perturb", "linf:0.01", "--label", label, "--always-write", "--mps", "fixed", "--bounds", "interval", "-o", "f.mps", "--quiet")
        subprocess.run(["glpsol", "--nopresol", "--mps", "f.mps", "-w", "f.sol"], cwd=TMP, capture_output=True)
        code, out, err = netmip("decode", "f.map.json", "f.sol")
        check("fixed MPS, infeasible for GLPK", code == 0 and "holds" in out and "trust" not in err, (code, out, err))
    if shutil.which("cbc"):
        put("flat.json", network([2], [dense([[0, 0], [1, 0]], [0.5, 0])]))
        netmip("compile", "flat.json", "--image", "x.csv", "--perturb", "linf:0.1", "--objective", "range:Y_0", "--always-write", "-o", "r.mps", "--quiet")
        for end in ("tmin", "tmax"):
            subprocess.run(["cbc", "r-%s.mps" % end, "solve", "solution", "r-%s.sol" % end], cwd=TMP, capture_output=True)
        code, out, err = netmip("decode", "r.manifest.json", "r-tmin.sol", "r-tmax.sol")
        check("two constant ends", code == 11 and out.count("0.5 attained") == 2 and "proven" not in out, (code, out, err))
        code, out, err = netmip("solve", "flat.json", "--image", "x.csv", "--perturb", "linf:0.1", "--objective", "range:Y_0", "--quiet")
        check("two constant ends, proven", code == 0 and out.count("0.5 attained") == 2 and out.count("proven to be at") == 2, (code, out, err))
    for text, more in (("span:g.npy,1/4,1/2", []), ("linf:0.1", ["--domain", "1/10,9/10"])):
        put("g.npy", npy([1, 0]))
        code, out, err = netmip("solve", tiny, "--image", "x.csv", "--perturb", text, *more, "--quiet")
        check("fractions: %s %s" % (text, more), code in (0, 10), (code, err))


def solvers():
    misbehaviour(agreement())


parts(usage, answers, solvers, usage, cubes)
