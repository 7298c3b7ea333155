#!/usr/bin/env python3
"""The piecewise linear operators beyond Relu and MaxPool, what moves elements, what is folded, and what stands at outputs
alone: evaluation against numpy definitions written here, bounds against samples (onnx_operators.py has both), and each inside
a small network whose model's optimum must be what the replay of its point says and below every sample. Refusals by name."""
import functools, hashlib, itertools, json, os, re, shutil, subprocess, sys
from fractions import Fraction

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, TMP, check, p, parts, put, run, skip
from tiny import npy

import onnx_operators as k
from onnx_operators import T, evaluate, f32, h, model, nh, node, np, rand, refuse, rng, same, simple

k.KINKED |= {"LeakyRelu", "PRelu", "Abs", "Clip", "HardSigmoid", "Max", "Min", "ReduceMax", "ReduceMin", "GlobalMaxPool"}
I = np.array


# ---- the operators, by their definitions ----
def clip(a, x, lo=None, hi=None):
    lo, hi = a.get("min", lo), a.get("max", hi)
    x = x if lo is None else np.maximum(x, f32(lo))
    return x if hi is None else np.minimum(x, f32(hi))


def slope(x, s):
    return np.where(x >= 0, x, s * x)


def reduce(fn):
    def go(a, x, *rest):
        axes = a.get("axes", [int(v) for v in rest[0]] if rest and rest[0] is not None else [])
        if not len(axes) and a.get("noop_with_empty_axes"):
            return x
        return fn(x, axis=tuple(axes) if len(axes) else None, keepdims=bool(a.get("keepdims", 1)))
    return go


def deconv(a, x, w, b=None):
    n, g = x.ndim - 2, a.get("group", 1)
    s, d, extra = a.get("strides", [1] * n), a.get("dilations", [1] * n), a.get("output_padding", [0] * n)
    pads, kern, mode = list(a.get("pads", [0] * 2 * n)), w.shape[2:], a.get("auto_pad", "NOTSET")
    full = [s[i] * (x.shape[2 + i] - 1) + (kern[i] - 1) * d[i] + 1 + extra[i] for i in range(n)]
    out = a.get("output_shape", [x.shape[2 + i] * s[i] for i in range(n)] if "SAME" in mode else [full[i] - pads[i] - pads[n + i] for i in range(n)])
    if "output_shape" in a or "SAME" in mode:
        for i in range(n):
            total = max(0, full[i] - out[i])
            pads[i] = total // 2 if mode == "SAME_UPPER" else total - total // 2
    per = w.shape[1]
    y = np.zeros((1, per * g, *out))
    for c, o in itertools.product(range(x.shape[1]), range(per)):
        group = c // (x.shape[1] // g)
        for at in itertools.product(*map(range, x.shape[2:])):
            for kk in itertools.product(*map(range, kern)):
                to = tuple(at[i] * s[i] - pads[i] + kk[i] * d[i] for i in range(n))
                if all(0 <= to[i] < out[i] for i in range(n)):
                    y[(0, group * per + o) + to] += x[(0, c) + at] * w[(c, o) + kk]
    return y + (0 if b is None else b.reshape((1, -1) + (1,) * n))


