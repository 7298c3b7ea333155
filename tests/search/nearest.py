#!/usr/bin/env python3
"""Nearest counterexamples in linf, l1, l2, l0, and the balls l1, l2, l0 as input sets, on small random networks against
an enumeration of their phases and of the vertices in each; decoding of closest models; refusals."""
import itertools, json, os, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import SCRIPTS, TMP, check, fork_runs, m, p, parts, put, run, skip
from tiny import network, relus
fork_runs()

DIGIT = [m("digits-mlp.onnx"), "--image", m("digits-test-images.idx3.gz:3")]
NORMS = ("linf", "l1", "l2", "l0")


# ---- the networks, and what is true of them ----
def random_network(rng, n_in, widths, k):
    import numpy as np
    sizes = [n_in] + widths + [3]
    layers = [(np.round(rng.normal(size=(b, a)), 3), np.round(0.3 * rng.normal(size=b), 3)) for a, b in zip(sizes, sizes[1:])]
    put("n%d.json" % k, network([n_in], relus(*layers)))
    return layers


def forward(layers, x):
    import numpy as np
    for i, (w, b) in enumerate(layers):
        x = w @ x + b
        if i + 1 < len(layers):
            x = np.maximum(x, 0)
    return x


def pieces(layers, label):
    """(A, b) with A x <= b: each phase with each target's row"""
    import numpy as np
    hidden = sum(len(b) for _, b in layers[:-1])
    for signs in itertools.product((0, 1), repeat=hidden):
        m, c, rows, rhs, at = np.eye(layers[0][0].shape[1]), np.zeros(layers[0][0].shape[1]), [], [], 0
        for w, b in layers[:-1]:
            m, c = w @ m, w @ c + b
            s = np.array(signs[at:at + len(b)])
            at += len(b)
            rows.append(np.where(s[:, None] == 1, -m, m))
            rhs.append(np.where(s == 1, c, -c))
            m, c = m * s[:, None], c * s
        w, b = layers[-1]
        m, c = w @ m, w @ c + b
        for j in range(len(b)):
            if j != label:
                yield np.vstack(rows + [m[label] - m[j]]), np.concatenate(rhs + [[c[j] - c[label]]])


def vertices(g, h, size):
    """the points where `size` of the rows g x = h hold"""
    import numpy as np
    pick = np.array(list(itertools.combinations(range(len(h)), size)))
    m, r = g[pick], h[pick]
    keep = np.abs(np.linalg.det(m)) > 1e-9
    return np.linalg.solve(m[keep], r[keep][..., None])[..., 0]


def inside(x, a, b):
    return x[(x @ a.T <= b + 1e-9).all(axis=1)] if len(x) else x


def least(a, b, m, r, norm):
    """min ||M g - r|| over A g <= b, or None: some vertex of the rows and of the norm's own kinks, or, for L2, the
    least squares on some set of active rows"""
    import numpy as np
    n = m.shape[1]
    if norm == "linf":
        one, rows = np.ones((len(m), 1)), np.zeros((len(a), 1))
        h = np.vstack([np.hstack([a, rows]), np.hstack([m, -one]), np.hstack([-m, -one])])
        g = inside(vertices(h, np.concatenate([b, r, -r]), n + 1)[:, :n], a, b)
        at = np.linalg.lstsq(m, r, rcond=None)[0]
        g = np.vstack([g, inside(at[None], a, b)])
        return np.abs(g @ m.T - r).max(axis=1).min() if len(g) else None
    if norm in ("l1", "l0"):
        g = inside(vertices(np.vstack([a, m]), np.concatenate([b, r]), n), a, b)
        off = np.abs(g @ m.T - r)
        return None if not len(g) else off.sum(axis=1).min() if norm == "l1" else int((off > 1e-9).sum(axis=1).min())
    best = None
    for k in range(n + 1):
        for active in itertools.combinations(range(len(b)), k):
            c = a[list(active)]
            kkt = np.block([[m.T @ m, c.T], [c, np.zeros((k, k))]])
            g = np.linalg.lstsq(kkt, np.concatenate([m.T @ r, b[list(active)]]), rcond=None)[0][:n]
            d = np.linalg.norm(m @ g - r)
            if (best is None or d < best) and len(inside(g[None], a, b)):
                best = d
    return best


