#!/usr/bin/env python3
"""Questions that a floating-point solver answered wrongly, or whose answers were misread, replayed by every verb concerned.

The cases lie beside the tree, in ../shared/cases, and stay there; without them this test skips and says so. Each line has the
answers that are right: `violated` (exit code 10) or `holds` (0) where the exact truth is known and clear; `unknown` (11) beside
it where the truth is a tie within rounding, or where flags take the stages away that would find it; and what a proven bound must
not exceed. An error (exit code 6 and the like) is right nowhere but where it is listed."""
import json, os, shutil, subprocess, sys, tempfile

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, SHARED, TMP, check, done, p, parts, skip

CASES = os.environ.get("SOUND_CASES", os.path.join(SHARED, "cases"))
YES, NO, MAYBE, HELD = {10}, {0}, {10, 11}, {0, 11}
NAMES = {0: "holds or done", 10: "violated", 11: "unknown", 6: "audit failed"}


def run(folder, *args, timeout=200):
    r = subprocess.run(args, cwd=os.path.join(CASES, folder), capture_output=True, text=True, timeout=timeout, env={**os.environ, "TMPDIR": TMP})
    return r.returncode, r.stdout, r.stderr


def here(folder):
    there = os.path.isdir(os.path.join(CASES, folder))
    if not there:
        skip("%s is not here" % folder)
    return there


def solve(folder, right, flags, worst=None, least=None, most=None, file="n.onnx"):
    """right: exit codes; worst: a margin that is attained; least, most: values of the range that are attained"""
    if not here(folder):
        return
    args = file.split() + flags.split() + ["--json", "--quiet"]
    code, out, err = run(folder, NETMIP, "solve", *args)
    name = "%s: solve %s" % (folder, " ".join(args[:-2]))
    check(name, code in right, "%s; right: %s %s" % (NAMES.get(code, code), [NAMES.get(c, c) for c in sorted(right)], err[-150:]))
    if worst is None and least is None and most is None:
        return
    d = json.loads(out or "{}")
    bound, of = d.get("objective", {}).get("bound"), d.get("range", {})
    if worst is not None and bound is not None:
        check(name + ", its bound", bound <= worst, "%r is proven, %r is attained" % (bound, worst))
    if least is not None and of.get("lo") is not None:
        check(name + ", its least", of["lo"] <= least, "%r is proven, %r is attained" % (of["lo"], least))
    if most is not None and of.get("hi") is not None:
        check(name + ", its most", of["hi"] >= most, "%r is proven, %r is attained" % (of["hi"], most))


def decode(folder, right, *files, log=()):
    if not here(folder):
        return
    code, out, err = run(folder, NETMIP, "decode", *files, *log, "--quiet")
    check("%s: decode %s" % (folder, " ".join([*files, *log])), code in right,
          "%s; right: %s %s" % (NAMES.get(code, code), [NAMES.get(c, c) for c in sorted(right)], (out + err)[-200:]))


def through(folder, right, ask, *more):
    """compile, a solver's own program, decode"""
    if not here(folder):
        return
    for solver, command in (("cbc", "cbc m.mps -preprocess off solve solution m.sol"), ("glpsol", "glpsol --freemps m.mps --nopresol -w m.sol")):
        if not shutil.which(solver):
            skip(solver + " is not here")
            continue
        d = tempfile.mkdtemp(dir=TMP)
        code, out, err = run(folder, NETMIP, "compile", *ask.split(), *more, "--always-write", "--quiet", "-o", os.path.join(d, "m.mps"))
        if code:
            check("%s: compile %s" % (folder, ask), False, err)
            continue
        subprocess.run(command.split(), cwd=d, capture_output=True, timeout=60)
        maps = [f for f in sorted(os.listdir(d)) if f.endswith("map.json")]
        code, out, err = run(folder, NETMIP, "decode", os.path.join(d, maps[0]), os.path.join(d, "m.sol"), "--quiet")
        check("%s: compile %s %s, %s, decode" % (folder, ask, " ".join(more), solver), code in right, "%s; right: %s" % (NAMES.get(code, code), sorted(right)))


def margins():
    """worst margins and ranges that a replay undercuts; scales of 2^+-14 and more"""
    free = "--image i.csv --label 0 --perturb free "
    solve("sound/01", MAYBE | NO, free + "--objective worst", worst=0.874228)
    solve("sound/01", MAYBE, free + "--margin=-1")
    solve("sound/01", MAYBE, free + "--margin=-1 --no-attack")
    solve("sound/01", NO, "--image i.csv --perturb free --objective range:Y_0-Y_1", least=0.874228)
    solve("sound/02", NO, "--image i.csv --perturb free --objective range:Y_0-Y_1", least=-3.3820287)
    solve("sound/02", MAYBE | NO, free + "--objective worst", worst=-3.3820287)
    solve("sound/04", YES, free + "--margin=-1")
    solve("sound/04", YES, free + "--margin=-1 --objective worst", worst=-0.7385)
    solve("sound/04", HELD, "--image i.csv --perturb free --objective range:Y_0-Y_1", least=0.2615)
    half = free.replace("i.csv", "half.csv")
    solve("sound/05", YES, half, file="n.json")
    solve("sound/05", YES, half + "--objective worst", worst=-1, file="n.json")
    solve("sound/05", NO, half.replace("--label 0 ", "") + "--objective range:Y_0-Y_1", least=-1, file="n.json")
    solve("sound/05", MAYBE, half + "--no-split --no-branch", file="n.json")
    solve("sound/05", MAYBE, half + "--objective closest:l1 --no-split --no-branch", file="n.json")
    for encoding in ("bigm", "hull"):
        through("sound/05", MAYBE, "n.json " + half, "--encoding", encoding, "--bounds", "interval")


