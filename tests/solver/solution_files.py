#!/usr/bin/env python3
"""Solution files of every solver: those that solvers wrote, under ../shared/solfiles, read as their README says; answers of the
solvers that are here, in each of their formats, decoded to the true verdict; every other format as its documentation writes
it; answers that are stale, foreign or unclear; and all solutions of a manifest at once."""
import csv, glob, json, os, re, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import SHARED, TMP, check, m, p, parts, put, run, sh, skip
from tiny import dense, network

SOLFILES = os.environ.get("NETMIP_SOLFILES", os.path.join(SHARED, "solfiles"))


# ---- files that solvers wrote ----
def expected(solver, case):
    """the status that the README's words mean; None: no solution file at all"""
    if case.endswith("_quiet") or case == "optimal_fixed":
        return None
    if case.startswith("infeasible"):
        return "infeasible"
    if case.startswith("unbounded"):
        return "no answer" if solver in ("highs", "glpsol") else "unbounded"
    if case == "time_noincumbent":
        return "no answer"
    if "_incumbent" in case or case == "gap_tolerance":
        return "feasible"
    if solver == "lp_solve" and case == "optimal":
        return "feasible"  # without the rows it cannot be told from a cut file
    return "optimal"


def values_of(text):
    out = {}
    for line in text.splitlines():
        w = line.split()
        if len(w) == 3 and re.fullmatch(r"\d+", w[0]) and w[1] != "nonzero":
            out[int(w[0]) if w[1] == "-" else w[1]] = float(w[2])
        elif len(w) == 2 and re.fullmatch(r"[bx]_\w+", w[0]):
            out[w[0]] = float(w[1])
    return out


def wrote():
    answers = {"optimal": -16 / 3, "optimal_lp": -16 / 3, "longname": -16 / 3, "numbers": 246913573.246, "max_lp": 16 / 3}
    for solver in ("cbc", "highs", "scip", "glpsol", "lp_solve", "symphony"):
        files = [f for s in ("*.sol", "*.raw") for f in sorted(glob.glob(os.path.join(SOLFILES, solver, s)))]
        files += sorted(glob.glob(os.path.join(SOLFILES, solver, {"scip": "*_f.stdout"}.get(solver, "*.stdout")))) if solver in ("scip", "lp_solve", "symphony") else []
        if not files:
            skip("no solution files of %s in %s" % (solver, SOLFILES))
        for f in files:
            case, tag = os.path.splitext(os.path.basename(f))[0], os.path.relpath(f, SOLFILES)
            want = expected(solver, case)
            code, out, err = run("inspect", f)
            if want is None:
                check(tag + " is refused", code == 3 and not out and err.startswith("netmip: "), (code, out, err))
                continue
            got = re.search(r"^solution of .*: (.*)$", out, re.M)
            if not check(tag, code == 0 and got and got.group(1) == want, (code, out, err)):
                continue
            check(tag + ": worth of its values", ("whose values do not count" in out) == (want not in ("optimal", "feasible")), out)
            base = re.sub(r"_(pretty|S4|i|all|allvars|f|nomip)$", "", case)
            if want in ("optimal", "feasible") and base in answers:
                objective = float(re.search(r"^objective (\S+)$", out, re.M).group(1))
                truth = -answers[base] if (solver, base) == ("symphony", "max_lp") else answers[base]
                check(tag + ": objective", abs(objective - truth) <= 1e-6 * abs(truth), objective)
                v = values_of(out)
                x1 = next((x for k, x in v.items() if k == 1 or str(k).startswith("x_1") or "_001" in str(k)), 0)
                ones = v.get("b_1", v.get(0))
                check(tag + ": point", ones == 1 and (base == "numbers" and abs(x1) < 1e-6 or abs(x1 - 1 / 3) < 1e-6), v)
            log = os.path.splitext(f)[0] + ".stdout"
            if f.endswith((".sol", ".raw")) and os.path.exists(log):
                code, out, err = run("inspect", f, "--log", log)
                bound = re.search(r"^bound (\S+)$", out, re.M)
                if "nomip" in case:
                    check(tag + ": no tree, no bound", code == 0 and not bound, (out, err))
                elif want in ("optimal", "feasible") and base in answers:
                    check(tag + ": bound of the log", bound and abs(float(bound.group(1)) - answers[base] * (-1 if (solver, base) == ("cbc", "max_lp") else 1)) <= 1e-6 * abs(answers[base]), (out, err))
                elif want == "feasible" or case == "time_noincumbent":
                    check(tag + ": bound of the log", (bound and abs(float(bound.group(1))) < 1e-6) or case == "sigterm_incumbent", (out, err))
                else:
                    check(tag + ": a log without a bound", code == 0, (out, err))
    a, b = (os.path.join(SOLFILES, f) for f in ("cbc/optimal.sol", "highs/optimal.stdout"))
    if os.path.exists(a):
        code, out, err = run("inspect", a, "--log", b)
        check("another solver's log", code == 3 and "highs" in err and "cbc" in err, err)
        code, out, err = run("inspect", a, "--log", a)
        check("no log at all", code == 3 and "not a log" in err, err)


# ---- the solvers that are here ----
def cbc(path, how):
    sh("cbc", path, "-preprocess", "off", *(["-printingOptions", "all"] if how == "all" else []), "-solve", "-solution", p("out.sol"))
    return p("out.sol")


