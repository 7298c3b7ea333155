#!/usr/bin/env python3
"""Models read by a person: what inspect says of rows, units and sizes against the network's own numbers; our readers of
models against what was written, bit by bit, in every dialect; and files that are not what netmip writes, refused by line."""
import itertools, json, os, random, re, shutil, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import MODELS, TMP, check, m, p, parts, run


def inspect(*args):
    code, out, err = run("inspect", *args)
    check("inspect " + " ".join(map(os.path.basename, args)), code == 0 and out, err)
    return out


def short(text):
    """numbers to 12 digits: bounds are stepped outwards"""
    return re.sub(r"(?<![\w.])-?\d+\.\d{6,}(e[+-]\d+)?", lambda t: "%g" % (float("%.12g" % float(t.group())) if abs(float(t.group())) > 1e-12 else 0), text)


# x in [0,1]^2; v2_0 = relu(x0 - x1), v2_1 = relu(x1 - x0), v2_2 = relu(x0 + x1 - 1)
with open(p("box.vnnlib"), "w") as out_file:
    out_file.write("(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)\n"
                   "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 0) (<= X_1 1)))\n(assert (>= Y_0 Y_1))\n")
XOR = [m("tiny-xor.json"), p("box.vnnlib"), "--bounds", "crown", "--always-write", "--quiet", "--one-sided", "off"]
DIGITS = [m("digits-mlp.onnx"), "--image", m("digits-test-images.idx3.gz") + ":0", "--labels", m("digits-test-labels.idx1.gz"), "--perturb",
          "linf:0.1", "--target", "3", "--always-write", "--quiet"]


def build(name, *flags, base=XOR):
    code, _, err = run("compile", *base, "-o", p(name), *flags)
    check("compile " + name, code == 0, err)
    return p(name)


def words():
    f = build("xor.mps")
    s = short(inspect(f))
    check("sizes", re.search(r"9 rows|\d+ rows, \d+ columns, \d+ nonzeros, 3 binaries", s), s)
    check("a layer", re.search(r"block 2 relu \S+: 3 units, 3 binaries, 9 rows", s), s)
    check("the largest big-M", "largest big-M 1, of z2_" in s, s)
    # the question's row: 2 v0 + 2 v1 - 0.25 v2 <= 0.75, M is 1
    t = re.search(r"up to (\S+) T", s)
    check("slack budget", t and t.group(1) == "4.25", s)
    u = short(inspect(f, "--unit", "2:1"))
    for piece in ("unit 1 of block 2 (relu", "a in [-1, 1] by", "unstable", "network: v = max(0, a), a = unit 1 of block 1", "= 0 - 1 x0 + 1 x1",
                  "column v2_1: the unit's value, in [0, 1]", "column z2_1: the unit's phase", "row ra2_1: v >= a", "-1 x0 + 1 x1 - 1 v2_1 <= 0",
                  "row rb2_1: v <= a - L (1 - z)", "1 x0 - 1 x1 + 1 v2_1 + 1 z2_1 <= 1", "row rc2_1: v <= U z", "1 v2_1 - 1 z2_1 <= 0"):
        check("unit: " + piece, piece in u, u)
    check("a unit by three spellings", inspect(f, "--unit", "v2_1") == inspect(f, "--unit", "2_1") and short(inspect(f, "--unit", "2_1")) == u)
    r = short(inspect(f, "--row", "rc2_2"))
    check("row", r.startswith("row rc2_2: v <= U z") and "unit 2 of block 2" in r and "a in [-1, 1]" in r and "= -1 + 1 x0 + 1 x1" in r, r)
    check("an input", "column x1: an input" in inspect(f, "--unit", "0:1"))
    for e, piece in (("indicator", "if z2_1 = 0: 1 v2_1 <= 0"), ("sos1", "set sos2_1: at most one is not 0: v2_1 s2_1"), ("partition:2", "part 1 of a"),
                     ("relax", "the chord")):
        for ending in (".mps", ".lp"):
            f2 = build("e-" + e.split(":")[0] + ending, "--encoding", e, "--dialect", "cplex")
            got = short(inspect(f2, "--unit", "2:1"))
            check("%s%s in words" % (e, ending), piece in got, got)
            check("%s%s knows all names" % (e, ending), "does not write" not in got, got)
    ball = DIGITS[:DIGITS.index("--perturb")] + ["--target", "3", "--always-write", "--quiet"]
    for k, more in enumerate((["--perturb", "l1:1"], ["--perturb", "l0:3"], ["--perturb", "l2:0.3"], ["--perturb", "blur:3x3"], ["--perturb", "free", "--objective", "closest:linf"],
                              ["--perturb", "l1:3", "--objective", "closest:l1"], ["--perturb", "l2:0.5", "--objective", "closest:l2"])):
        f2 = build("named%d.lp" % k, "--dialect", "gurobi", *more, base=ball)
        with open(f2) as h:
            text = h.read()
        check("%s knows all names" % " ".join(more), "does not write" not in text and "\\ " in text, [t for t in text.splitlines() if "does not write" in t][:3])
    for ending in (".lp", ".mps"):
        f2 = build("square" + ending, "--dialect", "gurobi", "--perturb", "l2:0.3", base=ball)
        check("squares in words " + ending, re.search(r"\+ 1 q\d+\^2 \+ 1 q\d+\^2 .*<= 0\.09", inspect(f2, "--row", "rball_0")), inspect(f2, "--row", "rball_0")[:300])
    f3 = build("hull.mps", "--encoding", "hull", "--dialect", "cplex", "--cuts", "user", base=DIGITS)
    s = inspect(f3)
    cuts = re.search(r", (\d+) user cuts", s)
    check("cuts are counted", cuts and int(cuts.group(1)) > 0, s)
    fixed = build("fixed.mps", "--mps", "fixed")
    check("fixed names are told", "row rb2_1: v <= a" in inspect(fixed, "--unit", "2:1"))
    for out in (f, build("digits.lp", base=DIGITS)):
        d = json.loads(inspect(out, "--json"))
        check("json", d["binaries"] > 0 and d["slack_budget"] > 0 and d["largest_big_m"] > 0, d)
    os.remove(p("xor.map.json"))
    check("without its map", "row rc2_2: v <= U z" in inspect(f, "--row", "rc2_2") and "network" not in inspect(f))


