#!/usr/bin/env python3
"""Dialects: what each may say and what is refused before any work; the traps of readers, as rules that every written file
keeps; and the files read by the solvers that are here, whose optimum is the big-M model's.

HiGHS is taken from the PATH, or as npm's module `highs` from the folder NETMIP_NODE_MODULES, or where scripts/deps.sh puts it."""
import itertools, json, os, re, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import TMP, check, m, p, parts, put, run, sh, skip, text_of

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "netmip", "node_modules")
NODE = os.environ.get("NETMIP_NODE_MODULES", CACHE if os.path.exists(CACHE + "/highs") and shutil.which("node") else "")


SMALL = [m("digits-mlp.onnx"), "--image", m("digits-test-images.idx3.gz") + ":0", "--labels", m("digits-test-labels.idx1.gz"), "--perturb",
         "linf:0.06", "--target", "3", "--always-write", "--quiet"]
TINY = [m("tiny-xor.json"), m("tiny-xor.vnnlib"), "--always-write", "--quiet"]


def compile(out, *flags, base=SMALL):
    code, _, err = run("compile", *base, "-o", p(out), *flags)
    return check("compile %s %s" % (out, " ".join(flags)), code == 0 and os.path.exists(p(out)), err)


# ---- what each dialect may say: FORMATS' matrix ----
ALL = {"generic", "cbc", "highs", "scip", "gurobi", "cplex", "xpress", "copt", "mosek", "glpk", "lpsolve", "symphony"}
SAYS = {"indicator": {"scip", "gurobi", "cplex"}, "sos1": {"cbc", "scip", "gurobi", "cplex"}, "user": {"scip", "gurobi", "cplex"}}


def refused(name, code, needle, *args):
    got, out, err = run(*args)
    check(name, got == code and out == "" and needle in err, "exit %d (want %d): %s" % (got, code, err))


def sayings():
    for d, (what, able), ending in itertools.product(sorted(ALL), SAYS.items(), (".mps", ".lp")):
        out = "say-%s-%s%s" % (d, what, ending)
        flags = ["--dialect", d] + (["--encoding", what] if what != "user" else ["--cuts", "user", "--encoding", "hull"])
        if d in able:
            if compile(out, *flags, base=TINY):
                s = text_of(p(out))
                mark = {"indicator": ("\nINDICATORS\n", " -> "), "sos1": ("\nSOS\n S1 ", "\nSOS\n "), "user": ("", "")}[what][ending == ".lp"]
                check("%s says it" % out, mark in s, s[-300:])
        else: # no such network: the refusal comes before any work
            refused("refuse " + out, 4, "dialect", "compile", p("none.onnx"), "-o", p(out), *flags)
            check("nothing written " + out, not os.path.exists(p(out)))
    refused("unknown dialect", 2, "generic, cbc, highs", "compile", p("none.onnx"), "-o", p("x.mps"), "--dialect", "excel")
    refused("lp_solve reads no LP", 4, "write .mps", "compile", p("none.onnx"), "-o", p("x.lp"), "--dialect", "lpsolve")
    refused("lp_solve reads no .gz", 4, "x.mps", "compile", p("none.onnx"), "-o", p("x.mps.gz"), "--dialect", "lpsolve")
    refused("no fixed LP", 2, "is LP", "compile", p("none.onnx"), "-o", p("x.lp"), "--mps", "fixed")
    refused("fixed and worst", 4, "objective", "compile", *SMALL, "-o", p("x.mps"), "--mps", "fixed", "--objective", "worst")
    refused("fixed and sets", 4, "special ordered sets", "compile", *SMALL, "-o", p("x.mps"), "--mps", "fixed", "--encoding", "sos1",
            "--dialect", "cplex")
    for e in ("indicator", "sos1"):
        refused("embedded CBC and " + e, 4, "embedded CBC", "solve", p("none.onnx"), "--encoding", e)
    refused("glpsol and sos1", 4, "dialect glpk", "solve", p("none.onnx"), "--encoding", "sos1", "--solver", "glpsol")
    refused("cbc and indicator", 4, "dialect cbc", "solve", p("none.onnx"), "--encoding", "indicator", "--solver", "cbc")
    refused("a second solver that cannot", 4, "dialect glpk", "solve", p("none.onnx"), "--encoding", "sos1", "--solver", "cbc", "--confirm", "glpsol")


