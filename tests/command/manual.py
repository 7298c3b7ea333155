#!/usr/bin/env python3
"""The manual: its pages are what mandoc accepts without a warning, name every flag of their verb once, and the rows of the
formats that they explain; the commands in them run and end as they say; completions for bash, zsh and fish know all flags."""
import ast, json, os, re, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, ROOT, TMP, check, parts, skip

MAN = os.path.join(ROOT, "src", "command", "man")
DEF = open(os.path.join(ROOT, "src", "command", "command.def")).read()


def run(*args, **kw):
    r = subprocess.run(args, capture_output=True, text=True, timeout=300, **kw)
    return r.returncode, r.stdout, r.stderr


VERBS = re.findall(r"^VERB\((\w+),", DEF, re.M)
PAGES = re.findall(r"^PAGE\((\w+), (\d),", DEF, re.M)
FLAGS = {v: [] for v in VERBS}
for flag, verbs in re.findall(r'^(?:OPT|ALSO)\((\w+), \w+, \w+, "[^"]*", "([^"]*)"', DEF, re.M):
    for v in verbs.split():
        FLAGS[v].append("--" + flag.replace("_", "-"))
TITLE = {name: name if name in ("netmip", "libnetmip") else "netmip-" + name for name in VERBS + [p for p, _ in PAGES]}
SECTION = {**{v: "1" for v in VERBS}, **dict(PAGES)}


def source(name):
    return open(os.path.join(MAN, name + ".md")).read()


# ---- pages ----
def pages():
    known = {(TITLE[n], SECTION[n]) for n in TITLE}
    check("a source for every page, and no other", sorted(os.listdir(MAN)) == sorted(n + ".md" for n in TITLE), sorted(os.listdir(MAN)))
    for name in TITLE:
        code, page, err = run(NETMIP, "help", name, "--man")
        check("help %s --man" % name, code == 0 and err == "" and page.startswith(("'\\\" t\n" if ".TS\n" in page else "") + ".Dd "), (code, err))
        path = os.path.join(TMP, "%s.%s" % (TITLE[name], SECTION[name]))
        with open(path, "w") as f:
            f.write(page)
        check("%s: its title" % name, ".Dt %s %s\n" % (TITLE[name].upper(), SECTION[name]) in page, page[:100])
        see = set(re.findall(r"^\.Xr (\S+) (\d)", page, re.M))
        check("%s: where to read on" % name, see == known - {(TITLE[name], SECTION[name])}, see ^ known)
        for other, section in re.findall(r"\b(netmip-\w+)\((\d)\)", source(name)):
            check("%s names %s(%s), which is there" % (name, other, section), (other, section) in known)
        if name in VERBS:
            told = ["--" + f for f in re.findall(r"^\.It (?:Fl o , )?Fl -(\S+)", page, re.M)]
            check("%s: every flag once" % name, sorted(told) == sorted(FLAGS[name]), set(told) ^ set(FLAGS[name]))
        if not shutil.which("mandoc"):
            skip("mandoc is not installed")
            continue
        lint = [l for l in run("mandoc", "-Tlint", "-Wall", path)[1].splitlines() if "referenced manual not found" not in l]
        check("mandoc -Tlint %s" % name, lint == [], lint)
        text = re.sub(r".\x08", "", run("mandoc", "-Tutf8", path)[1])
        check("%s: two dashes before a flag, and none before its value" % name, not re.search(r"---[a-z]|--[a-z-]+ -\d+ --", text), re.findall(r".*---[a-z].*", text))
        flat = " ".join(text.split())
        for folder, where in (("models/", "once installed, in /usr/local/share/netmip: commands that name them run in that folder, or in a copy of it."), ("scripts/", "is in the source tree alone")):
            check("%s: where %s is" % (name, folder), (folder in source(name)) == (where in flat), flat[-400:])
        check("%s is set" % name, len(text) > 600 and "{" + name + "}" not in text and ("`" not in text or name == "libnetmip"), text[:200])


def make():
    """make man and make completions write what the program prints"""
    out = os.path.join(TMP, "b")
    env = {**os.environ, "MAKEFLAGS": ""}
    code, said, err = run("make", "-s", "-C", ROOT, "-o", NETMIP, "NETMIP=" + NETMIP, "BUILD=" + out, "man", "completions", env=env)
    check("make man completions", code == 0, err)
    made = sorted(os.path.relpath(os.path.join(d, f), out) for d, _, fs in os.walk(out) for f in fs if "/gen" not in d)
    want = sorted(["man/man%s/%s.%s" % (SECTION[n], TITLE[n], SECTION[n]) for n in TITLE] +
                  ["completions/" + f for f in ("netmip.bash", "_netmip", "netmip.fish")])
    check("make man writes every page", made == want, set(made) ^ set(want))


# ---- the formats that pages explain ----
def members(text, section):
    """the names in the first column of the tables of a section"""
    part = re.split(r"^#+ ", text.split("\n# %s\n" % section)[1], flags=re.M)[0] if section else text
    return set(re.findall(r"`([a-z_]+)`", " ".join(row.split("|")[1] for row in part.splitlines() if row.startswith("| "))))


