#!/usr/bin/env python3
"""JSON is a contract: what each verb prints, and the files that it writes, in many situations, against src/command/schema; and
the schemas themselves: every member has a description, nothing else is allowed, and what is described is written somewhere."""
import glob, json, os, shutil, signal, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, m, needs, p, parts, put, run, sh, skip, start, text_of

needs("jsonschema", "onnx")
import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh
import schema

MLP3, XOR, XORQ = m("digits-mlp3.onnx"), m("tiny-xor.onnx"), m("tiny-xor.vnnlib")
DIGITS, LABELS = m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")
IMAGE = ["--image", DIGITS + ":2"]
POINT = ["--image", put("point.csv", "0.25,0.75\n")]
FRONT = ["--mean", "0.1", "--std", "0.5", "--channels", "chw", "--input-shape", "1,1,28,28", "--output-name", "output"]
CBC = shutil.which("cbc")
reached = {}  # of each schema: the paths of members that some output had


def note(name, x, path=""):
    """notes which members x has; elements of a list share a path"""
    for k, v in x.items() if isinstance(x, dict) else ():
        reached.setdefault(name, set()).add(path + "/" + k)
        note(name, v, path + "/" + k)
    for e in x[:100] if isinstance(x, list) else ():
        note(name, e, path)


def fits(what, name, x):
    wrong = schema.breach(name, x)
    check("%s: %s" % (name, what), not wrong, wrong)
    for of in {name, "solve"} if name in ("compile", "decode") else {name}:  # whose members are those of solve
        note(of, x)
    return x


def ask(codes, *args, name=None, **more):
    """the JSON that a command prints: it fits, and says its version first; {} if the command fails"""
    code, out, err = run(*args, "--json", "--quiet", **more)
    what = " ".join(args)[:300]
    if not check(what, code in codes and out.startswith("{"), (code, out[:200], err)):
        return {}
    name, x = name or schema.of_command(args), json.loads(out)
    check("%s: the version comes first" % what, name == "question" or list(x.items())[0] == ("version", 1), out[:80])
    return fits(what, name, x)


def files(name, pattern, n=1):
    """all files of that pattern fit; there are n or more"""
    found = sorted(glob.glob(p(pattern)))
    check(pattern + " are written", len(found) >= n, found)
    for f in found:
        fits(os.path.basename(f), name, json.loads(text_of(f)))
    return found


# ---- the schemas ----
def objects(s, path):
    """(path, schema) of every object that is described; conditions describe none"""
    for k, v in s.items() if isinstance(s, dict) else enumerate(s) if isinstance(s, list) else ():
        if k not in ("if", "then", "else", "not", "allOf", "oneOf"):
            yield from objects(v, "%s/%s" % (path, k))
    if isinstance(s, dict) and s.get("type") == "object":
        yield path, s


def themselves():
    check("all verbs that have --json, and their files", set(schema.FILES) >= {
        "solve", "compile", "decode", "eval", "bounds", "inspect", "batch", "bench", "record", "run", "map", "manifest", "question", "embedding"}, list(schema.FILES))
    for name, s in schema.FILES.items():
        schema.validator(name)
        check(name + ": says what it is", s["title"] and s["description"] and s["$schema"].endswith("2020-12/schema"))
        for path, o in objects(s, name):
            check(path + ": nothing else is allowed", o.get("additionalProperties") is False, list(o))
            check(path + ": what must be there is described", set(o.get("required", [])) <= set(o["properties"]), o.get("required"))
            for k, v in o["properties"].items():
                check("%s: %s has a description" % (path, k), v.get("description") or "$ref" in v, v)
    page = run("help", "json", env={**os.environ, "COLUMNS": "200"})[1]
    for name, s in schema.FILES.items():
        check("help --schema " + name, run("help", "--schema", name)[1] == open(os.path.join(schema.FOLDER, name + ".schema.json")).read())
        left = [k for k in described(s, "", "[].", ".") if "\n  %s " % k not in page.replace("\n", " \n")]
        check("help json: members of " + name, not left, left)
    code, out, err = run("help", "--schema", "eva")
    check("help --schema: an unknown name", code == 2 and "eval" in err and out == "", (code, err))
    good = ask([10], "solve", XOR, XORQ)
    for name, x in (("another member", {**good, "x": 1}), ("another version", {**good, "version": 2}), ("another verdict", {**good, "verdict": "HOLDS"}),
                    ("no targets", {k: v for k, v in good.items() if k != "targets"}), ("a text for a number", {**good, "label": "3", "predicted": 3}),
                    ("a label alone", {**good, "label": 3}), ("a member in a target", {**good, "targets": [{**good["targets"][0], "x": 1}]}),
                    ("violated without a witness", {k: v for k, v in good.items() if k != "witness"})):
        check("refused: " + name, schema.breach("solve", x))


