"""Words that neighbours in an array pass on to each other.

In a fanout with links, a child takes what it newly needs from a neighbour along an axis if the neighbour was filled
with just these words a step before. Where the fanout shares equal requests, it does so only if that saves reads of the
parent. With perfect factors all children move alike, so what a child lacks at one step and what its neighbour got at
the step before are the same words moved by some distance: only that distance must be the one between the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from assay.errors import UnsupportedError
from assay.hardware.model import Fanout, Halo, Multicast
from assay.mapping.nest import Nest, Place
from assay.mapping.windows import addresses
from assay.workload.einsum import Tensor

Offset = tuple[int, ...]
"""A distance in words along each address of a tensor."""
Want = tuple[tuple[int, int], ...]
"""Per address, the words of a tile and those of them that were not there: bit masks from the tile's first word."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Steps at which one loop advances, after steps at which one certain loop advanced.

    Attributes:
        position: of the loop that advances now.
        share: which part (numerator, denominator) of that loop's steps.
        children, linked: of one instance of the fanout: all, and those that take what they need from a neighbour.
        asked, still: different requests of one instance, without links and with them.
    """

    position: int
    share: tuple[int, int]
    children: int
    linked: int
    asked: int
    still: int


def linked_turns(nest: Nest, bounds: dict[str, tuple[int, ...]], tensor: Tensor, child: int) -> tuple[Turn, ...]:
    """The turns at which neighbours in the fanout just above the memory `child` pass words of the tensor on.

    Raises:
        UnsupportedError: factors leave remainders.
    """
    fanout = nest.hardware.nodes[child - 1]
    if child == nest.compute or not isinstance(fanout, Fanout) or not fanout.links:
        return ()
    array = _Array.build(nest, bounds, tensor, child)
    if array is None:
        return ()
    return tuple(array.turns(fanout.multicast is Multicast.TILE))


@dataclass(frozen=True, slots=True)
class _Loop:
    """A loop of more than one iteration: its bound, and how far one iteration moves the tile."""

    position: int
    bound: int
    moves: Offset


@dataclass(frozen=True, slots=True)
class _Array:
    """The children of one fanout instance, and how their tiles move.

    Attributes:
        tile: the words of a tile per address, as a bit mask.
        loops: in time, above the children, outermost first.
        axes: along each axis, where the tile of each child lies.
    """

    tile: tuple[int, ...]
    loops: tuple[_Loop, ...]
    axes: tuple[tuple[Offset, ...], ...]

    @staticmethod
    def build(nest: Nest, bounds: dict[str, tuple[int, ...]], tensor: Tensor, child: int) -> _Array | None:
        loops, along = [], dict[str, list[_Loop]]()
        for place, bound, step in _loops(nest, bounds):
            if bound == 1 or place.node >= child:
                continue
            moves = tuple(
                sum(term.coefficient * step for term in rank.terms if term.dim == place.dim) for rank in tensor.ranks
            )
            if not place.spatial:
                loops.append(_Loop(place.position, bound, moves))
            elif place.node == child - 1:
                along.setdefault(nest.axes[place.position] or "", []).append(_Loop(place.position, bound, moves))
        if not loops or not along:
            return None
        for dim, extent in nest.extents.items():
            if prod(bounds[dim]) != extent:
                name = nest.hardware.nodes[child - 1].name
                raise UnsupportedError(
                    f"fanout '{name}' has links between neighbours, and the loops over {dim} leave a remainder of its"
                    f" {extent} indices; counting the two together is not supported",
                    at=nest.hardware.nodes[child - 1].at,
                    hint=f"give factors that multiply to {extent}, or take 'links' away",
                )
        box = nest.hardware.counting.halo is Halo.BOX
        inside = {
            dim: prod(b for p, b in zip(nest.by_dim[dim], bounds[dim], strict=True) if p.node >= child)
            for dim in bounds
        }
        tile = tuple(addresses(tuple((t.coefficient, inside[t.dim]) for t in rank.terms), box) for rank in tensor.ranks)
        axes = tuple(tuple(_offsets(each)) for each in along.values())
        return _Array(tile, tuple(sorted(loops, key=lambda loop: loop.position)), axes)

    def turns(self, merges: bool) -> Iterator[Turn]:
        """`merges`: equal requests are one."""
        *outer, inner = self.loops
        for number, loop in enumerate(outer):
            yield from self._turn(loop.position, (1, 1), number, len(outer), merges)
        repeats = prod(loop.bound for loop in outer)  # how often the innermost loop begins
        if inner.bound > 2:
            share = inner.bound - 2, inner.bound - 1
            yield from self._turn(inner.position, share, len(outer), len(outer), merges)
        for number, loop in enumerate(outer):
            begins = (loop.bound - 1) * prod(each.bound for each in outer[:number])
            share = begins, repeats * (inner.bound - 1)
            yield from self._turn(inner.position, share, len(outer), number, merges)
        yield from self._turn(inner.position, (1, repeats * (inner.bound - 1)), len(outer), None, merges)

    def _turn(
        self, position: int, share: tuple[int, int], now: int, before: int | None, merges: bool
    ) -> Iterator[Turn]:
        """Loop number `now` advances after loop number `before` did (None: after the first step)."""
        lacks, had = self._want(now), self._want(before)
        if lacks is None or had is None or lacks[1] != had[1]:
            return
        moved = self._moved(now)
        distance = tuple(a - b + m for a, b, m in zip(lacks[0], had[0], moved, strict=True))
        alone = [_alone(axis, distance) for axis in self.axes]
        children = prod(len(axis) for axis in self.axes)
        left = prod(sum(each) for each in alone)
        if left == children:
            return
        everywhere = [[True] * len(axis) for axis in self.axes]
        asked, still = self._different(everywhere), self._different(alone)
        if still < asked or not merges:
            yield Turn(position, share, children, children - left, asked, still)

    def _moved(self, number: int) -> Offset:
        """How far tiles move when that loop advances and those inside it start again."""
        move = list(self.loops[number].moves)
        for loop in self.loops[number + 1 :]:
            move = [m - (loop.bound - 1) * back for m, back in zip(move, loop.moves, strict=True)]
        return tuple(move)

    def _want(self, number: int | None) -> tuple[Offset, Want] | None:
        """What a tile lacks after that turn: where it begins, and the words from there; None for nothing."""
        if number is None:
            return (0,) * len(self.tile), tuple((tile, tile) for tile in self.tile)
        kept = [
            tile & (tile >> move if move >= 0 else tile << -move)
            for tile, move in zip(self.tile, self._moved(number), strict=True)
        ]
        lacked = [tile & ~keep for tile, keep in zip(self.tile, kept, strict=True)]
        partial = [k for k, lack in enumerate(lacked) if lack]
        if not partial:
            return None
        sides = list(self.tile)
        if all(kept):
            if len(partial) > 1:
                return (0,) * len(sides), tuple(zip(self.tile, lacked, strict=True))
            sides[partial[0]] = lacked[partial[0]]
        first = tuple((side & -side).bit_length() - 1 for side in sides)
        return first, tuple((side >> start, side >> start) for side, start in zip(sides, first, strict=True))

    def _different(self, chosen: list[list[bool]]) -> int:
        """Different places of the tiles of the chosen children: those chosen along every axis."""
        places = [
            [o for o, use in zip(axis, each, strict=True) if use] for axis, each in zip(self.axes, chosen, strict=True)
        ]
        return len({tuple(map(sum, zip(*choice, strict=True))) for choice in product(*places)})


def _loops(nest: Nest, bounds: dict[str, tuple[int, ...]]) -> Iterator[tuple[Place, int, int]]:
    """Every loop with its bound and the indices that one iteration moves."""
    for dim, places in nest.by_dim.items():
        step = prod(bounds[dim])
        for place, bound in zip(places, bounds[dim], strict=True):
            step //= bound
            yield place, bound, step


def _offsets(loops: list[_Loop]) -> Iterator[Offset]:
    """Where the tile of each child along an axis lies; the outer loop of several takes the longer strides."""
    loops = sorted(loops, key=lambda loop: loop.position)
    for digits in product(*(range(loop.bound) for loop in loops)):
        moves = (tuple(d * m for m in loop.moves) for d, loop in zip(digits, loops, strict=True))
        yield tuple(map(sum, zip(*moves, strict=True)))


def _alone(axis: tuple[Offset, ...], distance: Offset) -> list[bool]:
    """Along an axis, the children none of whose two neighbours lies at that distance."""

    def apart(one: Offset, other: Offset) -> bool:
        return tuple(b - a for a, b in zip(one, other, strict=True)) != distance

    last = len(axis) - 1
    return [
        (i == 0 or apart(axis[i], axis[i - 1])) and (i == last or apart(axis[i], axis[i + 1])) for i in range(len(axis))
    ]
