#!/usr/bin/env python3
"""Files of ONNX that say two things at once, or what no double can hold: refused by name, or told."""
import sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, needs, p, parts, put, run

needs("numpy", "onnx")
import numpy as np, onnx
from onnx import helper as h, numpy_helper

N = h.make_node


def save(name, nodes, consts=(), shape=(1, 3), out=None, opset=17, change=None, inputs=()):
    graph = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", 1, list(shape)), *inputs], [h.make_tensor_value_info("y", 1, out)],
                         [numpy_helper.from_array(v, k) for k, v in consts])
    m = h.make_model(graph, opset_imports=[h.make_operatorsetid("", opset)])
    m.ir_version = 8
    if change:
        change(m)
    return put(name, m.SerializeToString())


def evaluated(path, n=3):
    np.save(p("x.npy"), np.array([0.1, -0.2, 0.3, 0.4, -0.5, 0.6][:n]))
    return run("eval", path, "--image", p("x.npy"))


def refused(name, path, code, *needles):
    got, out, err = evaluated(path)
    check(name, got == code and out == "" and all(n in err for n in needles), (got, out, err))


def opsets():
    """Softmax flattens up to opset 12, and not from 13 on: the first of two versions was taken"""
    for other, domain in ((9, ""), (9, "ai.onnx"), (18, "")):
        def twice(m):
            o = m.opset_import.add()
            o.domain, o.version = domain, other
        refused("two opsets", save("two.onnx", [N("Relu", ["x"], ["y"])], change=twice), 4, "opsets 17 and %d" % other)
    def same(m):
        o = m.opset_import.add()
        o.domain, o.version = "ai.onnx", 17
    check("the same one twice", evaluated(save("same.onnx", [N("Relu", ["x"], ["y"])], change=same))[0] == 0)


def functions():
    """a function that is called like an operator; one with a name of its own is expanded"""
    for name, code in (("Relu", 4), ("Turned", 0)):
        def add(m, name=name):
            f = onnx.FunctionProto(name=name, domain="", input=["a"], output=["b"], node=[N("Neg", ["a"], ["b"])])
            f.opset_import.add().version = 17
            m.functions.add().CopyFrom(f)
        got, out, err = evaluated(save("f.onnx", [N(name, ["x"], ["y"])], change=add))
        check("function %s" % name, got == code and ("operator Relu" in err) == (code == 4), (got, out, err))


def integers():
    """constants of integers: what they become must be what integers become"""
    def times(op, *consts, **attrs):
        names = [k for k, _ in consts]
        return [N(op, names, ["c"], **attrs), N("Cast", ["c"], ["f"], to=1), N("Mul", ["x", "f"], ["y"])], consts
    i64, i32, f32 = (lambda *v: np.array(v, np.int64)), (lambda *v: np.array(v, np.int32)), (lambda *v: np.array(v, np.float32))
    for name, made, needle in (
            ("Pow to a half", times("Pow", ("a", i64(2)), ("b", f32(0.5))), "become 1.414"), ("Pow to -1", times("Pow", ("a", i64(2)), ("b", i64(-1))), "become 0.5"),
            ("a root", times("ReduceL2", ("a", i64(1, 1)), keepdims=0), "become 1.414"), ("beyond 32 bits", times("Mul", ("a", i32(70000)), ("b", i32(70000))), "4900000000"),
            ("beyond doubles", times("Sub", ("a", i64(2**53 + 1)), ("b", i64(2**53))), "2^53"), ("equal by rounding", times("Equal", ("a", i64(2**53 + 1)), ("b", i64(2**53))), "2^53"),
            ("Sqrt", times("Sqrt", ("a", i64(4))), "integers"), ("Reciprocal", times("Reciprocal", ("a", i64(1))), "integers")):
        nodes, consts = made
        refused(name, save("i.onnx", nodes, consts), 4, needle)
    for op, a, b, want in (("Pow", i64(3), i64(2), 9), ("Mul", i64(-7), i64(3), -21), ("Div", i64(7), i64(2), 3), ("Pow", f32(4), f32(0.5), 2), ("Sub", i64(2**31 - 1), i64(1), 2**31 - 2)):
        nodes, consts = times(op, ("a", a), ("b", b))
        got, out, err = evaluated(save("w.onnx", nodes, consts))
        check("%s is computed" % op, got == 0 and abs(float(out.split("output 0: ")[1].split(" ")[0]) - 0.1 * want) < 1e-6 * abs(want), (got, out, err))


def shapes():
    """shapes that are stated, and are others"""
    one = h.make_tensor_value_info("w", 1, [3, 1])
    refused("a constant of another shape", save("c.onnx", [N("Add", ["x", "w"], ["y"])], [("w", np.ones((1, 3), np.float32))], inputs=[one]), 3, '"w"', "[3,1]")
    for stated, told in (([1, 7], True), ([3], True), ([1, 3], False), (["n", 3], False), (["n", "k"], False), ([5, 3], False), (None, False)):
        got, out, err = evaluated(save("o.onnx", [N("Relu", ["x"], ["y"])], out=stated))
        check("an output stated as %s" % stated, got == 0 and ("the file states" in err) == told, (got, err))
    for const in (["a", 3], [1, 3], None):
        got, out, err = evaluated(save("k.onnx", [N("Add", ["x", "w"], ["y"])], [("w", np.ones((1, 3), np.float32))], inputs=[h.make_tensor_value_info("w", 1, const)]))
        check("a constant stated as %s" % const, got == 0, (got, err))


parts(opsets, functions, integers, shapes)
