#!/usr/bin/env python3
"""netmip suite: what is built is what the commands in suite.csv write; twice the same bytes; a check finds every kind of change;
descriptions that say too little or too much are refused; the shipped suite is whole."""
import csv, gzip, hashlib, json, os, random, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import TMP, check, m, p, parts, run, skip

SHIPPED = m("suite")


def plain(f, of):
    return gzip.decompress(of[f]) if f.endswith(".gz") else of[f]


def files(folder):
    return {f: open(os.path.join(folder, f), "rb").read() for f in sorted(os.listdir(folder))}


def spec(**more):
    s = {"netmip": "suite", "version": 1, "title": "test", "about": "A test.", "images": m("digits-test-images.idx3.gz"),
         "labels": m("digits-test-labels.idx1.gz"), "instances": [
             {"net": m("digits-mlp.onnx"), "image": [3, 4], "perturb": "linf:0.05", "target": 0, "encoding": ["bigm", "partition:2+unfolded"],
              "objective": ["feasible", "worst"]},
             {"name": "xor", "net": m("tiny-xor.onnx"), "query": m("tiny-xor.vnnlib"), "answer": "violated", "proved": "exact, by hand",
              "solution": "xor.sol.gz", "encoding": "hull+two-sided", "status": "easy"}]}
    s.update(more)
    return s


def write(folder, s):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "spec.json"), "w") as f:
        json.dump(s, f)
    return os.path.join(folder, "spec.json")


def solution(folder):
    """a point of the model of xor: the embedded solver's, as a comparison keeps it"""
    code, out, err = run("bench", os.path.join(folder, "xor.map.json"), "--dir", p("solved"), "--quiet")
    sol = [s.split() for s in open(p("solved", "runs", "xor.1.embedded.sol"))]
    return "=obj= %s\n" % sol[0][-1] + "".join("%s %s\n" % (r[1], r[2]) for r in sol[1:])


def building():
    first = spec()
    del first["instances"][1]["solution"]
    code, out, err = run("suite", write(p("a"), first), "--quiet")
    check("it is built", code == 0 and out.startswith("9 instances"), err)
    with gzip.open(p("xor.sol.gz"), "wb") as f:
        f.write(solution(p("a")).encode())
    shutil.copy(p("xor.sol.gz"), p("a", "xor.sol.gz"))
    write(p("a"), spec())
    code, out, err = run("suite", p("a", "spec.json"), "--quiet")
    check("it is built with a solution", code == 0, err)
    for d in ("b", "c"):
        code, out, err = run("suite", p("a", "spec.json"), "-o", p(d), "--quiet")
        check("it is built elsewhere", code == 0, err)
    check("twice the same bytes", files(p("b")) == files(p("c")))
    a, b = files(p("a")), files(p("b"))
    same = [f for f in a if f not in ("spec.json", "SHA256SUMS")]
    check("the same beside its description", not [f for f in same if plain(f, a) != plain(f, b)], [f for f in same if plain(f, a) != plain(f, b)])
    check("nothing else", set(a) == set(b), set(a) ^ set(b))
    rows = list(csv.DictReader(open(p("b", "suite.csv"), newline="")))
    check("a row each", len(rows) == 9 and all(f + ".map.json" in b for f in (r["name"] for r in rows)), rows)
    for r in rows:
        text = gzip.decompress(b[r["name"] + ".mps.gz"])
        check(r["name"] + ": hash", hashlib.sha256(text).hexdigest() == r["sha256"])
        mps = text.decode()
        check(r["name"] + ": binaries", mps.count("\n BV ") == int(r["binaries"]), r)
    for r in random.Random(5).sample(rows, 4):  # the command in the table, run in the folder, writes the same bytes
        shutil.copytree(p("b"), p("d"))
        for f in (".mps.gz", ".map.json"):
            os.unlink(p("d", r["name"] + f))
        words = r["command"].split()
        code, out, err = run(*words[1:], cwd=p("d"))
        check(r["name"] + ": its command", words[0] == "netmip" and code == 0 and files(p("d")) == b, err)
        shutil.rmtree(p("d"))
    code, out, err = run("suite", "--check", p("b"), "--quiet")
    check("it is whole", code == 0 and "9 instances" in out and "1 solutions" in out, err)
    sums = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=p("b"), capture_output=True)
    check("sha256sum agrees", sums.returncode == 0, sums.stdout)


def broken(name, needle, change):
    shutil.copytree(p("b"), p("e"))
    change(p("e"))
    code, out, err = run("suite", "--check", p("e"))
    check(name, code in (3, 5, 6) and out == "" and needle in err, (code, err))
    shutil.rmtree(p("e"))


def flip(f, at):
    def change(folder):
        path = os.path.join(folder, f)
        data = bytearray(open(path, "rb").read())
        data[at % len(data)] ^= 1
        open(path, "wb").write(data)
    return change


