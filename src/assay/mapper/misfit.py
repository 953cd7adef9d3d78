"""Why no mapping fits: which tensor needs how much where, and the smallest change that would let one fit.

Independent of the search. A tile is one divisor per dimension; the tiles that the loops placed so far can make are an
array of truth values over all of them. Walking from the compute outwards, a memory or an axis multiplies them by the
factors that it may iterate, and a memory leaves only those that it can hold. If the whole layer is not among the tiles
at the end, no mapping with perfect factors fits. The order of loops only matters where a tensor is stationary: then the
array is kept apart by which of these tensors have been replaced already.

The reason is what is left when every constraint has been dropped without which still nothing fits. So whatever single
change lets a mapping fit is a change of something in it; where none does, there is a second reason as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from itertools import combinations, product
from math import ceil, floor, inf, prod
from operator import or_
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.errors import NoMappingError
from assay.hardware.model import ALL, Axis, Fanout, Halo, Hardware, Memory
from assay.mapper.problem import Dimension
from assay.mapping.sums import tile_words
from assay.workload.einsum import Einsum, Tensor

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
States = dict[int, Bools]
"""By the set of stationary tensors (as bits) that have been replaced: the tiles that can be made."""

MOST_TILES = 5_000_000
"""With more, only reasons in few dimensions are looked for: every look at all tiles would take seconds."""
FEW_TILES = 20_000
ALTERNATIVES = 3
DROPPED = 2.0
"""Dropping a constraint counts as much as doubling a size."""


class Kind(StrEnum):
    """What a change is about: the key of the hardware file."""

    SIZE = "size"
    AXIS = "axis"
    DIMS = "dims"
    LOOPS = "loops"
    WHOLE = "whole"
    KEEP = "keep"
    FACTORS = "factors"
    MAX_FACTORS = "max_factors"
    ORDER = "order"
    STATIONARY = "stationary"
    MIN_UTILIZATION = "min_utilization"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a hardware that allows more mappings.

    Attributes:
        node: index of the node.
        axis: name of the axis, where it is about one.
        names: dimensions or tensors that are added (dims, loops) or taken out (whole, keep, factors, stationary).
        amount: the new size in bits, children along the axis, largest factor, or share of children; None: no limit.
        ratio: how many times as much that is; `DROPPED` where nothing has a size.
    """

    kind: Kind
    node: int
    axis: str = ""
    names: tuple[str, ...] = ()
    amount: float | None = None
    ratio: float = DROPPED

    def apply(self, hardware: Hardware) -> Hardware:
        """The changed hardware."""
        node = hardware.nodes[self.node]
        nodes = list(hardware.nodes)
        if self.axis:
            assert isinstance(node, Fanout)
            axes = tuple(self._changed(axis) if axis.name == self.axis else axis for axis in node.axes)
            nodes[self.node] = replace(node, axes=axes)
        else:
            nodes[self.node] = self._changed(node)
        return replace(hardware, nodes=tuple(nodes))

    def _changed(self, item: Any) -> Any:
        fields: dict[str, Any]
        if self.kind is Kind.SIZE:
            fields = {"size": self.amount, "reserved": 0 if self.amount is None else item.reserved}
        elif self.kind is Kind.AXIS:
            fields = {"size": 1 << 62 if self.amount is None else self.amount}
        elif self.kind is Kind.MIN_UTILIZATION:
            fields = {"min_utilization": self.amount or 0.0}
        elif self.kind is Kind.ORDER:
            fields = {"order": ()}
        elif self.kind in (Kind.LOOPS, Kind.DIMS):
            fields = {self.kind.value: (*getattr(item, self.kind.value), *self.names)}
        elif self.kind in (Kind.FACTORS, Kind.MAX_FACTORS):
            kept = [(d, f) for d, f in getattr(item, self.kind.value) if d not in self.names]
            fields = {self.kind.value: (*kept, *((d, self.amount) for d in self.names if self.amount is not None))}
        else:
            fields = {self.kind.value: tuple(n for n in getattr(item, self.kind.value) if n not in self.names)}
            if self.kind is Kind.KEEP:
                fields["may_keep"] = (*item.may_keep, *self.names)
        return replace(item, **fields)


def has_mapping(einsum: Einsum, hardware: Hardware) -> bool:
    """Whether any mapping with perfect factors fits."""
    return _Tiles(einsum, hardware).fit(hardware)