def maps():
    with open(build("map.mps", base=DIGITS).replace(".mps", ".map.json")) as f:
        d = json.load(f)
    check("blocks in the map", [b[0] for b in d["blocks"]] == ["input", "affine", "relu", "affine", "relu", "affine"], d["blocks"])
    check("units in the map", len(d["units"]) >= d["binaries"] and all(u[2] < u[3] and u[4] in ("interval", "crown", "alpha") for u in d["units"]))
    check("dialect in the map", d["dialect"] == "generic")


def comments():
    for d in ("generic", "glpk", "cplex"):
        s = open(build("c-%s.lp" % d, "--dialect", d)).read()
        head, body = s.split("Minimize")
        check(d + ": units at the head", "\\ v2_1: unit 1 of block 2 (relu" in head and re.search(r"a in \[-1[.\d]*, 1[.\d]*\] by", head) and "tiny-xor.json" in head, head)
        check(d + ": no folder of this machine", MODELS not in s and TMP not in s)
        check(d + ": rows below where allowed", ("\\ rb2_1: v <= a - L (1 - z)" in body) == (d == "cplex"), body[:300])


def same():
    """the .lp, the .mps and the model itself, through our readers: the same rows; numbers are the shortest, so text compares;
    the question's row of a file has the guard of its map as well"""
    for e, d in itertools.product(("bigm", "partition:2", "indicator", "sos1", "hull"), ("cplex", "gurobi")):
        files = [build("same-%s" % d + ending, "--encoding", e, "--dialect", d, "--cuts", "user") for ending in (".mps", ".lp", ".mps.gz")]
        code, out, err = run("compile", *XOR, "--encoding", e, "--dump", "model")
        rows = re.findall(r"^(?:row|cut) (\S+):(.*)$", out, re.M)
        check("rows are there", len(rows) > 3 and code == 0, err)
        with open(p("same-%s.map.json" % d)) as h:
            guard = json.load(h)["guard"]
        check("a guard", 1e-6 < guard < 1e-3 and [name for name, _ in rows].count("rq_0") == 1, guard)
        for f in files:
            for name, body in rows:
                got = inspect(f, "--row", name).split("\n")[1].strip()
                terms = lambda t: sorted((("-" if "-" in sign else "+") + c, x) for sign, c, x in re.findall(r"([-+] |-)?([\d.]+(?:e[-+]\d+)?) (\w+)", t))
                want = re.sub(r" (-?)([\d.e+-]+)\*(\S+)", lambda t: " %s%s %s" % (t.group(1), t.group(2), t.group(3)), body)
                tail = lambda t: (re.findall(r"if \S+ = \d:", t), re.findall(r"(?:<=|>=|=) (\S+)$", t))
                if name == "rq_0":
                    side, whole = tail(got)[1], tail(want)[1]
                    check("%s %s: the guard" % (os.path.basename(f), e), len(side) == len(whole) == 1 and 0 <= float(side[0]) - (float(whole[0]) + guard) < 1e-15, (side, whole, guard))
                    got, want = got[:got.rindex(" ")], want[:want.rindex(" ")]
                got, want = (terms(got), tail(got)), (terms(want), tail(want))
                check("%s %s %s" % (os.path.basename(f), e, name), got == want and got[0], "%s\n%s" % (got, want))


