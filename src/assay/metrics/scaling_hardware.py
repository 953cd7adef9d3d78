"""Hardware with more of the same: PEs, storage, chips. Nothing is designed anew; what is there is replicated.

After V. Sze, Y.-H. Chen, T.-J. Yang, J. Emer, "How to Evaluate Deep Neural Network Processors", IEEE Solid-State
Circuits Magazine 12(3), 2020, Section VII: scaling "is done under the assumption that the system does not have to be
significantly redesigned (e.g., the design only needs to be replicated)".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from assay.components.estimate import Estimate
from assay.errors import InputError
from assay.hardware.model import ALL, Axis, Bandwidth, ChipPart, Fanout, Hardware, Memory, Multicast, Node
from assay.reading.figures import number
from assay.reading.suggestions import hint

MOST = 2**24
"""Children of one fanout: more is a mistake in typing."""

PACKAGE, LINK = "package", "link"


class Growth(StrEnum):
    """What something does when the PEs become more."""

    PROPORTION = "proportion"
    FIXED = "fixed"


class DramSharing(StrEnum):
    """The off-chip memory of several chips."""

    SHARED = "shared"  # one, with the bandwidth that it has for one chip
    PER_CHIP = "per_chip"  # one beside each chip, each with its bandwidth


@dataclass(frozen=True, slots=True)
class ScalingRule:
    """What grows with the PEs, and what does not.

    Attributes:
        fanout: the one that gets more children, with all that is in them; empty: the outermost one.
        storage: of the memories on the chip outside of that fanout: size and bandwidth (more banks beside each other).
        offchip: of the memories off the chip: bandwidth, and with it background power (and size, where it is given).
        network: of the bandwidth of that fanout on its parent's side. Fixed: the same wires reach more children.
    """

    fanout: str = ""
    storage: Growth = Growth.PROPORTION
    offchip: Growth = Growth.FIXED
    network: Growth = Growth.FIXED


def scaled_hardware(
    hardware: Hardware,
    *,
    factor: float | Fraction | None = None,
    pes: int | None = None,
    rule: ScalingRule | None = None,
) -> Hardware:
    """The hardware with so many times its PEs, or with so many PEs.

    One fanout gets more children (or fewer); bandwidths inside of it are those of every child, and so grow with them.
    Energies of actions stay: wires that become longer are not charged. Area and leakage grow with the components. Axes
    grow by whole factors where that is possible, so that the array keeps its proportions as far as it can.

    Args:
        factor: or `pes`: one of the two.
        rule: what grows with the PEs; None: storage does, the off-chip bandwidth does not.

    Raises:
        InputError: no such fanout, or no such number of PEs.
    """
    rule = rule or ScalingRule()
    if (factor is None) == (pes is None):
        raise InputError("give either a factor or a number of PEs")
    index, fanout = _grown(hardware, rule.fanout)
    times = _times(hardware, fanout, factor, pes)
    if times == 1:
        return hardware
    sizes = near_shape([axis.size for axis in fanout.axes], int(fanout.children * times))
    axes = tuple(_resized(axis, size, hardware) for axis, size in zip(fanout.axes, sizes, strict=True))
    nodes: list[Node] = []
    for place, node in enumerate(hardware.nodes):
        if place == index:
            nodes.append(_wider(_copied(replace(fanout, axes=axes), times), times, rule.network))
        elif isinstance(node, Memory) and node.offchip:
            nodes.append(_larger(node, _share(times, rule.offchip), banks=True))
        elif place < index and isinstance(node, Memory):
            nodes.append(_larger(node, _share(times, rule.storage), banks=True))
        else:
            nodes.append(node)
    return replace(hardware, nodes=tuple(nodes), parts=_more(hardware.parts, times), published=())


def with_storage(hardware: Hardware, factor: float | Fraction, memories: Sequence[str] = ()) -> Hardware:
    """The hardware with memories of so many times the size.

    Energies of accesses stay those of the file: more banks beside each other.

    Args:
        memories: their names; empty: those on the chip with a size, outside of the innermost array.

    Raises:
        InputError: no such memory, or none of that kind.
    """
    times = exact_factor(factor, "a factor of storage")
    names = tuple(memories) or stored_in(hardware)
    for name in names:
        _check_memory(hardware, name)
    nodes = tuple(
        _larger(node, times, banks=False) if isinstance(node, Memory) and node.name in names else node
        for node in hardware.nodes
    )
    return hardware if times == 1 else replace(hardware, nodes=nodes, published=())


def stored_in(hardware: Hardware) -> tuple[str, ...]:
    """Names of the memories on the chip with a size, outside of the innermost array. Raises InputError for none."""
    last = max((i for i, n in enumerate(hardware.nodes) if isinstance(n, Fanout) and n.children > 1), default=0)
    found = [n for n in hardware.nodes[:last] if isinstance(n, Memory) and not n.offchip and n.size is not None]
    if not found:
        message = f"{hardware.name} has no memory with a size on the chip outside of its array"
        raise InputError(message, hint="name the memories to be scaled")
    return tuple(memory.name for memory in found)


def with_chips(
    hardware: Hardware,
    chips: int,
    *,
    link_bandwidth: float | None = None,
    link_energy: float | None = None,
    dram: DramSharing = DramSharing.SHARED,
) -> Hardware:
    """A package of so many of the chip, side by side behind the off-chip memory: a layer is split over them.

    Words that several chips need come over the link of each. Chips do not pass partial sums to each other: the
    off-chip memory adds them.

    Args:
        chips: how many, 1 or more. One chip has links, too, unless neither figure of links is given.
        link_bandwidth: bits per second of one chip's link, each way, for each kind of data; None: no limit.
        link_energy: joules per bit over a link; None: not modelled.
        dram: one for all, with its bandwidth; or one per chip, with as many times that.

    Raises:
        InputError: no whole number of chips, or figures of links that cannot be.
    """
    if isinstance(chips, bool) or not isinstance(chips, int) or not 1 <= chips <= MOST:
        raise InputError(f"chips is {chips!r}; it must be a whole number from 1 to {MOST:,}")
    for what, value in (("link_bandwidth", link_bandwidth), ("link_energy", link_energy)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(f"{what} is {value!r}; it must be above 0")
    inner = next((i for i, n in enumerate(hardware.nodes) if not (isinstance(n, Memory) and n.offchip)), 0)
    if inner == 0:
        raise InputError(f"{hardware.name} has no off-chip memory that several chips could share", hint="offchip: true")
    outer = [_beside(node, chips, dram) for node in hardware.nodes[:inner]]
    width = hardware.compute.bits
    columns, *rows = sorted(near_shape([1, 1], chips), reverse=True)
    axes = (Axis("X", columns), *(Axis("Y", size) for size in rows if size > 1))
    package = Fanout(
        _free(hardware, PACKAGE),
        axes,
        multicast=Multicast.WORD if dram is DramSharing.SHARED else Multicast.NONE,
        reduces=False,
        transfer_energy=None if link_energy is None else link_energy * width,
        width=width,
    )
    nodes: list[Node] = [*outer, package]
    if link_bandwidth is not None:  # what goes into one chip: a network of its own with one child
        rate = link_bandwidth / hardware.clock
        tensors = [name for node in outer if isinstance(node, Memory) for name in (*node.keep, *node.may_keep)]
        limits = tuple((name, rate) for name in dict.fromkeys(tensors))
        link = Fanout(_free(hardware, LINK), (Axis("X", 1),), reduces=False, width=width, bandwidth=limits)
        nodes.append(replace(link, transfer_energy=0.0))  # charged in the package
    if chips == 1 and link_bandwidth is None and link_energy is None:
        return hardware
    nodes += hardware.nodes[inner:]
    return replace(hardware, nodes=tuple(nodes), parts=_more(hardware.parts, Fraction(chips)), published=())


def near_shape(sizes: Sequence[int], children: int) -> tuple[int, ...]:
    """Sizes of axes with so many children, as near to the proportions of `sizes` as can be.

    Where `children` is a multiple, every axis becomes a multiple of what it was. Of shapes that are equally near, the
    one nearest to a square is taken.
    """

    def distance(shape: Sequence[int]) -> tuple[float, float, tuple[int, ...]]:
        ratios = [math.log(new / old) for new, old in zip(shape, sizes, strict=True)]
        return round(max(ratios) - min(ratios), 9), max(shape) / min(shape), tuple(shape)

    old = math.prod(sizes)
    if children % old == 0:
        multiples = _splits(children // old, len(sizes))
        shapes = [tuple(a * b for a, b in zip(sizes, each, strict=True)) for each in multiples]
    else:
        shapes = list(_splits(children, len(sizes)))
    return min(shapes, key=distance)


def _splits(number: int, ways: int) -> Iterator[tuple[int, ...]]:
    """The number as products of so many factors, in every order."""
    if ways == 1:
        yield (number,)
        return
    for first in range(1, number + 1):
        if number % first == 0:
            for rest in _splits(number // first, ways - 1):
                yield (first, *rest)


def _grown(hardware: Hardware, name: str) -> tuple[int, Fanout]:
    """The fanout that gets more children, and its place."""
    fanouts = [(i, node) for i, node in enumerate(hardware.nodes) if isinstance(node, Fanout)]
    if not fanouts:
        raise InputError(f"{hardware.name} has no fanout: it cannot get more PEs")
    if not name:
        return next(((i, node) for i, node in fanouts if node.children > 1), fanouts[0])
    for place, node in fanouts:
        if node.name == name:
            return place, node
    known = [node.name for _, node in fanouts]
    raise InputError(f"{hardware.name} has no fanout '{name}'", hint=hint(name, known, label="its fanouts"))


def _times(hardware: Hardware, fanout: Fanout, factor: float | Fraction | None, pes: int | None) -> Fraction:
    """The factor of the children, checked."""
    step = hardware.pes // fanout.children
    if pes is not None:
        if isinstance(pes, bool) or not isinstance(pes, int) or pes < 1:
            raise InputError(f"a number of PEs is {pes!r}; it must be a whole number of at least 1")
        times = Fraction(pes, hardware.pes)
    else:
        assert factor is not None
        times = exact_factor(factor, "a factor of PEs")
    children = fanout.children * times
    if children.denominator != 1 or children < 1:
        asked = f"{pes} PEs" if pes is not None else f"{float(times):g} times its PEs"
        advice = f"it has {hardware.pes}; a child of '{fanout.name}' has {step}, so take a multiple of {step}"
        raise InputError(f"{hardware.name} cannot have {asked}", hint=advice)
    if children > MOST:
        raise InputError(f"{hardware.name}: {children} children of '{fanout.name}' are more than {MOST}")
    return times


def exact_factor(factor: float | Fraction, what: str) -> Fraction:
    """0.1 is meant as a tenth."""
    if isinstance(factor, Fraction):
        times = factor
    elif isinstance(factor, int | float) and not isinstance(factor, bool) and math.isfinite(factor):
        times = Fraction(str(factor))
    else:
        times = Fraction(0)
    if times <= 0:
        raise InputError(f"{what} is {factor!r}; it must be above 0")
    return times


def _share(times: Fraction, growth: Growth) -> Fraction:
    return times if growth is Growth.PROPORTION else Fraction(1)


def _resized(axis: Axis, size: int, hardware: Hardware) -> Axis:
    fixed = math.prod(bound for _, bound in axis.factors if bound != ALL)
    if fixed > size:
        message = f"{hardware.name}: axis {axis.name} would be {size} long, but its factors need {fixed}"
        raise InputError(message, hint="take more PEs, or fewer factors")
    return replace(axis, size=size)


N = TypeVar("N", Memory, Fanout)


def _copied(node: N, times: Fraction) -> N:
    """With its component so many times: area and leakage in proportion, energies as they are."""
    if node.component is None or times == 1:
        return node
    part = node.component
    if times.denominator == 1:
        return replace(node, component=replace(part, count=part.count * int(times)))
    return replace(node, component=replace(part, estimate=_in_proportion(part.estimate, float(times))))


def _more(parts: Iterable[ChipPart], times: Fraction) -> tuple[ChipPart, ...]:
    """So many times what is on the chip beside the nodes, with what it does in every cycle."""
    found = []
    for each in parts:
        part = each.part
        if times.denominator == 1:
            part = replace(part, count=part.count * int(times))
        else:
            grown = _in_proportion(part.estimate, float(times))
            energy = tuple((action, None if e is None else e * float(times)) for action, e in grown.energy)
            part = replace(part, estimate=replace(grown, energy=energy))
        found.append(replace(each, part=part))
    return tuple(found)


def _in_proportion(estimate: Estimate, times: float) -> Estimate:
    """With so many times its area and leakage."""
    return replace(
        estimate,
        area=None if estimate.area is None else estimate.area * times,
        leakage=None if estimate.leakage is None else estimate.leakage * times,
        notes=(*estimate.notes, f"area and leakage times {number(times)}, in proportion to the size"),
    )


def _larger(memory: Memory, times: Fraction, *, banks: bool) -> Memory:
    """Of so many times the size; with `banks`, of so many times the bandwidth, too."""
    if times == 1:
        return memory
    size = None if memory.size is None else max(1, int(memory.size * times))
    sized = replace(_copied(memory, times), size=size, reserved=int(memory.reserved * times))
    return replace(sized, bandwidth=_rates(memory.bandwidth, times)) if banks else sized


def _wider(fanout: Fanout, times: Fraction, growth: Growth) -> Fanout:
    share = float(_share(times, growth))
    return replace(fanout, bandwidth=tuple((tensor, rate * share) for tensor, rate in fanout.bandwidth))


def _rates(bandwidth: Bandwidth, times: Fraction) -> Bandwidth:
    def rate(value: float | None) -> float | None:
        return None if value is None else float(Fraction(str(value)) * times)

    return Bandwidth(rate(bandwidth.read), rate(bandwidth.write), rate(bandwidth.total))


def _beside(node: Node, chips: int, dram: DramSharing) -> Node:
    """An off-chip memory as it serves several chips."""
    assert isinstance(node, Memory)
    return node if dram is DramSharing.SHARED else _larger(node, Fraction(chips), banks=True)


def _free(hardware: Hardware, name: str) -> str:
    """The name, or the next one that no node or part has."""
    taken = {node.name for node in hardware.nodes} | {each.part.name for each in hardware.parts}
    free = name
    while free in taken:
        free += "_"
    return free


def _check_memory(hardware: Hardware, name: str) -> None:
    sized = [memory.name for memory in hardware.memories if memory.size is not None]
    if name not in sized:
        message = f"{hardware.name} has no memory '{name}' with a size"
        raise InputError(message, hint=hint(name, sized, label="it has"))
