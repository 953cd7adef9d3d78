"""The roofline as people read it: a table and a picture per memory and network; the tightened roofs of the layers."""

from __future__ import annotations

from assay.metrics.eyexam_steps import Key, LayerEyexam
from assay.metrics.roofline import Roof, Roofline, RoofPoint, roof_metrics
from assay.reading.figures import compact, exact, per_cycle, percent
from assay.reading.units import NOT_MODELLED
from assay.reading.words import plural
from assay.report.evaluation_whys import macs_cell, pes_cell
from assay.report.eyexam import file_name
from assay.report.page import Column
from assay.report.pictures import Picture
from assay.report.roofline_pictures import roofline_picture, tightened_picture
from assay.report.section import Section
from assay.report.sheet import Cell, Row, Sheet, worked

MOST_PICTURES = 12
"""Layers with a tightened roofline of their own: those that take most cycles."""
TIGHTENING = (Key.PES, Key.ARRAY, Key.STORAGE)


def roofline_sections(result: Roofline) -> tuple[Section, ...]:
    """The roofs, one after another from the outside in; then what tightens them layer by layer."""
    roofs = tuple(_roof_section(result, roof) for roof in result.limited)
    return (_intensity_section(result), *roofs, _tightened_section(result))


def roofline_summary(result: Roofline) -> str:
    """`2 of 8 layers lie under the slope of dram, ...`"""
    layers = result.eyexam.layers
    peak = f"The roof is {result.hardware.peak_macs_per_cycle:,} MACs/cycle"
    counts = [(roof, sum(point.bound == "bandwidth" for point in roof.points)) for roof in result.limited]
    found = [f"{count} under the slope of {roof.name}" for roof, count in counts if count]
    if not result.limited:
        return f"{peak}; no bandwidth is modelled."
    return f"{peak}; of {plural(len(layers), 'layer')}, {', '.join(found) or 'none lies under a slope'}."


def _intensity_section(result: Roofline) -> Section:
    """MACs per byte of every layer at every level."""
    columns = (
        Column("Layer", right=False),
        Column("MACs", drop=len(result.roofs) + 1),
        *(Column(_heading(roof), drop=len(result.roofs) - place) for place, roof in enumerate(result.roofs)),
    )
    rows = tuple(_intensity_row(result, layer) for layer in result.eyexam.layers)
    ridge = ("Ridge", "", *(_ridge(roof) for roof in result.roofs))
    notes = (
        "Bytes are all that go through the ports of all instances, in and out, under the mapping that is taken.",
        "Ridge: from there on the roof is the peak, below it the slope; not modelled where no limit is known.",
    )
    sheet = Sheet("roofline_intensity", "Operational intensity in MACs per byte", columns, rows, (ridge,), notes)
    return Section("intensity", "Operational intensity", sheets=(sheet,))


def _ridge(roof: Roof) -> str | Cell:
    if roof.bandwidth is None:
        return NOT_MODELLED
    return worked(f"{roof.peak:,} MACs/cycle / {exact(roof.bandwidth / 8)} B/cycle", compact(roof.ridge))


def _heading(roof: Roof) -> str:
    return roof.name.replace(" (", "\n(")


def _intensity_row(result: Roofline, layer: LayerEyexam) -> Row:
    cells: list[str | Cell] = []
    for roof in result.roofs:
        point = next((each for each in roof.points if each.name == layer.name), None)
        cells.append("-" if point is None else _intensity(point))
    return (layer.name, macs_cell(layer.chosen), *cells)


def _intensity(point: RoofPoint) -> Cell:
    moved = f"{exact(point.bits / 8)} B through the ports of all instances"
    return worked(f"{point.macs:,} MACs / {moved}", compact(point.intensity))


def _roof_section(result: Roofline, roof: Roof) -> Section:
    columns = (
        Column("Layer", right=False),
        Column("MACs\nper byte"),
        Column("Roof\n(MACs/cycle)"),
        Column("Under\nits", right=False, drop=2),
        Column("Active\ninstances", drop=1),
        Column("Tightened\nroof"),
        Column("Reached"),
    )
    rows = tuple(_point_row(roof, point) for point in roof.points)
    title = f"Layers under the roof of {roof.name}"
    picture = roofline_picture(f"roofline-{file_name(roof.key)}", f"{roof.name}: {result.title}", roof)
    sheet = Sheet(f"roofline_{roof.key}", title, columns, rows)
    return Section(f"roof-{roof.key}", f"Roofline of {roof.name}", (), roof_metrics(roof), (sheet,), (picture,))


