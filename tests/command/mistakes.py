#!/usr/bin/env python3
"""Mistakes that would cost a user work or an answer: outputs named like inputs, bounds of another question, labels of many
images for one picture, a folder for the witness that is a file, an interrupt before the result is what was asked for."""
import hashlib, json, os, shutil, signal, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, m, p, parts, put, run, start
from tiny import png

MLP, CONV, POOL = m("digits-mlp.onnx"), m("digits-conv.onnx"), m("digits-pool.onnx")
IDX, LABELS = m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")
ASK = ("--image", IDX + ":3", "--labels", LABELS)


def hashed(path):
    return hashlib.sha256(open(path, "rb").read()).hexdigest()


def overwritten():
    """an output that is one of the files read, under whatever name, is refused before anything is written"""
    net, image, rows = shutil.copy(MLP, p("net.onnx")), shutil.copy(IDX, p("im.gz")), put("rows.txt", "x3 <= 0.5\n")
    os.symlink(net, p("link.onnx"))
    for args, path in ((("bounds", net, *ASK, "--perturb", "linf:0.1", "-o", net), net),
                       (("bounds", net, *ASK, "--perturb", "linf:0.1", "-o", p("link.onnx")), net),
                       (("bounds", net, "--image", image + ":3", "--perturb", "linf:0.1", "-o", image), image),
                       (("bounds", net, *ASK, "--perturb", "linf:0.1+rows:" + rows, "-o", rows), rows),
                       (("convert", net, "-o", net), net),
                       (("solve", net, *ASK, "--perturb", "linf:0.1", "--proof", net), net),
                       (("batch", net, "--images", IDX, "--perturb", "linf:0.1", "--range", "0:4", "--dir", p("d"), "--chunk", "2", "--jobs-file", net), net)):
        was = hashed(path)
        code, out, err = run(*args)
        check("refused: %s over %s" % (args[0], os.path.basename(args[-1])), code == 2 and "this command reads that file" in err, (code, err))
        check("and kept", hashed(path) == was)
    code, out, err = run("convert", net, "-o", p("other.json"))
    check("another name", code == 0 and os.path.getsize(p("other.json")) > 0, err)


def other_bounds():
    for name, code in (("b.csv", 3), ("b.json", 6)):
        run("bounds", MLP, *ASK, "--perturb", "linf:0.05", "-o", p(name), "--quiet")
        got, out, err = run("solve", MLP, *ASK, "--perturb", "linf:0.1", "--known-bounds", p(name), "--quiet")
        check(name + " of another radius", got == code and out == "", (got, err))
        got, out, err = run("solve", MLP, *ASK, "--perturb", "linf:0.05", "--known-bounds", p(name), "--quiet")
        check(name + " of this one", got == 0 and out.startswith("holds"), (got, err))


def labels():
    picture = put("one.png", png(bytes(28 * 28), 28, 28))
    code, out, err = run("solve", MLP, "--image", picture, "--labels", LABELS, "--perturb", "linf:0.01")
    check("labels of 200 images for one picture", code == 2 and "200 labels" in err, (code, err))
    code, out, err = run("solve", MLP, "--image", picture, "--labels", LABELS + ":3", "--perturb", "linf:0.01", "--quiet")
    check("one of them", code in (0, 10), (code, err))
    for file, noted in ((IDX, True), (IDX + ":0", False), (picture, False), (put("two.csv", ("0 " * 784 + "\n") * 2), True)):
        code, out, err = run("eval", MLP, "--image", file)
        check("the first of several images is taken with a note", (code, err.count("the first of")) == (0, noted), (file, code, err))
    code, out, err = run("batch", MLP, "--images", IDX, "--labels", LABELS, "--perturb", "linf:0.05", "--sample", "20", "--confidence", "0.95", "--dir", p("s"))
    check("a confidence of less than a percent", code == 2 and "percent" in err, (code, err))


def empty():
    """a set without a point, about which everything holds, is a warning that --quiet keeps, and stands in JSON"""
    for name, said in (("rows:" + put("r.txt", "x3 >= 2\n"), True), ("linf:0.1+box:0.9,1", True), ("linf:0.01+rows:" + put("s.txt", "x3 + x4 <= 0.5\n"), False)):
        code, out, err = run("solve", MLP, *ASK, "--perturb", name, "--quiet", "--json")
        j = json.loads(out)
        check("%s: %s" % (os.path.basename(name), "empty" if said else "not empty"), code == 0 and ("is empty" in err) == said and ("is empty" in str(j.get("warnings", ""))) == said, (code, err, j.get("warnings", "")))


