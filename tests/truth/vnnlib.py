#!/usr/bin/env python3
"""Reads every file of the truth pack's vnnlib_cases and compares with expected.json: the disjuncts one by one, or
the refusal (exit 3, a message with file, line and column)."""
import json, os, re, subprocess, sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRUTH = os.environ.get("NETMIP_TRUTH", os.path.join(HERE, "..", "..", "shared", "truth"))
NETMIP = os.environ.get("NETMIP", os.path.join(HERE, "..", "build", "netmip"))
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


def main():
    folder = os.path.join(TRUTH, "vnnlib_cases")
    if not os.path.isdir(folder):
        print("truth_vnnlib: the truth pack is not here\n0 passed, 0 failed, 1 skipped")
        return 0
    passed = failed = 0
    for name, want in sorted(json.load(open(os.path.join(folder, "expected.json"))).items()):
        r = subprocess.run([NETMIP, "inspect", os.path.join(folder, name + ".vnnlib")], capture_output=True, text=True)
        if "expect" in want:
            ok = r.returncode == 3 and name + ".vnnlib" in r.stderr
        else:
            got = parse(r.stdout) if r.returncode == 0 else []
            ok = len(got) == len(want["disjuncts"]) and all(same(a, b) for a, b in zip(got, want["disjuncts"]))
        passed, failed = passed + ok, failed + (not ok)
        if not ok:
            print("FAIL", name, r.stderr.strip())
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return failed > 0


sys.exit(main())
