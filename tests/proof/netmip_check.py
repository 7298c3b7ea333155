#!/usr/bin/env python3
"""netmip-check, the checker as a program of its own: it says what `netmip check` says, with its exit codes; wrong uses are
refused by name."""
import re, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")

from kit import NETMIP, check, m, p, parts, put, run

NET, IMAGES, LABELS = m("digits-mlp3.onnx"), m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")


def alone(*args):
    r = subprocess.run([NETMIP + "-check", *args], capture_output=True, text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def same(what, *args):
    """both programs say the same, but for the seconds"""
    code, out, err = run("check", *args, "--quiet")
    mine = alone(*args)
    check(what, mine[0] == code and re.split(" steps?", mine[1])[0] == re.split(" steps?", out)[0], (mine, code, out, err))
    return code


def about_images():
    for radius, image, want in (("0.01", 3, 0), ("0.1", 3, None), ("0.3", 5, 10)):
        flags = ("--image", "%s:%d" % (IMAGES, image), "--labels=" + LABELS, "--perturb", "linf:" + radius)
        run("solve", NET, *flags, "--proof", p("c.proof"), "--quiet")
        code = same("an image", NET, *flags, p("c.proof"))
        check("its claim", want is None or code == want, (radius, code))
    check("another radius", same("another radius", NET, "--image", IMAGES + ":5", "--perturb", "linf:0.2", p("c.proof")) == 6)
    check("another network", same("another network", m("digits-mlp.onnx"), "--image", IMAGES + ":5", "--perturb", "linf:0.3", p("c.proof")) == 6)
    flags = ("--image", IMAGES + ":3", "--perturb", "linf:0.01", "--mean", "0.1", "--std", "0.5", "--domain", "0,1", "--target", "4", "--margin", "0.01")
    run("solve", NET, *flags, "--proof", p("d.proof.gz"), "--quiet")
    check("more flags, a packed file", same("more flags", NET, *flags, p("d.proof.gz")) in (0, 10))


def about_files():
    for question in (m("tiny-xor.vnnlib"), p("q.json")):
        put("q.json", run("solve", m("tiny-xor.onnx"), m("tiny-xor.vnnlib"), "--dump", "query", "--json", "--quiet")[1])
        run("solve", m("tiny-xor.onnx"), question, "--proof", p("x.proof"), "--quiet")
        check("a question in a file", same(question, m("tiny-xor.onnx"), question, p("x.proof")) in (0, 10))


def refused():
    for args, code, words in (((), 2, "were expected"), ((NET, "x"), 2, "were expected"), ((NET, "--against", NET, "x"), 2, "no such flag"),
                              ((NET, "--image"), 2, "a value was expected"), ((NET, "--image", IMAGES + ":3", "--perturb", "linf:0.1", p("none")), 5, "none")):
        got, out, err = alone(*args)
        check("refused: " + words, got == code and out == "" and words in err, (args, got, out, err))
    check("--help", alone("--help")[0] == 0 and "netmip-check NET" in alone("--help")[1])
    check("--version", alone("--version")[1] == run("--version")[1], alone("--version"))


parts(about_images, about_files, refused)
