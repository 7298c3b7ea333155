#!/usr/bin/env python3
"""Messages about a number that is beyond another one print both so that they differ, and tenths stay tenths."""
import sys

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import TMP, check, done, needs, p, put
from tiny import network

needs("numpy")
import numpy as np


def says(name, needle, *args):
    code, out, err = kit.run(*args, cwd=TMP)
    check(name, needle in err, (code, err))


def array(name, values, kind=float):
    np.save(p(name), np.array(values, kind))
    return p(name)


def net(**more):
    """the identity; more: what its input has beside its shape"""
    made = network([2], [{"op": "dense", "weight": [[1, 0], [0, 1]]}])
    made["input"].update(more)
    return put("n.json", made)


N = net()
NEAR = array("near.npy", [0.5, 1.0000001], np.float32)
ASK = ["--perturb", "linf:0.1"]
says("a pixel just above 1", "element 1 of the image is 1.0000001192092896, outside the domain [0,1]", "solve", N, "--image", NEAR, *ASK)
says("a domain of tenths", "element 1 of the image is 1.0000001192092896, outside the domain [-0.1,0.9]", "solve", N, "--image", NEAR, *ASK, "--domain=-0.1,0.9")
array("half.npy", [0.5, 0.5])
array("lo.npy", [0.1, 0.30000000000000004])
array("hi.npy", [0.2, 0.3])
says("ends of a box", "element 1 from 0.30000000000000004 to 0.3", "solve", N, "--image", "half.npy", "--perturb", "box:lo.npy,hi.npy")
array("r.npy", [0.1, -1e-17])
says("a radius", "element 1 is a radius of -1e-17", "solve", N, "--image", "half.npy", "--perturb", "linf:r.npy")
array("images.npy", np.zeros((2, 2)))
array("labels.npy", [0, 1.0000001])
says("a label", "entry 1 is 1.0000001, which is not a label", "batch", N, "--images", "images.npy", "--labels", "labels.npy", *ASK, "--dir", "b")
put("q.json", {"netmip": "query", "version": 1, "lo": 0, "hi": 1, "in_rows": ["0 >= 0.1"], "clauses": [["Y_0 >= 2"]]})
says("a row that cannot hold", "in_rows: 0 <= -0.1", "solve", N, "q.json")
put("q.json", {"netmip": "query", "version": 1, "n_in": 2, "n_out": 2, "lo": 0, "hi": 1, "clauses": [[{"var": [1.0000001], "coef": [1], "rhs": 0}]]})
says("a variable", "variable 1.0000001", "inspect", "q.json")
R = net(min=[0, 0.1], max=[1, 0.9])
says("a range that is left", "may be in [0.0625,0.9375]; " + R + " states [0.1,0.9]", "solve", R, "--image", "half.npy", "--perturb", "linf:0.4375", "--domain", "0,1")
says("a range upside down", "element 1 has the range [0.30000000000000004,0.3]", "inspect", net(min=[0, 0.30000000000000004], max=[1, 0.3]))
done()
