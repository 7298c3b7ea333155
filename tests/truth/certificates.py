#!/usr/bin/env python3
"""Certificates of WK17a or RSL18a samples at L-inf 0.1: written by batch, checked by netmip and by check_proof.py; prints their sizes
and the CPU seconds of all. Usage: certificates.py [NETWORK FIRST LAST [NO_SECOND]] (samples from 0, default wk17a 0 20; NO_SECOND:
without check_proof.py, which takes the longest)."""
import gzip, hashlib, json, os, resource, subprocess, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import NETMIP, check, done, needs, p, run, truth

needs("numpy")
from check_proof import Checker, Rejected

name, first, last = (sys.argv[1], int(sys.argv[2]), int(sys.argv[3])) if len(sys.argv) > 3 else ("wk17a", 0, 20)
m = truth("mnist")
net, images, labels = m + "/%s.onnx" % name, m + "/t10k-images-idx3-ubyte.gz", m + "/t10k-labels-idx1-ubyte.gz"
batch = ("batch", net, "--images", images, "--labels", labels, "--perturb", "linf:0.1", "--range", "%d:%d" % (first, last), "--quiet")


def seconds(*args):
    """user seconds of a run, and what it prints"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    r = subprocess.run([NETMIP, *args], capture_output=True, text=True)
    check(" ".join(args[:2]), r.returncode == 0, (r.returncode, r.stderr))
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, r.stdout


plain = seconds(*batch, "--dir", p("plain"))[0]
proofs = seconds(*batch, "--dir", p("with"), "--proofs", p("proofs"))[0]
checking, said = seconds("check", "--batch", p("with"))
sizes = sorted(os.path.getsize(p("proofs") + "/" + f) for f in os.listdir(p("proofs")))
run("convert", net, "-o", p("net.json"))
second, accepted, start = None, 0, time.process_time()
for i in range(first, last) if len(sys.argv) < 5 else ():
    path = p("proofs") + "/%06d.proof.gz" % i
    if not os.path.exists(path):
        continue
    query = run("solve", net, "--image", "%s:%d" % (images, i), "--labels", labels, "--perturb", "linf:0.1", "--dump", "query", "--json",
                "--quiet")[1].encode()
    if not second:
        second = Checker(open(p("net.json"), "rb").read(), query, False, hashlib.sha256(open(net, "rb").read()).hexdigest())
    second.q, second.query_hash = json.loads(query), hashlib.sha256(query).hexdigest()
    try:
        with gzip.open(path) as f:
            second.check(f.read())
        accepted += 1
    except Rejected as e:
        check("sample %d" % i, False, "line %d: %s" % (second.line, e))
print("note %s %d..%d: %d certificates, median %d bytes, largest %d" % (name, first, last - 1, len(sizes), sizes[len(sizes) // 2], sizes[-1]))
print("note solve %.1f s, with certificates %.1f s, netmip check %.1f s: %s" % (plain, proofs, checking, said.strip()))
print("note check_proof.py accepts %d in %.1f s" % (accepted, time.process_time() - start))
done()
