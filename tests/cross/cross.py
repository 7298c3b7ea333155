#!/usr/bin/env python3
"""The written models against every solver that is here, and the solvers' answers against netmip: one optimum, one
verdict; foreign readers that read the same doubles; and answers that belong to other models or were cut are no proof."""
import ctypes, functools, gzip, json, math, os, re, shutil, struct, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import TMP, check, m, p, parts, put, run, sh, skip, text_of
from tiny import box, network, relus

TOL = 1e-6


# ---- solvers: each gives (status, objective, {column: value} or None) ----
def cbc(path):
    out = p("cbc.sol")
    if os.path.exists(out):
        os.remove(out)
    log = sh("cbc", path, "-preprocess", "off", "-ratioGap", "0", "-allowableGap", "0", "-increment", "1e-12", "-solve", "-solution", out)
    lines = open(out).read().splitlines()
    if lines[0].startswith(("Infeasible", "Integer infeasible")):
        return "infeasible", None, None
    exact = re.search(r"best objective (\S+),", log)
    value = float(lines[0].split()[-1])
    if exact and abs(float(exact.group(1)) - value) < 1e-6 * (1 + abs(value)):
        value = float(exact.group(1))
    values = {}
    for line in lines[1:]:
        w = line.replace("**", "  ").split()
        values[w[1]] = float(w[2])
    return ("optimal" if lines[0].startswith("Optimal") else lines[0]), value, values


def glpk(path):
    out = p("glpk.raw")
    sh("glpsol", "--lp" if ".lp" in os.path.basename(path) else "--freemps", path, "-w", out)
    names, s = order_of(path), open(out).read().splitlines()
    values, status, objective = {}, None, None
    for line in s:
        w = line.split()
        if w[0] == "s":
            status, objective = (w[4], float(w[5])) if w[1] == "mip" else ({"f": "o"}.get(w[4], w[4]), float(w[6]))
        if w[0] == "j":
            values[names[int(w[1]) - 1]] = float(w[2] if s and " mip " in "".join(x for x in s if x.startswith("s ")) else w[3])
    if status == "n":
        return "infeasible", None, None
    return ("optimal" if status == "o" else status), objective, values


def lp_solve(path):
    out = sh("lp_solve", "-fmps", path, "-S3")
    if "infeasible" in out:
        return "infeasible", None, None
    value = re.search(r"Value of objective function: (\S+)", out)
    values = {}
    body = out.split("Actual values of the variables:")[-1].split("Actual values of the constraints:")[0]
    for line in body.splitlines():
        w = line.split()
        if len(w) == 2:
            values[w[0]] = float(w[1])
    return ("optimal", float(value.group(1)), values) if value else ("failed", None, None)


def symphony(path):
    out = sh("symphony", "-L" if ".lp" in os.path.basename(path) else "-F", path)
    if "infeasible" in out.lower():
        return "infeasible", None, None
    cost = re.search(r"Solution Cost: (\S+)", out)
    if not cost:
        return "failed", None, None
    values = {c: 0.0 for c in order_of(path)}
    for line in out.split("values of nonzeros in the solution")[-1].splitlines():
        w = line.split()
        if len(w) == 2 and w[0] in values:
            values[w[0]] = float(w[1])
    return ("optimal" if "Optimal Solution Found" in out else "failed"), float(cost.group(1)), values


SOLVERS = [(n, f) for n, f in (("cbc", cbc), ("glpsol", glpk), ("lp_solve", lp_solve), ("symphony", symphony)) if shutil.which(n)]


def takes(solver, path):
    if solver == "lp_solve":
        return path.endswith(".mps")
    return not path.endswith(".gz") or solver in ("glpsol", "cbc")


# ---- our own reading of our own files: every number by float() ----
def read_mps(text):
    rows, cols, ints, section, integer = {}, {}, set(), None, False
    for line in text.splitlines():
        w = line.split()
        if not line.startswith(" "):
            section = w[0]
        elif section == "ROWS":
            rows[w[1]] = {"kind": w[0], "rhs": 0.0}
        elif section == "COLUMNS" and w[1] == "'MARKER'":
            integer = w[2] == "'INTORG'"
        elif section == "COLUMNS":
            c = cols.setdefault(w[0], {"lo": 0.0, "hi": math.inf, "int": integer, "a": {}, "obj": 0.0})
            if w[1] == "OBJROW":
                c["obj"] = float(w[2])
            else:
                assert w[1] not in c["a"], "twice " + line
                c["a"][w[1]] = float(w[2])
        elif section == "RHS":
            rows[w[1]]["rhs"] = float(w[2])
        elif section == "BOUNDS":
            c = cols[w[2]]
            if w[0] == "BV":
                c["lo"], c["hi"] = 0.0, 1.0
            elif w[0] == "FX":
                c["lo"] = c["hi"] = float(w[3])
            else:
                c["lo" if w[0] == "LO" else "hi"] = float(w[3])
    assert section == "ENDATA"
    del rows["OBJROW"]
    return rows, cols


