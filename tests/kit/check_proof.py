"""check_proof.py: a second checker of certificates, written from netmip-proof(5) alone: check_proof.py NET.json QUERY.json PROOF
[--exact] [--hash-of NET.onnx]. It reads networks in netmip's JSON (Gemm, dense, Conv, Relu, Flatten in a row) and questions as
`--dump query --json` prints them. Rounded mode uses numpy's float64 and pays for rounding with a bound of its own; --exact uses
fractions. Exit code 0: accepted; 6: rejected, with the line and the reason."""
import gzip, hashlib, json, sys
from fractions import Fraction

import numpy as np


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
        self.net_hash = net_hash or hashlib.sha256(net).hexdigest()
        self.query_hash = hashlib.sha256(query).hexdigest()
        self.q = json.loads(query)
        self.blocks = self.lower(json.loads(net))

    # ---- numbers ----

    def array(self, x):
        if not self.exact:
            return np.array(x, dtype=float)
        flat = np.asarray(x, dtype=float)
        return self.vector([Fraction(float(v)) for v in flat.ravel()]).reshape(flat.shape)

    def vector(self, values):
        out = np.empty(len(values), dtype=object)
        out[:] = values
        return out

    def zeros(self, *shape):
        return self.array(np.zeros(shape))

    def below(self, x):
        return x if self.exact else np.nextafter(x, -np.inf)

    def above(self, x):
        return x if self.exact else np.nextafter(x, np.inf)

    # ---- the network: W[k], b[k] of affine blocks 1, 3, 5 ..; ReLU blocks are 2, 4, .. ----

    def lower(self, net):
        shape, blocks, w = [int(d) for d in net["input"]["shape"]], [], None
        for layer in net["layers"]:
            op = layer["op"].lower()
            n = int(np.prod(shape))
            if op == "flatten":
                continue
            if op == "relu":
                blocks.append(w)
                w = None
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
        for i in range(p):
            for j in range(q):
                for a in range(kh):
                    for b in range(kw):
                        y, x = i * sh + a - t, j * sw + b - l
                        if 0 <= y < h and 0 <= x < w:
                            out[:, i, j, :, y, x] += kernel[:, :, a, b]
        return out.reshape(o * p * q, c * h * w), np.repeat(np.array(layer["bias"], dtype=float), p * q), [1, o, p, q]

    # ---- regions: lo[k], hi[k] of inputs (k = 0) and of affine block k (counted 1, 2, ..) ----

    def whole(self, case):
        r = {"lo": [self.array(case["lo"])], "hi": [self.array(case["hi"])], "empty": False, "cut": None, "only": None,
             "signs": [], "betas": [], "steep": {}, "slopes": {}, "closed": [False] * len(case["clauses"])}
        for w, b in self.blocks:
            r["lo"].append(None)
            r["hi"].append(None)
        return self.interval(r, 1)

    def copy(self, r):
        return {**r, "lo": list(r["lo"]), "hi": list(r["hi"]), "signs": list(r["signs"]), "betas": list(r["betas"]),
                "steep": dict(r["steep"]), "slopes": dict(r["slopes"]), "closed": list(r["closed"])}

    def values(self, r, k):
        """the interval of what affine block k + 1 reads: the inputs, or the ReLUs of block k"""
        lo, hi = r["lo"][k], r["hi"][k]
        return (lo, hi) if k == 0 else (np.maximum(lo, self.U * 0), np.maximum(hi, self.U * 0))

    def size(self, r, k):
        return np.maximum(abs(r["lo"][k]), abs(r["hi"][k]))

    def meet(self, r, k, lo, hi, at=slice(None)):
        if self.exact:  # outwards to multiples of 2^-90, which keeps fractions short
            lo = self.vector([Fraction(v * 2 ** 90 // 1, 2 ** 90) for v in lo])
            hi = self.vector([-Fraction(-v * 2 ** 90 // 1, 2 ** 90) for v in hi])
        if r["lo"][k] is None:
            r["lo"][k], r["hi"][k] = lo, hi
        else:
            r["lo"][k], r["hi"][k] = r["lo"][k].copy(), r["hi"][k].copy()
            r["lo"][k][at] = np.maximum(r["lo"][k][at], lo)
            r["hi"][k][at] = np.minimum(r["hi"][k][at], hi)
        if (r["lo"][k] > r["hi"][k]).any():
            r["empty"] = True

    def interval(self, r, first, last=None):
        for k in range(first, (last or len(self.blocks)) + 1):
            w, b = self.blocks[k - 1]
            lo, hi = self.values(r, k - 1)
            pos, neg = np.maximum(w, self.U * 0), np.minimum(w, self.U * 0)
            mag = abs(w).dot(np.maximum(abs(lo), abs(hi))) + abs(b)
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
        for i, steep in enumerate(r["steep"].get(k, [])):
            if open_[i] and steep is not None:
                slo[i] = steep
        for i, slope in r["slopes"].get(k, {}).items() if not plain else ():
            if open_[i]:
                slo[i] = slope
        lo, ho = l[open_], h[open_]
        sup[open_] = ho / (ho - lo)
        up[open_] = np.maximum(-sup[open_] * lo, ho - sup[open_] * ho) + 8 * self.U * (abs(lo) + abs(ho)) + self.tiny
        return slo, sup, up

    def pull(self, r, k, y, c, e, plain):
        """rows y of affine block k written over the inputs: y x + c - e; plain: rows of crown, without slopes and signs"""
        for j in range(k, 0, -1):
            w, b = self.blocks[j - 1]
            lo, hi = self.values(r, j - 1)
            mag = abs(w).dot(np.maximum(abs(lo), abs(hi)))
            e = e + 2 * self.U * abs(y).dot((len(b) + 8) * mag + (len(b) + 64) * abs(b)) + 8 * self.U * abs(c) + self.tiny
            c = c + y.dot(b)
            y = y.dot(w)
            if j == 1:
                return y, c, e
            slo, sup, up = self.lines(r, j - 1, plain)
            neg, pos, size = np.minimum(y, self.U * 0), np.maximum(y, self.U * 0), self.size(r, j - 1)
            c = c + neg.dot(up)
            e = e + 2 * self.U * abs(y).dot(8 * size + (len(up) + 64) * up) + 8 * self.U * abs(c) + self.tiny
            y = pos * slo + neg * sup
            for (block, i, side), beta in zip(r["signs"], r["betas"]) if not plain else ():
                if block == j - 1:
                    y[:, i] += side * beta
                    e = e + 8 * self.U * (abs(y[:, i]) + beta) * size[i]

    def least(self, r, y, c, e):
        """lower bounds of rows y x + c - e over the region's box, and its cut"""
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

    # ---- steps ----

    def crown(self, r):
        done = 1
        for k in range(1, len(self.blocks)):
            if r["empty"]:
                return
            if k == 1 and r["cut"] is None:
                continue
            self.interval(r, done, k)
            done = k + 1
            at = np.nonzero((r["lo"][k] < 0) & (r["hi"][k] > 0))[0]
            if len(at):
                y = self.zeros(2 * len(at), len(r["lo"][k]))
                for i, u in enumerate(at):
                    y[i, u] += 1
                    y[i + len(at), u] -= 1
                zero = self.zeros(2 * len(at))
                ends = self.least(r, *self.pull(r, k, y, zero, zero, True))
                lo, hi = ends[:len(at)], -ends[len(at):]
                steep = list(r["steep"].get(k, [None] * len(r["lo"][k])))
                for i, u in enumerate(at):
                    steep[u] = 1 if hi[i] > -lo[i] * self.nearly else 0
                r["steep"][k] = steep
                self.meet(r, k, lo, hi, at)
        self.interval(r, done)

    def row(self, r, t, k):
        """row k of clause t over the inputs, its right side, and its bound by intervals"""
        row, n_out = self.case["clauses"][t]["rows"][k], self.q["n_out"]
        y, x = self.zeros(1, n_out), self.zeros(1, len(r["lo"][0]))
        for v, coef in zip(row["var"], row["coef"]):
            (y if v < n_out else x)[0, v if v < n_out else v - n_out] += self.array([coef])[0]
        ends = [(np.concatenate((r[side][-1], r[side][0])) * np.concatenate((y[0], x[0]))) for side in ("lo", "hi")]
        plain = np.minimum(*ends).sum() - (n_out + 8) * 4 * self.U * np.maximum(*abs(np.array(ends))).sum() - self.tiny
        y, c, e = self.pull(r, len(self.blocks), y, self.zeros(1), self.zeros(1), False)
        e = e + 2 * self.U * (abs(x) * self.size(r, 0)).sum()
        return y + x, c, e, self.array([row["rhs"]])[0], plain

    def close(self, r, t, k):
        y, c, e, rhs, plain = self.row(r, t, k)
        lo = max(plain, self.least(r, y, c, e)[0])
        need(r["empty"] or lo > rhs, "clause %d: the row is at least %g, more than %g was expected" % (t, float(lo), float(rhs)))
        r["closed"][t] = True

    def cut(self, r):
        y, c, e, rhs, _ = self.row(r, *r["only"])
        g, h = y[0], self.above(rhs - c[0] + e[0] + 8 * self.U * (abs(c[0]) + abs(rhs)))
        r["cut"] = (g, h)
        lo, hi = r["lo"][0], r["hi"][0]
        terms = g * np.where(g > 0, lo, hi)
        room = self.above(h - terms.sum() + (len(g) + 8) * 2 * self.U * (abs(terms).sum() + abs(h)) + self.tiny)
        if room < 0:
            r["empty"] = True
            return
        lo, hi = lo.copy(), hi.copy()
        for i in np.nonzero(g)[0]:
            step = self.above(room / abs(g[i]))
            if g[i] > 0:
                hi[i] = min(hi[i], self.above(lo[i] + step))
            else:
                lo[i] = max(lo[i], self.below(r["hi"][0][i] - step))
        self.meet(r, 0, lo, hi)
        self.interval(r, 1)

    def slopes(self, r, words):
        r["slopes"] = {}
        for word in words:
            block, text = word.split(":")
            k, at, i, found = self.relu(block), 0, 0, {}
            while i < len(text):
                j = i
                while j < len(text) and text[j].isdigit():
                    j += 1
                at += int(text[i:j] or 0)
                slope, scale, i = 0.0, 1 / 32, j
                while i < len(text) and not text[i].isdigit() and i < j + 2:
                    need(text[i] in LETTERS, "slopes: this letter")
                    slope, scale, i = slope + LETTERS.index(text[i]) * scale, scale / 32, i + 1
                need(i > j and at < len(r["lo"][k]) and 0 <= slope <= 1, "slopes: a unit and its slope")
                found[at] = self.array([slope])[0]
            r["slopes"][k] = found

    def relu(self, block):
        block = int(block)
        need(block >= 2 and block % 2 == 0 and block // 2 < len(self.blocks), "a ReLU block")
        return block // 2

    def parts(self, r, k, i, x, sign):
        both = [True] * len(r["closed"])
        for side, until in ((1, "else"), (-1, "end")):
            s = self.copy(r)
            here = s["hi" if side > 0 else "lo"]
            here[k] = here[k].copy()
            here[k][i] = min(here[k][i], x) if side > 0 else max(here[k][i], x)
            s["empty"] |= bool(s["lo"][k][i] > s["hi"][k][i])
            if sign:
                s["signs"].append((k, i, side))
                s["betas"].append(self.U * 0)
            self.interval(s, 1)
            self.region(s, until)
            both = [a and (b or s["empty"]) for a, b in zip(both, s["closed"])]
        r["closed"] = [a or b for a, b in zip(both, r["closed"])]

    def index(self, text, n):
        need(text.isdigit() and int(text) < n, "a number below %d" % n)
        return int(text)

    def pair(self, words):
        t = self.index(words[0], len(self.case["clauses"]))
        return t, self.index(words[1], len(self.case["clauses"][t]["rows"]))

    def step(self, r, word, rest):
        if word == "crown" and not rest:
            self.crown(r)
        elif word == "slopes":
            self.slopes(r, rest)
        elif word == "betas":
            need(len(rest) == len(r["signs"]), "betas: one for each sign")
            r["betas"] = [self.array([float(x)])[0] for x in rest]
            need(all(b >= 0 for b in r["betas"]), "betas of 0 or more")
        elif word == "close" and len(rest) % 2 == 0 and len(rest) <= 32:
            for i in range(0, len(rest), 2):
                self.close(r, *self.pair(rest[i:i + 2]))
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
            self.parts(r, k, self.index(rest[1], len(r["lo"][k])), self.U * 0, True)
        elif word == "split" and len(rest) == 2:
            self.parts(r, 0, self.index(rest[0], len(r["lo"][0])), self.array([float(rest[1])])[0], False)
        else:
            raise Rejected("%s: a step was expected" % word)

    def region(self, r, until):
        while True:
            words = self.next()
            if words == [until]:
                return
            if words:
                self.step(r, words[0], words[1:])

    # ---- the file ----

    def next(self):
        need(self.line < len(self.text), "the file ends too early")
        self.line += 1
        return [w for w in self.text[self.line - 1].split(" ") if w]

    def value(self, x):
        for k, (w, b) in enumerate(self.blocks):
            x = w.dot(x if k == 0 else np.maximum(x, self.U * 0)) + b
        return x

    def witness(self):
        words = self.next()
        need(words[0] == "witness", "a witness")
        case = self.q["cases"][self.index(words[1], len(self.q["cases"]))]
        x = [Fraction(float(w)) for w in words[3:]]
        need(len(x) == len(case["lo"]) and all(Fraction(a) <= v <= Fraction(b) for a, v, b in zip(case["lo"], x, case["hi"])),
             "the witness leaves the box")
        if self.exact:
            y = list(self.value(np.array(x, dtype=object)))
            for row in case["clauses"][int(words[2])]["rows"]:
                need(sum(Fraction(c) * (y + x)[v] for v, c in zip(row["var"], row["coef"])) <= Fraction(row["rhs"]), "no counterexample")
            return
        y = list(self.value(np.array([float(v) for v in x]))) + [float(v) for v in x]
        for row in case["clauses"][int(words[2])]["rows"]:
            need(sum(c * y[v] for v, c in zip(row["var"], row["coef"])) <= row["rhs"] + 1e-9, "no counterexample")

    def check(self, proof):
        """checks a certificate, as bytes; returns its claim, or raises Rejected"""
        self.text, self.line = proof.decode("latin-1").split("\n"), 0
        need(self.next() == ["netmip", "proof", "1"], "netmip proof 1")
        need(self.next() == ["network", self.net_hash], "the network's hash")
        need(self.next() == ["question", self.query_hash], "the question's hash")
        claim = self.next()
        if claim == ["claim", "violated"]:
            self.witness()
        else:
            need(claim == ["claim", "holds"], "a claim")
            for i, case in enumerate(self.q["cases"]):
                if any(a > b for a, b in zip(case["lo"], case["hi"])):
                    continue
                need(self.next() == ["case", str(i)], "case %d" % i)
                self.case = case
                r = self.whole(case)
                self.region(r, "end")
                need(r["empty"] or all(r["closed"]), "a clause of case %d is open" % i)
        need(not any(t.strip() for t in self.text[self.line:]), "nothing more")
        return claim[1]


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"


def main(argv):
    exact = "--exact" in argv
    argv = [a for a in argv if a != "--exact"]
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
