#!/usr/bin/env python3
"""ONNX files as people bring them: data beside the file, 16-bit floats and integers, opsets up to 25, open dimensions and
fixed batches, branches, functions, sparse and quantised weights, classifiers with several outputs. Each is evaluated
against numpy, and a question with a known answer is asked of it: most compute |x_0| and |x_1| in some disguise, whose
difference over a box is known. What is refused is refused by name, with what to do."""
import gzip, hashlib, json, os, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, TMP, check, needs, p as path_of, parts, run

needs("numpy", "onnx")
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
    refuses("external gone", path_of("deep/alone/ext.onnx.gz"), 5, "net.data", "is not there", '"W"', "keep the two files together")
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
            ("wrong length", "", beside(w, "net.data", 4, n - 4), 3, ("28 bytes", "wants 32")),
            ("no length, not to the end", "", beside(w, "net.data", 4), 3, ("wants 32",)),
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
    refuses("float8", save("bad.onnx", model([N("Add", ["x", "c"], ["y"])], [1, 2], [tensor("c", 17, [1], b"\0")])), 4, '"c"', "float8e4m3fn", "export it as float32")
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
    r = subprocess.run([driver, "-n", os.environ.get("NETMIP_FUZZ_COUNT", "100000"), path_of("seeds")], capture_output=True, text=True, timeout=600, cwd=TMP)
    check("fuzz_readers on %d files of this test" % len(kept), r.returncode == 0 and len(kept) > 60, r.stdout[-1500:] + r.stderr[-1500:])


parts(external, halves, integers, dequantised, sparse, branches, functions, opsets, damaged)
