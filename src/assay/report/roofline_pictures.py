"""Pictures of rooflines: all layers under one roof, each with its name; and one layer under its tightened roofs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from assay.metrics.eyexam_steps import NUMBERS, TITLES, Key, LayerEyexam
from assay.metrics.roofline import Roof, RoofPoint
from assay.reading.figures import compact, per_cycle
from assay.reading.words import small
from assay.report.pictures import GREY, PALETTE, WIDTH, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation, Text
    from matplotlib.transforms import Bbox

HEIGHT = 4.4
MOST_NAMES = 12
"""Points with their names beside them; where there are more, they have numbers, and the names stand on the right."""
SIZE = 7.5
"""Of labels, in points."""

Box = tuple[float, float, float, float]
"""Left, bottom, right and top in pixels."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Layers at one place of the picture."""

    x: float
    y: float
    names: tuple[str, ...]
    compute: bool


def roofline_picture(key: str, title: str, roof: Roof) -> Picture:
    """Peak and slope, and every layer at its intensity and what it reaches. The colour says under which part of this
    roof it lies; what it waits for is in the tables, as that may be another port."""
    spots = _spots(roof.points)
    numbered = len(spots) > MOST_NAMES or max((len(", ".join(s.names)) for s in spots), default=0) > 24

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        peak, slope = float(roof.peak), float((roof.bandwidth or 0) / 8)
        ridge = peak / slope
        xs, ys = [s.x for s in spots] + [ridge], [s.y for s in spots] + [peak]
        low, high = min(xs) / 4, max(xs) * 4
        axes.plot([low, ridge, high], [low * slope, peak, peak], color="black", linewidth=1.8, zorder=2)
        axes.set_ylim(min(*ys, low * slope * 4) / 3, peak * 2.5)
        axes.set_xlim(low, high)
        _log(axes)
        peaked = axes.text(high, peak * 1.06, f"peak {peak:,.0f} MACs/cycle ", ha="right", va="bottom", fontsize=8)
        for compute, label, color in (
            (True, "under the peak", PALETTE[0]),
            (False, "under the slope of this port", PALETTE[5]),
        ):
            if some := [s for s in spots if s.compute is compute]:
                axes.scatter([s.x for s in some], [s.y for s in some], 22, color=color, label=label, zorder=3)
        texts = [str(n) for n in range(1, len(spots) + 1)] if numbered else [", ".join(s.names) for s in spots]
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=8)
        if numbered:
            _key_list(axes, texts, spots)
        figure.draw_without_rendering()  # from here on places in pixels are those of the picture
        slanted = _slope_label(axes, f"{roof.name}: {per_cycle(slope)} B/cycle", low, slope, ridge)
        taken = [*_line_boxes(axes), _extent(peaked), _extent(slanted)]
        _place(figure, axes, [(s.x, s.y) for s in spots], texts, taken)

    height = max(HEIGHT, 1.0 + 0.135 * len(spots)) if numbered else HEIGHT
    return Picture(key, f"Roofline of {title}", draw, 9.4 if numbered else WIDTH, height)


def _spots(points: Sequence[RoofPoint]) -> list[_Spot]:
    """Layers of one shape lie at one place."""
    found: dict[tuple[float, float], list[RoofPoint]] = {}
    for point in points:
        found.setdefault((float(point.intensity), float(point.attained)), []).append(point)
    return [_Spot(*at, tuple(p.name for p in same), same[0].bound == "compute") for at, same in found.items()]


def _key_list(axes: Axes, numbers: Sequence[str], spots: Sequence[_Spot]) -> None:
    lines = [f"{number}  {_abridged(spot.names)}" for number, spot in zip(numbers, spots, strict=True)]
    axes.annotate(
        "\n".join(lines), (1, 1), (8, 0), xycoords="axes fraction", textcoords="offset points", va="top",
        fontsize=6.8, linespacing=1.25,
    )  # fmt: skip


def _abridged(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} ... {names[-1]} ({len(names)})"


