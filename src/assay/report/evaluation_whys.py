"""Where the figures of an evaluation come from: the formula of each, with its operands filled in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from assay.evaluation.layer import LayerResult
from assay.evaluation.parts import MACS, OVERLAP, Cause
from assay.evaluation.results import Evaluation
from assay.hardware.model import Hardware
from assay.mapping.text import render
from assay.reading.figures import cell, exact, percent, pes, short, whole
from assay.report.sheet import Cell

Part = tuple[str, float | int | None]


def summed(parts: Iterable[Part], unit: str, total: str) -> str:
    """The sum of what each part has, a line each; parts without are left out."""
    known = [(name, _amount(value, unit)) for name, value in parts if value]
    names = max((len(name) for name, _ in known), default=0)
    values = max((len(value) for _, value in known), default=0)
    return "\n".join([*(f"{name:{names}}  {value:>{values}}" for name, value in known), f"sum = {total}"])


def _amount(value: float, unit: str) -> str:
    """Exact where it is a count, else with the digits that one needs to add it up."""
    return f"{value:,} {unit}".rstrip() if isinstance(value, int) else exact(value, unit)


# ----- one layer


def macs_cell(layer: LayerResult) -> Cell:
    """The product of its dimensions."""
    product = " × ".join(f"{name} {extent:,}" for name, extent in layer.dims if extent > 1) or "1"
    return Cell(short(layer.macs), f"{product} = {whole(layer.macs)}")


def pes_cell(layer: LayerResult) -> Cell:
    """With the mapping, whose parallel loops they are."""
    text = f"{whole(layer.active_pes)} of {whole(layer.hardware.pes)} PEs get work: the product of the parallel loops"
    return Cell(
        pes(layer.active_pes, none="-"), f"{text}\n\n{render(layer.mapping, layer.analysis)}" if layer.mapping else text
    )


def offchip_why(layer: LayerResult) -> str:
    """Every count of a memory off the chip."""
    names = {memory.name for memory in layer.hardware.memories if memory.offchip}
    own = [count for count in layer.counts if count.component in names and count.tensor is not None]
    parts = [(f"{count.component} {count.action} of {count.tensor}", count.count) for count in own]
    return summed(parts, "words", f"{whole(layer.offchip_words)} words") if own else ""


def gap_cell(layer: LayerResult) -> str | Cell:
    """How far the mapping can be from the best."""
    search = layer.search
    if search is None:
        return "given"
    if not math.isfinite(search.gap):
        return Cell(percent(search.gap), "no lower bound above 0 is known")
    value, bound = exact(layer.energy, "J"), exact(search.lower_bound, "J")
    if search.objective == "latency":
        value, bound = f"{whole(layer.cycles)} cycles", f"{search.lower_bound:,.0f} cycles"
    elif search.objective == "edp":
        value = f"{exact(layer.energy, 'J')} × {exact(layer.latency, 's')}"
        bound = exact(search.lower_bound / layer.hardware.clock, "J·s")
    text = percent(search.gap)
    least = f"no mapping that the search covers has less {search.objective} than {bound}"
    return Cell(text, f"{value} / {bound} - 1 = {text}\n{least}")


# ----- one layer, or several together


def used_cell(what: LayerResult | Evaluation) -> Cell:
    """Utilisation."""
    peak = f"{whole(what.hardware.peak_macs_per_cycle)} MACs per cycle"
    text = percent(what.utilization)
    return Cell(text, f"{whole(what.macs)} MACs / ({whole(what.cycles)} cycles × {peak}) = {text}")


def latency_cell(what: LayerResult | Evaluation) -> Cell:
    """Cycles over the clock."""
    text = cell(what.latency, "s")
    return Cell(text, f"{whole(what.cycles)} cycles / {clock(what.hardware)} = {text}")


def clock(chip: Hardware) -> str:
    """In full."""
    return exact(chip.clock, "Hz")


# ----- several layers together


def total_row(group: Evaluation, parts: Sequence[tuple[str, LayerResult | Evaluation]]) -> list[str | Cell]:
    """MACs, PEs, utilisation, cycles, latency, energy, off-chip words, what bounds, gap.

    Args:
        group: layers together.
        parts: what it is the sum of, with names.
    """

    def total(get: Callable[[LayerResult | Evaluation], float | None], unit: str, text: str, full: str) -> Cell:
        return Cell(text, summed([(name, get(part)) for name, part in parts], unit, full))

    words = short(group.offchip_words)
    gap = "" if group.gap is None else percent(group.gap)
    widest = max(group.mapped, key=lambda layer: layer.gap or 0.0)
    return [
        total(lambda part: part.macs, "MACs", short(group.macs), f"{whole(group.macs)} MACs"),
        Cell(pes(group.active_pes, none="-"), mean_pes(group)),
        used_cell(group),
        total(lambda part: part.cycles, "cycles", short(group.cycles), f"{whole(group.cycles)} cycles"),
        latency_cell(group),
        total(lambda part: part.energy, "J", cell(group.energy, "J"), exact(group.energy, "J")),
        total(lambda part: part.offchip_words, "words", words, f"{whole(group.offchip_words)} words"),
        "",
        Cell(gap, f"the largest of the layers: {gap} of {widest.name}" if gap else ""),
    ]


def mean_pes(group: Evaluation) -> str:
    """PEs that get work, layer by layer."""
    weighted = [(la.name, la.active_pes or 0, la.timing.compute_cycles) for la in group.mapped if la.timing]
    width = max((len(name) for name, _, _ in weighted), default=0)
    lines = [f"{name:{width}}  {count:,} PEs × {cycles:,} cycles" for name, count, cycles in weighted]
    over = sum(cycles for _, _, cycles in weighted)
    mean = pes(group.active_pes)
    return "\n".join(
        ["the mean over the cycles in which the layers compute:", *lines, f"sum / {over:,} cycles = {mean}"]
    )


def limit_cell(text: str, evaluation: Evaluation, limit: tuple[str, float]) -> Cell:
    """What most of the time goes to, and its share: the layers that it bounds."""
    cause, share = limit
    bound = [(layer.name, layer.cycles) for layer in evaluation.mapped if layer.bound_by == cause]
    own = sum(cycles or 0 for _, cycles in bound)
    why = summed(bound, "cycles", f"{own:,} cycles")
    return Cell(
        text, f"layers bound by {cause}:\n{why}\n{own:,} / {whole(evaluation.cycles)} cycles = {percent(share)}"
    )


def time_why(evaluation: Evaluation, cause: Cause) -> str:
    """The cycles of the layers that a cause takes, and what they make at the clock."""
    layers = zip(evaluation.mapped, cause.cycles, strict=True)
    parts = [(_cycles_of(layer, cause.name), cycles) for layer, cycles in layers]
    total = f"{cause.total:,} cycles"
    seconds = f"{total} / {clock(evaluation.hardware)} = {cell(cause.latency, 's')}"
    return f"{summed(parts, 'cycles', total)}\n{seconds}"


def _cycles_of(layer: LayerResult, cause: str) -> str:
    """What the cycles of a layer are the difference of."""
    timing = layer.timing
    if timing is None or cause == MACS:
        return layer.name
    slowest = timing.slowest
    busiest = timing.compute_cycles if slowest is None else slowest.cycles or 0
    if cause == OVERLAP:
        return f"{layer.name}: {timing.cycles:,} with waits - {busiest:,}"
    port = "" if slowest is None else f"{slowest.component} {slowest.port} "
    return f"{layer.name}: {port}{busiest:,} - computing {timing.compute_cycles:,}"