def glpsol(path, how):
    put("glpsol.log", sh("glpsol", "--lp" if path.endswith(".lp") else "--freemps", path, how, p("out.sol")))
    return p("out.sol")


def lp_solve(path, how):
    return put("out.sol", sh("lp_solve", *how.split(), "-fmps", path))


def symphony(path, how):
    return put("out.sol", sh("symphony", "-L" if path.endswith(".lp") else "-F", path))


SOLVERS = [(name, f, hows) for name, f, hows in (("cbc", cbc, ("", "all")), ("glpsol", glpsol, ("-w", "-o")), ("lp_solve", lp_solve, ("-S3", "-S4", "-S7", "-S3 -time", "")),
                                                 ("symphony", symphony, ("",))) if shutil.which(name)]
IDX = m("digits-test-images.idx3.gz")


def ask(net, point, label, eps, target):
    f = point if ".idx3" in point else put("p%d.csv" % len(os.listdir(TMP)), point)
    return [m(net), "--image", f, "--label", str(label), "--perturb", "linf:%g" % eps, "--target", str(target)]


def questions():
    yield "xor", ask("tiny-xor.onnx", "0.5,0.5\n", 0, 0.5, 1)
    yield "xor-small", ask("tiny-xor.onnx", "0.5,0.5\n", 0, 0.1, 1)
    yield "res", ask("tiny-res.onnx", "0.5,0.5\n", 1, 0.4, 0)
    yield "max-small", ask("tiny-max.json", "0.75,0.75,0.25,0\n", 1, 0.3, 0)
    yield "digit", ask("digits-mlp.onnx", IDX + ":0", 8, 0.03, 0)


def compiled(name, args, objective, suffix):
    out = p("%s-%s%s" % (name, objective[0], suffix))
    code, text, err = run("compile", *args, "--objective", objective, "--always-write", "-o", out)
    check("compile " + os.path.basename(out), code == 0 and os.path.exists(out), (code, err))
    return out, out[:-len(suffix)] + ".map.json"


def end_to_end():
    if not SOLVERS:
        skip("no solver is here: cbc, glpsol, lp_solve, symphony")
    for name, args in questions():
        code, text, err = run("solve", *args, "--objective", "worst", "--json")
        margin = json.loads(text)["objective"]["value"]
        truth = 10 if margin <= 0 else 0
        check("%s is clear" % name, code == truth and abs(margin) > 1e-3, (code, margin))
        for objective in ("feasible", "worst"):
            for suffix in (".mps", ".lp"):
                path, mp = compiled(name, args, objective, suffix)
                for solver, f, hows in SOLVERS:
                    for how in hows:
                        if (solver == "lp_solve" and suffix == ".lp") or (name == "digit" and (solver == "symphony" or suffix == ".lp")):
                            continue
                        if os.path.exists(p("out.sol")):
                            os.remove(p("out.sol"))
                        sol = f(path, how)
                        code, out, err = run("decode", mp, sol, "--json")
                        tag = "%s %s of %s" % (solver, how, os.path.basename(path))
                        ok = code == truth
                        if objective == "feasible" and truth == 10:
                            ok = code in (10, 6)  # a point on the edge, with the digits that were printed
                        if objective == "worst" and solver == "lp_solve" and truth == 0:
                            ok = code == 11 and abs(json.loads(out)["objective"]["value"] - margin) < 1e-4  # its optimum states no gap
                        check(tag, ok, (code, truth, out[:300], err))
                        if objective == "worst" and code == 10:
                            check(tag + ": witness", abs(json.loads(out)["witness"]["margin64"] - margin) < 1e-4, (out, margin))
                        if solver == "glpsol" and objective == "worst":
                            code, out, err = run("decode", mp, sol, "--log", p("glpsol.log"), "--json")
                            claim = json.loads(out).get("claimed_bound") if out else None
                            budget = json.load(open(mp))["budget"]
                            check(tag + ": claimed bound", claim is not None and margin - budget - 1e-4 < claim < margin + 1e-6 and code == truth, (code, out[:200], err))
                            check(tag + ": no bound is proven", '"bound"' not in out and json.loads(out)["certified"] is False, out)
                        if objective == "feasible" and truth == 0 and solver in ("lp_solve", "symphony") and how != "-S7":
                            check(tag + ": names nothing, and says so", "is assumed to answer" in err, err)
                            os.utime(sol, (1, 1))
                            code, out, err = run("decode", mp, sol)
                            check(tag + ": older than the model", code == 6 and "answers an older model" in err, (code, err))


# ---- formats as they are documented ----
def tables(path):
    """rows, columns and binaries of one of our MPS files"""
    rows, cols, section = [], [], None
    for line in open(path):
        w = line.split()
        if not line.startswith(" "):
            section = w[0]
        elif section == "ROWS" and w[0] != "N":
            rows.append(w[1])
        elif section == "COLUMNS" and w[1] != "'MARKER'" and w[0] not in cols:
            cols.append(w[0])
    return rows, cols


