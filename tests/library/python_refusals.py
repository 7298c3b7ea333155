#!/usr/bin/env python3
"""What the Python package refuses, it refuses in Python's words: options by their names and before anything else, values by what was expected, files
where arrays were given, and no message with a flag of the command, a dump of an array or an error of numpy's in it."""
import os, re, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, SCRIPTS, check, done, m, needs, parts, skip

needs("numpy")
if os.environ.get("SAN"):
    skip("Python does not load a library with sanitizers")
    done()
os.environ["NETMIP_LIBRARY"] = os.path.join(os.path.dirname(NETMIP), "libnetmip.so.0")
sys.path.insert(0, os.path.join(SCRIPTS, "python"))
import logging

import numpy as np

import netmip
from netmip import _options

NET = netmip.Network(m("tiny-xor.onnx"))
X = [0.4, 0.3]


def refused(name, words, f, code=2):
    try:
        f()
        check(name, False, "it was taken")
    except netmip.Error as e:
        said = str(e)
        check(name, words in said and e.code == code and e.message == said, repr(e))
        check(name + ": in words of Python, on one short line", "--" not in said and "\n" not in said and len(said) < 500, said)
        if code == 2:
            check(name + ": as Python's own errors", isinstance(e, (ValueError, TypeError)), repr(e))


def unknown_names():
    ways = {"solve": NET.solve, "bounds": NET.bounds, "compile": NET.compile, "compile_files": lambda x, **o: NET.compile_files("none.mps", x, **o),
            "question": NET.question, "batch": lambda x, **o: next(iter(NET.batch([x], **o)))}
    for name, way in ways.items():
        refused("%s: eps" % name, 'eps: not an option of %s; linf=0.1, l1=, l2=, l0= or perturb="SET"' % name, lambda: way(X, eps=0.1))
        refused("%s: beside a set" % name, "eps: not an option of %s; it takes " % name, lambda: way(X, linf=0.1, eps=0.1))
        refused("%s: a slip" % name, "labl: not an option of %s; did you mean label" % name, lambda: way(X, labl=1))
        refused("%s: before the image" % name, "lnf: not an option of %s; did you mean linf=?" % name, lambda: way("no file", lnf=0.1))
    refused("another method's", "time_limit: not an option of bounds; only of solve", lambda: NET.bounds(X, linf=0.1, time_limit=3))
    refused("of embed", "bounds_level: not an option of embed", lambda: NET.embed([1, 1, 1], inputs=[0, 1], outputs=[2, None], bounds_level=1))
    for method, functions in _options.METHODS.items():
        check("%s: a table" % method, all(_options.table(f) for f in functions), method)


def values():
    """every option, by the table, with values that it cannot have"""
    thing, array = object(), np.zeros((28, 28))
    for method, ask in (("solve", NET.solve), ("compile", NET.compile), ("bounds", NET.bounds)):
        for name in _options.names_of(method):
            for bad in (thing, array, {"a": 1}, 1j, [[1]]):
                rest = {} if name in ("linf", "l1", "l2", "l0", "perturb") else {"linf": 0.1}
                refused("%s(%s=%s)" % (method, name, type(bad).__name__), name, lambda: ask(X, **rest, **{name: bad}))
    says = [("linf", "8/255", "linf='8/255': a number was expected, not a text; such as linf=8/255"), ("linf", [0.1], "linf: a number was expected, not [0.1]"),
            ("linf", True, "a number was expected"), ("linf", -1, "linf=-1: a radius of 0 or more"), ("linf", float("nan"), "a radius of 0 or more"),
            ("l2", float("inf"), "l2=inf: a radius"), ("l1", np.array([0.1]), "not an array of shape (1,)"), ("perturb", 0.1, 'a text such as "linf:0.1"')]
    for name, bad, words in says:
        refused("%s=%r" % (name, bad), words, lambda: NET.solve(X, **{name: bad}))
    says = [("label", 3.5, "label=3.5: a whole number"), ("label", "3", "label='3': a whole number was expected, not a text"), ("label", True, "label=True"),
            ("label", np.float64(1), "label=1.0: a whole number"), ("label", -1, "label=-1: the number of a class"), ("threads", 2.5, "threads=2.5: a whole number"),
            ("no_attack", 1, "no_attack=1: True or False"), ("no_attack", "yes", "no_attack='yes': True or False"), ("time_limit", "x", "time_limit=x: a number of 0"),
            ("time_limit", [1, 2], "time_limit: S was expected, not [1, 2]"), ("domain", np.zeros(784), "domain: LO,HI was expected, not an array of shape (784,)"),
            ("target", [], "target: "), ("encoding", "best", "encoding=best"), ("objective", "closest", "objective=closest: did you mean closest:NORM?")]
    for name, bad, words in says:
        refused("%s=%r" % (name, bad), words, lambda: NET.solve(X, linf=0.1, **{name: bad}))
    refused("a label out of range", "label 7; the network has outputs 0 to 1", lambda: NET.solve(X, linf=0.1, label=7), 3)
    for label in (np.int64(0), np.uint8(0), np.array(0), 0):
        check("label %r" % label, NET.solve(X, linf=0.01, label=label).label == 0)
    for far in (np.float32(0.125), np.float64(0.125), np.array(0.125), 0.125):
        check("linf %r" % far, NET.question(X, linf=far).json == NET.question(X, perturb="linf:0.125").json)
    check("None is not set, switches are", NET.solve(X, linf=0.1, label=None, time_limit=None, no_attack=False, no_branch=np.True_, fold=True).holds)


