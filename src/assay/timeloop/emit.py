"""A design's hardware as a hardware file of Assay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields as dataclass_fields
from fractions import Fraction

from assay.errors import AssayError, UnsupportedError
from assay.hardware.model import ALL, Axis, Bandwidth, Compute, Counting, Fanout, Hardware, Memory, Node
from assay.hardware.reader import parse_hardware
from assay.timeloop.design import TimeloopDesign
from assay.timeloop.roles import dim_roles, tensor_roles


def hardware_yaml(design: TimeloopDesign) -> str:
    """The text of a hardware file (`assay: hardware/1`) with the hardware of the design, which reads back.

    Tensors and dimensions get the names of hardware files, by the roles that they play in the problem.

    Raises:
        UnsupportedError: the design has no hardware, or a hardware file cannot say what it has.
    """
    hardware = design.hardware
    if hardware is None:
        raise UnsupportedError("there is no architecture to convert", hint="give the file with 'architecture:' too")
    tensors = tensor_roles(design.einsum, _names(hardware, dims=False))
    dims = dim_roles(design.einsum, _names(hardware, dims=True))
    lines = [f"# Converted from {hardware.source}"]
    lines += [f"# - {note}" for note in design.notes]
    lines += ["assay: hardware/1", f"name: {hardware.name}", f"clock: {_number(hardware.clock)} Hz"]
    lines += [f"source: {_quoted(hardware.source)}"] if hardware.source else []
    lines += [f"energy_source: {_quoted(hardware.energy_source)}"] if hardware.energy_source else []
    lines += _counting(hardware.counting)
    lines.append("nodes:")
    for node in hardware.nodes:
        lines += _node(node, tensors, dims)
    text = "\n".join(_printable(line) for line in lines) + "\n"
    try:
        parse_hardware(text, "the converted file")
    except AssayError as error:
        raise UnsupportedError(f"a hardware file cannot say this: {error.message}", hint=error.hint) from None
    return text


def _names(hardware: Hardware, *, dims: bool) -> tuple[str, ...]:
    """The dimensions, or the tensors, that the hardware names."""
    found: list[str] = []
    for node in hardware.nodes:
        if isinstance(node, Memory):
            found += (*(node.loops or ()), *node.whole, *_limited(node)) if dims else (*node.keep, *node.may_keep)
        elif isinstance(node, Fanout) and dims:
            found += [dim for axis in node.axes for dim in (*(axis.dims or ()), *_limited(axis))]
    return tuple(dict.fromkeys(found))


def _limited(spot: Memory | Axis) -> tuple[str, ...]:
    return (*(dim for dim, _ in (*spot.factors, *spot.max_factors)), *spot.order)


def _node(node: Node, tensors: Mapping[str, str], dims: Mapping[str, str]) -> list[str]:
    if isinstance(node, Memory):
        if not node.keep and not node.may_keep:
            return [f"  # {node.name} keeps nothing and is left out"]
        pairs = _memory(node, tensors, dims)
    elif isinstance(node, Fanout):
        pairs = _fanout(node, dims)
    else:
        pairs = _compute(node)
    return [f"  {'- ' if index == 0 else '  '}{key}: {value}" for index, (key, value) in enumerate(pairs)]


def _memory(memory: Memory, tensors: Mapping[str, str], dims: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = [("memory", _name(memory.name))]
    if memory.offchip:
        pairs.append(("offchip", "true"))
    if memory.size is not None:
        pairs.append(("size", f"{memory.size} b"))
    if memory.reserved:
        pairs.append(("reserved", f"{memory.reserved} b"))
    pairs.append(("width", f"{memory.width} b"))
    for key, names in (("keep", memory.keep), ("may_keep", memory.may_keep)):
        if names:
            pairs.append((key, _list(tensors[name] for name in names)))
    energies = [
        f"{key}: {_picojoules(value)}"
        for key, value in (
            ("read", memory.read_energy),
            ("write", memory.write_energy),
            ("update", memory.update_energy),
        )
        if value is not None
    ]
    if energies:
        pairs.append(("energy", "{" + ", ".join(energies) + "}"))
    if limits := _bandwidth(memory.bandwidth):
        pairs.append(("bandwidth", limits))
    if memory.loops is not None:
        pairs.append(("loops", _list(dims[dim] for dim in memory.loops)))
    return pairs + _constraints(memory, dims)


def _constraints(spot: Memory | Axis, dims: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = []
    for key, bounds in (("factors", spot.factors), ("max_factors", spot.max_factors)):
        if bounds:
            listed = (f"{dims[dim]}: {'all' if bound == ALL else bound}" for dim, bound in bounds)
            pairs.append((key, "{" + ", ".join(listed) + "}"))
    if spot.order:
        pairs.append(("order", _list(dims[dim] for dim in spot.order)))
    return pairs


def _bandwidth(bandwidth: Bandwidth) -> str:
    given = (("read", bandwidth.read), ("write", bandwidth.write), ("total", bandwidth.total))
    limits = [f"{key}: {_number(value)} b/cycle" for key, value in given if value is not None]
    return "{" + ", ".join(limits) + "}" if limits else ""


def _fanout(fanout: Fanout, dims: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = [("fanout", _name(fanout.name))]
    pairs += [(axis.name, _axis(axis, dims)) for axis in fanout.axes]
    pairs += [("multicast", str(fanout.multicast)), ("width", f"{fanout.width} b")]
    if not fanout.reduces:
        pairs.append(("reduces", "false"))
    if fanout.transfer_energy is not None:
        pairs.append(("energy", _picojoules(fanout.transfer_energy)))
    if fanout.min_utilization:
        pairs.append(("min_utilization", repr(fanout.min_utilization)))
    if fanout.links:
        pairs.append(("links", "true"))
    return pairs


def _axis(axis: Axis, dims: Mapping[str, str]) -> str:
    pairs = [("dims", _list(dims[dim] for dim in axis.dims))] if axis.dims is not None else []
    pairs += _constraints(axis, dims)
    if not pairs:
        return str(axis.size)
    return "{" + ", ".join(f"{key}: {value}" for key, value in [("size", str(axis.size)), *pairs]) + "}"


def _compute(compute: Compute) -> list[tuple[str, str]]:
    pairs = [("compute", _name(compute.name))]
    if compute.energy is not None:
        pairs.append(("energy", _picojoules(compute.energy)))
    pairs.append(("bits", str(compute.bits)))
    if compute.macs_per_cycle != 1:
        pairs.append(("macs_per_cycle", str(compute.macs_per_cycle)))
    if compute.latch:
        pairs.append(("latch", "true"))
    return pairs


def _counting(counting: Counting) -> list[str]:
    default = Counting()
    pairs = []
    for each in dataclass_fields(counting):
        value = getattr(counting, each.name)
        if value != getattr(default, each.name):
            pairs.append(f"{each.name}: {str(value).lower()}")
    return [f"counting: {{{', '.join(pairs)}}}"] if pairs else []


def _list(names: Iterable[str]) -> str:
    return "[" + ", ".join(names) + "]"


def _picojoules(joules: float) -> str:
    """The shortest number of picojoules that reads back as the same energy."""
    exact = Fraction(joules) * 10**12
    for digits in range(1, 18):
        text = f"{float(exact):.{digits}g}"
        if float(Fraction(text) / 10**12) == joules:
            plain = f"{float(text):.12f}".rstrip("0").rstrip(".")
            text = plain if float(plain) == float(text) else text
            break
    return f"{text} pJ"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and value < 1e15 else repr(value)


def _name(name: str) -> str:
    """A name that a hardware file allows."""
    return "".join(char if char.isalnum() or char in "_-." else "_" for char in name)[:60]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in line)
