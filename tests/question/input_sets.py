#!/usr/bin/env python3
"""Input sets against brute force on tiny networks: the worst margin over each set, by the program, is that of one linear
program for each pattern of signs (by a simplex method here), over a description of the set made here; samples of the set
stay within the bounds; models written for CBC and GLPK come back through their maps; what cannot be honoured is refused by name."""
import itertools, json, os, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import TMP, check, needs, p, parts, put, run, skip
from tiny import network, relus

needs("numpy")
import numpy as np

rng = np.random.default_rng(5)


def pivot(T, basis, r, j):
    T[r] /= T[r, j]
    col = T[:, j].copy()
    col[r] = 0
    T -= np.outer(col, T[r])
    basis[r] = j


def simplex(T, basis, n):
    """minimises the last row of a tableau over columns 0..n-1, by Bland's rule; False: unbounded"""
    while True:
        enter = np.flatnonzero(T[-1, :n] < -1e-10)
        if len(enter) == 0:
            return True
        j = enter[0]
        rows = np.flatnonzero(T[:-1, j] > 1e-10)
        if len(rows) == 0:
            return False
        ratio = T[rows, -1] / T[rows, j]
        least = rows[ratio <= ratio.min() + 1e-12]
        pivot(T, basis, min(least, key=lambda r: basis[r]), j)


def linear_program(c, A, b, E, e, lo, hi):
    """min c x over A x <= b, E x = e, lo <= x <= hi: (value, x), or None; two phases"""
    c, A, E = np.asarray(c, float), np.asarray(A, float), np.asarray(E, float).reshape(-1, len(c))
    n, cap = len(c), hi - lo
    A, b = np.vstack([A, np.eye(n)[np.isfinite(cap)]]), np.concatenate([b - A @ lo, cap[np.isfinite(cap)]])
    m, k = len(b), len(E)
    T = np.zeros((m + k + 1, n + m + m + k + 1))
    T[:m, :n], T[:m, n:n + m], T[:m, -1] = A, np.eye(m), b
    T[m:m + k, :n], T[m:m + k, -1] = E, np.asarray(e, float) - E @ lo
    T[:-1][T[:-1, -1] < 0] *= -1
    basis = np.zeros(m + k, int)
    for r in range(m + k):
        basis[r] = n + r if r < m and T[r, n + r] > 0 else n + m + r
        if basis[r] >= n + m:
            T[r, basis[r]] = 1
            T[-1] -= T[r]
    T[-1, n + m:-1] = 0
    simplex(T, basis, n + m)
    if T[-1, -1] < -1e-9:
        return None
    for r in np.flatnonzero(basis >= n + m):  # artificial columns at 0 leave, or their row says nothing
        j = np.flatnonzero(abs(T[r, :n + m]) > 1e-9)
        if len(j):
            pivot(T, basis, r, j[0])
    T[:, n + m:-1] = 0
    T[-1] = 0
    T[-1, :n] = c
    for r in range(m + k):
        if basis[r] < n:
            T[-1] -= c[basis[r]] * T[r]
    assert simplex(T, basis, n + m)
    x = np.zeros(n + 2 * m + k)
    x[basis] = T[:-1, -1]
    return c @ (x[:n] + lo), x[:n] + lo


class Net:
    """input of `shape` -> dense, 6 relus -> dense, 3 outputs"""
    def __init__(self, name, shape, hidden=6, scale=1.0):
        n = int(np.prod(shape))
        self.n, self.shape = n, shape
        self.W, self.b = rng.normal(size=(hidden, n)).round(3) * scale, rng.normal(size=hidden).round(3)
        self.V, self.c = rng.normal(size=(3, hidden)).round(3), rng.normal(size=3).round(3)
        self.path = put(name, network([1, *shape], [{"op": "flatten"}, *relus((self.W, self.b), (self.V, self.c))]))

    def __call__(self, x):
        return np.maximum(x @ self.W.T + self.b, 0) @ self.V.T + self.c


