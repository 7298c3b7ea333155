#!/usr/bin/env python3
"""Questions: VNN-LIB 1 and 2, netmip's own JSON, ranges of linear forms, two networks compared; every construct, every
refusal, against the same question from flags, and against brute force on tiny networks (exact rationals at the vertices of
the arrangement of all kinks)."""
import itertools, json, os, random, re, shutil, struct, subprocess, sys, time
from fractions import Fraction as F

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import TMP, check, compiled, m, p, parts, put, skip
from tiny import dense, network, relus
from tiny import box

rng = random.Random(5)
XOR = m("tiny-xor.json")
MLP = m("digits-mlp3.onnx")
IMG = m("digits-test-images.idx3.gz")
LAB = m("digits-test-labels.idx1.gz")


def run(*args, timeout=60):
    return kit.run(*args, timeout=timeout, cwd=TMP)


def good(want, *args):
    code, out, err = run(*args)
    check("%s: exit %s" % (" ".join(args[:3]), want), code == want, (args, code, out[-200:], err))
    return out


def bad(want, name, needle, *args):
    code, out, err = run(*args)
    check(name, code == want and out == "" and needle in err and err.count("netmip: ") == 1, (code, out[:100], err))


# ---- VNN-LIB 1 ----

HEAD = "(declare-const X_0 Real)\n(declare-const X_1 Real)\n(declare-const Y_0 Real)\n(declare-const Y_1 Real)\n"
BOX = "(assert (and (<= 0 X_0) (<= X_0 1) (>= X_1 0) (<= X_1 1)))\n"


def spelled(text, name="q.vnnlib"):
    """cases as {lo, hi, in_rows, clauses}, rows as (terms, rhs)"""
    q = json.loads(good(0, "inspect", put(name, text), "--json"))

    def rows(list):
        return [({v: c for v, c in zip(r["var"], r["coef"])}, r["rhs"]) for r in list]
    return [(c["lo"], c["hi"], rows(c["in_rows"]), [rows(k["rows"]) for k in c["clauses"]]) for c in q["cases"]]


def vnnlib1():
    one = [([0, 0], [1, 1], [], [[({0: 1, 1: -1}, 0)]])]
    for name, text in (("plain", HEAD + BOX + "(assert (<= Y_0 Y_1))"), ("no final newline, comments", "; a (comment\n" + HEAD + "; b\n" + BOX + "(assert ; c\n(<= Y_0 Y_1)) ; )"),
                       ("declare-fun", HEAD.replace("declare-const X_0 Real", "declare-fun X_0 () Real") + BOX + "(assert (<= Y_0 Y_1))"),
                       ("arithmetic", HEAD + BOX + "(assert (<= (- (+ Y_0 (* 2 3) Y_1) (* 2 Y_1) 6) 0))"), ("a term that cancels", HEAD + BOX + "(assert (<= (+ Y_0 X_1) (+ Y_1 (* 1.0 X_1))))"),
                       ("unary minus", HEAD + BOX + "(assert (<= (- Y_1) (- Y_0)))"), ("scientific numbers", HEAD + BOX.replace("X_0 1", "X_0 1.0e+0").replace("X_1 1", "X_1 10E-1") + "(assert (<= Y_0 Y_1))"),
                       ("silent commands", "(set-logic QF_LRA)(set-info :source |a (b ) c|)(set-info :x \"d ) e\")\n" + HEAD + BOX + "(assert (<= Y_0 Y_1))(check-sat)(get-model)(exit)"),
                       ("nested and", HEAD + BOX + "(assert (and (and (<= Y_0 Y_1))))"), ("version 1 stated", "(vnnlib-version <1.0>)" + HEAD + BOX + "(assert (<= Y_0 Y_1))"),
                       ("strict", HEAD + BOX + "(assert (< Y_0 Y_1))"), ("crlf, tabs", (HEAD + BOX + "(assert\t(<= Y_0 Y_1))").replace("\n", "\r\n"))):
        got = spelled(text)
        check("VNN-LIB 1: " + name, got == one, got)
    check("pins", spelled(HEAD + "(assert (= X_0 0.25))(assert (= X_1 (* 0.5 3)))(assert (>= Y_0 Y_1))")[0][:2] == ([0.25, 1.5], [0.25, 1.5]))
    check("a row over inputs", spelled(HEAD + BOX + "(assert (<= (+ X_0 X_1) 1))(assert (>= Y_0 1))")[0][2:] == ([({2: 1, 3: 1}, 1)], [[({0: -1}, -1)]]))
    check("mixed rows are clauses", spelled(HEAD + BOX + "(assert (<= (+ Y_0 X_1) (* 3 X_0)))")[0][2:] == ([], [[({0: 1, 3: 1, 2: -3}, 0)]]))
    check("a bound that rounds keeps its row", spelled(HEAD + BOX + "(assert (<= (* 3 X_0) 1))(assert (<= Y_0 0))")[0][1:3] == ([0.33333333333333337, 1], [({2: 3}, 1)]))
    got = spelled(HEAD + BOX + "(assert (or (and (<= X_0 0.5) (<= Y_0 0)) (and (>= X_0 0.5) (or (<= Y_1 0) (>= Y_1 9)))))(assert (or (<= Y_0 Y_1) (<= Y_0 7)))")
    check("or of inputs and outputs", len(got) == 2 and [len(c[3]) for c in got] == [2, 4] and got[0][:2] == ([0, 0], [0.5, 1]) and got[1][:2] == ([0.5, 0], [1, 1]), got)
    got = spelled(HEAD + BOX + "(assert (or (<= Y_0 0) (<= Y_1 0)))(assert (or (<= X_0 0.25) (>= X_0 0.75)))")
    check("disjuncts of one set are one case wherever they stand", [len(c[3]) for c in got] == [2, 2], got)
    check("inputs alone: every point is one", spelled(HEAD + BOX)[0][3] == [[({}, 0)]])
    for name, text, needle in (("nonlinear", "(assert (<= (* X_0 Y_0) 1))", ":6:13: a product of variables"), ("a nested product", "(assert (<= (* 2 (+ X_0 1) (- Y_0)) 1))", ":6:13: a product"),
                               ("ite", "(assert (<= (ite 1 2 3) Y_0))", ":6:13: ite: a linear term"),
                               ("a chain", "(assert (<= 0 Y_0 1))", ":6:9: a comparison of two"),
                               ("an unknown variable", "(assert (<= Y_7 1))", ":6:13: a variable that is not declared"), ("inf", "(assert (<= Y_0 inf))", ":6:17: a finite number"), ("1e999", "(assert (<= Y_0 1e999))", ":6:17:"),
                               ("a loose word", "assert", ":6:1: a command"), ("push", "(push 1)", "push with 1 operands: a command that is not"),
                               ("an open quote", "(set-info :source \"abc)", ":6:19: this quote"), ("an open parenthesis", "(assert (<= Y_0 1)", ":6:1: this parenthesis"), ("overflow", "(assert (<= (* 1e300 1e300 Y_0) 1))", ":6:9: a coefficient overflows"),
                               ("Int", "(declare-const Y_2 Int)", ":6:1: only variables of type Real")):
        bad(3, "VNN-LIB 1 refuses " + name, "q.vnnlib" + needle if needle[0] == ":" else needle, "inspect", put("q.vnnlib", HEAD + BOX + text))
    bad(3, "an unbounded input", "X_1 has no upper bound", "inspect", put("q.vnnlib", HEAD + "(assert (<= 0 X_0 ))".replace("<= 0 X_0 ", "and (<= 0 X_0)(<= X_0 1)(<= 0 X_1)") + "(assert (<= Y_0 1))"))


