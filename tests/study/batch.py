#!/usr/bin/env python3
"""netmip batch: tables agree with records and with single runs; a campaign killed at any moment and
started again ends with the records of an undisturbed one; nothing foreign is touched, nothing of
its own is left; refusals; signals."""
import atexit, csv, gzip, json, os, random, re, shutil, signal, subprocess, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import NETMIP, check, m, p, parts, put, skip

MOUNTS = []


@atexit.register
def clean():
    for d in MOUNTS:
        subprocess.run(["umount", "-l", d], capture_output=True)


MLP, CONV = m("digits-mlp.onnx"), m("digits-conv.onnx")
IDX, LABELS = m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")
COLUMNS = ["sample", "label", "predicted", "verdict", "proved_by", "margin_lo", "distance",
           "unstable", "binaries",
           "cpu_seconds", "solver_seconds", "witness", "distance_lo", "margin", "witness_class",
           "wall_seconds", "why"]
MEMBERS = {"version", "samples", "misclassified", "violated", "holds", "unknown", "errors", "adversarial_error_lo",
           "adversarial_error_hi", "covers", "range", "left", "partial", "interrupted",
           "cpu_seconds", "options", "net_sha256", "images_sha256", "labels_sha256"}
SLOW = [CONV, "--perturb", "linf:0.12", "--no-attack", "--range", "0:60",
        "--quiet"]  # minutes, solver included
FAST = [MLP, "--perturb", "linf:0.07", "--save-witness", "--quiet"]


def args(folder, *more, labels=LABELS):
    return [NETMIP, "batch", *more, "--images", IDX, "--json", "--dir", folder] + (["--labels", labels]
            if labels else [])


def good(name, folder, *more, **kw):
    code, out, err = run(folder, *more, **kw)
    return check(name, code == 0 and out, "exit %d: %s" % (code, err))


def run(folder, *more, timeout=60, **kw):
    return kit.run(*args(folder, *more, **kw)[1:], timeout=timeout)


def bad(code, needle, folder, *more, name=None, **kw):
    got, out, err = run(folder, *more, **kw)
    lines = err.splitlines()
    ok = got == code and out == "" and lines and all(s.startswith("netmip: ")
                                                     for s in lines) and needle in err
    return check(name or "refuse " + needle, ok,
                 "exit %d (want %d), %r, %r, wanted %r" % (got, code, out, err, needle))


def start(folder, *more, **kw):
    return kit.start(*args(folder, *more, **kw)[1:])


def records(folder):
    """number -> record; a file that is not a whole record fails its parse"""
    r = {}
    for f in sorted(os.listdir(os.path.join(folder, "records"))):
        if re.fullmatch(r"\d{6}\.json", f):
            r[int(f[:6])] = json.load(open(os.path.join(folder, "records", f)))
    return r


def timeless(folder):
    return {k: {x: v[x] for x in v if not x.endswith("_seconds")} for k,
            v in records(folder).items()}


def files(folder):
    return {os.path.relpath(os.path.join(d, f), folder) for d, _, fs in os.walk(folder) for f in fs}


def strange(folder):
    """files that a campaign has no business with"""
    known = r"campaign\.json|asked/\d+-\d+|results\.csv|summary\.json|records/\d{6}\.json|witness/\d{6}\.npy"
    return sorted(f for f in files(folder) if not re.fullmatch(known, f))


def alive(folder):
    """processes that name the folder: forked children keep their parent's command line"""
    found = []
    for d in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = open("/proc/%s/cmdline" % d, "rb").read().split(b"\0")
            state = open("/proc/%s/stat" % d).read().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if folder.encode() in line and state not in "ZX":
            found.append(int(d))
    return found


def gone(name, folder, within=3):
    """no process is left after a while; what is left is killed by its id"""
    end = time.time() + within
    while alive(folder) and time.time() < end:
        time.sleep(0.05)
    left = alive(folder)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    check(name, not left, "%d processes are left" % len(left))