class Set:
    """x = x0 + G g, lo <= g <= hi, A g <= b, E g = e, and the box of x"""
    def __init__(self, x0, G, lo, hi, E=None, e=None, rows=(), xlo=0, xhi=1):
        n, k = np.shape(G)
        self.x0, self.G, self.lo, self.hi = np.array(x0, float), np.array(G, float), lo * np.ones(k), hi * np.ones(k)
        self.E, self.e = (np.zeros((0, k)), np.zeros(0)) if E is None else (np.array(E, float), np.array(e, float))
        self.xlo, self.xhi, self.rows = xlo * np.ones(n), xhi * np.ones(n), rows

    def matrix(self):
        A = [self.G, -self.G] + [np.atleast_2d(r @ self.G) for r, _ in self.rows]
        b = [self.xhi - self.x0, self.x0 - self.xlo] + [np.array([h - r @ self.x0]) for r, h in self.rows]
        return np.vstack(A), np.concatenate(b)

    def corner(self, c):
        A, b = self.matrix()
        return linear_program(c, A, b, self.E, self.e, self.lo, self.hi)

    def has(self, x, tol=1e-7):
        """the least distance of x to the image of the set is small"""
        A, b = self.matrix()
        k, one = len(self.lo), np.ones((len(x), 1))
        AA = np.vstack([np.hstack([A, np.zeros((len(A), 1))]), np.hstack([self.G, -one]), np.hstack([-self.G, -one])])
        bb = np.concatenate([b + tol, x - self.x0, self.x0 - x])
        r = linear_program(np.append(np.zeros(k), 1), AA, bb, np.hstack([self.E, np.zeros((len(self.E), 1))]), self.e,
                           np.append(self.lo - tol, 0), np.append(self.hi + tol, np.inf))
        return r is not None and r[0] < tol


known = {}


def brute(net, s, label, target):
    """the least y_label - y_target over the set: one linear program for each pattern of signs; and where"""
    if (net, s, target) in known:
        return known[net, s, target]
    A0, b0 = s.matrix()
    d, base = net.V[label] - net.V[target], net.c[label] - net.c[target]
    best, at = np.inf, None
    W, off = net.W @ s.G, net.W @ s.x0 + net.b
    for mask in range(1 << len(net.b)):
        on = np.array([mask >> i & 1 for i in range(len(net.b))], bool)
        sign = np.where(on, -1.0, 1.0)[:, None]  # on: W g + off >= 0
        A, b = np.vstack([sign * W, A0]), np.concatenate([-sign[:, 0] * off, b0])
        r = linear_program((d * on) @ W, A, b, s.E, s.e, s.lo, s.hi)
        if r and r[0] + (d * on) @ off + base < best:
            best, at = r[0] + (d * on) @ off + base, s.x0 + s.G @ r[1]
    known[net, s, target] = best, at
    return best, at


def shift(x, dr, dc):
    """x[r+dr][c+dc], zero outside"""
    y = np.zeros_like(x)
    h, w = x.shape
    for r in range(h):
        for c in range(w):
            if 0 <= r + dr < h and 0 <= c + dc < w:
                y[r, c] = x[r + dr, c + dc]
    return y


