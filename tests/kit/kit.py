"""kit.py: what every script of tests/ uses: where things stand, the program, a folder of its own, checks that are counted.

    import sys
    sys.path.insert(1, sys.path[0] + "/../kit")
    from kit import check, m, parts, run

Importing it makes the folder TMP, which is removed at the end (NETMIP_KEEP=DIR: the folder DIR, which stays), and lets the
modules of scripts/ be imported. A failed check prints one line and the script goes on; the last call is parts() or done()."""
import atexit, gzip, importlib, json, os, re, select, shutil, signal, subprocess, sys, tempfile, threading, time, traceback

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
MODELS, SCRIPTS, SHARED = (os.path.abspath(os.path.join(ROOT, f)) for f in ("models", "scripts", "../shared"))
NETMIP = os.path.abspath(os.environ.get("NETMIP") or os.path.join(ROOT, "build", "netmip"))
NAME = os.path.splitext(os.path.basename(sys.argv[0]))[0]
KEEP = os.environ.get("NETMIP_KEEP")
TMP = os.path.abspath(KEEP) if KEEP else tempfile.mkdtemp(prefix="netmip-%s-" % NAME)
SHOWN = 40  # failures that are printed
_count = {"passed": 0, "failed": 0, "skipped": 0}
sys.path.insert(0, SCRIPTS)
sys.dont_write_bytecode = True
os.makedirs(TMP, exist_ok=True)
_started = []


@atexit.register
def _leave():
    for r in _started:  # each has a session, and so a group of processes, of its own
        try:
            os.killpg(r.pid, signal.SIGKILL)
        except OSError:
            pass
    if not KEEP:
        shutil.rmtree(TMP, True)


def m(name):
    """the path of a file of models/"""
    return os.path.join(MODELS, name)


def p(*name):
    """a path in the script's own folder"""
    return os.path.join(TMP, *name)


