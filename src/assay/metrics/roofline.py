"""The roofline of a chip at every memory and network, with every layer as a point; and Eyexam's tighter one.

Of Williams et al., "Roofline: an insightful visual performance model for multicore architectures", CACM 52(4), 2009: no
layer does more MACs per cycle than the chip at its peak, or than the bandwidth of a level times the layer's operational
intensity there, MACs per byte moved. Eyexam (Sze et al., SSC Magazine 2020, Fig. 6; Chen et al., arXiv 1807.07928)
lowers the roof for each layer to its bounds of steps 3 to 5, and the slope to what the active instances can take.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from assay.evaluation.layer import LayerResult
from assay.hardware.model import Hardware, Memory
from assay.mapping.latency import port_limits
from assay.metrics.eyexam import eyexam
from assay.metrics.eyexam_steps import Eyexam, Key, LayerEyexam, Step
from assay.metrics.metric import Basis, Metric, Operand
from assay.workload.network import Network

SCHEMA = "assay.roofline/1"
"""Name and version of the JSON form; see `data/schema/roofline-1.json`."""

SOURCE = "Williams et al., CACM 52(4), 2009; Sze et al., SSC Magazine 12(3), 2020, Figs. 5 and 6"

ALL = "all"
"""The port of a memory without limits: what goes in and what goes out."""


@dataclass(frozen=True, slots=True)
class RoofPoint:
    """One layer under one roof. Everything is for the whole batch and all instances.

    Attributes:
        layer: its steps, with the mapping that is taken.
        macs: multiply-accumulates.
        bits: that go through the ports.
        instances: of the component that are active.
        bandwidth: bits per cycle of those; None where no limit is modelled.
        peak: MACs per cycle of the chip.
        whole: bits per cycle of all instances, active or not; None as above.
    """

    layer: LayerEyexam
    macs: int
    bits: Fraction
    instances: int
    bandwidth: Fraction | None
    peak: int
    whole: Fraction | None

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def intensity(self) -> Fraction:
        """MACs per byte."""
        return Fraction(self.macs) * 8 / self.bits

    @property
    def attained(self) -> Fraction:
        """MACs per cycle of the mapping that is taken."""
        return _bound(self.layer.attained)

    @property
    def storage(self) -> Fraction:
        """MACs per cycle, the bound of step 5: the tightened peak."""
        return _bound(_step(self.layer, Key.STORAGE))

    @property
    def ceiling(self) -> Fraction | None:
        """MACs per cycle under the roof: the peak, or all bandwidth times the intensity."""
        return None if self.whole is None else min(Fraction(self.peak), self.whole * self.macs / self.bits)

    @property
    def tight_ceiling(self) -> Fraction | None:
        """The same under the tightened roof: the bound of step 5, or the bandwidth of the active instances times the
        intensity."""
        if self.bandwidth is None:
            return None
        return min(self.storage, self.bandwidth * self.macs / self.bits)

    @property
    def share(self) -> float | None:
        """Of the tightened roof, what is attained."""
        return None if not self.tight_ceiling else float(self.attained / self.tight_ceiling)

    @property
    def bound(self) -> str:
        """`bandwidth` or `compute`; `` where no limit is modelled."""
        if self.whole is None:
            return ""
        return "bandwidth" if self.whole * self.macs / self.bits < self.peak else "compute"

    def to_dict(self) -> dict[str, Any]:
        return {
            "layer": self.name,
            "bytes": float(self.bits / 8),
            "macs_per_byte": float(self.intensity),
            "ceiling_macs_per_cycle": _float(self.ceiling),
            "tight_ceiling_macs_per_cycle": _float(self.tight_ceiling),
            "attained_macs_per_cycle": float(self.attained),
            "active_instances": self.instances,
            "bound": self.bound or None,
        }


@dataclass(frozen=True, slots=True)
class Roof:
    """One memory or network, at one port.

    Attributes:
        component: name of the node.
        port: `read`, `write` or `total` of a memory, `all` where none has a limit; at a fanout the name of a tensor,
            then `down` or `up`.
        instances: of the component.
        bandwidth: bits per cycle of all of them; None: no limit is modelled.
        peak: MACs per cycle of the chip.
        points: layers that move anything here.
    """

    component: str
    port: str
    instances: int
    bandwidth: Fraction | None
    peak: int
    points: tuple[RoofPoint, ...]

    @property
    def name(self) -> str:
        """`dram`, `buffer (read)`."""
        return self.component if self.port in ("total", ALL) else f"{self.component} ({self.port})"

    @property
    def key(self) -> str:
        """For names of files: `buffer-read`, `array-ifmap-down`."""
        return self.name.replace(" (", "-").replace(")", "").replace(" ", "-")

    @property
    def ridge(self) -> Fraction | None:
        """MACs per byte from which on the peak is the roof."""
        return None if self.bandwidth is None else self.peak * 8 / self.bandwidth

    def to_dict(self) -> dict[str, Any]:
        return {
            "component": self.component,
            "port": self.port,
            "instances": self.instances,
            "bytes_per_cycle": None if self.bandwidth is None else float(self.bandwidth / 8),
            "ridge_macs_per_byte": _float(self.ridge),
            "layers": [point.to_dict() for point in self.points],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Roofline:
    """A network under every roof of a chip.

    Attributes:
        eyexam: the steps that tighten the roofs.
        roofs: from the outside in.
    """

    eyexam: Eyexam
    roofs: tuple[Roof, ...]

    def __repr__(self) -> str:
        return f"<Roofline {self.title}>"

    @property
    def title(self) -> str:
        return self.eyexam.title

    @property
    def hardware(self) -> Hardware:
        return self.eyexam.hardware

    @property
    def limited(self) -> tuple[Roof, ...]:
        """Those with a bandwidth."""
        return tuple(roof for roof in self.roofs if roof.bandwidth is not None)

    def lowest(self, layer: LayerEyexam) -> RoofPoint | None:
        """Where the tightened roof of a layer is lowest; ties go to the outside. None: no limit is modelled."""
        points = [(roof, point) for roof in self.limited for point in roof.points if point.name == layer.name]
        return min((p for _, p in points), key=lambda p: p.tight_ceiling or 0, default=None)

    def roof_of(self, point: RoofPoint) -> Roof:
        """The roof that a point is under."""
        return next(roof for roof in self.roofs if any(each is point for each in roof.points))

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.roofline/1`."""
        found = self.eyexam
        return {
            "schema": SCHEMA,
            **found.subject_to_dict(),
            "objective": found.objective,
            "tiles": found.tiles,
            "roofs": [roof.to_dict() for roof in self.roofs],
            "layers": [self._tightened(layer) for layer in found.layers],
            "source": SOURCE,
        }

    def _tightened(self, layer: LayerEyexam) -> dict[str, Any]:
        lowest = self.lowest(layer)
        roof = None if lowest is None else self.roof_of(lowest)
        keys = (Key.LAYER, Key.DATAFLOW, Key.PES, Key.ARRAY, Key.STORAGE)
        return {
            "name": layer.name,
            "macs": layer.layer.macs,
            "active_pes": layer.chosen.active_pes,
            "bounds_macs_per_cycle": {str(key): float(_bound(_step(layer, key))) for key in keys},
            "lowest_roof": None if roof is None else {"component": roof.component, "port": roof.port},
            "attained_macs_per_cycle": float(_bound(layer.attained)),
        }


