#!/usr/bin/env python3
"""ONNX files as people bring them: data beside the file, 16-bit floats and integers, opsets up to 25, open dimensions and
fixed batches, branches, functions, sparse and quantised weights, classifiers with several outputs. Each is evaluated
against numpy, and a question with a known answer is asked of it: most compute |x_0| and |x_1| in some disguise, whose
difference over a box is known. What is refused is refused by name, with what to do."""
import gzip, hashlib, json, os, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, TMP, check, fork_runs, needs, p as path_of, parts, run

needs("numpy", "onnx")
fork_runs()
import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh

kept = set()  # files that were read
rng = np.random.default_rng(11)
N = h.make_node
SPLIT = np.array([[1, -1, 0, 0], [0, 0, 1, -1]], np.float32)  # relu(x SPLIT) JOIN = |x|
JOIN = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)


# ---- the kit ----
def tensor(name, kind, x, raw=None):
    """the array as a tensor of any element type, its bytes given where numpy has no such type"""
    t = T(name=name, data_type=kind, dims=list(np.shape(x)))
    t.raw_data = raw if raw is not None else np.ascontiguousarray(x).tobytes()
    return t


def bfloat(x):
    """bytes of bfloat16, of numbers that are some"""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    assert not (bits & 0xffff).any()
    return (bits >> 16).astype("<u2").tobytes()


def nibbles(x):
    q = np.asarray(x).ravel().astype(np.int64) & 15
    q = np.append(q, [0] * (len(q) % 2))
    return (q[::2] | q[1::2] << 4).astype(np.uint8).tobytes()


def model(nodes, x_shape, consts=(), outputs=("y",), opset=13, kind=T.FLOAT, domains=(), functions=(), inputs=None):
    consts = [c if isinstance(c, T) else nh.from_array(np.asarray(c[1]), c[0]) for c in (consts.items() if isinstance(consts, dict) else consts)]
    infos = inputs or [h.make_tensor_value_info("x", kind, x_shape)]
    g = h.make_graph(nodes, "g", infos, [h.make_empty_tensor_value_info(o) for o in outputs], consts)
    m = h.make_model(g, opset_imports=[h.make_opsetid("", opset)] + [h.make_opsetid(d, 1) for d in domains])
    m.functions.extend(functions)
    return m


def save(name, m):
    with open(path_of(name), "wb") as f:
        f.write(m.SerializeToString())
    return path_of(name)


def npy(x, name="x.npy"):
    np.save(path_of(name), np.asarray(x, np.float64))
    return path_of(name)


def values(path, x, *flags):
    code, out, err = run("eval", path, "--image", npy(x), "--json", *flags)
    return np.array(json.loads(out)["outputs"]["float64"]) if code == 0 else err


def gives(name, path, x, want, *flags):
    got, want = values(path, x, *flags), np.asarray(want, float).ravel()
    if not isinstance(got, str) and path.endswith(".onnx") and os.path.dirname(path) == TMP and not flags:
        kept.add(open(path, "rb").read())
    return check(name, not isinstance(got, str) and got.shape == want.shape and np.allclose(got, want, rtol=1e-6, atol=1e-7), (got, want))


def asks(name, path, x, box, form, want, *flags):
    """the certified range of `form` over the box around x, by linf radius, is `want`"""
    code, out, err = run("solve", path, "--image", npy(x), "--perturb", "linf:%r" % box, "--domain=-100,300", "--objective", "range:" + form, "--json", *flags)
    r = json.loads(out)["range"] if code == 0 else {}
    check(name, code == 0 and json.loads(out)["certified"] and np.allclose([r["min"], r["max"]], want, rtol=1e-6, atol=1e-9), (code, out[:300], err[-300:], want))


def is_abs(name, path, *flags, shape=(1, 2)):
    """the network computes |x_0|, |x_1|"""
    for x in ([0.5, 0.25], [-3, 7], [0, -1.125]):
        gives(name, path, np.reshape(x, shape), np.abs(x), *flags)
    asks(name, path, np.reshape([0.5, 0.25], shape), 0.5, "Y_0-Y_1", [-0.75, 1], *flags)


def refuses(name, path, code, *needles, flags=()):
    for verb in ("inspect", "convert"):
        got, out, err = run(verb, path, *flags, *(["-o", path_of("never.onnx")] if verb == "convert" else []))
        check(name, got == code and all(n in err for n in needles), (verb, got, err, needles))


def abs_nodes(first="W", second="U"):
    return [N("MatMul", ["x", first], ["a"]), N("Relu", ["a"], ["b"]), N("MatMul", ["b", second], ["y"])]


PLAIN = {"W": SPLIT, "U": JOIN}


# ---- data beside the file ----
def beside(t, location, offset=None, length=None, **more):
    out = T(name=t.name, data_type=t.data_type, dims=t.dims, data_location=T.EXTERNAL)
    for key, value in dict(location=location, offset=offset, length=length, **more).items():
        if value is not None:
            out.external_data.add(key=key, value=str(value))
    return out


def external():
    w, u = nh.from_array(SPLIT, "W"), nh.from_array(JOIN, "U")
    data = b"####" + w.raw_data + u.raw_data
    n, m = len(w.raw_data), len(u.raw_data)
    os.makedirs(path_of("deep/er"))
    for folder in ("", "deep/", "deep/er/"):
        open(path_of(folder + "net.data"), "wb").write(data)
    sha = hashlib.sha1(data).hexdigest()

    def put(name, *tensors):
        return save(name, model(abs_nodes(), [1, 2], tensors))
    both = (beside(w, "net.data", 4, n), beside(u, "net.data", 4 + n, m))
    is_abs("external", put("ext.onnx", *both))
    is_abs("external below", put("deep/ext.onnx", beside(w, "er/net.data", 4, n), beside(u, "./net.data", 4 + n, m)))
    is_abs("external without length", put("nolen.onnx", beside(w, "net.data", 4, n), beside(u, "net.data", 4 + n)))
    is_abs("external with checksum", put("sum.onnx", beside(w, "net.data", 4, n, checksum=sha), beside(u, "net.data", 4 + n, m, checksum=sha.upper())))
    # the same network as one file: equal answers; where it is read from does not matter
    code, one, _ = run("inspect", save("in.onnx", model(abs_nodes(), [1, 2], PLAIN)), "--json")
    check("external is as in one file", code == 0 and np.array_equal(values(path_of("ext.onnx"), [[0.3, 7]]), values(path_of("in.onnx"), [[0.3, 7]])))
    code, out, err = run("eval", "ext.onnx", "--image", npy([[1, -2]]), "--json", cwd=path_of("deep"))
    check("external from its own folder", code == 0 and json.loads(out)["outputs"]["float64"] == [1, 2], (out, err))
    for packed in ("ext.onnx.gz", "deep/alone/ext.onnx.gz"):
        os.makedirs(os.path.dirname(path_of(packed)), exist_ok=True)
        with gzip.open(path_of(packed), "wb") as f:
            f.write(open(path_of("ext.onnx"), "rb").read())
    is_abs("external of a packed file", path_of("ext.onnx.gz"))
    refuses("external gone", path_of("deep/alone/ext.onnx.gz"), 5, "net.data", "does not exist", '"W"', "keep the two files together")
    with gzip.open(path_of("deep/alone/net.data.gz"), "wb") as f:
        f.write(data)
    is_abs("both packed", path_of("deep/alone/ext.onnx.gz"))
    # the data are a part of the network: its hash changes with them
    hashes = []
    for tail in (b"", b"#"):
        open(path_of("deep/net.data"), "wb").write(data + tail)
        hashes.append(json.loads(run("inspect", put("deep/hash.onnx", *both), "--json")[1])["sha256"])
    check("hashes", hashes[0] != hashes[1], hashes)
    outside(w, u, both, n, m, put)


