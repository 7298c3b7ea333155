#!/usr/bin/env python3
"""Hostile input to the program itself: deep nesting in every text and binary format, absurd shapes, names of files with line ends,
dashes, quotes and what a shell would run, links in place of outputs, solver commands with quotes, too little memory. The answer is
a known exit code and one line, nothing is run and nothing is written where it was not asked for."""
import json, os, struct, subprocess, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, check, m, p, parts, put, run, skip
from tiny import box, dense, network, relus

XOR, QUERY = m("tiny-xor.onnx"), m("tiny-xor.vnnlib")
NET = network([2], relus(([[1, -1], [-1, 1]], [0, 0]), ([[1, 1], [0, 0]], [0, 0])))


def refused(what, code, *args, says="", **more):
    got, out, err = run(*args, timeout=20, **more)
    check("%s: %s" % (what, args[0]), got == code and out == "" and err.startswith("netmip: ") and says in err, (got, out[:100], err[-300:]))


# ---- nesting ----
def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def nested_onnx(levels):
    """a model whose graph holds a node whose attribute holds a graph, and so on"""
    heads, size = [], 0
    for _ in range(levels):
        for field in (6, 5, 1):  # Attribute.g, Node.attribute, Graph.node
            heads.append(varint(field << 3 | 2) + varint(size))
            size += len(heads[-1])
    graph = b"".join(reversed(heads))
    return b"\x08\x08" + varint(7 << 3 | 2) + varint(size) + graph


def nesting():
    for k in (300, 20000, 500000):
        refused("JSON objects, %d deep" % k, 3, "inspect", put("a.json", '{"netmip": ' * k + "1" + "}" * k))
        refused("lists in a network, %d deep" % k, 3, "inspect", put("a.json", '{"netmip": "network", "version": 1, "input": {"shape": [1]}, "layers": [{"op": "dense", "weight": ' +
                "[" * k + "1" + "]" * k + ', "bias": [0]}]}'))
        refused("lists in a question, %d deep" % k, 3, "solve", XOR, put("q.json", '{"netmip": "query", "version": 1, "cases": ' + "[" * k + "]" * k + "}"))
        refused("parentheses, %d deep" % k, 3, "inspect", put("a.vnnlib", "(" * k + ")" * k), says="nested too deeply")
        refused("and, %d deep" % k, 3, "solve", XOR, put("a.vnnlib", box([0, 0], [1, 1], 2, "(and " * k + "(<= Y_0 Y_1)" + ")" * k)), says="nested too deeply")
        refused("minus, %d deep" % k, 3, "solve", XOR, put("a.vnnlib", box([0, 0], [1, 1], 2, "(<= " + "(- " * k + "Y_0" + ")" * k + " 1)")), says="nested too deeply")
        refused("a row of signs, %d long" % k, 3, "solve", XOR, put("q.json", {"netmip": "query", "version": 1, "cases": [{"lo": 0, "hi": 1, "clauses": [["-" * k + "Y_0 <= 1"]]}]}))
        refused("XML, %d deep" % k, 3, "inspect", put("a.sol", '<?xml version="1.0"?><CPLEXSolution>' + "<a>" * k + "</a>" * k + "</CPLEXSolution>"), says="nested too deeply")
        refused("parentheses in an LP file, %d deep, which are a name" % k, 4, "embed", XOR, "--into", put("a.lp", "min\n obj: " + "(" * k + "x" + ")" * k + "\nst\n c: x + y + z >= 0\nbounds\n x <= 1\n y <= 1\nend\n"),
                "--inputs", "x,y", "--outputs", "z,-", "-o", p("o.lp"))
        refused("graphs in an ONNX model, %d deep" % k, 3, "inspect", put("a.onnx", nested_onnx(k)), says="nested too deeply")
    code, out, err = run("inspect", put("a.onnx", nested_onnx(40)))
    check("an ONNX model of 40 graphs is read, and refused for something else", code == 3 and "opset" in err, (code, err))