def texts(rows, cols, v, objective, status):
    """format -> text; status: optimal, limit, infeasible, either (infeasible or unbounded), unbounded, none"""
    point = status in ("optimal", "limit")
    word = lambda *choices: choices[("optimal", "limit", "infeasible", "either", "unbounded", "none").index(status)]
    pairs = "".join("%s %.17g\n" % (c, v[c]) for c in cols)
    nz = [c for c in cols if v[c]]
    out = {}
    if point:
        out["gurobi"] = "# Solution for model m\n# Objective value = %.17g\n%s" % (objective, pairs)
        out["copt"] = "# Objective value %.17g\n%s" % (objective, pairs)
        out["miplib"] = "=obj= %.17g\n%s" % (objective, "".join("%s %.17g\n" % (c, v[c]) for c in nz))
        out["xpress"] = "NAME solution1\n" + "".join(" C  %s %.17g\n" % (c, v[c]) for c in cols) + "ENDATA\n"
        out["xpress csv"] = "".join('%d,"%s",L,BS,0.0,0.0\n' % (i + 1, r) for i, r in enumerate(rows)) + \
            "".join('%d,"%s",C,BS,%.17g,0.0\n' % (len(rows) + i + 1, c, v[c]) for i, c in enumerate(cols))
        out["highs old"] = "%d %d : Number of columns and rows for primal or dual solution or basis\nT Primal solution\nF Dual solution\nF Basis\nColumns\n%sRows\n%s" % (
            len(cols), len(rows), "".join("%.15g \n" % v[c] for c in cols), "0 \n" * len(rows))
        out["highs sparse"] = "Model status\n%s\n\n# Primal solution values\nFeasible\nObjective %.13g\n# Columns -%d\n%s" % (
            word("Optimal", "Time limit reached", 0, 0, 0, 0), objective, len(nz), "".join("%s %.13g %d\n" % (c, v[c], cols.index(c)) for c in nz))
    primal = "Feasible\nObjective %.13g\n# Columns %d\n%s# Rows %d\n%s" % (objective, len(cols), pairs, len(rows), "".join("%s 0\n" % r for r in rows)) if point else "None\n"
    out["highs"] = "Model status\n%s\n\n# Primal solution values\n%s\n# Dual solution values\nNone\n\n# Basis\nHiGHS v1\nNone\n" % (
        word("Optimal", "Time limit reached", "Infeasible", "Primal infeasible or unbounded", "Unbounded", "Time limit reached"), primal)
    line = lambda i, x, n, kind: "%9d   %4s %12g %12g%s%13s%s  %s\n" % (i, "", 0, 1, " %12g" % x if point else " " * 13, "", kind, n)
    out["highs pretty"] = "Columns\n    Index Status        Lower        Upper       Primal         Dual  Type        Name\n" + \
        "".join(line(i, v[c], c, "  Continuous") for i, c in enumerate(cols)) + \
        "Rows\n    Index Status        Lower        Upper       Primal         Dual  Name\n" + "".join(line(i, 0, r, "") for i, r in enumerate(rows)) + \
        "\nModel status: %s\n\nObjective value: %s\n" % (word("Optimal", "Time limit reached", "Infeasible", "Primal infeasible or unbounded", "Unbounded", "Time limit reached"),
                                                         "%.13g" % objective if point else "inf")
    out["scip"] = "solution status: %s\n%s" % (word("optimal solution found", "time limit reached", "infeasible", "infeasible or unbounded", "unbounded", "node limit reached"),
                                               "objective value: %.15g\n" % objective + "".join("%-32s %20.15g \t(obj:0)\n" % (c, v[c]) for c in nz) if point else "no solution available\n")
    names = "".join(', "Vars": [%s]' % ", ".join('{"VarName": "%s", "X": %.17g}' % (c, v[c]) for c in nz)) if point else ""
    out["gurobi json"] = '{"SolutionInfo": {"Status": %d, "ObjVal": %.17g, "ObjBound": %.17g, "SolCount": 1}%s}' % (word(2, 9, 3, 4, 5, 9), objective, objective, names)
    code, said = word((101, "integer optimal solution"), (107, "time limit exceeded"), (103, "integer infeasible"), (119, "integer infeasible or unbounded"),
                      (118, "integer unbounded"), (108, "time limit exceeded, no integer solution"))
    out["cplex"] = '<?xml version = "1.0" encoding="UTF-8" standalone="yes"?>\n<CPLEXSolution version="1.2">\n <header objectiveValue="%.17g" solutionStatusValue="%d" solutionStatusString="%s" ' \
        'primalFeasible="%d"/>\n <linearConstraints>\n%s </linearConstraints>\n%s</CPLEXSolution>\n' % (
            objective, code, said, point, "".join('  <constraint name="%s" index="%d" slack="0"/>\n' % (r, i) for i, r in enumerate(rows)),
            " <variables>\n%s </variables>\n" % "".join('  <variable name="%s" index="%d" value="%.17g"/>\n' % (c, i, v[c]) for i, c in enumerate(cols)) if point else "")
    problem, solution = word(("PRIMAL_FEASIBLE", "INTEGER_OPTIMAL"), ("PRIMAL_FEASIBLE", "PRIMAL_FEASIBLE"), ("PRIMAL_INFEASIBLE", "UNKNOWN"),
                             ("PRIMAL_INFEASIBLE_OR_UNBOUNDED", "UNKNOWN"), ("DUAL_INFEASIBLE", "UNKNOWN"), ("UNKNOWN", "UNKNOWN"))
    head = "INDEX NAME AT ACTIVITY LOWER LIMIT UPPER LIMIT\n"
    out["mosek"] = "NAME                : m\nPROBLEM STATUS      : %s\nSOLUTION STATUS     : %s\nOBJECTIVE NAME      : OBJROW\nPRIMAL OBJECTIVE    : %.8e\nDUAL OBJECTIVE      : 0\n\n" % (
        problem, solution, objective) + "CONSTRAINTS\n" + head + "".join("%d %s BS 0.0 NONE 1.0\n" % x for x in enumerate(rows)) + "\nVARIABLES\n" + head + \
        "".join("%d %s BS %.14e 0.0 1.0\n" % (i, c, v[c]) for i, c in enumerate(cols))
    return out


