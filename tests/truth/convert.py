#!/usr/bin/env python3
"""Every network of the truth pack that can be read, converted to JSON and to ONNX: both evaluate to the same bits in float64
at random points, and converting twice gives the same bytes. Skips, and says so, when the pack is absent."""
import glob, json, os, random, struct, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(HERE, "..", "..", "shared", "truth"))
NETMIP = os.environ.get("NETMIP", os.path.join(HERE, "..", "build", "netmip"))
LARGEST = int(os.environ.get("NETMIP_LARGEST", "4000000"))
count = {"passed": 0, "failed": 0, "skipped": 0}
rng = random.Random(5)


def say(ok, what):
    count["passed" if ok else "failed"] += 1
    if not ok:
        print("FAIL", what)


def run(*args):
    r = subprocess.run([NETMIP, *args], capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def npy(path, x):
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % len(x)
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + struct.pack("<%dd" % len(x), *x))
    return path


def outputs(net, path):
    code, out, err = run("eval", net, "--image", path, "--json")
    return json.loads(out)["outputs"]["float64"] if code == 0 else err


def one(net, folder):
    code, out, err = run("inspect", net, "--json")
    if code:
        count["skipped"] += 1  # eval.py holds what must be read
        return
    n = sum(eval("*".join(map(str, i["shape"])) or "1") for i in json.loads(out)["inputs"])
    paths = [npy(os.path.join(folder, "x%d.npy" % k), [rng.uniform(-1, 2) for _ in range(n)]) for k in range(2)]
    want = [outputs(net, p) for p in paths]
    for kind in ("json", "onnx"):
        to, again = os.path.join(folder, "c." + kind), os.path.join(folder, "d." + kind)
        code, out, err = run("convert", net, "-o", to)
        if code:
            say(False, "%s to %s: %s" % (net, kind, err))
            continue
        say([outputs(to, p) for p in paths] == want, "%s as %s evaluates to the same bits" % (net, kind))
        run("convert", to, "-o", again)
        say(open(to, "rb").read() == open(again, "rb").read(), "%s as %s, converted again, is the same file" % (net, kind))


def main():
    if not os.path.isdir(TRUTH):
        print("truth_convert: the truth pack is not here\n0 passed, 0 failed, 1 skipped")
        return 0
    nets = sorted(glob.glob(os.path.join(TRUTH, "**", "*.onnx*"), recursive=True))
    with tempfile.TemporaryDirectory() as folder:
        for net in nets:
            if os.path.getsize(net) > LARGEST:
                count["skipped"] += 1
            else:
                one(net, folder)
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
    return count["failed"] > 0


sys.exit(main())
