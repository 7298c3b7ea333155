#!/usr/bin/env python3
"""Files of images and labels that are not what they should be: refused before anything runs, or told. Scale slips.
What a campaign says before it starts; what its records hold."""
import csv, gzip, json, os, shutil, sys

sys.path.insert(1, sys.path[0] + "/../kit")
import tiny
from kit import check, m, needs, p, parts, put, run

needs("numpy")
import numpy as np

MLP, MLP3 = m("digits-mlp.onnx"), m("digits-mlp3.onnx")
IDX, LABELS = m("digits-test-images.idx3.gz"), m("digits-test-labels.idx1.gz")
raw = np.frombuffer(gzip.open(IDX).read()[16:], np.uint8).reshape(200, 28, 28)
lab = np.frombuffer(gzip.open(LABELS).read()[8:], np.uint8).astype(np.int64)


def batch(*more, images=IDX, labels=LABELS, net=MLP, at="0:20"):
    shutil.rmtree(p("dir"), True)
    return run("batch", net, "--json", "--images", images, "--perturb", "linf:0.01", "--range", at, "--dir", p("dir"), *more,
               *(["--labels", labels] if labels else []))


def npy(name, x):
    np.save(p(name), x)
    return p(name)


def text(name, rows):
    return put(name, "\n".join(rows))


def png():
    return put("one.png", tiny.png(raw[0].tobytes(), 28, 28))


def jpeg():
    put("one.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\n7\n".join([b"\x91\xfe"] * 300))
    shutil.copy(p("one.jpg"), p("named.csv"))
    return p("one.jpg")


def refused(name, needle, **files):
    code, out, err = batch("--quiet", **files)
    check(name + ": refused", code == 3 and out == "" and needle in err, (code, out, err))
    check(name + ": nothing was made", not os.path.exists(p("dir")), err)


def labels():
    one = np.eye(10)[lab]
    refused("one-hot floats", "one-hot labels, of shape [200,10]", labels=npy("hot.npy", one))
    refused("one-hot integers", "one-hot", labels=npy("hoti.npy", one.astype(np.int32)))
    refused("one-hot text", "one-hot", labels=text("hot.csv", [",".join("%d" % v for v in r) for r in one]))
    refused("scores", "an array of shape [200,10]", labels=npy("scores.npy", one * 0.9 + 0.01))
    refused("fractions", "entry 0 is 8.5", labels=npy("half.npy", lab + 0.5))
    refused("too few", "10 labels for samples 0 to 19", labels=npy("few.npy", lab[:10]))
    refused("from 1", "the label of sample 2 is 10", labels=npy("one.npy", lab + 1))
    refused("from 1, the remedy", "start at 1", labels=npy("one.npy", lab + 1))
    refused("below 0", "the label of sample 0 is -1", labels=npy("minus.npy", lab * 0 - 1))
    refused("words", "words.txt:1:1: \"cat\" is not a number", labels=text("words.txt", ["cat", "dog"] * 100))
    refused("a later word", "late.txt:3:1", labels=text("late.txt", ["1", "2", "dog"] * 70))
    refused("two a line", "shape [200,2]", labels=text("two.csv", ["%d,7" % k for k in lab]))
    refused("a PNG as labels", "a picture", labels=png())
    refused("a JPEG as labels", "a picture", labels=jpeg())
    refused("images as labels", "holds images", labels=IDX)
    refused("an array of images as labels", "as images have", labels=npy("pix.npy", raw))
    for name, file in (("[N]", npy("n.npy", lab)), ("[N,1]", npy("n1.npy", lab[:, None])),
                       ("bytes", npy("b.npy", lab.astype(np.uint8))), ("text", text("n.csv", map(str, lab)))):
        code, out, err = batch("--quiet", labels=file)
        rows = list(csv.reader(open(p("dir/results.csv"))))[1:]
        check("labels as " + name, code == 0 and err == "" and [int(r[1]) for r in rows] == list(lab[:20]), (code, err))
    ask = ("solve", MLP, "--image", IDX + ":2", "--perturb", "linf:0.01", "--quiet", "--labels")
    for file, needle in ((p("hot.npy"), "one-hot"), (p("half.npy"), "8.5"), (p("words.txt"), "cat"), (p("one.png"), "picture"),
                         (p("minus.npy"), "not a label"), (p("one.npy"), "label 10")):
        code, out, err = run(*ask, file)
        check("solve refuses alike: " + needle, code == 3 and needle in err, (code, err))


