"""Draw docs/images/mapper-*.svg: how time and partial mappings of the search grow. Points are from benchmarks/scaling.json.

python -m tools.mapper_plots [--png FOLDER]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
POINTS = ROOT / "benchmarks" / "scaling.json"
IMAGES = ROOT / "docs" / "images"

RANGES = {"seconds": (0.01, 200.0), "labels": (30.0, 1e8)}
"""The same in all pictures, so that they can be compared."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


@dataclass(frozen=True, slots=True)
class Picture:
    """One series: its axis, and whether that is a logarithm."""

    series: str
    title: str
    axis: str
    logarithmic: bool


PICTURES = (
    Picture("levels", "Memories", "memories, with DRAM and registers", False),
    Picture("size", "Size of a matrix product", "extent of each of its three dimensions", True),
    Picture("divisors", "Divisors", "divisors that each of its three dimensions has", False),
    Picture("array", "Array", "elements along each side", True),
)


@cache
def points() -> tuple[dict[str, Any], ...]:
    """Searches that were timed."""
    return tuple(json.loads(POINTS.read_text(encoding="utf-8"))["points"])


def divisors(number: int) -> int:
    """How many divisors a number has."""
    return sum((2 if d * d < number else 1) for d in range(1, int(number**0.5) + 1) if number % d == 0)


def place(point: dict[str, Any]) -> int:
    """Where a point lies on the axis."""
    return divisors(point["x"]) if point["series"] == "divisors" else int(point["x"])


def draw(picture: Picture, path: Path) -> None:
    """Time on the left, partial mappings on the right; searches that were stopped are hollow."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams.update(
        {
            "svg.hashsalt": "assay",
            "svg.fonttype": "none",
            "font.size": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(8, 2.9), layout="constrained")
    mine = [point for point in points() if point["series"] == picture.series]
    names = list(dict.fromkeys(point["line"].rpartition(", ")[0] for point in mine))
    for panel, (what, label) in zip(panels, (("seconds", "seconds"), ("labels", "partial mappings")), strict=True):
        for point_line in dict.fromkeys(point["line"] for point in mine):
            name, _, objective = point_line.rpartition(", ")
            those = sorted((p for p in mine if p["line"] == point_line), key=lambda p: (place(p), p["x"]))
            alone = len(names) == 1
            colour = COLOURS[int(objective == "edp") if alone else names.index(name)]
            connect = "none" if picture.series == "divisors" else "-" if objective == "energy" else "--"
            xs, ys = [place(p) for p in those], [max(p[what], 1e-3) for p in those]
            text = f"{name}, {'EDP' if objective == 'edp' else objective}"
            marker = "o" if objective == "energy" else "s"
            panel.plot(xs, ys, linestyle=connect, color=colour, linewidth=1.2)
            for stopped in (False, True):
                chosen = [(x, y) for x, y, p in zip(xs, ys, those, strict=True) if p["stopped"] == stopped]
                panel.plot(
                    [x for x, _ in chosen],
                    [y for _, y in chosen],
                    marker=marker,
                    markersize=3.5,
                    linestyle="none",
                    color=colour,
                    markerfacecolor="white" if stopped else colour,
                    label=None if stopped else text,
                )
        panel.set_yscale("log")
        panel.set_ylim(*RANGES[what])
        if picture.logarithmic:
            panel.set_xscale("log", base=2)
            ticks = sorted({place(p) for p in mine})
            panel.set_xticks(ticks, [f"{tick:,}" for tick in ticks], rotation=45 if max(ticks) > 999 else 0)
            panel.minorticks_off()
        elif picture.series == "levels":
            panel.set_xticks(sorted({place(p) for p in mine}))
        panel.set_xlabel(picture.axis)
        panel.set_ylabel(label)
        panel.grid(axis="y", linewidth=0.3)
    panels[1].legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the pictures of docs/mapper.md.")
    parser.add_argument("--png", type=Path, metavar="FOLDER", help="as PNG into FOLDER, to look at")
    arguments = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    for picture in PICTURES:
        folder, ending = (arguments.png, "png") if arguments.png else (IMAGES, "svg")
        draw(picture, folder / f"mapper-{picture.series}.{ending}")


if __name__ == "__main__":
    main()
