#!/usr/bin/env python3
"""Compares `netmip bounds --all-rows` with the truth pack's reference bounds (plain CROWN on every unit, float64): no
unit and no margin may be looser than the reference by more than rounding."""
import io, os, re, struct, subprocess, sys, tempfile, zipfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(HERE, "..", "..", "shared", "truth"))
NETMIP = os.environ.get("NETMIP", os.path.join(HERE, "..", "build", "netmip"))


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


def bounds(net, index, folder, *more):
    m = os.path.join(TRUTH, "mnist")
    out = os.path.join(folder, "bounds.txt")
    subprocess.run([NETMIP, "bounds", "%s/%s.onnx" % (m, net), "--image", "%s/t10k-images-idx3-ubyte.gz:%d" % (m, index),
                    "--labels", m + "/t10k-labels-idx1-ubyte.gz", "--perturb", "linf:0.1", "-o", out, *more], check=True,
                   capture_output=True)
    blocks = {}
    for line in open(out):
        if line[0] == "#":
            continue
        name, lo, hi, _ = line.split()
        blocks.setdefault(int(name[1:].split("_")[0]) if name[0] == "v" else 0, []).append((float(lo), float(hi)))
    return blocks


def main():
    folder = os.path.join(TRUTH, "reference_bounds")
    if not os.path.isdir(folder):
        print("truth_bounds: the truth pack is not here\n0 passed, 0 failed, 1 skipped")
        return 0
    passed = failed = 0
    with tempfile.TemporaryDirectory() as temp:
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".npz"):
                continue
            net, index = name.split("_")[:2]
            ref, got = read_npz(os.path.join(folder, name)), bounds(net, int(index), temp, "--all-rows")
            pre = {"wk17a": [1, 3, 5], "rsl18a": [1]}[net]
            worst = 0.0
            for k, block in enumerate(pre):
                lo = ref["crowndense_L%d_lower" % k] if "crowndense_L0_lower" in ref else ref["crowndense_L%d_lower" % (k + 1)]
                hi = ref["crowndense_L%d_upper" % k] if "crowndense_L0_upper" in ref else ref["crowndense_L%d_upper" % (k + 1)]
                for (a, b), c, d in zip(got[block], lo, hi):
                    worst = max(worst, (c - a) / (1 + abs(c)), (b - d) / (1 + abs(d)))
            query = got[max(got)]
            for (a, _), c in zip(query, ref["crowndense_margin_lb"]):
                worst = max(worst, (c - a) / (1 + abs(c)))
            ok = worst < 1e-9
            passed, failed = passed + ok, failed + (not ok)
            print("%-4s %s: looser by at most %.1e (relative)" % ("ok" if ok else "FAIL", name, worst))
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return failed > 0


sys.exit(main())