# ---- answers ----
def solve():
    for radius, code in (("0.01", 0), ("0.15", 10)):
        ask([code], "solve", MLP3, *IMAGE, "--perturb", "linf:" + radius, "-o", p("w" + radius))
    hard = ["--bounds", "interval", "--no-attack", "--no-branch", "--no-evaluate", "--no-solve"]
    ask([11], "solve", MLP3, *IMAGE, "--perturb", "linf:0.06", *hard)
    ask([11], "solve", MLP3, *IMAGE, "--perturb", "linf:0.02", "--objective", "range:Y_3-Y_1", *hard)
    ask([10], "solve", m("digits-mlp.onnx"), "--image", DIGITS + ":0", "--perturb", "blur:5x5", "-o", p("blur"))
    ask([10], "solve", m("digits-mlp.onnx"), "--image", DIGITS + ":0", "--perturb", "contrast:0.99", "-o", p("contrast"))
    ask([0], "solve", MLP3, *IMAGE, "--perturb", "linf:0.01", "--objective", "worst", "--target", "3", "-o", p("worst"))
    ask([0, 10, 11], "solve", m("digits-conv.onnx"), "--image", DIGITS + ":7", "--perturb", "linf:0.2", "--objective", "worst", "--time-limit", "1")
    ask([0], "solve", MLP3, *IMAGE, "--perturb", "linf:0.005", "--objective", "range:Y_3-Y_1", "-o", p("range"))
    for norm in ("linf", "l1", "l2", "l0"):
        ask([10], "solve", XOR, *POINT, "--label", "1", "--perturb", "linf:0.3", "--objective", "closest:" + norm, "-o", p("c" + norm))
    ask([0, 10], "solve", MLP3, "--against", m("digits-mlp.onnx"), *IMAGE, "--perturb", "linf:0.001", "--differ", "class")
    ask([0], "solve", MLP3, m("digits-query.json"))
    clauses = [{"name": "least", "goal": "least", "rows": ["Y_0 <= 0"]}, {"name": "most", "goal": "most", "rows": ["-1*Y_0 <= 0"]}]
    empty = {"netmip": "query", "version": 1, "cases": [{"lo": 0, "hi": 0.1, "in_rows": ["X_0 >= 0.2"], "clauses": clauses}]}
    ask([0, 11], "solve", XOR, put("empty.json", {**empty, "objective": "range", "form": "Y_0"}))


def assumed():
    ask([0], "bounds", MLP3, *IMAGE, "--perturb", "linf:0.045", "--objective", "worst", "--bounds", "mip", "-o", p("known.json"))
    files("bounds-file", "known.json")
    args = ["solve", MLP3, *IMAGE, "--perturb", "linf:0.045", "--bounds", "crown", "--known-bounds", p("known.json"), "--objective", "worst", "--no-branch", "--no-solve"]
    j, text = ask([0, 10, 11], *args), run(*args, "--quiet")[1]
    check("what is assumed is said", j["certified"] is False and j["assumed"] == p("known.json")
          and "\n  not certified: this depends on the bounds of %s, which are assumed\n" % p("known.json") in text, (j, text))
    ask([0], "bounds", MLP3, *IMAGE, "--perturb", "linf:0.045", "--objective", "worst", "--bounds", "crown", "--known-bounds", p("known.json"))
    flags = [MLP3, *IMAGE, "--perturb", "linf:0.045", "--bounds", "crown"]
    ask([0], "bounds", *flags[:-1], "mip", "-o", p("targets.json"))
    ask([0], "compile", *flags, "--always-write", "--known-bounds", p("targets.json"), "-o", p("assumed.mps"))
    files("manifest", "assumed.manifest.json")
    for map in sorted(f for f in os.listdir(p("")) if f.startswith("assumed") and f.endswith(".map.json")):
        files("map", map)
        ask([0, 11], "decode", p(map), put("assumed.sol", "solution status: infeasible\nno solution available\n"))


