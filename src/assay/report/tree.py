"""A hardware hierarchy as a tree: from the outermost memory down to the compute, with every figure that counts."""

from __future__ import annotations

import textwrap

from assay.hardware.dataflows import find_dataflow
from assay.hardware.model import (
    ALL,
    Axis,
    Buffering,
    Compute,
    Counting,
    Fanout,
    Figure,
    Halo,
    Hardware,
    Memory,
    Node,
)
from assay.reading.figures import per_cycle, square, whole
from assay.reading.units import NOT_MODELLED, format_bytes, format_si
from assay.reading.words import plural
from assay.report.page import PROSE

INDENT = 3
BUFFERING = {
    Buffering.DOUBLE: "the first tiles in and the last outputs out do not overlap with the work below",
    Buffering.SINGLE: "while a tile is replaced, nothing below works",
}


def render_hardware(hardware: Hardware, *, width: int | None = None) -> str:
    """The tree, the published figures and the notes. Energies are per access or transfer of the stated width."""
    columns = min(width or PROSE, PROSE)
    lines = _head(hardware, columns)
    for depth, node in enumerate(hardware.nodes):
        lines += _node(node, hardware, depth, columns)
    if hardware.published:
        lines += ["", "Published figures (for comparison, never used in a calculation)"]
        lines += [line for figure in hardware.published for line in _published(figure, columns)]
    if hardware.notes:
        lines += ["", "Notes"]
        lines += [line for note in hardware.notes for line in _wrap(note, "- ", columns)]
    return "\n".join(lines) + "\n"


def _head(hardware: Hardware, columns: int) -> list[str]:
    title = hardware.title or hardware.name
    name = f" ({hardware.name})" if title != hardware.name else ""
    peak = format_si(hardware.peak_macs_per_cycle * hardware.clock, "MAC/s")
    text = f"{title}{name}: {plural(hardware.pes, 'PE')}, {format_si(hardware.clock, 'Hz')}, peak {peak}"
    lines = _wrap(text, "", columns)
    for label, value in (
        ("Technology", hardware.technology),
        ("Source", hardware.source),
        ("Energies from", hardware.energy_source),
        ("Counting", "; ".join(_counting(hardware.counting))),
        ("Dataflow", find_dataflow(hardware.dataflow).title if hardware.dataflow else ""),
    ):
        if value:
            lines += _wrap(f"{label}: {value}", "", columns)
    return [*lines, ""]


def _counting(counting: Counting) -> list[str]:
    """The conventions that differ from the defaults."""
    halo = "halo box (gaps of sliding windows are moved and kept)"
    return [halo] * (counting.halo is Halo.BOX) + [
        f"{key} ({text})"
        for key, text, applies in (
            ("first_reads", "the first partial sums are read too", counting.first_reads),
            ("refill_all", "partial sums come down to every child", counting.refill_all),
            ("drain_reads", "partial sums that go up are read", counting.drain_reads),
            ("whole_accesses", "words take whole accesses", counting.whole_accesses),
        )
        if applies
    ]


def _node(node: Node, hardware: Hardware, depth: int, columns: int) -> list[str]:
    last = depth == len(hardware.nodes) - 1
    prefix = " " * (INDENT * (depth - 1)) + "└─ " if depth else ""
    below = " " * (INDENT * depth) + ("   " if last else "│  ")
    lines = _wrap(f"{node.name}: {_headline(node, hardware)}", prefix, columns)
    for detail in [*_details(node), *_built(node)]:
        lines += _wrap(detail, below, columns, below + "  ")
    return lines


def _headline(node: Node, hardware: Hardware) -> str:
    count = hardware.instances(node.name)
    each = f"{whole(count)} × " if count > 1 else ""
    if isinstance(node, Memory):
        size = "size not limited" if node.size is None else format_bytes(node.size)
        reserved = f", {format_bytes(node.reserved)} of it reserved" if node.reserved else ""
        return f"{'off-chip ' if node.offchip else ''}memory, {each}{size}{reserved}, {plural(node.width, 'bit')} wide"
    if isinstance(node, Fanout):
        sizes = " × ".join(f"{axis.name} {axis.size}" for axis in node.axes)
        return f"fanout, {each}{sizes} = {plural(node.children, 'child', 'children')}"
    rate = "1 MAC" if node.macs_per_cycle == 1 else f"{node.macs_per_cycle} MACs"
    return f"compute, {each}{rate} per cycle, {node.bits}-bit operands"


def _details(node: Node) -> list[str]:
    if isinstance(node, Memory):
        return _memory(node)
    if isinstance(node, Fanout):
        return _fanout(node)
    assert isinstance(node, Compute)
    lines = [f"energy: {NOT_MODELLED if node.energy is None else format_si(node.energy, 'J') + ' per MAC'}"]
    if node.latch:
        lines.append("latch: an operand that stays the same is not read again")
    return lines


