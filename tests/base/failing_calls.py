#!/usr/bin/env python3
"""Every system call of a small run of each verb fails once (tests/kit/fail_call.c): full disks, read errors, no more files or
processes, interrupted and short reads and writes. The run then ends as if nothing had been, with the same bytes, or says in one
line what failed, with exit code 5, and leaves no file that is not whole; and when it is started again, all is right.

  failing_calls.py [PART..]          FAULTS=N: every N-th call alone (default 3; the first is another one for each kind of failure)"""
import csv, errno, json, os, re, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, ROOT, TMP, check, done, m, p, parts, put, run, skip
from tiny import box

STEP = int(os.environ.get("FAULTS", 3))
SHIM = p("fail_call.so")
FAILURES = {  # which calls fail, and how
    "a full disk": ("write,sync,rename,link,mkdir,", errno.ENOSPC),
    "a read error": ("read,list,seek,", errno.EIO),
    "too many open files": ("open,dup,pipe,", errno.EMFILE),
    "no more processes": ("fork,", errno.EAGAIN),
    "no permission": ("stat,unlink,chmod,", errno.EACCES),
    "an error at the end": ("close,", errno.EIO),
    "an interrupt": ("read,write,open,close,wait,poll,", errno.EINTR),
    "a short count": ("read,write,", "short"),
}
XOR, QUERY = m("tiny-xor.onnx"), m("tiny-xor.vnnlib")
TIMES = re.compile(rb'"(cpu_seconds|seconds|solver_seconds|cpu|wall|time|started|ended|stamp|host|pid)[a-z_]*": (\{[^}]*\}|[0-9.e+-]+|"[^"]*")|cpu seconds: .*|[0-9.]+ s\b')


def digits():
    """pictures and labels for a batch of two"""
    put("two.csv", "0.2,0.7\n0.9,0.1\n")
    put("labels.txt", "1\n1\n")
    return ["--images", p("two.csv"), "--labels", p("labels.txt"), "--perturb", "linf:0.05"]


def quiet(name, data):
    """what must be equal of a file"""
    if name.endswith(("results.csv", "summary.json", ".svg", ".html", "log", "campaign.json")) or "records" in name or "worker" in name:
        return None
    return TIMES.sub(b"", data)


def tree(folder):
    out = {}
    for at, _, files in os.walk(folder):
        for name in files:
            with open(os.path.join(at, name), "rb") as f:
                out[os.path.relpath(os.path.join(at, name), folder)] = f.read()
    return out


def verdicts(folder):
    """the columns of a batch that are no times"""
    with open(os.path.join(folder, "results.csv")) as f:
        head, *lines = [line.rstrip("\n").split(",") for line in f]
    keep = [k for k, h in enumerate(head) if h in ("sample", "label", "predicted", "verdict", "by")]
    return [[line[k] for k in keep] for line in lines]


def once(args, folder, failure=None, at=0, log=None):
    """exit code, stdout, stderr of a run in a folder, whose at-th call fails"""
    env = dict(os.environ, TMPDIR=folder)
    if failure:
        env.update(LD_PRELOAD=SHIM, FAIL_OF=failure[0], FAIL_AS=str(failure[1]), FAIL_AT=str(at))
        env.update({"FAIL_LOG": log} if log else {})
    for _ in range(5):  # 99: libc was loaded where the shim cannot follow; another place is drawn
        try:
            r = subprocess.run([NETMIP, *args], capture_output=True, cwd=folder, env=env, stdin=subprocess.DEVNULL, timeout=60)
        except subprocess.TimeoutExpired:
            return "hang", b"", b""
        if r.returncode != 99:
            break
    return r.returncode, TIMES.sub(b"", r.stdout), r.stderr


def fresh(name, start):
    shutil.rmtree(p(name), True)
    shutil.copytree(start, p(name)) if start else os.mkdir(p(name))
    return p(name)


def walk(what, args, start=None, extra=None):
    """all calls of the run fail in turn; extra(folder) gives more that must be equal"""
    here = fresh("reference", start)
    want = once(args, here)
    good, more = tree(here), extra and extra(here)
    if not check("%s: the reference" % what, want[0] in (0, 10) and want[2].count(b"malformed") == 0, want):
        return
    for k, (name, failure) in enumerate(FAILURES.items()):
        log = p("log")
        if os.path.exists(log):
            os.remove(log)
        code, _, err = once(args, fresh("run", start), failure, 0, log)
        if not check("%s: counted" % what, code == want[0], (code, err)):
            continue
        calls = open(log).read().split(",")[:-1] if os.path.exists(log) else []
        for at in range(1 + k % STEP, len(calls) + 1, STEP):
            one(what, args, start, extra, want, good, more, name, failure, at, calls[at - 1])