def warned():
    """what stderr warns of stands in the answer, too: a radius in other units, an input of integers"""
    said = lambda what, j, words: check(what + ": warned", len(j.get("warnings", [])) == 1 and words in j["warnings"][0], j.get("warnings"))
    for verb in ("solve", "bounds"):
        said(verb, ask([0, 10], verb, MLP3, *IMAGE, "--perturb", "linf:2", "--target", "3"), "larger than the domain [0,1]")
    check("no warning, no member", "warnings" not in ask([10], "solve", XOR, XORQ))
    const = lambda name, x: nh.from_array(np.array(x, np.float32), name)
    graph = h.make_graph([h.make_node("Cast", ["x"], ["z"], to=T.FLOAT), h.make_node("MatMul", ["z", "W"], ["a"]), h.make_node("Relu", ["a"], ["b"]),
                          h.make_node("MatMul", ["b", "U"], ["y"])], "g", [h.make_tensor_value_info("x", T.UINT8, [1, 2])],
                         [h.make_tensor_value_info("y", T.FLOAT, None)], [const("W", [[1, -1], [-1, 1]]), const("U", [[1, 0], [0, 1]])])
    net, point = p("bytes.onnx"), ["--image", put("bytes.csv", "130,100\n"), "--domain", "0,255"]
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 13)]), net)
    for verb, codes, more in (("inspect", [0], []), ("eval", [0], point[:2]), ("solve", [10], [*point, "--perturb", "linf:20"]),
                              ("compile", [0], [*point, "--perturb", "linf:20", "--always-write", "-o", p("bytes.mps")]),
                              ("bench", [0], ["--images", put("bytes.csv", "130,100\n"), "--range", "0:1", "--domain", "0,255", "--perturb", "linf:20",
                                              "--solvers", "embedded", "--time-limit", "20", "--dir", p("bytes")])):
        said(verb, ask(codes, verb, net, *more), "is made of integers (uint8) and is read as real numbers")
    if CBC:
        sh(CBC, p("bytes.mps"), "solve", "solution", p("bytes.sol"))
        said("decode", ask([10], "decode", p("bytes.map.json"), p("bytes.sol")), "is made of integers")


def refused():
    for stage in ("net", "program", "bounds", "model"):
        code, out, err = run("solve", XOR, XORQ, "--dump", stage, "--json", "--quiet")
        check("--dump %s --json" % stage, code == 2 and out == "" and "only --dump query can print JSON" in err, (code, out[:80], err))
    for what in ("--ops", "--sets"):
        code, out, err = run("inspect", what, "--json")
        check("inspect %s --json" % what, code == 2 and out == "" and "are text" in err, (code, err))
    code, out, err = run("inspect", put("s.sol", "Infeasible - objective value 0\n"), "--json")
    check("inspect SOLUTION --json", code == 2 and out == "" and "shown as text" in err, (code, err))


