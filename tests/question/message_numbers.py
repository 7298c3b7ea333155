#!/usr/bin/env python3
"""Messages about a number that is beyond another one print both so that they differ, and tenths stay tenths."""
import atexit, json, os, shutil, subprocess, sys, tempfile

try:
    import numpy as np
except ImportError:
    print("message_numbers: the Python module numpy is not installed\nmessage_numbers: 0 passed, 0 failed, 1 skipped")
    sys.exit(0)

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NETMIP = os.environ.get("NETMIP", os.path.join(HERE, "..", "build", "netmip"))
TMP = tempfile.mkdtemp(prefix="netmip-numbers-")
atexit.register(shutil.rmtree, TMP, True)
passed = failed = 0


def says(name, needle, *args):
    global passed, failed
    r = subprocess.run([NETMIP, *args], capture_output=True, text=True, cwd=TMP, timeout=60)
    ok = needle in r.stderr
    passed, failed = passed + ok, failed + (not ok)
    if not ok:
        print("FAIL %s: %s" % (name, (r.returncode, r.stderr)))


def put(name, data):
    path = os.path.join(TMP, name)
    if isinstance(data, np.ndarray):
        np.save(path, data)
    else:
        with open(path, "w") as f:
            json.dump(data, f)
    return path


def net(**more):
    return put("n.json", {"netmip": "network", "version": 1, "input": {"name": "x", "shape": [2], **more}, "layers": [{"op": "dense", "weight": [[1, 0], [0, 1]]}]})


N = net()
NEAR = put("near.npy", np.array([0.5, 1.0000001], np.float32))
ASK = ["--perturb", "linf:0.1"]
says("a pixel just above 1", "element 1 of the image is 1.0000001192092896, outside the domain [0,1]", "solve", N, "--image", NEAR, *ASK)
says("a domain of tenths", "element 1 of the image is 1.0000001192092896, outside the domain [-0.1,0.9]", "solve", N, "--image", NEAR, *ASK, "--domain=-0.1,0.9")
put("half.npy", np.array([0.5, 0.5]))
put("lo.npy", np.array([0.1, 0.30000000000000004]))
put("hi.npy", np.array([0.2, 0.3]))
says("ends of a box", "element 1 from 0.30000000000000004 to 0.3", "solve", N, "--image", "half.npy", "--perturb", "box:lo.npy,hi.npy")
put("r.npy", np.array([0.1, -1e-17]))
says("a radius", "element 1, a radius of -1e-17", "solve", N, "--image", "half.npy", "--perturb", "linf:r.npy")
put("images.npy", np.zeros((2, 2)))
put("labels.npy", np.array([0, 1.0000001]))
says("a label", "entry 1 is 1.0000001, which is not a label", "batch", N, "--images", "images.npy", "--labels", "labels.npy", *ASK, "--dir", "b")
put("q.json", {"netmip": "query", "version": 1, "lo": 0, "hi": 1, "in_rows": ["0 >= 0.1"], "clauses": [["Y_0 >= 2"]]})
says("a row that cannot hold", "in_rows: 0 <= -0.1", "solve", N, "q.json")
put("q.json", {"netmip": "query", "version": 1, "n_in": 2, "n_out": 2, "lo": 0, "hi": 1, "clauses": [[{"var": [1.0000001], "coef": [1], "rhs": 0}]]})
says("a variable", "variable 1.0000001", "inspect", "q.json")
R = net(min=[0, 0.1], max=[1, 0.9])
says("a range that is left", "may be in [0.0625,0.9375]; " + R + " states [0.1,0.9]", "solve", R, "--image", "half.npy", "--perturb", "linf:0.4375", "--domain", "0,1")
says("a range upside down", "element 1 has the range [0.30000000000000004,0.3]", "inspect", net(min=[0, 0.30000000000000004], max=[1, 0.3]))
print("message_numbers: %d passed, %d failed, 0 skipped" % (passed, failed))
sys.exit(failed > 0)
