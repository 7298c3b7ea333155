#!/usr/bin/env python3
"""Runs that join a campaign: any number of them, killed and started at random, end with the records of an undisturbed
one, and no sample is solved twice; dead holders' claims are taken over, whatever the clocks say, and those of the living
never; what is another campaign is refused by name; full disks and folders that cannot be written lose nothing."""
import atexit, glob, json, os, pty, random, re, shutil, signal, subprocess, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import NETMIP, check, m, p, parts, put, skip

MLP, CONV = m("digits-mlp.onnx"), m("digits-conv.onnx")
IDX, LABELS = m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")
DATA = ["--images", IDX, "--labels", LABELS]
ASK = [MLP, *DATA, "--perturb", "linf:0.07"]
MOUNTS = []


@atexit.register
def clean():
    for d in MOUNTS:
        subprocess.run(["umount", "-l", d], capture_output=True)


def batch(*args, timeout=90, **more):
    return kit.run("batch", *args, "--quiet", timeout=timeout, **more)


def good(name, *args, **more):
    code, out, err = batch(*args, **more)
    return check(name, code == 0 and out, "exit %s: %s" % (code, err)) and out


def bad(name, code, needles, *args, **more):
    got, out, err = batch(*args, **more)
    return check(name, got == code and out == "" and all(n in err for n in needles), (got, out, err))


def records(folder):
    """number -> record without its seconds"""
    found = {}
    for f in glob.glob(os.path.join(folder, "records", "*.json")):
        found[int(os.path.basename(f)[:-5])] = {k: v for k, v in json.load(open(f)).items() if not k.endswith("_seconds")}
    return found


def left(folder):
    """what is there beside what a finished campaign leaves"""
    known = r"campaign\.json|asked/\d+-\d+|results\.csv|summary\.json|records/\d{6}\.json|witness/\d{6}\.npy"
    names = [os.path.relpath(os.path.join(d, f), folder) for d, _, fs in os.walk(folder) for f in fs]
    return sorted(n for n in names if not re.fullmatch(known, n))


def whole(n):
    """the records of an undisturbed run of n samples"""
    folder = p("whole-%d" % n)
    if not os.path.isdir(folder):
        good("undisturbed", *ASK, "--range", "0:%d" % n, "--dir", folder)
    return records(folder)


def campaign(name, n, *more):
    """a folder with a question and nothing done: the first run was killed as it began"""
    folder = p(name)
    good(name + ": asked", *ASK, "--range", "0:%d" % n, "--dir", folder, *more)
    shutil.rmtree(os.path.join(folder, "records"))
    os.mkdir(os.path.join(folder, "records"))
    return folder


def start(*args):
    return kit.start("batch", *args, "--quiet")


# ---- joining ----
def joins():
    folder = campaign("joins", 40)
    runs = [start("--join", folder) for _ in range(3)]
    ends = [r.communicate(timeout=60) for r in runs]
    check("three join: exit codes", [r.returncode for r in runs] == [0] * 3, ends)
    check("three join: records", records(folder) == whole(40), "they differ")
    check("three join: nothing else is left", left(folder) == [], left(folder))
    out = json.loads(good("a part", "--join", folder, "--range", "5:9", "--json"))
    check("a part sums up itself", out["covers"] == "5:9" and out["samples"] == 4 and out["left"] == 0, out)
    check("the tables are of all", json.load(open(folder + "/summary.json"))["covers"] == "0:40")
    good("another range", *ASK, "--range", "50:52", "--dir", folder)
    out = json.loads(good("all ranges", "--join", folder, "--json"))
    check("all ranges are the campaign's", out["range"] == "0:40,50:52" and out["left"] == 0, out)
    bad("a sample that nobody asked for", 2, ["sample 45", "--range 45:51"], "--join", folder, "--range", "45:51")
    for flag in (["--perturb", "linf:0.1"], ["--images", IDX], ["--bounds", "crown"], ["--dir", folder], ["--seed", "3"]):
        bad("%s beside --join" % flag[0], 2, [flag[0], "campaign.json"], "--join", folder, *flag)
    bad("a network beside --join", 2, ["--join"], MLP, "--join", folder)
    bad("a folder without a campaign", 5, ["campaign.json"], "--join", p())
    bad("flags beside --status", 2, ["--perturb"], "--status", folder, "--perturb", "linf:0.1")