def read_lp(text):
    parts = re.split(r"^(Minimize|Subject To|Bounds|Binaries|End)$", text, flags=re.M)
    body = {parts[i]: parts[i + 1] for i in range(1, len(parts) - 1, 2)}
    rows, cols = {}, {}

    def terms(tokens):
        return [((-1 if s == "-" else 1) * float(c), n) for s, c, n in zip(tokens[0::3], tokens[1::3], tokens[2::3])]
    for c, n in terms(body["Minimize"].split()[1:]):
        cols[n] = {"lo": 0.0, "hi": math.inf, "int": False, "a": {}, "obj": c}
    for item in re.split(r"^ (?=\S+:)", body["Subject To"], flags=re.M)[1:]:
        t = item.split()
        rows[t[0][:-1]] = {"kind": {"<=": "L", ">=": "G", "=": "E"}[t[-2]], "rhs": float(t[-1])}
        for c, n in terms(t[1:-2]):
            if c:
                cols[n]["a"][t[0][:-1]] = c
    for line in body["Bounds"].splitlines():
        t = line.split()
        if len(t) == 3:
            cols[t[0]]["lo"] = cols[t[0]]["hi"] = float(t[2])
        elif t:
            cols[t[2]]["lo"], cols[t[2]]["hi"] = float(t[0]), float(t[4])
    for n in body.get("Binaries", "").split():
        cols[n].update({"int": True, "lo": 0.0, "hi": 1.0})
    return rows, cols


@functools.lru_cache(None)  # a path is written once
def read_model(path):
    return (read_lp if ".lp" in os.path.basename(path) else read_mps)(text_of(path))


def order_of(path):
    return list(read_model(path)[1])


