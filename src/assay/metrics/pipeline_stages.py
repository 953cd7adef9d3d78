"""What moves into and out of each buffer of a mapping when its loops advance: the transfers that `pipeline` times.

A *stage* is one tensor on its way between two memories that keep it, or from the innermost of them to the multipliers.
With perfect factors the words that move when a loop advances (the loops inside it start again) are the same every time,
so a stage has one transfer per loop. They are taken from the same sums as the counts (`assay.mapping.sums`): over all
advances they add up to the counts, port by port.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from assay.errors import UnsupportedError
from assay.hardware.model import Buffering, Hardware, Memory
from assay.mapping.analysis import Shape
from assay.mapping.digits import Role
from assay.mapping.latency import Port
from assay.mapping.mapping import Mapping
from assay.mapping.nest import Nest, adding, sharing
from assay.mapping.sums import Sums
from assay.workload.einsum import Einsum, Tensor

Bits = tuple[tuple[Port, Fraction], ...]
"""Bits that one instance of each port on the way moves, in the order in which a word meets the ports."""

Class = int | None
"""The loop that advances (its number among the loops in time, outermost first); None: the very first step."""


Stop = tuple[int, tuple[str, ...], int]
"""A node on the way, the ports of it that a word meets, and words of all instances."""

READ, WRITE = ("read", "total"), ("write", "total")


@dataclass(frozen=True, slots=True)
class Stage:
    """One tensor between two nodes that hold it.

    Attributes:
        tensor: its name.
        parent, child: nodes that words leave and reach (outputs: the other way round).
        above: the stage that fills the parent; None where the parent is the outermost memory.
        depth: how many loops in time are outside of or at the innermost one that changes the child's tile.
        output: True for partial sums.
        single: True: the child has room for one tile, which is replaced while nothing uses it.
        fills: inputs: what comes in, by the loop that advances.
        drain: outputs: one tile on its way out.
        refills: outputs: (one tile on its way in again, the same with nothing to add to, see `fill`).
        returned: outputs: by the innermost reduction loop not at its start, the share of a tile that comes in again.
    """

    tensor: str
    parent: int
    child: int
    above: int | None
    depth: int
    output: bool
    single: bool
    fills: dict[Class, Bits]
    drain: Bits = ()
    refills: tuple[Bits, Bits] = ((), ())
    returned: dict[Class, Fraction] | None = None

    def fill(self, advances: Class, reduction: Class) -> Bits:
        """What comes into the child.

        Args:
            advances: the loop that advances.
            reduction: after it, the innermost loop that the tensor does not depend on that is not at its start.
        """
        if self.returned is None:
            return self.fills.get(advances, ())
        share = self.returned[reduction]
        whole, fresh = self.refills
        least = dict(fresh)
        bits = [(port, least.get(port, Fraction(0)) + share * (n - least.get(port, Fraction(0)))) for port, n in whole]
        return tuple((port, amount) for port, amount in bits if amount)


@dataclass(frozen=True, slots=True)
class Course:
    """The loops in time of a mapping, and the stages that they drive.

    Attributes:
        bounds: of the loops in time with more than one iteration, outermost first.
        reduces: for each of them, whether the output does not depend on it.
        stages: from the one whose tiles change least often to the one whose tiles change most often.
        depth: loops down to the innermost one at which a tile changes; those inside it are computing alone.
        active: instances of each node that have work.
    """

    bounds: tuple[int, ...]
    reduces: tuple[bool, ...]
    stages: tuple[Stage, ...]
    depth: int
    active: tuple[int, ...]

    @property
    def steps(self) -> int:
        """Steps of the innermost buffer."""
        return prod(self.bounds[: self.depth])


def plan(einsum: Einsum, hardware: Hardware, mapping: Mapping, limits: dict[Port, Fraction]) -> Course:
    """The stages of a mapping.

    Raises:
        InputError: the mapping does not belong to this einsum and hardware.
        UnsupportedError: it leaves remainders, or the hardware has links between neighbours.
    """
    nest = Nest.build(einsum, hardware, mapping)
    bounds = tuple(loop.bound for loop in mapping.loops)
    nest.check_cover(bounds)
    sums = Sums(nest, nest.split(bounds))
    if not sums.perfect:
        dim = next(dim for dim, extent in einsum.dims if mapping.factor(dim) != extent)
        raise UnsupportedError(
            f"tile by tile, only tiles of equal size are timed; the loops over {dim} cover {mapping.factor(dim)}"
            f" iterations of {einsum.extents[dim]}",
            at=mapping.at,
            hint=f"give factors that multiply to {einsum.extents[dim]}",
        )
    for fanout in hardware.fanouts:
        if fanout.links:
            raise UnsupportedError(
                f"fanout '{fanout.name}' has links between neighbours, which are not timed tile by tile",
                at=fanout.at,
                hint="take 'links' away",
            )
    if any(len(rank.terms) > 1 for rank in einsum.output.ranks):
        raise UnsupportedError(f"tensor {einsum.output.name} is accumulated at addresses that are sums of dimensions")
    return _Planner(nest, sums, bounds, limits).course()


class _Planner:
    def __init__(self, nest: Nest, sums: Sums, bounds: tuple[int, ...], limits: dict[Port, Fraction]) -> None:
        self.nest, self.sums, self.limits = nest, sums, limits
        self.hardware, self.output = nest.hardware, nest.einsum.output
        self._held: dict[Class, Fraction] = {}  # share of the last stage's tile of sums that holds any
        self.active = Shape(nest, nest.split(bounds)).active()
        moving = [place for place in nest.places if not place.spatial and bounds[place.position] > 1]
        self.numbers = {place.position: number for number, place in enumerate(moving)}
        self.nodes = [place.node for place in moving]
        self.bounds = tuple(bounds[place.position] for place in moving)
        self.reduces = tuple(place.dim not in self.output.dims for place in moving)

    def course(self) -> Course:
        found: list[Stage] = []
        chains: dict[str, list[Stage]] = {}
        for tensor in self.nest.einsum.tensors:
            chain = chains[tensor.name] = []
            for parent, child in self.nest.boundaries(tensor.name):
                output = tensor is self.output
                stage = self._output(tensor, parent, child, chain) if output else self._input(tensor, parent, child)
                if child != self.nest.compute or self._timed(stage):
                    chain.append(stage)
            found += chain
        found.sort(key=lambda stage: (stage.depth, stage.child))
        place = {(stage.tensor, stage.child): number for number, stage in enumerate(found)}
        stages = tuple(replace(stage, above=place.get((stage.tensor, stage.parent))) for stage in found)
        depth = max((stage.depth for stage in stages), default=0)
        return Course(self.bounds, self.reduces, stages, depth, self.active)

    def _timed(self, stage: Stage) -> bool:
        """Whether some port on the way has a limit."""
        moved = [*stage.fills.values(), stage.drain, *(stage.fill(None, loop) for loop in stage.returned or ())]
        return any(port in self.limits for bits in moved for port, _ in bits)

    def _single(self, child: int) -> bool:
        node = self.hardware.nodes[child]
        return isinstance(node, Memory) and node.buffering is Buffering.SINGLE

    def _input(self, tensor: Tensor, parent: int, child: int) -> Stage:
        fanouts = self.nest.fanouts(parent, child)
        latch = child != self.nest.compute or self.hardware.compute.latch
        crossing = [
            self._words(tensor, child, sharing(self.hardware, fanouts[i:]), latch, True) for i in range(len(fanouts))
        ]
        filled = self._words(tensor, child, {}, latch, True)
        depth = 1 + max((n for n, words in filled.items() if n is not None and words), default=-1)
        fills: dict[Class, Bits] = {}
        for number, words in filled.items():
            if words:
                way: list[Stop] = [(parent, READ, (crossing[0] if fanouts else filled)[number])]
                way += [(f, (f"{tensor.name} down",), each[number]) for f, each in zip(fanouts, crossing, strict=True)]
                way += [(child, WRITE, words)]
                fills[number] = self._bits(tensor, way)
        return Stage(tensor.name, parent, child, None, depth, False, self._single(child), fills)

    def _output(self, tensor: Tensor, parent: int, child: int, chain: list[Stage]) -> Stage:
        """Every tile that leaves is as large as every other, and so is what would come in again."""
        fanouts = self.nest.fanouts(parent, child)
        inner = child != self.nest.compute
        whole = self._words(tensor, child, {}, inner, False)
        below = whole[None]
        depth = 1 + max((n for n, words in whole.items() if n is not None and words), default=-1)
        arriving = self._first(tensor, child, adding(self.hardware, fanouts), inner)
        way: list[Stop] = [(child, READ, below if inner and self.hardware.counting.drain_reads else 0)]
        for index in range(len(fanouts) - 1, -1, -1):
            leaving = self._first(tensor, child, adding(self.hardware, fanouts[index:]), inner)
            way.append((fanouts[index], (f"{tensor.name} up",), leaving))
        drain = self._bits(tensor, [*way, (parent, WRITE, arriving)])
        wanted = self._first(tensor, child, dict.fromkeys(fanouts, Role.UNION), inner)
        if not inner:  # a product is added to what the memory holds, or becomes it
            added, fresh = (self._bits(tensor, [(parent, READ, n)]) for n in (arriving, arriving - wanted))
            returned, _ = self._returned(chain, depth, 1, 1)
            return Stage(tensor.name, parent, child, None, depth, True, False, {}, drain, (added, fresh), returned)
        way = [(parent, READ, wanted)]
        copied = self.hardware.counting.refill_all
        falling = wanted
        for index, fanout in enumerate(fanouts):
            way.append((fanout, (f"{tensor.name} down",), falling))
            roles = dict.fromkeys(fanouts[index + 1 :], Role.UNION)
            falling = self._first(tensor, child, roles, inner) if copied else wanted
        way.append((child, WRITE, falling))
        returned, self._held = self._returned(chain, depth, falling, below)
        refill = self._bits(tensor, way)
        return Stage(
            tensor.name, parent, child, None, depth, True, self._single(child), {}, drain, (refill, ()), returned
        )

    def _returned(
        self, chain: list[Stage], depth: int, filled: int, below: int
    ) -> tuple[dict[Class, Fraction], dict[Class, Fraction]]:
        """Shares of a tile that come in again; and of what is in the child then, which share holds a sum.

        A sum comes back if some reduction loop has gone on since the parent's tile came (the parent then holds it), or
        if the parent's tile itself came back.
        """
        loops: list[Class] = [None, *(n for n, reduces in enumerate(self.reduces) if reduces and n < depth)]
        parent_depth = chain[-1].depth if chain else 0
        held = self._held if chain else {}
        shares: dict[Class, Fraction] = {}
        for loop in loops:
            again = loop is not None and loop >= parent_depth
            share = Fraction(1) if again else held.get(loop, Fraction(0))
            shares[loop] = Fraction(1) if self.hardware.counting.first_reads else share
        return shares, {loop: share * Fraction(filled, below) for loop, share in shares.items()}

    def _first(self, tensor: Tensor, child: int, roles: dict[int, Role], latch: bool) -> int:
        return self._words(tensor, child, roles, latch, False)[None]

    def _words(self, tensor: Tensor, child: int, roles: dict[int, Role], latch: bool, hold: bool) -> dict[Class, int]:
        """Words of all instances that move when each loop above the child advances."""
        view = self.sums.view(tensor, child, roles, hold)
        above = sum(node < child for node in self.nodes)
        if not latch:
            words = view.words(False) // prod(self.bounds)
            return dict.fromkeys([None, *range(above)], words)
        found: dict[Class, int] = dict.fromkeys([None, *range(above)], 0)
        for term in view.terms(True):
            if term.place is None:
                found[None] = term.words
            elif term.place.position in self.numbers:
                number = self.numbers[term.place.position]
                found[number] = term.words // (prod(self.bounds[:number]) * (self.bounds[number] - 1))
        return found

    def _bits(self, tensor: Tensor, way: list[Stop]) -> Bits:
        return tuple(self._each(tensor, way))

    def _each(self, tensor: Tensor, way: list[Stop]) -> Iterator[tuple[Port, Fraction]]:
        for node, ports, words in way:
            memory = isinstance(self.hardware.nodes[node], Memory)
            if words and (memory or ports[0] not in ("read", "write")):
                for port in ports:
                    yield (node, port), Fraction(words * tensor.bits, self.active[node])