def one(what, args, start, extra, want, good, more, name, failure, at, call):
    where = "%s, %s at call %d (%s)" % (what, name, at, call)
    here = fresh("run", start)
    code, out, err = once(args, here, failure, at)
    lines = [l for l in err.decode("utf-8", "replace").splitlines() if l.startswith("netmip: ")]
    if code == want[0]:
        check(where + ": the output is not the same", out == want[1] or call == "write" and failure[1] != "short", (out, want[1]))
    else:
        # of two processes both fail at this call, so that the message itself may be lost
        check(where, code == 5 and (len(lines) >= 1 or call == "write" or what in LOOSE), (code, out[-200:], err[-300:]))
    left = tree(here)
    for f in left:
        whole = f in good and (quiet(f, left[f]) == quiet(f, good[f]) or quiet(f, good[f]) is None)
        check("%s leaves %s" % (where, f), whole or call == "unlink" or (f not in good and what in LOOSE), left[f][:80])
    if code == want[0]:
        check(where + ": files are missing", set(good) <= set(left) or what in LOOSE, set(good) - set(left))
    again = once(args, here)
    check(where + ": started again", again[0] == want[0] and (again[1] == want[1] or what in LOOSE), (again, want))
    if extra:
        check(where + ": started again, the result", extra(here) == more, more)


LOOSE = set()


def compiles():
    walk("compile", ["compile", XOR, QUERY, "--always-write", "-o", "x.mps.gz", "--quiet"])
    walk("compile .lp", ["compile", XOR, QUERY, "--always-write", "--dialect", "cbc", "--start", "attack", "--priorities", "--options", "-o", "x.lp", "--quiet"])


def solves():
    walk("solve", ["solve", XOR, QUERY, "-o", "w", "--quiet"])
    walk("solve by models", ["solve", XOR, QUERY, "--no-attack", "--no-split", "--no-branch", "--no-evaluate", "--bounds", "interval", "--threads", "2", "--quiet"])


def writes():
    walk("convert", ["convert", XOR, "-o", "y.json", "--quiet"])
    walk("bounds", ["bounds", XOR, QUERY, "-o", "b.json", "--quiet"])


def decodes():
    start = fresh("model", None)
    once(["compile", XOR, QUERY, "--always-write", "-o", "x.mps"], start)
    put("model/x.sol", "=obj= -0.1\n")
    once(["decode", "x.map.json", "x.sol"], start)
    mark = re.search(r"mark_\w+", open(p("model", "x.mps")).read()).group(0)
    put("model/x.sol", "=infeas=\n%s 1\n" % mark)
    walk("decode", ["decode", "x.map.json", "x.sol", "--quiet"], start)


def campaigns():
    args = ["batch", XOR, *digits(), "--dir", "d", "--quiet"]
    LOOSE.add("batch")
    walk("batch", args, None, lambda folder: verdicts(os.path.join(folder, "d")))
    start = fresh("campaign", None)
    once(args, start)
    walk("report", ["report", "d", "--quiet"], start)


def compared(folder):
    """the verdicts of a comparison's runs"""
    path = os.path.join(folder, "d", "results.csv")
    if not os.path.exists(path):
        return {}
    with open(path) as f:
        return {(row["instance"], row["solver"]): row["verdict"] for row in csv.DictReader(f)}


def comparisons():
    """calls of bench, of its processes and of the solvers that they run fail: a run may have no verdict, but never a wrong one"""
    start, truth = fresh("models", None), {"v": "violated", "h": "holds"}
    once(["compile", XOR, QUERY, "--always-write", "-o", "v.mps"], start)
    once(["compile", XOR, put("h.vnnlib", box([0.2, 0.7], [0.3, 0.8], 2, "(>= Y_0 Y_1)")), "--always-write", "-o", "h.mps"], start)
    args = ["bench", "v.map.json", "h.map.json", "--dir", "d", "--solvers", "embedded,glpsol", "--quiet"]
    here = fresh("run", start)
    if shutil.which("glpsol") is None:
        return skip("glpsol is not here")
    code, out, err = once(args, here)
    check("bench: the reference", code == 0 and set(compared(here).values()) == {"holds", "violated"}, (code, out, err))
    hit = 0
    for k, (name, failure) in enumerate(FAILURES.items()):
        log = p("log")
        if os.path.exists(log):
            os.remove(log)
        once(args, fresh("run", start), failure, 0, log)
        n = len(open(log).read().split(",")) if os.path.exists(log) else 0
        step = max(1, n * STEP // 40)
        for at in range(1 + k % step, n, step):
            where, here = "bench, %s at call %d" % (name, at), fresh("run", start)
            code, out, err = once(args, here, failure, at)
            lines = [l for l in err.decode("utf-8", "replace").splitlines() if l.startswith("netmip: ")]
            check(where, code == 0 or (code == 5 and lines), (code, out[-200:], err[-300:]))
            said = compared(here) if code == 0 else {}
            check(where + ": no verdict is wrong", all(v in ("", "unknown", truth[i]) for (i, _), v in said.items()), said)
            hit += code != 0 or len(said) < 4 or any(v != truth[i] for (i, _), v in said.items())
            code = once(args, here)[0]
            check(where + ": started again", code == 0 and all(v in ("", "unknown", truth[i]) for (i, _), v in compared(here).items()), (code, compared(here)))
    check("some of them are felt", hit >= 8, hit)


def built():
    r = subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", os.path.join(ROOT, "tests", "kit", "fail_call.c"), "-o", SHIM],
                       capture_output=True, text=True)
    if os.uname().machine != "x86_64" or r.returncode or "sanitize" in os.environ.get("SAN", ""):
        skip("the shim cannot be built here: " + r.stderr[-200:])
        done()
    os.mkdir(p("probe"))
    code, _, err = once(["--version"], p("probe"), FAILURES["a full disk"])
    if code != 0:
        skip("system calls cannot be trapped here (exit code %s)" % code)
        done()


built()
parts(compiles, solves, writes, decodes, campaigns, comparisons)