def images():
    refused("a JPEG as images", "a single picture", images=jpeg(), at="0:5")
    refused("a JPEG named .csv", "a single picture", images=p("named.csv"), at="0:5")
    refused("a PNG as images", "a single picture", images=png(), at="0:1")
    refused("one image [H,W,C]", "one image of shape [28,28,1]", images=npy("hwc.npy", raw[0][:, :, None] / 255.), at="0:5")
    refused("one image [H,W]", "one image of shape [28,28]", images=npy("hw.npy", raw[0] / 255.), at="0:5")
    refused("small images", "shape [5,14,14]", images=npy("small.npy", np.zeros((5, 14, 14))), at="0:5")
    refused("images of other sides", "shape [14,56]", images=npy("sides.npy", np.zeros((5, 14, 56))), at="0:5")
    refused("labels as images", "images have rank 2 to 4", images=LABELS, at="0:5")
    refused("words as images", "\"cat\"", images=text("words.txt", ["cat"] * 20), at="0:5")
    refused("bytes as floats", "all images have values outside", images=npy("f255.npy", raw[:30].astype(np.float32)))
    code, out, err = batch("--quiet", images=p("f255.npy"))
    check("bytes as floats: the remedy", "divide the file by 255" in err and "--domain 0,255" in err, err)
    for name, x in (("[N,H,W]", raw), ("[N,1,H,W]", raw[:, None]), ("[N,H,W,1]", raw[..., None]), ("[N,D]", raw.reshape(200, -1))):
        code, out, err = batch("--quiet", images=npy("ok.npy", x / 255.))
        check("images as " + name, code == 0 and err == "" and json.loads(out)["misclassified"] == 0, (code, err))
    code, out, err = run("eval", MLP, "--image", p("one.jpg"))
    check("eval: a JPEG", code == 3 and "a JPEG picture" in err, (code, err))
    code, out, err = run("eval", MLP, "--image", p("sides.npy") + ":0")
    check("eval: other sides", code == 3 and "shape [14,56]" in err, (code, err))


def said():
    code, out, err = batch()
    for needle in ("images: 200 of shape [28,28], bytes, divided by 255", "samples 0 to 19", "values from 0 to 1",
                   "labels: 200 from 0 to 9: 0 x 20, 1 x 20", "clean accuracy: 20 of 20 samples (100 %)",
                   "linf:0.01 (0.01), domain [0,1]; in bytes 2.55, and [0,255]"):
        check("said: " + needle, needle in err, err)
    check("nothing is amiss", "warning" not in err, err)
    check("--quiet keeps still", batch("--quiet")[2] == "")
    code, out, err = batch("--quiet", labels=npy("shift.npy", (lab + 3) % 10))
    check("below chance", code == 0 and "warning: the network classifies 0 of 20" in err, err)
    code, out, err = batch("--quiet", "--no-solve", images=npy("black.npy", np.zeros((20, 28, 28))), labels=npy("l20.npy", lab[:20]))
    check("one prediction for all", code == 0 and "for all 20 samples" in err, err)
    code, out, err = batch("--quiet", labels=npy("more.npy", np.tile(lab, 2)))
    check("more labels than images", code == 0 and "400 labels" in err and "200 images" in err, err)
    code, out, err = batch("--no-solve", "--no-attack", "--no-branch", images=npy("many.npy", np.tile(raw, (15, 1, 1))[:2300]),
                           labels=npy("lmany.npy", np.tile(lab, 15)[:2300]), at="0:2300")
    check("a large range is looked at in part", "1150 of them, evenly spread" in err and "of 1150 samples" in err, err)


