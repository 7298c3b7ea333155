#!/usr/bin/env python3
"""The command line as a user meets it: verbs, exit codes, messages, JSON, equal bytes, image formats, signals, limits,
and what is left on the disk afterwards."""
import glob, gzip, hashlib, json, math, os, re, resource, shutil, signal, struct, subprocess, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, TMP, check, m, p, parts, put, run, start
from tiny import npy, png


def bad(code, needle, *args, name=None, alone=True, **kw):
    """the command fails with this code, an empty stdout and one line `netmip: ...` that holds the needle"""
    got, out, err = run(*args, **kw)
    lines = err.splitlines()
    ok = (got == code and out == "" and lines and all(s.startswith("netmip: ") for s in lines) and needle in lines[-1]
          and (not alone or len(lines) == 1))
    return check(name or "refuse %s" % " ".join(os.path.basename(a) for a in args), ok,
                 "exit %d (want %d), stdout %r, stderr %r, wanted %r" % (got, code, out[:80], err, needle))


def good(code, *args, **kw):
    got, out, err = run(*args, **kw)
    check("run %s" % " ".join(os.path.basename(a) for a in args), got == code and out,
          "exit %d (want %d): %s %s" % (got, code, out[:200], err))
    return out


MLP, CONV, POOL, XOR = m("digits-mlp.onnx"), m("digits-conv.onnx"), m("digits-pool.onnx"), m("tiny-xor.json")
IDX, LABELS = m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")
IMG = IDX + ":0"
ASK = ["--image", IMG, "--label", "8", "--perturb", "linf:0.01"]
PIX = gzip.decompress(open(IDX, "rb").read())[16:16 + 28 * 28]
SIDE, CELLS = 28, 28 * 28
POINT = put("point.csv", "0.5,0.5\n")
XASK = ["--image", POINT, "--label", "0", "--perturb", "linf:0.5"]


# ---- verbs, help, usage ----
def usage():
    out = good(0, "--help")
    good(0, "-h")
    good(0, "help")
    for verb in ("compile", "decode", "solve", "bounds", "eval", "inspect", "convert"):
        check("help names " + verb, "  %s " % verb in out)
    check("version", re.fullmatch(r"\d+\.\d+\.\d+\n", good(0, "--version")) and good(0, "--name") == "netmip\n")
    code, out, err = run()
    check("no verb: usage, exit 2", code == 2 and "  compile " in out, (code, err))
    bad(2, "nonsense", "nonsense")
    bad(2, "--json", "--json")
    bad(2, "Solve", "Solve", MLP)
    bad(2, "solv", "solv", MLP)
    bad(2, "", "")
    for verb in ("compile", "decode", "solve", "bounds", "eval", "inspect", "convert"):
        bad(2, verb, verb)
        bad(2, "--frobnicate", verb, MLP, "--frobnicate")
        bad(2, "-x", verb, MLP, "-x")
        if verb != "decode":  # a manifest takes many
            bad(2, "third", verb, MLP, "second", "third")
    for flag in ("--image", "--label", "--labels", "--perturb", "--domain", "--target", "--margin", "--objective", "--guard",
                 "--bounds", "--fold", "-o", "--time-limit", "--seed", "--dump"):
        bad(2, flag, "solve", MLP, flag, name="missing value of " + flag)
        bad(2, flag, "solve", MLP, flag, "1", flag, "1", name="repeated " + flag)
    for flag in ("--json", "--quiet", "--no-attack", "--no-solve", "--no-evaluate"):
        bad(2, flag, "solve", MLP, flag, flag)
        bad(2, flag, "solve", MLP, flag + "=1")
    bad(2, "--time-limit", "compile", MLP, *ASK, "--time-limit", "3")
    bad(2, "--all-rows", "solve", MLP, *ASK, "--all-rows")
    bad(2, "--perturb", "eval", MLP, "--image", IMG, "--perturb", "linf:1")
    bad(2, "--image", "decode", MLP, MLP, "--image", IMG)
    check("inspect --json", strict(good(0, "inspect", MLP, "--json"))["parameters"] == 32430)
    bad(2, "--output", "eval", MLP, "--image", IMG, "--output", p("x"))
    bad(2, "--image", "eval", MLP)
    bad(2, "--image", "solve", MLP)
    bad(2, "--perturb", "solve", MLP, "--image", IMG, "--label", "8")
    bad(2, "-o", "compile", MLP, *ASK)
    for value in ("l7:0.1", "linf:", "linf:x", "linf:-0.1", "linf:0.1x", "linf:nan", "linf:inf", "linf:1e999", "free:1", ""):
        bad(2, "--perturb", "solve", MLP, "--image", IMG, "--label", "8", "--perturb", value)
    for value in ("1", "1,0", "a,b", "0,1,2", ",", "0,inf", ""):
        bad(2, "--domain", "solve", MLP, *ASK, "--domain", value)
    for value in ("8", "10", "-1", "1,,2", "x", "not:", "1;2", "not:0,1,2,3,4,5,6,7,9", ""):
        bad(2, "--target", "solve", MLP, *ASK, "--target", value)
    for flag, value in (("--margin", "x"), ("--objective", "best"), ("--objective", "w"), ("--guard", "-1"), ("--guard", "x"),
                        ("--bounds", "magic"), ("--bounds", "cro"), ("--fold", "yes"), ("--time-limit", "-1"),
                        ("--time-limit", "soon"), ("--time-limit", ""), ("--seed", "x"), ("--seed", "0.5"), ("--seed", "1e300"), ("--seed", "-3"), ("--dump", "soul")):
        bad(2, flag, "solve", MLP, *ASK, flag, value)
    bad(2, "--label", "solve", MLP, "--image", IMG, "--perturb", "linf:0.1", "--label", "eight")
    bad(2, "--label", "solve", MLP, *ASK, "--labels", LABELS)
    bad(3, "label 10", "solve", MLP, "--image", IMG, "--perturb", "linf:0.1", "--label", "10")
    code, out, err = run("solve", MLP, "--image", IMG, "--perturb", "linf:0.1", "--label=-1")
    check("a negative label", code in (2, 3) and out == "" and "label -1" in err, (code, err))
    bad(2, "out.xyz", "compile", MLP, *ASK, "--always-write", "-o", p("out.xyz"))
    good(0, "solve", MLP, "--image=" + IMG, "--label=8", "--perturb=linf:0.01")


