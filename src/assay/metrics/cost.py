"""Hardware cost: area and process, storage, PEs, off-chip bandwidth, and what one gets for the area.

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020, section V.
"""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.hardware.design import built_of
from assay.hardware.model import Hardware, Memory
from assay.metrics.efficiency import NO_OFFCHIP
from assay.metrics.factors import NO_WORK
from assay.metrics.metric import Basis, Metric, Operand
from assay.reading.units import AREA, UNITS, Quantity, format_bytes

AREAS = ("chip_area", "die_area", "core_area")
"""Published figures that are the area of a chip."""

PER_MM2 = 1e-6
"""m2 of a mm2."""


def area_metric(evaluation: Evaluation) -> Metric:
    """The area that costs are counted with: as published with the hardware, else that of the components."""
    return published_area(evaluation.hardware) or component_area(evaluation)


def published_area(hardware: Hardware) -> Metric | None:
    """The area that a paper gives; None where the hardware file names none."""
    for figure in hardware.published:
        if figure.name in AREAS and not isinstance(figure.value, str):
            quantity = Quantity.of(figure.value, figure.unit) if figure.unit in UNITS else Quantity.of(0)
            if quantity.dimension == AREA and quantity.value > 0:
                what = figure.name.replace("_", " ")
                return Metric(
                    "area",
                    "Chip area",
                    quantity.value,
                    "m2",
                    Basis.SPECIFIED,
                    source=figure.source,
                    note=f"published {what}",
                )
    return None


def component_area(evaluation: Evaluation, key: str = "area", title: str = "Chip area") -> Metric:
    """The area of the components, as estimated."""
    total = evaluation.static.area
    if total.value is None:
        names = ", ".join(total.without) or "any component"
        return Metric(key, title, None, "m2", missing=f"the hardware file does not say what it is built of: {names}")
    note = area_caveat(evaluation) if total.without else "of the components; wires between them and pads are not in it"
    parts = tuple(
        Operand(each.name, each.area.value, "m2", f"instances: {each.instances:,}")
        for each in built_of(evaluation.hardware)
        if not each.offchip and each.area.value is not None
    )
    return Metric(key, title, total.value, "m2", Basis.ESTIMATED, _sum(parts), parts, note=note)


def area_caveat(evaluation: Evaluation) -> str:
    """What the area of the components is without."""
    names = evaluation.static.area.without
    return (
        f"of the components, without {', '.join(names)}, wires between them and pads"
        if names
        else ("of the components, without wires between them and pads")
    )


def cost_metrics(evaluation: Evaluation) -> tuple[Metric, ...]:
    """Everything of the chip that costs, and what one gets for it."""
    hardware = evaluation.hardware
    area = area_metric(evaluation)
    multipliers = hardware.peak_macs_per_cycle
    parts = (
        (component_area(evaluation, "component_area", "Area of the components"),) if published_area(hardware) else ()
    )
    technology = hardware.technology or None
    return (
        area,
        *parts,
        Metric(
            "technology",
            "Process",
            technology,
            basis=Basis.SPECIFIED if technology else None,
            source="the hardware file",
            missing="" if technology else "the hardware file gives no `technology`",
        ),
        _storage(evaluation),
        Metric(
            "multipliers",
            "Multipliers",
            multipliers,
            "",
            Basis.SPECIFIED,
            "PEs × MACs per cycle of each",
            (
                Operand("PEs", hardware.pes),
                Operand("MACs per cycle of each", hardware.compute.macs_per_cycle),
            ),
            "the hardware file",
        ),
        _bandwidth(hardware),
        _used_bandwidth(evaluation),
        Metric("io_ports", "Input and output ports", None, missing="hardware files do not tell of pads and ports"),
        _per_multiplier(area, multipliers),
        _storage_per_multiplier(evaluation, multipliers),
        _per_area(
            "throughput_per_area",
            "Throughput per area",
            "inferences/s/mm2",
            Operand("throughput", evaluation.throughput, "inferences/s"),
            area,
        ),
        _per_area(
            "efficiency_per_area",
            "Inferences per joule per area",
            "inferences/J/mm2",
            Operand(
                "inferences per joule",
                evaluation.batch / evaluation.energy if evaluation.energy else None,
                "inferences/J",
            ),
            area,
        ),
    )