def questions():
    for args in ([XOR, XORQ], [MLP3, m("digits-query.json")], [MLP3, *IMAGE, "--perturb", "linf:0.1"], [MLP3, *IMAGE, "--perturb", "blur:3x3"],
                 [MLP3, *IMAGE, "--perturb", "l1:1+linf:0.1"], [MLP3, *IMAGE, "--perturb", "pixels:2"], [MLP3, *IMAGE, "--perturb", "brightness:0.1"],
                 [MLP3, *IMAGE, "--perturb", "linf:0.1", "--objective", "range:Y_3"],
                 [m("digits-conv.onnx"), *IMAGE, "--perturb", "linf:0.1", *FRONT]):
        ask([0], "solve", *args, "--dump", "query")
    j = ask([0], "solve", MLP3, *IMAGE, "--perturb", "contrast:0.5", "--dump", "query")
    j["cases"][0]["gens"]["rows"] = [{"var": [0], "coef": [1], "rhs": 1.25}]
    ask([0], "solve", MLP3, put("rows.json", j), "--dump", "query")
    sigmoid = put("sigmoid.json", {"netmip": "network", "version": 1, "input": {"name": "x", "shape": [2]}, "layers": [
        {"op": "dense", "weight": [[1, -1]], "bias": [0]}, {"op": "sigmoid"}]})
    ball = put("ball.json", {"netmip": "query", "version": 1, "cases": [
        {"lo": 0, "hi": 1, "balls": [{"norm": "l1", "radius": 0.5, "centre": [0.5, 0.5]}], "clauses": [["Y_0 >= 0.7"]]}]})
    ask([0], "solve", sigmoid, ball, "--dump", "query")
    ask([10], "solve", MLP3, *IMAGE, "--perturb", "linf:0.3", "--arithmetic", "float32")
    ask([0], "batch", MLP3, "--images", DIGITS, "--labels", LABELS, "--perturb", "linf:0.01", "--range", "0:2", "--arithmetic", "float32", "--dir", p("deployed"))
    files("record", "deployed/records/*.json", 2)
    two = put("float32.vnnlib", "(vnnlib-version <2.0>)\n(declare-network f (declare-input X float32 [2]) (declare-output Y float32 [2]))\n"
              "(assert (and (<= 0 X[0] 1) (<= 0 X[1] 1)))\n(assert (<= Y[0] Y[1]))\n")
    ask([0], "solve", XOR, two, "--dump", "query")
    ask([0], "inspect", XORQ, name="question")
    fits("a question", "inspect", json.loads(run("inspect", XORQ, "--json")[1]))


MODELS = {  # name: the question, the exit codes of decode
    "one": ([XOR, XORQ], [10]), "two": ([MLP3, *IMAGE, "--perturb", "linf:0.04", "--target", "3,4"], [0]),
    "worst": ([XOR, *POINT, "--label", "1", "--perturb", "linf:0.2", "--objective", "worst"], [0, 10, 11]),
    "near": ([XOR, *POINT, "--label", "1", "--perturb", "linf:0.3", "--objective", "closest:linf"], [10, 11]), "away": ([XOR, *POINT, "--perturb", "linf:0.01"], [0]),
    "range": ([XOR, *POINT, "--perturb", "linf:0.2", "--objective", "range:Y_1-Y_0"], [0, 11]),
    "relax": ([XOR, *POINT, "--perturb", "linf:0.3", "--encoding", "relax"], [0, 10, 11]), "fixed": ([XOR, XORQ, "--mps", "fixed"], [10]),
    "sets": ([XOR, XORQ, "--encoding", "sos1", "--dialect", "cbc"], [10]),
    "blur": ([MLP3, *IMAGE, "--perturb", "blur:3x3", "--target", "3"], [0, 10, 11]),
    "cubes": ([m("digits-mlp.onnx"), "--image", DIGITS + ":3", "--perturb", "linf:0.1", "--target", "0", "--split", "2"], [10, 11]),
    "mean": ([m("digits-conv.onnx"), *IMAGE, *FRONT, "--perturb", "linf:0.01", "--target", "1"], [0, 10, 11]),
    "pair": ([MLP3, "--against", m("digits-mlp.onnx"), *IMAGE, "--perturb", "linf:0.001", "--differ", "class"], None)}


