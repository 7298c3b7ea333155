#!/usr/bin/env python3
"""Reads every file of the truth pack's vnnlib_cases and compares with expected.json: the disjuncts one by one, or
the refusal (exit 3, a message with file, line and column)."""
import json, os, re, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, parts, run, truth
TERM = re.compile(r"(\S+) ([XY]_\d+)")


def parse(text):
    """the disjuncts that `netmip inspect` prints"""
    out, case = [], None
    for line in text.splitlines()[1:]:
        words = line.split()
        if line.startswith("case"):
            case = {"lower": [], "upper": [], "empty_box": line.endswith("empty"), "rows": []}
            clause = None
        elif line.startswith(" clause"):
            clause = list(case["rows"])
            out.append({**case, "constraints_le": clause})
        elif len(words) == 5 and words[1] == "<=" and words[3] == "<=":
            case["lower"].append(float(words[0]))
            case["upper"].append(float(words[4]))
        else:
            left, rhs = line.rsplit("<=", 1)
            row = {"coef": {v: float(c) for c, v in TERM.findall(left)}, "rhs": float(rhs)}
            (case["rows"] if clause is None else clause).append(row)
    return out


def key(rows):
    return sorted((sorted(r["coef"].items()), r["rhs"] + 0.0) for r in rows)


def same(got, want):
    return (got["lower"] == want["lower"] and got["upper"] == want["upper"] and got["empty_box"] == want["empty_box"]
            and key(got["constraints_le"]) == key(want["constraints_le"]))


def cases():
    folder = truth("vnnlib_cases")
    with open(os.path.join(folder, "expected.json")) as f:
        expected = json.load(f)
    for name, want in sorted(expected.items()):
        code, out, err = run("inspect", os.path.join(folder, name + ".vnnlib"))
        if "expect" in want:
            check(name, code == 3 and name + ".vnnlib" in err, err)
        else:
            got = parse(out) if code == 0 else []
            check(name, len(got) == len(want["disjuncts"]) and all(same(a, b) for a, b in zip(got, want["disjuncts"])), err)


parts(cases)
