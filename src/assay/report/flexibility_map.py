"""The map of shapes: tables, and in words where a chip stays above the threshold."""

from __future__ import annotations

from assay.metrics.flexibility_map import ShapeCurve, ShapeMap, ShapePoint
from assay.reading.figures import exact, percent, shape, whole
from assay.reading.words import capital, listed
from assay.report.flexibility_pictures import curves_picture, heat_picture, share_text
from assay.report.page import Column
from assay.report.section import Section
from assay.report.sheet import Cell, Row, Sheet


def map_sections(shapes: ShapeMap) -> tuple[Section, Section]:
    """Where the chip stays above the threshold: in words; as tables and pictures."""
    words = Section("flexibility_ranges", "The range of shapes", range_sentences(shapes))
    sheets = (_grid_sheet(shapes), *(_curve_sheet(shapes, curve) for curve in shapes.curves))
    pictures = (heat_picture(shapes), curves_picture(shapes))
    return words, Section("flexibility_map", "The map", sheets=sheets, pictures=pictures)


def range_sentences(shapes: ShapeMap) -> tuple[str, ...]:
    """What stays above the threshold, one sentence per direction."""
    limit = percent(shapes.above)
    what = f"{limit} of the peak throughput"
    if shapes.by_energy:
        if shapes.best is None:
            return ("Energies of the chip are not known: nothing can be said of its energy efficiency.",)
        what = f"{limit} of the MACs per joule of the map's best shape"
    corner = shapes.corner
    where = "in no corner of the map" if corner is None else _corner_text(shapes, corner.m, corner.c)
    share = f"{percent(shapes.share_above)} of the shapes of the map are above"
    found = [f"Around {shapes.base}, it stays above {what} {where}; {share}."]
    return (*found, *(f"{capital(curve.title)}: {_curve_text(shapes, curve)}." for curve in shapes.curves))


def _corner_text(shapes: ShapeMap, m: int, c: int) -> str:
    least = shapes.channels[0]
    bounds = [f"{dim} >= {value}" for dim, value in (("M", m), ("C", c)) if value > least]
    return f"for {listed(bounds)}" if bounds else "for every M and C"


def _curve_text(shapes: ShapeMap, curve: ShapeCurve) -> str:
    """`above for P >= 7 (below: 46 % at 4)`; the values where they are no range."""
    above, values = shapes.above_on(curve), curve.values
    if len(above) == len(values):
        return f"above at every {curve.dim} from {values[0]} to {values[-1]}"
    below = [value for value in values if value not in above]
    if not above:
        shares = [shapes.efficiency(point) or 0.0 for point in curve.points]
        best = max(range(len(values)), key=shares.__getitem__)
        most = share_text(shapes, curve.points[best])
        return f"above at no {curve.dim}; at most {most}, at {curve.dim} = {values[best]}"
    if above == values[-len(above) :]:
        return f"above for {curve.dim} >= {above[0]}; {_shares(shapes, curve, below[-1], values[0])}"
    if above == values[: len(above)]:
        return f"above for {curve.dim} <= {above[-1]}; {_shares(shapes, curve, below[0], values[-1])}"
    return f"below at {curve.dim} = {listed(below)}, else above"


def _shares(shapes: ShapeMap, curve: ShapeCurve, nearest: int, last: int) -> str:
    """How far it falls: `46 % at 4, 3.1 % at 1`."""
    found = []
    for value in dict.fromkeys((nearest, last)):
        point = curve.points[curve.values.index(value)]
        found.append(f"no mapping at {value}" if point.failure else f"{share_text(shapes, point)} at {value}")
    return ", ".join(found)


def _grid_sheet(shapes: ShapeMap) -> Sheet:
    columns = (Column("M \\ C"), *(Column(str(c)) for c in shapes.channels))
    rows: tuple[Row, ...] = tuple(
        (str(m), *(_number(shapes, shapes.at(m, c), by_energy=shapes.by_energy) for c in shapes.channels))
        for m in reversed(shapes.channels)
    )
    measure = "MACs per joule, % of the map's best" if shapes.by_energy else "MACs per second, % of the peak"
    title = f"{measure}: output channels M by input channels C around {shapes.base}"
    notes = ("x: no mapping fits.",) if any(point.failure for point in shapes.grid) else ()
    return Sheet("flexibility_grid", title, columns, rows, notes=notes)


def _curve_sheet(shapes: ShapeMap, curve: ShapeCurve) -> Sheet:
    """One column per value: MACs per second of the peak, and MACs per joule beside the best of the map."""
    columns = (Column(f"% at {curve.dim} =", right=False), *(Column(str(value)) for value in curve.values))
    best = shapes.best
    rows: list[Row] = [("of the peak", *(_number(shapes, point, by_energy=False) for point in curve.points))]
    if best is not None and best.macs_per_joule:
        rows.append(("MACs/J, of best", *(_number(shapes, point, by_energy=True) for point in curve.points)))
    return Sheet(f"flexibility_{curve.key}", capital(curve.title), columns, tuple(rows))


def _number(shapes: ShapeMap, point: ShapePoint, *, by_energy: bool) -> Cell:
    """In percent, without the sign: MACs per joule of the best, or MACs per second of the peak."""
    if point.failure is not None:
        return Cell("x", point.failure.reason)
    value, best, macs = point.utilization, shapes.best, f"{point.einsum.macs:,} MACs"
    filled = f"{macs} / ({whole(point.cycles)} cycles × {shapes.hardware.peak_macs_per_cycle:,} MACs per cycle)"
    if by_energy:
        value = shapes.of_best(point)
        if value is None or best is None:
            return Cell("-")
        other = f"({best.einsum.macs:,} MACs / {exact(best.energy, 'J')})"
        filled = f"({macs} / {exact(point.energy, 'J')}) / {other} of {shape(best.einsum.dims)}"
    text = share_text(shapes, point) if by_energy == shapes.by_energy else percent(value)
    return Cell(text.removesuffix(" %"), f"{filled} = {text}\nbound by {point.bound_by}")
