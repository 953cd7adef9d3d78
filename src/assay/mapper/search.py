"""The search: all mappings with perfect factors at once, from the compute outwards.

Every loop placed multiplies the tile of the loops placed so far (`growth`). Labels with the same tiles are compared and
the beaten ones dropped (`labels`); labels that cannot come below the best complete mapping known are dropped (`bounds`).
What is left at the end is optimal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np
import numpy.typing as npt

from assay.hardware.model import Axis, Fanout, Memory
from assay.mapper.bounds import Bounds
from assay.mapper.growth import Growth
from assay.mapper.labels import Labels, Order, Trail, undominated
from assay.mapper.problem import Problem
from assay.mapper.tiles import Tiles

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
        self.growth = Growth(problem, self.tiles, per_step=per_step)
        self.order = Order(
            self.tiles.radix,
            self.growth.sliding,
            tuple(window.record for window in problem.windows),
            sum(1 << r.index for r in problem.records if any(c.joules < 0 for c in r.components)),
            fill,
        )
        self.bounds = Bounds(problem, self.tiles, self.growth.column)
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
        inside = self._walk(self.growth.start(), len(self.nodes) - 2, self._split)
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

    # -- stages -------------------------------------------------------------------------------------------------------

    def _memory(self, labels: Labels, node: int, memory: Memory) -> Labels:
        self.growth.arrive(labels, node)
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
                grown = self.growth.loop(bunch, node, d, p)
                if grown is not None and len(grown := self._fitting(grown, node, memory)):
                    self.trail.record(grown, self._edges(node, -1, d, p, len(grown)))
                    self._file(buckets, grown)
        done = Labels.join(left) if left else labels.take(np.zeros(0, np.int64))
        whole = tuple(dim.name for dim in self.problem.dims) if node == 0 else memory.whole
        done = self._complete(done, node, whole)
        if node == 0:
            done.cost = done.cost + done.parts.sum(axis=1)
            return done
        self.growth.open(done, node)
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
                grown = self.growth.spread(labels, node, d, factor, axis.size)
                if grown is not None:
                    self.trail.record(grown, self._edges(node, index, d, factor, len(grown)))
                    stock.append(grown)
            labels = self._thin(Labels.join(stock), node)
        labels.used = np.ones(len(labels), np.int64)
        return self._thin(labels, node)

    # -- bookkeeping --------------------------------------------------------------------------------------------------

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