# ---- the traps: rules that keep every reader from reading something else ----
NAME = re.compile(r"[A-Za-df-z_][A-Za-z0-9_]{0,59}$|[A-DF-Z_][A-Za-z0-9_]{0,59}$")
WORDS = set("""bin gen min max st end free semi sos bounds bound binary binaries general generals integer integers subject such minimize
maximize rhs rows ranges sets name objsense indicators endata rhsset rngset bndset objrow marker""".split())
NUMBER = re.compile(r"-?(\d+(\.\d+)?|\d(\.\d+)?e[+-]\d\d\d?)$")


def good_name(s):
    return NAME.match(s) and s.lower() not in WORDS and not s.lower().startswith(("inf", "nan"))


def good_number(s):
    return NUMBER.match(s) and len(s) <= 25 and s != "-0" and abs(float(s)) < 1e15


def mps_rules(name, fixed=False, digits=25, sections=("ROWS", "COLUMNS", "RHS", "BOUNDS", "ENDATA")):
    s = text_of(p(name))
    bad = []
    lines = s.split("\n")
    if s.count("\t") or "\r" in s or not s.isascii() or not s.endswith("ENDATA\n"):
        bad.append("bytes")
    heads = [x for x in lines if x and x[0] != " "]
    if [x.split()[0] for x in heads] != ["NAME", *sections]:
        bad.append("sections %s" % heads)
    section, rows, cols, order, ints, bounds, last, pairs = None, set(), [], {}, set(), {}, None, set()
    integer = False
    for x in lines[:-1]:
        w = x.split()
        if len(x) > 250 or x != x.rstrip():
            bad.append("line " + x)
        if x[0] != " ":
            section = w[0]
            continue
        if not fixed:
            at = [i for i in range(1, len(x)) if x[i] != " " and x[i - 1] == " "]
            if x[1] == " " or {4, 14, 39} & set(at):
                bad.append("columns of " + x)
        if section in ("ROWS", "USERCUTS"):
            rows.add(w[1])
            if w[1] != "OBJROW" and not good_name(w[1]):
                bad.append("row name " + w[1])
        elif section == "COLUMNS":
            if w[1] == "'MARKER'":
                integer = w[2] == "'INTORG'"
                continue
            if w[0] != last and w[0] in order:
                bad.append("column twice " + w[0])
            last = w[0]
            order[w[0]] = 1
            ints |= {w[0]} if integer else set()
            if len(w) != 3 or w[1] not in rows or not good_number(w[2]) or not good_name(w[0]) or (w[0], w[1]) in pairs:
                bad.append(x)
            pairs.add((w[0], w[1]))
            if 0 < abs(float(w[2])) < 1e-9 or len(w[2]) > digits:
                bad.append("small or long " + x)
        elif section in ("RHS", "RANGES"):
            if len(w) != 3 or w[0] != section[:3].replace("RAN", "RNG") + "SET" or w[1] == "OBJROW" or w[1] not in rows or not good_number(w[2]):
                bad.append(x)
        elif section == "BOUNDS":
            bounds.setdefault(w[2], []).append(w[0])
            if w[1] != "BNDSET" or w[2] not in order or (len(w) == 4 and (not good_number(w[3]) or len(w[3]) > digits)):
                bad.append(x)
    if rows & set(order):
        bad.append("names of rows and columns meet")
    for c in order:
        kinds = bounds.get(c)
        if kinds not in (["BV"], ["FX"], ["LO", "UP"]) or (kinds == ["BV"]) != (c in ints):
            bad.append("bounds of %s: %s" % (c, kinds))
    for word in ("OBJSENSE", "OBJNAME", "inf", "nan"):
        if re.search(r"\b%s\b" % word, s):
            bad.append(word)
    return check("rules of " + name, not bad, bad[:4])


