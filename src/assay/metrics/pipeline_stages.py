"""What moves into and out of each buffer of a mapping when its loops advance: the transfers that `pipeline` times.

A *stage* is one tensor on its way between two memories that keep it, or from the innermost of them to the multipliers.
What moves when a loop advances (the loops inside it start again) depends on where the loops outside of it stand only at
the ends of dimensions that leave remainders (`pipeline_places`). It is taken from the same sums as the counts
(`assay.mapping.sums`): over all advances it adds up to the counts, port by port.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import NamedTuple

from assay.errors import UnsupportedError
from assay.hardware.model import Buffering, Hardware, Memory
from assay.mapping.analysis import Shape
from assay.mapping.digits import Role
from assay.mapping.latency import Port
from assay.mapping.mapping import Mapping
from assay.mapping.nest import Nest, adding, sharing
from assay.mapping.sums import Sums
from assay.metrics.pipeline_places import Advance, Left, Placed, Places
from assay.workload.einsum import Einsum, Tensor

Bits = tuple[tuple[Port, Fraction], ...]
"""Bits that one instance of each port on the way moves, in the order in which a word meets the ports."""


class Reduction(NamedTuple):
    """The innermost loop over which sums are added that is not at its start.

    Attributes:
        loop: its number.
        moves: the first loop inside of it that runs more than once and that the output depends on: when the reduction
            loop advances, tiles of sums that change at this loop or further in stay.
    """

    loop: int
    moves: int


Stop = tuple[int, tuple[str, ...], int]
"""A node on the way, the ports of it that a word meets, and words of all instances."""

READ, WRITE = ("read", "total"), ("write", "total")


@dataclass(slots=True, eq=False)
class Stage:
    """One tensor between two nodes that hold it.

    Attributes:
        tensor: the tensor.
        parent, child: nodes that words leave and reach (outputs: the other way round).
        fanouts: those between, outermost first.
        output: True for partial sums.
        single: True: the child has room for one tile, which is replaced while nothing uses it.
        latched: False: the child is the compute, and holds nothing.
        depth: how many loops in time are outside of or at the innermost one that changes the child's tile.
        above: the stage that fills the parent; None where the parent is the outermost memory.
        source: outputs: the stage that brings sums back into the parent; None: the parent is the outermost memory.
    """

    tensor: Tensor
    parent: int
    child: int
    fanouts: tuple[int, ...]
    output: bool
    single: bool
    latched: bool
    depth: int = 0
    above: int | None = None
    source: Stage | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """The loops in time of a mapping, and the stages that they drive.

    Attributes:
        places: where the loops stand.
        reduces: for each of them, whether the output does not depend on it.
        stages: from the one whose tiles change least often to the one whose tiles change most often.
        depth: loops down to the innermost one at which a tile changes; those inside it are computing alone.
        moves: what the stages move.
    """

    places: Places
    reduces: tuple[bool, ...]
    stages: tuple[Stage, ...]
    depth: int
    moves: Moves

    def late(self, number: int, advances: int) -> bool:
        """Whether the stage's tiles are replaced between two steps when that loop advances: it has room for one only,
        or a stage above it that has room for one is replaced, too."""
        at: int | None = number
        while at is not None:
            stage = self.stages[at]
            if stage.single and advances < stage.depth:
                return True
            at = stage.above
        return False


def plan(einsum: Einsum, hardware: Hardware, mapping: Mapping, limits: dict[Port, Fraction]) -> Course:
    """The stages of a mapping.

    Raises:
        InputError: the mapping does not belong to this einsum and hardware.
        UnsupportedError: the hardware has links between neighbours, or counts in a way that knows no remainders.
    """
    nest = Nest.build(einsum, hardware, mapping)
    bounds = tuple(loop.bound for loop in mapping.loops)
    nest.check_cover(bounds)
    for fanout in hardware.fanouts:
        if fanout.links:
            raise UnsupportedError(
                f"fanout '{fanout.name}' has links between neighbours, which are not timed tile by tile",
                at=fanout.at,
                hint="take 'links' away",
            )
    if any(len(rank.terms) > 1 for rank in einsum.output.ranks):
        raise UnsupportedError(f"tensor {einsum.output.name} is accumulated at addresses that are sums of dimensions")
    return _Planner(nest, bounds, limits).course()


class Moves:
    """What the stages of a mapping move, advance by advance."""

    def __init__(self, nest: Nest, bounds: tuple[int, ...], places: Places) -> None:
        self.nest, self.places = nest, places
        self.hardware = nest.hardware
        self.bounds = nest.split(bounds)
        self.shape = Shape(nest, self.bounds)
        self.active = self.shape.active()
        self._first = Sums(nest, self.bounds)
        self._sums: dict[tuple[int, Left, bool], Placed] = {}
        self._known: dict[tuple[Stage, bool, Advance | None, Reduction | None], Bits] = {}

    def fill(self, stage: Stage, advance: Advance | None, reduction: Reduction | None) -> Bits:
        """What comes into the child.

        Args:
            advance: the loop that advances; None: the very first step begins.
            reduction: after it, the innermost loop that the tensor does not depend on that is not at its start.
        """
        key = stage, True, advance, reduction
        if key not in self._known:
            if advance is not None and advance.loop >= stage.depth:
                self._known[key] = ()
            elif stage.output:
                self._known[key] = self._refill(stage, advance, reduction)
            else:
                self._known[key] = self._input(stage, advance)
        return self._known[key]

    def drain(self, stage: Stage, advance: Advance | None) -> Bits:
        """What leaves the child after its last step before the loop advances; None: after the very last step."""
        key = stage, False, advance, None
        if key not in self._known:
            self._known[key] = self._drain(stage, advance)
        return self._known[key]

    def _input(self, stage: Stage, advance: Advance | None) -> Bits:
        fanouts, name = stage.fanouts, stage.tensor.name
        filled = self.new(stage, advance, {})
        crossing = [self.new(stage, advance, sharing(self.hardware, list(fanouts[i:]))) for i in range(len(fanouts))]
        way: list[Stop] = [(stage.parent, READ, crossing[0] if fanouts else filled)]
        way += [(f, (f"{name} down",), words) for f, words in zip(fanouts, crossing, strict=True)]
        return self._bits(stage, [*way, (stage.child, WRITE, filled)])

    def _refill(self, stage: Stage, advance: Advance | None, reduction: Reduction | None) -> Bits:
        wanted = self.new(stage, advance, dict.fromkeys(stage.fanouts, Role.UNION))
        returning = self._returning(stage, advance, reduction, wanted)
        if not stage.latched:  # a product is added to what the memory holds, or becomes it
            arriving = self.new(stage, advance, adding(self.hardware, list(stage.fanouts)))
            return self._bits(stage, [(stage.parent, READ, arriving - wanted + returning)])
        way: list[Stop] = [(stage.parent, READ, returning)]
        falling = returning
        for index, fanout in enumerate(stage.fanouts):
            way.append((fanout, (f"{stage.tensor.name} down",), falling))
            if self.hardware.counting.refill_all and returning:
                inside = dict.fromkeys(stage.fanouts[index + 1 :], Role.UNION)
                falling = returning * self.new(stage, advance, inside) // wanted
        return self._bits(stage, [*way, (stage.child, WRITE, falling)])

    def _drain(self, stage: Stage, advance: Advance | None) -> Bits:
        if advance is not None and stage.latched and not self.new(stage, advance, {}):
            return ()  # the tile stays
        fanouts, name = list(stage.fanouts), stage.tensor.name
        added = frozenset(range(len(self.places.dims))) - self._own(stage.tensor) if stage.latched else frozenset()
        left = self.places.before(advance, self.places.above(stage.child), added)

        def leaving(index: int) -> int:
            roles = {} if index == len(fanouts) else adding(self.hardware, fanouts[index:])
            return self._at(stage, left, roles)

        below = leaving(len(fanouts))
        way: list[Stop] = [(stage.child, READ, below if stage.latched and self.hardware.counting.drain_reads else 0)]
        way += [(fanouts[i], (f"{name} up",), leaving(i)) for i in range(len(fanouts) - 1, -1, -1)]
        return self._bits(stage, [*way, (stage.parent, WRITE, leaving(0))])

    def _own(self, tensor: Tensor) -> frozenset[int]:
        return frozenset(number for number, dim in enumerate(self.places.dims) if dim in tensor.dims)

    def holders(self, stage: Stage, reduction: Reduction | None) -> tuple[int, ...] | None:
        """Where sums of a tile are that come in again, if they are anywhere: the fanouts of which one child of those
        that add has them. None: nothing has been added yet.

        A sum comes back if some reduction loop has gone on since the parent's tile came (the parent then holds it), or
        if the parent's tile itself came back, into this instance of the parent.
        """
        found, source = stage.fanouts, stage.source
        while reduction is None or (source is not None and max(reduction) < source.depth):
            if source is None:
                return None
            found += () if self.hardware.counting.refill_all else source.fanouts
            source = source.source
        return found

    def _returning(self, stage: Stage, advance: Advance | None, reduction: Reduction | None, wanted: int) -> int:
        """Of the words wanted, those that have sums already."""
        holders = stage.fanouts if self.hardware.counting.first_reads else self.holders(stage, reduction)
        if holders is None:
            return 0
        return wanted if holders == stage.fanouts else self.new(stage, advance, dict.fromkeys(holders, Role.UNION))

    def all(self, stage: Stage) -> list[Bits]:
        """Transfers that together use all ports that the stage ever uses."""
        found = [self.fill(stage, None, None)]
        if stage.output:
            found.append(self.drain(stage, None))
            dims = [
                self.places.moving[n].dim for n in range(stage.depth) if self.places.count(n, self.places.start) > 1
            ]
            if not set(dims) <= set(stage.tensor.dims):
                found.append(self._refill(stage, None, Reduction(stage.depth, stage.depth)))
        return found

    def ahead(self, stages: Sequence[Stage], node: int) -> Fraction:
        """Bits in one instance of a memory that has its largest tiles and the largest that can come next.

        Of inputs only the words that are not there yet come. Sums need as much room again as a tile: that which leaves.
        """
        held = {(each.component, each.tensor): each.words for each in self.shape.occupancy()}
        total = Fraction(0)
        for stage in stages:
            if stage.child != node:
                continue
            words = Fraction(held[self.hardware.nodes[node].name, stage.tensor.name])
            places, share = self.places, Fraction(int(stage.output and stage.depth > 0))
            for loop in range(0 if stage.output else stage.depth):
                if places.count(loop, places.start) > 1:
                    new = self.new(stage, places.advance(loop, places.begin(loop), 0), {})
                    share = max(share, Fraction(new, self.new(stage, None, {})))
            total += words * (1 + share) * stage.tensor.bits
        return total

    def new(self, stage: Stage, advance: Advance | None, roles: dict[int, Role]) -> int:
        """Words of all instances that a tile has and the one before had not."""
        if not stage.latched:
            return self._at(stage, self.places.after(advance, self.places.above(stage.child)), roles)
        if advance is None:
            first = next(self._first.view(stage.tensor, stage.child, roles, not stage.output).terms(True))
            return int(first.words)
        sums = self._placed(advance.loop, advance.left, True)
        view = sums.view(stage.tensor, stage.child, roles, not stage.output)
        return int(view.words_of(self.places.moving[advance.loop].position))

    def _at(self, stage: Stage, left: Left, roles: dict[int, Role]) -> int:
        """Words of all instances in a tile, or in one step; `left`: of the loops below the child."""
        sums = self._placed(self.places.above(stage.child), left, False)
        return int(sums.view(stage.tensor, stage.child, roles, not stage.output).words(False))

    def _placed(self, loop: int, left: Left, pivot: bool) -> Placed:
        key = loop, left, pivot
        if key not in self._sums:
            self._sums[key] = Placed(self.places, self.bounds, *key)
        return self._sums[key]

    def _bits(self, stage: Stage, way: list[Stop]) -> Bits:
        return tuple(self._each(stage.tensor, way))

    def _each(self, tensor: Tensor, way: list[Stop]) -> Iterator[tuple[Port, Fraction]]:
        for node, ports, words in way:
            memory = isinstance(self.hardware.nodes[node], Memory)
            if words and (memory or ports[0] not in ("read", "write")):
                for port in ports:
                    yield (node, port), Fraction(words * tensor.bits, self.active[node])


class _Planner:
    def __init__(self, nest: Nest, bounds: tuple[int, ...], limits: dict[Port, Fraction]) -> None:
        self.nest, self.limits = nest, limits
        self.hardware, self.output = nest.hardware, nest.einsum.output
        self.places = Places(nest, bounds)
        self.moves = Moves(nest, bounds, self.places)
        self.perfect = all(prod(self.moves.bounds[dim]) == extent for dim, extent in nest.extents.items())
        self.reduces = tuple(place.dim not in self.output.dims for place in self.places.moving)
        if self.hardware.counting.refill_all and not self.perfect:
            raise UnsupportedError("refill_all is not counted for tiles that leave remainders")

    def course(self) -> Course:
        found: list[Stage] = []
        chains: dict[str, list[Stage]] = {}
        for tensor in self.nest.einsum.tensors:
            chain = chains[tensor.name] = []
            for parent, child in self.nest.boundaries(tensor.name):
                stage = self._stage(tensor, parent, child)
                if stage.output:
                    stage.source = chain[-1] if chain else None
                if child != self.nest.compute or self._timed(stage):
                    chain.append(stage)
            found += chain
        found.sort(key=lambda stage: (stage.depth, stage.child))
        place = {(stage.tensor.name, stage.child): number for number, stage in enumerate(found)}
        for stage in found:
            stage.above = place.get((stage.tensor.name, stage.parent))
        depth = max((stage.depth for stage in found), default=0)
        return Course(self.places, self.reduces, tuple(found), depth, self.moves)

    def _stage(self, tensor: Tensor, parent: int, child: int) -> Stage:
        node = self.hardware.nodes[child]
        output = tensor is self.output
        stage = Stage(
            tensor,
            parent,
            child,
            tuple(self.nest.fanouts(parent, child)),
            output,
            isinstance(node, Memory) and node.buffering is Buffering.SINGLE,
            child != self.nest.compute or (self.hardware.compute.latch and not output),
        )
        stage.depth = max(
            (loop + 1 for loop in range(self.places.above(child)) if self._changes(stage, loop)), default=0
        )
        return stage

    def _changes(self, stage: Stage, loop: int) -> bool:
        """Whether a loop moves any word of the stage when it first advances; later, it moves no other ones."""
        if self.places.count(loop, self.places.start) == 1:
            return False
        return bool(self.moves.new(stage, self.places.advance(loop, self.places.begin(loop), 0), {}))

    def _timed(self, stage: Stage) -> bool:
        """Whether some port on the way has a limit."""
        return any(port in self.limits for bits in self.moves.all(stage) for port, _ in bits)
