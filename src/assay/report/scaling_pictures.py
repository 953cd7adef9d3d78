"""Pictures of scaling: speed-up and efficiency, energy and traffic over storage, two chips beside each other."""

from __future__ import annotations

from collections.abc import Iterable

from assay.evaluation.results import onchip_bits
from assay.metrics.scaling_results import Resource, Scaling, ScalingPoint, ScalingSeries
from assay.report.chart_axes import ChartAxis
from assay.report.charts import BarSeries, Curve, curves, grouped_bars
from assay.report.pictures import Picture

MOST_TICKS = 12
"""Along an axis."""


def against_pictures(result: Scaling) -> tuple[Picture, ...]:
    """The speed of one chip over that of the other, and both over the other as it is."""
    assert result.other is not None
    known = [(a, b, ratio) for a, b, ratio in result.pairs() if ratio is not None]
    labels = [f"{a.pes:,} PEs" for a, _, _ in known]
    bars = grouped_bars(
        "scaling_against",
        f"Throughput of {result.hardware.label} over {result.other.label}",
        labels,
        (BarSeries("speed-up", tuple(ratio for _, _, ratio in known)),),
        ChartAxis("speed-up", logarithmic=True, low=1.0),
    )
    lines = [
        Curve(chip.label, tuple((float(point.pes), ratio) for point, ratio in points))
        for chip, points in result.relative()
    ]
    both = curves(
        "scaling_both",
        f"Throughput over {result.other.label} as it is",
        lines,
        ChartAxis("PEs", logarithmic=True, base=2, ticks=_ticks(x for line in lines for x, _ in line.points)),
        ChartAxis("throughput", logarithmic=True),
    )
    return bars, both


def speed_pictures(series: ScalingSeries, key: str, title: str) -> tuple[Picture, ...]:
    known = [(point, speed) for point in series.points if (speed := series.speedup(point)) is not None]
    if len(known) < 2:
        return ()
    ends = (known[0][0], known[-1][0])
    amount = {point: float(point.factor) for point, _ in known}
    if series.resource is Resource.PES:
        amount = {point: float(point.pes) for point, _ in known}
    ideal = Curve("linear", tuple((amount[p], float(p.factor)) for p in ends), "#7F7F7F", marks=False, dashed=True)
    faster = Curve("speed-up", tuple((amount[point], value) for point, value in known))
    x = ChartAxis(str(series.resource), logarithmic=True, base=2, ticks=_ticks(amount.values()))
    efficiency = tuple((amount[p], e) for p, _ in known if (e := series.efficiency(p)) is not None)
    used = tuple((amount[p], u) for p, _ in known if (u := p.utilization) is not None)
    shares = [Curve("efficiency", efficiency), Curve("share of the PEs' peak", used)]
    top = max(1.05, *(1.05 * value for _, value in efficiency))
    return (
        curves(key, f"{title}: speed-up", [faster, ideal], x, ChartAxis("speed-up", logarithmic=True, base=2)),
        curves(f"{key}_efficiency", f"{title}: efficiency", shares, x, ChartAxis("share", "%", low=0.0, high=top)),
    )


def storage_pictures(series: ScalingSeries) -> tuple[Picture, ...]:
    """None where a memory on the chip has no stated size."""
    if any(_kibibytes(point) is None for point in series.points):
        return ()

    def size(point: ScalingPoint) -> float:
        found = _kibibytes(point)
        assert found is not None
        return found

    known = [(point, energy) for point in series.points if (energy := point.energy) is not None]
    moved = [(point, bits) for point in series.points if (bits := point.offchip_bits) is not None]
    x = ChartAxis("storage (KiB)", logarithmic=True, base=2)
    pictures = []
    if len(known) > 1:
        line = Curve("", tuple((size(p), energy) for p, energy in known))
        y = ChartAxis("energy per inference", "J", low=0.0, high=1.1 * max(energy for _, energy in known))
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
        y = ChartAxis("off-chip traffic per inference", "B", low=0.0, high=top)
        pictures.append(curves("scaling_storage_traffic", "Off-chip traffic over storage", lines, x, y))
    return tuple(pictures)


def _ticks(amounts: Iterable[float]) -> tuple[float, ...]:
    """The amounts themselves, without those too near to the one before for both to be read."""
    found = sorted(set(amounts))
    least = (found[-1] / found[0]) ** (1 / MOST_TICKS) if found else 1.0
    ticks: list[float] = []
    for amount in found:
        if not ticks or amount >= ticks[-1] * least:
            ticks.append(amount)
    return tuple(ticks)


def _kibibytes(point: ScalingPoint) -> float | None:
    """Of all memories on the chip; None where one has no stated size."""
    bits = onchip_bits(point.hardware)
    return None if bits is None else bits / 8192
