#!/usr/bin/env python3
"""README: its commands run and print what stands below them, its picture is what the program draws, the files that it names
are there; and the example of netmip.h compiles and runs."""
import os, re, shutil, subprocess, sys, zlib

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, ROOT, check, compiled, m, p, parts, put, skip

with open(os.path.join(ROOT, "README.md")) as readme:
    TEXT = readme.read()


def blocks(section):
    """lists of lines that begin with four blanks, without these"""
    part = TEXT.split("\n## %s\n" % section)[1].split("\n## ")[0]
    return [[l[4:] for l in b.splitlines()] for b in re.findall(r"(?:^    .*\n)+", part, re.M)]


def pattern(shown):
    """the text of a block, where `...` in a line or as a line stands for anything"""
    return re.escape("\n".join(shown)).replace(re.escape("..."), "(?:.|\n)*")


def tour():
    shutil.rmtree(os.path.join(ROOT, "build", "tour"), ignore_errors=True)  # of an earlier version, perhaps
    os.makedirs(os.path.join(ROOT, "build", "tour"))
    said, n = "", 0
    for block in blocks("Five commands"):
        if not re.match("build/netmip |cbc ", block[0]):
            check("below the command stands what it prints: %s" % block[0], re.match(pattern(block), said), said[:600])
            continue
        for line in block:
            if line.startswith("cbc") and not shutil.which("cbc"):
                return skip("cbc is not here: the rest of the tour")
            r = subprocess.run(line.replace("build/netmip", NETMIP, 1), shell=True, cwd=ROOT, capture_output=True, text=True)
            said, n = r.stdout, n + 1
            want = 10 if said.startswith("violated") else 0
            check("%s: exit code %d" % (line, r.returncode), r.returncode == want, r.stderr)
    check("at least five commands", n >= 5)


def pixels(path):
    """the unpacked lines of a PNG, which versions of zlib pack in different ways"""
    with open(path, "rb") as f:
        data, at, packed = f.read(), 8, b""
    while at < len(data):
        n = int.from_bytes(data[at:at + 4], "big")
        packed += data[at + 8:at + 8 + n] if data[at + 4:at + 8] == b"IDAT" else b""
        at += 12 + n
    return data[16:26], zlib.decompress(packed)


def picture():
    drawn = os.path.join(ROOT, "build", "tour", "picture.png")
    check("models/demo.png is the picture that the tour draws", pixels(drawn) == pixels(m("demo.png")))
    check("it is small", os.path.getsize(m("demo.png")) < 30000)


def names():
    check("at most 200 lines", len(TEXT.splitlines()) <= 200)
    for name in sorted(set(re.findall(r"(?<![\w/.])(?:src|tests|models|scripts|include)/[\w/.-]*\w", TEXT))):
        check("%s is there" % name, os.path.exists(os.path.join(ROOT, name)))
    for page in re.findall(r"netmip help (\w+)", TEXT):
        r = subprocess.run([NETMIP, "help", page], capture_output=True, text=True)
        check("netmip help %s" % page, page == "NAME" or r.returncode == 0, r.stderr)


def example():
    head = open(os.path.join(ROOT, "include", "netmip.h")).read()
    code = "\n".join(l[5:] for l in head.splitlines() if l.startswith(" *   "))
    wrong = compiled(put("example.c", code), p("example"))
    check("the example of netmip.h compiles", not wrong, wrong)
    said = subprocess.run([p("example")], cwd=ROOT, capture_output=True, text=True)
    check("the example runs", said.stdout == "does not hold\n", said)


parts(tour, picture, names, example)
