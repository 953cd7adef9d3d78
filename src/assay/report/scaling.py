"""How a network scales, as sections: speed and energy over PEs, storage and chips; beside other hardware."""

from __future__ import annotations

from assay.evaluation.results import onchip_bits
from assay.hardware.design import built_of
from assay.metrics.cost import published_area
from assay.metrics.scaling_results import Resource, Scaling, ScalingPoint, ScalingSeries, limiting, scaling_metrics
from assay.reading.figures import exact, fold, number, percent, square, times, whole
from assay.reading.units import NOT_MODELLED, format_bytes, format_si
from assay.reading.words import listed
from assay.report.delivery import TITLE as DELIVERY
from assay.report.delivery import delivery_sheet
from assay.report.evaluation_whys import limit_cell
from assay.report.page import Column
from assay.report.scaling_pictures import against_pictures, speed_pictures, storage_pictures
from assay.report.section import Section
from assay.report.sheet import Cell, Sheet, worked


def scaling_sections(result: Scaling) -> tuple[Section, ...]:
    """In short; one section per resource; the comparison with other hardware, where there is one; notes."""
    sections = [Section("scaling", "In short", metrics=scaling_metrics(result))]
    sections += [_series_section(series) for series in result.series]
    if result.other is not None and result.pairs():
        sections.append(_against_section(result))
    sections.append(Section("scaling_notes", "Notes", text=tuple(f"- {note}" for note in result.notes)))
    return tuple(sections)


def scaling_summary(result: Scaling) -> str:
    """What the size farthest from the hardware as it is brings, of every resource, in a sentence each; and the speed
    over the other hardware, where there is one, at the largest size that both have."""
    sentences = []
    for series in result.series:
        point = series.farthest
        if point.factor == 1:  # the only size
            continue
        speedup, efficiency = series.speedup(point), series.efficiency(point)
        if series.resource is Resource.STORAGE:
            ratio = series.energy_ratio(point)
            if ratio is not None:
                sentences.append(f"{times(point.factor)} the storage: {times(ratio)} the energy per inference.")
        elif speedup is not None and efficiency is not None:
            batch = f" with a batch of {point.batch}" if series.weak else ""
            sentences.append(
                f"{times(point.factor)} the {series.resource}: {times(speedup)} the throughput{batch}, an efficiency "
                f"of {percent(efficiency)} ({limiting(point)})."
            )
        else:
            sentences.append(f"{times(point.factor)} the {series.resource}: {point.reason or NOT_MODELLED}.")
    for own, _, ratio in result.pairs()[-1:]:
        assert result.other is not None
        if ratio is not None:
            other = f"{result.hardware.label} has {times(ratio)} the throughput of {result.other.label}"
            sentences.append(f"With {own.pes:,} PEs each, {other}.")
    return " ".join(sentences)


def _series_section(series: ScalingSeries) -> Section:
    kind = "Weak scaling" if series.weak else "Strong scaling"
    key = f"scaling_{str(series.resource).lower()}"
    if series.resource is Resource.STORAGE:
        return Section(key, "Over storage", sheets=(_storage_sheet(series, key),), pictures=storage_pictures(series))
    text = f"{kind} over {series.resource}"
    batch = "the batch grows with them" if series.weak else f"a batch of {series.base.batch}"
    sheets = (_speed_sheet(series, key, f"{text}, {batch}"), _cost_sheet(series, f"{key}_cost"))
    return Section(key, text, sheets=sheets, pictures=speed_pictures(series, key, text))


def _speed_sheet(series: ScalingSeries, key: str, title: str) -> Sheet:
    columns = (
        Column(str(series.resource), why="asked for"),
        Column("Array", right=False, drop=3, why="sizes of the fanouts of the hardware, from the outside in"),
        Column("Batch", drop=2, why="asked for; with weak scaling, times the factor"),
        Column("Latency", why="of the batch: cycles / clock"),
        Column("Inferences/s", why="batch / latency"),
        Column("Speed-up", why="throughput / throughput of the hardware as it is"),
        Column("Efficiency", why=f"speed-up / factor of the {series.resource}"),
        Column("Used", drop=1, why="MACs done / MACs that the PEs could do in that time"),
        Column("Longest wait", right=False, drop=4, why="what most of the time is spent waiting for, layer by layer"),
    )
    rows = tuple(_speed_row(series, point) for point in series.points)
    return Sheet(key, title, columns, rows, notes=_reasons(series))


