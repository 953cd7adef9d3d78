"""Exact counts of one mapping, in closed form: see `assay.mapping.sums` for the form.

`tests/oracle.py` runs the same loops one by one; the two agree on every count. Padding zeros around an input are moved
like other words of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from math import prod

from assay.errors import UnsupportedError
from assay.hardware.model import Fanout, Halo, Hardware
from assay.mapping.counts import Action, Analysis, Count, Occupancy
from assay.mapping.digits import Role
from assay.mapping.links import Turn
from assay.mapping.mapping import Mapping
from assay.mapping.nest import Nest, adding, iterations, sharing
from assay.mapping.sums import Number, Source, Sums, View, tile_words
from assay.workload.einsum import Einsum, Tensor


def analyse(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> Analysis:
    """Count what every component does when the einsum runs under the mapping.

    Whether the tiles fit is not checked here.

    Raises:
        InputError: the mapping does not belong to this einsum and hardware.
        UnsupportedError: the output is addressed by a sum of dimensions.
    """
    nest = Nest.build(einsum, hardware, mapping)
    bounds = tuple(loop.bound for loop in mapping.loops)
    nest.check_cover(bounds)
    by_dim = nest.split(bounds)
    tables: dict[Way | None, dict[Name, int]] = {None: {}, Way.RETURNED: {}, Way.PASSED: {}}
    for booking in bookings(nest, Sums(nest, by_dim)):
        for way in {None, booking.way} if booking.count else ():
            name = booking.node, booking.tensor, booking.action
            tables[way][name] = tables[way].get(name, 0) + booking.count

    def counts(way: Way | None) -> tuple[Count, ...]:
        names = sorted(tables[way], key=count_order(einsum))
        return tuple(Count(hardware.nodes[n[0]].name, n[1], n[2], tables[way][n]) for n in names)

    shape = Shape(nest, by_dim)
    occupancy = tuple(shape.occupancy())
    return Analysis(counts(None), occupancy, shape.steps(), shape.active(), counts(Way.RETURNED), counts(Way.PASSED))


Name = tuple[int, str | None, Action]
"""Node, tensor and action of a count."""


class Way(Enum):
    """What a contribution to a count is, where others of its name are something else."""

    RETURNED = "returned"  # partial sums on their way down again
    PASSED = "passed"  # words read for neighbours


def count_order(einsum: Einsum) -> Callable[[Name], tuple[int, int, int]]:
    """A key that sorts (node, tensor, action) as counts are shown."""
    tensors = {tensor.name: i for i, tensor in enumerate(einsum.tensors)}
    actions = {action: i for i, action in enumerate(Action)}
    return lambda name: (name[0], tensors.get(name[1] or "", -1), actions[name[2]])


@dataclass(frozen=True, slots=True)
class Part:
    """One sum of words within a count.

    Attributes:
        factor: how often it is added (taken off if below 0).
        text: what the words are.
        number: how many.
        view: where the number comes from, loop by loop; None: it is the size of the tensor.
        latch: see `View.words`.
    """

    factor: Number
    text: str
    number: Number
    view: View | None = None
    latch: bool = True

    def times(self, factor: Number) -> Part:
        """The part, so many times more."""
        return Part(self.factor * factor, self.text, self.number, self.view, self.latch)


@dataclass(frozen=True, slots=True)
class Booking:
    """A contribution to one count, and the sums that it is made of."""

    node: int
    tensor: str | None
    action: Action
    parts: tuple[Part, ...]
    way: Way | None = None

    @property
    def count(self) -> Number:
        return sum(part.factor * part.number for part in self.parts)


def bookings(nest: Nest, source: Source) -> Iterator[Booking]:
    """Every count, in no order; counts of one name add up."""
    for tensor in nest.einsum.inputs:
        yield from _input(nest, source, tensor)
    yield from _output(nest, source, nest.einsum.output)
    yield Booking(nest.compute, None, Action.COMPUTE, (Part(1, "multiply-accumulates", nest.einsum.macs),))


def _input(nest: Nest, source: Source, tensor: Tensor) -> Iterator[Booking]:
    def words(child: int, text: str, roles: dict[int, Role], latch: bool) -> Part:
        view = source.view(tensor, child, roles)
        return Part(1, text, view.words(latch), view, latch)

    compute = nest.hardware.compute
    for parent, child in nest.boundaries(tensor.name):
        fanouts = nest.fanouts(parent, child)
        latch = child != nest.compute or compute.latch
        name = nest.hardware.nodes[child].name
        fill = words(child, f"words new in all instances of {name}", {}, latch)
        turns = source.links(tensor, child)
        if child != nest.compute:
            yield Booking(child, tensor.name, Action.FILL, (fill,))
        for index, node in enumerate(fanouts):
            roles = sharing(nest.hardware, fanouts[index + 1 :])
            text = f"words delivered to the children of {nest.hardware.nodes[node].name}"
            part = words(child, text, roles, latch) if roles else fill
            inside = index == len(fanouts) - 1
            yield Booking(node, tensor.name, Action.TRANSFER, (part, *(() if inside else _spared(part, turns, roles))))
        roles = sharing(nest.hardware, fanouts)
        text = f"words that leave {nest.hardware.nodes[parent].name}, shared ones once"
        part = words(child, text, roles, latch) if roles else fill
        yield Booking(parent, tensor.name, Action.READ, (part, *_spared(part, turns, roles)))
        if turns:
            yield Booking(child, tensor.name, Action.READ, (_passed(fill, turns, name),), Way.PASSED)


def _spared(part: Part, turns: tuple[Turn, ...], roles: dict[int, Role]) -> tuple[Part, ...]:
    """Words of the part that neighbours pass on instead. `roles` of the part."""
    if not turns or part.view is None:
        return ()
    total = 0
    for turn in turns:
        asked, still = turn.asked, turn.still
        if part.view.node - 1 not in roles:  # every child is served apart
            asked, still = turn.children, turn.children - turn.linked
        numerator, denominator = turn.share
        words = part.view.words_of(turn.position)
        total += words * numerator * (asked - still) // (denominator * asked)
    return (Part(-1, "words that neighbours pass on instead", total),)


def _passed(fill: Part, turns: tuple[Turn, ...], name: str) -> Part:
    """Words that children read for their neighbours."""
    assert fill.view is not None
    total = 0
    for turn in turns:
        numerator, denominator = turn.share
        total += fill.view.words_of(turn.position) * numerator * turn.linked // (denominator * turn.children)
    return Part(1, f"words that instances of {name} pass on to their neighbours", total)


def _output(nest: Nest, source: Source, tensor: Tensor) -> Iterator[Booking]:
    """Partial sums go up when a tile is replaced; they come down again where the parent holds a valid one."""
    if any(len(rank.terms) > 1 for rank in tensor.ranks):
        raise UnsupportedError(f"tensor {tensor.name} is accumulated at addresses that are sums of dimensions")
    hardware, counting = nest.hardware, nest.hardware.counting
    if counting.refill_all and not source.perfect:
        raise UnsupportedError(
            "refill_all is counted for factors that leave no remainder only",
            hint="give factors that multiply to the extent of each dimension, or take 'refill_all' away",
        )
    names = [node.name for node in hardware.nodes]

    def words(child: int, text: str, roles: dict[int, Role], latch: bool) -> Part:
        view = source.view(tensor, child, roles, hold=False)
        return Part(1, text, view.words(latch), view, latch)

    # Words of the parent's residencies that hold no partial sum yet.
    untouched: tuple[Part, ...] = (
        Part(1, f"words of {tensor.name}, with nothing to add to the first time", nest.einsum.words(tensor)),
    )
    for parent, child in nest.boundaries(tensor.name):
        fanouts = nest.fanouts(parent, child)
        latch = child != nest.compute
        below = words(child, f"partial sums that leave the instances of {names[child]}", {}, latch)
        arriving = below
        for index in range(len(fanouts) - 1, -1, -1):
            node = fanouts[index]
            yield Booking(node, tensor.name, Action.TRANSFER, (arriving,))
            roles = adding(hardware, fanouts[index:])
            text = f"partial sums that leave {names[node]} upward"
            leaving = words(child, text, roles, latch) if roles else arriving
            yield Booking(node, tensor.name, Action.REDUCE, (arriving, leaving.times(-1)))
            arriving = leaving
        yield Booking(parent, tensor.name, Action.UPDATE, (arriving,))
        elided = () if counting.first_reads else tuple(part.times(-1) for part in untouched)
        if not latch:
            yield Booking(parent, tensor.name, Action.READ, (arriving, *elided))
            return
        if counting.drain_reads:
            yield Booking(child, tensor.name, Action.READ, (below,))
        text = f"words whose residency begins in {names[child]}, each once"
        united = dict.fromkeys(fanouts, Role.UNION)
        wanted = words(child, text, united, latch) if fanouts else below
        refills = (wanted, *elided)
        yield Booking(parent, tensor.name, Action.READ, refills, Way.RETURNED)
        for index, node in enumerate(fanouts):
            copies: Number = 1
            if counting.refill_all:
                inside = {n: role for n, role in united.items() if n in fanouts[index + 1 :]}
                copies = (words(child, text, inside, latch).number if inside else below.number) // wanted.number
            down = tuple(part.times(copies) for part in refills)
            yield Booking(node, tensor.name, Action.TRANSFER, down, Way.RETURNED)
        copies = below.number // wanted.number if counting.refill_all else 1
        filled = tuple(part.times(copies) for part in refills)
        yield Booking(child, tensor.name, Action.FILL, filled)
        untouched = (below, *(part.times(-1) for part in filled))


@dataclass(frozen=True, slots=True)
class Shape:
    """What a mapping occupies: tile sizes, steps, instances in use.

    Attributes:
        bounds: of the loops of each dimension, outermost first.
    """

    nest: Nest
    bounds: dict[str, tuple[int, ...]]

    def occupancy(self) -> Iterator[Occupancy]:
        """Words in one instance, per memory and tensor."""
        box, output = self.nest.hardware.counting.halo is Halo.BOX, self.nest.einsum.output
        for node, names in sorted(self.nest.keep.items()):
            tiles = {dim: self.tile(dim, node) for dim in self.bounds}
            for tensor in self.nest.einsum.tensors:
                if tensor.name in names:
                    words = prod(tile_words(rank, tiles, box and tensor is not output) for rank in tensor.ranks)
                    yield Occupancy(self.nest.hardware.nodes[node].name, tensor.name, words)

    def tile(self, dim: str, node: int) -> int:
        """Indices of the dimension in a full tile at the node."""
        places = zip(self.nest.by_dim[dim], self.bounds[dim], strict=True)
        return min(prod(bound for place, bound in places if place.node >= node), self.nest.extents[dim])

    def steps(self) -> int:
        """Temporal steps in which at least one instance has work: the first instance of each fanout always has."""
        return prod(self.iterations(dim, spatial=False, above=self.nest.compute) for dim in self.bounds)

    def active(self) -> tuple[int, ...]:
        """Instances that get work, per node."""
        found, active = 1, []
        for node in range(len(self.nest.hardware.nodes)):
            if node and isinstance(self.nest.hardware.nodes[node - 1], Fanout):
                found = prod(self.iterations(dim, spatial=True, above=node) for dim in self.bounds)
            active.append(found)
        return tuple(active)

    def iterations(self, dim: str, *, spatial: bool, above: int) -> int:
        """How many indices the dimension's loops in space (or in time) above the node start from."""
        loops, inside = [], prod(self.bounds[dim])
        for place, bound in zip(self.nest.by_dim[dim], self.bounds[dim], strict=True):
            inside //= bound
            if place.spatial == spatial and place.node < above:
                loops.append((bound, inside))
        return iterations(loops, self.nest.extents[dim])
