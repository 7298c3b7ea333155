#!/usr/bin/env python3
"""A campaign by Slurm, on this machine alone (scripts/slurm-local.sh): chunks after a pilot, the script that is
submitted, its requests; slurmd killed with all that it runs, and started again: the records are those of an undisturbed run."""
import glob, json, os, re, shutil, signal, subprocess, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
import kit
from kit import NETMIP, ROOT, check, m, p, parts, put, skip

CONV, IDX, LABELS = m("digits-conv.onnx"), m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")
ASK = [CONV, "--images", IDX, "--labels", LABELS, "--perturb", "linf:0.11", "--range", "0:30"]
ENV = {**os.environ, "SLURM_CONF": p("slurm", "slurm.conf")}


def local(what, timeout=60):
    return subprocess.run(["sh", os.path.join(ROOT, "scripts", "slurm-local.sh"), what, p("slurm")], capture_output=True, text=True, timeout=timeout)


def batch(*args, timeout=300):
    return kit.run("batch", *args, timeout=timeout, env=ENV)


def slurm(*args):
    return subprocess.run(args, capture_output=True, text=True, timeout=30, env=ENV).stdout


def records(folder):
    """number -> record, without its seconds"""
    return {int(os.path.basename(f)[:-5]): {k: v for k, v in json.load(open(f)).items() if not k.endswith("_seconds")}
            for f in glob.glob(os.path.join(folder, "records", "*.json"))}


def wait(what, until, seconds):
    end = time.time() + seconds
    while time.time() < end and not until():
        time.sleep(0.2)
    return check(what, until(), slurm("squeue") + slurm("sinfo"))


def descendants(name):
    """numbers of the processes of that program"""
    found = []
    for d in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = open("/proc/%s/cmdline" % d, "rb").read().split(b"\0")
        except OSError:
            continue
        if name(line):
            found.append(int(d))
    return found


def kill_node(folder):
    """slurmd and all that it runs of this folder, as when a machine fails"""
    local("slurmd-stop")
    at_work = descendants(lambda line: folder.encode() in line and b"--join" in line)
    parents = {int(open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[1]) for pid in at_work}
    steps = descendants(lambda line: line[0].startswith(b"slurmstepd: ["))  # another Slurm's are left alone
    for pid in [s for s in steps if s in parents] + at_work:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


def undisturbed():
    code, out, err = batch(*ASK, "--quiet", "--dir", p("plain"))
    check("undisturbed", code == 0, err)
    return records(p("plain"))


def script(folder):
    text = open(folder + "/slurm/job.sh").read()
    check("the script: a shell takes it", subprocess.run(["sh", "-n", folder + "/slurm/job.sh"]).returncode == 0)
    for line in ("#SBATCH --requeue", "#SBATCH --array=0-5%2", "#SBATCH --time=8", "#SBATCH --mem=2304M", "#SBATCH --cpus-per-task=1", "#SBATCH --partition=main --nice=5"):
        check("the script says " + line, re.search("^%s$" % re.escape(line), text, re.M), text)
    check("the script: its chunks", re.findall(r"\d+:\d+", text.split("set --")[1])[:3] == ["0:5", "5:10", "10:15"], text)


def campaign():
    """submitted, the node killed in the middle and started again"""
    want, folder = undisturbed(), p("by slurm")
    code, out, err = batch(*ASK, "--slurm", "--chunk", "5", "--array-limit", "2", "--sbatch", "--partition=main --nice=5", "--time-limit", "60", "--memory", "2048",
                           "--quiet", "--dir", folder)
    number = re.search(r"^submitted job (\d+): 6 tasks of at most 5 samples", out)
    if not check("submitted", code == 0 and number, (code, out, err)):
        return
    script(folder)
    wait("some samples are made", lambda: len(records(folder)) >= 8, 60)
    some = records(folder)
    status = lambda: json.loads(batch("--status", folder, "--json")[1] or "{}")
    for _ in range(100):  # between two tasks nobody is at work
        s = status()
        if s.get("workers"):
            break
        time.sleep(0.1)
    check("its status in the middle", s.get("samples") == 30 and 8 <= s["done"] < 30 and s["workers"] >= 1 and any(t["job"] == number.group(1) for t in s["slurm"]), s)
    kill_node(folder)
    check("killed in the middle", 8 <= len(records(folder)) < 30, len(records(folder)))
    check("what was done stays", all(records(folder).get(k) == v for k, v in some.items()))
    time.sleep(1)
    local("slurmd-start")
    wait("the job ends after the node is back", lambda: len(records(folder)) == 30 and not slurm("squeue", "-h"), 150)
    got = records(folder)
    check("records are those of an undisturbed run", got == want, [k for k in want if got.get(k) != want[k]][:5])
    code, out, err = batch("--status", folder)
    check("its status at the end", out.startswith("30/30: ") and "Slurm" not in out, (out, err))
    check("tables are there", json.load(open(folder + "/summary.json"))["left"] == 0)
    check("no claims are left", not glob.glob(folder + "/records/*.claim.*") and not glob.glob(folder + "/workers/*"), os.listdir(folder + "/workers"))
    code, out, err = batch("--join", folder, "--slurm", "--quiet")
    check("nothing is left to submit", code == 0 and "nothing is left" in out, (code, out, err))


