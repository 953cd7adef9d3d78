"""The nine points of the comparison of dataflows, split by level and by type of data: tables and pictures for tools.dataflows_page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.metrics.dataflow_case import TYPE_NAMES, Case, Level
from assay.metrics.dataflows import DataflowStudy
from assay.metrics.dataflows_published import Rerun
from assay.report.chart_axes import legend
from assay.report.dataflow_whys import kind_name
from assay.report.pictures import PALETTE, WIDTH, Picture
from tools.parity import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OUTSIDE = (Level.DRAM, Level.GLB, Level.ARRAY, Level.RF)
HEIGHT = 7.6
BAR, GAP = 0.8, 0.04


@dataclass(frozen=True, slots=True)
class Split:
    """Energy per MAC by level and by type of data, in units of a MAC.

    Attributes:
        levels: DRAM, GLB, array, RF.
        types: ifmap, filter, psum.
        dram_words: words that cross DRAM, per MAC.
    """

    name: str
    energy: float
    levels: tuple[float, ...]
    types: tuple[float, ...]
    dram_words: float

    def parts(self, by: str) -> tuple[float, ...]:
        """What is stacked: the ALU comes last, so that the bar is the whole."""
        parts = self.levels if by == "level" else self.types
        return (*parts, self.energy - sum(parts))

    def cells(self) -> list[str]:
        numbers = [two(value) for value in (self.energy, *self.levels, *self.types)]
        return [*numbers, f"{self.dram_words:.4f}"]


HEAD = ("energy", *map(str, OUTSIDE), *TYPE_NAMES.values(), "DRAM words")


def two(value: float) -> str:
    """Two decimals; none above 100."""
    return f"{value:.2f}" if value < 99.995 else f"{value:.0f}"


def split_of(case: Case, unit: float) -> Split:
    """Of a case of ours; `unit` is the energy of a MAC."""

    def part(value: float | None) -> float:
        return (value or 0.0) / unit

    levels = tuple(part(case.part(level)) for level in OUTSIDE)
    types = tuple(part(case.part(tensor=tensor)) for tensor in TYPE_NAMES)
    return Split(case.dataflow.upper(), part(case.energy), levels, types, case.offchip_words or 0.0)


def split_of_rerun(found: Rerun) -> Split:
    """Of the re-run of the authors' model."""
    levels = tuple(found.part(level) for level in OUTSIDE)
    types = tuple(found.part(tensor=tensor) for tensor in TYPE_NAMES)
    words = sum(found.moved(Level.DRAM, tensor) for tensor in TYPE_NAMES)
    return Split(found.name, found.part(), levels, types, words)


def points_table(study: DataflowStudy, kind: str, names: Sequence[str]) -> str:
    """Every dataflow at every point."""
    unit = study.mac_energy()
    assert unit
    rows = []
    for pes, batch in study.points:
        for number, name in enumerate(names):
            case = study.case(name, pes, batch, kind)
            assert case is not None
            point = [f"{pes}", f"{batch}"] if number == 0 else ["", ""]
            rows.append([*point, name.upper(), *split_of(case, unit).cells()])
    return table(["PEs", "batch", "", *HEAD], rows, left=3)


def pairs_table(pairs: Mapping[tuple[int, str], tuple[Split | None, Split]]) -> str:
    """Theirs and ours side by side; the keys are batch and name."""
    rows = []
    for (batch, name), (theirs, ours) in pairs.items():
        left = theirs.cells() if theirs else ["-"] * len(HEAD)
        rows.append([str(batch), name, *(f"{a} / {b}" for a, b in zip(left, ours.cells(), strict=True))])
    return table(["batch", "theirs / ours", *HEAD], rows, left=2)


def grid(
    study: DataflowStudy, kind: str, by: str, names: Sequence[str], beside: Callable[[str, int, int], Split | None]
) -> Picture:
    """All points as small pictures: stacked bars of ours and, hatched, those that stand beside them.

    Args:
        by: "level" or "type".
        beside: what stands beside a dataflow at a number of PEs and a batch.
    """
    unit = study.mac_energy()
    assert unit
    sizes = list(dict.fromkeys(pes for pes, _ in study.points))
    batches = list(dict.fromkeys(batch for _, batch in study.points))
    parts = [*(map(str, OUTSIDE) if by == "level" else TYPE_NAMES.values()), "ALU"]
    share: Any = "all" if kind == "conv" else "col"  # a batch of 1 in FC needs twenty times what one of 64 does

    def draw(figure: Figure) -> None:
        from matplotlib.patches import Patch

        panels = figure.subplots(len(sizes), len(batches), sharex=True, sharey=share, squeeze=False)
        for row, pes in enumerate(sizes):
            for column, batch in enumerate(batches):
                axes = panels[row][column]
                bars = []
                for name in names:
                    case = study.case(name, pes, batch, kind)
                    assert case is not None
                    other = beside(name, pes, batch)
                    bars.append((split_of(case, unit).parts(by), other.parts(by) if other else None))
                _stack(axes, bars)
                axes.set_title(f"{pes} PEs, batch of {batch}", fontsize=9)
                axes.set_xticks(range(len(names)), [name.upper() for name in names], fontsize=8)
        figure.supylabel("energy per MAC (that of one MAC = 1)", fontsize=9)
        handles = [Patch(facecolor=color) for color, _ in zip(PALETTE, parts, strict=False)]
        hatched = Patch(facecolor="white", edgecolor="black", hatch="////", linewidth=0.5)
        legend(figure, [*handles, hatched], [*parts, "authors' model"])

    what = f"{kind_name(kind)}: energy per MAC by {'level' if by == 'level' else 'type of data'}, at nine points"
    return Picture(f"dataflows-{kind}-{by}s", what, draw, WIDTH, HEIGHT)


def _stack(axes: Axes, bars: Sequence[tuple[tuple[float, ...], tuple[float, ...] | None]]) -> None:
    """One group for each dataflow: ours, and what stands beside it."""
    for spot, (ours, theirs) in enumerate(bars):
        width = BAR / 2 - GAP / 2 if theirs else BAR
        _bar(axes, spot - (BAR / 2 - width / 2 if theirs else 0), width, ours)
        if theirs:
            _bar(axes, spot + BAR / 2 - width / 2, width, theirs, hatch="////")
    axes.grid(visible=False, axis="x")


def _bar(axes: Axes, spot: float, width: float, parts: Sequence[float], hatch: str | None = None) -> None:
    bottom = 0.0
    for color, value in zip(PALETTE, parts, strict=False):
        axes.bar(
            spot, value, width, bottom, color=color, hatch=hatch, edgecolor="white" if hatch else color, linewidth=0
        )
        bottom += value
