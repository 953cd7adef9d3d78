"""What computes: a chain of memories and fanouts from the outermost memory down to the multipliers.

Units inside: bits, joules, hertz, bits per cycle. Files are written with units and read by `assay.hardware.reader`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from assay.components.estimate import Part
from assay.errors import Position
from assay.reading.figures import exact
from assay.reading.units import format_si


class Multicast(StrEnum):
    """Which reads of the parent a fanout can share between its children."""

    WORD = "word"  # a word that several children need at the same step is read once
    TILE = "tile"  # only children that need exactly the same words share the read
    NONE = "none"  # every child is served apart


class Halo(StrEnum):
    """Which addresses a sliding window covers when its stride or dilation leaves gaps."""

    EXACT = "exact"  # those that are used
    BOX = "box"  # every address from the first to the last


@dataclass(frozen=True, slots=True)
class Counting:
    """What counts, where designs (or other tools) differ. `docs/counting.md` explains each.

    Attributes:
        halo: whether addresses in the gaps of a sliding window are moved and kept too.
        first_reads: True: a partial sum is read also the first time, when there is nothing yet to add to.
        refill_all: True: a partial sum that comes down again goes to every child that adds to it, as some tools count;
            False: to one of them (the others begin at 0, or the sum would count twice).
        drain_reads: True: a partial sum that leaves a memory upward counts as a read of it.
        whole_accesses: True: one instance's words of one tensor and action take a whole number of accesses; False: a
            partly used access counts as that part.
    """

    halo: Halo = Halo.EXACT
    first_reads: bool = False
    refill_all: bool = False
    drain_reads: bool = False
    whole_accesses: bool = False


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Bits per cycle of one port; None where no limit is modelled. `total` limits reads and writes together."""

    read: float | None = None
    write: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Ports:
    """How many ports of each kind one instance has; every one of them has the bandwidth of that kind."""

    read: int = 1
    write: int = 1
    total: int = 1


class Buffering(StrEnum):
    """How the transfers into and out of a memory overlap with what works below it."""

    IDEAL = "ideal"  # all of them overlap, from the first cycle to the last
    DOUBLE = "double"  # all but the first tiles in and the last outputs out
    SINGLE = "single"  # none: while a tile is replaced, nothing below works


Factors = tuple[tuple[str, int], ...]
"""(dimension, bound) of each dimension that is constrained, each at most once; a fixed bound may be `ALL`."""

ALL = 0
"""As a fixed factor: the whole of the dimension, however long it is in a layer."""


