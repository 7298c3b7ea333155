#!/usr/bin/env python3
"""What would branching on a sum of two pre-activations gain, beside the signs of single units?

For fully connected networks, at the root of each target that bounds leave open: the linear relaxation (triangles) of the
margin is solved, and then both children of each candidate. A sign makes its unit linear in each child. A pair cuts the rectangle
of (z_i, z_j) by a z_i + b z_j <= t and >= t, and gets in each child the exact convex hull of (z_i, z_j, relu z_i, relu z_j) over
what is left of it, which is more than any linear bound of a real tree would give it. The gain of a candidate is the worse of
both children's optima, less the root's. Candidates are the units that the relaxation loses most at, and all pairs of them
within a layer, with a and b of both signs, each in two scalings, and t = 0 or the relaxation's own value of the sum.

Usage: bench-pairs.py [NET IMAGES LABELS EPSILON RANGE]; without arguments, digits-mlp3 and the truth
pack's RSL18a and mnistfc 256x4 at radii that leave targets open. --units N: how many candidates (default 8). It needs numpy, scipy and onnx, as the tests do."""
import argparse, collections, csv, itertools, json, os, subprocess, sys, tempfile
import numpy as np, onnx, onnx.numpy_helper, scipy.optimize, scipy.sparse

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NETMIP = os.environ.get("NETMIP", os.path.join(ROOT, "build", "netmip"))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(ROOT, "..", "shared", "truth"))


def layers_of(path):
    """[(W, b)] of a chain of Gemm and Relu"""
    graph = onnx.load(path).graph
    value = {t.name: onnx.numpy_helper.to_array(t).astype(float) for t in graph.initializer}
    found = []
    for node in graph.node:
        if node.op_type not in ("Flatten", "Gemm", "Relu"):
            sys.exit("bench-pairs: %s: a chain of Gemm and Relu was expected, not %s" % (path, node.op_type))
        if node.op_type == "Gemm":
            turned = any(a.name == "transB" and a.i for a in node.attribute)
            w = value[node.input[1]]
            found.append((w if turned else w.T, value[node.input[2]]))
    return found