# ---- shapes ----
def shapes():
    limited = {"preexec_fn": little_memory}
    for shape in ([10 ** 9], [10 ** 9, 10 ** 9], [2 ** 31, 2 ** 31, 4], [2 ** 40, 2 ** 40], [2 ** 63 - 1, 2], [1] * 40, [0], [-1, 5]):
        got, out, err = run("inspect", put("a.json", network(shape, [{"op": "relu"}])), **limited)
        check("a network of shape %s" % shape, got in (3, 4) and out == "" and err.startswith("netmip: "), (got, err[-200:]))
        head = ("{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }" % "".join("%d, " % n for n in shape)).encode()
        head += b" " * (-(len(head) + 11) % 64) + b"\n"
        got, out, err = run("inspect", put("a.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + bytes(8)), **limited)
        check("an array of shape %s" % shape, got in (3, 4) and out == "" and err.startswith("netmip: "), (got, err[-200:]))
        if all(0 <= n < 2 ** 32 for n in shape) and 0 not in shape:
            refused("an IDX file of shape %s" % shape, 3, "inspect", put("a.idx", bytes([0, 0, 8, len(shape)]) + struct.pack(">%dI" % len(shape), *shape) + bytes(8)), **limited)
    for name, layer in (("a kernel", {"op": "maxpool", "kernel_shape": [2 ** 31, 2 ** 31]}), ("strides", {"op": "maxpool", "kernel_shape": [1, 1], "strides": [2 ** 40, 2 ** 40]}),
                        ("pads", {"op": "maxpool", "kernel_shape": [2, 2], "pads": [2 ** 31] * 4}), ("dilations", {"op": "maxpool", "kernel_shape": [2, 2], "dilations": [2 ** 40, 2 ** 40]})):
        got, out, err = run("eval", put("a.json", network([1, 1, 4, 4], [layer])), "--image", put("i.csv", ",".join("0" * 16) + "\n"), **limited)
        check("%s of billions" % name, got in (0, 3, 4) and (got == 0 or err.startswith("netmip: ")), (got, err[-200:]))
    refused("layers of billions in .nnet", 3, "inspect", put("a.nnet", "1,2000000000,2000000000,2000000000\n2000000000,2000000000\n0\n"), **limited)


def little_memory():
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


# ---- names ----
NAMES = ("new\nline", "-dash", "--help", "qu'ote", 'qu"ote', "sp ace", "$(touch ran)", "`touch ran`", ";touch ran;", "%s%n", "a:3", "\x1b[31m", "back\\slash", "*", "\u00e4\U0001f600")
SOLVER = "#!/bin/sh\n[ $# = 2 ] && [ -f \"$1\" ] && printf '=obj= 0\\n' > \"$2\" && echo yes >> said\n"


def names():
    """each verb works in a folder, and with files, of such a name"""
    solver = put("solver.sh", SOLVER)
    os.chmod(solver, 0o755)
    for name in NAMES:
        here = p("names", name)
        os.makedirs(here)
        for stem, of in (("net.onnx", XOR), ("q.vnnlib", QUERY)):
            with open(of, "rb") as f, open(os.path.join(here, name + stem), "wb") as g:
                g.write(f.read())
        net, query = "./" + name + "net.onnx", "./" + name + "q.vnnlib"
        want = {"solve": (["solve", net, query, "-o", "./" + name], 10), "compile": (["compile", net, query, "--always-write", "-o", "./" + name + ".mps"], 0),
                "inspect": (["inspect", "./" + name + ".map.json"], 0), "convert": (["convert", net, "-o", "./" + name + ".json"], 0),
                "bounds": (["bounds", net, query, "-o", "./" + name + "b.csv"], 0)}
        for verb, (args, code) in want.items():
            got, out, err = run(*args, "--quiet", cwd=here, timeout=20) if verb != "inspect" else run(*args, cwd=here, timeout=20)
            check("%s, named %r" % (verb, name), got == code, (got, err))
        with open(os.path.join(here, name + ".sol"), "w") as f:
            f.write("=unkn=\n")
        got, out, err = run("decode", "./" + name + ".map.json", "./" + name + ".sol", cwd=here, timeout=20)
        check("decode, named %r" % name, got == 11, (got, out, err))
        for command in ("%s {model} {solution}", "%s '{model}' '{solution}'", '%s "{model}" "{solution}"'):
            got, out, err = run("solve", net, query, "--no-attack", "--no-branch", "--no-split", "--no-evaluate", "--bounds", "interval", "--keep", name if name != "--help" else "./--help",
                                "--solver-command", command % solver, cwd=here, timeout=20)
            check("a solver's files in %r, by %s" % (name, command), got == 10 and os.path.exists(os.path.join(here, "said")), (got, err))
            if os.path.exists(os.path.join(here, "said")):
                os.remove(os.path.join(here, "said"))
        check("nothing of %r was run" % name, not os.path.exists(os.path.join(here, "ran")), os.listdir(here))
        got, out, err = run("solve", net + "x", query, cwd=here, timeout=20)
        check("a missing file of such a name, %r" % name, got == 5 and err.startswith("netmip: "), (got, err))


# ---- links ----
def links():
    here = p("links")
    os.makedirs(os.path.join(here, "real"))
    precious = put("links/precious", "precious\n")
    compile_ = ["compile", XOR, QUERY, "--always-write", "--quiet", "-o"]
    os.symlink("precious", os.path.join(here, "m.mps"))
    code, out, err = run(*compile_, "m.mps", cwd=here)
    check("a link to a file is replaced, what it leads to stays", code == 0 and open(precious).read() == "precious\n" and not os.path.islink(os.path.join(here, "m.mps")), (code, err))
    os.symlink("nowhere", os.path.join(here, "n.mps"))
    code, out, err = run(*compile_, "n.mps", cwd=here)
    check("so is a link to nowhere", code == 0 and not os.path.exists(os.path.join(here, "nowhere")) and os.path.getsize(os.path.join(here, "n.mps")) > 0, (code, err))
    os.symlink("loop", os.path.join(here, "loop"))
    refused("a link to itself", 5, "solve", "loop", QUERY, cwd=here)
    refused("a folder that is a link to itself", 5, *compile_, "loop/m.mps", cwd=here)
    os.symlink("real", os.path.join(here, "way"))
    code, out, err = run(*compile_, "way/m.mps", cwd=here)
    check("a linked folder is written to", code == 0 and sorted(os.listdir(os.path.join(here, "real"))) == ["m.map.json", "m.mps"], (code, err))
    os.symlink(here, os.path.join(here, "real", "up"))
    data = ["--images", put("two.csv", "0.2,0.7\n0.9,0.1\n"), "--labels", put("labels.txt", "1\n1\n"), "--perturb", "linf:0.05", "--quiet", "--dir"]
    code, out, err = run("batch", XOR, *data, "way/up/real/batch", cwd=here)
    check("a campaign behind links", code == 0 and os.path.exists(os.path.join(here, "real", "batch", "results.csv")), (code, err))
    os.makedirs(os.path.join(here, "trap", "records"))
    os.symlink(precious, os.path.join(here, "trap", "records", "000000.json"))
    code, out, err = run("batch", XOR, *data, "trap", cwd=here)
    link = os.path.join(here, "trap", "records", "000000.json")
    check("a record that is a link to something else is replaced", code == 0 and "damaged" in err and not os.path.islink(link) and
          open(precious).read() == "precious\n", (code, err))
    os.remove(os.path.join(here, "trap", "results.csv"))
    os.symlink(precious, os.path.join(here, "trap", "results.csv"))
    code, out, err = run("batch", XOR, *data, "trap", cwd=here)
    check("a table that is one is replaced", code == 0 and open(precious).read() == "precious\n", (code, err))


def races():
    """runs that write the same files at once: what stands there in the end is whole, and nothing else is"""
    here = p("races")
    os.mkdir(here)
    command = [NETMIP, "compile", XOR, QUERY, "--always-write", "--quiet", "-o", "m.mps.gz"]
    subprocess.run(command, cwd=here, stdout=subprocess.DEVNULL)
    want = {f: open(os.path.join(here, f), "rb").read() for f in os.listdir(here)}
    for _ in range(3):
        runs = [subprocess.Popen(command, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(8)]
        ends = [r.communicate()[1] for r in runs]
        check("all of them end well", all(r.returncode == 0 for r in runs), ends)
        check("the same files", {f: open(os.path.join(here, f), "rb").read() for f in os.listdir(here)} == want, os.listdir(here))


# ---- memory ----
def memory():
    conv = [m("digits-conv.onnx"), "--image", m("digits-test-images.idx3.gz:1"), "--labels", m("digits-test-labels.idx1.gz"), "--perturb", "linf:0.1"]
    refused("2 MB are too little", 5, "solve", *conv, "--quiet", "--memory", "2", says="out of memory")
    code, out, err = run("solve", *conv, "--quiet", "--memory", "1000")
    check("1000 MB are enough", code == 0, (code, err))
    refused("a campaign within 2 MB", 5, "batch", m("digits-conv.onnx"), "--images", m("digits-test-images.idx3.gz"), "--perturb", "linf:0.1", "--range", "0:2", "--dir", p("few"),
            "--quiet", "--memory", "2", says="memory")


parts(nesting, shapes, names, links, races, memory)