def parts_of_one():
    """the run that makes the last record writes the tables, the others do not"""
    folder = campaign("chunks", 12)
    for f in ("results.csv", "summary.json"):
        os.unlink(os.path.join(folder, f))
    for a, b in ((8, 12), (0, 4), (4, 8)):
        check("no tables before %d:%d" % (a, b), not os.path.exists(folder + "/results.csv"))
        good("part %d:%d" % (a, b), "--join", folder, "--range", "%d:%d" % (a, b))
    check("the last part writes them", json.load(open(folder + "/summary.json"))["covers"] == "0:12")
    check("parts: records", records(folder) == {k: v for k, v in whole(40).items() if k < 12}, "they differ")


def moved():
    """all that a worker needs is in the folder: from elsewhere, moved together with its files, or away from them"""
    home = p("home")
    os.mkdir(home)
    for f in (MLP, IDX, LABELS):
        shutil.copy(f, home)
    name = os.path.basename
    code, out, err = batch(name(MLP), "--images", name(IDX), "--labels", name(LABELS), "--perturb", "linf:0.07", "--range", "0:6", "--time-limit", "5000",
                           "--mean", "0.1", "--std", "0.9", "--seed", "7", "--no-attack", "--dir", "sub", cwd=home)
    check("asked in its folder", code == 0, err)
    want = records(home + "/sub")
    shutil.rmtree(home + "/sub/records")
    os.rename(home, p("away"))
    good("from elsewhere, moved with its files", "--join", p("away/sub"), cwd="/")
    check("moved: records", records(p("away/sub")) == want, "they differ")
    shutil.rmtree(p("away/sub/records"))
    os.rename(p("away/sub"), p("alone"))
    bad("away from its files", 5, ["\"net\"", name(MLP)], "--join", p("alone"))
    os.rename(p("away"), home)
    good("found where they were", "--join", p("alone"), cwd="/")
    check("found: records", records(p("alone")) == want, "they differ")
    open(home + "/" + name(MLP), "ab").write(b"\0")
    bad("another network under its name", 2, ["\"net\"", "SHA-256", name(MLP)], "--join", p("alone"))


def sets_with_files():
    """files that --perturb names are found from elsewhere, and held against their hashes"""
    home = p("sets")
    os.mkdir(home)
    open(home + "/rows", "w").write("x0 - x1 <= 0.5\n")
    code, out, err = batch(*ASK[:1], *DATA, "--perturb", "linf:0.02+rows:rows", "--range", "0:2", "--dir", "d", cwd=home)
    check("a set with a file", code == 0, err)
    want = records(home + "/d")
    shutil.rmtree(home + "/d/records")
    good("a set with a file, from elsewhere", "--join", home + "/d", cwd="/")
    check("a set with a file: records", records(home + "/d") == want)
    open(home + "/rows", "w").write("x0 - x1 <= 0.25\n")
    bad("another file under its name", 2, ["question"], "--join", home + "/d")


