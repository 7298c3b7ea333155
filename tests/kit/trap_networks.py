"""trap_networks.py: small networks and questions on which arithmetic goes wrong, and what is true of them, in exact rationals.

A trap is a chain of layers with two outputs and a box; it is violated if Y_0 <= Y_1 somewhere in the box, ties included. Kinds:

  cancel     biases of 1e16 that cancel: float64 loses what stands beside them
  trigger    units that react to parts of an input which float64 drops (after Zombori and others, 2021)
  scales     weights over 60 binades, undone by later layers
  subnormal  weights, biases and boxes of 2^-1074 to 2^-1000
  tie        the least margin stands at a vertex and is 0, 2^-60 or -2^-60
  copies     dead units, units that are there twice or differ by an ulp, and cancel
  order      sums whose float32 value depends on the order of their terms
  fused      affine layers in a row whose product has no exact float64 entries
  thirds     means of three and maxima that tie

least() enumerates phases: a ReLU that changes its sign over the current polytope splits it; ranges over a box are sums, over a
polytope the values at its vertices, found by solving every choice of its rows (so one or two inputs where units are unstable)."""
import itertools, math, random
from fractions import Fraction as F

THIRD = 1 / 3  # the double below it


class Trap:
    def __init__(self, kind, layers, lo, hi, single=False):
        self.kind, self.layers, self.lo, self.hi, self.single = kind, layers, [float(v) for v in lo], [float(v) for v in hi], single
        self.name, self.ends, self.at = kind, None, None

    def truth(self):
        """exact: (least margin, greatest margin)"""
        if not self.ends:
            self.ends, self.at = least(self)
        return self.ends

    def violated(self):
        return self.truth()[0] <= 0


# ---- the truth ----
def rows_of(layers, n):
    """the layers as maps of exact rows (dense, mean) and bends"""
    for l in layers:
        if l[0] == "dense":
            yield "dense", [[F(a) for a in r] for r in l[1]], [F(b) for b in l[2]]
        elif l[0] == "mean":
            yield "dense", [[F(1 / l[1])] * l[1]], [F(0)]  # netmip-network(5): the double nearest to 1/3
        else:
            yield l[0], None, None


def evaluate(layers, x):
    v = [F(a) for a in x]
    for op, w, b in rows_of(layers, len(x)):
        v = ([sum((a * t for a, t in zip(r, v)), c) for r, c in zip(w, b)] if op == "dense" else
             [max(t, F(0)) for t in v] if op == "relu" else [max(v)])
    return v


def solve_rows(rows):
    """the point where these rows (coefficients, rhs) hold with equality, or None"""
    m, n = [list(r) + [c] for r, c in rows], len(rows)
    for i in range(n):
        k = next((k for k in range(i, n) if m[k][i]), None)
        if k is None:
            return None
        m[i], m[k] = m[k], m[i]
        m[i] = [a / m[i][i] for a in m[i]]
        for k in range(n):
            if k != i and m[k][i]:
                m[k] = [a - m[k][i] * c for a, c in zip(m[k], m[i])]
    return [m[i][n] for i in range(n)]


class Region:
    """a polytope: a box, and rows a x <= c; `rows` is empty for the box itself"""

    def __init__(self, lo, hi, rows=()):
        self.lo, self.hi, self.rows, self.points = lo, hi, list(rows), None
        if self.rows:
            n = len(lo)
            unit = [[F(i == j) for j in range(n)] for i in range(n)]
            every = self.rows + [(unit[i], hi[i]) for i in range(n)] + [([-a for a in unit[i]], -lo[i]) for i in range(n)]
            found = (solve_rows(pick) for pick in itertools.combinations(every, n))
            self.points = [x for x in found if x and all(sum(a * t for a, t in zip(r, x)) <= c for r, c in every)]

    def range(self, a, c):
        """the ends of a x + c"""
        return tuple(sum(w * t for w, t in zip(a, self.least(sign, a))) + c for sign in (1, -1))

    def least(self, sign, a):
        """the point where sign * a x is least"""
        if not self.rows:
            return [p if sign * w >= 0 else q for w, p, q in zip(a, self.lo, self.hi)]
        return min(self.points, key=lambda x: sign * sum(w * t for w, t in zip(a, x)))

    def cut(self, a, c):
        return Region(self.lo, self.hi, self.rows + [(a, -c)])  # a x + c <= 0


