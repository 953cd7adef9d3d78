"""The words of a count loop by loop: the terms of `assay.mapping.sums` kept apart, with names for their factors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from assay.evaluation.explained_parts import Factor, Move, Rule, Sum
from assay.hardware.model import Halo
from assay.mapping.analysis import Part
from assay.mapping.digits import Role
from assay.mapping.mapping import Loop, Mapping
from assay.mapping.nest import Nest, Place
from assay.mapping.sums import Cuts, Sums, Term, View
from assay.workload.einsum import Einsum, Rank, Tensor


class Source(Sums):
    """Sums that remember how each view shares words."""

    def __init__(self, nest: Nest, mapping: Mapping) -> None:
        super().__init__(nest, nest.split(tuple(loop.bound for loop in mapping.loops)))
        self.mapping = mapping
        self._made: list[tuple[View, dict[int, Role], bool]] = []

    def view(self, tensor: Tensor, node: int, roles: dict[int, Role], hold: bool = True) -> View:
        view = super().view(tensor, node, roles, hold)
        self._made.append((view, roles, hold))
        return view

    def dim(self, view: View, dim: str) -> Dim:
        """How a dimension is cut into tiles in a view."""
        roles, hold = next((roles, hold) for made, roles, hold in self._made if made is view)
        table = self.table(dim, view.node, roles, hold)
        return Dim(table.perfect, table.tile, table.shared, table.times)


@dataclass(frozen=True, slots=True)
class Dim:
    """A dimension in a view: whether all its tiles are equal, their size, the children that share, and `times`."""

    perfect: bool
    tile: int
    shared: int
    times: Any


def loop_sum(source: Source, tensor: Tensor, part: Part, view: View, factor: int) -> Sum:
    """The words of a part, loop by loop: what each moves when it advances."""
    dims = {dim: source.dim(view, dim) for names, _ in view.addresses for dim in names}
    turns = view.nest.pivots(view.node) if part.latch else iter([(None, view.nest.every_step(view.node))])
    moves: list[Move] = []
    idle: list[tuple[Loop, str]] = []
    for (place, cuts), term in zip(turns, view.terms(part.latch), strict=True):
        loop, node = _loop(source, place)
        if term.words or place is None:
            moves.append(_move(tensor, view, term, dims, cuts, loop, node))
        elif loop is not None and node is not None and loop.bound > 1:
            idle.append((loop, node))
    rule = Rule.REQUESTS if view.tiles else Rule.LOOPS if part.latch else Rule.STEPS
    return Sum(
        factor,
        part.text,
        int(part.number),
        rule,
        moves=tuple(moves),
        idle=tuple(idle),
        tile=tuple(Factor(dim, each.tile) for dim, each in dims.items()),
        shared=tuple(Factor(dim, each.shared) for dim, each in dims.items() if each.shared > 1),
        even=all(each.perfect for each in dims.values()),
        gaps=source.box,
    )


def _loop(source: Source, place: Place | None) -> tuple[Loop | None, str | None]:
    if place is None:
        return None, None
    return source.mapping.loops[place.position], source.nest.hardware.nodes[place.node].name


def _move(
    tensor: Tensor, view: View, term: Term, dims: dict[str, Dim], cuts: Cuts, loop: Loop | None, node: str | None
) -> Move:
    if view.tiles:
        return Move(loop, node, (), (), None, int(term.words))
    times = {dim: int(number) for dim, number in term.cases}
    new, kept = [], []
    for names, fresh, held in term.addresses:
        apart = {dim: int(dims[dim].times(cuts[dim])) for dim in names if all(dims[name].perfect for name in names)}
        each = math.prod(apart.values())
        if not each or fresh % each or held % each:
            apart, each = {}, 1
        times |= apart
        label = _address_name(tensor, names, view.nest.hardware.counting.halo is Halo.BOX)
        new.append(Factor(label, int(fresh) // each))
        kept.append(Factor(label, int(held) // each))
    ordered = [dim for dim in view.nest.extents if times.get(dim, 1) != 1]
    nothing_kept = term.place is None or any(factor.number == 0 for factor in kept)
    return Move(
        loop,
        node,
        tuple(Factor(dim, times[dim]) for dim in ordered),
        tuple(new),
        None if nothing_kept else tuple(kept),
        int(term.words),
    )


def _address_name(tensor: Tensor, dims: tuple[str, ...], gaps: bool) -> str:
    """`C`, or `4P+R` for an address that is a sum; the coefficient of one dimension matters with its gaps only."""
    rank = next(rank for rank in tensor.ranks if set(dims) <= set(rank.dims))
    if len(dims) == 1 and not gaps:
        return dims[0]
    terms = (term for term in rank.terms if term.dim in dims)
    return "+".join(f"{term.coefficient if term.coefficient > 1 else ''}{term.dim}" for term in terms)


def product_of(einsum: Einsum, tensor: str | None, number: int) -> tuple[Factor, ...] | None:
    """The number as all MACs, or as the size of the tensor; None if it is neither."""
    if tensor is None:
        return tuple(Factor(dim, extent) for dim, extent in einsum.dims if extent > 1)
    own = einsum.tensor(tensor)
    if own is not einsum.output or einsum.words(own) != number:
        return None
    return tuple(Factor(rank.dims[0], einsum.extents[rank.dims[0]]) for rank in own.ranks if _large(rank, einsum))


def _large(rank: Rank, einsum: Einsum) -> bool:
    return any(einsum.extents[dim] > 1 for dim in rank.dims)
