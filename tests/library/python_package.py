#!/usr/bin/env python3
"""The Python package: it declares what the header declares; its answers are the command's and its values those of formulas; HiGHS's
answers to its models are judged; errors carry the library's words; control-C ends a question."""
import base64, gzip, json, os, pickle, re, shutil, signal, struct, subprocess, sys, threading, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, ROOT, SCRIPTS, check, done, m, needs, p, parts, put, run, skip, text_of

needs("numpy")
LIBRARY = os.path.join(os.path.dirname(NETMIP), "libnetmip.so.0")
if os.environ.get("SAN"):
    skip("Python does not load a library with sanitizers")
    done()
os.environ["NETMIP_LIBRARY"] = LIBRARY
sys.path.insert(0, os.path.join(SCRIPTS, "python"))
from copy import deepcopy
from html.parser import HTMLParser

import numpy as np

import netmip
from netmip import _library

XOR, DIGITS, IMAGES = m("tiny-xor.onnx"), m("digits-mlp.onnx"), m("digits-test-images.idx3.gz")


def xor(a, b):
    """Y_0 - Y_1 of tiny-xor"""
    return 0.75 - 2 * abs(a - b) + 0.25 * max(0, a + b - 1)


def images():
    with gzip.open(IMAGES) as f:
        return np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28) / 255


def command(*args):
    code, out, err = run(*args, "--json", "--quiet")
    return json.loads(out) if out else {"error": err}


def refused(name, kind, code, words, f):
    try:
        f()
        check(name, False, "it was taken")
    except kind as e:
        check(name, words in str(e) and (code is None or (e.code == code and e.message == str(e))), repr(e))


def declared():
    text = re.sub(r"/\*.*?\*/", "", text_of(os.path.join(ROOT, "include/netmip.h")), flags=re.S)
    text = re.sub(r"enum \{.*?\};", "", re.sub(r"^#.*$", "", text, flags=re.M), flags=re.S)
    lines = [" ".join(d.split()) for d in text.split(";")]
    want = [l for l in lines if re.match(r"[a-z].*nm_\w+\(", l) and not l.startswith("typedef")]
    check("the header's prototypes", want == _library.PROTOTYPES.strip().splitlines(), set(want) ^ set(_library.PROTOTYPES.strip().splitlines()))
    check("the library's version", netmip.__version__ == run("--version")[1].strip())


