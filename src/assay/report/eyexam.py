"""Eyexam as people read it: the steps of a network or a layer, every layer beside the others, where most is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from assay.metrics.eyexam_steps import BOUNDS, Eyexam, Key, LayerEyexam, Step, eyexam_metrics
from assay.reading.figures import exact, per_cycle, percent, shape, short
from assay.reading.units import NOT_MODELLED
from assay.reading.words import small
from assay.report.evaluation_whys import macs_cell, summed
from assay.report.eyexam_pictures import layers_picture, staircase
from assay.report.page import Column
from assay.report.pictures import Picture
from assay.report.section import Section
from assay.report.sheet import Cell, Row, Sheet, worked

MOST_LOSSES = 12
MOST_PICTURES = 12
"""Layers with a picture of their own: those that take most cycles."""

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
    text = f"{per_cycle(bound)} of {peak:,} MACs/cycle ({percent(bound / peak)})"
    worst = result.worst
    if worst is None:
        return f"{text}; nothing is lost."
    share = percent(float(result.lost_at(worst.key) / (result.attained.cycles or 1)))
    step = f"step {worst.number}, {small(worst.title)}" if worst.number else f"the {small(worst.title)}"
    return f"{text}; most is lost at {step}: {share} of all cycles."


def _network_section(result: Eyexam) -> Section:
    sheet = _steps_sheet(result.steps, "Bounds of the network, each the sum of its layers one after another")
    picture = staircase("eyexam", result.title, result.steps, result.hardware.peak_macs_per_cycle)
    return Section("eyexam", "Eyexam", result.notes, eyexam_metrics(result), (sheet,), (picture,))


def _layer_section(result: Eyexam) -> Section:
    (layer,) = result.layers
    sheet = _steps_sheet(result.steps, f"{layer.name}: {shape(layer.einsum.dims)}")
    picture = staircase("eyexam", result.title, result.steps, result.hardware.peak_macs_per_cycle)
    return Section("eyexam", "Eyexam", result.notes, eyexam_metrics(result), (sheet,), (picture,))


def _steps_sheet(steps: tuple[Step, ...], title: str) -> Sheet:
    columns = (
        Column("Step"),
        Column("Asked for", right=False, fold=12),
        Column("MACs/cycle"),
        Column("Lost", why="1 - cycles of the step before / cycles of this step"),
        Column("Because", right=False, fold=24),
    )
    return Sheet("eyexam", title, columns, tuple(_step_row(step) for step in steps))


def _step_row(step: Step) -> Row:
    number = str(step.number or "")
    cause = f"{step.layer}: {step.cause}" if step.layer else step.cause
    if step.cycles is None:
        return number, step.title, NOT_MODELLED, "", cause
    lost: str | Cell = ""
    if step.share is not None:
        lost = worked(f"1 - {step.before:,} cycles / {step.cycles:,} cycles", percent(step.share))
    if not step.proven:
        cause = (
            f"{cause}; " * bool(cause)
            + f"the best mapping found reaches {per_cycle(Fraction(step.macs, step.found or 1))}"
        )
    bound = Cell(per_cycle(step.bound), f"{BOUNDS[step.key]}\n{_bound(step)}")
    return number, step.title, bound, lost, Cell(cause, _limit(step))


def _bound(step: Step) -> str:
    return f"{step.macs:,} MACs / {step.cycles:,} cycles = {per_cycle(step.bound)}"


def _limit(step: Step) -> str:
    """What there is of it, and what would not limit; the cycles alone where no figures say it."""
    limit, before = step.limit, "" if step.before is None else f" beside {step.before:,} at the step before"
    cycles = f"{step.cycles:,} cycles{before}"
    if limit is None or limit.has is None or limit.wants is None:
        return cycles if step.before is not None else _bound(step)
    at = f" ({limit.at})" if limit.at else ""
    has, wants = (f"{exact(each)} {limit.unit}".rstrip() for each in (limit.has, limit.wants))
    return f"{cycles}\n{limit.kind} {limit.name}{at}: {has}; {wants} would not limit"


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
    macs = summed([(each.name, each.layer.macs) for each in result.layers], "MACs", f"{result.attained.macs:,} MACs")
    total = [
        "All",
        Cell(short(result.attained.macs), macs),
        *[_cell(result.steps, key) for key in (Key.DATAFLOW, *keys)],
    ]
    worst = result.worst
    totals = ((*total, "" if worst is None else SHORT_TITLES[worst.key]),)
    note = "Parallel: what the dataflow lets run at once (step 2). The others: steps 3 to 7."
    sheet = Sheet("eyexam_layers", "Bounds in MACs/cycle after each step", columns, rows, totals, (note,))
    return Section("layers", "Layers", sheets=(sheet,), pictures=(layers_picture(result),))


def _layer_row(layer: LayerEyexam, keys: Sequence[Key]) -> Row:
    worst = layer.worst
    cells = [_cell(layer.steps, key) for key in (Key.DATAFLOW, *keys)]
    return (layer.name, macs_cell(layer.chosen), *cells, "" if worst is None else SHORT_TITLES[worst.key])


def _cell(steps: tuple[Step, ...], key: Key) -> str | Cell:
    step = next((each for each in steps if each.key is key), None)
    if step is None:
        return ""
    return "-" if step.cycles is None else Cell(per_cycle(step.bound), f"{_bound(step)}\n{step.cause}".rstrip())


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
            Cell(f"{math.ceil(lost):,}", _lost(step, lost, result.hardware.peak_macs_per_cycle)),
            worked(f"{exact(lost)} / {cycles:,} cycles of the network", percent(lost / cycles)),
            Cell(step.cause, _limit(step)),
        )
        for layer, step, lost in found[:MOST_LOSSES]
    )
    rest = len(found) - len(rows)
    notes = ["Cycles lost: beside a chip that does its peak in every cycle. Of all: of those that the network takes."]
    if rest > 0:
        notes.append(f"Smaller losses are left out ({rest:,}); --json has all.")
    return Sheet("eyexam_losses", "Losses below the peak", columns, rows, notes=tuple(notes))


def _lost(step: Step, lost: Fraction, peak: int) -> str:
    """The difference of two steps, where both lie below the peak."""
    full = f"{step.macs:,} MACs / {peak:,} MACs per cycle at the peak"
    before = full if step.before is None or step.before * peak < step.macs else f"{step.before:,} cycles before"
    rounded = "" if lost.denominator == 1 else ", rounded up"
    return f"{step.cycles:,} cycles with this step - {before} = {exact(lost)}{rounded}"


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
