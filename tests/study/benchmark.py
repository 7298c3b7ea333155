#!/usr/bin/env python3
"""netmip batch --instances: a small benchmark in the VNN competition's layout: rows with and without a header, .gz, limits, known
answers and contradictions, counterexamples, joined and killed runs, other files refused; report and compare; and a selection of the
truth pack, where it is."""
import csv, gzip, json, os, re, shutil, signal, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import SHARED, check, m, p, parts, put, run, skip, text_of

XOR = """(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
(assert (and (>= X_0 %s) (<= X_0 %s)))
(assert (and (>= X_1 %s) (<= X_1 %s)))
(assert (%s Y_0 Y_1))
"""
SAT, UNSAT = ("0.15", "0.35", "0.65", "0.85", ">="), ("0.1", "0.2", "0.8", "0.9", ">=")
ROWS = [("onnx/tiny-xor.onnx", "vnnlib/sat.vnnlib", 60), ("./onnx/tiny-xor.onnx", "vnnlib/unsat.vnnlib", 30), ("nnet/tiny-xor.nnet", "vnnlib/sat.vnnlib", 2.5)]
WANT = ["violated", "holds", "violated"]


def batch(*args, **more):
    return run("batch", *args, "--quiet", **more)


def folder():
    """a benchmark of three rows, one file packed"""
    for d in ("bench/onnx", "bench/vnnlib", "bench/nnet"):
        os.makedirs(p(d), exist_ok=True)
    with open(m("tiny-xor.onnx"), "rb") as f:
        put("bench/onnx/tiny-xor.onnx.gz", gzip.compress(f.read()))
    shutil.copy(m("tiny-xor.nnet"), p("bench/nnet"))
    put("bench/vnnlib/sat.vnnlib", XOR % SAT)
    put("bench/vnnlib/unsat.vnnlib", XOR % UNSAT)
    return put("bench/instances.csv", "".join("%s,%s,%s\n" % r for r in ROWS))


def records(name):
    return [json.load(open(p(name, "records", f))) for f in sorted(os.listdir(p(name, "records"))) if f.endswith(".json")]


def results(name):
    return list(csv.DictReader(open(p(name, "results.csv"))))


def plain():
    """every row by its own files; counterexamples as the competition's checker takes them apart"""
    code, out, err = batch("--instances", folder(), "--dir", p("plain"))
    got = records("plain")
    check("three rows", code == 0 and [r["verdict"] for r in got] == WANT and out.startswith("3 instances (0:3): 2 sat, 1 unsat, 0 unknown, 0 errors\n"), (code, out, err))
    check("rows say what they are", [(r["network"], r["property"], r["time_limit"]) for r in got] == ROWS, got)
    check("a row each of results.csv", [(r["network"], r["property"], r["result"], r["expected"], r["score"]) for r in results("plain")] == [
        (n, v, {"holds": "unsat", "violated": "sat"}[w], "", "") for (n, v, t), w in zip(ROWS, WANT)], results("plain"))
    check("none is known", "known answers" not in out and not os.path.exists(p("plain/expected.csv")), out)
    for r in got:
        if r["verdict"] != "violated":
            check("no witness", "witness" not in r, r)
            continue
        text = text_of(p("plain", r["witness"])).replace("\n", " ").strip()
        point = {}
        for part in text[1:-1].split(")"):  # as counterexamples are read there
            if part.strip():
                name, value = part.strip()[1:].split(" ")
                point[name] = float(value)
        inside = 0.15 <= point["X_0"] <= 0.35 and 0.65 <= point["X_1"] <= 0.85
        check("a counterexample", text[0] == "(" and text[-1] == ")" and list(point) == ["X_0", "X_1", "Y_0", "Y_1"] and inside and point["Y_0"] >= point["Y_1"], text)
        put("x.csv", "%r,%r" % (point["X_0"], point["X_1"]))
        y = json.loads(run("eval", m("tiny-xor.onnx"), "--image", p("x.csv"), "--json")[1])["outputs"]["float64"]
        check("its outputs", max(abs(a - point["Y_%d" % k]) for k, a in enumerate(y)) <= 1e-6, (y, point))
    stamp = os.stat(p("plain/records/000001.json")).st_mtime_ns
    code, out, err = batch("--instances", p("bench/instances.csv"), "--dir", p("plain"), "--json")
    check("nothing is done twice", code == 0 and os.stat(p("plain/records/000001.json")).st_mtime_ns == stamp, err)
    s = json.loads(out)
    check("the summary", (s["samples"], s["violated"], s["holds"], s["known"], s["wrong"]) == (3, 2, 1, 0, []) and [(n["network"], n["sat"], n["unsat"]) for n in s["networks"]] == [
        ("onnx/tiny-xor.onnx", 1, 0), ("./onnx/tiny-xor.onnx", 0, 1), ("nnet/tiny-xor.nnet", 1, 0)], s)