def _point_row(roof: Roof, point: RoofPoint) -> Row:
    peak = f"{point.peak:,} MACs/cycle at the peak"
    full = tight = peak
    if point.whole is not None and point.bandwidth is not None:
        slope = f"{exact(point.intensity)} MACs/B"
        full = f"min({peak}, {exact(point.whole / 8)} B/cycle × {slope})"
        active = f"{exact(point.bandwidth / 8)} B/cycle of active instances × {slope}"
        tight = f"min({per_cycle(point.storage)} MACs/cycle of step 5 of Eyexam, {active})"
    return (
        point.name,
        _intensity(point),
        worked(full, per_cycle(point.ceiling)),
        "slope" if point.bound == "bandwidth" else "peak",
        Cell(
            f"{point.instances:,}",
            f"{point.instances:,} of {roof.instances:,} get work, under the mapping that is taken",
        ),
        worked(tight, per_cycle(point.tight_ceiling)),
        _reached(point.layer),
    )


def _reached(layer: LayerEyexam) -> Cell:
    """Where the last step of Eyexam is from."""
    step = layer.attained
    text = per_cycle(step.bound)
    return Cell(text, f"step {step.number} of Eyexam\n{step.macs:,} MACs / {step.cycles:,} cycles = {text}")


def _tightened_section(result: Roofline) -> Section:
    columns = (
        Column("Layer", right=False),
        Column("PEs\n(step 3)", drop=2),
        Column("Array\n(step 4)"),
        Column("Storage\n(step 5)"),
        Column("Active\nPEs", drop=3),
        Column("Lowest slope", right=False),
        Column("Tightened\nroof"),
        Column("Reached"),
        Column("Of the roof", drop=1),
    )
    rows = tuple(_tight_row(result, layer) for layer in result.eyexam.layers)
    note = (
        "The roof of a layer is the bound of step 5, or the bandwidth of the active instances times its intensity "
        "where that is less. The mapping that is taken may do less than either: it has to serve all of them."
    )
    sheet = Sheet("roofline_tight", "The roof of each layer in MACs/cycle", columns, rows, notes=(note,))
    return Section("tightened", "Tightened roofline", sheets=(sheet,), pictures=_pictures(result))


def _tight_row(result: Roofline, layer: LayerEyexam) -> Row:
    bounds = [
        Cell(
            per_cycle(step.bound),
            f"{step.macs:,} MACs / {step.cycles:,} cycles = {per_cycle(step.bound)}\n{step.cause}",
        )
        for key in TIGHTENING
        if (step := layer.step(key)) is not None and step.cycles is not None
    ]
    active = pes_cell(layer.chosen)
    lowest = result.lowest(layer)
    if lowest is None or lowest.tight_ceiling is None:
        return (layer.name, *bounds, active, NOT_MODELLED, bounds[-1], _reached(layer), "")
    name = "none" if lowest.tight_ceiling == lowest.storage else result.roof_of(lowest).name
    slopes = [
        f"{roof.name} {exact(point.bandwidth / 8)} B/cycle × {exact(point.intensity)} MACs/B"
        for roof in result.limited
        for point in roof.points
        if point.name == layer.name and point.bandwidth is not None
    ]
    text = per_cycle(lowest.tight_ceiling)
    least = ",\n    ".join([f"min({per_cycle(lowest.storage)} MACs/cycle of step 5", *slopes])
    both = f"{exact(lowest.attained)} / {exact(lowest.tight_ceiling)} MACs/cycle"
    share = worked(both, percent(lowest.share))
    return (layer.name, *bounds, active, name, worked(f"{least})", text), _reached(layer), share)


def _pictures(result: Roofline) -> tuple[Picture, ...]:
    shapes = {layer.einsum: layer for layer in reversed(result.eyexam.layers)}
    most = sorted(shapes.values(), key=lambda layer: -(layer.attained.cycles or 0))[:MOST_PICTURES]
    order = {layer.name: place for place, layer in enumerate(result.eyexam.layers)}
    pictures = []
    for layer in sorted(most, key=lambda layer: order[layer.name]):
        lowest = result.lowest(layer)
        if lowest is not None:
            key = f"roofline-tight-{file_name(layer.name)}"
            pictures.append(tightened_picture(key, layer, result.roof_of(lowest), lowest))
    return tuple(pictures)