def tightened_picture(key: str, layer: LayerEyexam, roof: Roof, point: RoofPoint) -> Picture:
    """The bounds of the steps as roofs, the slope of all and of the active instances, and where the layer is."""
    title = f"Tightened roofline of {layer.name} at {roof.name}"

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        slope, active = float((roof.bandwidth or 0) / 8), float((point.bandwidth or 0) / 8)
        bounds = _bounds(layer, roof.peak)
        x, y, peak = float(point.intensity), float(point.attained), float(roof.peak)
        low = min(x, bounds[-1][1] / slope, peak / slope) / 8
        high = max(x, peak / slope) * 25
        top = min(max(value for _, value, _ in bounds), peak * 20)
        axes.set_ylim(min(y, low * active * 6) / 4, top * 3)
        axes.set_xlim(low, high)
        _log(axes)
        for index, (_, value, style) in enumerate(bounds):
            start = value / (active if index == len(bounds) - 1 else slope)
            if value > top * 1.001:
                continue  # named at the upper edge
            axes.plot([max(start, low), high], [value, value], style, color=_color(index, bounds), linewidth=1.5)
        start_y, end_y = low * slope, top * 1.5
        axes.plot([low, end_y / slope], [start_y, end_y], color="black", linewidth=1.5, label=f"all of {roof.name}")
        if active != slope:
            end = bounds[-1][1]
            axes.plot([low, end / active], [low * active, end], "--", color=PALETTE[5], linewidth=1.5)
        axes.axvline(x, color=GREY, linestyle=":", linewidth=1)
        axes.plot([x], [y], "o", color=PALETTE[5], zorder=4)
        figure.draw_without_rendering()  # as above
        written = _labels(figure, axes, bounds, top, high)
        text = f"{roof.name}: {per_cycle(slope)} B/cycle" + (
            f", active: {per_cycle(active)}" if active != slope else ""
        )
        written.append(_slope_label(axes, text, low, slope, peak / slope))
        taken = [*_line_boxes(axes), *(_extent(each) for each in written)]
        _place(figure, axes, [(x, y)], [f"{layer.name}: {compact(x)} MACs/B, {per_cycle(y)} MACs/cycle"], taken)

    return Picture(key, title, draw, WIDTH, HEIGHT)


def _bounds(layer: LayerEyexam, peak: int) -> list[tuple[str, float, str]]:
    """Text, height and style of each roof, the highest first; equal ones share a line."""
    found: list[tuple[str, float, str]] = []
    for key in (Key.LAYER, Key.DATAFLOW, Key.PES, Key.ARRAY, Key.STORAGE):
        step = layer.step(key)
        assert step is not None
        value = float(step.bound or 0)
        name = f"step {NUMBERS[key]}, {small(TITLES[key])}"
        found.append((name, value, "-"))
    merged = [("peak", float(peak), "--"), *found]
    merged.sort(key=lambda each: -each[1])
    result: list[tuple[str, float, str]] = []
    for text, value, style in merged:
        if result and math.isclose(result[-1][1], value, rel_tol=2e-3):
            result[-1] = (f"{result[-1][0]}; {text}", value, result[-1][2])
        else:
            result.append((text, value, style))
    return result


def _color(index: int, bounds: Sequence[tuple[str, float, str]]) -> str:
    return PALETTE[5] if index == len(bounds) - 1 else GREY if "--" in bounds[index][2] else PALETTE[index % 5]


def _labels(
    figure: Figure, axes: Axes, bounds: Sequence[tuple[str, float, str]], top: float, high: float
) -> list[Text]:
    """Names of the roofs at their right ends, moved apart where they are near each other."""
    scale = figure.dpi / 72
    last = math.inf
    written: list[Text] = []
    for text, value, _ in bounds:
        beyond = value > top * 1.001
        place = axes.transData.transform((high, min(value, top)))[1]
        target = min(place + 5 * scale, last - 10 * scale)
        last = target
        shown = f"{text}: {per_cycle(value)}{' (beyond the picture)' * beyond}"
        label = axes.annotate(
            shown, (high, min(value, top)), (-3, (target - place) / scale), textcoords="offset points",
            ha="right", va="center", fontsize=7.5, zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.8},
        )  # fmt: skip
        written.append(label)
    return written