def sums_again(folder):
    """a forger who knows of SHA256SUMS"""
    lines = open(os.path.join(folder, "SHA256SUMS")).read().split("\n")
    with open(os.path.join(folder, "SHA256SUMS"), "w") as f:
        for s in filter(None, lines):
            name = s.split("  ")[1]
            f.write("%s  %s\n" % (hashlib.sha256(open(os.path.join(folder, name), "rb").read()).hexdigest(), name))


def forged(f, change):
    def do(folder):
        path = os.path.join(folder, f)
        data = open(path, "rb").read()
        data = gzip.compress(change(gzip.decompress(data).decode()).encode()) if f.endswith(".gz") else change(data.decode()).encode()
        open(path, "wb").write(data)
        sums_again(folder)
    return do


def checking():
    rng = random.Random(7)
    names = [f for f in files(p("b")) if f != "SHA256SUMS"]
    for f in sorted(set(rng.sample(names, 6) + ["suite.csv", "README.md", "spec.json", "xor.sol.gz"])):
        broken("a flipped bit of " + f, f, flip(f, rng.randrange(1 << 30)))
    broken("a file that is gone", "does not exist", lambda d: os.unlink(os.path.join(d, "xor.mps.gz")))
    broken("a forged coefficient", "building it again gives another", forged("xor.mps.gz", lambda s: s.replace("0.5", "0.25", 1) if "0.5" in s
                                                                        else s.replace(" 1\n", " 2\n", 1)))
    broken("a forged table", "building it again gives another", forged("suite.csv", lambda s: s.replace("violated", "holds", 1)))
    broken("a forged answer", "does not give the known answer", forged("spec.json", lambda s: s.replace('"answer": "violated"', '"answer": "holds"')))
    broken("a forged solution", "", forged("xor.sol.gz", lambda s: "\n".join(t if t.startswith("=") else t.split()[0] + " 0.5" if t else t
                                                                              for t in s.split("\n"))))


def refusals():
    def bad(needle, s, code=3):
        got, out, err = run("suite", write(p("bad"), s))
        check("refuse " + needle, got == code and out == "" and needle in err, (got, err))
    i = spec()["instances"]
    bad("unknown member", spec(colour="red"))
    bad("unknown member", spec(instances=[dict(i[1], colour="red")]))
    bad("version 1", spec(version=2))
    bad("lists no instance", spec(instances=[]))
    bad("is given twice", spec(instances=[i[1], i[1]]))
    bad("is an empty list", spec(instances=[dict(i[0], image=[])]))
    bad("\"query\", or", spec(instances=[dict(i[1], image=3)]))
    bad("\"query\", or", spec(instances=[{"net": m("tiny-xor.onnx")}]))
    bad("cannot be a file name", spec(instances=[dict(i[1], name="a/b")]))
    bad("holds or violated", spec(instances=[dict(i[1], answer="maybe")]))
    bad("one was expected", spec(instances=[dict(i[0], target="any")]))
    bad("spec.json: instance 0: encoding bigm+odd", spec(instances=[dict(i[1], encoding="bigm+odd")]))
    bad("spec.json: instance 0: --encoding paruition:2", spec(instances=[dict(i[1], encoding="paruition:2")]))
    bad("spec.json: ", spec(instances=[dict(i[0], perturb="linf:x", target="1")]))
    bad("does not exist", spec(instances=[dict(i[1], net="nosuch.onnx")]), 5)
    code, out, err = run("suite", "--check", TMP)
    check("no suite", code == 5 and "spec.json" in err, err)


def shipped():
    if not os.path.exists(os.path.join(SHIPPED, "spec.json")):
        return skip("models/suite is not here")
    code, out, err = run("suite", "--check", SHIPPED, "--quiet")
    check("the shipped suite is whole", code == 0, err)
    rows = list(csv.DictReader(open(os.path.join(SHIPPED, "suite.csv"), newline="")))
    check("about 40 instances", 36 <= len(rows) <= 60, len(rows))
    check("of all classes", all(sum(r["status"] == s for r in rows) >= 6 for s in ("easy", "medium", "hard")))
    for answer in ("holds", "violated"):
        check(answer, sum(r["answer"] == answer for r in rows) >= len(rows) // 4)
    check("both objectives", {r["objective"] for r in rows} == {"feasible", "worst"})
    check("proofs are named", all(r["proved"] for r in rows if r["answer"]))
    for r in rows:  # a model that is relaxed by its guard is infeasible still
        if r["answer"] == "holds" and r["objective"] == "feasible" and r["status"] == "easy":
            guard = json.load(open(os.path.join(SHIPPED, r["name"] + ".map.json")))["guard"]
            words = r["command"].split()
            code, out, err = run("solve", words[2], words[3], "--guard", repr(guard), "--quiet", cwd=SHIPPED)
            check(r["name"] + ": holds beyond its guard", guard > 0 and code == 0, (guard, code, out, err))
    total = sum(os.path.getsize(os.path.join(SHIPPED, f)) for f in os.listdir(SHIPPED))
    check("a few MB", total < 8e6, total)


parts(building, checking, refusals, shipped)