def put(name, data):
    """writes bytes, a text or, of anything else, its JSON into the script's folder; the path"""
    data = data if isinstance(data, (bytes, str)) else json.dumps(data)
    with open(p(name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return p(name)


def text_of(path):
    """the text of a file, unpacked if it is .gz"""
    with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as f:
        return f.read().decode()


class _Forks:
    """kit/forks.c, which runs the program without loading it anew, for scripts that ask for it: fork_runs()"""
    wanted = False
    PROGRAM = os.path.join(os.path.dirname(NETMIP), "tests", "kit", "forks")
    own = threading.local()  # a thread has one of its own

    def __init__(self):
        self.held = [tempfile.NamedTemporaryFile(prefix="netmip-%s-" % NAME) for _ in range(2)]
        self.files = [f.name for f in self.held]
        self.world = _Forks.around()
        self.process = subprocess.Popen([self.PROGRAM, *self.files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    @staticmethod
    def around():
        return dict(os.environ), os.getcwd()

    @classmethod
    def get(cls):
        """the thread's; a new one where the environment or the folder has changed, or None where it is not built"""
        old = getattr(cls.own, "it", None)
        if old and (old.process.poll() is not None or old.world != cls.around()):
            old.process.stdin.close()
            old.process.wait()
            old = None
        cls.own.it = old or (cls() if os.path.exists(cls.PROGRAM) else None)
        return cls.own.it

    def run(self, args, timeout):
        """exit code, or None after the timeout; stdout and stderr"""
        request = b"".join(os.fsencode(a) + b"\0" for a in args)
        self.process.stdin.write(b"%d\n" % len(request) + request)
        pid = int(self.process.stdout.readline())
        in_time = select.select([self.process.stdout], [], [], timeout)[0]
        if not in_time:
            os.kill(pid, signal.SIGKILL)
        code = int(self.process.stdout.readline())
        texts = []
        for name in self.files:
            with open(name, "rb") as f:
                texts.append(f.read())
        return (code if in_time else None, *texts)


def fork_runs():
    """from now on run() forks. Not for scripts in which the program names itself, or starts others: it takes itself for forks.c"""
    _Forks.wanted = True


def _run(args, timeout, more):
    """the same, by a fork where nothing else is asked for"""
    forks = None if more or not _Forks.wanted or any("\0" in a for a in args) else _Forks.get()
    if forks:
        return forks.run(args, timeout)
    try:
        r = subprocess.run([NETMIP, *args], capture_output=True, timeout=timeout, **more)
    except subprocess.TimeoutExpired:
        return None, b"", b""
    return r.returncode, r.stdout, r.stderr


def run(*args, timeout=120, **more):
    """netmip with these arguments: its exit code ("hang" after the timeout), what it printed, what it said on stderr"""
    code, out, said = _run(args, timeout, more)
    if code is None:
        return "hang", "", "it had not ended after %g s" % timeout
    out = out.decode("utf-8", "replace")
    if "--json" in args and out and code != 2:  # 2: the help, when it was used wrongly
        _hold(args, out)
    return code, out, said.decode("utf-8", "replace")


def _hold(args, out):
    """a failed check where what was printed is not what its schema says; large ones are left to answer/schemas.py"""
    import schema

    try:
        wrong = schema.breach(schema.of_command(args), json.loads(out)) if len(out) < 300000 else ""
    except ImportError:
        return
    except ValueError as e:
        wrong = "no JSON: %s" % e
    if wrong:
        check("%s: the schema" % " ".join(args)[:300], False, wrong)


def start(*args):
    """netmip with these arguments, at work in a session of its own; what is left of it at the end is killed"""
    _started.append(subprocess.Popen([NETMIP, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True))
    return _started[-1]


def sh(*args, timeout=120):
    """what another program prints, run in the script's folder"""
    return subprocess.run(args, capture_output=True, text=True, timeout=timeout, cwd=TMP).stdout


def compiled(source, out):
    """links a C program against the library beside NETMIP, with the packages that the Makefile names; "" or what the compiler says"""
    packages = re.search(r"^PKGS := (.*)", text_of(os.path.join(ROOT, "Makefile")), re.M).group(1).split()
    libraries = subprocess.run(["pkg-config", "--libs", *packages], capture_output=True, text=True).stdout.split()
    r = subprocess.run(["gcc", "-std=c11", "-Wall", "-Werror", *os.environ.get("SAN", "").split(), "-I", os.path.join(ROOT, "include"), source,
                        os.path.join(os.path.dirname(NETMIP), "libnetmip.a"), *libraries, "-lstdc++", "-lm", "-o", out], capture_output=True, text=True)
    return "" if r.returncode == 0 else "gcc ended with %d: %s" % (r.returncode, r.stderr)


def check(name, ok, detail=""):
    """counts a check, prints it if it failed; whether it passed"""
    _count["passed" if ok else "failed"] += 1
    if not ok and _count["failed"] <= SHOWN:
        print("FAIL %s: %s" % (str(name)[:800], str(detail)[:800]), flush=True)
    return bool(ok)


def skip(what, n=1):
    """counts n checks that could not be made, and says why"""
    _count["skipped"] += n
    print("SKIP " + what, flush=True)


def add(counts):
    """adds checks that another program counted: {"passed": .., "failed": .., "skipped": ..}"""
    for kind in _count:
        _count[kind] += counts[kind]


def done():
    """ends the script with the line that run.sh adds up"""
    print("%s: %d passed, %d failed, %d skipped" % (NAME, *_count.values()))
    sys.exit(_count["failed"] > 0)


def parts(*functions):
    """calls them in turn, or those that the command line names, and ends; one that breaks off is a failed check"""
    for part in functions:
        if sys.argv[1:] and part.__name__ not in sys.argv[1:]:
            continue
        began = time.time()
        try:
            part()
        except Exception:
            check(part.__name__ + " breaks off", False, traceback.format_exc()[-800:])
        if os.environ.get("NETMIP_TIMES"):
            print("%s: %.1f s" % (part.__name__, time.time() - began))
    done()


def needs(*modules):
    """imports the modules; where one is missing it starts again under Debian's Python, and if that lacks it too, skips"""
    try:
        for name in modules:
            importlib.import_module(name)
    except ImportError as e:
        if os.path.exists("/usr/bin/python3") and not os.environ.get("NETMIP_SECOND_PYTHON"):
            os.environ["NETMIP_SECOND_PYTHON"] = "1"
            _leave()
            os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
        skip(str(e))
        done()


def truth(*name):
    """a path in the truth pack (NETMIP_TRUTH); where it is missing the script ends with a skip"""
    path = os.path.join(os.environ.get("NETMIP_TRUTH", os.path.join(SHARED, "truth")), *name)
    if not os.path.exists(path):
        skip("the truth pack is not here")
        done()
    return path
