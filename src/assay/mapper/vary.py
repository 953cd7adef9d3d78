"""Mappings with remainders near a given one: other bounds of its loops, counted exactly and in bulk.

A *pattern* is a mapping with a loop of every dimension at every place that may have one (of bound 1 where the mapping
has none). A dimension's bounds are changed two at a time: one loop gets another bound, and a second one what is then
needed to cover the dimension. Bounds of two dimensions are changed together, too, so that one may take room from the
other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, permutations, product

import numpy as np
import numpy.typing as npt

from assay.errors import UnsupportedError
from assay.hardware.actions import energy_per_word
from assay.hardware.model import Axis, Fanout, Halo, Hardware, Memory, Multicast, Node
from assay.mapping.counts import Action
from assay.mapping.latency import port_limits
from assay.mapping.many import ManyAnalyses, analyse_many, with_bounds
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, Rank

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Row = tuple[int, ...]

CHAINS, NEAR_CHAINS = 24, 10
"""Bounds of one dimension that are tried together with those of another; and of one in the same address."""

VALUES = 12
"""Bounds of one loop that are tried."""

OFFERED = 8
"""Of the mappings counted together, how many are looked at closely."""

SLOW_ROWS = 60
"""Mappings counted at a time where they are counted one by one."""


@dataclass(frozen=True, slots=True)
class Rated:
    """Rows of bounds of one pattern: which fit, and their joules and cycles. The cycles are those of the compute and
    of the memories' ports, without waits: the exact ones are no fewer."""

    rows: Ints
    fits: Bools
    energy: Floats
    cycles: Floats
    steps: Ints

    def order(self, value: Floats, most: int) -> list[int]:
        """The best of those that fit, best first."""
        found = np.flatnonzero(self.fits)
        return [int(i) for i in found[np.argsort(value[found], kind="stable")[:most]]]


