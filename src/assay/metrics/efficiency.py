"""Energy, and the factors that make it: equations (6) to (9).

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020. An operation is a multiply-accumulate (MAC), as there.
"""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.hardware.model import Fanout
from assay.metrics.factors import NO_SPARSITY, NO_WORK, layers_left_out
from assay.metrics.metric import ARTICLE, Basis, Metric, Operand
from assay.reading.figures import percent
from assay.reading.words import listed


def energy_metrics(evaluation: Evaluation) -> tuple[Metric, ...]:
    """Energy per inference: all of it, on and off the chip, data and MACs; and what crosses the edge of the chip."""
    batch = evaluation.batch
    total, onchip = evaluation.energy, evaluation.onchip_energy
    offchip = None if total is None or onchip is None or not has_offchip(evaluation) else total - onchip
    static = evaluation.static
    ways = (
        ("energy", "Energy per inference", total, "counts of actions × energy of each", scope_of(evaluation)),
        ("onchip_energy", "Energy per inference on the chip", onchip, "all components but off-chip memories", ""),
        ("offchip_energy", "Energy per inference off the chip", offchip, "off-chip memories", ""),
    )
    return (
        *(
            _energy(evaluation, key, title, Operand("energy of the batch", value, "J", source), note)
            for key, title, value, source, note in ways
        ),
        *_data_and_mac(evaluation),
        Metric(
            "switching",
            "Switching activity × capacitance × VDD²",
            None,
            "J",
            source=f"{ARTICLE}, equation (8)",
            missing="an energy per action is one number here; activity, capacitance and voltage are not known apart",
        ),
        _optional("leakage_energy", "Leakage per inference", static.leakage_energy, batch, _leaks(evaluation)),
        _optional(
            "clock_energy", "Clock and control per inference", static.clock_energy.value, batch, _ticks(evaluation)
        ),
        total_energy_metric(evaluation),
        _traffic(evaluation, "offchip_read", "Off-chip reads per inference", evaluation.offchip_read_bits),
        _traffic(evaluation, "offchip_write", "Off-chip writes per inference", evaluation.offchip_write_bits),
    )


NO_OFFCHIP = "no memory of the hardware is off the chip"

NAMED = 3
"""More components than this are counted, not named."""

CLOCK = "the hardware file lists no part that does something in every cycle (`parts`, `per_cycle`)"


def efficiency_metrics(evaluation: Evaluation, effectual: float | None) -> tuple[Metric, ...]:
    """Inferences and operations per joule: equations (6) and (9)."""
    if not evaluation.energy or not evaluation.macs:
        missing = why_no_energy(evaluation)
        return (Metric("inferences_per_joule", "Inferences per joule", None, "inferences/J", missing=missing),)
    per_joule = evaluation.macs / evaluation.energy
    whole, rest = divmod(evaluation.macs, evaluation.batch)
    per_inference = evaluation.macs / evaluation.batch if rest else whole
    basis = basis_of(evaluation)
    onchip = evaluation.onchip_energy
    of_macs = (
        Operand("operations per joule", per_joule, "MAC/J"),
        Operand("operations per inference", per_inference, "MACs"),
    )
    return (
        Metric(
            "inferences_per_joule",
            "Inferences per joule",
            evaluation.batch / evaluation.energy,
            "inferences/J",
            basis,
            "operations per joule / operations per inference",
            of_macs,
            f"{ARTICLE}, equation (6)",
            scope_of(evaluation),
        ),
        _operations_per_joule(evaluation, effectual, per_joule),
        Metric(
            "onchip_operations_per_joule",
            "Operations per joule of the chip",
            evaluation.macs / onchip if onchip else None,
            "MAC/J",
            basis if onchip else None,
            "MACs / energy of the chip" if onchip else "",
            (Operand("MACs", evaluation.macs), Operand("energy of the chip", onchip, "J")) if onchip else (),
            missing="" if onchip else "no action on the chip takes energy, as far as the hardware file tells",
            note="without off-chip memory" if onchip else "",
        ),
    )


def _operations_per_joule(evaluation: Evaluation, effectual: float | None, per_joule: float) -> Metric:
    """Equation (9)."""
    parts = (
        Operand("performed per joule", per_joule, "MAC/J", "no zeros are skipped: every operation is performed"),
        Operand("effectual / performed", effectual, "%", "equal to effectual / all, as no zeros are skipped"),
        Operand("effectual / all", effectual, "%", NO_SPARSITY if effectual is None else "given by the user"),
    )
    return Metric(
        "operations_per_joule",
        "Operations per joule",
        per_joule,
        "MAC/J",
        basis_of(evaluation),
        "performed per joule × (effectual / performed) / (effectual / all)",
        parts,
        f"{ARTICLE}, equation (9)",
        scope_of(evaluation),
    )


def total_energy_metric(evaluation: Evaluation) -> Metric:
    """Joules per inference with leakage and clock, where they are modelled."""
    if evaluation.energy is None:
        return Metric("total_energy", "Energy with leakage and clock", None, "J", missing=why_no_energy(evaluation))
    static, batch = evaluation.static.energy, evaluation.batch
    return Metric(
        "total_energy",
        "Energy per inference with leakage and clock",
        (evaluation.energy + (static or 0.0)) / batch,
        "J",
        basis_of(evaluation),
        "energy + leakage and clock",
        (
            Operand("energy", evaluation.energy / batch, "J"),
            Operand("leakage and clock", None if static is None else static / batch, "J"),
        ),
        note=power_caveat(evaluation),
    )