def networks():
    net = netmip.Network(XOR)
    check("sizes", (net.input_shape, net.inputs, net.outputs, net.file_outputs) == ((1, 2), 2, 2, 2), net)
    for x in ([0.4, 0.3], (0.9, 0.8), np.array([[0.25, 0.75]], np.float32)):
        y = net(x)
        check("%s: its shape" % (x,), y.shape == net.scores(x).shape == net.rounding(x).shape == np.shape(x)[:-1] + (2,), y)
        y = y.ravel()
        check("%s: the margin" % (x,), abs(y[0] - y[1] - xor(*np.ravel(x))) < 1e-7 and (net.scores(x) == y).all() and (net.rounding(x) < 1e-12).all(), y)
    batch = np.random.default_rng(1).random((7, 2))
    check("a batch", net(batch).shape == (7, 2) and all((net(b) == y).all() for b, y in zip(batch, net(batch))))
    for n in (0, 1, 3):
        rows = np.full((n, 2), 0.25)
        check("a batch of %d keeps its axis" % n, net(rows).shape == net.scores(rows).shape == net.rounding(rows).shape == net(rows, np.float32).shape == (n, 2))
    y = net([0.4, 0.3], np.float32)
    check("float32", y.dtype == np.float32 and y[0] == np.float32(y[0]), y)
    with open(XOR, "rb") as f:
        data = f.read()
    for source in (data, gzip.compress(data), __import__("pathlib").Path(XOR)):
        check("the same network from %s" % type(source).__name__, (netmip.Network(source)([0.4, 0.3]) == net([0.4, 0.3])).all())
    net.save(p("again.json"))
    check("saved and read", (netmip.Network(p("again.json"))([0.4, 0.3]) == net([0.4, 0.3])).all())
    both = netmip.Network.pair(net, netmip.Network(data))
    check("a pair", both.outputs == 4 and (both.scores([0.4, 0.3])[:2] == both.scores([0.4, 0.3])[2:]).all())
    check("preprocessing", (netmip.Network(XOR, mean=0, std=2)([0.8, 0.6]) == net([0.4, 0.3])).all())
    refused("a file that is not there", netmip.FileError, 5, "none.onnx: No such file", lambda: netmip.Network("none.onnx"))
    refused("bytes that are no network", netmip.InputError, 3, "cut", lambda: netmip.Network(data[:80], name="cut"))
    refused("an input of another size", ValueError, None, "the network has 2 inputs", lambda: net([1, 2, 3]))
    grey = lambda layers: netmip.Network(json.dumps({"netmip": "network", "version": 1, "input": {"name": "x", "shape": [1, 3, 4, 2]}, "layers": layers}).encode())
    image = grey([{"op": "flatten"}, {"op": "dense", "weight": [[1] * 24], "bias": [0]}])
    x = np.arange(24.0).reshape(3, 4, 2) / 24
    check("channels first, flat, with a batch's axis", image(x) == image(x.ravel()) == image(x[None]) and image(np.stack([x, x])).shape == (2, 1))
    check("an axis of one in front", [image(a).shape for a in (x, x.ravel(), x[None], x.ravel()[None])] == [(1,), (1,), (1, 1), (1, 1)])
    mnist = netmip.Network(m("digits-conv.onnx"))
    one = images()[0]
    for shape, want in (((28, 28), (10,)), ((784,), (10,)), ((1, 28, 28), (10,)), ((1, 1, 28, 28), (1, 10)), ((1, 784), (1, 10)), ((1, 28, 28, 1), (1, 10))):
        b = mnist.bounds(one.reshape(shape), linf=1e-5, bounds="interval")
        check("%s: outputs and their bounds" % (shape,), mnist(one.reshape(shape)).shape == b.lo.shape == b.hi.shape == want and (b.lo <= mnist.scores(one)).all(), b.lo.shape)
    refused("a batch in place of an image", netmip.UseError, 2, "a batch of 3 inputs; one was expected, and Network.batch", lambda: mnist.solve(images()[:3], linf=0.1))
    for name, bad in (("channels last", x.transpose(1, 2, 0)), ("rows for columns", x.transpose(0, 2, 1)), ("a batch of channels last", np.stack([x, x]).transpose(0, 2, 3, 1))):
        refused(name, ValueError, None, "axes in that order", lambda: image(bad))
    refused("a question about channels last", ValueError, None, "axes in that order", lambda: image.question(x.transpose(1, 2, 0), linf=0.1))
    for ask in (lambda: image(np.zeros((3, 4, 2), np.uint8)), lambda: image.solve(np.zeros((3, 4, 2), np.uint8), linf=0.1)):
        refused("bytes", TypeError, None, "an array of bytes: floats were expected", ask)
    for copy in (pickle.dumps, deepcopy):
        for thing in (net, net.question([0.4, 0.3], linf=0.1)):
            refused("no copies of pointers", TypeError, None, "cannot be pickled or copied", lambda: copy(thing))
    big = {"op": "dense", "weight": [[1e308, -1e308], [1, 1]], "bias": [0, 0]}
    layers = lambda *more: json.dumps({"netmip": "network", "version": 1, "input": {"name": "x", "shape": [1, 1, 1, 2]}, "layers":
                                       [{"op": "flatten"}, big, *more, {"op": "dense", "weight": [[1, 1]], "bias": [0]}]}).encode()
    overflow = netmip.Network(layers({"op": "relu"}))
    check("sums that overflow are no numbers", np.isnan(overflow([10, 10])).all() and not np.isfinite(overflow.rounding([10, 10])).any(), overflow([10, 10]))
    refused("a NAN", netmip.UseError, 2, "input 0 is not finite", lambda: net([float("nan"), 0]))