# what their "optimal" leaves no gap, or they state their bound; the other formats' optimum proves nothing
GAPLESS = ("scip", "cplex", "gurobi json")


def documented():
    if not shutil.which("glpsol"):
        return skip("glpsol is not here: documented formats are not tried on a model")
    other_path, other_map = compiled("other", ask("tiny-res.onnx", "0.5,0.5\n", 1, 0.4, 0), "worst", ".mps")
    for name, args, truth in (("doc", ask("tiny-xor.onnx", "0.5,0.5\n", 0, 0.5, 1), 10), ("doc-small", ask("tiny-xor.onnx", "0.5,0.5\n", 0, 0.1, 1), 0)):
        path, mp = compiled(name, args, "worst", ".mps")
        rows, cols = tables(path)
        raw = open(glpsol(path, "-w")).read()
        v = {cols[int(w[1]) - 1]: float(w[2]) for w in (s.split() for s in raw.splitlines()) if w[0] == "j"}
        objective = float(re.search(r"^s mip \d+ \d+ o (\S+)$", raw, re.M).group(1))
        fpath, fmap = compiled(name, args, "feasible", ".mps")
        for status in ("optimal", "limit", "infeasible", "either", "unbounded", "none"):
            for form, text in texts(rows, cols, v, objective, status).items():
                tag = "%s, %s, of %s" % (form, status, name)
                code, out, err = run("inspect", put("x.sol", text))
                if not check(tag + " is read as it", code == 0 and ("solution of %s:" % form.replace(" sparse", "")) in out, (code, out, err)):
                    continue
                if status in ("optimal", "limit"):
                    code, out, err = run("decode", mp, p("x.sol"))
                    claims = form == "gurobi json" if status == "limit" else form in GAPLESS
                    check(tag, code == (10 if truth == 10 else 0 if claims else 11), (code, truth, out, err))
                    check(tag + ": whose word", ("the solver's own bound: " in out) == claims and ("not certified: this is the word of " in out) == (code == 0), out)
                    code, out, err = run("decode", other_map, p("x.sol"))
                    check(tag + ": another model", code in (3, 6), (code, out, err))
                    code, out, err = run("decode", mp, put("y.sol", re.sub(r"\bx0\b", "x7", text)))
                    check(tag + ": a renamed column", code in (3, 6) or form == "highs old", (code, out, err))
                else:
                    # the decision twin has the same columns, but for its mark
                    mark, fmark = (json.load(open(f))["mark"] for f in (mp, fmap))
                    frows, fcols = tables(fpath)
                    text = texts(frows, fcols, {c: 0.0 if c == fmark else v.get(c, 0.0) for c in fcols}, 0.0, status)[form]
                    code, out, err = run("decode", fmap, put("x.sol", text))
                    if status == "infeasible" and form == "mosek" and truth == 10:  # it lists a point, and that is one
                        check(tag, code == 6 and "the point that it lists is a counterexample" in err, (code, out, err))
                    else:
                        check(tag, code == (0 if status == "infeasible" else 11), (code, out, err))
                    if code == 0:
                        check(tag + ": a solver's word", "not certified: this is the word of %s; a guard of " % form in out, out)
    for text in ("NAME  : x\n", "NAME : x\n \n"):
        code, out, err = run("inspect", put("tie.sol", text))
        check("a tie names both", code == 3 and "mosek" in err and "xpress" in err, (code, err))
    for text in ("", "\n", "hello\n", "{}\n", "c hello\n", "<html/>\n", "Columns\n", "=opt= 3\n"):
        code, out, err = run("inspect", put("no.sol", text))
        check("%r is no solution" % text, code != 0 and err.startswith("netmip: "), (code, out, err))
    good = texts(rows, cols, v, objective, "optimal")["cplex"]
    for what, bad in (("a document type", good.replace("<CPLEX", '<!DOCTYPE a [<!ENTITY b "c">]>\n<CPLEX', 1)), ("an entity", good.replace('name="x0"', 'name="&x;"')),
                      ("text between tags", good.replace("<variables>", "<variables>x")), ("no closing tag", good.replace("</CPLEXSolution>", "")), ("two roots", good + good.split("\n", 1)[1])):
        code, out, err = run("decode", mp, put("bad.sol", bad))
        check("cplex with %s" % what, code == 3 and re.search(r"bad\.sol:\d+:\d+: not XML here", err), (code, err))