def layout():
    """an image [1,2,4,1] has two channels: a pixel is both"""
    for more in ("", " --channels chw"):
        for set_ in ("pixels:1", "patch:1x1"):
            solve("sound/03", YES | ({2, 4} if not more else set()), "--image zero.npy --label 0 --perturb %s%s" % (set_, more))


def ties():
    """margins that float64, or a solver's tolerance, cannot tell from 0: never `holds`"""
    solve("sound/06", MAYBE, "--image i.csv --label 0 --perturb free --margin 99873255.99237096", file="n.json")
    solve("sound/06", MAYBE, "--image i3402.csv --label 0 --perturb linf:0.5 --target any --margin=402460211278.15393", file="n3402.onnx")
    margin = "--image i.csv --label 0 --perturb linf:0.1 --target 1 --margin=-0.9234899295517798 "
    solve("sound/08", MAYBE, margin)
    through("sound/08", MAYBE, "n.onnx " + margin, "--bounds", "interval")
    decode("sound/08", MAYBE, "m.map.json", "m.sol")
    solve("sound/09", MAYBE, "q.json", file="net.json")
    through("sound/09", MAYBE, "net.json q.json")
    solve("sound/10", MAYBE, "q.json", file="net.json") # weights of 2^40 times a point's last digits: no point replays
    solve("sound/10", MAYBE, "qworst.json", worst=-0.5, file="net.json")
    solve("sound/10", MAYBE, "qclosest.json", file="net.json")
    solve("sound/10", HELD, "qrange.json", most=1, file="net.json")
    solve("sound/11", MAYBE, "q.json --bounds interval --no-attack", file="net.json")
    for tail in ("", "_c11", "_2107"):
        solve("sound/12", MAYBE, "q%s.json" % tail, file="net%s.json" % tail)


def marks():
    """two targets whose models are the same, to the last byte"""
    decode("sound/07", {2, 11}, "m.manifest.json", "m-t1.sol", "m-t2.sol") # as they are, nobody can tell them apart
    decode("sound/07", {11}, "m.manifest.json", "m-t2.sol")
    out = p("m.mps")
    if not here("sound/07") or not shutil.which("glpsol"):
        return
    run("sound/07", NETMIP, *"compile n.json --image i.csv --label 0 --perturb free --bounds interval --quiet -o".split(), out)
    sols = []
    for t in ("1", "2"):
        sols.append(p("m-t%s.sol" % t))
        run("sound/07", "glpsol", "--freemps", p("m-t%s.mps" % t), "--nopresol", "-w", sols[-1])
    for order in (sols, sols[::-1]):
        decode("sound/07", NO, p("m.manifest.json"), *order)
    decode("sound/07", {11}, p("m.manifest.json"), sols[1])


def answers():
    """files of solvers that stopped at a gap or a limit, that contradict themselves, that miss by a tolerance"""
    decode("solver-01-highs-gap", MAYBE, "g.map.json", "g.hi")
    decode("solver-01-highs-gap", MAYBE, "g.map.json", "g.hi", log=("--log", "g.log"))
    decode("solver-02-lpsolve-gap", MAYBE, "g.map.json", "g.lps")
    decode("solver-02-lpsolve-gap", YES, "g.map.json", "g0.lps")
    three = "solver-03-infeasible-with-counterexample"
    decode(three, YES, "v.map.json", "v.sol")
    for claimed in ("claimed.sol", "claimed.hi"):
        decode(three, MAYBE | {6}, "v.map.json", claimed)
    decode("solver-04-cbc-stopped-on-iterations", MAYBE, "v.map.json", "v.sol")
    decode("solver-09-near-tie-cbc", MAYBE, "p.map.json", "p.sol")
    decode("solver-09-near-tie-glpk", MAYBE, "p.map.json", "p.out")
    decode("15-tolmiss", {11}, "o.map.json", "o.sol")
    solve("15-tolmiss", NO, "q.vnnlib")
    solve("15-tolmiss", HELD, "q.vnnlib --solver cbc --bounds interval --no-attack --no-branch --no-split")


def crashes():
    """CBC dies: the question is open at worst, and another way answers it"""
    solve("solver-dies", NO, "--time-limit 60", file="unsat_v30_c39.onnx unsat_v30_c39.vnnlib")
    solve("solver-dies", HELD, "--time-limit 20", file="unsat_v59_c195.onnx unsat_v59_c195.vnnlib")
    folder = "19-cbccrash/keep"
    solve(folder, NO, "q.vnnlib")
    solve(folder, HELD, "q.vnnlib --encoding bigm --solver cbc --bounds interval --no-attack --no-branch --no-split")
    if not here(folder):
        return
    model = p("o.mps") # anew: a map of version 1 has no guard, so that no solver's proof is believed
    run(folder, NETMIP, *"compile n.onnx q.vnnlib --always-write --bounds interval --quiet -o".split(), model)
    for how, command, right in (("cbc", "cbc %s solve solution %s", NO), ("glpsol", "glpsol --freemps %s --nopresol -w %s", NO),
                                ("cbc without preprocessing", "cbc %s -preprocess off solve solution %s", {0, 3, 11})):
        if not shutil.which(how.split()[0]):
            skip(how + " is not here")
            continue
        sol = p(how.replace(" ", "-") + ".sol")
        run(folder, *(command % (model, sol)).split())
        if os.path.exists(sol) and how != "cbc without preprocessing" or os.path.exists(sol) and os.path.getsize(sol):
            decode(folder, right, p("o.map.json"), sol)


if not os.path.isdir(CASES):
    skip("the cases are not here: " + CASES)
    done()
parts(margins, layout, ties, marks, answers, crashes)
