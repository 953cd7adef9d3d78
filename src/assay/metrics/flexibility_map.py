"""The range of layer shapes that a chip serves well: sweeps around a base layer, held against a threshold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.errors import InputError
from assay.hardware.model import Hardware
from assay.mapper.result import SearchResult
from assay.metrics.flexibility_search import Failure, SearchOutcome, layer_result
from assay.reading.figures import percent
from assay.workload.einsum import Einsum
from assay.workload.layer_text import is_written_out, written_layer
from assay.workload.load import MAX_BITS
from assay.workload.network import Layer

BASE = "conv:M=64,C=64,P=28,Q=28,R=3,S=3"
"""A layer from the middle of a convolutional network; ResNet-50 and its like have many alike."""

CHANNELS = (1, 2, 3, 4, 7, 8, 13, 16, 32, 64, 128, 256, 512)
FILTERS = (1, 2, 3, 4, 5, 7, 9, 11, 13)
OUTPUTS = (1, 2, 3, 4, 7, 8, 13, 14, 16, 28, 32, 56, 112)
BATCHES = (1, 2, 3, 4, 7, 8, 13, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class ShapePoint:
    """One shape on the chip.

    Attributes:
        einsum: the layer.
        utilization: MACs done / MACs that the chip could do in its cycles; None where no mapping fits.
        macs_per_joule: off-chip memory included; None where that is not known, or no mapping fits.
        bound_by: `compute`, or the component whose bandwidth it waits for.
        failure: why no mapping fits.
        cycles, energy: of the layer, in joules; None as above.
    """

    einsum: Einsum
    utilization: float | None
    macs_per_joule: float | None
    bound_by: str | None = None
    failure: Failure | None = None
    cycles: int | None = None
    energy: float | None = None


@dataclass(frozen=True, slots=True)
class ShapeCurve:
    """What happens along one direction.

    Attributes:
        key: short name.
        title: what varies, and what does not.
        dim: name of the axis.
        values: on the axis.
        points: one per value.
    """

    key: str
    title: str
    dim: str
    values: tuple[int, ...]
    points: tuple[ShapePoint, ...]


@dataclass(frozen=True, slots=True)
class Corner:
    """Every shape of the map with M >= m and C >= c is above the threshold: the corner that holds the most shapes."""

    m: int
    c: int


@dataclass(frozen=True, slots=True)
class ShapeMap:
    """Sweeps around a base layer.

    Attributes:
        base: the layer, as it is written out.
        hardware: the chip.
        objective: what every mapping minimises.
        above: the threshold, a share.
        channels: values of M and of C in the grid.
        grid: points; M varies slowest.
        curves: along other directions.
    """

    base: str
    hardware: Hardware
    objective: str
    above: float
    channels: tuple[int, ...]
    grid: tuple[ShapePoint, ...]
    curves: tuple[ShapeCurve, ...]

    @property
    def by_energy(self) -> bool:
        """Whether the threshold is on MACs per joule (objective `energy`), and not on the utilisation."""
        return self.objective == "energy"

    @property
    def best(self) -> ShapePoint | None:
        """The shape with the most MACs per joule; None where no energy is known."""
        known = [each for each in self.points if each.macs_per_joule is not None]
        return max(known, key=lambda each: each.macs_per_joule or 0.0) if known else None

    @property
    def points(self) -> tuple[ShapePoint, ...]:
        """All, those of the grid first."""
        return (*self.grid, *(point for curve in self.curves for point in curve.points))

    def efficiency(self, point: ShapePoint) -> float | None:
        """The share that is held against the threshold: utilisation, or MACs per joule beside the best of the map.

        0 where no mapping fits; None where it is not known.
        """
        if point.failure is not None:
            return 0.0
        return self.of_best(point) if self.by_energy else point.utilization

    def of_best(self, point: ShapePoint) -> float | None:
        """MACs per joule beside the best of the map; None where that is not known."""
        best = self.best
        if best is None or point.macs_per_joule is None:
            return None
        return point.macs_per_joule / (best.macs_per_joule or 1.0)

    @property
    def threshold(self) -> str:
        """What shapes are held against, in words: a share, and of what."""
        return f"{percent(self.above)} of the {'best MACs per joule' if self.by_energy else 'peak throughput'}"

    def is_above(self, point: ShapePoint) -> bool:
        """Whether the efficiency is at least the threshold."""
        value = self.efficiency(point)
        return value is not None and value >= self.above * (1 - 1e-12)

    def at(self, m: int, c: int) -> ShapePoint:
        """The point of the grid."""
        size = len(self.channels)
        return self.grid[self.channels.index(m) * size + self.channels.index(c)]

    @property
    def share_above(self) -> float:
        """Of the shapes of the grid."""
        return sum(map(self.is_above, self.grid)) / len(self.grid)

    @property
    def corner(self) -> Corner | None:
        """None where not even the largest M and C are above."""
        return _corner(self.channels, lambda m, c: self.is_above(self.at(m, c)))

    def above_on(self, curve: ShapeCurve) -> tuple[int, ...]:
        """The values of the curve that are above the threshold."""
        return tuple(v for v, point in zip(curve.values, curve.points, strict=True) if self.is_above(point))

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.flexibility/1`."""
        corner, best = self.corner, self.best
        return {
            "base": self.base,
            "measure": "macs_per_joule" if self.by_energy else "utilization",
            "above": self.above,
            "best_macs_per_joule": None if best is None else best.macs_per_joule,
            "share_above": self.share_above,
            "corner": None if corner is None else {"M": corner.m, "C": corner.c},
            "grid": [self._point(each) for each in self.grid],
            "curves": [
                {
                    "key": curve.key,
                    "title": curve.title,
                    "dim": curve.dim,
                    "above": list(self.above_on(curve)),
                    "points": [
                        {"value": value} | self._point(point)
                        for value, point in zip(curve.values, curve.points, strict=True)
                    ],
                }
                for curve in self.curves
            ],
        }

    def _point(self, point: ShapePoint) -> dict[str, Any]:
        return {
            "dims": point.einsum.extents,
            "utilization": point.utilization,
            "macs_per_joule": point.macs_per_joule,
            "bound_by": point.bound_by,
            "efficiency": self.efficiency(point),
            "failure": None if point.failure is None else point.failure.reason,
        }


