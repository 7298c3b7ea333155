#!/usr/bin/env python3
"""Networks in formats other than ONNX, and conversion: .nnet, weights in .mat and .npz under a JSON description with
MIPVerify.jl's layers, against evaluations in numpy written here from the definitions of these formats; what is refused
and how it is named; convert over every network of models/; inspect; files that are no network. Arguments pick parts."""
import glob, gzip, importlib.util, io, json, os, re, shutil, struct, subprocess, sys, zipfile, zlib

sys.path.insert(1, sys.path[0] + "/../kit")
import tiny
from kit import SCRIPTS, check, fork_runs, m, needs, p, parts, put, run

needs("numpy", "onnx")
fork_runs()
import numpy as np
import onnx

spec = importlib.util.spec_from_file_location("format_examples", os.path.join(SCRIPTS, "format-examples.py"))
examples = importlib.util.module_from_spec(spec)
spec.loader.exec_module(examples)
rng = np.random.default_rng(11)
IMAGES = m("digits-test-images.idx3.gz")


def npy(x):
    return put("x.npy", tiny.npy(np.ravel(x)))


def outputs(net, image):
    code, out, err = run("eval", net, "--image", image, "--json")
    return json.loads(out)["outputs"]["float64"] if code == 0 else (code, err)


def bad(code, needle, net, name=None):
    """inspect and eval refuse the network with this code and one line that holds the needles"""
    needles = needle if isinstance(needle, tuple) else (needle,)
    for args in (["inspect", net], ["eval", net, "--image", p("x.npy")]):
        got, out, err = run(*args)
        check("refuse %s (%s)" % (name or needle, args[0]), got == code and out == "" and err.startswith("netmip: ") and
              err.count("\n") == 1 and all(n in err for n in needles), (got, out[:80], err))


def near(name, got, want, tol=1e-12):
    want = np.asarray(want, float).reshape(-1)
    check(name, isinstance(got, list) and len(got) == len(want) and
          np.max(np.abs(np.array(got) - want)) <= tol * (1 + np.max(np.abs(want))), (got, want))


def layers_of(name):
    w = list(examples.weights_of(name).values())
    return [(w[i].astype(float), w[i + 1].astype(float)) for i in range(0, len(w), 2)]


# ---- .nnet ----
def run_nnet(layers, mean, scale, x):
    y = (np.asarray(x, float) - mean[:-1]) / scale[:-1]
    for k, (w, b) in enumerate(layers):
        y = np.asarray(w) @ y + b
        y = np.maximum(y, 0) if k + 1 < len(layers) else y
    return y * scale[-1] + mean[-1]


GOOD = "// a header\n//\n2,2,1,3,\n2,3,1,\n0,\n-1.0,0,\n1,2e0,\n0.5,0.25,2,\n2,3.7,8,\n1,-1,\n-1,1,\n1,1,\n0.25,\n0,\n-1,\n1,0.5,-2,\n0.75,\n"


def nnet():
    for x in ("0.25,0.75", "1,0", "2.5,7.75", "-1,0"):
        image = put("x.csv", x + "\n")
        check("tiny-xor.nnet at " + x, outputs(m("tiny-xor.nnet"), image) == outputs(m("tiny-xor.onnx"), image), x)
    layers = layers_of("digits-mlp3")
    n = layers[0][0].shape[1]
    plain = p("mlp3.nnet")
    examples.write_nnet(plain, layers, [0] * n, [1] * n, [0] * (n + 1), [1] * (n + 1))
    for k in (0, 7):
        image = "%s:%d" % (IMAGES, k)
        check("digits-mlp3 as .nnet, image %d" % k, outputs(plain, image) == outputs(m("digits-mlp3.onnx"), image))
    code, out, err = run("inspect", plain)
    check("a normalisation that does nothing is no layer", code == 0 and "Sub" not in out and "Div" not in out and "7 nodes" in out, out)
    code, out, err = run("solve", plain, "--image", IMAGES + ":0", "--label", "8", "--perturb", "linf:0.01", "--json")
    same = run("solve", m("digits-mlp3.onnx"), "--image", IMAGES + ":0", "--label", "8", "--perturb", "linf:0.01", "--json")[1]
    check("the same answer as for the ONNX file", [t.get("margin_lo") for t in json.loads(out)["targets"]] ==
          [t.get("margin_lo") for t in json.loads(same)["targets"]], out)
    with open(plain) as f, gzip.open(p("mlp3.nnet.gz"), "wt") as g:
        g.write(f.read())
    check(".nnet.gz", outputs(p("mlp3.nnet.gz"), IMAGES + ":0") == outputs(plain, IMAGES + ":0"))
    for turn in range(12):
        sizes = rng.integers(1, 7, 2 + turn % 3)
        layers = [(rng.normal(size=(b, a)), rng.normal(size=b)) for a, b in zip(sizes, sizes[1:])]
        mean, scale = rng.normal(size=sizes[0] + 1) * 100, rng.uniform(0.01, 1000, sizes[0] + 1)
        low, high = mean[:-1] - scale[:-1], mean[:-1] + scale[:-1]
        net = p("r.nnet")
        examples.write_nnet(net, layers, low, high, mean, scale)
        if turn % 2:  # without commas at the ends, with blanks and CRLF
            text = re.sub(r",\n", "\r\n", open(net).read()).replace(",", " , ")
            put("r.nnet", text)
        x = rng.uniform(low, high)
        near("random .nnet %d" % turn, outputs(net, npy(x)), run_nnet(layers, mean, scale, x))
    nnet_errors()
    nnet_dialects()
    nnet_range()


def nnet_errors():
    check("the good one", len(outputs(put("good.nnet", GOOD), npy([0, 1]))) == 1)
    lines = GOOD.split("\n")

    def line(k, text):
        return put("bad.nnet", "\n".join(lines[:k] + [text] + lines[k + 1:]))
    for k, text, where, needle in (
            (2, "2,2,1,", "3:", "4"), (2, "2,2,1,3,3,", "3:", "more than 4"), (2, "0,2,1,3,", "3:", "number of layers"),
            (2, "2.5,2,1,3,", "3:", "number of layers"), (2, "3,2,1,3,", "4:", "sizes of the layers"), (2, "2,3,1,3,", "4:", "3"),
            (2, "2,2,2,3,", "4:", "outputs"), (2, "2,2,1,4,", "4:", "largest"), (2, "99999999999,2,1,3,", "3:", "number of layers"),
            (2, "x,2,1,3,", "3:1", "finite number"), (2, "2,,1,3,", "3:3", "finite number"), (3, "2,0,1,", "4:", "size of a layer"),
            (3, "2,-3,1,", "4:", "size of a layer"), (3, "2,3,1,1,", "4:", "more than 3"), (3, "2,3,", "4:", "3 were expected"),
            (4, "0,1,2,", "5:", "flag"), (5, "-1.0,", "6:", "2 were expected"), (5, "-1.0,nan,", "6:6", "finite number"),
            (5, "-1.0,1e999,", "6:6", "finite number"), (5, "-1,,0,", "6:4", "finite number"), (5, "-1,0,1,", "6:", "2 were expected"), (5, ",,", "6:1", "finite number"), (6, "-2,2,", "7:", "range"),
            (7, "0.5,0.25,", "8:", "3 were expected"), (8, "2,0,8,", "9:", "range 1 is 0"), (8, "2,-3,8,", "9:", "range 1"),
            (8, "1e-320,3,8,", "9:", "range 0"), (9, "1,-1,1,", "10:", "weights of layer 0"), (9, "1 -1,", "10:", "finite number"),
            (9, "1,inf,", "10:3", "finite number"), (9, "0x1,1,", "10:1", "finite number"), (12, "0.25,1,", "13:", "a bias of layer 0"),
            (15, "1,0.5,", "16:", "weights of layer 1"), (16, "", "17:", "a bias of layer 1"), (10, "", "11:", "weights of layer 0")):
        bad(3, ("bad.nnet:" + where, needle), line(k, text), "%s in line %d" % (text, k + 1))
    bad(4, ("bad.nnet:5:1", "symmetric", "write 0"), line(4, "1,"))
    bad(4, ("bad.nnet:5:1", "2 types of layers", "Neurify"), line(4, "1,0,"))
    bad(3, ("bad.nnet:5:1", "flag", "0 was expected"), line(4, ""))
    bad(3, "more lines", put("bad.nnet", GOOD + "1,\n"))
    bad(3, "too short", put("bad.nnet", "1,100000000,1,100000000,\n100000000,1,\n0,\n1,\n"), "sizes that the file cannot hold")
    bad(3, "too short", put("bad.nnet", "2,2,2,90000000,\n2,90000000,2,\n0,\n1,1,\n2,2,\n0,0,0,\n1,1,1,\n1,1,\n"), "a layer that the file cannot hold")
    check("blank lines at the end", len(outputs(put("good.nnet", GOOD + "\n\n"), p("x.npy"))) == 1)
    check("no header", len(outputs(put("good.nnet", "\n".join(lines[2:])), p("x.npy"))) == 1)
    for n in range(len(GOOD) - 1):
        code, out, err = run("inspect", put("cut.nnet", GOOD[:n]))
        whole = GOOD[:n].rstrip(",\n") == GOOD.rstrip(",\n") and GOOD[n - 1] in ",\n"
        check("cut at %d" % n, code == (0 if whole else 3), (code, GOOD[max(0, n - 20):n], err))


