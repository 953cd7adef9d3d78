"""What scaling gives: points, series and a few figures for a scorecard.

After V. Sze, Y.-H. Chen, T.-J. Yang, J. Emer, "How to Evaluate Deep Neural Network Processors", IEEE Solid-State
Circuits Magazine 12(3), 2020, Section VII.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from assay.evaluation.results import Evaluation
from assay.hardware.model import Fanout, Hardware
from assay.metrics.delivery import mode_shares
from assay.metrics.metric import Basis, Metric, Operand
from assay.reading.figures import percent, times
from assay.workload.network import Network

SCHEMA = "assay.scaling/1"
"""Name and version of the JSON form; see `data/schema/scaling-1.json`."""

SOURCE = "Sze et al., IEEE Solid-State Circuits Magazine 12(3), 2020, Section VII"
HIGH = 0.9
"""Share of the peak from which the PEs count as used."""


class Resource(StrEnum):
    """What there is more of."""

    PES = "PEs"
    STORAGE = "storage"
    CHIPS = "chips"


@dataclass(frozen=True, slots=True)
class ScalingPoint:
    """The network on the hardware with so much of a resource.

    Attributes:
        factor: of the resource, against the hardware as it is.
        hardware: what was evaluated.
        batch: inputs processed together.
        evaluation: None where a layer has no mapping.
        reason: why it has none; else empty.
    """

    factor: Fraction
    hardware: Hardware
    batch: int
    evaluation: Evaluation | None
    reason: str = ""

    @property
    def pes(self) -> int:
        return self.hardware.pes

    @property
    def shape(self) -> str:
        """Sizes of the fanouts from the outside in, such as `8 x 8 of 4 x 4`."""
        fanouts = [node for node in self.hardware.nodes if isinstance(node, Fanout) and node.children > 1]
        return " of ".join(" x ".join(str(axis.size) for axis in fanout.axes) for fanout in fanouts)

    @property
    def cycles(self) -> int | None:
        """Cycles for the batch."""
        return None if self.evaluation is None else self.evaluation.cycles

    @property
    def latency(self) -> float | None:
        """Seconds for the batch."""
        return None if self.evaluation is None else self.evaluation.latency

    @property
    def throughput(self) -> float | None:
        """Inferences per second."""
        return None if self.evaluation is None else self.evaluation.throughput

    @property
    def energy(self) -> float | None:
        """Joules per inference of counted actions, off-chip memory included."""
        return None if self.evaluation is None else self.evaluation.energy_per_inference

    @property
    def utilization(self) -> float | None:
        """MACs done / MACs that the PEs could do."""
        return None if self.evaluation is None else self.evaluation.utilization

    @property
    def area(self) -> float | None:
        """m2 of the components that are modelled; None where none is."""
        return None if self.evaluation is None else self.evaluation.static.area.value

    @property
    def per_pe(self) -> float | None:
        """Inferences per second and PE."""
        return None if self.throughput is None else self.throughput / self.pes

    @property
    def per_area(self) -> float | None:
        """Inferences per second and m2: the article's "inferences per second per cost"."""
        return None if self.throughput is None or not self.area else self.throughput / self.area

    @property
    def per_joule_area(self) -> float | None:
        """Inferences per joule and m2: the article's "inferences per joule per cost"."""
        return None if not self.energy or not self.area else 1 / (self.energy * self.area)

    @property
    def offchip_bits(self) -> float | None:
        """Bits to and from off-chip memories per inference."""
        found = self.evaluation
        if found is None or found.offchip_read_bits is None or found.offchip_write_bits is None:
            return None
        return (found.offchip_read_bits + found.offchip_write_bits) / self.batch

    @property
    def least_bits(self) -> int | None:
        """Bits per inference if every layer read its inputs and weights, and wrote its outputs, once."""
        if self.evaluation is None:
            return None
        layers = [layer.einsum for layer in self.evaluation.network.layers if layer.einsum is not None]
        return sum(einsum.words(tensor) * tensor.bits for einsum in layers for tensor in einsum.tensors) // self.batch

    @property
    def over_least(self) -> float | None:
        """Off-chip traffic over that of every word of every layer once."""
        moved, least = self.offchip_bits, self.least_bits
        return moved / least if least and moved is not None else None

    @property
    def limit(self) -> tuple[str, float] | None:
        """What the network waits for longest (`compute` or a component), and its share of the time."""
        seconds = {} if self.evaluation is None else self.evaluation.latency_bound_by()
        total = sum(seconds.values())
        return next(((name, spent / total) for name, spent in seconds.items()), None) if total else None

    def to_dict(self) -> dict[str, Any]:
        limit = self.limit
        return {
            "factor": float(self.factor),
            "pes": self.pes,
            "shape": self.shape,
            "batch": self.batch,
            "cycles": self.cycles,
            "latency_s": self.latency,
            "throughput_per_s": self.throughput,
            "energy_per_inference_j": self.energy,
            "utilization": self.utilization,
            "area_m2": self.area,
            "throughput_per_s_m2": self.per_area,
            "inferences_per_j_m2": self.per_joule_area,
            "offchip_bits_per_inference": self.offchip_bits,
            "least_offchip_bits_per_inference": self.least_bits,
            "bound_by": None if limit is None else limit[0],
            "bound_share": None if limit is None else limit[1],
            "optimal": None if self.evaluation is None else self.evaluation.optimal,
            "delivery": [] if self.evaluation is None else [each.to_dict() for each in mode_shares(self.evaluation)],
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True)
class ScalingSeries:
    """The points of one resource, the least first; one of them has the factor 1.

    Attributes:
        weak: True: the batch grows with the resource.
    """

    resource: Resource
    weak: bool
    points: tuple[ScalingPoint, ...]

    @property
    def base(self) -> ScalingPoint:
        """The hardware as it is."""
        return next(point for point in self.points if point.factor == 1)

    @property
    def farthest(self) -> ScalingPoint:
        """The point whose factor is farthest from the hardware as it is; of two, the larger."""
        return max(self.points, key=lambda point: (max(point.factor, 1 / point.factor), point.factor))

    def speedup(self, point: ScalingPoint) -> float | None:
        """Throughput against that of the hardware as it is; with a fixed batch also that of latencies."""
        if point.throughput is None or not self.base.throughput:
            return None
        return point.throughput / self.base.throughput

    def efficiency(self, point: ScalingPoint) -> float | None:
        """Speed-up / factor of the resource; 1 is linear. None for storage, which is not there for speed."""
        speedup = self.speedup(point)
        return None if speedup is None or self.resource is Resource.STORAGE else speedup / float(point.factor)

    def energy_ratio(self, point: ScalingPoint) -> float | None:
        """Energy per inference against that of the hardware as it is."""
        return None if point.energy is None or not self.base.energy else point.energy / self.base.energy

    def to_dict(self) -> dict[str, Any]:
        return {
            "resource": str(self.resource),
            "weak": self.weak,
            "points": [
                point.to_dict()
                | {
                    "speedup": self.speedup(point),
                    "efficiency": self.efficiency(point),
                    "energy_ratio": self.energy_ratio(point),
                }
                for point in self.points
            ],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Scaling:
    """How a network on hardware scales.

    Attributes:
        hardware: as it is, with the factor 1.
        series: one per resource that was asked for.
        against: other hardware of which the same series were made, and those; None and none without.
        notes: what is assumed.
        tiles: sizes of tiles that were searched: `perfect` or `imperfect`.
    """

    network: Network
    hardware: Hardware
    objective: str
    series: tuple[ScalingSeries, ...]
    other: Hardware | None = None
    against: tuple[ScalingSeries, ...] = ()
    notes: tuple[str, ...] = ()
    tiles: str = "perfect"

    def __repr__(self) -> str:
        return f"<{self.title}>"

    @property
    def title(self) -> str:
        text = f"Scaling of {self.network.title or self.network.name} on {self.hardware.label}"
        return text if self.other is None else f"{text}, beside {self.other.label}"

    def pairs(self) -> tuple[tuple[ScalingPoint, ScalingPoint, float | None], ...]:
        """Points of as many PEs on both chips, and the throughput of the first over that of the other."""
        pes = next((each for each in self.against if each.resource is Resource.PES), None)
        own = next((each for each in self.series if each.resource is Resource.PES), None)
        if pes is None or own is None:
            return ()
        others = {point.pes: point for point in pes.points}
        found = [(point, others[point.pes]) for point in own.points if point.pes in others]
        return tuple((a, b, a.throughput / b.throughput if a.throughput and b.throughput else None) for a, b in found)

    def relative(self) -> tuple[tuple[Hardware, tuple[tuple[ScalingPoint, float], ...]], ...]:
        """Of both chips, the points over PEs with their throughput over that of the other hardware as it is."""
        pes = next((each for each in self.against if each.resource is Resource.PES), None)
        own = next((each for each in self.series if each.resource is Resource.PES), None)
        if self.other is None or pes is None or own is None or not (base := pes.base.throughput):
            return ()
        return tuple(
            (chip, tuple((point, point.throughput / base) for point in each.points if point.throughput is not None))
            for chip, each in ((self.hardware, own), (self.other, pes))
        )

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.scaling/1`."""
        return {
            "schema": SCHEMA,
            "network": self.network.name,
            "hardware": self.hardware.name,
            "against": None if self.other is None else self.other.name,
            "objective": self.objective,
            "tiles": self.tiles,
            "series": [each.to_dict() for each in self.series],
            "series_against": [each.to_dict() for each in self.against],
            "speedup_over": [
                {
                    "pes": a.pes,
                    "speedup": ratio,
                    "cycles": a.to_dict()["cycles"],
                    "cycles_against": b.to_dict()["cycles"],
                }
                for a, b, ratio in self.pairs()
            ],
            "metrics": [metric.to_dict() for metric in scaling_metrics(self)],
            "notes": list(self.notes),
        }


def scaling_metrics(result: Scaling) -> tuple[Metric, ...]:
    """A few figures for a scorecard: efficiency at the size farthest from 1, its limit, energy, speed over others."""
    metrics: list[Metric] = []
    for series in result.series:
        metrics += _storage_metrics(series) if series.resource is Resource.STORAGE else _speed_metrics(series)
    for own, other, ratio in result.pairs()[-1:]:
        assert result.other is not None
        metrics.append(
            Metric(
                "speedup_over",
                f"Speed over {result.other.label}",
                ratio,
                "x",
                Basis.CALCULATED,
                formula="throughput / its throughput",
                operands=(
                    Operand("throughput", own.throughput, "inferences/s"),
                    Operand("its throughput", other.throughput, "inferences/s"),
                ),
                note=f"{own.pes:,} PEs each",
            )
        )
    return tuple(metrics)


def _speed_metrics(series: ScalingSeries) -> list[Metric]:
    point, name = series.farthest, "weak" if series.weak else "strong"
    key = str(series.resource).lower()
    size = f"{times(point.factor)} the {series.resource}"
    missing = point.reason
    operands = (
        Operand("speed-up", series.speedup(point), "x", "throughput / throughput of the hardware as it is"),
        Operand("factor", float(point.factor), "", f"of the {series.resource}"),
    )
    limit = point.limit
    found = [
        Metric(
            f"{name}_efficiency_{key}",
            f"Efficiency of {name} scaling, {size}",
            series.efficiency(point),
            "%",
            Basis.CALCULATED,
            "speed-up / factor",
            operands,
            SOURCE,
            f"batch of {point.batch}",
            missing,
        ),
        Metric(
            f"scaling_limit_{key}",
            f"What limits it {'as it is' if point.factor == 1 else f'with {size}'}",
            None if limit is None else limiting(point),
            basis=Basis.CALCULATED,
            operands=() if limit is None else (Operand("share of the time", limit[1], "%", f"bound by {limit[0]}"),),
            source="the port or compute that is busiest, layer by layer",
            missing=missing,
        ),
        Metric(
            f"energy_ratio_{key}",
            f"Energy per inference with {size}",
            series.energy_ratio(point),
            "x",
            Basis.CALCULATED,
            "energy per inference / energy per inference of the hardware as it is",
            (
                Operand("energy per inference", point.energy, "J"),
                Operand("energy per inference of the hardware as it is", series.base.energy, "J"),
            ),
            SOURCE,
            missing=missing or "an energy that the hardware does not give",
        ),
    ]
    return found[1:2] if point.factor == 1 else found  # with one size nothing is held against another


def _storage_metrics(series: ScalingSeries) -> list[Metric]:
    known = [point for point in series.points if point.energy is not None]
    best = min(known, key=lambda point: (point.energy or 0.0, point.factor), default=None)
    return [
        Metric(
            "storage_energy_ratio",
            "Least energy per inference over storage",
            None if best is None else series.energy_ratio(best),
            "x",
            Basis.CALCULATED,
            "energy per inference / energy per inference of the hardware as it is",
            ()
            if best is None
            else (
                Operand("energy per inference", best.energy, "J"),
                Operand("energy per inference of the hardware as it is", series.base.energy, "J"),
            ),
            SOURCE,
            "" if best is None else f"with {times(best.factor)} the storage, whose accesses cost what they did",
            "an energy that the hardware does not give",
        )
    ]


def limiting(point: ScalingPoint) -> str:
    """What most of the time goes to, in words."""
    limit = point.limit
    if limit is None:
        return "not known"
    name, share = limit
    used = point.utilization or 0.0
    if name != "compute":
        return f"{name}: its bandwidth takes {percent(share)} of the time"
    if used >= HIGH:
        return f"compute, with {percent(used)} of the PEs' peak used"
    busy = f"compute for {percent(share)} of the time"
    return f"{busy}, with {percent(used)} of the PEs' peak used: layers do not fill the array"
