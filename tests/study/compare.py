#!/usr/bin/env python3
"""netmip compare: tables against numbers computed anew from the records; verdicts that cannot both be true are an error, and those
that can are none, for sets within each other, margins, domains, labels and optima; formats; folders that are none."""
import csv, io, json, math, os, statistics, sys
import xml.etree.ElementTree as ET

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, m, p, parts, run

MLP3 = m("digits-mlp3.onnx")
DATA = ["--images", m("digits-test-images.idx3.gz"), "--labels", m("digits-test-labels.idx1.gz")]


def campaign(name, flags, rows, effort=(), net="a" * 64, version="0.1.0", asked=None):
    """a folder as batch leaves it, written by hand; rows: sample -> (label, verdict, seconds, more)"""
    folder = p(name)
    os.makedirs(os.path.join(folder, "records"))
    os.makedirs(os.path.join(folder, "asked"))
    open(os.path.join(folder, "asked", "0-%d" % (asked or len(rows))), "w").close()
    place = {"path": "../net.onnx", "absolute": "/nowhere/net.onnx", "sha256": net}
    said = [[{"flag": k, "value": v} for k, v in dict(x).items()] for x in (flags, effort)]
    with open(os.path.join(folder, "campaign.json"), "w") as f:
        json.dump({"netmip": "campaign", "version": 2, "net_sha256": net, "images_sha256": "b" * 64, "labels_sha256": "", "question": " ".join(
            "--%s %s" % kv for kv in dict(flags).items()), "net": place, "images": place, "folder": {"path": "..", "absolute": "/nowhere"},
            "flags": said[0], "effort": said[1], "program": version}, f)
    for n, (label, verdict, seconds, *more) in enumerate(rows):
        with open(os.path.join(folder, "records", "%06d.json" % n), "w") as f:
            r = {"netmip": "record", "version": 1, "sample": n, "label": label, "predicted": label, "verdict": verdict, "unstable": 3, "binaries": 0,
                 "cpu_seconds": seconds / 2, "solver_seconds": 0, "wall_seconds": seconds, **(more[0] if more else {})}
            json.dump({"netmip": "record", "version": 1, "sample": n, "verdict": "error", "code": 3, "why": "as if"} if verdict == "error" else r, f)
    return folder


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def numbers():
    a = [(0, "holds", 1.0), (1, "unknown", 20.0), (2, "violated", 0.5), (3, "holds", 2.0), (4, "error", 0), (5, "unknown", 9.0, {"partial": True})]
    b = [(0, "holds", 0.5), (1, "holds", 5.0), (2, "violated", 1.0), (3, "unknown", 20.0), (4, "holds", 1.0), (5, "holds", 1.0)]
    x = campaign("a", {"perturb": "linf:0.1"}, a, {"time-limit": "20"})
    y = campaign("b", {"perturb": "linf:0.1", "no-attack": ""}, b, {"time-limit": "30"}, version="0.0.9")
    code, out, err = run("compare", x, y, "-o", p("out"))
    check("two campaigns", code == 0 and err == "", (code, err))
    rows = [table(open(p("out", "%s.csv" % name)).read()) for name in ("campaigns", "pairs", "changes", "differences", "contradictions")]
    first, pair = rows[0][0], rows[1][0]
    check("bounds are over the judged", (first["error at least %"], first["error at most %"]) == ("20.00", "60.00"), first)
    check("what is left", first["left"] == "1" and first["errors"] == "1" and first["limit s"] == "20", first)
    both = [(a[i][2], b[i][2]) for i in range(4)]
    mean = lambda t: math.exp(sum(math.log(v + 1) for v in t) / len(t)) - 1
    check("samples of both", pair["samples of both"] == "4" and pair["verdicts changed"] == "2", pair)
    check("who decides", pair["decided by first alone"] == pair["decided by second alone"] == "1", pair)
    check("the median of ratios", float(pair["wall: median ratio"]) == round(statistics.median(v / u for u, v in both), 3), pair)
    check("shifted means", float(pair["wall: ratio of means"]) == round(mean([v for _, v in both]) / mean([u for u, _ in both]), 3), pair)
    half = mean([v / 2 for _, v in both]) / mean([u / 2 for u, _ in both])
    check("CPU seconds, too", float(pair["CPU: ratio of means"]) == round(half, 3), pair)
    check("changes are named", [(r["sample"], r[x], r[y]) for r in rows[2]] == [("1", "unknown", "holds"), ("3", "holds", "unknown"), ("4", "error", "holds")], rows[2])
    check("differences are named", {(r["what"], r[x], r[y]) for r in rows[3]} == {
        ("version of netmip", "0.1.0", "0.0.9"), ("--no-attack", "-", "yes"), ("--time-limit", "20", "30")}, rows[3])
    check("no contradiction", rows[4] == [])
    svg = ET.parse(p("out", "times.svg")).getroot()
    dots = [e.get("d") for e in svg.iter("{http://www.w3.org/2000/svg}path")]
    check("a dot for each sample of both", len(dots) == 1 and dots[0].count("M") == 4, dots)
    for shape, needle in (("csv", "campaign,network,within"), ("md", "| campaign | network |"), ("latex", "\\begin{tabular}{lllrrrr")):
        code, out, err = run("compare", x, y, "--format", shape)
        check("--format " + shape, code == 0 and out.startswith(needle) and "net.onnx" in out and ("\\%" in out) == (shape == "latex"), out)
    code, out, err = run("compare", x, y, "--json")
    j = json.loads(out)
    check("as JSON", code == 0 and j["pairs"][0]["changed"] == 2 and j["campaigns"][0]["time_limit"] == "20", out)


