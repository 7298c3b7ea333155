#!/usr/bin/env python3
"""Chooses the instances of models/suite: questions at the edge, where bounds do not close and no attack succeeds at once.

For images of digits and square patches of pixels it bisects two radii: h, up to which bounds exclude the runner-up label, and
v, from which the attack finds a counterexample. Between them a question holds or not and has to be searched; a little beyond v
it is violated, and a solver has to find that out. Each candidate is written in one formulation and solved by CBC within
a limit; answers come from `netmip solve` and are compared with CBC's. From what was measured `pick` writes spec.json,
the questions as .vnnlib.gz and the known points as .sol.gz; `netmip suite` then builds the folder. Stages keep what they
found in --work and go on from there; CPU minutes: scan 4, time 8, prove 4. Seconds differ between machines, the choice with them:
the shipped spec.json is what one run gave.

Usage: make-suite.py scan|time|long|prove|pick --work DIR [--out models/suite] [--names A,B for long]
[--cross RESULTS.csv,.. for pick: what netmip bench said of an earlier suite]"""
import argparse, csv, gzip, json, os, re, resource, struct, subprocess, sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
MODELS = os.path.join(ROOT, "models")
NETS = ["digits-mlp", "digits-mlp3", "digits-pool", "digits-res", "digits-conv"]
ENCODINGS = ["bigm", "hull", "bigm+two-sided", "partition:2", "bigm+unfolded"]
LARGEST = 160000  # packed bytes of a model
CLASSES = {"easy": 14, "medium": 16, "hard": 12}


def cpu():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def run(*args):
    return subprocess.run(["nice", "-n", "19", *args], capture_output=True, text=True)


def lines(work, name):
    path = os.path.join(work, name)
    return [json.loads(s) for s in open(path)] if os.path.exists(path) else []


def keep(work, name, record):
    with open(os.path.join(work, name), "a") as f:
        f.write(json.dumps(record) + "\n")


def digits():
    images = gzip.open(os.path.join(MODELS, "digits-test-images.idx3.gz")).read()[16:]
    labels = gzip.open(os.path.join(MODELS, "digits-test-labels.idx1.gz")).read()[8:]
    return images, labels


def question(pixels, i, size, e, label, target):
    """VNN-LIB: the middle size x size pixels of image i may move by e within [0,1], the others stay"""
    low, s = 14 - size // 2, []
    s.append("; image %d, label %d: target %d within %r on the middle %d x %d pixels" % (i, label, target, e, size, size))
    s += ["(declare-const X_%d Real)" % k for k in range(784)] + ["(declare-const Y_%d Real)" % k for k in range(10)]
    for k in range(784):
        x = pixels[784 * i + k] / 255
        inside = low <= k // 28 < low + size and low <= k % 28 < low + size
        lo, hi = (max(0.0, x - e), min(1.0, x + e)) if inside else (x, x)
        s += ["(assert (>= X_%d %r))" % (k, lo), "(assert (<= X_%d %r))" % (k, hi)]
    s.append("(assert (>= Y_%d Y_%d))" % (target, label))
    return "\n".join(s) + "\n"


def verdict(net, q, *flags):
    r = run(NETMIP, "solve", os.path.join(MODELS, net + ".onnx"), q, "--json", "--quiet", *flags)
    if r.returncode not in (0, 10, 11):
        sys.exit("make-suite: " + r.stderr)
    return json.loads(r.stdout)


def scan(work):
    """h and v of each network, image and patch"""
    pixels, labels = digits()
    q, cheap = os.path.join(work, "scan.vnnlib"), ("--no-branch", "--no-solve", "--no-split")
    done = {(r["net"], r["image"], r["size"]) for r in lines(work, "scan.log")}

    def at(e):
        with open(q, "w") as f:
            f.write(question(pixels, i, size, e, label, target))
        return verdict(net, q, *cheap)["verdict"]
    for i in range(6):
        for net in NETS:
            r = run(NETMIP, "eval", os.path.join(MODELS, net + ".onnx"), "--image",
                    os.path.join(MODELS, "digits-test-images.idx3.gz:%d" % i), "--json")
            y, label = json.loads(r.stdout)["outputs"]["float64"], labels[i]
            target = max((k for k in range(10) if k != label), key=lambda k: y[k])
            for size in (8, 12, 16):
                if (net, i, size) in done or y[target] >= y[label] or at(1.0) != "violated":
                    continue
                a, h, v = 0.0, 0.0, 1.0
                for _ in range(7):
                    m = (a + v) / 2
                    s = at(m)
                    a, v = (a, m) if s == "violated" else (m, v)
                    h = m if s == "holds" else h
                b = v
                for _ in range(6):
                    m = (h + b) / 2
                    h, b = (m, b) if at(m) == "holds" else (h, m)
                keep(work, "scan.log", dict(net=net, image=i, label=label, target=target, size=size, h=round(h, 4), v=round(v, 4)))


