#!/usr/bin/env python3
"""batch --sample: the same seed draws the same samples, labels in proportion; limits as scipy has them, with what is open on both
sides; runs that join and runs cut into parts; refusals."""
import collections, gzip, json, os, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, m, needs, p, parts, run

needs("scipy")
from scipy.stats import beta

MLP3 = m("digits-mlp3.onnx")
LABELS = m("digits-test-labels.idx1.gz")
DATA = ["--images", m("digits-test-images.idx3.gz"), "--labels", LABELS]
ASK = ["batch", MLP3, *DATA, "--perturb", "linf:0.06"]


def numbers(folder):
    return sorted(int(f[:-5]) for f in os.listdir(os.path.join(folder, "records")) if f.endswith(".json"))


def summary(folder):
    return json.load(open(os.path.join(folder, "summary.json")))


def limits(violated, holds, n, confidence):
    tail = (1 - confidence) / 2
    return (beta.ppf(tail, violated, n - violated + 1) if violated else 0.0, beta.ppf(1 - tail, n - holds + 1, holds) if holds else 1.0)


def drawn():
    label = gzip.open(LABELS).read()[8:]
    code, out, err = run(*ASK, "--sample", "50", "--seed", "3", "--dir", p("a"), "--quiet")
    s = summary(p("a"))
    lo, hi = limits(s["violated"], s["holds"], 50, 0.95)
    check("limits", code == 0 and abs(s["sample"]["adversarial_error_lo"] - lo) < 1e-12 and abs(s["sample"]["adversarial_error_hi"] - hi) < 1e-12, s)
    said = "of all %d samples, of which these are drawn at random, with 95 %% confidence: at least %.2f %%, at most %.2f %%\n" % (len(label), 100 * lo, 100 * hi)
    check("said as text", said in out, out)
    check("of how many", s["samples"] == s["sample"]["drawn"] == 50 and s["sample"]["of"] == len(label), s)
    of, all_of = collections.Counter(label[i] for i in numbers(p("a"))), collections.Counter(label)
    check("labels in proportion", all(abs(of[k] - all_of[k] * 50 / len(label)) < 1 for k in all_of), of)
    run(*ASK, "--sample", "50", "--seed", "3", "--dir", p("b"), "--quiet")
    run(*ASK, "--sample", "50", "--seed", "4", "--dir", p("c"), "--quiet")
    check("a seed, a sample", numbers(p("a")) == numbers(p("b")) != numbers(p("c")))
    code, out, err = run(*ASK, "--sample", "50", "--seed", "3", "--confidence", "99", "--dir", p("a"), "--quiet")
    check("another confidence", code == 0 and summary(p("a"))["sample"]["adversarial_error_lo"] < lo, err)


def parts_of_it():
    for n in numbers(p("b"))[:7]:
        os.remove(p("b/records/%06d.json" % n))
    with open(p("b/records/%06d.json" % numbers(p("b"))[-1]), "w") as f:
        json.dump({"netmip": "record", "version": 1, "sample": numbers(p("b"))[-1], "verdict": "error", "code": 3, "why": "as if"}, f)
    code, out, err = run("compare", p("a"), p("b"), "--json")
    c = json.loads(out)["campaigns"][1]
    lo, hi = limits(c["violated"], c["holds"], 50, 0.95)
    check("what is left or an error counts as open", c["left"] == 7 and c["errors"] == 1 and c["limits"] == "%.2f to %.2f (95 %%)" % (100 * lo, 100 * hi), c)
    code, out, err = run("batch", "--join", p("b"), "--rerun", "error", "--quiet")
    check("who joins completes it", code == 0 and numbers(p("a")) == numbers(p("b")) and summary(p("b"))["holds"] == summary(p("a"))["holds"], err)
    code, out, err = run("batch", "--status", p("b"), "--json")
    check("its status", json.loads(out)["samples"] == json.loads(out)["done"] == 50, out)


def refused():
    for name, needle, args in (("too many", "there are only", ["--sample", "100000"]), ("none", "--sample", ["--sample", "0"]),
                               ("a range", "does not go with --sample", ["--sample", "5", "--range", "0:9"]), ("no sample", "goes with --sample", ["--confidence", "90"]),
                               ("no percent", "less than 100", ["--sample", "5", "--confidence", "100"])):
        code, out, err = run(*ASK, *args, "--dir", p("r"))
        check("refuse: " + name, code == 2 and needle in err, (code, err))
    code, out, err = run(*ASK, "--sample", "20", "--seed", "3", "--dir", p("a"))
    check("another sample is another campaign", code == 2 and "--sample 50" in err, err)


parts(drawn, parts_of_it, refused)
