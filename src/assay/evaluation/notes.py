"""What an evaluation assumes and what it leaves out, in sentences for the user."""

from __future__ import annotations

from assay.evaluation.layer import LayerResult
from assay.evaluation.sources import widths
from assay.hardware.design import Total, built_of, chip_area, leakage_power, not_taken, own_rate
from assay.hardware.model import Bandwidth, Hardware
from assay.mapping.counts import Action
from assay.mapping.energy import unknown_in_fanouts
from assay.reading.units import format_si
from assay.reading.words import listed, plural
from assay.workload.network import Network

TIMING_NOTE = (
    "Time: within a layer, transfers and computation overlap perfectly (filling and draining the pipeline is not "
    "modelled); layers run one after another."
)
PARTIAL_SUMS_NOTE = (
    "Partial sums are stored and moved with the bits of the ofmap's words (no wider accumulator). One on its way out "
    "of a memory is counted as an update above, not as a read below."
)
PADDING_NOTE = "The zeros that pad an input are moved and multiplied like other data."
DENSITY_NOTE = "Densities below 1 are carried along; zeros are counted like other data in this version."
EDP_NOTE = (
    "EDP: every mapping is the one of least energy times latency of its layer; the product of the sums over all layers "
    "is not minimised."
)
LISTED = 6


def notes_of(
    network: Network, hardware: Hardware, layers: tuple[LayerResult, ...], objective: str = "energy"
) -> tuple[str, ...]:
    """Notes on the network, the hardware and the way they were evaluated; the most important first."""
    mapped = [layer for layer in layers if layer.analysis is not None]
    notes = [*_unmapped(layers), *_given(mapped)]
    notes += _without_energy(mapped, hardware)
    notes += _narrow_words(network, hardware)
    if objective == "edp" and sum(layer.search is not None for layer in mapped) > 1:
        notes.append(EDP_NOTE)
    if mapped:
        notes += [TIMING_NOTE, PARTIAL_SUMS_NOTE]
    if any(rank.padding != (0, 0) for la in mapped if la.einsum for t in la.einsum.tensors for rank in t.ranks):
        notes.append(PADDING_NOTE)
    if any(t.density < 1 for la in mapped if la.einsum for t in la.einsum.tensors):
        notes.append(DENSITY_NOTE)
    notes += _beside_actions(hardware)
    notes += [f"Network: {note}" for note in network.notes]
    notes += [f"Hardware: {note}" for note in hardware.notes]
    return tuple(notes)


def _beside_actions(hardware: Hardware) -> list[str]:
    """What is known, and what is not, of what follows from no count."""
    area, leakage = chip_area(hardware), leakage_power(hardware)
    missing = [f"{what}{_of(total)}" for what, total in (("leakage", leakage), ("chip area", area)) if total.without]
    beside = "" if any(each.per_cycle for each in hardware.parts) else "clock network, control, "
    notes = [f"Not modelled: {beside}host{''.join(f', {each}' for each in missing)}."]
    if leakage.value is not None:
        notes.append("Leakage and clock are not in the energies, and the search for mappings does not see them.")
    notes += [f"Extrapolated: {text}." for text in _extrapolated(hardware)]
    return [*notes, *_slow(hardware), *_unlimited(hardware), *(f"{text}." for text in not_taken(hardware))]


def _slow(hardware: Hardware) -> list[str]:
    """Components that cannot keep up with the clock, by their estimates."""
    found = [
        f"{each.name} ({format_si(each.estimate.cycle, 's')})"
        for each in built_of(hardware)
        if each.node and not each.offchip and each.estimate and (each.estimate.cycle or 0) * hardware.clock > 1
    ]
    if not found:
        return []
    period = format_si(1 / hardware.clock, "s")
    return [
        f"By their estimates these take longer than a cycle of {period}: {_listing(found)}; they are timed as if not."
    ]


def _unlimited(hardware: Hardware) -> list[str]:
    """Off-chip memories without bandwidth whose components have one."""
    found = []
    for memory in hardware.memories:
        rate = None if memory.component is None else own_rate(memory.component)
        if memory.offchip and rate is not None and memory.bandwidth == Bandwidth():
            found.append(f"{memory.name} ({format_si(rate / 8, 'B/s')})")
    if not found:
        return []
    return [f"No bandwidth is given and none limits, though the component has one: {_listing(found)}."]


def _of(total: Total) -> str:
    """` of dram and pe_mac`; nothing where it is not modelled at all."""
    return "" if total.value is None else f" of {_listing(list(total.without))}"


def _extrapolated(hardware: Hardware) -> list[str]:
    return [
        f"{each.name} ({each.estimate.component}): {'; '.join(each.estimate.extrapolated)}"
        for each in built_of(hardware)
        if each.estimate is not None and each.estimate.extrapolated
    ]


def _unmapped(layers: tuple[LayerResult, ...]) -> list[str]:
    names = [layer.name for layer in layers if layer.analysis is None]
    if not names:
        return []
    subject = f"{plural(len(names), 'layer')} without multiply-accumulates ({_listing(names)})"
    return [f"{subject}: time, energy and traffic on the chip are not modelled and not in the totals."]


def _given(mapped: list[LayerResult]) -> list[str]:
    names = [layer.name for layer in mapped if layer.search is None]
    return [f"Mapping given by the user, not searched: {_listing(names)}."] if names else []


def _narrow_words(network: Network, hardware: Hardware) -> list[str]:
    width = hardware.compute.bits
    narrow = sorted(bits for bits in widths(network) if bits < width)
    if not narrow:
        return []
    bits = f"{listed(narrow)} {'bit' if narrow[-1] == 1 else 'bits'}"
    return [f"Words of {bits} on {width}-bit multipliers: energy per MAC is that of {width} bits."]


def _without_energy(mapped: list[LayerResult], hardware: Hardware) -> list[str]:
    pairs = dict.fromkeys(pair for layer in mapped for pair in unknown_in_fanouts(layer.energies, hardware))
    missing = dict.fromkeys(
        (e.component, e.action)
        for layer in mapped
        for e in layer.energies
        if e.energy is None and (e.component, e.action) not in pairs
    )
    notes = []
    if missing:
        listing = ", ".join(f"{action} of {component}" for component, action in missing)
        notes.append(f"Energy is not modelled, because {hardware.name} gives none for: {listing}.")
    moves = [component for component, action in pairs if action is not Action.REDUCE]
    if moves:
        notes.append(f"Not modelled and not in the energy: transfers across {_listing(moves)}.")
    adds = [component for component, action in pairs if action is Action.REDUCE]
    if adds:
        notes.append(f"Not modelled and not in the energy: adding partial sums across {_listing(adds)}.")
    return notes


def _listing(names: list[str]) -> str:
    shown = ", ".join(names[:LISTED])
    return f"{shown} and {len(names) - LISTED} more" if len(names) > LISTED else shown
