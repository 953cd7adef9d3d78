"""The search: all mappings with perfect factors at once, from the compute outwards.

Every loop placed multiplies the tile of the loops placed so far (`growth`). Labels with the same tiles are compared and
the beaten ones dropped (`labels`); labels that cannot come below the best one known so far are dropped (`bounds`).
What is left at the end is optimal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import numpy.typing as npt

from assay.hardware.model import Axis, Fanout, Memory
from assay.mapper.bounds import Bounds
from assay.mapper.growth import Growth
from assay.mapper.labels import TOLERANCE, Labels, Order, Trail, undominated
from assay.mapper.problem import Problem
from assay.mapper.spell import Step, mapping_energy, spell
from assay.mapper.tiles import Tiles

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAN = 0.1
"""A beam ranks labels between the energy they have if no later loop saves anything (1) and if every one does (0)."""

MOST_CANDIDATES = 64
"""Complete mappings whose exact energy is looked at, where the search knows only a bound of it."""

ROUNDING = 1e-13
"""Rounding of sums in which large amounts cancel, relative to these amounts."""

SLACK = 1e-9
"""Relative slack when labels are dropped against an upper bound, so that rounding never drops the best."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Where a search ended in vain: at this node no tile was left in which these dimensions are whole."""

    node: int
    dims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The best mapping of one search.

    Attributes:
        energy: joules of the modelled actions under it, from its exact counts.
        bound: joules; no mapping searched takes less.
        steps: temporal steps it takes.
        loops: its loops, from the innermost outwards.
    """

    energy: float
    bound: float
    steps: int
    loops: list[Step]


class Search:
    """The search of one problem.

    Args:
        fill: find the mapping of least energy among those of the fewest steps, not among all.

    Attributes:
        floor: joules that every mapping takes at least.
        obstacle: after a search in vain, why.
    """

    def __init__(self, problem: Problem, *, fill: bool = False) -> None:
        self.problem = problem
        self.fill = fill
        self.per_step = 0.0
        self.upper = np.inf
        self.most_steps = math.inf
        self.beam: int | None = None
        self.trail = Trail()
        self.obstacle: Obstacle | None = None
        self.nodes = problem.hardware.nodes
        self.tiles = Tiles(problem)
        self.growth = Growth(problem, self.tiles)
        negative = sum(1 << r.index for r in problem.records if any(c.joules < 0 for c in r.components))
        owner = tuple(window.record for window in problem.windows)
        self.order = Order(self.tiles.radix, self.growth.sliding, owner, negative, fill, problem.constant)
        self.bounds = Bounds(problem, self.tiles, self.growth.column)
        self._split = next((i for i, node in enumerate(self.nodes) if isinstance(node, Fanout)), len(self.nodes) - 1)
        self.floor = float(self.bounds.floor(self.growth.start(0.0), len(self.nodes) - 2)[0])

    def run(self, per_step: float, *, beam: int = 500) -> Found | None:
        """The best mapping, or None when there is none (then `obstacle` says why).

        A narrow pass (at most `beam` labels of each kind and size) finds a good mapping, a complete one drops what
        cannot beat it.

        Args:
            per_step: joules charged per temporal step, so little that they only decide between equals.
        """
        self.per_step = per_step
        quick = self._pass(beam)
        if quick is not None:
            self.most_steps = float(quick.steps)
            self.upper = np.inf if self.fill else self._total(quick)
        found = self._pass(None, beam, quick)
        if quick is None or (found and self._better(found, quick)):
            return found
        return replace(quick, bound=found.bound if found else self.floor)

    def _better(self, a: Found, b: Found) -> bool:
        return (a.steps, a.energy) < (b.steps, b.energy) if self.fill else self._total(a) <= self._total(b)

    def _total(self, found: Found) -> float:
        """Energy with the tie-break."""
        return found.energy + self.per_step * float(found.steps)

    def _pass(self, beam: int | None, retry: int | None = None, known: Found | None = None) -> Found | None:
        """From the compute to the outermost memory; `known` is a mapping found before. Where it does not help, because
        there may be mappings of fewer steps, a narrow pass of `retry` labels looks for a good one of them first."""
        self.beam = beam
        inside = self._walk(self.growth.start(self.per_step), len(self.nodes) - 2, self._split)
        for rows in self._classes(inside):
            labels = inside.take(rows)
            if self.fill:
                self.upper = np.inf
                if known and labels.parts[0, -1] >= float(known.steps) * self.per_step * (1 - SLACK):
                    self.upper = self._total(known)
                elif retry and (quick := self._finish(labels, retry)) is not None:
                    self.upper = self._total(quick)
            if (found := self._finish(labels, beam)) is not None:
                return found
        return None

    def _finish(self, labels: Labels, beam: int | None) -> Found | None:
        """From the outermost fanout outwards; then the exact energies of the most promising mappings."""
        self.beam = beam
        labels = self._walk(labels.take(np.arange(len(labels))), self._split - 1, 0)
        best: Found | None = None
        ranked = np.argsort(labels.cost, kind="stable")[:MOST_CANDIDATES].tolist()
        for index in ranked:
            claimed = float(labels.cost[index]) + self.problem.constant
            if best is not None and claimed >= self._total(best) * (1 - TOLERANCE):
                break
            loops = self._spell(int(labels.origin[index]))
            steps = self.problem.einsum.macs // prod(step.bound for step in loops if step.axis >= 0)
            energy = mapping_energy(self.problem.einsum, self.problem.hardware, spell(self.problem, loops))
            candidate = Found(energy, 0.0, steps, loops)
            if best is None or self._better(candidate, best):
                best = candidate
        if best is None:
            return None
        least = float(labels.cost[ranked[0]]) + self.problem.constant
        return replace(best, bound=min(least - self.per_step * self.problem.einsum.macs, best.energy))

    def _classes(self, labels: Labels) -> list[Ints]:
        """All labels at once, or with `fill` those of equal steps together, the fewest first."""
        if not self.fill:
            return [np.arange(len(labels))] if len(labels) else []
        # A class is a number of children used, which stays exact where the number of steps would not.
        used = np.round(self.per_step * float(self.problem.einsum.macs) / labels.parts[:, -1])
        return [np.flatnonzero(used == value) for value in np.unique(used)[::-1]]

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
        return labels.take(self.tiles.bits(labels.x, node) <= capacity)

    def _complete(self, labels: Labels, node: int, whole: tuple[str, ...]) -> Labels:
        """Labels in which the dimensions that must be whole at this node are, or must be because nothing further out,
        up to where they must, can place them."""
        whole = tuple({*whole, *self._overdue(node)})
        wanted = [d for d, dim in enumerate(self.problem.dims) if dim.name in whole]
        done = np.all(labels.x[:, wanted] == self.tiles.last[wanted], axis=1)
        if not done.any():
            missing = [self.problem.dims[d].name for d in wanted if not (labels.x[:, d] == self.tiles.last[d]).any()]
            self.obstacle = Obstacle(node, tuple(missing or whole))
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
        if len(labels) and self.fill and math.isfinite(self.most_steps):
            labels = labels.take(self._least_steps(labels, node) <= self.most_steps * (1 + SLACK))
        if len(labels) and np.isfinite(self.upper):
            rounding = SLACK * self.upper + ROUNDING * abs(self.problem.constant)
            labels = labels.take(self.bounds.floor(labels, node) <= self.upper + rounding)
        if not len(labels):
            return labels
        labels = labels.take(undominated(labels, self.order))
        return labels if self.beam is None or len(labels) <= self.beam else self._narrow(labels, node, self.beam)

    def _least_steps(self, labels: Labels, node: int) -> Floats:
        """The fewest temporal steps that the fanouts still ahead allow."""
        ahead = prod(item.children for item in self.nodes[: node + 1] if isinstance(item, Fanout))
        steps: Floats = labels.parts[:, -1] / self.per_step / ahead
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
        assert axis < 7
        assert d < 64
        assert factor < 1 << 40
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
