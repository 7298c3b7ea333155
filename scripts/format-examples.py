#!/usr/bin/python3
"""Write some of netmip's networks in the other formats that it reads.

What:  writes to models/
         tiny-xor.nnet         tiny-xor with inputs in [-1, 3] and [0, 8] and
                               a scaled output: a network with normalisation
         digits-pool.mat       the weights of digits-pool as MATLAB and
         digits-pool-mat.json  MIPVerify.jl keep them, packed as by save -v7,
                               and the description of the network
         digits-res.npz        the weights of digits-res as NumPy and torch
         digits-res-npz.json   keep them, and the description, with a skip
Why:   the tests hold each against the ONNX file that it was made from, and a
       reader sees how such a description looks.
How:   from the ONNX files; the writers of .nnet and .mat below were made by
       this project from the descriptions of these formats, and the tests use
       them for more.  Nothing is random and no time is written: every run
       gives the same bytes.  Needs Debian's python3-numpy and python3-onnx.

usage: format-examples.py [FOLDER]

Takes less than a second.
"""

import io
import json
import pathlib
import struct
import sys
import zipfile
import zlib

import numpy as np
import onnx
from onnx import numpy_helper

sys.dont_write_bytecode = True      # leave no __pycache__ in scripts/
from modelkit import MODELS


def weights_of(name):
    """The constants of a network in models/, in the order of its file."""
    graph = onnx.load(str(MODELS / (name + ".onnx"))).graph
    return {t.name: numpy_helper.to_array(t) for t in graph.initializer}


# ------------------------------------------------------------------- .nnet

def write_nnet(path, layers, low, high, mean, scale):
    """`layers` are pairs of weights [out][in] and biases; mean and scale hold
    one value for each input and one for all outputs."""
    sizes = [len(layers[0][0][0])] + [len(bias) for _, bias in layers]

    def line(values):
        return "".join("%r," % float(v) for v in values) + "\n"
    with open(path, "w") as f:
        f.write("// written by format-examples.py\n")
        f.write("%d,%d,%d,%d,\n" % (len(layers), sizes[0], sizes[-1], max(sizes)))
        f.write("".join("%d," % n for n in sizes) + "\n0,\n")
        for values in (low, high, mean, scale):
            f.write(line(values))
        for weight, bias in layers:
            for row in weight:
                f.write(line(row))
            for value in bias:
                f.write(line([value]))


def normalised(layers, mean, scale):
    """The layers of the same function behind a normalisation; exact where the
    scales are powers of two and the numbers are short."""
    layers = [(np.array(w, float), np.array(b, float)) for w, b in layers]
    first = layers[0]
    layers[0] = first[0] * scale[:-1], first[1] + first[0] @ mean[:-1]
    last = layers[-1]
    layers[-1] = last[0] / scale[-1], (last[1] - mean[-1]) / scale[-1]
    return layers


# -------------------------------------------------------------------- .mat

CLASS_OF = {"f8": 6, "f4": 7, "i1": 8, "u1": 9, "i2": 10, "u2": 11, "i4": 12,
            "u4": 13, "i8": 14, "u8": 15}
STORED_AS = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7,
             "f8": 9, "i8": 12, "u8": 13}


