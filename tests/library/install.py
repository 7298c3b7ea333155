#!/usr/bin/env python3
"""What is installed works where it is: every file has its place, the example of netmip.h is built by pkg-config against the
shared and the static library, the manual and completions of shells are found, and nothing is left after `make uninstall`. The
archive of `make dist` is the same twice and builds without git."""
import glob, os, re, shutil, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, ROOT, check, m, p, parts, put, skip, text_of

PREFIX = "/usr"
BUILT = os.path.dirname(NETMIP)
VERSION = re.search(r'NM_VERSION "(.*)"', text_of(os.path.join(ROOT, "src/base/base.h"))).group(1)


def do(*command, cwd=ROOT, **env):
    """exit code, stdout and stderr together"""
    r = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **env})
    return r.returncode, r.stdout


def make(*what, **names):
    """make with the program and the libraries as they are; names: of make, in place of those of the root. BUILD is said as make says it:
    another word for the same folder is another flag of the compiler, and the next make would build everything again"""
    names = {"PREFIX": PREFIX, "DESTDIR": p("root"), **names}
    old = [a for f in ("netmip", "libnetmip.a", "libnetmip.so.0") for a in ("-o", os.path.join(os.path.relpath(BUILT, ROOT), f))]
    code, said = do("make", "-s", *old, "BUILD=" + os.path.relpath(BUILT, ROOT), "NETMIP=" + NETMIP, *("%s=%s" % k for k in names.items()), *what)
    check("make %s" % what, code == 0, said)


def root(*name):
    return p("root" + PREFIX, *name)


def files():
    """the files of the root"""
    return {os.path.relpath(os.path.join(d, f), root()) for d, _, names in os.walk(p("root")) for f in names}


def layout():
    make("install")
    have = files()
    for f in ["bin/netmip", "bin/netmip-check", "include/netmip.h", "lib/libnetmip.a", "lib/libnetmip.so." + VERSION, "lib/pkgconfig/netmip.pc",
              "share/bash-completion/completions/netmip", "share/zsh/site-functions/_netmip", "share/fish/vendor_completions.d/netmip.fish",
              "share/man/man1/netmip.1", "share/man/man1/netmip-solve.1", "share/man/man3/libnetmip.3", "share/netmip/models/tiny-xor.onnx"]:
        check(f, f in have, sorted(have))
    page = text_of(root("share/man/man1/netmip-solve.1"))
    check("the manual says where models are", PREFIX + "/share/netmip" in page and "/usr/local" not in page, page[-800:])
    for link, to in (("libnetmip.so", "libnetmip.so.0"), ("libnetmip.so.0", "libnetmip.so." + VERSION)):
        check(link, os.readlink(root("lib", link)) == to)
    for f in glob.glob(os.path.join(ROOT, "src/command/schema/*.json")):
        check(f, text_of(root("share/netmip/schema", os.path.basename(f))) == text_of(f))
    code, said = do("readelf", "-d", root("lib/libnetmip.so"))
    check("the name that programs remember", "soname: [libnetmip.so.0]" in said, said)
    code, said = do("sh", os.path.join(ROOT, "scripts/exports.sh"), root("lib/libnetmip.so"))
    check("it gives out what the header declares", code == 0, said)
    code, said = do(root("bin/netmip"), "--version")
    check("netmip --version", (code, said) == (0, VERSION + "\n"), said)


