"""What the energy and the time of layers are spent on: by component and type of data, by cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.evaluation.layer import LayerResult

COMPUTATION = "computation"
"""What energy is for that no tensor moves for."""

MACS = "computing"
OVERLAP = "tiles that do not overlap with work"


def energy_parts(layers: Sequence[LayerResult]) -> dict[tuple[str, str], float]:
    """Joules by (component, type of data), where they are modelled."""
    found: dict[tuple[str, str], float] = {}
    for layer in layers:
        for entry in layer.energies:
            if entry.energy is not None:
                key = (entry.component, entry.tensor or COMPUTATION)
                found[key] = found.get(key, 0.0) + entry.energy
    return found


def data_types(layers: Sequence[LayerResult]) -> list[str]:
    """The types of data whose energy is modelled: tensors in order, then the computation."""
    names = dict.fromkeys(kind for _, kind in energy_parts(layers))
    return sorted(names, key=lambda name: name == COMPUTATION)


def energy_of_type(layers: Sequence[LayerResult], kind: str) -> float | None:
    """Joules of a type of data at all components; None where none is modelled."""
    found = [joules for (_, each), joules in energy_parts(layers).items() if each == kind]
    return sum(found) if found else None


@dataclass(frozen=True, slots=True)
class Cause:
    """What time is spent on.

    Attributes:
        name: `computing`, `waiting for dram`, ...
        cycles: of each layer; those of all causes are the layer's.
        clock: cycles per second.
        of: cycles of all layers and causes.
    """

    name: str
    cycles: tuple[int, ...]
    clock: float
    of: int

    @property
    def total(self) -> int:
        """Cycles of all layers."""
        return sum(self.cycles)

    @property
    def seconds(self) -> tuple[float, ...]:
        """Of each layer."""
        return tuple(each / self.clock for each in self.cycles)

    @property
    def latency(self) -> float:
        """Seconds of all layers."""
        return self.total / self.clock

    @property
    def share(self) -> float:
        """Of the time of all layers."""
        return self.total / self.of


def time_parts(layers: Sequence[LayerResult], clock: float) -> tuple[Cause, ...]:
    """What the time of layers is spent on, in the order in which they meet it."""
    found: dict[str, list[int]] = {}
    for index, layer in enumerate(layers):
        timing = layer.timing
        if timing is None:
            continue
        busiest = timing.compute_cycles if timing.slowest is None else timing.slowest.cycles or 0
        parts = [(MACS, timing.compute_cycles), (f"waiting for {timing.bound_by}", busiest - timing.compute_cycles)]
        parts.append((OVERLAP, timing.cycles - busiest))
        for name, cycles in parts:
            if cycles > 0:
                found.setdefault(name, [0] * len(layers))[index] += cycles
    total = sum(map(sum, found.values()))
    return tuple(Cause(name, tuple(cycles), clock, total) for name, cycles in found.items())