def witness():
    """the answer is said although its files cannot be written; what can be seen before is refused before"""
    ask = ("solve", MLP, "--image", IDX + ":0", "--labels", LABELS, "--perturb", "linf:0.2", "--quiet")
    code, out, err = run(*ask, "-o", put("file.png", ""))
    check("a file instead of a folder", code == 5 and out == "" and "a folder, or a new name for one, was expected" in err, (code, out, err))
    os.makedirs(p("w/witness.npy/below"))
    code, out, err = run(*ask, "-o", p("w"))
    check("a folder instead of a file", code == 5 and out.startswith("violated") and "witness.npy" in err, (code, out, err))
    code, out, err = run(*ask, "--proof", p("no/such.proof"))
    check("a certificate without a folder", code == 5 and out == "" and "there is no folder" in err, (code, out, err))
    code, out, err = run(*ask, "--proof", p("w/witness.npy"))
    check("a folder instead of a certificate", code == 5 and out.startswith("violated") and "witness.npy" in err, (code, out, err))
    for args in ((*ask[1:], "--always-write", "-o", p("no/m.mps")),):
        code, out, err = run("compile", *args)
        check("a model without a folder", code == 5 and "there is no folder" in err and len(err) < 300, (code, out, err))
    model = m("suite/conv-i1-p8-e1855-bigm-two-sided")
    for name, folder in (("a folder", "w"), ("a file", "file.png")):
        code, out, err = run("decode", model + ".map.json", model + ".sol.gz", "--quiet", "-o", p(folder))
        check("decode: %s in the way" % name, code == 5 and out.startswith("violated") and err, (code, out, err))


def elsewhere():
    """a map finds its network beside itself, although another file of that name lies where decode runs"""
    for folder in ("there", "here"):
        os.mkdir(p(folder))
    shutil.copy(MLP, p("there/net.onnx"))
    shutil.copy(CONV, p("here/net.onnx"))
    code, out, err = run("compile", "net.onnx", "--image", IDX + ":3", "--perturb", "linf:0.05", "--target", "5", "--always-write", "-o", "q.mps", "--quiet", cwd=p("there"))
    check("compiled", code == 0, err)
    solution = put("q.sol", "Infeasible - objective value 0.00000000\n")
    results = [run("decode", "../there/q.map.json", solution, cwd=p(folder)) for folder in ("here", "there")]
    check("the same answer from both folders", results[0] == results[1] and "is not the network" not in results[0][2], results)


def moved():
    """a map finds its network in folders above its own, by its hash, and says so if it does not"""
    for d in ("was/nets", "was/out/deep", "now"):
        os.makedirs(p(d))
    shutil.copy(m("digits-mlp.onnx"), p("was/nets/n.onnx"))
    shutil.copy(m("digits-mlp3.onnx"), p("was/out/n.onnx"))  # of the same name, another one
    run("compile", "nets/n.onnx", "--image", IDX + ":3", "--label", "6", "--perturb", "linf:0.3", "--always-write", "--target", "5",
        "-o", "out/deep/q.mps", cwd=p("was"))
    put("was/out/deep/none.sol", "solution status: infeasible\nno solution available\n")
    code, out, err = run("decode", "q.map.json", "none.sol", cwd=p("was/out/deep"))
    check("a network in a folder above", code in (0, 11) and out, (code, out, err))
    shutil.move(p("was/out/deep"), p("now/deep"))
    code, out, err = run("decode", "q.map.json", "none.sol", cwd=p("now/deep"))
    check("a network that is gone", code == 5 and "put a copy of it beside the map" in err, (code, out, err))
    shutil.copy(p("was/nets/n.onnx"), p("now/deep"))
    code, out, err = run("decode", "deep/q.map.json", "deep/none.sol", cwd=p("now"))
    check("a copy beside the map", code in (0, 11) and out, (code, out, err))


def interrupted():
    """what an interrupt leaves unfinished is not written, and is called interrupted"""
    model = put("m.lp", "minimize\n obj: x0\nsubject to\n r: y0 >= 0\nbounds\n %s y0 free\nend\n" % "".join("0 <= x%d <= 1\n" % i for i in range(784)))
    columns = (",".join("x%d" % i for i in range(784)), "y0" + ",-" * 9)
    for args, out in ((("bounds", POOL, *ASK, "--perturb", "linf:0.3", "--bounds", "mip", "-o", p("b.npz")), "b.npz"),
                      (("embed", POOL, "--into", model, "--inputs", columns[0], "--outputs", columns[1], "--bounds", "mip", "-o", p("e.mps")), "e.mps"),
                      (("compile", POOL, *ASK, "--perturb", "linf:0.3", "--always-write", "--bounds", "mip", "-o", p("c.mps")), "c.mps")):
        r = start(*args)
        time.sleep(1)
        os.kill(r.pid, signal.SIGINT)
        said, err = r.communicate(timeout=60)
        check("%s: exit 11, and a word" % args[0], r.returncode == 11 and b"interrupted" in err, (r.returncode, said[-300:], err[-300:]))
        check("%s: no file" % args[0], not os.path.exists(p(out)) and not os.path.exists(p(out.split(".")[0] + ".map.json")))
    r = start("solve", CONV, *ASK, "--perturb", "linf:0.15", "--no-branch", "--no-attack")
    while b"solving target" not in r.stderr.readline():
        pass
    time.sleep(2)
    os.kill(r.pid, signal.SIGINT)
    at = time.time()
    out, err = r.communicate(timeout=60)
    check("an interrupt ends a large linear program at once", r.returncode == 11 and b"interrupted" in out and time.time() - at < 4, (time.time() - at, out[:200]))


parts(overwritten, other_bounds, labels, empty, witness, elsewhere, moved, interrupted)