def bounds():
    """a bound of the solver's takes back an optimum that it contradicts, and proves nothing itself"""
    if not shutil.which("glpsol"):
        return skip("glpsol is not here: bounds of files and logs are not tried")
    path, mp = compiled("bound", ask("tiny-xor.onnx", "0.5,0.5\n", 0, 0.1, 1), "worst", ".mps")
    rows, cols = tables(path)
    raw = open(glpsol(path, "-w")).read()
    v = {cols[int(w[1]) - 1]: float(w[2]) for w in (s.split() for s in raw.splitlines()) if w[0] == "j"}
    objective = float(re.search(r"^s mip \d+ \d+ o (\S+)$", raw, re.M).group(1))
    whole = json.load(open(mp))
    margin, budget = objective + whole["constant"], whole["budget"]
    check("a budget", 0 < budget < 1e-3, budget)
    for status, low, want in (("optimal", 0, 0), ("optimal", 1, 11), ("limit", 0, 0), ("limit", 1, 11), ("none", 0, 11), ("none", 1, 11), ("unbounded", 0, 11)):
        text = texts(rows, cols, v, objective, status)
        js = text["gurobi json"].replace('"ObjBound": %.17g' % objective, '"ObjBound": %.17g' % (objective - low))
        log = put("highs.log", "Running HiGHS 1.8.0\nSolving report\n  Primal bound      %.12g\n  Dual bound        %.12g\n" % (objective, objective - low))
        for form, sol, more in (("gurobi json", js, []), ("highs", text["highs"], ["--log", log])):
            code, out, err = run("decode", mp, put("b.sol", sol), *more, "--json")
            j = json.loads(out)
            check("%s %s with a bound %g lower" % (form, status, low), code == want and abs(j["claimed_bound"] - margin + low + budget) < 1e-9, (code, out, err, margin))
            check("%s %s with a bound %g lower: a word" % (form, status, low), (want == 11 or j["certified"] is False) and "bound" not in j.get("objective", {}), out)
    high = re.sub(r'"ObjBound": [^,]*', '"ObjBound": %.17g' % (objective + 0.01), texts(rows, cols, v, objective, "optimal")["gurobi json"])
    code, out, err = run("decode", mp, put("b.sol", high))
    check("a bound above the point that stands beside it", code == 6 and "the replay of its own point" in err, (code, out, err))
    gap = re.sub(r'"ObjBound": [^,]*', '"MIPGap": 0.1', texts(rows, cols, v, objective, "optimal")["gurobi json"])
    check("gurobi's optimum within a wide gap", run("decode", mp, put("b.sol", gap))[0] == 11 and "feasible" in run("inspect", p("b.sol"))[1], gap)
    fpath, fmap = compiled("bound", ask("tiny-xor.onnx", "0.5,0.5\n", 0, 0.1, 1), "feasible", ".mps")
    for how, want in ((["--nomip"], 11), (["--interior", "--nomip"], 11), ([], 0)):
        sh("glpsol", *how, "--nopresol", "--freemps", fpath, "-w", p("lp.raw"), "-o", p("lp.sol"))
        for f in ("lp.raw", "lp.sol"):
            code, out, err = run("decode", fmap, p(f))
            check("an answer to the relaxation %s %s" % (" ".join(how), f), code == want, (code, out, err))
    # a multi-row file of another question on the same network: its name in the comments is another
    other, omap = compiled("bound2", ask("tiny-xor.onnx", "0.5,0.5\n", 0, 0.11, 1), "feasible", ".mps")
    code, out, err = run("decode", omap, p("lp.raw"))
    check("GLPK's indices of another model with as many columns", code == 6 and "answers model mark_" in err, (code, out, err))


def counts():
    """files of a model with as many names, but another number of rows or columns"""
    if not shutil.which("glpsol"):
        return skip("glpsol is not here: counts are not tried")
    path, mp = compiled("count", ask("tiny-xor.onnx", "0.5,0.5\n", 0, 0.5, 1), "worst", ".mps")
    rows, cols = tables(path)
    raw = open(glpsol(path, "-w")).read()
    report = open(glpsol(path, "-o")).read()
    v = {cols[int(w[1]) - 1]: float(w[2]) for w in (s.split() for s in raw.splitlines()) if w[0] == "j"}
    objective = float(re.search(r"^s mip \d+ \d+ o (\S+)$", raw, re.M).group(1))
    few, n = texts(rows[:-1], cols, v, objective, "optimal"), len(rows)
    files = {k: few[k] for k in ("highs", "highs pretty", "highs old", "cplex", "mosek")}
    files["glpk"] = re.sub(r"(?m)^i %d .*\n" % n, "", raw).replace("s mip %d " % n, "s mip %d " % (n - 1))
    files["glpk report"] = re.sub(r"(?m)^ +%d %s .*\n( {20}.*\n)?" % (n, rows[-1]), "", report).replace("Rows:       %d" % n, "Rows:       %d" % (n - 1))
    files["lp_solve"] = "\nValue of objective function: %.8f\n\nActual values of the variables:\n%s\nActual values of the constraints:\n%s" % (
        objective, "".join("%s %.6g\n" % (c, v[c]) for c in cols), "".join("%s 0\n" % r for r in rows[:-1]))
    for form, text in files.items():
        code, out, err = run("decode", mp, put("count.sol", text))
        check("%s with a row less" % form, code == 6 and "rows" in err, (code, out, err))
    fpath, fmap = compiled("count", ask("tiny-xor.onnx", "0.5,0.5\n", 0, 0.1, 1), "feasible", ".lp")
    raw = open(glpsol(fpath, "-w")).read()
    check("indices alone, of as many columns", run("decode", fmap, put("count.raw", raw))[0] == 0, raw)
    k = int(re.search(r"^s mip \d+ (\d+) n", raw, re.M).group(1))
    less = re.sub(r"(?m)^j %d .*\n" % k, "", raw).replace(" %d n" % k, " %d n" % (k - 1))
    code, out, err = run("decode", fmap, put("count.raw", less))
    check("indices alone, of a column less", code == 6 and "columns" in err, (code, out, err))
    code, out, err = run("inspect", put("both.sol", "==  Welcome to the SYMPHONY MILP Solver\n%s\n* Time Limit Reached *\n%s\nSolution Cost: 1\n+++\nColumn names and values of "
                                        "nonzeros in the solution\n+++\nx0 1.0\n\nNo Solution Found\n" % ("*" * 52, "*" * 52)))
    check("a solution and the word that there is none", code == 3 and "none" in err, (code, out, err))