def onnx_and_torch():
    try:
        import onnx

        from onnx import TensorProto as T, helper as h, numpy_helper as nh

        weights = [nh.from_array(np.array(w), n) for n, w in (("W", [[1e308, 1.0], [-1e308, 1.0]]), ("V", [[1.0, 1.0], [1.0, 1.0]]))]
        nodes = [h.make_node("MatMul", ["x", "W"], ["a"]), h.make_node("MatMul", ["x", "V"], ["b"])]
        for last in ([h.make_node("Max", ["b", "a"], ["y"])], [h.make_node("Concat", ["b", "a"], ["c"], axis=1), h.make_node("ReduceMax", ["c"], ["y"], axes=[1])]):
            graph = h.make_graph(nodes + last, "g", [h.make_tensor_value_info("x", T.DOUBLE, [1, 2])], [h.make_tensor_value_info("y", T.DOUBLE, None)], weights)
            net = netmip.Network(h.make_model(graph, opset_imports=[h.make_opsetid("", 13)]))
            check("%s: an operand that overflows leaves no finite error" % last[-1].op_type, not np.isfinite(net.rounding([10, 10])).all()
                  and np.isfinite(net.rounding([1, 1])).all(), net.rounding([10, 10]))
        check("an onnx model", (netmip.Network(onnx.load(XOR))([0.4, 0.3]) == netmip.Network(XOR)([0.4, 0.3])).all())
    except ImportError:
        skip("no onnx")
    try:
        import torch
    except ImportError:
        return skip("no torch")
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Dropout(0.5), torch.nn.Linear(72, 3))
    x = torch.rand(1, 1, 8, 8)
    for net in (netmip.Network(module, example=x), netmip.Network(module, input_shape=(1, 1, 8, 8))):
        check("the module goes on training", module.training and module[3].training)
        want = module.eval()(x).detach().numpy().ravel()
        module.train()
        check("a torch module", np.abs(net(x) - want).max() < 1e-5 and net.input_shape == (1, 1, 8, 8), (net(x), want))
    check("asked with a tensor", net.solve(x, linf=1e-4).holds)
    refused("a module without a shape", TypeError, None, "example, an input", lambda: netmip.Network(module))
    for example in (x.numpy(), x.numpy().astype(float), x.tolist()):
        check("an example that is a %s" % type(example).__name__, np.abs(netmip.Network(module, example=example)(x) - want).max() < 1e-5)
    for ask, words in (({"example": x, "input_shape": (1, 1, 8, 8)}, "not both"), ({"input_shape": 64}, "input_shape=64: whole numbers of 1 or more"),
                       ({"input_shape": (1, 1, 0, 8)}, "whole numbers of 1 or more"), ({"input_shape": (1, 1, 8.5, 8)}, "whole numbers"),
                       ({"input_shape": "1,1,8,8"}, "whole numbers"), ({"example": "x"}, "example: an array of numbers was expected, not 'x'"),
                       ({"input_shape": (1, 3, 8, 8)}, "does not export for an input of shape (1, 3, 8, 8)")):
        refused("%s" % (ask,), netmip.UseError, 2, words, lambda: netmip.Network(module, **ask))


