#!/usr/bin/env python3
# %% [markdown]
# # netmip from Python
#
# A plain script with cells, as notebooks and editors read it (`# %%`): `jupytext --to ipynb example.py` makes a notebook of it. It runs in the
# tree, without anything installed: `python3 scripts/python/example.py`.

# %%
import gzip
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import netmip

MODELS = os.path.join(HERE, "..", "..", "models")
net = netmip.Network(os.path.join(MODELS, "digits-mlp.onnx"))
print(net)

# %% [markdown]
# Images are arrays. An answer says what was found, and a notebook shows it with a picture.

# %%
with gzip.open(os.path.join(MODELS, "digits-test-images.idx3.gz")) as f:
    images = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28) / 255
with gzip.open(os.path.join(MODELS, "digits-test-labels.idx1.gz")) as f:
    labels = np.frombuffer(f.read(), np.uint8, offset=8)
r = net.solve(images[3], label=labels[3], linf=0.12)
print(r.verdict, "by", r.by, "margin %.3g" % r.margin, "L-inf %.3g" % r.distance["linf"], "as", net.scores(r.witness).argmax())

# %% [markdown]
# The nearest counterexample, between what is proven and what was found.

# %%
r = net.solve(images[3], label=labels[3], perturb="free", objective="closest:linf")
print("no counterexample within %.6f, one at %.6f" % (r.bound, r.value))

# %% [markdown]
# Bounds of every unit, certified also in rounding.

# %%
b = net.bounds(images[3], linf=0.03)
print(b)
print("outputs:", *("[%.2f, %.2f]" % e for e in zip(b.lo, b.hi)))

# %% [markdown]
# Many images: an iterator with a progress bar, where tqdm is installed.

# %%
verdicts = [r.verdict for r in net.batch(images[:20], labels[:20], linf=0.05, time_limit=10)]
print({v: verdicts.count(v) for v in sorted(set(verdicts))})

# %% [markdown]
# The question as mixed-integer models; HiGHS by scipy.optimize.milp answers them, and netmip judges the answers: a point by replay through the
# network, "infeasible" as the solver's word.

# %%
try:
    from scipy.optimize import milp
except ImportError:
    sys.exit(0)
tiny = netmip.Network(os.path.join(MODELS, "tiny-xor.onnx"))
models = tiny.compile([0.4, 0.3], linf=0.25, objective="worst", encoding="bigm", dialect="highs")
answers = [milp(**m.to_scipy(), options={"mip_rel_gap": 0}) for m in models]
r = models.decode(answers)
print(models, "worst margin %.4f" % r.value, "on the word of", r.solver)