def explain_misfit(einsum: Einsum, hardware: Hardware) -> NoMappingError:
    """Why no mapping with perfect factors fits, and what would let one.

    Raises:
        ValueError: some mapping fits.
        UnsupportedError: an extent is too large.
    """
    if prod(_divisors(einsum).values()) > MOST_TILES:
        hardware = _unasked(hardware)
        few = _few(einsum, hardware)
        if few is None:
            advice = "the layer has too many tiles to say why: look for the reason with smaller dimensions"
            return NoMappingError(f"no mapping fits {hardware.name}", at=hardware.nodes[0].at, hint=advice)
        einsum = few
    tiles = _Tiles(einsum, hardware)
    found = smallest_changes(einsum, hardware, tiles)
    parts = [_told([change for (change,) in found])] if len(found[0]) == 1 else list(found[0])
    parts = [replace(part, names=(name,) if name else ()) for part in parts for name in part.names or ("",)]
    sentences: dict[str, int] = {}
    for part in parts:
        others = [other for other in parts if other is not part]
        node, sentence = _sentence(einsum, _changed(hardware, others), part)
        sentences.setdefault(sentence, node)
    advice = "; or ".join(_listed([_advice(einsum, hardware, change) for change in each]) for each in found)
    if hardware.dataflow:
        advice += f" (some of the constraints may be those of 'dataflow: {hardware.dataflow}')"
    return NoMappingError(
        f"no mapping fits {hardware.name}: {'; and '.join(sentences)}",
        at=hardware.nodes[next(iter(sentences.values()))].at,
        hint=advice if len(found[0]) == 1 else f"no single change is enough: {advice}",
    )


def smallest_changes(einsum: Einsum, hardware: Hardware, tiles: _Tiles | None = None) -> list[tuple[Change, ...]]:
    """Up to three changes that let a mapping fit, the smallest first: each one change, or several if no one will do.

    Every amount is the least: one bit, one child or one divisor less, and no mapping fits.
    """
    tiles = tiles or _Tiles(einsum, hardware)
    if tiles.fit(hardware):
        raise ValueError("a mapping fits")
    *_, reason = _reason(einsum, hardware)
    found = [(change,) for change in _singles(tiles, hardware, reason)]
    found = found or [(change,) for change in _groups(tiles, hardware, reason)]
    pairs = found or _pairs(tiles, hardware, reason) or [_several(tiles, hardware)]
    pairs.sort(key=lambda changes: (_ratio(changes), [_PREFERRED.index(c.kind) for c in changes]))
    first = {tuple(c.kind for c in changes): changes for changes in reversed(pairs)}  # of each kind, the smallest
    pairs.sort(key=lambda changes: changes not in first.values())
    best = sorted(pairs[:ALTERNATIVES], key=_ratio)
    assert all(tiles.fit(_changed(hardware, changes)) for changes in best)
    return best


def _ratio(changes: Iterable[Change]) -> float:
    return prod(change.ratio for change in changes)


def _changed(hardware: Hardware, changes: Iterable[Change]) -> Hardware:
    return reduce(lambda changed, change: change.apply(changed), changes, hardware)


# ---- which mappings there are ----------------------------------------------------------------------------------------


class _Tiles:
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
            states = {key: self._laid(reached, node) for key, reached in states.items()}
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
        return tuple(t for t in self.einsum.tensors if index == 0 or _must(node, t.name))

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
            if tensor.name in memory.stationary and (node == 0 or _must(memory, tensor.name))
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

    def _laid(self, reached: Bools, fanout: Fanout) -> Bools:
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


def _must(memory: Memory, tensor: str) -> bool:
    return tensor in memory.keep and tensor not in memory.may_keep


# ---- which constraints are to blame, and what to change --------------------------------------------------------------


def _constraints(einsum: Einsum, hardware: Hardware) -> list[Change]:
    """Everything that limits the mappings of the einsum, as the change that drops it."""
    dims = [name for name, extent in einsum.dims if extent > 1]
    found: list[Change] = []
    for index, node in enumerate(hardware.nodes[:-1]):
        if isinstance(node, Memory):
            if node.capacity is not None:
                found.append(Change(Kind.SIZE, index))
                held = [t.name for t in einsum.tensors if index and _must(node, t.name)]
                found += [Change(Kind.KEEP, index, names=(name,)) for name in held]
            found += [Change(Kind.STATIONARY, index, names=(name,)) for name in node.stationary]
            found += _limits(Kind.LOOPS, index, node, dims)
        elif isinstance(node, Fanout):
            if node.min_utilization > 0:
                found.append(Change(Kind.MIN_UTILIZATION, index))
            for axis in node.axes:
                found.append(Change(Kind.AXIS, index, axis.name))
                found += _limits(Kind.DIMS, index, axis, dims)
        found += [Change(Kind.WHOLE, index, names=(dim,)) for dim in getattr(node, "whole", ()) if dim in dims]
    return sorted(found, key=lambda change: _DROPPED_FIRST.index(change.kind))


