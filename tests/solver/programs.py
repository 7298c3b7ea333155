#!/usr/bin/env python3
"""netmip solve --solver: every solver that is installed gives the embedded one's verdict on the project's own digits, alone and
confirmed by another; and solvers that misbehave are never believed: one that hangs, dies, writes nothing, writes
garbage, an old file or another model's answer, or contradicts its peer. Skips, loudly, what is not installed."""
import json, os, shutil, stat, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODELS = os.path.join(HERE, "..", "models")
NETMIP = os.environ.get("NETMIP", os.path.join(HERE, "..", "build", "netmip"))
SLOW = 4  # sanitizers
DIR = tempfile.mkdtemp(prefix="netmip-runners-")
count = {"passed": 0, "failed": 0, "skipped": 0}
NET, IMAGES = os.path.join(MODELS, "digits-mlp.onnx"), os.path.join(MODELS, "digits-test-images.idx3.gz")
STAGES = ["--bounds", "interval", "--no-attack", "--no-branch", "--no-evaluate"]


def check(name, ok, detail=""):
    count["passed" if ok else "failed"] += 1
    if not ok:
        print("FAIL", name, detail)


def solve(image, eps, *more, timeout=120):
    r = subprocess.run([NETMIP, "solve", NET, "--image", "%s:%d" % (IMAGES, image), "--perturb", "linf:%g" % eps, "--json", *STAGES, *more], capture_output=True, text=True, timeout=timeout * SLOW, env={**os.environ, "TMPDIR": DIR})
    try:
        return r.returncode, json.loads(r.stdout), r.stderr
    except ValueError:
        return r.returncode, {}, r.stderr


def fake(name, text):
    path = os.path.join(DIR, name)
    with open(path, "w") as f:
        f.write("#!/bin/sh\n" + text + "\n")
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path + " {model} {solution} {seconds}"


def agreement():
    present = [s for s in ("cbc", "glpsol", "symphony", "lp_solve", "highs", "scip") if shutil.which(s)]
    for s in ("cbc", "glpsol", "symphony", "lp_solve"):
        if s not in present:
            print("SKIP %s is not installed" % s)
            count["skipped"] += 1
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
    shrugged("says a limit", 'printf "Stopped on time - objective value 0.00000000\\n" > $2', "")
    shrugged("says unbounded", 'printf "Unbounded - objective value 0.00000000\\n" > $2', "")
    shrugged("says infeasible", 'printf "solution status: infeasible\\nno solution available\\n" > $2', "")
    shrugged("a foreign answer", 'printf "Optimal - objective value 1.00000000\\n      0 x0 0.5 0\\n      1 nobody 1 0\\n" > $2', "nobody")
    got, d, err = solve(image, eps, "--solver-command", fake("is-not-there", "exit 127"))
    check("is not there", got == 2 and "could not be run" in err, (got, d, err))
    at = time.time()
    got, d, err = solve(image, eps, "--solver-command", fake("hangs", "sleep 1000"), "--time-limit", "2")
    check("hangs", got == 11 and "time limit" in d.get("why", "") and "it was ended" in err, (got, d, err))
    check("a solver that hangs is ended", time.time() - at < 60 * SLOW, time.time() - at)
    lie = fake("lies", 'glpsol --freemps $1 -o $2.x >/dev/null; cbc $1 -preprocess off -solve -printingOptions all -solution $2 > /dev/null; '
                       'sed -i "1s/.*/Infeasible - objective value 0.00000000/" $2')
    if shutil.which("cbc") and shutil.which("glpsol"):
        keep = os.path.join(DIR, "keep")
        got, d, err = solve(*other, "--solver-command", lie, "--confirm", "glpsol", "--keep", keep)
        check("a contradiction ends in an error", got == 6 and "infeasible" in err, (got, d.get("why"), err))
        check("both files are kept", len([f for f in os.listdir(keep) if f.endswith((".sol", ".txt"))]) >= 2, os.listdir(keep))


