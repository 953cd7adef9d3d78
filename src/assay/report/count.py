"""The counts of one mapping as a person reads them: figures, a row per memory and tensor, the loop nest, notes."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from assay.evaluation.count import LevelCount, MappingCount
from assay.mapping.text import render
from assay.reading.figures import cell, percent, whole
from assay.reading.units import NOT_MODELLED, format_si
from assay.report.page import Column, bullets, grid, heading, pairs, to_text

LEGEND = (
    "Words kept: in one instance. Reads, fills (from above) and updates (from below): words, all instances together."
)


def render_count(count: MappingCount, *, width: int | None = None, color: bool = False) -> str:
    """The whole screen.

    Args:
        width: columns of the terminal; None: as wide as the tables need.
        color: True to use ANSI colours.
    """
    name = count.hardware.label
    parts: list[RenderableType] = [Text(f"{name}, one mapping", style="bold"), pairs(_figures(count), width)]
    parts += [heading("Memories"), _memory_table(count, width)]
    if count.network:
        parts += [heading("Fanouts"), _fanout_table(count, width)]
    parts.append(heading("Mapping"))
    nest = render(count.mapping, count.analysis)  # as it is: broken lines would hide which loop is inside which
    notes = [*count.omissions, *count.notes]
    end: list[RenderableType] = [heading("Notes"), bullets(notes, width)] if notes else []
    return to_text(parts, width=width, color=color) + nest + to_text(end, width=width, color=color)


def _figures(count: MappingCount) -> list[tuple[str, str]]:
    energy = format_si(count.energy, "J") if count.energy is not None else NOT_MODELLED
    if count.energy is not None:
        energy += f" ({format_si(count.energy / count.computes, 'J')} per MAC)"
    cycles = f"{whole(count.cycles)}, bound by {count.bound_by}"
    if count.cycles != count.timing.compute_cycles:
        cycles += f"; {whole(count.timing.compute_cycles)} to compute"
    if count.timing.waiting_cycles:
        cycles += f", {whole(count.timing.waiting_cycles)} to wait for tiles"
    return [
        ("Multiply-accumulates", whole(count.computes)),
        ("Cycles", cycles),
        (
            "Utilisation",
            f"{percent(count.utilization)} of all PE cycles; {whole(count.active_pes)} of "
            f"{whole(count.hardware.pes)} PEs active",
        ),
        ("Energy", energy),
    ]


def _memory_table(count: MappingCount, width: int | None) -> RenderableType:
    columns = [Column("Level", right=False), Column("Instances", drop=2), Column("Tensor", right=False)]
    columns += [Column("Words\nkept"), Column("Reads"), Column("Fills"), Column("Updates"), Column("Energy", drop=1)]
    rows = [row for level in count.levels for row in _level_rows(level)]
    compute = count.hardware.compute.name
    rows.append([compute, _instances(count.active_pes, count.hardware.pes), "", "", "", "", ""])
    rows[-1].append(cell(count.compute_energy, "J"))
    sums = [sum(figures) for figures in zip(*_moves(count), strict=True)]
    total = ["total", "", "", "", *(whole(figure) for figure in sums), cell(_sum(count), "J")]
    return grid(columns, rows, [total], width, legends=[(3, LEGEND)])


def _level_rows(level: LevelCount) -> list[list[str | Text]]:
    instances = _instances(level.active, level.instances)
    if not level.tensors:
        return [[level.name, instances, "none kept", "", "", "", "", ""]]
    rows: list[list[str | Text]] = []
    for index, tensor in enumerate(level.tensors):
        figures = (tensor.kept, tensor.reads, tensor.fills, tensor.updates)
        head = [level.name, instances] if index == 0 else ["", ""]
        rows.append([*head, tensor.tensor, *(whole(figure) for figure in figures), cell(tensor.energy, "J")])
    return rows


def _instances(active: int, total: int) -> str:
    return whole(total) if active == total else f"{whole(active)} of {whole(total)}"


def _sum(count: MappingCount) -> float | None:
    """Joules of all rows; None when one is unknown."""
    energies = [tensor.energy for level in count.levels for tensor in level.tensors]
    known = [energy for energy in (*energies, count.compute_energy) if energy is not None]
    return sum(known) if len(known) > len(energies) else None


def _moves(count: MappingCount) -> list[tuple[int, int, int]]:
    return [(tensor.reads, tensor.fills, tensor.updates) for level in count.levels for tensor in level.tensors]


def _fanout_table(count: MappingCount, width: int | None) -> RenderableType:
    columns = [Column("Fanout", right=False), Column("Tensor", right=False), Column("Transfers"), Column("Additions")]
    columns.append(Column("Energy", drop=1))
    rows: list[list[str | Text]] = []
    shown = ""
    for entry in count.network:
        name, shown = "" if entry.name == shown else entry.name, entry.name
        rows.append([name, entry.tensor, whole(entry.transfers), whole(entry.reductions), cell(entry.energy, "J")])
    return grid(columns, rows, [], width)