def truth(layers, label, x0, where=None):
    """where: (M, r, A, b) of the points M g + r, A g <= b, cut to [0,1]; without it the unit cube"""
    import numpy as np
    n = len(x0)
    m, r, own, rhs = where or (np.eye(n), np.zeros(n), np.zeros((0, n)), np.zeros(0))
    best, n = dict.fromkeys(NORMS), m.shape[1]
    own, rhs = np.vstack([m, -m, own]), np.concatenate([1 - r, r, rhs])
    for a, b in pieces(layers, label):
        a, b = np.vstack([a @ m, own]), np.concatenate([b - a @ r, rhs])
        keep = np.abs(a).max(axis=1) > 1e-12
        if (b[~keep] < 0).any() or not len(inside(vertices(a[keep], b[keep], n), a[keep], b[keep])):
            continue
        for norm in NORMS:
            d = least(a[keep], b[keep], m, x0 - r, norm)
            if d is not None and (best[norm] is None or d < best[norm]):
                best[norm] = float(d)
    return best


def judge(layers, label, x0, norm, d, want, what):
    import numpy as np
    o = d.get("objective")
    if want is None:
        return check(what, d["verdict"] == "holds" and not o, d)
    x = np.load(p("w/witness.npy")).ravel()
    off = np.abs(x - x0)
    own = {"linf": off.max(), "l1": off.sum(), "l2": (off ** 2).sum() ** 0.5, "l0": (off != 0).sum()}[norm]
    y = forward(layers, x)
    check(what, d["verdict"] == "violated" and o["bound"] <= o["value"] and o["bound"] >= o["value"] * (1 - 1e-6), d)
    check(what, abs(o["value"] - want) <= 1e-6 * want + 2e-7 and o["bound"] <= want + 1e-7, ("value, truth", o, want))
    check(what, abs(own - o["value"]) <= 1e-9 and y.argmax() != label or abs(np.sort(y)[-1] - y[label]) < 1e-9, (own, o, y))
    check(what, x.min() >= 0 and x.max() <= 1, x)


def cut_short(ask, norm, want, what):
    """rounds that cannot end, or a limit ends: what is proven then is true, and so is the value"""
    for more in (["--no-solve", "--no-branch"], ["--no-solve", "--no-branch", "--time-limit", "0.2"], ["--time-limit", "0.02"]):
        code, out, err = run("solve", *ask, "--perturb", "free", "--objective", "closest:" + norm, *more)
        o = json.loads(out).get("objective") or {}
        value, bound = o.get("value"), o.get("bound")
        check(what, bound is None or want is None or bound <= want + 1e-7, (more, want, out))
        check(what, value is None or (want is not None and value >= want - 1e-7), (more, want, out))
        check(what, code in (0, 10, 11) and (code != 0 or want is None), (more, code, want, out))


def halved():
    """probes that fail are asked again about a smaller distance, so that something is proven where most of it cannot be"""
    out = run("solve", m("digits-conv.onnx"), *DIGIT[1:], "--perturb", "linf:0.3", "--objective", "closest:l1", "--no-solve", "--no-branch", "--no-units",
              "--json", "--quiet")[1]
    o = json.loads(out)["objective"]
    check("a distance above 0 is proven", 0.3 < o["bound"] < o["value"], o)


