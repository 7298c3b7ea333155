#!/usr/bin/env python3
"""Certificates of the unsatisfiable instances of the truth pack's manifest: each is solved without and with --proof and checked by
`netmip check`, a line each: CPU seconds of the three, and the size. Whatever is written must be accepted; what has no certificate is
listed with the reason. Usage: manifest_certificates.py [MANIFEST [LIMIT]] (default manifest.csv, 60 s; hard/manifest.csv)."""
import csv, json, os, resource, sys

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, done, p, run, truth

manifest = sys.argv[1] if len(sys.argv) > 1 else "manifest.csv"
limit = sys.argv[2] if len(sys.argv) > 2 else "60"
folder = os.path.dirname(truth(manifest))


def seconds(*args):
    """CPU seconds of a run, its exit code, and what it prints"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code, out, err = run(*args, "--quiet", timeout=900)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, code, out, err


with open(truth(manifest)) as f:
    rows = [row for row in csv.DictReader(f) if row["expected"] == "unsat"]
total, sizes, without = [0.0, 0.0, 0.0], [], []
for row in rows:
    asked, proof = (os.path.join(folder, row["network"]), os.path.join(folder, row["property"])), p("it.proof")
    if os.path.exists(proof):
        os.remove(proof)
    spent = [seconds("solve", *asked, "--json", "--time-limit", limit)[0]]
    used, code, out, err = seconds("solve", *asked, "--json", "--time-limit", limit, "--proof", proof)
    spent.append(used)
    check("no wrong answer", json.loads(out)["verdict"] in ("holds", "unknown"), (row, out))
    if os.path.exists(proof):
        used, code, out, err = seconds("check", *asked, proof)
        spent.append(used)
        sizes.append(os.path.getsize(proof))
        check("it is accepted", code == 0 and out.startswith("accepted: holds"), (row, code, out, err))
        total = [a + b for a, b in zip(total, spent)]
    else:
        without.append(row["property"])
    print("note %s %s: solve %.2f, with proof %.2f" % (os.path.basename(asked[0]), os.path.basename(asked[1]), *spent[:2]),
          "check %.2f, %d bytes" % (spent[2], sizes[-1]) if len(spent) > 2 else err.strip()[-160:], flush=True)
sizes.sort()
print("note %d of %d have certificates: solve %.1f s, with proofs %.1f s, check %.1f s; median %d bytes, largest %d; without: %s" %
      (len(sizes), len(rows), *total, sizes[len(sizes) // 2], sizes[-1], ", ".join(without) or "none"))
done()