def tables(name, folder):
    """results.csv and summary.json say what the records say"""
    rec = records(folder)
    with open(os.path.join(folder, "results.csv"), newline="") as f:
        head, *rows = list(csv.reader(f))
    check(name + ": columns", head == COLUMNS, head)
    check(name + ": a row for each record", [int(r[0]) for r in rows] == sorted(rec), rows[:2])
    wrong = []
    for r in rows:
        for c, text in zip(COLUMNS, r):
            x = rec[int(r[0])].get(c)
            same = text == "" if x is None else text == x if isinstance(x,
                    str) else float(text) == x
            if not same:
                wrong.append((r[0], c, text, x))
    check(name + ": cells", not wrong, wrong[:3])
    s = json.load(open(os.path.join(folder, "summary.json")))
    check(name + ": members", set(s) - {"warnings"} == MEMBERS, set(s) ^ MEMBERS)
    v = [r["verdict"] for r in rec.values()]
    n = {k: v.count(k) for k in ("holds", "violated", "unknown", "error")}
    check(name + ": counts", all(s[k + "s" * (k == "error")] == n[k] for k in n)
          and s["samples"] == len(v) == sum(n.values()), (s, n))
    covered = [k for part in s["covers"].split(",") if part
               for k in range(*map(int, part.split(":")))]
    check(name + ": covers", covered == sorted(rec), s["covers"])
    check(name + ": cut short", s["partial"] == sum(r.get("partial", False) for r in rec.values()), s)
    left = sum(k not in rec or rec[k].get("partial", False)
               for k in range(*map(int, s["range"].split(":"))))
    check(name + ": left", s["left"] == left, (s["left"], left))
    miss = sum(r["label"] != r["predicted"] for r in rec.values() if "label" in r)
    check(name + ": misclassified", s["misclassified"] == miss, (s["misclassified"], miss))
    judged = len(v) - n["error"]  # an error is no verdict: no part of a bound
    if judged:
        lo, hi = n["violated"] / judged, (n["violated"] + n["unknown"]) / judged
        off = abs(s["adversarial_error_lo"] - lo) + abs(s["adversarial_error_hi"] - hi)
        check(name + ": errors", off < 1e-12, s)
    else:
        check(name + ": no error without verdicts", s["adversarial_error_lo"] is None
              and s["adversarial_error_hi"] is None, s)
    cpu = sum(r.get("cpu_seconds", 0) for r in rec.values())
    check(name + ": seconds", abs(s["cpu_seconds"] - cpu) <= 0.001, (s["cpu_seconds"], cpu))
    return s


# ---- tables, single runs, workers ----
def agreement():
    for net, eps in ((MLP, "0.08"), (CONV, "0.04")):
        name = os.path.basename(net)
        folder, two = p(name + "-1"), p(name + "-2")
        ask = [net, "--perturb", "linf:" + eps, "--range", "3:27", "--quiet"]
        code, out, err = run(folder, *ask, "--save-witness")
        check(name + ": exit and stdout", code == 0
              and json.loads(out) == json.load(open(folder + "/summary.json")), err)
        tables(name, folder)
        rec = records(folder)
        check(name + ": the range", sorted(rec) == list(range(3, 27)), sorted(rec))
        check(name + ": both verdicts", net == CONV
              or {r["verdict"] for r in rec.values()} == {"holds", "violated"})
        for k in list(range(3, 27, 4)) + [k for k in rec if rec[k]["verdict"] == "violated"][:3]:
            single(name, net, eps, k, rec[k], folder)
        good(name + ": two workers", two, *ask, "--save-witness", "--workers", "2")
        check(name + ": records of two workers", timeless(two) == timeless(folder), "they differ")
        check(name + ": only its own files", not strange(folder) and not strange(two),
              strange(folder))
    good("more workers than samples", p("many"), MLP, "--perturb", "linf:0.01", "--range", "0:3",
         "--workers", "40", "--quiet")
    check("all of them", sorted(records(p("many"))) == [0, 1, 2])
    good("an empty range", p("none"), MLP, "--perturb", "linf:0.01", "--range", "5:5", "--quiet")
    check("no record", records(p("none")) == {}
          and tables("an empty range", p("none"))["samples"] == 0)
    good("a range that grows", p("many"), MLP, "--perturb", "linf:0.01", "--range", "2:6",
         "--quiet")
    check("its records", sorted(records(p("many"))) == list(range(6)))
    tables("a range that grows", p("many"))