def brute_force():
    import numpy as np
    rng = np.random.default_rng(5)
    for k, (n_in, widths) in enumerate([(2, [4]), (3, [4]), (2, [3, 3]), (3, [3, 2]), (3, [5]), (2, [6]), (2, [2, 2, 2])]):
        layers = random_network(rng, n_in, widths, k)
        x0 = np.round(rng.uniform(0.05, 0.95, n_in), 2) if k % 2 else rng.integers(0, 2, n_in).astype(float)
        put("x.csv", ",".join(repr(float(v)) for v in x0) + "\n")
        label = int(forward(layers, x0).argmax())
        ask = [p("n%d.json" % k), "--image", p("x.csv"), "--label", str(label), "--json", "--quiet"]
        want = truth(layers, label, x0)
        for norm in NORMS:
            code, out, err = run("solve", *ask, "--perturb", "free", "--objective", "closest:" + norm, "-o", p("w"))
            what = "net %d %s" % (k, norm)
            if check(what, code in (0, 10), (code, out, err)):
                judge(layers, label, x0, norm, json.loads(out), want[norm], what)
            cut_short(ask, norm, want[norm], what)
            if norm == "linf" or want[norm] is None or want[norm] < 1e-3:
                continue
            in_out = ((want[norm] - 1, "holds"), (want[norm], "violated")) if norm == "l0" else (
                (0.98 * want[norm], "holds"), (1.02 * want[norm], "violated"))
            for radius, verdict in in_out:
                for more in ([], ["--no-attack", "--no-split", "--no-branch"], ["--bounds", "crown", "--no-split"]):
                    out = run("solve", *ask, "--perturb", "%s:%.17g" % (norm, radius), *more)[1]
                    check(what, json.loads(out)["verdict"] == verdict, (radius, more, out))
            # a set that cuts the nearest point off
            out = json.loads(run("solve", *ask, "--perturb", "%s:%.17g" % (norm, in_out[0][0]), "--objective",
                                 "closest:linf")[1])
            check(what, out["verdict"] == "holds", ("outside the set", out))


def generators():
    """over sets of generators: the image's own, and some that do not hold it"""
    import numpy as np
    rng = np.random.default_rng(23)
    for k, (n_in, widths) in enumerate([(2, [4]), (3, [4]), (4, [3, 2]), (3, [5]), (4, [4])], 40):
        layers = random_network(rng, n_in, widths, k)
        x0, images = np.round(rng.uniform(0.2, 0.8, n_in), 2), np.round(rng.uniform(-0.6, 0.6, (2, n_in)), 2)
        corners = np.round(rng.uniform(0, 1, (3, n_in)), 2)
        put("g.csv", ",".join(repr(float(v)) for v in x0) + "\n")
        np.save(p("span.npy"), images)
        np.save(p("hull.npy"), corners)
        label = int(forward(layers, x0).argmax())
        eye, one, off = np.eye(2), np.ones((n_in, 1)), (x0 - 0.25)[:, None]
        simplex = (np.vstack([-eye, np.ones((1, 2))]), np.array([0, 0, 1.]))
        for text, where in (("span:" + p("span.npy") + ",-2,2", (images.T, x0, np.vstack([eye, -eye]), np.full(4, 2.))),
                            ("hull:" + p("hull.npy"), ((corners[:2] - corners[2]).T, corners[2], *simplex)),
                            ("brightness:0.9", (one, x0, np.array([[1.], [-1]]), np.array([.9, .9]))),
                            ("contrast:2,0.25", (off, x0, np.array([[1.], [-1]]), np.array([2., 2])))):
            want = truth(layers, label, x0, where)
            ask = [p("n%d.json" % k), "--image", p("g.csv"), "--label", str(label), "--json", "--quiet"]
            for norm in NORMS[:3]:
                what = "net %d %s %s" % (k, os.path.basename(text), norm)
                code, out, err = run("solve", *ask, "--perturb", text, "--objective", "closest:" + norm, "-o", p("w"))
                if check(what, code in (0, 10), (code, out, err, want)):
                    judge(layers, label, x0, norm, json.loads(out), want[norm], what)
                if not want[norm] or want[norm] < 1e-3:
                    continue
                for radius, verdict in ((0.97 * want[norm], "holds"), (1.03 * want[norm], "violated")):
                    for joined in ("%s+%s:%.17g" % (text, norm, radius), "%s:%.17g+%s" % (norm, radius, text)):
                        for more in ([], ["--no-attack", "--no-split", "--no-branch"]):
                            out = run("solve", *ask, "--perturb", joined, *more)[1]
                            check(what, json.loads(out)["verdict"] == verdict, (joined, more, out))


