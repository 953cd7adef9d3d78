"""The loops of a mapping, and where each of them stands: what does not depend on how often they run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod

from assay.errors import InputError
from assay.hardware.model import Fanout, Hardware, Memory, Multicast
from assay.mapping.digits import Role
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, Tensor


@dataclass(frozen=True, slots=True)
class Place:
    """Where a loop stands: at which node, and at which position of the whole nest, outermost first."""

    dim: str
    node: int
    position: int
    spatial: bool


@dataclass(frozen=True, slots=True)
class Form:
    """How a tensor is addressed, without the dimensions that have one index only.

    Attributes:
        irrelevant: dimensions that it does not depend on.
        addresses: dimensions and coefficients of each of its addresses.
    """

    irrelevant: tuple[str, ...]
    addresses: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]

    @staticmethod
    def of(tensor: Tensor, extents: dict[str, int]) -> Form:
        """The form of a tensor of an einsum with these extents."""
        relevant = tensor.dims
        used = [[term for term in rank.terms if extents[term.dim] > 1] for rank in tensor.ranks]
        return Form(
            tuple(dim for dim, extent in extents.items() if extent > 1 and dim not in relevant),
            tuple((tuple(t.dim for t in terms), tuple(t.coefficient for t in terms)) for terms in used if terms),
        )


@dataclass(frozen=True)
class Nest:
    """The structure of a mapping on its hardware.

    Attributes:
        places: one per loop, outermost first.
        axes: along which axis each loop runs, if in space.
        keep: the tensors that each memory keeps, by node.
    """

    einsum: Einsum
    hardware: Hardware
    places: tuple[Place, ...]
    axes: tuple[str | None, ...]
    keep: dict[int, frozenset[str]]

    @staticmethod
    def build(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> Nest:
        """Raises InputError for a mapping that does not belong to this einsum and hardware."""
        nodes = hardware.nodes[:-1]
        if tuple(level.node for level in mapping.levels) != tuple(node.name for node in nodes):
            names = ", ".join(node.name for node in nodes)
            raise InputError(f"the mapping must have one level for each of {names}, in this order")
        extents = einsum.extents
        places: list[Place] = []
        keep: dict[int, frozenset[str]] = {}
        for index, (level, node) in enumerate(zip(mapping.levels, nodes, strict=True)):
            fanout = isinstance(node, Fanout)
            if isinstance(node, Memory):
                keep[index] = frozenset(level.keep)
            for loop in level.loops:
                if loop.dim not in extents or loop.bound < 1 or (loop.axis is not None) != fanout:
                    raise _wrong_loop(level, loop, fanout, loop.dim in extents)
                places.append(Place(loop.dim, index, len(places), fanout))
        missing = {t.name for t in einsum.tensors} - keep.get(0, frozenset())
        if missing:
            raise InputError(f"the outermost memory {nodes[0].name} must keep {', '.join(sorted(missing))}")
        return Nest(einsum, hardware, tuple(places), tuple(loop.axis for loop in mapping.loops), keep)

    def check_cover(self, bounds: tuple[int, ...]) -> None:
        """Raises InputError if loops of these bounds do not reach all iterations."""
        covered = dict.fromkeys(self.einsum.extents, 1)
        for place, bound in zip(self.places, bounds, strict=True):
            covered[place.dim] *= bound
        for dim, extent in self.einsum.dims:
            if covered[dim] < extent:
                raise InputError(f"the mapping covers {covered[dim]} of the {extent} iterations of {dim}")

    @cached_property
    def by_dim(self) -> dict[str, tuple[Place, ...]]:
        """The loops of each dimension, outermost first."""
        return {dim: tuple(p for p in self.places if p.dim == dim) for dim in self.extents}

    @cached_property
    def extents(self) -> dict[str, int]:
        """Extent of each dimension."""
        return self.einsum.extents

    @cached_property
    def forms(self) -> dict[str, Form]:
        """How each tensor is addressed, by name."""
        return {tensor.name: Form.of(tensor, self.extents) for tensor in self.einsum.tensors}

    def split(self, bounds: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """The bounds of all loops, by dimension."""
        return {dim: tuple(bounds[place.position] for place in places) for dim, places in self.by_dim.items()}

    @property
    def compute(self) -> int:
        """The node of the compute."""
        return len(self.hardware.nodes) - 1

    def boundaries(self, tensor: str) -> list[tuple[int, int]]:
        """(parent, child) pairs of memories that keep the tensor, outermost first; the last child is the compute."""
        keepers = [node for node, names in sorted(self.keep.items()) if tensor in names]
        return list(pairwise([*keepers, self.compute]))

    def fanouts(self, parent: int, child: int) -> list[int]:
        """Fanouts between the two, outermost first."""
        return [i for i in range(parent + 1, child) if isinstance(self.hardware.nodes[i], Fanout)]

    def pivots(self, node: int) -> Iterator[tuple[Place | None, dict[str, int]]]:
        """For each temporal loop above the node, and before them None for the very first step: the *cut* of every
        dimension.

        A cut is twice the number of the dimension's temporal loops outside the pivot, and one more if the pivot is the
        next of them.
        """
        cuts = dict.fromkeys(self.extents, 0)
        yield None, cuts
        for place in self.places:
            if place.node < node and not place.spatial:
                cuts[place.dim] += 1
                if self.extents[place.dim] > 1:  # else it never advances
                    yield place, cuts
                cuts[place.dim] += 1

    def every_step(self, node: int) -> dict[str, int]:
        """The cuts that make every temporal step above the node a case."""
        cuts = dict.fromkeys(self.extents, 0)
        for place in self.places:
            if place.node < node and not place.spatial:
                cuts[place.dim] += 2
        return cuts


def _wrong_loop(level: Level, loop: Loop, fanout: bool, known: bool) -> InputError:
    if not known:
        text = f"the mapping loops over {loop.dim} at {level.node}; the layer has no such dimension"
        return InputError(text, at=level.at)
    if loop.bound < 1:
        text = f"the loop over {loop.dim} at {level.node} has bound {loop.bound}; it must be at least 1"
        return InputError(text, at=level.at)
    kind = "needs an axis at a fanout" if fanout else "has an axis, but this is a memory"
    return InputError(f"the loop over {loop.dim} at {level.node} {kind}", at=level.at)


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


def iterations(loops: list[tuple[int, int]], extent: int) -> int:
    """How many values of the digits, each a (bound, step), give an index below the extent."""
    total, rest = 0, prod(bound for bound, _ in loops)
    for bound, step in loops:
        rest //= bound
        full = min(bound - 1, (extent - 1) // step)
        total += full * rest
        extent -= full * step
        if extent > step:  # the last value is full, too
            return total + rest
    return total + 1
