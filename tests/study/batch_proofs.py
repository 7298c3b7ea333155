#!/usr/bin/env python3
"""batch --proofs and check --batch: each answer has a certificate, whoever solved it; what is missing is made again, what is
damaged is named; answers are those of a campaign without certificates."""
import csv, glob, json, os, shutil, sys

sys.path.insert(1, sys.path[0] + "/../kit")

from kit import check, m, p, parts, put, run

MLP, IDX, LABELS = m("digits-mlp3.onnx"), m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")
DATA = ("--images", IDX, "--labels", LABELS, "--quiet")


def good(what, *args):
    code, out, err = run(*args)
    check(what, code == 0, (args, code, out, err))
    return out


def records(folder):
    return {r["sample"]: r for r in (json.load(open(f)) for f in glob.glob(p(folder, "records/*.json")))}


def says(what, folder, accepted, rejected, unproved, code=0):
    got, out, err = run("check", "--batch", p(folder), "--json", "--quiet")
    j = json.loads(out)
    check(what, got == code and [j["n_accepted"], j["n_rejected"], j["n_unproved"]] == [accepted, rejected, unproved], (got, j, err))
    return j


def campaign():
    ask = (MLP, *DATA, "--perturb", "linf:0.05", "--range", "0:12")
    good("with certificates", "batch", *ask, "--dir", p("a"), "--proofs", p("pa"), "--workers", "2")
    good("without", "batch", *ask, "--dir", p("b"))
    a, b = records("a"), records("b")
    check("the same verdicts", [a[i]["verdict"] for i in range(12)] == [b[i]["verdict"] for i in range(12)], a)
    check("both verdicts occur", {r["verdict"] for r in a.values()} == {"holds", "violated"}, a)
    check("each has a file", sorted(os.listdir(p("pa"))) == ["%06d.proof.gz" % i for i in range(12)], os.listdir(p("pa")))
    check("records name it", all(os.path.exists(p("a", r["proof"])) for r in a.values()), a)
    rows = list(csv.DictReader(open(p("a", "results.csv"))))
    check("so do tables", [r["proof"] for r in rows] == ["../pa/%06d.proof.gz" % i for i in range(12)], rows)
    check("no column without", "proof" not in open(p("b", "results.csv")).readline())
    says("all are accepted", "a", 12, 0, 0)
    out = good("as text", "check", "--batch", p("a"), "--quiet")
    check("a line", out.startswith("12 accepted, 0 rejected; 0 answers without a certificate"), out)


def some_without():
    shutil.copytree(p("a"), p("both/full"))
    shutil.copytree(p("pa"), p("both/pa"))
    check("all of one campaign", run("check", "--batch", p("both"), "--quiet")[0] == 0)
    for f in glob.glob(p("pa", "*2.proof.gz")):
        os.rename(f, f + ".away")
    for k in (2,):
        r = records("a")[k]
        del r["proof"]
        json.dump(dict(r, unproved="a test took it away"), open(p("a", "records/%06d.json" % k), "w"))
    code, out, err = run("check", "--batch", p("a"), "--quiet")
    check("not all is proven: unknown, and the sample is named", code == 11 and "no certificate: sample 2: a test took it away\n" in out and "11 accepted, 0 rejected; 1 answer without" in out, (code, out, err))
    says("in JSON, too", "a", 11, 0, 1, 11)
    shutil.copytree(p("a"), p("both/part"))
    check("one of two campaigns is not all of them", run("check", "--batch", p("both"), "--quiet")[0] == 11)
    for f in glob.glob(p("pa", "*.away")):
        os.rename(f, f[:-5])
    r = records("a")[2]
    del r["unproved"]
    json.dump(dict(r, proof="../pa/000002.proof.gz"), open(p("a", "records/000002.json"), "w"))
    says("it is back", "a", 12, 0, 0)