def scales():
    img = IDX + ":2"
    one = npy("one255.npy", raw[2].astype(np.float32))
    cases = (("a radius in bytes", "linf:8/255 is meant", ("solve", MLP, "--image", img, "--perturb", "linf:8", "--domain", "0,1", "--no-solve", "--no-branch")),
             ("a domain in bytes", "--domain 0,1 is meant", ("solve", MLP, "--image", img, "--perturb", "linf:8", "--domain", "0,255", "--no-solve", "--no-branch")),
             ("means in bytes, solve", "--mean 0.485 is meant", ("solve", MLP, "--image", img, "--perturb", "linf:0.01", "--mean", "123.675", "--no-solve", "--no-branch")),
             ("means in bytes, eval", "--mean 0.485 is meant", ("eval", MLP, "--image", img, "--mean", "123.675")),
             ("deviations in bytes, eval", "--std 0.229 is meant", ("eval", MLP, "--image", img, "--std", "58.395")),
             ("floats of bytes, eval", "divide the file by 255", ("eval", MLP, "--image", one)),
             ("integers of bytes, eval", "numbers from 0 to 255", ("eval", MLP, "--image", npy("one64.npy", raw[2].astype(np.int64)))),
             ("floats of bytes, solve", "divide the file by 255", ("solve", MLP, "--image", one, "--perturb", "linf:0.1")))
    for name, needle, ask in cases:
        code, out, err = run(*ask, "--quiet")
        check(name, "netmip: warning: " in err and needle in err, err)
    code, out, err = batch("--quiet", "--mean", "123.675", "--std", "58.395", "--no-solve", "--no-branch", at="0:2")
    check("means in bytes, batch", "--mean 0.485 is meant" in err and "--std 0.229" in err, err)
    for name, ask in (("a radius of 8/255", ("solve", MLP, "--image", img, "--perturb", "linf:8/255", "--no-solve")),
                      ("the whole domain", ("solve", MLP, "--image", img, "--perturb", "linf:1", "--no-solve", "--no-branch")),
                      ("means of pixels", ("eval", MLP, "--image", img, "--mean", "0.485", "--std", "0.229")),
                      ("bytes as they are", ("solve", MLP, "--image", one, "--perturb", "linf:1", "--domain", "0,255", "--no-solve", "--no-branch"))):
        code, out, err = run(*ask, "--quiet")
        check("no warning: " + name, err == "" and code in (0, 10, 11), (code, err))


def values():
    """records hold value and bound of the worst margin and of the nearest counterexample"""
    def rows():
        return [r for r in csv.DictReader(open(p("dir/results.csv")))]
    batch("--quiet", "--objective", "worst", net=MLP3, at="0:3")
    for r in rows():
        lo, at = float(r["margin_lo"]), float(r["margin"])
        check("worst: bound and value", r["verdict"] == "holds" and 0 < lo <= at < lo + 1e-4 and r["witness_class"] == "", r)
        check("worst: seconds", float(r["wall_seconds"]) > 0 and float(r["cpu_seconds"]) > 0, r)
    shutil.rmtree(p("dir"))
    run("batch", MLP, "--images", IDX, "--labels", LABELS, "--perturb", "linf:0.11", "--objective", "closest:linf", "--range", "0:2",
        "--dir", p("dir"), "--quiet")
    for r in rows():
        check("closest: bound and value", 0 < float(r["distance_lo"]) <= float(r["distance"]) <= 0.11, r)
        check("closest: the class", r["witness_class"] not in ("", r["label"]) and float(r["margin"]) <= 0, r)
    shutil.rmtree(p("dir"))
    run("batch", MLP, "--images", IDX, "--labels", LABELS, "--perturb", "linf:0.05", "--range", "0:12", "--dir", p("dir"), "--quiet",
        "--bounds", "interval", "--no-attack", "--no-branch", "--time-limit", "0.2", "--save-witness")
    for r in rows():
        check("no early bound beside holds", r["verdict"] != "holds" or r["margin_lo"] == "" or float(r["margin_lo"]) > 0, r)
        check("unknown says why", (r["verdict"] == "unknown") == (r["why"] != ""), r)
    ask = ("solve", MLP3, "--image", IDX + ":2", "--perturb", "linf:0.01", "--objective", "worst", "--target", "3", "--quiet")
    code, out, err = run(*ask)
    check("holds stands beside no witness", code == 0 and out.startswith("holds") and "witness" not in out and "worst point found" in out, out)
    j = json.loads(run(*ask, "--json")[1])
    check("so in JSON", j["verdict"] == "holds" and j["witness"]["counterexample"] is False, j["witness"])
    j = json.loads(run("solve", MLP, "--image", IDX + ":3", "--perturb", "linf:0.1", "--quiet", "--json")[1])
    check("a witness is one", j["verdict"] == "violated" and "counterexample" not in j["witness"], j.get("witness"))



