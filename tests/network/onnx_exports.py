#!/usr/bin/env python3
"""Graphs as exporters leave them: products that broadcast batches, resizing by sizes, functions of constants, second
outputs and nodes that nobody reads, no-ops behind a Softmax or ArgMax, ends of Clip that are none. Evaluation against
numpy written here, questions on top of it, and each converted to JSON and ONNX and evaluated again, to the same bits."""
import json, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, needs, p, parts, run

needs("numpy", "onnx")
import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh

rng = np.random.default_rng(3)
N = h.make_node


def save(name, nodes, x, consts=None, outputs=("y",), opset=13, kind=T.FLOAT):
    g = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", kind, list(x.shape))], [h.make_empty_tensor_value_info(o) for o in outputs],
                     [nh.from_array(np.asarray(v), k) for k, v in (consts or {}).items()])
    path = p(name + ".onnx")
    onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", opset)]), path)
    return path


def values(path, x):
    np.save(p("x.npy"), x.astype(np.float64))
    code, out, err = run("eval", path, "--image", p("x.npy"), "--json")
    return np.array(json.loads(out)["outputs"]["float64"]) if code == 0 else err


def same(name, nodes, x, want, consts=None, **kw):
    x, want = np.asarray(x, np.float32), np.asarray(want, float).ravel()
    path = save(name, nodes, x, consts, **kw)
    got = values(path, x)
    if not check(name, not isinstance(got, str) and got.shape == want.shape and np.allclose(got, want, rtol=1e-6, atol=1e-6), (got, want)):
        return
    for suffix in (".json", ".onnx"):
        again = p("again" + suffix)
        code, out, err = run("convert", path, "-o", again)
        check(name, code == 0 and np.array_equal(values(again, x), got), (suffix, err, values(again, x) if code == 0 else "", got))


def refuse(name, needle, *args, **kw):
    path = save(name, *args, **kw)
    code, out, err = run("inspect", path)
    check(name, code == 4 and needle in err, (code, err))


def products():
    for a, b in (((1, 1, 2, 2), (3, 2, 2)), ((2, 1, 1, 1), (1, 2, 1, 1)), ((1, 3, 2, 4), (3, 1, 4, 2)), ((1, 3, 8, 8), (3, 8, 2)), ((3, 2), (4, 2, 5)),
                 ((2, 1, 3, 2), (3, 2, 1)), ((2,), (3, 2, 4)), ((5, 1, 2), (2,)), ((4, 1, 2, 3), (4, 2, 3, 1))):
        for left in (True, False):  # which factor varies
            x, w = np.round(rng.normal(size=a if left else b), 2), np.round(rng.normal(size=b if left else a), 2).astype(np.float32)
            want = x.astype(np.float32) @ w if left else w @ x.astype(np.float32)
            same("matmul", [N("MatMul", ["x", "w"] if left else ["w", "x"], ["y"])], x, want, {"w": w})
    x, w = np.arange(1, 5.).reshape(1, 1, 2, 2), np.array([np.eye(2), 10 * np.eye(2)], np.float32)
    path = save("sum", [N("MatMul", ["x", "w"], ["z"]), N("ReduceSum", ["z", "axes"], ["y"])], x, {"w": w, "axes": np.array([1])})
    with open(p("q.vnnlib"), "w") as f:
        for i in range(4):
            f.write("(declare-const X_%d Real)(declare-const Y_%d Real)(assert (= X_%d %d))\n" % (i, i, i, i + 1))
        f.write("(assert (>= Y_0 10))\n")
    check("a question about a product that broadcasts", run("solve", path, f.name, "--quiet")[0] == 10)