def _limits(kind: Kind, index: int, item: Memory | Axis, dims: list[str]) -> list[Change]:
    """Constraints on the loops at a memory or along an axis."""
    name = item.name if isinstance(item, Axis) else ""
    allowed = item.dims if isinstance(item, Axis) else item.loops
    found = [Change(kind, index, name, (dim,)) for dim in dims if allowed is not None and dim not in allowed]
    found += [Change(Kind.FACTORS, index, name, (dim,)) for dim, _ in item.factors if dim in dims]
    found += [Change(Kind.MAX_FACTORS, index, name, (dim,)) for dim, _ in item.max_factors if dim in dims]
    if item.order and isinstance(item, Memory):
        found.append(Change(Kind.ORDER, index))
    return found


_DROPPED_FIRST = (
    Kind.MIN_UTILIZATION,
    Kind.ORDER,
    Kind.STATIONARY,
    Kind.MAX_FACTORS,
    Kind.FACTORS,
    Kind.KEEP,
    Kind.DIMS,
    Kind.LOOPS,
    Kind.AXIS,
    Kind.WHOLE,
    Kind.SIZE,
)
"""The later, the rather it is part of a reason where there are several."""

_PREFERRED = (*(Kind.SIZE, Kind.AXIS, Kind.MAX_FACTORS, Kind.MIN_UTILIZATION, Kind.KEEP, Kind.WHOLE), *Kind)
"""Of changes that are equally small."""


def _reason(einsum: Einsum, hardware: Hardware) -> tuple[Einsum, Hardware, list[Change]]:
    """The dimensions and the constraints that no mapping fits, none of which could be left out.

    Returns:
        The einsum with these dimensions only, the hardware with these constraints only, and the constraints.
    """
    core = _core(einsum, hardware)
    tiles = _Tiles(core, hardware)
    reason: list[Change] = []

    def without(changes: list[Change], hardware: Hardware) -> Hardware:
        """The hardware without those that can be left out; the others are part of the reason."""
        if not changes or not tiles.fit(dropped := _changed(hardware, changes)):
            return dropped if changes else hardware
        if len(changes) == 1:
            reason.extend(changes)
            return hardware
        half = len(changes) // 2
        return without(changes[half:], without(changes[:half], hardware))

    constraints = _constraints(core, hardware)
    hardware = without([change for change in constraints if change.kind is Kind.MIN_UTILIZATION], hardware)
    asked = [change for change in constraints if change.kind is Kind.AXIS and _asks(hardware, change.node)]
    rest = [c for c in constraints if c.kind is not Kind.MIN_UTILIZATION and c not in asked]
    reason += asked
    return core, without(rest, hardware), reason


def _asks(hardware: Hardware, node: int) -> bool:
    """Whether a longer axis there asks for more children to be used: then it does not only allow more."""
    fanout = hardware.nodes[node]
    return isinstance(fanout, Fanout) and fanout.min_utilization > 0


def _core(einsum: Einsum, hardware: Hardware) -> Einsum:
    """The einsum with as many dimensions of one index as still fits under no mapping."""
    if any(fanout.min_utilization > 0 for fanout in hardware.fanouts):
        hardware = _unasked(hardware)
        if _Tiles(einsum, hardware).fit(hardware):
            return einsum
    divisors = _divisors(einsum)
    if prod(divisors.values()) > FEW_TILES and (few := _few(einsum, hardware)) is not None:
        return few
    for name in sorted(divisors, key=lambda name: -divisors[name]):
        less = _only(einsum, [dim for dim, extent in einsum.dims if extent > 1 and dim != name])
        if not _Tiles(less, hardware).fit(hardware):
            einsum = less
    return einsum


