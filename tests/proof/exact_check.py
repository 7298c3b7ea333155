"""check --exact: it accepts what the checker in doubles accepts, of the tiny networks, digits-mlp and, a few, the other shipped ones, and agrees
with check_proof.py --exact where that knows the operators. AGREE=1000 is the long run, with that many certificates; SEED=.. another one."""
import glob, gzip, hashlib, json, math, os, random, re, sys
from fractions import Fraction

sys.path.insert(1, sys.path[0] + "/../kit")

from kit import check, m, needs, p, parts, put, run
from tiny import box, network, relus

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


def lowest(layers, lo, hi):
    """the exact least output of a network of one input with one hidden layer: it is linear between its kinks"""
    (w, b), (v, c) = layers
    w, b, v, c = [Fraction(x[0]) for x in w], [Fraction(x) for x in b], [Fraction(x) for x in v[0]], Fraction(c[0])
    at = [Fraction(lo), Fraction(hi)] + [-q / k for k, q in zip(w, b) if k and lo < -q / k < hi]
    return min(sum(z * max(k * x + q, 0) for z, k, q in zip(v, w, b)) + c for x in at)


def below(x):
    """the largest double below a fraction"""
    y = float(x)
    return y if Fraction(y) < x else math.nextafter(y, -math.inf)


def hairs():
    """margins below what rounding may lose are checked exactly; the same steps prove nothing for a threshold that is met"""
    accepted = again = 0
    for k in range(max(150, AGREE // 4)):
        units = rng.randint(2, 5)
        draw = lambda: rng.choice((rng.uniform(-1, 1), rng.choice((0.1, -0.3, 1e16, -3.0, 1.0000000000000002e16, 0.0)) if k % 3 == 0 else rng.uniform(-3, 3)))
        layers = [([[draw()] for _ in range(units)], [draw() for _ in range(units)]), ([[draw() for _ in range(units)]], [draw()])]
        least = lowest(layers, 0.0, 1.0)
        size = sum(abs(z) * (abs(a[0]) + abs(q)) for z, a, q in zip(layers[1][0][0], *layers[0])) + abs(layers[1][1][0])
        hair = Fraction(size) * rng.randint(1, 40) / 2**53
        for rhs, holds in ((below(least - hair), True), (math.nextafter(below(least), math.inf), False)):
            query = {"netmip": "query", "version": 1, "lo": [0.0], "hi": [1.0], "clauses": [[{"var": [0], "coef": [1.0], "rhs": rhs}]]}
            files = [put("h.json", json.dumps(network([1], relus(*layers)))), put("h.q.json", json.dumps(query)), p("h.proof")]
            if holds:
                code, out, err = run("solve", *files[:2], "--proof", files[2], "--quiet", "--time-limit", "5")
                check("no counterexample is claimed", code != 10, (layers, rhs, out))
                if code != 0 or "no certificate" in err:
                    break
            code, out, err = run("check", *files)
            if holds:
                check("accepted", code == 0, (code, out, layers, rhs))
                accepted, again = accepted + 1, again + ("without it" in err)
            else:  # with the question's own hash, so that the steps alone decide
                check("of another question", code == 6 and "another question" in out, (code, out))
                proof = open(files[2]).read()
                put("h.proof", re.sub("question [0-9a-f]+", re.search("question [0-9a-f]{64}", out).group(0), proof))
                check("a threshold that is met", run("check", *files)[0] == 6, (layers, rhs))
    check("enough of them, and some of them exactly", accepted >= 30 and again >= 1, (accepted, again))
    print("note hairs: %d certificates accepted, %d of them only without rounding" % (accepted, again))


parts(agreement, others, hairs)
