"""Certificates of networks with maxima, which go on with maxima as ReLUs (the step `maxima`): those of the shipped network are accepted, over
boxes, balls and generators, with and without rounding; the step has its place; what was recorded for a true question never proves
a false one; and a question keeps its answer where no certificate can be written."""
import json, random, re, sys, os

sys.path.insert(1, sys.path[0] + "/../kit")

from kit import check, m, p, parts, put, run
from tiny import box, dense, network

rng = random.Random(int(os.environ.get("SEED", "1")))
COUNT = int(os.environ.get("COUNT", "24"))
IMAGES = ["--labels", m("digits-test-labels.idx1.gz"), "--image", m("digits-test-images.idx3.gz") + ":%d"]


def asked(image, perturb):
    return [m("digits-pool.onnx"), *IMAGES[:-1], IMAGES[-1] % image, "--perturb", perturb]


def proof_of(image, perturb):
    code, _, err = run("solve", *asked(image, perturb), "--proof", p("pool.proof"), "--quiet", "--no-split")
    check("image %d in %s has a certificate" % (image, perturb), code == 0 and os.path.exists(p("pool.proof")), err)
    with open(p("pool.proof")) as f:
        return f.read()


def shipped():
    for image, perturb in ((7, "linf:0.05"), (39, "linf:0.05"), (4, "l1:1"), (2, "l2:0.3"), (12, "blur:3x3")):
        text = proof_of(image, perturb)
        check("it has the step", text.count("\nmaxima\ncrown\n") == 1)
        code, out, err = run("check", *asked(image, perturb), p("pool.proof"))
        check("it is accepted", code == 0, out + err)
    code, out, err = run("check", "--exact", *asked(39, "linf:0.05"), put("pool.proof", proof_of(39, "linf:0.05")))
    check("it is accepted in exact arithmetic", code == 0, out + err)


def place():
    text = proof_of(39, "linf:0.05")
    for name, damaged in (("twice", text.replace("maxima\ncrown\n", "maxima\nmaxima\ncrown\n")),
                          ("in a target", re.sub(r"(\ntarget .*\n)", r"\1maxima\n", text)),
                          ("with a word", text.replace("maxima\n", "maxima 1\n")),
                          ("not at all", text.replace("maxima\ncrown\n", "")),
                          ("without its bounds", text.replace("maxima\ncrown\n", "maxima\n"))):
        code, out, err = run("check", *asked(39, "linf:0.05"), put("bad.proof", damaged))
        check("rejected: maxima %s" % name, code == 6 and "rejected: " in out + err, (code, out, err))
    net = random_network(False)
    code, out, err = run("solve", put("n.json", net), put("q.vnnlib", cut(-1e5)), "--proof", p("n.proof"))
    lines = open(p("n.proof")).read().replace("case 0\n", "case 0\nmaxima\n") if os.path.exists(p("n.proof")) else ""
    code, out, err = run("check", p("n.json"), p("q.vnnlib"), put("bad.proof", lines))
    check("rejected: a network without maxima", code == 6 and "maxima: " in out + err, (code, out, err))


def random_network(pools=True):
    """a random network: affine layers with ReLUs, then perhaps maxima of groups, an affine layer"""
    def some(n, k):
        return dense([[rng.randint(-48, 48) / 32 for _ in range(n)] for _ in range(k)], [rng.randint(-32, 32) / 32 for _ in range(k)])
    size, deep, layers, n = rng.choice((2, 3, 4)), rng.randint(0, 2) if pools else 2, [], 4
    for k in [6] * deep + [4 * size]:
        layers, n = layers + [some(n, k), {"op": "relu"}], k
    if pools:
        layers = layers[:len(layers) - rng.randint(0, 1)] + [
            {"op": "reshape", "shape": [1, 1, 4, size]},
            {"op": "maxpool", "kernel_shape": [1, size], "strides": [1, size], "pads": [0, 0, 0, 0]}, {"op": "flatten"}]
    return json.dumps(network([1, 4], layers + [some(4 if pools else n, 2)]))


def tree_below_signs(text):
    """whether a tree follows the steps of a branch: multipliers of its signs are 0 there, as the search did without them"""
    depth = found = 0
    for line in text.split("\n"):
        depth += line.startswith(("case ", "target ", "branch ")) - (line == "end")
        found += line.startswith("tree ") and depth > 2
    return found > 0


def holds(net, rhs):
    """whether y0 > rhs everywhere: solved with a certificate, if it can have one"""
    if os.path.exists(p("c.proof")):
        os.remove(p("c.proof"))
    code, out, err = run("solve", net, put("q.vnnlib", cut(rhs)), "--proof", p("c.proof"), "--quiet", "--no-split")
    check("answered, or a tie", code in (0, 10) or " is a tie " in out, (code, out, err))
    return code == 0


def false_claims():
    """the steps for a cutoff that no point reaches, for one that some point does"""
    with_step = tried = below = 0
    for k in range(COUNT):
        net, lo, hi = put("n.json", random_network(k % 3 > 0)), -400.0, 400.0
        check("ends that are far enough", holds(net, lo) and not holds(net, hi))
        while hi - lo > 1e-3:
            lo, hi = ((lo + hi) / 2, hi) if holds(net, (lo + hi) / 2) else (lo, (lo + hi) / 2)
        if not holds(net, lo) or not os.path.exists(p("c.proof")):
            continue
        text = open(p("c.proof")).read()
        with_step += "\nmaxima\n" in text
        below += tree_below_signs(text)
        code, out, err = run("check", net, p("q.vnnlib"), p("c.proof"))
        check("accepted where it is true", code == 0, (k, out, err))
        code, out, err = run("check", net, put("false.vnnlib", cut(hi)), p("c.proof"))
        hash_of = re.search(r'"question ([0-9a-f]+)" was expected', out + err).group(1)
        forged = put("forged.proof", re.sub(r"question [0-9a-f]+", "question " + hash_of, text))
        code, out, err = run("check", net, p("false.vnnlib"), forged)
        check("rejected where it is false", code == 6 and "is only known" in out + err, (k, out, err))
        tried += 1
    check("the test is not blunt", with_step > COUNT // 4 and tried > COUNT // 2 and below > 0, (with_step, tried, below))


def cut(rhs):
    """a counterexample has y0 <= rhs"""
    return box([0.0] * 4, [1.0] * 4, 2, "(<= Y_0 %.17g)" % rhs)


def unproved():
    code, out, err = run("solve", *asked(7, "linf:0.06"), "--proof", p("none.proof"))
    check("holds, though hull lines have no words", code == 0 and out.startswith("holds"), (code, out))
    check("and says what is unproved", "no certificate is written" in err and "unproved" in err and not os.path.exists(p("none.proof")), err)


parts(shipped, place, false_claims, unproved)
