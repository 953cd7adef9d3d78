"""How a network scales, as sections: speed and energy over PEs, storage and chips; beside other hardware."""

from __future__ import annotations

from assay.evaluation.results import onchip_bits
from assay.metrics.cost import published_area
from assay.metrics.scaling_results import Point, Resource, Scaling, Series, limiting, scaling_metrics
from assay.reading.units import format_bytes, format_si
from assay.report.charts import Axis, Curve, curves, grouped_bars
from assay.report.charts import Series as Bars
from assay.report.figures import NOT_MODELLED, percent, square
from assay.report.page import Column
from assay.report.pictures import Picture
from assay.report.section import Section
from assay.report.sheet import Cell, Sheet


def scaling_sections(result: Scaling) -> tuple[Section, ...]:
    """In short; one section per resource; the comparison with other hardware, where there is one; notes."""
    sections = [Section("scaling", "In short", metrics=scaling_metrics(result))]
    sections += [_series_section(series) for series in result.series]
    if result.other is not None and result.pairs():
        sections.append(_against_section(result))
    sections.append(Section("scaling_notes", "Notes", text=tuple(f"- {note}" for note in result.notes)))
    return tuple(sections)


def scaling_summary(result: Scaling) -> str:
    """What the size farthest from the hardware as it is brings, of every resource, in a sentence each."""
    sentences = []
    for series in result.series:
        point = series.farthest
        speedup, efficiency = series.speedup(point), series.efficiency(point)
        if series.resource is Resource.STORAGE:
            ratio = series.energy_ratio(point)
            if ratio is not None:
                sentences.append(f"{_times(point)} the storage: {ratio:.3g} times the energy per inference.")
        elif speedup is not None and efficiency is not None:
            batch = f" with a batch of {point.batch}" if series.weak else ""
            sentences.append(
                f"{_times(point)} the {series.resource}: {_speed(speedup)} the throughput{batch}, an efficiency of "
                f"{percent(efficiency)} ({limiting(point)})."
            )
        else:
            sentences.append(f"{_times(point)} the {series.resource}: {point.reason or NOT_MODELLED}.")
    return " ".join(sentences)


def _series_section(series: Series) -> Section:
    kind = "Weak scaling" if series.weak else "Strong scaling"
    key = f"scaling_{str(series.resource).lower()}"
    if series.resource is Resource.STORAGE:
        return Section(key, "Over storage", sheets=(_storage_sheet(series, key),), pictures=_storage_pictures(series))
    text = f"{kind} over {series.resource}"
    batch = "the batch grows with them" if series.weak else f"a batch of {series.base.batch}"
    sheets = (_speed_sheet(series, key, f"{text}, {batch}"), _cost_sheet(series, f"{key}_cost"))
    return Section(key, text, sheets=sheets, pictures=_speed_pictures(series, key, text))


def _speed_sheet(series: Series, key: str, title: str) -> Sheet:
    columns = (
        Column(str(series.resource)),
        Column("Array", right=False, drop=3),
        Column("Batch", drop=2),
        Column("Latency"),
        Column("Inferences/s"),
        Column("Speed-up"),
        Column("Efficiency"),
        Column("Used", drop=1),
        Column("Longest wait", right=False, drop=4),
    )
    rows = []
    for point in series.points:
        amount = point.pes if series.resource is Resource.PES else int(point.factor)
        speedup, efficiency = series.speedup(point), series.efficiency(point)
        rows.append(
            (
                f"{amount:,}",
                point.shape,
                f"{point.batch:,}",
                Cell(format_si(point.latency, "s"), point.reason),
                Cell(_number(point.throughput), "batch / latency"),
                Cell(_speed(speedup), "throughput / throughput of the hardware as it is"),
                Cell(_share(efficiency), f"speed-up / {float(point.factor):g}"),
                Cell(_share(point.utilization), "MACs done / MACs that the PEs could do"),
                _waits(point),
            )
        )
    return Sheet(key, title, columns, tuple(rows), notes=_reasons(series))