def huge():
    """files of gigabytes that are something else are refused by their heads: in no time, without memory for them"""
    import resource, time
    def sparse(name, head, size):
        with open(p(name), "wb") as f:
            f.write(head)
            f.truncate(len(head) + size)
        return p(name)
    def array(name, shape, size, kind="<f4"):
        text = ("{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (kind, shape)).encode()
        return sparse(name, b"\x93NUMPY\1\0" + (len(text) + 1).to_bytes(2, "little") + text + b"\n", size)
    idx = lambda n, h, w: b"\0\0\10\3" + b"".join(k.to_bytes(4, "big") for k in (n, h, w))
    big = 4000000000
    wide, cut = array("wide.npy", (big // 3600, 30, 30), big // 3600 * 3600), array("cut.npy", (big // 3136, 28, 28), big // 3136 * 3136 - 4)
    cases = ((wide, "900 elements"), (cut, "its size does not fit its shape"), (array("rows.npy", (10 ** 6, 785), 4 * 785 * 10 ** 6), "785"),
             (sparse("wide.idx", idx(5000000, 30, 30), 5000000 * 900), "[30,30], 900 elements"), (sparse("cut.idx", idx(5000000, 28, 28), 5000000 * 784 - 1), "the header says 5000000 items"),
             (sparse("colours.bin", b"", 3073 * 10 ** 6), "[3,32,32], 3072 elements"))
    for path, want in cases:
        for way in (["eval", MLP, "--image", path + ":3"], ["eval", MLP, "--image", path], ["batch", MLP, "--perturb", "linf:0", "--dir", p("huge"), "--images", path]):
            at, before = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            code, out, err = run(*way)
            used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            list_or_one = want if way[0] == "batch" or ".npy" not in path or ":" in way[-1] else ""
            check("%s %s" % (way[0], way[-1].split("/")[-1]), code == 3 and (list_or_one.split(" elements")[0] in err or "of 784 elements each was expected" in err), (code, err))
            check("at once, without memory: " + way[-1].split("/")[-1], time.time() - at < 10 and used <= max(before, 600000), (time.time() - at, used))
    code, out, err = run("batch", MLP, "--perturb", "linf:0", "--dir", p("huge"), "--images", IDX, "--labels", wide)
    check("labels", code == 3 and "as images have" in err, err)

def npz():
    """arrays of a .npz are what they are as .npy; a campaign finds them again when both folders have moved"""
    home, away = p("npz-home"), p("npz-away")
    os.mkdir(home)
    np.savez_compressed(home + "/d.npz", x_test=raw, y_test=lab, more=raw[:3])
    np.savez(home + "/one.npz", raw)
    np.savez(home + "/strange.npz", **{"a:b": raw, "0": lab})
    shutil.copy(home + "/one.npz", home + "/x.npz:y.npz")
    for spec in ("d.npz:x_test:3", "one.npz:3", "one.npz:arr_0:3", "strange.npz:a:b:3", "x.npz:y.npz:3", "x.npz:y.npz:arr_0:3"):
        code, out, err = run("eval", MLP, "--image", home + "/" + spec, "--json")
        check("%s is the image" % spec, code == 0 and json.loads(out)["outputs"] == json.loads(run("eval", MLP, "--image", IDX + ":3", "--json")[1])["outputs"], err)
    code, out, err = run("solve", MLP, "--image", home + "/d.npz:x_test:3", "--labels", home + "/d.npz:y_test", "--perturb", "linf:0.01", "--json", "--quiet")
    check("the image's index is the label's", code == 0 and json.loads(out)["label"] == lab[3], (code, out, err))
    for spec, needles in (("d.npz", ["3 arrays: x_test, y_test, more", "d.npz:NAME was expected"]), ("d.npz:3", ["3 arrays"]), ("d.npz:z:3", ['no array "z"', "x_test"]),
                          ("d.npz:y_test:3", ["index 3 is out of range of shape [200]"]), ("d.npz:x_test:200", ["index 200 is out of range"]), ("strange.npz:0", ["2 arrays: a:b, 0"])):
        code, out, err = run("eval", MLP, "--image", home + "/" + spec)
        check("%s is refused" % spec, code == 3 and all(n in err for n in needles), (code, err))
    put("npz-home/torn.npz", open(home + "/d.npz", "rb").read()[:-40])
    check("a torn one is refused", run("eval", MLP, "--image", home + "/torn.npz:x_test:3")[0] == 3)
    code, out, err = run("batch", MLP, "--images", "d.npz:x_test", "--labels", "d.npz:y_test", "--perturb", "linf:0.04", "--range", "0:6", "--dir", "c", "--quiet", cwd=home)
    plain = run("batch", MLP, "--images", IDX, "--labels", LABELS, "--perturb", "linf:0.04", "--range", "0:6", "--dir", p("npz-plain"), "--quiet")
    verdicts = lambda folder: [[r[k] for k in ("sample", "label", "verdict", "margin_lo")] for r in csv.DictReader(open(folder + "/results.csv"))]
    check("a campaign over it", code == 0 and verdicts(home + "/c") == verdicts(p("npz-plain")), (code, err, plain))
    os.rename(home, away)
    shutil.rmtree(away + "/c/records")
    code, out, err = run("batch", "--join", away + "/c", "--quiet", cwd="/")
    check("found where it has moved", code == 0 and verdicts(away + "/c") == verdicts(p("npz-plain")), (code, err))
    np.savez_compressed(away + "/d.npz", x_test=raw, y_test=lab, more=raw[:4])
    check("another file under its name", run("batch", "--join", away + "/c", "--quiet")[0] == 2)


def columns():
    """a table with labels in its first column, with and without a line of words, is what its parts are alone"""
    rows = ["%d,%s" % (l, ",".join(map(str, x.ravel()))) for x, l in zip(raw, lab)]
    text("eran.csv", rows), text("kaggle.csv", ["label," + ",".join("pixel%d" % i for i in range(784))] + rows), text("blanks.txt", ["", "# one"] + [r.replace(",", "; ") for r in rows])
    text("last.csv", [r.partition(",")[2] + "," + r.partition(",")[0] for r in rows])
    scaled = ["--std", "255", "--domain", "0,255"]
    plain = json.loads(run("eval", MLP, "--image", IDX + ":3", "--json")[1])
    for name in ("eran.csv", "kaggle.csv", "blanks.txt"):
        spec = p(name) + ":columns="
        for images in ("2-", "2-785"):
            code, out, err = run("solve", MLP, "--image", "%s%s:3" % (spec, images), "--labels", spec + "1", "--perturb", "linf:2.55", *scaled, "--json", "--quiet")
            check("%s, columns %s" % (name, images), code == 0 and json.loads(out)["label"] == lab[3], (code, out[:200], err))
        code, out, err = run("batch", MLP, "--images", spec + "2-", "--labels", spec + "1", "--perturb", "linf:10.2", "--range", "0:6", *scaled, "--dir", p("c-" + name), "--quiet")
        check("%s: a campaign" % name, code == 0, (code, err))
        found = [(int(r["label"]), int(r["predicted"])) for r in csv.DictReader(open(p("c-" + name) + "/results.csv"))]
        check("%s: labels and predictions" % name, [l for l, _ in found] == [int(l) for l in lab[:6]] and found[3][1] == plain["predicted"], found)
    code, out, err = run("eval", MLP, "--image", p("last.csv") + ":columns=1-784:3", "--std", "255", "--json")
    check("labels in the last column", code == 0 and json.loads(out)["predicted"] == plain["predicted"], (code, err))
    shutil.rmtree(p("c-eran.csv") + "/records")
    check("joined again", run("batch", "--join", p("c-eran.csv"), "--quiet", cwd="/")[0] == 0)
    for spec, code, needles in (("eran.csv:3", 3, ["785 elements", "columns=2-"]), ("kaggle.csv:0", 3, ["label", "columns"]), ("eran.csv:columns=3-900:3", 3, ["eran.csv:1:1", "785 columns", "column 900"]),
                                ("eran.csv:columns=0", 2, ["columns=A-B"]), ("eran.csv:columns=5-4", 2, ["columns=A-B"]), ("eran.csv:columns=x", 2, ["columns=A-B"]),
                                ("one.png:columns=1", 2, ["CSV and text"]), ("none.csv:columns=2-", 5, ["none.csv"])):
        png()
        got, out, err = run("eval", MLP, "--image", p(spec))
        check("%s is refused" % spec, got == code and all(n in err for n in needles), (got, err))
    for k, line in enumerate(("7,0.1,,0.3", ",0.1,0.2,0.3", "7;0.1; ;0.3")):  # all behind an empty field would be taken for others
        text("gap%d.csv" % k, [line, "1,2,3,"])
        got, out, err = run("eval", m("tiny-max.onnx"), "--image", p("gap%d.csv" % k))
        check("an empty field is refused", got == 3 and "gap%d.csv:1:" % k in err and "empty field" in err, (got, err))
    text("damaged.csv", [rows[0].replace(",", ",x", 1)] + rows[1:])  # its first line is no line of names
    got, out, err = run("eval", MLP, "--image", p("damaged.csv") + ":columns=2-:0")
    check("a damaged first line", got == 3 and "damaged.csv:1:1" in err and "not a number" in err, (got, err))
    put("empty.csv", "")
    got, out, err = run("eval", MLP, "--image", p("empty.csv") + ":columns=2-")
    check("an empty table", got == 3 and "holds 0" in err, (got, err))
    text("words.csv", rows[:2] + ["cat," + rows[2]])
    got, out, err = run("eval", MLP, "--image", p("words.csv") + ":columns=1-784:2")
    check("words in a later line", got == 3 and "words.csv:3:1" in err and "cat" in err, (got, err))


parts(labels, images, said, scales, values, huge, npz, columns)