def _storage(evaluation: Evaluation) -> Metric:
    bits = evaluation.onchip_bits
    if bits is None:
        return Metric("onchip_storage", "On-chip storage", None, "B", missing="the size of a memory of the chip")
    chip = evaluation.hardware
    parts = tuple(
        Operand(each.name, each.size * chip.instances(each.name) / 8, "B", f"instances: {chip.instances(each.name):,}")
        for each in chip.memories
        if not each.offchip and each.size is not None
    )
    note = format_bytes(bits)
    return Metric("onchip_storage", "On-chip storage", bits / 8, "B", Basis.SPECIFIED, _sum(parts), parts, note=note)


def _sum(parts: tuple[Operand, ...]) -> str:
    return " + ".join(each.name for each in parts)


def _bandwidth(hardware: Hardware) -> Metric:
    """Bits per second across the edge of the chip, all off-chip memories together."""
    title = "Off-chip bandwidth"
    memories = [memory for memory in hardware.memories if memory.offchip]
    if not memories:
        return Metric("offchip_bandwidth", title, None, "b/s", missing=NO_OFFCHIP)
    rates = [_bits_per_cycle(memory, hardware) for memory in memories]
    known = [each for each in rates if each is not None]
    if len(known) < len(rates):
        names = ", ".join(memory.name for memory, each in zip(memories, rates, strict=True) if each is None)
        missing = f"the hardware file does not limit both reads and writes of {names}"
        return Metric("offchip_bandwidth", title, None, "b/s", missing=missing)
    operands = (Operand("bits per cycle", sum(known)), Operand("clock", hardware.clock, "Hz"))
    value = sum(known) * hardware.clock
    return Metric("offchip_bandwidth", title, value, "b/s", Basis.SPECIFIED, "bits per cycle × clock", operands)


def _bits_per_cycle(memory: Memory, hardware: Hardware) -> float | None:
    """Of all ports of all instances; None where no limit is modelled."""
    width, ports = memory.bandwidth, memory.ports
    ways = ((width.read, ports.read), (width.write, ports.write))
    apart = None if any(rate is None for rate, _ in ways) else sum((rate or 0.0) * count for rate, count in ways)
    both = None if width.total is None else width.total * ports.total
    limits = [limit for limit in (apart, both) if limit is not None]
    return min(limits) * hardware.instances(memory.name) if limits else None


def _used_bandwidth(evaluation: Evaluation) -> Metric:
    """Bits per second that cross the edge of the chip, on average."""
    title, read, write = "Off-chip bandwidth used", evaluation.offchip_read_bits, evaluation.offchip_write_bits
    if read is None or write is None or not evaluation.latency:
        missing = NO_OFFCHIP if evaluation.mapped else NO_WORK
        return Metric("offchip_bandwidth_used", title, None, "b/s", missing=missing)
    operands = (Operand("bits", read + write), Operand("latency", evaluation.latency, "s"))
    value = (read + write) / evaluation.latency
    return Metric(
        "offchip_bandwidth_used", title, value, "b/s", Basis.CALCULATED, "bits / latency", operands, note="on average"
    )


def _per_multiplier(area: Metric, multipliers: int) -> Metric:
    title = "Area per multiplier"
    if not isinstance(area.value, float):
        return Metric("area_per_multiplier", title, None, "m2", missing=area.missing)
    operands = (Operand("area", area.value, "m2", area.note), Operand("multipliers", multipliers))
    value = area.value / multipliers
    return Metric(
        "area_per_multiplier", title, value, "m2", Basis.CALCULATED, "area / multipliers", operands, note=area.note
    )


def _storage_per_multiplier(evaluation: Evaluation, multipliers: int) -> Metric:
    title, bits = "Storage per multiplier", evaluation.onchip_bits
    if bits is None:
        return Metric("storage_per_multiplier", title, None, "B", missing="the size of a memory of the chip")
    operands = (Operand("on-chip storage", bits / 8, "B"), Operand("multipliers", multipliers))
    value = bits / 8 / multipliers
    return Metric(
        "storage_per_multiplier", title, value, "B", Basis.CALCULATED, "on-chip storage / multipliers", operands
    )


def _per_area(key: str, title: str, unit: str, gain: Operand, area: Metric) -> Metric:
    """What one gets for a mm2."""
    if not isinstance(gain.value, float) or not isinstance(area.value, float):
        missing = area.missing or (f"{gain.name}: not modelled" if gain.unit.endswith("J") else NO_WORK)
        return Metric(key, title, None, unit, missing=missing)
    mm2 = area.value / PER_MM2
    operands = (gain, Operand("area", area.value, "m2", area.note))
    return Metric(key, title, gain.value / mm2, unit, Basis.CALCULATED, f"{gain.name} / area", operands, note=area.note)