def least(trap):
    """(least margin, greatest margin), a point of the least"""
    n = len(trap.lo)
    layers, ends, points = list(rows_of(trap.layers, n)), [], []

    def bend(region, units, at, k, done):
        """unit k of a relu: done holds the ones before it"""
        if k == len(units):
            return walk(region, done, at + 1)
        a, c = units[k]
        lo, hi = region.range(a, c)
        if hi <= 0 or lo >= 0:
            return bend(region, units, at, k + 1, done + [([F(0)] * n, F(0)) if hi <= 0 else (a, c)])
        bend(region.cut(a, c), units, at, k + 1, done + [([F(0)] * n, F(0))])
        bend(region.cut([-w for w in a], -c), units, at, k + 1, done + [(a, c)])

    def greatest(region, units, at, best):
        if not units:
            return walk(region, [best], at + 1)
        a, c = [p - q for p, q in zip(units[0][0], best[0])], units[0][1] - best[1]
        lo, hi = region.range(a, c)
        if hi > 0:
            greatest(region.cut([-w for w in a], -c) if lo < 0 else region, units[1:], at, units[0])
        if lo < 0 or hi <= 0:
            greatest(region.cut(a, c) if hi > 0 else region, units[1:], at, best)

    def walk(region, units, at):
        if region.rows and not region.points:
            return
        if at == len(layers):
            a = [p - q for p, q in zip(units[0][0], units[1][0])]
            ends.append(region.range(a, units[0][1] - units[1][1]))
            points.append(region.least(1, a))
            return
        op, w, b = layers[at]
        if op == "dense":
            walk(region, [([sum(r[k] * units[k][0][i] for k in range(len(units)) if r[k]) for i in range(n)],
                           sum(r[k] * units[k][1] for k in range(len(units)) if r[k]) + c) for r, c in zip(w, b)], at + 1)
        elif op == "relu":
            bend(region, units, at, 0, [])
        else:
            greatest(region, units[1:], at, units[0])

    walk(Region([F(v) for v in trap.lo], [F(v) for v in trap.hi]), [([F(i == j) for j in range(n)], F(0)) for i in range(n)], 0)
    first = min(range(len(ends)), key=lambda k: ends[k][0])
    return (ends[first][0], max(hi for _, hi in ends)), points[first]


# ---- what others' arithmetic would say ----
def float_margin(trap, x, numpy, kind):
    """the margin at x in float64 or float32, layer by layer, terms added from the first to the last"""
    v = numpy.array(x, kind)
    with numpy.errstate(all="ignore"):
        for op, w, b in ((l[0], *l[1:], None, None)[:3] for l in trap.layers):
            if op == "dense":
                out = []
                for r, c in zip(numpy.array(w, float).astype(kind), numpy.array(b, float).astype(kind)):
                    s = kind(0)
                    for a, t in zip(r, v):
                        s = kind(s + kind(a * t))
                    out.append(kind(s + c))
                v = numpy.array(out, kind)
            elif op == "mean":
                v = numpy.array([kind(v.sum(dtype=kind) / kind(len(v)))], kind)
            else:
                v = numpy.maximum(v, kind(0)) if op == "relu" else numpy.array([v.max()], kind)
        return v[0] - v[1]


# ---- the kinds; a generator gives pairs of layers and boxes ----
def last(weights, offset, tie=0.0):
    """the last layer: Y_0 = weights h + offset, Y_1 = tie"""
    return ("dense", [list(weights), [0.0] * len(weights)], [float(offset), float(tie)])