def _few(einsum: Einsum, hardware: Hardware) -> Einsum | None:
    """The einsum with the fewest dimensions, if they are few, that fits under no mapping."""
    for count in (0, 1, 2):
        for names in combinations(_divisors(einsum), count):
            few = _only(einsum, names)
            if not _Tiles(few, hardware).fit(hardware):
                return few
    return None


def _divisors(einsum: Einsum) -> dict[str, int]:
    """How many divisors each dimension has."""
    return {name: len(Dimension.of(name, extent).divisors) for name, extent in einsum.dims if extent > 1}


def _unasked(hardware: Hardware) -> Hardware:
    """The hardware, however few children are used."""
    nodes = [replace(node, min_utilization=0.0) if isinstance(node, Fanout) else node for node in hardware.nodes]
    return replace(hardware, nodes=tuple(nodes))


def _only(einsum: Einsum, names: Iterable[str]) -> Einsum:
    """The einsum with one index of every other dimension."""
    kept = tuple(names)
    return replace(einsum, dims=tuple((dim, extent if dim in kept else 1) for dim, extent in einsum.dims))


def _singles(tiles: _Tiles, hardware: Hardware, reason: Iterable[Change]) -> list[Change]:
    """Those that let a mapping fit if they alone are dropped, made as small as possible."""
    return [least for change in reason if (least := _least(tiles, hardware, change)) is not None]


def _least(tiles: _Tiles, hardware: Hardware, change: Change) -> Change | None:
    """The smallest such change that lets a mapping fit, None if there is none."""
    before = tiles.inside(hardware, change.node)
    node = hardware.nodes[change.node]
    reached = list(before.values())
    asks = change.kind is Kind.AXIS and _asks(hardware, change.node)
    if not reached or (not asks and not tiles.outward(before, change.apply(hardware), change.node)):
        return None

    def fits(amount: float) -> bool:
        return tiles.outward(before, replace(change, amount=amount).apply(hardware), change.node)

    if change.kind is Kind.SIZE and isinstance(node, Memory) and node.size is not None:
        loose = tiles.through(before, change.apply(hardware), change.node)
        bits = np.unique(tiles.bits(tiles.held(node, change.node) or ())[reduce(or_, loose.values())])
        sizes = [int(b) + node.reserved for b in bits.tolist() if b + node.reserved > node.size]
        return _amount(change, _first(sizes, fits), node.size)
    if change.kind is Kind.AXIS and isinstance(node, Fanout):
        axis = next(axis for axis in node.axes if axis.name == change.axis)
        rest = replace(node, axes=tuple(a for a in node.axes if a is not axis), min_utilization=0.0, whole=())
        lengths = np.unique(tiles.lengths(reduce(or_, (tiles._laid(each, rest) for each in reached)), axis))
        longer = [int(v) for v in lengths[np.isfinite(lengths)].tolist() if v > axis.size]
        first = next((v for v in longer if fits(v)), None) if node.min_utilization else _first(longer, fits)
        return _amount(change, first, axis.size)
    if change.kind is Kind.MIN_UTILIZATION and isinstance(node, Fanout):
        most = np.unique(reduce(np.maximum, (tiles.spread(each, node) for each in reached)))
        most = most[(most > 0) & (most < least_children(node))][::-1]
        shares = [floor(v / node.children * 1e4) / 1e4 for v in most.tolist()]
        share = _first(shares, fits)
        return None if share is None else replace(change, amount=share, ratio=node.min_utilization / max(share, 1e-4))
    if change.kind is Kind.MAX_FACTORS:
        item = next(a for a in node.axes if a.name == change.axis) if isinstance(node, Fanout) else node
        (dim,) = change.names
        most_now = dict(getattr(item, "max_factors", ())).get(dim, 1)
        return _amount(change, _first([d for d in tiles.dims[dim].divisors if d > most_now], fits), most_now)
    return change


def _amount(change: Change, amount: float | None, now: int) -> Change | None:
    return None if amount is None else replace(change, amount=amount, ratio=amount / now)


def _first(amounts: Sequence[float], fits: Callable[[float], bool]) -> float | None:
    """The first amount that fits, where all after it do."""
    low, high = 0, len(amounts)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(amounts[middle]) else (middle + 1, high)
    return amounts[low] if low < len(amounts) else None