def outside(w, u, both, n, m, put):
    """what a file must not name, and what is torn"""
    os.symlink(path_of("net.data"), path_of("deep/link.data"))
    os.symlink("net.data", path_of("here.data"))
    os.mkfifo(path_of("pipe.data"))
    is_abs("a link inside the folder", put("here.onnx", beside(w, "here.data", 4, n), both[1]))
    for name, folder, t, code, needles in (
            ("absolute", "", beside(w, path_of("net.data"), 4, n), 3, ("own folder", path_of("net.data"))),
            ("up", "deep/", beside(w, "../net.data", 4, n), 3, ("../net.data", "own folder")),
            ("up and down", "deep/", beside(w, "er/../../net.data", 4, n), 3, ("own folder",)),
            ("a link out", "deep/", beside(w, "link.data", 4, n), 3, ("link out of", "put the file itself")),
            ("a folder", "", beside(w, "deep", 0, n), 3, ("not a plain file",)),
            ("a pipe", "", beside(w, "pipe.data", 0, n), 3, ("not a plain file",)),
            ("no location", "", beside(w, "", 4, n), 3, ("without a location",)),
            ("too short", "", beside(w, "net.data", 60, n), 3, ("too short", "cut", "net.data", '"W"')),
            ("far offset", "", beside(w, "net.data", 1 << 40, n), 3, ("too short",)),
            ("huge offset", "", beside(w, "net.data", "9" * 30, n), 3, ("offset",)),
            ("negative offset", "", beside(w, "net.data", -4, n), 3, ("offset", "0 or more")),
            ("wrong length", "", beside(w, "net.data", 4, n - 4), 3, ("28 bytes", "needs 32")),
            ("no length, not to the end", "", beside(w, "net.data", 4), 3, ("needs 32",)),
            ("wrong checksum", "", beside(w, "net.data", 4, n, checksum="00" * 20), 3, ("SHA-1", "0000")),
            ("short checksum", "", beside(w, "net.data", 4, n, checksum="00"), 3, ("SHA-1",)),
            ("unknown entry", "", beside(w, "net.data", 4, n, encrypted=1), 4, ("encrypted", "checksum"))):
        refuses("external: " + name, put(folder + "bad.onnx", t, both[1]), code, '"W"', *needles)
    twice = beside(w, "net.data", 4, n)
    twice.raw_data = w.raw_data
    refuses("external and raw", put("bad.onnx", twice, both[1]), 3, "two places")
    unmarked = beside(w, "net.data", 4, n)
    unmarked.data_location = T.DEFAULT
    refuses("external unmarked", put("bad.onnx", unmarked, both[1]), 3, "not marked")
    # a tensor that nobody reads is nobody's business
    lost = beside(nh.from_array(SPLIT, "idle"), "lost.data", 0, n)
    is_abs("a lost tensor that nobody reads", put("idle.onnx", *both, lost))
    value = beside(nh.from_array(SPLIT, "v"), "net.data", 4, n)
    is_abs("external Constant", save("const.onnx", model([N("Constant", [], ["W"], value=value)] + abs_nodes(), [1, 2], {"U": JOIN})))


# ---- element types ----
def halves():
    w = np.round(rng.normal(size=(2, 6)), 2).astype(np.float16)
    u = np.round(rng.normal(size=(6, 3)), 2).astype(np.float16)
    b = np.array([6.1e-5, 5.96e-8, -65504, 0.1, -0.0, 2.5], np.float16)  # normal, subnormal, largest
    want = lambda x: np.maximum(x @ w.astype(float) + b.astype(float), 0) @ u.astype(float)
    nodes = [N("MatMul", ["x", "w"], ["a"]), N("Add", ["a", "b"], ["c"]), N("Relu", ["c"], ["d"]), N("MatMul", ["d", "u"], ["y"])]
    x = np.array([[0.37, -1.9]])
    raw = [nh.from_array(v, k) for k, v in (("w", w), ("b", b), ("u", u))]
    fields = []
    for t, v in zip(raw, (w, b, u)):
        f = T(name=t.name, data_type=T.FLOAT16, dims=t.dims)
        f.int32_data.extend(int(i) for i in v.ravel().view(np.uint16))
        fields.append(f)
    for name, consts in (("raw", raw), ("fields", fields)):
        gives("float16 " + name, save("half.onnx", model(nodes, [1, 2], consts, kind=T.FLOAT16)), x, want(x))
    bf = lambda v: (np.asarray(v, np.float32).view(np.uint32) & 0xffff0000).view(np.float32)
    w, u, b = bf(rng.normal(size=(2, 6))), bf(rng.normal(size=(6, 3))), bf([1e-40, 3e36, -1e-20, 0.1, 0, -7])
    consts = [tensor(k, T.BFLOAT16, v, bfloat(v)) for k, v in (("w", w), ("b", b), ("u", u))]
    gives("bfloat16", save("brain.onnx", model(nodes, [1, 2], consts, kind=T.BFLOAT16)), x, want(x))
    for kind, of in ((T.FLOAT16, lambda k, v: nh.from_array(v.astype(np.float16), k)), (T.BFLOAT16, lambda k, v: tensor(k, T.BFLOAT16, v, bfloat(v))),
                     (T.DOUBLE, lambda k, v: nh.from_array(v.astype(float), k))):
        own = [of("W", SPLIT), of("U", JOIN)]
        path = save("kind.onnx", model(abs_nodes(), [1, 2], own, kind=kind))
        is_abs("type %d" % kind, path)
        check("a note of half precision", (" is of " in run("inspect", path)[2]) == (kind != T.DOUBLE), kind)
        cast = [N("Cast", ["W"], ["V"], to=T.FLOAT), N("Cast", ["U"], ["T"], to=T.FLOAT)]
        is_abs("type %d, cast" % kind, save("cast.onnx", model(cast + abs_nodes("V", "T"), [1, 2], own)))
    # what varies is cast where nothing rounds
    wide = [N("Cast", ["x"], ["z"], to=T.FLOAT), N("MatMul", ["z", "W"], ["a"]), N("Relu", ["a"], ["b"]), N("MatMul", ["b", "U"], ["y"])]
    for kind in (T.FLOAT16, T.BFLOAT16):
        is_abs("widened", save("wide.onnx", model(wide, [1, 2], PLAIN, kind=kind)))
    for kind, to, names in ((T.FLOAT, T.FLOAT16, "float32 to float16"), (T.DOUBLE, T.FLOAT, "float64 to float32"), (T.FLOAT16, T.BFLOAT16, "float16 to bfloat16"),
                            (T.BFLOAT16, T.FLOAT16, "bfloat16 to float16"), (T.DOUBLE, T.BFLOAT16, "float64 to bfloat16")):
        refuses("narrowed", save("bad.onnx", model([N("Cast", ["x"], ["y"], to=to)], [1, 2], kind=kind)), 4, names, "rounds", "one float type")
    # constants are rounded once, ties to even
    odd = np.array([[1 + 2.0**-11, 1 + 3 * 2.0**-11], [2.0**-25, 3 * 2.0**-25], [65519, -65519.5], [0.1, 1e-7]])
    path = save("round.onnx", model([N("Cast", ["c"], ["d"], to=T.FLOAT16), N("Cast", ["d"], ["e"], to=T.DOUBLE), N("Add", ["x", "e"], ["y"])], [4, 2], {"c": odd}, kind=T.DOUBLE))
    gives("rounded to float16", path, np.zeros((4, 2)), odd.astype(np.float16).astype(float), "--input-shape", "4,2")
    refuses("too large for float16", save("bad.onnx", model([N("Cast", ["c"], ["d"], to=T.FLOAT16), N("Add", ["x", "d"], ["y"])], [1, 2], {"c": np.array([65520.])}, kind=T.FLOAT16)),
            4, "65520", "float16")
    refuses("float8", save("bad.onnx", model([N("Add", ["x", "c"], ["y"])], [1, 2], [tensor("c", 17, [1], b"\0")])), 4, '"c"', "float8e4m3fn", "16 bits or more")
    refuses("text", save("bad.onnx", model([N("Add", ["x", "c"], ["y"])], [1, 2], [h.make_tensor("c", T.STRING, [1], [b"a"])])), 4, "string")
    refuses("a complex input", save("bad.onnx", model([N("Relu", ["x"], ["y"])], [1, 2], kind=T.COMPLEX64)), 4, '"x"', "complex64")


