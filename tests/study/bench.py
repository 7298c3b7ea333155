#!/usr/bin/env python3
"""netmip bench: tables agree with records, solvers agree with known answers, a comparison killed and started again ends whole,
lies are caught with their files kept, plots are whole SVG, refusals."""
import csv, json, math, os, re, shutil, signal, subprocess, sys, time
import xml.etree.ElementTree as ET

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, m, p, parts, put, run, skip, start


def refused(code, needle, *args):
    got, out, err = run(*args)
    check("refuse " + needle, got == code and out == "" and needle in err, "exit %d, %r" % (got, err))


def rows(folder):
    with open(os.path.join(folder, "results.csv"), newline="") as f:
        return list(csv.DictReader(f))


def records(folder):
    d = os.path.join(folder, "records")
    return {f: json.load(open(os.path.join(d, f))) for f in sorted(os.listdir(d)) if re.fullmatch(r"run\..*\.json", f)}


SOLVERS = ["embedded"] + [s for s in ("cbc", "glpsol") if shutil.which(s)]
if len(SOLVERS) < 3:
    skip("solvers cbc and glpsol are not both here: what needs them")
IMAGES, LABELS = m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")


def a_suite():
    """a small suite with known answers: holds, violated, an optimum"""
    os.mkdir(p("suite"))
    xor = {"net": m("tiny-xor.onnx"), "query": m("tiny-xor.vnnlib"), "proved": "exact"}
    spec = {"netmip": "suite", "version": 1, "title": "test", "images": IMAGES, "labels": LABELS, "instances": [
        dict(xor, name="xor", answer="violated", status="easy"),
        dict(xor, name="xor-worst", objective="worst", answer="violated", best=-0.15, status="easy"),
        {"name": "mlp", "net": m("digits-mlp.onnx"), "image": 3, "target": 0, "perturb": "linf:0.05", "encoding": "bigm", "answer": "holds",
         "status": "medium"}]}
    json.dump(spec, open(p("suite", "spec.json"), "w"))
    code, out, err = run("suite", p("suite", "spec.json"), "--quiet")
    check("the suite is built", code == 0 and "3 instances" in out, err)


