#!/usr/bin/env python3
"""Help by verb: every flag of command.def stands once, in its group, with its default; lines keep to the terminal's width;
names come from the lists of the rooms; examples run and end as they say; mistyped words are answered with the nearest."""
import os, re, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import NETMIP, ROOT, check, p, parts, put, skip
from tiny import network

DEF = open(os.path.join(ROOT, "src", "command", "command.def")).read()
TEXT = r'"((?:[^"\\]|\\.)*)"'


def run(*args, columns="80"):
    return kit.run(*args, cwd=ROOT, timeout=300, env={**os.environ, "COLUMNS": columns})


VERBS = re.findall(r"^VERB\((\w+),", DEF, re.M)
GROUPS = dict(re.findall(r'^GROUP\((\w+), %s\)' % TEXT, DEF, re.M))
ROWS = [dict(zip(("flag", "group", "kind", "value", "verbs", "default", "help"), m))
        for m in re.findall(r'^(?:OPT|ALSO)\((\w+), (\w+), (\w+), %s, %s, %s, %s\)$' % ((TEXT,) * 4), DEF, re.M)]
PAGES = re.findall(r"^PAGE\((\w+),", DEF, re.M)
LISTS = re.findall(r"^LIST\((\w+),", DEF, re.M)
FILES = {"sets": "question/sets.def", "encodings": "encoding/encodings.def", "dialects": "model/dialects.def"}


def names(path, macro):
    return re.findall(r"^%s\((\w+)" % macro, open(os.path.join(ROOT, "src", path)).read(), re.M)


def rows():
    """command.def itself: every row is read here, and no verb has a flag twice"""
    lines = re.findall(r"^(?:OPT|ALSO)\(.*$", DEF, re.M)
    check("every row has seven columns", len(lines) == len(ROWS), [l for l in lines if not re.match(r'\w+\(\w+, \w+, \w+, "', l)][:3])
    for verb in VERBS:
        flags = [r["flag"] for r in ROWS if verb in r["verbs"].split()]
        check("%s has no flag twice" % verb, len(flags) == len(set(flags)), flags)
    for r in ROWS:
        check("%s: a group that is there" % r["flag"], r["group"] in GROUPS)
        check("%s: verbs that are there" % r["flag"], set(r["verbs"].split()) <= set(VERBS), r["verbs"])


def overview():
    code, out, err = run()
    check("netmip alone: exit code 2", code == 2)
    code, again, err = run("--help")
    check("netmip --help: the same, exit code 0", code == 0 and again == out, (code, again))
    check("netmip help: the same", run("help")[1] == out)
    lines = out.splitlines()
    check("a screenful", len(lines) <= 24 and max(map(len, lines)) <= 80, (len(lines), max(lines, key=len)))
    for verb in VERBS:
        check("a line for " + verb, sum(l.startswith("  %s " % verb) for l in lines) == 1, out)
    for name in PAGES + LISTS:
        check("names " + name, re.search(r"\b%s\b" % name, out), out)


def sections(text):
    """{title: lines} of a help text: a part begins with a line that ends in a colon"""
    found, title = {"": []}, ""
    for line in text.splitlines():
        if re.fullmatch(r"[A-Z][A-Za-z ]*:", line):
            title = line[:-1]
            check("one part " + title, title not in found)
            found[title] = []
        else:
            found[title].append(line)
    return found


def verb_help(verb):
    code, out, err = run(verb, "--help")
    check("%s --help" % verb, code == 0 and err == "", (code, err))
    check("help %s is the same" % verb, run("help", verb)[1] == out and run(verb, "-h")[1] == out)
    part = sections(out)
    for r in ROWS:
        entry = re.compile(r"^  (?:-o, )?--%s(?= |$)" % r["flag"].replace("_", "-"))
        at = [title for title, lines in part.items() for l in lines if entry.match(l)]
        mine = verb in r["verbs"].split()
        if mine:
            check("%s --%s stands once, in its group" % (verb, r["flag"]), at == [GROUPS[r["group"]]], at)
        elif not any(o["flag"] == r["flag"] and verb in o["verbs"].split() for o in ROWS):
            check("%s has no --%s" % (verb, r["flag"]), at == [], at)
        if mine and r["default"]:
            check("%s --%s: its default" % (verb, r["flag"]), "(default %s)" % r["default"] in " ".join(out.split()))
        for name in re.findall(r"\{(sets|encodings|dialects)\}", r["help"]) if mine else []:
            macro = {"sets": "SET", "encodings": "ENC", "dialects": "DIALECT"}[name]
            check("%s --%s names all %s" % (verb, r["flag"], name), all(re.search(r"\b%s\b" % n, out) for n in names(FILES[name], macro)), out)
    for word in ("0", "2", "3", "4", "5", "6"):
        check("%s: exit code %s" % (verb, word), sum(l.startswith("  %s " % word) for l in part["Exit codes"]) == 1, part["Exit codes"])
    plain = lambda text: re.sub(r" \\\n\s+", " ", text).split()
    for columns in ("40", "66", "100", "120"):
        other = run("help", verb, columns=columns)[1]
        wide = [l for l in other.splitlines() if len(l) > int(columns) and len(l.split()) > (2 if l.endswith("\\") else 1)]
        check("%s at %s columns" % (verb, columns), not wide, wide)
        check("%s at %s columns says the same" % (verb, columns), plain(other) == plain(out))
    return part