def known():
    """answers from a column, from a file, later by --join; a contradiction is exit code 6, and named"""
    table = put("bench/table.csv", "id,ONNX,vnnlib,note,timeout,expected\n" + "".join('%d,%s,%s,"a, ""note""",%s,%s\n' % (k, *ROWS[k], e) for k, e in enumerate(("sat", "holds", "unknown"))))
    code, out, err = batch("--instances", table, "--dir", p("column"))
    check("a column of known answers", code == 0 and "known answers: 2; contradicted by what was found: 0" in out and [r["score"] for r in results("column")] == ["right", "right", ""], (code, out, err))
    answers = put("answers.csv", "network,property,expected\nonnx/tiny-xor.onnx.gz,./vnnlib/unsat.vnnlib,sat\nonnx/tiny-xor.onnx,vnnlib/sat.vnnlib,sat\n")
    code, out, err = batch("--instances", p("bench/instances.csv"), "--expected", answers, "--dir", p("wrong"))
    check("a contradiction", code == 6 and "known answers: 2; contradicted by what was found: 1" in out and "instance 1, ./onnx/tiny-xor.onnx with vnnlib/unsat.vnnlib: unsat, but the known answer is sat" in err, (code, out, err))
    check("it is in the table", [r["score"] for r in results("wrong")] == ["right", "wrong", ""], results("wrong"))
    code, out, err = batch("--join", p("plain"), "--expected", answers, "--json")
    check("answers that come later", code == 6 and [w["sample"] for w in json.loads(out)["wrong"]] == [1], (code, out, err))
    code, out, err = batch("--join", p("plain"))
    check("they stay", code == 6, (code, err))
    os.remove(p("plain/expected.csv"))
    check("or not", batch("--join", p("plain"))[0] == 0)
    for name, text, want in (("two answers", "network,property,expected\na,b,sat\n./a.gz,b,unsat\n", "two.csv:3:1: another row gives another answer"),
                             ("no header", "a,b,sat\n", "a header with network, property and expected"), ("others", "network,property,expected\na,b,sat\n", "knows the answer of no instance")):
        code, out, err = batch("--instances", p("bench/instances.csv"), "--expected", put("two.csv", text), "--dir", p("never"))
        check("refused: " + name, code == 3 and want in err and not os.path.exists(p("never")), (code, err))