def statistics(folder, name, repeats):
    """table and summary from results.csv, computed anew"""
    s = json.load(open(os.path.join(folder, "summary.json")))
    all_rows = rows(folder)
    check(name + ": a row for each run", len(all_rows) == len(records(folder)), len(all_rows))
    for c in s["configurations"]:
        mine = {}
        for r in all_rows:
            form = "+".join([r["encoding"]] + r["options"].split())
            if r["solver"] == c["solver"] and form == c["encoding"]:
                mine.setdefault(r["instance"], []).append(r)
        times, solved = [], 0
        for runs in mine.values():
            ok = sum(int(r["solved"]) for r in runs) * 2 > len(runs)
            t = sorted(float(r["wall_seconds"]) if r["solved"] == "1" else s["time_limit"] for r in runs)
            times.append((t[(len(t) - 1) // 2] + t[len(t) // 2]) / 2 if ok else s["time_limit"])
            solved += ok
            check(name + ": repeats", len(runs) == repeats, len(runs))
        mean = math.exp(sum(math.log(t + s["shift"]) for t in times) / len(times)) - s["shift"]
        check("%s: %s %s: solved" % (name, c["solver"], c["encoding"]), c["solved"] == solved == c["holds"] + c["violated"], c)
        check("%s: %s %s: shifted mean" % (name, c["solver"], c["encoding"]), abs(mean - c["sgm_seconds"]) < 1e-5, (mean, c))
    return s


def plots(folder, name, series):
    for plot in ("profile", "cactus"):
        path = os.path.join(folder, plot)
        root = ET.parse(path + ".svg").getroot()
        texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
        check("%s: %s.svg" % (name, plot), root.tag.endswith("svg") and all(s in texts for s in series), texts)
        points = [l.get("points") for l in root.iter("{http://www.w3.org/2000/svg}polyline")]
        inside = all(0 <= float(x) <= 880 and 0 <= float(y) <= 520 for s in points for x, y in (q.split(",") for q in s.split()))
        check("%s: %s.svg: points" % (name, plot), points and inside, points[:3])
        check("%s: %s is drawn once, as SVG" % (name, plot), not os.path.exists(path + ".png"))


def comparison():
    folder = p("one")
    code, out, err = run("bench", p("suite"), "--solvers", ",".join(SOLVERS), "--repeat", "3", "--time-limit", "20", "--dir", folder)
    check("a comparison", code == 0 and out.startswith("3 instances, median of 3") and out == open(folder + "/table.txt").read(), err)
    for s in SOLVERS:
        line = next((l.split() for l in out.splitlines() if l.startswith(s + " ")), None)
        check("%s in the table" % s, line and line[1:8] == ["3", "1", "2", "0", "0", "0", "0"], line)
    statistics(folder, "one", 3)
    plots(folder, "one", SOLVERS)
    for r in rows(folder):
        check("%s %s: version" % (r["instance"], r["solver"]), re.match(r"\d+\.\d+", r["version"]), r)
        check("%s %s: its files" % (r["instance"], r["solver"]), os.path.exists(r["solution"]) and (not r["log"] or os.path.exists(r["log"])), r)
        if r["instance"] == "xor-worst":
            check("%s: optimum" % r["solver"], abs(float(r["objective"]) + 0.15) < 1e-9, r)
    for rec in records(folder).values():  # each solution decodes to what the record says
        got, out, err = run("decode", rec["map"], rec["solution"], "--json", "--quiet")
        check("decode " + rec["solution"], json.loads(out)["verdict"] == rec["verdict"], (out, err))
    before = {f: os.stat(os.path.join(folder, "records", f)).st_mtime_ns for f in records(folder)}
    code, out, err = run("bench", p("suite"), "--solvers", "embedded", "--repeat", "3", "--time-limit", "20", "--dir", folder, "--json")
    check("again: nothing is run", code == 0 and "9 runs; recorded already: 9" in err and len(json.loads(out)["configurations"]) == 1, err)
    check("again: no record changed", before == {f: os.stat(os.path.join(folder, "records", f)).st_mtime_ns for f in records(folder)})
    code, out, err = run("bench", p("suite"), "--only", "xor-worst,medium", "--repeat", "3", "--time-limit", "20", "--dir", folder)
    check("--only", code == 0 and out.startswith("2 instances"), (out, err))
    refused(2, "time_limit", "bench", p("suite"), "--time-limit", "21", "--dir", folder)


def formulations():
    folder = p("forms")
    code, out, err = run("bench", p("suite", "mlp.map.json"), p("suite", "xor.map.json"), "--encodings", "bigm,hull+two-sided,aggregate:1+unfolded",
                         "--time-limit", "20", "--workers", "2", "--dir", folder, "--json")
    check("formulations", code == 0, err)
    s = statistics(folder, "formulations", 1)
    check("formulations: three", [c["encoding"] for c in s["configurations"]] == ["bigm", "hull+two-sided", "aggregate:1+unfolded"], s)
    check("formulations: exact ones answer", all(c["solved"] == 2 for c in s["configurations"][:2]), s)
    models = {r["instance"] + r["encoding"]: r["model_sha256"] for r in records(folder).values()}
    check("formulations: models differ", len(set(models.values())) == 6, models)
    code, out, err = run("bench", m("digits-mlp.onnx"), "--images", IMAGES, "--labels", LABELS, "--range", "9:11", "--perturb", "linf:0.06",
                         "--time-limit", "20", "--dir", p("images"))
    names = {r["instance"] for r in rows(p("images"))}
    check("from images", code == 0 and names and all(re.fullmatch(r"digits-mlp-i(9|10)-t\d", n) for n in names), (err, names))
    json.dump({"netmip": "bench", "version": 1, "instances": ["suite"], "solvers": ["embedded", {"name": "mine", "command": liar("infeasible")}],
               "only": "medium", "time_limit": 20}, open(p("campaign.json"), "w"))
    code, out, err = run("bench", p("campaign.json"), "--dir", p("campaign"), "--json")
    s = json.loads(out) if out else {}
    check("a campaign's file", code == 0 and [c["solver"] for c in s["configurations"]] == ["embedded", "mine"], err)


def liar(how, claim=0.0):
    """a solver as a script: says infeasible of everything, or that the middle of the box is optimal with the objective `claim`"""
    path = p("liar-%s.py" % how)
    with open(path, "w") as f:
        f.write('''import sys
names, part, bounds = [], None, {}
for line in open(sys.argv[1]):
    t = line.split()
    if line[0] != " ":
        part = t[0]
    elif part == "COLUMNS" and "MARKER" not in line and t[0] not in names:
        names.append(t[0])
    elif part == "BOUNDS":
        bounds.setdefault(t[2], []).append(float(t[3]) if len(t) > 3 else 0.5)
with open(sys.argv[2], "w") as f:
    f.write("%s - objective value %r\\n")
    for j, n in enumerate(names):
        f.write("%%d %%s %%r 0\\n" %% (j, n, sum(bounds[n]) / len(bounds[n])))
''' % ("Integer infeasible" if how == "infeasible" else "Optimal", claim))
    return "%s %s {model} {solution}" % (sys.executable, path)


def lies():
    # a witness was replayed, and someone says that there is none
    code, out, err = run("bench", p("suite", "xor.map.json"), "--solvers", "embedded", "--solver-command", "liar: " + liar("infeasible"),
                         "--time-limit", "20", "--dir", p("lie"))
    check("a lie is an error", code == 6 and out == "" and "1 disagreement " in err and "liar" in err and "embedded" in err, (code, err))
    text = open(p("lie", "disagreements.txt")).read()
    named = re.findall(r"(?:model|solution) ([^,)\s]+)", text)
    check("a lie: files are named and kept", len(named) == 4 and all(os.path.exists(f) for f in named), text)
    check("a lie: tables are there", len(rows(p("lie"))) == 2 and "disagreements\": 1" in open(p("lie", "summary.json")).read())
    plots(p("lie"), "a lie", ["embedded", "liar"])
    # a known answer is contradicted
    code, out, err = run("bench", p("suite"), "--only", "xor", "--solver-command", "liar: " + liar("infeasible"), "--time-limit", "20", "--dir", p("lie2"))
    check("a known answer speaks", code == 6 and "the suite says violated" in err, (code, err))
    # a point that is none: rejected, no disagreement
    code, out, err = run("bench", p("suite", "mlp.map.json"), "--solvers", "embedded", "--solver-command", "liar: " + liar("point"), "--time-limit",
                         "20", "--dir", p("lie3"))
    line = next((l.split() for l in out.splitlines() if l.startswith("liar")), None)
    check("a false point is rejected", code == 0 and line and line[1] == "0" and line[5] == "1", (out, err))
    # an optimum that is none: the point is real, a better one was replayed. First its margin, as the refusal says it.
    worst = p("suite", "xor-worst.map.json")
    w = json.load(open(worst))
    x, box = {c: 1.0 for c in w["columns"]}, w["question"]["cases"][0]
    x.update({w["columns"][j]: (box["lo"][i] + box["hi"][i]) / 2 for i, j in enumerate(w["input_columns"]) if j >= 0})
    put("half.sol", "=obj= 100\n" + "".join("%s %r\n" % (c, x[c]) for c in w["columns"]))
    margin = float(re.search(r"the replay gives (\S+)$", run("decode", worst, p("half.sol"))[2].strip()).group(1))
    claim = margin - w["constant"]
    code, out, err = run("bench", worst, "--solvers", "embedded", "--solver-command", "liar: " + liar("optimum", claim), "--time-limit", "20",
                         "--dir", p("lie4"))
    check("a false optimum is an error", margin > -0.1 and code == 6 and "liar" in err and "embedded" in err, (margin, code, out, err))
    code, out, err = run("bench", p("suite"), "--only", "xor-worst", "--solver-command", "liar: " + liar("optimum", claim), "--time-limit", "20",
                         "--dir", p("lie5"))
    check("a known optimum speaks", code == 6 and "the suite says violated" in err, (code, out, err))


def killed():
    """a comparison killed at any moment goes on where it was, and leaves no process and no torn file"""
    slow = "slow: sleep 0.3; cbc {model} -preprocess off -seconds {seconds} -solve -solution {solution}"
    if "cbc" not in SOLVERS:
        return
    folder, args = p("kill"), ["bench", p("suite"), "--solvers", "embedded", "--solver-command", slow, "--repeat", "8", "--time-limit", "20",
                               "--dir", p("kill"), "--workers", "2", "--quiet"]
    for k in range(3):
        r = start(*args)
        time.sleep(0.5 + 0.3 * k)
        os.kill(r.pid, (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)[k])
        r.communicate(timeout=20)
        records(folder)  # parses all
    some = records(folder)
    old = {f: os.stat(os.path.join(folder, "records", f)).st_mtime_ns for f in some}
    code, out, err = run(*args)
    all_of = records(folder)
    check("killed: in the middle", 0 < len(some) < 48, len(some))
    check("killed: whole at last", code == 0 and len(all_of) == 48 and all(r["solved"] for r in all_of.values()), (code, err, len(all_of)))
    check("killed: what was there stays", all(os.stat(os.path.join(folder, "records", f)).st_mtime_ns == t for f, t in old.items()))
    left = [f for f in os.listdir(os.path.join(folder, "records")) if not re.fullmatch(r"run\.[^/]*\.\d\.json", f)]
    check("killed: no torn files", not left, left)


def limits():
    code, out, err = run("bench", p("suite", "mlp.map.json"), "--solver-command", "sleeper: sleep 30; echo {model}", "--time-limit", "1", "--dir", p("sleep"))
    r = rows(p("sleep"))[0]
    check("the limit is kept", code == 0 and r["status"] == "limit" and float(r["wall_seconds"]) < 12, (r, err))
    s = json.load(open(p("sleep", "summary.json")))["configurations"][0]
    check("the limit counts", s["limit"] == 1 and abs(s["par2_seconds"] - 2) < 1e-9 and abs(s["sgm_seconds"] - 1) < 1e-9, s)
    refused(2, "unknown; embedded", "bench", p("suite"), "--solvers", "nosuch", "--dir", p("no"))
    refused(2, "is given twice", "bench", p("suite"), "--solvers", "embedded,embedded", "--dir", p("no"))
    refused(2, "--dir", "bench", p("suite"))
    refused(2, "--perturb", "bench", p("suite"), "--perturb", "linf:1", "--dir", p("no"))
    refused(2, "--bounds", "bench", p("suite"), "--bounds", "crown", "--dir", p("no"))
    refused(2, "encoding bigm+odd", "bench", p("suite"), "--encodings", "bigm+odd", "--dir", p("no"))
    refused(2, "{model}", "bench", p("suite"), "--solver-command", "x: true", "--dir", p("no"))
    os.mkdir(p("empty"))
    refused(3, "no suite", "bench", p("empty"), "--dir", p("no"))
    if not shutil.which("highs"):
        refused(2, "not on the PATH", "bench", p("suite"), "--solvers", "highs", "--dir", p("no"))


def spread():
    """in parts, by commands that start where the first one did: the same answers; tables come with the last part"""
    ask = ["bench", os.path.relpath(m("digits-mlp.onnx"), p("")), "--images", IMAGES, "--range", "0:3", "--perturb", "linf:0.05", "--encodings", "bigm,hull", "--solver-command",
           "none: echo 'a  b' {model} >&2; false", "--solvers", "embedded", "--time-limit", "20"]
    code, out, err = run(*ask, "--dir", "whole", "--quiet", cwd=p(""))
    check("the whole", code == 0, (code, out, err))
    code, out, err = run(*ask, "--shift", "3", "--dir", "parts", "--jobs-file", "jobs", "--chunk", "5", "--quiet", cwd=p(""))
    lines = open(p("jobs")).read().splitlines()
    check("commands", code == 0 and out == "written: jobs, 3 commands of at most 5 runs\n" and [l.split()[-1] for l in lines] == ["0:5", "5:10", "10:12"], (code, out, lines))
    said = []
    for k in (1, 2, 0):
        r = subprocess.run(["sh", "-c", lines[k]], capture_output=True, text=True, cwd="/", timeout=60)
        check("part %d" % k, r.returncode == 0, r.stderr)
        said.append(r.stdout)
        check("tables come last", os.path.exists(p("parts/table.txt")) == (k == 0))
    check("what parts say", said[0] == "done: 5:10; 7 runs of other parts are left\n" and "configuration" in said[2], said)
    same = lambda folder: [(r["instance"], r["solver"], r["encoding"], r["status"], r["verdict"]) for r in rows(p(folder))]
    check("the same answers", same("parts") == same("whole") and len(same("whole")) == 12, same("parts"))
    check("bench.json says the shift", json.load(open(p("parts/bench.json")))["shift"] == "3")
    code, out, err = run("report", p("parts"), "-o", p("parts.html"))
    check("so does the report", code == 0 and "shifted by 3 s" in open(p("parts.html")).read(), (code, err))
    code, out, err = run(*ask, "--dir", "parts", "--jobs-file", "jobs", "--quiet", cwd=p(""))
    check("nothing is left", code == 0 and "nothing is left to do" in out, (code, out, err))
    code, out, err = run(*ask, "--dir", "pilot", "--jobs-file", "jobs", cwd=p(""))
    check("a pilot", code == 0 and "pilot: 4 runs, " in err and len(records(p("pilot"))) == 4 and open(p("jobs")).read().split()[-1] == "4:12", (code, out, err))
    for args, want in ((["--runs", "0:13"], "the comparison has 12 runs"), (["--runs", "4"], "A:B was expected"), (["--runs", "0:2", "--json"], "--json: does not go with --runs"),
                       (["--runs", "0:2", "--jobs-file", "x"], "--runs: does not go with"), (["--chunk", "3"], "--chunk: goes with")):
        code, out, err = run(*ask, "--dir", "parts", *args, cwd=p(""))
        check("refuse " + want, code == 2 and out == "" and want in err, (code, out, err))


parts(a_suite, comparison, formulations, lies, killed, limits, spread)
