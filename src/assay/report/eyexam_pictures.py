"""Pictures of Eyexam: the staircase of a layer or network, and all layers beside each other."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assay.metrics.eyexam_steps import Eyexam, Key, Step
from assay.reading.figures import per_cycle, percent, short
from assay.report.pictures import GREY, WIDTH, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WRAP = 108
"""Signs of small text across the picture."""

COLORS = dict(
    zip(Key, ("#7F7F7F", "#332288", "#0072B2", "#E69F00", "#009E73", "#D55E00", "#882255", "#CC79A7"), strict=True)
)
LEGEND = {
    Key.LAYER: "the size of the layer",
    Key.DATAFLOW: "dataflow",
    Key.PES: "rounds that are not full",
    Key.ARRAY: "array",
    Key.STORAGE: "storage",
    Key.BANDWIDTH: "bandwidth",
    Key.CHOICE: "choice of the mapping",
    Key.ACCESS: "access over time",
}
MOST_NAMES = 60


def staircase(key: str, title: str, steps: Sequence[Step], peak: int) -> Picture:
    """A bar per step on a logarithmic axis, with what is lost at it and why."""
    shown = [step for step in steps if step.cycles is not None]
    causes = {step.key: _wrapped(step) for step in shown}
    lines = sum(len(causes[step.key]) for step in shown)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axvline(peak, color=GREY, linestyle="--", linewidth=1, zorder=0.5)
        axes.annotate(
            f"peak {peak:,}", (peak, 1), (3, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
            fontsize=8, color=GREY,
        )  # fmt: skip
        top = 0.0
        for step in shown:
            top = _draw_step(axes, step, causes[step.key], top)
        bounds = [float(step.bound or 1) for step in shown]
        _log_axis(axes, min(*bounds, peak) / 3, max(*bounds, peak) * 1.6)
        axes.set_ylim(top, 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_title(textwrap.fill(title, 90), loc="left", pad=14)

    return Picture(key, f"Eyexam: {title}", draw, WIDTH, 1.1 + INCH * (BAR * len(shown) + LINE * lines))


INCH, TITLE, BAR, LINE = 0.42, 0.52, 1.1, 0.33
"""Height of a bar with its title, and in it: where the bar begins, where it ends, and a line of text below it."""


def _draw_step(axes: Axes, step: Step, cause: list[str], top: float) -> float:
    """Title, bar and cause below each other from a height down; gives the height below them."""
    axes.barh(top - (TITLE + BAR) / 2 + 0.04, float(step.bound or 0), height=BAR - TITLE - 0.14, color=COLORS[step.key])
    number = f"{step.number} " if step.number else ""
    lost = f", {percent(step.share)} lost" if step.share else ", nothing lost" if step.before is not None else ""
    _text(axes, f"{number}{step.title}: {per_cycle(step.bound)} MACs/cycle{lost}", top - 0.2, 8.5, weight="bold")
    if cause:
        _text(axes, "\n".join(cause), top - BAR, 7.5, color="#222222")
    return top - BAR - LINE * len(cause)


def _text(axes: Axes, text: str, top: float, size: float, **style: Any) -> None:
    axes.annotate(
        text, (0, top), (1, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="top",
        fontsize=size, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4}, **style,
    )  # fmt: skip


def _wrapped(step: Step) -> list[str]:
    cause = f"{step.layer}: {step.cause}" if step.layer else step.cause
    return textwrap.wrap(cause, WRAP)


def layers_picture(result: Eyexam) -> Picture:
    """Every layer: what it reaches, and above it what is lost at each step from the number of PEs down."""
    count = len(result.layers)
    width = min(14.0, max(WIDTH, 1.5 + 0.2 * count))
    peak = result.hardware.peak_macs_per_cycle

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        seen: set[Key] = set()
        for place, layer in enumerate(result.layers):
            reached = float(layer.attained.bound or 0)
            axes.bar(place, reached, 0.8, color="#d9d9d9", label="reached" if place == 0 else None)
            for step in layer.steps:
                if step.cycles is not None and step.below(peak):
                    high = peak if step.before is None else min(layer.layer.macs / step.before, peak)
                    low = layer.layer.macs / step.cycles
                    label = None if step.key in seen else f"lost to {LEGEND[step.key]}"
                    seen.add(step.key)
                    axes.bar(place, high - low, 0.8, bottom=low, color=COLORS[step.key], label=label)
        axes.axhline(peak, color=GREY, linestyle="--", linewidth=1, label=f"peak: {peak:,} MACs/cycle")
        every = -(-count // MOST_NAMES)
        names = [layer.name if place % every == 0 else "" for place, layer in enumerate(result.layers)]
        axes.set_xticks(range(count), names, rotation=90 if count > 10 else 0, fontsize=8 if count <= 30 else 6.5)
        axes.set_xlim(-0.6, count - 0.4)
        axes.set_ylabel("MACs/cycle")
        axes.grid(visible=False, axis="x")
        axes.set_ylim(0, peak * 1.04)
        handles, labels = axes.get_legend_handles_labels()
        order = ["reached", *(f"lost to {LEGEND[key]}" for key in reversed(list(LEGEND)))]
        pairs = sorted(zip(labels, handles, strict=True), key=lambda pair: [*order, pair[0]].index(pair[0]))
        figure.legend([h for _, h in pairs], [t for t, _ in pairs], loc="outside upper left", ncols=3, fontsize=8)

    return Picture(
        "eyexam-layers", f"What every layer reaches, and what is lost where: {result.title}", draw, width, 3.8
    )


def _log_axis(axes: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(LogLocator(10, numticks=8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("MACs/cycle")