def large():
    """what is multiplied out is bounded before it is, and takes time and memory in proportion to itself"""
    began = time.time()
    ors = "".join("(assert (or (<= Y_0 %d) (>= Y_1 %d)))\n" % (i, i) for i in range(16))
    n = good(0, "inspect", put("q.vnnlib", HEAD + BOX + ors)).count(" clause ")
    check("2^16 disjuncts", n == 65536, n)
    bad(4, "2^17 are too many", "131072 disjuncts of all asserts", "inspect", put("q.vnnlib", HEAD + BOX + ors + "(assert (or (<= Y_0 0) (<= Y_1 0)))"))
    tower = "(and %s)" % " ".join("(or (<= Y_0 %d) (<= Y_1 %d))" % (i, i) for i in range(200))
    bad(4, "2^200 are refused at once", "q.vnnlib:6:9: 131072 disjuncts", "inspect", put("q.vnnlib", HEAD + BOX + "(assert %s)" % tower))
    bad(4, "an or of 100001", "100001 disjuncts", "inspect", put("q.vnnlib", HEAD + BOX + "(assert (or %s))" % " ".join("(<= Y_0 %d)" % i for i in range(100001))))
    wide = "".join("(declare-const X_%d Real)" % i for i in range(784)) + "(declare-const Y_0 Real)"
    boxes = "(assert (or %s))" % "".join("(and %s (<= Y_0 %d))" % ("".join("(>= X_%d %d)(<= X_%d %d)" % (i, k, i, k + 1) for i in range(784)), k) for k in range(60))
    check("60 boxes of 784 inputs", good(0, "inspect", put("q.vnnlib", wide + boxes)).startswith("inputs 784 outputs 1 cases 60\n"))
    check("large ones take seconds", time.time() - began < 40, time.time() - began)


# ---- VNN-LIB 2 ----

V2 = "(vnnlib-version <2.0>)\n(declare-network n (declare-input X Real [1,2]) (declare-output Y Real [2]))\n"
BOX2 = "(assert (and (<= 0 X[0,0] 1) (<= 0 X[0,1] 1)))\n"


