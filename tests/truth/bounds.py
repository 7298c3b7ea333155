#!/usr/bin/env python3
"""Compares `netmip bounds --all-rows` with the truth pack's reference bounds (plain CROWN on every unit, float64): no
unit and no margin may be looser than the reference by more than rounding."""
import os, re, struct, sys, zipfile

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, p, parts, run, truth


def read_npy(data):
    size = struct.unpack("<H", data[8:10])[0]
    head = data[10:10 + size].decode()
    kind = re.search(r"'descr': '[<|](\w+)'", head).group(1)
    code = {"f8": "d", "f4": "f", "i8": "q", "i4": "i"}[kind]
    body = data[10 + size:]
    return struct.unpack("<%d%s" % (len(body) // struct.calcsize(code), code), body)


def read_npz(path):
    with zipfile.ZipFile(path) as z:
        out = {}
        for n in z.namelist():
            try:
                out[n[:-4]] = read_npy(z.read(n))
            except KeyError:
                pass  # strings
        return out


def bounds(net, index, *more):
    m = truth("mnist")
    code, _, err = run("bounds", "%s/%s.onnx" % (m, net), "--image", "%s/t10k-images-idx3-ubyte.gz:%d" % (m, index), "--labels",
                       m + "/t10k-labels-idx1-ubyte.gz", "--perturb", "linf:0.1", "-o", p("bounds.txt"), *more, timeout=600)
    if code:
        raise RuntimeError(err)
    blocks = {}
    with open(p("bounds.txt")) as f:
        for line in f:
            if line[0] != "#":
                name, lo, hi, _ = line.split()
                blocks.setdefault(int(name[1:].split("_")[0]) if name[0] == "v" else 0, []).append((float(lo), float(hi)))
    return blocks


def against_reference():
    folder = truth("reference_bounds")
    for name in sorted(f for f in os.listdir(folder) if f.endswith(".npz")):
        net, index = name.split("_")[:2]
        ref, got = read_npz(os.path.join(folder, name)), bounds(net, int(index), "--all-rows")
        worst = 0.0
        for k, block in enumerate({"wk17a": [1, 3, 5], "rsl18a": [1]}[net]):
            at = k if "crowndense_L0_lower" in ref else k + 1
            for (a, b), c, d in zip(got[block], ref["crowndense_L%d_lower" % at], ref["crowndense_L%d_upper" % at]):
                worst = max(worst, (c - a) / (1 + abs(c)), (b - d) / (1 + abs(d)))
        for (a, _), c in zip(got[max(got)], ref["crowndense_margin_lb"]):
            worst = max(worst, (c - a) / (1 + abs(c)))
        check(name, worst < 1e-9, "looser by %.1e (relative)" % worst)


parts(against_reference)