def many_generators():
    """more generators than inputs, within balls: the images a, b, a, b, .. span what two of them do over wider ranges"""
    import numpy as np
    rng = np.random.default_rng(37)
    for k in range(3):
        layers, x0 = random_network(rng, 2, [4], 80 + k), np.round(rng.uniform(0.3, 0.7, 2), 2)
        label, images = int(forward(layers, x0).argmax()), np.round(rng.uniform(-0.4, 0.4, (2, 2)), 2)
        put("m.csv", "%r,%r\n" % tuple(float(v) for v in x0))
        np.save(p("many.npy"), np.tile(images, (20, 1)))
        want = truth(layers, label, x0, (images.T, x0, np.vstack([np.eye(2), -np.eye(2)]), np.full(4, 20 * 0.25)))
        ask = [p("n%d.json" % (80 + k)), "--image", p("m.csv"), "--label", str(label), "--json", "--quiet"]
        text = "span:" + p("many.npy") + ",-1/4,1/4"
        for norm in NORMS[:3]:
            what = "%d generators, %s" % (40, norm)
            code, out, err = run("solve", *ask, "--perturb", text, "--objective", "closest:" + norm, "-o", p("w"))
            if check(what, code in (0, 10), (code, out, err, want)):
                judge(layers, label, x0, norm, json.loads(out), want[norm], what)
            for part, verdict in ((0.97, "holds"), (1.03, "violated")) if want[norm] and want[norm] > 1e-3 else ():
                out = run("solve", *ask, "--perturb", "%s+%s:%.17g" % (text, norm, part * want[norm]))[1]
                check(what, json.loads(out)["verdict"] == verdict, (part, out))


def joined():
    """distances within balls: a wide ball changes nothing, an L0 ball leaves the nearest over all its supports; two
    distances in one file have names of their own; an empty set; the image as its own counterexample"""
    import numpy as np
    rng = np.random.default_rng(31)
    for k, (n_in, widths) in enumerate([(3, [4]), (3, [3, 2]), (3, [5])], 60):
        layers = random_network(rng, n_in, widths, k)
        x0 = np.round(rng.uniform(0.2, 0.8, n_in), 2)
        put("j.csv", ",".join(repr(float(v)) for v in x0) + "\n")
        label = int(forward(layers, x0).argmax())
        ask = [p("n%d.json" % k), "--image", p("j.csv"), "--label", str(label), "--json", "--quiet", "--time-limit", "60"]
        plain, pairs = truth(layers, label, x0), []
        for pair in itertools.combinations(range(n_in), 2):
            keep = np.isin(np.arange(n_in), pair)
            pairs.append(truth(layers, label, x0, (np.eye(n_in)[:, keep], np.where(keep, 0, x0), np.zeros((0, 2)), np.zeros(0))))
        two = {norm: min((p[norm] for p in pairs if p[norm] is not None), default=None) for norm in NORMS}
        for norm in NORMS[:3]:
            for text, want in (("l1:3", plain), ("l2:2", plain), ("l1:3+l2:2", plain), ("l0:2", two)):
                what = "net %d %s %s" % (k, text, norm)
                code, out, err = run("solve", *ask, "--perturb", text, "--objective", "closest:" + norm, "-o", p("w"))
                if check(what, code in (0, 10), (code, out, err, want)):
                    judge(layers, label, x0, norm, json.loads(out), want[norm], what)
        run("compile", *ask[:5], "--perturb", "l1:3+l0:2", "--objective", "closest:linf", "--always-write", "--bounds", "interval", "-o", p("two.mps"), "--quiet")
        for model in sorted(m for m in os.listdir(TMP) if m.startswith("two") and m.endswith(".mps")):
            rows = [line.split()[1] for line in open(p(model)).read().split("ROWS")[1].split("COLUMNS")[0].splitlines()[1:]]
            check(model, len(rows) == len(set(rows)) and "rdpb_0" in rows, rows)
            for name in ("rdpb_0", "rdp_0"):
                code, out, err = run("inspect", p(model), "--row", name)
                check(name, code == 0 and "above the image" in out, (out, err))
            if shutil.which("glpsol"):
                said = subprocess.run(["glpsol", "--freemps", p(model)], capture_output=True, text=True).stdout
                check(said[-300:], "OPTIMAL" in said or "NO " in said or "INFEASIBLE" in said)
            os.remove(p(model))
    for how in ("worst", "feasible", "closest:l1", "range:Y_0"):
        code, out, err = run("solve", *ask[:3 if "range" in how else 5], "--perturb", "linf:0.05+box:0.99,1", "--objective", how)
        check(how, code == 0 and "is empty" in err and ("range" not in how or "input set is empty" in out), (code, out, err))
    other = (label + 1) % 3
    for text in ("brightness:0.1", "linf:0.1"):
        code, out, err = run("solve", *ask[:3], "--label", str(other), "--json", "--quiet", "--perturb", text, "--objective", "closest:l2")
        check(text, code == 10 and json.loads(out)["objective"]["value"] == 0, (code, out, err))
    code, out, err = run("solve", *DIGIT[:2], m("digits-test-images.idx3.gz:0"), "--label", "3", "--perturb", "blur:3x3", "--objective", "closest:l2", "--json", "--quiet")
    check(code, code == 10 and json.loads(out)["objective"]["value"] == 0, (out, err))


