#!/usr/bin/env python3
"""The programs in libnetmip(3) compile without a warning and print what they must: values known from the network's formula or
from the command."""
import json, os, re, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, ROOT, SCRIPTS, check, compiled, m, needs, p, parts, put, run, skip, text_of

PAGE = text_of(os.path.join(ROOT, "src/command/man/libnetmip.md"))
BLOCKS = re.findall(r"((?:^    .*\n|^\n(?=    ))+)", PAGE, re.M)
PROGRAMS = [re.sub("^    ", "", b, flags=re.M) for b in BLOCKS if "int main(void)" in b]
DIGITS = m("digits-test-images.idx3.gz")


def said(i):
    """what program i prints, on stdout and on stderr"""
    path = put("program%d.c" % i, PROGRAMS[i])
    wrong = compiled(path, path[:-2])
    if not check("program %d compiles" % i, not wrong, wrong):
        return "", ""
    r = subprocess.run([path[:-2]], cwd=ROOT, capture_output=True, text=True)
    check("program %d ends well" % i, r.returncode == 0, r)
    return r.stdout, r.stderr


def image():
    check("a program for each example", len(PROGRAMS) == 4, len(PROGRAMS))
    out, err = said(0)
    found = re.match(r"\((\S+), (\S+)\) is misclassified: margin (\S+), L-inf (\S+)\n$", out)
    # tiny-xor: Y_0 - Y_1 = 0.75 - 2 |a - b| + 0.25 max(0, a + b - 1); at the image it is -0.25: label 1
    a, b, margin, far = map(float, found.groups())
    check("a counterexample near (0.25, 0.75)", abs(-margin - (0.75 - 2 * abs(a - b))) < 0.05 and far <= 0.1 and margin <= 0, out)


def questions():
    out, err = said(1)
    lines = out.splitlines()
    for i, line in ((3, lines[0]), (4, lines[2])):
        code, told, _ = run("solve", m("digits-mlp.onnx"), "--image", "%s:%d" % (DIGITS, i), "--perturb", "free", "--objective", "closest:linf", "--json")
        told = json.loads(told)["objective"]
        check("image %d: the distance" % i, line == "linf: between %.6g and %.6g" % (told["bound"], told["value"]), (line, told))
    check("an image that is not there", lines[1].startswith("error 3: ") and "9999" in lines[1], lines[1])
    check("progress is told", "prediction" in err, err)


def units():
    out, err = said(2)
    code, told, _ = run("bounds", m("digits-mlp3.onnx"), "--image", DIGITS + ":2", "--perturb", "linf:0.03", "--json")
    told = json.loads(told)
    want = ["block %d: %d of %d are unstable" % (b["block"], b["unstable"], b["units"]) for b in told["cases"][0]["layers"]]
    check("what the command counts", out.splitlines()[:-1] == want and len(want) >= 2, (out, told))
    check("some are", any(b["unstable"] for b in told["cases"][0]["layers"]), told)


def arrays():
    out, err = said(3)
    # the worst margin within 0.25 of (0.4, 0.3) is at |a - b| = 0.6, a + b = 0.7: 0.75 - 1.2
    check("CBC's answer", re.match(r"1 model, worst margin -0\.45\d*, on the word of cbc\n$|1 model, worst margin -0\.4[45]\d*, ", out), out + err)


def python():
    """the example of netmip-python(3), and the calls that its table names"""
    needs("numpy")
    if os.environ.get("SAN"):
        return skip("Python does not load a library with sanitizers")
    page = text_of(os.path.join(ROOT, "src/command/man/python.md"))
    block = max(re.findall(r"((?:^    .*\n)+)", page, re.M), key=len)
    env = dict(os.environ, PYTHONPATH=os.path.join(SCRIPTS, "python"), NETMIP_LIBRARY=os.path.join(os.path.dirname(NETMIP), "libnetmip.so.0"), PYTHONDONTWRITEBYTECODE="1")
    r = subprocess.run([sys.executable, "-c", re.sub("^    ", "", block, flags=re.M)], cwd=ROOT, env=env, capture_output=True, text=True)
    check("the example runs", r.returncode == 0 and "violated" in r.stdout and "'linf':" in r.stdout, r)
    calls = re.findall(r"`net\.(\w+)\(", page)
    r = subprocess.run([sys.executable, "-c", "import netmip; print(all(hasattr(netmip.Network, f) for f in %r))" % calls], env=env, capture_output=True, text=True)
    check("the calls are there", r.stdout == "True\n" and len(calls) > 7, (r, calls))
    out = run("help", "python")[1]
    check("a screenful", 30 < len(out.splitlines()) < 75 and "pip install" in out, out)


parts(image, questions, units, arrays, python)