def nnet_dialects():
    """what other writers made of the format, where it means one thing: the same values, and a note; else what to write"""
    lines = GOOD.rstrip("\n").split("\n")
    want = [outputs(put("good.nnet", GOOD), npy(x)) for x in ([0, 1], [-0.75, 0.5])]

    def dialect(name, edits, note=""):
        text = list(lines)
        for k, new in sorted(edits.items(), reverse=True):
            text[k:k + 1] = new.split("\n")
        path = put("dialect.nnet", "\n".join(text) + "\n")
        for x, y in zip(([0, 1], [-0.75, 0.5]), want):
            check("%s at %s" % (name, x), outputs(path, npy(x)) == y, path)
        code, out, err = run("solve", path, "--image", npy([0, 1]), "--perturb", "linf:0.25", "--objective", "range:Y_0", "--json")
        check(name + ", solved", code == 0 and json.loads(out)["range"] == base and note in err, (code, out, err))
        return path
    code, out, err = run("solve", p("good.nnet"), "--image", npy([0, 1]), "--perturb", "linf:0.25", "--objective", "range:Y_0", "--json")
    base = json.loads(out)["range"]
    low, high, mean, scale = lines[5:9]
    extra = lambda row, *more: row + ",".join(more) + ","
    between = lambda row, *more: ",".join(row.rstrip(",").split(",")[:2] + list(more) + row.rstrip(",").split(",")[2:]) + ","
    dialect("a text for the flag", {4: "This line extraneous"}, "extraneous")
    dialect("comments", {0: "  // one\n\n// two", 4: "0,\n// the ends", 9: "// weights\n" + lines[9], len(lines) - 1: lines[-1] + "\n// end"})
    dialect("commas", {k: lines[k] + " , ," for k in (2, 3, 5, 6, 7, 8, 9, 12)})
    dialect("biases in one line", {12: lines[12] + lines[13] + lines[14], 13: "// gone", 14: "// gone"})
    dialect("more ends than inputs", {5: extra(low, "-3", "0.5"), 6: extra(high, "4", "1")}, "4 least and greatest values for 2 inputs")
    dialect("columns of inputs that were taken away", {5: extra(low, "-3", "0.5"), 6: extra(high, "4", "1"), 7: between(mean, "35.1", "9"), 8: between(scale, "7", "100")},
            "5 means and ranges for 2 inputs")

    def bad(name, needle, edits):
        text = list(lines)
        for k, new in edits.items():
            text[k] = new
        code, out, err = run("inspect", put("bad.nnet", "\n".join(text) + "\n"))
        check(name, code == 3 and all(n in err for n in needle), (code, err))
    bad("more means than columns", ("8:1", "5 numbers; 3 were expected", "were removed"), {7: between(mean, "35.1", "9"), 8: between(scale, "7", "100")})
    bad("more ends on one side", ("6:1", "4 numbers; 2 were expected"), {5: extra(low, "-3", "0.5")})
    bad("more means than ranges", ("8:1", "5 numbers; 3"), {5: extra(low, "-3", "0.5"), 6: extra(high, "4", "1"), 7: between(mean, "35.1", "9")})
    bad("no entry for the outputs", ("8:1", "2 numbers; 3 were expected", "outputs'", "0 and 1"), {7: "0.5,0.25,", 8: "2,3,"})
    bad("one end", ("6:1", "1 numbers; 2"), {5: "-1,"})
    bad("one mean that is not 0", ("8:1", "1 numbers; 3"), {7: "0.5,", 8: "1,"})
    # nothing is normalised: one line for all, as Julia's writers have it, or all without the outputs
    plain = {5: "-9,-9,", 6: "9,9,", 7: "0,0,0,", 8: "1,1,1,"}
    text = [plain.get(k, line) for k, line in enumerate(lines)]
    want = [outputs(put("plain.nnet", "\n".join(text) + "\n"), npy(x)) for x in ([0, 1], [-0.75, 0.5])]
    code, out, err = run("solve", p("plain.nnet"), "--image", npy([0, 1]), "--perturb", "linf:0.25", "--objective", "range:Y_0", "--json")
    base = json.loads(out)["range"]
    lines = text
    dialect("one value for all", {5: "-9.0,", 6: "9.0,", 7: "0.0,", 8: "1.0,"}, "nothing is normalised")
    dialect("none for the outputs", {7: "0,0,", 8: "1,1,"}, "nothing is normalised")
    code, out, err = run("inspect", p("dialect.nnet"), "--json")
    check("the range of all", json.loads(out)["inputs"][0]["min"] == [-9, -9], out)


def nnet_range():
    q = put("q.vnnlib", "".join("(declare-const X_%d Real)" % i for i in range(2)) + "(declare-const Y_0 Real)(declare-const Y_1 Real)\n"
            "(assert (and (<= X_0 3)(>= X_0 -1)(<= X_1 8)(>= X_1 0)))(assert (<= Y_0 Y_1))\n")
    code, out, err = run("solve", m("tiny-xor.nnet"), q)
    check("a question within the range says nothing", code == 10 and err == "", (code, err))
    put("q.vnnlib", open(q).read().replace("X_1 8", "X_1 8.5"))
    code, out, err = run("solve", m("tiny-xor.nnet"), q)
    check("a question beyond the range says so", code == 10 and err.count("\n") == 1 and "input 1" in err and "8.5" in err and "[0,8]" in err, (code, err))
    code, out, err = run("eval", m("tiny-xor.nnet"), "--image", put("x.csv", "3.5,1\n"))
    check("a point beyond the range says so", code == 0 and "input 0 is 3.5" in err and "[-1,3]" in err, err)
    code, out, err = run("solve", m("tiny-xor.nnet"), "--image", put("x.csv", "2,7\n"), "--label", "0", "--perturb", "free", "--dump", "query")
    check("the range is the default domain", code == 0 and "-1 <= X_0 <= 3" in out and "0 <= X_1 <= 8" in out and err == "", (out, err))
    code, out, err = run("solve", m("tiny-xor.nnet"), "--image", p("x.csv"), "--label", "0", "--perturb", "free", "--domain", "0,9", "--dump", "query")
    check("--domain comes before the range", code == 0 and "0 <= X_0 <= 9" in out and "input 0" in err, (out, err))
    code, out, err = run("inspect", m("tiny-xor.nnet"), "--json")
    check("inspect names the range", json.loads(out)["inputs"][0]["min"] == [-1, 0] and json.loads(out)["inputs"][0]["max"] == [3, 8], out)


