"""An evaluation as sections, for tables, pictures and the HTML report; behind every figure, where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.evaluation.explain import explain_counts, explain_layer
from assay.evaluation.layer import LayerResult
from assay.evaluation.results import Evaluation
from assay.hardware.presets import HardwareText, text_of
from assay.mapping.text import render
from assay.report.evaluation_pictures import energy_pictures, split, time_parts, time_pictures, types_of
from assay.report.explain import render_explanation
from assay.report.figures import NOT_MODELLED, cell, percent, pes, plural, shape, short, si, whole
from assay.report.page import Column
from assay.report.section import Block, Section
from assay.report.sheet import Cell, Row, Sheet
from assay.report.tree import render_hardware

WHY_WIDTH = 100
"""Columns of explanations."""

NAMED = 6
"""More layers than this are counted in a title, not all named."""


def evaluation_sections(evaluation: Evaluation) -> tuple[Section, ...]:
    """Energy, time, layers, counts, mappings, the chip and notes, in the order in which they are shown."""
    if not evaluation.mapped:
        return (_chip(evaluation), _notes(evaluation))
    text = text_of(evaluation.hardware)
    alike = _alike(evaluation.mapped)
    found = [_energy(evaluation), _time(evaluation), _layers(evaluation, text), _counts(alike, text)]
    return (*found, _mappings(alike), _chip(evaluation), _notes(evaluation))


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
    types = types_of(evaluation)
    columns = (Column("Component", right=False), *(Column(name) for name in types), Column("Energy"), Column("Share"))
    parts = split(evaluation.mapped)
    rows: list[Row] = []
    for node in evaluation.hardware.nodes:
        total = evaluation.energy_of(node.name)
        if total is None:
            continue
        cells = [_energy_cell(evaluation, node.name, name, parts.get((node.name, name))) for name in types]
        share = percent(total / evaluation.energy) if evaluation.energy else "-"
        rows.append([node.name, *cells, _sum_cell(evaluation, node.name, total), share])
    sums = [sum(value for (_, each), value in parts.items() if each == name) for name in types]
    totals = [["total", *(cell(value, "J") for value in sums), cell(evaluation.energy, "J"), ""]]
    title = f"Energy by component and type of data, for a batch of {evaluation.batch:,}"
    without = [name for node in evaluation.hardware.nodes if evaluation.energy_of(name := node.name) is None]
    notes = (f"Energy {NOT_MODELLED}: {', '.join(without)}.",) if without else ()
    return Sheet("energy_by_component", title, columns, tuple(rows), tuple(totals), notes)


def _energy_cell(evaluation: Evaluation, component: str, kind: str, joules: float | None) -> str | Cell:
    if joules is None:
        return ""
    parts = [(layer.name, split([layer]).get((component, kind))) for layer in evaluation.mapped]
    return Cell(cell(joules, "J"), _sum_lines(parts))


def _sum_cell(evaluation: Evaluation, component: str, joules: float) -> Cell:
    return Cell(cell(joules, "J"), _sum_lines([(la.name, la.energy_of(component)) for la in evaluation.mapped]))


def _sum_lines(parts: Iterable[tuple[str, float | None]]) -> str:
    known = [(name, joules) for name, joules in parts if joules is not None]
    width = max(len(name) for name, _ in known)
    lines = [f"{name:{width}}  {si(joules, 'J')}" for name, joules in known]
    return "\n".join(["the sum over the layers of", *lines])


def _time(evaluation: Evaluation) -> Section:
    seconds = time_parts(evaluation.mapped, evaluation.hardware.clock)
    total = evaluation.latency or 0.0
    rows = [(name, cell(sum(values), "s"), percent(sum(values) / total)) for name, values in seconds.items() if total]
    columns = (Column("What it is spent on", right=False), Column("Time"), Column("Share"))
    title = f"Time by cause, for a batch of {evaluation.batch:,}"
    sums = (("total", cell(evaluation.latency, "s"), ""),)
    sheet = Sheet("time_by_cause", title, columns, tuple(rows), sums)
    return Section("time", "Where the time goes", sheets=(sheet,), pictures=time_pictures(evaluation))


# ----- layers


def _layers(evaluation: Evaluation, text: HardwareText | None) -> Section:
    columns = [Column("Layer", right=False), Column("Kind", right=False, drop=9), Column("Shape", right=False, drop=8)]
    columns += [Column("MACs"), Column("PEs", drop=7), Column("Util."), Column("Cycles", drop=4), Column("Latency")]
    columns += [Column("Energy"), Column("Off-chip\nwords", drop=5), Column("Bound\nby", right=False, drop=3)]
    columns.append(Column("Gap", drop=2))
    whys = {layer.name: why for layers in _alike(evaluation.mapped) for layer, why in _explained(layers, text)}
    rows = tuple(_layer_row(layer, *whys[layer.name]) for layer in evaluation.mapped)
    totals = tuple(_total_row(group, name) for name, group in _groups(evaluation))
    notes = ("Gap: how far the mapping can be from the best; 0 % is proven to be the best.",)
    title = f"Layers with multiply-accumulates, for a batch of {evaluation.batch:,}"
    sheets = [Sheet("layers", title, tuple(columns), rows, totals, notes), *_others(evaluation)]
    return Section("layers", "Layers", sheets=tuple(sheets))


def _explained(layers: Sequence[LayerResult], text: HardwareText | None) -> list[tuple[LayerResult, tuple[str, str]]]:
    """Layers of the same shape and mapping, each with where its energy and cycles come from."""
    first = layers[0]
    energy = render_explanation(explain_layer(first, text, energy=True), width=WHY_WIDTH)
    cycles = render_explanation(explain_layer(first, text, cycles=True), width=WHY_WIDTH)
    after = [why.removeprefix(first.name) for why in (energy, cycles)]
    return [(layer, (layer.name + after[0], layer.name + after[1])) for layer in layers]


def _layer_row(layer: LayerResult, energy: str, cycles: str) -> Row:
    """`energy` and `cycles`: where they come from."""
    chip = layer.hardware
    product = " × ".join(f"{name} {extent:,}" for name, extent in layer.dims if extent > 1) or "1"
    peak = f"{whole(chip.peak_macs_per_cycle)} MACs per cycle at most"
    used = f"{whole(layer.macs)} MACs / ({whole(layer.cycles)} cycles × {peak}) = {percent(layer.utilization)}"
    assert layer.mapping is not None
    return [
        layer.name,
        layer.op,
        shape(layer.dims),
        Cell(short(layer.macs), f"{product} = {whole(layer.macs)}"),
        Cell(
            "-" if layer.active_pes is None else pes(layer.active_pes),
            f"{whole(layer.active_pes)} of {whole(chip.pes)} PEs get work: the product of the parallel loops\n\n"
            + render(layer.mapping, layer.analysis),
        ),
        Cell(percent(layer.utilization), used),
        Cell(short(layer.cycles), cycles),
        Cell(
            cell(layer.latency, "s"),
            f"{whole(layer.cycles)} cycles / {si(chip.clock, 'Hz')} = {si(layer.latency, 's')}",
        ),
        Cell(cell(layer.energy, "J"), energy),
        Cell(short(layer.offchip_words), _offchip(layer)),
        layer.bound_by or "-",
        _gap(layer),
    ]


def _offchip(layer: LayerResult) -> str:
    names = {memory.name for memory in layer.hardware.memories if memory.offchip}
    own = [count for count in layer.counts if count.component in names and count.tensor is not None]
    lines = [f"{whole(count.count)}  {count.component} {count.action} of {count.tensor}" for count in own]
    return "\n".join([*lines, f"= {whole(layer.offchip_words)} words"]) if lines else ""


def _gap(layer: LayerResult) -> str | Cell:
    search = layer.search
    if search is None:
        return "given"
    unit = {"energy": "J", "latency": "cycles"}.get(search.objective, "J·s")
    bound = f"{search.lower_bound:,.0f} {unit}" if unit == "cycles" else si(search.lower_bound, unit)
    if search.objective == "edp":
        bound = si(search.lower_bound / layer.hardware.clock, unit)
    return Cell(percent(search.gap), f"no mapping that the search covers has less {search.objective} than {bound}")


def _groups(evaluation: Evaluation) -> list[tuple[str, Evaluation]]:
    """One subtotal per kind of layer where there are several kinds, then the total."""
    kinds = list(dict.fromkeys(layer.op for layer in evaluation.mapped))
    parts = [(kind, evaluation.of_kind(kind)) for kind in kinds] if len(kinds) > 1 else []
    return [
        *((f"{kind} ({len(part.mapped)})", part) for kind, part in parts),
        (f"total ({len(evaluation.mapped)})", evaluation),
    ]


def _total_row(group: Evaluation, name: str) -> Row:
    active = "-" if group.active_pes is None else pes(group.active_pes)
    figures = [short(group.macs), active, percent(group.utilization), short(group.cycles), cell(group.latency, "s")]
    figures += [cell(group.energy, "J"), short(group.offchip_words), ""]
    return [name, "", "", *figures, "" if group.gap is None else percent(group.gap)]


def _others(evaluation: Evaluation) -> list[Sheet]:
    """The layers without multiply-accumulates."""
    columns = [Column("Layer", right=False), Column("Kind", right=False), Column("Operations"), Column("Words\nread")]
    columns.append(Column("Words\nwritten"))
    rows: list[Row] = []
    for layer in evaluation.layers:
        if (work := layer.vector) is not None:
            figures = (work.operations, work.read_words, work.write_words)
            rows.append([layer.name, layer.op, *(short(figure) for figure in figures)])
    if not rows:
        return []
    title = f"{plural(len(rows), 'layer')} without multiply-accumulates: time and energy {NOT_MODELLED}"
    return [Sheet("other_layers", title, tuple(columns), tuple(rows), folded=True)]


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
    total: Row = ["total", "", "", "", cell(layers[0].energy, "J")]
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
        blocks.append(Block(title, render(first.mapping, first.analysis), folded=True))
    return Section("mappings", "Mappings", intro=words, blocks=tuple(blocks))


# ----- chip and notes


def _chip(evaluation: Evaluation) -> Section:
    tree = render_hardware(evaluation.hardware, width=WHY_WIDTH)
    return Section("chip", "The chip", blocks=(Block("From the outermost memory down to the compute", tree),))


def _notes(evaluation: Evaluation) -> Section:
    return Section("notes", "Notes", text=evaluation.notes)
