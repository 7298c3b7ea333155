#!/usr/bin/env python3
"""--arithmetic float32, as users see it: what is said, in text, JSON and records; sums whose float32 value depends on their order,
where the reals give another answer; what is refused, by name; VNN-LIB's type float32. prop_float32.c has the mathematics."""
import gzip, json, os, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, m, p, parts, put, run
from tiny import box, dense, network, npy, relus

F32 = ["--arithmetic", "float32"]
# 2^24 + x - 2^24 for x in [1/2, 1]: float32 gives 0, 1, 2 or x, as the order of the sum decides
ORDER = network([3], [dense([[1, 1, -1], [0, 0, 0]], [0, 0])])
LO, HI = [2.0 ** 24, 0.5, 2.0 ** 24], [2.0 ** 24, 1, 2.0 ** 24]


def asked(net, query, *more):
    code, out, err = run("solve", put("n.json", net), query, "--json", *more)
    return code, json.loads(out) if out else err


def an_order():
    for t, real, deployed, orders in ((0.25, "holds", "violated", "plain"), (0.5, "violated", "violated", "plain"), (-0.5, "holds", "unknown", None),
                                      (-40, "holds", "holds", None), (40, "violated", "violated", "every")):
        q = put("q.vnnlib", box(LO, HI, 2, "(<= Y_0 %s)" % (t if t >= 0 else "(- %s)" % -t)))
        code, answer = asked(ORDER, q)
        check("real, Y_0 <= %g" % t, answer["verdict"] == real and "arithmetic" not in answer and "orders" not in answer.get("witness", {}), answer)
        code, answer = asked(ORDER, q, *F32)
        check("float32, Y_0 <= %g" % t, answer["verdict"] == deployed and answer["arithmetic"] == "float32" and
              answer.get("witness", {}).get("orders") == orders, answer)
    code, out, err = run("solve", p("n.json"), q, *F32)
    check("it is said", out.startswith("violated by") and ", in float32\n" in out and "in every order of float32 sums" in out, out)


def a_bound():
    """the loss of one sum of n products is of the size of n 2^-24, and not far more"""
    n = 100
    net = network([n], [dense([[1.0] * n, [0.0] * n], [0, 0])])
    for t, want in ((-n - 2e-3, "holds"), (-n - 1e-6, "unknown")):
        q = put("q.vnnlib", box([-1] * n, [1] * n, 2, "(<= Y_0 (- %r))" % -t))
        code, answer = asked(net, q, *F32)
        check("sum of %d terms <= %r" % (n, t), answer["verdict"] == want, answer)
        check("the reals hold", asked(net, q)[1]["verdict"] == "holds")


