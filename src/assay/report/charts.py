"""The pictures of reports, made of plain data: bars, curves, points and maps, with units on every axis.

All are as wide as a column of text. Many bars go on in rows below each other, so that every label stays readable.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.reading.units import format_si
from assay.report.figures import percent
from assay.report.metrics import PREFIXED
from assay.report.pictures import PALETTE, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2
"""Inches: a column of text on A4."""

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
GREY = "#555555"
NOT_MODELLED = "not modelled"


@dataclass(frozen=True, slots=True)
class Series:
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


@dataclass(frozen=True, slots=True)
class Axis:
    """What is shown along a side: the quantity, its SI unit (`%` for shares of 1), and the scale.

    `low` and `high`: ends of the axis; None: as the data asks for. `base`: of a logarithmic scale.
    """

    quantity: str
    unit: str = ""
    logarithmic: bool = False
    low: float | None = None
    high: float | None = None
    base: int = 10


def colors(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, by its place: the same names have the same colours in every picture."""
    return {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(dict.fromkeys(names))}


def stacked_bars(
    key: str, title: str, labels: Sequence[str], series: Sequence[Series], axis: Axis, *, marks: Series | None = None
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
    key: str, title: str, labels: Sequence[str], series: Sequence[Series], axis: Axis, *, marks: Series | None = None
) -> Picture:
    """As `stacked_bars`, with the series beside each other."""
    return _bars(key, title, labels, series, axis, _Grouped(len(series)), marks)