# ---- manifests ----
def manifests():
    if not shutil.which("cbc") or not shutil.which("glpsol"):
        return skip("cbc and glpsol are not here: manifests are not decoded")

    def make(name, eps, *more):
        code, out, err = run("compile", m("digits-mlp.onnx"), "--image", IDX + ":0", "--label", "8", "--perturb", "linf:%g" % eps, "-o", p(name + ".mps"), *more)
        man = json.load(open(p(name + ".manifest.json")))
        return p(name + ".manifest.json"), man, [t for t in man["targets"] if "model" in t]

    def solve(target, how):
        sol = target["model"][:-4] + "." + how
        if how == "cbc":
            sh("cbc", target["model"], "-preprocess", "off", "-solve", "-solution", sol)
        elif how == "glpk":
            sh("glpsol", "--freemps", target["model"], "-w", sol)
        else:
            put(os.path.basename(sol), sh("symphony", "-F", target["model"]))
        return sol

    path, man, opened = make("holds", 0.02, "--bounds", "interval")
    check("a manifest of several models, and of targets that bounds close", 2 <= len(opened) < 9 and all(t["status"] == "open" for t in opened), man)
    hows = ["cbc", "glpk"] + (["symphony"] if shutil.which("symphony") else [])
    sols = [solve(t, hows[i % len(hows)]) for i, t in enumerate(opened)]
    code, out, err = run("decode", path, *sols[::-1], "--json")
    check("all hold", code == 0 and len(json.loads(out)["targets"]) == 9 and json.loads(out)["verdict"] == "holds", (code, out, err))
    code, out, err = run("decode", path, *sols[1:])
    check("one solution is missing", code == 11 and "no solution of target " + opened[0]["target"] in out, (code, out, err))
    code, out, err = run("decode", path, *sols, sols[0])
    check("one solution twice", code == 2 and "a second solution" in err, (code, err))
    changed = dict(man, net_sha256="0" * 64)
    code, out, err = run("decode", put("holds2.manifest.json", changed), *sols)
    check("a manifest of another network", code == 6, (code, err))
    swapped = json.loads(json.dumps(man))
    a, b = [i for i, t in enumerate(swapped["targets"]) if "model" in t][:2]
    for key in ("model", "mark"):
        swapped["targets"][a][key], swapped["targets"][b][key] = swapped["targets"][b][key], swapped["targets"][a][key]
    code, out, err = run("decode", put("holds3.manifest.json", swapped), *sols)
    check("a manifest with swapped models", code == 6, (code, err))
    cut = json.loads(json.dumps(man))
    del cut["targets"][-1]
    code, out, err = run("decode", put("holds4.manifest.json", cut), *sols)
    check("a manifest without its last target", code == 6, (code, err))
    path2, man2, opened2 = make("violated", 0.03, "--bounds", "interval")
    sols2 = [solve(t, "cbc") for t in opened2[:3]]
    code, out, err = run("decode", path2, *sols2, "--json", "-o", p("witness"))
    verdict = json.loads(out)
    check("one is violated", code == 10 and verdict["verdict"] == "violated" and verdict["witness"]["margin64"] <= 0 and os.path.exists(verdict["witness"]["file"]), (code, out[:300], err))
    code, out, err = run("decode", path2, sols[0])
    check("a solution of another manifest", code == 6 and "no model" in err, (code, err))
    nameless = put("nobody.sol", "solution status: infeasible\nno solution available\n")
    code, out, err = run("decode", path2, nameless)
    check("an answer that names nothing, called after nothing", code == 6 and "names no column" in err, (code, err))
    named = shutil.copy(nameless, opened2[0]["model"][:-4] + ".out")
    code, out, err = run("decode", path2, named, "--json")
    got = [t for t in json.loads(out)["targets"] if t["status"] == "holds" and t.get("by") == "solver"]
    check("an answer that names nothing, called after its model", code == 11 and len(got) == 1 and "is assumed to answer" in err, (code, out[:300], err))
    run("compile", m("digits-mlp.onnx"), "--image", IDX + ":5", "--label", "2", "--perturb", "linf:0.05", "--bounds", "interval", "--split", "3", "-o", p("cubes.mps"))
    path4, man4 = p("cubes.manifest.json"), json.load(open(p("cubes.manifest.json")))
    cubes = [dict(c, target=t["target"]) for t in man4["targets"] for c in t.get("cubes", [])]
    check("a manifest of cubes", len(cubes) >= 2 and not any("model" in t for t in man4["targets"]), man4)
    code, out, err = run("decode", path4, *[solve(c, "cbc") for c in cubes])
    check("a cube is violated", code == 10 and "violated by solver" in out, (code, out, err))
    # a solver's word for each: what the combination makes of it
    words = []
    for c in cubes:
        names = json.load(open(c["model"][:-4] + ".map.json"))["columns"]
        words.append(put(os.path.basename(c["model"])[:-4] + ".word", "Infeasible - objective value 0.0\n%d %s 1 0\n" % (names.index(c["mark"]), c["mark"])))
    code, out, err = run("decode", path4, *words)
    check("all cubes hold", code == 0, (code, out, err))
    code, out, err = run("decode", cubes[0]["model"][:-4] + ".map.json", words[0])
    check("one cube alone proves nothing of its target", code == 11 and "all its cubes" in out, (code, out, err))
    for i in range(len(cubes)):
        code, out, err = run("decode", path4, *words[:i], *words[i + 1:])
        check("cube %d is missing" % (i + 1), code == 11 and "no solution of target %s, cube %d" % (cubes[i]["target"], i + 1) in out, (code, out, err))
    fewer = json.loads(json.dumps(man4))
    for t in fewer["targets"]:
        t.get("cubes", [0]).pop()
    code, out, err = run("decode", put("cubes2.manifest.json", fewer), *words[:-1])
    check("a manifest without a target's last cube", code == 6, (code, out, err))
    path3, man3, written = make("always", 0.005, "--bounds", "crown", "--always-write")
    stopped = put("always-t%s.out" % written[0]["target"], "solution status: time limit reached\nno solution available\n")
    code, out, err = run("decode", path3, stopped)
    check("what bounds closed stays closed", code == 0 and written[0]["status"] == "holds", (code, out, err))
    code, out, err = run("decode", path2[:-len("manifest.json")] + "map.json", sols2[0])
    check("a map that is not there", code == 5, (code, err))


