"""Answers: what a verdict says and rests on, and how a notebook shows it."""
from __future__ import annotations

import base64
import ctypes
import html
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ._arrays import copied, known, said
from ._job import Job
from ._library import Error, lib

if TYPE_CHECKING:
    from .network import Question

_VERDICTS = {0: "holds", 10: "violated", 11: "unknown"}


@dataclass(frozen=True)
class Target:
    """What became of one clause of the question."""

    name: str
    label: Optional[int]  # the class that it stands for
    verdict: str  # unknown also for what was not looked at
    by: Optional[str]
    bound: Optional[float]  # proven: its margin, or distance, is not less


@dataclass(frozen=True)
class End:
    """One end of a range: the value that was attained, the proven end beyond it, and the input that attains it."""

    value: Optional[float]
    bound: Optional[float]
    point: Optional[np.ndarray]


class Result:
    """An answer. Numbers are None where they do not apply, or are not known.

    verdict    "holds" (with an objective: the value is proven), "violated" (the witness was replayed), "unknown", or
               "done" (a range was measured)
    by         evaluation, bounds, attack, tree or solver; None when unknown. why: the reason of an unknown
    certified  what holds or is proven rests on no solver's word; solver: on whose else
    label, predicted  of the image, and what the network says there
    point      the input that was replayed: the counterexample, else the worst point or the nearest miss; in the image's shape
    witness    the same, if it is a counterexample
    generators of the input set (of a blur: the kernel) that make the point
    margin     there, in float64: 0 or less at a counterexample; margin_error bounds its rounding, margin32 is in float32
    distance   of the point from the image: {"linf": .., "l1": .., "l2": .., "l0": ..}
    value, bound, strict  of an objective: attained, proven, and beyond a tie; claim: a solver's own bound
    least, most  of objective range, and of differ: an End each
    targets    what became of each clause; files: what was written; seconds: of wall clock
    json, text  what the command prints, with --json and without
    """

    def __init__(self, r: int, question: Optional["Question"], shape: Optional[tuple[int, ...]]):
        inputs = lib.nm_result_inputs(r)

        def point(f: Any) -> Optional[np.ndarray]:
            x = copied(f(r), inputs)
            return x if x is None or shape is None or x.size != np.prod(shape) else x.reshape(shape)

        label = {f: getattr(lib, "nm_result_" + f)(r) for f in ("label", "predicted")}
        n = ctypes.c_void_p()
        count = lib.nm_result_generators(r, ctypes.byref(n))
        self._question = question
        self.status: int = lib.nm_result_status(r)
        self.by, self.why, self.solver = (said(getattr(lib, "nm_result_" + f)(r)) for f in ("by", "why", "solver"))
        self.certified = bool(lib.nm_result_certified(r))
        self.seconds: float = lib.nm_result_seconds(r)
        self.label: Optional[int] = None if label["label"] < 0 else label["label"]
        self.predicted: Optional[int] = None if label["predicted"] < 0 else label["predicted"]
        self.point, self.witness = point(lib.nm_result_point), point(lib.nm_result_witness)
        self.generators = copied(n.value, count) if count else None
        self.margin, self.margin_error, self.margin32, self.value, self.bound, self.strict, self.claim = (
            known(getattr(lib, "nm_result_" + f)(r)) for f in ("margin", "margin_error", "margin32", "value", "bound", "strict", "claim"))
        far = {f: known(getattr(lib, "nm_result_" + f)(r)) for f in ("linf", "l1", "l2", "l0")}
        self.distance: Optional[dict[str, float]] = None if far["linf"] is None else {k: v for k, v in far.items() if v is not None}
        self.least, self.most = (
            End(known(getattr(lib, f)(r)), known(getattr(lib, f + "_bound")(r)), point(getattr(lib, f + "_point")))
            for f in ("nm_result_least", "nm_result_most"))
        self.targets = [_target(r, i) for i in range(lib.nm_result_targets(r))]
        self.files = [said(lib.nm_result_file(r, i)) or "" for i in range(lib.nm_result_files(r))]
        self._json, self.text = said(lib.nm_result_json(r)) or "{}", said(lib.nm_result_text(r)) or ""
        self.verdict: str = self.json.get("verdict", _VERDICTS[self.status])

    @property
    def holds(self) -> bool:
        """Whether there is no counterexample, or the value is proven."""
        return self.verdict == "holds"

    @property
    def violated(self) -> bool:
        """Whether a counterexample was found and replayed."""
        return self.verdict == "violated"

    @property
    def json(self) -> dict[str, Any]:
        """What the command prints with --json."""
        return json.loads(self._json or "{}")

    def __bool__(self) -> bool:
        raise TypeError("a result is no truth value: ask .holds, .violated or .verdict")

    def __repr__(self) -> str:
        more = [("by %s" % self.by) if self.by else self.why or "", "margin %.6g" % self.margin if self.margin is not None else "",
                "value %.6g" % self.value if self.value is not None else "", "%.3g s" % self.seconds]
        return "<%s: %s>" % (self.verdict, ", ".join(m for m in more if m))

    def __str__(self) -> str:
        return self.text.rstrip("\n")

    # ---- notebooks ----

    def picture(self) -> Optional[bytes]:
        """Returns a PNG of the image, the point and their difference; None where there is no point, or inputs are no picture."""
        if self.point is None or self._question is None:
            return None
        q, job, png, n = self._question, Job(self._question), ctypes.c_void_p(), ctypes.c_size_t()
        x = np.ascontiguousarray(self.point).ravel()
        try:
            job.check(lib.nm_query_picture(job.p, q._p, x.ctypes.data, ctypes.byref(png), ctypes.byref(n)))
        except Error as e:
            if e.code == 4:
                return None
            raise
        return ctypes.string_at(png.value or 0, n.value)

    def _repr_png_(self) -> Optional[bytes]:
        return self.picture()

    def _repr_html_(self) -> str:
        rows = [("verdict", self.verdict + (" by %s" % self.by if self.by else "")), ("why", self.why), ("label", self.label),
                ("predicted", self.predicted), ("margin", self.margin), ("value", self.value), ("proven bound", self.bound),
                ("rests on the word of", self.solver), ("seconds", "%.3g" % self.seconds)]
        rows += [(norm.upper() + " distance", "%.6g" % d) for norm, d in (self.distance or {}).items()]
        table = "".join("<tr><th style='text-align:left'>%s</th><td>%s</td></tr>" % (k, html.escape(str(v))) for k, v in rows if v is not None)
        png = self.picture()
        image = "" if png is None else "<img src='data:image/png;base64,%s' alt='the image, the point, their difference'>" % base64.b64encode(png).decode()
        return "<table>%s</table>%s" % (table, image)


def _target(r: int, i: int) -> Target:
    label = lib.nm_result_target_label(r, i)
    return Target(said(lib.nm_result_target_name(r, i)) or "", None if label < 0 else label, _VERDICTS[lib.nm_result_target_status(r, i)],
                  said(lib.nm_result_target_by(r, i)), known(lib.nm_result_target_bound(r, i)))
