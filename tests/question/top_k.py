#!/usr/bin/env python3
"""`--target top:K`: the same answers as the question written out in VNN-LIB, witnesses with K outputs that beat the label,
top:1 as any, top:2 no easier to violate than any; refusals by name."""
import itertools, json, sys

sys.path.insert(1, sys.path[0] + "/../kit")
import tiny
from kit import check, m, p, parts, put, run

NET, IMAGES = m("digits-mlp3.onnx"), m("digits-test-images.idx3.gz")


def told(*args):
    return json.loads(run(*args, "--quiet", "--json")[1])


def written_out(query, label, k):
    """the question in VNN-LIB: a clause for every k outputs that are as large as the label's, or larger"""
    box = query["cases"][0]
    others = [j for j in range(query["n_out"]) if j != label]
    clauses = ("(and %s)" % " ".join("(>= Y_%d Y_%d)" % (j, label) for j in some) for some in itertools.combinations(others, k))
    return put("q.vnnlib", tiny.box(box["lo"], box["hi"], query["n_out"], "(or %s)" % " ".join(clauses)))


def answers():
    seen = set()
    for image, radius in itertools.product((1, 3, 4), ("0.05", "0.12", "0.3")):
        ask = [NET, "--image", "%s:%d" % (IMAGES, image), "--perturb", "linf:" + radius]
        d = told("solve", *ask, "--target", "any")
        check("top:1 is any", told("solve", *ask, "--target", "top:1")["verdict"] == d["verdict"])
        file = written_out(told("solve", *ask, "--dump", "query"), d["label"], 2)
        t = told("solve", *ask, "--target", "top:2", "-o", p("w%d%s" % (image, radius)))
        check("image %d, %s: as written out" % (image, radius), t["verdict"] == told("solve", NET, file)["verdict"] != "unknown")
        check("a clause for each pair", len(t["targets"]) == 36, len(t["targets"]))
        check("top:2 asks for more than any", not (t["verdict"] == "violated" and d["verdict"] == "holds"))
        seen.add((d["verdict"], t["verdict"]))
        if t["verdict"] == "violated":
            y = told("eval", NET, "--image", t["witness"]["file"])["outputs"]["float64"]
            check("two outputs beat the label", sum(v >= y[d["label"]] for j, v in enumerate(y) if j != d["label"]) >= 2, y)
    check("the test is not blunt", {("holds", "holds"), ("violated", "violated")} <= seen, seen)


def refusals():
    ask = [NET, "--image", IMAGES + ":1", "--perturb", "linf:0.05"]
    for words, want, says in ((["top:0"], 2, "K from 1"), (["top:x"], 2, "K from 1"), (["top:10"], 2, "10 outputs"),
                              (["top:2", "--objective", "worst"], 4, "objective feasible"),
                              (["top:2", "--objective", "closest:linf"], 4, "objective feasible")):
        code, out, err = run("solve", *ask, "--target", *words, "--quiet")
        check("refuse %s" % words, code == want and says in err, (code, err))


parts(answers, refusals)
