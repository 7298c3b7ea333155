#!/usr/bin/env python3
"""wk17a-four-ways.py TRUTH [--netmip FILE] [--dir DIR] [--kills N] [--seed N]

What:  asks 500 MNIST images of WK17a within L-inf 0.1 in four ways: one plain batch; three joined workers that are killed and
       started again at random; an array job of Slurm (scripts/slurm-local.sh starts one); GNU parallel. The records (verdicts,
       stages, bounds, layers, witnesses and what the network gives them) must be the same, but for seconds: 476 hold, 24 are
       violated, 0 unknown.
Needs: TRUTH/mnist with wk17a.onnx and the MNIST test set; of Slurm and parallel what is here: what is not is said, and left out.
Out:   a line for each way; exit code 1 where records differ.

A campaign is over in about two seconds, so that killed workers get further folders until N kills are made."""
import argparse, glob, hashlib, json, os, random, shutil, signal, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
WANT = (476, 24, 0)


def records(folder):
    """number -> record without seconds, with the hash of its witness"""
    found = {}
    for f in glob.glob(os.path.join(folder, "records", "*.json")):
        r = {k: v for k, v in json.load(open(f)).items() if not k.endswith("_seconds")}
        if "witness" in r:
            with open(os.path.join(folder, r["witness"]), "rb") as w:
                r["witness_sha256"] = hashlib.sha256(w.read()).hexdigest()
        found[r["sample"]] = r
    return found


class Ways:
    def __init__(self, a):
        mnist = os.path.join(a.truth, "mnist")
        self.netmip, self.dir, self.kills, self.random = a.netmip, a.dir, a.kills, random.Random(a.seed)
        self.ask = [os.path.join(mnist, "wk17a.onnx"), "--images", os.path.join(mnist, "t10k-images-idx3-ubyte.gz"), "--labels", os.path.join(mnist, "t10k-labels-idx1-ubyte.gz"),
                    "--perturb", "linf:0.1", "--range", "0:500", "--save-witness"]
        self.good, self.want = True, None

    def folder(self, name):
        return os.path.join(self.dir, name)

    def batch(self, *args, **more):
        return subprocess.run([self.netmip, "batch", *args, "--quiet"], check=True, capture_output=True, text=True, **more)

    def empty(self, name):
        """a folder that asks for all samples, with none done: the jobs file only names them"""
        self.batch(*self.ask, "--dir", self.folder(name), "--jobs-file", self.folder(name) + ".jobs", "--chunk", "25")
        return self.folder(name)

    def hold(self, way, names, at, more=""):
        """the records of these folders against those of the plain batch"""
        wrong, counts = 0, []
        for name in names:
            got = records(self.folder(name))
            self.want = self.want or got
            wrong += sum(got.get(k) != v for k, v in self.want.items()) + len(set(got) - set(self.want))
            verdicts = [r["verdict"] for r in got.values()]
            counts.append(tuple(verdicts.count(v) for v in ("holds", "violated", "unknown")))
            left = [f for f in glob.glob(os.path.join(self.folder(name), "records", "*")) if not f.endswith(".json")]
            wrong += len(left)
        good = wrong == 0 and all(c == WANT for c in counts)
        self.good &= good
        print("%-28s %s hold / violated / unknown, %d records differ, %.1f s%s%s" % (
            way, " ".join(sorted({"%d / %d / %d" % c for c in counts})), wrong, time.time() - at, more, "" if good else "  WRONG"), flush=True)

    def plain(self):
        at = time.time()
        self.batch(*self.ask, "--dir", self.folder("plain"))
        self.hold("one plain batch", ["plain"], at, ", CPU %.2f s in records" % json.load(open(self.folder("plain/summary.json")))["cpu_seconds"])

    def killed(self):
        at, kills, names = time.time(), 0, []
        start = lambda: subprocess.Popen([self.netmip, "batch", "--join", self.folder(names[-1]), "--quiet"], stdout=subprocess.DEVNULL, start_new_session=True)
        while kills < self.kills or not names:
            names.append("killed-%d" % len(names))
            self.empty(names[-1])
            crew = [start() for _ in range(3)]
            while any(r.poll() is None for r in crew):
                time.sleep(self.random.uniform(0.02, 0.6))
                k = self.random.randrange(3)
                if kills < self.kills and crew[k].poll() is None and len(glob.glob(self.folder(names[-1]) + "/records/*.json")) < 500:
                    os.killpg(crew[k].pid, signal.SIGKILL)
                    crew[k].wait()
                    kills += 1
                    crew[k] = start()
            self.batch("--join", self.folder(names[-1]))
        self.hold("3 joined workers, %d kills" % kills, names, at, ", %d campaigns" % len(names))

    def slurm(self):
        local, home = os.path.join(HERE, "slurm-local.sh"), self.folder("slurm-local")
        r = subprocess.run(["sh", local, "start", home], capture_output=True, text=True)
        if r.returncode:
            return print("an array job of Slurm        left out: " + r.stderr.strip().splitlines()[-1])
        env = {**os.environ, "SLURM_CONF": os.path.join(home, "slurm.conf")}
        try:
            at = time.time()
            said = self.batch(*self.ask, "--dir", self.folder("slurm"), "--slurm", "--chunk", "25", env=env).stdout
            while subprocess.run(["squeue", "-h"], capture_output=True, text=True, env=env).stdout.strip():
                time.sleep(0.5)
            self.hold("an array job of Slurm", ["slurm"], at, ", " + said.split(": ")[1].split(";")[0])
        finally:
            subprocess.run(["sh", local, "stop", home], capture_output=True)

    def parallel(self):
        if not shutil.which("parallel"):
            return print("GNU parallel                 left out: it is not here")
        at = time.time()
        folder = self.empty("parallel")
        r = subprocess.run(["parallel", "--jobs", "2", "--joblog", folder + ".log", "--arg-file", folder + ".jobs"], capture_output=True, text=True)
        self.good &= r.returncode == 0
        self.hold("GNU parallel", ["parallel"], at, ", %d commands" % len(open(folder + ".jobs").readlines()))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("truth")
    a.add_argument("--netmip", default=os.path.join(HERE, "..", "build", "netmip"))
    a.add_argument("--dir", help="where folders go and stay; default: a temporary folder")
    a.add_argument("--kills", type=int, default=50)
    a.add_argument("--seed", type=int, default=1)
    a = a.parse_args()
    a.netmip = os.path.abspath(a.netmip)
    with tempfile.TemporaryDirectory(prefix="netmip-four-ways-") as temp:
        a.dir = os.path.abspath(a.dir or temp)
        os.makedirs(a.dir, exist_ok=True)
        w = Ways(a)
        for way in (w.plain, w.killed, w.slurm, w.parallel):
            way()
    return 0 if w.good else 1


sys.exit(main())
