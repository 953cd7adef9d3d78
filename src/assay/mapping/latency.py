"""How long one layer takes: the slowest of the compute, the memories and the fanouts, and what does not overlap.

With `buffering: ideal` everything overlaps: while the compute works on one tile, the next one is on its way, and a
layer takes as many cycles as its busiest part. A memory with `double` begins when its first tiles are there and ends
when its last outputs are gone; below one with `single` nothing works while its tiles are replaced. `docs/counting.md`
has the formulas and an example. Everything is computed in fractions; cycles are rounded up at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from assay.hardware.model import Buffering, Fanout, Hardware, Memory
from assay.mapping.counts import Action, Analysis
from assay.mapping.mapping import Mapping
from assay.workload.einsum import Einsum, Tensor

COMPUTE = "compute"

Port = tuple[int, str]
"""Position of a node in the hardware, and the name of one of its ports."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one port asks of the clock.

    Attributes:
        component: name of the memory or fanout.
        port: `read`, `write` or `total` of a memory; at a fanout the name of a tensor, then `down` or `up`.
        bits: bits that one instance moves through the port in the whole layer.
        bits_per_cycle: bandwidth of one instance, all its ports of that kind together; None where nothing limits it.
    """

    component: str
    port: str
    bits: Fraction
    bits_per_cycle: float | None

    @property
    def cycles(self) -> int | None:
        """Whole cycles that the port is busy; None where nothing limits it."""
        return None if self.bits_per_cycle is None else math.ceil(self.bits / _exact(self.bits_per_cycle))


@dataclass(frozen=True, slots=True)
class Rate:
    """Bits per cycle of one instance of a port: wanted, used and offered.

    Attributes:
        component, port: as in `Demand`.
        needed: bits over the cycles of the compute: with less than this, the compute waits.
        average: bits over the cycles of the layer.
        available: bandwidth of the port; None where nothing limits it.
    """

    component: str
    port: str
    needed: float
    average: float
    available: float | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Cycles in which nothing below a memory works, because of how it is buffered.

    Attributes:
        component: name of the memory.
        start: until its first tiles are there (`double`).
        end: until its last outputs are gone (`double`).
        stall: in which its tiles are replaced, from the first to the last (`single`).
    """

    component: str
    start: Fraction = Fraction(0)
    end: Fraction = Fraction(0)
    stall: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Timing:
    """Cycles of a layer and what they are spent on.

    Attributes:
        compute_cycles: cycles if data were always there.
        traffic: every port that moves anything or has a limit, in the order of the hardware's nodes.
        waits: one per memory with `double` or `single` buffering that is filled or drained, from the outside in.
        buffered: cycles with the waits, which come before, after or between what overlaps; 0 where there are none.
    """

    compute_cycles: int
    traffic: tuple[Demand, ...]
    waits: tuple[Wait, ...] = ()
    buffered: Fraction = Fraction(0)

    @property
    def demands(self) -> tuple[Demand, ...]:
        """The ports with a limited bandwidth."""
        return tuple(demand for demand in self.traffic if demand.bits_per_cycle is not None)

    @property
    def slowest(self) -> Demand | None:
        """The port that is busy longest, if longer than the compute. Ties go from the outside in."""
        busiest = max(self.demands, key=_cycles, default=None)
        return busiest if busiest is not None and _cycles(busiest) > self.compute_cycles else None

    @property
    def cycles(self) -> int:
        """Cycles of the layer: those of its busiest part, or more where waits do not overlap with it."""
        busiest = self.compute_cycles if self.slowest is None else _cycles(self.slowest)
        return max(busiest, math.ceil(self.buffered))

    @property
    def bound_by(self) -> str:
        """`compute`, or the component that is busy longest. Ties go to the compute, then from the outside in."""
        return COMPUTE if self.slowest is None else self.slowest.component

    @property
    def bound_port(self) -> str | None:
        """The port of `bound_by` that is busy longest; None for the compute."""
        return None if self.slowest is None else self.slowest.port

    @property
    def waiting_cycles(self) -> int:
        """Cycles beyond those of the busiest part: what does not overlap with it. 0 with `ideal` buffering."""
        return self.cycles - (self.compute_cycles if self.slowest is None else _cycles(self.slowest))

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Bits per cycle of every port of `traffic`: needed for the compute never to wait, used, and available."""
        cycles = self.cycles
        return tuple(
            Rate(d.component, d.port, float(d.bits / self.compute_cycles), float(d.bits / cycles), d.bits_per_cycle)
            for d in self.traffic
        )


@dataclass(frozen=True, slots=True)
class _Flow:
    """Everything that moves of one tensor between two memories (or the innermost and the compute), one way.

    Attributes:
        child: position of the inner memory, or of the compute.
        up: True for outputs on their way out.
        bits: through each port on the way, per instance.
        edge: share of `bits` that is the first tile on its way in, or the last on its way out.
    """

    child: int
    up: bool
    bits: dict[Port, Fraction]
    edge: Fraction = Fraction(0)

    def cycles(self, limits: dict[Port, Fraction]) -> Fraction:
        """Time that the flow takes alone: at the slowest port on its way."""
        return max((bits / limits[port] for port, bits in self.bits.items() if port in limits), default=Fraction(0))


def time_layer(einsum: Einsum, hardware: Hardware, mapping: Mapping, analysis: Analysis) -> Timing:
    """Cycles of one layer under one mapping.

    Counts are totals over all instances; one instance moves that total divided by the number of instances in use. With
    perfect factors every instance moves the same words, so this is the busiest instance (except for partial sums that
    are fetched again below a spatial reduction: they go to one instance of each reduction group). With imperfect
    factors it is the mean of the instances in use, a lower bound of the busiest.
    """
    flows = _Counted(hardware, analysis).flows(einsum, mapping)
    limits = port_limits(hardware)
    compute_cycles = -(-analysis.steps // hardware.compute.macs_per_cycle)
    waits, buffered = _schedule(hardware, flows, limits, Fraction(compute_cycles))
    return Timing(compute_cycles, _traffic(einsum, hardware, flows, limits), waits, buffered)


@dataclass(frozen=True, slots=True)
class _Counted:
    """The counts of a layer as flows from memory to memory. Every read, fill and update is in one of them."""

    hardware: Hardware
    analysis: Analysis

    def flows(self, einsum: Einsum, mapping: Mapping) -> list[_Flow]:
        compute = len(self.hardware.nodes) - 1
        found: list[_Flow] = []
        for tensor in einsum.tensors:
            keepers = [i for i, level in enumerate(mapping.levels) if tensor.name in level.keep]
            above = 0
            for parent, child in pairwise([*keepers, compute]):
                if tensor is not einsum.output:
                    found.append(self._inputs(parent, child, tensor))
                    continue
                sent = self._sent(parent, child, tensor)
                found += self._outputs(parent, child, tensor, above, sent)
                above = sent
        return [flow for flow in found if flow.bits]

    def _inputs(self, parent: int, child: int, tensor: Tensor) -> _Flow:
        """Reads of the parent, what crosses each fanout on its parent's side, fills of the child."""
        crossing = self._count(parent, tensor, Action.READ) - self._passed(parent, tensor)
        words = {(parent, "read"): crossing}
        for fanout in self._fanouts(parent, child):
            words[fanout, f"{tensor.name} down"] = crossing
            crossing = self._count(fanout, tensor, Action.TRANSFER)
        filled = self._count(child, tensor, Action.FILL)
        words[child, "write"] = filled
        if passed := self._passed(child, tensor):
            words[child, "read"] = passed
        return _Flow(child, False, self._bits(words, tensor), self._edge(child, tensor, filled))

    def _outputs(self, parent: int, child: int, tensor: Tensor, above: int, sent: int) -> tuple[_Flow, _Flow]:
        """Partial sums that come down again, and those that go up; a parent that adds them reads its own for that.

        `above` and `sent` are the words that the parent and the child send up; where `drain_reads` counts them as
        reads, they are on the way of the memory that sends them.
        """
        refills, filled = self._returned(parent), self._count(child, tensor, Action.FILL)
        crossing, falling = self._count(parent, tensor, Action.UPDATE), refills
        down = {(parent, "read"): refills, (child, "write"): filled}
        up = {(parent, "write"): crossing, (parent, "read"): self._count(parent, tensor, Action.READ) - refills}
        for fanout in self._fanouts(parent, child):
            down[fanout, f"{tensor.name} down"] = falling
            up[fanout, f"{tensor.name} up"] = crossing
            falling = self._returned(fanout)
            crossing = self._count(fanout, tensor, Action.TRANSFER) - falling
        counting = self.hardware.counting
        if counting.drain_reads:
            up[parent, "read"] -= above
            up |= {(child, "read"): sent} if isinstance(self.hardware.nodes[child], Memory) else {}
        first = self._edge(child, tensor, filled) if counting.first_reads else Fraction(0)
        return (
            _Flow(child, False, self._bits(down, tensor), first),
            _Flow(child, True, self._bits(up, tensor), self._edge(child, tensor, sent)),
        )

    def _sent(self, parent: int, child: int, tensor: Tensor) -> int:
        """Words of partial sums that all instances of the child send up."""
        fanouts = self._fanouts(parent, child)
        if not fanouts:
            return self._count(parent, tensor, Action.UPDATE)
        return self._count(fanouts[-1], tensor, Action.TRANSFER) - self._returned(fanouts[-1])

    def _returned(self, node: int) -> int:
        """Partial sums that the memory reads, or the fanout delivers, on their way down again."""
        name = self.hardware.nodes[node].name
        return sum(count.count for count in self.analysis.returned if count.component == name)

    def _passed(self, node: int, tensor: Tensor) -> int:
        """Words of the tensor that the memory reads for neighbours."""
        name = self.hardware.nodes[node].name
        return sum(c.count for c in self.analysis.passed if (c.component, c.tensor) == (name, tensor.name))

    def _count(self, node: int, tensor: Tensor, action: Action) -> int:
        return self.analysis.count(self.hardware.nodes[node].name, tensor.name, action)

    def _fanouts(self, parent: int, child: int) -> list[int]:
        return [i for i in range(parent + 1, child) if isinstance(self.hardware.nodes[i], Fanout)]

    def _bits(self, words: dict[Port, int], tensor: Tensor) -> dict[Port, Fraction]:
        """Words of all instances as bits of one; what a memory reads and writes also goes through its `total` port."""
        bits: dict[Port, Fraction] = {}
        for (node, port), count in words.items():
            ports = (port, "total") if isinstance(self.hardware.nodes[node], Memory) else (port,)
            for name in ports if count else ():
                share = Fraction(count * tensor.bits, self.analysis.active[node])
                bits[node, name] = bits.get((node, name), Fraction(0)) + share
        return bits

    def _edge(self, child: int, tensor: Tensor, moved: int) -> Fraction:
        """Share of one full tile in all words that the instances of the child receive (or send)."""
        name = self.hardware.nodes[child].name
        tiles = (o.words for o in self.analysis.occupancy if (o.component, o.tensor) == (name, tensor.name))
        tile = next(tiles, 0) * self.analysis.active[child]
        return min(Fraction(1), Fraction(tile, moved)) if moved else Fraction(0)


