#!/usr/bin/env python3
"""BenchExec's results: what batch and bench write, held against the element rules of its DTD and against the records; the tool-info
module by a stub of BenchExec's base class, or by itself where it is installed; table-generator where it is."""
import collections, csv, importlib.util, json, os, shutil, subprocess, sys, types
import xml.etree.ElementTree as ET

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import NETMIP, SCRIPTS, check, m, p, parts, put, run, skip

# element: its children, attributes that must be there, others that may: of BenchExec's result DTD, 3.0
RULES = {"result": ("description?, columns, systeminfo+, run*, column*", "benchmarkname starttime date tool toolmodule version generator",
                    "name displayName block endtime options memlimit timelimit cpuCores error"),
         "description": ("#PCDATA", "", ""), "systeminfo": ("os, cpu, ram, environment", "", "hostname"), "os": ("", "name", ""), "cpu": ("", "cores model", "frequency turboboostActive"),
         "ram": ("", "size", ""), "environment": ("var*", "", ""), "var": ("#PCDATA", "name", "encoding"), "columns": ("column*", "", ""), "column": ("", "title", "value hidden"),
         "run": ("column*", "name", "files properties propertyFile expectedVerdict options logfile")}
DATA = ["--images", m("digits-test-images.idx3.gz"), "--labels", m("digits-test-labels.idx1.gz")]


def dtd():
    out = ""
    for name, (children, must, may) in RULES.items():
        out += "<!ELEMENT %s %s>\n" % (name, "(%s)" % children if children else "EMPTY")
        for word, how in [(w, "#REQUIRED") for w in must.split()] + [(w, "#IMPLIED") for w in may.split()]:
            out += "<!ATTLIST %s %s CDATA %s>\n" % (name, word, how)
    return put("result.dtd", out)


def read(name):
    """the root of a result that keeps the rules; its runs as dictionaries of columns"""
    text = open(p(name), encoding="utf-8").read()
    check(name + ": its type", '<!DOCTYPE result PUBLIC "+//IDN sosy-lab.org//DTD BenchExec result 3.0//EN" "https://www.sosy-lab.org/benchexec/result-3.0.dtd">' in text, text[:300])
    if shutil.which("xmllint"):
        r = subprocess.run(["xmllint", "--nonet", "--noout", "--dtdvalid", dtd(), p(name)], capture_output=True, text=True)
        check(name + ": keeps the rules", r.returncode == 0, r.stderr[:500])
    else:
        skip(name + ": xmllint is not here")
    root = ET.fromstring(text)
    titles = [c.get("title") for c in root.find("columns")]
    runs = [{**e.attrib, **{c.get("title"): c.get("value") for c in e}} for e in root.iter("run")]
    check(name + ": names are used once", len({r["name"] for r in runs}) == len(runs), runs[:3])
    check(name + ": columns are said", all(c.get("title") in titles or c.get("hidden") == "true" for e in root.iter("run") for c in e), titles)
    return root, runs


def images():
    code, out, err = run("batch", m("digits-mlp3.onnx"), *DATA, "--perturb", "linf:0.06", "--range", "0:20", "--time-limit", "7", "--memory", "2000", "--benchexec", "--dir", p("images & <more>"), "--quiet")
    check("a campaign", code == 0, err)
    root, runs = read("images & <more>/benchexec.xml")
    results = list(csv.DictReader(open(p("images & <more>/results.csv"))))
    words = {"holds": "true", "violated": "false", "unknown": "unknown"}
    check("statuses", [r["status"] for r in runs] == [words[r["verdict"]] for r in results] and {r["status"] for r in runs} >= {"true", "false"}, runs[:3])
    check("no answer is known", all(r["category"] == ("unknown" if r["status"] == "unknown" else "missing") and "expectedVerdict" not in r for r in runs))
    check("seconds", all(abs(float(r["cputime"][:-1]) - float(s["cpu_seconds"])) < 1e-6 and r["walltime"].endswith("s") and float(r["walltime"][:-1]) >= 0 for r, s in zip(runs, results)))
    check("limits and tool", (root.get("timelimit"), root.get("memlimit"), root.get("tool"), root.get("options"), root.get("benchmarkname")) == (
        "7s", "2097152000B", "netmip", "--perturb linf:0.06", p("images & <more>")), root.attrib)
    code, out, err = run("batch", m("digits-mlp3.onnx"), *DATA, "--perturb", "linf:0.06", "--range", "0:4", "--jobs-file", p("jobs"), "--chunk", "2", "--benchexec", "--dir", p("chunks"), "--quiet")
    for line in open(p("jobs")):
        subprocess.run(["sh", "-c", line], capture_output=True, timeout=60)
    check("from chunks as well", len(read("chunks/benchexec.xml")[1]) == 4)


def benchmark():
    answers = put("answers.csv", "network,property,expected\ntiny-xor.onnx,tiny-xor.vnnlib,unsat\n")
    put("bad.vnnlib", "(assert")
    put("rows.csv", "network,property,timeout\n%s,%s,5\n" % (m("tiny-xor.onnx"), p("bad.vnnlib")))
    code, out, err = run("batch", "--instances", m("instances.csv"), "--expected", answers, "--benchexec", "--dir", p("rows"), "--quiet")
    root, runs = read("rows/benchexec.xml")
    check("against known answers", code == 6 and [(r["status"], r["category"], r["expectedVerdict"]) for r in runs] == [("false", "wrong", "true"), ("false", "correct", "false")], (code, runs))
    code, out, err = run("batch", "--instances", p("rows.csv"), "--root", "/", "--benchexec", "--dir", p("bad"), "--quiet")
    root, runs = read("bad/benchexec.xml")
    check("an error", code == 3 and [(r["status"], r["category"]) for r in runs] == [("ERROR", "error")] and runs[0]["files"] == "[%s, %s]" % (m("tiny-xor.onnx"), p("bad.vnnlib")), (code, runs))