def vnnlib2():
    want = spelled(HEAD + BOX + "(assert (or (<= Y_0 Y_1) (and (>= Y_0 (* 2 X_1)) (= Y_1 0.5))))")
    text = V2 + BOX2 + "(assert (or (<= Y[0] Y[1]) (and (>= Y[0] (* 2 X[0,1])) (== Y[1] 0.5))))"
    check("VNN-LIB 2 says the same as 1", spelled(text) == want)
    check("indices with blanks", spelled(text.replace("X[0,1]", "X[0, 1]").replace("Y[0]", "Y [0]")) == want)
    check("a shape with blanks", spelled(text.replace("[1,2]", "[1, 2]")) == want)
    two = V2.replace("(declare-output Y Real [2])", "(declare-output Y Real []) (declare-output Z Real [1])").replace("(declare-input X Real [1,2])", "(declare-input A Real []) (declare-input B Real [1,1])")
    got = spelled(two + "(assert (<= 0 A 1))(assert (<= 0 B[0,0] 1))(assert (or (<= Y Z[0]) (and (>= Y (* 2 B[0,0])) (== Z[0] 0.5))))")
    check("several inputs and outputs, scalars", got == want, got)
    code, out, err = run("solve", XOR, put("q2.vnnlib", V2 + BOX2 + "(assert (<= Y[0] Y[1]))"), "--json")
    again = run("solve", XOR, put("q1.vnnlib", HEAD + BOX + "(assert (<= Y_0 Y_1))"), "--json")
    check("solved alike", code == again[0] == 10 and json.loads(out)["witness"]["margin64"] == json.loads(again[1])["witness"]["margin64"], err)
    names = V2.replace("[1,2]", '[2] "x"').replace("Y Real [2]", 'Y Real [2] "dense_2"')
    out = run("solve", XOR, put("q.vnnlib", names + BOX2.replace("[0,", "[") + "(assert (<= Y[0] Y[1]))"), "--dump", "net")[1]
    real = re.search(r"^output (\S+)", out, re.M).group(1) if out else ""
    code, out, err = run("solve", XOR, put("q.vnnlib", names.replace("dense_2", real) + BOX2.replace("[0,", "[") + "(assert (<= Y[0] Y[1]))"))
    check("names of the network's values", code == 10, err)
    bad(3, "a name that the network has not", '"nothing": the network has no such', "solve", XOR, put("q.vnnlib", names.replace('"x"', '"nothing"') + BOX2.replace("[0,", "[")))
    bad(3, "a shape that is another", "X has shape [2,2]; in the network [2]", "solve", XOR, put("q.vnnlib", V2.replace("[1,2]", "[2,2]") + "(assert (<= 0 X[0,0] 1))"))
    bad(3, "too many outputs", "Z is one too many", "solve", XOR, put("q.vnnlib", V2.replace("(declare-output Y", "(declare-output Z Real [2])(declare-output Y").replace("(declare-output Z Real [2])(declare-output Y Real [2])", "(declare-output Y Real [2])(declare-output Z Real [2])") + BOX2))
    for name, text, needle in (("hidden nodes", V2.replace("(declare-output", '(declare-hidden H Real [3] "h") (declare-output') + BOX2, ":2:50: declare-hidden: values inside"), ("other types", V2.replace("X Real", "X float64") + BOX2, ":2:37: float64: this element type"), ("two types", V2.replace("X Real", "X float32") + BOX2, "tensors of type real and of type float32"), ("other versions", V2.replace("<2.0>", "<2.1>") + BOX2, ":1:17: <2.1>: VNN-LIB <2.0>"),
                               ("initialized inputs", V2.replace("[1,2]", "[1,2] initialized") + BOX2, "initialized: inputs that"), ("!=", V2 + BOX2 + "(assert (!= Y[0] 1))", ":4:10: !=: closed")):
        bad(4, "VNN-LIB 2 refuses " + name, needle, "inspect", put("q.vnnlib", text))
    for name, text, needle in (("an index too many", V2 + BOX2 + "(assert (<= Y[0,0] 1))", ":4:13: 2 indices; Y has shape [2]"), ("an index beyond", V2 + BOX2 + "(assert (<= Y[2] 1))", ":4:13: index 2"), ("no index", V2 + BOX2 + "(assert (<= Y 1))", "0 indices"),
                               ("an index that is none", V2 + BOX2 + "(assert (<= Y[a] 1))", "indices like"), ("an unknown tensor", V2 + BOX2 + "(assert (<= W[0] 1))", "not declared"), ("a product", V2 + BOX2 + "(assert (<= (* Y[0] Y[1]) 1))", "a product"),
                               ("assert before the network", "(vnnlib-version <2.0>)" + BOX2, "declare-network, then assert"), ("no assert", V2, "nothing is asserted"), ("an unbounded input", V2 + "(assert (<= 0 X[0,0] 1))", "X[0,1] has no lower bound"),
                               ("= for ==", V2 + BOX2 + "(assert (= Y[0] 1))", "=: and, or, or a comparison"), ("a second version", V2 + "(vnnlib-version <2.0>)" + BOX2, "declare-network, then assert"), ("an empty tensor", V2.replace("[1,2]", "[0,2]") + BOX2, "a shape of 1 to"),
                               ("a name twice", V2.replace("Y Real", "X Real") + BOX2, "declared twice"), ("no shape", V2.replace("Real [1,2]", "Real") + BOX2, "a name, the type real"),
                               ("a second network of one name", V2 + V2.split("\n")[1] + BOX2, ":3:18: declared twice"), ("equal-to nothing", V2.replace("network n", "network n (equal-to m)") + BOX2, "a network declared before"),
                               ("isomorphic-to nothing", V2.replace("network n", "network n (isomorphic-to n)") + BOX2, "a network declared before")):
        bad(3, "VNN-LIB 2 refuses " + name, needle, "inspect", put("q.vnnlib", text))


# ---- JSON ----

Q = {"netmip": "query", "version": 1}


def dump(net, *question):
    code, out, err = run("solve", net, *question, "--dump", "query", "--json")
    check("dump of %s" % (question,), code == 0, err)
    return out


def same_as_flags():
    os.makedirs(p("sub"), exist_ok=True)
    shutil.copy(IMG, p("sub/images.gz"))
    shutil.copy(LAB, p("sub/labels.gz"))
    for flags, members in ((["--perturb", "linf:0.05"], {"perturb": "linf:0.05"}), (["--perturb", "linf:0.05"], {"perturb": {"linf": 0.05}}), (["--perturb", "free", "--domain", "-0.5,1.5"], {"perturb": "free", "domain": [-0.5, 1.5]}),
                           (["--perturb", "linf:0.1", "--target", "3,4"], {"perturb": "linf:0.1", "target": [3, 4]}), (["--perturb", "linf:0.1", "--target", "not:3,4"], {"perturb": "linf:0.1", "target": {"not": [3, 4]}}),
                           (["--perturb", "linf:0.1", "--target", "3"], {"perturb": "linf:0.1", "target": 3}), (["--perturb", "linf:0.1", "--target", "any"], {"perturb": "linf:0.1", "target": "any"}),
                           (["--perturb", "linf:0.1", "--margin", "0.25", "--guard", "1e-6"], {"perturb": "linf:0.1", "margin": 0.25, "guard": 1e-6}), (["--perturb", "linf:0.1", "--objective", "worst"], {"perturb": "linf:0.1", "objective": "worst"}),
                           (["--perturb", "linf:0.1", "--label", "3"], {"perturb": "linf:0.1", "label": 3}), (["--perturb", "linf:0.1", "--labels", LAB], {"perturb": "linf:0.1", "labels": "labels.gz"}),
                           (["--perturb", "linf:0.1", "--labels", LAB + ":7"], {"perturb": "linf:0.1", "labels": "labels.gz:7"}),
                           (["--perturb", "linf:0.01", "--objective", "range:2*Y_1-Y_0 + 0.5"], {"perturb": "linf:0.01", "objective": {"range": "0.5 - Y_0 + Y_1 + Y_1"}})):
        a = dump(MLP, "--image", IMG + ":2", *flags)
        b = dump(MLP, put("sub/q.json", {**Q, "image": "images.gz:2", **members}))
        if "--objective" in flags and flags[-1].startswith("range"):  # the same form, its terms in another order
            a, b = [sorted(zip(r["var"], r["coef"])) + [r["rhs"]] for k in (a, b) for r in [json.loads(k)["cases"][0]["clauses"][1]["rows"][0]]]
        check("JSON asks what flags ask: %s" % flags, a == b, (a[:300], b[:300]))
        if isinstance(a, str):
            check("... and reads back", dump(MLP, put("r.json", a)) == a)
            check("... without its network", json.loads(good(0, "inspect", p("r.json"), "--json")) == json.loads(a))
    radii = [0.125, 0.25]
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"
    put("sub/r.npy", b"\x93NUMPY\1\0" + struct.pack("<H", 118) + head.ljust(117).encode() + b"\n" + struct.pack("<2d", *radii))
    c = json.loads(dump(XOR, put("sub/q.json", {**Q, "image": [0.5, 0.5], "perturb": "linf:r.npy"})))["cases"][0]
    check("files of a perturbation are beside the question", c["lo"] == [0.375, 0.25] and c["hi"] == [0.625, 0.75], c)
    ask = ["--perturb", "linf:0.1", "--target", "0", "--always-write"]
    good(0, "compile", MLP, "--image", IMG + ":2", *ask, "-o", p("f.mps"))
    put("sub/q.json", {**Q, "image": "images.gz:2", "perturb": "linf:0.1", "target": 0})
    good(0, "compile", MLP, p("sub/q.json"), "--always-write", "-o", p("g.mps"))
    maps = [json.load(open(p(k + ".map.json"))) for k in "fg"]
    check("the same hash and the same model", maps[0]["query_sha256"] == maps[1]["query_sha256"] == maps[1]["question_sha256"] and open(p("f.mps"), "rb").read() == open(p("g.mps"), "rb").read())
    check("the map's question is one", dump(MLP, put("m.json", maps[0]["question"])) == json.dumps(maps[0]["question"]) or
          json.loads(dump(MLP, p("m.json"))) == maps[0]["question"])
    whole = json.loads(dump(MLP, "--image", IMG + ":2", "--perturb", "linf:0.1"))
    check("every member is spelled out", set(whole) == {"netmip", "version", "n_in", "n_out", "label", "predicted", "objective", "guard", "shape", "image", "cases"}, whole.keys())
    for v in (HEAD + BOX + "(assert (<= (* 3 X_0) 1))(assert (<= (+ X_0 X_1) 1.5))(assert (or (<= Y_0 (* 0.1 Y_1)) (and (>= Y_0 X_0) (<= X_1 0.5))))",):
        a = dump(XOR, put("q.vnnlib", v))
        check("a VNN-LIB question as JSON", dump(XOR, put("r.json", a)) == a and json.loads(a)["cases"])


