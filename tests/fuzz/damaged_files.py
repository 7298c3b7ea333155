#!/usr/bin/env python3
"""Damaged files given to the program itself: cut at every place (every k-th of larger ones), bytes changed, members of
JSON replaced one by one. The answer is a known exit code and one line, never a signal, a hang, or a verdict that a
whole file would not have given. Then the in-process driver fuzz_readers on the same files, when it is built."""
import copy, glob, hashlib, json, os, random, re, shutil, struct, subprocess, sys, time, zipfile, zlib

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import NETMIP, check, m, p, parts, put, skip
from tiny import npy, png
from tiny import dense

DRIVER = os.path.join(os.path.dirname(os.path.abspath(NETMIP)), "tests", "fuzz", "fuzz_readers")
BUDGET = float(os.environ.get("NETMIP_FUZZ_SECONDS", "30"))
began = time.time()
rng = random.Random(20240607)
XOR = m("tiny-xor.json")


def run(*args):
    return kit.run(*args, timeout=10)


def known(name, code, out, err):
    """an exit code that is documented, with one line when it is an error"""
    ok = code in (0, 2, 3, 4, 5, 6, 10, 11) and (code in (0, 10, 11) or (out == "" and err.startswith("netmip: ") and err.endswith("\n")))
    check(name, ok, (code, out[:100], err[:200]))
    return ok