def cancel(r):
    for big in (1e16, 2.0 ** 54, 1e20):
        gap = r.choice((0.25, 0.375, 0.75))
        for sign, rhs in ((1, gap - 0.125), (1, gap + 0.125), (-1, -gap - 0.25), (-1, 0.125 - gap)):
            # h = relu(big + x) - relu(big) = x exactly; x from gap to gap + 1/8
            yield [("dense", [[1.0], [0.0]], [big, big]), ("relu",), last([sign, -sign], -rhs)], [gap], [gap + 0.125]
    yield [("dense", [[1e16, 1.0, -1e16]], [0.0]), last([1.0], -0.25)], [1, 0.375, 1], [1, 0.5, 1]
    yield [("dense", [[1e16, 1.0, -1e16]], [0.0]), last([-1.0], 0.4375)], [1, 0.375, 1], [1, 0.5, 1]


def trigger(r):
    for power in (53, 56, 80):
        omega = 2.0 ** power
        # h = relu(relu(x) + omega) - omega: x in the reals, 0 or a multiple of 2^(power - 52) in float64
        front = [("dense", [[1.0]], [0.0]), ("relu",), ("dense", [[1.0]], [omega]), ("relu",), ("dense", [[1.0]], [-omega]), ("relu",)]
        yield front + [last([-1.0], 0.5)], [0.0], [1.0 if power > 53 else 0.75]
        yield front + [last([-1.0], 0.875)], [0.0], [0.75]
        yield front + [last([1.0], -0.25)], [0.5], [0.75]
    for power in (30, 45):
        t = 1 - 2.0 ** -power  # a corner of width 2^-power where the output jumps
        yield [("dense", [[1.0]], [-t]), ("relu",), last([-2.0 ** power], 0.5)], [0.0], [1.0]
        yield [("dense", [[1.0, 1.0]], [-1 - t]), ("relu",), last([-2.0 ** power], 1.0, 2.0 ** -40)], [0.0, 0.0], [1.0, 1.0]
        yield [("dense", [[1.0, 1.0]], [-1 - t]), ("relu",), last([-2.0 ** power], 1 + 2.0 ** -20)], [0.0, 0.0], [1.0, 1.0]


def scales(r):
    for power in (30, -30, 20):
        p = 2.0 ** power
        w = [[r.randint(1, 8) / 8 * p, -r.randint(1, 8) / 8 * p], [-r.randint(1, 8) / 8 / p, r.randint(1, 8) / 8 / p]]
        front = [("dense", w, [0.125 * p, -0.0625 / p]), ("relu",), ("dense", [[1 / p, p], [1 / p, -p]], [0.0, 0.0]), ("relu",)]
        t = Trap("scales", front + [last([1.0, -1.0], 0)], [-1, -1], [1, 1]).truth()[0]
        for shift in (2.0 ** -20, -2.0 ** -20):  # above and below the least value, which has few binary places
            yield front + [last([1.0, -1.0], -float(t) + shift)], [-1, -1], [1, 1]
    yield [("dense", [[2.0 ** 30, 2.0 ** -30]], [0.0]), last([1.0], 2.0 ** 30)], [-1, -1], [1, 1]
    yield [("dense", [[2.0 ** 30, 2.0 ** -30]], [0.0]), last([1.0], 2.0 ** 30 + 2.0 ** -22)], [-1, -1], [1, 1]


