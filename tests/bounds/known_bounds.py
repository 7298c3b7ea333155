#!/usr/bin/env python3
"""Levels for single layers, bounds in files, and bounds that are known from elsewhere: what they change, and what may be
called certified that rests on them."""
import csv, json, sys, zipfile

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, m, p, parts, put, run, skip

NET, IMAGE = m("digits-mlp3.onnx"), ["--image", m("digits-test-images.idx3.gz") + ":2", "--quiet"]
ASK = [NET, *IMAGE, "--perturb", "linf:0.03"]


def ends(name, *more):
    """{(block, unit): (lo, hi)} as bounds writes them to a file of that name"""
    code, out, err = run("bounds", *ASK, "-o", p(name), *more)
    check("%s is written" % name, code == 0, err)
    if name.endswith(".json"):
        j = json.load(open(p(name)))
        return {(b["block"], i): tuple(map(float, e)) for b in j["cases"][0]["blocks"] for i, e in enumerate(zip(b["lo"], b["hi"]))}
    return {(int(r["block"]), int(r["unit"])): (float(r["lo"]), float(r["hi"])) for r in csv.DictReader(open(p(name)))}


def levels():
    plain, first, both, every = (ends("b%d.csv" % i, "--bounds", b) for i, b in enumerate(("crown", "crown,4:lp", "4:lp,6:mip,crown", "mip")))
    check("lp of block 4 leaves no wider bound", all(first[k][0] >= plain[k][0] and first[k][1] <= plain[k][1] for k in plain))
    check("... and some narrower ones behind it", any(first[k] != plain[k] for k in plain if k[0] > 2))
    check("mip of block 6 is narrower still", any(both[k] != first[k] for k in first if k[0] > 4)
          and all(both[k][0] >= first[k][0] and both[k][1] <= first[k][1] for k in first))
    check("programs for all layers are the narrowest", all(every[k][0] >= both[k][0] - 1e-9 and every[k][1] <= both[k][1] + 1e-9 for k in both))
    for text, words in (("3:lp", "block 3 is not a ReLU block; one of 2, 4, 6"), ("2:crown", "interval, crown, alpha, lp or mip was expected"),
                        ("lp,mip", "interval, crown"), ("2:lp,2:mip", "two levels for block 2"), ("", "interval, crown"), ("2:", "interval, crown"),
                        ("99:lp", "block 99 is not a ReLU block")):
        for verb in ("bounds", "solve"):
            code, out, err = run(verb, *ASK, "--bounds", text)
            check("%s --bounds %r" % (verb, text), code == 2 and words in err, (code, err))
    code, out, err = run("solve", *ASK, "--bounds", "crown,2:lp,4:mip", "--json")
    check("solve with levels", code == 0 and json.loads(out)["certified"] is True, (code, out[:200], err))


def files():
    a, b = ends("a.json", "--bounds", "crown"), ends("a.csv", "--bounds", "crown")
    check("json and csv say the same", a == b and len(a) > 100)
    j = json.load(open(p("a.json")))
    check("what the file is", (j["netmip"], j["version"]) == ("bounds", 1) and len(j["net_sha256"]) == 64)
    lines = run("bounds", *ASK, "--bounds", "crown", "--dump", "bounds")[1].splitlines()[1:]
    check("the same as --dump", [tuple(map(float, l.split()[1:3])) for l in lines] == list(b.values()))
    j = j["cases"][0]["blocks"]
    run("bounds", *ASK, "--bounds", "crown", "-o", p("a.npz"))
    with zipfile.ZipFile(p("a.npz")) as z:
        check("npz: its checksums, dates that never change", z.testzip() is None and {i.date_time[:3] for i in z.infolist()} == {(1980, 1, 1)})
    try:
        import numpy

        z = numpy.load(p("a.npz"))
        check("npz says the same", all(z["case0_block%d_%s" % (k["block"], e)].tolist() == k[e] for k in j for e in ("lo", "hi")) and len(z) == 2 * len(j) + 2)
        check("npz: hashes", str(z["net_sha256"].astype(str)) == json.load(open(p("a.json")))["net_sha256"] and len(bytes(z["query_sha256"])) == 64)
    except ImportError:
        skip("no numpy", 2)
    code, out, err = run("solve", *ASK, "--known-bounds", p("a.npz"))
    check("npz is not read back", code == 3 and "a.npz" in err, (code, err))
    for name in ("a.json", "a.csv"):  # its own bounds, read back, are nothing new
        code, out, err = run("solve", *ASK, "--known-bounds", p(name), "--bounds", "crown", "--json")
        check("%s: nothing is assumed" % name, code == 0 and json.loads(out)["certified"] is True, (code, err))


