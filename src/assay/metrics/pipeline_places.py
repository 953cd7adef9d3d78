"""Where the loops in time of a mapping stand, as far as it matters to what they move.

With remainders, tiles at the end of a dimension are smaller, and loops inside of them shorter. A *left* is, for every
dimension, how many indices there are from the loops outside on, as far as those inside can tell: all places in the
middle of a layer are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, prod
from typing import NamedTuple

from assay.mapping.digits import Role
from assay.mapping.nest import Nest, Place, iterations
from assay.mapping.sums import Sums
from assay.mapping.tables import DimTable

Left = tuple[int, ...]


class Advance(NamedTuple):
    """A loop that advances.

    Attributes:
        loop: its number among the loops in time that run more than once, outermost first.
        left: before it advances, of every dimension, with the loops outside of it where they are.
    """

    loop: int
    left: Left


@dataclass(frozen=True, slots=True)
class _Turning:
    """A loop in time: its dimension's position, its iterations, and by how many indices it moves."""

    dim: int
    bound: int
    step: int


class Places:
    """The places of the loops of a mapping."""

    def __init__(self, nest: Nest, bounds: tuple[int, ...]) -> None:
        self.nest, self.bounds = nest, bounds
        self.dims = tuple(nest.extents)
        steps = {}
        for dim in self.dims:
            inside = prod(bounds[place.position] for place in nest.by_dim[dim])
            for place in nest.by_dim[dim]:
                inside //= bounds[place.position]
                steps[place.position] = inside
        self.moving = [place for place in nest.places if not place.spatial and bounds[place.position] > 1]
        self.loops = [
            _Turning(self.dims.index(place.dim), bounds[place.position], steps[place.position]) for place in self.moving
        ]
        self._reach: list[list[int]] = []  # of all loops in space and those in time from each depth on, per dimension
        self._grain: list[list[int]] = []  # what all their steps are multiples of
        for depth in range(len(self.loops) + 1):
            digits = [(p.dim, bounds[p.position], steps[p.position]) for p in nest.places if p.spatial]
            digits += [(self.dims[x.dim], x.bound, x.step) for x in self.loops[depth:]]
            digits = [digit for digit in digits if digit[1] > 1]
            self._reach.append([1 + sum((b - 1) * s for d, b, s in digits if d == dim) for dim in self.dims])
            self._grain.append([gcd(*(s for d, _, s in digits if d == dim)) for dim in self.dims])
        self.start = self._capped(0, tuple(nest.extents.values()))

    def _capped(self, depth: int, left: Left) -> Left:
        return tuple(map(_cap, left, self._reach[depth], self._grain[depth]))

    def count(self, loop: int, left: Left) -> int:
        """Iterations of a loop."""
        turning = self.loops[loop]
        return min(turning.bound, -(-left[turning.dim] // turning.step))

    def inside(self, loop: int, left: Left, value: int) -> Left:
        """What is left at an iteration of the loop."""
        return self._capped(loop + 1, self._moved(loop, left, value))

    def _moved(self, loop: int, left: Left, value: int) -> Left:
        turning = self.loops[loop]
        return (*left[: turning.dim], left[turning.dim] - value * turning.step, *left[turning.dim + 1 :])

    def advance(self, loop: int, left: Left, value: int) -> Advance:
        """From that iteration of the loop to the next."""
        turning, moved = self.loops[loop], self._moved(loop, left, value)
        inner = list(self._capped(loop + 1, moved))
        most = self._reach[loop + 1][turning.dim] + turning.step
        inner[turning.dim] = _cap(moved[turning.dim], most, gcd(self._grain[loop + 1][turning.dim], turning.step))
        return Advance(loop, tuple(inner))

    def alike(self, loop: int, left: Left) -> int:
        """The last iteration up to which, from the second on, all are alike, and so are the advances beside them."""
        turning = self.loops[loop]
        most = self._reach[loop + 1][turning.dim] + turning.step
        return max((left[turning.dim] - most) // turning.step, 0)

    def begin(self, depth: int) -> Left:
        """At the start of the layer, as far as the loops from `depth` on can tell."""
        return self._capped(depth, self.start)

    def after(self, advance: Advance | None, depth: int) -> Left:
        """After it, with all loops inside of it at their starts; None: at the start of the layer."""
        return self.begin(depth) if advance is None else self._capped(depth, self._moved(*advance, 1))

    def before(self, advance: Advance | None, depth: int, added: frozenset[int]) -> Left:
        """Before it, with all loops inside of it at their ends; None: at the end of the layer.

        Args:
            added: dimensions over which sums are added: their loops inside of the last of the others that runs more
                than once are at their starts, where a tile of sums has work in most instances.
        """
        left = list(self.start if advance is None else advance.left)
        first, inner = 0 if advance is None else advance.loop + 1, -1
        for number, turning in enumerate(self.loops[first:depth]):
            if turning.dim not in added and left[turning.dim] > turning.step:
                left[turning.dim] -= min(turning.bound - 1, (left[turning.dim] - 1) // turning.step) * turning.step
                inner = number
        for turning in self.loops[first : first + inner + 1]:
            if turning.dim in added:
                left[turning.dim] -= min(turning.bound - 1, (left[turning.dim] - 1) // turning.step) * turning.step
        return self._capped(depth, tuple(left))

    def steps(self, left: Left, begin: int, end: int | None = None) -> int:
        """Iterations of the loops from `begin` on, up to `end` (None: all of them)."""
        total = 1
        for dim in range(len(self.dims)):
            loops = [(x.bound, x.step) for x in self.loops[begin:end] if x.dim == dim]
            total *= iterations(loops, left[dim])
        return total

    def above(self, node: int) -> int:
        """How many of the loops stand further out than the node."""
        return sum(place.node < node for place in self.moving)


def _cap(left: int, reach: int, grain: int) -> int:
    """The least that makes no difference to loops that reach so far in steps that are multiples of the grain."""
    grain = grain or 1
    return -(-min(left, reach) // grain) * grain


class Placed(Sums):
    """The sums of one advance, or of one step: loops outside stay where they are."""

    def __init__(self, places: Places, bounds: dict[str, tuple[int, ...]], loop: int, left: Left, pivot: bool) -> None:
        """`loop`: the number of loops in time outside; `pivot`: the next advances from `left` on."""
        super().__init__(places.nest, bounds)
        self.places, self.loop, self.left = places, loop, left
        self.pivot: Place | None = places.moving[loop] if pivot else None

    def table(self, dim: str, node: int, roles: dict[int, Role], hold: bool) -> DimTable:
        known = len(self._tables)
        table = super().table(dim, node, roles, hold)
        if len(self._tables) > known:
            self._place(table)
        return table

    def _place(self, table: DimTable) -> None:
        outside = {place.position for place in self.places.moving[: self.loop]}
        number = self.places.dims.index(table.dim)
        turns = [p for p in self.places.nest.by_dim[table.dim] if not p.spatial]
        left = self.left[number]
        loops = []
        for bound, step, turn, role in table.loops:
            if turn < 0:
                loops.append((bound, step, turn, role))
            elif turns[turn].position not in outside:
                loops.append((2 if turns[turn] is self.pivot else bound, step, turn, role))
        table.loops = loops
        reach = table.tile + sum((bound - 1) * step for bound, step, _, _ in loops)
        table.extent = left
        table.tile = min(table.tile, left)
        table.perfect = left >= reach
        table.apart = prod(b for b, _, turn, role in loops if turn < 0 and role is Role.OUTER)
        table.shared = prod(b for b, _, turn, role in loops if turn < 0 and role is not Role.OUTER)