@dataclass(frozen=True, slots=True)
class MapPlan:
    """The shapes to look at, before they are searched.

    Attributes:
        base: as it is written out.
        grid: einsums; M varies slowest.
        curves: (key, title, axis, {value: einsum}).
    """

    base: str
    grid: tuple[Einsum, ...]
    curves: tuple[tuple[str, str, str, Mapping[int, Einsum]], ...]

    @property
    def layers(self) -> list[tuple[str, Einsum]]:
        """(name for the progress, einsum), each shape once or more."""
        curves = [(f"map, {key}={value}", e) for key, _, _, found in self.curves for value, e in found.items()]
        return [(f"map, M={e.extents['M']} C={e.extents['C']}", e) for e in self.grid] + curves


def plan_map(base: str, hardware: Hardware) -> MapPlan:
    """Sweeps around a base layer that is written out.

    Raises:
        InputError: it is not a convolution that is written out.
    """
    if not is_written_out(base) or not base.strip().lower().startswith("conv"):
        raise InputError(
            f"the base layer is '{base}'; it must be a convolution, written out", hint=f"write such as {BASE}"
        )
    einsum = written_layer(base, bits=min(hardware.compute.bits, MAX_BITS)).einsum
    assert einsum is not None
    has = einsum.extents
    grid = tuple(_varied(einsum, M=m, C=c) for m in CHANNELS for c in CHANNELS)
    curves = [
        ("R", "filter size R = S", "R", {r: _varied(einsum, R=r, S=r) for r in FILTERS}),
        ("P", f"output size P = Q, batch {has['N']:,}", "P", {p: _varied(einsum, P=p, Q=p) for p in OUTPUTS}),
        ("N", "batch N", "N", {n: _varied(einsum, N=n) for n in BATCHES}),
        ("fc", f"batch N of a fully connected layer, {_channels(has)}", "N", _fully_connected(einsum)),
    ]
    if groups := _groups(einsum):
        total = f"{has['C'] * has['G']:,} input and {has['M'] * has['G']:,} output channels"
        last = max(groups)
        end = " is depthwise" if groups[last].extents["M"] == groups[last].extents["C"] == 1 else ""
        curves.append(("G", f"groups G of {total}{f'; G = {last}{end}' if end else ''}", "G", groups))
    return MapPlan(base, grid, tuple(curves))


def shape_map(
    plan: MapPlan, hardware: Hardware, objective: str, above: float, found: Mapping[Einsum, SearchOutcome]
) -> ShapeMap:
    """The map of what was found for every shape of the plan."""
    points = {einsum: _point(einsum, hardware, found[einsum]) for _, einsum in plan.layers}
    curves = tuple(
        ShapeCurve(key, title, dim, tuple(shapes), tuple(points[each] for each in shapes.values()))
        for key, title, dim, shapes in plan.curves
    )
    grid = tuple(points[each] for each in plan.grid)
    return ShapeMap(plan.base, hardware, objective, above, CHANNELS, grid, curves)


def _point(einsum: Einsum, hardware: Hardware, found: SearchOutcome) -> ShapePoint:
    if not isinstance(found, SearchResult):
        return ShapePoint(einsum, None, None, failure=found)
    result = layer_result(Layer("point", "conv", einsum), hardware, found)
    efficiency = result.macs / result.energy if result.energy else None
    return ShapePoint(
        einsum, result.utilization, efficiency, result.bound_by, cycles=result.cycles, energy=result.energy
    )


def _varied(einsum: Einsum, **extents: int) -> Einsum:
    return replace(einsum, dims=tuple((dim, extents.get(dim, extent)) for dim, extent in einsum.dims))


def _fully_connected(einsum: Einsum) -> dict[int, Einsum]:
    return {n: _varied(einsum, N=n, P=1, Q=1, R=1, S=1) for n in BATCHES}


def _groups(einsum: Einsum) -> dict[int, Einsum]:
    """The same channels in 1, 2, 4, ... groups; empty where they cannot be cut in two."""
    has = einsum.extents
    inputs, outputs = has["C"] * has["G"], has["M"] * has["G"]
    common = math.gcd(inputs, outputs)
    powers = [2**k for k in range(common.bit_length()) if common % 2**k == 0]
    if len(powers) < 2:
        return {}
    return {g: _varied(einsum, G=g, C=inputs // g, M=outputs // g) for g in powers}


def _channels(extents: Mapping[str, int]) -> str:
    return f"{extents['C']:,} inputs and {extents['M']:,} outputs"


def _corner(values: Sequence[int], above: Callable[[int, int], bool]) -> Corner | None:
    """The corner (m, c) from which on all are above, with the most shapes in it; of several, that of the smallest m."""
    best: tuple[int, Corner] | None = None
    reach = 0  # index of the smallest c from which on all are above, for this m and all larger ones
    for index in range(len(values) - 1, -1, -1):
        m = values[index]
        row = next((k + 1 for k in range(len(values) - 1, -1, -1) if not above(m, values[k])), 0)
        reach = max(reach, row)
        if reach == len(values):
            break
        size = (len(values) - index) * (len(values) - reach)
        if best is None or size >= best[0]:
            best = (size, Corner(m, values[reach]))
    return None if best is None else best[1]
