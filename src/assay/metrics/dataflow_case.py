"""One dataflow on one machine: energy per multiply-accumulate by level and by type of data, delay, accesses to DRAM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assay.evaluation.layer import LayerResult
from assay.hardware.model import Compute, Fanout, Hardware, Memory
from assay.mapping.text import mapping_to_data


class Level(StrEnum):
    """Where energy is spent, from the outside in, as the paper has it."""

    DRAM = "DRAM"
    GLB = "GLB"
    ARRAY = "array"
    RF = "RF"
    ALU = "ALU"


TYPE_NAMES = {"ifmap": "ifmap", "filter": "filter", "ofmap": "psum"}
"""Tensor -> what the paper calls the data."""


@dataclass(frozen=True, slots=True)
class Case:
    """One dataflow on one machine with one batch, for the layers of one kind.

    Attributes:
        dataflow: short name of the machine (`rs`); on a chip, of the dataflow.
        title: for people.
        hardware: the machine, in its dataflow.
        batch: inputs processed together.
        kind: of the layers: `conv`, `fc`, ...
        layers: their results; empty where a layer has no mapping.
        reason: why there is no mapping; empty where there is.
    """

    dataflow: str
    title: str
    hardware: Hardware
    batch: int
    kind: str
    layers: tuple[LayerResult, ...] = ()
    reason: str = ""

    @property
    def pes(self) -> int:
        return self.hardware.pes

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the layers, for the batch."""
        return sum(layer.macs for layer in self.layers)

    @property
    def energy(self) -> float | None:
        """Joules per multiply-accumulate; None without a mapping."""
        return self._per_mac(_total([layer.energy for layer in self.layers]))

    def part(self, level: Level | None = None, tensor: str | None = None) -> float | None:
        """Joules per multiply-accumulate at a level, for a tensor, or both. None: not modelled, or nothing there.

        Energy of the ALU belongs to no tensor.
        """
        levels = levels_of(self.hardware)
        found = [
            entry.energy
            for layer in self.layers
            for entry in layer.energies
            if (level is None or levels[entry.component] is level)
            and (tensor is None or (entry.tensor == tensor and levels[entry.component] is not Level.ALU))
        ]
        known = [energy for energy in found if energy is not None]
        return self._per_mac(sum(known)) if known and self.energy is not None else None

    def words(self, level: Level, tensor: str, action: str) -> float:
        """Words per multiply-accumulate that one action moves; 0 where the machine has no such level."""
        levels = levels_of(self.hardware)
        count = sum(
            each.count
            for layer in self.layers
            for each in layer.counts
            if levels[each.component] is level and each.tensor == tensor and each.action == action
        )
        return self._per_mac(count) or 0.0

    def above(self, other: Case) -> tuple[tuple[Level, str | None, float], ...]:
        """(level, tensor, joules per multiply-accumulate more than in the other), the most first; None: the ALU.

        Empty where the energy of either is not known. A part without entries moves nothing.
        """
        if self.energy is None or other.energy is None:
            return ()
        parts = [(level, tensor) for level in Level if level is not Level.ALU for tensor in TYPE_NAMES]
        found: list[tuple[Level, str | None, float]] = [
            (level, tensor, (self.part(level, tensor) or 0.0) - (other.part(level, tensor) or 0.0))
            for level, tensor in parts
        ]
        return tuple(sorted(found, key=lambda each: -each[2]))

    def charges(self, level: Level | None = None, tensor: str | None = None) -> dict[str, tuple[int, float]]:
        """(words, joules) of all layers by what moves (`glb read of ifmap`), at a level, for a tensor, or both."""
        levels = levels_of(self.hardware)
        found: dict[str, tuple[int, float]] = {}
        for layer in self.layers:
            for count, entry in zip(layer.counts, layer.energies, strict=True):
                here = levels[count.component]
                own = tensor is None or (count.tensor == tensor and here is not Level.ALU)
                if level not in (None, here) or not own or entry.energy is None:
                    continue
                data = "" if count.tensor is None else f" of {TYPE_NAMES.get(count.tensor, count.tensor)}"
                name = f"{count.component} {count.action}{data}"
                words, joules = found.get(name, (0, 0.0))
                found[name] = (words + count.count, joules + entry.energy)
        return found

    def over(self, other: Case) -> float | None:
        """Times the energy of the other; None where either is not known."""
        return None if self.energy is None or not other.energy else self.energy / other.energy

    @property
    def cycles(self) -> int | None:
        """Of all layers, one after another."""
        cycles = [layer.cycles for layer in self.layers if layer.cycles is not None]
        return sum(cycles) if cycles and len(cycles) == len(self.layers) else None

    @property
    def utilization(self) -> float | None:
        """MACs done / MACs that the PEs could do."""
        return None if not self.cycles else self.macs / (self.cycles * self.hardware.peak_macs_per_cycle)

    @property
    def offchip_words(self) -> float | None:
        """Words that enter or leave DRAM, per multiply-accumulate."""
        return self._per_mac(_total([layer.offchip_words for layer in self.layers]))

    @property
    def delay(self) -> float | None:
        """Cycles per multiply-accumulate: 1 / active PEs where no bandwidth limits."""
        return self._per_mac(self.cycles)

    @property
    def edp(self) -> float | None:
        """Joules times cycles, both per multiply-accumulate."""
        return None if self.energy is None or self.delay is None else self.energy * self.delay

    @property
    def gap(self) -> float | None:
        """The largest of the layers' gaps: no mapping has less than 1 / (1 + gap) of the energy. None: not known."""
        gaps = [layer.gap for layer in self.layers]
        known = [gap for gap in gaps if gap is not None]
        return max(known) if known and len(known) == len(gaps) else None

    @property
    def optimal(self) -> bool:
        """True when every layer's mapping is proven to be the best."""
        return bool(self.layers) and all(layer.optimal for layer in self.layers)

    def _per_mac(self, value: float | None) -> float | None:
        return None if value is None or not self.macs else value / self.macs

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        memories = {memory.name: memory for memory in self.hardware.memories}
        levels = levels_of(self.hardware)
        return {
            "dataflow": self.dataflow,
            "title": self.title,
            "pes": self.pes,
            "batch": self.batch,
            "kind": self.kind,
            "axes": [axis.size for fanout in self.hardware.fanouts for axis in fanout.axes],
            "memories": [
                {"name": name, "level": str(levels[name]), "bytes": None if m.size is None else m.size / 8}
                for name, m in memories.items()
            ],
            "macs": self.macs,
            "reason": self.reason,
            "energy_j_per_mac": self.energy,
            "levels_j_per_mac": {str(level): self.part(level) for level in Level},
            "types_j_per_mac": {name: self.part(tensor=tensor) for tensor, name in TYPE_NAMES.items()},
            "parts_j_per_mac": {
                str(level): {name: self.part(level, tensor) for tensor, name in TYPE_NAMES.items()}
                for level in Level
                if level is not Level.ALU
            },
            "dram_words_per_mac": self.offchip_words,
            "cycles_per_mac": self.delay,
            "edp_j_cycles_per_mac2": self.edp,
            "optimal": self.optimal,
            "gap": self.gap,
            "layers": [_layer_data(layer) for layer in self.layers],
        }


