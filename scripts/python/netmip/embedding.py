"""A network inside an optimisation model of your own, as arrays: y = f(x) for columns x and y of it."""
from __future__ import annotations

import operator
import os
import tempfile
from typing import TYPE_CHECKING, Any, Optional, Sequence

import numpy as np

from ._arrays import doubles
from ._job import Job
from ._library import AuditError, lib, refuse
from ._options import shown
from .models import Arrays

if TYPE_CHECKING:
    from .network import Network

OFF = 1e-4  # of an output, or of 1 where that is smaller: what a solver's tolerances explain


class Embedded(Arrays):
    """Your model with the network in it: your columns first, in their order, then the network's. milp(**model.to_scipy()) solves it; `decode` holds
    what that returns against the network."""

    def __init__(self, job: Job, pointer: int, network: "Network", inputs: np.ndarray, outputs: np.ndarray, columns: int):
        super().__init__(job, pointer)
        self.network, self.input_columns, self.output_columns, self.own = network, inputs, outputs, columns

    def __repr__(self) -> str:
        return "<Embedded: %d columns, %d of them your own, %d rows>" % (len(self.c), self.own, len(self.row_lo))

    def decode(self, answer: Any) -> np.ndarray:
        """Returns the values of your own columns in an answer: what scipy.optimize.milp returned, or values of all columns. The network is run on the
        inputs among them; an AuditError where an output is off by more than a solver's tolerances explain. That the point is the best one is the
        solver's word."""
        x = getattr(answer, "x", answer)
        if x is None:
            refuse("an answer without a point: %s" % getattr(answer, "message", "what milp returned, or values of all columns, was expected"))
        x = doubles(x, "an answer").ravel()
        if x.size != len(self.c):
            refuse("%d values; the model has %d columns" % (x.size, len(self.c)))
        y = self.network.scores(x[self.input_columns])
        for k, j in enumerate(self.output_columns):
            if j >= 0 and not abs(x[j] - y[k]) <= OFF * max(1, abs(y[k])):
                raise AuditError(6, "column %d is %r; the network's output %d is %r" % (j, float(x[j]), k, float(y[k])))
        return x[: self.own]


def embed(network: "Network", c: Any, inputs: Sequence[int], outputs: Sequence[Optional[int]], constraints: Any, bounds: Any, integrality: Any,
          options: dict[str, Any]) -> Embedded:
    """Returns the model of scipy.optimize.milp's arguments with the network in it. See Network.embed."""
    c = doubles(c, "c").ravel()
    n = len(c)
    at = np.array([_column(j, n) for j in inputs], np.int64)
    out = np.array([-1 if j is None else _column(j, n) for j in outputs], np.int64)
    job = Job(network)
    with tempfile.TemporaryDirectory(prefix="netmip-") as folder:
        mine = os.path.join(folder, "mine.mps")
        integer = np.broadcast_to(0 if integrality is None else np.asarray(integrality), n)
        with open(mine, "w", encoding="ascii") as f:
            f.writelines(_mps(c, *_rows(constraints, n), *_ends(bounds, n), integer))
        o = job.options("nm_embed_files", {"into": mine, "inputs": ",".join("x%d" % j for j in at), "outputs": ",".join("-" if j < 0 else "x%d" % j for j in out),
                         "dialect": "highs", **options})
        m = job.work(lib.nm_embed_files, network._p, o, os.fsencode(os.path.join(folder, "out.mps")))
        return Embedded(job, m, network, at, out, n)


def _column(j: Any, n: int) -> int:
    try:
        at = operator.index(j)  # 0.9 is no column
    except TypeError:
        refuse("column %s: an integer was expected" % shown(j))
    if not 0 <= at < n:
        refuse("column %s; the model has %d columns" % (at, n))
    return at


def _rows(constraints: Any, n: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """Returns A, lo and hi of a LinearConstraint, or of a list of them."""
    from scipy import sparse

    parts = [constraints] if hasattr(constraints, "A") else list(constraints)
    if not all(hasattr(k, "A") for k in parts):
        refuse("constraints: a scipy.optimize.LinearConstraint, or a list of them, was expected")
    if not parts:
        return sparse.csr_matrix((0, n)), np.zeros(0), np.zeros(0)
    A = [sparse.csr_matrix(k.A if sparse.issparse(k.A) else np.atleast_2d(k.A)) for k in parts]
    lo, hi = (np.concatenate([np.broadcast_to(np.asarray(e, float), a.shape[0]) for e, a in zip(ends, A)]) for ends in
              ([k.lb for k in parts], [k.ub for k in parts]))
    return sparse.vstack(A).tocsr(), lo, hi


def _ends(bounds: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns lo and hi of columns; without any milp's own, 0 and infinity."""
    lo, hi = (0, np.inf) if bounds is None else (bounds.lb, bounds.ub) if hasattr(bounds, "lb") else bounds
    return np.broadcast_to(np.asarray(lo, float), n), np.broadcast_to(np.asarray(hi, float), n)


def _sides(lo: np.ndarray, hi: np.ndarray) -> list[list[tuple[str, str, float]]]:
    """Returns for each row its lines in a file: sense, name, side. One with two sides becomes two, one without sides none."""
    sides = []
    for r, (a, b) in enumerate(zip(lo.tolist(), hi.tolist())):
        if not a <= b or a == np.inf or b == -np.inf:
            refuse("row %d: between %r and %r" % (r, a, b))
        both = [("G", "r%dg" % r, a), ("L", "r%dl" % r, b)]
        sides.append([("E", "r%d" % r, a)] if a == b else [s for s in both if abs(s[2]) != np.inf])
    return sides


def _mps(c: np.ndarray, A: Any, row_lo: np.ndarray, row_hi: np.ndarray, lo: np.ndarray, hi: np.ndarray, integer: np.ndarray) -> list[str]:
    """Returns the lines of a model in free MPS, numbers with all their digits."""
    if A.shape[1] != len(c):
        refuse("a matrix of %d columns; c has %d" % (A.shape[1], len(c)))
    if not np.isin(integer, (0, 1)).all():
        refuse("integrality: 0 or 1 was expected")
    if not (np.isfinite(c).all() and np.isfinite(A.data).all()):
        refuse("c or a matrix has an element that is not finite")
    A, sides = A.tocsc(), _sides(row_lo, row_hi)
    A.sum_duplicates()
    lines = ["NAME mine\n", "ROWS\n", " N cost\n", *(" %s %s\n" % s[:2] for row in sides for s in row), "COLUMNS\n"]
    for j in range(len(c)):
        entries = [" x%d %s %r\n" % (j, s[1], float(A.data[k])) for k in range(A.indptr[j], A.indptr[j + 1]) for s in sides[A.indices[k]]]
        column = [" x%d cost %r\n" % (j, float(c[j])), *entries]
        lines += [" M 'MARKER' 'INTORG'\n", *column, " M 'MARKER' 'INTEND'\n"] if integer[j] else column
    lines += ["RHS\n", *(" s %s %r\n" % s[1:] for row in sides for s in row), "BOUNDS\n"]
    for j, (a, b) in enumerate(zip(lo.tolist(), hi.tolist())):
        if not a <= b or a == np.inf or b == -np.inf:
            refuse("column %d: between %r and %r" % (j, a, b))
        lines.append(" MI b x%d\n" % j if a == -np.inf else " LO b x%d %r\n" % (j, a))
        lines.append(" PL b x%d\n" % j if b == np.inf else " UP b x%d %r\n" % (j, b))
    return [*lines, "ENDATA\n"]
