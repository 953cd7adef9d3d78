"""Pictures of audits and comparisons: claims beside what they should be, and chips side by side on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.metrics.audit_figures import NOT_GIVEN, recalled
from assay.metrics.audit_rules import Agreement, Check
from assay.metrics.metric import Bound, Metric
from assay.report.pictures import GREY, PALETTE, WIDTH, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BarRow = tuple[str, Sequence[Metric | None], Sequence[str]]
TICKS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99),
    *(1.0, 1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
)
OPEN = 1.2
"""How far the open side of a bound is drawn."""
GOOD, BAD = PALETTE[0], PALETTE[5]


def checks_picture(checks: Sequence[Check]) -> Picture | None:
    """Every equality: the claim over what follows from the others, with the range of the digits; None without any."""
    found = [each for each in checks if not each.rule.least and each.left is not None and each.right is not None]
    found = [each for each in found if each.outcome is not Agreement.UNCHECKED]
    if not found:
        return None

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, check in enumerate(found):
            _draw_check(axes, place, check)
        axes.axvline(1.0, color=GREY, linewidth=0.8)
        axes.set_yticks(range(len(found)), [f"{each.rule.title} ({each.where})" for each in found])
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.set_xscale("log")
        _round_ticks(axes)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("claimed / what follows from other claims")

    title = "Claims over what follows from other claims; bars: printed digits, arrows: bounds, orange: contradictions"
    return Picture("checks", title, draw, WIDTH, 1.1 + 0.26 * len(found))


def _draw_check(axes: Axes, place: int, check: Check) -> None:
    assert check.left is not None
    assert check.right is not None
    left, right = check.left, check.right
    ratio = left.value / right.value
    low = left.low / right.high or ratio / OPEN
    high = left.high / right.low if right.low and math.isfinite(left.high) else ratio * OPEN
    color = BAD if check.outcome is Agreement.CONTRADICTS else GOOD
    axes.plot([low, high], [place, place], color=color, linewidth=5, alpha=0.35, solid_capstyle="butt")
    axes.plot([ratio], [place], marker="o", markersize=4, color=color)
    for bound, place_of_end, marker in ((Bound.AT_MOST, low, "<"), (Bound.AT_LEAST, high, ">")):
        if bound in left.bounds or bound.opposite in right.bounds:
            axes.plot([place_of_end], [place], marker=marker, markersize=6, color=color)


def _round_ticks(axes: Axes) -> None:
    """Ticks in plain numbers on a logarithmic axis that may be narrow."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = axes.get_xlim()
    low, high = min(low, 0.97), max(high, 1.03)
    shown = [step for step in TICKS if low <= step <= high]
    for span, fine in ((1.06, (0.98, 0.99, 1.01, 1.02)), (1.3, (0.95, 1.05)), (5.0, (0.7, 0.8, 0.9, 1.1, 1.2, 1.5))):
        if high / low > span:
            shown = [step for step in shown if step not in fine]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlim(low, high)


def bars_picture(labels: Sequence[str], rows: Sequence[BarRow]) -> Picture | None:
    """A small picture per figure, a bar per chip, on logarithmic axes; what is not given says so.

    Args:
        labels: of the chips.
        rows: title of a figure, its values, and how they are written.
    """
    kept = [row for row in rows if any(_drawn(each) is not None for each in row[1])]
    if not kept:
        return None
    across = 2
    down = -(-len(kept) // across)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(down, across, squeeze=False)
        for index, row in enumerate(kept):
            _draw_bars(grid[index // across][index % across], row, labels, index % across == 0)
        for index in range(len(kept), down * across):
            grid[index // across][index % across].set_axis_off()

    height = down * (0.62 + 0.22 * len(labels)) + 0.2
    title = (
        "Chips side by side; every line of a grid is ten times the one before (shares: a quarter more); hatched "
        "figures are from recall, not verified"
    )
    return Picture("chips", title, draw, WIDTH, height)


def _draw_bars(axes: Axes, row: BarRow, labels: Sequence[str], named: bool) -> None:
    title, metrics, texts = row
    numbers = [_drawn(each) for each in metrics]
    known = [each for each in numbers if each is not None]
    share = all(metric.unit == "%" for metric in metrics if metric is not None and metric.value is not None)
    start = 0.0 if share else min(known) / 4
    for place, (metric, number, text) in enumerate(zip(metrics, numbers, texts, strict=True)):
        if number is None or metric is None:
            axes.text(0.02, place, NOT_GIVEN, transform=axes.get_yaxis_transform(), va="center", fontsize=7, color=GREY)
            continue
        axes.barh(
            place, number - start, left=start, height=0.68, color=PALETTE[place % len(PALETTE)],
            hatch="////" if recalled(metric) else "", edgecolor="white", linewidth=0,
        )  # fmt: skip
        axes.annotate(text, (number, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7)
    if share:
        axes.set_xlim(0.0, 1.45 * max(1.0, *known))
        axes.set_xticks([step / 4 for step in range(5)])
    else:
        from matplotlib.ticker import NullLocator

        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())  # many ticks that nobody sees take most of the time
        axes.set_xlim(start, max(known) * (max(known) / start) ** 0.6)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_yticks(range(len(labels)), labels if named else [""] * len(labels))
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.tick_params(axis="x", which="both", length=0, labelbottom=False)
    axes.grid(visible=False, axis="y")
    axes.spines["bottom"].set_visible(False)
    axes.set_title(title, loc="left", fontsize=9)


def _drawn(metric: Metric | None) -> float | None:
    """What a logarithmic axis has a place for."""
    number = None if metric is None else metric.number
    return number if number is not None and number > 0 else None