def _groups(tiles: _Tiles, hardware: Hardware, reason: list[Change]) -> list[Change]:
    """Several dimensions or tensors in one list of the hardware file that let a mapping fit together."""
    found = []
    for kind, node, axis in dict.fromkeys((c.kind, c.node, c.axis) for c in reason if c.names):
        limits = [c for c in _constraints(tiles.einsum, hardware) if (c.kind, c.node, c.axis) == (kind, node, axis)]
        names = [name for change in limits for name in change.names]
        if not tiles.fit(Change(kind, node, axis, tuple(names)).apply(hardware)):
            continue
        for name in list(names):
            less = [other for other in names if other != name]
            if tiles.fit(Change(kind, node, axis, tuple(less)).apply(hardware)):
                names = less
        found.append(Change(kind, node, axis, tuple(names), ratio=DROPPED ** len(names)))
    return found


def _pairs(tiles: _Tiles, hardware: Hardware, reason: list[Change]) -> list[tuple[Change, ...]]:
    """Two changes that let a mapping fit together, each the least that the other leaves."""
    found: dict[frozenset[tuple[Kind, int, str, tuple[str, ...]]], tuple[Change, ...]] = {}
    for change in reason:
        if change.kind is Kind.AXIS and _asks(hardware, change.node):
            continue
        dropped = change.apply(hardware)
        for other in _singles(tiles, dropped, _reason(tiles.einsum, dropped)[-1]):
            least = _least(tiles, other.apply(hardware), change)
            if least is not None:
                pair = tuple(sorted((least, other), key=lambda c: (c.ratio, c.node)))
                key = frozenset((c.kind, c.node, c.axis, c.names) for c in pair)
                if key not in found or prod(c.ratio for c in pair) < prod(c.ratio for c in found[key]):
                    found[key] = pair
    return list(found.values())


def _several(tiles: _Tiles, hardware: Hardware) -> tuple[Change, ...]:
    """Changes that let a mapping fit together, each the least that the others leave."""
    changes: list[Change] = []
    while not tiles.fit(changed := _changed(hardware, changes)):
        *_, reason = _reason(tiles.einsum, changed)
        free = [change for change in reason if change.kind is not Kind.AXIS or not _asks(changed, change.node)]
        changes.append(min(free, key=lambda change: _PREFERRED.index(change.kind)))
    for change in sorted(changes, key=lambda change: change.kind is Kind.MIN_UTILIZATION):
        others = [other for other in changes if other != change]
        least = _least(tiles, _changed(hardware, others), change)
        if tiles.fit(_changed(hardware, others)):
            changes = others
        elif least is not None:
            changes = [*others, least]
    return tuple(sorted(changes, key=lambda change: change.node))


# ---- how it is said --------------------------------------------------------------------------------------------------


def _told(changes: Iterable[Change]) -> Change:
    """The change that the message is about: a size if there is one, then an axis, then the smallest."""
    return min(changes, key=lambda c: (c.kind is not Kind.SIZE, c.kind is not Kind.AXIS, c.ratio))


def _sentence(einsum: Einsum, hardware: Hardware, change: Change) -> tuple[int, str]:
    """What is wrong, said of what the change would change or of a memory that is too small; and its node."""
    given = hardware
    if change.kind is Kind.SIZE and change.amount is not None:  # why it must be as large as that
        hardware = replace(change, amount=change.amount - 1).apply(hardware)
    core, bare, reason = _reason(einsum, hardware)
    tiles = _Tiles(core, bare)
    sizes = [_least(tiles, bare, each) for each in reason if each.kind is Kind.SIZE]
    told = [each for each in sizes if each is not None and (change.kind is not Kind.SIZE or each.node == change.node)]
    if not told:
        return change.node, _no_place(core, given, reason)
    least = min(told, key=lambda each: each.ratio)
    return least.node, _too_small(core, given, least.apply(bare), least.node, reason)


