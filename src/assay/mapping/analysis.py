"""Exact counts of one mapping, in closed form.

For a tensor and a boundary (parent memory, child memory), every temporal loop above the child is the pivot of
`transitions`: it advances, the loops inside it start again. What moves is the child's new tile less the tile it held.
Sums over all iterations and instances factorise over the tensor's addresses, because each dimension appears in one
address:

    words = Σ over pivots  Π over irrelevant dims (cases) · ( Π over addresses Σ |new|  −  Π over addresses Σ |new ∩
    held| )

`|new|` and `|new ∩ held|` become unions over children where a fanout shares reads. `tests/oracle.py` runs the same
loops one by one; the two agree on every count.

Padding zeros around an input are moved like other words of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from math import prod
from typing import Protocol

from assay.errors import InputError, UnsupportedError
from assay.hardware.model import Fanout, Hardware, Memory, Multicast
from assay.mapping.counts import Action, Analysis, Count, Occupancy
from assay.mapping.digits import Digit, Group, Pattern, Role, patterns
from assay.mapping.mapping import Mapping
from assay.workload.einsum import Einsum, Rank, Tensor, address_set


def analyse(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> Analysis:
    """Count what every component does when the einsum runs under the mapping.

    Whether the tiles fit is not checked here. One over-count is known: where a fanout shares equal tiles only
    (`tile`), factors leave remainders and a window slides, children that ask for equal words after holding different
    ones may count apart.

    Raises:
        InputError: the mapping does not belong to this einsum and hardware.
        UnsupportedError: the output is addressed by a sum of dimensions.
    """
    nest = _Nest.build(einsum, hardware, mapping)
    table: dict[tuple[int, str | None, Action], int] = {}

    def add(node: int, tensor: str | None, action: Action, count: int) -> None:
        if count:
            key = (node, tensor, action)
            table[key] = table.get(key, 0) + count

    for tensor in einsum.inputs:
        _count_input(nest, tensor, add)
    _count_output(nest, einsum.output, add)
    add(len(hardware.nodes) - 1, None, Action.COMPUTE, einsum.macs)
    order = {t.name: i for i, t in enumerate(einsum.tensors)}
    actions = list(Action)
    rows = sorted(table.items(), key=lambda kv: (kv[0][0], order.get(kv[0][1] or "", -1), actions.index(kv[0][2])))
    active = tuple(nest.active(node) for node in range(len(hardware.nodes)))
    counts = tuple(Count(hardware.nodes[node].name, tensor, action, n) for (node, tensor, action), n in rows)
    return Analysis(counts, tuple(nest.occupancy()), nest.steps(), active)


class _Add(Protocol):
    """Books a count."""

    def __call__(self, node: int, tensor: str | None, action: Action, count: int) -> None: ...


@dataclass(frozen=True, slots=True)
class _Place:
    """A loop, and where it stands."""

    dim: str
    bound: int
    node: int
    position: int  # in the whole nest, outermost first
    spatial: bool


@dataclass(frozen=True, slots=True)
class _Nest:
    einsum: Einsum
    hardware: Hardware
    extents: dict[str, int]
    loops: tuple[_Place, ...]
    keep: dict[int, frozenset[str]]

    @staticmethod
    def build(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> _Nest:
        nodes = hardware.nodes[:-1]
        if tuple(level.node for level in mapping.levels) != tuple(node.name for node in nodes):
            names = ", ".join(node.name for node in nodes)
            raise InputError(f"the mapping must have one level for each of {names}, in this order")
        extents = einsum.extents
        loops: list[_Place] = []
        for index, (level, node) in enumerate(zip(mapping.levels, nodes, strict=True)):
            for loop in level.loops:
                if loop.dim not in extents:
                    raise InputError(
                        f"the mapping loops over {loop.dim} at {level.node}; the layer has no such dimension"
                    )
                if loop.bound < 1:
                    raise InputError(
                        f"the loop over {loop.dim} at {level.node} has bound {loop.bound}; it must be at least 1"
                    )
                if (loop.axis is not None) != isinstance(node, Fanout):
                    kind = (
                        "needs an axis at a fanout" if isinstance(node, Fanout) else "has an axis, but this is a memory"
                    )
                    raise InputError(f"the loop over {loop.dim} at {level.node} {kind}")
                loops.append(_Place(loop.dim, loop.bound, index, len(loops), loop.axis is not None))
        for dim, extent in extents.items():
            covered = prod(place.bound for place in loops if place.dim == dim)
            if covered < extent:
                raise InputError(f"the mapping covers {covered} of the {extent} iterations of {dim}")
        keep = {i: frozenset(level.keep) for i, level in enumerate(mapping.levels) if isinstance(nodes[i], Memory)}
        missing = {t.name for t in einsum.tensors} - keep.get(0, frozenset())
        if missing:
            raise InputError(f"the outermost memory {nodes[0].name} must keep {', '.join(sorted(missing))}")
        return _Nest(einsum, hardware, extents, tuple(loops), keep)

    def tile(self, dim: str, node: int) -> int:
        """Indices of the dimension within a full tile at the node."""
        inside = prod(place.bound for place in self.loops if place.dim == dim and place.node >= node)
        return min(inside, self.extents[dim])

    def keepers(self, tensor: str) -> list[int]:
        """The memories that keep the tensor, outermost first."""
        return [node for node, names in sorted(self.keep.items()) if tensor in names]

    def boundaries(self, tensor: str) -> list[tuple[int, int]]:
        """(parent, child) pairs of memories that keep the tensor, outermost first; the last child is the compute."""
        keepers = [*self.keepers(tensor), len(self.hardware.nodes) - 1]
        return list(pairwise(keepers))

    def fanouts(self, parent: int, child: int) -> list[int]:
        """Fanouts between the two, outermost first."""
        return [i for i in range(parent + 1, child) if isinstance(self.hardware.nodes[i], Fanout)]

    def digits(self, dim: str, node: int, pivot: int | None, roles: dict[int, Role]) -> tuple[Digit, ...]:
        """The dimension's loops above the node. `pivot` is a position; None: no loop is inside it (every step is a
        case)."""
        result: list[Digit] = []
        places = [place for place in self.loops if place.dim == dim]
        for index, place in enumerate(places):
            if place.node >= node:
                break
            if place.bound == 1:
                continue
            if place.spatial:
                role = roles.get(place.node, Role.OUTER)
            elif pivot is None or place.position < pivot:
                role = Role.OUTER
            else:
                role = Role.PIVOT if place.position == pivot else Role.INNER
            result.append(Digit(place.bound, prod(p.bound for p in places[index + 1 :]), role, place.spatial))
        return tuple(result)

    def cases(self, dim: str, node: int, pivot: int | None, roles: dict[int, Role], hold: bool) -> tuple[Pattern, ...]:
        step = prod(place.bound for place in self.loops if place.dim == dim and place.node >= node)
        return patterns(self.extents[dim], min(step, self.extents[dim]), self.digits(dim, node, pivot, roles), hold)

    def pivots(self, node: int) -> list[int]:
        """Positions of the temporal loops above the node; -1 stands for the very first step."""
        return [-1, *(p.position for p in self.loops if p.node < node and not p.spatial and p.bound > 1)]

    def words(self, tensor: Tensor, node: int, roles: dict[int, Role], *, hold: bool = True, latch: bool = True) -> int:
        """Words of the tensor that move into the tiles at the node.

        Args:
            roles: per fanout, how its children's words are put together; absent: counted apart.
            latch: False: a tile is moved at every step, whether or not it was there a step before.
        """
        pivots: list[int | None] = list(self.pivots(node)) if latch else [None]
        total = 0
        for pivot in pivots:
            times = 1
            for dim in self.extents:
                if dim not in tensor.dims:
                    times *= sum(case.times * _alive(case) for case in self.cases(dim, node, pivot, roles, hold))
            if not times:
                continue
            sums = [self._rank(rank, node, pivot, roles, hold) for rank in tensor.ranks]
            if not prod(kept for _, kept in sums):  # nothing stays: equal tiles are equal requests
                sums = [(self._rank(rank, node, pivot, roles, hold, empty=True)[0], 0) for rank in tensor.ranks]
            total += times * (prod(fresh for fresh, _ in sums) - prod(kept for _, kept in sums))
        return total

    def _rank(
        self, rank: Rank, node: int, pivot: int | None, roles: dict[int, Role], hold: bool, empty: bool = False
    ) -> tuple[int, int]:
        """Sums over all cases of (words in the new tiles, words of them already there); `empty`: nothing is there."""
        empty |= pivot in (None, -1)
        cases = [self.cases(dim, node, pivot, roles, hold) for dim in rank.dims]
        if len(cases) == 1:
            fresh, kept = _single(cases[0])
            return fresh, 0 if empty else kept
        fresh = kept = 0
        for combination in product(*cases):
            times = prod(case.times for case in combination)
            coefficients = tuple(term.coefficient for term in rank.terms)
            new, old = window_words(coefficients, tuple(case.groups for case in combination), empty)
            fresh += times * new
            kept += times * old
        return fresh, kept

    def occupancy(self) -> list[Occupancy]:
        result = []
        for node, names in sorted(self.keep.items()):
            for tensor in self.einsum.tensors:
                if tensor.name in names:
                    tile = {dim: self.tile(dim, node) for dim in self.extents}
                    words = prod(rank_words(rank, tile) for rank in tensor.ranks)
                    result.append(Occupancy(self.hardware.nodes[node].name, tensor.name, words))
        return result

    def steps(self) -> int:
        """Temporal steps in which at least one instance has work: the first instance of each fanout always has."""
        return prod(_iterations(self._along(dim, spatial=False), self.extents[dim]) for dim in self.extents)

    def active(self, node: int) -> int:
        """Instances of the node that get work."""
        along = {dim: list(self._along(dim, spatial=True, above=node)) for dim in self.extents}
        return prod(_iterations(pairs, self.extents[dim]) for dim, pairs in along.items())

    def _along(self, dim: str, *, spatial: bool, above: int | None = None) -> list[tuple[int, int]]:
        """(bound, step) of the dimension's loops in space or in time, outermost first."""
        places = [place for place in self.loops if place.dim == dim]
        steps = [(p, prod(q.bound for q in places[i + 1 :])) for i, p in enumerate(places)]
        return [(p.bound, step) for p, step in steps if p.spatial == spatial and (above is None or p.node < above)]