def port_limits(hardware: Hardware) -> dict[Port, Fraction]:
    """Bits per cycle of one instance, for every port that has a limit."""
    limits: dict[Port, Fraction] = {}
    for index, node in enumerate(hardware.nodes):
        if isinstance(node, Memory):
            for name in ("read", "write", "total"):
                rate = getattr(node.bandwidth, name)
                if rate is not None:
                    limits[index, name] = _exact(rate) * getattr(node.ports, name)
        elif isinstance(node, Fanout):
            for tensor, rate in node.bandwidth:
                limits |= {(index, f"{tensor} {way}"): _exact(rate) for way in ("down", "up")}
    return limits


def _traffic(
    einsum: Einsum, hardware: Hardware, flows: list[_Flow], limits: dict[Port, Fraction]
) -> tuple[Demand, ...]:
    """Per port, what all flows move; a memory's `total` port only where it has a limit."""
    crossings = tuple(f"{tensor.name} {way}" for tensor in einsum.tensors for way in ("down", "up"))
    demands = []
    for index, node in enumerate(hardware.nodes):
        memory = isinstance(node, Memory)
        for name in ("read", "write", "total") if memory else crossings:
            port = (index, name)
            bits = sum((flow.bits.get(port, Fraction(0)) for flow in flows), Fraction(0))
            if (memory and port in limits) or (bits and name != "total"):
                demands.append(Demand(node.name, name, bits, float(limits[port]) if port in limits else None))
    return tuple(demands)