def lp_rules(name, comments=False):
    s = text_of(p(name))
    bad, lines = [], s.split("\n")
    keywords = ["Minimize", "Subject To", "User Cuts", "Bounds", "Binaries", "SOS", "End"]
    heads = [x for x in lines if x and x[0] not in " \\"]
    if [x for x in heads if x not in keywords] or sorted(heads, key=keywords.index) != heads or s.count("\t") or not s.endswith("End\n"):
        bad.append(heads)
    top = lines.index("Minimize")
    if not comments and any("\\" in x for x in lines[top:]):
        bad.append("a comment below the head")
    body = [x for x in lines[top:] if not x.startswith("\\")]
    if max(map(len, lines)) > 200:
        bad.append("long line")
    text = " ".join(body)
    objective = text.split("obj:")[1].split("Subject To")[0].split()
    names = objective[2::3]
    for sign, c, x in zip(objective[::3], objective[1::3], names):
        if sign not in "+-" or not good_number(c) or c[0] == "-" or not good_name(x):
            bad.append((sign, c, x))
    if len(set(names)) != len(names):
        bad.append("a column twice in the objective")
    rows = text.split("Subject To")[1].split(" Bounds ")[0].replace(" User Cuts ", " ")
    for r in re.split(r" (?=\w+: )", rows):
        if ":" not in r:
            continue
        w = r.split(":", 1)[1].split()
        if "->" in w:
            w = w[w.index("->") + 1:]
        if len(w) < 5 or w[-2] not in ("<=", ">=", "=") or not good_number(w[-1]) or (len(w) - 2) % 3:
            bad.append(r[:100])
            continue
        terms = w[:-2]
        if set(terms[::3]) - {"+", "-"} or len(set(terms[2::3])) != len(terms[2::3]) or set(terms[2::3]) - set(names):
            bad.append(r[:100])
    for x in body[body.index("Bounds") + 1:]:
        if x and x[0] != " ":
            break
        if not re.match(r" \S+ <= \w+ <= \S+$| \w+ = \S+$", x):
            bad.append(x)
    binaries = body[body.index("Binaries") + 1:-2] if "Binaries" in body else []
    bounded = {x.split()[2] if "<=" in x else x.split()[0] for x in body[body.index("Bounds") + 1:] if " <= " in x or " = " in x}
    if {x.strip() for x in binaries} & bounded:
        bad.append("a binary in Bounds")
    return check("rules of " + name, not bad, bad[:3])


def rules():
    for flags, tag in (([], "big"), (["--encoding", "partition:2"], "part"), (["--encoding", "hull"], "hull"), (["--fold", "off"], "unfolded")):
        for d in ("generic", "cbc", "glpk"):
            for ending in (".mps", ".lp"):
                name = "rule-%s-%s%s" % (tag, d, ending)
                if compile(name, "--dialect", d, *flags, base=TINY):
                    mps_rules(name) if ending == ".mps" else lp_rules(name, d == "cbc")
    for name, flags, base in (("rule-big.mps", [], SMALL), ("rule-worst.mps", ["--objective", "worst"], SMALL), ("rule-cubes.mps", [], SMALL)):
        if compile(name, *flags, base=base):
            mps_rules(name)
    if compile("rule-comments.lp", "--comments", "off"):
        lp_rules("rule-comments.lp")
        check("no comments", text_of(p("rule-comments.lp")).count("\\") == 1)
    if compile("rule-big.lp"):
        lp_rules("rule-big.lp")
        numbers = lambda n: sorted(float(x) for x in re.findall(r"(?<![\w.])-?\d[\d.e+-]*", text_of(p(n)).split("Minimize")[1]))
        check("comments change no number", numbers("rule-big.lp") == numbers("rule-comments.lp"))
    if compile("rule-fixed.mps", "--mps", "fixed"):
        mps_rules("rule-fixed.mps", fixed=True, digits=12)
        s = text_of(p("rule-fixed.mps"))
        starts = lambda x: [i for i in range(1, len(x)) if x[i] != " " and x[i - 1] == " "]
        wrong = [x for x in s.split("\n") if x.startswith(" ") and starts(x) not in ([1, 4], [1, 4, 14], [1, 4, 14, 24], [4, 14, 24], [4, 14, 39])]
        check("fields of fixed MPS", not wrong, wrong[:3])
        with open(p("rule-fixed.map.json")) as f:
            d = json.load(f)
        check("the map keeps the names", len(d["columns"]) == len(d["columns_stand_for"]) and d["columns"][0] == "C0000001" and
              d["columns_stand_for"][0].startswith("x"), d["columns"][:2])


# ---- solvers ----
def number_after(text, pattern):
    hit = re.search(pattern, text)
    return float(hit.group(1)) if hit else None