# ---- models ----
def decoding():
    ask = [m("digits-mlp.onnx"), "--image", m("digits-test-images.idx3.gz:3"), "--labels",
           m("digits-test-labels.idx1.gz"), "--target", "0", "--quiet"]
    for norm, radius in (("linf", "linf:0.105"), ("l1", "l1:5.2")):
        out = json.loads(run("solve", *ask, "--perturb", radius, "--objective", "closest:" + norm, "--json")[1])
        value = out["objective"]["value"]
        for suffix, solver in ((".mps", "cbc"), (".lp", "glpsol"))[:2 if norm == "linf" else 1]:
            if not shutil.which(solver):
                skip(solver + " is not here")
                continue
            stem = p("d-" + norm)
            code, text, err = run("compile", *ask, "--perturb", radius, "--objective", "closest:" + norm, "-o", stem + suffix)
            check(err, code == 0)
            command = {"cbc": ["cbc", stem + suffix, "-preprocess", "off", "-ratioGap", "0", "solve", "solution", stem + ".sol"],
                       "glpsol": ["glpsol", "--lp", stem + suffix, "--cuts", "--tmlim", "60", "-w", stem + ".sol"]}[solver]
            subprocess.run(command, capture_output=True)
            code, text, err = run("decode", stem + ".map.json", stem + ".sol", "--json")
            d = json.loads(text) if code in (10, 11) else {}
            o = d.get("objective", {"value": -1})
            check(solver,
                  code == 10 and abs(o["value"] - value) <= 1e-3 * value and "bound" not in o and d["certified"] is False, (norm, code, text[:300], err, value))
            check(solver, value * (1 - 1e-3) <= d.get("claimed_bound", 0) <= value * (1 + 1e-9), (norm, "the solver's claim", text, value))
    for text, norm in (("contrast:1", "l1"), ("blur:3x3", "linf")):
        more = [*DIGIT[:2], m("digits-test-images.idx3.gz:0"), "--perturb", text, "--quiet", "--objective", "closest:" + norm]
        want = json.loads(run("solve", *more, "--json")[1])["objective"]
        # a guard moves the solver's point outside by as much; what is found near it is a little farther than the nearest
        for guard, near in (("auto", 1e-2), ("0", 1e-5)):
            stem = "g-%s-%s" % (norm, guard)
            run("compile", *more, "--guard", guard, "-o", p(stem) + ".mps")
            best, claims = [], []
            for model in sorted(m for m in os.listdir(TMP) if m.startswith(stem) and m.endswith(".mps")):
                if not shutil.which("cbc"):
                    skip("cbc is not here")
                    continue
                subprocess.run(["cbc", p(model), "-preprocess", "off", "-ratioGap", "0", "-sec", "20", "solve", "solution", p(model) + ".sol"], capture_output=True)
                code, out, err = run("decode", p(model)[:-4] + ".map.json", p(model) + ".sol", "--json")
                d = json.loads(out) if code in (0, 10) else {}
                check(model, code in ((0, 10) if guard == "auto" else (10, 11)), (guard, code, out, err))
                best.append(d.get("objective", {}).get("value", 1e9))
                claims.append(d.get("claimed_bound", 1e9))
            check(text, not best or -1e-9 <= min(best) / want["value"] - 1 <= near, (guard, best, want))
            check(text, not claims or -1e-2 <= min(claims) / want["value"] - 1 <= 1e-7, (guard, claims, want))
    if shutil.which("glpsol"):
        out = run("solve", *ask, "--perturb", "linf:0.105", "--objective", "closest:linf", "--solver", "cbc", "--json")[1]
        check(out[:300], abs(json.loads(out)["objective"]["value"] - 0.09946987) < 1e-6)