def curves(key: str, title: str, lines: Sequence[Curve], x: Axis, y: Axis, *, height: float = 4.0) -> Picture:
    """Lines and points between two axes."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        scales = [_scale(axis, [point[side] for line in lines for point in line.points]) for side, axis in _sides(x, y)]
        for index, line in enumerate(lines):
            _draw_curve(axes, line, index, scales)
        _dress(axes.xaxis, x, scales[0])
        _dress(axes.yaxis, y, scales[1])
        axes.set_xlim(_end(x.low, scales[0]), _end(x.high, scales[0]))
        axes.set_ylim(_end(y.low, scales[1]), _end(y.high, scales[1]))
        handles, names = axes.get_legend_handles_labels()
        _legend(figure, handles, names)

    return Picture(key, title, draw, WIDTH, height)


def heat_map(
    key: str,
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    axis: Axis,
    *,
    row_title: str = "",
    column_title: str = "",
) -> Picture:
    """A field per row and column, coloured by its value and, where there is room, with the value in it.

    Args:
        values: per row, per column; None is left blank, with a dash.
        axis: of the values.
    """

    def draw(figure: Figure) -> None:
        _draw_map(figure, rows, columns, values, axis, (row_title, column_title))

    return Picture(key, title, draw, WIDTH, min(10.0, max(2.2, 1.3 + 0.3 * len(rows))))


# ----- bars


class _Stacked:
    """Bars on top of each other."""

    width = 0.8

    def place(self, number: int) -> float:
        return 0.0

    def bottoms(self, before: Sequence[Series], index: int) -> float:
        return sum(each.values[index] or 0.0 for each in before)

    def highest(self, series: Sequence[Series]) -> list[float]:
        return [sum(value or 0.0 for value in bar) for bar in zip(*(each.values for each in series), strict=True)]


class _Grouped(_Stacked):
    """Bars beside each other."""

    def __init__(self, number: int) -> None:
        self.number = max(1, number)
        self.width = 0.8 / self.number

    def place(self, number: int) -> float:
        return (number - (self.number - 1) / 2) * self.width

    def bottoms(self, before: Sequence[Series], index: int) -> float:
        return 0.0

    def highest(self, series: Sequence[Series]) -> list[float]:
        return [
            max((value or 0.0 for value in bar), default=0.0) for bar in zip(*(s.values for s in series), strict=True)
        ]


def _bars(
    key: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    axis: Axis,
    kind: _Stacked,
    marks: Series | None,
) -> Picture:
    rows = min(MOST_ROWS, max(1, math.ceil(len(labels) / ROW)))
    each = max(1, math.ceil(len(labels) / rows))
    labels = _shown_labels(labels, each)
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    upright = _upright(labels, each)
    below = 0.2 + (0.075 * longest if upright else 0.14 * (1 + max(label.count("\n") for label in labels or [""])))
    values = [value for value in [*kind.highest(series), *(marks.values if marks else ())] if value is not None]
    scale = _scale(axis, values)

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
            _dress(axes.yaxis, axis, scale)
            top = max(values, default=0.0) * scale.factor
            axes.set_ylim(
                _end(axis.low, scale) or (None if axis.logarithmic else 0.0),
                _end(axis.high, scale) or top * 1.06 or 1.0,
            )
        handles, names = grid[0][0].get_legend_handles_labels()
        _legend(figure, handles, names)

    return Picture(key, title, draw, WIDTH, 0.45 + rows * (below + (2.8 if rows == 1 else 1.7)))


def _draw_row(
    axes: Axes, places: range, series: Sequence[Series], kind: _Stacked, scale: _Scale, marks: Series | None
) -> None:
    spots = [place - places.start for place in places]
    for number, each in enumerate(series):
        heights = [(each.values[place] or 0.0) * scale.factor for place in places]
        bottoms = [kind.bottoms(series[:number], place) * scale.factor for place in places]
        axes.bar(
            [spot + kind.place(number) for spot in spots],
            heights,
            kind.width,
            bottom=bottoms,
            label=each.name,
            color=each.color or PALETTE[number % len(PALETTE)],
            hatch=HATCHES[number // len(PALETTE) % len(HATCHES)],
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
            text = _three(total)
            axes.annotate(
                text, (spot, total), (0, 2), textcoords="offset points", ha="center", fontsize=7.5, color=GREY
            )


def _three(value: float) -> str:
    """A figure in three digits."""
    return _plain(float(f"{value:.3g}"))


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


def _sides(x: Axis, y: Axis) -> tuple[tuple[int, Axis], tuple[int, Axis]]:
    return (0, x), (1, y)


def _draw_curve(axes: Axes, line: Curve, index: int, scales: Sequence[_Scale]) -> None:
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


# ----- maps


def _draw_map(
    figure: Figure,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    axis: Axis,
    titles: tuple[str, str],
) -> None:
    known = [value for row in values for value in row if value is not None]
    scale = _scale(axis, known)
    axes = figure.add_subplot()
    data = [[math.nan if value is None else value * scale.factor for value in row] for row in values]
    low, high = _end(axis.low, scale), _end(axis.high, scale)
    image = axes.imshow(data, aspect="auto", cmap="cividis", vmin=low, vmax=high)
    axes.set_xticks(range(len(columns)), columns, rotation=90 if _upright(columns, len(columns)) else 0)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0, labelsize=8)
    axes.grid(visible=False)
    axes.set_ylabel(titles[0])
    axes.set_xlabel(titles[1])
    figure.colorbar(image, ax=axes, label=scale.label, shrink=0.9, pad=0.02)
    if len(columns) > 16:
        return
    shown = [value * scale.factor for value in known]
    first = min(shown, default=0.0) if low is None else low
    last = max(shown, default=1.0) if high is None else high
    for y, row in enumerate(values):
        for x, value in enumerate(row):
            dark = value is not None and value * scale.factor < (first + last) / 2
            text = "-" if value is None else _short(value, axis)
            axes.text(x, y, text, ha="center", va="center", fontsize=7, color="white" if dark else "black")


def _short(value: float, axis: Axis) -> str:
    if axis.unit == "%":
        return percent(value).removesuffix(" %")
    return format_si(value, "").replace(" ", "")


# ----- axes


@dataclass(frozen=True, slots=True)
class _Scale:
    """What values are multiplied by to stand on an axis, its label, and whether heights of bars are worth naming."""

    factor: float
    label: str
    totals: bool = True


_PREFIXES = (
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
    (1e-9, "n"),
    (1e-12, "p"),
)


def _scale(axis: Axis, values: Sequence[float]) -> _Scale:
    """Shares in percent, SI prefixes by the largest value; a logarithmic axis has them at its ticks."""
    if axis.unit == "%":
        return _Scale(100.0, f"{axis.quantity} (%)", totals=axis.high != 1)
    if axis.unit not in PREFIXED or axis.logarithmic:
        return _Scale(1.0, f"{axis.quantity} ({axis.unit})" if axis.unit else axis.quantity)
    largest = max((abs(value) for value in values), default=0.0)
    size, prefix = next(((size, prefix) for size, prefix in _PREFIXES if largest >= size), (1.0, ""))
    return _Scale(1 / size, f"{axis.quantity} ({prefix}{axis.unit})")


def _dress(side: Any, axis: Axis, scale: _Scale) -> None:
    """The label, scale and numbers of one axis."""
    from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator

    side.set_label_text(scale.label)
    if axis.logarithmic:
        (side.axes.set_xscale if side.axis_name == "x" else side.axes.set_yscale)("log", base=axis.base)
        side.set_major_formatter(
            EngFormatter(sep="") if axis.base == 10 and axis.unit != "%" else FuncFormatter(_plain)
        )
        side.set_minor_formatter(FuncFormatter(_nothing))
    else:
        side.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        side.set_major_formatter(FuncFormatter(_plain))


def _plain(value: float, place: object = None) -> str:
    """`1,000`, `0.25`."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"


def _nothing(value: float, place: object = None) -> str:
    return ""


def _end(value: float | None, scale: _Scale) -> float | None:
    return None if value is None else value * scale.factor


def _legend(figure: Figure, handles: Sequence[Any], names: Sequence[str]) -> None:
    """Above the axes, in as many columns as there is room for; none for a single thing."""
    if len(names) < 2:
        return
    order = sorted(range(len(names)), key=lambda index: hasattr(handles[index], "get_marker"))  # points after bars
    handles, names = [handles[index] for index in order], [names[index] for index in order]
    room, longest = WIDTH * 72, max(len(name) for name in names)
    in_one = sum(4.8 * len(name) + 30 for name in names) < room
    columns = len(names) if in_one else max(1, min(len(names), int(room / (4.8 * longest + 30))))
    figure.legend(
        handles, names, loc="outside upper left", ncols=columns, fontsize=8, columnspacing=1.2, handlelength=1.2
    )