def repaired():
    os.rename(p("pa", "000003.proof.gz"), p("pa", "000004.proof.gz"))
    j = says("one is another's, one is missing", "a", 10, 2, 0, 6)
    check("they are named", [w["sample"] for w in j["wrong"]] == [3, 4] and "missing" in j["wrong"][0]["why"], j)
    os.remove(p("pa", "000004.proof.gz"))
    good("a run that joins makes them", "batch", "--join", p("a"), "--quiet")
    says("all are back", "a", 12, 0, 0)
    good("certificates that are asked for later", "batch", MLP, *DATA, "--perturb", "linf:0.05", "--range", "0:12", "--dir", p("b"), "--proofs", p("b", "proofs"))
    says("within the folder", "b", 12, 0, 0)
    os.rename(p("b"), p("moved"))
    says("which moves with it", "moved", 12, 0, 0)


def many():
    """what is said of hundreds of certificates is whole, and a torn one does not keep the others from being checked"""
    good("a campaign", "batch", MLP, *DATA, "--perturb", "linf:0.02", "--range", "0:120", "--dir", p("m"), "--proofs", p("pm"))
    name = sorted(os.listdir(p("pm")))
    with open(p("pm", name[2]), "rb") as f:
        data = f.read()
    for k, f in enumerate(name):
        put(p("pm", f), data[:40] if k == 7 else data)
    j = says("all but one", "m", 1, 119, 0, 6)
    check("each is named", [w["sample"] for w in j["wrong"]] == [i for i in range(120) if i != 2] and "ends too early" in j["wrong"][6]["why"], j["wrong"][:8])
    code, out, err = run("check", "--batch", p("m"), "--quiet")
    lines = out.splitlines()
    check("as text", code == 6 and len(lines) == 120 and all(s.startswith("rejected: sample ") for s in lines[:-1]) and "another question" in lines[0], (code, out[:300]))


def others():
    good("claims without certificates", "batch", MLP, *DATA, "--perturb", "linf:0.01", "--arithmetic", "float32", "--range", "0:3", "--dir", p("c"), "--proofs", p("pc"))
    check("records say why", all("float32" in r["unproved"] for r in records("c").values()), records("c"))
    says("they are counted", "c", 0, 0, 3, 11)
    good("a sweep", "batch", MLP, *DATA, "--perturb", "linf:0.01", "--perturb", "linf:0.02", "--range", "0:3", "--dir", p("d"), "--proofs", p("pd"))
    check("a folder each", sorted(os.listdir(p("pd"))) == sorted(f for f in os.listdir(p("d")) if os.path.isdir(p("d", f))), os.listdir(p("pd")))
    code, out, err = run("check", "--batch", p("d"))
    check("all campaigns of a folder", code == 0 and out.count("accepted, 0 rejected") == 2 and out.count(p("d")) == 2, (code, out, err))
    for folder in os.listdir(p("pd")):
        one = sorted(os.listdir(p("pd", folder)))[0]
        put(p("pd", folder, one), "torn")
        break
    code, out, err = run("check", "--batch", p("d"))
    check("one torn certificate among them", code == 6 and out.count(" 0 rejected") == 1 and out.count(" 1 rejected") == 1, (code, out, err))
    check("JSON: one campaign", run("check", "--batch", p("d"), "--json")[0] == 2)
    good("a benchmark", "batch", "--instances", put("rows.csv", "%s,%s,10\n" % (m("tiny-xor.onnx"), m("tiny-xor.vnnlib"))), "--root", "/", "--dir", p("e"), "--proofs", p("pe"), "--quiet")
    says("its rows", "e", 1, 0, 0)
    for more, words in ((("--objective", "worst", "--proofs", p("pf")), "certificates are for decisions"), (("--proofs", ""), "a folder")):
        code, out, err = run("batch", MLP, *DATA, "--perturb", "linf:0.01", "--range", "0:1", "--dir", p("f"), *more)
        check("refused: " + words, code == 2 and words in err, (code, err))
    code, out, err = run("check", "--batch", p("a"), "--perturb", "linf:0.1")
    check("flags beside --batch", code == 2 and "--perturb: does not go with --batch" in err, (code, err))


parts(campaign, some_without, repaired, many, others)