def compile_and_decode():
    for name, (args, codes) in MODELS.items():
        ask([0], "compile", *args, *([] if name == "cubes" else ["--always-write"]), "-o", p(name + ".mps"))
        files("map", name + "*.map.json")
        known = p(name + ".map.json")
        if not os.path.exists(known):
            known = files("manifest", name + ".manifest.json")[0]
        models = sorted(glob.glob(p(name + "*.mps")))
        ask([0], "inspect", models[0])
        if not CBC or not codes:
            continue
        for f in models:
            sh(CBC, f, "sec", "20", "solve", "solution", f[:-3] + "sol")
        ask(codes, "decode", known, *[f[:-3] + "sol" for f in models], "-o", p(name + "-out"))
        if known.endswith(".map.json"):
            ask(codes, "decode", known, p(name + ".sol"), "--check")
        else:
            ask([0, 10, 11], "decode", known, models[0][:-3] + "sol")
    if not CBC:
        return skip("cbc is not here: no model was solved")
    lines = text_of(p("one.sol")).splitlines()
    for what, value, codes in (("moved", "0.5", [6, 10, 11]), ("far", "7", [6])):
        moved = ["%s %s %s 0" % (*l.split()[:2], value) if l.split()[1].startswith("x") else l for l in lines]
        ask(codes, "decode", p("one.map.json"), put(what + ".sol", "\n".join(moved) + "\n"), "--check")


def embed():
    put("own.lp", "maximize obj: y\nsubject to c1: x1 + x2 <= 1\nbounds\n 0 <= x1 <= 1\n 0 <= x2 <= 1\n -9 <= y <= 9\nend\n")
    code, out, err = run("embed", XOR, "--into", p("own.lp"), "--inputs", "x1,x2", "--outputs", "y,-", "-o", p("with.mps"), "--mean", "0.1", "--std", "2",
                         "--input-shape", "1,2", "--output-name", "y", "--quiet")
    check("embed", code == 0, err)
    files("embedding", "with.map.json")
    if CBC:
        sh(CBC, p("with.mps"), "sec", "20", "solve", "solution", p("with.sol"))
        ask([0], "decode", p("with.map.json"), p("with.sol"))


def single():
    for net in ("digits-conv.onnx", "digits-res.onnx", "digits-pool-mat.json", "tiny-max.json", "tiny-xor.nnet"):
        ask([0], "inspect", m(net))
    for arrays in ("digits-pool.mat", "digits-res.npz"):
        ask([0], "inspect", m(arrays))
    ask([0], "solve", MLP3, *IMAGE, "--perturb", "linf:0.001", "--proof", p("c.proof"))
    ask([0], "check", MLP3, *IMAGE, "--perturb", "linf:0.001", p("c.proof"))
    ask([6], "check", MLP3, *IMAGE, "--perturb", "linf:0.002", p("c.proof"))
    ask([6], "check", MLP3, *IMAGE, "--perturb", "linf:20", p("c.proof"))
    data = ("--images", DIGITS, "--labels", LABELS, "--range", "0:3")
    ask([0], "batch", MLP3, *data, "--perturb", "linf:0.01", "--dir", p("proved"), "--proofs", p("proofs"))
    ask([0], "check", "--batch", p("proved"))
    os.remove(p("proofs", "000001.proof.gz"))
    ask([6], "check", "--batch", p("proved"))
    ask([0], "batch", MLP3, *data, "--perturb", "linf:0.01", "--arithmetic", "float32", "--dir", p("unproved"), "--proofs", p("proofs", "none"))
    files("record", "*proved/records/*.json", 6)
    ask([0], "eval", m("digits-conv.onnx"), *IMAGE)
    ask([0], "eval", XOR, *POINT)
    for level in ("interval", "crown", "lp"):
        ask([0], "bounds", MLP3, *IMAGE, "--perturb", "linf:0.02", "--bounds", level)
    ask([0], "bounds", MLP3, m("digits-query.json"), "-o", p("b.csv"))