# ---- killed at random ----
def kills():
    """three runs, fifty kills of whole runs: the same records, none solved more often than kills explain"""
    folder, rnd, want = campaign("killed", 60, "--save-witness"), random.Random(11), whole(60)
    runs, killed = [], 0
    while killed < 50:
        runs = [r for r in runs if r.poll() is None]
        while len(runs) < 3:
            runs.append(start("--join", folder, *(["--workers", "2"] if rnd.random() < 0.3 else [])))
        time.sleep(rnd.uniform(0.01, 0.12))
        if rnd.random() < 0.25 and len(records(folder)) > 50:  # else the campaign ends before the kills do
            for f in glob.glob(folder + "/records/*.json"):
                os.unlink(f)
        victim = rnd.choice(runs)
        (os.killpg if rnd.random() < 0.5 else os.kill)(victim.pid, rnd.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
        victim.communicate(timeout=20)
        killed += 1
    for r in runs:
        if r.poll() is None:
            r.communicate(timeout=60)
    good("the last run", "--join", folder)
    got = {k: {x: v for x, v in r.items() if x != "witness"} for k, r in records(folder).items()}
    check("kills: records", got == want, [k for k in want if got.get(k) != want[k]][:5])
    check("kills: nothing else is left", left(folder) == [], left(folder))


def never_twice():
    """samples are solved by one run each: each run counts what it made, and the counts add up"""
    folder = campaign("once", 60)
    logs = [p("once-%d" % k) for k in range(4)]
    runs = [subprocess.Popen(["strace", "-f", "-e", "trace=rename", "-o", log, NETMIP, "batch", "--join", folder, "--quiet"], stdout=subprocess.DEVNULL)
            for log in logs] if shutil.which("strace") else []
    if not runs:
        stamps, seen = {}, 0
        runs = [start("--join", folder) for _ in range(4)]
        while any(r.poll() is None for r in runs):
            for f in glob.glob(folder + "/records/*.json"):
                ino = os.stat(f).st_ino
                seen += stamps.setdefault(f, ino) != ino
            time.sleep(0.01)
        check("no record is written twice", seen == 0, seen)
    else:
        for r in runs:
            r.wait(120)
        made = [re.search(r"records/(\d+)\.json\"\)", l).group(1) for log in logs for l in open(log) if re.search(r"records/\d+\.json\"\)", l)]
        check("no record is written twice", len(made) == len(set(made)) == 60, len(made))
    for r in runs:
        r.communicate()
    check("once: records", records(folder) == whole(60), "they differ")


# ---- claims of the dead, the living and the suspended ----
def stranger(folder, token, sample, beat=1, every=0.3, **more):
    """a run on another machine that has a sample in hand"""
    os.makedirs(folder + "/workers", exist_ok=True)
    worker = {"netmip": "worker", "version": 1, "host": "elsewhere", "pid": 1, "started": "1", "boot": "other", "namespace": "pid:[1]",
              "every": every, "beat": beat, "running": [{"record": "%06d" % sample, "seconds": 1.0}], **more}
    path = "%s/workers/%s.json" % (folder, token)
    open(path, "w").write(json.dumps(worker))
    claim = "%s/records/%06d.claim.0" % (folder, sample)
    if not os.path.exists(claim):
        open(claim, "w").write(token + "\n")
    return path


def stale():
    """a claim of another machine that is dead is taken over after twelve of its intervals, by nobody's clock but ours"""
    for name, skew in (("", 0), (", its clock an hour fast", 3600), (", its clock an hour slow", -3600)):
        folder = campaign("stale%d" % skew, 4)
        path = stranger(folder, "elsewhere-1-00000001", 2)
        os.utime(path, (time.time() + skew,) * 2)
        os.utime(folder + "/records/000002.claim.0", (time.time() + skew,) * 2)
        at = time.time()
        good("a dead stranger" + name, "--join", folder)
        took = time.time() - at
        check("a dead stranger's claim is waited for" + name, 3.4 < took < 20, took)
        check("a dead stranger's sample is made" + name, records(folder) == {k: v for k, v in whole(40).items() if k < 4})
        check("a dead stranger leaves nothing" + name, left(folder) == [], left(folder))


def living():
    """one that renews its file keeps its claim, however wrong its clock is; its record is taken as it is"""
    folder = campaign("living", 4)
    path = stranger(folder, "elsewhere-1-00000002", 1)
    r = start("--join", folder, "--json")
    for beat in range(2, 30):  # 8 s, more than twice what would make it dead
        time.sleep(0.3)
        stranger(folder, "elsewhere-1-00000002", 1, beat)
        os.utime(path, (1000 + beat % 2,) * 2)
    check("the living are waited for", r.poll() is None and 1 not in records(folder), records(folder))
    fake = {**whole(40)[1], "margin_lo": 42.5}
    json.dump(fake, open(folder + "/records/000001.json.tmp", "w"))
    os.rename(folder + "/records/000001.json.tmp", folder + "/records/000001.json")
    os.unlink(folder + "/records/000001.claim.0")
    os.unlink(path)
    out, err = r.communicate(timeout=30)
    check("the living's record stays", r.returncode == 0 and records(folder)[1] == fake, (r.returncode, err))
    check("the living: summed up", json.loads(out)["samples"] == 4, out)


def same_host():
    """a dead process of this machine is known at once; its number alone is not believed"""
    folder = campaign("same", 4)
    boot, space = open("/proc/sys/kernel/random/boot_id").read().strip(), os.readlink("/proc/self/ns/pid")
    child = subprocess.Popen(["true"])
    child.wait()
    for sample, pid in ((0, child.pid), (1, os.getpid())):  # gone; another process has its number
        stranger(folder, "here-%d-0000000%d" % (pid, sample), sample, every=1000, boot=boot, namespace=space, pid=pid, started="5")
    open(folder + "/records/000002.claim.0", "w").write("nobody-5-00000009\n")  # its file is gone
    at = time.time()
    good("dead ones of this machine", "--join", folder)
    check("dead ones are known at once", time.time() - at < 8, time.time() - at)
    check("dead ones: records", records(folder) == {k: v for k, v in whole(40).items() if k < 4})
    check("dead ones leave nothing", left(folder) == [], left(folder))


def suspended():
    """a run that sleeps loses its samples to others; awake again, it drops what it made of them and goes on"""
    folder = campaign("sleeper", 1)
    shutil.rmtree(folder)
    slow = [CONV, *DATA, "--perturb", "linf:0.12", "--no-attack", "--no-branch", "--range", "0:2", "--time-limit", "6", "--dir", folder]
    r = start(*slow)
    end = time.time() + 20
    while time.time() < end and not glob.glob(folder + "/records/*.claim.0"):
        time.sleep(0.02)
    check("it has a sample in hand", glob.glob(folder + "/records/*.claim.0") != [])
    pids = [r.pid] + [int(x) for x in subprocess.run(["pgrep", "-P", str(r.pid)], capture_output=True, text=True).stdout.split()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    token = os.path.basename(glob.glob(folder + "/workers/*.json")[0])[:-5]
    os.unlink("%s/workers/%s.json" % (folder, token))  # as whoever judges it dead does
    fake = {"netmip": "record", "version": 1, "sample": 0, "verdict": "holds", "label": 8, "predicted": 8, "unstable": 0, "binaries": 0,
            "cpu_seconds": 0, "solver_seconds": 0, "wall_seconds": 0, "margin_lo": 42.5}
    open(folder + "/records/000000.claim.1", "w").write("another-1-00000001\n")
    json.dump(fake, open(folder + "/records/000000.json", "w"))
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    out, err = r.communicate(timeout=60)
    check("the sleeper ends well", r.returncode == 0, (r.returncode, err))
    check("what was taken from it stays", records(folder)[0].get("margin_lo") == 42.5, records(folder)[0])
    check("it went on with the rest", sorted(records(folder)) == [0, 1], sorted(records(folder)))


# ---- refusals, disks ----
def refusals():
    folder = campaign("refused", 4)
    good("all of it", "--join", folder)
    before = records(folder)
    for name, what, ask in (("network", "the network, or its --mean", [CONV, *DATA, "--perturb", "linf:0.07"]), ("radius", "linf:0.06", [MLP, *DATA, "--perturb", "linf:0.06"]),
                            ("labels", "begun with --labels, which is missing now", [MLP, "--images", IDX, "--perturb", "linf:0.07"]), ("flags", "--bounds crown", [*ASK, "--bounds", "crown"]),
                            ("input's preparation", "the network, or its --mean", [*ASK, "--mean", "0.1"])):
        bad("another " + name, 2, [what, folder], *ask, "--range", "0:4", "--dir", folder)
    check("refusals change nothing", records(folder) == before and left(folder) == [])
    a, b = start(*ASK, "--range", "0:8", "--dir", p("race")), start(MLP, *DATA, "--perturb", "linf:0.06", "--range", "0:8", "--dir", p("race"))
    ends = [r.communicate(timeout=60) for r in (a, b)]
    check("two campaigns at once into one folder: one of them", sorted([a.returncode, b.returncode]) == [0, 2], ends)
    check("the other is refused by name", any(b"holds another campaign" in e for _, e in ends), ends)
    os.mkdir(p("bench"))
    open(p("bench/bench.json"), "w").write("{}")
    bad("a folder of bench", 2, ["bench.json"], *ASK, "--range", "0:4", "--dir", p("bench"))
    file = folder + "/campaign.json"
    text = open(file).read()
    for old, new, needle in (('"version": 2', '"version": 1', "version 1"), ('"program": "', '"program": "9', "netmip 9")):
        open(file, "w").write(text.replace(old, new))
        code, out, err = batch("--join", folder)
        check("refuse " + needle, code in (2, 3) and needle in err, (code, err))
    open(file, "w").write(text[:100])
    bad("half a campaign.json", 3, ["campaign.json"], "--join", folder)
    open(file, "w").write(text)


def disks():
    folder = p("disk")
    os.mkdir(folder)
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", folder], capture_output=True).returncode:
        return skip("mount is not permitted: disks")
    MOUNTS.append(folder)
    code, out, err = batch(*ASK, "--range", "0:60", "--dir", folder)
    check("a full disk ends it", code == 5 and "disk" in err, (code, err))
    runs = [start("--join", folder) for _ in range(3)]
    ends = [r.communicate(timeout=60) for r in runs]
    check("three join on a full disk", [r.returncode for r in runs] == [5] * 3, ends)
    some = records(folder)
    check("a full disk: whole records", some and all(whole(60)[k] == v for k, v in some.items()), len(some))
    subprocess.run(["mount", "-o", "remount,ro", folder])
    code, out, err = batch("--join", folder)
    check("read-only", code == 5 and "Read-only" in err and out == "", (code, out, err))
    code, out, err = batch("--status", folder)
    check("read-only: the status is said", code == 0 and out.startswith("%d/60: " % len(some)), (code, out, err))
    subprocess.run(["mount", "-o", "remount,rw,size=4m", folder])
    runs = [start("--join", folder) for _ in range(3)]
    ends = [r.communicate(timeout=60) for r in runs]
    check("room again", [r.returncode for r in runs] == [0] * 3, ends)
    check("room again: all records", records(folder) == whole(60) and left(folder) == [], left(folder))


# ---- progress ----
def status():
    folder = campaign("status", 8)
    code, out, err = batch("--status", folder)
    check("nothing is done", code == 0 and out.startswith("0/8: 0 hold, 0 violated, 0 unknown\n"), (code, out, err))
    stranger(folder, "elsewhere-1-00000003", 3, every=100)
    stranger(folder, "gone-1-00000003", 4, boot=open("/proc/sys/kernel/random/boot_id").read().strip(), namespace=os.readlink("/proc/self/ns/pid"), pid=1 << 30)
    good("a part", "--join", folder, "--range", "0:2")
    code, out, err = batch("--status", folder)
    want = [r["verdict"] for k, r in whole(40).items() if k < 2]
    check("what is done and in hand", out.startswith("2/8: %d hold, %d violated, 0 unknown; about " % (want.count("holds"), want.count("violated")))
          and "\nat work: 1, with 1 sample in hand\n  elsewhere-1-00000003: 000003, 1 s\n" in out, out)
    bad("no campaign", 5, ["campaign.json"], "--status", p())


def on_terminal(*args):
    """what netmip writes to stderr, when that is a terminal"""
    ours, theirs = pty.openpty()
    r = subprocess.Popen([NETMIP, *args], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:  # its last writer has gone
            break
        if not more:
            break
        text += more
    r.wait(60)
    os.close(ours)
    return text


def terminal():
    """one line on a terminal, which changes; nothing with --quiet"""
    for quiet in (False, True):
        folder = campaign("terminal%d" % quiet, 40)
        text = on_terminal("batch", "--join", folder, *["--quiet"] * quiet)
        lines = re.findall(rb"\r(\d+/40: \d+ hold, \d+ violated, \d+ unknown[^\r\n]*)\x1b\[K", text)
        check("progress on a terminal" if not quiet else "none with --quiet", bool(lines) != quiet, text[:500])
        check("it goes at the end", quiet or text.rstrip().endswith(b"\x1b[K"), text[-200:])
        check("rate, time left and the slowest", quiet or any(b"/s, " in l and b" left" in l and b"slowest: 0000" in l for l in lines), lines[:3])


def solving():
    """solve says its stage, nodes, bound and time on a terminal, and takes the line away; plain streams have none of it"""
    ask = ["solve", CONV, "--image", IDX + ":31", "--perturb", "linf:0.05", "--objective", "worst", "--time-limit", "5"]
    text = on_terminal(*ask)
    lines = re.findall(rb"\r(models; \d+ nodes, \d+ open, bound [-+.\de]+; \d+ s)\x1b\[K", text)
    check("solve on a terminal", len(lines) >= 3, text[-500:])
    check("solve on a terminal: the line goes", re.search(rb"\r\x1b\[K(netmip: [^\r\n]*\r\n)*$", text), text[-100:])
    check("solve on a terminal, quiet", b"\r" not in on_terminal(*ask, "--quiet").replace(b"\r\n", b"\n"))
    check("solve on a plain stream", "\r" not in kit.run(*ask)[2])


def plain_lines():
    """where there is no terminal, a line every 30 s"""
    folder = campaign("lines", 4)
    stranger(folder, "elsewhere-1-00000004", 2, every=3)  # holds its sample for 36 s
    r = kit.start("batch", "--join", folder)
    out, err = r.communicate(timeout=90)
    lines = re.findall(r"^netmip: (3/4: \d+ hold, \d+ violated, 0 unknown; .*)$", err.decode(), re.M)
    check("a line after 30 s", r.returncode == 0 and len(lines) == 1 and " left" in lines[0], (r.returncode, err))


# ---- solvers compared ----
def comparison():
    """several runs of one comparison divide its runs; one is killed"""
    folder = p("bench")
    shutil.rmtree(folder, True)
    ask = ["bench", MLP, "--images", IDX, "--labels", LABELS, "--range", "0:3", "--perturb", "linf:0.06", "--encodings", "bigm,hull", "--solvers", "embedded",
           "--time-limit", "20", "--repeat", "3", "--dir", folder, "--quiet"]
    runs = [kit.start(*ask) for _ in range(3)]
    end = time.time() + 60
    while time.time() < end and len(glob.glob(folder + "/records/*.json")) < 3 and runs[0].poll() is None:
        time.sleep(0.02)
    runs[0].kill()
    ends = [r.communicate(timeout=120) for r in runs]
    check("a comparison of three runs", [r.returncode for r in runs[1:]] == [0, 0], ends)
    found = [json.load(open(f)) for f in glob.glob(folder + "/records/*.json")]
    rows = open(folder + "/results.csv").read().splitlines()
    check("every run has its record", len(found) == len(rows) - 1 > 10 and all(r["solved"] for r in found), (len(found), len(rows)))
    check("both print the same table", ends[1][0] == ends[2][0], ends)
    left = glob.glob(folder + "/records/*.claim.*") + glob.glob(folder + "/workers/*")
    check("nothing is left of it", not left, left)


# ---- commands for others ----
def jobs_file():
    folder = p("a folder's jobs")
    out = good("a file of commands", *ASK, "--range", "0:20", "--save-witness", "--jobs-file", p("jobs"), "--chunk", "6", "--dir", folder)
    lines = open(p("jobs")).read().splitlines()
    check("a command a chunk", len(lines) == 4 and "4 commands of at most 6 samples" in out, (out, lines))
    check("nothing is made yet", records(folder) == {})
    want = {k: v for k, v in whole(60).items() if k < 20}
    plain = lambda: {k: {x: v for x, v in r.items() if x != "witness"} for k, r in records(folder).items()}
    r = subprocess.run(["xargs", "-d", "\n", "-P", "2", "-I{}", "sh", "-c", "{}"], stdin=open(p("jobs")), capture_output=True, timeout=120)
    check("xargs runs them", r.returncode == 0 and plain() == want, (r.returncode, r.stderr[-300:]))
    out = good("nothing is left", *ASK, "--range", "0:20", "--save-witness", "--jobs-file", p("jobs2"), "--dir", folder)
    check("nothing is left: said", "nothing is left to do" in out and not os.path.exists(p("jobs2")), out)
    for flags in (["--chunk", "3"], ["--sbatch", "-p x"], ["--array-limit", "2"], ["--jobs-file", p("x"), "--slurm"], ["--jobs-file", p("x"), "--json"],
                  ["--jobs-file", p("x"), "--chunk", "0"]):
        bad("refuse " + " ".join(flags), 2, [flags[-2] if flags[-2] != p("x") and flags[-1].isdigit() else "--"], *ASK, "--range", "0:4", "--dir", p("refused2"), *flags)
    pilot = p("pilot")
    good("with a pilot", *ASK, "--range", "0:20", "--jobs-file", p("jobs3"), "--dir", pilot)
    check("a pilot's samples are records", len(records(pilot)) == 4 and all(whole(60)[k] == v for k, v in records(pilot).items()), sorted(records(pilot)))
    if not shutil.which("parallel"):
        return skip("GNU parallel is not here")
    shutil.rmtree(folder + "/records")
    good("again", *ASK, "--range", "0:20", "--save-witness", "--jobs-file", p("jobs"), "--chunk", "2", "--dir", folder)
    command = ["parallel", "--will-cite", "-j", "2", "--joblog", p("log"), "--resume", "--halt", "now,fail=1"]
    r = subprocess.Popen(command, stdin=open(p("jobs")), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    end = time.time() + 30
    while time.time() < end and len(records(folder)) < 4:
        time.sleep(0.02)
    os.killpg(r.pid, signal.SIGKILL)
    r.wait()
    check("parallel is killed in the middle", 4 <= len(records(folder)) < 20, len(records(folder)))
    r = subprocess.run(command, stdin=open(p("jobs")), capture_output=True, timeout=120)
    done = len(open(p("log")).read().splitlines()) - 1
    check("parallel --resume goes on", r.returncode == 0 and plain() == want and done >= 10, (r.returncode, r.stderr[-300:], done))


def cubes():
    """the models of a question, as commands for others: their solutions together are what solve says of it"""
    image = ["--image", IDX + ":9"]
    mlp3 = m("digits-mlp3.onnx")
    for flags, needle in ((["--solver", "cbc"], "--solver"), (["--jobs-file", p("x")], "--solver"), (["--jobs-file", p("x"), "--solver", "embedded"], "--solver"),
                          (["--time-limit", "5"], "--time-limit"), (["--slurm", "--jobs-file", p("x"), "--solver", "cbc"], "--slurm")):
        code, out, err = kit.run("compile", mlp3, *image, "--perturb", "linf:0.06", "-o", p("x.mps"), *flags)
        check("compile refuses " + " ".join(flags), code == 2 and needle in err, (code, err))
    if not shutil.which("cbc"):
        return skip("cbc is not here")
    for radius, alone in (("0.06", ["--always-write"]), ("0.08", []), ("0.08", ["--split", "2"])):
        name = "q%s%d" % (radius, len(alone))
        code, out, err = kit.run("compile", mlp3, *image, "--perturb", "linf:" + radius, "--bounds", "crown", "-o", p(name + ".mps"), "--solver", "cbc", "--memory", "4000",
                                 "--time-limit", "30", "--jobs-file", p(name + ".jobs"), *alone)
        lead = re.search(r"(\d+) commands; when all have run: (netmip decode .*)", err)
        if not check(name + ": written", code == 0 and lead and "no model is written" not in err, (code, err)):
            continue
        lines = open(p(name + ".jobs")).read().splitlines()
        check(name + ": a command a model", len(lines) == int(lead.group(1)) == len(glob.glob(p(name + "*.mps"))), (lines[:2], lead.group(1)))
        keep = [l for l in lines if not re.search("-t[034569]", l)] if "--split" in alone else lines[:2]  # two minutes else
        subprocess.run(["xargs", "-d", "\n", "-P", "2", "-I{}", "sh", "-c", "{}"], input="\n".join(keep).encode(), capture_output=True, timeout=200)
        found = [s for s in lead.group(2).split()[3:] if os.path.exists(s)]
        check(name + ": solutions stand beside the models", len(found) == len(keep), (found, len(keep)))
        code, out, err = kit.run("decode", lead.group(2).split()[2], *found)
        want = kit.run("solve", mlp3, *image, "--perturb", "linf:" + radius)[0]
        check(name + ": what they say together", code in (want, 11) if len(keep) < len(lines) else code == want, (code, want, out[:300], err))


parts(joins, parts_of_one, moved, sets_with_files, kills, never_twice, stale, living, same_host, suspended, refusals, disks, status, terminal, solving, plain_lines, comparison, jobs_file, cubes)
