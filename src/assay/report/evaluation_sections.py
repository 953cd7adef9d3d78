"""An evaluation as sections, for tables, pictures and the HTML report; behind every figure, where it comes from."""

from __future__ import annotations

from collections.abc import Sequence

from assay.evaluation.explain import explain_counts, explain_layer
from assay.evaluation.layer import LayerResult
from assay.evaluation.parts import data_types, energy_of_type, energy_parts, time_parts
from assay.evaluation.results import Evaluation
from assay.hardware.presets import HardwareText, text_of
from assay.mapping.text import render
from assay.reading.figures import cell, exact, percent, shape, short, whole
from assay.reading.units import NOT_MODELLED
from assay.reading.words import plural
from assay.report.evaluation_pictures import energy_pictures, time_pictures
from assay.report.evaluation_whys import (
    Part,
    gap_cell,
    latency_cell,
    macs_cell,
    offchip_why,
    pes_cell,
    summed,
    time_why,
    total_row,
    used_cell,
)
from assay.report.explain import render_explanation
from assay.report.page import Column
from assay.report.section import Section, TextBlock
from assay.report.sheet import Cell, Row, Sheet, worked
from assay.report.tree import render_hardware

WHY_WIDTH = 100
"""Columns of explanations."""

NAMED = 6
"""More layers than this are counted in a title, not all named."""


def evaluation_sections(evaluation: Evaluation) -> tuple[Section, ...]:
    """Energy, time, layers, counts, mappings, the chip and notes, in the order in which they are shown."""
    if not evaluation.mapped:
        return (_chip(evaluation), _notes(evaluation))
    alike = _alike(evaluation.mapped)
    counts = _counts(alike, text_of(evaluation.hardware))
    return (*figure_sections(evaluation), counts, _mappings(alike), _chip(evaluation), _notes(evaluation))


def figure_sections(evaluation: Evaluation, width: int = WHY_WIDTH) -> tuple[Section, ...]:
    """Energy, time and layers: what the screen shows in its own way where nothing is to be explained.

    Args:
        width: columns of explanations.
    """
    return (_energy(evaluation), _time(evaluation), _layers(evaluation, text_of(evaluation.hardware), width))


# ----- energy and time


def _energy(evaluation: Evaluation) -> Section:
    if evaluation.energy is None:
        return Section("energy", "Where the energy goes", text=(f"Energy: {NOT_MODELLED}.",))
    return Section(
        "energy",
        "Where the energy goes",
        sheets=(_energy_sheet(evaluation),),
        pictures=energy_pictures(evaluation),
    )


def _energy_sheet(evaluation: Evaluation) -> Sheet:
    """A row per component, a column per type of data."""
    types = data_types(evaluation.mapped)
    wanted = [Column(name, drop=len(types) - place) for place, name in enumerate(types)]
    columns = (Column("Component", right=False), *wanted, Column("Energy"), Column("Share"))
    parts = energy_parts(evaluation.mapped)
    rows: list[Row] = []
    totals: list[Part] = []
    for node in evaluation.hardware.nodes:
        total = evaluation.energy_of(node.name)
        if total is None:
            continue
        cells = [_energy_cell(evaluation, node.name, name, parts.get((node.name, name))) for name in types]
        share: str | Cell = "-"
        if evaluation.energy:
            share = worked(f"{exact(total, 'J')} / {exact(evaluation.energy, 'J')}", percent(total / evaluation.energy))
        layers = [(layer.name, layer.energy_of(node.name)) for layer in evaluation.mapped]
        rows.append([node.name, *cells, Cell(cell(total, "J"), summed(layers, "J", exact(total, "J"))), share])
        totals.append((node.name, total))
    sums = [_type_cell(parts, name, energy_of_type(evaluation.mapped, name)) for name in types]
    whole = Cell(cell(evaluation.energy, "J"), summed(totals, "J", exact(evaluation.energy, "J")))
    title = f"Energy by component and type of data, for a batch of {evaluation.batch:,}"
    without = [name for node in evaluation.hardware.nodes if evaluation.energy_of(name := node.name) is None]
    notes = (f"Energy {NOT_MODELLED}: {', '.join(without)}.",) if without else ()
    return Sheet("energy_by_component", title, columns, tuple(rows), (["total", *sums, whole, ""],), notes)