def candidates(work):
    """questions at several radii of the widest brackets of each network, each in one formulation"""
    rows, k = [], 0
    for net in NETS:
        mine = [r for r in lines(work, "scan.log") if r["net"] == net]
        mine.sort(key=lambda r: -(r["v"] - r["h"]) / r["v"])
        for r in mine[:9]:
            for f, objective in ((0.15, "feasible"), (0.5, "feasible"), (0.9, "feasible"), (1.1, "feasible"), (0.7, "worst")):
                k += 1
                if objective == "feasible" or k % 10 == 5:
                    e = float("%.4g" % (r["h"] + f * (r["v"] - r["h"])))
                    rows.append(dict(r, e=e, objective=objective, encoding=ENCODINGS[k % 7 % 5]))
    return rows


def name(c):
    form = re.sub(r"[^a-z0-9]+", "-", c["encoding"].replace(":", ""))
    return "%s-i%d-p%d-e%s-%s%s" % (c["net"][7:], c["image"], c["size"], ("%g" % c["e"])[2:], "worst-" if c["objective"] == "worst"
                                     else "", form)


def files(work, c):
    pixels, _ = digits()
    q = os.path.join(work, name(c) + ".vnnlib")
    with open(q, "w") as f:
        f.write(question(pixels, c["image"], c["size"], c["e"], c["label"], c["target"]))
    stem = os.path.join(work, name(c))
    form, flags = c["encoding"].split("+")[0], []
    flags += ["--fold", "off"] if "unfolded" in c["encoding"] else []
    flags += ["--one-sided", "off"] if "two-sided" in c["encoding"] else []
    r = run(NETMIP, "compile", os.path.join(MODELS, c["net"] + ".onnx"), q, "--objective", c["objective"], "--encoding", form,
            *flags, "--json", "--quiet", "-o", stem + ".mps")
    if r.returncode or not os.path.exists(stem + ".mps"):
        return None, q, None
    return stem, q, json.loads(r.stdout)["model"]


def cbc(work, c, limit):
    """CBC's answer, decoded; None when it had none within the limit"""
    stem, q, model = files(work, c)
    if not stem:
        return dict(c, closed=True)
    before = cpu()
    run("cbc", stem + ".mps", "-preprocess", "off", "-ratioGap", "0", "-allowableGap", "0", "-increment", "1e-12", "-seconds", str(limit), "-solve",
        "-printingOptions", "all", "-solution", stem + ".cbc.sol")
    used = cpu() - before
    r = run(NETMIP, "decode", stem + ".map.json", stem + ".cbc.sol", "--json", "--quiet")
    j = json.loads(r.stdout) if r.stdout else {"verdict": "unknown", "why": r.stderr}
    # a decoded point settles a decision even when CBC wanted to go on; an optimum needs CBC's word
    word = open(stem + ".cbc.sol").readline()
    whole = c["objective"] == "feasible" or word.startswith("Optimal -")
    answer = j["verdict"] if whole else "unknown"
    out = dict(c, name=name(c), seconds=round(used, 2), limit=limit, answer=answer, said=word.strip(), **model)
    if "witness" in j and c["objective"] == "worst":
        out["best"] = j["witness"]["margin64"]
    out["gz"] = len(gzip.compress(open(stem + ".mps", "rb").read(), 1))
    return out


def sizes(work):
    """binaries and packed bytes of every candidate"""
    done = {r["name"] for r in lines(work, "size.log")}
    for c in candidates(work):
        if name(c) in done:
            continue
        stem, _, model = files(work, c)
        record = dict(name=name(c), closed=not stem)
        if stem:
            record.update(binaries=model["binaries"], gz=len(gzip.compress(open(stem + ".mps", "rb").read(), 1)))
            os.unlink(stem + ".mps")
        keep(work, "size.log", record)


def time(work, limit, budget, part):
    """CBC on the candidates, few binaries first; part A/B: every B-th, for two processes"""
    sizes(work)
    size = {r["name"]: r for r in lines(work, "size.log") if not r["closed"] and r["gz"] < LARGEST}
    rows = sorted((c for c in candidates(work) if name(c) in size), key=lambda c: size[name(c)]["binaries"])
    a, b = (int(x) for x in part.split("/"))
    for k, c in enumerate(rows):
        if cpu() > budget:
            break
        if k % b == a and name(c) not in {r["name"] for r in lines(work, "time.log") if "name" in r}:
            keep(work, "time.log", cbc(work, c, limit))