def _speed_row(series: ScalingSeries, point: ScalingPoint) -> tuple[str | Cell, ...]:
    speedup, efficiency, found = series.speedup(point), series.efficiency(point), point.evaluation
    latency = format_si(point.latency, "s")
    first = (_amount(series, point), point.shape, f"{point.batch:,}")
    if found is None or point.cycles is None:
        return (*first, Cell(latency, point.reason), *[NOT_MODELLED] * 4, _waits(point))
    macs = sum(layer.einsum.macs for layer in found.mapped if layer.einsum is not None)
    most = point.pes * point.hardware.compute.macs_per_cycle
    return (
        *first,
        worked(f"{point.cycles:,} cycles / {exact(point.hardware.clock, 'Hz')}", latency),
        worked(f"{point.batch:,} / {exact(point.latency, 's')}", number(point.throughput)),
        worked(f"{exact(point.throughput)} / {exact(series.base.throughput)}", fold(speedup)),
        worked(f"{exact(speedup)} / {number(point.factor)}", percent(efficiency)),
        worked(f"{macs:,} / ({most:,} × {point.cycles:,})", percent(point.utilization)),
        _waits(point),
    )


def _cost_sheet(series: ScalingSeries, key: str) -> Sheet:
    columns = (
        Column(str(series.resource), why="asked for"),
        Column("Energy per\ninference", why="energy of the batch / batch, off-chip memory included"),
        Column("Area", why="of the components on the chip that have one, all instances"),
        Column("Inferences/s\nper PE", drop=1, why="inferences/s / PEs"),
        Column("Inferences/s\nper mm2", why="inferences/s / area in mm2"),
        Column("Inferences/J\nper mm2", drop=2, why="1 / (energy per inference in J × area in mm2)"),
    )
    rows = tuple(_cost_row(series, point) for point in series.points)
    evaluation = series.base.evaluation
    without = () if evaluation is None else evaluation.static.area.without
    notes = (f"Area is that of what is modelled; it is without {', '.join(without)}.",) if without else ()
    printed = None if evaluation is None else published_area(evaluation.hardware)
    if printed is not None and isinstance(printed.value, float):
        published = f"the scorecard of the chip as it is has the published {square(printed.value, 4)}"
        notes = (*notes, f"Here it is what the components take, as that can grow; {published}.")
    return Sheet(key, "Energy, and what a unit of cost brings", columns, rows, notes=notes)


def _cost_row(series: ScalingSeries, point: ScalingPoint) -> tuple[str | Cell, ...]:
    energy, rate = exact(point.energy, "J"), exact(point.throughput)
    area = exact(None if point.area is None else 1e6 * point.area)
    return (
        _amount(series, point),
        _joules(point),
        _area(point),
        _filled(f"{rate} / {point.pes:,}", point.per_pe),
        _filled(f"{rate} / {area}", point.per_area, 1e-6),
        _filled(f"1 / ({energy} × {area})", point.per_joule_area, 1e-6),
    )


def _filled(formula: str, value: float | None, scale: float = 1.0) -> Cell:
    text = number(None if value is None else value * scale)
    return Cell(text) if value is None else worked(formula, text)


def _joules(point: ScalingPoint) -> Cell:
    text = format_si(point.energy, "J")
    if point.evaluation is None or point.evaluation.energy is None:
        return Cell(text, point.reason)
    return worked(f"{exact(point.evaluation.energy, 'J')} / {point.batch:,}", text)


def _area(point: ScalingPoint) -> Cell:
    """The sum of what the components take."""
    text = square(point.area)
    if point.area is None:
        return Cell(text)
    built = [each for each in built_of(point.hardware) if not each.offchip and each.area.value is not None]
    parts = [f"{each.name}  {square(each.area.value, 6)}" for each in built]
    return Cell(text, "\n".join([*parts, f"sum = {text}"]))


