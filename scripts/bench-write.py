#!/usr/bin/env python3
"""How fast models are written: CPU seconds and MB/s of encoding and writing, plain and gzipped, MPS and LP.

Rows: the whole WK17a network (4804 ReLUs) over the whole input domain, unfolded, by interval bounds: the model that
general-purpose emitters write; the same over L-inf 0.1; and the folded model of one target by CROWN. In brackets what others took
on such a machine to write the first kind: OMLT 1.2.2 with Pyomo 131 s + 17 s (25,628 rows, 597k nonzeros, 4804
binaries, 1.6 GB of memory), PySCIPOpt-ML 20.2 s + 0.85 s (589k nonzeros, 4804 binaries).

Needs the truth pack (NETMIP_TRUTH, or ../shared/truth); without it the shipped digits-conv is measured, and says so.
Usage: bench-write.py [--runs N, default 3: the least of N counts]. Compare rows of one run only."""
import argparse, json, os, resource, subprocess, sys, tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
MNIST = os.path.join(os.environ.get("NETMIP_TRUTH", os.path.join(ROOT, "..", "shared", "truth")), "mnist")
PEERS = "[131 + 17; 20.2 + 0.85]"


def measure(args, out):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    r = subprocess.run([NETMIP, "compile", *args, "--always-write", "--json", "--quiet", "-o", out], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if r.returncode:
        sys.exit("bench-write: " + r.stderr)
    d = json.loads(r.stdout)
    return {"all": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "mb": os.path.getsize(out) / 1e6, "peak": after.ru_maxrss / 1024,
            **{k: d["cpu_seconds"][k] for k in ("bounds", "encode", "write")}, **d["model"]}


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--runs", type=int, default=3)
    a = a.parse_args()
    if os.path.isdir(MNIST):
        net, images, labels = "wk17a", MNIST + "/t10k-images-idx3-ubyte.gz:211", MNIST + "/t10k-labels-idx1-ubyte.gz"
        question, target = [MNIST + "/wk17a.onnx", "--image", images, "--labels", labels], "3"
    else:
        print("the truth pack is not here: digits-conv instead of WK17a")
        models = os.path.join(ROOT, "models")
        net, question, target = "digits-conv", [models + "/digits-conv.onnx", "--image", models + "/digits-test-images.idx3.gz:0", "--label", "8"], "0"
    kinds = (("whole domain, unfolded " + PEERS, ["--perturb", "free", "--fold", "off", "--bounds", "interval", "--one-sided", "off"]),
             ("L-inf 0.1, unfolded", ["--perturb", "linf:0.1", "--fold", "off", "--bounds", "interval"]),
             ("L-inf 0.1, folded", ["--perturb", "linf:0.1", "--bounds", "crown"]))
    print("| %s | rows | nonzeros | binaries | file | MB | bounds s | encode s | write s | in all s | written MB/s | peak MB |\n|%s" % (net, "---|" * 12))
    folder = tempfile.mkdtemp()
    for what, flags in kinds:
        plain = {}
        for suffix in (".mps", ".mps.gz", ".lp", ".lp.gz"):
            out = os.path.join(folder, "m" + suffix)
            best = min((measure([*question, "--target", target, *flags], out) for _ in range(a.runs)), key=lambda m: m["all"])
            plain[suffix.replace(".gz", "")] = plain.get(suffix.replace(".gz", ""), best["mb"])
            print("| %s | %d | %d | %d | %s | %.2f | %.3f | %.3f | %.3f | %.2f | %.0f | %.0f |" % (
                what, best["rows"], best["nonzeros"], best["binaries"], suffix, best["mb"], best["bounds"], best["encode"], best["write"], best["all"],
                plain[suffix.replace(".gz", "")] / max(best["write"], 1e-9), best["peak"]), flush=True)
            os.unlink(out)
    print("MB/s: of the unpacked text; a peak is the largest of the program's runs so far")


main()