def blur(img, kh, kw, one):
    C = img.shape[0]
    cols, E, e = [], [], []
    for o in range(C):
        for i in [o] if one else range(C):
            for a in range(kh):
                for b in range(kw):
                    g = np.zeros_like(img)
                    g[o] = shift(img[i], a - (kh - 1) // 2, b - (kw - 1) // 2)
                    cols.append(g.ravel())
    k = len(cols)
    if one:
        for o in range(C):
            row = np.zeros(k)
            row[o * kh * kw:(o + 1) * kh * kw] = 1
            E.append(row)
            e.append(1)
    else:
        E, e = [np.ones(k)], [C]
    return Set(np.zeros(img.size), np.array(cols).T, 0, 1, E, e)


def box(x, lo, hi):
    n = x.size
    return Set(np.zeros(n), np.eye(n), np.maximum(lo, 0) * np.ones(n), np.minimum(hi, 1) * np.ones(n))


GREY, RGB = Net("grey.json", (1, 3, 3)), Net("rgb.json", (3, 2, 3), scale=0.7)
img = (rng.integers(0, 256, (1, 3, 3)) / 255)
rgb = (rng.integers(0, 256, (3, 2, 3)) / 255)
flat, mean = img.ravel(), sum(img.ravel().tolist()) / img.size
np.save(p("grey.npy"), img)
np.save(p("rgb.npy"), rgb)
radii, top = rng.uniform(0, .3, 9).round(3), rng.uniform(.5, 1, 9).round(3)
span, hulls = rng.normal(size=(3, 1, 3, 3)).round(2) * .3, rng.uniform(size=(4, 1, 3, 3))
np.save(p("radii.npy"), radii.reshape(1, 3, 3))
np.save(p("top.npy"), top)
np.save(p("span.npy"), span)
np.save(p("hull.npy"), hulls)
np.save(p("hull8.npy"), (hulls * 255).astype(np.uint8))
ROW = np.zeros(9)
ROW[[0, 3, 8]] = [1, -2, 1]
# both rows cut through the sets that they join
AT = float(ROW @ img.ravel()), float(.5 * img.ravel()[1] + img.ravel()[2])
put("rows.txt", "# two rows\nx0 - 2 x3 + 1.0*x8 <= %.17g\n 0.5x1 >= %.17g - x2  # the other\n" % (AT[0] - .05, AT[1] + .02))
ROWS = [(ROW, AT[0] - .05), (-np.array([0, .5, 1, 0, 0, 0, 0, 0, 0]), -AT[1] - .02)]
S = span.reshape(3, 9).T


def with_(s, **kw):
    for k, v in kw.items():
        setattr(s, k, v)
    return s


def patch(r, c, h, w):
    free = np.zeros((3, 3), bool)
    free[r:r + h, c:c + w] = True
    return box(flat, np.where(free.ravel(), 0, flat), np.where(free.ravel(), 1, flat))


one = np.ones((9, 1))
SETS = [
    ("linf:8/255", box(flat, flat - 8 / 255, flat + 8 / 255)),
    ("linf:" + p("radii.npy"), box(flat, flat - radii, flat + radii)),
    ("box:0.25,3/4", box(flat, .25, .75)),
    ("box:0," + p("top.npy"), box(flat, 0, top)),
    ("free", box(flat, 0, 1)),
    ("linf:0.3+box:0.1,0.9", box(flat, np.maximum(flat - .3, .1), np.minimum(flat + .3, .9))),
    ("brightness:0.2", Set(flat, one, -.2, .2)),
    ("contrast:0.4", Set(flat, (flat - mean)[:, None], -.4, .4)),
    ("contrast:0.4,0.5", Set(flat, (flat - .5)[:, None], -.4, .4)),
    ("blur:3x3", blur(img, 3, 3, False)),
    ("blur:2x3", blur(img, 2, 3, False)),
    ("blur1:1x3", blur(img, 1, 3, True)),
    ("patch:2x2@1,0", patch(1, 0, 2, 2)),
    ("span:" + p("span.npy"), Set(flat, S, -1, 1)),
    ("span:" + p("span.npy") + ",0.1,0.5", Set(flat, S, .1, .5)),
    ("hull:" + p("hull.npy"), Set(np.zeros(9), hulls.reshape(4, 9).T, 0, 1, [np.ones(4)], [1])),
    ("hull:" + p("hull8.npy"), Set(np.zeros(9), (hulls * 255).astype(np.uint8).reshape(4, 9).T / 255, 0, 1, [np.ones(4)], [1])),
    ("linf:0.2+rows:" + p("rows.txt"), with_(box(flat, flat - .2, flat + .2), rows=ROWS)),
    ("blur:3x3+linf:0.2", with_(blur(img, 3, 3, False), xlo=np.maximum(flat - .2, 0), xhi=np.minimum(flat + .2, 1))),
    ("span:" + p("span.npy") + "+linf:0.1", with_(Set(flat, S, -1, 1), xlo=np.maximum(flat - .1, 0), xhi=np.minimum(flat + .1, 1))),
    ("rows:" + p("rows.txt") + "+span:" + p("span.npy"), with_(Set(flat, S, -1, 1), rows=ROWS)),
    ("rows:" + p("rows.txt") + "+span:" + p("span.npy") + ",-3,3", with_(Set(flat, S, -3, 3), rows=ROWS)),
    ("brightness:0.2+box:0,0.01", with_(Set(flat, one, -.2, .2), xhi=.01 * np.ones(9))),
]


def worst(net, image, perturb, target, label=0, more=()):
    code, out, err = run("solve", net.path, "--image", image, "--label", str(label), "--perturb", perturb, "--target", str(target),
                         "--objective", "worst", "--json", "--quiet", *more)
    return (json.loads(out) if out else None), code, err


def against_brute_force():
    cases = [(GREY, p("grey.npy"), t, s) for t, s in SETS]
    cases += [(RGB, p("rgb.npy"), "blur:2x2", blur(rgb, 2, 2, False)), (RGB, p("rgb.npy"), "blur1:3x3", blur(rgb, 3, 3, True))]
    for net, image, text, s in cases:
        name = text.replace(TMP + "/", "")
        for target in (1, 2):
            want, at = brute(net, s, 0, target)
            out = p("w%d" % target)
            shutil.rmtree(out, True)
            j, code, err = worst(net, image, text, target, more=["-o", out] + (["--channels", "chw"] if net is RGB else []))
            if want == np.inf:
                check("%s, target %d: no point, no counterexample" % (name, target), code == 0 and j["verdict"] == "holds" and "objective" not in j, (code, j))
                continue
            if not check("%s, target %d: an answer" % (name, target), j and "objective" in j, (code, err)):
                continue
            got = j["objective"]["value"]
            check("%s, target %d: %.9g, brute force %.9g" % (name, target, got, want), abs(got - want) < 1e-6 * (1 + abs(want)))
            check("%s, target %d: the bound is one" % (name, target), j["objective"]["bound"] <= want + 1e-9, (j["objective"], want))
            x = np.load(os.path.join(out, "witness.npy")).ravel()
            check("%s, target %d: the witness lies in the set" % (name, target), s.has(x), x)
            y = net(x)
            check("%s, target %d: the witness has that margin" % (name, target), abs(y[0] - y[target] - got) < 1e-9, (y, got))
            check("%s, target %d: exit code" % (name, target), code == (10 if want < -1e-9 else 0) or abs(want) < 1e-6, code)


def any_position():
    best = min((brute(GREY, patch(r, c, 2, 2), 0, 1)[0], r, c) for r in range(2) for c in range(2))
    j, code, err = worst(GREY, p("grey.npy"), "patch:2x2", 1)
    check("patch anywhere: the worst of all positions", j and abs(j["objective"]["value"] - best[0]) < 1e-6, (j and j["objective"], best, err))
    names = {t.get("name") for t in j["targets"]}
    check("patch anywhere: targets say where", names == {"1-r%dc%d" % (r, c) for r in range(2) for c in range(2)}, names)


def pixels():
    """K pixels of a colour image, all channels of each: the worst over all choices of them"""
    x = rgb.ravel()
    for layout, net, image in (("chw", RGB, p("rgb.npy")), ("hwc", Net("hwc.json", (2, 3, 3), scale=0.7), p("hwc.npy"))):
        own = x if layout == "chw" else rgb.transpose(1, 2, 0).ravel()
        np.save(p("hwc.npy"), rgb.transpose(1, 2, 0))
        of = np.arange(18) % 6 if layout == "chw" else np.arange(18) // 3
        label = int(net(own).argmax())
        for k in (0, 1, 2):
            for target in {0, 1, 2} - {label}:
                want = min(brute(net, box(own, np.where(np.isin(of, c), 0, own), np.where(np.isin(of, c), 1, own)), label, target)[0]
                           for c in itertools.combinations(range(6), k))
                out = p("wp")
                shutil.rmtree(out, True)
                more = ["--channels", layout, "-o", out]
                j, code, err = worst(net, image, "pixels:%d" % k, target, label, more)
                name = "pixels:%d %s target %d" % (k, layout, target)
                if not check(name, j and abs(j["objective"]["value"] - want) < 1e-6 and j["objective"]["bound"] <= want + 1e-9, (j, want, err)):
                    continue
                moved = np.unique(of[np.load(out + "/witness.npy").ravel() != own])
                check(name + ": so many pixels move", len(moved) <= k, moved)
                ask = ["--image", image, "--label", str(label), "--target", str(target), "--perturb", "pixels:%d" % k, "--channels", layout, "--quiet"]
                for how in ([], ["--no-attack", "--no-split", "--no-branch"]):
                    code = run("solve", net.path, *ask, *how)[0]
                    check(name + ": decided", abs(want) < 1e-6 or code == (10 if want < 0 else 0), (code, want))
                put("pix.json", run("solve", net.path, *ask, "--dump", "query", "--json")[1])
                code = run("solve", net.path, p("pix.json"), "--quiet", "--channels", layout)[0]
                check(name + ": the question as JSON", abs(want) < 1e-6 or code == (10 if want < 0 else 0), (code, want))
    for bad in ("[0]", "[0.5%s]" % (",0" * 17), "[-1%s]" % (",0" * 17), "[99%s]" % (",0" * 17)):
        text = json.load(open(p("pix.json")))
        text["cases"][0]["balls"][0]["pixels"] = json.loads(bad)
        put("bad.json", text)
        code, out, err = run("solve", RGB.path, p("bad.json"), "--quiet")
        check("pixels %s" % bad[:9], code == 3 and "expected" in err, (code, err))


def samples_within_bounds():
    for text, s in SETS:
        name = text.replace(TMP + "/", "")
        code, out, err = run("bounds", GREY.path, "--image", p("grey.npy"), "--label", "0", "--perturb", text, "--dump", "bounds", "--quiet")
        if s.corner(np.ones(len(s.lo))) is None:
            continue
        # corners of the set, and points between them
        pts = [s.corner(rng.normal(size=len(s.lo)))[1] for _ in range(40)]
        pts = np.array(pts)
        mix = rng.dirichlet(np.ones(40), 400) @ pts
        x = s.x0 + np.vstack([pts, mix]) @ s.G.T
        pre, y = x @ GREY.W.T + GREY.b, GREY(x)
        margins = [y[:, 0] - y[:, 1], y[:, 0] - y[:, 2]]
        rows = {}
        for line in out.splitlines():
            f = line.split()
            if len(f) == 4 and f[0][0] == "v":
                rows.setdefault(int(f[0][1:].split("_")[0]), []).append((float(f[1]), float(f[2])))
        check("%s: bounds are printed" % name, code == 0 and rows, (code, err, out[:300]))
        blocks = [rows[k] for k in sorted(rows)]
        hidden = next((v for v in blocks if len(v) == 6), None)
        ok = hidden and all(np.all(pre[:, i] >= l - 1e-7) and np.all(pre[:, i] <= h + 1e-7) for i, (l, h) in enumerate(hidden))
        check("%s: samples lie within the bounds of pre-activations" % name, ok, hidden)
        check("%s: margins are above their bounds" % name, all(np.all(m >= l - 1e-7) for m, (l, _) in zip(margins, blocks[-1])), blocks[-1])


def exact_ends():
    """over a box with one sum the first layer's bounds are the exact ends"""
    s = blur(img, 3, 3, False)
    code, out, err = run("bounds", GREY.path, "--image", p("grey.npy"), "--label", "0", "--perturb", "blur:3x3", "--all-rows", "--dump", "bounds", "--quiet")
    rows = {}
    for line in out.splitlines():
        f = line.split()
        if len(f) == 4 and f[0][0] == "v":
            rows.setdefault(int(f[0][1:].split("_")[0]), []).append((float(f[1]), float(f[2])))
    hidden = next(v for k, v in sorted(rows.items()) if len(v) == 6)
    values = GREY.W @ s.G + GREY.b[:, None]  # at the corners of the simplex
    ends = [(v.min(), v.max()) for v in values]
    check("blur: first layer's bounds are exact", np.allclose(hidden, ends, atol=1e-9), (hidden, ends))


def round_trips():
    for solver, ask in (("cbc", lambda m, s: ["cbc", m, "-preprocess", "off", "solve", "solution", s]), ("glpsol", lambda m, s: ["glpsol", "--freemps", m, "-w", s])):
        if not shutil.which(solver):
            skip(solver + " is not here")
            continue
        for text, s in SETS:
            if not any(text.startswith(k) for k in ("blur:3x3", "span", "hull:" + p("hull.npy"), "brightness", "linf:0.2+rows")):
                continue
            name = "%s, %s" % (solver, text.replace(TMP + "/", ""))
            model, sol = p("m.mps"), p("m.sol")
            for f in (model, sol, p("m.map.json")):
                os.path.exists(f) and os.remove(f)
            want, _ = brute(GREY, s, 0, 1)
            if want == np.inf:
                continue
            code, out, err = run("compile", GREY.path, "--image", p("grey.npy"), "--label", "0", "--perturb", text, "--target", "1", "--objective", "worst",
                                 "--always-write", "-o", model, "--quiet")
            check(name + ": compile", code == 0 and os.path.exists(model), (code, err))
            subprocess.run(ask(model, sol), capture_output=True, timeout=60)
            code, out, err = run("decode", p("m.map.json"), sol, "--json", "--quiet")
            j = json.loads(out) if out else {}
            check(name + ": decoded to %.9g" % want, "objective" in j and abs(j["objective"]["value"] - want) < 1e-5, (code, out, err))
    # decisions, by a program of its own, agree with brute force
    for text, s in SETS:
        want = min(brute(GREY, s, 0, t)[0] for t in (1, 2))
        code, out, err = run("solve", GREY.path, "--image", p("grey.npy"), "--label", "0", "--perturb", text, "--bounds", "interval", "--no-attack",
                             "--no-split", "--no-branch", "--quiet")
        check("decision by models: " + text.replace(TMP + "/", ""), code == (10 if want <= 0 else 0), (code, want, out, err))


def files_and_texts():
    dump = run("solve", GREY.path, "--image", p("grey.npy"), "--label", "0", "--perturb", "blur:3x3", "--dump", "query", "--quiet")[1]
    check("--dump=query prints generators", "G_0 + .. + G_8 == 1" in dump and "0 <= G_4 <= 1" in dump and " G_4" in dump.split("X_0 ==")[1].splitlines()[0], dump[:600])
    out = p("files")
    want, _ = brute(GREY, SETS[9][1], 0, 1)
    j, code, err = worst(GREY, p("grey.npy"), "blur:3x3", 1, more=("-o", out))
    k = np.load(os.path.join(out, "kernel.npy"))
    check("the kernel is written", k.shape == (1, 1, 3, 3) and abs(k.sum() - 1) < 1e-15 and k.min() >= 0, k)
    x = np.load(os.path.join(out, "witness.npy")).ravel()
    s = blur(img, 3, 3, False)
    check("the kernel makes the witness", np.allclose(s.G @ k.ravel(), x, atol=1e-15), (k, x))
    check("the kernel's picture is written", open(os.path.join(out, "kernel.png"), "rb").read(4) == b"\x89PNG")
    check("JSON names the files", j["witness"].get("kernel", "").endswith("kernel.npy"), j["witness"])
    j, code, err = worst(GREY, p("grey.npy"), "span:" + p("span.npy"), 1, more=("-o", out))
    t = np.load(os.path.join(out, "generators.npy"))
    check("generators are written", np.allclose(flat + S @ t, np.load(os.path.join(out, "witness.npy")).ravel(), atol=1e-15), t)
    # a map whose question was changed is refused
    run("compile", GREY.path, "--image", p("grey.npy"), "--label", "0", "--perturb", "blur:3x3", "--target", "1", "--always-write", "-o", p("h.mps"), "--quiet")
    text = open(p("h.map.json")).read()
    check("the map holds generators", '"gens":{' in text)
    put("h.map.json", text.replace('"sums":[[0,9,1]]', '"sums":[[0,9,2]]'))
    put("h.sol", "Infeasible - objective value 0\n")
    code, out, err = run("decode", p("h.map.json"), p("h.sol"))
    check("a map with other sums is refused", code == 6 and "question was changed" in err, (code, err))
    # the same question as JSON: as a person says it, and as the program spells it out
    want = min(brute(GREY, SETS[9][1], 0, t)[0] for t in (1, 2))
    put("q.json", {"netmip": "query", "version": 1, "image": "grey.npy", "label": 0, "perturb": {"blur": "3x3"}, "objective": "worst"})
    code, out, err = run("solve", GREY.path, p("q.json"), "--dump", "query", "--json", "--quiet")
    put("spelled.json", out)
    for name in ("q.json", "spelled.json"):
        code, out, err = run("solve", GREY.path, p(name), "--json", "--quiet")
        check("%s: a blur asked in JSON" % name, out and abs(json.loads(out)["objective"]["value"] - want) < 1e-6, (code, out, err, want))
    for old, new, needle in (('"idx":[', '"idx":[99,', "gens"), ('"sums":[[0,9,1]]', '"sums":[[0,9,1],[3,2,1]]', "overlap"), ('"sums":[[0,9,1]]', '"sums":[[0,9,0.1]]', "grid"),
                             ('"kernel":[1,1,3,3]', '"kernel":[1,1,3,4]', "kernel")):
        put("broken.json", open(p("spelled.json")).read().replace(old, new))
        code, out, err = run("solve", GREY.path, p("broken.json"), "--quiet")
        check("refuse generators with " + new, code == 3 and out == "" and (needle in err or needle == "gens"), (code, err))
    table = run("inspect", "--sets")[1]
    check("inspect --sets is a table", table.startswith("| `--perturb` | points |") and "`blur:HxW`" in table, table[:200])


def rows_of_exact_points():
    """0.1 + 0.2 rounds up: the row is missed by less than float64 can say of x"""
    np.save(p("tenth.npy"), np.full((1, 3, 3), .1))
    np.save(p("fifth.npy"), np.full((1, 1, 3, 3), .2))
    for rhs, want in ("0.30000000000000004", 11), ("0.29", 10):
        put("exact.json", {"netmip": "query", "version": 1, "image": "tenth.npy", "cases": [{"perturb": "span:" + p("fifth.npy"), "clauses": [["X_0 >= " + rhs]]}]})
        code, out, err = run("solve", GREY.path, p("exact.json"), "--quiet")
        check("X_0 >= %s over an exact sum" % rhs, code == want, (code, out, err))


def batch():
    images = np.stack([img, np.clip(img + .05, 0, 1), 1 - img])
    np.save(p("many.npy"), images)
    for text in ("blur:3x3", "patch:2x2", "hull:" + p("hull.npy")):
        code, out, err = run("batch", "--json", GREY.path, "--images", p("many.npy"), "--perturb", text, "--dir", p("b-" + text[:4]), "--quiet")
        check("batch takes " + text.replace(TMP + "/", ""), code == 0 and json.loads(out)["samples"] == 3, (code, out, err))
    np.save(p("hull.npy"), hulls[:3])
    code, out, err = run("batch", GREY.path, "--images", p("many.npy"), "--perturb", "hull:" + p("hull.npy"), "--dir", p("b-hull"), "--quiet")
    np.save(p("hull.npy"), hulls)
    check("batch: another hull file is another campaign", code == 2 and "another campaign" in err, (code, err))


def refusals():
    flat_net = Net("flat.json", (6,))
    np.save(p("flat.npy"), rng.uniform(size=6))
    np.save(p("five.npy"), rng.uniform(size=(5,)))
    np.save(p("nan.npy"), np.array([np.nan] * 9))
    np.save(p("minus.npy"), -np.ones(9))
    def rows(text):
        name = p("bad%d.txt" % len(os.listdir(TMP)))
        open(name, "w").write(text)
        return "linf:0.1+rows:" + name
    for code, needle, text in [
            (2, "linf:E", "linf:8/0"), (2, "linf:E", "linf:a/b"), (2, "box:LO,HI", "box:1"), (2, "box:LO,HI", "box:1,0"), (2, "free", "free:1"), (2, "expected", "nothing:1"),
            (2, "brightness:E", "brightness:-1"), (2, "brightness:E", "brightness"), (2, "contrast:E", "contrast:x"), (2, "blur:HxW", "blur:3"), (2, "blur:HxW", "blur:0x3"),
            (2, "blur1:HxW", "blur1:3x"), (2, "patch:HxW", "patch:2x2@1"), (2, "leaves the image", "patch:2x2@2,2"), (2, "leaves the image", "patch:4x1"),
            (3, "five.npy", "hull:" + p("five.npy")), (3, "five.npy", "linf:" + p("five.npy")), (3, "nan.npy", "span:" + p("nan.npy")), (3, "minus.npy", "linf:" + p("minus.npy")),
            (2, "span:FILE.npy", "span:" + p("span.npy") + ",1,0"), (5, "gone.npy", "hull:" + p("gone.npy")), (4, "generators", "blur:3x3+brightness:0.1"),
            (4, "joined", "blur:3x3+patch:2x2"), (4, "joined", "patch:2x2+blur:3x3"), (4, "joined", "patch:1x1+patch:2x2"),
            (3, ".txt:1:4", rows("x0 = 1\n")), (3, ".txt:2:9", rows("# c\nx0 <= 1 2\n")), (3, "<= or >=", rows("x0 < 1\n")), (3, "input", rows("1 <= 2\n")),
            (3, "x9", rows("x9 <= 1\n")), (3, "each input once", rows("x1 + x1 <= 1\n")), (3, "no row", rows("# nothing\n"))]:
        got, out, err = run("solve", GREY.path, "--image", p("grey.npy"), "--label", "0", "--perturb", text, "--quiet")
        check("refuse " + text.replace(TMP + "/", ""), got == code and needle in err and out == "", (got, err))
    got, out, err = run("solve", flat_net.path, "--image", p("flat.npy"), "--label", "0", "--perturb", "blur:3x3", "--quiet")
    check("no blur of what is no image", got == 4 and "not an image" in err, (got, err))


parts(against_brute_force, any_position, pixels, samples_within_bounds, exact_ends, round_trips, files_and_texts, rows_of_exact_points, batch, refusals)
