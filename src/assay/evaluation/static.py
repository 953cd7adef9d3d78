"""What a chip costs beside its actions: area, and the energy of leakage and of the clock while a network runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from assay.evaluation.layer import LayerResult
from assay.hardware.design import Total, chip_area, clock_energy, leakage_power
from assay.hardware.model import Hardware


@dataclass(frozen=True, slots=True)
class Static:
    """Figures that do not follow from counts of actions.

    Attributes:
        area: m2 of the chip, and the components that it is without. Wires between components, pads and area that is
            not used are not in it.
        leakage_power: watts with everything powered, off-chip memories included, and the components it is without.
        leakage_energy: joules that leak while the layers run, for the batch; None where no leakage is modelled.
        clock_energy: joules for the batch of the parts that do something in every cycle, and those it is without.
        power_gating: True: in every layer, instances that get no work are switched off and do not leak.
    """

    area: Total
    leakage_power: Total
    leakage_energy: float | None
    clock_energy: Total
    power_gating: bool

    @property
    def energy(self) -> float | None:
        """Joules for the batch of leakage and clock together; None where neither is modelled."""
        known = [each for each in (self.leakage_energy, self.clock_energy.value) if each is not None]
        return sum(known) if known else None

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.evaluation/1`."""
        return {
            "area_m2": self.area.value,
            "area_without": list(self.area.without),
            "leakage_power_w": self.leakage_power.value,
            "leakage_without": list(self.leakage_power.without),
            "leakage_energy_j": self.leakage_energy,
            "clock_energy_j": self.clock_energy.value,
            "clock_without": list(self.clock_energy.without),
            "power_gating": self.power_gating,
        }


def static_of(hardware: Hardware, layers: tuple[LayerResult, ...], power_gating: bool) -> Static:
    """The figures for layers that run one after another."""
    power = leakage_power(hardware)
    per_cycle = clock_energy(hardware)
    leaked = [_leaked(hardware, layer, power_gating) for layer in layers]
    cycles = sum(layer.cycles or 0 for layer in layers)
    return Static(
        area=chip_area(hardware),
        leakage_power=power,
        leakage_energy=None if power.value is None or not layers else sum(leaked),
        clock_energy=replace(per_cycle, value=None if per_cycle.value is None else per_cycle.value * cycles),
        power_gating=power_gating,
    )


def _leaked(hardware: Hardware, layer: LayerResult, power_gating: bool) -> float:
    """Joules that leak during a layer."""
    active = None
    if power_gating and layer.analysis is not None:
        active = {node.name: used for node, used in zip(hardware.nodes, layer.analysis.active, strict=True)}
    return (leakage_power(hardware, active).value or 0.0) * (layer.latency or 0.0)