def _too_small(core: Einsum, given: Hardware, enough: Hardware, node: int, reason: Sequence[Change]) -> str:
    """A memory that cannot hold the smallest tiles that it must; `enough`: the hardware in which it just can."""
    memory, larger = given.nodes[node], enough.nodes[node]
    assert isinstance(memory, Memory)
    assert isinstance(larger, Memory)
    assert memory.capacity is not None
    tiles = _Tiles(core, enough)
    tensors = tiles.held(larger, node) or ()
    tile = _needed(tiles, enough, node)
    words = {t.name: prod(tiles.rank_words(t, tile, rank) for rank in t.ranks) for t in tensors}
    total = sum(words[t.name] * t.bits for t in tensors)
    if node == 0:
        dims = " ".join(f"{dim}{extent}" for dim, extent in core.dims if extent > 1) or "1"
        listed = " + ".join(f"{name} {_count(n, 'word')}" for name, n in words.items())
        return (
            f"the outermost memory {memory.name} keeps the whole layer ({dims}), which takes {total:,} b ({listed}),"
            f" but it has room for {memory.capacity:,} b"
        )
    if len(tensors) == 1:
        ((name, n),) = words.items()
        need = f"a tile of {name} of at least {_count(n, 'word')} ({total:,} b)"
        room = f"{_count(memory.capacity // tensors[0].bits, 'word')} ({memory.capacity:,} b)"
    else:
        each = _listed([f"{name} ({_count(n, 'word')})" for name, n in words.items()])
        need, room = f"tiles of {each} of at least {total:,} b together", f"{memory.capacity:,} b"
    clauses = _clauses(core, given, [c for c in reason if (c.kind, c.node) != (Kind.SIZE, node)], node)
    because = f" because {_joined(clauses)}," if clauses else ","
    return f"{memory.name} must hold {need}{because} and has room for {room}"


def _needed(tiles: _Tiles, hardware: Hardware, node: int) -> dict[str, int]:
    """A tile that fills the memory and of which the whole layer can be made."""
    memory = hardware.nodes[node]
    assert isinstance(memory, Memory)
    states = tiles.through(tiles.inside(hardware, node), hardware, node)
    full = tiles.bits(tiles.held(memory, node) or ()) == memory.capacity
    places = [(key, int(position)) for key, reached in states.items() for position in np.flatnonzero(reached & full)]
    for key, position in places[:64]:
        single = np.zeros(tiles.count, np.bool_)
        single[position] = True
        if tiles.outward({key: single}, hardware, node - 1):
            return tiles.tile(position)
    return tiles.tile(places[0][1])


def _no_place(core: Einsum, hardware: Hardware, reason: Sequence[Change]) -> str:
    """Dimensions that cannot be placed anywhere."""
    dims = [f"{dim} = {extent}" for dim, extent in core.dims if extent > 1]
    clauses = _joined(_clauses(core, hardware, reason, None))
    if not dims or any(change.kind is Kind.MIN_UTILIZATION for change in reason):
        return f"for {_listed(dims)}, {clauses}" if dims else clauses
    return f"{_listed(dims)} {'has' if len(dims) == 1 else 'have'} no place{' together' * (len(dims) > 1)}: {clauses}"


def _clauses(einsum: Einsum, hardware: Hardware, reason: Sequence[Change], there: int | None) -> list[str]:
    """The constraints in words, from the inside out; `there`: the node that was named just before."""
    names: dict[tuple[Kind, int, str], list[str]] = {}
    for change in reason:
        names.setdefault((change.kind, change.node, change.axis), []).extend(change.names)
    places: dict[tuple[Kind, str], list[tuple[int, str]]] = {}
    clauses: list[tuple[Kind, str]] = []
    order = [dim for dim, _ in einsum.dims]
    for (kind, index, axis), own in sorted(names.items(), key=lambda item: -item[0][1]):
        own.sort(key=lambda name: order.index(name) if name in order else 0)
        if kind in (Kind.LOOPS, Kind.DIMS):
            places.setdefault((kind, _listed(own, "or")), []).append((index, axis))
        elif kind is not Kind.KEEP or there is None:
            clauses.append((kind, _clause(einsum, hardware, kind, index, axis, own, there)))
    for (kind, dims), where in places.items():
        verb = "iterate" if kind is Kind.LOOPS else "take"
        clauses.append((kind, f"{_places(hardware, where)} {'do' if len(where) > 1 else 'does'} not {verb} {dims}"))
    return [clause for _, clause in sorted(clauses, key=lambda clause: _SAID.index(clause[0]))]


def _places(hardware: Hardware, places: Sequence[tuple[int, str]]) -> str:
    """Memories, or axes (those of one node together)."""
    axes: dict[int, list[str]] = {}
    for index, axis in sorted(places, key=lambda place: (-place[0], place[1])):
        axes.setdefault(index, []).append(axis)
    return _listed(
        [
            f"axes {_listed(own)} of {hardware.nodes[index].name}" if len(own) > 1 else _place(hardware, index, own[0])
            for index, own in axes.items()
        ]
    )