def refused():
    net = put("r.json", network([2], relus(([[1, -1], [0.5, 2]], [0, 1]), ([[1, 1], [0, 1]], [0, 0]))))
    q = put("r.vnnlib", box([-1, -1], [1, 1], 2, "(<= Y_0 (- 5))"))
    image = put("image.npy", npy([0.5, 0.25], shape=(1, 2)))
    smooth = put("s.json", network([2], [dense([[1, 2], [3, 4]], [0, 0]), {"op": "Softmax"}]))
    tiny = put("t.json", network([2], [dense([[1e-39, 2], [3, 4]], [0, 0])]))
    huge = put("h.json", network([2], [dense([[1e38, 2], [3, 4]], [0, 0])]))
    fixed = put("f.json", {**network([2], [dense([[1, 2], [3, 4]], [0, 0]), {"op": "Identity", "inputs": [], "value": [0.1], "name": "k"}]), "outputs": ["dense_0", "k"]})
    clip = put("c.json", network([2], [dense([[1, 2], [3, 4]], [0, 0]), {"op": "Clip", "min": 0.1, "max": 6}]))
    for name, args, code, needle in (
            ("values", ["solve", net, q, *F32, "--objective", "worst"], 4, "only decisions"),
            ("models", ["compile", net, q, *F32, "-o", p("x.mps")], 2, "not an option of netmip compile"),
            ("bounds from files", ["solve", net, q, *F32, "--known-bounds", put("b.csv", "case,block,unit,lo,hi,by\n0,1,0,-9,9,crown\n")], 4, "--known-bounds"),
            ("generators", ["solve", net, "--image", image, "--label", "0", "--perturb", "brightness:0.1", *F32], 4, "generators"),
            ("dumps", ["solve", net, q, *F32, "--dump", "program"], 4, "--dump"),
            ("other words", ["solve", net, q, "--arithmetic", "float16"], 2, "did you mean float32"),
            ("Softmax", ["solve", smooth, "--image", image, "--label", "0", "--perturb", "linf:0.1", *F32], 4, "Softmax"),
            ("small weights", ["solve", tiny, q, *F32], 4, "normal range"),
            ("overflow", ["solve", huge, q, *F32], 4, "may overflow"),
            ("a constant output", ["solve", fixed, put("q3.vnnlib", box([-1, -1], [1, 1], 3, "(<= Y_0 (- 5))")), *F32], 4, "is a constant"),
            ("ends of Clip", ["solve", clip, q, *F32], 4, "no float32 number")):
        got, out, err = run(*args)
        check("refused: " + name, got == code and out == "" and needle in err, (got, out, err))
    code, out, err = run("solve", net, q, *F32, "--proof", p("x.proof"))
    check("no certificate, and it says why", code == 0 and "certificates are about real numbers" in err and not os.path.exists(p("x.proof")), (code, err))


def a_type():
    """VNN-LIB's float32 asks for it; a dump of the question, too; what answers about the reals refuses it"""
    text = ("(vnnlib-version <2.0>)\n(declare-network f (declare-input X float32 [3]) (declare-output Y float32 [2]))\n"
            "(assert (and (== X[0] 16777216) (== X[2] 16777216) (<= 0.5 X[1] 1)))\n(assert (<= Y[0] %s))\n")
    net, q = put("n.json", ORDER), put("v2.vnnlib", text % 0.25)
    code, out, err = run("verify", q, "--network", net)
    check("verify", code == 0 and out.startswith("sat\n") and "Y float32 [2]\n0\n" in out, (code, out, err))
    code, out, err = run("verify", put("v3.vnnlib", (text % 0.25).replace("float32", "real")), "--network", net)
    check("verify over the reals", out == "unsat\n", out)
    code, out, err = run("solve", net, q, "--dump", "query", "--json")
    dumped = put("dumped.json", out)
    for query in (q, dumped):
        code, answer = asked(ORDER, query)
        check("solve " + os.path.basename(query), answer["verdict"] == "violated" and answer["arithmetic"] == "float32", answer)
        for args in (["compile", net, query, "-o", p("x.mps")], ["bounds", net, query], ["check", net, query, put("x.proof", "netmip proof 1\n")]):
            code, out, err = run(*args)
            check("refused: %s of %s" % (args[0], os.path.basename(query)), code == 4 and "about float32" in err, (code, out, err))
    code, out, err = run("solve", net, q, "--arithmetic", "real")
    check("a contradiction", code == 2 and "contradicts" in err, (code, err))


def a_campaign():
    images, labels = m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")
    ask = ["batch", m("digits-mlp.onnx"), "--images", images, "--labels", labels, "--perturb", "linf:0.02", "--range", "0:12", "--dir", p("camp"), "--quiet"]
    code, out, err = run(*ask, *F32)
    check("batch", code == 0, (code, err))
    said = [json.load(open(os.path.join(p("camp"), "records", f))) for f in sorted(os.listdir(p("camp/records")))]
    check("records name the arithmetic", len(said) == 12 and all(r["arithmetic"] == "float32" for r in said if r["verdict"] != "error"), said)
    code, out, err = run(*ask)
    check("another arithmetic is another campaign", code == 2, (code, out, err))


parts(an_order, a_bound, refused, a_type, a_campaign)
