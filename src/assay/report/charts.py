"""The pictures of reports, made of plain data: bars, curves and points, with units on every axis.

All are as wide as a column of text. Many bars go on in rows below each other, so that every label stays readable.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.reading.figures import number
from assay.reading.units import NOT_MODELLED
from assay.report.chart_axes import ChartAxis, Scale, dress, end, legend, scale_of
from assay.report.pictures import GREY, PALETTE, WIDTH, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 28
"""Bars side by side; more go on in the next row."""

MOST_ROWS = 4
"""More bars than go into these rows stand closer, and not all have a label."""

MOST_LABELS = 42
"""Labels in one row."""

LONGEST = 20
"""Signs of the longest label that is shown whole; of others, the end."""

MOST_TOTALS = 14
"""Bars side by side that have their height written above them."""

MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "xxx")


@dataclass(frozen=True, slots=True)
class BarSeries:
    """What has one colour: a value per label; None where there is none. `color` empty: the next of the palette."""

    name: str
    values: tuple[float | None, ...]
    color: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points (x, y), or the points alone.

    Attributes:
        name: for the legend; empty for none.
        points: in order.
        labels: beside the points; empty, or as many as there are points.
        line: False: points alone. marks: False: the line alone.
        dashed: for bounds and for figures of others.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    color: str = ""
    labels: tuple[str, ...] = ()
    line: bool = True
    marks: bool = True
    dashed: bool = False


def colors(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, by its place: the same names have the same colours in every picture."""
    return {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(dict.fromkeys(names))}


def stacked_bars(
    key: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[BarSeries],
    axis: ChartAxis,
    *,
    marks: BarSeries | None = None,
) -> Picture:
    """A bar per label, made of the series on top of each other.

    Args:
        key, title: of the picture.
        series: from the bottom up; each with as many values as there are labels. A label without any value says so.
        axis: of the values.
        marks: values shown as points over the bars.
    """
    return _bars(key, title, labels, series, axis, _Stacked(), marks)


def grouped_bars(
    key: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[BarSeries],
    axis: ChartAxis,
    *,
    marks: BarSeries | None = None,
) -> Picture:
    """As `stacked_bars`, with the series beside each other."""
    return _bars(key, title, labels, series, axis, _Grouped(len(series)), marks)