def contradictions():
    lo, hi = [(3, "violated", 1.0)], [(3, "holds", 1.0)]
    cases = [  # (first, its rows, second, its rows, more of the second campaign, contradicts)
        ("the same", {"perturb": "linf:0.1"}, lo, {"perturb": "linf:0.1"}, hi, {}, True),
        ("another method", {"perturb": "linf:0.1", "bounds": "lp"}, lo, {"perturb": "linf:0.1", "encoding": "hull"}, hi, {}, True),
        ("holds in the larger ball", {"perturb": "linf:0.1"}, lo, {"perturb": "linf:1/5"}, hi, {}, True),
        ("holds in the smaller ball", {"perturb": "linf:0.2"}, lo, {"perturb": "linf:0.1"}, hi, {}, False),
        ("another norm", {"perturb": "linf:0.1"}, lo, {"perturb": "l1:0.2"}, hi, {}, False),
        ("another network", {"perturb": "linf:0.1"}, lo, {"perturb": "linf:0.1"}, hi, {"net": "c" * 64}, False),
        ("another label", {"perturb": "linf:0.1"}, lo, {"perturb": "linf:0.1"}, [(4, "holds", 1.0)], {}, False),
        ("a larger margin in the first", {"perturb": "linf:0.1", "margin": "0.5"}, lo, {"perturb": "linf:0.1"}, hi, {}, True),
        ("a larger margin in the second", {"perturb": "linf:0.1"}, lo, {"perturb": "linf:0.1", "margin": "0.5"}, hi, {}, False),
        ("a wider domain in the second", {"perturb": "linf:0.1", "domain": "0,1"}, lo, {"perturb": "linf:0.1", "domain": "-1,1"}, hi, {}, True),
        ("a wider domain in the first", {"perturb": "linf:0.1", "domain": "-1,1"}, lo, {"perturb": "linf:0.1", "domain": "0,1"}, hi, {}, False),
        ("a domain of one alone", {"perturb": "linf:0.1"}, lo, {"perturb": "linf:0.1", "domain": "-9,9"}, hi, {}, False),
        ("sets of files, not hashed alike", {"perturb": "span:g.npy (g.npy aa)"}, lo, {"perturb": "span:g.npy (g.npy bb)"}, hi, {}, False),
        ("images read in another order", {"perturb": "linf:0.1", "channels": "hwc"}, lo, {"perturb": "linf:0.1"}, hi, {}, False)]
    worst = {"perturb": "linf:0.1", "objective": "worst"}
    near = {"perturb": "linf:0.1", "objective": "closest:linf"}
    for name, flags, point, bound, wrong in (("a margin below a bound", worst, {"margin": -1.0}, {"margin_lo": -0.5}, True),
                                             ("a margin above a bound", worst, {"margin": -0.4}, {"margin_lo": -0.5}, False),
                                             ("a distance below a bound", near, {"distance": 0.04}, {"distance_lo": 0.05}, True)):
        cases.append((name, flags, [(3, "violated", 1.0, point)], flags, [(3, "violated", 1.0, bound)], {}, wrong))
    for k, (name, f, r, g, s, more, wrong) in enumerate(cases):
        x, y = campaign("x%d" % k, f, r), campaign("y%d" % k, g, s, **more)
        for pair in ((x, y), (y, x)):
            code, out, err = run("compare", *pair, "--json")
            check("%s: %s" % (name, "contradicts" if wrong else "is none"), code == (6 if wrong else 0) and len(json.loads(out)["contradictions"]) == wrong and
                  ("cannot be true" in err) == wrong, (code, out, err))