# ---- arrays in .mat and .npz ----
NET = {"netmip": "network", "version": 1, "input": {"shape": [3]}, "axes": {"matrix": "IO"}}
W, B = np.array([[1, -2.5], [0.5, 3], [-4, 0.125]]), np.array([0.5, -1])


def describe(layers, name="net.json", **more):
    return put(name, json.dumps({**NET, **more, "layers": layers}))


def dense(net, what):
    x = [1.0, -2, 0.5]
    near(what, outputs(net, npy(x)), np.array(x) @ W + B, 0)


def mat():
    one = [{"op": "dense", "from": "fc"}]
    for order in "<>":
        for packed in (False, True):
            for small in (False, True):
                arrays = [examples.mat_array(order, "fc/weight", W, small=small), examples.mat_array(order, "fc/bias", B.astype("f4"), small=small)]
                put("w.mat", examples.mat_bytes(arrays, order, packed))
                dense(describe(one, arrays="w.mat"), ".mat %s packed %s small %s" % (order, packed, small))
    dense(describe([{"op": "dense", "weight": "w.mat:fc/weight", "bias": "w.mat:fc/bias"}]), "FILE:NAME")
    whole = np.array([[1, 2], [3, -4], [5, 6]])
    for code in ("i1", "i2", "i4", "i8", "f4", "f8"):
        for stored in ("i1", "f8", code):
            put("w.mat", examples.mat_bytes([("fc/weight", whole.astype(code), stored), ("fc/bias", B[:, None])]))
            near("class %s stored as %s" % (code, stored), outputs(describe(one, arrays="w.mat"), npy([1, 2, 3])), np.array([1, 2, 3]) @ whole + B, 0)
    for code in ("u1", "u2", "u4", "u8"):
        put("w.mat", examples.mat_bytes([("fc/weight", np.abs(whole).astype(code)), ("fc/bias", B)]))
        near("class %s" % code, outputs(describe(one, arrays="w.mat"), npy([1, 2, 3])), np.array([1, 2, 3]) @ np.abs(whole) + B, 0)
    mat_errors(one)
    mat_damage(one)


def mat_errors(one):
    odd = [("c", dict(number=4)), ("t", dict(number=2)), ("sparse", dict(number=5)), ("char", dict(number=4)), ("complex", dict(flags=0x800))]
    for name, kw in odd:
        element = examples.mat_array("<", "fc/weight", W, **kw)
        put("w.mat", examples.mat_bytes([element, ("fc/bias", B)]))
        bad(4, ("layer 0", "fc/weight", {"c": "char", "t": "struct"}.get(name, name)), describe(one, arrays="w.mat"))
        other = examples.mat_array("<", "unused", W, **kw)
        put("w.mat", examples.mat_bytes([other, ("fc/weight", W), ("fc/bias", B)]))
        dense(describe(one, arrays="w.mat"), "an array of class %s that nobody reads" % name)
    for v, kw, needle in ((np.where(W == 3, np.nan, W), {}, "element"), (np.where(W == 3, np.inf, W), {}, "element"),
                          (np.array([[0.1]]), dict(number=7), "of class single"), (np.array([[300.0]]), dict(number=9), "of class uint8"),
                          (np.array([[-1.0]]), dict(number=9), "of class uint8"), (np.array([[128.0]]), dict(number=8), "of class int8"),
                          (np.array([[0.5]]), dict(number=12), "of class int32"), (np.array([[2 ** 53 + 1]]), {}, "2^53"), (np.zeros((0, 2)), {}, "empty")):
        put("w.mat", examples.mat_bytes([examples.mat_array("<", "fc/weight", v, **kw), ("fc/bias", B)]))
        bad(3 if needle == "empty" else 4, ("fc/weight", needle), describe(one, arrays="w.mat"))
    for v, ok in ((np.array([[255.0], [0], [1]]), 9), (np.array([[-128.0], [127], [0]]), 8)):
        put("w.mat", examples.mat_bytes([examples.mat_array("<", "fc/weight", v, number=ok), ("fc/bias", np.array([0.0]))]))
        near("the ends of class %d" % ok, outputs(describe(one, arrays="w.mat"), npy([1, 2, 3])), np.array([1, 2, 3]) @ v, 0)
    put("w.mat", examples.mat_bytes([("fc/weight", W), ("fc/bias", B)]))
    bad(3, ("no array", "fc/weight, fc/bias"), describe([{"op": "dense", "weight": "fc1"}], arrays="w.mat"))
    bad(3, ("FILE:NAME", "fc/weight"), describe([{"op": "dense", "weight": "fc/weight"}]))
    bad(3, "no array", describe([{"op": "dense", "weight": "w.mat:fc/weights"}]))
    bad(5, "gone.mat", describe(one, arrays="gone.mat"))
    bad(4, "attribute from", describe([{"op": "relu", "from": "fc"}], arrays="w.mat"))
    bad(3, "bias", describe([{"op": "dense", "from": "fc", "bias": [1, 2]}], arrays="w.mat"))
    good = open(p("w.mat"), "rb").read()
    for name, data, code, needle in (("v73.mat", b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + bytes(384) + b"\x89HDF\r\n\x1a\n", 3, "not a whole MATLAB 7.3 file"),
                                     ("h5.mat", b"\x89HDF\r\n\x1a\n" + bytes(500), 3, "HDF5"),
                                     ("v4.mat", struct.pack("<5i", 0, 1, 1, 0, 2) + b"x\0" + bytes(7), 3, "not a whole MATLAB 4 file"),
                                     ("v4b.mat", struct.pack(">5i", 1000, 1, 1, 0, 2) + b"x\0" + bytes(7), 3, "not a whole MATLAB 4 file"),
                                     ("text.mat", b"1 2 3\n", 3, "named arrays"), ("empty.mat", b"", 3, "empty"),
                                     ("order.mat", good[:126] + b"XX" + good[128:], 3, "byte order"), ("ver.mat", good[:124] + b"\1\1" + good[126:], 3, "version")):
        put(name, data)
        bad(code, (name, needle), describe(one, arrays=name), name)
    put("w.mat", examples.mat_bytes([("fc/weight", W), ("fc/weight", W), ("fc/bias", B)]))
    bad(3, ("fc/weight", "twice"), describe(one, arrays="w.mat"))
    huge = examples.mat_element("<", 6, struct.pack("<II", 6, 0)) + examples.mat_element("<", 5, struct.pack("<2i", 2 ** 30, 2 ** 30)) + \
        examples.mat_element("<", 1, b"fc/weight") + examples.mat_element("<", 9, bytes(16))
    put("w.mat", examples.mat_bytes([examples.mat_element("<", 14, huge)], packed=False))
    bad(3, "fc/weight", describe(one, arrays="w.mat"), "sizes that are not there")
    bomb = zlib.compress(struct.pack("<II", 14, 2 ** 31) + bytes(64))
    put("w.mat", examples.mat_bytes([], packed=False) + struct.pack("<II", 15, len(bomb)) + bomb)
    bad(3, "bytes unpack to", describe(one, arrays="w.mat"), "a packed size that is not there")
    tail = zlib.compress(examples.mat_array("<", "fc/weight", W)) + b"\0"
    put("w.mat", examples.mat_bytes([], packed=False) + struct.pack("<II", 15, len(tail)) + tail)
    bad(3, "cannot be unpacked", describe(one, arrays="w.mat"), "bytes after a packed array")
    long = examples.mat_array("<", "fc/weight", W).replace(struct.pack("<2i", 3, 2), struct.pack("<2i", 1, 2))
    put("w.mat", examples.mat_bytes([long], packed=False))
    bad(3, ("fc/weight", "48 bytes; 16 were expected"), describe(one, arrays="w.mat"), "more numbers than the dimensions say")