def _cost_sheet(series: Series, key: str) -> Sheet:
    columns = (
        Column(str(series.resource)),
        Column("Energy per\ninference"),
        Column("Area"),
        Column("Inferences/s\nper PE", drop=1),
        Column("Inferences/s\nper mm2"),
        Column("Inferences/J\nper mm2", drop=2),
    )
    rows = tuple(
        (
            f"{point.pes if series.resource is Resource.PES else int(point.factor):,}",
            Cell(format_si(point.energy, "J"), "energy of the batch / batch, off-chip memory included"),
            Cell(square(point.area), "of the components on the chip that have one, all instances"),
            Cell(_number(None if point.throughput is None else point.throughput / point.pes), "inferences/s / PEs"),
            Cell(_number(None if point.per_area is None else point.per_area * 1e-6), "inferences/s / area"),
            Cell(
                _number(None if point.per_joule_area is None else point.per_joule_area * 1e-6),
                "1 / (energy per inference × area)",
            ),
        )
        for point in series.points
    )
    evaluation = series.base.evaluation
    without = () if evaluation is None else evaluation.static.area.without
    notes = (f"Area is that of what is modelled; it is without {', '.join(without)}.",) if without else ()
    printed = None if evaluation is None else published_area(evaluation.hardware)
    if printed is not None and isinstance(printed.value, float):
        published = f"the scorecard of the chip as it is has the published {1e6 * printed.value:.4g} mm2"
        notes = (*notes, f"Here it is what the components take, as that can grow; {published}.")
    return Sheet(key, "Energy, and what a unit of cost brings", columns, rows, notes=notes)


def _storage_sheet(series: Series, key: str) -> Sheet:
    columns = (
        Column("Times"),
        Column("Storage"),
        Column("Energy per\ninference"),
        Column("Ratio"),
        Column("Off-chip per\ninference"),
        Column("Over the\nleast", drop=1),
        Column("Latency", drop=2),
        Column("Area", drop=3),
    )
    rows = []
    for point in series.points:
        least, moved = point.least_bits, point.offchip_bits
        over = moved / least if least and moved is not None else None
        ratio = series.energy_ratio(point)
        rows.append(
            (
                f"{float(point.factor):g}",
                format_bytes(onchip_bits(point.hardware)),
                Cell(format_si(point.energy, "J"), point.reason),
                NOT_MODELLED if ratio is None else f"{ratio:.4f}",
                NOT_MODELLED if moved is None else format_si(moved / 8, "B"),
                Cell(NOT_MODELLED if over is None else f"{over:.3f} x", "1 x: each word of a layer moves once"),
                format_si(point.latency, "s"),
                square(point.area),
            )
        )
    title = f"Storage on the chip, a batch of {series.base.batch}"
    return Sheet(key, title, columns, tuple(rows), notes=_reasons(series))


def _against_section(result: Scaling) -> Section:
    """Both chips with as many PEs."""
    assert result.other is not None
    columns = (
        Column("PEs"),
        Column(f"Cycles,\n{result.hardware.name}"),
        Column(f"Cycles,\n{result.other.name}"),
        Column("Speed-up"),
        Column("Scaling of\nthe first", drop=2),
        Column("Scaling of\nthe other", drop=1),
    )
    own, others = result.series[0], result.against[0]
    rows = tuple(
        (
            f"{a.pes:,}",
            NOT_MODELLED if a.cycles is None else f"{a.cycles:,}",
            NOT_MODELLED if b.cycles is None else f"{b.cycles:,}",
            _speed(ratio),
            _speed(own.speedup(a)),
            _speed(others.speedup(b)),
        )
        for a, b, ratio in result.pairs()
    )
    title = f"{result.hardware.label} beside {result.other.label}, as many PEs each"
    known = [(a, b, ratio) for a, b, ratio in result.pairs() if ratio is not None]
    labels = [f"{a.pes:,} PEs" for a, _, _ in known]
    bars = grouped_bars(
        "scaling_against",
        f"Throughput of {result.hardware.label} over {result.other.label}",
        labels,
        (Bars("speed-up", tuple(ratio for _, _, ratio in known)),),
        Axis("speed-up", logarithmic=True, low=1.0),
    )
    lines = [
        Curve(chip.label, tuple((p.pes, s) for p in found.points if (s := _over(p, others.base)) is not None))
        for chip, found in ((result.hardware, own), (result.other, others))
    ]
    both = curves(
        "scaling_both",
        f"Throughput over {result.other.label} as it is",
        lines,
        Axis("PEs", logarithmic=True, base=2),
        Axis("throughput", logarithmic=True),
    )
    return Section(
        "scaling_against", "Beside each other", sheets=(Sheet("scaling_against", title, columns, rows),),
        pictures=(bars, both),
    )  # fmt: skip