# ---- files in any order, models, crashes, checks ----
def put_net(name, layers, n=2):
    return put(name, network([n], layers))


def handling():
    """decode sorts its files by itself; what it says of files that are none; twins; the smallest answer files; --check"""
    net = put_net("h.json", [dense([[1, -1], [-1, 1]], [0, 0]), {"op": "relu"}, dense([[1, 1], [0, 0]], [0, 0])])
    ask = [net, "--image", put("h.csv", "0.5,0.5\n"), "--label", "1", "--target", "0", "--perturb", "free", "--bounds", "interval", "--always-write", "--quiet"]
    code, out, err = run("compile", *ask, "--margin", "0.25", "-o", p("h.mps"))
    mp = json.load(open(p("h.map.json")))
    x = {"x0": 1, "x1": .5, "v2_0": .5, "z2_0": 1, mp["mark"]: 1}
    point = put("h.sol", "=obj= 0\n" + "".join("%s %g\n" % (c, v) for c, v in x.items() if c in mp["columns"]))
    for files in ((p("h.map.json"), point), (point, p("h.map.json")), (p("h.mps"), point), (point, p("h.mps")), (p("h.mps"), p("h.map.json"), point)):
        code, out, err = run("decode", *files)
        check("decode %s" % [os.path.basename(f) for f in files], code == 10 and out.startswith("violated"), (code, out, err))
    for files, want, needle in (((point, point), 3, "is not a map, nor is any other file"), ((p("nobody.map.json"), point), 5, "nobody.map.json"), ((p("h.map.json"), p("nowhere.sol")), 5, "nowhere.sol"),
                                ((put("alone.mps", "NAME x\n"), point), 5, "there is no map beside this model"), ((p("h.mps"), p("h.map.json")), 2, "no solution file is given with it")):
        code, out, err = run("decode", *files)
        check("decode %s is refused" % [os.path.basename(f) for f in files], code == want and needle in err, (code, out, err))
    code, out, err = run("decode", p("h.map.json"), put("empty.sol", ""))
    check("an empty file: what happened, and a way out", code == 3 and "crashed" in err and "cbc MODEL -preprocess off solve >" in err and "glpsol" in err, (code, err))
    # the smallest files that README names
    for text, want, trust in (("=infeas=\n", 0, True), ("=infeas=\n%s 1\n" % mp["mark"], 0, False), ("=unbnd=\n", 11, False), ("=unkn=\n", 11, False)):
        code, out, err = run("decode", p("h.mps"), put("word.sol", text))
        check("the answer %r" % text, code == want and ("is assumed to answer" in err) == trust, (code, out, err))
    code, out, err = run("decode", p("h.mps"), put("word.sol", "=infeas=\nmark_000000000000 1\n"))
    check("the infeasibility of another model", code == 6 and "another model" in err, (code, err))
    # a point that misses a row, a bound and an integer
    bad = dict(x, x0=1.25, z2_0=.75)
    off = put("off.sol", "=obj= 3\n" + "".join("%s %g\n" % (c, v) for c, v in bad.items() if c in mp["columns"]))
    code, out, err = run("decode", p("h.mps"), off, "--check")
    check("--check in words", code == 6 and "not accepted: " in out and "bounds: x0 is missed by 0.25" in out and "integers: z2_0 is off by 0.25; it is 0.75" in out and "3 is claimed, the point has" in out, (code, out, err))
    code, out, err = run("decode", p("h.mps"), off, "--check", "--json")
    c = json.loads(out)["check"]
    rows = model_rows(p("h.mps"))
    worst = max((max(0, sum(a * bad.get(v, 0) for v, a in r.items()) - rhs, 0), name) for name, (r, rhs) in rows.items())
    check("--check as JSON", code == 6 and c["row"]["name"] == worst[1] and abs(c["row"]["missed_by"] - worst[0]) < 1e-12 and c["bound"]["name"] == "x0" and c["integer"]["missed_by"] == .25 and c["objective_claimed"] == 3, (c, worst))
    code, out, err = run("decode", p("h.mps"), point, "--check", "--json")
    c = json.loads(out)
    check("--check of a good point", code == 10 and c["verdict"] == "violated" and all(c["check"][k]["missed_by"] == 0 for k in ("row", "bound")), (code, out))
    # equal models of one manifest have marks of their own: any order of their solutions
    twins = put_net("twins.json", [dense([[1, 0], [2, 0]], [-.5, -1]), {"op": "relu"}, dense([[1, -.5], [0, 0], [0, 0]], [.4, 0, 0])])
    for objective in ("feasible", "worst"):
        run("compile", twins, "--image", put("t.csv", "1,0\n"), "--label", "0", "--perturb", "free", "--bounds", "interval", "--objective", objective, "-o", p("t.mps"), "--quiet")
        man = json.load(open(p("t.manifest.json")))
        marks = [t["mark"] for t in man["targets"] if "mark" in t]
        check("twins, %s: marks" % objective, len(marks) == 2 and len(set(marks)) == 2, man)
        sols = [put("any%d.sol" % i, "=infeas=\n%s 1\n" % k) for i, k in enumerate(marks)]
        for order in ((sols[0], sols[1]), (sols[1], sols[0])) if objective == "feasible" else ():
            code, out, err = run("decode", p("t.manifest.json"), *order)
            check("twins in any order", code == 0, (code, out, err))
            code, out, err = run("decode", *order, p("t.manifest.json"))
            check("twins, the manifest last", code == 0, (code, out, err))