def mat_element(order, kind, data, small=True):
    """A data element; up to four bytes fit into its tag."""
    if small and 0 < len(data) <= 4:
        return struct.pack(order + "I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(order + "II", kind, len(data)) + data + bytes(-len(data) % 8)


def mat_array(order, name, array, stored=None, flags=0, number=None, small=True):
    """An array of numbers, stored in its own type or another."""
    code = array.dtype.kind + str(array.dtype.itemsize)
    number = CLASS_OF[code] if number is None else number
    shape = array.shape if array.ndim > 1 else (1, array.size)
    stored = stored or code
    body = mat_element(order, 6, struct.pack(order + "II", number | flags, 0))
    body += mat_element(order, 5, struct.pack(order + "%di" % len(shape), *shape))
    body += mat_element(order, 1, name.encode(), small)
    data = array.reshape(shape).astype(order + stored).tobytes("F")
    return mat_element(order, 14, body + mat_element(order, STORED_AS[stored], data, small))


def mat_bytes(arrays, order="<", packed=True):
    """A MATLAB file of level 5 from pairs of names and arrays, or elements."""
    text = "MATLAB 5.0 MAT-file, written by format-examples.py".ljust(124).encode()
    out = text + struct.pack(order + "H", 0x100) + (b"IM" if order == "<" else b"MI")
    for item in arrays:
        element = item if isinstance(item, bytes) else mat_array(order, *item)
        if packed:
            data = zlib.compress(element, 9)
            element = struct.pack(order + "II", 15, len(data)) + data
        out += element
    return out


# -------------------------------------------------------------------- .npz

def npz_bytes(arrays, packed=False):
    """np.savez without the time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays:
            data = io.BytesIO()
            np.save(data, array)
            info = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            archive.writestr(info, data.getvalue())
    return out.getvalue()


# ---------------------------------------------------------------- examples

def write_json(path, head, layers):
    text = ",\n  ".join(json.dumps(layer) for layer in layers)
    path.write_text('%s,\n "layers": [\n  %s]}\n' % (json.dumps(head)[:-1], text))


def tiny_nnet(folder):
    net = json.loads((MODELS / "tiny-xor.json").read_text())
    dense = [l for l in net["layers"] if l["op"] == "dense"]
    mean, scale = np.array([0.5, 0.25, 2]), np.array([2, 4, 8.0])
    layers = normalised([(l["weight"], l["bias"]) for l in dense], mean, scale)
    write_nnet(folder / "tiny-xor.nnet", layers, [-1, 0], [3, 8], mean, scale)


def pool_mat(folder):
    """MIPVerify.jl: kernels (height, width, in, out), matrices (in, out)."""
    w = list(weights_of("digits-pool").values())
    arrays = []
    for name, weight, bias in (("conv1", *w[0:2]), ("fc1", *w[2:4]), ("logits", *w[4:6])):
        order = (2, 3, 1, 0) if weight.ndim == 4 else (1, 0)
        arrays += [(name + "/weight", weight.transpose(order)), (name + "/bias", bias)]
    (folder / "digits-pool.mat").write_bytes(mat_bytes(arrays))
    write_json(folder / "digits-pool-mat.json",
               dict(netmip="network", version=1, arrays="digits-pool.mat",
                    axes=dict(image="HWC", kernel="HWIO", matrix="IO"),
                    input=dict(name="x", shape=[1, 28, 28, 1])),
               [{"op": "conv", "from": "conv1", "stride": 2, "padding": "VALID"},
                {"op": "relu"}, {"op": "maxpool", "kernel_shape": [2, 2], "stride": 2},
                {"op": "flatten", "perm": [0, 3, 1, 2]},
                {"op": "dense", "from": "fc1"}, {"op": "relu"}, {"op": "dense", "from": "logits"}])


def res_npz(folder):
    """torch: kernels [out][in][height][width], matrices [out][in]."""
    w = weights_of("digits-res")
    (folder / "digits-res.npz").write_bytes(npz_bytes(w.items()))
    write_json(folder / "digits-res-npz.json",
               dict(netmip="network", version=1, arrays="digits-res.npz",
                    input=dict(name="x", shape=[1, 1, 28, 28])),
               [{"op": "conv", "weight": "stem.weight", "bias": "stem.bias", "stride": 4},
                {"op": "relu"},
                {"op": "conv", "weight": "inner.weight", "bias": "inner.bias", "padding": 1},
                {"op": "relu"},
                {"op": "skip", "layers": [
                    {"op": "identity"}, {"op": "zero"},
                    {"op": "conv", "weight": "outer.weight", "bias": "outer.bias", "padding": 1}]},
                {"op": "batchnormalization", "scale": "norm.weight", "bias": "norm.bias",
                 "mean": "norm.running_mean", "var": "norm.running_var", "epsilon": 2.0 ** -10},
                {"op": "relu"},
                {"op": "dense", "weight": "head.weight", "bias": "head.bias"}])


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else MODELS
    tiny_nnet(folder)
    pool_mat(folder)
    res_npz(folder)


if __name__ == "__main__":
    main()