# ---- files that are not there, not whole, or not what they should be ----
def files():
    bad(5, "gone.onnx", "solve", p("gone.onnx"), *ASK)
    bad(5, "gone.onnx", "inspect", p("gone.onnx"))
    bad(5, "gone.idx", "eval", MLP, "--image", p("gone.idx"))
    bad(5, "gone.idx", "solve", MLP, "--image", p("gone.idx") + ":3", "--label", "1", "--perturb", "free")
    bad(5, "gone.vnnlib", "solve", MLP, p("gone.vnnlib"))
    bad(5, "gone.map.json", "decode", p("gone.map.json"), MLP)
    bad(5, "gone.lab", "solve", MLP, "--image", IMG, "--perturb", "free", "--labels", p("gone.lab"))
    for verb, args in (("inspect", [TMP]), ("eval", [TMP, "--image", IMG]), ("eval", [MLP, "--image", TMP]), ("solve", [MLP, TMP]),
                       ("decode", [TMP, TMP])):
        bad(5, TMP, verb, *args, name="%s of a folder" % verb)
    empty = put("empty", b"")
    bad(3, "empty", "inspect", empty)
    bad(3, "empty", "eval", MLP, "--image", empty)
    bad(3, "empty", "decode", empty, empty)
    bad(3, "empty", "solve", MLP, "--image", IMG, "--perturb", "free", "--labels", empty)
    for name in ("empty.csv", "empty.png", "empty.npy", "empty.vnnlib", "empty.gz"):
        put(name, b"")
    bad(3, "empty.csv", "eval", MLP, "--image", p("empty.csv"))
    bad(3, "empty.npy", "eval", MLP, "--image", p("empty.npy"))
    code, out, err = run("solve", MLP, p("empty.vnnlib"))
    check("an empty question is no proof", code in (2, 3, 4) and out == "" and "empty.vnnlib" in err, (code, out, err))
    gz = open(IDX, "rb").read()
    for k in (1, 9, 10, 11, 18, 40, len(gz) // 2, len(gz) - 9, len(gz) - 8, len(gz) - 1):
        torn = put("torn.gz", gz[:k])
        code, out, err = run("eval", MLP, "--image", torn + ":0")
        check("torn .gz at %d" % k, code in (3, 5) and out == "" and "torn.gz" in err and err.count("\n") == 1, (code, out, err))
    for k in (15, 40, len(gz) - 6, len(gz) - 2):
        code, out, err = run("eval", MLP, "--image", put("bent.gz", gz[:k] + bytes([gz[k] ^ 0x10]) + gz[k + 1:]) + ":0")
        check("a changed byte %d in .gz" % k, code in (3, 5) and out == "" and "bent.gz" in err, (code, out, err))
    net = gzip.compress(open(MLP, "rb").read())
    good(0, "eval", put("net.onnx.gz", net), "--image", IMG)
    bad(3, "cut.onnx.gz", "eval", put("cut.onnx.gz", net[:-100]), "--image", IMG)
    bad(3, "half.onnx", "eval", put("half.onnx", open(MLP, "rb").read()[:2000]), "--image", IMG)
    bad(3, "text.onnx", "eval", put("text.onnx", "a network, really\n"), "--image", IMG)
    bad(3, "brace.json", "eval", put("brace.json", "{"), "--image", IMG)
    bad(3, "twice.json", "eval", put("twice.json", '{"netmip":"network","netmip":"network"}'), "--image", IMG)
    bad(3, "tail.json", "eval", put("tail.json", open(XOR).read() + "x"), "--image", POINT)
    bad(3, "member", "eval", put("odd.json", open(XOR).read().replace('"layers"', '"extra": 1, "layers"')), "--image", POINT)
    bad(3, "index 500000", "eval", MLP, "--image", IDX + ":500000")
    bad(3, "range", "eval", MLP, "--image", IDX + ":1000000000000")
    bad(3, "24x24", "eval", MLP, "--image", put("24x24.csv", ",".join(["0"] * 576)))
    bad(3, "short.csv", "eval", MLP, "--image", put("short.csv", "1,2,3"))
    bad(3, "word.csv", "eval", MLP, "--image", put("word.csv", "1,x,3"))
    bad(3, "nan.csv", "eval", XOR, "--image", put("nan.csv", "nan,1"))
    bad(3, "rows.csv", "eval", XOR, "--image", put("rows.csv", "1,2\n3,4\n") + ":2")
    bad(3, "one.pgm", "eval", MLP, "--image", put("one.pgm", "P2 1 1 255 7"))
    bad(3, "p9.bin", "eval", MLP, "--image", put("p9.bin", "P9 1 1 255 7"))
    bad(3, "cut.pgm", "eval", MLP, "--image", put("cut.pgm", b"P5 28 28 255\n" + PIX[:-1]))
    bad(4, "deep.pgm", "eval", MLP, "--image", put("deep.pgm", b"P5 28 28 65535\n" + PIX * 2))
    bad(3, "long.pgm", "eval", XOR, "--image", put("long.pgm", "P2 2 1 255 0000001 2 "), name="a PGM number of seven digits is not two numbers")
    huge = b"\0\0\x08\x04" + struct.pack(">4I", *([0xffffffff] * 4))
    code, out, err = run("eval", MLP, "--image", put("huge.idx", huge))
    check("IDX with sizes that overflow: exit 3", code == 3 and out == "", (code, err))
    check("IDX with sizes that overflow: the file is named", "huge.idx" in err, err)
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296), }"
    code, out, err = run("eval", MLP, "--image", put("huge.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()))
    check("NPY with sizes that overflow: exit 3", code == 3 and out == "", (code, err))
    check("NPY with sizes that overflow: the file is named", "huge.npy" in err, err)
    code, out, err = run("eval", XOR, "--image", put("large.csv", "1e300,-2e300\n"))
    check("outputs beyond float32: an answer or a message, no crash", code in (0, 3) and (code == 0 or err.startswith("netmip: ")), (code, err))
    code, out, err = run("solve", XOR, "--image", p("large.csv"), "--label", "0", "--perturb", "linf:1e290", "--domain=-1e301,1e301", "--time-limit", "2", "--json")
    check("a question of huge numbers: an answer or a message, no crash", code in (0, 3, 4, 10, 11), (code, err))
    bad(4, "float.idx", "eval", MLP, "--image", put("float.idx", b"\0\0\x0d\x03" + struct.pack(">3I", 1, SIDE, SIDE) + bytes(4 * CELLS)))
    bad(3, "trunc.idx", "eval", MLP, "--image", put("trunc.idx", b"\0\0\x08\x03" + struct.pack(">3I", 1, SIDE, SIDE) + PIX[:-1]))
    bad(3, "lab", "solve", MLP, "--image", IMG, "--perturb", "free", "--labels", LABELS + ":100000")
    bad(3, "images", "solve", MLP, "--image", IMG, "--perturb", "free", "--labels", IDX)
    bad(3, "frac.csv", "solve", MLP, "--image", IMG, "--perturb", "free", "--labels", put("frac.csv", "1.5\n"))
    bad(3, "domain", "solve", MLP, *ASK, "--domain", "0,0.1")
    bad(3, "outside", "solve", XOR, "--image", put("out.csv", "1.25,0"), "--label", "0", "--perturb", "linf:0.1")
    good(10, "solve", XOR, "--image", p("out.csv"), "--label", "0", "--perturb", "linf:0.1", "--domain", "-2,2")
    bad(5, "nowhere", "compile", XOR, *XASK, "-o", p("nowhere/x.mps"))
    bad(5, "nowhere", "bounds", XOR, *XASK, "-o", p("nowhere/x.txt"))
    code, out, err = run("solve", XOR, *XASK, "-o", p("new/deeper"))
    check("folders are made, with those that they are in", code == 10 and os.path.exists(p("new/deeper/witness.npy")), (code, out, err))
    bad(5, "Not a directory", "solve", XOR, *XASK, "-o", p("new/deeper/witness.npy/x"))
    os.mkdir(p("folder.mps"))
    bad(5, "folder.mps", "compile", XOR, *XASK, "-o", p("folder.mps"))
    check("nothing is left of a failed rename", not glob.glob(p("folder.mps.*")), glob.glob(p("folder.mps.*")))
    out = put("box.vnnlib", "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)\n"
              "(assert (<= X_0 1))(assert (>= X_0 0))(assert (<= X_1 1))(assert (>= X_1 0))\n(assert (<= Y_0 Y_1))\n")
    good(10, "solve", XOR, out)
    bad(2, "box.vnnlib", "solve", XOR, out, "--image", POINT)
    bad(3, "box.vnnlib", "solve", MLP, out)
    bad(2, "eval", "eval", MLP, "--image", IMG, "ghost")
    bad(3, "bad.vnnlib:2:", "solve", XOR, put("bad.vnnlib", "(declare-const X_0 Real)\n (assert (<= X_0 x))\n"))


# ---- answers ----
def number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


def strict(text):
    """JSON without NaN or infinities and without repeated keys, on one line"""
    def no(x):
        raise ValueError("not a JSON number: " + x)

    def pairs(items):
        assert len(dict(items)) == len(items), "a key is given twice"
        return dict(items)
    return json.loads(text, parse_constant=no, object_pairs_hook=pairs)


SOLVE = {"version", "verdict", "proved_by", "certified", "predicted", "label", "targets", "witness", "objective", "layers", "model", "cpu_seconds", "why"}


def judge_json(name, code, out, n_targets):
    try:
        j = strict(out)
    except (ValueError, AssertionError) as e:
        return check(name + ": JSON", False, "%s in %r" % (e, out[:300])) and None
    check(name + ": ends in one newline", out.endswith("}\n") and out.count("\n") == 1)
    check(name + ": verdict fits the exit code", {"holds": 0, "violated": 10, "unknown": 11}.get(j.get("verdict")) == code, (code, j))
    check(name + ": members", set(j) <= SOLVE, set(j) - SOLVE)
    check(name + ": proved_by", ("proved_by" in j) == (j["verdict"] != "unknown") and
          j.get("proved_by", "tree") in ("evaluation", "bounds", "attack", "tree", "solver"), j.get("proved_by"))
    check(name + ": certified", j.get("certified", False) is (j["verdict"] == "holds" or "objective" in j), j)
    t = j.get("targets", [])
    check(name + ": targets", len(t) == n_targets and all(x["status"] in ("holds", "violated", "unknown") and
          (isinstance(x.get("label"), int) or isinstance(x.get("name"), str)) for x in t), t)
    check(name + ": margins", all(number(x["margin_lo"]) for x in t if "margin_lo" in x), t)
    if j["verdict"] == "holds":
        check(name + ": every target holds", all(x["status"] == "holds" and x.get("by") for x in t), t)
    if j["verdict"] == "violated":
        w = j["witness"]
        check(name + ": a target is violated", any(x["status"] == "violated" for x in t), t)
        check(name + ": the witness", number(w["margin64"]) and w["margin64"] <= 0 and number(w["margin32"]), w)
    check(name + ": layers", all(x["inactive"] + x["active"] + x["unstable"] == x["units"] for x in j.get("layers", [])), j.get("layers"))
    c = j.get("cpu_seconds", {})
    check(name + ": cpu_seconds", set(c) == {"read", "bounds", "attack", "encode", "write", "solver"} and
          all(number(x) and x >= 0 for x in c.values()), c)
    return j


def answers():
    for name, args, code, n in (
            ("holds", [MLP, *ASK], 0, 9),
            ("holds by tree", [MLP, "--image", IDX + ":1", "--labels", LABELS, "--perturb", "linf:0.05", "--bounds", "crown"], 0, 9),
            ("violated by attack", [MLP, "--image", IMG, "--label", "8", "--perturb", "linf:0.1"], 10, 9),
            ("violated by evaluation", [MLP, "--image", IMG, "--label", "3", "--perturb", "linf:0.0"], 10, 9),
            ("violated by tree", [MLP, "--image", IMG, "--label", "8", "--perturb", "linf:0.1", "--no-attack", "--no-branch", "--target", "0"], 10, 1),
            ("violated in a leaf", [MLP, "--image", IMG, "--label", "8", "--perturb", "linf:0.1", "--no-attack", "--target", "0"], 10, 1),
            ("unknown", [MLP, "--image", IDX + ":1", "--label", "0", "--perturb", "linf:0.05", "--no-solve", "--bounds", "crown"], 11, 9),
            ("some targets", [CONV, "--image", IDX + ":2", "--label", "9", "--perturb", "linf:0.02", "--target", "not:1,2"], 0, 7),
            ("worst", [XOR, *XASK, "--objective", "worst"], 10, 1),
            ("margin", [XOR, "--image", POINT, "--label", "0", "--perturb", "linf:0", "--margin", "-0.5"], 0, 1),
            ("guard", [XOR, "--image", POINT, "--label", "0", "--perturb", "linf:0.0", "--guard", "2", "--no-attack"], 11, 1),
            ("own prediction", [MLP, "--image", IMG, "--perturb", "linf:0.01"], 0, 9),
            ("interval", [MLP, *ASK, "--bounds", "interval"], 0, 9)):
        got, out, err = run("solve", *args, "--json")
        if check(name + ": exit code", got == code, (got, out[:300], err)):
            j = judge_json(name, got, out, n)
            if j and name == "own prediction":
                check("own prediction: said so", "prediction 8" in err and j["predicted"] == j["label"] == 8, err)
            if j and name == "violated by tree":
                check("violated by tree: by", j["proved_by"] == "tree" and j["model"]["binaries"] > 0, j)
            if j and name == "violated in a leaf":
                check("violated in a leaf: by", j["proved_by"] == "solver" and "model" not in j, j)
                words = run("solve", *args)[1]
                check("violated in a leaf: in words", words.startswith("violated by the embedded solver\n") and "target 0    violated by the embedded solver\n" in words, words)
            if j and name == "unknown":
                check("unknown: what was left out", "may be decided without --no-solve\n" in err, err)
                code, _, said = run("solve", *args[:-3], "--time-limit", "1e-9", "--bounds", "interval", "--no-branch", "--no-attack")
                check("unknown: the time limit", code == 11 and "the time limit of 1e-09 s was reached" in said and "without --no-branch --no-attack\n" in said, (code, said))
            if j and name == "holds":
                check("holds: no advice", "unknown" not in err, err)
            if j and name == "violated by attack":
                words = run("solve", *args)[1]
                check("violated: no bound beside the witness's margin", re.search(r"target \d +violated by attack\n", words), words)
                check("violated: bounds are called proven", re.search(r"target \d +not examined  proven: margin >= -", words), words)
            if j and name == "holds by tree":
                check("holds by tree: by", j["proved_by"] == "tree", j)
            if j and name == "worst":
                o = j["objective"]
                check("worst: value and bound meet", o["bound"] <= o["value"] <= o["bound"] + 1e-4, o)
                d = j["witness"]["distance"]
                check("worst: distances", d["linf"] <= 0.5 and d["l1"] <= 1 and d["l2"] <= 1 and d["l0"] <= 2, d)
        got2, out2, err2 = run("solve", *args)
        check(name + ": text has the verdict first", got2 == code and
              out2.split(None, 1)[0].rstrip(":") == {0: "holds", 10: "violated", 11: "unknown"}[code], out2[:200])
        got3, out3, err3 = run("solve", *args, "--quiet")
        check(name + ": quiet", got3 == code and err3 == "", err3)
    out = good(10, "solve", XOR, *XASK, "-o", p("answer"), "--json")
    w = json.loads(out)["witness"]
    check("the witness is written", os.path.isfile(w["file"]))
    data = open(w["file"], "rb").read()
    x = struct.unpack("<2d", data[-16:])
    check("the witness lies in the box", all(0 <= v <= 1 for v in x), x)
    y = json.loads(good(0, "eval", XOR, "--image", w["file"], "--json"))["outputs"]["float64"]
    check("the witness replays by eval", abs((y[0] - y[1]) - w["margin64"]) <= 1e-12 and y[0] <= y[1], (y, w))
    good(10, "solve", MLP, "--image", IMG, "--label", "8", "--perturb", "linf:0.1", "-o", p("digits"))
    for f in ("witness.npy", "witness.png", "picture.png"):
        check("written: " + f, os.path.getsize(p("digits/" + f)) > 40)
    check("nothing else is written", sorted(os.listdir(p("digits"))) == ["picture.png", "witness.npy", "witness.png"], os.listdir(p("digits")))
    y = json.loads(good(0, "eval", MLP, "--image", p("digits/witness.npy"), "--json"))
    check("the digit's witness is misclassified", y["predicted"] != 8, y)
    ones = [r.split(",") for r in open(m("facts.csv")).read().splitlines()[1:] if ",outputs," in r]
    for net, image, _, _, _, value, _ in ones:
        path = m(net + ".onnx")
        spec = IDX + ":" + image if net.startswith("digits") else put("fact.csv", image.replace(";", ","))
        j = strict(good(0, "eval", path, "--image", spec, "--json"))
        want = [float(v) for v in value.split()]
        y = j["outputs"]["float64"]
        check("outputs of %s %s" % (net, image), set(j) == {"version", "predicted", "outputs"} and set(j["outputs"]) == {"float64", "float32"} and
              len(y) == len(want) and all(abs(a - b) <= 1e-9 for a, b in zip(y, want)), (y, want))
        check("predicted of %s %s" % (net, image), j["predicted"] == y.index(max(y)))
        check("float32 of %s %s" % (net, image), all(abs(a - b) <= 1e-4 * (1 + abs(b)) and struct.unpack("f", struct.pack("f", a))[0] == a
                                                     for a, b in zip(j["outputs"]["float32"], want)))
        if net.startswith("tiny"):
            check("json and onnx of %s agree" % net, strict(good(0, "eval", m(net + ".json"), "--image", spec, "--json"))["outputs"]["float64"] == y)
    for path in sorted(glob.glob(m("*.onnx")) + [f for f in glob.glob(m("*.json")) if not f.endswith("-query.json")]):
        check("inspect " + os.path.basename(path), re.search(r"opset \d+, \d+ inputs?, \d+ outputs?, \d+ nodes?", good(0, "inspect", path)))
    out = good(0, "bounds", MLP, *ASK, "-o", p("bounds.txt"))
    check("bounds: a line a layer", re.search(r"relu block \d+: 20 units|relu block \d+: \d+ units, \d+ inactive, \d+ active, \d+ unstable", out), out)
    check("bounds: the file", open(p("bounds.txt")).read().startswith("# case 0"))
    for stage in ("net", "program", "query"):
        check("dump " + stage, len(good(0, "solve", MLP, *ASK, "--dump", stage)) > 50)


# ---- compile, decode ----
def fates():
    """a word for each fate of a target, and no witness where nothing is violated"""
    def words(*args):
        code, out, err = run(*args)
        targets = [l[14:].strip() for l in out.splitlines() if l.startswith("  target ")]
        return code, out, [re.match("closed by the incumbent|not examined|[a-z]+", t).group() for t in targets]
    digits = [MLP, "--image", IDX + ":0"]
    code, out, w = words("solve", *digits, "--label", "3", "--perturb", "linf:0.1")
    check("misclassified: the others were not examined", code == 10 and sorted(set(w)) == ["not examined", "violated"] and w.count("violated") == 1, (code, out))
    code, out, w = words("solve", *digits, "--label", "8", "--perturb", "linf:0.05", "--objective", "worst")
    check("worst: closed by the incumbent, none unknown", code == 10 and "closed by the incumbent" in w and "unknown" not in w, (code, out))
    code, out, w = words("compile", *digits, "--label", "8", "--perturb", "linf:0.03", "--bounds", "interval", "-o", p("fate.mps"))
    check("models just written are open", code == 0 and set(w) <= {"open", "holds"} and "open" in w, (code, out))
    code, out, err = run("compile", *digits, "--label", "8", "--perturb", "linf:0.03", "--bounds", "interval", "-o", p("fate.mps"), "--json")
    check("and in JSON", all(t["fate"] == "open" for t in json.loads(out)["targets"] if t["status"] == "unknown"), out)
    code, out, w = words("solve", *digits, "--label", "8", "--perturb", "linf:0.03", "--bounds", "interval", "--no-attack", "--no-branch", "--no-solve")
    check("tried and failed is unknown", code == 11 and "unknown" in w and not {"open", "not examined"} & set(w), (code, out))
    code, out, w = words("solve", *digits, "--label", "8", "--perturb", "linf:0.01", "--objective", "worst")
    check("no witness where the verdict is holds", code == 0 and "worst point found: target" in out and "witness" not in out, (code, out))


def models():
    out = good(0, "compile", XOR, *XASK, "-o", p("one.mps"), "--json")
    j = strict(out)
    check("compile: members", set(j) <= {"version", "layers", "targets", "model", "cpu_seconds"} and {"targets", "model", "cpu_seconds"} <= set(j), set(j))
    check("compile: files", os.path.exists(p("one.mps")) and os.path.exists(p("one.map.json")))
    mp = strict(open(p("one.map.json")).read())
    check("map: hashes", mp["net_sha256"] == hashlib.sha256(open(XOR, "rb").read()).hexdigest() and
          mp["model_sha256"] == hashlib.sha256(open(p("one.mps"), "rb").read()).hexdigest(), mp)
    check("inspect a map", "target" in good(0, "inspect", p("one.map.json")))
    good(0, "compile", MLP, "--image", IMG, "--label", "8", "--perturb", "linf:0.1", "-o", p("many.lp.gz"))
    man = strict(open(p("many.manifest.json")).read())
    opened = [t for t in man["targets"] if "model" in t]
    check("manifest", len(man["targets"]) == 9 and opened and all(os.path.exists(t["model"]) and
          os.path.exists(t["model"].replace(".lp.gz", ".map.json")) for t in opened), man)
    code, out, err = run("compile", MLP, *ASK, "-o", p("closed.mps"))
    check("closed targets: nothing written, said so", code == 0 and not glob.glob(p("closed*")) and "always-write" in err, (code, err))
    cols = mp["columns"]
    marked = "".join("%7d %s %15.8g %22.8g\n" % (k, c, 1, 0) for k, c in enumerate(cols) if c == mp["mark"])
    sol = put("ok.sol", "Infeasible - objective value 0.00000000\n" + marked)
    j = strict(good(0, "decode", p("one.map.json"), sol, "--json"))
    check("decode: holds is the solver's word", j["verdict"] == "holds" and j["proved_by"] == "solver" and j["certified"] is False and
          j["solver"] and j["guard"] >= mp["budget"] > 0 and j["tolerances"] == mp["tolerances"], j)
    check("decode: holds says whose word it is", re.match(r"holds by solver\n  not certified: this is the word of \S+; a guard of \S+ covers ",
                                                          good(0, "decode", p("one.map.json"), sol)))
    for guard in ("0", "1e-12"):
        good(0, "compile", XOR, *XASK, "-o", p("bare.mps"), "--guard", guard)
        bare = strict(open(p("bare.map.json")).read())
        code, out, err = run("decode", p("bare.map.json"), put("bare.sol", "Infeasible - objective value 0\n" + marked.replace(mp["mark"], bare["mark"])))
        check("decode: a guard of %s covers no tolerances" % guard, code == 11 and out.startswith("unknown: ") and "its guard of" in out, (code, out, err))
    bad(6, "header.sol", "decode", p("one.map.json"), put("header.sol", "Infeasible - objective value 0.00000000\n"))
    bad(6, "other.sol", "decode", p("one.map.json"), put("other.sol", "Infeasible - objective value 0.00000000\n" +
                                                         marked.replace(mp["mark"], "mark_000000000000")))
    text = "Optimal - objective value 0.00000000\n" + "".join("%7d %s %15.8g %22.8g\n" % (k, c, 0, 0) for k, c in enumerate(cols))
    code, out, err = run("decode", p("one.map.json"), put("zero.sol", text))
    check("a point that does not replay: exit 6, or violated in truth", code in (6, 10), (code, out, err))
    bad(6, "nocolumn", "decode", p("one.map.json"), put("no.sol", text.replace(cols[0] + " ", "nocolumn ")))
    bad(3, "what.sol", "decode", p("one.map.json"), put("what.sol", "hello\n"))
    bad(3, "cut.sol", "decode", p("one.map.json"), put("cut.sol", text[:-1]))
    code, out, err = run("decode", p("one.map.json"), put("time.sol", "Stopped on time (no integer solution - continuous used) - objective value 1\n" + marked), "--json")
    check("no answer: unknown", code == 11 and judge_json("decode", code, out, 1)["verdict"] == "unknown", (code, out, err))
    shutil.copy(p("one.map.json"), p("moved.map.json"))
    changed = strict(open(p("one.map.json")).read())
    changed["net_sha256"] = "0" * 64
    bad(6, "network", "decode", put("hash.map.json", changed), sol)
    for key in ("columns", "question", "net", "net_sha256", "input_columns", "target", "objective"):
        changed = strict(open(p("one.map.json")).read())
        del changed[key]
        bad(3, key, "decode", put("less.map.json", changed), sol, name="a map without " + key)
    bad(3, "facts.csv", "decode", m("facts.csv"), sol)
    bad(3, "tiny-xor.json", "decode", XOR, sol)
    bad(5, "gone.sol", "decode", p("one.map.json"), p("gone.sol"))


# ---- the same command gives the same bytes ----
def same_bytes():
    def bytes_of(*args):
        r = subprocess.run([NETMIP, *args], capture_output=True, timeout=60)
        return re.sub(rb'"cpu_seconds": \{[^}]*\}|cpu seconds:.*', b"", r.stdout)
    for name, args in (("solve", ["solve", MLP, "--image", IMG, "--label", "8", "--perturb", "linf:0.1", "--json"]),
                       ("solve text", ["solve", XOR, *XASK]),
                       ("solve worst", ["solve", XOR, *XASK, "--objective", "worst", "--json"]),
                       ("solve by tree", ["solve", MLP, "--image", IDX + ":1", "--label", "0", "--perturb", "linf:0.05", "--json"]),
                       ("eval", ["eval", CONV, "--image", IMG, "--json"]),
                       ("bounds", ["bounds", CONV, "--image", IMG, "--label", "8", "--perturb", "linf:0.1"]),
                       ("inspect", ["inspect", CONV])):
        a = bytes_of(*args)
        check("twice the same: " + name, a and a == bytes_of(*args), a[:200])
    for suffix in (".mps", ".lp", ".mps.gz", ".lp.gz"):
        seen = []
        for turn in (0, 1):
            out = p("twice" + suffix)
            for f in glob.glob(p("twice*")):
                os.remove(f)
            run("compile", MLP, "--image", IMG, "--label", "8", "--perturb", "linf:0.05", "-o", out)
            seen.append({f: open(f, "rb").read() for f in sorted(glob.glob(p("twice*")))})
            time.sleep(1.1 if suffix == ".mps.gz" and turn == 0 else 0)
        check("twice the same files: " + suffix, len(seen[0]) > 3 and seen[0] == seen[1], [list(s) for s in seen])
    a, b = {}, {}
    for f in glob.glob(p("twice*")):
        os.remove(f)
    env = dict(os.environ, LC_ALL="de_DE.UTF-8", LANG="de_DE.UTF-8", LC_NUMERIC="de_DE.UTF-8")
    run("compile", XOR, *XASK, "-o", p("twice.mps"))
    a = open(p("twice.mps"), "rb").read()
    subprocess.run([NETMIP, "compile", XOR, *XASK, "-o", p("twice.mps")], env=env, capture_output=True)
    check("the locale changes nothing", open(p("twice.mps"), "rb").read() == a)


# ---- one image in every format ----
def formats():
    scaled = [v / 255 for v in PIX]
    single = struct.pack("<%df" % CELLS, *scaled)
    idx = b"\0\0\x08\x03" + struct.pack(">3I", 1, SIDE, SIDE) + PIX
    files = {"a.idx": idx, "a.idx.gz": gzip.compress(idx), "a.f8.npy": npy(scaled, shape=(1, 1, SIDE, SIDE)),
             "a.flat.npy": npy(scaled), "a.v2.npy": npy(scaled, shape=(SIDE, SIDE), version=2),
             "a.u1.npy": npy(PIX, "|u1", (SIDE, SIDE)), "a.u1.npy.gz": gzip.compress(npy(PIX, "|u1", (SIDE, SIDE))),
             "a.png": png(PIX, SIDE, SIDE), "a.P5.pgm": b"P5 28 28 255\n" + PIX, "a.P5c.pgm": b"P5\n# a comment\n28 28\n255\n" + PIX,
             "a.P2.pgm": "P2\n# of text\n28 28\n255\n" + "\n".join(str(v) for v in PIX) + "\n",
             "a.csv": ",".join(repr(v) for v in scaled) + "\n", "a.semi.csv": "# header\n\n" + "; ".join(repr(v) for v in scaled),
             "a.txt": " ".join(repr(v) for v in scaled), "a.crlf.csv": ",".join(repr(v) for v in scaled) + "\r\n",
             "a.csv.gz": gzip.compress((",".join(repr(v) for v in scaled) + "\n").encode())}
    for net in (MLP, CONV):
        want = json.loads(good(0, "eval", net, "--image", IMG, "--json"))
        for name, data in files.items():
            got = json.loads(good(0, "eval", net, "--image", put(name, data), "--json"))
            check("%s gives the outputs of the IDX" % name, got == want)
        got = json.loads(good(0, "eval", net, "--image", put("a.f4.npy", npy(single, "<f4", (SIDE, SIDE))), "--json"))
        exact = struct.unpack("<%df" % CELLS, single)
        ref = json.loads(good(0, "eval", net, "--image", put("b.csv", ",".join(repr(v) for v in exact)), "--json"))
        check("f4 is taken as it is", got == ref)
        check("f4 is near the bytes", max(abs(a - b) for a, b in zip(got["outputs"]["float64"], want["outputs"]["float64"])) < 1e-5)
        check("f4 is the same in float32", got["outputs"]["float32"] == want["outputs"]["float32"])
    stack = npy(gzip.decompress(open(IDX, "rb").read())[16:16 + CELLS * 5], "|u1", (5, SIDE, SIDE))
    put("stack.npy", stack)
    put("stack.csv", "".join(",".join(repr(v / 255) for v in stack[-5 * CELLS:][k * CELLS:k * CELLS + CELLS]) + "\n" for k in range(5)))
    for k in range(5):
        want = json.loads(run("eval", MLP, "--image", "%s:%d" % (IDX, k), "--json")[1])
        check("npy index %d" % k, json.loads(run("eval", MLP, "--image", p("stack.npy:%d" % k), "--json")[1]) == want)
        check("csv index %d" % k, json.loads(run("eval", MLP, "--image", p("stack.csv:%d" % k), "--json")[1]) == want)
    bad(3, "stack.npy", "eval", MLP, "--image", p("stack.npy:5"))
    shutil.copy(p("a.png"), p("odd:3"))
    check("a file whose name ends like an index", json.loads(good(0, "eval", MLP, "--image", p("odd:3"), "--json"))["predicted"] == 8)
    bad(3, "a.f8.npy", "eval", MLP, "--image", put("a.f8.npy", npy([float("nan")] + scaled[1:])))
    good(0, "eval", MLP, "--image", put("f.npy", npy(scaled).replace(b"False", b"True ")))
    bad(3, "g.npy", "eval", MLP, "--image", put("g.npy", npy(scaled).replace(b"False", b"Maybe")))
    bad(3, "c.npy", "eval", MLP, "--image", put("c.npy", npy(bytes(8 * CELLS), "<c8", (CELLS,))))
    bad(3, "crc.png", "eval", MLP, "--image", put("crc.png", png(PIX, SIDE, SIDE)[:-30] + b"xx" + png(PIX, SIDE, SIDE)[-28:]), name="a PNG with a wrong checksum")


# ---- devices, signals, limits ----
def devices():
    if os.path.exists("/dev/full"):
        for args in (["eval", MLP, "--image", IMG], ["eval", MLP, "--image", IMG, "--json"], ["solve", MLP, *ASK], ["solve", MLP, *ASK, "--json"],
                     ["inspect", MLP], ["--help"], ["bounds", MLP, *ASK], ["compile", XOR, *XASK, "-o", p("full.mps")]):
            with open("/dev/full", "wb") as full:
                r = subprocess.run([NETMIP, *args], stdout=full, stderr=subprocess.PIPE, timeout=20)
            check("stdout full: " + args[0], r.returncode == 5 and b"netmip: " in r.stderr, (r.returncode, r.stderr))
    r = subprocess.Popen([NETMIP, "inspect", CONV], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    r.stdout.close()
    err = r.stderr.read()
    r.stderr.close()
    check("a closed pipe: exit 5 or all was said, no signal", r.wait(10) in (0, 5), (r.returncode, err))

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    os.mkdir(p("quota"))
    for suffix in (".mps", ".lp", ".mps.gz"):
        r = subprocess.run([NETMIP, "compile", MLP, "--image", IMG, "--label", "8", "--perturb", "linf:0.2", "-o", p("quota/q" + suffix)],
                           capture_output=True, preexec_fn=small, timeout=20)
        check("no room for %s: exit 5, named, nothing left" % suffix, r.returncode == 5 and b"q-t" in r.stderr and not os.listdir(p("quota")),
              (r.returncode, r.stderr, os.listdir(p("quota"))))


def signals():
    hard = [POOL, "--image", IDX + ":1", "--label", "0", "--perturb", "linf:0.09", "--target", "8", "--objective", "worst", "--no-attack",
            "--no-branch", "--bounds", "crown", "--no-evaluate"]
    for name, sig, group, wait in (("SIGINT", signal.SIGINT, False, 1.0), ("SIGINT to all", signal.SIGINT, True, 1.0), ("SIGTERM", signal.SIGTERM, False, 0.7)):
        r = start("solve", *hard, "--json")
        time.sleep(wait)
        if not check(name + ": the question takes longer", r.poll() is None):
            continue
        at = time.time()
        (os.killpg if group else os.kill)(r.pid, sig)
        try:
            out, err = r.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(r.pid, signal.SIGKILL)
            check(name + ": answers within 3 s", False)
            continue
        check(name + ": answers within 3 s", time.time() - at < 3, time.time() - at)
        check(name + ": exit 11", r.returncode == 11, (r.returncode, out, err))
        j = judge_json(name, r.returncode, out.decode(), 1)
        check(name + ": says so", j and "interrupt" in j.get("why", ""), j)
        try:
            os.killpg(r.pid, 0)
            left = True
        except ProcessLookupError:
            left = False
        check(name + ": no child is left", not left)
    r = start("solve", *hard, "-o", p("stopped"))
    time.sleep(0.5)
    os.kill(r.pid, signal.SIGINT)
    out, err = r.communicate(timeout=10)
    check("SIGINT: text output", r.returncode == 11 and out.startswith(b"unknown"), (r.returncode, out))
    for way in (("--bounds", "mip"), ("--bounds", "mip", "--threads", "2"), ("--split", "4", "--threads", "2"), ("--encoding", "hull", "--no-branch", "--no-split")):
        at = time.time()
        code, out, err = run("solve", *hard[:7], "--no-attack", "--no-evaluate", "--time-limit", "0.5", *way)
        check("the limit holds in %s" % " ".join(way), time.time() - at <= 3 and code == 11, (time.time() - at, code, err))
    for limit in (0.3, 1, 2.5):
        at = time.time()
        code, out, err = run("solve", *hard, "--time-limit", str(limit), "--json")
        took = time.time() - at
        check("time limit %g is obeyed" % limit, took <= 1.2 * limit + 2, took)
        check("time limit %g: unknown" % limit, code == 11, (code, out))
        if code == 11:
            judge_json("time limit %g" % limit, code, out, 1)
    at = time.time()
    code, out, err = run("solve", CONV, "--image", IDX + ":1", "--label", "0", "--perturb", "linf:0.1", "--no-attack", "--time-limit", "1", "--json")
    check("time limit over many targets", time.time() - at <= 3.2 and code in (0, 10, 11), (time.time() - at, code))


def wrong():
    """usage errors name all that is missing, and what was given in its place"""
    onnx, vnnlib, plan = m("tiny-xor.onnx"), m("tiny-xor.vnnlib"), m("surrogate-plan.lp")
    run("compile", XOR, *XASK, "--always-write", "-o", p("w.mps"), "--quiet")
    for args, want in ((("embed",), "one network was expected, but no file is given"), (("embed", onnx, plan), "one network was expected, but 2 files are given"),
                       (("embed", onnx), "--into MODEL.mps or MODEL.lp; --inputs with a column for each input; --outputs with a column for each output; -o OUT"),
                       (("embed", onnx, "--into", plan, "--outputs", "z"), "netmip embed: --inputs with a column for each input; -o OUT.mps[.gz] or OUT.lp[.gz] was expected"),
                       (("decode",), "a map with its solution was expected, but no file is given"), (("decode", p("w.map.json")), "but 1 file is given"),
                       (("decode", p("w.map.json"), p("w.mps")), p("w.mps") + " is the model itself: let a solver solve it"), (("decode", p("w.mps"), p("w.map.json")), "is the model itself"),
                       (("decode", p("w.map.json"), put("w.png", png(bytes(4), 2, 2))), "w.png: a PNG picture; a solution file was expected"),
                       (("decode", p("w.map.json"), onnx), "a solution file was expected"),
                       (("verify",), "one query, beside the networks of --network, was expected, but no file is given"), (("verify", vnnlib), "--network NAME=FILE was expected"),
                       (("verify", "--network", onnx), "one query, beside the networks of --network, was expected"), (("verify", vnnlib, onnx), onnx + ": one query was expected; networks are given by --network"),
                       (("verify", vnnlib, "--query", vnnlib, "--network", onnx), vnnlib + ": one query was expected"), (("verify", vnnlib, "--network", "=" + onnx), "NAME=FILE, or FILE alone")):
        code, out, err = run(*args)
        check("wrong: " + " ".join(os.path.basename(a) for a in args), code == (3 if "a solution file was" in want else 2) and out == "" and want in err, (code, err))


def leads():
    """compile names what decode reads: the manifest of several models, the map of one, and nothing else"""
    ask = [MLP, *ASK[:-1], "linf:0.1", "--quiet"]
    for more, name, other in ((["--target", "1"], "one.map.json", "manifest"), (["--target", "1,2"], "two.manifest.json", "two.map.json"), (["--target", "1", "--split", "1"], "cut.manifest.json", "cut.map.json")):
        at = p(name.split(".")[0] + ".mps.gz")
        code, out, err = run("compile", *ask, *more, "-o", at)
        check("compile names " + name, code == 0 and "\n  written: %s" % p(name) in out and "netmip decode %s SOLUTION" % p(name) in out and other not in out and os.path.exists(p(name)), out)
        check("compile --json is JSON", json.loads(run("compile", *ask, *more, "-o", at, "--json")[1])["targets"], "")
    code, out, err = run("compile", MLP, *ASK, "--quiet", "-o", p("closed.mps"))
    check("compile: nothing is written, and nothing named", code == 0 and "written" not in out, out)


def described():
    """inspect says of every kind of file what it is"""
    run("compile", MLP, *ASK[:-1], "linf:0.1", "--split", "1", "--quiet", "-o", p("d.mps"))
    run("batch", MLP, "--images", IDX, "--perturb", "linf:0", "--range", "0:2", "--quiet", "--dir", p("d-batch"))
    for ending in ("csv", "json"):
        run("bounds", XOR, *XASK, "--quiet", "-o", p("d." + ending))
    run("solve", XOR, "--image", POINT, "--label", "0", "--perturb", "linf:0.01", "--proof", p("d.proof"), "--quiet")
    grey = bytes(range(10, 34))
    cases = ((p("d.manifest.json"), "manifest of models that netmip compile wrote; netmip decode"), (put("d.png", png(grey, 6, 4)), "a PNG picture, 4 rows, 6 columns, 1 channel, bytes from 10 to 33"),
             (put("c.png", png(grey, 2, 4, 3)), "4 rows, 2 columns, 3 channels, bytes from 10 to 33"), (put("d.pgm", b"P5 6 4 255\n" + grey), "a PGM or PPM picture, 4 rows, 6 columns"),
             (IDX, "IDX, 200 images of [28,28]"), (LABELS, "IDX, 200 labels, numbers from 0 to 9"), (put("d.npy", npy(grey, "|u1", (4, 6))), "of shape [4,6], type u1, bytes from 10 to 33"),
             (put("f.npy", npy([-1.5, 2, 0.25])), "of shape [3], type f8, values from -1.5 to 2"), (put("l.npy", npy(bytes([7] + [0] * 7), "<i8", (1,))), "type i8, values from 7 to 7"),
             (put("d.bin", (b"\3" + b"\x05" * 3071 + b"\x09") * 2), "CIFAR-10, 2 images of [3,32,32]"), (put("num.csv", "1,2,3\n-4,5,6\n"), "2 lines of numbers, 3 in the first, its values from 1 to 3"),
             (p("d.csv"), "a table of"), (p("d-batch", "results.csv"), "a table of 2 lines, with the columns sample,label"), (p("d.json"), "--known-bounds reads them"),
             (p("d-batch", "campaign.json"), "netmip batch --status and --join"), (p("d-batch", "records", "000001.json"), "one sample of a campaign"), (m("suite/spec.json"), "netmip suite reads it"), (p("d.proof"), "a certificate; netmip check"))
    for path, want in cases:
        for f in (path, put(os.path.basename(path) + ".gz", gzip.compress(open(path, "rb").read()))) if not path.endswith(".gz") else (path,):
            code, out, err = run("inspect", f)
            check("inspect " + os.path.basename(f), code == 0 and want in out and out.startswith(f) and err == "", (code, out, err))
        code, out, err = run("inspect", path, "--json")
        check("inspect --json " + os.path.basename(path), code == 2 and out == "" and ("shown as text" in err or "JSON already" in err), (code, out, err))
    out = run("inspect", p("d.manifest.json"))[1]
    listed = json.load(open(p("d.manifest.json")))["targets"]
    check("a manifest: its targets and models", all(re.search(r"^target %s +%s" % (t["target"], t["status"]), out, re.M) for t in listed)
          and all(c["model"] in out for t in listed for c in t.get("cubes", [])) and "branch 1: " in out, out)


def torn():
    """a file that is cut or damaged is malformed, exit code 3, whatever it is and however it is packed"""

    xor = open(XOR, "rb").read()
    onnx = open(m("tiny-xor.onnx"), "rb").read()
    npz = open(m("digits-res.npz"), "rb").read()
    mat = open(m("digits-pool.mat"), "rb").read()
    run("compile", XOR, *XASK, "--always-write", "-o", p("torn.mps"), "--quiet")
    mps = open(p("torn.mps"), "rb").read()
    image = png(bytes(range(4)) * 196, 28, 28)
    array = npy([0.5] * 784)
    idx = gzip.decompress(open(IDX, "rb").read())
    for name, data, way in (("n.json", xor, ["inspect"]), ("n.onnx", onnx, ["inspect"]), ("a.npz", npz, ["inspect"]), ("a.mat", mat, ["inspect"]), ("m.mps", mps, ["inspect"]),
                            ("p.png", image, ["eval", MLP, "--image"]), ("p.npy", array, ["eval", MLP, "--image"]), ("p.idx", idx, ["eval", MLP, "--image"]),
                            ("list.idx", idx, ["batch", MLP, "--perturb", "linf:0", "--dir", p("torn-batch"), "--images"])):
        whole = gzip.compress(data, mtime=0)
        code, out, err = run(*way, put(name + ".gz", whole), "--quiet")
        check("whole, packed: " + name, code == 0, (code, err))
        broken = whole[:len(whole) // 2] + bytes(b ^ 0x55 for b in whole[len(whole) // 2:len(whole) // 2 + 8]) + whole[len(whole) // 2 + 8:]
        for how, is_plain, cut in (("cut", True, data[:2 * len(data) // 3]), ("packed and cut", False, whole[:2 * len(whole) // 3]), ("without its end", False, whole[:-3]),
                                   ("damaged", False, broken), ("with another checksum", False, whole[:-8] + bytes(4) + whole[-4:]), ("not gzip", False, whole[:10] + b"\xff" * 40)):
            code, out, err = run(*way, put("torn-" + name + ("" if is_plain else ".gz"), cut), "--quiet")
            check("%s %s" % (name, how), code == 3 and out == "" and "torn-" + name in err and (is_plain or "gzip stream" in err) and "<fd" not in err, (code, err))


def leftovers():
    odd = [f for f in glob.glob(p("**"), recursive=True) if re.search(r"\.[A-Za-z0-9]{6}$", f) and os.path.isfile(f)
           and not re.search(r"\.(vnnlib)$", f)]
    check("no temporary files are left", not odd, odd)


def left_from_before():
    """compile leaves no model of an earlier question under the name that it is given; a reader that stops early is no error"""
    ask = ["compile", m("digits-mlp.onnx"), "--image", m("digits-test-images.idx3.gz") + ":0", "--target", "9", "-o", p("st.mps"), "--quiet", "--perturb"]
    files = lambda: sorted(f for f in os.listdir(p("")) if f.startswith("st."))
    run(*ask, "linf:0.04", "--always-write")
    check("a model and its map", files() == ["st.map.json", "st.mps"], files())
    code, out, err = run(*ask, "linf:0.0001")
    check("nothing of the earlier question is left", code == 0 and files() == [], (code, files(), err))
    r = subprocess.run("'%s' batch --help | head -1" % NETMIP, shell=True, capture_output=True, text=True)
    check("help into head says nothing on stderr", r.stderr == "" and r.stdout.startswith("netmip batch"), r)


parts(left_from_before, usage, files, answers, fates, models, same_bytes, formats, devices, signals, leftovers, torn, wrong, leads, described)
