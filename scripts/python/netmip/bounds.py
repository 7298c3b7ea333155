"""Bounds of every unit of a network over an input set."""
from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Iterator, Optional

import numpy as np

from ._arrays import copied, said
from ._job import Job
from ._library import lib, refuse


@dataclass(frozen=True)
class Layer:
    """A block of units, in the order of evaluation. `lo`, `hi`: certified ends of each, also in rounding. Of a ReLU: `source`, the number of the
    block that it reads, and `phase` of each unit: 0 inactive, 1 active, 2 unstable."""

    kind: str  # input, affine, relu or max
    name: str  # of the node that it comes from, or ""
    lo: np.ndarray
    hi: np.ndarray
    source: Optional[int] = None
    phase: Optional[np.ndarray] = None

    @property
    def unstable(self) -> int:
        """How many units can have either sign."""
        return 0 if self.phase is None else int((self.phase == 2).sum())

    def __len__(self) -> int:
        return len(self.lo)


@dataclass(frozen=True)
class Case:
    """One case of a question, with an input set of its own: its layers (none where the set is empty) and bounds of the network's outputs."""

    layers: list[Layer]
    lo: np.ndarray
    hi: np.ndarray


class Bounds:
    """Bounds over the input set of each case. A question about an image has one case, whose `layers`, `lo` and `hi` can be had directly."""

    def __init__(self, cases: list[Case]):
        self.cases = cases

    def _only(self) -> Case:
        if len(self.cases) != 1:
            refuse("the question has %d cases: look at .cases" % len(self.cases))
        return self.cases[0]

    @property
    def layers(self) -> list[Layer]:
        """The layers of the only case."""
        return self._only().layers

    @property
    def lo(self) -> np.ndarray:
        """Lower ends of the outputs."""
        return self._only().lo

    @property
    def hi(self) -> np.ndarray:
        """Upper ends of the outputs."""
        return self._only().hi

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def _rows(self) -> list[tuple[int, int, str, str, int, int]]:
        return [(i, b, l.kind, l.name, len(l), l.unstable) for i, c in enumerate(self.cases) for b, l in enumerate(c.layers)]

    def __repr__(self) -> str:
        lines = ["case %d block %d: %s %s, %d units, %d unstable" % r for r in self._rows()]
        return "\n".join(["Bounds of %d case%s" % (len(self.cases), "s" * (len(self.cases) != 1)), *lines])

    def _repr_html_(self) -> str:
        cells = ["<tr>%s</tr>" % "".join("<td>%s</td>" % html.escape(str(c)) for c in r) for r in self._rows()]
        return "<table><tr><th>case<th>block<th>kind<th>node<th>units<th>unstable</tr>%s</table>" % "".join(cells)


def bounds_of(job: Job, units: int, outputs: tuple[int, ...]) -> Bounds:
    """Returns copies of the library's bounds; outputs: the shape of the outputs', with the axis of a batch of one if the input has it."""
    n_out = outputs[-1]

    def layer(i: int, b: int) -> Layer:
        n = lib.nm_units_count(units, i, b)
        phase = copied(lib.nm_units_phase(units, i, b), n, np.uint8)
        return Layer(said(lib.nm_units_kind(units, i, b)) or "", said(lib.nm_units_name(units, i, b)) or "",
                     copied(lib.nm_units_lo(units, i, b), n), copied(lib.nm_units_hi(units, i, b), n),
                     None if phase is None else lib.nm_units_source(units, i, b), phase)

    return Bounds([Case([layer(i, b) for b in range(lib.nm_units_blocks(units, i))],
                        copied(lib.nm_units_output_lo(units, i), n_out).reshape(outputs), copied(lib.nm_units_output_hi(units, i), n_out).reshape(outputs))
                   for i in range(lib.nm_units_cases(units))])
