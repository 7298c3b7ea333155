#!/usr/bin/env python3
"""The gates of `make gates` can fail: in a small tree of our own a breach of each kind is planted, one at a time, and the
gate must end with an error and name it; without the breach it must pass."""
import os, shutil, subprocess, sys, tempfile

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import SCRIPTS, check, done


class Tree:
    """three rooms and a front door that keep all rules, then what a test puts over them"""
    FILES = {
        "src/main.c": '/* main.c: the door. */\n#include "judge/judge.h"\nint main(void) { return nm_judged(); }\n',
        "src/base/base.h": "/* base.h: a door. */\nint nm_low(void);\n",
        "src/base/job.c": '/* job.c: the ground. */\n#include "base/base.h"\nint nm_low(void) { return 0; }\n',
        "src/data/data.h": '/* data.h: a door. */\n#include "base/base.h"\nint nm_read(void);\n',
        "src/data/inner.h": "/* inner.h: private. */\nint nm_inner(void);\n",
        "src/data/file.c": '/* file.c: above it. */\n#include "base/base.h"\n#include "data/data.h"\n#include "data/inner.h"\n'
                           "int nm_inner(void) { return nm_low(); }\nint nm_read(void) { return nm_inner(); }\n",
        "src/judge/judge.h": '/* judge.h: a door. */\n#include "data/data.h"\nint nm_judged(void);\n',
        "src/judge/judge.c": '/* judge.c: on top. */\n#include "base/base.h"\n#include "data/data.h"\n#include "judge/judge.h"\n'
                             "int nm_judged(void) { return nm_read() + nm_low(); }\n",
        "include/netmip.h": "/* netmip.h: the library. */\nint nm_api(void);\n",
    }

    def __init__(self, **changes):
        self.root = tempfile.mkdtemp()
        os.makedirs(os.path.join(self.root, "tests"))
        shutil.copytree(SCRIPTS, os.path.join(self.root, "scripts"), ignore=shutil.ignore_patterns("__pycache__"))
        for path, text in {**self.FILES, **changes.get("files", {})}.items():
            os.makedirs(os.path.dirname(os.path.join(self.root, path)), exist_ok=True)
            with open(os.path.join(self.root, path), "w") as f:
                f.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def objects(self):
        made = []
        for folder, _, files in os.walk(os.path.join(self.root, "src")):
            for name in sorted(f for f in files if f.endswith(".c")):
                path = os.path.join(folder, name)
                out = os.path.join(self.root, "build", os.path.relpath(path, os.path.join(self.root, "src")))[:-1] + "o"
                os.makedirs(os.path.dirname(out), exist_ok=True)
                subprocess.run(["cc", "-w", "-I", os.path.join(self.root, "src"), "-c", "-o", out, path], check=True)
                made.append(out)
        return made

    def run(self, *command):
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True)


def gate(which, tree):
    objects = tree.objects() if which in ("layers", "rooms") else []
    return {"layers": lambda: tree.run("sh", "scripts/layers.sh", *objects),
            "rooms": lambda: tree.run("sh", "scripts/rooms.sh", "build"),
            "includes": lambda: tree.run(sys.executable, "scripts/includes.py"),
            "style": lambda: tree.run("sh", "scripts/style.sh")}[which]()


def planted(which, says, **files):
    """the breach in these files makes the gate fail, with these words"""
    with Tree(files={k.replace("__", "/").replace("_c", ".c").replace("_h", ".h"): v for k, v in files.items()}) as tree:
        r = gate(which, tree)
        check("%s: exit code 0 in spite of: %s" % (which, says), r.returncode != 0)
        check("%s: %r is not in %r" % (which, says, r.stdout + r.stderr), says in r.stdout)


for which in ("layers", "rooms", "includes", "style"):
    with Tree() as clean:
        r = gate(which, clean)
        check("%s: a clean tree: %s" % (which, r.stdout + r.stderr), r.returncode == 0)