def assumed():
    ask = [m("tiny-xor.onnx"), m("tiny-xor.vnnlib"), "--quiet"]
    check("violated in truth", run("solve", *ask)[0] == 10)
    run("bounds", *ask, "-o", p("x.csv"))
    rows = list(csv.DictReader(open(p("x.csv"))))
    last = max(int(r["block"]) for r in rows)
    blocks = sorted({int(r["block"]) for r in rows})
    relu = [b for b in blocks if any(r["kind"] == "relu" and int(r["block"]) == b for r in rows)][0]
    false = "case,block,unit,lo,hi\n" + "".join("0,%d,%s,-1,-0.5\n" % (relu - 1, r["unit"]) for r in rows if int(r["block"]) == relu - 1)
    code, out, err = run("solve", *ask, "--known-bounds", put("false.csv", false), "--no-evaluate", "--no-attack", "--json")
    check("false bounds: whatever it says is not certified", code in (0, 10, 11) and (code != 0 or json.loads(out)["certified"] is False), (code, out, err))
    rows_too = "case,block,unit,lo,hi\n0,%d,0,1,2\n" % last
    code, out, err = run("solve", *ask, "--known-bounds", put("rows.csv", rows_too), "--json")
    check("bounds of the question's own rows are not taken", code == 10, (code, err))
    for name, text, code, words in (
            ("no unit", "case,block,unit,lo,hi\n0,%d,999,0,1\n" % (relu - 1), 3, "there is no unit 999"),
            ("no block", "case,block,unit,lo,hi\n0,77,0,0,1\n", 3, "in block 77"),
            ("crossed", "case,block,unit,lo,hi\n0,1,0,2,1\n", 3, "its ends are 2 and 1"),
            ("no header", "0,1,0,0,1\n", 3, 'a header with a column "case"'),
            ("short line", "case,block,unit,lo,hi\n0,1,0,0\n", 3, "5 cells"),
            ("no number", "case,block,unit,lo,hi\n0,1,0,nan,1\n", 3, ":2:"),
            ("negative", "case,block,unit,lo,hi\n0,-1,0,0,1\n", 3, ":2:"),
            ("empty", "", 3, "ends before the header"),
            ("another kind", '{"netmip": "query", "version": 1}', 3, '"netmip": "bounds"'),
            ("an unknown member", '{"netmip": "bounds", "version": 1, "cases": [], "x": 1}', 3, '"x"'),
            ("lengths", '{"netmip": "bounds", "version": 1, "cases": [{"case": 0, "blocks": [{"block": 1, "lo": [0], "hi": []}]}]}', 3, "of one length"),
            ("another network", '{"netmip": "bounds", "version": 1, "net_sha256": "00", "cases": []}', 6, "net_sha256"),
            ("another question", '{"netmip": "bounds", "version": 1, "query_sha256": "00", "cases": []}', 6, "query_sha256")):
        got, out, err = run("solve", *ask, "--known-bounds", put("bad", text))
        check("known bounds: " + name, got == code and words in err, (got, err))
    wide = "case,block,unit,lo,hi\n" + "".join("0,1,%d,-inf,inf\n" % i for i in range(2))
    code, out, err = run("solve", *ask, "--known-bounds", put("wide.csv", wide), "--json")
    check("infinite ends are read and tell nothing", code == 10, (code, err))


def useful():
    """bounds by mixed-integer programs, given to a run that has CROWN alone: they close what it could not"""
    ask = [NET, "--image", m("digits-test-images.idx3.gz") + ":2", "--quiet", "--perturb", "linf:0.045", "--bounds", "crown", "--no-attack", "--no-branch", "--no-split", "--no-solve"]
    alone = json.loads(run("solve", *ask, "--json")[1])
    run("bounds", *ask[:6], "--bounds", "mip", "-o", p("mip.json"))
    code, out, err = run("solve", *ask, "--known-bounds", p("mip.json"), "--json")
    given = json.loads(out)
    better = [b["margin_lo"] > a["margin_lo"] for a, b in zip(alone["targets"], given["targets"])]
    check("margins grow by what is given", all(better) and given.get("certified") in (None, False), (alone, given))


def compiled():
    """what a solver says of a model that rests on such bounds is called assumed by all that is made of it"""
    ask = [NET, "--image", m("digits-test-images.idx3.gz") + ":2", "--quiet", "--perturb", "linf:0.045", "--bounds", "crown"]
    known = p("known.json")
    run("bounds", *ask[:6], "--bounds", "mip", "-o", known)
    one = p("one.json")
    run("bounds", *ask[:6], "--bounds", "mip", "--target", "3", "-o", one)
    targets = {"all": (known,), "cubes": (known, "--split", "2"), "one": (one, "--target", "3")}
    for name, more in targets.items():
        code, out, err = run("compile", *ask, "--always-write", "-o", p(name + ".mps"), "--json", "--known-bounds", *more)
        check(name + ": compile says what it assumes", code == 0 and json.loads(out).get("assumed") == more[0], (code, out, err))
    for name, file in (("all.manifest.json", known), ("cubes.manifest.json", known), ("one.map.json", one)):
        check(name + " says it", json.load(open(p(name)))["assumed"] == file)
    code, out, err = run("decode", p("one.map.json"), put("one.sol", "solution status: infeasible\nno solution available\n"), "--json")
    said = json.loads(out)
    check("and decode", (code, said["certified"], said["assumed"]) == (0, False, one), (code, out, err))
    left = [t["model"] for t in json.load(open(p("all.manifest.json")))["targets"] if "model" in t]
    sols = [put(f.split("/")[-1].replace(".mps", ".sol"), "solution status: infeasible\nno solution available\n") for f in left]
    code, out, err = run("decode", p("all.manifest.json"), *sols, "--json")
    said = json.loads(out)
    check("and of the manifest", (code, said["certified"], said["assumed"]) == (0, False, known), (code, out, err))
    code, out, err = run("compile", *ask, "--target", "3", "--always-write", "-o", p("own.mps"), "--json")
    check("a model of its own bounds assumes nothing",
          code == 0 and "assumed" not in json.loads(out) and "assumed" not in json.load(open(p("own.map.json"))), err)


parts(levels, files, assumed, useful, compiled)