# ---- foreign readers, in process: every double as they hold it ----
def library(*names):
    for n in names:
        try:
            return ctypes.CDLL(n, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
    return None


def glpk_read(lib, path):
    for f in ("glp_create_prob", "glp_get_col_name", "glp_get_row_name"):
        getattr(lib, f).restype = ctypes.c_void_p if f == "glp_create_prob" else ctypes.c_char_p
    for f in ("glp_get_col_lb", "glp_get_col_ub", "glp_get_row_lb", "glp_get_row_ub", "glp_get_obj_coef"):
        getattr(lib, f).restype = ctypes.c_double
    lib.glp_term_out(0)
    P = ctypes.c_void_p(lib.glp_create_prob())
    bad = lib.glp_read_lp(P, None, path.encode()) if ".lp" in os.path.basename(path) else lib.glp_read_mps(P, 2, None, path.encode())
    assert bad == 0, "GLPK does not read " + path
    n_rows, n_cols = lib.glp_get_num_rows(P), lib.glp_get_num_cols(P)
    rows, cols = {}, {}
    row_names = {i: lib.glp_get_row_name(P, i).decode() for i in range(1, n_rows + 1)}
    for i, name in row_names.items():
        kind = lib.glp_get_row_type(P, i)  # 1 free, 2 lo, 3 up, 4 both, 5 fixed
        if kind != 1:
            rows[name] = {"kind": {2: "G", 3: "L", 5: "E"}[kind], "rhs": lib.glp_get_row_ub(P, i) if kind == 3 else lib.glp_get_row_lb(P, i)}
    ind, val = (ctypes.c_int * (n_rows + 1))(), (ctypes.c_double * (n_rows + 1))()
    for j in range(1, n_cols + 1):
        kind = lib.glp_get_col_type(P, j)
        lo, hi = lib.glp_get_col_lb(P, j), lib.glp_get_col_ub(P, j)
        n = lib.glp_get_mat_col(P, j, ind, val)
        cols[lib.glp_get_col_name(P, j).decode()] = {
            "lo": -math.inf if kind in (1, 3) else lo, "hi": math.inf if kind in (1, 2) else lo if kind == 5 else hi, "int": lib.glp_get_col_kind(P, j) != 1,
            "obj": lib.glp_get_obj_coef(P, j), "a": {row_names[ind[k]]: val[k] for k in range(1, n + 1) if row_names[ind[k]] in rows}}
    lib.glp_delete_prob(P)
    return rows, cols


def lpsolve_read(lib, path):
    lib.read_freeMPS.restype = ctypes.c_void_p
    for f in ("get_col_name", "get_row_name"):
        getattr(lib, f).restype = ctypes.c_char_p
    for f in ("get_rh", "get_lowbo", "get_upbo", "get_mat"):
        getattr(lib, f).restype = ctypes.c_double
    lib.is_int.restype = ctypes.c_ubyte
    P = ctypes.c_void_p(lib.read_freeMPS(path.encode(), 0))
    assert P.value, "lp_solve does not read " + path
    n_rows, n_cols = lib.get_Nrows(P), lib.get_Ncolumns(P)
    names = [lib.get_row_name(P, i).decode() for i in range(n_rows + 1)]
    rows = {names[i]: {"kind": {1: "L", 2: "G", 3: "E"}[lib.get_constr_type(P, i)], "rhs": lib.get_rh(P, i)} for i in range(1, n_rows + 1)}
    cols, val, ind = {}, (ctypes.c_double * (n_rows + 2))(), (ctypes.c_int * (n_rows + 2))()
    for j in range(1, n_cols + 1):
        n = lib.get_columnex(P, j, val, ind)
        a = {names[ind[k]]: val[k] for k in range(n)}
        hi = lib.get_upbo(P, j)
        cols[lib.get_col_name(P, j).decode()] = {"lo": lib.get_lowbo(P, j), "hi": math.inf if hi >= 1e30 else hi, "int": bool(lib.is_int(P, j)),
                                                 "obj": a.pop(names[0], 0.0), "a": a}
    lib.delete_lp(P)
    return rows, cols


def cbc_read(lib, path):
    lib.Cbc_newModel.restype = ctypes.c_void_p
    for f in ("Cbc_getElements", "Cbc_getColLower", "Cbc_getColUpper", "Cbc_getRowLower", "Cbc_getRowUpper", "Cbc_getObjCoefficients"):
        getattr(lib, f).restype = ctypes.POINTER(ctypes.c_double)
    for f in ("Cbc_getVectorStarts", "Cbc_getIndices"):
        getattr(lib, f).restype = ctypes.POINTER(ctypes.c_int)
    lib.Cbc_getColName.restype = lib.Cbc_getRowName.restype = None
    P = ctypes.c_void_p(lib.Cbc_newModel())
    lib.Cbc_setLogLevel(P, 0)
    assert (lib.Cbc_readLp if ".lp" in os.path.basename(path) else lib.Cbc_readMps)(P, path.encode()) == 0, "CBC does not read " + path
    n_rows, n_cols = lib.Cbc_getNumRows(P), lib.Cbc_getNumCols(P)
    buf = ctypes.create_string_buffer(300)

    def name(f, i):
        f(P, i, buf, ctypes.c_size_t(300))
        return buf.value.decode()
    row_names = [name(lib.Cbc_getRowName, i) for i in range(n_rows)]
    lo, hi = lib.Cbc_getRowLower(P), lib.Cbc_getRowUpper(P)
    rows = {}
    for i, r in enumerate(row_names):
        kind = "E" if lo[i] == hi[i] else "G" if lo[i] > -1e30 else "L"
        rows[r] = {"kind": kind, "rhs": lo[i] if kind == "G" else hi[i]}
    start, ind, val = lib.Cbc_getVectorStarts(P), lib.Cbc_getIndices(P), lib.Cbc_getElements(P)
    clo, chi, obj = lib.Cbc_getColLower(P), lib.Cbc_getColUpper(P), lib.Cbc_getObjCoefficients(P)
    cols = {name(lib.Cbc_getColName, j): {"lo": clo[j], "hi": math.inf if chi[j] > 1e30 else chi[j], "int": bool(lib.Cbc_isInteger(P, j)), "obj": obj[j],
                                          "a": {row_names[ind[k]]: val[k] for k in range(start[j], start[j + 1])}} for j in range(n_cols)}
    lib.Cbc_deleteModel(P)
    return rows, cols


def far(a, b):
    """how many doubles lie between"""
    if a == b:
        return 0
    if not (math.isfinite(a) and math.isfinite(b)) or a * b < 0:
        return 1e9
    return abs(struct.unpack("<q", struct.pack("<d", abs(a)))[0] - struct.unpack("<q", struct.pack("<d", abs(b)))[0])


def compare(ours, theirs, drop=0.0):
    """(largest difference in ulps, what differs in structure or None); a reader that takes numbers below `drop` for 0 says so"""
    def ulps(a, b):
        return 0 if b == 0 and abs(a) < drop else far(a, b)
    (r1, c1), (r2, c2) = ours, theirs
    if list(r1) != list(r2):
        return 0, "rows %s" % (set(r1) ^ set(r2))
    if list(c1) != list(c2):
        return 0, "columns or their order %s" % (set(c1) ^ set(c2))
    worst = 0
    for n in r1:
        if r1[n]["kind"] != r2[n]["kind"]:
            return 0, "kind of row " + n
        worst = max(worst, ulps(r1[n]["rhs"], r2[n]["rhs"]))
    for n in c1:
        a, b = c1[n], c2[n]
        if a["int"] != b["int"] or {k for k, v in a["a"].items() if abs(v) > drop} - set(b["a"]) or set(b["a"]) - set(a["a"]):
            return 0, "pattern of column " + n
        worst = max([worst] + [ulps(a[k], b[k]) for k in ("lo", "hi", "obj")] + [ulps(v, b["a"].get(k, 0.0)) for k, v in a["a"].items() if v])
    return worst, None


# ---- questions ----
def vnnlib(name, n_in, lo, hi, claim):
    return put(name, box([lo] * n_in, [hi] * n_in, 1, claim))


def flags(net, point, label, eps, target):
    f = put("p%d.csv" % len(os.listdir(TMP)), point) if "idx3" not in point else point
    return [m(net), "--image", f, "--label", str(label), "--perturb", "linf:%g" % eps, "--target", str(target)]


IDX = m("digits-test-images.idx3.gz")


def questions():
    for kind in ("onnx", "json"):
        yield "xor-" + kind, flags("tiny-xor." + kind, "0.5,0.5\n", 0, 0.5, 1)
        yield "res-" + kind, flags("tiny-res." + kind, "0.5,0.5\n", 1, 0.4, 0)
        yield "max-" + kind, flags("tiny-max." + kind, "0.75,0.25,0.5,0.375\n", 0, 0.25, 1)
    yield "xor-small", flags("tiny-xor.onnx", "0.5,0.5\n", 0, 0.2, 1)
    yield "max-small", flags("tiny-max.json", "0.75,0.75,0.25,0\n", 1, 0.3, 0)
    yield "abs", [m("tiny-abs.json"), vnnlib("abs.vnnlib", 2, 0.1, 0.9, "(>= Y_0 0.6)")]
    yield "dead", [m("tiny-dead.onnx"), vnnlib("dead.vnnlib", 2, 0.0, 1.0, "(<= Y_0 -0.25)")]
    yield "stable", [m("tiny-stable.onnx"), vnnlib("stable.vnnlib", 2, 0.0, 1.0, "(>= Y_0 1.25)")]
    for i, label, eps, target in ((0, 8, 0.03, 0), (0, 8, 0.02, 9), (5, 2, 0.04, 8)):
        yield "digit%d-%g-%d" % (i, eps, target), flags("digits-mlp.onnx", IDX + ":%d" % i, label, eps, target)


SUFFIX = (".mps", ".lp", ".mps.gz", ".lp.gz")
STOCK = {}  # name -> what later parts use


def compiled(name, args, objective, fold, suffix):
    out = p("%s-%s-%s%s" % (name, objective[0], fold, suffix))
    code, text, err = run("compile", *args, "--objective", objective, "--fold", fold, "--always-write", "-o", out)
    check("compile " + os.path.basename(out), code == 0 and os.path.exists(out), (code, err))
    return out


def optima():
    for name, args in questions():
        code, text, err = run("solve", *args, "--objective", "worst", "--json")
        want = json.loads(text).get("objective", {})
        if name == "stable" and code == 11:
            want = {"value": -0.25, "bound": -0.25}  # see plain_lp
        if not check("worst of " + name, code in (0, 10, 11) and "value" in want and "bound" in want and want["bound"] <= want["value"] <= want["bound"] + 2e-5, (code, text, err)):
            continue
        truth = "violated" if want["value"] <= 0 else "holds"
        digit = name.startswith("digit")
        for fold in ("on", "off"):
            for k, suffix in enumerate(SUFFIX):
                if name == "stable" and fold == "on":
                    continue  # all of it folds away: no rows are left
                if (digit and (fold == "off" and suffix != ".mps" or suffix == ".lp.gz")) or (name.endswith("-json") and (fold == "off" or k > 1)):
                    continue
                path = compiled(name, args, "worst", fold, suffix)
                constant = json.load(open(path[:-len(suffix)] + ".map.json"))["constant"]
                for solver, f in SOLVERS if k < 2 and not (k and fold == "off") else ():  # tests/cross/matrix.py has the other ways
                    if not takes(solver, path) or (digit and solver in ("cbc", "symphony") and fold == "off"):
                        continue
                    status, value, values = f(path)
                    tag = "%s %s" % (solver, os.path.basename(path))
                    check("optimum: " + tag, status == "optimal" and abs(value + constant - want["value"]) <= TOL * (1 + abs(value)),
                          (status, value and value + constant, want))
                    if k == 0:
                        decoded(tag, path, suffix, solver, status, value, values, truth, want["value"])
        for fold in ("on", "off"):
            suffix = ".mps" if fold == "on" else ".lp"
            if name == "stable" and fold == "on":
                continue
            path = compiled(name, args, "feasible", fold, suffix)
            if abs(want["value"]) < 1e-5:
                continue
            for solver, f in SOLVERS:
                if not takes(solver, path) or (digit and fold == "off" and solver != "glpsol"):
                    continue
                status, value, values = f(path)
                tag = "%s %s" % (solver, os.path.basename(path))
                check("decision: " + tag, (status == "infeasible") == (truth == "holds") and status in ("optimal", "infeasible"), (status, want))
                decoded(tag, path, suffix, solver, status, value, values, truth, want["value"])
                STOCK[(name, fold, solver)] = (path, status, values)


def highs_text(path, status, objective, values):
    rows, cols = read_model(path)
    if values is None:
        return "Model status\n%s\n\n# Primal solution values\nNone\n\n# Dual solution values\nNone\n\n# Basis\nHiGHS v1\nNone\n" % status
    activity = {r: 0.0 for r in rows}
    for n, c in cols.items():
        for r, a in c["a"].items():
            activity[r] += a * values.get(n, 0.0)
    return ("Model status\n%s\n\n# Primal solution values\nFeasible\nObjective %.13g\n# Columns %d\n%s# Rows %d\n%s\n# Dual solution values\nNone\n\n# Basis\n"
            "HiGHS v1\nNone\n" % (status, objective, len(cols), "".join("%s %.13g\n" % (n, values.get(n, 0.0)) for n in cols), len(rows),
                                  "".join("%s %.13g\n" % x for x in activity.items())))


def decoded(tag, path, suffix, solver, status, value, values, truth, margin):
    """the solver's answer, in its own file (CBC) and as HiGHS would write it, gives the verdict that is true"""
    mp = path[:-len(suffix)] + ".map.json"
    want = {"violated": 10, "holds": 0}[truth]
    word = {"optimal": "Optimal", "infeasible": "Infeasible"}.get(status, "Unknown")
    worst = "-w-" in os.path.basename(path)
    files = [("highs", [put("as-highs.sol", highs_text(path, word, value or 0, values))])]
    if solver == "cbc":
        files.append(("cbc", [p("cbc.sol")]))
    if worst and status == "optimal":
        log = put("as-highs.log", "Running HiGHS 1.11.0\n\nSolving report\n  Primal bound      %.13g\n  Dual bound        %.13g\n" % (value, value))
        files.append(("highs with its log", files[0][1] + ["--log", log]))
    for style, f in files:
        code, out, err = run("decode", mp, *f, "--json")
        d = json.loads(out) if out else {}
        # digits that a solver does not print may leave a near tie undecided; never the other verdict
        near = abs(margin) < 1e-4 or solver == "lp_solve" or (solver == "symphony" and values)
        # what HiGHS's file calls optimal it says within no gap: its point may be a counterexample, and proves nothing
        expect = 11 if style == "highs" and worst and truth == "holds" else want
        check("decode %s of %s" % (style, tag), code == expect or (near and code in (6, 11)), (code, out[:200], err, truth))
        if code == 10:
            check("decode %s of %s: witness" % (style, tag), d["witness"]["margin64"] <= 0, d)
        if code == 0:
            check("decode %s of %s: a solver's word" % (style, tag), d["certified"] is False and d["solver"] in style, d)
        if worst and code in (0, 10, 11):
            claim = d.get("claimed_bound", -math.inf)
            check("decode %s of %s: a value, and a claim below it" % (style, tag), abs(d["objective"]["value"] - margin) <= 1e-5 * (1 + abs(margin)) + 1e-3 * bool(near) and
                  "bound" not in d["objective"] and claim <= margin + 1e-6 and ("claimed_bound" in d) == (style != "highs"), (out[:700], margin))
            check("decode %s of %s: the claim is near" % (style, tag), style == "highs" or claim >= margin - 1e-3 * (1 + abs(margin)), (claim, margin))


# ---- foreign readers hold the same doubles ----
def readers():
    # GLPK's MPS reader takes |a| < 1e-12 for 0; lp_solve keeps 12 digits; CBC's MPS reader is a few ulps off, its LP reader exact
    libs = [("glpk", library("libglpk.so.40", "libglpk.so"), glpk_read, SUFFIX, 0, 0, 1e-12),
            ("lp_solve", library("/usr/lib/lp_solve/liblpsolve55.so", "liblpsolve55.so"), lpsolve_read, (".mps",), 1 << 13, 0, 1e-11),
            ("cbc", library("libCbcSolver.so.3", "libCbcSolver.so"), cbc_read, (".mps", ".lp"), 2, 0, 0.0)]
    for path in sorted(f for f in os.listdir(TMP) if f.endswith((".mps", ".lp"))):
        rows, cols = read_model(p(path))
        least = min([abs(v) for c in cols.values() for v in list(c["a"].values()) + [c["obj"]] if v] or [1])
        check("no coefficient of %s is so small that readers drop it" % path, least >= 1e-9, least)
        check("names of %s are safe" % path, all(re.fullmatch(r"[A-Za-df-z_][A-Za-z0-9_]{0,59}", n) and n.lower() not in ("inf", "nan", "free", "rhs", "st", "bounds")
                                                 for n in list(rows) + list(cols)) and not set(rows) & set(cols))
        check("bounds of %s are finite and in order" % path, all(math.isfinite(c["lo"]) and math.isfinite(c["hi"]) and c["lo"] <= c["hi"] for c in cols.values()))
    for name, lib, read, suffixes, mps_ulps, lp_ulps, drop in libs:
        if not lib:
            skip("no library of " + name)
            continue
        for path in sorted(f for f in os.listdir(TMP) if f.endswith(suffixes)):
            suffix = next(s for s in SUFFIX[::-1] if path.endswith(s))
            if suffix not in suffixes or (path.startswith("digit") and "-w-" in path and suffix not in (".mps", ".lp")):
                continue
            try:
                worst, what = compare(read_model(p(path)), read(lib, p(path)), drop)
            except (AssertionError, AttributeError, KeyError) as e:
                check("%s reads %s" % (name, path), False, repr(e))
                continue
            allowed = lp_ulps if ".lp" in suffix else mps_ulps
            check("%s holds the same doubles of %s" % (name, path), what is None and worst <= allowed, (what, worst))
    for path in sorted(f for f in os.listdir(TMP) if f.endswith(".mps")):
        twin = p(path[:-4] + ".lp")
        if os.path.exists(twin):
            check("the .lp twin of %s" % path, compare(read_model(p(path)), read_model(twin)) == (0, None), compare(read_model(p(path)), read_model(twin)))
        for s in (".mps", ".lp"):
            packed = p(path[:-4] + s + ".gz")
            if os.path.exists(packed) and os.path.exists(p(path[:-4] + s)):
                check("the packed twin %s" % os.path.basename(packed), gzip.open(packed).read() == open(p(path[:-4] + s), "rb").read())


# ---- answers that must not count ----
def cbc_text(path, status, values, objective=0.0):
    return "%s - objective value %.8f\n" % (status, objective) + "".join("%7d %-12s %15.8g %22.8g\n" % (k, c, values.get(c, 0.0), 0)
                                                                          for k, c in enumerate(order_of(path)))


def refused(name, mp, sol, allowed=(3, 6, 11)):
    code, out, err = run("decode", mp, sol)
    return check(name, code in allowed and (code == 11 or (out == "" and err.startswith("netmip: "))), (code, out[:200], err[:300]))


def foreign():
    args = flags("tiny-xor.onnx", "0.5,0.5\n", 0, 0.5, 1)
    path = compiled("own", args, "feasible", "on", ".mps")
    mp = p("own-f-on.map.json")
    good = {"x0": 1.0, "x1": 0.0, "v2_0": 1.0, "v2_1": 0.0, "v2_2": 0.0, "z2_0": 1.0, "z2_1": 0.0, "z2_2": 0.0}
    cols = order_of(path)
    good[json.load(open(mp))["mark"]] = 1.0
    for style, text in (("cbc", cbc_text(path, "Optimal", good)), ("highs", highs_text(path, "Optimal", 0.0, good))):
        code, out, err = run("decode", mp, put("whole.sol", text))
        check("%s: the whole file" % style, code == 10, (code, err))
        for n in range(len(text)):
            code, out, err = run("decode", mp, put("cut.sol", text[:n]))
            # the point is judged by replay, so what is left may still be a true counterexample, and nothing else
            check("%s cut at %d" % (style, n), code in (3, 6, 11) or (code == 10 and "margin -1.25" in out), (code, out[:100], err))
        for c in cols:
            refused("%s: column %s renamed" % (style, c), mp, put("name.sol", re.sub(r"\b%s\b" % c, "q" + c, text)), (3, 6))
            again = re.sub(r"(?m)^(.*\b%s\b.*)$" % c, r"\1\n\1", text.split("# Rows")[0]) + ("# Rows" + text.split("# Rows")[1] if "# Rows" in text else "")
            refused("%s: column %s twice" % (style, c), mp, put("name.sol", again), (3, 6))
        for value in ("nan", "inf", "1e999", "x", "", "0x1p0", "1,0"):
            refused("%s: a value %r" % (style, value), mp, put("value.sol", re.sub(r"(?m)^(.*\bx0\s+)\S+", r"\g<1>" + value, text, count=1)), (3, 6))
    for status in ("Stopped on time", "Stopped on iterations", "Status unknown", "Unbounded", "Stopped on time (no integer solution - continuous used)",
                   "Optimal (within gap tolerance)"):
        code, out, err = run("decode", mp, put("s.sol", "%s - objective value 0\n" % status))
        check("cbc status %s alone proves nothing" % status, code in (3, 6, 11), (code, out, err))
    for status in ("Time limit reached", "Primal infeasible or unbounded", "Unbounded", "Unknown", "Not Set", "Empty", "Solve error", "infeasible", "Infeasible "):
        refused("highs status %r proves nothing" % status, mp, put("s.sol", highs_text(path, status, 0, None)))
    refused("highs values under Infeasible", mp, put("s.sol", highs_text(path, "Time limit reached", 0, good).replace("\nFeasible\n", "\nInfeasible\n")))
    # a box that holds and one that does not: the proof of the first is no proof of the second
    small = flags("tiny-xor.onnx", "0.5,0.5\n", 0, 0.1, 1)
    spath = compiled("small", small, "feasible", "on", ".mps")
    if shutil.which("cbc"):
        status, value, values = cbc(spath)
        text = open(p("cbc.sol")).read()
        check("the small box holds", run("decode", p("small-f-on.map.json"), p("cbc.sol"))[0] == 0, status)
        names = {line.replace("**", " ").split()[1] for line in text.splitlines()[1:]}
        STOCK["names"] = names
    other = flags("tiny-res.onnx", "0.5,0.5\n", 1, 0.05, 0)
    opath = compiled("other", other, "feasible", "on", ".mps")
    # CBC lists columns below `Infeasible`, too: names, order and number tell the model
    infeasible = cbc_text(opath, "Infeasible", {})
    check("other columns", order_of(opath) != cols)
    refused("CBC's infeasible answer to another network", mp, put("foreign.sol", infeasible), (3, 6))
    refused("CBC's infeasible answer with renamed columns", mp, put("foreign.sol", cbc_text(path, "Integer infeasible", {}).replace(" v2_0 ", " v9_9 ")), (3, 6))
    moved = cbc_text(path, "Infeasible", {}).replace("      2 v2_0", "      7 v2_0")
    refused("CBC's infeasible answer with columns in another order", mp, put("foreign.sol", moved), (3, 6))
    refused("a solution of another network", mp, put("foreign.sol", cbc_text(opath, "Optimal", {})), (3, 6))
    refused("a HiGHS solution of another network", mp, put("foreign.sol", highs_text(opath, "Optimal", 0, {"x0": 1.0})), (3, 6))
    # hashes
    whole = json.load(open(mp))
    sol = put("own.sol", cbc_text(path, "Infeasible", {}))
    for key in ("net_sha256", "query_sha256", "model_sha256"):
        changed = dict(whole, **{key: ("0" if whole[key][0] != "0" else "1") + whole[key][1:]})
        refused("a wrong %s beside its file" % key, put("hash.map.json", changed), sol, (3, 6))
    changed = json.loads(json.dumps(whole))
    changed["question"]["cases"][0]["hi"][0] = 0.25
    refused("a question that was changed under its hash", put("hash.map.json", changed), sol, (3, 6))
    net = shutil.copy(m("tiny-xor.onnx"), p("moving.onnx"))
    run("compile", net, *args[1:], "-o", p("moving.mps"))
    shutil.copy(m("tiny-res.onnx"), net)
    refused("a network that changed since", p("moving.map.json"), sol, (6,))
    worst = compiled("own", args, "worst", "on", ".mps")
    refused("an infeasible worst-case model", p("own-w-on.map.json"), sol, (6,))
    bad = dict(good, x0=0.5, x1=0.5)
    refused("a worst value that the point does not have", p("own-w-on.map.json"), put("w.sol", cbc_text(worst, "Optimal", bad, -2.0)), (6,))
    refused("a point that does not replay", mp, put("w.sol", cbc_text(path, "Optimal", bad)), (6,))
    refused("a point outside the box", mp, put("w.sol", cbc_text(path, "Optimal", dict(good, x0=1.01))), (6,))


def gaps():
    """`Optimal` of HiGHS means within 1e-4 of the model's objective, which lacks the constant: a margin that is small
    beside the constant is not proved by it"""
    net = put("offset.json", network([1], relus(([[1], [-1]], [-0.5, 0.5]), ([[0, 0], [10000.02, 9999.8]], [5000, 0]))))
    ask = [net, "--image", put("half.csv", "0.5\n"), "--label", "0", "--perturb", "linf:0.5", "--objective", "worst"]
    code, out, err = run("solve", *ask)
    check("gap: the truth is violated", code == 10, (code, out, err))
    run("compile", *ask, "-o", p("offset.mps"))
    rows, cols = read_model(p("offset.mps"))
    units = sorted(c for c in cols if c.startswith("v"))
    values = {c: 0.0 for c in cols}
    values.update({units[-1]: 0.5}, **{"z" + units[-1][1:]: 1.0})  # x = 0: the second relu is on, margin 0.1
    value = sum(c["obj"] * values[n] for n, c in cols.items())
    best = -5000.01
    check("gap: the point is within 1e-4 of the optimum", abs(value - best) < 1e-4 * abs(value), value)
    code, out, err = run("decode", p("offset.map.json"), put("gap.sol", highs_text(p("offset.mps"), "Optimal", value, values)))
    check("gap: HiGHS's optimal within its relative gap is no proof", code in (6, 11), (code, out))


def plain_lp():
    """a network without unstable units is a linear program: the embedded solver answers it as well"""
    for claim, want in (("(and (>= X_0 (+ 0.5 X_1)) (<= Y_0 -2))", None), ("(and (<= Y_0 1.4) (>= Y_0 1.3))", "violated"),
                        ("(and (>= X_0 (+ 0.9 X_1)) (<= Y_0 -0.5))", None)):
        path = vnnlib("lp.vnnlib", 2, 0.0, 1.0, claim)
        code, out, err = run("solve", m("tiny-stable.onnx"), path, "--no-attack")
        check("a question without binaries is answered: %s" % claim, code in (0, 10) and want in (None, {0: "holds", 10: "violated"}[code]), (code, out, err))
    code, out, err = run("solve", m("tiny-stable.onnx"), vnnlib("lp.vnnlib", 2, 0.0, 1.0, "(>= Y_0 1.25)"), "--objective", "worst", "--no-attack", "--json")
    value = json.loads(out).get("objective", {}).get("value")
    check("a worst margin without binaries", code == 10 and value is not None and abs(value + 0.25) <= 1e-6, (code, out))


if not SOLVERS:
    skip("no solver is here: cbc, glpsol, lp_solve, symphony")
print("cross: solvers %s" % ", ".join(n for n, _ in SOLVERS))
parts(optima, readers, foreign, gaps, plain_lp)
