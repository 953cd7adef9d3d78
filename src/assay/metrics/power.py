"""Mean power, what is published of it, and the power that the cooling is designed for: equation (5).

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020.
"""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.hardware.design import built_of, clock_energy, leakage_power
from assay.metrics.efficiency import NO_OFFCHIP, basis_of, has_offchip, power_caveat, scope_of, why_no_energy
from assay.metrics.metric import ARTICLE, Basis, Metric, Operand
from assay.reading.figures import percent, times
from assay.reading.units import POWER, UNITS, Quantity

TDPS = ("tdp", "thermal_design_power")
"""Published figures that are the power that the cooling is designed for."""


def power_metrics(evaluation: Evaluation, tdp: float | None) -> tuple[Metric, ...]:
    """Mean power on and off the chip, with what leaks and is clocked; the TDP, and the throughput that it allows.

    Args:
        tdp: watts that the cooling of the chip is designed for; None: as published with the hardware, if it is.
    """
    static = _static_power(evaluation)
    power, onchip = evaluation.power, evaluation.onchip_power
    offchip = None if power is None or onchip is None or not has_offchip(evaluation) else power - onchip
    seconds = Operand("latency", evaluation.latency, "s")
    chip, total = evaluation.onchip_energy, evaluation.energy
    rest = None if total is None or chip is None else total - chip
    return (
        _power(evaluation, "power", "Power", power, (Operand("energy", evaluation.energy, "J"), seconds)),
        _power(evaluation, "onchip_power", "Power of the chip", onchip, (Operand("energy", chip, "J"), seconds)),
        _power(evaluation, "offchip_power", "Power off the chip", offchip, (Operand("energy", rest, "J"), seconds)),
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
        *idle_powers(evaluation),
        *published_powers(evaluation),
        *tdp_metrics(evaluation, tdp),
    )


def idle_powers(evaluation: Evaluation) -> tuple[Metric, ...]:
    """What leaks between inferences, if it is known. With power gating, what leaks off the chip."""
    gated = evaluation.power_gating
    leaks = leakage_power(evaluation.hardware, offchip=True if gated else None)
    if leaks.value is None:
        return ()
    whose = "of what lies off the chip; the chip is switched off" if gated else "of all that leaks, with the supply on"
    without = f"; without {', '.join(leaks.without)}" if leaks.without else ""
    note = f"{whose}; clocks stand{without}"
    built = [each for each in built_of(evaluation.hardware) if each.offchip or not gated]
    parts = tuple(Operand(each.name, each.leakage.value, "W") for each in built if each.leakage.value is not None)
    formula = " + ".join(part.name for part in parts)
    return (
        Metric("idle_power", "Power while it waits", leaks.value, "W", basis_of(evaluation), formula, parts, note=note),
    )


def published_powers(evaluation: Evaluation) -> tuple[Metric, ...]:
    """What the paper of the chip says it takes, on whatever it ran, to hold ours against; none where it is silent."""
    texts = []
    for figure in evaluation.hardware.published:
        known = figure.unit in UNITS and UNITS[figure.unit].dimension == POWER
        if known and figure.name not in TDPS:
            note = f" ({figure.note})" if figure.note else ""
            texts.append(f"{figure.name.replace('_', ' ')} {figure.amount}{note}, {figure.source}")
    return (Metric("published_power", "Published power", "; ".join(texts)),) if texts else ()


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
    return f"{percent(share, 3)} of it" if share < 2 else f"{times(share)} as much"


def published_tdp(evaluation: Evaluation) -> Metric:
    """The TDP as published with the hardware; without value where it is not."""
    for figure in evaluation.hardware.published:
        if figure.name in TDPS and not isinstance(figure.value, str):
            quantity = Quantity.of(figure.value, figure.unit) if figure.unit in UNITS else Quantity.of(0)
            if quantity.dimension == POWER and quantity.value > 0:
                return Metric("tdp", "TDP", quantity.value, "W", Basis.SPECIFIED, source=figure.source)
    return Metric("tdp", "TDP", None, "W", missing="not published with the hardware: give it with --tdp 300mW")


def _static_power(evaluation: Evaluation) -> tuple[float, float]:
    """Watts of leakage and clock, where they are modelled: of the chip, and of what lies off it."""
    static, seconds = evaluation.static, evaluation.latency
    leaked = 0.0 if static.leakage_energy is None or not seconds else static.leakage_energy / seconds
    offchip = min(leaked, leakage_power(evaluation.hardware, offchip=True).value or 0.0)
    clock = (clock_energy(evaluation.hardware).value or 0.0) * evaluation.hardware.clock
    return (leaked - offchip + clock, offchip)


def _given_tdp(tdp: float) -> Metric:
    return Metric("tdp", "TDP", tdp, "W", Basis.GIVEN, source="given by the user")


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
    whole = f"mean while it runs, {scope_of(evaluation)}"
    notes = {"power": whole, "onchip_power": "mean while it runs, without off-chip memory"}
    return Metric(
        key,
        title,
        value,
        "W",
        basis_of(evaluation),
        formula,
        operands,
        note=note or notes.get(key, ""),
    )