def examples(verb, part):
    """each example runs in a folder where models/ and scripts/ are, and ends with the exit code that the line before it says"""
    folder = p(verb)
    os.mkdir(folder)
    for name in ("models", "scripts"):
        os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
    text = re.sub(r" \\\n\s+", " ", "\n".join(part["Examples"]))
    want, n = None, 0
    for block in re.split(r"\n\s*\n", text):
        if not block.startswith("    "):
            said = re.search(r"exit\s+code\s+(\d+)", block)
            want = int(said.group(1)) if said else None
            continue
        for line in block.splitlines():
            command = line.strip()
            check("%s: an example is a command of netmip" % verb, command.startswith("netmip "), command)
            solvers = [s for s in ("cbc", "glpsol") if re.search(r"\b%s\b" % s, command)]
            if any(not shutil.which(s) for s in solvers):
                skip("%s: %s is not here" % (verb, " or ".join(solvers)))
                n += 1
                continue
            r = subprocess.run(command.replace("netmip", NETMIP, 1), shell=True, cwd=folder, capture_output=True, text=True, timeout=300)
            check("%s: an example says its exit code, and ends so" % verb, want is not None and r.returncode == want, (command, want, r.returncode, r.stderr))
            n += 1
    check("%s: two examples at least" % verb, n >= 2, n)


NET, ASK = "models/digits-mlp.onnx", ["--image", "models/digits-test-images.idx3.gz:0", "--label", "8"]


def guesses():
    solve = lambda *more: ("solve", NET, *ASK, "--quiet", *more)
    for args, word in ((("solv",), "solve"), (("slove",), "solve"), (("COMPILE",), "compile"), (("sutie",), "suite"),
                       (("solve", NET, "--pertrub", "x"), "--perturb"), (("solve", NET, "--perturbe=x"), "--perturb"), (("solve", NET, "-perturb", "x"), "--perturb"),
                       (("batch", NET, "--time_limt", "3"), "--time-limit"), (("batch", NET, "--dri", "x"), "--dir"), (("solve", NET, "--hlep"), "--help"),
                       (solve("--perturb", "lnif:0.1"), "linf:E"), (solve("--perturb", "linf:0.1+fere"), "free"), (solve("--perturb", "lnif:0.1+free"), "linf:E"),
                       (solve("--perturb", "blurr:3x3"), "blur:HxW"), (solve("--perturb", "linf:0.1", "--target", "ayn"), "any"),
                       (solve("--perturb", "linf:0.1", "--target", "nto:3"), "not:N,.."), (solve("--perturb", "linf:0.1", "--objective", "wrost"), "worst"),
                       (solve("--perturb", "linf:0.1", "--bounds", "corwn"), "crown"), (solve("--perturb", "linf:0.1", "--solver", "glpsl"), "glpsol"),
                       (solve("--perturb", "linf:0.1", "--confirm", "hihgs"), "highs"), (solve("--perturb", "linf:0.1", "--encoding", "parttion:2"), "partition:N"),
                       (("compile", NET, *ASK, "--perturb", "linf:0.1", "-o", "x.mps", "--dialect", "gurbi"), "gurobi"),
                       (("bench", "models/suite", "--dir", "x", "--encodings", "hul"), "hull"), (("bench", "models/suite", "--dir", "x", "--solvers", "embeded"), "embedded"),
                       (("help", "netwrk"), "network"), (("help", "solv"), "solve"), (("help", "--completion", "bsh"), "bash")):
        code, out, err = run(*args)
        check("%s: %s is meant" % (" ".join(args[-2:]), word), code == 2 and "did you mean %s?" % word in err, (code, err))
    for args in (("frobnicate",), ("solve", NET, "--frobnicate"), solve("--perturb", "l7:0.1"), solve("--perturb", "linf:0.1", "--target", "everything"),
                 solve("--perturb", "linf:0.1", "--solver", "nobody"), solve("--perturb", "linf:0.1", "--encoding", "best"), ("help", "everything"),
                 ("batch", NET, "--target", "3"), ("solve", NET, "--dialect", "cbc"), ("compile", NET, *ASK, "--perturb", "linf:0.1", "-o", "x.mps", "--dialect", "excel")):
        code, out, err = run(*args)
        check("%s: refused in a line or two, no guess" % " ".join(args[-2:]), code == 2 and out == "" and len(err) < 320 and "did you mean" not in err, (code, err))
    code, out, err = run("batch", NET, "--label", "3")
    check("a flag of other verbs: theirs are named", "solve, compile, check, bounds" in err, err)


