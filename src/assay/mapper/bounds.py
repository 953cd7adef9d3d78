"""How little a partial mapping can cost in the end: tables by which the search drops what cannot win.

Three parts add up (`floors` in core.c adds them):

- what is certain already;
- records begun: the next loop in time is over *some* dimension d. It settles every pending record whose tensor depends
  on d; the others may at best stay for all the loops that are left. The least over d of that sum is a bound. Words that
  fanouts still ahead share are divided by the most children that can share them (`shared`);
- records not begun: a table over all tiles (`future`), filled from the outermost memory inwards. For a memory, the
  least over all tiles that fit of what its own records cost at least, plus the table of the next memory outward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from assay.hardware.model import Fanout, Memory
from assay.mapper import _core
from assay.mapper.problem import Problem, Record, Window
from assay.mapper.tiles import Factor, Tiles, largest_divisor

Floats = npt.NDArray[np.float64]

MOST_JOINT, MOST_SETS = 8_000_000, 32
"""Figures that the joint tables of one problem may have, and tables of one stage."""

LARGEST_TABLE = 4_000_000
"""Tiles up to which tables are made; beyond, records not begun count with every word once."""


@dataclass(frozen=True, slots=True)
class Place:
    """One stage of the search: a memory, or (with `axis`, its position) one axis of a fanout."""

    node: int
    axis: int | None = None


def places(problem: Problem) -> list[Place]:
    """The stages, from the compute outwards."""
    found: list[Place] = []
    for index in range(len(problem.hardware.nodes) - 2, -1, -1):
        node = problem.hardware.nodes[index]
        found += [Place(index, axis) for axis in range(len(node.axes))] if isinstance(node, Fanout) else [Place(index)]
    return found


class Bounds:
    """The tables of one problem, for the objectives in `columns`."""

    def __init__(self, problem: Problem, tiles: Tiles, weights: Floats) -> None:
        self.problem = problem
        self.tiles = tiles
        self.weights = weights
        self.places = places(problem)
        self._most: dict[tuple[int, int, frozenset[int]], Factor] = {}
        self._joints: dict[tuple[int, frozenset[int]], Floats] = {}

    def spread(self, at: int) -> list[Factor]:
        """The most children that the fanouts from this stage outwards can give work."""
        every = frozenset(range(len(self.problem.dims)))
        return [self._children(node, axis, every) for node, axis in self._axes(at)]

    def _axes(self, at: int) -> list[tuple[int, int]]:
        """(node, axis) of the fanouts from this stage outwards."""
        nodes = dict.fromkeys(place.node for place in self.places[at:] if place.axis is not None)
        return [(node, axis) for node in nodes for axis in range(len(self.fanout(node).axes))]

    def fanout(self, node: int) -> Fanout:
        """The fanout at the node."""
        fanout = self.problem.hardware.nodes[node]
        assert isinstance(fanout, Fanout)
        return fanout

    def next(self, at: int) -> int:
        """The next stage of another node."""
        later = (i for i in range(at, len(self.places)) if self.places[i].node != self.places[at].node)
        return next(later, len(self.places))

    def shared(self, record: Record, at: int) -> list[Factor]:
        """The most children that can share the record's words, of the fanouts from this stage outwards."""
        return self._sharing(record, at, frozenset(range(len(self.problem.dims))) - record.pure)

    def shared_evenly(self, record: Record, at: int) -> list[Factor]:
        """The same without loops over dimensions of its windows."""
        slide = frozenset(d for w in record.windows for d in self.problem.windows[w].dims)
        return self._sharing(record, at, frozenset(range(len(self.problem.dims))) - record.pure - slide)

    def met(self, window: Window) -> Factor:
        """The most children that can share a window's words by loops over its dimensions: at most as many as there are
        indices left; and an address that is a sum of dimensions is met by as many of their indices at most as all of
        them but the longest have together (not so an address in a gap)."""
        dims = [self.problem.dims[d] for d in window.dims]
        left = np.ones([1] * len(dims))
        for i, dim in enumerate(dims):
            rest = dim.extent / np.array(dim.divisors, np.float64)
            left = left * rest.reshape([-1 if j == i else 1 for j in range(len(dims))])
        extents = [dim.extent for dim in dims]
        return window.dims, left if self.tiles.box else np.minimum(left, prod(extents) / max(extents))

    def _sharing(self, record: Record, at: int, dims: frozenset[int]) -> list[Factor]:
        every = frozenset(range(len(self.problem.dims)))
        return [
            self._children(node, axis, every if node in record.linked else dims)
            for node, axis in self._axes(at)
            if record.parent < node < record.child
        ]

    def most_shared(self, record: Record, at: int) -> Floats:
        """The lesser of the two, for every tile."""
        most = self.tiles.product(self.shared(record, at))
        if not record.windows:
            return most
        met = [self.met(self.problem.windows[w]) for w in record.windows]
        return np.minimum(most, self.tiles.product([*self.shared_evenly(record, at), *met]))

    def _children(self, node: int, number: int, dims: frozenset[int]) -> Factor:
        """The most children along an axis to which loops over these dimensions can lead, per tile."""
        axis = self.fanout(node).axes[number]
        used = dims & self.problem.positions(axis.dims)
        key = node, number, used
        if key not in self._most:
            names = sorted(used)
            most = largest_divisor(axis.size)
            left = np.ones([1] * len(names), np.object_)
            for i, d in enumerate(names):
                dim = self.problem.dims[d]
                rest = np.array([dim.extent // v for v in dim.divisors], np.object_)
                left = left * rest.reshape([-1 if j == i else 1 for j in range(len(names))])
            flat = [most(value) for value in left.reshape(-1).tolist()]
            self._most[key] = tuple(names), np.array(flat, np.float64).reshape(left.shape)
        return self._most[key]

    # -- records together ---------------------------------------------------------------------------------------------

    @property
    def finest(self) -> int:
        """Levels of a joint table that a factor of 2 takes: how finely the room of a fanout is told."""
        children = max((fanout.children for fanout in self.problem.hardware.fanouts), default=1)
        figures = 8 * self.tiles.count * max(children.bit_length(), 1)
        return next((finest for finest in (4, 2, 1) if figures * finest <= MOST_JOINT), 0)

    def levels(self, at: int) -> int:
        """Levels of the joint tables of this stage."""
        place = self.places[at]
        if place.axis is None:
            return 1
        return math.ceil(self.finest * math.log2(self.fanout(place.node).children) - 1e-9) + 1

    def joints(self, at: int) -> list[tuple[frozenset[int], Floats]]:
        """Sets of records that may be settled but not arrived here, the largest first, and per level and tile what they
        and all records not begun come down to at least, together: they share one tile on their way out."""
        if not self.finest:
            return []
        node = self.places[at].node
        waiting = [r for r in self.problem.records if self._waits(r, at) and r.parent < node]
        optional = [r for r in waiting if r.latched]
        always = frozenset(r.index for r in waiting if not r.latched)
        sets = {always | ({r.index for r in optional} - pending) for pending in self._guesses(optional)} | {always}
        sets |= {frozenset(r for r in chosen if not self.problem.records[r].windows) for chosen in sets}
        ranked = sorted(sets, key=lambda chosen: (-len(chosen), sorted(chosen)))
        return [(records, self._joint(at, records)) for records in ranked[:MOST_SETS]]

    def _waits(self, record: Record, at: int) -> bool:
        """Whether the record can be on its way, or arrive, at this stage, with words that fanouts share."""
        if record.linked:
            return False
        return record.parent <= self.places[at].node < record.child and any(c.roles for c in record.components)

    def _joint(self, at: int, records: frozenset[int]) -> Floats:
        place = self.places[at]
        if (place.node, records) not in self._joints:
            table = self._reached(at, records) if place.axis is not None else self._formed(at, records)
            self._joints[place.node, records] = table
        return self._joints[place.node, records]

    def _onward(self, at: int, records: frozenset[int]) -> Floats:
        """The joint table of a stage, seen from the one before it: nothing of its axis is used yet."""
        table = self._joint(at, records)
        return table[-1] if self.places[at].axis is not None else table

    def _arrival(self, record: Record) -> Floats:
        """What the shared words of a settled record add, if it has met all its fanouts with these tiles."""
        weight = sum(max(self.weights[c.index, 0], 0.0) for c in record.components if c.roles)
        words = self.tiles.passes()
        used = 1.0 if record.tensor is None else self.tiles.product(self.tiles.used[record.tensor.name])
        return np.asarray(weight * words * used, np.float64)

    def _formed(self, at: int, records: frozenset[int]) -> Floats:
        """At a memory: what arrives, and the least over the tiles that it may form of all that follows."""
        node, every = self.places[at].node, self.problem.records
        arrived = frozenset(r for r in records if every[r].parent == node)
        total = self.tiles.full(sum((self._arrival(every[r]) for r in arrived), np.zeros([1] * len(self.tiles.sizes))))
        if node == 0:
            return total
        memory = self.problem.hardware.nodes[node]
        assert isinstance(memory, Memory)
        begun = [r for r in every if r.latched and r.child == node]
        least = np.full(self.tiles.shape, np.inf)
        for pending in self._guesses(begun):
            value = self._onward(at + 1, self._still(at + 1, (records - arrived) | {r.index for r in begun} - pending))
            least = np.minimum(least, value + self._formed_alone(begun, pending, at + 1))
        return total + self.tiles.least_above(self._allowed(memory, node, least))

    def _still(self, at: int, records: frozenset[int]) -> frozenset[int]:
        """Those of the records that a joint table of the stage may hold."""
        return frozenset(r for r in records if self._waits(self.problem.records[r], at))

    def _guesses(self, begun: list[Record]) -> set[frozenset[int]]:
        """Which records may stay pending under the next loop in time."""
        sets = {frozenset(r.index for r in begun if d not in r.pure) for d in range(len(self.problem.dims))}
        return sets | {frozenset()}

    def _formed_alone(self, begun: list[Record], pending: frozenset[int], at: int) -> Floats:
        """What records that begin add, but for the shared words of those settled at once."""
        tiles, passes = self.tiles, self.tiles.passes()
        total = np.zeros([1] * len(tiles.sizes))
        for record in begun:
            assert record.tensor is not None
            words = tiles.footprint(record.tensor.name) * passes
            weights = [(self.weights[c.index, 0], bool(c.roles)) for c in record.components]
            gain = sum(min(w, 0.0) for w, _ in weights)
            alone = sum(max(w, 0.0) for w, shared in weights if not shared)
            together = sum(max(w, 0.0) for w, shared in weights if shared)
            if record.index in pending:
                less = 1.0 / self.most_shared(record, at)
                dims = [d for d in range(len(self.problem.dims)) if d not in record.pure]
                rest = np.minimum(tiles.product(tiles.placed[d] for d in dims), less)
                once = self.problem.einsum.words(record.tensor)
                total = total + words * gain + (alone + together) * np.maximum(words * rest, once)
            elif self._waits(record, at):
                total = total + words * (gain + alone)
            else:
                total = total + words * (gain + alone + together)
        return total

    def _reached(self, at: int, records: frozenset[int]) -> Floats:
        """At a fanout: the least of what follows over the tiles that loops along its axes can lead to, per room."""
        fanout = self.fanout(self.places[at].node)
        steps: list[int] = []
        for d, dim in enumerate(self.problem.dims):
            most = prod(axis.size for axis in fanout.axes if d in self.problem.positions(axis.dims))
            pairs = [
                (i, j, math.floor(self.finest * math.log2(large // small) + 1e-9))
                for i, small in enumerate(dim.divisors)
                for j, large in enumerate(dim.divisors)
                if large > small and large % small == 0 and large // small <= most
            ]
            if pairs:
                steps += [prod(self.tiles.sizes[:d]), len(dim.divisors), len(pairs), *[n for p in pairs for n in p]]
        after = self.next(at)
        onward = self._onward(after, self._still(after, records))
        table = np.empty((self.levels(at), *self.tiles.shape))
        table[...] = onward
        _core.reach(table, np.empty_like(table), np.array(steps, np.int64), self.tiles.count)
        return table

    # -- records one by one -------------------------------------------------------------------------------------------

    def future(self, column: int) -> list[Floats | float]:
        """Per stage, what records not begun there add to an objective at least: per tile, or for all."""
        found: dict[int, Floats | float] = {}
        outward: Floats | float = 0.0
        latched = [c.index for r in self.problem.records if r.latched for c in r.components]
        simple = column > 0 and not (self.weights[latched, column] < 0).any()
        simple |= self.tiles.count > LARGEST_TABLE
        for at in range(len(self.places) - 1, -1, -1):
            place = self.places[at]
            memory = self.problem.hardware.nodes[place.node]
            if isinstance(memory, Memory) and at < len(self.places) - 1:
                begun = [r for r in self.problem.records if r.latched and r.child == place.node]
                if simple:
                    assert isinstance(outward, float)
                    outward = outward + sum(self._once(record, column) for record in begun)
                else:
                    outward = self._table(memory, place.node, at, begun, column, outward)
            found[at] = outward
        return [found[at] for at in range(len(self.places))]

    def _table(
        self, memory: Memory, node: int, at: int, begun: list[Record], column: int, outward: Floats | float
    ) -> Floats:
        tiles = self.tiles
        cost = tiles.full(self._opened(begun, at + 1, column)) + outward
        return tiles.least_above(self._allowed(memory, node, cost))

    def _allowed(self, memory: Memory, node: int, values: Floats) -> Floats:
        """The values, infinite for tiles that the memory may not form."""
        tiles, values = self.tiles, np.asarray(values, np.float64)
        if memory.capacity is not None:
            bits = np.zeros([1] * len(tiles.sizes))
            for tensor in self.problem.einsum.tensors:
                if tensor.name in self.problem.keep[node]:
                    bits = bits + tiles.footprint(tensor.name) * tensor.bits
            values[np.broadcast_to(bits, tiles.shape) > memory.capacity] = np.inf
        for d in self.problem.positions(memory.whole):
            values[np.broadcast_to(tiles.incomplete(d), tiles.shape)] = np.inf
        return values

    def _opened(self, begun: list[Record], at: int, column: int) -> Floats:
        """What records that begin at a tile come down to at least: as `floors` in core.c, for labels just opened."""
        tiles, passes = self.tiles, self.tiles.passes()
        every = range(len(self.problem.dims))
        one = np.ones([1] * len(tiles.sizes))
        settled, stays = [], []
        for record in begun:
            assert record.tensor is not None
            words = tiles.footprint(record.tensor.name) * passes
            less = 1.0 / self.most_shared(record, at)
            rest = np.minimum(tiles.product(tiles.placed[d] for d in every if d not in record.pure), less)
            gain = sum(min(self.weights[c.index, column], 0.0) for c in record.components)
            alone = sum(max(self.weights[c.index, column], 0.0) for c in record.components if not c.roles)
            together = sum(max(self.weights[c.index, column], 0.0) for c in record.components if c.roles)
            once = self.problem.einsum.words(record.tensor)
            settled.append(words * (gain + alone) + together * np.maximum(words * less, once))
            stays.append(words * gain + (alone + together) * np.maximum(words * rest, once))
        total = sum(settled, 0.0 * one)
        least = total
        for d in every:
            case = sum((s if d in r.pure else t for r, s, t in zip(begun, settled, stays, strict=True)), 0.0 * one)
            least = np.where(tiles.incomplete(d), np.minimum(least, case), least)
        return least

    def _once(self, record: Record, column: int) -> float:
        """Joules of a record if every word crossed its boundary once, and negative parts were as large as can be."""
        assert record.tensor is not None
        problem = self.problem
        words = problem.einsum.words(record.tensor)
        most = problem.einsum.macs
        fanouts = [n for n in problem.hardware.nodes[record.parent + 1 : record.child] if isinstance(n, Fanout)]
        most = min(most, problem.einsum.macs * prod(f.children for f in fanouts))
        total = 0.0
        for component in record.components:
            weight = float(self.weights[component.index, column])
            total += weight * (words if weight > 0 else most)
        return total
