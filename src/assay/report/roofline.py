"""The roofline as people read it: a table and a picture per memory and network; the tightened roofs of the layers."""

from __future__ import annotations

from fractions import Fraction

from assay.metrics.eyexam_steps import Key, LayerEyexam
from assay.metrics.metric import Basis, Metric, Operand
from assay.metrics.roofline import SOURCE, Point, Roof, Roofline
from assay.report.eyexam import file_name, rate
from assay.report.figures import NOT_MODELLED, plural, short
from assay.report.page import Column
from assay.report.pictures import Picture
from assay.report.roofline_pictures import roofline_picture, tightened_picture
from assay.report.section import Section
from assay.report.sheet import Cell, Row, Sheet

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
    ridge = ("Ridge", "", *(NOT_MODELLED if roof.ridge is None else _plain(roof.ridge) for roof in result.roofs))
    notes = (
        "Bytes are all that go through the ports of all instances, in and out, under the mapping that is taken.",
        "Ridge: from there on the roof is the peak, below it the slope; not modelled where no limit is known.",
    )
    sheet = Sheet("roofline_intensity", "Operational intensity in MACs per byte", columns, rows, (ridge,), notes)
    return Section("intensity", "Operational intensity", sheets=(sheet,))


def _heading(roof: Roof) -> str:
    return roof.name.replace(" (", "\n(")


def _intensity_row(result: Roofline, layer: LayerEyexam) -> Row:
    cells: list[str | Cell] = []
    for roof in result.roofs:
        point = next((each for each in roof.points if each.name == layer.name), None)
        why = "" if point is None else f"{point.macs:,} MACs / {_whole(point.bits / 8)} B"
        cells.append("-" if point is None else Cell(_plain(point.intensity), why))
    return (layer.name, short(layer.layer.macs), *cells)


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
    rows = tuple(_point_row(point) for point in roof.points)
    title = f"Layers under the roof of {roof.name}"
    picture = roofline_picture(f"roofline-{file_name(roof.key)}", f"{roof.name}: {result.title}", roof)
    sheet = Sheet(f"roofline_{roof.key}", title, columns, rows)
    return Section(f"roof-{roof.key}", f"Roofline of {roof.name}", (), _roof_metrics(roof), (sheet,), (picture,))


def _point_row(point: Point) -> Row:
    moved = f"{point.macs:,} MACs / {float(point.bits / 8):,.6g} B through the ports of all instances"
    roof = f"the less of the peak, {point.peak:,} MACs/cycle"
    if point.whole is not None and point.bandwidth is not None:
        slope = f"{float(point.intensity):.6g} MACs/B"
        full = f"{roof}, and {float(point.whole / 8):.6g} B/cycle × {slope}"
        tight = (
            f"the less of step 5 of Eyexam, and {float(point.bandwidth / 8):.6g} B/cycle of active instances × {slope}"
        )
    else:
        full = tight = roof
    return (
        point.name,
        Cell(_plain(point.intensity), moved),
        Cell(rate(point.ceiling), full),
        "slope" if point.bound == "bandwidth" else "peak",
        Cell(f"{point.instances:,}", "instances that get work, under the mapping that is taken"),
        Cell(rate(point.tight_ceiling), tight),
        Cell(rate(point.attained), _reached(point.layer)),
    )


def _reached(layer: LayerEyexam) -> str:
    """Where the last step of Eyexam is from."""
    step = layer.attained
    return f"step {step.number} of Eyexam: {step.macs:,} MACs / {step.cycles:,} cycles"


def _roof_metrics(roof: Roof) -> tuple[Metric, ...]:
    assert roof.bandwidth is not None
    assert roof.ridge is not None
    per_cycle = float(roof.bandwidth / 8)
    note = "" if roof.instances == 1 else f"{roof.instances:,} instances together"
    bandwidth = Metric(
        "bandwidth", "Bandwidth", per_cycle, "B/cycle", Basis.SPECIFIED, source="the hardware file", note=note
    )
    operands = (Operand("peak", roof.peak, "MACs/cycle"), Operand("bandwidth", per_cycle, "B/cycle"))
    ridge = Metric(
        "ridge",
        "Ridge point",
        float(roof.ridge),
        "MACs/B",
        Basis.CALCULATED,
        "peak / bandwidth",
        operands,
        SOURCE,
    )
    return bandwidth, ridge


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
        Cell(rate(step.bound), f"{step.macs:,} MACs / {step.cycles:,} cycles. {step.cause}".strip())
        for key in TIGHTENING
        if (step := layer.step(key)) is not None and step.cycles is not None
    ]
    active = Cell(f"{layer.chosen.active_pes:,}", "PEs that get work, under the mapping that is taken")
    reached = layer.attained.bound
    lowest = result.lowest(layer)
    if lowest is None or lowest.tight_ceiling is None:
        return (layer.name, *bounds, active, NOT_MODELLED, bounds[-1], Cell(rate(reached), _reached(layer)), "")
    assert reached is not None
    share = f"{float(100 * reached / lowest.tight_ceiling):.1f} %"
    storage = layer.step(Key.STORAGE)
    flat = storage is not None and lowest.tight_ceiling == storage.bound
    name = "none" if flat else result.roof_of(lowest).name
    roof = Cell(rate(lowest.tight_ceiling), "the least of step 5 and the slopes of all memories and networks")
    beside = Cell(share, "reached / tightened roof")
    return (layer.name, *bounds, active, name, roof, Cell(rate(reached), _reached(layer)), beside)


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


def _plain(value: Fraction) -> str:
    number = float(value)
    return short(number) if number >= 1e4 else f"{number:.3g}" if number < 1000 else f"{number:,.0f}"


def _whole(value: Fraction) -> str:
    return f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.1f}"
