#!/usr/bin/env python3
"""The Python package finds the library: pip installs it, a wheel brings the library along, and otherwise it is found where `make install` may have put
it, by PATH, pkg-config or the loader. Where there is none, it says where it looked and what to do."""
import glob, os, re, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, ROOT, SCRIPTS, check, done, m, needs, p, parts, put, skip, text_of

needs("numpy")
LIBRARY = os.path.join(os.path.dirname(NETMIP), "libnetmip.so.0")
if os.environ.get("SAN"):
    skip("Python does not load a library with sanitizers")
    done()
os.environ["NETMIP_LIBRARY"] = LIBRARY
XOR = m("tiny-xor.onnx")
BARE = {k: v for k, v in os.environ.items() if not re.match("NETMIP_LIBRARY$|LD_LIBRARY_PATH$|PKG_CONFIG|PYTHONPATH$|PATH$", k)}
SYSTEM = "/usr/bin:/bin"
LOADED = "[l.split()[-1] for l in open('/proc/self/maps') if '/libnetmip' in l][-1]"


def prefix(name, library=LIBRARY, folder="lib"):
    """what make install makes, as far as the package looks at it"""
    top = p(name)
    for d in ("bin", folder, "lib/pkgconfig"):
        os.makedirs(os.path.join(top, d), exist_ok=True)
    shutil.copy(library, os.path.join(top, folder, "libnetmip.so.9"))
    os.symlink("libnetmip.so.9", os.path.join(top, folder, "libnetmip.so.0"))
    shutil.copy(NETMIP, os.path.join(top, "bin/netmip"))
    put(name + "/lib/pkgconfig/netmip.pc", "libdir=%s\nName: netmip\nDescription: x\nVersion: 0\nLibs: -L${libdir} -lnetmip\n" % os.path.join(top, folder))
    return top


def imported(says=LOADED, **env):
    """what a Python that has the package, and not the tree, says of it"""
    if not os.path.exists(p("alone")):
        shutil.copytree(os.path.join(SCRIPTS, "python", "netmip"), p("alone/netmip"), ignore=shutil.ignore_patterns("__pycache__"))
    code = "import netmip; print(netmip.Network(%r)([0.4, 0.3])[0] > 0, %s)" % (XOR, says)
    return subprocess.run([sys.executable, "-c", code], env={**BARE, "PYTHONPATH": p("alone"), "PATH": SYSTEM, **env}, cwd=p(), capture_output=True, text=True)


def found():
    here = prefix("here")
    for name, env in (("by the program on PATH", {"PATH": here + "/bin:" + SYSTEM}), ("by the loader", {"LD_LIBRARY_PATH": here + "/lib"}), ("by NETMIP_LIBRARY", {"NETMIP_LIBRARY": here + "/lib/libnetmip.so.0"}),
                      ("by pkg-config", {"PKG_CONFIG_PATH": here + "/lib/pkgconfig"} if shutil.which("pkg-config") else None)):
        if env is None:
            skip("no pkg-config")
            continue
        r = imported(**env)
        check(name, r.stdout.split() == ["True", here + "/lib/libnetmip.so.9"], r)
    os.makedirs(p("links"), exist_ok=True)
    os.symlink(here + "/bin/netmip", p("links/netmip"))
    r = imported(PATH=p("links") + ":" + SYSTEM)
    check("by a link to the program", r.stdout.split()[-1:] == [here + "/lib/libnetmip.so.9"], r)
    for folder in ("lib64", "lib/x86_64-linux-gnu"):
        top = prefix("in-" + folder.replace("/", "-"), folder=folder)
        r = imported(PATH=top + "/bin:" + SYSTEM)
        check(folder, r.stdout.split()[-1:] == [top + "/%s/libnetmip.so.9" % folder], r)
    shutil.copy(LIBRARY, p("alone/netmip/libnetmip.so.0"))
    r = imported(PATH=here + "/bin:" + SYSTEM)
    check("the wheel's own first", r.stdout.split()[-1:] == [p("alone/netmip/libnetmip.so.0")], r)
    os.remove(p("alone/netmip/libnetmip.so.0"))