@dataclass(frozen=True, slots=True)
class Memory:
    """A storage level. Every instance of it keeps a tile of each tensor it keeps.

    `loops` to `stationary` are constraints on the mapping; left out, they allow everything. A constraint on a dimension
    that a layer does not have, or of which it has one index only, says nothing about that layer.

    Attributes:
        name: unique in the hardware.
        size: capacity of one instance in bits, or None when it never limits.
        reserved: bits of `size` that tiles cannot use (such as a prefetch buffer).
        width: bits moved by one access, the unit of `read_energy` and `write_energy`.
        keep: tensors that it always keeps.
        may_keep: tensors that it may keep or let pass; the mapper chooses.
        read_energy, write_energy: joules per access of `width` bits; None when unknown.
        update_energy: joules per access that adds to or replaces a partial sum.
        bandwidth: bits per cycle of one port.
        ports: ports of each kind that one instance has.
        buffering: which of its transfers overlap with the work below; it does not change `size` or `reserved`.
        loops: dimensions that may be iterated at this level, or None for any.
        whole: dimensions that must be complete within this level's tile.
        factors: the bounds of the loops over that dimension at this level multiply to exactly that, or to the extent of
            the dimension in the layer where that is less. 1: there is none. `ALL`: to the extent, so that it is
            iterated nowhere else.
        max_factors: the bounds of the loops over that dimension at this level multiply to at most that (1 or more).
        order: how the loops at this level are nested, from the outermost to the innermost. Each of these dimensions has
            at most one loop here, and these loops lie inside of those over any other dimension at this level.
        stationary: tensors of which a tile, once it is here, stays until all that is done with it is done. Of the loops
            in time outside of this level (those at memories further out), the ones over dimensions that the tensor
            depends on all lie outside of the ones over dimensions that it does not depend on. So a tile is fetched
            once, and the sums of an output are complete when they leave. Where a tensor that may be kept is not, this
            says nothing.
        offchip: True when it lies off the chip.
        component: what one instance is built of, for area, leakage, and the energies that the file does not give.
        estimated: True where the energies are those of the component.
    """

    name: str
    size: int | None = None
    reserved: int = 0
    width: int = 16
    keep: tuple[str, ...] = ()
    may_keep: tuple[str, ...] = ()
    read_energy: float | None = None
    write_energy: float | None = None
    update_energy: float | None = None
    bandwidth: Bandwidth = Bandwidth()
    ports: Ports = Ports()
    buffering: Buffering = Buffering.IDEAL
    loops: tuple[str, ...] | None = None
    whole: tuple[str, ...] = ()
    factors: Factors = ()
    max_factors: Factors = ()
    order: tuple[str, ...] = ()
    stationary: tuple[str, ...] = ()
    offchip: bool = False
    component: Part | None = field(default=None, hash=False)
    estimated: bool = field(default=False, hash=False)
    at: Position | None = field(default=None, compare=False)

    @property
    def capacity(self) -> int | None:
        """Bits that tiles may fill, or None when it never limits."""
        return None if self.size is None else self.size - self.reserved


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a fanout.

    Attributes:
        name: X, Y or Z.
        size: how many children lie along it.
        dims: dimensions that may be laid along it, or None for any.
        factors, max_factors, order: as at a memory (see `Memory`), of the loops along this axis.
    """

    name: str
    size: int
    dims: tuple[str, ...] | None = None
    factors: Factors = ()
    max_factors: Factors = ()
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fanout:
    """A network from one parent to an array of children.

    Attributes:
        axes: its directions; the number of children is the product of their sizes.
        multicast: which reads of the parent can be shared.
        reduces: True when partial sums of the children are added on the way up; False when the parent adds them.
        transfer_energy: joules per `width` bits delivered to one child, or sent up by one; None when unknown.
        width: bits of one transfer.
        bandwidth: per tensor, bits per cycle on the parent's side, each way; absent: no limit.
        whole: dimensions that must be complete within the fanout and what lies below it.
        fill: True: a layer is spread over as many children as its dimensions and these constraints allow.
        min_utilization: from 0 to 1: the bounds of the loops in space multiply to at least this share of the children.
        links: True: children beside each other along an axis pass words on: what a child newly needs comes from a
            neighbour that was filled with just that a step before, if that saves reads of the parent. Needs multicast
            `tile` or `none`.
        component, estimated: as at a memory; of the whole network below one parent.
    """

    name: str
    axes: tuple[Axis, ...]
    multicast: Multicast = Multicast.WORD
    reduces: bool = True
    transfer_energy: float | None = None
    width: int = 16
    bandwidth: tuple[tuple[str, float], ...] = ()
    whole: tuple[str, ...] = ()
    fill: bool = False
    min_utilization: float = 0.0
    links: bool = False
    component: Part | None = field(default=None, hash=False)
    estimated: bool = field(default=False, hash=False)
    at: Position | None = field(default=None, compare=False)

    @property
    def children(self) -> int:
        product = 1
        for axis in self.axes:
            product *= axis.size
        return product


@dataclass(frozen=True, slots=True)
class Compute:
    """The multipliers at the bottom: one MAC per instance and cycle unless `macs_per_cycle` says otherwise.

    Attributes:
        energy: joules per MAC; None when unknown.
        bits: operand width.
        latch: True: an operand that stays the same from one step to the next is not read again.
        component, estimated: as at a memory.
    """

    name: str
    energy: float | None = None
    bits: int = 16
    macs_per_cycle: int = 1
    latch: bool = False
    component: Part | None = field(default=None, hash=False)
    estimated: bool = field(default=False, hash=False)
    at: Position | None = field(default=None, compare=False)


Node = Memory | Fanout | Compute


@dataclass(frozen=True, slots=True)
class ChipPart:
    """Something on the chip that no word passes through: control, a clock network, input and output.

    Attributes:
        part: what it is, and how many of it there are on the chip.
        per_cycle: the action that each of them does in every cycle; empty for none.
    """

    part: Part
    per_cycle: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A published figure beside the hardware: `value` in `unit`, where it was read, and under which conditions."""

    name: str
    value: float | str
    unit: str
    source: str
    note: str = ""

    @property
    def amount(self) -> str:
        """Value and unit as they were read: `278 mW`."""
        value = self.value if isinstance(self.value, str) else exact(self.value)
        return f"{value} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True, repr=False)
class Hardware:
    """A DNN processor.

    Attributes:
        name: short name (`eyeriss`).
        nodes: memories and fanouts from the outside in; the compute is last, a memory is first.
        clock: hertz.
        technology: such as `65 nm LP CMOS, 1.0 V`: what components are estimated for, unless they name another.
        energy_source: where the energies that the file gives come from; printed with every energy.
        counting: conventions of counting that differ from the defaults.
        dataflow: name of the dataflow whose constraints the nodes have (`assay.hardware.dataflows`); empty for none.
        parts: what else is on the chip.
        published: figures of the paper, for comparison; never used to calculate counts, energy or time (the scorecard
            counts the cost by a published area, and knows a published TDP).
    """

    name: str
    nodes: tuple[Node, ...]
    clock: float
    title: str = ""
    technology: str = ""
    source: str = ""
    energy_source: str = ""
    counting: Counting = Counting()
    dataflow: str = ""
    parts: tuple[ChipPart, ...] = field(default=(), hash=False)
    published: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        text = f"{self.pes:,} PEs at {format_si(self.clock, 'Hz')}, {' > '.join(node.name for node in self.nodes)}"
        return f"<Hardware {self.name[:30]}: {text if len(text) <= 75 else text[:72] + '...'}>"

    @property
    def label(self) -> str:
        """What people call it: its title, or else its name; and the dataflow that it is made to work in."""
        name = self.title or self.name
        return f"{name}, {self.dataflow.replace('_', ' ')}" if self.dataflow else name

    @property
    def memories(self) -> tuple[Memory, ...]:
        return tuple(node for node in self.nodes if isinstance(node, Memory))

    @property
    def fanouts(self) -> tuple[Fanout, ...]:
        return tuple(node for node in self.nodes if isinstance(node, Fanout))

    @property
    def compute(self) -> Compute:
        node = self.nodes[-1]
        assert isinstance(node, Compute)
        return node

    @property
    def pes(self) -> int:
        """Instances of the compute."""
        product = 1
        for fanout in self.fanouts:
            product *= fanout.children
        return product

    def instances(self, name: str) -> int:
        """How many instances of the node of that name there are."""
        product = 1
        for node in self.nodes:
            if node.name == name:
                return product
            if isinstance(node, Fanout):
                product *= node.children
        raise KeyError(name)

    @property
    def peak_macs_per_cycle(self) -> int:
        return self.pes * self.compute.macs_per_cycle