def subnormal(r):
    e, d = 2.0 ** -1074, 2.0 ** -1040
    yield [("dense", [[e]], [0.0]), ("relu",), last([1.0], 0, 0)], [0.5], [1.0]
    yield [("dense", [[1.0]], [0.0]), ("relu",), last([1.0], e)], [0.0], [1.0]
    yield [("dense", [[1.0]], [0.0]), ("relu",), last([1.0], 0, e)], [0.0], [1.0]
    yield [("dense", [[d]], [0.0]), ("relu",), ("dense", [[2.0 ** 1000]], [0.0]), ("relu",), ("dense", [[2.0 ** 40]], [0.0]), last([1.0], -0.25)], [0.5], [1.0]
    yield [("dense", [[d]], [0.0]), ("relu",), ("dense", [[2.0 ** 1000]], [0.0]), ("relu",), ("dense", [[2.0 ** 40]], [0.0]), last([1.0], -0.75)], [0.5], [1.0]
    yield [("dense", [[2.0 ** 1000]], [0.0]), ("relu",), ("dense", [[2.0 ** 60]], [0.0]), last([1.0], -0.5)], [2.0 ** -1060], [2.0 ** -1059]
    yield [("dense", [[2.0 ** 1000]], [0.0]), ("relu",), ("dense", [[2.0 ** 60]], [0.0]), last([1.0], -1.5)], [2.0 ** -1060], [2.0 ** -1059]
    yield [("dense", [[2.0 ** -600]], [0.0]), ("dense", [[2.0 ** -600]], [0.0]), last([1.0], 0)], [0.5], [1.0]
    yield [("dense", [[2.0 ** -600]], [0.0]), ("relu",), ("dense", [[2.0 ** -600]], [0.0]), ("relu",), ("dense", [[-2.0 ** 1000]], [0.0]), ("dense", [[2.0 ** 200]], [0.0]),
           last([1.0], 0.5)], [0.0], [1.0]


def tie(r):
    a = r.randint(1, 7) / 8
    for t in (0.0, 2.0 ** -60, -2.0 ** -60):
        yield [("dense", [[1.0], [-1.0]], [-a, a]), ("relu",), last([1.0, 1.0], 0, t)], [0], [1]                              # |x - a|
        yield [("dense", [[1.0, 0], [0, 1.0], [-1.0, -1.0]], [0, 0, 0]), ("relu",), last([1.0] * 3, 0, t)], [-1, -1], [1, 1]  # 0 at the origin
        yield [("dense", [[a, 1.0], [1.0, -a]], [-a, a]), ("relu",), last([1.0, 1.0], -2.0, t)], [-1, -1], [1, 1]
        yield [("dense", [[3.0, 5.0, -7.0, 1.0]], [0.0]), last([0.125], 2.0, t)], [-1] * 4, [1] * 4                          # at a corner


def copies(r):
    w, b = r.randint(1, 16) / 16, r.randint(1, 8) / 16
    for t in (0.0, 2.0 ** -60, -2.0 ** -60):
        yield [("dense", [[w], [w]], [-b, -b]), ("relu",), last([1.0, -1.0], 0, t)], [-1], [1]
        yield [("dense", [[w], [w]], [-b, -b]), ("relu",), last([2.0 ** 40, -2.0 ** 40], 0, t)], [-1], [1]
        yield [("dense", [[w], [w + 2.0 ** -53], [-w], [0.0]], [-b, -b, -3.0, -1.0]), ("relu",), last([-1.0, 1.0, -1e6, 1e9], 0, t)], [-1], [1]
        yield [("dense", [[w, -w]] * 4, [0.0] * 4), ("relu",), last([1.0, 1.0, -1.0, -1.0], 0, t)], [-1, -1], [1, 1]
    yield [("dense", [[w], [w]], [0.0, 2.0 ** -50]), ("relu",), last([-2.0 ** 50, 2.0 ** 50], -0.5)], [0.25], [1]
    yield [("dense", [[w], [w]], [0.0, 2.0 ** -50]), ("relu",), last([-2.0 ** 50, 2.0 ** 50], -1.5)], [0.25], [1]


def order(r):
    big = 2.0 ** 24
    for n, rhs in ((6, 4.5), (6, 6.0), (12, 10.5), (12, 12.0)):
        front = [big] + [1.0] * n + [-big]
        for terms in (front, r.sample(front, n + 2)):
            yield [("dense", [terms], [0.0]), ("relu",), last([1.0], -rhs)], [1] * (n + 2), [1] * (n + 2), True
        yield [("dense", [[-t for t in terms], terms], [0.0, 0.0]), ("relu",), last([1.0, 1.0], -rhs)], [1] * (n + 1) + [0.96875], [1] * (n + 2), True