def single(name, net, eps, k, rec, folder):
    r = subprocess.run([NETMIP, "solve", net, "--image", "%s:%d" % (IDX, k), "--labels", LABELS,
                        "--perturb", "linf:" + eps,
                        "--json", "--quiet"], capture_output=True, timeout=30)
    j = json.loads(r.stdout)
    same = all(j.get(x) == rec.get(x) for x in ("verdict", "proved_by", "predicted", "label"))
    check("%s: sample %d as a single run" % (name, k), same, (j, rec))
    lows = [t["margin_lo"] for t in j["targets"] if "margin_lo" in t]
    if len(lows) == len(j["targets"]) and "margin_lo" in rec:
        check("%s: sample %d: margin_lo" % (name, k), min(lows) == rec["margin_lo"],
              (min(lows), rec))
    if rec["verdict"] != "violated":
        return
    x = subprocess.run([NETMIP, "eval", net, "--image", os.path.join(folder, rec["witness"]),
                        "--json"], capture_output=True)
    y = json.loads(x.stdout)["outputs"]["float64"]
    best = max(v for i, v in enumerate(y) if i != rec["label"])
    check("%s: sample %d: the saved witness" % (name, k), best >= y[rec["label"]]
          and rec["distance"] <= float(eps) + 1e-9,
          (y, rec))


# ---- killed and started again ----
def kills():
    ask = FAST + ["--range", "0:60", "--workers", "2"]
    good("undisturbed", p("whole"), *ask)
    want, rnd, partial = timeless(p("whole")), random.Random(5), 0
    for group in (True, False):
        folder = p("killed-%d" % group)
        for k in range(15):
            r = start(folder, *ask)
            time.sleep(rnd.uniform(0.01, 0.16))
            (os.killpg if group else os.kill)(r.pid, signal.SIGKILL)
            r.communicate(timeout=10)
            if not group:
                gone("kill %d: the workers follow their parent" % k, folder)
            try:
                n = len(records(folder)) if os.path.isdir(folder + "/records") else 0
                check("kill %d: whole records" % k, True)
                partial += 0 < n < 60
            except ValueError as e:
                check("kill %d: whole records" % k, False, e)
        good("the last start", folder, *ask)
        check("records after kills", timeless(folder) == want, "they differ")
        check("no temporary files after kills", not strange(folder), strange(folder))
        tables("after kills", folder)
    check("kills came in the middle", partial >= 5, partial)
    temporary()


def temporary():
    """what a kill in the middle of a write leaves is removed; what is not its own stays"""
    folder = p("temps")
    good("a campaign", folder, *FAST, "--range", "0:2")
    own = ["campaign.json.a1B2c3", "results.csv.abcdef", "summary.json.ZZZZZZ",
           "records/000001.json.q9q9q9",
           "witness/000001.npy.q9q9q9"]
    foreign = ["question.vnnlib", ".bashrc", "notes.sqlite", "records/readme.folder"]
    for f in own + foreign:
        open(os.path.join(folder, f), "w").write("x")
    good("started again", folder, *FAST, "--range", "0:3")
    left = files(folder)
    check("its own temporary files go", not left & set(own), left & set(own))
    check("foreign files stay", set(foreign) <= left, set(foreign) - left)


def orphans():
    """kill -9 of the parent alone, in the middle of a model: its workers end, too"""
    folder = p("orphans")
    r = start(folder, *SLOW, "--no-branch", "--workers", "2")
    end = time.time() + 60  # sanitizers are slow; the loop ends early
    while len(alive(folder)) < 3 and time.time() < end:
        time.sleep(0.05)
    check("workers are at work", len(alive(folder)) >= 3, alive(folder))
    os.kill(r.pid, signal.SIGKILL)
    r.wait(10)
    gone("kill -9 of the parent leaves no solver", folder)