def integers():
    """inputs of small integers are read as reals; constants of them are moved, cast, compared and dequantised"""
    back = [N("Cast", ["x"], ["z"], to=T.FLOAT), N("Sub", ["z", "m"], ["c"]), N("MatMul", ["c", "W"], ["a"]), N("Relu", ["a"], ["b"]), N("MatMul", ["b", "U"], ["y"])]
    middle = {**PLAIN, "m": np.float32(128)}
    path = save("u8.onnx", model(back, [1, 2], middle, kind=T.UINT8))
    gives("uint8", path, [[0, 255]], [128, 127])
    asks("uint8", path, [[130, 128]], 4, "Y_0-Y_1", [-4, 6])
    code, out, err = run("inspect", path, "--json", "--quiet")
    check("the range of uint8", code == 0 and json.loads(out)["inputs"][0]["min"] == [0, 0] and json.loads(out)["inputs"][0]["max"] == [255, 255], out)
    check("said even with --quiet", "may have fractions" in err and "uint8" in err and "--std" in err, err)
    # within the stated range: 253 +- 4 is [249,255]; with --std pixels are from 0 to 1, and bytes of pictures fit
    code, out, err = run("solve", path, "--image", npy([[253, 128]]), "--perturb", "linf:4", "--objective", "range:Y_0", "--json")
    check("the default domain", code == 0 and [json.loads(out)["range"][k] for k in ("min", "max")] == [121, 127], (out, err))
    gives("pixels from 0 to 1", path, [[0, 1]], [128, 127], "--std", "0.00392156862745098")
    for kind, x in ((T.INT8, [[-128, 127]]), (T.UINT16, [[65535, 3]]), (T.INT16, [[-32768, 5]])):
        gives("integers %d" % kind, save("small.onnx", model(back, [1, 2], {**PLAIN, "m": np.float32(0)}, kind=kind)), x, np.abs(x))
    moved = [N("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]), N("Reshape", ["t", "s"], ["r"]), N("Cast", ["r"], ["y"], to=T.FLOAT16)]
    x = np.arange(12).reshape(1, 2, 2, 3)
    gives("uint8 moved", save("moved.onnx", model(moved, [1, 2, 2, 3], {"s": np.array([1, 12])}, kind=T.UINT8)), x, x.transpose(0, 3, 1, 2))
    for name, nodes, kind, needles in (("added", [N("Add", ["x", "x"], ["y"])], T.UINT8, ("uint8", "varies", "Cast")), ("int64", [N("Cast", ["x"], ["y"], to=T.FLOAT)], T.INT64, ("int64", "float32")),
                                       ("int32", [N("Cast", ["x"], ["y"], to=T.FLOAT)], T.INT32, ("integers", "float32")), ("rounded", [N("Cast", ["x"], ["y"], to=T.FLOAT16)], T.UINT16, ("uint16 to float16",)),
                                       ("compared", [N("Less", ["x", "x"], ["b"]), N("Cast", ["b"], ["y"], to=T.FLOAT)], T.UINT8, ("uint8",)),
                                       ("pooled", [N("MaxPool", ["x"], ["z"], kernel_shape=[1]), N("Cast", ["z"], ["y"], to=T.FLOAT)], T.UINT8, ("MaxPool", "uint8"))):
        refuses("integers " + name, save("bad.onnx", model(nodes, [1, 1, 2], kind=kind)), 4, *needles)
    for np_kind, kind in ((np.uint8, 2), (np.int8, 3), (np.uint16, 4), (np.int16, 5), (np.int32, 6), (np.int64, 7), (np.uint32, 12), (np.uint64, 13)):
        info = np.iinfo(np_kind)
        c = np.array([[info.max, info.min, 7, 0]], np_kind)
        nodes = [N("Cast", ["c"], ["d"], to=T.DOUBLE), N("Add", ["x", "d"], ["y"])]
        typed = T(name="c", data_type=kind, dims=c.shape)
        getattr(typed, {7: "int64_data", 12: "uint64_data", 13: "uint64_data"}.get(kind, "int32_data")).extend(int(v) for v in c.ravel())
        for t in (nh.from_array(c, "c"), typed):
            gives("constant of type %d" % kind, save("int.onnx", model(nodes, [1, 4], [t], kind=T.DOUBLE)), np.zeros((1, 4)), c.astype(float))
    refuses("uint8 wraps", save("bad.onnx", model([N("Add", ["c", "c"], ["d"]), N("Cast", ["d"], ["e"], to=1), N("Add", ["x", "e"], ["y"])], [1, 1], {"c": np.array([200], np.uint8)})),
            4, "uint8", "wraps around")


def dequantised():
    q = rng.integers(-128, 128, (3, 4)).astype(np.int8)
    x = np.round(rng.normal(size=(1, 3)), 2)
    nodes = lambda *more, **a: [N("DequantizeLinear", ["q", "s", *more], ["w"], **a), N("MatMul", ["x", "w"], ["y"])]
    s1, s4 = np.float32(0.0123), np.array([0.1, 0.02, 3, 1e-3], np.float32)
    z4 = np.array([1, -128, 127, 0], np.int8)
    for name, ns, consts, want, opset in (
            ("one scale", nodes(), {"q": q, "s": s1}, q * float(s1), 10), ("one scale in a list", nodes(), {"q": q, "s": s1.reshape(1)}, q * float(s1), 13),
            ("a zero point", nodes("z"), {"q": q, "s": s1, "z": np.int8(-7)}, (q + 7.0) * float(s1), 13),
            ("an axis", nodes("z"), {"q": q, "s": s4, "z": z4}, (q - z4.astype(float)) * s4, 13), ("an axis from the end", nodes("z", axis=-1), {"q": q, "s": s4, "z": z4}, (q - z4.astype(float)) * s4, 19),
            ("rows", nodes(axis=0), {"q": q, "s": s4[:3]}, q * s4[:3].astype(float)[:, None], 13),
            ("uint8", nodes("z"), {"q": q.view(np.uint8), "s": s1, "z": np.uint8(128)}, (q.view(np.uint8) - 128.0) * float(s1), 13),
            ("int32", nodes(), {"q": q.astype(np.int32) * 1000003, "s": s1}, q * 1000003.0 * float(s1), 13),
            ("blocks", nodes(axis=0, block_size=2), {"q": q, "s": np.outer([1, 2], s4).astype(np.float32)}, q * np.outer([1, 1, 2], s4), 21),
            ("float16 scale", nodes(), {"q": q, "s": np.float16(0.1)}, q * float(np.float16(0.1)), 19), ("output type", nodes(output_dtype=1), {"q": q, "s": np.float16(0.1)}, q * float(np.float16(0.1)), 23)):
        gives("dequantised: " + name, save("dq.onnx", model(ns, [1, 3], consts, opset=opset)), x, x.astype(np.float32) @ want)
    for kind, lo in ((T.INT16 + 17, -8), (T.INT16 + 16, 0)):  # int4, uint4
        q4 = (np.arange(15) + lo).reshape(3, 5)
        gives("4 bits", save("dq.onnx", model(nodes(), [1, 3], [tensor("q", kind, q4, nibbles(q4)), nh.from_array(s1, "s")], opset=21)), x, x.astype(np.float32) @ (q4 * float(s1)))
    is_abs("dequantised", save("dq.onnx", model([N("DequantizeLinear", ["q", "s"], ["W"])] + abs_nodes(), [1, 2], {"q": (4 * SPLIT).astype(np.int8), "s": np.float32(0.25), "U": JOIN})))
    refuses("quantised input", save("bad.onnx", model([N("DequantizeLinear", ["x", "s"], ["y"])], [1, 2], {"s": s1}, kind=T.UINT8)), 4, "DequantizeLinear", "before quantisation")
    refuses("quantised", save("bad.onnx", model([N("QuantizeLinear", ["x", "s"], ["y"])], [1, 2], {"s": s1})), 4, "QuantizeLinear", "before quantisation")
    for name, consts, a in (("a scale that does not fit", {"q": q, "s": s4[:3]}, {}), ("a zero point of another type", {"q": q, "s": s1, "z": np.uint8(1)}, {}),
                            ("a block that does not fit", {"q": q, "s": s4.reshape(1, 4)}, dict(axis=0, block_size=2)), ("an integer scale", {"q": q, "s": np.int32(3)}, {})):
        refuses("dequantised: " + name, save("bad.onnx", model(nodes(*(["z"] if "z" in consts else []), **a), [1, 3], consts, opset=21)), 4, "DequantizeLinear")


# ---- sparse constants ----
def sparse():
    def of(name, dense, rows):
        at = np.argwhere(dense) if rows else np.flatnonzero(dense)
        return h.make_sparse_tensor(nh.from_array(dense[dense != 0].astype(np.float32), name), nh.from_array(at.astype(np.int64), name + ".at"), dense.shape)
    for rows in (False, True):
        m = model(abs_nodes(), [1, 2], {"U": JOIN})
        m.graph.sparse_initializer.append(of("W", SPLIT, rows))
        is_abs("sparse initializer", save("sparse.onnx", m))
        is_abs("sparse Constant", save("sparse.onnx", model([N("Constant", [], ["W"], sparse_value=of("", SPLIT, rows))] + abs_nodes(), [1, 2], {"U": JOIN})))
    for name, edit in (("falling order", lambda s: s.indices.CopyFrom(nh.from_array(np.array([1, 0, 6, 7])))), ("an index outside", lambda s: s.indices.CopyFrom(nh.from_array(np.array([0, 1, 6, 8])))),
                       ("a negative index", lambda s: s.indices.CopyFrom(nh.from_array(np.array([-1, 1, 6, 7])))), ("too few indices", lambda s: s.indices.CopyFrom(nh.from_array(np.array([0, 1])))),
                       ("no values", lambda s: s.ClearField("indices"))):
        m = model([N("Constant", [], ["W"], sparse_value=of("W", SPLIT, False))] + abs_nodes(), [1, 2], {"U": JOIN})
        edit(m.graph.node[0].attribute[0].sparse_tensor)
        refuses("sparse: " + name, save("bad.onnx", m), 3, "sparse")


# ---- branches and functions ----
def sub(nodes, outputs, consts=None, name="b"):
    return h.make_graph(nodes, name, [], [h.make_empty_tensor_value_info(o) for o in outputs], [nh.from_array(np.asarray(v), k) for k, v in (consts or {}).items()])


def branches():
    cond = [N("Shape", ["x"], ["s"]), N("Gather", ["s", "at"], ["n"]), N("Equal", ["n", "two"], ["c"])]
    base = {**PLAIN, "at": np.array(1), "two": np.array(2)}
    yes = sub([N("MatMul", ["x", "W"], ["a"]), N("Relu", ["a"], ["r"])], ["r"])  # reads W of the graph around it
    no = sub([N("Foo", ["x"], ["r"], domain="other")], ["r"])
    end = [N("MatMul", ["z", "U"], ["y"])]
    is_abs("If", save("if.onnx", model(cond + [N("If", ["c"], ["z"], then_branch=yes, else_branch=no)] + end, [1, 2], base)))
    is_abs("If, else", save("if.onnx", model(cond + [N("Not", ["c"], ["d"]), N("If", ["d"], ["z"], then_branch=no, else_branch=yes)] + end, [1, 2], base)))
    # constants of a branch, names that both branches have and that stand elsewhere, an output that is a value from outside
    own = sub([N("MatMul", ["x", "V"], ["q"]), N("Relu", ["q"], ["r"])], ["r"], {"V": SPLIT})
    is_abs("a branch with constants", save("if.onnx", model(cond + [N("If", ["c"], ["z"], then_branch=own, else_branch=no), N("MatMul", ["z", "U"], ["q"]), N("Identity", ["q"], ["y"])], [1, 2], base)))
    inner = sub([N("If", ["c"], ["r"], then_branch=own, else_branch=no)], ["r"])
    is_abs("an If in an If", save("if.onnx", model(cond + [N("If", ["c"], ["z"], then_branch=inner, else_branch=no)] + end, [1, 2], base)))
    relu = [N("MatMul", ["x", "W"], ["a"]), N("Relu", ["a"], ["r"])]
    through = sub([N("Identity", ["r"], ["t"])], ["t"])
    is_abs("two Ifs, one behind the other", save("if.onnx", model(relu + cond + [N("If", ["c"], ["p"], then_branch=through, else_branch=no), N("Shape", ["p"], ["s2"]), N("Size", ["s2"], ["n2"]), N("Equal", ["n2", "two"], ["c2"]),
            N("If", ["c2"], ["z"], then_branch=sub([N("Identity", ["p"], ["t"])], ["t"]), else_branch=no)] + end, [1, 2], base)))
    two = sub([N("Relu", ["a"], ["r"]), N("Neg", ["a"], ["m"])], ["r", "m"])
    is_abs("two outputs", save("if.onnx", model([N("MatMul", ["x", "W"], ["a"])] + cond + [N("If", ["c"], ["z", "w"], then_branch=two, else_branch=no)] + end, [1, 2], base)))
    is_abs("a value from outside", save("if.onnx", model(relu + cond + [N("If", ["c"], ["z"], then_branch=sub([], ["r"]), else_branch=no)] + end, [1, 2], base)))
    is_abs("an initializer decides", save("if.onnx", model([N("If", ["k"], ["z"], then_branch=yes, else_branch=no)] + end, [1, 2], {**base, "k": np.array(True)})))
    varies = [N("ReduceSum", ["x"], ["k"], keepdims=0)]
    refuses("a condition that varies", save("bad.onnx", model(varies + [N("If", ["k"], ["z"], then_branch=yes, else_branch=yes)] + end, [1, 2], base)), 4, "If", '"k"', "depends on the input", "--input-shape")
    refuses("the branch taken is not read", save("bad.onnx", model(cond + [N("If", ["c"], ["z"], then_branch=no, else_branch=yes)] + end, [1, 2], base)), 4, "Foo", "other")
    refuses("Loop", save("bad.onnx", model([N("Loop", ["at", "", "x"], ["y"], body=yes)], [1, 2], base)), 4, "Loop", "not read")
    refuses("no branch", save("bad.onnx", model(cond + [N("If", ["c"], ["z"], then_branch=yes)] + end, [1, 2], base)), 3, "If", "two branches")
    # an open dimension decides, once it is said
    path = save("open.onnx", model(cond + [N("If", ["c"], ["z"], then_branch=yes, else_branch=no)] + end, [1, None], base))
    refuses("open", path, 4, '"x"', "[1,?]", "--input-shape")
    is_abs("said", path, "--input-shape", "1,2")


def function(name, ins, outs, nodes, attrs=(), domain="local", opset=13, **defaults):
    f = h.make_function(domain, name, ins, outs, nodes, [h.make_opsetid("", opset), h.make_opsetid("local", 1)], list(attrs))
    for k, v in defaults.items():
        f.ParseFromString(f.SerializeToString() + onnx.FunctionProto(attribute_proto=[h.make_attribute(k, v)]).SerializeToString()) if hasattr(f, "attribute_proto") \
            else f.MergeFromString(b"\x5a" + bytes([h.make_attribute(k, v).ByteSize()]) + h.make_attribute(k, v).SerializeToString())
    return f


def ref(node, attr, of, kind=1):
    a = node.attribute.add()
    a.name, a.ref_attr_name, a.type = attr, of, kind
    return node


def functions():
    dom = ("local",)
    call = lambda op, ins, outs, **a: N(op, ins, outs, domain="local", **a)
    layer = function("Layer", ["v", "w", "b"], ["out"], [N("Gemm", ["v", "w", "b"], ["t"]), N("Relu", ["t"], ["out"])])
    end = [N("MatMul", ["z", "U"], ["y"])]
    put = lambda name, nodes, *fs, consts=PLAIN: save("f.onnx", model(nodes, [1, 2], consts, domains=dom, functions=fs))
    is_abs("a function, an input left out", put("f", [call("Layer", ["x", "W"], ["z"])] + end, layer))
    is_abs("locals that collide", put("f", [call("Layer", ["x", "W"], ["t"]), N("Identity", ["t"], ["z"])] + end, layer))
    outer = function("Outer", ["x", "W"], ["z"], [call("Layer", ["x", "W"], ["z"])])
    is_abs("a function that calls one", put("f", [call("Outer", ["x", "W"], ["z"])] + end, layer, outer))
    twice = [call("Layer", ["x", "W"], ["p"], name="one"), call("Layer", ["p", "E"], ["z"], name="two")]
    is_abs("called twice", put("f", twice + end, layer, consts={**PLAIN, "E": np.eye(4, dtype=np.float32)}))
    same = function("Same", ["v"], ["v", "w"], [N("Relu", ["v"], ["w"])])
    is_abs("a parameter that is an output", put("f", [call("Same", ["x"], ["p", "q"]), N("MatMul", ["p", "W"], ["a"]), N("Relu", ["a"], ["z"])] + end, same))
    leaky = function("Leaky", ["v"], ["out"], [ref(N("LeakyRelu", ["v"], ["out"]), "alpha", "slope")], ["slope"])
    x = np.array([[2, -3]])
    gives("an attribute", put("f", [call("Leaky", ["x"], ["y"], slope=0.5)], leaky), x, [2, -1.5])
    gives("an attribute left out", put("f", [call("Leaky", ["x"], ["y"])], leaky), x, [2, -0.03])
    default = function("Leaky", ["v"], ["out"], [ref(N("LeakyRelu", ["v"], ["out"]), "alpha", "slope")], slope=0.25)
    gives("a default", put("f", [call("Leaky", ["x"], ["y"])], default), x, [2, -0.75])
    gives("a default that is not wanted", put("f", [call("Leaky", ["x"], ["y"], slope=0.5)], default), x, [2, -1.5])
    deep = function("Deep", ["v", "w"], ["out"], [N("Shape", ["v"], ["s"]), N("Size", ["s"], ["n"]), N("Equal", ["n", "n"], ["c"]),
                                                 N("If", ["c"], ["out"], then_branch=sub([N("MatMul", ["v", "w"], ["t"]), N("Relu", ["t"], ["u"])], ["u"]), else_branch=sub([], ["v"]))])
    is_abs("an If in a function", put("f", [call("Deep", ["x", "W"], ["z"])] + end, deep))
    is_abs("a function in a branch", put("f", [N("If", ["k"], ["z"], then_branch=sub([call("Layer", ["x", "W"], ["r"])], ["r"]), else_branch=sub([], ["x"]))] + end, layer,
                                         consts={**PLAIN, "k": np.array(True)}))
    own = function("Relu", ["v"], ["out"], [N("Neg", ["v"], ["out"])])
    gives("a name that ONNX has, too", put("f", [call("Relu", ["x"], ["a"]), N("Relu", ["a"], ["y"])], own), x, [0, 3])
    dead = function("Dead", ["v"], ["out"], [N("Foo", ["v"], ["out"], domain="other")])
    is_abs("a function that nobody needs", put("f", abs_nodes() + [call("Dead", ["x"], ["q"])], dead))
    loop = function("Loopy", ["v"], ["out"], [call("Loopy", ["v"], ["out"])])
    for name, nodes, fs, code, needles in (("a circle", [call("Loopy", ["x"], ["y"])], [loop], 3, ("calls itself", "Loopy")), ("too many inputs", [call("Leaky", ["x", "x"], ["y"])], [leaky], 3, ("Leaky", "2 inputs")),
                                           ("a name that is not its own", [call("F", ["x"], ["y"])], [function("F", ["v"], ["o"], [N("Add", ["v", "W"], ["o"])])], 3, ('"W"', "not defined in it")),
                                           ("another opset", [call("F", ["x"], ["y"])], [function("F", ["v"], ["o"], [N("Relu", ["v"], ["o"])], opset=12)], 4, ("opset 12", "one opset")),
                                           ("unknown", [call("G", ["x"], ["y"])], [leaky], 4, ('"local"', "op G"))):
        refuses("function: " + name, put("f", nodes, *fs), code, *needles)


# ---- opsets ----
def opsets():
    for opset in (7, 13, 21, 22, 23, 24, 25):
        path = save("o.onnx", model(abs_nodes(), [1, 2], PLAIN, opset=opset))
        is_abs("opset %d" % opset, path)
        again = path_of("again.onnx")
        code, out, err = run("convert", path, "-o", again)
        check("written in the same opset", code == 0 and onnx.load(again).opset_import[0].version == opset, (opset, err))
        is_abs("opset %d, written" % opset, again)
    for opset in (6, 26, 28):
        refuses("opset %d" % opset, save("bad.onnx", model(abs_nodes(), [1, 2], PLAIN, opset=opset)), 4, "opset %d" % opset, "7 to 25")
    x = np.round(rng.normal(size=(1, 1, 4, 4)), 2)
    for opset in (22, 25):  # what changed its text there, at least once
        nodes = [N("Conv", ["x", "k"], ["a"]), N("HardSigmoid", ["a"], ["b"]), N("Pad", ["b", "p"], ["c"]), N("MaxPool", ["c"], ["d"], kernel_shape=[2, 2], strides=[2, 2]), N("Squeeze", ["d"], ["e"]), N("Unsqueeze", ["e", "ax"], ["f"]),
                 N("Transpose", ["f"], ["t"]), N("Flatten", ["t"], ["g"]), N("Identity", ["g"], ["i"]), N("Dropout", ["i"], ["j"]), N("Cast", ["j"], ["l"], to=1, **({"round_mode": "up"} if opset > 23 else {})), N("Reshape", ["l", "s"], ["y"])]
        k = np.ones((1, 1, 2, 2), np.float32)
        a = x.astype(np.float32)[0, 0]
        a = a[:-1, :-1] + a[1:, :-1] + a[:-1, 1:] + a[1:, 1:]
        b = np.pad(np.clip(0.2 * a + 0.5, 0, 1), ((0, 1), (0, 1)))
        want = b.reshape(2, 2, 2, 2).max((1, 3)).T.ravel()
        gives("operators of opset %d" % opset, save("o.onnx", model(nodes, [1, 1, 4, 4], {"k": k, "p": np.array([0, 0, 0, 0, 0, 0, 1, 1]), "ax": np.array([0]), "s": np.array([4])}, opset=opset)), x, want)


# ---- shapes that the file leaves open, batches that it fixes ----
def open_shapes():
    x = np.round(rng.normal(size=(1, 2, 5, 4)), 2)
    k = np.round(rng.normal(size=(3, 2, 2, 2)), 1).astype(np.float32)
    nodes = [N("Conv", ["x", "k"], ["a"]), N("Relu", ["a"], ["b"]), N("ReduceMean", ["b"], ["y"], axes=[2, 3], keepdims=0)]
    fixed = save("fixed.onnx", model(nodes, [1, 2, 5, 4], {"k": k}))
    path = save("open.onnx", model(nodes, ["N", 2, "height", None], {"k": k}))
    want = values(fixed, x)
    refuses("open", path, 4, '"x"', "[N,2,height,?]", "--input-shape D,D,..")
    gives("said", path, x.ravel(), want, "--input-shape", "1,2,5,4")
    for image in (x, x[0]):  # of the image's own shape
        gives("from the image", path, image, want)
    np.save(path_of("hwc.npy"), x[0].transpose(1, 2, 0))
    code, out, err = run("eval", path, "--image", path_of("hwc.npy"), "--json")
    check("from an image with its channels last", code == 0 and np.allclose(json.loads(out)["outputs"]["float64"], want) and "[1,2,5,4]" in err, (code, out, err))
    code, out, err = run("eval", path, "--image", npy(x.ravel()))
    check("a flat image says nothing", code == 4 and "--input-shape" in err, (code, err))
    for said, code, needle in (("1,2,5", 2, "[N,2,height,?]"), ("1,3,5,4", 2, "[N,2,height,?]"), ("1,2,0,4", 2, "integers of 1 or more"), ("1,2,x,4", 2, "integers"), ("", 2, "integers"), ("1,2,5,4,", 2, "integers"), ("1,2,1,1", 4, "kernel")):
        refuses("said " + said, path, code, needle, flags=("--input-shape", said))
    refuses("a format that says it all", save("net.json", json_net()), 2, "--input-shape", "[1,2]", flags=("--input-shape", "1,2"))
    no_shape = model(abs_nodes(), [1, 2], PLAIN)
    no_shape.graph.input[0].type.tensor_type.ClearField("shape")
    refuses("no shape", save("none.onnx", no_shape), 4, '"x"', "no shape", "--input-shape")
    is_abs("no shape, said", path_of("none.onnx"), "--input-shape", "1,2")
    two = [h.make_tensor_value_info(n, T.FLOAT, ["N", None]) for n in ("x", "z")]
    refuses("two inputs", save("two.onnx", model([N("Concat", ["x", "z"], ["y"], axis=1)], None, inputs=two)), 4, "one input", flags=("--input-shape", "1,2"))
    # what was said travels: with the map to decode, with a question to its reader; batch takes it from its images
    image, q = npy(x), path_of("q.json")
    flags = ["--image", image, "--perturb", "linf:0.1", "--domain=-9,9"]
    code, out, err = run("compile", path, *flags, "--always-write", "-o", path_of("open.mps"))
    maps = [f for f in os.listdir(TMP) if f.startswith("open") and f.endswith(".map.json")]
    check("a map", code == 0 and len(maps) > 0 and all(json.load(open(path_of(f)))["input_shape"] == "1,2,5,4" for f in maps), (code, out, err))
    open(path_of("open.sol"), "w").write("=unkn=\n")
    models = [f for f in os.listdir(TMP) if f.endswith(".map.json") and "models" not in json.load(open(path_of(f)))]
    code, out, err = run("decode", path_of(models[0]), path_of("open.sol"))
    check("the map's network is read with its shape", code == 11 and "not the network" not in err, (code, out, err))
    code, out, err = run("solve", path, *flags, "--dump", "query", "--json")
    open(q, "w").write(out)
    check("a question says its shape", code == 0 and json.loads(out)["input_shape"] == "1,2,5,4", (out, err))
    first = json.loads(run("solve", path, *flags, "--objective", "range:Y_0", "--json")[1])["range"]
    code, out, err = run("solve", path, q, "--json")
    check("and is read with it", code in (0, 10, 11), (code, err))
    check("the fixed network's range", first == json.loads(run("solve", fixed, *flags, "--objective", "range:Y_0", "--json")[1])["range"], first)
    np.save(path_of("many.npy"), np.concatenate([x, -x, 2 * x])[:, None])
    code, out, err = run("batch", path, "--images", path_of("many.npy"), "--perturb", "linf:0.01", "--domain=-9,9", "--dir", path_of("runs"))
    check("batch takes it from its images", code == 0 and len(os.listdir(path_of("runs"))) >= 3, (code, out, err))


def json_net():
    class Bytes:  # save() takes what serializes
        SerializeToString = staticmethod(lambda: json.dumps({"netmip": "network", "version": 1, "input": {"name": "x", "shape": [1, 2]}, "layers": [{"op": "Relu"}]}).encode())
    return Bytes


def apart(name, build, shape, n=3):
    """build(n) is a network of n samples: one of them, taken apart, gives what build(1) gives, and the whole, where it can be read, the same in all rows"""
    many, one = save("many.onnx", build(n)), save("one.onnx", build(1))
    x = np.round(rng.normal(size=(n, *shape)), 2)
    want = np.array([values(one, row[None]) for row in x])
    check(name + ": the network of one sample", want.dtype == float, want)
    said = ",".join(map(str, (1, *shape)))
    for row, y in zip(x, want):
        gives(name + ", said", many, row[None], y, "--input-shape", said)
        gives(name + ", asked about", many, row[None], y)
    all_of_it = values(many, x, "--input-shape", ",".join(map(str, x.shape)))
    if isinstance(all_of_it, str):
        check(name + ": the whole is refused by the batch", "of shape [%d," % n in all_of_it or "batch" in all_of_it or "input of shape" in all_of_it, all_of_it)
    else:
        check(name + ": the whole", np.allclose(all_of_it.reshape(n, -1), want, rtol=1e-6, atol=1e-7), (all_of_it, want))


def batches():
    r = lambda *s: np.round(rng.normal(size=s), 2).astype(np.float32)
    w, v, b = r(4, 3), r(3, 2), r(3)
    mlp = [N("MatMul", ["x", "w"], ["a"]), N("Add", ["a", "b"], ["c"]), N("Relu", ["c"], ["d"]), N("Gemm", ["d", "v"], ["y"])]
    apart("mlp", lambda n: model(mlp, [n, 4], {"w": w, "b": b, "v": v}), (4,))
    apart("mlp of 2000", lambda n: model(mlp, [n, 4], {"w": w, "b": b, "v": v}), (4,), 40)
    k, k2, s5 = r(3, 2, 2, 2), r(3, 1, 2, 2), [r(3), r(3), r(3), abs(r(3)) + 0.5]
    conv = lambda n: model([N("Conv", ["x", "k"], ["a"]), N("BatchNormalization", ["a", "p", "q", "r", "s"], ["b"]), N("Relu", ["b"], ["c"]), N("MaxPool", ["c"], ["d"], kernel_shape=[2, 2]), N("ConvTranspose", ["d", "k2"], ["e"], pads=[0, 0, 0, 0]),
                            N("AveragePool", ["e"], ["f"], kernel_shape=[2, 2]), N("GlobalAveragePool", ["f"], ["g"]), N("Flatten", ["g"], ["y"])], [n, 2, 4, 4],
                           {"k": k, "k2": k2, "p": s5[0], "q": s5[1], "r": s5[2], "s": s5[3]})
    apart("convolutions", conv, (2, 4, 4))
    is_cut = lambda n: model([N("Transpose", ["x"], ["a"], perm=[0, 2, 1]), N("Slice", ["a", "from", "to", "ax"], ["b"]), N("Concat", ["b", "same"], ["c"], axis=1), N("Gather", ["c", "idx"], ["d"], axis=2),
                              N("Pad", ["d", "pads"], ["e"]), N("Split", ["e"], ["f", "g"], axis=1), N("Max", ["f", "g", "h"], ["m"]), N("Unsqueeze", ["m", "end"], ["u"]), N("Squeeze", ["u", "end"], ["v"]), N("Expand", ["v", "shape"], ["z"]),
                              N("Tile", ["z", "times"], ["t"]), N("ReduceMax", ["t"], ["y"], axes=[2], keepdims=0)], [n, 3, 4],
                             {"from": np.array([1]), "to": np.array([4]), "ax": np.array([1]), "same": np.repeat(same_, n, 0), "idx": np.array([2, 0]), "pads": np.array([0, 1, 0, 0, 0, 1]), "h": half_, "end": np.array([-1]),
                              "shape": np.array([n, 3, 3]), "times": np.array([1, 2, 1])})
    same_, half_ = r(1, 2, 3), r(1, 3, 1)
    apart("what moves elements", is_cut, (3, 4))
    for to in ([0, 2, -1], [-1, 2, 6], ["n", 12], ["n", -1, 3], ["n", 0, 4]):
        apart("Reshape to %s" % to, lambda n: model([N("Reshape", ["x", "s"], ["a"]), N("Relu", ["a"], ["y"])], [n, 3, 4], {"s": np.array([n if t == "n" else t for t in to])}), (3, 4))
    # a shape that is computed from the batch, as exporters leave it
    view = [N("Shape", ["x"], ["s"]), N("Gather", ["s", "zero"], ["n"]), N("Unsqueeze", ["n", "ax"], ["m"]), N("Concat", ["m", "rest"], ["to"], axis=0), N("Reshape", ["x", "to"], ["a"]), N("MatMul", ["a", "w"], ["y"])]
    apart("a view", lambda n: model(view, [n, 2, 2], {"zero": np.array(0), "ax": np.array([0]), "rest": np.array([-1]), "w": w}), (2, 2))
    rest = [N("Shape", ["x"], ["s"], start=1), N("Concat", ["n", "s"], ["to"], axis=0), N("Reshape", ["x", "to"], ["y"])]
    apart("the rest of a shape", lambda n: model(rest, [n, 2, 2], {"n": np.array([n])}, opset=15), (2, 2))
    for name, terms in (("a row", r(1, 4)), ("a list", r(4)), ("a number", r())):
        apart("Add of " + name, lambda n: model([N("Add", ["x", "c"], ["y"])], [n, 4], {"c": terms}), (4,))
    apart("Add of equal rows", lambda n: model([N("Mul", ["c", "x"], ["y"])], [n, 4], {"c": np.repeat(v.reshape(1, 6)[:, :4], n, 0)}), (4,))
    apart("two of it", lambda n: model([N("Neg", ["x"], ["a"]), N("Max", ["a", "x"], ["y"])], [n, 4]), (4,))
    apart("a batch of matrices", lambda n: model([N("MatMul", ["w", "x"], ["a"]), N("MatMul", ["a", "v"], ["y"])], [n, 3, 3], {"w": w, "v": v}), (3, 3))
    apart("Softmax", lambda n: model([N("MatMul", ["x", "w"], ["a"]), N("Softmax", ["a"], ["y"], axis=1)], [n, 4], {"w": w}), (4,))
    apart("Resize", lambda n: model([N("Resize", ["x", "", "", "s"], ["y"])], [n, 1, 2, 2], {"s": np.array([n, 1, 4, 2])}), (1, 2, 2))
    mixers = {"summed": ([N("ReduceSum", ["x"], ["a"], axes=[0]), N("Add", ["x", "a"], ["y"])], {}), "all summed": ([N("ReduceMean", ["x"], ["a"]), N("Add", ["x", "a"], ["y"])], {}), "transposed": ([N("Transpose", ["x"], ["y"])], {}),
              "multiplied": ([N("MatMul", ["e", "x"], ["y"])], {"e": r(3, 3)}), "other rows": ([N("Add", ["x", "c"], ["y"])], {"c": r(3, 4)}), "spread": ([N("Add", ["x", "c"], ["y"])], {"c": r(2, 1, 4)}), "flat": ([N("Flatten", ["x"], ["y"], axis=0)], {}),
              "reshaped": ([N("Reshape", ["x", "s"], ["y"])], {"s": np.array([1, -1])}), "halved": ([N("Reshape", ["x", "s"], ["y"])], {"s": np.array([-1, 2])}), "cut": ([N("Slice", ["x", "i", "j"], ["y"])], {"i": np.array([1]), "j": np.array([3])}),
              "chosen": ([N("Gather", ["x", "i"], ["y"])], {"i": np.array([0, 2])}), "joined": ([N("Concat", ["x", "x"], ["y"], axis=0)], {}), "joined to other rows": ([N("Concat", ["x", "c"], ["y"], axis=1)], {"c": r(3, 2)}),
              "padded": ([N("Pad", ["x", "s"], ["y"])], {"s": np.array([1, 0, 0, 0])}), "by its size": ([N("Shape", ["x"], ["s"]), N("Gather", ["s", "i"], ["n"]), N("Cast", ["n"], ["f"], to=1), N("Div", ["x", "f"], ["y"])], {"i": np.array(0)}),
              "tiled": ([N("Tile", ["x", "s"], ["y"])], {"s": np.array([2, 1])}), "chosen among": ([N("ArgMax", ["x"], ["y"], axis=0)], {}), "softmax": ([N("Softmax", ["x"], ["y"], axis=0)], {}), "a constant": ([N("Identity", ["c"], ["y"])], {"c": r(3, 4)}),
              "filled": ([N("Shape", ["x"], ["s"]), N("ConstantOfShape", ["s"], ["z"]), N("Add", ["x", "z"], ["y"])], {}), "squeezed": ([N("Squeeze", ["x"], ["y"])], {}), "in front": ([N("Unsqueeze", ["x", "s"], ["y"])], {"s": np.array([0])})}
    for name, (nodes, consts) in mixers.items():
        refuses("mixed: " + name, save("bad.onnx", model(nodes, [3, 4], consts)), 4, "samples", flags=("--input-shape", "1,4"))
    # what cannot be read as it is, and cannot be taken apart
    bad = save("bad.onnx", model([N("Conv", ["x", "k"], ["a"]), N("ReduceMax", ["a"], ["y"], axes=[0])], [4, 2, 4, 4], {"k": k}))
    refuses("a batch that is mixed", bad, 4, "Conv", "[4,2,4,4]", "batch of 4", "ReduceMax", "export the network with a batch of 1")
    # a question decides: 8 numbers are the batch, 4 one sample; both have known answers
    path = save("q.onnx", model(abs_nodes(), [3, 2], PLAIN))
    is_abs("a batch of 3", path)
    for n, form, want in ((1, "Y_0-Y_1", [-0.75, 1]), (3, "Y_0-Y_3", [-0.75, 1])):
        x = np.tile([0.5, 0.25], (n, 1))
        asks("%d of a batch" % n, path, x, 0.5, form, want)
        open(path_of("q.vnnlib"), "w").write("".join("(declare-const X_%d Real)(declare-const Y_%d Real)(assert (>= X_%d 1))(assert (<= X_%d 2))\n" % ((i,) * 4) for i in range(2 * n)) + "(assert (<= Y_0 0.5))\n")
        code, out, err = run("solve", path, path_of("q.vnnlib"), "--json")
        check("VNN-LIB asks about %d" % n, code == 0 and ("batch of 3" in err) == (n == 1), (code, out, err))
    refuses("neither", path, 2, "[3,2]", flags=("--input-shape", "2,2"))


# ---- outputs of classifiers ----
def outputs():
    dom = ("ai.onnx.ml",)
    logits = [N("MatMul", ["x", "w"], ["z"]), N("Softmax", ["z"], ["probabilities"], axis=1), N("ArgMax", ["probabilities"], ["at"], axis=1), N("ArrayFeatureExtractor", ["names", "at"], ["label"], domain="ai.onnx.ml"),
              N("ZipMap", ["probabilities"], ["map"], domain="ai.onnx.ml", classlabels_strings=["a", "b", "c"])]
    w = np.array([[1, -1, 0], [0.5, 0.25, -1]], np.float32)
    names = h.make_tensor("names", T.STRING, [3], [b"a", b"b", b"c"])
    x = np.array([[0.3, -0.7]])
    z = np.exp(x.astype(np.float32) @ w)
    both = save("both.onnx", model(logits, [1, 2], [nh.from_array(w, "w"), names], outputs=("label", "probabilities"), domains=dom))
    refuses("label and probabilities", both, 4, "ArrayFeatureExtractor", "ai.onnx.ml", '"label", "probabilities"', "--output-name")
    gives("probabilities", both, x, z / z.sum(), "--output-name", "probabilities")
    gives("probabilities alone", save("one.onnx", model(logits, [1, 2], [nh.from_array(w, "w"), names], outputs=("probabilities",), domains=dom)), x, z / z.sum())
    refuses("the label", both, 4, "ArrayFeatureExtractor", flags=("--output-name", "label"))
    refuses("an unknown output", both, 2, "--output-name scores", '"label", "probabilities"', flags=("--output-name", "scores"))
    asks("its question", save("abs2.onnx", model(abs_nodes() + [N("Neg", ["y"], ["other"])], [1, 2], PLAIN, outputs=("other", "y"))), [[0.5, 0.25]], 0.5, "Y_0-Y_1", [-0.75, 1], "--output-name", "y")
    gives("both, as ever", path_of("abs2.onnx"), [[0.5, 0.25]], [-0.5, -0.25, 0.5, 0.25])
    two = save("two.onnx", model(logits + [N("Relu", ["z"], ["features"])], [1, 2], [nh.from_array(w, "w"), names], outputs=("probabilities", "features"), domains=dom))
    for verb in (["solve"], ["batch", "--dir", path_of("never"), "--images"], ["solve", "--label", "1"]):
        image = [npy(x)] if verb[-1] == "--images" else ["--image", npy(x)]
        code, out, err = run(*verb[:1], two, *verb[1:], *image, "--perturb", "linf:0.1", "--domain=-9,9")
        check("two arrays give no label: %s" % verb[0], code == 3 and "probabilities [1,3] and features [1,3]" in err and "--output-name" in err, (code, out, err))
    code, out, err = run("eval", two, "--image", npy(x), "--json")
    check("nor a prediction", code == 0 and "predicted" not in json.loads(out), (code, out, err))
    code, out, err = run("solve", two, "--image", npy(x), "--perturb", "linf:0.1", "--domain=-9,9", "--output-name", "probabilities", "--json")
    check("one of them does", code in (0, 10) and json.loads(out)["predicted"] < 3, (code, out, err))
    still = [N("MatMul", ["x", "w"], ["z"]), N("Softmax", ["z"], ["y"], axis=0)]
    code, out, err = run("eval", save("still.onnx", model(still, [1, 2], [nh.from_array(w, "w")])), "--image", npy(x))
    check("an axis of one element is said", code == 0 and "another axis" in err, (code, out, err))
    code, out, err = run("solve", both, "--image", npy(x), "--perturb", "linf:0.1", "--domain=-9,9", "--output-name", "probabilities", "--dump", "query", "--json")
    check("a question says its output", code == 0 and json.loads(out)["output_name"] == "probabilities", (out, err))
    code, again, err = run("solve", both, put_text("q.json", out), "--json")
    check("and is asked of it", code in (0, 10) and json.loads(again)["verdict"] in ("holds", "violated"), (code, again, err))
    refuses("of JSON", save("net.json", json_net()), 2, '"', "--output-name y", flags=("--output-name", "y"))
    binary(x)


def put_text(name, text):
    open(path_of(name), "w").write(text)
    return path_of(name)


def binary(x):
    """[1 - p, p] of a Sigmoid: classes are compared where it crosses 0; |x_0| - |x_1| < 0 is class 0"""
    w = np.array([[1], [1], [-1], [-1]], np.float32)
    sigmoid = lambda order=("q", "p"), sub=("one", "p"): [N("MatMul", ["x", "W"], ["a"]), N("Relu", ["a"], ["b"]), N("MatMul", ["b", "v"], ["z"]), N("Sigmoid", ["z"], ["p"]), N("Sub", list(sub), ["q"]), N("Concat", list(order), ["c"], axis=1), N("Identity", ["c"], ["y"])]
    consts = {"W": SPLIT, "v": w, "one": np.array([[1]], np.float32)}
    p = 1 / (1 + np.exp(-(abs(x[0, 0]) - abs(x[0, 1]))))
    for name, order, want in (("[1-p, p]", ("q", "p"), [1 - p, p]), ("[p, 1-p]", ("p", "q"), [p, 1 - p])):
        path = save("bin.onnx", model(sigmoid(order=order), [1, 2], consts))
        gives(name, path, x, want)
        for radius, verdict in ((0.19, "holds"), (0.21, "violated")):  # |0.3| and |-0.7| meet at 0.2
            code, out, err = run("solve", path, "--image", npy(x), "--perturb", "linf:%r" % radius, "--domain=-9,9", "--json")
            label = order.index("q")  # |x_0| < |x_1|: the share 1 - p is the larger one
            check("%s within %g" % (name, radius), code == {"holds": 0, "violated": 10}[verdict] and json.loads(out)["verdict"] == verdict and json.loads(out)["label"] == label, (code, out, err))
    gives("a Constant of 1", save("bin.onnx", model([N("Constant", [], ["one"], value=nh.from_array(np.array([[1]], np.float32)))] + sigmoid(), [1, 2], {"W": SPLIT, "v": w})), x, [1 - p, p])
    for name, nodes, c in (("of another constant", sigmoid(), {**consts, "one": np.array([[2]], np.float32)}), ("the other way round", sigmoid(sub=("p", "one")), consts)):
        refuses("[1-p, p]: " + name, save("bad.onnx", model(nodes, [1, 2], c)), 4, "Sigmoid", "in the middle")
    gives("[1-p, p] of two", save("bin.onnx", model(sigmoid(), [1, 2], {**consts, "v": np.repeat(w, 2, 1)})), x, [1 - p, 1 - p, p, p])


# ---- pools ----
def pools():
    x = np.arange(1, 17.).reshape(1, 1, 4, 4)
    ceil = lambda opset, **a: save("pool.onnx", model([N("AveragePool", ["x"], ["y"], **{**dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4, ceil_mode=1, count_include_pad=1), **a})], list(x.shape), opset=opset))
    known = [14 / 9, 10 / 3, 2, 19 / 3, 11, 6, 4.5, 7.5, 4]  # as PyTorch has it
    for opset in (19, 22, 25):
        gives("ceil_mode with count_include_pad", ceil(opset), x, known)
    asks("ceil_mode with count_include_pad", ceil(19), x, 0.6, "Y_2", [1.8, 2.2])
    refuses("before opset 19", ceil(18), 4, "AveragePool", "ceil_mode", "runtimes disagree", "opset 19 or later")
    for shape, kernel, strides, pads, dil in (((1, 2, 7), [3], [2], [1, 1], [1]), ((1, 1, 6, 7), [2, 3], [3, 2], [0, 1, 1, 0], [1, 1]), ((1, 1, 8, 9), [2, 2], [3, 3], [1, 0, 0, 1], [2, 3]), ((1, 1, 3, 4, 5), [2, 2, 2], [2, 3, 3], [0, 1, 0, 1, 0, 1], [1, 1, 2])):
        n = len(kernel)
        v = np.round(rng.normal(size=shape), 2)
        pad = np.pad(v.astype(np.float32).astype(float), [(0, 0), (0, 0)] + [(pads[i], pads[n + i]) for i in range(n)])
        span = [dil[i] * (kernel[i] - 1) + 1 for i in range(n)]
        room = [pad.shape[2 + i] - span[i] for i in range(n)]
        out = [-(-room[i] // strides[i]) + 1 for i in range(n)]
        out = [o - ((o - 1) * strides[i] >= shape[2 + i] + pads[i]) for i, o in enumerate(out)]
        want = np.array([[pad[0, c][tuple(slice(at[i] * strides[i], at[i] * strides[i] + span[i], dil[i]) for i in range(n))].mean() for at in np.ndindex(*out)] for c in range(shape[1])])
        path = save("pool.onnx", model([N("AveragePool", ["x"], ["y"], kernel_shape=kernel, strides=strides, pads=pads, dilations=dil, ceil_mode=1, count_include_pad=1)], list(shape), opset=19))
        gives("ceil_mode of %s" % (shape,), path, v, want)


# ---- constants at outputs ----
def constant_tails():
    """outputs that are a softmax, a sigmoid or an ArgMax of a constant, beside one that varies; verify judges all outputs"""
    c = np.array([[.1, .7]], np.float32)
    for op, n in (("Softmax", 2), ("LogSoftmax", 2), ("Sigmoid", 2), ("Tanh", 2), ("ArgMax", 1)):
        for consts, more in (({"c": c}, []), ({"a": c, "b": c}, [N("Add", ["a", "b"], ["c"])])):
            tail = N(op, ["c"], ["z"], axis=1) if op in ("Softmax", "LogSoftmax", "ArgMax") else N(op, ["c"], ["z"])
            path = save("%s%d.onnx" % (op, len(more)), model([*more, N("Relu", ["x"], ["y"]), tail], [1, 2], consts, ("y", "z")))
            names = ["X_0", "X_1"] + ["Y_%d" % i for i in range(2 + n)]
            query = path_of("tail.vnnlib")
            with open(query, "w") as f:
                f.write("".join("(declare-const %s Real)\n" % s for s in names) + "(assert (>= X_0 0.15))\n(assert (<= X_0 0.35))\n(assert (>= X_1 0.65))\n(assert (<= X_1 0.85))\n(assert (>= Y_1 0.7))\n")
            code, out, err = run("verify", query, "--network", path)
            check("%s of a constant%s" % (op, " that is folded" if more else ""), out.startswith("sat"), (code, out, err))


# ---- damaged files ----
def damaged():
    """the fuzz driver, when it is built, on the files read here: crashes, hangs and bounds that a value leaves"""
    driver = os.path.join(os.path.dirname(os.path.abspath(NETMIP)), "tests", "fuzz", "fuzz_readers")
    if not os.path.exists(driver):
        print("onnx_in_the_wild: the driver fuzz_readers is not built; its part is left out")
        return
    os.mkdir(path_of("seeds"))
    for i, data in enumerate(sorted(kept)):
        open(path_of("seeds/onnx.%d" % i), "wb").write(data)
        if run("inspect", "seeds/onnx.%d" % i, cwd=TMP)[0]:  # it needs an image, or files beside it
            os.remove(path_of("seeds/onnx.%d" % i))
    r = subprocess.run([driver, "-n", os.environ.get("NETMIP_FUZZ_COUNT", "100000"), path_of("seeds")], capture_output=True, text=True, timeout=600, cwd=TMP)
    check("fuzz_readers on %d files of this test" % len(kept), r.returncode == 0 and len(kept) > 100, r.stdout[-1500:] + r.stderr[-1500:])


parts(external, halves, integers, dequantised, sparse, branches, functions, opsets, open_shapes, batches, outputs, constant_tails, pools, damaged)
