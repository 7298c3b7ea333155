#!/usr/bin/env python3
"""Every network of the truth pack that can be read, converted to JSON and to ONNX: both evaluate to the same bits in float64
at random points, and converting twice gives the same bytes. Skips, and says so, when the pack is absent."""
import glob, json, os, random, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, p, parts, put, run, skip, truth
from tiny import npy

LARGEST = int(os.environ.get("NETMIP_LARGEST", "4000000"))
rng = random.Random(5)


def outputs(net, path):
    code, out, err = run("eval", net, "--image", path, "--json", timeout=None)
    return json.loads(out)["outputs"]["float64"] if code == 0 else err


def one(net):
    code, out, err = run("inspect", net, "--json", timeout=None)
    if code:
        return skip(net + " is refused; eval.py holds what must be read")
    n = sum(eval("*".join(map(str, i["shape"])) or "1") for i in json.loads(out)["inputs"])
    paths = [put("x%d.npy" % k, npy(rng.uniform(-1, 2) for _ in range(n))) for k in range(2)]
    want = [outputs(net, x) for x in paths]
    for kind in ("json", "onnx"):
        to, again = p("c." + kind), p("d." + kind)
        code, out, err = run("convert", net, "-o", to, timeout=None)
        if code:
            check("%s to %s" % (net, kind), False, err)
            continue
        check("%s as %s evaluates to the same bits" % (net, kind), [outputs(to, x) for x in paths] == want)
        run("convert", to, "-o", again, timeout=None)
        check("%s as %s, converted again, is the same file" % (net, kind), open(to, "rb").read() == open(again, "rb").read())


def networks():
    for net in sorted(glob.glob(os.path.join(truth(), "**", "*.onnx*"), recursive=True)):
        if os.path.getsize(net) > LARGEST:
            skip("%s has more than %d bytes" % (net, LARGEST))
        else:
            one(net)


parts(networks)
