"""Energy and power, and the factors that make them: equations (5) to (9).

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020. An operation is a multiply-accumulate (MAC), as there.
"""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.hardware.design import clock_energy, leakage_power
from assay.hardware.model import Fanout
from assay.metrics.factors import ARTICLE, NO_SPARSITY, NO_WORK, layers_left_out
from assay.metrics.metric import Basis, Metric, Operand
from assay.metrics.requirements import times
from assay.reading.units import POWER, UNITS, Quantity
from assay.reading.words import listed

TDPS = ("tdp", "thermal_design_power")
"""Published figures that are the power that the cooling is designed for."""


def energy_metrics(evaluation: Evaluation) -> tuple[Metric, ...]:
    """Energy per inference: all of it, on and off the chip, data and MACs; and what crosses the edge of the chip."""
    batch = evaluation.batch
    total, onchip = evaluation.energy, evaluation.onchip_energy
    offchip = None if total is None or onchip is None or not has_offchip(evaluation) else total - onchip
    static = evaluation.static
    joules = Operand("energy of the batch", total, "J", "counts of actions × energy of each")
    ways = (
        ("energy", "Energy per inference", total, _scope(evaluation)),
        ("onchip_energy", "Energy per inference on the chip", onchip, ""),
        ("offchip_energy", "Energy per inference off the chip", offchip, ""),
    )
    return (
        *(_energy(evaluation, key, title, _share(value, batch), note, (joules,)) for key, title, value, note in ways),
        *_data_and_mac(evaluation),
        Metric(
            "switching",
            "Switching activity × capacitance × VDD²",
            None,
            "J",
            source=f"{ARTICLE}, equation (8)",
            missing="an energy per action is one number here; activity, capacitance and voltage are not known apart",
        ),
        _optional("leakage_energy", "Leakage per inference", _share(static.leakage_energy, batch), _leaks(evaluation)),
        _optional(
            "clock_energy",
            "Clock and control per inference",
            _share(static.clock_energy.value, batch),
            _ticks(evaluation),
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
    basis = _basis(evaluation)
    onchip = evaluation.onchip_energy
    of_macs = (
        Operand("operations per joule", per_joule, "MAC/J"),
        Operand("operations per inference", per_inference, "MACs"),
    )
    parts = (
        Operand("performed per joule", per_joule, "MAC/J", "no zeros are skipped: every operation is performed"),
        Operand("effectual / performed", effectual, "%", "equal to effectual / all, as no zeros are skipped"),
        Operand("effectual / all", effectual, "%", NO_SPARSITY if effectual is None else "given by the user"),
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
            _scope(evaluation),
        ),
        Metric(
            "operations_per_joule",
            "Operations per joule",
            per_joule,
            "MAC/J",
            basis,
            "performed per joule × (effectual / performed) / (effectual / all)",
            parts,
            f"{ARTICLE}, equation (9)",
            _scope(evaluation),
        ),
        Metric(
            "onchip_operations_per_joule",
            "Operations per joule of the chip",
            evaluation.macs / onchip if onchip else None,
            "MAC/J",
            basis if onchip else None,
            missing="" if onchip else "no action on the chip takes energy, as far as the hardware file tells",
            note="without off-chip memory" if onchip else "",
        ),
    )


def power_metrics(evaluation: Evaluation, tdp: float | None) -> tuple[Metric, ...]:
    """Mean power on and off the chip, with what leaks and is clocked; the TDP, and the throughput that it allows.

    Args:
        tdp: watts that the cooling of the chip is designed for; None: as published with the hardware, if it is.
    """
    static = _static_power(evaluation)
    power, onchip = evaluation.power, evaluation.onchip_power
    offchip = None if power is None or onchip is None or not has_offchip(evaluation) else power - onchip
    seconds = Operand("latency", evaluation.latency, "s")
    return (
        _power(evaluation, "power", "Power", power, (Operand("energy", evaluation.energy, "J"), seconds)),
        _power(evaluation, "onchip_power", "Power of the chip", onchip, ()),
        _power(evaluation, "offchip_power", "Power off the chip", offchip, ()),
        _power(
            evaluation,
            "total_power",
            "Power with leakage and clock",
            None if power is None else power + sum(static),
            (
                Operand("power", power, "W"),
                Operand("leakage and clock", None if evaluation.static.energy is None else sum(static), "W"),
            ),
            formula="power + leakage and clock",
            note=power_caveat(evaluation),
        ),
        *published_powers(evaluation),
        *tdp_metrics(evaluation, tdp),
    )


def published_powers(evaluation: Evaluation) -> tuple[Metric, ...]:
    """What the paper of the chip says it takes, on whatever it ran, to hold ours against; none where it is silent."""
    texts = []
    for figure in evaluation.hardware.published:
        known = figure.unit in UNITS and UNITS[figure.unit].dimension == POWER
        if known and figure.name not in TDPS:
            note = f" ({figure.note})" if figure.note else ""
            amount = figure.value if isinstance(figure.value, str) else f"{figure.value:g}"
            texts.append(f"{figure.name.replace('_', ' ')} {amount} {figure.unit}{note}, {figure.source}")
    return (Metric("published_power", "Published power", "; ".join(texts)),) if texts else ()


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
        _basis(evaluation),
        "energy + leakage and clock",
        (
            Operand("energy", evaluation.energy / batch, "J"),
            Operand("leakage and clock", None if static is None else static / batch, "J"),
        ),
        note=power_caveat(evaluation),
    )


