"""The search: all mappings with perfect factors at once, from the compute outwards.

Every loop placed multiplies the tile of the loops placed so far. Energies in `Labels.parts` are for the whole run as
if every loop still to come replaced the record's tile; a loop that does not is then a division:

- in time, over a dimension the tensor does not depend on, while the tile is pending: divided by the bound;
- in time, over a sliding window's dimension: less the share of words still held;
- in time, over another dimension of the tensor: the record is certain from here on;
- in space: divided where the fanout shares words between its children.

Labels with the same tiles are compared and the beaten ones dropped (`undominated`), labels that cannot come below the
best complete mapping known are dropped (`_floor`); what is left at the end is optimal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np
import numpy.typing as npt

from assay.hardware.model import Axis, Fanout, Memory
from assay.mapper.bounds import Bounds
from assay.mapper.labels import Labels, Order, Trail, undominated
from assay.mapper.problem import Problem, Record
from assay.mapper.slides import WindowTable
from assay.mapper.tiles import Tiles

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Index = tuple[npt.NDArray[np.int64], ...]

LEAN = 0.1
"""A beam ranks labels between the energy they have if no later loop saves anything (1) and if every one does (0)."""

SLACK = 1e-9
"""Relative slack when labels are dropped against an upper bound, so that rounding never drops the best."""


@dataclass(frozen=True, slots=True)
class Step:
    """One loop of a found mapping: `node` index, axis position (-1: in time), dimension position, bound."""

    node: int
    axis: int
    dim: int
    bound: int


@dataclass(slots=True)
class Obstacle:
    """Why nothing was left at a node: the tightest miss."""

    node: int
    needed_bits: int
    capacity_bits: int
    tile: dict[str, int] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()


@dataclass(slots=True)
class Found:
    """A mapping of least energy (J, with the tie-break included), its loops from the innermost outwards, the labels
    looked at so far, and the joules of its steps alone."""

    energy: float
    steps: list[Step]
    labels: int
    step_energy: float


class Search:
    """The search of one problem.

    Args:
        per_step: joules charged per temporal step, so little that it only decides between equals.
        fill: find the mapping of least energy among those of the fewest steps, not among all.
    """

    def __init__(self, problem: Problem, *, per_step: float, fill: bool = False) -> None:
        self.problem = problem
        self.per_step = per_step
        self.fill = fill
        self.upper = np.inf
        self.steps = np.inf
        self.beam: int | None = None
        self.trail = Trail()
        self.obstacle: Obstacle | None = None
        self.nodes = problem.hardware.nodes
        self.tiles = Tiles(problem)
        self.tables = [WindowTable(problem, window) for window in problem.windows]
        sliding = [
            c.index for record in problem.records if record.windows and record.latched for c in record.components
        ]
        self.sliding = np.array(sliding, np.int64)
        self.order = Order(
            self.tiles.radix,
            self.sliding,
            tuple(window.record for window in problem.windows),
            sum(1 << r.index for r in problem.records if any(c.joules < 0 for c in r.components)),
            fill,
        )
        self.column = {index: i for i, index in enumerate(sliding)}
        self.bounds = Bounds(problem, self.tiles, self.column)
        self._split = next((i for i, node in enumerate(self.nodes) if isinstance(node, Fanout)), len(self.nodes) - 1)

    def run(self, *, beam: int = 500) -> Found | None:
        """The best mapping, or None when there is none (then `obstacle` says why).

        A narrow pass (at most `beam` labels of each kind and size) finds a good mapping, a complete one drops what
        cannot beat it.
        """
        quick = self._pass(beam)
        if quick is not None:
            self.steps = quick.step_energy
            self.upper = np.inf if self.fill else quick.energy
        return self._pass(None, beam, quick)

    def _pass(self, beam: int | None, retry: int | None = None, known: Found | None = None) -> Found | None:
        """From the compute to the outermost memory; `known` is a mapping found before. Where it does not help, because
        there may be mappings of fewer steps, a narrow pass of `retry` labels looks for a good one of them first."""
        self.beam = beam
        inside = self._walk(self._start(), len(self.nodes) - 2, self._split)
        for rows in self._classes(inside):
            labels = inside.take(rows)
            if self.fill:
                self.upper = np.inf
                if known and labels.parts[0, -1] >= known.step_energy * (1 - SLACK):
                    self.upper = known.energy
                elif retry and (quick := self._finish(labels, retry)) is not None:
                    self.upper = quick.energy
            if (found := self._finish(labels, beam)) is not None:
                return found
        return None

    def _finish(self, labels: Labels, beam: int | None) -> Found | None:
        """From the outermost fanout outwards."""
        self.beam = beam
        labels = self._walk(labels.take(np.arange(len(labels))), self._split - 1, 0)
        if not len(labels):
            return None
        best = int(np.argmin(labels.cost))
        energy = float(labels.cost[best]) + self.problem.constant
        steps = self._spell(int(labels.origin[best]))
        return Found(energy, steps, self.trail.size, self._step_energy(steps))

    def _step_energy(self, steps: list[Step]) -> float:
        return self.per_step * self.problem.einsum.macs / prod(step.bound for step in steps if step.axis >= 0)

    def _classes(self, labels: Labels) -> list[Ints]:
        """All labels at once, or with `fill` those of equal steps together, the fewest first."""
        if not self.fill:
            return [np.arange(len(labels))] if len(labels) else []
        steps = np.round(labels.parts[:, -1] / self.per_step).astype(np.int64)
        return [np.flatnonzero(steps == value) for value in np.unique(steps)]

    def _walk(self, labels: Labels, first: int, last: int) -> Labels:
        """Through the nodes from `first` out to `last`."""
        for node in range(first, last - 1, -1):
            if not len(labels):
                break
            item = self.nodes[node]
            if isinstance(item, Fanout):
                labels = self._fanout(labels, node, item)
            else:
                assert isinstance(item, Memory)
                labels = self._memory(labels, node, item)
        return labels

    def replay(self, steps: list[Step]) -> Labels:
        """The one label that the given loops, innermost first, lead to: to check the search against exact counts."""
        labels = self._start()
        for node in range(len(self.nodes) - 2, -1, -1):
            if isinstance(self.nodes[node], Memory):
                self._arrive(labels, node)
            for step in (s for s in steps if s.node == node):
                dim = self.problem.dims[step.dim]
                grown = (
                    self._loop(labels, node, step.dim, step.bound)
                    if step.axis < 0
                    else self._spread(labels, node, step.dim, step.bound, 1 << 60)
                )
                assert grown is not None, f"{dim.name} does not take a loop of {step.bound}"
                labels = grown
            if isinstance(self.nodes[node], Memory) and node:
                self._open(labels, node)
        labels.cost = labels.cost + labels.parts.sum(axis=1) + self.problem.constant
        return labels

    # -- stages -------------------------------------------------------------------------------------------------------

    def _start(self) -> Labels:
        problem = self.problem
        macs = float(problem.einsum.macs)
        parts = np.zeros((1, len(problem.components) + 1))  # the last column is the tie-break
        parts[0, -1] = self.per_step * macs
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

    def _memory(self, labels: Labels, node: int, memory: Memory) -> Labels:
        self._arrive(labels, node)
        allowed = [
            (d, p)
            for d, dim in enumerate(self.problem.dims)
            if memory.loops is None or dim.name in memory.loops
            for p in dim.primes
        ]
        buckets: dict[int, list[Labels]] = {}
        self._file(buckets, self._fitting(labels, node, memory))
        left: list[Labels] = []
        while buckets:
            level = min(buckets)
            bunch = self._thin(Labels.join(buckets.pop(level)), node)
            left.append(bunch)
            for d, p in allowed:
                grown = self._loop(bunch, node, d, p)
                if grown is not None and len(grown := self._fitting(grown, node, memory)):
                    self.trail.record(grown, self._edges(node, -1, d, p, len(grown)))
                    self._file(buckets, grown)
        done = Labels.join(left) if left else labels.take(np.zeros(0, np.int64))
        whole = tuple(dim.name for dim in self.problem.dims) if node == 0 else memory.whole
        done = self._complete(done, node, whole)
        if node == 0:
            done.cost = done.cost + done.parts.sum(axis=1)
            return done
        self._open(done, node)
        return self._thin(done, node) if len(done) else done

    def _fanout(self, labels: Labels, node: int, fanout: Fanout) -> Labels:
        for index, axis in enumerate(fanout.axes):
            labels = self._axis(labels, node, index, axis)
        return self._thin(self._complete(labels, node, fanout.whole), node)

    def _axis(self, labels: Labels, node: int, index: int, axis: Axis) -> Labels:
        labels.used = np.ones(len(labels), np.int64)
        for d, dim in enumerate(self.problem.dims):
            if axis.dims is not None and dim.name not in axis.dims:
                continue
            stock = [labels]
            for factor in dim.divisors[1:]:
                if factor > axis.size:
                    break
                grown = self._spread(labels, node, d, factor, axis.size)
                if grown is not None:
                    self.trail.record(grown, self._edges(node, index, d, factor, len(grown)))
                    stock.append(grown)
            labels = self._thin(Labels.join(stock), node)
        labels.used = np.ones(len(labels), np.int64)
        return self._thin(labels, node)

    # -- one loop -----------------------------------------------------------------------------------------------------

    def _advance(self, labels: Labels, d: int, factor: int, room: int | None = None) -> tuple[Labels, Ints] | None:
        """Labels that can take the factor, and their new divisor positions."""
        position = self.problem.dims[d].times(factor)[labels.x[:, d]]
        able = position >= 0
        if room is not None:
            able &= labels.used * factor <= room
        index = np.flatnonzero(able)
        return (labels.take(index), position[index]) if len(index) else None

    def _loop(self, labels: Labels, node: int, d: int, factor: int) -> Labels | None:
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

    def _spread(self, labels: Labels, node: int, d: int, factor: int, room: int) -> Labels | None:
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

    # -- bookkeeping --------------------------------------------------------------------------------------------------

    def _arrive(self, labels: Labels, node: int) -> None:
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

    def _open(self, labels: Labels, node: int) -> None:
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

    def _fitting(self, labels: Labels, node: int, memory: Memory) -> Labels:
        capacity = memory.capacity
        if capacity is None or not self.problem.keep[node]:
            return labels
        needed = self.tiles.bits(labels.x, node)
        fits = needed <= capacity
        if not fits.all():
            self._note_miss(labels, node, needed, capacity)
            return labels.take(fits)
        return labels

    def _note_miss(self, labels: Labels, node: int, needed: Floats, capacity: int) -> None:
        worst = int(np.argmin(needed))
        known = self.obstacle
        if known is None or known.node > node or (known.node == node and known.needed_bits > needed[worst]):
            one = labels.x[worst : worst + 1]
            tile = {
                t.name: int(self.tiles.words(one, t.name)[0])
                for t in self.problem.einsum.tensors
                if t.name in self.problem.keep[node]
            }
            self.obstacle = Obstacle(node, int(needed[worst]), capacity, tile)

    def _complete(self, labels: Labels, node: int, whole: tuple[str, ...]) -> Labels:
        """Labels in which the dimensions that must be whole at this node are, or must be because nothing further out,
        up to where they must, can place them."""
        whole = tuple({*whole, *self._overdue(node)})
        wanted = [d for d, dim in enumerate(self.problem.dims) if dim.name in whole]
        done = np.all(labels.x[:, wanted] == self.tiles.last[wanted], axis=1)
        if not done.any() and (self.obstacle is None or self.obstacle.node > node):
            missing = labels.x[:, wanted] != self.tiles.last[wanted]
            best = int(np.argmin(missing.sum(axis=1))) if len(labels) else -1
            names = (
                [self.problem.dims[d].name for d, m in zip(wanted, missing[best], strict=True) if m]
                if best >= 0
                else []
            )
            self.obstacle = Obstacle(node, 0, 0, {}, tuple(names))
        return labels.take(done)

    def _overdue(self, node: int) -> set[str]:
        overdue, growable = set(), set()
        for outer in range(node - 1, -1, -1):
            item = self.nodes[outer]
            assert isinstance(item, Memory | Fanout)
            allowed = [item.loops] if isinstance(item, Memory) else [axis.dims for axis in item.axes]
            growable |= {dim.name for dim in self.problem.dims if any(a is None or dim.name in a for a in allowed)}
            required = item.whole if outer else tuple(dim.name for dim in self.problem.dims)
            overdue |= set(required) - growable
        return overdue

    def _file(self, buckets: dict[int, list[Labels]], labels: Labels) -> None:
        if not len(labels):
            return
        level = self.tiles.level(labels.x)
        for value in np.unique(level).tolist():
            rows = level == value
            buckets.setdefault(value, []).append(labels if rows.all() else labels.take(rows))

    def _thin(self, labels: Labels, node: int) -> Labels:
        """Drop what is beaten, what cannot win, and (with a beam) what is unlikely to."""
        if len(labels) and self.fill and np.isfinite(self.steps):
            labels = labels.take(self._least_steps(labels, node) <= self.steps * (1 + SLACK))
        if len(labels) and np.isfinite(self.upper):
            labels = labels.take(self.bounds.floor(labels, node) <= self.upper * (1 + SLACK))
        if not len(labels):
            return labels
        labels = labels.take(undominated(labels, self.order))
        return labels if self.beam is None or len(labels) <= self.beam else self._narrow(labels, node, self.beam)

    def _least_steps(self, labels: Labels, node: int) -> Floats:
        """Joules of the fewest temporal steps that the fanouts still ahead allow."""
        ahead = prod(item.children for item in self.nodes[: node + 1] if isinstance(item, Fanout))
        steps: Floats = labels.parts[:, -1] / ahead
        return steps

    def _narrow(self, labels: Labels, node: int, beam: int) -> Labels:
        """The most promising labels, as many of each kind: kinds differ in which demanded dimensions are whole yet."""
        demanded = {name for item in self.nodes[1 : node + 1] for name in getattr(item, "whole", ())}
        kind = np.zeros(len(labels), np.int64)
        for d, dim in enumerate(self.problem.dims):
            if dim.name in demanded:
                kind = kind * 2 + (labels.x[:, d] == self.tiles.last[d])
        closed = labels.cost + labels.parts.sum(axis=1) + self.problem.constant
        score = LEAN * closed + (1 - LEAN) * self.bounds.floor(labels, node)
        first = labels.parts[:, -1] if self.fill else np.zeros(len(labels))
        ranked = np.lexsort((score, first, kind))
        ordered = kind[ranked]
        start = np.searchsorted(ordered, ordered, side="left")
        return labels.take(np.sort(ranked[np.arange(len(ranked)) - start < beam]))

    # -- trail --------------------------------------------------------------------------------------------------------

    def _edges(self, node: int, axis: int, d: int, factor: int, count: int) -> Ints:
        code = ((node * 8 + axis + 1) * 64 + d) * (1 << 40) + factor
        return np.full(count, code, np.int64)

    def _spell(self, index: int) -> list[Step]:
        steps = []
        for code in self.trail.path(index):
            head, factor = divmod(code, 1 << 40)
            rest, d = divmod(head, 64)
            node, axis = divmod(rest, 8)
            steps.append(Step(node, axis - 1, d, factor))
        return steps
