"""Pictures of flexibility: efficiency by workload, the heat map of shapes, and curves along other directions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from assay.metrics.flexibility import Flexibility
from assay.metrics.flexibility_map import ShapeCurve, ShapeMap, ShapePoint
from assay.reading.figures import percent
from assay.report.pictures import GREY, PALETTE, Picture

MOST_DIGITS = 16
"""Of a share that is written apart from the threshold."""

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def bars_picture(result: Flexibility) -> Picture:
    """Throughput and energy efficiency of every workload."""
    rows = result.workloads

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        places = range(len(rows))
        speeds = [each.throughput_efficiency or 0.0 for each in rows]
        energies = [result.energy_efficiency(each) or 0.0 for each in rows]
        axes.barh(
            [y - 0.2 for y in places], [100 * v for v in speeds], 0.38, color=PALETTE[0], label="throughput, of peak"
        )
        label = "energy efficiency" if result.reference is None else f"energy efficiency, of {result.reference.name}"
        axes.barh([y + 0.2 for y in places], [100 * v for v in energies], 0.38, color=PALETTE[1], label=label)
        for y, each in enumerate(rows):
            if not each.support.runs:
                axes.text(1.2, y, str(each.support), va="center", color=GREY, fontsize=8)
                continue
            for shift, value in ((-0.2, speeds[y]), (0.2, energies[y])):
                place = min(100 * value, 102.0)
                axes.text(place + 0.8, y + shift, percent(value), va="center", fontsize=6.5, color="#333333")
        axes.set_yticks(list(places), [each.name for each in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, 115)
        axes.set_xlabel("efficiency kept (%); longer bars are cut")
        axes.grid(visible=False, axis="y")
        for edge in [i - 0.5 for i in places if i and rows[i].entry.kind != rows[i - 1].entry.kind]:
            axes.axhline(edge, color="#dddddd", linewidth=0.8)
        figure.legend(loc="outside upper center", ncols=2)

    height = 1.0 + 0.31 * len(rows)
    title = f"Efficiency that each workload of {result.suite.label} keeps on {result.hardware.label}"
    return Picture("flexibility_workloads", title, draw, 7.0, height)


def share_text(shapes: ShapeMap, point: ShapePoint) -> str:
    """What is held against the threshold, as a percentage: with more digits where it would be written as the threshold
    is and yet is below it, such as `49.8 %`."""
    share, limit = shapes.efficiency(point), percent(shapes.above)
    texts = (percent(share, digits) for digits in (0, *range(3, MOST_DIGITS)))
    return next((text for text in texts if text != limit or shapes.is_above(point)), limit)


def heat_picture(shapes: ShapeMap) -> Picture:
    """The grid as a heat map, with a line around what is above the threshold."""
    values = shapes.channels

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        shares = [[100 * (shapes.efficiency(shapes.at(m, c)) or 0.0) for c in values] for m in values]
        image = axes.imshow(shares, origin="lower", cmap="cividis", vmin=0, vmax=100, aspect="auto")
        for row, line in enumerate(shares):
            for column, share in enumerate(line):
                failed = shapes.at(values[row], values[column]).failure is not None
                text = "x" if failed else share_text(shapes, shapes.at(values[row], values[column])).removesuffix(" %")
                axes.text(column, row, text, ha="center", va="center", fontsize=7, color="w" if share < 55 else "k")
        _outline(axes, shapes)
        axes.set_xticks(range(len(values)), [str(v) for v in values])
        axes.set_yticks(range(len(values)), [str(v) for v in values])
        axes.set_xlabel("input channels C")
        axes.set_ylabel("output channels M")
        axes.grid(visible=False)
        label = "MACs per joule, % of the best" if shapes.by_energy else "MACs per second, % of the peak"
        figure.colorbar(image, ax=axes, label=label)
        axes.set_title(f"{shapes.base}; outlined: at least {percent(shapes.above)}", fontsize=9)

    title = f"Efficiency of {shapes.hardware.label} over input and output channels around {shapes.base}"
    return Picture("flexibility_map", title, draw, 7.0, 5.2)


def _outline(axes: Axes, shapes: ShapeMap) -> None:
    """Lines between cells of which one is above the threshold and the other is not, and around the map."""
    values = shapes.channels
    above = [[shapes.is_above(shapes.at(m, c)) for c in values] for m in values]
    size = len(values)

    def inside(row: int, column: int) -> bool:
        return 0 <= row < size and 0 <= column < size and above[row][column]

    style: dict[str, Any] = {"color": PALETTE[5], "linewidth": 2.2, "solid_capstyle": "projecting", "clip_on": False}
    for row in range(size + 1):
        for column in range(size + 1):
            if inside(row, column) != inside(row - 1, column):
                axes.plot([column - 0.5, column + 0.5], [row - 0.5] * 2, **style)
            if inside(row, column) != inside(row, column - 1):
                axes.plot([column - 0.5] * 2, [row - 0.5, row + 0.5], **style)


def curves_picture(shapes: ShapeMap) -> Picture:
    """One small picture per direction."""
    curves = shapes.curves

    def draw(figure: Figure) -> None:
        rows = (len(curves) + 1) // 2
        grid = figure.subplots(rows, 2, squeeze=False, sharey=True)
        for place, axes in enumerate(grid.flat):
            if place < len(curves):
                _draw_curve(axes, shapes, curves[place])
            else:
                axes.set_axis_off()
        lines, labels = grid.flat[0].get_legend_handles_labels()
        figure.legend(lines, labels, loc="outside upper center", ncols=3)
        figure.supylabel("%", fontsize=9)

    title = f"Efficiency of {shapes.hardware.label} along other directions around {shapes.base}"
    return Picture("flexibility_curves", title, draw, 7.0, 0.8 + 2.0 * ((len(curves) + 1) // 2))


def _draw_curve(axes: Axes, shapes: ShapeMap, curve: ShapeCurve) -> None:
    best = shapes.best
    speeds = [_percent(point.utilization) for point in curve.points]
    axes.plot(curve.values, speeds, "o-", color=PALETTE[0], markersize=3.5, label="throughput, of peak")
    if best is not None and best.macs_per_joule:
        energies = [_percent(point.macs_per_joule, best.macs_per_joule) for point in curve.points]
        axes.plot(curve.values, energies, "s-", color=PALETTE[1], markersize=3.5, label="MACs per joule, of the best")
    axes.axhline(
        100 * shapes.above,
        color=PALETTE[5],
        linestyle="--",
        linewidth=1.2,
        label=f"threshold, of {'the best' if shapes.by_energy else 'peak'}",
    )
    failed = [value for value, point in zip(curve.values, curve.points, strict=True) if point.failure]
    for value in failed:
        axes.text(value, 0, "no\nmapping", ha="center", va="bottom", fontsize=6.5, color=GREY)
    if curve.values[-1] > 16:
        axes.set_xscale("log", base=2)
    shown = [v for v in curve.values if v & (v - 1) == 0] if curve.values[-1] > 16 else list(curve.values)
    axes.set_xticks(shown, [str(v) for v in shown])
    axes.minorticks_off()
    axes.set_ylim(-4, 106)
    axes.set_title(curve.title.replace("; ", ";\n").replace(" layer, ", " layer,\n"), fontsize=8)
    axes.set_xlabel(curve.dim)


def _percent(value: float | None, whole: float = 1.0) -> float:
    """Not a number where there is none, which leaves a gap in the line."""
    return math.nan if value is None else 100 * value / whole