def solve_cbc(path, fixed):
    out = sh("cbc", path, "-preprocess", "off", "-ratioGap", "0", "-allowableGap", "0", "-increment", "1e-12", "-solve", "-solution", p("cbc.out"))
    s = open(p("cbc.out")).read() if os.path.exists(p("cbc.out")) else ""
    return "infeasible" if "nfeasible" in s.split("\n")[0] else number_after(s, r"^Optimal - objective value (\S+)")


def solve_glpk(path, fixed):
    sh("glpsol", "--lp" if ".lp" in path else "--mps" if fixed else "--freemps", path, "-w", p("glpk.out"))
    s = open(p("glpk.out")).read()
    return "infeasible" if re.search(r"^s (mip|bas) .* n ", s, re.M) else number_after(s, r"(?m)^s (?:mip \S+ \S+ o|bas \S+ \S+ f f) (\S+)")


def solve_lpsolve(path, fixed):
    out = sh("lp_solve", "-mps" if fixed else "-fmps", path, "-e", "1e-9", "-S3")
    return "infeasible" if "infeasible" in out else number_after(out, r"Value of objective function: (\S+)")


def solve_symphony(path, fixed):
    out = sh("symphony", "-L" if ".lp" in path else "-F", path)
    return "infeasible" if "nfeasible" in out else number_after(out, r"Solution Cost: (\S+)")


HIGHS = """const h=require(process.argv[1]);const fs=require('fs');h().then(s=>{const r=s.solve(fs.readFileSync(process.argv[2],'utf8'),
{mip_rel_gap:0,output_flag:false});console.log(JSON.stringify({status:r.Status,value:r.ObjectiveValue}))})"""


def solve_highs(path, fixed):
    if shutil.which("highs"):
        out = sh("highs", path, "--solution_file", p("highs.out"))
        s = open(p("highs.out")).read()
        return "infeasible" if "\nInfeasible\n" in s else number_after(s, r"(?m)^Objective (\S+)")
    r = subprocess.run(["node", "-e", HIGHS, os.path.join(NODE, "highs"), path], capture_output=True, text=True, timeout=100)
    d = json.loads(r.stdout.strip().split("\n")[-1])
    return "infeasible" if d["status"] == "Infeasible" else d["value"] if d["status"] == "Optimal" else None


HAVE_HIGHS = shutil.which("highs") or (shutil.which("node") and os.path.isdir(os.path.join(NODE, "highs")))
SOLVERS = {"cbc": ("cbc", solve_cbc), "glpk": ("glpsol", solve_glpk), "lpsolve": ("lp_solve", solve_lpsolve), "symphony": ("symphony", solve_symphony)}


def same(a, b):
    return a == b if isinstance(a, str) or isinstance(b, str) else a is not None and b is not None and abs(a - b) <= 2e-6 * (1 + abs(b))


def optima():
    have = {k: f for k, (exe, f) in SOLVERS.items() if shutil.which(exe)}
    for k in SOLVERS:
        if k not in have:
            skip(k + " is not here")
    if HAVE_HIGHS:
        have["highs"] = solve_highs
    else:
        skip("HiGHS is neither on the PATH nor in NETMIP_NODE_MODULES")
    if "cbc" not in have:
        return
    # the reference: the common file, by CBC; a question whose optimum is a margin, and one that is infeasible
    for tag, more, base in (("worst", ["--objective", "worst"], [*SMALL[:6], "linf:0.02", *SMALL[7:]]), ("tiny", ["--objective", "worst"], TINY),
                            ("none", [], [*SMALL[:6], "linf:0.02", *SMALL[7:]])):
        compile(tag + ".mps", *more, base=base)
        want = solve_cbc(p(tag + ".mps"), False)
        check("%s has an optimum" % tag, want is not None, want)
        for d, f in have.items():
            for own, ending in itertools.product(("generic", d), (".mps", ".lp", ".mps.gz")):
                if (d == "lpsolve" and ending != ".mps") or (d == "highs" and ending != ".lp" and not shutil.which("highs")):
                    continue
                name = "%s-%s-%s%s" % (tag, own, d, ending)
                if compile(name, "--dialect", own, *more, base=base):
                    got = f(p(name), False)
                    check("%s: optimum" % name, same(got, want), "%s, %s was expected" % (got, want))
        for ending in (".mps", ".lp"):
            if compile(tag + "-sos" + ending, "--dialect", "cbc", "--encoding", "sos1", *more, base=base):
                got = solve_cbc(p(tag + "-sos" + ending), False)
                check("%s-sos%s: optimum" % (tag, ending), same(got, want), "%s, %s was expected" % (got, want))
        if tag == "none" and compile("none-fixed.mps", "--mps", "fixed", base=base):
            for d, f in have.items():
                if d != "highs" or shutil.which("highs"):
                    check("fixed MPS by " + d, f(p("none-fixed.mps"), True) == want == "infeasible", want)