def fused(r):
    for rhs in (0.0, 2.0 ** -60, -2.0 ** -60):
        yield [("dense", [[THIRD, THIRD], [1.0, 0]], [0.0, 0]), ("dense", [[3.0, -1.0]], [2.0 ** -54]), last([1.0], 0, rhs)], [1, 0], [1, 0]
        yield [("dense", [[1e16, 1.0]], [0.0]), ("dense", [[1.0]], [-1e16]), ("dense", [[1.0]], [-0.5]), last([1.0], 0, rhs)], [1, 0.5], [1, 0.75]
    yield [("dense", [[1e8 + 1, 1e8 - 1]], [0.0]), ("dense", [[1e8 - 1]], [0.0]), last([1.0], 0.5)], [1, -1], [1, -1]
    yield [("dense", [[1e8 + 1], [1e8]], [0.0, 0.0]), ("dense", [[1e8 - 1, -1e8]], [0.0]), last([1.0], 0.5)], [1], [1]
    yield [("dense", [[1e8 + 1], [1e8]], [0.0, 0.0]), ("dense", [[1e8 - 1, -1e8]], [0.0]), last([1.0], 1.5)], [1], [1]
    yield [("dense", [[1e8 + 1], [1e8]], [0.0, 0.0]), ("dense", [[1e8 - 1, -1e8]], [0.0]), ("relu",), last([1.0], 0)], [1], [1]


def thirds(r):
    for t in (0.0, 2.0 ** -60, 2.0 ** -40, -2.0 ** -8):
        yield [("dense", [[1.0]] * 3, [0.0] * 3), ("mean", 3), ("dense", [[3.0]], [-1.0]), ("relu",), last([1.0], 0, t)], [0], [1]
        if t >= 0:  # below, boxes are split for a second
            yield [("dense", [[1.0, 0], [0, 1.0], [-1.0, -1.0]], [0.0] * 3), ("max",), last([1.0], 0, t)], [-1, -1], [1, 1]
    yield [("dense", [[1.0]] * 3, [1.0, 0.0, 0.0]), ("mean", 3), last([1.0], 0, THIRD)], [0], [1]
    yield [("dense", [[1.0]] * 3, [1.0, 0.0, 0.0]), ("mean", 3), last([1.0], 0, THIRD - 2.0 ** -54)], [0], [1]


KINDS = {f.__name__: f for f in (cancel, trigger, scales, subnormal, tie, copies, order, fused, thirds)}


def traps(seed=1):
    out = []
    for kind, make in KINDS.items():
        for case in make(random.Random("%s %d" % (kind, seed))):
            layers, lo, hi = case[:3]
            out.append(Trap(kind, layers, lo, hi, len(case) > 3))
            out[-1].name = "%s%d" % (kind, sum(t.kind == kind for t in out))
    return out


# ---- files ----
def onnx_bytes(trap, numpy, onnx):
    """float64 tensors, or float32 where `single`; Gemm, Relu, ReduceMean, ReduceMax"""
    h, kind = onnx.helper, onnx.TensorProto.FLOAT if trap.single else onnx.TensorProto.DOUBLE
    nodes, data, at, wide = [], [], "x", len(trap.lo)
    for k, l in enumerate(trap.layers):
        out = "y" if k + 1 == len(trap.layers) else "h%d" % k
        if l[0] == "dense":
            for name, value in (("w%d" % k, l[1]), ("b%d" % k, l[2])):
                data.append(onnx.numpy_helper.from_array(numpy.array(value, numpy.float32 if trap.single else float), name))
            nodes.append(h.make_node("Gemm", [at, "w%d" % k, "b%d" % k], [out], transB=1))
            wide = len(l[2])
        elif l[0] == "relu":
            nodes.append(h.make_node("Relu", [at], [out]))
        else:
            nodes.append(h.make_node("ReduceMean" if l[0] == "mean" else "ReduceMax", [at], [out], axes=[1], keepdims=1))
            wide = 1
        at = out
    g = h.make_graph(nodes, "trap", [h.make_tensor_value_info("x", kind, [1, len(trap.lo)])], [h.make_tensor_value_info("y", kind, [1, wide])], data)
    return h.make_model(g, opset_imports=[h.make_opsetid("", 13)], ir_version=8).SerializeToString()


