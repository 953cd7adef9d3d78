"""The best mapping of a layer as a person reads it: verdict, figures, where the energy goes, loop nest, trade-offs."""

from __future__ import annotations

import math

from rich.console import RenderableType
from rich.text import Text

from assay.evaluation.mapped import MappedLayer
from assay.mapper import Point
from assay.mapping.text import render
from assay.reading.figures import percent, shape, whole
from assay.reading.units import NOT_MODELLED, format_si
from assay.reading.words import listed, plural
from assay.report.evaluation import energy_bars
from assay.report.figures import OBJECTIVE_NAMES, missing_energy
from assay.report.page import Column, bullets, grid, heading, pairs, prose, to_text

MOST_POINTS = 20

FRONT_LEGEND = "Of these mappings none is better in both energy and cycles. The one marked is shown above."


def render_mapped(mapped: MappedLayer, *, width: int | None = None, color: bool = False) -> str:
    """The whole screen.

    Args:
        width: columns of the terminal; None: as wide as the tables need.
        color: True to use ANSI colours.
    """
    parts: list[RenderableType] = [Text(mapped.title, style="bold"), prose(verdict(mapped), width), Text("")]
    parts.append(pairs(_figures(mapped), width))
    if mapped.energy is not None:
        parts += [heading("Energy by component"), _bars(mapped, width)]
    parts.append(heading("Mapping"))
    nest = render(mapped.mapping, mapped.result.analysis)  # as it is: broken lines would hide which loop is inside
    end: list[RenderableType] = []
    if mapped.search.front:
        end += [heading("Energy against time"), _front(mapped, width)]
    end += [heading("Notes"), bullets(mapped.notes, width)] if mapped.notes else []
    return to_text(parts, width=width, color=color) + nest + to_text(end, width=width, color=color)


def verdict(mapped: MappedLayer) -> str:
    """How good it is and how well that is known, in one line."""
    search = mapped.search
    least = f"least {'modelled ' if _partly(mapped) else ''}{OBJECTIVE_NAMES[search.objective]}"
    found = f"found before, in {format_si(search.seconds, 's')}" if search.cached else format_si(search.seconds, "s")
    effort = f"{found}, {plural(search.labels, 'partial mapping')} looked at"
    value = _value(mapped, search.value)
    if search.optimal:
        filled = any(fanout.fill for fanout in mapped.hardware.fanouts)
        among = " of all mappings of the fewest steps, which this chip asks for" if filled else ""
        return f"{value}, proven to be the {least}{among} ({effort})."
    stop = "the time limit ended the search" if search.stopped else "not proven"
    if not math.isfinite(search.gap):
        return f"{value}; {stop}, and no lower bound is known ({effort})."
    bound = _value(mapped, search.lower_bound)
    return f"{value}, at most {percent(search.gap)} above the {least}, which is at least {bound}: {stop} ({effort})."


def _partly(mapped: MappedLayer) -> bool:
    """Whether something that happens has an energy that the search does not know."""
    return mapped.objective != "latency" and bool(mapped.uncharged or mapped.evaluation.energy_without)


def _value(mapped: MappedLayer, value: float) -> str:
    """A value of the objective with the unit that people use."""
    if mapped.objective == "latency":
        return f"{math.ceil(value):,} cycles"
    return format_si(value, "J") if mapped.objective == "energy" else format_si(value / mapped.hardware.clock, "J·s")


def _figures(mapped: MappedLayer) -> list[tuple[str, str]]:
    energy = NOT_MODELLED
    if mapped.energy is not None:
        energy = f"{format_si(mapped.energy, 'J')} ({format_si(mapped.energy / mapped.macs, 'J')} per MAC)"
        energy += missing_energy(mapped.evaluation, "; without ")
    edp = NOT_MODELLED
    if mapped.energy is not None:
        edp = f"{format_si(mapped.edp, 'J·s')} ({mapped.energy * 1e12 * mapped.cycles:.4g} pJ × cycles)"
    active, pes = mapped.result.active_pes, mapped.hardware.pes
    return [
        ("Layer", f"{shape(mapped.einsum.dims)}: {whole(mapped.macs)} multiply-accumulates"),
        ("Energy", energy),
        ("Cycles", whole(mapped.cycles)),
        ("Latency", f"{format_si(mapped.latency, 's')} at {format_si(mapped.hardware.clock, 'Hz')}"),
        ("EDP", edp),
        ("Utilisation", f"{percent(mapped.utilization)} of all PE cycles; {whole(active)} of {whole(pes)} PEs active"),
        ("Bound by", mapped.bound_by),
        ("Searched", _scope(mapped)),
    ]


def _scope(mapped: MappedLayer) -> str:
    """Which mappings the proof is about."""
    limits = mapped.limits
    text = "all mappings whose tile sizes divide the layer"
    if limits.tiles == "imperfect":
        text = "all mappings, also with smaller tiles at the end of a loop"
    conditions = ["take the fewest steps"] if any(fanout.fill for fanout in mapped.hardware.fanouts) else []
    if limits.cycles is not None:
        conditions.append(f"take at most {limits.cycles:,} cycles")
    if limits.energy is not None:
        conditions.append(f"take at most {format_si(limits.energy, 'J')}")
    return f"{text}, of those that {listed(conditions)}" if conditions else text


def _bars(mapped: MappedLayer, width: int | None) -> RenderableType:
    known = [(name, joules) for name, joules in mapped.energy_by_component.items() if joules is not None]
    return energy_bars(known, mapped.energy, width)


def _front(mapped: MappedLayer, width: int | None) -> RenderableType:
    if len(mapped.search.front) == 1:
        found = "of all found before the time limit" if mapped.search.stopped else "of all"
        return prose(f"One mapping has both the least energy and the fewest cycles {found}.", width)
    columns = [Column("", right=False), Column("Energy"), Column("Cycles"), Column("Latency", drop=1)]
    columns.append(Column("EDP", drop=2))
    points = mapped.search.front
    shown = _spread(points)
    chosen = min(
        range(len(shown)),
        key=lambda index: (shown[index].mapping != mapped.mapping, abs(shown[index].cycles - mapped.cycles)),
    )
    rows: list[list[str | Text]] = []
    clock = mapped.hardware.clock
    for index, point in enumerate(shown):
        latency = point.cycles / clock
        mark = ">" if index == chosen and point.cycles == mapped.cycles else ""
        energies = (format_si(point.energy, "J"), format_si(point.energy * latency, "J·s"))
        rows.append([mark, energies[0], whole(point.cycles), format_si(latency, "s"), energies[1]])
    legends = [(1, FRONT_LEGEND)]
    if len(shown) < len(points):
        legends.append((1, f"{len(shown)} of {len(points)} are shown; --json has all, each with its mapping."))
    return grid(columns, rows, [], width, legends=legends)


def _spread(points: tuple[Point, ...]) -> list[Point]:
    """So many of the points as a screen holds, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return list(points)
    return [points[round(index * (len(points) - 1) / (MOST_POINTS - 1))] for index in range(MOST_POINTS)]