def cubes():
    """the cubes of --split go to the solver that was asked for, each in files of its own, from several workers as well"""
    ask = ["--labels", os.path.join(MODELS, "digits-test-labels.idx1.gz"), "--split", "1"]
    for name in ("cbc", "glpsol"):
        if not shutil.which(name):
            count["skipped"] += 1
            continue
        for threads in ("1", "2"):
            keep = os.path.join(DIR, "cubes-%s-%s" % (name, threads))
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
    check("no folder is left behind", not [f for f in os.listdir(DIR) if f.startswith("netmip-")], os.listdir(DIR))


def netmip(*args):
    r = subprocess.run([NETMIP, *args], capture_output=True, text=True, timeout=120 * SLOW, cwd=DIR)
    return r.returncode, r.stdout, r.stderr


def answers():
    """what a solver's file proves: a worst margin and a nearest counterexample have bounds; a fixed MPS file that GLPK
    calls infeasible is the map's; two constant ends of a range are told apart"""
    tiny = os.path.join(MODELS, "tiny-xor.json")
    with open(os.path.join(DIR, "x.csv"), "w") as f:
        f.write("0.3,0.6\n")
    ask = [tiny, "--image", "x.csv", "--perturb", "linf:0.3", "--quiet"]
    for s in ("cbc", "glpsol"):
        for how in ("worst", "closest:linf") if shutil.which(s) else ():
            more = ["--objective", how, "--no-attack", "--no-branch", "--no-split", "--json"]
            want, got = (json.loads(netmip("solve", *ask, *more, *by)[1])["objective"] for by in ([], ["--solver", s]))
            check("%s %s: value and bound" % (s, how), abs(got["value"] - want["value"]) < 1e-5 and abs(got["bound"] - want["value"]) < 1e-5, (got, want))
    if shutil.which("glpsol"):
        label = str(json.loads(netmip("solve", *ask, "--json")[1])["label"])
        netmip("compile", *ask[:3], "--perturb", "linf:0.01", "--label", label, "--always-write", "--mps", "fixed", "--bounds", "interval", "-o", "f.mps", "--quiet")
        subprocess.run(["glpsol", "--nopresol", "--mps", "f.mps", "-w", "f.sol"], cwd=DIR, capture_output=True)
        code, out, err = netmip("decode", "f.map.json", "f.sol")
        check("fixed MPS, infeasible for GLPK", code == 0 and "holds" in out and "trust" not in err, (code, out, err))
    if shutil.which("cbc"):
        with open(os.path.join(DIR, "flat.json"), "w") as f:
            json.dump({"netmip": "network", "version": 1, "input": {"name": "x", "shape": [2]}, "layers": [{"op": "dense", "weight": [[0, 0], [1, 0]], "bias": [0.5, 0]}]}, f)
        netmip("compile", "flat.json", "--image", "x.csv", "--perturb", "linf:0.1", "--objective", "range:Y_0", "--always-write", "-o", "r.mps", "--quiet")
        for end in ("tmin", "tmax"):
            subprocess.run(["cbc", "r-%s.mps" % end, "solve", "solution", "r-%s.sol" % end], cwd=DIR, capture_output=True)
        code, out, err = netmip("decode", "r.manifest.json", "r-tmin.sol", "r-tmax.sol")
        check("two constant ends", code == 11 and out.count("0.5 attained") == 2 and "proven" not in out, (code, out, err))
        code, out, err = netmip("solve", "flat.json", "--image", "x.csv", "--perturb", "linf:0.1", "--objective", "range:Y_0", "--quiet")
        check("two constant ends, proven", code == 0 and out.count("0.5 attained") == 2 and out.count("proven to be at") == 2, (code, out, err))
    for text, more in (("span:g.npy,1/4,1/2", []), ("linf:0.1", ["--domain", "1/10,9/10"])):
        import struct
        with open(os.path.join(DIR, "g.npy"), "wb") as f:
            head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n"
            f.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + struct.pack("<2d", 1, 0))
        code, out, err = netmip("solve", tiny, "--image", "x.csv", "--perturb", text, *more, "--quiet")
        check("fractions: %s %s" % (text, more), code in (0, 10), (code, err))


usage()
answers()
misbehaviour(agreement())
usage()
cubes()
shutil.rmtree(DIR)
print("runners: %(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
sys.exit(count["failed"] > 0)
