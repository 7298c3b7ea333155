"""check_proof.py: a second checker of certificates, written from netmip-proof(5) alone: check_proof.py NET.json QUERY.json PROOF
[--exact] [--hash-of NET.onnx]. It reads networks in netmip's JSON (Gemm, dense, Conv, Relu, Flatten in a row) and questions as
`--dump query --json` prints them. Rounded mode uses numpy's float64 and pays for rounding with a bound of its own; --exact uses
fractions. Exit code 0: accepted; 6: rejected, with the line and the reason."""
import gzip, hashlib, itertools, json, math, re, sys
from fractions import Fraction

import numpy as np


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"


class Rejected(Exception):
    pass


def need(ok, why):
    if not ok:
        raise Rejected(why)


def unpacked(path):
    with open(path, "rb") as f:
        data = f.read()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


class Checker:
    MULTIPLIERS = 24

    def __init__(self, net, query, exact=False, net_hash=None):
        """net, query: bytes of the JSON files"""
        self.exact = exact
        self.U = Fraction(0) if exact else 2.0 ** -53
        self.tiny = Fraction(0) if exact else 1e-290
        self.nearly = Fraction(2 ** 30 + 1, 2 ** 30) if exact else 1 + 2.0 ** -30
        self.net_hash, self.query_hash = net_hash or hashlib.sha256(net).hexdigest(), hashlib.sha256(query).hexdigest()
        self.q = json.loads(query)
        self.network = self.lower(json.loads(net))
        self.take(None)

    # ---- numbers ----

    def array(self, x):
        flat = np.array(x, dtype=float)
        return self.vector([Fraction(float(v)) for v in flat.ravel()]).reshape(flat.shape) if self.exact else flat

    def vector(self, values):
        out = np.empty(len(values), dtype=object)
        out[:] = values
        return out

    def zeros(self, *shape):
        return self.array(np.zeros(shape))

    def above(self, x, way=np.inf):
        return x if self.exact else np.nextafter(x, way)

    def below(self, x):
        return self.above(x, -np.inf)

    # ---- the network: W[k], b[k] of affine blocks 1, 3, 5 ..; ReLU blocks are 2, 4, .. ----

    def lower(self, net):
        shape, blocks, w = [int(d) for d in net["input"]["shape"]], [], None
        for layer in net["layers"]:
            op, n = layer["op"].lower(), int(np.prod(shape))
            if op == "flatten":
                continue
            if op == "relu":
                blocks, w = blocks + [w], None
                continue
            if op in ("gemm", "dense"):
                need(layer.get("alpha", 1) == 1 and layer.get("beta", 1) == 1, "Gemm with factors")
                weight = np.array(layer["weight"], dtype=float)
                if op == "gemm" and not layer.get("transB", 0):
                    weight = weight.T
                bias, shape = np.array(layer["bias"], dtype=float), [1, weight.shape[0]]
            elif op == "conv":
                weight, bias, shape = self.conv(layer, shape)
            else:
                raise Rejected("operator %s is not known here" % layer["op"])
            need(w is None and weight.shape[1] == n, "two affine layers in a row, or shapes that do not fit")
            w = (self.array(weight), self.array(bias))
        need(w is not None, "the last layer must be affine")
        return blocks + [w]

    def conv(self, layer, shape):
        kernel = np.array(layer["weight"], dtype=float)
        o, ci, kh, kw = kernel.shape
        (c, h, w), (sh, sw), (t, l, bo, r) = shape[1:], layer["strides"], layer["pads"]
        need(layer.get("group", 1) == 1 and layer.get("dilations", [1, 1]) == [1, 1] and c == ci, "this kind of Conv")
        p, q = (h + t + bo - kh) // sh + 1, (w + l + r - kw) // sw + 1
        out = np.zeros((o, p, q, c, h, w))
        for i, j, a, b in itertools.product(range(p), range(q), range(kh), range(kw)):
            y, x = i * sh + a - t, j * sw + b - l
            if 0 <= y < h and 0 <= x < w:
                out[:, i, j, :, y, x] += kernel[:, :, a, b]
        return out.reshape(o * p * q, c * h * w), np.repeat(np.array(layer["bias"], dtype=float), p * q), [1, o, p, q]

    def take(self, gens):
        """sets the affine blocks: with generators, the inputs are the first one, which no ReLU reads"""
        self.over, self.blocks = int(gens is not None), self.network
        if gens:
            g = np.zeros((len(gens["x0"]), len(gens["lo"])))
            for i, (start, end) in enumerate(zip(gens["ptr"], gens["ptr"][1:])):
                need(len(set(gens["idx"][start:end])) == end - start, "a row that names each generator once")  # their sum may be no double
                g[i, gens["idx"][start:end]] = gens["w"][start:end]
            self.blocks = [(self.array(g), self.array(gens["x0"]))] + self.network
        self.sizes = [abs(w) for w, _ in self.blocks]

    # ---- regions: lo[k], hi[k] of inputs or generators (k = 0) and of affine block k (counted 1, 2, ..) ----

    def whole(self, case):
        gens = case.get("gens")
        self.take(gens)
        none, box = [None] * len(self.blocks), gens or case
        r = {"lo": [self.array(box["lo"])] + none, "hi": [self.array(box["hi"])] + none, "empty": False, "cut": None, "only": None,
             "signs": [], "betas": [], "balls": [] if gens else case.get("balls", []), "sums": gens["sums"] if gens else [],
             "steep": {}, "slopes": {}, "point": None, "closed": [False] * len(case["clauses"])}
        if gens:
            self.generators(r, gens, case)
        return self.interval(r, 1)

    def generators(self, r, gens, case):
        """rows of one generator shrink its interval; then those of the inputs are what their rows say, within the case's box"""
        (g, x0), ends = self.blocks[0], [self.array(case[side]) for side in ("lo", "hi")]
        rows = [(row["var"], self.array(row["coef"]), self.array([row["rhs"]])[0]) for row in gens["rows"]]
        for i in range(len(x0)):
            at = np.array(gens["idx"][gens["ptr"][i]:gens["ptr"][i + 1]], dtype=int)
            rows += [(at, g[i][at], self.above(ends[1][i] - x0[i])), (at, -g[i][at], self.above(x0[i] - ends[0][i]))]
        for var, coef, rhs in rows:
            if len(var) == 1 and coef[0] != 0:
                lo, hi = r["lo"][0][var[0]], r["hi"][0][var[0]]
                self.meet(r, 0, *(self.vector([x]) for x in ((lo, self.above(rhs / coef[0])) if coef[0] > 0 else (self.below(rhs / coef[0]), hi))), [var[0]])
        self.interval(r, 1, 1)
        n, one = len(x0), self.array(np.eye(len(x0)))
        least = self.least(r, *self.pull(r, 1, np.concatenate((one, -one)), self.zeros(2 * n), self.zeros(2 * n), True))
        self.meet(r, 1, least[:n], -least[n:])
        self.meet(r, 1, *ends)

    def level(self, total, y, lo, hi):
        """a hint: the coefficient at which the members, filled in the order of theirs, add up to the total"""
        room = total - sum(map(float, lo))
        order = sorted(range(len(y)), key=lambda i: float(y[i]))
        for i in order:
            room -= float(hi[i] - lo[i])
            if room <= 0:
                return y[i]
        return y[order[-1]] if order else self.U * 0

    def shifted(self, r, y, c, e):
        """rows over generators, rewritten by their sums: y g = (y - m) g + m total"""
        for first, n, total in r["sums"]:
            at, total = slice(first, first + n), self.array([total])[0]
            lo, hi = r["lo"][0][at], r["hi"][0][at]
            m = self.vector([self.level(float(total), row[at], lo, hi) for row in y])
            m = m if self.exact else m.astype(float)
            y = y.copy()
            y[:, at] = y[:, at] - m[:, None]
            c = c + m * total
            e = e + 4 * self.U * (abs(y[:, at]).dot(np.maximum(abs(lo), abs(hi))) + abs(m * total) + abs(c)) + self.tiny
        return y, c, e

    def copy(self, r):
        return {k: type(v)(v) if isinstance(v, (list, dict)) else v for k, v in r.items()}

    def values(self, r, k):  # the interval of what affine block k + 1 reads: the inputs, or the ReLUs of block k
        lo, hi = r["lo"][k], r["hi"][k]
        return (lo, hi) if k <= self.over else (np.maximum(lo, self.U * 0), np.maximum(hi, self.U * 0))

    def meet(self, r, k, lo, hi, at=slice(None)):
        if self.exact:  # outwards to multiples of 2^-90
            lo = self.vector([Fraction(v * 2 ** 90 // 1, 2 ** 90) for v in lo])
            hi = self.vector([-Fraction(-v * 2 ** 90 // 1, 2 ** 90) for v in hi])
        if r["lo"][k] is None:
            r["lo"][k], r["hi"][k] = lo, hi
        for side, new, best in (("lo", lo, np.maximum), ("hi", hi, np.minimum)):
            r[side][k] = r[side][k].copy()
            r[side][k][at] = best(r[side][k][at], new)
        r["empty"] |= bool((r["lo"][k] > r["hi"][k]).any())

    def moved(self, r, ball):
        """the elements, or pixels, of an L0 ball of which the box does not hold the centre"""
        centre = self.array(ball.get("centre", self.q.get("image")))
        away = (r["lo"][0] > centre) | (r["hi"][0] < centre)
        return set(np.array(ball.get("pixels", range(len(centre))))[away.astype(bool)])

    def missed(self, r, ball):
        """the box has no point of the ball"""
        if ball["norm"] == "l0":
            return len(self.moved(r, ball)) > ball["radius"]
        centre, radius = self.array(ball.get("centre", self.q.get("image"))), self.array([ball["radius"]])[0]
        away = np.maximum(np.maximum(r["lo"][0] - centre, centre - r["hi"][0]), self.U * 0)
        far, most = (away.sum(), radius) if ball["norm"] == "l1" else ((away * away).sum(), radius * radius)
        return bool(far * (1 - (len(away) + 8) * 4 * self.U) - self.tiny > most * (1 + 4 * self.U))

    def interval(self, r, first, last=None):
        r["empty"] |= first == 1 and any(self.missed(r, b) for b in r["balls"])
        for k in range(first, (last or len(self.blocks)) + 1):
            w, b = self.blocks[k - 1]
            lo, hi = self.values(r, k - 1)
            pos, neg = np.maximum(w, self.U * 0), np.minimum(w, self.U * 0)
            mag = self.sizes[k - 1].dot(np.maximum(abs(lo), abs(hi))) + abs(b)
            e = (w.shape[1] + 8) * self.U * mag * 2 + self.tiny
            self.meet(r, k, self.below(pos.dot(lo) + neg.dot(hi) + b - e), self.above(pos.dot(hi) + neg.dot(lo) + b + e))
        return r

    def lines(self, r, k, plain):
        """lower slopes, chords sup a + up of the ReLUs that read affine block k"""
        l, h = r["lo"][k], r["hi"][k]
        zero, one = self.zeros(len(l)), self.zeros(len(l)) + 1
        open_ = (l < 0) & (h > 0)
        slo = np.where(h <= 0, zero, one)
        sup, up = slo.copy(), zero.copy()
        slo[open_] = np.where(h[open_] > -l[open_] * self.nearly, one[open_], zero[open_])
        for i, slope in [*r["steep"].get(k, {}).items(), *(() if plain else r["slopes"].get(k, {}).items())]:
            if open_[i]:
                slo[i] = slope
        lo, ho = l[open_], h[open_]
        sup[open_] = ho / (ho - lo)
        up[open_] = np.maximum(-sup[open_] * lo, ho - sup[open_] * ho) + 8 * self.U * (abs(lo) + abs(ho)) + self.tiny
        return slo, sup, up

    def point_lines(self, r, w):
        """of the open ReLUs over the inputs: which ones, lower slopes, coefficients and constants of upper lines"""
        smooth, place = r["point"]
        open_ = np.nonzero((r["lo"][1] < 0) & (r["hi"][1] > 0))[0]
        lo, hi, w, b = r["lo"][0], r["hi"][0], w[open_], self.blocks[0][1][open_]
        l, h, v, bias = (np.array(x, dtype=float) for x in (lo, hi, w, b))  # hints are computed in floats
        d, s = abs(v) * (h - l), np.where(v > 0, place, 1 - place)
        most, value = bias + np.where(v > 0, v * h, v * l).sum(1), bias + v.dot(l + place * (h - l))
        under, over = np.zeros(len(v)), np.zeros(len(v)) + 1 + smooth
        for _ in range(45):
            t = (under + over) / 2
            full = (d * np.clip((t[:, None] - s) / smooth, 0, 1)).sum(1) >= most
            under, over = np.where(full, under, t), np.where(full, t, over)
        theta = np.round(np.clip((over[:, None] - s) / smooth, 0, 1) * 2.0 ** 30) / 2.0 ** 30
        bend = smooth * np.minimum(most, d.sum(1) - most)
        alpha = np.round(np.clip(value / np.where(bend > 0, bend, 1) + 0.5, 0, 1) * 2.0 ** 30) / 2.0 ** 30
        lines = self.array(theta) * w
        on, off = (np.maximum(x * lo, x * hi).sum(1) for x in (w - lines, -lines))
        size = abs(w).dot(np.maximum(abs(lo), abs(hi))) + abs(b)
        return open_, self.array(alpha), lines, np.maximum(on + b, off) + 4 * self.U * (w.shape[1] + 16) * size + self.tiny

    def pull(self, r, k, y, c, e, plain, leaves=()):
        """rows y of affine block k written over the inputs: y x + c - e; plain: rows of crown, without slopes and signs; leaves: signs of
        a tree, each of one row"""
        w0, direct = self.blocks[0][0], self.zeros(*y.shape)[:, :0]
        mag0 = abs(w0).dot(np.maximum(abs(r["lo"][0]), abs(r["hi"][0]))) + abs(self.blocks[0][1])
        for j in range(k, 0, -1):
            w, b = self.blocks[j - 1]
            lo, hi = self.values(r, j - 1)
            mag = self.sizes[j - 1].dot(np.maximum(abs(lo), abs(hi)))
            e = e + 2 * self.U * abs(y).dot((len(b) + 8) * mag + (len(b) + 64) * abs(b)) + 8 * self.U * abs(c) + self.tiny
            c = c + y.dot(b)
            used = (y != 0).astype(bool).any(0)  # the others, and units that are never above 0, contribute nothing
            used[0] = True  # objects without a sum have no 0
            live = (r["hi"][j - 1] > 0).astype(bool) | (j <= 1 + self.over)
            live[[i for _, block, i, _, _ in leaves if block == j - 1]] = True  # what they read takes their place
            z = self.zeros(len(y), w.shape[1])
            z[:, live] = y[:, used].dot(w[np.ix_(used, live)])
            y = z
            if j == 1:
                return y + direct if direct.shape[1] else y, c, e
            if j == 1 + self.over:
                continue
            slo, sup, up = self.lines(r, j - 1, plain)
            given = [(row, i, y[row, i] if side < 0 else self.U * 0, side * beta) for row, block, i, side, beta in leaves if block == j - 1]
            for row, i, _, _ in given:
                y[row, i] = self.U * 0
            neg, pos, size = np.minimum(y, self.U * 0), np.maximum(y, self.U * 0), np.maximum(abs(r["lo"][j - 1]), abs(r["hi"][j - 1]))
            c = c + neg.dot(up)
            e = e + 2 * self.U * abs(y).dot(8 * size + (len(up) + 64) * up) + 8 * self.U * abs(c) + self.tiny
            upper = neg * sup
            if j == 2 and not self.over and r["point"] and not plain and ((r["lo"][1] < 0) & (r["hi"][1] > 0)).any():
                open_, alpha, lines, top = self.point_lines(r, w0)
                upper[:, open_] = self.U * 0
                slo[open_] = alpha
                direct = neg[:, open_].dot(lines)
                c = c + neg[:, open_].dot(top - up[open_])
                e = e + 4 * self.U * abs(neg[:, open_]).dot((len(up) + w0.shape[1] + 64) * mag0[open_]) + self.tiny
            y = pos * slo + upper
            for row, i, was, beta in given:  # the unit is 0, or its pre-activation
                y[row, i] += was + beta
                e = e + 16 * self.U * (abs(was) + abs(beta)) * size[i]
            for (block, i, side), beta in zip(r["signs"], r["betas"]):
                if block == j - 1 and not plain:
                    y[:, i] += side * beta
                    e = e + 8 * self.U * (abs(y[:, i]) + beta) * size[i]

    def least(self, r, y, c, e):
        """lower bounds of rows y x + c - e over the region's box, with its cut or balls"""
        y, c, e = self.shifted(r, y, c, e)
        best = self.within_cut(r, y, c, e)
        for ball in r["balls"]:
            best = np.maximum(best, (self.by_count if ball["norm"] == "l0" else self.by_norm)(r, ball, y, c, e))
        return best

    def halved(self, most, used, top):
        """hints: for each row a number from 0 to top at which what is used up, which falls, is at most `most`"""
        low, high = np.zeros(len(top)), top
        for _ in range(48):
            middle = (low + high) / 2
            over = used(middle[:, None]) > most
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        return high[:, None]

    def by_norm(self, r, ball, y, c, e):
        """L1, L2: the least (y + z) x over the box - z centre - radius N(z), for any z"""
        n, one, radius, lo, hi = y.shape[1], ball["norm"] == "l1", ball["radius"], r["lo"][0], r["hi"][0]
        centre = self.array(ball.get("centre", self.q.get("image")))
        v, l, h = np.array(y, dtype=float), np.array(lo - centre, dtype=float), np.array(hi - centre, dtype=float)
        top = abs(v).max(1) if one else np.sqrt((v * v).sum(1)) / (radius or 1)
        moves = lambda at: np.where(abs(v) > at, np.where(v > 0, l, h), np.clip(0, l, h))
        if one:
            lam = self.halved(radius, lambda at: abs(moves(at)).sum(1), top)
        else:
            lam = self.halved(radius * radius, lambda at: (np.clip(-v / np.where(at > 0, at, 1e-300), l, h) ** 2).sum(1), top)
        z = np.where(moves(lam) != 0, lam * np.sign(moves(lam)), np.clip(-v, -lam, lam)) if one else np.clip(-v, lam * l, lam * h)
        z = z if radius else -v
        norm = abs(z).max(1) if one else np.sqrt((z * z).sum(1)) * (1 + 1e-12)
        z, norm = self.array(z), self.array(norm)
        sure = norm * norm >= ((z * z).sum(1) if not one else 0) if self.exact else one | (norm > 1e-100)
        sure = sure | (radius == 0)
        s, part = y + z, norm * self.array([radius])[0]
        mag = ((abs(y) + abs(z)) * np.maximum(abs(lo), abs(hi)) + abs(z * centre)).sum(1) + part
        total = (s * np.where(s > 0, lo, hi)).sum(1) - z.dot(centre) - part
        err = e + 2 * self.U * ((3 * n + 16) * mag + 8 * (abs(c) + abs(total))) + self.tiny
        bound = self.below(c + total - err)
        return np.where(np.array(sure, dtype=bool), bound, np.minimum(bound, self.array([-1e300])[0]))

    def by_count(self, r, ball, y, c, e):
        """L0: y centre - sum max(gain - lam, 0) - lam count, the gain of each group that may leave the centre, for any lam"""
        n, count, lo, hi = y.shape[1], self.array([ball["radius"]])[0], r["lo"][0], r["hi"][0]
        centre, group = self.array(ball.get("centre", self.q.get("image"))), np.array(ball.get("pixels", range(n)))
        order = np.argsort(group, kind="stable")
        first = np.nonzero(np.diff(group[order], prepend=-1))[0]
        gains = np.add.reduceat((y * (centre - np.where(y > 0, lo, hi)))[:, order], first, axis=1)
        must = np.maximum.reduceat(((lo > centre) | (hi < centre)).astype(int)[order], first) > 0
        near = np.array(gains, dtype=float)
        lam = self.array(self.halved(float(count), lambda at: ((near > at) | must).sum(1), np.maximum(near.max(1), 0)))
        over, size = gains - lam, np.maximum(abs(lo), abs(hi)) + abs(centre)
        total = y.dot(centre) - np.where(must | (over > 0).astype(bool), over, self.U * 0).sum(1) - lam[:, 0] * count
        mag = abs(y).dot(size) + lam[:, 0] * (len(first) + count)
        return self.below(c + total - e - 2 * self.U * ((5 * n + 16) * mag + 8 * (abs(c) + abs(total))) - self.tiny)

    def within_cut(self, r, y, c, e):
        lo, hi, n = r["lo"][0], r["hi"][0], y.shape[1]
        size, zero = np.maximum(abs(lo), abs(hi)), self.U * 0

        def at(lam, g, h):
            z = y + lam[:, None] * g
            x = np.where(z > 0, lo, hi)
            total, part = (z * x).sum(1), lam * h
            mag = ((abs(y) + lam[:, None] * abs(g)) * size).sum(1)
            err = e + 2 * self.U * ((n + 16) * mag + 8 * (abs(c) + abs(total) + abs(part))) + self.tiny
            return self.below(c + total - part - err), (x * g).sum(1)

        lam = self.zeros(len(c))
        if r["cut"] is None:
            return at(lam, self.zeros(n), zero)[0]
        g, h = r["cut"]
        best, slope = at(lam, g, h)
        under, over, found = [(zero, best[i], slope[i] - h) for i in range(len(c))], [None] * len(c), slope <= h
        for _ in range(self.MULTIPLIERS):
            for i in np.nonzero(~found)[0]:
                if over[i] is None:
                    lam[i] = self.array([4 * float(lam[i]) or 1.0])[0]
                    continue
                (l0, v0, s0), (l1, v1, s1) = under[i], over[i]
                meet = float((v1 - v0 + s0 * l0 - s1 * l1) / (s0 - s1))  # of the tangents
                found[i] = not l0 < meet < l1
                lam[i] = lam[i] if found[i] else self.array([meet])[0]
            if found.all():
                break
            bound, slope = at(lam, g, h)
            best = np.maximum(best, bound)
            for i in np.nonzero(~found)[0]:
                side = under if slope[i] > h else over
                side[i] = (lam[i], bound[i], slope[i] - h)
        return best

    # ---- rows, in the leaves of a tree ----

    def leaves(self, r, words, path=()):
        """takes the words of a tree; returns its leaves, each a list of (block, unit, side, multiplier)"""
        need(words and len(path) <= 64, "a tree of at most 64 signs")
        word = words.pop(0)
        if word[0] == "=":
            betas = word[1:].split(",") if word[1:] else []
            betas = [float(x or 0) for x in betas] + [0.0] * (len(path) - len(betas))
            need(len(betas) == len(path) and all(0 <= x < np.inf for x in betas), "multipliers of 0 or more, no more than signs")
            return [[(*sign, self.array([x])[0]) for sign, x in zip(path, betas)]]
        k = self.relu(word.split(":")[0])
        i = self.index(word.split(":")[1], len(r["lo"][k]))
        need((k, i) not in [sign[:2] for sign in path], "signs of different units")
        return self.leaves(r, words, (*path, (k, i, 1))) + self.leaves(r, words, (*path, (k, i, -1)))

    def rows(self, r, k, y, x, leaves):
        """the row y of affine block k, plus x over the inputs, written over the inputs in each of the leaves"""
        n, signs = len(leaves), [(row, *sign) for row, leaf in enumerate(leaves) for sign in leaf]
        y, c, e = self.pull(r, k, y.repeat(n, 0), self.zeros(n), self.zeros(n), False, signs)
        size = (abs(x) * np.maximum(abs(r["lo"][self.over]), abs(r["hi"][self.over]))).sum()
        if self.over:
            (g, x0), x = self.blocks[0], x[0]
            size = 2 * len(x) * (abs(x).dot(self.sizes[0].dot(np.maximum(abs(r["lo"][0]), abs(r["hi"][0]))) + abs(x0)))
            c, x = c + x.dot(x0), x.dot(g)
        return y + x, c, e + 4 * self.U * (size + abs(c))

    # ---- steps ----

    def crown(self, r, rest=()):
        done = need(not rest, "crown alone") or 1
        for k in range(1, len(self.blocks)):
            if r["empty"]:
                return
            if k == 1 and (self.over or (r["cut"] is None and not r["balls"])):
                continue
            self.interval(r, done, k)
            done = k + 1
            at = np.nonzero((r["lo"][k] < 0) & (r["hi"][k] > 0))[0]
            if len(at):
                n = len(at)
                y, zero = self.zeros(2 * n, len(r["lo"][k])), self.zeros(2 * n)
                y[range(n), at] += 1
                y[range(n, 2 * n), at] -= 1
                ends = self.least(r, *self.pull(r, k, y, zero, zero, True))
                lo, hi = ends[:n], -ends[n:]
                r["steep"][k] = {**r["steep"].get(k, {}), **{u: int(hi[i] > -lo[i] * self.nearly) for i, u in enumerate(at)}}
                self.meet(r, k, lo, hi, at)
        self.interval(r, done)

    def row(self, r, t, k, leaves=((),)):  # row k of clause t over the inputs, its right side, and its bound by intervals
        row, n_out = self.case["clauses"][t]["rows"][k], self.q["n_out"]
        y, x = self.zeros(1, n_out), self.zeros(1, len(self.case["lo"]))
        for v, coef in zip(row["var"], row["coef"]):
            (y if v < n_out else x)[0, v if v < n_out else v - n_out] += self.array([coef])[0]
        ends = [(np.concatenate((r[side][-1], r[side][self.over])) * np.concatenate((y[0], x[0]))) for side in ("lo", "hi")]
        plain = np.minimum(*ends).sum() - (n_out + 8) * 4 * self.U * np.maximum(*abs(np.array(ends))).sum() - self.tiny
        return (*self.rows(r, len(self.blocks), y, x, leaves), self.array([row["rhs"]])[0], plain)

    def close(self, r, t, k, leaves=None):
        y, c, e, rhs, plain = self.row(r, t, k, leaves or ((),))
        lo = min(self.least(r, y, c, e)) if leaves else max(plain, self.least(r, y, c, e)[0])
        need(r["empty"] or lo > rhs, "clause %d: the row is at least %g, more than %g was expected" % (t, float(lo), float(rhs)))
        r["closed"][t] = True

    def unit(self, r, k, i, sign, leaves):
        self.interval(r, 1, k)
        y = self.zeros(1, len(r["lo"][k]))
        y[0, i] += sign
        lo = min(self.least(r, *self.rows(r, k, y, self.zeros(1, len(self.case["lo"])), leaves)))
        ends = (lo, r["hi"][k][i]) if sign > 0 else (r["lo"][k][i], -lo)
        self.meet(r, k, self.vector(ends[:1]), self.vector(ends[1:]), [i])
        self.interval(r, k + 1)

    def cut(self, r):
        y, c, e, rhs, _ = self.row(r, *r["only"])
        y, c, e = self.shifted(r, y, c, e)
        g, h = y[0], self.above(rhs - c[0] + e[0] + 8 * self.U * (abs(c[0]) + abs(rhs)))
        r["cut"] = (g, h)
        lo, hi = r["lo"][0], r["hi"][0]
        terms = g * np.where(g > 0, lo, hi)
        room = self.above(h - terms.sum() + (len(g) + 8) * 2 * self.U * (abs(terms).sum() + abs(h)) + self.tiny)
        if room < 0:
            r["empty"], room = True, room * 0
        at = np.nonzero(g)[0]
        step, up = self.above(room / abs(g[at])), g[at] > 0
        self.meet(r, 0, np.where(up, lo[at], self.below(hi[at] - step)), np.where(up, self.above(lo[at] + step), hi[at]), at)
        self.interval(r, 1)

    def slopes(self, r, words):
        r["slopes"], r["point"] = {}, None
        for word in words:
            block, text = word.split(":")
            k, at, found = self.relu(block), 0, {}
            need(re.fullmatch("([0-9]*[A-Za-g]{1,2})*", text), "slopes: a unit and its slope")
            for gap, letters in re.findall("([0-9]*)([A-Za-g]{1,2})", text):
                at += int(gap or 0)
                slope = sum(LETTERS.index(c) / 32 ** (i + 1) for i, c in enumerate(letters))
                need(at < len(r["lo"][k]) and slope <= 1, "slopes: a unit of the block, and a slope of at most 1")
                found[at] = self.array([slope])[0]
            r["slopes"][k] = found

    def point(self, r, words):
        need(len(words) == 2 and 1e-6 <= float(words[0]) <= 1, "point: a width from 1e-6 to 1, and letters")
        n = len(r["lo"][0])
        need(re.fullmatch("[A-Za-g]{%d}" % (2 * n), words[1]), "point: two letters for each input")
        level = np.array([LETTERS.index(c) for c in words[1]]).reshape(n, 2).dot([32, 1])
        need((level <= 1024).all(), "point: places of at most 1")
        r["point"] = (float(words[0]), level / 1024)

    def relu(self, block):
        k, odd = divmod(int(block) + self.over, 2)
        need(k > self.over and not odd and k < len(self.blocks), "a ReLU block")
        return k

    def parts(self, r, parts):
        """checks the parts of a region, the last of which ends with `end`; what all of them close is closed"""
        all_ = [True] * len(r["closed"])
        for i, s in enumerate(parts):
            self.interval(s, 1)
            self.region(s, "else" if i + 1 < len(parts) else "end")
            all_ = [a and (b or s["empty"]) for a, b in zip(all_, s["closed"])]
        r["closed"] = [a or b for a, b in zip(all_, r["closed"])]

    def sides(self, r, k, i, x, sign):
        for side in (1, -1):
            s = self.copy(r)
            ends = (s["lo"][k][i], x) if side > 0 else (x, s["hi"][k][i])
            self.meet(s, k, self.vector(ends[:1]), self.vector(ends[1:]), [i])
            if sign:
                s["signs"].append((k, i, side))
                s["betas"].append(self.U * 0)
            yield s

    def cover(self, r, ball, k, text):
        need(ball["norm"] == "l0" and re.fullmatch("([0-9]*[A-L])*", text), "cover: an L0 ball; parts of its elements or pixels")
        centre, at, part = self.array(ball.get("centre", self.q.get("image"))), -1, {}
        group = np.array(ball.get("pixels", range(len(centre))))
        for gap, letter in re.findall("([0-9]*)([A-L])", text):
            at += 1 + int(gap or 0)
            part[at] = LETTERS.index(letter)
        need(at <= max(group), "cover: elements or pixels of the ball")
        n, most = max(part.values(), default=-1) + 1, math.floor(ball["radius"]) - len(self.moved(r, ball) - set(part))
        need(k <= n and (r["empty"] or most <= k), "cover: at most as many as there are parts, at least as many as may differ")
        r["empty"] |= most < 0
        regions = []
        for kept in range(2 ** n):
            if bin(kept).count("1") == k:
                fixed = [u for u, g in enumerate(group) if g in part and not kept >> part[g] & 1]
                regions.append(self.copy(r))
                self.meet(regions[-1], 0, centre[fixed], centre[fixed], fixed)
        self.parts(r, regions)

    @staticmethod
    def index(text, n):
        need(text.isdigit() and int(text) < n, "a number below %d" % n)
        return int(text)

    def pair(self, words):
        t = self.index(words[0], len(self.case["clauses"]))
        return t, self.index(words[1], len(self.case["clauses"][t]["rows"]))

    def step(self, r, word, rest):
        if word in ("crown", "slopes", "point"):
            getattr(self, word)(r, rest)
        elif word == "betas":
            need(len(rest) == len(r["signs"]), "betas: one for each sign")
            r["betas"] = [self.array([float(x)])[0] for x in rest]
            need(all(b >= 0 for b in r["betas"]), "betas of 0 or more")
        elif word == "close" and len(rest) % 2 == 0 and len(rest) <= 32:
            for i in range(0, len(rest), 2):
                self.close(r, *self.pair(rest[i:i + 2]))
        elif word == "tree" and len(rest) > 2:
            self.close(r, *self.pair(rest), self.leaves(r, rest := rest[2:]))
            need(not rest, "one tree")
        elif word in ("least", "most") and len(rest) > 2:
            k = self.relu(rest[0])
            self.unit(r, k, self.index(rest[1], len(r["lo"][k])), 1 if word == "least" else -1, self.leaves(r, rest := rest[2:]))
            need(not rest, "one tree")
        elif word == "target" and len(rest) == 2:
            need(r["only"] is None, "target within target")
            s = self.copy(r)
            s["only"] = self.pair(rest)
            self.region(s, "end")
            need(s["empty"] or s["closed"][s["only"][0]], "target %s is still open" % rest[0])
            r["closed"][s["only"][0]] = True
        elif word == "cut" and not rest:
            need(r["only"] is not None, "cut outside of a target")
            self.cut(r)
        elif word == "branch" and len(rest) == 2:
            k = self.relu(rest[0])
            self.parts(r, list(self.sides(r, k, self.index(rest[1], len(r["lo"][k])), self.U * 0, True)))
        elif word == "split" and len(rest) == 2:
            self.parts(r, list(self.sides(r, 0, self.index(rest[0], len(r["lo"][0])), self.array([float(rest[1])])[0], False)))
        elif word == "cover" and 2 <= len(rest) <= 3:
            self.cover(r, r["balls"][self.index(rest[0], len(r["balls"]))], self.index(rest[1], 13), "".join(rest[2:]))
        else:
            raise Rejected("%s: a step was expected" % word)

    def region(self, r, until):
        while True:
            words = self.next()
            if words == [until]:
                return
            elif words:
                self.step(r, words[0], words[1:])

    # ---- the file ----

    def next(self):
        need(self.line < len(self.text), "the file ends too early")
        self.line += 1
        return [w for w in self.text[self.line - 1].split(" ") if w]

    def value(self, x):
        for k, (w, b) in enumerate(self.blocks):
            x = w.dot(np.maximum(x, self.U * 0) if k > self.over else x) + b
        return x

    def witness(self):
        words = self.next()
        need(words[0] == "witness", "a witness")
        case = self.q["cases"][self.index(words[1], len(self.q["cases"]))]
        gens, x = case.get("gens"), self.array([float(w) for w in words[3:]])
        self.take(gens)
        box, true = gens or case, [Fraction(float(v)) for v in x]
        need(len(x) == len(box["lo"]) and all(a <= v <= b for a, v, b in zip(box["lo"], x, box["hi"])), "the witness leaves the box")
        y, inputs = self.value(x), true
        if gens:
            g, x0 = self.blocks[0]
            need(all(sum(true[i:i + n]) == Fraction(total) for i, n, total in gens["sums"]), "a sum of the witness is another one")
            need(all(sum(Fraction(c) * true[v] for v, c in zip(row["var"], row["coef"])) <= row["rhs"] for row in gens["rows"]), "a row over generators")
            inputs = [sum((Fraction(w) * true[v] for v, w in zip(gens["idx"][s:e], gens["w"][s:e])), Fraction(float(at)))
                      for s, e, at in zip(gens["ptr"], gens["ptr"][1:], gens["x0"])]
            need(all(a <= v <= b for a, v, b in zip(case["lo"], inputs, case["hi"])), "the witness leaves the case's box")
        need(all(self.has(ball, inputs) for ball in case.get("balls", [])), "the witness leaves a ball")
        need(all(sum(Fraction(c) * inputs[v - self.q["n_out"]] for v, c in zip(row["var"], row["coef"])) <= row["rhs"] for row in case["in_rows"]), "a row over inputs")
        y = list(y) + list(self.vector(inputs) if self.exact else self.array([float(v) for v in inputs]))
        for row in case["clauses"][self.index(words[2], len(case["clauses"]))]["rows"]:
            need(sum(self.array([c])[0] * y[v] for v, c in zip(row["var"], row["coef"])) <= row["rhs"] + (0 if self.exact else 1e-9),
                 "no counterexample")

    def has(self, ball, x):
        moved = [v - Fraction(float(c)) for v, c in zip(x, ball.get("centre", self.q.get("image")))]
        if ball["norm"] == "l0":
            return len({g for g, d in zip(ball.get("pixels", range(len(x))), moved) if d != 0}) <= ball["radius"]
        return sum(map(abs, moved)) <= ball["radius"] if ball["norm"] == "l1" else sum(d * d for d in moved) <= Fraction(ball["radius"]) ** 2

    def check(self, proof):
        """checks a certificate, as bytes; returns its claim, or raises Rejected"""
        self.text, self.line = proof.decode("latin-1").split("\n"), 0
        need(self.next() == ["netmip", "proof", "1"], "netmip proof 1")
        need(self.next() == ["network", self.net_hash], "the network's hash")
        need(self.next() == ["question", self.query_hash], "the question's hash")
        claim = self.next()
        need(claim in (["claim", "holds"], ["claim", "violated"]), "a claim")
        if claim[1] == "violated":
            self.witness()
        for i, self.case in enumerate(self.q["cases"] if claim[1] == "holds" else ()):
            if any(a > b for a, b in zip(self.case["lo"], self.case["hi"])):
                continue
            need(self.next() == ["case", str(i)], "case %d" % i)
            r = self.whole(self.case)
            self.region(r, "end")
            need(r["empty"] or all(r["closed"]), "a clause of case %d is open" % i)
        need(not any(t.strip() for t in self.text[self.line:]), "nothing more")
        return claim[1]


def main(argv):
    exact, argv = "--exact" in argv, [a for a in argv if a != "--exact"]
    other = argv[argv.index("--hash-of") + 1] if "--hash-of" in argv else None
    c = Checker(unpacked(argv[1]), unpacked(argv[2]), exact, other and hashlib.sha256(unpacked(other)).hexdigest())
    try:
        print("accepted:", c.check(unpacked(argv[3])))
    except (Rejected, ValueError, IndexError, OverflowError) as e:
        print("rejected: %s:%d: %s" % (argv[3], c.line, e))
        return 6
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