def real():
    for e in ("0.02", "0.05"):
        code, out, err = run("batch", MLP3, *DATA, "--perturb", "linf:" + e, "--range", "0:30", "--dir", p("r" + e), "--quiet")
        check("a campaign", code == 0, err)
    code, out, err = run("compare", p("r0.02"), p("r0.05"), p("r0.02"), "--json")
    j = json.loads(out)
    check("campaigns of batch", code == 0 and len(j["pairs"]) == 2 and j["pairs"][1]["changed"] == 0 and j["differences"][0]["what"] == "--perturb", (code, out, err))
    for i, e in enumerate(("0.02", "0.05")):
        s = json.load(open(p("r" + e, "summary.json")))
        check("as in its summary", abs(j["campaigns"][i]["error_at_least_percent"] - 100 * s["adversarial_error_lo"]) <= 1e-12 and
              j["campaigns"][i]["violated"] == s["violated"], j["campaigns"][i])


def sweep():
    """several networks and sets: the campaigns that they would be alone, and one table"""
    ask = ["batch", m("digits-mlp.onnx"), MLP3, *DATA, "--perturb", "linf:0.02", "--perturb", "linf:0.05", "--range", "0:12", "--dir", p("sweep"), "--quiet"]
    code, out, err = run(*ask)
    names = ["digits-mlp-linf0.02", "digits-mlp-linf0.05", "digits-mlp3-linf0.02", "digits-mlp3-linf0.05"]
    rows = table(open(p("sweep/campaigns.csv")).read())
    check("a campaign for each pair", code == 0 and [r["campaign"] for r in rows] == [p("sweep", n) for n in names] and all(n in out for n in names), (code, out, err))
    run("batch", MLP3, *DATA, "--perturb", "linf:0.05", "--range", "0:12", "--dir", p("alone"), "--quiet")
    code, out, err = run("compare", p("alone"), p("sweep", names[3]), "--json")
    j = json.loads(out)
    check("as it would be alone", code == 0 and not j["changes"] and not j["differences"] and j["pairs"][0]["samples"] == 12, out)
    os.remove(p("sweep", names[1], "records", "000003.json"))
    code, out, err = run(*ask)
    check("the same command continues all", code == 0 and os.path.exists(p("sweep", names[1], "records", "000003.json")), err)
    whole = run("compare", *[p("sweep", n) for n in names], "--format", "csv")
    check("its folder stands for all of them", run("compare", p("sweep"), "--format", "csv") == whole and whole[0] == 0, whole)
    code, out, err = run("batch", "--status", p("sweep"))
    check("status of all of them", code == 0 and [line.split(": ")[0] for line in out.split("\n") if "hold" in line] == [p("sweep", n) for n in names], (out, err))
    check("status as JSON: one", run("batch", "--status", p("sweep"), "--json")[0] == 2)
    code, out, err = run("report", p("sweep"), "-o", p("sweep.html"))
    check("a page of all of them", code == 0 and all(p("sweep", n) in open(p("sweep.html")).read() for n in names), err)
    code, out, err = run("compare", p("alone"))
    check("one campaign is too few", code == 2 and "two or more" in err, err)
    for name, needle, args in (("two of one name", "would be called so", [MLP3, MLP3, *DATA, "--perturb", "linf:0.1"]), ("JSON", "compare --json", [*ask[1:-3], "--json"]),
                               ("a cluster", "a campaign at a time", [*ask[1:-3], "--slurm"])):
        code, out, err = run("batch", *args, "--dir", p("no"))
        check("refuse: " + name, code == 2 and out == "" and needle in err, (code, err))


def refused():
    os.makedirs(p("none"))
    for name, code, needle, args in (("one folder", 2, "two or more", [p("a")]), ("no campaign", 5, "campaign.json", [p("a"), p("none")]),
                                     ("two shapes", 2, "--json and --format", [p("a"), p("b"), "--json", "--format", "md"])):
        got, out, err = run("compare", *args)
        check(name, got == code and out == "" and needle in err, (got, err))


parts(numbers, contradictions, real, sweep, refused)
