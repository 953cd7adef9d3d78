"""How long one layer takes: the slowest of the compute, the memories and the fanouts.

Everything overlaps perfectly: while the compute works on one tile, the next one is on its way. A layer therefore takes
as many cycles as its busiest component, averaged over the layer; the time to fill the pipeline at the start and to
drain it at the end is not modelled. See `COUNTS` below for which words load which port.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from assay.hardware.model import Fanout, Hardware, Memory
from assay.mapping.counts import Action, Analysis
from assay.mapping.mapping import Mapping
from assay.workload.einsum import Einsum, Tensor

COMPUTE = "compute"

READS = (Action.READ,)
WRITES = (Action.FILL, Action.UPDATE)
COUNTS = {"read": READS, "write": WRITES, "total": READS + WRITES}
"""Which actions use which port of a memory."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one port asks of the clock.

    Attributes:
        component: name of the memory or fanout.
        port: `read`, `write` or `total` of a memory; at a fanout the name of a tensor, then `down` or `up`.
        bits: bits that one instance moves through the port in the whole layer.
        bits_per_cycle: bandwidth of the port of one instance.
    """

    component: str
    port: str
    bits: Fraction
    bits_per_cycle: float

    @property
    def cycles(self) -> int:
        """Whole cycles that the port is busy."""
        # 19.2 bits per cycle are meant as 96/5, not as the float below it, which would round up one cycle too many.
        rate = Fraction(self.bits_per_cycle)
        return math.ceil(self.bits / (rate.limit_denominator(10**6) or rate))


@dataclass(frozen=True, slots=True)
class Timing:
    """Cycles of a layer and what they are spent on.

    Attributes:
        compute_cycles: cycles if data were always there.
        demands: every port with a limited bandwidth, in the order of the hardware's nodes.
    """

    compute_cycles: int
    demands: tuple[Demand, ...]

    @property
    def cycles(self) -> int:
        """Cycles of the layer: the largest of all."""
        return max((self.compute_cycles, *(demand.cycles for demand in self.demands)))

    @property
    def bound_by(self) -> str:
        """`compute`, or the component that the layer waits for. Ties go to the compute, then from the outside in."""
        cycles = self.cycles
        if cycles == self.compute_cycles:
            return COMPUTE
        return next(demand.component for demand in self.demands if demand.cycles == cycles)


def time_layer(einsum: Einsum, hardware: Hardware, mapping: Mapping, analysis: Analysis) -> Timing:
    """Cycles of one layer under one mapping.

    Counts are totals over all instances; one instance moves that total divided by the number of instances in use. With
    perfect factors every instance moves the same words, so this is the busiest instance (except for partial sums that
    are fetched again below a spatial reduction: they go to one instance of each reduction group). With imperfect
    factors it is the mean of the instances in use, a lower bound of the busiest.
    """
    demands: list[Demand] = []
    for node, instances in zip(hardware.nodes, analysis.active, strict=True):
        if isinstance(node, Memory):
            demands += _memory_demands(node, einsum, analysis, instances)
        elif isinstance(node, Fanout):
            demands += _fanout_demands(node, einsum, hardware, mapping, analysis, instances)
    compute_cycles = -(-analysis.steps // hardware.compute.macs_per_cycle)
    return Timing(compute_cycles, tuple(demands))


def _memory_demands(memory: Memory, einsum: Einsum, analysis: Analysis, instances: int) -> list[Demand]:
    limits = {"read": memory.bandwidth.read, "write": memory.bandwidth.write, "total": memory.bandwidth.total}
    demands = []
    for port, limit in limits.items():
        if limit is not None:
            bits = sum(_bits_moved(analysis, einsum, memory.name, t.name, COUNTS[port]) for t in einsum.tensors)
            demands.append(Demand(memory.name, port, Fraction(bits, instances), limit))
    return demands


def _fanout_demands(
    fanout: Fanout, einsum: Einsum, hardware: Hardware, mapping: Mapping, analysis: Analysis, instances: int
) -> list[Demand]:
    """Words that cross a fanout's parent side, per tensor and way: down and up have wires of their own."""
    limits = dict(fanout.bandwidth)
    demands = []
    for tensor in einsum.tensors:
        if tensor.name in limits:
            down, up = _crossing(fanout, tensor, einsum, hardware, mapping, analysis)
            for words, way in ((down, "down"), (up, "up")):
                bits = Fraction(words * tensor.bits, instances)
                if bits:
                    demands.append(Demand(fanout.name, f"{tensor.name} {way}", bits, limits[tensor.name]))
    return demands


def _crossing(
    fanout: Fanout, tensor: Tensor, einsum: Einsum, hardware: Hardware, mapping: Mapping, analysis: Analysis
) -> tuple[int, int]:
    """Words of the tensor that cross the parent side of all instances of a fanout: (down, up)."""
    names = [node.name for node in hardware.nodes]
    position = names.index(fanout.name)
    keeps = [tensor.name in level.keep for level in mapping.levels]
    parent = max(i for i in range(position) if keeps[i])
    above = [n.name for n in hardware.nodes[parent:position] if isinstance(n, Fanout)]
    delivered = analysis.count(above[-1], tensor.name, Action.TRANSFER) if above else None
    read = analysis.count(names[parent], tensor.name, Action.READ)
    if tensor is not einsum.output:
        return (read if delivered is None else delivered), 0
    refills = read if any(keeps[position:]) else 0  # else the parent reads partial sums to add to them, at home
    sent = analysis.count(names[parent], tensor.name, Action.UPDATE) if delivered is None else delivered - refills
    return refills, sent


def _bits_moved(analysis: Analysis, einsum: Einsum, component: str, tensor: str, actions: tuple[Action, ...]) -> int:
    words = sum(
        c.count for c in analysis.counts if c.component == component and c.tensor == tensor and c.action in actions
    )
    return words * einsum.tensor(tensor).bits