def highs(files):
    """the QPs, each solved by HiGHS into FILE.sol; what it said of them, or None where it is not here"""
    script = os.path.join(SCRIPTS, "highs.js")
    if not shutil.which("node") or subprocess.run(["node", script, "--version"], capture_output=True).returncode:
        return None
    with open(p("list"), "w") as f:
        f.writelines("%s\t%s.sol\t20\n" % (x, x) for x in files)
    out = subprocess.run(["node", script, "--batch", p("list")], capture_output=True, text=True, timeout=300).stdout
    return [json.loads(line) for line in out.splitlines()]


def phases(lp):
    """a mixed-integer LP file as one file for each assignment of its binaries"""
    text = open(lp).read()
    head, _, tail = text.partition("\nBinaries\n")
    names, _, tail = tail.partition("\nEnd")
    names = names.split()
    at = head.index("\nBounds\n") + 8
    for k, bits in enumerate(itertools.product("01", repeat=len(names))):
        with open("%s-%d.lp" % (lp[:-3], k), "w") as f:
            f.write(head[:at] + "".join(" %s = %s\n" % b for b in zip(names, bits)) + head[at:] + "\nEnd" + tail)
        yield "%s-%d.lp" % (lp[:-3], k)


def products():
    """L2 in files: HiGHS solves the quadratic program of every phase of a model, and the least of them is the truth"""
    import numpy as np
    rng = np.random.default_rng(11)
    for k, (n_in, widths) in enumerate([(3, []), (2, [3]), (3, [4]), (3, [2, 2])], 20):
        layers = random_network(rng, n_in, widths, k)
        x0 = np.round(rng.uniform(0.1, 0.9, n_in), 2)
        put("p.csv", ",".join(repr(float(v)) for v in x0) + "\n")
        label = int(forward(layers, x0).argmax())
        want = truth(layers, label, x0)["l2"]
        found = []
        for target in sorted({0, 1, 2} - {label}):
            stem = p("q%d_%d" % (k, target))
            ask = ["compile", p("n%d.json" % k), "--image", p("p.csv"), "--label", str(label), "--target", str(target), "--quiet",
                   "--always-write", "--objective", "closest:l2", "--perturb", "free"]
            code, out, err = run(*ask, "-o", stem + ".lp", "--dialect", "gurobi")
            check(err, code == 0 and "^ 2" in open(stem + ".lp").read(), out)
            if "\nBinaries\n" in open(stem + ".lp").read():
                files = list(phases(stem + ".lp"))
                got = run(*ask, "-o", p("h.lp"), "--dialect", "highs")
                check(got, got[0] == 4 and "models with binaries" in got[2] and not os.path.exists(p("h.lp")))
            else:
                files = [stem + ".lp", stem + "h.mps"]
                got = run(*ask, "-o", stem + "h.mps", "--dialect", "highs")
                check(got, got[0] == 0)
            said = highs(files)
            if said is None:
                skip("HiGHS is not here")
                return
            best = min((s for s in said if s["status"] == "Optimal"), key=lambda s: s["objective"], default=None)
            if best:
                maps = stem + ("h" if best["model"].endswith("h.mps") else "") + ".map.json"
                found.append((best["objective"] + json.load(open(maps))["constant"]) ** 0.5)
                code, out, err = run("decode", maps, best["model"] + ".sol", "--json")
                d = json.loads(out) if code == 10 else {}
                o = d.get("objective", {})
                # HiGHS's file states no gap: the point is a counterexample, its distance no more than that
                check(code, code == 10 and abs(o["value"] - found[-1]) < 1e-4 and "bound" not in o and "claimed_bound" not in d and
                      d["certified"] is False, (out, err, found))
            if not widths:
                check("LP and MPS", abs(said[0]["objective"] - said[1]["objective"]) < 1e-7, said)
        check("net", abs(min(found, default=9) - (9 if want is None else want)) < 1e-4, (k, found, want))