def tdp_metrics(evaluation: Evaluation, tdp: float | None) -> tuple[Metric, ...]:
    """The TDP of the chip, whether it is kept, and the throughput that it allows by equation (5)."""
    limit = published_tdp(evaluation) if tdp is None else _given_tdp(tdp)
    onchip = evaluation.onchip_power
    watts = None if onchip is None else onchip + _static_power(evaluation)[0]
    if limit.value is None or not watts or not evaluation.throughput:
        missing = limit.missing or why_no_energy(evaluation)
        return (
            limit,
            Metric("within_tdp", "Within the TDP", None, missing=missing),
            Metric("tdp_throughput", "Throughput that the TDP allows", None, "inferences/s", missing=missing),
        )
    allowed = float(limit.value)
    per_joule = evaluation.throughput / watts
    power = Operand("power of the chip", watts, "W", "leakage and clock included where they are modelled")
    tdp_operand = Operand("TDP", allowed, "W", limit.source)
    return (
        limit,
        Metric(
            "within_tdp",
            "Within the TDP",
            watts <= allowed,
            "",
            Basis.CALCULATED,
            "power of the chip <= TDP",
            (power, tdp_operand),
            note="; ".join(part for part in (_share_of_tdp(watts / allowed), power_caveat(evaluation)) if part),
        ),
        Metric(
            "tdp_throughput",
            "Throughput that the TDP allows",
            allowed * per_joule,
            "inferences/s",
            Basis.CALCULATED,
            "TDP × inferences per joule of the chip",
            (tdp_operand, Operand("inferences per joule of the chip", per_joule, "inferences/J")),
            f"{ARTICLE}, equation (5)",
            "at this energy per inference; the PEs may allow less",
        ),
    )


def _share_of_tdp(share: float) -> str:
    return f"{100 * share:.3g} % of it" if share < 2 else f"{times(share)} as much"


def published_tdp(evaluation: Evaluation) -> Metric:
    """The TDP as published with the hardware; without value where it is not."""
    for figure in evaluation.hardware.published:
        if figure.name in TDPS and not isinstance(figure.value, str):
            quantity = Quantity.of(figure.value, figure.unit) if figure.unit in UNITS else Quantity.of(0)
            if quantity.dimension == POWER and quantity.value > 0:
                return Metric("tdp", "TDP", quantity.value, "W", Basis.SPECIFIED, source=figure.source)
    return Metric("tdp", "TDP", None, "W", missing="not published with the hardware: give it with --tdp 300mW")


def has_offchip(evaluation: Evaluation) -> bool:
    """Whether the hardware has a memory off the chip."""
    return any(memory.offchip for memory in evaluation.hardware.memories)


def _scope(evaluation: Evaluation) -> str:
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


def _static_power(evaluation: Evaluation) -> tuple[float, float]:
    """Watts of leakage and clock, where they are modelled: of the chip, and of what lies off it."""
    static, seconds = evaluation.static, evaluation.latency
    leaked = 0.0 if static.leakage_energy is None or not seconds else static.leakage_energy / seconds
    offchip = min(leaked, leakage_power(evaluation.hardware, offchip=True).value or 0.0)
    clock = (clock_energy(evaluation.hardware).value or 0.0) * evaluation.hardware.clock
    return (leaked - offchip + clock, offchip)


def _given_tdp(tdp: float) -> Metric:
    return Metric("tdp", "TDP", tdp, "W", Basis.GIVEN, source="given by the user")