def _place(hardware: Hardware, index: int, axis: str) -> str:
    name = hardware.nodes[index].name
    return f"axis {axis} of {name}" if axis else name


_SAID = (
    Kind.WHOLE,
    Kind.FACTORS,
    Kind.MIN_UTILIZATION,
    Kind.AXIS,
    Kind.MAX_FACTORS,
    Kind.DIMS,
    Kind.LOOPS,
    Kind.KEEP,
    Kind.SIZE,
    Kind.STATIONARY,
    Kind.ORDER,
)
"""What is demanded first, then what leaves no room for it."""


def _clause(
    einsum: Einsum, hardware: Hardware, kind: Kind, index: int, axis: str, names: list[str], there: int | None
) -> str:
    """One constraint in words."""
    told, here = there is not None, there == index
    node: Any = hardware.nodes[index]
    item = next(each for each in node.axes if each.name == axis) if axis else node
    place = _place(hardware, index, axis)
    match kind:
        case Kind.WHOLE:
            dims = _listed([f"{dim} = {einsum.extents[dim]}" for dim in names])
            if not told:
                dims = "it" if sum(extent > 1 for _, extent in einsum.dims) == 1 else _listed(names)
            return f"{dims} must be whole {'there' if here else f'in {place}'}"
        case Kind.SIZE:
            return f"{place} has room for {node.capacity:,} b"
        case Kind.AXIS:
            return f"{place} is {item.size:,} long"
        case Kind.FACTORS:
            fixed = [
                f"{dim} = {f or einsum.extents[dim]}"
                + f", which does not divide {einsum.extents[dim]}" * bool(f and einsum.extents[dim] % f)
                for dim, f in item.factors
                if dim in names
            ]
            return f"{'there' if here else place} must have the factor{'s' * (len(names) > 1)} {_listed(fixed)}"
        case Kind.MAX_FACTORS:
            most = [f"{f} of {dim}" for dim, f in item.max_factors if dim in names]
            return f"{place} has at most {_listed(most)}"
        case Kind.MIN_UTILIZATION:
            return f"{place} must use at least {least_children(node):,} of its {node.children:,} children"
        case Kind.STATIONARY:
            return f"{_listed(names)} must stay {'there' if here else f'in {place}'} until done with"
        case Kind.KEEP:
            return f"{place} keeps {_listed(names)}"
        case _:
            return f"the loops of {place} have a fixed order"


def _advice(einsum: Einsum, hardware: Hardware, change: Change) -> str:
    """The change in words, with what to write in the hardware file."""
    node: Any = hardware.nodes[change.node]
    item = next(each for each in node.axes if each.name == change.axis) if change.axis else node
    place = _place(hardware, change.node, change.axis)
    names = _listed(change.names)
    match change.kind:
        case Kind.SIZE:
            bits = {t.bits for t in einsum.tensors if change.node == 0 or _must(node, t.name)}
            size = _size(int(change.amount or 0), bits.pop() if len(bits) == 1 else 8)
            more = f"{int(change.amount or 0) - node.size:,} b"
            never = ", or leave its size out if it never limits" if change.node == 0 else ""
            return f"make {place} {more} larger ('size: {size}'){never}"
        case Kind.AXIS:
            return f"make {place} {change.amount:,} long instead of {item.size:,}"
        case Kind.DIMS:
            return f"allow {names} along {place}"
        case Kind.LOOPS:
            return f"allow {names} in the loops of {place}"
        case Kind.KEEP:
            return f"let {names} pass {place} ('may_keep' instead of 'keep')"
        case Kind.MAX_FACTORS:
            return f"raise the max_factors of {names} at {place} to {change.amount}"
        case Kind.MIN_UTILIZATION:
            return f"lower the min_utilization of {place} to {change.amount or 0.0:g}"
        case Kind.ORDER:
            return f"drop the order of the loops of {place}"
        case _:
            return f"drop {names} from '{change.kind.value}' of {place}"


def _joined(clauses: Sequence[str]) -> str:
    return ", and ".join(filter(None, (", ".join(clauses[:-1]), *clauses[-1:])))


def _size(bits: int, word: int) -> str:
    """A size as the file would have it."""
    if bits % 8192 == 0:
        return f"{bits // 8192} KiB"
    return f"{bits // word} * {word} b" if bits % word == 0 else f"{bits} b"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _listed(items: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))
