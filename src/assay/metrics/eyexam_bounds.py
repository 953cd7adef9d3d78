"""The first steps of Eyexam in closed form, and the hardware of the later ones: what is not asked yet is taken away.

Every bound here follows from one count. Let a layer have dimensions d of extent E(d), and let the loops of a mapping
over d take t(d) steps in time on s(d) instances in space. Every index of d is worked on, so t(d) · s(d) >= E(d). The
layer takes the product of all t(d) in steps, whatever the order of its loops, also where tiles leave remainders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from assay.hardware.constraints import allows
from assay.hardware.model import ALL, Axis, Bandwidth, Buffering, Fanout, Hardware, Memory, Node
from assay.workload.einsum import Einsum

MOST_CHOICES = 300_000
"""Ways to lay a layer out that are tried one by one."""


@dataclass(frozen=True, slots=True)
class Parallelism:
    """What a dataflow lets run at once, were there PEs without end.

    Attributes:
        spread: (dimension, most instances that its loops in space can have) of the dimensions that an axis may carry.
        serial: (dimension, extent) of those that no axis may carry, and that run one index after the other.
    """

    spread: tuple[tuple[str, int], ...]
    serial: tuple[tuple[str, int], ...]

    @property
    def width(self) -> int:
        """Work items at once."""
        return prod(most for _, most in self.spread)


def parallelism(einsum: Einsum, hardware: Hardware) -> Parallelism:
    """The dimensions of more than one index that the axes of the hardware may carry, and those that none may."""
    spread: list[tuple[str, int]] = []
    serial: list[tuple[str, int]] = []
    for dim, extent in einsum.dims:
        most = min(extent, _most(hardware, dim, extent))
        if most > 1:
            spread.append((dim, most))
        elif extent > 1:
            serial.append((dim, extent))
    return Parallelism(tuple(spread), tuple(serial))


def dataflow_cycles(einsum: Einsum, hardware: Hardware) -> int:
    """The fewest cycles that the dataflow allows with PEs without end (step 2)."""
    return _cycles(_serial_steps(einsum, hardware) * _least_rounds(einsum, hardware), hardware)


def pe_cycles(einsum: Einsum, hardware: Hardware) -> int:
    """The fewest cycles on the PEs that there are, were they in no array (step 3).

    A dimension that no axis carries takes all of its E(d) steps. Over those that some axis carries, the product of
    s(d) is at most the number N of PEs, so that of t(d) is at least the work items W over N, where W is the product of
    their extents; it is a whole number, so it is at least W / N rounded up: where N does not divide W, the last round
    is not full. Each t(d) is also at least E(d) over the most instances that the axes allow d, rounded up (step 2).
    Both hold, so the larger does.
    """
    extents = einsum.extents
    items = prod(extents[dim] for dim, _ in parallelism(einsum, hardware).spread)
    rounds = max(-(-items // hardware.pes), _least_rounds(einsum, hardware))
    return _cycles(_serial_steps(einsum, hardware) * rounds, hardware)


def array_cycles(einsum: Einsum, hardware: Hardware) -> int:
    """No mapping takes fewer cycles on the axes that there are, with tiles of any size (step 4).

    Every choice of instances per dimension and axis is tried, with t(d) = E(d) / s(d) rounded up. Storage, and what
    must be complete in a memory, is left out, but for dimensions that have to be complete in an array and cannot be
    iterated inside of it: those are laid out whole. Where there are too many choices, 0.
    """
    dims = [dim for dim, extent in einsum.dims if extent > 1]
    states = {(1,) * len(dims)}
    for node in hardware.nodes:
        for axis in node.axes if isinstance(node, Fanout) else ():
            options = _axis_options(axis, [(dim, einsum.extents[dim]) for dim in dims])
            if len(states) * len(options) > MOST_CHOICES:
                return 0
            states = {
                tuple(
                    min(have * more, einsum.extents[dim]) for dim, have, more in zip(dims, state, option, strict=True)
                )
                for state in states
                for option in options
            }
    whole = {dim for index in range(len(hardware.nodes)) for dim in _laid_whole(hardware, index)}
    fits = [s for s in states if all(n == einsum.extents[d] for d, n in zip(dims, s, strict=True) if d in whole)]
    counts = (prod(-(-einsum.extents[d] // n) for d, n in zip(dims, state, strict=True)) for state in fits)
    return _cycles(min(counts, default=0), hardware)


def _laid_whole(hardware: Hardware, index: int) -> tuple[str, ...]:
    """Dimensions that the fanout has to have complete, and that no memory inside of it may iterate."""
    node = hardware.nodes[index]
    inside = [memory for memory in hardware.nodes[index:] if isinstance(memory, Memory)]
    if not isinstance(node, Fanout):
        return ()
    return tuple(dim for dim in node.whole if not any(allows(memory, dim) for memory in inside))


def _axis_options(axis: Axis, dims: list[tuple[str, int]]) -> list[tuple[int, ...]]:
    """Instances per dimension whose product is at most the size of the axis."""
    options: list[tuple[int, ...]] = [()]
    for dim, extent in dims:
        most = _on_axis(axis, dim, extent)
        options = [(*option, n) for option in options for n in range(1, min(most, axis.size // prod(option)) + 1)]
        if len(options) > MOST_CHOICES:
            return options
    return options


def without_bandwidth(hardware: Hardware) -> Hardware:
    """Hardware whose ports never limit."""
    return _changed(hardware, {"bandwidth": Bandwidth(), "buffering": Buffering.IDEAL}, {"bandwidth": ()})


def without_sizes(hardware: Hardware) -> Hardware:
    """Hardware whose memories and ports never limit. What may lie along its axes stays as it is."""
    return _changed(without_bandwidth(hardware), {"size": None, "reserved": 0}, {})


def with_ideal_buffers(hardware: Hardware) -> Hardware:
    """Hardware all of whose transfers overlap with its work."""
    return _changed(hardware, {"buffering": Buffering.IDEAL}, {})


def with_size(hardware: Hardware, name: str, capacity: int | None) -> Hardware:
    """The hardware with room for so many bits in the memory of that name; None: it never limits."""
    nodes = tuple(
        replace(node, size=capacity, reserved=0) if isinstance(node, Memory) and node.name == name else node
        for node in hardware.nodes
    )
    return replace(hardware, nodes=nodes)


def without_energies(hardware: Hardware) -> Hardware:
    """The same with unknown energies: a search for the fewest cycles then ends with the first mapping that has them."""
    none: dict[str, Any] = {"read_energy": None, "write_energy": None, "update_energy": None}
    return _changed(hardware, none, {"transfer_energy": None})


def _changed(hardware: Hardware, memory: dict[str, Any], fanout: dict[str, Any]) -> Hardware:
    def changed(node: Node) -> Node:
        if isinstance(node, Memory):
            return replace(node, **memory)
        return replace(node, **fanout) if isinstance(node, Fanout) else node

    return replace(hardware, nodes=tuple(changed(node) for node in hardware.nodes))


def _most(hardware: Hardware, dim: str, extent: int) -> int:
    """The most instances that all axes together allow the loops over a dimension, were the axes without end."""
    if any(bound == ALL for memory in hardware.memories for name, bound in memory.factors if name == dim):
        return 1  # a memory runs all of it in time
    return prod(_on_axis(axis, dim, extent) for fanout in hardware.fanouts for axis in fanout.axes)


def _on_axis(axis: Axis, dim: str, extent: int) -> int:
    """An axis of one child is none: nothing is laid along it, however long others become."""
    if axis.size == 1 or (axis.dims is not None and dim not in axis.dims):
        return 1
    fixed, most = dict(axis.factors), dict(axis.max_factors)
    if dim in fixed:
        return extent if fixed[dim] == ALL else min(fixed[dim], extent)
    return min(most.get(dim, extent), extent)


def _serial_steps(einsum: Einsum, hardware: Hardware) -> int:
    return prod(extent for _, extent in parallelism(einsum, hardware).serial)


def _least_rounds(einsum: Einsum, hardware: Hardware) -> int:
    """Steps over the dimensions that axes carry, with PEs without end."""
    extents = einsum.extents
    return prod(-(-extents[dim] // most) for dim, most in parallelism(einsum, hardware).spread)


def _cycles(steps: int, hardware: Hardware) -> int:
    """A PE does `macs_per_cycle` steps in a cycle, as `mapping.latency` has it."""
    return -(-steps // hardware.compute.macs_per_cycle)