def _data_and_mac(evaluation: Evaluation) -> tuple[Metric, ...]:
    """Equation (7), per operation."""
    compute = evaluation.hardware.compute.name
    total, macs = evaluation.energy, evaluation.macs
    mac = evaluation.energy_of(compute)
    source = f"{ARTICLE}, equation (7)"
    if total is None or mac is None or not macs:
        missing = why_no_energy(evaluation) if total is None else f"the energy of {compute}"
        ways = (("energy_per_operation", "total"), ("data_energy", "data movement"), ("mac_energy", "MAC"))
        return tuple(
            Metric(key, f"Energy per operation: {name}", None, "J", source=source, missing=missing)
            for key, name in ways
        )
    basis, operations = _basis(evaluation), Operand("operations", macs, "MACs")
    data = Operand("data", (total - mac) / macs, "J", "all components but the compute")
    return (
        Metric(
            "energy_per_operation",
            "Energy per operation",
            total / macs,
            "J",
            basis,
            "data + MAC",
            (data, Operand("MAC", mac / macs, "J", compute)),
            source,
        ),
        Metric(
            "data_energy",
            "Energy per operation: data movement",
            (total - mac) / macs,
            "J",
            basis,
            "energy of data / operations",
            (Operand("energy of data", total - mac, "J"), operations),
            source,
            f"{100 * (total - mac) / total:.3g} % of the energy" if total else "",
        ),
        Metric(
            "mac_energy",
            "Energy per operation: MAC",
            mac / macs,
            "J",
            basis,
            "energy of MACs / operations",
            (Operand("energy of MACs", mac, "J", compute), operations),
            source,
        ),
    )


def _energy(
    evaluation: Evaluation, key: str, title: str, value: float | None, note: str, operands: tuple[Operand, ...]
) -> Metric:
    if value is None:
        nothing = key == "offchip_energy" and evaluation.energy is not None
        return Metric(key, title, None, "J", missing=NO_OFFCHIP if nothing else why_no_energy(evaluation))
    without = evaluation.energy_without
    lacking = f"without {listed(list(without))} transfers, whose energy is not known" if without else ""
    batch = Operand("batch", evaluation.batch)
    formula, used = ("energy of the batch / batch", (*operands, batch)) if key == "energy" else ("", ())
    text = "; ".join(part for part in (note, lacking) if part)
    return Metric(key, title, value, "J", _basis(evaluation), formula, used, note=text)


def _power(
    evaluation: Evaluation,
    key: str,
    title: str,
    value: float | None,
    operands: tuple[Operand, ...],
    *,
    formula: str = "energy / latency",
    note: str = "",
) -> Metric:
    if value is None:
        nothing = key == "offchip_power" and evaluation.energy is not None
        return Metric(key, title, None, "W", missing=NO_OFFCHIP if nothing else why_no_energy(evaluation))
    whole = f"mean while it runs, {_scope(evaluation)}"
    notes = {"power": whole, "onchip_power": "mean while it runs, without off-chip memory"}
    return Metric(
        key,
        title,
        value,
        "W",
        _basis(evaluation),
        formula if operands else "",
        operands,
        note=note or notes.get(key, ""),
    )


def _traffic(evaluation: Evaluation, key: str, title: str, bits: int | None) -> Metric:
    """Bytes per inference across the edge of the chip."""
    if bits is None:
        return Metric(key, title, None, "B", missing=NO_OFFCHIP if evaluation.mapped else NO_WORK)
    operands = (Operand("bits of the batch", bits), Operand("batch", evaluation.batch))
    return Metric(
        key, title, bits / 8 / evaluation.batch, "B", Basis.COUNTED, "bits of the batch / 8 / batch", operands
    )


def _optional(key: str, title: str, value: float | None, missing: str) -> Metric:
    if value is None:
        return Metric(key, title, None, "J", missing=missing)
    return Metric(key, title, value, "J", Basis.ESTIMATED, note="beside the energy above")


def _ticks(evaluation: Evaluation) -> str:
    without = evaluation.static.clock_energy.without
    return f"no energy per cycle is known of {', '.join(without)}" if without else CLOCK


def _leaks(evaluation: Evaluation) -> str:
    if not evaluation.mapped:
        return NO_WORK
    return f"no leakage is known of {', '.join(evaluation.static.leakage_power.without) or 'any component'}"


def _share(value: float | None, batch: int) -> float | None:
    return None if value is None else value / batch


def _basis(evaluation: Evaluation) -> Basis:
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