def death():
    """a worker that dies leaves its sample an error, with the reason, and the others are solved"""
    folder = p("death")
    r = start(folder, *FAST, "--range", "0:40", "--workers", "2")
    victim, end = [], time.time() + 3
    while not victim and time.time() < end and r.poll() is None:
        victim = [q for q in alive(folder) if q != r.pid]
        time.sleep(0.02)
    if victim:
        os.kill(victim[0], signal.SIGKILL)
    out, err = r.communicate(timeout=30)
    rec = records(folder)
    lost = [v for v in rec.values() if v["verdict"] == "error"]
    check("a worker dies: the campaign ends", r.returncode == (5 if lost else 0) and len(rec) == 40
          and (b"signal 9" in err) == bool(lost), (r.returncode, len(rec), err))
    check("a worker dies: its sample is an error", len(lost) <= 1
          and all("signal 9" in v["why"] for v in lost), lost)
    tables("a worker dies", folder)
    good("rerun of what is unknown", folder, *FAST, "--range", "0:40", "--rerun", "unknown")
    want = timeless(p("whole"))
    check("rerun of what is unknown: records", timeless(folder) == {k: want[k] for k in range(40)})


# ---- refusals ----
def refusals():
    folder = p("one")
    ask = ["--range", "0:4", "--quiet"]
    good("a campaign", folder, MLP, "--perturb", "linf:0.05", *ask)
    other = p("other.idx1.gz")
    raw = bytearray(gzip.decompress(open(LABELS, "rb").read()))
    raw[9] = (raw[9] + 1) % 10
    open(other, "wb").write(gzip.compress(bytes(raw)))
    before = {f: open(os.path.join(folder, f), "rb").read() for f in files(folder)}
    bad(2, "the network, or its --mean, --std, --input-shape or --output-name, was another one", folder, CONV, "--perturb", "linf:0.05", *ask)
    bad(2, "question", folder, MLP, "--perturb", "linf:0.06", *ask)
    bad(2, "linf:0.06", folder, MLP, "--perturb", "linf:0.06", *ask, name="the other eps is named")
    bad(2, "question", folder, MLP, "--perturb", "linf:0.05", "--bounds", "crown", *ask,
        name="other bounds")
    bad(2, "the file of --labels was another one", folder, MLP, "--perturb", "linf:0.05", *ask, labels=other)
    bad(2, "it was begun with --labels, which is missing now", folder, MLP, "--perturb", "linf:0.05", *ask, labels=None,
        name="no labels")
    check("refusals change nothing",
          before == {f: open(os.path.join(folder, f), "rb").read() for f in files(folder)})
    good("the same again", folder, MLP, "--perturb", "linf:0.05", *ask)
    for r in ("5", "a:b", "5:3", "-1:3", "0:999999", "", ":", "1:2:3", "0:4x", "1.0:2"):
        bad(2, "--range", p("range"), MLP, "--perturb", "linf:0.05", "--quiet", "--range", r,
            name="--range %r" % r)
    for flag, value in (("--workers", "0"), ("--workers", "x"), ("--workers", "-2"),
                        ("--rerun", "often"), ("--memory", "x")):
        bad(2, flag, p("range"), MLP, "--perturb", "linf:0.05", flag, value, "--quiet",
            name=flag + " " + value)
    check("refused flags make no folder", not os.path.exists(p("range")))
    r = subprocess.run([NETMIP, "batch", MLP, "--perturb", "linf:0.05", "--dir", p("x")],
                       capture_output=True)
    check("no images", r.returncode == 2 and b"--images" in r.stderr, r.stderr)
    r = subprocess.run([NETMIP, "batch", MLP, "--perturb", "linf:0.05", "--images", IDX],
                       capture_output=True)
    check("no folder", r.returncode == 2 and b"--dir" in r.stderr, r.stderr)
    broken = p("one", "records", "000002.json")
    open(broken, "w").write('{"netmip": "rec')
    code, out, err = run(folder, MLP, "--perturb", "linf:0.05", *ask)
    check("a broken record is named, and made again", code == 0 and "000002.json" in err and "rec" in open(broken).read(), (code, err))