def textbook_mps(trap):
    """the trap as a program that any solver reads, as textbooks have it: a column for each unit, an equality for each sum, four
    rows with the unit's own bounds for each ReLU (Tjeng and others, 2019), Y_0 - Y_1 <= 0. Bounds are exact ends, rounded outwards."""
    n, cols, rows, at = len(trap.lo), [], [], ["x%d" % i for i in range(len(trap.lo))]
    box = [(F(a), F(b)) for a, b in zip(trap.lo, trap.hi)]
    cols += [(v, lo, hi, False) for v, (lo, hi) in zip(at, box)]
    for k, (op, w, b) in enumerate(rows_of(trap.layers, n)):
        if op == "dense":
            units = ["a%d_%d" % (k, i) for i in range(len(w))]
            for name, r, c in zip(units, w, b):
                rows.append(("E", [(name, F(-1))] + [(v, a) for v, a in zip(at, r) if a], -c))
            box = [(c + sum(min(a * p, a * q) for a, (p, q) in zip(r, box)), c + sum(max(a * p, a * q) for a, (p, q) in zip(r, box)))
                   for r, c in zip(w, b)]
        elif op == "relu":
            units, old = ["h%d_%d" % (k, i) for i in range(len(box))], box
            box = [(max(lo, F(0)), max(hi, F(0))) for lo, hi in box]
            for i, (h, a, (lo, hi)) in enumerate(zip(units, at, old)):
                z = "z%d_%d" % (k, i)
                cols.append((z, F(hi > 0 and lo >= 0), F(hi > 0), True))
                rows += [("G", [(h, F(1)), (a, F(-1))], F(0)), ("L", [(h, F(1)), (z, -hi)], F(0)) if hi > 0 else ("E", [(h, F(1))], F(0)),
                         ("L", [(h, F(1)), (a, F(-1)), (z, -min(lo, F(0)))], -min(lo, F(0)))]
        else:
            units, least_, most = ["m%d" % k], max(lo for lo, _ in box), max(hi for _, hi in box)
            for i, (a, (lo, hi)) in enumerate(zip(at, box)):
                z = "z%d_%d" % (k, i)
                cols.append((z, F(0), F(1), True))
                rows += [("G", [("m%d" % k, F(1)), (a, F(-1))], F(0)), ("L", [("m%d" % k, F(1)), (a, F(-1)), (z, most - lo)], most - lo)]
            rows.append(("E", [("z%d_%d" % (k, i), F(1)) for i in range(len(box))], F(1)))
            box = [(least_, most)]
        cols += [(v, lo, hi, False) for v, (lo, hi) in zip(units, box)]
        at = units
    rows.append(("L", [(at[0], F(1)), (at[1], F(-1))], F(0)))
    out = ["NAME trap", "ROWS", " N obj"] + [" %s r%d" % (kind, i) for i, (kind, _, _) in enumerate(rows)] + ["COLUMNS"]
    integer = False
    for name, _, _, whole in cols:
        if whole != integer:
            integer = whole
            out.append(" MARK 'MARKER' '%s'" % ("INTORG" if whole else "INTEND"))
        out.append(" %s obj %d" % (name, name == at[0]))
        out += [" %s r%d %r" % (name, i, float(a)) for i, (_, r, _) in enumerate(rows) for v, a in r if v == name]
    out += [" MARK 'MARKER' 'INTEND'"] * integer + ["RHS"] + [" rhs r%d %r" % (i, float(c)) for i, (_, _, c) in enumerate(rows) if c] + ["BOUNDS"]
    for name, lo, hi, _ in cols:
        out += [" LO bnd %s %r" % (name, outward(lo, -1)), " UP bnd %s %r" % (name, outward(hi, 1))]
    return "\n".join(out + ["ENDATA"]) + "\n"


def outward(x, side):
    y = float(x)
    return math.nextafter(y, side * math.inf) if side * (F(y) - x) < 0 else y