def questions():
    """the command says the same"""
    net, x = netmip.Network(DIGITS), images()
    for i, ask in ((3, {"linf": 0.05}), (3, {"linf": 0.12}), (7, {"linf": 0.04, "objective": "worst", "target": [1, 2]}), (1, {"perturb": "l1:1.5"}),
                   (3, {"perturb": "free", "objective": "closest:linf"}), (2, {"linf": 0.02, "objective": "range:Y_0-Y_1"})):
        ask = {"time_limit": 60, **ask}
        flags = [w for k, v in ask.items() for w in ("--perturb" if k in ("linf", "perturb") else "--" + k.replace("_", "-"),
                                                     "linf:%r" % v if k == "linf" else ",".join(map(str, v)) if isinstance(v, list) else str(v))]
        told, r = command("solve", DIGITS, "--image", "%s:%d" % (IMAGES, i), *flags), net.solve(x[i], **ask)
        name = "image %d, %s" % (i, ask)
        # the command's image has one more axis, which says how it is drawn and nothing else
        same = {k: v for k, v in r.json.items() if k not in ("cpu_seconds",)}
        check(name, same == {k: v for k, v in told.items() if k not in ("cpu_seconds",)}, (same, told))
        check(name + ": fields", r.verdict == told["verdict"] and r.label == told.get("label", r.label) and r.predicted == told.get("predicted", r.predicted) and r.certified == told.get("certified", r.certified), r)
        witness = told.get("witness")
        if witness and r.violated:
            check(name + ": the witness", r.witness.shape == (28, 28) and net.scores(r.witness).argmax() != r.label or r.margin <= 0, r)
            check(name + ": margin and distance", r.margin == witness["margin64"] and r.distance["linf"] == witness["distance"]["linf"], (r, witness))
            check(name + ": its distance", abs(np.abs(r.witness - x[i]).max() - r.distance["linf"]) < 1e-12)
        for k in ("value", "bound"):
            if r.value is not None and k in told.get("objective", {}):
                check(name + ": " + k, getattr(r, k) == told["objective"][k], (r, told))
        if "range" in str(ask):
            check(name + ": ends", r.least.bound <= r.least.value <= r.most.value <= r.most.bound and r.least.point is not None, (r.least, r.most))
    file = net.solve(image=IMAGES + ":3", labels=m("digits-test-labels.idx1.gz") + ":3", linf=0.05)
    check("an image from a file", file.holds and file.label == 6, repr(file))
    tiny = netmip.Network(XOR)
    r = tiny.solve(m("tiny-xor.vnnlib"))
    check("VNN-LIB", r.violated and r.json["verdict"] == command("solve", XOR, m("tiny-xor.vnnlib"))["verdict"])
    q = tiny.question([0.4, 0.3], linf=0.13)
    again = tiny.question(put("q.json", q.text))
    check("a question again", tiny.solve(q).holds and tiny.solve(again).holds and q.json == again.json)
    check("the exact distance", abs(tiny.solve([0.4, 0.3], perturb="free", objective="closest:linf").value - 0.1375) < 1e-6)


def bounds():
    net, x = netmip.Network(m("digits-mlp3.onnx")), images()[2]
    told = command("bounds", m("digits-mlp3.onnx"), "--image", IMAGES + ":2", "--perturb", "linf:0.03", "-o", p("b.json"))
    with open(p("b.json")) as f:
        want = json.load(f)["cases"][0]["blocks"]
    b = net.bounds(x, linf=0.03)
    check("unstable units", [(i, len(l), l.unstable) for i, l in enumerate(b.layers) if l.kind == "relu"] ==
          [(l["block"], l["units"], l["unstable"]) for l in told["cases"][0]["layers"]], b)
    for w, l in zip(want, b.layers):  # the library also bounds outputs, as rows, and pays their rounding: ends may differ by that
        check("block %d: its ends" % w["block"], l.kind == w["kind"] and np.abs(l.lo - w["lo"]).max() < 1e-12 and np.abs(l.hi - w["hi"]).max() < 1e-12)
    check("every block", len(b.layers) == len(want) - 1 and want[-1]["kind"] == "affine", (len(b.layers), len(want)))  # the last one is the question's
    rng = np.random.default_rng(3)
    y = net(np.clip(x + rng.uniform(-0.03, 0.03, (50, 28, 28)), 0, 1))
    check("outputs of points are between", (y >= b.lo).all() and (y <= b.hi).all())
    check("shown", "unstable" in repr(b) and "<table>" in b._repr_html_())