def says():
    """what a run found done, what it took for labels, and what to do about unknown samples"""
    def told(name, folder, want, *more, labels=None):
        code, _, err = run(folder, MLP, "--perturb", "linf:0.05", *more, labels=labels)
        for word, there in want.items():
            check("%s: %s%s" % (name, "" if there else "not: ", word), code == 0 and (word in err) == there, (code, err))
    whole, few = ("--bounds", "interval", "--no-attack", "--no-branch", "--no-solve"), p("few")
    told("new", few, {"no --labels: the network's own predictions are taken": True, "were done already": False, "unknown: ": True, "; results.csv says why\n": True}, *whole, "--range", "0:4")
    told("more", few, {"done already: 4 of 7 samples\n": True}, *whole, "--range", "0:7")
    told("unknown again", few, {"done already: ": any(r["verdict"] == "holds" for r in records(few).values())}, *whole, "--range", "0:7", "--rerun", "unknown")
    told("with a limit", p("limit"), {"--rerun unknown --time-limit T tries them again, with T longer than 1e-06 s": True}, "--bounds", "interval", "--no-attack",
         "--time-limit", "1e-6", "--range", "1:3")
    told("labels", p("labelled"), {"no --labels": False, "are unknown": False}, "--range", "0:2", labels=LABELS)
    code, _, err = run(p("few"), MLP, "--perturb", "linf:0.05", *whole, "--range", "0:4")
    check("begun without labels", code == 2 and "it was begun without --labels" in err, (code, err))


def reruns():
    folder, ask = p("rerun"), FAST + ["--range", "0:12"]
    good("a campaign", folder, *ask)
    path = {k: os.path.join(folder, "records", "%06d.json" % k) for k in range(12)}
    fake = records(folder)[2]
    fake["verdict"] = "unknown"
    json.dump(fake, open(path[2], "w"))
    for how in ("never", "violated", "always", "unknown"):
        rec, old = records(folder), {k: os.stat(path[k]).st_mtime_ns for k in path}
        good("--rerun " + how, folder, *ask, "--rerun", how)
        new = {k for k in path if os.stat(path[k]).st_mtime_ns != old[k]}
        want = {k for k in path if how == "always" or rec[k]["verdict"] == how}
        check("--rerun %s: which" % how, new == want and (want or how in ("never", "unknown")),
              (new, want))
        tables("--rerun " + how, folder)
        if how == "violated":  # again unknown, for the last round but one
            check("the faked record stays", records(folder)[2]["verdict"] == "unknown")
    fake["verdict"] = "unknown"
    json.dump(fake, open(path[2], "w"))
    old = os.stat(path[3]).st_mtime_ns
    good("--rerun unknown", folder, *ask, "--rerun", "unknown")
    check("--rerun unknown: that one", records(folder)[2]["verdict"] != "unknown"
          and os.stat(path[3]).st_mtime_ns == old)
    damaged(folder, ask, path)
    folder, slow = p("values"), [CONV, "--perturb", "linf:0.1", "--objective", "worst", "--range", "3:5", "--quiet"]
    good("values within a limit", folder, *slow, "--time-limit", "1")
    rec = records(folder)
    check("values within a limit: why", all("met" in r.get("why", "") and r["margin_lo"] < r["margin"] for r in rec.values()), rec)
    good("values again", folder, *slow, "--time-limit", "1", "--rerun", "unknown")
    check("values again: both", all(records(folder)[k]["wall_seconds"] != rec[k]["wall_seconds"] for k in rec))


def pictures():
    """a flat input that is taken as a picture is said once, not for each image"""
    net = put("flat.json", json.dumps({"netmip": "network", "version": 1, "name": "n", "input": {"name": "x", "shape": [16]}, "layers": [
        {"op": "dense", "weight": [[(3 * i + 5 * k) % 7 / 7 for k in range(16)] for i in range(2)], "bias": [0, 0]}]}))
    images = put("flat.csv", "".join(",".join("0.%d" % ((k + r) % 10) for k in range(16)) + "\n" for r in range(4)))
    for perturb, times in (("patch:2x2", 1), ("linf:0.1", 0)):
        r = subprocess.run([NETMIP, "batch", net, "--images", images, "--perturb", perturb, "--dir", p("flat-" + perturb[:5])], capture_output=True, text=True)
        check("a picture is said once: " + perturb, r.returncode == 0 and r.stderr.count("grey picture of 4 x 4") == times, r.stderr)