def constants():
    w = np.round(rng.normal(size=(3, 4)), 3).astype(np.float32)
    x = rng.normal(size=(1, 4)).round(2)
    norm = np.sqrt((w.astype(float) ** 2).sum(axis=1, keepdims=True))
    same("weight norm", [N("ReduceL2", ["w"], ["n"], axes=[1]), N("Div", ["w", "n"], ["u"]), N("Gemm", ["x", "u"], ["y"], transB=1)], x, x.astype(np.float32) @ (w / norm).T, {"w": w})
    for op, arrays, value in (("Sqrt", [4.0], 2), ("Reciprocal", [4.0], .25), ("Pow", [3.0, 2.0], 9), ("Pow", [4.0, -.5], .5), ("Pow", [2.0, 3.0], 8), ("ReduceProd", [[2.0, 3.5]], 7),
                              ("ReduceSumSquare", [[1.0, 3.0]], 10), ("ReduceL2", [[3.0, 4.0]], 5)):
        names = ["a", "b"][:len(arrays)]
        same(op, [N(op, names, ["c"]), N("Mul", ["x", "c"], ["y"])], x, x.astype(np.float32) * value, {k: np.asarray(v, np.float32) for k, v in zip(names, arrays)})
    for a, b, fmod in ((7, 3, 0), (-7, 3, 0), (7, -3, 0), (-7, 3, 1)):
        same("mod", [N("Mod", ["a", "b"], ["i"], fmod=fmod), N("Cast", ["i"], ["c"], to=T.FLOAT), N("Mul", ["x", "c"], ["y"])], x,
             x.astype(np.float32) * (np.fmod(a, b) if fmod else a % b), {"a": np.array(a), "b": np.array(b)})
    same("flattened", [N("Shape", ["x"], ["s"]), N("ReduceProd", ["s"], ["p"], keepdims=1), N("Reshape", ["x", "p"], ["y"])], x, x)
    same("cast of a constant", [N("Cast", ["a"], ["c"], to=T.FLOAT), N("Clip", ["x", "c"], ["y"])], x, np.maximum(x.astype(np.float32), np.float32(.1)), {"a": np.array(.1)})
    same("saturate", [N("Cast", ["x"], ["y"], to=T.FLOAT, saturate=1)], x, x.astype(np.float32), opset=19)
    for op, more in (("Sqrt", []), ("Pow", ["p"]), ("ReduceL2", [])):
        refuse(op, "of what varies: not piecewise linear", [N(op, ["x", *more], ["y"])], x, {"p": np.array(2, np.float32)})
    refuse("an odd power", "an exponent of 0.3", [N("Pow", ["p", "q"], ["c"]), N("Mul", ["x", "c"], ["y"])], x, {"p": np.array(2, np.float32), "q": np.array(.3, np.float32)})
    refuse("infinite", "not finite", [N("Add", ["x", "i"], ["y"])], x, {"i": np.array(np.inf, np.float32)})


def tails():
    x = np.array([[0.5, -1, 2, 0.25]])
    e = np.exp(x.astype(np.float32).astype(float))
    for name, nodes, want in (("identity", [N("Softmax", ["x"], ["s"], axis=1), N("Identity", ["s"], ["y"])], x), ("reshape", [N("Softmax", ["x"], ["s"], axis=1), N("Squeeze", ["s"], ["y"])], x),
                              ("choice", [N("Softmax", ["x"], ["s"], axis=1), N("ArgMax", ["s"], ["y"], axis=1)], x), ("cast", [N("ArgMax", ["x"], ["s"], axis=1), N("Cast", ["s"], ["y"], to=T.INT32)], x),
                              ("rising", [N("Sigmoid", ["x"], ["s"]), N("ArgMax", ["s"], ["t"], axis=1), N("Identity", ["t"], ["u"]), N("Cast", ["u"], ["y"], to=T.FLOAT)], x)):
        path = save("tail", nodes, x)
        code, out, err = run("eval", path, "--image", p("x.npy"), "--json") if not isinstance(values(path, x), str) else (1, "", "")
        code2, out2, err2 = run("solve", path, "--image", p("x.npy"), "--label", "2", "--perturb", "linf:0.5", "--domain", "-3,3", "--quiet")
        code3, out3, err3 = run("solve", path, "--image", p("x.npy"), "--label", "2", "--perturb", "linf:1", "--domain", "-3,3", "--quiet")
        check(name, code == 0 and code2 == 0 and code3 == 10, (code, code2, code3, err, err2))
    for name, nodes in (("another axis", [N("Softmax", ["x"], ["s"], axis=0), N("ArgMax", ["s"], ["y"], axis=1)]),
                        ("a cast of shares", [N("Softmax", ["x"], ["s"], axis=1), N("Cast", ["s"], ["y"], to=T.INT64)]),
                        ("a product", [N("Softmax", ["x"], ["s"], axis=1), N("Mul", ["s", "c"], ["y"])]),
                        ("an attribute that nobody reads", [N("Softmax", ["x"], ["s"], axis=1), N("Identity", ["s"], ["y"], mode=1)]),
                        ("a transposition", [N("Softmax", ["x"], ["s"], axis=1), N("Transpose", ["s"], ["y"])])):
        refuse(name, "in the middle of a network", nodes, x, {"c": np.array(2, np.float32)})