JOB = '/* job.c: the ground. */\n#include "base/base.h"\n'
planted("layers", "CIRCLE", src__base__job_c=JOB + "int nm_read(void);\nint nm_low(void) { return nm_read(); }\n")
planted("rooms", "UPWARD CALL base/job.o -> data/file.o by nm_read",
        src__base__job_c=JOB + "int nm_read(void);\nint nm_low(void) { return nm_read(); }\n")
planted("rooms", "UPWARD INCLUDE base/job.c:3: data/data.h",
        src__base__job_c=JOB + '#include "data/data.h"\nint nm_low(void) { return 0; }\n')
planted("rooms", "FORBIDDEN INCLUDE judge/judge.c:5: program/program.h",
        src__program__program_h="/* program.h: a door. */\nint nm_units(void);\n",
        src__program__units_c='/* units.c: units. */\n#include "program/program.h"\nint nm_units(void) { return 0; }\n',
        src__judge__judge_c=Tree.FILES["src/judge/judge.c"].replace("int nm_judged", '#include "program/program.h"\nint nm_judged'))
planted("rooms", "judge/judge.o -> program/units.o by nm_units (the judge shares no arithmetic)",
        src__program__units_c="/* units.c: units. */\nint nm_units(void) { return 0; }\n",
        src__judge__judge_c=Tree.FILES["src/judge/judge.c"].replace("int nm_judged(void) { return", "int nm_units(void);\nint nm_judged(void) { return nm_units() +"))
planted("rooms", "PRIVATE HEADER judge/judge.c:5: data/inner.h",
        src__judge__judge_c=Tree.FILES["src/judge/judge.c"].replace("int nm_judged", '#include "data/inner.h"\nint nm_judged'))
planted("includes", "src/judge/judge.c: its names need base/base.h data/data.h judge/judge.h",
        src__judge__judge_c=Tree.FILES["src/judge/judge.c"].replace('#include "base/base.h"\n', ""))
planted("includes", "src/judge/judge.c uses nm_inner, which is private to another room",
        src__judge__judge_c=Tree.FILES["src/judge/judge.c"].replace("nm_read()", "nm_inner()"))
planted("style", "a function of 6", src__base__job_c=JOB + "int nm_low(void)\n{\n" + "    nm_low();\n" * 62 + "}\n")
planted("style", "a line of 121", src__base__job_c=JOB + "int nm_low(void) { return 0; }\n/*" + "x" * 117 + "*/\n")
planted("style", "lines; 500 at most", src__base__job_c=JOB + "int nm_low(void) { return 0; }\n" + "\n" * 500)
planted("style", "lines; 250 at most", src__base__base_h=Tree.FILES["src/base/base.h"] + "\n" * 250)
planted("style", "has a tab", src__base__job_c=JOB + "int nm_low(void) {\treturn 0; }\n")
planted("style", "has no head comment", src__base__job_c='#include "base/base.h"\nint nm_low(void) { return 0; }\n')
planted("style", "base/job.c alone does", src__data__more_c="/* more.c: more. */\nvoid *nm_more(void) { return malloc(1); }\n")
planted("style", "main.c and check_main.c alone do", src__data__more_c="/* more.c: more. */\nvoid nm_more(void) { puts(\"\"); }\n")

# a library that keeps a promise, one that gives out too much, one that breaks it
for code, says in (("int nm_api(void) { return 0; }", None), ("int nm_api(void) { return 0; }\nint nm_more(void) { return 1; }", "NOT IN THE HEADER nm_more"),
                   ("int nm_more;", "NOT IN THE LIBRARY nm_api")):
    with Tree(files={"src/api.c": "/* api.c: the border. */\n" + code + "\n"}) as tree:
        built = tree.run("cc", "-shared", "-fPIC", "-o", "lib.so", "src/api.c")
        r = tree.run("sh", "scripts/exports.sh", "lib.so")
        check("exports: %s" % code, built.returncode == 0 and (r.returncode != 0 and says in r.stdout if says else r.returncode == 0), (built, r))
done()