def targets():
    """--target for many images: an image's own label is left out, and labels that no image can have are refused"""
    ask = ["--perturb", "linf:0.1", "--range", "0:30", "--quiet"]
    for flag, objective in (("3", "feasible"), ("3,5", "feasible"), ("not:3", "feasible"), ("top:2", "feasible"), ("8", "closest:linf")):
        folder = p("target-%s-%s" % (flag.replace(":", "-"), objective[:4]))
        good("--target %s" % flag, folder, MLP, *ask, "--target", flag, "--objective", objective, "--time-limit", "20")
        labels = gzip.decompress(open(LABELS, "rb").read())[8:]
        for k, r in records(folder).items():
            own = flag == str(labels[k])
            code = 0 if own else subprocess.run(
                [NETMIP, "solve", MLP, "--image", m("digits-test-images.idx3.gz:%d" % k), "--labels", LABELS, "--perturb", "linf:0.1", "--objective", objective, "--time-limit", "20",
                 "--target", flag if not own and str(labels[k]) not in flag.split(",") else ",".join(f for f in flag.split(",") if f != str(labels[k])), "--quiet"],
                capture_output=True).returncode
            check("--target %s, %s, image %d" % (flag, objective, k), r["verdict"] == {0: "holds", 10: "violated"}[code], (code, r))
    bad(2, "the network has outputs 0 to 9", p("target-bad"), MLP, *ask, "--target", "12")
    bad(2, "did you mean not:N", p("target-bad"), MLP, *ask, "--target", "nto:3")
    bad(2, "no label is left", p("target-bad"), MLP, *ask, "--target", "not:0,1,2,3,4,5,6,7,8,9")
    bad(4, "objective feasible was expected", p("target-bad"), MLP, *ask, "--target", "top:2", "--objective", "worst")
    bad(2, "--target 3", p("target-3-feas"), MLP, *ask, "--target", "not:3", name="another target is another question")


def foreign():
    """a folder with tables of somebody else's is left as it is"""
    os.makedirs(p("foreign"))
    put("foreign/results.csv", "precious\n")
    bad(2, "has a results.csv, which would be overwritten", p("foreign"), MLP, "--perturb", "linf:0.05", "--range", "0:2", "--quiet")
    check("nothing was written", os.listdir(p("foreign")) == ["results.csv"] and open(p("foreign/results.csv")).read() == "precious\n")


def merged():
    """parts that were solved in folders of their own, copied into one, are the campaign of all"""
    for name, part in (("all-12", "0:12"), ("first-5", "0:5"), ("last-7", "5:12")):
        good(name, p(name), *FAST, "--range", part)
    shutil.copytree(p("last-7"), p("first-5"), dirs_exist_ok=True)
    code, out, err = kit.run("batch", "--join", p("first-5"), "--quiet")
    check("merged", code == 0 and timeless(p("first-5")) == timeless(p("all-12")) and out.startswith("12 samples (0:12)"), (code, out, err))
    tables("merged", p("first-5"))


def damaged(folder, ask, path):
    """a record that cannot be read counts as missing, and is made again"""
    want = timeless(folder)
    for text in ("", '{"netmip": 3, x', '{"verdict": 4}', "[]"):
        put(path[5], text)
        for verb in (("report", folder, "-o", p("page.html")), ("batch", "--status", folder)):
            code, out, err = kit.run(*verb)
            check("a damaged record: " + verb[0], code == 0 and "000005.json" in err and "damaged" in err, (text, code, err))
        code, out, err = run(folder, *ask)
        check("a damaged record: made again", code == 0 and "damaged" in err and timeless(folder) == want, (text, code, err))
        tables("a damaged record", folder)


