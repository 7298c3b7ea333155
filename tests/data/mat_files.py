#!/usr/bin/env python3
"""MATLAB files of levels 4, 5 and 7.3, as scipy and h5py write them: every number that is read is held against them; what is
refused and how it is named; torn and damaged files. Level 5 byte by byte is in tests/network/formats.py."""
import gzip, json, random, struct, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, needs, p, parts, put, run
from tiny import network

needs("h5py", "numpy", "scipy")
import h5py
import numpy as np
import scipy.io
import scipy.sparse

rng = np.random.default_rng(5)


def read(file, name, shape):
    """the numbers of an array, by a network that adds it to zeros; or the code and the message"""
    flat = [int(np.prod(shape))] if len(shape) == 2 and 1 in shape else list(shape)  # one row or column is a vector
    net = put("net.json", network(flat, [{"op": "add", "value": name}], arrays=file))
    np.save(p("zero.npy"), np.zeros(int(np.prod(shape))))
    code, out, err = run("eval", net, "--image", p("zero.npy"), "--json")
    return np.array(json.loads(out)["outputs"]["float64"]).reshape(shape) if code == 0 else (code, err)


def same(what, file, name, want):
    got = read(file, name, want.shape)
    check("%s: %s" % (what, name), isinstance(got, np.ndarray) and np.array_equal(got, want.astype(float)), (got, want))


def refused(what, file, name, needle, code=4):
    got = read(file, name, (2, 3))
    check("%s: %s is refused" % (what, name), isinstance(got, tuple) and got[0] == code and needle in got[1] and got[1].count("\n") == 1, got)