class Machine:
    """An einsum on a hardware: which mappings it allows, and what many of them take."""

    def __init__(self, einsum: Einsum, hardware: Hardware) -> None:
        self.einsum = einsum
        self.hardware = hardware
        self.extents = einsum.extents
        self.dims = tuple(dim for dim, extent in einsum.dims if extent > 1)

    @cached_property
    def slow(self) -> bool:
        """Whether mappings with remainders are counted one by one."""
        shares = any(f.multicast is Multicast.TILE for f in self.hardware.fanouts)
        box = self.hardware.counting.halo is Halo.BOX
        return shares and (box or any(len(r.terms) > 1 for t in self.einsum.inputs for r in t.ranks))

    def meet(self, a: str, b: str) -> bool:
        """Whether two dimensions are in one address, so that their sums are taken together."""
        return any({a, b} <= set(rank.dims) for tensor in self.einsum.tensors for rank in tensor.ranks)

    def spots(self) -> Iterator[tuple[int, str | None, Memory | Axis]]:
        """Where loops may stand: node, axis, and its constraints."""
        for index, node in enumerate(self.hardware.nodes):
            if isinstance(node, Memory):
                yield index, None, node
            elif isinstance(node, Fanout):
                yield from ((index, axis.name, axis) for axis in node.axes)

    def outward(self) -> Hardware:
        """The hardware without loops inside of a factor that is asked for, but those asked for, too: if its iterations
        can all run, they can there. The same object where no factor is asked for."""
        inner = {}  # by dimension, spots inside of the outermost that has its factor fixed
        spots = list(self.spots())
        for dim in self.dims:
            fixed = [i for i, (_, _, spot) in enumerate(spots) if dict(spot.factors).get(dim) is not None]
            inner[dim] = [i for i in range(len(spots)) if fixed and i > fixed[0] and i not in fixed]
        if not any(inner.values()):
            return self.hardware
        nodes: list[Node] = list(self.hardware.nodes)
        for i, (index, name, spot) in enumerate(spots):
            banned = [dim for dim in self.dims if i in inner[dim]]
            most = (*(each for each in spot.max_factors if each[0] not in banned), *((dim, 1) for dim in banned))
            node = nodes[index]
            if isinstance(node, Fanout):
                axes = (replace(axis, max_factors=most) if axis.name == name else axis for axis in node.axes)
                nodes[index] = replace(node, axes=tuple(axes))
            elif isinstance(node, Memory):
                nodes[index] = replace(node, max_factors=most)
        return replace(self.hardware, nodes=tuple(nodes))

    def most(self, spot: Memory | Axis, dim: str) -> int:
        """The largest bound that a loop over the dimension may have there; 1: none may stand there."""
        names = spot.loops if isinstance(spot, Memory) else spot.dims
        if names is not None and dim not in names:
            return 1
        limits = [bound or self.extents[dim] for name, bound in (*spot.factors, *spot.max_factors) if name == dim]
        size = spot.size if isinstance(spot, Axis) else self.extents[dim]
        return min([size, self.extents[dim], *limits])

    # -- which are allowed --------------------------------------------------------------------------------------------

    def allowed(self, mapping: Mapping, rows: Ints) -> Bools:
        """Which rows of bounds of the mapping's loops obey all constraints but capacities.

        What never runs is not allowed: a last iteration, or the work of the last child along an axis.
        """
        loops = [(index, loop) for index, level in enumerate(mapping.levels) for loop in level.loops]
        good = np.full(len(rows), self._ordered(mapping, rows), bool)

        def multiplied(chosen: Callable[[int, Loop], bool]) -> Ints:
            columns = [i for i, (index, loop) in enumerate(loops) if chosen(index, loop)]
            return np.asarray(rows[:, columns].prod(axis=1), np.int64)

        for dim, extent in self.einsum.dims:
            inside = np.ones(len(rows), np.int64)
            along: dict[tuple[int, str], Ints] = {}  # where the last child along an axis begins
            for i, (index, loop) in reversed(list(enumerate(loops))):
                if loop.dim != dim:
                    continue
                last = (rows[:, i] - 1) * inside
                if loop.axis is not None:
                    last = along[index, loop.axis] = last + along.get((index, loop.axis), 0)
                good &= last < extent
                inside *= rows[:, i]
            good &= inside >= extent
        for index, axis, spot in self.spots():
            for dim in self.dims:
                bound = multiplied(lambda i, loop, n=index, a=axis, d=dim: (i, loop.axis, loop.dim) == (n, a, d))  # type: ignore[misc]
                fixed = dict(spot.factors).get(dim)
                if fixed is not None:
                    good &= bound == min(fixed or self.extents[dim], self.extents[dim])
                good &= bound <= self.most(spot, dim)
            if isinstance(spot, Axis):
                good &= multiplied(lambda i, loop, n=index, a=axis: (i, loop.axis) == (n, a)) <= spot.size  # type: ignore[misc]
        for index, node in enumerate(self.hardware.nodes[:-1]):
            assert isinstance(node, Memory | Fanout)
            for dim in node.whole:
                if dim in self.dims:
                    inside = multiplied(lambda i, loop, n=index, d=dim: i >= n and loop.dim == d)  # type: ignore[misc]
                    good &= inside >= self.extents[dim]
            if isinstance(node, Fanout) and node.min_utilization:
                used = multiplied(lambda i, _, n=index: i == n)  # type: ignore[misc]
                good &= used >= node.min_utilization * node.children - 1e-9
        return good

    def _ordered(self, mapping: Mapping, rows: Ints) -> bool:
        """Whether the loops (but those that run once in all rows) stand in the order asked for."""
        runs = iter([int(most) > 1 for most in rows.max(axis=0)])
        levels = [[loop for loop in level.loops if next(runs)] for level in mapping.levels]
        for index, axis, spot in self.spots():
            dims = [loop.dim for loop in levels[index] if loop.axis == axis]
            placed = [spot.order.index(dim) if dim in spot.order else -1 for dim in dims]
            if placed != sorted(placed) or any(placed.count(p) > 1 for p in placed if p >= 0):
                return False
            if isinstance(spot, Memory):
                for name in spot.stationary:
                    if name in mapping.levels[index].keep and not self._stays(levels[:index], name):
                        return False
        return True

    def _stays(self, levels: list[list[Loop]], name: str) -> bool:
        needed = self.einsum.tensor(name).dims
        flags = [loop.dim not in needed for loops in levels for loop in loops if loop.axis is None]
        return flags == sorted(flags)

    def is_allowed(self, mapping: Mapping) -> bool:
        """As `allowed`, for one mapping."""
        return bool(self.allowed(mapping, np.array([[loop.bound for loop in mapping.loops]], np.int64))[0])

    # -- what they take -----------------------------------------------------------------------------------------------

    def rate(self, pattern: Mapping, rows: Ints, *, fitting: bool = False) -> Rated:
        """Count the mappings with these bounds; `fitting`: leave out those that do not fit."""
        keep = self.allowed(pattern, rows)
        if fitting:
            keep &= self._room(pattern, rows)
        if not keep.any():
            none = np.zeros(0)
            return Rated(rows[:0], none.astype(bool), none, none, none.astype(np.int64))
        rows = rows[keep]
        if self.slow:
            rows = rows[:SLOW_ROWS]
        many = analyse_many(self.einsum, self.hardware, pattern, rows)
        return Rated(rows, self._fits(many), self._energy(many), self._cycles(many), many.steps)

    def _room(self, pattern: Mapping, rows: Ints) -> Bools:
        """Which mappings may fit, from their tiles alone."""
        good = np.ones(len(rows), bool)
        for index, (node, level) in enumerate(zip(self.hardware.nodes, pattern.levels, strict=False)):
            if not isinstance(node, Memory) or node.capacity is None:
                continue
            inner = [loop for below in pattern.levels[index:] for loop in below.loops]
            first = rows.shape[1] - len(inner)
            tiles = {}
            for dim, extent in self.einsum.dims:
                columns = [first + i for i, loop in enumerate(inner) if loop.dim == dim]
                tiles[dim] = np.minimum(rows[:, columns].prod(axis=1), extent)
            bits = np.zeros(len(rows), np.int64)
            for tensor in self.einsum.tensors:
                if tensor.name in level.keep:
                    words = np.full(len(rows), tensor.bits, np.int64)
                    for rank in tensor.ranks:
                        words *= _least_words(rank, tiles)
                    bits += words
            good &= bits <= node.capacity
        return good

    def _bits(self, tensor: str | None) -> int:
        return self.hardware.compute.bits if tensor is None else self.einsum.tensor(tensor).bits

    def _fits(self, many: ManyAnalyses) -> Bools:
        good = np.ones(len(many.steps), bool)
        for memory in self.hardware.memories:
            if memory.capacity is not None:
                used = [w * self._bits(tensor) for (name, tensor), w in many.occupancy.items() if name == memory.name]
                good &= sum(used, np.zeros(len(good), np.int64)) <= memory.capacity
        return good

    def _energy(self, many: ManyAnalyses) -> Floats:
        total = np.zeros(len(many.steps))
        for (name, tensor, action), count in many.counts.items():
            total += count * (energy_per_word(self.hardware, name, action, self._bits(tensor)) or 0.0)
        return total

    def _cycles(self, many: ManyAnalyses) -> Floats:
        cycles = np.ceil(many.steps / self.hardware.compute.macs_per_cycle)
        ways = {"read": (Action.READ,), "write": (Action.FILL, Action.UPDATE)}
        for (index, port), limit in port_limits(self.hardware).items():
            actions = (*ways["read"], *ways["write"]) if port == "total" else ways.get(port, ())
            bits = np.zeros(len(cycles))
            for (name, tensor, action), count in many.counts.items():
                if name == self.hardware.nodes[index].name and action in actions:
                    bits += count * float(self._bits(tensor))
            cycles = np.maximum(cycles, np.ceil(bits / many.active[index] / float(limit) - 1e-9))
        return cycles