def _storage_sheet(series: ScalingSeries, key: str) -> Sheet:
    columns = (
        Column("Times", why="asked for: of the memories on the chip outside of the array"),
        Column("Storage", why="sizes of all memories on the chip, all instances"),
        Column("Energy per\ninference", why="energy of the batch / batch, off-chip memory included"),
        Column("Ratio", why="energy per inference / energy per inference of the hardware as it is"),
        Column("Off-chip per\ninference", why="bits read and written / 8 / batch"),
        Column("Over the\nleast", drop=1, why="off-chip traffic / that if each word of a layer moved once"),
        Column("Latency", drop=2, why="of the batch: cycles / clock"),
        Column("Area", drop=3, why="of the components on the chip that have one, all instances"),
    )
    rows = tuple(_storage_row(series, point) for point in series.points)
    title = f"Storage on the chip, a batch of {series.base.batch}"
    return Sheet(key, title, columns, rows, notes=_reasons(series))


def _storage_row(series: ScalingSeries, point: ScalingPoint) -> tuple[str | Cell, ...]:
    first = (number(point.factor), format_bytes(onchip_bits(point.hardware)), _joules(point))
    moved, over, ratio, base = point.offchip_bits, point.over_least, series.energy_ratio(point), series.base.energy
    cells: list[Cell] = []
    text = NOT_MODELLED if ratio is None else f"{ratio:.4f}"
    cells.append(Cell(text) if ratio is None else worked(f"{exact(point.energy, 'J')} / {exact(base, 'J')}", text))
    text = NOT_MODELLED if moved is None else format_si(moved / 8, "B")
    cells.append(Cell(text) if moved is None else worked(f"{moved:,.10g} / 8", text))
    text = NOT_MODELLED if over is None else f"{over:.3f} x"
    cells.append(Cell(text) if over is None else worked(f"{moved:,.10g} / {point.least_bits:,}", text))
    text = format_si(point.latency, "s")
    cycles = None if point.cycles is None else f"{point.cycles:,} cycles / {exact(point.hardware.clock, 'Hz')}"
    cells.append(Cell(text) if cycles is None else worked(cycles, text))
    return (*first, *cells, _area(point))


def _amount(series: ScalingSeries, point: ScalingPoint) -> str:
    return f"{point.pes if series.resource is Resource.PES else int(point.factor):,}"


def _against_section(result: Scaling) -> Section:
    """Both chips with as many PEs."""
    assert result.other is not None
    columns = (
        Column("PEs", why="asked for, of both"),
        Column(f"Cycles,\n{result.hardware.name}", why="sum over the layers"),
        Column(f"Cycles,\n{result.other.name}", why="sum over the layers"),
        Column("Speed-up", why="throughput / its throughput"),
        Column("Scaling of\nthe first", drop=2, why="throughput / throughput of the hardware as it is"),
        Column("Scaling of\nthe other", drop=1, why="throughput / throughput of the hardware as it is"),
    )
    own, others = result.series[0], result.against[0]
    rows = tuple(
        (
            f"{a.pes:,}",
            whole(a.cycles),
            whole(b.cycles),
            _ratio(a.throughput, b.throughput, ratio),
            _ratio(a.throughput, own.base.throughput, own.speedup(a)),
            _ratio(b.throughput, others.base.throughput, others.speedup(b)),
        )
        for a, b, ratio in result.pairs()
    )
    title = f"{result.hardware.label} beside {result.other.label}, as many PEs each"
    bases = ((result.hardware.label, own.base.evaluation), (result.other.label, others.base.evaluation))
    sizes = listed(dict.fromkeys(f"{series.base.pes:,}" for series in (own, others)))
    delivery = delivery_sheet(
        [(label, found) for label, found in bases if found is not None], f"{DELIVERY}, as they are: {sizes} PEs"
    )
    sheets = (Sheet("scaling_against", title, columns, rows), delivery)
    return Section("scaling_against", "Beside each other", sheets=sheets, pictures=against_pictures(result))


def _reasons(series: ScalingSeries) -> tuple[str, ...]:
    return tuple(f"{times(p.factor)}: {p.reason}." for p in series.points if p.reason)


def _waits(point: ScalingPoint) -> str | Cell:
    limit, found = point.limit, point.evaluation
    if limit is None or found is None:
        return point.reason and "no mapping"
    return limit_cell(f"{limit[0]} {percent(limit[1])}", found, limit)


def _ratio(one: float | None, other: float | None, ratio: float | None) -> Cell:
    text = fold(ratio)
    return Cell(text) if ratio is None else worked(f"{exact(one)} / {exact(other)}", text)