def strings(path, after, before):
    text = open(os.path.join(ROOT, "src", path)).read()
    return set(re.findall(r'"([a-z_]+)"', text.split(after)[1].split(before)[0]))


def formats():
    known = strings("question/file/read_json_question.c", "void nm_queryjson_check", "nm_json_only")
    told = members(source("query"), "JSON")
    check("netmip-query: every member of a question", known - {"form"} == told, known ^ told)
    told = members(source("network"), "JSON")
    for path, after, before in (("network/file/read_json_network.c", "nm_graph *nm_read_netjson", "const nm_json *j"),
                                ("network/file/json_layer.c", "static bool is_own", "return strcmp(key")):
        known = strings(path, after, before) - {"dense", "conv", "flatten"}  # operators
        check("netmip-network: members of %s" % path, known <= told, known - told)
    known = set(" ".join(re.findall(r'" ([a-z ]+) "', open(os.path.join(ROOT, "src/network/file/json_layer.c")).read().split("kinds[] = {")[1].split("};")[0])).split())
    check("netmip-network: constants of layers", known <= told, known - told)
    told = members(source("campaign"), "suite")
    known = strings("study/suite_spec.c", "static void add_items", "nm_json_only") | strings("study/suite_spec.c", "nm_suite *nm_suite_read", "nm_json_parse")
    check("netmip-campaign: members of a suite's description", known == told, known ^ told)
    known = strings("command/verb/verb_bench.c", "int nm_verb_bench", "nm_cli_files")
    check("netmip-bench: members of a campaign", all('"%s"' % k in source("bench") for k in known), known)
    shown = json.loads("".join(re.findall(r"^    (.*)$", source("network").split("# JSON")[1].split("A layer reads")[0], re.M)))
    file = json.load(open(os.path.join(ROOT, "models", "tiny-abs.json")))
    file.pop("name")
    check("netmip-network: models/tiny-abs.json", shown == file, shown)
    header = open(os.path.join(ROOT, "include", "netmip.h")).read()
    page = run(NETMIP, "help", "libnetmip", "--man")[1]
    check("libnetmip: every function of the header", all(f in page for f in re.findall(r"\b(nm_\w+)\(", header)))


# ---- commands ----
def blocks(text):
    """(what stands before it, the lines) of every literal block"""
    before, lines, found = "", [], []
    for line in text.splitlines() + ["", "end"]:
        if line.startswith("    ") or (lines and not line.strip()):
            lines.append(line[4:])
        elif line.strip():
            if lines:
                found.append((before, "\n".join(lines).strip("\n")))
                before, lines = "", []
            before = line if not before.endswith("..") and (not before or line[0] in "#|-") else before + " " + line
            if line[0] in "#|-":
                before = ""
        else:
            before += "\n"
    return [(b.strip().split("\n")[-1], l) for b, l in found]


NEEDS = {"sk.py": "sklearn", "train.py": "torch", "table.py": "torch", "norm.py": "torch", "mat.py": "scipy", "mysolver.py": "scipy"}


def has(module):
    return run(os.environ.get("PYTHON", sys.executable), "-c", "import " + module)[0] == 0


def commands(name):
    """the blocks of a page in their order, as a reader would run them: files are written, commands run by a shell"""
    folder = os.path.join(TMP, name)
    os.mkdir(folder)
    os.makedirs(os.path.join(folder, "bin"))
    for link in ("models", "scripts"):
        os.symlink(os.path.join(ROOT, link), os.path.join(folder, link))
    os.symlink(NETMIP, os.path.join(folder, "bin", "netmip"))
    os.symlink(shutil.which(os.environ.get("PYTHON", sys.executable)), os.path.join(folder, "bin", "python3"))
    env = {**os.environ, "PATH": os.path.join(folder, "bin") + os.pathsep + os.environ["PATH"]}
    left_out = set()
    for before, text in blocks(source(name)):
        wide = [l for l in text.splitlines() if len(l) > 72 and not l.startswith("netmip ")]
        check("%s: lines of 72 letters at most" % name, not wide or name == "netmip", wide)
        for part in re.split(r"\n\n(?=(?:netmip|python3|for|sed) )", text):
            file = re.search(r"`([\w.-]+\.(?:py|json))`:$", before)
            if file and not re.match(r"(netmip|python3|for|sed) ", part):
                with open(os.path.join(folder, file.group(1)), "w") as f:
                    f.write(part + "\n")
                if file.group(1).endswith(".py"):
                    ast.parse(part)
                continue
            if not re.match(r"(netmip|python3|cbc|glpsol|for|sed) ", part):
                continue
            said = re.search(r"exit\s+code\s+(\d+)", before)
            want = int(said.group(1)) if said else 0
            missing = next((m for f, m in NEEDS.items() if f in part and not has(m)), None)
            missing = missing or next((s for s in ("cbc", "glpsol") if re.search(r"\b%s\b" % s, part) and not shutil.which(s)), None)
            missing = missing or next((f for f in left_out if f in part), None)
            if missing:
                skip("%s: %s" % (name, part.splitlines()[0][:70]))
                left_out.update(re.findall(r"digits\.onnx|norm\.onnx|sklearn\.json|n1\.json|mine\.sol", part))
                continue
            code, out, err = run("sh", "-c", "set -e\n" + part, cwd=folder, env=env)
            check("%s: %s" % (name, part.splitlines()[0][:120]), code == want, "exit code %d, %d was said: %s" % (code, want, err[-300:]))