def split(a, x, sizes=None):
    axis, parts = a.get("axis", 0), a["parts_"]
    sizes = a.get("split", sizes)
    if sizes is None:
        each = -(-x.shape[axis] // parts)
        sizes = [each] * (parts - 1) + [x.shape[axis] - each * (parts - 1)]
    return np.split(x, np.cumsum([int(v) for v in sizes])[:-1], axis)


def cut(a, x, starts=None, ends=None, axes=None, steps=None):
    starts, ends, axes = a.get("starts", starts), a.get("ends", ends), a.get("axes", axes)
    at = [slice(None)] * x.ndim
    for i in range(len(starts)):
        axis, step = int(axes[i]) if axes is not None else i, int(steps[i]) if steps is not None else 1
        end = int(max(-2**62, min(2**62, ends[i])))
        at[axis] = slice(int(starts[i]), None if step < 0 and end < -x.shape[axis] else end, step)
    return x[tuple(at)]


def resize(a, x, *rest):
    """exact rational arithmetic"""
    old = "coordinate" not in "".join(a) and a.get("old_")
    lists = [v for v in rest[1:] if v is not None and np.size(v)] if not old else [rest[0] if rest else I(a["scales"])]
    axes = a.get("axes", range(x.ndim))
    how, near = ("asymmetric", "floor") if old else (a.get("coordinate_transformation_mode", "half_pixel"), a.get("nearest_mode", "round_prefer_floor"))
    is_size = not old and rest[-1] is lists[0] and len(rest) == 3
    for v, axis in zip(lists[0], axes):
        n = x.shape[axis]
        scale = Fraction(int(v), n) if is_size else Fraction(float(np.float32(v)))
        m = int(v) if is_size else (n * scale.numerator) // scale.denominator
        at = []
        for i in range(m):
            half = Fraction(1, 2)
            c = {"half_pixel": (i + half) / scale - half, "asymmetric": i / scale, "tf_half_pixel_for_nn": (i + half) / scale,
                 "pytorch_half_pixel": (i + half) / scale - half if m > 1 else Fraction(0),
                 "align_corners": Fraction(i * (n - 1), m - 1) if m > 1 else Fraction(0)}[how]
            r = {"round_prefer_floor": -((half - c) // 1), "round_prefer_ceil": (c + half) // 1, "floor": c // 1, "ceil": -(-c // 1)}[near]
            at.append(min(max(int(r), 0), n - 1))
        x = np.take(x, at, axis)
    return x


def pad(a, x, pads=None, value=None, axes=None):
    pads, mode = [int(v) for v in a.get("pads", pads)], a.get("mode", "constant")
    value = f32(a.get("value", 0 if value is None else value))
    axes = [int(v) % x.ndim for v in axes] if axes is not None else list(range(x.ndim))
    for i, axis in enumerate(axes):
        lo, hi = pads[i], pads[len(axes) + i]
        width = [(0, 0)] * x.ndim
        width[axis] = (max(lo, 0), max(hi, 0))
        x = np.pad(x, width, mode, **({"constant_values": value} if mode == "constant" else {}))
        x = np.take(x, range(-min(lo, 0), x.shape[axis] + min(hi, 0)), axis)
    return x


def blocks(a, x, down):
    b = a["blocksize"]
    n, c, hh, w = x.shape
    if down:
        return x.reshape(n, c, hh // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, hh // b, w // b)
    if a.get("mode", "DCR") == "DCR":
        return x.reshape(n, b, b, c // b // b, hh, w).transpose(0, 3, 4, 1, 5, 2).reshape(n, c // b // b, hh * b, w * b)
    return x.reshape(n, c // b // b, b, b, hh, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // b // b, hh * b, w * b)


def softmax(a, x, log=False):
    e = np.exp(x - x.max(a["axes_"], keepdims=True))
    p = e / e.sum(a["axes_"], keepdims=True)
    return np.log(p) if log else p


k.OPS.update({
    "Clip": clip, "LeakyRelu": lambda a, x: slope(x, f32(a.get("alpha", 0.01))), "PRelu": lambda a, x, s: slope(x, s), "Abs": lambda a, x: abs(x),
    "Neg": lambda a, x: -x, "HardSigmoid": lambda a, x: np.clip(f32(a.get("alpha", 0.2)) * x + f32(a.get("beta", 0.5)), 0, 1),
    "Max": lambda a, *v: functools.reduce(np.maximum, v), "Min": lambda a, *v: functools.reduce(np.minimum, v), "Sum": lambda a, *v: functools.reduce(np.add, v),
    "Mean": lambda a, *v: functools.reduce(np.add, v) / len(v), "ReduceSum": reduce(np.sum), "ReduceMean": reduce(np.mean), "ReduceMax": reduce(np.max),
    "ReduceMin": reduce(np.min), "ConvTranspose": deconv, "Split": split, "Slice": cut, "Resize": resize, "Upsample": resize, "Pad": pad,
    "GlobalMaxPool": lambda a, x: x.max(tuple(range(2, x.ndim)), keepdims=True), "Gather": lambda a, x, i: np.take(x, i.astype(int), a.get("axis", 0)),
    "Expand": lambda a, x, s: x * np.ones([int(v) for v in s]), "Tile": lambda a, x, r: np.tile(x, [int(v) for v in r]), "Where": lambda a, c, x, y: np.where(c != 0, x, y),
    "DepthToSpace": lambda a, x: blocks(a, x, False), "SpaceToDepth": lambda a, x: blocks(a, x, True), "Shape": lambda a, x: I(x.shape)[a.get("start", 0):a.get("end", None)],
    "Size": lambda a, x: I(x.size), "ConstantOfShape": lambda a, s: np.full([int(v) for v in s], float(nh.to_array(a["value"])[0]) if "value" in a else 0.0),
    "Range": lambda a, s, e, d: np.arange(s, e, d), "Floor": lambda a, x: np.floor(x), "Ceil": lambda a, x: np.ceil(x), "Equal": lambda a, x, y: (x == y) * 1.0,
    "Less": lambda a, x, y: (x < y) * 1.0, "Greater": lambda a, x, y: (x > y) * 1.0, "LessOrEqual": lambda a, x, y: (x <= y) * 1.0, "GreaterOrEqual": lambda a, x, y: (x >= y) * 1.0,
    "Not": lambda a, x: (x == 0) * 1.0, "And": lambda a, x, y: (x * y != 0) * 1.0, "Or": lambda a, x, y: (x + y != 0) * 1.0, "Xor": lambda a, x, y: (x != y) * 1.0,
    "Sigmoid": lambda a, x: 1 / (1 + np.exp(-x)), "Tanh": lambda a, x: np.tanh(x), "Softmax": softmax, "LogSoftmax": lambda a, x: softmax(a, x, True),
    "Cast": lambda a, x: np.trunc(x) if a["to"] in (T.INT64, T.INT32) else (x != 0) * 1.0 if a["to"] == T.BOOL else x})


# ---- a network around operators ----
def strip(nodes):
    """attributes that end in _ are for the definitions here"""
    return [dict(n, attrs={a: v for a, v in n["attrs"].items() if not a.endswith("_")}) for n in nodes]


plain_model = k.model
k.model = lambda nodes, *rest, **kw: (lambda made: (made[0], dict(made[1], nodes=nodes)))(plain_model(strip(nodes), *rest, **kw))


def inside(name, nodes, shape, consts=None, **kw):
    """x [1,4] -> dense -> the nodes from "a" to "y" -> relu -> dense: the worst margin by the embedded solver"""
    n = int(np.prod(shape))
    consts = dict(consts or {}, w8_=rand(4, n), s8_=I(shape))
    front = [node("MatMul", "x w8_", "d8_"), node("Reshape", "d8_ s8_", "a")]
    last = nodes[-1]["out"]
    joined = [node("Concat", " ".join(last), "all9_", axis=nodes[-1]["attrs"].get("axis", 0))] if len(last) > 1 else []
    m = len(evaluate(k.model(front + nodes, [("x", (1, 4))], consts, outputs=last, **kw)[1], np.zeros(4)))
    consts.update(w9_=rand(m, 2), s9_=I([1, m]), b9_=rand(2))
    outs = [node("Reshape", (joined[0]["out"] if joined else last) + ["s9_"], "f9_"), node("Relu", "f9_", "r9_"), node("Gemm", "r9_ w9_ b9_", "z")]
    mod, net = k.model(front + nodes + joined + outs, [("x", (1, 4))], consts, **kw)
    path = put("inside.onnx", mod.SerializeToString())
    text = "".join("(declare-const X_%d Real)(assert (>= X_%d -1))(assert (<= X_%d 1))" % (i, i, i) for i in range(4))
    text += "(declare-const Y_0 Real)(declare-const Y_1 Real)(assert (<= Y_0 Y_1))"
    q = put("q.vnnlib", text)
    code, out, err = run("solve", path, q, "--objective", "worst", "--json")
    if not check("%s: solved inside a network" % name, code in (0, 10, 11), (code, err)):
        return
    j = json.loads(out)
    if not check("%s: has an optimum" % name, "objective" in j and "bound" in j["objective"], out):
        return
    value, bound = j["objective"]["value"], j["objective"]["bound"]
    y = np.array([evaluate(net, I(x, float)) for x in list(itertools.product((-1, 1), repeat=4)) + list(rng.uniform(-1, 1, (80, 4)))])
    least = (y[:, 0] - y[:, 1]).min()
    check("%s: the model's optimum is the replay's margin" % name, abs(value - bound) <= 2e-4 * (1 + abs(value)), (value, bound))
    check("%s: the optimum lies below every sample" % name, bound <= least + 1e-6 and value <= least + 1e-4 * (1 + abs(least)), (bound, value, least))


def both(name, nodes, shape, consts=None, **kw):
    """alone with "a" as input, and inside a network"""
    same(name, nodes, [("a", shape)], consts, **kw)
    inside(name, nodes, shape, consts, **{a: v for a, v in kw.items() if a not in ("bounds", "packed")})


def activations():
    for alpha in (None, 0.25, 0.3, -0.5, 1.0, 1.75, 0.0, -1.0, 1e-9):
        attrs = {} if alpha is None else {"alpha": alpha}
        both("LeakyRelu alpha=%s" % alpha, [node("LeakyRelu", "a", "y", **attrs)], (2, 3))
    same("LeakyRelu in float64", [node("LeakyRelu", "a", "y", alpha=0.1)], [("a", (5,))], dtype=np.float64)
    for s in ((), (1,), (4,), (3, 1, 1), (1, 3, 1, 1), (2, 4), (1, 3, 2, 4)):
        both("PRelu slopes %s" % (s,), [node("PRelu", "a s", "y")], (1, 3, 2, 4), {"s": rand(*s, lo=-0.5, hi=1.5)})
    same("PRelu slopes of float64", [node("PRelu", "a s", "y")], [("a", (3,))], {"s": rng.uniform(-1, 2, 3)}, dtype=np.float64)
    both("Abs", [node("Abs", "a", "y")], (2, 3))
    both("Neg", [node("Neg", "a", "y")], (2, 3))
    both("Neg, Abs, LeakyRelu", [node("Neg", "a", "n"), node("Abs", "n", "b"), node("LeakyRelu", "b", "y")], (4,))
    for attrs in ({}, {"min": 0.0}, {"max": 0.5}, {"min": -0.25, "max": 0.3}, {"min": 0.0, "max": 6.0}, {"min": 0.2, "max": 0.2}, {"max": 3.4028234663852886e38, "min": 0.1}):
        both("Clip attributes %s" % attrs, [node("Clip", "a", "y", **attrs)], (2, 3), opset=10)
    for ins, consts in (("a", {}), ("a lo", {"lo": I(-0.3)}), (["a", "", "hi"], {"hi": I(0.4)}), ("a lo hi", {"lo": I(0.1), "hi": I(0.7)}), ("a lo hi", {"lo": I(-1e-20), "hi": I(0.3)}),
                        ("a lo hi", {"lo": I(-3.4028234663852886e38), "hi": I(0.5)}), ("a lo hi", {"lo": I([0.25]), "hi": I([0.5])})):
        both("Clip %s %s" % (ins, consts), [node("Clip", ins, "y")], (2, 3), consts, opset=13)
    for attrs in ({}, {"alpha": 0.5}, {"alpha": -1.5, "beta": 0.25}, {"alpha": 0.0, "beta": 0.5}, {"alpha": 1 / 6, "beta": 0.5}):
        both("HardSigmoid %s" % attrs, [node("HardSigmoid", "a", "y", **attrs)], (2, 3))
    same("Clip of a part that is constant", [node("Concat", "a c", "j", axis=0), node("Clip", "j lo hi", "y")], [("a", (2,))], {"c": rand(3, lo=-2, hi=2), "lo": I(-0.5), "hi": I(0.1)})
    same("LeakyRelu of a part that is constant", [node("Concat", "a c", "j", axis=0), node("LeakyRelu", "j", "y", alpha=0.3)], [("a", (2,))], {"c": rand(3, lo=-2, hi=2)})


def many():
    for op in ("Max", "Min", "Sum", "Mean"):
        for shapes in (((2, 3),), ((3,), (2, 1)), ((2, 3), (), (1, 1)), ((4, 1, 1),)):
            consts = {"c%d" % i: rand(*s) for i, s in enumerate(shapes)}
            both("%s with constants %s" % (op, shapes), [node(op, " ".join(["a", *consts]), "y")], (2, 3), consts)
            both("%s of branches and constants %s" % (op, shapes), [node("Relu", "a", "b"), node("Neg", "a", "n"), node(op, " ".join(["b", *consts, "n"]), "y")], (2, 3), consts)
        both("%s of one" % op, [node(op, "a", "y")], (3,))
        both("%s of one thrice" % op, [node(op, "a a a", "y")], (3,))
        same("%s of inputs that broadcast" % op, [node(op, "a b c", "y")], [("a", (2, 1)), ("b", (3,)), ("c", (1, 1))])
        same("%s of parts that are constant" % op, [node("Concat", "a c", "j", axis=0), node("Concat", "c a", "i", axis=0), node(op, "i j k", "y")], [("a", (3,))],
             {"c": rand(2), "k": rand(5)})
        same("%s of constants" % op, [node(op, "c d", "m"), node("Add", "a m", "y")], [("a", (3,))], {"c": rand(3), "d": rand(3)})


def reductions():
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"):
        for axes in (None, [0], [1], [2], [-1], [0, 2], [-3, -2], [0, 1, 2]):
            for keep in (None, 0, 1):
                attrs = {} if keep is None else {"keepdims": keep}
                as_input = [node(op, "a x_", "y", **attrs)] if axes is not None else [node(op, "a", "y", **attrs)]
                lists = {"x_": I(axes)} if axes is not None else {}
                as_attr = [node(op, "a", "y", **attrs, **({"axes": axes} if axes else {}))]
                go = both if keep is None and axes in (None, [1], [0, 2]) else lambda name, nodes, shape, *rest, **kw: same(name, nodes, [("a", shape)], *rest, **kw)
                go("%s attribute %s keepdims=%s" % (op, axes, keep), as_attr, (2, 3, 2), opset=11 if axes != [0] else 7)
                go("%s input %s keepdims=%s" % (op, axes, keep), as_input, (2, 3, 2), lists, opset=18)
        for noop in (0, 1):
            same("%s empty axes noop=%d" % (op, noop), [node(op, "a e", "y", noop_with_empty_axes=noop)], [("a", (2, 3))], {"e": np.zeros(0, np.int64)}, opset=18)
            same("%s no axes noop=%d" % (op, noop), [node(op, "a", "y", noop_with_empty_axes=noop, keepdims=0)], [("a", (2, 3))], opset=18)
    both("GlobalMaxPool", [node("GlobalMaxPool", "a", "y")], (1, 3, 2, 2))


def deconvolutions():
    x, w, b = (1, 2, 3, 4), rand(2, 3, 3, 2), rand(3)
    sets = ({}, {"pads": [1, 0, 2, 1]}, {"strides": [2, 3]}, {"dilations": [2, 1]}, {"strides": [2, 3], "output_padding": [1, 2]}, {"strides": [2, 2], "pads": [1, 1, 1, 1], "dilations": [1, 2], "output_padding": [1, 0]},
            {"strides": [2, 2], "output_shape": [6, 8]}, {"strides": [2, 2], "output_shape": [7, 8], "pads": [1, 1, 1, 1]}, {"strides": [3, 2], "output_shape": [10, 8]}, {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
            {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, {"auto_pad": "SAME_UPPER"}, {"auto_pad": "VALID", "strides": [2, 1]}, {"kernel_shape": [3, 2], "group": 1}, {"strides": [2, 2], "output_shape": [5, 7], "auto_pad": "SAME_UPPER"})
    for attrs in sets:
        same("ConvTranspose %s" % attrs, [node("ConvTranspose", "a w b", "y", **attrs)], [("a", x)], {"w": w, "b": b}, opset=11)
        inside("ConvTranspose %s" % attrs, [node("ConvTranspose", "a w", "y", **attrs)], (1, 2, 2, 2), {"w": rand(2, 1, 3, 2)} if "output_shape" not in attrs else {"w": rand(2, 1, 5, 7)}, opset=11) if "output_shape" not in attrs else None
    same("ConvTranspose even pads in opset 7", [node("ConvTranspose", "a w", "y", strides=[2, 2], output_shape=[5, 6])], [("a", x)], {"w": rand(2, 1, 3, 2)}, opset=7)
    for g, c, o in ((2, 4, 1), (2, 2, 3), (4, 4, 2), (3, 6, 1)):
        same("ConvTranspose %d groups" % g, [node("ConvTranspose", "a w b", "y", group=g, strides=[2, 1])], [("a", (1, c, 2, 3))], {"w": rand(c, o, 2, 2), "b": rand(o * g)})
    for attrs in ({}, {"strides": [3]}, {"pads": [1, 2], "dilations": [2]}, {"strides": [2], "output_padding": [1]}):
        both("ConvTranspose 1-D %s" % attrs, [node("ConvTranspose", "a w", "y", **attrs)], (1, 2, 4), {"w": rand(2, 2, 3)})
    same("ConvTranspose 3-D", [node("ConvTranspose", "a w b", "y", strides=[2, 1, 2], pads=[0, 1, 0, 1, 0, 1])], [("a", (1, 2, 2, 2, 3))], {"w": rand(2, 2, 2, 2, 2), "b": rand(2)})


def space():
    x, w = (1, 2, 3, 3, 4), rand(2, 2, 2, 1, 2)
    for attrs in ({}, {"strides": [2, 1, 2]}, {"pads": [1, 0, 1, 0, 2, 0]}, {"dilations": [1, 2, 3]}, {"auto_pad": "SAME_UPPER", "strides": [2, 2, 1]}):
        same("Conv 3-D %s" % attrs, [node("Conv", "a w b", "y", **attrs)], [("a", x)], {"w": w, "b": rand(2)})
    same("Conv 3-D, groups", [node("Conv", "a w", "y", group=2)], [("a", x)], {"w": rand(4, 1, 2, 2, 2)})
    inside("Conv 3-D", [node("Conv", "a w", "y")], (1, 2, 2, 2, 2), {"w": rand(2, 2, 2, 1, 2)})
    for op in ("MaxPool", "AveragePool"):
        for attrs in ({}, {"strides": [1, 2, 2]}, {"pads": [1, 0, 0, 0, 1, 0]}):
            same("%s 3-D %s" % (op, attrs), [node(op, "a", "y", kernel_shape=[2, 2, 1], **attrs)], [("a", x)])
        inside("%s 3-D" % op, [node(op, "a", "y", kernel_shape=[2, 1, 2])], (1, 1, 2, 2, 3))
    same("AveragePool 3-D count_include_pad", [node("AveragePool", "a", "y", kernel_shape=[2, 2, 2], pads=[1] * 6, count_include_pad=1)], [("a", x)])
    same("GlobalAveragePool 3-D", [node("GlobalAveragePool", "a", "y")], [("a", x)])
    plane = (1, 2, 5, 5)
    for attrs in ({"kernel_shape": [3, 3], "strides": [1, 1]}, {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1]}, {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1}, {"kernel_shape": [2, 2], "dilations": [2, 3]}):
        both("MaxPool overlapping %s" % attrs, [node("MaxPool", "a", "y", **attrs)], (1, 1, 4, 4) if "dilations" in attrs else (1, 1, 3, 3))
    for attrs in ({"strides": [2, 2]}, {"strides": [2, 3], "pads": [1, 0, 1, 1]}, {"strides": [3, 2], "pads": [0, 1, 0, 1]}):
        same("AveragePool ceil_mode %s" % attrs, [node("AveragePool", "a", "y", kernel_shape=[2, 2], ceil_mode=1, **attrs)], [("a", plane)])
    same("AveragePool ceil_mode with count_include_pad where it is clear", [node("AveragePool", "a", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, count_include_pad=1, pads=[1, 1, 1, 1])], [("a", plane)])


def picks():
    x = (2, 3, 4)
    for st, en, ax, by in (([1], [3], [2], None), ([0, 1], [2, 3], None, None), ([-2], [2**31], [-1], None), ([3], [-2**40], [2], [-1]), ([-1], [-5], [2], [-2]), ([0], [9], [1], [2]), ([2, 1], [0, 2**63 - 1], [1, 0], [-1, 1])):
        if by is None:
            same("Slice attributes %s:%s %s" % (st, en, ax), [node("Slice", "a", "y", starts=st, ends=en, **({"axes": ax} if ax else {}))], [("a", x)], opset=9)
        consts = {"s_": I(st), "e_": I(en)}
        ins = ["a", "s_", "e_"]
        for n, v in (("x_", ax), ("b_", by)):
            if v is not None:
                consts[n] = I(v)
            ins.append(n if v is not None else "")
        both("Slice inputs %s:%s %s %s" % (st, en, ax, by), [node("Slice", ins, "y")], x, consts, opset=13)
    for parts, axis, sizes in ((2, 0, None), (3, 1, None), (3, -2, [1, 1, 1]), (2, 2, [1, 3]), (1, 0, [2])):
        outs = " ".join("y%d" % i for i in range(parts))
        mode = {"split": sizes} if sizes else {}
        for which, attrs, ins, consts, opset in (("attribute", mode, "a", {}, 11), ("input", {}, "a s_" if sizes else "a", {"s_": I(sizes)} if sizes else {}, 13)):
            nodes = [node("Split", ins, outs, axis=axis, parts_=parts, **attrs)]
            same("Split %s axis=%d %s" % (which, axis, sizes), nodes, [("a", x)], consts, opset=opset, outputs=outs.split())
            inside("Split %s axis=%d %s" % (which, axis, sizes), nodes, x, consts, opset=opset) if parts > 1 else None
    same("Split num_outputs", [node("Split", "a", "p q r", axis=2, num_outputs=3, parts_=3)], [("a", (2, 3, 7))], opset=18, outputs=["p", "r", "q"])
    same("Split, one part unused", [node("Split", "a", "p q", axis=1, split=[1, 2], parts_=2), node("Relu", "q", "y")], [("a", x)], opset=11)
    for axis, idx in ((0, 1), (1, [2, 0]), (2, [[0, 3], [1, 1]]), (-1, [-1, 0]), (1, [-3])):
        both("Gather axis=%d %s" % (axis, idx), [node("Gather", "a i_", "y", axis=axis)], x, {"i_": I(idx)})
    for a, s in (((2, 1), [2, 3]), ((3,), [2, 3]), ((2, 3), [1, 1]), ((1, 3), [4, 2, 1]), ((), [2])):
        both("Expand %s to %s" % (a, s), [node("Expand", "a s_", "y")], a, {"s_": I(s)})
    both("Tile", [node("Tile", "a r_", "y")], (2, 3), {"r_": I([2, 3])})
    for c, b in (((2, 3), (2, 3)), ((3,), (2, 1)), ((2, 1), ()), ((4, 1, 1), (3,))):
        mask = rng.integers(0, 2, c).astype(bool)
        both("Where %s with a constant %s" % (c, b), [node("Where", "m_ a c_", "y")], (2, 3), {"m_": mask, "c_": rand(*b)})
        same("Where %s of two inputs" % (c,), [node("Where", "m_ a b", "y")], [("a", (2, 3)), ("b", b)], {"m_": mask})
    for b, mode in ((2, "DCR"), (2, "CRD"), (1, "DCR")):
        both("DepthToSpace %d %s" % (b, mode), [node("DepthToSpace", "a", "y", blocksize=b, mode=mode)], (1, 8, 1, 2))
    both("SpaceToDepth", [node("SpaceToDepth", "a", "y", blocksize=2)], (1, 2, 2, 4))
    for mode, pads in (("constant", [0, 1, 2, 0]), ("constant", [0, -1, 1, 0]), ("reflect", [1, 2, 1, 0]), ("edge", [2, 0, 0, 3]), ("wrap", [1, 0, 2, 3])):
        both("Pad %s %s" % (mode, pads), [node("Pad", "a p_", "y", mode=mode)], (2, 3), {"p_": I(pads)}, opset=19)
        if mode != "wrap":
            same("Pad attribute %s %s" % (mode, pads), [node("Pad", "a", "y", mode=mode, pads=pads)], [("a", (2, 3))], opset=10)
    both("Pad value", [node("Pad", "a p_ v_", "y")], (2, 3), {"p_": I([1, 0, 0, 2]), "v_": I(-0.7)})
    same("Pad value as attribute", [node("Pad", "a", "y", pads=[1, 0, 0, 2], value=1.5)], [("a", (2, 3))], opset=9)
    same("Pad axes", [node("Pad", ["a", "p_", "", "x_"], "y")], [("a", (2, 3))], {"p_": I([1, 2]), "x_": I([-1])}, opset=18)


def resizes():
    x = (1, 2, 3, 4)
    for scale in ([1, 1, 2, 2], [1, 1, 1, 3], [1, 1, 1.5, 2.5], [1, 1, 4, 1]):
        for opset, ins, attrs in ((7, "a", {"scales": [float(v) for v in scale]}), (9, "a s_", {})):
            same("Upsample opset %d %s" % (opset, scale), [node("Upsample", ins, "y", mode="nearest", old_=True, **attrs)], [("a", x)], {"s_": I(scale, float)} if opset == 9 else {}, opset=opset, or_refused=True)
    same("Resize opset 10", [node("Resize", "a s_", "y", mode="nearest", old_=True)], [("a", x)], {"s_": I([1, 1, 2.0, 3.0])}, opset=10)
    same("Resize opset 10, halved", [node("Resize", "a s_", "y", old_=True)], [("a", (1, 1, 4, 2))], {"s_": I([1, 1, 0.5, 0.5])}, opset=10)
    roi = {"r_": np.zeros(0)}
    for how in ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "tf_half_pixel_for_nn"):
        for near in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
            if how == "tf_half_pixel_for_nn" and near != "floor":
                continue
            for scale in ([1, 1, 2, 3], [1, 1, 0.5, 1.25], [1, 1, 1.7, 0.3]):
                same("Resize %s %s %s" % (how, near, scale), [node("Resize", "a r_ s_", "y", coordinate_transformation_mode=how, nearest_mode=near)], [("a", (1, 2, 4, 5))],
                     dict(roi, s_=I(scale, float)), opset=11, or_refused=True)
            for size in ([1, 2, 6, 8], [1, 2, 2, 2], [1, 2, 1, 7], [1, 2, 9, 3]):
                same("Resize to %s %s %s" % (size, how, near), [node("Resize", ["a", "r_", "e_", "z_"], "y", coordinate_transformation_mode=how, nearest_mode=near)], [("a", x)],
                     dict(roi, e_=np.zeros(0), z_=I(size)), opset=12, or_refused=True)
    plain = dict(coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    inside("Resize", [node("Resize", ["a", "", "s_"], "y", **plain)], (1, 1, 2, 2), {"s_": I([1.0, 1, 2, 2])})
    same("Resize axes", [node("Resize", ["a", "", "s_"], "y", axes=[2, -1], **plain)], [("a", x)], {"s_": I([2.0, 3.0])}, opset=18)
    same("Resize of an image, then Conv", [node("Resize", ["a", "", "", "z_"], "u", **plain), node("Conv", "u w", "y")], [("a", (1, 1, 2, 2))], {"z_": I([1, 1, 4, 4]), "w": rand(1, 1, 3, 3)}, opset=13)


def folded():
    x = [("a", (2, 3, 4))]
    for attrs in ({}, {"start": 1}, {"end": -1}, {"start": -2, "end": 3}):
        same("Shape %s" % attrs, [node("Shape", "a", "s", **attrs), node("Cast", "s", "f", to=T.FLOAT), node("ReduceSum", "f", "t", keepdims=0), node("Add", "a t", "y")], x, opset=15)
    same("Size", [node("Size", "a", "s"), node("Cast", "s", "f", to=T.FLOAT), node("Add", "a f", "y")], x)
    same("Reshape by Shape, Gather, Concat", [node("Shape", "a", "s"), node("Gather", "s i_", "g", axis=0), node("Unsqueeze", "g u_", "h"), node("Concat", "h m_", "c", axis=0), node("Reshape", "a c", "y")], x,
         {"i_": I(0), "u_": I([0]), "m_": I([-1])})
    same("Flatten as exporters write it", [node("Relu", "a", "r"), node("Shape", "r", "s"), node("Slice", "s z_ o_", "b"), node("Concat", "b m_", "c", axis=0), node("Reshape", "r c", "y")], x, {"z_": I([0]), "o_": I([1]), "m_": I([-1])})
    same("ConstantOfShape", [node("ConstantOfShape", "s_", "c"), node("Add", "a c", "y")], x, {"s_": I([3, 4])})
    same("ConstantOfShape value", [node("Shape", "a", "s"), node("ConstantOfShape", "s", "c", value=h.make_tensor("v", T.FLOAT, [1], [0.25])), node("Mul", "a c", "y")], x)
    same("ConstantOfShape of nothing", [node("ConstantOfShape", "e_", "c", value=h.make_tensor("v", T.FLOAT, [1], [2.0])), node("Mul", "a c", "y")], x, {"e_": np.zeros(0, np.int64)})
    same("Pad as exporters write it", [node("ConstantOfShape", "e_", "z", value=h.make_tensor("v", T.INT64, [1], [0])), node("Concat", "p_ z", "c", axis=0), node("Reshape", "c m_", "r"), node("Slice", "r s_ n_ x_ b_", "f"), node("Transpose", "f", "t"),
                                         node("Reshape", "t l_", "q"), node("Cast", "q", "i", to=T.INT64), node("Pad", "a i", "y")], x,
         {"e_": I([0]), "p_": I([1, 0, 0, 2, 0, 1]), "m_": I([-1, 2]), "s_": I([-1]), "n_": I([-2**63 + 1]), "x_": I([0]), "b_": I([-1]), "l_": I([-1])}, opset=13)
    same("Expand as exporters write it", [node("Shape", "t_", "s"), node("ConstantOfShape", "l_", "o", value=h.make_tensor("v", T.INT64, [1], [1])), node("Equal", "t_ m_", "e"), node("Where", "e o t_", "w"), node("Expand", "a w", "y")], [("a", (1, 3))],
         {"t_": I([4, -1]), "l_": I([2]), "m_": I([-1, -1])})
    same("Range", [node("Range", "s_ e_ d_", "r"), node("Cast", "r", "f", to=T.FLOAT), node("Add", "a f", "y")], x, {"s_": I(1), "e_": I(9), "d_": I(2)})
    same("Range down", [node("Range", "s_ e_ d_", "r"), node("Add", "a r", "y")], x, {"s_": I(0.5), "e_": I(-1.25), "d_": I(-0.5)})
    same("Upsample's size as exporters write it", [node("Shape", "a", "s"), node("Cast", "s", "f", to=T.FLOAT), node("Mul", "f k_", "m"), node("Floor", "m", "n"), node("Cast", "n", "z", to=T.INT64),
                                                  node("Resize", ["a", "", "", "z"], "y", coordinate_transformation_mode="asymmetric", nearest_mode="floor")], [("a", (1, 1, 2, 3))], {"k_": I([1.0, 1, 2, 2])})
    for op in ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"):
        same("%s of constants" % op, [node(op, "c_ d_", "m"), node("Where", "m a b_", "y")], [("a", (2, 3))], {"c_": I([[1.0, 2, 3], [3, 2, 1]]), "d_": I([2.0, 2, 2]), "b_": rand(3)})
    for op in ("And", "Or", "Xor"):
        same("%s of constants" % op, [node(op, "c_ d_", "m"), node("Not", "m", "n"), node("Cast", "n", "f", to=T.FLOAT), node("Mul", "a f", "y")], [("a", (2, 2))], {"c_": I([[True, False], [True, False]]), "d_": I([True, True])})
    same("Cast of fractions to integers", [node("Cast", "c_", "i", to=T.INT64), node("Cast", "i", "f", to=T.FLOAT), node("Add", "a f", "y")], [("a", (3,))], {"c_": I([1.75, -1.75, 0.5])})
    same("Cast to truth values", [node("Cast", "c_", "i", to=T.BOOL), node("Where", "i a n_", "y"), ], [("a", (3,))], {"c_": I([1.75, 0.0, -1.0]), "n_": rand(3)})
    same("Ceil", [node("Ceil", "c_", "f"), node("Add", "a f", "y")], [("a", (2,))], {"c_": I([0.25, -1.5])})
    same("a constant Split", [node("Split", "c_", "p q", axis=0, parts_=2), node("Mul", "a p", "m"), node("Add", "m q", "y")], [("a", (2,))], {"c_": rand(4)}, opset=11)


# ---- outputs that questions look behind ----
def tails():
    w = {"w": rand(3, 4), "b": rand(4)}
    front = [node("Gemm", "x w b", "g")]
    def net(*nodes, consts=None, **kw):
        return k.model(front + list(nodes), [("x", (1, 3))], dict(w, **(consts or {})), **kw)
    bare = put("bare.onnx", net(node("Identity", "g", "y"))[0].SerializeToString())
    ends = {"Softmax": [node("Softmax", "g", "y", axes_=(1,))], "Softmax in opset 11": [node("Softmax", "g", "y", axis=1, axes_=(1,))], "LogSoftmax": [node("LogSoftmax", "g", "y", axis=-1, axes_=(1,))],
            "Sigmoid": [node("Sigmoid", "g", "y")], "Tanh": [node("Tanh", "g", "y")], "ArgMax": [node("ArgMax", "g", "y", axis=1)], "ArgMax keepdims=0": [node("ArgMax", "g", "y", axis=-1, keepdims=0, select_last_index=1)]}
    box = "".join("(declare-const X_%d Real)(assert (>= X_%d -0.5))(assert (<= X_%d 0.5))" % (i, i, i) for i in range(3)) + "".join("(declare-const Y_%d Real)" % i for i in range(4))
    pair, constant, three = box + "(assert (or (and (>= Y_1 Y_0)(<= Y_2 Y_1)) (and (>= Y_3 Y_0))))", box + "(assert (<= Y_0 0.25))", box + "(assert (<= (+ Y_0 Y_1) (* 2 Y_2)))"
    mixed, margin, slack = box + "(assert (<= (+ Y_0 X_0) Y_1))", box + "(assert (<= (+ Y_0 0.125) Y_1))", box + "(assert (>= (* 2 Y_0) Y_1))"
    files = {n: put(n + ".vnnlib", t) for n, t in (("pair", pair), ("constant", constant), ("three", three), ("mixed", mixed), ("margin", margin), ("slack", slack))}
    flags = ["--image", put("x.npy", npy([0.1, -0.2, 0.3])), "--perturb", "linf:0.2", "--domain", "-1,1"]
    for name, nodes in ends.items():
        op = nodes[0]["op"]
        mod, ref = net(*nodes, opset=11 if "11" in name else 13)
        path = put("tail.onnx", mod.SerializeToString())
        code, out, err = run("eval", path, "--image", put("e.npy", npy([0.3, -0.4, 0.5])), "--json")
        scores = evaluate(net(node("Identity", "g", "y"))[1], I([0.3, -0.4, 0.5]))
        want = [float(np.argmax(scores))] if op == "ArgMax" else evaluate(ref, I([0.3, -0.4, 0.5]))
        j = json.loads(out)
        check("%s: eval prints the file's outputs" % name, code == 0 and np.allclose(j["outputs"]["float64"], want, 0, 1e-12) and j["predicted"] == int(np.argmax(scores)), out)
        check("%s: a note says what is left out" % name, op in err and "node1" in err and "left out" in err, err)
        pick = lambda o: {m: v for m, v in json.loads(o).items() if m in ("verdict", "predicted", "label", "targets")}
        a, b = run("solve", bare, *flags, "--json"), run("solve", path, *flags, "--json")
        check("%s: flags ask the same" % name, a[0] in (0, 10) and a[0] == b[0] and pick(a[1]) == pick(b[1]), (a, b))
        for extra, ok in ((["--margin", "0.25"], op == "LogSoftmax"), (["--objective", "worst"], op == "LogSoftmax"), (["--guard", "0.001"], True), (["--target", "0,1"], True)):
            extra = extra if extra[0] != "--target" else ["--target", ",".join(str(t) for t in range(4) if t != json.loads(a[1])["label"])]
            a2, b2 = run("solve", bare, *flags, *extra, "--json"), run("solve", path, *flags, *extra, "--json")
            if ok:
                check("%s %s: the same" % (name, extra), a2[0] == b2[0] and pick(a2[1]) == pick(b2[1]), (a2, b2))
            else:
                check("%s %s: refused by name" % (name, extra), b2[0] == 4 and b2[1] == "" and op in b2[2] and "node1" in b2[2] and "larger" in b2[2], b2)
                check("%s %s: compile refuses, too" % (name, extra), run("compile", path, *flags, *extra, "-o", p("t.mps"))[0] == 4 and not os.path.exists(p("t.mps")), "")
        for q, path_q in files.items():
            a3, b3 = run("solve", bare, path_q, "--json"), run("solve", path, path_q, "--json")
            if op != "ArgMax" and (q == "pair" or op == "LogSoftmax" and q in ("mixed", "margin")):
                check("%s with %s.vnnlib: the same" % (name, q), a3[0] in (0, 10) and a3[0] == b3[0] and pick(a3[1]) == pick(b3[1]), (a3, b3))
            elif op == "ArgMax":
                check("%s with %s.vnnlib: its file has one output" % (name, q), b3[0] == 3 and b3[1] == "" and "the network has 3 and 1" in b3[2], b3)
            elif q == "constant" and op in ("Sigmoid", "Tanh"):
                z = np.log(0.25 / 0.75) if op == "Sigmoid" else np.arctanh(0.25)
                a3 = run("solve", bare, put("z.vnnlib", box + "(assert (<= Y_0 %r))" % float(z)), "--json")
                check("%s with %s.vnnlib: the threshold's inverse" % (name, q), a3[0] in (0, 10) and a3[0] == b3[0], (a3, b3))
            else:
                check("%s with %s.vnnlib: refused by name" % (name, q), b3[0] == 4 and b3[1] == "" and op in b3[2], b3)
                check("%s with %s.vnnlib: bounds refuses, too" % (name, q), run("bounds", path, path_q)[0] == 4)
        if shutil.which("cbc"):
            label = json.loads(a[1])["label"]
            target = str((label + 1) % 4)
            wide = [*flags[:2], "--perturb", "linf:0.9", "--domain", "-1,1", "--target", target, "--always-write"]
            code, out, err = run("compile", path, *wide, "-o", p("tail.mps"))
            subprocess.run(["cbc", p("tail.mps"), "-preprocess", "off", "solve", "solution", p("tail.sol")], capture_output=True)
            d = run("decode", p("tail.map.json"), p("tail.sol"), "--json")
            s = run("solve", bare, *wide[:-1], "--json")
            check("%s: decode judges the same question" % name, code == 0 and d[0] in (0, 10) and d[0] == s[0], (code, err, d, s))
    # a map of another network's question, made to name this one: decode looks for itself
    soft = put("soft.onnx", net(*ends["Softmax"])[0].SerializeToString())
    run("compile", bare, *flags, "--margin", "0.25", "--target", "0" if json.loads(run("solve", bare, *flags, "--json")[1])["label"] else "1", "--always-write", "-o", p("forged.mps"))
    forged = json.load(open(p("forged.map.json")))
    forged["net"], forged["net_sha256"] = soft, hashlib.sha256(open(soft, "rb").read()).hexdigest()
    put("forged.map.json", forged)
    put("forged.sol", "Optimal - objective value 0\n" + "".join("%d %s 0 0\n" % (i, c) for i, c in enumerate(forged["columns"])))
    r = run("decode", p("forged.map.json"), p("forged.sol"))
    check("decode refuses a question that the left out operator changes", r[0] == 4 and "Softmax" in r[2], r)
    grid = net(node("Reshape", "g s_", "r"), node("Softmax", "r", "y", axis=1, axes_=(1,)), consts={"s_": I([1, 2, 2])})[0]
    path = put("grid.onnx", grid.SerializeToString())
    r = run("solve", path, *flags)
    check("several distributions: flags are refused", r[0] == 4 and "distributions" in r[2], r)
    for rows, ok in (("(<= Y_0 Y_2)", True), ("(<= Y_3 Y_1)", True), ("(<= Y_0 Y_1)", False), ("(<= Y_0 Y_3)", False)):
        r = run("solve", path, put("g.vnnlib", box + "(assert %s)" % rows))
        check("several distributions: %s" % rows, r[0] in (0, 10) if ok else r[0] == 4 and "Softmax" in r[2], r)
    mod, ref = net(node("Reshape", "g s_", "r"), node("Softmax", "r", "y", axis=1, axes_=(1, 2)), consts={"s_": I([1, 2, 2])}, opset=11)
    path = put("old.onnx", mod.SerializeToString())
    code, out, err = run("eval", path, "--image", p("e.npy"), "--json")
    check("before opset 13 a softmax runs over all axes from its axis on", np.allclose(json.loads(out)["outputs"]["float64"], evaluate(ref, I([0.3, -0.4, 0.5])), 0, 1e-12) and
          run("solve", path, *flags)[0] == run("solve", bare, *flags)[0], out)
    two = put("two.onnx", net(node("Sigmoid", "g", "s"), node("Neg", "g", "n"), node("Sigmoid", "n", "t"), outputs=["s", "t", "g"])[0].SerializeToString())
    more = box + "".join("(declare-const Y_%d Real)" % i for i in range(4, 12))
    for rows, ok in (("(<= Y_0 Y_5)", True), ("(<= Y_0 Y_8)", False), ("(<= Y_8 0.5)", True), ("(<= (* 2 Y_8) (+ Y_9 0.5))", True)):
        r = run("solve", two, put("t.vnnlib", more + "(assert %s)" % rows))
        check("Sigmoid beside plain outputs: %s" % rows, r[0] in (0, 10) if ok else r[0] == 4 and "Sigmoid" in r[2], r)


def refused():
    middle = {"Sigmoid": "not piecewise linear", "Tanh": "not piecewise linear", "Softmax": "not piecewise linear", "LogSoftmax": "not piecewise linear", "ArgMax": "not continuous"}
    for op, why in middle.items():
        refuse("%s in the middle" % op, (op, "node0", why), model([node(op, "x", "a"), node("Relu", "a", "y")], [("x", (1, 4))], {})[0], (4,))
        refuse("%s at an output and in the middle" % op, (op, "node0", why), model([node(op, "x", "a"), node("Relu", "a", "y")], [("x", (1, 4))], {}, outputs=["a", "y"])[0], (4,))
        refuse("%s twice" % op, (op, "node0", why), model([node(op, "x", "a"), node("Sigmoid", "a", "y")], [("x", (1, 4))], {})[0], (4,))
    for op in ("HardSwish", "Exp", "Elu", "Selu", "Celu", "Softplus", "Softsign", "Gelu", "Mish", "Sqrt", "LpPool", "LRN", "LayerNormalization", "InstanceNormalization", "ReduceL2"):
        refuse(op, (op, "node0", "not piecewise linear"), simple(op, opset=18), (4,))
    for op in ("ThresholdedRelu", "Sign", "Round", "Hardmax", "TopK", "Shrink", "ArgMin", "OneHot"):
        refuse(op, (op, "node0", "not continuous"), simple(op), (4,))
    for op in ("ConvInteger", "MatMulInteger", "QuantizeLinear", "QLinearConv"):
        refuse(op, (op, "node0", "quantised"), simple(op), (4,))
    for op in ("LSTM", "GRU", "Loop", "RandomNormal"):
        refuse(op, (op, "node0"), simple(op), (4,))
    for op in ("Floor", "Ceil", "Not"):
        refuse(op + " of what varies", (op, "not continuous"), simple(op), (4,))
    for op in ("Equal", "Less", "Greater", "And"):
        refuse(op + " of what varies", (op, "not continuous"), simple(op, None, "x c", consts={"c": rand(4)}), (4,))
    refuse("Cast of fractions that vary", ("Cast", "not continuous"), simple("Cast", {"to": int(T.INT64)}), (4,))
    refuse("Where by a condition that varies", ("Where", "not continuous"), model([node("Where", "x c d", "y")], [("x", (1, 4))], {"c": rand(4), "d": rand(4)})[0], (4,))
    refuse("Upsample in opset 13", ("Upsample", "opset 13"), simple("Upsample", {"scales": [1.0, 2.0]}), (4,))
    refuse("Resize in opset 9", ("Resize", "opset 9"), simple("Resize", None, "x s", consts={"s": I([1.0, 2.0])}, opset=9), (4,))
    i = lambda *v: I(v)
    w = {"w": rand(2, 1, 2, 2)}
    up = lambda **attrs: ("Resize", ["x", "", "s"], (1, 1, 4, 4), {"s": I([1.0, 1, 2, 2])}, attrs)
    for op, ins, shape, consts, attrs in (
            ("Clip", "x", (1, 4), {}, {"min": 1.0, "max": 0.0}), ("Clip", "x lo", (1, 4), {"lo": rand(4)}, {}), ("Clip", "x lo", (1, 4), {"lo": I(0.5)}, {"min": 0.0}), ("Clip", "x x", (1,), {}, {}),
            ("LeakyRelu", "x", (1, 4), {}, {"alpha": float("inf")}), ("LeakyRelu", "x", (1, 4), {}, {"alpha": 1}), ("LeakyRelu", "x", (1, 4), {}, {"beta": 1.0}), ("HardSigmoid", "x", (1, 4), {}, {"alpha": float("nan")}),
            ("PRelu", "x x", (1, 4), {}, {}), ("PRelu", "x s", (1, 3, 2, 2), {"s": rand(3)}, {}), ("PRelu", "x s", (4,), {"s": rand(2, 4)}, {}), ("PRelu", "x", (4,), {}, {}),
            ("Max", "x c", (1, 4), {"c": rand(3)}, {}), ("Max", ["x", "", "x"], (1, 4), {}, {}), ("Mean", "x c", (2, 3), {"c": rand(4)}, {}),
            ("ReduceSum", "x", (2, 3), {}, {"axes": [2]}), ("ReduceMax", "x", (2, 3), {}, {"axes": [-3]}), ("ReduceMean", "x", (2, 3), {}, {"axes": [0, -2]}), ("ReduceSum", "x a", (2, 3), {"a": i(0)}, {"axes": [1]}),
            ("ReduceSum", "x a", (2, 3), {"a": I([0.5])}, {}), ("ReduceSum", "x x", (2,), {}, {}), ("ReduceMin", "x", (2, 3), {}, {"select_last_index": 1}),
            ("Split", "x", (2, 5), {}, {"axis": 1, "split": [2, 2]}), ("Split", "x", (2, 5), {}, {"axis": 1, "split": [5, 0]}), ("Split", "x", (2, 5), {}, {"axis": 1, "split": [6, -1]}), ("Split", "x", (2, 5), {}, {"axis": 1}),
            ("Split", "x", (2, 4), {}, {"axis": 1, "split": [4]}), ("Split", "x s", (2, 4), {"s": i(2, 2)}, {"axis": 1, "split": [2, 2]}), ("Split", "x", (2, 4), {}, {"axis": 3}), ("Split", "x", (2, 4), {}, {"axis": 1, "num_outputs": 3}),
            ("Slice", "x s e", (1, 4), {"s": i(0), "e": i(2, 2)}, {}), ("Slice", "x s e a b", (1, 4), {"s": i(0), "e": i(2), "a": i(1), "b": i(0)}, {}), ("Slice", "x s e", (1, 4), {"s": i(1), "e": i(1)}, {}), ("Slice", "x s e a", (1, 4), {"s": i(0, 0), "e": i(1, 1), "a": i(1, -1)}, {}),
            ("Slice", "x s e a", (1, 4), {"s": i(0), "e": i(1), "a": i(2)}, {}), ("Slice", "x x x", (2,), {}, {}), ("Slice", "x", (1, 4), {}, {}), ("Slice", "x s e a b", (1, 4), {"s": i(-9), "e": i(-20), "a": i(1), "b": i(-1)}, {}),
            ("Gather", "x i", (1, 4), {"i": i(4)}, {"axis": 1}), ("Gather", "x i", (1, 4), {"i": i(-5)}, {"axis": 1}), ("Gather", "x i", (1, 4), {"i": I([0.5])}, {"axis": 1}), ("Gather", "c x", (2,), {"c": rand(3)}, {}), ("Gather", "x i", (1, 4), {"i": i(0)}, {"axis": 2}),
            ("Expand", "x s", (1, 4), {"s": i(3)}, {}), ("Expand", "x s", (1, 4), {"s": i(0, 4)}, {}), ("Expand", "x x", (2,), {}, {}), ("Tile", "x r", (1, 4), {"r": i(2)}, {}), ("Tile", "x r", (1, 4), {"r": i(0, 1)}, {}),
            ("DepthToSpace", "x", (1, 6, 2, 2), {}, {"blocksize": 2}), ("DepthToSpace", "x", (1, 4, 2, 2), {}, {"blocksize": 2, "mode": "XYZ"}), ("SpaceToDepth", "x", (1, 1, 3, 2), {}, {"blocksize": 2}), ("SpaceToDepth", "x", (1, 1, 2, 2), {}, {}),
            ("Pad", "x p", (1, 4), {"p": i(0, 4, 0, 0)}, {"mode": "reflect"}), ("Pad", "x p", (1, 4), {"p": i(0, -1, 0, 0)}, {"mode": "edge"}), ("Pad", "x p", (1, 4), {"p": i(0, -4, 0, 1)}, {}), ("Pad", "x p v", (1, 4), {"p": i(0, 1, 0, 1), "v": rand(2)}, {}),
            ("Pad", "x p", (1, 4), {"p": i(0, 1, 0, 1)}, {"mode": "mirror"}), ("Pad", ["x", "p", "", "a"], (1, 4), {"p": i(1, 1, 1, 1), "a": i(1, -1)}, {}),
            up(mode="linear"), up(mode="cubic"), up(coordinate_transformation_mode="tf_crop_and_resize"), up(coordinate_transformation_mode="half_pixel_symmetric"), up(nearest_mode="round"), up(exclude_outside=1), up(antialias=1),
            up(keep_aspect_ratio_policy="not_larger"), up(coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="ceil"), ("Resize", ["x", "", "s", "z"], (1, 1, 2, 2), {"s": I([1.0, 1, 2, 2]), "z": i(1, 1, 4, 4)}, {}), ("Resize", "x", (1, 1, 2, 2), {}, {}),
            ("Resize", ["x", "", "s"], (1, 1, 2, 2), {"s": I([1.0, 1, 2])}, {}), ("Resize", ["x", "", "s"], (1, 1, 2, 2), {"s": I([1.0, 1, 0, 1])}, {}), ("Resize", ["x", "", "s"], (1, 1, 2, 2), {"s": I([1.0, 1, 0.25, 1])}, {}),
            ("Resize", ["x", "", "", "z"], (1, 1, 6, 2), {"z": i(1, 1, 4, 2)}, {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}), ("Resize", ["x", "", "s"], (1, 1, 4, 2), {"s": I([1.0, 1, 1.2, 1])}, {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
            ("ConvTranspose", "x x", (2, 2, 2, 2), {}, {}), ("ConvTranspose", "x w", (1, 3, 2, 2), w, {}), ("ConvTranspose", "x w", (1, 2, 2, 2), w, {"group": 3}), ("ConvTranspose", "x w", (1, 2, 2, 2), w, {"output_padding": [1, 0]}),
            ("ConvTranspose", "x w", (1, 2, 2, 2), w, {"output_padding": [-1, 0]}), ("ConvTranspose", "x w", (1, 2, 2, 2), w, {"output_shape": [9, 9]}), ("ConvTranspose", "x w", (1, 2, 2, 2), w, {"auto_pad": "SAME"}), ("ConvTranspose", "x w", (1, 2, 2, 2), w, {"auto_pad": "SAME_UPPER", "strides": [3, 3]}),
            ("ConvTranspose", "x w", (1, 2, 2, 2), w, {"pads": [2, 2, 2, 2]}), ("ConvTranspose", "x w b", (1, 2, 2, 2), dict(w, b=rand(2)), {}), ("ConvTranspose", "x w", (1, 2, 2, 2), w, {"kernel_shape": [3, 3]}),
            ("ConvTranspose", "x w", (1, 2, 2, 2), w, {"auto_pad": "VALID", "pads": [1, 1, 1, 1]}), ("Conv", "x w", (1, 1, 2, 2), w, {"auto_pad": "VALID", "pads": [1, 1, 1, 1]}),
            ("MaxPool", "x", (1, 1, 4, 4), {}, {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER", "dilations": [2, 2]}), ("AveragePool", "x", (1, 1, 5, 5), {}, {"kernel_shape": [1, 1], "strides": [3, 3], "auto_pad": "SAME_UPPER"}),
            ("MaxPool", "x", (1, 1, 5, 5), {}, {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "VALID", "ceil_mode": 1}), ("Range", "x x x", (1,), {}, {}), ("ConstantOfShape", "x", (2,), {}, {}), ("ConstantOfShape", "s", (2,), {"s": i(2, -1)}, {})):
        outs = "y z" if op == "Split" else "y"
        net = k.model([node(op, ins, outs, **attrs)] + ([node("Relu", "x", "q")] if ins == "s" else []), [("x", shape)], consts, opset=18, outputs=["y", "q"] if ins == "s" else None)[0]
        refuse("%s of %s with %s, %s" % (op, shape, {n: v.tolist() for n, v in consts.items() if v.size < 5}, attrs), (op, "node0"), net, (4,))
    odd = k.model([node("ConvTranspose", "x w", "y", output_shape=[2, 3])], [("x", (1, 2, 2, 2))], w, opset=10)[0]
    refuse("ConvTranspose, an odd sum of pads in opset 10", ("ConvTranspose", "opset 10"), odd, (4,))
    ints = model([node("ReduceMean", "c", "m"), node("Add", "x m", "y")], [("x", (1, 4))], {"c": I([1, 2])})[0]
    refuse("a mean of integers", ("ReduceMean", "node0"), ints, (4,))
    more = model([node("Relu", "x", "y")], [("x", (1, 4))], {})[0]
    more.graph.node[0].output.append("z")
    refuse("a second output of Relu", ("Relu", "node0"), more, (4,))


def table():
    code, out, err = run("inspect", "--ops")
    names = [n for line in out.split("| refused |")[0].splitlines()[2:] if line.startswith("| ") for n in line.split("|")[1].split()]
    check("the table lists every operator that is read here, once", code == 0 and len(names) == len(set(names)) and set(k.OPS) <= set(names) and "HardSwish" not in names and
          "HardSwish" in out, sorted(set(k.OPS) - set(names)))
    check("the table names what is limited", "| Upsample | 7 to 9 |" in out and "| Where | 9 to 25 |" in out and "| Relu | | |" in out, out)
    check("the table takes no file", run("inspect", "--ops", p("x"))[0] == 2)


def damaged():
    """the fuzz driver, when it is built, on networks of this test: crashes, hangs and bounds that a value leaves"""
    driver = os.path.join(os.path.dirname(os.path.abspath(NETMIP)), "tests", "fuzz", "fuzz_readers")
    if not os.path.exists(driver):
        return skip("the driver fuzz_readers is not built")
    os.mkdir(p("seeds"))
    files = sorted((f for f in os.listdir(TMP) if re.match(r"n\d+\.onnx$", f)), key=lambda f: int(f[1:-5]))
    files = [f for f in files[::9] if run("inspect", p(f))[0] == 0]  # some must be refused
    for f in files:
        shutil.copy(p(f), p("seeds/onnx." + f))
    count = os.environ.get("NETMIP_FUZZ_COUNT", "150000")
    r = subprocess.run([driver, "-n", count, p("seeds")], capture_output=True, text=True, timeout=600)
    check("fuzz_readers on %d networks of this test" % len(files), r.returncode == 0 and len(files) > 40, r.stdout[-1500:] + r.stderr[-1500:])


parts(activations, many, reductions, deconvolutions, space, picks, resizes, folded, tails, refused, table, damaged)