def solvers():
    code, out, err = run("bench", m("digits-mlp.onnx"), *DATA[:2], "--range", "0:3", "--perturb", "linf:0.05", "--encodings", "bigm,hull", "--solver-command", "none: echo {model}; false", "--solvers", "embedded",
                         "--repeat", "2", "--time-limit", "20", "--benchexec", "--dir", p("bench"), "--quiet")
    check("a comparison", code == 0, err)
    results = collections.defaultdict(list)
    for r in csv.DictReader(open(p("bench/results.csv"))):
        results[r["solver"], r["encoding"]].append(r)
    for (solver, form), mine in results.items():
        root, runs = read("bench/benchexec.%s.%s.xml" % (solver, form))
        check("%s, %s: its runs" % (solver, form), [r["name"] for r in runs] == ["%s.%s" % (r["instance"], r["repeat"]) for r in mine] and root.get("tool") == solver and root.get("options") == form, runs[:2])
        check("%s, %s: outcomes" % (solver, form), [(r["status"], r["outcome"]) for r in runs] == [
            ("ERROR" if r["status"] == "failed" else {"holds": "true", "violated": "false"}[r["verdict"]], r["status"]) for r in mine], runs)
        check("%s, %s: logs and models are there" % (solver, form), all(os.path.exists(p("bench", r["files"][1:-1])) and (solver == "embedded" or os.path.exists(p("bench", r["logfile"]))) for r in runs), runs[0])
    if shutil.which("table-generator"):
        r = subprocess.run(["table-generator", "-o", p("tables"), *[p("bench", f) for f in os.listdir(p("bench")) if f.startswith("benchexec.")]], capture_output=True, text=True)
        check("table-generator reads them", r.returncode == 0, r.stderr[-500:])
    else:
        skip("BenchExec's table-generator is not here")


def module():
    """scripts/benchexec/netmip.py; BenchExec itself, or what the module uses of it"""
    try:
        import benchexec.tools.template
    except ImportError:
        skip("BenchExec is not here: a stub of its base class stands for it")
        names = ["benchexec", "benchexec.tools", "benchexec.tools.template", "benchexec.result"]
        stub = {n: types.ModuleType(n) for n in names}
        stub["benchexec"].tools, stub["benchexec"].result, stub["benchexec.tools"].template = stub[names[1]], stub[names[3]], stub[names[2]]
        r = stub["benchexec.result"]
        r.RESULT_TRUE_PROP, r.RESULT_FALSE_PROP, r.RESULT_UNKNOWN, r.RESULT_ERROR = "true", "false", "unknown", "ERROR"

        class BaseTool2:
            @staticmethod
            def _version_from_tool(executable, arg="--version"):
                return subprocess.run([executable, arg], capture_output=True, text=True).stdout.strip()

        stub["benchexec.tools.template"].BaseTool2 = BaseTool2
        stub["benchexec.tools.template"].UnsupportedFeatureException = type("UnsupportedFeatureException", (Exception,), {})
        sys.modules.update(stub)
    import benchexec.tools.template
    spec = importlib.util.spec_from_file_location("netmip_tool", os.path.join(SCRIPTS, "benchexec", "netmip.py"))
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    tool = found.Tool()
    locator = types.SimpleNamespace(find_executable=lambda name, subdir="": {"netmip": NETMIP}[name])
    check("name, program, version", (tool.name(), tool.executable(locator), tool.version(NETMIP)) == ("netmip", NETMIP, subprocess.run([NETMIP, "--version"], capture_output=True, text=True).stdout.strip()))

    def asked(files, cputime=None, walltime=None, options=()):
        return tool.cmdline(NETMIP, list(options), types.SimpleNamespace(input_files=files), types.SimpleNamespace(cputime=cputime, walltime=walltime))

    def answer(command, late=False, signal=None):
        r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        end = types.SimpleNamespace(value=None if signal else r.returncode, signal=signal)
        return tool.determine_result(types.SimpleNamespace(output=r.stdout.splitlines(True), exit_code=end, was_timeout=late))

    xor, query = m("tiny-xor.onnx"), m("tiny-xor.vnnlib")
    check("a command", asked([query, xor], 90, 60.7, ["--threads", "2"]) == [NETMIP, "verify", query, "--network", xor, "--timeout", "60", "--quiet", "--threads", "2"], asked([query, xor], 90, 60.7))
    check("sat is false", answer(asked([xor, query])) == "false")
    text = open(query).read()
    check("unsat is true", answer(asked([xor, put("unsat.vnnlib", text.replace("(>= Y_0 Y_1)", "(>= Y_0 (+ Y_1 3))"))])) == "true")
    check("unknown", answer(["printf", "netmip: a note\nunknown\n"]) == "unknown" and answer(["printf", "timed-out\n"]) == "TIMEOUT")
    check("errors have names", answer(asked([xor, put("bad.vnnlib", "(assert")])) == "ERROR (malformed input)" and answer(asked([p("none.onnx"), query])) == "ERROR (file or memory)" and
          answer(["true"]) == "ERROR")
    check("what ends from outside", answer(["echo", "sat"], late=True) == "TIMEOUT" and answer(["echo"], signal=9) == "KILLED BY SIGNAL 9")
    for files in ([xor], [query], [query, query, xor]):
        try:
            asked(files)
            check("refused: %d files" % len(files), False)
        except benchexec.tools.template.UnsupportedFeatureException as e:
            check("refused: %d files" % len(files), "one .vnnlib file" in str(e))


parts(images, benchmark, solvers, module)