def explicit():
    want = dump(XOR, put("q.vnnlib", HEAD + BOX + "(assert (<= (+ X_0 X_1) 1.5))(assert (or (and (<= Y_0 Y_1) (>= Y_0 (+ X_0 0.25))) (<= Y_1 -1)))"))
    clauses = [["Y_0 - Y_1 <= 0", "Y_0 >= X_0 + 0.25"], ["Y_1 <= -1"]]
    for name, q in (("lo and hi", {"lo": 0, "hi": [1, 1], "in_rows": ["X_0 + X_1 <= 1.5"], "clauses": clauses}), ("rows as the box", {"in_rows": ["0 <= X_0 <= 1", "X_1 >= 0", "2*X_1 <= 2", "X_0 + X_1 <= 1.5"], "clauses": clauses}),
                    ("cases", {"cases": [{"lo": [0, 0], "hi": 1, "in_rows": ["X_0 + X_1 - 1.5 <= 0"], "clauses": clauses}]}),
                    ("numbered rows", {"lo": 0, "hi": 1, "in_rows": [{"var": [2, 3], "coef": [1, 1], "rhs": 1.5}], "clauses": [[{"var": [0, 1], "coef": [1, -1], "rhs": 0}, {"var": [2, 0], "coef": [1, -1], "rhs": -0.25}], [{"var": [1], "coef": [1], "rhs": -1}]]})):
        got = json.loads(dump(XOR, put("q.json", {**Q, **q})))["cases"]
        for c in got + json.loads(want)["cases"]:
            for k in c["clauses"]:
                k["rows"] = [(sorted(zip(r["var"], r["coef"])), r["rhs"]) for r in k["rows"]]
        ref = json.loads(want)["cases"]
        for c in ref:
            for k in c["clauses"]:
                k["rows"] = [(sorted(zip(r["var"], r["coef"])), r["rhs"]) for r in k["rows"]]
        check("explicit: " + name, got == ref, (got, ref))
    q = {**Q, "image": [0.5, 0.5], "perturb": "linf:0.25", "lo": [0.4, 0], "hi": 0.6, "in_rows": ["X_0 = X_1"], "clauses": [{"name": "near", "label": 1, "rows": ["Y_0 <= Y_1"]}]}
    c = json.loads(dump(XOR, put("q.json", q)))["cases"][0]
    check("a perturbation, a box and rows meet", c["lo"] == [0.4, 0.25] and c["hi"] == [0.6, 0.6] and len(c["in_rows"]) == 2 and c["clauses"][0]["name"] == "near" and c["clauses"][0]["label"] == 1, c)
    c = json.loads(dump(XOR, put("q.json", {**Q, "lo": 0, "hi": 1, "label": 1, "margin": 0.5})))["cases"][0]
    check("a box and targets, no image", c["clauses"] == [{"name": "0", "label": 0, "rows": [{"var": [1, 0], "coef": [1, -1], "rhs": -0.5}]}], c)
    q = {**Q, "label": 0, "image": [0.5, 0.25], "cases": [{"perturb": "linf:0.125"}, {"lo": 0, "hi": 1, "target": 1, "margin": 1}, {"lo": 0.5, "hi": 0.75, "clauses": [["Y_0 + Y_1 <= 0"]]}]}
    j = json.loads(dump(XOR, put("q.json", q)))
    check("several cases", [c["clauses"][0]["name"] for c in j["cases"]] == ["1", "1_1", "c2_0"] and j["cases"][0]["lo"] == [0.375, 0.125] and j["label"] == 0, j)
    check("inspect of one that says all", good(0, "inspect", put("q.json", {**Q, "n_in": 2, "n_out": 2, "lo": 0, "hi": 1, "clauses": [["Y_0 <= 0"]]})).splitlines()[0] == "inputs 2 outputs 2 cases 1")
    out = good(0, "inspect", put("q.json", {**Q, "image": "a.png", "perturb": "linf:0.1"}))
    check("inspect states the defaults", all(s in out for s in ('image     "a.png"', "label     the network's own prediction (default)", "objective feasible (default)", "guard     0 (default)", "target    any (default)", "margin    0 (default)")), out)
    bad(2, "inspect --json needs the network", "only with the network", "inspect", p("q.json"), "--json")
    code, out, err = run("bounds", XOR, put("q.json", {**Q, "lo": 0, "hi": 1, "clauses": [["Y_0 <= 0"]]}))
    check("bounds takes one", code == 0 and "relu block" in out, err)