def limits():
    """a row's time is the lesser of its own and --time-limit; an error is one of its row"""
    code, out, err = batch("--instances", folder(), "--time-limit", "10", "--dir", p("limits"), "--workers", "2")
    check("limits", code == 0 and [r["time_limit"] for r in records("limits")] == [10, 10, 2.5], (code, err))
    put("bench/vnnlib/bad.vnnlib", "(declare-const X_0 Real)\n(assert (>= X_0 \n")
    put("bench/some.csv", "onnx/tiny-xor.onnx,vnnlib/bad.vnnlib,5\nonnx/tiny-xor.onnx,vnnlib/unsat.vnnlib,5\n")
    code, out, err = batch("--instances", p("bench/some.csv"), "--dir", p("errors"))
    got = records("errors")
    check("an error of a row", code == 3 and [r["verdict"] for r in got] == ["error", "holds"] and got[0]["property"] == "vnnlib/bad.vnnlib" and [r["result"] for r in results("errors")] == ["error", "unsat"], (code, err, got))
    hard = put("bench/hard.csv", "%s,%s,1e-3\n" % (m("digits-conv.onnx"), put("hard.vnnlib", digits())))
    code, out, err = batch("--instances", hard, "--root", "/", "--no-attack", "--no-evaluate", "--dir", p("hard"))
    late = {**json.load(open(p("limits/records/000000.json"))), "wall_seconds": 12.1}
    put("limits/records/000000.json", late)
    j = json.loads(batch("--join", p("limits"), "--json")[1])
    check("a late answer is not solved", [(n["solved"], n["sat"], n["late"]) for n in j["networks"]][0] == (0, 1, 1) and results("limits")[0]["score"] == "late", j)
    put("limits/records/000000.json", {**late, "wall_seconds": 11.9})
    check("an answer is let in until a tenth and a second", json.loads(batch("--join", p("limits"), "--json")[1])["networks"][0]["late"] == 0)
    check("a timeout", code == 0 and results("hard")[0]["result"] == "timeout" and records("hard")[0].get("timed_out"), (code, out, err))


def digits():
    """all images in a cube, for the network of digits: too much for a millisecond"""
    names = ["(declare-const X_%d Real)" % i for i in range(784)] + ["(declare-const Y_%d Real)" % i for i in range(10)]
    box = ["(assert (>= X_%d 0))\n(assert (<= X_%d 1))" % (i, i) for i in range(784)]
    return "\n".join(names + box) + "\n(assert (<= Y_3 -40))\n"


def refused():
    good = ["--instances", folder(), "--dir", p("refused")]
    for name, code, want, args in (("a network beside it", 2, "no network beside --instances", [m("tiny-xor.onnx"), *good]), ("images", 2, "--perturb: goes with images", [*good, "--perturb", "linf:0.1"]),
                                   ("witnesses", 2, "always kept", [*good, "--save-witness"]), ("a sample", 2, "--sample: goes with images", [*good, "--sample", "2"]),
                                   ("--root alone", 2, "--root: goes with --instances", [m("digits-mlp.onnx"), "--root", "x", "--images", "x", "--dir", "x"]), ("no folder", 2, "--dir DIR was expected", good[:2]),
                                   ("no such file", 5, "instances.csv:1:1: ", [*good, "--root", p("nowhere")]), ("out of range", 2, "--range 0:4", [*good, "--range", "0:4"])):
        got, out, err = batch(*args)
        check("refused: " + name, got == code and want in err and out == "", (got, out, err))
    for name, text, code, want in (("one cell", "a.onnx\n", 3, "1:1: a network and a property"), ("a timeout", "onnx/tiny-xor.onnx,vnnlib/sat.vnnlib,0\n", 3, "timeout 0: seconds"), ("no row", "network,property,timeout\n", 3, "no row of an instance"),
                                   ("nothing", "", 3, "is empty"), ("several networks", '"[(""f"",""a.onnx"")]",b.vnnlib,5\n', 4, "several networks")):
        got, out, err = batch("--instances", put("bench/odd.csv", text), "--dir", p("refused"))
        check("refused: " + name, got == code and want in err, (got, err))
    check("nothing was made", not os.path.exists(p("refused")))
    put("bench/vnnlib/unsat.vnnlib", XOR % (*UNSAT[:4], "<="))
    code, out, err = batch("--instances", p("bench/instances.csv"), "--dir", p("plain"))
    check("refused: other files", code == 2 and "the file of --instances was another one" in err, (code, err))
    code, out, err = batch("--join", p("plain"))
    check("refused: to join with other files", code == 2 and "the file of --instances was another one" in err, (code, err))
    folder()