def files_and_arrays():
    array = np.zeros((28, 28))
    for name, words, f in [
            ("a network", "a network: a file name, bytes", lambda: netmip.Network(array)), ("None for a network", "not None", lambda: netmip.Network(None)),
            ("a network of a network", "a network: a file name", lambda: netmip.Network(NET)), ("save", "path: a file name", lambda: NET.save(array)),
            ("image", "image: a file name was expected, not an array of shape (28, 28); an array is the first argument", lambda: NET.solve(image=array, linf=0.1)),
            ("labels", "labels: a file name was expected", lambda: NET.solve(X, labels=array, linf=0.1)), ("output", "output: a file name", lambda: NET.solve(X, linf=0.1, output=array)),
            ("against", "against: a file name was expected", lambda: netmip.Network(m("tiny-xor.onnx"), against=NET)), ("out", "out: a file name", lambda: NET.compile_files(array, X, linf=0.1)),
            ("a map", "map: a file name", lambda: netmip.decode(array, "x.sol")), ("a solution", "solution 1: a file name", lambda: netmip.decode("x.map.json", "x.sol", array)),
            ("a log", "log: a file name", lambda: netmip.decode("x.map.json", "x.sol", log=array)), ("a pair", "two Networks were expected", lambda: netmip.Network.pair(NET, array)),
            ("images", "images: an array or a list was expected, not 'x.npy'", lambda: next(iter(NET.batch("x.npy", linf=0.1)))), ("workers", "workers=0", lambda: NET.batch([X], workers=0)),
            ("labels of a batch", "labels: an array or a list", lambda: NET.batch([X], "labels.npy", linf=0.1)), ("errors", "errors='skip'", lambda: NET.batch([X], errors="skip")),
            ("an example for a file", "example: only of a torch.nn.Module", lambda: netmip.Network(m("tiny-xor.onnx"), example=array)),
            ("input_shape", "input_shape=2: whole numbers", lambda: netmip.Network(m("tiny-xor.onnx"), input_shape=2)), ("a flag beside a file", "a file is the whole question", lambda: NET.solve(m("tiny-xor.vnnlib"), linf=0.1))]:
        refused(name, words, f)
    refused("a file that is not there", "none.onnx: No such file", lambda: netmip.Network("none.onnx"), 5)


def images():
    for name, x, words in [("a text", np.array(["a", "b"]), "elements of type <U1"), ("complex numbers", np.array([1j, 2]), "elements of type complex128"), ("rows of different lengths", [[1], [2, 3]], "rows of different lengths"),
                           ("objects", np.array([None, 1]), "elements of type object"), ("a dict", {"x": 1}, "not {'x': 1}"), ("bytes", b"ab", "not b'ab'"), ("three numbers", [1, 2, 3], "the network has 2 inputs"),
                           ("nothing", [], "the network has 2 inputs"), ("a number", 3, "the network has 2 inputs"), ("a NAN", [0.5, float("nan")], "not finite")]:
        for way, f in (("call", lambda: NET(x)), ("scores", lambda: NET.scores(x)), ("solve", lambda: NET.solve(x, linf=0.1)), ("bounds", lambda: NET.bounds(x, linf=0.1))):
            refused("%s: %s" % (way, name), words, f)
    refused("None", "an input: an array of numbers was expected, not None", lambda: NET(None))
    refused("no image", "no image: an array, or image=FILE, was expected", lambda: NET.solve(None, linf=0.1))
    refused("no set", "no input set: linf=0.1, l1=", lambda: NET.solve(X))
    refused("a dtype", "float64 or float32", lambda: NET(X, "nonsense"))
    check("other numbers", (NET(np.array(X, np.float16)).shape, NET(np.array([1, 0])).shape, NET(np.array([True, False])).shape) == ((2,),) * 3)


def sentences():
    """what the library says of flags, in Python's words"""
    for said, want in (("--perturb is missing; linf:E was expected", "perturb= is missing; linf:E was expected"), ("--time-limit x: a number", "time_limit=x: a number"),
                       ("--perturb linf:0.1: too far", "perturb=linf:0.1: too far"), ("--label and --labels together", "label= and labels= together"), ("--seed: N", "seed: N"),
                       ("by --no-attack.", "by no_attack=."), ("netmip --help lists", "netmip --help lists"), ("--mps fixed: x is LP", "mps=fixed: x is LP"), ("a--seed", "a--seed"),
                       ("--domain " + "0," * 100 + "0: two", "domain=" + "0," * 30 + "..: two"), ("--label -1: the number of a class", "label=-1: the number of a class"), ("see --margin", "see margin=")):
        check(said[:40], _options.in_python(said) == want, _options.in_python(said))
    for flag in _options.flags():
        check("--" + flag, _options.in_python("--%s 1: no" % flag) == "%s=1: no" % flag.replace("-", "_"))
    told = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())
    logging.getLogger("netmip").addHandler(handler)
    logging.getLogger("netmip").setLevel(logging.INFO)
    NET.solve(X, linf=0.1)
    logging.getLogger("netmip").removeHandler(handler)
    check("notes", told and not any("--" in t for t in told), told)


parts(unknown_names, values, files_and_arrays, images, sentences)
