"""The result of one layer: what was mapped, counted, timed and charged, and every metric that follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import InputError
from assay.hardware.model import Hardware
from assay.mapping.counts import Action, Analysis, Count
from assay.mapping.energy import ActionEnergy, total_energy
from assay.mapping.latency import Timing
from assay.mapping.mapping import Mapping
from assay.mapping.text import mapping_to_data
from assay.reading.suggestions import hint
from assay.reading.units import format_si
from assay.workload.einsum import Einsum
from assay.workload.network import Layer, VectorWork

if TYPE_CHECKING:
    from assay.mapper.result import SearchResult

INTO_MEMORY = (Action.FILL, Action.UPDATE)
OUT_OF_MEMORY = (Action.READ,)


@dataclass(frozen=True, slots=True)
class Optimality:
    """What the search says about its answer. The mappings that it covers are all that the hardware allows, with tile
    sizes as asked for (`Evaluation.tiles`); where a fanout says `fill`, those of them that take the fewest steps.

    Attributes:
        optimal: True when no mapping that the search covers is better.
        gap: value / lower bound - 1, where the value is what the objective makes of the mapping: no covered mapping has
            less than 1 / (1 + gap) of it. Infinite where no bound above 0 is known.
        lower_bound: no covered mapping has a lower value: joules, cycles, or joules times cycles, by the objective.
        stopped: True when the time limit ended the search; the bound holds nevertheless.
        objective: what was to be least: `energy`, `latency` or `edp` (energy times latency).
    """

    optimal: bool
    gap: float
    lower_bound: float
    stopped: bool = False
    objective: str = "energy"

    @staticmethod
    def of(search: SearchResult) -> Optimality:
        """What a search says of its answer."""
        return Optimality(search.optimal, search.gap, search.lower_bound, search.stopped, search.objective)


@dataclass(frozen=True, slots=True, repr=False)
class LayerResult:
    """One layer on the hardware. Every figure is for the whole batch.

    Layers without multiply-accumulates have no mapping: their operations and words are in `vector`, and every metric
    of the chip is None (not modelled).

    Attributes:
        layer: the layer, with the batch in its dimensions.
        hardware: what it runs on.
        mapping: in which order and where its multiply-accumulates are done.
        analysis: exact counts and tile sizes under that mapping.
        timing: cycles, and what they are spent on.
        energies: joules per (component, tensor, action), in the order of the counts.
        search: what the search proves; None when the mapping was given by the user.
    """

    layer: Layer
    hardware: Hardware
    mapping: Mapping | None = None
    analysis: Analysis | None = None
    timing: Timing | None = None
    energies: tuple[ActionEnergy, ...] = ()
    search: Optimality | None = None

    def __repr__(self) -> str:
        text = self.summary if self.analysis else f"{self.name} ({self.op}): no multiply-accumulates"
        return f"<LayerResult {text if len(text) <= 100 else text[:97] + '...'}>"

    @property
    def summary(self) -> str:
        """Name, latency, energy, active PEs and what it is bound by, in one line."""
        figures = (format_si(self.latency, "s"), format_si(self.energy, "J"), self.active_pes, self.bound_by)
        return "{}: latency {}, energy {}, {} active PEs, bound by {}".format(self.name, *figures)

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def op(self) -> str:
        return self.layer.op

    @property
    def einsum(self) -> Einsum | None:
        return self.layer.einsum

    @property
    def vector(self) -> VectorWork | None:
        return self.layer.vector

    @property
    def dims(self) -> tuple[tuple[str, int], ...]:
        """(dimension, extent) pairs, batch included; empty for layers without multiply-accumulates."""
        return self.einsum.dims if self.einsum else ()

    @property
    def macs(self) -> int:
        """Multiply-accumulates (1 MAC = 2 operations)."""
        return self.layer.macs

    @property
    def counts(self) -> tuple[Count, ...]:
        """Words moved and MACs done, per (component, tensor, action), all instances together."""
        return self.analysis.counts if self.analysis else ()

    @property
    def cycles(self) -> int | None:
        return self.timing.cycles if self.timing else None

    @property
    def bound_by(self) -> str | None:
        """`compute`, or the name of the component that the layer waits for."""
        return self.timing.bound_by if self.timing else None

    @property
    def latency(self) -> float | None:
        """Seconds for the batch."""
        return None if self.cycles is None else self.cycles / self.hardware.clock

    @property
    def energy(self) -> float | None:
        """Joules for the batch, off-chip memory included."""
        return total_energy(self.energies, self.hardware)

    @property
    def active_pes(self) -> int | None:
        """Compute instances that receive work."""
        return self.analysis.active_pes if self.analysis else None

    @property
    def utilization(self) -> float | None:
        """MACs done / MACs that the chip could do in these cycles, 0 to 1 (Sze et al., SSC Magazine 2020, eq. 3)."""
        return None if self.cycles is None else self.macs / (self.hardware.peak_macs_per_cycle * self.cycles)

    @property
    def offchip_read_bits(self) -> int | None:
        """Bits that leave the off-chip memories; None when the hardware has none or the layer is not modelled."""
        return self._offchip(OUT_OF_MEMORY, bits=True)

    @property
    def offchip_write_bits(self) -> int | None:
        """Bits that enter the off-chip memories."""
        return self._offchip(INTO_MEMORY, bits=True)

    @property
    def offchip_words(self) -> int | None:
        """Words that enter or leave the off-chip memories."""
        return self._offchip(OUT_OF_MEMORY + INTO_MEMORY, bits=False)

    @property
    def optimal(self) -> bool | None:
        """True when the mapping is proven optimal; None when it was given, or there is none."""
        return self.search.optimal if self.search else None

    @property
    def gap(self) -> float | None:
        """See `Optimality.gap`; None when the mapping was given, there is none, or no bound above 0 is known."""
        return self.search.gap if self.search and math.isfinite(self.search.gap) else None

    def energy_of(self, component: str) -> float | None:
        """Joules of one component; None when nothing of it is modelled.

        Raises:
            InputError: the hardware has no component of that name.
        """
        check_component(component, self.hardware)
        known = [e.energy for e in self.energies if e.component == component and e.energy is not None]
        return sum(known) if known else None

    def _offchip(self, actions: tuple[Action, ...], *, bits: bool) -> int | None:
        names = {memory.name for memory in self.hardware.memories if memory.offchip}
        if self.einsum is None or self.analysis is None or not names:
            return None
        total = 0
        for count in self.counts:
            if count.component in names and count.action in actions and count.tensor is not None:
                total += count.count * (self.einsum.tensor(count.tensor).bits if bits else 1)
        return total

    def _proof(self) -> dict[str, Any]:
        """What no covered mapping goes below, and whether the search came to its end; None where there was none."""
        search = self.search
        joules = search.lower_bound if search and search.objective == "energy" else None
        bound = search.lower_bound if search else None
        return {"energy_lower_bound_j": joules, "lower_bound": bound, "stopped": search.stopped if search else None}

    def to_row(self) -> dict[str, Any]:
        """One flat row, for tables. Keys carry their units; None is not modelled."""
        row: dict[str, Any] = {"name": self.name, "op": self.op, "dims": " ".join(f"{d}={e}" for d, e in self.dims)}
        row |= {"macs": self.macs, "active_pes": self.active_pes, "utilization": self.utilization}
        row |= {"cycles": self.cycles, "compute_cycles": self.timing.compute_cycles if self.timing else None}
        row |= {"bound_by": self.bound_by, "latency_s": self.latency, "energy_j": self.energy}
        row |= {f"energy_{node.name}_j": self.energy_of(node.name) for node in self.hardware.nodes}
        row |= {"offchip_read_bits": self.offchip_read_bits, "offchip_write_bits": self.offchip_write_bits}
        row |= {"offchip_words": self.offchip_words}
        row |= {"optimal": self.optimal, "gap": self.gap}
        row |= {"vector_operations": self.vector.operations if self.vector else None}
        row |= {"vector_read_words": self.vector.read_words if self.vector else None}
        row |= {"vector_write_words": self.vector.write_words if self.vector else None}
        return row

    def to_count_rows(self) -> list[dict[str, Any]]:
        """One row per (layer, component, tensor, action), with the count and its joules."""
        return [
            {
                "layer": self.name,
                "component": count.component,
                "tensor": count.tensor,
                "action": str(count.action),
                "count": count.count,
                "energy_j": entry.energy,
            }
            for count, entry in zip(self.counts, self.energies, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """The layer as in the schema `assay.evaluation/1`."""
        data: dict[str, Any] = {"name": self.name, "op": self.op, "dims": dict(self.dims), "macs": self.macs}
        data |= {"cycles": self.cycles, "compute_cycles": self.timing.compute_cycles if self.timing else None}
        data |= {"bound_by": self.bound_by, "latency_s": self.latency, "energy_j": self.energy}
        data |= {"active_pes": self.active_pes, "utilization": self.utilization}
        data |= {"offchip_read_bits": self.offchip_read_bits, "offchip_write_bits": self.offchip_write_bits}
        data |= {"optimal": self.optimal, "gap": self.gap}
        data |= self._proof()
        data["counts"] = [
            {"component": c.component, "tensor": c.tensor, "action": str(c.action), "count": c.count}
            for c in self.counts
        ]
        data["energy"] = [
            {"component": e.component, "tensor": e.tensor, "action": str(e.action), "energy_j": e.energy}
            for e in self.energies
        ]
        tiles = self.analysis.occupancy if self.analysis else ()
        data["tiles"] = [{"component": t.component, "tensor": t.tensor, "words": t.words} for t in tiles]
        data["mapping"] = mapping_to_data(self.mapping) if self.mapping else None
        data["vector"] = _vector_to_dict(self.vector)
        return data


def check_component(name: str, hardware: Hardware) -> None:
    """Raise InputError unless the hardware has a component of that name."""
    names = [node.name for node in hardware.nodes]
    if name not in names:
        message = f"{hardware.name} has no component {name!r}"
        raise InputError(message, hint=hint(str(name), names, label="its components"))


def _vector_to_dict(work: VectorWork | None) -> dict[str, int | None] | None:
    if work is None:
        return None
    return {
        "operations": work.operations,
        "read_words": work.read_words,
        "write_words": work.write_words,
        "bits": work.bits,
    }