def unread():
    x = np.array([[[0.5, -1, 2, 0.25]]])
    same("dropout's mask", [N("Dropout", ["x"], ["d", "mask"]), N("Relu", ["d"], ["y"])], x, np.maximum(x, 0))
    same("indices", [N("MaxPool", ["x"], ["y", "i"], kernel_shape=[2])], x, np.maximum(x[..., :-1], x[..., 1:]))
    same("dead", [N("TopK", ["x", "k"], ["v", "w"]), N("Exp", ["x"], ["z"]), N("Relu", ["x"], ["y"])], x, np.maximum(x, 0), {"k": np.array([1])})
    bn = [N("BatchNormalization", ["x", "g", "b", "m", "v"], ["y", "m1", "v1", "m2", "v2"])]
    one = {k: np.ones(1, np.float32) for k in "gbmv"}
    new = [N("BatchNormalization", ["x", "g", "b", "m", "v"], ["y", "m1", "v1"], training_mode=1)]
    for why in ("besides the first", "exported in training mode; export it for inference, in PyTorch by model.eval()"):
        refuse("in training", why, bn, x, one, opset=9)
        refuse("in training, opset 15", why, new, x, one, opset=15)
    for nodes, more in (([N("BatchNormalization", ["x", "g", "b", "m", "v"], ["y"], training_mode=1)], one),
                        ([N("Dropout", ["x", "r", "t"], ["y"])], {"r": np.array(0.5, np.float32), "t": np.array(1.0)})):
        refuse("in training, one output", "in PyTorch by model.eval()", nodes, x, more, opset=15)
    refuse("integers", "made of integers", [N("Cast", ["x"], ["y"], to=T.FLOAT)], x, kind=T.INT64)


def ends():
    x = np.array([[0.5, -9, 2, 12.]])
    inf = np.array(np.inf, np.float32)
    same("no upper end", [N("Clip", ["x", "lo", "hi"], ["y"])], x, np.maximum(x, 0), {"lo": np.array(0, np.float32), "hi": inf})
    same("no lower end", [N("Clip", ["x", "lo", "hi"], ["y"])], x, np.minimum(x, 6), {"lo": -inf, "hi": np.array(6, np.float32)})
    same("an attribute", [N("Clip", ["x"], ["y"], min=-1.0, max=float("inf"))], x, np.maximum(x, -1), opset=9)
    for lo, hi, words in ((inf, inf, "min is inf"), (-inf, -inf, "max is -inf")):
        refuse("wrong end", words, [N("Clip", ["x", "lo", "hi"], ["y"])], x, {"lo": lo, "hi": hi})
    long = np.arange(8.).reshape(1, 1, 8)
    same("to the end", [N("Slice", ["x"], ["y"], axes=[2], starts=[3], ends=[2**63 - 1])], long, long[..., 3:], opset=9)
    for mode, stride in (("SAME_UPPER", 4), ("SAME_LOWER", 4)):
        refuse(mode, "runtimes disagree", [N("Conv", ["x", "w"], ["y"], auto_pad=mode, strides=[stride], kernel_shape=[1])], long, {"w": np.ones((1, 1, 1), np.float32)})


def sizes():
    """asymmetric with floor, as PyTorch writes nn.Upsample(size=..): floor(i I / O) in exact arithmetic"""
    for n, m in ((5, 7), (3, 5), (7, 3), (10, 7), (3, 7), (7, 10), (4, 8), (7, 14)):
        x = rng.normal(size=(1, 1, n, n)).round(2)
        at = np.arange(m) * n // m
        same("resize", [N("Resize", ["x", "", "", "s"], ["y"], mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric")], x,
             x.astype(np.float32)[0, 0][np.ix_(at, at)], {"s": np.array([1, 1, m, m])})


parts(products, constants, tails, unread, ends, sizes)