def json_refusals():
    box, clause = {"lo": 0, "hi": 1}, {"clauses": [["Y_0 <= 0"]]}
    for name, q, needle in (("an unknown member", {**box, **clause, "epsilon": 1}, 'unknown member "epsilon"'), ("one in a case", {"cases": [{**box, **clause, "label": 1}]}, 'unknown member "label"'), ("another version", {"version": 2, **box, **clause}, "version 1"),
                            ("a set beside cases", {**box, "cases": [{**clause, **box}]}, '"lo" stands beside "cases"'), ("no cases", {"cases": []}, "no case"), ("no set", clause, "X_0 has no lower bound"), ("no condition", box, "clauses or a label"),
                            ("clauses and a target", {**box, **clause, "target": 1}, '"clauses" beside'), ("empty clauses", {**box, "clauses": []}, "no clause"), ("an empty clause", {**box, "clauses": [[]]}, "has no row"),
                            ("a clause's unknown member", {**box, "clauses": [{"rows": ["Y_0 <= 0"], "x": 1}]}, 'unknown member "x"'), ("names that repeat", {**box, "clauses": [{"name": "a", "rows": ["Y_0 <= 0"]}, {"name": "a", "rows": ["Y_0 <= 0"]}]}, "two clauses are called a"),
                            ("names for no file", {**box, "clauses": [{"name": "../a", "rows": ["Y_0 <= 0"]}]}, "a name of letters"), ("a strict row", {**box, "clauses": [["Y_0 < 0"]]}, "column 5: <=, >= or ="), ("a product", {**box, "clauses": [["Y_0*Y_1 <= 0"]]}, "one variable"),
                            ("an output beyond", {**box, "clauses": [["Y_2 <= 0"]]}, "Y_2; 2 outputs"), ("an input beyond", {**box, "clauses": [["X_2 <= 0"]]}, "X_2; 2 inputs"), ("half a row", {**box, "clauses": [["Y_0"]]}, "<=, >= or ="), ("a form that ends", {**box, "clauses": [["Y_0 + <= 1"]]}, "a number or a variable"),
                            ("an overflow", {**box, "clauses": [["1e300*1e300*Y_0 <= 1"]]}, "a finite coefficient"), ("nan", {**box, "clauses": [["nan <= Y_0"]]}, "a number or a variable"), ("outputs in a set", {**box, **clause, "in_rows": ["Y_0 <= 1"]}, "rows over inputs alone"),
                            ("a row that nothing meets", {**box, **clause, "in_rows": ["0 <= -1"]}, "0 <= -1"), ("ends of another length", {**clause, "lo": [0], "hi": 1}, "2 numbers"), ("a text as an end", {**clause, "lo": "0", "hi": 1}, "a number"), ("an image of another length", {"image": [1], "perturb": "free"}, "2 numbers"),
                            ("a perturbation of nothing", {"perturb": "linf:0.1"}, 'needs an "image"'), ("a perturbation that is none", {"image": [0.5, 0.5], "perturb": "linf:x"}, "q.json: --perturb"), ("a domain alone", {**box, "domain": [0, 1], **clause}, '"domain" goes with'),
                            ("a label beyond", {**box, "label": 2}, "label"), ("label and labels", {**box, "label": 1, "labels": "a"}, "together"), ("a target that is the label", {**box, "label": 1, "target": 1}, "1 is the image's label"), ("a negative guard", {**box, **clause, "guard": -1}, '"guard"'),
                            ("an objective that is none", {**box, **clause, "objective": "best"}, "objective best"), ("worst with two rows", {**box, "clauses": [["Y_0 <= 0", "Y_1 <= 0"]], "objective": "worst"}, "clauses of one row"), ("a range without a goal", {**box, **clause, "objective": "range"}, "a goal needs"),
                            ("a goal without a range", {**box, "clauses": [{"goal": "most", "rows": ["Y_0 <= 0"]}], "objective": "worst"}, "a goal needs"), ("a range and clauses", {**box, **clause, "objective": "range:Y_0"}, '"clauses" beside'), ("a range and a target", {**box, "objective": "range:Y_0", "target": 1}, "one label"),
                            ("a range and a guard", {**box, "objective": "range:Y_0", "guard": 1}, "--guard"), ("a range of a constant", {**box, "objective": "range:3"}, "constant"), ("differ alone", {**box, "differ": 1}, "--differ"), ("sizes of another network", {**box, **clause, "n_in": 3}, "the network has 2"),
                            ("a prediction that is none", {**clause, **box, "image": [0.5, 0.5], "predicted": 1}, "the network says 0"), ("true", {**box, **clause, "guard": True}, "a text, a number")):
        code, out, err = run("solve", XOR, put("q.json", {**Q, **q}))
        check("JSON refuses " + name, code in (3, 4) and out == "" and needle in err and "q.json" in err, (code, err))
    bad(3, "a control character", ":1:11: a control character", "inspect", put("q.json", '{"netmip":\x06"query", "version": 1}'))
    bad(3, "a member twice", 'key "lo" is given twice', "solve", XOR, put("q.json", '{"netmip": "query", "version": 1, "lo": 0, "lo": 1}'))
    bad(5, "an image that is not there", "none.png", "solve", XOR, put("q.json", {**Q, "image": "none.png", "perturb": "free"}))
    put("q.json", {**Q, **box, **clause})
    for flag in (["--margin", "1"], ["--objective", "worst"], ["--guard", "0"], ["--perturb", "free"], ["--label", "1"]):
        bad(2, "a file and %s" % flag[0], "from this file and one from flags", "solve", XOR, p("q.json"), *flag)


# ---- tiny networks, exactly ----

def net_text(w1, b1, w2, b2):
    return network([2], relus((w1, b1), (w2, b2)))


def random_net(k, outs):
    def num():
        return rng.randint(-12, 12) / 4
    return ([[num(), num()] for _ in range(k)], [num() for _ in range(k)], [[num() for _ in range(k)] for _ in range(outs)], [num() for _ in range(outs)])


def value(net, x):
    w1, b1, w2, b2 = net
    h = [max(F(0), F(b) + sum(F(a) * v for a, v in zip(r, x))) for r, b in zip(w1, b1)]
    return [F(b) + sum(F(a) * v for a, v in zip(r, h)) for r, b in zip(w2, b2)]