def decoded():
    """files of other shapes come back: fixed names, sets, with a witness that replays"""
    if not shutil.which("cbc"):
        return
    base = TINY
    for name, flags in (("back-fixed.mps", ["--mps", "fixed"]), ("back-sos.mps", ["--dialect", "cbc", "--encoding", "sos1"]),
                        ("back-sos.lp", ["--dialect", "cbc", "--encoding", "sos1"])):
        if compile(name, *flags, base=base):
            sh("cbc", p(name), "-preprocess", "off", "-solve", "-printingOptions", "all", "-solution", p("back.sol"))
            code, out, err = run("decode", p(name.rsplit(".", 1)[0] + ".map.json"), p("back.sol"))
            check("%s: violated, replayed" % name, code == 10, "%d %s %s" % (code, out, err))
    code, out, err = run("solve", *base[:2], "--encoding", "sos1", "--solver", "cbc", "--no-attack", "--no-split", "--no-branch", "--no-evaluate")
    check("solve by sets through cbc", code == 10, out + err)


def streams():
    """a .gz that is packed at once and one that is streamed hold the same text as the plain file"""
    for tag, base in (("small", TINY), ("large", [m("digits-conv.onnx"), *SMALL[1:6], "linf:0.3", *SMALL[7:], "--bounds", "interval"])):
        more = ["--fold", "off"] if tag == "large" else []
        if compile(tag + "-gz.mps", *more, base=base) and compile(tag + "-gz.mps.gz", *more, base=base):
            check(tag + ": .gz holds the same", text_of(p(tag + "-gz.mps")) == text_of(p(tag + "-gz.mps.gz")))
            print("%s: %.1f MB, %.2f MB gzipped" % (tag, os.path.getsize(p(tag + "-gz.mps")) / 1e6, os.path.getsize(p(tag + "-gz.mps.gz")) / 1e6))


# ---- beside the model ----
STARTS = {"generic": ".start.sol", "cbc": ".start.txt", "highs": ".start.sol", "scip": ".start.sol", "gurobi": ".start.mst", "cplex": ".start.mst",
          "xpress": ".start.slx", "copt": ".start.mst"}
ORDERS = {"cbc": ".priorities.csv", "scip": ".priorities.cmd", "gurobi": ".ord", "cplex": ".ord", "mosek": ".ord", "xpress": ".dir"}
OPTIONS = {"cbc": ".options.cmd", "highs": ".options", "scip": ".set", "gurobi": ".prm", "cplex": ".prm", "xpress": ".options.cmd", "copt": ".par",
           "mosek": ".par", "lpsolve": ".ini"}


def start_values(name, d):
    s = text_of(p(name))
    if d == "cplex":
        return {a: float(b) for a, b in re.findall(r'<variable name="(\w+)" index="\d+" value="([^"]+)"/>', s)}
    lines = [x.split() for x in s.split("\n")[d in ("generic", "highs", "cbc", "xpress"):] if x and x[0] != "#" and x != "ENDATA"]
    return {w[-2]: float(w[-1]) for w in lines}


