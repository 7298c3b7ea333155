#!/usr/bin/env python3
"""Each stage of `netmip solve` off in turn: CPU seconds and instances closed, as a table.

Runs `netmip batch` on WK17a and RSL18a (L-inf 0.1) with the truth pack's networks and images, one worker, a limit of
wall seconds an image. Usage: bench-ablation.py [--range A:B] [--limit S] [--net wk17a|rsl18a|hard] [--only NAME]; `hard`
asks the truth pack's hard questions instead. Compare rows of one run only: machines and loads differ. About ten minutes
for the defaults."""
import argparse, csv, json, os, resource, shutil, subprocess, sys, tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(ROOT, "..", "shared", "truth"))
VARIANTS = [("everything on", []), ("no attack", ["--no-attack"]), ("no alpha, no tightening, no branching", ["--bounds", "crown"]),
            ("no alpha for units", ["--no-units"]), ("no branching", ["--no-branch"]), ("no splitting of boxes", ["--no-split"]), ("no solver", ["--no-solve"]), ("interval bounds only, then models",
                                                                            ["--bounds", "interval"]),
            ("models without folding, no tightening", ["--bounds", "crown", "--fold", "off"])]


def run(net, span, limit, flags, folder):
    m = os.path.join(TRUTH, "mnist")
    r = subprocess.run([NETMIP, "batch", "--json", os.path.join(m, net + ".onnx"), "--images", m + "/t10k-images-idx3-ubyte.gz", "--labels",
                        m + "/t10k-labels-idx1-ubyte.gz", "--perturb", "linf:0.1", "--range", span, "--dir", folder, "--quiet",
                        "--time-limit", str(limit), *flags], capture_output=True, text=True)
    if r.returncode != 0:
        sys.exit("bench-ablation: " + r.stderr)
    return json.loads(r.stdout)


def hard(limit, flags):
    """the same counts for the hard questions; raises if one is answered wrongly"""
    s, folder = {"holds": 0, "violated": 0, "unknown": 0}, os.path.join(TRUTH, "hard")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for row in csv.DictReader(open(os.path.join(folder, "manifest.csv"))):
        r = subprocess.run([NETMIP, "solve", os.path.join(folder, row["network"]), os.path.join(folder, row["property"]), "--json", "--quiet",
                            "--time-limit", str(limit), *flags], capture_output=True, text=True)
        verdict = json.loads(r.stdout)["verdict"]
        if verdict not in ("unknown", {"unsat": "holds", "sat": "violated"}[row["expected"]]):
            sys.exit("bench-ablation: %s: %s" % (row["network"], verdict))
        s[verdict] += 1
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    s["cpu_seconds"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return s


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--range", default="0:100")
    a.add_argument("--limit", type=float, default=5)
    a.add_argument("--net", default="wk17a")
    a.add_argument("--only", default="")
    a = a.parse_args()
    if not os.path.isdir(TRUTH):
        sys.exit("bench-ablation: the truth pack is not here")
    said = "hard questions, at most %g s each" % a.limit if a.net == "hard" else "%s, images %s, L-inf 0.1, at most %g s an image" % (
        a.net, a.range, a.limit)
    print(said + "\n")
    print("| stages | holds | violated | unknown | CPU s | ratio |\n|---|---|---|---|---|---|")
    first = None
    for name, flags in VARIANTS:
        if a.only not in name:
            continue
        folder = tempfile.mkdtemp()
        s = hard(a.limit, flags) if a.net == "hard" else run(a.net, a.range, a.limit, flags, folder)
        shutil.rmtree(folder)
        first = first or s["cpu_seconds"]
        print("| %s | %d | %d | %d | %.1f | %.1f |" % (name, s["holds"], s["violated"], s["unknown"], s["cpu_seconds"],
                                                      s["cpu_seconds"] / first), flush=True)


main()