def _speed_pictures(series: Series, key: str, title: str) -> tuple[Picture, ...]:
    known = [(point, speed) for point in series.points if (speed := series.speedup(point)) is not None]
    if len(known) < 2:
        return ()
    ends = (known[0][0], known[-1][0])
    amount = {point: float(point.factor) for point, _ in known}
    if series.resource is Resource.PES:
        amount = {point: float(point.pes) for point, _ in known}
    ideal = Curve("linear", tuple((amount[p], float(p.factor)) for p in ends), "#7F7F7F", marks=False, dashed=True)
    faster = Curve("speed-up", tuple((amount[point], value) for point, value in known))
    x = Axis(str(series.resource), logarithmic=True, base=2)
    efficiency = tuple((amount[p], e) for p, _ in known if (e := series.efficiency(p)) is not None)
    used = tuple((amount[p], u) for p, _ in known if (u := p.utilization) is not None)
    shares = [Curve("efficiency", efficiency), Curve("share of the PEs' peak", used)]
    top = max(1.05, *(1.05 * value for _, value in efficiency))
    return (
        curves(key, f"{title}: speed-up", [faster, ideal], x, Axis("speed-up", logarithmic=True, base=2)),
        curves(f"{key}_efficiency", f"{title}: efficiency", shares, x, Axis("share", "%", low=0.0, high=top)),
    )


def _storage_pictures(series: Series) -> tuple[Picture, ...]:
    """None where a memory on the chip has no stated size."""
    if any(_kibibytes(point) is None for point in series.points):
        return ()

    def size(point: Point) -> float:
        found = _kibibytes(point)
        assert found is not None
        return found

    known = [(point, energy) for point in series.points if (energy := point.energy) is not None]
    moved = [(point, bits) for point in series.points if (bits := point.offchip_bits) is not None]
    x = Axis("storage (KiB)", logarithmic=True, base=2)
    pictures = []
    if len(known) > 1:
        line = Curve("", tuple((size(p), energy) for p, energy in known))
        y = Axis("energy per inference", "J", low=0.0, high=1.1 * max(energy for _, energy in known))
        pictures.append(curves("scaling_storage", "Energy per inference over storage", [line], x, y))
    if len(moved) > 1 and (least := series.base.least_bits):
        ends = (moved[0][0], moved[-1][0])
        lines = [
            Curve("off-chip traffic", tuple((size(p), bits / 8) for p, bits in moved)),
            Curve(
                "every word of every layer once",
                tuple((size(p), least / 8) for p in ends), "#7F7F7F", marks=False, dashed=True,
            ),
        ]  # fmt: skip
        top = 1.1 * max(bits for _, bits in moved) / 8
        y = Axis("off-chip traffic per inference", "B", low=0.0, high=top)
        pictures.append(curves("scaling_storage_traffic", "Off-chip traffic over storage", lines, x, y))
    return tuple(pictures)


def _over(point: Point, base: Point) -> float | None:
    return None if point.throughput is None or not base.throughput else point.throughput / base.throughput


def _kibibytes(point: Point) -> float | None:
    """Of all memories on the chip; None where one has no stated size."""
    bits = onchip_bits(point.hardware)
    return None if bits is None else bits / 8192


def _reasons(series: Series) -> tuple[str, ...]:
    return tuple(f"{float(p.factor):g} times: {p.reason}." for p in series.points if p.reason)


def _waits(point: Point) -> str:
    limit = point.limit
    return point.reason and "no mapping" if limit is None else f"{limit[0]} {percent(limit[1])}"


def _times(point: Point) -> str:
    return f"{float(point.factor):g} times"


def _share(value: float | None) -> str:
    return NOT_MODELLED if value is None else percent(value)


def _speed(value: float | None) -> str:
    """`17.9 x`, `1,086.7 x`."""
    if value is None:
        return NOT_MODELLED
    return f"{value:.3g} x" if value < 0.1 else f"{value:,.2f} x" if value < 10 else f"{value:,.1f} x"


def _number(value: float | None) -> str:
    """Three digits."""
    if value is None:
        return NOT_MODELLED
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 1000 else f"{rounded:g}"