def from_elsewhere():
    """flags of other verifiers and verbs: each row of foreign_flags.c is reached, and says what this verb takes"""
    text = open(os.path.join(ROOT, "src", "command", "foreign_flags.c")).read()
    table = re.findall(r'\{"([a-z0-9 -]+)", (?:NM_O_)?(\w+),\s+"((?:[^"\\]|\\.)+)"\}', text)
    check("the rows are read", len(table) == text.count('{"') and len(table) > 20, len(table))
    takes = {v: {r["flag"] for r in ROWS if v in r["verbs"].split()} for v in VERBS}
    for flags, needs, says in table:
        reached = False
        for verb in VERBS:
            if needs != "ALWAYS" and needs not in takes[verb]:
                continue
            for flag in flags.split() if not reached else flags.split()[:1]:
                if flag.replace("-", "_") in takes[verb]:
                    continue
                code, out, err = run(verb, "--" + flag, "0.25")
                check("%s --%s" % (verb, flag), code == 2 and out == "" and err.startswith("netmip: --%s: " % flag), (code, out, err))
                reached |= says.replace("{}", "0.25") in err
                for named in re.findall(r"did you mean --([a-z-]+)", err):
                    check("%s --%s: a flag of the verb is named" % (verb, flag), named.replace("-", "_") in takes[verb], err)
        check("reached: " + says, reached)
    for args, want in ((("solve", NET, "--eps=8/255"), "did you mean --perturb linf:8/255?"), (("solve", NET, "-eps", "0.1"), "did you mean --perturb linf:0.1?"),
                       (("solve", NET, "--EPS", "--image"), "did you mean --perturb linf:E?"), (("batch", NET, "--image", "x"), "did you mean --images?"),
                       (("batch", NET, "-o", "x"), "did you mean --dir?"), (("solve", NET, "--timeout", "5"), "did you mean --time-limit?"),
                       (("verify", "q", "--time_limit", "5"), "did you mean --timeout?"), (("solve", "--model", NET), "the network is the first argument")):
        code, out, err = run(*args)
        check(" ".join(args), code == 2 and want in err, (code, err))
    for said, want in (("0.1", "linf:0.1"), ("8/255", "linf:8/255"), ("linf=0.1", "linf:0.1"), ("l2,3", "l2:3"), ("linf(0.1)", "linf:0.1"), ("l1 3", "l1:3"),
                       ("free+l2=3", "l2:3")):
        code, out, err = run("solve", NET, *ASK, "--perturb", said)
        check("--perturb " + said, code == 2 and err.count("\n") == 1 and "did you mean %s?" % want in err, (code, err))


def operators():
    """an operator that is not read: no table of all operators"""
    for op, want in (("reluu", "did you mean Relu?"), ("Fancy", "netmip inspect --ops")):
        code, out, err = run("inspect", put("n.json", network([2], [{"op": op}])))
        check("operator %s" % op, code == 4 and want in err and len(err) < 300, (code, err))


def topics():
    for name in PAGES + LISTS:
        code, out, err = run("help", name)
        check("help " + name, code == 0 and err == "" and len(out.splitlines()) > 5, (code, err, out[:200]))
    for name, path in FILES.items():
        out = run("help", name)[1]
        macro = {"sets": "SET", "encodings": "ENC", "dialects": "DIALECT"}[name]
        for n in names(path, macro):
            check("help %s: %s once" % (name, n), sum(bool(re.match(r"  %s\b" % n, l)) for l in out.splitlines()) == 1, out)


def verbs():
    for verb in VERBS:
        examples(verb, verb_help(verb))


parts(rows, overview, verbs, guesses, from_elsewhere, operators, topics)
