"""The axes of charts: what is shown along them, in which unit and scale, and the legend above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.reading.figures import number
from assay.report.metrics import PREFIXED
from assay.report.pictures import WIDTH

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axis import XAxis, YAxis
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class ChartAxis:
    """What is shown along a side: the quantity, its SI unit (`%` for shares of 1), and the scale.

    `low` and `high`: ends of the axis; None: as the data asks for. `base`: of a logarithmic scale. `ticks`: of one,
    the values with a tick; none: powers of the base.
    """

    quantity: str
    unit: str = ""
    logarithmic: bool = False
    low: float | None = None
    high: float | None = None
    base: int = 10
    ticks: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale:
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


def scale_of(axis: ChartAxis, values: Sequence[float]) -> Scale:
    """Shares in percent, SI prefixes by the largest value; a logarithmic axis has them at its ticks."""
    if axis.unit == "%":
        return Scale(100.0, f"{axis.quantity} (%)", totals=axis.high != 1)
    if axis.unit not in PREFIXED or axis.logarithmic:
        return Scale(1.0, f"{axis.quantity} ({axis.unit})" if axis.unit else axis.quantity)
    largest = max((abs(value) for value in values), default=0.0)
    size, prefix = next(((size, prefix) for size, prefix in _PREFIXES if largest >= size), (1.0, ""))
    return Scale(1 / size, f"{axis.quantity} ({prefix}{axis.unit})")


def dress(side: XAxis | YAxis, axis: ChartAxis, scale: Scale) -> None:
    """The label, scale and numbers of one axis."""
    from matplotlib.ticker import EngFormatter, FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    side.set_label_text(scale.label)
    if axis.logarithmic:
        (side.axes.set_xscale if side.axis_name == "x" else side.axes.set_yscale)("log", base=axis.base)
        side.set_major_formatter(
            EngFormatter(sep="") if axis.base == 10 and axis.unit != "%" else FuncFormatter(_number)
        )
        side.set_minor_formatter(FuncFormatter(_nothing))
        if axis.ticks:
            side.set_major_locator(FixedLocator(axis.ticks))
            side.set_minor_locator(NullLocator())
    else:
        side.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        side.set_major_formatter(FuncFormatter(_number))


def _number(value: float, place: object = None) -> str:
    """`1,000`, `0.25`."""
    return number(int(value) if value == round(value) else value, 6)


def _nothing(value: float, place: object = None) -> str:
    return ""


def end(value: float | None, scale: Scale) -> float | None:
    return None if value is None else value * scale.factor


def legend(figure: Figure, handles: Sequence[Artist], names: Sequence[str]) -> None:
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
