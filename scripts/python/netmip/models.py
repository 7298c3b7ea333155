"""Models of a question's open targets as arrays, for a solver of your own; its answers judged by the library."""
from __future__ import annotations

import ctypes
import math
import os
import time
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional, Sequence, Union

import numpy as np

from ._arrays import copied, doubles, said, texts
from ._job import Job
from ._library import UnsupportedError, lib, refuse
from ._options import is_name, path_of, shown
from .result import Result

if TYPE_CHECKING:
    from .network import Network, Question

# what scipy.optimize.milp says by its status; 4 may be "infeasible or unbounded", which proves nothing
_MILP = {0: "optimal", 1: "feasible", 2: "infeasible", 3: "unbounded"}


class Arrays:
    """Minimise c x over lo <= x <= hi, row_lo <= A x <= row_hi, where x is integer in the columns that `integer` marks. A's row r has the entries
    start[r] to start[r + 1] - 1 of `index` (columns) and `value`. Infinity: no bound.

    What plain rows cannot say (encodings indicator and sos1, L2 balls and distances) is in
    when      [rows] the column on which a row depends: it holds when that equals on[row]; -1: always. None: all always hold
    sos1      lists of columns of which at most one is not 0
    products  (row, i, j, c): c x_i x_j, i <= j, is added to a row, or to the objective (row -1)
    """

    def __init__(self, job: Job, pointer: int):
        self._job, self._p = job, pointer
        m, rows, columns = pointer, lib.nm_mip_rows(pointer), lib.nm_mip_columns(pointer)
        self.column_names = texts(lib.nm_mip_column_names(m), columns)
        self.row_names = texts(lib.nm_mip_row_names(m), rows)
        self.lo, self.hi, self.c = (copied(getattr(lib, "nm_mip_column_" + f)(m), columns) for f in ("lo", "hi", "cost"))
        self.row_lo, self.row_hi = (copied(getattr(lib, "nm_mip_row_" + f)(m), rows) for f in ("lo", "hi"))
        self.integer = copied(lib.nm_mip_integer(m), columns, np.uint8)
        self.start = copied(lib.nm_mip_start(m), rows + 1, np.uintp)
        entries = int(self.start[-1])
        self.index = copied(lib.nm_mip_index(m), entries, np.uint32)
        self.value = copied(lib.nm_mip_value(m), entries)
        self.when, self.on = self._when(rows)
        self.sos1 = self._sos1()
        self.products = self._products()
        at = ctypes.c_void_p()
        n = lib.nm_mip_inputs(m, ctypes.byref(at))
        self.inputs = copied(at.value, n, np.int64)  # columns of the inputs, or of what makes them; -1: fixed, no column

    def _when(self, rows: int) -> tuple[Optional[np.ndarray], Optional[np.ndarray]]:
        on = ctypes.c_void_p()
        when = copied(lib.nm_mip_when(self._p, ctypes.byref(on)), rows, np.int32)
        return when, None if when is None else copied(on.value, rows, np.uint8)

    def _sos1(self) -> list[np.ndarray]:
        at, j = ctypes.c_void_p(), ctypes.c_void_p()
        n = lib.nm_mip_sos1(self._p, ctypes.byref(at), ctypes.byref(j))
        if not n:
            return []
        start = copied(at.value, n + 1, np.uintp)
        return np.split(copied(j.value, int(start[-1]), np.uint32), start[1:-1].astype(int))

    def _products(self) -> list[tuple[int, int, int, float]]:
        at = [ctypes.c_void_p() for _ in range(4)]
        n = lib.nm_mip_products(self._p, *(ctypes.byref(a) for a in at))
        if not n:
            return []
        return list(zip(*(copied(a.value, n, t).tolist() for a, t in zip(at, (np.int64, np.uint32, np.uint32, np.float64)))))

    def to_scipy(self) -> dict[str, Any]:
        """Returns the arguments of scipy.optimize.milp, which asks HiGHS: milp(**model.to_scipy()). An UnsupportedError for a model that
        plain rows cannot say: choose encoding="bigm" or "hull", and no L2."""
        from scipy import sparse
        from scipy.optimize import Bounds, LinearConstraint

        if self.when is not None or self.sos1 or self.products:
            raise UnsupportedError(4, "indicators, sets and products cannot be said to scipy.optimize.milp: encoding bigm or hull was expected, and no l2")
        A = sparse.csr_matrix((self.value, self.index.astype(np.int32), self.start.astype(np.int64)), shape=(len(self.row_lo), len(self.c)))
        return {"c": self.c, "integrality": self.integer.astype(int), "bounds": Bounds(self.lo, self.hi),
                "constraints": LinearConstraint(A, self.row_lo, self.row_hi)}


