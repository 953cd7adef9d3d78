"""How little a partial mapping can cost in the end: the bound by which the search drops what cannot win.

Three parts add up:

- what is certain already;
- records begun: the next loop in time is over *some* dimension d. It settles every pending record whose tensor depends
  on d; the others may at best stay for all the loops that are left. The least over d of that sum is a bound;
- records not begun: a table over all tiles, filled from the outermost memory inwards. For a memory, the least over all
  tiles that fit of (what its own records cost at least, plus the table of the next memory outward).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from assay.hardware.model import Fanout, Memory
from assay.mapper.labels import Labels
from assay.mapper.problem import Component, Problem, Record
from assay.mapper.tiles import Tiles

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LARGEST_TABLE = 2_000_000
"""Tiles up to which tables are made; beyond, records not begun count with every word once."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one record can come down to, in joules per label.

    Attributes:
        pure: dimensions whose loops replace its tile.
        settled: if every loop in time does.
        stays: if none of the loops left does.
        closed: if nothing is saved any more.
    """

    pure: frozenset[int]
    settled: Floats
    stays: Floats
    closed: Floats


class Bounds:
    """Bounds of one problem.

    Args:
        column: for components of sliding records, their column of `Labels.tiles`.
    """

    def __init__(self, problem: Problem, tiles: Tiles, column: dict[int, int]) -> None:
        self.problem = problem
        self.tiles = tiles
        self.column = column
        self.nodes = problem.hardware.nodes
        self._tables: dict[int, Floats | float] = {}
        outward: Floats | float = 0.0
        for node, item in enumerate(self.nodes[:-1]):
            if isinstance(item, Memory) and node:
                outward = self._table(node, item, outward)
            self._tables[node] = outward

    def floor(self, labels: Labels, node: int) -> Floats:
        """Joules below which no completion of a label can come; the labels stand at the node."""
        table = self._tables[node]
        future = table if isinstance(table, float) else table[labels.x @ self.tiles.radix]
        records = [r for r in self.problem.records if r.child > node]
        pending = {r.index: (labels.pending >> r.index) & 1 == 1 for r in records}
        floor: Floats = labels.cost + self.problem.constant + future
        return floor + self._begun(labels, node, records, pending)

    def _begun(self, labels: Labels, node: int, records: list[Record], pending: dict[int, Bools]) -> Floats:
        """The least that the parts of these records can come down to."""
        placed = self.tiles.placed(labels.x)
        claims = [self._claim(labels, record, node, placed, pending[record.index]) for record in records]
        least = np.full(len(labels), np.inf)
        for d in range(len(self.problem.dims)):
            total = np.zeros(len(labels))
            for claim in claims:
                total += claim.settled if d in claim.pure else claim.stays
            least = np.where(labels.x[:, d] < self.tiles.last[d], np.minimum(least, total), least)
        closed = sum((claim.closed for claim in claims), np.zeros(len(labels)))
        return np.where(np.isfinite(least), least, closed)

    def _claim(self, labels: Labels, record: Record, node: int, placed: Floats, pending: Bools) -> _Claim:
        free = placed[:, [d for d in range(len(self.problem.dims)) if d not in record.pure]].prod(axis=1)
        settled, stays, closed = (np.zeros(len(labels)) for _ in range(3))
        for component in record.components:
            part = labels.parts[:, component.index]
            closed += part
            gain = np.minimum(part, 0.0)  # a negative part is worth most if nothing ever saves any of it
            part = part - gain
            shared = np.maximum(free, 1.0 / self._sharers(component, record, node))
            tile = labels.tiles[:, self.column[component.index]] if component.index in self.column else part
            tile = np.clip(tile, 0.0, part)
            settled += gain + part * shared
            stays += gain + (part - tile) * shared + tile * free
        return _Claim(record.pure, settled, np.where(pending, stays, settled), closed)

    def _sharers(self, component: Component, record: Record, node: int) -> int:
        """Children among which fanouts still ahead can share the component's words."""
        ahead = [n for n, _ in component.roles if record.parent < n <= node]
        return prod(fanout.children for n in ahead if isinstance(fanout := self.nodes[n], Fanout))

    def _table(self, node: int, memory: Memory, outward: Floats | float) -> Floats | float:
        """Least cost of all records that begin at this memory or further out, for every tile below it."""
        records = [r for r in self.problem.records if r.latched and r.child == node]
        if self.tiles.count > LARGEST_TABLE:
            assert isinstance(outward, float)
            return outward + sum(self._once(record) for record in records)
        x = self.tiles.all()
        labels = self._opened(x, records)
        pending = {r.index: np.ones(len(x), bool) for r in records}
        cost = self._begun(labels, node - 1, records, pending) + outward
        if memory.capacity is not None:
            cost[self.tiles.bits(x, node) > memory.capacity] = np.inf
        for d, dim in enumerate(self.problem.dims):
            if dim.name in memory.whole:
                cost[x[:, d] < self.tiles.last[d]] = np.inf
        return self.tiles.least_above(cost)

    def _opened(self, x: Ints, records: list[Record]) -> Labels:
        parts = np.zeros((len(x), len(self.problem.components) + 1))
        tiles = np.zeros((len(x), len(self.column)))
        passes = self.tiles.passes(x)
        for record in records:
            words = self.tiles.words(x, record.tensor.name) * passes
            for component in record.components:
                parts[:, component.index] = component.joules * words
                if component.index in self.column:
                    tiles[:, self.column[component.index]] = component.joules * words
        zero = np.zeros(len(x), np.int64)
        return Labels(x, np.zeros(len(x)), parts, tiles, zero, np.zeros((len(x), 0), np.int64), zero, zero)

    def _once(self, record: Record) -> float:
        """Joules if every word of the tensor moves once (where joules are negative: as often as there are MACs)."""
        words, macs = self.problem.einsum.words(record.tensor), self.problem.einsum.macs
        return float(sum(c.joules * (words if c.joules >= 0 else macs) for c in record.components))
