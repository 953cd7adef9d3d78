"""Which constraints are to blame where no mapping fits, and the smallest changes that would let one fit.

The reason is what is left when every constraint has been dropped without which still nothing fits. So whatever single
change lets a mapping fit is a change of something in it; where none does, there is a second reason as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from itertools import combinations
from math import floor, prod
from operator import or_
from typing import Any

import numpy as np

from assay.hardware.model import Axis, Fanout, Hardware, Memory
from assay.mapper.feasible import Tiles, least_children, must_keep
from assay.mapper.problem import Dimension
from assay.workload.einsum import Einsum

FEW_TILES = 20_000
"""With more, a reason in few dimensions is taken if there is one."""
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


def smallest_changes(einsum: Einsum, hardware: Hardware, tiles: Tiles | None = None) -> list[tuple[Change, ...]]:
    """Up to three changes that let a mapping fit, the smallest first: each one change, or several if no one will do.

    Every amount is the least: one bit, one child or one divisor less, and no mapping fits.
    """
    tiles = tiles or Tiles(einsum, hardware)
    if tiles.fit(hardware):
        raise ValueError("a mapping fits")
    *_, reason = find_reason(einsum, hardware)
    found = [(change,) for change in _singles(tiles, hardware, reason)]
    found = found or [(change,) for change in _groups(tiles, hardware, reason)]
    pairs = found or _pairs(tiles, hardware, reason) or [_several(tiles, hardware)]
    pairs.sort(key=lambda changes: (_ratio(changes), [_PREFERRED.index(c.kind) for c in changes]))
    first = {tuple(c.kind for c in changes): changes for changes in reversed(pairs)}  # of each kind, the smallest
    pairs.sort(key=lambda changes: changes not in first.values())
    best = sorted(pairs[:ALTERNATIVES], key=_ratio)
    assert all(tiles.fit(changed(hardware, changes)) for changes in best)
    return best


def _ratio(changes: Iterable[Change]) -> float:
    return prod(change.ratio for change in changes)


def changed(hardware: Hardware, changes: Iterable[Change]) -> Hardware:
    """The hardware with all of the changes."""
    return reduce(lambda so_far, change: change.apply(so_far), changes, hardware)


def _constraints(einsum: Einsum, hardware: Hardware) -> list[Change]:
    """Everything that limits the mappings of the einsum, as the change that drops it."""
    dims = [name for name, extent in einsum.dims if extent > 1]
    found: list[Change] = []
    for index, node in enumerate(hardware.nodes[:-1]):
        if isinstance(node, Memory):
            if node.capacity is not None:
                found.append(Change(Kind.SIZE, index))
                held = [t.name for t in einsum.tensors if index and must_keep(node, t.name)]
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


def find_reason(einsum: Einsum, hardware: Hardware) -> tuple[Einsum, Hardware, list[Change]]:
    """The dimensions and the constraints that no mapping fits, none of which could be left out.

    Returns:
        The einsum with these dimensions only, the hardware with these constraints only, and the constraints.
    """
    core = _core(einsum, hardware)
    tiles = Tiles(core, hardware)
    reason: list[Change] = []

    def without(changes: list[Change], hardware: Hardware) -> Hardware:
        """The hardware without those that can be left out; the others are part of the reason."""
        if not changes or not tiles.fit(dropped := changed(hardware, changes)):
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
        hardware = unasked(hardware)
        if Tiles(einsum, hardware).fit(hardware):
            return einsum
    divisors = divisor_counts(einsum)
    if prod(divisors.values()) > FEW_TILES and (few := few_dims(einsum, hardware)) is not None:
        return few
    for name in sorted(divisors, key=lambda name: -divisors[name]):
        less = _only(einsum, [dim for dim, extent in einsum.dims if extent > 1 and dim != name])
        if not Tiles(less, hardware).fit(hardware):
            einsum = less
    return einsum


def few_dims(einsum: Einsum, hardware: Hardware) -> Einsum | None:
    """The einsum with the fewest dimensions, if they are few, that fits under no mapping."""
    for count in (0, 1, 2):
        for names in combinations(divisor_counts(einsum), count):
            few = _only(einsum, names)
            if not Tiles(few, hardware).fit(hardware):
                return few
    return None


def divisor_counts(einsum: Einsum) -> dict[str, int]:
    """How many divisors each dimension has."""
    return {name: len(Dimension.of(name, extent).divisors) for name, extent in einsum.dims if extent > 1}


def unasked(hardware: Hardware) -> Hardware:
    """The hardware, however few children are used."""
    nodes = [replace(node, min_utilization=0.0) if isinstance(node, Fanout) else node for node in hardware.nodes]
    return replace(hardware, nodes=tuple(nodes))


def _only(einsum: Einsum, names: Iterable[str]) -> Einsum:
    """The einsum with one index of every other dimension."""
    kept = tuple(names)
    return replace(einsum, dims=tuple((dim, extent if dim in kept else 1) for dim, extent in einsum.dims))


def _singles(tiles: Tiles, hardware: Hardware, reason: Iterable[Change]) -> list[Change]:
    """Those that let a mapping fit if they alone are dropped, made as small as possible."""
    return [least for change in reason if (least := least_change(tiles, hardware, change)) is not None]


def least_change(tiles: Tiles, hardware: Hardware, change: Change) -> Change | None:
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
        lengths = np.unique(tiles.lengths(reduce(or_, (tiles.laid(each, rest) for each in reached)), axis))
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
    return None if amount is None else replace(change, amount=amount, ratio=amount / max(now, 1))


def _first(amounts: Sequence[float], fits: Callable[[float], bool]) -> float | None:
    """The first amount that fits, where all after it do."""
    low, high = 0, len(amounts)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(amounts[middle]) else (middle + 1, high)
    return amounts[low] if low < len(amounts) else None


def _groups(tiles: Tiles, hardware: Hardware, reason: list[Change]) -> list[Change]:
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


def _pairs(tiles: Tiles, hardware: Hardware, reason: list[Change]) -> list[tuple[Change, ...]]:
    """Two changes that let a mapping fit together, each the least that the other leaves."""
    found: dict[frozenset[tuple[Kind, int, str, tuple[str, ...]]], tuple[Change, ...]] = {}
    for change in reason:
        if change.kind is Kind.AXIS and _asks(hardware, change.node):
            continue
        dropped = change.apply(hardware)
        for other in _singles(tiles, dropped, find_reason(tiles.einsum, dropped)[-1]):
            least = least_change(tiles, other.apply(hardware), change)
            if least is not None:
                pair = tuple(sorted((least, other), key=lambda c: (c.ratio, c.node)))
                key = frozenset((c.kind, c.node, c.axis, c.names) for c in pair)
                if key not in found or prod(c.ratio for c in pair) < prod(c.ratio for c in found[key]):
                    found[key] = pair
    return list(found.values())


def _several(tiles: Tiles, hardware: Hardware) -> tuple[Change, ...]:
    """Changes that let a mapping fit together, each the least that the others leave."""
    changes: list[Change] = []
    while not tiles.fit(so_far := changed(hardware, changes)):
        *_, reason = find_reason(tiles.einsum, so_far)
        free = [change for change in reason if change.kind is not Kind.AXIS or not _asks(so_far, change.node)]
        changes.append(min(free, key=lambda change: _PREFERRED.index(change.kind)))
    for change in sorted(changes, key=lambda change: change.kind is Kind.MIN_UTILIZATION):
        others = [other for other in changes if other != change]
        least = least_change(tiles, changed(hardware, others), change)
        if tiles.fit(changed(hardware, others)):
            changes = others
        elif least is not None:
            changes = [*others, least]
    return tuple(sorted(changes, key=lambda change: change.node))
