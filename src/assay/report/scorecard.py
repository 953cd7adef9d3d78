"""The scorecard: the metrics that belong together when a DNN processor is judged.

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020: all of them, off-chip memory included, TOPS and TOPS/W last.
"""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.hardware.design import energies_in_short, is_extrapolated, leakage_power
from assay.reading.units import format_bytes
from assay.report.components import published_areas
from assay.report.figures import NOT_MODELLED, missing_energy, percent, pes, plain, rate, si, square, traffic, whole


def scorecard(evaluation: Evaluation) -> list[tuple[str, str]]:
    """(metric, value) pairs, in the order in which they are shown."""
    hardware = evaluation.hardware
    return [
        ("Accuracy", "not given"),
        ("Throughput", rate(evaluation.throughput, "inferences")),
        ("Latency", _latency(evaluation)),
        ("Energy", _energy(evaluation)),
        ("Power", _power(evaluation)),
        *([("Leakage", text)] if (text := _leakage(evaluation)) else []),
        *([("Clock and control", text)] if (text := _clock(evaluation)) else []),
        ("Off-chip traffic", _traffic(evaluation)),
        ("Utilisation", _utilization(evaluation)),
        ("Multiply-accumulates", f"{whole(evaluation.macs)} per {_unit(evaluation)}"),
        ("Word width", _bits(evaluation)),
        ("PEs", f"{whole(hardware.pes)}{_per_pe(evaluation)}"),
        ("Clock", si(hardware.clock, "Hz")),
        ("On-chip storage", format_bytes(evaluation.onchip_bits)),
        ("Chip area", _area(evaluation)),
        ("Technology", hardware.technology or "not given"),
        ("Energies from", energies_in_short(hardware)),
        ("Obtained by", "calculation from exact counts; not measured"),
        ("TOPS", _tops(evaluation)),
        ("TOPS/W", _tops_per_watt(evaluation)),
    ]


def _unit(evaluation: Evaluation) -> str:
    return "inference" if evaluation.batch == 1 else f"batch of {evaluation.batch:,}"


def _latency(evaluation: Evaluation) -> str:
    if evaluation.latency is None:
        return NOT_MODELLED
    return f"{si(evaluation.latency, 's')} per {_unit(evaluation)}"


def _energy(evaluation: Evaluation) -> str:
    if evaluation.energy is None:
        return NOT_MODELLED
    text = f"{si(evaluation.energy, 'J')} per {_unit(evaluation)}"
    if evaluation.batch > 1:
        text += f", {si(evaluation.energy_per_inference, 'J')} per inference"
    rough = [node.name for node in evaluation.hardware.nodes if node.estimated and is_extrapolated(node.component)]
    flag = f"; extrapolated: {', '.join(rough)}" if rough else ""
    return f"{text} (off-chip memory included{missing_energy(evaluation, '; without ')}{flag})"


def _power(evaluation: Evaluation) -> str:
    power, onchip = evaluation.power, evaluation.onchip_power
    if power is None or onchip is None:
        return NOT_MODELLED
    text = f"{si(power, 'W')} on average: {si(onchip, 'W')} on chip, {si(power - onchip, 'W')} off chip"
    return f"{text}{missing_energy(evaluation, ', without ')}"


def _leakage(evaluation: Evaluation) -> str:
    """Empty where no leakage is modelled: the notes say so."""
    static = evaluation.static
    if static.leakage_energy is None or not evaluation.latency:
        return ""
    power = static.leakage_energy / evaluation.latency
    offchip = leakage_power(evaluation.hardware, offchip=True).value
    split = "" if offchip is None else f" ({si(power - offchip, 'W')} on chip, {si(offchip, 'W')} off chip)"
    gating = "; what gets no work is switched off" if static.power_gating else ""
    energy = f"{si(static.leakage_energy, 'J')} per {_unit(evaluation)}, beside the energy and power above"
    return f"{si(power, 'W')}{split}, {energy}{gating}{_without(static.leakage_power.without)}"


def _clock(evaluation: Evaluation) -> str:
    """Empty where no part does something in every cycle."""
    total = evaluation.static.clock_energy
    if total.value is None or not evaluation.latency:
        return f"{NOT_MODELLED}: {', '.join(total.without)}" if total.without else ""
    power = si(total.value / evaluation.latency, "W")
    energy = f"{si(total.value, 'J')} per {_unit(evaluation)}, beside the energy and power above"
    return f"{power}, {energy}{_without(total.without)}"


def _without(names: tuple[str, ...]) -> str:
    return f"; {NOT_MODELLED}: {', '.join(names)}" if names else ""


def _traffic(evaluation: Evaluation) -> str:
    read, write = evaluation.offchip_read_bits, evaluation.offchip_write_bits
    if read is None or write is None:
        return NOT_MODELLED
    per_mac = (read + write) / 8 / evaluation.macs if evaluation.macs else None
    return f"{traffic(read)} read, {traffic(write)} written per {_unit(evaluation)} ({plain(per_mac)} B per MAC)"


def _utilization(evaluation: Evaluation) -> str:
    if evaluation.utilization is None:
        return NOT_MODELLED
    active = pes(evaluation.active_pes)
    return f"{percent(evaluation.utilization)} of all PE cycles; {active} PEs active while computing"


def _bits(evaluation: Evaluation) -> str:
    widths = {tensor.bits for layer in evaluation.mapped if layer.einsum for tensor in layer.einsum.tensors}
    if not widths:
        return "not given"
    return f"{', '.join(str(bits) for bits in sorted(widths))} bit{'' if widths == {1} else 's'}"


def _area(evaluation: Evaluation) -> str:
    """Of the components that have one; beside it a published figure of the whole chip, where the file has one."""
    total = evaluation.static.area
    known = NOT_MODELLED if total.value is None else f"{square(total.value)} of components{_without(total.without)}"
    for figure in published_areas(evaluation.hardware):
        value = figure.value if isinstance(figure.value, str) else f"{figure.value:g}"
        what = figure.name.replace("_", " ")
        return f"{known}; published: {value} {figure.unit} {what} ({figure.source})"
    return known


def _per_pe(evaluation: Evaluation) -> str:
    macs = evaluation.hardware.compute.macs_per_cycle
    return f", {macs} MACs per cycle each" if macs > 1 else ""


def _tops(evaluation: Evaluation) -> str:
    achieved = evaluation.macs_per_second
    reached = NOT_MODELLED if achieved is None else plain(2e-12 * achieved)
    return f"peak {plain(2e-12 * evaluation.peak_macs_per_second)}, achieved {reached} (1 MAC = 2 operations)"


def _tops_per_watt(evaluation: Evaluation) -> str:
    achieved = evaluation.macs_per_joule
    reached = NOT_MODELLED if achieved is None else f"{plain(2e-12 * achieved)} with off-chip memory"
    return f"peak {NOT_MODELLED}, achieved {reached}"