def _least_words(rank: Rank, tiles: dict[str, Ints]) -> Ints:
    """Words of an address in tiles; of a sum of three dimensions or more, no more than there are."""
    terms = [(term.coefficient, tiles[term.dim]) for term in rank.terms]
    if len(terms) == 2:
        (a, m), (b, n) = terms
        common = math.gcd(a, b)
        words: Ints = m * n - np.maximum(m - b // common, 0) * np.maximum(n - a // common, 0)
        return words
    return np.asarray(np.maximum.reduce([n for _, n in terms]), np.int64)


def trimmed(mapping: Mapping, extents: dict[str, int]) -> Mapping:
    """The same tiles without iterations that never run, loops that run once, and loops in two."""
    covered = dict.fromkeys(extents, 1)
    levels = []
    for level in reversed(mapping.levels):
        loops: list[Loop] = []
        for loop in reversed(level.loops):
            bound = min(loop.bound, -(-extents[loop.dim] // covered[loop.dim]))
            if bound == 1:
                continue
            near = loops[:1] if loop.axis is None else loops  # in space, those over other dimensions part none in two
            place, inner = next(((i, each) for i, each in enumerate(near) if each.dim == loop.dim), (0, loop))
            if inner is not loop and inner.axis == loop.axis:
                covered[loop.dim] //= inner.bound
                bound = min(inner.bound * bound, -(-extents[loop.dim] // covered[loop.dim]))
                del loops[place]
            else:
                place = 0
            covered[loop.dim] *= bound
            loops.insert(place, Loop(loop.dim, bound, loop.axis))
        levels.append(Level(level.node, tuple(loops), level.keep))
    return Mapping(tuple(reversed(levels)))


def turned(mapping: Mapping) -> Iterator[Mapping]:
    """The mapping with the axes of its fanouts one inside the other in every order: with remainders, loops over one
    dimension along two axes may leave work for as many children as asked for in one order only."""
    levels = []
    for level in mapping.levels:
        orders = permutations(dict.fromkeys(loop.axis for loop in level.loops))
        loops = [tuple(loop for axis in order for loop in level.loops if loop.axis == axis) for order in orders]
        levels.append([Level(level.node, each, level.keep) for each in loops])
    yield from (Mapping(each) for each in product(*levels))


def different_bounds(extent: int, most: int) -> list[int]:
    """The least bound of each number of tiles that it leaves, and the most bound."""
    found = {-(-extent // n) for n in range(1, math.isqrt(extent) + 1)} | set(range(1, math.isqrt(extent) + 2))
    return sorted({b for b in found if b <= most} | {min(most, extent)})


class Pattern:
    """A mapping with room for a loop of every dimension at every place.

    Args:
        inside: put new loops in time inside of those that are at the node already (else outside).
    """

    def __init__(self, machine: Machine, mapping: Mapping, inside: bool) -> None:
        self.machine = machine
        levels = [list(level.loops) for level in mapping.levels]
        for index, axis, spot in machine.spots():
            for dim in machine.dims:
                here = any((loop.dim, loop.axis) == (dim, axis) for loop in levels[index])
                if here or machine.most(spot, dim) == 1 or (spot.order and axis is None):
                    continue
                if axis is not None or inside:
                    levels[index].append(Loop(dim, 1, axis))
                else:
                    levels[index].insert(0, Loop(dim, 1, axis))
        self.mapping = Mapping(
            tuple(Level(m.node, tuple(loops), m.keep) for m, loops in zip(mapping.levels, levels, strict=True))
        )
        self.start: Row = tuple(loop.bound for loop in self.mapping.loops)
        self.columns = {d: [i for i, loop in enumerate(self.mapping.loops) if loop.dim == d] for d in machine.dims}
        spots = {(index, axis): spot for index, axis, spot in machine.spots()}
        self.limits = [
            machine.most(spots[index, loop.axis], loop.dim)
            for index, level in enumerate(self.mapping.levels)
            for loop in level.loops
        ]

    def chains(self, dim: str) -> Ints:
        """Other bounds of the loops over one dimension: see the top of the module."""
        columns, extent = self.columns[dim], self.machine.extents[dim]
        here = [self.start[i] for i in columns]
        limits = [self.limits[i] for i in columns]
        found = {tuple(here): None}
        for i, j in permutations(range(len(columns)), 2):
            if j and here[j] == 1:
                continue  # the second takes from a loop that is there, or it is the outermost
            for value in self._values(here[i], extent, limits[i]):
                bounds = list(here)
                bounds[i], bounds[j] = value, 1
                bounds[j] = -(-extent // math.prod(bounds))
                if bounds[j] <= limits[j]:
                    found[self._trim(bounds, extent)] = None
        return np.array(list(found), np.int64)

    @staticmethod
    def _values(here: int, extent: int, most: int) -> list[int]:
        """Other bounds of a loop: all that differ, or of many those near multiples and parts of the present one."""
        values = different_bounds(extent, most)
        if len(values) <= VALUES:
            return values
        chosen = {here * k for k in (2, 3, 4)} | {-(-here // k) for k in (2, 3, 4)} | {here - 1, here + 1, 1, 2, 3}
        chosen |= {values[k * (len(values) - 1) // (VALUES // 2)] for k in range(VALUES // 2 + 1)}
        return sorted(v for v in chosen if 1 <= v <= most)

    @staticmethod
    def _trim(bounds: list[int], extent: int) -> Row:
        covered = 1
        for k in range(len(bounds) - 1, -1, -1):
            bounds[k] = min(bounds[k], -(-extent // covered))
            covered *= bounds[k]
        return tuple(bounds)

    def rows(self, chosen: dict[str, Ints]) -> Ints:
        """All combinations of these bounds of some dimensions, the others as they are."""
        counts = [len(chain) for chain in chosen.values()]
        grid = np.indices(counts).reshape(len(counts), -1)
        rows = np.tile(np.array(self.start, np.int64), (grid.shape[1], 1))
        for (dim, chain), index in zip(chosen.items(), grid, strict=True):
            rows[:, self.columns[dim]] = chain[index]
        return rows


Value = Callable[[Rated], Floats]
Offer = Callable[[Mapping], bool]


def improve(
    machine: Machine, mapping: Mapping, value: Value, offer: Offer, rounds: int, over: Callable[[], bool]
) -> int:
    """Look for better mappings near this one, round after round from the best found.

    Args:
        value: what is to be least, from joules and cycles.
        offer: takes a mapping, and says whether it is better than all before.
        over: whether time is up.

    Returns:
        Mappings looked at.
    """
    looked = 0
    for turn in range(rounds):
        pattern = Pattern(machine, mapping, inside=turn % 2 == 0)
        try:
            found, seen = _round(machine, pattern, value, offer, over)
        except UnsupportedError:  # counts beyond 63 bits
            return looked
        looked += seen
        if found is None and turn % 2:
            break
        mapping = found or mapping
        if over():
            break
    return looked


def _round(
    machine: Machine, pattern: Pattern, value: Value, offer: Offer, over: Callable[[], bool]
) -> tuple[Mapping | None, int]:
    looked, better = 0, None

    def look(rows: Ints, fitting: bool = False) -> tuple[Rated, Floats]:
        nonlocal looked, better
        rated = machine.rate(pattern.mapping, rows, fitting=fitting)
        looked += len(rated.rows)
        values = value(rated)
        for i in rated.order(values, OFFERED):
            mapping = trimmed(with_bounds(pattern.mapping, rated.rows[i].tolist()), machine.extents)
            if machine.is_allowed(mapping) and offer(mapping):
                better = mapping
        return rated, values

    rated, values = look(np.concatenate([pattern.rows({dim: pattern.chains(dim)}) for dim in pattern.columns]))
    if machine.slow or over():
        return better, looked
    start = np.array(pattern.start, np.int64)
    short = {}
    for dim, columns in pattern.columns.items():
        others = [i for i in range(len(start)) if i not in columns]
        mine = np.flatnonzero((rated.rows[:, others] == start[others]).all(axis=1))
        best = mine[np.argsort(values[mine], kind="stable")[:CHAINS]]
        short[dim] = rated.rows[best][:, columns]
    pairs = []
    for a, b in combinations(short, 2):
        most = NEAR_CHAINS if machine.meet(a, b) else CHAINS
        if len(short[a]) and len(short[b]):
            pairs.append(pattern.rows({a: short[a][:most], b: short[b][:most]}))
    if pairs:
        look(np.concatenate(pairs), fitting=True)
    return better, looked