def mat(arrays):
    """a MATLAB 5 file of doubles, the second half of its arrays packed"""
    out = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x100) + b"IM"
    for k, (name, rows) in enumerate(arrays.items()):
        n, m = len(rows), len(rows[0])
        body = struct.pack("<4I", 6, 8, 6, 0) + struct.pack("<2I2i", 5, 8, n, m) + struct.pack("<2I", 1, len(name)) + name.encode().ljust(-(-len(name) // 8) * 8, b"\0")
        body += struct.pack("<2I", 9, 8 * n * m) + struct.pack("<%dd" % (n * m), *[rows[i][j] for j in range(m) for i in range(n)])
        element = struct.pack("<2I", 14, len(body)) + body
        packed = zlib.compress(element)
        out += element if 2 * k < len(arrays) else struct.pack("<2I", 15, len(packed)) + packed
    return out


def seeds():
    """what the program and the solvers write, for a tiny network"""
    point = put("point.csv", "0.5,0.25\n")
    run("compile", XOR, "--image", point, "--label", "0", "--perturb", "linf:0.5", "-o", p("m.mps"))
    cols = json.load(open(p("m.map.json")))["columns"]
    # a true solution by replay: the witness of `solve`, columns beyond the inputs left to the judge
    values = [0.5 if c.startswith("x") else 0 for c in cols]
    cbc = "Optimal - objective value 0.00000000\n" + "".join("%7d %-12s %15.8g %22.8g\n" % (k, c, values[k], 0) for k, c in enumerate(cols))
    highs = ("Model status\nOptimal\n\n# Primal solution values\nFeasible\nObjective 0\n# Columns %d\n" % len(cols) +
             "".join("%s %g\n" % (c, v) for c, v in zip(cols, values)) + "# Rows 1\nr0 0\n\n# Dual solution values\nNone\n\n# Basis\nHiGHS v1\nNone\n")
    question = ("; a box\n(declare-const X_0 Real)(declare-const X_1 Real)\n(declare-const Y_0 Real)(declare-const Y_1 Real)\n"
                "(assert (<= X_0 1.0))(assert (>= X_0 0))\n(assert (and (<= X_1 1)(>= X_1 0)))\n(assert (or (and (<= Y_0 Y_1)(>= Y_1 0.25))(and (>= Y_0 2))))\n")
    second = ("(vnnlib-version <2.0>)\n(declare-network n (declare-input X Real [1,2] \"x\")(declare-output Y Real [2]))\n"
              "(assert (and (<= 0 X[0,0] 1)(<= 0 X[0, 1])(<= X[0,1] 1)))(assert (or (and (<= Y[0] Y[1])(>= Y[1] 0.25))(== Y[0] 2)))\n")
    asked = {"netmip": "query", "version": 1, "image": "point.csv", "label": 0, "perturb": {"linf": 0.1}, "domain": [0, 1], "in_rows": ["X_0 + 2*X_1 <= 1.5"],
             "clauses": [["Y_0 - 0.5*Y_1 <= 0.25"], {"name": "b", "rows": ["Y_1 >= X_0", "Y_0 <= 3"]}], "guard": 1e-6}
    net = json.load(open(XOR))
    dense = [l for l in net["layers"] if l["op"] == "dense"]
    zips = {}
    with zipfile.ZipFile(p("d.zip"), "w", zipfile.ZIP_DEFLATED) as z:
        for k, l in enumerate(dense):
            for part in ("weight", "bias"):
                a = l.pop(part)
                rows = a if part == "weight" else [a]
                zips["l%d/%s" % (k, part)] = rows
                z.writestr("l%d/%s.npy" % (k, part), npy(sum(rows, []), shape=(len(rows), len(rows[0])) if part == "weight" else (len(a),)))
            l["from"] = "l%d" % k
    for f in ("mat", "npz"):
        put("with-%s.json" % f, json.dumps({**net, "arrays": "d." + f}))
    return {"onnx": open(m("tiny-xor.onnx"), "rb").read(), "json": open(XOR, "rb").read(), "vnnlib": question.encode(), "vnnlib2": second.encode(), "query": json.dumps(asked).encode(),
            "nnet": open(m("tiny-xor.nnet"), "rb").read(), "npz": open(p("d.zip"), "rb").read(), "mat": mat(zips),
            "idx": b"\0\0\x08\x03" + struct.pack(">3I", 2, 1, 2) + bytes([10, 20, 30, 40]), "labels": b"\0\0\x08\1" + struct.pack(">I", 3) + b"\0\1\1",
            "npy": npy([0.5, 0.25], shape=(1, 2)), "png": png(b"\x40\x80", 2, 1), "pnm": b"P5\n# two\n2 1\n255\n\x40\x80",
            "csv": b"0.5,0.25\n0.75;1e-1\n", "map": open(p("m.map.json"), "rb").read(), "cbc": cbc.encode(), "highs": highs.encode()}


def command(kind, path):
    q = ["--perturb", "linf:0.01"]
    if kind in ("mat", "npz"):
        return ["eval", p("with-%s.json" % kind), "--image", p("point.csv")]
    if kind == "nnet":
        return ["eval", path, "--image", p("point.csv")]
    if kind in ("onnx", "json"):
        return ["solve", path, "--image", p("point.csv"), "--label", "0", "--time-limit", "2", *q]
    if kind in ("vnnlib", "vnnlib2", "query"):
        return ["solve", XOR, path, "--time-limit", "2"]
    if kind == "labels":
        return ["solve", XOR, "--image", p("point.csv"), "--labels", path + ":2", *q]
    if kind == "map":
        return ["decode", path, p("whole.cbc")]
    if kind in ("cbc", "highs"):
        return ["decode", p("whole.map"), path]
    return ["eval", XOR, "--image", path + (":1" if kind in ("idx", "csv") else "")]


NAMES = {"onnx": "d.onnx", "nnet": "d.nnet", "json": "d.json", "vnnlib": "d.vnnlib", "vnnlib2": "d2.vnnlib", "query": "q.json", "csv": "d.csv", "map": "d.map.json"}


def damaged(kind, whole):
    name = NAMES.get(kind, "d." + kind)
    code0, out0, err0 = run(*command(kind, put(name, whole)))
    check("%s: the whole file is read" % kind, code0 in (0, 10, 11) or kind in ("cbc", "highs", "map") and code0 == 6, (code0, err0))
    step = max(1, len(whole) // 150)
    cuts = [0, 1] + list(range(2, len(whole), step)) + [len(whole) - 1]
    for n in sorted(set(cuts)):
        code, out, err = run(*command(kind, put(name, whole[:n])))
        if not known("%s cut at %d" % (kind, n), code, out, err):
            continue
        if kind in ("idx", "labels", "npy", "png", "pnm", "json", "query", "map", "nnet", "mat", "npz"):
            rest = whole[n:].strip()
            check("%s cut at %d is refused" % (kind, n), code in (2, 3, 4, 5) or not rest or (kind == "png" and n >= len(whole) - 12), (code, out[:100]))
        if kind in ("cbc", "highs"):
            check("%s cut at %d proves nothing" % (kind, n), code in (3, 6, 11) or code == code0, (code, out[:100]))
    for turn in range(60):
        if time.time() - began > BUDGET:
            break
        b = bytearray(whole)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            at = rng.randrange(len(b))
            what = rng.randrange(4)
            if what == 0:
                b[at] ^= 1 << rng.randrange(8)
            elif what == 1:
                b[at] = rng.randrange(256)
            elif what == 2:
                del b[at:at + rng.randrange(1, 9)]
            else:
                b[at:at] = b[rng.randrange(len(b)):][:rng.randrange(1, 20)]
            if not b:
                b = bytearray(b"\0")
        code, out, err = run(*command(kind, put(name, bytes(b))))
        known("%s edit %d" % (kind, turn), code, out, err)


def places(x, path=()):
    yield path
    for k, v in (x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ()):
        yield from places(v, path + (k,))


def members(kind, whole):
    """every value of a JSON file replaced, and every member left out"""
    j = json.loads(whole)
    spots = [s for s in places(j) if s]
    rng.shuffle(spots)
    for spot in spots[:45]:
        for value in (None, -1, 0, 1e300, 7.5, 4e9, "odd", [], {}, True, [[1], [2, 3]], "absent"):
            if time.time() - began > BUDGET + 6:
                return
            new = copy.deepcopy(j)
            at = new
            for k in spot[:-1]:
                at = at[k]
            if value == "absent":
                del at[spot[-1]]
            else:
                at[spot[-1]] = value
            code, out, err = run(*command(kind, put(NAMES[kind], json.dumps(new))))
            known("%s: %s = %r" % (kind, "/".join(map(str, spot)), value), code, out, err)


BESIDE = struct.pack("<6f", 9, 9, 1, -1, 0.5, 2)  # the data of a tensor in a file of its own


def onnx_seeds():
    """models with functions, branches, sparse and integer constants, other element types: what exporters write beside plain nodes"""
    try:
        import numpy, onnx
        from onnx import helper as h, numpy_helper as nh, TensorProto as T
    except ImportError:
        return skip("onnx is not here: no seeds of rarer ONNX models", 0) or {}
    x, y = h.make_tensor_value_info("x", T.FLOAT, ["N", 2]), h.make_tensor_value_info("y", T.FLOAT, ["N", 2])
    w = lambda name, value, kind=numpy.float32: nh.from_array(numpy.array(value, kind), name)

    def model(nodes, data=(), functions=(), sparse=(), opset=17, inputs=(x,)):
        g = h.make_graph(nodes, "g", list(inputs), [y], list(data))
        g.sparse_initializer.extend(sparse)
        return h.make_model(g, opset_imports=[h.make_opsetid("", opset)] + [h.make_opsetid("own", 1)] * bool(functions), functions=list(functions), ir_version=8).SerializeToString()
    branch = lambda op, name: h.make_graph([h.make_node(op, ["x"], [name])], name, [], [h.make_tensor_value_info(name, T.FLOAT, None)])
    own = h.make_function("own", "Twice", ["a"], ["b"], [h.make_node("Mul", ["a", "two"], ["c"]), h.make_node("Clip", ["c", "", "two"], ["b"])][:1] + [h.make_node("Relu", ["c"], ["b"])],
                          [h.make_opsetid("", 17)], ["value"])
    own.node.insert(0, h.make_node("Constant", [], ["two"], value_float=2.0))
    sparse = h.make_sparse_tensor(w("s", [1.5, -1.0]), nh.from_array(numpy.array([0, 3], numpy.int64), "s_at"), [2, 2])
    gemm = h.make_node("Gemm", ["x", "w", "b"], ["h"], transB=1, alpha=0.5)
    relu = h.make_node("Relu", ["h"], ["y"])
    out = {"function": model([h.make_node("Twice", ["x"], ["h"], domain="own"), relu], functions=[own]),
           "branch": model([h.make_node("If", ["c"], ["h"], then_branch=branch("Relu", "t"), else_branch=branch("Neg", "e")), relu], [w("c", True, bool)]),
           "sparse": model([h.make_node("MatMul", ["x", "s"], ["h"]), relu], sparse=[sparse]),
           "quantised": model([h.make_node("DequantizeLinear", ["q", "scale", "zero"], ["w"]), gemm, relu],
                              [w("q", [[1, -2], [3, 4]], numpy.int8), w("scale", 0.25), w("zero", 1, numpy.int8), w("b", [0, 1])]),
           "constants": model([h.make_node("Constant", [], ["w"], value_floats=[1.0, 2.0]), h.make_node("Shape", ["x"], ["s"]), h.make_node("Reshape", ["x", "s"], ["r"]),
                               h.make_node("Mul", ["r", "w"], ["h"]), relu]),
           "initializer as input": model([gemm, relu], [w("w", [[1, -1], [2, 0]]), w("b", [0, 1])],
                                         inputs=(x, h.make_tensor_value_info("w", T.FLOAT, [2, 2]), h.make_tensor_value_info("b", T.FLOAT, [2])))}
    def fixed(shape, nodes, data, **more):
        g = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", T.FLOAT, shape)], [h.make_tensor_value_info("y", T.FLOAT, None)], list(data))
        return h.make_model(g, opset_imports=[h.make_opsetid("", 17), h.make_opsetid("own", 1)], ir_version=8, **more).SerializeToString()
    data = [w("w", [[1, -1], [2, 0]]), w("b", [0, 1])]
    out["batch"] = fixed([4, 2], [gemm, relu], data)
    out["open"] = fixed(["N", 2], [h.make_node("Relu", ["x"], ["y"])], [])
    beside = onnx.TensorProto(name="w", data_type=T.FLOAT, dims=[2, 2], data_location=onnx.TensorProto.EXTERNAL)
    for key, value in (("location", "beside.bin"), ("offset", "8"), ("length", "16"), ("checksum", hashlib.sha1(BESIDE).hexdigest())):
        beside.external_data.add(key=key, value=value)
    out["external"] = fixed([1, 2], [gemm, relu], [beside, data[1]])
    inner = h.make_graph([h.make_node("Add", ["x", "own"], ["t0"]), h.make_node("Relu", ["t0"], ["t1"])], "t",
                         [], [h.make_tensor_value_info("t1", T.FLOAT, None)], [w("own", [1, 2])])
    other = h.make_graph([], "e", [], [h.make_tensor_value_info("x", T.FLOAT, None)])
    leaky = h.make_node("LeakyRelu", ["a"], ["b"])
    leaky.attribute.add(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    chosen = h.make_node("If", ["c"], ["h"], then_branch=inner, else_branch=other)
    out["inner"] = fixed([1, 2], [h.make_node("Leak", ["x"], ["l"], domain="own", slope=0.25), chosen, relu], [w("c", True, bool)],
                         functions=[h.make_function("own", "Leak", ["a"], ["b"], [leaky], [h.make_opsetid("", 17)], ["slope"])])
    out["outer"] = fixed([1, 2], [h.make_node("If", ["c"], ["h"], then_branch=inner, else_branch=other), relu], [w("c", False, bool)])
    for kind in (T.DOUBLE, T.FLOAT16, T.BFLOAT16):
        t = [h.make_tensor("w", kind, [2, 2], [1.0, -1.0, 0.5, 2.0]), h.make_tensor("b", kind, [2], [0.0, 1.0])]
        out["type %d" % kind] = model([h.make_node("Cast", ["w"], ["W"], to=T.FLOAT), h.make_node("Cast", ["b"], ["B"], to=T.FLOAT),
                                       h.make_node("Gemm", ["x", "W", "B"], ["h"]), relu], t)
    return out


def more_seeds(folder):
    """models of several encodings and dialects, bounds, rarer ONNX models, lists of images"""
    question = m("tiny-xor.vnnlib")
    for k, (dialect, encoding) in enumerate((("generic", "bigm"), ("gurobi", "indicator"), ("gurobi", "sos1"), ("cplex", "indicator"), ("scip", "sos1"), ("cbc", "hull"))):
        for kind in ("mps", "lp"):
            path = p("seed%d.%s" % (k, kind))
            code, out, err = run("compile", m("tiny-xor.onnx"), question, "--always-write", "--encoding", encoding, "--dialect", dialect, "-o", path, "--quiet")
            check("a seed: %s for %s" % (encoding, dialect), code in (0, 4), err)
            if code == 0:
                os.rename(path, os.path.join(folder, "model%s.%d" % (kind, k)))
    for name in ("json", "csv"):
        path = os.path.join(folder, "bounds.%s" % name)
        run("bounds", m("tiny-xor.onnx"), question, "-o", path, "--quiet")
        text = open(path).read()
        put("seeds/bounds." + name, re.sub(r'"query_sha256": "[^"]*"', '"query_sha256": "cd"', re.sub(r'"net_sha256": "[^"]*"', '"net_sha256": "ab"', text)))
    put("seeds/images.npy", npy([k / 8 for k in range(8)], shape=(2, 2, 2)))
    put("seeds/list.txt", "1\n0\n2\n")
    put("seeds/list.npy", npy([1.0, 0.0, 2.0]))
    put("seeds/beside.bin", BESIDE)
    for name, data in onnx_seeds().items():
        put("seeds/onnx." + name.replace(" ", "-"), data)


def driver(files):
    if not os.path.exists(DRIVER):
        return skip("the driver %s is not built" % os.path.basename(DRIVER))
    folder = p("seeds")
    os.mkdir(folder)
    for kind, data in files.items():
        data = data.replace(b'"point.csv"', b"[0.5, 0.25]") if kind == "query" else data
        name = {"cbc": "sol.cbc", "highs": "sol.highs"}.get(kind, kind + ".seed")
        if kind not in ("cbc", "highs", "labels"):
            open(os.path.join(folder, name), "wb").write(data)
    for f in glob.glob(m("tiny-*.onnx")):
        shutil.copy(f, os.path.join(folder, "onnx." + os.path.basename(f)))
    more_seeds(folder)
    count = os.environ.get("NETMIP_FUZZ_COUNT", "200000")
    try:
        r = subprocess.run([DRIVER, "-n", count, folder], capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        check("fuzz_readers ends", False)
        return
    check("fuzz_readers on these files", r.returncode == 0, r.stdout[-1500:] + r.stderr[-1500:])


def zeros(n, window):
    """n bytes of zeros, packed"""
    c = zlib.compressobj(9, zlib.DEFLATED, window)
    return b"".join(c.compress(bytes(1 << 20)) for _ in range(n >> 20)) + c.flush()


def bombs():
    """a file of some 100 kB that unpacks to 100 MB is refused at once, whatever it says of its size"""
    bomb = zeros(100 << 20, 31)
    for name in ("b.onnx.gz", "b.vnnlib.gz", "b.npy.gz", "b.mps.gz", "b.png"):
        code, out, err = run("inspect", put(name, bomb))
        check("bomb %s" % name, code == 3 and out == "" and "200 times as many" in err and err.count("\n") == 1, (code, err))
    code, out, err = run("inspect", put("b.vnnlib.gz", bomb[:-4] + struct.pack("<I", 1000)))
    check("bomb that says 1,000 bytes", code == 3 and "200 times as many" in err, (code, err))
    for name, packed in (("half", zeros(50 << 20, 31)), ("two halves", zeros(50 << 20, 31) * 2)):
        code, out, err = run("inspect", put("b.vnnlib.gz", packed))
        check("bomb, %s" % name, code == 3 and ("200 times as many" in err) == (name == "two halves"), (code, err))
    body = zeros(100 << 20, 15)
    code, out, err = run("inspect", put("b.mat", b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x100) + b"IM" + struct.pack("<2I", 15, len(body)) + body))
    check("bomb in .mat", code == 3 and err.count("\n") == 1, (code, err))
    with zipfile.ZipFile(p("b.npz"), "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("x.npy", npy(bytes(100 << 20), "|u1", (100 << 20,)))
    code, out, err = run("inspect", p("b.npz"))
    check("bomb in .npz", code == 3 and "200 times as many" in err, (code, err))


def everything():
    files = seeds()
    put("whole.cbc", files["cbc"])
    put("whole.map", files["map"])
    for kind, whole in files.items():
        damaged(kind, whole)
    members("json", files["json"])
    members("map", files["map"])
    members("query", files["query"])
    driver(files)
    left = [f for f in glob.glob(p("*.??????")) if not f.endswith(".vnnlib") and not f.endswith(".labels")]
    check("no temporary files are left", not left, left)


parts(everything, bombs)
