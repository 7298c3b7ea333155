#!/usr/bin/env python3
"""Blurs as counterexamples (Tjeng, Xiao, Tedrake 2019, section 5.1): for each image and each other label, is there a
kernel of 5x5 non-negative entries that add up to 1 whose blur the network takes for that label?

    scripts/paper-blur.py [--net digits-mlp|digits-mlp3|digits-conv|wk17a|all] [--range 0:10] [--limit 20] [--kernel 5x5] [--out build/paper-blur]

Prints a line for each image, then which misclassifications are impossible for every image tried, which images are
robust to every blur, and how long it took. Kernels, blurred images and `original | blurred | difference` go to the
folder of each counterexample. WK17a and MNIST are taken from the truth pack, where it is."""
import argparse, json, os, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(ROOT, "..", "shared", "truth"))
MNIST, MODELS = os.path.join(TRUTH, "mnist"), os.path.join(ROOT, "models")
DIGITS = [os.path.join(MODELS, f) for f in ("digits-test-images.idx3.gz", "digits-test-labels.idx1.gz")]
NETS = {**{n: [os.path.join(MODELS, n + ".onnx"), *DIGITS] for n in ("digits-mlp", "digits-mlp3", "digits-conv")},
        "wk17a": [os.path.join(MNIST, f) for f in ("wk17a.onnx", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")]}


def solve(files, index, kernel, target, limit, out):
    """(verdict, JSON) for one target"""
    r = subprocess.run([NETMIP, "solve", files[0], "--image", "%s:%d" % (files[1], index), "--labels", files[2], "--perturb", "blur:" + kernel,
                        "--target", str(target), "--time-limit", str(limit), "--json", "--quiet", "-o", out], capture_output=True, text=True)
    if r.returncode not in (0, 10, 11):
        sys.exit(r.stderr)
    return json.loads(r.stdout)


def image(files, index, a, folder):
    """what is known of each target, the label, and the seconds"""
    start, known, label = time.time(), {}, None
    r = subprocess.run([NETMIP, "eval", files[0], "--image", "%s:%d" % (files[1], index), "--json"], capture_output=True, text=True)
    n = len(json.loads(r.stdout)["outputs"]["float64"])
    r = subprocess.run([NETMIP, "solve", files[0], "--image", "%s:%d" % (files[1], index), "--labels", files[2], "--perturb", "linf:0", "--json", "--quiet"],
                       capture_output=True, text=True)
    j = json.loads(r.stdout)
    label, predicted = j["label"], j["predicted"]
    for t in range(n):
        if t == label or predicted != label:
            continue
        out = os.path.join(folder, "%d-t%d" % (index, t))
        known[t] = solve(files, index, a.kernel, t, a.limit, out)["verdict"]
        if known[t] != "violated":
            try:
                os.rmdir(out)
            except OSError:
                pass
    return label, predicted, known, time.time() - start


def report(name, files, a):
    first, last = map(int, a.range.split(":"))
    folder = os.path.join(a.out, name)
    os.makedirs(folder, exist_ok=True)
    print("## %s, blur %s, images %d to %d, %g s a target\n" % (name, a.kernel, first, last - 1, a.limit))
    print("| image | label | impossible | counterexamples | open | seconds |\n|---|---|---|---|---|---|")
    rows = []
    for i in range(first, last):
        label, predicted, known, seconds = image(files, i, a, folder)
        if predicted != label:
            print("| %d | %d | misclassified as %d before any blur | | | |" % (i, label, predicted), flush=True)
            continue
        by = {v: [str(t) for t in known if known[t] == v] for v in ("holds", "violated", "unknown")}
        print("| %d | %d | %s | %s | %s | %.1f |" % (i, label, " ".join(by["holds"]), " ".join(by["violated"]), " ".join(by["unknown"]), seconds), flush=True)
        rows.append((i, label, known, seconds))
    if not rows:
        return
    robust = [r[0] for r in rows if all(v == "holds" for v in r[2].values())]
    unknown = [r[0] for r in rows if "unknown" in r[2].values() and "violated" not in r[2].values()]
    print("\nProvably robust to every blur: %d of %d correctly classified images%s; undecided: %d." % (
        len(robust), len(rows), " (%s)" % ", ".join(map(str, robust)) if robust else "", len(unknown)))
    print("Of %d misclassifications, %d are impossible, %d happen, %d are open; %.1f s an image.\n" % (
        sum(len(r[2]) for r in rows), *(sum(v == w for r in rows for v in r[2].values()) for w in ("holds", "violated", "unknown")),
        sum(r[3] for r in rows) / len(rows)))
    labels = sorted({r[1] for r in rows})
    targets = sorted({t for r in rows for t in r[2]})
    print("From label (row) to label (column): images with a counterexample + open / images tried; `-`: impossible for all of them.\n")
    print("| | " + " | ".join(map(str, targets)) + " |\n|" + "---|" * (len(targets) + 1))
    for l in labels:
        cells = []
        for t in targets:
            known = [r[2][t] for r in rows if r[1] == l and t in r[2]]
            bad, unk = known.count("violated"), known.count("unknown")
            cells.append("" if not known else "-" if bad + unk == 0 else "%d%s / %d" % (bad, "+%d" % unk if unk else "", len(known)))
        print("| %d | " % l + " | ".join(cells) + " |")
    print("\nPictures: %s/IMAGE-tTARGET/{kernel.png,picture.png}\n" % os.path.relpath(folder, ROOT))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--net", default="all", choices=["all", *NETS])
    p.add_argument("--range", default="0:10")
    p.add_argument("--limit", type=float, default=20)
    p.add_argument("--kernel", default="5x5")
    p.add_argument("--out", default=os.path.join(ROOT, "build", "paper-blur"))
    a = p.parse_args()
    for name, files in NETS.items():
        if a.net not in ("all", name):
            continue
        if not all(os.path.exists(f) for f in files):
            print("%s: %s is not here, skipped" % (name, os.path.basename(files[0])))
            continue
        report(name, files, a)


main()
