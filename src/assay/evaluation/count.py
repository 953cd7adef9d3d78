"""What one mapping of one einsum makes the hardware do: counts of every memory, cycles, energy. Nothing is searched."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from assay.evaluation.given import check_given
from assay.hardware.model import Fanout, Hardware, Memory
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action, Analysis
from assay.mapping.energy import ActionEnergy, energy_of_actions, total_energy
from assay.mapping.latency import Timing, time_layer
from assay.mapping.mapping import Mapping
from assay.reading.words import listed
from assay.workload.einsum import Einsum

SCHEMA = "assay.count/1"
"""Name and version of the JSON form; see `data/schema/count-1.json`."""

MOVES = (Action.READ, Action.FILL, Action.UPDATE)
PICO = 1e12


@dataclass(frozen=True, slots=True)
class TensorCount:
    """What one memory does with one tensor that it keeps.

    Attributes:
        kept: words of its tile in one instance, the largest over time.
        reads, fills, updates: words, all instances together.
        energy: joules, all instances together; None when the energy of something that happens is unknown.
    """

    tensor: str
    kept: int
    reads: int
    fills: int
    updates: int
    energy: float | None

    def to_dict(self) -> dict[str, Any]:
        data = {"utilized_capacity": self.kept, "reads": self.reads, "fills": self.fills, "updates": self.updates}
        return data | {"energy_pj": _picojoules(self.energy)}


@dataclass(frozen=True, slots=True)
class LevelCount:
    """One memory: its instances, those that receive work, and the tensors that it keeps."""

    name: str
    instances: int
    active: int
    tensors: tuple[TensorCount, ...]

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {"name": self.name, "instances": self.instances, "active_instances": self.active}
        return data | {"tensors": {count.tensor: count.to_dict() for count in self.tensors}}


@dataclass(frozen=True, slots=True)
class NetworkCount:
    """One tensor on one fanout.

    Attributes:
        transfers: words delivered to a child or sent up by one, all instances together.
        reductions: additions of two partial sums on the way up.
        energy: joules of the transfers; None when it is unknown.
    """

    name: str
    tensor: str
    transfers: int
    reductions: int
    energy: float | None

    def to_dict(self) -> dict[str, Any]:
        data = {"transfers": self.transfers, "reductions": self.reductions}
        return data | {"energy_pj": _picojoules(self.energy)}


@dataclass(frozen=True, slots=True, repr=False)
class MappingCount:
    """What one mapping of one einsum makes the hardware do.

    Attributes:
        analysis: exact counts and tile sizes.
        timing: cycles, and what they are spent on.
        energies: joules per (component, tensor, action), in the order of the counts.
        uncharged: what is given an energy that Assay does not model; where there is any, the energy is unknown.
        notes: what the user should know about how hardware and mapping were read.
    """

    einsum: Einsum
    hardware: Hardware
    mapping: Mapping
    analysis: Analysis
    timing: Timing
    energies: tuple[ActionEnergy, ...]
    uncharged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<MappingCount {self.hardware.name[:30]}: {self.computes:,} computes, {self.cycles:,} cycles>"

    @property
    def computes(self) -> int:
        """Multiply-accumulates."""
        return self.einsum.macs

    @property
    def cycles(self) -> int:
        return self.timing.cycles

    @property
    def bound_by(self) -> str:
        """`compute`, or the name of the component that the layer waits for."""
        return self.timing.bound_by

    @property
    def utilization(self) -> float:
        """MACs done / MACs that the hardware could do in these cycles, 0 to 1."""
        return self.computes / (self.hardware.peak_macs_per_cycle * self.cycles)

    @property
    def energy(self) -> float | None:
        """Joules. None when a memory's or the compute's is unknown, or something is left uncharged."""
        return None if self.uncharged else total_energy(self.energies, self.hardware)

    @property
    def active_pes(self) -> int:
        """Compute instances that receive work."""
        return self.analysis.active_pes

    @property
    def levels(self) -> tuple[LevelCount, ...]:
        """The memories, outermost first."""
        nodes = zip(self.hardware.nodes, self.analysis.active, strict=True)
        return tuple(self._level(node, active) for node, active in nodes if isinstance(node, Memory))

    @property
    def network(self) -> tuple[NetworkCount, ...]:
        """The fanouts that move something, outermost first."""
        pairs = [(fanout, tensor.name) for fanout in self.hardware.fanouts for tensor in self.einsum.tensors]
        counts = [self._crossing(fanout, tensor) for fanout, tensor in pairs]
        return tuple(count for count in counts if count.transfers or count.reductions)

    @property
    def compute_energy(self) -> float | None:
        """Joules of all multiply-accumulates."""
        return self._energy(self.hardware.compute.name, None, (Action.COMPUTE,))

    @property
    def omissions(self) -> tuple[str, ...]:
        """Why the energy is unknown, or what it is without."""
        optional = {fanout.name for fanout in self.hardware.fanouts}
        unknown = [e for e in self.energies if e.energy is None]
        needed = dict.fromkeys(f"{e.action} of {e.component}" for e in unknown if e.component not in optional)
        free: dict[str, set[str]] = {}
        for entry in unknown:
            if entry.component in optional:
                what = "additions" if entry.action is Action.REDUCE else "transfers"
                free.setdefault(entry.component, set()).add(what)
        notes = []
        if needed:
            notes.append(f"Energy is not modelled, because there is none for: {', '.join(needed)}.")
        if self.uncharged:
            notes.append(f"Energy is not modelled, because this version does not charge {', '.join(self.uncharged)}.")
        if free and self.energy is not None:
            parts = [f"{listed(sorted(what))} across {name}" for name, what in free.items()]
            notes.append(f"Not modelled and not in the energy: {', '.join(parts)}.")
        return tuple(notes)

    def _level(self, memory: Memory, active: int) -> LevelCount:
        kept = [tile for tile in self.analysis.occupancy if tile.component == memory.name]
        tensors = tuple(self._tensor(memory, tile.tensor, tile.words) for tile in kept)
        return LevelCount(memory.name, self.hardware.instances(memory.name), active, tensors)

    def _tensor(self, memory: Memory, tensor: str, kept: int) -> TensorCount:
        reads, fills, updates = (self.analysis.count(memory.name, tensor, action) for action in MOVES)
        return TensorCount(tensor, kept, reads, fills, updates, self._energy(memory.name, tensor, MOVES))

    def _crossing(self, fanout: Fanout, tensor: str) -> NetworkCount:
        transfers = self.analysis.count(fanout.name, tensor, Action.TRANSFER)
        reductions = self.analysis.count(fanout.name, tensor, Action.REDUCE)
        energy = self._energy(fanout.name, tensor, (Action.TRANSFER,))
        return NetworkCount(fanout.name, tensor, transfers, reductions, energy)

    def _energy(self, component: str, tensor: str | None, actions: tuple[Action, ...]) -> float | None:
        own = [e for e in self.energies if (e.component, e.tensor) == (component, tensor) and e.action in actions]
        known = [entry.energy for entry in own if entry.energy is not None]
        return math.fsum(known) if len(known) == len(own) else None

    def to_dict(self) -> dict[str, Any]:
        """The counts as in the schema `assay.count/1`."""
        compute = self.hardware.compute.name
        data: dict[str, Any] = {"schema": SCHEMA, "levels": [level.to_dict() for level in self.levels]}
        data["network"] = _network_to_list(self.hardware, self.network)
        data["compute"] = {
            "name": compute,
            "instances": self.hardware.pes,
            "active_instances": self.active_pes,
            "energy_pj": _picojoules(self.compute_energy),
        }
        data |= {"computes": self.computes, "cycles": self.cycles, "compute_cycles": self.timing.compute_cycles}
        data |= {"bound_by": self.bound_by, "utilization": self.utilization, "energy_pj": _picojoules(self.energy)}
        return data | {"notes": [*self.omissions, *self.notes]}

    def to_json(self) -> str:
        """As `to_dict`, as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"


def count_mapping(
    einsum: Einsum,
    hardware: Hardware,
    mapping: Mapping,
    *,
    uncharged: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> MappingCount:
    """Count, time and charge one einsum under one mapping.

    Args:
        uncharged: what is given an energy that Assay does not model; the total is then unknown.
        notes: sentences for the user, carried along.

    Raises:
        InputError: the mapping does not belong to this einsum and hardware, or does not fit.
        UnsupportedError: the output is addressed by a sum of dimensions.
    """
    analysis = analyse(einsum, hardware, mapping)
    check_given(einsum, hardware, mapping, analysis)
    timing = time_layer(einsum, hardware, mapping, analysis)
    energies = energy_of_actions(einsum, hardware, analysis)
    return MappingCount(einsum, hardware, mapping, analysis, timing, energies, uncharged, notes)


def _network_to_list(hardware: Hardware, counts: tuple[NetworkCount, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": fanout.name,
            "tensors": {count.tensor: count.to_dict() for count in counts if count.name == fanout.name},
        }
        for fanout in hardware.fanouts
    ]


def _picojoules(joules: float | None) -> float | None:
    """Without the noise of the last binary digits."""
    return None if joules is None else float(f"{joules * PICO:.12g}")
