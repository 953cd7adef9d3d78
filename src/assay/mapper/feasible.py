"""Which mappings there are: whether any fits, without searching for the best.

Independent of the search. A tile is one divisor per dimension; the tiles that the loops placed so far can make are an
array of truth values over all of them. Walking from the compute outwards, a memory or an axis multiplies them by the
factors that it may iterate, and a memory leaves only those that it can hold. If the whole layer is not among the tiles
at the end, no mapping with perfect factors fits. The order of loops only matters where a tensor is stationary: then the
array is kept apart by which of these tensors have been replaced already.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from itertools import product
from math import ceil, inf, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.hardware.model import ALL, Axis, Fanout, Halo, Hardware, Memory
from assay.mapper.problem import Dimension
from assay.mapping.sums import tile_words
from assay.workload.einsum import Einsum, Tensor

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
States = dict[int, Bools]
"""By the set of stationary tensors (as bits) that have been replaced: the tiles that can be made."""


def has_mapping(einsum: Einsum, hardware: Hardware) -> bool:
    """Whether any mapping with perfect factors fits."""
    return Tiles(einsum, hardware).fit(hardware)


class Tiles:
    """All tiles of an einsum, as arrays with one entry per choice of a divisor of each dimension."""

    def __init__(self, einsum: Einsum, hardware: Hardware) -> None:
        self.einsum = einsum
        self.box = hardware.counting.halo is Halo.BOX
        self.dims = {name: Dimension.of(name, extent) for name, extent in einsum.dims if extent > 1}
        sizes = [len(dim.divisors) for dim in self.dims.values()]
        self.count = prod(sizes)
        self._views = {name: (prod(sizes[:i]), sizes[i], prod(sizes[i + 1 :])) for i, name in enumerate(self.dims)}
        self._steps: dict[tuple[str, int], tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]] = {}
        self._words: dict[str, Floats] = {}

    def fit(self, hardware: Hardware) -> bool:
        return self.outward(self.inside(hardware, 0), hardware, 0)

    def inside(self, hardware: Hardware, node: int) -> States:
        """What can be made of the loops further in than the node."""
        first = np.zeros(self.count, np.bool_)
        first[0] = True
        states = {0: first}
        for index in range(len(hardware.nodes) - 2, node, -1):
            states = self.through(states, hardware, index)
        return states

    def outward(self, states: States, hardware: Hardware, node: int) -> bool:
        """Whether the whole layer can be made of that with the loops at the node and further out."""
        for index in range(node, -1, -1):
            if index == 0 and _allows_all(hardware):
                return any(bool(reached.any()) for reached in states.values())
            states = self.through(states, hardware, index)
            if not states:
                return False
        return any(bool(reached[-1]) for reached in states.values())

    def through(self, states: States, hardware: Hardware, index: int) -> States:
        """What can be made when the loops of the node are added."""
        node = hardware.nodes[index]
        if isinstance(node, Memory):
            replaced = self._replaced(hardware, index)
            last = [[dim] for dim in reversed(node.order) if dim in self.dims] if any(replaced.values()) else []
            rest = [dim for dim in self.dims if [dim] not in last]
            factors = {dim: self.factors(node, dim) for dim in self.dims}
            for group in (*last, rest):
                states = self._iterated(states, group, factors, replaced)
            held = self.held(node, index)
            if held is not None:
                states = {key: reached & (self.bits(held) <= (node.capacity or 0)) for key, reached in states.items()}
        else:
            assert isinstance(node, Fanout)
            states = {key: self.laid(reached, node) for key, reached in states.items()}
        complete = [dim for dim in node.whole if dim in self.dims]
        if complete:
            states = {key: reached.copy() for key, reached in states.items()}
        for dim, reached in product(complete, states.values()):
            self._view(reached, dim)[:, :-1] = False
        return {key: reached for key, reached in states.items() if reached.any()}

    def held(self, node: Memory, index: int) -> tuple[Tensor, ...] | None:
        """The tensors that it must hold; None where its size never limits."""
        if node.capacity is None:
            return None
        return tuple(t for t in self.einsum.tensors if index == 0 or must_keep(node, t.name))

    def bits(self, tensors: Iterable[Tensor]) -> Floats:
        """Bits of the tensors, for each tile."""
        total = np.zeros(self.count)
        for tensor in tensors:
            if tensor.name not in self._words:
                self._words[tensor.name] = self._all_words(tensor)
            total += self._words[tensor.name] * tensor.bits
        return total

    def _all_words(self, tensor: Tensor) -> Floats:
        words = np.ones([len(dim.divisors) for dim in self.dims.values()] or [1])
        names = list(self.dims)
        for rank in tensor.ranks:
            own = [dim for dim in names if dim in rank.dims]
            rows = product(*(self.dims[dim].divisors for dim in own))
            table = [self.rank_words(tensor, dict(zip(own, row, strict=True)), rank) for row in rows]
            words *= np.array(table, np.float64).reshape([self._views[d][1] if d in own else 1 for d in names] or [1])
        return words.reshape(-1)

    def rank_words(self, tensor: Tensor, tile: dict[str, int], rank: Any) -> int:
        box = self.box and tensor is not self.einsum.output
        return tile_words(rank, dict.fromkeys(self.einsum.extents, 1) | tile, box)

    def tile(self, position: int) -> dict[str, int]:
        """The tile at a position of the arrays."""
        sizes = [self._views[dim][1] for dim in self.dims]
        indices = np.unravel_index(position, sizes) if sizes else ()
        return {dim.name: dim.divisors[int(i)] for dim, i in zip(self.dims.values(), indices, strict=True)}

    def factors(self, item: Memory | Axis, dim: str) -> tuple[int, ...] | None:
        """What the loops over the dimension may multiply to there, in rising order; None: anything."""
        divisors = self.dims[dim].divisors
        allowed = item.loops if isinstance(item, Memory) else item.dims
        fixed, most = dict(item.factors).get(dim), dict(item.max_factors).get(dim)
        if allowed is not None and dim not in allowed:
            divisors = (1,)
        elif fixed is None and most is None:
            return None
        if fixed is not None:
            divisors = tuple(d for d in divisors if d == (self.dims[dim].extent if fixed == ALL else fixed))
        return tuple(d for d in divisors if most is None or d <= most)

    def _replaced(self, hardware: Hardware, index: int) -> dict[str, int]:
        """For each dimension, which stationary tensors further in a loop over it replaces, as bits."""
        holds = [
            (node, tensor)
            for node, memory in enumerate(hardware.nodes)
            if isinstance(memory, Memory)
            for tensor in self.einsum.tensors
            if tensor.name in memory.stationary and (node == 0 or must_keep(memory, tensor.name))
        ]
        return {
            dim: sum(1 << bit for bit, (node, tensor) in enumerate(holds) if node > index and dim in tensor.dims)
            for dim in self.dims
        }

    def _iterated(
        self,
        states: States,
        dims: list[str],
        factors: dict[str, tuple[int, ...] | None],
        replaced: dict[str, int],
    ) -> States:
        """With loops in time over the dimensions, in any order that replaces no stationary tensor too early.

        Going outward, what a loop replaces must include what was replaced before, so loops come in classes by what
        they replace, and each class is passed once. Those with a fixed factor cannot be left out.
        """
        classes: dict[int, list[str]] = {}
        for dim in dims:
            if factors[dim] == ():
                return {}
            if factors[dim] != (1,):
                classes.setdefault(replaced[dim], []).append(dim)
        order = sorted(classes, key=lambda each: (each.bit_count(), each))
        must = [each for each in order if any(1 not in (factors[dim] or (1,)) for dim in classes[each])]
        table: dict[tuple[int, int], Bools] = {(key, 0): reached for key, reached in states.items()}
        for each in order:
            for done in [must.index(each)] if each in must else range(len(must) + 1):
                sources = [reached for (key, n), reached in table.items() if n == done and not key & ~each]
                if not sources:
                    continue
                reached = reduce(np.logical_or, sources, np.zeros(self.count, np.bool_))
                for dim in classes[each]:
                    reached = self._times(reached, dim, factors[dim])
                name = (each, done + (each in must))
                table[name] = table[name] | reached if name in table else reached
        return {key: reached for (key, done), reached in table.items() if done == len(must)}

    def laid(self, reached: Bools, fanout: Fanout) -> Bools:
        """With loops in space."""
        if fanout.min_utilization > 0:
            return self.spread(reached, fanout) >= least_children(fanout)
        for axis in fanout.axes:
            factors = {dim: self.factors(axis, dim) for dim in self.dims}
            most = prod(self.dims[dim].extent if own is None else max(own, default=1) for dim, own in factors.items())
            if most > axis.size:
                ratio = self.lengths(reached, axis)
                reached = ratio <= axis.size
            else:
                for dim, own in factors.items():
                    reached = self._times(reached, dim, own)
        return reached

    def lengths(self, reached: Bools, axis: Axis) -> Floats:
        """The fewest children along the axis, however long it is, with which each tile can be made."""
        ratio: Floats = np.where(reached, 1.0, inf)
        for dim in self.dims:
            own = self.factors(axis, dim)
            view = self._view(ratio, dim)
            if own is None:
                for prime in self.dims[dim].primes:
                    for i, j in self._pairs(dim, prime):
                        np.minimum(view[:, j], view[:, i] * prime, out=view[:, j])
            elif own != (1,):
                ratio = np.full(self.count, inf)
                for factor in own:
                    start, end = self._moves(dim, factor)
                    new = self._view(ratio, dim)
                    new[:, end] = np.minimum(new[:, end], view[:, start] * factor)
        return ratio

    def spread(self, reached: Bools, fanout: Fanout) -> Floats:
        """The most children with which each tile can be made; 0 where it cannot."""
        most: Floats = np.where(reached, 1.0, 0.0)
        for axis in fanout.axes:
            layers = {1: most}  # by children used along this axis
            for dim in self.dims:
                own = self.factors(axis, dim)
                wider: dict[int, Floats] = {}
                for used, factor in product(layers, self.dims[dim].divisors if own is None else own):
                    if used * factor <= axis.size:
                        start, end = self._moves(dim, factor)
                        moved = wider.setdefault(used * factor, np.zeros(self.count))
                        new, old = self._view(moved, dim), self._view(layers[used], dim)
                        new[:, end] = np.maximum(new[:, end], old[:, start] * factor)
                layers = wider
            most = reduce(np.maximum, layers.values(), np.zeros(self.count))
        return most

    def _times(self, reached: Bools, dim: str, factors: tuple[int, ...] | None) -> Bools:
        """With every tile times the factors of one dimension."""
        if factors == (1,):
            return reached
        if factors is None:
            result = reached.copy()
            view = self._view(result, dim)
            for prime in self.dims[dim].primes:
                for i, j in self._pairs(dim, prime):
                    view[:, j] |= view[:, i]
            return result
        result = np.zeros(self.count, np.bool_)
        new, old = self._view(result, dim), self._view(reached, dim)
        for factor in factors:
            start, end = self._moves(dim, factor)
            new[:, end] |= old[:, start]
        return result

    def _view(self, array: npt.NDArray[Any], dim: str) -> npt.NDArray[Any]:
        return array.reshape(self._views[dim])

    def _moves(self, dim: str, factor: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Positions of divisors, and of these times the factor."""
        if (dim, factor) not in self._steps:
            times = self.dims[dim].times(factor)
            start = np.flatnonzero(times >= 0)
            self._steps[dim, factor] = start, times[start].astype(np.intp)
        return self._steps[dim, factor]

    def _pairs(self, dim: str, factor: int) -> Iterable[tuple[int, int]]:
        start, end = self._moves(dim, factor)
        return zip(start.tolist(), end.tolist(), strict=True)


def _allows_all(hardware: Hardware) -> bool:
    """Whether the outermost memory can make the whole layer of any tile."""
    free = Memory("", keep=("",))
    first = hardware.nodes[0]
    limits = ("size", "loops", "factors", "max_factors")
    still = any(memory.stationary for memory in hardware.memories)
    return not still and all(getattr(first, limit) == getattr(free, limit) for limit in limits)


def least_children(fanout: Fanout) -> int:
    """How many children the utilization asks for."""
    return ceil(fanout.min_utilization * fanout.children - 1e-9)


def must_keep(memory: Memory, tensor: str) -> bool:
    return tensor in memory.keep and tensor not in memory.may_keep
