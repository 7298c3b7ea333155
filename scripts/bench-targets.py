#!/usr/bin/env python3
"""The targets that bounds and formulations are measured by, a row each: CPU seconds and ratios, one run, one machine.

Needs the truth pack's networks and images (NETMIP_TRUTH, or ../shared/truth). Usage: bench-targets.py [--only WORDS]
[--limit SECONDS of each solver run, default 60]. Compare rows of one run only: machines and loads differ. Figures in
brackets are what the same row said elsewhere: auto_LiRPA 0.7.1 (CROWN, float32, one thread), or the target itself.
About ten minutes for everything. Models are solved by the embedded CBC; by HiGHS as well where `highs` is on the PATH, or npm's build in the cache."""
import argparse, csv, json, os, resource, shutil, subprocess, sys, tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(ROOT, "..", "shared", "truth"))
MNIST = os.path.join(TRUTH, "mnist")
IMAGES, LABELS = MNIST + "/t10k-images-idx3-ubyte.gz", MNIST + "/t10k-labels-idx1-ubyte.gz"
BOUNDS_ONLY = ["--bounds", "crown", "--no-attack", "--no-split", "--no-solve", "--no-evaluate"]
MODEL_ONLY = ["--bounds", "crown", "--no-attack", "--no-split", "--no-branch", "--no-evaluate"]


def cpu_of_children():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def run(*args, limit=None):
    before = cpu_of_children()
    r = subprocess.run(list(args), capture_output=True, text=True, timeout=limit)
    return r, cpu_of_children() - before


def netmip(*args):
    r, used = run(NETMIP, *args, "--quiet")
    if r.returncode not in (0, 10, 11):
        sys.exit("bench-targets: " + r.stderr)
    return json.loads(r.stdout), used


def image(net, i, target, *flags):
    return netmip("solve", "%s/%s.onnx" % (MNIST, net), "--image", "%s:%d" % (IMAGES, i), "--labels", LABELS, "--perturb", "linf:0.1",
                  "--target", str(target), "--json", *flags)


def batch(net, span, *flags):
    folder = tempfile.mkdtemp()
    s, _ = netmip("batch", "--json", "%s/%s.onnx" % (MNIST, net), "--images", IMAGES, "--labels", LABELS, "--perturb", "linf:0.1", "--range", span,
                  "--dir", folder, *flags)
    shutil.rmtree(folder)
    return s


def row(what, *cells):
    print("| %s | %s |" % (what, " | ".join(str(c) for c in cells)), flush=True)


def property_of(net):
    """the first of the manifest's questions about the network"""
    with open(os.path.join(TRUTH, "manifest.csv")) as f:
        return next((r["property"] for r in csv.DictReader(f) if r["network"] == net), None)


def crown(_):
    n = 300
    s = batch("wk17a", "0:%d" % n, *BOUNDS_ONLY, "--no-branch")
    row("CROWN and margins, WK17a, ms an image, reading and recording included [2.5; auto_LiRPA 12.1]", "%.2f" % (1000 * s["cpu_seconds"] / n))
    for net, peer in (("mnistfc/mnist-net_256x2", "5.3"), ("mnistfc/mnist-net_256x4", "17.8"), ("mnistfc/mnist-net_256x6", "42"),
                      ("oval21/nets/cifar_base_kw", "8-22"), ("cifar10_resnet/onnx/resnet_2b", "250-300")):
        prop = property_of(net + ".onnx")
        if not prop:
            continue
        best = min(netmip("solve", os.path.join(TRUTH, net + ".onnx"), os.path.join(TRUTH, prop), "--json", *BOUNDS_ONLY, "--no-branch")[0]["cpu_seconds"]["bounds"]
                   for _ in range(3))
        row("CROWN, %s, ms [auto_LiRPA %s]" % (os.path.basename(net), peer), "%.1f" % (1000 * best))


def wk17a(_):
    s = batch("wk17a", "0:500")
    row("WK17a 1-500: holds / violated / unknown, CPU s [476 / 24 / 0, 5]", "%d / %d / %d" % (s["holds"], s["violated"], s["unknown"]),
        "%.2f" % s["cpu_seconds"])


def write(_):
    folder = tempfile.mkdtemp()
    for out, what in (("m.mps", "plain"), ("m.mps.gz", "gzipped")):
        best, d, written = None, None, None
        for _ in range(5):
            d, _used = netmip("compile", MNIST + "/wk17a.onnx", "--image", IMAGES + ":211", "--labels", LABELS, "--perturb", "linf:0.1",
                              "--target", "3", "--bounds", "crown", "-o", os.path.join(folder, out), "--json")
            t = d["cpu_seconds"]["encode"] + d["cpu_seconds"]["write"]
            best = t if best is None or t < best else best
            written = min(written or 9, d["cpu_seconds"]["write"])
        m = d["model"]
        row("one WK17a target to .mps, %s: encode, write and hash, ms; rows, nonzeros, binaries; MB; MB of text a second, map and hash included [10, 130 binaries, 0.3 MB gz]" % what,
            "%.1f" % (1000 * best), "%d, %d, %d" % (m["rows"], m["nonzeros"], m["binaries"]),
            "%.3f" % (os.path.getsize(os.path.join(folder, out)) / 1e6), "%.0f" % (os.path.getsize(os.path.join(folder, "m.mps")) / 1e6 / written))
    shutil.rmtree(folder)