def model_rows(path):
    """<= rows of a free MPS file: name -> ({column: coefficient}, right side)"""
    rows, part = {}, ""
    for line in open(path):
        t = line.split()
        if not line.startswith(" "):
            part = t[0]
        elif part == "ROWS" and t[0] == "L":
            rows[t[1]] = ({}, 0.0)
        elif part == "COLUMNS" and t[1] in rows:
            rows[t[1]][0][t[0]] = float(t[2])
        elif part == "RHS" and t[1] in rows:
            rows[t[1]] = (rows[t[1]][0], float(t[2]))
    return rows


def crash():
    """a model that CBC 2.10 crashes on: README's command, solve and bench get its answer all the same"""
    if not shutil.which("cbc"):
        return skip("cbc is not here: its crash is not met")
    net = put_net("c.json", [dense([[2.34, -.66], [.39, .15], [.84, -1.4]], [-.29, -.53, -.75]), {"op": "relu"}, dense([[2.19, 1.52, 1.07]], [0])])
    q = put("c.q.json", {"netmip": "query", "version": 1, "n_in": 2, "n_out": 1, "cases": [{"lo": -1, "hi": 1, "clauses": [["Y_0 >= 7.536"]]}]})
    run("compile", net, q, "--bounds", "interval", "--always-write", "-o", p("c.mps"), "--quiet")
    plain = ["cbc", p("c.mps"), "-preprocess", "off", "solve"]
    r = subprocess.run([*plain, "solution", p("c.sol")], capture_output=True)
    if r.returncode == 0:
        skip("this CBC does not crash on the smallest known model")
    else:
        check("a crash leaves an empty file", os.path.getsize(p("c.sol")) == 0, r.returncode)
    subprocess.run("cbc %s -preprocess off solve solution %s >/dev/null || cbc %s -preprocess off solve > %s" % (p("c.mps"), p("c.sol"), p("c.mps"), p("c.sol")), shell=True, stderr=subprocess.DEVNULL)
    code, out, err = run("decode", p("c.map.json"), p("c.sol"))
    check("README's command, decoded", code == 0 and "holds" in out and "trust" not in err, (code, out, err))
    log = put("c.log", subprocess.run(plain, capture_output=True, text=True).stdout)
    code, out, err = run("decode", p("c.map.json"), put("none.sol", ""), "--log", log)
    check("an empty file beside a log that says it", code == 0, (code, out, err))
    for a, b, want, needle in (("Problem mark_", "Problem mark_0", 6, "answers model"), ("rows, ", "rows, 1", 6, "columns"), ("tightenPrimalBounds!", "tightenPrimalBounds!\nProblem is infeasible - again", 3, "one result"),
                               ("Problem is infeasible", "Problem is not what", 3, "ends before")):
        code, out, err = run("decode", p("c.map.json"), put("c2.log", open(log).read().replace(a, b)))
        check("a log with %r" % b, code == want and needle in err, (code, err))
    code, out, err = run("solve", net, q, "--solver", "cbc", "--encoding", "bigm", "--bounds", "interval", "--no-attack", "--no-branch", "--no-split", "--quiet")
    check("solve --solver cbc", code == 0, (code, out, err))
    code, out, err = run("bench", p("c.map.json"), "--solvers", "cbc", "--solver-command", "mute: true {model}", "--time-limit", "20", "--dir", p("cb"), "--quiet")
    rows = list(csv.DictReader(open(p("cb/results.csv"))))
    check("bench: cbc answers, and the other is told why it failed", code == 0 and rows[0]["verdict"] == "holds" and rows[0]["why"] == "" and "no solution file" in rows[1]["why"]
          and "failed: c by mute: no solution file" in out, (code, out, rows, err))
    code, out, err = run("bench", p("c.map.json"), "--solver-command", "true {model}", "--dir", p("cb2"), "--quiet")
    check("bench wants a name", code == 2 and "NAME: COMMAND" in err, (code, err))


parts(wrote, end_to_end, documented, bounds, counts, manifests, handling, crash)