def vertices(nets, lo, hi):
    """of the arrangement of all kinks in the box: a piecewise linear function takes its extremes there"""
    lines = [(F(1), F(0), -F(lo[0])), (F(1), F(0), -F(hi[0])), (F(0), F(1), -F(lo[1])), (F(0), F(1), -F(hi[1]))]
    for w1, b1, _, _ in nets:
        lines += [(F(r[0]), F(r[1]), F(b)) for r, b in zip(w1, b1)]
    for (a, b, c), (d, e, f) in itertools.combinations(lines, 2):
        det = a * e - b * d
        if det == 0:
            continue
        x = ((b * f - c * e) / det, (c * d - a * f) / det)
        if F(lo[0]) <= x[0] <= F(hi[0]) and F(lo[1]) <= x[1] <= F(hi[1]):
            yield x


def near(a, b, tol=3e-6):
    return abs(a - float(b)) <= tol * (1 + abs(float(b)))


def brackets(r, least, most):
    ok = True
    if least is not None:
        ok = r["lo"] <= float(least) + 1e-12 * (1 + abs(least)) and r["min"] >= float(least) - 1e-12 * (1 + abs(least)) and near(r["lo"], least) and near(r["min"], least)
    return ok and r["hi"] >= float(most) - 1e-12 * (1 + abs(most)) and r["max"] <= float(most) + 1e-12 * (1 + abs(most)) and near(r["hi"], most) and near(r["max"], most)


def ranges():
    for turn in range(12):
        net = random_net(rng.randint(2, 6), 3)
        lo = [rng.randint(-8, 4) / 8 for _ in range(2)]
        hi = [v + rng.randint(1, 12) / 8 for v in lo]
        c = [rng.randint(-3, 3) for _ in range(3)] + [rng.randint(-2, 2)]
        if not any(c[:3]):
            c[0] = 1
        form = " + ".join("%d*Y_%d" % (c[i], i) if c[i] >= 0 else "0 - %d*Y_%d" % (-c[i], i) for i in range(3)) + " + %d*X_1 - 0.5" % c[3] if c[3] >= 0 else \
            " + ".join("%d*Y_%d" % (c[i], i) if c[i] >= 0 else "0 - %d*Y_%d" % (-c[i], i) for i in range(3)) + " - %d*X_1 - 0.5" % -c[3]
        vals = [sum(F(k) * v for k, v in zip(c, value(net, x))) + F(c[3]) * x[1] - F(1, 2) for x in vertices([net], lo, hi)]
        n = put("n.json", net_text(*net))
        q = put("q.json", {**Q, "lo": lo, "hi": hi, "objective": {"range": form}})
        j = json.loads(good(0, "solve", n, q, "--json", "--quiet"))
        check("range %d" % turn, j["verdict"] == "done" and brackets(j["range"], min(vals), max(vals)), (j.get("range"), float(min(vals)), float(max(vals))))
        if turn == 5:
            code, out, _ = run("solve", n, q, "--json", "--quiet", "--encoding", "relax", "--no-attack", "--bounds", "interval")
            r = json.loads(out)["range"]
            check("a relaxation's range brackets it", r["lo"] <= min(vals) and r["hi"] >= max(vals) and (code == 0) == (near(r["lo"], r["min"]) and near(r["hi"], r["max"])), (code, r))
        if turn < 4:  # without attack and evaluation, the solver alone; and unsolved, still a bracket
            j = json.loads(good(0, "solve", n, q, "--json", "--quiet", "--no-attack", "--bounds", "interval"))
            check("range %d by the solver" % turn, brackets(j["range"], min(vals), max(vals)), j["range"])
            code, out, _ = run("solve", n, q, "--json", "--quiet", "--no-solve")
            r = json.loads(out)["range"]
            check("range %d without it" % turn, code in (0, 11) and r["lo"] <= min(vals) and r["hi"] >= max(vals) and r["min"] >= min(vals) - F(1, 10**9) and r["max"] <= max(vals) + F(1, 10**9), r)
    two = {**Q, "objective": "range:Y_0", "cases": [{"lo": lo, "hi": hi}, {"lo": [2, 2], "hi": 3}]}
    j = json.loads(good(0, "solve", n, put("q.json", two), "--json", "--quiet"))
    vals = [value(net, x)[0] for x in itertools.chain(vertices([net], lo, hi), vertices([net], [2, 2], [3, 3]))]
    check("a range over two sets", brackets(j["range"], min(vals), max(vals)), j["range"])
    v = HEAD + "".join("(assert (and (<= %r X_%d) (<= X_%d %r)))" % (lo[i], i, i, hi[i]) for i in range(2))
    put("q.vnnlib", v.replace("(declare-const Y_1 Real)", "(declare-const Y_1 Real)(declare-const Y_2 Real)"))
    j = json.loads(good(0, "solve", n, p("q.vnnlib"), "--objective", "range:Y_0", "--json", "--quiet"))
    vals = [value(net, x)[0] for x in vertices([net], lo, hi)]
    check("a range over a file's set", brackets(j["range"], min(vals), max(vals)), j["range"])
    out = good(0, "solve", n, p("q.vnnlib"), "--objective", "range:Y_0", "-o", p("ends"))
    check("text and files", "done by" in out and re.search(r"min: \S+ attained .* proven to be at least", out) and os.path.exists(p("ends/min.npy")) and os.path.exists(p("ends/max.npy")), out)
    put("q2.vnnlib", open(p("q.vnnlib")).read() + "(assert (<= Y_0 0))")
    bad(4, "a file that speaks of outputs", "has conditions on outputs", "solve", n, p("q2.vnnlib"), "--objective", "range:Y_0")
    put("pt.csv", "0.5,0.5\n")
    ask = ["--image", p("pt.csv"), "--perturb", "free", "--objective", "range:Y_0"]
    for flag, needle in ((["--target", "1"], "--target"), (["--label", "1"], "--label"), (["--margin", "1"], "--margin"), (["--guard", "1"], "--guard"), (["--split", "2"], "--split")):
        code, out, err = run("solve", XOR, *ask, *flag)
        check("range refuses %s" % flag[0], code in (2, 4) and needle in err, err)
    for form in ("", "Y_9", "Y_0*Y_1", "Y_0 <= 1", "3", "Y_", "2Y_0", "Y_0 Y_1", "inf*Y_0"):
        code, out, err = run("solve", XOR, *ask[:-1], "range:" + form)
        check("range:%s is refused" % form, code in (2, 3) and out == "" and "range" in err, err)
    bad(2, "batch has no ranges", "--objective range:Y_0", "batch", MLP, "--images", IMG, "--dir", p("b"), "--perturb", "free", "--objective", "range:Y_0")