def _energy_cell(evaluation: Evaluation, component: str, kind: str, energy: float | None) -> str | Cell:
    if energy is None:
        return ""
    parts = [(layer.name, energy_parts([layer]).get((component, kind))) for layer in evaluation.mapped]
    return Cell(cell(energy, "J"), summed(parts, "J", exact(energy, "J")))


def _type_cell(parts: dict[tuple[str, str], float], kind: str, energy: float | None) -> Cell:
    own = [(component, each) for (component, name), each in parts.items() if name == kind]
    return Cell(cell(energy, "J"), summed(own, "J", exact(energy, "J")))


def _time(evaluation: Evaluation) -> Section:
    rows: list[Row] = [
        (
            each.name,
            Cell(cell(each.latency, "s"), time_why(evaluation, each)),
            worked(f"{each.total:,} cycles / {each.of:,} cycles", percent(each.share)),
        )
        for each in time_parts(evaluation.mapped, evaluation.hardware.clock)
    ]
    columns = (Column("What it is spent on", right=False), Column("Time"), Column("Share"))
    title = f"Time by cause, for a batch of {evaluation.batch:,}"
    sums = (("total", latency_cell(evaluation), ""),)
    sheet = Sheet("time_by_cause", title, columns, tuple(rows), sums)
    return Section("time", "Where the time goes", sheets=(sheet,), pictures=time_pictures(evaluation))


# ----- layers


def _layers(evaluation: Evaluation, text: HardwareText | None, width: int) -> Section:
    named = evaluation.network.title or evaluation.network.name
    columns = [
        Column("Layer", right=False),
        Column("Kind", right=False, drop=9),
        Column("Shape", right=False, drop=8, why=f"the extents above 1 of the layer in {named}, with the batch"),
        Column("MACs"),
        Column("PEs", drop=7),
        Column("Util.", why="MACs done / MACs that the PEs could do (Sze et al., SSC Magazine 2020, equation 3)"),
        Column("Cycles", drop=4),
        Column("Latency"),
        Column("Energy"),
        Column("Off-chip\nwords", drop=5),
        Column("Bound\nby", right=False, drop=3),
        Column("Gap", drop=2),
    ]
    whys = {layer.name: why for layers in _alike(evaluation.mapped) for layer, why in _explained(layers, text, width)}
    rows = tuple(_layer_row(layer, *whys[layer.name]) for layer in evaluation.mapped)
    totals = _total_rows(evaluation)
    notes = ("Gap: how far the mapping can be from the best; 0 % is proven to be the best.",)
    title = f"Layers with multiply-accumulates, for a batch of {evaluation.batch:,}"
    sheets = [Sheet("layers", title, tuple(columns), rows, totals, notes), *_others(evaluation)]
    return Section("layers", "Layers", sheets=tuple(sheets))


def _explained(
    layers: Sequence[LayerResult], text: HardwareText | None, width: int
) -> list[tuple[LayerResult, tuple[str, str]]]:
    """Layers of the same shape and mapping, each with where its energy and cycles come from."""
    first = layers[0]
    energy = render_explanation(explain_layer(first, text, energy=True), width=width)
    cycles = render_explanation(explain_layer(first, text, cycles=True), width=width)
    after = [why.removeprefix(first.name) for why in (energy, cycles)]
    return [(layer, (layer.name + after[0], layer.name + after[1])) for layer in layers]


def _layer_row(layer: LayerResult, energy: str, cycles: str) -> Row:
    """`energy` and `cycles`: where they come from."""
    return [
        layer.name,
        layer.op,
        shape(layer.dims),
        macs_cell(layer),
        pes_cell(layer),
        used_cell(layer),
        Cell(short(layer.cycles), cycles),
        latency_cell(layer),
        Cell(cell(layer.energy, "J"), energy),
        Cell(short(layer.offchip_words), offchip_why(layer)),
        layer.bound_by or "-",
        gap_cell(layer),
    ]


def _total_rows(evaluation: Evaluation) -> tuple[Row, ...]:
    """One subtotal per kind of layer where there are several kinds, then the total."""
    kinds = list(dict.fromkeys(layer.op for layer in evaluation.mapped))
    groups = [(kind, evaluation.of_kind(kind)) for kind in kinds] if len(kinds) > 1 else []
    rows: list[tuple[str, Evaluation, Sequence[tuple[str, LayerResult | Evaluation]]]] = [
        (f"{kind} ({len(part.mapped)})", part, [(layer.name, layer) for layer in part.mapped]) for kind, part in groups
    ]
    layers = [(layer.name, layer) for layer in evaluation.mapped]
    rows.append((f"total ({len(layers)})", evaluation, groups or layers))
    return tuple([name, "", "", *total_row(part, parts)] for name, part, parts in rows)