def mat_damage(one):
    net = describe(one, arrays="w.mat")
    for packed in (False, True):
        good = examples.mat_bytes([("fc/weight", W), ("fc/bias", B)], packed=packed)
        for n in sorted({*range(0, len(good), 3), *range(len(good) - 30, len(good))}):
            code, out, err = run("inspect", put("w.mat", good[:n]) and net)
            check("cut at %d" % n, code == 3 and out == "" and "w.mat" in err and err.count("\n") == 1, (n, code, err))
        for n in range(136, len(good), 3):
            put("w.mat", good[:n] + bytes([good[n] ^ 0x20]) + good[n + 1:])
            code, out, err = run("eval", net, "--image", npy([1.0, -2, 0.5]), "--json")
            same = code == 0 and json.loads(out)["outputs"]["float64"] == list(np.array([1, -2, 0.5]) @ W + B)
            check("changed at %d" % n, code in (3, 4) and err.count("\n") == 1 or code == 0 and (same or not packed), (n, code, err))


def npz():
    one = [{"op": "dense", "from": "fc"}]
    for f in (np.savez, np.savez_compressed):
        for how in ("C", "F", ">"):
            w = {"C": W, "F": np.asfortranarray(W), ">": W.astype(">f8")}[how]
            out = io.BytesIO()
            f(out, **{"fc/weight": w, "fc/bias": B.astype("f4"), "note": np.array(["text"]), "bool": np.array([True])})
            put("w.npz", out.getvalue())
            dense(describe(one, arrays="w.npz"), "%s, %s" % (f.__name__, how))
    for code in ("i1", "u1", "i2", ">i4", "u8", "i8"):
        put("w.npz", examples.npz_bytes([("fc/weight", np.abs(W).astype(int).astype(code)), ("fc/bias", B)], code == "u8"))
        near("npz %s" % code, outputs(describe(one, arrays="w.npz"), npy([1, 2, 3])), np.array([1, 2, 3]) @ np.abs(W).astype(int) + B, 0)
    four = rng.normal(size=(2, 3, 4, 5))
    out = io.BytesIO()
    np.savez(out, k=np.asfortranarray(four), b=np.zeros(2))
    put("w.npz", out.getvalue())
    net = describe([{"op": "conv", "weight": "k", "bias": "b"}], arrays="w.npz", input={"shape": [1, 3, 4, 5]})
    x = rng.normal(size=(3, 4, 5))
    near("four axes in Fortran's order", outputs(net, npy(x)), [np.sum(four[o] * x) for o in range(2)])
    good = examples.npz_bytes([("fc/weight", W), ("fc/bias", B)], True)
    net = describe(one, arrays="w.npz")
    bad(4, ("note", "element type"), (put("w.npz", examples.npz_bytes([("note", np.array(["a"]))])), describe([{"op": "dense", "weight": "note"}], arrays="w.npz"))[1])
    bad(4, ("nan", "not finite"), (put("w.npz", examples.npz_bytes([("nan", np.array([[np.nan]]))])), describe([{"op": "dense", "weight": "nan"}], arrays="w.npz"))[1])
    put("w.npz", good)
    net = describe(one, arrays="w.npz")
    for n in sorted({*range(0, len(good), 3), *range(len(good) - 30, len(good))}):
        code, out, err = run("inspect", put("w.npz", good[:n]) and net)
        check("cut at %d" % n, code == 3 and out == "" and "w.npz" in err and err.count("\n") == 1, (n, code, err))
    stored = examples.npz_bytes([("fc/weight", W), ("fc/bias", B)])
    for data in (good, stored):
        for n in range(0, len(data), 5):
            put("w.npz", data[:n] + bytes([data[n] ^ 0x41]) + data[n + 1:])
            code, out, err = run("eval", net, "--image", npy([1.0, -2, 0.5]), "--json")
            value = json.loads(out)["outputs"]["float64"] if code == 0 else None
            check("changed at %d" % n, code in (3, 4) or code == 0 and value == list(np.array([1, -2, 0.5]) @ W + B), (n, code, err, value))
    for limit, stream in ((10, False), (10, True), (zipfile.ZIP64_LIMIT, True)):  # zip64 everywhere; sizes behind the data
        put("w.npz", streamed([("fc/weight", W), ("fc/bias", B)], limit, stream))
        dense(net, "zip64 from %d bytes on, streamed %s" % (limit, stream))
    end = good.rindex(b"PK\5\6")
    cd = good.index(b"PK\1\2")
    both = lambda at, there, data: good[:at] + data + good[at + len(data):cd + there] + data + good[cd + there + len(data):]
    for name, data, code, needle in (("no zip64", good[:cd + 20] + b"\xff\xff\xff\xff" + good[cd + 24:], 3, "differ"), ("no zip64 end", good[:end + 8] + b"\xff\xff\xff\xff" + good[end + 12:], 3, "differ"),
                                     ("secret", good[:cd + 8] + b"\1" + good[cd + 9:], 4, "encrypted"), ("bzip2", both(8, 10, b"\x0c"), 4, "method 12"), ("another packing in the directory", good[:cd + 10] + b"\x0c" + good[cd + 11:], 3, "differ"),
                                     ("disks", good[:end + 4] + b"\1" + good[end + 5:], 4, "disks"), ("crc", both(14, 16, b"\1\2\3\4"), 3, "checksum"), ("a bomb", both(22, 24, b"\xff\xff\xff\x7f"), 3, "bytes unpack to 2147483647"),
                                     ("a size too small", both(22, 24, b"\x40\0\0\0"), 3, "cannot be unpacked"), ("a size too large", both(22, 24, b"\0\4\0\0"), 3, "cannot be unpacked"),
                                     ("another name in the directory", good[:cd + 46] + b"x" + good[cd + 47:], 3, "differ"), ("no end", good[:end + 3] + good[end + 4:], 3, "no end record"),
                                     ("twice", twice(), 3, "twice")):
        put("w.npz", data)
        bad(code, ("w.npz", needle), net, name)


class Stream(io.RawIOBase):
    """a file that cannot seek"""
    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, b):
        self.data += bytes(b)
        return len(b)


def streamed(arrays, limit, stream):
    usual, zipfile.ZIP64_LIMIT, out = zipfile.ZIP64_LIMIT, limit, Stream() if stream else io.BytesIO()
    try:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            for name, a in arrays:
                with z.open(name + ".npy", "w", force_zip64=limit < usual) as f:
                    np.save(f, a)
    finally:
        zipfile.ZIP64_LIMIT = usual
    return out.data if stream else out.getvalue()


def twice():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name in ("a.npy", "b.npy"):
            data = io.BytesIO()
            np.save(data, W)
            z.writestr(zipfile.ZipInfo(name), data.getvalue())
    return out.getvalue().replace(b"b.npy", b"a.npy")