def pilot():
    """without --chunk a pilot says how long a chunk is; its samples are done; a task that is cancelled and started anew goes on"""
    folder = p("pilot")
    code, out, err = batch(*ASK, "--slurm", "--time-limit", "60", "--dir", folder)
    check("a pilot", code == 0 and re.search(r"pilot: 4 samples, [\d.]+ s each, \d+ MB; chunks of 26 samples", err), (code, err))
    check("a pilot's samples are done", len(records(folder)) >= 4, len(records(folder)))
    check("no --memory: said", "no memory is requested" in err and "#SBATCH --mem" not in open(folder + "/slurm/job.sh").read(), err)
    number = re.search(r"submitted job (\d+)", out).group(1)
    wait("its task is at work", lambda: len(records(folder)) >= 8, 60)
    slurm("scontrol", "requeue", number)
    wait("a requeued task ends", lambda: len(records(folder)) == 30 and not slurm("squeue", "-h"), 200)
    check("a requeued task: records", records(folder) == records(p("plain")), [(k, v, records(folder).get(k)) for k, v in records(p("plain")).items() if records(folder).get(k) != v][:3])


def models():
    """the models of one question as an array job, and what their solutions say together"""
    if not shutil.which("cbc"):
        return skip("cbc is not here")
    code, out, err = kit.run("compile", m("digits-mlp3.onnx"), "--image", IDX + ":5", "--perturb", "linf:0.08", "--bounds", "crown", "--split", "2", "-o", p("q.mps"),
                             "--solver", "cbc", "--time-limit", "60", "--memory", "2000", "--slurm", env=ENV)
    lead = re.search(r"(\d+) commands; when all have run: netmip (decode .*)", err)
    if not check("models are submitted", code == 0 and lead and "submitted job" in err, (code, err)):
        return
    check("time and memory of a task", all(s in open(p("q.slurm", "job.sh")).read() for s in ("--time=4\n", "--mem=2256M\n")))
    args = lead.group(2).split()
    wait("they are solved", lambda: all(map(os.path.exists, args[2:])) and not slurm("squeue", "-h"), 120)
    code, out, err = kit.run(*args)
    check("what they say together", code == kit.run("solve", m("digits-mlp3.onnx"), "--image", IDX + ":5", "--perturb", "linf:0.08")[0] == 10, (code, out[:200], err))


def solvers():
    """runs of solvers as an array job: the answers of an undisturbed comparison"""
    ask = ["bench", m("digits-mlp.onnx"), "--images", IDX, "--range", "0:3", "--perturb", "linf:0.05", "--encodings", "bigm,hull", "--time-limit", "20", "--memory", "1500", "--quiet"]
    code, out, err = kit.run(*ask, "--dir", p("bench"), env=ENV)
    code2, out2, err2 = kit.run(*ask, "--dir", p("bench by slurm"), "--slurm", "--chunk", "2", env=ENV)
    if not check("a comparison is submitted", code == code2 == 0 and re.match(r"submitted job \d+: 3 tasks of at most 2 runs; squeue -r -j \d+ says", out2), (code2, out2, err2)):
        return
    text = open(p("bench by slurm", "slurm", "job.sh")).read()
    check("its script", all("\n" + s in text for s in ("cd ", "#SBATCH --time=3\n", "#SBATCH --mem=1756M\n", "#SBATCH --cpus-per-task=1\n")), text)
    wait("it ends", lambda: os.path.exists(p("bench by slurm", "table.txt")) and not slurm("squeue", "-h"), 120)
    same = lambda d: [line.split(",")[:9] for line in open(p(d, "results.csv"))]
    check("the same answers", same("bench") == same("bench by slurm"), same("bench by slurm"))


def without():
    """where there is no sbatch, it is said, and the script is there"""
    code, out, err = kit.run("batch", *ASK, "--slurm", "--chunk", "30", "--quiet", "--dir", p("without"), env={**os.environ, "PATH": p("")})
    check("no sbatch", code == 5 and out == "" and "sbatch is not on the PATH" in err and "job.sh" in err, (code, out, err))
    check("the script is there", os.path.exists(p("without", "slurm", "job.sh")))
    put("sbatch", "#!/bin/sh\necho 'sbatch: error: invalid partition' >&2\nexit 1\n")
    os.chmod(p("sbatch"), 0o755)
    code, out, err = kit.run("batch", *ASK, "--slurm", "--chunk", "30", "--quiet", "--dir", p("without"), env={**os.environ, "PATH": p("") + ":" + os.environ["PATH"]})
    check("sbatch refuses: its words", code == 5 and "invalid partition" in err, (code, out, err))
    code, out, err = kit.run("batch", *ASK, "--slurm", "--sbatch", "a\nb", "--chunk", "30", "--quiet", "--dir", p("without"))
    check("two lines of arguments", code == 2 and "--sbatch" in err, (code, err))


r = local("start")
if r.returncode:
    skip("no Slurm: " + r.stderr.strip().splitlines()[-1], 2)
    parts(without)
try:
    parts(without, campaign, pilot, models, solvers)
finally:
    local("stop")