def has_offchip(evaluation: Evaluation) -> bool:
    """Whether the hardware has a memory off the chip."""
    return any(memory.offchip for memory in evaluation.hardware.memories)


def scope_of(evaluation: Evaluation) -> str:
    return "off-chip memory included" if has_offchip(evaluation) else "no off-chip memory is described"


def power_caveat(evaluation: Evaluation) -> str:
    """What energy and power are without; empty where nothing is known to be missing."""
    static = evaluation.static
    parts = [] if has_offchip(evaluation) else ["off-chip memory"]
    parts += [f"{name} transfers" for name in evaluation.energy_without]
    leaks = static.leakage_power.without
    if leaks or static.leakage_energy is None:
        whose = ", ".join(leaks) if len(leaks) <= NAMED else f"{len(leaks)} components"
        parts.append(f"leakage of {whose}" if leaks and static.leakage_energy is not None else "leakage")
    if static.clock_energy.value is None:
        parts.append("clock and control")
    if left_out := layers_left_out(evaluation):
        parts.append(left_out)
    return f"without {listed(parts)}" if parts else ""


def _data_and_mac(evaluation: Evaluation) -> tuple[Metric, ...]:
    """Equation (7), per operation."""
    compute = evaluation.hardware.compute.name
    total, macs = evaluation.energy, evaluation.macs
    mac = evaluation.energy_of(compute)
    source = f"{ARTICLE}, equation (7)"
    if total is None or mac is None or not macs:
        missing = why_no_energy(evaluation) if total is None else f"the energy of {compute}"
        unknown = (("energy_per_operation", "total"), ("data_energy", "data movement"), ("mac_energy", "MAC"))
        return tuple(
            Metric(key, f"Energy per operation: {name}", None, "J", source=source, missing=missing)
            for key, name in unknown
        )
    basis, operations = basis_of(evaluation), Operand("operations", macs, "MACs")
    data = Operand("data", (total - mac) / macs, "J", "all components but the compute")
    of_data = (Operand("energy of data", total - mac, "J"), operations)
    of_macs = (Operand("energy of MACs", mac, "J", compute), operations)
    share = f"{percent((total - mac) / total, 3)} of the energy" if total else ""
    ways = (
        ("energy_per_operation", "", total, "data + MAC", (data, Operand("MAC", mac / macs, "J", compute)), ""),
        ("data_energy", ": data movement", total - mac, "energy of data / operations", of_data, share),
        ("mac_energy", ": MAC", mac, "energy of MACs / operations", of_macs, ""),
    )
    return tuple(
        Metric(key, f"Energy per operation{of}", joules / macs, "J", basis, formula, operands, source, note)
        for key, of, joules, formula, operands, note in ways
    )


def _energy(evaluation: Evaluation, key: str, title: str, joules: Operand, note: str) -> Metric:
    if not isinstance(joules.value, float):
        nothing = key == "offchip_energy" and evaluation.energy is not None
        return Metric(key, title, None, "J", missing=NO_OFFCHIP if nothing else why_no_energy(evaluation))
    without = evaluation.energy_without
    lacking = f"without {listed(list(without))} transfers, whose energy is not known" if without else ""
    operands = (joules, Operand("batch", evaluation.batch))
    text = "; ".join(part for part in (note, lacking) if part)
    value = joules.value / evaluation.batch
    return Metric(key, title, value, "J", basis_of(evaluation), f"{joules.name} / batch", operands, note=text)


def _traffic(evaluation: Evaluation, key: str, title: str, bits: int | None) -> Metric:
    """Bytes per inference across the edge of the chip."""
    if bits is None:
        return Metric(key, title, None, "B", missing=NO_OFFCHIP if evaluation.mapped else NO_WORK)
    operands = (Operand("bits of the batch", bits), Operand("batch", evaluation.batch))
    return Metric(
        key, title, bits / 8 / evaluation.batch, "B", Basis.COUNTED, "bits of the batch / 8 / batch", operands
    )


def _optional(key: str, title: str, joules: float | None, batch: int, missing: str) -> Metric:
    if joules is None:
        return Metric(key, title, None, "J", missing=missing)
    how = {"leakage_energy": "leakage power × latency, layer by layer", "clock_energy": "energy per cycle × cycles"}
    operands = (Operand("energy of the batch", joules, "J", how[key]), Operand("batch", batch))
    formula, note = "energy of the batch / batch", "beside the energy above"
    return Metric(key, title, joules / batch, "J", Basis.ESTIMATED, formula, operands, note=note)


def _ticks(evaluation: Evaluation) -> str:
    without = evaluation.static.clock_energy.without
    return f"no energy per cycle is known of {', '.join(without)}" if without else CLOCK


def _leaks(evaluation: Evaluation) -> str:
    if not evaluation.mapped:
        return NO_WORK
    return f"no leakage is known of {', '.join(evaluation.static.leakage_power.without) or 'any component'}"


def basis_of(evaluation: Evaluation) -> Basis:
    """Estimated where the energy of any component is."""
    estimated = any(node.estimated for node in evaluation.hardware.nodes)
    return Basis.ESTIMATED if estimated else Basis.CALCULATED


def why_no_energy(evaluation: Evaluation) -> str:
    """Which energies the hardware does not give."""
    if not evaluation.mapped:
        return NO_WORK
    unknown = {e.component for layer in evaluation.mapped for e in layer.energies if e.energy is None}
    names = [n.name for n in evaluation.hardware.nodes if n.name in unknown and not isinstance(n, Fanout)]
    return f"the hardware gives no energy of {listed(names)}" if names else "all energies that the hardware gives are 0"