def bounds_of(net, ask):
    """{block: [(lo, hi)]} of inputs and pre-activations, in their order"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bounds.csv")
        subprocess.run([NETMIP, "bounds", net, *ask, "--bounds", "crown", "--quiet", "-o", path], check=True, capture_output=True)
        found = collections.OrderedDict()
        for row in csv.DictReader(open(path)):
            if row["kind"] != "relu":
                found.setdefault(int(row["block"]), []).append((float(row["lo"]), float(row["hi"])))
        return list(found.values())


class Relaxation:
    """min margin over the triangles: variables are inputs, and z and y of each open unit; others are put in"""

    def __init__(self, layers, bounds, margin):
        ends = [[(l, h) for l, h in layer if l < 0 < h] for layer in bounds[1:len(layers)]]
        width = len(bounds[0]) + 2 * sum(map(len, ends))
        self.lo, self.hi = [l for l, _ in bounds[0]], [h for _, h in bounds[0]]
        self.open, self.eq, self.ub = [], ([], []), ([], [])  # open: (layer, z, y)
        value, shift = np.eye(len(bounds[0]), width), np.zeros(len(bounds[0]))  # of a layer's units, in the variables
        for k, (w, b) in enumerate(layers[:-1]):
            value, shift = w @ value, w @ shift + b
            for i, (l, h) in enumerate(bounds[k + 1]):
                if h <= 0:
                    value[i], shift[i] = 0, 0
                elif l < 0:
                    z = len(self.lo)
                    y = z + 1
                    self.lo, self.hi = self.lo + [l, 0.0], self.hi + [h, h]
                    self.open.append((k, z, y))
                    self.eq[0].append([(j, v) for j, v in enumerate(value[i]) if v] + [(z, -1.0)])
                    self.eq[1].append(-shift[i])
                    self.ub[0].extend([[(z, 1.0), (y, -1.0)], [(y, 1.0), (z, -h / (h - l))]])
                    self.ub[1].extend([0.0, -l * h / (h - l)])
                    value[i], shift[i] = np.eye(1, width, y)[0], 0
        w, b = layers[-1]
        self.cost, self.constant = margin @ w @ value, margin @ (w @ shift + b)

    @staticmethod
    def matrix(rows, width):
        line = [i for i, row in enumerate(rows) for _ in row]
        return scipy.sparse.csr_matrix(([v for row in rows for _, v in row], (line, [j for row in rows for j, _ in row])), (len(rows), width))

    def solve(self, limits=(), rows=(), points=None):
        """least margin and minimiser; limits: (variable, lo, hi); rows: a x <= t as ([(variable, a)], t); points: columns
        that convex combinations of the given points are: (variables, [point..])"""
        lo, hi, width = list(self.lo), list(self.hi), len(self.lo)
        if not hasattr(self, "fixed"):
            self.fixed = self.matrix(self.eq[0], width), self.matrix(self.ub[0], width)
        eq, rhs, ub, ub_rhs = self.fixed[0], self.eq[1], self.fixed[1], self.ub[1]
        for v, l, h in limits:
            lo[v], hi[v] = max(lo[v], l), min(hi[v], h)
        if any(l > h for l, h in zip(lo, hi)):
            return np.inf, None
        if points:
            names, at = points
            more = [[(v, -1.0)] + [(width + k, p[i]) for k, p in enumerate(at) if p[i]] for i, v in enumerate(names)]
            more.append([(width + k, 1.0) for k in range(len(at))])
            lo, hi, width = lo + [0.0] * len(at), hi + [1.0] * len(at), width + len(at)
            eq.resize(eq.shape[0], width)
            ub.resize(ub.shape[0], width)
            eq, rhs = scipy.sparse.vstack([eq, self.matrix(more, width)]), rhs + [0.0] * len(names) + [1.0]
        if rows:
            ub, ub_rhs = scipy.sparse.vstack([ub, self.matrix([r for r, _ in rows], width)]), ub_rhs + [t for _, t in rows]
        cost = np.concatenate([self.cost, np.zeros(width - len(self.cost))])
        r = scipy.optimize.linprog(cost, ub, ub_rhs, eq, rhs, np.array([lo, hi]).T, method="highs")
        for m in self.fixed:
            m.resize(m.shape[0], len(self.lo))
        if r.status == 2:
            return np.inf, None
        if r.status != 0:
            raise RuntimeError(r.message)
        return r.fun + self.constant, r.x


def clip(polygon, a, t):
    """the part of a convex polygon where a p <= t"""
    out = []
    for p, q in zip(polygon, polygon[1:] + polygon[:1]):
        u, v = a @ p - t, a @ q - t
        if u <= 0:
            out.append(p)
        if u * v < 0:
            out.append(p + (q - p) * (u / (u - v)))
    return out


def graph_over(polygon):
    """vertices of (z, relu z) over a polygon: the convex hull of the graph is theirs, as it is linear in each quadrant"""
    found = []
    for signs in itertools.product((1, -1), repeat=2):
        part = polygon
        for axis, sign in enumerate(signs):
            part = clip(part, -sign * np.eye(2)[axis], 0.0) if part else part
        found += [np.concatenate([p, np.maximum(p, 0)]) for p in part]
    return found


def sign_gain(lp, root, z, y):
    return min(lp.solve([(z, -np.inf, 0.0), (y, 0.0, 0.0)])[0], lp.solve([(z, 0.0, np.inf)], [([(y, 1.0), (z, -1.0)], 0.0)])[0]) - root


def pair_gain(lp, root, one, two, a, t):
    """the worse child of a (z_i, z_j) <= t and >= t"""
    worst = np.inf
    box = [np.array(p) for p in ((lp.lo[one[1]], lp.lo[two[1]]), (lp.hi[one[1]], lp.lo[two[1]]), (lp.hi[one[1]], lp.hi[two[1]]), (lp.lo[one[1]], lp.hi[two[1]]))]
    for side in (1, -1):
        corner = graph_over(clip(box, side * a, side * t))
        if corner:
            worst = min(worst, lp.solve(points=((one[1], two[1], one[2], two[2]), corner))[0])
        if worst - root <= 1e-7:
            return 0.0
    return worst - root


def gains(lp, units):
    """root, best gain of a sign and of a pair, and what the best pair was"""
    root, x = lp.solve()
    if root > 0:  # the relaxation closes it
        return root, 0, 0, 0, 0
    chosen = sorted(lp.open, key=lambda u: abs(x[u[2]] - max(x[u[1]], 0)), reverse=True)[:units]
    signs = [sign_gain(lp, root, z, y) for _, z, y in chosen]
    pairs = []
    for one, two in itertools.combinations(chosen, 2):
        if one[0] != two[0]:
            continue
        wide = np.array([lp.hi[u[1]] - lp.lo[u[1]] for u in (one, two)])
        for sign in (1, -1):
            for a in (np.array([1.0, sign]), np.array([1.0, sign]) / wide):
                for t in (0.0, a @ x[[one[1], two[1]]]):
                    pairs.append(pair_gain(lp, root, one, two, a, t))
    return root, max(signs, default=0.0), max(pairs, default=0.0), len(signs), len(pairs)


def questions(net, images, labels, epsilon, span):
    layers = layers_of(net)
    for k in span:
        ask = ["--image", "%s:%d" % (images, k), "--perturb", "linf:%s" % epsilon]
        r = subprocess.run([NETMIP, "solve", net, *ask, "--labels", labels, "--bounds", "crown", "--no-branch", "--no-split", "--no-solve",
                            "--no-units", "--no-attack", "--json", "--quiet"], capture_output=True, text=True)
        said = json.loads(r.stdout)
        if said["verdict"] != "unknown":
            continue
        bounds = bounds_of(net, ask)
        label = int(said["label"])
        for target in range(layers[-1][0].shape[0]):
            margin = np.zeros(layers[-1][0].shape[0])
            margin[label], margin[target] = 1, -1
            if target != label:
                yield k, target, Relaxation(layers, bounds, margin)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("ask", nargs="*")
    a.add_argument("--units", type=int, default=8)
    a.add_argument("--most", type=int, default=10, help="targets of a network that are looked at")
    a = a.parse_args()
    mnist = [TRUTH + "/mnist/t10k-images-idx3-ubyte.gz", TRUTH + "/mnist/t10k-labels-idx1-ubyte.gz"]
    digits = [ROOT + "/models/digits-test-images.idx3.gz", ROOT + "/models/digits-test-labels.idx1.gz"]
    asks = [a.ask] if a.ask else [[ROOT + "/models/digits-mlp3.onnx", *digits, "0.06", "0:60"], [TRUTH + "/mnist/rsl18a.onnx", *mnist, "0.1", "0:60"],
                                  [TRUTH + "/hard/mnist-net_256x4.onnx", *mnist, "0.03", "200:220"]]
    print("| network | image | target | root | best sign | best pair | pair / sign |\n|---|---|---|---|---|---|---|")
    better = total = 0
    for net, images, labels, epsilon, span in asks:
        first, last = map(int, span.split(":"))
        seen = 0
        for k, target, lp in questions(net, images, labels, epsilon, range(first, last)):
            root, sign, pair, n, m = gains(lp, a.units)
            if n < 2:
                continue
            ratio = pair / sign if sign > 0 else 0.0
            print("| %s | %d | %d | %.4f | %.4f of %d | %.4f of %d | %.2f |" % (os.path.basename(net), k, target, root, sign, n, pair, m, ratio), flush=True)
            better, total, seen = better + (pair > sign), total + 1, seen + 1
            if seen == a.most:
                break
    print("\n%d targets; the best pair gains more than the best sign at %d of them" % (total, better))


if __name__ == "__main__":
    main()