def not_found():
    r = imported(NETMIP_LIBRARY="/nowhere/libnetmip.so.0")
    check("NETMIP_LIBRARY is believed alone", r.returncode and "/nowhere/libnetmip.so.0 (NETMIP_LIBRARY, which says where it is): not there" in r.stderr and "pkg-config" not in r.stderr
          and "/usr/local" not in r.stderr, r.stderr)
    other = [f for f in ("/lib/x86_64-linux-gnu/libz.so.1", "/usr/lib/libz.so.1") if os.path.exists(f)]
    if other:
        strange = prefix("strange", other[0])
        r = imported(NETMIP_LIBRARY=strange + "/lib/libnetmip.so.0")
        check("another library", "is of another version" in r.stderr, r)
        r = imported("netmip._library.lib._name", LD_LIBRARY_PATH=strange + "/lib", PATH=p("here/bin") + ":" + SYSTEM)
        check("one of another version is passed over", r.stdout.split() == ["True", p("here/lib/libnetmip.so.0")], r)
    r = imported()
    if r.returncode == 0:
        return skip("netmip is installed on this machine")
    said = r.stderr[r.stderr.index("ImportError"):]
    for words in ("alone/netmip/libnetmip.so.0 (beside the package", "the system's loader", "/usr/local/lib/libnetmip.so.0", "make install PREFIX=DIR", "NETMIP_LIBRARY=DIR/lib/libnetmip.so.0"):
        check("it says: " + words, words in said, said)
    r = imported(PATH=p("empty") + ":" + SYSTEM)
    check("a PATH without the program", r.returncode and "on PATH" not in r.stderr, r.stderr)
    os.makedirs(p("empty-prefix/bin"))
    shutil.copy(NETMIP, p("empty-prefix/bin/netmip"))
    r = imported(PATH=p("empty-prefix/bin") + ":" + SYSTEM)
    check("a program without a library", p("empty-prefix/lib/libnetmip.so.0") + " (the prefix of the program netmip on PATH): not there" in r.stderr, r.stderr)


def tools():
    """make wheel without what makes wheels"""
    for name, module in (("setuptools", "setuptools"), ("wheel", "wheel")):
        os.makedirs(p("stub-%s/%s" % (name, module)))
        put("stub-%s/%s/__init__.py" % (name, module), "raise ImportError('none here')\n")
        env = dict(os.environ, PYTHON=sys.executable, PYTHONPATH=p("stub-" + name))
        r = subprocess.run(["sh", os.path.join(SCRIPTS, "python", "make-wheel.sh"), os.path.dirname(NETMIP), p("none")], capture_output=True, text=True, env=env)
        if name == "wheel" and r.returncode == 0:
            skip("this setuptools makes wheels by itself")
            continue
        check("without " + name, r.returncode == 1 and "lacks %s (none here" % name in r.stderr and "pip install setuptools wheel" in r.stderr and "Traceback" not in r.stderr, r)


def installed():
    """by pip, offline, and as a wheel that brings the library"""
    code = subprocess.run([sys.executable, "-c", "import setuptools, wheel, pip"], capture_output=True).returncode
    if code:
        return skip("no pip, setuptools or wheel")
    shutil.copytree(os.path.join(SCRIPTS, "python"), p("source"), ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps", "--no-index", "--no-cache-dir"]
    r = subprocess.run([*pip, "--target", p("site"), p("source")], capture_output=True, text=True)
    if not check("pip install", r.returncode == 0, r.stderr[-400:]):
        return
    ask = "import netmip; print(netmip.__file__, netmip.Network(%r).solve([0.4, 0.3], linf=0.2).verdict, %s)"
    lib = "[l.split()[-1] for l in open('/proc/self/maps') if '/libnetmip' in l or '/libCbc.' in l][-1]"
    r = subprocess.run([sys.executable, "-c", ask % (XOR, lib)], capture_output=True, text=True, cwd=p(), env=dict(os.environ, PYTHONPATH=p("site")))
    check("it works where it is", r.stdout.startswith(p("site")) and " violated " in r.stdout, r)
    if not os.path.exists(os.path.join(os.path.dirname(NETMIP), "netmip.pc")) or not shutil.which("dpkg-query"):
        return skip("make wheel was not run")
    r = subprocess.run(["sh", os.path.join(SCRIPTS, "python", "make-wheel.sh"), os.path.dirname(NETMIP), p("wheels")], capture_output=True, text=True,
                       env=dict(os.environ, PYTHON=sys.executable))
    if not check("a wheel", r.returncode == 0 and r.stdout.strip().endswith(".whl"), r):
        return
    r = subprocess.run([*pip, "--target", p("wheeled"), r.stdout.strip().splitlines()[-1]], capture_output=True, text=True)
    check("pip installs it", r.returncode == 0, r.stderr[-400:])
    env = {k: v for k, v in os.environ.items() if k != "NETMIP_LIBRARY"}
    r = subprocess.run([sys.executable, "-c", ask % (XOR, lib)], capture_output=True, text=True, cwd=p(), env=dict(env, PYTHONPATH=p("wheeled")))
    check("with libraries of its own", " violated " in r.stdout and r.stdout.strip().split()[-1].startswith(p("wheeled")), r)


parts(found, not_found, tools, installed)
