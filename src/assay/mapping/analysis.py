"""Exact counts of one mapping, in closed form: see `assay.mapping.sums` for the form.

`tests/oracle.py` runs the same loops one by one; the two agree on every count. Padding zeros around an input are moved
like other words of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from assay.errors import UnsupportedError
from assay.hardware.model import Fanout, Halo, Hardware
from assay.mapping.counts import Action, Analysis, Count, Occupancy
from assay.mapping.digits import Role
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
    table: dict[tuple[int, str | None, Action], int] = {}
    for booking in bookings(nest, Sums(nest, bounds)):
        if booking.count:
            key = booking.node, booking.tensor, booking.action
            table[key] = table.get(key, 0) + booking.count
    order = {t.name: i for i, t in enumerate(einsum.tensors)}
    actions = list(Action)
    rows = sorted(table.items(), key=lambda kv: (kv[0][0], order.get(kv[0][1] or "", -1), actions.index(kv[0][2])))
    counts = tuple(Count(hardware.nodes[node].name, tensor, action, n) for (node, tensor, action), n in rows)
    shape = Shape(nest, bounds)
    return Analysis(counts, tuple(shape.occupancy()), shape.steps(), shape.active())


@dataclass(frozen=True, slots=True)
class Part:
    """One sum of words within a count: added (`sign` 1) or taken off (-1).

    Attributes:
        text: what the words are.
        number: how many.
        view: where the number comes from, loop by loop; None: it is the size of the tensor.
        latch: see `View.words`.
    """

    sign: int
    text: str
    number: Number
    view: View | None = None
    latch: bool = True

    def negated(self) -> Part:
        return Part(-self.sign, self.text, self.number, self.view, self.latch)


@dataclass(frozen=True, slots=True)
class Booking:
    """A contribution to one count, and the sums that it is made of."""

    node: int
    tensor: str | None
    action: Action
    parts: tuple[Part, ...]

    @property
    def count(self) -> Number:
        return sum(part.sign * part.number for part in self.parts)


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
        all_words = words(child, f"words new in all instances of {name}", {}, latch)
        if child != nest.compute:
            yield Booking(child, tensor.name, Action.FILL, (all_words,))
        for index, node in enumerate(fanouts):
            roles = sharing(nest.hardware, fanouts[index + 1 :])
            text = f"words delivered to the children of {nest.hardware.nodes[node].name}"
            part = words(child, text, roles, latch) if roles else all_words
            yield Booking(node, tensor.name, Action.TRANSFER, (part,))
        roles = sharing(nest.hardware, fanouts)
        text = f"words that leave {nest.hardware.nodes[parent].name}, shared ones once"
        part = words(child, text, roles, latch) if roles else all_words
        yield Booking(parent, tensor.name, Action.READ, (part,))


def _output(nest: Nest, source: Source, tensor: Tensor) -> Iterator[Booking]:
    """Partial sums go up when a tile is replaced; they come down again where the parent holds a valid one."""
    if any(len(rank.terms) > 1 for rank in tensor.ranks):
        raise UnsupportedError(f"tensor {tensor.name} is accumulated at addresses that are sums of dimensions")
    hardware, counting = nest.hardware, nest.hardware.counting
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
            yield Booking(node, tensor.name, Action.REDUCE, (arriving, leaving.negated()))
            arriving = leaving
        yield Booking(parent, tensor.name, Action.UPDATE, (arriving,))
        elided = () if counting.first_reads else tuple(part.negated() for part in untouched)
        if not latch:
            yield Booking(parent, tensor.name, Action.READ, (arriving, *elided))
            return
        if counting.drain_reads:
            yield Booking(child, tensor.name, Action.READ, (below,))
        text = f"words whose residency begins in {names[child]}, each once"
        wanted = words(child, text, dict.fromkeys(fanouts, Role.UNION), latch) if fanouts else below
        refills = (wanted, *elided)
        yield Booking(parent, tensor.name, Action.READ, refills)
        yield Booking(child, tensor.name, Action.FILL, refills)
        for node in fanouts:
            yield Booking(node, tensor.name, Action.TRANSFER, refills)
        untouched = (below, *(part.negated() for part in refills))


@dataclass(frozen=True, slots=True)
class Shape:
    """What a mapping occupies: tile sizes, steps, instances in use."""

    nest: Nest
    bounds: tuple[int, ...]

    def occupancy(self) -> Iterator[Occupancy]:
        """Words in one instance, per memory and tensor."""
        box = self.nest.hardware.counting.halo is Halo.BOX
        for node, names in sorted(self.nest.keep.items()):
            tiles = {dim: self._tile(dim, node) for dim in self.nest.einsum.extents}
            for tensor in self.nest.einsum.tensors:
                if tensor.name in names:
                    words = prod(tile_words(rank, tiles, box) for rank in tensor.ranks)
                    yield Occupancy(self.nest.hardware.nodes[node].name, tensor.name, words)

    def _tile(self, dim: str, node: int) -> int:
        inside = prod(self.bounds[p.position] for p in self.nest.by_dim[dim] if p.node >= node)
        return min(inside, self.nest.einsum.extents[dim])

    def steps(self) -> int:
        """Temporal steps in which at least one instance has work: the first instance of each fanout always has."""
        return prod(self._iterations(dim, spatial=False, above=self.nest.compute) for dim in self.nest.by_dim)

    def active(self) -> tuple[int, ...]:
        """Instances that get work, per node."""
        fanouts = [i for i, node in enumerate(self.nest.hardware.nodes) if isinstance(node, Fanout)]
        found, active = 1, []
        for node in range(len(self.nest.hardware.nodes)):
            if node - 1 in fanouts:
                found = prod(self._iterations(dim, spatial=True, above=node) for dim in self.nest.by_dim)
            active.append(found)
        return tuple(active)

    def _iterations(self, dim: str, *, spatial: bool, above: int) -> int:
        loops, inside = [], prod(self.bounds[p.position] for p in self.nest.by_dim[dim])
        for place in self.nest.by_dim[dim]:
            inside //= self.bounds[place.position]
            if place.spatial == spatial and place.node < above:
                loops.append((self.bounds[place.position], inside))
        return iterations(loops, self.nest.einsum.extents[dim])