def _schedule(
    hardware: Hardware, flows: list[_Flow], limits: dict[Port, Fraction], work: Fraction
) -> tuple[tuple[Wait, ...], Fraction]:
    """The waits of the memories, and the cycles with them: from the compute outward, all that works below a memory."""
    compute = len(hardware.nodes) - 1
    inside = [flow for flow in flows if flow.child == compute]
    work = max(work, _busiest(inside, [], limits))
    waits: list[Wait] = []
    for index in range(compute - 1, 0, -1):
        own = [flow for flow in flows if flow.child == index]
        memory = hardware.nodes[index]
        if not isinstance(memory, Memory) or not own:
            continue
        if memory.buffering is Buffering.IDEAL:
            work = max(work, _busiest([*inside, *own], [], limits))
        elif memory.buffering is Buffering.DOUBLE:
            start = sum((flow.edge * flow.cycles(limits) for flow in own if not flow.up), Fraction(0))
            end = sum((flow.edge * flow.cycles(limits) for flow in own if flow.up), Fraction(0))
            waits.append(Wait(memory.name, start=start, end=end))
            work = start + max(work, _busiest(inside, own, limits)) + end
        else:
            waits.append(Wait(memory.name, stall=sum((flow.cycles(limits) for flow in own), Fraction(0))))
            work += waits[-1].stall
        inside += own
    return tuple(reversed(waits)), work if waits else Fraction(0)


def _busiest(whole: list[_Flow], but_edges: list[_Flow], limits: dict[Port, Fraction]) -> Fraction:
    """Cycles of the busiest port when all flows go on at once, those of `but_edges` without first and last tiles."""
    cycles: dict[Port, Fraction] = {}
    for flow, share in [*((flow, Fraction(1)) for flow in whole), *((flow, 1 - flow.edge) for flow in but_edges)]:
        for port, bits in flow.bits.items():
            if port in limits:
                cycles[port] = cycles.get(port, Fraction(0)) + share * bits / limits[port]
    return max(cycles.values(), default=Fraction(0))


def _cycles(demand: Demand) -> int:
    return demand.cycles or 0


def _exact(rate: float) -> Fraction:
    """19.2 bits per cycle are meant as 96/5, not as the float below it, which would round up one cycle too many."""
    exact = Fraction(rate)
    near = exact.limit_denominator(10**6)
    return near if abs(near - exact) * 10**12 <= exact else Fraction(repr(float(rate)))