# ---- disks and signals ----
def disks():
    folder = p("disk")
    os.mkdir(folder)
    put("plain", "x")
    bad(5, "plain", p("plain"), *FAST, "--range", "0:2", name="a file in place of the folder")
    good("a folder in no folder is made with it", p("no/such/folder"), *FAST, "--range", "0:2")
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        return skip("mount is not permitted: disks")
    MOUNTS.append(folder)
    ask = FAST + ["--range", "0:60", "--workers", "2"]
    code, out, err = run(folder, *ask)
    check("a full disk", code == 5 and out == "" and err.startswith("netmip: "), (code, err))
    check("a full disk is said", "disk" in err, err)
    code, out, err = run(folder, *[a for a in ask if a != "--quiet"])
    check("a full disk is named", code == 5 and "No space" in err, err)
    some = timeless(folder)
    want = timeless(p("whole"))
    check("a full disk: whole records", some and all(some[k] == want[k] for k in some), len(some))
    code, out, err = run(folder, *ask)
    check("still full", code == 5 and all(timeless(folder).get(k) == some[k] for k in some),
          (code, err))
    subprocess.run(["mount", "-o", "remount,ro", folder])
    code, out, err = run(folder, *[a for a in ask if a != "--quiet"])
    check("read-only", code == 5 and "ead-only" in err and out == "", (code, err))
    check("read-only: no record is lost", all(timeless(folder).get(k) == some[k] for k in some))
    subprocess.run(["mount", "-o", "remount,rw,size=4m", folder])
    good("room again", folder, *ask)
    check("room again: all records", timeless(folder) == want and not strange(folder),
          strange(folder))
    tables("room again", folder)


def signals():
    # between samples, and in the middle of a long one
    for group, ask in ((True, FAST), (False, FAST), (True, SLOW)):
        name = "SIGINT to %s, %s" % ("the group" if group else "the parent alone",
                                     os.path.basename(ask[0]))
        folder = p("int-%d%d" % (group, ask == SLOW))
        r = start(folder, *ask, "--workers", "2")
        time.sleep(1.2 if ask == SLOW else 0.5)
        at = time.time()
        (os.killpg if group else os.kill)(r.pid, signal.SIGINT)
        try:
            out, err = r.communicate(timeout=6)
        except subprocess.TimeoutExpired:
            os.killpg(r.pid, signal.SIGKILL)
            r.communicate()
            check(name + ": ends", False, "it goes on after 6 s")
            continue
        check(name + ": within 3 s", time.time() - at <= 3, time.time() - at)
        check(name + ": exit 11", r.returncode == 11, (r.returncode, err))
        gone(name + ": no process is left", folder, 1)
        check(name + ": no temporary files", not strange(folder), strange(folder))
        s = tables(name, folder)
        check(name + ": in the middle", s["left"] > 0 and s["unknown"] == s["partial"] <= 2
              and (s["samples"] or ask == SLOW) and s["interrupted"], s)
        partial = {k: v for k, v in records(folder).items() if v.get("partial")}
        check(name + ": what was in flight", ask != SLOW or partial and all(
              v["why"] == "interrupted" and v["cpu_seconds"] > 0 for v in partial.values()), partial)
    go_on()


def go_on():
    """what was cut short is said, and made anew by the next run; --quiet keeps still"""
    folder = p("go-on")
    loud = [a for a in FAST if a != "--quiet"]
    r = start(folder, *loud, "--range", "0:30")
    end = time.time() + 10
    while time.time() < end and not os.path.exists(os.path.join(folder, "records", "000000.json")):
        time.sleep(0.005)
    os.kill(r.pid, signal.SIGINT)
    out, err = r.communicate(timeout=10)
    done = 30 - json.loads(out)["left"] if out else -1
    check("an interrupt says how far it came", r.returncode != 11 or
          ("interrupted: %d of 30 done; run the same command to continue" % done).encode() in err, err)
    for k in (0, 29):  # as if these had been cut short
        path = os.path.join(folder, "records", "%06d.json" % k)
        json.dump({"netmip": "record", "version": 1, "sample": k, "verdict": "unknown",
                   "partial": True, "label": 1, "predicted": 1}, open(path, "w"))
    good("going on", folder, *FAST, "--range", "0:30")
    want = timeless(p("whole"))
    check("going on: all records", timeless(folder) == {k: want[k] for k in range(30)}, "they differ")
    check("going on: nothing left", tables("going on", folder)["left"] == 0)