def torn(what, file, whole, codes=(3,)):
    """a cut file is refused as a whole, never read in part"""
    for n in sorted({*range(0, len(whole), max(1, len(whole) // 60)), *range(max(0, len(whole) - 20), len(whole))}):
        code, out, err = run("inspect", put(file, whole[:n]))
        check("%s cut at %d" % (what, n), code in codes and out == "" and file in err and err.count("\n") == 1, (code, out, err))


def damaged(what, file, whole, turns):
    """never a crash, a hang or more than a line"""
    dice = random.Random(9)
    for turn in range(turns):
        b = bytearray(whole)
        for _ in range(dice.choice((1, 1, 2, 6))):
            at = dice.randrange(len(b))
            b[at] = dice.choice((0, 255, 127, dice.randrange(256), b[at] ^ 1 << dice.randrange(8)))
        code, out, err = run("inspect", put(file, bytes(b)))
        check("%s, edit %d" % (what, turn), code in (0, 3, 4, 5) and (code == 0) == (err == "") and err.count("\n") <= 1, (code, err))


A = {"double": rng.normal(size=(3, 4)), "single": rng.normal(size=(4, 2)).astype("f4"), "row": rng.normal(size=(1, 5)), "column": rng.normal(size=(5, 1)), "one": np.array([[0.1]])}
for code in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
    A[code] = rng.integers(0 if code[0] == "u" else -100, 100, (2, 3)).astype(code)
DEEP = {"three": rng.normal(size=(2, 3, 4)), "four": rng.normal(size=(2, 3, 1, 4)), "kernel": rng.integers(-9, 9, (3, 2, 2, 2)).astype("i1")}
ODD = {"complex": A["double"] + 1j, "text": "hello", "sparse": scipy.sparse.csc_matrix(np.eye(3)), "nan": np.array([[1, np.nan]]), "inf": np.array([[np.inf, 1]])}
WORDS = (("complex", "complex"), ("text", "class char"), ("sparse", "class sparse"), ("nan", "not finite"), ("inf", "not finite"))


def level4():
    four = {k: v for k, v in A.items() if k not in ("i1", "u4", "i8", "u8")}  # scipy makes doubles of these
    scipy.io.savemat(p("a4.mat"), {**ODD, **four}, format="4")
    for name, x in four.items():
        same("level 4", "a4.mat", name, x)
    for name, word in WORDS:
        refused("level 4", "a4.mat", name, word)
    gzip.open(p("a4.mat.gz"), "wb").write(open(p("a4.mat"), "rb").read())
    same("level 4, gzipped", "a4.mat.gz", "double", A["double"])
    check("inspect of level 4", "MATLAB 4, %d arrays" % len({**ODD, **four}) in run("inspect", p("a4.mat"))[1], run("inspect", p("a4.mat")))
    def matrix(order, mopt, name, x, stored, imaginary=0):
        return struct.pack(order + "5i", mopt, *x.shape, imaginary, len(name) + 1) + name.encode() + b"\0" + x.astype(order + stored).tobytes(order="F")
    whole = b""
    for order, machine in (("<", 0), (">", 1000)):
        for k, stored in enumerate(("f8", "f4", "i4", "i2", "u2", "u1")):
            x = np.abs(rng.integers(-100, 100, (3, 2)))
            data = matrix(order, machine + 10 * k, "x", x, stored) + matrix(order, machine, "fc/w", A["double"], "f8")
            put("b4.mat", data)
            same("level 4, order %s, type %d" % (order, k), "b4.mat", "x", x)
            same("level 4, order %s, behind type %d" % (order, k), "b4.mat", "fc/w", A["double"])
            whole = whole or data
    for n in sorted({*range(0, len(whole), 3), 70, 71, len(whole) - 1}):
        code, out, err = run("inspect", put("t4.mat", whole[:n]))
        entire = n == len(matrix("<", 0, "x", np.zeros((3, 2)), "f8"))  # only the second array is missing
        check("level 4 cut at %d" % n, (code == 0 and "1 array" in out) if entire else code == 3 and out == "" and err.count("\n") == 1, (code, out, err))
    damaged("level 4", "d4.mat", whole, 60)
    for name, data, code, needle in (("a VAX", matrix("<", 2000, "x", A["one"], "f8"), 4, "a VAX"), ("sizes that overflow", struct.pack("<5i", 0, 2 ** 31 - 1, 2 ** 31 - 1, 0, 2) + b"x\0", 3, "sizes overflow"),
                                     ("a size below 0", struct.pack("<5i", 0, -1, 1, 0, 2) + b"x\0", 3, "ends within array"), ("no end of a name", struct.pack("<5i", 0, 1, 1, 0, 2) + b"xy" + bytes(8), 3, "name"),
                                     ("twice", whole[:70] * 2, 3, "twice"), ("a second header", whole + b"\1" * 40, 3, "makes no sense"), ("no such type", struct.pack("<5i", 60, 1, 1, 0, 2) + b"x\0" + bytes(8), 3, "named arrays")):
        got, out, err = run("inspect", put("e4.mat", data))
        check("level 4, %s" % name, got == code and needle in err and "e4.mat" in err, (got, err))
    put("no-name", whole)
    check("level 4 needs its name", run("inspect", p("no-name"))[0] == 3, run("inspect", p("no-name")))


def level5():
    for packed in (False, True):
        scipy.io.savemat(p("a5.mat"), {**ODD, **A, **DEEP, "cell": np.array([[1, "a"]], object), "struct": {"f": 1.0}, "bool": np.array([[True, False]]), "empty": np.zeros((0, 3))}, do_compression=packed)
        for name, x in {**A, **DEEP, "bool": np.array([[1, 0]])}.items():
            same("level 5, packed %s" % packed, "a5.mat", name, x)
        for name, word in (*WORDS, ("cell", "class cell"), ("struct", "class struct")):
            refused("level 5, packed %s" % packed, "a5.mat", name, word)
        refused("level 5, packed %s" % packed, "a5.mat", "empty", "is empty", 3)
        scipy.io.savemat(p("t5.mat"), {"w": A["double"], "b": A["row"]}, do_compression=packed)
        whole = open(p("t5.mat"), "rb").read()
        damaged("level 5, packed %s" % packed, "d5.mat", whole, 40)


class File:
    """a file of level 7.3 as MATLAB has it: datasets with axes backwards, and classes"""
    def __init__(self, name):
        self.path, self.h = p(name), h5py.File(p(name), "w", userblock_size=512, libver="earliest")

    def add(self, name, x, kind, **how):
        d = self.h.create_dataset(name, data=np.asarray(x).T, **how)
        if kind:
            d.attrs["MATLAB_class"] = np.bytes_(kind)
        return d

    def done(self):
        self.h.close()
        with open(self.path, "r+b") as f:
            f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
        return open(self.path, "rb").read()


KIND = {"double": "double", "single": "single", "row": "double", "column": "double", "one": "double", "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16", "i4": "int32", "u4": "uint32", "i8": "int64",
        "u8": "uint64", "three": "double", "four": "double", "kernel": "int8"}


def level73():
    ways = {"plain": {}, "packed": dict(chunks=True, compression="gzip", compression_opts=3), "shuffled": dict(chunks=True, compression="gzip", shuffle=True, fletcher32=True)}
    for way, how in ways.items():
        f = File("a73.mat")
        for name, x in {**A, **DEEP}.items():
            f.add(name, x, KIND[name], **how)
            f.add("fc/" + name, x, None, **how)
        f.add("wide", rng.normal(size=(70, 90)), "double", **{**how, **({"chunks": (16, 16)} if how else {})})
        wide = f.h["wide"][()].T
        f.add("bool", np.array([[1, 0]], "u1"), "logical").attrs["MATLAB_int_decode"] = np.int32(1)
        whole = f.done()
        for name, x in {**A, **DEEP, "wide": wide, "bool": np.array([[1, 0]])}.items():
            same("level 7.3, " + way, "a73.mat", name, x)
        for name, x in A.items():
            same("level 7.3, in a group, " + way, "a73.mat", "fc/" + name, x)
        if way == "packed":
            gzip.open(p("a73.mat.gz"), "wb").write(whole)
            same("level 7.3, gzipped", "a73.mat.gz", "double", A["double"])
    check("inspect of level 7.3", "MATLAB 7.3, %d arrays" % (2 * len({**A, **DEEP}) + 2) in run("inspect", p("a73.mat"))[1], run("inspect", p("a73.mat")))
    json.dump({"netmip": "network", "version": 1, "arrays": "a73.mat", "axes": {"matrix": "IO"}, "input": {"shape": [3]}, "layers": [{"op": "dense", "weight": "double", "bias": [0] * 4}]}, open(p("dense.json"), "w"))
    np.save(p("x.npy"), np.array([1, 2, 3.]))
    y = json.loads(run("eval", p("dense.json"), "--image", p("x.npy"), "--json")[1])["outputs"]["float64"]
    check("a dense layer of level 7.3", np.allclose(y, np.array([1, 2, 3]) @ A["double"], rtol=1e-14), y)
    odd73()
    small = File("t73.mat")
    small.add("w", A["double"], "double")
    small.add("b", A["row"], "double", chunks=True, compression="gzip")
    whole = small.done()
    torn("level 7.3", "t73.mat", whole)
    damaged("level 7.3", "d73.mat", whole, 80)


def odd73():
    f = File("o73.mat")
    f.add("good", A["double"], "double")
    pair = np.zeros((2, 3), [("real", "f8"), ("imag", "f8")])
    f.h.create_dataset("complex", data=pair).attrs["MATLAB_class"] = np.bytes_("double")
    f.add("text", np.array([[104, 105]], "u2"), "char")
    f.add("nan", ODD["nan"], "double")
    f.add("inf", ODD["inf"], "double")
    f.add("far", np.array([[2 ** 53 + 1, 0]], "i8"), "int64")
    f.add("half", np.array([[.5, 0]]), "int8")
    f.add("beyond", np.array([[300, 0]], "i2"), "int8")
    f.add("odd", A["double"], "table")
    f.add("enum", np.array([[True, False]]), None)
    f.add("empty", np.array([[0, 3]], "u8"), "double").attrs["MATLAB_empty"] = np.uint8(1)
    f.h.create_dataset("none", (0, 3)).attrs["MATLAB_class"] = np.bytes_("double")
    f.h.create_dataset("cell", (2, 3), h5py.ref_dtype).attrs["MATLAB_class"] = np.bytes_("cell")
    f.h.create_group("struct").attrs["MATLAB_class"] = np.bytes_("struct")
    g = f.h.create_group("sparse")
    g.attrs["MATLAB_class"], g.attrs["MATLAB_sparse"] = np.bytes_("double"), np.uint64(3)
    f.h.create_group("#refs#").create_dataset("a", data=1.0)
    other = h5py.File(p("other.h5"), "w")
    other["x"] = np.ones((3, 2))
    other.close()
    f.h["soft"], f.h["gone"], f.h["external"] = h5py.SoftLink("/good"), h5py.SoftLink("/nowhere"), h5py.ExternalLink("other.h5", "x")
    f.done()
    same("level 7.3, beside odd ones", "o73.mat", "good", A["double"])
    for name, word in (*WORDS, ("far", "2^53"), ("half", "of class int8"), ("beyond", "of class int8"), ("odd", "class ?"), ("enum", "class ?"), ("cell", "class cell"), ("struct", "class struct"),
                       ("soft", "class ?"), ("gone", "class ?"), ("external", "class ?")):
        refused("level 7.3", "o73.mat", name, word)
    for name in ("empty", "none"):
        refused("level 7.3", "o73.mat", name, "is empty", 3)
    names = run("inspect", p("o73.mat"))[1]
    check("MATLAB's own groups are left out", "#refs#" not in names and "good" in names, names)
    whole_or_not()


def whole_or_not():
    """HDF5 gives zeros for what was never written, and reads other files where it is told to: both are refused"""
    def one(name, needle, code, make):
        f = File("p73.mat")
        make(f.h)
        f.done()
        got, out, err = run("inspect", p("p73.mat"))
        check("level 7.3, %s" % name, got == code and needle in err and out == "", (got, out, err))
    def some(h):
        d = h.create_dataset("x", (40, 40), "f8", chunks=(10, 10), compression="gzip")
        d[:25] = 1
    np.ones((3, 2)).tofile(p("raw.bin"))
    layout = h5py.VirtualLayout((3, 2), "f8")
    layout[:] = h5py.VirtualSource(p("other.h5"), "x", (3, 2))
    one("some chunks are missing", "parts of it are missing", 3, some)
    one("no chunk was written", "x: ", 3, lambda h: h.create_dataset("x", (40, 40), "f8", chunks=(10, 10)))
    one("nothing was written", "parts of it are missing", 3, lambda h: h.create_dataset("x", (3, 2), "f8"))
    one("an absurd size", "bytes unpack to", 3, lambda h: h.create_dataset("x", (2 ** 30, 2 ** 20), "f8", chunks=(2 ** 10, 2 ** 10)))
    one("external data", "other files", 4, lambda h: h.create_dataset("x", (3, 2), "f8", external=[(p("raw.bin"), 0, 48)]))
    def virtual(h):
        h.create_virtual_dataset("x", layout)
    one("virtual data", "other files", 4, virtual)
    def loop(h):
        g = h.create_group("g")
        g["again"] = g
    one("a group within itself", "its members", 3, loop)
    def variable(h):
        h.create_dataset("x", data=np.ones((3, 2))).attrs["MATLAB_class"] = "double"
    one("a class of variable length", "MATLAB_class", 3, variable)


parts(level4, level5, level73)
