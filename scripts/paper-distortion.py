#!/usr/bin/env python3
"""Exact minimum distortion, the first experiment of Tjeng, Xiao, Tedrake 2019, on the project's own networks: the
nearest counterexample over all targets of digit images in L-inf, L1 and L2, value and proven bound, CPU seconds.

Usage: paper-distortion.py [--nets NAME,..] [--norms linf,l1,l2] [--range A:B] [--limit SECONDS] [--csv FILE]. Prints a
table a network and norm: how many images are solved exactly, mean and median distortion, CPU seconds; with --csv a row an image."""
import argparse, csv, json, os, statistics, subprocess, sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))


def solve(net, norm, index, limit):
    m = os.path.join(ROOT, "models")
    r = subprocess.run([NETMIP, "solve", "%s/%s.onnx" % (m, net), "--image", "%s/digits-test-images.idx3.gz:%d" % (m, index),
                        "--labels", m + "/digits-test-labels.idx1.gz", "--perturb", "free", "--objective", "closest:" + norm,
                        "--time-limit", str(limit), "--json", "--quiet"], capture_output=True, text=True)
    if r.returncode not in (0, 10, 11):
        sys.exit(r.stderr)
    return json.loads(r.stdout)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--nets", default="digits-mlp3,digits-mlp")
    a.add_argument("--norms", default="linf,l1,l2")
    a.add_argument("--range", default="0:20")
    a.add_argument("--limit", type=float, default=120)
    a.add_argument("--csv")
    a = a.parse_args()
    first, last = (int(x) for x in a.range.split(":"))
    out = csv.writer(open(a.csv, "w")) if a.csv else None
    if out:
        out.writerow(["network", "norm", "sample", "verdict", "value", "bound", "cpu_seconds"])
    print("| network | norm | images | exact | mean | median | least | CPU s, median | CPU s, largest |")
    print("|---|---|---|---|---|---|---|---|---|")
    for net in a.nets.split(","):
        for norm in a.norms.split(","):
            values, times, exact = [], [], 0
            for i in range(first, last):
                d = solve(net, norm, i, a.limit)
                o = d.get("objective", {})
                times.append(sum(d["cpu_seconds"].values()))
                exact += d["verdict"] != "unknown"
                if "value" in o:
                    values.append(o["value"])
                if out:
                    out.writerow([net, norm, i, d["verdict"], o.get("value"), o.get("bound"), "%.3f" % times[-1]])
            print("| `%s` | %s | %d | %d | %.4g | %.4g | %.4g | %.2f | %.2f |" %
                  (net, norm, last - first, exact, statistics.mean(values), statistics.median(values), min(values),
                   statistics.median(times), max(times)), flush=True)


main()