# ---- errors, several runs ----
def errors():
    """a sample that cannot be asked is an error with its reason, an exit code, and no part of a bound"""
    images = p("errors.csv")
    raw = gzip.decompress(open(IDX, "rb").read())[16:]
    rows = [[v / 255 for v in raw[784 * k:784 * k + 784]] for k in range(6)]
    rows[2][5], rows[4][7] = 1.5, -0.25
    open(images, "w").write("\n".join(",".join(map(repr, row)) for row in rows))
    ask = [NETMIP, "batch", MLP, "--json", "--images", images, "--labels", LABELS, "--perturb", "linf:0.05", "--quiet"]
    r = subprocess.run(ask + ["--dir", p("errors")], capture_output=True, timeout=60)
    err = r.stderr.decode()
    check("errors: the exit code", r.returncode == 3, (r.returncode, err))
    check("errors: stderr", "sample 2 could not be solved" in err and "sample 4" in err and "--rerun error" in err, err)
    s, rec = tables("errors", p("errors")), records(p("errors"))
    check("errors: which", [k for k in rec if rec[k]["verdict"] == "error"] == [2, 4] and s["errors"] == 2, rec)
    check("errors: the reason", "outside the domain" in rec[2]["why"] and rec[2]["code"] == 3, rec[2])
    check("errors: stdout", json.loads(r.stdout) == s, r.stdout)
    stamp = os.stat(p("errors", "records", "000000.json")).st_mtime_ns
    twice = [os.stat(p("errors", "records", "000002.json")).st_mtime_ns]
    for how, again in (("never", False), ("error", True), ("unknown", True)):
        r = subprocess.run(ask + ["--dir", p("errors"), "--rerun", how], capture_output=True, timeout=60)
        twice.append(os.stat(p("errors", "records", "000002.json")).st_mtime_ns)
        check("errors: --rerun " + how, r.returncode == 3 and (twice[-1] != twice[-2]) == again
              and os.stat(p("errors", "records", "000000.json")).st_mtime_ns == stamp, (r.returncode, twice))


def many():
    """eight runs that start at once in one new folder share its samples: every record, no message"""
    want = timeless(p("whole"))
    for k in range(5):
        folder = p("shared-%d" % k)
        runs = [start(folder, *FAST, "--range", "0:16") for _ in range(8)]
        ends = [r.communicate(timeout=60) for r in runs]
        check("eight runs: exit codes", all(r.returncode == 0 for r in runs), [r.returncode for r in runs])
        check("eight runs: messages", not any(e for _, e in ends), [e for _, e in ends if e])
        check("eight runs: each has the whole table", all(json.loads(o)["samples"] == 16 for o, _ in ends), ends[0])
        check("eight runs: records", timeless(folder) == {i: want[i] for i in range(16)}, "they differ")
        check("eight runs: nothing else", not strange(folder), strange(folder))
    folder = p("halves")
    runs = [start(folder, *FAST, "--range", r) for r in ("0:30", "15:45", "30:60")]
    runs[0].send_signal(signal.SIGKILL) if runs[1].poll() is None else None
    ends = [r.communicate(timeout=60) for r in runs]
    check("three ranges, one killed", [r.returncode for r in runs[1:]] == [0, 0], ends)
    check("three ranges: records", set(records(folder)) >= set(range(15, 60)), sorted(records(folder)))
    tables("three ranges", folder)
    r = start(folder, *SLOW)  # another question, while nobody is there
    out, err = r.communicate(timeout=30)
    check("another question is refused", r.returncode == 2, (r.returncode, err))


parts(agreement, kills, orphans, death, refusals, says, reruns, targets, foreign, pictures, merged, disks, signals, errors, many)
