#!/usr/bin/env python3
"""Every ONNX operator and attribute that is read: `netmip eval` against an evaluation in numpy written here, to 1e-9; the
bounds of the outputs against sampled points (and, for affine networks, against the exact ends); and what is refused."""
import gzip, itertools, json, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, fork_runs, needs, p, parts, put, run
from tiny import npy

needs("numpy", "onnx")
fork_runs()
import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh

rng = np.random.default_rng(7)


# ---- the operators, by their definitions ----
def pads_of(a, x, k, s, d):
    n = len(k)
    mode = a.get("auto_pad", "NOTSET")
    if mode in ("NOTSET", "VALID"):
        return list(a.get("pads", [0] * 2 * n)) if mode == "NOTSET" else [0] * 2 * n
    lo, hi = [], []
    for i in range(n):
        size = x.shape[2 + i]
        need = max(0, (-(-size // s[i]) - 1) * s[i] + (k[i] - 1) * d[i] + 1 - size)
        small, large = need // 2, need - need // 2
        lo.append(small if mode == "SAME_UPPER" else large)
        hi.append(large if mode == "SAME_UPPER" else small)
    return lo + hi


def windows(a, x, k):
    """for each output place: the list of (kernel place, input place or None)"""
    n = len(k)
    s, d = a.get("strides", [1] * n), a.get("dilations", [1] * n)
    pads = pads_of(a, x, k, s, d)
    sizes = []
    for i in range(n):
        room = x.shape[2 + i] + pads[i] + pads[n + i] - ((k[i] - 1) * d[i] + 1)
        out = room // s[i] + 1
        if a.get("ceil_mode") and room % s[i] and out * s[i] < x.shape[2 + i] + pads[i]:
            out += 1
        sizes.append(out)
    table = {}
    for place in itertools.product(*map(range, sizes)):
        cells = []
        for kk in itertools.product(*map(range, k)):
            at = tuple(place[i] * s[i] - pads[i] + kk[i] * d[i] for i in range(n))
            cells.append((kk, at if all(0 <= at[i] < x.shape[2 + i] for i in range(n)) else None))
        table[place] = cells
    return sizes, table


def conv(a, x, w, b=None):
    g = a.get("group", 1)
    sizes, table = windows(a, x, w.shape[2:])
    y = np.zeros((1, w.shape[0], *sizes))
    cg, og = x.shape[1] // g, w.shape[0] // g
    for o in range(w.shape[0]):
        for place, cells in table.items():
            y[(0, o) + place] = (b[o] if b is not None else 0) + sum(
                w[(o, c) + kk] * x[(0, o // og * cg + c) + at] for c in range(cg) for kk, at in cells if at is not None)
    return y


def pool(a, x, kind):
    sizes, table = windows(a, x, a["kernel_shape"])
    y = np.zeros((1, x.shape[1], *sizes))
    for c in range(x.shape[1]):
        for place, cells in table.items():
            v = [x[(0, c) + at] for _, at in cells if at is not None]
            y[(0, c) + place] = max(v) if kind == "max" else sum(v) / (len(cells) if a.get("count_include_pad") else len(v))
    return y


def gemm(a, x, y, c=0.0):
    x, y = x.T if a.get("transA") else x, y.T if a.get("transB") else y
    return f32(a.get("alpha", 1.0)) * (x @ y) + f32(a.get("beta", 1.0)) * c


def f32(v):
    return float(np.float32(v))


def axes_of(a, rest):
    return list(a["axes"]) if "axes" in a else [int(v) for v in rest[0]] if rest else None


def squeeze(a, x, *rest):
    axes = axes_of(a, rest)
    return np.squeeze(x, tuple(axes)) if axes is not None else np.squeeze(x)


def unsqueeze(a, x, *rest):
    axes = axes_of(a, rest)
    rank = x.ndim + len(axes)
    for k in sorted(v % rank for v in axes):
        x = np.expand_dims(x, k)
    return x


def reshape(a, x, shape):
    dims = [x.shape[i] if v == 0 and not a.get("allowzero") else int(v) for i, v in enumerate(shape)]
    return x.reshape(dims)


def pad(a, x, *rest):
    n, pads = x.ndim, [int(v) for v in (a["pads"] if "pads" in a else rest[0])]
    return np.pad(x, [(pads[i], pads[n + i]) for i in range(n)])


def constant(a):
    v = next(iter(a.values()))
    if isinstance(v, onnx.TensorProto):
        return nh.to_array(v).astype(float)
    return np.float64(np.float32(v)) if isinstance(v, float) else np.array([f32(x) if isinstance(x, float) else x for x in v], float) if isinstance(v, list) else np.float64(v)


OPS = {"Conv": conv, "Gemm": gemm, "Reshape": reshape, "Pad": pad, "Squeeze": squeeze, "Unsqueeze": unsqueeze, "Constant": constant,
       "MatMul": lambda a, x, y: np.matmul(x, y), "Add": lambda a, x, y: x + y, "Sub": lambda a, x, y: x - y, "Mul": lambda a, x, y: x * y,
       "Div": lambda a, x, y: x / y, "Relu": lambda a, x: np.maximum(x, 0), "Identity": lambda a, x: x, "Dropout": lambda a, x, *r: x,
       "Cast": lambda a, x: x, "Flatten": lambda a, x: x.reshape(int(np.prod(x.shape[:a.get("axis", 1)] if a.get("axis", 1) else ())), -1),
       "Transpose": lambda a, x: np.transpose(x, a.get("perm")), "Concat": lambda a, *x: np.concatenate(x, a["axis"]),
       "MaxPool": lambda a, x: pool(a, x, "max"), "AveragePool": lambda a, x: pool(a, x, "mean"),
       "GlobalAveragePool": lambda a, x: x.mean(tuple(range(2, x.ndim)), keepdims=True),
       "BatchNormalization": lambda a, x, s, b, m, v: ((lambda sh: s.reshape(sh) * (x - m.reshape(sh)) / np.sqrt(v.reshape(sh) + (f32(a["epsilon"]) if "epsilon" in a else 1e-5))
                                                        + b.reshape(sh))((1, -1) + (1,) * (x.ndim - 2)))}


KINKED = {"Relu", "MaxPool"}  # of these networks bounds need not be the exact ends


def evaluate(net, x):
    env, at = dict(net["values"]), 0
    for name, shape in net["inputs"]:
        n = int(np.prod(shape))
        env[name] = x[at:at + n].reshape(shape)
        at += n
    todo = list(net["nodes"])
    while todo:
        ready = next(n for n in todo if all(i in env or not i for i in n["in"]))
        todo.remove(ready)
        made = OPS[ready["op"]](ready["attrs"], *[env[i] if i else None for i in ready["in"]])
        env.update(zip(ready["out"], made if isinstance(made, list) else [made]))
    return np.concatenate([np.asarray(env[o], float).reshape(-1) for o in net["outputs"]])


# ---- making files ----
def node(op, ins, out, **attrs):
    return {"op": op, "in": ins.split() if isinstance(ins, str) else ins, "out": out.split(), "attrs": attrs}


def rand(*shape, lo=-1.0, hi=1.0):
    return np.asarray(rng.uniform(lo, hi, shape)).astype(np.float32).astype(float)


def tensor(name, v, how="raw", dtype=np.float32):
    v = np.asarray(v)
    if v.dtype.kind == "b":
        return nh.from_array(v, name)
    if v.dtype.kind in "iu":
        return h.make_tensor(name, T.INT64, v.shape, v.astype(np.int64).reshape(-1).tolist()) if how == "typed" else nh.from_array(v.astype(np.int64), name)
    if how == "typed":
        return h.make_tensor(name, T.FLOAT if dtype == np.float32 else T.DOUBLE, v.shape, v.reshape(-1).tolist())
    return nh.from_array(v.astype(dtype), name)


def model(nodes, inputs, consts, outputs=None, opset=13, dtype=np.float32, how="raw", batch=None, listed=(), late=False, domain="", extra=()):
    """the file's bytes, and what evaluate() needs"""
    made = []
    for k, n in enumerate(nodes):
        made.append(h.make_node(n["op"], n["in"], n["out"], name="node%d" % k, **n["attrs"]))
    outputs = outputs or [nodes[-1]["out"][0]]
    elem = T.FLOAT if dtype == np.float32 else T.DOUBLE
    ins = []
    for i, (name, shape) in enumerate(inputs):
        dims = list(shape)
        if batch is not None and dims:
            dims[0] = batch
        ins.append(h.make_tensor_value_info(name, elem, dims))
    inits = [tensor(k, v, how, dtype) for k, v in consts.items()]
    ins += [h.make_tensor_value_info(k, elem, np.shape(consts[k])) for k in listed]
    g = h.make_graph(made[::-1] if late else made, "g", ins, [h.make_tensor_value_info(o, elem, None) for o in outputs], inits)
    mod = h.make_model(g, opset_imports=[h.make_opsetid(domain, opset), *extra])
    mod.ir_version = 8
    values = {k: np.asarray(v).astype(np.int64 if np.asarray(v).dtype.kind in "iu" else dtype).astype(float) for k, v in consts.items()}
    return mod, {"nodes": nodes, "inputs": inputs, "values": values, "outputs": outputs}


made_networks = itertools.count(1)


def is_valid(path):
    try:
        onnx.checker.check_model(onnx.load(path), full_check=True)
        return ""
    except Exception as e:
        return str(e)


def converted(name, path, x, want):
    """as JSON and as ONNX it evaluates to the same bits, and ONNX's own checker takes the file: its types and shapes"""
    for to in ("to.json", "to.onnx"):
        code, out, err = run("convert", path, "-o", p(to))
        if not check("%s: convert %s" % (name, to), code == 0, (code, err)):
            continue
        code, out, err = run("eval", p(to), "--image", put("x.npy", npy(x)), "--json")
        check("%s: equal as %s" % (name, to), code == 0 and json.loads(out)["outputs"]["float64"] == json.loads(want)["outputs"]["float64"], (code, err, out[:200], want[:200]))
        if to == "to.onnx" and onnx.load(p(to)).opset_import[0].version <= onnx.defs.onnx_opset_version():
            fault = is_valid(p(to))  # it may count a window of ceil_mode that begins in the padding
            check("%s: the checker" % name, not fault or ("ceil_mode" in name and "existing shape differ" in fault), fault)


def same(name, nodes, inputs, consts=None, bounds=True, packed=False, or_refused=False, **kw):
    """eval on points, then bounds of the outputs over the unit box; what may be refused must be refused by name"""
    mod, net = model(nodes, inputs, consts or {}, **kw)
    data = mod.SerializeToString()
    path = put("n%d.onnx%s" % (next(made_networks), ".gz" if packed else ""), gzip.compress(data) if packed else data)
    n = sum(int(np.prod(s)) for _, s in inputs)
    points = [rng.uniform(-2, 2, n), rng.uniform(0, 1, n)]
    for k, x in enumerate(points):
        code, out, err = run("eval", path, "--image", put("x.npy", npy(x)), "--json")
        if code == 4 and or_refused:
            return check("%s: refused by name" % name, "node0" in err and nodes[0]["op"] in err, err)
        if code:
            return check("%s: eval" % name, False, (code, err))
        got, want = json.loads(out)["outputs"]["float64"], evaluate(net, x)
        single = np.array(json.loads(out)["outputs"]["float32"])
        check("%s: float32 at point %d" % (name, k), len(single) == len(want) and np.max(np.abs(single - want)) <= 1e-4 * (1 + np.max(np.abs(want))), (single[:8], want[:8]))
        if not check("%s: eval at point %d" % (name, k), len(got) == len(want) and np.max(np.abs(got - want) / (1 + np.abs(want))) <= 1e-9,
                     "got %s want %s" % (got[:8], want[:8])):
            return False
    converted(name, path, x, out)
    if not bounds or n > 120 or len(want) > 120:
        return True
    m = len(want)
    text = "".join("(declare-const X_%d Real)\n" % i for i in range(n)) + "".join("(declare-const Y_%d Real)\n" % i for i in range(m))
    text += "".join("(assert (>= X_%d 0))(assert (<= X_%d 1))\n" % (i, i) for i in range(n))
    text += "(assert (or %s))\n" % " ".join("(and (<= Y_%d 0)) (and (>= Y_%d 0))" % (i, i) for i in range(m))
    code, out, err = run("solve", path, put("q.vnnlib", text), "--objective", "worst", "--no-solve", "--no-attack", "--json")
    if code not in (0, 10, 11):
        return check("%s: bounds" % name, False, (code, err))
    t = json.loads(out)["targets"]
    if not check("%s: a bound for each output" % name, len(t) == 2 * m and all("margin_lo" in v for v in t), t[:3]):
        return False
    lo, hi = np.array([v["margin_lo"] for v in t[0::2]]), -np.array([v["margin_lo"] for v in t[1::2]])
    samples = np.array([evaluate(net, x) for x in [np.zeros(n), np.ones(n)] + [rng.uniform(0, 1, n).round(k % 2 * 9) for k in range(12)]])
    check("%s: bounds contain the samples" % name, np.all(samples >= lo - 1e-12) and np.all(samples <= hi + 1e-12), (lo, hi, samples.min(0), samples.max(0)))
    if not any(v["op"] in KINKED for v in nodes):
        zero = evaluate(net, np.zeros(n))
        J = np.array([evaluate(net, e) - zero for e in np.eye(n)])
        ends = zero + np.minimum(J, 0).sum(0), zero + np.maximum(J, 0).sum(0)
        check("%s: bounds of an affine network are its ends" % name, np.max(np.abs(lo - ends[0])) < 1e-8 * (1 + np.abs(J).sum()) and
              np.max(np.abs(hi - ends[1])) < 1e-8 * (1 + np.abs(J).sum()), (lo, ends[0]))
    return True


def refuse(name, needle, mod, codes=(3, 4)):
    path = put("refuse.onnx", mod if isinstance(mod, bytes) else mod.SerializeToString())
    for verb in (["inspect", path], ["eval", path, "--image", put("x.npy", npy(np.zeros(4)))]):
        code, out, err = run(*verb)
        needles = needle if isinstance(needle, tuple) else (needle,)
        check("refuse %s (%s)" % (name, verb[0]), code in codes and out == "" and err.startswith("netmip: ") and "refuse.onnx" in err and err.count("\n") == 1 and
              all(w in err for w in needles), (code, out[:100], err, needle))


# ---- what is read ----
def convolutions():
    x = [("x", (1, 2, 5, 6))]
    w, b = rand(4, 2, 3, 2), rand(4)
    for name, attrs in (("plain", {}), ("pads", {"pads": [1, 0, 2, 1]}), ("strides", {"strides": [2, 3]}), ("dilations", {"dilations": [2, 1]}),
                        ("all", {"pads": [2, 1, 0, 1], "strides": [2, 1], "dilations": [1, 3], "kernel_shape": [3, 2]}), ("VALID", {"auto_pad": "VALID", "strides": [2, 2]}),
                        ("SAME_UPPER", {"auto_pad": "SAME_UPPER", "strides": [2, 1]}), ("SAME_LOWER", {"auto_pad": "SAME_LOWER", "strides": [2, 1]}),
                        ("SAME_UPPER dilated", {"auto_pad": "SAME_UPPER", "dilations": [2, 2]}), ("NOTSET", {"auto_pad": "NOTSET", "pads": [1, 1, 1, 1]}), ("group=1", {"group": 1})):
        same("Conv " + name, [node("Conv", "x w b", "y", **attrs)], x, {"w": w, "b": b})
    same("Conv without bias", [node("Conv", "x w", "y")], x, {"w": w})
    same("Conv with an empty bias", [node("Conv", ["x", "w", ""], "y")], x, {"w": w})
    for g, c, o in ((2, 4, 4), (4, 4, 8), (4, 4, 4), (3, 6, 3)):
        same("Conv %d groups" % g, [node("Conv", "x w b", "y", group=g, pads=[1, 1, 1, 1])], [("x", (1, c, 4, 3))], {"w": rand(o, c // g, 3, 3), "b": rand(o)})
    for name, attrs in (("plain", {}), ("pads", {"pads": [2, 1]}), ("strides", {"strides": [3]}), ("dilations", {"dilations": [2]}), ("SAME", {"auto_pad": "SAME_LOWER"})):
        same("Conv 1-D " + name, [node("Conv", "x w b", "y", **attrs)], [("x", (1, 3, 9))], {"w": rand(2, 3, 3), "b": rand(2)})
    same("Conv 1x1", [node("Conv", "x w", "y")], x, {"w": rand(3, 2, 1, 1)})
    same("Conv over all", [node("Conv", "x w", "y")], x, {"w": rand(3, 2, 5, 6)})
    same("Conv twice, Relu", [node("Conv", "x w b", "a"), node("Relu", "a", "r"), node("Conv", "r v", "y", strides=[2, 2])], x, {"w": w, "b": b, "v": rand(3, 4, 2, 2)})


def products():
    A = rand(3, 4)
    for ta, tb in itertools.product((0, 1), (0, 1)):
        same("Gemm transA=%d transB=%d" % (ta, tb), [node("Gemm", "x w c", "y", transA=ta, transB=tb)], [("x", (4, 2) if ta else (2, 4))],
             {"w": rand(3, 4) if tb else rand(4, 3), "c": rand(3)})
        same("Gemm constant on the left transA=%d transB=%d" % (ta, tb), [node("Gemm", "w x c", "y", transA=ta, transB=tb)],
             [("x", (5, 4) if tb else (4, 5))], {"w": rand(4, 3) if ta else A, "c": rand(3, 1)})
    for c in ((3,), (1, 3), (2, 3), (2, 1), (1,), (), (1, 1)):
        same("Gemm C of shape %s" % (c,), [node("Gemm", "x w c", "y")], [("x", (2, 4))], {"w": rand(4, 3), "c": rand(*c)})
    same("Gemm alpha, beta", [node("Gemm", "x w c", "y", alpha=0.3, beta=-1.7)], [("x", (1, 4))], {"w": rand(4, 3), "c": rand(3)})
    same("Gemm beta=0", [node("Gemm", "x w c", "y", beta=0.0)], [("x", (1, 4))], {"w": rand(4, 3), "c": rand(3)})
    same("Gemm without C", [node("Gemm", "x w", "y", alpha=2.5)], [("x", (1, 4))], {"w": rand(4, 3)})
    for a, b in (((2, 4), (4, 3)), ((4,), (4, 3)), ((2, 4), (4,)), ((4,), (4,)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 2)), ((1, 3, 4), (2, 4, 2)),
                 ((2, 1, 3, 4), (3, 4, 2)), ((3, 4), (2, 4, 2)), ((4,), (2, 4, 3)), ((2, 3, 4), (4,))):
        same("MatMul %s x constant %s" % (a, b), [node("MatMul", "x w", "y")], [("x", a)], {"w": rand(*b)}, or_refused=len(a) == 4)
        same("MatMul constant %s x %s" % (a, b), [node("MatMul", "w x", "y")], [("x", b)], {"w": rand(*a)}, or_refused=len(a) == 4)
    same("two dense layers", [node("MatMul", "x w", "a"), node("Add", "a b", "c"), node("Relu", "c", "r"), node("Gemm", "r v d", "y", transB=1)],
         [("x", (1, 5))], {"w": rand(5, 6), "b": rand(6), "v": rand(4, 6), "d": rand(4)})


def arithmetic():
    for op in ("Add", "Sub", "Mul", "Div"):
        for a, b in (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 3), ()), ((2, 3), (2, 1)), ((3,), (2, 3)), ((1, 3), (4, 1)), ((1, 2, 1, 3), (2, 4, 1)), ((), (3,)), ((2, 3), (1, 1, 1))):
            same("%s %s by constant %s" % (op, a, b), [node(op, "x c", "y")], [("x", a)], {"c": rand(*b, lo=0.5, hi=2.0)})
            if op != "Div":
                same("%s constant %s with %s" % (op, b, a), [node(op, "c x", "y")], [("x", a)], {"c": rand(*b, lo=-2.0, hi=2.0)})
    for op in ("Add", "Sub"):
        for a, b in (((2, 3), (2, 3)), ((2, 3), (1, 3)), ((2, 1), (1, 3)), ((3,), (2, 3))):
            same("%s of two inputs %s %s" % (op, a, b), [node(op, "x z", "y")], [("x", a), ("z", b)])
        same("%s of x with itself" % op, [node(op, "x x", "y")], [("x", (2, 2))])
    same("Div by negatives and thirds", [node("Div", "x c", "y")], [("x", (4,))], {"c": np.array([-3.0, 7.0, 0.1, -1e-3])})
    same("Mul by 0", [node("Mul", "x c", "y")], [("x", (3,))], {"c": np.array([0.0, 1.0, -1.0])})
    same("constants alone", [node("Add", "a b", "s"), node("Div", "s d", "t"), node("Mul", "t x", "y")], [("x", (3,))], {"a": rand(3), "b": rand(3), "d": rand(3, lo=1.0, hi=2.0)})
    same("a diamond", [node("Relu", "x", "r"), node("Mul", "x c", "m"), node("Sub", "r m", "d"), node("Add", "d x", "y")], [("x", (1, 4))], {"c": rand(4)})
    same("|x| by two Relus", [node("Relu", "x", "p"), node("Mul", "x n", "m"), node("Relu", "m", "q"), node("Add", "p q", "y")], [("x", (3,))], {"n": np.array(-1.0)})


def moves():
    x = [("x", (2, 3, 4))]
    for axis in (None, 0, 1, 2, 3, -1, -2, -3):
        same("Flatten axis=%s" % axis, [node("Flatten", "x", "y", **({} if axis is None else {"axis": axis}))], x)
    for shape in ([24], [2, 12], [0, 12], [0, 0, 4], [-1], [4, -1], [0, -1, 2], [2, 1, 3, 1, 4], [-1, 0]):
        want = np.array(shape, np.int64)
        same("Reshape to %s" % shape, [node("Reshape", "x s", "y")], x, {"s": want})
    same("Reshape by a Constant node", [node("Constant", "", "s", value=h.make_tensor("v", T.INT64, [2], [6, 4])), node("Reshape", "x s", "y")], x)
    same("Reshape allowzero=0", [node("Reshape", "x s", "y", allowzero=0)], x, {"s": np.array([0, -1])}, opset=14)
    for perm in (None, [0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1], [1, 2, 0]):
        same("Transpose perm=%s" % perm, [node("Transpose", "x", "y", **({"perm": perm} if perm else {}))], x)
    same("Transpose 4-D, Relu", [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Relu", "t", "y")], [("x", (1, 3, 2, 4))])
    for pads in ([0, 1, 2, 1, 0, 0], [0] * 6, [1, 0, 0, 0, 2, 1]):
        same("Pad attribute %s" % pads, [node("Pad", "x", "y", pads=pads)], x, opset=9)
        same("Pad input %s" % pads, [node("Pad", "x p", "y")], x, {"p": np.array(pads)}, opset=13)
    same("Pad attribute value 0, mode", [node("Pad", "x", "y", pads=[0, 0, 1, 0, 0, 1], mode="constant", value=0.0)], x, opset=10)
    same("Pad input value 0", [node("Pad", "x p v", "y", mode="constant")], x, {"p": np.array([0, 0, 1, 0, 0, 1]), "v": np.array(0.0)}, opset=13)
    y = [("x", (1, 3, 1, 2))]
    for axes in ([0], [2], [0, 2], [-2], [-4, 2]):
        same("Squeeze attribute %s" % axes, [node("Squeeze", "x", "y", axes=axes)], y, opset=11)
        same("Squeeze input %s" % axes, [node("Squeeze", "x a", "y")], y, {"a": np.array(axes)}, opset=13)
    same("Squeeze all", [node("Squeeze", "x", "y")], y)
    for axes in ([0], [1], [2], [-1], [0, 2], [1, 3], [-2, 0]):
        same("Unsqueeze attribute %s" % axes, [node("Unsqueeze", "x", "y", axes=axes)], [("x", (2, 3))], opset=11)
        same("Unsqueeze input %s" % axes, [node("Unsqueeze", "x a", "y")], [("x", (2, 3))], {"a": np.array(axes)}, opset=13)
    for axis in (0, 1, 2, -1, -3):
        c = [2, 3, 4]
        c[axis] = 2
        same("Concat with a constant, axis=%d" % axis, [node("Concat", "x c x", "y", axis=axis)], x, {"c": rand(*c)})
    same("Concat of one", [node("Concat", "x", "y", axis=0)], x)
    same("Concat of branches", [node("Relu", "x", "r"), node("Concat", "r x", "c", axis=1), node("Reshape", "c s", "f"), node("MatMul", "f w", "y")],
         [("x", (1, 4))], {"s": np.array([1, 8]), "w": rand(8, 3)})
    same("Identity", [node("Identity", "x", "y")], x)
    same("Dropout", [node("Dropout", "x", "y")], x, opset=12)
    same("Dropout ratio", [node("Dropout", "x", "y", ratio=0.25)], x, opset=7)
    same("Dropout by inputs", [node("Dropout", "x r", "y", seed=3)], x, {"r": np.array(0.5)}, opset=13)
    same("Cast to float", [node("Cast", "x", "y", to=T.FLOAT)], x)
    same("Cast to double", [node("Cast", "x", "y", to=T.DOUBLE)], x)
    same("Cast of an integer constant", [node("Cast", "k", "f", to=T.FLOAT), node("Mul", "x f", "y")], [("x", (3,))], {"k": np.array([1, -2, 3])})


def pools():
    x = [("x", (1, 2, 5, 4))]
    sets = [("plain", {}), ("strides", {"strides": [2, 1]}), ("pads", {"pads": [1, 0, 1, 1]}), ("both", {"pads": [1, 1, 0, 1], "strides": [2, 2]}),
            ("SAME_UPPER", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}), ("SAME_LOWER", {"auto_pad": "SAME_LOWER", "strides": [2, 2]}), ("VALID", {"auto_pad": "VALID"})]
    for name, attrs in sets:
        same("MaxPool " + name, [node("MaxPool", "x", "y", kernel_shape=[2, 3], **attrs)], x)
        for include in (0, 1):
            same("AveragePool %s count_include_pad=%d" % (name, include), [node("AveragePool", "x", "y", kernel_shape=[2, 3], count_include_pad=include, **attrs)], x)
    for name, attrs in (("dilations", {"dilations": [2, 1]}), ("ceil_mode", {"ceil_mode": 1, "strides": [2, 3]}), ("ceil_mode=0", {"ceil_mode": 0, "strides": [2, 3]}),
                        ("ceil_mode, pads", {"ceil_mode": 1, "strides": [3, 3], "pads": [1, 1, 1, 1]}), ("dilated, padded, ceil", {"dilations": [2, 2], "pads": [1, 1, 1, 1], "strides": [2, 2], "ceil_mode": 1}),
                        ("storage_order", {"storage_order": 1})):
        same("MaxPool " + name, [node("MaxPool", "x", "y", kernel_shape=[2, 2], **attrs)], x)
    same("AveragePool ceil_mode where it changes nothing", [node("AveragePool", "x", "y", kernel_shape=[3, 2], ceil_mode=1)], x)
    for name, attrs in (("", {}), (" strides", {"strides": [2]}), (" pads", {"pads": [1, 1]})):
        same("MaxPool 1-D" + name, [node("MaxPool", "x", "y", kernel_shape=[2], **attrs)], [("x", (1, 2, 6))])
        same("AveragePool 1-D" + name, [node("AveragePool", "x", "y", kernel_shape=[2], **attrs)], [("x", (1, 2, 6))])
    for shape in ((1, 2, 3, 4), (1, 3, 5)):
        same("GlobalAveragePool %s" % (shape,), [node("GlobalAveragePool", "x", "y")], [("x", shape)])
    same("MaxPool of a Conv", [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("MaxPool", "r", "m", kernel_shape=[2, 2], strides=[2, 2]), node("Flatten", "m", "f"),
                               node("Gemm", "f v", "y")], x, {"w": rand(2, 2, 2, 1), "v": rand(8, 2)})


def norms():
    for shape in ((1, 3, 2, 2), (1, 3, 4), (2, 3)):
        for name, attrs in (("", {}), (" epsilon", {"epsilon": 0.25}), (" momentum", {"momentum": 0.1})):
            same("BatchNormalization%s %s" % (name, shape), [node("BatchNormalization", "x s b m v", "y", **attrs)], [("x", shape)],
                 {"s": rand(3), "b": rand(3), "m": rand(3), "v": rand(3, lo=0.25, hi=2.0)}, opset=9)
    same("BatchNormalization training_mode=0", [node("BatchNormalization", "x s b m v", "y", training_mode=0)], [("x", (1, 2, 3))],
         {"s": rand(2), "b": rand(2), "m": rand(2), "v": rand(2, lo=0.25, hi=2.0)}, opset=15)


def constants():
    forms = (("value", {"value": h.make_tensor("v", T.FLOAT, [2], [0.5, -3.0])}), ("value of float64", {"value": h.make_tensor("v", T.DOUBLE, [1], [0.1])}),
             ("raw value", {"value": nh.from_array(np.array([[1.5, 2.5]], np.float32))}), ("scalar value", {"value": h.make_tensor("v", T.FLOAT, [], [2.0])}),
             ("value_float", {"value_float": 0.75}), ("value_floats", {"value_floats": [0.25, -1.5]}))
    for name, attrs in forms:
        same("Constant " + name, [node("Constant", "", "c", **attrs), node("Add", "x c", "y")], [("x", (1, 2))], opset=13)
    for name, attrs in (("value_int", {"value_int": 0}), ("value_ints", {"value_ints": [2, 1, 3]})):
        shape = {"value_int": (1, 6), "value_ints": (1, 6)}[name]
        nodes = [node("Constant", "", "c", **attrs)]
        nodes += [node("Reshape", "x c", "y")] if name == "value_ints" else [node("Cast", "c", "f", to=T.FLOAT), node("Add", "x f", "y")]
        same("Constant " + name, nodes, [("x", shape)], opset=13)


def containers():
    nodes = [node("MatMul", "x w", "a"), node("Add", "a b", "c"), node("Relu", "c", "y")]
    consts = {"w": rand(4, 3) / 3, "b": rand(3) / 7}
    for opset in range(7, 22):
        same("opset %d" % opset, nodes, [("x", (1, 4))], consts, opset=opset)
    same("domain ai.onnx", nodes, [("x", (1, 4))], consts, domain="ai.onnx")
    same("another domain imported, not used", nodes, [("x", (1, 4))], consts, extra=[h.make_opsetid("ai.onnx.ml", 2)])
    same("float64", nodes, [("x", (1, 4))], consts, dtype=np.float64)
    same("float_data", nodes, [("x", (1, 4))], consts, how="typed")
    same("double_data", nodes, [("x", (1, 4))], consts, how="typed", dtype=np.float64)
    same("int64_data", [node("Reshape", "x s", "y")], [("x", (2, 6))], {"s": np.array([3, 4])}, how="typed")
    same("initialisers as inputs", nodes, [("x", (1, 4))], consts, listed=("w", "b"))
    same("nodes after their users", nodes, [("x", (1, 4))], consts, late=True)
    same("a Constant node after its user", [node("Add", "x c", "a"), node("Relu", "a", "y"), node("Constant", "", "c", value_float=-0.5)], [("x", (1, 4))], outputs=["y"])
    same("symbolic batch", nodes, [("x", (1, 4))], consts, batch="N")
    same("batch of 0", nodes, [("x", (1, 4))], consts, batch=0)
    same("packed", nodes, [("x", (1, 4))], consts, packed=True)
    same("several inputs", [node("MatMul", "x w", "a"), node("Add", "a z", "s"), node("Relu", "s", "r"), node("Sub", "r u", "y")], [("x", (1, 4)), ("z", (3,)), ("u", (1, 1))], {"w": rand(4, 3)})
    same("several outputs", nodes, [("x", (1, 4))], consts, outputs=["y", "a", "c"])
    same("an output twice", nodes, [("x", (1, 4))], consts, outputs=["y", "y"])
    same("a constant output", nodes, [("x", (1, 4))], consts, outputs=["y", "b"])
    same("the input as output", nodes, [("x", (1, 4))], consts, outputs=["y", "x"])
    same("an input that nothing reads", nodes, [("x", (1, 4)), ("idle", (1, 2))], consts)
    same("a node that nothing needs", nodes + [node("Relu", "a", "idle")], [("x", (1, 4))], consts, outputs=["y"])
    same("a scalar input", [node("Mul", "x c", "y")], [("x", ())], {"c": rand(3)})
    same("names with odd letters", [node("MatMul", ["x/:0", "w b"], "a.1"), node("Relu", ["a.1"], "\u00fc")], [("x/:0", (1, 4))], {"w b": rand(4, 3)})
    same("deep", [node("Relu" if k % 2 else "Add", "v%d" % k + ("" if k % 2 else " c"), "v%d" % (k + 1)) for k in range(60)], [("v0", (3,))], {"c": rand(3) / 50})


# ---- what is refused ----
def simple(op, attrs=None, ins="x", shape=(1, 4), consts=None, **kw):
    return model([node(op, ins, "y", **(attrs or {}))], [("x", shape)], consts or {}, **kw)[0]


def refusals():
    for op in ("Exp", "Erf", "Gelu", "LSTM", "Frobnicate", "Sin"):
        refuse(op, (op, "node0"), simple(op), (4,))
    w = {"w": rand(4, 3)}
    refuse("an unknown attribute of Relu", ("Relu", "node0", "colour"), simple("Relu", {"colour": 3}), (4,))
    refuse("an unknown attribute of Gemm", ("Gemm", "node0", "broadcast"), simple("Gemm", {"broadcast": 1}, "x w", consts=w), (4,))
    refuse("an unknown attribute of Add", ("Add", "axis"), simple("Add", {"axis": 1}, "x x"), (4,))
    refuse("an attribute of the wrong kind", ("Gemm", "alpha"), simple("Gemm", {"alpha": 1}, "x w", consts=w), (4,))
    refuse("an attribute that is not finite", ("Gemm", "alpha"), simple("Gemm", {"alpha": float("nan")}, "x w", consts=w), (3, 4))
    for bad in (float("nan"), float("inf"), -float("inf")):
        for how in ("raw", "typed"):
            refuse("a weight of %r (%s)" % (bad, how), '"w"', simple("MatMul", None, "x w", consts={"w": np.array([[1.0], [bad], [2.0], [3.0]])}, how=how))
    refuse("a Constant of NaN", "finite", model([node("Constant", "", "c", value_float=float("nan")), node("Add", "x c", "y")], [("x", (1, 4))], {})[0])
    refuse("Mul of two inputs", ("Mul", "node0"), model([node("Mul", "x z", "y")], [("x", (1, 4)), ("z", (1, 4))], {})[0], (4,))
    refuse("Mul of x with itself", ("Mul", "node0"), simple("Mul", None, "x x"), (4,))
    refuse("MatMul of two inputs", ("MatMul", "node0"), model([node("MatMul", "x z", "y")], [("x", (1, 4)), ("z", (4, 1))], {})[0], (4,))
    refuse("Gemm of two inputs", ("Gemm", "node0"), model([node("Gemm", "x z", "y")], [("x", (1, 4)), ("z", (4, 1))], {})[0], (4,))
    refuse("Gemm with a variable C", ("Gemm", "node0"), model([node("Gemm", "x w z", "y")], [("x", (1, 4)), ("z", (3,))], w)[0], (4,))
    refuse("Div by a variable", ("Div", "node0"), simple("Div", None, "c x", consts={"c": rand(4)}), (4,))
    refuse("Div by 0", ("Div", "node0"), simple("Div", None, "x c", consts={"c": np.array([1.0, 0.0, 1.0, 1.0])}))
    refuse("a variable kernel", ("Conv", "node0"), model([node("Conv", "x z", "y")], [("x", (1, 1, 3, 3)), ("z", (1, 1, 2, 2))], {})[0], (4,))
    for op, ins, shape, consts, attrs in (
            ("MatMul", "x w", (1, 5), w, {}), ("Gemm", "x w", (1, 5), w, {}), ("Gemm", "x w c", (1, 4), dict(w, c=rand(2)), {}), ("Add", "x c", (1, 4), {"c": rand(3)}, {}),
            ("Gemm", "x w", (1, 1, 4), w, {}), ("Reshape", "x s", (1, 4), {"s": np.array([5])}, {}), ("Reshape", "x s", (1, 4), {"s": np.array([-1, -1])}, {}),
            ("Reshape", "x s", (1, 4), {"s": np.array([-2])}, {}), ("Reshape", "x s", (1, 4), {"s": np.array([3, -1])}, {}), ("Flatten", "x", (1, 4), {}, {"axis": 3}),
            ("Transpose", "x", (1, 4), {}, {"perm": [0, 0]}), ("Transpose", "x", (1, 4), {}, {"perm": [0]}), ("Transpose", "x", (1, 4), {}, {"perm": [0, 2]}),
            ("Squeeze", "x", (1, 4), {}, {"axes": [1]}), ("Squeeze", "x", (1, 4), {}, {"axes": [5]}), ("Unsqueeze", "x", (1, 4), {}, {"axes": [7]}), ("Unsqueeze", "x", (1, 4), {}, {"axes": [0, 0]}),
            ("Concat", "x c", (1, 4), {"c": rand(2, 3)}, {"axis": 0}), ("Concat", "x x", (1, 4), {}, {"axis": 2}), ("Concat", "x x", (1, 4), {}, {}),
            ("Conv", "x w", (1, 1, 3, 3), {"w": rand(1, 2, 2, 2)}, {}), ("Conv", "x w", (1, 1, 3, 3), {"w": rand(1, 1, 4, 4)}, {}),
            ("Conv", "x w b", (1, 1, 3, 3), {"w": rand(2, 1, 2, 2), "b": rand(3)}, {}), ("Conv", "x w", (1, 1, 3, 3), {"w": rand(2, 1, 2, 2)}, {"group": 2}),
            ("Conv", "x w", (1, 1, 3, 3), {"w": rand(1, 1, 2, 2)}, {"kernel_shape": [3, 3]}), ("Conv", "x w", (1, 1, 3, 3), {"w": rand(1, 1, 2, 2)}, {"strides": [0, 1]}),
            ("Conv", "x w", (1, 1, 3, 3), {"w": rand(1, 1, 2, 2)}, {"pads": [-1, 0, 0, 0]}), ("Conv", "x w", (1, 1, 3, 3), {"w": rand(1, 1, 2, 2)}, {"pads": [1, 1]}),
            ("Conv", "x w", (1, 1, 3, 3), {"w": rand(1, 1, 2, 2)}, {"auto_pad": "SAME"}), ("Conv", "x w", (1, 1, 3, 3, 3, 3), {"w": rand(1, 1, 2, 2, 2, 2)}, {}), ("Conv", "x w", (1, 1, 3, 3), {"w": rand(1, 1, 2, 2)}, {"group": 0}),
            ("MaxPool", "x", (1, 1, 3, 3), {}, {}), ("MaxPool", "x", (1, 1, 3, 3), {}, {"kernel_shape": [4, 4]}), ("MaxPool", "x", (1, 4), {}, {"kernel_shape": [2]}),
            ("AveragePool", "x", (1, 1, 4, 4), {}, {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "count_include_pad": 1}), ("Pad", "x", (1, 4), {}, {"pads": [1, 1]}),
            ("BatchNormalization", "x s s s s", (1, 4), {"s": rand(3, lo=0.5, hi=1.0)}, {}), ("BatchNormalization", "x s s s v", (1, 4), {"s": rand(4), "v": -np.ones(4)}, {}),
            ("Cast", "x", (1, 4), {}, {"to": int(T.INT64)}), ("Cast", "x", (1, 4), {}, {"to": int(T.FLOAT16)}), ("Cast", "x", (1, 4), {}, {}), ("Relu", "x x", (1, 4), {}, {}), ("Add", "x", (1, 4), {}, {})):
        refuse("%s of %s with %s, %s" % (op, shape, {k: v.shape for k, v in consts.items()}, attrs), (op, "node0"), simple(op, attrs, ins, shape, consts, opset=10))
    refuse("Pad with a variable value", "Pad", model([node("Pad", "x p z", "y")], [("x", (1, 3)), ("z", ())], {"p": np.array([0, 1, 0, 1])})[0])
    refuse("Reshape by an input", "Reshape", model([node("Reshape", "x z", "y")], [("x", (1, 4)), ("z", (2,))], {})[0])
    refuse("Dropout in training", "Dropout", model([node("Dropout", "x r t", "y")], [("x", (1, 4))], {"r": np.array(0.5), "t": np.array(1.0)})[0])
    for opset in (1, 6, 26, 99):
        refuse("opset %d" % opset, "opset %d" % opset, simple("Relu", opset=opset))
    none = simple("Relu")
    del none.opset_import[:]
    refuse("no opset", "opset", none)
    for k, (what, domain) in enumerate((("Relu", "com.example"), ("Gelu", "com.microsoft"))):
        far = simple("Relu")
        far.graph.node[0].domain, far.graph.node[0].op_type = domain, what
        refuse("domain " + domain, (domain, "node0"), far)
    ext = simple("MatMul", None, "x w", consts=w)
    t = ext.graph.initializer[0]
    t.ClearField("raw_data")
    t.data_location = onnx.TensorProto.EXTERNAL
    t.external_data.add(key="location", value="weights.bin")
    refuse("external data that are not there", ("weights.bin", '"w"'), ext, (5,))
    for kind in (T.FLOAT16, T.INT8, T.STRING, T.COMPLEX64, T.BFLOAT16):
        odd = simple("MatMul", None, "x w", consts=w)
        odd.graph.initializer[0].data_type = kind
        refuse("weights of type %d" % kind, '"w"', odd)
    for n in (0, 8, 44, 47, 49, 52):
        short = simple("MatMul", None, "x w", consts=w)
        short.graph.initializer[0].raw_data = bytes(n)
        refuse("%d bytes for 12 weights" % n, '"w"', short)
    wide = simple("MatMul", None, "x w", consts=w)
    wide.graph.initializer[0].dims[:] = [1 << 33, 1 << 33]
    refuse("weights of 2^66 elements", '"w"', wide, (3, 4))
    minus = simple("MatMul", None, "x w", consts=w)
    minus.graph.initializer[0].dims[:] = [-4, -3]
    refuse("weights of negative size", '"w"', minus)
    open_dim = simple("Relu", shape=(1, 1, 3, 3))
    for d in (2, 3):
        open_dim.graph.input[0].type.tensor_type.shape.dim[d].dim_param = "K"
    code, out, err = run("inspect", put("open.onnx", open_dim.SerializeToString()))
    check("open dimensions that are no batch", code == 4 and all(w in err for w in ('"x"', "[1,1,K,K]", "--input-shape")), (code, err))
    refuse("an input of int64", ('"x"', "int64"), (lambda m: (setattr(m.graph.input[0].type.tensor_type, "elem_type", T.INT64), m)[1])(simple("Relu")))
    ghost = simple("Add", None, "x ghost")
    refuse("an input that nobody makes", ("ghost", "node0"), ghost, (3,))
    refuse("an output that nobody makes", "ghost", model([node("Relu", "x", "y")], [("x", (1, 4))], {}, outputs=["ghost"])[0], (3,))
    refuse("a circle", "cycle", model([node("Add", "x b", "a"), node("Relu", "a", "b")], [("x", (1, 4))], {})[0], (3,))
    refuse("a value made twice", '"y"', model([node("Relu", "x", "y"), node("Identity", "x", "y")], [("x", (1, 4))], {})[0], (3,))
    refuse("no input", "input", model([node("Relu", "c", "y")], [], {"c": rand(3)})[0], (3,))
    loop = simple("Relu")
    loop.graph.node[0].attribute.add(name="body", type=onnx.AttributeProto.GRAPH)
    refuse("a subgraph", ("node0", "body"), loop)
    mask = simple("Dropout")
    mask.graph.node[0].output.append("mask")
    mask.graph.output.append(h.make_tensor_value_info("mask", T.BOOL, [1, 4]))
    refuse("Dropout's mask", "Dropout", mask)
    which = simple("MaxPool", {"kernel_shape": [2, 2]}, shape=(1, 1, 3, 3))
    which.graph.node[0].output.append("indices")
    which.graph.output.append(h.make_tensor_value_info("indices", T.INT64, None))
    refuse("MaxPool's indices", "MaxPool", which)
    # a second output that the operator does not have, and that another node reads
    two = model([node("Relu", "x", "a"), node("Add", "a b", "y")], [("x", (1, 4))], {})[0]
    two.graph.node[0].output.append("b")
    refuse("a second output of Relu", "Relu", two)
    hole = simple("Concat", {"axis": 0}, ["x", "", "x"])
    refuse("Concat with a hole", "Concat", hole)
    for name, value in (("value_float", [1, 2]), ("value_floats", 0.5), ("value_int", 0.5), ("value_ints", 3)):
        odd = model([node("Constant", "", "c", **{name: value}), node("Add", "x c", "y")], [("x", (1, 4))], {})[0]
        refuse("Constant %s of the wrong kind" % name, ("Constant", "node0"), odd)
    # integers are cut by Div, which is not linear
    ints = model([node("Div", "x c", "y")], [("x", (1, 4))], {"c": np.array([2, 2, 2, 2])})[0]
    ints.graph.input[0].type.tensor_type.elem_type = T.INT64
    refuse("Div of integer inputs", "refuse.onnx", ints)
    # 2^24 + 1 is no float32: the cast rounds
    big = model([node("Cast", "k", "f", to=int(T.FLOAT)), node("Sub", "x f", "y")], [("x", (1,))], {"k": np.array([16777217])})[0]
    path = put("cast.onnx", big.SerializeToString())
    code, out, err = run("eval", path, "--image", put("x.npy", npy([0.0])), "--json")
    check("a Cast that rounds is honoured or refused", code in (3, 4) or code == 0 and json.loads(out)["outputs"]["float64"] == [-16777216.0], (code, out, err))
    big = model([node("Mul", "x c", "y")], [("x", (1, 2))], {"c": np.array([3e38, 1.0])}, dtype=np.float32)[0]
    code, out, err = run("eval", put("over.onnx", big.SerializeToString()), "--image", put("x.npy", npy([2.0, 1.0])), "--json")
    check("an output beyond float32 is an answer or a message, not a crash", code in (0, 3, 4) and (code == 0 or err.startswith("netmip: over") or "over.onnx" in err), (code, out, err))


if __name__ == "__main__":
    parts(convolutions, products, arithmetic, moves, pools, norms, constants, containers, refusals)