def _built(node: Node) -> list[str]:
    """What one instance is built of."""
    if node.component is None:
        return []
    part, estimate = node.component, node.component.estimate
    count = f"{whole(part.count)} × " if part.count > 1 else ""
    made = f" ({', '.join(each.name for each in estimate.parts)})" if estimate.parts else ""
    flag = "; extrapolated" if estimate.extrapolated else ""
    figures = f"area {square(estimate.area)}, leakage {format_si(estimate.leakage, 'W')}"
    energies = "; the energies are its" if node.estimated else ""
    return [f"built of: {count}{estimate.component}{made}, {figures}{' each' if count else ''}{energies}{flag}"]


def _memory(memory: Memory) -> list[str]:
    update = memory.update_energy if memory.update_energy is not None else memory.write_energy
    figures = (("read", memory.read_energy), ("write", memory.write_energy), ("update", update))
    lines = [f"keeps: {_names(memory.keep) or ('nothing it must' if memory.may_keep else 'nothing')}"]
    if memory.may_keep:
        lines[0] += f"; may keep: {_names(memory.may_keep)}"
    energies = ", ".join(f"{name} {format_si(value, 'J')}" for name, value in figures)
    known = any(value is not None for _, value in figures)
    lines.append(f"energy: {energies} per {plural(memory.width, 'bit')}" if known else f"energy: {NOT_MODELLED}")
    lines.append(f"bandwidth: {_bandwidth(memory)}")
    if memory.buffering is not Buffering.IDEAL:
        lines.append(f"buffering: {memory.buffering} ({BUFFERING[memory.buffering]})")
    if memory.loops is not None:
        lines.append(f"loops: {_names(memory.loops) or 'none'}")
    if memory.whole:
        lines.append(f"whole: {_names(memory.whole)} complete within its tile")
    if limits := _limits(memory):
        lines.append(f"loops here: {limits}")
    if memory.stationary:
        lines.append(f"stationary: {_names(memory.stationary)} stays until all that is done with it is done")
    return lines


def _limits(spot: Memory | Axis) -> str:
    """`R all, M at most 4, order K C`: what is constrained of the loops in one place, beside their dimensions."""
    found = [f"{dim} {'all' if bound == ALL else bound}" for dim, bound in spot.factors]
    found += [f"{dim} at most {bound}" for dim, bound in spot.max_factors]
    if spot.order:
        found.append(f"order {' '.join(spot.order)} (outermost first, others outside)")
    return ", ".join(found)


def _fanout(fanout: Fanout) -> list[str]:
    lines = ["dimensions: " + "; ".join(_axis(axis) for axis in fanout.axes)]
    shared = {"word": "equal words", "tile": "equal tiles", "none": "nothing"}[fanout.multicast]
    sums = "added on the way up" if fanout.reduces else "added by the parent"
    lines.append(f"shares: {shared} on the way down; partial sums are {sums}")
    per_child = f"{format_si(fanout.transfer_energy, 'J')} per {plural(fanout.width, 'bit')} and child"
    lines.append(f"energy: {NOT_MODELLED if fanout.transfer_energy is None else per_child}")
    if fanout.bandwidth:
        lines.append(
            "bandwidth: " + ", ".join(f"{tensor} {per_cycle(bits)} bits/cycle" for tensor, bits in fanout.bandwidth)
        )
    if fanout.fill:
        lines.append("fill: a layer is spread over as many children as it can be")
    if fanout.min_utilization:
        lines.append(f"min_utilization: at least {fanout.min_utilization:.3g} of the children get work")
    if fanout.links:
        lines.append("links: children beside each other pass words on")
    if fanout.whole:
        lines.append(f"whole: {_names(fanout.whole)} complete within it")
    return lines


def _axis(axis: Axis) -> str:
    limits = _limits(axis)
    return f"{axis.name} {'any' if axis.dims is None else _names(axis.dims) or 'none'}" + f" ({limits})" * bool(limits)


def _bandwidth(memory: Memory) -> str:
    bandwidth, ports = memory.bandwidth, memory.ports
    limits = (
        ("read", bandwidth.read, ports.read),
        ("write", bandwidth.write, ports.write),
        ("read and write together", bandwidth.total, ports.total),
    )
    known = [
        f"{name} {f'{whole(count)} ports × ' if count > 1 else ''}{per_cycle(bits)} bits/cycle"
        for name, bits, count in limits
        if bits is not None
    ]
    return ", ".join(known) or "not limited"


def _published(figure: Figure, columns: int) -> list[str]:
    note = f", {figure.note}" if figure.note else ""
    source = f" ({figure.source})" if figure.source else ""
    return _wrap(f"{figure.name}: {figure.amount}{note}{source}", "- ", columns)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _wrap(text: str, first: str, columns: int, rest: str | None = None) -> list[str]:
    """The text in lines; deep trees keep at least 40 columns."""
    indent = " " * len(first) if rest is None else rest
    return textwrap.wrap(
        text, max(columns, len(first) + 40), initial_indent=first, subsequent_indent=indent, break_on_hyphens=False
    )