def curves(key: str, title: str, lines: Sequence[Curve], x: ChartAxis, y: ChartAxis, *, height: float = 4.0) -> Picture:
    """Lines and points between two axes."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        scales = [
            scale_of(axis, [point[side] for line in lines for point in line.points]) for side, axis in _sides(x, y)
        ]
        for index, line in enumerate(lines):
            _draw_curve(axes, line, index, scales)
        dress(axes.xaxis, x, scales[0])
        dress(axes.yaxis, y, scales[1])
        axes.set_xlim(end(x.low, scales[0]), end(x.high, scales[0]))
        axes.set_ylim(end(y.low, scales[1]), end(y.high, scales[1]))
        handles, names = axes.get_legend_handles_labels()
        legend(figure, handles, names)

    return Picture(key, title, draw, WIDTH, height)


# ----- bars


class _Stacked:
    """Bars on top of each other."""

    width = 0.8

    def place(self, number: int) -> float:
        return 0.0

    def bottoms(self, before: Sequence[BarSeries], index: int) -> float:
        return sum(each.values[index] or 0.0 for each in before)

    def highest(self, series: Sequence[BarSeries]) -> list[float]:
        return [sum(value or 0.0 for value in bar) for bar in zip(*(each.values for each in series), strict=True)]


class _Grouped(_Stacked):
    """Bars beside each other."""

    def __init__(self, number: int) -> None:
        self.number = max(1, number)
        self.width = 0.8 / self.number

    def place(self, number: int) -> float:
        return (number - (self.number - 1) / 2) * self.width

    def bottoms(self, before: Sequence[BarSeries], index: int) -> float:
        return 0.0

    def highest(self, series: Sequence[BarSeries]) -> list[float]:
        return [
            max((value or 0.0 for value in bar), default=0.0) for bar in zip(*(s.values for s in series), strict=True)
        ]


def _bars(
    key: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[BarSeries],
    axis: ChartAxis,
    kind: _Stacked,
    marks: BarSeries | None,
) -> Picture:
    rows = min(MOST_ROWS, max(1, math.ceil(len(labels) / ROW)))
    each = max(1, math.ceil(len(labels) / rows))
    labels = _shown_labels(labels, each)
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    upright = _upright(labels, each)
    below = 0.2 + (0.075 * longest if upright else 0.14 * (1 + max(label.count("\n") for label in labels or [""])))
    values = [value for value in [*kind.highest(series), *(marks.values if marks else ())] if value is not None]
    scale = scale_of(axis, values)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(rows, 1, squeeze=False)
        for row in range(rows):
            axes = grid[row][0]
            places = range(row * each, min((row + 1) * each, len(labels)))
            _draw_row(axes, places, series, kind, scale, marks)
            axes.set_xticks([p - row * each for p in places], [labels[p] for p in places])
            axes.tick_params(axis="x", length=0, labelsize=7.5 if upright else 8.5, rotation=90 if upright else 0)
            axes.grid(visible=False, axis="x")
            axes.set_xlim(-0.6, each - 0.4)
            dress(axes.yaxis, axis, scale)
            top = max(values, default=0.0) * scale.factor
            axes.set_ylim(
                end(axis.low, scale) or (None if axis.logarithmic else 0.0),
                end(axis.high, scale) or top * 1.06 or 1.0,
            )
        handles, names = grid[0][0].get_legend_handles_labels()
        legend(figure, handles, names)

    return Picture(key, title, draw, WIDTH, 0.45 + rows * (below + (2.8 if rows == 1 else 1.7)))


def _draw_row(
    axes: Axes, places: range, series: Sequence[BarSeries], kind: _Stacked, scale: Scale, marks: BarSeries | None
) -> None:
    spots = [place - places.start for place in places]
    for index, each in enumerate(series):
        heights = [(each.values[place] or 0.0) * scale.factor for place in places]
        bottoms = [kind.bottoms(series[:index], place) * scale.factor for place in places]
        axes.bar(
            [spot + kind.place(index) for spot in spots],
            heights,
            kind.width,
            bottom=bottoms,
            label=each.name,
            color=each.color or PALETTE[index % len(PALETTE)],
            hatch=HATCHES[index // len(PALETTE) % len(HATCHES)],
            edgecolor="white",
            linewidth=0.4,
        )
    for spot, place in zip(spots, places, strict=True):
        if all(each.values[place] is None for each in series):
            axes.text(
                spot, 0.02, NOT_MODELLED, transform=axes.get_xaxis_transform(), rotation=90, ha="center", fontsize=7,
                color=GREY,
            )  # fmt: skip
    if marks is None and len(places) <= MOST_TOTALS and scale.totals:
        _write_totals(axes, spots, [kind.highest(series)[place] * scale.factor for place in places], kind)
    if marks is not None:
        found = [(spot, value) for spot, p in zip(spots, places, strict=True) if (value := marks.values[p]) is not None]
        axes.plot(
            [spot for spot, _ in found],
            [value * scale.factor for _, value in found],
            linestyle="",
            marker="o",
            markersize=4,
            color=marks.color or "#000000",
            markeredgecolor="white",
            markeredgewidth=0.5,
            label=marks.name,
            clip_on=False,
        )


def _write_totals(axes: Axes, spots: Sequence[int], totals: Sequence[float], kind: _Stacked) -> None:
    """The height of each bar above it."""
    if isinstance(kind, _Grouped):
        return
    for spot, total in zip(spots, totals, strict=True):
        if total > 0:
            axes.annotate(
                number(total), (spot, total), (0, 2), textcoords="offset points", ha="center", fontsize=7.5, color=GREY
            )


def _shown_labels(labels: Sequence[str], each: int) -> list[str]:
    """Every label, broken into lines if it fits so below its bar; upright, one of several where there are too many."""
    room = (WIDTH - 0.9) / each / 0.073 - 1
    broken = ["\n".join(textwrap.wrap(label, max(1, int(room)), break_long_words=False)) for label in labels]
    if not _upright(broken, each):
        return broken
    step = math.ceil(each / MOST_LABELS)
    short = [label if len(label) <= LONGEST else f"…{label[1 - LONGEST :]}" for label in labels]
    return [label if index % each % step == 0 else "" for index, label in enumerate(short)]


def _upright(labels: Sequence[str], each: int) -> bool:
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    return (longest + 1) * each * 0.073 > WIDTH - 0.9


# ----- curves


def _sides(x: ChartAxis, y: ChartAxis) -> tuple[tuple[int, ChartAxis], tuple[int, ChartAxis]]:
    return (0, x), (1, y)


def _draw_curve(axes: Axes, line: Curve, index: int, scales: Sequence[Scale]) -> None:
    xs = [x * scales[0].factor for x, _ in line.points]
    ys = [y * scales[1].factor for _, y in line.points]
    color = line.color or PALETTE[index % len(PALETTE)]
    axes.plot(
        xs,
        ys,
        label=line.name or None,
        color=color,
        linestyle="" if not line.line else "--" if line.dashed else "-",
        marker=MARKS[index % len(MARKS)] if line.marks else "",
        markersize=5,
        linewidth=1.5,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )
    for x, y, text in zip(xs, ys, line.labels, strict=False):
        axes.annotate(text, (x, y), xytext=(4, 3), textcoords="offset points", fontsize=7, color=GREY)