def roofline(network: Network | str | Path, hardware: Hardware | str | Path, **asked: Any) -> Roofline:
    """The rooflines of a chip with the layers of a network; arguments and errors are those of `eyexam`."""
    return roofline_of(eyexam(network, hardware, **asked))


def roofline_of(found: Eyexam) -> Roofline:
    """The rooflines, from the steps of every layer."""
    chip = found.hardware
    limits = port_limits(chip)
    roofs = []
    for index, node in enumerate(chip.nodes[:-1]):
        ports = [port for at, port in limits if at == index]
        if isinstance(node, Memory) and not ports:
            ports = [ALL]
        for port in ports:
            rate = limits.get((index, port))
            instances = chip.instances(node.name)
            points = tuple(p for layer in found.layers if (p := _point(layer, chip, index, port, rate)) is not None)
            whole = None if rate is None else rate * instances
            if points:
                roofs.append(Roof(node.name, port, instances, whole, chip.peak_macs_per_cycle, points))
    return Roofline(found, tuple(roofs))


def roof_metrics(roof: Roof) -> tuple[Metric, Metric]:
    """Bandwidth and ridge of a roof that has a bandwidth."""
    assert roof.bandwidth is not None
    assert roof.ridge is not None
    per_cycle = float(roof.bandwidth / 8)
    note = "" if roof.instances == 1 else f"{roof.instances:,} instances together"
    bandwidth = Metric(
        "bandwidth",
        "Bandwidth",
        per_cycle,
        "B/cycle",
        Basis.SPECIFIED,
        "instances × bandwidth of one",
        (
            Operand("instances", roof.instances),
            Operand("bandwidth of one", per_cycle / roof.instances, "B/cycle", "the hardware file"),
        ),
        note=note,
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


def _point(layer: LayerEyexam, chip: Hardware, index: int, port: str, rate: Fraction | None) -> RoofPoint | None:
    result = layer.chosen
    bits, active = _moved(result, index, port)
    if not bits:
        return None
    whole = None if rate is None else rate * chip.instances(chip.nodes[index].name)
    of_active = None if rate is None else rate * active
    return RoofPoint(layer, layer.layer.macs, bits * active, active, of_active, chip.peak_macs_per_cycle, whole)


def _moved(result: LayerResult, index: int, port: str) -> tuple[Fraction, int]:
    """Bits of one active instance through the port, and how many are active."""
    assert result.timing is not None
    assert result.analysis is not None
    name = result.hardware.nodes[index].name
    wanted = ("read", "write") if port == ALL else (port,)
    demands = [d for d in result.timing.traffic if d.component == name and d.port in wanted]
    return sum((demand.bits for demand in demands), Fraction(0)), result.analysis.active[index]


def _bound(step: Step) -> Fraction:
    assert step.bound is not None
    return step.bound


def _step(layer: LayerEyexam, key: Key) -> Step:
    step = layer.step(key)
    assert step is not None
    return step


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