# what CROWN leaves of four images of the first 500
HARD = [("wk17a", 211, 3), ("wk17a", 65, 9), ("wk17a", 326, 1), ("wk17a", 443, 8)]


def pair(what, first, second, limit, hard=HARD):
    for net, i, target in hard:
        took = []
        for flags in (first, second):
            d, _ = image(net, i, target, *MODEL_ONLY, *flags, "--time-limit", str(limit))
            c = d["cpu_seconds"]
            took.append((c["encode"] + c["solver"], d["verdict"]))
        row("%s: %s %d, target %d" % (what, net, i, target), *["%.2f s, %s" % t for t in took], "%.1f" % (took[1][0] / took[0][0]))


def formulations(limit):
    row("formulation, embedded CBC", "first", "second", "second / first")
    pair("folded, unfolded", [], ["--fold", "off"], limit)
    pair("cutoff and objective, objective alone", [], ["--objective", "worst"], limit)
    pair("one-sided, two-sided binaries", [], ["--one-sided", "off"], limit)
    pair("big-M, hull rows", [], ["--encoding", "hull"], limit)
    pair("big-M, partition:4", [], ["--encoding", "partition:4"], limit)
    pair("aggregated:20, full big-M", ["--encoding", "aggregate:20"], [], limit, [("rsl18a", 46, 3), ("rsl18a", 46, 2)])


HIGHS_JS = os.path.join(ROOT, "scripts", "highs.js")


def highs_kind():
    """HiGHS on the PATH, or npm's WebAssembly build (slower), or None"""
    if shutil.which("highs"):
        return "on the PATH"
    here = shutil.which("node") and subprocess.run(["node", HIGHS_JS, "--version"], capture_output=True).returncode == 0
    return "npm's WebAssembly build" if here else None


def highs_run(limit, net, i, target, flags):
    """CPU seconds of HiGHS on one model, and what netmip makes of its answer"""
    folder = tempfile.mkdtemp()
    out, sol, listed = (os.path.join(folder, f) for f in ("m.mps", "m.sol", "list"))
    netmip("compile", "%s/%s.onnx" % (MNIST, net), "--image", "%s:%d" % (IMAGES, i), "--labels", LABELS, "--perturb", "linf:0.1",
           "--target", str(target), "--bounds", "crown", "--always-write", "--json", "-o", out, *flags)
    if shutil.which("highs"):
        used = run("highs", out, "--solution_file", sol, "--time_limit", str(limit))[1]
    else:
        with open(listed, "w") as f:
            f.write("%s\t%s\t%g\n" % (out, sol, limit))
        used = json.loads(run("node", HIGHS_JS, "--batch", listed)[0].stdout)["seconds"]  # without node's start
    code = run(NETMIP, "decode", out[:-4] + ".map.json", sol, "--quiet")[0].returncode if os.path.exists(sol) else 11
    shutil.rmtree(folder)
    return used, {0: "holds", 10: "violated", 11: "unknown"}.get(code, "refused")


def highs(limit):
    whose = highs_kind()
    if not whose:
        print("\nHiGHS is neither on the PATH nor, as npm's package, in the cache (scripts/deps.sh check): its rows are left out")
        return
    row("formulation, HiGHS (%s), CPU s" % whose, "first", "second", "second / first")
    full = [("rsl18a", 46, 3), ("rsl18a", 46, 2)]
    for what, a, b, hard in (("folded, unfolded", [], ["--fold", "off"], HARD), ("cutoff and objective, objective alone", [], ["--objective", "worst"], HARD),
                             ("one-sided, two-sided binaries", [], ["--one-sided", "off"], HARD), ("big-M, hull rows", [], ["--encoding", "hull"], HARD),
                             ("aggregated:20, full big-M", ["--encoding", "aggregate:20"], [], full)):
        for net, i, target in hard:
            took = [highs_run(limit, net, i, target, flags) for flags in (a, b)]
            row("%s: %s %d, target %d" % (what, net, i, target), *["%.2f s, %s" % t for t in took], "%.1f" % (took[1][0] / max(took[0][0], 1e-9)))


def rsl18a(limit):
    s = batch("rsl18a", "0:200", "--time-limit", str(5 * limit), "--no-solve")
    row("RSL18a 1-200: holds / violated / unknown, CPU s [0 unknown]", "%d / %d / %d" % (s["holds"], s["violated"], s["unknown"]),
        "%.1f" % s["cpu_seconds"])


PARTS = {"crown": crown, "wk17a": wk17a, "write": write, "formulations": formulations, "highs": highs, "rsl18a": rsl18a}


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--only", default=",".join(PARTS))
    a.add_argument("--limit", type=float, default=60)
    a = a.parse_args()
    if not os.path.isdir(TRUTH):
        sys.exit("bench-targets: the truth pack is not here")
    for name in a.only.split(","):
        if name not in PARTS:
            sys.exit("bench-targets: %s: one of %s was expected" % (name, ", ".join(PARTS)))
        PARTS[name](a.limit)


main()
