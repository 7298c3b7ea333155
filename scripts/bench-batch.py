#!/usr/bin/env python3
"""A data set survives: 200 samples of RSL18a (or the project's own digits) with two workers, killed at 50 random moments and
started again each time; the records must equal those of a run that nobody disturbed. And two workers against one:
wall seconds. Usage: bench-batch.py [--kills N] [--samples N] [--radius E] [--own]. A few minutes."""
import argparse, json, os, random, shutil, signal, subprocess, sys, tempfile, time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(ROOT, "..", "shared", "truth"))


def command(a, folder, workers, samples):
    if a.own or not os.path.isdir(TRUTH):
        net, images, labels = [os.path.join(ROOT, "models", f) for f in ("digits-mlp3.onnx", "digits-test-images.idx3.gz", "digits-test-labels.idx1.gz")]
    else:
        net, images, labels = [os.path.join(TRUTH, "mnist", f) for f in ("rsl18a.onnx", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")]
    return [NETMIP, "batch", net, "--images", images, "--labels", labels, "--perturb", "linf:" + a.radius, "--range", "0:%d" % samples, "--dir",
            folder, "--workers", str(workers), "--quiet", "--no-solve"]


def records(folder):
    found = {}
    for f in os.listdir(os.path.join(folder, "records")):
        if f.endswith(".json"):
            with open(os.path.join(folder, "records", f)) as h:
                d = json.load(h)
            found[f] = {k: v for k, v in d.items() if "seconds" not in k}
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kills", type=int, default=50)
    p.add_argument("--samples", type=int, default=200)
    p.add_argument("--radius", default="0.05")
    p.add_argument("--own", action="store_true")
    a = p.parse_args()
    took, rounds = {}, 3
    for k in range(2 * rounds):     # in turn, so that a machine that slows down slows both
        folder, workers, at = tempfile.mkdtemp(), 1 + k % 2, time.time()
        subprocess.run(command(a, folder, workers, a.samples), check=True, stdout=subprocess.DEVNULL)
        took[workers] = min(took.get(workers, 1e9), time.time() - at)
        want = records(folder)
        shutil.rmtree(folder)
    print("%d samples: one worker %.1f s, two workers %.1f s of wall, the best of %d in turn: %.2f times" %
          (len(want), took[1], took[2], rounds, took[1] / took[2]), flush=True)
    folder, kills, rng, moments, runs, same = tempfile.mkdtemp(), 0, random.Random(1), [], 0, True
    while True:
        r = subprocess.Popen(command(a, folder, 2, a.samples), stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            # longer than a hard sample takes, or the work would not go on between two kills
            r.wait(rng.uniform(0.01, 0.3 * took[2]) if kills < a.kills else None)
            runs += 1
            same &= records(folder) == want and len(want) == a.samples
            shutil.rmtree(folder)   # a campaign is done; the next begins
            if kills >= a.kills:
                break
        except subprocess.TimeoutExpired:
            os.killpg(r.pid, signal.SIGKILL)
            r.wait()
            kills += 1
            moments.append(len(records(folder)) if os.path.isdir(os.path.join(folder, "records")) else 0)
    print("%d kills, at %s records, in %d campaigns; all equal to the undisturbed run: %s" % (kills, moments, runs, same))
    return not same


sys.exit(main())
