#!/usr/bin/env python3
"""`--target top:K`: the same answers as the question written out in VNN-LIB, witnesses with K outputs that beat the label,
top:1 as any, top:2 no easier to violate than any; refusals by name."""
import itertools, json, os, subprocess, sys, tempfile

ROOT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
NET, IMAGES = os.path.join(ROOT, "models", "digits-mlp3.onnx"), os.path.join(ROOT, "models", "digits-test-images.idx3.gz")
count = {"passed": 0, "failed": 0, "skipped": 0}


def check(ok, what):
    count["passed" if ok else "failed"] += 1
    if not ok:
        print("FAIL " + what)


def run(*args):
    return subprocess.run([NETMIP, *args, "--quiet"], capture_output=True, text=True)


def written_out(path, query, label, k):
    lines = ["(declare-const X_%d Real)" % i for i in range(query["n_in"])] + ["(declare-const Y_%d Real)" % i for i in range(query["n_out"])]
    for i, (lo, hi) in enumerate(zip(query["cases"][0]["lo"], query["cases"][0]["hi"])):
        lines += ["(assert (>= X_%d %r))" % (i, lo), "(assert (<= X_%d %r))" % (i, hi)]
    others = [j for j in range(query["n_out"]) if j != label]
    lines.append("(assert (or %s))" % " ".join("(and %s)" % " ".join("(>= Y_%d Y_%d)" % (j, label) for j in some)
                                                for some in itertools.combinations(others, k)))
    with open(path, "w") as f:
        f.write("\n".join(lines))


def main():
    folder = tempfile.mkdtemp(prefix="netmip-top-")
    seen = set()
    for image, radius in itertools.product((1, 3, 4), ("0.05", "0.12", "0.3")):
        ask = ["--image", "%s:%d" % (IMAGES, image), "--perturb", "linf:" + radius]
        first = run("solve", NET, *ask, "--target", "any", "--json")
        d = json.loads(first.stdout)
        check(json.loads(run("solve", NET, *ask, "--target", "top:1", "--json").stdout)["verdict"] == d["verdict"], "top:1 is any")
        query = json.loads(run("solve", NET, *ask, "--dump", "query", "--json").stdout)
        file = os.path.join(folder, "q.vnnlib")
        written_out(file, query, d["label"], 2)
        out = os.path.join(folder, "w%d%s" % (image, radius))
        top, other = run("solve", NET, *ask, "--target", "top:2", "--json", "-o", out), run("solve", NET, file, "--json")
        t = json.loads(top.stdout)
        check(t["verdict"] == json.loads(other.stdout)["verdict"] != "unknown", "image %d, %s: as written out" % (image, radius))
        check(len(t["targets"]) == 36, "a clause for each pair: %d" % len(t["targets"]))
        check(not (t["verdict"] == "violated" and d["verdict"] == "holds"), "top:2 asks for more than any")
        seen.add((d["verdict"], t["verdict"]))
        if t["verdict"] == "violated":
            y = json.loads(run("eval", NET, "--image", t["witness"]["file"], "--json").stdout)["outputs"]["float64"]
            check(sum(v >= y[d["label"]] for j, v in enumerate(y) if j != d["label"]) >= 2, "two outputs beat the label: %r" % y)
    check({("holds", "holds"), ("violated", "violated")} <= seen, "the test is blunt: %r" % seen)
    ask = ["--image", IMAGES + ":1", "--perturb", "linf:0.05"]
    for words, code, says in ((["top:0"], 2, "K from 1"), (["top:x"], 2, "K from 1"), (["top:10"], 2, "10 outputs"),
                              (["top:2", "--objective", "worst"], 4, "objective feasible"),
                              (["top:2", "--objective", "closest:linf"], 4, "objective feasible")):
        r = run("solve", NET, *ask, "--target", *words)
        check(r.returncode == code and says in r.stderr, "%s: %d %s" % (words, r.returncode, r.stderr))
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
    return count["failed"] > 0


sys.exit(main())