def models():
    try:
        from scipy.optimize import milp
    except ImportError:
        return skip("no scipy")
    tiny = netmip.Network(XOR)
    for far, verdict in ((0.13, None), (0.25, "violated")):
        ms = tiny.compile([0.4, 0.3], linf=far, objective="worst", encoding="bigm", always_write=True, dialect="highs")
        worst = min(xor(0.4 + a, 0.3 + b) for a in (-far, far) for b in (-far, far))
        answers = [milp(**k.to_scipy()) for k in ms]
        r = ms.decode(answers)
        check("%g: the worst margin" % far, len(ms) == 1 and abs(r.value - worst) < 1e-6 and abs(ms[0].measure(answers[0].fun) - worst) < 1e-5, r)
        check("%g: on whose word" % far, r.solver == "highs" and not r.certified and (not verdict or r.verdict == verdict), r)
        k = ms[0]
        by_name = k.decode(dict(zip(k.column_names, answers[0].x)))
        check("%g: values by name" % far, by_name.margin == k.decode(answers[0].x).margin and abs(by_name.margin - worst) < 1e-6, by_name)
        check("%g: all at once" % far, abs(ms.solve().value - worst) < 1e-6)
        check("%g: without an answer" % far, ms.decode([None]).verdict == ("unknown" if verdict else "holds"))  # the nearer one is closed by bounds
        refused("%g: an answer too many" % far, ValueError, None, "2 answers to 1 models", lambda: ms.decode([None, None]))
        refused("%g: a point of another length" % far, netmip.UseError, 2, "1 values; the model has", lambda: k.decode([1.0]))
    k = ms[0]
    check("a model in the place of a map", netmip.decode(k, answers[0]).margin == k.decode(answers[0]).margin and netmip.decode(ms, answers[0]).value == r.value
          and netmip.decode(ms, answers).value == r.value)
    for name, words, f in (("no answer", "an answer: what milp returned, an array of values, a dict of them by name, or a solver's file was expected, not None; Models.decode", lambda: k.decode(None)),
                           ("two answers", "2 answers to one model", lambda: netmip.decode(k, [1], [2])),
                           ("a network beside a model", "net: only of maps", lambda: netmip.decode(k, answers[0], net=tiny)),
                           ("an answer for a list", "a list of answers, one for each of 1 models", lambda: ms.decode(answers[0])),
                           ("a result without models", "a result with 0 maps", lambda: netmip.decode(r, "x.sol"))):
        refused(name, netmip.UseError, 2, words, f)
    refused("a file that is not there", netmip.FileError, 5, "none.sol: No such file", lambda: k.decode("none.sol"))
    lines = "".join("%s %.17g\n" % v for v in zip(k.column_names, answers[0].x))
    by_file = netmip.decode(k, put("k.sol", "=obj= %.17g\n" % answers[0].fun + lines))
    check("a model and a solver's file", by_file.margin == k.decode(answers[0]).margin and by_file.violated, by_file)
    check("models and files", netmip.decode(ms, p("k.sol")).violated)
    mark = next(n for n in k.column_names if n.startswith("mark"))
    refused("another model's file", netmip.AuditError, 6, "mark", lambda: k.decode(put("other.sol", "=obj= 0\n" + lines.replace(mark, "mark_0000"))))
    refused("an infeasible file that could be any model's", netmip.AuditError, 6, "names no column", lambda: k.decode(put("inf.sol", "=infeas=\n")))
    began = time.time()
    slow = ms.solve()
    check("all of its time", answers[0].mip_node_count is not None and 0 < slow.seconds <= time.time() - began and slow.seconds > 20 * ms.decode(answers).seconds, slow.seconds)
    many = tiny.compile_files(p("y.mps"), [0.4, 0.3], linf=0.25, split=1)
    check("a manifest is told last", many.files[-1] == p("y.manifest.json") and len(many.files) == 5 and all(map(os.path.exists, many.files)), many.files)
    held = tiny.compile_files(p("y.mps"), [0.4, 0.3], linf=0.01)
    check("an older manifest goes", held.files == [] and not os.path.exists(p("y.manifest.json")), held.files)
    holds = tiny.compile([0.4, 0.3], linf=0.13, encoding="bigm", always_write=True, dialect="highs")
    r = holds.solve()
    check("infeasible is the solver's word", not r.certified and r.solver == "highs" and r.verdict == "holds", repr(r))
    net, x = netmip.Network(DIGITS), images()[3]
    ms = net.compile(x, linf=0.085, label=6, encoding="bigm", dialect="highs", target=[0, 8])
    both = net.solve(x, linf=0.085, label=6, target=[0, 8], time_limit=60)
    check("the digits", len(ms) == 0 or ms.solve(time_limit=60).verdict in (both.verdict, "unknown"), (ms, both))
    check("the targets that bounds close", len(ms.result.targets) == 2)
    for ask, member in (({"linf": 0.25, "encoding": "indicator"}, "when"), ({"linf": 0.25, "encoding": "sos1"}, "sos1"), ({"perturb": "free", "objective": "closest:l2"}, "products")):
        k = tiny.compile([0.4, 0.3], **ask)[0]
        check("%s is there to be seen" % member, len(getattr(k, member)) > 0)
        refused("%s is not for milp" % member, netmip.UnsupportedError, 4, "encoding bigm or hull", k.to_scipy)
    r = tiny.compile_files(p("x.mps"), [0.4, 0.3], linf=0.25, dialect="cbc")
    check("files", r.files == [p("x.mps"), p("x.map.json")] and all(map(os.path.exists, r.files)), r.files)
    if shutil.which("cbc"):
        subprocess.run(["cbc", p("x.mps"), "solve", "solu", p("x.sol")], capture_output=True)
        for name, d in (("by a map", netmip.decode(p("x.map.json"), p("x.sol"), net=tiny)), ("by a map alone", netmip.decode(p("x.map.json"), p("x.sol"))),
                        ("by what compile_files returned", netmip.decode(r, p("x.sol")))):
            check("decoded " + name, d.violated and d.witness.size == 2 and abs(np.abs(d.witness.ravel() - [0.4, 0.3]).max() - 0.25) < 1e-5, (d, d.witness))
    else:
        skip("no cbc")