# ---- completions ----
def completions():
    made = {}
    for shell, test in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
        code, made[shell], err = run(NETMIP, "help", "--completion", shell)
        check("completion for " + shell, code == 0 and err == "")
        path = os.path.join(TMP, "completion." + shell)
        with open(path, "w") as f:
            f.write(made[shell])
        if shutil.which(shell):
            code, out, err = run(*test, path)
            check("%s reads its completion" % shell, code == 0 and err == "", err)
        else:
            skip(shell + " is not installed")
    folder = os.path.join(TMP, "shells")
    os.makedirs(folder)
    for f in ("a.onnx", "b.nnet.gz", "n.json", "n.map.json", "n.manifest.json", "n.map.json.gz", "p.json.gz", "x.png"):
        open(os.path.join(folder, f), "w").close()
    want = ["a.onnx", "b.nnet.gz", "n.json", "p.json.gz"]
    if shutil.which("zsh"):
        glob = re.search(r"^    solve\).*?file:_files -g \"([^\"]+)\"", made["zsh"], re.M | re.S).group(1)
        got = run("zsh", "-c", "setopt extendedglob; print -l " + glob, cwd=folder)[1].split()
        check("zsh: files of networks and questions", sorted(got) == want, (glob, got))
    if shutil.which("fish"):
        code, out, err = run("fish", "-c", "source %s" % os.path.join(TMP, "completion.fish"))
        check("fish takes every line", code == 0 and err == "", err[:300])
        got = run("fish", "-c", 'source %s; complete -C "netmip inspect --input-shape 1 "; complete -C "netmip convert "' % os.path.join(TMP, "completion.fish"), cwd=folder)[1].split()
        check("fish: files of networks", set(want) <= set(got) and not any("map" in g or "manifest" in g for g in got[-len(want):]), got)
    for verb in VERBS:
        zsh = re.search(r"^    %s\)\n        _arguments(.*?);;" % verb, made["zsh"], re.M | re.S).group(1)
        told = {"zsh": re.findall(r"^            '(--[\w-]+)\[", zsh, re.M),
                "fish": ["--" + f for f in re.findall(r"from %s' -l ([\w-]+)" % verb, made["fish"])],
                "bash": re.search(r"^    %s:-\*\) _netmip_words (.*) ;;" % verb, made["bash"], re.M).group(1).split()}
        for shell, flags in told.items():
            check("%s: every flag of %s once" % (shell, verb), sorted(flags) == sorted(FLAGS[verb] + ["--help"]), set(flags) ^ set(FLAGS[verb] + ["--help"]))
    bash(os.path.join(TMP, "completion.bash"))


def bash(path):
    folder = os.path.join(TMP, "files")
    os.makedirs(os.path.join(folder, "sub"))
    for f in ("a.onnx", "b.nnet.gz", "c.png", "d.mps.gz", "e f.onnx", "g.txt", "n.json", "n.map.json", "n.manifest.json", "n.map.json.gz", "p.json.gz"):
        open(os.path.join(folder, f), "w").close()

    def complete(*words):
        script = 'source "%s"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _netmip; printf "%%s\\n" "${COMPREPLY[@]}"' % path
        return sorted(filter(None, run("bash", "-c", script, "bash", *words, cwd=folder)[1].split("\n")))

    for words, want in ((("netmip", "so"), ["solve"]), (("netmip", "solve", "--pert"), ["--perturb"]), (("netmip", "solve", "--perturb", "li"), ["linf:"]),
                        (("netmip", "solve", "--objective", "c"), ["closest:"]), (("netmip", "compile", "--dialect", "g"), ["generic", "glpk", "gurobi"]),
                        (("netmip", "solve", ""), ["a.onnx", "b.nnet.gz", "e f.onnx", "n.json", "p.json.gz", "sub"]), (("netmip", "solve", "--image", ""), ["c.png", "g.txt", "sub"]),
                        (("netmip", "decode", "d"), ["d.mps.gz"]), (("netmip", "decode", "n.m"), ["n.manifest.json", "n.map.json", "n.map.json.gz"]),
                        (("netmip", "suite", "n"), ["n.json"]), (("netmip", "solve", "-o", ""), ["sub"]), (("netmip", "batch", "--dir", "s"), ["sub"]),
                        (("netmip", "solve", "--bounds", "=", "cr"), ["crown"]), (("netmip", "solve", "--time-limit", ""), []), (("netmip", "help", "que"), ["query"])):
        got = complete(*words)
        check("bash completes %s" % " ".join(words), sorted(set(got)) == want, got)


def readers():
    for name in ("netmip", "query", "model", "network", "campaign", "recipes"):
        commands(name)


parts(pages, make, formats, completions, readers)