def beside():
    base = [*SMALL[:6], "linf:0.15", *SMALL[7:]]
    for d in sorted(ALL):
        for flag, table, what in (("--start", STARTS, "no file for starting"), ("--priorities", ORDERS, "no file for branching"), ("--options", OPTIONS, "no option file")):
            if d not in table:
                more = [flag, "image"] if flag == "--start" else [flag]
                refused("refuse %s for %s" % (flag, d), 4, what, "compile", p("none.onnx"), "-o", p("x.mps"), "--dialect", d, *more)
        flags = ["--dialect", d] + ["--start", "attack"] * (d in STARTS) + ["--priorities"] * (d in ORDERS) + ["--options", "--threads", "2"] * (d in OPTIONS)
        if not compile("by-%s.mps" % d, *flags, base=base):
            continue
        with open(p("by-%s.map.json" % d)) as f:
            columns = json.load(f)["columns"]
        binaries = re.findall(r"(?m)^ BV +BNDSET +(\S+)", text_of(p("by-%s.mps" % d)))
        if d in STARTS:
            x = start_values("by-" + d + STARTS[d], d)
            check("%s: the start names every column" % d, list(x) == columns, list(x)[:3])
            check("%s: binaries of the start" % d, all(x[z] in (0, 1) for z in binaries) and x[columns[-1]] == 1)
            check("%s: phases fit the values" % d, all((x[z] == 1) >= (x["v" + z[1:]] > 0) for z in binaries if "v" + z[1:] in x))
        if d in ORDERS:
            s = text_of(p("by-" + d + ORDERS[d]))
            pairs = re.findall(r"(z\d+_\d+)[ ,]+(\d+)$", s, re.M)
            ranks = [int(b) for _, b in pairs]
            down = d in ("cbc", "xpress")
            check("%s: each binary once" % d, sorted(a for a, _ in pairs) == sorted(binaries), s[:200])
            check("%s: the first is the most important" % d, ranks == sorted(ranks, reverse=not down) and min(ranks) >= 1 and max(ranks) <= 1000, ranks)
        if d in OPTIONS:
            s = text_of(p("by-" + d + OPTIONS[d]))
            check("%s: options" % d, ("2" in s or d == "lpsolve") and re.search(r"gap|Gap|GAP|STOP", s) and "{" not in s, s)
    orders = [[a for a, _ in re.findall(r"(z\d+_\d+)[ ,]+(\d+)$", text_of(p("by-" + d + ORDERS[d])), re.M)] for d in ORDERS]
    check("one order for all", all(o == orders[0] for o in orders))
    if compile("by-fixed.mps", "--mps", "fixed", "--start", "image", base=base):
        check("names of fixed MPS in the start", list(start_values("by-fixed.start.sol", "generic"))[0] == "C0000001")
    put("one.csv", ",".join(["1"] * 784) + "\n")
    code, out, err = run("compile", *[a for a in base if a != "--quiet"], "-o", p("by-file.mps"), "--start", p("one.csv"))
    check("a start from a file is moved into the set", code == 0 and "it was moved by" in err, err)
    refused("no image to start at", 2, "has no image", "compile", *TINY, "-o", p("x.mps"), "--start", "image")
    if shutil.which("cbc"):
        compile("by-cbc.mps", "--dialect", "cbc", "--start", "attack", "--priorities", "--options", "--objective", "worst", base=base)
        out = sh("cbc", p("by-cbc.mps"), "-mipstart", p("by-cbc.start.txt"), "-priorityIn", p("by-cbc.priorities.csv"), "-preprocess", "off",
                 "-maxNodes", "1", "-solve")
        want = number_after(text_of(p("by-cbc.start.txt")), r"objective value (\S+)")
        got = number_after(out, r"MIPStart provided solution with cost (\S+)")
        check("CBC takes the start at its cost", got is not None and same(float("%g" % want), got), (want, got))
        check("CBC reads the priorities", "2 fields and %d records" % (text_of(p("by-cbc.priorities.csv")).count(",") - 1) in out, out[:300])
        compile("by-tiny.mps", "--dialect", "cbc", "--options", base=TINY)
        with open(p("by-tiny.options.cmd")) as f:
            subprocess.run(["cbc"], stdin=f, capture_output=True, timeout=60, cwd=TMP)
        code, out, err = run("decode", p("by-tiny.map.json"), p("by-tiny.cbc.sol"))
        check("CBC's command file runs, and its answer comes back", code == 10, "%d %s" % (code, err))
    if shutil.which("lp_solve"):
        compile("by-lps.mps", "--dialect", "lpsolve", "--options", base=TINY)
        out = sh("lp_solve", "-fmps", p("by-lps.mps"), "-rpar", p("by-lps.ini"), "-S3")
        check("lp_solve reads its options", "Value of objective function" in out or "infeasible" in out, out)


parts(sayings, rules, optima, decoded, streams, beside)