def embedded():
    """a network in a model of scipy's, against the best of a grid that holds the optimum"""
    try:
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_matrix
    except ImportError:
        return skip("no scipy")
    net = netmip.Network(XOR)
    # columns a, b, y0, y1, k: least y0 - y1 + k/4 with a + b <= 1.25 and k an integer that is at least 4 a - 1
    rows = [LinearConstraint(csr_matrix([[1, 1, 0, 0, 0.0]]), -np.inf, 1.25), LinearConstraint([[-4, 0, 0, 0, 1], [0, 1, 0, 0, 0]], [-1, 0], [np.inf, 0.75])]
    ends = Bounds([0, 0, -np.inf, -np.inf, 0], [1, 1, np.inf, np.inf, 9])
    grid = np.arange(0, 1.0001, 1 / 64)
    best = min(xor(a, b) + max(0, np.ceil(4 * a - 1)) / 4 for a in grid for b in grid if a + b <= 1.25 and b <= 0.75)
    for options in ({}, {"encoding": "partition:2"}, {"level": "interval"}):
        e = net.embed([0, 0, 1, -1, 0.25], inputs=[0, 1], outputs=[2, 3], constraints=rows, bounds=ends, integrality=[0, 0, 0, 0, 1], **options)
        r = milp(**e.to_scipy(), options={"mip_rel_gap": 0})
        x = e.decode(r)
        check("%s: the best point" % options, abs(r.fun - best) < 1e-6 and len(x) == 5 and abs(xor(*x[:2]) - (x[2] - x[3])) < 1e-5, (r.fun, best, x))
    check("columns", e.own == 5 and e.column_names[:5] == ["x%d" % j for j in range(5)] and e.integer[4] == 1, e)
    moved = r.x.copy()
    moved[2] += 0.01
    refused("a point that is no evaluation", netmip.AuditError, 6, "column 2 is", lambda: e.decode(moved))
    check("in the place of a map", (netmip.decode(e, r) == e.decode(r)).all())
    refused("None for an answer", netmip.UseError, 2, "what milp returned", lambda: e.decode(None))
    # the same by files: a map of an embedding, and a solution by names
    text = "\n".join(["Minimize", " obj: y - z + 0.25 k", "Subject To", " r: a + b + y + z <= 9", "Bounds", " 0 <= a <= 1", " 0 <= b <= 1", " y free", " z free", "End", ""])
    code, out, err = run("embed", XOR, "--into", put("mine.lp", text), "--inputs", "a,b", "--outputs", "y,z", "-o", p("emb.mps"))
    values = dict(zip("ab", (0.25, 0.75)), **dict(zip("yz", net([0.25, 0.75]))))
    for off in (0, 0.5):
        lines = "".join("%s %.17g\n" % (n, values[n] + off * (n == "y")) for n in values)
        ask = lambda: netmip.decode(p("emb.map.json"), put("emb.sol", "=obj= 0\n" + lines), net=net)
        if off:
            refused("an embedding's solution that is off", netmip.AuditError, 6, "column y is off", ask)
        else:
            d = ask()
            check("an embedding's map", code == 0 and d.holds and (d.point.ravel() == [0.25, 0.75]).all() and d.witness is None and "differ by" in str(d), (code, err, d))
    ask = dict(inputs=[0, 1], outputs=[2, None])
    refused("an input without ends", netmip.UnsupportedError, 4, "no finite", lambda: net.embed([1, 1, 1], **ask))
    refused("a column that is not there", ValueError, None, "column 2; the model has 2", lambda: net.embed([1, 1], **ask))
    refused("half a column", TypeError, None, "column 0.9: an integer", lambda: net.embed([1, 1, 1], inputs=[0.9, 1], outputs=[2, None]))
    refused("an input too few", netmip.UseError, 2, "the network has 2 inputs", lambda: net.embed([1, 1, 1], inputs=[0], outputs=[2, None]))
    refused("no such option", netmip.UseError, 2, "colour", lambda: net.embed([1, 1, 1], colour=1, bounds=(0, 1), **ask))
    refused("semi-continuous", ValueError, None, "0 or 1", lambda: net.embed([1, 1, 1], integrality=2, bounds=(0, 1), **ask))