def starts():
    """a start's columns fit every row but the question's, that of L2 included"""
    for text in ("l2:0.3", "l1:0.5", "blur:3x3", "brightness:0.1"):
        for start in ("image", "attack"):
            code, out, err = run("compile", *DIGIT, "--perturb", text, "--target", "3", "--dialect", "gurobi", "-o", p("s.lp"), "--always-write",
                                 "--start", start)
            check(text, code == 0 and "moved" not in err and ("breaks" not in err or "breaks rq_0" in err), (start, err))
    got = run("compile", *DIGIT, "--perturb", "blur:3x3", "--target", "3", "--dialect", "gurobi", "-o", p("s.lp"), "--start", p("p.csv"), "--always-write")
    check(got, got[0] == 4 and "generators" in got[2])


def batch():
    d = p("batch")
    code, out, err = run("batch", m("digits-mlp3.onnx"), "--images", m("digits-test-images.idx3.gz"), "--labels",
                         m("digits-test-labels.idx1.gz"), "--range", "0:2", "--perturb", "linf:0.05", "--objective",
                         "closest:linf", "--dir", d, "--quiet")
    rows = open(d + "/results.csv").read().splitlines()
    at = {name: i for i, name in enumerate(rows[0].split(","))}
    check(code, code == 0 and len(rows) == 3, err)
    for row in (r.split(",") for r in rows[1:]):
        if row[at["verdict"]] == "violated":
            lo, hi = float(row[at["distance_lo"]]), float(row[at["distance"]])
            check(row, hi * (1 - 1e-6) <= lo <= hi <= 0.05)


def refusals():
    tiny, csv = m("tiny-xor.json"), p("p.csv")
    with open(csv, "w") as f:
        f.write("0.5,0.4\n")
    ask = [tiny, "--image", csv, "--label", "0"]
    for code, needle, args in (
            (2, "closest:linf|l1|l2|l0", ["solve", *ask, "--perturb", "free", "--objective", "closest:l3"]),
            (2, "did you mean closest:NORM?", ["solve", *ask, "--perturb", "free", "--objective", "closest"]),
            (4, "quadratic objective", ["compile", *ask, "--perturb", "free", "--objective", "closest:l2", "-o", p("q.mps")]),
            (4, "quadratic rows", ["compile", *ask, "--perturb", "l2:0.7", "--always-write", "-o", p("q.mps")]),
            (4, "--split", ["solve", *ask, "--perturb", "free", "--objective", "closest:l1", "--split", "2"]),
            (2, "a radius of 0 or more", ["solve", *ask, "--perturb", "l1:-1"]),
            (2, "a whole number of 0 or more", ["solve", *ask, "--perturb", "l0:1.5"]),
            (2, "was expected", ["solve", *ask, "--perturb", "l2"]),
            (4, "over generators", ["solve", *DIGIT, "--perturb", "brightness:0.2", "--objective", "closest:l0"]),
            (4, "over generators", ["solve", *DIGIT, "--perturb", "blur:3x3+l0:3"]),
            (4, "over generators", ["compile", *DIGIT, "--perturb", "l0:3+blur:3x3", "-o", p("q.mps")]),
            (4, "two sets of generators", ["solve", *DIGIT, "--perturb", "brightness:0.2+blur:3x3"]),
            (4, "patch", ["solve", *DIGIT, "--perturb", "brightness:0.2+patch:3x3"])):
        got, out, err = run(*args)
        check(args[-4:], got == code and needle in err, (got, out[:200], err))


def against_numpy():
    try:
        import numpy
    except ImportError:
        return skip("numpy is not here: no brute force")
    for part in (brute_force, generators, many_generators, joined, products):
        part()


parts(against_numpy, halved, decoding, starts, batch, refusals)