def _others(evaluation: Evaluation) -> list[Sheet]:
    """The layers without multiply-accumulates."""
    columns = (
        Column("Layer", right=False),
        Column("Kind", right=False),
        Column("Operations", why="one per add, multiply, comparison, ... of the layer, counted from its shape"),
        Column("Words\nread", why="activations and constants that the layer takes in"),
        Column("Words\nwritten", why="activations that the layer puts out"),
    )
    rows: list[Row] = []
    for layer in evaluation.layers:
        if (work := layer.vector) is not None:
            constants = f", {work.constant_words:,} of them constants" if work.constant_words else ""
            read = Cell(short(work.read_words), f"{work.read_words:,} words of {work.bits} bits{constants}")
            written = Cell(short(work.write_words), f"{work.write_words:,} words of {work.bits} bits")
            done = Cell(short(work.operations), "" if work.operations is None else f"{work.operations:,} operations")
            rows.append([layer.name, layer.op, done, read, written])
    if not rows:
        return []
    title = f"{plural(len(rows), 'layer')} without multiply-accumulates: time and energy {NOT_MODELLED}"
    return [Sheet("other_layers", title, columns, tuple(rows), folded=True)]


# ----- counts and mappings


def _alike(layers: Sequence[LayerResult]) -> list[list[LayerResult]]:
    """Layers of the same shape and mapping, whose counts are the same."""
    found: dict[object, list[LayerResult]] = {}
    for layer in layers:
        found.setdefault((layer.einsum, layer.mapping), []).append(layer)
    return list(found.values())


def _named(layers: Sequence[LayerResult]) -> str:
    names = [layer.name for layer in layers]
    shown = ", ".join(names[:NAMED])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown


def _counts(alike: Sequence[Sequence[LayerResult]], text: HardwareText | None) -> Section:
    words = "Words moved and multiply-accumulates done, all instances together."
    sheets = tuple(_count_sheet(layers, text, number) for number, layers in enumerate(alike, 1))
    return Section("counts", "Counts", intro=words, sheets=sheets)


def _count_sheet(layers: Sequence[LayerResult], text: HardwareText | None, number: int) -> Sheet:
    columns = [Column("Component", right=False), Column("Action", right=False), Column("Data", right=False)]
    columns += [Column("Count"), Column("Energy")]
    rows: list[Row] = []
    shown = ""
    for each in explain_counts(layers[0], text):
        charge = each.charge
        name, shown = "" if charge.component == shown else charge.component, charge.component
        why = render_explanation(each, width=WHY_WIDTH)
        energy = Cell(cell(charge.energy, "J"), charge.formula)
        rows.append([name, str(charge.action), charge.tensor or "", Cell(whole(charge.count), why), energy])
    parts = [(node.name, layers[0].energy_of(node.name)) for node in layers[0].hardware.nodes]
    energy = Cell(cell(layers[0].energy, "J"), summed(parts, "J", exact(layers[0].energy, "J")))
    total: Row = ["total", "", "", "", energy]
    each_of = ", each" if len(layers) > 1 else ""
    title = f"{_named(layers)}: {shape(layers[0].dims)}{each_of}"
    return Sheet(f"counts_{number}", title, tuple(columns), tuple(rows), (total,), folded=True)


def _mappings(alike: Sequence[Sequence[LayerResult]]) -> Section:
    words = "The loops of each layer, the outermost first; in brackets the words of the largest tile in one instance."
    blocks = []
    for layers in alike:
        first = layers[0]
        assert first.mapping is not None
        title = f"{_named(layers)}: {shape(first.dims)}"
        blocks.append(TextBlock(title, render(first.mapping, first.analysis), folded=True))
    return Section("mappings", "Mappings", intro=words, blocks=tuple(blocks))


# ----- chip and notes


def _chip(evaluation: Evaluation) -> Section:
    tree = render_hardware(evaluation.hardware, width=WHY_WIDTH)
    return Section("chip", "The chip", blocks=(TextBlock("From the outermost memory down to the compute", tree),))


def _notes(evaluation: Evaluation) -> Section:
    return Section("notes", "Notes", text=evaluation.notes)