# ---- many questions ----
def batch():
    data = ["--images", DIGITS, "--labels", LABELS]
    for folder, more in (("plain", ["linf:0.06", "--range", "0:6", "--save-witness"]), ("plain", ["linf:0.06", "--range", "0:8", "--save-witness"]),
                         ("worst", ["linf:0.01", "--range", "0:2", "--objective", "worst"]), ("drawn", ["linf:0.01", "--sample", "10"]), ("none", ["linf:0.01", "--range", "3:3"]),
                         ("open", ["linf:0.06", "--range", "0:4", "--bounds", "interval", "--no-attack", "--no-branch", "--no-solve"]),
                         ("near", ["linf:0.11", "--range", "0:2", "--objective", "closest:linf", "--time-limit", "3"])):
        j = ask([0], "batch", MLP3, *data, "--perturb", *more, "--dir", p(folder))
        check(folder + ": the summary is the file", j == json.load(open(p(folder, "summary.json"))))
        files("record", folder + "/records/*.json", folder != "none")
    row = ["%g" % (v / 784) for v in range(784)]
    put("odd.csv", "\n".join(",".join(r) for r in (row, ["1.5"] + row[1:])))
    ask([3], "batch", MLP3, "--images", p("odd.csv"), "--perturb", "linf:0.01", "--dir", p("odd"))
    check("a record of an error", "error" in [json.load(open(f))["verdict"] for f in files("record", "odd/records/*.json", 2)])
    benchmark(data)
    code, out, err = run("batch", MLP3, *data, "--perturb", "linf:0.06", "--range", "0:8", "--save-witness", "--dir", p("plain"), "--quiet")
    s = json.load(open(p("plain", "summary.json")))
    check("inspect knows a campaign's summary", "the summary of a campaign" in run("inspect", p("plain", "summary.json"))[1])
    want = "8 samples (0:8): %d hold, %d violated, %d unknown, 0 errors; %d misclassified\nadversarial error: at least %.2f %%, at most %.2f %%\n" % (
        s["holds"], s["violated"], s["unknown"], s["misclassified"], 100 * s["adversarial_error_lo"], 100 * s["adversarial_error_hi"])
    check("without --json it is text", code == 0 and out.startswith(want) and out.endswith("written: %s/results.csv, %s/summary.json\n" % (p("plain"), p("plain"))), out)


def benchmark(data):
    """rows of their own networks and properties; one known answer is false, one row is out of time"""
    answers = put("answers.csv", "network,property,expected\ntiny-xor.onnx,tiny-xor.vnnlib,unsat\n")
    j = ask([6], "batch", "--instances", m("instances.csv"), "--expected", answers, "--dir", p("rows"))
    check("a known answer is contradicted", [w["sample"] for w in j["wrong"]] == [0], j)
    files("record", "rows/records/*.json")
    files("campaign", "rows/campaign.json")
    names = ["(declare-const X_%d Real)" % i for i in range(784)] + ["(declare-const Y_%d Real)" % i for i in range(10)]
    put("cube.vnnlib", "\n".join(names + ["(assert (>= X_%d 0))(assert (<= X_%d 1))" % (i, i) for i in range(784)]) + "(assert (<= Y_3 -40))")
    ask([0], "batch", "--instances", put("cube.csv", "%s,%s,0.001\n" % (m("digits-conv.onnx"), p("cube.vnnlib"))), "--root", "/", "--no-attack", "--no-evaluate", "--dir", p("late"))
    files("record", "late/records/*.json")
    shutil.copytree(p("rows"), p("rows2"))
    put("rows2/records/000000.json", {**json.load(open(p("rows/records/000000.json"))), "verdict": "unknown"})
    ask([0], "compare", p("rows"), p("rows2"))


def compared():
    """campaigns against each other, one of them with a record that cannot be true"""
    j = ask([0], "compare", p("plain"), p("open"))
    check("other effort is no contradiction", j["contradictions"] == [] and j["changes"] and j["differences"], j)
    shutil.copytree(p("plain"), p("lie"))
    for n in range(8):
        path = p("lie/records/%06d.json" % n)
        with open(path) as f:
            r = json.load(f)
        with open(path, "w") as f:
            json.dump({**r, "verdict": "holds"}, f)
    j = ask([6], "compare", p("plain"), p("lie"))
    check("what cannot be true is told", j["contradictions"] and j["warnings"], j)