def pairs():
    for turn in range(7):
        a, b = random_net(rng.randint(2, 4), 2), random_net(rng.randint(2, 4), 2)
        if turn % 3 == 0:  # nearly the same
            b = ([r[:] for r in a[0]], a[1][:], [r[:] for r in a[2]], [a[3][0] + 0.125, a[3][1]])
        lo = [rng.randint(-8, 0) / 8 for _ in range(2)]
        hi = [v + rng.randint(4, 12) / 8 for v in lo]
        na, nb = put("a.json", net_text(*a)), put("b.json", net_text(*b))
        most = max(abs(u - v) for x in vertices([a, b], lo, hi) for u, v in zip(value(a, x), value(b, x)))
        box = {"lo": lo, "hi": hi, "against": "b.json"}
        j = json.loads(good(0, "solve", na, put("q.json", {**Q, **box, "objective": "worst"}), "--json", "--quiet"))
        check("largest difference %d" % turn, j["range"]["of"] == "largest difference" and "lo" not in j["range"] and brackets(j["range"], None, most), (j["range"], float(most)))
        for d, want in ((float(most) - 0.01, 10), (float(most) + 0.01, 0)):
            if d > 0:
                j = json.loads(good(want, "solve", na, put("q.json", {**Q, **box, "differ": d}), "--json", "--quiet"))
        grid = [(F(lo[0]) + F(i, 24) * F(hi[0] - lo[0]), F(lo[1]) + F(k, 24) * F(hi[1] - lo[1])) for i in range(25) for k in range(25)]
        slack = max(min(y[i] - y[1 - i], z[1 - i] - z[i]) for x in itertools.chain(grid, vertices([a, b], lo, hi)) for y, z in [(value(a, x), value(b, x))] for i in (0, 1))
        for margin in (0, 0.25, 1):
            code, out, err = run("solve", na, put("q.json", {**Q, **box, "differ": "class", "margin": margin}), "--json", "--quiet", "-o", p("w"))
            check("classes %d, margin %g" % (turn, margin), code in (0, 10) and (code == 10 or slack < margin), (code, float(slack), err))
            if code == 10:
                raw = open(p("w/witness.npy"), "rb").read()
                x = [F(v) for v in struct.unpack("<2d", raw[-16:])]
                y, z = value(a, x), value(b, x)
                check("... and they do there", any(y[i] - y[1 - i] >= margin - 1e-9 and z[1 - i] - z[i] >= margin - 1e-9 for i in (0, 1)), (y, z))
    ask = ["--image", put("pt.csv", "0.25,0.25\n"), "--perturb", "linf:0.125", "--against", nb]
    j = json.loads(good(0, "solve", na, *ask, "--objective", "worst", "--json", "--quiet"))
    lo, hi = [0.125, 0.125], [0.375, 0.375]
    check("around an image", brackets(j["range"], None, max(abs(u - v) for x in vertices([a, b], lo, hi) for u, v in zip(value(a, x), value(b, x)))) and "label" not in j, j)
    j = json.loads(good(0, "solve", na, *ask, "--objective", "range:Y_0 - 2*Y_3", "--json", "--quiet"))
    vals = [value(a, x)[0] - 2 * value(b, x)[1] for x in vertices([a, b], lo, hi)]
    check("a form over both", brackets(j["range"], min(vals), max(vals)), j["range"])
    v = HEAD + "(declare-const Y_2 Real)(declare-const Y_3 Real)" + BOX
    code, out, err = run("solve", na, put("q.vnnlib", v + "(assert (>= (- Y_0 Y_2) 1000))"), "--against", nb)
    check("a VNN-LIB file over both", code == 0, err)
    code, out, err = run("solve", na, put("q.vnnlib", v), "--against", nb, "--differ", "1000")
    check("differ over a file's set", code == 0, err)
    check("bounds of both", run("bounds", na, *ask, "--differ", "1")[0] == 0)
    wide = put("wide.json", network([3], [dense([[1, 1, 1]], [0])]))
    one = put("one.json", network([1, 2, 1], [{"op": "flatten"}, dense([[1, 1]], [0])]))
    bad(3, "other inputs", "networks over the same inputs", "solve", na, *ask[:-1], wide, "--differ", "1")
    bad(3, "other outputs", "equal numbers were expected", "solve", na, *ask[:-1], one, "--differ", "1")
    check("a range needs not as many", run("solve", na, *ask[:-1], one, "--objective", "range:Y_0-Y_2")[0] == 0)
    for args, needle in (([*ask], "--differ D, --differ class"), ([*ask, "--differ", "0"], "above 0"), ([*ask, "--differ", "x"], "above 0"), ([*ask, "--differ", "1", "--objective", "worst"], "--differ D"), ([*ask, "--differ", "1", "--target", "1"], "--target"),
                         ([*ask, "--differ", "1", "--margin", "1"], "--margin"), ([*ask, "--differ", "class", "--label", "1"], "--label"), ([*ask[:-2], "--differ", "1"], "a second network"), ([*ask, "--differ", "class", "--margin", "-1"], "--margin")):
        bad(2, "pairs refuse %s" % args[len(ask):], needle, "solve", na, *args)
    bad(3, "a question for two, one given a third", "target", "solve", na, put("q.json", {**Q, "lo": 0, "hi": 1, "against": "b.json", "differ": 1, "target": 1}))
    bad(2, "against twice", "also names a second network", "solve", na, put("q.json", {**Q, "lo": 0, "hi": 1, "against": "b.json", "differ": 1}), "--against", nb)
    tail = put("soft.json", {**net_text(*a), "layers": net_text(*a)["layers"] + [{"op": "softmax"}]})
    bad(4, "softmaxes have no difference here", "Softmax", "solve", tail, *ask[:-1], tail, "--differ", "0.5", "--quiet")
    code, out, err = run("solve", tail, *ask[:-1], tail, "--differ", "class", "--margin", "0", "--quiet")
    check("softmaxes have classes", code in (0, 10), err)


