#!/usr/bin/env python3
"""Runs the commands of README's tour, checks their exit codes, compiles the example of netmip.h, and checks that the list
of operators in README is the program's."""
import json, os, re, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, ROOT, check, compiled, m, p, parts, put, skip

EXPECT = {"--perturb linf:0.1 -o build/tour": 10, "tiny-xor.vnnlib": 10, "--objective worst": (0, 10), "mlp.sol": (0, 10)}


with open(os.path.join(ROOT, "README.md")) as readme:
    text = readme.read()


def tour():
    os.makedirs(os.path.join(ROOT, "build", "tour"), exist_ok=True)
    part = text.split("## Five minutes")[1].split("\n## ")[0]
    for line in re.findall(r"^    (\S.*)$", part, re.M):
        if line.startswith("cbc") and not shutil.which("cbc"):
            return skip("cbc is not here: the rest of the tour")
        want = next((c for k, c in EXPECT.items() if line.endswith(k) or k in line and k.startswith("--obj") or k == "mlp.sol" and "decode" in line), 0)
        command = line.replace("build/netmip", NETMIP, 1)
        code = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True).returncode
        check("%s: exit code %d" % (line, code), code in (want if isinstance(want, tuple) else (want,)))
    check("the picture is there", os.path.getsize(os.path.join(ROOT, "build", "tour", "picture.png")) > 1000)


def questions():
    part = text.split("## Questions")[1].split("\n## ")[0]
    for line in re.findall(r"^    (build/netmip .*)$", part, re.M):
        code = subprocess.run(line.replace("build/netmip", NETMIP, 1) + " --quiet", shell=True, cwd=ROOT, capture_output=True).returncode
        check("%s: exit code %d" % (line, code), code == 0)
    schema = set(re.findall(r"`([a-z_]+)`", " ".join(row.split("|")[1] for row in part.splitlines() if row.startswith("| "))))
    source = open(os.path.join(ROOT, "src", "question", "file", "read_json_question.c")).read().split("void nm_queryjson_check")[1].split("nm_json_only")[0]
    known = set(re.findall(r'"([a-z_]+)"', source))
    check("README's schema has every member: %s" % sorted(known ^ schema), known - {"form"} == schema - {"member"})


def dialects():
    for part_of in ("bench", "forms", "suite"):  # of an earlier version, perhaps
        shutil.rmtree(os.path.join(ROOT, "build", "tour", part_of), ignore_errors=True)
    part = text.split("## Beside the model")[1].split("## Networks by hand")[0]
    for line in re.findall(r"^    (build/netmip .*)$", part, re.M):
        code = subprocess.run(line.replace("build/netmip", NETMIP, 1) + " --quiet", shell=True, cwd=ROOT, capture_output=True).returncode
        check("%s: exit code %d" % (line, code), code == 0)


def example():
    head = open(os.path.join(ROOT, "include", "netmip.h")).read()
    code = "\n".join(l[5:] for l in head.splitlines() if l.startswith(" *   "))
    wrong = compiled(put("example.c", code), p("example"))
    check("the example of netmip.h compiles", not wrong, wrong)
    said = subprocess.run([p("example")], cwd=ROOT, capture_output=True, text=True)
    check("the example runs", said.stdout == "does not hold\n", said)


def by_hand():
    part = text.split("## Networks by hand")[1].split("\n## ")[0]
    shown = json.loads("".join(re.findall(r"^    (.*)$", part, re.M)))
    file = json.load(open(m("tiny-abs.json")))
    file.pop("name")
    check("the network in README is models/tiny-abs.json", shown == file)


def operators():
    """README holds the program's own table; a list in words may leave out, but not invent"""
    table = subprocess.run([NETMIP, "inspect", "--ops"], capture_output=True, text=True).stdout
    r = subprocess.run([NETMIP, "solve", "/nonexistent"], capture_output=True, text=True)
    check("a missing file is exit code 5", r.returncode == 5)
    if "| operator | opset | notes |" in text:
        check("README's table of operators is that of netmip inspect --ops", table.split("\n\n")[0] in text)
        return
    names = {n for row in table.split("\n\n")[0].splitlines()[2:] for n in row.split("|")[1].split()}
    listed = set(text.split("opset 7 to 21:")[1].split(";")[0].split())
    check("operators in README: %s" % sorted(listed - names), len(listed) > 20 and listed <= names)


parts(tour, questions, dialects, example, by_hand, operators)