def batches():
    net, x = netmip.Network(m("digits-mlp3.onnx")), images()[:12]
    labels = [int(net(i).argmax()) for i in x]
    labels[4] = 99
    alone = [net.solve(i, label=k, linf=0.02).verdict if k < 99 else None for i, k in zip(x, labels)]
    for workers in (1, 3):
        some = list(net.batch(x, labels, workers=workers, linf=0.02, errors="yield", progress=False))
        check("%d workers: in their order" % workers, [None if isinstance(r, netmip.Error) else r.verdict for r in some] == alone, some)
        check("%d workers: the error" % workers, isinstance(some[4], netmip.InputError) and str(some[4]).startswith("image 4: label 99") and some[4].index == 4, some[4])
    mixed = list(net.batch([x[0], x[1].T[:20], None, x[1]], linf=0.001, errors="yield", progress=False))
    check("images that cannot be asked about", [getattr(r, "verdict", str(r)[:8]) for r in mixed] == ["holds", "image 1:", "image 2:", "holds"], mixed)
    refused("it is raised", netmip.Error, None, "image 4: label 99", lambda: list(net.batch(x, labels, linf=0.02)))
    refused("labels that are too few", ValueError, None, "not as many labels as images: image 3 has no label", lambda: list(net.batch(x, labels[:3], linf=0.02)))
    first = next(iter(net.batch(iter(x), linf=0.02)))
    check("an iterator that is left", first.verdict in ("holds", "violated"))


