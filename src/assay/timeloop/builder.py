"""From the parts of an architecture to a `Hardware`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assay.errors import InputError
from assay.hardware.model import Compute, Counting, Fanout, Halo, Hardware, Multicast, Node
from assay.reading.suggestions import nearest
from assay.timeloop.constraints import Directives, Space, axes, least_utilization, links, note_others, storage_space
from assay.timeloop.design import Notes
from assay.timeloop.energies import COMPUTE, Energies, picojoules
from assay.timeloop.mapping_reader import kept
from assay.timeloop.memories import build_memory, first, spare_attributes, word_bits, words_of
from assay.timeloop.parts import Architecture, Arithmetic, Spread, Storage
from assay.timeloop.values import number
from assay.workload.einsum import Einsum

COUNTING = Counting(halo=Halo.BOX, first_reads=False, refill_all=True, drain_reads=False, whole_accesses=True)
"""What Timeloop counts."""
DEFAULT_CLOCK = 1e9
_COMPUTE_USED = {
    *("word_bits", "word_width", "datawidth", "name", "class", "instances", "meshX", "meshY", "energy", "version"),
    "global_cycle_seconds",
}


def build_hardware(
    architecture: Architecture,
    einsum: Einsum | None,
    mapping: Directives | None,
    constraints: Directives,
    energies: Energies | None,
    notes: Notes,
) -> Hardware:
    """The hardware. Under a mapping, memories keep what it keeps; otherwise what the constraints leave open.

    Raises:
        InputError: at the attribute that is wrong.
        UnsupportedError: at a construct that would change counts in a way that cannot be expressed.
    """
    spaces = {
        storage.name: _space(storage, architecture, einsum, mapping, constraints, notes)
        for storage in architecture.storages
    }
    unit = word_unit(architecture, spaces, notes)
    least = least_utilization(architecture, constraints) if mapping is None else 0.0
    nodes: list[Node] = []
    for part in architecture.parts:
        if isinstance(part, Storage):
            nodes.append(build_memory(part, spaces[part.name], unit, energies, notes))
        elif isinstance(part, Spread):
            nodes.append(replace(_fanout(part, einsum, mapping, constraints, unit, notes), min_utilization=least))
        else:
            nodes.append(_compute(part, unit, energies, notes))
    _note_rest(architecture, mapping, constraints, energies, notes)
    files = dict.fromkeys([architecture.at.file, *([energies.file] if energies else [])])
    return Hardware(
        name=_name(architecture.at.file),
        nodes=tuple(nodes),
        clock=_clock(architecture, notes),
        source=f"Timeloop: {', '.join(files)}",
        energy_source=_energy_source(energies, nodes),
        counting=COUNTING,
    )


def _space(
    storage: Storage,
    architecture: Architecture,
    einsum: Einsum | None,
    mapping: Directives | None,
    constraints: Directives,
    notes: Notes,
) -> Space:
    outermost = storage is architecture.parts[0]
    if mapping is None or einsum is None:
        return storage_space(storage, outermost, constraints, einsum, notes)
    return Space(kept(storage, outermost, mapping.get((storage.name, "dataspace")), einsum))


def word_unit(architecture: Architecture, spaces: dict[str, Space], notes: Notes) -> int:
    """The bits of a word. Timeloop counts words, whatever their bits: where they differ, one width stands for all."""
    bits = {
        storage.name: words_of(storage).bits
        for storage in architecture.storages
        if spaces[storage.name].keep or spaces[storage.name].may_keep
    }
    unit = bits[architecture.parts[0].name]
    others = ", ".join(f"{name} {each}" for name, each in bits.items() if each != unit)
    if others:
        notes.add(
            f"words have {unit} bits in {architecture.parts[0].name} but others elsewhere ({others}): every word "
            f"counts as {unit} bits, so that sizes and bandwidths in words are those of the files"
        )
    return unit


def _fanout(
    spread: Spread,
    einsum: Einsum | None,
    mapping: Directives | None,
    constraints: Directives,
    unit: int,
    notes: Notes,
) -> Fanout:
    key = (spread.name, "spatial")
    said = [constraints.get(key)] if mapping is None else [mapping.get(key)]
    return Fanout(
        spread.name,
        axes(spread, constraints if mapping is None else {}, einsum, notes),
        multicast=Multicast.TILE,
        reduces=True,
        width=unit,
        links=links(spread, said, einsum),
        at=spread.at,
    )


def _compute(part: Arithmetic, unit: int, energies: Energies | None, notes: Notes) -> Compute:
    given = first(part.attributes, ("energy",))
    energy = energies.of(part.name, COMPUTE) if energies is not None else None
    if energy is None and given is not None:
        energy = picojoules(number(given, part.names, least=0))
    if energies is not None and energy is None:
        notes.add(f"the energy table has nothing for {part.name}; Timeloop estimates its energy", part.at)
    if first(part.attributes, ("word_bits", "datawidth")) is not None:
        bits = word_bits(part.attributes, part.names)
        if bits != unit:
            notes.add(f"words of {part.name} have {bits} bits; they count as {unit} bits", part.at)
    return Compute(part.name, energy, unit, at=part.at)


def _clock(architecture: Architecture, notes: Notes) -> float:
    if architecture.cycle is None:
        notes.add("no global_cycle_seconds is given: a clock of 1 GHz is assumed")
        return DEFAULT_CLOCK
    seconds = number(architecture.cycle, {}, above=0)
    clock = float(1 / seconds)
    if not 1e-3 <= clock <= 1e15:
        raise architecture.cycle.error(f"{seconds} seconds per cycle is no clock", "write such as 1e-9")
    return clock


def _note_rest(
    architecture: Architecture,
    mapping: Directives | None,
    constraints: Directives,
    energies: Energies | None,
    notes: Notes,
) -> None:
    if any(isinstance(part, Spread) for part in architecture.parts):
        notes.add("network energy (hops, wires, routers) is not modelled")
    if energies is not None and energies.leaks:
        notes.add("leakage energy is not modelled")
    if mapping is None:
        note_others(constraints, notes)
    elif constraints and not architecture.nodes:
        at = next(iter(constraints.values())).at
        notes.add("constraints have no effect beside a mapping", at)
    spare = list(spare_attributes(architecture.storages))
    spare += [key for key in architecture.arithmetic.attributes if key not in _COMPUTE_USED and key not in spare]
    if spare:
        listed = ", ".join(key[:30] for key in spare[:30])
        notes.add(f"attributes without effect here: {listed}")


def _energy_source(energies: Energies | None, nodes: list[Node]) -> str:
    if energies is not None:
        return f"Timeloop ERT in {energies.file}"
    given = [getattr(node, key, None) for node in nodes for key in ("read_energy", "energy")]
    return "Timeloop architecture" if any(value is not None for value in given) else ""


def _name(file: str) -> str:
    """A short name from that of the file."""
    stem = Path(file).name.partition(".")[0]
    name = "".join(char if char.isalnum() or char in "_-" else "_" for char in stem)[:60]
    return name or "timeloop"


def check_energy_names(energies: Energies, architecture: Architecture) -> None:
    """A table none of whose components is in the architecture belongs to another design."""
    names = [part.name for part in architecture.parts if not isinstance(part, Spread)]
    if not energies.tables or any(name in energies.tables for name in names):
        return
    other = next(iter(energies.tables))
    found = nearest(other, names)
    advice = f"did you mean '{found}'?" if found else f"the architecture has {', '.join(names)}"
    raise InputError(f"no component of the energy table is in the architecture ('{other}')", hint=advice)


def with_bits(einsum: Einsum, bits: int) -> Einsum:
    """The einsum with words of so many bits."""
    inputs = tuple(replace(tensor, bits=bits) for tensor in einsum.inputs)
    return replace(einsum, inputs=inputs, output=replace(einsum.output, bits=bits))