# ---- MIPVerify.jl's layers, from its definitions: images [1,H,W,C], kernels [h,w,in,out], counted from 1 ----
def mv_conv(x, k, b, stride, padding):
    _, h, w, c = x.shape
    kh, kw, _, o = k.shape
    if padding == "SAME":
        oh, ow = -(-h // stride), -(-w // stride)
        top, left = max((oh - 1) * stride + kh - h, 0) // 2, max((ow - 1) * stride + kw - w, 0) // 2
    elif padding == "VALID":
        oh, ow, top, left = -(-(h + 1 - kh) // stride), -(-(w + 1 - kw) // stride), 0, 0
    else:
        t = (padding,) * 4 if isinstance(padding, int) else (padding[0], padding[0], padding[1], padding[1]) if len(padding) == 2 else tuple(padding)
        top, left = t[0], t[2]
        oh, ow = (h + t[0] + t[1] - kh) // stride + 1, (w + t[2] + t[3] - kw) // stride + 1
    y = np.zeros((1, oh, ow, o))
    for i in range(1, oh + 1):
        for j in range(1, ow + 1):
            y[0, i - 1, j - 1] = b
            for a in range(1, kh + 1):
                for e in range(1, kw + 1):
                    r, s = (i - 1) * stride + a - top, (j - 1) * stride + e - left
                    if 1 <= r <= h and 1 <= s <= w:
                        y[0, i - 1, j - 1] += x[0, r - 1, s - 1] @ k[a - 1, e - 1]
    return y


def mv_flatten(x, perm):
    return np.transpose(x, [q - 1 for q in perm]).flatten("F")  # Julia's arrays are stored by columns


def mv_pool(x, s):
    _, h, w, c = x.shape
    y = np.zeros((1, -(-h // s), -(-w // s), c))
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            y[0, i, j] = x[0, i * s:(i + 1) * s, j * s:(j + 1) * s].max((0, 1))
    return y


def mv_mask(x, mask):
    return np.where(mask < 0, 0, np.where(mask > 0, x, np.maximum(x, 0)))


HWC = dict(axes={"image": "HWC", "kernel": "HWIO", "matrix": "IO"})


def mipverify():
    x = rng.normal(size=(1, 7, 6, 2))
    for kh, kw in ((3, 3), (4, 4), (2, 5), (1, 1)):
        k, b = rng.normal(size=(kh, kw, 2, 3)), rng.normal(size=3)
        for stride in (1, 2, 3):
            for padding in ("SAME", "VALID", 1, [2, 1], [0, 1, 2, 3]):
                put("k.mat", examples.mat_bytes([("c/weight", k), ("c/bias", b)]))
                net = describe([{"op": "conv", "from": "c", "stride": stride, "padding": padding}, {"op": "relu"}], arrays="k.mat", input={"shape": [1, 7, 6, 2]}, **HWC)
                near("conv %dx%d stride %d padding %s" % (kh, kw, stride, padding), outputs(net, npy(x)), np.maximum(mv_conv(x, k, b, stride, padding), 0))
    put("k.mat", examples.mat_bytes([("k", np.ones((3, 2, 1, 1))[:, :, 0, 0]), ("b", np.array([2.0]))]))
    one = rng.normal(size=(1, 4, 4, 1))
    net = describe([{"op": "conv", "weight": "k", "bias": "b"}], arrays="k.mat", input={"shape": [1, 4, 4, 1]}, **HWC)
    near("a kernel whose last axes MATLAB dropped", outputs(net, npy(one)), mv_conv(one, np.ones((3, 2, 1, 1)), 2, 1, "VALID"))
    for perm, layer in (([4, 3, 2, 1], {}), ([1, 3, 2, 4], {"perm": [0, 3, 1, 2]}), ([1, 3, 2, 4], {"perm": [3, 1, 2, 0]}), ([4, 2, 3, 1], {"perm": [0, 2, 1, 3]})):
        net = describe([{"op": "flatten", **layer}], input={"shape": [1, 7, 6, 2]}, **HWC)
        near("Flatten(%s)" % perm, outputs(net, npy(x)), mv_flatten(x, perm), 0)
    for s in (2, 3):
        net = describe([{"op": "maxpool", "kernel_shape": [s, s], "stride": s, "ceil_mode": 1}], input={"shape": [1, 7, 6, 2]}, **HWC)
        near("MaxPool((1,%d,%d,1))" % (s, s), outputs(net, npy(x)), mv_pool(x, s), 0)
    mean, std = [0.5, -0.25], [2.0, 0.3]
    want = (x - mean) / std
    near("Normalize, HWC", outputs(describe([{"op": "normalize", "mean": mean, "std": std}], input={"shape": [1, 7, 6, 2]}, **HWC), npy(x)), want)
    chw = np.transpose(x, (0, 3, 1, 2))
    near("Normalize, CHW", outputs(describe([{"op": "normalize", "mean": mean, "std": std}], input={"shape": [1, 2, 7, 6]}), npy(chw)), np.transpose(want, (0, 3, 1, 2)))
    near("Normalize by numbers", outputs(describe([{"op": "normalize", "mean": 0.5, "std": 2}], input={"shape": [3]}), npy([1, 2, 3])), [0.25, 0.75, 1.25], 0)
    mask = rng.integers(-1, 2, x.shape)
    put("m.mat", examples.mat_bytes([("m", mask.astype("i1"))]))
    net = describe([{"op": "maskedrelu", "mask": "m"}], arrays="m.mat", input={"shape": [1, 7, 6, 2]}, **HWC)
    near("MaskedReLU", outputs(net, npy(x)), mv_mask(x, mask), 0)
    for mask in ([0, 0, 0], [1, 1, 1], [-1, -1, -1], [1, -1, 0]):
        net = describe([{"op": "maskedrelu", "mask": mask}])
        near("MaskedReLU %s" % mask, outputs(net, npy([-1, 2, -3])), mv_mask(np.array([-1, 2, -3]), np.array(mask)), 0)
        code, out, err = run("solve", net, "--image", put("x.csv", "0,0,0"), "--label", "0", "--perturb", "free", "--domain=-1,1", "--no-attack", "--no-evaluate", "--dump", "model")
        check("MaskedReLU %s has %d phases" % (mask, mask.count(0)), code == 0 and len(set(re.findall(r"\bz\d+_\d+", out))) <= mask.count(0), out)
    skip_blocks(x)
    resnet(x)


def skip_blocks(x):
    """SkipSequential([linear1, relu, linear2, SkipBlock([a, b])]), and parts of other kinds"""
    w = [rng.normal(size=s) for s in ((8, 6), (6, 5), (6, 4), (5, 4))]
    b = [rng.normal(size=s) for s in (6, 5, 4, 4)]
    arrays = [(n + k, v) for n, ww, bb in zip("abcd", w, b) for k, v in (("/weight", ww), ("/bias", bb))]
    put("s.mat", examples.mat_bytes(arrays))
    v = rng.normal(size=8)
    h = np.maximum(v @ w[0] + b[0], 0)
    block = {"op": "skip", "layers": [{"op": "dense", "from": "c"}, {"op": "dense", "from": "d"}]}
    first = [{"op": "dense", "from": "a"}, {"op": "relu"}, {"op": "dense", "from": "b"}]
    net = describe([*first, block, {"op": "relu"}], arrays="s.mat", input={"shape": [8]})
    near("SkipBlock", outputs(net, npy(v)), np.maximum(h @ w[2] + b[2] + (h @ w[1] + b[1]) @ w[3] + b[3], 0))
    bad(3, ("layer 3", "5 parts", "4 values"), describe([*first, {"op": "skip", "layers": [{"op": "zero"}] * 5}], arrays="s.mat", input={"shape": [8]}))
    for layer, needle in (({"op": "skip", "layers": [{"op": "zero"}] * 2}, "zero"), ({"op": "skip", "layers": []}, "0 parts"), ({"op": "skip"}, "layers"),
                          ({"op": "skip", "layers": [{"op": "relu"}]}, "part 0"), ({"op": "skip", "layers": [{"op": "dense", "from": "c", "name": "n"}]}, "name"),
                          ({"op": "skip", "layers": [{"op": "dense", "from": "c", "inputs": ["x"]}]}, "inputs"), ({**block, "axis": 1}, "axis"),
                          ({"op": "skip", "layers": 3}, "parts"), ({"op": "skip", "layers": [{"op": "zero", "weight": 1}, {"op": "identity"}]}, "part 0"), ({**block, "inputs": ["x"]}, "parts")):
        bad(3, needle, describe([*first, layer], arrays="s.mat", input={"shape": [8]}))
    bad(4, ("Add", "skip_3"), describe([*first, {"op": "skip", "layers": [{"op": "identity"}, {"op": "dense", "from": "d"}]}], arrays="s.mat", input={"shape": [8]}), "parts of unequal sizes")
    two = [{"op": "dense", "weight": [[1]] * 3}, {"op": "dense", "weight": [[1]]}]
    bad(4, ("Add", "[1,1]"), describe([*two, {"op": "skip", "layers": [{"op": "identity"}, {"op": "dense", "weight": [[1, 1]]}]}]), "a part that broadcasting would spread")


def resnet(x):
    """a residual block over images, in both orders of axes, each with its own layout of weights: the same to the last bit"""
    k1, k2, k3 = rng.normal(size=(3, 3, 2, 4)), rng.normal(size=(3, 3, 4, 4)), rng.normal(size=(2, 2, 4, 3))
    b1, b2, b3 = (rng.normal(size=n) for n in (4, 4, 3))
    w, b = rng.normal(size=(4 * 3 * 3, 5)), rng.normal(size=5)
    norm = {k: rng.uniform(0.5, 2, 3).tolist() for k in ("scale", "bias", "mean", "var")}
    put("r.mat", examples.mat_bytes([("c1/weight", k1), ("c1/bias", b1), ("c2/weight", k2), ("c2/bias", b2), ("c3/weight", k3), ("c3/bias", b3), ("fc/weight", w), ("fc/bias", b)]))
    put("r.npz", examples.npz_bytes([(n + "/" + part, v) for n, kk, bb in (("c1", k1, b1), ("c2", k2, b2), ("c3", k3, b3))
                                     for part, v in (("weight", kk.transpose(3, 2, 0, 1)), ("bias", bb))] + [("fc/weight", w.T.copy()), ("fc/bias", b)]))
    body = [{"op": "conv", "from": "c1", "padding": "SAME"}, {"op": "relu"},
            {"op": "skip", "layers": [{"op": "identity"}, {"op": "conv", "from": "c2", "padding": 1}]}, {"op": "relu"},
            {"op": "conv", "from": "c3", "stride": 2, "padding": [1, 0, 1, 0]}, {"op": "batchnormalization", **norm}, {"op": "relu"},
            {"op": "averagepool", "kernel_shape": [1, 1]}]
    tail = [{"op": "dense", "from": "fc"}]
    hwc = describe(body + [{"op": "flatten", "perm": [0, 3, 1, 2]}] + tail, "hwc.json", arrays="r.mat", input={"shape": [1, 7, 6, 2]}, **HWC)
    chw = describe(body + tail, "chw.json", arrays="r.npz", axes={}, input={"shape": [1, 2, 7, 6]})
    for turn in range(3):
        x = rng.normal(size=(1, 7, 6, 2))
        a, c = outputs(hwc, npy(x)), outputs(chw, npy(np.transpose(x, (0, 3, 1, 2))))
        check("HWC and CHW agree to the last bit", a == c and isinstance(a, list), (a, c))
    y = mv_conv(x, k1, b1, 1, "SAME")  # the first part reads the value before the last one
    y = np.maximum(y + mv_conv(np.maximum(y, 0), k2, b2, 1, 1), 0)
    y = mv_conv(y, k3, b3, 2, [1, 0, 1, 0])
    n = {k: np.array(v) for k, v in norm.items()}
    y = np.maximum((y - n["mean"]) / np.sqrt(n["var"] + 1e-5) * n["scale"] + n["bias"], 0)
    near("a residual network", a, mv_flatten(y, [1, 3, 2, 4]) @ w + b, 1e-7)  # ONNX's epsilon is a float32
    blocks = [json.loads(run("inspect", net, "--json")[1])["blocks"] for net in (hwc, chw)]
    kinds = [[(b["kind"], b["units"]) for b in bb] for bb in blocks]
    check("HWC costs a block at each end, no more", len(kinds[0]) <= len(kinds[1]) + 1, kinds)


# ---- the schema, strictly ----
def schema():
    base = {"netmip": "network", "version": 1, "input": {"shape": [3]}, "layers": [{"op": "relu"}]}
    img = {"shape": [1, 2, 4, 4]}
    conv = {"op": "conv", "weight": np.ones((1, 2, 2, 2)).tolist()}
    for change, code, needle in (
            ({"netmip": "map"}, 3, "map"), ({"netmip": 3}, 3, "not a netmip network"), ({"version": 2}, 4, "version 1"), ({"extra": 1}, 3, "extra"),
            ({"opset": 6}, 4, "opset 6"), ({"opset": 26}, 4, "opset 26"), ({"opset": 12.5}, 3, "integer"), ({"axes": {"image": "WHC"}}, 3, ("WHC", "CHW or HWC")),
            ({"axes": {"kernel": "HWC"}}, 3, "OIHW or HWIO"), ({"axes": {"matrix": "oi"}}, 3, "OI or IO"), ({"axes": {"images": "HWC"}}, 3, "images"), ({"axes": "HWC"}, 3, "object"),
            ({"arrays": 3}, 3, "string"), ({"constants": []}, 3, "constants"), ({"constants": {"a": "b"}}, 3, "FILE:NAME"), ({"constants": {"a": []}}, 3, "empty"),
            ({"input": {"shape": [0]}}, 3, "below 1"), ({"input": {"shape": 3}}, 3, "shape"), ({"input": []}, 3, "no input"), ({"input": {"shape": [2 ** 20, 2 ** 20]}}, 4, "elements"),
            ({"input": {"shape": [3], "min": 0}}, 3, "max"), ({"input": {"shape": [3], "min": [0, 0], "max": 1}}, 3, ("min", "2 numbers")), ({"input": {"shape": [3], "min": 2, "max": 1}}, 3, "range"),
            ({"input": [{"shape": [3]}, {"shape": [3]}]}, 3, "twice"), ({"input": [{"name": "a", "shape": [3], "min": 0, "max": 1}, {"name": "b", "shape": [3]}]}, 3, "min"),
            ({"outputs": []}, 3, "outputs"), ({"outputs": "relu_0"}, 3, "outputs"), ({"outputs": ["y"]}, 3, "y"), ({"layers": {}}, 3, "layers"), ({"layers": [3]}, 3, "layer 0"),
            ({"layers": [{"op": "dense", "bias": [1]}]}, 3, "weight"), ({"layers": [{"op": "dense", "weight": [1, 2, 3]}]}, 3, "matrix"), ({"layers": [{"op": "dense", "weight": [[1, 2, 3]], "value": 1}]}, 4, "value"),
            ({"layers": [{"op": "dense", "weight": [[1, 2, 3]], "inputs": ["x", "x"]}]}, 3, "one input"), ({"layers": [{"op": "dense", "weight": [[1, 2, 3]], "stride": 1}]}, 4, "stride"),
            ({"layers": [{"op": "relu", "padding": 1}]}, 4, "padding"), ({"layers": [{"op": "relu", "mask": [1]}]}, 4, "mask"), ({"layers": [{"op": "relu", "value": 1}]}, 4, "2 inputs"),
            ({"layers": [{"op": "pad", "pads": [0, 1], "value": 5}]}, 4, "pads"), ({"layers": [{"op": "normalize", "mean": 1}]}, 3, "std"), ({"layers": [{"op": "normalize", "mean": 1, "std": 0}]}, 3, "std"),
            ({"layers": [{"op": "normalize", "mean": 1, "std": -1}]}, 3, "std"), ({"layers": [{"op": "normalize", "mean": [[1]], "std": 1}]}, 3, "channel"), ({"layers": [{"op": "normalize", "mean": 1, "std": 1, "axis": 1}]}, 3, "axis"),
            ({"layers": [{"op": "maskedrelu"}]}, 3, "mask"), ({"layers": [{"op": "maskedrelu", "mask": [0, 2, 0]}]}, 3, "2"), ({"layers": [{"op": "maskedrelu", "mask": [0.5, 0, 0]}]}, 3, "0.5"),
            ({"layers": [{"op": "maskedrelu", "mask": [0]}]}, 4, "1 elements for 3 units"), ({"layers": [{"op": "maskedrelu", "mask": [[0, 0, 0], [0, 0, 0]]}]}, 4, "[3]"), ({"layers": [{"op": "maskedrelu", "mask": [0, 0, 0], "slope": 1}]}, 3, "slope"),
            ({"input": img, "layers": [{"op": "maskedrelu", "mask": [0, 0, 0, 0]}]}, 4, "4 elements"), ({"input": img, "layers": [{"op": "normalize", "mean": [1, 2, 3], "std": 1}]}, 4, "do not go together"),
            ({"input": {"shape": [1, 1, 4, 4]}, "layers": [{"op": "normalize", "mean": [1, 2, 3], "std": 1}]}, 4, "parameters"), ({"input": {"shape": [4]}, "layers": [{"op": "normalize", "mean": [1, 2, 3, 4], "std": 1}]}, 4, "perm"),
            ({"input": img, "layers": [{**conv, "padding": "same"}]}, 3, "SAME"), ({"input": img, "layers": [{**conv, "padding": [1, 2, 3]}]}, 3, "1, 2 or 4"), ({"input": img, "layers": [{**conv, "padding": -1}]}, 4, "pads must be from 0"),
            ({"input": img, "layers": [{**conv, "padding": 1.5}]}, 3, "integer"), ({"input": img, "layers": [{**conv, "stride": [1]}]}, 3, "stride"), ({"input": img, "layers": [{**conv, "stride": 0}]}, 4, "strides"),
            ({"input": img, "layers": [{**conv, "stride": 1, "strides": [1, 1]}]}, 3, "twice"), ({"input": img, "layers": [{**conv, "padding": 1, "pads": [1, 1, 1, 1]}]}, 3, "twice"), ({"input": img, "layers": [{**conv, "padding": "SAME", "pads": [1, 1, 1, 1]}]}, 4, "pads"),
            ({"input": img, "layers": [{**conv, "value": 1}]}, 4, "value"), ({"input": img, "layers": [{**conv, "mean": 1}]}, 4, "mean"),
            ({"input": img, "axes": {"kernel": "HWIO"}, "constants": {"k": conv["weight"]}, "layers": [{"op": "conv", "inputs": ["x", "k"]}]}, 3, "HWIO"),
            ({"input": img, "axes": {"image": "HWC"}, "layers": [{"op": "InstanceNormalization"}]}, 4, "where images are HWC"),
            ({"input": img, "layers": [{"op": "flatten", "perm": [0, 1, 2, 3], "axis": 1}]}, 3, "axis"), ({"input": img, "layers": [{"op": "flatten", "perm": [0, 1, 2]}]}, 4, "perm"), ({"input": img, "layers": [{"op": "flatten", "perm": [0, 0, 1, 2]}]}, 4, "perm"),
            ({"input": img, "layers": [{"op": "flatten", "perm": 1}]}, 3, "perm"), ({"input": img, "axes": {"kernel": "HWIO"}, "layers": [{"op": "conv", "weight": [[[[[1]]]]]}]}, 3, "[H,W,I,O]")):
        net = put("s.json", json.dumps({**base, **change}))
        npy([0] * 32)
        bad(code, needle, net, json.dumps(change)[:90])
    near("named constants", outputs(put("s.json", json.dumps({**base, "constants": {"c": [1, 2, 3]}, "layers": [{"op": "sub", "inputs": ["c", "x"]}]})), npy([1, 1, 1])), [0, 1, 2], 0)
    near("two inputs", outputs(put("s.json", json.dumps({**base, "input": [{"name": "a", "shape": [2]}, {"name": "b", "shape": [2]}], "layers": [{"op": "sub", "inputs": ["b", "a"]}]})), npy([1, 2, 5, 7])), [4, 5], 0)
    np.save(p("w.npy"), np.asfortranarray(W.T))
    near("a matrix in Fortran's order from .npy", outputs(put("s.json", json.dumps({**base, "layers": [{"op": "dense", "weight": {"npy": "w.npy"}}]})), npy([1, 2, 3])), np.array([1, 2, 3]) @ W, 0)
    bad(3, "extra", put("s.json", json.dumps({**base, "layers": [{"op": "dense", "weight": {"npy": "w.npy", "extra": 1}}]})))


# ---- hashes: an array file is part of the network ----
def hashes():
    put("h.mat", examples.mat_bytes([("fc/weight", W), ("fc/bias", B)]))
    net = describe([{"op": "dense", "from": "fc"}, {"op": "relu"}, {"op": "dense", "weight": [[1, 0], [0, 1]]}], "h.json", arrays="h.mat")
    code, out, err = run("compile", net, "--image", put("x.csv", "0.5,0.5,0.5"), "--label", "0", "--perturb", "linf:0.5", "--always-write", "-o", p("h.mps"))
    first = json.loads(run("inspect", net, "--json")[1])["sha256"]
    check("compiled", code == 0 and os.path.exists(p("h.map.json")), err)
    put("none.sol", "Infeasible - objective value 0.00000000\n")
    check("decode reads the network", run("decode", p("h.map.json"), p("none.sol"))[0] in (3, 6, 11, 0))
    before = run("decode", p("h.map.json"), p("none.sol"))[2]
    put("h.mat", examples.mat_bytes([("fc/weight", W), ("fc/bias", B + 1)]))
    code, out, err = run("decode", p("h.map.json"), p("none.sol"))
    check("changed weights are another network", code == 6 and "is not the network" in err and "is not the network" not in before, (code, err, before))
    check("and have another hash", json.loads(run("inspect", net, "--json")[1])["sha256"] != first)


# ---- convert ----
def convert():
    nets = sorted(f for f in glob.glob(m("*.onnx")) + glob.glob(m("*.json")) + glob.glob(m("*.nnet")) if "-query" not in f)
    check("there are networks", len(nets) >= 20, nets)
    for net in nets:
        name = os.path.basename(net)
        n = sum(int(np.prod(i["shape"])) for i in json.loads(run("inspect", net, "--json")[1])["inputs"])
        images = [npy(x) and shutil.copy(p("x.npy"), p("x%d.npy" % k)) for k, x in enumerate(rng.uniform(-1, 3, (3, n)))]
        want = [outputs(net, x) for x in images]
        for kind in ("json", "onnx", "json.gz", "onnx.gz"):
            to = p("c." + kind)
            code, out, err = run("convert", net, "-o", to)
            check("convert %s to %s" % (name, kind), code == 0 and out == "" and ("range" in err) == (name.endswith(".nnet") and "onnx" in kind), (code, err))
            check("%s as %s: the same bits" % (name, kind), [outputs(to, x) for x in images] == want)
            first = open(to, "rb").read()
            run("convert", net, "-o", to)
            check("%s as %s: the same bytes again" % (name, kind), open(to, "rb").read() == first)
        model = onnx.load(p("c.onnx"))
        try:
            onnx.checker.check_model(model, full_check=True)
            problem = ""
        except Exception as e:
            problem = str(e)
        check("%s as ONNX passes its checker" % name, not problem, problem)
        types = {t.data_type for t in model.graph.initializer} - {onnx.TensorProto.INT64}
        check("%s as ONNX: one element type" % name, len(types) == 1 and types == {model.graph.input[0].type.tensor_type.elem_type}, types)
        single = name.endswith(".onnx") or "digits" in name or name.startswith("tiny")
        check("%s as ONNX: float32 where that is exact" % name, types == {onnx.TensorProto.FLOAT} or not single, types)
        json.load(open(p("c.json")))
    net = put("d.json", json.dumps({**NET, "axes": {}, "layers": [{"op": "dense", "weight": [[0.1, 1, 2]], "bias": [1]}]}))
    run("convert", net, "-o", p("c.onnx"))
    check("double where float32 is not exact", {t.data_type for t in onnx.load(p("c.onnx")).graph.initializer} == {onnx.TensorProto.DOUBLE})
    old = examples.onnx.helper.make_model(examples.onnx.load(m("tiny-abs.onnx")).graph, opset_imports=[onnx.helper.make_opsetid("", 9)], ir_version=4)
    put("old.onnx", old.SerializeToString())
    run("convert", p("old.onnx"), "-o", p("c.onnx"))
    check("ONNX keeps its opset", onnx.load(p("c.onnx")).opset_import[0].version == 9)
    lists()
    for args, code, needle in (([m("tiny-abs.json")], 2, "-o"), ([m("tiny-abs.json"), "-o", p("c.txt")], 2, "c.txt"), ([m("tiny-abs.json"), "-o", p("none/c.json")], 5, "none"),
                               ([p("gone.onnx"), "-o", p("c.json")], 5, "gone"), ([], 2, "network"), ([m("tiny-abs.json"), m("tiny-abs.json"), "-o", p("c.json")], 2, "network")):
        got, out, err = run("convert", *args)
        check("convert %s" % needle, got == code and out == "" and needle in err and err.count("\n") == 1, (got, err))
    run("convert", m("tiny-xor.nnet"), "-o", p("c.json"))
    check("JSON keeps the range", json.loads(run("inspect", p("c.json"), "--json")[1])["inputs"][0]["max"] == [3, 8])


def lists():
    """axes, shapes and pads are attributes or inputs, as the opset of the file wants them"""
    layers = [{"op": "pad", "pads": [0, 0, 1, 0, 0, 0, 0, 2]}, {"op": "squeeze", "axes": [0]}, {"op": "unsqueeze", "axes": [0, 2]}, {"op": "reshape", "shape": [0, -1]}]
    inputs = {7: [1, 1, 1, 2], 10: [1, 1, 1, 2], 12: [2, 1, 1, 2], 13: [2, 2, 2, 2], 15: [2, 2, 2, 2]}
    image = npy(rng.normal(size=18))
    for opset, want in inputs.items():
        net = put("l.json", json.dumps({**NET, "axes": {}, "opset": max(opset, 13), "input": {"shape": [1, 2, 3, 3]}, "layers": layers}))
        if opset < 13:  # such a file comes from ONNX alone
            h = onnx.helper
            ints = {"p": layers[0]["pads"], "s": [1, 2, 20]}
            nodes = [h.make_node("Pad", ["x", "p"], ["a"]) if opset > 10 else h.make_node("Pad", ["x"], ["a"], pads=ints["p"]), h.make_node("Squeeze", ["a"], ["b"], axes=[0]),
                     h.make_node("Unsqueeze", ["b"], ["c"], axes=[0, 2]), h.make_node("Reshape", ["c", "s"], ["y"])]
            graph = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", 1, [1, 2, 3, 3])], [h.make_tensor_value_info("y", 1, [1, 2, 20])],
                                 [h.make_tensor(k, 7, [len(v)], v) for k, v in ints.items() if opset > 10 or k == "s"])
            net = put("l.onnx", h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=7).SerializeToString())
        code, out, err = run("convert", net, "-o", p("c.onnx"))
        model = onnx.load(p("c.onnx"))
        try:
            onnx.checker.check_model(model, full_check=True)
        except Exception as e:
            err = str(e)
        check("lists in opset %d" % opset, err == "" and model.opset_import[0].version == opset and [len(n.input) for n in model.graph.node] == want, (err, model.graph.node))
        check("lists in opset %d: the same bits" % opset, outputs(p("c.onnx"), image) == outputs(net, image))


# ---- the shipped examples, pictures, inspect, files that are no network ----
def shipped():
    folder = p("again")
    os.mkdir(folder)
    subprocess.run([sys.executable, os.path.join(SCRIPTS, "format-examples.py"), folder], check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    for f in sorted(os.listdir(folder)):
        check("%s is what its script writes" % f, open(os.path.join(folder, f), "rb").read() == open(m(f), "rb").read())
    for name, net in (("digits-pool", "digits-pool-mat.json"), ("digits-res", "digits-res-npz.json")):
        for k in (0, 1, 19):
            image = "%s:%d" % (IMAGES, k)
            check("%s is %s, image %d" % (net, name, k), outputs(m(net), image) == outputs(m(name + ".onnx"), image))
    code, out, err = run("solve", m("digits-pool-mat.json"), "--image", IMAGES + ":0", "--perturb", "linf:0.2", "-o", p("out"), "--json")
    w = json.loads(out)["witness"]
    check("pictures of [1,28,28,1]", code == 10 and open(w["image"], "rb").read(4) == b"\x89PNG" and open(w["picture"], "rb").read(4) == b"\x89PNG", out)
    check("the witness keeps its shape", np.load(w["file"]).shape == (1, 28, 28, 1))
    net = describe([{"op": "flatten"}, {"op": "dense", "weight": [[(-1) ** (i % 3 == j) for j in range(2)] for i in range(48)]}],
                   input={"shape": [1, 4, 4, 3]}, **HWC)
    pixels = np.arange(48).reshape(4, 4, 3).astype("u1")
    put("rgb.ppm", b"P6 4 4 255\n" + pixels.tobytes())
    near("a colour picture read as HWC", outputs(net, p("rgb.ppm")), outputs(net, npy(pixels / 255)), 0)
    near("a colour picture, by hand", outputs(net, p("rgb.ppm")), [sum((-1) ** (i % 3 == j) * v / 255 for i, v in enumerate(range(48))) for j in range(2)])


def inspect():
    j = json.loads(run("inspect", m("digits-pool.onnx"), "--json")[1])
    check("inspect --json", j["format"] == "onnx" and j["opset"] == 13 and j["parameters"] == 3214 and j["relus"] == 596 and j["maxima"] == 144 and
          [(n["op"], n["parameters"], n["relus"]) for n in j["nodes"]][:2] == [("Conv", 104, 0), ("Relu", 0, 576)] and j["blocks"][1] == {"kind": "affine", "units": 576, "node": "/0/Conv"}, j)
    out = run("inspect", m("digits-pool.onnx"))[1]
    check("inspect: a line a node", re.search(r"^Conv +\S+ +\[1,4,12,12\] +input +104 +0$", out, re.M), out)
    j = json.loads(run("inspect", m("digits-pool.mat"), "--json")[1])
    check("inspect of arrays", [a["name"] for a in j["arrays"]][:2] == ["conv1/weight", "conv1/bias"] and j["arrays"][0]["shape"] == [5, 5, 1, 4] and j["arrays"][0]["type"] == "float32", j)
    check("inspect of arrays as text", "conv1/weight" in run("inspect", m("digits-pool.mat"))[1])
    q = json.loads(run("inspect", m("tiny-xor.vnnlib"), "--json")[1])
    check("inspect of a question", q["n_in"] == 2 and len(q["cases"]) >= 1, q)
    w = np.ones((2, 2), "f4")
    shared = {"netmip": "network", "version": 1, "input": {"shape": [1, 2]}, "constants": {"w": w.tolist()},
              "layers": [{"op": "matmul", "inputs": ["x", "w"]}, {"op": "matmul", "inputs": ["matmul_0", "w"]}]}
    check("shared weights count once", json.loads(run("inspect", put("w.json", json.dumps(shared)), "--json")[1])["parameters"] == 4)


def foreign():
    for name, data, needle in (("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"), ("a.npz", examples.npz_bytes([("a", W)]), "zip"), ("a.pt", b"PK\3\4" + bytes(64), "zip"),
                               ("a.mat", examples.mat_bytes([("a", W)]), "MATLAB"), ("a.npy", b"\x93NUMPY" + bytes(64), "NumPy"), ("a.tflite", b"\x1c\0\0\0TFL3" + bytes(64), "TensorFlow Lite"),
                               ("a.pkl", b"\x80\4" + bytes(64), "pickle"), ("a.safetensors", struct.pack("<Q", 40) + b'{"a":1}' + bytes(40), "safetensors"), ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(64), "PNG"),
                               ("lfs.onnx", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"), ("page.onnx", b"<!DOCTYPE html><html>", "web page"), ("ir.xml", b"<?xml version=\"1.0\"?>", "XML"),
                               ("q.txt", b"; a comment\n(declare-const X_0 Real)", "VNN-LIB"), ("m.mps", b"NAME x\n", "MPS"), ("text.onnx", b"hello there\n", "not an ONNX model"), ("x.json", b'{"a": 1}', "not a netmip network"),
                               ("x.json", b'{"netmip": "map", "version": 1}', "map"), ("x.nnet", b"hello\n", "x.nnet:1:1")):
        code, out, err = run("eval", put(name, data), "--image", p("x.npy"))
        check("%s is named" % name, code == 3 and out == "" and name in err and needle in err and err.count("\n") == 1, (code, err))


parts(nnet, mat, npz, mipverify, schema, hashes, convert, shipped, inspect, foreign)