class Model(Arrays):
    """The model of one target. See Arrays for what it holds; `target` is its name, and of a `relaxation` a point need not be a counterexample."""

    def __init__(self, job: Job, pointer: int, question: "Question"):
        super().__init__(job, pointer)
        self._question = question
        self.target = said(lib.nm_mip_target(pointer)) or ""
        self.relaxation = bool(lib.nm_mip_relaxation(pointer))

    def __repr__(self) -> str:
        return "<Model of %s: %d columns, %d of them binary, %d rows>" % (self.target, len(self.c), self.integer.sum(), len(self.row_lo))

    def measure(self, objective: float) -> float:
        """Returns the margin, form or distance (l2: squared) that an objective value of the model stands for."""
        return lib.nm_mip_measure(self._p, objective)

    def decode(self, answer: Any) -> Result:
        """Judges a solver's answer: what scipy.optimize.milp returned, the values of the columns, as an array in their order or as a dict by
        name, or the name of a solver's file. A point is judged by replay; "infeasible" is the solver's word (not certified). A contradiction is an AuditError."""
        job = Job(self)
        return self._question._result(job, job.make(lib.nm_mip_decode, self._p, self._solution(job, answer)))

    def _solution(self, job: Job, answer: Any) -> int:
        """Returns an answer as the library's."""
        if answer is None:
            refuse("an answer: what milp returned, an array of values, a dict of them by name, or a solver's file was expected, not None; "
                   "Models.decode takes None for a model without one")
        if is_name(answer):
            return job.make(lib.nm_solution_load, self._p, os.fsencode(answer), None)
        x, status, solver, objective, bound = answer, "feasible", None, math.nan, math.nan
        if hasattr(answer, "status") and hasattr(answer, "x"):
            x, solver = answer.x, b"highs"
            status = _MILP.get(answer.status, "none")
            if status == "feasible" and x is None:
                status = "none"
            if answer.fun is not None:
                objective = float(answer.fun)
            if getattr(answer, "mip_dual_bound", None) is not None:
                bound = float(answer.mip_dual_bound)
        names = None
        if isinstance(x, Mapping):
            names = (ctypes.c_char_p * len(x))(*(str(k).encode() for k in x))
            x = [x[k] for k in x]
        s = job.make(lib.nm_solution_new, self._p, status.encode())
        if x is not None:
            values = doubles(x, "an answer").ravel()
            job.check(lib.nm_solution_values(s, values.size, names, values.ctypes.data))
        job.check(lib.nm_solution_claims(s, solver, objective, bound))
        return s


class Models(Sequence[Model]):
    """The models of the targets that bounds leave open, as a sequence. `result`: what bounds alone say; its targets tell which are closed."""

    def __init__(self, job: Job, pointer: int, question: "Question"):
        self._job, self._p, self._question = job, pointer, question
        self._models = [Model(job, lib.nm_mips_get(pointer, i), question) for i in range(lib.nm_mips_count(pointer))]
        self.result = question._result(job, lib.nm_mips_result(pointer))

    def __len__(self) -> int:
        return len(self._models)

    def __getitem__(self, i: Any) -> Any:
        return self._models[i]

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models)

    def __repr__(self) -> str:
        return "Models(%r)" % self._models

    def decode(self, answers: Sequence[Any]) -> Result:
        """Judges the answers to all models together, in their order; None: a model has none. See Model.decode."""
        if isinstance(answers, (str, bytes, Mapping)) or not hasattr(answers, "__len__") or hasattr(answers, "status"):
            refuse("a list of answers, one for each of %d models, was expected, not %s" % (len(self), shown(answers)))
        if len(answers) != len(self):
            refuse("%d answers to %d models" % (len(answers), len(self)))
        job = Job(self)
        made = [None if a is None else m._solution(job, a) for m, a in zip(self, answers)]
        return self._question._result(job, job.make(lib.nm_mips_decode, self._p, (ctypes.c_void_p * max(len(made), 1))(*made)))

    def solve(self, **options: Any) -> Result:
        """Asks HiGHS by scipy.optimize.milp, whose options these are (time_limit, mip_rel_gap, ..), and judges its answers."""
        from scipy.optimize import milp

        start = time.monotonic()
        r = self.decode([milp(**m.to_scipy(), options={"mip_rel_gap": 0, **options}) for m in self])
        r.seconds = time.monotonic() - start  # the solver's as well
        return r


def decode(map: Any, *solutions: Any, net: Optional["Network"] = None, log: Union[str, os.PathLike, None] = None,
           output: Union[str, os.PathLike, None] = None) -> Any:
    """Judges solutions, as `netmip decode`. map: a .map.json with the file of its solution, or a .manifest.json with files in any order; what
    compile_files returned, in its place; the map of a network in a model of your own (its result's `point` is the network's input, and an AuditError
    says that outputs are not the network's); or a Model, Models or an Embedded with answers that their `decode` takes, which is then what is
    returned. net: the network, if it is not where the map says; log: the solver's; output: a folder for witness.npy and pictures."""
    if isinstance(map, (Arrays, Models)):
        return _decode_kept(map, solutions, [k for k, v in (("net", net), ("log", log), ("output", output)) if v is not None])
    if isinstance(map, Result):
        map = _map_of(map)
    job, name = Job(net), path_of("map", map)
    paths = (ctypes.c_char_p * max(len(solutions), 1))(*(path_of("solution %d" % i, s) for i, s in enumerate(solutions)))
    r = job.work(lib.nm_decode_files, net._p if net else None, name, len(solutions), paths, None if log is None else path_of("log", log),
                 job.options("nm_decode_files", {"output": output}))
    return Result(r, None, net.input_shape if net else None)


def _decode_kept(model: Any, answers: Sequence[Any], given: list[str]) -> Any:
    """Judges answers to models that are Python's."""
    if given:
        refuse("%s: only of maps that are files; a %s knows its network" % (given[0], type(model).__name__))
    if isinstance(model, Models):
        return model.decode(answers[0] if len(answers) == 1 and isinstance(answers[0], (list, tuple)) and len(answers[0]) == len(model) else answers)
    if len(answers) != 1:
        refuse("%d answers to one model" % len(answers))
    return model.decode(answers[0])


def _map_of(compiled: Result) -> str:
    """Returns the manifest, else the only map, among the files that compile_files wrote."""
    found = [f for f in compiled.files if f.endswith(".manifest.json")] or [f for f in compiled.files if f.endswith(".map.json")]
    if len(found) != 1:
        refuse("a result with %d maps: one that compile_files returned was expected" % len(found))
    return found[0]