def round_trips():
    if not shutil.which("cbc"):
        return skip("cbc is not here: round trips")

    def solved(stem):
        out = []
        for f in sorted(os.listdir(TMP)):
            if f.startswith(stem) and f.endswith(".mps"):
                s = p(f[:-4] + ".sol")
                subprocess.run(["cbc", p(f), "-preprocess", "off", "solve", "solution", s], capture_output=True)
                out.append(s)
        return out
    net = random_net(6, 3)
    other = random_net(5, 3)
    n, n2 = put("rt.json", net_text(*net)), put("rt2.json", net_text(*other))
    lo, hi = [-1, -1], [1, 1]
    put("q.json", {**Q, "lo": -1, "hi": 1, "objective": "range:Y_0-Y_2"})
    good(0, "compile", n, p("q.json"), "-o", p("range.mps"))
    sols = solved("range")
    vals = [value(net, x)[0] - value(net, x)[2] for x in vertices([net], lo, hi)]
    check("a range compiles to two models", [os.path.basename(s) for s in sols] == ["range-tmax.sol", "range-tmin.sol"], sols)
    j = json.loads(good(0, "solve", n, p("q.json"), "--json", "--quiet"))
    check("proven by solve", j["verdict"] == "done" and j["certified"] is True and brackets(j["range"], min(vals), max(vals)), j)
    j = json.loads(good(11, "decode", p("range.manifest.json"), *sols, "--json"))
    r = j["range"]
    check("decoded as a whole: ends are attained, and not proven", j["certified"] is False and "lo" not in r and "hi" not in r and abs(r["min"] - min(vals)) < 1e-5 and
          abs(r["max"] - max(vals)) < 1e-5, (r, float(min(vals)), float(max(vals))))
    for end, rest, s, sign, want in (("min", "max", sols[1], 1, min(vals)), ("max", "min", sols[0], -1, max(vals))):
        j = json.loads(good(11, "decode", p("range-t%s.map.json" % end), s, "--json"))  # the claim bounds the row: the value, or minus it
        check("%s alone, and what the solver claims" % end, abs(j["range"][end] - want) < 1e-5 and rest not in j["range"] and
              sign * want - 1e-3 * (1 + abs(want)) < j["claimed_bound"] <= sign * want + 1e-9, (j, float(want)))
    code, out, _ = run("decode", p("range.manifest.json"), sols[0], "--json")
    check("an end that was not solved is unknown", code == 11 and "lo" not in json.loads(out)["range"], out)
    good(0, "compile", n, "--against", n2, put("q.vnnlib", HEAD + "".join("(declare-const Y_%d Real)" % i for i in range(2, 6)) + "(assert (and (<= -1 X_0)(<= X_0 1)(<= -1 X_1)(<= X_1 1)))"), "--objective", "worst", "-o", p("diff.mps"))
    most = max(abs(u - v) for x in vertices([net, other], lo, hi) for u, v in zip(value(net, x), value(other, x)))
    sols = solved("diff")
    j = json.loads(good(11, "decode", p("diff.manifest.json"), *sols, "--json"))
    check("the largest difference, decoded", len(sols) == 6 and "hi" not in j["range"] and abs(j["range"]["max"] - most) < 1e-5, (j["range"], float(most)))
    put("q.json", {**Q, "lo": -1, "hi": 1, "differ": float(most) - 0.05, "against": "rt2.json"})
    good(0, "compile", n, p("q.json"), "-o", p("dec.mps"), "--bounds", "crown")
    stem = "dec.manifest.json" if os.path.exists(p("dec.manifest.json")) else "dec.map.json"
    j = json.loads(good(10, "decode", p(stem), *solved("dec"), "--json"))
    check("a decision about two, decoded", j["verdict"] == "violated", j)
    m = json.load(open(p("diff-t0above.map.json")))
    check("the map names both", m["net"].endswith("rt.json") and m["against"].endswith("rt2.json"), m["net"])
    put("q.json", {**Q, "image": [0.9, 0.25], "lo": [0.5, 0], "hi": [0.5, 1], "clauses": [["Y_0 <= Y_1"]]})
    good(0, "compile", XOR, p("q.json"), "-o", p("pin.mps"), "--bounds", "interval")
    j = json.loads(good(10, "decode", p("pin.map.json"), *solved("pin"), "--json"))
    check("an input pinned away from the image", j["witness"]["distance"]["linf"] >= 0.4, j)
    put("rt2.json", net_text(*random_net(5, 3)))
    bad(6, "another second network", "is not the network", "decode", p("diff-t0above.map.json"), sols[0])


def library():
    """the library reads both kinds of files"""
    put("t.c", """#include <netmip.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    nm_job *job = nm_job_new();
    const nm_net *a, *b, *both;
    const nm_query *q;
    const nm_result *x;
    int code = nm_net_load(job, argv[1], NULL, &a);
    if (!code) code = nm_net_load(job, argv[2], NULL, &b);
    if (!code) code = nm_net_pair(job, a, b, &both);
    if (!code) printf("%zu %zu\\n", nm_net_inputs(both), nm_net_outputs(both));
    if (!code) code = nm_query_load(job, argc > 4 ? a : both, argv[3], NULL, &q);
    if (!code) code = nm_solve(job, both, q, NULL, &x);
    printf("%d %d %s\\n", code, code ? 0 : nm_result_status(x), nm_job_message(job));
    nm_job_free(job);
    return 0;
}
""")
    wrong = compiled(p("t.c"), p("t"))
    if not check("the library's face compiles", not wrong, wrong):
        return
    q = put("q.json", {**Q, "lo": 0, "hi": 1, "against": "x", "differ": 0.5})
    out = subprocess.run([p("t"), XOR, XOR, q], capture_output=True, text=True).stdout
    check("nm_net_pair and a JSON question", out == "2 4\n0 0 \n", out)
    out = subprocess.run([p("t"), XOR, XOR, q, "one"], capture_output=True, text=True).stdout
    check("a question about two, asked of one", "2 0 " in out and '"against"' in out, out)


parts(vnnlib1, large, vnnlib2, same_as_flags, explicit, json_refusals, ranges, pairs, round_trips, library)