def long(work, limit, budget, part, names):
    """those without an answer, or those named, with a longer limit"""
    tried = {r["name"] for r in lines(work, "long.log")}
    open_ = {r["name"] for r in lines(work, "time.log") if r.get("answer") == "unknown"}
    rows = [c for c in candidates(work) if name(c) in (names or open_)]
    a, b = (int(x) for x in part.split("/"))
    for k, c in enumerate(rows):
        if cpu() > budget:
            break
        if k % b == a and name(c) not in tried:
            keep(work, "long.log", cbc(work, c, limit))


def point(work, c, witness):
    """a model's point over a witness: inputs fixed, the rest left to CBC"""
    stem, q, _ = files(work, c)
    m = json.load(open(stem + ".map.json"))
    data = open(witness, "rb").read()  # .npy of doubles: head, then numbers
    head = 10 + struct.unpack("<H", data[8:10])[0]
    x, col = struct.unpack("<%dd" % ((len(data) - head) // 8), data[head:]), {m["columns"][j]: i for i, j in enumerate(m["input_columns"]) if j >= 0}
    out = []
    for s in open(stem + ".mps"):
        t = s.split()
        if len(t) == 4 and t[0] == "LO" and t[2] in col:
            out.append(" FX BNDSET %s %r\n" % (t[2], x[col[t[2]]]))
        elif not (len(t) == 4 and t[0] == "UP" and t[2] in col):
            out.append(s)
    with open(stem + ".fixed.mps", "w") as f:
        f.writelines(out)
    run("cbc", stem + ".fixed.mps", "-preprocess", "off", "-seconds", "20", "-solve", "-printingOptions", "all", "-solution",
        stem + ".point.sol")
    return stem + ".point.sol"


def miplib(path):
    """CBC's file in the manner of MIPLIB, nonzero columns alone"""
    rows = [s.split() for s in open(path)]
    head, body = rows[0], [r[1:] if r[0] == "**" else r for r in rows[1:]]
    if not head[0].startswith("Optimal") and not (head[0] == "Stopped" and "no integer" not in " ".join(head)):
        return None
    start = max(k for k, r in enumerate(body) if r[0] == "0")  # rows stand first, the index starts again
    return "=obj= %s\n" % head[-1] + "".join("%s %s\n" % (r[1], r[2]) for r in body[start:] if float(r[2]))


def expected(r):
    return r["answer"] if r["answer"] != "unknown" else "violated" if r["e"] > r["v"] else "holds"


def status(r):
    return "hard" if r["answer"] == "unknown" or r["seconds"] > 60 else "medium" if r["seconds"] >= 1 else "easy"


def choose(work):
    """by class: holds and violated, networks and encodings in turn, small files first, of the easy ones the slow ones"""
    timed = {r["name"]: r for r in lines(work, "time.log") + lines(work, "long.log") if "name" in r and r["gz"] < LARGEST}
    chosen = []
    for kind, n in CLASSES.items():
        mine, taken = [r for r in timed.values() if status(r) == kind], []
        while mine and len(taken) < n:
            def cost(r):
                return (sum(t["net"] == r["net"] for t in taken) + 2 * sum(expected(t) == expected(r) for t in taken)
                        + sum(t["encoding"] == r["encoding"] for t in taken) - 3 * (r["objective"] == "worst")
                        + r["gz"] / 60000 - 3 * min(1, 3 * r["seconds"]))
            best = min(mine, key=lambda r: (cost(r), r["name"]))
            mine.remove(best)
            taken.append(best)
        chosen += sorted(taken, key=lambda r: (r["seconds"], r["name"]))
    return chosen


def prove(work, limit, budget):
    """netmip's own answer to each that is chosen, by bounds, attack and branching; and a point of the model where one is known"""
    done = {r["name"] for r in lines(work, "prove.log")}
    for c in choose(work):
        n = c["name"]
        if n in done or cpu() > budget:
            continue
        _, q, _ = files(work, c)
        folder = os.path.join(work, n + ".out")
        if c["objective"] == "worst":
            j, sol = {"verdict": "unknown"}, miplib(os.path.join(work, n + ".cbc.sol"))
        else:
            j = verdict(c["net"], q, "--no-solve", "--time-limit", str(limit), "-o", folder)
            sol = miplib(point(work, c, os.path.join(folder, "witness.npy"))) if j["verdict"] == "violated" else None
            if not sol and c["answer"] == "violated":
                sol = miplib(os.path.join(work, n + ".cbc.sol"))
        if {c["answer"], j["verdict"]} == {"holds", "violated"}:
            sys.exit("make-suite: %s: CBC says %s, netmip %s" % (n, c["answer"], j["verdict"]))
        keep(work, "prove.log", dict(name=n, verdict=j["verdict"], by=j.get("proved_by"), sol=sol))


def entry(r, p, second):
    """the instance as spec.json says it"""
    known, worst = r["answer"] != "unknown", r["objective"] == "worst"
    answer = r["answer"] if known else p["verdict"]
    s = dict(name=r["name"], net="../%s.onnx" % r["net"], query="q-%s.vnnlib.gz" % r["name"], objective=r["objective"],
             encoding=r["encoding"], status=status(r))
    proofs = []
    if answer == "violated":
        proofs.append("replayed point")
    if known and (worst or answer == "holds"):
        proofs.append("CBC 2.10.8: " + ("optimum, gaps 0" if worst else "infeasible"))
    if p["verdict"] == answer == "holds":
        proofs.append("netmip solve: bounds and branching on signs")
    if answer != "unknown":
        s.update(answer=answer)
    if r["name"] in second:
        proofs.append("%s: the same" % second[r["name"]])
    if not known:
        proofs.append("CBC 2.10.8: no answer in %d CPU s" % r["limit"])
    s["proved"] = "; ".join(proofs)
    if known:
        s["seconds"] = r["seconds"]
    if worst and "best" in r:
        s["best"] = r["best"]
    if p["sol"]:
        s["solution"] = "%s.sol.gz" % r["name"]
    return s


def crossed(path):
    """who else solved an instance, from the results.csv of `netmip bench`, which would have failed on another answer"""
    rows = csv.DictReader(open(path, newline="")) if path else []
    return {r["instance"]: "%s %s" % (r["solver"], r["version"]) for r in rows if r["solved"] == "1" and r["solver"] != "embedded"}


def pick(work, out, cross):
    second = {}
    for path in cross:
        second.update(crossed(path))
    proved = {r["name"]: r for r in lines(work, "prove.log")}
    chosen = [(entry(r, proved[r["name"]], second), r) for r in choose(work) if r["name"] in proved]
    pixels, _ = digits()
    os.makedirs(out, exist_ok=True)
    for s, r in chosen:
        text = question(pixels, r["image"], r["size"], r["e"], r["label"], r["target"])
        with open(os.path.join(out, s["query"]), "wb") as f:
            f.write(gzip.compress(text.encode(), 9, mtime=0))
        if "solution" in s:
            with open(os.path.join(out, s["solution"]), "wb") as f:
                f.write(gzip.compress(proved[s["name"]]["sol"].encode(), 9, mtime=0))
    xor = dict(net="../tiny-xor.onnx", query="../tiny-xor.vnnlib", status="easy", answer="violated", seconds=0.01,
               proved="exact fractions (facts.csv)")
    tiny = [dict(xor, name="xor-hull", encoding="hull", objective="feasible"),
            dict(xor, name="xor-worst-bigm", encoding="bigm", objective="worst", best=-0.15)]
    about = ("Questions about this project's own networks, chosen by scripts/make-suite.py at the edge between holding and violated. "
             "Status: easy, CBC 2.10.8 needed less than a CPU second; medium, up to 60; hard, more, or no answer within the "
             "seconds that are stated (column proved). An answer without CBC's is netmip's own.")
    with open(os.path.join(out, "spec.json"), "w") as f:
        f.write('{"netmip": "suite", "version": 1, "title": "A suite of verification instances",\n "about": %s,\n "instances": [\n' % json.dumps(about))
        f.write(",\n".join("  " + json.dumps(s) for s in tiny + [s for s, _ in chosen]) + "]}\n")
    print(len(tiny) + len(chosen), "instances,", sum(r["gz"] for _, r in chosen) // 1000, "kB of models")


p = argparse.ArgumentParser()
p.add_argument("stage", choices=["scan", "time", "long", "prove", "pick"])
p.add_argument("--work", required=True)
p.add_argument("--out", default=os.path.join(MODELS, "suite"))
p.add_argument("--limit", type=int, default=20)
p.add_argument("--budget", type=float, default=400)
p.add_argument("--names", type=lambda s: s.split(","), default=[])
p.add_argument("--cross", type=lambda s: s.split(","), default=[])
p.add_argument("--part", default="0/1")
a = p.parse_args()
os.makedirs(a.work, exist_ok=True)
{"scan": lambda: scan(a.work), "time": lambda: time(a.work, a.limit, a.budget, a.part), "long": lambda: long(a.work, a.limit, a.budget, a.part, a.names),
 "prove": lambda: prove(a.work, a.limit, a.budget), "pick": lambda: pick(a.work, a.out, a.cross)}[a.stage]()