def example():
    """the C program in the header's comment"""
    code = "\n".join(l[5:] for l in text_of(root("include/netmip.h")).splitlines() if l.startswith(" *   "))
    source, env = put("example.c", code), {"PKG_CONFIG_LIBDIR": root("lib/pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": p("root")}
    san = os.environ.get("SAN", "").split()
    for kind, flag, link in (("shared", [], lambda f: f), ("static", ["--static"], lambda f: [root("lib/libnetmip.a") if x == "-lnetmip" else x for x in f])):
        code, said = do("pkg-config", "--cflags", "--libs", *flag, "netmip", **env)
        check("pkg-config %s" % kind, code == 0 and ("-lCbc" in said) == bool(flag), said)
        code, said = do("gcc", "-std=c11", "-Wall", "-Werror", *san, source, "-o", p(kind), *link(said.split()))
        if not check("%s: the example compiles" % kind, code == 0, said):
            continue
        code, said = do(p(kind), LD_LIBRARY_PATH=root("lib"))
        check("%s: the example runs" % kind, said == "does not hold\n", said)
        code, said = do("ldd", p(kind), LD_LIBRARY_PATH=root("lib"))
        check("%s: where the library is from" % kind, (root("lib/libnetmip.so.0") in said) == (kind == "shared"), said)


def lines_of_the_page():
    """what libnetmip(3) says of compiling, in a prefix where neither pkg-config nor the loader looks"""
    top, env = p("opt"), {"PKG_CONFIG_PATH": p("opt/lib/pkgconfig")}
    make("install", PREFIX=top, DESTDIR="")
    page = text_of(os.path.join(ROOT, "src/command/man/libnetmip.md"))
    lines = re.findall("^    (cc example.c .*)$", page, re.M)
    check("three lines", len(lines) == 3 and "export PKG_CONFIG_PATH=$HOME/opt/lib/pkgconfig\n" in page, lines)
    for name, line, needs, run in zip(("plain", "rpath", "static"), lines, (True, True, False), ({"LD_LIBRARY_PATH": top + "/lib"}, {}, {})):
        san = " ".join(["gcc", *os.environ.get("SAN", "").split()])
        code, said = do("sh", "-c", line.replace("cc", san, 1), cwd=p(), **env)
        if not check("%s: it compiles" % name, code == 0 and not said, said):
            continue
        clean = {"LD_LIBRARY_PATH": "", **run}
        code, said = do(p("example"), **clean)
        check("%s: it runs" % name, said == "does not hold\n", said)
        code, said = do("ldd", p("example"), **clean)
        check("%s: the library is from there" % name, (top + "/lib/libnetmip.so.0" in said) == needs and ("libnetmip" in said) == needs, said)
        os.remove(p("example"))
    make("uninstall", PREFIX=top, DESTDIR="")


def manual():
    if not shutil.which("man"):
        return skip("man is not installed")
    for section, page in (("1", "netmip"), ("1", "netmip-solve"), ("3", "libnetmip"), ("3", "netmip-python"), ("5", "netmip-json")):
        code, said = do("man", "-M", root("share/man"), section, page, MANWIDTH="80", PAGER="cat", MANPAGER="cat")
        if "has been minimized" in said:  # Debian's containers put such a text in the place of man
            return skip("man is not installed")
        check("man %s %s" % (section, page), code == 0 and page.upper() in said.upper() and "DESCRIPTION" in re.sub(".\b", "", said), said)


def completion():
    ask = ". %s; COMP_WORDS=(netmip sol); COMP_CWORD=1; %s; echo ${COMPREPLY[@]}"
    script = root("share/bash-completion/completions/netmip")
    name = re.search(r"-F (\w+) netmip", text_of(script)) or re.search(r"(\w+)\(\)", text_of(script))
    code, said = do("bash", "-c", ask % (script, name.group(1)))
    check("netmip sol<TAB>", said.strip() == "solve", said)


def removed():
    make("uninstall")
    check("nothing is left", not files(), files())


def archive():
    if not shutil.which("git") or do("git", "rev-parse", "HEAD")[0]:
        return skip("no git here, or no clone of it")
    made = []
    for i in "12":
        code, said = do("make", "-s", "BUILD=" + p("dist" + i), "dist")
        check("make dist", code == 0, said)
        with open(p("dist" + i, "netmip-%s.tar.gz" % VERSION), "rb") as f:
            made.append(f.read())
    check("twice the same bytes", made[0] == made[1])
    code, said = do("tar", "xzf", p("dist1", "netmip-%s.tar.gz" % VERSION), cwd=p())
    tree = p("netmip-" + VERSION)
    known = set(do("git", "ls-files")[1].splitlines())
    have = {os.path.relpath(os.path.join(d, f), tree) for d, _, names in os.walk(tree) for f in names}
    check("what git knows", have == known, have ^ known)
    # a build takes minutes: that the archive names the same objects, and compiles one
    env = {"GIT_DIR": p("none")}
    code, said = do("make", "build/base/text.o", "build/library/answers.o", cwd=tree, **env)
    check("an object is built without git", code == 0 and os.path.exists(os.path.join(tree, "build/library/answers.o")), said)


def packages():
    """NETMIP_DEB=FOLDER: the packages in it, which scripts/make-deb.sh made, in a fresh root"""
    folder = os.environ.get("NETMIP_DEB")
    if not folder or not shutil.which("mmdebstrap") or os.geteuid():
        return skip("packages need NETMIP_DEB=FOLDER, mmdebstrap, root and a network")
    fresh, packed = p("fresh"), [f for f in glob.glob(os.path.join(folder, "*.deb")) if "dbgsym" not in f]
    code, said = do("mmdebstrap", "--variant=apt", "--include=man-db,bash-completion,gcc,libc6-dev,pkg-config", "bookworm", fresh)
    if not check("a fresh root", code == 0 and len(packed) == 3, (said[-300:], packed)):
        return
    for f in packed:
        shutil.copy(f, os.path.join(fresh, "root"))
    shutil.copy("/etc/resolv.conf", os.path.join(fresh, "etc"))
    shutil.copytree(os.path.join(ROOT, "models"), os.path.join(fresh, "root", "models"))
    shutil.copy(p("example.c"), os.path.join(fresh, "root"))

    def inside(command):
        return do("chroot", fresh, "bash", "-c", "cd /root; " + command, DEBIAN_FRONTEND="noninteractive")

    code, said = inside("apt-get update -q && apt-get install -y -q --no-install-recommends ./*.deb")
    if not check("they are installed", code == 0, said[-300:]):
        return
    for command, want in (("netmip --version", "^%s$" % re.escape(VERSION)), ("man -P cat 3 libnetmip", "nm_mips, nm_mip   models"),
                          (". /usr/share/bash-completion/bash_completion; _completion_loader netmip; complete -p netmip", "-F _netmip"),
                          ("gcc example.c $(pkg-config --cflags --libs netmip) -o example && ./example", "does not hold"),
                          ("netmip solve /usr/share/netmip/models/tiny-xor.onnx /usr/share/netmip/models/tiny-xor.vnnlib", "violated"),
                          ("ls /usr/share/netmip/schema", "solve.schema.json")):
        code, said = inside(command)
        check(command, re.search(want, said), said)
    code, said = inside("apt-get purge -y -q netmip libnetmip0 && find /usr /etc /var -xdev -name '*netmip*' ! -path '*/cache/*'")
    check("nothing is left", code == 0 and not re.findall("^/.*", said, re.M), said[-300:])


parts(layout, example, lines_of_the_page, manual, completion, removed, archive, packages)