def campaigns():
    """what a campaign's folder says beside its records, while one is at work and after"""
    folder = p("several")
    r = start("batch", m("digits-conv.onnx"), "--images", DIGITS, "--labels", LABELS, "--perturb", "linf:0.12", "--no-attack", "--range", "0:9", "--workers", "2",
              "--time-limit", "40", "--save-witness", "--dir", folder, "--quiet")
    end, seen = time.time() + 30, False
    while time.time() < end and not seen:
        time.sleep(0.5)
        for f in glob.glob(os.path.join(folder, "workers", "*.json")):
            try:
                seen = bool(json.load(open(f))["running"]) or seen
            except ValueError:
                pass  # it is being renewed
    files("campaign", "several/campaign.json")
    files("worker", "several/workers/*.json")
    j = ask([0], "batch", "--status", folder)
    check("a status while somebody is at work", j["workers"] == 1 and j["running"], j)
    r.send_signal(signal.SIGINT)
    r.communicate(timeout=60)
    path = os.path.join(folder, "records", "000000.json")
    with open(path, "w") as f:
        json.dump({"netmip": "record", "version": 1, "sample": 0, "verdict": "error", "code": 5, "why": "as if"}, f)
    with open(path.replace("0.json", "1.json"), "w") as f:
        json.dump({"netmip": "record", "version": 1, "sample": 1, "verdict": "holds", "wall_seconds": 2.5}, f)
    slurm = os.path.join(folder, "slurm")
    os.makedirs(slurm)
    put("squeue", "#!/bin/sh\necho RUNNING\necho PENDING\necho PENDING\n")
    os.chmod(p("squeue"), 0o755)
    open(os.path.join(slurm, "job.7"), "w").close()
    j = ask([0], "batch", "--status", folder, env={**os.environ, "PATH": p("") + ":" + os.environ["PATH"]})
    check("a status of failures and of Slurm", j["failed"] == [0] and j["seconds_left"] == 2.5 * 7 and j["workers"] == 0 and j["slurm"] == [
        {"job": "7", "state": "RUNNING", "tasks": 1}, {"job": "7", "state": "PENDING", "tasks": 2}], j)


def interrupted():
    for wait in (2, 6, 18):  # how long a busy machine takes to begin is not known
        r = start("batch", m("digits-conv.onnx"), "--images", DIGITS, "--perturb", "linf:0.12", "--no-attack", "--range", "0:9", "--dir", p("cut"), "--json", "--quiet")
        time.sleep(wait)
        r.send_signal(signal.SIGINT)
        out, err = r.communicate(timeout=60)
        j = fits("an interrupt", "batch", json.loads(out)) if out else {"partial": 0}
        if j["partial"]:
            break
    found = [f for f in files("record", "cut/records/*.json") if "partial" in json.load(open(f))]
    check("a record that was cut short", r.returncode == 11 and j["interrupted"] and j["partial"] == len(found) > 0, (r.returncode, err, j))


def bench():
    run("compile", *MODELS["worst"][0], "--always-write", "-o", p("given.mps"))
    ask([0], "bench", p("given.map.json"), "--time-limit", "20", "--dir", p("least"))
    files("run", "least/records/*.json")
    j = ask([0], "bench", MLP3, "--images", DIGITS, "--range", "0:1", "--perturb", "linf:0.05", "--encodings", "bigm,hull", "--solvers", "embedded,cbc" if CBC else "embedded",
            "--solver-command", "none: false {model} {solution}", "--time-limit", "20", "--dir", p("bench"))
    check("the summary is the file", j == json.load(open(p("bench", "summary.json"))))
    check("inspect knows a comparison's summary", "the summary of a comparison" in run("inspect", p("bench", "summary.json"))[1])
    files("run", "bench/records/*.json")


def described(s, path="", element="", between="/"):
    """the paths of all members that a schema describes itself"""
    found = set()
    for k, v in s.get("properties", {}).items():
        found |= {path + k} | described(v, path + k + between, element, between)
    return found | (described(s["items"], path[:-1] + element, element, between) if isinstance(s.get("items"), dict) else set())


def written():
    """what is described is written by the commands above, but for what only a tie or an image brings"""
    rare = {"solve": {"/objective/tolerance", "/objective/strict"}, "record": {"/strict"}, "embedding": {"/channels"}}
    for name, s in schema.FILES.items():
        left = {"/" + k for k in described(s, "", "/")} - reached.get(name, set()) - rare.get(name, set())
        check(name + ": members that nothing wrote", not left, sorted(left))


parts(warned, themselves, solve, assumed, refused, questions, compile_and_decode, embed, single, batch, compared, campaigns, interrupted, bench, *([] if sys.argv[1:] or not CBC else [written]))
