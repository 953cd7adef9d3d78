"""An evaluation as a person reads it: summary, scorecard, where the energy goes, a row per layer, notes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from assay.evaluation.layer import LayerResult
from assay.evaluation.results import Evaluation
from assay.hardware.design import built_of
from assay.metrics.scorecard import Scorecard, scorecard
from assay.metrics.verdict import Verdict
from assay.reading.figures import cell, percent, pes, shape, short
from assay.reading.units import NOT_MODELLED, format_si
from assay.report.components import area_sources, area_table
from assay.report.evaluation_sections import WHY_WIDTH, figure_sections
from assay.report.judgement import verdict_parts
from assay.report.page import COLORS, Column, bar, bullets, grid, groups, heading, letters, prose, stack, to_text
from assay.report.scorecard import scorecard_pairs, scorecard_sections
from assay.report.section import Section, section_parts
from assay.report.sheet import INDENT
from assay.report.verdict import verdict

SPLIT = 10
BAR = 40


def render_evaluation(
    evaluation: Evaluation,
    *,
    width: int | None = None,
    color: bool = False,
    card: Scorecard | None = None,
    judged: Verdict | None = None,
    explain: bool = False,
    further: Sequence[Section] = (),
) -> str:
    """The whole screen.

    Args:
        width: columns of the terminal; None: as wide as the tables need.
        color: True to use ANSI colours.
        card: its scorecard; None: one without what only the user knows.
        judged: the verdict for the requirements of an application, which comes first; None: nothing is required.
        explain: True: every metric of the scorecard and every figure of the tables with formula, operands and source.
        further: what else was found out; shown before the notes.
    """
    found = scorecard(evaluation) if card is None else card
    parts: list[RenderableType] = [Text(evaluation.title, style="bold")]
    if judged is not None:
        parts += [*verdict_parts(judged, width), Text()]
    parts.append(prose(verdict(evaluation), width))
    explained = explain and bool(evaluation.mapped)
    room = min(WHY_WIDTH, (width or WHY_WIDTH + INDENT) - INDENT)
    if explain:
        for section in (*scorecard_sections(found), *(figure_sections(evaluation, room) if explained else ())):
            parts += section_parts(section, width, explain=True)
    else:
        parts += [heading("Scorecard"), groups(scorecard_pairs(evaluation, found), width)]
    if evaluation.energy is not None and not explained:
        parts += [heading("Energy by component"), _energy_bars(evaluation, width)]
    if any(built.part for built in built_of(evaluation.hardware)):
        parts += [heading("Area and leakage by component"), area_table(evaluation.hardware, width)]
        parts += [bullets(area_sources(evaluation.hardware), width)]
    if not explained:
        if evaluation.mapped:
            parts += [heading("Layers"), _layer_table(evaluation, width)]
        parts += _vector_table(evaluation, width)
    for section in further:
        parts += section_parts(section, width, explain=explain)
    parts += [heading("Notes"), bullets(evaluation.notes, width)]
    return to_text(parts, width=width, color=color)


def _components(evaluation: Evaluation) -> list[str]:
    """Components with a modelled energy, from the outside in."""
    return [node.name for node in evaluation.hardware.nodes if evaluation.energy_of(node.name) is not None]


def _energy_bars(evaluation: Evaluation, width: int | None) -> RenderableType:
    parts = [(name, evaluation.energy_of(name) or 0.0) for name in _components(evaluation)]
    return energy_bars(parts, evaluation.energy, width)


def energy_bars(parts: list[tuple[str, float]], whole: float | None, width: int | None) -> RenderableType:
    """One bar per component: joules, and their share of the whole."""
    length = min(BAR, max(10, (width or 120) - 45))
    columns = (Column("", right=False), Column(""), Column(""), Column("", right=False))
    rows: list[list[str | Text]] = []
    for index, (name, joules) in enumerate(parts):
        share = joules / whole if whole else 0.0
        strip = Text(bar(share, length), style=COLORS[index % len(COLORS)])
        rows.append([name, format_si(joules, "J"), percent(share), strip])
    return grid(columns, rows, [], None, header=False)


def _columns(evaluation: Evaluation) -> list[Column]:
    columns = [Column("Layer", right=False), Column("Shape", right=False, fold=14, drop=9), Column("MACs")]
    columns += [Column("PEs", drop=8), Column("Util."), Column("Cycles", drop=4), Column("Latency")]
    columns += [Column("Energy"), Column("Energy\nsplit", right=False, drop=2), Column("Off-chip\nwords", drop=5)]
    columns += [Column("Bound\nby", right=False, drop=3)]
    return columns if evaluation.optimal else [*columns, Column("Gap", drop=1)]


def _layer_table(evaluation: Evaluation, width: int | None) -> RenderableType:
    marks = letters(_components(evaluation))
    rows = [_row(layer, marks) for layer in evaluation.mapped]
    totals = [_total_row(group, name, marks) for name, group in _groups(evaluation)]
    columns = _columns(evaluation)
    kept = len(columns)
    legends = _legends(evaluation, columns, marks)
    return grid(columns, [row[:kept] for row in rows], [row[:kept] for row in totals], width, legends=legends)


def _legends(evaluation: Evaluation, columns: list[Column], marks: dict[str, str]) -> list[tuple[int, str]]:
    """Sentences below the table, each with the column that it explains."""
    titles = [column.title for column in columns]
    legends = []
    if marks:
        named = ", ".join(f"{mark} {name}" for name, mark in marks.items())
        split = f"Energy split: each letter is a tenth of the layer's energy: {named}."
        legends.append((titles.index("Energy\nsplit"), split))
    widths = {t.bits for layer in evaluation.mapped if layer.einsum for t in layer.einsum.tensors}
    bits = f"{' or '.join(map(str, sorted(widths)))} bit{'' if widths == {1} else 's'}"
    legends.append((titles.index("Off-chip\nwords"), f"Off-chip words: words of {bits}, read and written."))
    return legends


def _groups(evaluation: Evaluation) -> list[tuple[str, Evaluation]]:
    """One subtotal per kind of layer where there are several kinds, then the total."""
    kinds = list(dict.fromkeys(layer.op for layer in evaluation.mapped))
    groups = []
    if len(kinds) > 1:
        for kind in kinds:
            part = evaluation.of_kind(kind)
            groups.append((f"{kind} ({len(part.layers)})", part))
    return [*groups, (f"total ({len(evaluation.mapped)})", evaluation)]


def _row(layer: LayerResult, marks: dict[str, str]) -> list[str | Text]:
    energies = {name: layer.energy_of(name) for name in marks}
    return [
        layer.name,
        shape(layer.dims),
        short(layer.macs),
        pes(layer.active_pes, none="-"),
        percent(layer.utilization),
        short(layer.cycles),
        cell(layer.latency, "s"),
        cell(layer.energy, "J"),
        _split(energies, layer.energy, marks),
        short(layer.offchip_words),
        layer.bound_by or "-",
        _gap(layer),
    ]


def _total_row(group: Evaluation, name: str, marks: dict[str, str]) -> list[str | Text]:
    energies = {component: group.energy_of(component) for component in marks}
    return [
        name,
        "",
        short(group.macs),
        pes(group.active_pes, none="-"),
        percent(group.utilization),
        short(group.cycles),
        cell(group.latency, "s"),
        cell(group.energy, "J"),
        _split(energies, group.energy, marks),
        short(group.offchip_words),
        "",
        "" if group.gap is None else percent(group.gap),
    ]


def _gap(layer: LayerResult) -> str:
    return "given" if layer.search is None else percent(layer.search.gap)


def _split(energies: dict[str, float | None], total: float | None, marks: dict[str, str]) -> Text:
    if not total:
        return Text("-")
    return stack([(marks[name], (energy or 0.0) / total) for name, energy in energies.items()], SPLIT)


def _vector_table(evaluation: Evaluation, width: int | None) -> list[RenderableType]:
    """Layers without multiply-accumulates, by kind."""
    works: dict[str, list[LayerResult]] = {}
    for layer in evaluation.layers:
        if layer.vector is not None:
            works.setdefault(layer.op, []).append(layer)
    if not works:
        return []
    columns = [Column("Kind", right=False), Column("Layers"), Column("Operations"), Column("Words read")]
    columns += [Column("Words written"), Column("Time and energy", right=False, drop=1)]
    rows: list[list[str | Text]] = []
    for op, layers in works.items():
        work = [layer.vector for layer in layers if layer.vector is not None]
        operations = [w.operations for w in work if w.operations is not None]
        total = sum(operations) if len(operations) == len(work) else None
        figures = (total, sum(w.read_words for w in work), sum(w.write_words for w in work))
        rows.append([op, str(len(layers)), *(short(figure) for figure in figures), NOT_MODELLED])
    return [heading("Layers without multiply-accumulates"), grid(columns, rows, [], width)]