def levels_of(hardware: Hardware) -> dict[str, Level]:
    """Component -> level: memories off the chip, those outside of the array of PEs, fanouts, those in a PE, compute."""
    fanouts = [index for index, node in enumerate(hardware.nodes) if isinstance(node, Fanout)]
    inner = fanouts[-1] if fanouts else len(hardware.nodes)
    levels: dict[str, Level] = {}
    for index, node in enumerate(hardware.nodes):
        if isinstance(node, Compute):
            levels[node.name] = Level.ALU
        elif isinstance(node, Memory):
            levels[node.name] = Level.DRAM if node.offchip else Level.GLB if index < inner else Level.RF
        else:
            levels[node.name] = Level.ARRAY
    return levels


def _total(values: Sequence[float | int | None]) -> float | None:
    """The sum; None where one is not modelled, or there are none."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _layer_data(layer: LayerResult) -> dict[str, Any]:
    return {
        "name": layer.name,
        "macs": layer.macs,
        "energy_j_per_mac": None if layer.energy is None else layer.energy / layer.macs,
        "active_pes": layer.active_pes,
        "cycles": layer.cycles,
        "optimal": layer.optimal,
        "gap": layer.gap,
        "mapping": None if layer.mapping is None else mapping_to_data(layer.mapping),
    }
