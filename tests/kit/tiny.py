"""tiny.py: files that several scripts write by hand, from the definitions of their formats: arrays, pictures, networks in netmip's
JSON, boxes in VNN-LIB. Each function gives the bytes, the text or the object; kit.put writes it."""
import struct, zlib


def npy(values, kind="<f8", shape=None, version=1):
    """an array of NumPy's format; values: numbers in order of rows, or the bytes of them"""
    if not isinstance(values, bytes):
        values = list(values)
        values, shape = struct.pack("%s%d%s" % (kind[0], len(values), {"f8": "d", "f4": "f"}[kind[1:]]), *values), shape or (len(values),)
    head = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (kind, "".join("%d, " % n for n in shape))
    head = head.encode() + b" " * (63 - (10 + len(head)) % 64) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(head)) + head + values


def png(pixels, w, h, colours=1):
    """a picture of bytes in order of rows: grey (1) or red, green, blue (3)"""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    row = w * colours
    lines = b"".join(b"\0" + pixels[i * row:(i + 1) * row] for i in range(h))
    head = struct.pack(">2I5B", w, h, 8, {1: 0, 3: 2}[colours], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def network(shape, layers, **more):
    """a network in netmip's JSON, as an object"""
    return {"netmip": "network", "version": 1, "input": {"name": "x", "shape": list(shape)}, **more, "layers": layers}


def dense(weight, bias):
    """a dense layer; numpy's arrays are taken, too"""
    weight, bias = (a.tolist() if hasattr(a, "tolist") else a for a in (weight, bias))
    return {"op": "dense", "weight": weight, "bias": bias}


def relus(*pairs):
    """dense layers (weight, bias) with a relu after each but the last"""
    layers = []
    for weight, bias in pairs:
        layers += [dense(weight, bias), {"op": "relu"}]
    return layers[:-1]


def box(lo, hi, outputs, *claims):
    """a question of VNN-LIB 1: inputs between lo and hi (lists), then the claims about X and Y"""
    return ("".join("(declare-const X_%d Real)\n" % i for i in range(len(lo))) + "".join("(declare-const Y_%d Real)\n" % j for j in range(outputs))
            + "".join("(assert (and (>= X_%d %r) (<= X_%d %r)))\n" % (i, a, i, b) for i, (a, b) in enumerate(zip(lo, hi)))
            + "".join("(assert %s)\n" % c for c in claims))