def together():
    """40 rows: joined, killed, in chunks; the same records as one run's"""
    rows = [ROWS[k % 3] for k in range(40)]
    instances = put("bench/many.csv", "".join("%s,%s,%s\n" % r for r in rows))
    check("one run", batch("--instances", instances, "--dir", p("one"))[0] == 0)
    want = [{k: v for k, v in r.items() if not k.endswith("_seconds")} for r in records("one")]
    jobs = p("jobs")
    code, out, err = batch("--instances", instances, "--dir", p("many"), "--jobs-file", jobs, "--chunk", "7")
    lines = text_of(jobs).splitlines()
    check("chunks", code == 0 and len(lines) == 6 and " --range 35:40" in lines[-1], (code, out, err))
    for line in lines[1:3]:
        r = kit.start("batch", *line.split(" batch ")[1].split(), "--quiet")
        time.sleep(0.03)
        r.send_signal(signal.SIGKILL)
        r.wait()
    runs = [kit.start("batch", "--join", p("many"), "--quiet") for _ in range(3)]
    check("three that join", [r.wait(60) for r in runs] == [0, 0, 0])
    check("the same records", [{k: v for k, v in r.items() if not k.endswith("_seconds")} for r in records("many")] == want)
    check("one of them wrote tables", len(results("many")) == 40)
    j = json.loads(run("batch", "--status", p("many"), "--json")[1])
    check("its status", (j["samples"], j["done"], j["violated"]) == (40, 40, sum(r["verdict"] == "violated" for r in want)), j)
    os.rename(p("bench"), p("bench2"))
    code, out, err = batch("--join", p("many"))
    check("without its files", code == 5 and "bench/many.csv" in err, (code, err))
    os.rename(p("bench2"), p("bench"))


def shown():
    """report and compare"""
    code, out, err = run("report", p("wrong"), p("limits"), "-o", p("page.html"))
    page = text_of(p("page.html"))
    check("a page", code == 0 and "Of 3 instances of bench, 2 have a counterexample (sat), 1 have none (unsat), and 0 are unknown. Known answers that are contradicted: 1 of 2." in page and "By network" in page and "All instances" in page and
          "test error is" not in page, (code, err))
    code, out, err = run("report", p("wrong"), p("errors"), "-o", p("page.html"))
    check("other benchmarks on one page are not paired", code == 0 and "Side by side" not in text_of(p("page.html")), (code, err))
    code, out, err = run("compare", p("plain"), p("limits"), "--json")
    j = json.loads(out) if code == 0 else {}
    check("compared", code == 0 and j["pairs"][0]["samples"] == 3 and j["changes"] == [] and j["campaigns"][0]["error_at_least_percent"] is None, (code, err, j))
    shutil.copytree(p("plain"), p("lie"))
    r = json.load(open(p("lie/records/000000.json")))
    json.dump({**r, "verdict": "holds"}, open(p("lie/records/000000.json"), "w"))
    code, out, err = run("compare", p("plain"), p("lie"), "--json")
    j = json.loads(out)
    check("contradictions between campaigns", code == 6 and j["changes"] == [{"sample": 0, "network": ROWS[0][0], "property": ROWS[0][1], "verdicts": ["violated", "holds"]}], (code, j["changes"]))
    code, out, err = run("compare", p("plain"), p("errors"))
    check("compare: another benchmark", code == 2 and "their samples are not the same" in err, (code, err))


def truth():
    """a selection of the truth pack: no contradiction, and all easy ones are solved"""
    pack = os.path.join(SHARED, "truth")
    if not os.path.exists(pack + "/manifest.csv"):
        return skip("the truth pack is not here")
    easy = [r for r in csv.DictReader(open(pack + "/manifest.csv")) if r["network"].startswith(("test/", "mnistfc/mnist-net_256x2"))][:12]
    put("easy.csv", "".join("%s,%s,20\n" % (r["network"], r["property"]) for r in easy))
    code, out, err = batch("--instances", p("easy.csv"), "--root", pack, "--expected", pack + "/manifest.csv", "--dir", p("truth"), "--workers", "2", timeout=300)
    got = results("truth")
    check("the truth pack", code == 0 and len(got) == len(easy) and all(r["score"] in ("right", "") for r in got) and sum(r["score"] == "right" for r in got) >= len(easy) - 2, (code, out, err))


parts(plain, known, limits, refused, together, shown, truth)
