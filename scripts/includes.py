#!/usr/bin/env python3
"""includes.py [--fix] [FILE.c ..]: the include lines of src/, from the names that each file uses.

A .c file includes the door (src/ROOM/ROOM.h) of every room of which it uses a name, from the ground up, and the private
headers of its own room of which it does; one of the latter that stands there already may stay, for fields that are used
without a name of their struct. Without --fix the files whose lines are others are named, and the exit code
is 1; with it they are rewritten. A name that only a private header of another room has is an error. Lines in < > and
.def lists are nobody's business here. Without files: all of src/."""
import os, re, subprocess, sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
ROOMS = re.search(r'ROOMS="([a-z ]+)"', open(os.path.join(ROOT, "scripts", "rooms.sh")).read()).group(1).split()
SRC = os.path.join(ROOT, "src")


def plain(text):
    """without comments and the insides of strings"""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def names_of(text):
    """{name: whether it is whole here}: a forward declaration gives a name that is not"""
    names = {}
    for macro in re.findall(r"^#define (\w+)", text, re.M):
        names[macro] = True
    # a list: #define ROW(name, ..) .. prefix##name .., then #include of a file of ROW(name, ..)
    for macro, prefix, listed in re.findall(r'^#define (\w+)\([^)]*\) .*?(\w+_)##.*\n#include "(.*\.def)"', text, re.M):
        words = open(os.path.join(SRC, listed)).read()
        names.update({prefix + w: True for w in re.findall(r"\b%s\((\w+)" % macro, words)})
    text = re.sub(r"^#(?:.*\\\n)*.*$", "", plain(text), flags=re.M)
    depth, start = 0, 0
    for i, c in enumerate(text):
        depth += (c == "{") - (c == "}")
        inline = text[start:i].lstrip().startswith("static inline")
        if depth or c not in ";}" or (c == "}") != inline:
            continue
        said, start = text[start:i + 1].strip(), i + 1
        body = re.search(r"\{(.*)\}", said, re.S)
        tag = re.match(r"(?:typedef )?(?:struct|enum) (\w+)", said)
        if re.match(r"(typedef )?enum", said) and body:
            names.update({w.split("=")[0].strip(): True for w in body.group(1).split(",")})
        if said.startswith("typedef"):
            name = re.search(r"(\w+)\s*(?:\([^()]*\)\s*)?;$", said).group(1)
            names[name] = names.get(name, False) or bool(body) or not tag
        elif tag and body and not inline:
            names[tag.group(1)] = True
        elif said.startswith("extern") and "(" not in said:
            names.update({w: True for w in re.findall(r"\b(nm_\w+)\s*[,;]", said)})
        else:
            called = re.search(r"\b(nm_\w+)\s*\(", said)
            if called:
                names[called.group(1)] = True
    return names


def headers():
    """{header: its names}; those of the library's own header are base's"""
    found = {}
    for folder, _, files in os.walk(SRC):
        for f in files:
            if f.endswith(".h"):
                path = os.path.relpath(os.path.join(folder, f), SRC)
                found[path] = names_of(open(os.path.join(SRC, path)).read())
    public = names_of(open(os.path.join(ROOT, "include", "netmip.h")).read())
    found["base/base.h"].update({n: True for n in public if n != "nm_api"})
    return found


def wanted(path, text, all_headers):
    """the headers that src/path needs, in order"""
    room = path.split("/")[0] if "/" in path else ""
    used = set(re.findall(r"\b[A-Za-z_]\w*\b", plain(text)))
    need, bad = set(), []
    for header, names in all_headers.items():
        other = header.split("/")[0]
        door = header == "%s/%s.h" % (other, other)
        mine = {n for n in used if n in names}
        if other != room and not door:
            bad += [n for n in mine if names.get(n) and not any(n in all_headers[h] for h in all_headers if h != header)]
        elif mine:
            need.add(header)
    stand = set(re.findall(r'^#include "([^"]+\.h)"', text, re.M))
    need |= {h for h in stand & set(all_headers) if h.split("/")[0] == room and h != path}
    known = lambda h: (ROOMS.index(h.split("/")[0]), h != "%s/%s.h" % (h.split("/")[0], h.split("/")[0]), h)
    return sorted(need, key=known), sorted(set(bad))


def rewrite(text, need):
    """text with these include lines in place of those that it has"""
    lines = text.split("\n")
    at = [i for i, l in enumerate(lines) if re.match(r'#include "[^"]+\.h"$', l) and "pb-c.h" not in l]
    if not at:
        return text
    kept = [l for i, l in enumerate(lines) if i not in at]
    kept[at[0]:at[0]] = ['#include "%s"' % h for h in need]
    return "\n".join(kept)


def main():
    fix = "--fix" in sys.argv
    files = [os.path.relpath(os.path.abspath(f), SRC) for f in sys.argv[1:] if f != "--fix"]
    if not files:
        files = sorted(os.path.relpath(os.path.join(d, f), SRC) for d, _, fs in os.walk(SRC) for f in fs if f.endswith(".c"))
    all_headers, wrong = headers(), 0
    for path in files:
        text = open(os.path.join(SRC, path)).read()
        need, bad = wanted(path, text, all_headers)
        for name in bad:
            print("includes: src/%s uses %s, which is private to another room" % (path, name))
            wrong += 1
        new = rewrite(text, need)
        if new != text and fix:
            open(os.path.join(SRC, path), "w").write(new)
        elif new != text:
            print("includes: src/%s: its names need %s" % (path, " ".join(need)))
            wrong += 1
    if not wrong:
        print("includes: %d files include the doors that they use, and no others" % len(files))
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