def _iterations(loops: list[tuple[int, int]], extent: int) -> int:
    """How many values of the digits give an index below the extent."""
    if not loops:
        return 1
    (bound, step), rest = loops[0], loops[1:]
    inside = sum((b - 1) * s for b, s in rest)
    full = max(0, min(bound, (extent - 1 - inside) // step + 1)) if extent - 1 >= inside else 0
    total = full * prod(b for b, _ in rest)
    for digit in range(full, bound):
        if digit * step >= extent:
            break
        total += _iterations(rest, extent - digit * step)
    return total


def rank_words(rank: Rank, tile: dict[str, int]) -> int:
    """Distinct addresses of the rank when dimension d runs over tile[d] indices."""
    if len(rank.terms) == 1:
        return tile[rank.terms[0].dim]
    return _addresses(tuple((t.coefficient, tile[t.dim]) for t in rank.terms)).bit_count()


@lru_cache(maxsize=65536)
def _addresses(terms: tuple[tuple[int, int], ...]) -> int:
    return address_set(terms)


def _alive(case: Pattern) -> int:
    """How many separately counted children of an irrelevant dimension have work: those that share are one."""
    return 1 if any(move.new_length for group in case.groups for move in group) else 0


def _single(cases: tuple[Pattern, ...]) -> tuple[int, int]:
    """An address of one dimension: tiles of different bases never meet."""
    fresh = kept = 0
    for case in cases:
        for group in case.groups:
            for move in group:
                fresh += case.times * move.new_length
                if move.new == move.old and move.old_length:
                    kept += case.times * min(move.new_length, move.old_length)
    return fresh, kept


@lru_cache(maxsize=65536)
def window_words(
    coefficients: tuple[int, ...], groups: tuple[tuple[Group, ...], ...], empty: bool = False
) -> tuple[int, int]:
    """An address that is a sum of dimensions: (words wanted, words of them that no child lacks), sharing as grouped.

    `empty`: nothing is held yet, whatever the moves say.
    """
    seen: set[tuple[int, int]] = set()
    for combination in product(*groups):
        wanted = lacked = 0
        for moves in product(*combination):
            if all(move.new_length for move in moves):
                terms = tuple(zip(coefficients, (move.new_length for move in moves), strict=True))
                start = sum(c * move.new for c, move in zip(coefficients, moves, strict=True))
                new = _addresses(terms) << start
                wanted |= new
                lacked |= new if empty else new & ~_held(coefficients, moves)
        if wanted:
            seen.add((wanted, lacked))
    fresh = sum(wanted.bit_count() for wanted, _ in seen)
    return fresh, fresh - sum(lacked.bit_count() for _, lacked in seen)


def _held(coefficients: tuple[int, ...], moves: Group) -> int:
    if not all(move.old_length for move in moves):
        return 0
    terms = tuple(zip(coefficients, (move.old_length for move in moves), strict=True))
    start = sum(c * move.old for c, move in zip(coefficients, moves, strict=True))
    held = _addresses(terms)
    return held << start if start >= 0 else held >> -start


def sharing(hardware: Hardware, fanouts: list[int]) -> dict[int, Role]:
    """How requests of an input meet on the way up through the fanouts (node indices, outermost first): a fanout that
    shares words unites all that arrives at it, from further in too."""
    roles: dict[int, Role] = {}
    role = Role.OUTER
    for node in fanouts:
        fanout = hardware.nodes[node]
        assert isinstance(fanout, Fanout)
        if fanout.multicast is Multicast.WORD:
            role = Role.UNION
        elif fanout.multicast is Multicast.TILE and role is Role.OUTER:
            role = Role.DISTINCT
        if role is not Role.OUTER:
            roles[node] = role
    return roles


def adding(hardware: Hardware, fanouts: list[int]) -> dict[int, Role]:
    """How partial sums meet on the way up: a fanout that reduces adds all that arrives at it, from further in too."""
    roles: dict[int, Role] = {}
    adds = False
    for node in fanouts:
        fanout = hardware.nodes[node]
        assert isinstance(fanout, Fanout)
        adds |= fanout.reduces
        if adds:
            roles[node] = Role.UNION
    return roles


def _count_input(nest: _Nest, tensor: Tensor, add: _Add) -> None:
    compute = len(nest.hardware.nodes) - 1
    for parent, child in nest.boundaries(tensor.name):
        fanouts = nest.fanouts(parent, child)
        latch = child != compute
        if latch:
            add(child, tensor.name, Action.FILL, nest.words(tensor, child, {}))
        for index, node in enumerate(fanouts):
            roles = sharing(nest.hardware, fanouts[index + 1 :])
            add(node, tensor.name, Action.TRANSFER, nest.words(tensor, child, roles, latch=latch))
        add(parent, tensor.name, Action.READ, nest.words(tensor, child, sharing(nest.hardware, fanouts), latch=latch))


def _count_output(nest: _Nest, tensor: Tensor, add: _Add) -> None:
    """Partial sums go up when a tile is replaced; they come down again where the parent holds a valid one."""
    if any(len(rank.terms) > 1 for rank in tensor.ranks):
        raise UnsupportedError(f"tensor {tensor.name} is accumulated at addresses that are sums of dimensions")
    compute = len(nest.hardware.nodes) - 1
    untouched = nest.einsum.words(tensor)  # words of the parent's residencies that hold no partial sum yet
    for parent, child in nest.boundaries(tensor.name):
        fanouts = nest.fanouts(parent, child)
        latch = child != compute
        below = nest.words(tensor, child, {}, hold=False, latch=latch)
        arriving = below
        for index in range(len(fanouts) - 1, -1, -1):
            node = fanouts[index]
            add(node, tensor.name, Action.TRANSFER, arriving)
            leaving = nest.words(tensor, child, adding(nest.hardware, fanouts[index:]), hold=False, latch=latch)
            add(node, tensor.name, Action.REDUCE, arriving - leaving)
            arriving = leaving
        add(parent, tensor.name, Action.UPDATE, arriving)
        if not latch:
            add(parent, tensor.name, Action.READ, arriving - untouched)
            return
        wanted = nest.words(tensor, child, dict.fromkeys(fanouts, Role.UNION), hold=False)
        refills = wanted - untouched
        add(parent, tensor.name, Action.READ, refills)
        add(child, tensor.name, Action.FILL, refills)
        for node in fanouts:
            add(node, tensor.name, Action.TRANSFER, refills)
        untouched = below - refills
