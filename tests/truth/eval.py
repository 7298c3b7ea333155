#!/usr/bin/env python3
"""Evaluates the networks of the truth pack (30 networks, 3 inputs each, and the op zoo) and compares with its
reference outputs, within the tolerance written there. Skips, and says so, when the pack is absent."""
import json, os, struct, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(HERE, "..", "..", "shared", "truth"))
NETMIP = os.environ.get("NETMIP", os.path.join(HERE, "..", "build", "netmip"))


def write_npy(path, x):
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % len(x)
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        f.write(struct.pack("<%dd" % len(x), *x))


def evaluate(net, x, folder):
    path = os.path.join(folder, "x.npy")
    write_npy(path, x)
    r = subprocess.run([NETMIP, "eval", net, "--image", path, "--json"], capture_output=True, text=True)
    return r, json.loads(r.stdout) if r.returncode == 0 else None


def far(y, want, tol):
    return len(y) != len(want) or any(abs(a - b) > tol for a, b in zip(y, want))


def networks(folder, say):
    ref = os.path.join(TRUTH, "reference_outputs")
    for name in sorted(os.listdir(ref)):
        d = json.load(open(os.path.join(ref, name)))
        for i, c in enumerate(d["cases"]):
            r, out = evaluate(os.path.join(TRUTH, d["network"]), c["x"], folder)
            y = c.get("y", c.get("y_float64", c.get("outputs")))
            if out is None:
                say(False, "%s input %d: %s" % (d["network"], i, r.stderr.strip()))
                continue
            bad64 = far(out["outputs"]["float64"], y, d["tolerance"]["float64_abs"])
            bad32 = far(out["outputs"]["float32"], y, d["tolerance"]["float32_abs"])
            say(not (bad64 or bad32), "%s input %d%s" % (d["network"], i, " float64" * bad64 + " float32" * bad32))


def zoo(folder, say):
    ref = json.load(open(os.path.join(TRUTH, "op_zoo", "reference_outputs.json")))
    for name, d in sorted(ref.items()):
        if not isinstance(d, dict) or "inputs" not in d:
            continue
        x = [v for t in d["inputs"].values() for v in t["data"]]
        r, out = evaluate(os.path.join(TRUTH, "op_zoo", name), x, folder)
        if "training_mode_true" in name:  # its output would be random
            say(r.returncode == 4 and any(o in r.stderr for o in d["ops"]), "%s is refused by name" % name)
            continue
        if out is None:
            say(False, "%s: %s" % (name, r.stderr.strip()))
            continue
        want = [v for t in d["outputs"].values() for v in t["data"]]
        say(not far(out["outputs"]["float64"], want, 1e-9), name)


def main():
    count = {True: 0, False: 0}

    def say(ok, what):
        count[ok] += 1
        if not ok:
            print("FAIL", what)

    if not os.path.isdir(TRUTH):
        print("truth_eval: the truth pack is not here\n0 passed, 0 failed, 1 skipped")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        networks(folder, say)
        zoo(folder, say)
    print("%d passed, %d failed, 0 skipped" % (count[True], count[False]))
    return count[False] > 0


sys.exit(main())
