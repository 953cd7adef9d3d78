"""How the energy of partial mappings changes with one more loop.

`Labels.parts` holds energies for the whole run as if every loop still to come replaced the record's tile; a loop that
does not is then a division:

- in time, over a dimension the tensor does not depend on, while the tile is pending: divided by the bound;
- in time, over a sliding window's dimension: less the share of words still held;
- in time, over another dimension of the tensor: the record is certain from here on;
- in space: divided where the fanout shares words between its children.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assay.mapper.labels import Labels
from assay.mapper.problem import Problem, Record
from assay.mapper.slides import WindowTable
from assay.mapper.tiles import Tiles

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Index = tuple[npt.NDArray[np.int64], ...]


class Growth:
    """The loops of one problem, applied to many labels at once.

    Attributes:
        sliding: columns of `Labels.parts` that have a column in `Labels.tiles`.
        column: that column, for each of them.
    """

    def __init__(self, problem: Problem, tiles: Tiles) -> None:
        self.problem = problem
        self.tiles = tiles
        self.tables = [WindowTable(problem, window) for window in problem.windows]
        sliding = [c.index for r in problem.records if r.windows and r.latched for c in r.components]
        self.sliding = np.array(sliding, np.int64)
        self.column = {index: i for i, index in enumerate(sliding)}

    def start(self, per_step: float) -> Labels:
        """One label without loops: the operands handed to the compute at every step.

        Args:
            per_step: joules charged per temporal step.
        """
        problem = self.problem
        macs = float(problem.einsum.macs)
        parts = np.zeros((1, len(problem.components) + 1))  # the last column is the tie-break
        parts[0, -1] = per_step * macs
        slides = np.zeros((1, len(problem.windows)), np.int64)
        x = np.zeros((1, len(problem.dims)), np.int64)
        for record in problem.records:
            if not record.latched:
                for component in record.components:
                    parts[0, component.index] = component.joules * macs
                for w in record.windows:
                    slides[:, w] = self.tables[w].open(x[:, problem.windows[w].dims])
        zero = np.zeros(1, np.int64)
        tiles = np.zeros((1, len(self.sliding)))
        return Labels(x, np.zeros(1), parts, tiles, zero, slides, zero + 1, zero - 1)

    def _advance(self, labels: Labels, d: int, factor: int, room: int | None = None) -> tuple[Labels, Ints] | None:
        """Labels that can take the factor, and their new divisor positions."""
        position = self.problem.dims[d].times(factor)[labels.x[:, d]]
        able = position >= 0
        if room is not None:
            able &= labels.used * factor <= room
        index = np.flatnonzero(able)
        return (labels.take(index), position[index]) if len(index) else None

    def loop(self, labels: Labels, node: int, d: int, factor: int) -> Labels | None:
        """A temporal loop at a memory."""
        advanced = self._advance(labels, d, factor)
        if advanced is None:
            return None
        grown, position = advanced
        for record in self.problem.records:
            if not record.latched or record.child <= node:
                continue
            pending = (grown.pending >> record.index) & 1 == 1
            if not pending.any():
                continue
            if d in record.pure:
                self._settle(grown, record, pending, arrived=record.parent >= node)
            elif record.windows:
                rows = np.flatnonzero(pending)
                held = self._held(grown, record, rows, d)
                where, tiles = self._columns(record, rows)
                grown.parts[where] -= held * grown.tiles[tiles] * ((factor - 1) / factor)
                grown.tiles[tiles] /= factor
            else:
                where, _ = self._columns(record, np.flatnonzero(pending))
                grown.parts[where] /= factor
        grown.x[:, d] = position
        return grown

    def _columns(self, record: Record, rows: Ints) -> tuple[Index, Index]:
        """Where the record's parts and tiles of those labels stand."""
        parts = [c.index for c in record.components]
        tiles = [self.column[i] for i in parts] if record.windows and record.latched else []
        return np.ix_(rows, np.array(parts, np.int64)), np.ix_(rows, np.array(tiles, np.int64))

    def _held(self, labels: Labels, record: Record, rows: Ints, d: int) -> Floats:
        """Share of the record's words that stay when the loop over d advances, per label and component."""
        held = np.ones((len(rows), len(record.components)))
        for w in record.windows:
            window = self.problem.windows[w]
            pivot = window.dims.index(d) if d in window.dims else -1
            held *= self.tables[w].kept(labels.slides[rows, w], labels.x[np.ix_(rows, np.array(window.dims))], pivot)
        return held

    def _settle(self, labels: Labels, record: Record, rows: npt.NDArray[np.bool_], *, arrived: bool) -> None:
        """From here on every loop replaces the tile. What has arrived at the parent is certain."""
        labels.pending[rows] &= ~(1 << record.index)
        if arrived:
            selected = np.flatnonzero(rows)
            where, tiles = self._columns(record, selected)
            labels.cost[selected] += labels.parts[where].sum(axis=1)
            labels.parts[where] = 0.0
            labels.tiles[tiles] = 0.0
            labels.slides[np.ix_(selected, np.array(record.windows, np.int64))] = 0

    def spread(self, labels: Labels, node: int, d: int, factor: int, room: int) -> Labels | None:
        """A spatial loop at a fanout."""
        advanced = self._advance(labels, d, factor, room)
        if advanced is None:
            return None
        grown, position = advanced
        for record in self.problem.records:
            if record.child <= node:
                continue
            for w in record.windows:
                window = self.problem.windows[w]
                if d in window.dims:
                    k = window.dims.index(d)
                    x = grown.x[:, window.dims]
                    grown.slides[:, w], ratio = self.tables[w].spread(grown.slides[:, w], x, k, factor, node)
                    if record.parent < node:
                        self._scale(grown, record, ratio)
            relevant = d in record.pure or any(d in self.problem.windows[w].dims for w in record.windows)
            if record.parent < node and not relevant:
                shared = [1.0 / factor if node in dict(c.roles) else 1.0 for c in record.components]
                self._scale(grown, record, np.array(shared))
        grown.x[:, d] = position
        grown.used = grown.used * factor
        grown.parts[:, -1] /= factor
        return grown

    def _scale(self, labels: Labels, record: Record, ratio: Floats) -> None:
        where, tiles = self._columns(record, np.arange(len(labels)))
        labels.parts[where] *= ratio
        if tiles[1].size:
            labels.tiles[tiles] *= ratio

    def arrive(self, labels: Labels, node: int) -> None:
        """Records whose parent is this memory: all sharing is behind them."""
        for record in self.problem.records:
            if record.parent != node:
                continue
            pending = (labels.pending >> record.index) & 1 == 1
            self._settle(labels, record, ~pending, arrived=True)
            columns = [c.index for c in record.components]
            if not record.windows and len(columns) > 1:
                labels.parts[:, columns[0]] = labels.parts[:, columns].sum(axis=1)
                labels.parts[:, columns[1:]] = 0.0
            for w in record.windows:
                rest = self.tables[w].at_rest(labels.slides[:, w], labels.x[:, self.problem.windows[w].dims])
                labels.slides[rest, w] = 0

    def open(self, labels: Labels, node: int) -> None:
        """Records whose child is this memory begin: its tiles are formed."""
        for record in self.problem.records:
            if record.child != node:
                continue
            words = self.tiles.words(labels.x, record.tensor.name) * self.tiles.passes(labels.x)
            for component in record.components:
                labels.parts[:, component.index] = component.joules * words
                if component.index in self.column:
                    labels.tiles[:, self.column[component.index]] = component.joules * words
            labels.pending |= 1 << record.index
            for w in record.windows:
                labels.slides[:, w] = self.tables[w].open(labels.x[:, self.problem.windows[w].dims])
