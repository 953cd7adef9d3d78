"""Where the figures of compared dataflows come from: sums over layers and actions, over the multiply-accumulates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.evaluation.layer import LayerResult
from assay.metrics.dataflow_case import Case, Level
from assay.metrics.dataflows import DataflowStudy
from assay.reading.figures import aligned, exact, percent
from assay.report.evaluation_whys import Part, summed
from assay.report.sheet import Cell, worked

PICO = 1e12

KIND_NAMES = {"conv": "CONV", "fc": "FC"}


def kind_name(kind: str) -> str:
    """What people call the layers: `CONV`, `FC`, or the kind as it is."""
    return KIND_NAMES.get(kind, kind)


def writer(study: DataflowStudy) -> Callable[[float | None], str]:
    """Writes joules per MAC: on machines of equal area in multiples of a MAC, on a chip in picojoules."""
    unit = study.mac_energy()
    scale = 1 / unit if study.chip is None and unit else PICO
    return lambda value: aligned(None if value is None else value * scale)


def unit_name(study: DataflowStudy) -> str:
    """The unit of `writer`."""
    return "the energy of one MAC = 1" if study.chip is None else "pJ"


def energy_cell(study: DataflowStudy, case: Case) -> Cell:
    """Energy per MAC, layer by layer."""
    if case.reason:
        return Cell("none", case.reason)
    return _per_mac(study, case, [(layer.name, layer.energy) for layer in case.layers], case.energy)


def part_cell(study: DataflowStudy, case: Case, level: Level | None = None, tensor: str | None = None) -> Cell:
    """Energy per MAC at a level or of a type of data, action by action."""
    parts = [
        (f"{name}, {count:,} {'MACs' if level is Level.ALU else 'words'}", energy)
        for name, (count, energy) in case.charges(level, tensor).items()
    ]
    return _per_mac(study, case, parts, case.part(level, tensor))


def _per_mac(study: DataflowStudy, case: Case, parts: Sequence[Part], value: float | None) -> Cell:
    text = writer(study)(value)
    if value is None:
        return Cell(text)
    total = exact(sum(energy or 0.0 for _, energy in parts), "J")
    return Cell(text, f"{summed(parts, 'J', total)}\n{total} / {case.macs:,} MACs{_result(study, text, 'pJ')}")


def _result(study: DataflowStudy, text: str, unit: str) -> str:
    """The end of a formula in joules: what it is in the unit of the table."""
    mac = study.mac_energy() if study.chip is None else None
    return f" / {exact(mac, 'J')} of a MAC = {text}" if mac else f" = {text} {unit}"


def ratio_cell(study: DataflowStudy, case: Case) -> str | Cell:
    """Energy over the least at the same point."""
    ranked = study.ranked(case.pes, case.batch, case.kind)
    if not ranked or case.energy is None:
        return "-"
    return over_cell(case, ranked[0])


def over_cell(case: Case, other: Case) -> Cell:
    """Energy per MAC over that of another."""
    return worked(f"{exact(case.energy, 'J')} / {exact(other.energy, 'J')} of {other.title}", aligned(case.over(other)))


def words_cell(case: Case) -> Cell:
    """Words into and out of DRAM per MAC."""
    return _counted(case, "words", lambda layer: layer.offchip_words, case.offchip_words)


def delay_cell(case: Case) -> Cell:
    """Cycles per MAC."""
    return _counted(case, "cycles", lambda layer: layer.cycles, case.delay)


def _counted(case: Case, unit: str, get: Callable[[LayerResult], int | None], value: float | None) -> Cell:
    text = aligned(value)
    if value is None:
        return Cell(text)
    found = [(layer.name, get(layer)) for layer in case.layers]
    total = f"{sum(count or 0 for _, count in found):,} {unit}"
    return Cell(text, f"{summed(found, unit, total)}\n{total} / {case.macs:,} MACs = {text}")


def used_cell(case: Case) -> Cell:
    """PEs at work: of what they could do, what they do."""
    text = percent(case.utilization, none="-")
    peak = f"{case.hardware.peak_macs_per_cycle:,} MACs per cycle"
    return (
        Cell(text) if case.cycles is None else worked(f"{case.macs:,} MACs / ({case.cycles:,} cycles × {peak})", text)
    )


def edp_cell(study: DataflowStudy, case: Case) -> Cell:
    """Energy times delay, both per MAC."""
    text = writer(study)(case.edp)
    if case.edp is None:
        return Cell(text)
    return Cell(text, f"{exact(case.energy, 'J')} × {exact(case.delay)} cycles{_result(study, text, 'pJ·cycles')}")


def proof_cell(case: Case) -> str | Cell:
    """Whether it is the best, or how far off it can be."""
    if case.reason:
        return "no mapping"
    if case.optimal:
        return "best"
    if case.gap is None:
        return "not proven"
    widest = max(case.layers, key=lambda layer: layer.gap or 0.0)
    return Cell(f"gap {percent(case.gap)}", f"the largest of the layers: {percent(widest.gap)} of {widest.name}")
