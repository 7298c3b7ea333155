"""check --exact: it accepts what the checker in doubles accepts, of the tiny networks, digits-mlp and, a few, the other shipped ones, and agrees
with check_proof.py --exact where that knows the operators. AGREE=1000 is the long run, with that many certificates; SEED=.. another one."""
import glob, gzip, hashlib, json, os, random, sys

sys.path.insert(1, sys.path[0] + "/../kit")

from kit import check, m, needs, p, parts, put, run
from tiny import box

needs("numpy")
from check_proof import Checker

AGREE = int(os.environ.get("AGREE", "60"))
rng = random.Random(int(os.environ.get("SEED", "1")))
IMAGES, LABELS = m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")


def both(what, folder, n):
    """the certificates of a campaign in both arithmetics: n, or as many as have one, are accepted; and the seconds"""
    seconds, counts = [], []
    for more in ((), ("--exact",)):
        code, out, err = run("check", "--batch", folder, "--json", "--quiet", *more, timeout=3600)
        j = json.loads(out)
        check(what, code == 0 and j["n_rejected"] == 0, (code, j, err))
        counts.append(j["n_accepted"])
        seconds.append(j["cpu_seconds"])
    check(what + ": as many", counts[0] == counts[1] and counts[0] >= n, (counts, n))
    return counts[0], seconds


def note(what, n, seconds):
    print("note %s: %d certificates accepted by both; %.2f and, exactly, %.2f CPU seconds, %.0f times" %
          (what, n, *seconds, seconds[1] / max(seconds[0], 1e-3)))


def digits(name, n, radii):
    """certificates of a shipped network, n over several radii"""
    total, seconds = 0, [0, 0]
    for k, radius in enumerate(radii):
        count = n // len(radii) + (k < n % len(radii))
        folder = p("%s-%s" % (name, radius))
        code, out, err = run("batch", m(name + ".onnx"), "--images", IMAGES, "--labels", LABELS, "--perturb", "linf:" + radius, "--range",
                             "0:%d" % count, "--dir", folder, "--proofs", folder + "-proofs", "--quiet", timeout=3600)
        check("certificates are written", code == 0, (code, err))
        got, spent = both("%s at %s" % (name, radius), folder, 0 if name in ("digits-pool", "digits-conv") else count)
        total, seconds = total + got, [a + b for a, b in zip(seconds, spent)]
    note(name, total, seconds)
    return total


def random_questions(name, sizes, n):
    """rows of a table of --instances: boxes and thresholds that are drawn"""
    n_in, n_out = sizes
    rows = []
    for i in range(n):
        centre, r = [rng.uniform(-1, 1) for _ in range(n_in)], rng.choice((0.1, 0.5, 1, 2))
        claim = rng.choice(("(<= Y_0 %r)", "(>= Y_0 %r)")) % rng.uniform(-1, 2)
        if n_out > 1 and rng.random() < 0.5:
            claim = "(<= (+ Y_0 (* -1 Y_1)) %r)" % rng.uniform(-2, 1)
        rows.append("%s,%s,60\n" % (m(name + ".onnx"), put("%s-%d.vnnlib" % (name, i), box([c - r for c in centre], [c + r for c in centre], n_out, claim))))
    return rows


def fractions(net, rows, folder):
    """what check_proof.py --exact says of the certificates of a network that it can read"""
    data, net_hash = open(m(net + ".json"), "rb").read(), hashlib.sha256(open(m(net + ".onnx"), "rb").read()).hexdigest()
    for record in sorted(glob.glob(os.path.join(folder, "records", "*.json")))[:40]:
        r, question = json.load(open(record)), rows[int(os.path.basename(record).split(".")[0])].split(",")[1]
        c = Checker(data, run("solve", m(net + ".onnx"), question, "--dump", "query", "--json")[1].encode(), True, net_hash)
        c.query_hash = hashlib.sha256(open(question, "rb").read()).hexdigest()
        with gzip.open(os.path.join(folder, r["proof"])) as f:
            check("fractions say so, too", c.check(f.read()) == r["verdict"], r)


def tiny():
    nets = {"tiny-abs": (2, 1), "tiny-dead": (2, 1), "tiny-stable": (2, 1), "tiny-xor": (2, 2), "tiny-res": (2, 2), "tiny-max": (4, 2)}
    total, seconds = 0, [0, 0]
    for name, sizes in nets.items():
        rows, folder = random_questions(name, sizes, max(3, AGREE // 25)), p("c-" + name)
        code, out, err = run("batch", "--instances", put(name + ".csv", "".join(rows)), "--root", "/", "--dir", folder, "--proofs", folder + "-proofs", "--quiet")
        check("certificates are written", code == 0, (name, code, err))
        got, spent = both(name, folder, len(rows))
        total, seconds = total + got, [a + b for a, b in zip(seconds, spent)]
        if name not in ("tiny-res", "tiny-max"):
            fractions(name, rows, folder)
    note("tiny networks", total, seconds)
    return total


def agreement():
    n = tiny()
    n += digits("digits-mlp", max(AGREE - n, 12), ("0.01", "0.02", "0.03", "0.05", "0.1"))
    check("as many as were asked for", n >= AGREE, n)


def others():
    """residual blocks, maxima and convolutions"""
    for name, radius in (("digits-mlp3", "0.05"), ("digits-res", "0.05"), ("digits-pool", "0.03"), ("digits-conv", "0.02")):
        digits(name, 4, (radius,))


parts(agreement, others)
