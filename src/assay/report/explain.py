"""Explanations as a person reads them, and can redo by hand: every product with its operands, every figure's line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from assay.evaluation.explained import (
    CyclesExplanation,
    EnergyExplanation,
    Explanation,
    NumberExplanation,
    NumberList,
)
from assay.evaluation.explained_parts import (
    Charge,
    Move,
    PortTime,
    Rule,
    Sum,
    amount_text,
    loop_text,
    product_text,
)
from assay.hardware.design import energies_from, energy_source
from assay.hardware.presets import TextLine
from assay.reading.figures import cell, exact, whole
from assay.reading.units import NOT_MODELLED, format_si
from assay.reading.words import listed, plural
from assay.report.page import Column, bullets, grid, heading, prose, to_text

FOLD = 9


def render_explanation(explanation: Explanation, *, width: int | None = None, color: bool = False) -> str:
    """The whole screen.

    Args:
        width: columns of the terminal; None: as wide as the tables need.
        color: True to use ANSI colours.
    """
    parts: list[RenderableType] = [Text(explanation.title, style="bold")]
    match explanation:
        case NumberExplanation():
            parts += _number(explanation, width)
        case NumberList():
            parts += _list(explanation, width)
        case EnergyExplanation():
            parts += _energy(explanation, width)
        case CyclesExplanation():
            parts += _cycles(explanation, width)
    if explanation.notes:
        parts += [heading("Notes"), bullets(explanation.notes, width)]
    return to_text(parts, width=width, color=color)


def _number(explanation: NumberExplanation, width: int | None) -> list[RenderableType]:
    charge, sums = explanation.charge, explanation.sums
    line = f"{whole(charge.count)} {charge.unit}, all instances together"
    if len(sums) > 1 or (sums and sums[0].factor != 1):
        line += f" = {explanation.total}"
    parts: list[RenderableType] = [prose(line, width)]
    for each in sums:
        parts += _sum(each, width)
    parts += [heading("Energy"), prose(charge.formula, width)]
    if charge.per_access is not None:
        parts.append(prose(f"Source: {energy_source(explanation.hardware, charge.component)}", width))
    return parts + _lines(charge.lines, width)


def _sum(each: Sum, width: int | None) -> list[RenderableType]:
    sign = "less " if each.factor < 0 else ""
    times = f"{whole(abs(each.factor))} × " if abs(each.factor) != 1 else ""
    title = f"{sign}{times}{whole(each.words)} {each.text}"
    parts: list[RenderableType] = [heading(title)]
    match each.rule:
        case Rule.PRODUCT:
            return [*parts, prose(f"{product_text(each.factors)} = {whole(each.words)}", width)]
        case Rule.NEIGHBOURS:
            return [*parts, prose("Counted loop by loop; see docs/counting.md for what neighbours pass on.", width)]
    if any(move.words for move in each.moves):
        parts.append(_moves(each, width))
    return [*parts, *(prose(text, width) for text in _remarks(each))]


def _moves(each: Sum, width: int | None) -> RenderableType:
    total = whole(sum(move.words for move in each.moves))
    first = "first step" if each.rule is not Rule.STEPS else "every step"
    if each.rule is Rule.REQUESTS:
        columns = [Column("Loop that advances", right=False, fold=FOLD), Column("Words")]
        rows: list[list[str | Text]] = [[_loop(move, first), whole(move.words)] for move in each.moves]
        return grid(columns, rows, [["total", total]] if len(rows) > 1 else [], width)
    columns = [Column("Loop that advances", right=False, fold=FOLD), Column("Times", right=False, fold=FOLD)]
    columns.append(Column("New tile", right=False, fold=FOLD))
    columns += [Column("Already there", right=False, fold=FOLD), Column("Words")]
    rows = [
        [
            _loop(move, first),
            product_text(move.times),
            product_text(move.new),
            "-" if move.kept is None else product_text(move.kept),
            whole(move.words),
        ]
        for move in each.moves
    ]
    totals = [["total", "", "", "", total]] if len(rows) > 1 else []
    if all(move.kept is None for move in each.moves):
        keep = (0, 1, 2, 4)
        return grid([columns[i] for i in keep], _only(rows, keep), _only(totals, keep), width)
    return grid(columns, rows, totals, width)


def _only(rows: Sequence[Sequence[str | Text]], kept: tuple[int, ...]) -> list[list[str | Text]]:
    return [[row[index] for index in kept] for row in rows]


def _remarks(each: Sum) -> list[str]:
    """How to read the table."""
    texts = []
    if each.idle:
        verb = "moves" if len(each.idle) == 1 else "move"
        why = "the tile stays" if each.rule is not Rule.REQUESTS else "nothing new is asked for"
        named = ", ".join(loop_text(loop, node) for loop, node in each.idle)
        texts.append(f"{plural(len(each.idle), 'loop')} {verb} nothing, as {why}: {named}.")
    if each.rule is Rule.REQUESTS:
        texts.append(
            "Children ask for tiles of different sizes, and equal requests are counted once: there is no product."
        )
        return texts
    held = any(move.kept is not None for move in each.moves)
    words = "times × (new tile - already there)" if held else "times × new tile"
    times = "advances of the loop, iterations of the loops outside it" if each.rule is Rule.LOOPS else "steps"
    texts.append(f"Words = {words}. Times: {times}, and children served apart.")
    texts[-1] += _sums_of_indices(each)
    tile = ", ".join(f"{factor.name} {whole(factor.number)}" for factor in each.tile if factor.number > 1)
    texts[-1] += f" One tile of one instance spans {tile or 'one index of each dimension'}"
    shared = ", ".join(f"{factor.name} {whole(factor.number)}" for factor in each.shared)
    texts[-1] += f"; children that share, counted as one: {shared}." if shared else "."
    if not each.even:
        texts.append("The last tiles are smaller: what is not in 'times' is summed over all tiles.")
    return texts


def _sums_of_indices(each: Sum) -> str:
    """What `4P+R 11` means, where there is such a factor."""
    dims = {factor.name for factor in each.tile}
    names = dict.fromkeys(factor.name for move in each.moves for factor in move.new if factor.name not in dims)
    names = dict.fromkeys(name for name in names if "+" in name or any(char.isdigit() for char in name))
    what = "addresses from the first to the last, gaps included" if each.gaps else "different sums of the indices"
    return f" {listed(names)}: {what}." if names else ""


def _loop(move: Move, first: str) -> str:
    return first if move.loop is None or move.node is None else loop_text(move.loop, move.node)


def _lines(lines: Sequence[TextLine], width: int | None) -> list[RenderableType]:
    return [prose(str(line), width) for line in lines]


def _list(explanation: NumberList, width: int | None) -> list[RenderableType]:
    columns = [Column("Component", right=False), Column("Tensor", right=False), Column("Action", right=False)]
    columns += [Column("Count"), Column("Unit", right=False, drop=1), Column("Energy")]
    rows: list[list[str | Text]] = []
    shown = ""
    for charge in explanation.charges:
        name, shown = "" if charge.component == shown else charge.component, charge.component
        row = [name, charge.tensor or "", str(charge.action), whole(charge.count), charge.unit]
        rows.append([*row, format_si(charge.energy, "J")])
    ask = "One of them with: --component NAME --tensor NAME --action NAME. Also: --cycles, --energy."
    return [Text(""), grid(columns, rows, [], width), prose(ask, width)]


def _energy(explanation: EnergyExplanation, width: int | None) -> list[RenderableType]:
    columns = [Column("Component", right=False), Column("Tensor", right=False), Column("Action", right=False)]
    columns += [Column("Count"), Column("Accesses", drop=2), Column("Energy\nper access", drop=3), Column("Energy")]
    columns.append(Column("Line", right=False, drop=1))
    rows: list[list[str | Text]] = []
    totals: list[list[str | Text]] = []
    names = list(dict.fromkeys(charge.component for charge in explanation.charges))
    for name in names:
        own = [charge for charge in explanation.charges if charge.component == name]
        rows += [_charge_row(charge, first=index == 0) for index, charge in enumerate(own)]
        known = [charge.energy for charge in own if charge.energy is not None]
        subtotal = cell(sum(known), "J") if known else NOT_MODELLED
        totals.append([name, "", "", "", "", "", subtotal, ""])
    totals.append(["total", "", "", "", "", "", exact(explanation.energy, "J"), ""])
    texts = ["Energy = accesses × energy per access; accesses = words × bits of a word / bits of an access."]
    if explanation.unknown:
        left_out = "" if explanation.energy is None else " and not in the total"
        texts.append(f"Not modelled{left_out}: {', '.join(explanation.unknown)}.")
    texts.append(f"Source: {energies_from(explanation.hardware)}")
    kept = tuple(range(len(columns) if any(charge.lines for charge in explanation.charges) else len(columns) - 1))
    table = grid([columns[index] for index in kept], _only(rows, kept), _only(totals, kept), width)
    return [Text(""), table, *(prose(text, width) for text in texts)]


def _charge_row(charge: Charge, *, first: bool) -> list[str | Text]:
    line = f"{charge.lines[0].at.file}:{charge.lines[0].at.line}" if charge.lines else ""
    known = charge.per_access is not None
    return [
        charge.component if first else "",
        charge.tensor or "",
        str(charge.action),
        whole(charge.count),
        amount_text(charge.accesses) if known else "-",
        exact(charge.per_access, "J"),
        cell(charge.energy, "J"),
        line,
    ]


def _cycles(explanation: CyclesExplanation, width: int | None) -> list[RenderableType]:
    latency = format_si(explanation.cycles / explanation.hardware.clock, "s")
    clock = format_si(explanation.hardware.clock, "Hz")
    parts: list[RenderableType] = [
        prose(f"{plural(explanation.cycles, 'cycle')} at {clock} = {latency}; {_bound(explanation)}", width),
        Text(""),
        _port_table(explanation, width),
        prose(_port_formula(explanation), width),
        *_waits(explanation, width),
    ]
    limit = next((p for p in explanation.ports if (p.component, p.port) == _busiest(explanation)), None)
    return parts + (_lines(limit.lines, width) if limit else [])


def _port_formula(explanation: CyclesExplanation) -> str:
    compute = explanation.hardware.compute
    steps = f"{whole(explanation.steps)} steps / {plural(compute.macs_per_cycle, 'MAC')} per cycle"
    overlap = "All of this overlaps, so the" if not explanation.waits else "The"
    return (
        "Cycles of a port = words × bits of a word / instances in use / bits per cycle, rounded up. "
        f"Cycles of {compute.name} = {steps}. {overlap} largest counts."
    )


def _busiest(explanation: CyclesExplanation) -> tuple[str, str | None]:
    return explanation.bound_by, explanation.bound_port


def _bound(explanation: CyclesExplanation) -> str:
    if explanation.bound_port is None:
        return "the compute is busy longest"
    return f"{explanation.bound_by} ({explanation.bound_port}) is busy longest"


def _port_table(explanation: CyclesExplanation, width: int | None) -> RenderableType:
    columns = [Column("Part", right=False), Column("What passes", right=False, fold=24, drop=1)]
    columns += [Column("Words", drop=2), Column("Instances", drop=3), Column("Bits of\none"), Column("Bits\nper cycle")]
    columns.append(Column("Cycles"))
    rows = [_port_row(port) for port in explanation.ports]
    rows.append([explanation.hardware.compute.name, "", "", "", "", "", whole(explanation.compute_cycles)])
    total: list[str | Text] = ["largest", "", "", "", "", "", whole(explanation.busiest)]
    return grid(columns, rows, [total], width)


def _port_row(port: PortTime) -> list[str | Text]:
    several = len(port.moved) > 1
    moved = " + ".join(f"{tensor} {action}{f' {whole(words)}' * several}" for tensor, action, words in port.moved)
    return [
        f"{port.component} {port.port}",
        "" if moved == port.port else moved or "-",
        "-" if port.words is None else whole(port.words),
        whole(port.instances),
        amount_text(port.bits),
        "no limit" if port.limit is None else f"{port.limit:,.10g}",
        "-" if port.cycles is None else whole(port.cycles),
    ]


def _waits(explanation: CyclesExplanation, width: int | None) -> list[RenderableType]:
    """What does not overlap, where memories are buffered so."""
    if not explanation.waits:
        return []
    rows: list[list[str | Text]] = [
        [wait.component, *(amount_text(cycles) for cycles in (wait.start, wait.end, wait.stall))]
        for wait in explanation.waits
    ]
    columns = [Column("Memory", right=False), Column("Before the\nfirst tiles"), Column("After the\nlast outputs")]
    columns.append(Column("While tiles\nare replaced"))
    buffered = math.ceil(explanation.buffered)
    text = (
        f"With these waits, which do not overlap, the layer takes {whole(buffered)} cycles; the larger of that and "
        f"{whole(explanation.busiest)} counts: {whole(explanation.cycles)}."
    )
    return [heading("Waits, in cycles"), grid(columns, rows, [], width), prose(text, width)]