def _log(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_yscale("log")
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_locator(LogLocator(10, numticks=8))
        side.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
        side.set_minor_formatter(NullFormatter())
    axes.set_xlabel("Operational intensity (MACs/byte)")
    axes.set_ylabel("MACs/cycle")


def _slope_label(axes: Axes, text: str, low: float, slope: float, ridge: float) -> Annotation:
    """Along the slope, above it."""
    bottom = axes.get_ylim()[0]
    start = max(low, bottom / slope)
    middle = math.sqrt(start * ridge)
    one, two = axes.transData.transform([(start, start * slope), (ridge, ridge * slope)])
    angle = math.degrees(math.atan2(two[1] - one[1], two[0] - one[0]))
    label = axes.annotate(
        text, (middle, middle * slope), (-6, 6), textcoords="offset points", rotation=angle, ha="center", va="center",
        rotation_mode="anchor", fontsize=8, zorder=4,
    )  # fmt: skip
    label.set_in_layout(False)
    return label


def _extent(text: Text) -> Box:
    box = text.get_window_extent()
    return (box.x0, box.y0, box.x1, box.y1)


def _line_boxes(axes: Axes) -> list[Box]:
    """Small boxes along every line that is drawn, in pixels."""
    boxes: list[Box] = []
    for line in axes.get_lines():
        ends = [tuple(place) for place in line.get_transform().transform(line.get_xydata())]
        for (x0, y0), (x1, y1) in pairwise(ends):
            count = max(1, int(math.hypot(x1 - x0, y1 - y0) / 5))
            for n in range(count + 1):
                x, y = x0 + (x1 - x0) * n / count, y0 + (y1 - y0) * n / count
                boxes.append((x - 2, y - 2, x + 2, y + 2))
    return boxes


def _place(
    figure: Figure, axes: Axes, points: Sequence[tuple[float, float]], texts: Sequence[str], blocked: Sequence[Box]
) -> None:
    """A label beside each point, on the first free place of a spiral around it, with a line to it where it is far."""
    scale = figure.dpi / 72
    spots = [tuple(axes.transData.transform(point)) for point in points]
    taken: list[Box] = [*blocked]
    taken += [(x - 4 * scale, y - 4 * scale, x + 4 * scale, y + 4 * scale) for x, y in spots]
    frame = axes.get_window_extent()
    for index in sorted(range(len(points)), key=lambda i: spots[i]):
        x, y = spots[index]
        size = ((len(texts[index]) * 0.6 + 0.5) * SIZE * scale, SIZE * 1.25 * scale)
        dx, dy, box = _free((x, y), size, taken, frame, scale)
        taken.append(box)
        far = math.hypot(dx, dy) > 22 * scale
        label = axes.annotate(
            texts[index], points[index], (dx / scale, dy / scale), textcoords="offset points", ha="center", va="center",
            fontsize=SIZE, zorder=5, arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5} if far else None,
        )  # fmt: skip
        label.set_in_layout(False)


def _free(
    at: tuple[float, float], size: tuple[float, float], taken: Sequence[Box], frame: Bbox, scale: float
) -> tuple[float, float, Box]:
    """Offset of the middle of a label, in pixels, and its box."""
    width, height = size
    best: tuple[float, float, Box] | None = None
    for ring in range(40):
        for turn in range(16):
            angle = math.pi * (turn / 8)
            reach = (7 + 4 * ring) * scale
            dx = math.cos(angle) * (reach + width / 2)
            dy = math.sin(angle) * (reach + height / 2)
            x, y = at[0] + dx, at[1] + dy
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            inside = box[0] > frame.x0 and box[2] < frame.x1 and box[1] > frame.y0 and box[3] < frame.y1
            if best is None:
                best = (dx, dy, box)
            if inside and not any(_overlap(box, other) for other in taken):
                return dx, dy, box
    assert best is not None
    return best


def _overlap(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