def refusals():
    f = build("good.mps")
    text = open(f).read()
    lp = open(build("good.lp", "--comments", "off")).read()

    def bad(name, changed, needle, ending=".mps"):
        with open(p("bad" + ending), "w") as g:
            g.write(changed)
        code, out, err = run("inspect", p("bad" + ending))
        check("refuse " + name, code == 3 and out == "" and needle in err, "%d %s %s" % (code, out[:100], err))

    bad("a cut file", text[: len(text) // 2].rsplit("\n", 1)[0] + "\n", "ENDATA")
    bad("a row that is not there", text.replace(" x0  ra2_0 ", " x0  ra2_9 ", 1), "name of a known row")
    bad("a column twice", text.replace("RHS\n", " x0  rb2_0  1\nRHS\n", 1), "was not defined before")
    bad("another section", text.replace("BOUNDS\n", "OBJSENSE\n"), "section")
    bad("a number", text.replace("  -1\n", "  -1x\n", 1), "number")
    bad("no bounds", re.sub(r" BV .*\n", "", text, count=1), "no bounds")
    bad("an empty line", text.replace("RHS\n", "\nRHS\n"), "empty line")
    bad("another kind of row", text.replace(" L  ra2_0", " Q  ra2_0", 1).replace(" L   ra2_0", " Q   ra2_0", 1), "N, L, G or E")
    bad("LP: cut", lp[: lp.index("Bounds")], "Bounds", ".lp")
    bad("LP: maximise", lp.replace("Minimize", "Maximize"), "Minimize", ".lp")
    bad("LP: a foreign column", lp.replace(" z2_0\n", " q\n"), "name of a known column", ".lp")
    bad("LP: sense", lp.replace("<=", "<", 1), "<=", ".lp")
    code, out, err = run("inspect", f, "--row", "r99")
    check("no such row", code == 2 and "no such row" in err, err)
    code, out, err = run("inspect", f, "--unit", "seven")
    check("no such unit", code == 2 and "BLOCK:UNIT" in err, err)
    for say, word in (("9:0", "no block 9; a block from 0 to 3"), ("2:3", "block 2 has no unit 3; a unit from 0 to 2"), ("v2_7", "a unit from 0 to 2"),
                      ("0:2", "block 0 has no unit 2; a unit from 0 to 1"), ("99999999:0", "a block from 0 to 3")):
        code, out, err = run("inspect", f, "--unit", say)
        check("no unit " + say, code == 2 and out == "" and word in err, (code, out, err))
    alone = shutil.copy(f, p("alone.mps"))
    check("a unit without a map", "column v2_1" in inspect(alone, "--unit", "2:1"))
    code, out, err = run("inspect", alone, "--unit", "2:3")
    check("no such unit, and no map", code == 2 and "map, which is not beside it" in err, (code, out, err))
    code, out, err = run("inspect", m("tiny-xor.json"), "--unit", "2:1")
    check("a network has no rows", code == 2 and "not a model" in err, err)
    shutil.copy(build("other.mps", base=DIGITS).replace(".mps", ".map.json"), p("good.map.json"))
    code, out, err = run("inspect", f)
    check("another model's map", code == 6 and "is not the map of" in err, err)
    random.seed(7)
    for kind, whole in ((".mps", text), (".lp", lp)):
        crashes = 0
        for _ in range(150):
            data = bytearray(whole.encode())
            for _ in range(random.randint(1, 4)):
                i = random.randrange(len(data))
                data[i:i + random.randint(0, 3)] = bytes(random.choice(b" \n\\:x0-9.e+[]") for _ in range(random.randint(0, 3)))
            with open(p("mut" + kind), "wb") as g:
                g.write(bytes(data[:random.choice((len(data), random.randrange(len(data))))]))
            crashes += run("inspect", p("mut" + kind))[0] not in (0, 3)
        check("mutations of " + kind, crashes == 0, crashes)


parts(words, maps, comments, same, refusals)
