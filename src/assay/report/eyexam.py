"""Eyexam as people read it: the steps of a network or a layer, every layer beside the others, where most is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from assay.metrics.eyexam_steps import BOUNDS, SOURCE, Eyexam, Key, LayerEyexam, Step
from assay.metrics.metric import Basis, Metric, Operand
from assay.report.eyexam_pictures import layers_picture, staircase
from assay.report.figures import NOT_MODELLED, percent, shape, short
from assay.report.page import Column
from assay.report.pictures import Picture
from assay.report.section import Section
from assay.report.sheet import Cell, Row, Sheet

MOST_LOSSES = 12
MOST_PICTURES = 12
"""Layers with a picture of their own: those that lose most cycles."""

SHORT_TITLES: dict[Key, str] = {
    Key.LAYER: "Layer",
    Key.DATAFLOW: "Dataflow",
    Key.PES: "PEs",
    Key.ARRAY: "Array",
    Key.STORAGE: "Storage",
    Key.BANDWIDTH: "Bandwidth",
    Key.CHOICE: "Choice",
    Key.ACCESS: "Access",
}


def eyexam_sections(result: Eyexam) -> tuple[Section, ...]:
    """The steps; for a network also its layers and where it loses most."""
    if len(result.layers) == 1:
        return (_layer_section(result),)
    parts = [_network_section(result), _layers_section(result)]
    if losses := _losses_sheet(result):
        parts.append(Section("losses", "Where the network loses most", sheets=(losses,), pictures=_pictures(result)))
    return tuple(parts)


def eyexam_summary(result: Eyexam) -> str:
    """`41.8 of 168 MACs/cycle (25 %); most is lost at step 6, average bandwidth: 67 % of all cycles.`"""
    bound, peak = result.attained.bound or Fraction(0), result.hardware.peak_macs_per_cycle
    text = f"{rate(bound)} of {peak:,} MACs/cycle ({percent(float(bound / peak))})"
    worst = result.worst
    if worst is None:
        return f"{text}; nothing is lost."
    title = worst.title[0].lower() + worst.title[1:]
    share = percent(float(result.lost_at(worst.key) / (result.attained.cycles or 1)))
    step = f"step {worst.number}, {title}" if worst.number else f"the {title}"
    return f"{text}; most is lost at {step}: {share} of all cycles."


def rate(value: Fraction | None) -> str:
    """MACs per cycle: short where they are many."""
    if value is None:
        return NOT_MODELLED
    number = float(value)
    return short(number) if number >= 1e5 else f"{number:,.0f}" if number >= 1000 else f"{number:.4g}"


def _network_section(result: Eyexam) -> Section:
    sheet = _steps_sheet(result.steps, "Bounds of the network, each the sum of its layers one after another")
    picture = staircase("eyexam", result.title, result.steps, result.hardware.peak_macs_per_cycle)
    return Section("eyexam", "Eyexam", result.notes, _metrics(result), (sheet,), (picture,))


def _layer_section(result: Eyexam) -> Section:
    (layer,) = result.layers
    sheet = _steps_sheet(result.steps, f"{layer.name}: {shape(layer.einsum.dims)}")
    picture = staircase("eyexam", result.title, result.steps, result.hardware.peak_macs_per_cycle)
    return Section("eyexam", "Eyexam", result.notes, _metrics(result), (sheet,), (picture,))


def _metrics(result: Eyexam) -> tuple[Metric, ...]:
    chip, last = result.hardware, result.attained
    peak, bound = chip.peak_macs_per_cycle, float(last.bound or 0)
    per_cycle = Metric(
        "macs_per_cycle",
        "Reached",
        bound,
        "MACs/cycle",
        Basis.SIMULATED if last.key is Key.ACCESS else Basis.CALCULATED,
        "macs / cycles",
        (Operand("macs", last.macs, "MACs"), Operand("cycles", last.cycles, "cycles")),
        SOURCE,
        f"of {peak:,} at the peak",
    )
    operands = (
        Operand("reached", bound, "MACs/cycle"),
        Operand("pes", chip.pes, "PEs"),
        Operand("macs_per_pe", chip.compute.macs_per_cycle, "MACs/cycle"),
    )
    share = Metric(
        "utilization",
        "Share of the peak",
        bound / peak,
        "%",
        per_cycle.basis,
        "reached / (pes · macs_per_pe)",
        operands,
        SOURCE,
    )
    return per_cycle, share


def _steps_sheet(steps: tuple[Step, ...], title: str) -> Sheet:
    columns = (
        Column("Step"),
        Column("Asked for", right=False, fold=12),
        Column("MACs/cycle"),
        Column("Lost"),
        Column("Because", right=False, fold=24),
    )
    return Sheet("eyexam", title, columns, tuple(_step_row(step) for step in steps))


def _step_row(step: Step) -> Row:
    number = str(step.number or "")
    cause = f"{step.layer}: {step.cause}" if step.layer else step.cause
    if step.cycles is None:
        return number, step.title, NOT_MODELLED, "", cause
    lost = "" if step.share is None else percent(step.share) if step.share else "0 %"
    why = f"{BOUNDS[step.key]}\n= {step.macs:,} MACs / {step.cycles:,} cycles"
    if not step.proven:
        cause = (
            f"{cause}; " * bool(cause) + f"the best mapping found reaches {rate(Fraction(step.macs, step.found or 1))}"
        )
    return number, step.title, Cell(rate(step.bound), why), lost, cause


def _layers_section(result: Eyexam) -> Section:
    keys = [
        key
        for key in SHORT_TITLES
        if key not in (Key.LAYER, Key.DATAFLOW) and any(each.step(key) for each in result.layers)
    ]
    columns = (
        Column("Layer", right=False),
        Column("MACs", drop=1),
        Column("Parallel", drop=2),
        *(Column(SHORT_TITLES[key], drop=4 if key is Key.STORAGE else 0) for key in keys),
        Column("Loses most at", right=False, drop=3),
    )
    rows = tuple(_layer_row(layer, keys) for layer in result.layers)
    total = ["All", short(result.attained.macs), *[_cell(result.steps, key) for key in (Key.DATAFLOW, *keys)]]
    worst = result.worst
    totals = ((*total, "" if worst is None else SHORT_TITLES[worst.key]),)
    note = "Parallel: what the dataflow lets run at once (step 2). The others: steps 3 to 7."
    sheet = Sheet("eyexam_layers", "Bounds in MACs/cycle after each step", columns, rows, totals, (note,))
    return Section("layers", "Layers", sheets=(sheet,), pictures=(layers_picture(result),))


def _layer_row(layer: LayerEyexam, keys: Sequence[Key]) -> Row:
    worst = layer.worst
    cells = [_cell(layer.steps, key) for key in (Key.DATAFLOW, *keys)]
    return (layer.name, short(layer.layer.macs), *cells, "" if worst is None else SHORT_TITLES[worst.key])


def _cell(steps: tuple[Step, ...], key: Key) -> str | Cell:
    step = next((each for each in steps if each.key is key), None)
    if step is None:
        return ""
    return "-" if step.cycles is None else Cell(rate(step.bound), step.cause)


def _losses_sheet(result: Eyexam) -> Sheet | None:
    found = result.losses()
    if not found:
        return None
    cycles = result.attained.cycles or 1
    columns = (
        Column("Layer", right=False),
        Column("Step", right=False),
        Column("Cycles lost"),
        Column("Of all"),
        Column("Because", right=False, fold=24),
    )
    rows = tuple(
        (
            layer.name,
            SHORT_TITLES[step.key],
            Cell(f"{math.ceil(lost):,}", _lost(step, result.hardware.peak_macs_per_cycle)),
            Cell(percent(float(lost / cycles)), f"{math.ceil(lost):,} / {cycles:,} cycles of the network"),
            step.cause,
        )
        for layer, step, lost in found[:MOST_LOSSES]
    )
    rest = len(found) - len(rows)
    notes = ["Cycles lost: beside a chip that does its peak in every cycle. Of all: of those that the network takes."]
    if rest > 0:
        notes.append(f"Smaller losses are left out ({rest:,}); --json has all.")
    return Sheet("eyexam_losses", "Losses below the peak", columns, rows, notes=tuple(notes))


def _lost(step: Step, peak: int) -> str:
    """The difference of two steps, where both lie below the peak."""
    full = f"{step.macs:,} MACs / {peak:,} per cycle"
    before = full if step.before is None or step.before * peak < step.macs else f"{step.before:,} cycles before"
    return f"{step.cycles:,} cycles with this step - {before}"


def _pictures(result: Eyexam) -> tuple[Picture, ...]:
    """One per shape of layer, of those that take most cycles."""
    shapes = {layer.einsum: layer for layer in reversed(result.layers)}
    most = sorted(shapes.values(), key=lambda layer: -(layer.attained.cycles or 0))[:MOST_PICTURES]
    order = {layer.name: place for place, layer in enumerate(result.layers)}
    peak = result.hardware.peak_macs_per_cycle
    return tuple(
        staircase(f"eyexam-{file_name(layer.name)}", f"{layer.name}: {shape(layer.einsum.dims)}", layer.steps, peak)
        for layer in sorted(most, key=lambda layer: order[layer.name])
    )


def file_name(text: str) -> str:
    """Letters, digits, dots and dashes only."""
    return "".join(sign if sign.isalnum() or sign in ".-_" else "-" for sign in text).strip("-.") or "layer"