def shown():
    net, x = netmip.Network(DIGITS), images()[3]
    r = net.solve(x, linf=0.12)
    check("a picture", r._repr_png_()[:4] == b"\x89PNG" and "<img" in r._repr_html_() and "violated" in r._repr_html_())
    png, html = r._repr_png_(), r._repr_html_()
    sides = struct.unpack(">II", png[16:24])
    check("three pictures side by side, whole", png.endswith(b"IEND\xaeB`\x82") and sides[0] > 2.5 * sides[1] > 200 and png == r.picture(), sides)
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)
    parser.handle_endtag = lambda tag: tags.append("/" + tag)
    parser.feed(html)
    check("a table for a notebook", all(tags.count(t) == tags.count("/" + t) > 0 for t in ("table", "tr", "th", "td")) and tags.count("img") == 1, tags)
    inside = base64.b64decode(re.search(r"data:image/png;base64,([^']+)'", html).group(1))
    check("the same picture in it", inside == png and "<td>%s</td>" % r.label in html and "LINF distance" in html, html[:300])
    check("text", str(r).startswith("violated") and repr(r).startswith("<violated"))
    flat = netmip.Network(XOR).solve([0.4, 0.3], linf=0.2)
    check("no picture", flat._repr_png_() is None and "<img" not in flat._repr_html_())
    refused("no truth value", TypeError, None, "ask .holds", lambda: bool(r))
    del net, x
    check("the picture lives on", r._repr_png_() is not None)


def refusals():
    net = netmip.Network(XOR)
    for ask, words in (({"linf": -1}, "radius of 0 or more"), ({"linf": 0.1, "time_limit": "x"}, "time_limit=x: a number"), ({"linf": 0.1, "mps": "free"}, "mps: not an option of solve; only of compile_files"),
                       ({"linf": 0.1, "colour": 1}, "colour: not an option of solve"), ({"linf": 0.1, "label": 7}, "7"), ({}, "perturb")):
        refused("%s" % ask, netmip.Error, None, words, lambda: net.solve([0.4, 0.3], **ask))
    refused("an option after the question", ValueError, None, "linf: an option of the question", lambda: net.solve(net.question([0.4, 0.3], linf=0.1), linf=0.2))
    refused("another network's question", ValueError, None, "another network", lambda: net.solve(netmip.Network(XOR).question([0.4, 0.3], linf=0.1)))
    refused("not an option of a question", TypeError, None, "seed", lambda: net.question([0.4, 0.3], linf=0.1, seed=1))


def interrupt():
    """a question that takes minutes ends at control-C, and the process goes on"""
    net, x = netmip.Network(m("digits-conv.onnx")), images()[4]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it starts in the background
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.time()
    try:
        r = net.solve(x, perturb="free", objective="closest:l1", time_limit=60)
        check("it took longer than the signal", False, repr(r))
    except KeyboardInterrupt:
        check("it ends soon", 1 < time.time() - began < 20, time.time() - began)
    check("and works on", netmip.Network(XOR).solve([0.4, 0.3], linf=0.13).holds)
    check("in another thread", [t for t in [[]] for w in [threading.Thread(target=lambda: t.append(net.solve(x, linf=0.001).verdict))] if [w.start(), w.join()]][0] == ["holds"])


def example():
    r = subprocess.run([sys.executable, os.path.join(SCRIPTS, "python", "example.py")], capture_output=True, text=True, env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
    check("example.py", r.returncode == 0 and "violated by" in r.stdout and "no counterexample within 0.0994" in r.stdout, r)
    if "scipy" in sys.modules or not r.stdout.endswith("highs\n"):
        check("its last cell", "worst margin -0.4500 on the word of highs" in r.stdout, r.stdout)


parts(declared, networks, onnx_and_torch, questions, bounds, models, embedded, batches, shown, refusals, interrupt, example)
